#!/usr/bin/python3
"""Acts on the network: a workload is cut off by nftables, in a network namespace of the test's own, and everybody else
is not; it is so again when its control group is made anew, and it is let go when its verdict is well."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys

import control_groups
import hallmark
from acting import Hosts, until

PYTHON = os.path.realpath(sys.executable)

SERVER = """import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", {port}))
s.listen()
while True:
    c, _ = s.accept()
    c.sendall(b"hello")
    c.close()
"""


class Serving:
    """A server in the control group of the workload, beside its program."""

    def __init__(self, host, name):
        self.port, self.group, self.process = hallmark.free_port(), host.group(name), None
        self.begin()

    def begin(self):
        """Its socket is of the group that it was made in."""
        procs = pathlib.Path(f"{control_groups.TOP}{self.group}/cgroup.procs")
        self.process = subprocess.Popen(  # pylint: disable=R1732,W1509
            [PYTHON, "-c", SERVER.format(port=self.port)], preexec_fn=lambda: procs.write_text("0"))
        until(lambda: listens(self.port), "it does not listen")

    def answers(self, timeout=1.0):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
                connection.settimeout(timeout)
                return connection.recv(5) == b"hello"
        except OSError:
            return False

    def end(self):
        self.process.kill()
        self.process.wait()


def listens(port):
    with open("/proc/net/tcp", encoding="ascii") as file:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in file)


def tables():
    done = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "hallmark_" in line]


def test_cut_off_and_let_go():
    with Hosts(workloads=2, known=[PYTHON]) as site:
        h, = site.hosts
        h.configure(acts=("isolate",), named=h.names)
        served = [Serving(h, name) for name in h.names]
        try:
            h.run_as_nobody("+sys_ptrace,+dac_read_search,+dac_override,+net_admin")
            for name in h.names:
                h.await_verdict(name, "affirming")
            assert all(s.answers(hallmark.PATIENCE_S) for s in served) and tables() == []
            site.fall()
            h.put("grant", h.grant("w0", h.fallen("w0"), act="isolate"))
            h.await_line("event=act ", "act=isolate")
            assert len(tables()) == 1
            assert not served[0].answers(), "it is cut off"
            assert served[1].answers(hallmark.PATIENCE_S), "and nobody else is"
            again(h, served[0])
            site.rise()
            for process in served:
                process.end()
            for name in h.names:
                h.restart(name)
                h.await_verdict(name, "affirming")
            h.await_line("event=act ", "act=release")
            assert tables() == []
            served[0].begin()
            assert served[0].answers(hallmark.PATIENCE_S)
            h.await_reports("w0")
            assert [a[0] for a in h.actions("w0")] == ["isolate", "release"]
        finally:
            for process in served:
                process.end()


def again(h, server):
    """A control group that is made anew is another one to the kernel: cut off with the next receipt."""
    server.end()
    h.processes["w0"].kill()
    h.processes["w0"].wait()
    group = control_groups.TOP / h.group("w0").lstrip("/")
    until(lambda: "populated 0" in (group / "cgroup.events").read_text(), "somebody is in it")
    group.rmdir()
    group.mkdir()
    h.begin("w0", shutil.copy("/usr/bin/sleep", h.dir / "unknown"))
    server.begin()
    until(lambda: not server.answers(), lambda: h.collector.lines[-5:])


def become():
    """In namespaces where control groups of version 2 stand alone, as nft looks for them, and nobody else is."""
    if os.environ.get("HALLMARK_APART") == "1":
        return
    reason = None
    if not control_groups.can_be_made():
        reason = "no control groups of version 2 can be made here"
    elif shutil.which("nft") is None or shutil.which("unshare") is None:
        reason = "nftables or util-linux is not installed"
    elif subprocess.run(["unshare", "-n", "nft", "add", "table", "inet", "x"], stderr=subprocess.DEVNULL,
                        check=False).returncode != 0:
        reason = "this kernel lets nobody make tables of nftables in a network namespace of his own"
    if reason is not None:
        print(f"skipped: {reason}")
        sys.exit(0)
    script = 'mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && ip link set lo up && exec "$@"'
    os.environ["HALLMARK_APART"] = "1"
    os.execvp("unshare", ["unshare", "-nm", "/bin/sh", "-c", script, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    become()
    hallmark.run_tests("__main__")
