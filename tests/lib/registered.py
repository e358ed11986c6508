"""A register that follows logs, in a directory of its own: its configuration, its process, what it says
in its journal, and its state; and made logs for it."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import make_log
from audit import Bench
from hallmark import PATIENCE_S, Process, ended_at_last, program, to_yaml


class Register:
    """Use as a context manager. `logs`: of each what stands in the configuration, its name in it.

    `grace_s` is 0 here: what is not there is an alarm at once, unless a test is about that."""

    def __init__(self, *logs, **options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-register-"))
        ended_at_last(self.remove)
        self.process = None
        self.logs = list(logs)
        self.options = options
        self.follow = {"look_every_ms": 100, "grace_s": 0, **options.pop("follow", {})}
        self.write()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        if self.process is not None:
            self.process.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self):
        self.path("register.yaml").write_text(to_yaml({
            "logs": self.logs, "state": "state", "follow": self.follow,
            "logging": {"level": "debug"}, **self.options}))

    def path(self, name):
        return self.dir / name

    def state(self, log, name):
        return self.path("state") / log / name

    def start(self, wait=True, **options):
        if self.process is not None:
            self.process.end()
        self.process = Process("hallmark-register", ["run", "-c", str(self.path("register.yaml"))],
                               dict(os.environ), **options)
        if wait:
            self.process.wait_for("event=following")
        return self.process

    def stop(self):
        assert self.process.stop() == 0, self.process.lines[-10:]

    def run(self, command, *arguments, check=True):
        done = subprocess.run([program("hallmark-register"), command, "-c",
                               str(self.path("register.yaml")), *arguments], capture_output=True,
                              text=True, timeout=PATIENCE_S)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def followed(self, log, size, start=0):
        """Waits until so many entries were replayed; how many were good, bad and unknown since its start."""
        line = self.process.wait_for(rf"event=followed log={log} .* replayed={size} ", start)
        return tuple(int(n) for n in re.search(r"good=(\d+) bad=(\d+) unknown=(\d+)", line).groups())

    def alarm(self, kind, log="[^ ]+", entry=None, says="", start=0):
        """Waits for it."""
        where = "" if entry is None else f"entry={entry} "
        return self.process.wait_for(f'event=log-alarm log={log} kind={kind} {where}text=.*{says}',
                                     start)

    def alarms(self):
        """(kind, entry or None) of those told since the start of the process, in their order."""
        found = [re.search(r"event=log-alarm(?:-stands)? log=[^ ]+ kind=([^ ]+)(?: entry=(\d+))?", line)
                 for line in self.process.lines]
        return [(m[1], m[2] and int(m[2])) for m in found if m]


class Made(Bench):
    """A made log with its evidence, as the register's configuration names it."""

    def __init__(self, size=3, **options):
        super().__init__(size, **options)
        self.write("evidence/pack-00000001", make_log.evidence())

    def config(self, name="made", **more):
        return {"name": name, "directory": str(self.path("log")),
                "evidence": str(self.path("evidence")),
                "certificates": [str(self.path("signer.crt"))], **more}

    def grow(self, *entries):
        for entry in entries:
            self.log.append(entry)
        self.publish()

    def publish(self, log=None):
        """Over what is there: tiles and entries first, the checkpoint last."""
        files = (log or self.log).files()
        for name in sorted(files, key=lambda name: name == "checkpoint"):
            path = self.path("log") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(path.name + ".new")
            beside.write_bytes(files[name])
            beside.replace(path)

    def tell(self, story):
        """This log instead, with its evidence."""
        self.write("evidence/pack-00000001", story.evidence())
        self.use(story.log)
        return self
