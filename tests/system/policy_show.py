#!/usr/bin/python3
"""`hallmark-signer policy show`: any policy of a log by its id, with its files; it loads again as the same."""

import hashlib
import json

import logimage
import wire
from hallmark import Site, run_tests, to_yaml


class Kept(Site):
    def __init__(self, elsewhere=False):
        super().__init__()
        self.path("refs/deep").mkdir(parents=True)
        self.files = {"refs/deep/one.sha256": "1" * 64 + "  /usr/bin/one\n", "two.sha256": "2" * 64 + "  /usr/bin/two\n",
                      "refs/common.yaml": "references: [{name: below, file: deep/below}]\n",
                      "refs/deep/below": "5" * 64 + "  /usr/bin/below\n", "refs/old": "3" * 64 + "  /usr/bin/app\n", "refs/new": "4" * 64 + "  /usr/bin/app\n"}
        for name, content in self.files.items():
            self.path(name).write_text(content)
        second = str(self.path("two.sha256")) if elsewhere else "two.sha256"
        self.policy = self.path("policy.yaml")
        self.policy.write_text("# kept with its remarks\n" + to_yaml({
            "name": "kept", "include": [{"name": "common", "file": "refs/common.yaml"}],
            "references": [{"name": "one", "file": "refs/deep/one.sha256"}, {"name": "two", "file": second},
                           {"name": "again", "file": "refs/deep/one.sha256"}],
            "families": [{"name": "app", "releases": [{"name": n, "file": f"refs/{n}"} for n in ("old", "new")]}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"],
                           "executable": {"references": ["one", "two", "again", "app", "below"]}}]}))

    def shown(self, *arguments):
        return self.tool("hallmark-signer", "policy", "show", *arguments, check=False)

    def logged(self):
        collector = self.collector()
        index = collector.submit("app", {"executable": wire.component(
            "executable", [wire.file_item("/usr/bin/app", b"app")])})["index"]
        collector.close()
        logimage.published(self, index + 1)
        return index

    def id(self):
        return json.loads(self.tool("hallmark-signer", "check", "-c", str(self.path("signer.yaml")), "--json").stdout)["policy"]


def test_by_id_by_digest_and_by_report():
    with Kept() as site:
        signer = site.start_signer()
        index, evidence = site.logged(), str(site.path("evidence"))
        assert signer.stop() == 0
        policy_id = site.id()
        site.policy.write_text("name: another\n")
        done = site.shown(policy_id, "--evidence", evidence)
        assert done.returncode == 0 and done.stdout.startswith(f"{policy_id}\n\nKIND"), done
        assert all(len(line) <= 90 for line in done.stdout.split("\n"))
        assert site.shown(policy_id.split(":")[1], "-c", str(site.path("signer.yaml"))).stdout == done.stdout
        assert site.shown(str(index), "--log", str(site.path("log")), "--evidence", evidence).stdout == done.stdout
        told = json.loads(site.shown(policy_id, "--evidence", evidence, "--json").stdout)
        assert told["policy"] == policy_id
        found = {(f["kind"], f["name"]): f for f in told["files"]}
        assert set(found) == {("policy", "kept"), *(("reference", name) for name in (
            "one", "two", "again", "app@old", "app@new", "below")), ("include", "common")}
        one = found["reference", "one"]
        content = site.files["refs/deep/one.sha256"].encode()
        assert (one["file"], one["size"], one["sha256"]) == (
            "refs/deep/one.sha256", len(content), hashlib.sha256(content).hexdigest())


def test_it_is_put_back_as_it_was():
    with Kept() as site:
        signer = site.start_signer()
        policy_id, before, output = site.id(), site.policy.read_bytes(), site.path("back")
        site.logged()
        assert signer.stop() == 0
        done = site.shown(policy_id, "-c", str(site.path("signer.yaml")), "-o", str(output))
        assert done.returncode == 0 and not done.stderr and f"written to {output}\n" in done.stdout, done
        assert (output / "policy.yaml").read_bytes() == before
        assert {str(p.relative_to(output)) for p in output.rglob("*") if p.is_file()} == {"policy.yaml", *site.files}
        done = site.tool("hallmark-signer", "policy", "diff", str(output / "policy.yaml"), str(site.policy))
        assert done.stdout.startswith("one policy, to the byte\n")
        done = site.shown(policy_id, "-c", str(site.path("signer.yaml")), "-o", str(output))
        assert done.returncode == 2 and not done.stdout and "File exists" in done.stderr


def test_nothing_is_written_elsewhere():
    with Kept(elsewhere=True) as site:
        signer = site.start_signer()
        site.logged()
        assert signer.stop() == 0
        output, two = site.path("back"), site.path("two.sha256")
        two.write_text("mine")
        site.policy.write_text(site.policy.read_text())
        done = site.shown(logged_policy(site), "-c", str(site.path("signer.yaml")), "-o", str(output))
        assert done.returncode == 0 and f"{two} is written as reference-two\n" in done.stderr, done
        assert two.read_text() == "mine" and (output / "reference-two").read_text() == site.files["two.sha256"]


def logged_policy(site):
    report = next(json.loads(e) for e in logimage.read_log(site) if e.startswith(b'{"eat_profile"'))
    return report["submods"]["app"]["ear.appraisal-policy-id"]


def test_what_cannot_be_shown():
    with Kept() as site:
        signer = site.start_signer()
        site.logged()
        assert signer.stop() == 0
        evidence, log = str(site.path("evidence")), str(site.path("log"))
        for arguments, said in ((["0" * 64, "--evidence", evidence], "no such policy"),
                                (["kept", "--evidence", evidence], "expected NAME@sha256:HEX"),
                                (["1", "--evidence", evidence], "expected NAME@sha256:HEX"),
                                (["0", "--evidence", evidence, "--log", log], "it is no report"),
                                (["99", "--evidence", evidence, "--log", log], "no such entry"),
                                (["0" * 64, "--evidence", "/none"], "found none that can be read"),
                                (["0" * 64], "usage: "), (["--evidence", evidence], "usage: ")):
            done = site.shown(*arguments)
            assert (done.returncode, done.stdout) == (2, "") and said in done.stderr, done
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        pack.write_bytes(whole.replace(b"  /usr/bin/two", b"  /usr/bin/TWO"))
        done = site.shown(logged_policy(site), "--evidence", evidence)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr, done


if __name__ == "__main__":
    run_tests("__main__")
