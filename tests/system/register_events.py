#!/usr/bin/python3
"""What a register tells as it happens: /v1/events, and `tell` beside a `run` that is ended at any
moment; and what it cosigns."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import queue
import random
import re
import socket
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import logimage
from hallmark import APP, EVIL, PATIENCE_S, ROOT, Process, Site, free_port, run_tests
from registered import Register


LOOK_S = 0.05  # between two looks at a file


def of_site(site):
    return {"name": "tokyo", "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
            "certificates": [str(site.path("log.crt"))]}


class Listener:
    """One who listens to /v1/events: what came, in a thread of its own."""

    def __init__(self, port, since=None, field=False, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        path = "/v1/events" + (f"?since={since}" if since and not field else
                                 f"?last={last}" if last is not None else "")
        self.connection.request("GET", path, headers={"Last-Event-ID": since} if field else {})
        self.answer = self.connection.getresponse()
        self.events = queue.Queue()
        if self.answer.status == 200:
            assert self.answer.headers["Content-Type"] == "text/event-stream"
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        fields = {}
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            while line := self.answer.fp.readline().decode():
                key, _, value = line.rstrip("\n").partition(": ")
                if line == "\n" and "id" in fields:
                    self.events.put((time.monotonic(), fields["id"], fields["event"],
                                     json.loads(fields["data"])))
                    fields = {}
                elif value:
                    fields[key] = value
        self.events.put(None)

    def next(self):
        """Of a workload: the policy may be told before or behind the beginning."""
        while True:
            found = self.events.get(timeout=PATIENCE_S)
            assert found is not None, "the stream has ended"
            at, one, kind, data = found
            assert (data["id"], data["event"]) == (one, kind), found
            if kind != "policy":
                return at, one, data

    def close(self):
        self.connection.close()


def documented():
    """The keys that doc/outputs.md lists."""
    text = (ROOT / "doc/outputs.md").read_text().split("## `hallmark-register`: events")[1]
    return set(re.findall(r"^\| `([a-z0-9-]+)", text.split("\n## ")[0], re.M))


def follow(site, port, **options):
    return Register(of_site(site), follow={"grace_s": 30},
                    listen=[{"address": f"127.0.0.1:{port}", "role": "viewer"}], **options)


def test_a_change_is_told_as_it_happens_and_once():
    port = free_port()
    with Site() as site:
        site.start_signer()
        with follow(site, port) as register:
            register.start()
            size = logimage.notices()
            register.followed("tokyo", size)
            listener = Listener(port)
            collector = site.collector()
            slowest = 0
            for round_, bundle in enumerate([APP, EVIL, APP, EVIL]):
                began = time.monotonic()
                collector.submit("app", bundle)
                at, one, data = listener.next()
                slowest = max(slowest, at - began)
                assert one == f"tokyo-{size}-verdict", one
                assert data["index"] == size and data["workload"] == "app", data
                assert data["after"] == ("affirming" if bundle is APP else "contraindicated"), data
                assert set(data) <= documented(), data
                assert data.get("before") == (None if round_ == 0 else
                                              "contraindicated" if bundle is APP else "affirming")
                if bundle is EVIL:
                    assert data["finding-count"] > 0 and data["findings"][0]["kind"] == "executable"
                size += 1
                collector.submit("app", bundle)  # nothing new
                size += 1
            print(f"# slowest, from the bundle to the event: {slowest * 1000:.0f} ms")
            listener.close()

            # Goes on behind what it had, by the field and by the query; what is not kept is said so.
            first = size - 8
            for field in (True, False):
                again = Listener(port, since=f"tokyo-{first + 2}-verdict", field=field)
                assert [again.next()[1] for _ in range(2)] == [
                    f"tokyo-{first + 4}-verdict", f"tokyo-{first + 6}-verdict"]
                again.close()
            # The newest that are kept, where somebody looks for the first time.
            looking = Listener(port, last=2)
            assert [looking.next()[1] for _ in range(2)] == [
                f"tokyo-{first + 4}-verdict", f"tokyo-{first + 6}-verdict"]
            looking.close()
            for wrong in ("1001", "-1", "x", ""):
                assert Listener(port, last=wrong).answer.status == 400, wrong
            unknown = Listener(port, since="tokyo-99-verdict")
            assert unknown.answer.status == 404, unknown.answer.status
            unknown.close()


def test_who_may_not_see_a_workload_is_not_told():
    port = free_port()
    me = f"uid:{os.getuid()}"
    with Site() as site:
        site.start_signer()
        with Register(of_site(site), follow={"grace_s": 30},
                      listen=[{"address": f"127.0.0.1:{port}", "role": "viewer"},
                              {"socket": "http.socket"}],
                      roles=[{"name": me, "role": "relying-party", "workloads": ["web*"]}]) as register:
            register.start()
            register.followed("tokyo", logimage.notices())
            everything = Listener(port)
            own = Listener.__new__(Listener)
            own.connection = http.client.HTTPConnection("localhost")
            own.connection.sock = socket.socket(socket.AF_UNIX)
            own.connection.sock.connect(str(register.path("http.socket")))
            own.connection.request("GET", "/v1/events")
            own.answer, own.events = own.connection.getresponse(), queue.Queue()
            assert own.answer.status == 200, own.answer.status
            threading.Thread(target=own.read, daemon=True).start()
            collector = site.collector()
            collector.submit("app", APP)
            collector.submit("web-1", APP)
            assert [everything.next()[2]["workload"] for _ in range(2)] == ["app", "web-1"]
            assert own.next()[2]["workload"] == "web-1"
            everything.close()
            own.close()


def test_ended_at_any_moment_each_is_told_once():
    """kill -9 of the register while reports come: what is delivered twice has the same id."""
    draw = random.Random(11)
    with Site() as site:
        site.start_signer()
        with Register(of_site(site), follow={"grace_s": 30},
                      tell=[{"name": "desk", "command": ["/bin/true"]}]) as register:
            register.start()
            out, script = register.path("out"), register.path("take")
            script.write_text(f"#!/bin/sh\nread -r line\necho \"$line\" >>{out}\n")
            script.chmod(0o755)
            register.options["tell"][0]["command"] = [str(script)]
            register.write()
            register.start()
            teller = Process("hallmark-register", ["tell", "-c", str(register.path("register.yaml"))],
                             dict(os.environ))
            teller.wait_for("event=telling")
            collector = site.collector()
            first = logimage.notices()
            for round_ in range(24):
                collector.submit("app", APP if round_ % 2 == 0 else EVIL)
                if round_ % 4 == 3:
                    time.sleep(draw.random() / 10)
                    register.process.kill()
                    if round_ % 8 == 7:
                        teller.kill()
                        teller = Process("hallmark-register",
                                         ["tell", "-c", str(register.path("register.yaml"))],
                                         dict(os.environ))
                    register.start()
            expected = [f"tokyo-{first + i}-verdict" for i in range(24)]
            end = time.monotonic() + PATIENCE_S

            def told():
                lines = out.read_text().splitlines() if out.exists() else []
                ids = [json.loads(line)["id"] for line in lines]
                return [one for one in dict.fromkeys(ids) if one.endswith("verdict")], ids

            while told()[0][-1:] != expected[-1:]:
                assert time.monotonic() < end, told()
                time.sleep(LOOK_S)
            distinct, ids = told()
            assert distinct == expected, distinct
            assert len(ids) - len(set(ids)) <= 3, "again is what was under way at an end"
            assert teller.stop() == 0
            register.stop()


def test_each_checkpoint_that_was_followed_is_cosigned():
    """By a key of the register's own; verified here with nothing but its line."""
    with Site() as site:
        site.start_signer()
        port = free_port()
        with Register(of_site(site), follow={"grace_s": 30},
                      listen=[{"address": f"127.0.0.1:{port}"}], witness={"name": "register.test/w", "key": "witness.key"}) as register:
            key = ed25519.Ed25519PrivateKey.generate()
            path = register.path("witness.key")
            path.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                               serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
            path.chmod(0o600)
            register.start()
            collector = site.collector()
            size = logimage.notices()
            register.followed("tokyo", size)
            for _ in range(3):
                collector.submit("app", APP)
                size += 1
                register.followed("tokyo", size)
                register.process.kill()
                register.start()

            def ask(path):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

            raw = key.public_key().public_bytes(serialization.Encoding.Raw,
                                                serialization.PublicFormat.Raw)
            kid = hashlib.sha256(b"register.test/w\n\x04" + raw).hexdigest()[:8]
            assert ask("/v1/witness") == (200, "register.test/w+" + kid + "+" +
                                          base64.b64encode(b"\x04" + raw).decode() + "\n")
            register.process.wait_for("event=caught-up")
            end = time.monotonic() + PATIENCE_S
            while (found := ask(f"/v1/cosigned/tokyo?size={size}"))[0] != 200:
                assert time.monotonic() < end, found  # it is said before it is cosigned
                time.sleep(LOOK_S)
            status, note = found
            assert status == 200 and note.split("\n")[1] == str(size), note
            assert int(ask("/v1/cosigned/tokyo")[1].split("\n")[1]) <= size
            assert ask(f"/v1/cosigned/tokyo?size={size + 1}")[0] == 404
            assert ask("/v1/cosigned/osaka")[0] == 404
            assert ask("/v1/cosigned/tokyo?size=x")[0] == 400
            register.stop()
            with contextlib.closing(sqlite3.connect(register.path("state/cosigned.db"))) as db:
                rows = db.execute("SELECT size, note FROM cosigned ORDER BY size").fetchall()
            sizes = [one for one, _ in rows]
            assert sizes == sorted(set(sizes)) and sizes[-1] == size, sizes
            for one, note in rows:
                text, _, lines = note.decode().rpartition("\n\n")
                text += "\n"
                assert text.split("\n")[1] == str(one)
                line = [x for x in lines.splitlines() if x.startswith("\u2014 register.test/w ")]
                raw = base64.b64decode(line[0].rpartition(" ")[2])
                when = int.from_bytes(raw[4:12], "big")
                assert abs(when - time.time()) < 600
                key.public_key().verify(raw[12:], f"cosignature/v1\ntime {when}\n{text}".encode())


if __name__ == "__main__":
    run_tests("__main__")
