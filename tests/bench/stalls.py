"""What the machine takes from everybody: how late a program that sleeps is woken although nothing else
of ours has anything to do.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor

import stand

SLEEP_S = 0.0003
LATE_S = 0.001  # far beyond a timer's slack, 50 us: prctl(2)


def idle(seconds):
    """On both cores at once: how often a second it was late on one of them, and by how much at most."""
    with ProcessPoolExecutor(2) as pool:
        late = sum(pool.map(watch, (stand.SIGNER_CORE, stand.LOAD_CORE), (seconds, seconds)), [])
    return {"per_second": len(late) / seconds / 2, "part": sum(late) / seconds / 2,
            "longest_ms": 1000 * max(late, default=0.0)}


def watch(core, seconds):
    os.sched_setaffinity(0, {int(core)})
    late, now = [], time.monotonic()
    end = now + seconds
    while now < end:
        time.sleep(SLEEP_S)
        then, now = now, time.monotonic()
        if now - then > SLEEP_S + LATE_S:
            late.append(now - then - SLEEP_S)
    return late
