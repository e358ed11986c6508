"""strace on a signer and its key process: which calls they make on which files, and making one fail."""

import contextlib
import re
import subprocess
import threading

import hallmark

CALLS = ("openat", "write", "pwrite64", "writev", "rename", "renameat", "renameat2", "fsync",
         "fdatasync", "syncfs", "ftruncate", "mkdir", "mkdirat", "close", "unlink", "unlinkat")
KILLED = re.compile(r"^(?:\[pid +(\d+)\] )?\+\+\+ killed by SIGKILL")
LINE = re.compile(r"^(?:\[pid +\d+\] )?(\w+)\((.*)$")


def groups(site, size, grown):
    """Paths by what they are for; `size` reports are in the log, and at most `grown` will be."""
    log, tile = site.path("log"), site.path("log/tile")
    with_new = lambda path: [path, f"{path}.new"]
    tiles = [tile, tile / "entries"]
    for kind in ("entries", "0"):
        for number in range(size // 256, grown // 256 + 1):
            tiles += [tile / kind / f"{number:03}", tile / kind / f"{number:03}.p"]
            for width in range(1, 256):
                if size < number * 256 + width <= grown:
                    tiles.append(tile / kind / f"{number:03}.p/{width}")
        tiles.append(tile / kind)
    for width in range(1, grown // 256 + 1):
        tiles.append(tile / f"1/000.p/{width}")
    tiles += [tile / "1", tile / "1/000.p"]
    return {
        "pending": sorted({*log.glob("pending.*"),
                           *(log / f"pending.{n:020}" for n in range(size, grown))}),
        "evidence": sorted(site.path("evidence").iterdir()) +
                    [site.path(f"evidence/pack-{n:08}") for n in range(1, 9)],
        "tiles": tiles,
        "sync of all": [log],
        "checkpoint": with_new(log / "checkpoint") + [log],
        "index": [site.path(f"index.db{end}") for end in ("", "-wal", "-shm", "-journal")],
        "guard": site.guard_files(),
        "token seen": with_new(site.token_seen()),
        "token": [p for p in site.path("tokens").rglob("*")],
    }


class Tracer:
    """strace, attached to both processes. Calls on other files are neither shown nor made to fail."""

    def __init__(self, pids, paths, calls=CALLS, inject=None):
        arguments = ["strace", "-f", "-y", "-s", "4", "-e", "trace=" + ",".join(calls)]
        if inject:
            arguments += ["-e", "inject=" + inject]
        for path in paths:
            arguments += ["-P", str(path)]
        for pid in pids:
            arguments += ["-p", str(pid)]
        self.lines, self.hits, self.attached, self.leaders = [], 0, 0, [str(p) for p in pids]
        self.changed = threading.Condition()
        self.child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        with self.changed:
            assert self.changed.wait_for(lambda: self.attached == len(pids) or self.ended(),
                                         hallmark.PATIENCE_S) and self.attached == len(pids), \
                "\n".join(self.lines[-10:])

    def ended(self):
        return self.child.poll() is not None

    def read(self):
        for line in self.child.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                if " attached" in line:
                    self.attached += 1
                if "(INJECTED)" in line or self.is_killed(line):
                    # Once is enough: a process that is started anew is not to meet it again.
                    self.hits += 1
                    self.child.kill()  # lets go of everything; on SIGTERM it may wait for the dead
                self.changed.notify_all()

    def is_killed(self, line):
        """Whether a whole process is gone: its first thread is the last to be reported."""
        match = KILLED.match(line)
        return match and (match[1] is None or match[1] in self.leaders)

    def wait_for_the_end(self):
        """Of what is traced; or of the tracing, if a fault has ended that."""
        self.child.wait(hallmark.PATIENCE_S)

    def end(self):
        if not self.ended():
            self.child.kill()
        self.child.wait(hallmark.PATIENCE_S)
        self.reader.join(hallmark.PATIENCE_S)
        self.child.stderr.close()

    def calls(self):
        """How often each thread's busiest made each call: what `when` may count up to."""
        most = {}
        per_thread = {}
        for line in self.lines:
            match = LINE.match(line)
            if match and match[1] in CALLS:
                key = (match[1], line.split("] ")[0] if line.startswith("[pid") else "")
                per_thread[key] = per_thread.get(key, 0) + 1
                most[match[1]] = max(most.get(match[1], 0), per_thread[key])
        return most


@contextlib.contextmanager
def traced(*arguments, **options):
    tracer = Tracer(*arguments, **options)
    try:
        yield tracer
    finally:
        tracer.end()
