#!/usr/bin/python3
"""Decoders that are not ours agree with ours: tshark, and Scapy with
python3-cryptography, each given a run's own key tables.

usage: second_opinion.py COUNTERFOIL FOLDER...

Each FOLDER is a run's, or has runs' folders below it. Both have to read what
our decoder reads, field by field: header fields, payload chain, notifies and
their data, SPIs, sequence numbers, decrypted octets; and find nothing
malformed but what a run itself made so. tshark 4.0 has no name for
ChaCha20-Poly1305, and what it makes of RFC 7383 fragments it does not say:
there Scapy alone is asked. Prints one line a folder that differs, and a sum;
exit status 1 if they differ anywhere.
"""
import concurrent.futures
import json
import os
import subprocess
import sys

import opinion_scapy
import opinion_tshark


def folders_below(paths):
    for path in paths:
        for folder, below, files in os.walk(path):
            below.sort()
            if "trace.pcapng" in files:
                yield folder


def ours(program, folder):
    """Frame number -> what our decoder says, of IKE and ESP frames; and the
    addresses that sent something odd on purpose."""
    out = subprocess.run([program, "show", "--json", folder], check=True,
                         capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    notes = [r["note"] for r in rows if r["kind"] == "note"]
    odd = set()
    if any(n["event"] == "inject" for n in notes):
        odd = {a for n in notes for a in n.get("harness", [])}
    if os.path.basename(folder) == "violating":
        odd |= {a for n in notes for a in n.get("under_test", [])}
    return {r["frame"]: r for r in rows
            if r["kind"] in ("ike", "esp")}, odd


def judge_tshark(folder, mine, odd, seen):
    """(frames compared, [(frame, difference)])"""
    readable = not opinion_tshark.opaque(folder)
    differences, compared = [], 0
    for frame, row in mine.items():
        if row["status"] == "malformed":
            continue
        other = seen[frame]
        compared += 1
        differences += [(frame, text) for text in
                        opinion_tshark.compare(row, other, readable)]
        # What does not verify cannot be read by either. Fragments tshark puts
        # together by their Message ID, whoever's they are.
        if other["_ws.malformed"] and row["status"] in ("clear", "opened") \
                and not row.get("fragments") \
                and row["source"].rsplit(":", 1)[0] not in odd:
            differences.append((frame, "malformed, says tshark"))
    return compared, differences


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folders = list(folders_below(sys.argv[2:]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        decoded = dict(zip(folders, pool.map(
            lambda folder: ours(sys.argv[1], folder), folders)))
    scapy = {folder: opinion_scapy.compare(folder, decoded[folder][0])
             for folder in folders}
    tshark = opinion_tshark.read(folders, {f: scapy[f][0] for f in folders})
    failed, total, opened = not folders, 0, 0
    for folder in folders:
        mine, odd = decoded[folder]
        compared, differences = judge_tshark(folder, mine, odd,
                                             tshark[folder])
        differences += scapy[folder][3]
        total += compared
        opened += scapy[folder][2]
        if differences or not compared:
            failed = True
            print(f"DIFFERS: {compared} frames: {folder}")
        for frame, text in sorted(differences)[:10]:
            print(f"    frame {frame}: {text}")
    print(f"{len(folders)} runs, {total} IKE and ESP frames compared, "
          f"{opened} decrypted by both")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
