#!/usr/bin/python3
"""Kubernetes asks whether pods may be made: requests in the form that its API server sends (tests/vectors/admission), by
TLS with its certificate, about images that a gate has measured before."""

import hashlib
import http.client
import json
import os
import pathlib
import sqlite3
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gated import Gate
from hallmark import PATIENCE_S, ROOT, free_port, run_tests
from images import Image
from packages import directory, entry, tar
from registered import Register
from register_decisions import until

REVIEWS = ROOT / "tests" / "vectors" / "admission"
UID = "705ab4f5-6393-11e8-b7cc-42010a800002"
NEVER = "sha256:" + "3" * 64
SERVER = "spiffe://test/kube-apiserver"


class Cluster(Gate):
    """A pipeline whose gate measures images, and the register that an API server asks."""

    def __init__(self):
        super().__init__(start={}, measure=["files"], files=["/srv/**"])
        self.known = f"{sha256(b'good')}  /srv/app\n"
        self.entry = {"files": {"references": ["known"]}, "start": {}, "group": "floor",
                      "top": {"groups": [{"name": "floor"}]}}
        self.begin()
        self.good, self.evil = self.image("good"), self.image("evil")
        self.port = free_port()
        certificate, key = self.site.issue("register", dns="localhost", server=True)
        for name, uri in (("apiserver", SERVER), ("stranger", "spiffe://test/stranger")):
            self.site.issue(name, uri=uri)
        self.register = Register(
            {"name": "tokyo", "directory": str(self.site.path("log")), "evidence": str(self.site.path("evidence")),
             "certificates": [str(self.site.path("log.crt"))]}, follow={"grace_s": 30, "freeze_every_s": 1},
            roles=[{"name": SERVER, "role": "relying-party", "workloads": ["app", "app/*"]}],
            decisions={"behind_s": int(PATIENCE_S)},
            listen=[{"address": f"127.0.0.1:{self.port}",
                     "tls": {"certificate": certificate, "key": key,
                             "client_ca": str(self.site.path("collectors-ca.crt"))}}])

    def __exit__(self, *all_of_them):
        self.register.remove()
        super().__exit__(*all_of_them)

    def image(self, content):
        """Judged by the gate; its digest."""
        made = Image(tar(directory("srv"), entry("srv/app", content.encode())))
        made.layout(self.dir / content)
        done = self.gate("--image", str(self.dir / content), "--", "/bin/true")
        assert done.returncode == (0 if content == "good" else 1), done
        return made.manifest["digest"]

    def post(self, body, path="/v1/admission", name="apiserver"):
        """(status, what is answered)"""
        context = ssl.create_default_context(cafile=str(self.site.path("collectors-ca.crt")))
        if name:
            context.load_cert_chain(str(self.site.path(f"{name}.crt")), str(self.site.path(f"{name}.key")))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE_S, context=context)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def review(self, name, path="/v1/admission", **images):
        """(allowed, message) of a recorded request in which these images stand."""
        text = (REVIEWS / f"{name}.json").read_text()
        for key, image in {"GOOD": self.good, "EVIL": self.evil, "NEVER": NEVER, **images}.items():
            text = text.replace(f"@{key}@", image)
        status, said = self.post(text, path)
        assert status == 200, (name, status, said)
        answer = json.loads(said)
        assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview"), answer
        response = answer["response"]
        assert response["uid"] == json.loads(text)["request"]["uid"], answer
        assert response["allowed"] or response["status"]["code"] == 403, answer
        return response["allowed"], response.get("status", {}).get("message", "")

    def settled(self):
        until(lambda: self.review("pod")[0], lambda: (self.review("pod"), self.register.process.lines[-5:]))


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def expect(said, allowed, *words):
    assert said[0] == allowed and all(word in said[1] for word in words), said


def ask_all(c):
    """Each request, and what has to come of it."""
    expect(c.review("pod"), True)
    expect(c.review("pod", "/v1/admission/floor"), True)
    expect(c.review("pod", "/v1/admission/other"), False, "containers, risk: ", "no workload of this group")
    expect(c.review("pod", GOOD=c.evil), False, "containers, risk: registry.bank.example/risk@sha256:", "contraindicated")
    expect(c.review("pod-dry-run"), True)
    expect(c.review("pod-dry-run", GOOD=NEVER), False, "no report is about this image")
    expect(c.review("pod-init"), False, "containers, risk: registry", "contraindicated",
           "initContainers, migrate: registry.bank.example/migrate:2.0: expected an image by its digest",
           "initContainers, settle: ", "no report is about this image")
    message = c.review("pod-init")[1]
    assert "fine" not in message and message.count("; ") == 2, message
    expect(c.review("pod-ephemeral"), False, "ephemeralContainers, debugger-7k2xq: busybox:1.36: expected an image by its digest")
    expect(c.review("deployment"), False, "expected a Pod")


def test_pods_are_admitted_and_denied_the_same_after_a_restart():
    with Cluster() as c:
        c.register.start()
        c.settled()
        ask_all(c)
        assert c.signer.stop() == 0
        c.signer = None  # nobody reports any more: what is known was known before
        until(c.register.state("tokyo", "walk").exists, "no walk was kept")
        c.register.stop()
        c.register.start()
        c.settled()
        said = "".join(c.register.process.lines)
        assert "event=walk-goes-on" in said and "event=view-rebuild" not in said, said
        ask_all(c)
        # A view that was damaged is made anew out of the log, and says the same.
        c.register.stop()
        with sqlite3.connect(c.register.state("tokyo", "view.db")) as view:
            assert view.execute("UPDATE image SET state = (SELECT state FROM image WHERE digest = ?)",
                                (bytes.fromhex(c.good[7:]),)).rowcount == 2
        view.close()
        c.register.start()
        c.settled()
        ask_all(c)


def test_what_is_no_review_is_answered_by_no_admission():
    with Cluster() as c:
        c.register.start()
        c.settled()
        whole = (REVIEWS / "pod.json").read_text().replace("@GOOD@", c.good)
        for bad in ("", "{", whole[:-3], whole.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"),
                    whole.replace("AdmissionReview", "ConversionReview"), whole.replace(f'"uid": "{UID}"', '"uid": ""'),
                    whole.replace(f'"uid": "{UID}"', '"uid": "1", "uid": "2"'), "\ufeff" + whole, "[" * 5000,
                    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'):
            status, said = c.post(bad.encode())
            assert status == 400 and '"allowed":true' not in said, (status, said, bad[:80])
        huge = json.loads(whole)
        huge["request"]["object"]["metadata"]["annotations"] = {"a": "x" * (1 << 20)}
        status, said = c.post(json.dumps(huge))
        assert status == 413, (status, said)
        huge["request"]["object"]["metadata"]["annotations"] = {"a": "x" * (1 << 19)}
        status, said = c.post(json.dumps(huge))
        assert status == 200 and json.loads(said)["response"]["allowed"], said
        # Who may not ask is told nothing of images.
        for name in ("stranger", None):
            status, said = c.post(whole, name=name)
            assert status in (401, 403) and "allowed" not in said, (name, status, said)
        # A log that is not seen any more admits nobody.
        log = c.site.path("log")
        c.register.stop()
        os.rename(log, f"{log}.gone")
        try:
            c.register.start()
            expect(c.review("pod"), False, "containers, risk: ", "not followed yet")
        finally:
            os.rename(f"{log}.gone", log)
        c.settled()


if __name__ == "__main__":
    run_tests(__name__)
