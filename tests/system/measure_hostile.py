#!/usr/bin/python3
"""Directories and names that are made to be hard to measure: each has an answer, and in time."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from collector_once import children, large
from hallmark import PATIENCE_S, run_tests
from measure_budgets import bundles, lacks, of_files
from measured import PYTHON, Measured

DEEP = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(25):  # of 200 bytes each
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
open("script", "w").close()
print("ready", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def in_memory():
    """A directory in which a file is made in no time, also a hundred thousand."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        try:
            yield pathlib.Path(directory)
        finally:
            subprocess.run(["rm", "-rf", directory], check=True)
            pathlib.Path(directory).mkdir()


def test_a_process_whose_directory_has_no_name():
    """The kernel tells none of more than 4,096 bytes: what depends on it is left out, and nothing else."""
    with Measured() as host, in_memory() as deep:
        process = host.start(PYTHON, "-c", DEEP, deep, ready=True)
        shown = host.call("executable", "files", "libraries", "runtime", pid=process.pid, scripts=True,
                          files=[f"{host.dir}/none"])
        assert shown.returncode == 0, shown
        told = json.loads(shown.stdout)["components"]
        assert {"executable", "libraries"} <= set(told) and "runtime" not in told, told.keys()
        assert "runtime is left out: " in shown.stderr, shown.stderr
        host.end(process)
    with Host() as h, in_memory() as deep:
        process = subprocess.Popen([PYTHON, "-c", DEEP, deep], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        (h.dir / "deep.pid").write_text(f"{process.pid}\n")
        h.workloads.append({"name": "deep", "pid_file": str(h.dir / "deep.pid"),
                            "measure": ["executable", "runtime"]})
        h.configure()
        h.once()
        process.communicate()
        assert lacks(h, bundles(h, "app")[0]) is None
        told, = bundles(h, "deep")
        assert set(told["components"]) == {"executable", "unmeasured"}
        assert lacks(h, told) == {"missing": ["runtime bad-size"], "tries": ["1"]}


def test_a_directory_of_200_000_names():
    with Measured() as host, in_memory() as many:
        for n in range(200000):
            os.close(os.open(many / f"{n:06}", os.O_CREAT | os.O_WRONLY))
        (many / "a.conf").write_text("content\n")
        process = host.start("/bin/sleep", "3600")
        begun = time.monotonic()
        found = host.measure("files", pid=process.pid, files=[f"{many}/*.conf"])["components"]["files"]["items"]
        assert [i["path"] for i in found] == [f"{many}/a.conf"] and time.monotonic() - begun < 20
        shown = host.call("files", json_wanted=False, pid=process.pid, files=[f"{many}/**"])
        assert "\nfiles: 200001 items, " in shown.stdout, shown.stdout[:400] + shown.stderr


def test_a_directory_that_grows_while_it_is_walked():
    """All that was there before is in the answer, or it says that it took too long."""
    with Measured() as host, in_memory() as growing:
        for n in range(1000):
            (growing / f"before-{n}").touch()
        done = threading.Event()

        def grow():
            n = 0
            while not done.is_set():
                os.close(os.open(growing / f"later-{n}", os.O_CREAT | os.O_WRONLY))
                n += 1

        worker = threading.Thread(target=grow)
        process = host.start("/bin/sleep", "3600")
        worker.start()
        try:
            begun = time.monotonic()
            shown = host.call("files", pid=process.pid, files=[f"{growing}/**"], budgets={"seconds": 5})
            assert time.monotonic() - begun < 15
        finally:
            done.set()
            worker.join()
        if shown.returncode == 1:
            assert "it took longer than its budget, seconds: 5" in shown.stderr, shown.stderr
            return
        items = json.loads(shown.stdout)["components"]["files"]["items"]
        paths = [i["path"] for i in items]
        assert len(set(paths)) == len(paths) and {f"{growing}/before-{n}" for n in range(1000)} <= set(paths)


def test_names_that_turn_a_line_around():
    """What is shown of them turns nothing, whatever the form; and two names are never shown alike."""
    names = ["\u202egnp.exe", "\u2066a\u2069", "\u200f.conf", "zero\u200bwidth", "\ufeffmark",
             b"\xff\xfe", b"cut\xe2\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "\\xff\\xfe"]
    with Measured() as host:
        (host.dir / "tree").mkdir()
        for name in names:
            with open(os.fsencode(host.dir / "tree") + b"/" + os.fsencode(name), "wb"):
                pass
        process = host.start("/bin/sleep", "3600")
        options = {"pid": process.pid, "files": [f"{host.dir}/tree/*"]}
        items = host.measure("files", **options)["components"]["files"]["items"]
        paths = [i["path"] for i in items]
        assert len(set(paths)) == len(names), paths
        table = host.call("files", json_wanted=False, **options).stdout
        for text in (*paths, table):
            assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd\x00-\x09\x0b-\x1f\x7f]", text), ascii(text)
        assert all(path in table for path in paths)


def test_a_scan_that_is_to_stop_leaves_nothing_half_kept():
    with Host() as h:
        h.once()
        large(h, "large", 60)
        seq = h.seq()
        collector = h.run()
        until = time.monotonic() + PATIENCE_S
        while not any(children(starter) for starter in children(collector.pid)):
            assert time.monotonic() < until
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended: {collector.child.wait(0.01)}")
        h.signer.wait(lambda: len(bundles(h, "app")) == 2)
        begun = time.monotonic()
        collector.signal(signal.SIGTERM)
        assert collector.child.wait(30) == 0 and time.monotonic() - begun < 1
        assert bundles(h, "large") == []
        left = [p.name for p in (h.dir / "state").rglob("*") if p.name.startswith(".")]
        assert set(left) <= {".app.chain.new"}, left
        h.workloads.pop()
        h.configure()
        assert "chain" not in h.once() and h.seq() > seq
        numbers = [f["seq"] for f in bundles(h, "app")]
        assert numbers == sorted(set(numbers)), numbers


if __name__ == "__main__":
    run_tests(__name__)
