#!/bin/sh
# The shared library exports exactly the functions that include/aether declares as AETHER_API.
# Argument: the library.
set -eu
library=${1:-build/dev/libaether.so}
headers=$(cd "$(dirname "$0")/../include/aether" && pwd)
[ -f "$library" ] || {
    echo "check_symbols: no $library: build it first" >&2
    exit 1
}

# The first word of a declaration that is followed by a parenthesis is its name, attributes being macros.
declared=$(sed -e 's,//.*,,' -e '/^ *#/d' "$headers"/*.h | tr '\n' ' ' | sed -e 's,/\*\([^*]\|\*[^/]\)*\*/,,g' |
    grep -oE 'AETHER_API[^;{]*;' | sed -E 's/^[^(]*[^a-z0-9_](aether_[a-z0-9_]+) *\(.*/\1/' | sort -u)
exported=$(nm -D --defined-only "$library" | awk '{ print $NF }' | sed 's/@.*//' | sort -u)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$declared" >"$work/declared"
echo "$exported" >"$work/exported"
missing=$(comm -23 "$work/declared" "$work/exported")
extra=$(comm -13 "$work/declared" "$work/exported")
[ -z "$missing" ] || printf 'check_symbols: declared, not exported:\n%s\n' "$missing" >&2
[ -z "$extra" ] || printf 'check_symbols: exported, not declared:\n%s\n' "$extra" >&2
[ -z "$missing$extra" ] || exit 1
echo "check_symbols: $(echo "$exported" | wc -l) functions, as declared"
