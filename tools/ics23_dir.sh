#!/bin/sh
# Print where the checker of ICS-23 proofs lies (or will lie): beside the built Wasmtime, keyed by the manifest, the
# lock file and its source.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here="$root/third_party/ics23"
key=$(cat "$here/Cargo.toml" "$here/Cargo.lock" "$here/src/main.rs" | sha256sum | cut -c1-16)
echo "$(dirname "$("$root/tools/wasmtime_dir.sh")")/ics23-$key"
