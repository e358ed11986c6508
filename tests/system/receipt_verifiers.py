#!/usr/bin/python3
"""Three verifiers and one set of receipts: hallmark-audit, the Python module, the browser's module.

The browser's module runs in Node.js over all of them, and in Chromium in tests/system/verify_page.py.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import receipt_vectors
from hallmark import PATIENCE_S, ROOT, program, run_tests

sys.path.insert(0, str(ROOT / "clients/python"))

import hallmark_verify

CASES = receipt_vectors.cases()
TRUST = receipt_vectors.trust()
MUTANTS = 1500
PIECES = (b"\n", b"\r\n", b" ", b"\0", b"\n\n", b"=", "\u2014 ".encode(), b"\xff", b"0", b"\x30\x80", b"index ",
          b"+", b"{", b'"', b"-----")
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
        told = by_program([program("hallmark-audit"), "verify"], pathlib.Path(directory))
        for case, (outcome, said) in zip(CASES, told):
            assert case.fits(outcome, case.auditor), (case.name, case.auditor, outcome, said)


def test_the_python_module_says_the_same():
    for case in CASES:
        outcome = by_python(case)
        assert case.fits(outcome), (case.name, case.outcome, outcome)


def by_browser_module(vectors):
    """What register/web/verify.js says of the cases in a file, and of consistency proofs."""
    with tempfile.TemporaryDirectory() as name:
        web = pathlib.Path(name) / "web"
        shutil.copytree(ROOT / "register/web", web)
        (web / "package.json").write_text('{"type": "module"}')  # as a browser takes them
        done = subprocess.run(
            ["node", str(ROOT / "tests/lib/receipt_vectors.mjs"), str(web / "verify.js"),
             str(vectors), str(ROOT / "tests/vectors/merkle.txt")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_browser_module_says_the_same():
    told = by_browser_module(receipt_vectors.PATH)
    assert [each["name"] for each in told["receipts"]] == [case.name for case in CASES]
    for case, each in zip(CASES, told["receipts"]):
        receipt_vectors.judge(case, each)
    consistency = told["consistency"]
    assert consistency["good"] >= 36 and not consistency["wrong"], consistency


def test_they_agree_on_what_chance_makes_of_them():
    """Receipts and keys with bytes changed, left out, put in, and parts of each other."""
    seed = int(os.environ.get("HALLMARK_SEED", time.time_ns() % 2 ** 32))
    print(f"HALLMARK_SEED={seed}", flush=True)
    chance = random.Random(seed)
    small = [case for case in CASES if len(case.receipt) < 8192]
    cases = []
    for i in range(MUTANTS):
        case, other = chance.sample(small, 2)
        key = TRUST[case.trust]
        of_key = chance.random() < 0.2
        cases.append((str(i), case.receipt if of_key else mutant(chance, case.receipt, other.receipt),
                      mutant(chance, key, TRUST[other.trust]) if of_key else key, of_key))
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name) / "mutants.json"
        text = receipt_vectors.base64_text
        path.write_text(json.dumps({"trust": {i: text(key) for i, _, key, _ in cases}, "cases": [
            {"name": i, "trust": i, "edits": [[0, 0, text(receipt)]]} for i, receipt, _, _ in cases]}))
        told = by_browser_module(path)["receipts"]
    for (i, receipt, key, of_key), each in zip(cases, told):
        why = f"{i}: {each}\n{receipt!r}\n{key!r}"
        good = proof_of(receipt, key) is not None
        # What else is wrong with a certificate one reader may see and the other not; the key is the same.
        assert each["verified"] == good or of_key, why
        assert each["verified"] or "it could not be" not in each["error"], why


def proof_of(receipt, key):
    try:
        return hallmark_verify.verify(receipt, key)
    except hallmark_verify.Refused:
        return None


def mutant(chance, data, other):
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + chance.choice((1, 2, 8, 100)))
        begin = chance.randrange(len(other) + 1)
        data = chance.choice((
            lambda: data[:at] + bytes(b ^ 1 << chance.randrange(8) for b in data[at:at + 1]) + data[at + 1:],
            lambda: data[:at] + data[to:],
            lambda: data[:at] + data[at:to] + data[at:],
            lambda: data[:at] + other[begin:begin + to - at] + data[to:],
            lambda: data[:at] + other[begin:],
            lambda: data[:at] + chance.choice(PIECES) + data[at:],
        ))()
    return data


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
