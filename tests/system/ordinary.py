#!/usr/bin/python3
"""Three hundred ordinary processes - servers, interpreters, shells, tools - are measured whole, code in memory too,
and nothing is found wrong with one of them."""

import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_subject
from hallmark import PATIENCE_S, free_port, run_tests
from judged import Judged, mapped, sums
from measured import AS_NOBODY, NOBODY, can_be_others

COUNT = 300
# Starts each command of its arguments' file, and keeps their ends of the pipes open.
LAUNCHER = """
import json, os, subprocess, sys
for command in json.load(open(sys.argv[1])):
    subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("ready", flush=True)
sys.stdin.read()
"""
PATIENT = [
    ["python3", "-c", "import asyncio, ssl, sqlite3, sys; sys.stdin.read()"],
    ["python3", "-c", "import hashlib, json, multiprocessing, sys; sys.stdin.read()"],
    ["perl", "-e", "<STDIN>"], ["perl", "-MPOSIX", "-MSocket", "-e", "<STDIN>"],
    ["bash", "-c", "read line; true"], ["sh", "-c", "read line; true"],
    ["sleep", "3600"], ["cat"], ["sort"], ["awk", "{ print }"], ["sed", "-u", "s/a/b/"], ["grep", "x"],
    ["tail", "-f", "/dev/null"], ["gzip", "-c"], ["sha256sum"], ["openssl", "dgst"], ["tr", "a", "b"],
    ["dd", "status=none"], ["od"], ["xargs"],
]


class Busy(Judged):
    """Servers as they are found, and so many others that there are three hundred."""

    def __enter__(self):
        self.commands, self.servers = [], []
        self.nginx()
        self.postgres()
        for name, command in (("redis", ["redis-server", "--port", "0", "--save", "", "--unixsocket", str(self.dir / "redis")]),
                              ("http.server", ["python3", "-m", "http.server", "--bind", "127.0.0.1", str(free_port())])):
            if shutil.which(command[0]):
                self.commands.append(command)
                self.servers.append(name)
        patient = [c for c in PATIENT if shutil.which(c[0])]
        while len(self.commands) < COUNT:
            self.commands.append(patient[len(self.commands) % len(patient)])
        return self

    def __exit__(self, *all_of_them):
        """All that the launched process has started, and what that has: its own end is not theirs."""
        for process in self.processes:
            while left := set(second_subject.members(process.pid)) - {process.pid}:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        super().__exit__(*all_of_them)

    def nginx(self):
        if not shutil.which("nginx"):
            return
        config = self.write("nginx.conf", f"""
            pid {self.dir}/nginx.pid; error_log {self.dir}/error.log; worker_processes 8; daemon off;
            events {{ worker_connections 64; }}
            http {{ access_log off; client_body_temp_path {self.dir}/b; proxy_temp_path {self.dir}/p;
                    fastcgi_temp_path {self.dir}/f; uwsgi_temp_path {self.dir}/u; scgi_temp_path {self.dir}/s;
                    server {{ listen 127.0.0.1:{free_port()}; return 200; }} }}""")
        self.commands.append(["nginx", "-c", str(config), "-p", str(self.dir)])
        self.servers.append("nginx")

    def postgres(self):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not programs or not can_be_others():
            return
        data = self.dir / "data"
        data.mkdir()
        os.chown(data, NOBODY, NOBODY)
        subprocess.run([*AS_NOBODY, programs[-1].with_name("initdb"), "--no-sync", "-A", "trust", "-D", data], check=True,
                       capture_output=True, timeout=120, env={**os.environ, "LC_ALL": "C"})
        self.commands.append([*AS_NOBODY, str(programs[-1]), "-D", str(data), "-k", str(data), "-c", "listen_addresses="])
        self.servers.append("postgres")

    def launch(self, commands, at_least):
        process = self.start("python3", "-c", LAUNCHER, self.write("commands.json", json.dumps(commands)), ready=True)
        self.write("pid", f"{process.pid}\n")
        return self.settled(process, at_least)

    @staticmethod
    def settled(process, at_least):
        """All wait, and no mapping is another than in the look before."""
        deadline, before = time.monotonic() + PATIENCE_S, None
        while True:
            now = {pid: look(pid) for pid in second_subject.members(process.pid)}
            if now == before and len(now) >= at_least and None not in now.values():
                return process, sorted(now)
            assert time.monotonic() < deadline, len(now)
            before = now

    def known_by(self, pids, **rules):
        paths = mapped(*(collections.namedtuple("P", "pid")(pid) for pid in pids))
        self.judge_by({"known": sums(paths)}, require=["executable", "libraries", "runtime"],
                      executable={"references": ["known"], **rules.get("executable", {})},
                      libraries={"references": ["known"], **rules.get("libraries", {})},
                      runtime={"facts": [{"name": "tracer", "allow": ["0"]}]})
        self.measure_by(measure=["executable", "libraries", "runtime"], pid_file=str(self.dir / "pid"))


def look(pid):
    """What a process that waits has mapped; None of one that works, or has ended."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return pathlib.Path(f"/proc/{pid}/maps").read_bytes() if state == "S" else None
    except OSError:
        return None


def test_three_hundred_processes_and_nothing_wrong():
    with Busy() as host:
        _, pids = host.launch(host.commands, COUNT)
        host.known_by(pids)
        for _ in range(2):
            assert host.verdict() == ("affirming", set()), host.verdict()
        programs = {os.readlink(f"/proc/{pid}/exe") for pid in pids}
        print(f"    {len(pids)} processes of {len(programs)} programs, with {', '.join(host.servers) or 'no server'}")


def test_what_compiles_at_run_time_is_told_as_just_that():
    commands = [c for c in (["node", "-e", "process.stdin.resume(); for (let i = 0; i < 1e6; i++) JSON.stringify({i})"],
                            ["java", "-version"]) if shutil.which(c[0])][:1]
    if not commands:
        print("    skipped: expected node")
        return
    with Busy() as host:
        _, pids = host.launch(commands, 1 + len(commands))
        host.known_by(pids, libraries={"anonymous": "warning", "writable": "warning"})
        status, findings = host.verdict()
        assert status == "warning", (status, findings)
        assert {code for code, _ in findings} <= {"anonymous-memory", "writable-mapping"}, findings


if __name__ == "__main__":
    run_tests("__main__")
