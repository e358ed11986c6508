#!/usr/bin/python3
"""Makes or checks the signed notes and the receipts, with openssl as the only cryptography.

  make_notes.py KIND...   new keys, new signatures of these kinds, and the list of all keys
  make_notes.py --check   proves the files that are there; exit 1 if one is wrong

ECDSA as openssl makes it differs each time, so the files cannot be made again byte by byte; what
is checked is that each has the form that C2SP fixes, and that openssl verifies the signature. The
private keys are thrown away.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "hallmark.example/vectors"
OWN = {"rsa": b"\xffhallmark-rsa-pkcs1-sha256/1", "rsa-pss": b"\xffhallmark-rsa-pss-sha256/1"}
ORDERS = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "p384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
KINDS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa-pss": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "ed25519": ["-algorithm", "ED25519"],
}
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410; the 32 bytes of the key follow
INDEX = 6  # of the receipt's leaf in the tree of eight leaves, merkle.txt
PUBLISHED = ("note-c2sp.note", "note-go.note")


def openssl(*words, data=None, good=(0,)):
    run = subprocess.run(("openssl", *words), input=data, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    if run.returncode not in good:
        raise SystemExit(f"openssl {words[0]}: {run.stderr.decode()}")
    return run


def read(name):
    with open(os.path.join(HERE, name), "rb") as f:
        return f.read()


def write(name, data):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)


def tree():
    """Entry, path and root from merkle.txt."""
    entry = path = root = None
    for line in read("merkle.txt").decode().splitlines():
        words = line.split()
        if words[:2] == ["entry", str(INDEX)]:
            entry = bytes.fromhex(words[2])
        elif words[:2] == ["root", "8"]:
            root = bytes.fromhex(words[2])
        elif words[:3] == ["inclusion", str(INDEX), "8"]:
            path = [bytes.fromhex(w) for w in words[3:]]
    return entry, path, root


def checkpoint():
    return f"{NAME}\n8\n{base64.b64encode(tree()[2]).decode()}\n".encode()


def receipt(note):
    entry, path, _ = tree()
    lines = ["c2sp.org/tlog-proof@v1", "extra " + base64.b64encode(entry).decode(),
             f"index {INDEX}", *(base64.b64encode(h).decode() for h in path), "", ""]
    return "\n".join(lines).encode() + note


def public_key(kind, spki):
    """Type, identifier and key, as a verifier key line has them; and the key ID."""
    if kind in ORDERS:
        return b"\x02" + spki, hashlib.sha256(spki).digest()[:4]
    if kind == "ed25519":
        assert spki[:-32] == ED25519_SPKI
        key = b"\x01" + spki[-32:]
    else:
        key = OWN[kind] + spki
    return key, hashlib.sha256(NAME.encode() + b"\n" + key).digest()[:4]


def key_line(kind, spki):
    key, key_id = public_key(kind, spki)
    return f"{NAME}+{key_id.hex()}+{base64.b64encode(key).decode()}\n"


def note(kind, spki, signature):
    signed = base64.b64encode(public_key(kind, spki)[1] + signature).decode()
    return checkpoint() + f"\n\u2014 {NAME} {signed}\n".encode()


def s_is_low(kind, der):
    """SEQUENCE of two short INTEGERs: the second one."""
    s = der[4 + der[3]:]
    return int.from_bytes(s[2:], "big") <= ORDERS[kind] // 2


def sign(kind, private):
    if kind != "ed25519":
        return openssl("dgst", "-sha256", "-sign", private, *(PSS if kind == "rsa-pss" else []),
                       data=checkpoint()).stdout
    with tempfile.NamedTemporaryFile() as f:
        f.write(checkpoint())
        f.flush()
        return openssl("pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", f.name).stdout


def verify(kind, public, text, signature):
    with tempfile.NamedTemporaryFile() as f, tempfile.NamedTemporaryFile() as signed:
        f.write(signature)
        f.flush()
        signed.write(text)
        signed.flush()
        if kind == "ed25519":
            words = ["pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-sigfile", f.name, "-in"]
        else:
            words = ["dgst", "-sha256", *(PSS if kind == "rsa-pss" else []), "-verify", public,
                     "-signature", f.name]
        return openssl(*words, signed.name, good=(0, 1)).returncode == 0


def make(kinds):
    for kind in kinds:
        options = KINDS[kind]
        with tempfile.TemporaryDirectory() as folder:
            private = os.path.join(folder, "key")
            openssl("genpkey", *options, "-out", private)
            spki = openssl("pkey", "-in", private, "-pubout", "-outform", "DER").stdout
            write(f"note-{kind}.pem", openssl("pkey", "-in", private, "-pubout").stdout)
            low = high = None
            while low is None or (kind in ORDERS and high is None):
                signature = sign(kind, private)
                if kind not in ORDERS or s_is_low(kind, signature):
                    low = signature
                else:
                    high = signature
        write(f"note-{kind}.note", note(kind, spki, low))
        write(f"note-{kind}.tlog-proof", receipt(note(kind, spki, low)))
        if high is not None:
            write(f"note-{kind}-high-s.note", note(kind, spki, high))
    write("note-keys.txt", "".join(key_line(kind, spki_of(kind)) for kind in KINDS).encode())


def spki_of(kind):
    return openssl("pkey", "-pubin", "-in", os.path.join(HERE, f"note-{kind}.pem"), "-outform", "DER").stdout


def signature_of(data):
    text, line = data.rsplit(b"\n\n", 1)
    word = line.removesuffix(b"\n").split(b" ")[2]
    return text + b"\n", base64.b64decode(word, validate=True)[4:]


def check_kind(kind):
    path = os.path.join(HERE, f"note-{kind}.pem")
    spki = spki_of(kind)
    names = [f"note-{kind}.note"] + ([f"note-{kind}-high-s.note"] if kind in ORDERS else [])
    assert key_line(kind, spki) in read("note-keys.txt").decode(), "key line"
    for name in names:
        data = read(name)
        text, signature = signature_of(data)
        assert text == checkpoint(), name
        assert data == note(kind, spki, signature), name
        if kind in ORDERS:
            assert s_is_low(kind, signature) == ("high" not in name), name
        assert verify(kind, path, text, signature), name
    assert read(f"note-{kind}.tlog-proof") == receipt(read(names[0])), "receipt"


def main():
    if "--check" not in sys.argv[1:]:
        make(sys.argv[1:])
    try:
        for kind in KINDS:
            check_kind(kind)
        for name in PUBLISHED:
            assert read(name).decode().count("\n\n\u2014 ") == 1, name
    except (AssertionError, OSError) as e:
        print(f"{HERE}: wrong: {e}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
