#!/usr/bin/python3
"""Statements of operators at a real signer: policies that wait for approvals, over the socket and a relay."""

import hashlib
import json
import signal
import subprocess

import hallmark
import statements
import wire
from chronicle import Time, check, notices_of
from desk import Desk, desk
from hallmark import APP, EVIL, ORIGIN, Site
from logimage import audit, keep, restore

EVIL_KNOWN = f"{hashlib.sha256(b'evil').hexdigest()}  /usr/bin/app\n"
EVERYBODY = {"collectors": "*://*/**", "workloads": "*"}


def reload(signer):
    """Every reload is waited for, so that the next one has its own line."""
    start = len(signer.lines)
    signer.signal(signal.SIGHUP)
    signer.wait_for("event=reloaded", start)


def waiting_manifest(signer, start=0):
    return signer.wait_for("event=policy-waiting", start).split("manifest=")[1].split()[0]


def policy_of(receipt):
    [appraisal] = json.loads(receipt["report"])["submods"].values()
    return appraisal["ear.appraisal-policy-id"]


def test_a_policy_waits_for_its_approvals():
    with desk(threshold=2) as (site, operators):
        signer = site.start_signer()
        collector = site.collector()
        first = collector.submit("app", APP)
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        manifest = waiting_manifest(signer)
        status = site.status()
        assert status["policy_waiting"].endswith(f"@sha256:{manifest}")
        assert (status["approvals_needed"], status["approvals_found"]) == (2, 0)
        assert policy_of(collector.submit("app", APP)) == policy_of(first) == status["policy"]
        operators.take("ann", "approve", {"manifest": manifest})
        signer.wait_for("event=policy-waiting .*needed=2 found=1")
        assert policy_of(collector.submit("app", APP)) == policy_of(first)
        # Once more by the same operator is one operator still; and so is another author's.
        operators.take("ann", "approve", {"manifest": manifest})
        operators.take("bob", "approve", {"manifest": manifest}, author="somebody-else")
        assert policy_of(collector.submit("app", APP)) == policy_of(first)
        operators.take("bob", "approve", {"manifest": manifest})
        signer.wait_for(f"event=policy-in-force .*{manifest}")
        status = site.status()
        assert status["policy"].endswith(manifest) and status["policy_waiting"] is None
        receipt = collector.submit("app", EVIL)
        assert policy_of(receipt) == status["policy"]
        assert json.loads(receipt["report"])["submods"]["app"]["ear.status"] == "affirming"
        assert status["counters"]["statements"] == 4 and status["statements_in_force"] == 0
        assert signer.stop() == 0
        log = check(site)
        taken = notices_of(log, "manifest")[1]
        assert taken.subject()["sha256"] == manifest and len(taken.subject()["approvals"]) == 2
        assert len([line for line in signer.lines if "event=policy-waiting" in line]) == 2
        audit(site)


def test_signed_by_the_tool_submitted_and_in_force():
    """As operators do it, with the programs alone."""
    with desk() as (site, operators):
        key = operators.keys["ann"].write(site.path("ann.pem"))
        signer = site.start_signer()
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        manifest = waiting_manifest(signer)
        site.tool("hallmark-hsm", "statement", "sign", "--kind", "approve", "--origin", ORIGIN,
                  "--subject", f"manifest={manifest}", "--not-after", "2099-01-01T00:00:00Z",
                  "--reason", "CHG-1", "--author", "dora", "--key", str(key), "-o",
                  str(site.path("approve.json")))
        said = site.tool("hallmark-signer", "statement", "submit", "--socket",
                         str(site.path("run/status.sock")), str(site.path("approve.json"))).stdout
        assert "CHG-1" in said and "dora" in said and "taken: index 3" in said, said
        signer.wait_for("event=policy-in-force .*index=4")
        assert signer.stop() == 0
        assert [e.notice for e in check(site)] == ["start", "token", "manifest", "statement", "manifest"]
        audit(site)


def test_what_waits_waits_over_a_restart():
    """The file has changed already: what is in force is loaded from the evidence store."""
    with desk() as (site, operators):
        signer = site.start_signer()
        collector = site.collector()
        first = collector.submit("app", APP)
        assert signer.stop() == 0
        operators.policy(reference=EVIL_KNOWN)
        signer = site.start_signer()
        manifest = waiting_manifest(signer)
        collector.connect()
        second = collector.submit("app", APP)
        assert policy_of(second) == policy_of(first)
        assert json.loads(second["report"])["submods"]["app"]["ear.status"] == "affirming"
        operators.take("bob", "approve", {"manifest": manifest})
        signer.wait_for(f"event=policy-in-force .*{manifest}")
        assert policy_of(collector.submit("app", APP)).endswith(manifest)
        assert signer.stop() == 0
        # It is the configured one now, and nothing waits at the next start.
        signer = site.start_signer()
        assert site.status()["policy_waiting"] is None
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_operators_that_nobody_here_has_named_judge_nothing():
    """Whoever had the signer of a site without operators may have named their own: no policy follows
    theirs without them, and by theirs nobody judges again."""
    with Site() as site:
        known = site.path("policy.yaml").read_text()
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        assert signer.stop() == 0
        operators = Desk(site)
        operators.policy(reference=EVIL_KNOWN)
        signer = site.start_signer()
        manifest = site.status()["policy"].split(":")[1]
        assert signer.stop() == 0
        site.path("policy.yaml").write_text(known)
        for _ in range(2):
            signer = site.start_signer(wait=False)
            signer.wait_for(f"event=operators-unknown in_force={manifest}")
            assert signer.wait() != 0
            recovered, = [line for line in signer.lines if "event=recovered" in line]
            assert "pending=0" in recovered, recovered  # such starts log nothing
        # What those operators approve is taken, and what names operators may wait for it.
        operators.policy(reference=EVIL_KNOWN)
        signer = site.start_signer()
        assert signer.stop() == 0
        check(site)


def test_an_approval_may_come_before_its_policy():
    with desk() as (site, operators):
        signer = site.start_signer()
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        manifest = waiting_manifest(signer)
        operators.policy()
        reload(signer)
        assert site.status()["policy_waiting"] is None
        operators.take("ann", "approve", {"manifest": manifest})
        operators.policy(reference=EVIL_KNOWN)
        assert signer.stop() == 0
        signer = site.start_signer()
        assert site.status()["policy"].endswith(manifest)
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_nobody_goes_back_by_approvals_that_are_left_over():
    with desk() as (site, operators):
        signer = site.start_signer()
        collector = site.collector()
        first = policy_of(collector.submit("app", APP))
        operators.take("bob", "approve", {"manifest": first.split(":")[-1]})
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        second = waiting_manifest(signer)
        operators.take("ann", "approve", {"manifest": second})
        signer.wait_for(f"event=policy-in-force .*{second}")
        assert site.status()["statements_in_force"] == 0
        # Whoever holds the signer configures what was in force before.
        line = len(signer.lines)
        operators.policy()
        reload(signer)
        assert waiting_manifest(signer, line) == first.split(":")[-1]
        assert policy_of(collector.submit("app", APP)).endswith(second)
        signer.kill()
        signer = site.start_signer()
        collector.connect()
        assert policy_of(collector.submit("app", APP)).endswith(second)
        operators.take("bob", "approve", {"manifest": first.split(":")[-1]})
        signer.wait_for(f"event=policy-in-force .*{first}")
        assert policy_of(collector.submit("app", APP)) == first
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_a_revoked_approval_approves_nothing():
    with desk(threshold=2) as (site, operators):
        signer = site.start_signer()
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        manifest = waiting_manifest(signer)
        approval = operators.take("bob", "approve", {"manifest": manifest})
        assert site.status()["approvals_found"] == 1
        operators.take("ann", "revoke", {"statement": approval})
        assert site.status()["approvals_found"] == 0
        operators.take("ann", "approve", {"manifest": manifest})
        assert site.status()["approvals_found"] == 1
        operators.take("bob", "approve", {"manifest": manifest})
        signer.wait_for(f"event=policy-in-force .*{manifest}")
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_an_approval_counts_from_its_time_on_and_to_its_end():
    with desk() as (site, operators):
        time = Time(site)
        signer = time.start()
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        manifest = waiting_manifest(signer)
        operators.take("ann", "approve", {"manifest": manifest}, not_before=1,
                       not_after=time.now + 5, author="bob")
        signer.wait_for(f"event=policy-in-force .*{manifest}")
        operators.policy()
        reload(signer)
        line = max(n for n, line in enumerate(signer.lines) if "policy-in-force" in line) + 1
        again = waiting_manifest(signer, line)
        operators.take("bob", "approve", {"manifest": again}, not_before=time.now + 20,
                       not_after=time.now + 3600)
        assert site.status()["approvals_found"] == 0
        time.go_on(20)
        signer.wait_for(f"event=policy-in-force .*{again}", line)
        assert signer.stop() == 0
        log = check(site)
        assert notices_of(log, "manifest")[2].iat == time.now
        audit(site)


def refused(done, name):
    assert done.returncode == 1 and f" {name})" in done.stderr, (done.returncode, done.stderr)


def test_every_refusal_leaves_nothing_behind():
    with desk() as (site, operators):
        signer = site.start_signer()
        size = site.status()["log_size"]
        manifest = {"manifest": "ab" * 32}
        good = operators.say("ann", "approve", manifest)
        operators.submit(good)
        cases = {
            "statement-number": good,
            "statement-origin": operators.say("ann", "approve", manifest, origin="other.test/log"),
            "statement-right": operators.say("cem", "approve", manifest),
            "statement-key": operators.say("eve", "approve", manifest),
            "statement-signature": statements.envelope(
                operators.keys["ann"], statements.payload(
                    "approve", manifest, origin=ORIGIN, not_before=1, not_after=2**40, number=99),
                operators.keys["eve"].sign(b"something else")),
            "statement-time": operators.say("ann", "approve", manifest, not_after=1000),
            "statement-kind": operators.say("ann", "hold", {"until": "later"}),
            "statement-author": operators.say("ann", "approve", manifest, author="ann"),
            "statement-subject": operators.say("ann", "approve", {"policy": "x"}),
        }
        for name, envelope in cases.items():
            refused(operators.submit(envelope, check=False), name)
        status = site.status()
        assert status["log_size"] == size + 1 and status["counters"]["statements"] == 1
        assert {name: status["refusals"][name] for name in cases} == dict.fromkeys(cases, 1)
        # What is no statement is not even submitted by the tool.
        done = operators.submit(good + b"\n", check=False)
        assert done.returncode == 2 and "to the byte" in done.stderr, done
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_without_operators_nobody_counts_and_policies_change_freely():
    with Site() as site:
        operators = Desk(site)
        signer = site.start_signer()
        refused(operators.submit(operators.say("ann", "approve", {"manifest": "ab" * 32}),
                                 check=False), "statement-key")
        site.write_policy(reference=EVIL_KNOWN)
        reload(signer)
        assert len([line for line in signer.lines if "event=policy-in-force" in line]) == 2
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_a_relay_submits_statements_and_nobody_else():
    with desk(relays=["spiffe://test/register"]) as (site, operators):
        signer = site.start_signer()
        relay = site.relay()
        envelope = operators.say("cem", "maintenance", EVERYBODY)
        body = relay.answer(relay.statement(envelope))
        assert body["sha256"] == hashlib.sha256(envelope).digest() and body["index"] == 3
        number = relay.statement(envelope)
        try:
            relay.answer(number)
            raise AssertionError("taken twice")
        except wire.Refused as again:
            assert again.name == "statement-number" and again.body["id"] == number
        collector = site.collector()
        collector.connection.send([wire.STATEMENT, {"id": 7, "envelope": envelope}])
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["name"] == "unauthorized" and body["id"] == 7
        collector.submit("app", APP)  # and the connection goes on
        assert signer.stop() == 0
        assert [e.notice for e in check(site)][:4] == ["start", "token", "manifest", "statement"]
        audit(site)


def test_answered_is_durable():
    """Killed as soon as the answer is there: the number is used for good."""
    with desk() as (site, operators):
        signer = site.start_signer()
        for _ in range(3):
            envelope = operators.say("cem", "maintenance", EVERYBODY)
            operators.submit(envelope)
            signer.kill()
            signer = site.start_signer()
            refused(operators.submit(envelope, check=False), "statement-number")
        assert site.status()["statements_in_force"] == 3
        assert signer.stop() == 0
        assert len(notices_of(check(site), "statement")) == 3
        audit(site)


def test_without_its_index_the_same_is_in_force():
    with desk() as (site, operators):
        time = Time(site)
        signer = time.start()
        for _ in range(3):
            operators.take("cem", "maintenance", EVERYBODY)
        operators.take("ann", "approve", {"manifest": "ab" * 32}, not_after=time.now + 50)
        assert signer.stop() == 0
        keep(site, site.path("image"))
        time.jump(100)
        said = []
        for damage in (False, True):
            restore(site, site.path("image"))
            for path in site.dir.glob("index.db*") if damage else ():
                path.unlink()
            signer = time.start()
            assert site.status()["statements_in_force"] == 3
            assert signer.stop() == 0
            said.append(check(site)[-1].data)
        assert said[0] == said[1]
        audit(site)


def test_evidence_of_what_is_in_force_is_not_done_without():
    """A start cannot know what was taken: it says so, and writes nothing."""
    with desk() as (site, operators):
        signer = site.start_signer()
        operators.take("cem", "maintenance", EVERYBODY)
        assert signer.stop() == 0
        for path in site.path("evidence").glob("pack-*"):
            path.unlink()
        for path in site.dir.glob("index.db*"):
            path.unlink()
        before = site.path("log/checkpoint").read_bytes()
        signer = site.start_signer(wait=False)
        signer.wait_for("event=in-force-unreadable .*index=3 .*restore")
        assert signer.wait() == 1
        assert site.path("log/checkpoint").read_bytes() == before


def test_command_lines():
    with Site() as site:
        for words in (["statement"], ["statement", "submit"], ["statement", "submit", "x"],
                      ["statement", "submit", "-c", "a", "--socket", "b", "x"],
                      ["statement", "submit", "-c", "a", "x", "y"], ["statement", "sign", "x"]):
            done = subprocess.run([hallmark.program("hallmark-signer"), *words],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 2 and "usage:" in done.stderr, (words, done)
        done = site.tool("hallmark-signer", "statement", "submit", "--socket", "/nowhere",
                         str(site.path("none")), check=False)
        assert done.returncode == 2 and "none" in done.stderr, done


if __name__ == "__main__":
    hallmark.run_tests("__main__")
