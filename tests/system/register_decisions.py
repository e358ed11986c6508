#!/usr/bin/python3
"""A real service stands behind proxies that ask the register: it is denied when its program was altered, when the
register is stopped, and when nothing can be known; and admitted again."""

import http.client
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, ROOT, Process, free_port, run_tests, to_yaml
from judged import COLLECTOR, Judged, sums
from registered import Register

WITHIN_S = 3 if PATIENCE_S <= 30 else PATIENCE_S  # from the change to the denial; a sanitizer takes its time
LOOK_S = 0.02
EXAMPLES = ROOT / "config" / "examples" / "decisions"


def until(what, words, within_s=PATIENCE_S):
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (found := what()):
        assert time.monotonic() < deadline, words() if callable(words) else words
        pause.wait(LOOK_S)
    return found


def get(port, path="/", method="GET", headers={}):
    """(status, headers, body); status 0 where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    except OSError:
        return 0, {}, ""
    finally:
        connection.close()


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"traded\n")

    def log_message(self, *_):
        pass


class Gated(Judged):
    """A program that is measured, a register that follows its log, and a service behind proxies."""

    def __init__(self, aliases=None, **register):
        super().__init__()
        self.program = self.dir / "app"
        shutil.copy("/usr/bin/sleep", self.program)
        shutil.copy(self.program, self.dir / "good")
        self.process = None
        self.begin()
        self.judge_by({"known": sums([self.dir / "good"]).replace("/good", "/app")}, require=["executable"],
                      executable={"references": ["known"]}, max_age_s=600)
        self.measure_by(executable=str(self.program), measure=["executable"])
        path = self.site.path("collector.yaml")
        path.write_text(path.read_text() + "interval_s: 300\njitter_percent: 0\nfarewell: none\n")
        self.collector = None
        self.port = free_port()
        self.register = Register(
            {"name": "tokyo", "directory": str(self.site.path("log")), "evidence": str(self.site.path("evidence")),
             "certificates": [str(self.site.path("log.crt"))]}, follow={"grace_s": 30},
            listen=[{"address": f"127.0.0.1:{self.port}"}],
            decisions={"behind_s": 5, "aliases": aliases or [
                {"name": "trading", "members": [{"log": "tokyo", "collector": COLLECTOR, "workload": "app"}]}]},
            **register)

    def __exit__(self, *all_of_them):
        self.register.remove()
        super().__exit__(*all_of_them)

    def begin(self):
        if self.process is not None:
            self.end(self.process)
        self.process = self.start(self.program, "1000")

    def end(self, process):
        if isinstance(process, Process):
            process.end()
        elif process.stdin is None:
            if process.args[0] == "nginx":
                process.terminate()  # it ends its workers, which kill -9 would leave behind
            else:
                process.kill()
            process.wait()
        else:
            super().end(process)

    def alter(self):
        shutil.copy("/usr/bin/env", self.dir / "evil")
        os.rename(self.dir / "evil", self.program)

    def restore(self):
        shutil.copy(self.dir / "good", self.dir / "again")
        os.rename(self.dir / "again", self.program)
        self.begin()

    def collect(self):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.site.path("collector.yaml"))],
                                 self.site.env)
        self.processes.append(self.collector)
        self.collector.wait_for("event=receipt")

    def ask(self, path="trading", **more):
        return get(self.port, f"/v1/decision/{path}", **more)

    def await_answer(self, status, within_s=PATIENCE_S, port=None, path="/v1/decision/trading"):
        """Until it is answered so; how long it took."""
        began = time.monotonic()
        until(lambda: get(port or self.port, path)[0] == status,
              lambda: f"{get(port or self.port, path)} {self.register.process.lines[-3:]}", within_s)
        return time.monotonic() - began

    def proxy(self, name, ports, command):
        """One of the examples, with other ports, as a process of its own; the port that it listens on."""
        text = (EXAMPLES / name).read_text()
        for old, new in ports.items():
            assert str(old) in text, old
            text = re.sub(rf"\b{old}\b", str(new), text)
        path = self.dir / name
        path.write_text(text if name != "nginx.conf" else
                        f"daemon off; worker_processes 1; pid {self.dir}/nginx.pid; error_log stderr;\n"
                        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {self.dir}/t1; "
                        f"proxy_temp_path {self.dir}/t2; fastcgi_temp_path {self.dir}/t3; uwsgi_temp_path {self.dir}/t4; "
                        f"scgi_temp_path {self.dir}/t5;\n{text}\n}}\n")
        self.processes.append(subprocess.Popen(
            command + [str(path)], stdout=subprocess.DEVNULL, stderr=open(self.dir / f"{name}.log", "wb")))


def test_proxies_gate_a_service():
    with Gated() as g:
        g.collect()
        g.register.start()
        g.await_answer(200)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as service:
            threading.Thread(target=service.serve_forever, daemon=True).start()
            behind, nginx, haproxy = service.server_address[1], free_port(), free_port()
            g.proxy("nginx.conf", {7480: g.port, 8000: behind, 8080: nginx}, ["nginx", "-c"])
            g.proxy("haproxy.cfg", {7480: g.port, 8000: behind, 8081: haproxy}, ["haproxy", "-db", "-f"])
            doors = {"nginx": nginx, "haproxy": haproxy}
            for port in doors.values():
                g.await_answer(200, port=port, path="/orders")
                assert get(port, "/orders")[2] == "traded\n"
            assert get(nginx, "/orders")[1]["X-Hallmark-Why"] == "affirming"

            g.alter()
            began = time.monotonic()
            for name, port in doors.items():
                g.await_answer(403 if name == "nginx" else 503, port=port, path="/orders")
                assert time.monotonic() - began < WITHIN_S, f"{name}: {time.monotonic() - began:.1f} s"
            assert "contraindicated" in get(nginx, "/orders")[1]["X-Hallmark-Why"]
            g.restore()
            for port in doors.values():
                g.await_answer(200, port=port, path="/orders")

            g.register.stop()
            for port in doors.values():
                g.await_answer(503, port=port, path="/orders", within_s=WITHIN_S)
            g.register.start()
            for port in doors.values():
                g.await_answer(200, port=port, path="/orders")
            service.shutdown()


def test_what_an_answer_says():
    with Gated() as g:
        g.collect()
        g.register.start()
        g.await_answer(200)
        status, fields, body = g.ask()
        assert fields["X-Hallmark-Decision"] == "allow" and fields["X-Hallmark-Tier"] == "affirming", fields
        entry = fields["X-Hallmark-Entry"]
        assert re.fullmatch(r"tokyo/\d+", entry) and fields["X-Hallmark-Proof"] == f"/v1/receipts/{entry}", fields
        assert 0 <= int(fields["X-Hallmark-Age"]) < 60 and fields["Cache-Control"] == "max-age=1", fields
        assert int(fields["X-Hallmark-Until"]) > time.time() and "decision: allow\n" in body, body
        # Any method, and anything behind it.
        for method in ("HEAD", "POST", "DELETE", "PROPFIND"):
            assert g.ask("trading/orders/../%zz//?a=b", method=method)[0] == 200, method
        assert g.ask("trading", method="HEAD")[2] == ""
        # A workload by its names.
        name = "/".join(wire_base64(part) for part in ("tokyo", COLLECTOR, "app"))
        assert g.ask(name)[0] == 200 and g.ask(f"{name}/orders")[0] == 200
        for other in (("osaka", COLLECTOR, "app"), ("tokyo", COLLECTOR, "other"), ("tokyo", "spiffe://test/x", "app")):
            assert g.ask("/".join(wire_base64(part) for part in other))[0] == 404, other
        for path in ("nobody", "nobody/a/b", "a/b", "%2e%2e", name + "=", "tokyo"):
            assert g.ask(path)[0] == 404, path
        g.alter()
        g.await_answer(403)
        fields = g.ask()[1]
        assert fields["X-Hallmark-Decision"] == "deny" and fields["Cache-Control"] == "no-store", fields
        assert fields["X-Hallmark-Finding"].startswith("executable "), fields


def test_ready_and_behind():
    """The register does not see the log any more: it says so, and decides nothing by it."""
    with Gated() as g:
        g.collect()
        g.register.start()
        g.await_answer(200)
        status, _, body = get(g.port, "/readyz")
        assert status == 200 and re.search(r"tokyo: good; checked to (\d+), replayed to \1\n", body), body
        log = g.site.path("log")
        g.signer.stop()
        os.rename(log, f"{log}.gone")
        try:
            g.await_answer(503)
            assert get(g.port, "/readyz")[0] == 503 and get(g.port, "/healthz")[0] == 200
        finally:
            os.rename(f"{log}.gone", log)


def test_a_restart_knows_what_was():
    """Following goes on where it was: what was decided before is decided again without a new report."""
    with Gated(aliases=[{"name": "trading", "members": [{"log": "tokyo", "collector": COLLECTOR, "workload": "app"}]},
                        {"name": "floor", "group": "floor"}]) as g:
        g.judge_by({"known": sums([g.dir / "good"]).replace("/good", "/app")}, require=["executable"],
                   executable={"references": ["known"]}, max_age_s=600, group="floor",
                   top={"groups": [{"name": "floor"}]})
        g.collect()
        g.register.start()
        g.await_answer(200)
        before = g.ask()[1]["X-Hallmark-Entry"]
        assert g.ask("floor")[1]["X-Hallmark-Members"] == "1/1", g.ask("floor")
        g.collector.stop()
        g.register.stop()
        g.register.start()
        g.await_answer(200)
        assert g.ask()[1]["X-Hallmark-Entry"] == before
        assert g.ask("floor")[1]["X-Hallmark-Members"] == "1/1", g.ask("floor")
        g.register.stop()
        for view in g.register.path("state").rglob("view.db*"):
            view.unlink()
        g.register.start()
        g.await_answer(200)
        assert g.ask()[1]["X-Hallmark-Entry"] == before


def test_the_log_and_metrics_by_http():
    with Gated() as g:
        g.register.options["listen"] = [{"address": f"127.0.0.1:{g.port}"},
                                        {"address": f"127.0.0.1:{(open_to := free_port())}", "role": "auditor"}]
        g.register.write()
        g.collect()
        g.register.start()
        g.await_answer(200)
        assert get(g.port, "/checkpoint")[0] == 403 and get(g.port, "/tile/0/000.p/1")[0] == 403
        status, fields, note = get(open_to, "/checkpoint")
        size = int(note.split("\n")[1])
        assert status == 200 and get(open_to, "/logs/tokyo/checkpoint")[2] == note and size > 1, note
        log = g.site.path("log")
        widest = max((int(p.name) for p in (log / "tile/0/000.p").iterdir()))
        whole = (log / f"tile/0/000.p/{widest}").read_bytes()
        entries = (log / f"tile/entries/000.p/{widest}").read_bytes()
        for width in range(1, size + 1):
            assert raw(open_to, f"/tile/0/000.p/{width}") == (200, whole[:32 * width]), width
            status, some = raw(open_to, f"/logs/tokyo/tile/entries/000.p/{width}")
            assert status == 200 and entries.startswith(some), width
        assert some == entries[:len(some)] and len(some) > 0
        for path in (f"/tile/0/000.p/{size + 1}", "/tile/0/000", "/tile/0/001.p/1", "/tile/1/000.p/1",
                     "/logs/osaka/tile/0/000.p/1", "/tile/0/../0/000.p/1", "/tile/entries/000.p/0"):
            assert get(open_to, path)[0] == 404, path
        status, fields, text = get(g.port, "/metrics")
        assert status == 200 and fields["Content-Type"].startswith("text/plain; version=0.0.4"), fields
        document = (ROOT / "doc/outputs.md").read_text()
        named = set()
        for line in text.splitlines():
            if line.startswith("# HELP "):
                named.add(line.split()[2])
                assert f"`{line.split()[2]}`" in document, line
            elif not line.startswith("#"):
                assert re.fullmatch(r'[a-z_]+(\{[a-z]+="[a-z0-9-]+"\})? \d+', line), line
                assert re.split(r"[{ ]", line)[0] in named, line
        assert 'hallmark_register_alias_allowed{alias="trading"} 1' in text, text
        assert 'hallmark_register_log_good{log="tokyo"} 1' in text, text
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=True)


def raw(port, path):
    """(status, bytes)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def wire_base64(text):
    import base64
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


if __name__ == "__main__":
    run_tests(__name__)
