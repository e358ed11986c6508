"""Files that a policy reads by a source, written from proto/PROTOCOL.md alone (section 11).

Signatures are checked by another library than Hallmark's own code does.
"""

import base64
import json
import posixpath

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding

TYPE = "application/vnd.in-toto+json"
STATEMENT, SLSA = "https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1"
SBOMS = {"bomFormat": ("name", "hashes", "alg", "SHA-256", "content"),
         "spdxVersion": ("fileName", "checksums", "algorithm", "SHA256", "checksumValue")}


def read(source, content):
    """path: its digest in hex"""
    document = json.loads(content)
    if "payloadType" in document:
        named = subjects(source, opened(source, document))
    else:
        form = next(f for f in SBOMS if f in document)
        assert "keys" not in source
        files = document["files"] if form == "spdxVersion" else components(document)
        named = [(f[SBOMS[form][0]], digest) for f in files if f.get(SBOMS[form][0]) and
                 (digest := sha256_of(f, *SBOMS[form][1:]))]
    paths = {}
    for name, digest in named:
        path = name if name.startswith("/") else source["under"].rstrip("/") + "/" + name.removeprefix("./")
        assert paths.setdefault(path.encode(), digest) == digest and posixpath.normpath(path) == path
    assert paths
    return paths


def sha256_of(file, hashes_of, algorithm, name, content):
    return next((h[content].lower() for h in file.get(hashes_of, []) if h.get(algorithm) == name), None)


def components(document):
    assert document["specVersion"] in ("1.4", "1.5", "1.6")
    for one in document.get("components", []):
        if one.get("type") == "file":
            yield one
        yield from components({**one, "specVersion": "1.6"})


def decoded(text):
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)


def opened(source, envelope):
    payload = decoded(envelope["payload"])
    signed = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)
    keys = [serialization.load_der_public_key(base64.b64decode(k)) for k in source["keys"]]
    assert envelope["payloadType"] == TYPE
    assert any(holds(k, decoded(s["sig"]), signed) for k in keys for s in envelope["signatures"])
    return json.loads(payload)


def holds(key, signature, signed):
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(hashes.SHA384() if key.key_size == 384 else hashes.SHA256()))
        else:
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def subjects(source, statement):
    assert statement["_type"] == STATEMENT
    if statement["predicateType"] == SLSA:
        definition, details = statement["predicate"]["buildDefinition"], statement["predicate"]["runDetails"]
        assert details["builder"]["id"] in source["builders"] and definition["buildType"] in source["build_types"]
        allowed = [p.split("=", 1) for p in source.get("parameters", [])]
        assert {name for name, _ in allowed} == set(definition["externalParameters"])
        for name, value in definition["externalParameters"].items():
            assert any(n == name and (v == value if isinstance(value, str) else json.loads(v) == value)
                       for n, v in allowed)
    else:
        assert statement["predicateType"] in source["predicate_types"]
    return [(s["name"], s["digest"]["sha256"]) for s in statement["subject"]
            if s.get("name") and "sha256" in s.get("digest", {})]
