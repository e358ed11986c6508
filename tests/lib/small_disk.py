"""A disk of a test's own that can be filled: a tmpfs in a mount namespace that ends with the test.

A script calls enter() first; it is then run once more, inside the namespace.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

INSIDE = "HALLMARK_PRIVATE_MOUNTS"
DISK_KB = 16 * 1024


def enter():
    if INSIDE in os.environ:
        return
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.environ[INSIDE] = "1"
    private = ["unshare", "--mount", *root, "--propagation"]
    # Below chroot the root is no mount whose propagation could be changed.
    works = subprocess.run([*private, "private", "true"], capture_output=True, check=False)
    private.append("unchanged" if works.returncode else "private")
    os.execvp("unshare", [*private, sys.executable, *sys.argv])


@contextlib.contextmanager
def small_disk(options=""):
    base = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k{options}", "hallmark-test",
                    str(base)], check=True)
    try:
        yield base
    finally:
        subprocess.run(["umount", "--lazy", str(base)], check=True)
        base.rmdir()


def fill(base, free_kb):
    """A file that leaves so much free; one that is there grows or shrinks at once."""
    with open(base / "filler", "ab") as file:
        at = os.statvfs(base)
        size = file.tell() + at.f_bavail * at.f_bsize - free_kb * 1024
        if size < file.tell():
            file.truncate(size)
        else:
            os.posix_fallocate(file.fileno(), 0, size)


def empty(base):
    (base / "filler").unlink()
