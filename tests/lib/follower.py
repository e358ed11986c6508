"""Everything that receipts and checkpoints have said, held against the log while it grows.

A receipt is verified when it comes; its report and its checkpoint's root are compared with the log once
that is published. All checkpoints are so of one tree: each has the root of the log's first entries.
"""

import threading

import wire
from hallmark import ORIGIN


def tile_name(number):
    """C2SP tlog-tiles: 1234067 is x001/x234/067."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups)


class Tree:
    """Hashes of all complete subtrees, so that the root of any earlier size is there too."""

    def __init__(self):
        self.levels = [[]]

    def size(self):
        return len(self.levels[0])

    def add(self, leaf):
        self.levels[0].append(leaf)
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if len(self.levels) == level + 1:
                self.levels.append([])
            self.levels[level + 1].append(wire.node_hash(*self.levels[level][-2:]))
            level += 1

    def root(self, size):
        if size == 0:
            return wire.hashlib.sha256().digest()
        root, level, rest = None, 0, size
        while rest:
            if rest & 1:
                peak = self.levels[level][rest - 1]
                root = peak if root is None else wire.node_hash(peak, root)
            rest >>= 1
            level += 1
        return root


class Follower:
    """Of one site's log. Any thread takes receipts; one thread follows."""

    def __init__(self, site):
        self.site = site
        self.tree = Tree()
        self.lock = threading.Lock()
        self.leaves, self.roots = {}, {}  # by index and by size, until the log is that long
        self.receipts = self.checkpoints = 0

    def take(self, receipt):
        size, root = wire.verify_receipt(receipt, self.site.certificate, ORIGIN)
        leaf = wire.leaf_hash(receipt["report"])
        with self.lock:
            self.receipts += 1
            self.expect(self.leaves, receipt["index"], leaf, self.leaf_at)
            self.expect(self.roots, size, root, self.root_at)

    def expect(self, expected, key, value, known):
        """What was said of `key` before, or is in the log already, is said again."""
        before = expected.setdefault(key, value) if known(key) is None else known(key)
        assert before == value, f"two values for {key}"

    def leaf_at(self, index):
        return self.tree.levels[0][index] if index < self.tree.size() else None

    def root_at(self, size):
        return self.tree.root(size) if size <= self.tree.size() else None

    def follow(self):
        """Reads what was published since the last time; the log's size."""
        while True:
            note = self.site.path("log/checkpoint").read_bytes()
            _, size, root = wire.open_checkpoint(note, self.site.certificate, ORIGIN)
            try:
                entries = self.entries(self.tree.size(), size)
                break
            except FileNotFoundError:
                # A partial tile that a later publication has replaced: then there is another one.
                assert self.site.path("log/checkpoint").read_bytes() != note, "a tile is missing"
        with self.lock:
            for entry in entries:
                self.tree.add(wire.leaf_hash(entry))
            self.expect(self.roots, size, root, self.root_at)
            self.compare()
        return size

    def compare(self):
        size = self.tree.size()
        for index in [i for i in self.leaves if i < size]:
            assert self.leaf_at(index) == self.leaves.pop(index), f"report {index} is another"
        for at in [s for s in self.roots if s <= size]:
            assert self.root_at(at) == self.roots.pop(at), f"checkpoint {at} is of another tree"
            self.checkpoints += 1

    def all_are_there(self):
        """When everything is published: nothing that was acknowledged is missing."""
        self.follow()
        assert not self.leaves and not self.roots, (len(self.leaves), len(self.roots))

    def entries(self, begin, end):
        found = []
        for number in range(begin // 256, (end + 255) // 256):
            width = min(256, end - number * 256)
            data = self.tile(number, width)
            at, in_tile = 0, []
            while at < len(data) and len(in_tile) < width:
                length = int.from_bytes(data[at:at + 2], "big")
                in_tile.append(data[at + 2:at + 2 + length])
                at += 2 + length
            assert len(in_tile) == width, (number, width, len(in_tile))
            found += in_tile[max(0, begin - number * 256):]
        return found

    def tile(self, number, width):
        """A partial one may be gone as soon as the full one is there, which begins with it."""
        full = self.site.path("log/tile/entries") / tile_name(number)
        try:
            return (full if width == 256 else full.with_name(f"{full.name}.p") / str(width)).read_bytes()
        except FileNotFoundError:
            return full.read_bytes()
