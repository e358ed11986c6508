#!/usr/bin/python3
"""`hallmark-signer policy diff`: what changes from one policy to another, in words."""

import copy
import hashlib
import json

from hallmark import Site, run_tests, to_yaml

POLICY = {
    "name": "trading",
    "references": [{"name": "app", "file": "app.sha256"}, {"name": "debian", "file": "debian.sha256"}],
    "workloads": [
        {"match": "bot-*", "collectors": ["a", "b", "c"], "report_every_s": 900,
         "executable": {"references": ["app"], "deleted": "warning"},
         "libraries": {"references": ["debian"]},
         "runtime": {"facts": [{"name": "uid", "allow": ["990"]}, {"name": "uid", "count": "= 1"},
                               {"name": "arguments", "equals": ["x"]}]}},
        {"match": "web", "collectors": ["a"], "executable": {"references": ["app"]}}]}


def sums(files):
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files.items())


class Compared(Site):
    def written(self, name, change=lambda policy: None, app=None, debian=None, packages=b""):
        """A policy in a directory of its own: what is said above, but for this."""
        policy = copy.deepcopy(POLICY)
        change(policy)
        where = self.path(name)
        where.mkdir()
        (where / "app.sha256").write_text(sums(app or {"/usr/bin/app": b"app"}))
        (where / "debian.sha256").write_text(sums(debian or {f"/usr/lib/{n}": b"%d" % n for n in range(10, 30)}))
        (where / "packages").write_bytes(packages)
        (where / "policy.yaml").write_text(to_yaml(policy))
        return str(where / "policy.yaml")

    def compared(self, old, new, *more):
        return self.tool("hallmark-signer", "policy", "diff", old, new, *more, check=False)

    def told(self, old, new):
        done = self.compared(old, new, "--json")
        return [{k: v for k, v in d.items() if k not in ("about", "entry")} | {"at": d["entry"]}
                for d in json.loads(done.stdout)["differences"]]


def test_the_same_and_the_same_spelled_otherwise():
    with Compared() as site:
        one, other = site.written("one"), site.written("other")
        done = site.compared(one, other)
        assert done.returncode == 0 and done.stdout.startswith("one policy, to the byte\n"), done
        with open(other, "a", encoding="ascii") as file:
            file.write("# a remark\n")
        done = site.compared(one, other)
        assert done.returncode == 1 and done.stdout.startswith("another policy that says the same, spelled"), done
        assert site.told(one, other) == []
        said = site.written("said", lambda p: p["workloads"][1].update(max_age_s=300, require=["executable"]))
        assert site.told(one, said) == []


def test_what_is_different():
    with Compared() as site:
        one = site.written("one")

        def change(policy):
            bot = policy["workloads"][0]
            bot.update(collectors=["a", "d", "e"], report_every_s=600, recorded=["host"])
            bot["executable"].pop("deleted")
            bot["runtime"]["facts"][0] = {"name": "uid", "allow": ["0"], "unmatched": "warning"}
            policy["name"] = "new"
            policy["workloads"][1]["match"] = "\u00fc*"

        other = site.written("other", change)

        def clause(part, name, was, now, subject=""):
            return {"at": "bot-*", "part": part, "name": name, "subject": subject, "was": was, "is": now}

        assert site.told(one, other) == [
            {"at": "", "part": "", "name": "name", "subject": "", "was": "trading", "is": "new"},
            clause("", "collectors", "b", None), clause("", "collectors", "c", None),
            clause("", "collectors", None, "d"), clause("", "collectors", None, "e"),
            clause("", "report_every_s", "every 15 min", "every 10 min"),
            clause("executable", "deleted", "warning", "contraindicated"),
            clause("runtime", "facts", 'every value is like "990"', 'every value is like "0"; else warning', "uid"),
            clause("", "recorded", None, "host"),
            {"at": "web", "change": "removed"}, {"at": "\u00fc*", "change": "added"}]
        done = site.compared(one, other)
        assert done.returncode == 1 and done.stdout.startswith("11 differences\n  from  trading@sha256:"), done
        assert done.stdout.count('entry "bot-*"') == 1 and done.stdout.count("\n  collectors\n") == 1
        assert "\n  executable, deleted\n    was         warning\n    is          contraindicated\n" in done.stdout
        assert "\n    no longer   b\n" in done.stdout and "\n    now         e\n" in done.stdout
        assert '\nentry "\u00fc*"\n  is new\n' in done.stdout
        assert all(len(line) <= 80 for line in done.stdout.split("\n") if "@sha256:" not in line)


def test_what_is_judged_before_a_start():
    """All of it where it comes, since what runs may be judged otherwise."""
    with Compared() as site:
        one = site.written("one", lambda p: p["workloads"][1].update(start={}))
        none = site.written("none")
        other = site.written("other", lambda p: p["workloads"][1].update(start={"executable": {"unknown": "none"}}))
        assert site.told(one, other) == [
            {"at": "web", "part": "executable", "phase": "start", "name": "unknown", "subject": "",
             "was": "contraindicated", "is": "none"}]
        came = site.told(none, one)
        assert came[0] == {"at": "web", "part": "", "name": "start", "subject": "",
                           "was": "is not judged before: the gate lets nothing through",
                           "is": "is judged before, by rules of its own"}
        assert len(came) > 10 and all(d["was"] is None and d["phase"] == "start" for d in came[1:])
        words = " ".join(site.compared(one, other).stdout.split())
        assert "start, executable, unknown was contraindicated is none" in words, words
        told = site.tool("hallmark-signer", "policy", "explain", "web/start", "--policy", other).stdout
        assert "its start" not in told and "may speak" not in told and ":%d" % (
            1 + open(other, encoding="ascii").read().splitlines().index("    start:")) in told, told
        assert "its start" in site.tool("hallmark-signer", "policy", "explain", "web", "--policy", other).stdout


def test_sets_and_the_order_of_entries():
    with Compared() as site:
        one = site.written("one")
        debian = {f"/usr/lib/{n}": b"%d" % (n if n < 25 else 0) for n in range(12, 40)}
        other = site.written("other", lambda p: (p["workloads"].reverse(),
                                                 p["references"].append({"name": "more", "file": "app.sha256"})),
                             app={"/usr/bin/app": b"app", "/usr/bin/\u202eb": b"x"}, debian=debian)
        app, libs = [d for d in site.told(one, other) if "set" in d]
        assert (app["set"], app["lines_was"], app["lines_is"]) == ("app", 1, 2)
        assert app["paths"] == [{"change": "added", "path": "/usr/bin/\\xe2\\x80\\xaeb"}]
        assert [p["change"] for p in libs["paths"]] == ["removed"] * 2 + ["changed"] * 5 + ["added"] * 10
        done = site.compared(one, other)
        assert "the set debian has 28 lines, had 20: 10 paths added, 2 paths removed, 5 paths changed" in \
            " ".join(done.stdout.split()), done.stdout
        assert "    - /usr/lib/10\n    - /usr/lib/11\n    ~ /usr/lib/25\n" in done.stdout
        assert "    and 12 more: --all\n" in done.stdout and "\u202e" not in done.stdout
        assert 'entry "web"\n  is tried before others' in done.stdout
        assert "more:" not in site.compared(one, other, "--all").stdout
        assert "references more\n    now         always counts\n" in done.stdout


def test_package_lists():
    """One package more that a host may have is a difference, and which list has it."""
    with Compared() as site:
        def listed(policy):
            policy["package_lists"] = [{"name": "debian", "file": "packages"}]
            policy["workloads"][1]["packages"] = {"lists": ["debian"]}

        lists = [b"dpkg a 1\n", b"dpkg a 1\ndpkg netcat 2\n"]
        one, other = (site.written(name, listed, packages=content) for name, content in zip(("one", "other"), lists))
        was, now = (f"{n} package{'s' if n > 1 else ''}, sha256 {hashlib.sha256(content).hexdigest()}"
                    for n, content in enumerate(lists, 1))
        assert site.told(one, other) == [
            {"at": "", "part": "", "name": "package_lists", "subject": "debian", "was": was, "is": now}]


def test_no_difference_hides_in_words():
    """Not behind a cut, and not in quotation marks: two that are denied are not one with a mark in it."""
    long, marks, day = "/" + 4000 * "d", 200 * "\\", {"until": "2027-01-01", "why": "CHG", "sha256": 64 * "a"}

    def rule(part, **keys):
        return lambda policy: policy["workloads"][0].setdefault(part, {"references": ["app"]}).update(keys)

    def fact(**keys):
        return rule("runtime", facts=[{"name": "uid", **keys}])

    def source(value):
        return lambda policy: policy.update(sources=[{"name": "ci", "parameters": [f"a={2000 * 'v'}{value}"]}])

    pairs = [[rule(part, **{key: [long + end] if listed else long + end}) for end in "ab"] for part, key, listed in (
        ("executable", "path", False), ("libraries", "demand", True), ("files", "excludes", True),
        ("files", "may_change", True), ("files", "patterns", True))]
    pairs += [[rule("libraries", **{"except": [{"path": begun + end, **day}]}) for end in "ab"]
              for begun in (long, "/" + marks)]
    pairs += [[source(end) for end in "ab"], [fact(allow=[marks + end]) for end in "ab"],
              [fact(deny=["LD_*", "PYTHON*"]), fact(deny=['LD_*" or "PYTHON*'])],
              [fact(equals=["a", "b"]), fact(equals=['a" "b'])],
              [lambda policy, end=end: policy["workloads"][0].update(collectors=[marks + end]) for end in "ab"]]
    with Compared() as site:
        for number, pair in enumerate(pairs):
            one, other = (site.written(f"{number}{side}", change) for side, change in zip("ab", pair))
            assert len(site.told(one, other)) == 1, number


def test_what_cannot_be_compared():
    with Compared() as site:
        one = site.written("one")
        bad = site.path("bad.yaml")
        bad.write_text("name: x\n")
        for pair in ((one, str(bad)), (str(bad), one), (one, "/none")):
            done = site.compared(*pair)
            assert (done.returncode, done.stdout) == (2, "") and done.stderr, done
        for arguments in ([], [one], [one, one, one], [one, one, "-c", "x"]):
            done = site.tool("hallmark-signer", "policy", "diff", *arguments, check=False)
            assert (done.returncode, done.stdout) == (2, "") and "usage: " in done.stderr, done


if __name__ == "__main__":
    run_tests("__main__")
