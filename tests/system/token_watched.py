#!/usr/bin/python3
"""What others do to the token while it is a log's is said once by the key process: failed logins, another
serial number or firmware, objects that come and go; over restarts too."""

import os
import re
import subprocess
import time

import hallmark
from keychannel import KeyProcess, make_site

USER_LOW, SO_LOW = 0x10000, 0x100000  # CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW
IDLE = {"keepalive_s": 1}


def told(key):
    """Every change that was said, and their numbers."""
    return re.findall(r"is not as it was: (.*?) \(change (\d+)\)", "".join(key.process.lines))


def looks(site, count=2):
    """Waits for so many keep-alives more; the first thread looks beside its own."""
    before = site.token.get("signs")
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while site.token.get("signs") < before + count:
        assert time.monotonic() < deadline
        os.sched_yield()


def kept(site, changes):
    """It is said first and kept then: rather twice than never."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while not site.token_seen().read_text().count(f"\nchanges {changes}\n"):
        assert time.monotonic() < deadline
        os.sched_yield()


def make_object(site, name):
    path = site.path(name)
    path.write_bytes(b"what somebody has put there")
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test", "--login",
                    "--pin", "1234", "--write-object", str(path), "--type", "data", "--label", name],
                   env=site.env, check=True, capture_output=True)


def test_an_object_and_a_failed_login_are_said_once():
    with make_site(token_module=True, hsm={**IDLE, "sessions": 1}) as site:
        with KeyProcess(site) as key:
            looks(site)
            assert not told(key), told(key)
            make_object(site, "foreign")
            key.process.wait_for(r"objects that the key's user sees.*change 1\)")
            site.token.set(token_flags=USER_LOW | SO_LOW)
            key.process.wait_for(r"wrong PIN was tried since.*change 2\)")
            key.process.wait_for(r"wrong PIN of its security officer was tried.*change 3\)")
            looks(site)
            assert len(told(key)) == 3, told(key)
            site.token.set(token_flags=0)
            looks(site)
            site.token.set(token_flags=USER_LOW)
            key.process.wait_for(r"wrong PIN was tried since.*change 4\)")
            kept(site, 4)
        with KeyProcess(site) as key:  # the flag stands still, and is said already
            looks(site)
            assert not told(key), told(key)


def test_what_changed_while_nothing_ran_is_seen_at_the_start():
    with make_site(token_module=True, hsm={"keepalive_s": 0}) as site:
        with KeyProcess(site):
            pass
        text = site.token_seen().read_text()
        serial, = re.findall(r"serial (\S+)", text)
        site.token_seen().write_text(text.replace(serial, "0000000000000001").replace("firmware 2.6",
                                                                                 "firmware 2.5"))
        site.token.set(token_flags=USER_LOW)
        with KeyProcess(site) as key:
            key.process.wait_for(rf"its serial number is {serial}, it was 0000000000000001")
            key.process.wait_for(r"its firmware is 2\.6, it was 2\.5")
            assert [number for _, number in told(key)] == ["1", "2", "3"], told(key)
        with KeyProcess(site) as key:
            assert not told(key), told(key)


def test_a_record_that_is_damaged_or_cannot_be_kept_stops_nothing():
    with make_site(token_module=True, hsm={"keepalive_s": 0}) as site:
        with KeyProcess(site):
            pass
        good = site.token_seen().read_bytes().replace(b"changes 0", b"changes 2")
        for damage in (b"", b"\0", b"hallmark token seen v2\nrecord \n", b"x" * 5000,
                       good + b"change serial 1 \x80 2\n", good + b"change serial 3 1 2\n",
                       good + b"change serial 1 1 2\nchange firmware 1 1 2\n",
                       good.replace(b"changes 2", b"changes 9007199254740992"),
                       good.replace(b"serial ", b"serial \x1b")):
            site.token_seen().write_bytes(damage)
            with KeyProcess(site) as key:
                assert not told(key), told(key)
            assert site.token_seen().read_bytes().startswith(b"hallmark token seen v2\nrecord ")
        site.token_seen().write_bytes(b"")
        site.token_seen().with_name(site.token_seen().name + ".new").mkdir()
        with KeyProcess(site) as key:
            key.process.wait_for("cannot keep what was seen of the token")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
