#!/usr/bin/python3
"""hallmark-collector measures all processes of a workload: what differs shows, what is shared is one."""

import collections
import hashlib
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_measure
import second_subject
from hallmark import PATIENCE_S, run_tests
from measured import NOBODY, PYTHON, Measured, can_be_others

KINDS = ("executable", "libraries", "runtime")
# Children that each do what an argument says and wait; "N" is so many that only wait.
FORKING = f"""
import ctypes, mmap, os, signal, sys
def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
def child(say):
    end_with_parent()
    if say == "nobody":
        os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
        end_with_parent()
    elif say.startswith("/"):
        ctypes.CDLL(say)
    elif say == "exec":
        os.execve("/bin/sleep", ["sleep", "3600"], dict(os.environ, WANTED="other"))
    elif say == "grandchild" and os.fork() == 0:
        end_with_parent()
        os.execv("/bin/sleep", ["sleep", "3600"])
    os.write(ready[1], b"x")
    signal.pause()
ready = os.pipe()
for say in sys.argv[1:]:
    for _ in range(int(say) if say.isdecimal() else 1):
        if os.fork() == 0:
            child(say)
        if say != "exec":
            os.read(ready[0], 1)
print("ready", flush=True)
signal.pause()
"""


def fork(host, *says, program=PYTHON, **options):
    process = host.start(program, "-c", FORKING, *says, ready=True, **options)
    deadline = time.monotonic() + PATIENCE_S
    wanted = sum(s in ("exec", "grandchild") for s in says)
    while wanted != sum(os.readlink(f"/proc/{p}/exe") == os.path.realpath("/bin/sleep")
                        for p in second_subject.members(process.pid)):
        assert time.monotonic() < deadline
    return process


def check(host, process, **options):
    """The components' items, which a second collector finds too."""
    found = host.measure(*KINDS, pid=process.pid, **options)["components"]
    executable, libraries = second_measure.mapped_files(process.pid)
    for component in (executable, libraries):
        mine = sorted((os.fsdecode(i[0]), i[1].hex()) for i in component.items)
        assert [(i["path"], i["sha256"]) for i in found[component.kind]["items"]] == mine
    facts = {i["name"]: i["values"] for i in found["runtime"]["items"]}
    mine = second_measure.runtime_of(process.pid, options.get("environment", ())).items
    assert facts.keys() == {name for name, _ in mine}
    for name, values in mine:
        if name != "arguments":  # this program's text has lines
            assert facts[name] == [v.decode() for v in values], (name, facts[name], values)
    return ({i["path"]: i["flags"] for i in found["executable"]["items"]},
            {i["path"]: i["flags"] for i in found["libraries"]["items"]}, facts)


def test_what_is_shared_is_one():
    with Measured() as host:
        alone = fork(host)
        many = fork(host, "20")
        one, all_of_them = check(host, alone), check(host, many)
        assert one[:2] == all_of_them[:2], "executable and libraries"
        assert one[2]["processes"] == [f"1 {os.path.realpath(PYTHON)}"]
        assert all_of_them[2]["processes"] == [f"10-99 {os.path.realpath(PYTHON)}"]
        differ = {n for n in one[2] if one[2][n] != all_of_them[2][n]}
        assert differ <= {"processes", "start_time", "arguments"}, differ


def test_a_library_in_a_worker():
    with Measured() as host:
        alien = shutil.copy(next(p for p in map(pathlib.Path, (
            "/lib/x86_64-linux-gnu/libz.so.1", "/lib/aarch64-linux-gnu/libz.so.1")) if p.exists()),
            host.dir / "alien.so")
        process = fork(host, "2", str(alien))
        assert check(host, process)[1][str(alien)] == []


def test_another_program_among_them():
    with Measured() as host:
        process = fork(host, "1", "exec", "grandchild", env={"WANTED": "main"})
        programs, _, facts = check(host, process, environment=["WANTED"])
        sleep = os.path.realpath("/bin/sleep")
        assert programs == {os.path.realpath(PYTHON): [], sleep: ["other"]}, programs
        assert facts["processes"] == [f"2-9 {os.path.realpath(PYTHON)}", f"2-9 {sleep}"], facts
        assert facts["environment"] == ["WANTED=main", "WANTED=other"], facts["environment"]


def test_a_worker_with_other_rights():
    if not can_be_others():
        return
    with Measured() as host:
        process = fork(host, "3", "nobody")
        facts = check(host, process)[2]
        assert facts["uid"] == ["0"] * 4 + [str(NOBODY)] * 4 and "uid 2-9x4 1x4" in facts["threads_differ"]


def test_workers_that_come_and_go():
    code = ("import os\nprint('ready', flush=True)\nwhile True:\n"
            " if os.fork() == 0: os._exit(0) if os.urandom(1) < b'\\x80' else "
            "os.execv('/bin/true', ['true'])\n os.wait()")
    with Measured() as host:
        process = host.start(PYTHON, "-c", code, ready=True)
        for _ in range(20):
            found = host.measure(*KINDS, pid=process.pid)["components"]
            assert set(KINDS) == found.keys()
            paths = {i["path"] for i in found["executable"]["items"]}
            assert os.path.realpath(PYTHON) in paths
            assert paths <= {os.path.realpath(PYTHON), os.path.realpath("/bin/true")}, paths
            wrong = [i for i in found["libraries"]["items"] if i["flags"]]
            assert not wrong and not paths & {i["path"] for i in found["libraries"]["items"]}, wrong


def test_a_unit_with_a_process_left_over():
    group = control_group(f"hallmark-test-{os.getpid()}.service")
    if group is None:
        return
    with Measured() as host:
        try:
            paths = [shutil.copy("/bin/sleep", host.dir / name) for name in ("genuine", "other")]
            for path in paths:
                process = host.start(path, "3600")
                (group / "cgroup.procs").write_text(str(process.pid))
            found = host.measure(*KINDS, unit=group.name)["components"]
            assert {i["path"]: i["flags"] for i in found["executable"]["items"]} == {
                str(paths[0]): [], str(paths[1]): ["other"]}
        finally:
            for process in host.processes:
                host.end(process)
            group.rmdir()


def control_group(name):
    for top in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        group = pathlib.Path(top, "system.slice", name)
        try:
            group.mkdir(parents=True)
        except OSError:
            continue
        if (group / "cgroup.procs").exists():
            return group
        group.rmdir()
    return None


def test_ordinary_processes_of_this_machine_are_clean():
    """Nothing about them needs an excuse: no flag, no thread, no namespace of any user's."""
    with Measured() as host:
        counted = collections.Counter()
        for process in (fork(host, "5"), host.start(PYTHON, "-c", THREADED, ready=True),
                        host.start("/bin/sh", "-c", "echo ready; read x", ready=True)):
            programs, libraries, facts = check(host, process)
            counted.update(flag for flags in (*programs.values(), *libraries.values()) for flag in flags)
            assert facts["threads_differ"] == [] and facts["namespace_mount"] == ["host"], facts
        assert not counted, counted


THREADED = ("import threading\never = threading.Event()\nfor _ in range(8):\n"
            " threading.Thread(target=ever.wait, daemon=True).start()\n"
            "print('ready', flush=True)\never.wait()")


def test_two_hundred_processes_cost_less_than_ten():
    with Measured() as host:
        def seconds(process):
            times = []
            for _ in range(3):
                begun = time.monotonic()
                host.measure("executable", "libraries", pid=process.pid)
                times.append(time.monotonic() - begun)
            return min(times)

        one, many = fork(host), fork(host, "200")
        alone, together = seconds(one), seconds(many)
        print(f"     one {alone * 1000:.0f} ms, 201 {together * 1000:.0f} ms", flush=True)
        assert together < 10 * alone


if __name__ == "__main__":
    run_tests(__name__)
