"""A client of the register that believes nothing but the log's certificate: verifies the proof that
comes with an answer, from sections 8 and 9 of PROTOCOL.md alone."""

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


def sha256(data):
    return hashlib.sha256(data).digest()


class NotProved(Exception):
    pass


def root_of(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2: the root that the path leads to."""
    if index >= size:
        raise NotProved(f"entry {index} is not in a tree of {size}")
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise NotProved("the path is too long")
        if node & 1 or node == last:
            root = sha256(b"\1" + sibling + root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = sha256(b"\1" + root + sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise NotProved("the path is too short")
    return root


def open_note(note, certificate):
    """Origin, size and root of a signed checkpoint: of its lines the one by this key has to verify."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    key = certificate.public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for line in signatures.splitlines():
        _, name, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            wanted = sha256(spki)[:4]
        else:
            wanted = sha256(name.encode() + b"\n\x01" + spki[-32:])[:4]
        if name != origin or value[:4] != wanted:
            continue
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value[4:], text.encode())
        else:
            key.verify(value[4:], text.encode(), ec.ECDSA(hashes.SHA256()))
        return origin, int(size), base64.b64decode(root, validate=True)
    raise NotProved("no signature by the log's key")


def verify(entry, index, path, note, pem):
    """The origin of the log that has `entry` at `index`."""
    origin, size, root = open_note(note, x509.load_pem_x509_certificate(pem))
    if root_of(sha256(b"\0" + entry), index, size, path) != root:
        raise NotProved("the path leads to another root")
    return origin


def verify_answer(said, pem):
    """The `entry` of an answer of /v1/reports."""
    entry = said["entry"]
    data = entry["entry"].encode()
    if sha256(b"\0" + data).hex() != entry["leaf"]:
        raise NotProved("the leaf is another one")
    path = [base64.b64decode(h, validate=True) for h in entry["proof"]["hashes"]]
    return verify(data, entry["index"], path, entry["proof"]["checkpoint"], pem)


def verify_receipt(text, pem):
    """A .tlog-proof; gives (origin, index, entry)."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("extra "):
        raise NotProved("not a receipt with its report")
    entry = base64.b64decode(lines[1][6:], validate=True)
    index = int(lines[2].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    return verify(entry, index, path, note, pem), index, entry
