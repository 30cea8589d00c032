#!/bin/sh
# A tour of one contract, the token: create it, transfer, try what must fail, read the balances.
#
#   tools/run_example.sh [BUILD]     default build/release
#
# Each command is shown as it runs here, in a folder that is removed at the end; pasted into a shell at the
# root of the project it does the same, and leaves the contract's storage in ./token.json.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ ! -x "${1:-build/release}/aether" ] || [ ! -f "${1:-build/release}/contracts/token.wasm" ]; then
    echo "run_example: no command and contracts in ${1:-build/release}: run \`make\` first" >&2
    exit 2
fi
build=$(cd "${1:-build/release}" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/build"
ln -s "$build" "$work/build/release"
cd "$work"

bold="" plain=""
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

token="build/release/aether run build/release/contracts/token.wasm --storage token.json"
alice=0101010101010101010101010101010101010101010101010101010101010101
bob=0303030303030303030303030303030303030303030303030303030303030303

# The bytes of a number in hex, last first: contracts count from the lowest byte.
reversed() {
    fold -w 2 | tac | tr -d '\n'
}

# 250 -> fa00...: an amount is a u128, 16 bytes.
amount() {
    printf '%032x' "$1" | reversed
}

# 999750 -> 999,750
grouped() {
    printf '%s' "$1" | rev | sed 's/.../&,/g; s/,$//' | rev
}

# explain TEXT: what the next command does.
explain() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# run EXIT OPTIONS FIELD...: show the command with the fields of its input one on a line, and run it.
run() {
    expected=$1 options=$2
    shift 2
    input=0x$(printf '%s' "$@")
    printf '  $ %s \\\n        %s--input 0x%s' "$token" "$options" "$1"
    shift
    [ $# = 0 ] || printf '\\\n%s' "$@"
    printf '\n\n'
    status=0
    $token $options --input "$input" >receipt 2>&1 || status=$?
    sed 's/^/  /; s/^\(  storage .*\) = /\1\n           = /' receipt # no line over 100 columns
    if [ "$status" != "$expected" ]; then
        echo "run_example: the command exits with $status, not $expected" >&2
        exit 3
    fi
}

# query ADDRESS WHO: read a balance, and say what its bytes mean.
query() {
    explain "What does $2 have? Method 10, balance_of: a query reads and can't change anything."
    run 0 "--entry query " 10 "$1"
    bytes=$($token --entry query --input "0x10$1" --json | sed 's/.*"return_data":"0x\([0-9a-f]*\)".*/\1/')
    balance=$(printf '%s' "$bytes" | reversed)
    printf '\n  -> %s has %s tokens.\n' "$2" "$(grouped $((0x$balance)))"
}

echo "A token contract, five calls. Its source: contracts/token/token.c; the bytes of its input and"
echo "events: contracts/token/README.md. The caller is 0x0101...01, let us call her Alice, unless said."

explain "Alice creates the token: init gives all 1,000,000 to its caller.
The receipt: gas, the event (its first topic spells Transfer), and what is now in storage."
run 0 "--entry init " "$(amount 1000000)"

explain "Alice sends 250 to Bob, 0x0303...03. Method 01, transfer: to whom, how much."
run 0 "" 01 "$bob" "$(amount 250)"

explain "Alice sends 1,000,000 more, which she no longer has: refused, and nothing changes."
run 1 "" 01 "$bob" "$(amount 1000000)"

query "$alice" Alice
query "$bob" Bob
