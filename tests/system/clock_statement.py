#!/usr/bin/python3
"""A log that is dated too late is set back by an operator's statement, and by nothing else; no later entry
shows a trace of the time that was wrong. The auditor and a second implementation agree."""

import contextlib
import datetime
import hashlib
import json
import time

import hallmark
import statements
import wire
from chronicle import Time, absences_of, check, notices_of, settled
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hallmark import APP, ORIGIN, Site
from logimage import audit, keep, published, restore
from wallclock import UNSYNCHRONISED

DAY, YEAR = 86400, 365 * 86400
POLICY = dict(report_every_s=60, grace_s=10, max_age_s=300, signature_every_s=86400)


@contextlib.contextmanager
def desk(**options):
    """A site whose operator dave corrects the clock; mary only announces maintenance. Its certificates
    are good at any time until now: that is the time that is wrong, and the right one is before."""
    with Site(valid_from=datetime.datetime(1970, 1, 1), **options) as site:
        site.keys = {"dave": statements.Key(), "mary": statements.Key()}
        site.path("operators.yaml").write_text(statements.operators_text(
            [("dave", ["clock"], site.keys["dave"]),
             ("mary", ["maintenance", "approve"], site.keys["mary"])]))
        site.path("new.sha256").write_text(f"{hashlib.sha256(b'').hexdigest()}  /opt/new\n")
        site.write_policy(f"""name: test
operators: operators.yaml
references: [{{name: known, file: known.sha256}}]
families: [{{name: app, releases: [{{name: old, file: known.sha256}}, {{name: new, file: new.sha256}}]}}]
windows: [{{family: app, from: old, to: new, until: "{utc(time.time() - DAY)}"}}]
workloads:
  - {{match: "*", collectors: ["spiffe://test/**"], {", ".join(f"{k}: {v}" for k, v in POLICY.items())},
     require: [executable], executable: {{references: [known]}}}}
""")
        site.number = 0
        yield site


def state(site, start, before, name="dave", refused=None, late_s=3600, **changes):
    """The time is right from `start` on, for an hour, instead of `before`."""
    site.number += 1
    fields = {"origin": ORIGIN, "not_before": start, "not_after": start + late_s,
              "number": site.number, **changes}
    path = site.path("clock.json")
    path.write_bytes(statements.make(site.keys[name], "clock", {"from": str(before)}, **fields))
    done = site.tool("hallmark-signer", "statement", "submit", "-c", site.path("signer.yaml"),
                     path, check=False)
    said = done.stdout + done.stderr
    if refused:
        assert done.returncode != 0 and refused in said, said
    else:
        assert done.returncode == 0, said


def refused(collector, time_ms, workload="app"):
    try:
        collector.submit(workload, APP, time_ms=time_ms)
    except wire.Refused as refusal:
        assert refusal.name == "clock", refusal
        return
    raise AssertionError("taken")


def signer_of(site, name):
    """What signs bundles by this collector's key."""
    key = serialization.load_pem_private_key(site.path(f"{name}.key").read_bytes(), None)
    return lambda data: key.sign(b"hallmark bundle signature v1\n" + data, ec.ECDSA(hashes.SHA256()))


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def times_of(receipt):
    report = json.loads(receipt["report"])
    (verdict,) = report["submods"].values()
    return (report["iat"], report["exp"], report.get("hallmark.last-signed"), verdict["ear.status"],
            sorted(f["code"] for f in verdict["hallmark.findings"]))


def ahead(site, clock, by_s):
    """A signer whose clock was ahead from the start, for one report, and is set right."""
    signer = clock.start()
    collector = site.collector()
    sign = signer_of(site, "host1")
    receipt = clock.submit(collector, signature=sign)
    assert times_of(receipt)[0] == clock.now
    wrong = clock.now
    clock.now -= by_s
    clock.clock.kept = UNSYNCHRONISED
    clock.clock.stop(clock.now)
    return signer, collector, sign, wrong


def test_ten_years_are_taken_back_without_a_trace():
    with desk() as site:
        clock = Time(site)
        signer, collector, sign, wrong = ahead(site, clock, 10 * YEAR)
        refused(collector, clock.now * 1000)
        assert site.status()["clock"] == "moved"
        state(site, clock.now - 60, wrong)
        signer.wait_for("event=clock state=trusted")
        clock.jump(5)
        receipt = clock.submit(collector, signature=sign)
        assert times_of(receipt) == (clock.now, clock.now + 3600, clock.now, "affirming", [])
        clock.jump(5)
        # Of the collector's own time too, whose clock was wrong as well.
        assert times_of(clock.submit(collector))[:3] == (clock.now, clock.now + 3600, clock.now - 5)
        assert site.status()["clock"] == "trusted"
        assert signer.stop() == 0
        log = check(site)
        assert all(e.iat < wrong for e in log[log.index(notices_of(log, "statement")[0]):])
        audit(site)


def test_only_what_is_meant_is_set_back():
    with desk() as site:
        clock = Time(site)
        signer, collector, _, wrong = ahead(site, clock, DAY)
        state(site, clock.now, wrong + 1, refused="statement-subject")
        state(site, clock.now, wrong - 1, refused="statement-subject")
        state(site, clock.now + 60, wrong, refused="statement-time")
        state(site, clock.now - 3600, wrong, refused="statement-time")
        state(site, clock.now, wrong, name="mary", refused="statement-right")
        state(site, clock.now, wrong, origin="other.test/log", refused="statement-origin")
        refused(collector, clock.now * 1000)
        state(site, clock.now, wrong)
        assert times_of(clock.submit(collector))[0] == clock.now
        # Nor forth, nor when the clock is right.
        state(site, clock.now, clock.now, refused="statement-subject")
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_set_back_it_goes_on_after_a_start():
    """From its index, from what an older one had, and without one: heads and dues are the same."""
    with desk() as site:
        clock = Time(site)
        signer, collector, sign, wrong = ahead(site, clock, 20 * DAY)
        published(site, site.status()["log_size"])
        older = site.path("older")
        state(site, clock.now, wrong)
        assert signer.stop() == 0
        keep(site, older)
        said = []
        for index in (True, False):
            restore(site, older)
            for path in [] if index else site.dir.glob("index.db*"):
                path.unlink()
            begun = clock.now
            signer = clock.start()
            assert "event=clock " not in "".join(signer.lines)
            chains = dict(collector.chains)
            collector.connect()
            clock.jump(1)
            receipt = clock.submit(collector)
            assert times_of(receipt) == (clock.now, clock.now + 3600, begun, "affirming", []), receipt
            said.append(times_of(receipt)[3:])
            assert signer.stop() == 0
            check(site)
            audit(site)
            collector.chains, clock.now = chains, begun
            clock.clock.stop(begun)
        assert said[0] == said[1]


def test_who_was_due_is_due_anew_and_named_then():
    with desk() as site:
        clock = Time(site)
        signer, collector, _, wrong = ahead(site, clock, DAY)
        begun = clock.now
        state(site, clock.now, wrong)
        clock.go_on(70)
        assert not absences_of(settled(site)), "it is as if it had reported when the log was set back"
        clock.go_on(1)
        assert signer.stop() == 0
        (absence,) = absences_of(check(site))
        assert absence.absent()["app"]["due"] == begun + 70 and absence.iat == begun + 71
        assert absence.claims["sub"] == "spiffe://test/host1"
        audit(site)


def test_what_reference_counts_goes_by_the_time_that_is_right():
    """Judged by the wrong time its window was over, and that judgement is kept by nobody."""
    with desk() as site:
        clock = Time(site)
        site.path("policy.yaml").write_text(
            site.path("policy.yaml").read_text().replace("references: [known]", "references: [app]"))
        signer, collector, _, wrong = ahead(site, clock, 2 * YEAR)
        state(site, clock.now, wrong)
        assert times_of(clock.submit(collector))[3:] == ("affirming", [])
        assert signer.stop() == 0
        verdicts = [list(e.claims["submods"].values())[0]["ear.status"] for e in check(site)
                    if e.is_report]
        assert verdicts == ["contraindicated", "affirming"], verdicts
        audit(site)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
