#!/bin/bash
# Every defect of the built-in gateway is caught on its own clause, the gateway
# without defects is accused of nothing, and what no scenario provokes is listed
# with a reason. COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
tests=${COUNTERFOIL_HOME:?}/harness/tests

failed=0
check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        failed=1
    fi
}

check "every defect is caught, and nothing else" \
    "$tests/kill_matrix.py" "$program"
check "every clause has a scenario, reference captures or a reason" \
    "$tests/coverage.py" "$program" "$COUNTERFOIL_HOME"
exit $failed
