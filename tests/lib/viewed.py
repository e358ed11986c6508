"""A log's view, filled and asked without a register around it (tests/bench/view.c)."""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import make_log
from hallmark import program
from openapi import OpenApi

NAME = "tokyo"


class Viewed:
    """A made log on disk, and its view. `with Viewed(log) as view`."""

    def __init__(self, log, evidence=()):
        self.log = log
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-test-"))
        self.api = OpenApi()
        self.asking = []
        self.write()
        (self.dir / "evidence").mkdir()
        (self.dir / "evidence/pack-00000001").write_bytes(make_log.evidence(*evidence))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir)

    def stop(self):
        for process in self.asking:
            process.stdin.close()
            process.wait()
            process.stdout.close()
        self.asking = []

    def write(self):
        """The log as it is now."""
        (self.dir / "log").mkdir(exist_ok=True)
        self.log.write(self.dir / "log")

    def pem(self):
        return self.log.key.pem()

    def take(self, batch=64, view="view.db", expect=0):
        done = subprocess.run(
            [program("view"), "take", str(self.dir / "log"), str(self.dir / view), "--batch", str(batch),
             "--evidence", str(self.dir / "evidence")],
            text=True, capture_output=True)
        assert done.returncode == expect, (done.returncode, done.stderr)
        self.said = done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def asker(self, see=None, name=NAME):
        process = subprocess.Popen(
            [program("view"), "ask", name, str(self.dir / "log"), str(self.dir / "view.db"),
             *(["--see", see] if see else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.asking.append(process)

        def ask(path, status=200):
            """What is answered, held against doc/openapi.yaml; status None: whichever it is."""
            process.stdin.write(path.encode() + b"\n")
            process.stdin.flush()
            found, size, _ = process.stdout.readline().split()
            body = process.stdout.read(int(size))
            assert status in (None, int(found)), (path, found, body)
            plain = path.split("?")[0]
            kind = "application/json" if body[:1] == b"{" else "text/plain"
            if json_code(body) == "no-such-resource":
                return json.loads(body)
            return self.api.check("/" + plain, int(found), kind, body)

        return ask

    def dump(self, view="view.db", leave=("alarm",)):
        """Every row of every table, in a fixed order."""
        with sqlite3.connect(f"file:{self.dir / view}?mode=ro", uri=True) as db:
            tables = [row[0] for row in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return "\n".join(repr((t, row)) for t in tables if t not in leave
                             for row in sorted(db.execute(f"SELECT * FROM {t}"), key=repr))


def json_code(body):
    return json.loads(body).get("code") if body[:1] == b"{" else None


def all_pages(ask, path, limit=3):
    """Items of every page."""
    items, cursor = [], ""
    for _ in range(1000):
        said = ask(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert len(said["items"]) <= limit, said
        items += said["items"]
        if "next" not in said:
            return items
        cursor = f"&cursor={said['next']}"
    raise AssertionError("pages without end")
