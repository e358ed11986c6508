#!/usr/bin/python3
"""doc/ci.md is a pipeline that runs as it stands: only its port is another."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
from hallmark import BUILD, PATIENCE_S, ROOT

DOCUMENT = (ROOT / "doc/ci.md").read_text()
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.M | re.S).findall(DOCUMENT)
SHOWN = re.compile(r"^    (hallmark-collector: .*|  SAYS .*)$", re.M).findall(DOCUMENT)


def follow(site, *blocks):
    script = "set -e\n" + "".join(blocks).replace("7443", str(site.port))
    done = subprocess.run(["bash", "-c", script], cwd=site.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=4 * PATIENCE_S, env={**site.env, "PATH": f"{BUILD}:{os.environ['PATH']}"})
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_pipeline_runs_as_it_stands():
    with hallmark.Site() as site:
        site.issue("host", uri="spiffe://test/host")
        site.init_key()
        built, policy, *gates = BLOCKS
        follow(site, built, policy)
        site.start_signer()
        told = follow(site, *gates)
        for line in SHOWN:
            assert re.search(re.sub(r"report\\? \d+", r"report \\d+", re.escape(line)), told), (line, told)


def test_the_options_are_those_of_the_program():
    usage = subprocess.run([BUILD / "hallmark-collector", "--help"], capture_output=True, text=True, check=True).stdout
    for option in re.findall(r"`(--[a-z-]+)", DOCUMENT):
        assert option in usage, option


if __name__ == "__main__":
    hallmark.run_tests("__main__")
