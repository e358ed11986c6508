#!/usr/bin/python3
"""Log lines: nobody fills a disk with them, nobody waits for them, alarms are always said."""

import fcntl
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
import wire
from hallmark import APP, PATIENCE_S, Site, program

RATION = 32  # lines of one code by one peer, and 4 more each minute
MANY = 2000
OTHER_CHAIN = bytes(31) + b"\1"  # a bundle that was not the last one


class Piped:
    """A program whose stderr is a pipe that is read when the test likes."""

    def __init__(self, site, name, *arguments, full=False, journal=False):
        self.reader, writer = os.pipe()
        os.set_blocking(self.reader, False)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        if full:
            os.write(writer, b"\n" * 4096)
        env = dict(site.env)
        if journal:
            info = os.fstat(writer)
            env["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
        self.child = subprocess.Popen([program(name), *arguments], env=env, stderr=writer,
                                      stdout=subprocess.DEVNULL)
        os.close(writer)
        self.text = ""
        site.processes.append(self)

    def read(self):
        """What there is."""
        try:
            while data := os.read(self.reader, 65536):
                self.text += data.decode()
        except BlockingIOError:
            pass
        return self.text.splitlines()

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := [line for line in self.read() if re.search(pattern, line)]):
            assert time.monotonic() < deadline, f"no line matches {pattern!r}:\n{self.text[-3000:]}"
            select.select([self.reader], [], [], deadline - time.monotonic())
        return found[0]

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(PATIENCE_S)

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(PATIENCE_S)
        if self.reader is not None:
            os.close(self.reader)
        self.reader = None


def set_logging(site, **settings):
    path = site.path("signer.yaml")
    path.write_text(path.read_text().split("\nlogging:")[0] + "\n" +
                    hallmark.to_yaml({"logging": settings}))


def refuse(collector, times, workload="app", **changes):
    for _ in range(times):
        try:
            collector.submit(workload, APP, **changes)
            raise AssertionError("not refused")
        except wire.Refused:
            pass


def left_out(lines, about):
    """How many lines were left out, as the lines say."""
    return sum(int(re.search(r" lines=(\d+)", line)[1]) for line in lines
               if f"event=left-out about={about} " in line)


def test_one_certificate():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        refuse(collector, MANY, seq=2**53 - 1)
        assert site.status()["refusals"]["sequence-not-rising"] == MANY
        # Other faults, other peers and other things have rations of their own.
        refuse(collector, 1, nonce=bytes(32))
        refuse(site.collector("host2"), 1, seq=2**53 - 1)
        signer.wait_for("event=refusal code=sequence-not-rising collector=spiffe://test/host2 ")
        signer.wait_for("event=refusal code=nonce-unknown collector=spiffe://test/host1 ")
        line = signer.wait_for("event=left-out about=refusal code=sequence-not-rising "
                               "collector=spiffe://test/host1 lines=")
        assert "level=warning" in line
        assert signer.stop() == 0
        said = [line for line in signer.lines if "event=refusal code=sequence-not-rising "
                "collector=spiffe://test/host1 " in line]
        assert RATION <= len(said) <= RATION + 4, len(said)
        assert len(said) + left_out(signer.lines, "refusal") == MANY
        assert len(signer.lines) < RATION + 20, len(signer.lines)


def test_strangers():
    """Whoever only connects is no trouble; whoever sends what is no handshake is, but not for ever."""
    with Site() as site:
        signer = site.start_signer()
        for number in range(MANY):
            with socket.create_connection(("127.0.0.1", site.port)) as stranger:
                if number % 2 == 0:
                    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    stranger.settimeout(PATIENCE_S)
                    while stranger.recv(4096):
                        pass
        deadline = time.monotonic() + PATIENCE_S
        while site.status()["refusals"]["tls-handshake"] < MANY:
            assert time.monotonic() < deadline
        assert signer.stop() == 0
        said = [line for line in signer.lines if "event=connection-failed" in line]
        assert len(said) <= RATION + 4, len(said)
        assert len(said) + left_out(signer.lines, "connection-failed") == MANY
        silent = [line for line in said if "before a word was said" in line]
        assert silent and all("level=info" in line for line in silent), silent
        assert all("level=warning" in line for line in said if line not in silent)


def test_alarms():
    """A chain that goes on from elsewhere is told, whatever else is left out, and below any level."""
    with Site() as site:
        site.init_key()
        set_logging(site, level="error")
        signer = site.start_signer(wait=False)
        await_status(site, lambda s: s["key_process"] == "up", signer.child)
        collector = site.collector()
        for name in ("app", "other"):
            collector.submit(name, APP)
        refuse(collector, MANY, seq=2**53 - 1)
        assert not signer.lines, signer.lines
        for name in ("app", "other"):
            refuse(collector, 1, workload=name, prev=OTHER_CHAIN)
            line = signer.wait_for(f"event=clone .* workload={name} ")
            assert "level=error" in line and "code=chain-broken" in line, line
        refuse(collector, 1, workload="app", seq=1)
        signer.wait_for("event=clone code=sequence-not-rising .* workload=app seq=1 last_seq=1 ")
        assert len([line for line in signer.lines if "event=clone" in line]) == 3, signer.lines
        assert signer.stop() == 0


def test_alarms_of_many_chains():
    """One collector has them by the thousand: it fills no disk, and hides no other's alarm."""
    with Site() as site:
        signer = site.start_signer()
        collector, other = site.collector(), site.collector("host2")
        names = [f"w{number}" for number in range(3 * RATION)]
        for name in names:
            collector.submit(name, APP)
        other.submit("app", APP)
        for name in names:
            refuse(collector, 1, workload=name, prev=OTHER_CHAIN)
        refuse(other, 1, prev=OTHER_CHAIN)
        signer.wait_for("event=clone .* collector=spiffe://test/host2 workload=app ")
        assert signer.stop() == 0
        said = [line for line in signer.lines if "event=clone" in line and "/host1 " in line]
        assert len(said) == RATION, len(said)
        assert left_out(signer.lines, "clone") == 2 * RATION, signer.lines


def await_status(site, good, child):
    """Of a signer that says no line to wait for: its socket may not be there, or not listen yet."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = site.tool("hallmark-signer", "status", "--socket", site.path("run/status.sock"),
                           "--json", check=False)
        if answer.returncode == 0 and good(status := json.loads(answer.stdout)):
            return status
        assert time.monotonic() < deadline and child.poll() is None


def test_ends_of_the_key_process():
    """One that ends without end is said by its reason, up to a ration, and then counted."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for _ in range(40):
            os.kill(site.key_process_pid(), signal.SIGKILL)
            collector.submit("app", APP)  # by the next one
        line = signer.wait_for("event=left-out about=key-process-(down|exit) ")
        assert 'killed by SIGKILL' in line, line
        for event in ("key-process-down", "key-process-exit"):
            said = sum(f"event={event} " in line for line in signer.lines)
            assert 32 <= said <= 34, (event, said)
        site.path("hsm.yaml").unlink()  # another reason is said at once
        os.kill(site.key_process_pid(), signal.SIGKILL)
        signer.wait_for("event=key-process-down code=config .*hsm.yaml")


def test_nobody_reads_what_the_signer_says():
    """It works on, its key process begins and works, and what was not kept is counted and said."""
    with Site() as site:
        site.init_key()
        signer = Piped(site, "hallmark-signer", "run", "-c", str(site.path("signer.yaml")), full=True)
        await_status(site, lambda s: s["key_process"] == "up", signer.child)
        collector = site.collector()
        collector.submit("app", APP)
        policy = site.path("policy.yaml").read_text()
        # Many long lines that no peer brings about.
        site.path("policy.yaml").write_text(policy + "".join(f"wrong{i}: {i}\n" for i in range(50)))
        for count in range(1, 31):
            signer.child.send_signal(signal.SIGHUP)
            await_status(site, lambda s: s["counters"]["reloads_refused"] == count, signer.child)
        assert site.status()["log_lines"]["dropped"] > 100
        collector.submit("app", APP)
        assert site.status()["counters"]["receipts"] == 2
        # Now somebody reads.
        assert not signer.text
        line = signer.wait_for("event=lines-dropped")
        dropped = int(re.search(r" dropped=(\d+)", line)[1])
        status = site.status()["log_lines"]
        assert status["dropped"] == dropped, status
        lines = [line for line in signer.read() if line]
        assert "event=listening" in "".join(lines[:5])
        assert all(re.match(r"time=\S+ level=\w+ event=", line) for line in lines)
        refused = [line for line in lines if "event=reload-refused" in line]
        assert len(refused) + dropped == 30 * 50, (len(refused), dropped)
        # And somebody who stops reading keeps nobody from ending.
        for count in range(31, 43):
            signer.child.send_signal(signal.SIGHUP)
            await_status(site, lambda s: s["counters"]["reloads_refused"] == count, signer.child)
        began = time.monotonic()
        assert signer.stop() == 0 and time.monotonic() - began < 6


def test_nobody_reads_what_the_key_process_says():
    """A key process that cannot begin says so and ends; one that is told nonsense goes on."""
    with Site() as site:
        site.path("hsm.yaml").write_text("origin: 1\nwrong: 2\n")
        process = Piped(site, "hallmark-hsm", "serve", "-c", str(site.path("hsm.yaml")), full=True)
        assert process.child.wait(PATIENCE_S) == 1


def test_nobody_reads_what_the_collector_says():
    """Rounds go on, and each has a receipt to tell of."""
    with Site() as site:
        signer = site.start_signer()
        site.issue("host1", uri="spiffe://test/host1")
        for name in ("state", "receipts"):
            site.path(name).mkdir(mode=0o700)
        site.path("pid").write_text(f"{os.getpid()}\n")
        site.path("collector.yaml").write_text(hallmark.to_yaml({
            "signers": [{"address": f"127.0.0.1:{site.port}", "server_name": "signer.test"}],
            "tls": {"certificate": "host1.crt", "key": "host1.key",
                    "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 1, "jitter_percent": 0,
            "logging": {"level": "debug"},
            "workloads": [{"name": f"w{n}", "pid_file": "pid", "measure": ["runtime"]}
                          for n in range(40)]}))
        collector = Piped(site, "hallmark-collector", "run", "-c", str(site.path("collector.yaml")),
                          full=True)
        await_status(site, lambda s: s["counters"]["receipts"] >= 120, collector.child)
        assert not collector.text
        collector.wait_for("event=started")
        collector.wait_for("event=receipt .*seq=2 ")
        assert collector.stop() == 0 and signer.stop() == 0


def test_the_journal_has_priorities():
    with Site() as site:
        site.init_key()
        signer = Piped(site, "hallmark-signer", "run", "-c", str(site.path("signer.yaml")),
                       journal=True)
        assert signer.wait_for("event=listening").startswith("<6>time=")
        refuse(site.collector(), 1, nonce=bytes(32))
        assert signer.wait_for("event=refusal").startswith("<4>time=")
        set_logging(site, format="json")
        signer.child.send_signal(signal.SIGHUP)
        line = signer.wait_for('"event":"reloaded"')
        assert json.loads(line.removeprefix("<6>"))["level"] == "info" and line[0] == "<", line
        # The key process is one of the journal's, too.
        site.path("hsm.yaml").write_text("origin: 1\n")
        os.kill(site.key_process_pid(), signal.SIGKILL)
        assert signer.wait_for('"event":"key-process"').startswith("<4>{")
        assert signer.stop() == 0
        # What another stream is the journal of is none of ours.
        other = Piped(site, "hallmark-hsm", "serve", "-c", str(site.path("hsm.yaml")))
        assert other.child.wait(PATIENCE_S) == 1
        assert all(line.startswith("time=") for line in other.read()) and other.text


def test_rfc5424():
    form = (r"<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]+ (hallmark-\w+) \d+ "
            r"([a-z0-9-]{1,32}) - (level=.*)")
    with Site() as site:
        site.init_key()
        set_logging(site, format="rfc5424", level="notice")
        signer = site.start_signer(wait=False)
        await_status(site, lambda s: s["key_process"] == "up", signer.child)
        refuse(site.collector(), 1, nonce=bytes(32))
        signer.wait_for("refusal")
        site.path("hsm.yaml").write_text("origin: 1\n")
        os.kill(site.key_process_pid(), signal.SIGKILL)
        signer.wait_for("hallmark-hsm")
        set_logging(site, format="rfc5424")
        signer.signal(signal.SIGHUP)
        signer.wait_for("reloaded")
        assert signer.stop() == 0
        lines = [re.fullmatch(form, line) for line in signer.lines]
        assert all(lines), signer.lines
        said = {(line[1], line[2], line[3]) for line in lines}
        assert {("28", "hallmark-signer", "refusal"), ("28", "hallmark-hsm", "key-process"),
                ("30", "hallmark-signer", "reloaded"), ("30", "hallmark-signer", "stopped")} <= said
        assert not any("listening" in line for line in signer.lines)  # info, below notice


if __name__ == "__main__":
    hallmark.run_tests(__name__)
