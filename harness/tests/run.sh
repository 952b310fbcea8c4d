#!/bin/bash
# Runs test programs and scripts, several at a time, and counts.
#
#   harness/tests/run.sh LOGS TEST...
#
# A libcheck program says what it found by way of libcheck's TAP log. A script
# says `ok - what`, `not ok - what` or `ok - what # SKIP why` a line; one that
# says nothing of the kind counts once, by its exit status. Every skip carries a
# reason. The last line is `N passed, N failed, N skipped`.
set -u

export COUNTERFOIL_HOME=${COUNTERFOIL_HOME:-$PWD}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [ "${1-}" = --one ]; then
    logs=$2 test=$3
    name=$(basename "$test")
    log=$logs/$name.log tap=$logs/$name.tap
    rm -f "$log" "$tap"
    start=$(date +%s%N)
    case $test in
    *.sh)
        "$test" >"$log" 2>&1
        status=$?
        grep -E '^(not )?ok\b' "$log" >"$tap"
        ;;
    *)
        CK_TAP_LOG_FILE_NAME=$tap "$test" >"$log" 2>&1
        status=$?
        ;;
    esac
    touch "$tap"
    if [ $status -ne 0 ] && ! grep -q '^not ok' "$tap"; then
        echo "not ok - $name: exit status $status" >>"$tap"
    elif ! grep -qE '^(not )?ok\b' "$tap"; then
        echo "ok - $name" >>"$tap"
    fi
    took=$((($(date +%s%N) - start) / 1000000))
    failed=$(grep -c '^not ok' "$tap")
    if [ "$failed" -eq 0 ]; then
        printf 'ok      %-32s %6d ms\n' "$name" "$took"
    else
        printf 'FAILED  %-32s %6d ms\n' "$name" "$took"
        grep '^not ok' "$tap" | sed 's/^/        /'
        grep -vE '^(not )?ok\b' "$log" | tail -n 40 | sed 's/^/        | /'
    fi
    grep -i '# skip' "$tap" | sed 's/^/        /'
    exit 0
fi

if [ $# -lt 1 ]; then
    echo 'usage: harness/tests/run.sh LOGS TEST...' >&2
    exit 2
fi
logs=$1
shift
mkdir -p "$logs"
rm -f "$logs"/*.tap
[ $# -eq 0 ] || printf '%s\0' "$@" |
    xargs -0 -n 1 -P "$(nproc)" "$0" --one "$logs"

count() { cat "$logs"/*.tap 2>/dev/null | grep -iE "$1" | grep -cviE "$2"; }
failed=$(count '^not ok' '^$')
skipped=$(count '^ok.*# skip' '^$')
passed=$(count '^ok' '# skip')
if [ -n "${CI-}" ] && grep -qiE '^ok.*# skip.*(not installed|missing)' \
    "$logs"/*.tap 2>/dev/null; then
    echo 'A package is missing, which CI does not excuse.'
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
