#!/usr/bin/python3
"""What a register lets hosts do: by verdicts that it has made again itself, as a collector believes it, and
never to more than a share of those that are alike."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import statements
from hallmark import PATIENCE_S, Process, program, run_tests
from make_log import EVIL, GOOD, Workload
from registered import Made, Register

HOSTS = 10


def now():
    return int(time.time())


class Floor:
    """Ten hosts with one workload each, that has reported well; a register that follows and one that
    grants."""

    def __init__(self, most=10, **rule):
        self.made = Made(2)
        self.made.use(make_log.make(2))
        self.hosts = [Workload("app", collector=f"spiffe://test/host-{n}") for n in range(HOSTS)]
        self.register = Register(self.made.config(), grants={
            "key": "grant.key", "directory": "given", "author": "register.test/grants", "lasts_s": 120, "most": most,
            "rules": [{"act": "freeze", "workloads": ["app"], "share_percent": 30, **rule}]})
        key = self.register.path("grant.key")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(key)], check=True)
        key.chmod(0o600)
        self.granter = None
        self.time_s = now()
        self.add(*[(n, GOOD) for n in range(HOSTS)])

    def __enter__(self):
        self.register.start()
        self.register.followed("made", 2 + HOSTS)
        self.grant()
        return self

    def __exit__(self, *_):
        if self.granter is not None:
            self.granter.end()
        self.register.remove()
        self.made.__exit__()

    def grant(self):
        if self.granter is not None:
            self.granter.end()
        self.granter = Process("hallmark-register", ["grant", "-c", str(self.register.path("register.yaml"))],
                               dict(os.environ))
        self.granter.wait_for("event=granting")

    def add(self, *reports, **options):
        self.made.grow(*(self.hosts[n].report(data, time_s=self.time_s, **options) for n, data in reports))

    def given(self):
        """The statements, by the host."""
        found = {}
        for path in sorted(self.register.path("given").rglob("*.json")):
            host = path.parent.name
            name = base64.urlsafe_b64decode(host + "=" * (-len(host) % 4)).decode()
            found.setdefault(name, []).append(path)
        return found


def payload(path):
    return json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))


def leaf(made, index):
    return make_log.leaf_hash(made.log.entries[index]).hex()


def test_a_fall_is_granted_as_a_collector_wants_it():
    with Floor() as floor:
        floor.add((3, EVIL))
        floor.granter.wait_for("event=granted .*app on spiffe://test/host-3 may be frozen")
        (host, (path,)), = floor.given().items()
        assert host == "spiffe://test/host-3", host
        said = payload(path)
        assert said["hallmark.statement"] == "act-grant" and said["origin"] == make_log.ORIGIN, said
        assert said["subject"] == {"act": "freeze", "collector": "spiffe://test/host-3", "workload": "app",
                                   "report": leaf(floor.made, 2 + HOSTS)}, said
        assert said["author"] == "register.test/grants" and said["not-before"] < now() < said["not-after"], said
        public = floor.register.path("grant.pem")
        subprocess.run(["openssl", "pkey", "-in", str(floor.register.path("grant.key")), "-pubout", "-out",
                        str(public)], check=True)
        shown = subprocess.run([program("hallmark-hsm"), "statement", "show", str(path)], capture_output=True,
                               text=True, check=True).stdout
        assert "may be frozen" in shown and "spiffe://test/host-3" in shown, shown
        envelope = json.loads(path.read_text())
        signed = statements.signed_bytes(base64.b64decode(envelope["payload"]))
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        load_pem_public_key(public.read_bytes()).verify(
            base64.b64decode(envelope["signatures"][0]["sig"]), signed)


def test_a_share_and_no_more_however_many_fall():
    with Floor() as floor:
        floor.add(*[(n, EVIL) for n in range(HOSTS)])
        for n in range(HOSTS):
            floor.granter.wait_for(rf"event=(?:granted|not-granted) .*app on spiffe://test/host-{n}[ ,]")
        assert len(floor.given()) == 3, floor.given()
        floor.granter.wait_for("event=not-granted .*3 of at most 3")
        floor.grant()  # and over a restart
        floor.add((0, GOOD))
        floor.add((0, EVIL))
        floor.granter.wait_for("event=not-granted .*host-0.*3 of at most 3")
        assert len(floor.given()) == 3


def test_no_more_than_so_many_whatever_is_called_alike():
    """A signer in other hands calls others alike each time, by a policy that nobody has to approve, or
    invents some."""
    with Floor(most=2, share_percent=100) as floor:
        floor.add(*[(n, EVIL) for n in range(4)])
        for n in range(4):
            floor.granter.wait_for(rf"event=(?:granted|not-granted) .*app on spiffe://test/host-{n}[ ,]")
        floor.granter.wait_for("event=not-granted .*2 of at most 2 were granted in all")
        assert len(floor.given()) == 2, floor.given()


def test_the_interval_gives_a_share_again():
    with Floor(interval_s=1) as floor:
        floor.add(*[(n, EVIL) for n in range(4)])
        for n in range(4):
            floor.granter.wait_for(rf"event=(?:granted|not-granted) .*app on spiffe://test/host-{n}[ ,]")
        end = time.monotonic() + PATIENCE_S
        n = 4
        while len(floor.given()) < 5 and n < HOSTS:
            assert time.monotonic() < end
            began = now()
            while now() < began + 2:
                pass
            floor.add((n, EVIL))
            floor.granter.wait_for(rf"event=(?:granted|not-granted) .*app on spiffe://test/host-{n}[ ,]")
            n += 1
        assert len(floor.given()) >= 5


def test_a_lie_an_old_fall_and_what_no_rule_is_about_are_nothing():
    with Floor(workloads=["app"]) as floor:
        other = Workload("other", collector="spiffe://test/host-1")
        floor.made.grow(other.report(GOOD, time_s=floor.time_s), other.report(EVIL, time_s=floor.time_s))
        floor.add((2, EVIL), status="warning", findings=[], vector={"instance-identity": 2, "executables": 32})
        floor.register.alarm("bad-verdict", entry=4 + HOSTS)
        floor.add((4, EVIL))
        floor.granter.wait_for("event=not-granted .*host-4.*an alarm of its log stands")
        assert not floor.given(), floor.given()
        floor.register.run("acknowledge", "made")
        floor.register.process.wait_for("event=.*acknowledged")


def test_it_goes_on_behind_an_end_and_grants_nothing_twice():
    with Floor(share_percent=100) as floor:
        floor.add((1, EVIL))
        floor.granter.wait_for("event=granted .*host-1")
        for n in range(2, 6):
            floor.granter.end()
            floor.add((n, EVIL))
            floor.register.followed("made", len(floor.made.log.entries))
            floor.grant()
            floor.granter.wait_for(f"event=granted .*host-{n}")
        given = floor.given()
        assert sorted(given) == [f"spiffe://test/host-{n}" for n in range(1, 6)], given
        assert all(len(paths) == 1 for paths in given.values())
        numbers = [payload(path)["number"] for (path,) in given.values()]
        assert len(set(numbers)) == len(numbers)


if __name__ == "__main__":
    run_tests(__name__)
