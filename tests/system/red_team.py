#!/usr/bin/python3
"""Attacks on a trading application that its own user, or another one of its host, can make: each is seen in the
report of a real signer, by a policy that finds nothing wrong with the honest run before and after it."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from floor import AFFIRMING, PATCH, Floor, compiled, floor, seen
from hallmark import run_tests
from judged import mapped
from measured import AS_NOBODY, NOBODY, PYTHON, can_be_others


def test_own_mount_namespace_hides_an_altered_file():
    """The file that everybody has is altered; in a namespace of the application's own the honest one covers it."""
    with floor() as host:
        honest = host.write("honest.ini", host.limits.read_bytes())
        host.limits.write_text("[risk]\nmax_order_size = 1000000\n")
        with host.run("unshare", "--mount", "sh", "-c", f'mount --bind {honest} {host.limits} && exec "$@"', "sh"):
            seen(host, "changed-file")
        host.limits.write_bytes(honest.read_bytes())


def test_a_worker_thread_of_another_user():
    if not can_be_others():
        print("    skipped: needs a second user")
        return
    hook = f"import ctypes, threading; threading.Thread(target=input, daemon=True).start(); " \
           f"ctypes.CDLL(None).syscall(117, {NOBODY}, {NOBODY}, {NOBODY})"
    with floor() as host, host.run(hook=hook):
        seen(host, "unmatched-fact")


def test_a_sibling_process():
    with floor() as host:
        tool = host.dir / "exfiltrate"
        shutil.copy("/bin/sleep", tool)
        said = host.dir / "sibling"
        hook = f"import subprocess; sibling = subprocess.Popen([{str(tool)!r}, '3600']); " \
               f"pathlib.Path({str(said)!r}).write_text(str(sibling.pid))"
        with host.run(hook=hook):
            try:
                assert ("other-process", str(tool)) in seen(host, "other-process")
            finally:
                os.kill(int(said.read_text()), signal.SIGKILL)


def test_a_preloaded_library_that_patches_and_leaves():
    """Nothing of it is mapped any more, nothing on the disk is altered: its work is in memory."""
    with floor() as host:
        library = compiled(host, "patch.so", PATCH)
        hook = f"import _ctypes, ctypes; _ctypes.dlclose(ctypes.CDLL({str(library)!r})._handle)"
        with host.run(hook=hook) as process:
            assert str(library) not in mapped(process)
            seen(host, "modified-code")
        with host.run(LD_PRELOAD=str(library)):
            seen(host, "modified-code", "unknown-file")


def test_the_kernels_own_page_is_patched():
    with floor() as host, host.run() as process:
        maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text()
        at = int(re.search(r"^([0-9a-f]+)-.* \[vdso\]$", maps, re.M)[1], 16) + 100
        with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
            byte = os.pread(memory.fileno(), 1, at)[0]
            os.pwrite(memory.fileno(), bytes([byte ^ 1]), at)
        assert ("modified-code", "[vdso]") in seen(host, "modified-code")


def test_a_pid_file_that_names_something_else():
    """What is measured instead is not what was released; one that is no pid file names nothing."""
    with floor() as host, host.run():
        decoy = host.start("sleep", "3600")
        host.write("pid", f"{decoy.pid}\n")
        seen(host, "unknown-file", "unmatched-fact")
        for content in ("1\n", "0\n", "-1\n", "x\n", "", f"{decoy.pid} \n"):
            host.write("pid", content)
            status, _ = host.verdict()
            assert status == "contraindicated", (content, status)
        if can_be_others():
            host.write("pid", f"{decoy.pid}\n")
            os.chown(host.dir / "pid", NOBODY, NOBODY)
            assert ("unmeasured", "pid-file") in seen(host, "unmeasured")
            os.unlink(host.dir / "pid")


def test_a_strangers_copy():
    """It silences nobody while the application runs, and is not it when that has stopped."""
    if not can_be_others():
        print("    skipped: needs a second user")
        return
    with Floor() as host:
        host.released(executable=str(host.program))
        host.honest()
        with host.run(*AS_NOBODY, pid_file=False) as stranger:
            assert host.program_of(stranger) == str(host.program)
            assert ("unmeasured", "no-process") in seen(host, "unmeasured")
            host.honest()
        host.honest()


def test_started_by_the_dynamic_linker():
    """What the kernel has started then is the linker; the application is one of its libraries."""
    linker = re.search(r"(/\S*/ld-linux\S*)", subprocess.run(
        ["readelf", "-l", os.path.realpath(PYTHON)], capture_output=True, text=True, check=True).stdout)[1].rstrip("]")
    with floor() as host, host.run(linker):
        assert ("unknown-file", os.path.realpath(linker)) in seen(host, "unmatched-fact")


def test_an_argument_left_out():
    with floor() as host:
        for command in (host.command()[:2] + [host.limits, "--no-limits"], host.command() + [host.limits]):
            with host.run(command=command):
                seen(host, "unmatched-fact")


MEMORY = "memory = mmap.mmap(-1, {size}, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, {protection})"


def test_code_that_is_made_at_run_time():
    """What the policy accepts of one program by name, and no more than that, is in the report of an honest run; what
    else is in memory is seen beside it."""
    bounds = {"bytes": "<= 256 KiB", "mappings": "<= 4", "writable": True}
    code = MEMORY.format(size=200_000, protection=7)
    both = [{"kind": "libraries", "code": c} for c in ("anonymous-memory", "writable-mapping")]
    with floor() as host:
        with host.run(hook=code):
            seen(host, "anonymous-memory", "writable-mapping")
        host.accept(libraries={"accept_anonymous": [{**bounds, "program": str(host.program)}]})
        with host.run(hook=code):
            of_app = host.appraisal()
            assert (of_app["ear.status"], of_app["hallmark.accepted"]) == ("affirming", both), of_app
        with host.run(hook=MEMORY.format(size=300_000, protection=7)):
            seen(host, "anonymous-memory", "writable-mapping")
        with host.run(hook=MEMORY.format(size=200_000, protection=7).replace("memory = ", "memory = [") +
                      " for _ in range(5)]"):
            seen(host, "anonymous-memory", "writable-mapping")
        alien = compiled(host, "alien.so", "int alien(void) { return 1; }")
        with host.run(hook=f"{code}; import ctypes; alien = ctypes.CDLL({str(alien)!r})"):
            assert ("unknown-file", str(alien)) in seen(host)
        memory_file = f"{code}; import ctypes, os; file = os.memfd_create('x'); os.write(file, open({str(alien)!r}, 'rb')" \
                      ".read()); alien = ctypes.CDLL(f'/proc/self/fd/{file}')"
        with host.run(hook=memory_file):
            seen(host, "memory-file")
        patch = compiled(host, "patch.so", PATCH)
        with host.run(hook=f"{code}; import _ctypes, ctypes; _ctypes.dlclose(ctypes.CDLL({str(patch)!r})._handle)"):
            seen(host, "modified-code")
        host.accept(libraries={"accept_anonymous": [{**bounds, "program": "/usr/bin/node"}]})
        with host.run(hook=code):
            seen(host, "anonymous-memory", "writable-mapping")


def test_files_are_looked_up_in_what_the_process_made_its_root():
    with floor() as host, host.run():
        host.measured(view="process")
        assert seen(host) == {("other-option", "root=process")}
        host.accept(files={"options": ["root=process"]})
        of_app = host.appraisal()
        assert of_app["ear.status"] == "affirming", of_app
        assert of_app["hallmark.accepted"] == [{"kind": "files", "code": "other-option"}]
        host.measured()


def test_patterns_that_leave_a_file_out():
    """No reference set has it, so that none demands it: it was added, and the policy says what is looked for."""
    with floor() as host, host.run():
        added = host.write("etc/added.ini", "[risk]\nmax_order_size = 1000000\n")
        assert seen(host) == {("unknown-file", str(added))}
        host.measured(files=[str(host.limits), str(host.script)])
        assert host.verdict() == AFFIRMING
        host.accept(files={"patterns": [f"{host.dir}/etc/**"]})
        assert seen(host) == {("missing-pattern", f"{host.dir}/etc/**")}
        added.unlink()
        host.measured()


def test_an_exclusion_hides_a_file():
    """Of the collector's configuration. No reference set has the file, so that none demands it."""
    with floor() as host, host.run():
        added = host.write("etc/added.ini", "[risk]\nmax_order_size = 1000000\n")
        assert seen(host) == {("unknown-file", str(added))}
        for exclude in (str(added), f"{host.dir}/etc/a*"):
            host.measured(excludes=[exclude])
            assert seen(host) == {("excluded-files", exclude)}
        host.accept(files={"excludes": [str(added)]})
        assert seen(host) == {("excluded-files", exclude)}
        host.measured(excludes=[str(added)])
        of_app = host.appraisal()
        assert of_app["ear.status"] == "affirming", of_app
        assert of_app["hallmark.accepted"] == [{"kind": "files", "code": "excluded-files"}]
        added.unlink()
        host.measured()


def test_a_debugger():
    with floor() as host, host.run() as process:
        code = f"import ctypes, time; assert ctypes.CDLL(None).ptrace(16, {process.pid}, 0, 0) == 0; " \
               "print('ready', flush=True); input()"
        debugger = host.start(PYTHON, "-c", code, ready=True)
        seen(host, "unmatched-fact")
        host.end(debugger)


if __name__ == "__main__":
    run_tests("__main__")
