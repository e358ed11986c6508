#!/usr/bin/python3
"""The sync of the guard's state held, while the token signs the checkpoint that this state covers.

The signature is done first, every time, as it may be with a slow disk and a fast token: what must
hold is that it does not leave until the sync is over, and never if the sync or the process fails.
"""

import contextlib
import errno
import pathlib
import re
import select
import signal
import threading
import time

import hallmark
import keychannel
import token_control
from keychannel import (TOKEN, UNLOGGED, Gone, KeyProcess, Tree, checkpoint_request, grown, make_site,
                        real_reports, refused, reports, signed, token_request, told_why)
from underfire import FaultyCalls, count

ENVIRONMENT_STORAGE = 600  # error of an answer: the guard's state could not be written
TOKEN_FAILED = 602
OLD, NEW = 9, 11  # reports: in the tree that is signed, and in the one that is asked for


def until(condition, what):
    deadline = time.monotonic() + hallmark.PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.002)


class Trial:
    """A key process on a tree of OLD reports, which is then asked to sign one of NEW."""

    def __init__(self, site, key, faulty):
        self.site, self.key, self.faulty = site, key, faulty
        self.tree = grown(key, site, OLD, real_reports)
        self.larger = Tree(self.tree.entries + real_reports(NEW - OLD, OLD))
        self.request = checkpoint_request(NEW, self.larger.hash(), self.larger.consistency(OLD))

    @contextlib.contextmanager
    def held(self, more=b"", number=0):
        """With the request sent and the sync of its state begun; left, the sync goes on."""
        with self.faulty.held("fdatasync", "/guard/", number):
            self.key.send(self.request + more)
            until(lambda: self.faulty.hits() == 1, "the state is not synced")
            yield
            count("guard: sync held", "points")

    def wait_until_done(self):
        """By a signing thread: it wakes the main thread, which alone could send it.

        Were the main thread free, it would read the event, and the answer would come instead."""
        until(lambda: self.events() or self.heard(0), "nothing is signed")

    def events(self):
        process = pathlib.Path(f"/proc/{self.key.process.pid}")
        return sum(int(number) for fd in (process / "fdinfo").iterdir()
                   for number in re.findall(r"^eventfd-count: +([0-9a-f]+)$", fd.read_text(), re.M))

    def heard(self, seconds):
        return bool(select.select([self.key.channel], [], [], seconds)[0])

    def is_silent(self):
        """For long enough that a free main thread would have answered."""
        assert not self.heard(0.2), self.key.receive()

    def ends_without_a_byte(self):
        try:
            raise AssertionError(self.key.receive())
        except Gone as gone:
            assert str(gone).startswith("after 0 of"), gone
        return self.key.process.wait()

    def is_signed_after_a_restart(self):
        """Persisted or not, both are the truth; the same tree is signed, and no other of its size."""
        self.key.kill()
        with KeyProcess(self.site) as key:
            assert key.state.size in (OLD, NEW), key.state
            signed(self.site, key.sign(self.larger, key.state.size), self.larger)
            other = Tree(self.tree.entries + reports(NEW - OLD, OLD, "other"))
            refused(key.checkpoint(NEW, other.hash(), []), keychannel.FORK, NEW,
                    self.larger.hash())


@contextlib.contextmanager
def trial(**hsm):
    with make_site(token_module=True, hsm=hsm) as site:
        faulty = FaultyCalls(site)
        site.env.update(faulty.env)
        with KeyProcess(site) as key:
            yield Trial(site, key, faulty)


def test_a_signature_waits_for_the_sync_of_its_state():
    with trial() as t:
        signs = t.site.token.get("signs")
        with t.held():
            t.wait_until_done()
            assert t.site.token.get("signs") == signs + 1
            t.is_silent()
        signed(t.site, t.key.receive(), t.larger)
        count("guard: sync held", "answers that waited")


def test_a_failed_sync_throws_the_signature_away():
    """It fails once: were it tried again, that would go well, and the signature would leave."""
    for number in (errno.EIO, errno.ENOSPC):
        with trial() as t:
            with t.held(number=number):
                t.wait_until_done()
                t.is_silent()
            refused(t.key.receive(), ENVIRONMENT_STORAGE, OLD, t.tree.hash())
            assert t.ends_without_a_byte() == 1
            t.key.process.wait_for("/guard/.*cannot write the guard's state")
            t.is_signed_after_a_restart()
            count("guard: sync held", "signatures thrown away")


def test_a_tree_whose_state_is_not_synced_proves_no_report():
    with trial() as t:
        wanted = token_request(OLD, t.larger.entries[OLD], t.larger.inclusion(OLD), NEW, 2)
        with t.held(more=wanted):
            t.wait_until_done()
            t.is_silent()
        answer = t.key.receive()
        assert answer.type == TOKEN
        refused(answer, UNLOGGED, NEW, t.larger.hash())
        signed(t.site, t.key.receive(), t.larger)
        answer = t.key.token(OLD, t.larger.entries[OLD], t.larger.inclusion(OLD), NEW)
        assert answer.error == 0, answer


def test_tokens_that_were_given_away_before_wait_like_the_checkpoint():
    with trial() as t:
        wanted = token_request(1, t.tree.entries[1], t.tree.inclusion(1), OLD, 2)
        t.request = wanted + t.request
        with t.held():
            # Handed over one by one or together, as it happens.
            until(lambda: t.events() >= 1 or t.heard(0), "nothing is signed")
            t.is_silent()
        answers = {answer.type: answer for answer in (t.key.receive(), t.key.receive())}
        assert answers[TOKEN].error == 0, answers
        signed(t.site, answers[keychannel.CHECKPOINT], t.larger)


def test_a_death_while_the_sync_is_held_gives_nothing_away():
    for number in (signal.SIGKILL, signal.SIGTERM):
        with trial() as t:
            with t.held():
                t.wait_until_done()
                t.key.process.signal(number)
                assert t.ends_without_a_byte() == -number
            t.is_signed_after_a_restart()
            count("guard: sync held", "kills")


def test_a_signer_that_hangs_up_meanwhile_gets_nothing():
    with trial() as t:
        with t.held():
            t.wait_until_done()
            t.key.channel.close()
        assert t.key.process.wait() in (0, 1)
        t.is_signed_after_a_restart()


def test_a_token_that_fails_meanwhile_is_told_when_the_state_is_durable():
    with trial() as t:
        t.site.token.inject("error", error=token_control.CKR_DEVICE_ERROR)
        with t.held():
            t.wait_until_done()
            t.is_silent()
        answer = t.key.receive()
        assert answer.error == TOKEN_FAILED and b"\xe2\x80\x94" not in answer.body, answer
        assert (answer.size, answer.root) == (NEW, t.larger.hash())
        assert t.ends_without_a_byte() == 1
        t.site.token.recover()
        t.is_signed_after_a_restart()


def test_a_token_and_a_sync_that_both_fail_are_one_failed_sync():
    with trial() as t:
        t.site.token.inject("error", error=token_control.CKR_DEVICE_ERROR)
        with t.held(number=errno.EIO):
            t.wait_until_done()
        refused(t.key.receive(), ENVIRONMENT_STORAGE, OLD, t.tree.hash())
        assert t.ends_without_a_byte() == 1
        t.site.token.recover()
        t.is_signed_after_a_restart()


def test_a_token_that_hangs_meanwhile_is_ended_by_its_deadline():
    with trial(deadline_ms=500) as t:
        t.site.token.inject("hang")
        with t.held():
            told_why(t.key, TOKEN_FAILED)
            assert t.ends_without_a_byte() == -signal.SIGALRM
            t.key.process.wait_for("did not answer within deadline_ms")
        t.site.token.recover()
        t.is_signed_after_a_restart()


def test_a_session_found_dead_meanwhile_ends_it_unanswered():
    """Its keep-alive fails, another session has signed: the main thread takes nothing any more."""
    with trial(keepalive_s=1) as t:
        with t.held():
            t.wait_until_done()
            t.site.token.inject("error", error=token_control.CKR_DEVICE_ERROR)
            until(lambda: t.site.token.get("faults") > 0, "no keep-alive")
            t.is_silent()
        told_why(t.key, TOKEN_FAILED)
        assert t.ends_without_a_byte() == 1
        t.site.token.recover()
        t.is_signed_after_a_restart()


def test_the_order_of_the_calls():
    """Of the main thread, for each checkpoint: written, synced, and only then an answer."""
    with make_site() as site:
        path = site.path("trace")
        trace = ["strace", "-f", "-y", "-o", str(path), "-e", "trace=pwrite64,fdatasync,write"]
        with KeyProcess(site, prefix=trace) as key:
            tree = grown(key, site, 1)
            for size in range(2, 8):
                tree.add(*reports(1, size - 1))
                signed(site, key.sign(tree, size - 1), tree)
            signed(site, key.sign(tree, 7), tree)
            assert key.hang_up() == 0
        calls = re.findall(r"^(\d+) +(\w+)\((\d+)<([^>]*)>", path.read_text(), re.M)
        calls = [(thread, call if "/guard/" in name else "answer")
                 for thread, call, fd, name in calls
                 if re.search("/guard/(?!pin-refused-|token-seen-)", name) or fd == "3"]
        assert len({thread for thread, _ in calls}) == 1, calls
        # At the start the longest lifetime of a profile, the state that was found, and its introduction; the
        # same tree needs neither.
        assert [call for _, call in calls] == \
            ["pwrite64", "fdatasync"] + ["pwrite64", "fdatasync", "answer"] * 8 + ["answer"]


if __name__ == "__main__":
    hallmark.run_tests("__main__")
