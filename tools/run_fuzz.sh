#!/bin/sh
# Build and run fuzz targets. Arguments: the build folder, jobs, names (all), seconds for each (60), runs for each.
# What is found stays in <folder>/found/NAME, the inputs that reached something new in <folder>/corpus/NAME.
set -eu
build=$1
jobs=$2
names=${3:-}
seconds=${4:-}
runs=${5:-}
cd "$(dirname "$0")/.."
[ -n "$names" ] || names=$(cd fuzz/corpus && echo *)
[ -n "$seconds$runs" ] || seconds=60
for name in $names; do
    [ -f "fuzz/${name}_fuzz.c" ] || {
        echo "run_fuzz: no target $name; there are: $(cd fuzz/corpus && echo *)" >&2
        exit 2
    }
    cmake --build "$build" -j "$jobs" --target "${name}_fuzz" >&2
    mkdir -p "$build/corpus/$name" "$build/found/$name"
    "$build/fuzz/${name}_fuzz" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/found/$name/" ${seconds:+-max_total_time="$seconds"} ${runs:+-runs="$runs"} \
        "$build/corpus/$name" "fuzz/corpus/$name"
done
