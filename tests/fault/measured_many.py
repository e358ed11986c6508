#!/usr/bin/python3
"""As many files as a component has room for, and one more.

HALLMARK_FAULT=long: a million; otherwise twenty thousand, to see that the test itself works."""

import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "system")]

from hallmark import run_tests
from measured import Measured

LONG = os.environ.get("HALLMARK_FAULT", "short") == "long"
MOST = 1_000_000  # COMPONENT_ITEMS_MAX
COUNT = MOST if LONG else 20_000
BUDGETS = {"seconds": 600, "memory_mebibytes": 4096}


def test_as_many_files_as_there_may_be():
    with Measured() as host, tempfile.TemporaryDirectory(dir="/dev/shm") as many:
        try:
            for n in range(COUNT):
                if n % 1000 == 0:
                    directory = pathlib.Path(many, f"{n // 1000:04}")
                    directory.mkdir()
                os.close(os.open(directory / f"file-{n:07}", os.O_CREAT | os.O_WRONLY))
            process = host.start("/bin/sleep", "3600")
            options = {"pid": process.pid, "files": [f"{many}/**"], "budgets": BUDGETS}
            shown = host.call("files", json_wanted=False, **options)
            assert f"\nfiles: {COUNT} items, " in shown.stdout, shown.stdout[:400] + shown.stderr
            if LONG:
                (directory / "one-more").touch()
                told = host.refused("files", **options)
                assert f"name more than {MOST} files" in told, told
        finally:
            subprocess.run(["rm", "-rf", *map(str, pathlib.Path(many).iterdir())], check=True)


if __name__ == "__main__":
    run_tests(__name__)
