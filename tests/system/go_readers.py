#!/usr/bin/python3
"""Go's reader of signed notes and its transparency log library, unmodified, on what the real signer and a real
token have sealed: Debian's golang-go and golang-golang-x-mod-dev. Skipped, with the reason, where they are not."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import hallmark
from audit import changed, flip
from audit_real import Audited
from hallmark import ROOT

GOPATH = pathlib.Path("/usr/share/gocode")  # where Debian puts the sources of libraries
ED25519 = {"ed25519_key": "log-ed25519", "ed25519_verifier": "log.vkey"}


def why_not():
    if shutil.which("go") is None:
        return "there is no go here (Debian's golang-go)"
    if not (GOPATH / "src/golang.org/x/mod/sumdb").is_dir():
        return "golang.org/x/mod is not here (Debian's golang-golang-x-mod-dev)"
    return None


class Reader:
    """tests/lib/go/sumdb.go, compiled."""

    def __init__(self, directory):
        self.program = pathlib.Path(directory) / "sumdb"
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "CGO_ENABLED": "0", "GOFLAGS": "",
               "GOCACHE": f"{directory}/cache"}
        done = subprocess.run(["go", "build", "-o", self.program, ROOT / "tests/lib/go/sumdb.go"], env=env,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def read(self, line, log, *receipts):
        return subprocess.run([self.program, line, log, ROOT / "tests/vectors/merkle.txt", *receipts],
                              capture_output=True, text=True)

    def expect_refused(self, word, *arguments):
        done = self.read(*arguments)
        assert done.returncode == 1 and word in done.stderr, (word, done)


def test_go_opens_our_checkpoints_and_checks_our_tiles_and_proofs():
    reason = why_not()
    if reason:
        print(f"skipped: {reason}")
        return
    with Audited(hsm=ED25519) as a, tempfile.TemporaryDirectory() as directory:
        go, line, log = Reader(directory), a.path("log.vkey"), a.path("log")
        receipts = sorted(a.path("receipts").iterdir())
        done = go.read(line, log, *receipts)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "304 entries, 300 receipts, 72 vectors\n", done.stdout
        # It was not for nothing: each file changed; of the checkpoint what is signed, and the line by Go's key.
        for path in (log / "tile/0/000", log / "tile/entries/000", *log.glob("tile/1/000.p/1"),
                     *log.glob("tile/0/001.p/47")):
            good = path.read_bytes()
            with changed(path, flip(good, len(good) // 2)):
                assert go.read(line, log).returncode == 1, path
        good = (log / "checkpoint").read_bytes()
        for at in (good.index(b"\n304\n") + 1, len(good) - 10):
            with changed(log / "checkpoint", flip(good, at)):
                assert go.read(line, log).returncode == 1, at
        with changed(receipts[7], receipts[8].read_bytes().replace(b"index 11", b"index 10")):
            assert go.read(line, log, receipts[7]).returncode == 1
        # The first key's line is another's to Go, and what has it alone is unverified there.
        shown = a.site.hsm("show").stdout
        first = next(row.split()[-1] for row in shown.splitlines() if row.startswith("verifier key "))
        a.path("first.vkey").write_text(first + "\n")
        go.expect_refused("verifier key: ", a.path("first.vkey"), log)
        note = (log / "checkpoint").read_bytes().split(b"\xe2\x80\x94")
        assert len(note) == 3
        with changed(log / "checkpoint", b"\xe2\x80\x94".join(note[:2])):
            go.expect_refused("no verifiable signatures", line, log)


if __name__ == "__main__":
    hallmark.run_tests(__name__)
