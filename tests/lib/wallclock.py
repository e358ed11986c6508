"""The wall clock of programs that are started with its `env`; see wall_clock.c."""

import mmap
import os
import struct

import hallmark

LAYOUT = struct.Struct("=qqqqq")  # of the shared file: seconds, runs, step_s, slept_s, kept
SYNCHRONISED, UNSYNCHRONISED, NOT_TOLD = 1, 2, 3  # what the kernel says of it


class WallClock:
    """At first it is the machine's; then as the test sets it, for all that have `env`."""

    def __init__(self, site):
        path = site.path("wall-clock")
        path.write_bytes(bytes(LAYOUT.size))
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), LAYOUT.size)
        self.slept_s, self.kept = 0, SYNCHRONISED
        self.move(0)
        # The sanitizer's library wants to be the first, which nothing here depends on.
        asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.env = {"LD_PRELOAD": str(hallmark.BUILD / "wall_clock.so"),
                    "HALLMARK_WALL_CLOCK": str(path), "ASAN_OPTIONS": asan.strip(":")}

    def stop(self, now_s, step_s=0):
        """It stands; each time that a report asks for goes on by step_s."""
        self.now_ms = now_s * 1000
        self.shared[:] = LAYOUT.pack(now_s, 0, step_s, self.slept_s, self.kept)

    def move(self, offset_s, kept=None):
        """It runs, beside the machine's; with another word of the kernel's, from then on."""
        self.offset_s = offset_s
        self.kept = kept or self.kept
        self.shared[:] = LAYOUT.pack(offset_s, 1, 0, self.slept_s, self.kept)

    def keep(self, kept):
        """What the kernel says of it."""
        self.kept = kept
        now_s, runs, step_s, slept_s, _ = LAYOUT.unpack(self.shared[:])
        self.shared[:] = LAYOUT.pack(now_s, runs, step_s, slept_s, kept)

    def suspend(self, seconds):
        """All that measures how long something takes finds so much more, at once; the rest stays."""
        self.slept_s += seconds
        now_s, runs, step_s, _, kept = LAYOUT.unpack(self.shared[:])
        self.shared[:] = LAYOUT.pack(now_s, runs, step_s, self.slept_s, kept)
