#!/usr/bin/python3
"""hallmark-register tell: whoever is to be told gets each event, in order, until it is acknowledged,
also when it or he ends at any moment."""

import hashlib
import hmac
import http.server
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import tempfile
import threading
import time

import hallmark
from hallmark import PATIENCE_S, Process


LOOK_S = 0.02  # between two looks at what tells nobody


def until(condition, what):
    """Waits for something that happens elsewhere and tells nobody."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(LOOK_S)
    return found


class Desk:
    """A webhook's other side: what it was posted, and what it answers."""

    def __init__(self, secret):
        self.got, self.statuses, self.hang, self.secret = [], [], threading.Event(), secret
        self.hang.set()
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.check(self.headers, body)
                desk.hang.wait(PATIENCE_S)
                status = desk.statuses.pop(0) if desk.statuses else 204
                desk.got.append((status, json.loads(body)["id"]))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/x")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the other side was ended
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def check(self, headers, body):
        when, value = (part.split("=", 1)[1] for part in headers["X-Hallmark-Signature"].split(","))
        assert abs(int(when) - time.time()) < 60, when
        mac = hmac.new(self.secret, when.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(mac, value), (mac, value)
        assert headers["X-Hallmark-Event"] == json.loads(body)["id"], headers

    def acknowledged(self):
        return [one for status, one in self.got if 200 <= status < 300]

    def close(self):
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()


class Told:
    """A register's state, without the logs: the events that the test writes, and who is told of them."""

    def __init__(self, *tell):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-test-"))
        self.state = self.dir / "state"
        (self.dir / "log.crt").write_text("certificate")
        self.config = self.dir / "register.yaml"
        self.process, self.count = None, 0
        self.configure(*tell)

    def configure(self, *tell):
        self.config.write_text(hallmark.to_yaml({
            "logs": [{"name": "tokyo", "directory": str(self.dir), "evidence": str(self.dir),
                      "certificates": ["log.crt"]}],
            "state": "state", "tell": list(tell)}) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        self.process = Process("hallmark-register", ["tell", "-c", str(self.config)],
                               os.environ)
        self.process.wait_for("event=telling")

    def kill(self):
        self.process.end()

    def happens(self, kind="verdict", workload="trading", count=1):
        """As `run` writes them."""
        kinds = ["verdict", "silent", "back", "alarm", "acknowledged", "policy", "key"]
        ids = []
        with sqlite3.connect(self.state / "events.db", timeout=30) as db:
            for _ in range(count):
                one = f"tokyo-{self.count}-{kind}"
                self.count += 1
                db.execute("INSERT INTO event (id, kind, log, workload, json, at_s) "
                           "VALUES (?, ?, 'tokyo', ?, ?, ?)",
                           (one, kinds.index(kind), workload,
                            json.dumps({"id": one, "event": kind}).encode(), int(time.time())))
                ids.append(one)
        db.close()
        return ids

    def deliveries(self, whom):
        db = sqlite3.connect(self.state / "events.db", timeout=30)
        found = db.execute("SELECT event.id, tries FROM delivery JOIN event USING (number) "
                           "WHERE whom = ? ORDER BY number", (whom,)).fetchall()
        db.close()
        return found


def said(told):
    return "\n".join(told.process.lines)


def webhook(told, desk, name="desk", **more):
    (told.dir / "secret").write_bytes(desk.secret)
    (told.dir / "secret").chmod(0o600)
    return {"name": name, "webhook": desk.url, "secret": "secret", **more}


def test_a_webhook_gets_each_event_in_order():
    desk = Desk(b"key")
    with Told() as told:
        told.configure(webhook(told, desk))
        told.start()
        ids = [*told.happens(count=20), *told.happens("alarm", ""), *told.happens("silent")]
        until(lambda: desk.acknowledged() == ids, desk.got)
        began = time.monotonic()
        ids += told.happens()
        until(lambda: desk.acknowledged() == ids, desk.got)
        assert time.monotonic() - began < 1 + PATIENCE_S / 30, "news is told at once"
        until(lambda: told.deliveries("desk") == [(one, 1) for one in ids], told.deliveries("desk"))
    desk.close()


def test_what_is_not_acknowledged_is_told_again_and_holds_up_nobody_else():
    """Errors, a redirect, which is followed nowhere, and one that hangs."""
    desk, other = Desk(b"key"), Desk(b"key")
    with Told() as told:
        told.configure(webhook(told, desk, timeout_s=1), webhook(told, other, "other"))
        told.start()
        desk.statuses[:] = [500, 302]
        ids = told.happens(count=3)
        until(lambda: desk.acknowledged() == ids, desk.got)
        assert [one for status, one in desk.got if status >= 300] == ids[:1] * 2, desk.got
        until(lambda: told.deliveries("desk")[:1] == [(ids[0], 3)], told.deliveries("desk"))
        assert "was not told of tokyo-0-verdict" in said(told)
        assert "expected a status of 200 to 299, found 500" in said(told)
        assert "after 3 tries" in said(told)
        desk.hang.clear()
        more = told.happens(count=2)
        until(lambda: other.acknowledged() == ids + more, other.got)
        assert desk.acknowledged() == ids
        desk.hang.set()
        until(lambda: desk.acknowledged()[-1:] == more[-1:], desk.got)
    desk.close()
    other.close()


def test_ended_at_any_moment_nothing_is_lost():
    """What is told twice has the same id; without that, each is told once and in order."""
    desk, draw = Desk(b"key"), random.Random(7)
    with Told() as told:
        told.configure(webhook(told, desk))
        told.start()
        ids = []
        for _ in range(12):
            ids += told.happens(count=draw.randrange(1, 20))
            time.sleep(draw.random() / 20)
            told.kill()
            told.start()
        until(lambda: desk.acknowledged()[-1:] == ids[-1:], desk.got)
        got = desk.acknowledged()
        assert list(dict.fromkeys(got)) == ids, got
        assert len(got) <= len(ids) + 12, "told again is what was under way at a kill, and no more"
    desk.close()


def test_each_is_told_of_what_he_wants():
    desk = Desk(b"key")
    with Told() as told:
        told.configure(webhook(told, desk, events=["verdict", "alarm"], workloads=["trading*"]))
        told.start()
        told.happens("silent")
        ids = told.happens()
        told.happens(workload="web")
        ids += told.happens("alarm", "")
        told.happens("policy", "")
        until(lambda: desk.acknowledged() == ids, desk.got)
        told.happens("policy", "", count=3)
        told.kill()
        told.start()
        ids += told.happens()
        until(lambda: desk.acknowledged() == ids, desk.got)
    desk.close()


def test_a_command_gets_it_on_stdin():
    with Told() as told:
        script, out = told.dir / "tell", told.dir / "out"
        script.write_text(f"#!/bin/sh\nread line\necho \"$1 $line\" >>{out}\n"
                          f"test -e {told.dir}/good\n")
        script.chmod(0o755)
        told.configure({"name": "pager", "command": [str(script), "--team; id"]})
        told.start()
        ids = told.happens()
        until(lambda: "ended with 1, expected 0" in said(told), said(told))
        (told.dir / "good").touch()
        until(lambda: told.deliveries("pager"), "acknowledged")
        lines = out.read_text().splitlines()
        assert len(lines) >= 2 and set(lines) == {
            "--team; id " + json.dumps({"id": ids[0], "event": "verdict"})}, lines


def test_a_command_that_hangs_ends_with_all_that_it_has_started():
    with Told() as told:
        script, pids = told.dir / "tell", told.dir / "pids"
        script.write_text(f"#!/bin/sh\nsleep 1000 &\necho $! >>{pids}\nsleep 1000\n")
        script.chmod(0o755)
        told.configure({"name": "pager", "command": [str(script)], "timeout_s": 1})
        told.start()
        told.happens()
        until(lambda: "had not ended after 1 s" in said(told), said(told))
        first = pids.read_text().split()[0]
        until(lambda: not pathlib.Path(f"/proc/{first}").exists(), first)
        began = time.monotonic()
        until(lambda: len(pids.read_text().split()) > 1, "tried again")
        last = pids.read_text().split()[-1]
        assert told.process.stop() == 0
        assert time.monotonic() - began < PATIENCE_S
        until(lambda: not pathlib.Path(f"/proc/{last}").exists(), last)


def test_syslog_gets_it_as_rfc_5424_has_it():
    with Told() as told:
        path = str(told.dir / "log")
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        unix.bind(path)
        unix.settimeout(PATIENCE_S)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_S)
        told.configure({"name": "unix", "syslog": path},
                       {"name": "tcp", "syslog": f"127.0.0.1:{listener.getsockname()[1]}"})
        told.start()
        first, second = told.happens("alarm", ""), told.happens()
        expected = json.dumps({"id": first[0], "event": "alarm"})
        line = unix.recv(65536).decode()
        head, _, rest = line.partition(" - {")
        priority, when, host, app, pid, kind = head.split(" ")
        assert (priority, app, kind) == ("<81>1", "hallmark-register", "alarm"), line
        assert int(pid) == told.process.pid and host and when.endswith("Z"), line
        assert "{" + rest == expected, line
        assert unix.recv(65536).decode().startswith("<84>1 "), "a verdict is a warning"

        stream, _ = listener.accept()
        stream.settimeout(PATIENCE_S)
        text = b""
        while text.count(b"hallmark-register") < 2:
            text += stream.recv(65536)
        for one in (first, second):
            size, _, text = text.partition(b" ")
            message, text = text[:int(size)], text[int(size):]
            assert json.loads(message.partition(b" - ")[2])["id"] == one[0], message
        assert text == b"", text

        # Who has ended the connection is not told into it.
        until(lambda: len(told.deliveries("tcp")) == 2, "both")
        stream.close()
        third = told.happens()
        stream, _ = listener.accept()
        stream.settimeout(PATIENCE_S)
        assert third[0].encode() in stream.recv(65536)
        stream.close()
        unix.close()
        listener.close()


def test_it_may_be_there_before_the_register():
    desk = Desk(b"key")
    with Told() as told:
        assert not told.state.exists()
        told.configure(webhook(told, desk))
        told.start()
        assert told.state.stat().st_mode & 0o777 == 0o700
        ids = told.happens()
        until(lambda: desk.acknowledged() == ids, desk.got)
    desk.close()


def test_who_is_new_is_told_from_then_on():
    desk, other = Desk(b"key"), Desk(b"key")
    with Told() as told:
        told.configure(webhook(told, desk))
        told.start()
        ids = told.happens(count=2)
        until(lambda: desk.acknowledged() == ids, desk.got)
        told.process.end()
        told.configure(webhook(told, desk), webhook(told, other, "other"))
        told.start()
        more = told.happens(count=2)
        until(lambda: other.acknowledged() == more, other.got)
        until(lambda: desk.acknowledged() == ids + more, desk.got)
        assert "told of" not in said(told)
    desk.close()
    other.close()


if __name__ == "__main__":
    hallmark.run_tests("__main__")
