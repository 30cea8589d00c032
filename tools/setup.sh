#!/bin/sh
# Install what is missing to build Aether on Debian 12: packages by name, then Wasmtime, once per machine.
# Idempotent and quiet when nothing is missing. Without root or sudo it prints the line to type, and stops.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

install_packages() {
    missing=""
    while read -r package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
            missing="$missing $package"
    done <"$root/tools/debian-packages.txt"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        sudo=""
    elif command -v sudo >/dev/null 2>&1; then
        sudo="sudo"
    else
        echo "setup: these packages are missing; as root, type: apt-get install$missing" >&2
        exit 1
    fi
    echo "setup: installing$missing"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
}

check_rust() {
    version=$(rustc --version 2>/dev/null | cut -d' ' -f2 || true)
    if [ -z "$version" ] ||
        [ "$(printf '%s\n1.95.0\n' "$version" | sort -V | head -n 1)" != 1.95.0 ]; then
        echo "setup: Wasmtime needs Rust 1.95 or newer, found ${version:-none}; get it from https://rustup.rs and run this again" >&2
        exit 1
    fi
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

build_wasmtime() {
    target=$("$root/tools/wasmtime_dir.sh")
    [ -f "$target/lib/libaether_wasmtime.a" ] && return 0
    check_rust
    mkdir -p "$(dirname "$target")"
    work=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "setup: building Wasmtime 48.0.8 into $target (about four minutes on two cores, once per machine)"
    manifest="$root/third_party/wasmtime/Cargo.toml"
    CARGO_TARGET_DIR="$work/target" CARGO_TERM_PROGRESS_WHEN=auto \
        cargo build --release --locked --manifest-path "$manifest"
    source=$(cargo metadata --locked --format-version 1 --manifest-path "$manifest" |
        python3 -c 'import json,os,sys; print(next(os.path.dirname(p["manifest_path"])
            for p in json.load(sys.stdin)["packages"] if p["name"] == "wasmtime-c-api-impl"))')
    mkdir -p "$work/out/lib"
    cp -r "$source/include" "$work/out/include"
    write_conf_header "$source/include/wasmtime/conf.h.in" "$work/out/include/wasmtime/conf.h"
    cp "$work/target/release/libaether_wasmtime.a" "$work/out/lib/"
    rm -rf "$target"
    mv "$work/out" "$target"
}

install_packages
build_wasmtime
