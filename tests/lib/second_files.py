"""A second expansion of patterns, and what processes use: the component `files`.

Written from section 4 of proto/PROTOCOL.md alone, as second_forms.py was.
"""

import collections
import fcntl
import hashlib
import os
import re
import stat
import struct
import typing

import second_config
import second_subject
from second_forms import Component
from second_items import (LINK, NEWER, NO_DIGEST, SPECIAL, UNREADABLE, columns, mapped_item, newer,
                          read_facts)
from second_names import name_matches, names_in

REREAD = b"reread_percent=2"  # by default
DEPTH_MAX = 128
LINKS_MAX = 40


class Place(typing.NamedTuple):
    """A directory that a pattern has come to."""
    path: bytes    # as the pattern spells it
    real: tuple    # names from the root that lead there without links
    passed: tuple  # (path, status) of this and those before it
    through: tuple # the same of those that links led through, without links
    links: int     # that were followed
    depth: int     # below `**`


class NotFollowed(Exception):
    """Of a link, and why."""


def is_named(path, patterns):
    """By one of these, or below what it names."""
    names = names_in(path)
    for pattern in patterns:
        below = pattern[-1] == b"**"
        fixed = pattern[:-1] if below else pattern
        if len(names) >= len(fixed) + below and all(map(name_matches, names, fixed)):
            return True
    return False


def with_less_content(item, may_change, may_grow):
    """Of one that is read for the first time."""
    path, digest, size, mode, uid, gid, flags, details = item
    if not stat.S_ISREG(mode) or flags & UNREADABLE:
        return item
    if is_named(path, map(names_in, may_change)):
        digest, size, content = NO_DIGEST, 0, b"content=not-measured"
    elif is_named(path, map(names_in, may_grow)):
        content = b"content=beginning"
    else:
        return item
    return [path, digest, size, mode, uid, gid, flags & ~NEWER, tuple(sorted((*details, content)))]


class Tree:
    """What is below a root directory, and how it is looked at."""

    def __init__(self, root, excludes=(), follow=False, cross_mounts=False):
        self.root, self.follow, self.cross_mounts = os.fsencode(root), follow, cross_mounts
        self.excludes = [names_in(e) for e in excludes]
        self.items = {}  # of its path: (item, its place without links)

    def at(self, real):
        return b"/".join((self.root.rstrip(b"/"), *real)) or b"/"

    def mount(self, real):
        """The number of that which this is a part of."""
        fd = os.open(self.at(real), os.O_PATH | os.O_NOFOLLOW)
        try:
            return re.search(rb"mnt_id:\s*(\d+)", read_facts(f"/proc/self/fdinfo/{fd}"))[1]
        finally:
            os.close(fd)

    def is_excluded(self, path):
        return is_named(path, self.excludes)

    def find(self, pattern):
        self.expand(Place(b"", (), ((b"/", os.stat(self.at(()))),), (), 0, 0), names_in(pattern))

    def add(self, real, path, there, size=0, digest=NO_DIGEST, flags=0, details=()):
        self.items[path] = ([path, digest, size, there.st_mode, there.st_uid, there.st_gid, flags,
                             tuple(sorted((*details, *where(real, path))))], real)

    def expand(self, place, parts):
        """Everything in the directory that the rest of a pattern names."""
        part, rest = parts[0], parts[1:]
        below = part == b"**" and not rest
        try:
            names = os.listdir(self.at(place.real))
        except OSError:
            self.add(place.real, place.path, place.passed[-1][1], flags=UNREADABLE)
            return
        for name in names:
            if below:
                self.meet(place._replace(depth=place.depth + 1), name, [b"**"], True)
            elif name_matches(name, part):
                self.meet(place, name, rest, re.search(rb"[*?[]", part) is not None)

    def meet(self, place, name, rest, wild):
        path, real = place.path + b"/" + name, (*place.real, name)
        if self.is_excluded(path):
            return
        try:
            there = os.stat(self.at(real), follow_symlinks=False)
        except OSError:
            return
        if stat.S_ISLNK(there.st_mode):
            reasons = ()
            if self.follow:
                try:
                    self.follow_link(place, path, real, rest, wild)
                    return
                except NotFollowed as why:
                    reasons = (f"follow={why}".encode(),)
            target = os.readlink(self.at(real))
            self.add(real, path, there, len(target), hashlib.sha256(target).digest(), LINK,
                     (*parent(place.passed, there.st_uid), *reasons))
            return
        if wild and not self.cross_mounts and self.mount(real) != self.mount(place.real):
            if rest or not stat.S_ISDIR(there.st_mode):
                self.add(real, path, there, 0 if stat.S_ISDIR(there.st_mode) else there.st_size, flags=UNREADABLE,
                         details=(b"mount=not-crossed",))
            return
        self.arrive(place, path, real, there, rest)

    def arrive(self, place, path, real, there, rest):
        """Where it is, with all links behind us."""
        if not stat.S_ISDIR(there.st_mode):
            if not rest or rest == [b"**"] and place.depth:
                self.file(place, path, real, there)
        elif not rest:
            return
        elif place.depth > DEPTH_MAX:
            self.add(real, path, there, flags=UNREADABLE)
        else:
            self.expand(place._replace(path=path, real=real, passed=(*place.passed, (path, there))), rest)

    def follow_link(self, place, path, real, rest, wild):
        own_mount = self.mount(place.real)
        place = place._replace(through=(*place.through, self.link_in(place.real, os.stat(self.at(real), follow_symlinks=False))))
        real, there, through, links = self.resolve(place, os.readlink(self.at(real)), place.links + 1)
        if wild and not self.cross_mounts and self.mount(real) != own_mount:
            raise NotFollowed("mount")
        if any(os.path.samestat(there, one) for _, one in place.passed):
            raise NotFollowed("loop")
        if stat.S_ISDIR(there.st_mode) and not rest:
            raise NotFollowed("directory")
        if not stat.S_ISDIR(there.st_mode) and rest and not (rest == [b"**"] and place.depth):
            raise NotFollowed("missing")
        place = place._replace(links=links, through=through)
        self.arrive(place, path, real, there, rest)

    def link_in(self, real, link):
        """The directory that it is in, which is as good as its owner's where others may write."""
        above = os.stat(self.at(real))
        owner = link.st_uid if above.st_mode & 0o022 else above.st_uid
        return b"/" + b"/".join(real), above, {above.st_uid, owner}

    def resolve(self, place, target, links):
        """Where it leads, as processes of that root see it."""
        real, through, left = place.real, place.through, target.split(b"/")[::-1]
        if target.startswith(b"/"):
            real = ()
        there = os.stat(self.at(real))
        while left:
            name = left.pop()
            if not stat.S_ISDIR(there.st_mode):
                raise NotFollowed("missing")
            if name in (b"", b"."):
                continue
            step = real[:-1] if name == b".." else (*real, name)
            try:
                there = os.stat(self.at(step), follow_symlinks=False)
            except PermissionError as error:
                raise NotFollowed("unreadable") from error
            except OSError as error:
                raise NotFollowed("missing") from error
            if stat.S_ISLNK(there.st_mode):
                links += 1
                if links > LINKS_MAX:
                    raise NotFollowed("loop")
                target = os.readlink(self.at(step))
                through = (*through, self.link_in(real, there))
                left += target.split(b"/")[::-1]
                real = () if target.startswith(b"/") else real
                there = os.stat(self.at(real))
                continue
            real = step
            if stat.S_ISDIR(there.st_mode):
                through = (*through, (b"/" + b"/".join(real), there))
        return real, there, through, links

    def file(self, place, path, real, there):
        renamed = parent((*place.passed, *place.through), there.st_uid)
        if not stat.S_ISREG(there.st_mode):
            self.add(real, path, there, there.st_size, flags=SPECIAL, details=renamed)
            return
        try:
            fd = os.open(self.at(real), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            self.add(real, path, there, there.st_size, flags=UNREADABLE, details=renamed)
            return
        self.items[path] = [*columns(path, fd)[:-1], tuple(sorted((*renamed, *where(real, path), *attributes(fd))))], real
        os.close(fd)


def told_path(path):
    text = second_config.escaped(path)
    return text if len(text) <= 900 else f"sha256:{hashlib.sha256(path).hexdigest()}"


def where(real, path):
    """That which links have led to."""
    target = b"/" + b"/".join(real)
    return (f"target={told_path(target)}".encode(),) if target != path else ()


def parent(passed, owner):
    for path, there, *owners in passed:
        others = there.st_mode & 0o022 and not there.st_mode & stat.S_ISVTX
        if {there.st_uid, *(owners[0] if owners else ())} - {0, owner} or others:
            return (f"parent={told_path(path)} {there.st_mode & 0o7777:04o} {there.st_uid} {there.st_gid}".encode(),)
    return ()


def attributes(fd):
    """What else it has; by another call of the kernel where there is one."""
    try:
        flags = struct.unpack("l", fcntl.ioctl(fd, 0x80086601, bytes(8)))[0]  # FS_IOC_GETFLAGS
    except OSError:
        flags = 0
    if flags & 0x30:
        yield b"attributes=" + b",".join([b"append"] * bool(flags & 0x20) + [b"immutable"] * bool(flags & 0x10))
    names = os.listxattr(fd)
    if "security.capability" in names:
        value = os.getxattr(fd, "security.capability")
        magic, low, low_kept, high, high_kept, *root = struct.unpack(f"<{len(value) // 4}I", value)
        yield " ".join([f"capability={high << 32 | low:016x}", f"{high_kept << 32 | low_kept:016x}",
                        str(magic & 1), *map(str, root)]).encode()
    if "system.posix_acl_access" in names:
        kinds = {1: "u:", 2: "u:%d", 4: "g:", 8: "g:%d", 16: "m:", 32: "o:"}
        yield ("acl=" + ",".join(
            (kinds[tag] % who if tag in (2, 8) else kinds[tag]) + ":" +
            "".join(letter if rights & bit else "-" for letter, bit in zip("rwx", (4, 2, 1)))
            for tag, rights, who in struct.iter_unpack(
                "<HHI", os.getxattr(fd, "system.posix_acl_access")[4:]))).encode()


def files_of(patterns, subject=None, view=None, scripts=False, excludes=(), may_change=(), may_grow=(), host_root="/",
             **how):
    """Component `files`: what the patterns name from the root directory of the host, or of the main process
    (`view`: process, or container). `subject` are those that use them."""
    subject = second_subject.of(subject)
    tree = Tree(f"/proc/{subject.main}/root" if view else host_root, excludes, **how)
    for pattern in patterns:
        tree.find(pattern)
    users = users_of_files(subject)
    for item, real in tree.items.values():
        there = os.stat(tree.at(real), follow_symlinks=False)
        for pid, _, _ in users.get((there.st_dev, there.st_ino), ()):
            item[6] |= newer(pid, there)
    items = [item for item, _ in tree.items.values()]
    if scripts:
        items += {tuple(item): item for used in users.values() for item in used_items(used)}.values()
    items = [with_less_content(item, may_change, may_grow) for item in items]
    options = [f"root={view}".encode()] if view else []
    options += [f"host_root={host_root}".encode()] * (host_root != "/")
    options += [word.encode() for word, wanted in (*sorted(how.items(), reverse=True), ("scripts", scripts)) if wanted]
    return Component("files", items, [("options", [*options, REREAD]), ("patterns", [os.fsencode(p) for p in patterns]),
                                      *((name, [os.fsencode(p) for p in given]) for name, given in (
                                          ("excludes", excludes), ("may_change", may_change), ("may_grow", may_grow)) if given)])


def users_of_files(subject):
    """(device, inode) of each regular file: [(process, name to open it by, the kernel's text)] of those that
    name it or have it open for reading."""
    users = collections.defaultdict(list)
    for pid in subject.members:
        names = [*named_in_arguments(pid),
                 *(entry.path for entry in os.scandir(os.fsencode(f"/proc/{pid}/fd"))
                   if entry.stat(follow_symlinks=False).st_mode & 0o600 == 0o400)]
        for name in names:
            try:
                fd = os.open(name, os.O_PATH)
            except OSError:
                continue
            there, text = os.fstat(fd), os.fsencode(os.readlink(f"/proc/self/fd/{fd}"))
            os.close(fd)
            if stat.S_ISREG(there.st_mode):
                users[there.st_dev, there.st_ino].append((pid, name, text))
    return users


def named_in_arguments(pid):
    """Paths by which we reach what its arguments lead to, as it sees them itself."""
    tree = Tree(f"/proc/{pid}/root")
    root, cwd = (names_in(os.readlink(f"/proc/{pid}/{name}")) for name in ("root", "cwd"))
    here = Place(b"", tuple(cwd[len(root):] if cwd[:len(root)] == root else ()), (), (), 0, 0)
    for argument in read_facts(f"/proc/{pid}/cmdline").split(b"\0"):
        for part in parts_of(argument):
            try:
                if part:
                    yield tree.at(tree.resolve(here, part, 0)[0])
            except (OSError, NotFollowed):
                pass


def used_items(users):
    """Of one file: an item of each name."""
    items = {}
    for pid, name, text in users:
        there = os.stat(name)
        item = mapped_item(pid, there.st_dev, there.st_ino, text, name, 0)
        item[6] |= items.setdefault(item[0], item)[6] & NEWER
        items[item[0]] = item
    return list(items.values())


def parts_of(argument):
    """What may be a path."""
    starts = [0, *([2] if re.match(rb"-[^=:,;@]", argument) else []),
              *(found.end() for found in re.finditer(rb"[=:,;@]", argument))]
    return [part for start in starts
            for part in (re.match(rb"[^=:,;@]*", argument[start:])[0], argument[start:])]
