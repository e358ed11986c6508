"""A second comparison of code in memory with the file that it came from.

Written from section 4 of proto/PROTOCOL.md alone ("Code in memory"), as second_forms.py was.
"""

import hashlib
import os
import pathlib
import struct

from second_items import MODIFIED, NO_DIGEST, PROBED, RESTORED, UNREADABLE, WRITABLE

PAGE = os.sysconf("SC_PAGESIZE")
ITEM_MAX = 1_048_576  # bytes
ITEMS_MAX = 64        # of a process in a component


def own_pages(pid, begin, end):
    """Addresses of those that somebody has written to."""
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        raw = os.pread(pagemap.fileno(), (end - begin) // PAGE * 8, begin // PAGE * 8)
    return [begin + i * PAGE for i, (entry,) in enumerate(struct.iter_unpack("=Q", raw))
            if entry >> 62 & 3 and not entry >> 61 & 1 and not entry >> 58 & 1]


def of_memory(pid, at, size):
    """None where it cannot be read."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            found = os.pread(memory.fileno(), size, at)
    except OSError:
        return None
    return found if len(found) == size else None


def own_vdso(size):
    """The collector's, where it is as large."""
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            begin, end = (int(a, 16) for a in line.split()[0].split("-"))
            return of_memory("self", begin, size) if end - begin == size else None
    return None


class Original:
    """What a mapping was made from."""

    def __init__(self, mapping, name):
        self.offset, self.bytes, self.fd = mapping.offset, None, None
        if mapping.name == b"[vdso]":
            self.offset, self.bytes = 0, own_vdso(mapping.end - mapping.begin)
        else:
            try:
                self.fd = os.open(name, os.O_RDONLY)
            except (OSError, TypeError):
                pass

    def read(self, at, size):
        """At so many bytes from where the mapping begins, with zeros behind the end."""
        if self.bytes is not None:
            return self.bytes[at:at + size]
        return os.pread(self.fd, size, self.offset + at).ljust(size, b"\0") if self.fd is not None else None

    def close(self):
        if self.fd is not None:
            os.close(self.fd)


def flag_of(memory, original):
    if memory is None:
        return UNREADABLE
    if original is None:
        return MODIFIED
    if memory == original:
        return RESTORED
    if os.uname().machine in ("x86_64", "i686") and all(m == 0xcc for m, o in zip(memory, original) if m != o):
        return PROBED
    return MODIFIED


def code_items(pid, mapping, name, file, left):
    """Of one mapping, of whose file this is the item; at most so many and one that counts the rest."""
    pages = own_pages(pid, mapping.begin, mapping.end)
    path, rights = file[0], file[3:6]
    if not pages:
        return []
    if b"w" in mapping.permissions:
        return [[path, NO_DIGEST, 0, *rights, MODIFIED | WRITABLE, ()]]
    original, items, at = Original(mapping, name), [], 0
    while at < len(pages):
        if len(items) >= left:
            items.append([path, NO_DIGEST, 0, *rights, MODIFIED, (f"pages={len(pages) - at}".encode(),)])
            break
        begin = at
        flag = page_flag(pid, mapping, original, pages[at])
        while (at < len(pages) and pages[at] - pages[begin] == (at - begin) * PAGE < ITEM_MAX
               and page_flag(pid, mapping, original, pages[at]) == flag):
            at += 1
        items.append(code_item(pid, mapping, original, [path, *rights], pages[begin], (at - begin) * PAGE, flag))
    original.close()
    return items


def page_flag(pid, mapping, original, address):
    return flag_of(of_memory(pid, address, PAGE), original.read(address - mapping.begin, PAGE))


def code_item(pid, mapping, original, file, address, size, flag):
    memory, before = of_memory(pid, address, size), original.read(address - mapping.begin, size)
    path, *rights = file
    details = [f"offset={original.offset + address - mapping.begin}".encode()]
    if before is not None:
        details.insert(0, b"file=sha256:" + hashlib.sha256(before).hexdigest().encode())
    if memory is None:
        return [path, NO_DIGEST, 0, *rights, flag | MODIFIED, tuple(details)]
    return [path, hashlib.sha256(memory).digest(), size, *rights, flag, tuple(details)]
