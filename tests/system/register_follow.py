#!/usr/bin/python3
"""A register follows logs that grow: each entry is checked as an auditor does, and told once."""

import pathlib
import re
import signal
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import make_log
import wire
from hallmark import APP, EVIL, PATIENCE_S, Site, free_port, run_tests
from registered import Made, Register


def of_site(site, name="tokyo", **more):
    return {"name": name, "directory": str(site.path("log")), "evidence": str(site.path("evidence")),
            "certificates": [str(site.path("log.crt"))], **more}


# --- a signer's log, while it is written ---------------------------------------------------------


def test_a_signers_log_is_followed_while_it_grows():
    with Site() as site:
        site.start_signer()
        with Register(of_site(site), follow={"grace_s": 30}) as register:
            register.start()
            collector = site.collector()
            size = logimage.notices()
            register.followed("tokyo", size)
            for round_ in range(5):
                collector.submit("app", APP if round_ % 2 == 0 else EVIL)
                size += 1
                assert register.followed("tokyo", size) == (size, 0, 0)
            assert not register.alarms()
            register.stop()
            logimage.audit(site)


def test_evidence_that_comes_later_than_the_start_is_found():
    with Site() as site:
        site.start_signer()
        with Register(of_site(site), follow={"grace_s": 30}) as register:
            register.start()
            register.followed("tokyo", logimage.notices())
            collector = site.collector()
            other = {"executable": wire.component(
                "executable", [wire.file_item("/usr/bin/app", b"never seen before")])}
            collector.submit("app", other)
            size = logimage.notices() + 1
            assert register.followed("tokyo", size) == (size, 0, 0)
            assert not register.alarms()


def test_a_view_that_cannot_be_written_any_more_is_a_metric():
    port = free_port()
    with Made(3000, workloads=40) as made, Register(
            made.config(), listen=[{"address": f"127.0.0.1:{port}", "role": "viewer"}]) as register:
        for limited in (False, True):
            if limited:
                register.stop()
                for path in register.state("made", "").glob("view.db*"):
                    path.unlink()
            register.start(prefix=["prlimit", "--fsize=262144"] if limited else (), preexec_fn=lambda:
                           signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
            register.followed("made", 3000)
            if limited:
                register.process.wait_for("event=view-stopped")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
                text = answer.read().decode()
            assert f'hallmark_register_view_writer_failed{{log="made"}} {limited:d}' in text, text


# --- logs that are there already -----------------------------------------------------------------


def test_a_long_log_is_told_in_batches():
    """Batches end where no partial tile of theirs was ever written."""
    with Made(40000, evil_every=7) as made, Register(made.config()) as register:
        register.start()
        assert register.followed("made", 40000) == (40000, 0, 0)
        ends = [int(m[1]) for m in (re.search(r"event=followed .* replayed=(\d+)", line)
                                    for line in register.process.lines) if m]
        assert ends == [16384, 32768, 40000], ends
        assert not register.alarms()


def test_sizes_around_tiles():
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 513):
        with Made(size) as made, Register(made.config()) as register:
            register.start()
            if size > 0:
                assert register.followed("made", size) == (size, 0, 0)
            else:
                register.process.wait_for("event=caught-up log=made size=0")
            assert not register.alarms()


def test_a_log_that_grows_by_few_and_by_many():
    with Made(3) as made, Register(made.config()) as register:
        register.start()
        workload = make_log.Workload("grown")
        size = 3
        register.followed("made", size)
        for count in (1, 2, 250, 1, 255, 256, 257, 700):
            made.grow(*(workload.report() for _ in range(count)))
            size += count
            assert register.followed("made", size) == (size, 0, 0)
        assert not register.alarms()


def test_several_logs_are_followed_side_by_side():
    with Made(5000) as one, Made(300) as two, Made(2) as three:
        with Register(one.config("one"), two.config("two"), three.config("three")) as register:
            register.start()
            for name, size in (("one", 5000), ("two", 300), ("three", 2)):
                assert register.followed(name, size) == (size, 0, 0)
            two.grow(make_log.Workload("more").report(time_s=make_log.TIME_S + 60))
            assert register.followed("two", 301) == (301, 0, 0)
            assert not register.alarms()


# --- copies that are made file by file -----------------------------------------------------------


def test_what_is_on_its_way_is_waited_for():
    with Made(300) as made, Register(made.config(), follow={"grace_s": 3600}) as register:
        pack = made.path("evidence/pack-00000001")
        whole = pack.read_bytes()
        pack.write_bytes(whole[:100])  # in the middle of the first record
        register.start()
        entries = made.path("log/tile/entries/000")
        kept = entries.read_bytes()
        entries.unlink()
        register.process.wait_for("event=following")
        entries.write_bytes(kept)
        with open(pack, "ab") as to:
            to.write(whole[100:])
        assert register.followed("made", 300) == (300, 0, 0)
        assert not register.alarms()


def test_a_directory_that_comes_later():
    with Made(20) as made:
        away = made.path("away")
        made.path("log").rename(away)
        with Register(made.config(), follow={"grace_s": 3600}) as register:
            register.start()
            away.rename(made.path("log"))
            assert register.followed("made", 20) == (20, 0, 0)
            assert not register.alarms()


# --- rights --------------------------------------------------------------------------------------


def test_it_has_given_up_what_it_does_not_need():
    """In every thread: those that follow read what anybody may have written."""
    with Made(20) as made, Register(made.config()) as register:
        register.start()
        register.followed("made", 20)
        tasks = pathlib.Path(f"/proc/{register.process.pid}/task")
        for task in tasks.iterdir():
            status = (task / "status").read_text()
            for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000",
                         "CapPrm:\t0000000000000000"):
                assert line in status, (line, status)


# --- the command ---------------------------------------------------------------------------------


def test_check_tells_faults():
    with Made(2) as made, Register(made.config()) as register:
        assert "good" in register.run("check").stdout
        register.logs[0]["certificates"] = ["nothing.crt"]
        register.write()
        done = register.run("check", check=False)
        assert done.returncode == 1 and "nothing.crt" in done.stderr, done


def test_two_registers_do_not_share_a_state():
    with Made(2) as made, Register(made.config()) as register:
        register.start()
        done = register.run("run", check=False)
        assert done.returncode == 1 and "another register has it" in done.stderr, done
        register.stop()


def test_a_certificate_that_is_none_ends_the_start():
    with Made(2) as made, Register(made.config()) as register:
        made.write("signer.crt", b"garbage")
        done = register.run("run", check=False)
        assert done.returncode == 1 and "event=log-unusable" in done.stderr, done


if __name__ == "__main__":
    run_tests(__name__)
