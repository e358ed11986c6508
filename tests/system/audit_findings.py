#!/usr/bin/python3
"""`show --findings` and `--components`: all that was found, and all that was measured, of a report
that has room for sixteen findings."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from audit import GOOD, UNKNOWN, check
from hallmark import Site, run_tests, to_yaml

FILES = 200
HOSTILE = b"/d/\x1b[31m\xff\n"
POLICY = to_yaml({
    "name": "test", "references": [{"name": "known", "file": "known.sha256"}],
    "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "require": ["files", "libraries"],
                   "files": {"references": ["known"], "changed": "contraindicated", "unknown": "warning"},
                   "libraries": {"references": ["known"]},
                   "runtime": {"facts": [{"name": "uid", "allow": ["0"]}]}}]})


def path(i):
    return f"/d/f{i:03d}"


class Judged(Site):
    """One report: every file is changed, one is not known, a fact is wrong, a component missing."""

    def __enter__(self):
        super().__enter__()
        self.write_policy(POLICY, "".join(f"{1:064x}  {path(i)}\n" for i in range(FILES)))
        self.start_signer()
        collector = self.collector()
        self.components = {
            "files": wire.component("files", [wire.file_item(path(i)) for i in range(FILES)] +
                                    [wire.file_item(HOSTILE, b"hostile")]),
            "runtime": wire.component("runtime", [wire.fact_item("uid", b"1", b"2\x07")],
                                      made=[wire.fact_item("options", b"environment=PATH")])}
        receipt = collector.submit("app", self.components)
        self.receipt = self.path("app.tlog-proof")
        self.receipt.write_bytes(wire.tlog_proof(receipt))
        self.index = receipt["index"]
        collector.close()
        logimage.published(self, self.index + 1)
        return self

    def show(self, *arguments):
        return self.audit("show", "--log", str(self.path("log")), "--index", str(self.index),
                          "--cert", str(self.path("log.crt")), *arguments, check=False)

    def shown(self, *arguments):
        done = self.show("--evidence", str(self.path("evidence")), *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def test_every_finding_worst_first():
    with Judged() as site:
        shown = site.shown("--findings")
        assert set(shown) == {"entry", "findings"}
        found = [(f["outcome"], f["kind"], f["code"], f["subject"]) for f in shown["findings"]]
        assert found == \
            [("contraindicated", "files", "changed-file", path(i)) for i in range(FILES)] + \
            [("contraindicated", "libraries", "missing-component", ""),
             ("contraindicated", "runtime", "unmatched-fact", "uid"),
             ("warning", "files", "unknown-file", "/d/\\x1b[31m\\xff\\x0a")]
        logged = shown["entry"]["submods"]["app"]
        assert logged["hallmark.finding-count"] == len(found)
        assert logged["hallmark.findings"] == \
            [{k: v for k, v in f.items() if k != "outcome"} for f in shown["findings"][:16]]


def test_what_was_measured():
    with Judged() as site:
        shown = site.shown("--components", "--findings")
        assert list(shown) == ["entry", "findings", "components"]
        files, runtime = shown["components"]["files"], shown["components"]["runtime"]
        assert [f["path"] for f in files["items"]] == \
            ["/d/\\x1b[31m\\xff\\x0a"] + [path(i) for i in range(FILES)]
        assert files["count"] == FILES + 1
        assert runtime["items"] == [{"name": "uid", "values": ["1", "2\\x07"]}]
        assert runtime["made"] == [{"name": "options", "values": ["environment=PATH"]}]


def test_people_see_the_same():
    with Judged() as site:
        text = check(site.show("--evidence", str(site.path("evidence"))), GOOD)
        assert "and 187 more, not written out here: --evidence DIR --findings" in text, text
        text = check(site.show("--evidence", str(site.path("evidence")), "--findings", "--components"), GOOD)
        for words in ("203 files: unknown-file /d/\\x1b[31m\\xff\\x0a  (warning)",
                      f"200 files: changed-file {path(199)}  (contraindicated)", "2\\x07", "made with"):
            assert words in text, (words, text)
        assert "\x1b" not in text
        of_receipt = check(site.audit("show", str(site.receipt), "--evidence", str(site.path("evidence")),
                                      "--findings", check=False), GOOD)
        assert path(199) in of_receipt


def test_what_cannot_be_told():
    with Judged() as site:
        check(site.show("--findings"), UNKNOWN, "expected --evidence with --findings")
        check(site.audit("show", "--log", str(site.path("log")), "--index", "0", "--cert",
                         str(site.path("log.crt")), "--evidence", str(site.path("evidence")),
                         "--findings", check=False), UNKNOWN, "expected a report")
        site.path("empty").mkdir()
        check(site.show("--evidence", str(site.path("empty")), "--components"), UNKNOWN, "component files")
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        # What is stored compressed does not show its names; the runtime component is too small for that.
        at = whole.index(site.components["runtime"]) + 20
        pack.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        told = check(site.show("--evidence", str(site.path("evidence")), "--components"), UNKNOWN, "component runtime")
        assert path(199) in told  # the others can be looked at


if __name__ == "__main__":
    run_tests("__main__")
