#!/bin/sh
# Print where the built Wasmtime lies (or will lie): a cache outside the build presets, keyed by the
# manifest, the lock file and the wrapper's source, so that a second clone on the same machine finds it.
# AETHER_CACHE moves it; without a home folder it lies in build/.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here="$root/third_party/wasmtime"
key=$(cat "$here/Cargo.toml" "$here/Cargo.lock" "$here"/src/*.rs | sha256sum | cut -c1-16)
if [ -n "${AETHER_CACHE:-}" ]; then
    cache=$AETHER_CACHE
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
    cache=$XDG_CACHE_HOME/aether
elif [ -d "${HOME:-}" ] && [ -w "$HOME" ]; then
    cache=$HOME/.cache/aether
else
    cache=$root/build/cache
fi
echo "$cache/wasmtime-$key"
