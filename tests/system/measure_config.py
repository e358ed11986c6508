#!/usr/bin/python3
"""Component `config`: keys of a workload's configuration files."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

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


def test_faults_of_the_configuration():
    with Measured() as host:
        good = {"name": "a", "form": "ini", "file": "/a"}
        for config, words in (
                ([{**good, "name": "a:b"}], 'found "a:b"'), ([good, good], "which differ"),
                ([{**good, "name": "n" * 33}], "names of 1 to 32"), ([{**good, "file": "a"}], "absolute paths"),
                ([{**good, "form": "xml"}], "form"),
                ([{**good, "name": f"a{i}", "keys": ["k" * 250] * 256} for i in range(2)], "more than 65472")):
            done = host.call("config", pid=os.getpid(), config=config)
            assert done.returncode != 0 and words in done.stderr, (config, done.stderr)
        done = host.call("runtime", pid=os.getpid(), config=[good])
        assert '"measure" lacks "config"' in done.stderr, done.stderr
        assert "no files are listed" in host.call("config", pid=os.getpid()).stderr


if __name__ == "__main__":
    run_tests(__name__)
