"""A second reading of files: items of components, of a file that patterns name or that a process has.

Written from section 4 of proto/PROTOCOL.md alone, as second_forms.py was.
"""

import hashlib
import os
import pathlib
import stat
import time
import types

(DELETED, MEMFD, ANONYMOUS, WRITABLE, UNREADABLE, UNSTABLE, LINK, SPECIAL, REPLACED, OTHER, MODIFIED, NEWER,
 RESTORED, PROBED) = (1 << i for i in range(14))
NO_DIGEST = bytes(32)
GONE = b" (deleted)"


def read_facts(name):
    return pathlib.Path(name).read_bytes()


def stat_fields(pid):
    """From the third on: field 2 is in parentheses and may hold anything."""
    return read_facts(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def read_all(fd):
    digest, size = hashlib.sha256(), 0
    while data := os.read(fd, 1 << 20):
        digest.update(data)
        size += len(data)
    return digest.digest(), size


def columns(path, fd, flags=0):
    """An item about an open file."""
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        return [path, NO_DIGEST, before.st_size, before.st_mode, before.st_uid, before.st_gid,
                flags | SPECIAL, ()]
    try:
        digest, size = read_all(fd)
        if size != before.st_size:  # as the kernel makes them
            os.lseek(fd, 0, os.SEEK_SET)
            flags |= UNSTABLE if (digest, size) != read_all(fd) else 0
    except OSError:
        return [path, NO_DIGEST, before.st_size, before.st_mode, before.st_uid, before.st_gid,
                flags | UNREADABLE, ()]
    after = os.fstat(fd)
    if (before.st_mtime_ns, before.st_ctime_ns, before.st_size) != (
            after.st_mtime_ns, after.st_ctime_ns, after.st_size):
        flags |= UNSTABLE
    return [path, digest, size, before.st_mode, before.st_uid, before.st_gid, flags, ()]


def walk_to(root, path):
    """stat of the file at a path below a root where no part of it is a symbolic link; None if nothing
    is there, "link" if there is one."""
    at = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in path.strip(b"/").split(b"/"):
            try:
                there = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=at)
            except OSError:
                return None
            os.close(at)
            at = there
            if stat.S_ISLNK(os.fstat(at).st_mode):
                return "link"
        return os.fstat(at)
    finally:
        os.close(at)


def named(pid, text, mapped):
    """The path of a mapped file, its flags, and a name to open it by (None: it has none any more)."""
    def is_there(path):
        found = []
        for root in (f"/proc/{pid}/root", "/"):
            there = walk_to(root, path)
            if there not in (None, "link") and os.path.samestat(there, mapped):
                return os.fsencode(root) + path
            found.append(there)
        return None if found == [None, None] else False

    if not text.startswith(b"/"):
        return text, 0, None
    flags = 0
    if text.endswith(GONE):
        if there := is_there(text):
            return text, 0, there
        text = text[:-len(GONE)]
        if text.startswith(b"/memfd:"):
            return text, MEMFD, None
        flags = DELETED
    there = is_there(text)
    if there:
        return text, 0, there
    return text, flags | (DELETED if there is None else REPLACED), None


def mapped_item(pid, device, inode, text, link, writable):
    path, flags, there = named(pid, text, types.SimpleNamespace(st_dev=device, st_ino=inode))
    try:
        fd = os.open(link or there, os.O_RDONLY)
    except (OSError, TypeError):
        held = os.stat(link or there) if link or there else None
        told = [held.st_size, held.st_mode, held.st_uid, held.st_gid] if held else [0, 0, 0, 0]
        return [path, NO_DIGEST, *told, flags | writable | UNREADABLE, ()]
    try:
        item = columns(path, fd, flags | writable)
        if not item[6] & (MEMFD | UNREADABLE | SPECIAL):
            item[6] |= newer(pid, os.fstat(fd))
        return item
    finally:
        os.close(fd)


def boot_s():
    """When the machine was started, by the clock that files have."""
    return time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_BOOTTIME)


def began_s(pid):
    """After that."""
    return int(stat_fields(pid)[19]) / os.sysconf("SC_CLK_TCK")


def newer(pid, there):
    """The file was changed after the process began, and two ticks."""
    two_ticks_later = boot_s() + began_s(pid) + 2 / os.sysconf("SC_CLK_TCK")
    changed_s = max(there.st_mtime, there.st_ctime if there.st_nlink else 0)
    return NEWER if changed_s >= two_ticks_later else 0
