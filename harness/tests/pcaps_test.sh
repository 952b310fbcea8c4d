#!/bin/bash
# The reference captures are what their scripts make, octet for octet; each
# violating one gives its finding and no other, each conforming one gives none.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

home=${COUNTERFOIL_HOME:?}
what="reference captures: made again, and judged as they should be"
if "${COUNTERFOIL:?}" pcaps --check --rules "$home/pcaps/rules" \
    --out "$home/pcaps"; then
    echo "ok - $what"
else
    echo "not ok - $what"
    exit 1
fi
