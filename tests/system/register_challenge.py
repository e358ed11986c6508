#!/usr/bin/python3
"""Challenges and statements through the register: a real collector measures now, and the receipt verifies."""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
from acting import until
from desk import Desk
from hallmark import PATIENCE_S, free_port
from registered import Register
from watched import HOST, Watched

WITHIN_S = 5 if PATIENCE_S <= 30 else PATIENCE_S


class Brought(Watched):
    """Watched, with a register that is a relay; callers come by sockets that give them roles."""

    def __init__(self, signer=True, **options):
        super().__init__(operators=Desk, relays=["spiffe://test/register"])
        self.site.issue("register", uri="spiffe://test/register")
        self.port = free_port()
        log = {"name": "tokyo", "directory": str(self.path("log")), "evidence": str(self.path("evidence")),
               "certificates": [str(self.path("log.crt"))]}
        if signer:
            log["signer"] = {"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test",
                             "ca": str(self.path("collectors-ca.crt")), "certificate": str(self.path("register.crt")),
                             "key": str(self.path("register.key"))}
        user = {"name": f"uid:{os.getuid()}", **options}
        self.register = Register(
            log, follow={"grace_s": 30}, listen=[{"address": f"127.0.0.1:{self.port}"}, {"socket": "http"}],
            roles=[user], decisions={"aliases": [
                {"name": "trading", "members": [{"log": "tokyo", "collector": HOST, "workload": "app"}]}]})
        self.register.start()
        self.register.process.wait_for("event=caught-up")
        # Caught up with a checkpoint; what it says of workloads reaches who answers a moment later.
        until(lambda: self.ask()[0] != 404, "the register does not know the workload")

    def __exit__(self, *all_of_them):
        self.register.remove()
        super().__exit__(*all_of_them)

    def connect(self):
        connection = http.client.HTTPConnection("register", timeout=PATIENCE_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE_S)
        connection.sock.connect(str(self.register.path("http")))
        return connection

    def post(self, path, body):
        connection = self.connect()
        connection.request("POST", path, body)
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        return answer.status, json.loads(said) if said[:1] == "{" else said

    def ask(self, workload="app", **more):
        nonce = os.urandom(32)
        body = {"log": "tokyo", "collector": HOST, "workload": workload, "nonce_hex": nonce.hex(), **more}
        return self.post("/v1/challenge", json.dumps({k: v for k, v in body.items() if v is not None}))


def segment(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


OPERATOR = {"role": "operator"}
PARTY = {"role": "relying-party", "workloads": ["app"]}


def test_a_challenge_is_answered_by_a_receipt_that_verifies():
    with Brought(**PARTY) as b:
        nonce = os.urandom(48)
        began = time.monotonic()
        status, said = b.post("/v1/challenge", json.dumps({"alias": "trading", "nonce": segment(nonce)}))
        assert status == 200 and time.monotonic() - began < WITHIN_S, said
        assert said["tier"] == "affirming" and said["nonce"] == segment(nonce), said
        path = b.path("challenge.tlog-proof")
        path.write_text(said["receipt"])
        b.site.audit("verify", str(path), "--cert", str(b.path("log.crt")), "--status", "affirming")
        line = next(l for l in said["receipt"].split("\n") if l.startswith("extra "))
        entry = base64.b64decode(line[6:])
        assert json.loads(entry)["eat_nonce"] == segment(nonce)
        assert hashlib.sha256(entry).hexdigest() == said["report_sha256"]
        assert said["proof"] == f"/v1/receipts/tokyo/{said['index']}"
        b.alter()
        status, said = b.ask()
        assert status == 200 and said["tier"] == "contraindicated", said
        # What is not his, whether it is there or not; and what he may not do.
        for name in ("other", "app2"):
            status, words = b.ask(name)
            assert status == 403 and "not yours" in words, words
        assert b.post("/v1/statements", b"{}")[0] == 403
        # Nobody without a role.
        connection = http.client.HTTPConnection("127.0.0.1", b.port, timeout=PATIENCE_S)
        connection.request("POST", "/v1/challenge", "{}")
        assert connection.getresponse().status == 403
        connection.close()


def test_what_is_no_challenge():
    with Brought(**OPERATOR) as b:
        for changed in ({"nonce_hex": "00" * 7}, {"nonce_hex": "00" * 65}, {"nonce_hex": "AB" * 8}, {"nonce_hex": None},
                        {"nonce": segment(bytes(8))}, {"alias": "trading"}, {"log": None}, {"more": "x"},
                        {"workload": "a/b"}, {"collector": "a host"}, {"workload": 1}):
            status, words = b.ask(**changed)
            assert status == 400, (changed, status, words)
        for body in ("", "[]", "{", '{"nonce": "a", "nonce": "b"}', "[" * 4000, "\0"):
            assert b.post("/v1/challenge", body)[0] == 400, body
        assert b.post("/v1/challenge", " " * 5000)[0] == 413
        assert b.ask("other")[0] == 404 and b.ask(log="osaka")[0] == 404
        assert b.post("/v1/challenge", '{"alias": "none", "nonce_hex": "%s"}' % ("00" * 8))[0] == 404
        # A client that says half of it holds up nobody.
        slow = b.connect()
        slow.sock.sendall(b"POST /v1/challenge HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        status, said = b.ask()
        assert status == 200, (status, said)
        slow.close()


def test_a_collector_or_a_signer_that_is_not_there():
    with Brought(**OPERATOR) as b:
        b.collector.signal(hallmark.signal.SIGSTOP)
        began = time.monotonic()
        status, words = b.ask()
        assert status == 503 and time.monotonic() - began < 2 * WITHIN_S, words
        b.collector.signal(hallmark.signal.SIGCONT)
        assert b.collector.stop() == 0
        status, words = b.ask()
        assert status == 503 and "not connected" in words, words
        b.start_collector()
        b.signer.kill()
        status, words = b.ask()
        assert status == 503 and "signer" in words, words
        assert b.collector.stop() == 0
        b.signer = b.site.start_signer()
        b.start_collector()
        status, words = b.ask()
        assert status == 200, (status, words)
        b.register.process.wait_for("event=challenge-answered")


def test_in_parallel_each_is_answered_and_too_often_is_said():
    with Brought(**OPERATOR) as b, concurrent.futures.ThreadPoolExecutor(20) as pool:
        found = [status for status, _ in pool.map(lambda _: b.ask(), range(20))]
        assert set(found) <= {200, 429, 503} and 200 in found and 429 in found, found


def test_statements():
    with Brought(**OPERATOR) as b:
        envelope = b.operators.say("cem", "retire", {"collector": HOST, "workload": "app"})
        status, said = b.post("/v1/statements", envelope)
        assert status == 200 and said["accepted"] and said["sha256"] == hashlib.sha256(envelope).hexdigest(), said
        status, said = b.post("/v1/statements/tokyo", envelope)
        assert status == 422 and said["code"] == "statement-number" and not said["accepted"], said
        status, said = b.post("/v1/statements", b"{}")
        assert status == 422 and said["code"] == "statement-format", said
        assert b.post("/v1/statements/osaka", envelope)[0] == 404
        assert b.post("/v1/statements", b"")[0] == 400


def test_without_a_signer():
    with Brought(signer=False, **OPERATOR) as b:
        assert b.ask()[0] == 501
        assert b.post("/v1/statements", b"{}")[0] == 501


if __name__ == "__main__":
    hallmark.run_tests("__main__")
