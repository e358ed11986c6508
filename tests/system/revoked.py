#!/usr/bin/python3
"""What operators revoke at a real signer counts no more from the next report on, until its end or until that is
revoked; an auditor and the appraisal from the document alone follow it to the byte."""

import hashlib
import json
import re

import rederivation
import wire
from chronicle import Time, check
from desk import Desk, desk
from hallmark import APP, ORIGIN, Site, run_tests, to_yaml
from logimage import audit, read_log
from watched import HOST, Watched

DEVELOPER, LIFETIME_S = "https://test.example", 1234
KNOWN = hashlib.sha256(f"{hashlib.sha256(b'app').hexdigest()}  /usr/bin/app\n".encode()).hexdigest()


def verdict(receipt, workload="app"):
    return json.loads(receipt["report"])["submods"][workload]


def found(receipt, workload="app"):
    """Status, and each finding."""
    said = verdict(receipt, workload)
    return said["ear.status"], [(f["kind"], f["code"], f["subject"], f["detail"]) for f in said["hallmark.findings"]]


def sites():
    return desk(report={"developer": DEVELOPER, "lifetime_s": LIFETIME_S})


def replayed(site):
    """By an auditor, and by another implementation."""
    check(site)
    audit(site)
    version = site.tool("hallmark-signer", "--version").stdout.split()[-1]
    again = rederivation.Rederivation(rederivation.Store(site.path("evidence")), rederivation.Issuer(
        ORIGIN, DEVELOPER, f"hallmark-signer/{version}", LIFETIME_S))
    for index, entry in enumerate(read_log(site)):
        assert again.remake(entry) == entry, index


def test_each_subject_from_its_notice_to_its_end():
    """And what was judged before is judged again, since it is kept by component and policy."""
    digest = hashlib.sha256(b"app").hexdigest()
    with sites() as (site, operators):
        operators.policy()
        time = Time(site)
        signer = time.start()
        collector = site.collector()
        good = ("affirming", [])
        assert found(time.submit(collector)) == good
        for subject, finding in (
                ({"collectors": "spiffe://test/host1"}, ("bundle", "", "", ": collectors spiffe://test/host1")),
                ({"workloads": "a*"}, ("bundle", "", "", ": workloads a*")),
                ({"collectors": "*://test/*", "workloads": "app"}, ("bundle", "", "", ": collectors *://test/*, workloads app")),
                ({"digest": digest}, ("executable", "/usr/bin/app", "", f"; found sha256 {digest}")),
                ({"set": KNOWN}, ("executable", "/usr/bin/app", "of known, ", f"; found sha256 {digest}"))):
            kind, path, before, behind = finding
            name = operators.take("ann", "revoke", subject, not_after=time.now + 100, not_before=time.now + 50)
            expected = ("contraindicated", [(kind, "revoked", path, f"{before}revoked by statement {name}{behind}")])
            receipt = time.submit(collector)
            assert found(receipt) == expected, receipt
            assert verdict(receipt)["ear.trustworthiness-vector"]["instance-identity"] == (96 if kind == "bundle" else 2)
            time.jump(99)
            assert found(time.submit(collector)) == expected
            time.jump(1)
            assert found(time.submit(collector)) == good
        assert signer.stop() == 0
        replayed(site)


def test_a_revoke_of_it_ends_it():
    with sites() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        collector = site.collector()
        ends = {name: operators.take("ann", "revoke", subject) for name, subject in (
            ("host", {"collectors": "spiffe://test/host1"}), ("set", {"set": KNOWN}))}
        assert [code for _, code, _, _ in found(collector.submit("app", APP))[1]] == ["revoked", "revoked"]
        operators.take("ann", "revoke", {"statement": ends["host"]})
        assert [kind for kind, _, _, _ in found(collector.submit("app", APP))[1]] == ["executable"]
        operators.take("ann", "revoke", {"statement": ends["set"]})
        assert found(collector.submit("app", APP)) == ("affirming", [])
        assert signer.stop() == 0
        replayed(site)


def test_it_stays_over_a_restart():
    with sites() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        operators.take("ann", "revoke", {"set": KNOWN})
        assert signer.stop() == 0
        signer = site.start_signer()
        assert found(site.collector().submit("app", APP))[0] == "contraindicated"
        assert signer.stop() == 0
        replayed(site)


def test_a_content_that_no_rule_looks_at():
    """Of a kind that the policy records; another file of it is nothing."""
    with sites() as (site, operators):
        operators.policy(recorded=["libraries"])
        signer = site.start_signer()
        collector = site.collector()
        both = {**APP, "libraries": wire.component("libraries", [
            wire.file_item("/lib/a", b"a"), wire.file_item("/lib/b", b"b")])}
        assert found(collector.submit("app", both)) == ("affirming", [])
        name = operators.take("ann", "revoke", {"digest": hashlib.sha256(b"b").hexdigest()})
        status, findings = found(collector.submit("app", both))
        assert status == "contraindicated" and [f[:3] for f in findings] == [("libraries", "revoked", "/lib/b")]
        assert name in findings[0][3]
        assert signer.stop() == 0
        replayed(site)


def test_a_connected_collector_is_asked_at_once():
    """A real one, whose next round is an hour away: a second later the log says what became of it."""
    with Watched(Desk) as w:
        for subject in ({"collectors": HOST}, {"set": sha256(w.path("known.sha256"))}, {"digest": sha256(w.program)}):
            start = len(w.signer.lines)
            name = w.operators.take("ann", "revoke", subject)
            w.signer.wait_for("event=challenged .*by=revoke", start)
            w.signer.wait_for("event=recalled workloads=1", start)
            w.operators.take("ann", "revoke", {"statement": name})
            assert w.challenge().returncode == 0  # affirming
        w.operators.take("ann", "revoke", {"collectors": "spiffe://test/other"})
        w.signer.wait_for("event=recalled workloads=0")
        assert w.collector.stop() == 0 and w.signer.stop() == 0
        reports = [found({"report": e}) for e in read_log(w.site) if e.startswith(b'{"eat_profile"')]
        assert [(status, [f[0] for f in findings]) for status, findings in reports] == [
            ("affirming", []), ("contraindicated", ["bundle"]), ("affirming", []), ("contraindicated", ["executable"]),
            ("affirming", []), ("contraindicated", ["executable"]), ("affirming", []),
            ("affirming", [])], reports  # the last when it leaves
        audit(w.site)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_whom_it_touches_is_asked_and_no_other():
    """By one connection for each host; who has reported since is not asked."""
    rules = [{"match": match, "collectors": ["spiffe://test/**"], "recorded": ["host", "runtime"],
              "executable": {"references": [name]}} for match, name in (("a*", "known"), ("*", "other"))]
    with desk() as (site, operators):
        site.path("other.sha256").write_text(f"{'ab' * 32}  /other\n" + site.path("known.sha256").read_text())
        site.write_policy(json.dumps({
            "name": "test", "operators": "operators.yaml", "workloads": rules,
            "references": [{"name": n, "file": f"{n}.sha256"} for n in ("known", "other")]}))
        signer = site.start_signer()
        hosts = {name: site.collector(name) for name in ("host1", "host2")}
        for host in hosts.values():
            for workload in ("a1", "b1"):
                host.submit(workload, APP)

        def asked(count, *names, subject):
            start = len(signer.lines)
            operators.take("ann", "revoke", subject)
            measured = []
            for name in names:
                workload, challenge = hosts[name].await_measure()
                measured.append((name, workload))
                hosts[name].submit(workload, APP, ext={"challenge": challenge})
            signer.wait_for(f"event=recalled workloads={count} ", start)
            return sorted(measured)

        assert asked(2, "host1", "host1", subject={"collectors": "spiffe://test/host1"}) == [
            ("host1", "a1"), ("host1", "b1")]
        assert asked(1, "host2", subject={"collectors": "spiffe://test/host2", "workloads": "b*"}) == [("host2", "b1")]
        assert signer.stop() == 0
        replayed_by_auditor(site)


def test_whoever_uses_it_by_the_policy_before_is_asked():
    """A roll-out that only warns: the policy before decides, and only that uses the set."""
    with desk() as (site, operators):
        site.path("other.sha256").write_text(f"{'ab' * 32}  /other\n" + site.path("known.sha256").read_text())
        operators.policy()
        signer = site.start_signer()
        older = re.search(r"@sha256:([0-9a-f]{64})", signer.wait_for("event=listening .*policy="))[1]
        site.path("policy.yaml").write_text(to_yaml({
            "name": "test", "operators": "operators.yaml", "rollout": {"from": older},
            "groups": [{"name": "rest", "workloads": ["*"], "enforce": "warn"}],
            "references": [{"name": "other", "file": "other.sha256"}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "executable": {"references": ["other"]}}]}))
        signer.signal(1)
        manifest = signer.wait_for("event=policy-waiting").split("manifest=")[1].split()[0]
        operators.take("ann", "approve", {"manifest": manifest})
        collector = site.collector()
        assert found(collector.submit("app", APP)) == ("affirming", [])
        operators.take("ann", "revoke", {"set": KNOWN})
        workload, challenge = collector.await_measure()
        status, findings = found(collector.submit(workload, APP, ext={"challenge": challenge}))
        assert status == "contraindicated" and [f[:2] for f in findings] == [("executable", "revoked")], findings
        signer.wait_for("event=recalled workloads=1 ")
        assert signer.stop() == 0
        replayed_by_auditor(site)


def replayed_by_auditor(site):
    check(site)
    audit(site)


TOKENS = {"token": [{"profile": "test"}]}


class Tokened:
    """A collector that sends its newest bundle once more, as if the receipt was lost."""

    def __init__(self, site):
        self.collector = site.collector()

    def submit(self):
        self.newest = self.collector.make("app", APP)
        receipt = self.once_more()
        self.collector.accepted("app", self.newest)
        return receipt

    def once_more(self):
        self.collector.connection.send([wire.BUNDLE, {"bundle": self.newest}])
        return self.collector.await_receipt(APP)


def test_no_token_about_what_is_revoked():
    """Nor about a report from before, whose receipt is asked for once more."""
    with Site(token_module=True) as site:
        operators = Desk(site)
        operators.policy(**TOKENS)
        signer = site.start_signer()
        asking = Tokened(site)
        first = asking.submit()
        assert "tokens" in first
        again = asking.once_more()
        assert "tokens" in again and again["report"] == first["report"]
        name = operators.take("ann", "revoke", {"collectors": "spiffe://test/host1"}, reason="stolen, INC-1",
                              not_after=4102444800)
        status = site.status()
        assert status["revoked_count"] == 1 and status["revoked"] == [
            {"subject": {"collectors": "spiffe://test/host1"}, "statement": name, "until": "2100-01-01T00:00:00Z",
             "reason": "stolen, INC-1"}], status["revoked"]
        told = site.tool("hallmark-signer", "status", "--socket", str(site.path("run/status.sock")), check=False).stdout
        assert "Revoked: collectors spiffe://test/host1, until 2100-01-01T00:00:00Z: stolen, INC-1\n" in told, told
        again = asking.once_more()
        assert "tokens" not in again and again["report"] == first["report"]
        assert site.status()["counters"]["tokens_withheld"] == 1
        assert "tokens" not in asking.submit()
        operators.take("ann", "revoke", {"statement": name})
        assert "tokens" in asking.submit()
        # A content that this report has not: but from before it nobody can be sure.
        operators.take("ann", "revoke", {"digest": "ab" * 32})
        assert "tokens" not in asking.once_more()
        assert "tokens" in asking.submit()
        operators.take("ann", "revoke", {"digest": hashlib.sha256(b"app").hexdigest()})
        refused = site.status()["counters"]["tokens_refused"]
        assert "tokens" not in asking.submit()
        # The key process itself: this signer has asked.
        assert site.status()["counters"]["tokens_refused"] == refused + 1
        signer.wait_for("token-refused .*revoked by statement")
        assert signer.stop() == 0
        signer = site.start_signer()
        asking.collector.connect()
        assert "tokens" not in asking.once_more()
        assert signer.stop() == 0
        replayed_by_auditor(site)


def test_an_auditor_lists_what_was_revoked():
    """And what of it was taken back; what each statement says is in the evidence."""
    with desk() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        options = {"reason": "INC-1", "not_after": 4102444800}
        names = [operators.take("ann", "revoke", subject, **options) for subject in (
            {"collectors": "spiffe://test/host2", "workloads": "a*"}, {"set": KNOWN})]
        operators.take("ann", "revoke", {"statement": names[0]})
        assert signer.stop() == 0
        read = ["fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt"))]
        evidence = ["--evidence", str(site.path("evidence"))]
        told = json.loads(site.audit(*read, *evidence, "--json").stdout)
        host, known = told["revoked"]
        assert host["subject"] == {"collectors": "spiffe://test/host2", "workloads": "a*"} and known["subject"] == {"set": KNOWN}
        assert [r["statement"] for r in (host, known)] == names and {host["reason"], known["reason"]} == {"INC-1"}
        assert (known["index"], host["ended_index"], known["ended_index"]) == (host["index"] + 1, host["index"] + 2, None)
        assert host["until"] == "2100-01-01T00:00:00Z" and (told["revoked_unread"], told["revoked_left_out"]) == (0, 0)
        text = " ".join(site.audit(*read, *evidence).stdout.split())
        for said in (f"revoked collectors spiffe://test/host2, workloads a*: INC-1 from ", f"set {KNOWN}: INC-1 from ",
                     f"which was revoked itself (entry {host['ended_index']}) by statement {names[0]}"):
            assert said in text, (said, text)
        told = json.loads(site.audit(*read, "--json").stdout)
        assert (told["revoked"], told["revoked_unread"]) == ([], 3)
        assert "3 statements of which is not known here what they revoke" in " ".join(site.audit(*read).stdout.split())


def test_whoever_asks_about_the_report_later_is_told():
    """All findings of it, why, and what another policy would have made of it."""
    with desk() as (site, operators):
        operators.policy()
        signer = site.start_signer()
        collector = site.collector()
        before = collector.submit("app", APP)["index"]
        operators.take("ann", "revoke", {"set": KNOWN})
        index = collector.submit("app", APP)["index"]
        assert signer.stop() == 0
        log, evidence, certificate = (str(site.path(n)) for n in ("log", "evidence", "log.crt"))
        shown = site.audit("show", "--log", log, "--cert", certificate, "--evidence", evidence, "--index", str(index),
                           "--findings").stdout
        assert "executable: revoked /usr/bin/app  (contraindicated)" in shown, shown
        both = site.audit("show", "--log", log, "--cert", certificate, "--evidence", evidence, "--index", str(before),
                          "--index", str(index)).stdout
        assert "+ executable revoked /usr/bin/app" in both, both
        told = site.tool("hallmark-signer", "policy", "explain", "app", "-c", str(site.path("signer.yaml")), "--report",
                         str(index), check=False).stdout
        assert "contraindicated: executable revoked, operators have revoked it" in told, told
        tried = site.tool("hallmark-signer", "policy", "try", str(site.path("policy.yaml")), "--log", log, "--evidence",
                          evidence, check=False)
        assert tried.returncode == 0 and "1  stays as it is" in tried.stdout, tried.stdout + tried.stderr


if __name__ == "__main__":
    run_tests(__name__)
