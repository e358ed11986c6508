"""What a collector costs its host: a first scan, rounds in which nothing changed, many workloads, many processes, memory.

Ours is asked over its status socket how long the newest measurement took and what it used; theirs reads the same
tree in the same minute. The signer is the double of the tests: it costs a collector what one does.
"""

import json
import os
import pathlib
import random
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))  # behind the rows: names are the same

import hallmark
from collector_client import Host
from wallclock import WallClock

FILES = 100_000
WORKLOADS = 300
PROCESSES = 200
SETTLED_S = 120  # so far its clock is ahead: what was just made has not changed for long
AIDE = """database_in=file:{0}/aide.db
database_out=file:{0}/aide.db
gzip_dbout=no
report_url=file:/dev/null
{1} p+u+g+s+m+c+i+sha256
"""


class Measured(Host):
    """A collector that measures each second, or at a change of its configuration."""

    def __init__(self, workloads, interval_s=1):
        super().__init__(interval_s=interval_s, status={"socket": "status.sock"}, measure_at_once=0)
        self.workloads = workloads
        self.configure()
        clock = WallClock(self)
        clock.move(SETTLED_S)
        self.collector = hallmark.Process("hallmark-collector", ["run", "-c", str(self.config)],
                                          {**os.environ, **clock.env})
        self.processes.append(self.collector)
        children = pathlib.Path(f"/proc/{self.collector.pid}/task/{self.collector.pid}/children")
        self.status_of(lambda s: s["connected"], 30)
        self.starter, = map(int, children.read_text().split())

    def path(self, name):
        return self.dir / name

    def status_of(self, good, timeout=300):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            done = subprocess.run([hallmark.program("hallmark-collector"), "status", "--json", "-c", self.config],
                                  capture_output=True, text=True, check=False)
            if done.returncode in (0, 1) and done.stdout and good(status := json.loads(done.stdout)):
                return status
            if ended(self.collector.pid, 0.1):
                break
        raise AssertionError(f"the collector's round did not end: {done}")

    def round(self, number):
        """What is said when so many have ended, and nobody measures any more."""
        self.status_of(lambda s: s["rounds"] >= number)
        until = time.monotonic() + 30
        while (pids := self.measuring()) and time.monotonic() < until:
            ended(int(pids[0]), 1)
        return self.status_of(lambda s: True)

    def measuring(self):
        return pathlib.Path(f"/proc/{self.starter}/task/{self.starter}/children").read_text().split()

    def pss_mib(self):
        pids = [self.collector.pid, self.starter, *map(int, self.measuring())]
        return sum(pss_kib(pid) for pid in pids) / 1024


def ended(pid, timeout):
    """Waits for that so long."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], timeout)[0])
    finally:
        os.close(process)


def pss_kib(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def make_tree(at):
    """Sizes as in /usr: half of them under 3 KiB, some hundreds."""
    chance = random.Random(1)
    for n in range(FILES):
        directory = at / f"d{n // 5000}" / f"d{n // 100}"
        if n % 100 == 0:
            directory.mkdir(parents=True)
        size = min(int(chance.lognormvariate(8, 1.2)), 200_000)
        (directory / f"file-name-{n:06}.js").write_bytes(chance.randbytes(size))


def scan(table):
    """100,000 files: read once, and a round later."""
    with tempfile.TemporaryDirectory(dir=hallmark.BUILD) as scratch:
        scratch = pathlib.Path(scratch)
        table.progress(f"making {FILES:,} files")
        make_tree(scratch / "tree")
        cores = os.cpu_count()

        def ours():
            return first_scan(scratch)

        def theirs():
            before = used_s()
            s = timed(f"find {scratch}/tree -type f -print0 | xargs -0 -n 1000 -P {cores} sha256sum >/dev/null")
            return {"s": s, "used_s": used_s() - before}

        theirs()  # into memory, for both
        our, their = table.alternate("first scan", ours, theirs)
        value = statistics.median(t["s"] for t in our)
        table.row(f"collector, first scan of {FILES:,} files", value, "s", f"sha256sum, {cores} at once",
                  statistics.median(b["s"] / a["s"] for a, b in zip(our, their)), 2.5)
        table.note(f"of a processor it uses {statistics.median(t['used_s'] for t in our):.2f} s, "
                   f"sha256sum {statistics.median(t['used_s'] for t in their):.2f} s")
        unchanged(table, scratch)


def first_scan(scratch):
    with tree_host(scratch) as host:
        row, = host.round(1)["workloads"]
        return {"s": row["took_ms"] / 1000, "used_s": row["spent_us"] / 1e6}


def tree_host(scratch, interval_s=3600):
    return Measured([{"name": "tree", "pid_file": own_pid(scratch), "measure": ["files"],
                               "files": [f"{scratch}/tree/**"]}], interval_s)


def own_pid(scratch):
    file = scratch / "pid"
    file.write_text(f"{os.getpid()}\n")
    return str(file)


def unchanged(table, scratch):
    with tree_host(scratch, 1) as host:
        peak, took, used = 0, [], []
        while host.status_of(lambda s: True)["rounds"] < 4:
            peak = max(peak, host.pss_mib())
        for number in range(5, 5 + table.turns):
            row, = host.round(number)["workloads"]
            took.append(row["took_ms"] / 1000)
            used.append(row["spent_us"] / 1e6)
        rest = min(host.pss_mib() for _ in range(50))
    value = statistics.median(took)
    table.row("collector, the same unchanged", value, "s", "0.5 s", 0.5 / value, 1.0)
    table.note(f"of it {statistics.median(used):.2f} s of a processor; memory (PSS of all) {peak:.1f} MiB while it measures")
    table.row("collector, memory at rest", rest, "MiB", "12 MiB", 12 / rest, 1.0)
    table.row("collector, memory while it measures", peak, "MiB", "40 MiB", 40 / peak, 1.0)
    if shutil.which("aide") is None:
        table.note("no aide on this machine: nothing to hold an unchanged round against")
        return
    (scratch / "aide.conf").write_text(AIDE.format(scratch, f"{scratch}/tree"))
    timed(f"aide --init -c {scratch}/aide.conf")
    theirs = statistics.median(timed(f"aide --check -c {scratch}/aide.conf") for _ in range(3))
    table.row("collector, the same unchanged", value, "s", f"aide --check, {theirs:.1f} s", theirs / value, 50)


def used_s():
    """Of a processor, by what was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(command):
    begun = time.monotonic()
    subprocess.run(command, shell=True, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun


def sleepers(scratch, count):
    processes = [subprocess.Popen(["/bin/sleep", "3600"]) for _ in range(count)]
    for n, process in enumerate(processes):
        (scratch / f"pid-{n}").write_text(f"{process.pid}\n")
    return processes


def workloads(table):
    """Of a process each, and all that a process has."""
    with tempfile.TemporaryDirectory(dir=hallmark.BUILD) as scratch:
        scratch = pathlib.Path(scratch)
        processes = sleepers(scratch, WORKLOADS)
        try:
            used = rounds_of(table, [
                {"name": f"w{n}", "pid_file": f"{scratch}/pid-{n}",
                 "measure": ["executable", "libraries", "runtime", "host"]} for n in range(WORKLOADS)], "processor_ms")
        finally:
            end(processes)
    value = statistics.median(used) / 1000
    table.row(f"collector, {WORKLOADS} workloads, unchanged", value, "s", "1 s of a processor a round", 1 / value, 1.0)


def rounds_of(table, of, member):
    """What each unchanged round used of `member`, which only grows."""
    used = []
    with Measured(of, 10) as host:
        before = host.round(1)[member]
        for number in range(2, 2 + table.turns):
            now = host.round(number)[member]
            used.append(now - before)
            before = now
    return used


def end(processes):
    for process in processes:
        process.kill()
        process.wait()


def processes(table):
    """200 of one program, below a shell, against one."""
    def first(count):
        with tempfile.TemporaryDirectory(dir=hallmark.BUILD) as scratch:
            scratch = pathlib.Path(scratch)
            family = subprocess.Popen(["/bin/sh", "-c", f"for i in $(seq {count}); do tail -f /dev/null & done; wait"],
                                      start_new_session=True)
            (scratch / "pid").write_text(f"{family.pid}\n")
            try:
                with Measured([{"name": "app", "pid_file": f"{scratch}/pid",
                                         "measure": ["executable", "libraries", "runtime"]}]) as host:
                    return [host.round(n)["workloads"][0]["spent_us"] for n in range(1, 5)]
            finally:
                os.killpg(family.pid, 9)
                family.wait()

    def one():
        return first(1)

    def many():
        return first(PROCESSES)

    ours, theirs = table.alternate(f"{PROCESSES} processes", many, one)
    ratio = statistics.median(b[0] / a[0] for a, b in zip(ours, theirs))
    value = statistics.median(t[0] for t in ours) / 1000
    table.row(f"collector, first round of {PROCESSES} processes", value, "ms", "ten times one process", 10 * ratio, 1.0)
    later = statistics.median(statistics.median(t[1:]) for t in ours) / 1000 / PROCESSES
    table.row("collector, later rounds, a process", later, "ms", "0.5 ms", 0.5 / later, 1.0)
