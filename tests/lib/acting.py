"""Hosts whose workloads may be frozen, stopped or cut off: collectors with control groups of the test's own, and
people who grant it."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import control_groups
import hallmark
import statements
from hallmark import Process, Site, to_yaml


NOBODY = 65534


def until(what, words):
    """Waits for it; `words` says what there is instead."""
    deadline, pause = time.monotonic() + hallmark.PATIENCE_S, threading.Event()
    while not what():
        assert time.monotonic() < deadline, words() if callable(words) else words
        pause.wait(0.02)


class Host:
    """One collector with some workloads, each a process in a control group of its own."""

    def __init__(self, site, number, workloads):
        self.site, self.number, self.names = site, number, [f"w{i}" for i in range(workloads)]
        self.identity = f"spiffe://test/host{number}"
        self.dir = site.fleet / f"h{number}"
        for name in ("state", "receipts", "memory", "grants"):
            (self.dir / name).mkdir(parents=True, mode=0o700)
        site.issue(f"host{number}", uri=self.identity)
        self.collector, self.processes = None, {}
        for name in self.names:
            self.begin(name)

    def group(self, name):
        return f"{self.site.top}/h{self.number}-{name}"

    def begin(self, name, program=None):
        process = subprocess.Popen(  # pylint: disable=R1732
            [program or self.site.program, "1000"], stdout=subprocess.DEVNULL)
        self.site.groups.put(self.group(name), process.pid)
        self.processes[name] = process

    def restart(self, name):
        self.processes[name].kill()
        self.processes[name].wait()
        self.begin(name)

    def configure(self, acts=("freeze",), limit=10, keys=None, interval_s=2, named=None, bounds=None, **top):
        """`acts`: words, of which each is done to the workload's group, or mappings."""
        def entry(name, act):
            return act if isinstance(act, dict) else {"act": act, "group": self.group(name)}

        for i, key in enumerate(self.site.people if keys is None else keys):
            key.write_public(self.dir / f"key{i}.pem")
        count = len(self.site.people if keys is None else keys)
        self.dir.joinpath("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test",
                         "log_certificate": str(self.site.path("log.crt"))}],
            "tls": {"certificate": str(self.site.path(f"host{self.number}.crt")),
                    "key": str(self.site.path(f"host{self.number}.key")),
                    "signer_ca": str(self.site.path("collectors-ca.crt"))},
            "state": "state", "receipts": "receipts", "sign_every_s": 0, "interval_s": interval_s,
            "jitter_percent": 0, "status": {"socket": "status.sock"},
            "acts": {"keys": [f"key{i}.pem" for i in range(count)], "grants": "grants", "memory": "memory",
                     "limit": limit, **(bounds or {})},
            "workloads": [{"name": name, "cgroup": self.group(name), "measure": ["executable"],
                           **({"acts": [entry(name, act) for act in acts]} if acts else {})}
                          for name in named or self.names],
            **top}))

    def run(self, prefix=()):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.dir / "collector.yaml")],
                                 self.site.env, prefix)
        self.site.processes.append(self.collector)
        return self.collector

    def run_as_nobody(self, capabilities):
        """As systemd starts it: a user of its own, with capabilities."""
        for path in [self.dir, *self.dir.rglob("*"), self.site.path(f"host{self.number}.key")]:
            os.chown(path, NOBODY, NOBODY)
        return self.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                         f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"])

    def receipts(self, name):
        """Reports of the workload, oldest first."""
        for path in sorted((self.dir / "receipts").glob(f"{name}-*.tlog-proof")):
            yield base64.b64decode(path.read_text().split("\n")[1].removeprefix("extra "))

    def verdicts(self, name):
        return [next(iter(json.loads(r)["submods"].values()))["ear.status"] for r in self.receipts(name)]

    def await_verdict(self, name, verdict):
        until(lambda: (self.verdicts(name) or [None])[-1] == verdict,
              lambda: (self.verdicts(name), self.collector.lines[-5:]))

    def await_reports(self, name, count=2):
        had = len(self.verdicts(name))
        until(lambda: len(self.verdicts(name)) >= had + count, lambda: self.collector.lines[-5:])

    def await_line(self, *words, count=1):
        until(lambda: len(self.lines(*words)) >= count, lambda: (words, self.collector.lines[-8:]))
        return self.lines(*words)

    def lines(self, *words):
        return [line for line in self.collector.lines if all(w in line for w in words)]

    def newest(self, name):
        """Leaf hash (hex) of the newest report that there is a receipt of."""
        return hashlib.sha256(b"\0" + list(self.receipts(name))[-1]).hexdigest()

    def fallen(self, name):
        """Leaf hash (hex) of the report with which it fell, as the log line says it."""
        line = self.await_line("event=act-waits", f"workload={name} ")[-1]
        return line.split("report=", 1)[1].split()[0]

    def is_frozen(self, name):
        return "frozen 1" in (self.site.groups.make(self.group(name)) / "cgroup.events").read_text()

    def await_frozen(self, name, frozen=True):
        until(lambda: self.is_frozen(name) == frozen, lambda: self.collector.lines[-8:])

    def status(self):
        done = self.site.tool("hallmark-collector", "status", "-c", str(self.dir / "collector.yaml"), "--json",
                              check=False)
        return json.loads(done.stdout)["acts"]

    def await_status(self, **wanted):
        until(lambda: wanted.items() <= self.status().items(),
              lambda: (self.status(), self.collector.lines[-5:]))

    def actions(self, name):
        found = []
        for report in self.receipts(name):
            bundle = json.loads(report)["hallmark.bundle"]
            if "extensions" in bundle:
                data = base64.urlsafe_b64decode(bundle["extensions"] + "===")
                found += self.site.extension_map(data).get("actions", [])
        return found

    def statement(self, kind, subject, key=None, **more):
        now = int(time.time())
        self.site.numbers += 1
        return statements.make(key or self.site.people[0], kind, subject, **{
            "origin": self.site.origin, "not_before": now - 60, "not_after": now + 600, "reason": "INC-7",
            "author": "ann", "number": self.site.numbers, **more})

    def grant(self, name, report, key=None, act="freeze", subject=None, **more):
        return self.statement("act-grant", {"act": act, "collector": self.identity, "report": report,
                                            "workload": name, **(subject or {})}, key, **more)

    def put(self, name, data):
        """As an operator does: under another name first."""
        path = self.dir / "grants" / name
        path.with_name("." + name).write_bytes(data)
        path.with_name("." + name).rename(path)
        return path

    def children(self, name, of=None):
        """Pids of processes of this name below the collector."""
        found = []
        for pid in pathlib.Path(f"/proc/{of or self.collector.pid}/task/{of or self.collector.pid}/children") \
                .read_text().split():
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(int(pid))
            found += self.children(name, int(pid))
        return found

    def end(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


class Hosts(Site):
    """Hosts, a signer that knows their one program, and two people."""

    def __init__(self, hosts=1, workloads=1, known=(), **options):
        import second_auditor  # pylint: disable=import-outside-toplevel
        super().__init__(**options)
        self.extension_map = second_auditor.extension_map
        self.groups, self.numbers = control_groups.Groups(), int(time.time() * 1000)
        self.top = f"/hallmark-acts-{os.getpid()}"
        self.fleet = self.path("fleet")
        self.fleet.mkdir(mode=0o755)
        self.dir.chmod(0o755)
        self.program = self.fleet / "app"
        shutil.copy("/usr/bin/sleep", self.program)
        self.people = [statements.Key(), statements.Key("ed25519")]
        self.write_policy(match="w*", max_age_s=300, reference="".join(
            f"{hashlib.sha256(pathlib.Path(p).read_bytes()).hexdigest()}  {p}\n" for p in (self.program, *known)))
        self.signer = self.start_signer()
        self.hosts = [Host(self, i, workloads) for i in range(hosts)]

    def fall(self):
        """All programs are of another file than stands there."""
        shutil.copy("/usr/bin/env", self.fleet / "evil")
        os.rename(self.fleet / "evil", self.program)

    def rise(self):
        shutil.copy("/usr/bin/sleep", self.fleet / "again")
        os.rename(self.fleet / "again", self.program)

    def __exit__(self, *all_of_them):
        for host in self.hosts:
            for name in host.names:
                group = control_groups.TOP / host.group(name).lstrip("/")
                if (group / "cgroup.freeze").exists():
                    (group / "cgroup.freeze").write_text("0")
            host.end()
        super().__exit__(*all_of_them)
        self.groups.__exit__(*all_of_them)


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    until(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T", "it runs")
