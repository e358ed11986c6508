#!/usr/bin/python3
"""A log that goes on without its lost key, killed at every step: it has happened or has not, and what is to be
done says the next command or is done by the next start."""

import subprocess

import continuation
import hallmark
import underfire
from continuation import go_on, part, spare_key, stated, take_spare
from keychannel import Gone, KeyProcess, close_request, grown
from rotation import SIZE, by, introduced, last_of

STEPS = ("open", "open64", "pwrite", "pwrite64", "write", "fsync", "fdatasync", "rename")
NTH_MAX = 20


def kept(site):
    return {path: path.read_bytes() for path in site.guard_files()}


def lost_at(site):
    with KeyProcess(site) as key:
        tree = grown(key, site, SIZE)
        return tree, key.sign(tree, SIZE).body


def continue_killed(site, faulty, files, call, nth):
    """Behind this call; whether there was one."""
    faulty.arm("killed after", call, "/guard", nth, 0)
    done = subprocess.run(
        [hallmark.program("hallmark-hsm"), "continue", "-c", str(site.path(continuation.SPARE)), "--from",
         str(site.path("log.crt")), "--checkpoint", str(site.path("newest")), *files],
        env={**site.env, **faulty.env}, capture_output=True, text=True, check=False)
    hit = faulty.hits() == 1
    faulty.disarm()
    assert done.returncode == (-9 if hit else 0), (call, nth, done)
    return hit


def signs_first(site, tree):
    """What a signer does until the spare key has signed; False if a process was killed."""
    try:
        key = KeyProcess(site)
        told = key.told()[2].partition(b"hallmark key succession")
        if not told[1]:
            key.kill()
            return True
        note, _ = part(told[1] + told[2])
        last = last_of(site, tree, note)
        by(site, 1, key.ask(close_request(last, SIZE)), last)
        key.process.wait()
        return True
    except (Gone, BrokenPipeError):
        return False


def test_the_command_is_killed_at_every_call():
    with spare_key() as site:
        faulty = underfire.FaultyCalls(site)
        tree, note = lost_at(site)
        site.path("newest").write_bytes(note)
        fresh, files = kept(site), stated(site, note)
        take_spare(site)
        for call in STEPS:
            for nth in range(1, NTH_MAX):
                hit = continue_killed(site, faulty, files, call, nth)
                assert "ordered" in go_on(site, note, files).stdout
                assert signs_first(site, tree)
                introduced(site, 1, SIZE + 1)[0].kill()
                site.put_guard_back(fresh)
                if not hit:
                    break
                underfire.count("continuation: command killed", call)
            else:
                raise AssertionError(f"{call} is made for ever")
        assert underfire.counts["continuation: command killed", "rename"] == 2, underfire.counts


def test_the_key_process_is_killed_behind_every_write_of_a_guard():
    with spare_key() as site:
        faulty = underfire.FaultyCalls(site)
        tree, note = lost_at(site)
        go_on(site, note, stated(site, note))
        take_spare(site)
        ordered = kept(site)
        for call in ("pwrite64", "fdatasync", "pwrite"):
            for nth in range(1, NTH_MAX):
                faulty.arm("killed after", call, "/guard/", nth, 0)
                site.env.update(faulty.env)
                went_well = signs_first(site, tree)
                hit = faulty.hits() == 1
                faulty.disarm()
                for name in faulty.env:
                    del site.env[name]
                assert went_well != hit
                assert went_well or signs_first(site, tree)
                key, told = introduced(site, 1, SIZE + 1)
                assert told == b""
                key.kill()
                site.put_guard_back(ordered)
                if not hit:
                    break
                underfire.count("continuation: key process killed", call)
            else:
                raise AssertionError(f"{call} is made for ever")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
