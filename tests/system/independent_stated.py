#!/usr/bin/python3
"""What operators have revoked, and a policy that is rolled out: reports of a real signer made again by another appraisal.

That is tests/lib/appraisal.py, written from proto/PROTOCOL.md; the cases stand here by name, and each of its rules
about them is broken once: then some report comes out as another one."""

import hashlib
import json
from unittest import mock

from attested import BASE_S, Attested, difference
from desk import Desk
from hallmark import run_tests, to_yaml
from independent_replay import changed_appraisal, files, reference, sha

PROGRAM, LIBRARY = {"/usr/bin/app": b"app"}, {"/lib/a": b"a"}
EVIDENCE = {**files(PROGRAM, "executable"), **files(LIBRARY, "libraries")}
SETS = [reference("app", PROGRAM), reference("other", {"/other": b"other"})]
HOSTS = ("host1", "host2", "rsa")


def set_of(number):
    return sha(SETS[number][1])


class Stated(Attested):
    """By one entry, with operators who revoke; a policy that follows is approved."""

    def __enter__(self):
        self.operators = Desk(self.site)
        self.site.path("known.sha256").write_bytes(b"")
        for said, content in SETS:
            self.site.path(said["file"]).write_bytes(content)
        self.decide("app")
        return self

    def decide(self, *references, **top):
        text = to_yaml({
            "name": "case", "operators": "operators.yaml", "references": [said for said, _ in SETS], **top,
            "workloads": [{"match": "*", "collectors": ["spiffe://test/*"], "recorded": ["libraries"],
                           "executable": {"references": list(references)}, "start": {"executable": {
                               "references": list(references)}}}]})
        self.site.path("policy.yaml").write_text(text)
        if not self.signer:
            return self.start()
        start = len(self.signer.lines)
        self.signer.signal(1)
        manifest = self.signer.wait_for("event=policy-waiting", start).split("manifest=")[1].split()[0]
        self.operators.take("ann", "approve", {"manifest": manifest})
        return self.signer.wait_for("event=policy-in-force", start)

    def revoke(self, subject, for_s=100):
        return self.operators.take("ann", "revoke", subject, not_after=self.now_s + for_s)

    def verdict(self, host="host1", workload="case", **fields):
        (verdict,) = json.loads(self.submit(workload, EVIDENCE, host, **fields)["report"])["submods"].values()
        return verdict

    def found(self, *arguments, **fields):
        """The subjects of what is found, all of it revoked."""
        findings = self.verdict(*arguments, **fields)["hallmark.findings"]
        assert {f["code"] for f in findings} <= {"revoked"}, findings
        return [(f["kind"], f["subject"]) for f in findings]

    def made_again(self, changes):
        """Every entry as it is in the log, and the auditor finds the same; by no other rules."""
        self.stop()
        store = self.store()
        for index, (logged, made) in enumerate(self.remade(store)):
            assert logged == made, f"entry {index} {difference(logged, made)}"
        assert " 0 different, 0 not possible" in self.replay()
        for rule, instead in changes:
            with mock.patch("rederivation.appraisal", changed_appraisal(rule, instead)):
                assert any(logged != made for logged, made in self.remade(store)), f"no report tells {rule}"


def test_collectors_and_workloads():
    with Stated() as s:
        assert s.found() == []
        s.revoke({"collectors": "spiffe://*"})  # which covers nobody: no star passes a slash
        s.revoke({"collectors": "spiffe://test/host1", "workloads": "c*"})
        assert s.found() == [("bundle", "")] and s.found(workload="db") == [] and s.found("host2") == []
        s.revoke({"workloads": "web"})
        assert s.found("host2", "web") == [("bundle", "")]
        starting = {"next_s": 0, "ext": {"phase": "start", "artifact": ["file", hashlib.sha256(b"app").digest()]}}
        assert ("bundle", "revoked") in [(f["kind"], f["code"]) for f in s.verdict("host2", "web/start", **starting)[
            "hallmark.findings"]], "also what was before its start"
        assert s.verdict("host2", "web")["ear.trustworthiness-vector"] == {"instance-identity": 96, "executables": 2}
        first, second = (s.revoke({"collectors": "*://test/host2", "workloads": w}) for w in ("a*", "ab"))
        told = s.verdict("host2", "ab")["hallmark.findings"]
        assert len(told) == 1 and min(first, second) in told[0]["detail"], "of several the first by name"
        s.at(s.now_s - BASE_S + 99)
        assert s.found() == [("bundle", "")]
        s.at(s.now_s - BASE_S + 1)
        assert s.found() == [], "over at its end"
        s.made_again((
            ("speaks_for(patterns[0], self.source[0].encode())", "matches(patterns[0], self.source[0].encode())"),
            ('matches(patterns[1], self.source[1].removesuffix("/start").encode())',
             "matches(patterns[1], self.source[1].encode())"),
            ('{"instance-identity": 96 if self.revoked.of_source() else 2}', '{"instance-identity": 2}'),
            ("key=lambda s: s.name)\n        self.source", "key=lambda s: s.name, reverse=True)\n        self.source"),
            ("and iat < s.not_after)", "and iat <= s.not_after)")))


def test_contents_and_sets():
    with Stated() as s:
        library = s.revoke({"digest": sha(b"a")})
        assert s.found() == [("libraries", "/lib/a")], "of a kind that no rule judges"
        assert s.verdict()["ear.trustworthiness-vector"] == {"instance-identity": 2, "executables": 96}
        s.operators.take("ann", "revoke", {"statement": library})
        assert s.found() == []
        s.revoke({"set": set_of(1)})
        assert s.found() == [], "which no rule uses"
        s.revoke({"set": set_of(0)})
        verdict = s.verdict()
        assert [f["subject"] for f in verdict["hallmark.findings"]] == ["/usr/bin/app"]
        assert verdict["hallmark.references"] == []
        s.revoke({"digest": sha(b"app")})
        assert len(s.found()) == 2, "once as content, once by its set"
        s.made_again((
            ("found = [*self.revoked.findings(kind, component), ", "found = ["),
            ('self.sets = [s for s in policy.sets_of(rule) if not revoked.of("set", s.digest)]', "self.sets = policy.sets_of(rule)"),
            ('if not self.revoked.of("set", s.digest) if s.counts', "if s.counts")))


def test_claims_of_a_roll_out():
    """By each group, also where operators revoke what only the policy before uses."""
    with Stated() as s:
        older = s.in_force()
        groups = [{"name": name, "collectors": [f"spiffe://test/{name}"], "enforce": enforce}
                  for name, enforce in zip(HOSTS, ("off", "warn", "on"))]
        s.decide("other", rollout={"from": older}, groups=groups)

        def told(status):
            """Of each host: status, and what the policy in force says beside."""
            for host, (expected, enforce, total) in zip(HOSTS, status):
                verdict = s.verdict(host)
                assert (verdict["ear.status"], verdict["hallmark.group"]) == (expected, host), verdict
                assert verdict["ear.appraisal-policy-id"].endswith(s.in_force()) and older != s.in_force()
                assert verdict.get("hallmark.rollout") == (enforce and {
                    "enforce": enforce, "decided": f"case@sha256:{older}", "status": "contraindicated",
                    "finding-count": total}), verdict

        told([("affirming", "off", 1), ("warning", "warn", 1), ("contraindicated", None, 0)])
        s.revoke({"set": set_of(0)})
        told([("contraindicated", "off", 1), ("contraindicated", "warn", 1), ("contraindicated", None, 0)])
        s.revoke({"workloads": "case"})
        told([("contraindicated", "off", 2), ("contraindicated", "warn", 2), ("contraindicated", None, 0)])
        s.made_again((
            ("last_signed, revoked, (enforce, *said))", "last_signed, Revoked(), (enforce, *said))"),
            ('if enforce == "on" or not before:', 'if not before:'),
            ('"status": said[0], "finding-count": said[1]', '"status": said[0], "finding-count": 1')))


if __name__ == "__main__":
    run_tests(__name__)
