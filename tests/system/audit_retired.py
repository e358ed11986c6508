#!/usr/bin/python3
"""hallmark-audit verify of receipts whose key others may have had since a time: what a witness saw before
is proved, and nothing else; what was said of it by somebody who was not named counts for nobody."""

import copy
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
import story
from audit import BAD, GOOD, UNKNOWN, Bench
from cosigner import Cosigner
from hallmark import run_tests

KEY, SECOND = make_log.Key(), make_log.Key()
ANN, EVE = statements.Key(), statements.Key()
SINCE = 1795600000
TOLD = "signed by a key that others may have had since 2026-11-25T09:46:40Z"


def spki_digest(key):
    return statements.sha256_hex(key.spki)


def retire(key=KEY, by=ANN, since=SINCE, kind="retire-key", subject=None, **fields):
    return statements.make(by, kind, subject or {"key": spki_digest(key), "since": str(since)}, **{
        "origin": make_log.ORIGIN, "not_before": 1, "not_after": 2, "number": 1, **fields})


class Desk(Bench):
    """A log of forty entries, a receipt of entry 7 in the tree of ten, and who is believed."""

    def __init__(self):
        super().__init__(40, key=KEY)
        ANN.write_public(self.path("ann.pem"))
        self.write("retire.json", retire())
        self.w, self.v = Cosigner("witness.test/w"), Cosigner("witness.test/v")
        self.write("w.vkey", self.w.verifier.encode() + b"\n")
        self.plain = self.log.receipt(7, 10)
        self.named = ["--retired", self.path("retire.json"), "--operator", self.path("ann.pem")]
        self.believing = [*self.named, "--witness", self.w.verifier]

    def check(self, receipt, *arguments, expect=UNKNOWN, says=TOLD, **options):
        return self.verify(self.write("r", receipt), *arguments, expect=expect, says=says, **options)

    def cosigned(self, size, time_s, witness=None, log=None):
        return self.write("cosigned", (witness or self.w).cosign(
            (log or self.log).checkpoint(size), time_s))


def test_a_signature_alone_proves_nothing_any_more():
    with Desk() as desk:
        desk.check(desk.plain, expect=GOOD, says="PROVED")
        output = desk.check(desk.plain, *desk.named, says=[
            TOLD, "UNPROVED  nothing", "expected a cosignature from before then", "--cosigned, with --log",
            "nobody that was named saw this before", "exit 2: could not tell"])
        assert "SAYS" not in output and "PROVED    " not in output.replace("UNPROVED", "")
        desk.check(desk.plain, *desk.believing)
        desk.check(desk.plain, *desk.believing, "--status", "affirming")
        # Another key of the log is not meant by it.
        desk.write("other.json", retire(SECOND))
        desk.check(desk.plain, "--retired", desk.path("other.json"), *desk.named[2:], expect=GOOD,
                   says=["is none of those named by --cert", "PROVED"])


def test_what_a_witness_saw_before_is_proved():
    with Desk() as desk:
        before = desk.w.cosign(desk.plain, SINCE - 1)
        for witness in (desk.w.verifier, desk.path("w.vkey")):
            desk.check(before, *desk.named, "--witness", witness, expect=GOOD, says=[
                "witness.test/w saw this receipt's checkpoint at 2026-11-25T09:46:39Z", "PROVED",
                "KEY       others may have had it since 2026-11-25T09:46:40Z; witness.test/w saw this at"])
        desk.check(before, *desk.believing, "--status", "affirming", "--at", "2026-11-24T10:00:10Z",
                   expect=GOOD, says="as demanded")
        # At that time, behind it, and by who was not named.
        for time_s in (SINCE, SINCE + 100):
            desk.check(desk.w.cosign(desk.plain, time_s), *desk.believing, says=[TOLD, "not before"])
        desk.check(before, *desk.named)
        desk.check(desk.v.cosign(desk.plain, 5), *desk.believing)
        desk.check(before, *desk.named, "--witness", desk.v.verifier)
        # Once again later: it was seen all the same.
        desk.check(desk.w.cosign(before, SINCE + 9), *desk.believing, expect=GOOD, says="PROVED")


def test_a_wrong_line_of_a_witness_is_refused():
    with Desk() as desk:
        before = desk.w.cosign(desk.plain, SINCE - 1)
        for wrong in (desk.w.cosign(desk.plain, SINCE - 1, SINCE + 1),
                      desk.w.cosign(before, SINCE - 2, SINCE + 1)):
            output = desk.check(wrong, *desk.believing, expect=BAD, says="expected cosignatures of the witnesses")
            assert "PROVED" not in output
        desk.check(desk.w.cosign(desk.plain, SINCE - 1, SINCE + 1), *desk.named)


def test_a_later_checkpoint_and_a_copy_of_the_log_prove_it_too():
    with Desk() as desk:
        tiles = ["--log", desk.path("log")]
        kept = ["--cosigned", desk.cosigned(20, SINCE - 5)]
        desk.check(desk.plain, *desk.believing, *kept, *tiles, expect=GOOD, says=[
            "its tree of 20 entries has this receipt's entry 7", "PROVED"])
        desk.check(desk.plain, *desk.believing, *kept, says=[TOLD, "without a copy of the log (--log)"])
        desk.check(desk.plain, *desk.believing, *tiles)
        desk.check(desk.plain, *desk.named, *kept, *tiles)
        desk.check(desk.log.receipt(25, 30), *desk.believing, *kept, *tiles, says=[
            TOLD, "is not shown by the copy"])
        # Of a larger tree, but an entry that the witness saw.
        desk.check(desk.log.receipt(7, 30), *desk.believing, *kept, *tiles, expect=GOOD, says="PROVED")
        desk.check(desk.plain, *desk.believing, "--cosigned", desk.cosigned(20, SINCE), *tiles,
                   says=[TOLD, "not before"])
        # The very tree needs no copy; and the copy's own checkpoint may be the one.
        desk.check(desk.plain, *desk.believing, "--cosigned", desk.cosigned(10, SINCE - 5),
                   expect=GOOD, says="PROVED")
        desk.path("log/checkpoint").write_bytes(desk.w.cosign(desk.log.checkpoint(), SINCE - 5))
        desk.check(desk.plain, *desk.believing, *tiles, expect=GOOD, says="its tree of 40 entries")


def test_what_was_made_afterwards_is_never_proved():
    """By an attacker with the key: another entry in the same place; a longer log; with time set back in it."""
    with Desk() as desk:
        forged = make_log.Log(KEY)
        for entry in desk.log.entries[:7]:
            forged.append(entry)
        for i in range(7, 40):
            forged.append(make_log.Workload("app-0").report(make_log.EVIL, make_log.TIME_S + i))
        kept, tiles = ["--cosigned", desk.cosigned(20, SINCE - 5)], ["--log", desk.path("log")]
        for size in (8, 20, 40):
            for more in ((), kept, (*kept, *tiles)):
                output = desk.check(forged.receipt(7, size), *desk.believing, *more)
                assert "PROVED    " not in output.replace("UNPROVED", "")
        # Its own witness, or lines that were taken from elsewhere.
        desk.check(Cosigner("witness.test/w").cosign(forged.receipt(7, 20), 5), *desk.believing, *kept, *tiles)
        line = desk.w.cosign(desk.log.checkpoint(20), SINCE - 5).splitlines(True)[-1]
        desk.check(forged.receipt(7, 20) + line, *desk.believing, expect=BAD,
                   says="expected cosignatures of the witnesses")
        # A copy of the attacker's own.
        desk.use(forged)
        desk.check(forged.receipt(7, 20), *desk.believing, *kept, *tiles, says=[TOLD, "is not shown by the copy"])


def test_only_statements_of_those_who_were_named_are_taken():
    with Desk() as desk:
        EVE.write_public(desk.path("eve.pem"))
        path = desk.path("retire.json")
        cases = {
            "another's": (retire(by=EVE), "expected one signed by a key that was named"),
            "another signature": (statements.envelope(ANN, statements.Statement(retire()).body, bytes(70)),
                                  "expected one signed by a key that was named"),
            "another kind": (retire(kind="revoke", subject={"statement": "0" * 64}), "found one of revoke"),
            "a subject": (retire(subject={"key": "0" * 64}), "found one of retire-key"),
            "no statement": (b"{}", "retire.json")}
        for name, (envelope, why) in cases.items():
            path.write_bytes(envelope)
            output = desk.check(desk.plain, *desk.named, says=why)
            assert "PROVED    " not in output, name
        path.write_bytes(retire())
        for by in ([], ["--operator", ANN.id], ["--operator", desk.path("eve.pem")]):
            desk.check(desk.plain, "--retired", path, *by, says="that was named with --operator, as a file")
        desk.check(desk.plain, "--retired", path, "--operator", ANN.id, "--operator", desk.path("ann.pem"))
        desk.check(desk.plain, *desk.named, "--witness", "nobody", says="expected the verifier key of a witness")


def test_of_two_statements_the_earlier_time_counts():
    with Desk() as desk:
        desk.write("early.json", retire(since=SINCE - 50, number=2))
        seen = desk.w.cosign(desk.plain, SINCE - 20)
        desk.check(seen, *desk.believing, expect=GOOD, says="PROVED")
        for order in (("retire.json", "early.json"), ("early.json", "retire.json")):
            words = [w for name in order for w in ("--retired", desk.path(name))]
            desk.check(seen, *words, *desk.believing[2:], says=["not before", "since 2026-11-25T09:45:50Z"])


def test_another_key_of_the_log_that_signed_as_well_is_enough():
    """The Ed25519 key beside it: who has only one of the two makes no receipt by both."""
    with Desk() as desk:
        beside = make_log.Key(kind="ed25519")
        both = make_log.Key(beside=beside)
        log = make_log.make(10, key=both)
        desk.use(log)
        desk.write("beside", beside.line())
        desk.write("retire.json", retire(both))
        certs = ["--cert", desk.path("beside")]
        receipt = log.receipt(7)
        desk.check(receipt, *desk.believing)
        desk.check(receipt, *desk.believing, *certs, expect=GOOD, says="PROVED")
        desk.write("retire.json", retire(beside))
        desk.check(receipt, *desk.believing, *certs, expect=GOOD, says="PROVED")
        alone = copy.copy(both)
        alone.beside = None
        forged = make_log.make(10, key=alone)
        desk.write("retire.json", retire(both))
        desk.check(forged.receipt(7), *desk.believing, *certs)


def test_a_key_of_another_log_that_signed_as_well_is_not():
    """Whoever has the retired key and a log of his own, whose certificate is named in the same call."""
    with Desk() as desk:
        other = make_log.Key("hallmark.test/other")
        forged = copy.copy(KEY)
        forged.beside = other
        desk.write("other.crt", other.pem())
        receipt = make_log.make(10, key=forged).receipt(7)
        both = ["--cert", desk.path("other.crt")]
        desk.check(receipt, *desk.believing, *both, says=[TOLD, "UNPROVED"])
        # Nor under its own name.
        text = receipt[receipt.rindex(make_log.ORIGIN.encode() + b"\n"):].split(b"\n\n")[0] + b"\n"
        line = other.signature_line(text, "hallmark.test/other")
        desk.check(desk.plain, *desk.believing, *both)
        desk.check(make_log.make(10, key=KEY).receipt(7) + line, *desk.believing, *both)


def test_nothing_follows_from_two_such_receipts_together():
    """By an attacker with the key: neither that the log only grew, nor that it has forked."""
    with Desk() as desk:
        files = [desk.write("a", desk.plain), desk.write("b", desk.log.receipt(8, 10))]
        desk.verify(*files, says="PROVED    the log only grew between them")
        output = desk.verify(*files, *desk.believing, expect=UNKNOWN, says=TOLD)
        assert "PROVED    " not in output.replace("UNPROVED", ""), output
        told = json.loads(desk.verify(*files, *desk.believing, "--json", expect=UNKNOWN))
        assert (told["one_history"], told["fork"]) == ("unknown", None), told
        forged = make_log.Log(KEY)
        for i in range(10):
            forged.append(make_log.Workload("app-0").report(make_log.EVIL, make_log.TIME_S + i))
        files[1] = desk.write("b", forged.receipt(7))
        desk.verify(*files, "--fork-proof", desk.path("fork"), expect=BAD, says="cannot both be true")
        desk.verify(*files, *desk.believing, expect=UNKNOWN, says=TOLD)
        proof = desk.path("fork").read_bytes()
        desk.check(proof, expect=BAD, says="PROVED    hallmark.test/made has forked")
        desk.check(proof, *desk.believing, says=[TOLD, "UNPROVED  nothing: this proves no fork"])
        # A witness saw both of them before: then it was the log.
        for receipt in (path.read_bytes() for path in files):
            note = receipt[receipt.rindex(make_log.ORIGIN.encode() + b"\n10\n"):]
            assert note in proof
            proof = proof.replace(note, desk.w.cosign(note, SINCE - 1))
        desk.check(proof, *desk.believing, expect=BAD, says="PROVED    hallmark.test/made has forked")


def test_a_whole_log_says_what_rests_on_such_a_key():
    with Desk() as desk:
        ended = ["this checkpoint is signed by a key that others may have had since 2026-11-25T09:46:40Z",
                 "the log has ended", "verdict"]
        desk.fsck(*desk.named, expect=UNKNOWN, says=[*ended, "nobody who was named saw any by then"])
        desk.fsck("--tree-only", *desk.named, expect=UNKNOWN, says=ended)
        desk.fsck("--retired", desk.path("retire.json"), expect=UNKNOWN, says="that was named with --operator")
        kept = ["--at-least", desk.cosigned(20, SINCE - 5)]
        desk.fsck(*desk.believing, *kept, expect=UNKNOWN, says=[*ended, "a witness saw those before 20 by then"])
        desk.fsck(*desk.believing, "--at-least", desk.cosigned(20, SINCE), expect=UNKNOWN,
                  says=[*ended, "nobody who was named saw any by then"])
        desk.path("log/checkpoint").write_bytes(desk.w.cosign(desk.log.checkpoint(), SINCE - 5))
        desk.fsck(*desk.believing, says=["a witness saw those before 40 by then", "good: what is here"])
        desk.fsck(*desk.named, expect=UNKNOWN, says=ended)
        desk.write("other.json", retire(SECOND))
        desk.fsck("--retired", desk.path("other.json"), *desk.named[2:], says="none of this log's keys that are known")


def told_by_the_log(story_key, follows, by=ANN, rights=("approve", "retire-key")):
    people = statements.operators_text([("ann", list(rights), ANN)])
    s = story.Story(story.Policy(operators=people), key=story_key)
    s.report()
    if follows:
        s.give_way(follows)
    s.state(by, "retire-key", {"key": spki_digest(story_key), "since": str(SINCE)}, not_after=s.now + 60)
    s.wait(3600)
    s.report()
    return s


def test_what_the_log_says_itself_counts():
    """By its own operators, for good: the statement's time is over when the last entry is made."""
    for follows in (None, SECOND):
        s = told_by_the_log(KEY, follows)
        with Bench(0) as bench:
            bench.use(s.log)
            bench.write("evidence/pack-00000001", s.evidence())
            (bench.dir / "signer.crt").write_bytes(KEY.pem())
            (bench.dir / "second.crt").write_bytes(SECOND.pem())
            evidence = ["--cert", bench.path("second.crt")]
            says = [f"{spki_digest(KEY)} since 2026-11-25T09:46:40Z", "nobody who was named saw any by then"]
            if follows:
                says += ["of its entries, from 0 up to before"]
            expect = GOOD if follows else UNKNOWN
            ended = [] if follows else ["the log has ended", "could not tell: "]
            bench.fsck("--evidence", bench.path("evidence"), *evidence, expect=expect, says=says + ended)
            bench.replay("--all", *evidence, expect=expect, says=says + ended)
            bench.fsck(*evidence, says="1 statement that others may have had a key of this log was not judged")


FORKED = "bad: the log has forked: not all that was signed can be true"
THEIRS = "bad: what was kept and this log cannot both be true; all of that is signed by a key that others"


def forge(key, count, real=()):
    """A log of whoever has the key: the first entries are the real log's."""
    forged = make_log.Log(key)
    for entry in real:
        forged.append(entry)
    for i in range(len(real), count):
        forged.append(make_log.Workload("app-0").report(make_log.EVIL, make_log.TIME_S + i))
    return forged


def test_a_forgery_by_a_retired_key_is_told_apart_from_a_fork():
    """Both are bad, since nothing tells who signed; which key it is, and that all of it is such keys', is said."""
    with Desk() as desk:
        forged = forge(KEY, 40, desk.log.entries[:7])
        evil, good = desk.write("evil", forged.receipt(9, 20)), desk.write("good", desk.plain)
        names = f"evil is not in this log, and is signed by the key {spki_digest(KEY)}, which others may have had"
        output = desk.fsck("--receipt", evil, expect=BAD, says=["FORK", FORKED])
        assert "is not in this log, and is signed" not in output, output
        for option in ("--receipt", "--at-least"):
            desk.fsck(option, evil, "--receipt", good, *desk.believing, expect=BAD, says=["FORK", names, THEIRS])
            desk.fsck("--tree-only", option, evil, *desk.believing, expect=BAD, says=["FORK", names, THEIRS])
        told = json.loads(desk.fsck("--receipt", evil, *desk.believing, "--json", expect=BAD))
        assert told["kept_retired"] == [{"file": str(evil), "key": spki_digest(KEY),
                                         "since": "2026-11-25T09:46:40Z"}], told["kept_retired"]
        assert told["fork"]["newer"] and told["outcome"] == "bad", told
        # A witness saw it before: then it was the log.
        seen = desk.write("seen", desk.w.cosign(forged.receipt(9, 20), SINCE - 1))
        for files in ((seen,), (evil, seen), (seen, evil)):
            output = desk.fsck(*[w for f in files for w in ("--receipt", f)], *desk.believing, expect=BAD, says=FORKED)
            assert "seen is not in this log, and is signed" not in output, output
        # Somebody else's file that is not in the log either, whatever it is.
        desk.write("other.json", retire(SECOND))
        desk.write("second.crt", SECOND.pem())
        real = desk.write("real", forge(SECOND, 40, desk.log.entries[:7]).receipt(9, 20))
        both = ["--cert", desk.path("second.crt")]
        for files in ((evil, real), (real, evil)):
            desk.fsck(*[w for f in files for w in ("--receipt", f)], *both, *desk.believing, expect=BAD,
                      says=[names, FORKED])


def test_a_forgery_is_told_by_what_the_log_says_too():
    s = told_by_the_log(KEY, SECOND)
    with Bench(0) as bench:
        bench.use(s.log)
        bench.write("evidence/pack-00000001", s.evidence())
        (bench.dir / "second.crt").write_bytes(SECOND.pem())
        (bench.dir / "signer.crt").write_bytes(KEY.pem())
        wanted = ["--evidence", bench.path("evidence"), "--cert", bench.path("second.crt")]
        for key in (KEY, SECOND):
            for size in (2, 5):
                evil = bench.write("evil", forge(key, size, s.log.entries[:1]).receipt(1))
                output = bench.fsck("--receipt", evil, *wanted, expect=BAD, says="FORK")
                assert ("evil is not in this log, and is signed by the key" in output) == (key is KEY), output
                # At 5 it had given way: that is wrong of the log's keys, whoever has them.
                assert (THEIRS in output) == (key is KEY and size == 2), output


def test_what_others_say_in_the_log_does_not():
    for by, rights in ((EVE, ("approve", "retire-key")), (ANN, ("approve",))):
        s = told_by_the_log(KEY, SECOND, by, rights)
        with Bench(0) as bench:
            bench.use(s.log)
            bench.write("evidence/pack-00000001", s.evidence())
            (bench.dir / "second.crt").write_bytes(SECOND.pem())
            (bench.dir / "signer.crt").write_bytes(KEY.pem())
            bench.fsck("--evidence", bench.path("evidence"), "--cert", bench.path("second.crt"), expect=BAD,
                       says="was not judged")


def test_when_an_entry_was_there_can_be_demanded():
    """Of a key that nobody has retired, too: its signature does not tell when it was made."""
    with Desk() as desk:
        by, then = ["--witness", desk.w.verifier, "--cosigned-by"], "2026-11-25T09:46:40Z"
        for time_s, outcome, says in (
                (SINCE, GOOD, "before the time that was demanded is over"),
                (SINCE + 1, UNKNOWN, "which is not before 2026-11-25T09:46:41Z")):
            desk.check(desk.w.cosign(desk.plain, time_s), *by, then, expect=outcome, says=[
                "witness.test/w saw this receipt's checkpoint at", says])
        nobody = "expected a cosignature from 2026-11-25T09:46:40Z or before"
        desk.check(desk.plain, *by, then, says=nobody)
        desk.check(desk.v.cosign(desk.plain, 1), *by, then, says=nobody)
        wrong = desk.w.cosign(desk.plain, 1, signed_time_s=2)
        desk.check(wrong, *by, then, expect=BAD, says="expected cosignatures of the witnesses")
        # A later checkpoint, in whose tree a copy of the log has it.
        later = ["--cosigned", desk.cosigned(40, SINCE - 5), "--log", desk.path("log")]
        desk.check(desk.plain, *by, then, *later, expect=GOOD,
                   says="its tree of 40 entries has this receipt's entry 7")
        desk.check(desk.plain, *by, then, *later[:2], says=nobody)
        # Beside a key that is retired both count: the earlier of the two times decides.
        seen = desk.w.cosign(desk.plain, SINCE - 1)
        desk.check(seen, *desk.believing, "--cosigned-by", then, expect=GOOD, says="PROVED")
        desk.check(seen, *desk.believing, "--cosigned-by", "2026-11-25T09:46:38Z", says="or before")
        desk.verify(desk.write("r", desk.plain), "--cosigned-by", then, expect=2,
                    says="expected --witness with --cosigned-by")


def test_the_json_says_it():
    with Desk() as desk:
        def said(receipt, *arguments, expect):
            output = desk.check(receipt, *arguments, "--json", expect=expect, says="")
            return json.loads(output)["files"][0]

        assert said(desk.plain, expect=GOOD)["retired"] is None
        one = said(desk.plain, *desk.believing, expect=UNKNOWN)
        since = {"key": spki_digest(KEY), "since": "2026-11-25T09:46:40Z"}
        assert one["retired"] == {**since, "witness": None, "witnessed": None}, one
        assert (one["proved"], one["says"], one["outcome"]) == (None, None, "unknown"), one
        one = said(desk.w.cosign(desk.plain, SINCE - 1), *desk.believing, expect=GOOD)
        assert one["retired"] == {**since, "witness": "witness.test/w", "witnessed": "2026-11-25T09:46:39Z"}
        assert one["proved"]["index"] == 7 and one["says"]["kind"] == "report", one


if __name__ == "__main__":
    run_tests(__name__)
