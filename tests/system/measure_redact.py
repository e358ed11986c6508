#!/usr/bin/python3
"""What must not leave the host: hidden under a key that stays there, appraised and replayed without it."""

import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import yaml

import second_measure
import second_redaction
from hallmark import PATIENCE_S, Process, Site, program, run_tests, to_yaml
from measured import AS_NOBODY, Measured, can_be_others
from rederivation import Store

PASSWORD = "correct-horse-battery"
TENANT = "tenant-of-the-north"
SHOWN = "venue-of-the-south"  # the same search finds it
RULES = [
    {"kind": "runtime", "fact": "arguments", "value": "--password=*"},
    {"kind": "runtime", "fact": "arguments", "after": "-p"},
    {"kind": "runtime", "fact": "environment", "value": "DB_*"},
    {"kind": "runtime", "fact": "cwd"},
    {"kind": "config", "fact": "app:*.password"},
    {"kind": "files", "path": "*/tenant-*"},  # patterns are told: they are to have no secret themselves
]
SCRIPT = "import sys; print('ready', flush=True); sys.stdin.read()"


def new_key(path):
    secret = secrets.token_bytes(32)
    path.write_text(secret.hex() + "\n")
    path.chmod(0o600)
    return secret


def redact(key, *names, stdin="", status=0):
    done = subprocess.run([program("hallmark-collector"), "redact", *names, "--key", str(key)], input=stdin,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done
    return done.stdout if status == 0 else done.stderr


class Workload:
    """Has one password in its arguments, environment, configuration and in a file, and a name in its
    directory that says for whom it works."""

    def __init__(self, directory):
        self.data = directory / TENANT
        self.data.mkdir()
        (self.data / "token").write_text(PASSWORD)
        (directory / "app.json").write_text(json.dumps({"db": {"password": PASSWORD, "host": SHOWN},
                                                        "k" * 70: {"password": PASSWORD}}))
        self.pid_file, self.child = directory / "pid", None
        self.described = {
            "name": "app", "measure": ["runtime", "config", "files"], "pid_file": str(self.pid_file),
            "environment": ["DB_PASSWORD", "VENUE"], "files": [f"{directory}/tenant-*/*", f"{directory}/app.json"],
            "config": [{"name": "app", "form": "json", "file": str(directory / "app.json")}], "redact": RULES}
        self.start()

    def start(self, password=PASSWORD):
        self.end()
        self.child = subprocess.Popen(
            ["/usr/bin/python3", "-c", SCRIPT, f"--password={password}", "-p", password, f"--venue={SHOWN}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.data,
            env={"DB_PASSWORD": password, "VENUE": SHOWN})
        assert self.child.stdout.readline() == b"ready\n"
        self.pid_file.write_text(f"{self.child.pid}\n")

    def end(self):
        if self.child:
            self.child.kill()
            self.child.communicate()


class Hidden:
    """That workload, its collector, a signer, and a policy that was made with the key."""

    def __init__(self):
        self.site = Site(report={"lifetime_s": 1000})
        self.key = self.site.path("redaction.key")
        self.secret = new_key(self.key)
        self.site.issue("host1", uri="spiffe://test/host1")
        for name in ("state", "receipts"):
            self.site.path(name).mkdir()
        self.workload = Workload(self.site.dir)
        self.config = self.site.path("collector.yaml")
        self.config.write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test"}],
            "tls": {"certificate": "host1.crt", "key": "host1.key", "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 1, "sign_every_s": 0, "jitter_percent": 0,
            "redaction_key": "redaction.key", "workloads": [self.workload.described]}))
        self.site.write_policy(self.policy(self.key))

    def policy(self, *keys):
        """With what each key hides it as. Of the key of the configuration that is long, the name is a value."""
        def of(kind, fact, value):
            return [redact(key, kind, fact, stdin=value + "\n").strip() for key in keys]

        sums = "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p}\n"
                       for p in (self.site.path("app.json"), self.workload.data / "token"))
        self.site.path("files.sha256").write_text("".join(
            redact(key, "set", "*/tenant-*", stdin=sums) for key in keys))
        allow = {"runtime": {
            "arguments": ["/usr/bin/python3", "-c", "import sys*", *of("runtime", "arguments", "--password=" + PASSWORD),
                          "-p", *of("runtime", "arguments", PASSWORD), "--venue=*"],
            "environment": [*of("runtime", "environment", f"DB_PASSWORD={PASSWORD}"), "VENUE=*"],
            "cwd": of("runtime", "cwd", str(self.workload.data))},
            "config": {"app:db.password": of("config", "app:db.password", f'"{PASSWORD}"'), "app:db.host": ["*"]}}
        return to_yaml({"name": "hidden", "references": [{"name": "files", "file": "files.sha256"}], "workloads": [
            {"match": "*", "collectors": ["spiffe://test/*"], "files": {"references": ["files"]},
             **{kind: {"facts": [{"name": n, "allow": v} for n, v in facts.items()]}
                for kind, facts in allow.items()}}]})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.workload.end()
        self.site.__exit__()

    def once(self):
        """The codes of the newest report, and all that was said."""
        done = self.site.tool("hallmark-collector", "once", "-c", str(self.config))
        newest = max(self.site.path("receipts").iterdir())
        report = json.loads(self.site.audit("show", str(newest), "--json").stdout)["submods"]["app"]
        return report["ear.status"], {f["code"] for f in report["hallmark.findings"]}, done.stdout + done.stderr

    def reload(self, signer, policy):
        start = len(signer.lines)
        self.site.write_policy(policy)
        signer.signal(1)
        assert "event=reloaded" in signer.wait_for("event=reload", start)

    def left(self, *said):
        """All bytes that left the collector, each under where they were found."""
        found = {str(p): p.read_bytes() for name in ("state", "receipts", "log")
                 for p in self.site.path(name).rglob("*") if p.is_file()}
        found.update({f"evidence {k}": v for k, v in Store(self.site.path("evidence")).contents.items()
                      if b"files.sha256" not in v})
        return {**found, "index": self.site.path("index.db").read_bytes(), "said": "".join(said).encode()}

    def assert_hidden(self, left):
        digest = hashlib.sha256(PASSWORD.encode()).digest()
        for word in (PASSWORD.encode(), TENANT.encode(), digest, digest.hex().encode(), self.secret,
                     self.secret.hex().encode()):
            assert not [place for place, data in left.items() if word in data], word


def test_components_are_those_of_another_hand():
    with Measured() as host:
        secret = new_key(host.dir / "key2")
        workload = Workload(host.dir)
        host.options = {"redaction_key": "key2"}
        options = {k: v for k, v in workload.described.items() if k not in ("name", "measure")}
        try:
            got = host.measure("runtime", "config", "files", **options)["components"]
            pid, files = workload.child.pid, options["config"][0]
            key = second_redaction.Key(secret)
            for kind, plain in (
                    ("runtime", second_measure.runtime_of(pid, options["environment"])),
                    ("files", second_measure.files_of(options["files"])),
                    ("config", second_measure.config_of(pid, [(files["name"], files["form"], files["file"], [])]))):
                assert got[kind]["sha256"] == second_redaction.redacted(plain, key, RULES).digest.hex(), (
                    got[kind], plain.items)
        finally:
            workload.end()


def test_a_link_to_what_is_hidden_tells_nothing_of_it():
    with Measured() as host:
        new_key(host.dir / "key2")
        process = host.start("/usr/bin/python3", "-c", SCRIPT, ready=True)
        host.options = {"redaction_key": "key2"}
        token = host.write("tenant-café/token", PASSWORD)
        far = host.write("/".join(["tenant-" + "f" * 240] * 4) + "/token", PASSWORD)
        shown = host.write("shown/plain")
        (host.dir / "links").mkdir()
        for name, target in (("near", token), ("far", far), ("other", shown)):
            (host.dir / "links" / name).symlink_to(target)
        rule = {"kind": "files", "path": "*/tenant-café/*"}
        done = host.call("files", pid=process.pid, files=[f"{host.dir}/links/*"], follow=True, redact=[rule])
        files = json.loads(done.stdout)["components"]["files"]
        found = [i for i in files["items"] if not i["path"].startswith("hmac-sha256:")]
        assert [i["path"] for i in found] == [f"{host.dir}/links/other"], found
        for word in ("tenant-caf%", "/tenant-f", hashlib.sha256(PASSWORD.encode()).hexdigest(),
                     hashlib.sha256(os.fsencode(far)).hexdigest()):
            assert word not in json.dumps(files["items"]), word


def test_nothing_of_it_leaves_and_all_of_it_is_judged():
    with Hidden() as h:
        signer = h.site.start_signer()
        status, codes, said = h.once()
        assert (status, codes) == ("affirming", set()), codes
        left = h.left(said)
        assert any(SHOWN.encode() in data for data in left.values())
        h.assert_hidden(left)
        assert signer.stop() == 0
        h.key.unlink()  # who replays has none
        log, evidence, certificate = (str(h.site.path(n)) for n in ("log", "evidence", "log.crt"))
        told = h.site.audit("replay", "--log", log, "--evidence", evidence, "--cert", certificate, "--all",
                            check=False).stdout
        assert "1 the same, 0 different, 0 not possible" in told and "1 affirming" in told, told


def test_what_is_spooled_is_hidden():
    with Hidden() as h:
        signer = h.site.start_signer()
        h.once()
        assert signer.stop() == 0
        h.workload.start()  # so that there is something new to keep
        collector = Process("hallmark-collector", ["run", "-c", str(h.config)], os.environ)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not any(SHOWN.encode() in data for place, data in h.left().items() if "/state/" in place):
                assert time.monotonic() < deadline, list(h.left())
            collector.stop()
            h.assert_hidden(h.left("".join(collector.lines)))
        finally:
            collector.end()


def test_another_password_is_told_and_another_key_is_no_other_password():
    with Hidden() as h:
        signer = h.site.start_signer()
        h.workload.start("battery-staple")
        assert h.once()[:2] == ("contraindicated", {"redacted-fact"})
        h.workload.start()
        assert h.once()[0] == "affirming"
        old = h.site.path("old.key")
        h.key.rename(old)
        h.secret = new_key(h.key)
        status, codes, _ = h.once()
        assert (status, codes) == ("contraindicated", {"redacted-fact", "unknown-file", "missing-file"}), codes
        h.reload(signer, h.policy(old, h.key))  # while keys change, both are good
        status, codes, said = h.once()
        assert (status, codes) == ("contraindicated", {"missing-file"}), codes
        h.reload(signer, h.policy(h.key))
        status, codes, said = h.once()
        assert (status, codes) == ("affirming", set()), codes
        h.assert_hidden(h.left(said))
        assert signer.stop() == 0


def test_without_its_key_nothing_is_measured():
    with Hidden() as h:
        signer = h.site.start_signer()
        h.once()
        h.key.chmod(0o640)
        status, codes, said = h.once()
        assert (status, codes) == ("contraindicated", {"unmeasured"}), codes
        assert "closed to group and others" in said and "chmod 0600" in said, said
        check = h.site.tool("hallmark-collector", "check", "-c", str(h.config), check=False)
        assert check.returncode == 1 and "closed to group and others" in check.stderr, check
        h.assert_hidden(h.left(said))
        assert signer.stop() == 0


def test_words_of_what_goes_wrong_hide_paths_too():
    with Measured() as host:
        new_key(host.dir / "key2")
        host.options = {"redaction_key": "key2"}
        host.write(f"{TENANT}/shown", bytes(2 << 20))
        asked = {"pid": os.getpid(), "files": [f"{host.dir}/*/*"], "budgets": {"mebibytes_read": 1}}
        told = host.refused("files", **asked)
        assert "mebibytes_read: 1" in told and f"{TENANT}/shown" in told, told
        told = host.refused("files", **asked, redact=[{"kind": "files", "path": "*/tenant-*"}])
        assert "mebibytes_read: 1" in told and "hmac-sha256:" in told and TENANT not in told, told


def test_a_rule_that_hides_nothing_is_said_to_who_looks():
    with Hidden() as h:
        def notes():
            h.config.write_text(to_yaml({**yaml.safe_load(h.config.read_text()), "workloads": [h.workload.described]}))
            done = h.site.tool("hallmark-collector", "measure", "app", "-c", str(h.config))
            return done.stderr.splitlines()

        assert notes() == []
        for before, slip in ((RULES, {"kind": "runtime", "fact": "argument", "value": "--password=*"}),
                             (RULES, {"kind": "host", "fact": "hostname"}),
                             ([], {"kind": "runtime", "fact": "arguments", "value": "--pasword=*"}),
                             ([], {"kind": "files", "path": "*/tenants-*"})):
            h.workload.described["redact"] = [*before, slip]
            told, = notes()
            assert "hides nothing" in told, told
            assert f'"redact" of {slip["kind"]} {slip.get("fact") or slip["path"]}' in told, told


def test_a_key_of_roots_is_read_by_who_measures_alone():
    """By a capability that the process that speaks to signers does not have."""
    if not can_be_others():
        return
    with Measured() as host:
        new_key(host.dir / "key2")
        host.options = {"redaction_key": "key2"}
        host.give_to_nobody()
        asked = {"pid": os.getpid(), "redact": [{"kind": "host", "fact": "hostname"}]}
        less, more = ([*AS_NOBODY, f"--inh-caps={names}", f"--ambient-caps={names}"]
                      for names in ("+sys_ptrace", "+sys_ptrace,+dac_read_search"))
        told = host.refused("host", prefix=less, **asked)
        assert "key2: Permission denied" in told, told
        done = host.call("host", prefix=more, **asked)
        assert done.returncode == 0 and os.uname().nodename not in str(
            [i["values"] for i in json.loads(done.stdout)["components"]["host"]["items"] if i["name"] == "hostname"])


def test_the_rules_of_the_sample_are_taken():
    text = (pathlib.Path(__file__).resolve().parents[2] / "config/samples/collector.yaml").read_text()
    block = text[text.index("    # redact:"):text.index("    # What measuring it once")]
    rules = yaml.safe_load("".join(line[6:] + "\n" for line in block.splitlines()))["redact"]
    assert {w for r in rules for w in r} == {"kind", "path", "fact", "value", "after"}
    with Measured() as host:
        new_key(host.dir / "key2")
        host.options = {"redaction_key": "key2"}
        found = host.measure("runtime", pid=os.getpid(), redact=rules)["components"]["runtime"]
        assert [r for r in rules if r["kind"] == "runtime"] and found["made"], found


def test_the_tool_makes_what_policies_have():
    with Measured() as host:
        path = host.dir / "redaction.key"
        key = second_redaction.Key(new_key(path))
        assert redact(path, "id") == f"{key.id}\n"
        a, b = (key.hidden(b"runtime", b"arguments", v).decode() for v in (b"a b", b""))
        assert redact(path, "runtime", "arguments", stdin="a b\n\n") == f"{a}\n{b}\n"
        both = key.hidden(b"config", b"app:x", b"a b\n\n").decode()
        assert redact(path, "config", "app:x", "--whole", stdin="a b\n\n") == f"{both}\n"
        digest = bytes(range(32))
        line, odd = f"{digest.hex()} */opt/x\n", f"\\{digest.hex()}  /srv/a\\nb\n"
        hidden = key.mac(b"content", b"/srv/a\nb", digest).hex()
        assert redact(path, "set", "/srv/*", "/none", stdin=line + odd) == (
            f"{line}{hidden}  {key.hidden(b'path', b'', b'/srv/a' + bytes([10]) + b'b').decode()}\n")
        target = hashlib.sha256(b"to x").digest()
        own = f"file {digest.hex()} /opt/x mode=0644\n", "link to\\sx /srv/a uid=7\n"
        hidden = key.mac(b"content", b"/srv/a", target).hex()
        assert redact(path, "set", "/srv/*", stdin="".join(own)) == (
            f"{own[0]}link {hidden} {key.hidden(b'path', b'', b'/srv/a').decode()} uid=7\n")
        for names, stdin, status, words in (
                (["id", "x"], "", 2, "nothing behind id"), (["runtime"], "", 2, "a fact's name"),
                (["files", "x"], "", 2, "a kind of facts"), (["runtime", "a", "b"], "", 2, "a kind of facts"),
                (["set"], "", 2, "patterns of paths"), (["set", "\\n"], "", 2, "in a pattern"),
                (["set", "*"], line + "x\n", 1, "line 2"), (["set", "*"], line.replace("/opt", "opt"), 1, "line 1"),
                (["set", "*"], line.replace("x", "\\x"), 1, "line 1")):
            told = redact(path, *names, stdin=stdin, status=status)
            assert words in told, (names, told)
        path.chmod(0o604)
        assert "closed to group" in redact(path, "id", status=1)


if __name__ == "__main__":
    run_tests(__name__)
