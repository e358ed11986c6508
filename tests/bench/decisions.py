"""Decisions: what relying parties ask before each request, against a static 200 of nginx on the same core."""

import re
import socket
import subprocess
import time

import hallmark
import stand
from registered import Register
from table import median, median_ratio

GOAL, LATENCY_MS = 0.7, 1.0
CONNECTIONS = 32
IDLE = 10000
PAUSE_MS = 4  # of each connection at half load, between an answer and the next request

CONFIG = """daemon off;
{user}worker_processes 1;
error_log stderr notice;
pid {dir}/web.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {dir}/web-body;
    proxy_temp_path {dir}/web-proxy;
    fastcgi_temp_path {dir}/web-fastcgi;
    uwsgi_temp_path {dir}/web-uwsgi;
    scgi_temp_path {dir}/web-scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type text/plain; return 200 "{body}"; }}
    }}
}}
"""

PACED = "function delay() return %d end\n"


def rates(table):
    with stand.Stand() as site:
        site.start()
        site.collector().submit("app", hallmark.APP)
        with Register({"name": "tokyo", "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
                       "certificates": [str(site.path("log.crt"))]}, listen=[
                           {"address": f"127.0.0.1:{(port := hallmark.free_port())}"}],
                      follow={"grace_s": 30}, decisions={"behind_s": 60, "aliases": [{"name": "trading", "members": [
                          {"log": "tokyo", "collector": "spiffe://test/host1", "workload": "app"}]}]}) as register:
            register.start(prefix=["taskset", "-c", stand.SIGNER_CORE])
            size = await_allowed(port)
            with Web(site, size) as web:
                measure(table, site, port, web)
        site.finish()


def measure(table, site, port, web):
    def register():
        return wrk(port, table.seconds)

    def nginx():
        return wrk(web.port, table.seconds)

    ours, theirs = table.alternate("decisions", register, nginx)
    full = median(ours, "per_second")
    table.row("decisions", full, "/s", f"nginx's static {median(theirs, 'per_second'):,.0f}/s",
              median_ratio(ours, theirs), GOAL)
    connections = max(1, int(full / 2 * PAUSE_MS / 1000))
    script = site.path("paced.lua")
    script.write_text(PACED % PAUSE_MS)

    def half():
        return wrk(port, table.seconds, connections, "-s", str(script))

    def nginx_half():
        return wrk(web.port, table.seconds, connections, "-s", str(script))

    turns, web_turns = table.alternate("decisions at half load", half, nginx_half)
    latency(table, "decision at half load, p99", turns)
    table.row("decision at half load, p99, beside nginx", median(turns, "p99_ms"), "ms",
              f"nginx's {median(web_turns, 'p99_ms'):.2f} ms", median_ratio(web_turns, turns, "p99_ms"))
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(IDLE)]
    with_idle, beside = table.alternate("decisions beside idle connections", register, nginx)
    table.row(f"decisions, {IDLE:,} connections idle", median(with_idle, "per_second"), "/s",
              f"{full:,.0f}/s without", median(with_idle, "per_second") / full)
    latency(table, "and at half load, p99", table.alternate("half load beside idle ones", half))
    table.note(f"{CONNECTIONS} connections, an answer of {web.size} bytes' body; at half load {connections} that rest "
               f"for {PAUSE_MS} ms: {median(turns, 'per_second'):,.0f}/s; nginx beside "
               f"{median(beside, 'per_second'):,.0f}/s")
    for one in idle:
        one.close()


def latency(table, name, turns):
    p99 = median(turns, "p99_ms")
    table.row(name, p99, "ms", f"{LATENCY_MS:g} ms", LATENCY_MS / p99, 1.0)


def await_allowed(port):
    """The bytes of the answer's body."""
    import http.client
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=hallmark.PATIENCE_S)
            connection.request("GET", "/v1/decision/trading")
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200:
                return len(body)
            said = answer.status, body
        except OSError as e:
            said = e
        assert time.monotonic() < deadline, said


def wrk(port, seconds, connections=CONNECTIONS, *arguments):
    done = subprocess.run(["taskset", "-c", stand.LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                           "--latency", *arguments, f"http://127.0.0.1:{port}/v1/decision/trading"],
                          capture_output=True, text=True, check=True)
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    p99, unit = re.search(r"99% +([\d.]+)(us|ms|s)", done.stdout).groups()
    return {"per_second": float(re.search(r"Requests/sec: +([\d.]+)", done.stdout)[1]),
            "p99_ms": float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]}


class Web:
    """nginx, one worker on the register's core."""

    def __init__(self, site, size):
        self.port, self.size = hallmark.free_port(), size
        site.path("web.conf").write_text(CONFIG.format(
            dir=site.dir, port=self.port, body="x" * size, user="user root;\n" if not hallmark.os.getuid() else ""))
        self.process = hallmark.Process("/usr/sbin/nginx", ["-p", str(site.dir), "-c", str(site.path("web.conf"))],
                                        site.env, prefix=["taskset", "-c", stand.SIGNER_CORE])
        self.process.wait_for(r"start worker process \d+")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
        self.process.end()
