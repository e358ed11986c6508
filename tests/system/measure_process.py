#!/usr/bin/python3
"""How hallmark-collector finds a workload's process, and its components `executable` and `runtime`."""

import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, run_tests
from measured import AS_NOBODY, NOBODY, PYTHON, Measured, can_be_others

SLEEP = pathlib.Path("/bin/sleep")


def sleeper(host, name="app"):
    path = shutil.copy(SLEEP, host.dir / name)
    return path, host.start(path, "3600")


# --- by pid file ---------------------------------------------------------------------------------

def test_a_pid_file():
    with Measured() as host:
        _, process = sleeper(host)
        host.write("pid", f" {process.pid}\r\n\n")
        (host.dir / "run").symlink_to(host.dir)  # as /var/run leads to /run
        assert host.measure(pid_file=str(host.dir / "run/pid"))["pid"] == process.pid


def test_a_pid_file_with_lines_of_the_programs_own():
    with Measured() as host:
        _, process = sleeper(host)
        host.write("postmaster.pid", f"{process.pid}\n/var/lib/postgresql/15/main\n1795971032\n5432\n"
                   "/var/run/postgresql\nlocalhost\n 11174171         4\nready   \n")
        assert host.measure(pid_file=str(host.dir / "postmaster.pid"))["pid"] == process.pid


def test_pid_files_that_name_no_process():
    with Measured() as host:
        _, process = sleeper(host)
        pid_file = host.dir / "app.pid"

        def refused(content, words):
            pid_file.write_bytes(content)
            told = host.refused(pid_file=str(pid_file))
            assert words in told and str(pid_file) in told, told
            text = content.strip().decode()
            assert len(text) < 2 or text not in told.replace(str(pid_file), ""), told

        for content in (b"", b"\n", b"x\x1b[2J\n", b"-1\n", b"0\n", b"1 2\n", b"007\n",
                        b"99999999999999999999\n", f"{process.pid}\0\n".encode()):
            refused(content, "expected one process number and nothing else")
        refused(b"1" * 100, "expected one process number and nothing else")
        refused(b"1\n" * 2049, "longer than any pid file")
        refused(f"\n{process.pid}\n".encode(), "expected one process number and nothing else")
        refused(b"-----BEGIN PRIVATE KEY-----\n", "expected one process number")
        refused(b"4194305\n", "there is no process of its number")
        ended = host.start("/bin/true")
        ended.wait()
        refused(f"{ended.pid}\n".encode(), "there is no process of its number")


def test_pid_files_that_are_none():
    with Measured() as host:
        pid_file = host.dir / "app.pid"

        def refused(words):
            assert words in host.refused(pid_file=str(pid_file)), words
            pid_file.unlink()

        (host.dir / "real.pid").write_text(f"{os.getpid()}\n")
        for target in (pid_file, host.dir, "/dev/zero", host.dir / "real.pid"):
            pid_file.symlink_to(target)
            refused("a symbolic link")
        os.mkfifo(pid_file)
        refused("no regular file")
        pid_file.write_text(f"{os.getpid()}\n")
        pid_file.chmod(0o666)
        refused("everybody may write it")
        assert "No such file or directory; is it started?" in host.refused(pid_file=str(pid_file))


def test_a_pid_file_of_somebody_else():
    if not can_be_others():
        return
    with Measured() as host:
        _, of_root = sleeper(host)
        host.dir.chmod(0o755)
        of_nobody = host.start(*AS_NOBODY, SLEEP, "3600")
        pid_file = host.dir / "app.pid"

        def named(process, owner):
            pid_file.write_text(f"{process.pid}\n")
            os.chown(pid_file, owner, owner)
            return {"pid_file": str(pid_file)}

        for process, owner in ((of_root, 0), (of_nobody, 0), (of_nobody, NOBODY)):
            assert host.measure(**named(process, owner))["pid"] == process.pid
        for process, owner in ((of_root, NOBODY), (of_nobody, 1)):
            told = host.refused(**named(process, owner))
            assert f"belongs to user {owner}, neither root nor" in told, told
            assert str(process.pid) not in told.replace(str(pid_file), ""), told


def test_a_thread_is_no_process():
    code = ("import threading as t, time\nthread = t.Thread(target=time.sleep, args=(3600,))\n"
            "thread.start()\nprint('ready', flush=True)")
    with Measured() as host:
        process = host.start(PYTHON, "-c", code, ready=True)
        thread = next(int(t) for t in os.listdir(f"/proc/{process.pid}/task")
                      if int(t) != process.pid)
        told = host.refused(pid=thread)
        assert "its number is a thread of a process" in told, told
        assert str(thread) not in told.replace(str(host.dir), ""), told


def test_somebody_elses_process_without_rights():
    if not can_be_others():
        return
    with Measured() as host:
        _, process = sleeper(host)
        host.give_to_nobody()
        assert "CAP_SYS_PTRACE" in host.refused(pid=process.pid, prefix=AS_NOBODY)


# --- by executable -------------------------------------------------------------------------------

def test_an_executable():
    with Measured() as host:
        path, process = sleeper(host)
        assert host.measure(executable=str(path))["pid"] == process.pid
        item = host.files("executable", executable=str(path))["app"]
        assert item["sha256"] == hashlib.sha256(SLEEP.read_bytes()).hexdigest()
        assert (item["size"], item["flags"]) == (SLEEP.stat().st_size, [])


def test_an_executable_that_left_its_name():
    with Measured() as host:
        path, process = sleeper(host)
        digest = hashlib.sha256(SLEEP.read_bytes()).hexdigest()

        def flags():
            item = host.files("executable", executable=str(path))["app"]
            assert item["sha256"] == digest, "what runs is measured, whatever has its name"
            return item["flags"]

        os.rename(path, host.dir / "elsewhere")
        os.rename(host.dir / "elsewhere", path)
        assert flags() == []
        path.unlink()
        assert flags() == ["deleted"]
        path.write_text("another\n")
        assert flags() == ["deleted", "replaced"]
        path.unlink()
        os.mkfifo(path)
        assert flags() == ["deleted", "replaced"]


def test_an_executable_with_deleted_in_its_name():
    with Measured() as host:
        path, process = sleeper(host, "app (deleted)")
        assert host.flags("executable", executable=str(path)) == {"app (deleted)": []}
        path.unlink()
        assert host.flags("executable", executable=str(path)) == {"app (deleted)": ["deleted"]}


def test_a_changed_byte_changes_the_digest():
    with Measured() as host:
        path, process = sleeper(host)
        before = host.files("executable", pid=process.pid)["app"]["sha256"]
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        other = host.write("other", bytes(content))
        other.chmod(0o755)
        process = host.start(other, "3600")
        assert host.files("executable", pid=process.pid)["other"]["sha256"] != before


def test_several_processes_are_refused_by_number():
    with Measured() as host:
        path, first = sleeper(host)
        second = host.start(path, "3600")
        told = host.refused(executable=str(path))
        assert "2 processes run" in told and str(first.pid) in told and str(second.pid) in told
        host.end(first)
        assert host.measure(executable=str(path))["pid"] == second.pid


def test_a_script_has_no_process_of_its_own():
    with Measured() as host:
        script = host.write("run.sh", "#!/bin/sh\necho ready\nread line\n")
        script.chmod(0o755)
        process = host.start(script, ready=True)
        told = host.refused(executable=str(script))
        assert "is a script" in told and "pid_file" in told, told
        items = host.measure("executable", pid=process.pid)["components"]["executable"]["items"]
        assert [i["path"] for i in items] == [os.path.realpath("/bin/sh")]


def test_a_program_in_memory_alone():
    code = ("import os\nfd = os.memfd_create('app')\nos.write(fd, open('/bin/sleep', 'rb').read())\n"
            "os.execve(fd, ['sleep', '3600'], {})")
    with Measured() as host:
        process = host.start(PYTHON, "-c", code)
        wait_for_program(process.pid, "/memfd:app (deleted)")
        items = host.measure("executable", pid=process.pid)["components"]["executable"]["items"]
        assert [(i["path"], i["flags"]) for i in items] == [("/memfd:app", ["memfd"])]


def wait_for_program(pid, name):
    while os.readlink(f"/proc/{pid}/exe") != name:
        os.sched_yield()


# --- while it changes ----------------------------------------------------------------------------

def test_a_process_that_becomes_another_program_is_never_mixed():
    # More slowly each time, so that it can be measured in the end, on whatever machine.
    code = ("import os, sys, time\na, b, turn = sys.argv[1:]\ntime.sleep(int(turn) / 1000)\n"
            "os.execv(b, [b, '-c', sys.orig_argv[2], b, a, str(int(turn) + 1)])")
    with Measured() as host:
        programs = [shutil.copy(os.path.realpath(PYTHON), host.dir / name) for name in ("a", "b")]
        programs[1].open("ab").write(b"other")
        digest = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in programs}
        # Addresses are drawn at random, as on any host; a thread sanitizer's tests run without that.
        process = host.start(programs[0], "-c", code, *programs, "0", env={"PYTHONHOME": "/usr"},
                             preexec_fn=lambda: ctypes.CDLL(None).personality(0))
        measured, deadline = 0, time.monotonic() + PATIENCE_S
        while measured < 5 and time.monotonic() < deadline:
            done = host.call("executable", "libraries", "runtime", pid=process.pid)
            if done.returncode != 0:
                assert "changed each time" in done.stderr, done.stderr
                continue
            measured += 1
            check_one_program(done.stdout, digest)
        assert measured == 5


def check_one_program(text, digest):
    components = json.loads(text)["components"]
    program = components["executable"]["items"][0]
    facts = {i["name"]: i["values"] for i in components["runtime"]["items"]}
    assert facts["arguments"][0] == program["path"], (facts, program)
    assert program["sha256"] == digest[program["path"]] and program["flags"] == []
    assert not digest.keys() & {i["path"] for i in components["libraries"]["items"]}


def test_processes_that_end_meanwhile():
    with Measured() as host:
        for delay in range(20):
            process = host.start("/bin/sleep", f"0.0{delay:02}")
            waiting = threading.Thread(target=process.wait)
            waiting.start()
            done = host.call("executable", "libraries", "runtime", pid=process.pid)
            waiting.join()
            assert done.returncode == 0 or "process" in done.stderr, done.stderr


# --- how it runs ---------------------------------------------------------------------------------

def test_facts_of_a_process():
    with Measured() as host:
        process = host.map("anonymous", cwd=host.dir,
                           env={"WANTED": "a\nb", "WANTED2": "x", "OTHER": "secret"})
        facts = host.facts("runtime", pid=process.pid, environment=["WANTED", "ABSENT"])
        assert facts["environment"] == ["WANTED=a\\x0ab"]
        assert {"OTHER", "WANTED", "WANTED2"} <= set(facts["environment_names"]), "names alone"
        assert facts["arguments"][-1] == "anonymous" and len(facts["arguments"]) == 3
        assert facts["uid"] == [str(os.getuid())] * 4 and facts["gid"] == [str(os.getgid())] * 4
        assert facts["cwd"] == [str(host.dir)] and facts["root"] == ["/"]
        assert facts["tracer"] == ["0"] and facts["no_new_privs"] == ["0"]
        assert "environment" not in host.facts("runtime", pid=process.pid)

        def made(**options):
            return host.measure("runtime", pid=process.pid,
                                **options)["components"]["runtime"]["made"]
        assert made() == []
        assert made(environment=["WANTED", "ABSENT"]) == [
            {"name": "options", "values": ["environment=WANTED", "environment=ABSENT"]}]
        stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        assert facts["start_time"] == [stat[19]]


def test_rights_and_a_debugger_show():
    with Measured() as host:
        process = host.start("setpriv", "--no-new-privs", PYTHON, "-c", TRACED, ready=True)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        child = int(children.split()[0])
        facts = host.facts("runtime", pid=child)
        assert facts["no_new_privs"] == ["1"] and facts["tracer"] == [str(process.pid)], facts
        os.kill(child, signal.SIGKILL)


# The child asks to be traced by its parent and stops.
TRACED = """
import ctypes, os, signal, sys
child = os.fork()
if child == 0:
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(child, os.WUNTRACED)
print("ready", flush=True)
sys.stdin.read()
"""


def test_arguments_too_large_to_tell_are_digested():
    with Measured() as host:
        long = "y" * 100000
        process = host.start("/bin/sh", "-c", "echo ready; read x", long, ready=True)
        cmdline = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
        facts = host.facts("runtime", pid=process.pid)
        digest = hashlib.sha256(cmdline).hexdigest()
        assert facts["arguments_digest"] == [f"sha256:{digest} {len(cmdline)}"]
        assert "arguments" not in facts


def test_a_variable_too_large_leaves_the_component_out():
    with Measured() as host:
        process = host.map(env={"WANTED": "x" * 70000})
        told = host.refused("runtime", pid=process.pid, environment=["WANTED"])
        assert "runtime is left out" in told and "environ" in told, told
        done = host.call("executable", "runtime", pid=process.pid, environment=["WANTED"])
        assert done.returncode == 0 and "runtime is left out" in done.stderr


def test_facts_of_the_host():
    with Measured() as host:
        facts = host.facts("host", pid=os.getpid())
        kernel = os.uname()
        assert facts["kernel_release"] == [kernel.release] and facts["machine"] == [kernel.machine]
        assert facts["hostname"] == [kernel.nodename]
        for name, path in (("cmdline", "/proc/cmdline"),
                           ("boot_id", "/proc/sys/kernel/random/boot_id")):
            assert facts[name] == [pathlib.Path(path).read_text().rstrip("\n")]
        wanted = ("ID=", "PRETTY_NAME=", "VERSION_ID=")
        lines = pathlib.Path("/etc/os-release").read_text().splitlines()
        assert facts["os_release"] == sorted(line for line in lines if line.startswith(wanted))
        modules = pathlib.Path("/proc/modules")
        lines = modules.read_text().splitlines() if modules.exists() else []
        assert facts["modules"] == sorted(line.split()[0] for line in lines)


def test_an_unchanged_host_is_the_same_in_each_round():
    with Measured() as host, socket.create_server(("127.0.0.1", 0)) as server:
        first = host.measure("host", pid=os.getpid())["components"]["host"]
        server.close()
        again = host.measure("host", pid=os.getpid())["components"]["host"]
        assert first["sha256"] == again["sha256"], (first, again)


def test_the_table_is_readable_and_hides_no_escapes():
    with Measured() as host:
        path, process = sleeper(host, "line\nfeed\x1b[2J")
        done = host.call("executable", "runtime", pid=process.pid, json_wanted=False)
        lines = done.stdout.split("\n")
        assert lines[0] == "workload app" and lines[1] == f"process  {process.pid}"
        assert any("line\\x0afeed\\x1b[2J  " in line for line in lines), done.stdout
        assert "\x1b" not in done.stdout
        header = next(line for line in lines if "PATH" in line)
        row = lines[lines.index(header) + 1]
        assert row[header.index("SHA-256"):][:64] == hashlib.sha256(SLEEP.read_bytes()).hexdigest()


if __name__ == "__main__":
    run_tests(__name__)
