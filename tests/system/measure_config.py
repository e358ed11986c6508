#!/usr/bin/python3
"""Component `config`: keys of a workload's configuration files."""

import json
import os
import pathlib
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_config
import second_measure
from hallmark import run_tests
from measured import Measured

INI = b"""\xef\xbb\xbf; limits of the desk
[risk]
max_order_size = 1000   ; shares
venue = XNAS
venue = "X LON"
[r\xc3\xa9sum\xc3\xa9 ]
""" + b"k" * 80 + b" = 1\nflag\n"


def test_keys_are_facts():
    with Measured() as host:
        ini, env = str(host.write("limits.ini", INI)), str(host.write("env", "A=1\nexport B = 2\n[x]\n"))
        files = [("limits", "ini", ini, ["risk.*", "*k"]), ("env", "keyvalue", env, [])]
        measured = host.measure("config", pid=os.getpid(), config=[
            {"name": n, "form": f, "file": p, **({"keys": k} if k else {})} for n, f, p, k in files])
        component = measured["components"]["config"]
        assert component["sha256"] == second_measure.config_of(os.getpid(), files).digest.hex(), component
        facts = {i["name"]: i["values"] for i in component["items"]}
        assert facts["limits:risk.max_order_size"] == ["1000   ; shares"]
        assert facts["limits:risk.venue"] == ["XNAS", '"X LON"'] and facts["env:[x]"] == [""]
        long, = [n for n in facts if n.startswith("limits:sha256:")]
        assert facts[long] == ["limits:r%C3%A9sum%C3%A9." + "k" * 80, "1"] and "limits:flag" not in facts


TREES = {
    "json": b"""{"risk": {"limits": [{"max": 1e3, "on": true}, {}], "a.b": null, "7": "x\\"\\u00e9\\ud83d\\ude00",
"7": -0.50, "": []}, "last":"kkkkkkkkk"}""",
    "toml": b"""\xef\xbb\xbftop = 1_000 # no
'q.x'.y = "a\\t\\"\\U0001F600"
[[desk]]
name = '''
it's'''
when = 1979-05-27 07:32:00Z
[desk.risk]
max = [0xff, [], {a.b = +1.5e3, c = {}}, \"\"\"x \\
  y\"\"\"]\r
[[desk]]
[[desk.book]]
x = ""
""",
    "yaml": b"""d: &d {max: 1_000, 7: ~}
r: {<<: *d, on: yes, q: '1', "t": !!int "5", n: }
l: !x
- |
  one
  two
- a
  b
- *d
--- # again
d: []
'e.f': &e [x, y]
""",
}


def test_trees_are_places():
    with Measured() as host:
        files = [(form, form, str(host.write(f"f.{form}", text)), []) for form, text in TREES.items()]
        files.append(("some", "json", files[0][2], ["risk.limits.*"]))
        measured = host.measure("config", pid=os.getpid(), config=[
            {"name": n, "form": f, "file": p, **({"keys": k} if k else {})} for n, f, p, k in files])
        component = measured["components"]["config"]
        facts = {i["name"]: i["values"] for i in component["items"]}
        assert component["sha256"] == second_measure.config_of(os.getpid(), files).digest.hex(), component
        assert facts["json:risk.limits.0.max"] == facts["some:risk.limits.0.max"] == ["1e3"]
        assert "some:risk.%37" not in facts and facts["json:risk.%37"][1] == "-0.50"
        assert facts["json:risk.a%2Eb"] == ["null"] and facts["json:risk.%"] == ["[]"]
        assert facts["toml:desk.0.name"] == ['"it\'s"']
        assert facts["toml:desk.0.when"] == ["1979-05-27 07:32:00Z"]
        assert facts["toml:desk.0.risk.max.3"] == ['"x y"'] and facts["toml:desk.1.book.0.x"] == ['""']
        assert facts["yaml:r.<<.max"] == facts["yaml:l.2.max"] == ["1_000"], facts
        assert facts["yaml:r.t"] == ['!<tag:yaml.org,2002:int> "5"'] and facts["yaml:d"] == ["[]"]


def test_pythons_own_readers_make_the_same_of_them():
    def flat(tree, place=()):
        items = list(tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ())
        if not items:
            return {place: tree}
        return {k: v for name, value in items for k, v in flat(value, (*place, name)).items()}

    read = {"json": json.loads(TREES["json"]), "toml": tomllib.loads(TREES["toml"].decode("utf-8-sig"))}
    for form, tree in read.items():
        facts = dict(second_config.facts("f", form, TREES[form], []))
        expected = {"f:" + ".".join(second_config.name_of(n) if isinstance(n, str) else str(n) for n in place): value
                    for place, value in flat(tree).items()}
        bare = {n for n, values in facts.items() if values == [b"{}"]} - set(expected)  # headers without keys
        assert set(facts) - bare == set(expected), set(facts) ^ set(expected)
        for name, value in expected.items():
            if isinstance(value, str):
                assert facts[name][-1].decode() == f'"{value}"', (name, value, facts[name])
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                number = facts[name][-1]
                assert value == (float(number) if isinstance(value, float) else int(number, 0)), (name, value)


def test_what_cannot_be_read_leaves_the_component_out():
    with Measured() as host:
        path = host.dir / "limits.ini"
        config = [{"name": "limits", "form": "ini", "file": str(path)}]
        for content, words in ((None, "No such file"), (b"[a\n", "limits.ini"), (b"a=\0", "limits.ini"),
                               (b"#" * (4 << 20) + b"#", "limits.ini")):
            if content is not None:
                path.write_bytes(content)
            told = host.refused("config", pid=os.getpid(), config=config)
            assert "config is left out" in told and words in told, told


def test_what_is_not_in_its_form_leaves_the_component_out():
    """A word, a broken end, and what grows: by nesting, and by aliases."""
    with Measured() as host:
        laughs = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
            b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 9))
        for form, contents in (("json", (b"{'a': 1}", b"[1,]", b"[" * 100000, b'"\xff"')),
                               ("toml", (b"a = b", b"a = 'x", b"a=" + b"[" * 100000)),
                               ("yaml", (b"a: [", b"? [a]\n: 1", laughs, b"a: &a [*a]", b"[" * 100000))):
            for content in contents:
                path = host.write(f"f.{form}", content)
                told = host.refused("config", pid=os.getpid(), config=[
                    {"name": "f", "form": form, "file": str(path), "keys": ["none"]}])
                assert "config is left out" in told and path.name in told, (content[:40], told)


def test_what_was_named_and_is_not_there_is_said_to_who_looks():
    with Measured() as host:
        path, process = host.write("limits.ini", "[risk]\nmax = 5\n"), host.map()
        host.write("app/a.conf")

        def said(files, keys):
            done = host.call("files", "config", pid=process.pid, files=files, config=[
                {"name": "limits", "form": "ini", "file": str(path), "keys": keys}])
            assert done.returncode == 0, done
            return done.stderr

        assert said([f"{host.dir}/app/*.conf", f"{host.dir}/app/**"], ["risk.*"]) == ""
        told = said([f"{host.dir}/app/*.conf", f"{host.dir}/app/*.cnf"], ["risk.*", "rsk.*"])
        assert f"no file matches {host.dir}/app/*.cnf of" in told and f"no key of {path} matches rsk.* of" in told
        assert len(told.splitlines()) == 2, told


def test_what_was_too_much_or_of_another_form_is_named():
    with Measured() as host:
        path, process = host.write("limits.ini", "[risk]\nmax = 5\n"), host.map()
        told = host.call("config", pid=process.pid, config=[
            {"name": "limits", "form": "json", "file": str(path)}]).stderr
        assert f"{path}: expected the form json" in told, told
        told = host.call("executable", pid=process.pid, budgets={"mebibytes_read": 1}).stderr
        assert "the budget, mebibytes_read: 1" in told, told


def test_faults_of_the_configuration():
    with Measured() as host:
        good = {"name": "a", "form": "ini", "file": "/a"}
        for config, words in (
                ([{**good, "name": "a:b"}], 'found "a:b"'), ([good, good], "which differ"),
                ([{**good, "name": "n" * 33}], "names of 1 to 32"), ([{**good, "file": "a"}], "absolute paths"),
                ([{**good, "form": "xml"}], "form"),
                ([{**good, "name": f"a{i}", "keys": ["k" * 250] * 256} for i in range(2)], "more than 56944")):
            done = host.call("config", pid=os.getpid(), config=config)
            assert done.returncode != 0 and words in done.stderr, (config, done.stderr)
        done = host.call("runtime", pid=os.getpid(), config=[good])
        assert '"measure" lacks "config"' in done.stderr, done.stderr
        assert "no files are listed" in host.call("config", pid=os.getpid()).stderr


if __name__ == "__main__":
    run_tests(__name__)
