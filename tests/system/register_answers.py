#!/usr/bin/python3
"""What a running register answers below /v1/, over HTTP: as doc/openapi.yaml has it, with proofs that a
client of its own verifies, as far as the log has grown, and to each what he may see."""

import http.client
import os
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import answer_proof
import make_log
from audit import Bench
from hallmark import PATIENCE_S, free_port, run_tests
from make_log import EVIL, GOOD, TIME_S, Workload
from openapi import OpenApi
from registered import Register

API = OpenApi()


class Made(Bench):
    """A made log with its evidence, and a register that follows it."""

    def __init__(self, **options):
        super().__init__(2)
        self.write("evidence/pack-00000001", make_log.evidence())
        self.workloads = {}
        self.port = free_port()
        self.register = Register(
            {"name": "tokyo", "directory": str(self.path("log")), "evidence": str(self.path("evidence")),
             "certificates": [str(self.path("signer.crt"))]},
            listen=[{"address": f"127.0.0.1:{self.port}", "role": "viewer"},
                    {"socket": str(self.path("http"))}], **options)

    def __exit__(self, *_):
        self.register.remove()
        super().__exit__(*_)

    def grow(self, *reports):
        """(workload, content) each."""
        for name, data in reports:
            workload = self.workloads.setdefault(name, Workload(name))
            self.log.append(workload.report(data, TIME_S + len(self.log.entries)))
        for name, content in sorted(self.log.files().items(), key=lambda file: file[0] == "checkpoint"):
            path = self.path("log") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(path.name + ".new").write_bytes(content)
            path.with_name(path.name + ".new").replace(path)

    def ask(self, path, status=200, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", "/v1/" + path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == status, (path, answer.status, body)
        return API.check("/" + path.split("?")[0], status, answer.headers["Content-Type"], body)

    def by_socket(self):
        connection = http.client.HTTPConnection("register", timeout=PATIENCE_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.path("http")))
        return connection

    def known(self, size):
        """Waits until answers are from so many entries."""
        until = time.monotonic() + PATIENCE_S
        while True:
            said = self.ask("logs")["items"][0]
            if said["replayed_to"] >= size:
                assert said["taken_to"] == said["checked_to"] == said["replayed_to"] == size, said
                return
            assert time.monotonic() < until, said


def own_role(role):
    """Of who runs this, for some workloads."""
    return {"name": f"uid:{os.getuid()}", "role": role, "workloads": ["app*"]}


def tiers(said):
    return {w["workload"]: w["tier"] for w in said["items"]}


def test_answers_grow_with_the_log_and_go_on_after_a_restart():
    with Made() as made:
        made.grow(("app", GOOD), ("web", GOOD), ("app", EVIL))
        made.register.start()
        made.known(5)
        assert tiers(made.ask("workloads")) == {"app": "contraindicated", "web": "affirming"}
        made.grow(("app", GOOD), *[("web", GOOD)] * 300)
        made.known(306)
        said = made.ask("workloads")
        assert tiers(said) == {"app": "affirming", "web": "affirming"}, said
        assert {w["workload"]: w["last"]["entry"] for w in said["items"]} == {"app": 5, "web": 305}
        assert tiers(made.ask("workloads?at=4")) == {"app": "contraindicated", "web": "affirming"}
        made.register.stop()
        made.grow(("web", EVIL))
        made.register.start()
        made.known(307)
        assert tiers(made.ask("workloads")) == {"app": "affirming", "web": "contraindicated"}
        assert made.ask("findings")["items"][0]["since"]["entry"] == 306


def test_each_entry_comes_with_a_proof_that_verifies():
    with Made() as made:
        made.grow(*[("app", GOOD)] * 270)
        made.register.start()
        made.known(272)
        for index in (0, 1, 2, 255, 256, 271):
            said = made.ask(f"reports/tokyo/{index}")
            assert answer_proof.verify_answer(said, made.log.key.pem()) == make_log.ORIGIN
            assert said["entry"]["entry"].encode() == made.log.entries[index]
            receipt = made.ask(f"receipts/tokyo/{index}")
            assert answer_proof.verify_receipt(receipt, made.log.key.pem())[1:] == \
                (index, made.log.entries[index])
        made.ask("reports/tokyo/272", 404)


def test_what_a_lying_signer_says_is_shown_as_none():
    with Made(roles=[own_role("relying-party")]) as made:
        made.grow(("app", GOOD))
        workload = made.workloads["app"]
        made.log.append(workload.report(EVIL, TIME_S + 10, status="affirming", findings=[],
                                        vector={"instance-identity": 2, "executables": 2}))
        made.grow()
        made.register.start()
        made.register.alarm("bad-verdict", entry=3)
        made.known(4)
        item, = made.ask("workloads")["items"]
        assert item["tier"] == "none", item
        states = made.ask(item["link"].removeprefix("/v1/"))["workload"]["states"]
        assert (states["checked"], states["claimed"]) == ("bad", "affirming"), states
        alarm, = made.ask("alarms")["items"]
        assert (alarm["kind"], alarm["entry"]) == ("bad-verdict", 3), alarm
        assert "affirming" in alarm["words"], alarm
        alarm, = made.ask("alarms", connection=made.by_socket())["items"]
        assert (alarm["kind"], "affirming" in alarm["words"]) == ("bad-verdict", False), alarm


def test_a_relying_party_sees_its_own_workloads():
    with Made(roles=[own_role("relying-party")]) as made:
        made.grow(("app", GOOD), ("web", EVIL))
        made.register.start()
        made.known(4)

        def own(path, status=200):
            return made.ask(path, status, made.by_socket())

        assert tiers(own("workloads")) == {"app": "affirming"}
        assert own("findings")["items"] == []
        own("reports/tokyo/2")
        own("receipts/tokyo/2")
        own("reports/tokyo/3", 404)
        own("receipts/tokyo/3", 404)
        for content, kind in ((GOOD, "component"), (EVIL, "unknown")):
            digest = make_log.sha256(content).hex()
            assert made.ask(f"artifacts/{digest}")["found"][0]["kind"] == "component"
            assert own(f"artifacts/{digest}")["found"][0]["kind"] == kind, content


def test_an_auditor_of_some_workloads_has_no_tiles():
    with Made(roles=[own_role("auditor")]) as made:
        made.grow(("app", GOOD), ("web", EVIL))
        made.register.start()
        made.known(4)
        for path, status in (("/tile/entries/000.p/4", 403), ("/logs/tokyo/tile/0/000.p/4", 403),
                             ("/checkpoint", 200)):
            connection = made.by_socket()
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == status, (path, answer.status, answer.read())
            connection.close()


if __name__ == "__main__":
    run_tests(__name__)
