#!/usr/bin/python3
"""hallmark-audit verify: good receipts, and everything that is not one."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
from audit import BAD, GOOD, UNKNOWN, Bench, audit, check, flip
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hallmark import program, run_tests

SIZES = [(0, 1), (0, 2), (1, 2), (2, 3), (6, 7), (255, 256), (256, 257), (0, 600), (599, 600)]


def test_receipts_of_trees_of_all_shapes_verify():
    with Bench(600) as bench:
        paths = [bench.receipt(i, size, f"{i}-{size}.tlog-proof") for i, size in SIZES]
        output = bench.verify(*paths, says="contraindicated (1 finding)")
        for i, size in SIZES:
            entries = "entry" if size == 1 else "entries"
            assert re.search(f"PROVED    {make_log.ORIGIN} logged this (report|notice) as entry {i}; "
                             f"its checkpoint is of {size} {entries}\n", output), (i, size)


def test_the_steps_are_told_in_order():
    with Bench(5) as bench:
        output = bench.verify(bench.receipt(3))
        steps = re.findall("^  ([a-z]+) +ok ", output, re.M)
        assert steps == ["read", "format", "certificate", "signature", "origin", "leaf",
                         "inclusion", "entry"], steps
        for word in ("app-1", make_log.COLLECTOR, "affirming", "2026-11-24T10:00:00Z",
                     make_log.leaf_hash(bench.log.entries[3]).hex()):
            assert word in output, word


def test_every_algorithm_verifies():
    for kind, says in (("p384", "EC P-384"), ("rsa", "RSA of 2048 bits"),
                       ("rsa-pss", "RSA of 2048 bits"), ("ed25519", "Ed25519")):
        with Bench(3, key=make_log.Key(kind=kind)) as bench:
            bench.verify(bench.receipt(1), says=says)
            line = bench.write("log.vkey", bench.log.key.line())
            bench.verify(bench.receipt(1), cert="log.vkey", says=[
                says, "a verifier key", f"{make_log.ORIGIN}, and the verifier key names it"])
            other = bench.write("other.vkey", bench.log.key.line("other.test"))
            bench.verify(bench.receipt(1), cert=other.name, expect=UNKNOWN, says="is not of the key that signed")
            line.write_bytes(line.read_bytes() * 2)
            bench.verify(bench.receipt(1), cert="log.vkey", expect=UNKNOWN, says="NAME+HASH+KEY")


def test_one_key_of_two_is_enough_and_both_are_checked():
    """An Ed25519 key beside the first: who knows one of them checks that, who knows both checks both."""
    beside = make_log.Key(kind="ed25519")
    with Bench(3, key=make_log.Key(beside=beside)) as bench:
        log = bench.log
        bench.write("beside.vkey", beside.line())
        text = log.checkpoint_text()
        good = bench.receipt(1)
        first, second = log.key.signature_line(text, log.origin), beside.signature_line(text, log.origin)
        assert good.read_bytes().endswith(second)
        both = ["--cert", bench.path("signer.crt"), "--cert", bench.path("beside.vkey")]
        wrong = make_log.Key(kind="ed25519")
        wrong.key_id = beside.key_id
        forged = wrong.signature_line(text, log.origin)
        bench.verify(good, says="by this key; 1 of other keys not looked at")
        bench.verify(good, cert="beside.vkey", says=["by this key; 1 of other", "Ed25519"])
        bench.verify(good, *both, cert=None, says="by this key, and by 1 other that was named")
        for name, lines, alone, named, together in (
                ("first alone", first, GOOD, UNKNOWN, GOOD),
                ("second alone", second, UNKNOWN, GOOD, GOOD),
                ("turned", second + first, GOOD, GOOD, GOOD),
                ("second forged", first + forged, GOOD, BAD, BAD),
                ("second twice", first + second + second, GOOD, BAD, BAD)):
            receipt = bench.write("r.tlog-proof", log.receipt(1, note=text + b"\n" + lines))
            for arguments, expect in ((["--cert", bench.path("signer.crt")], alone),
                                      (["--cert", bench.path("beside.vkey")], named),
                                      (both, together)):
                assert bench.run("verify", receipt, *arguments, cert=None).returncode == expect, (name, arguments)
        check(audit("fsck", "--log", bench.path("log"), *both), GOOD, "by 1 other that was named")


def test_the_worst_outcome_is_the_exit_status():
    with Bench(3) as bench:
        good = bench.receipt(1)
        bad = bench.write("bad.tlog-proof", bench.log.receipt(1)[:-1])
        absent = bench.path("absent.tlog-proof")
        bench.verify(good, absent, expect=UNKNOWN)
        bench.verify(absent, bad, good, expect=BAD)
        bench.verify(good, bad, expect=BAD)


# --- what it says, and what is demanded -----------------------------------------------------------


def short(bench, *arguments, expect=GOOD, says=""):
    """Without the steps."""
    return check(bench.run("verify", *arguments), expect, says)


def test_proved_and_says_are_two_lines():
    """A receipt that proves that the log says nothing good is not called good."""
    with Bench(5) as bench:
        output = short(bench, bench.receipt(4), says=[
            f"  PROVED    {make_log.ORIGIN} logged this report as entry 4; its checkpoint is of 5 entries\n",
            f"  SAYS      app-2 on {make_log.COLLECTOR}: CONTRAINDICATED, 1 finding\n",
            "2026-11-24T10:00:00Z", "over since 2026-11-24T11:00:00Z",
            "exit 0: proved; what it says was not judged"])
        assert "good" not in output and len(output.splitlines()) == 5, output
        output = short(bench, bench.write("odd", b"odd"), expect=BAD, says=["WRONG", "format         BAD"])
        assert "SAYS" not in output
        bench.write("other.crt", make_log.Key().pem())
        output = check(bench.run("verify", bench.receipt(4), cert="other.crt"), UNKNOWN,
                       ["UNPROVED", "certificate    ?"])
        assert "SAYS" not in output and "app-2" not in output
        short(bench, bench.receipt(0), says="SAYS      no report: a notice of the log about itself, start")


NOW = ["--at", "2026-11-24T10:30:00Z"]


def test_what_is_demanded_decides():
    with Bench(5) as bench:
        good, bad, notice = bench.receipt(3), bench.receipt(4), bench.receipt(1)
        who = ["--workload", "app-1", "--collector", make_log.COLLECTOR]
        for arguments in (["--status", "affirming", *NOW], ["--status", "warning", "--status", "affirming", *NOW],
                          who, [*who, "--status", "affirming", "--max-age", "1800", *NOW], NOW,
                          ["--max-age", "1800", *NOW]):
            short(bench, good, *arguments, says="exit 0: proved, and as demanded")
        for arguments, says in (
                (["--status", "warning", *NOW], "DEMANDED  status warning, found affirming"),
                (["--status", "affirming"], "in force, found over since 2026-11-24T11:00:00Z"),
                (["--max-age", "99999999"], "in force, found over since"),
                (["--workload", "app-2"], "DEMANDED  workload app-2, found app-1"),
                (["--collector", "spiffe://test/host2"], "DEMANDED  collector spiffe://test/host2, found spiffe"),
                (["--max-age", "1799", *NOW], "DEMANDED  age at most 1799 s, found 1800 s"),
                (["--at", "2026-11-24T09:59:59Z"], "in force, found issued at 2026-11-24T10:00:00Z"),
                (["--at", "2026-11-24T11:00:00Z"], "in force, found over since 2026-11-24T11:00:00Z")):
            output = short(bench, good, *arguments, expect=BAD, says=[says, "exit 1: not as demanded", "PROVED"])
            assert output.count("DEMANDED") == 1, output
        short(bench, bad, "--status", "affirming", *NOW, expect=BAD,
              says="DEMANDED  status affirming, found contraindicated")
        short(bench, notice, "--status", "affirming", expect=BAD, says="DEMANDED  entry a report, found a notice")
        short(bench, good, bad, "--status", "affirming", *NOW, expect=BAD, says="not all of this is good: not as")
        short(bench, good, "--at", "2026-11-24T10:59:59Z", "--max-age", "3599")


def test_a_report_of_now_is_in_force_and_one_from_ahead_is_not():
    now = int(time.time())
    for ahead, expect in ((-10, GOOD), (30, GOOD), (300, BAD), (-4000, BAD)):
        log = make_log.log_of(make_log.Workload("app").report(time_s=now + ahead))
        with Bench(0) as bench:
            bench.use(log)
            short(bench, bench.receipt(2), "--status", "affirming", "--max-age", "3600", expect=expect)


def test_an_absence_is_no_report_whatever_is_demanded():
    w = make_log.Workload("app")
    with Bench(0) as bench:
        bench.use(make_log.log_of(w.report(), w.absence(make_log.TIME_S + 60, 1, 2, make_log.TIME_S + 100)))
        short(bench, bench.receipt(3), says="SAYS      no report, nothing is vouched for: app on")
        short(bench, bench.receipt(3), "--workload", "app", expect=BAD, says="found an absence")


def test_json_says_the_same():
    with Bench(5) as bench:
        good, bad = bench.receipt(3), bench.write("odd", b"odd")
        done = bench.run("verify", good, bad, bench.path("absent"), "--json", "--workload", "x")
        told = json.loads(done.stdout)
        assert done.returncode == BAD and told["outcome"] == "bad" and not done.stderr
        first, second, third = told["files"]
        assert (first["outcome"], second["outcome"], third["outcome"]) == ("bad", "bad", "unknown")
        assert first["proved"]["index"] == 3 and first["says"]["status"] == "affirming"
        assert first["demands"] == [{"name": "workload", "met": False, "expected": "x", "found": "app-1"}]
        assert second["proved"] is second["says"] is None and second["steps"][-1]["outcome"] == "bad"
        assert json.loads(bench.run("verify", good, "--json").stdout)["outcome"] == "good"
        name = bench.receipt(3, name="\x1b[31m\u202e")
        assert "\\x1b[31m" in json.loads(bench.run("verify", name, "--json").stdout)["files"][0]["file"]
        done = bench.run("verify", good, "--json", cert="absent")
        assert done.returncode == UNKNOWN and "no such file" in json.loads(done.stdout)["problems"][0]["text"]


# --- certificates ---------------------------------------------------------------------------------


def test_several_certificates_in_every_form():
    old, new, stranger = make_log.Key(), make_log.Key(kind="rsa"), make_log.Key()
    with Bench(3, key=old) as bench:
        first = bench.receipt(2)
        bench.use(make_log.make(5, key=new))
        second = bench.receipt(4)
        for key, name in ((old, "old"), (new, "new"), (stranger, "stranger")):
            public = key.private.public_key()
            bench.write(f"{name}.pem", key.pem())
            bench.write(f"{name}.der", key.certificate.public_bytes(Encoding.DER))
            for form in ("PEM", "DER"):
                bench.write(f"{name}.pub.{form.lower()}", public.public_bytes(
                    getattr(Encoding, form), PublicFormat.SubjectPublicKeyInfo))
        forms = ("pem", "der", "pub.pem", "pub.der")

        def certs(*names):
            return [a for n in names for a in ("--cert", bench.path(n))]

        for form in forms:
            bench.verify(first, second, *certs(f"old.{form}", f"new.{form}"), cert=None)
            bench.verify(second, *certs(f"stranger.{form}", f"new.{form}"), cert=None, says="RSA of 2048 bits")
            bench.verify(first, second, *certs(f"old.{form}"), cert=None, expect=UNKNOWN)
            bench.verify(first, *certs(f"new.{form}", f"stranger.{form}"), cert=None, expect=UNKNOWN,
                         says="none of those given is of the key that signed")
            check(audit("fsck", "--log", bench.path("log"), *certs(f"old.{form}", f"new.{form}")), GOOD)
            check(audit("show", "--log", bench.path("log"), "--index", "2",
                        *certs(f"old.{form}", f"new.{form}")), GOOD)
        bench.verify(first, *certs("old.pub.der"), cert=None, says=[
            "a key without a certificate does not name it", "a public key without name and dates"])
        bench.verify(first, *certs("old.pub.pem"), "--origin", make_log.ORIGIN, cert=None, says="as demanded")
        bench.verify(first, *certs(*["old.pem"] * 17), cert=None, expect=UNKNOWN, says="at most 16")
        bench.verify(first, *certs("old.pem", "absent"), cert=None, expect=UNKNOWN, says="no such file")


# --- what cannot be told -------------------------------------------------------------------------


def test_what_cannot_be_read_proves_nothing():
    with Bench(3) as bench:
        good = bench.receipt(0)
        bench.verify(bench.path("absent"), expect=UNKNOWN, says="no such file")
        bench.verify(bench.dir, expect=UNKNOWN, says="not a regular file")
        os.mkfifo(bench.path("fifo"))
        bench.verify(bench.path("fifo"), expect=UNKNOWN, says="not a regular file")
        bench.verify("/dev/zero", expect=UNKNOWN, says="not a regular file")
        bench.verify(good, expect=UNKNOWN, cert="absent.crt", says="no such file")
        bench.verify(good, expect=UNKNOWN, cert="entry-0.tlog-proof", says="in PEM")


def test_an_encrypted_or_unusable_certificate_proves_nothing():
    with Bench(3) as bench:
        good = bench.receipt(0)
        text = bench.log.key.pem().decode().replace(
            "-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1)
        bench.write("encrypted.crt", text.encode())
        bench.verify(good, expect=UNKNOWN, cert="encrypted.crt")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed448", "-nodes", "-subj", "/CN=x",
                        "-keyout", "/dev/null", "-out", bench.path("edwards.crt")], check=True,
                       stderr=subprocess.DEVNULL)
        bench.verify(good, expect=UNKNOWN, cert="edwards.crt", says="P-256")


def test_another_key_proves_nothing():
    with Bench(3) as bench:
        bench.write("other.crt", make_log.Key().pem())
        output = bench.verify(bench.receipt(0), expect=UNKNOWN, cert="other.crt")
        assert "not of the key that signed" in output and make_log.ORIGIN in output


def test_another_version_or_profile_proves_nothing():
    with Bench(3) as bench:
        text = bench.log.receipt(0).replace(b"@v1", b"@v2", 1)
        bench.verify(bench.write("v2", text), expect=UNKNOWN, says="not known")
        changed = make_log.Workload("app").report(eat_profile="tag:example.org,2031:other")
        bench.log.append(changed)
        bench.verify(bench.receipt(3), expect=UNKNOWN, says="not known")


def test_wrong_usage_proves_nothing():
    for arguments in ([], ["verify"], ["verify", "--cert", "x"], ["verify", "x"], ["unknown"],
                      ["verify", "x", "--cert"], ["verify", "x", "--cert", "a", "--no-such"],
                      ["verify", "x", "--cert", "a", "--json", "--full"], ["consistency", "x", "y"],
                      ["consistency", "x", "--cert", "a"], ["verify", "x", "--cert", "a", "--log", "b"],
                      ["show", "a", "b", "c"], ["show"], ["show", "--log", "x"], ["fsck", "x"],
                      ["fsck", "--log", "x"], ["fsck", "--log", "x", "--cert", "y", "--faults", "0"],
                      ["replay", "--log", "x", "--evidence", "y", "--cert", "z"],
                      ["replay", "--log", "x", "--evidence", "y", "--cert", "z", "--all",
                       "--index", "1"],
                      ["replay", "--log", "x", "--evidence", "y", "--cert", "z", "--index", "01"]):
        check(audit(*arguments), UNKNOWN, "usage:")
    for odd, arguments in (("--no-such", ["verify", "x", "--cert", "a", "--no-such"]),
                           ("--cert=a", ["verify", "x", "--cert=a"]),
                           ("x", ["fsck", "x"]), ("--log", ["fsck", "--cert", "a", "--log"]),
                           ("--status", ["verify", "x", "--cert", "a", "--status", "good"]),
                           ("--max-age", ["verify", "x", "--cert", "a", "--max-age", "1m"]),
                           ("--at", ["verify", "x", "--cert", "a", "--at", "2026-11-24"]),
                           ("--workload", ["verify", "x", "--workload", "a", "--workload", "b"]),
                           ("--newest-within", ["fsck", "--log", "x", "--newest-within", "-1"]),
                           ("--receipt", ["fsck", "--log", "x", "--cert", "y", "--receipt"]),
                           ("--vouched", ["fsck", "--log", "x", "--cert", "y", "--vouched"]),
                           ("--origin", ["verify", "x", "--cert", "a", "--origin", ""]),
                           ("--origin", ["fsck", "--log", "x", "--cert", "a", "--origin", "a b"]),
                           ("--index", ["show", "--log", "x", "--cert", "a", "--index", "+1"])):
        check(audit(*arguments), UNKNOWN, f'{arguments[0]}: "{odd}" is not for this command')
    check(audit("--help"), GOOD, "exit status")
    check(audit("--version"), GOOD, "hallmark-audit ")


# --- origin and certificate ----------------------------------------------------------------------


def test_the_origin_can_be_demanded():
    with Bench(3) as bench:
        good = bench.receipt(0)
        bench.verify(good, "--origin", make_log.ORIGIN, says="as demanded")
        bench.verify(good, "--origin", "hallmark.test/other", expect=BAD, says="expected the log")


def test_an_origin_that_the_certificate_does_not_name_is_warned_of():
    with Bench(3, key=make_log.Key("somebody else")) as bench:
        bench.verify(bench.receipt(0), says=["warn", "demand it with --origin"])
        bench.verify(bench.receipt(0), "--origin", make_log.ORIGIN, says="as demanded")


def test_a_signature_under_another_name_is_refused():
    with Bench(3) as bench:
        log = bench.log
        note = log.key.note(log.checkpoint_text(), "hallmark.test/other")
        bench.verify(bench.write("r", log.receipt(0, note=note)), expect=BAD, says="origin")


def test_a_report_of_another_log_is_refused():
    with Bench(0) as bench:
        bench.log.append(make_log.Workload("app", "hallmark.test/other").report())
        bench.verify(bench.receipt(0), expect=BAD, says="expected issuer")


def test_an_entry_that_is_no_report_is_refused():
    with Bench(0) as bench:
        good = make_log.Workload("app").report()
        for entry in (b"", b"{}", good + b" ", good.replace(b'"iat":', b'"iat": ', 1),
                      good[:-1], b"\xff" * 100):
            bench.verify(bench.receipt(bench.log.append(entry)), expect=BAD, says="valid form")


def test_a_report_outside_the_certificates_dates_is_warned_of():
    for start, days in ((make_log.TIME_S + 1000, 10), (make_log.TIME_S - 86400 * 3, 1)):
        with Bench(2, key=make_log.Key(start=start, days=days)) as bench:
            bench.verify(bench.receipt(0), says=["warn", "outside the certificate's dates"])


# --- what may be added, and what may be missing ---------------------------------------------------


def witness_line(bench, name="hallmark.test/witness"):
    return make_log.Key().signature_line(bench.log.checkpoint_text(), name)


def test_signature_lines_of_other_keys_are_ignored():
    with Bench(3) as bench:
        good = bench.log.receipt(1)
        head, line = good.rsplit(b"\n\n", 1)[0] + b"\n\n", good.rsplit(b"\n\n", 1)[1]
        witnesses = [witness_line(bench, f"witness-{i}.test") for i in range(16)]
        # By name or key ID another: also the log's own name, after a change of keys.
        own_name = witness_line(bench, make_log.ORIGIN)
        for lines in ([line, witnesses[0]], [witnesses[0], line], [line] + witnesses,
                      witnesses + [line], [own_name, line], [line, witnesses[0], witnesses[0]]):
            output = bench.verify(bench.write("r", head + b"".join(lines)))
            assert f"{len(lines) - 1} of other keys not looked at" in output
        bench.verify(bench.write("r", head + line + 63 * witnesses[0]))
        bench.verify(bench.write("r", head + line + 64 * witnesses[0]), expect=BAD)
        bench.verify(bench.write("r", head + b"".join(witnesses)), expect=UNKNOWN,
                     says=["not of the key that signed", "and others"])


def test_only_whole_lines_behind_the_blank_one_may_be_added():
    with Bench(3) as bench:
        good, line = bench.log.receipt(1), witness_line(bench)
        head, note = good.split(b"\n\n", 1)
        none_verifies(bench, good, [
            good + line[:-1], good + b"\n" + line, good + line + b"\n", line + good,
            head + b"\n" + line + b"\n" + note, good + line.replace(b"\n", b"=\n"),
            good + line.replace("\u2014".encode(), b"-"), good + b"comment\n",
            good + line.replace(b"\n", b"\r\n"), good + line.replace(b" ", b"  "),
            head + b"\n\n" + note.replace(b"\n\n", b"\n" + line + b"\n")])


def test_a_wrong_or_second_line_of_the_logs_key_is_refused():
    with Bench(3) as bench:
        good = bench.log.receipt(1)
        other_text = bench.log.key.signature_line(b"another text\n", make_log.ORIGIN)
        again = bench.log.key.signature_line(bench.log.checkpoint_text(), make_log.ORIGIN)
        head, line = good.rsplit(b"\n\n", 1)
        for changed in (good + other_text, head + b"\n\n" + other_text + line, good + again,
                        good + line, good + witness_line(bench) + line):
            bench.verify(bench.write("r", changed), expect=BAD, says="signature")
        # Under another name the same key is another key, wherever its line stands.
        renamed = bench.log.key.signature_line(b"another text\n", "hallmark.test/other")
        bench.verify(bench.write("r", good + renamed))
        bench.verify(bench.write("r", head + b"\n\n" + renamed + line))


def without_report(receipt):
    return b"\n".join(line for line in receipt.split(b"\n") if not line.startswith(b"extra "))


def test_a_proof_without_its_report_is_given_it():
    with Bench(4) as bench:
        bare = bench.write("bare.tlog-proof", without_report(bench.log.receipt(2)))
        whole = bench.receipt(2)
        report = bench.write("report.json", bench.log.entries[2])
        other = bench.write("other.json", bench.log.entries[3])
        feed = bench.write("feed.json", bench.log.entries[2] + b"\n")
        bench.verify(bare, expect=UNKNOWN, says=["no report in it", "--report FILE"])
        bench.verify(bare, "--report", report, says=["beside it, index 2", "app-0", "affirming"])
        bench.verify(whole, "--report", report)
        bench.verify(whole, "--report", other, expect=BAD, says="is another")
        bench.verify(bare, "--report", other, expect=BAD, says="do not lead there")
        bench.verify(bare, "--report", feed, expect=BAD, says="ends in a line feed")
        bench.verify(bare, "--report", bench.path("absent"), expect=UNKNOWN, says="no such file")
        large = bench.write("large", b"x" * 65536)
        bench.verify(bare, "--report", large, expect=BAD)
        bench.verify(bare, bare, "--report", report, expect=UNKNOWN, says="--report is of one")
        none_verifies(bench, bare.read_bytes(), [flip(bare.read_bytes(), at, 0)
                                                 for at in range(len(bare.read_bytes()))],
                      "--report", report)


def test_show_takes_a_proof_without_its_report():
    with Bench(4) as bench:
        bare = bench.write("bare.tlog-proof", without_report(bench.log.receipt(2)))
        report = bench.write("report.json", bench.log.entries[2])
        other = bench.write("other.json", bench.log.entries[3])
        check(audit("show", bare), UNKNOWN, ["no report in it", "--report FILE"])
        check(audit("show", bare, "--report", report), GOOD, ["app-0", "index", "says the receipt"])
        done = audit("show", bare, "--report", report, "--json")
        assert done.returncode == GOOD and done.stdout == bench.log.entries[2].decode() + "\n"
        check(audit("show", bench.receipt(2), "--report", report), GOOD)
        check(audit("show", bench.receipt(2), "--report", other), BAD, "is another")
        check(audit("show", bare, "--report", bench.path("absent")), UNKNOWN, "no such file")
        check(audit("show", "--log", bench.path("log"), "--index", "0", "--cert",
                    bench.path("signer.crt"), "--report", report), UNKNOWN, "usage:")


# --- every byte counts ---------------------------------------------------------------------------


def none_verifies(bench, good, texts, *options):
    """Many changed receipts in few runs: not one may come out good."""
    texts = sorted(set(texts) - {good})
    folder = bench.path("changed")
    at_once = 1 if options else 500
    for begin in range(0, len(texts), at_once):
        folder.mkdir()
        paths = []
        for i, text in enumerate(texts[begin:begin + at_once]):
            paths.append(bench.write(f"changed/{i}", text))
        done = bench.run("verify", *paths, *options)
        verdicts = re.findall("^  (PROVED|WRONG|UNPROVED) ", done.stdout, re.M)
        assert len(verdicts) == len(paths)
        for text, verdict in zip(texts[begin:], verdicts):
            assert verdict in ("WRONG", "UNPROVED"), f"verifies: {text!r}"
        assert done.returncode == BAD or (options and done.returncode == UNKNOWN)
        shutil.rmtree(folder)
    return len(texts)


def test_no_changed_byte_verifies():
    with Bench(3) as bench:
        good = bench.log.receipt(2)
        assert none_verifies(bench, good, (flip(good, at, bit) for at in range(len(good))
                                     for bit in (0, 1, 5, 7))) > 4000


def test_no_deleted_or_doubled_or_added_byte_verifies():
    with Bench(3) as bench:
        good = bench.log.receipt(2)
        texts = [good[:at] + good[at + 1:] for at in range(len(good))]
        texts += [good[:at + 1] + good[at:] for at in range(len(good))]
        texts += [good[:at] + b"\n" + good[at:] for at in range(len(good) + 1)]
        texts += [good[:at] + b" " + good[at:] for at in range(len(good) + 1)]
        texts += [good[:at] for at in range(len(good))]
        none_verifies(bench, good, texts)


def test_no_moved_or_missing_line_verifies():
    with Bench(7) as bench:
        good = bench.log.receipt(1)
        lines = good.split(b"\n")
        texts = []
        for i in range(len(lines)):
            texts.append(b"\n".join(lines[:i] + lines[i + 1:]))
            texts.append(b"\n".join(lines[:i + 1] + lines[i:]))
            for j in range(i):
                moved = list(lines)
                moved[i], moved[j] = moved[j], moved[i]
                texts.append(b"\n".join(moved))
        none_verifies(bench, good, texts)


def test_other_spellings_are_refused():
    with Bench(3) as bench:
        good = bench.log.receipt(1)
        note = good[good.index(b"\n\n") + 2:]
        texts = {
            "CRLF": good.replace(b"\n", b"\r\n"),
            "a second blank line": good.replace(b"\n\n", b"\n\n\n", 1),
            "a leading zero": good.replace(b"index 1\n", b"index 01\n"),
            "a plus": good.replace(b"index 1\n", b"index +1\n"),
            "two spaces": good.replace(b"extra ", b"extra  "),
            "no padding": re.sub(b"=+\n", b"\n", good, 1),
            "more padding": re.sub(b"=\n", b"==\n", good, 1),
            "base64url": good.replace(b"+", b"-").replace(b"/", b"_"),
            "a comment": good + b"# done\n",
            "no final newline": good[:-1],
            "a byte order mark": b"\xef\xbb\xbf" + good,
            "version 0": good.replace(b"@v1", b"@v0"),
            "another first line": good.replace(b"c2sp.org/", b"example/"),
            "upper case": good.replace(b"index", b"INDEX"),
            "an extension line": good.replace(
                note, bench.log.key.note(bench.log.checkpoint_text() + b"more\n", make_log.ORIGIN)),
            "two good signatures": good + bench.log.key.signature_line(
                bench.log.checkpoint_text(), make_log.ORIGIN),
            "the receipt twice": good + good,
            "the hyphen": good.replace("\u2014".encode(), b"-"),
        }
        for what, changed in texts.items():
            assert changed != good or what in ("no padding", "more padding", "base64url"), what
            if changed != good:
                bench.verify(bench.write("changed", changed), expect=BAD)


def test_base64_with_bits_behind_its_end_is_refused():
    with Bench(3) as bench:
        digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        good = bench.log.receipt(1)
        ends = [m.start() - 1 for m in re.finditer(b"=+\n", good)]
        assert len(ends) >= 3
        none_verifies(bench, good, [good[:at] + digits[d:d + 1] + good[at + 1:]
                              for at in ends for d in range(64)])


def test_the_higher_twin_of_a_signature_is_refused():
    with Bench(3) as bench:
        log = bench.log
        note = log.key.note(log.checkpoint_text(), log.origin, lower=False)
        bench.verify(bench.write("high", log.receipt(1, note=note)), expect=BAD, says="signature")


def test_proofs_that_lie_are_refused():
    with Bench(9) as bench:
        log = bench.log
        good = log.receipt(3).decode()
        for index in (0, 1, 2, 4, 7, 8, 9, 10, 2**63, 2**64 - 1):
            bench.verify(bench.write("r", good.replace("index 3\n", f"index {index}\n").encode()),
                         expect=BAD, says="do not lead there")
        bench.verify(bench.write("r", good.replace("index 3\n", f"index {2**64}\n").encode()),
                     expect=BAD, says="not canonical")
        for size in (0, 1, 3, 4, 8, 2**64 - 1):
            note = log.key.note(log.checkpoint_text(size, log.tree.root(0, 9)), log.origin)
            bench.verify(bench.write("r", log.receipt(3, note=note)), expect=BAD)
        more = re.sub("index 3\n", "index 3\n" + make_log.b64(bytes(32)) + "\n", good)
        bench.verify(bench.write("r", more.encode()), expect=BAD)
        many = re.sub("index 3\n", "index 3\n" + (make_log.b64(bytes(32)) + "\n") * 65, good)
        bench.verify(bench.write("r", many.encode()), expect=BAD)


def test_files_of_any_size_are_refused_soon():
    with Bench(1) as bench:
        good = bench.log.receipt(0)
        for text in (b"", b"\n", b"\n\n", good[:22], b"\0" * 1000, good + b"\n" * 200000,
                     b"A" * (192 * 1024 + 1)):
            done = bench.run("verify", bench.write("r", text))
            assert done.returncode in (BAD, UNKNOWN), text[:30]
        with open(bench.path("sparse"), "wb") as file:
            file.truncate(1 << 40)
        bench.verify(bench.path("sparse"), expect=BAD, says="larger than")


# --- what it may do ------------------------------------------------------------------------------


def test_names_cannot_write_to_the_terminal():
    with Bench(2) as bench:
        name = "\x1b[31mred\nverdict ok good\u202e.tlog-proof"
        output = bench.verify(bench.receipt(1, name=name))
        assert "\\x1b[31mred\\x0averdict" in output
        bench.verify(bench.path("\x1b]0;title\x07"), expect=UNKNOWN, says="\\x1b]0;title\\x07")


def test_no_network_and_no_writing():
    with Bench(2) as bench:
        trace = bench.path("trace")
        # The leak sanitizer traces the process itself and cannot do so under strace.
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        subprocess.run(["strace", "-f", "-o", trace, "-e", "trace=%network,openat,open,execve",
                        program("hallmark-audit"), "verify", bench.receipt(1), "--cert",
                        bench.path("signer.crt")], env=env, check=True,
                       stdout=subprocess.DEVNULL)
        calls = trace.read_text()
        assert "socket(" not in calls and "connect(" not in calls and "O_WRONLY" not in calls
        assert calls.count("execve(") == 1


def test_an_answer_that_cannot_be_written_is_none():
    with Bench(2) as bench, open("/dev/full", "wb") as full:
        done = subprocess.run([program("hallmark-audit"), "verify", bench.receipt(1), "--cert",
                               bench.path("signer.crt")], stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == UNKNOWN and b"could not be written" in done.stderr


if __name__ == "__main__":
    run_tests(__name__)
