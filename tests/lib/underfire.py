"""What the tests under fire share: a log to begin with, a light load that keeps every receipt, and what
must hold after any fault.

HALLMARK_FAULT=long tries every point; otherwise a sample is drawn from HALLMARK_FAULT_SEED, which is
printed. Counts go to the matrix: lines `matrix: <row> | <column> | <count>`, which run-tests gathers.
"""

import atexit
import collections
import contextlib
import fcntl
import json
import mmap
import os
import random
import signal
import ssl
import struct
import threading
import time

import hallmark
import logimage
import wire
from hallmark import APP, EVIL, ORIGIN, Site

LONG = os.environ.get("HALLMARK_FAULT", "short") == "long"
SEED = int(os.environ.get("HALLMARK_FAULT_SEED") or random.SystemRandom().randrange(1 << 32))
CHANCE = random.Random(SEED)

# How a client sees that the signer has ended. A timeout is none of them: nobody may hang.
GONE = (wire.Closed, ConnectionError, ssl.SSLError)

counts = collections.Counter()


def count(row, column, number=1):
    counts[(row, column)] += number


@atexit.register
def print_matrix():
    for (row, column), number in sorted(counts.items()):
        print(f"matrix: {row} | {column} | {number}", flush=True)


def choose(points, short, long=None):
    """All of them, or `short` of them by chance (in the long form, at most `long`), in their order."""
    points = list(points)
    most = short if not LONG else long or len(points)
    if len(points) <= most:
        return points
    print(f"HALLMARK_FAULT_SEED={SEED}: {most} of {len(points)} points", flush=True)
    return [points[n] for n in sorted(CHANCE.sample(range(len(points)), most))]


def try_points(points, short, attempt):
    """Each of them; in the short form, by chance, until `short` of them have happened.

    `attempt` says whether its fault happened: how often a call is made varies with the time that
    publications take, so the last of them may not be.
    """
    points = list(points)
    wanted = len(points) if LONG else min(short, len(points))
    order = points if LONG else CHANCE.sample(points, len(points))
    happened = missed = 0
    for point in order:
        if happened == wanted:
            break
        if attempt(point):
            happened += 1
        else:
            missed += 1
        assert missed <= 4 + wanted // 5, f"{missed} faults never happened, {happened} did"
    assert happened, "no fault ever happened"


class Checkpoints:
    """Every checkpoint that anybody has seen: of one size there is one root."""

    def __init__(self, certificate):
        self.certificate, self.roots = certificate, {0: wire.hashlib.sha256().digest()}

    def see(self, note):
        _, size, root = wire.open_checkpoint(note, self.certificate, ORIGIN)
        assert self.roots.setdefault(size, root) == root, f"two checkpoints of size {size}"
        return size


class Battle:
    """A site with a log, to which it returns for each fault: by default just before a full tile."""

    def __init__(self, reports=250, **options):
        self.site = Site(**options)
        self.reports = reports
        self.receipts = []
        signer = self.site.start_signer()
        collector = self.site.collector()
        for number in range(reports):
            self.receipts.append(collector.submit(f"base{number % 5}", EVIL if number % 9 else APP))
        self.chains = dict(collector.chains)
        assert signer.stop() == 0
        logimage.keep(self.site, self.site.path("image"))
        self.base = Checkpoints(self.site.certificate)
        for receipt in self.receipts:
            self.base.see(receipt["checkpoint"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.__exit__()

    @contextlib.contextmanager
    def point(self, row, env=None):
        """The log as it was, a signer on it, a client with its chains; what must hold afterwards."""
        logimage.restore(self.site, self.site.path("image"))
        fight = Fight(self, row, env)
        try:
            yield fight
            fight.aftermath()
        except BaseException:
            print(f"--- {row}\n" + "\n".join(fight.signer.lines[-15:]), flush=True)
            raise
        finally:
            fight.signer.end()
            fight.collector.close()


class Fight:
    """One signer under one fault."""

    def __init__(self, battle, row, env):
        self.battle, self.site, self.row = battle, battle.site, row
        self.checkpoints = Checkpoints(self.site.certificate)
        self.checkpoints.roots.update(battle.base.roots)
        self.receipts = list(battle.receipts)
        self.unanswered = None
        self.signer = self.start(env)
        self.collector = self.site.collector()
        self.collector.chains = dict(battle.chains)

    def start(self, env=None):
        process = hallmark.Process("hallmark-signer",
                                   ["run", "-c", str(self.site.path("signer.yaml"))],
                                   {**self.site.env, **(env or {})})
        self.site.processes.append(process)
        process.wait_for("event=listening")
        return process

    def submit(self, workload, components):
        """One report to its receipt; what has no answer yet is remembered."""
        data = self.collector.make(workload, components)
        self.unanswered = (workload, components, data)
        self.collector.connection.send([wire.BUNDLE, {"bundle": data}])
        self.take(self.collector.await_receipt(components))

    def take(self, receipt):
        workload, _, data = self.unanswered
        self.collector.accepted(workload, data)
        self.receipts.append(receipt)
        self.checkpoints.see(receipt["checkpoint"])
        self.unanswered = None
        count(self.row, "receipts checked")

    def publish(self):
        """Until what was received is published, to the last step, or the signer is gone."""
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while not self.signer.ended:
            if self.look() > self.receipts[-1]["index"] and self.says_published():
                return
            assert time.monotonic() < deadline, "nothing is published"
            with self.signer.changed:
                self.signer.changed.wait(0.01)

    def says_published(self):
        said = self.site.tool("hallmark-signer", "status", "--socket",
                              str(self.site.path("run/status.sock")), "--json", check=False)
        return said.returncode == 0 and \
            json.loads(said.stdout)["published_size"] > self.receipts[-1]["index"]

    def look(self):
        return self.checkpoints.see(self.site.path("log/checkpoint").read_bytes())

    def load(self):
        """A light one: new evidence and known, over the edge of a tile, two publications. Whether the
        signer was there to its end."""
        try:
            for turn in range(2):
                for number in range(4):
                    self.submit(f"base{number}", APP if number % 2 else new_evidence())
                self.publish()
        except GONE:
            return False
        return not self.signer.ended

    def outcome(self):
        """Whether the signer outlived the fault; if so, it answers."""
        if not self.signer.ended:
            try:
                self.resume()
                return "survived"
            except GONE:
                self.signer.wait()
        return "ended"

    def resume(self):
        """What had no answer is sent again, to the byte; then one report more."""
        try:
            self.collector.connection.close()
        except OSError:
            pass
        self.collector.connect()
        if self.unanswered:
            try:
                self.ask_again()
            except wire.Refused as refusal:
                # It was never logged: then its nonce is of a connection that is gone.
                assert refusal.name == "nonce-unknown", refusal
                self.unanswered = None
        self.submit("base4", new_evidence())

    def ask_again(self):
        _, components, data = self.unanswered
        while True:
            self.collector.connection.send([wire.BUNDLE, {"bundle": data}])
            try:
                self.take(self.collector.await_receipt(components))
                return
            except wire.Refused as refusal:
                if refusal.name != "busy":
                    raise
                # What was pending at the start has to be published first.
                logimage.published(self.site, self.site.status()["log_size"])

    def aftermath(self):
        """A start without the fault; every promise holds."""
        if not self.signer.ended:
            self.signer.signal(9)
        self.signer.wait()
        self.look()
        self.signer = self.start()
        self.look()
        self.resume()
        status = self.signer.stop()
        assert status == 0, status
        size = self.look()
        logimage.verify_all(self.site, self.receipts)
        logimage.fsck(self.site)
        guard = json.loads(self.site.hsm("show", "--json").stdout)
        assert guard_state(guard) == (size, self.checkpoints.roots[size]), (guard, size)
        count(self.row, "points")


# Files whose failed calls the signer must outlive, and those whose failed calls must be its end.
CACHES = ("index", "token", "token seen")
RECORDS = ("pending", "evidence", "tiles", "checkpoint")
FINAL = ("write", "pwrite64", "fsync", "fdatasync", "rename")


def judge(fight, kind, call, killed):
    """What came of the fault: a signer that goes on as if nothing had been is no survivor."""
    outcome = fight.outcome()
    count(fight.row, outcome)
    if outcome == "ended":
        status = fight.signer.wait()
        assert status == (-9 if killed else 1), (call, status)
    if killed:
        return
    if kind in CACHES:
        assert outcome == "survived", call
    if kind in RECORDS and call in FINAL:
        assert outcome == "ended", call
    if outcome == "ended":
        assert any("event=fatal" in line for line in fight.signer.lines), fight.signer.lines
    elif kind == "guard" and call != "close":  # of what was only read: nothing depends on it
        assert any("event=key-process-down" in line for line in fight.signer.lines), call


def guard_state(shown):
    return int(shown["signed_size"]), bytes.fromhex(shown["signed_root"])


@contextlib.contextmanager
def stopped(pid):
    """A process that does nothing meanwhile, and goes on whatever happens."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def new_evidence():
    return {"executable": wire.random_component()}


class FaultyCalls:
    """The control of faulty_calls.so, which must be in the signer's environment (`env`)."""

    MODES = {"persisted": 1, "torn": 2, "killed after": 3}
    HELD = 4
    LAYOUT = struct.Struct("=IIiI16s240s")

    def __init__(self, site):
        self.path = path = site.path("faulty-calls")
        path.write_bytes(bytes(self.LAYOUT.size))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), self.LAYOUT.size)
        self.env = {"LD_PRELOAD": str(hallmark.BUILD / "fault/faulty_calls.so"),
                    "HALLMARK_FAULTY_CALLS": str(path)}

    def arm(self, mode, call, path, nth, number):
        self.write(self.MODES[mode], call, path, nth, number)

    def write(self, fault, call, path, nth, number):
        self.disarm()
        self.shared[4:] = self.LAYOUT.pack(0, nth, number, 0, call.encode(), path.encode())[4:]
        self.shared[:4] = struct.pack("=I", fault)

    @contextlib.contextmanager
    def held(self, call, path, number=0):
        """The next such call begins when this is left, and fails if there is an errno."""
        with open(self.path, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.write(self.HELD, call, path, 1, number)
            try:
                yield
            finally:
                self.disarm()

    def wait_for_hit(self):
        deadline = time.monotonic() + hallmark.PATIENCE_S
        pause = threading.Event()
        while self.hits() == 0:
            assert time.monotonic() < deadline, "the call was never made"
            pause.wait(0.002)

    def disarm(self):
        self.shared[:4] = bytes(4)

    def hits(self):
        return struct.unpack("=I", self.shared[12:16])[0]
