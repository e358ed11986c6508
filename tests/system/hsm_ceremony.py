#!/usr/bin/python3
"""The key ceremony with a real token: what hallmark-hsm makes, shows and refuses.

What it made is looked at with other eyes: pkcs11-tool for the token, python3-cryptography for
certificates, requests and keys.
"""

import base64
import datetime
import hashlib
import itertools
import json
import os
import pathlib
import re
import resource
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hallmark import ORIGIN, Site
from keychannel import KeyProcess, Tree, certificate_of, sha256


def refused(site, *command, words, status=1):
    """The command fails, says why, and prints no result."""
    done = site.hsm(*command, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr
    return done


def make_key(site, kind, label, number):
    """A key pair that was not made by init."""
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                    "--keypairgen", "--key-type", kind, "--label", label, "--id", number,
                    "--token-label", "test"], env=site.env, check=True, capture_output=True)


def objects(site, kind):
    done = subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                           "--token-label", "test", "--list-objects", "--type", kind],
                          env=site.env, check=True, capture_output=True, text=True)
    return done.stdout


def spki_of(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


def sign_request(site, pem, subject=None, key=None):
    """What a CA makes of a request: the certificate, and the CA's behind it."""
    request = x509.load_pem_x509_csr(pem)
    certificate = site.ca.build(subject or request.subject, key or request.public_key()).sign(
        site.ca.key, hashes.SHA256())
    return b"".join(c.public_bytes(serialization.Encoding.PEM)
                    for c in (certificate, site.ca.certificate))


def test_init_makes_a_key_that_signs_and_cannot_leave():
    with Site() as site:
        site.hsm("init")
        listing = objects(site, "privkey")
        assert listing.count("Private Key Object") == 1
        assert "EC" in listing and "label:      log" in listing
        usage = next(line for line in listing.splitlines() if "Usage:" in line)
        assert usage.split(":")[1].strip() == "sign", usage
        access = next(line for line in listing.splitlines() if "Access:" in line)
        for word in ("sensitive", "always sensitive", "never extractable", "local"):
            assert word in access, access


def test_init_never_overwrites():
    with Site() as site:
        site.init_key()
        before = objects(site, "pubkey")
        refused(site, "init", words=["already", "never overwritten"])
        assert objects(site, "pubkey") == before
        assert site.hsm("check").returncode == 0


def test_init_without_a_token_says_how_to_make_one():
    with Site(hsm={"token": "absent"}) as site:
        refused(site, "init", words=["'absent'", "found 'test'", "softhsm2-util --init-token",
                                     "pkcs11-tool"])


def test_init_with_something_that_is_no_module():
    with Site(module="/bin/true") as site:
        refused(site, "init", words=["/bin/true"])


def test_init_says_when_a_key_was_left_without_its_guard():
    with Site() as site:
        done = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-P", str(site.path("guard")), "-e", "trace=fsync",
             "-e", "inject=fsync:error=EIO", hallmark.program("hallmark-hsm"), "init", "-c",
             str(site.path("hsm.yaml"))], env=site.env, capture_output=True, text=True)
        assert done.returncode == 1 and not done.stdout
        assert "has signed nothing: remove it" in done.stderr, done.stderr


def test_a_wrong_pin_is_explained():
    with Site() as site:
        site.secret("pin", "wrong\n")
        refused(site, "init", words=["the PIN is wrong", str(site.path("pin"))])
        assert "wrong\n" not in site.hsm("show", check=False).stderr.replace("is wrong", "")


def test_a_pin_file_holds_one_line():
    with Site() as site:
        for text in ("", "\n", "1234\n\n", "12\n34\n", "1" * 300 + "\n", "12\00034\n", "1234\r\n",
                     "12\t34\n", "\x1b1234\n", "1234\x7f\n"):
            site.secret("pin", text)
            refused(site, "init", words=["expected a PIN of 1 to 255 bytes on one line"])
        site.secret("pin", "1234")
        site.hsm("init")


def test_a_pin_open_to_others_is_refused():
    with Site() as site:
        site.path("pin").chmod(0o644)
        refused(site, "init", words=["pin"])


def test_a_pin_is_never_an_argument():
    with Site() as site:
        done = refused(site, "init", "--pin", "1234", words=["never an argument"], status=2)
        assert "1234" not in done.stderr


def test_a_crash_of_the_module_leaves_no_core():
    """In whichever call: in that of the login it would hold the PIN."""
    def allow_cores():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    with Site(token_module=True) as site:
        site.init_key()
        logins = site.token.get("logins")
        for calls in itertools.count():
            site.token.inject("crash", everywhere=True, skip=calls, count=1)
            child = subprocess.Popen([hallmark.program("hallmark-hsm"), "check", "-c",
                                      str(site.path("hsm.yaml"))], env=site.env, cwd=site.dir,
                                     stdout=subprocess.DEVNULL, preexec_fn=allow_cores)
            status = os.waitpid(child.pid, 0)[1]
            child.returncode = os.waitstatus_to_exitcode(status)
            if site.token.get("logins") > logins:
                break  # the call before was the login
            assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status), (calls, status)
        assert calls > 5, calls  # start, slots, their tokens, a session, the login


def test_wrong_arguments_are_refused_with_a_hint():
    with Site() as site:
        refused(site, "show", "--jsom", words=["did you mean '--json'"], status=2)
        refused(site, "self-sign", "--day", "3", words=["did you mean '--days'"], status=2)
        refused(site, "init", "--json", words=["init has no option '--json'"], status=2)
        refused(site, "init", "surplus", words=["does not take 'surplus'"], status=2)
        refused(site, "import-cert", words=["expected a file"], status=2)
        refused(site, "csr", "-o", words=["expected one value"], status=2)
        refused(site, "csr", "-o", "a", "-o", "b", words=["expected one value"], status=2)
        for days in ("0", "-1", "01", "36501", "x", ""):
            refused(site, "self-sign", "--days", days, words=["--days"], status=2)
        done = site.tool("hallmark-hsm", "selfsign", check=False)
        assert done.returncode == 2 and "did you mean 'self-sign'" in done.stderr
        assert site.tool("hallmark-hsm", "--help").stdout.startswith("usage:")
        assert site.hsm("init", "--help").stdout.startswith("usage:")


def test_self_sign_certifies_the_key():
    with Site() as site:
        site.hsm("init")
        site.hsm("self-sign", "--subject", "/O=Bank/OU=a=b/CN=log.bank.example", "--days", "30")
        certificate = certificate_of(site)
        certificate.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes,
                                        ec.ECDSA(hashes.SHA256()))
        assert certificate.subject.rfc4514_string() == "CN=log.bank.example,OU=a=b,O=Bank"
        assert certificate.issuer == certificate.subject
        lifetime = certificate.not_valid_after - certificate.not_valid_before
        assert lifetime == datetime.timedelta(days=30)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and not constraints.value.ca
        assert certificate.version == x509.Version.v3 and certificate.serial_number > 2**64


def test_self_sign_again_replaces_the_certificate_everywhere():
    with Site() as site:
        site.hsm("init")
        site.hsm("self-sign")
        first = certificate_of(site)
        site.hsm("self-sign")
        second = certificate_of(site)
        assert first.serial_number != second.serial_number
        assert first.public_key().public_numbers() == second.public_key().public_numbers()
        assert objects(site, "cert").count("Certificate Object") == 1
        site.path("out.der").unlink(missing_ok=True)
        subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test",
                        "--read-object", "--type", "cert", "--label", "log", "--output-file",
                        str(site.path("out.der"))], env=site.env, check=True, capture_output=True)
        assert site.path("out.der").read_bytes() == second.public_bytes(
            serialization.Encoding.DER)


def test_a_bad_subject_is_refused():
    with Site() as site:
        site.hsm("init")
        for subject in ("CN=x", "", "/CN", "/=x", "/NoSuchAttribute=x", "/CN=a//O=b",
                        "/C=too long", "/CN=" + "x" * 65):
            refused(site, "self-sign", "--subject", subject, words=["subject"])
            assert not site.path("log.crt").exists()
        done = site.hsm("self-sign", "--subject", "/CN=\x1b[31mred/O=x\n=y", check=False)
        assert "\x1b" not in done.stderr


def read_by_openssl(site, command, pem):
    """Subject and alternative names, as openssl shows them."""
    done = subprocess.run(["openssl", command, "-noout", "-text", "-nameopt", "RFC2253"], input=pem,
                          capture_output=True, check=True)
    text = done.stdout.decode()
    subject = re.search(r"Subject: (.*)", text)[1]
    return subject, re.search(r"Subject Alternative Name: *\n *(.*)", text)[1]


def test_request_and_certificate_name_the_log():
    """In the common name as far as it goes, and whole in the alternative name."""
    longest = "hallmark.test/" + "x" * 186
    for origin, name in ((ORIGIN, ORIGIN), ("h.test/" + "y" * 57, "h.test/" + "y" * 57),
                         ("h.test/" + "y" * 58, "h.test/" + "y" * 54 + "..."),
                         (longest, longest[:61] + "..."), ("a.test/b,URI:c", "a.test/b\\,URI:c")):
        with Site(hsm={"origin": origin}) as site:
            site.hsm("init")
            site.hsm("self-sign")
            for command, pem in (("req", site.hsm("csr").stdout.encode()),
                                 ("x509", site.path("log.crt").read_bytes())):
                subject, alternative = read_by_openssl(site, command, pem)
                assert subject == "CN=" + name, subject
                assert alternative == "URI:https://" + origin, alternative
            subject, alternative = read_by_openssl(
                site, "req", site.hsm("csr", "--subject", "/O=Bank/CN=other").stdout.encode())
            assert (subject, alternative) == ("CN=other,O=Bank", "URI:https://" + origin)
    with Site(hsm={"origin": "spiffe://hallmark.test/log"}) as site:
        site.hsm("init")
        assert read_by_openssl(site, "req", site.hsm("csr").stdout.encode()) == (
            "CN=spiffe://hallmark.test/log", "URI:spiffe://hallmark.test/log")


def test_show_shows_the_whole_verifier_key():
    """As a table too, of both kinds of key and with the longest origin."""
    for algorithm in ("p256", "rsa-3072"):
        with Site(hsm={"origin": "hallmark.test/" + "x" * 186, "algorithm": algorithm}) as site:
            site.hsm("init")
            site.hsm("self-sign")
            whole = json.loads(site.hsm("show", "--json").stdout)["verifier_key"]
            assert len(whole) > (700 if algorithm == "rsa-3072" else 300)
            line = next(line for line in site.hsm("show").stdout.splitlines()
                        if line.startswith("verifier key "))
            assert line.split()[-1] == whole, line


def test_a_request_becomes_a_certificate():
    with Site() as site:
        site.hsm("init")
        printed = site.hsm("csr", "--subject", "/CN=log").stdout
        site.hsm("csr", "--subject", "/CN=log", "-o", str(site.path("log.csr")))
        for pem in (printed.encode(), site.path("log.csr").read_bytes()):
            request = x509.load_pem_x509_csr(pem)
            assert request.is_signature_valid
            assert request.subject.rfc4514_string() == "CN=log"
            usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
            assert usage.digital_signature and not usage.key_cert_sign
        site.path("chain.pem").write_bytes(sign_request(site, printed.encode()))
        site.hsm("import-cert", str(site.path("chain.pem")))
        assert site.path("log.crt").read_bytes() == site.path("chain.pem").read_bytes()
        assert site.hsm("check").returncode == 0
        with KeyProcess(site) as key:
            assert key.state.error == 0


def test_a_request_that_cannot_be_written_is_said():
    with Site() as site:
        site.hsm("init")
        refused(site, "csr", "-o", "/dev/full", words=["/dev/full", "No space left"])
        refused(site, "csr", "-o", str(site.path("absent/csr")), words=["absent/csr", "No such"])
        with open("/dev/full", "w") as full:
            done = subprocess.run([hallmark.program("hallmark-hsm"), "csr", "-c",
                                   str(site.path("hsm.yaml"))], env=site.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and "No space left" in done.stderr, done


def test_a_certificate_of_another_key_is_not_imported():
    with Site() as site:
        site.hsm("init")
        pem = site.hsm("csr").stdout.encode()
        other = ec.generate_private_key(ec.SECP256R1()).public_key()
        site.path("other.pem").write_bytes(sign_request(site, pem, key=other))
        refused(site, "import-cert", str(site.path("other.pem")), words=["another key"])
        assert not site.path("log.crt").exists()
        assert "Certificate Object" not in objects(site, "cert")
        for text in ("", "garbage", "-----BEGIN CERTIFICATE-----\n"):
            site.path("other.pem").write_text(text)
            refused(site, "import-cert", str(site.path("other.pem")), words=["certificates in PEM"])
        refused(site, "import-cert", str(site.path("absent.pem")), words=["absent.pem"])


def test_a_certificate_of_another_key_is_not_overwritten():
    with Site() as site:
        site.hsm("init")
        site.path("log.crt").write_bytes(site.path("signer.crt").read_bytes())
        refused(site, "self-sign", words=["another key", "not overwritten"])
        assert site.path("log.crt").read_bytes() == site.path("signer.crt").read_bytes()


def test_a_certificate_of_a_ca_is_not_overwritten_by_self_sign():
    with Site() as site:
        site.hsm("init")
        site.path("chain.pem").write_bytes(sign_request(site, site.hsm("csr").stdout.encode()))
        site.hsm("import-cert", str(site.path("chain.pem")))
        refused(site, "self-sign", words=["issued by a CA", "csr and import-cert", "not overwritten"])
        assert site.path("log.crt").read_bytes() == site.path("chain.pem").read_bytes()
        site.hsm("import-cert", str(site.path("chain.pem")))
        site.path("log.crt").unlink()
        site.hsm("self-sign")
        site.hsm("self-sign")


def test_a_subject_may_hold_an_origin():
    origin = x509.NameOID.COMMON_NAME
    for subject, name in ((None, ORIGIN), ("/CN=" + ORIGIN.replace("/", "\\/"), ORIGIN),
                          ("/CN=a\\\\b\\/c", "a\\b/c")):
        with Site() as site:
            site.hsm("init")
            site.hsm("self-sign", *([] if subject is None else ["--subject", subject]))
            names = certificate_of(site).subject.get_attributes_for_oid(origin)
            assert [n.value for n in names] == [name], names
            request = x509.load_pem_x509_csr(site.hsm(
                "csr", *([] if subject is None else ["--subject", subject])).stdout.encode())
            assert request.subject == certificate_of(site).subject


def test_a_subject_with_a_bare_slash_is_told_how():
    with Site() as site:
        site.hsm("init")
        done = refused(site, "self-sign", "--subject", "/CN=" + ORIGIN, words=["'log'", "backslash"])
        assert "no reason given" not in done.stderr, done.stderr


def test_show_tells_all_of_it():
    with Site() as site:
        site.init_key()
        table = dict(line.split(maxsplit=1) for line in site.hsm("show").stdout.splitlines()
                     if line.startswith("CKA_"))
        assert table == {"CKA_SENSITIVE": "true", "CKA_ALWAYS_SENSITIVE": "true",
                         "CKA_EXTRACTABLE": "false", "CKA_NEVER_EXTRACTABLE": "true",
                         "CKA_LOCAL": "true"}
        columns = {len(line) - len(line[23:]) for line in site.hsm("show").stdout.splitlines()}
        assert columns == {23}
        shown = json.loads(site.hsm("show", "--json").stdout)
        certificate = certificate_of(site)
        spki = spki_of(certificate.public_key())
        assert shown["token"] == "test" and shown["key"] == "log" and shown["log"] == ORIGIN
        assert shown["CKA_EXTRACTABLE"] is False and shown["CKA_LOCAL"] is True
        assert shown["sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
        assert shown["certifies_this_key"] is True
        assert shown["verifier_key"] == (
            f"{ORIGIN}+{sha256(spki)[:4].hex()}+" + base64.b64encode(b"\2" + spki).decode())
        assert shown["signed_size"] == 0 and shown["signed_root"] == hashlib.sha256().hexdigest()


def test_show_before_there_is_a_certificate():
    with Site() as site:
        site.hsm("init")
        done = site.hsm("show")
        assert "none yet: make it with self-sign" in done.stdout and done.stderr == "", done
        assert json.loads(site.hsm("show", "--json").stdout)["certificate"] is None
        site.path("log.crt").write_text("no certificate\n")
        done = site.hsm("show", check=False)
        assert done.returncode == 1 and "expected certificates in PEM" in done.stderr, done
        assert "signed size" in done.stdout, done.stdout
        site.path("log.crt").unlink()
        site.guard_file().unlink()
        done = site.hsm("show", check=False)
        assert done.returncode == 1 and "guard's state" in done.stderr, done


def test_show_and_check_work_while_it_serves():
    with Site() as site:
        site.init_key()
        with KeyProcess(site) as key:
            tree = Tree([b"{}", b"{}", b"{}"])
            assert key.sign(tree, 0).error == 0
            shown = json.loads(site.hsm("show", "--json").stdout)
            assert shown["signed_size"] == 3 and shown["signed_root"] == tree.hash().hex()
            assert site.hsm("check").returncode == 0
            assert key.sign(tree, 3).error == 0
            site.path("checkpoint").write_bytes(key.sign(tree, 3).body)
            refused(site, "adopt", str(site.path("checkpoint")), words=["stop the key process"])


def test_jwks_is_what_verifiers_take():
    with Site() as site:
        site.hsm("init")
        site.path("chain.pem").write_bytes(sign_request(site, site.hsm("csr").stdout.encode()))
        site.hsm("import-cert", str(site.path("chain.pem")))
        keys = json.loads(site.hsm("jwks").stdout)["keys"]
        numbers = certificate_of(site).public_key().public_numbers()
        assert len(keys) == 1
        jwk = keys[0]
        for name, number in (("x", numbers.x), ("y", numbers.y)):
            assert "=" not in jwk[name]
            assert base64.urlsafe_b64decode(jwk[name] + "=") == number.to_bytes(32, "big")
        canonical = json.dumps({n: jwk[n] for n in ("crv", "kty", "x", "y")},
                               separators=(",", ":"), sort_keys=True).encode()
        assert jwk["kid"] == base64.urlsafe_b64encode(sha256(canonical)).decode().rstrip("=")
        assert (jwk["alg"], jwk["use"], jwk["kty"], jwk["crv"]) == ("ES256", "sig", "EC", "P-256")
        chain = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in jwk["x5c"]]
        assert chain[0] == certificate_of(site) and chain[1] == site.ca.certificate
        chain[1].public_key().verify(chain[0].signature, chain[0].tbs_certificate_bytes,
                                     ec.ECDSA(hashes.SHA256()))


def test_check_names_every_fault():
    with Site() as site:
        site.init_key()
        site.guard_file().unlink()
        site.path("log.crt").write_bytes(site.path("signer.crt").read_bytes())
        refused(site, "check", words=["another key", "guard's state"])
        site.path("log.crt").unlink()
        refused(site, "check", words=["cannot read the certificate", "guard's state"])


def test_an_expired_certificate_is_said_wherever_it_is_met():
    with Site() as site:
        site.hsm("init")
        request = x509.load_pem_x509_csr(site.hsm("csr").stdout.encode())
        expired = site.ca.build(request.subject, request.public_key(), days=-30).sign(
            site.ca.key, hashes.SHA256())
        hallmark.write_certificate(site.path("issued.crt"), expired)
        done = site.hsm("import-cert", str(site.path("issued.crt")))
        assert "written" in done.stdout and "expired" in done.stderr, done
        refused(site, "check", words=["expired"])
        with KeyProcess(site) as key:
            assert key.sign(Tree([b"{}"]), 0).error == 0
            assert any("expired" in line for line in key.process.lines), key.process.lines


def test_check_with_a_bad_configuration_names_its_line():
    with Site() as site:
        site.init_key()
        text = site.path("hsm.yaml").read_text()
        site.path("hsm.yaml").write_text(text + "keepalive: 3\ndeadline_ms: 1\n")
        done = refused(site, "check", words=["keepalive", "deadline_ms"])
        assert "hsm.yaml:" in done.stderr


def test_check_goes_on_behind_a_bad_configuration():
    with Site() as site:
        site.init_key()
        good = site.path("hsm.yaml").read_text()
        site.path("log.crt").write_bytes(site.path("signer.crt").read_bytes())
        site.guard_file().unlink()
        site.path("hsm.yaml").write_text(good + "keepalive: 3\nsessions: 99\n")
        refused(site, "check", words=["keepalive", "sessions", "another key", "guard's state"])
        site.path("pin").chmod(0o644)  # then the token is left alone: it counts wrong PINs
        site.path("log.crt").write_text("no certificate")
        done = refused(site, "check", words=["is a secret", "expected certificates in PEM"])
        assert "guard's state" not in done.stderr, done.stderr


def test_too_few_sessions_are_refused():
    with Site(hsm={"sessions": 0}) as site:
        refused(site, "init", words=["sessions"])


def expect_self_signed(site):
    """As openssl sees it, and it alone knows RSA-PSS in certificates."""
    path = site.path("log.crt")
    done = subprocess.run(["openssl", "verify", "-check_ss_sig", "-CAfile", path, path], capture_output=True,
                          text=True)
    assert done.returncode == 0, done
    request = site.path("log.csr")
    request.write_text(site.hsm("csr").stdout)
    done = subprocess.run(["openssl", "req", "-in", request, "-verify", "-noout"], capture_output=True, text=True)
    assert done.returncode == 0 and "verify OK" in done.stdout + done.stderr, done
    return subprocess.run(["openssl", "x509", "-in", path, "-noout", "-text"], capture_output=True, text=True,
                          check=True).stdout


def test_every_algorithm_goes_the_same_way():
    for algorithm, kind, size, alg, signed_by in (
            ("p384", ec.EllipticCurvePublicKey, 384, "ES384", "ecdsa-with-SHA256"),
            ("rsa-3072", rsa.RSAPublicKey, 3072, "RS256", "sha256WithRSAEncryption"),
            ("rsa-4096", rsa.RSAPublicKey, 4096, "RS256", "sha256WithRSAEncryption"),
            ("rsa-3072-pss", rsa.RSAPublicKey, 3072, "PS256", "rsassaPss"),
            ("rsa-4096-pss", rsa.RSAPublicKey, 4096, "PS256", "rsassaPss")):
        with Site(hsm={"algorithm": algorithm}) as site:
            site.hsm("init")
            listing = objects(site, "privkey")
            usage = next(line for line in listing.splitlines() if "Usage:" in line)
            assert usage.split(":")[1].strip() == "sign", usage
            site.hsm("self-sign")
            assert f"Signature Algorithm: {signed_by}" in expect_self_signed(site)
            key = certificate_of(site).public_key()
            assert isinstance(key, kind) and key.key_size == size
            jwk = json.loads(site.hsm("jwks").stdout)["keys"][0]
            assert jwk["alg"] == alg and jwk.get("e", "AQAB") == "AQAB" and jwk.get("crv", "P-384") == "P-384"
            shown = json.loads(site.hsm("show", "--json").stdout)
            assert str(size) in shown["key_type"] and ("PSS" in shown["mechanism"]) == ("pss" in algorithm), shown
            name, key_id, line = shown["verifier_key"].split("+", 2)
            assert name == ORIGIN and (b"pss" in base64.b64decode(line)) == ("pss" in algorithm)
            assert len(key_id) == 8 and site.hsm("check").returncode == 0


def test_an_rsa_key_is_none_of_another_algorithm():
    with Site(hsm={"algorithm": "rsa-3072"}) as site:
        site.init_key()
        site.options["hsm"] = {"algorithm": "p256"}
        site.write_configs()
        refused(site, "check", words=["RSA key", "algorithm"])


def test_two_keys_with_one_label_are_refused():
    with Site() as site:
        site.init_key()
        make_key(site, "EC:prime256v1", "log", "02")
        refused(site, "check", words=["several private keys 'log'"])


def test_two_tokens_with_one_label_are_refused():
    with Site() as site:
        site.init_key()
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "test", "--pin",
                        "1234", "--so-pin", "5678"], env=site.env, check=True,
                       stdout=subprocess.DEVNULL)
        refused(site, "check", words=["several tokens are labelled 'test'"])


def test_the_public_half_of_another_key_is_not_taken_for_ours():
    """Tokens pair the halves by id: what is shown and certified must be of the key that signs."""
    with Site() as site:
        site.hsm("init")
        number = json.loads(site.hsm("show", "--json").stdout)["key_id"]
        subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                        "--token-label", "test", "--delete-object", "--type", "pubkey", "--id",
                        number], env=site.env, check=True, capture_output=True)
        make_key(site, "EC:prime256v1", "other", number)
        for command in ("show", "csr", "self-sign", "check"):
            done = refused(site, command, words=["public half", "CKA_ID"])
            assert done.stdout == "", done
        assert not site.path("log.crt").exists()


def test_nothing_is_handed_out_with_a_wrong_signature():
    """The first signature is that which shows whether the key signs."""
    with Site(token_module=True) as site:
        site.init_key()
        before = site.path("log.crt").read_bytes()
        for command in ("csr", "self-sign"):
            for skip in (0, 1):
                site.token.inject("garbage", skip=skip, count=1)
                done = refused(site, command, words=["verif"])
                assert done.stdout == "" and site.path("log.crt").read_bytes() == before, done


def test_a_key_of_another_kind_is_refused():
    for algorithm, kind, found in (("p256", "EC:secp384r1", "secp384r1"),
                                   ("rsa-3072", "rsa:2048", "2048 bits"),
                                   ("rsa-3072", "EC:prime256v1", "EC key"),
                                   ("p256", "rsa:2048", "RSA key")):
        with Site(hsm={"algorithm": algorithm}) as site:
            make_key(site, kind, "log", "01")
            for command in ("show", "csr", "self-sign", "check"):
                done = refused(site, command, words=[found, f"algorithm is {algorithm}"])
                assert done.stdout == "", done


def test_other_keys_on_the_token_do_not_matter():
    with Site() as site:
        for number, kind in (("01", "EC:prime256v1"), ("02", "rsa:2048")):
            make_key(site, kind, f"other{number}", number)
        site.init_key()
        assert site.hsm("check").returncode == 0


def test_adopt_takes_only_checkpoints_of_this_key_and_log():
    with Site() as site:
        site.init_key()
        with KeyProcess(site) as key:
            tree = Tree([b"{}"] * 5)
            good = key.sign(tree, 0).body
        site.guard_file().unlink()
        path = site.path("checkpoint")
        text, signature = good.split(b"\n\n")
        bad = [b"", b"garbage", text + b"\n", good[:-1], good + b"\n", good + good,
               good.replace(b"\n5\n", b"\n6\n"), good.replace(b"\n5\n", b"\n05\n"),
               good.replace(ORIGIN.encode(), b"hallmark.test/other"),
               text + b"\n\n" + signature[:-3] + (b"E=\n" if signature[-3:-2] == b"A" else b"A=\n")]
        for data in bad:
            path.write_bytes(data)
            refused(site, "adopt", str(path), words=["expected a checkpoint"])
            assert not site.guard_files()
        refused(site, "adopt", str(site.path("absent")), words=["absent", "No such file"])
        refused(site, "adopt", str(site.dir), words=["must be a regular file"])
        path.write_bytes(good)
        site.hsm("adopt", str(path))
        assert json.loads(site.hsm("show", "--json").stdout)["signed_size"] == 5
        assert site.hsm("check").returncode == 0


def test_what_is_said_to_a_closed_stderr_lands_in_no_file():
    """Else the file that is opened next, the guard's state, would be what is written over."""
    with Site() as site:
        site.init_key()
        with KeyProcess(site) as key:
            tree = Tree([b"{}"] * 5)
            site.path("checkpoint").write_bytes(key.sign(tree, 0).body)
            assert key.sign(tree.add(b"{}"), 5).error == 0
        state = site.guard_file()
        before = state.read_bytes()
        done = subprocess.run(["/bin/sh", "-c", 'exec "$@" 2>&-', "sh",
                               hallmark.program("hallmark-hsm"), "adopt", "-c",
                               str(site.path("hsm.yaml")), str(site.path("checkpoint"))],
                              env=site.env)
        assert done.returncode == 1 and state.read_bytes() == before
        done = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&-', "sh",
                               hallmark.program("hallmark-hsm"), "show", "-c",
                               str(site.path("hsm.yaml"))],
                              env=site.env, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1 and "cannot write the result" in done.stderr, done


if __name__ == "__main__":
    hallmark.run_tests(__name__)
