#!/bin/bash
# `run` from end to end against a real strongSwan: verdicts, reports, time-outs,
# Ctrl-C, gateways that do not start, known deviations.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
home=${COUNTERFOIL_HOME:?}
folder=$(mktemp -d /tmp/counterfoil-run.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

failed=0
ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1"
    failed=1
    tail -n 30 out | sed 's/^/    stdout: /'
    tail -n 30 err | sed 's/^/    stderr: /'
}
holds() {
    local what=$1
    shift
    if "$@"; then ok "$what"; else not_ok "$what"; fi
}
# run WHAT STATUS ARGUMENT...
run() {
    local what=$1 status=$2 got
    shift 2
    "$program" run "$@" >out 2>err </dev/null
    got=$?
    if [ $got -eq "$status" ]; then
        ok "$what"
    else
        not_ok "$what: exit status $got, not $status"
    fi
}
says() { grep -qE -- "$2" out || { not_ok "$1: nothing matches '$2'" && return; }; ok "$1"; }
# shellcheck disable=SC2317
json() { /usr/bin/python3 -c "import json
r = json.load(open('$1'))
assert $2"; }
# shellcheck disable=SC2317 # these are called through `holds`
# Processes with our folder in their environment or command line.
nobody_left() {
    ! env -i grep -laF "=$folder" /proc/[0-9]*/environ 2>/dev/null >out
}

# ---- Gateways that we make up ----

# adapter NAME: a copy of strongSwan's, to be changed.
adapter() { cp -r "$home/harness/gateways/strongswan" "$1"; }

adapter dead
printf '#!/bin/sh\necho "no licence found"\nexit 1\n' >dead/start
run 'a gateway that does not start is an error' 2 --gateway ./dead \
    --out dead.out rfc6311/failover-normal
says 'so the verdict says' '^error +rfc6311/failover-normal'
says 'with the tail of its log' '\| no licence found'
holds 'not a failure' json dead.out/report.json \
    'r["counts"]["error"] == 1 and r["counts"]["fail"] == 0'
"$program" check dead.out >out 2>err
holds 'and check agrees' grep -qE '^error +rfc6311/failover-normal' out

adapter modest
sed -i '/message_id_sync/d' modest/profile.lua
run 'what it does not support is not applicable' 0 --gateway ./modest \
    --out modest.out rfc6311/failover-normal
says 'so the verdict says, with the reason' \
    '^not applicable +rfc6311/failover-normal .*message_id_sync'
"$program" check modest.out >out 2>err
holds 'and check agrees that it is not applicable' \
    grep -qE '^not applicable +rfc6311/failover-normal .*message_id_sync' out
"$program" show modest.out/rfc6311/failover-normal >out 2>err
holds 'and show shows as much' grep -q '== abort: .*not applicable' out
holds 'also as JSON' sh -c \
    "'$program' show --json modest.out/rfc6311/failover-normal | grep -q abort"

adapter broken
echo 'return {' >broken/profile.lua
run 'a profile that does not load' 2 --gateway ./broken rfc6311/failover-normal
holds 'names its file and line' grep -qE 'broken/profile.lua:[0-9]+:' err

if ! [ -x /usr/sbin/charon-systemd ]; then
    echo 'ok - runs against strongSwan # SKIP charon-systemd is not installed'
    exit $failed
fi
if ! unshare -Urnm true 2>/dev/null && [ "$(id -u)" -ne 0 ]; then
    echo 'ok - runs against strongSwan # SKIP user namespaces are forbidden here'
    exit $failed
fi

# ---- A plain run ----

run 'scenarios pass' 0 -j 2 --out a --junit a.xml --json a.json \
    rfc6311/failover-normal rfc6311/sync-p1-at rfc7296/gateway-responds
holds 'three results' json a.json 'r["complete"] and r["counts"]["pass"] == 3'
holds 'each with its evidence' test -s a/rfc6311/failover-normal/trace.pcapng \
    -a -s a/rfc6311/failover-normal/ikev2_decryption_table \
    -a -s a/rfc6311/failover-normal/esp_sa \
    -a -s a/rfc6311/failover-normal/events.jsonl \
    -a -s a/rfc6311/failover-normal/result.json -a -s a/report.html
if command -v xmllint >/dev/null; then
    holds 'JUnit' test "$(xmllint --xpath 'count(//testcase)' a.xml)" = 3
fi
"$program" check a --json checked.json >out 2>err
holds 'check gives the verdicts of the live run' /usr/bin/python3 -c '
import json
def key(path):
    return [[r[m] for m in ("scenario", "outcome", "judged", "findings",
                            "tallies", "totals", "sas")]
            for r in json.load(open(path))["results"]]
assert sorted(key("a.json")) == sorted(key("checked.json"))'
run 'once more over the same folder' 0 --out a rfc6311/failover-normal
run 'replayed from its line' 0 --out replayed \
    --replay 'rfc6311/failover-normal@strongswan#7'
holds 'with its seed' json replayed/rfc6311/failover-normal/result.json \
    'r["seed"] == 7'
run 'repeated' 0 --out repeated --repeat 3 -j 2 rfc6311/sync-p1-at
holds 'three times, with growing seeds' json repeated/report.json \
    '[x["seed"] for x in r["results"]] == [1, 2, 3]'

# ---- Known deviations ----

mkdir own
cat >own/deviant.lua <<'LUA'
return scenario {
    id = "own/deviant",
    title = "An expectation that no gateway meets",
    purpose = [[It stands for a deviation.]],
    clauses = { "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local sync = sa:synchronize {}
        t:expect_silence(sync, { clauses = { "RFC6311-5-04" },
            text = "nobody answers" })
    end,
}
LUA
run 'a broken expectation fails' 1 --out fails own/deviant.lua
says 'with the clause' '^  fail RFC6311-5-04 \(MUST'
says 'and the line that plays it again' \
    'counterfoil run --replay own/deviant@strongswan#1$'
holds 'and an annotated capture' test -s fails/own/deviant/annotated.pcapng

adapter known
sed -i 's,known_deviations = {,&\n{ clause = "RFC6311-5-04"\, scenario = "own/deviant"\, reason = "made up"\, link = "https://example.org/" }\,,' \
    known/profile.lua
run 'one that the profile lists is expected' 0 --gateway ./known --out known.out \
    own/deviant.lua
says 'and marked' '^xfail +own/deviant'
sed -i 's/t:expect_silence/t:expect_answer/' own/deviant.lua
run 'one that does not show fails' 1 --gateway ./known --out unknown.out \
    own/deviant.lua
says 'and says which' 'the known deviation from RFC6311-5-04 did not show'

# ---- Runs that do not end by themselves ----

cat >own/endless.lua <<'LUA'
return scenario {
    id = "own/endless",
    title = "A scenario that never ends",
    purpose = [[It is stopped.]],
    clauses = { "RFC7296-1.4-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        while true do sa:request_liveness(1) t:elapse(0.05) end
    end,
}
LUA
run 'time runs out' 3 --timeout 2 --out endless own/endless.lua
says 'which is inconclusive' '^inconclusive +own/endless'
holds 'and leaves the capture' test -s endless/own/endless/trace.pcapng
holds 'and no process' nobody_left

# begin ARGUMENT...: starts a run and waits for its first result.
begin() {
    coproc RUN { exec "$program" run "$@" 2>err </dev/null; }
    pid=$RUN_PID
    exec {results}<&"${RUN[0]}"
    while read -r line <&$results; do
        case $line in pass*) return ;; esac
    done
}
# The player's process of a scenario's folder, as soon as it is there.
player() {
    local found=
    while [ -z "$found" ] && kill -0 "$pid" 2>/dev/null; do
        found=$(pgrep -f "^[^ ]*counterfoil play .*--directory $1 " | head -n 1)
    done
    echo "$found"
}
finish() {
    cat <&$results >out
    wait "$pid"
    status=$?
}

begin --out int -j 1 --junit int.xml rfc7296/gateway-responds own/endless.lua \
    rfc6311/failover-normal
player int/own/endless >/dev/null
kill -INT "$pid"
finish
holds 'Ctrl-C exits with 130' test "$status" -eq 130
says 'the report says that it is incomplete' '^incomplete: 2 of 3 results'
holds 'in JSON too' json int/report.json \
    'not r["complete"] and r["planned"] == 3'
holds 'JUnit is finished' grep -q '</testsuites>' int.xml
holds 'no process is left after Ctrl-C' nobody_left

begin --out killed -j 1 rfc7296/gateway-responds own/endless.lua
kill -KILL "$(player killed/own/endless)"
finish
holds 'a player that is killed is inconclusive or an error' \
    test "$status" -eq 3 -o "$status" -eq 2
says 'with the reason' 'signal 9'
holds 'no process is left after a kill' nobody_left

run 'fail-fast stops' 1 --fail-fast --out fast own/deviant.lua \
    own/endless.lua --gateway ./known
holds 'before the rest' json fast/report.json \
    'not r["complete"] and len(r["results"]) == 1'

exit $failed
