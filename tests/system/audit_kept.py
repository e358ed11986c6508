#!/usr/bin/python3
"""hallmark-audit with what somebody has kept of a log: a copy that was cut is found, and two things that
cannot both be true are a fork, with a proof that anybody can check (tests/lib/forks.py does)."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import forks
import make_log
from audit import BAD, GOOD, UNKNOWN, Bench, audit, changed, check, flip
from hallmark import ROOT, run_tests

KEY = make_log.Key()


def two(size=40, parts=20):
    """A log, and one by the same key that is another from an entry on."""
    honest = make_log.make(size, key=KEY)
    other = make_log.Log(KEY)
    for entry in honest.entries[:parts]:
        other.append(entry)
    liar = make_log.Workload("app-0")
    for i in range(parts, size):
        other.append(liar.report(make_log.EVIL, make_log.TIME_S + i))
    return honest, other


def proof_of(bench, *command, expect=BAD, says="cannot both be true"):
    """What --fork-proof writes."""
    path = bench.path("fork.txt")
    path.unlink(missing_ok=True)
    check(bench.run(*command, "--fork-proof", path), expect, says)
    return path.read_bytes()


# --- a copy that was cut --------------------------------------------------------------------------


def test_size_and_newest_time_are_always_told():
    with Bench(12) as bench:
        bench.write("evidence/pack-00000001", make_log.evidence())
        for output in (bench.fsck(), bench.fsck("--tree-only"), bench.replay("--all"),
                       bench.replay("--index", "3")):
            assert "newest               entry 11 of 12, 2026-11-24T10:00:00Z" in output, output
            assert "all of it" not in output and "whether the log is longer elsewhere is not known" in output
    with Bench(0) as bench:
        bench.fsck(says="newest               none: the log is empty")
        bench.log.append(b"no entry")
        bench.use(bench.log)
        bench.fsck("--tree-only", says="entry 0 of 1, when is not known")
        bench.fsck("--tree-only", "--newest-within", "60", expect=UNKNOWN, says="does not say when")


def test_a_cut_copy_is_good_only_where_nobody_kept_anything():
    with Bench(40) as bench:
        late, early = bench.receipt(30), bench.receipt(3)
        whole = bench.write("whole.checkpoint", bench.log.checkpoint())
        bench.write("evidence/pack-00000001", make_log.evidence())
        bench.fsck("--receipt", late, early, "--at-least", whole, says=[
            "its entry 30 is in this log", "its entry 3 is in this log", "grew from its 40 entries"])
        bench.path("log/checkpoint").write_bytes(bench.log.checkpoint(20))
        bench.log.write(bench.path("log"), 20)
        bench.fsck(says="up to its newest entry")
        for command in (bench.fsck, lambda *a, **o: bench.replay("--all", *a, **o)):
            for kept in (["--receipt", late], ["--at-least", whole], ["--receipt", early, late]):
                output = command(*kept, expect=BAD, says=["of 40 entries that were signed this copy has 20",
                                                          "bad: this is not all that was signed"])
                assert "FORK" not in output
        small = bench.receipt(3, 10, "small")
        bench.fsck("--receipt", small, "--at-least", bench.write("c", bench.log.checkpoint(20)))


def test_the_newest_entry_may_not_be_too_old():
    now = int(__import__("time").time())
    log = make_log.log_of(make_log.Workload("app").report(time_s=now - 100))
    with Bench(0) as bench:
        bench.use(log)
        bench.fsck("--newest-within", "200", says="newest within  ok")
        bench.fsck("--newest-within", "60", expect=BAD,
                   says=["expected an entry of the last 60 s", "bad: nothing in it is as new as was demanded"])


def test_what_is_no_receipt_of_this_log():
    with Bench(12) as bench:
        other = make_log.make(3, key=bench.log.key, origin="hallmark.test/other")
        good = bench.log.receipt(3)
        bare = b"\n".join(line for line in good.split(b"\n") if not line.startswith(b"extra "))
        for content, expect, says in (
                (other.receipt(2), BAD, "it is of another log, hallmark.test/other"),
                (flip(good, 40), BAD, "odd"), (b"odd", BAD, "odd: expected a signed note"),
                (make_log.make(3).receipt(2), UNKNOWN, "not of the key that signed"),
                (b"", BAD, "odd: expected"), (bare, GOOD, "grew from its 12 entries")):
            bench.fsck("--receipt", bench.write("odd", content), expect=expect, says=says)
        bench.fsck("--receipt", bench.path("absent"), expect=UNKNOWN,
                   says=["no such file", "could not tell: not all that was kept"])
        # A damaged tile is a damaged tile, and no fork.
        tile = bench.path("log/tile/0/000.p/12")
        with changed(tile, flip(tile.read_bytes(), 40)):
            output = bench.fsck("--receipt", bench.receipt(3, 7), expect=BAD, says="cannot be told by its tiles")
            assert "FORK" not in output and "bad: this is not the log that was signed" in output


# --- forks ----------------------------------------------------------------------------------------


def test_two_receipts_of_a_fork():
    """The same index and size, other entry and root: what was good twice is bad together."""
    honest, other = two()
    with Bench(0) as bench:
        bench.use(honest)
        a, b = bench.receipt(30), bench.write("b", other.receipt(30))
        bench.verify(a)
        bench.verify(b)
        output = bench.verify(a, b, expect=BAD, says=["cannot both be true: each is of 40 entries",
                                                      "exit 1: not all of this is good: a fork"])
        assert output.count("PROVED") == 2 and "--fork-proof FILE keeps the evidence" in output
        assert forks.check(proof_of(bench, "verify", a, b), KEY) == (40, 40)


def test_every_pair_of_receipts_that_can_tell_does():
    honest, other = two(24, 11)
    with Bench(0) as bench:
        bench.use(honest)
        for i, n, j, m, text in ((13, 15, 13, 24, "each has another entry 13"), (3, 12, 12, 24, "the 12 entries"),
                                 (3, 12, 11, 24, "the 12 entries"), (15, 18, 2, 24, "other entries 8 to 15"),
                                 (12, 24, 12, 13, "cannot both be true")):
            a, b = bench.receipt(i, n, "a"), bench.write("b", other.receipt(j, m))
            for files in ([a, b], [b, a], [a, bench.receipt(0, 1, "good"), b]):
                sizes = forks.check(proof_of(bench, "verify", *files, says=text), KEY)
                assert sizes == tuple(sorted((n, m))), (sizes, n, m)


def test_what_cannot_be_told_is_said_and_no_fork():
    honest, other = two(40, 20)
    with Bench(0) as bench:
        bench.use(honest)
        a, b = bench.receipt(2, 7), bench.write("b", other.receipt(30))
        bench.verify(a, b, says=["NOT TOLD", "fsck --log DIR --receipt FILE..."])
        assert json.loads(bench.verify(a, b, "--json"))["one_history"] == "unknown"
        told = json.loads(bench.verify(a, bench.receipt(6, 7, "c"), "--json"))
        assert told["one_history"] == "yes" and told["fork"] is None
        assert json.loads(bench.verify(bench.receipt(30), b, "--json", expect=BAD))["one_history"] == "no"


def test_a_copy_tells_what_receipts_cannot():
    honest, other = two(300, 150)
    with Bench(0) as bench:
        bench.use(honest)
        receipt = bench.write("b", other.receipt(2, 200))
        bench.verify(bench.receipt(2, 160), receipt)
        proof = proof_of(bench, "fsck", "--log", bench.path("log"), "--receipt", receipt, says=[
            "this log did not grow from it", "are not the first of the 300 of",
            "bad: the log has forked"])
        assert forks.check(proof, KEY) == (200, 300)
        checkpoint = bench.write("c", other.checkpoint(200))
        proof = proof_of(bench, "fsck", "--log", bench.path("log"), "--at-least", checkpoint)
        assert forks.check(proof, KEY) == (200, 300)
        # The copy is the shorter one: what the receipt shows of its beginning is another.
        bench.use(make_log.make(163, key=KEY))
        for index, text in ((155, "each has another entry 155"), (170, "each has other entries 128 to 159")):
            proof = proof_of(bench, "fsck", "--log", bench.path("log"), "--receipt",
                             bench.write("b", other.receipt(index)), says=text)
            assert forks.check(proof, KEY) == (163, 300)
        assert "--fork-proof" in bench.fsck("--receipt", receipt, expect=BAD)


def test_a_rewritten_copy_is_found_by_an_old_receipt():
    honest, other = two(300, 150)
    with Bench(0) as bench:
        bench.use(other)
        bench.fsck("--tree-only")
        bench.fsck("--tree-only", "--receipt", bench.write("old", honest.receipt(2, 150)))
        bench.fsck("--tree-only", "--receipt", bench.write("old", honest.receipt(2, 151)), expect=BAD, says="FORK")


# --- the proof ------------------------------------------------------------------------------------


def test_a_proof_is_checked_with_the_certificate_alone():
    honest, other = two()
    with Bench(0) as bench:
        bench.use(honest)
        for b in (other.receipt(30), other.receipt(30, 35), other.receipt(0, 31)):
            proof = proof_of(bench, "verify", bench.receipt(30), bench.write("b", b))
            forks.check(proof, KEY)
            path = bench.write("proof", proof)
            bench.verify(path, expect=BAD, says=[f"PROVED    {make_log.ORIGIN} has forked",
                                                 "cannot both be true", "exit 1: a fork"])
            told = json.loads(bench.verify(path, "--json", expect=BAD))["files"][0]
            assert told["form"] == "fork-proof" and told["outcome"] == "bad"
            bench.write("other.crt", make_log.Key().pem())
            bench.verify(path, cert="other.crt", expect=UNKNOWN, says="this proves no fork")


def test_the_documents_proofs():
    vectors = ROOT / "tests/vectors"
    for name in ("fork-prefix.txt", "fork-subtree.txt"):
        check(audit("verify", vectors / name, "--cert", vectors / "wire-signer.pem"), BAD,
              "PROVED    hallmark.example/prod-1 has forked")


def test_no_changed_byte_of_a_proof_proves_anything_else():
    """Neither here nor by the document; what still proves a fork proves it of both."""
    honest, other = two(12, 5)
    with Bench(0) as bench:
        bench.use(honest)
        for b in (other.receipt(11), other.receipt(6, 7)):
            good = proof_of(bench, "verify", bench.receipt(6, 9), bench.write("b", b))
            changed_ = [flip(good, at, bit) for at in range(len(good)) for bit in (0, 2, 5)]
            changed_ += [good[:at] for at in range(0, len(good), 3)] + [good + b"\n", good + good]
            lines = good.split(b"\n")
            changed_ += [b"\n".join(lines[:i] + lines[i + 1:]) for i in range(len(lines) - 1)]
            changed_ += [b"\n".join(lines[:i + 1] + lines[i:]) for i in range(len(lines) - 1)]
            for begin in range(0, len(changed_), 400):
                paths = [bench.write(f"p/{i}", text) for i, text in enumerate(changed_[begin:begin + 400])]
                output = json.loads(bench.run("verify", *paths, "--json").stdout)
                for text, told in zip(changed_[begin:], output["files"]):
                    proved = told["form"] == "fork-proof" and told["outcome"] == "bad"
                    assert not proved, text


def test_what_claims_to_be_a_proof_and_is_none():
    honest, _ = two()
    with Bench(0) as bench:
        bench.use(honest)
        root, old = (make_log.b64(honest.tree.root(0, n)) for n in (40, 39))
        later, sooner = honest.checkpoint().decode(), honest.checkpoint(39).decode()
        for text in (f"prefix 40\n\n{later}\nroot {root}\n\n{later}", f"prefix 39\n\n{sooner}\nroot {old}\n\n{later}",
                     f"prefix 39\n\n{sooner}\nroot {root}\n\n{later}", f"prefix 0\n\n{sooner}\nroot {old}\n\n{later}",
                     f"subtree 0 0\n\nroot {root}\n\n{later}\nroot {old}\n\n{sooner}"):
            path = bench.write("none", f"hallmark fork proof v1\n{text}".encode())
            bench.verify(path, expect=UNKNOWN, says=["UNPROVED", "it proves nothing about the log"])
            try:
                forks.check(path.read_bytes(), KEY)
                raise AssertionError(text)
            except forks.NoProof:
                pass
        bench.verify(bench.write("v2", b"hallmark fork proof v2\n"), expect=UNKNOWN, says="not known")


def test_the_file_is_new_and_made_only_for_a_fork():
    honest, other = two()
    with Bench(0) as bench:
        bench.use(honest)
        a, b, path = bench.receipt(30), bench.write("b", other.receipt(30)), bench.path("proof")
        check(bench.run("verify", a, "--fork-proof", path), GOOD)
        assert not path.exists()
        check(bench.run("verify", bench.path("absent"), "--fork-proof", path), UNKNOWN)
        assert not path.exists()
        path.write_bytes(b"mine")
        check(bench.run("verify", a, b, "--fork-proof", path), BAD, "File exists")
        assert path.read_bytes() == b"mine"
        check(bench.run("verify", a, b, "--fork-proof", bench.path("no/such/folder")), BAD, "No such file")


# --- consistency ----------------------------------------------------------------------------------


def test_consistency_of_two_states():
    honest, other = two(300, 150)
    with Bench(0) as bench:
        bench.use(honest)
        copy = bench.path("log")
        c = {n: bench.write(f"c{n}", honest.checkpoint(n)) for n in (1, 100, 200, 300)}
        lie = bench.write("lie", other.checkpoint(200))

        def run(older, newer, expect, says):
            return check(bench.run("consistency", older, newer), expect, says)

        for older in c.values():
            run(older, copy, GOOD, f"PROVED    {make_log.ORIGIN} only grew between them")
        run(c[300], c[300], GOOD, "by 0 entries")
        run(bench.receipt(99, 300), c[300], GOOD, "by 0 entries")
        run(c[100], bench.receipt(99, 300), GOOD, "by 200 entries")
        run(c[100], c[200], UNKNOWN, ["UNPROVED", "with 200 entries or more tells it"])
        run(copy, c[100], BAD, "lacks 200 entries that were signed before")
        run(lie, copy, BAD, "FORK")
        run(copy, lie, BAD, "FORK")
        run(c[200], lie, BAD, "FORK")
        run(bench.write("r", other.receipt(2, 200)), c[300], UNKNOWN, "UNPROVED")
        run(c[100], bench.path("absent"), UNKNOWN, "no such file")
        elsewhere = make_log.make(3, key=KEY, origin="hallmark.test/other")
        run(bench.write("e", elsewhere.checkpoint()), copy, UNKNOWN, "they are of two logs")
        proof = proof_of(bench, "consistency", lie, copy)
        assert forks.check(proof, KEY) == (200, 300)
        document = json.loads(bench.run("consistency", c[100], copy, "--json").stdout)
        assert document["sizes"] == {"older": 100, "newer": 300} and document["outcome"] == "good"


if __name__ == "__main__":
    run_tests(__name__)
