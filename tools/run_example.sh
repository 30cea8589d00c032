#!/bin/sh
# A tour of a local chain with one contract, the token: make the chain, deploy, transfer, try what must fail, read
# the balances, prove one of them.
#
#   tools/run_example.sh [BUILD]     default build/release
#
# Each command is shown as it runs here, in a folder that is removed at the end; pasted into a shell at the root of
# the project it does the same with keys of its own, and leaves the chain in ./.aether.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ ! -x "${1:-build/release}/aether" ] || [ ! -f "${1:-build/release}/contracts/token.wasm" ]; then
    echo "run_example: no command and contracts in ${1:-build/release}: run \`make\` first" >&2
    exit 2
fi
build=$(cd "${1:-build/release}" && pwd)
unset AETHER_PASSPHRASE

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
aether=build/release/aether

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

# member NAME: of the object on standard input, a string.
member() {
    sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'
}

# explain TEXT: what the next command does.
explain() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# run EXIT WORDS...: show the command, a line for whatever is long, and run it.
run() {
    expected=$1
    shift
    printf '  $ %s' "$aether"
    before=""
    for word in "$@"; do
        case $before$word in
            --input?* | --root?*) printf ' %s' "$(printf '%s' "$word" | fold -w 80 | sed '$!s/$/\\/')" ;;
            *--input | *--root | ?????????????????????????????????*) printf ' \\\n        %s' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
        case $word in --*) before=$word ;; *) before="" ;; esac
    done
    printf '\n\n'
    status=0
    $aether "$@" >receipt 2>&1 || status=$?
    sed 's/^/  /; s/^\(  storage .*\) = /\1\n           = /' receipt # no line over 100 columns
    if [ "$status" != "$expected" ]; then
        echo "run_example: the command exits with $status, not $expected" >&2
        exit 3
    fi
}

# query WHO ADDRESS: read a balance, and say what its bytes mean.
query() {
    run 0 query "$token" --input "10${2#0x}"
    bytes=$($aether query "$token" --input "10${2#0x}" --json | member return_data)
    balance=$(printf '%s' "${bytes#0x}" | reversed)
    printf '\n  -> %s has %s tokens.\n' "$1" "$(grouped $((0x$balance)))"
}

echo "A chain of one's own, and a token on it. The token's source: contracts/token/token.c; the bytes of"
echo "its input and events: contracts/token/README.md."

explain "A chain: a genesis, a database, and two keys whose accounts have something to pay gas with."
run 0 init --fund alice=1000000000 --fund bob=1000000000
alice=$($aether account alice --json | member address)
bob=$($aether account bob --json | member address)

explain "Alice deploys the token: the code in a block, the contract in the next, where init gives all
1,000,000 tokens to its caller. The receipt: gas, the event (its first topic spells Transfer), what
is in storage now, the fee, and the contract's address."
run 0 deploy build/release/contracts/token.wasm --from alice --input "$(amount 1000000)"
token=$(sed -n 's/^contract //p' receipt)

explain "Alice sends 250 to Bob. Method 01, transfer: to whom, how much."
run 0 call "$token" --from alice --input "01${bob#0x}$(amount 250)"

explain "Bob sends 251, which he does not have: nothing changes, but the attempt is in a block and paid for."
run 1 call "$token" --from bob --input "01${alice#0x}$(amount 251)"

explain "What does each have? Method 10, balance_of: a query reads, and costs nothing."
query Alice "$alice"
echo
query Bob "$bob"

explain "Where the chain stands. The root is one hash over everything that it holds."
run 0 status
state=$($aether status --json | member root)

explain "A proof of what the token keeps for Bob, under the letter b and his address, as a file."
printf '  $ %s proof \\\n        %s \\\n        %s > bob.json\n' "$aether" "$token" "62${bob#0x}"
$aether proof "$token" "62${bob#0x}" >bob.json

explain "Who trusts the root needs nothing else: no chain, no database, nobody's word."
rm -r .aether
printf '  $ rm -r .aether\n'
run 0 proof --verify bob.json --root "$state"
printf '\n  -> 0xfa00... are 250 tokens, last byte first.\n'
