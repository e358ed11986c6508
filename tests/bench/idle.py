"""What thousands of connections cost that are held and say nothing."""

import resource
import subprocess

import stand
from reports import STEADY
from table import median, median_ratio

IDLE = 20000
KIB_GOAL = 20
LEAST_OF_RATE = 0.95
SPARE_DESCRIPTORS = 200


class Held:
    """The connections, held by a load of its own until this is left."""

    def __init__(self, site, count):
        self.child = subprocess.Popen(
            site.arguments("idle", "--connections", count), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.line = self.child.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.ended = self.child.stdout.read()
        self.child.wait()


def connections(table):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    count = min(IDLE, descriptors - SPARE_DESCRIPTORS)
    if count < IDLE:
        table.note(f"only {descriptors} descriptors are allowed: {count:,} connections instead of "
                   f"{IDLE:,}")
    # Two signers on one core, of which one is asked at a time: so turns can be taken without making
    # the connections again each time.
    with stand.Stand(limits={"connections": IDLE + 1000}) as site, stand.Stand() as alone:
        site.start()
        alone.start()
        site.reports(*STEADY, "--seconds", 1)
        before = stand.resident_kib(site.signer.pid)
        table.progress(f"idle: connecting {count:,}")
        with Held(site, count) as held:
            if held.line != f'{{"held":{count}}}\n':
                raise AssertionError(f"{count} connections are to be held: {held.line}")
            each = (stand.resident_kib(site.signer.pid) - before) / count
            table.row(f"idle connection, of {count:,}", each, "KiB", f"{KIB_GOAL} KiB",
                      KIB_GOAL / each, 1.0)

            def with_idle():
                return site.reports(*STEADY, "--seconds", table.seconds)

            def without():
                return alone.reports(*STEADY, "--seconds", table.seconds)

            busy, free = table.alternate("idle", with_idle, without)
            open_now = site.status()["connections"]
        if open_now < count or held.child.returncode != 0:
            raise AssertionError(f"connections were lost: {open_now} open; {held.ended}")
        table.row(f"reports, beside {count:,} idle connections", median(busy, "per_second"), "/s",
                  f"without them {median(free, 'per_second'):,.0f}/s", median_ratio(busy, free),
                  LEAST_OF_RATE)
        site.finish()
        alone.finish()
