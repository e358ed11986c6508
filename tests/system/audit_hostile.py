#!/usr/bin/python3
"""hallmark-audit on logs and evidence by somebody who holds the signer, and wants it to say what is not
so, to run out of memory, or to write to the auditor's terminal."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
from audit import BAD, GOOD, UNKNOWN, Bench, check, clean
from hallmark import program, run_tests
from story import Policy, Story

PACK = "evidence/pack-00000001"


# Runs a program from a process that is small: the kernel's mark of a program's memory begins with that of whoever started it.
APART = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
output = child.stdout.read()
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([child.returncode, used.ru_maxrss, output]))
"""


class Told(Bench):
    """The bench of a story."""

    def __init__(self, story):
        super().__init__(0)
        self.use(story.log)
        story.records = list(dict.fromkeys(story.records))
        self.write(PACK, story.evidence())

    def replay_within(self, mib, expect, says):
        """It takes no more memory than that; a sanitizer's memory is its own."""
        done = subprocess.run(
            [sys.executable, "-c", APART, program("hallmark-audit"), "replay", "--all", "--log", self.path("log"),
             "--evidence", self.path("evidence"), "--cert", self.path("signer.crt")], capture_output=True, text=True)
        status, kib, output = json.loads(done.stdout)
        assert status == expect and says in output, (status, output)
        assert kib < mib << 10 or "san" in str(program("")), kib


# --- what is not so -------------------------------------------------------------------------------


def test_a_log_that_is_dated_forth_is_not_new_for_ever():
    now = int(time.time())
    for ahead, expect in ((0, GOOD), (30, GOOD), (300, BAD), (10**9, BAD)):
        with Bench(0) as bench:
            bench.use(make_log.log_of(make_log.Workload("app").report(time_s=now + ahead)))
            bench.fsck("--newest-within", "3600", expect=expect,
                       says="ahead of the clock here: how old it is" if expect else "as demanded")
            bench.fsck("--newest-within", str(2**64 - 1), expect=expect)


A, B = "hallmark.test/a", "hallmark.test/b"


def test_the_key_of_one_log_does_not_speak_for_another():
    """Whoever audits two logs names both certificates."""
    a, b = make_log.Key(A), make_log.Key(B)
    with Bench(0) as bench:
        bench.use(make_log.make(4, key=b, origin=A, evil_every=1))  # by the operator of the other log
        certificates = ["--cert", bench.write("a.crt", a.pem())]
        names = "a.crt names, is signed by the key of"
        for more in ([], ["--origin", A]):
            for command in (["verify", bench.receipt(3)], ["fsck", "--log", bench.path("log")],
                            ["consistency", bench.receipt(2), bench.path("log")]):
                output = check(bench.run(*command, *certificates, *more), UNKNOWN, names)
                assert "PROVED " not in output.replace("UNPROVED", ""), output
        ours = make_log.make(4, key=a, origin=A, evil_every=0)
        proof = b"hallmark fork proof v1\nprefix 4\n\n%s\nroot %s\n\n%s" % (
            bench.log.checkpoint(), make_log.b64(ours.tree.root(0, 4)).encode(), ours.checkpoint())
        assert bench.log.tree.root(0, 4) != ours.tree.root(0, 4)
        check(bench.run("verify", bench.write("framed", proof), *certificates), UNKNOWN, ["UNPROVED", names])
        bench.use(ours)
        bench.write("signer.crt", b.pem())
        for command in (["verify", bench.receipt(3)], ["fsck", "--log", bench.path("log")]):
            check(bench.run(*command, *certificates), GOOD)


def test_one_history_is_of_files_that_were_looked_at_and_of_one_log():
    key = make_log.Key(A)
    one, other = (make_log.make(5, key=key, origin=origin) for origin in (A, B))
    with Bench(0) as bench:
        bench.use(one)
        good, later = bench.receipt(3, 4), bench.receipt(4)
        foreign = bench.write("foreign", other.receipt(3))
        junk = bench.write("junk", b"junk")

        def said(*files):
            return json.loads(bench.run("verify", *files, "--json").stdout)["one_history"]

        assert said(good, later) == said(good) == "yes"
        assert said(junk) == said(bench.path("absent")) == said(good, junk) == "unknown"
        assert "only grew" not in check(bench.run("verify", good, foreign), GOOD)
        check(bench.run("verify", good, later, foreign), GOOD, "PROVED    each log only grew between its own")
        check(bench.run("verify", good, later), GOOD, "PROVED    the log only grew between them")


def test_approvals_that_nobody_looked_at_are_no_approvals():
    s = Story(Policy())
    evil = Policy("evil")
    s.records += evil.records
    s.notify("manifest", {"sha256": evil.digest, "approvals": ["11" * 32, "22" * 32]})
    with Told(s) as bench:
        output = bench.fsck(says="naming 2 approvals, at which nobody looked here")
        assert "by 2 approvals" not in output
        bench.fsck("--evidence", bench.path("evidence"), expect=BAD)


def forged_approval():
    """(story, index): a manifest that rests on a statement which the operator never signed."""
    ann, evil = statements.Key(), Policy("evil")
    s = Story(Policy(operators=statements.operators_text([("ann", ["approve"], ann)], {"approve": 1})))
    document = json.loads(s.envelope(statements.Key(), "approve", {"manifest": evil.digest}))
    document["signatures"][0]["keyid"] = ann.id
    forged = json.dumps(document, separators=(",", ":")).encode()
    s.approve(ann, evil, envelope=forged)
    return s, s.adopt(evil, [forged])


def test_an_entry_alone_is_not_called_more_than_was_looked_at():
    s, index = forged_approval()
    with Told(s) as bench:
        bench.replay("--index", index, expect=BAD, says="what this manifest rests on does not count")
    s = Story(Policy())
    s.report()
    index = s.wait(10).absence(s.now - 1)  # nothing was promised
    with Told(s) as bench:
        output = bench.replay("--index", index, says=["no verdict was made again", "that it was due, too"])
        assert "give these verdicts" not in output
        bench.replay("--index", "1", "--policy", s.policy.digest, says="no verdict was made again")
        bench.replay("--index", "1", "--policy", "77" * 32, expect=BAD, says="none of those expected")


# --- the terminal ---------------------------------------------------------------------------------


def test_what_is_explained_writes_nothing_to_the_terminal():
    """A shell runs the steps for whoever wants to see by hand what is wrong."""
    escapes = b"\x1b[2JPROVED \xe2\x80\xae"
    with Bench(0) as bench, tempfile.TemporaryDirectory() as directory:
        bench.use(make_log.log_of(b'{"' + escapes + b'"}'))
        bench.write("other.crt", make_log.Key().pem())
        odd = bench.log.key.note("\u202eDEVORP\n3\nx\n".encode(), bench.log.origin)
        for note, cert in ((None, "signer.crt"), (None, "other.crt"), (odd, "signer.crt")):
            path = bench.write("odd", bench.log.receipt(2, note=note))
            script = bench.run("verify", path, "--explain", cert=cert).stdout
            done = subprocess.run(["sh"], input=script.encode(), cwd=directory, capture_output=True,
                                  env={"PATH": "/usr/bin:/bin"})
            assert b"^[[2JPROVED" in done.stdout, done
            clean(done.stdout)


def test_nothing_is_hidden_behind_a_zero_byte():
    with Bench(0) as bench:
        bench.use(make_log.log_of(b'{"later\0":"no less"}'))
        check(bench.run("show", "--log", bench.path("log"), "--index", "2"), UNKNOWN, '{"later\\x00":"no less"}')
        s = Story(Policy())
        odd = b"hallmark in force v1\n\0hidden\n"
        index = s.start(listed=odd)
        bench.use(s.log)
        bench.write(PACK, s.evidence())
        check(bench.run("show", "--log", bench.path("log"), "--index", index, "--evidence", bench.path("evidence")),
              GOOD, "  \\x00hidden")


def test_many_faults_of_a_policy_are_not_all_told():
    policy = Policy()
    text = policy.text + b"".join(b"odd%04d: 1\n" % i for i in range(1000))
    policy.manifest = policy.manifest.replace(make_log.sha256(policy.text).hex().encode(),
                                              make_log.sha256(text).hex().encode())
    policy.digest = make_log.sha256(policy.manifest).hex()
    policy.id = f"made@sha256:{policy.digest}"
    policy.records += [(make_log.POLICY, text), (make_log.MANIFEST, policy.manifest)]
    s = Story(policy)
    s.report()
    with Told(s) as bench:
        assert bench.replay("--all", expect=UNKNOWN, says="stored policy").count("stored policy:") <= 20


# --- memory ---------------------------------------------------------------------------------------

FILES = b"".join(b"%064x  /%x\n" % (i + 1, i) for i in range(120000))  # stored once, 8.6 MB


def test_a_policy_has_no_more_references_than_fit_into_memory():
    """Each is a line of the policy; the content is the same."""
    s = Story(Policy(references=[(f"more-{i:04}", FILES) for i in range(100)]))
    s.report()
    with Told(s) as bench:
        bench.replay_within(400, UNKNOWN, "at most 134217728 allowed for all")


def test_large_policies_are_not_all_kept():
    policies = [Policy(f"p-{i}", references=[(f"more-{k}", FILES) for k in range(6)]) for i in range(8)]
    s = Story()
    for policy in policies:
        s.adopt(policy)
        s.report()
    with Told(s) as bench:
        bench.replay_within(500, GOOD, "8 the same, 0 different")


FEW = 60000


def test_a_directory_is_not_read_at_once():
    if "san" in str(program("")):
        return  # a sanitizer's memory is its own
    with Bench(3) as bench, tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        shutil.move(bench.path("log"), f"{memory}/log")  # where many files are made soon
        junk = pathlib.Path(f"{memory}/log/junk")
        junk.mkdir()
        for i in range(FEW):
            os.mknod(f"{junk}/{i}")
        done = subprocess.run(["sh", "-c", "ulimit -v 20000 && exec \"$@\"", "-", program("hallmark-audit"),
                               "fsck", "--log", f"{memory}/log", "--cert", bench.path("signer.crt")],
                              capture_output=True, text=True)
        assert done.returncode == GOOD and f" {FEW} notes" in done.stdout, done


if __name__ == "__main__":
    run_tests(__name__)
