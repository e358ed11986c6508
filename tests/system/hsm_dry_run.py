#!/usr/bin/python3
"""hallmark-hsm init --dry-run: it finds what init would find, and leaves every byte as it was."""

import hashlib
import os

import hallmark
from hallmark import Site


def everything(site):
    """All that is on the disk of a site, its token too: names, kinds, modes, contents.

    SoftHSM writes its own record of a login: that of wrong PINs, which is none of an object."""
    found = {}
    for path in sorted(site.dir.rglob("*")):
        status = path.lstat()
        if path.name in ("token.object", "token.lock", "generation"):
            found[str(path)] = status.st_ino
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[str(path)] = (status.st_mode, status.st_ino, status.st_mtime_ns if content else None,
                            content)
    return found


def dry(site, *arguments, words=(), status=0):
    before = everything(site)
    done = site.hsm("init", "--dry-run", *arguments, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert everything(site) == before
    for word in words:
        assert word in (done.stdout if status == 0 else done.stderr), (word, done)
    return done


def test_it_says_what_init_then_makes_and_changes_nothing():
    with Site(hsm={"ed25519_key": "beside", "ed25519_verifier": "log.vkey"}) as site:
        for _ in range(2):
            dry(site, words=["takes the PIN", "serial ", "firmware ",
                             "would make   key 'log', EC P-256", "would make   the guard's state",
                             "would make   key 'beside', Ed25519",
                             f"would write  {site.path('log.vkey')}", "changed      nothing"])
        made = site.hsm("init").stdout
        assert "made     key 'log'" in made and "made     key 'beside'" in made


def test_of_a_log_that_has_its_key_only_the_second_would_be_made():
    with Site() as site:
        site.init_key()
        dry(site, words=["private key 'log' already"], status=1)
        site.options["hsm"] = {"ed25519_key": "beside", "ed25519_verifier": "log.vkey"}
        site.write_configs()
        done = dry(site, words=["key 'log' is there, with its guard", "would make   key 'beside'"])
        assert "would make   the guard" not in done.stdout
        site.hsm("init")
        dry(site, words=["are there already; nothing is overwritten"], status=1)


def test_a_key_of_the_vendors_tool():
    with Site() as site:
        dry(site, "--existing", words=["no private key 'log'"], status=1)
        site.init_key()
        dry(site, "--existing", words=["there is a certificate"], status=1)
        site.path("log.crt").unlink()
        dry(site, "--existing", words=["there is a guard's state"], status=1)
        site.guard_file().unlink()
        dry(site, "--existing", words=["would take   key 'log'", "told     by the token",
                                       "would make   the guard's state"])
        assert "taken    key 'log'" in site.hsm("init", "--existing").stdout


def test_what_is_in_the_way_is_found():
    with Site() as site:
        site.path("guard").chmod(0o500)
        if os.geteuid() != 0:
            dry(site, words=["guard"], status=1)
        site.path("guard").chmod(0o700)
        site.options["hsm"] = {"token": "absent"}
        site.write_configs()
        dry(site, words=["found 'test'"], status=1)


def test_an_algorithm_that_the_token_does_not_have():
    """opencryptoki's and vendors' tokens leave some out; SoftHSM can be told to.

    The first name behind the minus it does not understand."""
    with Site() as site:
        conf = site.dir / "softhsm2.conf"
        text = conf.read_text()
        for word in ("CKM_EC_KEY_PAIR_GEN", "CKM_ECDSA"):
            conf.write_text(text + f"slots.mechanisms = -,{word}\n")
            dry(site, words=["EC P-256", "take another algorithm"], status=1)
        conf.write_text(text)
        dry(site)


def test_a_refused_pin_is_kept_as_refused():
    """It has cost a try: the one thing that a dry run leaves."""
    with Site() as site:
        site.secret("pin", "wrong\n")
        done = site.hsm("init", "--dry-run", check=False)
        assert done.returncode == 1 and "the PIN is wrong" in done.stderr, done
        again = site.hsm("init", "--dry-run", check=False)
        assert again.returncode == 1 and "not tried again" in again.stderr, again


if __name__ == "__main__":
    hallmark.run_tests(__name__)
