#!/usr/bin/python3
"""What hallmark-collector tells of all threads of a process, not of the first one alone."""

import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_measure
from hallmark import PATIENCE_S, run_tests
from measured import NOBODY, PYTHON, Measured, can_be_others

NO_NEW_PRIVS = 38
# Threads, each of which does what an argument says and waits, and a first one that may end.
THREADS = f"""
import ctypes, signal, sys, threading
libc = ctypes.CDLL(None)
done = threading.Semaphore(0)
def wait(say=None):
    if say == "no_new_privs":
        libc.prctl({NO_NEW_PRIVS}, 1, 0, 0, 0)
    if say == "nobody":
        libc.setfsuid({NOBODY})
    done.release()
    signal.sigwait([signal.SIGUSR1])
threading.stack_size(65536)
first, *others = sys.argv[1:]
for say in others:
    for _ in range(int(say) if say.isdecimal() else 1):
        threading.Thread(target=wait, args=(say,)).start()
        done.acquire()
print("ready", flush=True)
if first == "ends":
    libc.pthread_exit(None)
wait(first)
"""


def start(host, *threads, first="stays"):
    process = host.start(PYTHON, "-c", THREADS, first, *threads, ready=True)
    deadline = time.monotonic() + PATIENCE_S
    while first == "ends" and b"zombie" not in second_measure.read_facts(f"/proc/{process.pid}/status"):
        assert time.monotonic() < deadline
        os.sched_yield()
    return process


def check(host, process):
    """The facts, which a second collector has too."""
    facts = host.facts("runtime", pid=process.pid)
    for name, values in second_measure.rights_of(process.pid):
        assert facts[name] == [value.decode() for value in values], (name, facts[name], values)
    return facts


def test_threads_that_agree():
    with Measured() as host:
        facts = check(host, start(host, "3"))
        assert facts["threads_differ"] == [] and facts["uid"] == [str(os.getuid())] * 4


def test_threads_that_differ():
    with Measured() as host:
        facts = check(host, start(host, "no_new_privs", "no_new_privs", "1"))
        assert facts["no_new_privs"] == ["0", "1"]
        assert facts["threads_differ"] == ["no_new_privs 2-9x1 2-9x1"], facts
        if not can_be_others():
            return
        facts = check(host, start(host, "2", "nobody"))
        assert facts["uid"] == ["0"] * 7 + [str(NOBODY)], facts["uid"]
        assert "uid 2-9x4 1x4" in facts["threads_differ"], facts


def test_the_first_thread_has_ended():
    with Measured() as host:
        process = start(host, "1", "no_new_privs", first="ends")
        others = check(host, process)
        assert others["no_new_privs"] == ["0", "1"]
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        assert others["start_time"] == [fields[19]] and others["root"] == ["/"]
        assert others["arguments"][-3:] == ["ends", "1", "no_new_privs"], others
        components = host.measure("executable", "libraries", pid=process.pid)["components"]
        assert components["executable"]["items"][0]["path"] == os.path.realpath(PYTHON)
        assert any("libc.so" in item["path"] for item in components["libraries"]["items"])


def test_a_program_is_found_whose_first_thread_has_ended():
    with Measured() as host:
        program = host.dir / "app"
        program.write_bytes(pathlib.Path(os.path.realpath(PYTHON)).read_bytes())
        program.chmod(0o755)
        process = host.start(program, "-c", THREADS, "ends", "1", ready=True,
                             env={"PYTHONHOME": "/usr"})
        assert host.measure(executable=str(program))["pid"] == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "no process runs" in host.refused(executable=str(program))


def test_threads_that_end_all_the_time():
    code = ("import threading\nprint('ready', flush=True)\n"
            "while True:\n t = threading.Thread(target=int)\n t.start()")
    with Measured() as host:
        process = host.start(PYTHON, "-c", code, ready=True)
        for _ in range(5):
            assert host.facts("runtime", pid=process.pid)["threads_differ"] == []


def test_many_threads_and_one_that_differs():
    with Measured() as host:
        process = start(host, "2000", "no_new_privs")
        begun = time.monotonic()
        facts = check(host, process)
        assert facts["threads_differ"] == ["no_new_privs 1000-9999x1 1x1"], facts["threads_differ"]
        assert time.monotonic() - begun < PATIENCE_S


# --- whose view ----------------------------------------------------------------------------------

def test_namespaces():
    with Measured() as host:
        def places(*command):
            process = host.start(*command, "/bin/sh", "-c", "echo ready; read x", ready=True)
            facts = check(host, process)
            return {name.removeprefix("namespace_"): values[0] for name, values in facts.items()
                    if name.startswith("namespace_") and values != ["host"]}

        assert places() == {}
        assert places("unshare", "-r") == {"user": "foreign"}
        assert places("unshare", "-rm", "-u") == {"user": "foreign", "mount": "foreign", "uts": "foreign"}
        if can_be_others():
            assert places("unshare", "-m", "-n") == {"mount": "own", "network": "own"}
            assert places("unshare", "-m", "unshare", "-r") == {"user": "foreign", "mount": "own"}


def test_a_thread_that_left_the_hosts_view():
    if not can_be_others():
        return
    code = ("import os, threading, ctypes\n"
            "def leave():\n"
            " ctypes.CDLL(None).unshare(0x20000)\n"  # CLONE_NEWNS
            " os.chroot('/usr')\n"
            " print('ready', flush=True)\n"
            " threading.Event().wait()\n"
            "threading.Thread(target=leave).start()")
    with Measured() as host:
        facts = check(host, host.start(PYTHON, "-c", code, ready=True))
        assert facts["namespace_mount"] == ["host", "own"] and facts["root"] == ["/", "/usr"], facts
        assert "namespace_mount 1x1 1x1" in facts["threads_differ"]


if __name__ == "__main__":
    run_tests(__name__)
