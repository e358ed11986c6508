#!/usr/bin/python3
"""What the collector does when a signer wants a workload measured now, and when that signer is in wrong hands."""

import os
import time

from collector_client import Host
from fake_signer import Gone
from hallmark import PATIENCE_S, run_tests
from wire import MEASURE, WELCOME, frame


def challenge_of(fields):
    return fields.get("ext", {}).get("challenge")


class Asked(Host):
    """A host whose collector runs, connected, with the first bundle of each workload reported."""

    def __init__(self, names=("app",), **options):
        super().__init__(**options)
        self.workloads = [{**self.workloads[0], "name": name} for name in names]
        self.configure()

    def __enter__(self):
        try:
            self.collector = self.run()
            self.signer.wait(lambda: len(self.signer.receipts) >= len(self.workloads))
        except BaseException:
            self.__exit__()
            raise
        return self

    def ask(self, workload="app", size=32):
        nonce = os.urandom(size)
        self.signer.measure(workload, nonce)
        return nonce

    def await_answer(self, nonce):
        """The bundle that has it."""
        self.signer.wait(lambda: any(challenge_of(f) == nonce for f, _ in self.signer.bundles))
        return next(f for f, _ in self.signer.bundles if challenge_of(f) == nonce)

    def await_receipts(self, count):
        self.signer.wait(lambda: len(self.signer.receipts) >= count)
        self.collector.wait_for(f"event=receipt .*index={count - 1} ")

    def challenges(self):
        return [challenge_of(f) for f, _ in self.signer.bundles]


def test_a_workload_is_measured_at_once_and_its_chain_goes_on():
    with Asked() as h:  # whose next round is an hour away
        for size in (8, 32, 64):
            h.await_answer(h.ask(size=size))
        h.await_receipts(4)
        fields = [f for f, _ in h.signer.bundles]
        assert [f["seq"] for f in fields] == [1, 2, 3, 4] and all(f["nonce"] for f in fields)
        assert fields[3]["time"] >= fields[2]["time"]
        assert h.challenges()[0] is None and h.seq() == 4
        assert h.collector.stop() == 0


def test_the_next_report_of_a_round_has_no_challenge():
    with Asked(interval_s=1) as h:
        h.await_answer(h.ask())
        count = len(h.signer.bundles)
        h.signer.wait(lambda: len(h.signer.bundles) > count)
        assert h.challenges()[count] is None


def test_what_is_not_configured_is_passed_over():
    with Asked(names=("app", "other")) as h:
        for name in ("apps", "ap", "APP"):
            h.ask(name)
        nonce = h.ask("other")
        assert h.await_answer(nonce)["workload"] == "other"
        h.await_receipts(3)
        assert len(h.signer.sessions) == 1 and len(h.signer.bundles) == 3


def test_between_a_bundle_and_its_receipt():
    with Asked() as h:
        later = os.urandom(16)

        def ask_before_the_receipt(session, data, fields, signature):
            session.send([MEASURE, {"workload": "app", "challenge": later}])
            session.treat(data, fields, signature)

        h.signer.script = [ask_before_the_receipt]
        first = h.ask()
        h.await_answer(later)
        h.await_receipts(3)
        assert h.challenges() == [None, first, later]


def test_behind_a_receipt_in_one_record():
    """Nothing becomes readable by what was read with the answer."""
    with Asked() as h:
        later = os.urandom(16)

        def ask_with_the_receipt(session, data, fields, signature):
            sent, session.send_raw = [], lambda data: sent.append(data)
            session.treat(data, fields, signature)
            del session.send_raw
            session.send_raw(b"".join(sent) + frame([MEASURE, {"workload": "app",
                                                               "challenge": later}]))

        h.signer.script = [ask_with_the_receipt]
        h.await_answer(h.ask())
        h.await_answer(later)
        assert len(h.signer.sessions) == 1


def test_behind_the_welcome_in_one_record():
    h = Asked()
    nonce = os.urandom(32)

    def greet(session):
        h.signer.greeting = None
        sent, session.send_raw = [], lambda data: sent.append(data)
        session.welcome()
        del session.send_raw
        session.send_raw(sent[0] + frame([MEASURE, {"workload": "app", "challenge": nonce}]))
        while True:
            session.on_bundle(session.receive()[1]["bundle"], None)

    h.signer.greeting = greet
    with h:
        assert h.await_answer(nonce)["seq"] == 1


def test_a_nonce_of_the_signer_that_is_too_old():
    """The evidence is made again, with the challenge."""
    with Asked() as h:
        h.signer.script = [lambda session, data, fields, signature: session.refuse(202, fields)]
        nonce = h.ask()
        h.await_receipts(2)
        assert h.challenges()[:3] == [None, nonce, nonce]
        first, second = (f for f, _ in h.signer.bundles[1:3])
        assert first["seq"] == second["seq"] and first["nonce"] != second["nonce"]


def test_one_that_is_refused_is_not_tried_again():
    with Asked() as h:
        h.signer.script = [lambda session, data, fields, signature: session.refuse(200, fields)]
        first = h.ask()
        h.collector.wait_for("event=refusal .*error=unauthorized")
        second = h.ask()
        h.await_answer(second)
        h.await_receipts(3)
        # The bundle that was refused is sent once more, as always; its workload was not measured again.
        assert h.challenges() == [None, first, first, second]
        assert h.signer.bundles[1][0] == h.signer.bundles[2][0]


def test_a_session_that_is_lost_takes_its_challenges_with_it():
    with Asked(interval_s=1) as h:
        h.signer.script = [lambda session, data, fields, signature: session.drop()]
        nonce = h.ask()
        h.await_answer(nonce)
        at = h.challenges().index(nonce)
        h.signer.wait(lambda: len(h.signer.bundles) > at + 3)
        # Sent again, for it may have been taken; refused, for its nonce is another session's; made
        # again, and nobody waits for it now.
        assert h.challenges()[at:at + 2] == [nonce, nonce] and not any(h.challenges()[at + 2:])
        assert h.collector.stop() == 0


def test_evidence_that_waited_answers_nobody():
    """Without its nonce it has no challenge: a signer would take neither."""
    with Asked(interval_s=1) as h:
        def drop(session, data, fields, signature):
            h.signer.stop_listening()
            session.drop()

        h.signer.script = [drop]
        nonce = h.ask()
        h.await_answer(nonce)
        h.collector.wait_for("event=spooled .*waiting=3")
        before = len(h.signer.bundles)
        h.signer.open()
        h.signer.wait(lambda: len(h.signer.receipts) >= 6)
        offline = [f for f, _ in h.signer.bundles[before:] if not f["nonce"]]
        assert len(offline) >= 3 and not any(challenge_of(f) for f in offline)
        assert offline[0]["seq"] == 3, "behind a fresh one"


# --- in wrong hands ---------------------------------------------------------------------------------

def test_a_flood_makes_it_measure_no_more_often():
    """Once a second a workload at most; the newest nonce is answered, and the others are not."""
    with Asked() as h:
        began = time.monotonic()
        sent = [h.ask() for _ in range(300)]
        h.await_answer(sent[-1])
        for _ in range(3):
            sent += [h.ask() for _ in range(50)]
            h.await_answer(sent[-1])
        seconds = time.monotonic() - began
        answered = [c for c in h.challenges() if c is not None]
        assert all(c in sent for c in answered)
        assert 4 <= len(answered) <= 1 + seconds, (len(answered), seconds)
        assert len(h.signer.sessions) == 1


def test_a_flood_about_one_workload_holds_up_no_other():
    with Asked(names=("app", "other"), interval_s=1) as h:
        deadline = time.monotonic() + PATIENCE_S
        while sum(f["workload"] == "other" for f, _ in h.signer.bundles) < 5:
            assert time.monotonic() < deadline
            h.ask()
            h.signer.wait(lambda: not h.signer.sessions[-1].outbox)
        assert len(h.signer.sessions) == 1 and any(h.challenges())


def test_more_than_any_host_has_is_listened_to_no_longer():
    with Asked(interval_s=1) as h:
        session = h.signer.sessions[-1]
        for _ in range(3000):
            session.outbox.append([MEASURE, {"workload": "none", "challenge": bytes(8)}])
        session.say([MEASURE, {"workload": "none", "challenge": bytes(8)}])
        h.collector.wait_for("event=connection-lost .*1024 measurements a second")
        h.signer.wait(lambda: session not in h.signer.sessions)
        h.signer.wait(lambda: h.signer.sessions)
        h.await_answer(h.ask())


def test_nonces_that_are_none():
    for size in (0, 7, 65):
        with Asked(interval_s=1) as h:
            session = h.signer.sessions[-1]
            h.ask(size=size)
            h.collector.wait_for("event=connection-lost .*out-of-range")
            h.signer.wait(lambda: session not in h.signer.sessions)
            assert not any(h.challenges())


def test_unasked_messages_of_other_types_end_the_session():
    with Asked(interval_s=1) as h:
        session = h.signer.sessions[-1]
        session.say([WELCOME, {"version": 1, "log": h.signer.origin, "nonce": bytes(32), "time": 1,
                               "part_max": 1, "component_max": 1, "in_flight_max": 1}])
        h.collector.wait_for("event=connection-lost .*message 2 unasked")
        h.signer.wait(lambda: session not in h.signer.sessions)


def test_before_the_welcome():
    h = Asked(interval_s=1)

    def greet(session):
        h.signer.greeting = None
        session.send([MEASURE, {"workload": "app", "challenge": bytes(8)}])
        session.receive()

    h.signer.greeting = greet
    with h:
        h.collector.wait_for("event=no-connection .*expected a welcome, found message 8")
        assert not any(h.challenges())


def test_who_only_asks_is_not_waited_for():
    """Asking gives a signer no more time for its answer."""
    with Asked() as h:
        def only_ask(session, data, fields, signature):
            began = time.monotonic()
            try:
                while time.monotonic() - began < 2 * PATIENCE_S + 60:
                    session.send([MEASURE, {"workload": "none", "challenge": bytes(8)}])
                    select_readable(session, 2)
            except (Gone, OSError, ValueError):
                pass
            session.drop()

        def select_readable(session, seconds):
            session.tls.settimeout(seconds)
            try:
                if not session.tls.recv(1):
                    raise Gone("the collector closed")
            except TimeoutError:
                pass

        h.signer.script = [only_ask]
        began = time.monotonic()
        h.ask()
        h.collector.wait_for("event=connection-lost .*frame-timeout", timeout=2 * PATIENCE_S + 60)
        assert 55 < time.monotonic() - began < 80


if __name__ == "__main__":
    run_tests("__main__")
