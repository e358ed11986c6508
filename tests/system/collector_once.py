#!/usr/bin/python3
"""`once` and `measure` go the way of the rounds: measuring processes with budgets, several at once, and at a
terminal it is seen how far they are."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from hallmark import PATIENCE_S, program, run_tests
from measure_budgets import Share, bundles, lacks, of_files

PROGRESS = re.compile(rb"(\w+): (\d+) files?, (\d+) MiB read")
CLEAR_TO_END = b"\x1b[K"


def large(host, name, seconds):
    """A workload whose files take so long to be read."""
    (host.dir / name).mkdir()
    for n in range(seconds):
        (host.dir / name / f"{n}").write_bytes(bytes(1 << 20))
    of_files(host, name, host.dir / name / "*", mebibytes_per_s=1)


def measure(host, name, **options):
    return subprocess.Popen([program("hallmark-collector"), "measure", "-c", str(host.config), name, "--json"],
                            stdout=subprocess.PIPE, **options)


def at_a_terminal(command):
    """What it writes on stdout, and what on a terminal that is its stderr."""
    ours, its = pty.openpty()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its)
    os.close(its)
    shown = b""
    try:
        while got := os.read(ours, 4096):
            shown += got
    except OSError:  # nobody has the other end
        pass
    os.close(ours)
    out = child.communicate()[0]
    assert child.returncode == 0, shown
    return out, shown


# --- once -----------------------------------------------------------------------------------------

def test_who_is_measured_sooner_is_reported_sooner():
    with Host(measure_at_once=2) as h:
        h.workloads.clear()
        large(h, "large", 2)
        of_files(h, "small", h.dir / "app")
        out = h.once()
        assert [f["workload"] for f, _ in h.signer.bundles] == ["small", "large"], out
        assert out.index("small: affirming") < out.index("large: affirming"), out
        assert "MiB read" not in out, "nobody looks"


def test_one_that_hangs_holds_up_no_other_and_says_so():
    with Host(measure_at_once=0) as h:
        (h.dir / "share").mkdir()
        try:
            share = Share(h.dir / "share")
        except OSError as error:
            print(f"     no FUSE here: {error}")
            return
        with share:
            share.swallow()
            app = h.workloads.pop()
            of_files(h, "hung", h.dir / "share/*.conf", seconds=1)
            h.workloads.append(app)
            h.configure()
            begun = time.monotonic()
            out = h.once()
            assert time.monotonic() - begun < 15
            assert [f["workload"] for f, _ in h.signer.bundles] == ["app", "hung"], out
            assert lacks(h, bundles(h, "hung")[0]) == {
                "reason": ["budget"], "budget": ["seconds"], "tries": ["1"]}
            with tempfile.TemporaryFile() as errors:
                shown = measure(h, "hung", stderr=errors)
                out, _ = shown.communicate(timeout=15)
                errors.seek(0)
                err = errors.read()
            assert (shown.returncode, out) == (1, b""), err
            assert b"hung: workload hung: it took longer than its budget, seconds: 1" in err, err


def test_a_session_that_is_lost_costs_nobody_its_receipt():
    with Host(measure_at_once=2) as h:
        large(h, "large", 2)
        h.signer.script = [None, lambda session, *_: session.drop()]
        out = h.once()
        assert re.findall(r"(?m)^(\w+): affirming", out) == ["app", "large"], out
        assert {name.split("-")[0] for name in h.receipts()} == {"app", "large"}


def test_who_is_asked_to_stop_ends_within_a_second():
    with Host() as h:
        h.workloads.clear()
        large(h, "large", 60)
        for command in ("once", "measure"):
            names = ["large"] if command == "measure" else []
            child = subprocess.Popen([program("hallmark-collector"), command, "-c", str(h.config), *names],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            wait_until_measuring(child)
            begun = time.monotonic()
            child.send_signal(signal.SIGTERM)
            out, err = child.communicate(timeout=30)
            assert time.monotonic() - begun < 1, (command, out, err)
            assert child.returncode == 1 and (b"large: no receipt" in out) == (command == "once"), (out, err)
            assert h.signer.bundles == [] and h.receipts() == []


def children(pid):
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def wait_until_measuring(collector):
    until = time.monotonic() + PATIENCE_S
    while not any(children(starter) for starter in children(collector.pid)):
        assert time.monotonic() < until
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"it ended: {collector.wait(0.01)}")


# --- budgets --------------------------------------------------------------------------------------

def test_measure_has_the_budgets_of_a_round():
    if os.environ["HALLMARK_BUILD"].endswith("san"):
        print("     a sanitizer's memory is its own")
        return
    with Host() as h, tempfile.TemporaryDirectory(dir="/dev/shm") as many:
        for n in range(45000):
            pathlib.Path(many, f"{n:06}" + "n" * 240).touch()
        of_files(h, "many", f"{many}/*", memory_mebibytes=16)
        shown = measure(h, "many", stderr=subprocess.PIPE)
        out, err = shown.communicate(timeout=30)
        assert (shown.returncode, out) == (1, b"") and b"many: out of memory" in err, (out, err)


# --- how far it is --------------------------------------------------------------------------------

def said(shown, name):
    return [(int(files), int(mebibytes)) for of, files, mebibytes in PROGRESS.findall(shown) if of == name]


def test_a_scan_is_seen_at_a_terminal():
    with Host() as h:
        large(h, "large", 3)
        command = [program("hallmark-collector"), "measure", "-c", str(h.config), "large", "--json"]
        out, shown = at_a_terminal(command)
        assert len(json.loads(out)["components"]["files"]["items"]) == 3
        steps = said(shown, b"large")
        assert len(steps) >= 3 and steps == sorted(steps) and steps[-1] >= (1, 2), shown
        assert shown.endswith(CLEAR_TO_END) and b"\n" not in shown, shown
        quiet = measure(h, "large", stderr=subprocess.PIPE)
        assert quiet.communicate()[1] == b"" and quiet.returncode == 0


def test_all_that_are_under_way_are_seen():
    with Host(measure_at_once=2) as h:
        h.workloads.clear()
        large(h, "large", 2)
        large(h, "other", 2)
        out, shown = at_a_terminal([program("hallmark-collector"), "once", "-c", str(h.config)])
        assert sorted(re.findall(rb"(?m)^(\w+): affirming", out)) == [b"large", b"other"]
        assert re.search(rb"large: \d+ files?, \d+ MiB read; other: \d+ file", shown), shown
        assert h.signer.bundles and b"no receipt" not in out


if __name__ == "__main__":
    run_tests(__name__)
