#!/usr/bin/python3
"""What a token says is the key process's: a hostile signer logs what it likes, and asks for tokens.

Everything asked for here is logged and proved, as a hijacked signer can do it. What comes out is what
a report says, in the words of a profile, or nothing.
"""

import json
import re
import time

import hallmark
import make_log
from hallmark import ORIGIN, TOKENS
from keychannel import (PROFILE, KeyProcess, Tree, certificate_of, claims_of, grown, jwk_of, make_site,
                        real_report, real_reports, refused, signed, token_request, unbase64url, verify_jws)

TEST = TOKENS[0]
MANY = [TEST,
        {**TEST, "profile": "short", "lifetime_s": 100},
        {**TEST, "profile": "long", "aud": ["long"], "lifetime_s": 86400},
        {**TEST, "profile": "many", "aud": ["one", "another"]},
        {**TEST, "profile": "warned", "iss": "attest", "statuses": ["warning", "contraindicated"]},
        {**TEST, "profile": "one-host", "collectors": ["spiffe://test/host2", "spiffe://test/host3"]},
        {**TEST, "profile": "one-app", "workloads": ["app-0", "other-*"]}]


class Attack:
    """A key process, and a signer that logs one entry after another."""

    def __init__(self, site, key):
        self.site, self.key, self.tree = site, key, Tree()
        self.jwk, self.certificate = jwk_of(site), certificate_of(site)

    def log(self, entry):
        old = len(self.tree)
        self.tree.add(entry)
        signed(self.site, self.key.sign(self.tree, old), self.tree)
        return old

    def ask(self, entry, profile="test", **asked):
        index = self.log(entry)
        return self.key.token(index, entry, self.tree.inclusion(index), len(self.tree), profile,
                              **asked)

    def given(self, entry, profile="test", **asked):
        """The claims."""
        answer = self.ask(entry, profile, **asked)
        assert answer.error == 0, answer
        claims = claims_of(entry, len(self.tree) - 1,
                           next(p for p in MANY if p["profile"] == profile), **asked)
        verify_jws(answer.body, self.jwk, self.certificate, claims)
        return json.loads(unbase64url(answer.body.split(b".")[1]))

    def refused(self, entry, why, profile="test", **asked):
        answer = self.ask(entry, profile, **asked)
        refused(answer, PROFILE, len(self.tree), self.tree.hash())
        assert re.search(why, answer.body.decode()), (why, answer)


def attack(function):
    def test():
        with make_site(hsm={"tokens": MANY}) as site, KeyProcess(site) as key:
            function(Attack(site, key))
    test.__name__, test.__doc__ = function.__name__, function.__doc__
    return test


def report(name="app-0", **changes):
    return real_report(name, **changes)


@attack
def test_claims_are_the_profile_s_and_the_report_s(a):
    claims = a.given(report())
    assert list(claims) == ["iss", "sub", "aud", "iat", "exp", "jti", "eat_profile", "eat_nonce",
                            "ear.verifier-id", "submods", "hallmark.log", "hallmark.index"]
    assert (claims["iss"], claims["aud"]) == ("https://attest.test", "https://party.test")
    assert claims["sub"] == "spiffe://test/host1/app-0"
    assert (claims["hallmark.log"], claims["hallmark.index"]) == (ORIGIN, 0)
    assert claims["submods"]["app-0"]["ear.status"] == "affirming"
    assert a.given(report(), "long")["aud"] == "long"


@attack
def test_a_token_is_bound_to_the_key_that_the_report_names(a):
    """And to none of the signer's choice: the report is what the collector has signed, as the log has it."""
    key = bytes(range(32))
    claims = a.given(report(ext={"workload_key": key}))
    assert list(claims)[5:7] == ["jti", "cnf"]
    assert claims["cnf"] == {"jkt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
    assert "cnf" not in a.given(report(ext={"program": key}))


@attack
def test_a_signer_chooses_no_audience_but_one_of_the_profile_s(a):
    assert a.given(report(), audience="https://party.test")["aud"] == "https://party.test"
    assert a.given(report(), "many", audience="another")["aud"] == "another"
    for audience in ("https://party.test/", "https://bank.test", "one", "*", "a" * 512):
        a.refused(report(), f"does not list the audience {re.escape(audience)}", audience=audience)
    a.refused(report(), "has 2 audiences, and the policy names none", "many")


@attack
def test_a_signer_makes_a_token_shorter_and_never_longer(a):
    claims = a.given(report(), "short", lifetime_s=50)
    assert claims["exp"] - claims["iat"] == 50
    claims = a.given(report(), "short", lifetime_s=86400)
    assert claims["exp"] - claims["iat"] == 100


@attack
def test_an_entry_that_is_no_report_gets_no_token(a):
    for entry in (b"{}", b"garbage", b"\0", b'{"a":1}', b"[]", b'{"eat_profile":1}',
                  b'{"iss":"https://accounts.example","sub":"root","aud":"bank","exp":9999999999}',
                  json.dumps({"iss": TEST["iss"], "aud": TEST["aud"], "sub": "me"}).encode(),
                  claims_of(report(), 0)):
        a.refused(entry, "found another kind of entry")
    for kind in ("start", "manifest", "statement", "x"):
        a.refused(b'{"hallmark.notice":"%s","iat":1}' % kind.encode(), "another kind of entry")


@attack
def test_an_absence_gets_no_token(a):
    """In whatever words: also where it is made to look like a good report."""
    absence = b'{"eat_profile":"tag:github.com,2026:hallmark/absence#1"'
    a.refused(absence + b',"iat":1}', "another kind of entry")
    a.refused(re.sub(rb'^{"eat_profile":"[^"]*"', absence, report()), "another kind of entry")


@attack
def test_a_report_in_another_spelling_gets_no_token(a):
    good = report()
    for entry in (good + b"\n", good.replace(b":", b": ", 1), good.replace(b"app-0", b"app\\u002d0"),
                  good.replace(b'"exp":', b'"exp":1,"exp":'), good[:-1] + b',"x":1}', good[:-1],
                  good.replace(b"veraison/ear", b"veraison/ear2"), good.replace(b'"iat":', b'"iat":-'),
                  good.replace(b'"affirming"', b'"excellent"'), good + good):
        assert entry != good
        a.refused(entry, "a report that this version reads|found another kind of entry")


@attack
def test_a_report_that_contradicts_itself_gets_no_token(a):
    """A status better than the worst claim, findings of an affirming one, a bundle of another hash."""
    a.refused(report(vector={"instance-identity": 2, "executables": 96}), "bad-format")
    finding = {"kind": "executable", "code": "unknown-file", "subject": "/x", "detail": ""}
    a.refused(report(findings=[finding]), "bad-format")
    good = report()
    a.refused(good.replace(b'"seq":1,', b'"seq":2,'), "mismatch")


@attack
def test_a_report_of_another_log_gets_no_token(a):
    for origin in (ORIGIN + "2", ORIGIN[:-1], "accounts.example"):
        a.refused(report(origin=origin), f"expected a report of {ORIGIN}, found one of {origin}")


@attack
def test_a_profile_covers_only_what_it_names(a):
    a.refused(report(collector="spiffe://other/host1"), "'test' does not cover the collector")
    a.refused(report(collector="spiffe://test/host1/x"), "'test' does not cover the collector")
    a.refused(report(), "'one-host' does not cover the collector spiffe://test/host1", "one-host")
    a.given(report(collector="spiffe://test/host3"), "one-host")
    a.refused(report("app-1"), "'one-app' does not cover the workload app-1", "one-app")
    a.given(report("app-0"), "one-app")
    a.given(report("other-1"), "one-app")


@attack
def test_a_token_vouches_only_for_the_statuses_of_its_profile(a):
    warned = report(status="warning", data=make_log.GOOD)
    evil = report(data=make_log.EVIL)
    a.refused(warned, "'test' does not cover the status warning")
    a.refused(evil, "'test' does not cover the status contraindicated")
    a.refused(report(), "'warned' does not cover the status affirming", "warned")
    assert a.given(warned, "warned")["submods"]["app-0"]["ear.status"] == "warning"
    assert a.given(evil, "warned")["submods"]["app-0"]["ear.status"] == "contraindicated"


@attack
def test_a_profile_that_is_not_there_gives_nothing(a):
    for profile in ("tes", "test2", "TEST", "*", " ", "\x00", "n" * 64):
        a.refused(report(), "expected one of the 7 token profiles", profile)


@attack
def test_a_token_is_over_with_its_report_and_its_lifetime(a):
    now = int(time.time())
    for expires, profile, over in ((now + 3600, "test", now + 1800), (now + 600, "test", now + 600),
                                   (now + 3600, "short", now + 100), (now + 3600, "long", now + 3600),
                                   (now + 10 * 365 * 86400, "long", now + 86400)):
        claims = a.given(report(time_s=now, exp=expires), profile)
        assert (claims["iat"], claims["exp"]) == (now, over), claims


@attack
def test_no_token_from_the_future_or_the_past(a):
    """A signer that issues for next year would have a token that ends then."""
    now = int(time.time())
    for ahead in (120, 86400, 365 * 86400):
        a.refused(report(time_s=now + ahead), "issued by now, found one [0-9]+ s ahead", "long")
    a.given(report(time_s=now + 30), "long")  # clocks are set
    a.refused(report(time_s=now - 101), "would have ended [0-9]+ s ago", "short")
    a.given(report(time_s=now - 101), "long")
    a.refused(report(time_s=now - 3600), "would have ended", "long")
    a.refused(report(time_s=make_log.TIME_S), "would have ended", "long")


@attack
def test_the_same_token_whenever_it_is_asked_for(a):
    """Nothing in it is of the moment: what is asked for twice says the same."""
    entry = report()
    index = a.log(entry)
    first = a.key.token(index, entry, a.tree.inclusion(index), len(a.tree)).body
    for n in range(1, 8):
        a.log(report(f"app-{n}"))
    again = a.key.token(index, entry, a.tree.inclusion(index), len(a.tree)).body
    assert first.split(b".")[:2] == again.split(b".")[:2]


def test_without_profiles_there_are_no_tokens():
    with make_site(hsm={"tokens": None}) as site, KeyProcess(site) as key:
        assert "tokens" not in site.path("hsm.yaml").read_text()
        Attack(site, key).refused(report(), "expected one of the 0 token profiles that hsm.yaml had when this process started")


def test_many_refusals_are_few_lines():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 3, lambda count: real_reports(count, data=make_log.EVIL))
        for _ in range(100):
            key.send(token_request(1, tree.entries[1], tree.inclusion(1), 3) * 20)
            for _ in range(20):
                assert key.receive().error == PROFILE
        answer = key.sign(tree, 3)  # it goes on
        assert answer.error == 0
        key.kill()
        lines = [line for line in key.process.lines if "token-profile" in line]
        assert len(lines) == 1 and "does not cover the status" in lines[0], lines


if __name__ == "__main__":
    hallmark.run_tests(__name__)
