#!/bin/sh
# Build and run the benchmarks of a build folder. Arguments: the folder, jobs, a regular expression of names.
set -eu
build=$1
jobs=$2
names=${3:-}
cd "$(dirname "$0")/.."
cmake --build "$build" -j "$jobs" --target bench/all
for program in "$build"/bench/*_bench; do
    [ -x "$program" ] || continue
    if [ -z "$names" ] || basename "$program" | grep -qE "$names"; then
        echo "# $(basename "$program")"
        "$program"
    fi
done
