"""How fast reports are read, which bounds every check of a whole log; and signatures by a known key verified."""

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


def verify(table):
    """Signatures of P-256 by a key that has its table, as the key process verifies its own."""
    turns = [turn(table, "known_key") for _ in range(table.turns)]
    value, theirs = (statistics.median(t[name] for t in turns) for name in ("together_us", "openssl_us"))
    table.row("P-256 signatures verified, eight together", value, "us each", f"EVP_PKEY_verify, {theirs:.0f} us",
              statistics.median(t["openssl_us"] / t["together_us"] for t in turns), 2.5)
    table.note(f"alone {statistics.median(t['alone_us'] for t in turns):.0f} us; the key's table takes "
               f"{statistics.median(t['table_us'] for t in turns) / 1000:.0f} ms, once")


def turn(table, program="parse"):
    done = subprocess.run(["taskset", "-c", stand.SIGNER_CORE, hallmark.program(program),
                           str(table.seconds)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
