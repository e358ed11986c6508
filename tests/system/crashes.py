#!/usr/bin/python3
"""kill -9 of anything, at any time: no acknowledged report is lost, none is signed twice."""

import contextlib
import os
import shutil
import sqlite3
import time

import hallmark
import wire
from hallmark import APP, EVIL, ORIGIN, Site
from load import Load
from logimage import (audit, flip, keep, newest_pending, notices, published, read_log, records_of, restore,
                      verify_all, wait_for_record)

INDEX_S = 2  # between two savings of the index


def test_kill_of_the_key_process_under_load():
    """No connection drops, and all waiting reports get their receipts."""
    with Site() as site:
        signer = site.start_signer()
        load = Load(site)
        for _ in range(5):
            load.wait_for(40)
            pid, heard = site.key_process_pid(), len(signer.lines)
            os.kill(pid, 9)
            signer.wait_for("event=key-process-(down|exit)", heard)
        load.wait_for(100)
        load.end()
        status = site.status()
        assert not load.errors and load.closed == 0, (load.errors, load.closed)
        assert status["counters"]["key_process_starts"] >= 5, status
        assert status["in_flight"] == 0
        assert signer.stop() == 0
        verify_all(site, load.receipts)
        audit(site)


def test_kill_of_the_signer_under_load():
    """After each restart, every receipt ever given verifies against the log."""
    with Site() as site:
        receipts = []
        for turn in range(6):
            signer = site.start_signer()
            load = Load(site)
            load.collectors[0].chains = {}
            load.wait_for(30 + 17 * turn)
            signer.kill()
            load.end()
            assert not [e for e in load.errors if "sequence-not-rising" not in e], load.errors
            receipts += load.receipts
            # Whoever comes again with new chains is refused, as a clone would be: use new names.
            site.ca.issue(site.path("load"), "load", uri=f"spiffe://test/load{turn + 1}")
        signer = site.start_signer()
        published(site, 0)
        assert signer.stop() == 0
        verify_all(site, receipts)
        audit(site)


def test_kill_of_both_at_once():
    with Site() as site:
        signer = site.start_signer()
        load = Load(site)
        load.wait_for(50)
        pid = site.key_process_pid()
        signer.kill()
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass  # it saw the channel close
        load.end()
        signer = site.start_signer()
        collector = site.collector("after")
        receipt = collector.submit("after", APP)
        assert signer.stop() == 0
        verify_all(site, load.receipts + [receipt])
        audit(site)


def test_a_lost_receipt_is_given_again():
    """The same bundle once more gets the receipt of the report that is logged, never a second one."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        data = collector.make("again", APP)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        first = collector.await_receipt(APP)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        second = collector.await_receipt(APP)
        published(site, first["index"] + 1)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        third = collector.await_receipt(APP)
        signer.kill()
        signer = site.start_signer()
        collector.connect()
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        fourth = collector.await_receipt(APP)
        for receipt in (first, second, third, fourth):
            assert receipt["index"] == notices() and receipt["report"] == first["report"]
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
        assert site.status()["log_size"] == notices(2) + 1
        collector.accepted("again", data)
        assert collector.submit("again", APP)["index"] == notices(2) + 1
        assert signer.stop() == 0


def test_pending_reports_are_recovered():
    """Killed before publication: the pending file alone has the reports, and they are sealed again."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP) for _ in range(20)]
        signer.kill()
        signer = site.start_signer()
        recovered = next(line for line in signer.lines if "event=recovered" in line)
        assert "pending=0" not in recovered or "published=22" in recovered, recovered
        collector.connect()
        receipts.append(collector.submit("app", APP))
        assert receipts[-1]["index"] == notices(2) + 20
        assert signer.stop() == 0
        verify_all(site, receipts)
        audit(site)


def test_pending_files_are_written_over():
    """Few are there, however much is published; killed at any moment nothing is lost, and at the end they go."""
    with Site() as site:
        receipts, names = [], set()
        for _ in range(4):
            signer = site.start_signer()
            collector = site.collector()
            for n in range(3):
                receipts += [collector.submit(f"w{n}{len(receipts)}", APP) for _ in range(5)]
                published(site, receipts[-1]["index"] + 1)
            names |= {path.name for path in site.path("log").glob("pending.*")}
            receipts.append(collector.submit(f"w{len(receipts)}", APP))
            signer.kill()
        assert 1 <= len(names) <= 4, names
        assert site.start_signer().stop() == 0
        assert not list(site.path("log").glob("pending.*"))
        verify_all(site, receipts)
        audit(site)


def test_pending_file_cut_at_every_byte():
    """A torn record at the end is dropped, and nothing before it; the guard says how far it may go."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        # The key process is stopped, so that the last record is durable and never signed.
        for _ in range(3):
            collector.submit("app", APP)
        pid = site.key_process_pid()
        os.kill(pid, 19)
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP)}])
        wait_for_record(site, notices() + 3)
        signer.signal(9)
        os.kill(pid, 9)
        signer.wait()
        image = site.path("image")
        keep(site, image)
        path = newest_pending(site)
        whole = records_of(path)
        start = whole.rindex(b"HMB1")
        cuts = sorted({start + 1, start + 4, start + 31, start + 32, start + 33, len(whole) - 33,
                       len(whole) - 32, len(whole) - 1, len(whole)} |
                      set(range(start, len(whole), 97)))
        for cut in cuts:
            restore(site, image)
            path.write_bytes(whole[:cut])
            signer = site.start_signer()
            expected = notices(2) + (4 if cut == len(whole) else 3)
            assert site.status()["log_size"] == expected, (cut, expected, site.status())
            assert signer.stop() == 0
            assert len(read_log(site)) == expected


def refuses_to_start(site, event):
    signer = site.start_signer(wait=False)
    signer.wait_for(f"event={event}")
    assert signer.wait() == 1
    return signer


def test_one_flipped_bit_is_found_and_named():
    """In every kind of file; nothing is signed over it."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP) for _ in range(300)]
        published(site, notices() + 300)
        pid = site.key_process_pid()
        os.kill(pid, 19)
        for _ in range(2):
            collector.connection.send([wire.BUNDLE, {"bundle": collector.make(f"x{_}", APP)}])
        wait_for_record(site, notices() + 300)
        signer.signal(9)
        os.kill(pid, 9)
        signer.wait()
        image = site.path("image")
        keep(site, image)
        for name, event in (("log/checkpoint", "log-damaged|checkpoint-foreign"),
                            ("log/tile/0/001.p/47", "log-damaged"),
                            ("log/tile/1/000.p/1", "log-damaged")):
            restore(site, image)
            flip(site.path(name))
            refuses_to_start(site, f"({event})")
        # A tile that no start needs to read is the auditor's to find.
        restore(site, image)
        flip(site.path("log/tile/0/000"))
        found = site.audit("fsck", "--log", str(site.path("log")), "--cert",
                           str(site.path("log.crt")), check=False)
        assert found.returncode == 1 and "tile/0/000" in found.stdout, found
        restore(site, image)
        guard = site.guard_file()
        flip(guard, 20)
        signer = site.start_signer(wait=False)
        signer.wait_for("the guard.s state is damaged")
        signer.kill()
        restore(site, image)
        flip(next(site.path("evidence").iterdir()), 60)
        signer = site.start_signer()
        # The damage shows when the record is read, and the collector is asked for it again.
        collector.connect()
        receipts.append(collector.submit("app", EVIL))
        receipts.append(collector.submit("app", APP))
        assert signer.stop() == 0
        verify_all(site, receipts)


def test_a_deleted_index_is_made_again():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for n in range(300):
            collector.submit(f"app{n % 5}", APP)
        assert signer.stop() == 0
        for damage in (lambda p: p.unlink(), lambda p: p.write_bytes(b"not a database" * 100)):
            for path in site.dir.glob("index.db*"):
                if path.name != "index.db":
                    path.unlink()
            damage(site.path("index.db"))
            signer = site.start_signer()
            collector.connect()
            for n in range(5):
                collector.submit(f"app{n}", APP)
            assert signer.stop() == 0
        with sqlite3.connect(site.path("index.db")) as db:
            assert db.execute("SELECT count(*) FROM workload").fetchone() == (5,)
            assert db.execute("SELECT log_size FROM state").fetchone() == (notices(3) + 310,)
        # And the start after that reads the index alone.
        signer = site.start_signer()
        assert not any("index-rebuild" in line for line in signer.lines)
        audit(site)


def test_a_log_that_was_rolled_back_is_refused():
    """The guard has signed more than the disk shows: promise 1."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for _ in range(5):
            collector.submit("app", APP)
        assert signer.stop() == 0
        shutil.copytree(site.path("log"), site.path("old-log"))
        shutil.copy(site.path("index.db"), site.path("old-index"))
        signer = site.start_signer()
        collector.connect()
        collector.submit("app", APP)
        assert signer.stop() == 0
        shutil.rmtree(site.path("log"))
        site.path("old-log").rename(site.path("log"))
        refuses_to_start(site, "log-behind-guard")


def test_a_guard_that_was_rolled_back_is_led_up():
    """The guard's state was restored from a copy: it extends it, by proof, and never forks."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for _ in range(5):
            collector.submit("app", APP)
        assert signer.stop() == 0
        shutil.copytree(site.path("guard"), site.path("old-guard"))
        signer = site.start_signer()
        collector.connect()
        for _ in range(300):
            collector.submit("app", APP)
        assert signer.stop() == 0
        shutil.rmtree(site.path("guard"))
        site.path("old-guard").rename(site.path("guard"))
        signer = site.start_signer()
        assert any("event=guard-behind" in line for line in signer.lines)
        collector.connect()
        assert collector.submit("app", APP)["index"] == notices(3) + 305
        assert signer.stop() == 0
        audit(site)


def test_two_signers_cannot_have_one_log():
    with Site() as site:
        site.start_signer()
        second = site.start_signer(wait=False)
        second.wait_for("event=log-locked")
        assert second.wait() == 1


def test_a_second_signer_touches_nothing_of_the_first():
    """The first is writing its index at that moment: the second must not take it for damaged."""
    with Site() as site:
        first = site.start_signer()
        collector = site.collector()
        collector.submit("w", APP)
        before = site.path("index.db").stat().st_ino
        with contextlib.closing(sqlite3.connect(site.path("index.db"))) as writer:
            writer.execute("BEGIN IMMEDIATE")
            second = site.start_signer(wait=False)
            second.wait_for("event=log-locked")
            assert second.wait() == 1
            assert len(second.lines) == 1, second.lines
            time.sleep(INDEX_S)
            collector.submit("w", APP)
            time.sleep(INDEX_S / 2)  # the first waits for whoever holds its index
        assert site.path("index.db").stat().st_ino == before
        collector.submit("w", APP)
        assert first.stop() == 0
        again = site.start_signer()
        assert not [line for line in again.lines if "index-rebuild" in line], again.lines
        assert again.stop() == 0


def test_partial_tiles_that_no_checkpoint_names():
    """Torn by a crash; a wider one that comes next would leave them, and fsck would call them bad."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w", APP) for _ in range(3)]
        assert signer.stop() == 0
        torn = [site.path("log/tile") / name
                for name in ("0/000.p/7", "entries/000.p/7", "0/000.p/200", "1/000.p/1")]
        for path in torn:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"torn")
        signer = site.start_signer()
        collector.connect()
        receipts += [collector.submit("w", APP) for _ in range(3)]
        assert signer.stop() == 0
        assert not [path for path in torn if path.exists() and path.read_bytes() == b"torn"]
        verify_all(site, receipts)
        audit(site)


def test_an_old_checkpoint_put_back_alone_costs_nothing():
    """The guard knows better; until it is heard, nothing of the log is tidied away."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w", APP) for _ in range(5)]
        assert signer.stop() == 0
        path = site.path("log/checkpoint")
        old = path.read_bytes()
        signer = site.start_signer()
        collector.connect()
        receipts += [collector.submit("w", APP) for _ in range(3)]
        assert signer.stop() == 0
        newest = path.read_bytes()
        path.write_bytes(old)
        refused = site.start_signer(wait=False)
        refused.wait_for("event=log-behind-guard")
        assert refused.wait() == 1
        path.write_bytes(newest)
        signer = site.start_signer()
        collector.connect()
        receipts.append(collector.submit("w", APP))
        assert signer.stop() == 0
        verify_all(site, receipts)
        audit(site)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
