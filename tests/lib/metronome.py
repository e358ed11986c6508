#!/usr/bin/python3
"""How late this machine wakes a process that asks for next to nothing.

What measures pauses of a program measures those of the machine too; this is the machine's share. Use as
a context manager; `worst_us` is known afterwards.
"""

import select
import subprocess
import sys
import time

BEAT_S = 0.002


class Metronome:
    def __enter__(self):
        self.worst_us = None
        self.child = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        output, _ = self.child.communicate()
        self.worst_us = int(output)


def beat():
    """Until the end of standard input; prints the longest delay in microseconds."""
    worst = 0.0
    while True:
        due = time.monotonic() + BEAT_S
        ended = select.select([sys.stdin], [], [], BEAT_S)[0]
        if ended:
            print(int(worst * 1e6))
            return
        worst = max(worst, time.monotonic() - due)


if __name__ == "__main__":
    beat()
