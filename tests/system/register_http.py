#!/usr/bin/python3
"""The register's HTTP: hostile requests, slow and idle peers, roles by certificate and by user."""

import http.client
import json
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import ssl
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, Authority, free_port, resident_bytes, run_tests
from registered import Register

ANSWER = re.compile(rb"HTTP/1\.1 (\d+) [^\r\n]+\r\n((?:[^\r\n]+\r\n)*)\r\n", re.S)
IDLE_MOST = 10000


class Front:
    """A register that listens, and follows a log that is not there yet: what it says of it is all the same here."""

    def __init__(self, *listen, **options):
        self.ports = []
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-front-"))
        self.ca = Authority("log", self.dir)
        self.ca.issue(self.dir / "log", "log", dns="log.test")
        for one in (self.dir / "log", self.dir / "evidence"):
            one.mkdir()
        listeners = [{"address": f"127.0.0.1:{self.new_port()}"}] + [make(self) for make in listen]
        self.register = Register(
            {"name": "tokyo", "directory": str(self.dir / "log"), "evidence": str(self.dir / "evidence"),
             "certificates": [str(self.dir / "log.crt")]}, follow={"grace_s": 3600}, listen=listeners,
            decisions={"aliases": [{"name": "trading", "members": [
                {"log": "tokyo", "collector": "spiffe://test/a", "workload": "app"}]}]}, **options)
        self.register.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.register.remove()
        shutil.rmtree(self.dir, ignore_errors=True)

    def new_port(self):
        self.ports.append(free_port())
        return self.ports[-1]

    def open(self):
        return socket.create_connection(("127.0.0.1", self.ports[0]), timeout=PATIENCE_S)

    def send(self, data):
        """All that comes back until the other side closes."""
        with self.open() as s:
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has ended it before all was sent
            return read_all(s)

    def statuses(self, data):
        return statuses(self.send(data))

    def is_well(self):
        assert self.statuses(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n") == [200]


def read_all(s):
    found = b""
    try:
        while data := s.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def answers(data):
    """(status, {field: value}, body) each; of answers to other than HEAD."""
    found = []
    while data:
        head = ANSWER.match(data)
        assert head, data[:200]
        fields = dict(line.split(": ", 1) for line in head[2].decode().split("\r\n")[:-1])
        size = int(fields.get("Content-Length", 0))
        found.append((int(head[1]), fields, data[head.end():head.end() + size]))
        data = data[head.end() + size:]
    return found


def statuses(data):
    return [a[0] for a in answers(data)]


GOOD = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def test_one_request_is_one_request():
    """Where a request ends must not be a matter of opinion: what follows a doubtful one is never answered."""
    doubtful = {
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 38\r\n\r\n": 400,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 38\r\n\r\n": 400,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n": 400,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 411,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n": 501,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n": 400,
        b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 38\r\n\r\n": 400,
        b"GET /healthz HTTP/1.1\nHost: a\n\n": 400,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n": 400,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n": 400,
        b"GET /healthz HTTP/1.1\r\n\r\n": 400,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": 400,
        b"GET /heal\xffthz HTTP/1.1\r\nHost: a\r\n\r\n": 400,
        b"GET /healthz#a HTTP/1.1\r\nHost: a\r\n\r\n": 400,
        b"FROB /healthz HTTP/1.1\r\nHost: a\r\n\r\n": 501,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 505,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n": 417,
        b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 70 + b"\r\n": 431,
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 17000 + b"\r\n\r\n": 431,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200: 400,
    }
    with Front() as f:
        for request, status in doubtful.items():
            got = answers(f.send(GOOD + request + GOOD))
            assert [g[0] for g in got] == [200, status], (request[:120], got)
            assert got[1][1]["Connection"] == "close", request
        f.is_well()
        said = [line for line in f.register.process.lines if "event=http-refused" in line]
        assert said and "status=400" in said[0] and "peer=127.0.0.1:" in said[0], said[:3]


def test_order_and_forms():
    with Front() as f:
        many = b"".join(b"GET /v1/decision/n%d HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n" % i
                        for i in range(2000))
        assert f.statuses(many) == [404, 503] * 2000
        with f.open() as s:  # byte by byte
            for byte in GOOD * 3:
                s.sendall(bytes([byte]))
            s.shutdown(socket.SHUT_WR)
            assert statuses(read_all(s)) == [200] * 3
        got = answers(f.send(b"GET /healthz HTTP/1.0\r\n\r\n" + GOOD))
        assert [g[0] for g in got] == [200] and got[0][1]["Connection"] == "close"
        got = answers(f.send(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GOOD))
        assert [g[0] for g in got] == [200, 200] and got[0][1]["Connection"] == "keep-alive"
        assert f.statuses(b"GET http://other.test/healthz HTTP/1.1\r\nHost: a\r\n\r\n") == [200]
        assert f.statuses(b"\r\n" + GOOD + b"\r\n" + GOOD) == [200, 200]
        assert f.statuses(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GOOD) == [200]
        head = f.send(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert head.endswith(b"\r\n\r\n") and b"Content-Length: 3\r\n" in head, head
        got = answers(f.send(b"DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + GOOD))
        assert [g[0] for g in got] == [405, 200] and got[0][1]["Allow"] == "GET, HEAD"
        assert f.statuses(b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n") in ([400], [501])
        assert f.statuses(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + GOOD) == [404, 200]
        for path in ("/healthz/", "//healthz", "/./healthz", "/v1/../healthz", "/%2fhealthz", "/healthz%00"):
            assert f.statuses(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())[0] in (400, 403, 404), path


def test_bodies():
    with Front() as f:
        post = b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
        assert f.statuses(post % 5 + b"abcde" + GOOD) == [503, 200]
        assert f.statuses(post % 65536 + b"a" * 65536 + GOOD) == [503, 200]
        assert f.statuses(post % 65537 + b"a" * 65537 + GOOD) == [413]
        assert f.statuses(post % (2**63) + b"a") == [413]
        assert f.statuses(b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na") == [413]
        assert f.statuses(post % 5 + b"abc") == []  # its end never comes
        with f.open() as s:
            s.sendall(b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                      b"Expect: 100-continue\r\n\r\n")
            assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            s.sendall(b"abc" + GOOD)
            s.shutdown(socket.SHUT_WR)
            assert statuses(read_all(s)) == [503, 200]


def test_slow_peers():
    """Who sends a head or a body too slowly is told so; who reads nothing holds little, and goes."""
    with Front() as f:
        slow = [f.open() for _ in range(3)]
        slow[0].sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        slow[1].sendall(b"POST /v1/decision/trading HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        slow[2].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before, sent = resident_bytes(f.register.process.child.pid), 0
        slow[2].setblocking(False)
        try:
            while sent < 50_000_000:
                sent += slow[2].send(GOOD * 100)
        except BlockingIOError:
            pass
        assert sent < 50_000_000, "an answer that nobody reads stops the reading"
        assert resident_bytes(f.register.process.child.pid) - before < 4 << 20
        f.is_well()
        slow[0].settimeout(60)
        began = time.monotonic()
        assert statuses(read_all(slow[0])) == [408]
        assert 5 < time.monotonic() - began < 30
        f.is_well()
        for s in slow:
            s.close()


def test_idle_connections_cost_nobody():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(IDLE_MOST, limit[1] - 2000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], count + 2000), limit[1]))
    with Front() as f:
        pid = f.register.process.child.pid
        before = resident_bytes(pid)
        idle = [f.open() for _ in range(count)]
        idle[-1].sendall(GOOD)
        assert statuses(idle[-1].recv(4096)) == [200]
        each = (resident_bytes(pid) - before) / count
        if not os.environ["HALLMARK_BUILD"].endswith("san"):  # whose memory is its own
            assert each < 2048, f"{each:.0f} bytes each"
        cpu = cpu_s(pid)
        began = time.monotonic()
        f.is_well()
        assert time.monotonic() - began < 5
        select.select([], [], [], 2)
        assert cpu_s(pid) - cpu < 0.5, "idle ones take no time"
        for s in idle:
            s.close()
        f.is_well()


def test_at_the_limit_the_idle_make_way():
    with Front(limits={"connections": 50}) as f:
        idle = [f.open() for _ in range(45)]
        for s in idle:
            s.sendall(GOOD)
            assert statuses(s.recv(4096)) == [200]
        busy = f.open()
        busy.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(60):
            f.is_well()
        more = [f.open() for _ in range(40)]
        for s in more:
            s.sendall(GOOD)
            assert statuses(s.recv(4096)) == [200]
        busy.sendall(b"Host: a\r\n\r\n")
        assert statuses(busy.recv(4096)) == [200], "who is in the middle of something stays"
        assert idle[0].recv(1) == b"", "who was idle for longest has made way"
        for s in [*idle, *more, busy]:
            s.close()


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_names_have_roles():
    """By a client certificate, and by the user at the other end of a socket."""
    def tls(f):
        f.ca.issue(f.dir / "server", "server", dns="register.test", server=True)
        for name in ("audit", "party"):
            f.ca.issue(f.dir / name, name, uri=f"spiffe://test/{name}")
        f.other = Authority("other", f.dir)
        f.other.issue(f.dir / "stranger", "stranger", uri="spiffe://test/audit")
        return {"address": f"127.0.0.1:{f.new_port()}",
                "tls": {"certificate": str(f.dir / "server.crt"), "key": str(f.dir / "server.key"),
                        "client_ca": str(f.dir / "log-ca.crt")}}

    def unix(f):
        f.socket = str(f.dir / "http.sock")
        return {"socket": f.socket}

    roles = [{"name": "spiffe://test/audit", "role": "auditor"},
             {"name": "spiffe://test/party", "role": "relying-party", "workloads": ["other-*"]},
             {"name": f"uid:{os.getuid()}", "role": "viewer"}]
    with Front(tls, unix, roles=roles) as f:
        def ask(name, path):
            context = ssl.create_default_context(cafile=str(f.dir / "log-ca.crt"))
            context.check_hostname = False
            if name:
                context.load_cert_chain(str(f.dir / f"{name}.crt"), str(f.dir / f"{name}.key"))
            connection = http.client.HTTPSConnection("127.0.0.1", f.ports[1], timeout=PATIENCE_S, context=context)
            connection.request("GET", path)
            assert connection.sock.version() == "TLSv1.3"
            return connection.getresponse().status

        assert ask(None, "/healthz") == 200
        assert ask(None, "/v1/decision/trading") == 403  # no name, and not by loopback's listener
        assert ask("audit", "/v1/decision/trading") == 503
        assert ask("party", "/v1/decision/trading") == 403  # not its own workload
        for wrong in ("stranger",):
            try:
                ask(wrong, "/healthz")
            except (ssl.SSLError, OSError, http.client.HTTPException):
                continue
            raise AssertionError(wrong)
        f.register.process.wait_for("event=http-refused.*not accepted")
        # TLS 1.2 is not spoken; nor clear text where TLS is.
        with socket.create_connection(("127.0.0.1", f.ports[1]), timeout=PATIENCE_S) as s:
            s.sendall(GOOD)
            assert b"HTTP" not in read_all(s)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(f.socket)
            s.sendall(GOOD)
            assert statuses(s.recv(4096)) == [200]
        assert os.stat(f.socket).st_mode & 0o777 == 0o600
        f.register.stop()
        assert not os.path.exists(f.socket)


def test_a_stream_ends_with_its_listeners_certificate():
    """Who only listens says nothing at which it would be looked at."""
    def tls(f):
        f.ca.issue(f.dir / "server", "server", dns="register.test", server=True)
        return {"address": f"127.0.0.1:{f.new_port()}",
                "tls": {"certificate": str(f.dir / "server.crt"), "key": str(f.dir / "server.key"),
                        "client_ca": str(f.dir / "log-ca.crt")}}

    with Front(tls, roles=[{"name": "spiffe://test/soon-over", "role": "viewer"}]) as f:
        f.ca.issue(f.dir / "over", "over", uri="spiffe://test/soon-over", days=10 / 86400)
        context = ssl.create_default_context(cafile=str(f.dir / "log-ca.crt"))
        context.check_hostname = False
        context.load_cert_chain(str(f.dir / "over.crt"), str(f.dir / "over.key"))
        connection = http.client.HTTPSConnection("127.0.0.1", f.ports[1], timeout=PATIENCE_S, context=context)
        connection.request("GET", "/v1/events")
        answer = connection.getresponse()
        assert answer.status == 200
        began = time.monotonic()
        while answer.fp.readline():
            assert time.monotonic() - began < PATIENCE_S, "it goes on for ever"
        f.register.process.wait_for("event=http-refused.*of its chain has ended")


def test_only_loopback_is_clear():
    with Front() as f:
        f.register.stop()
        f.register.options["listen"] = [{"address": f"0.0.0.0:{f.ports[0]}"}]
        f.register.write()
        f.register.process = f.register.start(wait=False)
        assert f.register.process.wait() == 1
        assert any("expected tls, or an address of the loopback" in line for line in f.register.process.lines)


if __name__ == "__main__":
    run_tests(__name__)
