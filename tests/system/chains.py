#!/usr/bin/python3
"""Whose certificate chain is accepted: intermediate CAs, revocation lists of every kind, many CAs; and
what `check` says before anybody connects."""

import datetime
import hashlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

import hallmark
import wire
from audit import BAD, GOOD, audit, check
from hallmark import APP, Authority, Site
from rederivation import SIGNED_BEFORE, signature_parameters

REVOKED = "certificate revoked"


class Chains:
    """A site whose collectors have certificates by an intermediate CA below a root: `host1`, unless the
    test issues others. `trusted` are the CAs in client_ca, `lists` the files in client_crl."""

    def __init__(self, *trusted, **options):
        self.site = Site(**options)
        self.root = Authority("root", self.site.dir, path_length=None)
        self.inter = Authority("inter", self.site.dir, parent=self.root)
        self.leaf = self.issue("host1")
        self.trust(*(trusted or ("root",)))

    def __enter__(self):
        self.site.__enter__()
        return self

    def __exit__(self, *failure):
        self.site.__exit__(*failure)

    def issue(self, name, by=None, chain=None, **options):
        by = by or self.inter
        return by.issue(self.site.path(name), name, uri=f"spiffe://test/{name}",
                        chain=[by] if chain is None else chain, **options)

    def trust(self, *names):
        self.site.path("clients.pem").write_bytes(
            b"".join(self.site.path(f"{n}-ca.crt").read_bytes() for n in names))
        self.configure(client_ca="clients.pem")

    def lists(self, *names):
        self.site.path("lists.pem").write_bytes(
            b"".join(self.site.path(n).read_bytes() for n in names))
        self.configure(client_crl="lists.pem")

    def configure(self, **tls):
        self.site.options["tls"] = {**self.site.options.get("tls", {}), **tls}
        self.site.write_configs()

    def crl(self, name, *certificates, by=None, **options):
        (by or self.root).revoke(self.site.path(name), *certificates, **options)
        return name

    def let_in(self, name="host1"):
        c = wire.Collector(self.site.port, str(self.site.path("collectors-ca.crt")),
                           str(self.site.path(f"{name}.crt")), str(self.site.path(f"{name}.key")),
                           timeout=hallmark.PATIENCE_S)
        c.submit(name, APP)
        return c

    def refused(self, signer, *words, name="host1"):
        """Not let in; the log says why, with these words."""
        seen = len(signer.lines)
        try:
            self.let_in(name)
            raise AssertionError("let in")
        except (wire.Closed, OSError):
            pass
        line = signer.wait_for("code=tls-handshake", seen)
        for word in words:
            assert word in line, (word, line)

    def check(self, status, *words, tried=None):
        if not self.site.path("log.crt").exists():
            self.site.init_key()
        done = self.site.tool("hallmark-signer", "check", "-c", str(self.site.path("signer.yaml")),
                              *(["--as", str(self.site.path(tried))] if tried else []), check=False)
        assert done.returncode == status, done
        for word in words:
            assert word in done.stdout + done.stderr, (word, done)
        return done.stdout + done.stderr


# --- revocation lists -----------------------------------------------------------------------------

def test_a_revoked_intermediate_is_refused_wherever_it_comes_from():
    """It is sent by the collector, or trusted as it is; its issuer is trusted, or not known at all."""
    for trusted in (("root",), ("root", "inter"), ("inter",)):
        with Chains(*trusted) as c:
            c.crl("root.crl", c.inter.certificate)
            c.crl("inter.crl", by=c.inter)
            c.lists("root.crl", "inter.crl")
            signer = c.site.start_signer()
            c.refused(signer, REVOKED, "CN=inter CA (serial ", "issued by CN=root CA")
            c.check(1, "would be refused", REVOKED, "CN=inter CA", tried="host1.crt")


def test_one_without_a_list_is_let_in_and_check_names_its_ca():
    with Chains("root") as c:
        other = Authority("other", c.site.dir)
        c.trust("root", "other")
        c.issue("foreign", by=other, chain=[])
        gone = c.issue("gone", by=c.root, chain=[])
        c.lists(c.crl("root.crl", gone))
        signer = c.site.start_signer()
        c.let_in("foreign")
        c.let_in()
        c.refused(signer, REVOKED, "CN=gone", name="gone")
        said = c.check(0, "note: tls.client_crl: no list of: CN=other CA")
        assert "no list of: CN=root" not in said, said


def test_a_list_of_a_ca_that_collectors_send_is_used_and_check_names_it():
    with Chains("root") as c:
        c.lists(c.crl("inter.crl", c.leaf, by=c.inter))
        c.check(0, "note: tls.client_crl: a list of a CA that is not in tls.client_ca: CN=inter CA",
                "note: tls.client_crl: no list of: CN=root CA")
        signer = c.site.start_signer()
        c.refused(signer, REVOKED, "CN=host1")
        c.issue("host2")
        c.let_in("host2")


def test_lists_that_are_over_refuse_those_whom_they_are_about():
    with Chains("root") as c:
        other = Authority("other", c.site.dir)
        c.trust("root", "other")
        c.issue("foreign", by=other, chain=[])
        c.crl("root.crl", days=-1)
        c.crl("other.crl", by=other)
        c.lists("root.crl", "other.crl")
        c.check(1, "expected revocation lists that are valid now", "of CN=root CA: everybody")
        signer = c.site.start_signer()
        c.refused(signer, "CRL has expired", "CN=inter CA")
        c.let_in("foreign")
        c.crl("root2.crl", days=2, began=1)  # the newer one beside it is what counts
        c.lists("root.crl", "root2.crl", "other.crl")
        said = c.check(0)
        assert "no list" not in said, said


def scoped(**scope):
    names = {"full_name": None, "relative_name": None, "only_contains_user_certs": False,
             "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
             "only_contains_attribute_certs": False}
    return x509.IssuingDistributionPoint(**{**names, **scope})


def test_lists_with_a_scope_are_taken_for_what_they_are_about():
    here, there = (x509.UniformResourceIdentifier(f"http://test/{n}.crl") for n in ("here", "there"))

    def at(point):
        return x509.CRLDistributionPoints([x509.DistributionPoint([point], None, None, None)])

    with Chains("root") as c:
        users = scoped(only_contains_user_certs=True)
        cas = scoped(only_contains_ca_certs=True)
        c.issue("direct", by=c.root, chain=[])
        gone = c.issue("gone", by=c.root, chain=[])
        c.issue("here", by=c.root, chain=[], extensions=[at(here)])
        c.issue("there", by=c.root, chain=[], extensions=[at(there)])
        # One is over, and is about others: of CAs, of what is there.
        c.crl("cas.crl", extensions=[cas], days=-1)
        c.crl("users.crl", gone, extensions=[users])
        c.crl("there.crl", extensions=[scoped(full_name=[there])], days=-1)
        c.lists("cas.crl", "users.crl", "there.crl")
        signer = c.site.start_signer()
        c.let_in("direct")
        c.let_in("here")
        c.refused(signer, REVOKED, "CN=gone", name="gone")
        c.refused(signer, "CRL has expired", "CN=there", name="there")
        c.refused(signer, "CRL has expired", "CN=inter CA")
    with Chains("root") as c:  # a revoked CA in a list about CAs alone
        c.crl("cas.crl", c.inter.certificate, extensions=[scoped(only_contains_ca_certs=True)])
        c.crl("users.crl", extensions=[scoped(only_contains_user_certs=True)])
        c.lists("cas.crl", "users.crl")
        c.refused(c.site.start_signer(), REVOKED, "CN=inter CA")


def test_a_delta_list_adds_to_what_is_revoked():
    with Chains("root") as c:
        gone = c.issue("gone", by=c.root, chain=[])
        c.crl("base.crl")
        c.crl("delta.crl", gone, extensions=[x509.DeltaCRLIndicator(1)])
        c.lists("base.crl", "delta.crl")
        signer = c.site.start_signer()
        c.refused(signer, REVOKED, name="gone")
        c.let_in()


def test_lists_that_are_not_understood_are_not_taken():
    with Chains("root") as c:
        c.lists(c.crl("root.crl", extensions=[scoped(indirect_crl=True)]))
        c.check(1, "lists.pem: tls.client_crl", "an indirect list")
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
        c.lists(c.crl("root.crl", extensions=[unknown]))
        c.check(1, "a critical extension that is not known")
        twin = Authority("twin", c.site.dir)
        c.lists(c.crl("root.crl", key=twin.key))
        c.check(1, "one of CN=root CA that the CA of this name has not signed")
        whole = c.site.path(c.crl("root.crl")).read_bytes()
        c.lists("root.crl")
        c.check(0)
        c.site.path("lists.pem").write_bytes(whole + whole[:len(whole) // 2])
        c.check(1, "list 2 broken", "is the file whole?")


def test_a_list_by_the_new_key_of_a_ca_counts_for_what_its_old_key_has_issued():
    with Chains("root") as c:
        renewed = Authority("root", c.site.dir, path_length=None)  # the same name, another key
        c.site.path("old-ca.crt").write_bytes(
            c.root.certificate.public_bytes(serialization.Encoding.PEM))
        c.trust("old", "root")
        gone = c.issue("gone", by=c.root, chain=[])
        c.lists(c.crl("new.crl", gone, by=renewed))
        signer = c.site.start_signer()
        c.refused(signer, REVOKED, name="gone")
        c.let_in()


# --- CAs ------------------------------------------------------------------------------------------

def test_the_issuing_ca_alone_is_enough():
    with Chains("inter") as c:
        said = c.check(0, "host1.crt: accepted, as spiffe://test/host1", tried="host1.crt")
        assert "under \"collectors\"" not in said, said
        policy = c.site.path("policy.yaml")
        known = policy.read_text()
        policy.write_text(known.replace("spiffe://test/", "spiffe://tset/"))
        c.check(0, "no entry of the policy has a pattern for spiffe://test/host1 under \"collectors\"", tried="host1.crt")
        policy.write_text(known)
        signer = c.site.start_signer()
        c.let_in()
        c.issue("direct", by=c.root, chain=[])
        c.refused(signer, "unable to get local issuer certificate", "CN=direct",
                  "issued by CN=root CA", name="direct")
        c.check(1, "direct.crt: --as: would be refused: unable to get", tried="direct.crt")


def test_an_intermediate_that_is_over_does_not_hide_the_good_one():
    with Chains("root") as c:
        good = c.site.path("inter-ca.crt").read_bytes()
        old = Authority("inter", c.site.dir, parent=c.root, key=c.inter.key, days=-30)
        c.trust("root", "inter")
        c.check(0, "note: tls.client_ca: over, or not yet valid: CN=inter CA", tried="host1.crt")
        signer = c.site.start_signer()
        c.let_in()
        c.issue("bare", chain=[])  # sends no other: what hides is what is wrong
        c.refused(signer, "certificate has expired: CN=inter CA", "which ended 20", name="bare")
        c.issue("stale", chain=[old])
        c.refused(signer, "certificate has expired: CN=inter CA", name="stale")
        c.site.path("inter-ca.crt").write_bytes(good)


def long_name(number):
    """The name of a CA, in 450 bytes of DER."""
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{number}-{i}".ljust(60, "x"))
                      for i in range(6)] + [x509.NameAttribute(NameOID.COMMON_NAME, f"CA {number}")])


def many_cas(site, count):
    key = site.ca.key
    now = datetime.datetime.utcnow()
    with open(site.path("clients.pem"), "ab") as out:
        for number in range(count):
            name = long_name(number)
            out.write(x509.CertificateBuilder().subject_name(name).issuer_name(name)
                      .public_key(key.public_key()).serial_number(number + 1)
                      .not_valid_before(now - datetime.timedelta(days=1))
                      .not_valid_after(now + datetime.timedelta(days=9))
                      .sign(key, hallmark.hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def test_many_cas_are_as_good_as_one():
    for count in (144, 1500):  # whose names are just over 64 KiB, and far over
        with Chains("root", loops=1) as c:
            many_cas(c.site, count)
            c.lists(c.crl("root.crl"))
            said = c.check(0)
            assert said.count("no list of") == 6 and f"{count - 5} more" in said, said[:2000]
            c.site.start_signer()
            c.let_in()


def test_few_cas_are_named_to_the_client():
    """Who has several certificates chooses by it."""
    with Chains("root") as c:
        c.site.start_signer()
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{c.site.port}", "-cert",
             c.site.path("host1.crt"), "-key", c.site.path("host1.key"), "-cert_chain",
             c.site.path("inter-ca.crt")], input="", capture_output=True, text=True, check=False,
            timeout=hallmark.PATIENCE_S)
        assert "Acceptable client certificate CA names\nCN = root CA" in done.stdout, done.stdout


def test_what_is_no_ca_is_said():
    with Chains("root") as c:
        c.site.ca.issue(c.site.path("plain-ca"), "plain", uri="spiffe://test/plain")
        c.trust("root", "plain")
        c.check(0, "note: tls.client_ca: no CA, by what the certificate says of itself: CN=plain")
        c.trust("plain")
        c.check(1, "found others only (CN=plain): everybody would be refused")


def test_an_own_chain_that_is_not_whole_is_said():
    with Chains("root") as c:
        c.inter.issue(c.site.path("signer"), "signer", dns="signer.test", server=True, chain=[c.inter])
        assert "tls.certificate" not in c.check(0)
        c.inter.issue(c.site.path("signer"), "signer", dns="signer.test", server=True, chain=[c.root])
        c.check(0, "note: tls.certificate: CN=signer (serial", "issued by none of the 1 certificates")


def test_check_as_says_who_it_is_or_what_is_wrong():
    with Chains("root") as c:
        c.check(0, "host1.crt: accepted, as spiffe://test/host1", tried="host1.crt")
        c.inter.issue(c.site.path("nameless"), "nameless", chain=[c.inter])
        c.check(1, "nameless.crt: --as: would be refused: the client certificate has no",
                tried="nameless.crt")
        c.issue("late", days=-10)
        c.check(1, "late.crt: --as: would be refused: certificate has expired: CN=late", tried="late.crt")
        c.inter.issue(c.site.path("server"), "server", dns="server.test", server=True, chain=[c.inter])
        c.check(1, "CN=server", "purpose", tried="server.crt")
        c.check(1, "none.crt: --as: expected a PEM certificate chain: No such file", tried="none.crt")


# --- what an auditor finds ------------------------------------------------------------------------

def test_the_chain_that_was_shown_is_kept_for_whoever_names_the_root():
    """No more of what a collector sends than its chain needs; also where its session is resumed."""
    for trusted in ("root", "inter"):
        keep_chain(trusted)


def keep_chain(trusted):
    with Chains(trusted) as c:
        stray = Authority("stray", c.site.dir)
        own = c.issue("host1", chain=[stray, c.inter, c.root])
        key = serialization.load_pem_private_key(c.site.path("host1.key").read_bytes(), None)
        files = [str(c.site.path(name)) for name in ("collectors-ca.crt", "host1.crt", "host1.key")]
        context = wire.tls_context(*files, "hallmark")
        signer = c.site.start_signer()
        session, chains = None, {}
        for resumed in (False, True):
            collector = wire.Collector(c.site.port, *files, timeout=hallmark.PATIENCE_S, context=context,
                                       session=session)
            assert collector.connection.tls.session_reused == resumed
            collector.chains = chains
            collector.submit("app", APP, signature=lambda bundle: key.sign(
                SIGNED_BEFORE + bundle, *signature_parameters(key)))
            session = collector.connection.tls.session
            collector.close()
        assert signer.stop() == 0
        replay = ["replay", "--all", "--log", c.site.path("log"), "--evidence", c.site.path("evidence"),
                  "--cert", c.site.path("log.crt"), "--vouched"]
        for name in ("root", "inter"):
            check(audit(*replay, "--collectors-ca", c.site.path(f"{name}-ca.crt")), GOOD, "2 of 2 reports")
        check(audit(*replay, "--collectors-ca", c.site.path("stray-ca.crt")), BAD, "nobody that was named")
        packs = b"".join(pack.read_bytes() for pack in c.site.path("evidence").iterdir())
        kept = b"".join(x.public_bytes(serialization.Encoding.DER)
                        for x in (own, c.inter.certificate, *([c.root.certificate] if trusted == "root" else [])))
        assert packs.count(hashlib.sha256(kept).digest()) == 1


if __name__ == "__main__":
    hallmark.run_tests("__main__")
