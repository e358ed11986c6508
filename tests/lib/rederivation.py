"""Each report of a log made again from the log and the evidence store alone, to the byte.

Written from proto/PROTOCOL.md (sections 5, 7, 9 and 11), as appraisal.py is. What a report says
that follows from nothing else is given by an Issuer (the settings of the signer) or taken from the
report: `iat`, `sub`, a signature that verifies, and the fields of the bundle, of which `jti` is the
digest.
"""

import collections
import ctypes
import hashlib
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

import appraisal
import entries
import statements
import wire

COMPONENT, POLICY, REFERENCE, MANIFEST, CERTIFICATE, IN_FORCE = range(1, 7)
STATEMENT, PACKAGE_LIST, FEED = 7, 10, 11
SIGNED_BEFORE = b"hallmark bundle signature v1\n"
RECORD = struct.Struct(">4sB3xII32s")

Issuer = collections.namedtuple("Issuer", "origin developer build lifetime_s")


def inflate(data, size):
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                                     ctypes.c_size_t]
    room = ctypes.create_string_buffer(size)
    assert zstd.ZSTD_decompress(room, size, data, len(data)) == size
    return room.raw


class Store:
    """The contents of all packs, by kind and hex digest."""

    def __init__(self, directory):
        self.contents = {}
        for path in sorted(directory.glob("pack-*")):
            self.read(path.read_bytes())

    def read(self, data):
        at = 0
        while len(data) - at >= RECORD.size:
            magic, kind, size, stored, digest = RECORD.unpack_from(data, at)
            assert magic == b"HMP1"
            at += RECORD.size
            content = data[at:at + stored]
            at += stored
            if len(content) < stored:
                return  # torn
            content = inflate(content, size) if stored < size else content
            assert hashlib.sha256(content).digest() == digest
            self.contents[kind, digest.hex()] = content

    def get(self, kind, digest):
        return self.contents[kind, digest]


def signature_parameters(key):
    """To sign with, or to verify."""
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        return (ec.ECDSA(hashes.SHA256()),)
    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return padding.PKCS1v15(), hashes.SHA256()
    return ()


def first_der(data):
    """The first of DER values that stand one behind the other."""
    size, width = data[1], 0
    if size & 0x80:
        width = size & 0x7F
        size = int.from_bytes(data[2:2 + width], "big")
    return data[:2 + width + size]


def check_signature(chain, value, bundle, collector):
    certificate = x509.load_der_x509_certificate(first_der(chain))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [collector]
    key = certificate.public_key()
    key.verify(value, SIGNED_BEFORE + bundle, *signature_parameters(key))


class Rederivation:
    """Of one log, from its first entry on: what was before matters to each. Where not all entries are
    handed in, the place of a report's notice is taken on its word."""

    def __init__(self, store, issuer, whole=True):
        self.store, self.issuer, self.whole = store, issuer, whole
        self.policies = {}
        self.count = 0         # entries so far
        self.notice = None     # place of the newest
        self.manifest = None   # in force
        self.statements = []   # in force
        self.feeds = {}        # in force: digest, and when it was written, by name
        self.newest_iat = 0
        self.previous = {}     # collector and workload: leaf hash of their newest entry
        self.last_signed = {}  # the same: iat of the newest report that was signed

    def policy(self, identity):
        manifest = identity.rpartition("@sha256:")[2]
        if manifest not in self.policies:
            self.policies[manifest] = appraisal.Policy(
                self.store.get(MANIFEST, manifest),
                lambda digest: next((self.store.contents[kind, digest] for kind in (POLICY, REFERENCE, PACKAGE_LIST, MANIFEST)
                                     if (kind, digest) in self.store.contents), b""))
        return self.policies[manifest]

    def evidence(self, nonce, fields, extensions):
        components, made = {}, {}
        for kind, c in fields["components"].items():
            content = self.store.get(COMPONENT, c["sha256"])
            found, made[kind], items = wire.join(content, lambda d: self.store.get(COMPONENT, d.hex()))
            assert (found, c["count"], c["size"]) == (kind, len(items), len(content)), c
            components[kind] = items
        return appraisal.Evidence(nonce, fields["time"], components, made, extensions.get("artifact"))

    def remake(self, entry):
        """The bytes that the log should have in place of `entry`."""
        given = json.loads(entry)
        assert given["iat"] >= self.newest_iat and given["iss"] == self.issuer.origin
        self.newest_iat = given["iat"]
        made = getattr(self, f"remake_{entries.kind_of(entry)}")(entry, given)
        self.count += 1
        return entries.to_json(made)

    def remake_notice(self, entry, given):
        """Its subject, and what is in force, are taken from it; the rest follows."""
        listed = self.store.get(IN_FORCE, given["hallmark.in-force"])
        kind, subject = given["hallmark.notice"], given["hallmark.subject"]
        if kind == "manifest":
            self.manifest = subject["sha256"]
        in_force = [line.split()[1] for line in listed.decode().splitlines()
                    if line.startswith("manifest ")]
        assert in_force == ([self.manifest] if self.manifest else [])
        self.statements = [statements.Statement(self.store.get(STATEMENT, line.split()[1]))
                           for line in listed.decode().splitlines() if line.startswith("statement ")]
        self.feeds = {name: (digest, int(written)) for kind_of, name, digest, written in (
            line.split() for line in listed.decode().splitlines() if line.startswith("feed "))}
        assert kind != "feed" or self.feeds[subject["name"]] == (subject["sha256"], subject["written"])
        made = entries.notice(kind, given["iat"], self.issuer.origin, self.notice, listed, subject)
        self.notice = entries.place(self.count, entry)
        return made

    def remake_absence(self, entry, given):
        silent = [(a["workload"], a["due"], a["count"], a["report"],
                   self.previous[given["sub"], a["workload"]]) for a in given["hallmark.absent"]]
        assert all(due < given["iat"] for _, due, _, _, _ in silent)
        for workload, *_ in silent:
            self.previous[given["sub"], workload] = entries.leaf_hash(entry)
        return entries.absence(given["iat"], self.issuer.origin, given["sub"], silent, self.notice)

    def remake_report(self, entry, _):
        said = entries.Report(entry)
        bundle = said.bundle()
        behind = self.behind(said, bundle)
        assert not self.whole or said.policy.endswith(f"@sha256:{self.manifest}")
        policy = self.policy(said.policy)
        verdict = appraisal.decided(policy, said.workload, said.collector,
                                    self.evidence(said.nonce, said.own["bundle"], said.bundle_extensions()), said.iat, behind.get("last-signed"),
                                    appraisal.Revoked(self.statements, (said.collector, said.workload), said.iat,
                                                      {n: (self.store.get(FEED, d), w) for n, (d, w) in self.feeds.items()}))
        head = entries.Head(said.iat, said.iat + self.issuer.lifetime_s, self.issuer.origin,
                            said.collector, self.issuer.developer, self.issuer.build)
        self.previous[said.collector, said.workload] = entries.leaf_hash(entry)
        return entries.report(bundle, head, verdict, behind, said.draft)

    def behind(self, said, bundle):
        """The claims behind the bundle."""
        behind, chain = {}, (said.collector, said.workload)
        behind["notice"] = self.notice if self.whole else said.own["notice"]
        if chain in self.previous:
            behind["previous-report"] = self.previous[chain]
        if "signature" in said.own:
            behind["signature"] = signature = said.own["signature"]
            check_signature(self.store.get(CERTIFICATE, signature["certificate"]),
                            entries.base64url_bytes(signature["value"]), bundle, said.collector)
            self.last_signed[chain] = said.iat
        if chain in self.last_signed:
            behind["last-signed"] = self.last_signed[chain]
        if "extensions" in said.own:
            behind["extensions"] = said.own["extensions"]
        return behind
