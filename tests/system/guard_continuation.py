#!/usr/bin/python3
"""The key channel where a key goes on with a log whose own is lost: by the word of operators alone, with the
log's newest tree alone, and with nothing signed before the log says so."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import continuation
import hallmark
import keychannel
import rotation
import transition
from continuation import go_on, part, spare_key, stated, take_spare
from keychannel import (CHANGED, FORK, MISMATCH, NO_ORDER, ROLLBACK, UNKNOWN_KEY, UNLOGGED, KeyProcess, Tree,
                        close_request, refused, reports, told_why)
from rotation import SIZE, by, introduced, last_of


def signed_by_lost(site, *sizes):
    """The tree of the lost key, and its checkpoints of these sizes."""
    notes, tree, old = [], Tree(), 0
    with KeyProcess(site) as key:
        for size in sizes:
            tree.add(*reports(size - old, old))
            answer = key.sign(tree, old)
            by(site, 0, answer, tree)
            notes.append(answer.body)
            old = size
    return tree, notes


def brought(site, size):
    """The spare key's process comes up; what it tells the signer."""
    key, told = introduced(site, 1, size)
    note, envelopes = part(told)
    assert transition.succeeded(note)[:2] == (hallmark.ORIGIN, [rotation.key_id(c) for c in site.certificates])
    assert [keychannel.sha256(e.strip()).hex() for e in envelopes] == transition.succeeded(note)[3]
    return key, note


def test_the_spare_key_goes_on_where_the_lost_one_ended():
    with spare_key() as site:
        tree, (note,) = signed_by_lost(site, SIZE)
        before = rotation.objects_of(site)
        done = go_on(site, note, stated(site, note))
        assert "ordered" in done.stdout and rotation.objects_of(site) == before, done
        continuation.lose_token(site)
        take_spare(site)
        key, told = brought(site, SIZE)
        last = last_of(site, tree, told, *reports(2, SIZE))
        answer = key.ask(close_request(last, SIZE))
        by(site, 1, answer, last)
        told_why(key, CHANGED)
        assert key.process.wait() == 0
        key, told = introduced(site, 1, len(last))
        assert told == b""
        by(site, 1, key.sign(last, len(last)), last)  # an answer may have been lost
        more = Tree(last.entries + reports(3, len(last)))
        by(site, 1, key.sign(more, len(last)), more)
        # By the same notice it does not give way.
        again = Tree(more.entries + [last.entries[-1]])
        refused(key.ask(close_request(again, len(more))), NO_ORDER, len(more), more.hash())
        key.kill()
        done = go_on(site, note, stated(site, note), check=False)
        assert done.returncode == 1 and "has signed a log already" in done.stderr, done


def test_nothing_is_signed_before_the_log_says_that_it_goes_on():
    """Whatever a hijacked signer asks for."""
    with spare_key() as site:
        tree, (note,) = signed_by_lost(site, SIZE)
        go_on(site, note, stated(site, note))
        take_spare(site)
        key, told = brought(site, SIZE)
        plain = Tree(tree.entries + reports(1, SIZE))
        stay = (SIZE, tree.hash())
        refused(key.sign(plain, SIZE), NO_ORDER, *stay)
        refused(key.sign(tree, SIZE), NO_ORDER, *stay)
        refused(key.token(0, tree.entries[0], tree.inclusion(0), SIZE), UNLOGGED, *stay)
        for entries in (reports(1, SIZE), [rotation.key_notice(site, told + b" ")],
                        [rotation.key_notice(site, told, **{"hallmark.notice": "manifest"})],
                        [rotation.key_notice(site, told), b"{}"]):
            refused(key.ask(close_request(Tree(tree.entries + entries), SIZE)), NO_ORDER, *stay)
        good = last_of(site, tree, told)
        behind = Tree(good.entries + reports(1, SIZE + 1))
        refused(key.ask(close_request(behind, SIZE, good.entries[-1], behind.inclusion(SIZE))), UNLOGGED, *stay)
        other = Tree(reports(SIZE, 50) + [good.entries[-1]])
        refused(key.ask(close_request(other, SIZE)), FORK, *stay)
        short = Tree(tree.entries[:-2] + [good.entries[-1]])
        refused(key.ask(close_request(short, len(short))), ROLLBACK, *stay)
        by(site, 1, key.ask(close_request(good, SIZE)), good)


def test_a_later_checkpoint_of_the_lost_key_is_gone_on_from():
    """The newest that anybody had was older than the log; on another machine the lost key's guard is not there."""
    with spare_key() as site:
        tree, (note, later) = signed_by_lost(site, SIZE, SIZE + 3)
        go_on(site, note, stated(site, note))
        for path in site.guard_files():
            if path.suffix == "" and not path.with_name(path.name + ".succession").exists():
                path.unlink()
        take_spare(site)
        key, told = brought(site, SIZE)
        early = Tree(tree.entries[:SIZE])
        proof = tree.consistency(SIZE)
        stay = (SIZE, early.hash())
        refused(key.observe(SIZE + 3, tree.hash(), proof, later.replace(b"\n8\n", b"\n9\n")), 451, *stay)
        refused(key.observe(SIZE, early.hash(), [], later), MISMATCH, *stay)
        answer = key.observe(SIZE + 3, tree.hash(), proof, later)
        assert (answer.error, answer.size) == (0, SIZE + 3), answer
        refused(key.token(0, tree.entries[0], tree.inclusion(0), SIZE + 3), UNLOGGED, SIZE + 3, tree.hash())
        last = last_of(site, tree, told)
        refused(key.ask(close_request(last_of(site, early, told), SIZE)), ROLLBACK, SIZE + 3, tree.hash())
        by(site, 1, key.ask(close_request(last, SIZE + 3)), last)
        key.kill()
        # It is the log's key now, and another's checkpoint is nobody's.
        key, _ = introduced(site, 1, len(last))
        refused(key.observe(SIZE + 3, tree.hash(), [], later), UNKNOWN_KEY, len(last), last.hash())


def test_the_guard_of_the_lost_key_is_retired_where_it_is_there():
    """And what it has signed has to be in the log that goes on."""
    with spare_key() as site:
        tree, (note, _) = signed_by_lost(site, SIZE, SIZE + 3)
        assert f"at size {SIZE + 3}" in go_on(site, note, stated(site, note)).stdout
        own = site.path("hsm.yaml").read_text()
        take_spare(site)
        key, told = brought(site, SIZE + 3)
        cut = last_of(site, Tree(tree.entries[:SIZE]), told)
        refused(key.ask(close_request(cut, SIZE)), ROLLBACK, SIZE + 3, tree.hash())
        key.kill()
        site.path("hsm.yaml").write_text(own)
        keychannel.expect_no_service(site, "is retired by operators")
        # Nor does it give the log away without the notice, where its configuration names the other.
        site.path("hsm.yaml").write_text(own + "next: hsm-2.yaml\n")
        keychannel.expect_no_service(site, "waits for another transition")
        take_spare(site)
        key, told = brought(site, SIZE + 3)
        last = last_of(site, tree, told)
        by(site, 1, key.ask(close_request(last, SIZE + 3)), last)


def test_what_does_not_count_orders_nothing():
    """Each time exit 1 with a sentence, and the spare key as it was."""
    with spare_key() as site:
        _, (older, note) = signed_by_lost(site, 2, SIZE)
        fresh = {path: path.read_bytes() for path in site.guard_files()}

        def fails(pattern, files, checkpoint=note, options=()):
            done = go_on(site, checkpoint, files, *options, check=False)
            assert done.returncode == 1 and re.search(pattern, done.stderr), (pattern, done)
            assert {path: path.read_bytes() for path in site.guard_files()} == fresh, pattern

        mallory = continuation.statements.Key()
        fails("it takes 2", stated(site, note, ("ann",)))
        fails("by another", stated(site, note, ("ann", "ann")))
        fails("statement-key|operator", stated(site, note, ("ann", "eve")))
        fails("expected a statement", stated(site, note, ("ann", "ben"), key=mallory))
        forged = stated(site, note)
        data = pathlib.Path(forged[1]).read_bytes()
        pathlib.Path(forged[1]).write_bytes(data.replace(
            site.people["ben"].id.encode(), site.people["ann"].id.encode()))
        fails("signature", forged)
        for change in ({"size": str(SIZE + 1)}, {"root": "00" * 32}, {"to": "11" * 32}, {"from": "22" * 32}):
            fails("expected a statement", stated(site, note, subject=change))
        fails("expected a statement", stated(site, older))
        fails("expected a statement", stated(site, note, origin="hallmark.test/other"))
        fails("expected a statement", stated(site, note, not_before=1, not_after=2))
        fails("expected a statement", stated(site, note, not_before=2 ** 40, not_after=2 ** 41))
        fails("expected a checkpoint", stated(site, note), note.replace(b"\n5\n", b"\n6\n"))
        fails("verifier key of a witness", stated(site, note), options=("--witness", "nobody"))
        continuation.configure_spare(site, continuation_operators=None)
        fails("expected a statement", stated(site, note))
        assert "by       nobody: the configuration has no continuation_operators" in go_on(
            site, note, (), "--dry-run").stdout
        continuation.configure_spare(site)
        # What they are to sign is said.
        done = go_on(site, note, (), "--dry-run")
        for name, value in continuation.subject_of(site, note).items():
            assert f"--subject {name}={value}" in done.stdout, done.stdout
        assert re.search(r"(?m)^by       \d of the \d in continuation_operators$", done.stdout), done.stdout
        go_on(site, note, stated(site, note), "--dry-run")
        assert {path: path.read_bytes() for path in site.guard_files()} == fresh
        go_on(site, note, stated(site, note))


if __name__ == "__main__":
    hallmark.run_tests(__name__)
