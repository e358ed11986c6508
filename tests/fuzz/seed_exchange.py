#!/usr/bin/python3
"""Writes the seeds of what the collector's measuring process says (collector/processes/exchange.h).

Files that a fuzzer added beside them stay.
"""

import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "exchange")
KINDS, EXECUTABLE, NOT_FOUND = 8, 1, 604


def frame(number, body=b"", kind=0, code=0, size=None):
    return struct.pack(">BBHI", number, kind, code, len(body) if size is None else size) + body


def measured(pid=1, time_ms=1_800_000_000_000, counts=None):
    counts = {EXECUTABLE: 1} if counts is None else counts
    return frame(4, struct.pack(">IQ", pid, time_ms) + bytes(range(16)) + struct.pack(
        ">IIQQQQ", 7, 1, 12, 5, 1_700_000_000, 3500) + b"".join(
        struct.pack(">BQ", kind in counts, counts.get(kind, 0)) for kind in range(KINDS)))


SEGMENT = frame(1, b"segment", EXECUTABLE)
COMPONENT = frame(2, b"component", EXECUTABLE)
PROGRESS = frame(6, struct.pack(">QQ", 4, 1 << 20))
MISSING = frame(3, b"no right to it", EXECUTABLE, NOT_FOUND)
TROUBLE = frame(5, b"no process runs it", code=NOT_FOUND)
ANSWER = PROGRESS + SEGMENT + PROGRESS + MISSING + COMPONENT + measured()

SEEDS = {
    "answer": ANSWER, "trouble": TROUBLE, "cut": ANSWER[:-1], "nothing": b"",
    "half-a-header": TROUBLE[:5], "type-none": b"\0" + TROUBLE[1:], "type-unknown": b"\7" + TROUBLE[1:],
    "kind-unknown": frame(2, b"x", KINDS), "kind-of-no-use": frame(5, b"x", 1, NOT_FOUND),
    "code-unknown": frame(5, b"x", code=9999), "code-none": frame(5, b"x"),
    "code-of-no-use": frame(2, b"x", EXECUTABLE, NOT_FOUND),
    "component-empty": frame(2, b"", EXECUTABLE),
    "component-largest": frame(2, b"x", EXECUTABLE, size=1 << 24),
    "component-too-large": frame(2, b"x", EXECUTABLE, size=(1 << 24) + 1),
    "size-of-4g": frame(1, b"x", EXECUTABLE, size=0xffffffff),
    "words-none": frame(5, b"", code=NOT_FOUND), "words-most": frame(5, b"w" * 767, code=NOT_FOUND),
    "words-too-many": frame(5, b"w" * 768, code=NOT_FOUND),
    "words-with-nul": frame(3, b"a\0b", EXECUTABLE, NOT_FOUND),
    "progress-most": frame(6, struct.pack(">QQ", 1 << 53, 1 << 53)),
    "progress-files-too-many": frame(6, struct.pack(">QQ", (1 << 53) + 1, 0)),
    "progress-bytes-too-many": frame(6, struct.pack(">QQ", 0, (1 << 53) + 1)),
    "progress-short": frame(6, bytes(15)), "progress-of-a-kind": frame(6, bytes(16), EXECUTABLE),
    "measured-all": measured(counts={kind: 1_000_000 for kind in range(KINDS)}),
    "measured-none": measured(counts={}), "measured-too-many": measured(counts={0: 1_000_001}),
    "measured-pid-0": measured(pid=0), "measured-pid-negative": measured(pid=1 << 31),
    "measured-late": measured(time_ms=1 << 63),
    "measured-flag-2": measured()[:-9] + b"\2" + bytes(8),
    "measured-count-of-none": measured()[:-1] + b"\1",
}

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(FOLDER, name), "wb") as f:
            f.write(data)
