#!/usr/bin/python3
"""The signer's clock: one time for each report, none before its predecessor's, references expire."""

import hashlib
import json
import signal
import time

import hallmark
import wire
from hallmark import APP, Site
from wallclock import WallClock

BASE_S = int(time.time()) // 86400 * 86400
SKEW_S = 300  # the default of limits.clock_skew_s
FILE = wire.component("files", [wire.file_item("/etc/app.conf", b"conf", mode=0o100644)])
NO_FILE = wire.component("files", [])


def stopped(site, now_s=BASE_S):
    clock = WallClock(site)
    clock.stop(now_s)
    return clock


def start(site, clock):
    if not site.path("log.crt").exists():
        site.init_key()
    plain, site.env = site.env, {**site.env, **clock.env}
    try:
        return site.start_signer()
    finally:
        site.env = plain


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def read(receipt):
    """iat, status, and the findings' codes of the one workload."""
    report = json.loads(receipt["report"])
    (verdict,) = report["submods"].values()
    return (report["iat"], verdict["ear.status"],
            {f["code"] for f in verdict["hallmark.findings"]})


def audit(site):
    cert = ("--cert", str(site.path("log.crt")))
    site.audit("fsck", "--log", str(site.path("log")), *cert)
    site.audit("replay", "--log", str(site.path("log")), "--evidence", str(site.path("evidence")),
               *cert, "--all")


def family(site, name, until):
    """Its known set counts until then, and another behind that."""
    site.path("next.sha256").write_text(64 * "a" + "  /next\n")
    return f"""families:
  - {{name: {name}, releases: [{{name: "1", file: {name}.sha256}}, {{name: "2", file: next.sha256}}]}}
windows: [{{family: {name}, from: "1", to: "1", until: "{utc(until)}"}}]"""


def test_a_kept_verdict_ends_with_its_window():
    """Judged before, asked for after, with a signer that was idle in between."""
    until = BASE_S + 100
    with Site() as site:
        clock = stopped(site, until - 1)
        site.write_policy(text=f"""name: test
{family(site, "known", until)}
workloads:
  - {{match: "*", collectors: ["spiffe://test/**"], executable: {{references: [known]}}}}
""")
        signer = start(site, clock)
        for name in ("host1", "host2"):
            assert read(site.collector(name).submit("app", APP, time_ms=clock.now_ms)) == (
                until - 1, "affirming", set())
        clock.stop(until)
        for name in ("host3", "host4"):
            assert read(site.collector(name).submit("app", APP, time_ms=clock.now_ms)) == (
                until, "contraindicated", {"other-release"})
        assert signer.stop() == 0
        audit(site)


def test_one_time_for_the_whole_of_a_report():
    """The clock moves a second with each reading, and `until` comes after every one of them."""
    phases = range(1, 9)
    with Site() as site:
        clock = stopped(site)
        site.path("next.sha256").write_text(64 * "a" + "  /next\n")
        families = "".join(
            f'  - {{name: r{p}, releases: [{{name: a, file: known.sha256}}, {{name: b, file: next.sha256}}]}}\n'
            for p in phases)
        windows = "".join(f'  - {{family: r{p}, from: a, to: a, until: "{utc(BASE_S + 100 * p)}"}}\n' for p in phases)
        workloads = "".join(
            f'  - {{match: w{p}, collectors: ["spiffe://test/**"], '
            f"executable: {{references: [r{p}]}}}}\n" for p in phases)
        site.write_policy(text=f"name: test\nfamilies:\n{families}windows:\n{windows}workloads:\n{workloads}")
        signer = start(site, clock)
        collector = site.collector()
        seen = set()
        for p in phases:
            until = BASE_S + 100 * p
            clock.stop(until - p, step_s=1)
            iat, status, _ = read(collector.submit(f"w{p}", APP, time_ms=clock.now_ms))
            assert (status == "affirming") == (iat < until), (p, iat - until, status)
            seen.add(status)
        assert len(seen) == 2, "some before their time and some after"
        clock.stop(BASE_S + 10000)
        assert signer.stop() == 0
        audit(site)


def test_no_report_is_before_its_predecessor_after_a_restart():
    """Nor after a clock that was set back by less than the skew."""
    ahead = BASE_S + SKEW_S - 20
    with Site() as site:
        clock = stopped(site, ahead)
        signer = start(site, clock)
        collector = site.collector()
        measured_ms = (BASE_S - 60) * 1000
        assert read(collector.submit("app", APP, time_ms=measured_ms))[0] == ahead
        assert signer.stop() == 0
        assert not list(site.path("log").glob("pending.*")), "the newest report is in the tiles"

        clock.stop(BASE_S)
        signer = start(site, clock)
        assert f"last_issued={utc(ahead)} clock={utc(BASE_S)}" in signer.wait_for("event=clock-back")
        collector.connect()
        assert read(collector.submit("app", APP, time_ms=measured_ms))[0] == ahead
        # Killed with the report in the pending file, or in the tiles: either way it is found.
        clock.stop(ahead + 5)
        assert read(collector.submit("app", APP, time_ms=measured_ms))[0] == ahead + 5
        signer.kill()

        for path in site.dir.glob("index.db*"):
            path.unlink()
        clock.stop(BASE_S)
        signer = start(site, clock)
        signer.wait_for(f"event=clock-back last_issued={utc(ahead + 5)}")
        collector.connect()
        assert read(collector.submit("app", APP, time_ms=measured_ms))[0] == ahead + 5
        assert len([line for line in signer.lines if "event=clock-back" in line]) == 1
        clock.stop(ahead + 6)
        assert read(collector.submit("app", APP, time_ms=measured_ms))[0] == ahead + 6
        assert signer.stop() == 0
        audit(site)


def test_evidence_is_of_the_future_by_the_logs_clock():
    """A signer whose clock was set back knows from its log that the time has come."""
    with Site() as site:
        clock = stopped(site)
        signer = start(site, clock)
        collector = site.collector()
        collector.submit("app", APP, time_ms=clock.now_ms)
        assert signer.stop() == 0
        clock.stop(BASE_S - SKEW_S)
        signer = start(site, clock)
        collector.connect()
        latest_ms = (BASE_S + SKEW_S) * 1000
        try:
            collector.submit("app", APP, time_ms=latest_ms + 1)
            raise AssertionError("taken")
        except wire.Refused as refused:
            assert refused.name == "evidence-time"
        iat, status, _ = read(collector.submit("app", APP, time_ms=latest_ms))
        assert (iat, status) == (BASE_S, "affirming")
        assert signer.stop() == 0
        audit(site)


def test_deleting_files_does_not_help_once_references_are_over():
    until = BASE_S + 100
    with Site() as site:
        clock = stopped(site, until - 1)
        site.path("data.sha256").write_text(
            hashlib.sha256(b"conf").hexdigest() + "  /etc/app.conf\n")
        site.write_policy()  # for known.sha256
        site.path("policy.yaml").write_text(f"""name: test
references:
  - {{name: known, file: known.sha256}}
{family(site, "data", until)}
workloads:
  - match: "*"
    collectors: ["spiffe://test/**"]
    executable: {{references: [known]}}
    files: {{references: [data]}}
""")
        signer = start(site, clock)
        collector = site.collector()

        def submit(files):
            return read(collector.submit("app", {**APP, "files": files},
                                         time_ms=clock.now_ms))[1:]

        assert submit(FILE) == ("affirming", set())
        assert submit(NO_FILE) == ("contraindicated", {"missing-file"})
        clock.stop(until)
        assert submit(FILE) == ("contraindicated", {"other-release", "missing-file"})
        assert submit(NO_FILE) == ("contraindicated", {"missing-file"})
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded")
        assert submit(NO_FILE) == ("contraindicated", {"missing-file"})
        assert signer.stop() == 0
        audit(site)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
