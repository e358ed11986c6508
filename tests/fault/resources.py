#!/usr/bin/python3
"""Disk full, file table full, no threads, memory capped: refused with a code or stopped cleanly, nothing lost.

Runs in a mount namespace of its own, with the disk that is filled in it: when the process has ended
there is nothing left of either.
"""

import contextlib
import mmap
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import hallmark
import logimage
import underfire
import wire
from hallmark import APP, Site
from underfire import GONE, choose, count, new_evidence

INSIDE = "HALLMARK_PRIVATE_MOUNTS"
DISK_KB = 16 * 1024
LEVELS_KB = (0, 4, 8, 16, 32, 64, 128, 256)  # free when the trouble begins
CAP_MB = 24  # over what an idle signer has


@contextlib.contextmanager
def small_disk():
    base = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "hallmark-test", str(base)],
                   check=True)
    try:
        yield base
    finally:
        subprocess.run(["umount", "--lazy", str(base)], check=True)
        base.rmdir()


def fill(base, free_kb):
    """A file that leaves so much free."""
    at = os.statvfs(base)
    size = at.f_bavail * at.f_bsize - free_kb * 1024
    with open(base / "filler", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


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
        with small_disk() as base, Site(directory=base) as site:
            signer = site.start_signer()
            collector = site.collector()
            receipts = [collector.submit("w0", APP) for _ in range(20)]
            logimage.published(site, 20)
            fill(base, free_kb)
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
            (base / "filler").unlink()
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
        logimage.published(site, len(receipts))
        assert site.status()["counters"]["publications"] > before
        os.kill(site.status()["key_process_pid"], 9)
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

    def pids(self):
        return (self.path / "cgroup.procs").read_text().split()

    def end(self):
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while self.pids():
            assert time.monotonic() < deadline, "processes stay in the cgroup"
        self.path.rmdir()


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def large_evidence():
    """About a megabyte that does not compress."""
    return {"executable": wire.component("executable", [
        wire.file_item(f"/usr/bin/{os.urandom(64).hex()}", digest=os.urandom(32))
        for _ in range(5000)])}


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
                send_nearly_all(collector, body["digests"][0], evidence["executable"])
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


def test_memory_capped_by_a_cgroup():
    """Killed by the kernel at worst, which is a kill -9 like any other."""
    cgroup = Cgroup.make()
    if cgroup is None:
        print("no memory cgroup can be made here: the address space is capped alone", flush=True)
        test_address_space_capped()
        return
    with Site(limits={"connections": 2000, "evidence_pending_bytes": 1 << 30}) as site:
        site.init_key()
        signer = hallmark.Process("hallmark-signer", ["run", "-c", str(site.path("signer.yaml"))],
                                  site.env, prefix=cgroup.prefix())
        site.processes.append(signer)
        signer.wait_for("event=listening")
        receipts = [site.collector().submit("w0", APP)]
        cgroup.knob.write_text(str(resident_bytes(signer.pid) + CAP_MB * 1024 * 1024))
        trouble = many_uploads(site, signer, receipts)
        assert trouble, "the cap was never felt"
        if not signer.ended:
            signer.signal(9)
        signer.wait()
        cgroup.end()
        count("resources", "memory capped (cgroup)")
        comes_back(site, receipts, "room")


def test_address_space_capped():
    """malloc says no: the report is refused, or the signer ends before it acknowledges anything."""
    with Site(limits={"connections": 2000, "evidence_pending_bytes": 1 << 30}) as site:
        signer = site.start_signer()
        receipts = [site.collector().submit("w0", APP)]
        size = int(pathlib.Path(f"/proc/{signer.pid}/statm").read_text().split()[0])
        cap = size * resource.getpagesize() + CAP_MB * 1024 * 1024
        resource.prlimit(signer.pid, resource.RLIMIT_AS, (cap, resource.RLIM_INFINITY))
        trouble = many_uploads(site, signer, receipts)
        assert trouble, "the cap was never felt"
        if not signer.ended:
            # With room again it goes on, as it is.
            resource.prlimit(signer.pid, resource.RLIMIT_AS,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            receipts.append(site.collector("late").submit("late", APP))
            assert signer.stop() == 0
            count("resources", "survived")
        else:
            assert signer.wait() in (1, -6), signer.wait()
        count("resources", "memory capped (address space)")
        comes_back(site, receipts, "room")


if __name__ == "__main__":
    if INSIDE not in os.environ:
        root = [] if os.geteuid() == 0 else ["--map-root-user"]
        os.environ[INSIDE] = "1"
        private = ["unshare", "--mount", *root, "--propagation"]
        # Below chroot the root is no mount whose propagation could be changed.
        works = subprocess.run([*private, "private", "true"], capture_output=True, check=False)
        private.append("unchanged" if works.returncode else "private")
        os.execvp("unshare", [*private, sys.executable, *sys.argv])
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
