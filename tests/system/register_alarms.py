#!/usr/bin/python3
"""What whoever has taken over a signer may do with its log, and the register tells: an alarm each, which
names the entry, is durable, is told once, and stands until somebody acknowledges it."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
from audit import BAD
from hallmark import run_tests
from registered import Made, Register
from story import Policy, Story
from vouching import CA

ANN, EVE = statements.Key(), statements.Key()


def operators():
    return statements.operators_text([("ann", ["approve", "revoke", "retire", "hold"], ANN)])


def following(made, **options):
    """A register that has followed what there is."""
    register = Register(made.config(**options.pop("log", {})), **options)
    register.start()
    return register


def expect_once(register, *alarms):
    """These, and each of them once; also behind a restart, where they stand."""
    assert register.alarms() == list(alarms), register.alarms()
    register.stop()
    register.start()
    register.process.wait_for("event=(caught-up|log-alarm)")
    for kind, entry in alarms:
        where = f"entry={entry} " if entry is not None else ""
        register.process.wait_for(f"event=log-alarm-stands log=made kind={kind} {where}")
    again = [line for line in register.process.lines if "event=log-alarm " in line]
    assert not again, again


# --- the log as a whole --------------------------------------------------------------------------


def forked(made, size, at):
    """Another log by the same key: it has other entries from `at` on."""
    log = make_log.Log(made.log.key)
    for entry in made.log.entries[:at]:
        log.append(entry)
    other = make_log.Workload("other")
    while len(log.entries) < size:
        log.append(other.report())
    return log


def test_a_fork_of_the_same_size_is_told_with_its_proof():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        made.publish(forked(made, 20, 19))
        register.alarm("fork", says="each is of 20 entries, and their roots differ")
        expect_once(register, ("fork", None))
        proof = register.state("made", "fork-proof")
        made.verify(proof, expect=BAD, says="each is of 20 entries, and their roots differ")


def test_a_fork_that_has_grown_is_told_and_not_followed():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        made.publish(forked(made, 600, 10))
        register.alarm("fork", says="the 20 entries of the one are not the first of the 600")
        assert not any("size=600" in line for line in register.process.lines)
        # The log that was verified goes on: it is followed, and the alarm stands.
        made.grow(make_log.Workload("more").report())
        assert register.followed("made", 21) == (21, 0, 0)
        expect_once(register, ("fork", None))


def test_a_fork_while_the_register_is_away_is_told():
    with Made(300) as made, following(made) as register:
        register.followed("made", 300)
        register.stop()
        made.publish(forked(made, 700, 299))
        register.start()
        register.alarm("fork", says="of the 700 of the other")


def test_a_log_that_was_set_back_is_told():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        verified = register.state("made", "verified").read_bytes()
        log = make_log.Log(made.log.key)
        for entry in made.log.entries[:15]:
            log.append(entry)
        made.publish(log)
        register.alarm("rollback", says="expected the 20 entries that were verified, or more, found 15")
        assert register.state("made", "verified").read_bytes() == verified
        expect_once(register, ("rollback", None))
        assert register.state("made", "verified").read_bytes() == verified


def test_a_checkpoint_by_another_key_is_told():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        log = make_log.Log(make_log.Key())
        for entry in made.log.entries:
            log.append(entry)
        log.append(make_log.Workload("more").report())
        made.publish(log)
        register.alarm("bad-seal")
        expect_once(register, ("bad-seal", None))


def test_a_wrong_signature_is_told():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        path = made.path("log/checkpoint")
        text = path.read_bytes().replace(b"\n20\n", b"\n21\n")
        path.write_bytes(text)
        register.alarm("bad-seal")


def test_entries_that_do_not_lead_to_the_root_are_told_and_not_heard():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        log = forked(made, 400, 20)
        lie = make_log.Workload("lie").report(make_log.EVIL)
        log.entries[300] = lie  # the tree has another
        made.publish(log)
        register.alarm("bad-tree", says="entry 300: hashes to")
        assert not any("replayed=400" in line for line in register.process.lines)
        made.publish(forked(made, 400, 20))
        assert register.followed("made", 400) == (400, 0, 0)  # put right, it is followed
        expect_once(register, ("bad-tree", None))


def test_what_is_gone_is_told():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        made.path("log/checkpoint").unlink()
        register.alarm("unreadable", says="checkpoint: there is no such file")
        expect_once(register, ("unreadable", None))


# --- entries -------------------------------------------------------------------------------------


def test_a_forged_verdict_is_told():
    lie = make_log.Workload("app").report(
        make_log.EVIL, status="affirming", vector={"instance-identity": 2, "executables": 2}, findings=[])
    with Made(2) as made, following(made) as register:
        made.grow(make_log.Workload("other").report(), lie, make_log.Workload("third").report())
        assert register.followed("made", 5) == (4, 1, 0)
        register.alarm("bad-verdict", entry=3,
                       says="policy and evidence give contraindicated, the log has affirming")
        expect_once(register, ("bad-verdict", 3))


def test_an_entry_that_is_none_is_told():
    with Made(2) as made, following(made) as register:
        made.grow(b"garbage", make_log.Workload("other").report())
        register.alarm("bad-entry", entry=2, says="found none of them")
        expect_once(register, ("bad-entry", 2))


def test_a_broken_chain_is_told():
    with Made(2) as made, following(made) as register:
        workload = make_log.Workload("app")
        first, _, third = (workload.report() for _ in range(3))
        made.grow(first, third)
        register.alarm("bad-entry", entry=3)
        expect_once(register, ("bad-entry", 3))


def test_an_entry_of_a_later_version_is_told():
    with Made(2) as made, following(made) as register:
        made.grow(b'{"hallmark.later":1}')
        register.process.wait_for("event=log-alarm .* entry=2 ")
        assert register.alarms()[0][0] in ("unreadable", "bad-entry")


def test_a_policy_without_approvals_is_told():
    story = Story(Policy(operators=operators()))
    story.approve(ANN, story.policy)
    story.report()
    size = len(story.log.entries)
    story.adopt(Policy("lax"))
    story.report()
    with Made(0).tell(story) as made, following(made, log={"approvers": [ANN.id]}) as register:
        register.alarm("unapproved", entry=size, says="demands 1 approvals of the next, this one rests on 0")
        # What is judged by it is not good either, although it replays well.
        assert register.followed("made", size + 2) == (size, 2, 0)
        expect_once(register, ("unapproved", size))


def test_a_first_policy_that_nobody_named_approved_is_told():
    story = Story(Policy(operators=operators()))
    story.approve(ANN, story.policy)
    story.report()
    with Made(0).tell(story) as made, following(made, log={"approvers": [EVE.id]}) as register:
        register.alarm("unapproved", entry=1, says="by none of the keys that were named")
        expect_once(register, ("unapproved", 1))


def test_reports_by_another_policy_than_the_one_in_force_are_told():
    with Made(2) as made, following(made) as register:
        workload = make_log.Workload("app")
        workload.policy = "made@sha256:" + "0" * 64
        made.grow(workload.report())
        register.alarm("unapproved", entry=2)


def test_evidence_by_a_ca_of_the_signers_own_is_told():
    ours, theirs = CA("hosts"), CA("hosts")
    story = Story(Policy())
    host = theirs.collector()
    story.records.append((make_log.CERTIFICATE, host[0]))
    story.report(signer=host)
    with Made(0).tell(story) as made:
        ca = made.write("ca.pem", ours.pem())
        with following(made, log={"collectors_ca": [str(ca)]}) as register:
            register.alarm("unvouched", entry=2)
            expect_once(register, ("unvouched", 2))


def test_a_chain_that_no_collector_signed_is_told():
    """A signer that invents evidence has no collector's key: its chains stay without a signature."""
    ca = CA("hosts")
    story = Story(Policy())
    host = ca.collector()
    story.records.append((make_log.CERTIFICATE, host[0]))
    story.report(signer=host)
    for _ in range(3):
        story.wait(50)
        story.report("invented")
    with Made(0).tell(story) as made:
        path = made.write("ca.pem", ca.pem())
        with following(made, log={"collectors_ca": [str(path)]},
                       follow={"vouched_within_s": 99}) as register:
            register.alarm("unvouched", entry=3, says="found none for 100 s")
            expect_once(register, ("unvouched", 3))


def test_missing_evidence_is_told():
    with Made(2) as made, following(made) as register:
        made.grow(make_log.Workload("app").report(), make_log.Workload("other").report(
            make_log.component("executable", [make_log.file_item("/usr/bin/app", b"not stored")])))
        register.alarm("missing-evidence", entry=3, says="component executable")
        expect_once(register, ("missing-evidence", 3))


def test_many_wrong_entries_are_few_alarms():
    with Made(2) as made, following(made) as register:
        made.grow(*(b"garbage %d" % i for i in range(300)))
        assert register.followed("made", 302) == (2, 300, 0)
        assert register.alarms() == [("bad-entry", 2 + i) for i in range(16)]


# --- names from outside --------------------------------------------------------------------------


def test_words_are_printable():
    with Made(2) as made, following(made) as register:
        made.grow(make_log.Workload("app\n\x1b[31m", collector="spiffe://test/x\u202e").report())
        line = register.process.wait_for("event=log-alarm ")
        assert re.fullmatch(r"[ -~]*", line), line
        assert register.state("made", "alarms").read_text().count("\n") == len(register.alarms())


# --- acknowledging -------------------------------------------------------------------------------


def test_what_was_acknowledged_is_not_told_again():
    with Made(2) as made, following(made) as register:
        made.grow(b"garbage")
        register.alarm("bad-entry", entry=2)
        assert "1 alarm acknowledged" in register.run("acknowledge", "made").stdout
        register.process.wait_for("event=alarms-acknowledged")
        register.stop()
        register.state("made", "walk").unlink()
        register.start()  # and walks it again
        assert register.followed("made", 3) == (2, 1, 0)
        assert not register.alarms()
        made.grow(b"garbage")
        register.alarm("bad-entry", entry=3)


def test_a_fork_that_goes_on_is_told_again():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        made.publish(forked(made, 30, 10))
        register.alarm("fork")
        start = len(register.process.lines)
        register.run("acknowledge", "made")
        register.alarm("fork", start=start)


def test_nothing_is_acknowledged_of_a_log_that_is_not_there():
    with Made(2) as made, following(made) as register:
        done = register.run("acknowledge", "osaka", check=False)
        assert done.returncode == 1 and 'no log "osaka"' in done.stderr, done


# --- verified state ------------------------------------------------------------------------------


def test_a_damaged_state_is_not_taken_for_none():
    with Made(20) as made, following(made) as register:
        register.followed("made", 20)
        register.stop()
        path = register.state("made", "verified")
        whole = path.read_bytes()
        for damaged in (b"", whole[:-10], whole.replace(b"20", b"10")):
            path.write_bytes(damaged)
            done = register.run("run", check=False)
            assert done.returncode == 1 and "what was verified of it before" in done.stderr, done
        path.write_bytes(whole)
        register.start()
        register.followed("made", 20)


def test_a_kill_at_any_time_leaves_a_state_that_goes_on():
    with Made(2) as made, following(made) as register:
        workload = make_log.Workload("app")
        size = 2
        for round_ in range(8):
            made.grow(*(workload.report() for _ in range(40)))
            size += 40
            if round_ % 2:
                register.followed("made", size)
            register.process.kill()
            verified = register.state("made", "verified")
            before = int(verified.read_bytes().split(b"\n")[1]) if verified.exists() else 0
            register.start()
            register.followed("made", size)
            assert int(verified.read_bytes().split(b"\n")[1]) == size >= before
            assert not register.alarms()


if __name__ == "__main__":
    run_tests(__name__)
