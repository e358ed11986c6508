#!/usr/bin/python3
"""Verifies receipts and a whole log from the standards alone; knows nothing of Hallmark's code.

  independent_verifier.py --cert signer.crt [--origin NAME] [--log DIR [--evidence DIR]] [--receipts DIR]
  independent_verifier.py        tests itself: damaged copies of a made log must all be refused

Sources: RFC 6962 section 2.1 (hashing, paths), RFC 9162 section 2.1.3.2 (verifying a path), and of
C2SP signed-note, tlog-checkpoint, tlog-tiles and tlog-proof. Python's standard library and
python3-cryptography (the certificate and one signature check).

  (a) every *.tlog-proof below --receipts: note, signature, origin, inclusion of its `extra`
  (b) the directory --log: checkpoint, every tile of every level, entries against leaves, root
  (c) with both: the entry at each receipt's index is the receipt's, and the log is not smaller than
      the tree that the receipt's checkpoint names, and has the same root at that size; a receipt
      without an `extra` is about the log's entry
  (d) with --evidence: what each entry says, as tests/lib/walking.py and second_auditor.py (its form)
      read it, which were written from proto/PROTOCOL.md; whatever cannot be told is not true here

Exit status 0 and a summary, or 1 and the first reason on stderr.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import re
import shutil
import struct
import sys
import tempfile

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Wrong(Exception):
    """What was verified is not true."""


def demand(condition, reason):
    if not condition:
        raise Wrong(reason)


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def tree_hash(nodes):
    """MTH of RFC 6962 over given leaf (or complete subtree) hashes."""
    if not nodes:
        return sha256(b"")
    if len(nodes) == 1:
        return nodes[0]
    split = 1
    while split * 2 < len(nodes):
        split *= 2
    return node_hash(tree_hash(nodes[:split]), tree_hash(nodes[split:]))


def strict_base64(text, where):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Wrong(f"{where}: not base64: {error}") from error
    demand(base64.b64encode(data).decode() == text, f"{where}: base64 is not canonical")
    return data


def strict_number(text, where):
    demand(re.fullmatch(r"0|[1-9][0-9]{0,19}", text), f"{where}: not a decimal number: {text!r}")
    return int(text)


# --- signed note and checkpoint ------------------------------------------------------------------


class Verifier:
    """The public key of the certificate; P-256 as signed-note's type 0x02."""

    def __init__(self, path, origin=None):
        with open(path, "rb") as file:
            self.certificate = x509.load_pem_x509_certificate(file.read())
        self.key = self.certificate.public_key()
        demand(isinstance(self.key, ec.EllipticCurvePublicKey)
               and isinstance(self.key.curve, ec.SECP256R1), f"{path}: not a P-256 key")
        spki = self.key.public_bytes(serialization.Encoding.DER,
                                     serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = sha256(spki)[:4]
        self.origin = origin

    def open_note(self, note, where):
        """The text of a note that carries a good signature by this key, and the key's name."""
        try:
            text = note.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Wrong(f"{where}: not UTF-8") from error
        demand(all(c == "\n" or ord(c) >= 32 for c in text), f"{where}: control characters")
        body, separator, signatures = text.rpartition("\n\n")
        demand(separator and signatures.endswith("\n"), f"{where}: not a signed note")
        body += "\n"
        name_found = None
        for line in signatures[:-1].split("\n"):
            match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
            demand(match, f"{where}: not a signature line: {line!r}")
            data = strict_base64(match[2], where)
            demand(len(data) > 4, f"{where}: a signature is too short")
            if data[:4] != self.key_id or match[1] != body.split("\n")[0]:
                continue  # another key: that of a witness
            demand(name_found is None, f"{where}: two signatures by the certificate's key")
            try:
                self.key.verify(data[4:], body.encode(), ec.ECDSA(hashes.SHA256()))
            except InvalidSignature as error:
                raise Wrong(f"{where}: the signature does not verify") from error
            name_found = match[1]
        demand(name_found is not None, f"{where}: no signature by the certificate's key")
        return body, name_found

    def open_checkpoint(self, note, where):
        """(size, root) of a signed checkpoint."""
        body, name = self.open_note(note, where)
        lines = body.split("\n")
        demand(len(lines) == 4 and lines[3] == "", f"{where}: a checkpoint has three lines")
        demand(lines[0] == name, f"{where}: origin {lines[0]!r}, key name {name!r}")
        if self.origin is None:
            self.origin = name  # all that follows must be of this one log
        demand(name == self.origin, f"{where}: of the log {name!r}, not of {self.origin!r}")
        size = strict_number(lines[1], where)
        root = strict_base64(lines[2], where)
        demand(size < 1 << 63 and len(root) == 32, f"{where}: size or root out of range")
        return size, root


# --- receipts ------------------------------------------------------------------------------------


class Receipt:
    def __init__(self, path, verifier):
        self.path = path
        with open(path, "rb") as file:
            data = file.read()
        head, separator, note = data.partition(b"\n\n")
        demand(separator, f"{path}: no empty line")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Wrong(f"{path}: not ASCII before the checkpoint") from error
        demand(lines[0] == "c2sp.org/tlog-proof@v1", f"{path}: not a tlog-proof")
        del lines[0]
        extra = lines.pop(0)[6:] if lines and lines[0].startswith("extra ") else None
        demand(lines and lines[0].startswith("index "), f"{path}: no index line")
        self.leaf = None if extra is None else leaf_hash(strict_base64(extra, path))
        self.index = strict_number(lines.pop(0)[6:], path)
        self.proof = [strict_base64(line, path) for line in lines]
        demand(all(len(h) == 32 for h in self.proof), f"{path}: a hash is not 32 bytes long")
        self.size, self.root = verifier.open_checkpoint(note, path)
        if self.leaf is not None:
            self.verify(self.leaf)

    def verify(self, leaf):
        demand(root_of_path(leaf, self.index, self.size, self.proof) == self.root,
               f"{self.path}: the proof does not lead to the signed root")


def root_of_path(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2; None if the proof has not the right length."""
    if index >= size:
        return None
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    return r if sn == 0 else None


# --- the log as a directory of tiles -------------------------------------------------------------


def encode_number(n):
    text = f"{n % 1000:03}"
    while n >= 1000:
        n //= 1000
        text = f"x{n % 1000:03}/{text}"
    return text


def entries_end(data, count):
    """Where the first entries of a bundle end."""
    at = 0
    for _ in range(count):
        at += 2 + struct.unpack_from(">H", data, at)[0]
    return at


class Log:
    def __init__(self, directory, verifier):
        self.directory = directory
        self.size, self.root = verifier.open_checkpoint(self.read("checkpoint"),
                                                        f"{directory}/checkpoint")
        self.levels = []  # of every level, all its hashes
        self.entries = []

    def read(self, path):
        try:
            with open(os.path.join(self.directory, path), "rb") as file:
                return file.read()
        except OSError as error:
            raise Wrong(f"{self.directory}/{path}: {error.strerror}") from error

    def tile(self, level, n, width):
        """A partial one may be gone once it is full: then its beginning counts."""
        path = f"tile/{level}/{encode_number(n)}"
        if width < 256 and os.path.exists(os.path.join(self.directory, f"{path}.p/{width}")):
            return f"{path}.p/{width}", self.read(f"{path}.p/{width}"), True
        return path, self.read(path), width == 256

    def verify(self):
        self.levels = [self.verify_leaves()]
        while self.size >> 8 * len(self.levels):
            self.levels.append(self.verify_level(len(self.levels)))
        demand(self.root_at(self.size) == self.root,
               f"{self.directory}: the tiles do not lead to the signed root")
        self.verify_older()

    def verify_leaves(self):
        leaves = self.read_level(0)
        for first in range(0, self.size, 256):
            width = min(256, self.size - first)
            path, data, exact = self.tile("entries", first // 256, width)
            at = 0
            for i in range(width):
                demand(at + 2 <= len(data), f"{path}: ends before entry {first + i}")
                length, = struct.unpack_from(">H", data, at)
                demand(at + 2 + length <= len(data), f"{path}: ends within entry {first + i}")
                self.entries.append(data[at + 2:at + 2 + length])
                leaf = leaf_hash(self.entries[-1])
                at += 2 + length
                demand(leaf == leaves[first + i],
                       f"{path}: entry {first + i} does not hash to its leaf")
            demand(not exact or at == len(data), f"{path}: bytes behind the last entry")
        return leaves

    def read_level(self, level):
        count = self.size >> 8 * level
        out = []
        for first in range(0, count, 256):
            width = min(256, count - first)
            path, data, exact = self.tile(level, first // 256, width)
            demand(len(data) == 32 * (width if exact else 256), f"{path}: wrong size")
            out += [data[i:i + 32] for i in range(0, 32 * width, 32)]
        return out

    def verify_level(self, level):
        found, below = self.read_level(level), self.levels[level - 1]
        for i, value in enumerate(found):
            demand(tree_hash(below[256 * i:256 * i + 256]) == value,
                   f"tile/{level}: hash {i} is not the root of the tile below")
        return found

    def root_at(self, size):
        """From the complete tiles of each level and what is left at the right edge."""
        top = max(level for level in range(len(self.levels)) if size >> 8 * level or level == 0)
        rest = None
        for level in range(top + 1):
            first = (size >> 8 * (level + 1)) << 8 if level < top else 0
            hashes_ = self.levels[level][first:size >> 8 * level]
            if rest is not None:
                hashes_ = hashes_ + [rest]
            rest = tree_hash(hashes_) if hashes_ else None
        return sha256(b"") if rest is None else rest

    def verify_older(self):
        """Partial tiles that are still there must be the beginning of what came after them."""
        for folder, _, names in os.walk(os.path.join(self.directory, "tile")):
            relative = os.path.relpath(folder, self.directory)
            match = re.fullmatch(r"tile/(entries|[0-7])/((?:x[0-9]{3}/)*[0-9]{3})\.p", relative)
            for name in names if match else []:
                level, width = match[1], int(name)
                n = int(match[2].replace("x", "").replace("/", ""))
                count = self.size >> (0 if level == "entries" else 8 * int(level))
                now = min(256, count - 256 * n)
                if width >= now:
                    continue
                path = f"{relative}/{name}"
                _, data, _ = self.tile(level, n, now)
                old = self.read(path)
                end = entries_end(data, width) if level == "entries" else 32 * width
                demand(old == data[:end],
                       f"{path}: not the beginning of the tile that replaced it")

    def verify_receipt(self, receipt):
        demand(receipt.size <= self.size,
               f"{receipt.path}: its checkpoint has {receipt.size} entries, the log {self.size}")
        if receipt.leaf is None:
            receipt.verify(self.levels[0][receipt.index])
        else:
            demand(self.levels[0][receipt.index] == receipt.leaf,
                   f"{receipt.path}: the log has another entry at index {receipt.index}")
        demand(self.root_at(receipt.size) == receipt.root,
               f"{receipt.path}: at size {receipt.size} the log has another root: a fork")


def read_entries(log, origin, evidence):
    """What they say; how many of each kind."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
    import entries
    import rederivation
    import second_auditor
    import walking
    walk = walking.Walk(rederivation.Store(pathlib.Path(evidence)), origin)
    for entry in log.entries:
        walk.take(entry)
        outcome, why = second_auditor.form(entry)
        demand(outcome == second_auditor.GOOD, f"{log.directory}: the form of an entry: {why}")
    demand(not walk.found, f"{log.directory}: entry, outcome and reason: {walk.found[:3]}")
    kinds = [entries.kind_of(entry) for entry in log.entries]
    return ", ".join(f"{kinds.count(kind)} {kind}s" for kind in ("report", "absence", "notice"))


def verify(certificate, origin=None, log_directory=None, receipts_directory=None, evidence=None):
    """All of it; a sentence on what was verified. Wrong, OSError or ValueError otherwise."""
    verifier = Verifier(certificate, origin)
    log, receipts = None, []
    if log_directory:
        log = Log(log_directory, verifier)
        log.verify()
    if receipts_directory:
        for folder, _, names in sorted(os.walk(receipts_directory)):
            receipts += [Receipt(os.path.join(folder, name), verifier)
                         for name in sorted(names) if name.endswith(".tlog-proof")]
        demand(receipts, f"{receipts_directory}: no receipt in it")
    for receipt in receipts:
        demand(log or receipt.leaf is not None, f"{receipt.path}: no extra in it, and no log")
        if log:
            log.verify_receipt(receipt)
    parts = [f"log {verifier.origin}"]
    if log:
        parts.append(f"{log.size} entries and every tile verify")
    if evidence:
        parts.append(f"{read_entries(log, verifier.origin, evidence)} say what they may")
    if receipts:
        parts.append(f"{len(receipts)} receipts verify" + (", all in the log" if log else ""))
    return "; ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cert", required=True)
    parser.add_argument("--origin")
    parser.add_argument("--log")
    parser.add_argument("--receipts")
    parser.add_argument("--evidence")
    arguments = parser.parse_args()
    if not arguments.log and not arguments.receipts:
        parser.error("expected --log, --receipts or both")
    if arguments.evidence and not arguments.log:
        parser.error("--evidence is of a log: expected --log")
    try:
        print(verify(arguments.cert, arguments.origin, arguments.log, arguments.receipts,
                     arguments.evidence))
    except (Wrong, OSError, ValueError) as error:
        print(f"independent_verifier: {error}", file=sys.stderr)
        return 1
    return 0


# --- it can fail ---------------------------------------------------------------------------------


class Made:
    """A made log of 600 entries in a directory, with one older partial tile left over."""

    def __enter__(self):
        import make_log
        self.make_log = make_log
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-verifier-"))
        self.log = make_log.make(600)
        self.log.write(self.dir / "log", 513)
        self.log.write(self.dir / "log")
        (self.dir / "signer.crt").write_bytes(self.log.key.pem())
        (self.dir / "receipts").mkdir()
        for index, size in ((0, 1), (1, 2), (300, 513), (599, 600)):
            path = self.dir / f"receipts/{index}.tlog-proof"
            path.write_bytes(self.log.receipt(index, size))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def verify(self, **changes):
        return verify(**{"certificate": self.dir / "signer.crt", "log_directory": self.dir / "log",
                         "receipts_directory": self.dir / "receipts", **changes})

    def refused(self, what, **changes):
        try:
            said = self.verify(**changes)
        except (Wrong, OSError, ValueError):
            return
        raise AssertionError(f"{what}: verified: {said}")

    def files(self):
        return sorted(p for p in self.dir.rglob("*") if p.is_file() and p.name != "signer.crt")


def test_a_good_log_and_its_receipts_verify():
    with Made() as made:
        assert "600 entries" in made.verify() and "4 receipts" in made.verify()
        assert made.verify(receipts_directory=None) and made.verify(log_directory=None)
        assert made.verify(origin=made.make_log.ORIGIN)


def test_what_entries_say_is_read_too():
    from story import Policy, Story
    with Made() as made:
        (made.dir / "evidence").mkdir()
        pack = made.dir / "evidence/pack-00000001"
        pack.write_bytes(made.make_log.evidence())
        assert "598 reports, 0 absences, 2 notices say" in made.verify(evidence=made.dir / "evidence")
        pack.write_bytes(b"")
        made.refused("evidence that is not there", evidence=made.dir / "evidence")
        story = Story(Policy(), key=made.log.key)
        story.report(next_s=60)
        story.wait(1000).report()
        shutil.rmtree(made.dir / "log")
        story.log.write(made.dir / "log")
        pack.write_bytes(story.evidence())
        assert made.verify(receipts_directory=None)
        made.refused("an absence that was left out", receipts_directory=None,
                     evidence=made.dir / "evidence")


def test_a_receipt_without_its_entry_is_about_the_logs():
    with Made() as made:
        for path in made.dir.glob("receipts/*"):
            lines = path.read_bytes().split(b"\n")
            path.write_bytes(b"\n".join(line for line in lines if not line.startswith(b"extra ")))
        assert "4 receipts" in made.verify()
        made.refused("no entry anywhere", log_directory=None)
        other = made.dir / "receipts/599.tlog-proof"
        other.write_bytes(other.read_bytes().replace(b"index 599", b"index 598"))
        made.refused("another entry's proof")


def test_a_flipped_bit_in_any_file_is_refused():
    with Made() as made:
        for path in made.files():
            good = path.read_bytes()
            step = max(1, len(good) // 12)
            for at in list(range(0, len(good), step)) + [len(good) - 1]:
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:])
                made.refused(f"{path.name}, byte {at}")
            path.write_bytes(good)
        made.verify()


def test_a_longer_shorter_or_missing_file_is_refused():
    with Made() as made:
        for path in made.files():
            good = path.read_bytes()
            for changed in (good + b"x", good + b"\n", good[:-1], b""):
                path.write_bytes(changed)
                # A partial tile that is left over may be shorter only as another partial tile.
                made.refused(f"{path}: {len(changed)} bytes")
            path.unlink()
            if path.parent.name != "002.p" or path.name != "1":  # left over: may go
                if path.suffix != ".tlog-proof":
                    made.refused(f"{path} missing")
            path.write_bytes(good)
        made.verify()


def test_another_key_and_another_origin_are_refused():
    with Made() as made:
        other = made.dir / "other.crt"
        other.write_bytes(made.make_log.Key().pem())
        made.refused("another key", certificate=other)
        made.refused("another origin", origin="hallmark.test/other")


def test_a_fork_is_refused():
    with Made() as made:
        fork = made.make_log.make(599, key=made.log.key)
        fork.append(b"an entry that only one reader sees")
        path = made.dir / "receipts/fork.tlog-proof"
        path.write_bytes(fork.receipt(599))
        made.refused("another last entry")
        path.write_bytes(fork.receipt(5))
        made.refused("the same entry under another root")


def test_a_consistent_lie_without_the_key_is_refused():
    with Made() as made:
        lie = made.make_log.make(600, evil_every=0)  # its own key
        for name, content in lie.files().items():
            if name != "checkpoint":
                (made.dir / "log" / name).write_bytes(content)
        made.refused("tiles of another log")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main())
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
    from hallmark import run_tests
    run_tests(__name__)
