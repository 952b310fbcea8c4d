"""What Scapy reads in a run's capture, decrypted by python3-cryptography."""
import csv
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import (Cipher, aead, algorithms,
                                                    modes)
from scapy.config import conf
from scapy.contrib import ikev2
from scapy.layers import inet, inet6, ipsec
from scapy.layers.l2 import Ether
from scapy.utils import RawPcapNgReader

RAW, ETHERNET = 101, 1
SK, SKF = 46, 53
HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA2_256": "sha256",
          "SHA2_384": "sha384", "SHA2_512": "sha512"}


# ---- Keys ----

def table(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as file:
        lines = [re.sub(r"^#counterfoil:? *", "", line) for line in file]
    return list(csv.reader(line for line in lines if not line.startswith("#")))


class IkeKeys:
    """One side's keys of an IKE SA."""

    def __init__(self, encr, encr_key, integ, integ_key):
        self.encr, self.encr_key = encr, bytes.fromhex(encr_key)
        self.integ_key = bytes.fromhex(integ_key)
        found = re.match(r"HMAC_(MD5|SHA1|SHA2_\d+)_(\d+)", integ)
        self.hash = HASHES[found[1]] if found else None
        self.icv_size = int(found[2]) // 8 if found else 0
        found = re.search(r"with (\d+) octet ICV", encr)
        if found:
            self.icv_size = int(found[1])
        elif "Poly1305" in encr:
            self.icv_size = 16

    def verify(self, octets):
        if not self.hash:
            return True
        tag = hmac.new(self.integ_key, octets[:-self.icv_size],
                       self.hash).digest()
        return tag[:self.icv_size] == octets[-self.icv_size:]

    def open(self, message, head):
        """The plaintext of what follows `head` octets, or None."""
        body = message[head:]
        if "GCM" in self.encr or "Poly1305" in self.encr:
            cipher = (aead.AESGCM if "GCM" in self.encr
                      else aead.ChaCha20Poly1305)(self.encr_key[:-4])
            if self.icv_size != 16:
                return None
            try:
                plain = cipher.decrypt(self.encr_key[-4:] + body[:8],
                                       body[8:], message[:head])
            except InvalidTag:
                return None
        elif "CBC" in self.encr and self.verify(message):
            decryptor = Cipher(algorithms.AES(self.encr_key),
                               modes.CBC(body[:16])).decryptor()
            plain = decryptor.update(body[16:len(body) - self.icv_size])
        else:
            return None
        return plain[:-1 - plain[-1]]


def ike_keys(folder):
    """(SPIi, SPIr) -> keys of initiator and responder."""
    keys = {}
    for row in table(folder, "ikev2_decryption_table"):
        spi_i, spi_r, ei, er, encr, ai, ar, integ = row
        keys[spi_i, spi_r] = (IkeKeys(encr, ei, integ, ai),
                              IkeKeys(encr, er, integ, ar))
    return keys


def esp_association(row):
    spi, encr, encr_key, integ, integ_key = row[3:8]
    crypt = next((c for name, c in (
        ("AES-GCM", "AES-GCM"), ("AES-CBC", "AES-CBC"), ("NULL", "NULL"),
        ("ChaCha20", "CHACHA20-POLY1305")) if encr.startswith(name)), None)
    auth = re.sub(r" \[.*", "", integ).replace("HMAC-SHA-", "SHA2-")
    if crypt not in ipsec.CRYPT_ALGOS or auth not in ipsec.AUTH_ALGOS:
        return None
    return ipsec.SecurityAssociation(
        ipsec.ESP, spi=int(spi, 16), crypt_algo=crypt,
        crypt_key=bytes.fromhex(encr_key[2:]), auth_algo=auth,
        auth_key=bytes.fromhex(integ_key[2:]))


def esp_keys(folder):
    """(destination, SPI) -> security associations."""
    keys = {}
    for row in table(folder, "esp_sa"):
        association = esp_association(row)
        if association:
            name = row[2], int(row[3], 16)
            keys.setdefault(name, []).append(association)
    return keys


# ---- Frames ----

def frames(path):
    """(frame number, layer of the network) of all frames."""
    reader = RawPcapNgReader(path)
    for number, (data, meta) in enumerate(reader, 1):
        if meta.linktype == ETHERNET:
            yield number, Ether(data).payload
        elif meta.linktype == RAW:
            yield number, (inet.IP if data[0] >> 4 == 4 else inet6.IPv6)(data)
        else:
            kind = conf.l2types.get(meta.linktype)
            yield number, kind(data).payload if kind else None
    reader.close()


def find(network):
    """("ike" or "esp", octets), or None."""
    if network is None or (inet.IP in network and
                           (network[inet.IP].frag or
                            "MF" in network[inet.IP].flags)):
        return None
    if inet.UDP in network:
        octets = bytes(network[inet.UDP].payload)
        ports = (network[inet.UDP].sport, network[inet.UDP].dport)
        if 500 in ports:
            return "ike", octets
        if octets[:4] == bytes(4):
            return "ike", octets[4:]
        return ("esp", octets) if len(octets) > 8 else None
    if ipsec.ESP in network:
        return "esp", bytes(network[ipsec.ESP])
    return None


# ---- Comparing ----

def differ(what, ours, theirs):
    if ours != theirs:
        yield f"{what}: ours {ours}, Scapy {theirs}"


def chain_of(first, octets):
    """[(type, layer)] of a chain of payloads."""
    chain = []
    kind = first
    while kind and octets:
        name = ikev2.IKEv2_payload_type[kind] \
            if kind < len(ikev2.IKEv2_payload_type) else ""
        cls = getattr(ikev2, f"IKEv2_payload_{name}", ikev2.IKEv2_payload)
        length = int.from_bytes(octets[2:4], "big")
        layer = cls(octets[:length])
        chain.append((kind, layer))
        kind, octets = octets[0], octets[length:]
    return chain


def compare_notify(ours, layer):
    for what, theirs in (("notify", layer.type), ("protocol", layer.proto)):
        yield from differ(what, ours[what], theirs)
    yield from differ("notify SPI", ours["spi"], bytes(layer.SPI).hex())
    yield from differ("notify data", ours["data"], bytes(layer.load).hex())


def compare_chain(mine, chain):
    yield from differ("payload chain", [p["type"] for p in mine],
                      [kind for kind, _ in chain])
    for ours, (kind, layer) in zip(mine, chain):
        yield from differ("critical", ours["flags"], bytes(layer)[1])
        if "notify" in ours:
            yield from compare_notify(ours, layer)
            continue
        yield from differ(f"payload {kind}", ours["body"],
                          bytes(layer)[4:].hex())
        if kind == 34:
            yield from differ("key exchange", ours["body"][8:],
                              bytes(layer.load).hex())
        elif kind == 40:
            yield from differ("nonce", ours["body"], bytes(layer.load).hex())


def compare_header(mine, message):
    wanted = {"spi_i": message.init_SPI.hex(),
              "spi_r": message.resp_SPI.hex(),
              "next_payload": message.next_payload,
              "version": message.version, "exchange": message.exch_type,
              "flags": int(message.flags), "message_id": message.id,
              "length": message.length}
    for member, theirs in wanted.items():
        yield from differ(member, mine[member], theirs)


class Reader:
    """One capture."""

    def __init__(self, folder):
        self.ike, self.esp = ike_keys(folder), esp_keys(folder)
        self.fragments = {}
        self.opened = 0

    def keys_for(self, mine):
        both = self.ike.get((mine["spi_i"], mine["spi_r"]))
        return both[0 if mine["flags"] & 8 else 1] if both else None

    def compare_ike(self, mine, octets):
        message = ikev2.IKEv2(octets)
        yield from compare_header(mine, message)
        outer = chain_of(octets[16], octets[28:message.length])
        if mine["status"] == "clear":
            yield from compare_chain(mine["payloads"], outer)
        elif mine["status"] in ("opened", "fragment"):
            yield from self.compare_sealed(mine, octets, outer)

    def compare_sealed(self, mine, octets, outer):
        kind, sealed = outer[-1]
        keys = self.keys_for(mine)
        if kind not in (SK, SKF) or not keys:
            yield f"ours opened it, Scapy sees payload {kind} as the last"
            return
        size = 8 if kind == SKF else 4
        start = len(octets) - len(bytes(sealed))
        plain = keys.open(octets, start + size)
        if plain is None:
            return
        first = sealed.next_payload
        if kind == SKF:
            for what, theirs in (("fragment", sealed.frag_number),
                                 ("fragments", sealed.frag_total)):
                yield from differ(what, mine[what], theirs)
            name = (mine["spi_i"], mine["spi_r"], mine["flags"],
                    mine["message_id"], sealed.frag_total)
            parts = self.fragments.setdefault(name, {})
            parts[sealed.frag_number] = (first, plain)
            if mine["status"] == "fragment":
                return
            plain = b"".join(p for _, (_, p) in sorted(parts.items()))
            first = parts[1][0] if 1 in parts else 0
        self.opened += 1
        yield from differ("plaintext", mine["plaintext"], plain.hex())
        yield from compare_chain(mine["payloads"],
                                 outer[:-1] + chain_of(first, plain))

    def compare_esp(self, mine, octets):
        packet = ipsec.ESP(octets)
        for member, theirs in (("spi", packet.spi),
                               ("sequence", packet.seq)):
            yield from differ(member, mine[member], theirs)
        where = mine["destination"].rsplit(":", 1)[0].strip("[]")
        associations = self.esp.get((where, packet.spi)) or \
            self.esp.get((mine["destination"], packet.spi))
        if mine["status"] != "opened" or not associations:
            return
        plain = open_esp(associations, packet)
        if plain is None:
            yield "ours opened it, Scapy could not"
            return
        self.opened += 1
        for member, theirs in (("inner", bytes(plain.data).hex()),
                               ("iv", bytes(plain.iv).hex()),
                               ("next_header", plain.nh)):
            yield from differ(member, mine[member], theirs)


def open_esp(associations, packet):
    """Scapy's plaintext; with ESN the upper half is tried."""
    for a in associations:
        for esn in (None, 0, 1, 2):
            extended = {"esn_en": esn is not None, "esn": esn or 0}
            try:
                a.auth_algo.verify(packet, a.auth_key, **extended)
                return a.crypt_algo.decrypt(
                    a, packet, a.crypt_key,
                    a.crypt_algo.icv_size or a.auth_algo.icv_size, **extended)
            except ipsec.IPSecIntegrityError:
                continue
    return None


def compare(folder, ours):
    """(frames in the capture, compared, opened, [(frame, difference)])"""
    reader = Reader(folder)
    count, compared, differences = 0, 0, []
    for count, network in frames(os.path.join(folder, "trace.pcapng")):
        mine = ours.get(count)
        found = find(network) if mine else None
        if not found or mine["status"] == "malformed":
            continue
        kind, octets = found
        compared += 1
        if kind != mine["kind"]:
            differences.append((count, f"ours {mine['kind']}, Scapy {kind}"))
            continue
        one = reader.compare_ike if kind == "ike" else reader.compare_esp
        differences += [(count, text) for text in one(mine, octets)]
    return count, compared, reader.opened, differences
