"""How fast reports are read: what bounds every check of a whole log."""

import json
import statistics
import subprocess

import hallmark
import stand

PER_SECOND = 1_000_000


def parse(table):
    turns = [turn(table) for _ in range(table.turns)]
    per_second = statistics.median(t["per_second"] for t in turns)
    table.row("reports read and checked by themselves", per_second, "/s", f"{PER_SECOND:,}/s a core",
              per_second / PER_SECOND, 1.0)
    table.note(f"of {turns[0]['bytes']} bytes, {turns[0]['bytes'] * per_second / 1e6:,.0f} MB/s; among "
               "them the digest of the bundle that jti names")


def turn(table):
    done = subprocess.run(["taskset", "-c", stand.SIGNER_CORE, hallmark.program("parse"),
                           str(table.seconds)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
