#!/usr/bin/python3
"""hallmark-audit history: a log's past in intervals, with deviations, silences and gaps that were planted."""

import csv
import datetime
import io
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
from audit import BAD, UNKNOWN, Bench, check
from hallmark import run_tests
from story import DAY, HOUR, Policy, Story

GRACE = 60


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Past(Bench):
    """Two workloads, hourly: `app` is altered for two reports, silent for a time, and gets another policy;
    `other` says nothing of note."""

    def __init__(self):
        super().__init__(3)
        story = Story(Policy(every=HOUR, grace=GRACE))
        self.begin = story.now
        self.times = {}
        story.report(next_s=HOUR)
        story.report("other", next_s=HOUR)
        for data, mark in ((make_log.GOOD, "good"), (make_log.EVIL, "evil"), (make_log.EVIL, "still"),
                           (make_log.GOOD, "mended")):
            story.wait(HOUR)
            self.times[mark] = story.now
            story.report(data=data, next_s=HOUR)
            story.report("other", next_s=HOUR)
        due = story.now + HOUR + GRACE
        self.times["due"] = due
        story.wait(HOUR)
        story.report("other", next_s=HOUR)
        story.wait(GRACE + 1)
        story.absence(due)
        story.wait(600)
        self.times["back"] = story.now
        story.report(next_s=HOUR)
        story.wait(5)
        self.second = Policy("second", every=HOUR, grace=GRACE)
        story.adopt(self.second)
        story.wait(5)
        self.times["second"] = story.now
        story.report(next_s=HOUR)
        self.end = story.now
        self.use(story.log)
        self.write("evidence/pack-00000001", story.evidence())
        self.story = story

    def history(self, *arguments, begin=None, end=None, expect=0, says=""):
        done = self.run("history", "--log", self.path("log"), "--evidence", self.path("evidence"), "--from",
                        utc(begin or self.begin), "--to", utc(end or self.end + DAY), *arguments)
        check(done, expect, says)
        return done.stdout

    def rows(self, *arguments, **options):
        document = json.loads(self.history("--json", *arguments, **options))
        assert document["outcome"] == {0: "good", 1: "bad", 2: "unknown"}[options.get("expect", 0)]
        return document["rows"]


def of(rows, sort, **wanted):
    return [r for r in rows if r["row"] == sort and all(r[k] == v for k, v in wanted.items())]


def test_what_was_planted_is_found():
    with Past() as bench:
        rows, t = bench.rows(), bench.times
        intervals = of(rows, "interval", workload="app")
        assert [(r["verdict"], r["from"], r["to"], r["reports"]) for r in intervals] == [
            ("affirming", utc(bench.begin), utc(t["evil"]), 2),
            ("contraindicated", utc(t["evil"]), utc(t["mended"]), 2),
            ("affirming", utc(t["mended"]), utc(t["second"]), 2),
            ("affirming", utc(t["second"]), None, 1)], intervals
        assert intervals[-1]["policy"] == bench.second.id
        assert intervals[1]["detail"] == "executable:" + make_log.sha256(make_log.EVIL).hex()
        (deviation,) = of(rows, "deviation")
        planted = make_log.finding_of(make_log.EVIL)
        assert (deviation["code"], deviation["subject"], deviation["detail"]) == (
            planted["code"], planted["subject"], planted["detail"]), deviation
        assert (deviation["from"], deviation["to"], deviation["reports"], deviation["age_s"]) == (
            utc(t["evil"]), utc(t["mended"]), 2, 2 * HOUR), deviation
        (silence,) = of(rows, "absence")
        assert (silence["workload"], silence["from"], silence["to"]) == ("app", utc(t["due"]), utc(t["back"]))
        (app,) = of(rows, "workload", workload="app")
        assert (app["reports"], app["longest_gap_s"], app["allowed_s"]) == (
            7, t["back"] - t["mended"], HOUR + GRACE), app
        assert [r["code"] for r in of(rows, "notice")] == ["start", "manifest", "manifest"]
        assert "sha256:" + bench.second.digest in of(rows, "notice")[2]["detail"]
        assert all(r["checked"] == "good" for r in rows), rows


def test_a_period_a_workload_and_a_host():
    with Past() as bench:
        t = bench.times
        rows = bench.rows("--workload", "app", begin=t["still"], end=t["mended"])
        (interval,) = of(rows, "interval")
        assert (interval["verdict"], interval["from"], interval["to"], interval["reports"]) == (
            "contraindicated", utc(t["evil"]), None, 1), "it began before the period, and one report is in it"
        (deviation,) = of(rows, "deviation")
        assert (deviation["to"], deviation["age_s"]) == (None, HOUR), deviation
        assert {r["workload"] for r in rows} == {"app"}, rows
        assert of(bench.rows("--host", make_log.COLLECTOR), "workload"), "the host that there is"
        assert not of(bench.rows("--host", "nobody"), "workload")
        assert not of(bench.rows(begin=bench.end + HOUR), "deviation"), "it had ended"


def test_table_and_csv_say_the_same():
    with Past() as bench:
        table = bench.history()
        assert "deviation" in table and "longest_gap_s:" in table
        rows = table.split("  period  ", 1)[1].split("  policies  ", 1)[0].splitlines()[1:]
        assert len(rows) > 20 and max(map(len, rows)) <= 80, table
        rows = list(csv.DictReader(io.StringIO(bench.history("--csv"))))
        wanted = bench.rows()
        assert [{k: "" if v is None else str(v) for k, v in r.items()} for r in wanted] == rows


def test_cells_of_csv_are_no_formulas():
    with Bench(3) as bench:
        story = Story(Policy(match="*"))
        for name in ("=1+1", "+x", "-x", "@x", 'a"b,c', "x=1", "<script>"):
            story.report(name)
        bench.use(story.log)
        bench.write("evidence/pack-00000001", story.evidence())
        done = bench.run("history", "--log", bench.path("log"), "--evidence", bench.path("evidence"), "--from",
                         "2020-01-01", "--to", "2099-01-01", "--csv")
        assert "verdict" in done.stderr, "what was checked is said beside it"
        names = {r["workload"] for r in csv.DictReader(io.StringIO(done.stdout)) if r["row"] == "workload"}
        assert names == {"'=1+1", "'+x", "'-x", "'@x", 'a"b,c', "x=1", "<script>"}, names


def test_what_does_not_follow_is_said_in_its_row():
    with Past() as bench:
        bench.story.wait(5)
        bench.story.report(data=make_log.EVIL, status="affirming", findings=[],
                           vector={"instance-identity": 2, "executables": 2})
        bench.use(bench.story.log)
        rows = bench.rows(expect=BAD)
        (lie,) = of(rows, "interval", checked="bad")
        assert (lie["verdict"], lie["workload"]) == ("affirming", "app"), lie
        assert of(rows, "workload", workload="app")[0]["checked"] == "bad"
        assert of(rows, "workload", workload="other")[0]["checked"] == "good"
        bench.write("evidence/pack-00000001", b"")
        assert {r["checked"] for r in bench.rows(expect=UNKNOWN) if r["row"] == "interval"} == {"unknown"}


def test_what_is_no_period_is_refused():
    with Past() as bench:
        bench.history(begin=bench.end + DAY, expect=UNKNOWN, says="after --from")
        bench.history("--csv", "--json", expect=UNKNOWN, says="one of --csv and --json")
        check(bench.run("history", "--log", bench.path("log"), "--evidence", bench.path("evidence"), "--from",
                        "yesterday", "--to", "2099-01-01"), UNKNOWN, "--from")


if __name__ == "__main__":
    run_tests(__name__)
