#!/bin/sh
# Installs what is missing of the Debian packages that building, running,
# testing or linting needs. Touches nothing when everything is there.
#
#   harness/setup.sh [--optional] build|run|test|lint ...
#
# With --optional, what cannot be installed is only said (tests that need it
# are skipped then), unless CI is set in the environment.
set -eu

optional=
if [ "${1-}" = --optional ]; then
    shift
    [ -n "${CI-}" ] || optional=yes
fi
give_up() {
    echo "setup: $*" >&2
    [ -n "$optional" ] && exit 0
    exit 1
}

packages_for() {
    case $1 in
    build)
        echo gcc libc6-dev make pkg-config libssl-dev libpcap-dev \
            liblua5.4-dev lua5.4 libjansson-dev libxml2-dev libuv1-dev \
            uthash-dev
        ;;
    run)
        echo iproute2 charon-systemd strongswan-swanctl strongswan-pki \
            libcharon-extra-plugins libstrongswan-extra-plugins
        ;;
    test)
        echo check tshark libxml2-utils python3-jsonschema python3-scapy \
            python3-cryptography python3-minimal
        ;;
    lint) echo clang-format clang-tidy cppcheck shellcheck ;;
    *)
        echo "setup: what is '$1'? (build, run, test, lint)" >&2
        exit 2
        ;;
    esac
}

if ! command -v dpkg-query >/dev/null; then
    echo "setup: no dpkg here, so nothing is installed; the README lists" \
        "what is needed" >&2
    exit 0
fi

missing=
for purpose in "$@"; do
    for package in $(packages_for "$purpose"); do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) ||
            status=
        case $status in
        *' installed') ;;
        *) missing="$missing $package" ;;
        esac
    done
done
[ -n "$missing" ] || exit 0

echo "setup: installing$missing"
root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        give_up "missing, and no sudo here; as root: apt-get install$missing"
    fi
    root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # lists of words on purpose
$root apt-get update -q || true
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $missing ||
    give_up "could not install$missing"
