#!/bin/sh
# Print where the built Wasmtime lies (or will lie): a cache outside the build presets, keyed by the
# manifest, the lock file and the wrapper's source, so that a second clone on the same machine finds it.
set -eu
here=$(cd "$(dirname "$0")/../third_party/wasmtime" && pwd)
key=$(cat "$here/Cargo.toml" "$here/Cargo.lock" "$here/src/lib.rs" | sha256sum | cut -c1-16)
echo "${AETHER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aether}/wasmtime-$key"
