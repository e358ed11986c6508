#!/usr/bin/python3
"""Tokens as they are found: shared with others' keys, slow, of many keys and of unknown ones."""

import subprocess
import time
import uuid

import hallmark
from hallmark import Site
from keychannel import KeyProcess, Tree, make_site, signed

FOREIGN = 500
CALL_US = 10_000
START_S = 5 if hallmark.PATIENCE_S <= 30 else 30  # "in seconds"; a sanitizer slows SoftHSM itself


def pkcs11_tool(site, *arguments):
    return subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test",
                           "--login", "--pin", "1234", *arguments], env=site.env, check=True,
                          capture_output=True, text=True).stdout


def make_foreign(site, kind="EC:prime256v1", label="foreign", number="f0"):
    pkcs11_tool(site, "--keypairgen", "--key-type", kind, "--label", label, "--id", number)


def crowd(site, count):
    """One foreign key pair, and then `count` of them: SoftHSM keeps each half in a file."""
    before = set(site.path("tokens").glob("*/*.object"))
    make_foreign(site)
    halves = set(site.path("tokens").glob("*/*.object")) - before
    assert len(halves) == 2
    for half in halves:
        data = half.read_bytes()
        for _ in range(count - 1):
            (half.parent / f"{uuid.uuid4()}.object").write_bytes(data)
    listed = pkcs11_tool(site, "--list-objects", "--type", "privkey")
    assert listed.count("label:      foreign") == count


def sign_once(site):
    with KeyProcess(site) as key:
        tree = Tree([b"{}"])
        signed(site, key.sign(tree, 0), tree)


def test_a_token_of_many_keys_behind_a_network():
    """The deadline is that of one call, and the calls are few: found by template, none is read that is
    another's."""
    with make_site(token_module=True) as site:
        crowd(site, FOREIGN)
        make_foreign(site, "EC:edwards25519", "hider", "07")
        site.token.set(call_us=CALL_US)
        began = time.monotonic()
        with KeyProcess(site) as key:
            took = time.monotonic() - began
            print(f"     started in {took:.2f} s", flush=True)
            tree = Tree([b"{}"])
            signed(site, key.sign(tree, 0), tree)
        assert took < START_S, took
        began = time.monotonic()
        for command in ("check", "show", "csr"):
            site.hsm(command)
        assert time.monotonic() - began < 3 * START_S


def test_a_key_of_another_type_hides_nothing():
    """libp11 0.4.12 lists none of a token's keys beside one of Ed25519."""
    for kind in ("EC:edwards25519", "rsa:2048", "EC:secp384r1"):
        with Site() as site:
            make_foreign(site, kind, "hider", "07")
            site.init_key()
            make_foreign(site, kind, "another", "08")
            site.hsm("check")
            sign_once(site)


def test_another_key_of_the_same_label_is_not_chosen_between():
    with make_site() as site:
        make_foreign(site, "EC:edwards25519", "log", "07")
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "several private keys" in done.stderr, done


def test_a_key_that_no_log_is_signed_with_is_named():
    with Site() as site:
        make_foreign(site, "EC:edwards25519", "log", "07")
        for command in ("check", "csr", "self-sign"):
            done = site.hsm(command, check=False)
            assert done.returncode == 1 and "neither of ECDSA nor of RSA" in done.stderr, done


def test_one_session_is_enough():
    with make_site(token_module=True, hsm={"sessions": 1}) as site:
        site.token.set(sessions_max=1, sessions_peak=0)
        sign_once(site)
        assert site.token.get("sessions_peak") == 1


if __name__ == "__main__":
    hallmark.run_tests(__name__)
