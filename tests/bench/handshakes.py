"""Connections that begin: TLS 1.3 with both certificates, hello, welcome."""

import stand
from reports import percent
from table import median, median_ratio
from webserver import WebServer

FULL_GOAL, RESUMED_GOAL = 1800, 2900  # a second, on one core
AT_ONCE = 32
STORM = 5000


def rates(table):
    with stand.Stand() as site, WebServer(site, 100) as web:
        site.start()
        for name, goal, arguments in (("full, mutual", FULL_GOAL, ()),
                                      ("resumed", RESUMED_GOAL, ("--resume",))):
            kind(table, site, web, name, goal, arguments)
        site.finish()


def kind(table, site, web, name, goal, arguments):
    def signer():
        return site.load("handshakes", "--connections", AT_ONCE, "--seconds", table.seconds, *arguments)

    def nginx():
        return web.handshakes(AT_ONCE, table.seconds, *arguments)

    ours, theirs = table.alternate(f"handshakes, {name}", signer, nginx)
    rate = median(ours, "per_second")
    table.row(f"handshakes, {name}", rate, "/s", f"{goal:,}/s", rate / goal, 1.0)
    table.row(f"handshakes, {name}, beside nginx", rate, "/s",
              f"nginx's {median(theirs, 'per_second'):,.0f}/s", median_ratio(ours, theirs))
    table.note(f"{AT_ONCE} connections at once, each welcomed; busy: signer {percent(ours)}, load "
               f"{median(ours, 'load_busy'):.0%}; nginx, with one request each, {percent(theirs)} of a "
               "core")


def storm(table):
    """Every collector comes at the same moment, as after a signer's restart: no ticket holds."""
    with stand.Stand(limits={"connections": 2 * STORM}) as site:
        site.start()

        def reconnect():
            return site.load("storm", "--connections", STORM, "--ca-key", site.path("ca.key"))

        turns = table.alternate("storm", reconnect)
        refused = sum(site.status()["refusals"].values())
        served = min(turn["welcomed"] for turn in turns)
        table.row(f"storm of {STORM:,}, served", served, "collectors", f"{STORM:,} at once",
                  (served - refused) / STORM, 1.0)
        table.row(f"storm of {STORM:,}, until the last", median(turns, "seconds"), "s",
                  f"{STORM / FULL_GOAL:.2f} s at {FULL_GOAL:,}/s",
                  STORM / FULL_GOAL / median(turns, "seconds"))
        table.note(f"{sum(turn['failed'] for turn in turns)} ended early, {refused} refused in "
                   f"{len(turns)} storms; a certificate each; busy: signer {percent(turns)}, load "
                   f"{median(turns, 'load_busy'):.0%} of a core")
        site.finish()
