#!/usr/bin/python3
"""A feed of advisories beside the policy: its file counts within seconds, reports name it, verdicts fall and are lifted
by an approver's word; an auditor and the appraisal from the document alone follow it to the byte."""

import hashlib
import json
import os
import re
import time

import outputs
import rederivation
import wire
from chronicle import check
from desk import desk
from hallmark import APP, ORIGIN, run_tests
from logimage import audit, read_log

DEVELOPER, LIFETIME_S = "https://test.example", 1234
FIRST = "hallmark advisories v1\n"
APP_SHA = hashlib.sha256(b"app").hexdigest()
PACKAGES = {**APP, "packages": wire.component("packages", [["dpkg", [b"bash 5.2-1 amd64", b"openssl 3.0.1-1 amd64"]],
                                                           ["rpm", [b"openssl 1:3.0.7-9.el9 x86_64"]]])}


def feed(*lines):
    return FIRST + "".join(f"{line}\n" for line in sorted(lines))


OPENSSL = feed("package dpkg openssl CVE-1 - <3.0.9-1", "package dpkg openssl CVE-2 3.0.0 <3.0.11-1", "package dpkg openssl CVE-3 3.0.2 -",
               "package dpkg openssl CVE-4 - -", "package rpm openssl CVE-1 - <1:3.0.7-27.el9")


class Case:
    def __enter__(self):
        self.seen = {}
        self.context = desk(report={"developer": DEVELOPER, "lifetime_s": LIFETIME_S}, feeds="feeds")
        self.site, self.operators = self.context.__enter__()
        self.site.path("feeds").mkdir()
        return self

    def __exit__(self, *error):
        return self.context.__exit__(*error)

    def policy(self, feeds=({"name": "debian"},), **options):
        self.site.write_policy(top={"operators": "operators.yaml", "feeds": list(feeds)}, **options)

    def bring(self, text, name="debian", age_s=0):
        path = self.site.path("feeds") / f".{name}"
        path.write_text(text)
        written = time.time() - age_s
        os.utime(path, (written, written))
        os.rename(path, self.site.path("feeds") / name)

    def in_force(self, signer, text):
        """Waits until it says so."""
        line = signer.wait_for("feed-in-force", self.seen.get(signer.pid, 0))
        self.seen[signer.pid] = signer.lines.index(line) + 1
        return hashlib.sha256(text.encode()).hexdigest()

    def replayed(self):
        check(self.site)
        audit(self.site)
        version = self.site.tool("hallmark-signer", "--version").stdout.split()[-1]
        again = rederivation.Rederivation(rederivation.Store(self.site.path("evidence")), rederivation.Issuer(
            ORIGIN, DEVELOPER, f"hallmark-signer/{version}", LIFETIME_S))
        for index, entry in enumerate(read_log(self.site)):
            assert again.remake(entry) == entry, index


def said(receipt):
    verdict = json.loads(receipt["report"])["submods"]["app"]
    return verdict["ear.status"], [(f["kind"], f["code"], f["subject"], f["detail"]) for f in verdict["hallmark.findings"]], verdict


def test_a_feed_arrives_and_a_verdict_falls_until_an_approver_lifts_it():
    with Case() as case:
        case.policy(match="app", recorded=["packages"])
        signer = case.site.start_signer()
        collector = case.site.collector()
        status, findings, verdict = said(collector.submit("app", PACKAGES))
        assert status == "warning" and "hallmark.feeds" not in verdict
        assert findings == [("bundle", "no-feed", "debian", "expected advisories in force, found none")], findings
        case.bring(OPENSSL)
        digest = case.in_force(signer, OPENSSL)
        status, findings, verdict = said(collector.submit("app", PACKAGES))
        assert status == "warning" and verdict["hallmark.feeds"] == [digest]
        assert verdict["ear.trustworthiness-vector"]["configuration"] == 32
        assert findings == [
            ("packages", "vulnerable", "dpkg", 'CVE-1, CVE-2, CVE-4, mended by 3.0.11-1, no version mends 1, found "openssl 3.0.1-1 amd64"'),
            ("packages", "vulnerable", "rpm", 'CVE-1, mended by 1:3.0.7-27.el9, found "openssl 1:3.0.7-9.el9 x86_64"')], findings
        for number in (1, 2):
            case.operators.take("fay", "not-affected", {"advisory": f"CVE-{number}", "package": "open*", "workloads": "*"})
        assert [f[3] for f in said(collector.submit("app", PACKAGES))[1]] == [
            'CVE-4, no version mends 1, found "openssl 3.0.1-1 amd64"']
        name = case.operators.take("fay", "not-affected", {"advisory": "CVE-4", "package": "openssl", "workloads": "a*"})
        assert said(collector.submit("app", PACKAGES))[0] == "affirming"
        case.operators.take("ann", "revoke", {"statement": name})
        assert said(collector.submit("app", PACKAGES))[0] == "warning"
        assert signer.stop() == 0
        # It stays over a restart, without its file, until another takes its place.
        (case.site.path("feeds") / "debian").unlink()
        signer = case.site.start_signer()
        assert said(case.site.collector("host2").submit("app", PACKAGES))[0] == "warning"
        case.bring(FIRST)
        case.in_force(signer, FIRST)
        assert said(case.site.collector("host3").submit("app", PACKAGES))[0] == "affirming"
        assert signer.stop() == 0
        case.replayed()


def test_a_file_that_is_known_to_be_vulnerable():
    with Case() as case:
        case.policy(match="app", vulnerable="contraindicated")
        signer = case.site.start_signer()
        text = feed(f"file {APP_SHA} CVE-9")
        case.bring(text)
        case.in_force(signer, text)
        collector = case.site.collector()
        status, findings, _ = said(collector.submit("app", APP))
        assert (status, findings) == ("contraindicated", [("executable", "vulnerable", "/usr/bin/app", f"CVE-9, found sha256 {APP_SHA}")])
        case.operators.take("fay", "not-affected", {"advisory": "CVE-9", "package": "/usr/bin/*", "workloads": "app"})
        status, findings, verdict = said(collector.submit("app", APP))
        assert (status, findings) == ("affirming", [])
        assert verdict["hallmark.accepted"] == [{"kind": "executable", "code": "vulnerable"}]
        assert signer.stop() == 0
        case.replayed()


def test_what_is_no_feed_changes_nothing_and_is_said():
    with Case() as case:
        case.policy(recorded=["packages"], feeds=[{"name": "debian", "max_age_s": 1}, {"name": "gone", "max_age_s": 60}])
        case.bring(OPENSSL)
        signer = case.site.start_signer()
        case.in_force(signer, OPENSSL)
        case.bring("hallmark advisories v1\nwrong\n")
        signer.wait_for("feed-refused")
        assert said(case.site.collector().submit("app", PACKAGES))[0] == "warning"
        signer.wait_for("feed-old")
        assert signer.stop() == 0
        case.replayed()


def test_a_feed_that_is_too_old_affirms_nothing():
    """By when its file was written, which the log has: over a restart, too; the same written again makes it younger."""
    with Case() as case:
        case.policy(match="app", recorded=["packages"], feeds=[{"name": "debian", "max_age_s": 1000}, {"name": "any"}])
        signer = case.site.start_signer()
        case.bring(FIRST, "any", age_s=10**9)
        case.in_force(signer, FIRST)
        case.bring(OPENSSL, age_s=2000)
        digest = case.in_force(signer, OPENSSL)
        collector = case.site.collector()
        status, findings, verdict = said(collector.submit("app", PACKAGES))
        assert status == "warning" and digest in verdict["hallmark.feeds"]
        assert [f[:3] for f in findings] == [("bundle", "no-feed", "debian"), ("packages", "vulnerable", "dpkg"),
                                             ("packages", "vulnerable", "rpm")], findings
        assert re.fullmatch(r"expected advisories written at most 1000 s ago, found 20\d\d s", findings[0][3])
        case.bring(OPENSSL)
        signer.wait_for("feed-renewed")
        assert [f[1] for f in said(collector.submit("app", PACKAGES))[1]] == ["vulnerable", "vulnerable"]
        # It is young enough: no notice for each time that it is written.
        case.bring(OPENSSL)
        case.bring(FIRST, "any")
        case.bring(FIRST + "file " + "0" * 63 + "1 CVE-0\n", "any")
        case.in_force(signer, FIRST)
        assert sum("feed-renewed" in line for line in signer.lines) == 1
        assert signer.stop() == 0
        (case.site.path("feeds") / "debian").unlink()
        signer = case.site.start_signer()
        assert [f[1] for f in said(case.site.collector("host2").submit("app", PACKAGES))[1]] == ["vulnerable", "vulnerable"]
        assert signer.stop() == 0
        case.replayed()
    with Case() as case:
        case.policy(match="app", recorded=["packages"], no_feed="contraindicated", feeds=[{"name": "gone"}])
        signer = case.site.start_signer()
        status, findings, verdict = said(case.site.collector().submit("app", PACKAGES))
        assert (status, [f[1] for f in findings]) == ("contraindicated", ["no-feed"])
        assert verdict["ear.trustworthiness-vector"] == {"instance-identity": 2, "executables": 2}
        assert signer.stop() == 0
        case.replayed()


def test_status_and_check_tell_of_feeds():
    with Case() as case:
        case.policy(feeds=[{"name": "debian", "max_age_s": 1000}, {"name": "gone", "max_age_s": 60}, {"name": "any"}])
        signer = case.site.start_signer()
        case.bring(OPENSSL)
        digest = case.in_force(signer, OPENSSL)
        case.bring(FIRST, "any")
        case.in_force(signer, FIRST)

        def told(name):
            status = json.loads(case.site.tool("hallmark-signer", "status", "-c", str(case.site.path("signer.yaml")), "--json", check=False).stdout)
            counts = [status[f"feeds_{state}"] for state in ("missing", "refused", "old")]
            return {f["name"]: f for f in status["feeds"]}[name], counts, status

        def text(*options):
            done = case.site.tool("hallmark-signer", "status", "-c", str(case.site.path("signer.yaml")), *options, check=False)
            return done.returncode, done.stdout

        one, counts, _ = told("debian")
        assert 0 <= one.pop("age_s") < 60 and counts == [1, 0, 0]
        assert one == {"name": "debian", "sha256": digest, "advisories": 5, "max_age_s": 1000, "state": "good"}, one
        assert told("gone")[0] == {"name": "gone", "sha256": None, "advisories": None, "age_s": None, "max_age_s": 60, "state": "missing"}
        code, said_of = text()
        assert code == 1 and "\nFeed gone: none is in force" in said_of and f"\nFeed debian ({digest[:12]}..), written " in said_of, said_of
        assert "\nhallmark_feeds_missing 1\n" in text("--prometheus")[1]
        table = re.search(r"\nfeeds +sha256 +advisories +age \(s\) +at most +state\n((?:  .+\n)+)", text("--numbers")[1])[1]
        rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()}
        assert rows["debian"][:2] == [f"{digest[:12]}..", "5"] and rows["debian"][3:] == ["1000", "good"], rows
        assert rows["gone"] == ["-", "-", "-", "60", "missing"] and rows["any"][1] == "0"
        assert len({len(line.rsplit(" ", 1)[0]) for line in table.splitlines()}) == 1, table
        # What is no feed makes none younger.
        case.bring(FIRST, "gone")
        case.in_force(signer, FIRST)
        collector = case.site.collector()
        collector.submit("app", PACKAGES)
        case.bring("wrong\n", "any")
        signer.wait_for("feed-refused")
        assert told("any")[0]["state"] == "refused" and told("any")[1] == [0, 1, 0]
        assert "Feed any (" in text()[1] and "is no feed, and the one before stays" in text()[1]
        check_it = case.site.tool("hallmark-signer", "check", "-c", str(case.site.path("signer.yaml")), check=False)
        assert check_it.returncode == 1 and "feeds/any:1: " in check_it.stderr, check_it
        case.bring(FIRST, "any")
        lines = len(signer.lines)
        case.bring(FIRST, age_s=5000)
        signer.wait_for("feed-old", lines)
        one, counts, status = told("debian")
        assert one["state"] == "old" and 5000 <= one["age_s"] < 5060 and counts[2] == 1 and status["feeds_age_s"] == one["age_s"]
        (case.site.path("feeds") / "gone").unlink()
        check_it = case.site.tool("hallmark-signer", "check", "-c", str(case.site.path("signer.yaml")))
        assert "feeds/debian: written " in check_it.stdout and "feeds/gone: No such file" in check_it.stdout, check_it.stdout
        assert signer.stop() == 0


def test_whoever_asks_about_the_report_later_is_told():
    """All findings of it, why, and what another policy would have made of it."""
    with Case() as case:
        case.policy(match="app", recorded=["packages"])
        signer = case.site.start_signer()
        collector, site = case.site.collector(), case.site
        before = collector.submit("app", PACKAGES)["index"]
        case.bring(OPENSSL)
        case.in_force(signer, OPENSSL)
        index = collector.submit("app", PACKAGES)["index"]
        assert signer.stop() == 0
        log, evidence, certificate = (str(site.path(n)) for n in ("log", "evidence", "log.crt"))
        stored = ("--log", log, "--evidence", evidence)
        shown = site.audit("show", *stored, "--cert", certificate, "--index", str(index), "--findings").stdout
        assert "packages: vulnerable dpkg  (warning)" in shown, shown
        both = site.audit("show", *stored, "--cert", certificate, "--index", str(before), "--index", str(index)).stdout
        assert "+ packages vulnerable dpkg" in both, both
        told = site.tool("hallmark-signer", "policy", "explain", "app", "-c", str(site.path("signer.yaml")), "--report", str(index),
                         check=False).stdout
        of_dpkg = told[told.index("  openssl 3.0.1-1 amd64\n"):told.index("  openssl 1:3.0.7")]
        assert of_dpkg.splitlines()[:6] == [
            "  openssl 3.0.1-1 amd64", "    install    openssl at 3.0.11-1, or later", "    advisory   CVE-1 of the feed debian, mended by 3.0.9-1",
            "    advisory   CVE-2 of the feed debian, mended by 3.0.11-1", "    advisory   CVE-4 of the feed debian, mended by no version",
            "    or state   --kind not-affected --subject advisory=CVE-1 --subject"], told
        assert "warning: packages vulnerable, it has a known vulnerability (2)\n" in told, told
        in_json = json.loads(site.tool("hallmark-signer", "policy", "explain", "app", "-c", str(site.path("signer.yaml")), "--report", str(index),
                                       "--json", check=False).stdout)
        of_advisories = {name for name in outputs.listed("`hallmark-signer policy explain --json`", 1) if ".advisories[]" in name}
        assert {name for name in outputs.keys(in_json) if ".advisories[]" in name} == of_advisories
        assert [[(a["id"], a["feed"], a["package"], a["mended_by"]) for a in f["advisories"]]
                for cause in in_json["causes"] if cause["code"] == "vulnerable" for f in cause["findings"]] == [
            [("CVE-1", "debian", "openssl", "3.0.9-1"), ("CVE-2", "debian", "openssl", "3.0.11-1"), ("CVE-4", "debian", "openssl", "")],
            [("CVE-1", "debian", "openssl", "1:3.0.7-27.el9")]], in_json
        tried = site.tool("hallmark-signer", "policy", "try", str(site.path("policy.yaml")), *stored, check=False)
        assert tried.returncode == 0 and "1  stays as it is" in tried.stdout, tried.stdout + tried.stderr


if __name__ == "__main__":
    run_tests(__name__)
