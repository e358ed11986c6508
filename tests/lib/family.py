"""The processes of a running hallmark-collector, as they are seen from outside."""

import collections
import pathlib
import time

from hallmark import PATIENCE_S

Family = collections.namedtuple("Family", "reporting starting measuring")


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid, other_than=None):
    """Process ids; waits until all are there, and the measuring one is not `other_than`."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert time.monotonic() < deadline, f"{pid} has not measured by another process"
        starting = children(pid)
        measuring = children(starting[0]) if starting else []
        if measuring and measuring[0] != other_than and filters(measuring[0]) > filters(starting[0]):
            assert len(starting) == len(measuring) == 1, (starting, measuring)
            return Family(pid, starting[0], measuring[0])


def filters(pid):
    """Of system calls; those of who measures come behind those of who started it."""
    return int(status(pid).get("Seccomp_filters", "0"))


def status(pid):
    """Fields of /proc/PID/status; none if there is no such process."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def is_there(pid):
    return status(pid).get("State", "Z")[0] not in "ZX"
