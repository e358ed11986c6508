"""Two event loops against one: both may use both cores, which they share with load and key process."""

import stand
from reports import STEADY, busy
from table import median, median_ratio


def two(table):
    with stand.Stand(cores="0,1", loops=2) as site, stand.Stand(cores="0,1") as one:
        site.start()
        one.start()

        def two_loops():
            return site.reports(*STEADY, "--seconds", table.seconds)

        def one_loop():
            return one.reports(*STEADY, "--seconds", table.seconds)

        ours, theirs = table.alternate("loops", two_loops, one_loop)
        table.row("reports, 2 loops", median(ours, "per_second"), "/s",
                  f"1 loop {median(theirs, 'per_second'):,.0f}/s", median_ratio(ours, theirs), 1.0)
        table.note(f"2 loops busy: {busy(ours)}; 1 loop busy: {busy(theirs)}")
        site.finish()
        one.finish()
