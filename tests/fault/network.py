#!/usr/bin/python3
"""What a network and its peers can do to the signer: peers that vanish without a word, resets in each state
of the protocol, one byte at a time, thousands that never shake hands, readers that never read.

A good collector is served throughout, and none of its reports waits longer than WITNESS_S. Whatever is
refused is counted and, at its code, in the log as often as it was counted. Afterwards as many descriptors
are open as before, and every receipt is in the log.

The signer's memory has a bound (signer/front/conn.h), which is compared with the kernel's high-water mark:

    idle signer + sum over connections of TLS + input + handed over + answers
        TLS          48 KiB while hands are shaken, 20 KiB from then on
        input        576 KiB: a frame of 256 KiB that is not complete, and what is read in one go (320 KiB)
        handed over  512 KiB: frames that the ledger's loop has not taken
        answers      512 KiB + 256 receipts: one for each frame that was handed over

Buffers grow by doubling, so input and answers count twice. The test runs in a network namespace of its own.
"""

import contextlib
import os
import pathlib
import re
import resource
import ssl
import subprocess
import sys
import time

import hallmark
import logimage
import rawtls
import underfire
import wire
from hallmark import APP, Site
from peer import Peer, hello
from underfire import LONG, count
from witness import Witness

INSIDE = "HALLMARK_PRIVATE_NETWORK"
SLOW_BUILD = "HALLMARK_PATIENCE_S" in os.environ
WITNESS_S = 5 * (5 if SLOW_BUILD else 1)
GONE_ADDRESS = "10.99.0.2"  # of the namespace; taken away while its peers are connected

KIB = 1024
TLS_SHAKING, TLS_OPEN = 48 * KIB, 20 * KIB
INPUT = 2 * 576 * KIB
HANDED_OVER = 512 * KIB
UNREST = 8 * KIB * KIB  # of the allocator, and what the witness needs


def answers(receipt_size):
    return 2 * (512 * KIB + 256 * receipt_size)


def process_kib(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M)[1])


def times_said(line):
    """How many a line of the log stands for: one says how many were left out."""
    left_out = re.search(r" event=left-out .* lines=(\d+)", line)
    return int(left_out[1]) if left_out else 1


class Arena:
    """A signer, a good collector at work, and what must be as before when the block is left."""

    def __init__(self, row, anew=False, **limits):
        self.row, self.anew = row, anew
        self.site = Site(limits={"connections": 2000, **limits},
                         hsm={"deadline_ms": 10000})  # the token is not what is tested
        self.receipts = []  # more that must be in the log

    def __enter__(self):
        self.signer = self.site.start_signer()
        self.witness = Witness(self.site, anew=self.anew)
        self.before = self.numbers()
        self.resident = process_kib(self.signer.pid, "VmRSS")
        return self

    def __exit__(self, kind, *_):
        try:
            with self.site:
                if kind is None:
                    self.examine()
                else:
                    print("\n".join(self.signer.lines[-15:]), flush=True)
        finally:
            if self.witness.child.poll() is None:
                self.witness.child.kill()
                self.witness.child.communicate()

    def numbers(self):
        """Open connections and descriptors, refusals by code."""
        status = self.site.status()
        return (status["connections"], len(os.listdir(f"/proc/{self.signer.pid}/fd")),
                status["refusals"], status)

    def until(self, condition, what, patience=1):
        deadline = time.monotonic() + patience * hallmark.PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, what() if callable(what) else what

    def refused(self):
        return {code: n - self.before[2].get(code, 0) for code, n in self.numbers()[2].items()
                if n > self.before[2].get(code, 0)}

    def refuses(self, number, codes, patience=1):
        """So many, of these codes, since the arena was entered."""
        self.until(lambda: sum(self.refused().values()) >= number,
                   lambda: f"{number} refusals awaited: {self.refused()}", patience)
        assert sum(self.refused().values()) == number, (number, self.refused())
        assert set(self.refused()) <= set(codes), self.refused()
        count(self.row, "refusals", number)

    def stays_under(self, bytes_):
        """Growth since the beginning, at its worst."""
        grown = (process_kib(self.signer.pid, "VmHWM") - self.resident) * KIB
        print(f"     {self.row}: {grown / 1e6:.1f} MB more at most, bound {bytes_ / 1e6:.1f} MB",
              flush=True)
        assert grown <= bytes_ + UNREST, (grown, bytes_)

    def examine(self):
        with self.witness:
            self.until(lambda: self.numbers()[:2] == self.before[:2],
                       lambda: f"{self.before[:2]} before, {self.numbers()[:2]} after")
        refused = self.refused()
        status = self.site.status()
        assert status["in_flight"] == 0 and status["evidence_receiving_bytes"] == 0, status
        longest = self.witness.longest_s()
        print(f"     {self.row}: {len(self.witness.receipts)} reports of the witness, the slowest "
              f"{longest * 1000:.0f} ms", flush=True)
        assert longest < WITNESS_S, longest
        assert self.signer.stop() == 0
        # Of some that were left out the log says how many alone, not of which code.
        unnamed = sum(times_said(line) for line in self.signer.lines
                      if " event=left-out " in line and " code=" not in line)
        for code, number in refused.items():
            lines = sum(times_said(line) for line in self.signer.lines if f"code={code} " in line)
            assert lines <= number <= lines + unnamed, (code, number, lines, unnamed)
            unnamed -= number - lines
        assert unnamed == 0, (refused, unnamed)
        receipts = self.witness.receipts + self.receipts
        logimage.verify_all(self.site, receipts)
        logimage.fsck(self.site)
        count(self.row, "receipts checked", len(receipts))


# --- resets ---------------------------------------------------------------------------------------

def stop_connected(_):
    pass


def stop_in_client_hello(peer):
    data = peer.client_hello()
    peer.send(data[:len(data) // 2])


def stop_after_client_hello(peer):
    peer.send(peer.client_hello())


def stop_in_last_flight(peer):
    peer.send(peer.client_hello())
    data = peer.last_flight()
    peer.send(data[:len(data) // 2])


def stop_before_hello(peer):
    peer.shake_hands()


def stop_greeted(peer):
    peer.greet()


def stop_in_frame(peer):
    data = peer.greet().sealed(wire.frame(bytes(5000))[:3000])
    peer.send(data[:len(data) // 2])  # so in a TLS record too
    peer.send(data[len(data) // 2:])


def stop_with_bundle_in_flight(peer):
    peer.greet()
    peer.last = peer.bundle("in-flight", APP)
    peer.send(peer.sealed(peer.last))


def stop_in_upload(peer):
    peer.greet()
    data = underfire.new_evidence()["executable"]
    peer.send(peer.sealed(peer.bundle("upload", {"executable": data})))
    kind, body = peer.message()
    assert kind == wire.WANT, (kind, body)
    half = {"digest": body["digests"][0], "offset": 0, "data": data[:len(data) // 2]}
    peer.send(peer.sealed(wire.frame([wire.PART, half])))


def stop_while_answers_come(peer):
    """Asks for hundreds of receipts and reads a few bytes of them."""
    peer.greet()
    bundle = peer.bundle(f"answers-{peer.raw.getsockname()[1]}", APP)
    peer.send(peer.sealed(bundle))
    kind, _ = peer.message()
    assert kind == wire.RECEIPT
    peer.send(peer.sealed(bundle * 500))
    assert peer.raw.recv(100)


def test_a_reset_in_each_state():
    """Each is counted and logged once, and leaves nothing behind."""
    states = {stop_connected: "handshake", stop_in_client_hello: "handshake",
              stop_after_client_hello: "handshake", stop_in_last_flight: "handshake",
              stop_before_hello: "unclear", stop_greeted: "record", stop_in_frame: "record",
              stop_in_upload: "record", stop_while_answers_come: "record"}
    codes = {"handshake": ["tls-handshake"], "record": ["tls-record"]}
    times = 100 if LONG else 15
    for state, code in states.items():
        row = "reset: " + state.__name__.removeprefix("stop_").replace("_", " ")
        with Arena(row) as arena:
            for _ in range(times):
                peer = Peer(arena.site)
                state(peer)
                peer.reset()
                if state is stop_in_upload:  # else the next finds the workload in use
                    arena.until(lambda: arena.site.status()["workloads"] <
                                arena.before[3]["workloads"] + 1, "the workload stays in use")
            if code != "unclear":
                arena.refuses(times, codes[code])
            else:
                # Where the ticket's write hears of the reset, what is read next is an end like others.
                assert set(arena.refused()) <= {"tls-handshake", "tls-record"}, arena.refused()
            count(row, "resets", times)


def test_a_reset_with_a_bundle_in_flight():
    """Whoever asks again gets the receipt of the report that was logged, or it never was."""
    times = 100 if LONG else 15
    with Arena("reset: bundle in flight") as arena:
        logged = 0
        for turn in range(times):
            peer = Peer(arena.site, name=f"flight{turn}")
            stop_with_bundle_in_flight(peer)
            peer.reset()
            arena.until(lambda n=turn: sum(arena.refused().get(c, 0) for c in
                                           ("tls-record", "tls-handshake")) == n + 1, arena.refused)
            again = Peer(arena.site, name=f"flight{turn}").greet()
            kind, body = 0, {"name": "in-flight"}
            while kind != wire.RECEIPT and body["name"] == "in-flight":
                again.send(again.sealed(peer.last))
                kind, body = again.message()
            if kind == wire.RECEIPT:
                arena.receipts.append(body)
                logged += 1
            else:
                assert body["name"] == "nonce-unknown", body
            again.close()
        assert logged > 0
        print(f"     {logged} of {times} were logged", flush=True)
        count("reset: bundle in flight", "resets", times)


# --- peers that are silently gone -------------------------------------------------------------------

def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


@contextlib.contextmanager
def address():
    ip("address", "add", f"{GONE_ADDRESS}/32", "dev", "lo")
    try:
        yield
    finally:
        ip("route", "del", "blackhole", f"{GONE_ADDRESS}/32")


def vanish():
    """Nothing reaches the address any more, and nothing comes from it: no reset, no FIN."""
    ip("address", "del", f"{GONE_ADDRESS}/32", "dev", "lo")
    ip("route", "add", "blackhole", f"{GONE_ADDRESS}/32")


def test_half_open_peers():
    """Each state has a time by when the signer lets go of a peer that is not there any more."""
    states = {stop_connected: "handshake-timeout", stop_in_client_hello: "handshake-timeout",
              stop_after_client_hello: "handshake-timeout", stop_in_last_flight: "handshake-timeout",
              stop_before_hello: "handshake-timeout", stop_greeted: "idle-timeout",
              stop_in_frame: "frame-timeout", stop_in_upload: "frame-timeout",
              stop_with_bundle_in_flight: "idle-timeout"}
    times = 20 if LONG else 4
    with Arena("half-open peers", handshake_timeout_ms=8000, frame_timeout_ms=8000,
               idle_timeout_s=10, nonce_lifetime_s=10) as arena, address():
        peers = []
        for number in range(times):
            for state in states:
                peers.append(Peer(arena.site, name=f"gone{number}", source=GONE_ADDRESS))
                state(peers[-1])
        vanish()
        for peer in peers:
            peer.close()  # as nobody hears
        expected = {}
        for code in states.values():
            expected[code] = expected.get(code, 0) + times
        arena.refuses(sum(expected.values()), expected)
        assert arena.refused() == expected, (arena.refused(), expected)
        for number in range(times):  # what was in flight is in the log
            again = Peer(arena.site, name=f"gone{number}").greet()
            last = [p for p in peers if hasattr(p, "last")][number].last
            again.send(again.sealed(last))
            kind, body = again.message()
            assert kind == wire.RECEIPT, body
            arena.receipts.append(body)
            again.close()
        count("half-open peers", "peers", len(peers))


# --- one byte at a time ---------------------------------------------------------------------------

def test_one_byte_at_a_time():
    """Handshake, hello, bundle and upload of many peers, whose bytes come in turn, one by one."""
    number = 60 if LONG else 12
    with Arena("one byte at a time", handshake_timeout_ms=60000,
               frame_timeout_ms=60000) as arena:
        peers = [Peer(arena.site) for _ in range(number)]
        evidence = [underfire.new_evidence() for _ in peers]
        drip(peers, [p.client_hello() for p in peers])
        drip(peers, [p.last_flight() for p in peers])
        drip(peers, [p.sealed(hello()) for p in peers])
        assert [p.message()[0] for p in peers] == [wire.WELCOME] * number
        drip(peers, [p.sealed(p.bundle(f"slow{n}", evidence[n])) for n, p in enumerate(peers)])
        wanted = [p.message() for p in peers]
        assert [kind for kind, _ in wanted] == [wire.WANT] * number, wanted
        parts = [wire.frame([wire.PART, {"digest": body["digests"][0], "offset": 0,
                                         "data": evidence[n]["executable"]}])
                 for n, (_, body) in enumerate(wanted)]
        drip(peers, [p.sealed(parts[n]) for n, p in enumerate(peers)])
        for peer in peers:
            kind, body = peer.message()
            assert kind == wire.RECEIPT, body
            arena.receipts.append(body)
            peer.send(peer.farewell())
            peer.close()
        assert not arena.refused(), arena.refused()
        count("one byte at a time", "peers", number)


def drip(peers, streams):
    for at in range(max(map(len, streams))):
        for peer, stream in zip(peers, streams):
            if at < len(stream):
                peer.send(stream[at:at + 1])


# --- many -----------------------------------------------------------------------------------------

def test_ten_thousand_that_never_shake_hands():
    """Silent, in the middle of their hello, or silent after it; from several addresses."""
    number = min(10000 if LONG else 3000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)
    timeout_ms = 40000 if LONG else 12000
    with Arena("never shake hands", connections=number + 100,
               handshake_timeout_ms=timeout_ms) as arena:
        first = Peer(arena.site)
        whole = first.client_hello()
        first.close()
        arena.until(lambda: arena.refused() == {"tls-handshake": 1}, arena.refused)
        crowd = []
        for n in range(number):
            crowd.append(Peer.tcp(arena.site, f"127.0.0.{2 + n % 8}"))
            crowd[-1].sendall([b"", whole[:100], whole][n % 3])
        arena.until(lambda: arena.numbers()[0] >= number, lambda: arena.numbers()[0])
        arena.refuses(number + 1, ["handshake-timeout", "tls-handshake"],
                      patience=2 + timeout_ms / 1000 / hallmark.PATIENCE_S)
        assert arena.refused()["handshake-timeout"] == number, arena.refused()
        arena.stays_under(number * TLS_SHAKING)
        for one in crowd:
            one.close()
        count("never shake hands", "peers", number)


def test_more_than_there_is_room_for():
    """They make way for one another; a collector that comes anew for each report gets in."""
    number = 5000 if LONG else 1500
    with Arena("no room", anew=True, connections=200, handshake_timeout_ms=20000) as arena:
        crowd = [Peer.tcp(arena.site, f"127.0.0.{2 + n % 8}") for n in range(number)]
        arena.until(lambda: arena.numbers()[3]["counters"]["connections_accepted"] >= number,
                    lambda: arena.numbers()[3])
        for one in crowd:
            one.close()
        arena.stays_under(200 * TLS_SHAKING)
        count("no room", "peers", number)


def test_readers_that_never_read():
    """All ask for the same receipts again and again, as fast as the signer takes it."""
    number = 200 if LONG else 60
    with Arena("never read", frame_timeout_ms=4000) as arena:
        peers, streams = [], []
        for n in range(number):
            peer = Peer(arena.site, name=f"deaf{n % 10}", receive_buffer=4096).greet()
            bundle = peer.bundle(f"deaf{n}", APP)
            peer.send(peer.sealed(bundle))
            kind, body = peer.message()
            assert kind == wire.RECEIPT, body
            arena.receipts.append(body)
            peers.append(peer)
            streams.append(bundle * 60)
        fill(peers, streams)
        arena.refuses(number, ["reader-timeout"])
        size = max(len(wire.pack(r)) for r in arena.receipts)
        arena.stays_under(number * (TLS_OPEN + INPUT + HANDED_OVER + answers(size)))
        for peer in peers:
            peer.close()
        count("never read", "peers", number)


def fill(peers, streams):
    """Sends to all in turn, until the signer has ended the last of them."""
    left = {n: b"" for n in range(len(peers))}
    for peer in peers:
        peer.raw.setblocking(False)
    while left:
        for n in list(left):
            data = left[n] or peers[n].sealed(streams[n])
            try:
                left[n] = data[peers[n].raw.send(data):]
            except (BlockingIOError, ssl.SSLWantWriteError):
                left[n] = data
            except ConnectionError:
                del left[n]


ROOM_LEFT = 8 * KIB  # for a few hundred answers of TLS's own


def room_to_send(port):
    """What the kernel would still take for a connection from this port, bytes: its own account."""
    said = subprocess.run(["ss", "-tmnH", "dport", "=", f":{port}"], capture_output=True, text=True,
                          check=True).stdout
    if not said:
        return 0
    return int(re.search(r",tb(\d+),", said)[1]) - int(re.search(r",w(\d+),", said)[1])


def test_key_updates_whose_answers_are_never_read():
    """TLS answers them itself. That it cannot write is waited for, not tried again and again."""
    with Arena("key updates", frame_timeout_ms=2000) as arena:
        peer = rawtls.RawTls(arena.site, "updates", receive_buffer=2048)
        peer.write(hello())
        nonce = peer.message()[1]["nonce"]
        ask_again = wire.frame([wire.BUNDLE, {
            "bundle": wire.bundle("updates", 1, wire.ZERO, nonce, APP)}])
        peer.write(ask_again)
        port = peer.raw.getsockname()[1]
        arena.until(lambda: room_to_send(port) < ROOM_LEFT or not peer.write(ask_again), "not filled")
        # The question makes a pause, in which the signer reads them one by one.
        arena.until(lambda: arena.refused() or not peer.update_keys(rawtls.UPDATE_BOTH),
                    "not refused")
        arena.refuses(1, ["reader-timeout"])
        peer.close()


def test_frames_that_are_never_finished():
    """The largest frame but for its last byte, from many at once."""
    number = 200 if LONG else 60
    with Arena("unfinished frames", frame_timeout_ms=15000) as arena:
        peers = [Peer(arena.site).greet() for _ in range(number)]
        largest = wire.frame(bytes(256 * KIB - 4))[:-1]
        for peer in peers:
            peer.send(peer.sealed(largest))
        arena.refuses(number, ["frame-timeout"])
        arena.stays_under(number * (TLS_OPEN + INPUT))
        for peer in peers:
            peer.close()
        count("unfinished frames", "peers", number)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        root = [] if os.geteuid() == 0 else ["--map-root-user"]
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", *root, sys.executable, *sys.argv])
    ip("link", "set", "lo", "up")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    hallmark.run_tests("__main__")
