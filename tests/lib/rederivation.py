"""Each report of a log made again from the log and the evidence store alone, to the byte.

Written from proto/PROTOCOL.md (sections 5, 7, 9 and 11), as appraisal.py is. What a report says
that follows from nothing else is given by an Issuer (the settings of the signer) or taken from the
report: `iat`, `sub`, a signature that verifies, and the fields of the bundle, of which `jti` is the
digest.
"""

import base64
import collections
import ctypes
import hashlib
import json
import struct

import wire
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

import appraisal

COMPONENT, POLICY, REFERENCE, MANIFEST, CERTIFICATE = range(1, 6)
SIGNED_BEFORE = b"hallmark bundle signature v1\n"
RECORD = struct.Struct(">4sB3xII32s")
PROFILES = {False: "tag:github.com,2023:veraison/ear", True: "tag:ietf.org,2026:rats/ear#03"}

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


def base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def bundle_bytes(workload, nonce, fields):
    components = {kind: [bytes.fromhex(c["sha256"]), c["count"], c["size"]]
                  for kind, c in fields["components"].items()}
    return wire.pack({"v": 1, "workload": workload, "seq": fields["seq"],
                      "prev": bytes.fromhex(fields["prev"]), "nonce": nonce,
                      "boot": bytes.fromhex(fields["boot"]), "time": fields["time"],
                      "next_s": 0, "components": components})


def signature_parameters(key):
    """To sign with, or to verify."""
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        return (ec.ECDSA(hashes.SHA256()),)
    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        return padding.PKCS1v15(), hashes.SHA256()
    return ()


def check_signature(der, value, bundle, collector):
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [collector]
    key = certificate.public_key()
    key.verify(value, SIGNED_BEFORE + bundle, *signature_parameters(key))


class Rederivation:
    """Of one log, from its first entry on: what was before matters to each."""

    def __init__(self, store, issuer):
        self.store, self.issuer = store, issuer
        self.policies = {}
        self.newest_iat = 0
        self.previous = {}     # collector and workload: digest of their newest report
        self.last_signed = {}  # the same: iat of the newest that was signed

    def policy(self, identity):
        manifest = identity.rpartition("@sha256:")[2]
        if manifest not in self.policies:
            self.policies[manifest] = appraisal.Policy(
                self.store.get(MANIFEST, manifest),
                lambda digest: self.store.contents.get((POLICY, digest)) or
                self.store.contents.get((REFERENCE, digest), b""))
        return self.policies[manifest]

    def evidence(self, nonce, fields):
        components = {}
        for kind, c in fields["components"].items():
            components[kind] = content = self.store.get(COMPONENT, c["sha256"])
            count = len(appraisal.items_of(kind, content))
            assert (c["count"], c["size"]) == (count, len(content)), c
        return appraisal.Evidence(nonce, fields["time"], components)

    def remake(self, entry):
        """The bytes that the log should have in place of `entry`."""
        given = json.loads(entry)
        (workload, member), = given["submods"].items()
        draft = given["eat_profile"] == PROFILES[True]
        fields = given["hallmark.bundle"]
        nonce = base64url(member.get("eat_nonce", ""))
        bundle = bundle_bytes(workload, nonce, fields)
        iat, collector = given["iat"], given["sub"]
        assert iat >= self.newest_iat
        self.newest_iat = iat
        tail = self.tail(given, workload, bundle)
        policy = self.policy(member["ear_appraisal_policy_ids"][0] if draft else
                             member["ear.appraisal-policy-id"])
        judged = appraisal.Appraisal(policy, policy.workload(workload, collector),
                                     self.evidence(nonce, fields), iat,
                                     tail.get("hallmark.last-signed"))
        made = {"eat_profile": PROFILES[draft], "iat": iat, "exp": iat + self.issuer.lifetime_s,
                "iss": self.issuer.origin, "sub": collector,
                "jti": hashlib.sha256(bundle).hexdigest(),
                "ear_verifier_id" if draft else "ear.verifier-id": {
                    "developer": self.issuer.developer, "build": self.issuer.build},
                "submods": {workload: appraisal.verdict(judged, draft)},
                "hallmark.bundle": {**{k: fields[k] for k in ("seq", "prev", "boot", "time")},
                                    "offline": not nonce, "components": fields["components"]},
                **tail}
        self.previous[collector, workload] = hashlib.sha256(entry).hexdigest()
        return json.dumps(made, separators=(",", ":"), ensure_ascii=False).encode()

    def tail(self, given, workload, bundle):
        """The claims behind the bundle."""
        tail, chain = {}, (given["sub"], workload)
        if chain in self.previous:
            tail["hallmark.previous-report"] = self.previous[chain]
        if "hallmark.signature" in given:
            tail["hallmark.signature"] = signature = given["hallmark.signature"]
            check_signature(self.store.get(CERTIFICATE, signature["certificate"]),
                            base64url(signature["value"]), bundle, given["sub"])
            self.last_signed[chain] = given["iat"]
        if chain in self.last_signed:
            tail["hallmark.last-signed"] = self.last_signed[chain]
        return tail
