#!/usr/bin/python3
"""Who may stay connected, who makes way, and what several event loops have in common."""

import json
import os
import signal
import socket
import threading
import time

import hallmark
import wire
from hallmark import APP, ORIGIN, Site
from logimage import notices


SESSIONS = 2000  # that are kept
SESSION_BYTES = 5500  # at least
STORM = 500  # handshakes at once
REVOKED = 20000  # certificates
REVOKED_BYTES = 150  # at least, in memory
GENERATIONS = 4


def reload(signer):
    line = len(signer.lines)
    signer.signal(signal.SIGHUP)
    signer.wait_for("event=reloaded", line)


def revoke_many(site):
    """Nobody's certificates, but many."""
    class Gone:
        def __init__(self, number):
            self.serial_number = number

    site.ca.revoke(site.path("crl.pem"), *(Gone(2 + number) for number in range(REVOKED)))


def grown(resident):
    """Since the first two generations: the first fills what is kept, and memory that an allocator has just
    given back is no growth when it is taken again."""
    return resident[-1] - max(resident[:2])


def wait_until(condition):
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"


def refused_connection(act):
    try:
        act()
        raise AssertionError("not refused")
    except (wire.Closed, OSError):
        pass


def withdrawn(collector, workload):
    """It is told, and that is the end."""
    try:
        collector.submit(workload, APP)
        raise AssertionError("not refused")
    except wire.Refused as refused:
        assert refused.body["code"] == 309, refused
    refused_connection(collector.connection.receive)


# --- certificates of open connections -------------------------------------------------------------

def test_a_revoked_collector_loses_its_open_connection():
    with Site() as site:
        site.ca.revoke(site.path("crl.pem"))
        site.options["tls"] = {"client_crl": "crl.pem"}
        site.write_configs()
        signer = site.start_signer()
        good, bad = site.collector("good"), site.collector("bad")
        good.submit("good", APP)
        bad.submit("bad", APP)
        site.ca.revoke(site.path("crl.pem"), wire.load_certificate(site.path("bad.crt")))
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded")
        good.submit("good", APP)
        withdrawn(bad, "bad")
        signer.wait_for("code=certificate-withdrawn .*collector=spiffe://test/bad")
        assert site.status()["refusals"]["certificate-withdrawn"] == 1
        assert site.status()["log_size"] == notices() + 3


CUT_S = 5  # a connection that says nothing is looked at, at the latest


def test_a_certificate_ends_an_open_connection_with_its_life():
    with Site() as site:
        signer = site.start_signer()
        site.issue("short", uri="spiffe://test/short", days=4 / 86400)
        collector, quiet = site.collector("short"), site.collector("short")
        ended = time.monotonic() + 4
        collector.submit("app", APP)
        wait_until(lambda: time.monotonic() > ended)
        withdrawn(collector, "app")
        signer.wait_for("code=certificate-withdrawn ")
        quiet.connection.tls.settimeout(CUT_S)
        kind, body = quiet.connection.receive()
        assert (kind, body["code"]) == (wire.REFUSAL, 309), (kind, body)


# --- places ---------------------------------------------------------------------------------------

def test_silent_peers_make_way_at_the_limit():
    with Site(limits={"connections": 20}, loops=1) as site:
        signer = site.start_signer()
        settled = site.collector("settled")
        settled.submit("settled", APP)
        silent = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(40)]
        wait_until(lambda: site.status()["counters"]["connections_accepted"] >= 41)
        newcomer = site.collector("newcomer")
        newcomer.submit("new", APP)
        settled.submit("settled", APP)
        signer.wait_for("event=connection-limit")
        signer.wait_for("code=too-many-connections ")
        wait_until(lambda: site.status()["connections"] <= 20)
        for connection in silent:
            connection.close()


def test_at_the_limit_nobody_who_speaks_is_turned_out():
    with Site(limits={"connections": 4}, loops=1) as site:
        site.start_signer()
        settled = [site.collector(f"settled{i}") for i in range(4)]
        for i, collector in enumerate(settled):
            collector.submit(f"s{i}", APP)
        refused_connection(lambda: site.collector("newcomer"))
        for i, collector in enumerate(settled):
            collector.submit(f"s{i}", APP)
        assert site.status()["refusals"]["too-many-connections"] == 1


def test_a_dns_name_in_any_case_is_one_identity():
    with Site() as site:
        site.write_policy(collectors=["*.Hosts.TEST"])
        signer = site.start_signer()
        site.issue("upper", dns="HOST1.hosts.Test")
        site.issue("lower", dns="host1.hosts.test")
        upper = site.collector("upper")
        first = upper.submit("app", APP)
        lower = site.collector("lower")
        try:
            lower.submit("app", APP)
            raise AssertionError("a chain of its own")
        except wire.Refused as refused:
            body, name = refused.body, refused.name
        assert body["last_seq"] == 1 and name == "sequence-not-rising"
        second = lower.submit("app", APP, seq=2, prev=body["last_bundle"])
        reports = [json.loads(receipt["report"]) for receipt in (first, second)]
        assert [report["sub"] for report in reports] == ["host1.hosts.test"] * 2
        assert "hallmark.previous-report" in reports[1]
        assert signer.stop() == 0


def test_refused_names_leave_nothing_behind():
    with Site() as site:
        site.start_signer()
        collector = site.collector("host1")
        collector.submit("known", APP)
        for number in range(300):
            try:
                collector.submit(f"name{number}", APP, nonce=bytes([1] * 32))
                raise AssertionError("not refused")
            except wire.Refused as refused:
                assert refused.name == "nonce-unknown"
        assert site.status()["workloads"] == 1
        # A bundle that waits for its parts is there as long as the connection.
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("waits", {
            "executable": wire.component("executable", [wire.file_item("/new", b"new")])})}])
        kind, _ = collector.connection.receive()
        assert kind == wire.WANT and site.status()["workloads"] == 2
        collector.connection.close()
        wait_until(lambda: site.status()["workloads"] == 1)


def test_an_upload_that_is_not_finished_frees_its_workload():
    with Site(limits={"frame_timeout_ms": 1000}) as site:
        signer = site.start_signer()
        parts = {"executable": wire.component("executable", [wire.file_item("/new", b"new")])}
        stalled, other = site.collector("host1"), site.collector("host1")
        stalled.connection.send([wire.BUNDLE, {"bundle": stalled.make("app", parts)}])
        assert stalled.connection.receive()[0] == wire.WANT
        try:
            other.submit("app", parts)
            raise AssertionError("not refused")
        except wire.Refused as refused:
            assert refused.name == "in-flight"
        signer.wait_for("code=frame-timeout ")
        wait_until(lambda: site.status()["workloads"] == 0)
        other.submit("app", parts)


def begin_upload(collector, workload, size):
    """Says that a component of `size` bytes comes, and sends one of them; gives the refusal, if any."""
    digest = os.urandom(32)
    fields = wire.msgpack.unpackb(collector.make(workload, APP), raw=False)
    fields["components"]["executable"] = [digest, 1, size]
    collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
    kind, body = collector.connection.receive()
    if kind == wire.REFUSAL:
        return body["name"]
    assert kind == wire.WANT and body["digests"] == [digest], body
    collector.connection.send([wire.PART, {"digest": digest, "offset": 0, "data": b"x"}])
    # Answered by 201; before it comes what there is to say of the part.
    collector.connection.send([wire.BUNDLE, {"bundle": collector.make("x", APP, nonce=bytes(32))}])
    _, body = collector.connection.receive()
    return None if body["name"] == "nonce-unknown" else body["name"]


def test_one_collector_cannot_take_all_memory_for_evidence():
    """Over however many connections: it has half, and the others one component each of the rest."""
    large = 16 << 20
    bundles = 64 << 10  # that wait, which are some of it
    with Site(limits={"evidence_pending_bytes": 4 * large + bundles, "connections": 100}) as site:
        signer = site.start_signer()
        many = [site.collector("greedy") for _ in range(4)]
        assert [begin_upload(c, f"w{n}", large) for n, c in enumerate(many)] == [
            None, None, "busy", "busy"]
        site.collector("good").submit("app", {"executable": wire.random_component()})
        other = site.collector("other")
        assert begin_upload(other, "app", large) is None
        assert begin_upload(site.collector("other"), "app2", large) == "busy"
        for collector in [*many, other]:
            collector.close()
        wait_until(lambda: site.status()["evidence_receiving_bytes"] == 0)
        assert begin_upload(site.collector("greedy"), "again", large) is None
        assert signer.stop() == 0


# --- several loops --------------------------------------------------------------------------------

def test_tickets_are_good_at_every_loop():
    with Site(loops=3) as site:
        site.start_signer()
        site.issue("host1", uri="spiffe://test/host1")
        context = wire.tls_context(str(site.path("collectors-ca.crt")),
                                   str(site.path("host1.crt")), str(site.path("host1.key")))
        first = wire.Collector(site.port, None, context=context)
        first.submit("app", APP)
        ticket = first.connection.tls.session
        for _ in range(3):  # connections go to the loops in turn, and a ticket is good once
            raw = socket.create_connection(("127.0.0.1", site.port))
            with context.wrap_socket(raw, server_hostname="signer.test", session=ticket) as tls:
                assert tls.session_reused
                tls.sendall(wire.frame([wire.HELLO, {"versions": [1], "agent": "again"}]))
                assert tls.recv(1)
                used, ticket = ticket, tls.session
        raw = socket.create_connection(("127.0.0.1", site.port))
        with context.wrap_socket(raw, server_hostname="signer.test", session=used) as tls:
            assert not tls.session_reused
        assert site.status()["counters"]["handshakes_resumed"] == 3


def test_a_reload_ends_the_tickets():
    with Site(loops=2) as site:
        signer = site.start_signer()
        site.issue("host1", uri="spiffe://test/host1")
        context = wire.tls_context(str(site.path("collectors-ca.crt")),
                                   str(site.path("host1.crt")), str(site.path("host1.key")))
        first = wire.Collector(site.port, None, context=context)
        first.submit("app", APP)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded")
        raw = socket.create_connection(("127.0.0.1", site.port))
        with context.wrap_socket(raw, server_hostname="signer.test",
                                 session=first.connection.tls.session) as tls:
            assert not tls.session_reused


def test_a_reload_frees_the_revocation_list_before_it():
    with Site(loops=1) as site:
        hallmark.keep_no_freed_memory(site)
        revoke_many(site)
        site.options["tls"] = {"client_crl": "crl.pem"}
        site.write_configs()
        signer = site.start_signer()
        stay, resident = [], []
        for number in range(GENERATIONS):
            stay.append(site.collector(f"stays{number}"))
            reload(signer)
            resident.append(hallmark.resident_bytes(signer.pid))
        for number, collector in enumerate(stay):
            collector.submit(f"app{number}", APP)
        assert grown(resident) < REVOKED * REVOKED_BYTES * (GENERATIONS - 2) // 2, resident


def test_a_reload_frees_the_sessions_before_it():
    """Whoever stays connected keeps the settings it was let in by, but not what others might resume."""
    with Site(limits={"connections": SESSIONS, "connections_per_collector": SESSIONS}) as site:
        hallmark.keep_no_freed_memory(site)
        signer = site.start_signer()
        site.issue("load", uri="spiffe://test/load")
        stay, resident = [], []
        for number in range(GENERATIONS):
            stay.append(site.collector(f"stays{number}"))
            for _ in range(SESSIONS // STORM):
                site.tool("load", "storm", "--port", str(site.port), "--ca",
                          str(site.path("collectors-ca.crt")), "--cert", str(site.path("load.crt")),
                          "--key", str(site.path("load.key")), "--connections", str(STORM))
            reload(signer)
            resident.append(hallmark.resident_bytes(signer.pid))
        for number, collector in enumerate(stay):
            collector.submit(f"app{number}", APP)
        # Those of one reload are freed while the next ones come.
        assert grown(resident) < SESSIONS * SESSION_BYTES * (GENERATIONS - 2) // 2, resident


def test_many_loops_one_log():
    with Site(loops=4) as site:
        signer = site.start_signer()
        receipts = []

        def report(number):
            collector = site.collector("load")
            for _ in range(25):
                receipts.append(collector.submit(f"load{number}", APP))

        site.collector("load").submit("first", APP)
        threads = [threading.Thread(target=report, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(receipts) == 300
        assert sorted(r["index"] for r in receipts) == list(range(notices() + 1, notices() + 301))
        for receipt in receipts:
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
        assert signer.stop() == 0
        assert "verdict" in site.audit("fsck", "--log", str(site.path("log")), "--cert",
                                       str(site.path("log.crt"))).stdout


def test_pipelined_bundles_are_answered_in_order():
    """All at once over one connection, far more than may be in flight."""
    with Site(limits={"in_flight_per_connection": 4}, loops=2) as site:
        site.start_signer()
        collector = site.collector("host1")
        collector.submit("first", APP)
        names = [f"w{number}" for number in range(200)]
        stream = b""
        for name in names:
            data = collector.make(name, APP)
            stream += wire.frame([wire.BUNDLE, {"bundle": data}])
        collector.connection.send_raw(stream)
        answered = [collector.await_receipt()["workload"] for _ in names]
        assert answered == names


def test_loops_cannot_be_changed_by_a_reload():
    with Site(loops=1) as site:
        signer = site.start_signer()
        site.options["loops"] = 2
        site.write_configs()
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reload-refused .*loops")
        site.collector("host1").submit("app", APP)
        counters = site.status()["counters"]
        assert counters["reloads_refused"] == 1 and counters["reloads"] == 0, counters


if __name__ == "__main__":
    hallmark.run_tests("__main__")
