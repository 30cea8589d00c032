#!/bin/sh
# Print where the WebAssembly test suite lies (or will lie) as lines of text: beside the built Wasmtime, keyed by
# the manifest, the lock file and the source of the program that writes it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here="$root/third_party/wasm-suite"
key=$(cat "$here/Cargo.toml" "$here/Cargo.lock" "$here/src/main.rs" | sha256sum | cut -c1-16)
echo "$(dirname "$("$root/tools/wasmtime_dir.sh")")/wasm-suite-$key"
