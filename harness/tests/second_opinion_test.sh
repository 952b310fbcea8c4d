#!/bin/bash
# tshark and Scapy read every reference capture, and those of real daemons, as
# our decoder does. COUNTERFOIL is the program, COUNTERFOIL_HOME the source
# tree.
set -u

home=${COUNTERFOIL_HOME:?}
what="tshark and Scapy agree with our decoder on the captures in pcaps"
if ! command -v tshark >/dev/null; then
    echo "ok - $what # SKIP tshark is not installed"
    exit 0
elif ! /usr/bin/python3 -c 'import scapy.contrib.ikev2, cryptography' \
    2>/dev/null; then
    echo "ok - $what # SKIP python3-scapy or python3-cryptography is missing"
    exit 0
fi
if "$home/harness/tests/second_opinion.py" "${COUNTERFOIL:?}" "$home/pcaps"; then
    echo "ok - $what"
else
    echo "not ok - $what"
    exit 1
fi
