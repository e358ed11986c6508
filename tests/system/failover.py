#!/usr/bin/python3
"""A collector with two signers: whatever becomes of the first, the second has sealed within five
seconds; and whoever comes and goes moves nobody for long."""

import pathlib
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from fake_signer import FakeSigner
from hallmark import Authority, PATIENCE_S, Site, run_tests, to_yaml
from leaving import BACK_S, Between

MOST_S = 5


class Two(Host):
    """Rounds a second apart, unless it is said otherwise."""

    def __init__(self, **options):
        super().__init__(signers=2, **{"interval_s": 1, **options})
        self.first, self.second = self.signers

    def start(self):
        collector = self.run()
        self.first.wait(lambda: self.first.receipts)
        return collector

    def sealed_by_the_second(self, since):
        """With a nonce: nothing that is only about the past."""
        self.second.wait(lambda: any(f["nonce"] for f, _ in self.second.bundles)
                         and self.second.receipts)
        took = time.monotonic() - since
        print(f"sealed by the second after {took:.1f} s")
        assert took < MOST_S, took


def hang(*_):
    """Accepts, and says nothing any more."""


def refusing(code):
    def refuse(session, data, fields, signature):
        session.refuse(code, fields)
    return refuse


def test_one_that_ends_between_rounds():
    """Nobody waits for the next one."""
    with Two(interval_s=3600) as h:
        h.start()
        began = time.monotonic()
        h.first.close()
        h.sealed_by_the_second(began)


def test_one_that_hangs():
    """In a session, and then in each greeting: it is not asked again each time."""
    with Two() as h:
        collector = h.start()
        h.first.greeting = lambda session: threading.Event().wait(3 * PATIENCE_S)
        h.first.script = [hang] * 100
        began = time.monotonic()
        h.sealed_by_the_second(began)
        assert "error=frame-timeout" in collector.wait_for("event=signer-passed")
        count, began = len(h.second.receipts), time.monotonic()
        h.second.drop_sessions()
        h.second.wait(lambda: len(h.second.receipts) >= count + 2)
        assert time.monotonic() - began < MOST_S


def test_one_whose_machine_is_gone():
    """Connections are neither taken nor refused: a queue that is full drops them."""
    with Two() as h:
        h.start()
        port = h.first.port
        h.first.close()
        with socket.socket() as full:
            full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            full.bind(("127.0.0.1", port))
            full.listen(0)
            held = []
            for _ in range(4):
                held.append(socket.socket())
                held[-1].setblocking(False)
                held[-1].connect_ex(("127.0.0.1", port))
            began = time.monotonic()
            h.sealed_by_the_second(began)
            for s in held:
                s.close()


def test_one_of_another_ca():
    with Two() as h:
        h.start()
        h.first.close()
        began = time.monotonic()
        other = FakeSigner(h.dir, Authority("stranger", h.dir), "stranger", port=h.first.port)
        h.sealed_by_the_second(began)
        other.close()


def test_one_that_takes_nothing():
    """Too much to do, a full disk, a clock that is wrong, a token that is gone."""
    for code in (210, 213, 608, 602):
        with Two() as h:
            collector = h.start()
            began = time.monotonic()
            h.first.script = [refusing(code)] * 1000
            h.sealed_by_the_second(began)
            collector.wait_for("event=signer-passed")
            # What it has refused waits for it, and nobody else has it.
            assert all(f["seq"] == n + 1 for n, (f, _) in enumerate(h.second.bundles))


def test_a_busy_one_is_asked_for_no_longer_than_it_may():
    """However long the last wait would be that falls into it: they double, at random."""
    asked = []

    def busy(session, data, fields, signature):
        asked.append(time.monotonic())
        session.refuse(210, fields)

    for _ in range(3):
        with Two(failover_s=1) as h:
            h.start()
            asked.clear()
            h.first.script = [busy] * 1000
            h.second.wait(lambda: h.second.receipts)
            assert asked[-1] - asked[0] < 1.4, [f"{at - asked[0]:.2f}" for at in asked]


def test_a_refusal_that_is_about_us_moves_nobody():
    for code in (200, 216, 218):
        with Two() as h:
            h.start()
            h.first.script = [refusing(code)] * 3
            count = len(h.first.receipts)
            h.first.wait(lambda: len(h.first.receipts) >= count + 2)
            assert not h.second.sessions and not h.second.bundles


def test_one_that_loses_every_session():
    with Two() as h:
        h.start()
        began = time.monotonic()
        h.first.script = [lambda session, *_: session.drop()] * 1000
        h.sealed_by_the_second(began)


def test_where_both_take_nothing_neither_is_flooded():
    with Two() as h:
        collector = h.start()
        for s in h.signers:
            s.script = [refusing(213)] * 10000
        collector.wait_for("event=signer-passed")
        h.second.wait(lambda: h.second.bundles)
        since = [len(s.bundles) for s in h.signers]
        until = time.monotonic() + 4
        while time.monotonic() < until:
            with h.second.changed:
                h.second.changed.wait(until - time.monotonic())
        # A round each second, and the try at once behind a move.
        assert sum(len(s.bundles) for s in h.signers) - sum(since) <= 8
        h.second.script = []
        h.second.wait(lambda: h.second.receipts)
        assert collector.stop() == 0


def test_one_that_comes_and_goes_moves_nobody_for_long():
    """Each time that it is left soon again it is left for twice as long."""
    with Between() as h:
        h.run_on_the_second()
        for times in (1, 2, 4):
            h.clock.suspend(BACK_S * times - 60)
            h.reported(h.second, 2)
            assert not h.first.sessions, "not yet time"
            h.clock.suspend(70)
            h.reported(h.first)
            h.first.close()
            h.reported(h.second)
            h.first.open()
        # One that stays for as long as the shortest is as good as new.
        h.clock.suspend(8 * BACK_S)
        h.reported(h.first)
        h.clock.suspend(BACK_S + 10)
        h.reported(h.first, 2)
        h.first.close()
        h.reported(h.second)
        h.first.open()
        h.clock.suspend(BACK_S + 10)
        h.reported(h.first)


def test_a_real_signer_that_is_stopped():
    """SIGSTOP: the kernel still takes connections for it."""
    with Site() as one, Site(origin="hallmark.test/other") as two, Host() as h:
        for site in (one, two):
            site.ca = h.authority
            site.issue("signer", dns="signer.test", server=True)
            site.path("collectors-ca.crt").write_text((h.dir / "test-ca.crt").read_text())
        first, _ = one.start_signer(), two.start_signer()
        h.config.write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{s.port}", "server_name": "signer.test"}
                        for s in (one, two)],
            "tls": {"certificate": "host1.crt", "key": "host1.key", "signer_ca": "test-ca.crt"},
            "state": "state", "receipts": "receipts", "workloads": h.workloads, "interval_s": 1}))
        collector = h.run()
        collector.wait_for("event=receipt")
        try:
            first.signal(signal.SIGSTOP)
            began, seen = time.monotonic(), len(collector.lines)
            line = collector.wait_for("event=connected .*log=hallmark.test/other", seen)
            collector.wait_for("event=receipt", collector.lines.index(line))
            took = time.monotonic() - began
        finally:
            first.signal(signal.SIGCONT)
        print(f"sealed by the second after {took:.1f} s")
        assert took < MOST_S, took
        assert collector.stop() == 0


if __name__ == "__main__":
    run_tests("__main__")
