#!/usr/bin/python3
"""A token for some, receipts for all: neither holds up the other, and nothing asked is forgotten.

The token is the tests' module, slow where a backlog of tokens is wanted.
"""

import json
import os
import threading
import time

import hallmark
import keychannel
import wire
from hallmark import APP, EVIL, ORIGIN, Site
from logimage import notices
from wallclock import UNSYNCHRONISED, WallClock

MANY = {"connections": 100, "in_flight_per_connection": 4096}

POLICY = """name: test
references: [{name: known, file: known.sha256}]
workloads:
  - {match: "jws-*", collectors: ["spiffe://test/**"], require: [executable], token: [{profile: test}],
     executable: {references: [known]}}
  - {match: "*", collectors: ["spiffe://test/**"], require: [executable],
     executable: {references: [known]}}
"""


def make_site(sessions=2, latency_ms=0, report=None, policy=POLICY, **hsm):
    site = Site(token_module=True, limits=MANY, report=report or {},
                hsm={"sessions": sessions, **hsm})
    site.write_policy(policy)
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
        """Each has exactly one receipt with a token about its report; all verify."""
        self.wait_for(self.count)
        assert {r["workload"] for r in self.receipts} == set(self.bundles)
        verify_all(self.site, self.receipts)
        self.collector.close()


def verify_all(site, receipts):
    jwk = keychannel.jwk_of(site)
    for receipt in receipts:
        wire.verify_receipt(receipt, site.certificate, ORIGIN)
        keychannel.verify_receipt_jws(receipt, jwk, site.certificate)


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
    site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")))


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
            assert "tokens" not in receipt
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
            assert before - crowd.outstanding() < 20, (before, crowd.outstanding())
        crowd.finish()
        finish(site, signer)


def test_tokens_of_one_collector_do_not_delay_anothers():
    """One makes hundreds wait; another's report has checkpoint and token after a few signatures."""
    with make_site(latency_ms=50) as site:
        site.token.set(serial=1)
        signer = site.start_signer()
        other = Asking(site, "other")
        other.submit("plain")
        crowd = Crowd(site, 400)
        crowd.wait_for(1)
        staged(site, 402)
        for turn in range(8):
            before = site.token.get("signs")
            receipt = other.submit(f"jws-{turn % 2}")
            signed = site.token.get("signs") - before
            # A checkpoint under way and what was begun with it, its own, what was begun beside that, its turn.
            assert signed <= 12, (turn, signed)
            verify_all(site, [receipt])
        assert crowd.outstanding() > 200, "the backlog is gone; nothing was shown"
        site.token.set(latency_us=0)
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
            tree = keychannel.Tree(keychannel.real_reports(3))
            assert key.sign(tree, 0).error == 0
            site.token.inject("hang", skip=1)  # one session signs, the other hangs at once
            key.send(b"".join(
                keychannel.token_request(n, tree.entries[n], tree.inclusion(n), 3, number=n + 2)
                for n in range(3)))
            answer = key.receive()
            assert answer.error == 0 and answer.body.startswith(b"eyJ"), answer


def test_a_wrong_signature_among_others_does_not_leave():
    """What a fast token has signed is verified together; wherever in it the wrong one is, nothing
    leaves that was not found good, and this process signs no more."""
    for algorithm, faults, skips in (("p256", ("other_key", "garbage", "short"), range(8)),
                                     ("p384", ("garbage",), (0, 3)),
                                     ("rsa-3072-pss", ("garbage",), (0, 3))):
        with make_site(sessions=1, algorithm=algorithm) as site:
            site.init_key()
            site.token.make_other_key(hallmark.MODULE, site.env)
            tree = keychannel.Tree(keychannel.real_reports(8))
            for turn, skip in enumerate(skips):
                with keychannel.KeyProcess(site) as key:
                    assert key.sign(tree, len(tree) if turn else 0).error == 0
                    site.token.inject(faults[turn % len(faults)], skip=skip, count=1)
                    good = good_before_mismatch(site, key, tree)
                    assert good <= skip, (algorithm, skip, good)
                    assert key.process.wait() != 0


def good_before_mismatch(site, key, tree):
    """A token for each is asked for at once; how many come, all of them good."""
    jwk, certificate = keychannel.jwk_of(site), keychannel.certificate_of(site)
    key.send(b"".join(
        keychannel.token_request(n, tree.entries[n], tree.inclusion(n), len(tree), number=n)
        for n in range(len(tree))))
    good = 0
    while (answer := key.receive()).error == 0:
        keychannel.verify_jws(answer.body, jwk, certificate,
                              keychannel.claims_of(tree.entries[answer.id], answer.id))
        good += 1
    assert answer.error == keychannel.KEY_MISMATCH, answer
    return good


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
        verify_all(site, [receipt])
        assert receipt["workload"] == last
        finish(site, signer)


class Asking:
    """A collector that sends bundles, and the newest of a workload once more."""

    def __init__(self, site, host="asking"):
        self.collector = site.collector(host)
        self.bundles = {}

    def submit(self, workload, evidence=APP):
        self.bundles[workload] = self.collector.make(workload, evidence)
        self.again(workload)
        receipt = self.collector.await_receipt(evidence)
        self.collector.accepted(workload, self.bundles[workload])
        return receipt

    def again(self, workload):
        self.collector.connection.send([wire.BUNDLE, {"bundle": self.bundles[workload]}])

    def receipt_again(self, workload):
        self.again(workload)
        return self.collector.await_receipt()


def tokens(site):
    return site.status()["counters"]["tokens"]


def published(site, receipt):
    until(lambda: site.status()["published_size"] > receipt["index"], "not published")


def same_token(first, again):
    """About the same report at the same place; only the signature may be another."""
    assert first["report"] == again["report"] and first["index"] == again["index"]
    assert first["tokens"][0].split(".")[:2] == again["tokens"][0].split(".")[:2]


def test_a_lost_token_is_had_again():
    """Out of memory while the report is not published, out of the tiles from then on."""
    with make_site() as site:
        signer = site.start_signer()
        asking = Asking(site)
        first = asking.submit("jws-app")
        again = [asking.receipt_again("jws-app")]
        published(site, first)
        again += [asking.receipt_again("jws-app") for _ in range(3)]
        for receipt in again:
            same_token(first, receipt)
        verify_all(site, [first, *again])
        assert tokens(site) == 5 and site.status()["counters"]["receipts_repeated"] == 4
        assert "tokens" not in asking.submit("app") and "tokens" not in asking.receipt_again("app")
        finish(site, signer)


def test_a_lost_token_is_had_again_of_another_key_process():
    """Which has seen no tree but its state, whether or not that is the published one."""
    with make_site() as site:
        signer = site.start_signer()
        asking = Asking(site)
        receipts = {name: asking.submit(name) for name in ("jws-a", "jws-b", "jws-c")}
        for name, receipt in receipts.items():
            published(site, receipt)
            os.kill(site.key_process_pid(), 9)
            asking.submit("app")  # which it has to seal, and publish
            same_token(receipt, asking.receipt_again(name))
        assert site.status()["counters"]["key_process_starts"] == 4
        finish(site, signer)


def test_a_killed_signer_gives_receipt_and_token():
    with make_site(latency_ms=100) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 50)
        crowd.wait_for(2)
        signer.kill()
        site.token.set(latency_us=0)
        signer = site.start_signer()
        collector = site.collector("crowd")
        collector.submit("app", APP)  # behind which all of them are published
        until(lambda: site.status()["published_size"] >= notices(2) + 50, "not published")
        receipts = []
        for data in crowd.bundles.values():  # of some the first receipt has left, of most not
            collector.connection.send([wire.BUNDLE, {"bundle": data}])
            receipts.append(collector.await_receipt())
        assert [r["workload"] for r in receipts] == list(crowd.bundles)
        verify_all(site, receipts)
        finish(site, signer)


def test_no_token_when_the_report_is_over():
    with make_site(report={"lifetime_s": 2}) as site:
        signer = site.start_signer()
        asking = Asking(site)
        first = asking.submit("jws-app")
        verify_all(site, [first])
        expires = json.loads(first["report"])["exp"]
        assert expires == json.loads(first["report"])["iat"] + 2
        until(lambda: time.time() > expires + 0.01, "the clock")
        again = asking.receipt_again("jws-app")
        wire.verify_receipt(again, site.certificate, ORIGIN)
        assert "tokens" not in again and again["report"] == first["report"]
        assert tokens(site) == 1
        finish(site, signer)


def test_no_token_while_the_clock_is_not_to_be_trusted():
    """By such a clock nobody can say whether the report is over; its receipt comes all the same."""
    with make_site() as site:
        clock = WallClock(site)
        site.env = {**site.env, **clock.env}
        signer = site.start_signer()
        asking = Asking(site)
        first = asking.submit("jws-app")
        clock.move(30 * 60, UNSYNCHRONISED)
        signer.wait_for("event=clock state=moved")
        again = asking.receipt_again("jws-app")
        assert "tokens" not in again and again["report"] == first["report"]
        clock.move(0)
        signer.wait_for("event=clock state=trusted")
        same_token(first, asking.receipt_again("jws-app"))
        assert tokens(site) == 2
        finish(site, signer)


def test_a_token_that_would_come_too_late_is_not_asked_for():
    """The backlog takes ten seconds, a report is good for two: the rest have their receipts."""
    with make_site(latency_ms=100, report={"lifetime_s": 2}) as site:
        signer = site.start_signer()
        crowd = Crowd(site, 200)
        crowd.wait_for(200)
        with_token = [r for r in crowd.receipts if "tokens" in r]
        late = [r for r in crowd.receipts if "tokens" not in r]
        assert with_token and late
        verify_all(site, with_token)
        for receipt in late:
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
        counters = site.status()["counters"]
        # One whose time ends on its way to the key process is refused there instead.
        assert counters["tokens"] == len(with_token) and counters["tokens_late"] > 0, counters
        assert counters["tokens_late"] + counters["tokens_refused"] == len(late), counters
        crowd.collector.close()
        finish(site, signer)


def test_one_token_of_a_report_is_asked_again_at_a_time():
    with make_site(latency_ms=300) as site:
        signer = site.start_signer()
        asking = Asking(site)
        first = asking.submit("jws-app")
        before = site.token.get("signs")
        for _ in range(5):
            asking.again("jws-app")
        answers = []
        for _ in range(5):
            try:
                answers.append(asking.collector.await_receipt())
            except wire.Refused as refused:
                answers.append(refused.body["name"])
        assert answers[:4] == ["in-flight"] * 4, answers
        same_token(first, answers[4])
        assert site.token.get("signs") == before + 1
        finish(site, signer)


def test_asking_again_and_again_holds_up_no_checkpoint():
    """More than enough of them that checkpoints would be put off, were they of first tokens."""
    count = 100
    with make_site(latency_ms=10) as site:
        signer = site.start_signer()
        asking = Asking(site)
        for n in range(count):
            asking.submit(f"jws-{n}")
        stop = threading.Event()
        receipts = []

        def keep_asking():
            for name in asking.bundles:
                asking.again(name)
            while True:
                receipt = asking.collector.await_receipt()
                receipts.append(receipt)
                if stop.is_set():
                    if len(receipts) >= total[0]:
                        return
                    continue
                total[0] += 1
                asking.again(receipt["workload"])

        total = [count]
        thread = threading.Thread(target=keep_asking, daemon=True)
        thread.start()
        until(lambda: len(receipts) > count, "nothing is had again")
        other = Asking(site, "other")
        for turn in range(5):
            before = len(receipts)
            verify_all(site, [other.submit("jws-other")])
            assert len(receipts) - before < 4 * count, turn
        stop.set()
        thread.join(4 * hallmark.PATIENCE_S)
        assert not thread.is_alive()
        verify_all(site, receipts[-count:])
        finish(site, signer)


TWO_PROFILES = POLICY.replace("workloads:\n", """workloads:
  - {match: "unknown-*", collectors: ["spiffe://test/**"], require: [executable], token: [{profile: nobody}],
     executable: {references: [known]}}
""")


SEVERAL = POLICY.replace("token: [{profile: test}]", "token: [{profile: wide, audience: 'urn:c', lifetime_s: 60}, "
                         "{profile: test}, {profile: wide, audience: 'urn:nobody'}, {profile: wide, audience: 'urn:a'}]")
WIDE = {**hallmark.TOKENS[0], "profile": "wide", "aud": ["urn:a", "urn:b", "urn:c"], "lifetime_s": 300}


def verify_several(site, receipt):
    """In the policy's order, each for its audience and so long; the one that nobody gives is left out."""
    jwk = keychannel.jwk_of(site)
    wanted = [(WIDE, "urn:c", 60), (hallmark.TOKENS[0], None, None), (WIDE, "urn:a", None)]
    assert len(receipt["tokens"]) == len(wanted), receipt["tokens"]
    for jws, (profile, audience, lifetime_s) in zip(receipt["tokens"], wanted):
        keychannel.verify_jws(jws.encode(), jwk, site.certificate, keychannel.claims_of(
            receipt["report"], receipt["index"], profile, audience, lifetime_s))


def test_several_audiences_have_a_token_each():
    """Also when it is had again, and when the key process is lost between two of them."""
    with make_site(policy=SEVERAL, latency_ms=30, tokens=[hallmark.TOKENS[0], WIDE]) as site:
        signer = site.start_signer()
        asking = Asking(site)
        first = asking.submit("jws-app")
        verify_several(site, first)
        verify_several(site, asking.receipt_again("jws-app"))
        assert site.status()["counters"]["tokens_refused"] == 2
        line = signer.wait_for("event=token-refused")
        assert "profile=wide audience=urn:nobody" in line and "does not list the audience" in line, line
        crowd = Crowd(site, 20)
        until(lambda: tokens(site) > 15, "no token")
        os.kill(site.key_process_pid(), 9)
        crowd.wait_for(20)
        for receipt in crowd.receipts:
            verify_several(site, receipt)
        assert site.status()["counters"]["key_process_starts"] == 2
        finish(site, signer)


def test_a_refused_token_is_said_and_holds_up_nobody():
    """About what no profile covers: receipts leave without, and the other tokens go on."""
    with make_site(policy=TWO_PROFILES) as site:
        signer = site.start_signer()
        asking = Asking(site)
        for turn in range(20):
            good = asking.submit("jws-good")
            bad = asking.submit("jws-bad", EVIL)
            unknown = asking.submit("unknown-app")
            verify_all(site, [good])
            for receipt in (bad, unknown):
                wire.verify_receipt(receipt, site.certificate, ORIGIN)
                assert "tokens" not in receipt, turn
        assert "tokens" not in asking.receipt_again("jws-bad")
        assert "tokens" in asking.receipt_again("jws-good")
        counters = site.status()["counters"]
        assert counters["tokens"] == 21 and counters["tokens_refused"] == 41, counters
        assert counters["key_process_starts"] == 1
        line = signer.wait_for("event=token-refused")
        assert "workload=jws-bad" in line and "profile=test" in line, line
        assert "does not cover the status contraindicated" in line, line
        finish(site, signer)
        # By the signer once, and once by the key process: not a line for each.
        said = [line for line in signer.lines if "token-refused" in line]
        told = [line for line in signer.lines if "is refused, token-profile" in line]
        assert len(said) == len(told) == 1, said + told


if __name__ == "__main__":
    hallmark.run_tests("__main__")
