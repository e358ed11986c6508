#!/usr/bin/python3
"""hallmark-collector ended, or refused by the disk, at each call by which it keeps state and receipts.

Whatever happens, the next run goes on: no receipt is missing, no sequence number is used twice,
nothing is left beside.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "system")]

import small_disk
from collector_client import Host, msgpack_report, receipt
from collector_lists import Tree
from hallmark import PATIENCE_S, program, run_tests

SAVES = ("openat", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "ftruncate", "mkdirat", "unlinkat")
EVERY = {"openat": 4}  # most of these only read
OF_LISTS = ("pwrite64", "fsync", "renameat")  # the others are made for each of many files


def interrupted(host, call, number, how):
    """One run with call number `number` made to fail; None once there is no such call."""
    trace = host.dir / "trace"
    done = subprocess.run(["strace", "-qq", "-o", str(trace), "-e", f"trace={call}", "-e",
                           f"inject={call}:{how}:when={number}", program("hallmark-collector"),
                           "once", "-c", str(host.config)], capture_output=True, text=True,
                          timeout=120)
    return done if "(INJECTED)" in trace.read_text() or done.returncode < 0 else None


def only_reads(host):
    """The call that was made to fail opens what is there already: no disk lacks the room for that."""
    failed, = [line for line in (host.dir / "trace").read_text().split("\n") if "(INJECTED)" in line]
    return failed.startswith("openat(") and "O_CREAT" not in failed


class Listed(Tree):
    count = 1100


def check_whole(host, begun):
    """All that the signer has logged since then is here, in one chain."""
    numbers = [msgpack_report(entry)["seq"] for entry in host.signer.entries]
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    names = {receipt("app", n) for n in numbers}
    assert set(host.receipts()) == names, names ^ set(host.receipts())
    assert host.seq() == len(numbers) > begun
    # The file that takes the next content of the chain's stays.
    left = [p for p in (host.dir / "state").rglob(".*") if p.name != ".app.chain.new"]
    assert not left, left


def at_every_save(how, words, made=Host, calls=SAVES, least=30):
    points = 0
    with made(sign_every_s=1) as host:
        host.once()
        for call in calls:
            number = 1
            while True:
                # So that there is a component to store, and a first time for everything.
                shutil.rmtree(host.dir / "state/components")
                begun = len(host.signer.entries)
                done = interrupted(host, call, number, how)
                if done is None:
                    break
                assert done.returncode < 0 or words in done.stderr or done.returncode == 0 or \
                    only_reads(host), done
                host.once()
                check_whole(host, begun)
                points += 1
                number += EVERY.get(call, 1)
    print(f"     {points} points")
    assert points > least


def test_killed_at_every_save():
    at_every_save("signal=KILL", "")


def test_no_room_at_every_save():
    at_every_save("error=ENOSPC", "No space left on device")


def test_killed_while_a_list_is_saved():
    at_every_save("signal=KILL", "", Listed, OF_LISTS, 20)


def test_no_room_while_a_list_is_saved():
    at_every_save("error=ENOSPC", "No space left on device", Listed, OF_LISTS, 20)


@contextlib.contextmanager
def on_a_small_disk(name):
    with small_disk.small_disk() as disk, Host(interval_s=1, status={"socket": "status.sock"}) as host:
        shutil.rmtree(host.dir / name)
        (disk / name).mkdir()
        (host.dir / name).symlink_to(disk / name)
        host.once()
        yield host, disk


def test_a_disk_that_is_full_for_a_while():
    for name in ("state", "receipts"):
        with on_a_small_disk(name) as (host, disk):
            small_disk.fill(disk, 0)
            for _ in range(2):
                out = host.once(status=1)
                assert "No space left on device" in out, out
            small_disk.empty(disk)
            begun = len(host.signer.entries)
            host.once()
            check_whole(host, begun - 1)


def await_workload(host, running, good):
    """What the collector says of its workload, as soon as that is so."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        done = subprocess.run([program("hallmark-collector"), "status", "--json", "-c", host.config],
                              capture_output=True, text=True, check=False)
        if done.stdout and good(json.loads(done.stdout)["workloads"][0]):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"it does not go on: {running.child.wait(0.1)}")
    raise AssertionError(done.stdout)


def test_rounds_go_on_while_the_state_has_no_room():
    """It is said once, and the first bundle that has room says how many had none."""
    with on_a_small_disk("state") as (host, disk):
        begun = len(host.signer.entries)
        small_disk.fill(disk, 0)
        running = host.run()
        await_workload(host, running, lambda w: w["dropped"] >= 3)
        assert len(host.signer.entries) == begun
        small_disk.empty(disk)
        running.wait_for("event=room-again")
        assert running.stop() == 0
        assert sum("event=no-room" in line for line in running.lines) == 1, running.lines
        check_whole(host, begun)
        said = [f["ext"]["dropped"] for f, _ in host.signer.bundles if "dropped" in f["ext"]]
        assert said[0][0] >= 3 and abs(time.time() - said[0][1]) < 60, said


def test_what_had_no_room_is_said_after_a_kill():
    """Of a chain with a single receipt, too: the place for the count was made with it."""
    with on_a_small_disk("state") as (host, disk):
        begun = len(host.signer.entries)
        small_disk.fill(disk, 0)
        running = host.run()
        await_workload(host, running, lambda w: w["dropped"] >= 3)
        running.kill()
        small_disk.empty(disk)
        host.once()
        check_whole(host, begun)
        said = [f["ext"]["dropped"] for f, _ in host.signer.bundles if "dropped" in f["ext"]]
        assert said and said[0][0] >= 3, said


def test_what_is_measured_waits_while_receipts_have_no_room():
    with on_a_small_disk("receipts") as (host, disk):
        begun = len(host.signer.entries)
        small_disk.fill(disk, 0)
        running = host.run()
        await_workload(host, running, lambda w: w["waiting"] >= 3)
        small_disk.empty(disk)
        running.wait_for("event=receipt .*gap=")
        assert running.stop() == 0
        assert sum("event=no-room" in line for line in running.lines) == 1, running.lines
        host.once()
        check_whole(host, begun + 3)
        assert not [f for f, _ in host.signer.bundles if "dropped" in f["ext"]]


if __name__ == "__main__":
    small_disk.enter()
    run_tests(__name__)
