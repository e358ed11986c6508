"""Proofs of forks, checked from proto/PROTOCOL.md (section 9) alone. Shares no code with Hallmark."""

import base64

import make_log
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

DASH = "\u2014 "


class NoProof(Exception):
    """It proves nothing about the log."""


def need(good, words):
    if not good:
        raise NoProof(words)


class Side:
    def __init__(self, lines, has_root):
        self.root, self.hashes = None, []
        if has_root:
            word, root = lines.pop(0).split(" ")
            need(word == "root", "root")
            self.root = digest(root)
            while lines[0]:
                self.hashes.append(digest(lines.pop(0)))
            lines.pop(0)
        self.origin, self.size, self.tree = lines[0], int(lines[1]), digest(lines[2])
        self.text = "".join(line + "\n" for line in lines[:3]).encode()
        need(lines[3] == "" and lines[4].startswith(DASH), "note")
        del lines[:4]
        self.signatures = []
        while lines and lines[0].startswith(DASH):
            self.signatures.append(lines.pop(0).removeprefix(DASH).split(" "))

    def check_signature(self, key):
        """One by this key, under the log's name."""
        for name, value in self.signatures:
            value = base64.b64decode(value, validate=True)
            if name == self.origin and value[:4] == key.key_id(name):
                try:
                    key.private.public_key().verify(value[4:], self.text, ec.ECDSA(hashes.SHA256()))
                    return
                except InvalidSignature:
                    break
        raise NoProof("signature")


def digest(text):
    value = base64.b64decode(text, validate=True)
    need(len(value) == 32, "digest")
    return value


def fold(node, last, first, hashes_):
    """RFC 9162, 2.1.3.2: up from a node to (the root, what is left of it on the way)."""
    left = whole = first
    for sibling in hashes_:
        need(last > 0, "too long")
        if node & 1 or node == last:
            left, whole = make_log.node_hash(sibling, left), make_log.node_hash(sibling, whole)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            whole = make_log.node_hash(whole, sibling)
        node, last = node >> 1, last >> 1
    need(last == 0, "too short")
    return whole, left


def check(text, key):
    """The two sizes, if it proves that the log of this key has forked; else NoProof."""
    lines = text.decode().split("\n")
    need(lines[0] == "hallmark fork proof v1" and lines.pop() == "" and lines[2] == "", "form")
    kind, *numbers = lines[1].split(" ")
    del lines[:3]
    first = Side(lines, kind == "subtree")
    need(lines.pop(0) == "", "between")
    second = Side(lines, True)
    need(not lines and first.origin == second.origin, "two logs")
    first.check_signature(key)
    second.check_signature(key)
    if kind == "prefix":
        size, = map(int, numbers)
        need(0 < size == first.size <= second.size and second.root != first.tree, "sizes")
        check_prefix(size, second)
    else:
        level, index = map(int, numbers)
        need(first.root != second.root, "equal")
        for side in first, second:
            need(index < side.size >> level, "not complete")
            need(fold(index, side.size - 1 >> level, side.root, side.hashes)[0] == side.tree, "subtree")
    return first.size, second.size


def check_prefix(size, side):
    if size == side.size:
        need(not side.hashes and side.root == side.tree, "same size")
        return
    node, last, hashes_ = size - 1, side.size - 1, list(side.hashes)
    while node & 1:
        node, last = node >> 1, last >> 1
    need(hashes_ or not node, "too short")
    begin = hashes_.pop(0) if node else side.root
    whole, left = fold(node, last, begin, hashes_)
    need((whole, left) == (side.tree, side.root), "consistency")
