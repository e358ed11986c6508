#!/usr/bin/python3
"""Verifies receipts of Hallmark logs, and nothing else: no network, no configuration, one file.

    python3 -m hallmark_verify RECEIPT --cert CERT [--origin NAME] [--json]

    import hallmark_verify
    proof = hallmark_verify.verify(receipt_bytes, certificate_bytes)
    proof.report["submods"]

A receipt (.tlog-proof) holds a report, its place in the log, and a checkpoint that the log's key has
signed. verify() returns what it proves, or raises Refused. The key is what the caller says that it is:
an X.509 certificate or a public key (PEM or DER), or a verifier key line (name+hash+key); if it names
another log, or none, `names_log` is false, and `origin` can be demanded instead.

What a receipt does not show: that the verdict follows from policy and evidence (`hallmark-audit replay`
makes it again), and that the host's kernel told the truth.

It needs python3-cryptography, and is written from proto/PROTOCOL.md, sections 7 to 9. The exit status
is 0 if all is proved, 1 if the receipt is wrong, 2 if it could not be told.
"""

import argparse
import base64
import binascii
import dataclasses
import datetime
import hashlib
import json
import re
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID

RECEIPT_SIZE_MAX = 192 * 1024
NOTE_SIZE_MAX = 65536
ENTRY_SIZE_MAX = 65535
SIGNATURES_MAX = 64
PATH_MAX = 64
TRUST_SIZE_MAX = 65536
STRING_MAX = 22000  # bytes, of a notice's transition; all else is shorter
INTEGER_MAX = 2 ** 53 - 1
SECONDS_MAX = 253_402_300_799
DEPTH_MAX = 16

DEPLOYED = "tag:github.com,2023:veraison/ear"
DRAFT = "tag:ietf.org,2026:rats/ear#04"
ABSENCE = "tag:github.com,2026:hallmark/absence#1"
STATUSES = ("affirming", "warning", "contraindicated", "none")
RSA_SCHEMES = (b"hallmark-rsa-pkcs1-sha256/1", b"hallmark-rsa-pss-sha256/1")
ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
UNSEEN = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]")
PEM = re.compile(rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE|PUBLIC KEY)-----[^-]*-----END \1-----")


class Refused(Exception):
    """The receipt proves nothing. `step` is where; `wrong` is false if it could only not be told."""

    def __init__(self, step, message, wrong=True):
        super().__init__(f"{step}: {message}")
        self.step, self.wrong = step, wrong


@dataclasses.dataclass
class Key:
    """What the caller says is the log's."""

    public: object
    names: tuple = ()  # every spelling of an origin that it names
    line_name: str = None  # of a verifier key, which speaks for no other name
    schemes: tuple = ()
    certificate: object = None


@dataclasses.dataclass
class Proof:
    """What is proved. Sizes count entries; digests are bytes; `report` is the entry, of whatever kind."""

    kind: str  # report, absence, notice
    report: dict
    entry: bytes
    leaf: bytes
    index: int
    size: int
    root: bytes
    origin: str
    path: list
    names_log: bool  # the key names this log; else it is the caller's word alone
    in_dates: bool  # the entry was made within the certificate's dates; these end no receipt


def verify(receipt, trust, origin=None):
    """What `receipt` (bytes) proves by the key in `trust` (bytes). Raises Refused, and nothing else."""
    entry, index, path, note = parse_receipt(receipt)
    demand(entry is not None, "report", "the receipt has no report in it (no line \"extra\")", wrong=False)
    key = read_key(trust)
    text, lines = parse_note(note)
    found_origin = text.split("\n", 1)[0]
    verify_signature(key, text, lines, found_origin)
    found_origin, size, root = parse_checkpoint(text)
    demand(origin in (None, found_origin), "origin", f"expected {origin!r}, found {found_origin!r}")
    leaf = hashlib.sha256(b"\0" + entry).digest()
    demand(root_of(leaf, index, size, path) == root, "inclusion", "the path does not lead to the signed root")
    kind, report = parse_entry(entry)
    demand(report["iss"] == found_origin, "entry", f"it was made for {report['iss']!r}, not for {found_origin!r}")
    return Proof(kind, report, entry, leaf, index, size, root, found_origin, path,
                 found_origin in key.names, in_dates(key, report["iat"]))


def demand(good, step, message, wrong=True):
    if not good:
        raise Refused(step, message, wrong)


# --- the receipt's form (C2SP tlog-proof, signed-note, tlog-checkpoint) ---------------------------------

def parse_receipt(data):
    """(entry or None, index, path, the note's bytes)."""
    demand(len(data) <= RECEIPT_SIZE_MAX, "format", f"expected at most {RECEIPT_SIZE_MAX} bytes")
    version, rest = take_line(data)
    later = re.fullmatch(rb"c2sp\.org/tlog-proof@v([1-9][0-9]{0,18})", version)
    demand(version == b"c2sp.org/tlog-proof@v1", "format", "expected c2sp.org/tlog-proof@v1", wrong=not later)
    entry, path = None, []
    if rest.startswith(b"extra "):
        line, rest = take_line(rest)
        entry = unbase64(line[len(b"extra "):])
        demand(len(entry) <= ENTRY_SIZE_MAX, "format", f"expected an entry of at most {ENTRY_SIZE_MAX} bytes")
    line, rest = take_line(rest)
    demand(line.startswith(b"index "), "format", "expected a line that begins with index")
    index = decimal(line[len(b"index "):])
    line, rest = take_line(rest)
    while line:
        demand(len(path) < PATH_MAX, "format", f"expected at most {PATH_MAX} hashes")
        path.append(unbase64(line, 32))
        line, rest = take_line(rest)
    parse_note(rest)
    return entry, index, path, rest


def parse_note(data):
    """(signed text, [(name, key ID, signature)])."""
    demand(len(data) <= NOTE_SIZE_MAX, "format", f"expected a note of at most {NOTE_SIZE_MAX} bytes")
    text, blank, rest = data.rpartition(b"\n\n")
    demand(blank and rest, "format", "expected a text, an empty line and signatures")
    try:
        text = (text + b"\n").decode()
    except UnicodeDecodeError as error:
        raise Refused("format", "expected UTF-8") from error
    demand(not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", text), "format", "expected no control characters")
    lines = []
    while rest:
        demand(len(lines) < SIGNATURES_MAX, "format", f"expected at most {SIGNATURES_MAX} signatures")
        line, rest = take_line(rest)
        dash, _, line = line.partition(b" ")
        name, space, signed = line.partition(b" ")
        demand(dash == b"\xe2\x80\x94" and space and is_key_name(name), "format", "expected a signature line")
        signed = unbase64(signed)
        demand(len(signed) > 4, "format", "expected a key ID and a signature")
        lines.append((name.decode(), signed[:4], signed[4:]))
    return text, lines


def parse_checkpoint(text):
    """(origin, size, root)."""
    parts = text.split("\n")
    demand(len(parts) == 4 and parts[3] == "", "checkpoint", "expected origin, size and root on three lines")
    demand(re.fullmatch(r"[!-*,-~]{1,200}", parts[0]), "checkpoint", "expected an origin of printable ASCII")
    return parts[0], decimal(parts[1].encode()), unbase64(parts[2].encode(), 32)


def take_line(data):
    line, end, rest = data.partition(b"\n")
    demand(end, "format", "expected a line, found the end")
    return line, rest


def decimal(word):
    demand(re.fullmatch(rb"0|[1-9][0-9]{0,19}", word) and int(word) < 2 ** 64, "format", "expected a decimal number")
    return int(word)


def unbase64(word, size=None):
    """Standard base64 with padding, in its one form."""
    try:
        data = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("format", "expected base64") from error
    demand(base64.b64encode(data) == word, "format", "expected the one form of base64")
    demand(size is None or len(data) == size, "format", f"expected {size} bytes of base64")
    return data


def is_key_name(name):
    try:
        name = name.decode()
    except UnicodeDecodeError:
        return False
    return bool(name) and "+" not in name and not UNSEEN.search(name) and not re.search(r"\s", name)


# --- the tree (RFC 6962; RFC 9162 section 2.1.3.2) ---------------------------------------------------------

def root_of(leaf, index, size, path):
    """The root to which a leaf and its path lead; None if the path is not as long as it must be."""
    if index >= size:
        return None
    root, last = leaf, size - 1
    for each in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = hashlib.sha256(b"\1" + each + root).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\1" + root + each).digest()
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


# --- keys and signatures -------------------------------------------------------------------------------------

# What the library says of certificates beside ValueError.
NO_CERTIFICATE = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def read_key(data):
    """A certificate, a public key or a verifier key line. Who has signed a certificate is not looked at."""
    try:
        demand(0 < len(data) <= TRUST_SIZE_MAX, "certificate", "expected a certificate or key", wrong=False)
        block = PEM.search(data)
        if block is not None and block[1] == b"PUBLIC KEY":
            return as_key(read_spki(pem_body(block[0])))
        if block is not None or data[:1] == b"\x30":
            return read_der(pem_body(block[0]) if block is not None else data)
        return read_line(data.removesuffix(b"\n"))
    except Refused as refused:
        raise Refused("certificate", str(refused), wrong=False) from refused
    except (ValueError, TypeError, UnsupportedAlgorithm, *NO_CERTIFICATE) as error:
        raise Refused("certificate", f"expected a certificate or key: {error}", wrong=False) from error


def pem_body(block):
    return base64.b64decode(b"".join(block.split(b"-----")[2].split()), validate=True)


def read_spki(der):
    """A public key in the one form in which it is written."""
    public = load_der_public_key(der)
    demand(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == der, "certificate",
           "expected a public key in its one form of DER")
    return public


def read_der(der):
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return as_key(read_spki(der))
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        other = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        other = x509.SubjectAlternativeName([])
    uris = other.get_values_for_type(x509.UniformResourceIdentifier)
    names += other.get_values_for_type(x509.DNSName) + uris
    names += [uri.removeprefix("https://") for uri in uris]
    return as_key(certificate.public_key(), names=tuple(names), certificate=certificate)


def read_line(line):
    name, first, rest = line.partition(b"+")
    key_id, second, body = rest.partition(b"+")
    demand(first and second and is_key_name(name), "certificate", "expected NAME+HASH+KEY")
    body, name = unbase64(body), name.decode()
    schemes = ()
    if body[:1] == b"\1":
        public = ed25519.Ed25519PublicKey.from_public_bytes(body[1:])
    elif body[:1] == b"\2":
        public = read_spki(body[1:])
    else:
        schemes = tuple(s for s in RSA_SCHEMES if body.startswith(b"\xff" + s))
        demand(schemes, "certificate", "a verifier key of a type that is not known here")
        public = read_spki(body[1 + len(schemes[0]):])
    key = as_key(public, names=(name,), line_name=name, schemes=schemes)
    kinds = {1: ed25519.Ed25519PublicKey, 2: ec.EllipticCurvePublicKey, 255: rsa.RSAPublicKey}
    demand(isinstance(public, kinds[body[0]]), "certificate", "a verifier key of another type than it says")
    again = [key_form(key, name, scheme) for scheme in key.schemes]
    demand([(key_id, body)] == [(each[0].hex().encode(), each[1]) for each in again],
           "certificate", "its hash or its form is another key's")
    return key


def as_key(public, **more):
    good = isinstance(public, ed25519.Ed25519PublicKey) or (
        isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048) or (
        isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in ORDERS)
    demand(good, "certificate", "expected a key on P-256 or P-384, of RSA with 2,048 bits or more, or of Ed25519")
    schemes = more.pop("schemes", ()) or (RSA_SCHEMES if isinstance(public, rsa.RSAPublicKey) else (b"",))
    return Key(public, schemes=schemes, **more)


def key_form(key, name, scheme):
    """(key ID, type and key as in a verifier key line) of a key under that name."""
    if isinstance(key.public, ed25519.Ed25519PublicKey):
        body = b"\1" + key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        spki = key.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if isinstance(key.public, ec.EllipticCurvePublicKey):
            return hashlib.sha256(spki).digest()[:4], b"\2" + spki
        body = b"\xff" + scheme + spki
    return hashlib.sha256(name.encode() + b"\n" + body).digest()[:4], body


def verify_signature(key, text, lines, origin):
    """Of the lines with the log's name and the key's ID there is exactly one, and it verifies."""
    mine = [(name, scheme, signature) for name, line_id, signature in lines for scheme in key.schemes
            if key.line_name in (None, name) and line_id == key_form(key, name, scheme)[0]]
    here = [(scheme, signature) for name, scheme, signature in mine if name == origin]
    demand(mine, "signature", "it is not by the key that was given", wrong=False)
    demand(here, "signature", f"the key has signed as {mine[0][0]!r}, and not as the log")
    demand(all(is_good(key.public, scheme, signature, text.encode()) for scheme, signature in here),
           "signature", "it is not this key's over this checkpoint")
    demand(len(here) == 1, "signature", f"expected one by this key, found {len(here)}")


def is_good(public, scheme, signature, text):
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, text)
        elif isinstance(public, rsa.RSAPublicKey):
            pad = padding.PKCS1v15() if scheme == RSA_SCHEMES[0] else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            public.verify(signature, text, pad, hashes.SHA256())
        else:
            r, s = utils.decode_dss_signature(signature)
            if utils.encode_dss_signature(r, s) != signature or s > ORDERS[public.curve.name] // 2:
                return False  # another form of a signature that may be good: a receipt has one
            public.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def in_dates(key, seconds):
    if key.certificate is None:
        return True
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return key.certificate.not_valid_before <= at <= key.certificate.not_valid_after


# --- the entry, in the one spelling of JSON -----------------------------------------------------------------------

def parse_entry(data):
    """(kind, document). What this does not check is the auditor's: hallmark-audit replay."""
    try:
        text = data.decode()
        document = json.loads(text, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
        demand(isinstance(document, dict) and spell(document) == text, "entry", "it is not in the one spelling of JSON")
    except (ValueError, RecursionError) as error:
        raise Refused("entry", f"expected JSON: {error}") from error
    if text.startswith('{"hallmark.notice":"'):
        kind = "notice"
    else:
        demand(text.startswith('{"eat_profile":"'), "entry", "of a kind that is not known here", wrong=False)
        kind = "absence" if document["eat_profile"] == ABSENCE else "report"
    demand(kind != "report" or document["eat_profile"] in (DEPLOYED, DRAFT), "entry",
           "of a profile that is not known here", wrong=False)
    own = document.get("hallmark") if document.get("eat_profile") == DRAFT else document
    form = own.get("form" if own is not document else "hallmark.form") if isinstance(own, dict) else None
    demand(is_integer(form), "entry", "expected the number of its form")
    demand(form == 1, "entry", "of a form that is not known here", wrong=False)
    demand(is_second(document.get("iat")) and isinstance(document.get("iss"), str), "entry", "expected iat and iss")
    if kind != "notice":
        demand(is_text(document.get("sub"), "[!-~]{1,512}") and is_text(document.get("jti"), "[0-9a-f]{64}"),
               "entry", "expected sub and jti")
    if kind == "report":
        check_report(document)
    return kind, document


def check_report(report):
    demand(is_second(report.get("exp")) and report["exp"] > report["iat"], "entry", "expected exp, behind iat")
    submods = report.get("submods")
    demand(isinstance(submods, dict) and len(submods) == 1, "entry", "expected submods of one workload")
    (name, appraisal), = submods.items()
    own = name.removesuffix("/start")
    demand(own and len(own.encode()) <= 128 and not re.search(r"[\s/]", own) and own[0] != ".", "entry",
           "expected a workload's name")
    status = appraisal.get("ear.status", appraisal.get("ear_status")) if isinstance(appraisal, dict) else None
    demand(status in STATUSES, "entry", "expected a status")


def unique(pairs):
    demand(len({name for name, _ in pairs}) == len(pairs), "entry", "expected each key once")
    return dict(pairs)


def refuse(word):
    raise ValueError(f"found {word}")


def spell(value, depth=0):
    """The one spelling of a value; what has none raises ValueError."""
    if isinstance(value, dict) and depth <= DEPTH_MAX:
        return "{" + ",".join(f"{spell(k)}:{spell(v, depth + 1)}" for k, v in value.items()) + "}"
    if isinstance(value, list) and depth <= DEPTH_MAX:
        return "[" + ",".join(spell(each, depth + 1) for each in value) + "]"
    if isinstance(value, str) and not UNSEEN.search(value) and len(value.encode()) <= STRING_MAX:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_integer(value) and 0 <= value <= INTEGER_MAX:
        return str(value)
    raise ValueError("found what no entry holds")


def is_integer(value):
    return type(value) is int  # a bool is none


def is_second(value):
    return is_integer(value) and 0 < value <= SECONDS_MAX


def is_text(value, pattern):
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


# --- as a program ---------------------------------------------------------------------------------------------------

def describe(proof):
    """What is proved and what it says, for people."""
    said = f"a {proof.kind}"
    if proof.kind == "report":
        (workload, appraisal), = proof.report["submods"].items()
        status = appraisal.get("ear.status", appraisal.get("ear_status"))
        issued = datetime.datetime.fromtimestamp(proof.report["iat"], datetime.timezone.utc)
        said = f"{workload} of {proof.report['sub']} is {status}, {issued:%Y-%m-%dT%H:%M:%SZ}"
    lines = [f"PROVED    {proof.origin} logged this as entry {proof.index} of {proof.size}", f"SAYS      {said}",
             f"leaf      {proof.leaf.hex()}", f"root      {proof.root.hex()}, by {len(proof.path)} hashes"]
    if not proof.names_log:
        lines.append("warning   the key does not name this log; demand it with --origin")
    if not proof.in_dates:
        lines.append("warning   the entry was made outside the certificate's dates")
    return "\n".join(lines)


def as_json(proof):
    return json.dumps({"verified": True, "kind": proof.kind, "origin": proof.origin, "index": proof.index,
                       "size": proof.size, "leaf": proof.leaf.hex(), "root": proof.root.hex(),
                       "path": [each.hex() for each in proof.path], "names_log": proof.names_log,
                       "in_dates": proof.in_dates, "entry": proof.report}, ensure_ascii=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="hallmark_verify", description=__doc__.partition("\n")[0])
    parser.add_argument("receipt", help="a .tlog-proof")
    parser.add_argument("--cert", required=True, help="the log's certificate, public key, or verifier key line")
    parser.add_argument("--origin", help="the log that it has to be of")
    parser.add_argument("--json", action="store_true", help="print the proof as JSON")
    options = parser.parse_args(arguments)
    try:
        with open(options.receipt, "rb") as receipt, open(options.cert, "rb") as cert:
            proof = verify(receipt.read(RECEIPT_SIZE_MAX + 1), cert.read(TRUST_SIZE_MAX + 1), options.origin)
    except OSError as error:
        print(f"hallmark_verify: {error}", file=sys.stderr)
        return 2
    except Refused as refused:
        print(f"{'WRONG' if refused.wrong else 'UNPROVED'}     {refused}", file=sys.stderr)
        return 1 if refused.wrong else 2
    print(as_json(proof) if options.json else describe(proof))
    return 0


if __name__ == "__main__":
    sys.exit(main())
