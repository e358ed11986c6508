"""What grows with a log, and what must not: start, full check, rate.

Logs of 10^6 reports, and with FULL=1 in the environment of 10^7 (12 GB below TMPDIR), filled by the
ledger's own code. A log of 10^4 is made anew for every turn, because the load itself lets it grow.
"""

import os
import resource
import statistics
import subprocess
import time

import hallmark
import registered
import stand
from reports import STEADY
from table import median, median_ratio

SMALL = 10**4
LARGE = (10**6, 10**7) if os.environ.get("FULL") else (10**6,)
WORKLOADS = 10**6

START_S, START_MIB = 5.0, 300

# The auditor's ways to look at a whole log, and reports a second of each.
AUDITS = {"fsck --tree-only": (("--tree-only",), 1_000_000), "fsck": ((), 200_000),
          "replay --all": (("--all", "--evidence"), 50_000)}

FOLLOWED = 50_000  # reports/s a core, by the register

FLAT = 0.9  # within a tenth

# Seconds for 10^7 reports on a slow disk: a bound, not an expectation.
PATIENCE_S = 1200

MEMORY_EVERY_S = 0.02  # seconds between two looks at the auditor's memory


def grown(size, workloads=WORKLOADS):
    """A stand whose log holds `size` reports of as many workloads as there can be, or of so many."""
    site = stand.Stand()
    site.init_key()
    done = subprocess.run(
        [hallmark.program("prefill"), "-c", str(site.path("signer.yaml")), "--reports", str(size),
         "--workloads", str(min(size, workloads))],
        env=site.env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    if done.returncode != 0:
        raise AssertionError(f"prefill: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return site


def growth(table):
    memory = {}
    for size in LARGE:
        table.progress(f"filling a log with {size:,} reports")
        with grown(size) as site:
            starts(table, site, size)
            memory[size] = check(table, site, size)["fsck --tree-only"]
            rate(table, site, size)
    if len(memory) > 1:
        small, large = (memory[size] for size in LARGE)
        table.row(f"memory of fsck --tree-only at {LARGE[1]:,} reports", large / 1024, "MiB",
                  f"at {LARGE[0]:,} {small / 1024:.2f} MiB", small / large, FLAT)


def starts(table, site, size):
    """From exec to the line that says that it listens."""
    turns = [start(site) for _ in range(table.turns)]
    with_index = statistics.median(seconds for seconds, _ in turns)
    table.row(f"start with {size:,} reports", with_index, "s", f"at most {START_S:g} s",
              START_S / with_index, 1.0)
    memory = statistics.median(kib for _, kib in turns) / 1024
    table.row("  memory when it listens", memory, "MiB", f"at most {START_MIB} MiB",
              START_MIB / memory, 1.0)
    for file in site.dir.glob("index.db*"):
        file.rename(site.path(f"earlier-{file.name}"))  # nothing is removed while rows are measured
    without, _ = start(site)
    table.row("  its index deleted", without, "s", "with its index", with_index / without)
    table.note(f"{min(size, WORKLOADS):,} workloads; the second reads the whole log")


def start(site):
    """Seconds until it listens, and the largest memory that the signer had by then in KiB."""
    began = time.monotonic()
    signer = site.start_signer(wait=False, prefix=["taskset", "-c", site.cores])
    signer.wait_for("event=listening", timeout=PATIENCE_S)
    seconds, memory = time.monotonic() - began, largest_kib(signer.pid)
    if signer.stop() != 0:
        raise AssertionError("\n".join(signer.lines[-5:]))
    return seconds, memory


def check(table, site, size):
    """The auditor on one core; gives the largest memory of each way in KiB."""
    memory = {}
    for name, (options, goal) in AUDITS.items():
        turns = [audit(site, name.split()[0], options) for _ in range(table.turns)]
        per_second = size / statistics.median(turn["processor_s"] for turn in turns)
        memory[name] = statistics.median(turn["memory_kib"] for turn in turns)
        table.row(f"{name} of {size:,} reports", per_second, "/s", f"{goal:,}/s a core",
                  per_second / goal, 1.0)
        table.note(f"a second of processor time; by the clock "
                   f"{size / statistics.median(turn['clock_s'] for turn in turns):,.0f}/s with the "
                   f"disk; memory {memory[name] / 1024:.1f} MiB")
    attempt(table, site, size, per_second)
    follow(table, site, size)
    return memory


def follow(table, site, size):
    """A register that begins with the log, on one core: everything checked, each verdict made again, the
    view written."""
    turns = [followed(site) for _ in range(table.turns)]
    per_second = size / statistics.median(seconds for seconds, _ in turns)
    table.row(f"register, following {size:,} reports", per_second, "/s", f"{FOLLOWED:,}/s a core",
              per_second / FOLLOWED, 1.0)
    table.note(f"a second of processor time, each report the first of its workload; memory "
               f"{statistics.median(kib for _, kib in turns) / 1024:.1f} MiB")


def followed(site):
    """Seconds of processor time until it has caught up, and its largest memory in KiB."""
    log = {"name": "bench", "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
           "certificates": [str(site.path("log.crt"))]}
    with registered.Register(log, listen=[{"address": f"127.0.0.1:{hallmark.free_port()}"}]) as register:
        process = register.start(prefix=["taskset", "-c", stand.SIGNER_CORE])
        process.wait_for("event=caught-up", timeout=PATIENCE_S)
        fields = open(f"/proc/{process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), largest_kib(process.pid)


def attempt(table, site, size, replayed):
    """A policy tried on the whole log, against the auditor's replay of it."""
    turns = [look(["hallmark-signer", "policy", "try", site.path("policy.yaml"), "--log", site.path("log"),
                   "--evidence", site.path("evidence")]) for _ in range(table.turns)]
    per_second = size / statistics.median(turn["processor_s"] for turn in turns)
    table.row(f"policy try of {size:,} reports", per_second, "/s", f"replay, {replayed:,.0f}/s a core",
              per_second / replayed, 1.0)


def audit(site, command, options):
    options = [*options, site.path("evidence")] if "--evidence" in options else options
    return look(["hallmark-audit", command, "--log", site.path("log"), "--cert", site.path("log.crt"), *options])


def look(command):
    """The largest memory is the kernel's own mark, read until the end: wait4's is this script's too."""
    before, began = children_s(), time.monotonic()
    with subprocess.Popen(
            ["taskset", "-c", stand.SIGNER_CORE, hallmark.program(command[0]), *map(str, command[1:])],
            stdout=subprocess.PIPE, text=True) as auditor:
        memory = 0
        while auditor.returncode is None:
            memory = max(memory, largest_kib(auditor.pid))
            try:
                auditor.wait(MEMORY_EVERY_S)
            except subprocess.TimeoutExpired:
                pass
        said = auditor.stdout.read()
    if auditor.returncode != 0:
        raise AssertionError(f"{command[:2]}: exit {auditor.returncode}\n{said}")
    return {"clock_s": time.monotonic() - began, "processor_s": children_s() - before,
            "memory_kib": memory}


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def largest_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next((line.split()[1] for line in status if line.startswith("VmHWM:")), 0))


def rate(table, site, size):
    site.start()

    def large():
        return site.reports(*STEADY, "--seconds", table.seconds)

    def small():
        with grown(SMALL) as fresh:
            fresh.start()
            measured = fresh.reports(*STEADY, "--seconds", table.seconds)
            if fresh.signer.stop() != 0:
                raise AssertionError("\n".join(fresh.signer.lines[-5:]))
            return measured

    ours, theirs = table.alternate(f"rate at {size:,} reports", large, small)
    table.row(f"reports, in a log of {size:,}", median(ours, "per_second"), "/s",
              f"in one of {SMALL:,} {median(theirs, 'per_second'):,.0f}/s",
              median_ratio(ours, theirs), FLAT)
    if site.signer.stop() != 0:
        raise AssertionError("\n".join(site.signer.lines[-5:]))

