#!/usr/bin/python3
"""Makes the vectors of statements, operators and manifest, independently of the C code.

  make_statements.py           writes the files next to this script
  make_statements.py --check   compares them instead; exit 1 if one differs

Everything is deterministic: ECDSA with the nonce of RFC 6979, keys from labels. The private keys are
for these vectors and nothing else.
"""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from made import write_or_check

ORIGIN = "hallmark.example/prod-1"
TYPE = "application/vnd.hallmark.statement+json"
TIME_S = 1795514400  # 2026-11-24T10:00:00Z


def sha256(data):
    return hashlib.sha256(data).digest()


def stream(label):
    """Bytes without end that follow from a label."""
    count = 0
    while True:
        yield from sha256(f"hallmark vector: {label} {count}".encode())
        count += 1


def number(source, bits):
    return int.from_bytes(bytes(next(source) for _ in range(bits // 8)), "big")


# --- keys ----------------------------------------------------------------------------------------


class Key:
    """A private key, and how statements are signed by it."""

    def __init__(self, private):
        self.private = private
        self.spki = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.id = sha256(self.spki).hex()


class Ecdsa(Key):
    """With the nonce of RFC 6979, 3.2: OpenSSL's own is random."""

    def __init__(self, label, curve, order, hash_name):
        self.order, self.hash_name, self.size = order, hash_name, (order.bit_length() + 7) // 8
        self.d = number(stream(label), 8 * self.size) % (order - 1) + 1
        super().__init__(ec.derive_private_key(self.d, curve))
        self.curve = curve

    def nonce(self, digest):
        octets = (int.from_bytes(digest, "big") % self.order).to_bytes(self.size, "big")
        secret = self.d.to_bytes(self.size, "big") + octets
        v, k = b"\x01" * len(digest), b"\x00" * len(digest)
        for byte in (b"\x00", b"\x01"):
            k = hmac.digest(k, v + byte + secret, self.hash_name)
            v = hmac.digest(k, v, self.hash_name)
        v = hmac.digest(k, v, self.hash_name)
        nonce = int.from_bytes(v, "big")
        assert 0 < nonce < self.order
        return nonce

    def sign(self, data):
        digest = hashlib.new(self.hash_name, data).digest()
        k = self.nonce(digest)
        # r is the x of the nonce's point, as of any key's.
        r = ec.derive_private_key(k, self.curve).public_key().public_numbers().x % self.order
        s = pow(k, -1, self.order) * (int.from_bytes(digest, "big") + r * self.d) % self.order
        return utils.encode_dss_signature(r, s)


class Ed25519(Key):
    def __init__(self, label):
        source = stream(label)
        super().__init__(ed25519.Ed25519PrivateKey.from_private_bytes(
            bytes(next(source) for _ in range(32))))

    def sign(self, data):
        return self.private.sign(data)


class Rsa(Key):
    def __init__(self, label):
        source = stream(label)
        p, q = prime(source, 1024), prime(source, 1024)
        d = pow(65537, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(65537, p * q)
        super().__init__(rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q),
                                               rsa.rsa_crt_iqmp(p, q), public).private_key())
        assert self.private.key_size == 2048

    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


def prime(source, bits):
    while True:
        n = number(source, bits) | 3 << bits - 2 | 1
        if n % 65537 != 1 and all(pow(b, n - 1, n) == 1 for b in (2, 3, 5, 7, 11)):
            return n


ALICE = Ecdsa("operator alice", ec.SECP256R1(),
              0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, "sha256")
BOB = Ecdsa("operator bob", ec.SECP384R1(),
            0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
            "sha384")
CAROL = Ed25519("operator carol")
DAVE = Rsa("operator dave")

# --- what they sign ------------------------------------------------------------------------------


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def payload(kind, subject, not_after_s, reason, author, serial, not_before_s=TIME_S, **more):
    return to_json({"hallmark.statement": kind, "origin": ORIGIN, "subject": subject,
                    "not-before": not_before_s, "not-after": not_after_s, "reason": reason,
                    "author": author, "number": serial, **more}).encode()


def signed_bytes(body):
    """DSSE v1."""
    return f"DSSEv1 {len(TYPE)} {TYPE} {len(body)} ".encode() + body


def envelope(key, body):
    sig = base64.b64encode(key.sign(signed_bytes(body))).decode()
    return to_json({"payloadType": TYPE, "payload": base64.b64encode(body).decode(),
                    "signatures": [{"keyid": key.id, "sig": sig}]}).encode()


def operators():
    people = (("alice", "approve, revoke", ALICE, ", until: 2028-01-31T00:00:00Z"),
              ("bob", "approve, retire", BOB, ""), ("carol", "maintenance", CAROL, ""),
              ("dave", "retire, clock, retire-key, continue-key", DAVE, ""))
    lines = [f"  - {{name: {name}, rights: [{rights}], key: {base64.b64encode(key.spki).decode()}{more}}}"
             for name, rights, key, more in people]
    return "\n".join(["operators:", *lines, "thresholds:", "  - {kind: approve, count: 2}", ""])


def manifest(operators_text):
    def line(kind, name, content):
        return f"{kind} {name} {sha256(content).hex()}\n"

    return ("hallmark manifest v1\nsemantics 1\n" + line("collectors-ca", "hosts", b"certificates") +
            line("operators", "operators", operators_text.encode()) +
            line("policy", "trading", b"policy") + line("reference", "app-4.1", b"app 4.1") +
            line("reference", "app-4.2", b"app 4.2"))


def make():
    operators_text = operators()
    manifest_text = manifest(operators_text)
    following = {"manifest": sha256(manifest_text.encode()).hex()}
    day = TIME_S + 86400
    approve = payload("approve", following, day, "release 4.2, CHG-1234", "dora", 1795514400000)
    first = envelope(ALICE, approve)
    return {
        "statement-operators.yaml": operators_text.encode(),
        "statement-manifest.txt": manifest_text.encode(),
        "statement-approve.payload": approve,
        "statement-approve.json": first,
        "statement-approve-too.json": envelope(BOB, payload(
            "approve", following, day, "seen on staging", "dora", 1795514460000)),
        "statement-maintenance.json": envelope(CAROL, payload(
            "maintenance", {"collectors": "spiffe://example/collector/*", "workloads": "trading-*"},
            TIME_S + 10800, "disks of rack 7", "carol", 3, not_before_s=TIME_S + 3600)),
        "statement-retire.json": envelope(DAVE, payload(
            "retire", {"collector": "spiffe://example/collector/host-1", "workload": "trading-app"},
            day, "taken \"out\" of service \\ sold", "dave", 1)),
        "statement-revoke.json": envelope(ALICE, payload(
            "revoke", {"statement": sha256(first).hex()}, day, "wrong build", "alice", 1795514520000)),
        "statement-clock.json": envelope(DAVE, payload(
            "clock", {"from": str(TIME_S + 20 * 86400)}, TIME_S + 3600, "NTP", "erin", 2)),
        "statement-retire-key.json": envelope(DAVE, payload(
            "retire-key", {"key": sha256(b"a log's key").hex(), "since": str(TIME_S - 3600)}, day,
            "the token was seen elsewhere", "dave", 4)),
        "statement-continue-key.json": envelope(DAVE, payload(
            "continue-key", {"from": sha256(b"a log's key").hex(), "root": sha256(b"").hex(), "size": "0",
                             "to": sha256(b"another").hex()}, day, "the token is broken", "dave", 5)),
        "statement-act-grant.json": envelope(CAROL, payload(
            "act-grant", {"act": "freeze", "collector": "spiffe://example/collector/host-1",
                          "report": sha256(b"a report").hex(), "workload": "trading-app"}, TIME_S + 900,
            "INC-77", "carol", 8)),
        "statement-break-glass.json": envelope(CAROL, payload(
            "break-glass", {"collectors": "spiffe://example/collector/*", "workloads": "*"}, TIME_S + 3600,
            "market opens", "carol", 9)),
        "statement-hold.json": envelope(DAVE, payload(
            "hold", {"from": "1", "to": "2"}, day, "a case", "erin", 3,
            **{"hallmark.extensions": {"drift": [1, True, "a"], "ticket": {"id": "é"}}})),
    }


if __name__ == "__main__":
    write_or_check(make)
