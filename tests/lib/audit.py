"""What the auditor's tests share: a directory with a made log in it, and hallmark-audit run on it."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

import make_log
from hallmark import PATIENCE_S, program

GOOD, BAD, UNKNOWN = 0, 1, 2


class Bench:
    """Use as a context manager: a made log of `size` entries under .dir, its receipts on demand."""

    def __init__(self, size=3, **options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-audit-"))
        self.use(make_log.make(size, **options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def use(self, log):
        """Puts this log there instead of the last."""
        self.log = log
        shutil.rmtree(self.dir / "log", ignore_errors=True)
        (self.dir / "log").mkdir()
        (self.dir / "signer.crt").write_bytes(log.key.pem())
        log.write(self.dir / "log")

    def path(self, name):
        return self.dir / name

    def write(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def receipt(self, index, size=None, name=None):
        return self.write(name or f"entry-{index}.tlog-proof", self.log.receipt(index, size))

    def run(self, command, *arguments, cert="signer.crt"):
        cert = ["--cert", str(self.path(cert))] if cert else []
        return audit(command, *arguments, *cert)

    def verify(self, *paths, expect=GOOD, says="", **options):
        """With every step, unless another output is asked for."""
        full = [] if {"--explain", "--json", "--full"} & set(map(str, paths)) else ["--full"]
        return check(self.run("verify", *paths, *full, **options), expect, says)

    def fsck(self, *arguments, expect=GOOD, says="", **options):
        return check(self.run("fsck", "--log", self.path("log"), *arguments, **options), expect,
                     says)

    def replay(self, *arguments, expect=GOOD, says="", **options):
        return check(self.run("replay", "--log", self.path("log"), "--evidence",
                              self.path("evidence"), *arguments, **options), expect, says)


def audit(*arguments):
    done = subprocess.run([program("hallmark-audit"), *map(str, arguments)], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=4 * PATIENCE_S)
    done.stdout = clean(done.stdout)
    done.stderr = clean(done.stderr)
    return done


def clean(output):
    """Whatever was read, a terminal sees printable UTF-8 and newlines."""
    text = output.decode("utf-8")
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), repr(text)
    return text


def check(done, expect, says=""):
    output = done.stdout + done.stderr
    assert done.returncode == expect, f"exit {done.returncode}, not {expect}:\n{output}"
    for wanted in [says] if isinstance(says, str) else says:
        assert wanted in output, f"{wanted!r} is not in:\n{output}"
    return output


@contextlib.contextmanager
def changed(path, content):
    """The file with other content (None: gone), and as it was afterwards."""
    good = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(good)


def flip(data, at, bit=0):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]
