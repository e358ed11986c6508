#!/usr/bin/python3
"""A good collector in a process of its own, at work while others misbehave: how long it waited each time.

Use as a context manager; afterwards `receipts` and `seconds` (from bundle to receipt, or from connecting if
it comes anew for each report) are known.
"""

import select
import subprocess
import sys
import time

import hallmark
import msgpack
import underfire
import wire

PAUSE_S = 0.01  # between two reports: it is a collector, not a load


class Witness:
    def __init__(self, site, name="witness", anew=False):
        site.issue(name, uri=f"spiffe://test/{name}")
        self.path = site.path(f"{name}.reports")
        files = [str(site.path(f)) for f in ("collectors-ca.crt", f"{name}.crt", f"{name}.key")]
        self.child = subprocess.Popen(
            [sys.executable, __file__, str(self.path), "anew" if anew else "", str(site.port), *files],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.child.stdout.read(1) == b"\n", self.child.communicate()[1].decode()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        _, complaint = self.child.communicate()
        assert self.child.returncode == 0 or kind, complaint.decode()
        with open(self.path, "rb") as file:
            said = list(msgpack.Unpacker(file, raw=False, max_buffer_size=1 << 30))
        self.seconds = [s for s, _ in said]
        self.receipts = [r for _, r in said]

    def longest_s(self):
        return max(self.seconds)


def attend(path, anew, port, *files):
    """Until the end of standard input; the first receipt is told with an empty line."""
    collector = wire.Collector(int(port), *files, timeout=hallmark.PATIENCE_S)
    with open(path, "wb") as file:
        while True:
            began = time.monotonic()
            receipt = report_anew(collector) if anew else collector.submit("witness", hallmark.APP)
            file.write(msgpack.packb([time.monotonic() - began, receipt]))
            if sys.stdout is not None:
                print(flush=True)
                sys.stdout = None
            if select.select([sys.stdin], [], [], PAUSE_S)[0]:
                return



def report_anew(collector):
    """Over a connection of its own; where there was no room for it, over the next."""
    while True:
        try:
            collector.close()
            collector.connect()
            return collector.submit("witness", hallmark.APP)
        except underfire.GONE:
            continue


if __name__ == "__main__":
    attend(*sys.argv[1:])
