"""Sources of reference sets, and what hallmark-signer policy import makes of them."""

import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from hallmark import program


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Sources:
    """A directory with sources in it, and what an import of some of them gives."""

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def add(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *arguments, status=0):
        done = subprocess.run([program("hallmark-signer"), "policy", "import", *map(str, arguments)],
                              capture_output=True, text=True, errors="surrogateescape", timeout=60)
        assert done.returncode == status, done
        return done

    def imported(self, *arguments):
        """(the set's lines, what was said)"""
        to = self.dir / "made.set"
        said = self.run(*arguments, "-o", to).stdout
        return to.read_bytes().decode(errors="surrogateescape").splitlines(), said

    def refused(self, *arguments):
        """Nothing is written, and what was there stays."""
        to = self.add("before.set", "as it was\n")
        said = self.run(*arguments, "-o", to, status=1).stderr
        assert to.read_text() == "as it was\n" and not list(self.dir.glob("before.set.*"))
        return said
