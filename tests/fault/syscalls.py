#!/usr/bin/python3
"""Every call on the signer's and the key process's files fails in turn: EIO, ENOSPC, kill -9.

A first run without faults tells how often each call is made on the files of one kind under a light
load; then each of those calls is made to fail, one a run, by strace. What must hold afterwards is in
underfire.py: nothing acknowledged is lost, nothing is signed twice, log and guard agree.
"""

import os
import time

import hallmark
import tracing
import underfire
from underfire import Battle, choose, count, judge, try_points

FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
GROWN = 270  # more reports than any run makes
SHORT = 2  # points of each kind in the short form
USER_LOW, SO_LOW = 0x10000, 0x100000  # CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW
USER_LOW_SEEN, SO_LOW_SEEN = 1, 8  # of enum token_sign_of, as the record has them
REPEATED = 4  # of calls that each signature makes, the first ones


def pids(fight):
    return [fight.signer.pid, fight.site.key_process_pid()]


def calls_under_load(battle, kind, paths):
    with battle.point(f"{kind}: no fault") as fight:
        with tracing.traced(pids(fight), paths) as tracer:
            fight.load()
        assert fight.outcome() == "survived"
    return tracer.calls()


def run(kind):
    with Battle() as battle:
        paths = tracing.groups(battle.site, battle.reports, GROWN)[kind]
        found = calls_under_load(battle, kind, paths)
        assert found, "no call was seen"
        points = [(call, number, fault) for call, most in sorted(found.items())
                  for number in range(1, (REPEATED if kind == "token" else most) + 1)
                  for fault in FAULTS]
        try_points(points, SHORT, lambda point: one(battle, kind, paths, point))


def one(battle, kind, paths, point):
    call, number, fault = point
    with battle.point(f"syscalls: {kind}") as fight:
        with tracing.traced(pids(fight), paths, calls=[call],
                            inject=f"{call}:{fault}:when={number}") as tracer:
            if not fight.load():
                tracer.wait_for_the_end()
        if not tracer.hits:
            count(fight.row, "not reached")
            return False
        killed = fault == "signal=KILL"
        count(fight.row, "kills" if killed else "calls failed")
        judge(fight, kind, call, killed)
    return True


def test_pending_files():
    run("pending")


def test_evidence_packs():
    run("evidence")


def test_tiles_and_entry_bundles():
    run("tiles")


def test_checkpoint_and_its_directory():
    run("checkpoint")


def test_the_index_is_only_a_cache():
    run("index")


def test_guard():
    run("guard")


def test_files_of_the_token():
    run("token")


def test_what_was_seen_of_the_token():
    """Its record is no guard: that it cannot be kept is said, and it is kept at the next change."""
    with Battle(reports=3, token_module=True, hsm={"keepalive_s": 1}) as battle:
        paths = tracing.groups(battle.site, battle.reports, GROWN)["token seen"] + [battle.site.path("guard")]
        for point in choose([(call, fault) for call in ("openat", "write", "fdatasync", "close", "rename", "fsync")
                             for fault in FAULTS], SHORT):
            not_kept(battle, paths, *point)


def not_kept(battle, paths, call, fault):
    site, killed = battle.site, fault == "signal=KILL"
    site.token.set(token_flags=0)
    with battle.point("syscalls: token seen") as fight:
        with tracing.traced(pids(fight)[1:], paths, calls=[call], inject=f"{call}:{fault}") as tracer:
            site.token.set(token_flags=USER_LOW)
            tracer.wait_for_the_end()
        count(fight.row, "kills" if killed else "calls failed")
        assert fight.load()
        judge(fight, "token seen", call, killed)
        fight.signer.wait_for("event=key-process-down" if killed
                              else f"{paths[0]}: cannot keep what was seen of the token")
        site.token.set(token_flags=USER_LOW | SO_LOW)
        fight.signer.wait_for("wrong PIN of its security officer was tried")
        until_kept(paths[0], USER_LOW_SEEN | SO_LOW_SEEN)
        if not killed:
            assert not any("event=key-process-down" in line for line in fight.signer.lines)


def until_kept(path, signs):
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while f"flags {signs}\n" not in path.read_text():
        assert time.monotonic() < deadline, path.read_text()
        os.sched_yield()


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
