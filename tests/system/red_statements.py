#!/usr/bin/python3
"""What nobody may decide: one list of statements that break a rule each. A real signer refuses each from
a relay and goes on as if nothing had come; the auditor and a second implementation prove each in the log
of a signer that took it all the same."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import audit_notices
import entries
import hallmark
import make_log
import statements
import wire
from audit import BAD
from chronicle import Time, absences_of, check
from hallmark import APP, Site
from logimage import audit
from story import Policy, Story

ANN, BOB, CEM, OLD, EVE = (statements.Key() for _ in range(5))  # EVE is in no operators file
LAST = 2**53 - 1
DIGEST = {"manifest": "ab" * 32}
EVERYBODY = {"collectors": "spiffe://*/*", "workloads": "*"}
HOST = {"collector": "spiffe://test/host1", "workload": "app"}


def operators():
    return statements.operators_text([
        ("ann", ["approve", "revoke"], ANN), ("bob", ["approve"], BOB),
        ("cem", ["maintenance", "retire"], CEM),
        ("old", ["approve", "maintenance", "retire"], OLD, "2020-01-01T00:00:00Z")])


class Red:
    """One of the list. `change`: of the envelope's bytes, which nobody signs again."""

    def __init__(self, refusal, key, kind, subject, change=None, signer=None, **fields):
        self.refusal, self.key, self.kind, self.subject = refusal, key, kind, subject
        self.change, self.signer, self.fields = change, signer, fields

    def envelope(self, **usual):
        body = statements.payload(self.kind, self.subject, **{**usual, **self.fields})
        signature = self.signer.sign(statements.signed_bytes(body)) if self.signer else None
        made = statements.envelope(self.key, body, signature)
        changed = self.change(made) if self.change else made
        assert changed != made or not self.change
        return changed

    def __repr__(self):
        return f"{self.refusal} {self.kind} {self.subject} {self.fields}"


def outer(change):
    """Changes what is around the payload, in the same spelling."""
    def changed(envelope):
        value = json.loads(envelope)
        change(value)
        return statements.to_json(value).encode()
    return changed


def signatures(make):
    return outer(lambda value: value.update(signatures=make(value["signatures"][0])))


def put(old, new):
    return lambda envelope: envelope.replace(old, new, 1)


FORM = [
    signatures(lambda s: []),
    signatures(lambda s: [s, s]),
    signatures(lambda s: [{**s, "sig": ""}]),
    signatures(lambda s: [{**s, "keyid": s["keyid"].upper()}]),
    signatures(lambda s: [{"sig": s["sig"], "keyid": s["keyid"]}]),
    signatures(lambda s: [{**s, "cert": "x"}]),
    outer(lambda value: value.update(payloadType="application/vnd.in-toto+json")),
    outer(lambda value: value.update(more=1)),
    put(b'{"payloadType"', b'{"payload":"","payloadType"'),
    put(b'"payload":"', b'"payload": "'),
    put(b'"payload":"', b'"payload":"\\u0065'),
    put(b'"payload":"', b'"payload":"eyJ9","payload":"'),
    lambda envelope: envelope + b"\n",
    lambda envelope: b"\xef\xbb\xbf" + envelope,
]

RED = [
    Red("statement-origin", ANN, "approve", DIGEST, origin="hallmark.test/other"),
    Red("statement-number", ANN, "approve", DIGEST, number=1),
    Red("statement-right", ANN, "maintenance", EVERYBODY),
    Red("statement-right", BOB, "retire", HOST),
    Red("statement-right", BOB, "revoke", {"statement": "ab" * 32}),
    Red("statement-right", CEM, "approve", DIGEST),
    Red("statement-author", ANN, "approve", DIGEST, author="ann"),
    Red("statement-author", ANN, "approve", DIGEST, author="Ann"),
    Red("statement-key", OLD, "approve", DIGEST),
    Red("statement-key", OLD, "maintenance", EVERYBODY),
    Red("statement-key", EVE, "maintenance", EVERYBODY),
    Red("statement-signature", CEM, "maintenance", EVERYBODY, signer=EVE),
    Red("statement-signature", CEM, "retire", HOST, signer=ANN),
    Red("statement-time", CEM, "maintenance", EVERYBODY, not_before=1, not_after=2),
    Red("statement-kind", ANN, "hold", {"by": "60"}),
    Red("statement-subject", ANN, "clock", {"by": "60"}),
    Red("statement-right", ANN, "clock", {"from": "1"}),
    Red("statement-kind", ANN, "amnesty", {"for": "all"}),
    Red("statement-subject", ANN, "revoke", {"statement": "cd" * 32}),
    Red("statement-subject", ANN, "revoke", {"digest": "00" * 32}),
    Red("statement-subject", ANN, "revoke", {"set": "known"}),
    Red("statement-subject", ANN, "revoke", {"digest": "ab" * 32, "set": "ab" * 32}),
    Red("statement-subject", ANN, "revoke", {"collectors": "spiffe://test/host1", "digest": "ab" * 32}),
    Red("statement-subject", ANN, "revoke", {"collectors": "*\\"}),
    Red("statement-subject", ANN, "revoke", {"collector": "spiffe://test/host1", "workload": "app"}),
    Red("statement-right", BOB, "revoke", {"collectors": "spiffe://test/host1"}),
    Red("statement-right", CEM, "revoke", {"digest": "ab" * 32}),
    Red("statement-time", ANN, "revoke", {"workloads": "*"}, not_before=1, not_after=2),
    Red("statement-subject", ANN, "approve", {"manifest": "AB" * 32}),
    Red("statement-subject", ANN, "approve", {**DIGEST, "statement": "ab" * 32}),
    Red("statement-subject", CEM, "maintenance", {"collectors": "*\\", "workloads": "*"}),
    Red("statement-subject", CEM, "maintenance", {"workloads": "*"}),
    # A collector in a form that none has: nobody would be retired, and people would not see it.
    Red("statement-subject", CEM, "retire", {**HOST, "collector": "HOST1.test"}),
    Red("statement-subject", CEM, "retire", {**HOST, "collector": "1:test"}),
    Red("statement-subject", CEM, "retire", {**HOST, "workload": "a\u00a0b"}),
    *(Red("statement-format", CEM, "maintenance", EVERYBODY, change) for change in FORM),
    *(Red("statement-format", CEM, "maintenance", EVERYBODY, **fields) for fields in (
        {"not_before": 2**40, "not_after": 2**40 - 1}, {"not_before": 2**40, "not_after": 2**40},
        {"not_after": LAST + 1}, {"not_after": 2**64}, {"not_before": -1}, {"not_after": 1e12},
        {"number": 0}, {"number": LAST + 1}, {"number": "7"},
        {"author": "dora "}, {"author": "do\u200bra"}, {"author": "do\u3000ra"}, {"author": ""},
        {"reason": "a\u202eb"}, {"reason": "x" * 513}, {"origin": "hallmark.test/lo g"},
        {"extensions": {}}, {"extensions": {"b": 1, "a": 1}})),
    Red("statement-format", CEM, "maintenance", {**EVERYBODY, "zone\u200b": "x"}),
    Red("statement-format", CEM, "maintenance", {"workloads": "*", "collectors": "*"}),
    Red("statement-format", CEM, "retire", {**HOST, "workload": "ap\u2060p"}),
]


def test_a_signer_takes_none_of_them():
    # Each relay may ask twenty times at once.
    relays = [f"register{i}" for i in range(len(RED) // 20 + 1)]
    with Site(relays=[f"spiffe://test/{name}" for name in relays]) as site:
        site.path("operators.yaml").write_text(operators())
        site.write_policy(top={"operators": "operators.yaml"}, grace_s=10)
        clock = Time(site)
        signer = clock.start()
        clock.submit(site.collector(), next_s=10)
        relays = [site.relay(name) for name in relays]

        def say(relay, red, number):
            usual = {"origin": hallmark.ORIGIN, "not_before": 1, "not_after": 2**41, "number": number}
            return relay.answer(relay.statement(red.envelope(**usual)))

        say(relays[-1], Red(None, ANN, "approve", DIGEST), 1)
        size = site.status()["log_size"]
        for i, red in enumerate(RED):
            try:
                say(relays[i // 20], red, 2)
                raise AssertionError(f"taken: {red}")
            except wire.Refused as refused:
                assert refused.name == red.refusal, (red, refused.name)
        assert site.status()["log_size"] == size
        # No maintenance was announced, and nobody was retired.
        clock.go_on(25)
        assert signer.stop() == 0
        assert len(absences_of(check(site))) == 1
        audit(site)


def test_a_signer_that_took_one_is_proved_wrong():
    for red in RED:
        s = Story(Policy(operators=operators()))
        s.approve(ANN, Policy("other"))
        usual = {"origin": s.origin, "not_before": s.now, "not_after": s.now + 3600, "number": 2}
        envelope = red.envelope(**usual)
        s.records.append((make_log.STATEMENT, envelope))
        number = red.fields.get("number", 2)
        # A number of no form cannot even stand in the notice.
        number = number if isinstance(number, int) and 0 < number <= LAST else 2
        s.numbers[red.key.id] = number
        s.standing.append((envelope, red.kind, s.now + 3600))
        index = s.notify("statement", {"sha256": entries.sha256(envelope), "kind": red.kind,
                                       "key": red.key.id, "number": number})
        expect = audit_notices.UNKNOWN if red.refusal == "statement-kind" else BAD
        audit_notices.told(s, expect, f"entry {index}: ", (index, expect))


if __name__ == "__main__":
    hallmark.run_tests("__main__")
