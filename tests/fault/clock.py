#!/usr/bin/python3
"""The signer's wall clock is wrong: it jumps, it starts wrong, it lies. Nothing is dated by it, and the
signer goes on by itself when it is right; deadlines do not go by it at all."""

import contextlib
import json
import time

import hallmark
import logimage
import underfire
import wire
from hallmark import APP, Site
from underfire import count
from wallclock import NOT_TOLD, SYNCHRONISED, UNSYNCHRONISED, WallClock

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400
SKEW_S = 300  # the default of limits.clock_skew_s
JUMPS = 60 if underfire.LONG else 6


@contextlib.contextmanager
def moved_site(**options):
    with Site(**options) as site:
        clock = WallClock(site)
        site.env = {**site.env, **clock.env}
        yield site, clock


def issued(receipt):
    return json.loads(receipt["report"])["iat"]


def now_ms(offset_s=0):
    return int((time.time() + offset_s) * 1000)


def refused(collector, workload="app", code="clock", **changes):
    try:
        collector.submit(workload, APP, **changes)
    except wire.Refused as refusal:
        assert refusal.name == code, refusal
        return
    raise AssertionError("taken")


def times_are(site, latest):
    """None falls, and none is later than that."""
    times = [json.loads(entry)["iat"] for entry in logimage.read_log(site)]
    assert times == sorted(times) and times[-1] <= latest, times
    return times


def causes(site):
    return [json.loads(entry)["hallmark.subject"]["cause"] for entry in logimage.read_log(site)
            if entry.startswith(b'{"hallmark.notice":"start"')]


def test_a_clock_that_was_set_dates_nothing_until_it_is_back():
    with moved_site() as (site, clock):
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        jumps = [10 * YEAR, -10 * YEAR, 3 * HOUR, -26 * HOUR, SKEW_S + 5, -SKEW_S - 5]
        while len(jumps) < JUMPS:
            jumps.append(underfire.CHANCE.choice((-1, 1)) *
                         underfire.CHANCE.randrange(SKEW_S + 5, 8 * HOUR))
        for jump in jumps:
            seen = len(signer.lines)
            clock.move(jump, UNSYNCHRONISED)
            for _ in range(3):
                refused(collector)
            line = signer.wait_for("event=clock-jump", seen)
            assert f"direction={'forth' if jump > 0 else 'back'}" in line, line
            assert abs(int(line.split("by_s=")[1].split()[0]) - abs(jump)) <= 2, (jump, line)
            signer.wait_for("event=clock state=moved", seen)
            status = site.status()
            assert status["clock"] == "moved" and status["refusals"]["clock"] >= 3, status
            assert "hallmark_clock_refused 1" in site.tool(
                "hallmark-signer", "status", "-c", site.path("signer.yaml"), "--prometheus").stdout
            clock.move(0)
            receipts.append(collector.submit("app", APP))
            signer.wait_for("event=clock state=trusted", seen)
            assert site.status()["clock"] == "trusted"
            said = [line for line in signer.lines[seen:] if "event=clock " in line]
            assert len(said) == 2, said
            count("clock", "jumps")
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        count("clock", "receipts checked", len(receipts))
        times_are(site, time.time() + 1)
        logimage.fsck(site)


def test_a_clock_that_was_set_right_goes_on_with_the_kernels_word():
    """As behind a machine that its hypervisor held: the time without bundles is said."""
    with moved_site() as (site, clock):
        clock.move(-2 * HOUR, UNSYNCHRONISED)
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP, time_ms=now_ms(-2 * HOUR))]
        clock.move(0)
        refused(collector)
        clock.keep(NOT_TOLD)
        refused(collector)
        clock.keep(SYNCHRONISED)
        receipts.append(collector.submit("app", APP))
        assert abs(issued(receipts[-1]) - time.time()) < 5
        assert signer.stop() == 0
        assert causes(site) == ["start", "clock"]
        logimage.verify_all(site, receipts)
        logimage.fsck(site)
        count("clock", "jumps")


def test_a_start_far_before_the_newest_entry_waits_for_the_clock():
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
            refused(collector)
            signer.wait_for("event=clock state=behind")
            clock.move(0)
            refused(collector)
            clock.move(4 * HOUR - SKEW_S // 2)
            receipts.append(collector.submit("app", APP))
            assert issued(receipts[-1]) - issued(receipts[0]) <= SKEW_S
            assert signer.stop() == 0
            logimage.verify_all(site, receipts)
            times_are(site, time.time() + 4 * HOUR + 1)
            count("clock", "starts with the clock set back")
            count("clock", "receipts checked", len(receipts))


def test_booted_with_a_wrong_hardware_clock_a_signer_waits_for_a_word():
    for word in ("kernel", "collector"):
        with moved_site() as (site, clock):
            signer = site.start_signer()
            receipts = [site.collector().submit("app", APP)]
            assert signer.stop() == 0
            clock.move(20 * DAY, UNSYNCHRONISED)
            signer = site.start_signer()
            refused(site.collector("host1"), time_ms=now_ms())
            refused(site.collector("host2"), time_ms=now_ms())
            signer.wait_for("event=clock state=unsynchronised")
            if word == "kernel":
                clock.move(0, SYNCHRONISED)
                receipts.append(site.collector("host1").submit("again", APP))
                assert abs(issued(receipts[-1]) - time.time()) < 5
                assert signer.stop() == 0
                times_are(site, time.time() + 1)
            else:
                # It has the time of the machine, and so has a second: not most have another.
                refused(site.collector("host3"), time_ms=now_ms(20 * DAY))
                receipts.append(site.collector("host4").submit("app", APP, time_ms=now_ms(20 * DAY)))
                assert signer.stop() == 0
            logimage.verify_all(site, receipts)
            logimage.fsck(site)
            count("clock", "starts with a wrong clock")


def test_most_identities_of_three_stop_a_clock_that_the_kernel_trusts():
    """One with many workloads is one; and it is heard while it is refused."""
    with moved_site() as (site, clock):
        clock.move(-HOUR)  # a clock that lost an hour: what comes is of its future
        signer = site.start_signer()
        right = [site.collector(f"host{n}") for n in (1, 2, 3)]
        for n in range(5):
            refused(right[0], f"w{n}", "evidence-time")
        refused(right[1], code="evidence-time")
        assert site.status()["clock"] == "trusted"
        refused(right[2])
        signer.wait_for("event=clock state=contradicted")
        status = site.status()
        assert (status["clock_identities"], status["clock_identities_against"]) == (3, 3), status
        other = [site.collector(f"host{n}") for n in (4, 5)]
        for collector in other:
            refused(collector, time_ms=now_ms(-HOUR))
        wrong = site.collector("host6").submit("app", APP, time_ms=now_ms(-HOUR))
        assert site.status()["clock"] == "trusted"
        clock.move(0)
        receipts = [collector.submit("app", APP) for collector in right]
        assert abs(issued(receipts[-1]) - time.time()) < 5
        assert signer.stop() == 0
        logimage.verify_all(site, [wrong, *receipts])
        count("clock", "majorities against it")


def test_one_host_that_lies_stops_nobody():
    with moved_site() as (site, clock):
        clock.keep(UNSYNCHRONISED)
        signer = site.start_signer()
        receipts = []
        for n, lie in enumerate((-DAY, -30 * DAY, -HOUR)):
            receipts.append(site.collector("liar").submit(f"lie{n}", APP, time_ms=now_ms(lie)))
            receipts.append(site.collector("host").submit(f"app{n}", APP))
        assert site.status()["clock"] == "trusted"
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        times_are(site, time.time() + 1)


def test_last_words_say_nothing_of_a_clock():
    """They are of what was measured before, and come under a nonce that may be newer."""
    with moved_site() as (site, clock):
        clock.keep(UNSYNCHRONISED)
        signer = site.start_signer()
        receipts = []
        for n in range(4):
            collector = site.collector(f"host{n}")
            old = {"time_ms": now_ms(-HOUR)}
            receipts.append(collector.submit("app", APP, ext={"leaving": "stopped"}, **old))
            receipts.append(collector.submit("app", APP, nonce=b"", **old))
        status = site.status()
        assert (status["clock"], status["clock_identities"]) == ("trusted", 0), status
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        times_are(site, time.time() + 1)


def test_notices_go_on_with_the_last_entrys_time():
    with moved_site() as (site, clock):
        signer = site.start_signer()
        last = issued(site.collector().submit("app", APP))
        clock.move(10 * YEAR, UNSYNCHRONISED)
        signer.wait_for("event=clock state=moved")
        site.path("policy.yaml").write_text(
            site.path("policy.yaml").read_text().replace("name: ", "name: other-", 1))
        start = len(signer.lines)
        signer.signal(hallmark.signal.SIGHUP)
        signer.wait_for("event=reloaded", start)
        assert signer.stop() == 0
        entry = logimage.read_log(site)[-1]
        assert entry.startswith(b'{"hallmark.notice":"manifest"'), entry
        assert last <= json.loads(entry)["iat"] <= last + 5
        logimage.fsck(site)


def test_deadlines_go_by_the_monotonic_clock():
    """No jump ends a connection or wears a nonce out, and a silent peer has its time, not more."""
    with moved_site(limits={"connections": 50, "handshake_timeout_ms": 1500}) as (site, clock):
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        began = time.monotonic()
        silent = hallmark.socket.create_connection(("127.0.0.1", site.port),
                                                   timeout=hallmark.PATIENCE_S)
        for offset in (30 * HOUR, -30 * HOUR):
            clock.move(offset, UNSYNCHRONISED)
            refused(collector)
        clock.move(0)
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
        clock.move(-SKEW_S + 20)
        receipts.append(collector.submit("app", APP))
        refused(collector, code="evidence-time", time_ms=now_ms(HOUR))
        receipts.append(collector.submit("app", APP))
        assert signer.stop() == 0
        logimage.verify_all(site, receipts)
        count("clock", "receipts checked", len(receipts))


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
