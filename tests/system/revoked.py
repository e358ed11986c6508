#!/usr/bin/python3
"""What operators revoke at a real signer counts no more from the next report on, until its end or until that is
revoked; an auditor and the appraisal from the document alone follow it to the byte."""

import hashlib
import json

import rederivation
import wire
from chronicle import Time, check
from desk import desk
from hallmark import APP, ORIGIN, run_tests
from logimage import audit, read_log

DEVELOPER, LIFETIME_S = "https://test.example", 1234
KNOWN = hashlib.sha256(f"{hashlib.sha256(b'app').hexdigest()}  /usr/bin/app\n".encode()).hexdigest()


def verdict(receipt, workload="app"):
    return json.loads(receipt["report"])["submods"][workload]


def found(receipt, workload="app"):
    """Status, and each finding."""
    said = verdict(receipt, workload)
    return said["ear.status"], [(f["kind"], f["code"], f["subject"], f["detail"]) for f in said["hallmark.findings"]]


def sites():
    return desk(report={"developer": DEVELOPER, "lifetime_s": LIFETIME_S})


def replayed(site):
    """By an auditor, and by another implementation."""
    check(site)
    audit(site)
    version = site.tool("hallmark-signer", "--version").stdout.split()[-1]
    again = rederivation.Rederivation(rederivation.Store(site.path("evidence")), rederivation.Issuer(
        ORIGIN, DEVELOPER, f"hallmark-signer/{version}", LIFETIME_S))
    for index, entry in enumerate(read_log(site)):
        assert again.remake(entry) == entry, index


def test_each_subject_from_its_notice_to_its_end():
    """And what was judged before is judged again, since it is kept by component and policy."""
    digest = hashlib.sha256(b"app").hexdigest()
    with sites() as (site, operators):
        operators.policy()
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        good = ("affirming", [])
        assert found(time.submit(collector)) == good
        for subject, finding in (
                ({"collectors": "spiffe://test/host1"}, ("bundle", "", "", ": collectors spiffe://test/host1")),
                ({"workloads": "a*"}, ("bundle", "", "", ": workloads a*")),
                ({"collectors": "*://test/*", "workloads": "app"}, ("bundle", "", "", ": collectors *://test/*, workloads app")),
                ({"digest": digest}, ("executable", "/usr/bin/app", "", f"; found sha256 {digest}")),
                ({"set": KNOWN}, ("executable", "/usr/bin/app", "of known, ", f"; found sha256 {digest}"))):
            kind, path, before, behind = finding
            name = operators.take("ann", "revoke", subject, not_after=time.now + 100, not_before=time.now + 50)
            expected = ("contraindicated", [(kind, "revoked", path, f"{before}revoked by statement {name}{behind}")])
            receipt = time.submit(collector)
            assert found(receipt) == expected, receipt
            assert verdict(receipt)["ear.trustworthiness-vector"]["instance-identity"] == (96 if kind == "bundle" else 2)
            time.jump(99)
            assert found(time.submit(collector)) == expected
            time.jump(1)
            assert found(time.submit(collector)) == good
        assert signer.stop() == 0
        replayed(site)


def test_a_revoke_of_it_ends_it():
    with sites() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        collector = site.collector()
        ends = {name: operators.take("ann", "revoke", subject) for name, subject in (
            ("host", {"collectors": "spiffe://test/host1"}), ("set", {"set": KNOWN}))}
        assert [code for _, code, _, _ in found(collector.submit("app", APP))[1]] == ["revoked", "revoked"]
        operators.take("ann", "revoke", {"statement": ends["host"]})
        assert [kind for kind, _, _, _ in found(collector.submit("app", APP))[1]] == ["executable"]
        operators.take("ann", "revoke", {"statement": ends["set"]})
        assert found(collector.submit("app", APP)) == ("affirming", [])
        assert signer.stop() == 0
        replayed(site)


def test_it_stays_over_a_restart():
    with sites() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        operators.take("ann", "revoke", {"set": KNOWN})
        assert signer.stop() == 0
        signer = site.start_signer()
        assert found(site.collector().submit("app", APP))[0] == "contraindicated"
        assert signer.stop() == 0
        replayed(site)


def test_a_content_that_no_rule_looks_at():
    """Of a kind that the policy records; another file of it is nothing."""
    with sites() as (site, operators):
        operators.policy(recorded=["libraries"])
        signer = site.start_signer()
        collector = site.collector()
        both = {**APP, "libraries": wire.component("libraries", [
            wire.file_item("/lib/a", b"a"), wire.file_item("/lib/b", b"b")])}
        assert found(collector.submit("app", both)) == ("affirming", [])
        name = operators.take("ann", "revoke", {"digest": hashlib.sha256(b"b").hexdigest()})
        status, findings = found(collector.submit("app", both))
        assert status == "contraindicated" and [f[:3] for f in findings] == [("libraries", "revoked", "/lib/b")]
        assert name in findings[0][3]
        assert signer.stop() == 0
        replayed(site)


if __name__ == "__main__":
    run_tests(__name__)
