#!/usr/bin/python3
"""The token under fire, while collectors submit: it dies, hangs, lies, forgets, and comes back.

After each: no connection was lost, the loop never stood still, receipts resumed in time, every receipt
verifies and is in the log, and guard and log agree. HALLMARK_FAULT=long: the token stays away for a
minute; otherwise until it was tried several times.
"""

import atexit
import collections
import contextlib
import json
import os
import random
import threading
import time

LONG = os.environ.get("HALLMARK_FAULT", "short") == "long"
SLOW_BUILD = "HALLMARK_PATIENCE_S" in os.environ  # a sanitizer slows the loop's turns too
AWAY_S = 60 if LONG else 0
if LONG:  # who waits for a receipt waits as long as the token is away
    os.environ.setdefault("HALLMARK_PATIENCE_S", str(AWAY_S + 60))

import hallmark  # noqa: E402  (it reads HALLMARK_PATIENCE_S)
import token_control as tc  # noqa: E402
import wire  # noqa: E402
from hallmark import APP, ORIGIN, Site  # noqa: E402
from keychannel import verify_receipt_jws  # noqa: E402
from load import Load  # noqa: E402
from logimage import fsck, verify_all  # noqa: E402
from metronome import Metronome  # noqa: E402

SEED = int(os.environ.get("HALLMARK_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))

RESUME_S = 2 * (10 if SLOW_BUILD else 1)
GAP_US = 50_000 * (20 if SLOW_BUILD else 1)  # and as late as the machine wakes anybody

TRIES = 3  # so often is the token found broken before it comes back
TRIES_TO_THE_LONGEST_WAIT = 7
SHORT_DEADLINE = {} if LONG else {"deadline_ms": 500}  # of several hangs in one test

# What a vendor's module may say of one signature.
REFUSALS = [tc.CKR_GENERAL_ERROR, tc.CKR_FUNCTION_FAILED, tc.CKR_DEVICE_ERROR,
            tc.CKR_DEVICE_MEMORY, tc.CKR_DEVICE_REMOVED, tc.CKR_KEY_HANDLE_INVALID,
            tc.CKR_OPERATION_ACTIVE, tc.CKR_SESSION_CLOSED, tc.CKR_CRYPTOKI_NOT_INITIALIZED]


counts = collections.Counter()


@atexit.register
def print_matrix():
    for (row, column), number in counts.items():
        print(f"matrix: token {row} | {column} | {number}", flush=True)


def until(condition, what):
    deadline = time.monotonic() + hallmark.PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        pause.wait(0.005)


class Ordeal:
    """A signer with a token that the test spoils, and a load on it."""

    def __init__(self, row, site):
        self.row, self.site, self.token = row, site, site.token
        self.signer = site.start_signer()
        self.load = Load(site)
        self.load.wait_for(20)

    def faults_reach(self, number):
        until(lambda: self.token.get("faults") >= number,
              lambda: f"{self.token.get('faults')} faults of {number}: {self.signer.lines[-5:]}")

    def strike(self, fault, **how):
        """Injects it and waits for the first call that has it."""
        before = self.token.get("faults")
        self.token.inject(fault, **how)
        self.faults_reach(before + 1)

    def outlast(self, seconds=0, tries=TRIES):
        """The token is tried again and again in vain: no receipt leaves meanwhile."""
        before = self.token.get("faults")
        self.faults_reach(before + 1)
        receipts = self.receipts()
        until_then = time.monotonic() + seconds
        self.faults_reach(before + tries)
        until(lambda: time.monotonic() >= until_then, "the clock")
        assert self.receipts() == receipts, "a receipt without a signature"

    def receipts(self):
        return self.site.status()["counters"]["receipts"]

    def resumes(self):
        """Every connection has its receipts again, soon enough."""
        took = self.load.wait_for_each()
        print(f"     resumed after {took:.3f} s", flush=True)
        assert took < RESUME_S, f"receipts resumed only after {took:.3f} s"

    def comes_back(self):
        self.token.recover()
        self.resumes()

    def said(self, pattern):
        self.signer.wait_for(pattern)

    def finish(self):
        self.load.wait_for_each(5)
        self.load.end()
        status = self.site.status()
        assert not self.load.errors and self.load.closed == 0, (self.load.errors, self.load.closed)
        assert status["counters"]["connections_accepted"] == len(self.load.collectors), status
        assert not status["refusals"] and status["in_flight"] == 0, status
        self.gap_us = status["loop_gap_max_us"]
        assert self.signer.stop() == 0, self.signer.lines[-5:]
        verify_all(self.site, self.load.receipts)
        fsck(self.site)
        self.guard_agrees()
        counts[(self.row, "calls failed")] += self.token.get("faults")
        counts[(self.row, "receipts checked")] += len(self.load.receipts)

    def guard_agrees(self):
        note = self.site.path("log/checkpoint").read_bytes()
        _, size, root = wire.open_checkpoint(note, self.site.certificate, ORIGIN)
        guard = json.loads(self.site.hsm("show", "--json").stdout)
        assert int(guard["signed_size"]) == size, (guard, size)
        assert bytes.fromhex(guard["signed_root"]) == root, guard


@contextlib.contextmanager
def ordeal(row, jws=False, **options):
    with Site(token_module=True, **options) as site:
        if jws:
            site.write_policy(token=[{"profile": "test"}])
        site.init_key()
        site.token.make_other_key(hallmark.MODULE, site.env)
        with Metronome() as machine:
            o = Ordeal(row, site)
            try:
                yield o
                o.finish()
            except BaseException:
                print("\n".join(o.signer.lines[-15:]), flush=True)
                raise
        print(f"     largest gap of a loop {o.gap_us / 1000:.1f} ms, of the machine "
              f"{machine.worst_us / 1000:.1f} ms", flush=True)
        assert 0 < o.gap_us < GAP_US + machine.worst_us


def test_each_error_once():
    with ordeal("fails once") as o:
        for error in REFUSALS:
            o.strike("error", error=error, count=1)
            o.resumes()
        o.said("event=key-process-failed code=token")


def test_each_wrong_signature_once():
    """Verified with the certificate before anybody sees it."""
    with ordeal("signs wrongly once") as o:
        for fault in ("garbage", "short", "other_key"):
            o.strike(fault, count=1)
            o.resumes()
            o.said("event=key-process-failed code=key-mismatch")


def test_the_token_dies_and_comes_back():
    with ordeal("dies") as o:
        o.strike("error", everywhere=True, error=tc.CKR_DEVICE_REMOVED)
        o.outlast(AWAY_S, TRIES_TO_THE_LONGEST_WAIT)
        o.comes_back()
        o.said("event=key-process-failed code=token")


def test_the_token_hangs_for_ever():
    """Every call, so the start of the next key process too."""
    with ordeal("hangs", hsm=SHORT_DEADLINE) as o:
        o.strike("hang", everywhere=True)
        o.outlast(AWAY_S)
        o.comes_back()
        o.said("did not answer within deadline_ms")


def test_the_token_hangs_and_is_back_at_once():
    """What hangs in it hangs on: the worst case of the time to the next receipt."""
    with ordeal("hangs once") as o:
        o.strike("hang", count=1)
        o.comes_back()


def test_signing_hangs():
    """Login works, signatures do not."""
    with ordeal("hangs in C_Sign", hsm=SHORT_DEADLINE) as o:
        o.strike("hang")
        o.outlast()
        o.comes_back()


def test_the_module_crashes():
    with ordeal("crashes") as o:
        o.strike("crash")
        o.outlast()
        o.comes_back()


def test_the_token_refuses_to_sign():
    with ordeal("refuses") as o:
        o.strike("error", error=tc.CKR_FUNCTION_FAILED)
        o.outlast()
        o.comes_back()


def test_the_token_returns_garbage():
    with ordeal("returns garbage") as o:
        o.strike("garbage")
        o.outlast()
        o.comes_back()


def test_the_token_signs_with_another_key():
    with ordeal("signs with another key") as o:
        o.strike("other_key")
        o.outlast()
        o.comes_back()


def test_the_session_is_lost():
    with ordeal("loses its sessions") as o:
        for _ in range(3):
            before = o.token.get("faults")
            o.token.lose_sessions()
            o.faults_reach(before + 1)
            o.resumes()


def test_the_token_logs_out():
    with ordeal("logs out") as o:
        for _ in range(3):
            before = o.token.get("faults")
            o.token.log_out()
            o.faults_reach(before + 1)
            o.resumes()


def test_others_have_all_sessions():
    """The token was reset, and others were faster to open sessions."""
    with ordeal("has no session left") as o:
        before = o.token.get("faults")
        o.token.set(sessions_max=1)
        o.token.lose_sessions()
        o.faults_reach(before + 1)
        o.outlast()
        o.token.set(sessions_max=0)
        o.resumes()
        o.said("all sessions of the token are in use")
        assert not any("within deadline_ms" in line for line in o.signer.lines)


def test_a_lost_session_is_found_while_idle():
    """By the keep-alive, before a report has to wait for it; another one goes on, in the same process."""
    with Site(token_module=True, hsm={"keepalive_s": 1}) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        starts = site.status()["counters"]["key_process_starts"]
        opened = site.token.get("sessions_opened")
        site.token.lose_sessions()
        until(lambda: sum("a session was lost; another goes on" in line for line in signer.lines) == 2,
              "not each session is renewed")
        assert site.token.get("sessions_opened") == opened + 2
        faults = site.token.get("faults")
        receipts.append(collector.submit("app", APP))
        assert site.token.get("faults") == faults
        assert site.status()["counters"]["key_process_starts"] == starts
        assert signer.stop() == 0
        verify_all(site, receipts)


def test_a_token_that_was_reset_is_found_while_idle():
    """Sessions and login are gone: a fresh process, before a report has to wait for it."""
    with Site(token_module=True, hsm={"keepalive_s": 1}) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        starts = site.status()["counters"]["key_process_starts"]
        site.token.reset()
        until(lambda: site.status()["counters"]["key_process_starts"] > starts and
              site.status()["key_process"] == "up", "no fresh key process")
        faults = site.token.get("faults")
        receipts.append(collector.submit("app", APP))
        assert site.token.get("faults") == faults
        assert signer.stop() == 0
        verify_all(site, receipts)


def sweep(o, fault, short, **how):
    """The token is reset, and then one call has the fault: each of those of the next start in turn."""
    o.token.inject(fault, everywhere=True, skip=tc.FOR_EVER - 1, **how)
    o.token.reset()
    o.resumes()
    calls = tc.FOR_EVER - 1 - o.token.get("skip")
    points = range(calls) if LONG else sorted(random.Random(SEED).sample(range(calls), short))
    print(f"     {len(points)} of {calls} calls\nHALLMARK_FAULT_SEED={SEED}", flush=True)
    assert calls > 20
    for point in points:
        o.token.inject(fault, everywhere=True, skip=point, count=1, **how)
        o.token.reset()
        until(lambda: o.token.get("count") == 0, lambda n=point: f"call {n} was not made")
        o.comes_back()


def test_one_call_of_a_start_fails():
    with ordeal("fails in a start") as o:
        sweep(o, "error", 25, error=tc.CKR_DEVICE_ERROR)


def test_one_call_of_a_start_crashes():
    with ordeal("crashes in a start") as o:
        sweep(o, "crash", 10)


def test_one_call_of_a_start_hangs():
    with ordeal("hangs in a start", hsm={"deadline_ms": 300}) as o:
        sweep(o, "hang", 6)


def test_the_token_answers_slowly():
    """A report waits for the signature that is under way, and for its own."""
    latency_s = 0.114
    with ordeal("is slow") as o:
        o.token.set(latency_us=int(latency_s * 1e6))
        o.load.wait_for_each(2)
        begin = len(o.load.seconds)
        o.load.wait_for_each(10)
        seconds = sorted(o.load.seconds[begin:])
        print(f"     {len(seconds)} receipts, longest {seconds[-1]:.3f} s", flush=True)
        assert latency_s <= seconds[0] and seconds[-1] < 2 * latency_s + RESUME_S / 20, seconds
        assert not any("key-process-down" in line for line in o.signer.lines)
        o.token.set(latency_us=0)


def test_the_token_is_slower_than_its_deadline():
    """That is a token that hangs; and it is no less so when it answers at last."""
    with ordeal("is too slow", hsm={"deadline_ms": 500}) as o:
        o.token.set(latency_us=700_000)
        o.said("did not answer within deadline_ms")
        down = len(o.signer.lines)
        o.signer.wait_for("did not answer within deadline_ms", start=down)
        o.token.set(latency_us=0)
        o.resumes()


def test_the_signer_starts_without_its_token():
    with Site(token_module=True) as site:
        site.init_key()
        site.token.inject("error", everywhere=True, error=tc.CKR_DEVICE_REMOVED)
        signer = site.start_signer(wait=False)
        until(lambda: site.token.get("faults") >= TRIES, "the token is not tried")
        assert not any("event=listening" in line for line in signer.lines)
        site.token.recover()
        began = time.monotonic()
        signer.wait_for("event=listening")
        assert time.monotonic() - began < RESUME_S
        receipt = site.collector().submit("app", APP)
        assert signer.stop() == 0
        verify_all(site, [receipt])


def several_in_turn(o, chance, turns):
    everywhere = [lambda: o.strike("error", everywhere=True, error=chance.choice(REFUSALS)),
                  lambda: o.strike("hang", everywhere=True),
                  lambda: o.strike("crash", everywhere=True)]
    signing = [lambda: o.strike("error", error=chance.choice(REFUSALS)),
               *[lambda fault=f: o.strike(fault) for f in ("hang", "garbage", "short", "other_key")]]
    states = [o.token.lose_sessions, o.token.log_out]
    for _ in range(turns):
        if chance.random() < 0.3:
            o.token.set(latency_us=chance.choice((0, 1_000, 30_000)))
        if chance.random() < 0.3:
            chance.choice(states)()
        chance.choice(everywhere + signing)()
        until_then = time.monotonic() + chance.uniform(0, 2) * (10 if LONG else 0.2)
        until(lambda then=until_then: time.monotonic() >= then, "the clock")
        o.comes_back()
        o.load.wait_for_each(2)


def test_several_in_turn_with_a_signature_for_each_report():
    """JWS and checkpoints; what fails when is drawn from HALLMARK_FAULT_SEED."""
    print(f"HALLMARK_FAULT_SEED={SEED}", flush=True)
    with ordeal("in turn, with JWS", jws=True) as o:
        several_in_turn(o, random.Random(SEED), 30 if LONG else 8)
        jwk = json.loads(o.site.hsm("jwks").stdout)["keys"][0]
    receipts = o.load.receipts
    for receipt in receipts:
        if json.loads(receipt["report"])["submods"][receipt["workload"]]["ear.status"] == "affirming":
            verify_receipt_jws(receipt, jwk, o.site.certificate)
            counts[(o.row, "tokens checked")] += 1
        else:
            assert "tokens" not in receipt


if __name__ == "__main__":
    hallmark.run_tests("__main__")
