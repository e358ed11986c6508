#!/usr/bin/python3
"""Each rule of the policy, broken in turn, makes some test fail.

tests/mutation/mutations.py has what is broken, and where; each key that judges and each finding is
broken at least once. HALLMARK_MUTATION=long tries all of them, otherwise HALLMARK_MUTATION_SEED, which
is printed, draws some.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HALLMARK_BUILD"])
SCHEMA = "policy/compile/policy_schema.c"
# What is read, which others test, and not what is judged.
OF_FILES = {"file", "source", "sources", "under", "operators", "workloads"}
SLOW = ("test_policy", "test_policy_advice", "test_policy_layout")  # asked last
DEADLINE_S = 60
LONG = os.environ.get("HALLMARK_MUTATION") == "long"
SEED = int(os.environ.get("HALLMARK_MUTATION_SEED") or random.SystemRandom().randrange(1 << 32))
SAMPLE = 60  # some ten seconds


def schema_keys():
    """By which a policy judges."""
    text = (ROOT / SCHEMA).read_text()
    found = set(re.findall(r"\b(?:TEXT|LIST|RULE|OUTCOME|FILE_OUTCOME|MADE)\((\w+)", text))
    found |= set(re.findall(r'CYAML_FIELD_(?:ENUM|BOOL|UINT|MAPPING_PTR)\(\s*"(\w+)"', text))
    return found - {"key"} - OF_FILES


def fails(test, number):
    """Whether the test program does, with this mutant, or does not come to an end."""
    try:
        child = subprocess.run([test], env={**os.environ, "HALLMARK_MUTANT": str(number)}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    return child.returncode != 0


class Hunt:
    """The tests that notice, each asked sooner the more it has noticed of that file; the slow ones last."""

    def __init__(self, tests):
        self.tests = tests
        self.caught = collections.Counter()

    def find(self, number, mutant):
        of = mutant["place"].split(":")[0]
        for test in sorted(self.tests, key=lambda t: (SLOW.index(t.name) if t.name in SLOW else -1,
                                                      -self.caught[of, t], -self.caught["", t])):
            if fails(test, number):
                self.caught[of, test] += 1
                self.caught["", test] += 1
                return test
        return None


def main():
    if BUILD.name in ("asan", "tsan"):
        print("a sanitizer finds nothing here that is not found without\n1 passed, 0 failed")
        return 0
    woven = json.loads((BUILD / "mutation/mutants.json").read_text())
    mutants = woven["mutants"]
    hunt = Hunt(sorted(p for p in (BUILD / "mutation/tests").iterdir() if p.suffix == ""))
    failed = [f"tests/mutation/mutations.py is to follow {fault}" for fault in woven["faults"]]
    failed += [f"{t.name} fails with nothing broken" for t in hunt.tests if fails(t, 0)]
    broken = {m["key"].split()[0] for m in mutants.values()}
    failed += [f"nothing breaks the key {key!r} of {SCHEMA}" for key in sorted(schema_keys() - broken)]
    chosen = sorted(mutants, key=int)
    if not LONG:
        print(f"HALLMARK_MUTATION_SEED={SEED}: {SAMPLE} of {len(mutants)}; all: make check-mutation")
        chosen = random.Random(SEED).sample(chosen, SAMPLE)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        found = dict(zip(chosen, pool.map(lambda n: hunt.find(n, mutants[n]), chosen)))
    for number in (n for n, test in found.items() if test is None):
        m = mutants[number]
        failed.append(f"no test notices mutant {number}, {m['key']}: {m['place']} becomes {m['becomes']}")
    print("\n".join(failed))
    print("".join(f"{hunt.caught['', test]:5} noticed by {test.name}\n" for test in hunt.tests))
    print(f"{sum(test is not None for test in found.values())} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
