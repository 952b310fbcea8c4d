#!/bin/bash
# The command line: exit statuses, error lines, reports. No gateway is started.
# COUNTERFOIL is the program, COUNTERFOIL_HOME the source tree.
set -u

program=${COUNTERFOIL:?}
folder=$(mktemp -d /tmp/counterfoil-cli.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

failed=0
ok() { echo "ok - $1"; }
not_ok() {
    echo "not ok - $1"
    failed=1
    sed 's/^/    stdout: /' out
    sed 's/^/    stderr: /' err
}

# expect WHAT STATUS PATTERN ARGUMENT...: exit status, and a line of either
# output that matches the extended regular expression.
expect() {
    local what=$1 status=$2 pattern=$3 got
    shift 3
    "$program" "$@" >out 2>err </dev/null
    got=$?
    if [ $got -ne "$status" ]; then
        not_ok "$what: exit status $got, not $status"
    elif ! cat out err | grep -qE -- "$pattern"; then
        not_ok "$what: nothing matches '$pattern'"
    else
        ok "$what"
    fi
}

# holds WHAT COMMAND...
holds() {
    local what=$1
    shift
    if "$@" >out 2>err; then ok "$what"; else not_ok "$what"; fi
}

have() { command -v "$1" >/dev/null; }

# ---- Usage ----

expect 'help' 0 '^  run +play scenarios' --help
expect 'version' 0 '^counterfoil [0-9]+\.[0-9]+\.[0-9]+$' --version
expect 'no command' 2 '^Usage: counterfoil'
expect 'unknown command' 2 "^counterfoil: there is no command 'frob'" frob
expect 'unknown option' 2 'unrecognized option' --frob
for command in run check show list; do
    expect "help of $command" 0 "^Usage: counterfoil $command " \
        $command --help
    expect "unknown option of $command" 2 '^counterfoil.*--frob' \
        $command --frob
done
expect 'jobs out of range' 2 '-j: 0 is not within 1 and 1024' run -j 0
expect 'seed that is none' 2 "--seed: 'x' is not a whole number" run --seed x
expect 'negative time-out' 2 '--timeout: -1 s is not within' run --timeout -1
expect 'time-out that is none' 2 "'soon' is not a number" run --timeout soon
expect 'replay line without a seed' 2 'is not SCENARIO@GATEWAY#SEED' \
    run --replay rfc6311/x@strongswan
expect 'unknown scenario' 2 '^counterfoil: no/such: neither a scenario' \
    run no/such
expect 'clause of no scenario' 2 '^counterfoil: no scenario names the clause' \
    run RFC4303-2.1-01
expect 'unknown gateway' 2 '^counterfoil: .*nosuch' \
    run --gateway nosuch rfc6311/failover-normal
expect 'output that is no folder' 2 '^counterfoil: /dev/null: exists and is no folder' \
    run --out /dev/null/x rfc6311/failover-normal

mkdir own
printf 'return scenario {\n  id = "own/x",\n  oops oops\n}\n' >own/broken.lua
expect 'scenario that does not load' 2 \
    '^counterfoil: own/broken.lua:[34]: ' run own/broken.lua
expect 'folder with a scenario that does not load' 2 \
    '^counterfoil: own/broken.lua:[34]: ' run own
mkdir empty
expect 'folder without scenarios' 2 'empty: no scenarios' run empty
mkdir -p out1/rfc6311/failover-normal
touch out1/rfc6311/failover-normal/thesis.tex
expect 'files of somebody else are left alone' 2 'thesis.tex: in the way' \
    run --out out1 rfc6311/failover-normal
holds 'and still there' test -e out1/rfc6311/failover-normal/thesis.tex

# ---- list ----

expect 'list of lists' 0 '^scenarios ' list
expect 'scenarios' 0 '^rfc6311/failover-normal ' list scenarios
expect 'clauses' 0 '^RFC6311-5.1-05 +MUST' list clauses
expect 'gateways' 0 '^strongswan ' list gateways
expect 'deviations' 0 '^gateway +clause' list deviations
expect 'options' 0 '^ike ' list options
expect 'unknown list' 2 "there is no list 'frobs'" list frobs
for list in scenarios clauses gateways deviations options; do
    "$program" list $list --json >list.json 2>err
    holds "$list as JSON" /usr/bin/python3 -c \
        'import json; assert isinstance(json.load(open("list.json")), list)'
done
holds 'every clause id once' /usr/bin/python3 -c '
import json, subprocess, sys
rows = json.loads(subprocess.check_output([sys.argv[1], "list", "clauses",
                                           "--json"]))
ids = [row["id"] for row in rows]
assert len(ids) == len(set(ids)) > 500, len(ids)' "$program"

# ---- check and show ----

expect 'no capture' 2 'no capture and no folder given' check
expect 'capture that is not there' 2 '^ +reason +nowhere.pcap: No such file' \
    check nowhere.pcap
expect 'keys that are not there' 2 'nokeys: No such file' \
    check --keys nokeys x.pcap
expect 'address that is none' 2 "'x.y' is not an address" \
    check --peer x.y x.pcap
: >zero
expect 'empty capture' 2 'zero' check zero
echo 'this is no capture at all' >text
expect 'file that is no capture' 2 'text' check text
expect 'folder without a run' 2 'neither trace.pcapng nor events.jsonl' \
    check empty
expect 'show what is not there' 2 'nowhere.pcap: No such file' show nowhere.pcap
expect 'show two at a time' 2 'one capture at a time' show a b

if /usr/bin/python3 -c 'import cryptography, scapy.all' 2>/dev/null; then
    /usr/bin/python3 - 2>err >out <<'PYTHON'
from scapy.all import Ether, ICMP, IP, Raw, UDP, wrpcap
from scapy.layers.ipsec import ESP, SecurityAssociation

key = bytes(range(20))
sa = SecurityAssociation(ESP, spi=0xc0ffee01, crypt_algo="AES-GCM",
                         crypt_key=key, tunnel_header=IP())

def esp(sequence):
    inner = (IP(src="203.0.113.1", dst="198.51.100.1")
             / ICMP(type=0, seq=esp.count))
    sealed = sa.encrypt(inner, seq_num=sequence, iv=bytes(7) + bytes([esp.count]))
    frame = (Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
             / IP(src="192.0.2.2", dst="192.0.2.1")
             / UDP(sport=4500, dport=4500) / Raw(bytes(sealed[ESP])))
    frame.time = 1700000000 + esp.count / 100
    esp.count += 1
    return frame

esp.count = 0
wrpcap("good.pcap", [esp(n) for n in range(1, 9)])
wrpcap("bad.pcap", [esp(1), esp(2), esp(2), esp(3)])
with open("esp_sa", "w") as table:
    table.write('"IPv4","192.0.2.2","192.0.2.1","0xc0ffee01",'
                '"AES-GCM with 16 octet ICV [RFC4106]","0x%s","NULL",""\n'
                % key.hex())
PYTHON
    holds 'captures to judge' test -s bad.pcap
    expect 'a sequence number used twice' 1 '^fail +bad.pcap' check --keys esp_sa bad.pcap
    expect 'with its frames' 1 '^ +frames +2, 3$' check --keys esp_sa bad.pcap
    expect 'of one SA' 1 '^  ESP c0ffee01 +4 +4 +1 ' check --keys esp_sa bad.pcap
    expect 'and clause by clause' 1 '^  RFC4303-[0-9.]+-[0-9]+ +MUST .* 1 +0 +0$' \
        check --keys esp_sa bad.pcap
    expect 'not without keys: another SA may have taken the SPI' 0 \
        '^pass +bad.pcap .*1 left open' check bad.pcap
    expect 'which is shown' 0 '^  inconclusive RFC4303' check bad.pcap
    expect 'what could not be judged is counted' 0 \
        'not judged: 4 ESP packets without a key' check bad.pcap
    expect 'not by an address that is not under test' 3 '^inconclusive' \
        check --keys esp_sa --peer 192.0.2.1 bad.pcap
    expect 'numbers in order' 0 '^pass +good.pcap' check --keys esp_sa good.pcap
    head -c $(($(stat -c %s bad.pcap) - 20)) bad.pcap >cut.pcap
    expect 'a capture that is cut is judged up to there' 1 \
        'judged up to where the trace breaks' check --keys esp_sa cut.pcap
    expect 'several captures are one trace' 1 '^fail ' check --keys esp_sa good.pcap bad.pcap
    expect 'from standard input' 2 'standard input|^ +reason' check -
    expect 'a ladder' 0 'ESP c0ffee01 seq 3' show --keys esp_sa bad.pcap
    expect 'with the finding in it' 0 '!! fail RFC' show --keys esp_sa bad.pcap
    expect 'reports of all kinds' 1 '^not ok 1 - bad.pcap' check --keys esp_sa bad.pcap \
        --tap --json r.json --junit r.xml --html r.html --annotate a.pcapng
    holds 'JSON' /usr/bin/python3 -c 'import json
r = json.load(open("r.json"))
assert r["complete"] and r["exit_status"] == 1
f = r["results"][0]["findings"][0]
assert f["frames"] == [2, 3] and f["subject"]["address"] == "192.0.2.2", f'
    expect 'JSON on standard output' 1 '"exit_status": 1' check --keys esp_sa bad.pcap --json -
    cp out stdout.json
    holds 'and nothing else there' /usr/bin/python3 -c \
        'import json; json.load(open("stdout.json"))'
    expect 'output that cannot be written' 2 '/nowhere/r.xml' \
        check --keys esp_sa good.pcap --junit /nowhere/r.xml
    expect 'no annotation over the capture' 2 'written over itself' \
        check --keys esp_sa bad.pcap --annotate bad.pcap
    cat >terminal.py <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try:
        octets = os.read(fd, 4096)
    except OSError:
        break
    if not octets:
        break
    os.write(1, octets)
PYTHON
    TERM=xterm NO_COLOR='' /usr/bin/python3 terminal.py "$program" check \
        --keys esp_sa bad.pcap >coloured 2>err
    holds 'colour on a terminal' grep -q $'\033\[31;1mfail' coloured
    TERM=xterm NO_COLOR=1 /usr/bin/python3 terminal.py "$program" check \
        --keys esp_sa bad.pcap >plain 2>err
    holds 'NO_COLOR is honoured' sh -c \
        "grep -q 'fail  ' plain && ! grep -q '\\[[0-9;]*m' plain"
    TERM=dumb NO_COLOR='' /usr/bin/python3 terminal.py "$program" check \
        --keys esp_sa bad.pcap >dumb.out 2>err
    holds 'a dumb terminal gets plain lines' test -z "$(tr -dc '\033' <dumb.out)"
    expect 'no colour elsewhere' 1 '^fail  ' check --keys esp_sa bad.pcap
    if have xmllint; then
        holds 'JUnit is well-formed' xmllint --noout --nonet r.xml
        holds 'JUnit counts' test \
            "$(xmllint --xpath 'string(//testsuite/@failures)' r.xml)" = 1
    else
        echo 'ok - JUnit by xmllint # SKIP xmllint is not installed'
    fi
    if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
        holds 'every result keeps to the schema' /usr/bin/python3 -c '
import json, jsonschema, sys
schema = json.load(open(sys.argv[1] + "/reports/result.schema.json"))
jsonschema.Draft7Validator.check_schema(schema)
for result in json.load(open("r.json"))["results"]:
    jsonschema.validate(result, schema)
    known = set(schema["properties"])
    assert set(result) <= known, set(result) - known' "$COUNTERFOIL_HOME"
    else
        echo 'ok - schema # SKIP python3-jsonschema is not installed'
    fi
    if have tshark; then
        tshark -r a.pcapng -Y frame.comment -T fields -e frame.number \
            -e frame.comment >comments 2>err
        holds 'tshark reads the comments' grep -qE '^3.fail RFC' comments
        holds 'of both frames' grep -qE '^2.fail RFC.*see frame 3' comments
    else
        echo 'ok - comments by tshark # SKIP tshark is not installed'
    fi
else
    echo 'ok - judged captures # SKIP python3-scapy or -cryptography is not installed'
fi

exit $failed
