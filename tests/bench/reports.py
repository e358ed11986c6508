"""Reports a second on one core: decoded, checked, appraised, durable, sealed, and receipts sent."""

import stand
from table import median, median_ratio
from webserver import CONNECTIONS, WebServer

WORKLOADS = 32
COLLECTORS = 10000
STEADY = ("--connections", CONNECTIONS, "--workloads", WORKLOADS)


def unchanged(table):
    """The steady state, against a web server that answers as much and does nothing for it."""
    with stand.Stand() as site:
        site.start()
        size = site.reports(*STEADY, "--seconds", 1)["receipt_bytes"]
        with WebServer(site, size) as web:
            way, ask, tried = web.best(table.progress)

            def signer():
                return site.reports(*STEADY, "--seconds", table.seconds)

            def nginx():
                return ask(table.seconds)

            ours, theirs = table.alternate("reports", signer, nginx)
        table.row("reports, unchanged evidence", median(ours, "per_second"), "/s",
                  f"nginx {median(theirs, 'per_second'):,.0f}/s", median_ratio(ours, theirs), 1.0)
        table.note(f"report {median(ours, 'report_bytes'):,.0f} bytes, receipt {size:,} bytes; "
                   f"{sum(t['verified'] for t in ours):,} receipts verified; busy: {busy(ours)}")
        table.note(f"nginx's best: {way} (worker {percent(theirs)}); tried, each a second: " + ", ".join(
            f"{name} {one['per_second']:,.0f}/s ({one['busy'][0]:.0%})"
            for name, one in tried.items()))
        site.finish()


def changing(table):
    """Evidence that nobody has seen: asked for, received, kept, before the report is made."""
    with stand.Stand() as site:
        site.start()

        def every_time():
            return site.reports(*STEADY, "--change", "--seconds", table.seconds)

        def unchanged_evidence():
            return site.reports(*STEADY, "--seconds", table.seconds)

        ours, theirs = table.alternate("changing evidence", every_time, unchanged_evidence)
        table.row("reports, evidence that changes every time", median(ours, "per_second"), "/s",
                  f"unchanged {median(theirs, 'per_second'):,.0f}/s", median_ratio(ours, theirs))
        table.note(f"busy: {busy(ours)}")
        site.finish()


def collectors(table):
    """As many certificates as collectors, each on a connection of its own, nothing pipelined."""
    with stand.Stand(limits={"connections": COLLECTORS + 100}) as site:
        site.start()

        def many():
            return site.reports("--connections", COLLECTORS, "--workloads", 1, "--ca-key",
                                site.path("ca.key"), "--seconds", table.seconds)

        def few():
            return site.reports(*STEADY, "--seconds", table.seconds)

        ours, theirs = table.alternate("collectors", many, few)
        table.row(f"reports, {COLLECTORS:,} collectors", median(ours, "per_second"), "/s",
                  f"{CONNECTIONS} connections {median(theirs, 'per_second'):,.0f}/s",
                  median_ratio(ours, theirs))
        table.note(f"a certificate and a connection each, one bundle at a time; busy: {busy(ours)}")
        site.finish()


def percent(turns, place=0):
    return f"{sorted(turn['busy'][place] for turn in turns)[len(turns) // 2]:.0%}"


def busy(turns):
    return (f"signer {percent(turns)}, key process {percent(turns, 1)}, "
            f"load {median(turns, 'load_busy'):.0%} of a core")
