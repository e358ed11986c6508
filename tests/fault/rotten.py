#!/usr/bin/python3
"""Files that are torn or have rotted: found and named, never signed over, and no receipt lost.

Damage that must stop the signer is named by the file; what is only a cache is made again; what no
start has to read is the auditor's to find.
"""

import contextlib
import os
import signal
import sqlite3

import hallmark
import logimage
import underfire
import wire
from audit import GOOD, UNKNOWN
from hallmark import APP, Site
from logimage import flip
from underfire import CHANCE, choose, count, new_evidence

REPORTS = 300  # published: one full tile, one partial, a tile of level 1


class Ruin:
    """A log with published reports, signed ones that are pending, and one that was never signed."""

    def __init__(self, site):
        self.site = site
        signer = site.start_signer()
        self.collector = site.collector()
        self.receipts = [self.collector.submit(f"w{n % 4}", new_evidence() if n % 50 == 0 else APP)
                         for n in range(REPORTS)]
        logimage.published(site, logimage.notices() + REPORTS)
        # Publication takes what is sealed twice a second: these two fit in between.
        self.receipts += [self.collector.submit("w0", APP) for _ in range(2)]
        self.signed = logimage.notices() + REPORTS + 2
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        self.unsigned = self.collector.make("w1", APP)
        self.collector.connection.send([wire.BUNDLE, {"bundle": self.unsigned}])
        logimage.wait_for_record(site, self.signed)
        signer.signal(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        signer.wait()
        self.chains = dict(self.collector.chains)
        self.image = site.path("image")
        logimage.keep(site, self.image)
        self.pending = logimage.newest_pending(site)
        self.whole = logimage.records_of(self.pending)

    def restore(self, image=None):
        logimage.restore(self.site, image or self.image)
        self.collector.chains = dict(self.chains)

    def refuses(self, event, name):
        """The signer does not come up, says why and names the file."""
        signer = self.site.start_signer(wait=False)
        line = signer.wait_for(f"event=({event})")
        assert signer.wait() == 1
        assert any(name in other for other in signer.lines), (name, signer.lines)
        assert not any("event=listening" in other for other in signer.lines)
        return line

    def comes_up(self, pending=1):
        """With all that was acknowledged; is gone again."""
        signer = self.site.start_signer()
        assert logimage.recovered(signer) == self.signed + pending, signer.lines
        signer.kill()
        return signer.lines

    def lives(self, pending=1):
        """It comes up with all that was acknowledged, takes another report, and survives a kill."""
        signer = self.site.start_signer()
        assert logimage.recovered(signer) == self.signed + pending, signer.lines
        self.collector.connect()
        if pending:
            self.collector.accepted("w1", self.unsigned)
        receipts = [self.collector.submit(f"w{n}", APP) for n in (0, 1)]
        # The chains are the log's: what was accepted before is not accepted again as new.
        with contextlib.suppress(wire.Closed):
            try:
                self.collector.connection.send([wire.BUNDLE, {"bundle": wire.bundle(
                    "w2", 1, wire.ZERO, self.collector.nonce, APP)}])
                self.collector.await_receipt(APP)
                raise AssertionError("a chain was begun again")
            except wire.Refused as refusal:
                assert refusal.name == "sequence-not-rising", refusal
                self.collector.nonce = refusal.body["nonce"]
        signer.kill()
        again = self.site.start_signer()
        self.collector.connect()
        receipts.append(self.collector.submit("w3", APP))
        assert again.stop() == 0
        logimage.verify_all(self.site, self.receipts + receipts)
        logimage.fsck(self.site)
        count("rotten", "receipts checked", len(self.receipts) + len(receipts))
        return signer.lines


def rot(path, at):
    flip(path, at, CHANCE.randrange(8))


@contextlib.contextmanager
def ruin():
    """On a machine that is busy a publication may come between: then once more."""
    for _ in range(20):
        with Site() as site:
            made = Ruin(site)
            if made.whole.count(b"HMB1") == 3 and site.path("log/tile/0/001.p/47").exists():
                yield made
                return
    raise AssertionError("a publication came between each time")


def test_pending_file_cut_at_every_byte_of_its_last_record():
    """It was never signed: what is left of it goes, and the log goes on behind a second kill."""
    with ruin() as r:
        start = r.whole.rindex(b"HMB1")
        edges = {start, start + 1, start + 31, start + 32, len(r.whole) - 32, len(r.whole) - 1,
                 len(r.whole)}
        others = set(range(start, len(r.whole) + 1)) - edges
        for cut in sorted(edges) + choose(sorted(others), 10):
            r.restore()
            r.pending.write_bytes(r.whole[:cut])
            pending = int(cut == len(r.whole))
            lines = r.lives(pending) if cut in edges else r.comes_up(pending)
            torn = start < cut < len(r.whole)
            assert torn == any("event=pending-torn" in line and r.pending.name in line
                               for line in lines), (cut, lines)
            count("rotten", "cuts")


def earlier_use(site, size):
    """What an earlier use of a pending file may have left: records of published reports, one after another."""
    entries = site.path("log/tile/entries/000").read_bytes()[:4000]
    record = (b"HMB1" + (3).to_bytes(4, "big") + len(entries).to_bytes(8, "big") + bytes(16) + entries +
              os.urandom(32))
    return record * (size // len(record) + 1)


def test_pending_record_torn_over_an_earlier_use_of_its_file():
    """Behind the cut is neither the file's end nor an end mark, but what was there before."""
    with ruin() as r:
        start, end = r.whole.rindex(b"HMB1"), len(r.whole)
        old = earlier_use(r.site, 2 * end)
        edges = [start + 1, start + 32, end - 1, end]
        for cut in edges + choose(range(start + 1, end), 8):
            r.restore()
            r.pending.write_bytes(r.whole[:cut] + old[cut:])
            lines = r.lives(int(cut == end))
            assert any("event=pending-torn" in line and r.pending.name in line for line in lines), cut
            count("rotten", "cuts")
        for cut in (start, end):
            r.restore()
            r.pending.write_bytes(r.whole[:cut] + bytes(32) + old[cut:])
            lines = r.lives(int(cut == end))
            assert not any("event=pending-torn" in line for line in lines), (cut, lines)
            count("rotten", "cuts")


def test_pending_header_torn_over_an_end_mark():
    """Its index may then be a smaller one, of which nobody can say that it is published."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        logimage.published(site, logimage.notices() + 1)
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP)}])
        logimage.wait_for_record(site, logimage.notices() + 1)
        signer.signal(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        signer.wait()
        path = logimage.newest_pending(site)
        whole = logimage.records_of(path)
        body = b"." * 1000
        header = (b"HMB1" + (3).to_bytes(4, "big") + len(body).to_bytes(8, "big") +
                  (logimage.notices() + 2).to_bytes(8, "big") + bytes(8))
        logimage.keep(site, site.path("image"))
        for cut in [16, 23] + choose(range(1, 32), 4):
            for rest in (body + os.urandom(32), b""):
                logimage.restore(site, site.path("image"))
                path.write_bytes(whole + header[:cut] + bytes(32 - cut) + rest)
                whole_log = logimage.notices() + 2
                for found in ([whole_log], [whole_log, whole_log + 1]):  # the second may find the first one's start notice
                    signer = site.start_signer()
                    assert logimage.recovered(signer) in found, (cut, signer.lines)
                    signer.kill()
                count("rotten", "cuts")


def test_pending_file_of_an_earlier_use_alone():
    """All that is in it is published: no start minds it, whole or torn."""
    with ruin() as r:
        old = earlier_use(r.site, 20000)
        for name in ("pending.00000000000000000007", "pending.09999999999999999999"):
            for content in (b"", old, old[:9000], old[:5000] + b"HMB1" + old[5000:]):
                r.restore()
                (r.site.path("log") / name).write_bytes(content)
                r.comes_up()
                count("rotten", "cuts")


def test_a_pending_file_that_is_missing():
    """The next one begins behind the end of what is left: that is named."""
    with ruin() as r:
        rest = r.whole[next(end for first, _, end in logimage.pending_records(r.whole)
                            if first >= logimage.notices() + REPORTS):]  # the ones before are published
        r.pending.write_bytes(rest)
        r.refuses("log-damaged", r.pending.name)
        assert r.pending.read_bytes() == rest
        count("rotten", "damages refused")


@contextlib.contextmanager
def replaced(path):
    """What is there, if anything, is put back."""
    aside = path.with_name("aside")
    if path.exists():
        path.rename(aside)
    yield
    path.unlink()
    if aside.exists():
        aside.rename(path)


def test_files_that_are_too_large_are_named():
    with Site() as site:
        assert site.start_signer().stop() == 0
        for name, size in (("checkpoint", 1 << 24), ("pending.00000000000000000007", (1 << 30) + 1)):
            path = site.path("log") / name
            with replaced(path):
                path.touch()
                os.truncate(path, size)
                refused = site.start_signer(wait=False)
                refused.wait_for(f"event=log-damaged path={path} ")
                assert refused.wait() == 1
            count("rotten", "damages refused")


def test_a_fifo_in_place_of_a_file_is_named():
    """Nobody will ever write to it: a start that opened it as a file would wait for ever."""
    with Site() as site:
        assert site.start_signer().stop() == 0
        for name in ("checkpoint", "pending.00000000000000000007"):
            path = site.path("log") / name
            with replaced(path):
                os.mkfifo(path)
                refused = site.start_signer(wait=False)
                refused.wait_for(f"event=file-failed .*path={path} ")
                assert refused.wait() == 1
            count("rotten", "damages refused")


def test_a_refused_start_of_a_log_without_a_checkpoint_removes_nothing():
    with Site() as site:
        assert site.start_signer().stop() == 0
        path = site.path("log/pending.00000000000000000007")
        content = b"HMB1" + (1).to_bytes(4, "big") + (3).to_bytes(8, "big") + (7).to_bytes(8, "big") + \
            bytes(8) + b"\0\1x" + bytes(64)
        path.write_bytes(content)
        refused = site.start_signer(wait=False)
        refused.wait_for("event=log-damaged")
        assert refused.wait() == 1
        assert path.read_bytes() == content
        count("rotten", "damages refused")


def test_pending_file_of_one_torn_record():
    """Nothing whole is in it: the next record gets a file of that name, which must not be lost."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP) for _ in range(3)]
        logimage.published(site, logimage.notices() + 3)
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP)}])
        logimage.wait_for_record(site, logimage.notices() + 3)
        signer.signal(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        signer.wait()
        path = logimage.newest_pending(site)
        path.write_bytes(logimage.records_of(path)[:-5])
        for _ in range(3):
            signer = site.start_signer()
            collector.connect()
            receipts.append(collector.submit("app", APP))
            signer.kill()
        signer = site.start_signer()
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        logimage.fsck(site)
        count("rotten", "cuts")
        count("rotten", "receipts checked", len(receipts))


def test_pending_file_that_is_being_removed_is_not_written_to():
    """Where a torn file has the next one's name, that one has the name of the one after it."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP) for _ in range(3)]
        logimage.published(site, logimage.notices() + 3)
        signer.kill()
        used = logimage.newest_pending(site).read_bytes()
        path = [site.path(f"log/pending.{name:020d}") for name in (3, 4, 5, 6)]
        path[0].write_bytes(used)
        path[1].write_bytes(used)
        path[2].write_bytes(b"torn")
        faulty = underfire.FaultyCalls(site)
        plain, site.env = site.env, {**site.env, **faulty.env}
        signer = site.start_signer()
        collector.connect()
        with faulty.held("unlink", path[3].name):
            receipts.append(collector.submit("app", APP))
            faulty.wait_for_hit()
            receipts.append(collector.submit("app", APP))
        # It dies when the file is removed and what is in it has tiles, but no checkpoint.
        faulty.arm("killed after", "syncfs", "/log", 1, 0)
        signer.wait()
        site.env = plain
        signer = site.start_signer()
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        logimage.fsck(site)
        count("rotten", "receipts checked", len(receipts))


def test_pending_records_that_were_signed_are_missed():
    """Cut, flipped or gone: the guard has signed more than is there. Nothing is cut off or signed."""
    with ruin() as r:
        records = [at for at in range(len(r.whole)) if r.whole.startswith(b"HMB1", at)]
        last, before = records[-1], records[-2]
        damages = [r.whole[:cut] for cut in (before, before + 5, last - 1)]
        damages.append(r.whole[:last - 40] + bytes([r.whole[last - 40] ^ 1]) + r.whole[last - 39:last])
        for damage in damages:
            r.restore()
            r.pending.write_bytes(damage)
            r.refuses("log-behind-guard", r.pending.name if len(damage) > before else "log-behind")
            assert r.pending.read_bytes() == damage
            count("rotten", "damages refused")


def test_a_flipped_bit_in_a_pending_record_with_others_behind_it():
    with ruin() as r:
        last = r.whole.rindex(b"HMB1")
        for at in choose(range(last), 6, 600):
            r.restore()
            rot(r.pending, at)
            damage = r.pending.read_bytes()
            r.refuses("log-damaged|log-behind-guard", r.pending.name)
            assert r.pending.read_bytes() == damage
            count("rotten", "bits flipped")


def test_a_flipped_bit_in_what_a_start_reads():
    """Checkpoint, and the tiles and entries at the log's right edge, which the next ones hold again."""
    with ruin() as r:
        for name, event in (("log/checkpoint", "log-damaged|checkpoint-foreign"),
                            ("log/tile/0/001.p/47", "log-damaged"),
                            ("log/tile/entries/001.p/47", "log-damaged"),
                            ("log/tile/1/000.p/1", "log-damaged")):
            size = len(r.site.path(name).read_bytes())
            for at in choose(range(size), 4, 200):
                r.restore()
                rot(r.site.path(name), at)
                r.refuses(event, "checkpoint" if name.endswith("point") else "/log")
                count("rotten", "bits flipped")


def test_a_flipped_bit_that_the_auditor_finds():
    """Full tiles and entry bundles: no start reads them all."""
    with ruin() as r:
        assert r.site.start_signer().stop() == 0
        logimage.keep(r.site, r.site.path("whole"))
        for name in ("log/tile/0/000", "log/tile/entries/000"):
            size = len(r.site.path(name).read_bytes())
            for at in choose(range(size), 3, 200):
                logimage.restore(r.site, r.site.path("whole"))
                rot(r.site.path(name), at)
                found = r.site.audit("fsck", "--log", str(r.site.path("log")), "--cert",
                                     str(r.site.path("log.crt")), check=False)
                assert found.returncode == 1 and name.removeprefix("log/") in found.stdout, \
                    (name, at, found.stdout)
                count("rotten", "bits flipped")


def test_a_flipped_bit_gives_no_receipt_again():
    """Full tiles and bundles are read when a lost receipt is asked for again, and at no other time."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        data = collector.make("lost", APP)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        lost = collector.await_receipt(APP)
        for _ in range(256):
            collector.submit("app", APP)
        assert signer.stop() == 0
        logimage.keep(site, site.path("image"))
        report = site.path("log/tile/entries/000").read_bytes().index(lost["report"])
        for name, ats in (("log/tile/entries/000", range(report, report + len(lost["report"]))),
                          ("log/tile/0/000", range(32, 64)), (None, [0])):
            for at in choose(ats, 3, 100):
                logimage.restore(site, site.path("image"))
                if name:
                    rot(site.path(name), at)
                signer = site.start_signer()
                collector.connect().connection.send([wire.BUNDLE, {"bundle": data}])
                if name:
                    try:
                        raise AssertionError(collector.await_receipt(APP))
                    except wire.Refused as refusal:
                        assert refusal.name == "io", refusal
                    signer.wait_for("event=log-damaged .*index=3 ")
                    count("rotten", "bits flipped")
                else:
                    again = collector.await_receipt(APP)
                    assert again["report"] == lost["report"]
                    wire.verify_receipt(again, site.certificate, hallmark.ORIGIN)
                signer.kill()


def test_a_flipped_bit_in_the_guard():
    """Any byte of the two slots: one of them may have had the newer state."""
    with ruin() as r:
        guard = r.site.guard_file()
        for at in choose([*range(88), *range(4096, 4096 + 88)], 4):
            r.restore()
            rot(guard, at)
            signer = r.site.start_signer(wait=False)
            signer.wait_for(f"{guard.name}.*the guard's state is damaged")
            assert not any("event=listening" in line for line in signer.lines)
            signer.kill()
            count("rotten", "bits flipped")


def test_a_flipped_bit_in_the_evidence():
    """The record is named when it is read; the collector is asked for it again."""
    with ruin() as r:
        pack = next(p for p in sorted(r.site.path("evidence").iterdir()))
        size = pack.stat().st_size
        for at in choose(range(size), 4, 200):
            r.restore()
            rot(pack, at)
            r.lives()
            count("rotten", "bits flipped")
        # In the component that every bundle names, whether the index knows its place or not.
        r.restore()
        at = pack.read_bytes().index(wire.hashlib.sha256(APP["executable"]).digest()) + 32 + 8
        for with_index in (True, False):
            r.restore()
            if not with_index:
                for path in r.site.dir.glob("index.db*"):
                    path.unlink()
            rot(pack, at)
            lines = r.lives()
            assert any("event=evidence-damaged" in line and pack.name in line
                       for line in lines), lines


def test_what_the_evidence_lacks_of_the_policy_is_stored_again():
    """The index says that it is there: a verdict that nobody can replay must not be given on its word."""
    with Site() as site:
        assert site.start_signer().stop() == 0
        pack = site.path("evidence/pack-00000001")
        whole = pack.read_bytes()
        # Without the pack, what stood behind the very first notice is gone: nobody needs it, and the
        # auditor misses it. What stands now is what the newest list says, and that one is made again.
        for damage, status in ((lambda: rot(pack, len(whole) - 1), GOOD),
                               (lambda: rot(pack, whole.index(b"HMP1\2") + 60), GOOD),
                               (pack.unlink, UNKNOWN)):
            damage()
            signer = site.start_signer()
            signer.wait_for("event=evidence-damaged .*pack-00000001")
            site.collector(f"host{len(signer.lines)}").submit("app", APP)
            assert signer.stop() == 0
            done = site.audit("replay", "--log", str(site.path("log")), "--evidence",
                              str(site.path("evidence")), "--cert", str(site.path("log.crt")),
                              "--all", check=False)
            assert done.returncode == status and " 0 different, 0 not possible" in done.stdout, done
            assert status == GOOD or "entry 0: what is in force behind it" in done.stdout, done
            count("rotten", "damages mended")
            for path in site.path("evidence").iterdir():
                path.unlink()
            pack.write_bytes(whole)


def test_a_flipped_bit_in_the_index():
    """Whatever it hits, the heads of all chains are right afterwards: the index is made again."""
    with ruin() as r:
        path = r.site.path("index.db")
        # All in one file, without a journal, as a clean stop leaves it.
        assert r.site.start_signer().stop() == 0
        r.signed += 1  # its start notice
        assert not list(r.site.dir.glob("index.db-*"))
        clean = r.site.path("clean")
        logimage.keep(r.site, clean)
        rebuilt = 0
        for at in choose([at for at, byte in enumerate(path.read_bytes()) if byte], 8, 400):
            r.restore(clean)
            rot(path, at)
            lines = r.lives()
            said = [line for line in lines if "event=index-rebuild" in line]
            assert not said or any(path.name in line for line in said), lines
            rebuilt += bool(said)
            count("rotten", "bits flipped")
        # The digest of a workload's newest report is certainly in use.
        r.restore(clean)
        rot(path, path.read_bytes().rindex(wire.leaf_hash(r.receipts[-1]["report"])))
        assert any("event=index-rebuild" in line and path.name in line for line in r.lives())
        count("rotten", "indexes rebuilt", rebuilt)


def heads(site):
    with sqlite3.connect(site.path("index.db")) as db:
        return db.execute("SELECT * FROM workload ORDER BY collector, name").fetchall()


def test_a_deleted_index_comes_back_with_the_same_heads():
    with ruin() as r:
        assert r.site.start_signer().stop() == 0
        before = heads(r.site)
        assert len(before) == 4
        for suffixes in (("", "-wal", "-shm"), ("",)):
            for suffix in suffixes:
                r.site.path(f"index.db{suffix}").unlink(missing_ok=True)
            assert r.site.start_signer().stop() == 0
            assert heads(r.site) == before
            count("rotten", "indexes rebuilt")


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
