#!/usr/bin/python3
"""Writes the seeds of fuzz_audit_*: a good receipt, bundle and pack, and what is nearly one."""

import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import make_log
from story import Policy, Story


def write(parser, name, data):
    folder = HERE / "corpus" / parser
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def bundle(*entries):
    return b"".join(struct.pack(">H", len(e)) + e for e in entries)


def seed_receipts():
    good = (HERE.parent / "vectors/wire-receipt.tlog-proof").read_bytes()
    head, note = good.split(b"\n\n", 1)
    write("audit_receipt", "good", good)
    write("audit_receipt", "no-final-newline", good[:-1])
    write("audit_receipt", "two-blank-lines", good.replace(b"\n\n", b"\n\n\n", 1))
    write("audit_receipt", "crlf", good.replace(b"\n", b"\r\n"))
    write("audit_receipt", "version-2", good.replace(b"@v1", b"@v2"))
    write("audit_receipt", "index-zero", good.replace(b"index 1", b"index 0"))
    write("audit_receipt", "index-huge", good.replace(b"index 1", b"index 18446744073709551615"))
    write("audit_receipt", "note-alone", note)
    write("audit_receipt", "no-hashes", b"\n".join(head.split(b"\n")[:3]) + b"\n\n" + note)
    write("audit_receipt", "many-hashes", head + b"\n" + b"\n".join(
        [make_log.b64(bytes(32)).encode()] * 70) + b"\n\n" + note)
    write("audit_receipt", "two-signatures", good + good.rpartition(b"\n\n")[2])
    line = "\u2014 witness.example AAAAAAE=\n".encode()
    write("audit_receipt", "witnesses", good + 16 * line)
    write("audit_receipt", "witness-first", head + b"\n\n" + note.replace(b"\n\n", b"\n\n" + line))
    write("audit_receipt", "witness-cut", good + line[:-1])
    write("audit_receipt", "same-key-id", good + note.rpartition(b"\n\n")[2].replace(
        b"hallmark.example/prod-1", b"other.example"))
    write("audit_receipt", "no-extra", b"\n".join(
        text for text in good.split(b"\n") if not text.startswith(b"extra ")))
    write("audit_receipt", "empty-extra", b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" + note)


def of_all_kinds():
    """Statements by a key of which nobody has the other half: seeds are the same each time."""
    s = Story(Policy(grace=1))
    s.report(next_s=60, extensions={"zone": ["b"]}, ext={"phase": "start"})
    s.notify("statement", {"sha256": "0" * 64, "kind": "revoke", "key": "1" * 64, "number": 7})
    s.wait(100).absence(s.now - 1)
    s.notify("feed", {"name": "debian"})
    s.start("moon")
    s.report(next_s=60)
    return s.log.entries


def seed_entries():
    a, b = make_log.Workload("a"), make_log.Workload("b")
    entries = [*make_log.notices(), a.report(), b.report(make_log.EVIL),
               a.report(time_s=make_log.TIME_S + 1)]
    write("audit_entries", "good", bundle(*entries))
    write("audit_entries", "wrong-order", bundle(*reversed(entries)))
    write("audit_entries", "twice", bundle(*entries, entries[2]))
    write("audit_entries", "of-all-kinds", bundle(*of_all_kinds()))
    write("audit_entries", "later", bundle(*entries[:2], b'{"hallmark.later":1}', entries[2]))
    write("audit_entries", "cut", bundle(*entries)[:-7])
    write("audit_entries", "empty-entries", bundle(b"", b"", b""))
    write("audit_entries", "no-reports", bundle(b"{}", b"[]", b"null", b"\xff" * 300))
    write("audit_entries", "beyond", b"\xff\xff{}")
    write("audit_entries", "draft", bundle(
        (HERE.parent / "vectors/report-draft.json").read_bytes()))


def seed_packs():
    good = make_log.evidence()
    one = make_log.pack_record(make_log.COMPONENT, b"content")
    write("audit_pack", "good", good)
    write("audit_pack", "one", one)
    write("audit_pack", "torn", one + one[:20])
    write("audit_pack", "torn-content", one + one[:-1])
    write("audit_pack", "damaged", one + b"HMP2" + one[4:])
    write("audit_pack", "wrong-digest", make_log.pack_record(1, b"content", bytes(32)))
    write("audit_pack", "huge", b"HMP1\1\0\0\0" + b"\xff" * 8 + bytes(32))
    write("audit_pack", "says-compressed", one[:8] + struct.pack(">I", 4096) + one[12:])
    write("audit_pack", "empty", b"")
    # What zstd makes of "component " a hundred times.
    frame = bytes.fromhex("28b52ffd00588d000050636f6d706f6e656e74200100db5b1524")
    write("audit_pack", "zstd", b"HMP1\1\0\0\0" + struct.pack(">II", 1000, len(frame)) +
          make_log.sha256(b"component " * 100) + frame)


if __name__ == "__main__":
    seed_receipts()
    seed_entries()
    seed_packs()
