#!/usr/bin/python3
"""What `make bench` measures with: the load keeps its rate, and stands leave the disk as they should."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import select
import tempfile

import hallmark
from hallmark import Site, run_tests

# More than one bundle each time that the load sends, and less than a machine with other work can do;
# waits are longer where all is slower.
RATE = int(12000 * (30 / hallmark.PATIENCE_S) ** 2)
SECONDS = 2
CONNECTIONS, WORKLOADS = 8, 64  # so many that one is free for each bundle when it is due
WITHIN = 0.1  # of it: what a machine with other work may have under way at the end

# A stand with reports in its log, left or waiting to be ended. Says its directory and its processes'
# numbers, then "left".
STANDING = """
import sys, stand
with stand.Stand() as site:
    site.start()
    site.reports("--connections", 1, "--workloads", 1, "--seconds", 1)
    print(site.dir, site.signer.pid, site.key_process, flush=True)
    sys.stdin.readline()
    site.finish()
    before = sorted(p.stat().st_ino for p in site.path("log").rglob("*"))
    assert any(p.stat().st_size for p in site.path("log/tile").rglob("*") if p.is_file())
after = sorted(p.stat().st_ino for p in site.path("log").rglob("*"))
assert before == after, (before, after)
assert not any(p.stat().st_size for p in site.path("log").rglob("*") if p.is_file())
print("left", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def standing():
    """(the script, its directory of temporary files, the stand's directory, its processes)"""
    with tempfile.TemporaryDirectory(prefix="hallmark-test-") as below:
        env = {**os.environ, "TMPDIR": below, "PYTHONPATH": os.pathsep.join(
            str(hallmark.ROOT / "tests" / part) for part in ("lib", "bench"))}
        with subprocess.Popen([sys.executable, "-c", STANDING], env=env, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as script:
            try:
                said = script.stdout.readline().split()
                assert len(said) == 3 and said[0].startswith(below), (said, script.stderr.read())
                yield script, pathlib.Path(below), pathlib.Path(said[0]), [int(n) for n in said[1:]]
            finally:
                script.kill()


def test_a_paced_load_keeps_rate_and_count():
    with Site(limits={"connections": 100}) as site:
        site.issue("load", uri="spiffe://test/load")
        site.start_signer()
        done = site.tool("load", "reports", "--port", str(site.port), "--ca",
                         str(site.path("collectors-ca.crt")), "--cert", str(site.path("load.crt")),
                         "--key", str(site.path("load.key")), "--log-cert",
                         str(site.path("log.crt")), "--connections", str(CONNECTIONS),
                         "--workloads", str(WORKLOADS), "--rate", str(RATE), "--seconds",
                         str(SECONDS))
        said = json.loads(done.stdout)
        expected = RATE * SECONDS
        assert abs(said["receipts"] - expected) < WITHIN * expected, (said, expected)
        assert abs(said["per_second"] - RATE) < WITHIN * RATE, (said, RATE)
        assert said["refusals"] == said["ended"] == 0, said


def test_a_stand_keeps_its_inodes_until_the_program_ends():
    with standing() as (script, below, where, _):
        script.stdin.write("\n")
        script.stdin.flush()
        assert script.stdout.readline() == "left\n", script.stderr.read()
        assert where.is_dir()
        script.stdin.write("\n")
        script.stdin.flush()
        assert script.wait(hallmark.PATIENCE_S) == 0, script.stderr.read()
        assert not list(below.iterdir())


def test_an_interrupted_stand_leaves_nothing():
    for number in (signal.SIGINT, signal.SIGTERM):
        with standing() as (script, below, _, processes):
            watched = [os.pidfd_open(pid) for pid in processes]
            script.send_signal(number)
            assert script.wait(hallmark.PATIENCE_S) == 128 + number, script.stderr.read()
            assert not list(below.iterdir())
            for process in watched:
                # Readable when it is gone: pidfd_open(2).
                assert select.select([process], [], [], hallmark.PATIENCE_S)[0]
                os.close(process)


if __name__ == "__main__":
    run_tests("__main__")
