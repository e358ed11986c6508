#!/usr/bin/python3
"""A long run of everything at once, with random faults, and the promises held all the while.

Collectors of many kinds and one stranger who means harm (tests/lib/fleet.py) are at work while faults come
in an order that HALLMARK_FAULT_SEED gives: the key process and the signer are killed, stopped and started,
the configuration is reloaded, good and bad, the token is slow, hangs, fails, lies and forgets. Throughout:

- every receipt verifies, and its report and its checkpoint's root are those of the log (follower.py);
- after each fault every collector has an answer again within PROGRESS_S;
- whenever the signer is down, hallmark-audit fsck passes, and no key process is left;
- no process is ever larger than Growth.BYTES_MAX, the judgements that it remembers and the batches that
  it keeps for reuse (bounded, and told by its status) apart; once its caches are full (Growth.FILLED_S), between the
  first and the last quarter of its life (medians) neither its memory nor its descriptors, those of
  connections apart, grow by more than Growth says. The short form's lives are judged by the first alone.

HALLMARK_SOAK_S seconds: by default half an hour with HALLMARK_FAULT=long, otherwise 40 s.
"""

import json
import os
import random
import signal
import socket
import statistics
import sys
import threading
import time

import hallmark
import fleet
import logimage
import token_control
import underfire
from follower import Follower
from hallmark import Site
from keychannel import verify_receipt_jws
from underfire import count

SOAK_S = float(os.environ.get("HALLMARK_SOAK_S") or (1800 if underfire.LONG else 40))
PROGRESS_S = 15 * (4 if "HALLMARK_PATIENCE_S" in os.environ else 1)
LIFE_S = 360  # of a signer, about, between two ends
QUIET_S = (0.2, 2.0)  # between two faults
SAMPLE_S = 0.5
SAMPLES_MIN = 24  # of a life that is judged

COLLECTORS = [("steady", fleet.Collector), ("steady2", fleet.Collector),
              ("changing", fleet.Changing), ("large", fleet.Large),
              ("pipelining", fleet.Pipelining), ("reconnecting", fleet.Reconnecting),
              ("resetting", fleet.Resetting), ("offline", fleet.Offline), ("jws", fleet.Jws)]


class Growth:
    """What a life may come to, and what it may add between its quarters: what it is there to remember, and
    some unrest."""

    BYTES_MAX = {"signer": 80 << 20, "key process": 32 << 20}
    JUDGEMENT_BYTES_MAX = 65 << 20  # VERDICTS_BYTES_MAX of signer/session/verdicts.h, and one bundle's
    BATCH_BYTES_MAX = 48 << 20  # SPARE_BYTES_MAX of signer/ledger/ledger.c, and what is unpublished
    FILLED_S = 120  # buffers of connections and batches: measured, flat from then on
    COMPONENT_BYTES = 400  # the index of the evidence in memory; one for each component received
    UNREST_BYTES = {"signer": 6 << 20, "key process": 1 << 20}
    DESCRIPTORS = 4


class Soak:
    def __init__(self, site):
        self.site = site
        self.chance = random.Random(underfire.SEED)
        self.stop, self.up = threading.Event(), threading.Event()
        self.failure = None
        self.tally = {}  # faults by kind: times, longest wait for progress
        self.restarts = 0
        site.init_key()
        site.token.make_other_key(hallmark.MODULE, site.env)
        self.jwk = json.loads(site.hsm("jwks").stdout)["keys"][0]
        self.follower = Follower(site)
        self.signer = site.start_signer()
        self.up.set()
        self.collectors = [kind(self, name) for name, kind in COLLECTORS]
        self.stranger = fleet.Stranger(self)
        self.monitor = Monitor(self)
        for thread in [*self.collectors, self.stranger, self.monitor]:
            thread.start()

    # --- what the fleet asks for

    def fail(self, who, error):
        self.failure = self.failure or f"{who}: {error!r}"
        self.stop.set()

    def check_jws(self, receipt):
        verify_receipt_jws(receipt, self.jwk, self.site.certificate)

    def tcp(self):
        return socket.create_connection(("127.0.0.1", self.site.port), hallmark.PATIENCE_S)

    # --- the run

    def run(self):
        began = time.monotonic()
        minute, life_ends = 1, began + self.lifetime()
        faults = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("fault_")]
        while time.monotonic() < began + SOAK_S and not self.stop.is_set():
            self.stop.wait(self.chance.uniform(*QUIET_S))
            if time.monotonic() > life_ends:
                self.suffer(self.chance.choice([self.end_by_kill, self.end_by_order]))
                life_ends = time.monotonic() + self.lifetime()
            else:
                self.suffer(self.chance.choice(faults))
            self.follower.follow()
            if time.monotonic() > began + 60 * minute and sys.stdout.isatty():
                print(f"{minute} min: {self.follower.receipts} receipts, log {self.follower.tree.size()}, "
                      f"{sum(t for t, _ in self.tally.values())} faults", flush=True)
                minute += 1
        self.finish()

    def lifetime(self):
        return self.chance.uniform(0.5, 1.5) * min(LIFE_S, SOAK_S / 2)

    def suffer(self, fault):
        """One fault; afterwards nobody is left waiting."""
        name = fault.__name__.split("_", 1)[1].replace("_", " ")
        fault()
        if self.stop.is_set():
            return
        began = time.monotonic()
        before = [c.progress for c in self.collectors]
        while any(c.progress <= b for c, b in zip(self.collectors, before)):
            if self.stop.wait(0.01):
                return
            waiting = [c.name for c, b in zip(self.collectors, before) if c.progress <= b]
            assert time.monotonic() < began + PROGRESS_S, f"after {name}: {waiting} have no answer"
        times, longest = self.tally.get(name, (0, 0.0))
        self.tally[name] = (times + 1, max(longest, time.monotonic() - began))
        count(f"soak: {name}", "times")

    def until(self, condition, what):
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while not condition() and not self.stop.is_set():
            assert time.monotonic() < deadline, what
            self.stop.wait(0.01)

    def finish(self):
        self.stop.set()
        for thread in [*self.collectors, self.stranger, self.monitor]:
            thread.join(2 * hallmark.PATIENCE_S)
            assert not thread.is_alive(), thread.name
        assert self.failure is None, self.failure
        assert self.signer.stop() == 0, self.signer.lines[-5:]
        self.look_at_the_log()
        self.follower.all_are_there()
        self.monitor.judge()
        self.say_what_was()

    def say_what_was(self):
        print(f"{SOAK_S:.0f} s, {self.restarts} ends of the signer, log of {self.follower.tree.size()}; "
              f"{self.follower.receipts} receipts and {self.follower.checkpoints} checkpoints checked")
        for name, (times, longest) in sorted(self.tally.items()):
            print(f"  {name:32} {times:5} times, all served again after {longest:6.2f} s at most")
        print("  receipts: " + ", ".join(f"{c.name} {c.progress}" for c in self.collectors))
        print("  the stranger: " + ", ".join(f"{n} {t}" for n, t in sorted(self.stranger.deeds.items())))
        count("soak", "receipts checked", self.follower.receipts)
        count("soak", "checkpoints checked", self.follower.checkpoints)

    # --- ends of the signer

    def look_at_the_log(self):
        logimage.fsck(self.site)
        count("soak", "fsck")

    def end(self, number, status):
        key_process = self.key_process()
        self.up.clear()
        self.signer.signal(number)
        assert self.signer.wait() == status, self.signer.lines[-5:]
        self.until(lambda: not os.path.exists(f"/proc/{key_process}"), "a key process is left")
        self.look_at_the_log()
        self.signer = self.site.start_signer()
        self.restarts += 1
        self.up.set()

    def end_by_kill(self):
        self.end(signal.SIGKILL, -signal.SIGKILL)

    def end_by_order(self):
        self.end(signal.SIGTERM, 0)

    # --- faults

    def key_process(self):
        """Its number, when there is one."""
        found = []

        def is_up():
            found[:] = [s["key_process_pid"] for s in [self.monitor.status()]
                        if s and s["key_process"] == "up"]
            return found

        self.until(is_up, "no key process")
        return found[0] if found else 0

    def signal_key_process(self, number):
        pid = self.key_process()
        if pid > 0:
            os.kill(pid, number)
            self.until(lambda: not os.path.exists(f"/proc/{pid}"), "the key process is still there")

    def fault_key_process_killed(self):
        self.signal_key_process(signal.SIGKILL)

    def fault_key_process_stopped(self):
        self.signal_key_process(signal.SIGSTOP)

    def fault_reload(self):
        line = len(self.signer.lines)
        self.signer.signal(signal.SIGHUP)
        self.signer.wait_for("event=reloaded", line)

    def fault_bad_reload(self):
        line, policy = len(self.signer.lines), self.site.path("policy.yaml").read_text()
        self.site.path("policy.yaml").write_text(policy.replace("workloads", "workload"))
        self.signer.signal(signal.SIGHUP)
        try:
            self.signer.wait_for("event=reload-refused", line)
        finally:
            self.site.path("policy.yaml").write_text(policy)

    def fault_token_slow(self):
        self.site.token.set(latency_us=self.chance.randrange(5_000, 150_000))
        self.stop.wait(1)
        self.site.token.set(latency_us=0)

    def strike(self, fault, **how):
        """Until the first call has had it."""
        before = self.site.token.get("faults")
        self.site.token.inject(fault, **how)
        self.until(lambda: self.site.token.get("faults") > before, "no call has the fault")

    def fault_token_hangs(self):
        self.strike("hang", count=1)

    def fault_token_fails_once(self):
        self.strike("error", error=token_control.CKR_DEVICE_ERROR, count=1)

    def fault_token_lies_once(self):
        self.strike(self.chance.choice(["garbage", "short", "other_key"]), count=1)

    def fault_token_crashes(self):
        self.strike("crash", count=1)

    def fault_token_away(self):
        self.strike("error", everywhere=True, error=token_control.CKR_DEVICE_REMOVED)
        self.stop.wait(self.chance.uniform(0.1, 3))
        self.site.token.recover()

    def fault_token_forgets(self):
        before = self.site.token.get("faults")
        self.chance.choice([self.site.token.lose_sessions, self.site.token.log_out])()
        self.until(lambda: self.site.token.get("faults") > before, "no call has the fault")

    def fault_resets(self):
        for _ in range(100):
            fleet.reset(self.tcp())


class Monitor(threading.Thread):
    """Memory and descriptors of the signer and the key process, by life."""

    def __init__(self, soak):
        super().__init__(daemon=True, name="monitor")
        self.soak = soak
        self.lives = {}  # by kind and number: samples, see there

    def status(self):
        """Without the tool, which is a process each time; None while the signer is away."""
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(hallmark.PATIENCE_S)
                one.connect(str(self.soak.site.path("run/status.sock")))
                one.sendall(b"status\n")
                return json.loads(b"".join(iter(lambda: one.recv(65536), b"")))
        except (ConnectionError, FileNotFoundError, ValueError):
            return None

    def run(self):
        try:
            while not self.soak.stop.wait(SAMPLE_S):
                status = self.status()
                if status is not None:
                    self.sample("signer", status["pid"], status, status["connections"],
                                told_bytes(status))
                    self.sample("key process", status["key_process_pid"], status, 0, 0)
        except Exception as error:  # pylint: disable=broad-except
            self.soak.fail("monitor", error)

    def sample(self, kind, pid, status, connections, told):
        try:
            resident = hallmark.resident_bytes(pid)
            descriptors = len(os.listdir(f"/proc/{pid}/fd")) - connections
        except OSError:
            return  # it has just ended
        self.lives.setdefault((kind, pid), []).append(
            (time.monotonic(), resident - told, descriptors,
             status["counters"]["components"], status["counters"]["component_bytes"]))

    def judge(self):
        bad, largest = [], {}
        for (kind, pid), samples in self.lives.items():
            size = max(s[1] for s in samples)
            largest.setdefault(kind, []).append(size)
            if size > Growth.BYTES_MAX[kind]:
                bad.append(f"{kind} {pid}: {size / 1e6:.1f} MB")
            filled = [s for s in samples if s[0] > samples[0][0] + Growth.FILLED_S]
            if len(filled) >= SAMPLES_MIN:
                grown, text = self.growth(kind, filled)
                print(f"  {kind} {pid}, {samples[-1][0] - samples[0][0]:.0f} s: {text}", flush=True)
                count("soak", f"growth of a {kind} judged")
                if grown:
                    bad.append(text)
        for kind in Growth.BYTES_MAX:
            assert largest.get(kind), list(self.lives)
            print(f"  {kind}: {len(largest[kind])} lives, at most {max(largest[kind]) / 1e6:.1f} MB", flush=True)
            count("soak", f"size of a {kind} judged", len(largest[kind]))
        assert not bad, "\n".join(bad)

    def growth(self, kind, samples):
        first, *between, last = self.quarters(samples)
        allowed = Growth.UNREST_BYTES[kind]
        if kind == "signer":
            allowed += Growth.COMPONENT_BYTES * (last[3] - first[3])
        sizes = ", ".join(f"{q[1] / 1e6:.1f}" for q in (first, *between, last))
        return (last[1] - first[1] > allowed or last[2] - first[2] > Growth.DESCRIPTORS,
                f"by quarters {sizes} MB, descriptors {first[2]:.0f} to {last[2]:.0f}, "
                f"{last[3] - first[3]:.0f} components of {(last[4] - first[4]) / 1e6:.1f} MB")

    @staticmethod
    def quarters(samples):
        """Medians of each."""
        length = len(samples) // 4
        return [[statistics.median(s[n] for s in samples[q * length:(q + 1) * length])
                 for n in range(5)] for q in range(4)]


def told_bytes(status):
    """Of memory that is bounded by itself, and fills when there is something to fill it."""
    assert status["judgement_bytes"] <= Growth.JUDGEMENT_BYTES_MAX, status
    assert status["batch_bytes"] <= Growth.BATCH_BYTES_MAX, status
    return status["judgement_bytes"] + status["batch_bytes"]


def test_soak():
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    limits = {"connections": 2000, "handshake_timeout_ms": 2000, "frame_timeout_ms": 2000}
    with Site(token_module=True, limits=limits) as site:
        rule = {"collectors": ["spiffe://test/**"], "require": ["executable"],
                "executable": {"references": ["known"]}}
        site.write_policy(text=hallmark.to_yaml({
            "name": "test", "references": [{"name": "known", "file": "known.sha256"}],
            "workloads": [{"match": "jws-*", **rule, "token": [{"profile": "test"}]}, {"match": "*", **rule}]}))
        soak = Soak(site)
        try:
            soak.run()
        except BaseException:
            soak.stop.set()
            told = [line for line in soak.signer.lines if "event=refusal" not in line]
            print(f"failure: {soak.failure}\n" + "\n".join(told[-25:]), flush=True)
            raise


if __name__ == "__main__":
    hallmark.run_tests("__main__")
