#!/bin/sh
# Install what is missing to build Aether on Debian 12: packages by name, then Wasmtime, the WebAssembly test suite
# and the checker of ICS-23 proofs, once per machine.
# Idempotent, and quiet when nothing is missing. Without root or sudo it prints the line to type, and stops.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
rust_min=1.95.0

# rustup puts its tools here; a shell that was open before, sudo or cron may not look there.
PATH="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH"
export PATH

fail() {
    echo "setup: $*" >&2
    exit 1
}

missing_packages() {
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
    while read -r package; do
        echo "$installed" | grep -qxF "$package" || printf ' %s' "$package"
    done <"$root/tools/debian-packages.txt"
}

install_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        # Not Debian: CMake names what it cannot find.
        return 0
    fi
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        sudo=""
    elif command -v sudo >/dev/null 2>&1; then
        sudo="sudo"
    else
        fail "packages are missing; as root, type: apt-get install -y --no-install-recommends$missing"
    fi
    echo "setup: installing$missing"
    # Word splitting is meant: $sudo may be nothing, $missing is a list.
    # shellcheck disable=SC2086
    if ! $sudo apt-get update -q || ! $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing; then
        fail "could not install packages; as root, type: apt-get install -y --no-install-recommends$missing"
    fi
}

check_rust() {
    version=$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)
    command -v cargo >/dev/null 2>&1 || version=""
    lowest=$(printf '%s\n%s\n' "${version:-0}" "$rust_min" | sort -V | head -n 1)
    [ "$lowest" = "$rust_min" ] ||
        fail "need Rust $rust_min or newer to build Wasmtime, found ${version:-none}: install it from https://rustup.rs (or: rustup update stable), then run this again"
}

# Turn the #cmakedefine lines of the chosen features into #defines.
write_conf_header() {
    features="WAT PARALLEL_COMPILATION DISABLE_LOGGING COREDUMP ADDR2LINE DEMANGLE GC GC_NULL CRANELIFT \
WINCH DEBUG_BUILTINS POOLING_ALLOCATOR PULLEY"
    script=""
    for feature in $features; do
        script="${script}s/^#cmakedefine WASMTIME_FEATURE_${feature}\$/#define WASMTIME_FEATURE_${feature}/;"
    done
    sed -e "$script" -e '/^#cmakedefine/d' "$1" >"$2"
}

# Where cargo unpacked the sources of the C API, which hold its headers.
capi_source() {
    cargo metadata --locked --format-version 1 --manifest-path "$1" |
        python3 -c 'import json,os,sys; print(next(os.path.dirname(p["manifest_path"])
            for p in json.load(sys.stdin)["packages"] if p["name"] == "wasmtime-c-api-impl"))'
}

# One build at a time; who waited finds it done.
lock_build() { # folder, what is built
    mkdir -p "$(dirname "$1")" || fail "cannot write to $(dirname "$1"); set AETHER_CACHE to a folder that can be written"
    exec 9>"$1.lock"
    flock -n 9 || {
        echo "setup: another build of $2 is running; waiting for it"
        flock 9
    }
}

build_wasmtime() {
    target=$("$root/tools/wasmtime_dir.sh")
    [ -f "$target/lib/libaether_wasmtime.a" ] && return 0
    check_rust
    lock_build "$target" Wasmtime
    [ -f "$target/lib/libaether_wasmtime.a" ] && return 0

    manifest="$root/third_party/wasmtime/Cargo.toml"
    work="$target.build" # kept when interrupted, so that the next run goes on from there
    wasmtime=$(sed -n 's/^version = "=\(.*\)"$/\1/p' "$manifest")
    echo "setup: building Wasmtime $wasmtime into $target (about five minutes on two cores, once per machine)"
    CARGO_TARGET_DIR="$work/target" cargo build --release --locked --manifest-path "$manifest" ||
        fail "Wasmtime did not build; cargo's own message is above"
    source=$(capi_source "$manifest")
    rm -rf "$work/out" "$target"
    mkdir -p "$work/out/lib"
    cp -r "$source/include" "$work/out/include"
    write_conf_header "$source/include/wasmtime/conf.h.in" "$work/out/include/wasmtime/conf.h"
    cp "$work/target/release/libaether_wasmtime.a" "$work/out/lib/"
    mv "$work/out" "$target"
    rm -rf "$work"
    echo "setup: Wasmtime is built"
}

# The suite comes inside a crate; what stays of it is text.
write_suite() {
    target=$("$root/tools/suite_dir.sh")
    [ -d "$target" ] && return 0
    check_rust
    lock_build "$target" "the WebAssembly test suite"
    [ -d "$target" ] && return 0

    work="$target.build"
    echo "setup: writing the WebAssembly test suite into $target (less than a minute, once per machine)"
    CARGO_TARGET_DIR="$work/target" cargo build --locked --manifest-path "$root/third_party/wasm-suite/Cargo.toml" ||
        fail "the WebAssembly test suite did not build; cargo's own message is above"
    rm -rf "$work/out"
    "$work/target/debug/aether-wasm-suite" "$work/out" || fail "the WebAssembly test suite could not be written"
    mv "$work/out" "$target"
    rm -rf "$work"
    echo "setup: the WebAssembly test suite is written"
}

# The verifier that light clients of IBC use, as a program for the tests.
build_ics23() {
    target=$("$root/tools/ics23_dir.sh")
    [ -d "$target" ] && return 0
    check_rust
    lock_build "$target" "the checker of ICS-23 proofs"
    [ -d "$target" ] && return 0

    work="$target.build"
    echo "setup: building the checker of ICS-23 proofs into $target (less than a minute, once per machine)"
    CARGO_TARGET_DIR="$work/target" cargo build --locked --manifest-path "$root/third_party/ics23/Cargo.toml" ||
        fail "the checker of ICS-23 proofs did not build; cargo's own message is above"
    rm -rf "$work/out"
    mkdir -p "$work/out"
    cp "$work/target/debug/aether-ics23" "$work/out/"
    mv "$work/out" "$target"
    rm -rf "$work"
    echo "setup: the checker of ICS-23 proofs is built"
}

install_packages
build_wasmtime
write_suite
build_ics23
