#!/usr/bin/python3
"""Makes small real logs: key, certificate, tlog-tiles directory, receipts, evidence packs.

  make_log.py DIRECTORY [--size N] [--workloads N]     DIRECTORY/{signer.crt,log,receipts,evidence}

Written from the standards (RFC 6962, C2SP tlog-tiles, signed-note, tlog-checkpoint, tlog-proof) and
the formats' descriptions; shares no code with Hallmark, so the auditor is tested against somebody
else's log. Tests import it to make logs that lie.
"""

import argparse
import base64
import datetime
import hashlib
import pathlib
import struct
import sys

import msgpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import entries
import wire

ORDERS = {"secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
          "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973}
ORIGIN = "hallmark.test/made"
COLLECTOR = "spiffe://test/host1"
TIME_S = 1795514400  # 2026-11-24T10:00:00Z
ZERO = bytes(32)
BUILD = "make_log"
(COMPONENT, POLICY, REFERENCE, MANIFEST, CERTIFICATE, IN_FORCE, STATEMENT, OPERATORS,
 CA) = range(1, 10)
RSA_IDENTIFIER = b"hallmark-rsa-pkcs1-sha256/1"
PSS_IDENTIFIER = b"hallmark-rsa-pss-sha256/1"
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
KINDS = {"ec": lambda: ec.generate_private_key(ec.SECP256R1()),
         "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
         "rsa": lambda: rsa.generate_private_key(65537, 2048),
         "rsa-pss": lambda: rsa.generate_private_key(65537, 2048),
         "ed25519": ed25519.Ed25519PrivateKey.generate}


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


# --- key, note -----------------------------------------------------------------------------------


class Key:
    """A log's key and its certificate; `beside`: another key, which signs every checkpoint too."""

    def __init__(self, name=ORIGIN, kind="ec", start=TIME_S - 86400, days=3650, beside=None):
        self.kind, self.beside = kind, beside
        self.private = KINDS[kind]()
        self.spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = datetime.datetime.utcfromtimestamp(start)
        self.certificate = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
            .public_key(self.private.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=days))
            .sign(self.private, None if kind == "ed25519" else hashes.SHA256()))

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def typed(self):
        """Type, identifier and key, as a verifier key line has them."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return b"\xff" + (PSS_IDENTIFIER if self.kind == "rsa-pss" else RSA_IDENTIFIER) + self.spki
        if self.kind == "ed25519":
            return b"\x01" + self.spki[-32:]
        return b"\x02" + self.spki

    def key_id(self, name):
        if self.typed()[0] == 2:
            return sha256(self.spki)[:4]
        return sha256(name.encode() + b"\n" + self.typed())[:4]

    def line(self, name=ORIGIN):
        """The verifier key line, and its line feed."""
        return f"{name}+{self.key_id(name).hex()}+{b64(self.typed())}\n".encode()

    def sign(self, text, lower=True):
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(text, PSS if self.kind == "rsa-pss" else padding.PKCS1v15(),
                                     hashes.SHA256())
        if self.kind == "ed25519":
            return self.private.sign(text)
        r, s = utils.decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
        order = ORDERS[self.private.curve.name]
        s = min(s, order - s) if lower else max(s, order - s)
        return utils.encode_dss_signature(r, s)

    def signature_line(self, text, name, **options):
        return f"\u2014 {name} {b64(self.key_id(name) + self.sign(text, **options))}\n".encode()

    def note(self, text, name, **options):
        also = self.beside.signature_line(text, name) if self.beside else b""
        return text + b"\n" + self.signature_line(text, name, **options) + also


# --- tree ----------------------------------------------------------------------------------------


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """RFC 6962, with the complete subtrees kept: level[l][i] is the root of 2^l leaves."""

    def __init__(self):
        self.levels = [[]]

    def append(self, leaf):
        self.levels[0].append(leaf)
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            self.levels[level + 1].append(node_hash(*self.levels[level][-2:]))
            level += 1

    def root(self, start, end):
        """Of the leaves from `start` up to `end`, `start` being where a subtree may begin."""
        size = end - start
        if size == 0:
            return sha256(b"")
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            return self.levels[level][start >> level]
        split = 1 << (size - 1).bit_length() - 1
        return node_hash(self.root(start, start + split), self.root(start + split, end))

    def path(self, index, start, end):
        """RFC 6962, 2.1.1: from the leaf to the root."""
        if end - start == 1:
            return []
        split = 1 << (end - start - 1).bit_length() - 1
        if index < start + split:
            return self.path(index, start, start + split) + [self.root(start + split, end)]
        return self.path(index, start + split, end) + [self.root(start, start + split)]


# --- log -----------------------------------------------------------------------------------------


def tile_name(level, number, width=256):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


class Log:
    def __init__(self, key=None, origin=ORIGIN):
        self.key = key or Key(origin)
        self.origin = origin
        self.entries = []
        self.tree = Tree()

    def append(self, entry):
        self.entries.append(entry)
        self.tree.append(leaf_hash(entry))
        return len(self.entries) - 1

    def checkpoint_text(self, size=None, root=None):
        size = len(self.entries) if size is None else size
        root = self.tree.root(0, size) if root is None else root
        return f"{self.origin}\n{size}\n{b64(root)}\n".encode()

    def checkpoint(self, size=None):
        return self.key.note(self.checkpoint_text(size), self.origin)

    def files(self, size=None):
        """Path to content, for the tree of this size."""
        size = len(self.entries) if size is None else size
        out = {"checkpoint": self.checkpoint(size)}
        level = 0
        while size >> 8 * level:
            count = size >> 8 * level
            for first in range(0, count, 256):
                width = min(256, count - first)
                hashes_ = (self.tree.levels[8 * level][first:first + width])
                out[tile_name(level, first // 256, width)] = b"".join(hashes_)
            level += 1
        for first in range(0, size, 256):
            width = min(256, size - first)
            out[tile_name("entries", first // 256, width)] = b"".join(
                struct.pack(">H", len(e)) + e for e in self.entries[first:first + width])
        return out

    def write(self, directory, size=None):
        for name, content in self.files(size).items():
            path = pathlib.Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def receipt(self, index, size=None, note=None):
        size = len(self.entries) if size is None else size
        lines = ["c2sp.org/tlog-proof@v1", "extra " + b64(self.entries[index]), f"index {index}"]
        lines += [b64(h) for h in self.tree.path(index, 0, size)]
        return "\n".join(lines).encode() + b"\n\n" + (note or self.checkpoint(size))


# --- evidence and reports ------------------------------------------------------------------------


def component(kind, items):
    return msgpack.packb([kind, 1, [], sorted(items)], use_bin_type=True)


def file_item(path, content, mode=0o100755, flags=0):
    return [path.encode(), sha256(content), len(content), mode, 0, 0, flags, []]


KNOWN = b"the program"
POLICY_TEXT = b"""name: made
references:
  - name: known
    file: known.sha256
workloads:
  - match: "*"
    collectors: ["spiffe://test/*"]
    require: [executable]
    executable:
      references: [known]
"""
REFERENCE_TEXT = f"{sha256(KNOWN).hex()}  /usr/bin/app\n".encode()
MANIFEST_TEXT = (f"hallmark manifest v1\nsemantics 1\npolicy made {sha256(POLICY_TEXT).hex()}\n"
                 f"reference known {sha256(REFERENCE_TEXT).hex()}\n").encode()
GOOD = component("executable", [file_item("/usr/bin/app", KNOWN)])
EVIL = component("executable", [file_item("/usr/bin/app", b"another program")])


# What is in force behind the first notice, and behind the second.
NOTHING = entries.in_force()
LISTED = entries.in_force(f"manifest {sha256(MANIFEST_TEXT).hex()}")
LISTS = ((IN_FORCE, NOTHING), (IN_FORCE, LISTED))


def notices(origin=ORIGIN, time_s=TIME_S):
    """With which every log begins: the signer was started, and a policy is in force."""
    start = entries.to_json(entries.notice("start", time_s, origin, None, NOTHING, {
        "cause": "start", "from": time_s, "to": time_s, "build": BUILD}))
    return [start, entries.to_json(entries.notice(
        "manifest", time_s, origin, entries.place(0, start), LISTED,
        {"sha256": sha256(MANIFEST_TEXT).hex(), "approvals": []}))]


def pack_record(kind, content, digest=None):
    return (b"HMP1" + bytes([kind, 0, 0, 0]) + struct.pack(">II", len(content), len(content)) +
            (digest or sha256(content)) + content)


def evidence(*more):
    """A pack with the policy, what is in force behind the first notices, and both components; `more`:
    (kind, content)."""
    records = [(MANIFEST, MANIFEST_TEXT), (POLICY, POLICY_TEXT), (REFERENCE, REFERENCE_TEXT),
               (COMPONENT, GOOD), (COMPONENT, EVIL), *LISTS, *more]
    return b"".join(pack_record(kind, content) for kind, content in records)


def finding_of(data):
    """The one finding that this policy makes of EVIL, in the appraisal's words."""
    found = msgpack.unpackb(data, raw=True)[3][0][1]
    return {"kind": "executable", "code": "changed-file", "subject": "/usr/bin/app",
            "detail": f"expected sha256 {sha256(KNOWN).hex()}, found {found.hex()}"}


OFFLINE = [{"kind": "bundle", "code": "offline-evidence", "subject": "", "detail":
            "gathered without a nonce: its time of measurement is only the collector's word"}]


class Workload:
    """Makes the reports of one workload, each chained to the one before. They name the second of the
    notices with which every log begins, but for `notice`: the place of another."""

    def __init__(self, name, origin=ORIGIN, collector=COLLECTOR):
        self.name, self.origin, self.collector = name, origin, collector
        self.seq, self.prev, self.previous, self.last_signed = 0, ZERO, None, None
        self.notice = entries.place(1, notices(origin)[1])
        self.policy = "made@sha256:" + sha256(MANIFEST_TEXT).hex()

    def report(self, data=GOOD, time_s=TIME_S, status=None, findings=None, vector=None,
               total=None, signer=None, notice=None, next_s=0, ext=None, extensions=None,
               gap=None, measured_ms=None, **changes):
        """`gap`: it is a gap record, of this place. `signer`: (certificates in DER, function) of a collector that vouches for the bundle, whose
        extensions are `ext`; the report's are `extensions`. `total`: of all findings."""
        evil = data == EVIL
        self.seq += 1
        count = wire.count_of(data)
        bundle = entries.pack({
            "v": 1, "workload": self.name, "seq": self.seq, "prev": self.prev,
            "nonce": sha256(f"{self.name} {self.seq}".encode()) if gap is None else b"",
            "boot": bytes(16),
            "time": time_s * 1000 if measured_ms is None else measured_ms, "next_s": next_s,
            "components": {"executable": [sha256(data), count, len(data)]},
            **({"ext": ext} if ext else {"ext": {"gap": gap}} if gap is not None else {})})
        if findings is None:
            findings = ([finding_of(data)] if evil else []) + (OFFLINE if gap is not None else [])
        verdict = {"status": status or ("contraindicated" if evil else "affirming" if gap is None else
                                        "warning"),
                   "vector": vector or {"instance-identity": 2, "executables": 96 if evil else 2},
                   "policy": self.policy,
                   "references": [sha256(REFERENCE_TEXT).hex()], "findings": findings,
                   "finding-count": len(findings) if total is None else total,
                   "not-checked": []}
        head = entries.Head(time_s, time_s + 3600, self.origin, self.collector, "hallmark", BUILD)
        claims = entries.report(bundle, head, verdict,
                                self.behind(bundle, time_s, signer, notice, extensions))
        claims.update(changes)
        entry = entries.to_json(claims)
        self.prev, self.previous = sha256(bundle), leaf_hash(entry)
        return entry

    def behind(self, bundle, time_s, signer, notice, extensions):
        behind = {"notice": notice or self.notice}
        if self.previous is not None:
            behind["previous-report"] = self.previous.hex()
        if signer is not None:
            value = signer[1](b"hallmark bundle signature v1\n" + bundle)
            behind["signature"] = {"certificate": sha256(signer[0]).hex(),
                                   "value": entries.base64url(value)}
            self.last_signed = time_s
        if self.last_signed is not None:
            behind["last-signed"] = self.last_signed
        if extensions is not None:
            behind["extensions"] = extensions
        return behind

    def absence(self, due, count, report, time_s, notice=None):
        """That this workload alone was silent; `report`: index of its newest one."""
        entry = entries.to_json(entries.absence(
            time_s, self.origin, self.collector,
            [(self.name, due, count, report, self.previous.hex())], notice or self.notice))
        self.previous = leaf_hash(entry)
        return entry


def log_of(*more, key=None, origin=ORIGIN):
    """The notices with which every log begins, and these entries."""
    log = Log(key, origin)
    for entry in [*notices(origin), *more]:
        log.append(entry)
    return log


def make(size, workloads=3, key=None, origin=ORIGIN, evil_every=5):
    """A log of this many honest entries: two notices, and reports."""
    log = Log(key, origin)
    names = [Workload(f"app-{i}", origin) for i in range(workloads)]
    for entry in notices(origin)[:size]:
        log.append(entry)
    for i in range(2, size):
        data = EVIL if evil_every and i % evil_every == evil_every - 1 else GOOD
        log.append(names[(i - 2) % workloads].report(data, TIME_S + i // 100))
    return log


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--workloads", type=int, default=3)
    arguments = parser.parse_args()
    log = make(arguments.size, arguments.workloads)
    top = arguments.directory
    for name in ("log", "receipts", "evidence"):
        (top / name).mkdir(parents=True, exist_ok=True)
    (top / "signer.crt").write_bytes(log.key.pem())
    log.write(top / "log")
    (top / "evidence/pack-00000001").write_bytes(evidence())
    for index in sorted({0, arguments.size // 2, arguments.size - 1} if arguments.size else set()):
        (top / f"receipts/entry-{index}.tlog-proof").write_bytes(log.receipt(index))


if __name__ == "__main__":
    sys.exit(main())
