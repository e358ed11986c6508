#!/usr/bin/python3
"""Each system call by which a measuring process looks at one made to fail, one after the other.

Whatever fails, a component is as it should be, says what could not be read, or is not there: one
that only looks better is what an attacker would wait for.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, program, run_tests
from measured import PYTHON, Measured

CALLS = ("openat", "readlinkat", "newfstatat", "fstat", "statx", "read", "pread64",
         "getdents64", "fstatfs", "poll")
ERRORS = {"openat": "EMFILE"}
KINDS = ("executable", "files", "libraries", "runtime")
CALL = re.compile(r"^(\w+)\((.*)$")


def traced(arguments, trace, inject=None):
    """Lines of the calls that its measuring process made; its exit status, its output.

    The collector stops at its first filter, when the process is there that starts measuring ones: that one is
    traced, with all that it starts and nothing else."""
    stop = ["-e", "trace=seccomp", "-e", "inject=seccomp:signal=STOP:when=1"]
    collector = subprocess.Popen(["strace", "-qq", "-o", str(trace), *stop, *arguments], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, errors="replace")
    soon(collector, lambda: trace.exists() and "stopped by SIGSTOP" in trace.read_text())
    program, = children(collector.pid)
    starter, = children(program)
    command = ["strace", "-qq", "-y", "-s", "200", "-ff", "-o", str(trace), "-e", "trace=" + ",".join(CALLS),
               *(["-e", f"inject={inject}"] if inject else []), "-p", str(starter)]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    soon(tracer, lambda: "TracerPid:\t0\n" not in pathlib.Path(f"/proc/{starter}/status").read_text())
    os.kill(program, signal.SIGCONT)
    out, err = collector.communicate(timeout=120)
    tracer.wait(120)
    lines = []
    for file in trace.parent.glob(f"{trace.name}*"):
        if file not in (trace, trace.with_name(f"{trace.name}.{starter}")):
            lines += file.read_text(errors="replace").split("\n")
        file.unlink()
    return lines, subprocess.CompletedProcess(command, collector.returncode, out, err)


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def soon(process, good):
    until = time.monotonic() + PATIENCE_S
    while not good():
        assert time.monotonic() < until
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"it ended: {process.wait(0.002)}")


def points(lines, marks):
    """Of each call the numbers of those that look at the process or its files."""
    counts = dict.fromkeys(CALLS, 0)
    for line in lines:
        match = CALL.match(line)
        if not match or match[1] not in counts:
            continue
        counts[match[1]] += 1
        if any(mark in match[2] for mark in marks):
            yield match[1], counts[match[1]]


def components(text):
    return {kind: c["items"] for kind, c in json.loads(text)["components"].items()}


def looks_better(kind, items, good):
    """Something that should be told is not, and nothing says that it could not be seen."""
    if kind == "runtime":
        return items != good[kind]
    told = {}
    for item in items:
        told.setdefault(item["path"], []).append(item)
    return not all(any(item == g or says_so(item, g) for item in told.get(g["path"], []))
                   for g in good[kind])


def says_so(item, good):
    """It could not be read; or it is as it should be, but that whether it stayed so was not seen. Which call
    fails may be another than was meant: how many there are before depends on what else runs here."""
    flags = set(item["flags"])
    return {"unreadable", *good["flags"]} <= flags or (
        flags == {"changed", *good["flags"]} and {**item, "flags": 0} == {**good, "flags": 0})


def test_no_failed_call_makes_a_component_look_better():
    with Measured() as host, tempfile.TemporaryDirectory() as scratch:
        trace = pathlib.Path(scratch) / "trace"
        # A program that is mapped writable, with a library that is gone and memory without a file.
        copy = shutil.copy(pathlib.Path(PYTHON).resolve(), host.dir / "program")
        process = host.map("rwx", copy, "anonymous-rwx", "unlinked", host.write("gone.so"),
                           interpreter=copy, env={"PYTHONHOME": "/usr", "WANTED": "1"})
        host.write("tree/a.conf")
        workload = {"pid": process.pid, "environment": ["WANTED"],
                    "files": [f"{host.dir}/tree/**", f"{host.dir}/tree/*.conf"]}
        good = components(host.call(*KINDS, **workload).stdout)
        command = [program("hallmark-collector"), "measure", "app", "--json", "-c",
                   str(host.dir / "collector.yaml")]
        lines, done = traced(command, trace)
        assert components(done.stdout) == good, done.stderr
        found = list(points(lines, (f"/proc/{process.pid}", str(host.dir / "tree"))))
        missing = worse = 0
        for call, number in found:
            inject = f"{call}:error={ERRORS.get(call, 'EIO')}:when={number}"
            _, done = traced(command, trace, inject)
            if done.returncode != 0:
                assert done.returncode == 1 and done.stderr.startswith("hallmark-collector: "), (
                    inject, done)
                missing += 1
                continue
            told = components(done.stdout)
            for kind, items in told.items():
                assert not looks_better(kind, items, good), (inject, kind, items, done.stderr)
            for kind in good.keys() - told.keys():
                assert f"{kind} is left out: " in done.stderr, (inject, done.stderr)
            worse += told != good
        print(f"     {len(found)} calls failed: {missing} without a measurement, {worse} told")
        assert len(found) > 50 and worse > 10


if __name__ == "__main__":
    run_tests(__name__)
