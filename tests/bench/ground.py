"""The ground that stands are built on: one directory, which goes, with all that is in it, when the
program ends.

What earlier rows did to the disk must not show in later ones. ext4 without a journal passes over every
inode that was deleted lately each time that it makes a file in the same group of inodes: up to 100 us
instead of 7. "Lately" is a minute (six where the inode's block waits to be written, and a file made in
that block is enough for that), so waiting a minute does not help. What does:

- Nothing is removed before the last measurement. What a stand leaves is emptied: its inodes stay.
  Truncating was measured: with 1.2 GB of it just freed on a disk mounted with `discard`, files are made
  and synced as fast as before.
- What was removed before the bench began lies where it lies. So stands are spread over the disk (the
  flag T of chattr(1)), and each takes, of several plots, the one where files are made the fastest.
"""

import atexit
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PLOTS = 4          # to choose from; with a tenth of the disk spoilt, one stand in 10,000 has no good one
PROBED = 100       # files made on each
# The signer's, which has ended; the key process may be about to, and its files are small.
TAKES_ROOM = ("log", "evidence", "*index.db*")
SYSTEM = "/sys/fs/ext4"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

costs_us = []      # of making a file, on each plot that was taken


@functools.cache
def directory():
    """Made when it is first asked for."""
    for number in ENDINGS:
        signal.signal(number, leave)
    made = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-bench-"))
    atexit.register(remove, made)
    if file_system(made)["fstype"] == "ext4":
        subprocess.run(["chattr", "+T", str(made)], check=True)
    return made


def leave(number, _):
    """Ends what is running by the with-statements that began it; once, so that they come to their end."""
    hold()
    sys.exit(128 + number)


def hold():
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def remove(made):
    hold()
    # A key process that is just ending may make a file while its directory is being removed.
    shutil.rmtree(made, ignore_errors=True)
    if made.exists():
        shutil.rmtree(made)


def plot():
    """A new directory for a stand."""
    tried = [pathlib.Path(tempfile.mkdtemp(dir=directory())) for _ in range(PLOTS)]
    cost_us = {one: making_us(one) for one in tried}
    best = min(tried, key=cost_us.get)
    costs_us.append(cost_us[best])
    return best


def making_us(where):
    """What it takes to make a file; those that are made stay."""
    probe = where / "probe"
    probe.mkdir()
    began = time.perf_counter()
    for number in range(PROBED):
        os.close(os.open(probe / str(number), os.O_CREAT | os.O_WRONLY, 0o600))
    return 1e6 * (time.perf_counter() - began) / PROBED


def empty(where):
    """Frees the room that a stand took, and none of its inodes."""
    for pattern in TAKES_ROOM:
        for top in where.glob(pattern):
            for file in (top, *top.rglob("*")):
                if file.is_file():
                    os.truncate(file, 0)
    os.sync()


def file_system(where):
    """Its type, where it is mounted, its device; behind a change of root, mountinfo need not have it."""
    device = os.stat(where).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for fields in map(str.split, mounts):
            if fields[2] == number:
                return {"fstype": fields[fields.index("-") + 1], "target": fields[4], "device": number}
    return {"fstype": "a file system unknown", "target": "an unknown place", "device": number}


def said():
    """The file system of the stands in words, since numbers depend on it."""
    found = file_system(directory())
    return f"{found['fstype']}{journal(found)}, mounted on {found['target']}; stands below " \
           f"{directory().parent}"


def journal(found):
    """Of ext4 alone, which says which task writes its journal."""
    if found["fstype"] != "ext4":
        return ""
    device = pathlib.Path("/sys/dev/block", found["device"]).resolve().name
    task = pathlib.Path(SYSTEM, device, "journal_task")
    if not task.exists():
        return ", journal unknown"
    return " without a journal" if task.read_text(encoding="ascii").strip() == "<none>" else \
        " with a journal"


def said_of_costs():
    return (f"a file was made in {min(costs_us):.0f} to {max(costs_us):.0f} us where the stands were, "
            "before their measurements")
