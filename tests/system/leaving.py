#!/usr/bin/python3
"""What a collector says to a log that it leaves, and when: stopped, retired, moved; and who is missed where."""

import hashlib
import os
import shutil
import signal
import time

import msgpack

import entries
import hallmark
import wire
from chronicle import Time, absences_of, settled
from challenge import HOST, Watched
from collector_client import Host
from hallmark import Site, to_yaml
from wallclock import WallClock

BACK_S = 300  # the first signer is tried again this often


def said(signer):
    return [(b["workload"], b["seq"], b["ext"].get("leaving")) for b, _ in signer.bundles]


class Between(Host):
    """Two signers with a log each; the collector's clock of intervals is moved by the test."""

    def __init__(self, **options):
        super().__init__(signers=2, interval_s=1, **options)
        self.path = lambda name: self.dir / name
        self.clock = WallClock(self)
        self.first, self.second = self.signers

    def run(self):
        collector = hallmark.Process("hallmark-collector", ["run", "-c", str(self.config)],
                                     {**os.environ, **self.clock.env})
        self.processes.append(collector)
        return collector

    def run_on_the_second(self):
        """The first was away when the collector came, and is back."""
        self.first.close()
        collector = self.run()
        self.reported(self.second)
        self.first.open()
        return collector

    @staticmethod
    def reported(signer, more=1):
        count = len(signer.receipts)
        signer.wait(lambda: len(signer.receipts) >= count + more)


# --- from log to log -----------------------------------------------------------------------------

def test_it_goes_back_to_the_first_and_says_so_before():
    with Between() as h:
        collector = h.run_on_the_second()
        h.clock.suspend(BACK_S - 100)
        h.reported(h.second, 2)
        assert h.first.bundles == [], "not yet time"
        h.clock.suspend(100)
        h.reported(h.first)
        last, _ = h.second.bundles[-1]
        assert last["ext"]["leaving"] == "moved" and last["next_s"] == 0
        assert last["ext"]["moved_to"] == h.first.origin
        assert last["time"] == h.second.bundles[-2][0]["time"], "nothing is measured anew"
        assert len(h.second.receipts) == len(h.second.bundles)
        assert h.first.bundles[0][0]["seq"] == 1 and h.first.bundles[0][0]["next_s"] == 1
        h.second.wait(lambda: not h.second.sessions)
        # And over again: the chain there goes on behind what was said.
        h.first.close()
        h.reported(h.second)
        fields, _ = h.second.bundles[-1]
        assert fields["seq"] == last["seq"] + 1 and "leaving" not in fields["ext"]
        assert fields["prev"] == hashlib.sha256(wire.pack(last)).digest()
        assert all("leaving" not in b["ext"] for b, _ in h.first.bundles)
        assert collector.stop() == 0
        assert said(h.second)[-1] == ("app", h.second.bundles[-1][0]["seq"], "stopped")


def test_a_signer_that_was_lost_for_a_moment_is_come_back_to():
    with Between() as h:
        collector = h.run_on_the_second()
        h.second.drop_sessions()
        h.reported(h.second, 2)
        assert h.first.bundles == []
        # The time until the first is tried runs on meanwhile.
        h.clock.suspend(BACK_S)
        h.reported(h.first)
        assert collector.stop() == 0


def test_another_signer_of_the_same_log_is_no_other_log():
    with Between() as h:
        h.second.origin = h.first.origin
        for name in ("entries", "components", "heads"):
            setattr(h.second, name, getattr(h.first, name))
        collector = h.run_on_the_second()
        h.clock.suspend(BACK_S)
        h.reported(h.first)
        assert h.first.bundles[0][0]["seq"] == h.second.bundles[-1][0]["seq"] + 1
        assert all(leaving is None for _, _, leaving in said(h.second))
        assert collector.stop() == 0


def test_a_first_that_does_not_greet_is_not_waited_for():
    with Between() as h:
        tried = []
        h.first.greeting = lambda session: (tried.append(time.monotonic()), session.receive())
        collector = h.run_on_the_second()
        h.clock.suspend(BACK_S)
        collector.wait_for("event=no-connection .*took too long")
        assert time.monotonic() - tried[0] < 8
        h.reported(h.second, 2)
        assert len(tried) == 1 and all(leaving is None for _, _, leaving in said(h.second))
        assert collector.stop() == 0


def test_the_log_that_is_left_is_not_waited_for():
    def deaf_to_farewells(session, data, fields, signature):
        if "leaving" not in fields["ext"]:
            session.treat(data, fields, signature)

    with Between() as h:
        collector = h.run_on_the_second()
        h.second.script = [deaf_to_farewells] * 100
        h.clock.suspend(BACK_S)
        h.second.wait(lambda: said(h.second)[-1][2] == "moved")
        began = time.monotonic()
        h.reported(h.first)
        assert time.monotonic() - began < 5
        collector.wait_for(f"event=no-farewell workload=app log={h.second.origin} leaving=moved")
        # It never had that word; what comes next is measured.
        h.second.script = []
        known = h.second.heads["app"]["seq"]
        h.first.close()
        h.reported(h.second)
        assert said(h.second)[-1] == ("app", known + 1, None)
        assert collector.stop() == 0


def test_a_reload_that_brings_another_log():
    with Host(signers=2) as h:
        h.workloads.append({**h.workloads[0], "name": "old"})
        first, second = h.signers
        h.signers = [first]
        h.configure()
        collector = h.run()
        collector.wait_for("event=receipt .*old")
        h.signers = [second]
        h.workloads.pop()
        h.configure()
        collector.signal(signal.SIGHUP)
        second.wait(lambda: second.receipts)
        assert said(first)[2:] == [("app", 2, "moved"), ("old", 2, "retired")], said(first)
        assert first.bundles[2][0]["ext"]["moved_to"] == second.origin
        assert "moved_to" not in first.bundles[3][0]["ext"]
        assert said(second) == [("app", 1, None)]
        assert collector.stop() == 0
        h.signers = [first, second]


# --- retired, stopped ----------------------------------------------------------------------------

class Two(Host):
    """The collector runs, and both workloads are reported."""

    def __init__(self, **options):
        super().__init__(**options)
        self.workloads.append({**self.workloads[0], "name": "old"})
        self.configure()
        self.collector = self.run()
        self.collector.wait_for("event=receipt .*old")

    def reload(self, *names):
        """Gives the number of bundles before."""
        count, seen = len(self.signer.bundles), len(self.collector.lines)
        self.workloads = [{**self.workloads[0], "name": name} for name in names]
        self.configure()
        self.collector.signal(signal.SIGHUP)
        self.collector.wait_for("event=reloaded", seen)
        return count


def test_a_workload_that_a_reload_takes_out_is_retired():
    with Two() as h:
        count = h.reload("app")
        h.collector.wait_for("event=receipt workload=app seq=2")
        assert said(h.signer)[count:] == [("old", 2, "retired"), ("app", 2, None)]
        assert h.signer.bundles[count][0]["next_s"] == 0
        # It may come back.
        count = h.reload("app", "old")
        h.collector.wait_for("event=receipt workload=old seq=3")
        assert said(h.signer)[count:] == [("app", 3, None), ("old", 3, None)]
        # Where nothing is taken out nothing is said, and nobody connects for it.
        count = h.reload("app", "old")
        h.collector.wait_for("event=receipt workload=old seq=4")
        assert said(h.signer)[count:] == [("app", 4, None), ("old", 4, None)]


def test_retiring_is_worth_a_connection():
    with Two() as h:
        h.signer.drop_sessions()
        h.reload("app")
        h.collector.wait_for("event=receipt workload=app seq=2")
        assert ("old", 2, "retired") in said(h.signer)


def test_what_could_not_be_said_is_told():
    with Two() as h:
        h.signer.close()
        h.reload("app")
        h.collector.wait_for("event=no-farewell workload=old .*leaving=retired")
        assert not any("event=no-farewell workload=app" in line for line in h.collector.lines)


def test_a_reload_that_is_refused_retires_nothing():
    with Two() as h:
        h.workloads = [{**h.workloads[0], "measure": ["no-such-kind"]}]
        h.configure()
        h.collector.signal(signal.SIGHUP)
        h.collector.wait_for("event=reload-refused")
        assert h.collector.stop() == 0
        assert said(h.signer)[2:] == [("app", 2, "stopped"), ("old", 2, "stopped")]


def test_the_farewell_is_as_configured():
    for word, leaving in (("stopped", ["stopped"] * 2), ("scaled-in", ["scaled-in"] * 2), ("none", [])):
        with Two(farewell=word) as h:
            assert h.collector.stop() == 0
            assert [l for _, _, l in said(h.signer)[2:]] == leaving
            assert not any("event=no-farewell" in line for line in h.collector.lines)


# --- who is missed where -------------------------------------------------------------------------

class Logs:
    """Two real signers under one CA, whose logs' time is the test's, and a real collector."""

    def __init__(self):
        self.second = Site(origin="hallmark.test/second")
        try:
            self.watched = Watched()
        except BaseException:
            self.second.__exit__()
            raise
        self.first = self.watched.site

    def __enter__(self):
        first, second = self.first, self.second
        assert self.watched.collector.stop() == 0 and self.watched.signer.stop() == 0
        second.ca = first.ca
        shutil.copy(first.path("collectors-ca.crt"), second.path("collectors-ca.crt"))
        second.issue("signer", dns="signer.test", server=True)
        second.write_policy(reference=first.path("known.sha256").read_text())
        second.init_key()
        first.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{site.port}", "server_name": "signer.test",
                         "log_certificate": str(site.path("log.crt"))} for site in (first, second)],
            "tls": {"certificate": "host1.crt", "key": "host1.key",
                    "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 1, "jitter_percent": 0,
            "sign_every_s": 0,
            "workloads": [{"name": "app", "executable": str(self.watched.program),
                           "measure": ["executable", "host"]}]}))
        self.time = Time(first)
        self.time.jump(60)  # behind what was reported by the machine's clock
        for site in (first, second):
            site.env.update(self.time.clock.env)
        return self

    def __exit__(self, *_):
        self.second.__exit__()
        self.watched.__exit__()

    def reported(self, site):
        """One report more: none is overdue now."""
        size, deadline = site.status()["counters"]["reports"], time.monotonic() + hallmark.PATIENCE_S
        while site.status()["counters"]["reports"] == size:
            assert time.monotonic() < deadline

    def go_on(self, seconds, reporting):
        """Both logs' time, in steps, with a report to one of them in each."""
        for _ in range(seconds // 9):
            self.time.jump(9)
            for site in (self.first, self.second):
                Time.wait(Seen(site, self.time.now))
            self.reported(reporting)


class Seen:
    """Of a time what waiting for it needs."""

    def __init__(self, site, now):
        self.site, self.now = site, now


def extensions_of(report):
    return msgpack.unpackb(entries.base64url_bytes(report.claims["hallmark.bundle"]["extensions"]))


def of_the_host(site):
    return [e for e in settled(site) if not e.is_notice and e.claims["sub"] == HOST]


def test_absent_in_the_log_that_was_lost_and_not_in_the_one_that_was_left():
    with Logs() as logs:
        first, second = logs.first, logs.second
        signers = [first.start_signer(), second.start_signer()]
        logs.watched.start_collector()
        logs.reported(first)
        assert signers[0].stop() == 0
        logs.reported(second)
        first.start_signer()
        logs.go_on(81, second)
        [absence] = absences_of(settled(first))
        assert absence.claims["sub"] == HOST and absence.absent()["app"]["count"] == 1
        assert absences_of(settled(second)) == [], "it is not in that log, and is in this one"

        logs.time.clock.suspend(BACK_S)
        logs.reported(first)
        left = of_the_host(second)
        logs.go_on(81, first)
        assert len(of_the_host(second)) == len(left), "it has said that it moves: nothing is due"
        before, last = (extensions_of(entry) for entry in left[-2:])
        assert last == {**before, "leaving": "moved", "moved_to": first.origin}
        assert len(absences_of(settled(first))) == 1
        assert logs.watched.collector.stop() == 0
        for site in (first, second):
            site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")))


if __name__ == "__main__":
    hallmark.run_tests("__main__")
