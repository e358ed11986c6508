#!/usr/bin/python3
"""What cannot be measured: hung file systems, files without end, no process. Each is said, by a bundle of its
own, and holds up no other workload."""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from hallmark import program, run_tests

def lacks(host, fields):
    """What `unmeasured` of a bundle says, or None."""
    told = fields["components"].get("unmeasured")
    if told is None:
        return None
    kind, form, made, facts = msgpack.unpackb(host.signer.components[told[0]])
    assert (kind, form) == ("unmeasured", 1) and [name for name, _ in made] == ["budgets"], (made, facts)
    found = {name: [v.decode() for v in values] for name, values in facts}
    time.strptime(found.pop("since")[0], "%Y-%m-%dT%H:%M:%SZ")
    return found


def bundles(host, workload):
    return [f for f, _ in host.signer.bundles if f["workload"] == workload]


def of_files(host, name, pattern, kinds=("files",), **budgets):
    host.workloads.append({"name": name, "executable": str(host.dir / "app"), "measure": list(kinds),
                           "files": [str(pattern)], "budgets": budgets})
    host.configure()


# --- what a bundle says ---------------------------------------------------------------------------

def test_a_file_without_end_costs_its_component_before_it_is_read():
    with Host() as h:
        (h.dir / "data").mkdir()
        (h.dir / "data/image").touch()
        os.truncate(h.dir / "data/image", 1 << 40)
        of_files(h, "big", h.dir / "data/**", ["executable", "files"])
        begun = time.monotonic()
        assert "budget-exceeded" in h.once()
        assert time.monotonic() - begun < 10
        assert [f["workload"] for f, _ in h.signer.bundles] == ["app", "big"]
        assert lacks(h, bundles(h, "app")[0]) is None
        big = bundles(h, "big")[0]
        assert set(big["components"]) == {"executable", "unmeasured"}
        assert lacks(h, big) == {"missing": ["files mebibytes_read"], "tries": ["1"]}
        shown = subprocess.run([program("hallmark-collector"), "measure", "-c", str(h.config), "big"],
                               capture_output=True, text=True, timeout=10)
        assert "files is left out" in shown.stderr and "files" not in shown.stdout, shown


def test_without_a_process_that_is_said_at_once():
    with Host() as h:
        h.workloads.append({"name": "gone", "executable": str(h.dir / "nothing"), "measure": ["executable"]})
        pid = h.dir / "pid"
        pid.write_text("none\n")
        h.workloads.append({"name": "odd", "pid_file": str(pid), "measure": ["executable"]})
        h.configure()
        h.once()
        assert lacks(h, bundles(h, "gone")[0]) == {"reason": ["no-process"], "tries": ["1"]}
        assert lacks(h, bundles(h, "odd")[0]) == {"reason": ["pid-file"], "tries": ["1"]}


def test_memory_has_a_bound():
    if os.environ["HALLMARK_BUILD"].endswith("san"):
        print("     a sanitizer's memory is its own")
        return
    with Host() as h:
        (h.dir / "many").mkdir()
        for n in range(45000):
            (h.dir / "many" / (f"{n:06}" + "n" * 240)).touch()
        of_files(h, "many", h.dir / "many/*", memory_mebibytes=16)
        of_files(h, "ample", h.dir / "many/*", memory_mebibytes=64)
        h.once()
        assert lacks(h, bundles(h, "many")[0]) == {
            "reason": ["budget"], "budget": ["memory_mebibytes"], "tries": ["1"]}
        assert set(bundles(h, "ample")[0]["components"]) == {"files"}


# --- a share that does not answer -----------------------------------------------------------------

SERVER = """
import os, struct, sys
fd = int(sys.argv[1])
head = struct.unpack("<IIQ", os.read(fd, 1 << 20)[:16])
assert head[1] == 26  # INIT
body = struct.pack("<IIIIHHIIHHI7I", 7, 31, 65536, 0, 16, 12, 1 << 17, 1, 0, 0, 0, *[0] * 7)
os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, head[2]) + body)
print("mounted", flush=True)
sys.stdin.read(1)  # what is not read yet can be taken back by who is killed
print("swallows", flush=True)
while True:  # what is read cannot
    os.read(fd, 1 << 20)
"""


class Share:
    """A FUSE file system whose server answers nothing."""

    def __init__(self, path):
        self.path = path
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if self.libc.mount(b"stall", str(path).encode(), b"fuse", 0, options) != 0:
            error = ctypes.get_errno()
            os.close(self.fd)
            raise OSError(error, os.strerror(error))
        self.server = subprocess.Popen([sys.executable, "-c", SERVER, str(self.fd)], pass_fds=[self.fd],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.server.stdout.readline() == b"mounted\n"

    def swallow(self):
        self.server.stdin.write(b"x")
        self.server.stdin.flush()
        assert self.server.stdout.readline() == b"swallows\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.communicate()
        os.close(self.fd)  # nobody serves it: all that wait get an error
        self.libc.umount2(str(self.path).encode(), 2)


def on_a_share(test):
    """The test, on a host with such a share that has no answer yet; where that can be."""
    with Host(interval_s=1, measure_at_once=0) as h:
        (h.dir / "share").mkdir()
        try:
            share = Share(h.dir / "share")
        except OSError as error:
            print(f"     no FUSE here: {error}")
            return
        with share:
            of_files(h, "hung", h.dir / "share/*.conf", seconds=1)
            test(h, share)


def test_a_share_that_hangs_holds_up_nobody():
    def test(h, _):
        collector = h.run()
        h.signer.wait(lambda: len(bundles(h, "hung")) >= 3)
        count = len(bundles(h, "app"))
        assert count >= 3, "it goes on, whatever the other one does"
        for fields in bundles(h, "hung"):
            assert lacks(h, fields) == {"reason": ["budget"], "budget": ["seconds"], "tries": ["1"]}
        assert len({f["components"]["unmeasured"][0] for f in bundles(h, "hung")}) == 1, "since then"
        begun = time.monotonic()
        assert collector.stop() == 0 and time.monotonic() - begun < 3
    on_a_share(test)


def test_what_is_slow_is_so_behind_a_reload():
    def test(h, _):
        collector = h.run()
        h.signer.wait(lambda: len(bundles(h, "hung")) >= 3)
        collector.signal(signal.SIGHUP)
        collector.wait_for("event=reloaded")
        count = len(bundles(h, "hung"))
        h.signer.wait(lambda: len(bundles(h, "hung")) >= count + 2)
        assert len({f["components"]["unmeasured"][0] for f in bundles(h, "hung")}) == 1, "since then"
        assert collector.stop() == 0
    on_a_share(test)


def test_of_a_process_that_cannot_be_ended_there_is_one():
    def test(h, share):
        share.swallow()
        collector = h.run()
        h.signer.wait(lambda: len(bundles(h, "hung")) >= 4)
        said = [lacks(h, f) for f in bundles(h, "hung")]
        assert said[0] == {"reason": ["budget"], "budget": ["seconds"], "tries": ["1"]}
        assert said[-1] == {"reason": ["stuck"], "budget": ["seconds"], "tries": ["0"]}
        starting = children(collector.pid)[0]
        waiting = [p for p in children(starting) if state(p) == "D"]
        assert len(waiting) == 1, waiting
        assert len(bundles(h, "app")) >= 3
        begun = time.monotonic()
        assert collector.stop() == 0 and time.monotonic() - begun < 3
    on_a_share(test)


def children(pid):
    return [int(w) for w in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


if __name__ == "__main__":
    run_tests(__name__)
