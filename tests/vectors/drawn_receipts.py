"""Keys, trees and receipts for make_receipts.py: all of it the same each time, to the byte."""

import base64
import datetime
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from made import HERE

ORIGIN = "hallmark.example/prod-1"  # of the entries that are there as files
ORDERS = {"secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
          "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973}
SCHEMES = {"rsa": b"hallmark-rsa-pkcs1-sha256/1", "rsa-pss": b"hallmark-rsa-pss-sha256/1"}
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2, note 1


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data):
    return base64.b64encode(data)


def read(name):
    with open(os.path.join(HERE, name), "rb") as f:
        return f.read()


# --- keys ------------------------------------------------------------------------------------------

def number(seed, bits):
    stream = b"".join(sha256(seed.encode(), bytes([i])) for i in range(bits // 256 + 1))
    return int.from_bytes(stream, "big") >> (8 * len(stream) - bits)


def prime(seed, bits):
    """The first behind a number of the seed by Fermat to four bases, with 3 at the top, so that the product is long."""
    candidate = number(seed, bits) | 3 << bits - 2 | 1
    while any(candidate % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23)) or candidate % 65537 == 1 or \
            any(pow(base, candidate - 1, candidate) != 1 for base in (2, 3, 5, 7)):
        candidate += 2
    return candidate


def rsa_key(seed, bits):
    p, q = (prime(f"{seed} {name}", bits // 2) for name in "pq")
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                                 rsa.RSAPublicNumbers(65537, p * q)).private_key()


class Key:
    """A key of one kind: p256, p384, rsa, rsa-pss, ed25519; or of one that no log has."""

    def __init__(self, kind, seed="a"):
        self.kind, seed = kind, f"{seed} {'rsa' if kind == 'rsa-pss' else kind}"
        if kind.startswith("rsa"):
            self.private = rsa_key(seed, 1024 if kind == "rsa-1024" else 2048)
        elif kind == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()))
        else:
            curve = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "k1": ec.SECP256K1}[kind]()
            self.private = ec.derive_private_key(number(seed, 250), curve)
        self.public = self.private.public_key()

    def spki(self, encoding=Encoding.DER):
        return self.public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)

    def typed(self):
        if self.kind == "ed25519":
            return b"\1" + self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b"\xff" + SCHEMES[self.kind] + self.spki() if self.kind in SCHEMES else b"\2" + self.spki()

    def id(self, name):
        return sha256(self.spki() if self.kind[0] == "p" else name.encode() + b"\n" + self.typed())[:4]

    def line(self, name=ORIGIN):
        return f"{name}+{self.id(name).hex()}+".encode() + b64(self.typed()) + b"\n"

    def sign(self, text, high=False):
        if self.kind == "ed25519":
            return self.private.sign(text)
        if self.kind in SCHEMES:
            numbers = self.private.private_numbers()
            padded = pss(text) if self.kind == "rsa-pss" else pkcs1(text)
            return pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
        order = ORDERS[self.private.curve.name]
        secret = self.private.private_numbers().private_value
        k = number(f"nonce {secret} {text.hex()}", 250)
        r = ec.derive_private_key(k, self.private.curve).public_key().public_numbers().x % order
        s = pow(k, -1, order) * (int.from_bytes(sha256(text), "big") + r * secret) % order
        return utils.encode_dss_signature(r, max(s, order - s) if high else min(s, order - s))

    def signature_line(self, text, name=ORIGIN, **options):
        return "\u2014 ".encode() + name.encode() + b" " + b64(self.id(name) + self.sign(text, **options)) + b"\n"

    def certificate(self, common_name="log", names=(), days=3650, start=datetime.datetime(2026, 1, 1)):
        """Signed by an Ed25519 key, whose signatures have no chance in them; nobody looks at it."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.public)
                   .serial_number(number(f"serial {common_name} {self.kind}", 120)).not_valid_before(start)
                   .not_valid_after(start + datetime.timedelta(days=days)))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(Key("ed25519", "issuer").private, None)


def pkcs1(text):
    tail = SHA256_PREFIX + sha256(text)
    return b"\0\1" + b"\xff" * (256 - 3 - len(tail)) + b"\0" + tail


def pss(text):
    """EMSA-PSS of RFC 8017, 9.1.1, for 2,048 bits."""
    salt = sha256(b"salt", text)
    digest = sha256(bytes(8), sha256(text), salt)
    block = bytes(256 - 32 - 1 - 33) + b"\1" + salt
    mask = b"".join(sha256(digest, i.to_bytes(4, "big")) for i in range(7))
    masked = bytearray(a ^ b for a, b in zip(block, mask))
    masked[0] &= 0x7F
    return bytes(masked) + digest + b"\xbc"


# --- trees and receipts ------------------------------------------------------------------------------

def climb(leaf, index, size, salt=b""):
    """(root, path) of a tree in which all else is made up."""
    if size == 1:
        return leaf, []
    left = 1 << (size - 1).bit_length() - 1
    beside = sha256(salt, b"beside %d %d" % (index, size))
    if index < left:
        root, path = climb(leaf, index, left, salt)
        return sha256(b"\1", root, beside), [*path, beside]
    root, path = climb(leaf, index - left, size - left, salt)
    return sha256(b"\1", beside, root), [*path, beside]


def checkpoint(size, root, origin=ORIGIN):
    return f"{origin}\n{size}\n".encode() + b64(root) + b"\n"


def text_of(entry, index, path, note, extra=True):
    return b"".join((b"c2sp.org/tlog-proof@v1\n", b"extra " + b64(entry) + b"\n" if extra else b"",
                     b"index %d\n" % index, *(b64(each) + b"\n" for each in path), b"\n", note))


def receipt(key, entry, index=1, size=2, origin=ORIGIN, lines=None, **options):
    """`lines` makes the signature lines of the checkpoint's text, where they are not the key's one."""
    root, path = climb(sha256(b"\0", entry), index, size)
    text = checkpoint(size, root, origin)
    lines = lines(text) if lines else key.signature_line(text, origin)
    return text_of(entry, index, path, text + b"\n" + lines, **options)
