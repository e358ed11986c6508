#!/usr/bin/python3
"""Relays and challenges at the signer: who may ask, who is asked, and what comes of it when either of them
misbehaves."""

import contextlib
import json
import os
import signal
import socket
import time

import hallmark
import wire
from hallmark import APP, Site

# One site for all tests: every one of them must leave the signer as it found it.
RELAYS = [*(f"spiffe://test/{name}" for name in ("register", "register2", "fast", "many", "asker")),
          "Relay.TEST"]
SITE = Site(relays=RELAYS, limits={"connections": 100, "in_flight_per_connection": 16})
SIGNER = SITE.start_signer()
HOST = "spiffe://test/host1"


def nonce():
    return os.urandom(32)


def known(*workloads, host="host1"):
    """A collector that has spoken for these workloads."""
    collector = SITE.collector(host)
    for workload in workloads or ("app",):
        try:
            collector.submit(workload, APP)
        except wire.Refused as refused:  # an earlier test's chain goes on
            collector.chains[workload] = (refused.body["last_seq"], refused.body["last_bundle"])
            collector.submit(workload, APP)
    return collector


def nothing_waits():
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while SITE.status()["challenges_waiting"] > 0:
        assert time.monotonic() < deadline


@contextlib.contextmanager
def refused(name):
    try:
        yield
    except wire.Refused as refusal:
        assert refusal.name == name, refusal
        return
    raise AssertionError(f"not refused with {name}")


def answer(collector, components=None):
    """As a collector should: the challenge it was sent is in its next bundle."""
    workload, challenge = collector.await_measure()
    return collector.submit(workload, components or APP, ext={"challenge": challenge}), challenge


# --- the good way ---------------------------------------------------------------------------------

def test_a_challenge_is_answered_by_a_report_with_its_nonce():
    collector, relay = known(), SITE.relay()
    mine = nonce()
    before = SITE.status()["counters"]
    number = relay.challenge(HOST, "app", mine)
    receipt, challenge = answer(collector)
    assert challenge == mine
    body = relay.answer(number)
    assert body["id"] == number and body["collector"] == HOST and body["workload"] == "app"
    assert body["index"] == receipt["index"] and body["report"] == receipt["report"]
    wire.verify_receipt(body, SITE.certificate, hallmark.ORIGIN)
    after = SITE.status()
    assert after["counters"]["challenges"] == before["challenges"] + 1
    assert after["counters"]["challenges_answered"] == before["challenges_answered"] + 1
    assert after["challenges_waiting"] == 0
    SIGNER.wait_for(f"event=challenged collector={HOST} workload=app index={body['index']} "
                    "by=spiffe://test/register")
    collector.close()
    relay.close()


def test_nonces_of_8_and_64_bytes():
    collector, relay = known(), SITE.relay()
    for size in (8, 64):
        mine = os.urandom(size)
        number = relay.challenge(HOST, "app", mine)
        assert answer(collector)[1] == mine
        relay.answer(number)
    collector.close()
    relay.close()


def test_a_challenge_while_components_are_sent():
    """Its report is that of the bundle with the nonce, not the one that was on its way."""
    collector, relay = known(), SITE.relay()
    other = {"executable": wire.random_component()}
    data = collector.make("app", other)
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    kind, want = collector.connection.receive()
    assert kind == wire.WANT
    mine = nonce()
    number = relay.challenge(HOST, "app", mine)
    assert collector.await_measure() == ("app", mine)
    collector.send_components(want["digests"], other)
    first = collector.await_receipt()
    collector.accepted("app", data)
    second = collector.submit("app", APP, ext={"challenge": mine})
    body = relay.answer(number)
    assert body["index"] == second["index"] != first["index"]
    collector.close()
    relay.close()


def test_two_relays_at_once():
    """Each workload has one challenge at a time, whoever asks; of two workloads both are answered."""
    collector = known("app", "app2")
    one, two = SITE.relay("register"), SITE.relay("register2")
    first = one.challenge(HOST, "app", nonce())
    workload, challenge = collector.await_measure()
    with refused("in-flight"):
        two.answer(two.challenge(HOST, "app", nonce()))
    other = two.challenge(HOST, "app2", nonce())
    workload2, challenge2 = collector.await_measure()
    assert (workload, workload2) == ("app", "app2")
    collector.submit(workload2, APP, ext={"challenge": challenge2})
    assert two.answer(other)["workload"] == "app2"
    collector.submit(workload, APP, ext={"challenge": challenge})
    assert one.answer(first)["workload"] == "app"
    again = two.challenge(HOST, "app", nonce())
    answer(collector)
    two.answer(again)
    for peer in (collector, one, two):
        peer.close()


def test_the_session_that_spoke_last_is_asked():
    first, second = known("app"), known("app2")
    third = SITE.collector()  # the newest, and it has said nothing
    relay = SITE.relay()
    for collector, workload in ((first, "app"), (second, "app2"), (first, "app")):
        number = relay.challenge(HOST, workload, nonce())
        receipt, _ = answer(collector)
        assert relay.answer(number)["index"] == receipt["index"]
    for peer in (first, second, third, relay):
        peer.close()


def test_a_collector_that_came_back_is_asked_though_it_has_said_nothing_yet():
    known("app").close()
    collector, relay = SITE.collector(), SITE.relay()
    number = relay.challenge(HOST, "app", nonce())
    assert collector.await_measure()[0] == "app"
    collector.close()
    with refused("not-connected"):
        relay.answer(number)
    relay.close()


# --- who is not there -------------------------------------------------------------------------------

def test_nobody_to_ask():
    relay = SITE.relay()
    with refused("not-connected"):
        relay.answer(relay.challenge("spiffe://test/nobody", "app", nonce()))
    collector = known("app")
    with refused("not-connected"):
        relay.answer(relay.challenge(HOST, "never-reported", nonce()))
    collector.close()
    with refused("not-connected"):  # now, or as soon as the signer has seen it go
        relay.answer(relay.challenge(HOST, "app", nonce()))
    with refused("not-connected"):
        relay.answer(relay.challenge("spiffe://test/register", "app", nonce()))
    relay.close()


def test_a_collector_that_leaves_while_it_is_asked():
    """Another session of its is asked instead; without one the relay hears of it at once."""
    other, collector = SITE.collector(), known("app")
    relay = SITE.relay()
    began = time.monotonic()
    number = relay.challenge(HOST, "app", nonce())
    _, challenge = collector.await_measure()
    collector.close()
    assert other.await_measure() == ("app", challenge)
    other.close()
    with refused("not-connected"):
        relay.answer(number)
    assert time.monotonic() - began < 20
    relay.close()


def test_a_collector_that_leaves_before_its_receipt_has_answered():
    collector, relay = known("app"), SITE.relay()
    number = relay.challenge(HOST, "app", nonce())
    workload, challenge = collector.await_measure()
    data = collector.make(workload, APP, ext={"challenge": challenge})
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    collector.close()
    wire.verify_receipt(relay.answer(number), SITE.certificate, hallmark.ORIGIN)
    relay.close()


def test_a_relay_that_leaves_makes_room_for_the_next():
    collector, relay = known("app"), SITE.relay()
    relay.challenge(HOST, "app", nonce())
    _, first = collector.await_measure()
    relay.close()
    other = SITE.relay("register2")
    nothing_waits()
    number = other.challenge(HOST, "app", nonce())
    _, second = collector.await_measure()
    collector.submit("app", APP, ext={"challenge": first})  # nobody waits for it any more
    collector.submit("app", APP, ext={"challenge": second})
    other.answer(number)
    collector.close()
    other.close()


# --- who says nothing, or something else ------------------------------------------------------------

def test_without_an_answer_there_is_one_in_time():
    collector, relay = known("app", "app2"), SITE.relay()
    began = time.monotonic()
    first = relay.challenge(HOST, "app", nonce())
    second = relay.challenge(HOST, "app2", nonce())
    collector.await_measure()
    collector.await_measure()
    # Reports, but none with the nonce: of the round; and with another one.
    collector.submit("app", APP)
    collector.submit("app2", APP, ext={"challenge": nonce()})
    for number in (first, second):
        with refused("challenge-unanswered"):
            relay.answer(number)
    assert 29 < time.monotonic() - began < 45
    # A late one is logged like any other, and another challenge is possible.
    collector.submit("app", APP, ext={"challenge": nonce()})
    number = relay.challenge(HOST, "app", nonce())
    answer(collector)
    relay.answer(number)
    collector.close()
    relay.close()


def test_an_old_report_is_no_answer():
    """A relay that uses a nonce twice gets two measurements: what is sent again is not taken again."""
    collector, relay = known("app"), SITE.relay()
    mine = nonce()
    number = relay.challenge(HOST, "app", mine)
    collector.await_measure()
    data = collector.make("app", APP, ext={"challenge": mine})
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    first = collector.await_receipt()
    collector.accepted("app", data)
    assert relay.answer(number)["index"] == first["index"]
    number = relay.challenge(HOST, "app", mine)
    collector.await_measure()
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    assert collector.await_receipt()["index"] == first["index"]  # its receipt once more
    assert SITE.status()["challenges_waiting"] == 1
    second = collector.submit("app", APP, ext={"challenge": mine})
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    with refused("nonce-reused"):
        collector.await_receipt()
    assert relay.answer(number)["index"] == second["index"] > first["index"]
    collector.close()
    relay.close()


def test_evidence_without_a_nonce_answers_nobody():
    collector = known("app")
    with refused("out-of-range"):
        collector.submit("app", APP, nonce=b"", ext={"challenge": nonce()})
    collector.close()


def test_another_collector_cannot_answer():
    collector, relay = known("app"), SITE.relay()
    thief = known("app", host="host2")
    number = relay.challenge(HOST, "app", nonce())
    _, challenge = collector.await_measure()
    thief.submit("app", APP, ext={"challenge": challenge})
    assert SITE.status()["challenges_waiting"] == 1
    collector.submit("app", APP, ext={"challenge": challenge})
    assert relay.answer(number)["collector"] == HOST
    for peer in (collector, thief, relay):
        peer.close()


# --- roles ------------------------------------------------------------------------------------------

def test_a_relay_sends_no_evidence():
    relay = SITE.relay()
    data = wire.bundle("app", 1, wire.ZERO, relay.welcome["nonce"], APP)
    relay.connection.send([wire.BUNDLE, {"bundle": data}])
    kind, body = relay.connection.receive()
    assert kind == wire.REFUSAL and body["name"] == "unauthorized"
    assert (body["workload"], body["seq"]) == ("app", 1)
    relay.connection.send([wire.PART, {"digest": bytes(32), "offset": 0, "data": b"x"}])
    kind, body = relay.connection.receive()
    assert kind == wire.REFUSAL and body["name"] == "unauthorized" and "workload" not in body
    with refused("not-connected"):  # it goes on
        relay.answer(relay.challenge("spiffe://test/nobody", "app", nonce()))
    relay.connection.send([wire.BUNDLE, {"bundle": data + b"x"}])
    with refused("trailing-bytes"):
        relay.answer(0)
    try:
        relay.connection.receive()
        raise AssertionError("the connection goes on")
    except wire.Closed:
        pass


def test_the_case_of_a_dns_name_does_not_count():
    SITE.issue("by-dns", dns="rELAY.test")
    SITE.issue("host-by-dns", dns="HOST.Test")
    relay = SITE.relay("by-dns")
    with refused("not-connected"):
        relay.answer(relay.challenge("host.test", "app", nonce()))
    relay.connection.send([wire.CHALLENGE, {"id": 1, "collector": "HOST.test", "workload": "app",
                                            "nonce": nonce()}])
    with refused("out-of-range"):  # in a message there is one spelling
        relay.answer(0)
    collector = SITE.collector("host-by-dns")  # which no policy lets speak
    done = SITE.tool("hallmark-signer", "challenge", "--socket", str(SITE.path("run/status.sock")),
                     "Host.test", "app", check=False)
    assert done.returncode == 2 and "(214 not-connected)" in done.stderr, done
    collector.close()


def test_a_collector_sends_no_challenges():
    collector = known("app")
    collector.connection.send([wire.CHALLENGE, {"id": 7, "collector": HOST, "workload": "app",
                                                "nonce": nonce()}])
    kind, body = collector.connection.receive()
    assert kind == wire.REFUSAL and body["name"] == "unauthorized" and body["id"] == 7
    collector.submit("app", APP)  # it goes on, and nothing was asked of it
    assert not collector.measures
    collector.close()


def expect_end(message, name, relay=True):
    peer = SITE.relay() if relay else SITE.collector()
    peer.connection.send(message)
    kind, body = peer.connection.receive()
    assert kind == wire.REFUSAL and body["name"] == name, body
    try:
        peer.connection.receive()
        raise AssertionError("the connection goes on")
    except wire.Closed:
        pass


def test_nonces_that_are_none():
    for size in (0, 7, 65):
        expect_end([wire.CHALLENGE, {"id": 1, "collector": HOST, "workload": "app",
                                     "nonce": bytes(size)}], "out-of-range")


def test_messages_at_the_wrong_time():
    good = {"id": 1, "collector": HOST, "workload": "app", "nonce": nonce()}
    connection = wire.Connection(*SITE.peer("register"))
    connection.send([wire.CHALLENGE, good])  # before hello
    kind, body = connection.receive()
    assert kind == wire.REFUSAL and body["name"] == "wrong-time"
    for message in ([wire.HELLO, {"versions": [1], "agent": "x"}],
                    [wire.MEASURE, {"workload": "app", "challenge": nonce()}],
                    [wire.CHALLENGED, {"id": 1, "collector": HOST, "workload": "app", "index": 0,
                                       "report": b"x", "proof": b"", "checkpoint": b"x"}],
                    [wire.NOTED, {"id": 1, "sha256": bytes(32), "index": 0}]):
        expect_end(message, "wrong-time")
        expect_end(message, "wrong-time", relay=False)
    for reserved in (13, 14):
        expect_end([reserved, {}], "unknown-message")


def test_a_reload_changes_roles():
    collector, relay = known("app"), SITE.relay("asker")
    try:
        reload([r for r in RELAYS if "asker" not in r] + [HOST])
        with refused("unauthorized"):
            relay.answer(relay.challenge(HOST, "app", nonce()))
        with refused("unauthorized"):
            collector.submit("app", APP)
        collector.connection.send([wire.CHALLENGE, {"id": 9, "collector": HOST, "workload": "app",
                                                    "nonce": nonce()}])
        _, body = collector.connection.receive()
        assert body["name"] == "not-connected" and body["id"] == 9, body
    finally:
        reload(RELAYS)
    collector.submit("app", APP)
    collector.close()
    relay.close()


def reload(relays):
    SITE.options["relays"] = relays
    SITE.write_configs()
    line = len(SIGNER.lines)
    SIGNER.signal(signal.SIGHUP)
    assert "event=reloaded" in SIGNER.wait_for("event=reload", line)


# --- how much a relay may ask -----------------------------------------------------------------------

def test_a_relay_asks_at_a_bounded_rate():
    """Over all of its connections: who comes back is no other."""
    asked = busy = 0
    began = time.monotonic()
    while time.monotonic() - began < 3:
        relay = SITE.relay("fast")
        numbers = [relay.challenge("spiffe://test/nobody", "app", nonce()) for _ in range(20)]
        for number in numbers:
            asked += 1
            try:
                relay.answer(number)
            except wire.Refused as refusal:
                assert refusal.name in ("busy", "not-connected"), refusal
                busy += refusal.name == "busy"
        relay.close()
    seconds = time.monotonic() - began
    assert 20 <= asked - busy <= 20 + 10 * seconds + 1, (asked, busy, seconds)
    assert busy > 0
    other = SITE.relay()  # and nobody else pays for it
    with refused("not-connected"):
        other.answer(other.challenge("spiffe://test/nobody", "app", nonce()))
    other.close()


def test_unanswered_challenges_of_a_connection_are_bounded():
    collector = known(*(f"many{n}" for n in range(18)))
    relay = SITE.relay("many")
    numbers = [relay.challenge(HOST, f"many{n}", nonce()) for n in range(18)]
    for number in numbers[16:]:
        with refused("busy"):
            relay.answer(number)
    for _ in range(16):
        answer(collector)
    for number in numbers[:16]:
        relay.answer(number)
    collector.close()
    relay.close()


# --- the control socket -----------------------------------------------------------------------------

def control(request, half_close=False):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(2 * hallmark.PATIENCE_S)
        one.connect(str(SITE.path("run/status.sock")))
        one.sendall(request)
        if half_close:
            one.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: one.recv(65536), b""))


def test_requests_to_the_control_socket_that_are_none():
    for request in (b"\n", b"status \n", b" status\n", b"Status\n", b"status x\n", b"stat\n",
                    b"status\nstatus\n", b"challenge\n", b"\0\n",
                    b"challenge c w 00112233445566\n", b"challenge c w " + b"00" * 65 + b"\n",
                    b"challenge c w 0011223344556\n", b"challenge c w 001122334455667G\n",
                    b"challenge c w 00112233445566AA\n", b"challenge c w 0011223344556677 x\n",
                    b"challenge c  0011223344556677\n", b"challenge c w/x 0011223344556677\n",
                    b"challenge \xff w 0011223344556677\n", b"statement\n", b"statement !\n",
                    b"statement AAA\n", b"statement e30= x\n"):
        body = json.loads(control(request))
        assert body["error"]["code"] == 108 and body["error"]["name"] == "out-of-range", request
    assert json.loads(control(b"x" * (22 * 1024)))["error"]["code"] == 403
    assert json.loads(control(b"challenge c w 0011223344556677\n"))["error"]["code"] == 214
    assert json.loads(control(b"status\n", half_close=True))["log"] == hallmark.ORIGIN
    assert control(b"status", half_close=True) == b""


def test_the_control_socket_serves_others_while_some_say_nothing():
    silent = []
    try:
        for _ in range(40):
            one = socket.socket(socket.AF_UNIX)
            silent.append(one)
            one.settimeout(2 * hallmark.PATIENCE_S)
            one.connect(str(SITE.path("run/status.sock")))
            if len(silent) == 16:
                break
        began = time.monotonic()
        assert SITE.status()["pid"] == SIGNER.pid  # waits for their patience to end
        assert time.monotonic() - began < 20
        for one in silent:
            assert one.recv(1) == b""
    finally:
        for one in silent:
            one.close()


def test_challenges_over_the_control_socket():
    collector = known("app")
    path = str(SITE.path("run/status.sock"))
    asking = socket.socket(socket.AF_UNIX)
    asking.settimeout(hallmark.PATIENCE_S)
    asking.connect(path)
    asking.sendall(f"challenge {HOST} app {'ab' * 8}\n".encode())
    assert collector.await_measure() == ("app", b"\xab" * 8)
    body = json.loads(control(f"challenge {HOST} app {'cd' * 8}\n".encode()))
    assert body["error"]["name"] == "in-flight"
    collector.submit("app", APP, ext={"challenge": b"\xab" * 8})
    body = json.loads(b"".join(iter(lambda: asking.recv(65536), b"")))
    asking.close()
    assert body["collector"] == HOST and body["workload"] == "app"
    assert body["receipt"].startswith("c2sp.org/tlog-proof@v1\nextra ")
    # Who hangs up does not keep the next one waiting.
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(path)
    asking.sendall(f"challenge {HOST} app {'ef' * 8}\n".encode())
    collector.await_measure()
    asking.close()
    nothing_waits()
    relay = SITE.relay()
    number = relay.challenge(HOST, "app", b"\x12" * 8)
    assert collector.await_measure() == ("app", b"\x12" * 8)
    collector.submit("app", APP, ext={"challenge": b"\x12" * 8})
    relay.answer(number)
    collector.close()
    relay.close()


def test_zz_the_signer_is_as_it_was():
    status = SITE.status()
    assert status["challenges_waiting"] == 0 and status["in_flight"] == 0
    assert SIGNER.stop() == 0
    SITE.__exit__()


if __name__ == "__main__":
    hallmark.run_tests("__main__")
