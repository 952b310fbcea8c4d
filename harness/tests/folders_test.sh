#!/bin/bash
# Where a run writes, and what is in its way: full, read-only and shared
# folders, wrong homes. In virtual time, against the built-in gateway.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
folder=$(mktemp -d /tmp/counterfoil-folders.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
scenario=rfc6311/failover-normal

failed=0
ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1"
    failed=1
    tail -n 20 out | sed 's/^/    stdout: /'
    tail -n 20 err | sed 's/^/    stderr: /'
}
# expect WHAT STATUS PATTERN COMMAND...: exit status, and a line of either
# output that matches the extended regular expression.
expect() {
    local what=$1 status=$2 pattern=$3 got
    shift 3
    "$@" >out 2>err </dev/null
    got=$?
    if [ $got -ne "$status" ]; then
        not_ok "$what: exit status $got, not $status"
    elif ! cat out err | grep -qE -- "$pattern"; then
        not_ok "$what: nothing matches '$pattern'"
    else
        ok "$what"
    fi
}
play() {
    local what=$1 status=$2 pattern=$3
    shift 3
    expect "$what" "$status" "$pattern" \
        "$program" run --gateway builtin "$@"
}
# holds WHAT COMMAND...
holds() {
    local what=$1
    shift
    if "$@"; then ok "$what"; else not_ok "$what"; fi
}

play 'a name with everything in it' 0 '^pass' --out "a b/c'd\"e\\f" $scenario
deep=$folder
for ((i = 0; i < 15; i++)); do deep=$deep/$(printf 'x%.0s' {1..200}); done
play 'a very long one' 0 '^pass' --out "$deep" $scenario
play 'one that is too long' 2 'name too long' --out "$deep/$deep" $scenario
play 'none at all' 2 'a folder without a name' --out '' $scenario

play 'repeated' 0 '^3 passed' --out again --repeat 3 $scenario
play 'repeated less often' 0 '^2 passed' --out again --repeat 2 $scenario
holds 'leaves no old turn' test ! -e again/$scenario/3
play 'once' 0 '^1 passed' --out again $scenario
holds 'leaves none at all' test ! -e again/$scenario/1
rm again/$scenario/{result.json,events.jsonl,trace.pcapng}
play 'over what a killed player left' 0 '^1 passed' --out again $scenario
mkdir again/$scenario/5
rm again/$scenario/{result.json,events.jsonl,trace.pcapng,player.log}
rm again/$scenario/{esp_sa,ikev2_decryption_table}
play 'not over what it does not know' 2 'failover-normal/5: in the way' \
    --out again $scenario

expect 'a folder that another run has' 2 '^counterfoil: shared: another run' \
    flock --exclusive --nonblock "$(mkdir shared && echo shared)" \
    "$program" run --gateway builtin --out shared $scenario
play 'and has left' 0 '^1 passed' --out shared $scenario

mkdir own
for name in one two; do
    cat >own/$name.lua <<'LUA'
return scenario { id = "own/same", title = "T", clauses = { "RFC6311-5-04" },
    run = function(t) end }
LUA
done
play 'two scenarios with one id' 2 \
    'own/two.lua:1: the id own/same is that of own/one.lua' own
sed -i 's,own/same,../../same,' own/two.lua
play 'an id that leads out of the folder' 2 \
    'own/two.lua: id must be like "folder/name"' own/two.lua

expect 'a wrong home' 2 '^counterfoil: COUNTERFOIL_HOME=/nowhere: ' \
    env COUNTERFOIL_HOME=/nowhere "$program" run $scenario
expect 'a wrong home for lists' 2 '^counterfoil: COUNTERFOIL_HOME=/nowhere: ' \
    env COUNTERFOIL_HOME=/nowhere "$program" list gateways
play 'a replay names its scenario' 2 "'$scenario' is too many" \
    --replay "$scenario@builtin#1" $scenario
expect 'a defect that there is not' 2 "there is no defect 'frob'" \
    "$program" run --replay "$scenario@builtin:frob#1"

# full COMMAND...: with a standard output that takes nothing.
# shellcheck disable=SC2317 # called through `expect`
full() { "$@" >/dev/full; }
expect 'a table that nobody gets' 2 'standard output: No space left' \
    full "$program" list scenarios
expect 'a run whose table nobody gets' 2 'standard output: No space left' \
    full "$program" run --gateway builtin --out shared $scenario
expect 'TAP that nobody gets' 2 'standard output: No space left' \
    full "$program" run --gateway builtin --out shared --tap $scenario

if ! unshare -Urm true 2>/dev/null && ! unshare -m true 2>/dev/null; then
    echo 'ok - full and read-only disks # SKIP mount namespaces are forbidden'
    exit $failed
fi
# mounted OPTIONS COMMAND...: with a file system of one's own in mnt/.
# shellcheck disable=SC2016,SC2317
mounted() {
    local options=$1
    shift
    unshare -Urm sh -c 'options=$1; shift
        mount -t tmpfs none mnt && mkdir mnt/o && touch mnt/o/kept &&
        mount -o "remount,$options" mnt && "$@"; status=$?
        cp -r mnt/o copy && exit $status' sh "$options" "$@"
}
mkdir mnt
expect 'a disk that is read-only' 2 'mnt/o/rfc6311: Read-only file system' \
    mounted ro "$program" run --gateway builtin --out mnt/o $scenario
for size in 12 20 28; do
    rm -rf copy
    expect "a disk of $size KiB that gets full" 2 'No space left on device' \
        mounted "size=${size}k" "$program" run --gateway builtin \
        --out mnt/o $scenario
    holds 'keeps what was captured' test -s copy/$scenario/trace.pcapng
    holds 'and is no pass' grep -qE '^error +rfc6311/failover-normal' out
done
exit $failed
