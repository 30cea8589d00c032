#!/bin/sh
# Print the project's files, one a line: tracked ones and new ones that are not ignored. Arguments: patterns of
# paths, in which * also stands for slashes. Works in a checkout that belongs to somebody else, as in
# containers (nothing is executed from it), and in an unpacked archive without git.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

list() {
    if [ -e .git ]; then
        git -c safe.directory="$root" ls-files --cached --others --exclude-standard -- "$@"
        return
    fi
    [ $# -gt 0 ] || set -- '*'
    for pattern; do
        find . -path ./build -prune -o -type f -path "./$pattern" -print
    done | sed 's,^\./,,'
}

list "$@" | while read -r file; do
    if [ -f "$file" ]; then echo "$file"; fi # a tracked file may be deleted
done | sort -u
