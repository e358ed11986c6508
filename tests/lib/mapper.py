"""A program to be measured: maps what its arguments say, tells that it is ready, and stays.

  file PATH       executable, private      rwx PATH          the same, writable too
  unlinked PATH   mapped, then removed     memfd NAME        a file in memory alone
  anonymous       memory without a file    anonymous-rwx     the same, writable too
  vdso-rwx        makes the kernel's own page writable
"""

import ctypes
import mmap
import os
import sys

BYTES = 1  # of a mapping: the page that it begins in
RX = mmap.PROT_READ | mmap.PROT_EXEC
RWX = RX | mmap.PROT_WRITE
ANONYMOUS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
kept = []


def keep(fd, protection=RX, flags=mmap.MAP_PRIVATE):
    kept.append(mmap.mmap(fd, BYTES, flags=flags, prot=protection))


def keep_path(path, protection=RX):
    fd = os.open(path, os.O_RDONLY)
    keep(fd, protection)
    os.close(fd)


def make_vdso_writable():
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        place = next(line.split()[0] for line in maps if line.rstrip().endswith("[vdso]"))
    start, end = (int(number, 16) for number in place.split("-"))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(end - start), RWX) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")


def main(steps):
    while steps:
        step = steps.pop(0)
        if step == "file":
            keep_path(steps.pop(0))
        elif step == "rwx":
            keep_path(steps.pop(0), RWX)
        elif step == "unlinked":
            keep_path(steps[0])
            os.unlink(steps.pop(0))
        elif step == "memfd":
            fd = os.memfd_create(steps.pop(0))
            os.truncate(fd, BYTES)
            keep(fd)
        elif step in ("anonymous", "anonymous-rwx"):
            keep(-1, RX if step == "anonymous" else RWX, ANONYMOUS)
        elif step == "vdso-rwx":
            make_vdso_writable()
        else:
            raise ValueError(step)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
