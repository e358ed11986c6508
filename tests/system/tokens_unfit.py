#!/usr/bin/python3
"""What is wrong with token, module, PIN, key or certificate is said in one sentence that names the mend; the
exit status is that of `--help`; and nothing on the token has changed."""

import datetime
import hashlib
import signal
import time

import hallmark
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hallmark import Site
from keychannel import KeyProcess, certificate_of, grown, make_site, told_why

CKR_PIN_EXPIRED, CKR_MECHANISM_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED = 0xa3, 0x70, 0x68
CKF_WRITE_PROTECTED, CKF_USER_PIN_LOCKED, CKF_USER_PIN_TO_BE_CHANGED = 0x2, 0x40000, 0x80000
COMMANDS = ("check", "csr", "self-sign", "show")


def objects(site):
    """Every object on every token; SoftHSM keeps each in a file, and the token's own state in another."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in site.path("tokens").glob("*/*.object") if path.name != "token.object"}


def refused(site, *words, commands=COMMANDS, status=1, serve=True):
    """By the commands, and in service."""
    before = objects(site), {path.name for path in site.guard_files()}
    for command in commands:
        done = site.hsm(command, check=False)
        assert done.returncode == status, (command, done)
        for word in words:
            assert word in done.stderr, (command, word, done.stderr)
    if serve:
        key = KeyProcess(site, start=False)
        if status > 0:
            why = told_why(key)
            for word in words:
                assert word in why, (word, why)
        assert key.process.wait() == status, key.process.lines
    assert (objects(site), {path.name for path in site.guard_files()}) == before


def with_module(site, path):
    site.options["module"] = str(path)
    site.write_configs()


def test_a_module_that_is_none():
    with make_site() as site:
        text = site.path("text.so")
        text.write_text("no module\n")
        for path, word in ((text, "cannot load the PKCS#11 module"),
                           ("/lib/x86_64-linux-gnu/libc.so.6", "no C_GetFunctionList"),
                           (site.path("none.so"), "cannot read")):
            if not str(path).startswith("/lib") or hallmark.pathlib.Path(path).exists():
                with_module(site, path)
                refused(site, word)


def test_a_module_that_others_could_replace():
    with make_site() as site:
        copy = site.path("copy.so")
        copy.write_bytes(hallmark.pathlib.Path(hallmark.MODULE).read_bytes())
        copy.chmod(0o666)
        with_module(site, copy)
        refused(site, "others could put another in its place")


def test_a_module_that_crashes():
    with make_site(token_module=True) as site:
        for call in ("C_GetFunctionList", "C_Initialize", "C_Login", "C_SignInit"):
            site.token.inject("crash", call=call)
            refused(site, "the PKCS#11 module crashed", "vendor", commands=("csr",), serve=call != "C_SignInit",
                    status=-signal.SIGSEGV)


def test_a_module_that_hangs():
    with make_site(token_module=True, hsm={"deadline_ms": 300}) as site:
        for call, word in (("C_GetFunctionList", "did not load within deadline_ms"),
                           ("C_Initialize", "did not start (C_Initialize) within deadline_ms"),
                           ("C_Login", "did not answer within deadline_ms")):
            site.token.inject("hang", call=call)
            refused(site, word, commands=("check",), serve=True, status=-signal.SIGALRM)


def test_a_module_that_hangs_at_its_end_has_done_what_it_was_asked_for():
    with make_site(token_module=True, hsm={"deadline_ms": 300}) as site:
        site.token.inject("hang", call="C_Finalize")
        done = site.hsm("check", check=False)
        assert done.returncode == -signal.SIGALRM and "good     key 'log'" in done.stdout, done
        assert "did not end (C_Finalize)" in done.stderr and "holds" in done.stderr, done


def test_a_token_that_is_not_there():
    with make_site() as site:
        site.options["hsm"] = {"token": "other"}
        site.write_configs()
        refused(site, "expected a token labelled 'other', found 'test'", "), one that is not initialised",
                "write into \"token\"", "--init-token")
    with Site() as site:
        for path in site.path("tokens").iterdir():
            path.rename(site.path("away"))
        refused(site, "expected a token labelled 'test', found", "--init-token", commands=("init",),
                serve=False)


def test_a_token_that_is_write_protected():
    with Site(token_module=True) as site:
        site.token.set(token_flags=CKF_WRITE_PROTECTED)
        refused(site, "write-protected", commands=("init",), serve=False)
    with make_site(token_module=True) as site:
        site.token.set(token_flags=CKF_WRITE_PROTECTED)
        site.hsm("check")  # who only signs writes nothing
        with KeyProcess(site):
            pass


def test_a_mechanism_that_is_missing():
    with Site(token_module=True) as site:
        site.token.inject("error", call="C_GenerateKeyPair", error=CKR_MECHANISM_INVALID)
        refused(site, "does not know this algorithm", commands=("init",), serve=False)
    with make_site(token_module=True) as site:
        for error, word in ((CKR_MECHANISM_INVALID, "does not know this algorithm"),
                            (CKR_KEY_FUNCTION_NOT_PERMITTED, "may not sign (CKA_SIGN)")):
            site.token.inject("error", call="C_SignInit", error=error)
            refused(site, word, serve=False)


def test_a_pin_that_is_to_be_changed():
    """Some tell it at the login, some afterwards, of every call."""
    with make_site(token_module=True) as site:
        site.token.inject("error", call="C_FindObjectsInit", error=CKR_PIN_EXPIRED)
        refused(site, "the PIN has expired; set a new one with the vendor's tool")
        site.token.recover()
        site.token.set(login_error=CKR_PIN_EXPIRED)
        refused(site, "the PIN has expired; set a new one with the vendor's tool", commands=("check",),
                serve=False)


def test_a_pin_that_the_token_says_is_to_be_changed_is_not_tried():
    """By the flag alone: the login would be taken, and nothing behind it."""
    with make_site(token_module=True) as site:
        site.token.set(token_flags=CKF_USER_PIN_TO_BE_CHANGED)
        before = site.token.get("login_tries")
        refused(site, "the PIN has expired; set a new one with the vendor's tool", commands=("check", "show", "unlock"),
                serve=False)
        assert site.token.get("login_tries") == before
        key = KeyProcess(site, start=False)
        assert "set a new one with the vendor's tool" in told_why(key)
        site.token.set(token_flags=0)  # as soon as that was done, an operator says so
        site.hsm("unlock")
        assert key.process.wait() == 1, key.process.lines
        with KeyProcess(site):
            pass


def test_a_pin_that_is_locked():
    with make_site(token_module=True) as site:
        site.token.set(login_error=0xa4)
        refused(site, "the PIN is locked; the security officer must set a new one", commands=("check",),
                serve=False)


def test_a_certificate_of_another_key():
    with make_site() as site:
        other = site.ca.build(site.ca.name, ec.generate_private_key(ec.SECP256R1()).public_key())
        hallmark.write_certificate(site.path("log.crt"), other.sign(site.ca.key, hashes.SHA256()))
        refused(site, "the certificate is of another key than the token's", commands=("check", "self-sign", "show"))


def test_a_chain_that_has_expired_is_told_and_serves_on():
    """A log does not stop for a date; whoever reads it sees the same."""
    with make_site() as site:
        key = certificate_of(site).public_key()
        days = -1
        expired = site.ca.build(site.ca.name, key, days).sign(site.ca.key, hashes.SHA256())
        assert expired.not_valid_after < datetime.datetime.utcnow()
        hallmark.write_certificate(site.path("log.crt"), expired, site.ca.certificate)
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "has expired; make a new one for the same key" in done.stderr, done
        with KeyProcess(site) as key:
            key.process.wait_for("has expired")


def test_a_guard_of_another_log():
    """Signs nothing, and the log on the disk is not the only one that may be wrong."""
    with make_site() as other, make_site() as site:
        with KeyProcess(other) as key:
            grown(key, other, 3)
        signer = site.start_signer()
        signer.wait_for("event=listening")
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while site.status()["signed_size"] < 3:
            assert time.monotonic() < deadline
        assert signer.stop() == 0
        site.guard_file().write_bytes(other.guard_file().read_bytes())
        signer = site.start_signer(wait=False)
        line = signer.wait_for("event=log-forked")
        assert "was rewritten; or, if another log's state" in line and "hallmark-hsm adopt" in line, line
        assert signer.wait() != 0
        site.guard_file().unlink()
        site.hsm("adopt", str(site.path("log/checkpoint")))
        assert site.start_signer().stop() == 0


if __name__ == "__main__":
    hallmark.run_tests(__name__)
