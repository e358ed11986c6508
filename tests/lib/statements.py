"""Statements, operators and approvals, written from proto/PROTOCOL.md alone: made and judged.

A statement is bytes, its envelope. `judge` gives the code of the refusal that a signer answers with,
or 0; `approvals` the ones that a manifest rests on. Nothing here is taken from the C code.
"""

import base64
import datetime
import hashlib
import itertools
import json
import re
import unicodedata

import yaml
from appraisal import UNPRINTABLE
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TYPE = "application/vnd.hallmark.statement+json"
KINDS = ("approve", "maintenance", "retire", "revoke", "clock", "retire-key", "continue-key", "not-affected")
ON_HOSTS = ("act-grant", "break-glass")  # which no log takes
RESERVED = ("disposition", "hold", "takeover", "prune", "enrol", "alert-silence")
SUBJECTS = {"approve": [["manifest"]], "maintenance": [["collectors", "workloads"]],
            "retire": [["collector", "workload"]], "clock": [["from"]],
            "revoke": [["statement"], ["collectors"], ["collectors", "workloads"], ["workloads"], ["digest"], ["set"]],
            "retire-key": [["key", "since"]], "not-affected": [["advisory", "package", "workloads"]], "continue-key": [["from", "root", "size", "to"]],
            "act-grant": [["act", "collector", "report", "workload"]], "break-glass": [["collectors", "workloads"]]}
FIELDS = ["hallmark.statement", "origin", "subject", "not-before", "not-after", "reason", "author",
          "number"]

FORMAT, ORIGIN, NUMBER, RIGHT, KEY, SIGNATURE, TIME, KIND, AUTHOR, SUBJECT = range(220, 230)

SIZE_MAX = 16384
NUMBER_MAX = 2**53 - 1


def sha256_hex(data):
    return hashlib.sha256(data).hexdigest()


def to_json(value):
    """The one spelling: '"' and '\\\\' alone are escaped, and no text has anything else to escape."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- keys ----------------------------------------------------------------------------------------


class Key:
    """An operator's private key; `kind` is p256, p384, ed25519 or rsa."""

    def __init__(self, kind="p256"):
        self.private = {
            "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
            "rsa": lambda: rsa.generate_private_key(65537, 2048)}[kind]()
        self.spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.id = sha256_hex(self.spki)
        self.base64 = base64.b64encode(self.spki).decode()

    def sign(self, data):
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(hash_of(self.private.curve)))
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(data)

    def write(self, path):
        """PEM, closed to others."""
        path.write_bytes(self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        path.chmod(0o600)
        return path

    def write_public(self, path):
        path.write_bytes(self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        return path


def hash_of(curve):
    return {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384}[curve.name]()


def verifies(spki, data, signature):
    key = serialization.load_der_public_key(spki)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hash_of(key.curve)))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


# --- making --------------------------------------------------------------------------------------


def payload(kind, subject, *, origin, not_before, not_after, number, reason="a reason", author="dora",
            extensions=None):
    fields = dict(zip(FIELDS, (kind, origin, subject, not_before, not_after, reason, author, number)))
    if extensions is not None:
        fields["hallmark.extensions"] = extensions
    return to_json(fields).encode()


def signed_bytes(body):
    """DSSE v1: what is signed of a payload."""
    return b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(body), body)


def envelope(key, body, signature=None):
    sig = key.sign(signed_bytes(body)) if signature is None else signature
    return to_json({"payloadType": TYPE, "payload": base64.b64encode(body).decode(), "signatures": [
        {"keyid": key.id, "sig": base64.b64encode(sig).decode()}]}).encode()


def make(key, kind, subject, **fields):
    return envelope(key, payload(kind, subject, **fields))


def operators_text(people, thresholds=None):
    """`people`: (name, rights, key) or (name, rights, key, until)."""
    entries = [{"name": name, "rights": list(rights), "key": key.base64,
                **({"until": until[0]} if until else {})} for name, rights, key, *until in people]
    text = {"operators": entries}
    if thresholds:
        text["thresholds"] = [{"kind": k, "count": c} for k, c in thresholds.items()]
    return json.dumps(text)  # JSON is YAML, and nothing in it is taken for a number


# --- reading -------------------------------------------------------------------------------------


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def is_printable(text):
    return not any(low <= ord(c) <= high for c in text for low, high in UNPRINTABLE)


def is_text(value, size_max):
    return isinstance(value, str) and 1 <= len(value.encode()) <= size_max and is_printable(value)


def is_word(value, size_max=32):
    return isinstance(value, str) and re.fullmatch(rf"[a-z0-9-]{{1,{size_max}}}", value) is not None


def is_number(value, least=0):
    return type(value) is int and least <= value <= NUMBER_MAX


def is_origin(value):
    return isinstance(value, str) and re.fullmatch(r"[!-*,-~]{1,200}", value) is not None


def is_workload(value):
    return (isinstance(value, str) and 1 <= len(value.encode()) <= 128 and is_printable(value) and
            "/" not in value and value[0] != "." and
            not any(unicodedata.category(c) == "Zs" for c in value))


def is_name(value, size_max):
    return is_text(value, size_max) and not any(unicodedata.category(c) == "Zs" for c in value)


def is_identity(value):
    """Section 1: a URI with a scheme, or a DNS name in lower case."""
    return (re.fullmatch(r"[!-~]{1,512}", value) is not None and
            (re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:.+", value) is not None if ":" in value else
             value == value.lower()))


def folded(name):
    """As names of people are compared."""
    return re.sub("[A-Z]", lambda c: c[0].lower(), name)


def is_digest(value):
    return re.fullmatch(r"[0-9a-f]{64}", value) is not None


def is_content(value):
    return is_digest(value) and value != "0" * 64


def is_decimal(value):
    return re.fullmatch(r"0|[1-9][0-9]{0,15}", value) is not None and int(value) <= NUMBER_MAX


def is_advisory(value):
    return len(value.encode()) <= 64 and not re.search(r"\s", value)


def is_pattern(value):
    return re.fullmatch(r"([^\\]|\\[*?\\])*", value) is not None


def are_extensions(value, depth=0):
    """Of a map, its keys; of all else, its values."""
    if isinstance(value, dict):
        keys = list(value)
        return (depth <= 3 and all(is_word(k) for k in keys) and keys == sorted(set(keys)) and
                all(are_extensions(v, depth + 1) for v in value.values()))
    if isinstance(value, list):
        return depth <= 3 and all(are_extensions(v, depth + 1) for v in value)
    return (isinstance(value, bool) or is_number(value) or
            isinstance(value, str) and is_printable(value))


def decoded(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Refused(FORMAT) from None
    if not data or base64.b64encode(data).decode() != text:
        raise Refused(FORMAT)
    return data


def loaded(data):
    """JSON that is spelled as it would be written."""
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise Refused(FORMAT) from None
    if not isinstance(value, dict) or to_json(value).encode() != data:
        raise Refused(FORMAT)
    return value


def demand(good, code=FORMAT):
    if not good:
        raise Refused(code)


class Statement:
    """What an envelope says; Refused(220) if it is not in its one form."""

    def __init__(self, data):
        demand(len(data) <= SIZE_MAX)
        outer = loaded(data)
        demand(list(outer) == ["payloadType", "payload", "signatures"])
        demand(outer["payloadType"] == TYPE and isinstance(outer["signatures"], list))
        demand(len(outer["signatures"]) == 1 and isinstance(outer["signatures"][0], dict))
        demand(list(outer["signatures"][0]) == ["keyid", "sig"])
        self.key_id = outer["signatures"][0]["keyid"]
        demand(isinstance(self.key_id, str) and re.fullmatch(r"[0-9a-f]{64}", self.key_id))
        self.body = decoded(outer["payload"])
        self.signature = decoded(outer["signatures"][0]["sig"])
        demand(len(self.signature) <= 1024)
        self.name = sha256_hex(data)
        self.take(loaded(self.body))

    def take(self, fields):
        demand(list(fields) in (FIELDS, [*FIELDS, "hallmark.extensions"]))
        extensions = fields.pop("hallmark.extensions", None)
        (self.kind, self.origin, self.subject, self.not_before, self.not_after, self.reason,
         self.author, self.number) = fields.values()
        demand(is_word(self.kind) and is_origin(self.origin) and isinstance(self.subject, dict))
        demand(1 <= len(self.subject) <= 8 and list(self.subject) == sorted(self.subject))
        demand(all(is_word(n) and is_text(v, 512) for n, v in self.subject.items()))
        demand(is_number(self.not_before) and is_number(self.not_after))
        demand(self.not_before < self.not_after and is_number(self.number, 1))
        demand(is_text(self.reason, 512) and is_name(self.author, 128))
        if extensions is not None:
            demand(isinstance(extensions, dict) and 1 <= len(extensions) <= 16)
            demand(are_extensions(extensions) and len(to_json(extensions).encode()) <= 4096)

    def check_kind(self, kinds=KINDS):
        demand(self.kind in kinds, KIND)
        demand(list(self.subject) in SUBJECTS[self.kind], SUBJECT)
        for name, value in self.subject.items():
            good = {"manifest": is_digest, "statement": is_digest, "collector": is_identity,
                    "workload": is_workload, "from": is_decimal, "size": is_decimal,
                    "key": is_digest, "since": is_decimal, "root": is_digest,
                    "to": is_digest, "report": is_digest, "act": lambda v: v in ("freeze", "stop", "isolate"), "digest": is_content, "set": is_content, "advisory": is_advisory}.get(name, is_pattern)
            if (self.kind, name) == ("continue-key", "from"):
                good = is_digest
            demand(good(value), SUBJECT)


class Operators:
    def __init__(self, text):
        document = yaml.load(text, Loader=yaml.BaseLoader)
        self.by_key = {}
        for entry in document["operators"]:
            spki = base64.b64decode(entry["key"], validate=True)
            until = entry.get("until")
            self.by_key[sha256_hex(spki)] = (entry["name"], set(entry["rights"]), spki,
                                             utc(until) if until else None)
        self.thresholds = {t["kind"]: int(t["count"]) for t in document.get("thresholds") or []}

    def find(self, key_id, iat):
        """(name, rights, spki), or None."""
        name, rights, spki, until = self.by_key.get(key_id, (None, None, None, None))
        return None if name is None or until is not None and iat >= until else (name, rights, spki)


def utc(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp())


# --- judging -------------------------------------------------------------------------------------


def judge(data, *, origin, operators, iat, last_number=0, in_force=(), before=0):
    """0, or the code that it is refused with. `operators`: of the manifest in force, or None;
    `in_force`: names of the statements that are; `before`: iat of the entry before the notice."""
    try:
        s = Statement(data)
        s.check_kind()
        demand(s.origin == origin, ORIGIN)
        found = operators.find(s.key_id, iat) if operators else None
        demand(found is not None, KEY)
        name, rights, spki = found
        demand(verifies(spki, signed_bytes(s.body), s.signature), SIGNATURE)
        demand(s.kind in rights, RIGHT)
        demand(s.kind != "approve" or folded(name) != folded(s.author), AUTHOR)
        demand(s.not_after > iat and (s.kind != "clock" or s.not_before <= iat), TIME)
        demand(s.number > last_number, NUMBER)
        demand("statement" not in s.subject or s.subject["statement"] in in_force, SUBJECT)
        demand(s.kind != "clock" or int(s.subject["from"]) == before > iat, SUBJECT)
    except Refused as refused:
        return refused.code
    return 0


def granted(data, *, origins, keys, now, collector, workload, act, reports, used=()):
    """0, or the code with which a host refuses to act by this. `keys`: SubjectPublicKeyInfo of each of its
    configuration's; `reports`: leaf hashes (hex) of the fall; `used`: (key id, number) of statements so far."""
    try:
        s = Statement(data)
        s.check_kind(("act-grant",))
        spki = {sha256_hex(k): k for k in keys}.get(s.key_id)
        demand(spki is not None, KEY)
        demand(verifies(spki, signed_bytes(s.body), s.signature), SIGNATURE)
        demand(s.subject["collector"] == collector, SUBJECT)
        demand(now < s.not_after, TIME)
        demand((s.key_id, s.number) not in used, NUMBER)
        demand((s.subject["workload"], s.subject["act"]) == (workload, act), SUBJECT)
        demand(s.origin in origins, ORIGIN)
        demand(s.subject["report"] in reports, SUBJECT)
        demand(s.not_before <= now, TIME)
    except Refused as refused:
        return refused.code
    return 0


def continued(statements, *, keys, newest, operators, iat):
    """Whether all of these envelopes say that the log goes on so, by enough different operators."""
    about = {"from": keys[0], "root": newest[1].hex(), "size": str(newest[0]), "to": keys[1]}
    people = set()
    for s in map(Statement, statements):
        found = operators.find(s.key_id, iat) if operators else None
        if not (found and s.kind == "continue-key" and s.subject == about and "continue-key" in found[1] and
                s.not_before <= iat < s.not_after):
            return False
        people.add(found[0])
    return (operators is not None and len(people) == len(statements) and
            len(people) >= operators.thresholds.get("continue-key", 1))


def approvals(statements, *, manifest, operators, iat):
    """Names of approvals that let the manifest (hex) follow one with these operators, rising; None
    if there are not enough. `statements`: envelopes of those in force."""
    if operators is None:
        return []
    needed = operators.thresholds.get("approve", 1)
    votes = []
    for s in map(Statement, statements):
        found = operators.find(s.key_id, iat)
        if (found and s.kind == "approve" and s.subject["manifest"] == manifest and
                s.not_before <= iat < s.not_after and "approve" in found[1] and
                folded(found[0]) != folded(s.author)):
            votes.append((s.author, found[0], s.name))
    for chosen in itertools.combinations(sorted(votes), needed):
        if len({v[0] for v in chosen}) == 1 and len({v[1] for v in chosen}) == needed:
            return sorted(v[2] for v in chosen)
    return None
