#!/usr/bin/python3
"""`hallmark-signer policy try`: recorded evidence under another policy; whose verdict changes, and why."""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from hallmark import Site, run_tests, to_yaml
from wallclock import WallClock

APP = wire.component("executable", [wire.file_item("/usr/bin/app", b"app")])
OTHER = wire.component("executable", [wire.file_item("/usr/bin/app", b"other")])
RUNTIME = wire.component("runtime", [wire.fact_item("uid", b"990")])
DAY_S = 86400
WORKLOADS = [f"web-{n}" for n in range(7)] + ["bot", "db"]


class Logged(Site):
    """Nine workloads: those of the web and `db` run what is known, `bot` something else. All of it so long ago."""

    def __init__(self, ago_s=0):
        super().__init__()
        self.ago_s = ago_s
        self.clock = WallClock(self)
        self.clock.move(-ago_s)
        self.env.update(self.clock.env)

    def __enter__(self):
        super().__enter__()
        self.signer = self.start_signer()
        time_ms = int((time.time() - self.ago_s) * 1000)
        collector = self.collector()
        for name in WORKLOADS:
            receipt = collector.submit(name, {"executable": OTHER if name == "bot" else APP, "runtime": RUNTIME},
                                       time_ms=time_ms)
        receipt = collector.submit("db", {"executable": APP, "runtime": RUNTIME}, time_ms=time_ms)
        collector.close()
        logimage.published(self, receipt["index"] + 1)
        return self

    def new(self, top=None, **workload):
        """Like the one in force, but for this."""
        known = self.path("known.sha256").read_text()
        self.write_policy(to_yaml({
            "name": "new", **(top or {}), "references": [{"name": "known", "file": "known.sha256"}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "require": ["executable"],
                           "recorded": ["host", "runtime"], "executable": {"references": ["known"]},
                           **workload}]}), known)
        return self.path("policy.yaml")

    def tried(self, policy, *more):
        return self.tool("hallmark-signer", "policy", "try", str(policy), "-c", str(self.path("signer.yaml")),
                         *more, check=False)

    def told(self, policy, *more):
        done = self.tried(policy, "--json", *more)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


def counts(stays=0, falls=0, rises=0, unknown=0):
    return {"falls": falls, "unknown": unknown, "rises": rises, "stays": stays}


def test_nothing_changes():
    with Logged() as site:
        status, told = site.told(site.new())
        assert status == 0 and told["workloads"] == counts(stays=9) and told["changes"] == []
        assert told["reports"] == 10 and told["unreadable"] == 0
        assert told["policy"].startswith("new@sha256:")
        text = site.tried(site.new()).stdout
        assert re.match(r"10 reports of 9 workloads appraised again in \d+\.\d s, from 20", text), text
        assert "\n       9  stay as they are\n" in text
        assert "web-6 on spiffe://test/host1" in site.tried(site.new(), "--all").stdout


def test_what_falls_is_told_with_its_cause_and_named_in_groups():
    with Logged() as site:
        policy = site.new(recorded=["host"], runtime={"facts": [{"name": "uid", "allow": ["0"]}], "unmatched": "warning"})
        done = site.tried(policy)
        assert done.returncode == 1, done.stderr
        assert done.stdout.count("fall") == 1, done.stdout
        assert "\n       8  fall from affirming to warning\n" \
            '          runtime unmatched-fact uid: expected "0", found "990"\n' in done.stdout, done.stdout
        assert "db on spiffe://test/host1, 2 reports, the newest entry" in done.stdout
        assert "and 3 more: --all" in done.stdout and "1  stays as it is" in done.stdout
        assert "more" not in site.tried(policy, "--all").stdout
        status, told = site.told(policy)
        assert status == 1 and told["workloads"] == counts(stays=1, falls=8)
        db, = (c for c in told["changes"] if c["workload"] == "db")
        assert (db["was"], db["is"], db["reports"]) == ("affirming", "warning", counts(falls=2))


def test_of_some_workloads_only():
    with Logged() as site:
        policy = site.new(match="bot", executable={"references": ["known"], "changed": "warning"})
        status, told = site.told(policy, "--workload", "b*")
        assert status == 0 and told["workloads"] == counts(rises=1) and told["reports"] == 1
        status, told = site.told(policy, "--workload", "web-[0]")
        assert status == 0 and told["reports"] == 0
        assert site.tried(policy, "--workload", "\\b").returncode == 2


def test_what_rises_and_what_is_refused():
    with Logged() as site:
        policy = site.new(match="bot", executable={"references": ["known"], "changed": "warning"})
        status, told = site.told(policy)
        assert status == 1 and told["workloads"] == counts(falls=8, rises=1)
        by_name = {c["workload"]: c for c in told["changes"]}
        assert (by_name["bot"]["was"], by_name["bot"]["is"]) == ("contraindicated", "warning")
        assert (by_name["web-0"]["was"], by_name["web-0"]["is"]) == ("affirming", "refused")
        assert [c["change"] for c in told["changes"]] == ["falls"] * 8 + ["rises"]


def test_of_some_time_only():
    """The time is that of the newest entry, and goes back from there."""
    with Logged(ago_s=7200) as site:
        policy = site.new()
        assert site.signer.stop() == 0
        site.clock.move(0)
        site.signer = site.start_signer()
        collector = site.collector()
        for name in ("new-0", "new-1"):
            receipt = collector.submit(name, {"executable": APP, "runtime": RUNTIME})
        collector.close()
        logimage.published(site, receipt["index"] + 1)
        for last, reports in (("15m", 2), ("1h", 2), ("6000s", 2), ("3h", 12), ("36h", 12), ("7d", 12)):
            status, told = site.told(policy, "--last", last)
            assert (status, told["reports"]) == (0, reports), (last, told)
            assert told["workloads"] == counts(stays=2 if reports == 2 else 11), (last, told)
        for last in ("0s", "d", "1w", "-1d", "1 d", "99999999999999999999d"):
            assert site.tried(policy, "--last", last).returncode == 2


def made_log(site, days):
    """A log with a full bundle for each of these days, of one report; as no signer has written it."""
    tiles = site.path("made/tile/entries")
    tiles.mkdir(parents=True, exist_ok=True)
    report = next(e for e in logimage.read_log(site) if e.startswith(b'{"eat_profile"'))
    for number, day in enumerate(days):
        issued = re.sub(rb'"iat":\d+,"exp":\d+', b'"iat":%d,"exp":%d' % (day * DAY_S, (day + 1) * DAY_S), report)
        (tiles / f"{number:03}").write_bytes((len(issued).to_bytes(2, "big") + issued) * 256)
    note = site.path("log/checkpoint").read_text().split("\n")
    site.path("made/checkpoint").write_text("\n".join([note[0], str(256 * len(days)), *note[2:]]))
    return tiles


def test_of_some_time_the_rest_is_not_looked_at():
    with Logged() as site:
        policy = site.new()

        def told(last):
            done = site.tool("hallmark-signer", "policy", "try", str(policy), "--json", "--last", last, "--log",
                             str(site.path("made")), "--evidence", str(site.path("evidence")), check=False)
            found = json.loads(done.stdout)
            return found["reports"] // 256, found["unreadable"] // 256

        today = int(time.time()) // DAY_S
        for days, last, tiles in (((9, 8, 7, 3, 2, 1), "2d", 3), ((9, 8, 7, 3, 2, 1), "30d", 6), ((1, 1, 1), "1s", 3),
                                  ((9, 1, 5, 4, 3), "3d", 4), ((9, 1, 5, 9, 1), "1d", 1), ((9,), "1d", 1)):
            made_log(site, [today - day for day in days])
            assert told(last) == (tiles, 0), (days, last, told(last))
        tiles = made_log(site, [today - day for day in (9, 8, 7, 3, 2, 1)])
        (tiles / "001").unlink()
        assert told("2d") == (3, 0)
        (tiles / "003").unlink()
        assert told("2d") == (2, 1)
        (tiles / "005").write_bytes(b"")
        assert told("2d") == (1, 2)


def test_what_cannot_be_told():
    with Logged() as site:
        policy = site.new()
        site.signer.stop()
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        pack.write_bytes(whole.replace(OTHER, b"\0" * len(OTHER)))
        status, told = site.told(policy)
        assert status == 2 and told["workloads"] == counts(stays=8, unknown=1), told
        pack.write_bytes(whole)
        tile, = site.path("log/tile/entries").glob("000.p/*")
        entries = tile.read_bytes()
        tile.write_bytes(entries[:-10])
        status, told = site.told(policy)
        assert (status, told["unreadable"], told["reports"]) == (2, 1, 9), told
        status, told = site.told(policy, "--last", "7d")
        assert (status, told["unreadable"], told["reports"]) == (2, 1, 9), told
        first = entries.index(b'{"eat_profile"')
        tile.write_bytes(entries[:first] + b"\0" + entries[first + 1:])
        status, told = site.told(policy)
        assert (status, told["unreadable"], told["reports"]) == (2, 1, 9), told
        tile.write_bytes(entries)
        bad = site.path("bad.yaml")
        bad.write_text("name: x\nworkload: []\n")
        done = site.tried(bad)
        assert done.returncode == 2 and 'did you mean "workloads"?' in done.stderr
        for arguments in ([], [str(policy)], [str(policy), "--log", str(site.path("log"))],
                          [str(policy), str(policy), "-c", str(site.path("signer.yaml"))]):
            done = site.tool("hallmark-signer", "policy", "try", *arguments, check=False)
            assert done.returncode == 2 and "expected policy try NEW" in done.stderr
        done = site.tool("hallmark-signer", "policy", "try", str(policy), "--log", "/none", "--evidence", "/none", check=False)
        assert done.returncode == 2 and "/none: No such file" in done.stderr


if __name__ == "__main__":
    run_tests("__main__")
