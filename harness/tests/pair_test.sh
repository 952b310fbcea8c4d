#!/bin/bash
# Two strongSwan daemons against each other, no engine of ours between them:
# both are judged, with all keys, with either half of them, with none, and
# nobody is accused of anything.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
pair=$(dirname "$program")/tests/gateways_pair_test
folder=$(mktemp -d /tmp/counterfoil-pairs.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

[ -x /usr/sbin/charon-systemd ] || {
    echo "ok - two strongSwan daemons # SKIP charon-systemd is not installed"
    exit 0
}

failed=0
check() { # WHAT ARGUMENT...
    local what=$1
    shift
    if "$program" check "$@" --json verdict.json >out 2>&1 &&
        ! grep -q '"verdict": "\(fail\|warning\|inconclusive\)"' \
            verdict.json; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        cat out
        failed=1
    fi
}

try() { # NAME OPTION...
    local name=$1
    shift
    mkdir "$name"
    if ! "$pair" "$folder/$name" rekey=yes "$@" >"$name.log" 2>&1; then
        echo "not ok - $name: the two daemons did not get through"
        cat "$name.log"
        failed=1
        return
    fi
    check "$name, all keys" "$name/trace.pcapng" --keys "$name"
    check "$name, keys of IKE" "$name/trace.pcapng" \
        --keys "$name/ikev2_decryption_table"
    check "$name, keys of ESP" "$name/trace.pcapng" --keys "$name/esp_sa"
    check "$name, no keys" "$name/trace.pcapng"
}

try 'psk-gcm' auth=psk ike=aes128gcm16-prfsha256-x25519 esp=aes128gcm16
try 'rsa-cbc-fragments' auth=rsa ike=aes256-sha384-ecp256 esp=aes256-sha256 \
    fragment_size=576
try 'ecdsa-gcm-pfs-mobike' auth=ecdsa ike=aes256gcm16-prfsha384-ecp384 \
    esp=aes256gcm16-x25519 mobike=yes
try 'psk-chacha' auth=psk ike=chacha20poly1305-prfsha512-modp2048 \
    esp=chacha20poly1305
exit $failed
