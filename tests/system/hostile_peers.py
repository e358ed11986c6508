#!/usr/bin/python3
"""Bad input gets a coded answer, is counted and logged once, and disturbs nobody else."""

import contextlib
import hashlib
import os
import socket
import struct
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import hallmark
import rawtls
import wire
from hallmark import APP, Site
from peer import Peer, hello

# One site for all tests: every one of them must leave the signer as it found it.
SITE = Site(limits={"handshake_timeout_ms": 1500, "frame_timeout_ms": 1500, "idle_timeout_s": 4,
                    "nonce_lifetime_s": 3, "connections": 1500})
SIGNER = SITE.start_signer()
WITNESS = SITE.collector("witness")  # connected throughout
WITNESS.served = time.monotonic()


def refusals(code):
    return SITE.status()["refusals"].get(code, 0)


@contextlib.contextmanager
def counted(code, times=1):
    """The block makes the signer refuse with `code` so many times; each has its log line."""
    before, line = refusals(code), len(SIGNER.lines)
    yield
    SIGNER.wait_for(f"code={code} ", line)
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while refusals(code) < before + times and time.monotonic() < deadline:
        pass
    assert refusals(code) == before + times, f"{code}: {before} before, {refusals(code)} after"


def witness_is_served():
    """Any other connection notices nothing."""
    # Its nonce and its patience are short at this site: after a pause it comes again.
    if time.monotonic() - WITNESS.served > 2:
        WITNESS.close()
        WITNESS.connect()
    WITNESS.submit("witness", APP)
    WITNESS.served = time.monotonic()


def expect_stream_error(raw, code, hello=True):
    """Raw bytes after the hello get `code` and the end of the stream."""
    collector = SITE.collector(connect=hello)
    connection = collector.connection if hello else wire.Connection(*collector.args)
    with counted(code):
        connection.send_raw(raw)
        kind, body = connection.receive()
        assert kind == wire.REFUSAL and body["name"] == code, (kind, body)
        try:
            connection.receive()
            raise AssertionError("the connection goes on")
        except wire.Closed:
            pass
    witness_is_served()


def expect_refusal(code, collector, *args, **changes):
    """A bundle is refused with `code`, and the connection lives."""
    with counted(code):
        try:
            collector.submit(*args, **changes)
            raise AssertionError("not refused")
        except wire.Refused as refused:
            assert refused.name == code, refused
            body = refused.body
    witness_is_served()
    return body


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


# --- who is let in --------------------------------------------------------------------------------

def handshake_fails(*args, why="", **options):
    with counted("tls-handshake"):
        line = len(SIGNER.lines)
        try:
            connection = wire.Connection(SITE.port, str(SITE.path("collectors-ca.crt")), *args,
                                         **options)
            connection.receive()
            raise AssertionError("let in")
        except (wire.Closed, OSError):
            pass
        SIGNER.wait_for(f"code=tls-handshake .*{why}", line)
    witness_is_served()


def test_the_log_names_the_peer_by_address():
    """What is no handshake, what ends with a reset, and whoever is known by name already."""
    hello = bytes.fromhex("1603010200010001fc0303")  # of a record of 512 bytes
    for raw, reset in ((b"GET / HTTP/1.1\r\n\r\n", False), (hello, True), (b"", True)):
        with counted("tls-handshake"):
            start = len(SIGNER.lines)
            stranger = socket.create_connection(("127.0.0.1", SITE.port))
            port = stranger.getsockname()[1]
            stranger.sendall(raw)
            if reset:
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                stranger.recv(4096)
            stranger.close()
            line = SIGNER.wait_for(f" peer=127.0.0.1:{port} ", start)
            assert "event=connection-failed code=tls-handshake " in line, line
    collector = SITE.collector()
    port = collector.connection.tls.getsockname()[1]
    with counted("truncated"):
        start = len(SIGNER.lines)
        collector.connection.send_raw(b"\0\0\1\0half")
        collector.close()
        line = SIGNER.wait_for("code=truncated", start)
        assert f" peer=127.0.0.1:{port} collector=spiffe://test/host1 " in line, line
    witness_is_served()


def test_a_hello_that_says_it_is_large():
    """OpenSSL would take memory for all of it at once; in pieces, it would not be seen."""
    def record(message):
        return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message

    hello_start = b"\x01" + (131000).to_bytes(3, "big") + b"\x03\x03" + bytes(32)
    largest = b"\x01" + (16384 - 4).to_bytes(3, "big") + b"\x03\x03" + bytes(16384 - 6)
    for raw in (record(hello_start), record(hello_start[:1]) + record(hello_start[1:]),
                record(b"") + record(hello_start), record(largest + b"x")):
        with counted("tls-handshake"), socket.create_connection(("127.0.0.1", SITE.port)) as peer:
            line = len(SIGNER.lines)
            for n in range(len(raw)):
                with contextlib.suppress(ConnectionError):
                    peer.send(raw[n:n + 1])
            SIGNER.wait_for('code=tls-handshake .*text="excessive message size"', line)
    witness_is_served()


def test_certificates_that_are_large():
    many = "spiffe://test/" + "x" * 20000
    handshake_fails(*SITE.issue("large", uri=many), why="excessive message size")


def test_no_certificate():
    handshake_fails(why="peer did not return a certificate")


def test_certificate_of_another_ca():
    other = hallmark.Authority("other", SITE.dir)
    other.issue(SITE.path("foreign"), "foreign", uri="spiffe://test/foreign")
    handshake_fails(str(SITE.path("foreign.crt")), str(SITE.path("foreign.key")),
                    why="unable to get local issuer certificate")


def test_expired_certificate():
    handshake_fails(*SITE.issue("expired", uri="spiffe://test/expired", days=-1),
                    why="the client certificate is not accepted: certificate has expired")


def test_server_certificate_as_client():
    handshake_fails(*SITE.issue("server2", dns="signer.test", server=True),
                    why="unsuitable certificate purpose")


def test_wrong_alpn():
    handshake_fails(*SITE.issue("alpn", uri="spiffe://test/alpn"), alpn="http/1.1")


def test_tls_1_2():
    import ssl
    context = wire.tls_context(str(SITE.path("collectors-ca.crt")),
                               *SITE.issue("old", uri="spiffe://test/old"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    handshake_fails(context=context)


def no_identity(**san):
    with counted("no-identity"):
        connection = wire.Connection(SITE.port, str(SITE.path("collectors-ca.crt")),
                                     *SITE.issue("nobody", **san))
        connection.send([wire.HELLO, {"versions": [1], "agent": "x"}])
        kind, body = connection.receive()
        assert kind == wire.REFUSAL and body["code"] == 302, body
        try:
            connection.receive()
            raise AssertionError("the connection goes on")
        except wire.Closed:
            pass
        connection.close()


def test_certificate_without_a_name():
    no_identity()


def test_certificate_with_two_uris():
    no_identity(uri=["spiffe://test/a", "spiffe://test/b"])


def test_certificate_with_two_dns_names():
    no_identity(dns=["a.test", "b.test"])


def test_certificate_with_a_name_of_another_form():
    no_identity(uri=["host1.test"])
    no_identity(uri=["//host1.test/a"])
    no_identity(uri=["spiffe:"])
    no_identity(dns=["spiffe://test/host1"])


# --- streams that are lost ------------------------------------------------------------------------

def test_empty_frame():
    expect_stream_error(struct.pack(">I", 0), "frame-size")


def test_frame_too_large():
    expect_stream_error(struct.pack(">I", 1 << 20), "frame-size")


def test_not_messagepack():
    expect_stream_error(frame(b"\xc1"), "not-messagepack")


def test_too_deep():
    expect_stream_error(frame(b"\x91" * 40 + b"\x00"), "too-deep")


def test_count_beyond_the_bytes():
    expect_stream_error(frame(b"\x92\x03\xdf\xff\xff\xff\xff"), "count-beyond-bytes")


def test_string_beyond_the_bytes():
    expect_stream_error(frame(b"\x92\x03\x81\xa6bundle\xc6\xff\xff\xff\xff"), "count-beyond-bytes")


def test_wrong_type():
    expect_stream_error(wire.frame([wire.BUNDLE, {"bundle": "text"}]), "wrong-type")


def test_duplicate_key():
    expect_stream_error(frame(b"\x92\x03\x82\xa6bundle\xc4\x00\xa6bundle\xc4\x00"), "duplicate-key")


def test_unknown_key():
    expect_stream_error(wire.frame([wire.BUNDLE, {"bundle": b"", "more": 1}]), "unknown-key")


def test_missing_key():
    expect_stream_error(wire.frame([wire.PART, {"digest": bytes(32)}]), "missing-key")


def test_trailing_bytes():
    expect_stream_error(frame(wire.pack([wire.HELLO, {"versions": [1], "agent": ""}]) + b"\x00"),
                        "trailing-bytes")


def test_unknown_message():
    expect_stream_error(wire.frame([99, {}]), "unknown-message")


def test_a_second_hello():
    expect_stream_error(wire.frame([wire.HELLO, {"versions": [1], "agent": "x"}]), "wrong-time")


def test_bundle_before_hello():
    data = wire.bundle("app", 1, wire.ZERO, bytes(32), APP)
    expect_stream_error(wire.frame([wire.BUNDLE, {"bundle": data}]), "wrong-time", hello=False)


def test_a_message_of_the_signer():
    expect_stream_error(wire.frame([wire.WANT, {"workload": "app", "digests": [bytes(32)]}]),
                        "wrong-time")


def test_no_common_version():
    expect_stream_error(wire.frame([wire.HELLO, {"versions": [7, 8], "agent": "x"}]),
                        "no-common-version", hello=False)


def test_bundle_that_is_not_canonical():
    collector = SITE.collector()
    data = collector.make("app", APP)
    fields = dict(reversed(list(wire.msgpack.unpackb(data, raw=False).items())))
    with counted("not-canonical"):
        collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
        assert collector.connection.receive()[1]["name"] == "not-canonical"


def test_extensions_that_are_none():
    for ext, name in (({"leaving": "bye"}, "out-of-range"), ({"leaving": 1}, "wrong-type"),
                      ({"A": 1}, "out-of-range"), ({"a": -1}, "wrong-type"),
                      ({"a": [[[[1]]]]}, "too-deep"), ({"a": bytes(1019)}, "out-of-range"),
                      ({"leaving": "moved"}, "out-of-range")):
        collector = SITE.collector()
        with counted(name):
            collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP, ext=ext)}])
            refusal = collector.connection.receive()[1]
            assert refusal["name"] == name, refusal
            # Nesting is looked at before anything has a name.
            assert refusal["text"].endswith(": ext") or name == "too-deep", refusal
    witness_is_served()


def test_closing_inside_a_frame():
    collector = SITE.collector()
    with counted("truncated"):
        collector.connection.send_raw(struct.pack(">I", 100) + b"\x92")
        collector.connection.tls.shutdown(socket.SHUT_WR)
        collector.close()
    witness_is_served()


# --- bundles that are refused ---------------------------------------------------------------------

def test_workload_of_somebody_else():
    collector = SITE.collector("stranger", connect=False)
    SITE.issue("outsider", uri="spiffe://elsewhere/outsider")
    collector = wire.Collector(SITE.port, str(SITE.path("collectors-ca.crt")),
                               str(SITE.path("outsider.crt")), str(SITE.path("outsider.key")))
    expect_refusal("unauthorized", collector, "app", APP)
    expect_refusal("unauthorized", collector, "app", APP)


def test_an_operator_is_told_why_a_workload_is_not_the_collectors_and_the_peer_is_not():
    with Site() as site:
        site.init_key()
        site.write_policy(match="app-*", collectors=["spiffe://test/host1"])
        signer, told = site.start_signer(), []
        for host, workload, why in (("host1", "other", 'workload=other .*text="no entry of the policy matches'),
                                    ("host2", "app-1", 'workload=app-1 .*entry=app-. text="the policy\'s entry for')):
            try:
                site.collector(host).submit(workload, APP)
            except wire.Refused as refused:
                told.append({key: value for key, value in refused.body.items() if key in ("code", "name", "text")})
            signer.wait_for(f"event=refusal code=unauthorized collector=spiffe://test/{host} .*{why}")
        assert len(told) == 2 and told[0] == told[1], told
        site.collector().submit("app-1", APP)


def test_nonce_never_given():
    expect_refusal("nonce-unknown", SITE.collector(), "n1", APP, nonce=os.urandom(32))


def test_nonce_of_another_connection():
    nonce = SITE.collector().nonce
    expect_refusal("nonce-unknown", SITE.collector(), "n2", APP, nonce=nonce)


def test_nonce_used_twice():
    collector = SITE.collector()
    nonce = collector.nonce
    collector.submit("n3", APP)
    expect_refusal("nonce-reused", collector, "n3", APP, nonce=nonce)
    collector.submit("n3", APP)


def test_nonce_for_two_workloads():
    collector = SITE.collector()
    nonce = collector.nonce
    collector.submit("n4", APP, nonce=nonce)
    collector.submit("n5", APP, nonce=nonce)


def test_nonce_too_old():
    collector = SITE.collector()
    nonce, given = collector.nonce, time.monotonic()
    while time.monotonic() < given + 3.1:  # this site's lifetime of a nonce; keeps the line busy
        collector.submit("n6", APP)
    expect_refusal("nonce-expired", collector, "n7", APP, nonce=nonce)


def test_sequence_that_does_not_rise():
    collector = SITE.collector()
    collector.submit("s1", APP, seq=5)
    body = expect_refusal("sequence-not-rising", collector, "s1", APP, seq=5)
    assert body["last_seq"] == 5 and body["last_bundle"] == collector.chains["s1"][1]
    # The numbers must not run out: none may jump, and a chain may not begin near their end.
    body = expect_refusal("sequence-not-rising", collector, "s1", APP, seq=2**53 - 1)
    assert body["last_seq"] == 5
    expect_refusal("sequence-not-rising", collector, "s1", APP, seq=7)
    collector.submit("s1", APP, seq=6)
    body = expect_refusal("sequence-not-rising", collector, "s2", APP, seq=2**52 + 1)
    assert "last_seq" not in body
    collector.submit("s2", APP, seq=2**52)
    collector.submit("s2", APP)


def test_number_that_is_out_of_range_is_named():
    collector = SITE.collector()
    with counted("out-of-range"):
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("s3", APP, seq=2**53)}])
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["code"] == 108 and body["text"].endswith(": seq"), body
        assert "workload" not in body and "nonce" not in body
    collector.connect()
    collector.submit("s3", APP)


def test_chain_that_is_broken():
    collector = SITE.collector()
    collector.submit("c1", APP)
    body = expect_refusal("chain-broken", collector, "c1", APP, prev=os.urandom(32))
    assert body["last_bundle"] == collector.chains["c1"][1]
    collector.submit("c1", APP)


def test_a_clone_shows_as_a_fork():
    collector = SITE.collector()
    collector.submit("c2", APP)
    clone = SITE.collector()
    clone.chains = dict(collector.chains)
    collector.submit("c2", APP)
    expect_refusal("sequence-not-rising", clone, "c2", APP)


def test_measured_in_the_future():
    expect_refusal("evidence-time", SITE.collector(), "t1", APP,
                   time_ms=int(time.time() * 1000) + 3600_000)


def test_measured_before_the_last():
    collector = SITE.collector()
    collector.submit("t2", APP)
    expect_refusal("evidence-time", collector, "t2", APP, time_ms=1)


def test_component_that_does_not_hash_to_its_name():
    collector = SITE.collector()
    components = {"executable": wire.random_component()}
    with counted("component-digest"):
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("d1", components)}])
        kind, want = collector.connection.receive()
        assert kind == wire.WANT
        size = len(components["executable"])
        collector.connection.send([wire.PART, {"digest": want["digests"][0], "offset": 0,
                                               "data": bytes(size)}])
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["name"] == "component-digest", body
        collector.nonce = body["nonce"]
    collector.submit("d1", components)
    witness_is_served()


def test_component_larger_than_it_said():
    collector = SITE.collector()
    components = {"executable": wire.random_component()}
    with counted("component-digest"):
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("d2", components)}])
        _, want = collector.connection.receive()
        collector.connection.send([wire.PART, {"digest": want["digests"][0], "offset": 0,
                                               "data": components["executable"] + b"x"}])
        assert collector.connection.receive()[1]["name"] == "component-digest"


def test_component_nobody_asked_for():
    collector = SITE.collector()
    with counted("component-unwanted"):
        collector.connection.send([wire.PART, {"digest": bytes(32), "offset": 0, "data": b"x"}])
        assert collector.connection.receive()[1]["name"] == "component-unwanted"
    collector.submit("d3", APP)


def test_part_out_of_order():
    collector = SITE.collector()
    components = {"executable": wire.random_component()}
    with counted("wrong-time"):
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("d4", components)}])
        _, want = collector.connection.receive()
        collector.connection.send([wire.PART, {"digest": want["digests"][0], "offset": 7,
                                               "data": b"x"}])
        assert collector.connection.receive()[1]["name"] == "wrong-time"


def test_component_that_is_no_component():
    data = b"not a list of measurements"
    digest = hashlib.sha256(data).digest()
    collector = SITE.collector()
    fields = {"v": 1, "workload": "d5", "seq": 1, "prev": wire.ZERO, "nonce": collector.nonce,
              "boot": bytes(16), "time": int(time.time() * 1000), "next_s": 0,
              "components": {"executable": [digest, 1, len(data)]}}
    with counted("component-format"):
        collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
        _, want = collector.connection.receive()
        collector.connection.send([wire.PART, {"digest": digest, "offset": 0, "data": data}])
        assert collector.connection.receive()[1]["name"] == "component-format"
    assert want["digests"] == [digest]


def test_component_of_another_kind_than_named():
    collector = SITE.collector()
    collector.submit("d6", APP)
    expect_refusal("component-format", collector, "d7", {"libraries": APP["executable"]})


# --- lists that are none -------------------------------------------------------------------------

def long(prefix, count=1100):
    """Items of a component that has to be a list; new ones with each prefix."""
    return [wire.file_item(f"/{prefix}/{number:04}") for number in range(count)]


def cut(prefix, count=1100):
    return wire.cut(long(prefix, count))


def segments(kind, pieces):
    return [(wire.pack([kind, 3, piece]), len(piece)) for piece in pieces]


def submit_list(workload, component, code="component-format", kind="files"):
    """Refused, and again without a byte being sent: what it is cannot change."""
    collector = SITE.collector()
    expect_refusal(code, collector, workload, {kind: component})
    before = SITE.status()["counters"]["component_bytes"]
    if code == "component-format":
        expect_refusal(code, collector, workload, {kind: component})
    assert SITE.status()["counters"]["component_bytes"] == before
    return collector


def test_component_that_should_be_a_list_and_the_other_way_round():
    submit = SITE.collector().submit
    submit("l1", {"files": wire.plain("files", long("l1", 1024))})
    expect_refusal("component-format", SITE.collector(), "l2",
                   {"files": wire.plain("files", long("l2", 1025))})
    submit("l3", {"files": wire.component("files", long("l3", 1025))})
    expect_refusal("component-format", SITE.collector(), "l4",
                   {"files": wire.listed("files", cut("l4", 1024))})


def test_list_of_a_list():
    inner = wire.component("files", long("m1"))
    SITE.collector().submit("m1", {"files": inner})
    outer = wire.list_of("files", [(inner, 1100), *segments("files", cut("m1x"))])
    submit_list("m2", outer)
    unknown = wire.component("files", long("m3"))
    outer = wire.list_of("files", [(unknown, 1100), *segments("files", cut("m3x"))])
    expect_refusal("component-format", SITE.collector(), "m3", {"files": outer})


def test_segment_that_is_a_plain_component():
    plain = wire.plain("files", long("p1", 600))
    rest = segments("files", cut("p1x"))
    expect_refusal("component-format", SITE.collector(), "p1",
                   {"files": wire.list_of("files", [(plain, 600), *rest])})
    SITE.collector().submit("p2", {"files": plain})  # from now on it is known
    submit_list("p3", wire.list_of("files", [(plain, 600), *rest]))


def test_segment_that_is_named_as_a_component():
    component = wire.component("files", long("q1"))
    collector = SITE.collector()
    collector.submit("q1", {"files": component})
    segment = wire.Listed(component.segments[0])
    data = collector.make("q2", APP)
    fields = wire.msgpack.unpackb(data, raw=False)
    count = len(wire.msgpack.unpackb(segment)[2])
    fields["components"] = {"files": [hashlib.sha256(segment).digest(), count, len(segment)]}
    for _ in range(2):
        with counted("component-format"):
            fields["nonce"] = collector.nonce
            collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
            kind, body = collector.connection.receive()
            assert kind == wire.REFUSAL and body["name"] == "component-format", body
            collector.nonce = body["nonce"]
    # And of one that was never a segment of anything.
    fresh = wire.pack(["files", 3, long("q3", 10)])
    fields["components"] = {"files": [hashlib.sha256(fresh).digest(), 10, len(fresh)]}
    fields["nonce"] = collector.nonce
    collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
    assert collector.connection.receive()[0] == wire.WANT
    with counted("component-format"):
        collector.send_bytes(fresh)
        assert collector.connection.receive()[1]["name"] == "component-format"
    witness_is_served()


def test_same_segment_twice():
    pieces = segments("files", cut("r1"))
    submit_list("r1", wire.list_of("files", [pieces[0], *pieces]))
    # The same where it is known already.
    SITE.collector().submit("r2", {"files": wire.list_of("files", pieces)})
    submit_list("r3", wire.list_of("files", [*pieces, pieces[-1]]))


def test_segments_in_another_order():
    pieces = segments("files", cut("s4", 3000))
    assert len(pieces) > 2
    submit_list("t0", wire.list_of("files", [pieces[1], pieces[0], *pieces[2:]]))


def test_segments_that_end_elsewhere():
    whole = long("u7", 3000)
    right = wire.cut(whole)
    assert len(right) > 2
    for number, pieces in enumerate((
            [whole[:1000], whole[1000:]],  # where none ends
            [right[0] + right[1], *right[2:]],  # over one that ends one
            [*right[:-1], right[-1][:-1], right[-1][-1:]])):  # the last in two
        expect_refusal("component-format", SITE.collector(), f"u{number}",
                       {"files": wire.listed("files", pieces)})
    SITE.collector().submit("u9", {"files": wire.listed("files", right)})


def test_counts_and_sizes_that_are_not_the_segments():
    for number, (count, size) in enumerate(((1, 0), (0, 1), (0, -1))):
        entries = [[hashlib.sha256(data).digest(), n, len(data)]
                   for data, n in segments("files", cut(f"v{number}"))]
        entries[0][1] += count
        entries[0][2] += size
        component = wire.Listed(wire.pack(["files", 2, [], entries]))
        component.segments = [data for data, _ in segments("files", cut(f"v{number}"))]
        # A size that is not there: the bytes are not what hashes to the name.
        code = "component-format" if size == 0 else "component-digest"
        collector = SITE.collector()
        with counted(code):
            collector.connection.send([wire.BUNDLE, {"bundle": collector.make(
                f"v{number}", {"files": component})}])
            while True:
                kind, body = collector.connection.receive()
                if kind == wire.REFUSAL:
                    break
                for digest in body.get("digests", []):
                    assert digest == hashlib.sha256(component).digest()
                    collector.send_bytes(component)
                if "segments" in body:
                    collector.send_bytes(component.segments[0])
                    if size > 0:  # it waits for one byte more
                        collector.connection.send([wire.PART, {
                            "digest": hashlib.sha256(component.segments[0]).digest(),
                            "offset": len(component.segments[0]), "data": b"x"}])
            assert body["name"] == code, body
        witness_is_served()


def test_list_that_is_not_what_the_bundle_says():
    """Known before a segment is asked for."""
    component = wire.component("files", long("w1"))
    collector = SITE.collector()
    fields = wire.msgpack.unpackb(collector.make("x1", {"files": component}), raw=False)
    fields["components"]["files"][1] += 1
    with counted("component-format"):
        collector.connection.send([wire.BUNDLE, {"bundle": wire.pack(fields)}])
        assert collector.connection.receive()[0] == wire.WANT
        collector.send_bytes(component)
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["name"] == "component-format", body
    expect_refusal("component-format", SITE.collector(), "x2", {"libraries": component})
    SITE.collector().submit("x3", {"files": component})


def test_segment_that_does_not_hash_to_its_name():
    component = wire.component("files", long("y1"))
    collector = SITE.collector()
    with counted("component-digest"):
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make(
            "y1", {"files": component})}])
        assert collector.connection.receive()[0] == wire.WANT
        collector.send_bytes(component)
        assert "segments" in collector.connection.receive()[1]
        collector.connection.send([wire.PART, {
            "digest": hashlib.sha256(component.segments[0]).digest(), "offset": 0,
            "data": bytes(len(component.segments[0]))}])
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["name"] == "component-digest", body
        for segment in component.segments[1:]:  # on their way, and passed over
            collector.send_bytes(segment)
        collector.nonce = body["nonce"]
    collector.submit("y1", {"files": component})
    witness_is_served()


def test_segment_before_its_list_and_segment_of_nobody():
    component = wire.component("files", long("z1"))
    collector = SITE.collector()
    collector.connection.send([wire.BUNDLE, {"bundle": collector.make("z1", {"files": component})}])
    assert collector.connection.receive()[0] == wire.WANT
    for segment in (component.segments[0], wire.pack(["files", 3, long("z2", 3)])):
        with counted("component-unwanted"):
            collector.send_bytes(segment)
            assert collector.connection.receive()[1]["name"] == "component-unwanted"
    collector.send_bytes(component)
    assert "segments" in collector.connection.receive()[1]
    with counted("wrong-time"):  # two at once
        for segment in component.segments[:2]:
            collector.connection.send([wire.PART, {
                "digest": hashlib.sha256(segment).digest(), "offset": 0, "data": segment[:3]}])
        assert collector.connection.receive()[1]["name"] == "wrong-time"
    witness_is_served()


# --- evidence and who sends it -------------------------------------------------------------------

def test_signature_by_another_key():
    key = ec.generate_private_key(ec.SECP256R1())

    def sign(data):
        return key.sign(b"hallmark bundle signature v1\n" + data, ec.ECDSA(hashes.SHA256()))

    expect_refusal("evidence-signature", SITE.collector(), "e1", APP, signature=sign)


def test_second_bundle_while_the_first_waits():
    collector = SITE.collector()
    components = {"executable": wire.random_component()}
    first = collector.make("w1", components)
    with counted("in-flight"):
        collector.connection.send([wire.BUNDLE, {"bundle": first}])
        assert collector.connection.receive()[0] == wire.WANT
        second = collector.make("w1", components, seq=2)
        collector.connection.send([wire.BUNDLE, {"bundle": second}])
        kind, body = collector.connection.receive()
        assert kind == wire.REFUSAL and body["name"] == "in-flight"
    collector.send_components([hashlib.sha256(components["executable"]).digest()], components)
    assert collector.await_receipt()["seq"] == 1


def test_names_cannot_forge_log_lines():
    collector = SITE.collector()
    start = len(SIGNER.lines)
    name = "evil\u2028x=1"
    try:
        collector.submit(name, APP)
    except (wire.Refused, wire.Closed):
        pass
    witness_is_served()
    assert not any("\u2028" in line for line in SIGNER.lines[start:])


# --- slow and silent peers ------------------------------------------------------------------------

def test_silence_during_the_handshake():
    with counted("handshake-timeout"):
        with socket.create_connection(("127.0.0.1", SITE.port)) as silent:
            silent.settimeout(hallmark.PATIENCE_S)
            assert silent.recv(1) == b""
    witness_is_served()


def test_silence_after_the_handshake():
    collector = SITE.collector(connect=False)
    with counted("handshake-timeout"):
        connection = wire.Connection(*collector.args)
        try:
            connection.receive()
            raise AssertionError("not closed")
        except wire.Closed:
            pass


def test_half_a_frame():
    collector = SITE.collector()
    with counted("frame-timeout"):
        collector.connection.send_raw(struct.pack(">I", 1000) + b"\x92")
        try:
            collector.connection.receive()
            raise AssertionError("not closed")
        except wire.Closed:
            pass
    witness_is_served()


def test_idle_connection():
    collector = SITE.collector()
    collector.submit("idle", APP)
    with counted("idle-timeout"):
        try:
            while True:
                witness_is_served()
                collector.connection.tls.settimeout(0.2)
                try:
                    collector.connection.receive()
                except (TimeoutError, socket.timeout):
                    continue
        except wire.Closed:
            pass


def test_one_byte_at_a_time():
    collector = SITE.collector()
    data = wire.frame([wire.BUNDLE, {"bundle": collector.make("slow", APP)}])
    for i in range(len(data)):
        collector.connection.send_raw(data[i:i + 1])
    assert collector.await_receipt(APP)["workload"] == "slow"


def test_a_reader_that_never_reads():
    """Asks for much and reads nothing: it is ended, and memory stays bounded."""
    collector = SITE.collector()
    with counted("reader-timeout"):
        data = collector.make("deaf", APP)
        collector.connection.send([wire.BUNDLE, {"bundle": data}])
        collector.await_receipt(APP)
        again = wire.frame([wire.BUNDLE, {"bundle": data}])
        collector.connection.tls.settimeout(hallmark.PATIENCE_S)
        try:
            while True:
                collector.connection.send_raw(again * 50)
        except OSError:
            pass
    witness_is_served()


def test_each_byte_in_a_record_of_its_own():
    """A read takes its share of them, not all that a frame has room for."""
    with Site(loops=1) as site:
        site.start_signer()
        witness, peer, ended = site.collector("witness"), Peer(site), threading.Event()
        stream = wire.frame(bytes(250000))
        peer.greet()
        records = b"".join(peer.sealed(stream[n:n + 1]) for n in range(len(stream)))

        def send():
            peer.send(records)
            assert peer.message()[0] == wire.REFUSAL
            ended.set()

        witness.submit("witness", APP)
        thread = threading.Thread(target=send)
        thread.start()
        served = 0
        while thread.is_alive():
            witness.submit("witness", APP)
            served += 1
        assert ended.is_set() and served > 4, served


def test_key_updates_without_end():
    """OpenSSL takes them, and answers them, until there is data: the peer is ended before."""
    for whose in rawtls.UPDATE_OURS, rawtls.UPDATE_BOTH:
        peer = rawtls.RawTls(SITE, "updates")
        peer.write(hello())
        assert peer.read()
        for _ in range(3):
            assert peer.update_keys(whose), "a few are nothing bad"
            peer.write(wire.frame([wire.PART, {"digest": bytes(32), "offset": 0, "data": b"x"}]))
            assert peer.read()
        with counted("tls-record"):
            line, until = len(SIGNER.lines), time.monotonic() + hallmark.PATIENCE_S
            while peer.update_keys(whose) and time.monotonic() < until:
                pass
            SIGNER.wait_for('collector=spiffe://test/updates text="too many key updates"', line)
        peer.close()
        witness_is_served()


def test_a_thousand_silent_connections():
    """They slow nobody: a collector is served while they are there."""
    began = time.monotonic()
    for _ in range(20):
        WITNESS.connect()
        WITNESS.submit("witness", APP)
    alone = time.monotonic() - began
    silent = [socket.create_connection(("127.0.0.1", SITE.port)) for _ in range(1000)]
    began = time.monotonic()
    for _ in range(20):
        WITNESS.connect()
        WITNESS.submit("witness", APP)
    crowded = time.monotonic() - began
    for connection in silent:
        connection.close()
    assert crowded < 5 * alone + 1, f"{alone:.2f} s alone, {crowded:.2f} s with 1,000 silent peers"


def test_zz_the_signer_is_as_it_was():
    """After all of this: no report lost, nobody waiting, and it stops in time."""
    witness_is_served()
    status = SITE.status()
    assert status["in_flight"] == 0 and status["evidence_receiving_bytes"] == 0, status
    assert SIGNER.stop() == 0


if __name__ == "__main__":
    try:
        with SITE:
            hallmark.run_tests("__main__")
    finally:
        pass
