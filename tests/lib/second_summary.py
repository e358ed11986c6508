"""Verification summaries, written from section 10 of PROTOCOL.md and the specifications of in-toto and DSSE alone."""

import base64
import datetime
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

import second_auditor as auditor
import second_forms as forms

PAYLOAD_TYPE = "application/vnd.in-toto+json"
UNRESERVED = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def escaped(name):
    return "".join(chr(b) if b in UNRESERVED else f"%{b:02X}" for b in name.encode())


def summary_of(entry, index, profile):
    """The payload's bytes: all that is said of a report on a start. `profile` as hsm.yaml has it."""
    tree = auditor.read(entry)
    draft = tree.get("eat_profile") == auditor.DRAFT
    (chain, appraisal), = tree.get("submods")
    assert chain.endswith("/start")
    workload = chain[:-len("/start")]
    fields = tree.get("hallmark").get("bundle") if draft else tree.get("hallmark.bundle")
    form, artifact = auditor.extension_map(auditor.unbase64url(fields.get("extensions")))["artifact"]
    verifier = tree.get("ear_verifier_id" if draft else "ear.verifier-id")
    policy = appraisal.get("ear_appraisal_policy_ids")[0] if draft else appraisal.get("ear.appraisal-policy-id")
    name, digest = policy.split("@sha256:")
    status = appraisal.get("ear_status" if draft else "ear.status")
    passed = status == "affirming"
    moment = datetime.datetime.fromtimestamp(tree.get("iat"), datetime.timezone.utc)
    return json.dumps({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": workload, "digest": {"sha256": artifact.hex()}, "annotations": {
            "hallmark.artifact": form, "hallmark.collector": tree.get("sub"), "hallmark.log": tree.get("iss"),
            "hallmark.index": index, "hallmark.leaf": forms.leaf_hash(entry).hex(), "hallmark.status": status}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": profile["verifier"], "version": {verifier.get("developer"): verifier.get("build")}},
            "timeVerified": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resourceUri": profile["resources"] + escaped(workload),
            "policy": {"uri": profile["policies"] + escaped(name), "digest": {"sha256": digest}},
            "inputAttestations": [{"digest": {"sha256": hashlib.sha256(entry).hexdigest()}}],
            "verificationResult": "PASSED" if passed else "FAILED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if passed else "FAILED"]}},
        separators=(",", ":"), ensure_ascii=False).encode()


def open_envelope(envelope, key):
    """The payload that this key has signed."""
    read = json.loads(envelope)
    signature, = read["signatures"]
    payload = forms.strict_base64(read["payload"])
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert signature["keyid"] == hashlib.sha256(spki).hexdigest()
    assert envelope == json.dumps({
        "payloadType": PAYLOAD_TYPE, "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": signature["keyid"], "sig": signature["sig"]}]}, separators=(",", ":")).encode()
    signed = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload
    raw = forms.strict_base64(signature["sig"])
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(raw, signed, ec.ECDSA({256: hashes.SHA256, 384: hashes.SHA384}[key.key_size]()))
    else:
        key.verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
    return payload
