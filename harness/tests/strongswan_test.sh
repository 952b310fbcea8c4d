#!/bin/bash
# The whole suite against a real strongSwan, and what a sceptic would check
# afterwards: that `check` gives the verdicts of the live run, that a decoder
# which is not ours sees the same, that nothing is left behind.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
home=${COUNTERFOIL_HOME:?}
folder=$(mktemp -d /tmp/counterfoil-strongswan.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

for what in /usr/sbin/charon-systemd /usr/sbin/swanctl tshark; do
    command -v "$what" >/dev/null || {
        echo "ok - the suite against strongSwan # SKIP $what is not installed"
        exit 0
    }
done

failed=0
report() { # STATUS WHAT
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failed=1
    fi
}

"$program" run --gateway strongswan -j "$(nproc)" --out "$folder/run" \
    --json "$folder/report.json" --junit "$folder/report.xml" \
    >"$folder/out" 2>&1
status=$?
[ $status -eq 0 ] || cat "$folder/out"
report $status "every scenario passes, or fails as the profile says"

folders=$(find "$folder/run" -name result.json -printf '%h\n' | sort)
played=$(echo "$folders" | wc -l)
report $((played < 40)) "$played scenarios were played"

# The verdict of each folder, judged again from its files alone.
different=0
for run in $folders; do
    cp "$run/result.json" "$folder/live.json"
    "$program" check "$run" --json "$folder/again.json" >/dev/null 2>&1
    "$home/harness/tests/same_verdict.py" "$folder/live.json" \
        "$folder/again.json" || different=$((different + 1))
done
report $different "check gives the verdict of the live run"

# What was not applicable left no capture.
captured=$(find "$folder/run" -name trace.pcapng -printf '%h\n' | sort)
report $(($(echo "$captured" | wc -l) < 40)) "most of them left a capture"
# shellcheck disable=SC2086 # one argument a folder
"$home/harness/tests/second_opinion.py" "$program" $captured \
    >"$folder/opinions" 2>&1
status=$?
grep -v '^agrees' "$folder/opinions"
report $status "tshark and Scapy see the same, with the run's own keys"

xmllint --noout "$folder/report.xml"
report $? "the JUnit report is well formed"

pgrep -f "$folder" >/dev/null
report $(($? == 0)) "no process is left behind"

# Interrupted: the report is finished as incomplete, and everything ends.
"$program" run rfc6311/appendix-a1 --gateway strongswan \
    --out "$folder/interrupted" >"$folder/out" 2>&1 &
player=$!
until [ -e "$folder/interrupted/rfc6311/appendix-a1/trace.pcapng" ]; do
    kill -0 $player 2>/dev/null || break
    read -rt 0.05 <> <(:)
done
kill -INT $player
wait $player
report $(($? != 130)) "Ctrl-C exits with 130"
grep -q incomplete "$folder/out" || cat "$folder/out"
grep -q incomplete "$folder/out"
report $? "Ctrl-C leaves a report that says that it is incomplete"
pgrep -f "$folder" >/dev/null
report $(($? == 0)) "no process is left behind by Ctrl-C"

exit $failed
