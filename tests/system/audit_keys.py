#!/usr/bin/python3
"""hallmark-audit over logs that have changed their key: which key may have signed what, and each rule
broken once, as somebody who holds one of the keys could."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import rederivation
import statements
import walking
from audit import BAD, GOOD, UNKNOWN, Bench
from hallmark import run_tests
from story import Policy, Story, succession_note, transition_note


class Told(Bench):
    """The bench of a story, with the certificates of its keys."""

    def __init__(self, story, *keys):
        super().__init__(0)
        self.story = story
        self.use(story.log)
        self.write("evidence/pack-00000001", story.evidence())
        for number, key in enumerate(keys):
            self.write(f"{number}.crt", key.pem())

    def told(self, expect, says, *numbers, receipts=()):
        """By fsck, with these certificates."""
        more = [part for n in numbers[1:] for part in ("--cert", str(self.path(f"{n}.crt")))]
        kept = ["--receipt", *map(str, receipts)] if receipts else []
        return self.fsck("--evidence", self.path("evidence"), *more, *kept, cert=f"{numbers[0]}.crt",
                         expect=expect, says=says)

    def told_alone(self, index, expect, says=""):
        """By replay of this entry alone."""
        more = [part for n in (1, 2) if self.path(f"{n}.crt").exists()
                for part in ("--cert", str(self.path(f"{n}.crt")))]
        return self.replay("--index", index, *more, cert="0.crt", expect=expect, says=says)

    def by_second_reader(self):
        walk = walking.Walk(rederivation.Store(self.path("evidence")), self.story.origin)
        for entry in self.story.log.entries:
            walk.take(entry)
        return walk.outcome()


def made(old, new, **options):
    """Two reports, the change, two more; the index of the notice."""
    s = Story(Policy(), key=old)
    s.report()
    s.wait(10).report()
    place = s.wait(10).give_way(new, **options)
    s.wait(10).report()
    s.wait(10).report()
    return s, place


OLD, NEW, THIRD = (make_log.Key() for _ in range(3))


def test_a_log_of_two_keys():
    for new in (NEW, make_log.Key(kind="rsa"), make_log.Key(kind="rsa-pss")):
        s, place = made(OLD, new)
        with Told(s, OLD, new) as bench:
            bench.told(GOOD, f"from size {place + 1} on (entry {place},", 0, 1)
            bench.told(GOOD, f"from size {place + 1} on (entry {place},", 1)
            bench.told(UNKNOWN, "changed its key", 0)
            assert bench.by_second_reader() == walking.GOOD


def test_the_old_key_signs_no_more_than_its_last_checkpoint():
    s, place = made(OLD, NEW)
    s.log.key = OLD
    with Told(s, OLD, NEW) as bench:
        bench.told(BAD, f"signs sizes from 0 to {place + 1}", 0, 1)
        bench.told(BAD, f"signs sizes from 0 to {place + 1}", 0)
    s = Story(Policy(), key=OLD)
    place = s.give_way(NEW)
    for key in (OLD, NEW):  # over the notice itself either signs
        s.log.key = key
        with Told(s, OLD, NEW) as bench:
            bench.told(GOOD, f"from size {place + 1} on", 0, 1)


def test_receipts_are_held_against_the_key_of_their_size():
    """One that the old key has signed behind its end is bad, whatever its tree is."""
    s, place = made(OLD, NEW)
    with Told(s, OLD, NEW) as bench:
        good = bench.receipt(1, name="new.tlog-proof")
        s.log.key = OLD
        early = bench.write("old.tlog-proof", s.log.receipt(1, place + 1))
        late = bench.write("late.tlog-proof", s.log.receipt(1, place + 2))
        s.log.key = NEW
        before = bench.write("before.tlog-proof", s.log.receipt(1, place))
        bench.told(GOOD, "", 0, 1, receipts=(good, early))
        bench.told(BAD, f"signs sizes from 0 to {place + 1}", 0, 1, receipts=(late,))
        bench.told(BAD, f"signs sizes from {place + 1}", 0, 1, receipts=(before,))


class Reversed(make_log.Key):
    """The line of the key beside it comes first."""

    def note(self, text, name, **options):
        return text + b"\n" + self.beside.signature_line(text, name) + self.signature_line(text, name, **options)


def test_the_key_beside_hides_no_size_that_is_not_the_keys():
    """Whoever has the old keys puts the line of the one first that no notice is about."""
    beside = make_log.Key(kind="ed25519")
    old = Reversed(beside=beside)
    s, place = made(old, NEW)
    with Told(s, old, NEW) as bench:
        bench.write("2.crt", beside.line())
        s.log.key = old
        early = bench.write("early.tlog-proof", s.log.receipt(1, place + 1))
        late = bench.write("late.tlog-proof", s.log.receipt(1, place + 2))
        bench.told(GOOD, "", 0, 1, 2, receipts=(early,))
        bench.told(BAD, f"signs sizes from 0 to {place + 1}", 0, 1, 2, receipts=(late,))
    s.log.key = old
    with Told(s, old, NEW) as bench:
        bench.write("2.crt", beside.line())
        bench.told(BAD, f"signs sizes from 0 to {place + 1}", 0, 1, 2)
        bench.told(GOOD, "which none of the log's key notices names", 2)


def test_what_is_no_transition_moves_no_log():
    other = transition_note("other.example/log", OLD, NEW)
    good = transition_note(make_log.ORIGIN, OLD, NEW)
    for note, says in (
            (transition_note(make_log.ORIGIN, OLD, NEW, signers=(OLD, OLD)), "one valid form"),
            (transition_note(make_log.ORIGIN, OLD, NEW, signers=(NEW, NEW)), "no signature by the given key"),
            (transition_note(make_log.ORIGIN, OLD, NEW, signers=(NEW, OLD)), "no signature by the given key"),
            (transition_note(make_log.ORIGIN, OLD, NEW, signers=(OLD,)), "no signature by the given key"),
            (transition_note(make_log.ORIGIN, OLD, NEW, signers=(OLD, NEW, THIRD)), "one valid form"),
            (good.replace(b"time 1", b"time 2"), "signature does not verify"),
            (transition_note(make_log.ORIGIN, THIRD, NEW), "the transition's old key"),
            (transition_note(make_log.ORIGIN, OLD, THIRD), "the transition's new key"),
            (other, "found one of other.example/log")):
        s, place = made(OLD, NEW, note=note)
        with Told(s, OLD, NEW) as bench:
            bench.told(BAD, says, 0, 1)
            assert bench.by_second_reader() == walking.BAD, says


def test_each_key_follows_the_one_before_and_none_comes_twice():
    s, _ = made(OLD, NEW)
    s.wait(10).give_way(THIRD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told(GOOD, "", 2)
        assert bench.by_second_reader() == walking.GOOD
    s.give_way(OLD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told(BAD, "was the log's before", 0, 1, 2)
        assert bench.by_second_reader() == walking.BAD
    s, _ = made(OLD, NEW)
    s.wait(10).give_way(THIRD, frm=OLD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told(BAD, "the key that gives way", 0, 1, 2)
        assert bench.by_second_reader() == walking.BAD


def test_a_key_notice_alone_is_held_against_those_before_it():
    """Of a log that was restarted between the changes of its key."""
    s, first = made(OLD, NEW)
    s.wait(10).start()
    place = s.wait(10).give_way(THIRD)
    with Told(s, OLD, NEW, THIRD) as bench:
        for index in (first, place):
            bench.told_alone(index, GOOD)
    again = s.give_way(OLD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told_alone(again, BAD, "was the log's before")
    s, first = made(OLD, NEW)
    s.wait(10).start()
    place = s.wait(10).give_way(THIRD, frm=OLD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told_alone(first, GOOD)
        bench.told_alone(place, BAD, "the key that gives way")


def test_a_key_notice_alone_behind_one_that_moves_no_log():
    """It is told of that entry; the key before it is still the log's."""
    s, first = made(OLD, NEW, note=transition_note(make_log.ORIGIN, OLD, NEW, signers=(OLD,)))
    place = s.wait(10).give_way(THIRD, frm=OLD)
    with Told(s, OLD, NEW, THIRD) as bench:
        bench.told_alone(first, BAD, "no signature by the given key")
        bench.told_alone(place, GOOD)


PEOPLE = {name: statements.Key() for name in ("ann", "ben", "eve")}


def continued(names=("ann", "ben"), said=(), listed=None, newest=None, told=None, signer=None, **fields):
    """A log whose key is lost, and goes on as these operators say; the index of the notice."""
    text = statements.operators_text(
        [("ann", ["approve", "continue-key"], PEOPLE["ann"]), ("ben", ["continue-key"], PEOPLE["ben"]),
         ("eve", ["maintenance"], PEOPLE["eve"])], {"continue-key": 2})
    s = Story(Policy(operators=text), key=OLD)
    s.report()
    s.wait(10)
    real = (3, s.log.tree.root(0, 3))
    size, root = told or real
    about = {"from": make_log.sha256(OLD.spki).hex(), "root": root.hex(), "size": str(size),
             "to": make_log.sha256(NEW.spki).hex(), **dict(said)}
    envelopes = [s.state(PEOPLE[name], "continue-key", about, **fields) for name in names]
    note = succession_note(s.origin, OLD, NEW, newest or told or real, envelopes if listed is None else envelopes[:listed],
                           signer)
    place = s.give_way(NEW, note=note)
    s.wait(10).report()
    return s, place


def test_a_log_that_goes_on_without_its_key():
    s, place = continued()
    with Told(s, OLD, NEW) as bench:
        bench.told(GOOD, "the key before was lost", 0, 1)
        bench.told(UNKNOWN, "changed its key", 0)
        bench.fsck("--cert", str(bench.path("1.crt")), cert="0.crt", expect=UNKNOWN, says="statements of operators")
        assert bench.by_second_reader() == walking.GOOD


def test_a_log_goes_on_by_nothing_less():
    """Each rule broken once, as somebody who holds the new key could."""
    for options in (dict(names=("ann",)), dict(listed=1), dict(names=("ann", "ann")),
                    dict(said={"size": "4"}), dict(said={"root": "11" * 32}), dict(newest=(4, bytes(32))),
                    dict(said={"to": "11" * 32}), dict(said={"from": "11" * 32}), dict(signer=OLD)):
        s, _ = continued(**options)
        with Told(s, OLD, NEW) as bench:
            says = "no signature" if "signer" in options else "does not count"
            bench.told(BAD, says, 0, 1)
            assert bench.by_second_reader() == walking.BAD, options
    for told in ((3, bytes(32)), (9, bytes(32))):
        s, _ = continued(told=told)
        with Told(s, OLD, NEW) as bench:
            bench.told(BAD, "is not how this log began", 0, 1)
            assert bench.by_second_reader() == walking.BAD, told


if __name__ == "__main__":
    run_tests(__name__)
