"""What a log says beside its reports, read from the document alone: entries with their places, notices,
what is in force behind each, and absences. Times are moved by a wall clock of the test's
(wallclock.py)."""

import hashlib
import json
import time

import hallmark
import rederivation
import statements
import wire
from hallmark import APP, ORIGIN
from logimage import published, read_log
from wallclock import WallClock

ABSENCE = "tag:github.com,2026:hallmark/absence#1"
LOOK_S = 9  # the clock may go on by so much at once: more is time in which no bundles were taken


class Entry:
    def __init__(self, index, data):
        self.index, self.data = index, data
        self.claims = json.loads(data)
        self.iat = self.claims["iat"]
        self.notice = self.claims.get("hallmark.notice")
        self.is_notice = isinstance(self.notice, str)
        self.is_absence = self.claims.get("eat_profile") == ABSENCE
        self.is_report = not self.is_notice and not self.is_absence
        self.leaf = wire.leaf_hash(data).hex()

    def place(self):
        return {"index": self.index, "leaf": self.leaf}

    def subject(self):
        return self.claims["hallmark.subject"]

    def absent(self):
        """{workload: what is said of it}"""
        return {a["workload"]: a for a in self.claims["hallmark.absent"]}


def entries(site):
    return [Entry(index, data) for index, data in enumerate(read_log(site))]


def check(site):
    """What holds for every log, and the log: times fall by clock statements alone, everything names the newest notice
    before it, each notice has what is in force behind it, absences are right."""
    log = entries(site)
    newest, last, state = None, 0, InForce(site)
    for entry in log:
        before, last = last, entry.iat
        assert last >= before or entry.notice == "statement" and entry.subject()["kind"] == "clock"
        named = entry.claims.get("hallmark.previous-notice") if entry.is_notice else entry.notice
        assert named == (newest.place() if newest else None), entry.claims
        if entry.is_notice:
            newest = entry
            state.take(entry, before)
        if entry.is_absence:
            check_absence(entry, log)
    assert [entry.notice for entry in log[:3]] == ["start", "token", "manifest"]
    return log


class InForce:
    """Made again notice by notice, from the statements themselves."""

    def __init__(self, site):
        self.store = rederivation.Store(site.path("evidence"))
        self.manifest, self.operators = None, None
        self.numbers, self.statements, self.feeds = {}, {}, {}

    def take(self, notice, before):
        """`before`: iat of the entry before."""
        subject, iat = notice.claims["hallmark.subject"], notice.iat
        if notice.notice == "manifest":
            wanted = statements.approvals(self.statements.values(), manifest=subject["sha256"],
                                          operators=self.operators, iat=iat)
            assert len(subject["approvals"]) == len(wanted), (subject, wanted)
            chosen = [self.statements[name] for name in subject["approvals"]]
            assert statements.approvals(chosen, manifest=subject["sha256"],
                                        operators=self.operators, iat=iat) == subject["approvals"]
            self.manifest = subject["sha256"]
            self.statements = {name: data for name, data in self.statements.items()
                               if statements.Statement(data).kind != "approve"}
            self.operators = self.operators_of(self.store.get(4, self.manifest).decode())
        if notice.notice == "feed":
            assert subject["written"] <= iat
            self.feeds[subject["name"]] = f"{subject['sha256']} {subject['written']}"
        if notice.notice == "statement":
            self.take_statement(self.store.get(7, subject["sha256"]), subject, iat, before)
        self.statements = {name: data for name, data in self.statements.items()
                           if statements.Statement(data).not_after > iat}
        assert self.text() == self.store.get(6, notice.claims["hallmark.in-force"])

    def take_statement(self, data, subject, iat, before):
        said = statements.Statement(data)
        assert statements.judge(data, origin=ORIGIN, operators=self.operators, iat=iat,
                                last_number=self.numbers.get(said.key_id, 0),
                                in_force=self.statements, before=before) == 0
        assert subject == {"sha256": said.name, "kind": said.kind, "key": said.key_id,
                           "number": said.number}
        self.numbers[said.key_id] = said.number
        if said.kind == "revoke":
            self.statements.pop(said.subject.get("statement"), None)
        self.statements[said.name] = data

    def operators_of(self, manifest):
        lines = [line.split(" ") for line in manifest.split("\n")]
        named = [line[2] for line in lines if line[0] == "operators"]
        return statements.Operators(self.store.get(8, named[0]).decode()) if named else None

    def text(self):
        lines = [f"manifest {self.manifest}"] if self.manifest else []
        lines += [f"feed {name} {said}" for name, said in self.feeds.items()]
        lines += [f"number {key} {number}" for key, number in self.numbers.items()]
        lines += [f"statement {name} {statements.Statement(data).kind}"
                  for name, data in self.statements.items()]
        return "".join(f"{line}\n" for line in ["hallmark in force v1", *sorted(lines)]).encode()


def check_absence(entry, log):
    claims = entry.claims
    said = f"hallmark absence v1\n{claims['iss']}\n{claims['sub']}\n" + "".join(
        f"{a['workload']} {a['due']} {a['count']}\n" for a in claims["hallmark.absent"])
    assert claims["jti"] == hashlib.sha256(said.encode()).hexdigest()
    names = [a["workload"].encode() for a in claims["hallmark.absent"]]
    assert names == sorted(set(names)) and 1 <= len(names) <= 128
    for name, absent in entry.absent().items():
        assert absent["due"] < entry.iat
        chain = [e for e in log[:entry.index] if speaks_of(e, claims["sub"], name)]
        reports = [e for e in chain if e.is_report]
        assert absent["report"] == reports[-1].index, absent
        assert absent["count"] == len(chain) - chain.index(reports[-1]), absent
        assert absent["previous-report"] == chain[-1].leaf, absent


def speaks_of(entry, collector, workload):
    if entry.is_notice or entry.claims["sub"] != collector:
        return False
    return workload in (entry.absent() if entry.is_absence else entry.claims["submods"])


def notices_of(log, kind):
    return [e for e in log if e.notice == kind]


def absences_of(log):
    return [e for e in log if e.is_absence]


class Time:
    """The wall clock of a site's signer: it stands where the test puts it."""

    def __init__(self, site):
        if not site.path("log.crt").exists():
            site.init_key()
        self.site, self.clock = site, WallClock(site)
        self.now = int(time.time())
        self.clock.stop(self.now)

    def start(self):
        plain, self.site.env = self.site.env, {**self.site.env, **self.clock.env}
        try:
            return self.site.start_signer()
        finally:
            self.site.env = plain

    def make(self, collector, workload="app", components=None, **changes):
        return collector.make(workload, components or APP, time_ms=self.now * 1000, **changes)

    def submit(self, collector, workload="app", components=None, **changes):
        return collector.submit(workload, components or APP, time_ms=self.now * 1000, **changes)

    def jump(self, seconds):
        self.now += seconds
        self.clock.stop(self.now)

    def go_on(self, seconds):
        """So that the signer sees every step: it looks around four times a second."""
        while seconds > 0:
            step = min(seconds, LOOK_S)
            self.jump(step)
            seconds -= step
            self.wait()

    def wait(self):
        deadline = time.monotonic() + hallmark.PATIENCE_S
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now))
        while ((status := self.site.status())["log_time"] or "") < now:
            assert time.monotonic() < deadline, status


def settled(site):
    """The log when all that was staged is published."""
    published(site, site.status()["log_size"])
    return check(site)
