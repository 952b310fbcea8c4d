#!/bin/bash
# Random schedules: the conforming gateway raises no alarm, the same seeds send
# the same octets, a defect is found, shrunk, and found again from the printed
# line and from the scenario. COUNTERFOIL is the program.
# shellcheck disable=SC2317 # functions are called through check
set -u

program=${COUNTERFOIL:?}
folder=$(mktemp -d /tmp/counterfoil-soak-test.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

check() { # NAME COMMAND...
    local name=$1
    shift
    if "$@" >check.out 2>&1; then
        echo "ok - $name"
    else
        echo "not ok - $name"
        sed 's/^/# /' check.out | head -n 20
        failed=1
    fi
}
status() { # EXPECTED COMMAND...
    local expected=$1 got
    shift
    "$@"
    got=$?
    [ "$got" -eq "$expected" ] && return
    echo "exit status $got, not $expected: $*"
    return 1
}

"$program" soak --seeds 400 -j 2 >one.out 2>&1
conforming=$?
"$program" soak --seeds 400 >two.out 2>&1
check 'no alarm over 400 seeds of the conforming gateway' \
    grep -q '^400 seeds: 0 failed, 0 warned, .* 0 could not be played' one.out
check 'exit status 0 without a failure' [ $conforming -eq 0 ]
check 'the same seeds send the same octets, in one process or two' \
    [ "$(grep ^octets one.out)" = "$(grep ^octets two.out)" ]
"$program" soak --seeds 400 --seed 2 >three.out 2>&1
check 'other seeds send others' \
    [ "$(grep ^octets one.out)" != "$(grep ^octets three.out)" ]

# Found, shrunk to fewer than 15 steps, and found again.
found() { # DEFECT CLAUSE
    local line steps
    status 1 "$program" soak --seeds 8 --defect "$1" --out "$1" >"$1.out" ||
        return
    grep "^seed .*: $2," "$1.out" || return
    line=$(sed -n "s/^ *replay: .*--replay '\(.*\)'$/\1/p" "$1.out" | head -n 1)
    steps=$(printf %s "${line##*steps=}" | tr , '\n' | grep -c .)
    echo "$steps steps: $line"
    [ "$steps" -lt 15 ] || return
    status 1 "$program" soak --defect "$1" --replay "$line" >"$1.again" ||
        return
    grep "^seed .*: $2," "$1.again" || return
    status 0 "$program" soak --replay "$line"
}
check 'a changed nonce is found' found changes-nonce RFC6311-5.1-08
check 'an ignored delta is found' found ignores-delta RFC6311-5.2-04
check 'requests sealed anew are found' found retransmits-resealed RFC7296-2.1-09

scenario() { # DEFECT
    local file
    for file in "$1"/*/scenario.lua; do
        status 1 "$program" run "$file" --gateway "builtin:$1" --out ran ||
            return
        rm -rf ran
        status 0 "$program" run "$file" --gateway builtin --out ran || return
        rm -rf ran
        return
    done
}
check 'the scenario of a changed nonce shows it' scenario changes-nonce
check 'the scenario of an ignored delta shows it' scenario ignores-delta

check 'a line that makes no sense is refused' \
    status 2 "$program" soak --replay 'seed=1 steps=fly'
check 'an unknown defect is refused' \
    status 2 "$program" soak --defect no-such-thing
exit $failed
