#!/usr/bin/python3
"""All of the collector's processes killed at random, while its signer comes and goes: each chain in the
log is without a hole, and each measurement that was kept is in it or is said to be dropped."""

import json
import os
import pathlib
import random
import re
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "system")]

import msgpack

import entries
from collector_client import Host
from family import children
from hallmark import run_tests

SEED = int(os.environ.get("HALLMARK_FAULT_SEED", "0")) or random.SystemRandom().randrange(2**32)
KILLS = 30
BUNDLES_MAX = 4


class Killed(Host):
    def __init__(self):
        super().__init__(interval_s=1, jitter_percent=50, spool={"bundles_max": BUNDLES_MAX})
        self.workloads = [{**self.workloads[0], "name": name, "measure": ["executable"]}
                          for name in ("app", "other")]
        self.configure()

    @staticmethod
    def kill(collector):
        """The one that reports first or last, as it comes: none is left."""
        everybody = [collector.pid, *children(collector.pid)]
        CHANCE.shuffle(everybody)
        for pid in everybody:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        collector.wait()

    def logged(self, name):
        """Of each of its reports: the bundle's claims, and its extensions."""
        for entry in self.signer.entries:
            claims = json.loads(entry)
            if name in claims["submods"]:
                bundle = claims["hallmark.bundle"]
                yield bundle, msgpack.unpackb(entries.base64url_bytes(bundle["extensions"]))


CHANCE = random.Random(SEED)


def test_killed_at_random():
    with Killed() as h:
        spooled, is_open = dict.fromkeys(("app", "other"), 0), True
        h.once()
        for _ in range(KILLS):
            if CHANCE.random() < 0.4:
                (h.signer.close if is_open else h.signer.open)()
                is_open = not is_open
            collector = h.run()
            collector.wait_for("event=started")
            until = time.monotonic() + CHANCE.random() * 1.5
            with collector.changed:
                while time.monotonic() < until:
                    collector.changed.wait(until - time.monotonic())
            h.kill(collector)
            for line in collector.lines:
                assert not re.search("event=(chain-unusable|chain-disagrees|bad-receipt)", line), line
                if "event=spooled" in line:
                    spooled[re.search("workload=([a-z]+)", line).group(1)] += 1
        if not is_open:
            h.signer.open()
        h.once()
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.wait(lambda: not any(p.stat().st_size for p in h.files(".queue")))
        assert collector.stop() == 0
        for name, kept in spooled.items():
            logged = list(h.logged(name))
            assert [b["seq"] for b, _ in logged] == list(range(1, len(logged) + 1)), name
            came = sum(b["offline"] for b, _ in logged)
            said = sum(ext.get("dropped", [0])[0] for _, ext in logged)
            print(f"     {name}: {kept} kept offline, {came} came, {said} said to be dropped")
            # Of a measurement that was kept its process may have been killed before it said so.
            assert came + said >= kept, (name, came, said, kept)
        assert sum(spooled.values()) > 0


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={SEED}", flush=True)
    run_tests("__main__")
