"""A token as slow as a YubiHSM 2: one signature at a time, each of 114 ms, by the tests' module.

The signer has its default limits, and enough connections that none of them is at its own. Flat out,
as many reports are in flight as it takes; the latency is measured where reports come evenly, at the
rate that is the goal.
"""

import stand
from reports import busy
from table import median

LATENCY_MS = 114
TIMES_TOKEN = 5000
CONNECTIONS, WORKLOADS = 256, 64  # 16,384 bundles, limits.in_flight
WARM_MS = 1500                    # until bursts of the start have spread


def slow(table):
    with stand.Stand(token_module=True) as site:
        site.start()
        site.token.set(latency_us=LATENCY_MS * 1000, serial=1)

        own = 1000 / LATENCY_MS

        def flat_out():
            return measure(site, "--seconds", table.seconds)

        def at_the_goal():
            return measure(site, "--rate", int(TIMES_TOKEN * own), "--seconds", table.seconds)

        most, paced = table.alternate("slow token", flat_out, at_the_goal)
        rate = median(most, "per_second")
        table.row(f"reports, token of {LATENCY_MS} ms a signature", rate, "/s",
                  f"the token's own {own:.1f}/s", rate / own, TIMES_TOKEN)
        table.note(said(most))
        p99, bound = median(paced, "p99_us") / 1000, median(paced, "bound_ms")
        table.row(f"receipt p99, {median(paced, 'per_second'):,.0f}/s, {LATENCY_MS} ms token", p99, "ms",
                  f"a batch and 2 signatures {bound:.0f} ms", bound / p99, 1.0)
        table.note(said(paced))
        token = site.status()["latency_us"]["token"]
        table.note(f"a signature, as the signer waits for it: p50 {token['p50'] / 1000:.0f} ms")
        site.finish()


def measure(site, *arguments):
    before = site.status()["counters"]
    turn = site.reports("--connections", CONNECTIONS, "--workloads", WORKLOADS, "--warm-ms", WARM_MS,
                        *arguments)
    after = site.status()["counters"]
    turn["batch"] = (after["reports"] - before["reports"]) / (after["batches"] - before["batches"])
    turn["window_ms"] = 1000 * turn["batch"] / turn["per_second"]
    turn["bound_ms"] = turn["window_ms"] + 2 * LATENCY_MS
    return turn


def said(turns):
    return (f"batch of {median(turns, 'batch'):,.0f} reports in {median(turns, 'window_ms'):.0f} ms; "
            f"p50 {median(turns, 'p50_us') / 1000:.0f} ms, p99 {median(turns, 'p99_us') / 1000:.0f} "
            f"ms; busy: {busy(turns)}")
