#!/usr/bin/python3
"""How fast a hijacked signer may have the guard grow, and that an honest one is not harmed by it: what
it asks too early it asks again. A tree whose size is a power of two is continued by any other."""

import os
import shutil
import socket
import struct
import threading
import time

import hallmark
from cryptography.hazmat.primitives import serialization
from hallmark import APP
from keychannel import (CHECKPOINT, STATE, KeyProcess, Tree, certificate_of, make_site, refused,
                        sha256, verify_note)
from logimage import verify_all

GROWTH = 506
MOST, PER_S = 1 << 22, 1 << 20
REQUEST = 16 + 8 + 32 + 65 * 32  # bytes, of a checkpoint
EMPTY = Tree().hash()
ROOT = sha256(b"of a tree that nobody has")


def grow(key, size, root, proof, was):
    """Asked until it is let; for how long."""
    began = time.monotonic()
    while (answer := key.checkpoint(size, root, proof)).error != 0:
        refused(answer, GROWTH, *was)
        assert time.monotonic() - began < hallmark.PATIENCE_S
    verify_note(answer.body, certificate_of(key.site), hallmark.ORIGIN, size, root)
    return time.monotonic() - began, answer.body


def continued(root):
    """A tree of twice the size: its root, and the proof."""
    return sha256(b"\1" + root + ROOT), [ROOT]


def test_growth_that_nobody_signed_is_bounded():
    with make_site() as site:
        shutil.copytree(site.path("guard"), site.path("behind"))
        with KeyProcess(site) as key:
            for size in (MOST + 1, 1 << 32, 1 << 63, (1 << 64) - 1):
                refused(key.checkpoint(size, ROOT, []), GROWTH, 0, EMPTY)
            said = [line for line in key.process.lines if "guard-growth" in line]
            assert len(said) <= 1, said
            grow(key, MOST, ROOT, [], (0, EMPTY))
            assert sum("guard-growth" in line for line in key.process.lines) <= 1
            was = (MOST, ROOT)
            root, proof = continued(ROOT)
            refused(key.checkpoint(2 * MOST, root, proof), GROWTH, *was)
        # A fresh process is no fresh start.
        for _ in range(3):
            with KeyProcess(site) as key:
                refused(key.checkpoint(2 * MOST, root, proof), GROWTH, *was)
        with KeyProcess(site) as key:
            took, note = grow(key, 2 * MOST, root, proof, was)
            assert took > MOST / PER_S - 2, took
            key.kill()
        # What was signed is no growth for another guard of this key, however far it is behind.
        shutil.rmtree(site.path("guard"))
        site.path("behind").rename(site.path("guard"))
        with KeyProcess(site) as key:
            assert key.state.size == 0
            answer = key.observe(2 * MOST, root, [], note)
            assert (answer.error, answer.size, answer.root) == (0, 2 * MOST, root), answer


def test_the_clock_of_the_file_gives_nothing_away():
    """Set forth it says that the state was written just now; the process has its own clock."""
    with make_site() as site:
        state = site.guard_file()
        ahead = time.time() + 86400
        os.utime(state, (ahead, ahead))
        with KeyProcess(site) as key:
            refused(key.checkpoint(PER_S, ROOT, []), GROWTH, 0, EMPTY)
            took, _ = grow(key, PER_S, ROOT, [], (0, EMPTY))
            assert 0.5 < took, took


class Miser:
    """Between signer and key process: refuses each checkpoint a few times before it is asked for."""

    def __init__(self, site, times):
        self.site, self.times, self.refusals = site, times, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(site.path("run/hsm.sock")))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        signer, _ = self.listener.accept()
        with KeyProcess(self.site) as key, signer:
            der = certificate_of(self.site).public_bytes(serialization.Encoding.DER)
            state = key.state
            signer.sendall(answer(STATE, 0, 0, state, der))
            while request := receive(signer, REQUEST):
                assert request[4] == CHECKPOINT
                number, = struct.unpack(">Q", request[8:16])
                self.refusals += 1
                if self.refusals % (self.times + 1):
                    signer.sendall(answer(CHECKPOINT, GROWTH, number, state, b"not so fast"))
                    continue
                state = key.ask(request)
                signer.sendall(answer(CHECKPOINT, state.error, number, state, state.body))


def answer(kind, error, number, state, body):
    return struct.pack(">4sBBHQQ32sI", b"HKA3", kind, 0, error, number, state.size, state.root,
                       len(body)) + body


def receive(channel, size):
    data = b""
    while len(data) < size:
        if not (more := channel.recv(size - len(data))):
            return b""
        data += more
    return data


def test_an_honest_signer_asks_again():
    with make_site() as site:
        config = site.path("signer.yaml")
        text = config.read_text()
        begin, end = text.index("key_process:"), text.index("policy:")
        config.write_text(f'{text[:begin]}key_process:\n  socket: "run/hsm.sock"\n{text[end:]}')
        miser = Miser(site, 2)
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP) for _ in range(3)]
        assert signer.stop() == 0
        verify_all(site, receipts)
        said = [line for line in signer.lines if "event=key-process-slows code=guard-growth" in line]
        assert len(said) == miser.refusals // 3 >= 3, (said, miser.refusals)  # once each


if __name__ == "__main__":
    hallmark.run_tests(__name__)
