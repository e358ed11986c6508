#!/usr/bin/python3
"""What the signer says of itself in its log: that it took nothing for a while, and what is in force."""

import hashlib
import json
import os
import signal

import hallmark
import rederivation
import wire
from chronicle import Time, check, notices_of
from hallmark import APP, EVIL, Site
from logimage import audit, keep, published, restore, wait_for_record


def in_force(site, notice):
    """The lines of its list, out of the packs."""
    text = rederivation.Store(site.path("evidence")).get(6, notice.claims["hallmark.in-force"])
    assert hashlib.sha256(text).hexdigest() == notice.claims["hallmark.in-force"]
    lines = text.decode().split("\n")
    assert lines[0] == "hallmark in force v1" and lines[-1] == "" and lines[1:] == sorted(lines[1:-1]) + [""]
    return lines[1:-1]


def policy_digest(report):
    [appraisal] = json.loads(report)["submods"].values()
    return appraisal["ear.appraisal-policy-id"].split("@sha256:")[1]


def test_a_log_begins_with_a_start_its_token_and_a_policy():
    with Site() as site:
        signer = site.start_signer()
        receipt = site.collector().submit("app", APP)
        assert receipt["index"] == 3
        assert signer.stop() == 0
        log = check(site)
        start, token, manifest, report = log
        subject = start.subject()
        assert subject["cause"] == "start" and subject["from"] == subject["to"] == start.iat
        assert subject["build"].startswith("hallmark-signer/")
        assert in_force(site, start) == []
        assert token.iat == start.iat and in_force(site, token) == []
        seen = token.subject()
        assert (seen["label"], seen["number"], seen["changes"]) == ("test", 0, []) and seen["serial"], seen
        assert manifest.subject() == {"sha256": policy_digest(receipt["report"]), "approvals": []}
        assert in_force(site, manifest) == [f"manifest {policy_digest(receipt['report'])}"]
        assert report.notice == manifest.place()
        audit(site)


def test_every_start_says_since_when_nothing_was_taken():
    with Site() as site:
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        time.submit(collector)
        last = time.now
        signer.kill()
        time.jump(5000)
        signer = time.start()
        collector.connect()
        time.submit(collector)
        assert signer.stop() == 0
        log = check(site)
        assert [e.notice if e.is_notice else "report" for e in log] == [
            "start", "token", "manifest", "report", "start", "report"]
        subject = log[4].subject()
        assert (subject["cause"], subject["from"], subject["to"]) == ("start", last, last + 5000)
        assert in_force(site, log[4]) == in_force(site, log[2])
        assert log[4].claims["hallmark.in-force"] == log[2].claims["hallmark.in-force"]
        audit(site)


def test_killed_before_anything_is_published_the_notices_are_there():
    with Site() as site:
        for first in (0, 3):
            signer = site.start_signer()
            wait_for_record(site, first)
            signer.kill()
        signer = site.start_signer()
        assert signer.stop() == 0
        log = check(site)
        assert [e.notice for e in log] == ["start", "token", "manifest", "start", "start"]
        audit(site)


def test_another_policy_is_in_force_from_its_notice_on():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", EVIL)
        evil = hashlib.sha256(b"evil").hexdigest()
        site.write_policy(reference=f"{evil}  /usr/bin/app\n")
        line = len(signer.lines)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded", line)
        receipt = collector.submit("app", EVIL)
        # The same one again is no change.
        line = len(signer.lines)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded", line)
        collector.submit("app", EVIL)
        assert signer.stop() == 0
        log = check(site)
        first, second = notices_of(log, "manifest")
        assert second.subject()["sha256"] == policy_digest(receipt["report"])
        assert first.subject()["sha256"] != second.subject()["sha256"]
        assert log[receipt["index"]].notice == second.place()
        for entry in log:
            if entry.is_report:
                newest = max((n for n in (first, second) if n.index < entry.index),
                             key=lambda n: n.index)
                assert policy_digest(entry.data) == newest.subject()["sha256"]
        audit(site)


def test_another_policy_at_a_start():
    with Site() as site:
        site.start_signer().stop()
        site.write_policy(top={"name": "other"})
        signer = site.start_signer()
        receipt = site.collector().submit("app", APP)
        assert signer.stop() == 0
        log = check(site)
        assert [e.notice for e in log if e.is_notice] == ["start", "token", "manifest", "start", "manifest"]
        assert notices_of(log, "manifest")[1].subject()["sha256"] == policy_digest(receipt["report"])
        audit(site)


def test_a_loop_that_stood_still_is_said_before_any_report():
    with Site() as site:
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        time.submit(collector)
        last = time.now
        time.go_on(9)  # seen as it passes
        os.kill(signer.pid, signal.SIGSTOP)
        time.jump(11)
        os.kill(signer.pid, signal.SIGCONT)
        time.submit(collector)
        assert signer.stop() == 0
        log = check(site)
        assert [e.notice if e.is_notice else "report" for e in log] == [
            "start", "token", "manifest", "report", "start", "report"]
        subject = log[4].subject()
        assert (subject["cause"], subject["from"], subject["to"]) == ("stall", last, last + 20)
        audit(site)


def test_a_ledger_without_room_is_a_stall():
    """The token signs nothing, and as much as may be is in flight."""
    with Site(limits={"in_flight": 2, "in_flight_per_connection": 2},
              key_process={"deadline_ms": 60000}, hsm={"deadline_ms": 50000}) as site:
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        time.submit(collector)
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        others = [site.collector("host2"), site.collector("host3")]
        for other in others:
            other.connection.send([wire.BUNDLE, {"bundle": time.make(other)}])
        while site.status()["in_flight"] < 2:
            pass
        held = time.now
        for _ in range(3):
            time.jump(5)
            # A tick of the signer's lies between two answers that are 300 ms apart.
            turns = site.status()["uptime_s"]
            while site.status()["uptime_s"] == turns:
                pass
        os.kill(pid, signal.SIGCONT)
        for other in others:
            other.await_receipt(APP)
        time.submit(collector)
        assert signer.stop() == 0
        log = check(site)
        stall = notices_of(log, "start")[1]
        subject = stall.subject()
        assert (subject["cause"], subject["from"], subject["to"]) == ("stall", held, held + 15)
        assert [e.is_report for e in log[stall.index + 1:]] == [True]
        audit(site)


def test_a_full_disk_is_said_when_there_is_room_again():
    with Site() as site:
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        time.submit(collector)
        good = site.path("signer.yaml").read_text()
        low = good.replace("disk_reserve_mib: 64", "disk_reserve_mib: 1048576")
        assert low != good
        site.path("signer.yaml").write_text(low)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=storage-low")
        last = time.now
        for _ in range(3):
            time.jump(5)
            try:
                time.submit(collector)
                raise AssertionError("taken")
            except wire.Refused as refused:
                assert refused.name == "storage-low", refused
        site.path("signer.yaml").write_text(good)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=storage-ok")
        time.submit(collector)
        assert signer.stop() == 0
        log = check(site)
        subject = notices_of(log, "start")[1].subject()
        assert (subject["cause"], subject["from"], subject["to"]) == ("storage", last, last + 15)
        assert [e.is_report for e in log][-2:] == [False, True]
        audit(site)


def test_without_its_index_the_signer_goes_on_from_the_same_notice():
    with Site() as site:
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        for _ in range(3):
            time.submit(collector)
        assert signer.stop() == 0
        image = site.path("image")
        keep(site, image)
        time.jump(100)
        said = []
        for damage in (False, True):
            restore(site, image)
            if damage:
                for path in site.dir.glob("index.db*"):
                    path.unlink()
            assert time.start().stop() == 0
            said.append(check(site)[-1].data)
        assert said[0] == said[1]


def test_notices_are_counted():
    with Site() as site:
        site.start_signer()
        counters = site.status()["counters"]
        assert counters["notices"] == 3 and counters["reports"] == 0
        shown = site.tool("hallmark-signer", "status", "--socket", str(site.path("run/status.sock")),
                          "--prometheus").stdout
        assert "hallmark_notices_total 3\n" in shown and "hallmark_policy_waiting 0\n" in shown
        published(site, 3)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
