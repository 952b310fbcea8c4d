#!/bin/bash
# check --live on a loopback of its own: until the time is over, until Ctrl-C,
# and forbidden; and a capture on standard input, whole and cut off.
# COUNTERFOIL is the program.
set -u

program=${COUNTERFOIL:?}

if [ "${1-}" != inside ]; then
    if ! unshare --user --map-root-user --net true 2>/dev/null; then
        echo "ok - live capture # SKIP no user namespaces here"
        exit 0
    fi
    exec unshare --user --map-root-user --net "$0" inside
fi

folder=$(mktemp -d /tmp/counterfoil-live.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

# holds WHAT COMMAND...
holds() {
    local what=$1
    shift
    if "$@"; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        failed=1
        sed 's/^/    /' out
    fi
}

ip link set lo up

# A request of 28 octets, again and again while the process lives: the capture
# begins when it begins.
send_while() {
    while kill -0 "$1" 2>/dev/null; do
        printf '%b' '\01\01\01\01\01\01\01\01\02\02\02\02\02\02\02\02\0' \
            '\040\045\010\0\0\0\07\0\0\0\034' >/dev/udp/127.0.0.1/10500
    done 2>/dev/null
}

"$program" check --live lo --port 10500 --seconds 1 >out 2>&1 &
send_while $!
holds "live for a second: messages are read" \
    grep -qE 'read: .* [1-9][0-9]* IKE messages' out

"$program" check --live lo --port 10500 --json json >out 2>&1 &
pid=$!
# it captures once it has its packet socket
until [ "$(wc -l </proc/net/packet)" -gt 1 ] || ! kill -0 $pid; do :; done
kill -INT $pid
wait $pid
status=$?
holds "Ctrl-C ends it with a verdict" test $status -eq 3
holds "and a report" grep -q '"outcome"' json

setpriv --bounding-set=-all --inh-caps=-all "$program" check --live lo \
    >out 2>&1
status=$?
holds "without privilege: status 2" test $status -eq 2
holds "and one line that says what is needed" grep -q 'CAP_NET_RAW' out

# pcap, raw IP, one frame: ESP from 192.0.2.1 to 192.0.2.2
printf '%b' '\0324\0303\0262\0241\02\0\04\0\0\0\0\0\0\0\0\0\0377\0377\0\0' \
    '\0145\0\0\0\0\0\0\0\0\0\0\0\034\0\0\0\034\0\0\0' \
    '\0105\0\0\034\0\0\0\0\0100\062\0\0\0300\0\02\01\0300\0\02\02' \
    '\0300\0377\0356\01\0\0\0\01' >t.pcap
"$program" check - <t.pcap >out 2>&1
holds "standard input" grep -q 'read: 1 frames, .* 1 ESP packets' out
"$program" check - < <(cat t.pcap t.pcap) >out 2>&1
holds "standard input that makes no sense further on" \
    grep -q 'standard input: frame [0-9]*:' out
"$program" check - < <(head -c 20 t.pcap) >out 2>&1
status=$?
holds "standard input cut within its header: status 2" test $status -eq 2
holds "and both numbers" grep -q 'tried to read 24 file header' out

exit $failed
