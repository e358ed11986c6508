"""Provenance as builds sign it, and SBOMs as tools write them."""

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from importing import sha

BUILDER, BUILD = "https://build.example/trusted", "https://build.example/make/v1"
PROVENANCE = {
    "buildDefinition": {"buildType": BUILD, "internalParameters": {"any": 1}, "resolvedDependencies": [],
                        "externalParameters": {"ref": "refs/tags/v1", "steps": {"n": [1, 2], "test": True}}},
    "runDetails": {"builder": {"id": BUILDER}, "metadata": {"invocationId": "7"}}}
SUBJECTS = [{"name": "bin/app", "digest": {"sha256": sha(b"app"), "sha512": "x"}},
            {"name": "/usr/lib/liba.so.1", "digest": {"sha256": sha(b"so")}}]
TYPE = "application/vnd.in-toto+json"


def changed(value, path, new):
    """A copy with another value there; None takes it out."""
    value = json.loads(json.dumps(value))
    at, *rest = path
    if rest:
        value[at] = changed(value[at], rest, new)
    elif new is None:
        del value[at]
    else:
        value[at] = new
    return value


def statement(predicate=PROVENANCE, subjects=SUBJECTS, kind="https://slsa.dev/provenance/v1"):
    return {"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": kind, "predicate": predicate}


KEYS = {"P-256": ec.generate_private_key(ec.SECP256R1()), "P-384": ec.generate_private_key(ec.SECP384R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate(), "RSA": rsa.generate_private_key(65537, 2048)}
KEY = KEYS["P-256"]


def sign(key, content, kind=TYPE):
    content = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(content), content)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(content, ec.ECDSA(hashes.SHA384() if key.key_size == 384 else hashes.SHA256()))


def envelope(said, *keys, encode=base64.b64encode):
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return {"payloadType": TYPE, "payload": encode(content).decode(), "other": [],
            "signatures": [{"keyid": "any", "sig": encode(sign(k, content)).decode()} for k in keys or (KEY,)]}


def cyclonedx(*components, version="1.5"):
    return {"bomFormat": "CycloneDX", "specVersion": version, "metadata": {}, "components": list(components)}


def component(name, content=None, *inside, kind="file", **more):
    listed = [] if content is None else [{"alg": "MD5", "content": "x"}, {"alg": "SHA-256", "content": sha(content)}]
    return {"type": kind, "name": name, "hashes": listed, **({"components": list(inside)} if inside else {}), **more}


def spdx(*files):
    return {"spdxVersion": "SPDX-2.3", "packages": [{"name": "app"}], "files": [
        {"fileName": name, "checksums": [{"algorithm": "SHA1", "checksumValue": "x"},
                                         {"algorithm": "SHA256", "checksumValue": sha(content)}]} for name, content in files]}
