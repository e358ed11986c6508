#!/usr/bin/python3
"""hallmark-audit verify --explain: its output is run by a shell, and must come to the same."""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import wire
from audit import BAD, GOOD, UNKNOWN, Bench, audit, check
from cryptography.hazmat.primitives import serialization
from hallmark import APP, Site, run_tests
from logimage import published

VERIFIED = {"ed25519": "Signature Verified Successfully"}  # what openssl says; else "Verified OK"
TOOLS = "base64 cat cut echo head mv od openssl printf sed sha256sum tail tr".split()


def explain(bench, path, **options):
    return bench.verify(path, "--explain", **options)


def run(script):
    """In an empty directory, with nothing of ours around."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(["sh", "-eu"], input=script.encode(), cwd=directory,
                              capture_output=True, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr.decode() + script
    return done.stdout.decode().split("\n")


def sections(script):
    """The script cut at its numbered headings."""
    parts = re.split(r"(?m)^(?=# [1-8]\. )", script)
    assert len(parts) == 9, script
    return parts[0], parts[1:]


def sums(lines):
    """Of the receipt as it is, and as it is made again."""
    return [line for line in lines if re.fullmatch("[0-9a-f]{64}  -", line)]


def agree(bench, index, size, **options):
    path = bench.receipt(index, size, "receipt of %d's.tlog-proof" % index)
    script = explain(bench, path, **options)
    lines = run(script)
    expected = re.findall("^# expect: (.*)$", script, re.M)
    assert len(expected) == 5 and expected[1] == VERIFIED.get(bench.log.key.kind, "Verified OK")
    for line in expected:
        assert line in lines, f"{line!r} is not in {lines}"
    # The root that was reached, and the one that was signed; the key ID, twice.
    assert lines.count(expected[3]) == 3, lines  # and in the checkpoint, as it is shown
    # The log's name: as it is shown, in checkpoint, signature line and report.
    assert expected[0] == expected[4] == make_log.ORIGIN and lines.count(make_log.ORIGIN) == 4
    assert len(sums(lines)) == 2 and len(set(sums(lines))) == 1, lines
    key_id = bench.log.key.key_id(make_log.ORIGIN).hex()
    assert lines.count(key_id) == 2, lines
    assert bench.log.entries[index].decode() in lines
    return script


def test_receipts_with_any_number_of_hashes():
    with Bench(600) as bench:
        for index, size in ((0, 1), (0, 2), (1, 2), (2, 3), (5, 7), (255, 257), (256, 257),
                            (599, 600), (300, 600)):
            agree(bench, index, size)


def test_every_leaf_of_small_trees():
    with Bench(6) as bench:
        for size in range(1, 7):
            for index in range(size):
                agree(bench, index, size)


def test_only_openssl_coreutils_and_sed():
    with Bench(7) as bench:
        script = agree(bench, 5, 7)
        commands = [line for line in script.split("\n") if line and not line.startswith("#")]
        for line in commands:
            line = re.sub("'[^']*'|\"[^\"]*\"", "", line)
            words = re.findall(r"(?:^|[|;{]\s*)([a-z0-9]+)(?=\s|$)", line)
            assert set(words) <= {*TOOLS}, line


def test_each_step_needs_only_the_ones_before():
    with Bench(7) as bench:
        script = explain(bench, bench.receipt(5))
        begin, steps = sections(script)
        lines = []
        for i in range(1, 9):
            now = run(begin + "".join(steps[:i]))
            assert now[:len(lines) - 1] == lines[:-1] if lines else True
            lines = now


def test_a_wrong_receipt_is_seen_by_hand_too():
    with Bench(7) as bench:
        text = bench.log.receipt(5).decode().split("\n")
        text[1] = "extra " + make_log.b64(bench.log.entries[4])
        path = bench.write("wrong", "\n".join(text).encode())
        script = explain(bench, path, expect=BAD, says="do not lead there")
        lines = run(script)
        signed = make_log.b64(bench.log.tree.root(0, 7))
        assert "Verified OK" in lines and lines.count(signed) == 2  # and not a third time


def test_another_spelling_is_seen_by_hand():
    """The commands for a good receipt, run over one that says the same in another way."""
    with Bench(7) as bench:
        path = bench.receipt(5)
        script = explain(bench, path)
        good = path.read_bytes()
        proof, note = good.split(b"\n\n", 1)
        for spelled in (good + b"\n", good.replace(b"index 5\n", b"index 5\r\n"),
                        good.replace(b"index 5", b"index 05"), good[:-1],
                        proof + b"\n\n\n" + note, b" " + good):
            path.write_bytes(spelled)
            with tempfile.TemporaryDirectory() as directory:
                lines = subprocess.run(["sh"], input=script.encode(), cwd=directory,
                                       capture_output=True).stdout.decode().split("\n")
            assert len(set(sums(lines))) == 2, (spelled, lines)


def test_a_wrong_signature_is_seen_by_hand_too():
    with Bench(3) as bench:
        log = bench.log
        note = log.key.note(log.checkpoint_text(), log.origin)
        note = note.replace(b"\n3\n", b"\n4\n", 1)
        script = explain(bench, bench.write("wrong", log.receipt(1, note=note)), expect=BAD)
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run(["sh"], input=script.encode(), cwd=directory,
                                  capture_output=True)
        assert b"Verification failure" in done.stdout + done.stderr


def test_paths_are_quoted():
    with Bench(2) as bench:
        for name in ("it's", "$(touch made)", "`id`", "a b;c", "\"quoted\"", "-n", "back\\slash"):
            path = bench.receipt(1, name=name)
            lines = run(explain(bench, path))
            assert "Verified OK" in lines


def test_paths_that_cannot_be_shown_are_not_explained():
    with Bench(2) as bench:
        path = bench.receipt(1, name="new\nline")
        explain(bench, path, expect=UNKNOWN, says=["cannot be shown", "copy the files to plain"])


def test_every_algorithm():
    """By the certificate, by the key alone, and by the verifier key line."""
    for kind in make_log.KINDS:
        with Bench(3, key=make_log.Key(kind=kind)) as bench:
            public = bench.log.key.private.public_key()
            bench.write("signer.pub", public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
            bench.write("it's the log's.vkey", bench.log.key.line())
            for cert in ("signer.crt", "signer.pub", "it's the log's.vkey"):
                agree(bench, 1, 3, cert=cert)
                wrong = bench.write("wrong", bench.log.receipt(
                    1, note=bench.log.key.note(bench.log.checkpoint_text(), bench.log.origin)
                    .replace(b"\n3\n", b"\n4\n", 1)))
                script = explain(bench, wrong, expect=BAD, cert=cert)
                with tempfile.TemporaryDirectory() as directory:
                    done = subprocess.run(["sh"], input=script.encode(), cwd=directory, capture_output=True)
                assert b"Verification failure" in done.stdout + done.stderr or (
                    b"Signature Verification Failure" in done.stdout), (kind, done)


def test_what_a_token_has_sealed_by_every_algorithm():
    """From the key ceremony to openssl: by the certificate, and by the verifier key of the key beside it."""
    for algorithm in ("p256", "p384", "rsa-3072", "rsa-4096", "rsa-3072-pss", "rsa-4096-pss"):
        with Site(hsm={"algorithm": algorithm, "ed25519_key": "beside", "ed25519_verifier": "log.vkey"}) as site:
            site.start_signer()
            collector = site.collector("host1")
            for _ in range(3):
                receipt = collector.submit("app", APP)
            collector.close()
            path = site.path("r.tlog-proof")
            path.write_bytes(wire.tlog_proof(receipt))
            for cert, verified in (("log.crt", "Verified OK"), ("log.vkey", VERIFIED["ed25519"])):
                script = check(audit("verify", path, "--explain", "--cert", site.path(cert)), GOOD)
                lines = run(script)
                assert verified in lines and "Verification failure" not in lines, (algorithm, cert, lines)
                assert len(sums(lines)) == 2 and len(set(sums(lines))) == 1, lines
                for line in re.findall("^# expect: (.*)$", script, re.M):
                    assert line in lines, (algorithm, cert, line, lines)
            both = ["--cert", site.path("log.crt"), "--cert", site.path("log.vkey")]
            check(audit("verify", path, "--full", *both), GOOD, "and by 1 other that was named")
            published(site, receipt["index"] + 1)
            check(audit("fsck", "--log", site.path("log"), *both), GOOD, "and by 1 other that was named")


def test_a_key_beside_the_log_s_own():
    """The one that is named is explained; the other is a line like a witness's."""
    beside = make_log.Key(kind="ed25519")
    with Bench(2, key=make_log.Key(beside=beside)) as bench:
        bench.write("beside.vkey", beside.line())
        for cert, verified, key in (("signer.crt", "Verified OK", bench.log.key),
                                    ("beside.vkey", VERIFIED["ed25519"], beside)):
            lines = run(explain(bench, bench.receipt(1), cert=cert))
            assert verified in lines and lines.count(key.key_id(make_log.ORIGIN).hex()) == 2, lines
            assert len(sums(lines)) == 2 and len(set(sums(lines))) == 1, lines


def test_a_receipt_that_witnesses_have_signed():
    """Their lines may stand before and behind the log's, whose one is taken."""
    with Bench(3) as bench:
        text = bench.log.checkpoint_text()
        before, behind = (make_log.Key().signature_line(text, f"{name}.test") for name in "ab")
        head, line = bench.log.receipt(1).rsplit(b"\n\n", 1)
        path = bench.write("r.tlog-proof", head + b"\n\n" + before + line + behind)
        lines = run(explain(bench, path))
        assert "Verified OK" in lines and lines.count(make_log.ORIGIN) == 4
        assert len(sums(lines)) == 2 and len(set(sums(lines))) == 1, lines


def test_a_receipt_without_its_report():
    with Bench(3) as bench:
        path = bench.write("r.tlog-proof", b"\n".join(
            line for line in bench.log.receipt(1).split(b"\n") if not line.startswith(b"extra ")))
        report = bench.write("the report's.json", bench.log.entries[1])
        script = bench.verify(path, "--report", report, "--explain")
        lines = run(script)
        for line in re.findall("^# expect: (.*)$", script, re.M):
            assert line in lines, f"{line!r} is not in {lines}"
        assert "Verified OK" in lines and bench.log.entries[1].decode() in lines
        assert len(sums(lines)) == 2 and len(set(sums(lines))) == 1, lines
        assert "sed" not in explain(bench, path, expect=UNKNOWN, says="--report FILE")


def test_several_receipts_are_explained_one_after_the_other():
    with Bench(3) as bench:
        script = bench.verify(bench.receipt(0), bench.receipt(2), "--explain")
        lines = run(script)
        assert lines.count("Verified OK") == 2
        assert bench.log.entries[0].decode() in lines and bench.log.entries[2].decode() in lines


if __name__ == "__main__":
    run_tests(__name__)
