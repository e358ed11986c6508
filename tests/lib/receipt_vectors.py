"""The shared vectors of receipts (tests/vectors/receipts.json), written out.

What stands there is told in tests/vectors/make_receipts.py, which makes them.
"""

import base64
import dataclasses
import json
import pathlib

PATH = pathlib.Path(__file__).resolve().parents[1] / "vectors/receipts.json"
EXIT = {0: "good", 1: "bad", 2: "unknown"}


@dataclasses.dataclass
class Case:
    name: str
    receipt: bytes
    trust: str  # the name of a key in trust()
    outcome: str  # good, bad, unknown, refused
    auditor: str  # hallmark-audit's, where it is another

    def fits(self, outcome, said=None):
        said = said or self.outcome
        return outcome == said or said == "refused" and outcome in ("bad", "unknown")


def trust():
    """The bytes of each key by its name."""
    return {name: base64.b64decode(data) for name, data in json.loads(PATH.read_text())["trust"].items()}


def cases():
    made, found = {}, []
    for case in json.loads(PATH.read_text())["cases"]:
        data = made.get(case.get("base"), b"")
        for at, cut, comes, *times in case["edits"]:
            data = data[:at] + base64.b64decode(comes) * (times[0] if times else 1) + data[at + cut:]
        made[case["name"]] = data
        found.append(Case(case["name"], data, case["trust"], case["outcome"], case.get("auditor", case["outcome"])))
    return found


def base64_text(data):
    """For what goes into a page."""
    return base64.b64encode(data).decode()


def judge(case, each):
    """Of the browser's module. Good is six steps, of which only the last may be on the visitor's word;
    what is not ends with the step that fails."""
    assert each["verified"] == (case.outcome == "good"), (case.name, case.outcome, each)
    *before, last = each["ok"]
    assert all(before), (case.name, each)
    if each["verified"]:
        assert len(before) == 5 and last is not False and each["error"] is None, (case.name, each)
    else:
        assert last is not True and each["error"] and "it could not be" not in each["error"], (case.name, each)
