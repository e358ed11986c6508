#!/usr/bin/python3
"""The processes of hallmark-collector: who has which rights, who has the key, and what a dead one costs."""

import base64
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from cryptography.hazmat.primitives import serialization
from family import Family, children, family, is_there, status
from hallmark import PATIENCE_S, Process, program, run_tests
from measured import NOBODY, can_be_others

FOR_MEASURING = 1 << 19 | 1 << 2 | 1 << 40  # SYS_PTRACE, DAC_READ_SEARCH, CHECKPOINT_RESTORE
OF_ASAN = pathlib.Path(os.environ["HALLMARK_BUILD"]).name == "asan"


def until(what, words):
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, words


def burden(host, size=1 << 40):
    """A workload that nobody has the time to measure: its process stays."""
    large = host.dir / "large"
    large.touch(0o644)
    os.truncate(large, size)
    host.workloads.append({"name": "large", "executable": str(host.dir / "app"), "measure": ["files"],
                           "files": [str(large)], "budgets": {"seconds": 3600, "mebibytes_read": 1 << 21}})
    host.options["measure_at_once"] = 0
    host.configure()
    return large


def begun(host):
    """A collector that has reported, and its processes, that which measures without end among them."""
    burden(host)
    collector = host.run()
    collector.wait_for("event=receipt")
    return collector, at_work(collector, host)


def at_work(collector, host):
    """Those of other workloads come and go."""
    found = []

    def is_there_one():
        found[:] = [pid for pid in family(collector.pid, 1).measuring
                    if str(host.dir / "large") in descriptors(pid)]
        return found

    until(is_there_one, "nobody measures what takes long")
    return Family(collector.pid, family(collector.pid).starting, found)


def of_app(host):
    return [f for f, _ in host.signer.bundles if f["workload"] == "app"]


def others(processes):
    return [processes.starting, *processes.measuring]


def capabilities(pid):
    fields = status(pid)
    return [int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]


def descriptors(pid):
    """What each one leads to."""
    found = []
    try:
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                found.append(os.readlink(link))
            except FileNotFoundError:  # closed meanwhile
                continue
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        pass
    return found


def inodes(table):
    lines = pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    return {f"socket:[{word}]" for line in lines for word in line.split()}


# --- rights --------------------------------------------------------------------------------------

def check_rights(host, collector):
    processes = family(collector.pid, 1)
    for pid in (processes.reporting, *others(processes)):
        fields = status(pid)
        assert fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1", fields
    assert capabilities(processes.reporting) == [0, 0, 0, 0]
    for pid in others(processes):
        inherited, permitted, effective, ambient = capabilities(pid)
        assert ambient == 0 and effective == permitted, pid
        assert permitted and permitted & ~FOR_MEASURING == 0, hex(permitted)
    network = inodes("tcp") | inodes("tcp6") | inodes("udp") | inodes("udp6")
    assert network & set(descriptors(processes.reporting)), "the reporter has the connection"
    log = os.readlink(f"/proc/{processes.reporting}/fd/2")
    for pid in others(processes):
        found = descriptors(pid)
        own = [str(host.dir / name) for name in ("state", "receipts", "host1", "collector.yaml")]
        assert not network & set(found) and not [f for f in found if any(o in f for o in own)], found
        assert OF_ASAN or log not in found, "what measures could forge the log"
    assert not [f for f in descriptors(processes.reporting) if f.startswith("/proc")]


def test_who_reports_has_no_capability_and_who_measures_no_network_and_no_state():
    if not can_be_others():
        return
    with Host() as h:
        collector, _ = begun(h)
        check_rights(h, collector)


def test_so_it_is_as_a_user_of_its_own():
    """As systemd starts it: capabilities of a user that has no others. It looks into a process of root's."""
    if not can_be_others():
        return
    with Host() as h:
        burden(h)
        for path in (h.dir, h.dir / "host1.key", h.dir / "state", h.dir / "receipts"):
            os.chown(path, NOBODY, NOBODY)
        names = "+sys_ptrace,+dac_read_search,+checkpoint_restore"
        collector = Process("hallmark-collector", ["run", "-c", str(h.config)], os.environ, prefix=[
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            f"--inh-caps={names}", f"--ambient-caps={names}"])
        h.processes.append(collector)
        collector.wait_for("event=receipt .*seq=1")
        assert set(h.signer.bundles[0][0]["components"]) == {"executable", "libraries", "runtime", "host"}
        check_rights(h, collector)


def test_a_key_that_only_capabilities_could_read_is_refused():
    if not can_be_others():
        return
    with Host() as h:
        for path in (h.dir, h.dir / "state", h.dir / "receipts"):
            os.chown(path, NOBODY, NOBODY)
        collector = Process("hallmark-collector", ["run", "-c", str(h.config)], os.environ, prefix=[
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"])
        h.processes.append(collector)
        assert collector.wait() == 1
        assert any("host1.key" in line and "tls.key" in line for line in collector.lines), collector.lines


def test_check_reads_the_key_as_who_reports():
    if not can_be_others():
        return
    with Host() as h:
        for path in (h.dir, h.dir / "state", h.dir / "receipts"):
            os.chown(path, NOBODY, NOBODY)
        names = "+sys_ptrace,+dac_read_search,+checkpoint_restore"
        for owner, status in ((0, 1), (NOBODY, 0)):
            os.chown(h.dir / "host1.key", owner, owner)
            done = subprocess.run([
                "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={names}",
                f"--ambient-caps={names}", program("hallmark-collector"), "check", "-c", str(h.config)],
                capture_output=True, text=True, check=False)
            assert done.returncode == status and f"app: process {h.app.pid}" in done.stdout, done
            assert status == 0 or f"host1.key: Permission denied; user {NOBODY} must be able to" in done.stderr, done


class Traced:
    """Stopped while it is looked at."""
    SEIZE, INTERRUPT, DETACH, METADATA = 0x4206, 0x4207, 17, 0x420d
    WALL = 0x40000000

    def __init__(self, pid):
        self.pid = pid
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]

    def call(self, request, address=0, data=0):
        return self.libc.ptrace(request, self.pid, address, data)

    def __enter__(self):
        assert self.call(self.SEIZE) == 0 and self.call(self.INTERRUPT) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(self.pid, self.WALL)
        return self

    def __exit__(self, *_):
        self.call(self.DETACH)

    def filter_flags(self, index):
        """ptrace(2), PTRACE_SECCOMP_GET_METADATA."""
        data = (ctypes.c_uint64 * 2)(index, 0)
        if self.call(self.METADATA, ctypes.sizeof(data), ctypes.addressof(data)) < 0:
            return None
        return data[1]


def test_what_a_filter_refuses_is_logged():
    """What is refused as unknown stands first, and is tried by libc each time: that is not."""
    if not can_be_others():
        return
    logged = 1 << 1  # SECCOMP_FILTER_FLAG_LOG
    with Host() as h:
        _, processes = begun(h)
        expected = [logged] if OF_ASAN else [0, logged]
        measuring = [*expected, logged]  # in that of who has started it, what is unknown is
        for pid, expected in zip((processes.reporting, *others(processes)), (expected, expected, measuring)):
            with Traced(pid) as process:
                flags = [process.filter_flags(i) for i in range(len(expected))]
            if flags[0] is None:
                print("     this kernel does not tell the flags of filters")
                return
            assert [f & logged for f in flags] == expected, flags


def test_a_kernel_without_landlock_is_told_and_is_no_hindrance():
    # The leak sanitizer traces the process itself and cannot do so under strace.
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    with Host() as h:
        done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e",
                               "inject=landlock_create_ruleset:error=EOPNOTSUPP",
                               program("hallmark-collector"), "once", "-c", str(h.config)],
                              capture_output=True, text=True, check=True, env=env)
        assert "level=notice event=no-landlock" in done.stderr and "app: affirming" in done.stdout, done
        assert has_landlock() == ("no-landlock" not in h.once())


# --- secrets -------------------------------------------------------------------------------------

def holds(pid, secrets):
    """Whether any of these bytes stand in its memory."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, access = line.split()[:2]
            begin, end = (int(x, 16) for x in where.split("-"))
            if access[0] != "r" or "[v" in line or end - begin > 1 << 30:  # a sanitizer's shadow
                continue
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
            if any(secret in content for secret in secrets):
                return True
    return False


def secrets_of(path):
    """The number, as it is computed with, and the first line of it in the file."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    number = key.private_numbers().private_value.to_bytes(32, "big")
    der = base64.b64decode("".join(path.read_text().split("\n")[1:-2]))
    assert number in der
    return [number, number[::-1], path.read_text().split("\n")[1].encode()]


def test_the_key_is_in_one_process_alone():
    if not can_be_others():
        return
    with Host(interval_s=1) as h:
        _, processes = begun(h)
        secrets = secrets_of(h.dir / "host1.key")
        assert holds(processes.reporting, secrets), "this test finds nothing"
        assert not any(holds(pid, secrets) for pid in others(processes))


# --- ends ----------------------------------------------------------------------------------------

def test_a_measuring_process_that_is_killed_costs_one_workload_one_round():
    with Host(interval_s=1) as h:
        collector, processes = begun(h)
        large = h.dir / "large"
        until(lambda: str(large) in descriptors(processes.measuring[0]), "it is not measured")
        os.kill(processes.measuring[0], signal.SIGSTOP)  # so that it does not come to the file's end
        os.truncate(large, 0)
        os.kill(processes.measuring[0], signal.SIGKILL)
        line = collector.wait_for("event=not-measured")
        assert "workload=large" in line and "the measuring process ended" in line, line
        assert any("killed by signal 9" in line for line in collector.lines)
        for name in ("app", "large"):  # and that one in the next round
            collector.wait_for(f"event=receipt workload={name} .*seq=2")
        assert collector.stop() == 0
        for name in ("app", "large"):
            numbers = [f["seq"] for f, _ in h.signer.bundles if f["workload"] == name]
            assert numbers == list(range(1, len(numbers) + 1)), numbers
        first, second = [f for f, _ in h.signer.bundles if f["workload"] == "large"][:2]
        assert set(first["components"]) == {"unmeasured"} and set(second["components"]) == {"files"}


def test_between_rounds_nobody_measures():
    with Host() as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        starting = family(collector.pid).starting
        until(lambda: not children(starting), "one stays")


def test_without_who_starts_them_the_program_ends():
    with Host(interval_s=1) as h:
        collector, processes = begun(h)
        os.kill(processes.starting, signal.SIGKILL)
        assert collector.wait() == 1
        assert any("which only a start of the whole program mends" in line for line in collector.lines)
        until(lambda: not is_there(processes.measuring[0]), "the measuring process is left")


def test_none_is_left_behind():
    with Host() as h:
        for end in (signal.SIGKILL, signal.SIGTERM):
            collector, processes = begun(h)
            collector.signal(end)
            collector.wait()
            until(lambda: not any(map(is_there, (processes.reporting, *others(processes)))), "a process is left")
            h.workloads.pop()


def test_signals_to_all_of_them_are_as_one_to_the_program():
    """As a terminal and systemd send them."""
    with Host() as h:
        collector, before = begun(h)
        for pid in (before.reporting, *others(before)):
            os.kill(pid, signal.SIGHUP)
        collector.wait_for("event=reloaded")
        collector.wait_for("event=receipt workload=app .*seq=2")
        after = at_work(collector, h)
        for pid in (*others(after), after.reporting):
            os.kill(pid, signal.SIGTERM)
        assert collector.wait() == 0
        assert of_app(h)[-1]["ext"]["leaving"] == "stopped"


# --- reload --------------------------------------------------------------------------------------

def test_a_reload_reaches_who_measures():
    with Host() as h:
        collector, before = begun(h)
        h.workloads.insert(0, {"name": "new", "executable": str(h.dir / "app"), "measure": ["executable"]})
        h.configure()
        collector.signal(signal.SIGHUP)
        for name, kinds in (("new", {"executable"}), ("app", {"executable", "libraries", "runtime", "host"})):
            collector.wait_for(f"event=receipt workload={name}", 3)
            fields = [f for f, _ in h.signer.bundles if f["workload"] == name][-1]
            assert set(fields["components"]) == kinds, name
        until(lambda: not is_there(before.measuring[0]), "one measures what was before")
        assert collector.stop() == 0


def test_a_configuration_that_changed_is_not_in_force_before_the_reload():
    """Nor one with faults."""
    with Host(interval_s=1) as h:
        collector, before = begun(h)
        h.workloads[0]["measure"] = ["executable"]
        h.configure()
        collector.wait_for("event=receipt", len(collector.lines))
        assert len(of_app(h)[-1]["components"]) == 4
        good = h.config.read_text()
        h.config.write_text(good + "surprise: 1\n")
        collector.signal(signal.SIGHUP)
        collector.wait_for("event=reload-refused")
        collector.wait_for("event=receipt", len(collector.lines))
        assert len(of_app(h)[-1]["components"]) == 4
        assert family(collector.pid, 1) == before


def test_a_reload_into_other_directories_is_refused():
    with Host(interval_s=1) as h:
        collector, _ = begun(h)
        if not has_landlock():
            print("     this kernel has no Landlock")
            return
        outside = h.dir.parent / f"{h.dir.name}-outside"
        outside.mkdir()
        try:
            good = h.config.read_text()
            h.config.write_text(good.replace('"receipts"', f'"{outside}"').replace(
                "receipts: receipts", f"receipts: {outside}"))
            assert h.config.read_text() != good
            collector.signal(signal.SIGHUP)
            line = collector.wait_for("event=reload-refused")
            assert str(outside) in line and "takes a restart" in line, line
            collector.wait_for("event=receipt", len(collector.lines))
            assert list(outside.iterdir()) == []
        finally:
            outside.rmdir()


def has_landlock():
    """landlock_create_ruleset(2): its version."""
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0


if __name__ == "__main__":
    run_tests(__name__)
