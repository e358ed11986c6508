"""A site's log as files: reading it, checking receipts against it, keeping and restoring copies."""

import shutil
import time

import hallmark
import rederivation
import second_auditor
import walking
import wire
from hallmark import ORIGIN
from second_auditor import GOOD

WALKED_MAX = 3000  # entries: some seconds


def verify_all(site, receipts):
    """Every receipt verifies by itself and stands in the published log."""
    assert receipts
    for receipt in receipts:
        wire.verify_receipt(receipt, site.certificate, ORIGIN)
    log = read_log(site)
    for receipt in receipts:
        assert log[receipt["index"]] == receipt["report"], receipt["index"]


def notices(starts=1):
    """How many notices there are in the log of a signer that was started so often, under one policy and
    with one token."""
    return starts + 2


def recovered(signer):
    """How many entries a signer found when it was started."""
    line = next(line for line in signer.lines if "event=recovered" in line)
    return sum(int(line.split(f"{name}=")[1].split()[0]) for name in ("published", "pending"))


def read_log(site):
    """All entries of the published log."""
    note = site.path("log/checkpoint").read_bytes()
    _, size, _ = wire.open_checkpoint(note, site.certificate, site.origin)
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        name = f"{index:03}" if width == 256 else f"{index:03}.p/{width}"
        data = (site.path("log/tile/entries") / name).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2:2 + length])
            data = data[2 + length:]
    assert len(entries) == size
    return entries


def published(site, size):
    """Waits until the published log has so many entries."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while site.status()["published_size"] < size:
        assert time.monotonic() < deadline, site.status()


def fsck(site):
    site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")))


def audit(site):
    """All that an auditor looks at: what is signed, what follows from what, and every verdict; and by
    another reader, where that does not take long."""
    where = ("--log", str(site.path("log")), "--cert", str(site.path("log.crt")), "--evidence",
             str(site.path("evidence")))
    site.audit("fsck", *where)
    site.audit("replay", *where, "--all")
    log = read_log(site)
    walk = walking.Walk(rederivation.Store(site.path("evidence")), site.origin)
    for entry in log if len(log) <= WALKED_MAX else []:
        walk.take(entry)
        assert second_auditor.form(entry) == (GOOD, ""), (entry, second_auditor.form(entry))
    assert not walk.found, walk.found


def wait_for_record(site, first):
    """Until the pending files have the record that begins with entry `first`, to its last byte."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while time.monotonic() < deadline:
        for path in site.path("log").glob("pending.*"):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue  # published meanwhile
            at = data.find(b"HMB1")
            while at >= 0 and len(data) >= at + 32:
                size = int.from_bytes(data[at + 8:at + 16], "big")
                if int.from_bytes(data[at + 16:at + 24], "big") == first and \
                        len(data) >= at + 32 + size + 32:
                    return
                at = data.find(b"HMB1", at + 1)
    raise AssertionError(f"entry {first} is not pending")


def pending_records(data):
    """(first entry, where the record begins, where it ends) of each; what is behind the last is none."""
    records, at = [], 0
    while data[at:at + 4] == b"HMB1" and len(data) >= at + 32:
        size = int.from_bytes(data[at + 8:at + 16], "big")
        first = int.from_bytes(data[at + 16:at + 24], "big")
        if len(data) < at + 64 + size:
            break
        records.append((first, at, at + 64 + size))
        at += 64 + size
    return records


def newest_pending(site):
    """The file that was written last: the others are published, and wait to be written over."""
    firsts = {}
    for path in site.path("log").glob("pending.*"):
        records = pending_records(path.read_bytes())
        if records:
            firsts[records[0][0]] = path
    return firsts[max(firsts)] if firsts else site.path("log/pending.none")


def records_of(path):
    """All whole records of a pending file."""
    data = path.read_bytes() if path.exists() else b""
    records = pending_records(data)
    return data[:records[-1][2]] if records else b""


def keep(site, image):
    for name in ("log", "evidence", "guard"):
        shutil.copytree(site.path(name), image / name)
    for path in site.dir.glob("index.db*"):
        shutil.copy(path, image / path.name)


def restore(site, image):
    for name in ("log", "evidence", "guard"):
        shutil.rmtree(site.path(name))
        shutil.copytree(image / name, site.path(name))
    for path in site.dir.glob("index.db*"):
        path.unlink()
    for path in image.glob("index.db*"):
        shutil.copy(path, site.path(path.name))


def flip(path, at=None, bit=2):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1 << bit
    path.write_bytes(data)
