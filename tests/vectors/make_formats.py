#!/usr/bin/python3
"""Makes the vectors of trees and tile paths from RFC 6962 and C2SP alone, independently of the C.

  make_formats.py           writes merkle.txt and tiles.txt next to this script
  make_formats.py --check   compares them instead; exit 1 if one differs

The tree of eight leaves is the one that Certificate Transparency's implementations test with; its
published hashes stand below and must come out.
"""

import hashlib

from made import write_or_check

ENTRIES = [bytes.fromhex(h) for h in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f")]

PUBLISHED_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")

# (index, size): the audit path; (old size, new size): the consistency proof.
PUBLISHED_PATHS = {
    (0, 8): ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)}
PUBLISHED_CONSISTENCY = {
    (6, 8): ("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")}

COUNTED_SIZES = (1, 2, 3, 255, 256, 257, 1000, 65535, 65536, 65537)
COUNTED_INCLUSIONS = ((256, 257), (0, 257), (999, 1000), (511, 1000), (65536, 65537), (4242, 65537))
COUNTED_CONSISTENCIES = ((1, 257), (256, 257), (255, 1000), (1000, 65535), (65535, 65536))


def sha256(data):
    return hashlib.sha256(data).digest()


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


class Tree:
    """RFC 6962, 2.1, as it is written there; subtrees are remembered by their bounds."""

    def __init__(self, entries):
        self.entries = entries
        self.known = {}

    def root(self, begin, end):
        if (begin, end) not in self.known:
            if begin == end:
                h = sha256(b"")
            elif end - begin == 1:
                h = sha256(b"\x00" + self.entries[begin])
            else:
                k = begin + split(end - begin)
                h = sha256(b"\x01" + self.root(begin, k) + self.root(k, end))
            self.known[begin, end] = h
        return self.known[begin, end]

    def path(self, index, begin, end):
        if end - begin == 1:
            return []
        k = begin + split(end - begin)
        if index < k:
            return self.path(index, begin, k) + [self.root(k, end)]
        return self.path(index, k, end) + [self.root(begin, k)]

    def consistency(self, old, begin, end, whole=True):
        if old == end:
            return [] if whole else [self.root(begin, end)]
        k = begin + split(end - begin)
        if old <= k:
            return self.consistency(old, begin, k, whole) + [self.root(k, end)]
        return self.consistency(old, k, end, False) + [self.root(begin, k)]


def line(*words):
    hashes = words[-1]
    return " ".join([str(w) for w in words[:-1]] + [h.hex() or "-" for h in hashes]) + "\n"


def eight_leaves():
    tree = Tree(ENTRIES)
    text = "".join(line("entry", i, [e]) for i, e in enumerate(ENTRIES))
    for size in range(9):
        assert tree.root(0, size).hex() == PUBLISHED_ROOTS[size], size
        text += line("root", size, [tree.root(0, size)])
    for size in range(1, 9):
        for index in range(size):
            path = tree.path(index, 0, size)
            published = PUBLISHED_PATHS.get((index, size))
            assert published is None or list(published) == [h.hex() for h in path]
            text += line("inclusion", index, size, path)
    for new in range(1, 9):
        for old in range(1, new + 1):
            proof = tree.consistency(old, 0, new)
            published = PUBLISHED_CONSISTENCY.get((old, new))
            assert published is None or list(published) == [h.hex() for h in proof]
            text += line("consistency", old, new, proof)
    return text


def counted():
    """Entry i is i in decimal."""
    tree = Tree([str(i).encode() for i in range(max(COUNTED_SIZES))])
    text = "".join(line("counted-root", n, [tree.root(0, n)]) for n in COUNTED_SIZES)
    for index, size in COUNTED_INCLUSIONS:
        text += line("counted-inclusion", index, size, tree.path(index, 0, size))
    for old, new in COUNTED_CONSISTENCIES:
        text += line("counted-consistency", old, new, tree.consistency(old, 0, new))
    return text


def tile_path(level, index, width):
    groups = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        groups = f"x{index % 1000:03}/{groups}"
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < 256 else "")


def tiles():
    """Every tile of trees of some sizes near the left and right edge, and long indexes."""
    text = ""
    for size in (1, 255, 256, 257, 70000, 256**3 - 1, 256**3, 1234067 * 256 + 77, 2**64 - 1):
        for level in range(8):
            hashes = size >> 8 * level
            count = (hashes + 255) // 256
            text += f"count {size} {level} {count}\n"
            for index in sorted({0, count // 2, count - 1} if count else ()):
                width = min(256, hashes - 256 * index)
                text += f"tile {size} {level} {index} {width} {tile_path(level, index, width)}\n"
                if level == 0:
                    path = tile_path("entries", index, width)
                    text += f"entries {size} {index} {width} {path}\n"
    assert " tile/0/x001/x234/067.p/77\n" in text  # the index that C2SP's text has as example
    return text


def make():
    return {"merkle.txt": (eight_leaves() + counted()).encode(), "tiles.txt": tiles().encode()}


if __name__ == "__main__":
    write_or_check(make)
