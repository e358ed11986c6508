"""A second collector's forms: components, bundles, frames, notes and receipts.

Written from proto/PROTOCOL.md alone, by somebody who had read neither the C sources nor the codecs of
the other tests. What it gets wrong, the document did not say. Sections are those of the document.
"""

import base64
import hashlib
import io
import struct

import msgpack
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

FRAME_MAX = 262_144                          # section 2
PLAIN_MAX = 1024                             # section 4: more items are a list
SEGMENT_MAX = 4096
FILE_KINDS = ("executable", "files", "libraries")
FACT_KINDS = ("config", "host", "image", "packages", "runtime", "unmeasured", "web")

# Section 2: name, and what a body has; what a reader may miss stands behind the bar.
MESSAGES = {
    1: ("hello", "versions agent", ""),
    2: ("welcome", "version log nonce time part_max component_max in_flight_max", ""),
    3: ("bundle", "bundle", "signature"),
    4: ("want", "workload", "digests segments"),
    5: ("part", "digest offset data", ""),
    6: ("receipt", "workload seq index report proof checkpoint nonce", "tokens"),
    7: ("refusal", "code name text", "workload seq last_seq last_bundle nonce id"),
    8: ("measure", "workload challenge", ""),
    9: ("challenge", "id collector workload nonce", ""),
    10: ("challenged", "id collector workload index report proof checkpoint", ""),
    11: ("statement", "id envelope", ""),
    12: ("noted", "id sha256 index", ""),
}
TYPES = {name: number for number, (name, _, _) in MESSAGES.items()}


def sha256(data):
    return hashlib.sha256(data).digest()


def pack(value):
    """Shortest forms, keys in the order given: what sections 2 to 5 call canonical."""
    return msgpack.packb(value, use_bin_type=True)


# --- frames and messages (section 2) -------------------------------------------------------------

def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def message(kind, **body):
    return frame(pack([TYPES[kind], {k: v for k, v in body.items() if v is not None}]))


def unique(pairs):
    keys = [k for k, _ in pairs]
    assert len(set(keys)) == len(keys) and all(isinstance(k, str) for k in keys), keys
    return dict(pairs)


def read_message(payload):
    """Name and body; whatever the table of section 2 does not have is an error."""
    kind, body = msgpack.unpackb(payload, object_pairs_hook=unique, strict_map_key=False)
    name, required, optional = MESSAGES[kind]
    missing = set(required.split()) - set(body)
    assert not missing, f"{name} without {missing}"
    further = set(body) - set(required.split()) - set(optional.split())
    assert not further, f"{name} with {further}"
    return name, body


# --- components (section 4) ----------------------------------------------------------------------

class Component:
    """One of a bundle: its bytes, what the bundle says of it, and its segments where it is a list."""

    def __init__(self, kind, items, made=()):
        """Items are lists in the columns of section 4; facts are (name, [values])."""
        self.kind = kind
        if kind in FILE_KINDS:
            self.items = [item for _, item in sorted({(i[0], pack(i[1:])): i for i in items}.items())]
        else:
            self.items = sorted([[name, list(values)] for name, values in items],
                                key=lambda item: item[0].encode())
        self.made = [[name, list(values)] for name, values in sorted(made)]
        self.count = len(self.items)
        self.segments = []
        if self.count <= PLAIN_MAX:
            self.bytes = pack([kind, 1, self.made, self.items])
        else:
            parts = list(segments_of(self.items))
            self.segments = [pack([kind, 3, part]) for part in parts]
            self.bytes = pack([kind, 2, self.made, [[sha256(s), len(part), len(s)] for s, part in
                                                    zip(self.segments, parts)]])
        self.digest = sha256(self.bytes)

    def row(self):
        return [self.digest, self.count, len(self.bytes)]


class Row:
    """A component of which only a bundle's row is known."""

    def __init__(self, kind, columns):
        self.kind, self.columns = kind, columns

    def row(self):
        return self.columns


def segments_of(items):
    segment = []
    for item in items:
        segment.append(item)
        name = item[0] if isinstance(item[0], bytes) else item[0].encode()
        if struct.unpack(">H", sha256(name)[:2])[0] % 512 == 0 or len(segment) == SEGMENT_MAX:
            yield segment
            segment = []
    if segment:
        yield segment


def wanted_bits(bitmap, count):
    """The numbers of the segments that a bitmap names (section 3)."""
    assert len(bitmap) == (count + 7) // 8, (len(bitmap), count)
    bits = [i for i in range(len(bitmap) * 8) if bitmap[i // 8] >> (7 - i % 8) & 1]
    assert bits and bits[-1] < count, (bits, count)
    return bits


# --- bundles (section 5) -------------------------------------------------------------------------

def bundle(workload, seq, prev, nonce, boot, time, components, next_s=0, ext=None):
    fields = {"v": 1, "workload": workload, "seq": seq, "prev": prev, "nonce": nonce, "boot": boot,
              "time": time, "next_s": next_s,
              "components": {c.kind: c.row() for c in sorted(components, key=lambda c: c.kind)}}
    if ext:
        fields["ext"] = dict(sorted(ext.items()))
    return pack(fields)


def sign_bundle(key, data):
    """Section 3, "Evidence signature", by a key of any sort that a certificate may have."""
    signed = b"hallmark bundle signature v1\n" + data
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(signed, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(signed)


# --- notes, checkpoints and receipts (sections 8 and 9) --------------------------------------------

ORDERS = {"secp256r1": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
          "secp384r1": 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973}
RSA_NOTES = {b"hallmark-rsa-pkcs1-sha256/1": padding.PKCS1v15(),
             b"hallmark-rsa-pss-sha256/1": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}


def note_schemes(name, key):
    """Key IDs of a key, each with how a signature under it is verified."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {sha256(name.encode() + b"\n\1" + raw)[:4]: key.verify}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {sha256(der)[:4]: lambda signature, text: verify_ecdsa(key, signature, text)}
    return {sha256(name.encode() + b"\n\xff" + identifier + der)[:4]:
            lambda signature, text, scheme=scheme: key.verify(signature, text, scheme, hashes.SHA256())
            for identifier, scheme in RSA_NOTES.items()}


def verify_ecdsa(key, signature, text):
    r, s = utils.decode_dss_signature(signature)
    assert utils.encode_dss_signature(r, s) == signature and s <= ORDERS[key.curve.name] // 2
    key.verify(signature, text, ec.ECDSA(hashes.SHA256()))


def read_verifier_key(line):
    """Name and key of a verifier key line."""
    name, key_id, key = line.split("+", 2)
    key = strict_base64(key)
    if key[0] == 1:
        public = ed25519.Ed25519PublicKey.from_public_bytes(key[1:])
    else:
        identifier = next((i for i in RSA_NOTES if key[1:].startswith(i)), b"")
        assert key[0] == (0xff if identifier else 2)
        public = serialization.load_der_public_key(key[1 + len(identifier):])
    assert bytes.fromhex(key_id) in note_schemes(name, public) and key_id == key_id.lower()
    return name, public


def strict_base64(text):
    data = base64.b64decode(text, validate=True)
    assert base64.b64encode(data).decode() == text, text
    return data


def decimal(text):
    assert text.isascii() and text.isdigit() and str(int(text)) == text, text
    return int(text)


def open_note(note, name, key):
    """The text of a note that has exactly one line of this key, and that a good one."""
    assert len(note) <= 65_536
    text, blank, lines = note.decode().rpartition("\n\n")
    assert blank and text and lines.endswith("\n")
    text += "\n"
    assert not any(ord(c) < 0x20 and c != "\n" or 0x7f <= ord(c) < 0xa0 for c in text)
    lines = lines[:-1].split("\n")
    assert len(lines) <= 64
    own, schemes = [], note_schemes(name, key)
    for line in lines:
        dash, signer, value = line.split(" ")
        value = strict_base64(value)
        assert dash == "—" and signer and "+" not in signer and len(value) > 4, line
        if signer == name and value[:4] in schemes:
            own.append(value)
    assert len(own) == 1, f"{len(own)} lines of the log's key"
    schemes[own[0][:4]](own[0][4:], text.encode())
    return text


def open_checkpoint(note, origin, key):
    """(size, root) of a signed checkpoint of this log."""
    first, size, root, end = open_note(note, origin, key).split("\n")
    root = strict_base64(root)
    assert (first, end, len(root)) == (origin, "", 32)
    return decimal(size), root


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def root_of_proof(index, size, leaf, proof):
    """RFC 6962 section 2.1.1, from the leaf up: the root that the proof leads to."""
    assert 0 <= index < size
    node, last, current = leaf, size - 1, index
    for sibling in proof:
        assert last, "the proof is longer than the tree is high"
        if current % 2 or current == last:
            node = sha256(b"\1" + sibling + node)
            while current % 2 == 0 and current:
                current, last = current // 2, last // 2
        else:
            node = sha256(b"\1" + node + sibling)
        current, last = current // 2, last // 2
    assert last == 0, "the proof is shorter than the tree is high"
    return node


def verify_receipt(body, origin, key):
    """What a receipt or an answer to a challenge proves: that its report is in the log."""
    size, root = open_checkpoint(body["checkpoint"], origin, key)
    assert len(body["proof"]) % 32 == 0
    hashes_up = [body["proof"][i:i + 32] for i in range(0, len(body["proof"]), 32)]
    assert root_of_proof(body["index"], size, leaf_hash(body["report"]), hashes_up) == root
    return size


def receipt_file(body):
    """The same as a .tlog-proof (section 8)."""
    out = io.BytesIO()
    out.write(b"c2sp.org/tlog-proof@v1\nextra " + base64.b64encode(body["report"]))
    out.write(f"\nindex {body['index']}\n".encode())
    for i in range(0, len(body["proof"]), 32):
        out.write(base64.b64encode(body["proof"][i:i + 32]) + b"\n")
    out.write(b"\n" + body["checkpoint"])
    return out.getvalue()
