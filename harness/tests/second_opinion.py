#!/usr/bin/python3
"""A second decoder agrees with ours: tshark, given a run's own key tables.

usage: second_opinion.py COUNTERFOIL FOLDER...

For each folder of a run, tshark has to decrypt every IKE and ESP frame that
our decoder opened, find nothing malformed but what the scenario itself made
so, and read the same header fields, notify types, synchronization values and
inner packets. tshark 4.0 has no name for ChaCha20-Poly1305: there only what
is in clear can be compared. Prints one line a folder; exit status 1 if they
differ anywhere.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

FIELDS = [
    "frame.number", "isakmp.ispi", "isakmp.rspi", "isakmp.exchangetype",
    "isakmp.flags", "isakmp.messageid", "isakmp.length",
    "isakmp.notify.msgtype", "isakmp.notify.data.ha.nonce_data",
    "isakmp.notify.data.ha.expected_send_req_message_id",
    "isakmp.notify.data.ha.expected_recv_req_message_id",
    "esp.spi", "esp.sequence", "icmp.ident", "icmp.seq", "_ws.malformed",
]


def ours(program, folder):
    """Frame number -> what our decoder says, of IKE and ESP frames; and the
    addresses that forged something on purpose."""
    out = subprocess.run([program, "show", "--json", folder], check=True,
                         capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    notes = [r["note"] for r in rows if r["kind"] == "note"]
    forgers = set()
    if any(n["event"] == "inject" for n in notes):
        forgers = {a for n in notes for a in n.get("harness", [])}
    return {r["frame"]: r for r in rows
            if r["kind"] in ("ike", "esp")}, forgers


def opaque(folder):
    """Has the run keys that tshark cannot use?"""
    for table in ("ikev2_decryption_table", "esp_sa"):
        path = os.path.join(folder, table)
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                if "#counterfoil" in file.read():
                    return True
    return False


def theirs(folder):
    """Frame number -> fields as tshark sees them."""
    with tempfile.TemporaryDirectory() as config:
        for table in ("ikev2_decryption_table", "esp_sa"):
            path = os.path.join(folder, table)
            if os.path.exists(path):
                shutil.copy(path, config)
        command = ["tshark", "-r", os.path.join(folder, "trace.pcapng"),
                   "-o", "esp.enable_encryption_decode:TRUE",
                   "-o", "esp.enable_authentication_check:TRUE",
                   "-T", "fields", "-E", "separator=|", "-E", "occurrence=a"]
        for field in FIELDS:
            command += ["-e", field]
        # The environment names the folder of the tables; -Y would hide what
        # is not decoded as IKE at all.
        out = subprocess.run(command, check=True, capture_output=True,
                             text=True, env=dict(
                                 os.environ, WIRESHARK_CONFIG_DIR=config))
    rows = [dict(zip(FIELDS, line.split("|")))
            for line in out.stdout.splitlines()]
    return {int(r["frame.number"]): r for r in rows}


def numbers(text):
    return [int(n, 0) for n in text.split(",") if n]


def compare_ike(mine, other, in_clear):
    """Yields what differs in an IKE frame."""
    wanted = {
        "isakmp.ispi": mine["spi_i"], "isakmp.rspi": mine["spi_r"],
        "isakmp.exchangetype": mine["exchange"],
        "isakmp.messageid": mine["message_id"],
        "isakmp.length": mine["length"], "isakmp.flags": mine["flags"],
    }
    for field, value in wanted.items():
        seen = other[field].split(",")[0]
        if isinstance(value, int):
            seen = int(seen, 0) if seen else None
        if seen != value:
            yield f"{field}: ours {value}, tshark {seen}"
    if mine["status"] not in ("clear", "opened") or mine.get("fragments"):
        return
    if in_clear and mine["status"] == "opened":
        return
    notifies = [p for p in mine["payloads"] if "notify" in p]
    if [p["notify"] for p in notifies] != numbers(
            other["isakmp.notify.msgtype"]):
        yield (f"notify types: ours {[p['notify'] for p in notifies]}, "
               f"tshark {other['isakmp.notify.msgtype']}")
    syncs = [p for p in notifies if "nonce" in p]
    prefix = "isakmp.notify.data.ha."
    for field, member in (("expected_send_req_message_id", "expected_send"),
                          ("expected_recv_req_message_id", "expected_recv")):
        if syncs and [p[member] for p in syncs] != numbers(
                other[prefix + field]):
            yield (f"{member}: ours {[p[member] for p in syncs]}, tshark "
                   f"{other[prefix + field]}")
    if syncs and [int(p["nonce"], 16) for p in syncs] != numbers(
            other[prefix + "nonce_data"]):
        yield (f"nonce: ours {syncs[0]['nonce']}, tshark "
               f"{other[prefix + 'nonce_data']}")


def compare_esp(mine, other, in_clear):
    """Yields what differs in an ESP frame."""
    for field, member in (("esp.spi", "spi"), ("esp.sequence", "sequence")):
        if numbers(other[field]) != [mine[member]]:
            yield f"{field}: ours {mine[member]}, tshark {other[field]}"
    if mine["status"] != "opened" or in_clear:
        return
    inner = bytes.fromhex(mine["inner"])
    if inner[:1] == b"\x45" and inner[9] == 1:
        echo = [int.from_bytes(inner[24:26], "big"),
                int.from_bytes(inner[26:28], "big")]
        seen = [(numbers(other["icmp.ident"]) or [None])[0],
                (numbers(other["icmp.seq"]) or [None])[0]]
        if echo != seen:
            yield f"inner echo: ours {echo}, tshark {seen}"


def compare(program, folder):
    """Returns (frames compared, list of differences)."""
    (mine, forgers), other = ours(program, folder), theirs(folder)
    in_clear = opaque(folder)
    differences = []
    for frame, row in mine.items():
        if row["status"] == "malformed":
            continue
        seen = other.get(frame)
        if seen is None:
            differences.append(f"frame {frame}: tshark has no such frame")
            continue
        compare_one = compare_ike if row["kind"] == "ike" else compare_esp
        differences += [f"frame {frame}: {text}"
                        for text in compare_one(row, seen, in_clear)]
        # What does not verify cannot be read by either.
        if seen["_ws.malformed"] and row["status"] in ("clear", "opened") \
                and row["source"].rsplit(":", 1)[0] not in forgers:
            differences.append(f"frame {frame}: malformed, says tshark")
    return len(mine), differences


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    failed = False
    for folder in sys.argv[2:]:
        count, differences = compare(sys.argv[1], folder)
        state = "DIFFERS" if differences else "agrees"
        print(f"{state}: {count} frames: {folder}")
        for text in differences[:10]:
            print("   ", text)
        failed = failed or differences or count == 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
