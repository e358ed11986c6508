"""How long a receipt takes when the signer has half of what it can do.

Bundles are due evenly spaced, each over another connection than the one before, and latency counts
from the moment a bundle was due. Two things take their turns beside: a web server that waits for no disk
and no token, with half of what it can do, and the machine with nothing to do. What that one is late by, and
what the answers of the other are slow by, the machine adds to everybody's.
"""

import stalls
import stand
from reports import STEADY, WORKLOADS, busy, percent
from table import median
from webserver import WebServer

GOAL_MS = 5


def half_load(table):
    with stand.Stand() as site:
        site.start()
        full = site.reports(*STEADY, "--seconds", table.seconds)
        with WebServer(site, full["receipt_bytes"]) as web:
            web_full = web.load(WORKLOADS, table.seconds)

            def half():
                return site.reports(*STEADY, "--rate", int(full["per_second"] / 2), "--seconds",
                                    table.seconds)

            def nginx():
                return web.load(WORKLOADS, table.seconds, "--rate", int(web_full["per_second"] / 2))

            def idle():
                return stalls.idle(table.seconds)

            turns, beside, nothing = table.alternate("latency", half, nginx, idle)
        for name, key, goal in (("p50", "p50_us", 0.0), ("p99", "p99_us", 1.0), ("p99.9", "p999_us", 0.0)):
            table.row(f"receipt at half load, {name}", median(turns, key) / 1000, "ms", f"{GOAL_MS} ms",
                      GOAL_MS * 1000 / median(turns, key), goal)
        inside = site.status()["latency_us"]
        table.note(f"{median(turns, 'per_second'):,.0f} reports/s of {full['per_second']:,.0f}; "
                   f"busy: {busy(turns)}")
        table.note("inside the signer, p50/p99 in ms, full load too: " + ", ".join(
            f"{name} {one['p50'] / 1000:.1f}/{one['p99'] / 1000:.1f}"
            for name, one in inside.items()))
        table.note(f"nginx, {median(beside, 'per_second'):,.0f} answers/s of {web_full['per_second']:,.0f}, "
                   f"p50/p99/p99.9 in ms: "
                   + "/".join(f"{median(beside, key) / 1000:.1f}" for key in ("p50_us", "p99_us", "p999_us"))
                   + f"; busy: worker {percent(beside)}, load {median(beside, 'load_busy'):.0%}")
        table.note(f"the machine with nothing to do: a program that sleeps is woken over "
                   f"{1000 * stalls.LATE_S:.0f} ms late {median(nothing, 'per_second'):.1f} times a second "
                   f"and core, {median(nothing, 'part'):.1%} of the time, by "
                   f"{max(turn['longest_ms'] for turn in nothing):.1f} ms at most")
        site.finish()
