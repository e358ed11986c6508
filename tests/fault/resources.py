#!/usr/bin/python3
"""Disk full, file table full, no threads, memory capped: refused with a code or stopped cleanly, nothing lost.

A disk that fills slowly is storage.py's. Here it is full from one moment to the next, as if another
had taken all of it: nobody looks at it.
"""

import contextlib
import functools
import hashlib
import mmap
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import threading
import time

import hallmark
import logimage
import small_disk
import underfire
import wire
from hallmark import APP, Site
from underfire import GONE, choose, count, new_evidence, stopped

LEVELS_KB = (0, 4, 8, 16, 32, 64, 128, 256)  # free when the trouble begins
CAP_MB = 24  # over what an idle signer has
PENDING_MB = 32  # two large components, not three
UNSYNCED_MB = 64  # LEDGER_EVIDENCE_MAX
MANY = 20  # large components
LOOKS = 50  # without any progress: nothing more is taken
NO_MB = 8  # for connections alone
UNBOUNDED = {"connections": 2000, "evidence_pending_bytes": 1 << 30}
MOST_OF_A_FRAME = (256 * 1024).to_bytes(4, "big") + bytes(250 * 1024)


def submit_until_trouble(collector, signer, receipts, reports=2000):
    """Reports, with new evidence now and then, until the signer refuses or is gone."""
    for number in range(reports):
        try:
            receipts.append(collector.submit(f"w{number % 3}",
                                             new_evidence() if number % 4 == 0 else APP))
        except GONE:
            signer.wait()
            return "ended"
        except wire.Refused as refusal:
            return refusal.name
    return "nothing"


def comes_back(site, receipts, workload):
    """A start as it should be: everything acknowledged is there, and the work goes on."""
    signer = site.start_signer()
    collector = site.collector()
    receipts.append(collector.submit(workload, APP))
    assert signer.stop() == 0
    logimage.verify_all(site, receipts)
    logimage.fsck(site)
    count("resources", "receipts checked", len(receipts))


def test_disk_full():
    """The signer ends without a receipt too many; full or not, no start loses anything."""
    for free_kb in choose(LEVELS_KB, 3):
        with small_disk.small_disk() as base, \
                Site(directory=base, limits={"connections": 2000, "disk_reserve_mib": 0}) as site:
            signer = site.start_signer()
            collector = site.collector()
            receipts = [collector.submit("w0", APP) for _ in range(20)]
            logimage.published(site, logimage.notices() + 20)
            small_disk.fill(base, free_kb)
            trouble = submit_until_trouble(collector, signer, receipts)
            assert trouble == "ended" and signer.wait() == 1, (trouble, signer.lines[-5:])
            assert any("No space left on device" in line for line in signer.lines), signer.lines
            assert any("event=fatal" in line for line in signer.lines), signer.lines
            count("resources", "disks filled")
            for _ in range(3):  # as a service manager would
                again = site.start_signer(wait=False)
                again.wait_for("event=(listening|fatal|index-failed|file-failed|status)")
                if not again.ended and any("event=listening" in line for line in again.lines):
                    # A new name: what became of the last bundle nobody knows yet.
                    with contextlib.suppress(*GONE, wire.Refused):
                        stranger = site.collector()
                        receipts.append(stranger.submit(f"full{len(receipts)}", APP))
                        stranger.close()
                again.signal(9)
                again.wait()
            small_disk.empty(base)
            comes_back(site, receipts, "room")


def test_file_table_full():
    """Connections are what is refused: commits, publications and the key process go on."""
    with Site(limits={"connections": 2000, "handshake_timeout_ms": 60000}) as site:
        site.init_key()
        signer = hallmark.Process("hallmark-signer", ["run", "-c", str(site.path("signer.yaml"))],
                                  site.env, prefix=["prlimit", "--nofile=128:128"])
        site.processes.append(signer)
        signer.wait_for("event=listening")
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        crowd = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(300)]
        signer.wait_for("event=connection-limit")
        before = site.status()["counters"]["publications"]
        for number in range(40):
            receipts.append(collector.submit(f"w{number % 3}", new_evidence()))
        logimage.published(site, receipts[-1]["index"] + 1)
        assert site.status()["counters"]["publications"] > before
        os.kill(site.key_process_pid(), 9)
        signer.wait_for("event=key-process-down")
        receipts.append(collector.submit("w0", APP))
        assert site.status()["refusals"]["too-many-connections"] > 100
        for connection in crowd:
            connection.close()
        receipts.append(new_connection(site).submit("after", APP))
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        logimage.fsck(site)
        count("resources", "file tables filled")
        count("resources", "receipts checked", len(receipts))


class NoThreads:
    """The control of no_threads.so, which must be in the signer's environment (`env`)."""

    def __init__(self, site):
        path = site.path("no-threads")
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 8)
        self.env = {"LD_PRELOAD": str(hallmark.BUILD / "fault/no_threads.so"),
                    "HALLMARK_NO_THREADS": str(path)}

    def deny(self, denied):
        self.shared[:4] = struct.pack("=I", denied)

    def hits(self):
        return struct.unpack("=I", self.shared[4:])[0]


def test_no_thread_to_start_the_key_process_with():
    """Tried again and again, as if it had died; what came in meanwhile has its receipt in the end."""
    with Site() as site:
        threads = NoThreads(site)
        site.init_key()
        site.env = {**site.env, **threads.env}
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        before = site.status()
        threads.deny(1)
        os.kill(before["key_process_pid"], signal.SIGKILL)
        seen, waits_ms = 0, []
        while len(waits_ms) < 4:
            line = signer.wait_for("event=key-process-down .*no thread", seen)
            seen = signer.lines.index(line, seen) + 1
            waits_ms.append(int(line.split("retry_ms=")[1].split()[0]))
        assert waits_ms == sorted(waits_ms) and waits_ms[0] < waits_ms[-1], waits_ms
        now = site.status()
        assert (now["key_process"], now["key_process_pid"]) == ("down", 0), now
        assert now["counters"]["key_process_starts"] >= (
            before["counters"]["key_process_starts"] + len(waits_ms)), now
        assert threads.hits() >= len(waits_ms)
        late = site.collector("late")
        late.connection.send([wire.BUNDLE, {"bundle": late.make("w1", APP)}])
        threads.deny(0)
        receipts.append(late.await_receipt(APP))
        receipts.append(collector.submit("w0", APP))
        assert site.status()["key_process"] == "up"
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        logimage.fsck(site)
        count("resources", "threads denied", threads.hits())
        count("resources", "receipts checked", len(receipts))


def new_connection(site):
    """As a collector would, again until there is room."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while True:
        try:
            return site.collector("late")
        except GONE:
            assert time.monotonic() < deadline, "no connection after the crowd has gone"


class Cgroup:
    """A memory cgroup of either version, or None where there is none that can be made."""

    @classmethod
    @contextlib.contextmanager
    def made(cls):
        """Leave it last: whoever is in it has ended by then."""
        cgroup = cls.make()
        try:
            yield cgroup
        finally:
            if cgroup is not None:
                cgroup.end()

    @classmethod
    def make(cls):
        name = f"hallmark-test-{os.getpid()}"
        for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            root = pathlib.Path("/sys/fs/cgroup")
            if number == "0" and (root / "cgroup.controllers").exists():
                where, knob = root / path.lstrip("/") / name, "memory.max"
            elif "memory" in controllers.split(","):
                where, knob = root / "memory" / path.lstrip("/") / name, "memory.limit_in_bytes"
                if not where.parent.exists():
                    where = root / "memory" / name
            else:
                continue
            try:
                where.mkdir()
            except OSError:
                continue
            if (where / knob).exists():
                return cls(where, where / knob)
            where.rmdir()
        return None

    def __init__(self, path, knob):
        self.path, self.knob = path, knob

    def prefix(self):
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.path / "cgroup.procs")]

    def cap(self, signer, more_mb):
        self.knob.write_text(str(hallmark.resident_bytes(signer.pid) + more_mb * 1024 * 1024))

    def pids(self):
        return (self.path / "cgroup.procs").read_text().split()

    def end(self):
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while self.pids():
            assert time.monotonic() < deadline, "processes stay in the cgroup"
        self.path.rmdir()


def large_evidence():
    """About a megabyte that does not compress."""
    return {"config": wire.component("config", [
        wire.fact_item(f"setting-{number:03}", os.urandom(65536)) for number in range(16)])}


def send_nearly_all(collector, digest, data):
    """Every part but the last."""
    size = collector.welcome["part_max"]
    for offset in range(0, len(data) - size, size):
        collector.connection.send([wire.PART, {"digest": digest, "offset": offset,
                                               "data": data[offset:offset + size]}])


def many_uploads(site, signer, receipts, connections=12, turns=6):
    """Large components, of each the last part withheld: the signer has to keep what it has."""
    pieces, trouble = [], set()
    try:
        for turn in range(turns):
            for number in range(connections):
                collector = site.collector(f"big{number}")
                pieces.append(collector)
                evidence = large_evidence()
                data = collector.make(f"big{turn}-{number}", evidence)
                collector.connection.send([wire.BUNDLE, {"bundle": data}])
                kind, body = collector.connection.receive()
                if kind == wire.REFUSAL:
                    trouble.add(body["name"])
                    continue
                assert kind == wire.WANT, kind
                send_nearly_all(collector, body["digests"][0], evidence["config"])
                small = site.collector(f"small{number}")
                pieces.append(small)
                receipts.append(small.submit(f"small{turn}-{number}", new_evidence()))
    except GONE:
        trouble.add("gone")
    except wire.Refused as refusal:
        trouble.add(refusal.name)
    for piece in pieces:
        piece.close()
    for name in trouble:
        count("resources", f"refused {name}" if name != "gone" else "connections lost")
    return trouble


@functools.cache
def largest_evidence():
    """Some 12 MB, in one piece."""
    return {"config": wire.component("config", [
        wire.fact_item(f"setting-{number:03}", os.urandom(65536)) for number in range(184)])}


def begin_large(collector, workload):
    """Has a large component received but for its last part; the refusal's name, if it has one."""
    evidence = largest_evidence()
    collector.connection.send([wire.BUNDLE, {"bundle": collector.make(workload, evidence)}])
    kind, body = collector.connection.receive()
    assert kind == wire.WANT, body
    send_nearly_all(collector, body["digests"][0], evidence["config"])
    # The answer to a bundle comes behind those to the parts before it.
    beside = collector.make("beside", APP)
    collector.connection.send([wire.BUNDLE, {"bundle": beside}])
    kind, body = collector.connection.receive()
    name = None
    if kind == wire.REFUSAL:
        assert body["workload"] == workload, body
        name = body["name"]
        count("resources", f"refused {name}")
        kind, body = collector.connection.receive()
    assert kind == wire.RECEIPT, body  # the connection lives, and the parts had no other answer
    collector.accepted("beside", beside)
    collector.nonce = body["nonce"]
    return name


def refused_and_let_in_again(site, name, receipts, turns, most=6):
    """As many uploads as there is memory for; one more is refused. What they held is free again when
    they are gone: the one that was refused has its turn.
    """
    for turn in range(turns):
        refusal, begun = None, []
        while refusal is None:
            assert len(begun) < most, "so many uploads at once, and the bound was never felt"
            begun.append(site.collector(f"{turn}.{len(begun)}"))
            refusal = begin_large(begun[-1], "large")
            receipts.append(site.collector(f"beside{turn}.{len(begun)}").submit("small",
                                                                             new_evidence()))
        assert refusal == name and len(begun) > 1, (refusal, len(begun))
        assert site.status()["refusals"][name] == turn + 1
        for collector in begun[:-1]:
            collector.close()
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while site.status()["evidence_receiving_bytes"] > 0:
            assert time.monotonic() < deadline, "uploads of gone connections are kept"
        assert begin_large(begun[-1], "again") is None
        begun[-1].close()
        receipts.append(site.collector(f"turn{turn}").submit("megabyte", large_evidence()))


def test_bounded_within_a_cgroup():
    """As it is meant to be run: what is being received is bounded, so the kernel never has to kill."""
    with Cgroup.made() as cgroup, \
            Site(limits={"connections": 2000, "evidence_pending_bytes": PENDING_MB << 20}) as site:
        if cgroup is None:
            print("no memory cgroup can be made here: the bound is looked at alone", flush=True)
        signer = start_within(site, cgroup)
        receipts = [site.collector().submit("w0", APP)]
        if cgroup is not None:
            cgroup.cap(signer, CAP_MB + PENDING_MB)
        refused_and_let_in_again(site, "busy", receipts, turns=2)
        assert signer.stop() == 0
        count("resources", "memory bounded (cgroup)" if cgroup else "memory bounded")
        comes_back(site, receipts, "room")


def test_bounded_while_nothing_is_committed():
    """Evidence waits in memory for a batch's turn: at a bound nothing more is read."""
    pattern = largest_evidence()["config"]
    with Site(limits=UNBOUNDED, key_process={"deadline_ms": 60000}) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        before = hallmark.resident_bytes(signer.pid)
        sent = []
        sender = threading.Thread(target=send_ahead, args=(collector, pattern, sent), daemon=True)
        with stopped(site.key_process_pid()):
            sender.start()
            looks = last = 0
            while sender.is_alive() and looks < LOOKS:
                held = site.status()["evidence_unsynced_bytes"]
                full = held >= UNSYNCED_MB << 20
                looks = looks + 1 if full and (len(sent), held) == last else 0
                last = len(sent), held
            assert sender.is_alive(), "everything was taken"
            assert held < (UNSYNCED_MB << 20) + len(pattern), held
        sender.join()
        while len(receipts) <= MANY:
            kind, body = collector.connection.receive()
            assert kind in (wire.WANT, wire.RECEIPT), body
            receipts += [body] if kind == wire.RECEIPT else []
        # In both forms, and one more on its way in.
        grown_mb = (peak_bytes(signer.pid) - before) >> 20
        assert grown_mb < 2 * (UNSYNCED_MB + 16) + 16 < MANY * len(pattern) >> 20, grown_mb
        assert signer.stop() == 0
        count("resources", "memory bounded")
        comes_back(site, receipts, "room")


def send_ahead(collector, pattern, sent):
    """Bundles of a large component each, and the components before they are asked for."""
    for number in range(MANY):
        evidence = pattern[:-32] + hashlib.sha256(bytes([number])).digest()  # in the last value
        data = collector.make(f"ahead{number}", {"config": evidence})
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        collector.send_bytes(evidence)
        sent.append(number)


def peak_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) * 1024


def start_within(site, cgroup):
    site.init_key()
    signer = hallmark.Process("hallmark-signer", ["run", "-c", str(site.path("signer.yaml"))],
                              site.env, prefix=cgroup.prefix() if cgroup else [])
    site.processes.append(signer)
    signer.wait_for("event=listening")
    return signer


def test_memory_capped_by_a_cgroup():
    """Killed by the kernel at worst, which is a kill -9 like any other."""
    with Cgroup.made() as cgroup, Site(limits=UNBOUNDED) as site:
        if cgroup is None:
            print("no memory cgroup can be made here: the address space is capped alone", flush=True)
            return
        signer = start_within(site, cgroup)
        receipts = [site.collector().submit("w0", APP)]
        cgroup.cap(signer, CAP_MB)
        trouble = many_uploads(site, signer, receipts)
        assert trouble, "the cap was never felt"
        if not signer.ended:
            signer.signal(9)
        signer.wait()
        count("resources", "memory capped (cgroup)")
        comes_back(site, receipts, "room")


def cap_address_space(signer, more_mb=CAP_MB):
    size = int(pathlib.Path(f"/proc/{signer.pid}/statm").read_text().split()[0])
    cap = size * resource.getpagesize() + more_mb * 1024 * 1024
    resource.prlimit(signer.pid, resource.RLIMIT_AS, (cap, resource.RLIM_INFINITY))


def uncap_address_space(signer):
    resource.prlimit(signer.pid, resource.RLIMIT_AS,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_no_memory_for_a_component():
    """malloc says no: the bundle is refused, all else goes on, and it is taken when there is room."""
    with Site(limits=UNBOUNDED) as site:
        signer = site.start_signer()
        receipts = [site.collector().submit("w0", APP)]
        cap_address_space(signer)
        # Once: where malloc puts the next ones depends on what lies between them by then.
        refused_and_let_in_again(site, "memory", receipts, turns=1)
        uncap_address_space(signer)
        receipts.append(site.collector("late").submit("late", APP))
        assert signer.stop() == 0
        count("resources", "memory capped (address space)")
        comes_back(site, receipts, "room")


def was_told(crowd, line):
    """Whether the line is of a connection that got its refusal; its TLS may be without memory, too."""
    if "code=memory" not in line:
        return False
    assert "event=connection-failed" in line, line
    number = int(re.search(r"connection=(\d+)", line)[1])
    with contextlib.suppress(*GONE):
        kind, body = crowd[number - 2].connection.receive()  # the first one is the witness's
        assert kind == wire.REFUSAL and body["name"] == "memory" and "workload" not in body, body
        count("resources", "refused memory")
        return True
    return False


def test_no_memory_for_a_connection():
    """malloc says no to what a peer sends: it is told so, and all the others go on."""
    with Site(limits={**UNBOUNDED, "frame_timeout_ms": 600000}) as site:
        site.env["MALLOC_ARENA_MAX"] = "1"  # each has room put by that the cap would not touch
        signer = site.start_signer()
        witness = site.collector("witness")
        receipts = [witness.submit("w0", APP)]
        crowd = [site.collector("crowd") for _ in range(24 * NO_MB)]
        cap_address_space(signer, NO_MB)
        seen, told = 0, False
        for collector in crowd:
            with contextlib.suppress(*GONE):
                collector.connection.send_raw(MOST_OF_A_FRAME)
            while seen < len(signer.lines) and not told:
                told = was_told(crowd, signer.lines[seen])
                seen += 1
            if told:
                break
        while not told:  # the signer is still reading what was sent
            line = signer.wait_for("code=memory", seen)
            seen = signer.lines.index(line, seen) + 1
            told = was_told(crowd, line)
        for collector in crowd:
            collector.close()
        # Nobody's bytes were lost on the way, which would make the next ones a frame's length.
        assert "frame-size" not in site.status()["refusals"], site.status()
        receipts.append(witness.submit("w0", new_evidence()))
        receipts.append(site.collector("late").submit("late", APP))
        assert site.status()["refusals"]["memory"] >= 1
        assert signer.stop() == 0
        count("resources", "memory capped (address space)")
        comes_back(site, receipts, "room")


def answers(site):
    """A signer that aborts may be there for a while, but says nothing any more."""
    try:
        return bool(site.status())
    except AssertionError:
        return False


def test_address_space_capped():
    """Anything may fail now: the signer refuses, or it ends before it acknowledges anything."""
    with Site(limits=UNBOUNDED) as site:
        signer = site.start_signer()
        receipts = [site.collector().submit("w0", APP)]
        cap_address_space(signer)
        trouble = many_uploads(site, signer, receipts)
        assert trouble, "the cap was never felt"
        with contextlib.suppress(ProcessLookupError):
            uncap_address_space(signer)
        if answers(site):
            # With room again it goes on, as it is.
            receipts.append(site.collector("late").submit("late", APP))
            assert signer.stop() == 0
            count("resources", "survived")
        else:
            assert signer.wait() in (1, -6), signer.wait()
        count("resources", "memory capped (address space)")
        comes_back(site, receipts, "room")


if __name__ == "__main__":
    small_disk.enter()
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
