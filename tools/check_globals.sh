#!/bin/sh
# No object of src/ has writable data: there is no global mutable state. Argument: the build folder.
# Tables of constants that hold pointers lie in .data.rel.ro, which is read-only when the program runs.
set -eu
build=${1:-build/dev}
# The switch that makes allocations fail, for tests.
allowed='allocations_left'

found=$(find "$build/src" -path '*/ae_*.dir/*.o' -exec objdump -t -- {} + |
    awk '/file format/ { file = $1 } $3 == "O" || $4 == "O" || $2 == "O" {
        for (i = 2; i <= NF; i++) if ($i ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $i !~ /^\.data\.rel\.ro/)
            print file, $NF }' | sed "s,^$build/,," | grep -vE " ($allowed)\$" || true)
if [ -n "$found" ]; then
    printf 'check_globals: writable globals:\n%s\n' "$found" >&2
    exit 1
fi
