"""The transition of a log from one key to the next, and the succession where the old key is lost, read from
proto/PROTOCOL.md (section 9). Shares no code with Hallmark."""

import base64
import hashlib
import re

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
    origin, spkis, more = keys_of(note, "transition", 2)
    demand(not more, "lines")
    return origin, [hashlib.sha256(spki).hexdigest() for spki in spkis]


def succeeded(note):
    """(origin, [id of the lost key, of the new one], (size, root), [names of statements]), where the new one
    has signed."""
    origin, spkis, more = keys_of(note, "succession", 1)
    demand(len(more) >= 3 and more[0][:5] == "size " and more[1][:5] == "root ", "members")
    names = [line[10:] for line in more[2:]]
    demand(all(line == "statement " + name for line, name in zip(more[2:], names)), "statements")
    demand(all(re.fullmatch("[0-9a-f]{64}", name) for name in names) and len(names) <= 16, "names")
    demand(names == sorted(set(names)), "order")
    root = decoded(more[1][5:])
    demand(len(root) == 32, "root")
    return (origin, [hashlib.sha256(spki).hexdigest() for spki in spkis],
            (number(more[0][5:]), root), names)


def number(text):
    demand(text.isdigit() and str(int(text)) == text and int(text) < 1 << 64, text)
    return int(text)


def keys_of(note, form, signatures):
    """(origin, keys, further lines); the last `signatures` of the keys have signed."""
    try:
        text, signed = note.decode().split("\n\n")
        first, origin, old, new, time, *more = text.split("\n")
        lines = signed.split("\n")
    except ValueError as error:
        raise Wrong("form") from error
    demand(first == f"hallmark key {form} v1", first)
    demand([origin[:7], old[:5], new[:3], time[:5]] == ["origin ", "from ", "to ", "time "], "members")
    number(time[5:])
    spkis = [decoded(old[5:]), decoded(new[3:])]
    demand(spkis[0] != spkis[1] and len(lines) == signatures + 1 and lines[-1] == "", "keys, lines")
    for spki, line in zip(spkis[-signatures:], lines):
        check_line(line, origin[7:], spki, (text + "\n").encode())
    return origin[7:], spkis, more


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
