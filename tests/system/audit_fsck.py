#!/usr/bin/python3
"""hallmark-audit fsck: whole logs, and every way in which one can be damaged or lie."""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
from make_log import log_of
from audit import BAD, UNKNOWN, Bench, audit, changed, flip
from hallmark import program, run_tests


def log_files(bench):
    top = bench.path("log")
    return sorted(p for p in top.rglob("*") if p.is_file())


def counts(output):
    """Proved, unreadable, notes."""
    return tuple(map(int, re.search(r"faults +(\d+) proved, (\d+) unreadable, (\d+) notes",
                                    output).groups()))


def test_policies_are_named_and_held_against_those_expected():
    digest = make_log.sha256(make_log.MANIFEST_TEXT).hex()
    other = "0" * 64
    with Bench(12) as bench:
        bench.fsck(says=[f"10 reports by made@sha256:{digest}", "(entry 1), the first",
                         "nobody said here which are right"])
        output = bench.fsck("--policy", other, "--policy", digest)
        assert "nobody said" not in output
        output = bench.fsck("--policy", other, expect=BAD,
                            says=[f"entry 1: the manifest {digest} comes into force, which is none",
                                  f"{digest}, which is not expected",
                                  "bad: this is the log that was signed, with a policy that is"])
        assert counts(output) == (1, 0, 0), output
        # Where that is not all, the log's own faults have the last word.
        path = bench.path("log/tile/entries/000.p/12")
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"x")
        bench.fsck("--policy", other, expect=BAD, says="bad: this is not the log that was signed")
        path.write_bytes(whole)
        for arguments in (["--tree-only", "--policy", digest], ["--policy", digest[1:]],
                          ["--policy"], ["--approver", digest], ["--reports"],
                          ["--tree-only", "--evidence", bench.dir]):
            bench.fsck(*arguments, expect=UNKNOWN)
        assert '"--policy" is not for this command' in \
            audit("fsck", "--log", "x", "--policy", "made@sha256:" + digest).stderr


# --- good logs -----------------------------------------------------------------------------------


def test_logs_of_every_shape_are_good():
    for size in (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 600):
        with Bench(size) as bench:
            output = bench.fsck(says=f"{size} of {size}")
            assert counts(output) == (0, 0, 0), output


def test_a_log_with_three_levels_of_tiles_is_good():
    with Bench(0) as bench:
        for i in range(65536 + 300):
            bench.log.append(b"%d" % i)
        bench.use(bench.log)
        assert counts(bench.fsck("--tree-only", says="65836 of 65836")) == (0, 0, 0)
        with changed(bench.path("log/tile/2/000.p/1"), bytes(32)):
            output = bench.fsck("--tree-only", expect=BAD, says="tile/2/000.p/1: hash 0: expected")
            assert counts(output)[0] == 1
        tile = bench.path("log/tile/1/000")
        with changed(tile, flip(tile.read_bytes(), 32 * 200 + 5)):
            output = bench.fsck("--tree-only", expect=BAD, says=["tile/1/000: hash 200: expected",
                                                  "the root of tile/0/200; found"])
            assert counts(output)[0] == 1
        entries = bench.path("log/tile/entries/200")
        with changed(entries, flip(entries.read_bytes(), 2)):
            output = bench.fsck("--tree-only", expect=BAD, says="tile/entries/200, entry 51200: hashes to")
            assert counts(output)[0] == 1


def test_an_rsa_log_is_good():
    with Bench(3, key=make_log.Key(kind="rsa")) as bench:
        bench.fsck(says="RSA of 2048 bits")


def test_witnesses_may_have_signed_too():
    with Bench(3) as bench:
        path = bench.path("log/checkpoint")
        witness = make_log.Key("witness").signature_line(bench.log.checkpoint_text(), "witness")
        path.write_bytes(path.read_bytes() + witness)
        bench.fsck()


def test_partial_tiles_of_older_sizes_may_be_there():
    with Bench(600) as bench:
        for size in (1, 3, 255, 256, 257, 511, 513):
            bench.log.write(bench.path("log"), size)
        bench.log.write(bench.path("log"))
        assert counts(bench.fsck()) == (0, 0, 0)


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one():
    with Bench(600) as bench:
        bench.log.write(bench.path("log"), 300)
        for name in ("tile/0/001.p", "tile/entries/001.p", "tile/1/000.p"):
            shutil.rmtree(bench.path("log") / name)
        bench.log.write(bench.path("log"))
        # The checkpoint is older than the tiles: a signer between two of its steps.
        bench.path("log/checkpoint").write_bytes(bench.log.checkpoint(300))
        (bench.path("log/tile/1/000.p") / "1").write_bytes(
            bench.path("log/tile/1/000.p/2").read_bytes()[:32])
        output = bench.fsck(says=["300 of 300", "ahead of the checkpoint"])
        assert counts(output)[:2] == (0, 0)


def test_what_else_lies_there_is_named_and_no_fault():
    with Bench(3) as bench:
        bench.write("log/pending.00000000000000000003", b"x")
        assert counts(bench.fsck()) == (0, 0, 0)
        os.symlink("/", bench.path("log/tile/0/x001"))
        surplus = ["notes.txt", "pending.1", "tile/0/000.new", "tile/0/000.p/3.new", "tile/0/00",
                   "tile/0/000.p/03", "tile/0/000.p/256", "tile/0/000.p/0", "tile/8/000",
                   "tile/00/000", "tile/entries/000.q/1", "tile/0/x000/000", "tile/0/000.p/4",
                   "tile/1/000.p/1", "tile/\x1b[31m", "tile/0/" + "x002/" * 12 + "001"]
        for name in surplus:
            bench.write("log/" + name, b"")
        output = bench.fsck()
        assert counts(output) == (0, 0, len(surplus) + 1), output
        for name in ("tile/0/000.p/03: not a file of a log", "tile/0/x001: not a file",
                     "tile/0/000.p/4: ahead", "tile/\\x1b[31m: not a file"):
            assert name in output, name


# --- damage --------------------------------------------------------------------------------------


def test_a_flipped_bit_anywhere_is_found():
    with Bench(3) as bench:
        for path in log_files(bench):
            good = path.read_bytes()
            for at in range(0, len(good), 1 if len(good) < 400 else 11):
                with changed(path, flip(good, at, at % 8)):
                    done = bench.run("fsck", "--log", bench.path("log"))
                    assert done.returncode != 0, f"{path}, byte {at}"
                    if "tile" in str(path):
                        assert done.returncode == BAD
                        name = str(path.relative_to(bench.path("log")))
                        assert re.search(f"^  BAD   .*{name}", done.stdout, re.M), done.stdout
        bench.fsck()


def test_missing_short_and_long_files_are_found():
    with Bench(600) as bench:
        for path in log_files(bench):
            name = str(path.relative_to(bench.path("log")))
            if name == "checkpoint":
                continue
            good = path.read_bytes()
            for content in (None, b"", good[:-1], good[:-32], good + b"\0", good + good[-32:],
                            good[32:]):
                with changed(path, content):
                    bench.fsck(expect=BAD, says=f"BAD   {name}")
        bench.fsck()


def test_the_damaged_file_is_named_once_and_the_side_is_told():
    with Bench(600) as bench:
        entries, tile = bench.path("log/tile/entries/001"), bench.path("log/tile/0/001")
        with changed(entries, flip(entries.read_bytes(), 500)):
            output = bench.fsck("--tree-only", expect=BAD, says=["tile/entries/001, entry 256: hashes to",
                                                  "or not the ones that were signed"])
            assert counts(output) == (1, 0, 1), output
        with changed(tile, flip(tile.read_bytes(), 32 * 9)):
            output = bench.fsck("--tree-only", expect=BAD, says=["tile/entries/001, entry 265: hashes to",
                                                  "can be made again"])
            assert counts(output) == (1, 0, 1), output
        with changed(tile, None):
            output = bench.fsck("--tree-only", expect=BAD, says="can be made again")
            assert counts(output) == (1, 0, 1), output
        with changed(entries, None):
            output = bench.fsck("--tree-only", expect=BAD, says=["tile/entries/001: expected entries 256 to 511",
                                                  "the tiles lead to the signed root"])
            assert counts(output) == (1, 0, 1), output
        with changed(entries, None), changed(tile, None):
            output = bench.fsck("--tree-only", expect=BAD, says="missing, not readable, or not the ones")
            assert counts(output) == (2, 0, 1), output
        with changed(entries, None), changed(tile, flip(tile.read_bytes(), 0)):
            bench.fsck("--tree-only", expect=BAD, says=["tile/1/000.p/2: hash 1: expected", "the root of tile/0/001"])
    with Bench(3) as bench:
        shutil.rmtree(bench.path("log/tile"))
        bench.fsck("--tree-only", expect=BAD, says="cannot be told")


def test_an_entry_bundle_that_ends_early_still_has_its_beginning_checked():
    with Bench(5) as bench:
        path = bench.path("log/tile/entries/000.p/5")
        good = path.read_bytes()
        with changed(path, flip(good[:-10], 4)):
            output = bench.fsck(expect=BAD, says=["entry 4: expected 5 entries, found 4",
                                                  "000.p/5, entry 0: hashes to"])
            assert counts(output)[0] == 2


def test_old_partial_tiles_that_disagree_are_found():
    with Bench(600) as bench:
        bench.log.write(bench.path("log"), 300)
        bench.log.write(bench.path("log"))
        for name in ("tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"):
            path = bench.path("log") / name
            good = path.read_bytes()
            for content in (flip(good, len(good) // 2), good[:-1], b"", good + b"\0",
                            good[:-32]):
                with changed(path, content):
                    bench.fsck(expect=BAD, says=f"{name}: expected the beginning of")
        bench.fsck()


def test_what_is_no_file_cannot_be_read():
    with Bench(3) as bench:
        path = bench.path("log/tile/0/000.p/3")
        path.unlink()
        path.mkdir()
        output = bench.fsck(expect=UNKNOWN, says=["?     tile/0/000.p/3", "not a regular file"])
        assert "damaged" not in output, output  # that is not known
        path.rmdir()
        os.mkfifo(path)
        bench.fsck(expect=UNKNOWN, says="not a regular file")


def test_what_may_not_be_read_proves_nothing():
    """Not for root either, who would not expect that."""
    denied = "run this as a user who may" if os.geteuid() == 0 else "Permission denied"
    with Bench(3) as bench:
        for name in ("log/tile/0/000.p/3", "log/tile/entries/000.p/3", "log/tile/0", "log/checkpoint",
                     "log", "signer.crt"):
            path = bench.path(name)
            mode = path.stat().st_mode
            path.chmod(0)
            bench.fsck(expect=UNKNOWN, says=denied)
            path.chmod(mode)
        bench.fsck()


def test_no_log_proves_nothing():
    with Bench(3) as bench:
        bench.path("log/checkpoint").unlink()
        bench.fsck(expect=UNKNOWN, says="no such file")
        shutil.rmtree(bench.path("log"))
        bench.fsck(expect=UNKNOWN, says="No such file")
        bench.write("log", b"")
        bench.fsck(expect=UNKNOWN, says="Not a directory")


# --- lies ----------------------------------------------------------------------------------------


def test_a_tree_changed_from_entry_to_top_leads_to_another_root():
    with Bench(600) as bench:
        lie = make_log.make(600, key=bench.log.key, evil_every=0)
        for name, content in lie.files().items():
            if name != "checkpoint":
                bench.write("log/" + name, content)
        output = bench.fsck(expect=BAD, says="expected the signed root")
        assert counts(output) == (1, 0, 0), output


def test_checkpoints_that_do_not_fit_are_refused():
    with Bench(600) as bench:
        key, path = bench.log.key, bench.path("log/checkpoint")
        root = bench.log.tree.root(0, 600)
        for size in (0, 1, 599, 601, 256, 1000, 2**63, 2**64 - 1):
            path.write_bytes(key.note(bench.log.checkpoint_text(size, root), bench.log.origin))
            bench.fsck(expect=BAD)
        path.write_bytes(key.note(bench.log.checkpoint_text(600, bytes(32)), bench.log.origin))
        bench.fsck(expect=BAD, says="expected the signed root")
        path.write_bytes(key.note(bench.log.checkpoint_text(600, root), "hallmark.test/other"))
        bench.fsck(expect=BAD, says="origin")
        path.write_bytes(make_log.Key().note(bench.log.checkpoint_text(), bench.log.origin))
        bench.fsck(expect=UNKNOWN, says="not of the key that signed")
        path.write_bytes(key.note(bench.log.checkpoint_text(), bench.log.origin, lower=False))
        bench.fsck(expect=BAD, says="signature")
        path.write_bytes(bench.log.checkpoint_text())
        bench.fsck(expect=BAD, says="signed note")
        path.write_bytes(bench.log.checkpoint(300))
        bench.fsck(expect=BAD, says="BAD   tile/1/000.p/1: expected")
    with Bench(3) as bench:
        bench.fsck("--origin", bench.log.origin)
        bench.fsck("--origin", "hallmark.test/other", expect=BAD)


def test_an_endless_tree_ends_soon():
    with Bench(3) as bench:
        note = bench.log.key.note(bench.log.checkpoint_text(2**64 - 1, bytes(32)), bench.log.origin)
        bench.path("log/checkpoint").write_bytes(note)
        output = bench.fsck("--faults", "7", expect=BAD, says="stopped")
        assert output.count("BAD   tile") == 7


# --- reports and chains --------------------------------------------------------------------------


def reports_refused(bench, says, *entries):
    bench.use(log_of(*entries))
    bench.fsck("--tree-only")  # which is as it should be
    bench.fsck(expect=BAD, says=says)


def test_reports_are_counted():
    with Bench(25, workloads=4) as bench:
        bench.fsck(says=["workloads            4", "18 affirming", "5 contraindicated",
                         "notices              1 start, 1 manifest, 0 statements"])


def test_what_is_no_entry_is_found():
    with Bench(0) as bench:
        good = make_log.Workload("app").report()
        for entry in (b"", b"{}", b"\0" * 65535, b" " + good):
            reports_refused(bench, "entry 3: expected a report, an absence or a notice, found none",
                            good, entry)
        for entry in (good + b"\n", good.replace(b'"seq":1', b'"seq":01', 1), good[:-1]):
            reports_refused(bench, "entry 3: expected a report in its one valid form", good, entry)
        reports_refused(bench, "expected issuer",
                        make_log.Workload("app", "hallmark.test/other").report())


def test_what_a_later_version_wrote_proves_nobody_wrong():
    good = make_log.Workload("app").report()
    with Bench(0) as bench:
        for entry in (b'{"hallmark.later":1}', good.replace(b'"hallmark.form":1', b'"hallmark.form":2'),
                      good.replace(b"2023:veraison/ear", b"2033:veraison/ear")):
            bench.use(log_of(entry, make_log.Workload("other").report()))
            bench.fsck(expect=UNKNOWN, says=["entry 2: ", "1 entry of a kind or form",
                                             "nothing is proved wrong"])


def test_chains_that_are_broken_are_found():
    def two():
        w = make_log.Workload("app")
        return w, w.report()

    with Bench(0) as bench:
        w, first = two()
        w.previous = bytes(32)
        reports_refused(bench, "entry 3: hallmark.previous-report: expected", first, w.report())
        w, first = two()
        w.previous = None
        reports_refused(bench, "the workload has an entry before", first, w.report())
        w, first = two()
        w.seq = 0
        reports_refused(bench, "expected a sequence number over 1, found 1", first, w.report())
        w, first = two()
        w.prev = bytes(32)
        reports_refused(bench, "the bundle before: expected", first, w.report())
        w, first = two()
        reports_refused(bench, "expected iat", first, w.report(time_s=make_log.TIME_S - 1))
        w, first = two()
        w.last_signed = make_log.TIME_S
        reports_refused(bench, "expected hallmark.last-signed 0", first, w.report())
        w, first = two()
        reports_refused(bench, "names one before it", w.report())  # the first one left out
        w, first = two()
        second, third = w.report(), w.report()
        reports_refused(bench, "entry 3: hallmark.previous-report", first, third)
        reports_refused(bench, "entry 2", second, first)
        w = make_log.Workload("app")
        w.last_signed = make_log.TIME_S
        reports_refused(bench, "names a signature before it", w.report())


def test_chains_of_two_collectors_and_workloads_do_not_mix():
    with Bench(0) as bench:
        workloads = [make_log.Workload(name, collector=collector)
                     for name in ("a", "b") for collector in ("spiffe://test/h1",
                                                              "spiffe://test/h2")]
        bench.use(log_of(*(w.report() for _ in range(3) for w in workloads)))
        bench.fsck(says="workloads            4")


def test_damage_does_not_hide_broken_chains_behind_it():
    with Bench(600) as bench:
        path = bench.path("log/tile/0/000")
        with changed(path, flip(path.read_bytes(), 0)):
            output = bench.fsck(expect=BAD)
            assert counts(output)[0] == 1


# --- how it runs ---------------------------------------------------------------------------------


def test_faults_are_limited():
    with Bench(600) as bench:
        for path in ("0/000", "0/001"):
            full = bench.path("log/tile") / path
            full.write_bytes(bytes(8192))
        output = bench.fsck(expect=BAD, says="at 50 faults; there may be more")
        assert output.count("BAD   tile") == 50
        output = bench.fsck("--faults", "3", expect=BAD)
        assert output.count("BAD   tile") == 3
        assert counts(bench.fsck("--faults", "10000", expect=BAD))[0] == 512


def test_a_pipe_gets_no_progress():
    with Bench(600) as bench:
        done = subprocess.run([program("hallmark-audit"), "fsck", "--log", bench.path("log"),
                               "--cert", bench.path("signer.crt")], capture_output=True, check=True)
        assert done.stderr == b""


def test_memory_does_not_grow_with_the_log():
    if "asan" in str(program("")) or "tsan" in str(program("")):
        return  # a sanitizer's memory is its own
    with Bench(4000) as bench:
        few(bench)
        bench.use(make_log.Log())
        for i in range(40000):
            bench.log.append(b"%1000d" % i)
        bench.use(bench.log)
        few(bench, "--tree-only")


def few(bench, *arguments):
    """It is good, and takes less memory than the log."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    bench.fsck(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert max(before, after) < 200 * 1024
    done = subprocess.run(["sh", "-c", "ulimit -v 60000 && exec \"$@\"", "-",
                           program("hallmark-audit"), "fsck", "--log", bench.path("log"),
                           "--cert", bench.path("signer.crt"), *arguments], capture_output=True)
    assert done.returncode == 0, done.stdout


if __name__ == "__main__":
    run_tests(__name__)
