"""Reports a second on one core: decoded, checked, appraised, durable, sealed, and receipts sent."""

import functools

import stand
from table import median, median_ratio
from webserver import CONNECTIONS, DEPTHS, WebServer

WORKLOADS = 32
COLLECTORS = 10000
ON_END_TURNS = 5  # longer than the memory for what is unpublished would last
LATENCIES = ("p50_us", "p99_us", "max_us")
STEADY = ("--connections", CONNECTIONS, "--workloads", WORKLOADS)


def unchanged(table):
    """The steady state, against a web server that answers as much and does nothing for it. Each is asked in
    the way that it answers fastest."""
    with stand.Stand() as site:
        site.start()

        def load(depth, seconds):
            return site.reports("--connections", CONNECTIONS, "--workloads", depth, "--seconds", seconds)

        way, ask, tried = table.best("signer", {f"{depth} a connection": functools.partial(load, depth)
                                                for depth in DEPTHS})
        size = tried[way]["receipt_bytes"]
        with WebServer(site, size) as web:
            web_way, web_ask, web_tried = table.best("nginx", web.ways())

            def signer():
                return ask(table.seconds)

            def nginx():
                return web_ask(table.seconds)

            ours, theirs = table.alternate("reports", signer, nginx)
        table.progress("reports, on end")
        on_end = ask(ON_END_TURNS * table.seconds)
        table.row("reports, unchanged evidence", median(ours, "per_second"), "/s",
                  f"nginx {median(theirs, 'per_second'):,.0f}/s", median_ratio(ours, theirs), 1.0)
        table.note(f"report {median(ours, 'report_bytes'):,.0f} bytes, receipt {size:,} bytes; "
                   f"{sum(t['verified'] for t in ours):,} receipts verified; busy: {busy(ours)}")
        table.note(f"the signer's best: {way}; {each(tried)}")
        table.note(f"nginx's best: {web_way} (worker {percent(theirs)}); {each(web_tried)}")
        table.row(f"reports, {ON_END_TURNS * table.seconds} s on end", on_end["per_second"], "/s",
                  f"in turns {median(ours, 'per_second'):,.0f}/s",
                  on_end["per_second"] / median(ours, "per_second"))
        table.note(f"receipts within {'/'.join(f'{on_end[k] / 1000:,.0f}' for k in LATENCIES)} ms "
                   f"(p50/p99/all); busy: {busy([on_end])}")
        site.finish()


def each(tried):
    return "tried, each a second: " + ", ".join(
        f"{name} {one['per_second']:,.0f}/s ({one['busy'][0]:.0%})" for name, one in tried.items())


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
