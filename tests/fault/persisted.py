#!/usr/bin/python3
"""Calls that fail and are done all the same, by half, or that are the last thing the process does.

A disk may have what it denied, and half of what it was given. The preloaded faulty_calls.so does
the call and reports EIO, writes half and reports ENOSPC, or kills the process behind the call.
"""

import contextlib
import errno
import re
import signal
import time

import hallmark
import logimage
import tracing
import underfire
import wire
from hallmark import APP, Site
from underfire import Battle, FaultyCalls, choose, count, judge, try_points

GROWN = 270  # more reports than any run makes
SHORT = 2  # points of each kind in the short form

# Parts of paths, as the shim compares them, and the calls that are made on such files.
KINDS = {
    "pending": ("/log/pending.", ("open", "pwrite64", "fdatasync", "close")),
    "evidence": ("/evidence/", ("open", "write", "fdatasync")),
    "tiles": ("/log/tile/", ("open", "writev", "close", "unlink", "mkdir")),
    "sync of all": ("/log", ("syncfs",)),
    "checkpoint": ("/log/checkpoint", ("open", "write", "fsync", "close", "rename")),
    "index": ("/index.db", ("pwrite64",)),
    "guard": ("/guard/", ("pwrite64", "fdatasync")),
}


def calls_under_load(battle, kind, faulty):
    """How often each call is made, as strace sees it; what libc does inside opendir does not count."""
    path, calls = KINDS[kind]
    with battle.point(f"{kind}: no fault", faulty.env) as fight:
        with tracing.traced([fight.signer.pid, fight.site.key_process_pid()],
                            tracing.groups(battle.site, battle.reports, GROWN)[kind]) as tracer:
            fight.load()
        assert fight.outcome() == "survived"
    lines = [line for line in tracer.lines if path in line and "O_NONBLOCK" not in line]
    return {call: sum(f"{'openat' if call == 'open' else call}(" in line for line in lines)
            for call in calls}


def run(kind):
    with Battle() as battle:
        faulty = FaultyCalls(battle.site)
        points = [(call, number, mode)
                  for call, most in calls_under_load(battle, kind, faulty).items()
                  for number in range(1, most + 1) for mode in FaultyCalls.MODES
                  if mode != "torn" or (re.fullmatch("p?write(64|v)?", call) and kind != "guard")]
        assert points, "no call was seen"
        try_points(points, SHORT, lambda point: one(battle, kind, faulty, point))


def one(battle, kind, faulty, point):
    call, number, mode = point
    with battle.point(f"persisted: {kind}", faulty.env) as fight:
        faulty.arm(mode, call, KINDS[kind][0], number,
                   errno.ENOSPC if mode == "torn" else errno.EIO)
        fight.load()
        faulty.disarm()
        if not faulty.hits():
            count(fight.row, "not reached")
            return False
        killed = mode == "killed after"
        count(fight.row, "kills" if killed else f"calls {mode}")
        judge(fight, kind, call, killed)
    return True


def test_pending_files():
    run("pending")


def test_evidence_packs():
    run("evidence")


def test_tiles_and_entry_bundles():
    run("tiles")


def test_the_sync_of_all_that_is_published():
    run("sync of all")


def test_checkpoint():
    run("checkpoint")


def test_the_index_is_only_a_cache():
    run("index")


def test_guard():
    run("guard")


def test_names_that_a_dead_process_left_unsynced_are_synced_before_they_are_relied_on():
    """Of a pending file that it had made, and no more; by a start whose sync can fail."""
    with Site() as site:
        site.init_key()
        faulty = FaultyCalls(site)
        plain, site.env = site.env, {**site.env, **faulty.env}
        # It has something to say as soon as it is ready: the notice of its start.
        faulty.arm("killed after", "open", "/log/pending.", 1, 0)
        assert site.start_signer(wait=False).wait() == -9
        faulty.arm("persisted", "fsync", "/log", 1, errno.EIO)
        refused = site.start_signer(wait=False)
        refused.wait_for("event=fatal")
        assert refused.wait() == 1 and faulty.hits() == 1
        assert not any("event=listening" in line for line in refused.lines)
        faulty.disarm()
        site.env = plain
        signer = site.start_signer()
        receipt = site.collector().submit("app", APP)
        assert signer.stop() == 0
        logimage.verify_all(site, [receipt])


def test_half_a_slot_of_the_guard_is_refused_until_a_checkpoint_is_adopted():
    """No disk tears a sector. What looks so may have been the newer state: an operator decides."""
    with Battle() as battle:
        faulty = FaultyCalls(battle.site)
        for number in choose(range(1, 9), 2):
            with battle.point("persisted: guard torn", faulty.env) as fight:
                faulty.arm("torn", "pwrite64", KINDS["guard"][0], number, errno.ENOSPC)
                # Nothing is answered any more: the key process does not come up again.
                fight.collector.connection.tls.settimeout(1)
                with contextlib.suppress(TimeoutError):
                    fight.load()
                faulty.disarm()
                assert faulty.hits() == 1
                count(fight.row, "calls torn")
                fight.signer.wait_for("/guard/.*the guard's state is damaged")
                fight.signer.signal(9)
                fight.signer.wait()
                refused = battle.site.start_signer(wait=False)
                refused.wait_for("/guard/.*the guard's state is damaged")
                assert not any("event=listening" in line for line in refused.lines)
                refused.kill()
                battle.site.hsm("adopt", str(battle.site.path("log/checkpoint")))


def test_a_failed_sync_is_not_believed_at_the_next_start():
    """What the kernel may have kept to itself is written once more, before anybody relies on it."""
    for kind, call in (("pending", "fdatasync"), ("guard", "fdatasync"),
                       ("evidence", "fdatasync")):
        with Battle(reports=3) as battle:
            faulty = FaultyCalls(battle.site)
            with battle.point(f"persisted: {kind} synced again", faulty.env) as fight:
                faulty.arm("persisted", call, KINDS[kind][0], 2, errno.EIO)
                fight.load()
                assert fight.outcome() in ("ended", "survived") and faulty.hits() == 1
                if not fight.signer.ended:
                    continue
                calls = calls_of_a_start(fight, KINDS[kind][0])
                written = [n for n, c in enumerate(calls) if re.match("p?write(64)?", c)]
                synced = [n for n, c in enumerate(calls) if c in ("fsync", "fdatasync")]
                assert written and synced and written[-1] < synced[-1], (kind, calls)
                count(fight.row, "starts traced")


def test_a_sync_that_hangs_does_not_keep_the_signer_from_its_end():
    """SIGTERM has ten seconds; what was acknowledged is there at the next start."""
    with Site() as site:
        site.init_key()
        faulty = FaultyCalls(site)
        plain, site.env = site.env, {**site.env, **faulty.env}
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        with faulty.held("fdatasync", KINDS["pending"][0]):
            collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP)}])
            faulty.wait_for_hit()
            began = time.monotonic()
            signer.signal(signal.SIGTERM)
            assert signer.wait() == 0
            took = time.monotonic() - began
            assert took < 10, took
        site.env = plain
        assert site.start_signer().stop() == 0
        logimage.verify_all(site, receipts)


def calls_of_a_start(fight, part):
    """The calls on files of that path that a signer makes from its start until it listens."""
    output = fight.site.path("start.trace")
    signer = hallmark.Process(
        "hallmark-signer", ["run", "-c", str(fight.site.path("signer.yaml"))], fight.site.env,
        prefix=["strace", "-D", "-f", "-y", "-o", str(output), "-e",
                "trace=" + ",".join(tracing.CALLS)])
    fight.site.processes.append(signer)
    signer.wait_for("event=listening")
    text = output.read_text(errors="replace")
    fight.signer = signer
    return re.findall(rf"^\d+ +(\w+)\(\d+<[^>]*{re.escape(part)}", text, re.M)


if __name__ == "__main__":
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
