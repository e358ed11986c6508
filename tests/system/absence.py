#!/usr/bin/python3
"""Silence is recorded: who promised to report and did not gets an absence, and nobody else does."""

import json
import os
import signal
import time

import hallmark
import statements
import wire
from chronicle import Time, absences_of, check, notices_of, settled
from hallmark import APP, ORIGIN, Site
from logimage import audit, keep, restore
from wire import PART, WANT

GRACE = {"grace_s": 10}
HOST = "spiffe://test/host1"


def kinds(log):
    return ["report" if e.is_report else "absence" if e.is_absence else e.notice for e in log]


def test_who_is_silent_is_called_absent_after_the_due():
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        receipt = clock.submit(collector, next_s=20)
        due = clock.now + 20 + 10
        clock.go_on(30)
        clock.submit(other)
        assert not absences_of(settled(site))
        clock.go_on(1)
        clock.submit(other)
        log = settled(site)
        assert kinds(log)[-2:] == ["absence", "report"]
        absence = log[-2]
        assert absence.iat == clock.now and absence.claims["sub"] == HOST
        assert absence.absent() == {"app": {
            "workload": "app", "due": due, "count": 1, "report": receipt["index"],
            "previous-report": log[receipt["index"]].leaf}}
        assert site.status()["silent_workloads"] == 1
        # Its next report names the absence as what its chain had before.
        after = log_entry(site, clock.submit(collector, next_s=20))
        assert after.claims["hallmark.previous-report"] == absence.leaf
        assert after.claims["hallmark.bundle"]["seq"] == 2
        assert site.status()["silent_workloads"] == 0
        assert signer.stop() == 0
        check(site)
        audit(site)


def log_entry(site, receipt):
    return settled(site)[receipt["index"]]


def test_who_reports_in_time_is_never_absent():
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        for _ in range(5):
            clock.submit(collector, next_s=20)
            clock.go_on(29)
        assert signer.stop() == 0
        assert not absences_of(check(site))
        audit(site)


def test_who_promises_nothing_is_not_awaited():
    with Site() as site:
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, "once", next_s=0)
        clock.submit(collector, "left", next_s=0, ext={"leaving": "stopped"})
        clock.go_on(180)
        assert signer.stop() == 0
        assert not absences_of(check(site))
        audit(site)


def test_the_policy_cuts_what_is_promised_and_awaits_who_promises_nothing():
    with Site() as site:
        site.write_policy(report_every_s=30, **GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, "often", next_s=5)
        clock.submit(collector, "seldom", next_s=100000)
        clock.submit(collector, "silent", next_s=0)
        clock.submit(collector, "leaving", next_s=0, ext={"leaving": "scaled-in"})
        begun = clock.now
        clock.go_on(130)
        assert signer.stop() == 0
        absent = {}
        for absence in absences_of(check(site)):
            absent |= {name: a["due"] - begun for name, a in absence.absent().items()}
        assert absent == {"often": 15, "seldom": 40, "silent": 40}
        audit(site)


def test_a_silent_workload_is_said_once_a_day():
    """Seen by a signer that looks at every second of it."""
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, next_s=20)
        clock.go_on(31)
        first = absences_of(settled(site))[-1]
        clock.go_on(100)
        assert absences_of(settled(site))[-1].index == first.index
        # A day in one step is time in which nothing was taken: the due is behind its end then.
        clock.jump(86400)
        clock.wait()
        clock.go_on(11)
        log = settled(site)
        second = absences_of(log)[-1]
        assert second.absent()["app"]["count"] == 2 and second.iat == clock.now
        assert second.absent()["app"]["previous-report"] == first.leaf
        stall = notices_of(log, "start")[-1]
        assert second.absent()["app"]["due"] == stall.subject()["to"] + 10
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_many_workloads_of_a_host_are_in_few_entries():
    """A round has all of them; the next one is a minute later."""
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        for n in range(300):
            clock.submit(collector, f"w{n}", next_s=20)
        clock.submit(collector, "late", next_s=25)
        clock.go_on(31)
        log = settled(site)
        assert [len(e.absent()) for e in absences_of(log)] == [128, 128, 44]
        names = {name for e in absences_of(log) for name in e.absent()}
        assert names == {f"w{n}" for n in range(300)}
        assert {e.iat for e in absences_of(log)} == {clock.now}
        round_s = clock.now
        clock.go_on(59)
        assert len(absences_of(settled(site))) == 3
        clock.go_on(1)
        late = absences_of(settled(site))[-1]
        assert list(late.absent()) == ["late"] and late.iat == round_s + 60
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_a_killed_collector_is_missed():
    """The real one, by the real clock."""
    with Site() as site:
        site.write_policy(grace_s=6)  # the machine may be busy
        signer = site.start_signer()
        collector = start_collector(site)
        until(site, "reports", 3)
        assert site.status()["counters"]["absences"] == 0
        collector.kill()
        until(site, "absences", 1)
        assert signer.stop() == 0
        log = check(site)
        absence = absences_of(log)[0]
        [(name, absent)] = absence.absent().items()
        report = log[absent["report"]].claims
        assert absent["due"] == report["iat"] + report["hallmark.bundle"]["next"] + 6
        assert name in report["submods"]
        audit(site)


def until(site, counter, least):
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while (status := site.status())["counters"][counter] < least:
        assert time.monotonic() < deadline, status


def start_collector(site):
    """It measures the signer once a second."""
    site.issue("host1", uri=HOST)
    for name in ("state", "receipts"):
        site.path(name).mkdir(mode=0o700)
    path = site.path("collector.yaml")
    path.write_text(hallmark.to_yaml({
        "signers": [{"address": f"127.0.0.1:{site.port}", "server_name": "signer.test",
                     "log_certificate": "log.crt"}],
        "tls": {"certificate": "host1.crt", "key": "host1.key", "signer_ca": "collectors-ca.crt"},
        "state": "state", "receipts": "receipts", "interval_s": 1, "jitter_percent": 0,
        "workloads": [{"name": "app", "executable": hallmark.program("hallmark-signer"),
                       "measure": ["executable"]}]}))
    process = hallmark.Process("hallmark-collector", ["run", "-c", str(path)], site.env)
    site.processes.append(process)
    return process


def test_down_time_is_nobodys_silence():
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, next_s=20)
        clock.submit(collector, "slow", next_s=5020)
        begun = clock.now
        signer.kill()
        clock.jump(5000)
        signer = clock.start()
        clock.go_on(10)
        assert not absences_of(settled(site))
        clock.go_on(1)
        [absence] = absences_of(settled(site))
        assert absence.absent()["app"]["due"] == begun + 5010 and "slow" not in absence.absent()
        clock.go_on(60)
        assert absences_of(settled(site))[-1].absent()["slow"]["due"] == begun + 5030
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_a_loop_that_stood_still_calls_nobody_absent():
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        clock.submit(collector, next_s=20)
        os.kill(signer.pid, signal.SIGSTOP)
        clock.jump(500)
        os.kill(signer.pid, signal.SIGCONT)
        clock.submit(other)
        assert kinds(settled(site)) == ["start", "token", "manifest", "report", "start", "report"]
        clock.submit(collector, next_s=20)
        clock.go_on(29)
        assert signer.stop() == 0
        assert not absences_of(check(site))
        audit(site)


def test_a_full_disk_calls_nobody_absent():
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, next_s=20)
        good = site.path("signer.yaml").read_text()
        site.path("signer.yaml").write_text(
            good.replace("disk_reserve_mib: 64", "disk_reserve_mib: 1048576"))
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=storage-low")
        for _ in range(10):
            clock.jump(9)
            try:
                clock.submit(collector)
            except wire.Refused as refused:
                assert refused.name == "storage-low"
        site.path("signer.yaml").write_text(good)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=storage-ok")
        clock.wait()
        clock.submit(collector, next_s=20)
        assert signer.stop() == 0
        assert kinds(check(site))[-3:] == ["report", "start", "report"]
        audit(site)


def recovered_twice(site, clock):
    """What is in the log of a signer that starts with its index, and without it: in a second, whose
    absence comes first is no matter."""
    keep(site, site.path("image"))
    written = []
    for damage in (False, True):
        restore(site, site.path("image"))
        for path in site.dir.glob("index.db*") if damage else ():
            path.unlink()
        begun = clock.now
        signer = clock.start()
        clock.go_on(9)
        clock.go_on(9)
        assert signer.stop() == 0
        written.append(sorted(e.data for e in check(site)))
        clock.jump(begun - clock.now)
    assert written[0] == written[1]
    return written[0]


def test_dues_outlive_the_index():
    """Absences, a start and a change of policy lie behind reports of different policies."""
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        for name, next_s in (("a", 20), ("b", 50), ("c", 200), ("d", 0), ("e", 20)):
            clock.submit(collector, name, next_s=next_s)
        clock.submit(other, next_s=20)
        clock.go_on(31)
        site.write_policy(grace_s=5)
        line = len(signer.lines)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded", line)
        clock.submit(collector, "e", next_s=20)
        clock.submit(collector, "f", next_s=5)
        assert signer.stop() == 0
        clock.jump(30)
        signer = clock.start()
        other.connect()
        clock.submit(other, next_s=1)
        signer.kill()
        clock.jump(40)
        log = recovered_twice(site, clock)
        assert len([e for e in log if b"hallmark.absent" in e]) >= 3
        audit(site)


def test_gap_records_move_no_due():
    """Nor do they where recovery reads them again: what moved the due may lie between a report and them."""
    with Site() as site:
        operators = Operators(site)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        for name in ("started", "maintained", "silent", "retired"):
            clock.submit(collector, name, next_s=20)
        operators.maintain(clock, 25, 45, workloads="maintained")
        operators.take("retire", {"collector": HOST, "workload": "retired"}, clock.now, clock.now + 60)
        clock.go_on(31)
        assert [list(a.absent()) for a in absences_of(settled(site))] == [["silent", "started"]]
        clock.submit(collector, "started", next_s=1000)
        signer.kill()
        clock.jump(5)
        signer = clock.start()
        collector.connect()
        for name in ("started", "maintained", "silent", "retired"):
            clock.submit(collector, name, nonce=b"", next_s=7)
        assert site.status()["silent_workloads"] == 1
        signer.kill()
        clock.jump(30)
        log = recovered_twice(site, clock)
        absent = [json.loads(e)["hallmark.absent"] for e in log if b"hallmark.absent" in e]
        assert sorted(w["workload"] for a in absent for w in a) == ["maintained", "silent", "started"]
        audit(site)


# --- what operators say of silence ----------------------------------------------------------------

class Operators:
    def __init__(self, site):
        self.site, self.key, self.number = site, statements.Key(), 0
        site.path("operators.yaml").write_text(statements.operators_text(
            [("ann", ["approve", "maintenance", "retire", "revoke"], self.key)]))
        site.write_policy(top={"operators": "operators.yaml"}, **GRACE)

    def take(self, kind, subject, not_before, not_after):
        self.number += 1
        path = self.site.path("statement.json")
        path.write_bytes(statements.make(
            self.key, kind, subject, origin=ORIGIN, not_before=not_before, not_after=not_after,
            number=self.number))
        self.site.tool("hallmark-signer", "statement", "submit", "-c",
                       str(self.site.path("signer.yaml")), str(path))
        return statements.sha256_hex(path.read_bytes())

    def maintain(self, clock, begin, end, collectors="*://*/**", workloads="*"):
        return self.take("maintenance", {"collectors": collectors, "workloads": workloads},
                         clock.now + begin, clock.now + end)


def test_maintenance_moves_what_is_due_in_it():
    with Site() as site:
        operators = Operators(site)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        clock.submit(collector, "before", next_s=20)
        clock.submit(other, "before", next_s=20)
        begun = clock.now
        operators.maintain(clock, 0, 100, collectors="spiffe://test/host1")
        clock.submit(collector, "after", next_s=20)
        clock.submit(collector, "later", next_s=100)
        clock.go_on(109)
        log = settled(site)
        assert [(e.claims["sub"], list(e.absent())) for e in absences_of(log)] == [
            ("spiffe://test/host2", ["before"])]
        clock.go_on(2)
        [_, absence] = absences_of(settled(site))
        assert {name: a["due"] - begun for name, a in absence.absent().items()} == {
            "before": 110, "after": 110, "later": 110}
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_a_revoke_gives_nothing_back_and_moves_nothing_more():
    with Site() as site:
        operators = Operators(site)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, "before", next_s=20)
        begun = clock.now
        window = operators.maintain(clock, 0, 100)
        operators.take("revoke", {"statement": window}, 1, 2**40)
        clock.submit(collector, "after", next_s=20)
        clock.go_on(31)
        [absence] = absences_of(settled(site))
        assert list(absence.absent()) == ["after"]
        clock.go_on(80)
        assert absences_of(settled(site))[-1].absent()["before"]["due"] == begun + 110
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_who_is_retired_is_not_awaited_until_the_next_report():
    with Site() as site:
        operators = Operators(site)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        clock.submit(collector, next_s=20)
        clock.submit(collector, "silent", next_s=5)
        clock.go_on(16)
        assert site.status()["silent_workloads"] == 1
        for name in ("app", "silent", "never-seen"):
            operators.take("retire", {"collector": HOST, "workload": name}, 1, 2**40)
        assert site.status()["silent_workloads"] == 0
        clock.go_on(200)
        assert len(absences_of(settled(site))) == 1
        clock.submit(collector, next_s=20)
        clock.go_on(31)
        assert list(absences_of(settled(site))[-1].absent()) == ["app"]
        assert signer.stop() == 0
        check(site)
        audit(site)


def test_statements_about_silence_outlive_the_index():
    with Site() as site:
        operators = Operators(site)
        clock = Time(site)
        signer = clock.start()
        collector = site.collector()
        for name in ("a", "b", "c", "d"):
            clock.submit(collector, name, next_s=20)
        operators.take("retire", {"collector": HOST, "workload": "a"}, 1, 2**40)
        window = operators.maintain(clock, 0, 60, workloads="b")
        operators.maintain(clock, 60, 300, workloads="c")
        clock.submit(collector, "c", next_s=70)
        operators.take("revoke", {"statement": window}, 1, 2**40)
        clock.submit(collector, "a", next_s=20)
        operators.take("retire", {"collector": HOST, "workload": "d"}, 1, 2**40)
        clock.go_on(40)
        assert signer.stop() == 0
        clock.jump(20)
        log = recovered_twice(site, clock)
        names = [name for e in absences_of(check(site)) for name in e.absent()]
        assert sorted(set(names)) == ["a", "b"], names
        assert len(log) > 10
        audit(site)


def test_killed_while_absences_are_written_none_is_left_out_or_said_twice():
    """Of 600 hosts, more than are written at once, killed when some are staged."""
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        for number in range(600):
            host = site.collector(f"host{number}")
            clock.submit(host, "a", next_s=1)
            clock.submit(host, "b", next_s=1)
            host.close()
        for _ in range(3):
            clock.go_on(9)
            clock.jump(3)
            deadline = time.monotonic() + hallmark.PATIENCE_S
            while (status := site.status())["counters"]["absences"] == 0 and \
                    status["silent_workloads"] < 1200:
                assert time.monotonic() < deadline, status
            signer.kill()
            signer = clock.start()
        clock.go_on(80)
        assert signer.stop() == 0
        named = [(e.claims["sub"], name) for e in absences_of(check(site)) for name in e.absent()]
        assert len(set(named)) == len(named) == 1200, (len(set(named)), len(named))
        audit(site)


def test_a_workload_without_a_receipt_yet_is_no_chain():
    """Its first bundle waits for components: nothing is promised by what was not taken."""
    with Site() as site:
        site.write_policy(**GRACE)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        collector.connection.send([wire.BUNDLE, {"bundle": clock.make(collector, next_s=5)}])
        kind, body = collector.connection.receive()
        assert kind == WANT
        clock.go_on(60)
        assert not absences_of(settled(site))
        begun = clock.now
        [digest] = body["digests"]
        collector.connection.send([PART, {"digest": digest, "offset": 0,
                                          "data": APP["executable"]}])
        collector.await_receipt(APP)
        clock.go_on(16)
        clock.submit(other)
        [absence] = absences_of(settled(site))
        assert absence.absent()["app"]["due"] == begun + 15
        assert signer.stop() == 0
        check(site)
        audit(site)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
