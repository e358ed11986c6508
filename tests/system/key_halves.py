#!/usr/bin/python3
"""A key of which a half is missing, is another's or is none: what vendors leave out, tools delete and
restores forget. Every command says what it is; none crashes, hands out or signs anything."""

import json
import re
import struct
import subprocess

import hallmark
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hallmark import Site
from keychannel import KeyProcess, Tree, expect_no_service, make_site, signed

COMMANDS = ("show", "csr", "self-sign", "check")


def tool(site, *arguments):
    return subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test",
                           "--login", "--pin", "1234", *arguments], env=site.env, check=True,
                          capture_output=True, text=True).stdout


def key_id(site):
    return json.loads(site.hsm("show", "--json").stdout)["key_id"]


def delete(site, kind):
    tool(site, "--delete-object", "--type", kind, "--label", "log")


def put_public(site, key, number, label="log"):
    path = site.path("public.der")
    path.write_bytes(key.public_bytes(serialization.Encoding.DER,
                                      serialization.PublicFormat.SubjectPublicKeyInfo))
    tool(site, "--write-object", str(path), "--type", "pubkey", "--label", label, "--id", number)


def another(kind="ec"):
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1()).public_key()
    return rsa.generate_private_key(65537, 2048).public_key()


def expect_refused(site, *words):
    for command in COMMANDS:
        done = site.hsm(command, check=False)
        assert done.returncode == 1 and done.stdout == "", done
        for word in words:
            assert word in done.stderr, (command, word, done.stderr)
    expect_no_service(site, words[0])


def test_the_public_half_is_missing():
    with make_site() as site:
        number, before = key_id(site), site.path("log.crt").read_bytes()
        delete(site, "pubkey")
        expect_refused(site, "public half is missing", number, "pkcs11-tool")
        assert site.path("log.crt").read_bytes() == before
        # As the sentence says.
        said = re.search(r"(openssl x509.*public\.der), then (pkcs11-tool.*)",
                         site.hsm("check", check=False).stderr)
        subprocess.run(f"{said[1].replace('CERTIFICATE', 'log.crt')} && {said[2]} --pin 1234",
                       shell=True, cwd=site.dir, env=site.env, check=True, capture_output=True)
        site.hsm("check")
        with KeyProcess(site) as key:
            tree = Tree([b"{}"])
            signed(site, key.sign(tree, 0), tree)


def test_the_halves_have_different_ids():
    for kind in ("pubkey", "privkey"):
        with make_site() as site:
            tool(site, "--type", kind, "--id", key_id(site), "--set-id", "77")
            expect_refused(site, "another id (CKA_ID)", "give both the same")


def test_nothing_pairs_the_halves():
    """Made by a tool that was given no id."""
    with make_site() as site:
        for kind in ("pubkey", "privkey"):
            delete(site, kind)
        tool(site, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "log", "--usage-sign")
        expect_refused(site, "has no id (CKA_ID)", "give both the same")


def test_the_private_half_is_missing():
    with make_site() as site:
        delete(site, "privkey")
        expect_refused(site, "no private one", "deleted, or not restored")
        expect_no_service(site, "the log has ended, unless another key continues it")


def test_another_public_key_has_the_id_too():
    """libp11 takes whichever comes first."""
    for kind, words in (("ec", ["several public halves"]), ("rsa", ["another type"])):
        with make_site() as site:
            put_public(site, another(kind), key_id(site), label="other")
            expect_refused(site, *words, "CKA_ID")


def test_two_keys_have_one_id():
    with make_site() as site:
        tool(site, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "other", "--id",
             key_id(site), "--usage-sign")
        expect_refused(site, "several public halves", "CKA_ID")


def test_the_public_half_is_of_another_type():
    with make_site() as site:
        number = key_id(site)
        delete(site, "pubkey")
        put_public(site, another("rsa"), number)
        expect_refused(site, "another type", "CKA_ID")
    with Site(hsm={"algorithm": "rsa-3072"}) as site:
        site.init_key()
        number = key_id(site)
        delete(site, "pubkey")
        put_public(site, another("ec"), number)
        expect_refused(site, "another type", "CKA_ID")


def test_the_public_half_does_not_fit():
    """Service, too, says that it is not the certificate that is wrong."""
    with make_site() as site:
        number = key_id(site)
        delete(site, "pubkey")
        put_public(site, another(), number)
        expect_refused(site, "public half does not verify")


def public_file(site):
    """SoftHSM keeps each object in a file: the one that holds CKA_CLASS (0) = CKO_PUBLIC_KEY (2)."""
    found, = (path for path in site.path("tokens").glob("*/*.object")
              if struct.pack(">QQQ", 0, 2, 2) in path.read_bytes())
    return found


def test_the_public_half_is_no_point():
    """Off the curve, of a length that none has, or no bytes at all."""
    with make_site() as site:
        path = public_file(site)
        good = path.read_bytes()
        at = good.index(bytes.fromhex("044104"))
        for bad in (bytes([good[at + 3] ^ 1]), good[at + 3:at + 67][::-1]):
            data = good[:at + 3] + bad + good[at + 3 + len(bad):]
            # The file begins with a number that SoftHSM reads again by.
            path.write_bytes(struct.pack(">Q", 1000) + data[8:])
            expect_refused(site, "no point of a curve")
        for head in ("044004", "044105", "304104"):
            data = good[:at] + bytes.fromhex(head) + good[at + 3:]
            path.write_bytes(struct.pack(">Q", 1000) + data[8:])
            expect_refused(site, "no point of a curve")
        path.write_bytes(struct.pack(">Q", 1001) + good[8:])
        site.hsm("check")


def test_the_same_public_half_twice_does_not_matter():
    with make_site() as site:
        key = serialization.load_pem_public_key(subprocess.run(
            ["openssl", "x509", "-in", str(site.path("log.crt")), "-noout", "-pubkey"], check=True,
            capture_output=True).stdout)
        put_public(site, key, key_id(site), label="copy")
        site.hsm("check")
        with KeyProcess(site) as served:
            tree = Tree([b"{}"])
            signed(site, served.sign(tree, 0), tree)


if __name__ == "__main__":
    hallmark.run_tests(__name__)
