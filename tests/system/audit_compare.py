#!/usr/bin/python3
"""`hallmark-audit show A B`: in what two reports differ, of one workload or of two hosts."""

import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from audit import BAD, GOOD, UNKNOWN, check
from hallmark import Site, run_tests, to_yaml

HOSTILE = b"/d/\x1b[31m" + b"\xff long " * 30 + b"\n"
POLICY = to_yaml({
    "name": "test", "references": [{"name": "known", "file": "known.sha256"}],
    "workloads": [{"match": "*", "collectors": ["spiffe://test/**"], "require": ["executable"],
                   "executable": {"references": ["known"]}, "recorded": ["packages"],
                   "libraries": {"references": ["known"], "unknown": "warning"},
                   "runtime": {"facts": [{"name": "uid", "allow": ["0"]}]}}]})
KNOWN = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n"
                for path, content in (("/usr/bin/app", b"app"), ("/lib/a", b"a"), ("/lib/b", b"b")))
ARGUMENTS = [b"app", b"--first", b"--second", b"--require-auth"]


def components(libraries, arguments, uid=b"0", more=None):
    return {"executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"app")]),
            "libraries": wire.component("libraries", libraries),
            "runtime": wire.component("runtime", [wire.fact_item("arguments", *arguments), wire.fact_item("uid", uid)],
                                      made=[wire.fact_item("options", b"environment=PATH")]),
            **(more or {})}


class Logged(Site):
    """Of `app` on host1 two reports, on host2 one; the entries of all three."""

    def __enter__(self):
        super().__enter__()
        self.write_policy(POLICY, KNOWN)
        self.start_signer()
        a, b = wire.file_item("/lib/a", b"a"), wire.file_item("/lib/b", b"b")
        first, other = self.collector(), self.collector("host2")
        self.receipts = [
            first.submit("app", components([a, b], ARGUMENTS)),
            first.submit("app", components([a, wire.file_item("/lib/b", b"evil", mode=0o100777), wire.file_item(HOSTILE)],
                                           ARGUMENTS[:3])),
            other.submit("app", components([a] + [wire.file_item(f"/opt/{i:03}") for i in range(30)],
                                           [ARGUMENTS[0], *reversed(ARGUMENTS[1:])], uid=b"1",
                                           more={"packages": wire.component("packages", [wire.fact_item("dpkg", b"a 1")])}))]
        first.close()
        other.close()
        logimage.published(self, max(r["index"] for r in self.receipts) + 1)
        for name, receipt in zip("abc", self.receipts):
            self.path(f"{name}.tlog-proof").write_bytes(wire.tlog_proof(receipt))
        return self

    def compare(self, a, b, *arguments, evidence=True):
        index = [str(self.receipts["abc".index(n)]["index"]) for n in (a, b)]
        return self.audit("show", "--log", str(self.path("log")), "--cert", str(self.path("log.crt")), "--index", index[0],
                          "--index", index[1], *(["--evidence", str(self.path("evidence"))] if evidence else []),
                          *arguments, check=False)

    def compared(self, a, b, **options):
        done = self.compare(a, b, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def narrow(text):
    """Nobody's line is wider than a terminal, or holds what is none's to print."""
    for line in text.splitlines():
        assert len(line) <= 80 and line.isprintable(), line
    return text


def test_one_workload_at_two_times():
    with Logged() as site:
        text = narrow(check(site.compare("a", "b"), GOOD))
        heads = text.splitlines()[:4]
        assert heads[0].startswith(f"-  entry {site.receipts[0]['index']}, affirming, issued 20"), heads
        assert heads[2].startswith(f"+  entry {site.receipts[1]['index']}, contraindicated, issued 20"), heads
        assert heads[1] == heads[3] == "   app on spiffe://test/host1"
        for words in ("\n  + libraries unknown-file /d/\\x1b[31m\\xff long", "\nlibraries, 2 -> 3 items\n",
                      "\n  ~ /lib/b\n", "\n      mode     0100755 -> 0100777\n", "\n  + /d/\\x1b[31m\\xff long",
                      "\n  ~ arguments\n      - --require-auth\n", "\n1 component is the same in both\n",
                      f"sha256   {hashlib.sha256(b'b').hexdigest()[:12]} -> {hashlib.sha256(b'evil').hexdigest()[:12]}\n"):
            assert words in text, (words, text)
        for words in ("/lib/a", "--first", "uid", "\npolicy", "\ncollector\n"):
            assert words not in text, (words, text)
        assert hashlib.sha256(b"evil").hexdigest() in site.compare("a", "b", "--full").stdout.replace("\n" + 17 * " ", "")
        told = site.compared("a", "b")
        assert list(told) == ["a", "b", "values", "references", "accepted", "not_checked", "findings", "components"]
        assert (told["a"]["status"], told["b"]["status"]) == ("affirming", "contraindicated")
        assert "policy" not in told["values"] and told["values"]["status"]["a"].startswith("affirming, ")
        assert told["findings"]["only_a"] == []
        assert {(f["code"], f["subject"][:6]) for f in told["findings"]["only_b"]} == {
            ("changed-file", "/lib/b"), ("world-writable", "/lib/b"), ("unknown-file", "/d/\\x1")}
        assert told["components"]["executable"]["same"] and told["components"]["executable"]["items"] == []
        added, changed = told["components"]["libraries"]["items"]
        assert added["a"] is None and added["b"]["path"].startswith("/d/\\x1b[31m\\xff long")
        assert (changed["a"]["path"], changed["a"]["mode"], changed["b"]["mode"]) == ("/lib/b", "0100755", "0100777")
        arguments, = told["components"]["runtime"]["items"]
        assert arguments["b"]["values"] == [a.decode() for a in ARGUMENTS[:3]]
        assert told["components"]["runtime"]["made"] == []


def test_a_report_and_itself():
    with Logged() as site:
        text = narrow(check(site.compare("a", "a"), GOOD))
        assert len(text.splitlines()) == 5 and text.endswith("3 components are the same in both\n"), text
        told = site.compared("a", "a")
        assert told["values"] == {} and told["findings"] == {"only_a": [], "only_b": []}


def test_two_hosts():
    with Logged() as site:
        text = narrow(check(site.compare("a", "c"), GOOD))
        for words in ("\ncollector\n  - spiffe://test/host1\n  + spiffe://test/host2\n",
                      "\n  ~ arguments\n      in another order, from value 2 on:\n      - --first\n      + --require-auth\n",
                      "\n  ~ uid\n      - 0\n      + 1\n", "\npackages\n  + measured, 1 item\n", "  and 11 more: --full\n",
                      "\n  - /lib/b  "):
            assert words in text, (words, text)
        full = narrow(check(site.compare("a", "c", "--full"), GOOD))
        assert "more" not in full and "/opt/029" in full
        told = site.compared("a", "c")
        assert told["components"]["packages"]["a"] is None and "items" not in told["components"]["packages"]
        assert len(told["components"]["libraries"]["items"]) == 31
        back = site.compared("c", "a")
        assert back["components"]["libraries"]["items"][0]["b"]["path"] == "/lib/b"


def test_of_receipts_without_evidence():
    with Logged() as site:
        receipts = [str(site.path(f"{n}.tlog-proof")) for n in "ab"]
        text = narrow(check(site.audit("show", *receipts, check=False), GOOD))
        assert "  ~ not the same; in what, is in the evidence: --evidence DIR\n" in text
        assert "\n  + libraries changed-file /lib/b: " in text and "/lib/a" not in text
        told = site.compared("a", "b", evidence=False)
        assert not told["components"]["runtime"]["same"] and "items" not in told["components"]["runtime"]
        text = narrow(check(site.audit("show", *receipts, "--evidence", str(site.path("evidence")), check=False), GOOD))
        assert "\n      - --require-auth\n" in text


def test_what_cannot_be_told():
    with Logged() as site:
        receipts = [str(site.path(f"{n}.tlog-proof")) for n in "ab"]
        for arguments in ([*receipts, "--findings", "--evidence", "/x"], [*receipts, receipts[0]], [receipts[0], "--full"],
                          [*receipts, "--json", "--full"], [*receipts, "--log", str(site.path("log"))]):
            check(site.audit("show", *arguments, check=False), UNKNOWN, "usage: hallmark-audit")
        check(site.compare("a", "b", "--index", "1"), UNKNOWN, "--index")
        check(site.audit("show", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")), "--index", "0",
                         "--index", str(site.receipts[0]["index"]), check=False), UNKNOWN, "expected a report, found a notice (entry 0)")
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        lost = components([], ARGUMENTS[:3])["runtime"]
        assert lost in whole
        pack.write_bytes(whole.replace(lost, b"\0" * len(lost)))
        text = check(site.compare("a", "b"), UNKNOWN, "component runtime")
        assert "\n  ~ /lib/b\n" in text and "\n  ~ not the same\n" in text  # the rest is told
        site.path("a.tlog-proof").write_bytes(b"c2sp.org/tlog-proof@v1\n")
        check(site.audit("show", *receipts, check=False), BAD, "a.tlog-proof")


if __name__ == "__main__":
    run_tests("__main__")
