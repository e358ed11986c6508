#!/usr/bin/python3
"""What a round costs: what was read before and is the same is not read again, and the bundle says so."""

import hashlib
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
from collector_client import Host
from hallmark import Process, run_tests
from wallclock import WallClock

FILES = 50


class Known(Host):
    """A collector that measures files each second, which have not changed for two minutes by its clock."""

    option = b"reread_percent=2"

    def __init__(self, **budgets):
        super().__init__(interval_s=1, signers=1)
        # Nothing is kept of a tmpfs, which /tmp may be.
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="known-", dir=hallmark.BUILD))
        for n in range(FILES):
            (self.data / f"file-{n}").write_text(f"content {n}\n")
        self.workloads = [{"name": "app", "executable": str(self.dir / "app"), "measure": ["executable", "files"],
                           "files": [f"{self.data}/**"], "budgets": budgets}]
        self.configure()
        clock = WallClock(self)
        clock.move(120)
        self.env = {**os.environ, **clock.env}

    def path(self, name):
        return self.dir / name

    def __exit__(self, *all_of_them):
        super().__exit__(*all_of_them)
        shutil.rmtree(self.data)

    def start(self):
        self.processes.append(Process("hallmark-collector", ["run", "-c", str(self.config)], self.env))
        return self.processes[-1]

    def bundle(self, number):
        """The one of that number, when it is there."""
        self.signer.wait(lambda: len(self.signer.bundles) > number)
        return self.signer.bundles[number][0]

    def items(self, fields):
        digest = fields["components"]["files"][0]
        self.signer.wait(lambda: digest in self.signer.components)
        kind, form, made, items = msgpack.unpackb(self.signer.components[digest])
        assert (kind, form) == ("files", 1) and made[0] == ["options", [self.option]], made
        return {pathlib.Path(os.fsdecode(item[0])).name: item for item in items}

    def digests(self, fields):
        return {name: item[1] for name, item in self.items(fields).items()}


def test_what_else_a_file_has_is_told_in_each_round():
    with Known() as h:
        (h.data / "file-0").chmod(0o4755)
        os.setxattr(h.data / "file-1", "system.posix_acl_access", b"\2\0\0\0" + b"".join(
            struct.pack("<HHI", tag, 6, 2**32 - 1) for tag in (1, 4, 16, 32)))
        h.start()
        first, second = h.bundle(0), h.bundle(1)
        assert second["ext"]["cached"][0] > FILES * 0.7 and first["components"] == second["components"]
        items = h.items(second)
        assert items["file-0"][3] == 0o104755 and items["file-0"][7] == items["file-2"][7] == []
        assert items["file-1"][7] == [b"acl=u::rw-,g::rw-,m::rw-,o::rw-"]


def test_what_is_known_is_not_read_again():
    with Known() as h:
        h.start()
        first, second = h.bundle(0), h.bundle(1)
        assert "cached" not in first["ext"], first["ext"]
        known, files, oldest = second["ext"]["cached"]
        assert files == FILES + 1 and FILES * 0.7 < known <= files, second["ext"]
        assert first["time"] // 1000 <= oldest <= second["time"] // 1000
        assert first["components"] == second["components"]
        h.bundle(2)  # behind the receipt of the second
        shown = subprocess.run([hallmark.program("hallmark-audit"), "show", *(h.dir / "receipts").glob("*2.tlog-proof")],
                               capture_output=True, text=True)
        assert f"{known} of {files} files not read again; the first of them at 20" in shown.stdout, shown


def test_as_many_are_read_again_as_it_says():
    with Known(reread_percent=50) as h:
        h.option = b"reread_percent=50"
        h.start()
        known = [h.bundle(number)["ext"]["cached"][0] for number in range(1, 5)]
        # Of so many, that much is five times what chance makes of it.
        assert abs(sum(known) - 2 * FILES) < 36, known


def test_what_changes_is_read_whatever_its_time_says():
    with Known(reread_percent=1) as h:
        h.option = b"reread_percent=1"
        h.start()
        assert h.bundle(1)["ext"]["cached"]
        was = h.digests(h.bundle(1))
        for name, change in (("file-7", lambda f: f.write_text("Content 7\n")),
                             ("file-8", lambda f: (f.unlink(), f.write_text("Content 8\n")))):
            file = h.data / name
            before = file.stat()
            change(file)
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        now = h.digests(h.bundle(len(h.signer.bundles) + 1))
        assert {name for name in was if was[name] != now[name]} == {"file-7", "file-8"}


def test_little_is_read_of_what_is_known():
    with Known() as h:
        for n in range(FILES):
            (h.data / f"file-{n}").write_text("x" * 40000)
        collector = h.start()
        h.bundle(0)
        starter = int(pathlib.Path(f"/proc/{collector.pid}/task/{collector.pid}/children").read_text())
        read = []
        for n in (1, 2, 3):
            h.bundle(n)
            counts = dict(line.split(": ") for line in pathlib.Path(f"/proc/{starter}/io").read_text().splitlines())
            read.append(int(counts["rchar"]))  # with that of its children that have ended
        assert read[0] > FILES * 40000, read
        assert read[2] - read[0] < FILES * 40000, read


def test_a_reload_keeps_what_is_known():
    with Known() as h:
        collector = h.start()
        h.bundle(1)
        h.workloads.append({**h.workloads[0], "name": "second"})
        h.configure()
        collector.child.send_signal(signal.SIGHUP)
        h.signer.wait(lambda: any(f["workload"] == "second" for f, _ in h.signer.bundles))
        at = next(n for n, (f, _) in enumerate(h.signer.bundles) if f["workload"] == "second")
        assert "cached" not in h.signer.bundles[at][0]["ext"], "what another workload's process has read"
        assert all("cached" in f["ext"] for f, _ in h.signer.bundles[1:at] if f["workload"] == "app")
        assert at > 2


def test_it_reads_no_faster_than_it_may():
    with Known(mebibytes_per_s=2) as h:
        for n in range(FILES):
            (h.data / f"file-{n}").write_bytes(bytes(80000))
        begun = time.monotonic()
        h.start()
        h.bundle(0)
        took = time.monotonic() - begun
        assert took > 80000 * FILES / (2 << 20), took


def test_what_else_runs_goes_first():
    """The process that starts the measuring ones, and so these."""
    with Known() as h:
        collector = h.start()
        h.bundle(0)
        starter, = pathlib.Path(f"/proc/{collector.pid}/task/{collector.pid}/children").read_text().split()
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, int(starter)) == max(own, 10)
        assert os.getpriority(os.PRIO_PROCESS, collector.pid) == own
        shown = subprocess.run(["ionice", "-p", starter], capture_output=True, text=True, check=True)
        assert shown.stdout.strip() == "idle", shown


class Growing(Known):
    """Logs among its files, and no room for what else is known."""

    def __init__(self, **more):
        super().__init__(cache_mebibytes=0)
        (self.data / "log").mkdir()
        self.log = self.data / "log/app.log"
        self.log.write_text("0123456789" * 100)
        (self.data / "pid").write_text("1")
        self.workloads[0] |= {"measure": ["files"], "files": [f"{self.data}/log/*", f"{self.data}/pid"],
                              "may_grow": [f"{self.data}/log/*.log"], "may_change": [f"{self.data}/pid"], **more}
        self.configure()

    def one(self, number, name="app.log"):
        """Digest and size of that item in this bundle, flags and details."""
        digest = self.bundle(number)["components"]["files"][0]
        self.signer.wait(lambda: digest in self.signer.components)
        made, items = msgpack.unpackb(self.signer.components[digest])[2:]
        assert [name for name, _ in made] == ["may_change", "may_grow", "options", "patterns"], made
        item, = [i for i in items if os.path.basename(i[0]) == name.encode()]
        return item[1], item[2], item[6], [d for d in item[7] if not d.startswith(b"parent=")]

    def next(self):
        """The number of a round that begins from now on."""
        return len(self.signer.bundles) + 1


def beginning(text, flags=0, *more):
    return hashlib.sha256(text.encode()).digest(), len(text), flags, [*more, b"content=beginning"]


def test_a_file_that_only_grows_is_the_same():
    with Growing() as h:
        text = h.log.read_text()
        h.start()
        assert h.one(0) == beginning(text)
        assert h.one(0, "pid") == (bytes(32), 0, 0, [b"content=not-measured"])
        for _ in range(3):
            with h.log.open("a") as log:
                log.write("more\n")
            (h.data / "pid").write_text(os.urandom(3).hex())
            at = h.next()
            assert h.bundle(at)["components"] == h.bundle(0)["components"]
        with h.log.open("a") as log:
            log.write("x" * len(text))
        text = h.log.read_text()
        at = h.next()
        assert h.one(at) == h.one(at + 1) == beginning(text), "twice as large"


def test_a_beginning_that_is_not_what_it_was_is_told():
    """Another byte, cut off, or another file, even if that only continues a copy which was altered."""
    def write(h, text):
        (h.data / "new").write_text(text)
        os.rename(h.data / "new", h.log)

    def overwrite(h):
        with h.log.open("r+") as log:
            log.write("X")

    with Growing() as h:
        text = h.log.read_text()
        h.start()
        h.one(0)
        begun = 1
        for change, then in ((lambda: overwrite(h), "X" + text[1:]),
                             (lambda: os.truncate(h.log, 100), "X" + text[1:100]),
                             (lambda: write(h, "another" + text), "another" + text)):
            known = len(h.signer.bundles)
            change()
            begun += 1
            at = h.next()
            h.bundle(at)
            told = [h.one(n) for n in range(known - 1, at + 1)]
            more = b"begun=%d" % begun
            assert told[-1] == beginning(then, 0, more), told
            assert any(one[2] == 32 and one[3] == [more, b"content=beginning"] for one in told), told
        write(h, "another" + text + "and more")
        at = h.next()
        assert h.one(at) == beginning("another" + text, 0, b"begun=4"), "a copy that goes on"


def test_without_room_all_is_read():
    for budgets, option in (({"cache_mebibytes": 0}, b"reread_percent=2"), ({"reread_percent": 100}, b"reread_percent=100")):
        with Known(**budgets) as h:
            h.option = option
            h.start()
            assert h.digests(h.bundle(1)) and not any("cached" in h.bundle(n)["ext"] for n in range(3))


if __name__ == "__main__":
    run_tests(__name__)
