#!/usr/bin/python3
"""The gate through the running collector: who runs it has no right to read the host's key, and needs none."""

import contextlib
import grp
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import msgpack

import wire
from gated import Gate, lines_of
from hallmark import PATIENCE_S, Process, run_tests
from measured import AS_NOBODY, NOBODY, can_be_others

YOURS, STRANGER, BUSY = 1, 2, 3


class Lent(Gate):
    """With a collector that runs. `gate` is run as nobody where that can be, who has no right to the key."""

    def __init__(self, group=True, **options):
        super().__init__(start={}, **options)
        self.collector = None
        self.said = {"group": grp.getgrgid(NOBODY).gr_name} if group else {}
        self.door = self.dir / "door"  # the socket's directory, open to all
        self.door.mkdir()
        self.door.chmod(0o755)

    def configure(self, port=None, **said):
        super().configure(port, **said)
        config = self.site.path("collector.yaml")
        group = f", group: \"{self.said['group']}\"" if self.said else ""
        config.write_text(config.read_text().replace("sign_every_s", "interval_s: 1\nsign_every_s") +
                          f"gate: {{socket: \"{self.door}/gate.sock\"{group}}}\n")
        for path in self.site.dir.iterdir():
            path.chmod(0o700 if path.is_dir() else 0o600)
        self.site.dir.chmod(0o755)
        for name in ("collector.yaml", "host.crt", "log.crt", "collectors-ca.crt"):
            self.site.path(name).chmod(0o644)

    def run(self):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.site.path("collector.yaml"))],
                                 self.site.env)
        self.site.processes.append(self.collector)
        self.collector.wait_for("event=connected")

    def as_nobody(self, *arguments):
        return subprocess.run([*AS_NOBODY, *self.command(*arguments)], capture_output=True, text=True,
                              timeout=3 * PATIENCE_S, check=False, cwd="/")

    def knock(self):
        """A connection to its socket, and the byte that is said first."""
        visitor = socket.socket(socket.AF_UNIX)
        visitor.settimeout(PATIENCE_S)
        visitor.connect(f"{self.door}/gate.sock")
        return visitor, visitor.recv(1)[0]


    def enter(self):
        """The same, when the visit before is over."""
        until = time.monotonic() + PATIENCE_S
        while (found := self.knock())[1] == BUSY:
            assert time.monotonic() < until
            found[0].close()
        return found


def frames(visitor):
    """What comes, message by message."""
    with contextlib.suppress(ConnectionError):
        while header := visitor.recv(4, socket.MSG_WAITALL):
            size, = struct.unpack(">I", header)
            yield msgpack.unpackb(visitor.recv(size, socket.MSG_WAITALL))


def others():
    if not can_be_others():
        print("     this user can be no other one")
    return can_be_others()


def test_who_may_not_read_the_key_is_judged_in_the_hosts_name():
    if not others():
        return
    with Lent() as g:
        g.begin()
        g.run()
        run = ("--", str(g.tool), "-c", "echo started $(id -u)")
        done = g.as_nobody(*run)
        assert (done.returncode, done.stdout) == (0, f"started {NOBODY}\n"), done
        assert "app: may start: affirming, by report" in lines_of(done), done
        assert g.as_nobody(*run).returncode == 0, "the chain goes on"
        g.collector.wait_for(f"event=gate-lent .*workload=app user={NOBODY}")
        assert not list(g.site.path("receipts").glob("start/*")), "nothing is kept where he may not write"
        g.alter()
        done = g.as_nobody(*run)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "denied: contraindicated, by report" in lines_of(done), done
        assert g.collector.stop() == 0


def test_the_collectors_own_user_goes_through_it_and_keeps_receipts():
    with Lent(group=False) as g:
        g.begin()
        g.run()
        receipt = g.dir / "receipt"
        done = g.gate("--receipt", str(receipt), "--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (0, "started\n"), done
        g.collector.wait_for(f"event=gate-lent .*workload=app user={os.geteuid()}")
        assert list(g.site.path("receipts").glob("start/app.tlog-proof"))
        told = g.site.audit("verify", str(receipt), "--cert", str(g.site.path("log.crt")))
        assert "app/start on spiffe://test/host: AFFIRMING" in told.stdout, told.stdout


def test_it_is_lent_to_nobody_else():
    if not others():
        return
    with Lent(group=False) as g:
        g.begin()
        g.run()
        done = g.as_nobody("--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (2, ""), done
        assert f"a member of gate.group; this is user {NOBODY}" in lines_of(done), done
        g.collector.wait_for(f"event=gate-refused .*user={NOBODY} .*unauthorized")


def test_without_a_collector_the_gate_needs_the_key_and_says_so():
    with Lent() as g:
        g.begin()
        run = ("--", str(g.tool), "-c", "echo started")
        assert g.gate(*run).stdout == "started\n", "its own way"
        g.run()
        g.collector.kill()  # what it leaves behind is a socket that nobody answers at
        assert g.gate(*run).stdout == "started\n", "its own way"
        if not others():
            return
        done = g.as_nobody(*run)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "nobody answers at gate.socket" in lines_of(done) and "start the collector" in lines_of(done), done


def test_a_signer_that_hangs_or_is_away_starts_nothing():
    with Lent() as g:
        g.begin()
        g.run()
        run = ("--", str(g.tool), "-c", "echo started")
        g.signer.signal(signal.SIGSTOP)
        done = g.gate("--timeout", "2", *run)
        assert (done.returncode, done.stdout) == (2, "") and "no answer in time" in lines_of(done), done
        g.signer.signal(signal.SIGCONT)
        assert g.gate(*run).stdout == "started\n"
        assert g.signer.stop() == 0
        g.signer = None
        done = g.gate(*run)
        assert (done.returncode, done.stdout) == (2, "") and "refused" in lines_of(done), done


def test_a_gate_that_hangs_holds_up_neither_rounds_nor_other_gates():
    with Lent() as g:
        g.begin()
        running = g.start(str(g.tool), "-c", "read word")
        g.run()
        visitors = [g.knock() for _ in range(2)]  # of this process one is heard, the other told that it is busy
        assert [word for _, word in visitors] == [YOURS, BUSY], visitors
        visitors[0][0].send(b"\0")
        said = len(g.collector.lines)
        for _ in range(2):
            g.collector.wait_for("event=receipt", start=said)
            said = len(g.collector.lines)
        assert g.gate("--", str(g.tool), "-c", "echo started").stdout == "started\n"
        for visitor, _ in visitors:
            visitor.close()
        g.end(running)
        assert g.collector.stop() == 0


def test_nothing_but_what_is_to_start_is_said_in_the_hosts_name():
    """Whoever may ask there may not report what runs, nor of what is not configured."""
    with Lent() as g:
        g.begin()
        g.run()
        hello = wire.frame([1, {"agent": "test", "versions": [1]}])
        of_start = {"phase": "start", "artifact": ["file", bytes(32)]}
        for what, workload, ext in (("a workload that runs", "app", None), ("another one", "other/start", of_start)):
            visitor, word = g.enter()
            assert word == YOURS
            visitor.send(b"\0" + hello)
            heard = frames(visitor)
            kind, welcome = next(heard)
            assert kind == 2, (kind, welcome)
            visitor.send(wire.frame([3, {"bundle": wire.bundle(workload, 1, bytes(32), welcome["nonce"],
                                                                   {"executable": wire.random_component()}, ext=ext)}]))
            kind, m = next(heard)
            assert (kind, m["name"]) == (7, "unauthorized"), (what, m)
            assert "expected a bundle of what is to start" in m["text"], (what, m)
            assert list(heard) == [], what
            visitor.close()
            g.collector.wait_for("event=gate-refused")
        for what, bytes_of_it in {"no such signer": b"\7", "a bundle before hello": b"\0" + wire.frame([3, {"bundle": b"x"}]),
                                  "a part": b"\0" + wire.frame([5, {"digest": bytes(32), "offset": 0, "data": b"x"}]),
                                  "no frame": b"\0\xff\xff\xff\xff", "a relay's": b"\0" + wire.frame(
                                      [11, {"id": 1, "envelope": b"x"}])}.items():
            visitor, word = g.enter()
            assert word == YOURS, what
            visitor.send(bytes_of_it)
            heard = list(frames(visitor))
            assert [kind for kind, _ in heard] == [7], (what, heard)
            visitor.close()
        assert g.gate("--", str(g.tool), "-c", "echo started").stdout == "started\n"
        assert g.collector.stop() == 0
        assert g.signer.stop() == 0
        g.signer = None
        done = g.site.audit("replay", "--log", str(g.site.path("log")), "--evidence", str(g.site.path("evidence")),
                            "--cert", str(g.site.path("log.crt")), "--all")
        assert " 0 different, 0 not possible" in done.stdout and "other" not in done.stdout, done.stdout


if __name__ == "__main__":
    run_tests(__name__)
