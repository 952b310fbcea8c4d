#!/bin/bash
# The same seed sends the same octets: two runs of the suite against the
# built-in gateway, one scenario at a time and several, leave the same captures.
# Where certificates are made, their keys and signatures are random.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
home=${COUNTERFOIL_HOME:?}
folder=$(mktemp -d /tmp/counterfoil-identical.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

"$program" run --gateway builtin --seed 7 -j "$(nproc)" --out one >one.out 2>&1 &
"$program" run --gateway builtin --seed 7 --out two >two.out 2>&1
wait $!
"$program" run --gateway builtin --seed 8 --out other rfc6311/failover-normal \
    >other.out 2>&1

failed=0 different=0 same=0
for scenario in "$home"/scenarios/rfc*/*.lua; do
    grep -q 'auth = "[re]' "$scenario" && continue
    trace=$(basename "$(dirname "$scenario")")
    trace=$trace/$(basename "$scenario" .lua)/trace.pcapng
    if cmp "one/$trace" "two/$trace"; then
        same=$((same + 1))
    else
        different=$((different + 1))
    fi
done
if [ $different -eq 0 ] && [ $same -ge 60 ]; then
    echo "ok - $same captures are the same octet for octet"
else
    echo "not ok - $different captures differ, $same are the same"
    failed=1
fi

trace=rfc6311/failover-normal/trace.pcapng
if [ -s other/$trace ] && ! cmp -s one/$trace other/$trace; then
    echo "ok - another seed leaves another capture"
else
    echo "not ok - another seed leaves another capture"
    failed=1
fi
exit $failed
