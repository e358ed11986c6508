#!/usr/bin/python3
"""A signer that is away for a moment: what is fresh goes first when it is back, what was measured
meanwhile follows as gap records, which keep their place in the past and move nothing of the present."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import status
import wire
from hallmark import APP, EVIL, PATIENCE_S, Process, Site, run_tests, to_yaml

HOST = "spiffe://test/host1"
NAMES = ("app", "other")


class Away:
    """A real signer and a real collector, which measures a process each second, as two workloads."""

    def __init__(self, **policy):
        self.site = Site()
        self.measured = self.site.path("measured").resolve()
        shutil.copy("/bin/sleep", self.measured)
        self.workload = subprocess.Popen([self.measured, "3600"])
        known = hashlib.sha256(self.measured.read_bytes()).hexdigest()
        self.site.write_policy(reference=f"{known}  {self.measured}\n", grace_s=60, **policy)
        self.site.issue("host1", uri=HOST)
        for name in ("state", "receipts"):
            self.site.path(name).mkdir(mode=0o700)
        self.write()
        self.signer = self.site.start_signer()
        self.collector = self.run()

    def write(self, **changes):
        self.site.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test",
                         "log_certificate": "log.crt"}],
            "tls": {"certificate": "host1.crt", "key": "host1.key",
                    "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 1, "jitter_percent": 0,
            "farewell": "none",
            "workloads": [{"name": n, "executable": str(self.measured),
                           "measure": ["executable"]} for n in NAMES], **changes}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.workload.kill()
        self.workload.wait()
        self.site.__exit__()

    def run(self):
        process = Process("hallmark-collector", ["run", "-c", str(self.site.path("collector.yaml"))],
                          self.site.env)
        self.site.processes.append(process)
        return process

    def stop_signer(self, waiting=2):
        """Until so many bundles of each workload wait."""
        assert self.signer.stop() == 0
        start = len(self.collector.lines)
        for name in NAMES:
            self.collector.wait_for(f"event=spooled workload={name} waiting=[{waiting}-9]", start)

    def start_signer(self):
        self.signer = self.site.start_signer()

    def reports(self):
        """The bundles that the log has, by workload; the index and the status with each."""
        found = {n: [] for n in NAMES}
        for index, entry in enumerate(logimage.read_log(self.site)):
            claims = json.loads(entry)
            for name, verdict in claims.get("submods", {}).items():
                found[name].append((index, verdict["ear.status"], claims["hallmark.bundle"]))
        return found

    def until_drained(self):
        deadline = time.monotonic() + PATIENCE_S
        while any(self.queued(n) for n in NAMES):
            assert time.monotonic() < deadline, "something waits for ever"
            self.site.status()

    def queued(self, name):
        return sum(p.stat().st_size for p in self.site.path("state").rglob(f"{name}.queue"))

    def audit(self):
        arguments = ["--log", str(self.site.path("log")), "--evidence",
                     str(self.site.path("evidence")), "--cert", str(self.site.path("log.crt"))]
        self.site.audit("fsck", *arguments)
        return self.site.audit("replay", *arguments, "--all").stdout

    def verdicts(self):
        return status.whole(self.site)["verdicts"]


def extension(bundle):
    text = bundle.get("extensions", "")
    return msgpack.unpackb(wire.base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def in_one_chain(reports, restarts=1):
    """Each workload's: what is fresh is affirming and not behind what waited; gap records follow, in the
    order of their times, and name the bundle that was the last before them."""
    for found in reports.values():
        bundles = [b for _, _, b in found]
        assert [b["seq"] for b in bundles] == list(range(1, len(bundles) + 1))
        newest, last_gap, gaps = None, (0, 0), set()
        for _, status, b in found:
            if not b["offline"]:
                assert status == "affirming", found
                newest, before = b, newest
                continue
            gap = extension(b)["gap"]
            assert status == "warning" and gap < newest["seq"], found
            assert b["time"] < newest["time"] and (gap, b["time"]) > last_gap, found
            last_gap = gap, b["time"]
            gaps.add(gap)
        assert len(gaps) >= restarts, found


def no_worse_than(lines, worst="info"):
    """No line of the collector's is worse."""
    bad = [line for line in lines if "level=error" in line or "level=warning" in line]
    assert not bad, bad


def test_a_restart_is_no_alarm_and_what_is_fresh_goes_first():
    with Away() as a:
        for name in NAMES:
            a.collector.wait_for(f"event=receipt workload={name}")
        a.stop_signer()
        start = len(a.collector.lines)
        a.start_signer()
        a.collector.wait_for("event=connected", start)
        connected, seen = time.monotonic(), []
        while sum("event=receipt" in line and "status=affirming" in line
                  for line in a.collector.lines[start:]) < len(NAMES):
            assert time.monotonic() < connected + 5, "nothing fresh within seconds"
            seen.append(a.verdicts())
        a.until_drained()
        seen.append(a.verdicts())
        assert all(v["affirming"] == len(NAMES) for v in seen), seen
        counters = a.site.status()["counters"]
        assert counters["gap_records"] >= 4 and counters["reports_warning"] == 0, counters
        first = {n: next(line for line in a.collector.lines[start:] if f"receipt workload={n}" in line)
                 for n in NAMES}
        assert all("status=affirming" in line for line in first.values()), first
        no_worse_than(a.collector.lines)
        assert a.collector.stop() == 0 and a.signer.stop() == 0
        assert not any("event=verdict" in line or "event=gap" in line for line in a.signer.lines)
        assert not any("level=error" in line for line in a.signer.lines)
        in_one_chain(a.reports())
        assert re.search(r"\b[1-9][0-9]* warning", a.audit())


def test_killed_at_every_step_the_chain_goes_on():
    """The collector: with what was sent and not answered, with the fresh one in front, in the middle of
    what waits; and the signer as well."""
    with Away() as a:
        for name in NAMES:
            a.collector.wait_for(f"event=receipt workload={name}")
        for step in ("event=connected", "event=receipt .*status=affirming", "event=receipt .*gap=",
                     "event=receipt .*gap="):
            a.stop_signer()
            start = len(a.collector.lines)
            a.start_signer()
            a.collector.wait_for(step, start)
            a.collector.kill()
            if step.endswith("gap="):
                a.signer.kill()
                a.start_signer()
            a.collector = a.run()
            a.until_drained()
            for name in NAMES:
                a.collector.wait_for(f"event=receipt workload={name} .*status=affirming")
        assert not any("event=chain-disagrees" in line for line in a.collector.lines)
        assert a.collector.stop() == 0 and a.signer.stop() == 0
        for found in a.reports().values():
            assert [b["seq"] for _, _, b in found] == list(range(1, len(found) + 1))
            times = [b["time"] for _, _, b in found]
            assert len(set(times)) == len(times), "logged twice"
            assert all(s == "affirming" for _, s, b in found if not b["offline"])
        a.audit()


def test_a_hundred_that_wait_hold_up_nothing_fresh():
    """Neither at the reconnect nor in the round behind it."""
    with Away() as a:
        for name in NAMES:
            a.collector.wait_for(f"event=receipt workload={name}")
        assert a.collector.stop() == 0
        assert a.signer.stop() == 0
        fill(a, "app", 100)
        a.collector = a.run()
        a.collector.wait_for("event=spooled workload=app waiting=101")
        start = len(a.collector.lines)
        a.start_signer()
        line = a.collector.wait_for("event=receipt workload=app", start)
        assert "status=affirming" in line, line
        a.collector.wait_for("event=receipt workload=other .*status=affirming", start)
        a.until_drained()
        assert a.verdicts()["affirming"] == len(NAMES)
        assert a.collector.stop() == 0 and a.signer.stop() == 0
        found = a.reports()["app"]
        assert sum(b["offline"] for _, _, b in found) >= 100
        a.audit()


def fill(a, name, count):
    """So many more gap records wait as if they had been measured in the last minutes."""
    queue, = a.site.path("state").rglob(f"{name}.queue")
    chain = queue.with_suffix(".chain").read_text().split("\n")
    seq, digest, fresh = (line.split(" ")[1] for line in chain[1:4])
    last = a.reports()[name][-1][2]
    named = {"executable": [bytes.fromhex(last["components"]["executable"]["sha256"]),
                            *[last["components"]["executable"][k] for k in ("count", "size")]]}
    seq, prev, records = int(seq), bytes.fromhex(digest), b""
    for n in range(count):
        seq += 1
        bundle = wire.pack({"v": 1, "workload": name, "seq": seq, "prev": prev, "nonce": b"",
                            "boot": bytes(16), "time": last["time"] + n, "next_s": 0,
                            "components": named, "ext": {"gap": int(fresh)}})
        prev = hashlib.sha256(bundle).digest()
        records += b"HMQ1" + len(bundle).to_bytes(4, "big") + bytes(4) + bundle
    queue.write_bytes(records)


# --- the signer alone -------------------------------------------------------------------------------

def refused(name, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except wire.Refused as refusal:
        assert refusal.name == name, refusal
    else:
        raise AssertionError(f"not {name}")


def test_a_gap_record_moves_nothing_but_the_chain():
    with Site() as site:
        site.write_policy(grace_s=60)
        signer = site.start_signer()
        collector = site.collector()
        before_ms = int(time.time() * 1000)
        collector.submit("app", APP, next_s=1000, time_ms=before_ms)
        before = listed(site)
        past = int(time.time() * 1000) - 60_000
        start = len(signer.lines)
        receipts = [collector.submit("app", c, nonce=b"", time_ms=past, next_s=5) for c in (APP, EVIL)]
        line = signer.wait_for("event=gap", start)
        assert "status=contraindicated" in line and f"index={receipts[1]['index']}" in line
        assert "finding=changed-file" in line and "level=warning" in line, line
        after = listed(site)
        assert {**before, "index": 0} == {**after, "index": 0}, (before, after)
        counters = site.status()["counters"]
        assert (counters["gap_records"], counters["gap_records_contraindicated"]) == (2, 1), counters
        assert not any("event=verdict" in line for line in signer.lines[start:])
        # What comes next follows it, and need not be younger than any other fresh one.
        fresh = json.loads(collector.submit("app", APP, time_ms=before_ms)["report"])
        assert fresh["hallmark.bundle"]["seq"] == 4
        assert "hallmark.previous-report" in fresh
        assert signer.stop() == 0
        audit(site)


def listed(site):
    workload, = status.whole(site, "--all")["list"]
    return workload


def audit(site):
    arguments = ["--log", str(site.path("log")), "--evidence", str(site.path("evidence")), "--cert",
                 str(site.path("log.crt"))]
    site.audit("fsck", *arguments)
    site.audit("replay", *arguments, "--all")


def test_the_place_of_a_gap_record():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        refused("gap-place", collector.submit, "app", APP, nonce=b"", ext={"gap": 0})
        collector.submit("app", APP)
        refused("gap-place", collector.submit, "app", APP, nonce=b"", ext={"gap": 1})
        collector.submit("app", APP, nonce=b"", ext={"gap": 0})
        collector.submit("app", APP)
        refused("gap-place", collector.submit, "app", APP, nonce=b"", ext={"gap": 3})
        refused("evidence-time", collector.submit, "app", APP, nonce=b"",
                time_ms=int(time.time() * 1000) + 3600_000)
        for gap in (2, 1, 0):
            collector.submit("app", APP, nonce=b"", ext={"gap": gap}, time_ms=1000 + gap)
        assert signer.stop() == 0
        audit(site)


def test_wrong_combinations_are_out_of_range():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        for wrong in ({"nonce": b"", "ext": {"gap": 2}}, {"ext": {"gap": 0}},
                      {"nonce": b"", "ext": {"gap": 0, "leaving": "stopped"}},
                      {"nonce": b"", "ext": {"gap": 0, "challenge": bytes(8)}}):
            refused("out-of-range", collector.submit, "app", APP, **wrong)
            collector.connect()
        data = collector.make("app", APP)
        fields = msgpack.unpackb(data)
        collector.connection.send([wire.BUNDLE, {"bundle": wire.pack({**fields, "nonce": b""})}])
        refused("out-of-range", collector.await_receipt)
        assert signer.stop() == 0


def test_who_sends_only_gap_records_is_missed():
    with Site() as site:
        site.write_policy(grace_s=2)
        signer = site.start_signer()
        collector = site.collector()
        report = collector.submit("app", APP, next_s=1)
        deadline = time.monotonic() + PATIENCE_S
        while site.status()["counters"]["absences"] == 0:
            assert time.monotonic() < deadline, "never missed"
            collector.submit("app", APP, nonce=b"", next_s=1000)
        assert status.whole(site)["verdicts"]["silent"] == 1
        collector.submit("app", APP, nonce=b"", next_s=1000)
        assert status.whole(site)["verdicts"]["silent"] == 1
        # A start finds it so, whatever is left of the index.
        for keeps in (True, False):
            assert signer.stop() == 0
            if not keeps:
                for path in site.dir.glob("index.db*"):
                    path.unlink()
            signer = site.start_signer()
            assert status.whole(site)["verdicts"]["silent"] == 1
        collector = again(site, collector)
        collector.submit("app", APP, next_s=1000)
        assert status.whole(site)["verdicts"]["affirming"] == 1
        assert signer.stop() == 0
        absent = next(json.loads(e) for e in logimage.read_log(site) if b"absence#1" in e[:80])
        assert absent["hallmark.absent"][0]["due"] == json.loads(report["report"])["iat"] + 3
        audit(site)


def again(site, before):
    collector = site.collector()
    collector.chains, collector.fresh = before.chains, before.fresh
    return collector


if __name__ == "__main__":
    run_tests(__name__)
