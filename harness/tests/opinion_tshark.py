"""What tshark reads in captures of runs, given their own key tables.

All captures go into one process: pcapng files may follow one another in one
file, and SPIs tell the rows of the key tables apart.
"""
import os
import subprocess
import tempfile

IKE = {  # ours -> tshark's, the first of each frame
    "spi_i": "isakmp.ispi", "spi_r": "isakmp.rspi",
    "next_payload": "isakmp.nextpayload", "version": "isakmp.version",
    "exchange": "isakmp.exchangetype", "flags": "isakmp.flags",
    "message_id": "isakmp.messageid", "length": "isakmp.length",
}
ESP = {"spi": "esp.spi", "sequence": "esp.sequence", "iv": "esp.iv",
       "inner": "esp.contained_data", "next_header": "esp.protocol"}
LISTS = [
    "isakmp.typepayload", "isakmp.payloadlength", "isakmp.notify.protoid",
    "isakmp.notify.msgtype", "isakmp.notify.data", "isakmp.spi",
    "isakmp.delete.spi", "isakmp.nonce", "isakmp.key_exchange.data",
    "isakmp.notify.data.ha.nonce_data",
    "isakmp.notify.data.ha.expected_send_req_message_id",
    "isakmp.notify.data.ha.expected_recv_req_message_id",
]
FIELDS = ["frame.number", "_ws.malformed", *IKE.values(), *ESP.values(),
          *LISTS]
TABLES = ("ikev2_decryption_table", "esp_sa")
SK, SKF = 46, 53
NO_NEXT = 59


def opaque(folder):
    """Has the run keys that tshark cannot use?"""
    for table in TABLES:
        path = os.path.join(folder, table)
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                if "#counterfoil" in file.read():
                    return True
    return False


def rows_of(folder, table):
    path = os.path.join(folder, table)
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as file:
        return [line for line in file.read().splitlines() if line]


def row_names(folder):
    """What must be unique in a table: the SPIs of each row."""
    names = set()
    for line in rows_of(folder, TABLES[0]):
        names.add(tuple(line.split(",")[:2]))
    for line in rows_of(folder, TABLES[1]):
        names.add(tuple(line.split(",")[1:4]))
    return names


def batches(folders):
    """Groups of folders whose keys do not get in each other's way."""
    groups = []
    for folder in folders:
        names = row_names(folder)
        for group, taken in groups:
            if not names & taken:
                group.append(folder)
                taken |= names
                break
        else:
            groups.append(([folder], names))
    return [group for group, _ in groups]


def run(folders):
    """The rows of all frames of all captures, in order."""
    with tempfile.TemporaryDirectory() as config:
        for table in TABLES:
            with open(os.path.join(config, table), "w",
                      encoding="ascii") as out:
                for folder in folders:
                    out.writelines(f"{r}\n" for r in rows_of(folder, table))
        merged = os.path.join(config, "merged.pcapng")
        with open(merged, "wb") as out:
            for folder in folders:
                with open(os.path.join(folder, "trace.pcapng"), "rb") as file:
                    out.write(file.read())
        command = ["tshark", "-n", "-r", merged,
                   "-o", "esp.enable_encryption_decode:TRUE",
                   "-o", "esp.enable_authentication_check:TRUE",
                   "-T", "fields", "-E", "separator=|", "-E", "occurrence=a"]
        for field in FIELDS:
            command += ["-e", field]
        # The environment names the folder of the tables.
        out = subprocess.run(command, check=True, capture_output=True,
                             text=True, env=dict(
                                 os.environ, WIRESHARK_CONFIG_DIR=config))
    return [dict(zip(FIELDS, line.split("|")))
            for line in out.stdout.splitlines()]


def read(folders, frame_counts):
    """{folder: {frame: fields}}; frame_counts says where a capture ends."""
    result = {}
    for group in batches(folders):
        rows = run(group)
        at = 0
        for folder in group:
            count = frame_counts[folder]
            result[folder] = dict(enumerate(rows[at:at + count], 1))
            at += count
        if at != len(rows):
            raise ValueError(f"tshark reads {len(rows)} frames, not {at}")
    return result


def number(text):
    return int(text.split(",")[0], 0) if text else None


def texts(field):
    return field.split(",") if field else []


def octets(field):
    return ["" if v == "<MISSING>" else v for v in texts(field)]


def numbers(field):
    return [int(v, 0) for v in texts(field)]


def differ(what, ours, theirs):
    if ours != theirs:
        yield f"{what}: ours {ours}, tshark {theirs}"


def compare_header(mine, seen):
    for member, field in IKE.items():
        theirs = seen[field].split(",")[0]
        if not isinstance(mine[member], str):
            theirs = number(theirs)
        yield from differ(field, mine[member], theirs)


def spis_of(payload):
    """SPIs in an SA payload's proposals."""
    body = bytes.fromhex(payload["body"])
    while len(body) >= 8:
        size = int.from_bytes(body[2:4], "big")
        if body[6]:
            yield body[8:8 + body[6]].hex()
        body = body[size:] if size else b""


def size_of(payload):
    """With its generic header."""
    if "notify" in payload:
        return 8 + (len(payload["spi"]) + len(payload["data"])) // 2
    return 4 + len(payload["body"]) // 2


def compare_payloads(mine, seen):
    payloads = mine["payloads"]
    chain = [(p["type"], size_of(p)) for p in payloads]
    theirs = [c for c in zip(numbers(seen["isakmp.typepayload"]),
                             numbers(seen["isakmp.payloadlength"]))
              if c[0] > 32 and c[0] not in (SK, SKF)]
    yield from differ("payload chain", chain, theirs)
    notifies = [p for p in payloads if "notify" in p]
    for field, member in (("msgtype", "notify"), ("protoid", "protocol")):
        yield from differ(f"notify {member}", [p[member] for p in notifies],
                          numbers(seen[f"isakmp.notify.{field}"]))
    yield from differ("notify data", [p["data"] for p in notifies],
                      octets(seen["isakmp.notify.data"]))
    spis = []
    for p in payloads:
        if p["type"] == 33:
            spis += spis_of(p)
        elif p.get("spi"):
            spis.append(p["spi"])
    yield from differ("SPIs", spis, octets(seen["isakmp.spi"]))
    for kind, field, skip in ((40, "isakmp.nonce", 0),
                              (34, "isakmp.key_exchange.data", 8)):
        yield from differ(field, [p["body"][skip:] for p in payloads
                                  if p["type"] == kind], octets(seen[field]))
    yield from compare_sync(notifies, seen)


def compare_sync(notifies, seen):
    syncs = [p for p in notifies if p["notify"] == 16422]
    if not all("nonce" in p for p in syncs):
        return  # of another size: tshark reads what it can
    prefix = "isakmp.notify.data.ha."
    for field, member in (("expected_send_req_message_id", "expected_send"),
                          ("expected_recv_req_message_id", "expected_recv")):
        yield from differ(member, [p[member] for p in syncs],
                          numbers(seen[prefix + field]))
    yield from differ("nonce", [int(p["nonce"], 16) for p in syncs],
                      numbers(seen[prefix + "nonce_data"]))


def compare_esp(mine, seen, readable):
    for member, field in ESP.items():
        if member in mine and (readable or member in ("spi", "sequence")):
            theirs = seen[field]
            # The trailer is shown only where something reads on behind it.
            if member == "next_header" and mine[member] == NO_NEXT:
                continue
            if not isinstance(mine[member], str):
                theirs = number(theirs)
            yield from differ(field, mine[member], theirs)


def compare(mine, seen, readable):
    """Yields what differs in a frame; `readable`: tshark has all its keys."""
    if mine["kind"] == "esp":
        yield from compare_esp(mine, seen, readable)
        return
    if mine["version"] >> 4 != 2:
        return  # tshark reads no further
    yield from compare_header(mine, seen)
    if mine["status"] == "clear" or (mine["status"] == "opened" and readable
                                     and not mine.get("fragments")):
        yield from compare_payloads(mine, seen)
