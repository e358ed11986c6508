#!/usr/bin/python3
"""A change of the log's key, killed at every step: it has happened or has not, and what is to be done says
the next command or is done by the next start. Nothing is on the token that was not there before."""

import os
import random
import subprocess

import hallmark
import rotation
import underfire
from keychannel import Gone, KeyProcess, Tree, reports
from load import Load
from logimage import published, read_log
from rotation import SIZE, by, closed, introduced, last_of, objects_of, ordered

STEPS = {"openat": ("open", "open64"), "write": ("write", "pwrite", "pwrite64"),
         "sync": ("fsync", "fdatasync"), "rename": ("rename",)}
NTH_MAX = 20


def rotate_killed(site, faulty, call, nth):
    """Behind this call; whether there was one."""
    faulty.arm("killed after", call, "/guard", nth, 0)
    done = subprocess.run(
        [hallmark.program("hallmark-hsm"), "rotate", "-c", str(site.path("hsm.yaml"))],
        env={**site.env, **faulty.env}, capture_output=True, text=True, check=False)
    hit = faulty.hits() == 1
    faulty.disarm()
    assert done.returncode == (-9 if hit else 0), (call, nth, done)
    return hit


def test_the_command_is_killed_at_every_call():
    """Until it is ordered the old key signs; then it is; to run it again is always right."""
    with rotation.two_keys() as site:
        faulty = underfire.FaultyCalls(site)
        with KeyProcess(site) as key:
            rotation.grown(key, site, SIZE)
        before = objects_of(site)
        fresh = {path: path.read_bytes() for path in site.guard_files()}
        for name, calls in STEPS.items():
            for call in calls:
                for nth in range(1, NTH_MAX):
                    hit = rotate_killed(site, faulty, call, nth)
                    check_old_key(site)
                    assert "ordered" in rotation.rotate(site).stdout
                    assert objects_of(site) == before
                    site.put_guard_back(fresh)
                    if not hit:
                        break
                    underfire.count("rotation: command killed", name)
                else:
                    raise AssertionError(f"{call} is made for ever")
        assert underfire.counts["rotation: command killed", "rename"] == 2, underfire.counts


def check_old_key(site):
    """Whatever is there: the log's key is the old one, which serves, and says what is to be done."""
    key, told = introduced(site, 0, SIZE)
    key.kill()
    begun = any("rotate was begun and not ended" in line for line in key.process.lines)
    assert not (begun and told), key.process.lines


def test_the_key_process_is_killed_behind_every_write_of_a_guard():
    with rotation.two_keys() as site:
        faulty = underfire.FaultyCalls(site)
        key, tree, told = ordered(site)
        key.kill()
        last = last_of(site, tree, told)
        files = {path: path.read_bytes() for path in site.guard_files()}
        for call in ("pwrite64", "fdatasync", "pwrite"):
            for nth in range(1, NTH_MAX):
                hit = killed_at(site, faulty, last, call, nth)
                site.put_guard_back(files)
                if not hit:
                    break
                underfire.count("rotation: key process killed", call)
            else:
                raise AssertionError(f"{call} is made for ever")


def killed_at(site, faulty, last, call, nth):
    """False if there is no such call any more. The same tree is asked for until the new key signs it."""
    faulty.arm("killed after", call, "/guard/", nth, 0)
    site.env.update(faulty.env)
    went_well = walk(site, last)
    hit = faulty.hits() == 1
    faulty.disarm()
    for name in faulty.env:
        del site.env[name]
    assert went_well != hit
    assert went_well or walk(site, last)
    more = Tree(last.entries + reports(1, len(last)))
    key, _ = introduced(site, 1, len(last))
    by(site, 1, key.sign(more, len(last)), more)
    key.kill()
    return hit


def walk(site, last):
    """What a signer does, until the new key has signed the last tree. False if a process was killed."""
    try:
        key = KeyProcess(site)
        if key.state.size < len(last):
            closed(site, key, last)
            key = KeyProcess(site)
        assert key.state.size == len(last), key.state
        by(site, 1, key.sign(last, len(last)), last)
        key.kill()
        return True
    except (Gone, BrokenPipeError):
        return False


def test_signer_and_key_process_are_killed_under_load():
    """At any time around the change: every receipt that was given verifies, by the key of its size."""
    chance = random.Random(underfire.SEED)
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}")
    for victim in ("signer", "key process", "signer"):
        with rotation.two_keys() as site:
            signer = site.start_signer()
            load = Load(site, connections=2)
            load.wait_for(20)
            rotation.rotate(site)
            if victim == "signer":
                signer.wait_for("event=key-gives-way" if chance.random() < 0.7 else "ordered")
                load.stop.wait(chance.random() * 0.15)
                signer.kill()
            else:
                signer.wait_for("event=key-gives-way")
                kill_one(site)
            receipts = goes_on(site, signer, load, victim)
            underfire.count("rotation: under load", victim)
            site.certificate = site.certificates[1]
            rotation.held_together(site, receipts, read_log(site))
            rotation.audited(site)


def kill_one(site):
    try:
        if pid := site.status()["key_process_pid"]:
            os.kill(pid, 9)
    except ProcessLookupError:
        pass  # it was between two


def goes_on(site, signer, load, victim):
    if victim == "signer":
        load.end()
        signer = site.start_signer()
        signer.wait_for("event=(key-changed|listening)")
    else:
        load.wait_for_each(3)
        load.end()
        assert not load.errors and load.closed == 0, (load.errors, load.closed)
    receipts = list(load.receipts)
    while rotation.signer_of(site, receipts[-1]["checkpoint"])[0] == 0:
        receipts.append(site.collector("more").submit(f"more-{len(receipts)}", hallmark.APP))
    published(site, 1 + max(r["index"] for r in receipts))
    assert signer.stop() == 0
    return receipts


if __name__ == "__main__":
    hallmark.run_tests(__name__)
