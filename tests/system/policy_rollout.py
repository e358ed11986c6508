#!/usr/bin/python3
"""A policy that is rolled out: a canary host first, the others by the one before, with what the new one says beside."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from hallmark import Site, run_tests, to_yaml

PROGRAM = wire.component("executable", [wire.file_item("/usr/bin/app", b"app")])
HOSTS = ("canary", "host1", "host2")


class Rolling(Site):
    """One workload on three hosts."""

    def __enter__(self):
        super().__enter__()
        self.collectors, self.signer = {}, None
        for host in HOSTS:
            self.issue(host, uri=f"spiffe://test/{host}")
        return self

    def connect(self):
        before, self.collectors = self.collectors, {host: self.collector(host) for host in HOSTS}
        for host, one in before.items():
            self.collectors[host].chains, self.collectors[host].fresh = one.chains, one.fresh

    def decide(self, strict, groups=None, older=None, name="app"):
        """By a policy that knows the program, or not."""
        known = self.path("known.sha256").read_text() if not strict else f"{'0' * 63}1  /usr/bin/app\n"
        reference = "strict.sha256" if strict else "lenient.sha256"
        self.path(reference).write_text(known)
        top = {key: said for key, said in (("rollout", {"from": older} if older else None), ("groups", groups)) if said}
        self.path("policy.yaml").write_text(to_yaml({
            "name": name, **top, "references": [{"name": "known", "file": reference}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "executable": {"references": ["known"]}}]}))
        if self.signer is None:
            self.signer = self.start_signer()
            return True
        return self.reload()

    def reload(self):
        start = len(self.signer.lines)
        self.signer.signal(1)
        return "event=reloaded" in self.signer.wait_for("event=reload", start)

    def in_force(self):
        said = [line for line in self.signer.lines if "policy=" in line]
        return re.search(r"@sha256:([0-9a-f]{64})", said[-1])[1]

    def report(self, host):
        receipt = self.collectors[host].submit("app", {"executable": PROGRAM})
        (verdict,) = json.loads(receipt["report"])["submods"].values()
        self.newest = receipt["index"]
        return verdict["ear.status"], verdict.get("hallmark.group"), verdict.get("hallmark.rollout")

    def explained(self):
        """The newest report."""
        logimage.published(self, self.newest + 1)
        return self.tool("hallmark-signer", "policy", "explain", "app", "--report", str(self.newest), "--log",
                         str(self.path("log")), "--evidence", str(self.path("evidence"))).stdout

    def shown(self, form="--json"):
        return self.tool("hallmark-signer", "status", "-c", str(self.path("signer.yaml")), form).stdout

    def counted(self):
        """{group: (enforce, workloads, would fall)}, None: who is in none; and who is not judged yet."""
        told = json.loads(self.shown())
        return ({g["name"]: (g["enforce"], g["workloads"], g["falls"]) for g in told["groups"]},
                told["unjudged_workloads"])

    def checked(self):
        """(whether it is good, faults, notes)"""
        told = json.loads(self.tool("hallmark-signer", "check", "-c", str(self.path("signer.yaml")), "--json",
                                    check=False).stdout)
        return told["good"], [f["text"] for f in told["faults"]], [n["text"] for n in told["notes"]]

    def falls(self):
        """Workloads of which some verdict would be worse if the policy as it is configured decided everywhere."""
        done = self.tool("hallmark-signer", "policy", "try", str(self.path("policy.yaml")), "-c",
                         str(self.path("signer.yaml")), "--json", check=False)
        assert done.stdout, done.stderr
        told = json.loads(done.stdout)
        text = self.tool("hallmark-signer", "policy", "try", str(self.path("policy.yaml")), "-c",
                         str(self.path("signer.yaml")), check=False).stdout
        rows = re.findall(r"^  (in none|\S+) +(\d+) +(\d+) +(\d+) +(\d+)$", text, re.M)
        groups = {g["name"]: g["falls"] for g in told["groups"]}
        assert [(name, int(falls)) for name, falls, *_ in rows] == [(n or "in none", f) for n, f in groups.items()], text
        return told["workloads"]["falls"], groups

    def replayed(self):
        logimage.published(self, self.newest + 1)
        log, evidence, certificate = (str(self.path(n)) for n in ("log", "evidence", "log.crt"))
        return self.audit("replay", "--log", log, "--evidence", evidence, "--cert", certificate, "--all", check=False)


def groups(rest):
    return [{"name": "canary", "collectors": ["spiffe://test/canary"], "enforce": "on"},
            {"name": "rest", "workloads": ["*"], "enforce": rest}]


def test_a_canary_first_then_all():
    with Rolling() as site:
        site.decide(strict=False)
        site.connect()
        old = site.in_force()
        assert {site.report(host) for host in HOSTS} == {("affirming", None, None)}
        assert site.counted() == ({None: ("on", 3, 0)}, 0)
        assert site.decide(strict=True, groups=groups("off"), older=old)
        none = {None: ("on", 0, 0)}
        assert site.counted() == ({"canary": ("on", 0, 0), "rest": ("off", 0, 0), **none}, 3)
        assert site.report("canary") == ("contraindicated", "canary", None)
        for host in HOSTS[1:]:
            status, group, beside = site.report(host)
            assert (status, group) == ("affirming", "rest")
            assert beside == {"enforce": "off", "decided": f"app@sha256:{old}", "status": "contraindicated",
                              "finding-count": 1}
        counted = {"canary": ("on", 1, 0), "rest": ("off", 2, 2), **none}, 0
        assert site.counted() == counted
        assert json.loads(site.shown())["rollout_from"] == old
        said = site.shown("--numbers")
        assert re.search(r"^  rest +off +2 +2$", said, re.M) and re.search(r"^  - +on +0 +0$", said, re.M), said
        said = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), check=False).stdout
        assert (f"Policy app is rolled out; where it is not on, the one before decides ({old[:12]}..).\n"
                "  canary (on): 1 workload\n  rest (off): 2 workloads, 2 would fall\n") in said, said
        said = site.shown("--prometheus")
        for line in ('workloads{enforce="on"} 1', 'workloads{enforce="off"} 2', 'falls{enforce="off"} 2',
                     'falls{enforce="warn"} 0'):
            assert f"\nhallmark_rollout_{line}\n" in said, said
        told = site.explained()
        shown = site.audit("show", "--log", str(site.path("log")), "--cert",
                           str(site.path("log.crt")), "--index", str(site.newest)).stdout
        assert re.search(rf"decided by +app@sha256:{old}\n", shown) and "(enforce: off) and gives contraindicated" in shown, shown
        assert f"by app@sha256:{old}\n" in told and "in the group rest (enforce: off), where the policy in force," in told, told
        assert site.falls() == (3, {"canary": 1, "rest": 2, None: 0}), "all of them were affirming at some time"
        assert site.decide(strict=True, groups=groups("warn"), older=old), "the same one may be rolled out on"
        assert site.report("host1")[0] == "warning"
        once = {"canary": ("on", 0, 0), "rest": ("warn", 1, 1), **none}, 2
        assert site.counted() == once
        for lost in ((), site.path(".").glob("index.db*")):
            assert site.signer.stop() == 0
            for file in lost:
                file.unlink()
            site.signer = site.start_signer()
            assert site.counted() == once, "a start finds the same, with an index or from the log"
        site.connect()
        assert site.report("host2")[0] == "warning", "and a start goes on with it"
        assert site.decide(strict=True)
        assert {site.report(host) for host in HOSTS} == {("contraindicated", None, None)}
        done = site.replayed()
        assert "11 the same, 0 different, 0 not possible" in done.stdout, done.stdout


def test_nothing_decides_that_has_given_way_or_was_never_in_force():
    with Rolling() as site:
        site.decide(strict=True)
        site.connect()
        first = site.in_force()
        assert site.decide(strict=False)
        second = site.in_force()
        for older in (first, "0" * 63 + "1"):
            assert not site.decide(strict=True, groups=groups("off"), older=older)
            assert any(f"expected the manifest in force, {second}" in line and f"found {older}" in line
                       for line in site.signer.lines)
            assert site.report("host1") == ("affirming", None, None), "all stays as it was"
            logimage.published(site, site.newest + 1)
            good, faults, notes = site.checked()
            assert not good and not any("rollout" in note for note in notes), notes
            assert any(re.search(rf"rollout.from: expected the manifest in force, {second}, found {older}: .* write the "
                                 "first one here", fault)
                       for fault in faults), faults
        assert site.signer.stop() == 0
        refused = site.start_signer(wait=False)
        refused.wait_for("event=rollout-refused")
        assert refused.wait() != 0, "nor at a start"
        site.signer = None
        for rest in ("off", "warn"):
            site.decide(strict=True, groups=groups(rest), older=second)
            assert site.checked()[0], "it may follow; and another may that is rolled out against the same"
        assert site.signer.stop() == 0
        site.path("log").rename(site.path("elsewhere"))
        good, _, notes = site.checked()
        assert good and any("`hallmark-signer status` has that" in note for note in notes), notes


def test_a_new_log_has_nothing_to_be_rolled_out_against():
    with Rolling() as site:
        site.path("lenient.sha256").write_text(site.path("known.sha256").read_text())
        site.path("policy.yaml").write_text(to_yaml({
            "name": "app", "rollout": {"from": "0" * 64}, "references": [{"name": "known", "file": "lenient.sha256"}],
            "workloads": [{"match": "*", "collectors": ["*"], "executable": {"references": ["known"]}}]}))
        signer = site.start_signer(wait=False)
        assert "expected the manifest in force, none" in signer.wait_for("event=rollout-refused")
        assert signer.wait() != 0


if __name__ == "__main__":
    run_tests(__name__)
