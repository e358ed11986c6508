#!/usr/bin/python3
"""The signer's wall clock jumps by hours, back and forth: said, and nothing else goes by it."""

import contextlib
import json
import time

import hallmark
import logimage
import underfire
import wire
from hallmark import APP, Site
from underfire import count
from wallclock import WallClock

HOUR = 3600
JUMPS = 60 if underfire.LONG else 6


@contextlib.contextmanager
def moved_site(**options):
    with Site(**options) as site:
        clock = WallClock(site)
        site.env = {**site.env, **clock.env}
        yield site, clock


def issued(receipt):
    return json.loads(receipt["report"])["iat"]


def times_never_fall(site):
    times = [json.loads(entry)["iat"] for entry in logimage.read_log(site)]
    assert times == sorted(times), times


def test_jumps_are_said_and_receipts_keep_coming():
    with moved_site() as (site, clock):
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        jumps = [3 * HOUR, -3 * HOUR, -26 * HOUR, 5 * HOUR]
        while len(jumps) < JUMPS:
            jumps.append(underfire.CHANCE.choice((-1, 1)) *
                         underfire.CHANCE.randrange(60, 8 * HOUR))
        behind = False
        for jump in jumps:
            seen = len(signer.lines)
            clock.move(clock.offset_s + jump)
            receipts.append(collector.submit("app", APP))
            line = signer.wait_for("event=clock-jump", seen)
            assert f"direction={'forth' if jump > 0 else 'back'}" in line, line
            said = int(line.split("by_s=")[1].split()[0])
            assert abs(said - abs(jump)) <= 2, (jump, line)
            now_behind = time.time() + clock.offset_s < issued(receipts[-1]) - 2
            if now_behind and not behind:
                signer.wait_for("event=clock-back", seen)
            behind = now_behind
            assert issued(receipts[-1]) >= issued(receipts[-2])
            receipts.append(collector.submit("app", APP))
            count("clock", "jumps")
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        count("clock", "receipts checked", len(receipts))
        times_never_fall(site)
        logimage.fsck(site)


def test_a_start_with_the_clock_set_back_goes_on_from_the_log():
    """The newest report's time is in the log, whether it was published or is still pending."""
    for published in (True, False):
        with moved_site() as (site, clock):
            signer = site.start_signer()
            clock.move(4 * HOUR)
            collector = site.collector()
            receipts = [collector.submit("app", APP)]
            if published:
                assert signer.stop() == 0
            else:
                signer.kill()
            clock.move(-HOUR)
            signer = site.start_signer()
            collector.connect()
            receipts.append(collector.submit("app", APP))
            signer.wait_for("event=clock-back")
            assert signer.stop() == 0
            logimage.verify_all(site, receipts)
            times_never_fall(site)
            count("clock", "starts with the clock set back")
            count("clock", "receipts checked", len(receipts))


def test_deadlines_go_by_the_monotonic_clock():
    """No jump ends a connection or wears a nonce out, and a silent peer has its time, not more."""
    with moved_site(limits={"connections": 50, "handshake_timeout_ms": 1500}) as (site, clock):
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        began = time.monotonic()
        silent = hallmark.socket.create_connection(("127.0.0.1", site.port),
                                                   timeout=hallmark.PATIENCE_S)
        for offset in (30 * HOUR, -30 * HOUR, 0):
            clock.move(offset)
            receipts.append(collector.submit("app", APP))
        assert silent.recv(1) == b""
        lasted = time.monotonic() - began
        assert 1.2 < lasted < hallmark.PATIENCE_S, lasted
        silent.close()
        signer.wait_for("code=handshake-timeout")
        receipts.append(collector.submit("app", APP))
        assert not [line for line in signer.lines if "nonce" in line or "idle" in line]
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        count("clock", "receipts checked", len(receipts))


def test_a_collector_whose_clock_is_right_is_not_refused_by_one_set_back():
    """What the signer has issued itself is no future; beyond that and the skew, time is refused."""
    with moved_site() as (site, clock):
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        clock.move(-6 * HOUR)
        receipts.append(collector.submit("app", APP))
        try:
            collector.submit("app", APP, time_ms=int((time.time() + HOUR) * 1000))
            raise AssertionError("a time in the future was accepted")
        except wire.Refused as refusal:
            assert refusal.name == "evidence-time", refusal
        receipts.append(collector.submit("app", APP))
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        count("clock", "receipts checked", len(receipts))


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
