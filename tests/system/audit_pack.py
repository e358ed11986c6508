#!/usr/bin/python3
"""hallmark-audit pack: a folder that verifies with openssl and coreutils alone, and no more once it was edited."""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
from audit import BAD, GOOD, UNKNOWN, Bench, check, flip
from hallmark import run_tests
from make_log import TIME_S
from story import Policy, Story

FRAMEWORKS = ("pci-dss-4.0.1", "dora", "rts6", "gdpr-hipaa")
HOSTILE = "<script>"
ALONE = ("sh openssl sha256sum base64 cat cut dirname head mktemp mv rm tail").split()


class Packed(Bench):
    """A log with a deviation, a silence, an approved policy and a workload with a hostile name."""

    def __init__(self, kind="ec"):
        super().__init__(0)
        operator = statements.Key()
        people = statements.operators_text([("ann", ["approve"], operator)])
        s = Story(Policy(operators=people), key=make_log.Key(kind=kind))
        s.report(next_s=60)
        s.wait(60).report(data=make_log.EVIL, next_s=60)
        self.begin = s.now
        s.wait(60).report(next_s=60)
        s.report(HOSTILE)
        s.wait(200).absence(s.now - 200 + 120)
        s.wait(10).report(next_s=60)
        other = Policy(name="other", operators=people)
        s.adopt(other, [s.approve(operator, other, author="bob", reason="=1+1, CHG-7")])
        for _ in range(20):
            s.wait(30).report(next_s=60)
        self.story = s
        self.use(s.log)
        self.write("evidence/pack-00000001", s.evidence())
        self.tools = self.dir / "tools"
        self.tools.mkdir()
        for name in ALONE:
            (self.tools / name).symlink_to(shutil.which(name))

    def pack(self, name="pack", *more, framework="pci-dss-4.0.1", begin=TIME_S + 30, expect=GOOD, says=""):
        times = [subprocess.check_output(["date", "-u", "-d", f"@{at}", "+%Y-%m-%dT%H:%M:%SZ"], text=True).strip()
                 for at in (begin, self.story.now + 1)]
        check(self.run("pack", "--log", self.path("log"), "--evidence", self.path("evidence"), "--from", times[0],
                       "--to", times[1], "--framework", framework, "--out", self.path(name), *more), expect, says)
        return self.path(name)

    def verify(self, folder, good=True, key="signer.crt"):
        """With nothing but openssl and coreutils."""
        done = subprocess.run([str(self.tools / "sh"), "verify.sh", *([str(self.path(key))] if key else [])], cwd=folder,
                              env={"PATH": str(self.tools)}, text=True, capture_output=True)
        assert done.returncode == (0 if good else 1) and ("GOOD" in done.stdout) == good, done.stdout + done.stderr
        assert not good or not done.stderr, done.stderr
        return done.stdout

    def edited(self, folder, path, content, sums=True):
        """A copy with another file; with sums that fit, as a forger makes them."""
        copy = self.dir / "edited"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        (copy / path).write_bytes(content)
        if sums:
            lines = (copy / "SHA256SUMS").read_text().splitlines()
            (copy / "SHA256SUMS").write_text("".join(
                f"{hashlib.sha256((copy / line[66:]).read_bytes()).hexdigest()}  {line[66:]}\n" for line in lines))
        return copy


def test_every_framework_and_key_verifies_with_openssl_and_coreutils_alone():
    for kind, framework in zip(("ec", "rsa", "rsa-pss", "ed25519"), FRAMEWORKS):
        with Packed(kind) as bench:
            folder = bench.pack(framework=framework)
            said = bench.verify(folder)
            receipts = len(list((folder / "receipts").iterdir()))
            assert receipts > 10 and f"verified: {receipts}\n" in said and "only grew" in said, said
            assert "came with the folder" in bench.verify(folder, key=None)
            page = (folder / "index.html").read_text()
            assert "this cannot show it" in page and "Not proved" in page and "changed-file" in page, page


def test_growth_from_every_size():
    with Packed() as bench:
        for begin in (TIME_S - 9, TIME_S + 1, TIME_S + 500, TIME_S + 740):
            folder = bench.pack(f"from-{begin}", begin=begin)
            said = bench.verify(folder)
            assert "only grew" in said or "begins with the log" in said, said


def test_what_was_edited_afterwards_fails():
    with Packed() as bench:
        folder = bench.pack()
        receipt = next((folder / "receipts").iterdir())
        bench.verify(bench.edited(folder, "history.csv", b"row\n", sums=False), good=False)
        for path in (f"receipts/{receipt.name}", "checkpoints/end.txt", "checkpoints/start.txt",
                     "checkpoints/consistency.txt"):
            content = (folder / path).read_bytes()
            lines = content.split(b"\n")
            forged = {b"\n".join(flip(line, len(line) // 2, 1) if i == k else line for i, line in enumerate(lines))
                      for k in range(min(len(lines), 4)) if lines[k]}
            for other in forged:
                bench.verify(bench.edited(folder, path, other), good=False)
        other = make_log.make(40)
        bench.verify(bench.edited(folder, "checkpoints/end.txt", other.checkpoint()), good=False)
        bench.write("other.crt", other.key.pem())
        bench.verify(folder, good=False, key="other.crt")


def test_names_from_outside_are_harmless():
    with Packed() as bench:
        folder = bench.pack()
        page = (folder / "index.html").read_text()
        assert "<script" not in page and "&lt;script&gt;" in page
        assert "default-src 'none'; style-src 'sha256-" in page and "http" not in page.replace("http-equiv", "")
        assert "\"'=1+1, CHG-7\"" in (folder / "changes.csv").read_text()
        assert all(name in page for name in ("bob", bench.story.manifest)), "who changed the policy"
        assert (folder / f"policies/{bench.story.manifest}.manifest").exists()
        assert len(list((folder / "statements").iterdir())) == 1


def test_inventory_and_zip():
    with Packed() as bench:
        listed = bench.write("inventory", f"# ours\n{make_log.COLLECTOR},app\r\nspiffe://test/lost\n".encode())
        folder = bench.pack("pack", "--inventory", listed, "--zip")
        page = (folder / "index.html").read_text()
        lost, seen = page.split("never seen in this log")[1].split("Seen, and not in the inventory")
        assert "spiffe://test/lost" in lost and ">app<" not in lost and "&lt;script&gt;" in seen and ">app<" not in seen
        with zipfile.ZipFile(f"{folder}.zip") as packed:
            packed.extractall(bench.path("unzipped"))
        bench.verify(bench.path("unzipped/pack"))


def test_what_cannot_be_packed_is_refused():
    with Packed() as bench:
        bench.pack()
        bench.pack(expect=UNKNOWN, says="File exists")
        bench.pack("other", framework="sox", expect=UNKNOWN, says="one of pci-dss-4.0.1")
        assert not bench.path("other").exists()
        bench.pack("third", "--inventory", bench.path("absent"), expect=UNKNOWN, says="absent")
        bench.story.wait(5).report(data=make_log.EVIL, status="affirming", findings=[],
                                   vector={"instance-identity": 2, "executables": 2})
        bench.use(bench.story.log)
        folder = bench.pack("bad", expect=BAD, says="bad: not all")
        assert "BAD (audit.txt)" in (folder / "index.html").read_text()


if __name__ == "__main__":
    run_tests(__name__)
