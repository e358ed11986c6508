"""How long a receipt takes when the signer has half of what it can do.

Bundles are due evenly spaced, each over another connection than the one before, and latency counts
from the moment a bundle was due.
"""

import stand
from reports import STEADY, busy
from table import median

GOAL_MS = 5


def half_load(table):
    with stand.Stand() as site:
        site.start()

        def full_load():
            return site.reports(*STEADY, "--seconds", table.seconds)

        def half():
            rate = int(median(full, "per_second") / 2)
            return site.reports(*STEADY, "--rate", rate, "--seconds", table.seconds)

        full = [full_load()]
        turns = table.alternate("latency", half)
        table.row("receipt at half load, p50", median(turns, "p50_us") / 1000, "ms",
                  f"{GOAL_MS} ms", GOAL_MS * 1000 / median(turns, "p50_us"))
        table.row("receipt at half load, p99", median(turns, "p99_us") / 1000, "ms",
                  f"{GOAL_MS} ms", GOAL_MS * 1000 / median(turns, "p99_us"), 1.0)
        table.row("receipt at half load, p99.9", median(turns, "p999_us") / 1000, "ms",
                  f"{GOAL_MS} ms", GOAL_MS * 1000 / median(turns, "p999_us"))
        inside = site.status()["latency_us"]
        table.note(f"{median(turns, 'per_second'):,.0f} reports/s of {full[0]['per_second']:,.0f}; "
                   f"busy: {busy(turns)}")
        table.note("inside the signer, p50/p99 in ms, full load too: " + ", ".join(
            f"{name} {one['p50'] / 1000:.1f}/{one['p99'] / 1000:.1f}"
            for name, one in inside.items()))
        site.finish()
