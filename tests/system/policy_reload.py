#!/usr/bin/python3
"""Policies of many lines taken while the signer runs: beside the loop, one after the other, and replayed."""

import hashlib
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
from chronicle import check, notices_of
from hallmark import APP, Site
from logimage import audit
from signer_statements import Desk, waiting_manifest

LINES = 60_000
KNOWN = f"{hashlib.sha256(b'app').hexdigest()}  /usr/bin/app\n"


def large(release):
    """A set of 6 MB in which the program is known."""
    return "".join(f"{hashlib.sha256(f'{release} {n}'.encode()).hexdigest()}  /opt/{n:06}/program-of-it\n"
                   for n in range(LINES)) + KNOWN


def policy_of(receipt):
    appraisal, = json.loads(receipt["report"])["submods"].values()
    return appraisal["ear.appraisal-policy-id"].partition("@sha256:")[2]


def reload(signer):
    start = len(signer.lines)
    signer.signal(signal.SIGHUP)
    return start


def reloaded(signer, start):
    """The manifest of the policy that is in force then."""
    return signer.wait_for("event=reloaded", start).partition("@sha256:")[2].split()[0]


def test_receipts_go_on_while_a_large_one_is_taken_and_follow_it():
    with Site() as site:
        site.write_policy(reference=large(1))
        signer = site.start_signer()
        collector = site.collector()
        seen = [policy_of(collector.submit("app", APP))]
        site.write_policy(reference=large(2))
        start = reload(signer)
        while seen[-1] == seen[0]:
            seen.append(policy_of(collector.submit("app", APP)))
        assert reloaded(signer, start) == seen[-1]
        assert seen[-1] == signer.wait_for("event=policy-in-force", start).partition("@sha256:")[2].split()[0]
        # What was there before is there still: nothing of it is stored again.
        packs = evidence_bytes(site)
        site.write_policy(reference=large(1))
        assert reloaded(signer, reload(signer)) == seen[0] == policy_of(collector.submit("app", APP))
        assert evidence_bytes(site) - packs < 4096
        assert signer.stop() == 0
        log = check(site)
        assert [n.subject()["sha256"] for n in notices_of(log, "manifest")] == [seen[0], seen[-1], seen[0]]
        audit(site)


def evidence_bytes(site):
    return sum(path.stat().st_size for path in site.path("evidence").iterdir())


def test_the_same_one_brings_no_notice():
    with Site() as site:
        site.write_policy(reference=large(1))
        signer = site.start_signer()
        first = policy_of(site.collector().submit("app", APP))
        assert reloaded(signer, reload(signer)) == first
        assert site.status()["policy_waiting"] is None
        assert signer.stop() == 0
        assert len(notices_of(check(site), "manifest")) == 1


def test_of_two_that_follow_each_other_the_last_one_stays():
    with Site() as site:
        signer = site.start_signer()
        for n in range(3):
            site.write_policy(reference=large(n), top={"name": f"large-{n}"})
            reload(signer)
        site.write_policy(top={"name": "small"})
        reload(signer)
        signer.wait_for("event=policy-in-force .*policy=small@")
        collector = site.collector()
        for _ in range(20):
            assert policy_of(collector.submit("app", APP)) == site.status()["policy"].partition("@sha256:")[2]
        assert site.status()["policy"].startswith("small@")
        assert signer.stop() == 0
        audit(site)


def test_the_signer_ends_while_one_is_on_its_way():
    with Site() as site:
        for n in range(3):
            signer = site.start_signer()
            policy_of(site.collector().submit(f"app-{n}", APP))
            site.write_policy(reference=large(n))
            reload(signer)
            assert signer.stop() == 0
        audit(site)


def test_another_is_configured_when_an_approved_one_is_on_its_way():
    """Which of the two is earlier is not said; what is not approved is not taken."""
    with Site() as site:
        operators = Desk(site)
        operators.policy()
        signer = site.start_signer()
        first = policy_of(site.collector().submit("app", APP))
        operators.policy(reference=large(1))
        reloaded(signer, reload(signer))
        manifest = waiting_manifest(signer)
        operators.policy(reference=KNOWN, max_age_s=299)
        start = len(signer.lines)
        operators.take("ann", "approve", {"manifest": manifest})
        reload(signer)
        assert reloaded(signer, start) in (first, manifest)
        assert waiting_manifest(signer, start) != manifest
        assert policy_of(site.collector().submit("another", APP)) in (first, manifest)
        assert signer.stop() == 0
        audit(site)


if __name__ == "__main__":
    hallmark.run_tests(__name__)
