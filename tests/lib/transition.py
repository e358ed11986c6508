"""The transition of a log from one key to the next, read from proto/PROTOCOL.md (section 9). Shares no code
with Hallmark."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding


class Wrong(Exception):
    """It is not a transition that both keys have signed."""


def demand(condition, what):
    if not condition:
        raise Wrong(what)


def decoded(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong(text) from error
    demand(base64.b64encode(raw).decode() == text, text)
    return raw


def opened(note):
    """(origin, [id of the old key, of the new one]), where both have signed."""
    try:
        text, signatures = note.decode().split("\n\n")
        first, origin, old, new, time = text.split("\n")
        lines = signatures.split("\n")
    except ValueError as error:
        raise Wrong("form") from error
    demand(first == "hallmark key transition v1", first)
    demand([origin[:7], old[:5], new[:3], time[:5]] == ["origin ", "from ", "to ", "time "], "members")
    demand(str(int(time[5:])) == time[5:] if time[5:].isdigit() else False, time)
    spkis = [decoded(old[5:]), decoded(new[3:])]
    demand(spkis[0] != spkis[1] and len(lines) == 3 and lines[2] == "", "keys, lines")
    for spki, line in zip(spkis, lines):
        check_line(line, origin[7:], spki, (text + "\n").encode())
    return origin[7:], [hashlib.sha256(spki).hexdigest() for spki in spkis]


def check_line(line, origin, spki, text):
    try:
        dash, name, encoded = line.split(" ")
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Wrong(line) from error
    demand(dash == "\u2014" and name == origin, line)
    raw = decoded(encoded)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            demand(raw[:4] == hashlib.sha256(spki).digest()[:4], "key id")
            key.verify(raw[4:], text, ec.ECDSA(hashes.SHA256()))
        else:
            verify_rsa(key, raw, text, origin, spki)
    except InvalidSignature as error:
        raise Wrong("signature") from error


def verify_rsa(key, raw, text, origin, spki):
    schemes = {b"hallmark-rsa-pkcs1-sha256/1": padding.PKCS1v15(),
               b"hallmark-rsa-pss-sha256/1": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}
    for identifier, scheme in schemes.items():
        named = origin.encode() + b"\n\xff" + identifier + spki
        if raw[:4] == hashlib.sha256(named).digest()[:4]:
            key.verify(raw[4:], text, scheme, hashes.SHA256())
            return
    raise Wrong("key id")
