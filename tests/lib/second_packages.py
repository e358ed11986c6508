"""What package managers have installed below a root directory, as a second collector reads it: written
from section 4 of proto/PROTOCOL.md alone, as second_measure.py was."""

import os
import pathlib
import re
import sqlite3
import struct

WORD = re.compile(rb"[!-~]{1,1024}")
WHITE = b" \t\r"


def under(root, path):
    """A path of the tree, links within it followed; None if nothing is there."""
    at, rest = [], [p for p in path.split("/") if p]
    while rest:
        name = rest.pop(0)
        if name in (".", ".."):
            at = at[:-1] if name == ".." else at
            continue
        there = os.path.join(root, *at, name)
        if not os.path.lexists(there):
            return None
        if os.path.islink(there):
            text = os.readlink(there)
            at, rest = [] if text.startswith("/") else at, [p for p in text.split("/") if p] + rest
        else:
            at.append(name)
    return pathlib.Path(root, *at)


def value(name, version, architecture, more=(), odd=False):
    words = [name, version, architecture]
    odd = odd or any(w and not WORD.fullmatch(w) for w in words)
    return b" ".join([w if WORD.fullmatch(w) else b"-" for w in words]
                     + ([b"odd"] if odd else list(more)))


def paragraphs(text, names, any_case):
    """Of each paragraph the first value of each field, and which stand more than once."""
    for lines in re.split(rb"\n\n+", text.strip(b"\n")) if text.strip(b"\n") else []:
        fields = {n: [] for n in names}
        for line in lines.split(b"\n"):
            name, colon, rest = line.partition(b":")
            name = (name.lower() if any_case else name).strip(WHITE)
            if colon and line[:1] not in (b" ", b"\t", b"\r") and name in fields:
                fields[name].append(rest.strip(WHITE))
        yield {n: v[0] if v else b"" for n, v in fields.items()}, {n for n, v in fields.items() if v[1:]}, {
            n for n, v in fields.items() if v}


def dpkg(root):
    status = under(root, "/var/lib/dpkg/status")
    if status is None:
        return []
    updates = under(root, "/var/lib/dpkg/updates")
    journal = b"\n\n".join(f.read_bytes() for f in sorted(updates.iterdir())
                           if re.fullmatch("[0-9]{1,10}", f.name)) if updates else b""
    names = (b"package", b"version", b"architecture", b"status", b"multi-arch")
    entries = []
    for text, is_journal in ((status.read_bytes(), False), (journal, True)):
        for fields, twice, there in paragraphs(text, names, True):
            name, version, architecture, said, multi = (fields[n] for n in names)
            if is_journal:
                entries = [e for e in entries if not (e[0] == name and (
                    e[1] == architecture or b"same" not in (e[2], multi)))]
            state, more = re.fullmatch(rb"(\S+)[ \t]+([a-z]+)[ \t]+([a-z-]+)", said), []
            if state and state.groups()[1:] != (b"ok", b"installed"):
                more = [state[3]] + ([state[2]] if state[2] != b"ok" else [])
            gone = state and state[3] in (b"not-installed", b"config-files")
            entries.append((name, architecture, multi, b"status" in twice or b"status" in there and not gone,
                            value(name, version, architecture, more, bool(twice) or not state)))
    return [("dpkg", sorted(e[4] for e in entries if e[3]))]


def apk(root):
    installed = under(root, "/lib/apk/db/installed")
    if installed is None:
        return []
    return [("apk", sorted(value(*f.values(), odd=bool(twice)) for f, twice, _ in
                           paragraphs(installed.read_bytes(), (b"P", b"V", b"A"), False)))]


def rpm(root):
    for directory in ("/var/lib/rpm", "/usr/lib/sysimage/rpm"):
        database = under(root, f"{directory}/rpmdb.sqlite")
        if database:
            with sqlite3.connect(f"file:{database}?immutable=1", uri=True) as opened:
                return [("rpm", sorted(rpm_value(blob) for blob, in
                                       opened.execute("SELECT blob FROM Packages")))]
    return []


def rpm_value(header):
    """Only of a header that is as it should be."""
    entries, size = struct.unpack(">II", header[:8])
    data = header[8 + 16 * entries:]
    assert len(data) == size
    found = {}
    for i in range(entries):
        tag, kind, offset, _ = struct.unpack(">IIII", header[8 + 16 * i:24 + 16 * i])
        if kind == 4:
            found[tag] = b"%d" % struct.unpack(">I", data[offset:offset + 4])
        elif kind == 6:
            found[tag] = data[offset:data.index(b"\0", offset)]
    epoch = found[1003] + b":" if 1003 in found else b""
    return value(found.get(1000, b""), epoch + found[1001] + b"-" + found[1002], found.get(1022, b""))


def packages(root):
    return dpkg(root) + rpm(root) + apk(root)
