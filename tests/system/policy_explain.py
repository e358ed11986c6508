#!/usr/bin/python3
"""`hallmark-signer policy explain`: what a policy wants in sentences, and which rule gave each finding of a report."""

import hashlib
import json
import re

import logimage
import wire
from desk import Desk
from hallmark import Site, run_tests, to_yaml

LIBRARY = "/usr/lib/libcrypto.so.3"
SETS = {"app": {"/usr/bin/app": b"app"}, "debian": {LIBRARY: b"crypto", "/usr/lib/liba.so": b"a"}}


def hex_of(content):
    return hashlib.sha256(content).hexdigest()


class Explained(Site):
    """A policy of two entries."""

    def __init__(self, collectors="spiffe://test/**", **top):
        super().__init__()
        self.connected = None
        for name, files in SETS.items():
            self.path(f"{name}.sha256").write_text("".join(f"{hex_of(c)}  {p}\n" for p, c in files.items()))
        self.policy = self.path("policy.yaml")
        self.policy.write_text(to_yaml({
            "name": "trading", **top,
            "references": [{"name": name, "file": f"{name}.sha256"} for name in SETS],
            "workloads": [
                {"match": "bot-*", "collectors": [collectors], "max_age_s": 7200, "recorded": ["host"],
                 "executable": {"references": ["app"]},
                 "libraries": {"references": ["debian"], "changed": "warning"},
                 "runtime": {"facts": [{"name": "uid", "allow": ["990"]}, {"name": "arguments", "equals": ["a", "b*"]}]}},
                {"match": "web", "collectors": [collectors], "executable": {"references": ["app"]}}]}))

    def logged(self, name, components):
        """The number of the report of this evidence."""
        if self.connected is None:
            self.connected = self.collector()
        index = self.connected.submit(name, components)["index"]
        logimage.published(self, index + 1)
        return str(index)

    def explained(self, workload, *more):
        done = self.tool("hallmark-signer", "policy", "explain", workload, "-c", str(self.path("signer.yaml")), *more,
                         check=False)
        assert all(len(line) <= 80 or max(map(len, line.split())) > 60 for line in done.stdout.split("\n")), done.stdout
        return done

    def line_of(self, text):
        return next(n for n, line in enumerate(self.policy.read_text().split("\n"), 1) if text in line)


class Revoked(Explained):
    """With operators, who revoke."""

    def __enter__(self):
        super().__enter__()
        self.operators = Desk(self)
        self.signer = self.start_signer()
        return self

    def __init__(self):
        super().__init__(operators="operators.yaml")

    def revoke(self, subject, **more):
        """Gives the statement's name, when everybody can read of it."""
        start = len(self.signer.lines)
        name = self.operators.take("ann", "revoke", subject, **more)
        logimage.published(self, int(re.search(" index=([0-9]+)", self.signer.wait_for(
            f"event=statement .*{name}", start))[1]) + 1)
        return name


def good(**other):
    return {"executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"app")]),
            "libraries": wire.component("libraries", [wire.file_item(LIBRARY, b"crypto")]),
            "runtime": wire.component("runtime", [wire.fact_item("arguments", b"a", b"b1"), wire.fact_item("uid", b"990")]),
            **other}


def words(text):
    return " ".join(text.split())


def test_what_is_revoked_that_touches_it():
    with Revoked() as site:
        debian = hashlib.sha256(site.path("debian.sha256").read_bytes()).hexdigest()
        options = {"reason": "INC-1", "not_after": 4102444800}
        touching = [(site.revoke(subject, **options), subject, said, more) for subject, said, more in (
            ({"collectors": "spiffe://test/host1", "workloads": "b*"}, "collectors spiffe://test/host1, workloads b*", ("", "")),
            ({"collectors": "spiffe://*/x"}, "collectors spiffe://*/x", ("", "")),
            ({"digest": hex_of(b"crypto")}, f"digest {LIBRARY} of debian", ("debian", LIBRARY)),
            ({"set": debian}, "set debian", ("debian", "")))]
        for subject in ({"collectors": "spiffe://other/host1"}, {"workloads": "web"}, {"set": "ab" * 32},
                        {"digest": "ab" * 32}):
            site.revoke(subject)
        text = words(site.explained("bot-1").stdout).split(" revoked ")[1]
        for name, _, said, _ in touching:
            said += f", until 2100-01-01T00:00:00Z: INC-1 (statement {name})"
            assert text.count(said) == 1, (said, text)
            text = text.replace(said, "")
        assert not text.strip(), text
        told = json.loads(site.explained("bot-1", "--json").stdout)["revoked"]
        assert sorted(told, key=lambda r: r["statement"]) == sorted((
            {"subject": subject, "statement": name, "until": "2100-01-01T00:00:00Z", "reason": "INC-1", "set": use[0],
             "path": use[1]} for name, subject, _, use in touching), key=lambda r: r["statement"])
        others = [r["subject"] for r in json.loads(site.explained("web", "--json").stdout)["revoked"]]
        assert len(others) == 2 and {"workloads": "web"} in others and {"collectors": "spiffe://*/x"} in others, others
        assert site.signer.stop() == 0
        done = site.tool("hallmark-signer", "policy", "explain", "bot-1", "--policy", str(site.policy), "--json")
        assert json.loads(done.stdout)["revoked"] is None, "no log was named"


def test_what_a_workload_needs():
    with Explained() as site:
        done = site.explained("bot-1")
        assert done.returncode == 0 and not done.stderr
        text = words(done.stdout)
        for said in ("bot-1 is judged by the entry \"bot-*\" of", "may speak for it spiffe://test/**", "oldest evidence 2 h",
                     "has to be there executable, libraries, runtime", "only recorded host",
                     "known files debian (2 files)", "known files app (1 file)",
                     "warning changed: the reference sets have another content",
                     "uid every value is like \"990\"", 'arguments exactly, in this order: "a" "b*"',
                     'namespace_mount where it was measured, every value is like "host" or "own"'):
            assert said in text, (said, done.stdout)
        assert "only recorded" not in site.explained("web").stdout
        told = json.loads(site.explained("bot-1", "--json").stdout)
        assert (told["entry"], told["file"]) == ("bot-*", str(site.policy)) and told["policy"].startswith("trading@sha256:")
        clause, = (c for c in told["clauses"] if c["part"] == "libraries" and c["name"] == "changed")
        assert clause["says"] == "warning" and clause["line"] == site.line_of("changed")
        done = site.explained("db")
        assert done.returncode == 1 and "no entry of" in done.stdout and "refused" in done.stdout
        assert json.loads(site.explained("db", "--json").stdout)["entry"] is None


def test_in_which_group_a_workload_is_or_may_be():
    canary = {"name": "canary", "collectors": ["spiffe://test/canary"], "enforce": "on"}
    groups = [canary, {"name": "named", "enforce": "warn"}, {"name": "webs", "workloads": ["w*"], "enforce": "off"},
              {"name": "root", "facts": [{"name": "uid", "allow": ["0"]}], "enforce": "warn"},
              {"name": "rest", "workloads": ["*"], "enforce": "off"}, {"name": "behind", "workloads": ["*"]}]

    def told(site, workload):
        clauses = json.loads(site.explained(workload, "--json").stdout)["clauses"]
        return [(c["subject"], c["says"].split(";")[0]) for c in clauses if c["name"] == "groups" and c["part"] == ""]

    on, warn, off = "this policy decides", "the policy before decides, and this one warns", "the policy before decides"
    with Explained(rollout={"from": "0" * 64}, groups=groups) as site:
        assert told(site, "bot-1") == [("canary", on), ("root", warn), ("rest", off)]
        assert told(site, "web") == [("canary", on), ("webs", off)]
        text = words(site.explained("bot-1").stdout)
        assert ("canary this policy decides; group 1, collectors like \"spiffe://test/canary\" root the policy before "
                "decides, and this one warns; group 4, fact uid: every value is like \"0\" rest the policy before") in text, text
        policy = site.policy.read_text()
        assert policy.count('"web"') == 1
        site.policy.write_text(policy.replace('"web"', '"web"\n    group: named'))
        assert told(site, "web") == [("named", warn)], site.policy.read_text()
    with Explained(groups=[canary]) as site:
        assert told(site, "web") == [("canary", on), ("in none", on)]
    with Explained() as site:
        assert not told(site, "web")


def test_why_a_report_is_as_it_is():
    with Explained() as site:
        signer = site.start_signer()
        fine = site.logged("bot-1", good())
        index = site.logged("bot-1", good(
            libraries=wire.component("libraries", [
                wire.file_item("/tmp/a\x1b[31m.so", b"crypto"), wire.file_item("/tmp/evil.so", b"evil"),
                wire.file_item(LIBRARY, b"other")]),
            runtime=wire.component("runtime", [wire.fact_item("arguments", b"a", b"b", b"c"), wire.fact_item("uid", b"0")])))
        done = site.explained("bot-1", "--report", fine)
        assert done.returncode == 0 and "bot-1 on spiffe://test/host1 is affirming: entry" in words(done.stdout), done
        done = site.explained("bot-1", "--report", index)
        text = words(done.stdout)
        assert done.returncode == 1 and "is contraindicated because of 4 things: entry" in text, done
        assert "\x1b" not in done.stdout and "\\x1b[31m.so" in done.stdout
        for said in (
                "contraindicated: libraries unknown-file, no reference set has this path (2)",
                f"rule {site.policy}:{site.line_of('libraries')}, libraries, unknown, which is left out there",
                "expected a file of debian to mend find who put it there",
                f"/tmp/evil.so found sha256 {hex_of(b'evil')} no set of the policy has this digest",
                f"found sha256 {hex_of(b'crypto')} set debian has this digest as {LIBRARY}",
                f"warning: libraries changed-file, the reference sets have another content for this path rule {site.policy}:"
                f"{site.line_of('changed')}, libraries, changed expected a file of debian",
                f"{LIBRARY} expected sha256 {hex_of(b'crypto')} found {hex_of(b'other')}",
                'expected exactly, in this order: "a" "b*" to mend',
                f'rule {site.policy}:{site.line_of("uid")}, runtime, facts expected every value is like "990"', 'found "0"'):
            assert said in text, (said, done.stdout)
        told = json.loads(site.explained("bot-1", "--report", index, "--json").stdout)
        assert told["total"] == 5 and told["status"] == "contraindicated"
        assert [c["code"] for c in told["causes"]] == ["unknown-file", "unmatched-fact", "unmatched-fact", "changed-file"]
        first, second = told["causes"][0]["findings"]
        assert first["sets"] == [{"name": "debian", "path": LIBRARY}] and second["sets"] == []
        # The policy of the disk is another one by now: its lines are not those of the report's.
        site.policy.write_text("# new\n" + site.policy.read_text())
        assert "rule line " in words(site.explained("bot-1", "--report", index).stdout)
        assert signer.stop() == 0


def test_what_is_expected_is_what_counted_then():
    with Explained() as site:
        for name in ("one", "two"):
            site.path(f"{name}.sha256").write_text(f"{hex_of(name.encode())}  /usr/bin/app\n")
        site.policy.write_text(to_yaml({
            "name": "releases",
            "families": [{"name": "app", "releases": [{"name": n, "file": f"{n}.sha256"} for n in ("one", "two")]}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "executable": {"references": ["app"]}}]}))
        signer = site.start_signer()
        index = site.logged("bot-1", {"executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"one")])})
        text = words(site.explained("bot-1", "--report", index).stdout)
        assert "other-release" in text and "expected a file of app@two to mend" in text, text
        assert "set app@one has this digest as /usr/bin/app" in text
        text = words(site.explained("bot-1").stdout)
        assert "app@one (1 file, does not count) app@two (1 file, the last release)" in text, text
        assert signer.stop() == 0


def test_a_policy_in_several_files():
    with Explained() as site:
        policy = site.policy.read_text()
        common = site.path("common.yaml")
        common.write_text("rules:\n  - name: hard\n    runtime: {facts: [{name: tracer, allow: [\"0\"]}]}\n")
        site.policy.write_text("include: [{name: common, file: common.yaml}]\ndefaults: {use: [hard]}\n" + policy)
        signer = site.start_signer()
        index = site.logged("web", {"executable": good()["executable"],
                                    "runtime": wire.component("runtime", [wire.fact_item("tracer", b"1")])})
        done = site.explained("web")
        assert f"\nruntime, {common}:3\n" in done.stdout and f"of {site.policy}:" in words(done.stdout), done.stdout
        assert "\nexecutable, line " in done.stdout
        told = json.loads(site.explained("web", "--json").stdout)
        assert {(c["file"], c["line"]) for c in told["clauses"] if c["subject"] == "tracer"} == {(str(common), 3)}
        text = words(site.explained("web", "--report", index).stdout)
        assert 'rule line 3 of the stored include common, runtime, facts expected every value is like "0"' in text, text
        assert signer.stop() == 0
        shown = site.tool("hallmark-signer", "policy", "fmt", str(site.policy), "--expanded", "--workload", "web").stdout
        assert 'match: "web"\n' in shown and "tracer" in shown and "use:" not in shown and "bot-" not in shown, shown
        whole = site.tool("hallmark-signer", "policy", "fmt", str(site.policy), "--expanded").stdout
        site.path("whole.yaml").write_text(whole)
        done = site.tool("hallmark-signer", "policy", "diff", str(site.policy), str(site.path("whole.yaml")), check=False)
        assert done.returncode == 1 and done.stdout.startswith("another policy that says the same, spelled"), done
        for arguments, status in ((["--expanded", "--check"], 2), (["--workload", "web"], 2),
                                  (["--expanded", "--workload", "none"], 1)):
            done = site.tool("hallmark-signer", "policy", "fmt", str(site.policy), *arguments, check=False)
            assert (done.returncode, done.stdout) == (status, ""), done


def test_many_files_of_one_cause():
    with Explained() as site:
        signer = site.start_signer()
        index = site.logged("bot-2", good(libraries=wire.component(
            "libraries", [wire.file_item(f"/opt/{n:04}.so", b"%d" % n) for n in range(2000)])))
        done = site.explained("bot-2", "--report", index)
        assert "because of one thing" in done.stdout and "(2000)" in done.stdout and done.stdout.count("/opt/") == 5
        assert "\n  and 1995 more: --all\n" in done.stdout
        assert site.explained("bot-2", "--report", index, "--all").stdout.count("/opt/") == 2000
        assert signer.stop() == 0


def test_what_cannot_be_told():
    with Explained() as site:
        signer = site.start_signer()
        index = site.logged("web", {"executable": good()["executable"]})
        for report, said in (("99", "no such entry yet"), ("x", "expected the number"), ("0", "it is no report"),
                             (index, "is of the workload web")):
            done = site.explained("bot-1", "--report", report)
            assert (done.returncode, done.stdout) == (2, "") and said in done.stderr, done
        assert signer.stop() == 0
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        pack.write_bytes(whole.replace(good()["executable"], bytes(len(good()["executable"]))))
        done = site.explained("web", "--report", index)
        assert (done.returncode, done.stdout) == (2, "") and re.search("component executable [0-9a-f]{64}: ", done.stderr)
        site.policy.write_text("name: x\n")
        done = site.explained("web")
        assert done.returncode == 2 and '"workloads"' in done.stderr
        for arguments in ([], ["web"], ["web", "bot"], ["web", "--report", "1"], ["web", "--no-such"], ["web", "--policy"],
                          ["web", "--json", "--json", "--policy", "x"]):
            done = site.tool("hallmark-signer", "policy", "explain", *arguments, check=False)
            assert (done.returncode, done.stdout) == (2, "") and "usage: " in done.stderr, done
        for arguments in ([], ["explian"]):
            done = site.tool("hallmark-signer", "policy", *arguments, check=False)
            assert (done.returncode, done.stdout) == (2, "") and "usage: " in done.stderr, done

def test_a_report_is_explained_as_soon_as_its_receipt_is_there():
    """The log is published a moment later; that is waited for, and not long."""
    with Explained() as site:
        signer = site.start_signer()
        collector = site.collector()
        for n in range(5):
            index = collector.submit(f"bot-{n}", good())["index"]
            done = site.explained(f"bot-{n}", "--report", str(index))
            assert done.returncode == 0 and "affirming" in done.stdout, done
        done = site.explained("bot-0", "--report", "99")
        assert done.returncode == 2 and "no such entry yet" in done.stderr, done
        assert signer.stop() == 0



if __name__ == "__main__":
    run_tests("__main__")
