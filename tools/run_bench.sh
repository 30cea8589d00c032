#!/bin/sh
# Build and run the benchmarks of a build folder. Arguments: the folder, jobs, names (regular expressions).
# Lines `name value unit n` on stdout, all else on stderr.
set -eu
build=$1
jobs=$2
names=${3:-}
cd "$(dirname "$0")/.."
cmake --build "$build" -j "$jobs" --target aether_bench product >&2
# shellcheck disable=SC2086 # several names are several arguments
"$build/aether_bench" $names
