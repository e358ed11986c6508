"""What a large policy costs: to load and to check it, and to take another one while reports come in."""

import hashlib
import itertools
import os
import signal
import statistics
import time

import growth
import hallmark
import stand

LINES, SETS, ENTRIES = 200_000, 100, 10_000
LOAD_S, LOAD_MIB = 1.0, 100
HELD_MS = 10.0

# A program of /usr may have a path like this; a line then has 120 bytes.
PATH = "/opt/trading/app-{0}/lib/module-{1:06}/file-{1:06}.so"


def write(site, release):
    """Sets of 200,000 lines together, and entries that each have one in three rules; all content is of
    this release."""
    contents = itertools.count()
    references = []
    for s in range(SETS):
        lines = []
        for n in itertools.islice(contents, LINES // SETS):
            digest = hashlib.sha256(f"{release} {n}".encode()).hexdigest()
            lines.append(f"{digest}  {PATH.format(n % 97, n)}\n")
        site.path(f"set-{s}").write_text("".join(lines))
        references.append({"name": f"set-{s}", "file": f"set-{s}"})
    site.write_policy(hallmark.to_yaml({"name": f"release-{release}", "references": references, "workloads": [
        *(entry(f"workload-{n}", [f"set-{n % SETS}"]) for n in range(ENTRIES - 1)),
        {**entry("*", ["set-0"]), "executable": {"references": ["set-0"], "unknown": "warning"}}]}))


def entry(match, references):
    return {"match": match, "collectors": ["spiffe://test/**"], "require": ["executable"],
            "executable": {"references": references}, "libraries": {"references": references},
            "files": {"references": references}, "recorded": ["host", "runtime"]}


def load(table):
    with stand.Stand() as site:
        site.init_key()
        write(site, 1)
        turns = [growth.look(["hallmark-signer", "check", "-c", site.path("signer.yaml")])
                 for _ in range(table.turns)]
    seconds = statistics.median(turn["processor_s"] for turn in turns)
    memory = statistics.median(turn["memory_kib"] for turn in turns) / 1024
    table.row(f"policy load, {LINES:,} lines, {ENTRIES:,} entries", seconds, "s", f"at most {LOAD_S:g} s of a core",
              LOAD_S / seconds, 1.0)
    table.row("  memory of it", memory, "MiB", f"at most {LOAD_MIB} MiB", LOAD_MIB / memory, 1.0)


def reload(table):
    """A policy of that size takes the place of another: how long the ledger's loop did nothing else, at most."""
    turns = [reloaded(table, turn) for turn in range(table.turns)]
    held_ms = statistics.median(turn["held_ms"] for turn in turns)
    table.row("reload, the ledger's loop held", held_ms, "ms", f"at most {HELD_MS:g} ms", HELD_MS / held_ms, 1.0)
    table.note(f"{LINES:,} lines, all of them new; before, its longest turn was "
               f"{statistics.median(turn['before_ms'] for turn in turns):.1f} ms; of a processor the loop used "
               f"{statistics.median(turn['used_ms'] for turn in turns):.1f} ms of the "
               f"{statistics.median(turn['took_ms'] for turn in turns):,.0f} ms until the policy was in force")


def reloaded(table, turn):
    """A signer for each turn: what it tells is the longest turn since its start, which takes a small policy. Its
    loop runs when it wants to: what others take from it is not what a reload does."""
    table.progress(f"reload: turn {turn + 1} of {table.turns}")
    with stand.Stand() as site:
        site.start()
        os.sched_setscheduler(site.signer.pid, os.SCHED_FIFO, os.sched_param(1))  # of that thread alone
        before_us = longest_us(site)
        for release in (1, 2):
            write(site, release)
            used_ms, seen = loop_ms(site.signer.pid), len(site.signer.lines)
            began = time.monotonic()
            site.signer.signal(signal.SIGHUP)
            site.signer.wait_for("event=policy-in-force", seen)
            took_ms = 1000 * (time.monotonic() - began)
        site.signer.wait_for("event=reloaded", seen)
        used_ms = loop_ms(site.signer.pid) - used_ms
        held_us = longest_us(site)
        site.finish()
    return {"held_ms": held_us / 1000, "before_ms": before_us / 1000, "used_ms": used_ms, "took_ms": took_ms}


def longest_us(site):
    return site.status()["loop_gap_max_us"]


def loop_ms(pid):
    """Of a processor, by the thread of the ledger's loop: the first number of schedstat is in nanoseconds."""
    with open(f"/proc/{pid}/task/{pid}/schedstat", encoding="ascii") as used:
        return int(used.read().split()[0]) / 1e6
