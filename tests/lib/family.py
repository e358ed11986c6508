"""The processes of a running hallmark-collector, as they are seen from outside."""

import collections
import pathlib
import time

from hallmark import PATIENCE_S

Family = collections.namedtuple("Family", "reporting starting measuring")  # the last is a list


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid, measuring=0):
    """Process ids; waits until so many measuring ones are there, with all the filters that they have."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert time.monotonic() < deadline, f"{pid} has no {measuring} measuring processes"
        starting = children(pid)
        if starting and filters(starting[0]):
            assert len(starting) == 1, starting
            found = [c for c in children(starting[0]) if filters(c) > filters(starting[0])]
            if len(found) >= measuring:
                return Family(pid, starting[0], found)


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
