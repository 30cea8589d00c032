#!/bin/sh
# Every C source is as clang-format 14 writes it; --fix rewrites those that are not. Tables (*.def) and
# generated files have their own form.
set -eu
cd "$(dirname "$0")/.."
files=$(tools/tracked.sh '*.c' '*.h' | grep -v '_generated\.h$')
if [ "${1:-}" = "--fix" ]; then
    echo "$files" | xargs clang-format-14 -i
    exit 0
fi
# One line for each file.
if ! output=$(echo "$files" | xargs clang-format-14 --dry-run -Werror 2>&1); then
    echo "$output" | sed -n 's/:[0-9]*:[0-9]*: error: code should be.*/: not formatted/p' | uniq >&2
    echo "check_format: run \`make format\`" >&2
    exit 1
fi
