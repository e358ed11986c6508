"""A witness that cosigns checkpoints, written from C2SP tlog-cosignature (v1, type 04). Shares no code
with Hallmark."""

import base64
import hashlib
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519


class Cosigner:
    def __init__(self, name="witness.test/w"):
        self.name, self.private = name, ed25519.Ed25519PrivateKey.generate()
        self.key = b"\x04" + self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.key).digest()[:4]
        self.verifier = f"{name}+{self.id.hex()}+{base64.b64encode(self.key).decode()}"

    def cosign(self, document, time_s, signed_time_s=None):
        """A checkpoint, or a receipt, with one more line."""
        text = document.split(b"\n\n")[-2] + b"\n"
        said = f"cosignature/v1\ntime {signed_time_s or time_s}\n".encode() + text
        raw = self.id + struct.pack(">Q", time_s) + self.private.sign(said)
        return document + f"\u2014 {self.name} {base64.b64encode(raw).decode()}\n".encode()
