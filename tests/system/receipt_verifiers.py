#!/usr/bin/python3
"""Three verifiers and one set of receipts: hallmark-audit, the Python module, the browser's module.

The browser's module runs in Node.js over all of them, and in Chromium in tests/system/verify_page.py.
"""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import receipt_vectors
from hallmark import PATIENCE_S, ROOT, program, run_tests

sys.path.insert(0, str(ROOT / "clients/python"))

import hallmark_verify

CASES = receipt_vectors.cases()
TRUST = receipt_vectors.trust()
COUNT_MIN = {"good": 60, "refused": 400}  # fewer were a set that has been cut


def by_python(case):
    try:
        hallmark_verify.verify(case.receipt, TRUST[case.trust])
    except hallmark_verify.Refused as refused:
        return "bad" if refused.wrong else "unknown"
    return "good"


def by_program(command, directory):
    """The outcome of each case by a program's exit status."""
    for i, name in enumerate(TRUST):
        (directory / f"key-{i}").write_bytes(TRUST[name])
    keys = {name: directory / f"key-{i}" for i, name in enumerate(TRUST)}

    def run(numbered):
        i, case = numbered
        path = directory / f"{i}.tlog-proof"
        path.write_bytes(case.receipt)
        done = subprocess.run([*command, str(path), "--cert", str(keys[case.trust])], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False,
                              env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")})
        return receipt_vectors.EXIT.get(done.returncode, f"exit {done.returncode}"), done.stdout.decode()

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(run, enumerate(CASES)))


def test_there_are_enough_of_them():
    good = sum(case.outcome == "good" for case in CASES)
    assert good >= COUNT_MIN["good"] and len(CASES) - good >= COUNT_MIN["refused"], (good, len(CASES))


def test_the_auditor_says_of_each_what_it_has_to():
    with tempfile.TemporaryDirectory() as directory:
        for case, (outcome, said) in zip(CASES, by_program([program("hallmark-audit"), "verify"], pathlib.Path(directory))):
            assert case.fits(outcome, case.auditor), (case.name, case.auditor, outcome, said)


def test_the_python_module_says_the_same():
    for case in CASES:
        outcome = by_python(case)
        assert case.fits(outcome), (case.name, case.outcome, outcome)


def test_the_browser_module_says_the_same():
    with tempfile.TemporaryDirectory() as name:
        web = pathlib.Path(name) / "web"
        shutil.copytree(ROOT / "register/web", web)
        (web / "package.json").write_text('{"type": "module"}')  # as a browser takes them
        done = subprocess.run(
            ["node", str(ROOT / "tests/lib/receipt_vectors.mjs"), str(web / "verify.js"),
             str(receipt_vectors.PATH), str(ROOT / "tests/vectors/merkle.txt")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert [each["name"] for each in told["receipts"]] == [case.name for case in CASES]
    for case, each in zip(CASES, told["receipts"]):
        receipt_vectors.judge(case, each)
    consistency = told["consistency"]
    assert consistency["good"] >= 36 and not consistency["wrong"], consistency


def test_the_python_module_is_a_program_too():
    """Its exit status is the auditor's, and what it prints has the same proof in it."""
    chosen = {"good p256 by crt", "good by p256-stranger.crt", "path 5 of 9: two swapped", "another log's key",
              "receipt: no extra"}
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for case in [case for case in CASES if case.name in chosen]:
            receipt, key = directory / "receipt", directory / "key"
            receipt.write_bytes(case.receipt)
            key.write_bytes(TRUST[case.trust])
            done = run_module(receipt, "--cert", key, "--json")
            assert receipt_vectors.EXIT[done.returncode] == case.outcome, (case.name, done)
            if case.outcome == "good":
                told = json.loads(done.stdout)
                assert told["verified"] and told["names_log"] == ("stranger" not in case.trust), told
                assert "WRONG" not in run_module(receipt, "--cert", key).stdout
                assert run_module(receipt, "--cert", key, "--origin", "other.example").returncode == 1
            chosen.discard(case.name)
        assert not chosen, chosen
        assert run_module(directory / "none", "--cert", directory / "key").returncode == 2


def run_module(*arguments):
    return subprocess.run([sys.executable, "-m", "hallmark_verify", *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_S,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "clients/python")})


if __name__ == "__main__":
    run_tests(__name__)
