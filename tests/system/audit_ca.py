#!/usr/bin/python3
"""hallmark-audit verify --ca: the log's certificate by its chain to a CA, as of the time of each entry."""

import datetime
import json

import make_log
from audit import BAD, GOOD, UNKNOWN, Bench
from cosigner import Cosigner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hallmark import run_tests

DAY = 86400
NOT_THEN = "but not as of 2026-11-24T10:00:0"


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class CA:
    """Dates are days from the time of the log's entries."""

    def __init__(self, name, parent=None, begin=-100, end=4000, key=None, digest=hashes.SHA256()):
        self.name, self.key = name_of(name), key or ec.generate_private_key(ec.SECP256R1())
        self.certificate = (parent or self).issue(
            self.name, self.key.public_key(), begin, end,
            [x509.BasicConstraints(ca=True, path_length=None)], digest)

    def issue(self, subject, key, begin, end, extensions=(), digest=hashes.SHA256()):
        at = datetime.datetime.utcfromtimestamp(make_log.TIME_S)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(at + datetime.timedelta(days=begin))
                   .not_valid_after(at + datetime.timedelta(days=end)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, digest)


class Certified(Bench):
    """A made log whose certificate a CA below a root has issued."""

    def __init__(self):
        super().__init__(3)
        self.root = CA("root")
        self.between = CA("between", self.root)
        self.pem("root.pem", self.root.certificate)
        self.entry = self.receipt(1)

    def pem(self, name, *certificates):
        return self.write(name, b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))

    def chain(self, name="chain.pem", ca=None, subject=make_log.ORIGIN, begin=-1, end=4000, extensions=()):
        ca = ca or self.between
        own = ca.issue(name_of(subject), self.log.key.private.public_key(), begin, end, extensions)
        self.pem(name, own, ca.certificate)
        return own

    def proved(self, *arguments, expect=GOOD, says="", ca="root.pem", cert="chain.pem"):
        return self.verify(self.entry, "--ca", self.path(ca), *arguments, cert=cert, expect=expect, says=says)


def test_a_chain_proves_and_who_stands_behind_it_is_told():
    with Certified() as bench:
        bench.chain()
        bench.proved(says=["ca", "CN = root stands behind", "by the word of CN = root as of 2026-11-24T10:00:0"])
        told = json.loads(bench.proved("--json"))["files"][0]
        assert told["proved"]["ca"] == "CN = root", told
        assert told["proved"]["ca_sha256"] == bench.root.certificate.fingerprint(hashes.SHA256()).hex(), told
        bench.pem("between.pem", bench.between.certificate)
        bench.proved(ca="between.pem", says="CN = between stands behind")  # no root is needed
        assert json.loads(bench.verify(bench.entry, "--json", cert="chain.pem"))["files"][0]["proved"]["ca"] is None
        bench.proved(ca="signer.crt", cert="signer.crt")  # one that signed itself, named as its own CA


def test_what_is_over_now_and_was_valid_then_proves_for_ever():
    with Certified() as bench:
        bench.between = CA("between", bench.root, end=0.5)
        bench.chain(end=0.5)
        later = ("--at", "2036-01-01T00:00:00Z")  # which demands an age; the report is over then
        bench.proved(says="CN = root stands behind")
        output = bench.run("verify", bench.entry, "--ca", bench.path("root.pem"), *later, cert="chain.pem")
        assert output.returncode == BAD and "; it has ended since" in output.stdout, output.stdout
        assert "PROVED" in output.stdout and "DEMANDED" in output.stdout, output.stdout


def test_what_was_not_valid_then_is_no_word():
    with Certified() as bench:
        for own, between in (((-9, -1), (-100, 100)), ((1, 100), (-100, 100)), ((-9, 9), (-100, -1)), ((-9, 9), (1, 9))):
            bench.between = CA("between", bench.root, *between)
            bench.chain(begin=own[0], end=own[1])
            at_fault = make_log.ORIGIN if own != (-9, 9) else "between"
            output = bench.proved(expect=UNKNOWN, says=["CN = root stands behind", NOT_THEN, f"CN = {at_fault}; give"])
            assert "UNPROVED" in output and "SAYS" not in output, output
            told = json.loads(bench.proved("--json", expect=UNKNOWN))["files"][0]
            assert told["proved"] is None and told["says"] is None, told


def test_of_several_of_one_key_the_one_of_that_time_counts():
    """A renewed certificate beside the old one, in either order, with a CA and without."""
    with Certified() as bench:
        bench.chain("old.pem", begin=-9, end=1)
        bench.chain("new.pem", begin=1, end=100)
        for names in (("old.pem", "new.pem"), ("new.pem", "old.pem")):
            certs = [part for name in names for part in ("--cert", bench.path(name))]
            bench.proved(*certs, cert=None, says=f"stands behind {bench.path('old.pem')}")
            output = bench.verify(bench.entry, *certs, cert=None, says="within the certificate's dates")
            assert "outside" not in output, output
        bench.verify(bench.entry, cert="new.pem", says="outside the certificate's dates")


def test_nobody_who_was_named_stands_behind_it():
    with Certified() as bench:
        own = bench.chain()
        bench.pem("other.pem", CA("root").certificate)
        bench.proved(ca="other.pem", expect=UNKNOWN, says="no CA that was named stands behind")
        bench.pem("chain.pem", own)
        bench.proved(expect=UNKNOWN, says=["no CA that was named", "belong behind the log's, in its file"])
        bench.proved(cert="signer.crt", expect=UNKNOWN, says="no CA that was named stands behind")
        bench.write("log.vkey", bench.log.key.line())
        bench.proved(cert="log.vkey", expect=UNKNOWN, says="a key without a certificate")
        bench.chain(subject="somebody else")
        bench.proved(expect=UNKNOWN, says=f"which does not name {make_log.ORIGIN}")
        bench.proved("--origin", make_log.ORIGIN, expect=UNKNOWN, says="which does not name")
        for bad in (b"", b"nothing", bench.path("root.pem").read_bytes()[:200]):
            bench.write("bad.pem", bad)
            bench.proved(ca="bad.pem", expect=UNKNOWN, says="expected certificates of CAs")
        assert bench.run("verify", bench.entry, "--ca-crl", bench.path("root.pem")).returncode == UNKNOWN


def test_a_certificate_for_something_else_is_no_logs():
    with Certified() as bench:
        usage = {name: False for name in ("digital_signature", "content_commitment", "key_encipherment",
                                          "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                                          "encipher_only", "decipher_only")}
        server, client, code = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH,
                                ExtendedKeyUsageOID.CODE_SIGNING)
        own = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
        for extension, expect, says in (
                (x509.KeyUsage(**{**usage, "digital_signature": True}), GOOD, ""),
                (x509.KeyUsage(**{**usage, "content_commitment": True}), GOOD, ""),
                (x509.KeyUsage(**{**usage, "key_agreement": True}), UNKNOWN, "does not allow signatures"),
                (x509.ExtendedKeyUsage([server]), UNKNOWN, "for TLS alone"),
                (x509.ExtendedKeyUsage([client, server]), UNKNOWN, "for TLS alone"),
                (x509.ExtendedKeyUsage([code]), GOOD, ""), (x509.ExtendedKeyUsage([client, own]), GOOD, "")):
            bench.chain(extensions=[extension])
            bench.proved(expect=expect, says=says)


def test_weak_keys_and_signatures_on_the_way_are_no_word():
    with Certified() as bench:
        for options, says in (({"key": rsa.generate_private_key(65537, 1024)}, "CA certificate key too weak"),
                              ({"digest": hashes.SHA1()}, "CA signature digest algorithm too weak")):
            bench.between = CA("between", bench.root, **options)
            bench.chain()
            bench.proved(expect=UNKNOWN, says=["CN = root stands behind", NOT_THEN, says])


def test_what_was_revoked_by_then_is_bad():
    with Certified() as bench:
        own = bench.chain()
        at = datetime.datetime.utcfromtimestamp(make_log.TIME_S)
        for days, expect, says in ((-0.5, BAD, "and not any more at 2026-11-24T10:00:0"), (0.5, GOOD, "")):
            crl = (x509.CertificateRevocationListBuilder().issuer_name(bench.between.name).last_update(at)
                   .next_update(at + datetime.timedelta(days=9))
                   .add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(own.serial_number)
                                            .revocation_date(at + datetime.timedelta(days=days)).build())
                   .sign(bench.between.key, hashes.SHA256()))
            bench.write("crl.pem", crl.public_bytes(serialization.Encoding.PEM))
            bench.proved("--ca-crl", bench.path("crl.pem"), expect=expect, says=says)


def revoked(bench, ca, certificate, reason, days=0.5, invalid=None):
    """A file with a list of `ca`'s about this certificate."""
    at = datetime.datetime.utcfromtimestamp(make_log.TIME_S)
    entry = (x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
             .revocation_date(at + datetime.timedelta(days=days))
             .add_extension(x509.CRLReason(getattr(x509.ReasonFlags, reason)), critical=False))
    if invalid is not None:
        entry = entry.add_extension(x509.InvalidityDate(at + datetime.timedelta(days=invalid)), critical=False)
    crl = (x509.CertificateRevocationListBuilder().issuer_name(ca.name).last_update(at)
           .next_update(at + datetime.timedelta(days=9)).add_revoked_certificate(entry.build())
           .sign(ca.key, hashes.SHA256()))
    return ["--ca-crl", bench.write("crl.pem", crl.public_bytes(serialization.Encoding.PEM))]


def test_of_a_key_that_was_revoked_as_stolen_no_time_is_believed():
    """Whoever has it writes an `iat` of before: only what a witness saw before is proved."""
    with Certified() as bench:
        own, taken = bench.chain(), "because others may have the key, or a CA's behind it"
        for ca, certificate, reason, expect in (
                (bench.between, own, "key_compromise", UNKNOWN), (bench.between, own, "superseded", GOOD),
                (bench.between, own, "cessation_of_operation", GOOD), (bench.between, own, "aa_compromise", UNKNOWN),
                (bench.root, bench.between.certificate, "ca_compromise", UNKNOWN),
                (bench.root, bench.between.certificate, "key_compromise", UNKNOWN)):
            crl = revoked(bench, ca, certificate, reason)
            output = bench.proved(*crl, expect=expect, says=[taken, "UNPROVED"] if expect else "PROVED")
            assert expect == GOOD or "SAYS" not in output, output
        for file in ("root.pem", "between.pem"):
            bench.pem("between.pem", bench.between.certificate)
            bench.proved(*revoked(bench, bench.between, own, "key_compromise"), ca=file, expect=UNKNOWN, says=taken)
        told = json.loads(bench.proved(*crl, "--json", expect=UNKNOWN))["files"][0]
        assert told["proved"] is None and told["retired"]["since"] == "2026-11-24T22:00:00Z", told
        bench.proved(*revoked(bench, bench.between, own, "key_compromise", -1), expect=BAD)


def test_a_witness_proves_what_such_a_key_signed_before():
    with Certified() as bench:
        own, witness = bench.chain(), Cosigner()
        crl = revoked(bench, bench.between, own, "key_compromise", 2, invalid=1)
        since = make_log.TIME_S + DAY
        plain = bench.entry.read_bytes()
        for time_s, expect in ((since - 1, GOOD), (since, UNKNOWN)):
            bench.entry.write_bytes(witness.cosign(plain, time_s))
            bench.proved(*crl, "--witness", witness.verifier, expect=expect)
        assert bench.run("verify", bench.entry, "--witness", witness.verifier).returncode == UNKNOWN


def test_it_is_the_key_and_not_one_of_its_certificates():
    """The older certificate is revoked by nobody: the key is the same."""
    with Certified() as bench:
        bench.chain("old.pem", begin=-9, end=1)
        crl = revoked(bench, bench.between, bench.chain("new.pem", begin=1, end=100), "key_compromise", 2)
        for names in (("old.pem", "new.pem"), ("new.pem", "old.pem")):
            certs = [part for name in names for part in ("--cert", bench.path(name))]
            bench.proved(*certs, cert=None)
            bench.proved(*certs, *crl, cert=None, expect=UNKNOWN, says="because others may have the key")


if __name__ == "__main__":
    run_tests(__name__)
