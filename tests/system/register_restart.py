#!/usr/bin/python3
"""A register that is started again goes on from where it was, as if it had never ended; what it goes on
from is a cache, and whatever is wrong with it the log is walked again."""

import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
from hallmark import run_tests
from registered import Made, Register
from story import Policy, Story
from vouching import CA

ANN = statements.Key()


def went_on(register, size):
    register.process.wait_for(f'event=walk-goes-on text="made: behind {size} entries"')


def again(register):
    register.stop()
    register.start()


def test_it_goes_on_and_not_from_the_first_entry():
    with Made(20000) as made, Register(made.config(), follow={"freeze_every_s": 1}) as register:
        register.start()
        register.followed("made", 20000)
        again(register)
        register.followed("made", 20000)
        assert any("event=walk-goes-on" in line for line in register.process.lines)
        workload = make_log.Workload("grown")
        made.grow(*(workload.report(time_s=make_log.TIME_S + 1000) for _ in range(300)))
        good, bad, unknown = register.followed("made", 20300)
        assert 300 <= good < 20300 and (bad, unknown) == (0, 0), (good, bad, unknown)
        assert not register.alarms()


def stories():
    """Logs with something of everything, also of what is wrong."""
    ca, theirs = CA("hosts"), CA("theirs")
    s = Story(Policy(operators=statements.operators_text(
        [("ann", ["approve", "revoke", "retire", "hold", "maintenance"], ANN)])))
    s.approve(ANN, s.policy)
    hosts = [ca.collector(), theirs.collector()]
    s.records += [(make_log.CERTIFICATE, host[0]) for host in hosts]
    for round_ in range(6):
        s.wait(20)
        s.report("app", signer=hosts[0] if round_ % 2 else None)
        s.report("other", data=make_log.EVIL if round_ == 3 else make_log.GOOD)
        if round_ == 2:
            s.report("signed", signer=hosts[1])
        if round_ == 3:
            s.start()
        if round_ == 4:
            s.append(b"garbage")
    s.report("promises", next_s=30)
    s.wait(3000)
    s.report("app")
    return s, ca


def outcome_of(register):
    return sorted(register.alarms(), key=str)


def test_whenever_it_is_started_again_it_finds_the_same():
    """At every cut of a log, also a hostile one: what is found is what one run over all of it finds."""
    story, ca = stories()
    entries = story.log.entries
    with Made(0).tell(story) as made:
        path = made.write("ca.pem", ca.pem())
        trust = {"collectors_ca": [str(path)], "approvers": [ANN.id]}
        with Register(made.config(**trust)) as register:
            register.start()
            whole = register.followed("made", len(entries))
            expected = outcome_of(register)
            register.stop()
        assert expected and whole[1] > 0, (expected, whole)
        for cut in range(1, len(entries)):
            log = make_log.Log(story.log.key)
            for entry in entries[:cut]:
                log.append(entry)
            made.use(log)
            with Register(made.config(**trust)) as register:
                register.start()
                first = register.followed("made", cut)
                register.stop()
                made.publish(story.log)
                register.start()
                went_on(register, cut)
                last = register.followed("made", len(entries))
                assert tuple(a + b for a, b in zip(first, last)) == whole, (cut, first, last, whole)
                # A first policy that is not approved yet is one where the log ends there.
                more = set(register.alarms()) - set(expected)
                assert more <= {("unapproved", 1)}, (cut, more)
                assert set(expected) <= set(register.alarms()), (cut, register.alarms(), expected)


def test_a_damaged_walk_is_walked_again():
    with Made(300) as made, Register(made.config()) as register:
        register.start()
        register.followed("made", 300)
        register.stop()
        path = register.state("made", "walk")
        whole = path.read_bytes()
        draw = random.Random(1)
        damaged = [b"", whole[:40], whole[:-1], whole + b"\0", b"hallmark walk 2\n" + whole[16:]]
        for _ in range(3):
            at = draw.randrange(len(whole))
            damaged.append(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1:])
        for content in damaged:
            path.write_bytes(content)
            register.start()
            register.process.wait_for("event=walk-again")
            assert register.followed("made", 300) == (300, 0, 0)
            assert not register.alarms()
            register.stop()
        assert path.read_bytes() == whole, "what is frozen of one log has one form"


def test_a_walk_under_another_trust_is_walked_again():
    ca = CA("hosts")
    with Made(300) as made, Register(made.config()) as register:
        register.start()
        register.followed("made", 300)
        register.stop()
        register.logs = [made.config(collectors_ca=[str(made.write("ca.pem", ca.pem()))])]
        register.write()
        register.start()
        assert register.followed("made", 300) == (300, 0, 0)
        assert not any("event=walk-goes-on" in line for line in register.process.lines)


if __name__ == "__main__":
    run_tests(__name__)
