#!/usr/bin/python3
"""What somebody who holds one good certificate can cost all others: the time of the ledger's loop, memory
for answers that he does not read, memory for certificates that nobody asked for."""

import hashlib
import os
import statistics
import time

import hallmark
import wire
from hallmark import APP, Authority, Site
from peer import Peer

KINDS = ("config", "executable", "files", "host", "image", "libraries", "packages", "runtime", "web")
SEGMENTS = 65_536  # the most that a list may have

# --- time -----------------------------------------------------------------------------------------

LOOPING = 8  # connections
AT_ONCE = 12  # bundles on each
WATCHED_S = 5


def longest_list(kind):
    """Of segments that nobody has."""
    return wire.Listed(wire.pack([kind, 2, [], [
        [hashlib.sha256(b"%s %d" % (kind.encode(), n)).digest(), 15, 750] for n in range(SEGMENTS)]]))


def store(site, lists):
    """The lists alone: each waits for its segments, and its connection goes."""
    for kind, component in lists.items():
        collector = site.collector("greedy")
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make(kind, {kind: component})}])
        assert collector.connection.receive()[0] == wire.WANT
        collector.send_bytes(component)
        assert collector.connection.receive()[0] == wire.WANT
        collector.close()


def test_bundles_that_take_long_wait_and_others_do_not():
    """Half a kilobyte that names half a million segments: each takes the loop a fifth of a second."""
    with Site() as site:
        signer = site.start_signer()
        lists = {kind: longest_list(kind) for kind in KINDS}
        store(site, lists)
        other = site.collector("other")
        many = [site.collector("greedy") for _ in range(LOOPING)]
        for number, collector in enumerate(many):
            bundle = collector.make(f"app-{number}", lists)
            for _ in range(AT_ONCE):
                collector.connection.send([wire.BUNDLE, {"bundle": bundle}])
        waited, until = [], time.monotonic() + WATCHED_S
        while time.monotonic() < until:
            begun = time.monotonic()
            other.submit("app", APP)
            waited.append(time.monotonic() - begun)
        assert statistics.median(waited) < 0.1 * hallmark.PATIENCE_S / 30, sorted(waited)
        # It is not refused, and not forgotten: it has its turn when it has rested.
        assert many[0].connection.receive()[1]["name"] == "busy"
        assert site.status()["refusals"]["busy"] < LOOPING * AT_ONCE
        assert signer.stop() == 0


# --- memory ---------------------------------------------------------------------------------------

READERS = 48  # connections that read nothing
ASKED = 320  # times, each for a receipt of some 9 KiB


def fat_component(kind):
    """Whose findings are as long as they may be."""
    return wire.component(kind, [wire.file_item(b"/" + b"\\" * 250 + b"%02d" % n, b"evil")
                                 for n in range(16)])


def test_answers_that_are_not_read_take_so_much_memory():
    """They make way long before they would for being slow, and nobody else does."""
    if os.environ["HALLMARK_BUILD"].endswith("tsan"):
        print("     each bundle takes ten times as long there, so that the collector rests before it has asked for so much")
        return
    with Site(loops=1, limits={"connections": 100, "frame_timeout_ms": 600_000}) as site:
        site.write_policy(libraries={"references": ["known"]})
        signer = site.start_signer()
        components = {kind: fat_component(kind) for kind in ("executable", "libraries")}
        site.collector("greedy").submit("first", components)
        other = site.collector("other")
        peers = [Peer(site, "greedy", receive_buffer=4096).greet() for _ in range(READERS)]
        for number, peer in enumerate(peers):
            bundle = peer.bundle(f"app-{number}", components)
            peer.send(peer.sealed(bundle))
            assert peer.message()[0] == wire.RECEIPT
            peer.raw.setblocking(False)
            peer.left = peer.sealed(bundle * ASKED)
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while not any("code=reader-timeout" in line for line in signer.lines):
            assert time.monotonic() < deadline, hallmark.resident_bytes(signer.pid)
            for peer in peers:
                push(peer)
        assert "collector=spiffe://test/greedy" in signer.wait_for("code=reader-timeout")
        other.submit("app", APP)
        assert signer.stop() == 0


def push(peer):
    """As much as the socket takes."""
    try:
        peer.left = peer.left[peer.raw.send(peer.left):]
    except OSError:
        pass  # it takes nothing now, or nothing any more


HANDSHAKES = 100
JUNK = 30  # certificates, which take some 120 KiB when they are decoded


def test_certificates_that_nobody_asked_for_are_not_kept():
    """Neither with a connection nor with a session that may be resumed."""
    if hallmark.PATIENCE_S > 30:
        return  # a sanitizer's memory is its own
    with Site() as site:
        hallmark.keep_no_freed_memory(site)
        signer = site.start_signer()
        site.issue("host1", uri="spiffe://test/host1",
                   chain=[Authority(f"junk-{n}", site.dir) for n in range(JUNK)])
        stay = [site.collector() for _ in range(10)]
        before = hallmark.resident_bytes(signer.pid)
        stay += [site.collector() for _ in range(HANDSHAKES)]
        assert hallmark.resident_bytes(signer.pid) - before < HANDSHAKES * 60 * 1024
        stay[0].submit("app", APP)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
