#!/usr/bin/python3
"""A JWS for some, receipts for all: neither holds up the other, and nothing asked is forgotten.

The token is the tests' module, slow where a backlog of JWS is wanted.
"""

import json
import os
import threading

import hallmark
import keychannel
import wire
from hallmark import APP, ORIGIN, Site
from logimage import notices

MANY = {"connections": 100, "in_flight_per_connection": 4096}

POLICY = """name: test
references: [{name: known, file: known.sha256}]
workloads:
  - {match: "jws-*", collectors: ["spiffe://test/**"], require: [executable], token: jws,
     executable: {references: [known]}}
  - {match: "*", collectors: ["spiffe://test/**"], require: [executable],
     executable: {references: [known]}}
"""


def make_site(sessions=2, latency_ms=0, **hsm):
    site = Site(token_module=True, limits=MANY, hsm={"sessions": sessions, **hsm})
    site.write_policy(POLICY)
    site.token.set(latency_us=1000 * latency_ms)
    return site


class Crowd:
    """Many workloads of one collector that all ask at once, and a thread that takes what comes."""

    def __init__(self, site, count, prefix="jws", host="crowd"):
        self.site, self.count = site, count
        self.receipts, self.error = [], None
        self.changed = threading.Condition()
        self.collector = site.collector(host)
        self.collector.submit(f"plain-{host}", APP)  # its component is there from here on
        self.bundles = {f"{prefix}-{host}-{n}": None for n in range(count)}
        data = b""
        for name in self.bundles:
            self.bundles[name] = self.collector.make(name, APP)
            data += wire.frame([wire.BUNDLE, {"bundle": self.bundles[name]}])
        self.collector.connection.send_raw(data)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for _ in range(self.count):
                receipt = self.collector.await_receipt()
                with self.changed:
                    self.receipts.append(receipt)
                    self.changed.notify_all()
        except Exception as error:  # pylint: disable=broad-except
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.receipts) >= count or self.error,
                                         4 * hallmark.PATIENCE_S), len(self.receipts)
            assert not self.error, self.error

    def outstanding(self):
        with self.changed:
            return self.count - len(self.receipts)

    def finish(self):
        """Each has exactly one receipt with a JWS over its report; all verify."""
        self.wait_for(self.count)
        jwk = json.loads(self.site.hsm("jwks").stdout)["keys"][0]
        assert {r["workload"] for r in self.receipts} == set(self.bundles)
        for receipt in self.receipts:
            wire.verify_receipt(receipt, self.site.certificate, ORIGIN)
            keychannel.verify_jws(receipt["jws"].encode(), jwk, self.site.certificate,
                                  receipt["report"])
        self.collector.close()


def until(condition, what):
    deadline = hallmark.PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert deadline > 0, what
        pause.wait(0.01)
        deadline -= 0.01


def staged(site, size):
    until(lambda: site.status()["log_size"] >= notices() + size,
          "reports do not reach the ledger")


def finish(site, signer):
    assert signer.stop() == 0
    text = "\n".join(signer.lines)
    assert "refuses" not in text and "signing-refused" not in text, text
    site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")),
               "--reports")


def test_plain_receipts_do_not_wait_for_jws():
    """The whole backlog would take ten seconds; a plain receipt takes the token twice at most."""
    with make_site(latency_ms=50) as site:
        signer = site.start_signer()
        plain = site.collector("plain")
        plain.submit("app", APP)
        crowd = Crowd(site, 400)
        crowd.wait_for(1)
        for turn in range(10):
            before = crowd.outstanding()
            assert before > 20, "the backlog is gone; nothing was shown"
            receipt = plain.submit(f"app{turn}", APP)
            assert "jws" not in receipt
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
            assert before - crowd.outstanding() < 20, (before, crowd.outstanding())
        crowd.finish()
        finish(site, signer)


def test_as_many_signatures_at_once_as_there_are_sessions():
    with make_site(sessions=8, latency_ms=20) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 200)
        crowd.finish()
        assert site.token.get("signing_peak") == 8
        assert site.token.get("sessions_peak") == 8
        finish(site, signer)


def test_reports_are_published_while_their_jws_are_outstanding():
    with make_site(latency_ms=100) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 100)
        until(lambda: site.status()["published_size"] >= notices() + 2, "nothing is published")
        crowd.wait_for(1)
        until(lambda: site.status()["published_size"] > crowd.receipts[0]["index"],
              "a report is not published before the last JWS")
        assert crowd.outstanding() > 0
        crowd.finish()
        finish(site, signer)


def test_a_full_token_makes_few_checkpoints():
    """They would be taken from the JWS that wait."""
    with make_site(latency_ms=10) as site:
        signer = site.start_signer()
        crowds = [Crowd(site, 250, host=f"crowd{n}") for n in range(2)]
        before = site.status()["counters"]["checkpoints"]
        for crowd in crowds:
            crowd.finish()
        assert site.status()["counters"]["checkpoints"] - before < 25, site.status()
        finish(site, signer)


def test_jws_outlive_the_key_process():
    """Killed again and again with many outstanding, of trees that the next one never saw signed."""
    with make_site(sessions=4, latency_ms=5) as site:
        signer = site.start_signer()
        plain = site.collector("plain")
        crowd = Crowd(site, 600)
        for turn in range(6):
            crowd.wait_for(60 * (turn + 1))
            plain.submit(f"app{turn}", APP)
            assert crowd.outstanding() > 0
            os.kill(site.key_process_pid(), 9)
            signer.wait_for("event=key-process-(down|exit)", start=len(signer.lines))
        crowd.finish()
        assert site.status()["counters"]["key_process_starts"] >= 7
        finish(site, signer)


def test_one_session_that_hangs_ends_the_process_while_others_go_on():
    with make_site(sessions=4, latency_ms=5, deadline_ms=3000) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 1000)
        crowd.wait_for(50)
        site.token.inject("hang", count=1)
        until(lambda: site.token.get("faults") == 1, "nothing hangs")
        crowd.wait_for(len(crowd.receipts) + 20)  # more than was being signed with it
        assert not any("deadline_ms" in line for line in signer.lines)
        signer.wait_for("did not answer within deadline_ms")
        crowd.finish()
        finish(site, signer)


def test_a_slow_signature_does_not_wait_for_the_next_one():
    """Which may never end: what a session has signed is kept back with a fast token only."""
    with make_site(sessions=2, latency_ms=20) as site:
        site.init_key()
        with keychannel.KeyProcess(site) as key:
            tree = keychannel.Tree([b"first", b"second", b"third"])
            assert key.sign(tree, 0).error == 0
            site.token.inject("hang", skip=1)  # one session signs, the other hangs at once
            key.send(b"".join(
                keychannel.token_request(n, tree.entries[n], tree.inclusion(n), 3, number=n + 2)
                for n in range(3)))
            answer = key.receive()
            assert answer.error == 0 and answer.body.startswith(b"eyJ"), answer


def test_who_comes_again_takes_the_place_of_who_is_gone():
    with make_site(latency_ms=100) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 60)
        crowd.wait_for(1)
        last = list(crowd.bundles)[-1]
        again = site.collector("crowd")
        again.submit("plain-again", APP)

        def repeat():
            again.connection.send([wire.BUNDLE, {"bundle": crowd.bundles[last]}])
            try:
                return again.await_receipt()
            except wire.Refused as refused:
                assert refused.body["name"] == "in-flight", refused.body
                return None

        assert repeat() is None  # the first still waits
        crowd.collector.close()
        receipt = None
        while receipt is None:  # until the signer has seen that it is gone
            receipt = repeat()
        jwk = json.loads(site.hsm("jwks").stdout)["keys"][0]
        keychannel.verify_jws(receipt["jws"].encode(), jwk, site.certificate, receipt["report"])
        assert receipt["workload"] == last
        finish(site, signer)


def test_a_killed_signer_gives_the_receipt_without_the_jws():
    """Logged is logged; a second seal is made with the first receipt alone."""
    with make_site(latency_ms=100) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 50)
        crowd.wait_for(2)
        signer.kill()
        site.token.set(latency_us=0)
        signer = site.start_signer()
        collector = site.collector("crowd")
        collector.submit("plain-crowd-2", APP)
        last = list(crowd.bundles)[-1]
        until(lambda: site.status()["published_size"] >= notices(2) + 50, "not published")
        collector.connection.send([wire.BUNDLE, {"bundle": crowd.bundles[last]}])
        receipt = collector.await_receipt()
        wire.verify_receipt(receipt, site.certificate, ORIGIN)
        assert receipt["workload"] == last and "jws" not in receipt
        finish(site, signer)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
