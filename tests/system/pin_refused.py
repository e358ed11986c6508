#!/usr/bin/python3
"""A PIN that the token refuses is tried once: by no restart, no second process and no command again,
until an operator has acted. The reason is told once, stands in status, and what mends it does so by
itself: another PIN file, or `hallmark-hsm unlock`. C_Login's calls are counted in the module.
"""

import contextlib
import os
import signal
import subprocess
import time

import hallmark
import token_control as tc
from hallmark import APP, Site
from keychannel import CHANGED, LOST, PIN_REFUSED, Gone, KeyProcess, Tree, make_site, signed, told_why
from logimage import verify_all

REFUSALS = (tc.CKR_PIN_INCORRECT, tc.CKR_PIN_INVALID, tc.CKR_PIN_LEN_RANGE, tc.CKR_PIN_EXPIRED,
            tc.CKR_PIN_LOCKED, tc.CKR_USER_PIN_NOT_INITIALIZED)
AWAY = (tc.CKR_DEVICE_ERROR, tc.CKR_DEVICE_REMOVED, tc.CKR_SESSION_CLOSED, tc.CKR_CRYPTOKI_NOT_INITIALIZED)
CKR_OF_NO_TABLE, CKR_OF_A_VENDOR = 0x777, 0x80000030


def tries(site):
    return site.token.get("login_tries")


def record(site):
    found, = site.path("guard").glob("pin-refused-*")
    return found


def records(site):
    """Those that say more than that a login was begun."""
    return [path for path in site.path("guard").glob("pin-refused-*")
            if path.read_text() != "begun\n"]


def until(site, **expected):
    """The signer's status, once it is as expected."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while any((status := site.status())[name] != value for name, value in expected.items()):
        assert time.monotonic() < deadline, status
    return status


def set_pin(site, pin):
    """By the security officer, on the token alone."""
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test", "--login",
                    "--login-type", "so", "--so-pin", "5678", "--init-pin", "--new-pin", pin],
                   env=site.env, check=True, capture_output=True)


def refused_once(site, signer=None):
    """A signer whose token refuses the PIN; it is halted."""
    before = tries(site)
    signer = signer or site.start_signer(wait=False)
    signer.wait_for("event=key-process-halted code=pin-refused")
    assert tries(site) == before + 1
    return signer


def goes_on(site, signer):
    """It serves, and nothing is left of the refusal."""
    signer.wait_for("event=listening")
    receipt = site.collector().submit("app", APP)
    assert until(site, key_process="up")["key_process_end"] and not records(site)
    assert signer.stop() == 0
    verify_all(site, [receipt])


def test_a_refused_pin_is_tried_once():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        signer = refused_once(site)
        count = tries(site)
        status = until(site, key_process="halted")
        end = status["key_process_end"]
        assert "the PIN is wrong" in end and "hallmark-hsm unlock" in end, end
        assert status["counters"]["key_process_starts"] == 1, status
        assert "hallmark_key_process_halted 1" in site.tool(
            "hallmark-signer", "status", "--socket", str(site.path("run/status.sock")),
            "--prometheus").stdout
        # Whatever ends the process that waits, the next one does not try either.
        for _ in range(3):
            seen = len(signer.lines)
            os.kill(site.status()["key_process_pid"], signal.SIGKILL)
            assert "SIGKILL" in signer.wait_for("event=key-process-down", seen)
            signer.wait_for("event=key-process-halted", seen)
        assert signer.stop() == 0
        signer = site.start_signer(wait=False)
        signer.wait_for("event=key-process-halted")
        for command in ("show", "check", "csr", "self-sign", "init"):
            done = site.hsm(command, check=False)
            assert done.returncode == 1 and "has refused the PIN" in done.stderr, done
        assert tries(site) == count
        site.secret("pin", "1234\n")
        goes_on(site, signer)
        assert tries(site) == count + 1


def test_why_it_ended_is_told():
    """By itself, or by the system."""
    with make_site(token_module=True, hsm={"deadline_ms": 300}) as site:
        site.token.make_other_key(hallmark.MODULE, site.env)
        signer = site.start_signer()
        collector = site.collector()
        for fault, words in (("crash", "it was killed by SIGSEGV"),
                             ("hang", "the token did not answer within deadline_ms"),
                             ("error", "the token does not sign"),
                             ("other_key", "its certificate does not verify")):
            seen = len(signer.lines)
            site.token.inject(fault, count=1, error=tc.CKR_DEVICE_ERROR)
            collector.submit("app", APP)
            assert words in signer.wait_for("event=key-process-down", seen), fault
            assert words in until(site, key_process="up")["key_process_end"], fault
        seen = len(signer.lines)
        site.path("log.crt").rename(site.path("away"))
        os.kill(site.key_process_pid(), signal.SIGTERM)
        assert "SIGTERM" in signer.wait_for("event=key-process-down", seen)
        signer.wait_for("event=key-process-down .*log.crt: cannot read the certificate", seen)
        assert "log.crt" in site.status()["key_process_end"]
        site.path("away").rename(site.path("log.crt"))
        good = site.path("hsm.yaml").read_text()
        until(site, key_process="up")
        site.path("hsm.yaml").write_text(good + "keepalive: 3\n")
        os.kill(site.key_process_pid(), signal.SIGKILL)
        signer.wait_for("event=key-process-down code=config .*hsm.yaml:.*keepalive")
        site.path("hsm.yaml").write_text(good)
        until(site, key_process="up")


def test_it_is_said_once():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        signer = refused_once(site)
        assert signer.stop() == 0
        said = [line for line in signer.lines if "PIN" in line]
        assert ["event=key-process " in line for line in said] == [True, False], said
        assert not any("9999" in line for line in said), said


def test_every_refusal_of_a_pin_is_final():
    with make_site(token_module=True) as site:
        for error in REFUSALS:
            site.token.set(login_error=error)
            count = tries(site)
            for _ in range(2):
                with KeyProcess(site, start=False) as key:
                    assert f"0x{error:x}" in told_why(key, PIN_REFUSED)
            assert tries(site) == count + 1
            assert "9999" not in record(site).read_text()
            site.token.set(login_error=0)
            site.hsm("unlock")
            assert not records(site)
        with KeyProcess(site):
            pass


def test_other_failures_of_a_login_are_not():
    with make_site(token_module=True) as site:
        site.token.set(login_error=tc.CKR_DEVICE_REMOVED)
        signer = site.start_signer(wait=False)
        signer.wait_for('event=key-process-down .*does not take a login: PKCS#11 error 0x32')
        site.token.set(login_error=0)
        goes_on(site, signer)


def test_an_error_that_says_nothing_of_the_pin_is_final_the_second_time():
    """Some modules answer a wrong PIN so."""
    with make_site(token_module=True) as site:
        for error in (tc.CKR_GENERAL_ERROR, tc.CKR_FUNCTION_FAILED, CKR_OF_NO_TABLE, CKR_OF_A_VENDOR):
            count = tries(site)
            site.token.set(login_error=error)
            signer = site.start_signer(wait=False)
            signer.wait_for("event=key-process-down .*does not take a login")
            signer.wait_for("event=key-process-halted code=pin-refused")
            assert "for the second time" in until(site, key_process="halted")["key_process_end"]
            assert tries(site) == count + 2
            site.token.set(login_error=0)
            site.hsm("unlock")
            signer.wait_for("event=listening")
            assert not records(site) and signer.stop() == 0


def test_a_token_that_is_away_is_tried_on():
    with make_site(token_module=True) as site:
        for error in (tc.CKR_GENERAL_ERROR,) + AWAY * 2:
            site.token.set(login_error=error)
            with KeyProcess(site, start=False) as key:
                assert "does not take a login" in told_why(key, LOST), error
        assert len(records(site)) == 1, "what was in doubt still is"
        site.token.set(login_error=0)
        with KeyProcess(site):
            assert not records(site)


def test_the_last_try_of_the_pin_is_the_operators():
    """Wherever the others were used up."""
    with make_site(token_module=True) as site:
        for flags, words in ((tc.CKF_USER_PIN_FINAL_TRY, "the last try is the operator's"),
                             (tc.CKF_USER_PIN_LOCKED, "the PIN is locked")):
            site.token.set(token_flags=flags)
            count = tries(site)
            with KeyProcess(site, start=False) as key:
                assert words in told_why(key, PIN_REFUSED)
                assert tries(site) == count
                site.hsm("unlock")
                assert tries(site) == count + 1
                assert "operator has acted" in told_why(key, CHANGED)


def test_unlock_tries_once_more():
    with make_site(token_module=True) as site:
        set_pin(site, "4321")
        signer = refused_once(site)
        count = tries(site)
        done = site.hsm("unlock", check=False)
        assert done.returncode == 1 and "the PIN is wrong" in done.stderr and not done.stdout, done
        assert tries(site) == count + 1
        until(site, key_process="halted")
        set_pin(site, "1234")  # so the file was right
        assert "takes the PIN" in site.hsm("unlock").stdout
        goes_on(site, signer)
        assert tries(site) == count + 3
        assert "takes the PIN" in site.hsm("unlock").stdout


def test_a_token_that_is_away_does_not_unlock():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        refused_once(site)
        site.token.inject("error", everywhere=True, error=tc.CKR_DEVICE_REMOVED)
        assert site.hsm("unlock", check=False).returncode == 1
        site.token.recover()
        with KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)


def test_another_pin_file_is_tried_once_too():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        signer = refused_once(site)
        for turn, wrong in enumerate(("8888\n", "77777\n")):
            count, seen = tries(site), len(signer.lines)
            if turn == 0:
                site.secret("pin", wrong)  # the same file, written again
            else:
                site.secret("pin.new", wrong).rename(site.path("pin"))
            signer.wait_for("event=key-process-halted", seen)
            assert tries(site) == count + 1
        site.secret("other", "1234\n")
        site.options["hsm"] = {"pin_file": "other"}
        site.write_configs()
        signer.wait_for("event=listening")


def test_refused_after_the_token_was_away():
    """The signer goes on where it was: no connection is lost, and reports wait."""
    with make_site(token_module=True) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("app", APP)]
        set_pin(site, "4321")
        site.token.reset()
        count = tries(site)
        os.kill(site.status()["key_process_pid"], signal.SIGKILL)
        signer.wait_for("event=key-process-halted")
        assert tries(site) == count + 1
        site.secret("pin", "4321\n")
        receipts.append(collector.submit("app", APP))
        assert signer.stop() == 0
        verify_all(site, receipts)


def test_many_at_once_try_once():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        count = tries(site)
        keys = [KeyProcess(site, start=False) for _ in range(6)]
        for key in keys:
            told_why(key, PIN_REFUSED)
        assert tries(site) == count + 1
        site.secret("pin", "1234\n")
        for key in keys:
            told_why(key, CHANGED)
            assert key.process.wait() == 1


def test_another_token_is_another_matter():
    """For failover, say: with the same guard's directory and the same PIN file."""
    with make_site(token_module=True) as site:
        set_pin(site, "4321")
        with KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "second", "--pin",
                        "1234", "--so-pin", "5678"], env=site.env, check=True,
                       stdout=subprocess.DEVNULL)
        site.options["hsm"] = {"token": "second"}
        site.write_configs()
        done = site.hsm("show", check=False)
        assert "no private key 'log'" in done.stderr, done
        assert len(records(site)) == 1


@contextlib.contextmanager
def credentials(site, pin):
    """What systemd gives to each start anew."""
    directory = site.path("credentials")
    directory.mkdir(mode=0o700, exist_ok=True)
    site.secret("credentials/pin.new", pin).rename(directory / "pin")
    site.env["CREDENTIALS_DIRECTORY"] = str(directory)
    yield


def test_a_credential_is_made_anew_at_each_start():
    with make_site(token_module=True) as site:
        site.options["hsm"] = {"pin_file": None, "pin_credential": "pin"}
        site.write_configs()
        count = tries(site)
        for turn in range(3):
            with credentials(site, "9999\n"), KeyProcess(site, start=False) as key:
                assert "unlock is run" in told_why(key, PIN_REFUSED)
                assert tries(site) == count + 1, turn
        with credentials(site, "1234\n"), KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)
            site.hsm("unlock")
            told_why(key, CHANGED)
        with KeyProcess(site) as key:
            tree = Tree([b"{}"])
            signed(site, key.sign(tree, 0), tree)


class Activation:
    """As hallmark-hsm.socket: a key process for each connection."""

    def __init__(self, site):
        path = site.path("run/hsm.sock")
        self.process = subprocess.Popen(
            ["systemd-socket-activate", "--accept", "-l", str(path), "-E", "SOFTHSM2_CONF", "-E",
             "HALLMARK_TOKEN_CONTROL", hallmark.program("hallmark-hsm"), "serve", "-c",
             str(site.path("hsm.yaml"))], env=site.env, stderr=subprocess.DEVNULL,
            start_new_session=True)
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while not path.exists():
            assert time.monotonic() < deadline

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def test_a_key_process_that_systemd_starts():
    with make_site(token_module=True) as site:
        config = site.path("signer.yaml")
        text = config.read_text()
        begin, end = text.index("key_process:"), text.index("policy:")
        config.write_text(f'{text[:begin]}key_process:\n  socket: "run/hsm.sock"\n{text[end:]}')
        site.secret("pin", "9999\n")
        with Activation(site):
            signer = refused_once(site)
            status = until(site, key_process="halted")
            assert "the PIN is wrong" in status["key_process_end"], status
            count = tries(site)
            site.secret("pin", "1234\n")
            goes_on(site, signer)
            assert tries(site) == count + 1


def test_where_nothing_can_be_kept_no_pin_is_tried():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        with KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)
        path = record(site)
        path.unlink()
        path.mkdir()
        site.secret("pin", "8888\n")
        count = tries(site)
        for _ in range(2):
            with KeyProcess(site, start=False) as key:
                assert "none is tried" in told_why(key, 600)
                assert key.process.wait() == 1
        assert tries(site) == count
        path.rmdir()
        path.symlink_to(site.path("elsewhere"))
        with KeyProcess(site, start=False) as key:
            assert "none is tried" in told_why(key, 600)
        assert tries(site) == count and not site.path("elsewhere").exists()


def test_a_refusal_that_cannot_be_synced_is_kept_by_its_process():
    """And what was written of it is found by the next."""
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        with KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)
        path = record(site)
        for call in ("fsync", "ftruncate"):
            path.unlink(missing_ok=True)
            site.secret("pin", f"{call}\n")
            count = tries(site)
            trace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                     f"inject={call}:error=EIO:when={2 if call == 'ftruncate' else 1}+", "-P",
                     str(path)]
            with KeyProcess(site, start=False, prefix=trace) as key:
                assert "cannot keep" in told_why(key, PIN_REFUSED)
                key.channel.settimeout(1.2)  # it has looked twice
                try:
                    raise AssertionError(key.receive())
                except TimeoutError:
                    assert key.hang_up() == 1
            assert tries(site) == count + 1
            with KeyProcess(site, start=False) as key:
                told_why(key, PIN_REFUSED)
            assert tries(site) == count + 1


def test_a_damaged_record_stands():
    with make_site(token_module=True) as site:
        site.secret("pin", "9999\n")
        with KeyProcess(site, start=False) as key:
            told_why(key, PIN_REFUSED)
        good = record(site).read_bytes()
        site.secret("pin", "1234\n")
        count = tries(site)
        for bad in (good[:-1], good[:5], b"\n", b"x" * 5000, good[1:], b"\0" * 40):
            record(site).write_bytes(bad)
            with KeyProcess(site, start=False) as key:
                told_why(key, PIN_REFUSED)
        assert tries(site) == count
        record(site).write_bytes(good)  # of another file
        with KeyProcess(site):
            assert not records(site)


def test_a_login_whose_end_nobody_knows_is_tried_again():
    """A token that crashes or hangs has refused nothing."""
    with make_site(token_module=True, hsm={"deadline_ms": 300}) as site:
        for fault in ("crash", "hang"):
            calls = 0
            while True:
                site.token.inject(fault, everywhere=True, skip=calls, count=1)
                count = tries(site)
                with KeyProcess(site, start=False) as key:
                    try:
                        key.receive()
                    except Gone:
                        pass
                    site.token.recover()
                if tries(site) > count:
                    break
                calls += 1
            assert record(site).read_text() == "begun\n"
            with KeyProcess(site):
                assert not records(site)


def test_a_pin_file_without_a_pin_is_not_tried():
    with make_site(token_module=True) as site:
        count = tries(site)
        for text in ("", "\n", "1234\r\n", "1234\n\n"):
            site.secret("pin", text)
            with KeyProcess(site, start=False) as key:
                assert "expected a PIN" in told_why(key, 603)
        site.path("pin").unlink()
        with KeyProcess(site, start=False) as key:
            assert "cannot read" in told_why(key, 603)
        assert tries(site) == count and not records(site)
        site.secret("pin", "1234")
        with KeyProcess(site):
            pass


if __name__ == "__main__":
    hallmark.run_tests(__name__)
