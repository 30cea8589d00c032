#!/bin/sh
# Everything that a machine can check, cheapest first; all of them, then one verdict. Argument: jobs.
set -u
cd "$(dirname "$0")/.."
jobs=${1:-2}
failed=""

check() {
    name=$1
    shift
    if "$@"; then
        echo "tidy: $name: ok"
    else
        echo "tidy: $name: FAILED" >&2
        failed="$failed $name"
    fi
}

build() {
    tools/configure.sh dev && cmake --build build/dev -j "$jobs" --target aether generate
}

check format tools/check_format.sh
check layers tools/check_layers.py
check banned tools/check_banned.py
check docs tools/check_docs.py
check build build
check generated build/dev/tools/generate --check .
check symbols tools/check_symbols.sh build/dev/libaether.so
check globals tools/check_globals.sh build/dev
if [ -n "$failed" ]; then
    echo "tidy: failed:$failed" >&2
    exit 1
fi
