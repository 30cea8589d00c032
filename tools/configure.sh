#!/bin/sh
# Configure a preset's build folder, if it is new, or the presets or the place of something that setup built have
# changed.
# Everything else that needs a new configuration is noticed by the build itself.
set -eu
preset=$1
cd "$(dirname "$0")/.."
ninja_file=build/$preset/build.ninja
if [ -f "$ninja_file" ] && [ ! CMakePresets.json -nt "$ninja_file" ] &&
    grep -qF "$(tools/wasmtime_dir.sh)" "$ninja_file" && grep -qF "$(tools/suite_dir.sh)" "$ninja_file" &&
    grep -qF "$(tools/ics23_dir.sh)" "$ninja_file"; then
    exit 0
fi
cmake --preset "$preset"
touch "$ninja_file"
