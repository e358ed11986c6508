#!/usr/bin/python3
"""Makes the vectors of cosignatures (C2SP tlog-cosignature v1), independently of the C code.

  make_cosignatures.py           writes the files next to this script
  make_cosignatures.py --check   compares them instead; exit 1 if one differs

The checkpoint is that of note-p256.note. Everything is deterministic: keys from labels. The private
keys are for these vectors and nothing else.
"""

import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from made import HERE, write_or_check

TIME_S = 1795514400  # 2026-11-24T10:00:00Z


class Witness:
    def __init__(self, name):
        self.name = name
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(
            hashlib.sha256(f"hallmark vector: {name}".encode()).digest())
        self.key = b"\x04" + self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.key).digest()[:4]

    def verifier(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.key).decode()}\n"

    def line(self, text, time_s):
        signature = self.private.sign(f"cosignature/v1\ntime {time_s}\n".encode() + text)
        said = base64.b64encode(self.id + struct.pack(">Q", time_s) + signature).decode()
        return f"\u2014 {self.name} {said}\n"


def make():
    with open(os.path.join(HERE, "note-p256.note"), "rb") as f:
        note = f.read()
    text = note.split(b"\n\n")[0] + b"\n"
    first, second = Witness("witness.example/w1"), Witness("witness.example/w2")
    lines = (first.line(text, TIME_S), second.line(text, TIME_S + 5), first.line(text, TIME_S - 60))
    return {"cosigners.txt": (first.verifier() + second.verifier()).encode(),
            "note-cosigned.note": note + "".join(lines).encode(),
            "note-cosigned-at-0.note": note + first.line(text, 0).encode()}


if __name__ == "__main__":
    write_or_check(make)
