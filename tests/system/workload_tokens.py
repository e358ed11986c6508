#!/usr/bin/python3
"""A workload has its tokens while it is well, and no longer: in files and by a socket of a real collector, of a
real signer's and key process's, for a service that takes nobody without a fresh one (python3-jwt)."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import threading
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import control_groups
import hallmark
from hallmark import TOKENS, Process, to_yaml
from judged import Judged, sums
from measured import NOBODY, can_be_others

OWN, OTHER = "https://party.test", "urn:other"
SOON_S = 3  # from a change to no token, and back
GONE_S = 15  # patience


def until(what, words, seconds=None):
    deadline, pause = time.monotonic() + (seconds or hallmark.PATIENCE_S), threading.Event()
    while not what():
        assert time.monotonic() < deadline, words() if callable(words) else words
        pause.wait(0.01)


class Service:
    """A relying party: it has the key set and knows what it is called, and nothing else of Hallmark."""

    def __init__(self, site, audience=OWN):
        self.keys, self.audience = jwt.PyJWKSet.from_json(site.hsm("jwks").stdout), audience

    def takes(self, token):
        """Whether a call with it is served; the claims."""
        kid = jwt.get_unverified_header(token)["kid"]
        key, = (k for k in self.keys.keys if k.key_id == kid)
        try:
            claims = jwt.decode(token, key.key, algorithms=["ES256"], audience=self.audience,
                                issuer="https://attest.test", options={"require": ["exp", "iat", "sub", "aud", "jti"]})
        except jwt.InvalidTokenError:
            return None
        return claims if claims["submods"]["app"]["ear.status"] == "affirming" else None


class Host(Judged):
    """A program that runs, and a collector beside it; `put` takes what of the workload's `token`."""

    def __init__(self, lifetime_s=60):
        super().__init__()
        self.site.options["hsm"] = {"tokens": [{**TOKENS[0], "aud": [OWN, OTHER], "collectors": ["spiffe://test/*"]}]}
        self.site.write_configs()
        self.tokens = self.site.path("issued")
        self.tokens.mkdir(mode=0o755)
        self.lifetime_s, self.collector = lifetime_s, None
        self.program = self.dir / "app"
        shutil.copy("/usr/bin/sleep", self.program)
        shutil.copy(self.program, self.dir / "good")
        self.process = None
        self.begin()
        self.policy()

    def begin(self):
        if self.process is not None:
            self.end(self.process)
        self.process = self.start(self.program, "1000")
        self.write("pid", f"{self.process.pid}\n")

    def policy(self, audiences=(OWN, OTHER)):
        wanted = [{"profile": "test", "audience": a, "lifetime_s": self.lifetime_s} for a in audiences]
        self.judge_by({"known": sums([self.dir / "good"]).replace("/good", "/app")}, require=["executable"],
                      executable={"references": ["known"]}, max_age_s=300, **({"token": wanted} if wanted else {}))

    def configure(self, token, interval_s=3600, **more):
        self.measure_by(pid_file=str(self.dir / "pid"), measure=["executable"], token=token)
        path = self.site.path("collector.yaml")
        path.write_text(re.sub(r"(?m)^sign_every_s", f"interval_s: {interval_s}\njitter_percent: 0\nsign_every_s",
                               path.read_text()))

    def run(self, prefix=()):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.site.path("collector.yaml"))],
                                 self.site.env, prefix)
        self.processes.append(self.collector)
        return self.collector

    def file(self, name="app.jwt", **more):
        return {"path": str(self.tokens / name), **more}

    def token(self, name="app.jwt"):
        try:
            return (self.tokens / name).read_text()
        except FileNotFoundError:
            return None

    def await_token(self, name="app.jwt", other_than=None, seconds=None):
        until(lambda: self.token(name) not in (None, other_than), lambda: f"no token: {self.collector.lines[-5:]}", seconds)
        return self.token(name)

    def await_none(self, name="app.jwt", seconds=None):
        until(lambda: self.token(name) is None, lambda: f"a token: {self.collector.lines[-5:]}", seconds)

    def alter(self):
        """Another program stands under its name; and the first one again."""
        shutil.copy("/usr/bin/env", self.dir / "evil")
        os.rename(self.dir / "evil", self.program)

    def restore(self):
        shutil.copy(self.dir / "good", self.dir / "again")
        os.rename(self.dir / "again", self.program)
        self.begin()

    @staticmethod
    def children(pid):
        """Those that last: two of them, and theirs."""
        return [pathlib.Path("/proc", child)
                for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, process):
        if isinstance(process, Process):
            process.kill()
        else:
            super().end(process)


# --- files ---------------------------------------------------------------------------------------

def test_a_service_takes_only_who_is_well():
    with Host(lifetime_s=6) as h:
        h.configure({"files": [h.file(audience=OWN)]}, interval_s=1)
        h.run()
        service = Service(h.site)
        first = h.await_token()
        claims = service.takes(first)
        assert claims["sub"] == "spiffe://test/host/app" and claims["exp"] - claims["iat"] == 6
        h.alter()
        began = time.monotonic()
        h.await_none(seconds=SOON_S)
        until(lambda: not service.takes(first), "the copy is taken for ever", 7)  # it lives until its end
        assert h.token() is None and time.monotonic() - began < 8
        h.restore()
        again = h.await_token(seconds=SOON_S)
        assert service.takes(again)["hallmark.index"] > claims["hallmark.index"]


def test_each_audience_has_its_own():
    with Host() as h:
        h.configure({"files": [h.file(audience=OWN), h.file("other.jwt", audience=OTHER), h.file("any.jwt"),
                               h.file("nobody.jwt", audience="urn:nobody")]})
        (h.tokens / "nobody.jwt").write_text("left over")
        h.run()
        own, other = h.await_token(), h.await_token("other.jwt")
        assert Service(h.site).takes(own) and not Service(h.site).takes(other)
        assert Service(h.site, OTHER).takes(other) and not Service(h.site, OTHER).takes(own)
        until(lambda: h.token("any.jwt") == own, "no token")  # the policy's first
        assert h.token("nobody.jwt") is None
        assert sorted(p.name for p in h.tokens.iterdir()) == ["any.jwt", "app.jwt", "other.jwt"]


def test_it_is_another_one_at_half_of_its_life():
    """Long before the next round, and only then."""
    with Host(lifetime_s=8) as h:
        h.configure({"files": [h.file()]})
        h.run()
        began, service, token = time.monotonic(), Service(h.site), None
        for _ in range(3):
            token = h.await_token(other_than=token)
            assert service.takes(token)
        assert 7 <= time.monotonic() - began <= 12
        taken = [line for line in h.collector.lines if "event=receipt" in line]
        assert len(taken) in (2, 3), taken  # the last is said behind its token


def test_it_is_its_owner_s():
    if not can_be_others():
        return
    with Host() as h:
        for name, more, owner, group, mode in (
                ("a", {}, 0, 0, 0o400), ("b", {"owner": "nobody"}, NOBODY, 0, 0o400),
                ("c", {"owner": NOBODY, "group": "nogroup"}, NOBODY, NOBODY, 0o440),
                ("d", {"group": NOBODY, "mode": "0640"}, 0, NOBODY, 0o640)):
            h.configure({"files": [h.file(name, **more)]})
            h.run()
            h.await_token(name)
            seen = (h.tokens / name).stat()
            assert (seen.st_uid, seen.st_gid, stat.S_IMODE(seen.st_mode)) == (owner, group, mode), name
            assert h.collector.stop() == 0
            h.await_none(name, GONE_S)


def test_it_is_over_where_no_signer_is_asked():
    with Host(lifetime_s=3) as h:
        h.configure({"files": [h.file()]})
        h.run()
        h.await_token()
        h.signer.kill()
        h.await_none(seconds=6)


def test_nothing_stays_behind_the_collector():
    """Whatever it ends of; and what stood there before it came is gone before there is another."""
    with Host() as h:
        h.configure({"files": [h.file()]})
        for end in (signal.SIGTERM, signal.SIGKILL):
            (h.tokens / "app.jwt").write_text("stale")
            (h.tokens / ".app.jwt.new").write_text("half")
            collector = h.run()
            token = h.await_token(other_than="stale")
            assert Service(h.site).takes(token)
            assert [p.name for p in h.tokens.iterdir()] == ["app.jwt"]
            collector.signal(end)
            h.await_none(seconds=GONE_S)
        (h.tokens / "app.jwt").write_text("stale")
        h.signer.kill()
        h.run()
        h.await_none(seconds=GONE_S)


def test_a_signer_that_says_no_takes_it_away():
    """The policy gives none any more; the policy does not know the workload; a reload of who keeps them."""
    with Host() as h:
        h.configure({"files": [h.file()]}, interval_s=1)
        h.run()
        h.await_token()
        path = h.site.path("policy.yaml")
        text = path.read_text()
        assert '"app"' in text
        for change in (lambda: h.policy(audiences=()),
                       lambda: (path.write_text(text.replace('"app"', '"other"')), h.reload())):
            change()
            h.await_none(seconds=GONE_S)
            path.write_text(text)
            h.reload()
            h.await_token(seconds=GONE_S)
        h.configure({"files": [h.file("moved.jwt")]})
        h.collector.signal(signal.SIGHUP)
        h.await_token("moved.jwt", seconds=GONE_S)
        assert h.token() is None


def test_a_place_that_is_not_safe_is_refused_and_told():
    with Host() as h:
        h.tokens.chmod(0o775)
        h.configure({"files": [h.file()]})
        done = h.site.tool("hallmark-collector", "check", "-c", str(h.site.path("collector.yaml")), check=False)
        assert done.returncode == 1 and "closed to writing by group and others" in done.stderr, done
        h.tokens.chmod(0o755)
        h.configure({"files": [h.file()]}, interval_s=1)
        h.run()
        h.await_token()
        h.tokens.chmod(0o777)
        token = h.token()
        h.alter()
        h.collector.wait_for("event=token-file .*nobody but root and this user can write to")
        h.tokens.chmod(0o755)
        h.restore()
        h.await_token(other_than=token)


def test_who_gives_tokens_has_little():
    """No network, no capability but one, no file but those; and it ends nobody when it is ended."""
    with Host() as h:
        h.configure({"files": [h.file()]}, interval_s=1)
        h.run()
        h.await_token()
        giver, = (p for p in h.children(h.collector.pid) if (p / "comm").read_text() == "hallmark-tokens\n")
        status = (giver / "status").read_text()
        held = int(re.search(r"CapPrm:\s*(\w+)", status)[1], 16)
        assert held & ~1 == 0 and "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status, status
        kinds = {os.readlink(fd).split(":")[0] for fd in (giver / "fd").iterdir()}
        assert kinds <= {"socket", "/dev/null", "pipe"}, kinds
        os.kill(int(giver.name), signal.SIGKILL)
        h.alter()
        h.collector.wait_for("event=tokens-gone")
        h.collector.wait_for("event=receipt .*status=contraindicated")


# --- bound to a key ------------------------------------------------------------------------------

def jkt(jwk):
    """RFC 7638, of the members that it takes."""
    return base64.urlsafe_b64encode(hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode())
                                    .digest()).rstrip(b"=").decode()


def test_it_is_bound_to_the_workload_s_key():
    """As PEM and as JWK; an unbound one is given to nobody, and neither is one of another key."""
    with Host() as h:
        key = h.dir / "public"
        h.configure({"files": [h.file()], "key": str(key)}, interval_s=1)
        h.run()
        h.collector.wait_for("event=no-workload-key workload=app .*token.key")
        h.collector.wait_for("event=bad-token workload=app .*not bound to the workload's key")
        assert h.token() is None
        seen = None
        for private in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048),
                        ed25519.Ed25519PrivateKey.generate()):
            public = private.public_key()
            algorithm = {"EllipticCurvePublicKey": jwt.algorithms.ECAlgorithm, "RSAPublicKey": jwt.algorithms.RSAAlgorithm}
            for kind, of in algorithm.items():
                if kind in type(public).__name__:
                    jwk = of.to_jwk(public)
                    break
            else:
                jwk = jwt.algorithms.OKPAlgorithm.to_jwk(public)
            jwk = json.loads(jwk)
            wanted = jkt({k: v for k, v in jwk.items() if k in ("crv", "kty", "x", "y", "e", "n")})
            for text in (public.public_bytes(serialization.Encoding.PEM,
                                             serialization.PublicFormat.SubjectPublicKeyInfo), json.dumps(
                             {**jwk, "kid": "any", "use": "sig"}).encode()):
                h.write("next", text)
                os.rename(h.dir / "next", key)
                until(lambda: h.token() and (Service(h.site).takes(h.token()) or {}).get("cnf") == {"jkt": wanted},
                      lambda: (wanted, h.collector.lines[-3:]))
                seen = h.token()
        key.write_text("garbage")
        h.await_none(seconds=GONE_S)
        assert Service(h.site).takes(seen)["cnf"] == {"jkt": wanted}


# --- sockets -------------------------------------------------------------------------------------

WORKER = """
import os, socket, sys

def ask(path, audience="", child=False, handed=False):
    s = socket.socket(socket.AF_UNIX)
    if not child:
        s.connect(path)
    elif os.fork() == 0:
        s.connect(path)
        os._exit(0)
    else:
        os.wait()
        print('dead', flush=True)
    greeting = s.makefile().readline().split()
    if greeting[:2] != ["hallmark-token", "1"]:
        return " ".join(greeting)
    request = (" ".join([greeting[2], audience]).rstrip() + chr(10)).encode()
    if handed and os.fork() == 0:
        s.send(request)
        os._exit(0)
    if not handed:
        s.send(request)
    answer = s.makefile().readline().rstrip()
    if handed:
        os.wait()
    return answer

for line in sys.stdin:
    how, path, *audience = line.split()
    print(ask(path, *audience, child=how == "dead", handed=how == "handed"), flush=True)
"""


class Asking(Host):
    """The workload is a program that asks; others that do are strangers."""

    def begin(self):
        self.process = self.worker()
        self.write("pid", f"{self.process.pid}\n")
        self.path = str(self.tokens / "app.sock")

    def policy(self):
        program = os.path.realpath("/usr/bin/python3")
        self.judge_by({"known": sums([program])}, require=["executable"], executable={"references": ["known"]},
                      token=[{"profile": "test", "audience": a, "lifetime_s": self.lifetime_s} for a in (OWN, OTHER)])

    def worker(self, prefix=()):
        return self.start(*prefix, "/usr/bin/python3", "-c", WORKER)

    def ask(self, process=None, *audience, how="ask", path=None):
        return self.later(process, *audience, how=how, path=path)()

    def later(self, process=None, *audience, how="ask", path=None):
        process = process or self.process
        process.stdin.write(" ".join([how, path or self.path, *audience]).encode() + b"\n")
        process.stdin.flush()
        return lambda: process.stdout.readline().decode().rstrip("\n")

    def listen(self, interval_s=3600, **more):
        self.configure({"socket": self.path, "files": [self.file()], **more}, interval_s)
        path = self.site.path("collector.yaml")
        path.write_text(path.read_text() + "status: {socket: status.sock}\n")
        self.run()
        return self.await_token()

    def giver(self):
        giver, = (p for p in self.children(self.collector.pid) if (p / "comm").read_text() == "hallmark-tokens\n")
        return giver

    def counts(self):
        done = self.site.tool("hallmark-collector", "status", "-c", str(self.site.path("collector.yaml")), "--json",
                              check=False)
        return json.loads(done.stdout)["tokens"]

    def await_counts(self, **expected):
        until(lambda: {k: v for k, v in self.counts().items() if k in expected} == expected, lambda: self.counts())


def test_a_process_of_the_workload_gets_its_token():
    with Asking() as h:
        token = h.listen()
        word, expires, jws = h.ask().split(" ")
        claims = Service(h.site).takes(jws)
        assert (word, jws, int(expires)) == ("token", token, claims["exp"])
        other = h.ask(None, OTHER).split(" ")[2]
        assert Service(h.site, OTHER).takes(other)
        assert h.ask(None, "urn:nobody") == "no none"
        assert stat.S_IMODE(os.stat(h.path).st_mode) == 0o666
        h.await_counts(given=2, without=1, strangers=0, file_failures=0)
        assert h.collector.stop() == 0
        until(lambda: not os.path.exists(h.path), "the socket stays")


def test_strangers_get_none():
    """Of the same user; of another; who is handed the socket of one that may ask; who is none any more."""
    with Asking() as h:
        h.listen()
        strangers = [h.worker()]
        if can_be_others():
            h.dir.chmod(0o755)
            h.site.dir.chmod(0o755)
            strangers.append(h.worker(prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]))
        for process in strangers:
            assert h.ask(process) == "no stranger"
            time_of = time.monotonic()
            assert h.ask().startswith("token "), "who may ask waits for who may not"
            assert time.monotonic() - time_of < 2
        assert h.ask(how="handed") == "no stranger"
        h.await_counts(strangers=len(strangers) + 1, gone=0, given=len(strangers))
        giver = int(h.giver().name)
        os.kill(giver, signal.SIGSTOP)  # so that it looks when the one that has connected is dead
        answer = h.later(how="dead")
        assert h.process.stdout.readline() == b"dead\n"
        os.kill(giver, signal.SIGCONT)
        assert answer() == "no gone"
        h.await_counts(gone=1)
        h.write("pid", f"{strangers[0].pid}\n")  # who is meant is looked up each time
        assert h.ask() == "no stranger"


def test_another_control_group_is_another_s():
    if not control_groups.can_be_made():
        return
    with Asking() as h, control_groups.Groups() as groups:
        groups.put("/hallmark-tokens/app", h.process.pid)
        fellow, other = h.worker(), h.worker()
        groups.put("/hallmark-tokens/app", fellow.pid)
        groups.put("/hallmark-tokens/other", other.pid)
        h.configure({"socket": h.path, "files": [h.file()]})
        path = h.site.path("collector.yaml")
        path.write_text(re.sub(r"pid_file: .*", 'cgroup: "/hallmark-tokens/app"', path.read_text().replace(
            f'"pid_file": "{h.dir}/pid"', '"cgroup": "/hallmark-tokens/app"')))
        h.run()
        h.await_token()
        assert h.ask().startswith("token ") and h.ask(fellow).startswith("token ")
        assert h.ask(other) == "no stranger"
        groups.put("/hallmark-tokens/other", fellow.pid)
        assert h.ask(fellow) == "no stranger"


def test_a_fallen_verdict_leaves_nothing_to_give():
    with Asking(lifetime_s=300) as h:
        h.listen(interval_s=1)
        h.site.path("known.sha256").write_text(f"{64 * '1'}  {os.path.realpath('/usr/bin/python3')}\n")
        h.reload()
        until(lambda: h.ask() == "no none", "a token")


def test_what_is_no_request_is_refused():
    with Asking() as h:
        h.listen()

        def talk(make):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(h.path)
                nonce = s.makefile().readline().split()[2]
                s.sendall(make(nonce))
                return s.makefile().readline()

        for make in (lambda n: b"\n", lambda n: b"0" * 32 + b"\n", lambda n: n.encode() + b" \n",
                     lambda n: n.encode() + b" a b\n", lambda n: n.encode() + b"\nmore", lambda n: b"x" * 600,
                     lambda n: n.upper().encode() + b"0\n", lambda n: n.encode() + b" a\0b\n"):
            assert talk(make) == "no form\n"
        silent = [socket.socket(socket.AF_UNIX) for _ in range(20)]
        for s in silent:
            s.connect(h.path)
        until(lambda: h.counts()["busy"] >= 12, "more than may be there at once")
        until(lambda: h.ask().startswith("token "), "those that say nothing stay")
        for s in silent:
            s.close()
        h.await_counts(malformed=8)


def test_who_looks_at_processes_hears_no_stranger():
    with Asking() as h:
        h.listen()
        giver = h.giver()
        kin, = h.children(giver.name)
        assert (kin / "comm").read_text() == "hallmark-kin\n"
        held = [os.readlink(fd) for fd in (kin / "fd").iterdir()]
        own = {"/dev/null"}
        if os.environ["HALLMARK_BUILD"].endswith("san"):
            own.add(os.readlink(kin / "fd/2"))  # a sanitizer's report has to go somewhere
        assert len([fd for fd in held if fd not in own]) == 1, held  # that of the one that asks it
        assert "Seccomp:\t2" in (kin / "status").read_text()
        os.kill(int(kin.name), signal.SIGKILL)
        assert h.ask() == "no busy"  # nobody can tell who it is


if __name__ == "__main__":
    hallmark.run_tests("__main__")
