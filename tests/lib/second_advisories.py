"""Feeds of advisories and the orders of versions, written from proto/PROTOCOL.md (section 11) alone."""

import functools
import re

FIRST = "hallmark advisories v1"
SUFFIXES = ("alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p")
FORMS = {"dpkg": r"(?:[0-9]{1,9}:)?[0-9][A-Za-z0-9.+~_-]*", "rpm": r"(?:[0-9]{1,9}:)?[A-Za-z0-9.+~_^-]+",
         "apk": rf"[0-9]+(?:\.[0-9]+)*[a-z]?(?:_(?:{'|'.join(SUFFIXES)})[0-9]*)*(?:-r[0-9]+)?"}


def sign(a, b):
    return (a > b) - (a < b)


def number(digits):
    return int(digits or "0")


def split(version):
    """Epoch, version, revision or None."""
    epoch, colon, rest = version.partition(":")
    epoch, rest = (epoch, rest) if colon else ("", version)
    before, hyphen, behind = rest.rpartition("-")
    return number(epoch), before if hyphen else rest, behind if hyphen else None


def debian_weight(text):
    return [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in text] + [0]


def compare_debian(a, b):
    while a or b:
        (x, n), (y, m) = (re.match(r"([^0-9]*)([0-9]*)", v).groups() for v in (a, b))
        order = sign(debian_weight(x), debian_weight(y)) or sign(number(n), number(m))
        if order:
            return order
        a, b = a[len(x) + len(n):], b[len(y) + len(m):]
    return 0


def compare_rpm(a, b):
    while True:
        a, b = (re.sub(r"^[^A-Za-z0-9~^]+", "", v) for v in (a, b))
        for mark in "~^":
            if a.startswith(mark) or b.startswith(mark):
                break
        else:
            mark = None
        if mark:
            if a.startswith(mark) and b.startswith(mark):
                a, b = a[1:], b[1:]
                continue
            if mark == "~":
                return -1 if a.startswith(mark) else 1
            if a.startswith(mark):
                return -1 if b else 1
            return 1 if a else -1
        if not a or not b:
            return sign(len(a) > 0, len(b) > 0)
        digits = a[0].isdigit()
        x, y = (re.match(r"[0-9]*" if digits else r"[A-Za-z]*", v)[0] for v in (a, b))
        if not y:
            return 1 if digits else -1
        order = sign(number(x), number(y)) if digits else sign(x, y)
        if order:
            return order
        a, b = a[len(x):], b[len(y):]


def apk_parts(version):
    """Each with its place among what may follow: higher is later."""
    rest, revision = re.fullmatch(r"(.*?)(?:-r([0-9]+))?", version).groups()
    first, *suffixes = rest.split("_")
    digits, letter = re.fullmatch(r"([0-9.]+)([a-z]?)", first).groups()
    yield from ((5, n, i == 0) for i, n in enumerate(digits.split(".")))
    if letter:
        yield 4, letter, None
    for suffix in suffixes:
        name, digits = re.fullmatch(r"([a-z]+)([0-9]*)", suffix).groups()
        place = SUFFIXES.index(name)
        yield (0 if place < 4 else 3), (place, number(digits)), None
    if revision is not None:
        yield 2, number(revision), None
    yield 1, 0, None


def compare_apk(a, b):
    for (kind, x, first), (other, y, _) in zip(apk_parts(a), apk_parts(b)):
        if kind != other:
            return sign(kind, other)
        if kind == 5 and (first or not (x[0] == "0" or y[0] == "0")):
            x, y = number(x), number(y)
        if x != y:
            return sign(x, y)
    return 0


def is_version(manager, version):
    return len(version) <= 256 and re.fullmatch(FORMS[manager], version) is not None and \
        (manager != "rpm" or split(version)[1] != "")


def compare(manager, a, b):
    if manager == "apk":
        return compare_apk(a, b)
    (epoch, version, release), (other, its, last) = split(a), split(b)
    if manager == "dpkg":
        return sign(epoch, other) or compare_debian(version, its) or compare_debian(release or "", last or "")
    return sign(epoch, other) or compare_rpm(version, its) or (
        compare_rpm(release, last) if release and last else 0)


class Feed:
    def __init__(self, content):
        first, *lines = content.decode("ascii").split("\n")
        assert first == FIRST and lines.pop() == "" and lines == sorted(set(lines))
        self.files, self.packages = [], []
        for line in lines:
            kind, *words = line.split(" ")
            assert kind in ("file", "made", "package")
            if kind == "file":
                self.files.append(words)
            elif kind == "package":
                self.packages.append(words)

    def of_file(self, digest):
        """(id, the version that mends it or None)"""
        return self.once([(name, None) for content, name in self.files if content == digest])

    def of_package(self, manager, name, version):
        return self.once([(one, to[1:] if re.match("<[^=]", to) else None) for its, package, one, begin, to in self.packages
                          if (its, package) == (manager, name) and self.affects(manager, version, begin, to)])

    @staticmethod
    def affects(manager, version, begin, to):
        if not is_version(manager, version):
            return True
        if begin != "-" and compare(manager, version, begin) < 0:
            return False
        if to == "-":
            return True
        order = compare(manager, version, to.lstrip("<="))
        return order < 0 or to.startswith("<=") and order == 0

    @staticmethod
    def once(found):
        """Of an advisory the first line."""
        seen = {}
        for name, mended in found:
            seen.setdefault(name, mended)
        return list(seen.items())


def highest(manager, versions):
    return max(versions, key=functools.cmp_to_key(lambda a, b: compare(manager, a, b)), default=None)
