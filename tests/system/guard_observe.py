#!/usr/bin/python3
"""A guard that is behind its key, as a standby's is, and a hostile signer that may show it notes.

It moves to what this key has signed and to nothing else, never back, never to the side; it is on the
disk before it answers, and the token signs nothing for it.
"""

import contextlib
import random
import re
import shutil

import hallmark
import keychannel
import make_log
from hallmark import ORIGIN
from keychannel import (CHECKPOINT, FORK, FORMAT, MISMATCH, OBSERVE, ROLLBACK, SIGNATURE, TOKEN,
                        UNKNOWN_KEY, UNLOGGED, KeyProcess, Tree, certificate_of, checkpoint_request,
                        claims_of, grown, jwk_of, make_site, observe_request, real_reports, refused,
                        reports, signed, token_request, verify_jws)

BEHIND, AHEAD = 9, 20  # reports of the guard's tree, and of the newest that the key has signed


class Standby:
    """A key process whose guard is at BEHIND, and the notes that its key has signed meanwhile."""

    def __init__(self, site):
        self.site = site
        self.tree = Tree(real_reports(AHEAD))
        self.trees = {size: Tree(self.tree.entries[:size]) for size in range(AHEAD + 1)}
        self.notes, old = {}, 0
        for size in (4, BEHIND, 13, 14, AHEAD):
            if size == 13:
                shutil.copytree(site.path("guard"), site.path("guard-behind"))
            with KeyProcess(site) as key:
                answer = key.sign(self.trees[size], old)
                signed(site, answer, self.trees[size])
            self.notes[size], old = answer.body, size
        shutil.rmtree(site.path("guard"))
        site.path("guard-behind").rename(site.path("guard"))

    def proof(self, size, old=BEHIND):
        return self.trees[size].consistency(old)

    def observe(self, key, size, old=BEHIND):
        return key.observe(size, self.trees[size].hash(), self.proof(size, old), self.notes[size])

    def behind(self):
        return BEHIND, self.trees[BEHIND].hash()


@contextlib.contextmanager
def standby(**options):
    with make_site(**options) as site:
        s = Standby(site)
        with KeyProcess(site) as key:
            assert (key.state.size, key.state.root) == s.behind()
            yield s, key


def observed(answer, tree):
    assert answer.error == 0 and answer.type == OBSERVE and answer.body == b"", answer
    assert (answer.size, answer.root) == (len(tree), tree.hash())


def test_it_moves_to_what_its_key_has_signed():
    with standby() as (s, key):
        for old, size in ((BEHIND, 13), (13, 14), (14, 14), (14, AHEAD), (AHEAD, AHEAD)):
            observed(s.observe(key, size, old), s.trees[size])
        key.kill()  # at once: it is on the disk
        with KeyProcess(s.site) as again:
            assert (again.state.size, again.state.root) == (AHEAD, s.tree.hash())
            refused(again.sign(s.trees[14], 14), ROLLBACK, AHEAD, s.tree.hash())
            larger = Tree(s.tree.entries + reports(3, AHEAD))
            signed(s.site, again.sign(larger, AHEAD), larger)


def test_nothing_is_signed_for_it():
    with standby(token_module=True) as (s, key):
        before = s.site.token.get("signs")
        for old, size in ((BEHIND, 13), (13, AHEAD)):
            observed(s.observe(key, size, old), s.trees[size])
        refused(s.observe(key, 14), ROLLBACK, AHEAD, s.tree.hash())
        assert s.site.token.get("signs") == before
        signed(s.site, key.sign(s.tree, AHEAD), s.tree)
        assert s.site.token.get("signs") == before + 1


def test_it_is_durable_before_the_answer():
    with make_site() as site:
        s = Standby(site)
        path = site.path("trace")
        trace = ["strace", "-f", "-y", "-o", str(path), "-e", "trace=pwrite64,fdatasync,write"]
        with KeyProcess(site, prefix=trace) as key:
            for old, size in ((BEHIND, 13), (13, 13), (13, AHEAD)):
                observed(s.observe(key, size, old), s.trees[size])
            assert key.hang_up() == 0
        calls = re.findall(r"^(?:\d+) +(\w+)\((\d+)<([^>]*)>", path.read_text(), re.M)
        calls = [call if "/guard/" in name else "answer" for call, fd, name in calls
                 if ("/guard/" in name or fd == "3") and "pin-refused" not in name]
        moved = ["pwrite64", "fdatasync", "answer"]
        assert calls == moved * 2 + ["answer"] + moved, calls  # the first are the start's


def test_a_failed_write_of_the_state_ends_it():
    for call in ("pwrite64", "fdatasync"):
        with make_site() as site:
            s = Standby(site)
            path = site.guard_file()
            trace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                     f"inject={call}:error=EIO:when=2+", "-P", str(path)]
            with KeyProcess(site, prefix=trace) as key:
                refused(s.observe(key, AHEAD), 600, *s.behind())
                assert key.process.wait() == 1


def test_a_smaller_tree_is_a_rollback():
    with standby() as (s, key):
        refused(key.observe(4, s.trees[4].hash(), [], s.notes[4]), ROLLBACK, *s.behind())
        observed(s.observe(key, AHEAD), s.tree)
        for size in (4, BEHIND, 13, 14):
            refused(key.observe(size, s.trees[size].hash(), [], s.notes[size]), ROLLBACK, AHEAD,
                    s.tree.hash())


def test_a_proof_that_shows_something_else_is_a_fork():
    with standby() as (s, key):
        proof, note, root = s.proof(AHEAD), s.notes[AHEAD], s.tree.hash()
        bad = [proof[:-1], proof[1:], proof[::-1], [], proof + [bytes(32)], [bytes(32)] * 65,
               s.proof(AHEAD, 4), s.proof(13)]
        bad += [proof[:i] + [bytes([proof[i][0] ^ 128]) + proof[i][1:]] + proof[i + 1:]
                for i in range(len(proof))]
        for wrong in bad:
            refused(key.observe(AHEAD, root, wrong, note), FORK, *s.behind())
        observed(key.observe(AHEAD, root, proof, note), s.tree)


def test_a_fork_that_the_key_has_signed_is_not_taken_over():
    """Two guards of one key that knew nothing of each other: it is said, and neither gives way."""
    with make_site() as site:
        shutil.copytree(site.path("guard"), site.path("other"))
        with KeyProcess(site) as key:
            ours = grown(key, site, 6)
        site.path("guard").rename(site.path("ours"))
        site.path("other").rename(site.path("guard"))
        with KeyProcess(site) as key:
            theirs = Tree(reports(6, 0, "other"))
            signed(site, key.sign(theirs, 0), theirs)
            longer = Tree(theirs.entries + reports(3, 6, "other"))
            note = key.sign(longer, 6).body
        site.path("guard").rename(site.path("other"))
        site.path("ours").rename(site.path("guard"))
        with KeyProcess(site) as key:
            refused(key.observe(9, longer.hash(), longer.consistency(6), note), FORK, 6,
                    ours.hash())
            key.process.wait_for("which this key has signed")


def note_of(text, signer, name=ORIGIN, key_id=None):
    """By a key of the attacker's, which may say that it is another."""
    key_id = signer.key_id(name) if key_id is None else key_id
    return text + b"\n" + f"\u2014 {name} {make_log.b64(key_id + signer.sign(text))}\n".encode()


def forgeries(s):
    """(what, note, error): the tree that goes with each is honest, and so is the proof."""
    note = s.notes[AHEAD]
    text, line = note[:note.index(b"\n\n") + 1], note[note.index(b"\n\n") + 2:]
    attacker, ours = make_log.Key(ORIGIN), certificate_of(s.site)
    spki = ours.public_key().public_bytes(keychannel.serialization.Encoding.DER,
                                          keychannel.serialization.PublicFormat.SubjectPublicKeyInfo)
    our_id = keychannel.sha256(spki)[:4]
    yield "another key", note_of(text, attacker), UNKNOWN_KEY
    yield "another key that says it is ours", note_of(text, attacker, key_id=our_id), SIGNATURE
    yield "our key under another name", note.replace(
        f"\u2014 {ORIGIN} ".encode(), "\u2014 elsewhere ".encode()), UNKNOWN_KEY
    yield "an RSA key", note_of(text, make_log.Key(ORIGIN, "rsa")), UNKNOWN_KEY
    yield "no signature line", text + b"\n", FORMAT
    yield "a text alone", text, FORMAT
    yield "a signature alone", line, FORMAT
    yield "our signature of another size", s.notes[13][:s.notes[13].index(b"\n\n") + 2] + line, SIGNATURE
    yield "our signature, the size said otherwise", note.replace(b"\n20\n", b"\n21\n"), SIGNATURE
    yield "a smaller tree that is signed", s.notes[13], MISMATCH
    yield "an older tree that is signed", s.notes[4], MISMATCH
    yield "twice signed", note + line, FORMAT
    yield "a JWS", b"eyJhbGciOiJFUzI1NiJ9.e30.AAAA", FORMAT
    yield "zeros", bytes(len(note)), FORMAT
    yield "the largest note", text + b"\n" + b"x" * (65536 - len(text) - 1), FORMAT


def test_a_tree_that_the_key_has_not_signed_is_refused():
    """The proof is good: who controls the signer can grow the log by whatever it likes."""
    with standby() as (s, key):
        for what, note, error in forgeries(s):
            answer = key.observe(AHEAD, s.tree.hash(), s.proof(AHEAD), note)
            assert answer.error == error, (what, answer)
            refused(answer, error, *s.behind())
        # What is signed elsewhere is signed: the size is the request's, the root another.
        other = Tree(s.trees[BEHIND].entries + reports(AHEAD - BEHIND, BEHIND, "other"))
        refused(key.observe(AHEAD, other.hash(), other.consistency(BEHIND), s.notes[AHEAD]),
                MISMATCH, *s.behind())
        key.kill()
        with KeyProcess(s.site) as again:
            assert (again.state.size, again.state.root) == s.behind()
            observed(s.observe(again, AHEAD), s.tree)


def test_every_changed_byte_of_a_note_is_refused():
    with standby() as (s, key):
        note = s.notes[AHEAD]
        flood = b""
        for at, byte in enumerate(note):
            changed = note[:at] + bytes([byte ^ random.Random(at).choice((1, 2, 16, 128))]) + note[at + 1:]
            flood += observe_request(AHEAD, s.tree.hash(), s.proof(AHEAD), changed, at + 1)
        key.send(flood)
        for at in range(len(note)):
            answer = key.receive()
            assert answer.id == at + 1 and answer.error != 0, (at, answer)
            refused(answer, answer.error, *s.behind())
        observed(s.observe(key, AHEAD), s.tree)


def test_a_note_that_witnesses_have_signed_too_is_taken():
    with standby() as (s, key):
        witness = make_log.Key("witness.example/1")
        text = s.notes[AHEAD][:s.notes[AHEAD].index(b"\n\n") + 1]
        note = s.notes[AHEAD] + witness.signature_line(text, "witness.example/1")
        observed(key.observe(AHEAD, s.tree.hash(), s.proof(AHEAD), note), s.tree)


def test_reports_of_an_observed_tree_get_their_tokens():
    with standby() as (s, key):
        report, proof = s.tree.entries[15], s.tree.inclusion(15)
        refused(key.token(15, report, proof, AHEAD), UNLOGGED, *s.behind())
        observed(s.observe(key, AHEAD), s.tree)
        answer = key.token(15, report, proof, AHEAD)
        assert answer.error == 0, answer
        verify_jws(answer.body, jwk_of(s.site), certificate_of(s.site), claims_of(report, 15))
        # And those of the tree that it had before.
        first = s.trees[BEHIND]
        assert key.token(1, first.entries[1], first.inclusion(1), BEHIND).error == 0


def test_it_waits_for_a_checkpoint_that_is_being_signed():
    """Which has moved the guard already; and is answered before it. Tokens wait for neither."""
    with standby(token_module=True) as (s, key):
        s.site.token.set(latency_us=200_000)
        key.send(checkpoint_request(13, s.trees[13].hash(), s.proof(13), 1) +
                 observe_request(AHEAD, s.tree.hash(), s.proof(AHEAD, 13), s.notes[AHEAD], 2) +
                 checkpoint_request(AHEAD, s.tree.hash(), [], 3) +
                 observe_request(AHEAD, s.tree.hash(), [], s.notes[AHEAD], 4) +
                 token_request(3, s.tree.entries[3], s.tree.inclusion(3), AHEAD, 5))
        answers = [key.receive() for _ in range(5)]
        assert [a.error for a in answers] == [0] * 5, answers
        in_order = [a for a in answers if a.type != TOKEN]
        assert [(a.id, a.type) for a in in_order] == [
            (1, CHECKPOINT), (2, OBSERVE), (3, CHECKPOINT), (4, OBSERVE)], answers
        signed(s.site, in_order[0], s.trees[13])
        observed(in_order[1], s.tree)
        signed(s.site, in_order[2], s.tree)


if __name__ == "__main__":
    hallmark.run_tests(__name__)
