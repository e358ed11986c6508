"""Transcripts of ceremonies as proto/PROTOCOL.md has them (section 13), written here and read. Shares no code
with Hallmark."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

TYPE = "application/vnd.hallmark.transcript+json"


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def spelled(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def people():
    """Who was there: one has a key on P-256, the other one of Ed25519."""
    return {"alice": ec.generate_private_key(ec.SECP256R1()), "bob": ed25519.Ed25519PrivateKey.generate()}


def payload(origin, keys, present):
    """`keys`: SubjectPublicKeyInfo of each of the log's."""
    return spelled({
        "hallmark.transcript": origin, "time": "2026-11-30T00:00:00Z", "token": {"serial": "7"},
        "keys": [{"label": f"key {n}", "public": base64.b64encode(k).decode()} for n, k in enumerate(keys)],
        "guard": {"size": 0, "root": "00" * 32}, "attestations": [],
        "present": [{"name": n, "key": base64.b64encode(spki(k)).decode()} for n, k in present.items()]})


def envelope(said, signers):
    text = f"DSSEv1 {len(TYPE)} {TYPE} {len(said)} ".encode() + said
    return spelled({"payloadType": TYPE, "payload": base64.b64encode(said).decode(), "signatures": [
        {"keyid": hashlib.sha256(spki(k)).hexdigest(),
         "sig": base64.b64encode(k.sign(text, *([ec.ECDSA(hashes.SHA256())]
                                                if isinstance(k, ec.EllipticCurvePrivateKey) else []))).decode()}
        for k in signers]})


def transcript(origin, keys, present=None):
    """Signed by all who were present."""
    present = present or people()
    return envelope(payload(origin, keys, present), present.values())
