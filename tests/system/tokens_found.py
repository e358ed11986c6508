#!/usr/bin/python3
"""Tokens as they are found: shared with others' keys, slow, of many keys and of unknown ones."""

import json
import re
import shutil
import subprocess
import time
import uuid

import hallmark
from hallmark import Site
from keychannel import KeyProcess, Tree, expect_no_service, make_site, signed

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
    """The first key has a certificate, and is none of Ed25519."""
    with Site() as site:
        make_foreign(site, "EC:edwards25519", "log", "07")
        for command in ("check", "csr", "self-sign"):
            done = site.hsm(command, check=False)
            assert done.returncode == 1 and "is an Ed25519 key" in done.stderr, done
            assert "algorithm is p256" in done.stderr, done


def made_with_less(site, refusals, *words):
    """Attempts at a key are refused so often, before one is taken."""
    site.token.inject("error", call="C_GenerateKeyPair", error=5, count=refusals)  # CKR_GENERAL_ERROR
    done = site.hsm("init", check=False)
    for word in words:
        assert word in done.stderr, done.stderr
    return done


def test_init_says_less_where_the_token_takes_no_more():
    with Site(token_module=True) as site:
        done = made_with_less(site, 1, "once more", "may not decrypt")
        assert done.returncode == 0 and "is private" not in done.stderr, done
        site.hsm("self-sign")
        site.hsm("check")
        sign_once(site)
    with Site(token_module=True) as site:
        done = made_with_less(site, 2, "once more", "is private")
        assert done.returncode == 0 and "cannot leave it" not in done.stderr, done
    with Site(token_module=True) as site:
        done = made_with_less(site, 3, "does not make the key pair")
        assert done.returncode == 1 and not site.guard_files(), done
        assert "log" not in pkcs11_tool(site, "--list-objects", "--type", "privkey")
        site.token.inject("error", call="C_GenerateKeyPair", error=0x70)  # CKR_MECHANISM_INVALID
        done = site.hsm("init", check=False)
        assert done.returncode == 1 and "once more" not in done.stderr, done


def vendors_key(site, *more):
    pkcs11_tool(site, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "log", "--id", "01",
                "--usage-sign", *more)


def test_a_key_of_the_vendors_tool_gets_its_guard():
    with Site(token_module=True) as site:
        refused(site, "has no private key", command=("init", "--existing"))
        vendors_key(site, "--sensitive")
        refused(site, "already", "init --existing", command="init")
        refused(site, "init --existing", command="check")
        done = site.hsm("init", "--existing")
        assert "taken    key 'log'" in done.stdout and done.stdout.count("told     by the token") == 4, done
        assert "decided  by the operator: it has signed no log yet" in done.stdout, done
        site.hsm("self-sign")
        site.hsm("check")
        sign_once(site)
        # Not twice, and not over a guard that was lost.
        refused(site, "there is a certificate", "adopt", command=("init", "--existing"))
        state = site.guard_file().read_bytes()
        site.path("log.crt").rename(site.path("away"))
        refused(site, "state", command=("init", "--existing"))
        assert site.guard_file().read_bytes() == state


def test_a_key_that_can_leave_gets_no_guard():
    for attribute in ("--extractable",):
        with Site() as site:
            vendors_key(site, "--sensitive", attribute)
            refused(site, "can, or could, leave", command=("init", "--existing"))
            assert not site.guard_files()


def test_what_the_token_does_not_tell_is_the_operators_to_decide():
    with Site(token_module=True) as site:
        vendors_key(site, "--sensitive")
        for name, number in (("CKA_LOCAL", 0x163), ("CKA_NEVER_EXTRACTABLE", 0x164),
                             ("CKA_ALWAYS_SENSITIVE", 0x165)):
            site.options["hsm"] = {}
            site.write_configs()
            site.token.set(untold=number)
            refused(site, f"does not tell {name}", "vouched", command=("init", "--existing"))
            site.options["hsm"] = {"vouched": [name]}
            site.write_configs()
            done = site.hsm("init", "--existing")
            assert f"decided  by the operator, since the token does not tell: {name}" in done.stdout, done
            assert done.stdout.count("told     by the token") == 3, done
            site.hsm("self-sign")
            assert "vouched for in hsm.yaml" in site.hsm("show").stdout
            sign_once(site)
            site.guard_file().unlink()
            site.path("log.crt").unlink()
        for name, number in (("CKA_SENSITIVE", 0x103), ("CKA_EXTRACTABLE", 0x162)):
            site.token.set(untold=number)
            refused(site, f"does not tell {name}", "nobody but the token", command=("init", "--existing"))
        site.token.set(untold=0)
        assert not site.guard_files()
    with Site(hsm={"vouched": ["CKA_NEVER_EXTRACTABLE", "CKA_LOCAL"]}) as site:
        vendors_key(site, "--sensitive", "--extractable")  # what is told counts
        refused(site, "can, or could, leave", command=("init", "--existing"))


def test_one_session_is_enough():
    with make_site(token_module=True, hsm={"sessions": 1}) as site:
        site.token.set(sessions_max=1, sessions_peak=0)
        sign_once(site)
        assert site.token.get("sessions_peak") == 1


def by_uri(site, uri):
    site.options["hsm"] = {"token": None, "key": None, "uri": uri}
    site.write_configs()


def make_token(site, label):
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", "1234",
                    "--so-pin", "5678"], env=site.env, check=True, capture_output=True)


def slots(site):
    """(slot, label, serial) of each token, as another program lists them."""
    text = subprocess.run(["softhsm2-util", "--show-slots"], env=site.env, check=True,
                          capture_output=True, text=True).stdout
    found = re.findall(r"^Slot (\d+)$.*?Serial number: +(\w*).*?Initialized: +(\w+).*?Label: *(.*?) *$",
                       text, re.M | re.S)
    return [(slot, label, serial) for slot, serial, initialized, label in found
            if initialized == "yes"]


def refused(site, *words, command="check"):
    done = site.hsm(*([command] if isinstance(command, str) else command), check=False)
    assert done.returncode == 1 and done.stdout == "", done
    for word in words:
        assert word in done.stderr, (word, done.stderr)


def test_two_tokens_of_one_label_are_told_apart_by_uri():
    with Site() as site:
        make_token(site, "test")
        (_, _, first), (slot, _, second) = slots(site)
        refused(site, "several tokens", first, second, "uri", command="init")
        by_uri(site, "pkcs11:token=test;object=log")
        refused(site, "several tokens", first, second, command="init")
        by_uri(site, f"pkcs11:serial={second};object=log")
        site.init_key()
        assert json.loads(site.hsm("show", "--json").stdout)["serial"] == second
        site.hsm("check")
        sign_once(site)
        by_uri(site, f"pkcs11:slot-id={slot};object=log")  # as a clone, of which the serial is the same
        site.hsm("check")
        by_uri(site, f"pkcs11:serial={first};object=log")
        refused(site, "has no private key")
        by_uri(site, f"pkcs11:serial={first};slot-id={slot};object=log")
        refused(site, "expected the token of", "found", first, second)


def test_a_token_without_a_label_is_chosen_by_its_serial():
    with Site() as site:
        shutil.rmtree(site.path("tokens"))
        site.path("tokens").mkdir()
        make_token(site, " ")
        (_, label, serial), = slots(site)
        assert label == ""
        by_uri(site, f"pkcs11:serial={serial};object=log")
        site.init_key()
        sign_once(site)
        by_uri(site, "pkcs11:token=;object=log")  # SoftHSM shows a slot more
        refused(site, "several tokens", f"(serial={serial};slot-id=", "), one that is not initialised")
        by_uri(site, "pkcs11:token=;serial=77;object=log")
        refused(site, "expected the token of", "write into \"uri\"")


def test_two_keys_of_one_label_are_told_apart_by_id():
    with make_site() as site:
        make_foreign(site, "EC:prime256v1", "log", "0102")
        refused(site, "several private keys")
        number = key_id_of_certificate(site)
        by_uri(site, f"pkcs11:token=test;object=log;id={number}")
        site.hsm("check")
        sign_once(site)
        by_uri(site, f"pkcs11:token=test;id={number}")
        site.hsm("check")
        by_uri(site, "pkcs11:token=test;object=log;id=%01%02")
        refused(site, "another key")  # than the certificate's
        by_uri(site, "pkcs11:token=test;object=other;id=%01%02")
        refused(site, "has no private key")


def key_id_of_certificate(site):
    """init stores the certificate with the key's id; escaped as in a URI."""
    listed = pkcs11_tool(site, "--list-objects", "--type", "cert")
    number, = re.findall(r"ID: +(\w+)", listed)
    return re.sub("(..)", r"%\1", number)


def test_a_key_is_made_with_the_id_of_the_uri():
    with Site() as site:
        by_uri(site, "pkcs11:token=test;id=%0a%0b")
        refused(site, "add object=", command="init")
        by_uri(site, "pkcs11:token=test;object=a%20key%2f1;id=%0a%0b;type=private")
        site.init_key()
        shown = json.loads(site.hsm("show", "--json").stdout)
        assert shown["key_id"] == "0a0b", shown
        assert "a key/1" in pkcs11_tool(site, "--list-objects", "--type", "privkey")
        assert "a key/1" in pkcs11_tool(site, "--list-objects", "--type", "cert")
        sign_once(site)


def test_a_uri_that_says_too_much_or_too_little_is_refused():
    with make_site() as site:
        for uri, word in (("pkcs11:token=test", "names no key"),
                          ("pkcs11:token=test;object=log?pin-value=1234", "where the PIN is"),
                          ("pkcs11:token=test;object=log?pin-source=file:/pin", "where the PIN is"),
                          ("pkcs11:token=test;object=log?module-path=/tmp/m.so", "names a module"),
                          ("pkcs11:token=test;object=log;colour=red", "not known"),
                          ("pkcs11:token=test;object=log;type=cert", "type=private"),
                          ("pkcs11:token=te%st;object=log", "found pkcs11:"),
                          ("pkcs11:token", "found pkcs11:")):
            by_uri(site, uri)
            refused(site, word)
            expect_no_service(site, word)
        by_uri(site, "token=test;object=log?pin-value=1234")
        refused(site, "begins with")
        for uri in ("token=test;object=log?pin-value=1234", "pkcs11:token=test;object=log?pin-value=1234"):
            by_uri(site, uri)
            assert "1234" not in site.hsm("check", check=False).stderr.replace("0123456789", "")


def test_the_token_of_a_uri_is_not_initialised():
    with Site() as site:
        by_uri(site, "pkcs11:manufacturer=SoftHSM%20project;token=;serial=;object=log")
        refused(site, "not initialised", "--init-token", command="init")


def test_an_operators_key_lies_beside_the_logs():
    with make_site() as site:
        make_foreign(site, "EC:prime256v1", "alice", "0a")
        by_uri(site, f"pkcs11:token=test;id={key_id_of_certificate(site)}")
        done = site.tool("hallmark-hsm", "statement", "key", "-c", str(site.path("hsm.yaml")),
                         "--token-key", "alice")
        assert done.stdout
        done = site.tool("hallmark-hsm", "statement", "key", "-c", str(site.path("hsm.yaml")),
                         "--token-key", "log", check=False)
        assert done.returncode == 1 and "the log's own key" in done.stderr, done


if __name__ == "__main__":
    hallmark.run_tests(__name__)
