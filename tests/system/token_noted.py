#!/usr/bin/python3
"""What the key process has seen of its token stands in the log: once, whoever is killed in between; what it
is from the beginning on, and then what of it is another than before."""

import json
import os
import signal
import subprocess
import time

import hallmark
from chronicle import check, notices_of
from hallmark import APP, Site
from logimage import audit

USER_LOW, SO_LOW = 0x10000, 0x100000  # CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW
IDLE = {"keepalive_s": 1, "sessions": 1}
WRONG = {"what": "user-pin-wrong", "before": "no", "after": "yes"}


def noted(signer, count):
    """Waits until so many token notices are in the log of this signer."""
    line = 0
    for _ in range(count):
        line = 1 + signer.lines.index(signer.wait_for("event=token-noted", line), line)


def told(site):
    """The subjects of the log's token notices; the log holds what every log does."""
    log = check(site)
    audit(site)
    return [entry.subject() for entry in notices_of(log, "token")]


def changes(site):
    """What they tell was another, without the numbers, which rise."""
    found = [change for subject in told(site) for change in subject["changes"]]
    numbers = [change.pop("number") for change in found]
    assert numbers == sorted(set(numbers)), numbers
    return found


def pkcs11_tool(site, *arguments, pin="1234"):
    return subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test", "--login",
                           "--pin", pin, *arguments], env=site.env, capture_output=True, check=False)


def kept(site, number):
    """Until the key process has it in its record."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while f"\nchanges {number}\n" not in site.token_seen().read_text():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_what_others_do_to_the_token_while_it_serves():
    with Site(hsm=IDLE) as site:
        signer = site.start_signer()
        site.collector().submit("app", APP)
        kept(site, 0)
        shown = json.loads(site.hsm("show", "--json").stdout)
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while "\nobjects 0\n" in site.token_seen().read_text():
            assert time.monotonic() < deadline
        site.path("foreign").write_bytes(b"what somebody has put there")
        done = pkcs11_tool(site, "--write-object", str(site.path("foreign")), "--type", "data", "--label", "foreign")
        assert done.returncode == 0, done
        noted(signer, 2)
        assert pkcs11_tool(site, "--list-objects", pin="9999").returncode != 0
        noted(signer, 3)
        done = pkcs11_tool(site, "--delete-object", "--type", "data", "--label", "foreign")  # fewer: to its own log
        assert done.returncode == 0, done
        signer.wait_for(r"objects that the key's user sees, it had \d+ \(change 3\)")
        kept(site, 3)
        assert signer.stop() == 0
        first, more, failed = told(site)
        assert first["changes"] == [] and first["number"] == 0
        assert (first["serial"], first["label"]) == (shown["serial"], "test"), (first, shown)
        (change,) = more["changes"]
        assert (change["number"], change["what"]) == (1, "objects")
        assert int(change["after"]) == int(change["before"]) + 1
        assert failed["changes"] == [{"number": 2, **WRONG}]
        assert {subject["record"] for subject in (first, more, failed)} == {first["record"]}


def test_a_serial_and_a_firmware_that_changed_while_nothing_ran():
    with Site(token_module=True, hsm={"keepalive_s": 0}) as site:
        assert site.start_signer().stop() == 0
        site.token.set(token_firmware=1, token_serial=1, token_flags=USER_LOW)
        for _ in range(2):
            assert site.start_signer().stop() == 0
        first, changed = told(site)
        assert changed["changes"] == [
            {"number": 1, **WRONG},
            {"number": 2, "what": "serial", "before": first["serial"], "after": changed["serial"]},
            {"number": 3, "what": "firmware", "before": "2.6", "after": "2.7"}]
        assert first["serial"] != changed["serial"] and changed["firmware"] == "2.7"
        where = ("--log", str(site.path("log")), "--cert", str(site.path("log.crt")))
        summary = json.loads(site.audit("fsck", *where, "--json").stdout)["token"]
        assert summary["serial"] == changed["serial"] and summary["changes"] == 3, summary
        assert summary["index"] == summary["changed_index"]
        said = site.audit("fsck", *where).stdout
        assert f"serial {changed['serial']}, firmware 2.7" in said and "was told 3 times" in said, said


def test_killed_between_telling_and_logging():
    """The signer hears nothing of it; both are killed. It is told again, noted, and never a second time."""
    with Site(token_module=True, hsm=IDLE) as site:
        signer = site.start_signer()
        pid = site.key_process_pid()
        signer.signal(signal.SIGSTOP)
        site.token.set(token_flags=USER_LOW)
        signer.wait_for(r"wrong PIN was tried since.*change 1\)")
        kept(site, 1)
        signer.signal(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        signer.wait()
        assert len([line for line in signer.lines if "event=token-noted" in line]) == 1, signer.lines
        for _ in range(3):
            signer = site.start_signer()
            signer.signal(signal.SIGKILL)
            signer.wait()
        site.token.set(token_flags=USER_LOW | SO_LOW)
        signer = site.start_signer()
        noted(signer, 1)
        assert signer.stop() == 0
        assert changes(site) == [WRONG, {**WRONG, "what": "so-pin-wrong"}]


def test_a_record_that_was_lost_is_another_one():
    with Site(hsm={"keepalive_s": 0}) as site:
        assert site.start_signer().stop() == 0
        site.token_seen().unlink()
        for _ in range(2):
            assert site.start_signer().stop() == 0
        first, again = told(site)
        assert first["record"] != again["record"] and first["changes"] == again["changes"] == []
        assert first["serial"] == again["serial"]


def test_what_could_not_be_kept_takes_no_other_change_its_number():
    with Site(token_module=True, hsm={"keepalive_s": 0}) as site:
        assert site.start_signer().stop() == 0
        in_the_way = site.token_seen().with_name(site.token_seen().name + ".new")
        in_the_way.mkdir()
        site.token.set(token_flags=USER_LOW)
        assert site.start_signer().stop() == 0
        in_the_way.rmdir()
        site.token.set(token_flags=SO_LOW)
        assert site.start_signer().stop() == 0
        first, unkept, other = told(site)
        assert unkept["changes"] == [{"number": 1, **WRONG}]
        assert other["changes"] == [{"number": 1, **WRONG, "what": "so-pin-wrong"}]
        assert first["record"] == other["record"] != unkept["record"]


def test_a_token_that_is_never_the_same_does_not_fill_the_log():
    """Of what waits the newest is told; within the hour nothing more comes, whoever starts."""
    with Site(token_module=True, hsm={"keepalive_s": 0}) as site:
        for minor in range(9):
            site.token.set(token_firmware=minor)
            assert site.start_signer().stop() == 0
        subjects = told(site)
        assert [subject["number"] for subject in subjects] == list(range(6)), subjects


def test_what_the_status_and_the_receipt_of_a_notice_say():
    with Site(token_module=True, hsm={"keepalive_s": 0}) as site:
        assert site.start_signer().stop() == 0
        site.token.set(token_firmware=1)
        signer = site.start_signer()
        status = site.status()["token"]
        assert (status["firmware"], status["changes"], status["waiting"]) == ("2.7", 1, False), status
        assert signer.stop() == 0


if __name__ == "__main__":
    hallmark.run_tests(__name__)
