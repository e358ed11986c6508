#!/usr/bin/python3
"""The register and who tells for it, killed at random while a signer logs reports: nothing is lost, what is
told again has the same id, what was verified never goes back, and the view is the one that is made of the
whole log at once."""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib")]

from follower import Follower
from hallmark import APP, EVIL, PATIENCE_S, Process, Site, run_tests
from registered import Register

SEED = int(os.environ.get("HALLMARK_FAULT_SEED", "0")) or random.SystemRandom().randrange(2**32)
KILLS = 300 if os.environ.get("HALLMARK_FAULT", "short") == "long" else 12
MOMENT_S = 0.6  # the longest from one kill to the next: starting, catching up and following fall within
WORKLOADS = [f"app-{n}" for n in range(6)]
LOOK_S = 0.05   # between two looks at what tells nobody


class Load(threading.Thread):
    """A collector that reports as fast as it is answered, and changes its mind by chance."""

    def __init__(self, site, name, seed):
        super().__init__(daemon=True)
        self.collector, self.draw = site.collector(name), random.Random(seed)
        self.ends = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.ends.is_set():
                self.collector.submit(self.draw.choice(WORKLOADS), APP if self.draw.random() < 0.9 else EVIL)
        except Exception as e:  # told by whoever waits for the load to end
            self.failure = e

    def stop(self):
        self.ends.set()
        self.join(PATIENCE_S)
        assert self.failure is None and not self.is_alive(), self.failure


class Killed:
    """A register with one who is told, by a command that writes down what it gets."""

    def __init__(self, site, register):
        self.site, self.register = site, register
        self.out, script = register.path("out"), register.path("take")
        script.write_text(f'#!/bin/sh\nread -r line\necho "$line" >>{self.out}\n')
        script.chmod(0o755)
        register.options["tell"] = [{"name": "desk", "command": [str(script)]}]
        register.write()
        self.teller, self.kills, self.verified = None, collections.Counter(), 0

    def start(self, which, wait):
        if which == "run":
            self.register.start(wait=wait)
            return
        self.teller = Process("hallmark-register", ["tell", "-c", str(self.register.path("register.yaml"))],
                              dict(os.environ))
        if wait:
            self.teller.wait_for("event=telling")

    def kill(self, which):
        (self.register.process if which == "run" else self.teller).kill()
        self.kills[which] += 1
        size = self.verified_size()
        assert size >= self.verified, f"verified went back from {self.verified} to {size}"
        self.verified = size
        if which == "run":
            walked, taken = self.walked(), self.taken()
            assert walked <= taken, f"the walk is kept up to {walked}, the view up to {taken}"

    def walked(self):
        """Entries of the walk that was written down (register/follow/frozen.h)."""
        with contextlib.suppress(FileNotFoundError):
            return int.from_bytes(self.register.state("tokyo", "walk").read_bytes()[80:88], "big")
        return 0

    def taken(self):
        """Entries of the view, as it was left: of a copy, so that nobody puts it right but the register."""
        with tempfile.TemporaryDirectory(prefix="hallmark-test-") as copy:
            for path in self.register.state("tokyo", "").glob("view.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, copy)
            with contextlib.closing(sqlite3.connect(pathlib.Path(copy) / "view.db")) as db:
                return db.execute("SELECT taken_to FROM log").fetchone()[0]

    def verified_size(self):
        with contextlib.suppress(FileNotFoundError):
            text = self.register.state("tokyo", "verified").read_text(encoding="utf-8")
            return int(re.search(r"^hallmark\.test/log\n(\d+)$", text, re.M)[1])
        return 0

    def told(self):
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines]


def of_site(site):
    return {"name": "tokyo", "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
            "certificates": [str(site.path("log.crt"))]}


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(LOOK_S)


def changes(entries):
    """What is news: every verdict that is another one than the workload's before."""
    before, news = {}, []
    for index, entry in enumerate(entries):
        claims = json.loads(entry)
        for name, verdict in claims.get("submods", {}).items():
            of = (claims["sub"], name)
            if before.get(of) != verdict["ear.status"]:
                news.append(f"tokyo-{index}-verdict")
            before[of] = verdict["ear.status"]
    return news


def dump(register):
    """Every row of the view, but for what it has of this machine's time."""
    with contextlib.closing(sqlite3.connect(f"file:{register.state('tokyo', 'view.db')}?mode=ro", uri=True)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {t: sorted(db.execute(f"SELECT * FROM {t}"), key=repr) for t in tables if t != "alarm"}


def looked(register):
    return not any(row[5] == 0 for row in dump(register)["component"])


def events(register):
    with contextlib.closing(sqlite3.connect(register.path("state/events.db"))) as db:
        return db.execute("SELECT id, kind, workload, json FROM event ORDER BY number").fetchall()


def from_scratch(site, size):
    """Of a register that has never been killed: its view and its events."""
    with Register(of_site(site), follow={"grace_s": 30}) as register:
        register.start()
        register.followed("tokyo", size)
        wait_until(lambda: looked(register), lambda: "contents are not looked up")
        register.stop()
        return dump(register), events(register)


def test_killed_at_random_nothing_is_lost():
    draw = random.Random(SEED)
    with contextlib.ExitStack() as stack, Site() as site:
        signer = site.start_signer()
        for name in ("host2", "host3"):
            site.issue(name, uri=f"spiffe://test/{name}")
        with Register(of_site(site), follow={"grace_s": 30, "freeze_every_s": 1}) as register:
            killed = Killed(site, register)
            stack.callback(lambda: killed.teller and killed.teller.end())
            loads = [Load(site, name, draw.random()) for name in ("host2", "host3")]
            killed.start("run", wait=True)
            killed.start("tell", wait=True)
            for load in loads:
                load.start()
            for _ in range(KILLS):
                time.sleep(draw.random() * MOMENT_S)
                for which in draw.choice((("run",), ("run",), ("tell",), ("run", "tell"))):
                    killed.kill(which)
                    killed.start(which, wait=draw.random() < 0.5)
            for load in loads:
                load.stop()
            assert signer.stop() == 0  # all that was acknowledged is published then
            check(site, register, killed)


def check(site, register, killed):
    log = Follower(site)
    size = log.follow()
    entries = log.entries(0, size)
    news = changes(entries)
    register.start()  # what it says from here on is complete
    register.process.wait_for(rf"event=caught-up log=tokyo size={size} ")
    wait_until(lambda: any(e["id"] == news[-1] for e in killed.told()), lambda: killed.told()[-1:])
    wait_until(lambda: looked(register), lambda: "contents are not looked up")
    assert not register.alarms(), register.alarms()
    register.stop()
    told = killed.told()
    distinct = list(dict.fromkeys(e["id"] for e in told))
    got = [one for one in distinct if one.endswith("verdict")]
    assert got == news, [pair for pair in itertools.zip_longest(got, news) if pair[0] != pair[1]][:3]
    assert len({json.dumps(e) for e in told}) == len(distinct), "one id, and two things are said"
    assert len(told) - len(distinct) <= killed.kills["tell"], "again is what was under way at an end"
    view, theirs = from_scratch(site, size)
    ours = dump(register)
    for table, rows in view.items():
        assert ours[table] == rows, (table, set(ours[table]) ^ set(rows))
    assert events(register) == theirs, "events are those of the whole log at once"
    assert killed.teller.stop() == 0
    print(f"matrix: register, killed at random | kill -9 | {sum(killed.kills.values())}")
    print(f"# {size} entries, {len(news)} changes, {len(told) - len(distinct)} told again")


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={SEED}", flush=True)
    run_tests(__name__)
