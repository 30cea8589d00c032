#!/bin/sh
# The installed package is complete: programs outside the tree build against it, run, and print what they must.
# Method: each case builds from the installed prefix only, through pkg-config or find_package.
set -eu
case=$1 prefix=$2 work=$3 cc=$4 cxx=$5 cmake=$6
here=$(cd "$(dirname "$0")" && pwd)
examples=$(cd "$here/../../examples" && pwd)
strict="-Wall -Wextra -pedantic -Werror"
rm -rf "$work"
mkdir -p "$work"

fail() {
    echo "consumer: $*" >&2
    exit 1
}

# pkg-config as it sees a prefix and nothing else: prefix, two options, package.
package() {
    PKG_CONFIG_LIBDIR=$(dirname "$(find "$1" -name aether.pc)") pkg-config "$2" "$3" "${4:-aether}"
}

library_dir() {
    dirname "$(find "$1" -name 'libaether.so')"
}

# Gas is part of the protocol's tables, not of this test: that it is used, and within the limit, is.
check_output() {
    grep -v '^gas used: ' "$work/output" | diff -u "$here/run_contract.expected" - || fail "another output"
    [ "$(grep -cE '^gas used: [1-9][0-9]* of 1000000$' "$work/output")" = 2 ] || fail "no gas was used"
}

# The empty state, whose root is zero, has no record of an address: said of that root, and of no other.
check_proof() { # program
    zero=0000000000000000000000000000000000000000000000000000000000000000
    [ "$("$1" $zero $zero - - 01000000)" = "shown: nothing is there" ] || fail "a proof is not accepted"
    "$1" "${zero%0}1" $zero - - 01000000 && fail "a proof of another root is accepted"
    return 0
}

# A root follows from gas prices too, so it is named by a letter here: which are equal is what counts.
name_roots() {
    awk 'match($0, /[0-9a-f]+\.\.\.$/) {
            root = substr($0, RSTART)
            if (!(root in names)) names[root] = sprintf("root %c", 65 + n++)
            sub(/[0-9a-f]+\.\.\.$/, names[root])
        } { print }' "$1"
}

check_toy_chain() { # program
    "$1" >"$work/output"
    "$1" | cmp - "$work/output" || fail "a second run prints something else"
    name_roots "$work/output" | diff -u "$here/toy_chain.expected" - || fail "another chain"
}

# A run continues where the last one ended.
check_durable_chain() { # program
    rm -rf "$work/chain"
    for height in 1 2 3; do
        [ "$("$1" "$work/chain")" = "height $height: Bob has $height" ] || fail "no block $height"
    done
}

build() { # prefix, name
    # shellcheck disable=SC2046,SC2086
    "$cc" -std=c17 $strict "$examples/$2.c" $(package "$1" --cflags --libs) -o "$work/$2"
}

c17_with_pkg_config() {
    LD_LIBRARY_PATH=$(library_dir "$prefix")
    export LD_LIBRARY_PATH
    build "$prefix" run_contract
    "$work/run_contract" >"$work/output"
    check_output
    build "$prefix" toy_chain
    check_toy_chain "$work/toy_chain"
    build "$prefix" durable_chain
    check_durable_chain "$work/durable_chain"
}

# A chain of one's own is a matter of less than 100 lines.
toy_chain_is_short() {
    lines=$(grep -c . "$examples/toy_chain.c")
    [ "$lines" -lt 100 ] || fail "toy_chain.c: $lines lines that are not blank, at most 99"
}

proof_with_pkg_config() {
    # shellcheck disable=SC2046,SC2086
    "$cc" -std=c17 $strict "$examples/verify_proof.c" $(package "$prefix" --cflags --libs aether-proof) \
        -o "$work/verify_proof"
    check_proof "$work/verify_proof"
    ldd "$work/verify_proof" | grep libaether && fail "the shared library is needed"
    return 0
}

cpp17_with_pkg_config() {
    # shellcheck disable=SC2046,SC2086
    "$cxx" -std=c++17 $strict "$here/consumer.cpp" $(package "$prefix" --cflags --libs) -o "$work/consumer"
    LD_LIBRARY_PATH=$(library_dir "$prefix") "$work/consumer"
}

c17_with_find_package() {
    "$cmake" -S "$here/package" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DEXAMPLES="$examples" \
        -DCMAKE_C_COMPILER="$cc"
    "$cmake" --build "$work/build"
    "$work/build/run_contract" >"$work/output" # CMake wrote where the library lies into the program
    check_output
    check_proof "$work/build/verify_proof"
    check_toy_chain "$work/build/toy_chain"
    check_durable_chain "$work/build/durable_chain"
}

installed_tree_can_be_moved() {
    cp -r "$prefix" "$work/moved"
    build "$work/moved" run_contract
    case $(package "$work/moved" --cflags --libs) in
    *"$prefix"*) fail "aether.pc names the old place" ;;
    esac
    LD_LIBRARY_PATH=$(library_dir "$work/moved") "$work/run_contract" >"$work/output"
    check_output
}

# The command finds its library without help, wherever the tree lies.
installed_command_runs() {
    cp -r "$prefix" "$work/moved"
    env -u LD_LIBRARY_PATH "$work/moved/bin/aether" --version | tee "$work/output"
    grep -q "$(package "$prefix" --modversion --silence-errors)" "$work/output" || fail "another version"
}

installed_files_are_expected() {
    for file in bin/aether include/aether/aether.h; do
        [ -f "$prefix/$file" ] || fail "no $file"
    done
    find "$prefix" -name 'libaether*.a' | grep -q '/libaether_proof\.a$' || fail "no archive"
    for header in "$here"/../../include/aether/*.h; do
        cmp "$header" "$prefix/include/aether/$(basename "$header")"
    done
    # Nothing of the engine or of the build leaks out.
    find "$prefix" -name '*wasm*' | grep . && fail "files of the engine are installed"
    grep -rlI "$(cd "$here/../.." && pwd)" "$prefix" && fail "installed files name the source tree"
    return 0
}

"$case"
