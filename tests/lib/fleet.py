"""Collectors of many kinds for a long run, each a thread that nothing discourages.

Whatever ends its connection, a collector comes back and asks again, to the byte, for what had no answer:
either it gets the receipt, or the bundle was never logged. Anything else is an error and ends the run.
"""

import os
import random
import threading
import time

import hallmark
import underfire
import wire
from hallmark import APP, EVIL

# A refusal of what is asked for again: its first connection, or a start, has not dealt with it yet.
LATER = ("busy", "in-flight")
# It was never logged, and its nonce went with its connection.
NEVER_LOGGED = "nonce-unknown"

PIPELINED = 12  # bundles sent in one go
LARGE_ITEMS = 5000  # about a megabyte
PAUSE_S = 0.05  # between two questions of somebody who was told to come later


class Collector(threading.Thread):
    """One workload after the other, one bundle at a time. `fleet` has site, follower, stop, up, fail."""

    def __init__(self, fleet, name):
        super().__init__(daemon=True)
        self.fleet, self.name = fleet, name
        self.chance = random.Random(f"{underfire.SEED} {name}")
        self.peer = fleet.site.collector(name, connect=False)
        self.unanswered = {}  # by workload: components, bundle
        self.progress = 0

    def run(self):
        while not self.fleet.stop.is_set():
            try:
                self.attend()
            except underfire.GONE:
                self.leave()
                self.fleet.up.wait(hallmark.PATIENCE_S)
            except Exception as error:  # pylint: disable=broad-except
                self.fleet.fail(self.name, error)
                return
        self.leave()

    def attend(self):
        if self.peer.connection is None:
            self.peer.connect()
            for workload in list(self.unanswered):
                self.ask_again(workload)
        self.turn()

    def turn(self):
        self.submit(f"{self.name}-{self.chance.randrange(4)}", self.evidence())

    def evidence(self):
        return EVIL if self.chance.random() < 0.1 else APP

    def leave(self):
        if self.peer.connection is not None:
            self.peer.connection.close()
            self.peer.connection = None

    def submit(self, workload, components, **changes):
        self.send([(workload, components)], **changes)
        self.await_answer(components)

    def send(self, bundles, **changes):
        stream = b""
        for workload, components in bundles:
            data = self.peer.make(workload, components, **changes)
            self.unanswered[workload] = (components, data)
            stream += wire.frame([wire.BUNDLE, {"bundle": data}])
        self.peer.connection.send_raw(stream)

    def await_answer(self, components):
        receipt = self.peer.await_receipt(components)
        self.check(receipt)
        _, data = self.unanswered.pop(receipt["workload"])
        self.peer.accepted(receipt["workload"], data)
        self.progress += 1

    def check(self, receipt):
        self.fleet.follower.take(receipt)

    def ask_again(self, workload):
        components, data = self.unanswered[workload]
        patience = time.monotonic() + hallmark.PATIENCE_S
        while True:
            self.peer.connection.send([wire.BUNDLE, {"bundle": data}])
            try:
                self.await_answer(components)
                return
            except wire.Refused as refusal:
                if refusal.name == NEVER_LOGGED:
                    del self.unanswered[workload]
                    self.progress += 1
                    return
                if refusal.name not in LATER or time.monotonic() > patience:
                    raise
            self.fleet.stop.wait(PAUSE_S)


class Changing(Collector):
    """New evidence every time."""

    def evidence(self):
        return underfire.new_evidence()


class Large(Collector):
    """Uploads of a megabyte in several parts, at rest in between."""

    def evidence(self):
        self.fleet.stop.wait(1)
        return {"executable": wire.component("executable", [
            wire.file_item(f"/usr/bin/{os.urandom(64).hex()}", digest=os.urandom(32))
            for _ in range(LARGE_ITEMS)])}


class Pipelining(Collector):
    def turn(self):
        self.send([(f"{self.name}-{n}", APP) for n in range(PIPELINED)])
        for _ in range(PIPELINED):
            self.await_answer(APP)


class Reconnecting(Collector):
    def turn(self):
        super().turn()
        self.leave()


class Resetting(Collector):
    """Goes with a reset as soon as it has sent something, and comes back for the answer."""

    def turn(self):
        self.send([(f"{self.name}-0", APP)])
        reset(self.peer.connection.tls)
        self.peer.connection = None


class Offline(Collector):
    """Evidence from the time without a connection, without a nonce, behind fresh evidence."""

    def turn(self):
        workload = f"{self.name}-0"
        self.submit(workload, APP, **({"nonce": b""} if workload in self.peer.fresh else {}))


class Jws(Collector):
    """Of a workload that wants a token with each receipt, the first and the second; the fleet verifies
    it."""

    def turn(self):
        self.submit(f"jws-{self.name}", APP)

    def check(self, receipt):
        super().check(receipt)
        self.fleet.check_jws(receipt)


class Stranger(threading.Thread):
    """Does harm in one way after the other; counted in `deeds`."""

    def __init__(self, fleet):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.chance = random.Random(f"{underfire.SEED} stranger")
        self.deeds = {}

    def run(self):
        deeds = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("deed_")]
        while not self.fleet.stop.is_set():
            deed = self.chance.choice(deeds)
            name = deed.__name__.removeprefix("deed_")
            self.deeds[name] = self.deeds.get(name, 0) + 1
            try:
                deed()
            except underfire.GONE + (TimeoutError,):
                self.fleet.up.wait(hallmark.PATIENCE_S)
            except Exception as error:  # pylint: disable=broad-except
                self.fleet.fail("stranger", error)
                return

    def connect(self):
        return self.fleet.site.collector("stranger").connection

    def deed_silence(self):
        crowd = [self.fleet.tcp() for _ in range(30)]
        self.fleet.stop.wait(self.chance.random())
        for one in crowd:
            one.close()

    def deed_no_tls(self):
        with self.fleet.tcp() as one:
            one.sendall(os.urandom(200))
            while one.recv(4096):
                pass

    def deed_bad_frame(self):
        peer = self.connect()
        peer.send_raw(wire.frame(b"\xc1" + os.urandom(20)))
        kind, body = peer.receive()
        assert kind == wire.REFUSAL and body["code"] < 200, body
        peer.close()

    def deed_half_a_frame(self):
        peer = self.connect()
        peer.send_raw(b"\0\0\1\0" + bytes(100))
        reset(peer.tls)

    def deed_replay(self):
        """A bundle with somebody else's nonce, over and over."""
        peer = self.connect()
        data = wire.bundle("stranger-0", 1, wire.ZERO, os.urandom(32), APP)
        for _ in range(20):
            peer.send([wire.BUNDLE, {"bundle": data}])
            kind, body = peer.receive()
            assert kind == wire.REFUSAL and body["name"] == NEVER_LOGGED, body
        peer.close()

    def deed_never_reads(self):
        """Asks for one receipt again and again."""
        collector = self.fleet.site.collector("stranger")
        workload = f"deaf-{self.deeds.get('never_reads', 0)}-{self.chance.random()}"
        data = collector.make(workload, APP)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        self.fleet.follower.take(collector.await_receipt(APP))
        collector.connection.tls.settimeout(0.5)
        try:
            while True:
                collector.connection.send_raw(wire.frame([wire.BUNDLE, {"bundle": data}]) * 50)
        finally:
            reset(collector.connection.tls)


def reset(tls):
    """The connection ends with a reset, whatever is still to be read."""
    tls.setsockopt(hallmark.socket.SOL_SOCKET, hallmark.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    tls.close()
