"""What the scripts that make vectors have in common: the files are written, or compared with what stands there."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def write_or_check(make):
    """`make` gives the bytes of each file by its name. Ends the program, with 1 if `--check` finds another."""
    script = os.path.basename(sys.argv[0])
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(f"usage: {script} [--check]")
    bad = 0
    for name, data in make().items():
        path = os.path.join(HERE, name)
        if not check:
            with open(path, "wb") as f:
                f.write(data)
            continue
        with open(path, "rb") as f:
            if f.read() != data:
                print(f"{script}: {name} differs from what the script makes; run it again without "
                      "--check if the format was meant to change", file=sys.stderr)
                bad = 1
    sys.exit(bad)
