"""The table that `make bench` prints, and the same as JSON: one line a row, each against something.

A ratio is always so that larger is better; a goal is the least ratio, and 0 where none was set. On a
terminal the last line says what is being measured; in a pipe there is nothing but the table.
"""

import json
import shutil
import statistics
import sys

HEAD = ("what", "value", "unit", "against", "ratio", "goal", "")


class Table:
    def __init__(self, turns, seconds):
        self.turns = turns
        self.seconds = seconds
        self.rows = []
        self.terminal = sys.stdout.isatty()

    def head(self):
        self.line(*HEAD)

    def row(self, name, value, unit, against, ratio, goal=0.0):
        self.rows.append({"name": name, "value": float(value), "unit": unit, "against": against,
                          "ratio": float(ratio), "goal": float(goal)})
        shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
        verdict = "" if not goal else "met" if ratio >= goal else "NOT MET"
        self.line(name, shown, unit, against, f"{ratio:,.2f}x" if ratio < 1000 else f"{ratio:,.0f}x",
                  f"{goal:,g}x" if goal else "", verdict)

    def line(self, name, value, unit, against, ratio, goal, verdict):
        self.clear()
        print(f"{name:44} {value:>9} {unit:10} {against:32} {ratio:>9} {goal:>7} {verdict}".rstrip(),
              flush=True)

    def note(self, text):
        """How a row came about, or why there is none."""
        self.clear()
        print(f"  {text}", flush=True)

    def progress(self, text):
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{'... ' + text:.{width}}", end="", flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)

    def alternate(self, name, *sides):
        """Ours, theirs, ours, theirs ...: for each side the list of its turns."""
        results = [[] for _ in sides]
        for turn in range(self.turns):
            for result, side in zip(results, sides):
                self.progress(f"{name}: {side.__name__.replace('_', ' ')}, "
                              f"turn {turn + 1} of {self.turns}")
                result.append(side())
        return results if len(sides) > 1 else results[0]

    def best(self, who, ways):
        """Of several ways to ask, by name, each called with a second: the name of the one that gives the most,
        that one, and what each gave."""
        tried = {}
        for name, ask in ways.items():
            self.progress(f"{who}: {name}")
            tried[name] = ask(1)
        name = max(tried, key=lambda way: tried[way]["per_second"])
        return name, ways[name], tried

    def write(self, path):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=1) + "\n")


def median(turns, key):
    return statistics.median(turn[key] for turn in turns)


def median_ratio(ours, theirs, key="per_second"):
    """Each turn against its neighbour, so that what drifts meets both alike."""
    return statistics.median(a[key] / b[key] for a, b in zip(ours, theirs))
