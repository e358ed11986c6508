#!/usr/bin/python3
"""Who vouches for the evidence in a log: CAs that the auditor names, or that an approved policy lists, held
against each collector's chain as of the report; and what another reader, written from proto/PROTOCOL.md
alone (tests/lib/walking.py), says of the same log."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
import rederivation
import walking
from audit import BAD, GOOD, UNKNOWN, Bench
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from hallmark import run_tests
from independent_walk import Stored
from story import DAY, Policy, Story
from vouching import CA, DER, PEM, sha256


class Told:
    """A log told by a Story, with the CAs and lists that the auditor names as files."""

    def __init__(self, story, cas=(), revocations=(), approved=()):
        self.story, self.cas, self.revocations, self.approved = story, cas, revocations, approved

    def __enter__(self):
        self.bench = Bench(0)
        self.bench.use(self.story.log)
        self.bench.write("evidence/pack-00000001", self.story.evidence())
        return self

    def __exit__(self, *_):
        self.bench.__exit__()

    def arguments(self):
        for number, ca in enumerate(self.cas):
            yield from ("--collectors-ca", self.bench.write(f"ca-{number}", ca.pem()))
        for number, crl in enumerate(self.revocations):
            yield from ("--collectors-crl", self.bench.write(f"crl-{number}", crl.public_bytes(PEM)))
        for manifest in self.approved:
            yield from ("--policy", manifest)

    def replay(self, *more, expect=GOOD, says=""):
        return self.bench.replay("--all", *self.arguments(), *more, expect=expect, says=says)

    def both(self, expect=GOOD):
        """(vouched, not) of each workload, as the auditor and the other reader have it."""
        document = json.loads(self.replay("--json", expect=expect))
        told = {(w["collector"], w["workload"]): ({u["ca_sha256"]: u["reports"] for u in w["under"]},
                                                  w["not_vouched"])
                for w in document["vouching"]["workloads"]}
        walk = walking.Walk(
            Stored(self.story.records), self.story.origin,
            rederivation.Issuer(self.story.origin, "hallmark", make_log.BUILD, 3600),
            [ca.certificate for ca in self.cas], self.revocations, self.approved)
        for entry in self.story.log.entries:
            walk.take(entry)
        assert walk.outcome() == expect, walk.found
        assert told == {name: (c.under, c.pending + c.lost) for name, c in walk.chains.items()}, told
        whole = document["vouching"]
        assert whole["vouched"] == sum(sum(u.values()) for u, _ in told.values())
        assert whole["not_vouched"] == sum(n for _, n in told.values())
        return told


def signed(story, collector, **options):
    story.records.append((make_log.CERTIFICATE, collector[0]))
    return story.report(signer=collector, **options)


NAME = (make_log.COLLECTOR, "app")


# --- a signer with a CA of its own ----------------------------------------------------------------


def forged(policy=None):
    """The host reports, and then a signer that was taken over goes on for it."""
    ours, theirs = CA("hosts"), CA("hosts")
    s = Story(policy(ours) if policy else Policy())
    signed(s, ours.collector())
    s.report()
    signed(s.wait(60), theirs.collector())
    return s, ours, theirs


def test_who_goes_on_for_a_host_by_another_ca_is_found():
    s, ours, theirs = forged()
    with Told(s) as told:  # nobody is named: it is not called good, where that is demanded
        told.replay(says=["0 of 3 reports", "could not tell of 2 signed reports"])
        told.replay("--policy", s.policy.digest, says="could not tell of 2 signed reports")
        told.replay("--policy", s.policy.digest, "--vouched", expect=UNKNOWN,
                    says=["nobody who is named vouches for 3 reports", "could not tell: policy and"])
        assert told.both() == {NAME: ({}, 3)}
    with Told(s, [ours]) as told:
        told.replay(expect=BAD, says=[
            "entry 4: who vouched for it is nobody that was named", "1 of 3 reports",
            "somebody vouched for the evidence who is none of those named",
            "1 vouched under CN = hosts (sha256 " + sha256(ours.certificate)[:8] + "..), 2 not"])
        assert told.both(BAD) == {NAME: ({sha256(ours.certificate): 1}, 2)}
    with Told(s, [ours, theirs]) as told:
        assert told.both() == {NAME: ({sha256(ours.certificate): 1, sha256(theirs.certificate): 2}, 0)}
        told.replay("--vouched", says="3 of 3 reports")


def test_an_approved_policy_names_who_may_vouch():
    s, ours, theirs = forged(lambda ca: Policy(collectors_ca=ca.pem() + CA("others").pem()))
    with Told(s) as told:  # that it breaks its own word is found by itself
        told.replay(expect=BAD, says="entry 4: the collector's certificate is of none of the CAs that the policy")
    s = Story(Policy(collectors_ca=ours.pem()))
    s.report()
    signed(s, ours.collector())
    s.report()
    with Told(s) as told:  # a policy that nobody approved vouches for itself alone
        told.replay(says="could not tell of 1 signed report")
        told.replay("--vouched", expect=UNKNOWN)
    with Told(s, approved=[s.policy.digest]) as told:
        assert told.both() == {NAME: ({sha256(ours.certificate): 2}, 1)}
        told.replay("--vouched", expect=UNKNOWN, says="vouches for 1 report")
    with Told(s, [theirs], approved=[s.policy.digest]) as told:  # the auditor's word goes before
        told.replay(expect=BAD, says="nobody that was named")


def test_a_signature_is_over_the_chain_before_it():
    ca = CA()
    s = Story(Policy())
    for _ in range(3):
        s.report()
    signed(s, ca.collector())
    s.report("other")
    s.report()
    with Told(s, [ca]) as told:
        assert told.both() == {NAME: ({sha256(ca.certificate): 4}, 1), (make_log.COLLECTOR, "other"): ({}, 1)}
        output = told.replay(says=["4 of 6 reports", "4 under CN = hosts", ": 1 not"])
        assert output.index("other on") > 0 and "app on spiffe://test/host1: 4 vouched under" in output


def test_what_is_before_a_break_stays_unvouched():
    ca = CA()
    s = Story(Policy())
    s.report()
    w = s.workload()
    w.prev = bytes(31) + b"\1"  # another bundle before than the log has
    s.report()
    signed(s, ca.collector())
    with Told(s, [ca]) as told:
        assert told.both(BAD) == {NAME: ({sha256(ca.certificate): 2}, 1)}


# --- as of when -----------------------------------------------------------------------------------


def test_a_certificate_counts_while_it_is_valid():
    ca = CA()
    late = ca.collector(start=make_log.TIME_S - DAY, days=1)
    for wait, vouched in ((-1, True), (0, False), (1, False)):
        s = Story(Policy(), now=make_log.TIME_S + wait)
        signed(s, late)
        with Told(s, [ca]) as told:  # the connection may be older: it is no lie
            assert told.both() == {NAME: ({sha256(ca.certificate): 1} if vouched else {}, not vouched)}
            told.replay("--vouched", expect=GOOD if vouched else UNKNOWN)
    early = ca.collector(start=make_log.TIME_S + 1)
    s = Story(Policy())
    signed(s, early)
    with Told(s, [ca]) as told:
        assert told.both() == {NAME: ({}, 1)}
        told.replay(says="1 signature by certificates that did not count then")


def test_a_ca_counts_while_it_is_valid():
    ca = CA(start=make_log.TIME_S - DAY * 30, days=29)
    s = Story(Policy())
    signed(s, ca.collector())
    with Told(s, [ca]) as told:
        assert told.both() == {NAME: ({}, 1)}


def test_an_issuing_ca_may_stand_without_its_root_and_the_root_alone():
    root = CA("root")
    issuing = CA("issuing", root)
    s = Story(Policy())
    signed(s, issuing.collector())
    for cas, by in (([root], root), ([issuing], issuing)):
        with Told(s, cas) as told:
            assert told.both() == {NAME: ({sha256(by.certificate): 1}, 0)}
    with Told(s, [CA("root")]) as told:
        assert told.both(BAD) == {NAME: ({}, 1)}


def test_a_certificate_for_servers_vouches_for_nothing():
    ca = CA()
    s = Story(Policy())
    signed(s, ca.collector(usage=ExtendedKeyUsageOID.SERVER_AUTH))
    with Told(s, [ca]) as told:
        assert told.both(BAD) == {NAME: ({}, 1)}


def test_what_tls_would_not_take_vouches_for_nothing():
    """A key that can be found, a signature that can be forged: somebody else may have it."""
    ca = CA()
    for weak in ({"rsa_bits": 1024}, {"digest": hashes.SHA1()}):
        s = Story(Policy(collectors_ca=ca.pem()))
        signed(s, ca.collector(**weak))
        with Told(s, [ca]) as told:
            assert told.both() == {NAME: ({}, 1)}
            told.replay("--vouched", expect=UNKNOWN, says="1 signature by certificates that did not count")
    s = Story(Policy())
    signed(s, ca.collector(rsa_bits=2048))
    with Told(s, [ca]) as told:
        told.replay("--vouched")


def test_more_certificates_than_tls_takes_are_none():
    ca, host = CA(), CA().collector()
    for count, says in ((40, "of none of the CAs"), (16384 // len(host[0]), "is something else")):
        s = Story(Policy(collectors_ca=ca.pem()))
        chain = (host[0] * (count + 1), host[1])
        signed(s, chain)
        with Told(s) as told:
            told.replay(expect=BAD, says=says)


def test_what_was_revoked_counts_until_then():
    ca = CA()
    host = ca.collector()
    s = Story(Policy())
    signed(s, host)
    signed(s.wait(100), host)
    for when, left in ((101, 2), (100, 1), (1, 1), (0, 0), (-1000, 0)):
        revocations = [ca.revocations((host, make_log.TIME_S + when))]
        with Told(s, [ca], revocations) as told:
            lacks = 2 - left
            assert told.both(BAD if lacks else GOOD) == \
                {NAME: ({sha256(ca.certificate): left} if left else {}, lacks)}
            if lacks:
                told.replay(expect=BAD, says="revoked before that")
    # The CA says since when its key may have been another's: an earlier date counts, a later does not.
    for since, lacks in ((99, 1), (0, 2), (1000, 1)):
        with Told(s, [ca], [ca.revocations((host, make_log.TIME_S + 100, make_log.TIME_S + since))]) as told:
            assert told.both(BAD)[NAME][1] == lacks
    with Told(s, [ca], [ca.revocations((host, make_log.TIME_S + 1000, make_log.TIME_S))]) as told:
        assert told.both(BAD) == {NAME: ({}, 2)}
    with Told(s, [ca], [ca.revocations((ca.collector(), make_log.TIME_S))]) as told:
        told.replay("--vouched")
    # A list in the CA's name that is not its own: then nobody can tell.
    with Told(s, [ca], [ca.revocations(key=CA().key)]) as told:
        assert told.both() == {NAME: ({}, 2)}
        told.replay("--vouched", expect=UNKNOWN, says="2 signatures by certificates that did not count")


def test_a_list_by_another_key_of_its_ca_hides_nothing():
    old, new = CA(), CA()  # of one name: the key was changed
    host, later = old.collector(), new.collector()
    s = Story(Policy())
    signed(s, host)
    signed(s, later)
    lists = [old.revocations(names_key=old.key), new.revocations(names_key=new.key)]
    with Told(s, [old, new], lists) as told:
        assert told.both() == {NAME: ({sha256(old.certificate): 1, sha256(new.certificate): 1}, 0)}
    # The new key's list has what the old one issued: who has signed it is not known of the old CA.
    with Told(s, [old], [new.revocations((host, 0), names_key=new.key)]) as told:
        assert told.both(BAD) == {NAME: ({}, 2)}
        told.bench.replay("--index", "2", *told.arguments(), "--vouched", expect=UNKNOWN,
                          says="with a certificate that did not count then")


def test_a_ca_that_counts_may_be_revoked_by_its_own():
    root = CA("root")
    issuing = CA("issuing", root)
    s = Story(Policy())
    signed(s, issuing.collector())
    for when, vouched in ((make_log.TIME_S, False), (make_log.TIME_S + 1, True)):
        for cas in ([issuing], [issuing, root]):
            with Told(s, cas, [root.revocations((issuing, when))]) as told:
                assert bool(told.both()[NAME][1]) != vouched
                told.replay("--vouched", expect=GOOD if vouched else UNKNOWN)


# --- files, and one report ------------------------------------------------------------------------


def test_files_in_der_and_files_that_are_none():
    ca = CA()
    s = Story(Policy())
    signed(s, ca.collector())
    with Told(s) as told:
        bench = told.bench
        ca_der = bench.write("ca.der", ca.certificate.public_bytes(DER))
        crl_der = bench.write("crl.der", ca.revocations().public_bytes(DER))
        told.replay("--collectors-ca", ca_der, "--collectors-crl", crl_der, "--vouched")
        for odd in (bench.write("odd", b"odd"), bench.write("empty", b""), crl_der,
                    bench.write("more", ca.certificate.public_bytes(DER) + b"\0")):
            told.replay("--collectors-ca", odd, expect=UNKNOWN, says="expected certificates of CAs")
        for odd in (bench.path("odd"), ca_der):
            told.replay("--collectors-crl", odd, expect=UNKNOWN, says="expected a revocation list")
        told.replay("--collectors-ca", bench.path("absent"), expect=UNKNOWN, says="no such file")
        # What is cut off, broken or followed by something is not taken for a shorter file.
        for option, one in (("--collectors-ca", ca.pem()),
                            ("--collectors-crl", ca.revocations().public_bytes(PEM))):
            for rest in (one[:-40], one.replace(b"M", b"!", 1), one.replace(b"MI", b"MA", 1)):
                told.replay(option, bench.write("cut", one + rest), expect=UNKNOWN, says="number 2: ")
        told.replay("--collectors-crl", bench.write("two", pathlib.Path(crl_der).read_bytes() * 2),
                    expect=UNKNOWN, says="number 1: it cannot be read")


def test_one_report_is_vouched_for_by_its_own_signature():
    s, ours, theirs = forged()
    with Told(s, [ours]) as told:
        def one(index, expect, says, *more):
            return told.bench.replay("--index", index, *told.arguments(), *more, expect=expect, says=says)

        one("2", GOOD, "under CN = hosts", "--vouched")
        assert json.loads(one("2", GOOD, "", "--json"))["vouched_by"] == {
            "ca": "CN = hosts", "ca_sha256": sha256(ours.certificate)}
        one("3", GOOD, "has no signature of its collector")
        one("3", UNKNOWN, "nobody who is named vouches for all", "--vouched")
        one("4", BAD, ["nobody that was named", "who is none of those named"])
        told.cas = []
        one("4", GOOD, "nobody said here whose word counts")
        one("4", UNKNOWN, "demanded", "--vouched")


def test_many_workloads_are_told_by_those_that_lack_something():
    ca = CA()
    host = ca.collector()
    s = Story(Policy())
    for n in range(30):
        signed(s, host, name=f"good-{n}")
    s.report("bad")
    with Told(s, [ca]) as told:
        output = told.replay(says="and 11 more workloads (--full)")
        assert output.count(" on spiffe://test/host1: ") == 20 and "bad on spiffe://test/host1: 1 not" in output
        assert told.replay("--full").count(" on spiffe://test/host1: ") == 31


if __name__ == "__main__":
    run_tests(__name__)
