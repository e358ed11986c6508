#!/usr/bin/python3
"""`hallmark-signer policy test`: cases beside a policy, and `policy record`, which makes one of a report."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from audit import audit
from hallmark import Site, program, run_tests, to_yaml
from measured import Measured

APP = hashlib.sha256(b"app").hexdigest()
LIB = hashlib.sha256(b"lib").hexdigest()
ODD = b"/opt/a \\ \x01\xff"
POLICY = {"name": "test", "references": [{"name": "known", "file": "known.sha256"}],
          "workloads": [{"match": "web-*", "collectors": ["spiffe://test/**"], "missing": "warning", "max_age_s": 100,
                         "executable": {"references": ["known"], "deleted": "warning"},
                         "libraries": {"references": ["known"], "unknown": "warning"},
                         "runtime": {"unmatched": "warning",
                                     "facts": [{"name": "uid", "equals": ["5"]}, {"name": "tracer", "allow": ["0"]}]}}]}
BASE = {"workload": "web-1", "collector": "spiffe://test/host1", "evidence": "ok.json", "at": "2026-11-30T07:00:00Z"}


def item(path, digest, **more):
    return {"path": path, "sha256": digest, "size": 3, "mode": "0100755", "uid": 0, "gid": 0, "flags": [], "details": [], **more}


EVIDENCE = {"workload": "web-1", "components": {
    "executable": {"made": [], "items": [item("/usr/bin/app", APP)]},
    "libraries": {"made": [{"name": "options", "values": ["reread_percent=2"]}], "items": [item("/usr/lib/lib.so", LIB)]},
    "runtime": {"items": [{"name": "tracer", "values": ["0"]}, {"name": "uid", "values": ["5"]}]}}}


class Cases:
    """A policy and its cases in a directory."""

    def __init__(self, *cases, policy=None, evidence=None, top=None):
        self.directory = tempfile.TemporaryDirectory(prefix="hallmark-cases-")
        self.dir = pathlib.Path(self.directory.name)
        (self.dir / "policy.yaml").write_text(to_yaml(policy or POLICY))
        (self.dir / "known.sha256").write_text(f"{APP}  /usr/bin/app\n{LIB}  /usr/lib/lib.so\n")
        (self.dir / "ok.json").write_text(json.dumps(evidence or EVIDENCE))
        (self.dir / "cases.yaml").write_text(to_yaml({**(top or {}), "cases": [{**BASE, **case} for case in cases]}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def run(self, *arguments, cases="."):
        return subprocess.run([program("hallmark-signer"), "policy", "test", str(self.dir / cases), *arguments],
                              capture_output=True, text=True, timeout=60)

    def told(self, status, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout

    def refused(self, words):
        done = self.run()
        assert done.returncode == 2 and words in done.stderr, (words, done)


CHANGES = (
    ("as it is", {"expect": "affirming", "findings": []}),
    ("another library", {"change": [{"component": "libraries", "path": "/usr/lib/lib.so", "sha256": "1" * 64}],
                         "expect": "contraindicated", "findings": ["libraries changed-file /usr/lib/lib.so"]}),
    ("one more", {"change": [{"component": "libraries", "path": "/tmp/x.so", "sha256": "1" * 64}],
                  "expect": "warning", "findings": ["libraries unknown-file"]}),
    ("another user", {"change": [{"component": "runtime", "fact": "uid", "values": ["0"]}],
                      "expect": "warning", "findings": ["runtime unmatched-fact uid"]}),
    ("a fact is not there", {"change": [{"component": "runtime", "fact": "tracer", "remove": True}], "expect": "warning"}),
    ("no libraries", {"change": [{"component": "libraries", "remove": True}], "expect": "warning",
                      "findings": ["libraries missing-component"]}),
    ("old", {"age_s": 101, "expect": "warning", "findings": ["bundle stale-evidence"]}),
    ("offline", {"offline": True, "expect": "warning", "findings": ["bundle offline-evidence"]}),
    ("a stranger", {"collector": "spiffe://other/host1", "expect": "refused"}),
    ("of nobody", {"workload": "db", "expect": "refused", "findings": []}))


def test_cases_as_expected():
    with Cases(*({"name": name, **case} for name, case in CHANGES)) as cases:
        text = cases.told(0)
        lines = text.splitlines()
        assert lines[:2] == ["TAP version 14", f"1..{len(CHANGES)}"]
        assert lines[2:2 + len(CHANGES)] == [f"ok {n} - {name}" for n, (name, _) in enumerate(CHANGES, 1)], text
        assert "10 of 10 cases are as expected; 5 of 8 keys of rules decide in them" in text, text
        assert re.findall(r"no case tries workloads\[0\]\.([^,\n]*)", text) == \
            ["executable.unknown", "executable.changed", "executable.deleted"]
        assert cases.told(0, cases="cases.yaml") == text


def test_what_is_not_as_expected_is_said():
    wrong = [("tier", {"expect": "warning"}, "expected warning, found affirming"),
             ("other finding", {**CHANGES[1][1], "findings": ["libraries unknown-file"]},
              "expected libraries unknown-file, found no such finding"),
             ("more than said", {**CHANGES[1][1], "findings": []}, "found libraries changed-file /usr/lib/lib.so "),
             ("subject", {**CHANGES[1][1], "findings": ["libraries changed-file /usr/lib/lib"]}, "no such finding"),
             ("refused", {"workload": "db", "expect": "affirming"},
              "expected affirming, found refused\n# no entry of the policy is for the workload db"),
             ("nobody", {"collector": "host9.bank", "expect": "none"}, "has no pattern for the collector host9.bank"),
             ("reason", {**CHANGES[2][1], "expect": "affirming", "findings": ["libraries unknown-file"]}, "found warning")]
    with Cases(*({"name": name, **case} for name, case, _ in wrong), {"name": "good", "expect": "affirming"}) as cases:
        text = cases.told(1, "--junit", str(cases.dir / "out.xml"))
        for number, (name, _, words) in enumerate(wrong, 1):
            part = text.split(f"not ok {number} - {name}\n")[1].split("\nnot ok")[0]
            assert words in part, (name, words, text)
        assert f"ok {len(wrong) + 1} - good" in text and "# 1 of 8 cases are as expected" in text
        suite = ElementTree.parse(cases.dir / "out.xml").getroot()
        assert suite.attrib == {"name": "policy", "tests": "8", "failures": "7", "errors": "0"}
        assert [c.get("name") for c in suite] == [name for name, _, _ in wrong] + ["good"]
        assert ["expected" in (c.findtext("failure") or "") or c.find("failure") is not None for c in suite] == [True] * 7 + [False]


def test_coverage_names_the_keys_that_nothing_tries():
    with Cases({"name": "a", "expect": "affirming"}) as cases:
        text = cases.told(0)
        tries = re.findall(r"no case tries workloads\[0\]\.([^,\n]*)", text)
        assert tries == ["missing", "executable.unknown", "executable.changed", "executable.deleted", "libraries.unknown",
                         "libraries.changed", "runtime.facts tracer", "runtime.facts uid"], tries
        assert f"0 of {len(tries)} keys" in text
        line = next(i for i, l in enumerate((cases.dir / "policy.yaml").read_text().splitlines(), 1) if "deleted" in l)
        assert f"workloads[0].executable.deleted, line {line}\n" in text


def test_faults():
    for case, words in (({"at": "today"}, "must be a time such as"), ({"expect": "good"}, '"cases[0].expect"'),
                        ({"findings": ["changed-file"]}, "a finding is a component"),
                        ({"findings": ["libraries no-such-code"]}, "a finding is a component"),
                        ({"change": [{"component": "libs", "remove": True}]}, 'found "libs"'),
                        ({"change": [{"component": "runtime", "path": "/x", "sha256": "1" * 64}]}, "fact and values"),
                        ({"change": [{"component": "libraries", "path": "/x"}]}, "path and sha256"),
                        ({"change": [{"component": "libraries", "path": "/x", "remove": True}]},
                         'there is no libraries /x to change or remove, which the case "a" does'),
                        ({"change": [{"component": "host", "fact": "x", "values": []}]}, "there is no host x"),
                        ({"change": [{"component": "runtime", "fact": "tracr", "values": ["1"]}]}, "there is no runtime tracr"),
                        ({"change": [{"component": "runtime", "fact": "taint", "values": ["1"]}]}, "there is no runtime taint"),
                        ({"change": [{"component": "libraries", "path": "/x", "sha256": "1"}]}, "64 hex digits"),
                        ({"evidence": "none.json"}, "none.json"), ({"evidence": "known.sha256"}, "expected JSON"),
                        ({"workload": "a/b"}, "must be a workload's name")):
        with Cases({"name": "a", "expect": "affirming", **case}) as cases:
            cases.refused(words)
    with Cases({"name": "a", "expect": "none"}, {"name": "a", "expect": "none"}) as cases:
        cases.refused('named "a" too')
    with Cases({"name": "a", "expect": "affirming"}, top={"policy": "other.yaml"}) as cases:
        cases.refused("other.yaml")
        assert "ok 1 - a" in cases.told(0, "--policy", str(cases.dir / "policy.yaml"))
    for key, value, words in (("sha256", "0", "64 hex"), ("size", -1, "size"), ("mode", "9", "octal"), ("flags", ["x"], "flags"),
                              ("path", "/a\\", "path"), ("path", None, "path"), ("details", "x", "details")):
        evidence = json.loads(json.dumps(EVIDENCE))
        evidence["components"]["libraries"]["items"][0][key] = value
        with Cases({"name": "a", "expect": "affirming"}, evidence=evidence) as cases:
            cases.refused(words)
    for evidence in ([], {"components": []}, {"components": {"x": {}}}, {"components": {"host": {"items": [{"name": "a"}]}}}):
        with Cases({"name": "a", "expect": "affirming"}, evidence=evidence or [1]) as cases:
            cases.refused("ok.json")


def test_many_items_and_odd_names():
    many = json.loads(json.dumps(EVIDENCE))
    many["components"]["libraries"]["items"] += [item(f"/usr/lib/{i:05}", "1" * 64) for i in range(3000)]
    with Cases({"name": "a", "expect": "warning"}, evidence=many) as cases:
        cases.told(0)
    odd = json.loads(json.dumps(EVIDENCE))
    odd["components"]["libraries"]["items"] += [item("/opt/a \\x5c \\x01\\xff", "1" * 64)]
    with Cases({"name": "a # <&\">", "expect": "warning", "findings": ["libraries unknown-file /opt/a \\x5c \\x01\\xff"]},
               evidence=odd) as cases:
        assert "ok 1 - a \\# <&\">" in cases.told(0, "--junit", str(cases.dir / "x.xml"))
        assert ElementTree.parse(cases.dir / "x.xml").getroot()[0].get("name") == 'a # <&">'


def test_a_report_is_recorded_as_a_case():
    """It comes out as it did; and as the auditor shows it."""
    with Site() as site:
        site.write_policy(to_yaml(POLICY).replace("max_age_s: 100", "max_age_s: 1000"),
                          f"{APP}  /usr/bin/app\n{LIB}  /usr/lib/lib.so\n")
        site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("web-1", {
            "executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"app")]),
            "libraries": wire.component("libraries", [wire.file_item("/usr/lib/lib.so", b"lib"), *more],
                                        made=[wire.fact_item("options", "reread_percent=2")]),
            "runtime": wire.component("runtime", [wire.fact_item("tracer", "0"), wire.fact_item("uid", "5")])})
            for more in ([], [wire.file_item(ODD, b"odd", flags=9, details=["modified=5"])])]
        collector.close()
        logimage.published(site, receipts[-1]["index"] + 1)
        recorded = []
        for number, receipt in enumerate(receipts):
            done = site.tool("hallmark-signer", "policy", "record", str(receipt["index"]), "-c", str(site.path("signer.yaml")),
                             "-o", str(site.path(f"{number}.json")))
            recorded.append(done.stdout)
        again = site.tool("hallmark-signer", "policy", "record", str(receipts[0]["index"]), "-c",
                          str(site.path("signer.yaml")), "-o", str(site.path("0.json")), check=False)
        assert again.returncode == 2 and "File exists" in again.stderr
        site.path("cases.yaml").write_text(recorded[0])
        assert f"ok 1 - entry {receipts[0]['index']}" in site.tool("hallmark-signer", "policy", "test", str(site.dir)).stdout
        heading, _, further = recorded[1].partition("\n")
        assert heading == "cases:", recorded
        site.path("cases.yaml").write_text(recorded[0] + further)
        done = site.tool("hallmark-signer", "policy", "test", str(site.dir), check=False)
        assert done.returncode == 0 and f"ok 2 - entry {receipts[1]['index']}" in done.stdout, (done, recorded)
        assert "expect: contraindicated" in recorded[1] and "expect: affirming" in recorded[0]
        shown = audit("show", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")), "--index",
                      str(receipts[1]["index"]), "--evidence", str(site.path("evidence")), "--components", "--json")
        site.path("1.json").write_text(shown.stdout)
        assert site.tool("hallmark-signer", "policy", "test", str(site.dir), check=False).stdout == done.stdout


def test_of_what_a_collector_measures():
    with Measured() as host:
        process = host.map()
        evidence = host.measure("executable", "libraries", "runtime", pid=process.pid)
        program_ = evidence["components"]["executable"]["items"][0]
        with Cases({"name": "real", "expect": "contraindicated", "findings": [f"executable changed-file {program_['path']}"]},
                   evidence=evidence,
                   policy={**POLICY, "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "recorded": ["libraries", "runtime"],
                                                    "executable": {"references": ["known"]}}]}) as cases:
            (cases.dir / "known.sha256").write_text(f"{'1' * 64}  {program_['path']}\n")
            cases.told(0)


if __name__ == "__main__":
    run_tests("__main__")
