"""The signer's side of the key channel, written from proto/wire/keychannel.h, and a Merkle tree of its own.

What is asked may be false: this is what a hostile signer would hold.
"""

import base64
import hashlib
import json
import os
import socket
import struct
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils

import hallmark
import make_log

sys.path.append(str(hallmark.ROOT / "tests/vectors"))
from make_wire import token_claims  # noqa: E402

STATE, CHECKPOINT, TOKEN, OBSERVE = range(4)
CLOSE = 5
IO, LOST, CHANGED, PIN_REFUSED = 600, 602, 606, 609  # of an end: a system call; the token's; an operator has acted
PROOF_MAX = 65
TREES = 1024  # that the key process remembers
HEADER = 60
ROLLBACK, FORK, UNLOGGED, KEY_MISMATCH, PROFILE, NO_ORDER = 500, 501, 502, 504, 505, 507
FORMAT, UNKNOWN_KEY, SIGNATURE, MISMATCH = 400, 405, 451, 453  # of a note that is observed
LIFETIME_S = 300               # of tokens, where a profile does not say


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def split(count):
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


class Tree:
    """RFC 6962, section 2.1, recursively as it is written there."""

    def __init__(self, entries=()):
        self.entries = list(entries)

    def __len__(self):
        return len(self.entries)

    def add(self, *entries):
        self.entries += entries
        return self

    def hash(self, begin=0, end=None):
        end = len(self.entries) if end is None else end
        if end - begin == 0:
            return sha256(b"")
        if end - begin == 1:
            return leaf_hash(self.entries[begin])
        k = begin + split(end - begin)
        return sha256(b"\1" + self.hash(begin, k) + self.hash(k, end))

    def inclusion(self, index, begin=0, end=None):
        end = len(self.entries) if end is None else end
        if end - begin == 1:
            return []
        k = begin + split(end - begin)
        if index < k:
            return self.inclusion(index, begin, k) + [self.hash(k, end)]
        return self.inclusion(index, k, end) + [self.hash(begin, k)]

    def consistency(self, old):
        if old in (0, len(self)):
            return []
        return self.subproof(old, 0, len(self), True)

    def subproof(self, old, begin, end, whole):
        if old == end:
            return [] if whole else [self.hash(begin, end)]
        k = begin + split(end - begin)
        if old <= k:
            return self.subproof(old, begin, k, whole) + [self.hash(k, end)]
        return self.subproof(old, k, end, False) + [self.hash(begin, k)]


def pad(proof):
    return b"".join(proof) + bytes(32 * (PROOF_MAX - len(proof)))


def checkpoint_request(size, root, proof, number=1, count=None):
    count = len(proof) if count is None else count
    return (b"HKQ3" + bytes([CHECKPOINT, count, 0, 0]) + struct.pack(">QQ", number, size) + root +
            pad(proof))


def token_request(index, report, proof, tree_size, number=1, size=None, profile="test", audience="",
                  lifetime_s=0):
    size = len(report) if size is None else size
    name, audience = profile.encode(), audience.encode()
    return (b"HKQ3" + bytes([TOKEN, len(proof), len(name), 0]) +
            struct.pack(">QQQIIHH", number, index, tree_size, size, lifetime_s, len(audience), 0) +
            pad(proof) + name + audience + report)


def observe_request(size, root, proof, note, number=1, note_size=None):
    note_size = len(note) if note_size is None else note_size
    return (b"HKQ3" + bytes([OBSERVE, len(proof), 0, 0]) + struct.pack(">QQ", number, size) + root +
            pad(proof) + struct.pack(">I", note_size) + note)


def close_request(tree, old, entry=None, inclusion=None, number=1):
    """For an honest tree, unless it is said otherwise: the last entry is shown to be just that."""
    entry = tree.entries[-1] if entry is None else entry
    inclusion = tree.inclusion(len(tree) - 1) if inclusion is None else inclusion
    proof = tree.consistency(old)
    return (b"HKQ3" + bytes([CLOSE, len(proof), len(inclusion), 0]) +
            struct.pack(">QQ", number, len(tree)) + tree.hash() + pad(proof) +
            struct.pack(">I", len(entry)) + pad(inclusion) + entry)


class Answer:
    def __init__(self, header, body):
        magic, self.type, zero, self.error, self.id, self.size, self.root, size = struct.unpack(
            ">4sBBHQQ32sI", header)
        assert magic == b"HKA3" and zero == 0 and size == len(body)
        self.body = body

    def __repr__(self):
        return f"type {self.type} error {self.error} id {self.id} size {self.size} {self.body!r}"


class Gone(Exception):
    """The key process closed the channel."""


class KeyProcess:
    """A running `hallmark-hsm serve` with our end of its channel."""

    def __init__(self, site, start=True, prefix=(), options=(),
                 prepare=lambda channel: None):
        self.site = site
        ours, theirs = socket.socketpair()
        prepare(theirs)
        ours.settimeout(hallmark.PATIENCE_S)
        self.channel = ours
        self.process = hallmark.Process(
            "hallmark-hsm", ["serve", "-c", str(site.path("hsm.yaml")), *options], site.env,
            prefix=prefix, pass_fds=(3,), preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        site.processes.append(self.process)
        theirs.close()
        self.number = 0
        if start:
            self.state = self.receive()
            assert self.state.type == STATE and self.state.id == 0 and self.state.error == 0

    def told(self, state=None):
        """What a state answer tells: certificates (DER), what was seen of the token, and a transition."""
        body = (state or self.state).body
        certificates, brace, rest = body.partition(b'{"record":')
        line, _, brought = rest.partition(b"\n")
        return certificates, json.loads(brace + line), brought

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def send(self, data):
        self.channel.sendall(data)

    def take(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.channel.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Gone(f"after {len(data)} of {size} bytes")
            data += more
        return data

    def receive(self):
        header = self.take(HEADER)
        return Answer(header, self.take(struct.unpack(">I", header[56:])[0]))

    def ask(self, request):
        self.send(request)
        return self.receive()

    def checkpoint(self, size, root, proof):
        self.number += 1
        answer = self.ask(checkpoint_request(size, root, proof, self.number))
        assert answer.id == self.number and answer.type == CHECKPOINT
        return answer

    def sign(self, tree, old):
        """For an honest tree; `old` is the size of the last signed one."""
        return self.checkpoint(len(tree), tree.hash(), tree.consistency(old))

    def token(self, index, report, proof, tree_size, profile="test", **asked):
        self.number += 1
        answer = self.ask(token_request(index, report, proof, tree_size, self.number,
                                        profile=profile, **asked))
        assert answer.id == self.number and answer.type == TOKEN
        return answer

    def observe(self, size, root, proof, note):
        self.number += 1
        answer = self.ask(observe_request(size, root, proof, note, self.number))
        assert answer.id == self.number and answer.type == OBSERVE
        return answer

    def hang_up(self):
        """Closes our end; the exit status of the process."""
        self.channel.close()
        return self.process.wait()

    def kill(self):
        """kill -9, and gone with all its lines read when it returns."""
        self.process.kill()
        self.channel.close()


def certificate_of(site):
    return x509.load_pem_x509_certificate(site.path("log.crt").read_bytes())


def verify_note(note, certificate, origin, size, root, pss=False, beside=None):
    """The whole checkpoint of C2SP tlog-checkpoint and signed-note: a signature of this key, and where there
    is one of that Ed25519 key beside it."""
    text, lines = note.split(b"\n\n")
    text += b"\n"
    assert text == (f"{origin}\n{size}\n".encode() + base64.b64encode(root) + b"\n"), text
    keys = [certificate.public_key()] + ([beside] if beside else [])
    lines = lines.splitlines(keepends=True)
    assert len(lines) == len(keys), (lines, keys)
    for line, key in zip(lines, keys):
        verify_line(line, text, origin, key, pss)


def verify_line(line, text, origin, key, pss):
    prefix = f"\u2014 {origin} ".encode()
    assert line.startswith(prefix) and line.endswith(b"\n")
    data = base64.b64decode(line[len(prefix):-1], validate=True)
    spki = key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, ec.EllipticCurvePublicKey):
        assert data[:4] == sha256(spki)[:4]
        key.verify(data[4:], text, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(data[4:])
        assert s <= make_log.ORDERS[key.curve.name] // 2
        assert utils.encode_dss_signature(r, s) == data[4:]
    elif isinstance(key, ed25519.Ed25519PublicKey):
        assert data[:4] == sha256(origin.encode() + b"\n\1" + spki[-32:])[:4]
        key.verify(data[4:], text)
    else:
        identifier = make_log.PSS_IDENTIFIER if pss else make_log.RSA_IDENTIFIER
        assert data[:4] == sha256(origin.encode() + b"\n\xff" + identifier + spki)[:4]
        key.verify(data[4:], text, make_log.PSS if pss else padding.PKCS1v15(), hashes.SHA256())


def beside_of(site):
    """The Ed25519 key beside the first, from its verifier key; None where the site has none."""
    name = site.options["hsm"].get("ed25519_verifier")
    if name is None:
        return None
    origin, key_id, key = site.path(name).read_text().removesuffix("\n").split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert origin == site.origin and key[0] == 1 and len(key) == 33
    assert key_id == sha256(origin.encode() + b"\n" + key)[:4].hex()
    return ed25519.Ed25519PublicKey.from_public_bytes(key[1:])


def unbase64url(text):
    assert b"=" not in text
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def claims_of(report, index, profile=None, audience=None, lifetime_s=None):
    """What a token says about this report; `profile` as hsm.yaml has it, the rest as it was asked for."""
    profile = profile or hallmark.TOKENS[0]
    return token_claims(report, index, profile["iss"], audience or profile["aud"][0],
                        min(lifetime_s or 86400, profile.get("lifetime_s", LIFETIME_S)))


def jwk_of(site):
    """The one that relying parties are given."""
    jwk, = json.loads(site.hsm("jwks").stdout)["keys"]
    return jwk


def verify_jws(jws, jwk, certificate, claims):
    """RFC 7515, compact form, over exactly these claims."""
    header, payload, signature = jws.split(b".")
    assert unbase64url(payload) == claims, (unbase64url(payload), claims)
    header_json = json.loads(unbase64url(header))
    assert header_json == {"alg": jwk["alg"], "typ": "JWT", "kid": jwk["kid"]}
    key = certificate.public_key()
    data, raw = header + b"." + payload, unbase64url(signature)
    if jwk["alg"].startswith("ES"):
        half, hash_of = {"ES256": (32, hashes.SHA256), "ES384": (48, hashes.SHA384)}[jwk["alg"]]
        assert len(raw) == 2 * half
        r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        assert s <= make_log.ORDERS[key.curve.name] // 2
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hash_of()))
    else:
        scheme = {"RS256": padding.PKCS1v15(), "PS256": make_log.PSS}[jwk["alg"]]
        key.verify(raw, data, scheme, hashes.SHA256())


def verify_receipt_jws(receipt, jwk, certificate, profile=None):
    verify_jws(receipt["tokens"][0].encode(), jwk, certificate,
               claims_of(receipt["report"], receipt["index"], profile))


def reports(count, first=0, kind="report"):
    """Entries that a tree is made of; the guard does not look into them."""
    return [f'{{"{kind}":{first + i}}}'.encode() for i in range(count)]


NOW_S = int(time.time())


def real_report(name, origin=hallmark.ORIGIN, collector=make_log.COLLECTOR, time_s=NOW_S, **changes):
    """About which a token is made: of today."""
    return make_log.Workload(name, origin, collector).report(time_s=time_s, **changes)


def real_reports(count, first=0, **changes):
    """Each of a workload of its own; the same ones whenever they are made."""
    return [real_report(f"app-{first + i}", **changes) for i in range(count)]


def make_site(**options):
    site = hallmark.Site(**options)
    site.init_key()
    return site


def refused(answer, error, size, root):
    """With this error, unsigned, and the guard where it was."""
    assert answer.error == error, answer
    assert b"\xe2\x80\x94" not in answer.body and b"eyJ" not in answer.body, answer
    assert answer.body and answer.body.isascii(), answer
    assert (answer.size, answer.root) == (size, root), answer


def signed(site, answer, tree):
    assert answer.error == 0, answer
    assert (answer.size, answer.root) == (len(tree), tree.hash())
    verify_note(answer.body, certificate_of(site), hallmark.ORIGIN, len(tree), tree.hash(),
                site.options["hsm"].get("algorithm", "p256").endswith("pss"), beside_of(site))


def grown(key, site, count, entries=reports):
    tree = Tree(entries(count))
    signed(site, key.sign(tree, 0), tree)
    return tree


def told_why(key, error=None):
    """The last word of a key process that does not serve, or does not any more."""
    answer = key.receive()
    assert (answer.type, answer.id, answer.size, answer.root) == (STATE, 0, 0, bytes(32)), answer
    assert answer.error == error if error else answer.error != 0, answer
    assert answer.body and answer.body.isascii(), answer
    return answer.body.decode()


def expect_no_service(site, pattern):
    """It does not come up, says why on stderr and to the signer, and ends."""
    key = KeyProcess(site, start=False)
    why = told_why(key)
    assert key.process.wait() != 0
    text = "\n".join(key.process.lines)
    assert pattern in text, text
    assert why.replace('"', '\\"') in text, (why, text)
    try:
        raise AssertionError(key.receive())
    except Gone:
        pass
