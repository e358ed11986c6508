"""`hallmark-collector measure` of real processes, for tests: no signer, no certificates."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from hallmark import ended_at_last, program, to_yaml

MAPPER = pathlib.Path(__file__).with_name("mapper.py")
PYTHON = "/usr/bin/python3"
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def can_be_others():
    """Root, and not only of a namespace that knows one user."""
    users = pathlib.Path("/proc/self/uid_map").read_text().split()
    return os.geteuid() == 0 and sum(map(int, users[2::3])) > NOBODY


class Measured:
    """A directory of a host, its processes, and one workload named `app`."""

    def __init__(self, directory=None):
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="hallmark-measured-"))
        self.processes, self.options = [], {}  # further keys of the configuration
        ended_at_last(lambda: Measured.__exit__(self))
        for name in ("state", "receipts"):
            (self.dir / name).mkdir()
        for name in ("cert", "key", "ca"):  # only looked at when something is sent
            (self.dir / name).write_text("none\n")
            (self.dir / name).chmod(0o600)

    @classmethod
    def of(cls, directory):
        """A copy of what was another one's directory."""
        again = cls.__new__(cls)
        again.dir, again.processes, again.options = pathlib.Path(directory), [], {}
        return again

    def __enter__(self):
        return self

    def give_to_nobody(self):
        """The collector's own files, so that it runs without rights."""
        for name in ("cert", "key", "ca", "state", "receipts"):
            os.chown(self.dir / name, NOBODY, NOBODY)
        self.dir.chmod(0o755)

    def __exit__(self, *_):
        for process in self.processes:
            self.end(process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, content="content\n"):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def start(self, *command, ready=False, **options):
        """A process. With `ready` it is waited for until it says so."""
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, **options)
        self.processes.append(process)
        if ready:
            assert process.stdout.readline() == b"ready\n", command
        return process

    def map(self, *steps, interpreter=PYTHON, **options):
        """A process that has mapped what tests/lib/mapper.py is told to."""
        return self.start(interpreter, MAPPER, *steps, ready=True, **options)

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        with contextlib.suppress(BrokenPipeError):  # of what it did not take
            process.stdin.close()
        process.stdout.close()

    def call(self, *kinds, json_wanted=True, prefix=(), host_root=None, **workload):
        """Runs the collector on a workload of these kinds; `pid` stands for a pid file."""
        if "pid" in workload:
            workload["pid_file"] = str(self.write("pid", f"{workload.pop('pid')}\n"))
        config = self.write("collector.yaml", to_yaml({
            "signers": [{"address": "127.0.0.1:1"}],
            "tls": {"certificate": "cert", "key": "key", "signer_ca": "ca"},
            "state": "state", "receipts": "receipts", **self.options,
            **({"host_root": host_root} if host_root else {}),
            "workloads": [{"name": "app", "measure": list(kinds) or ["executable"], **workload}]}))
        return subprocess.run([*prefix, program("hallmark-collector"), "measure", "app", "-c",
                               str(config), *(["--json"] if json_wanted else [])],
                              capture_output=True, text=True, errors="replace", timeout=120)

    def measure(self, *kinds, **workload):
        done = self.call(*kinds, **workload)
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def refused(self, *kinds, **workload):
        """What the collector says when it cannot measure."""
        done = self.call(*kinds, **workload)
        assert done.returncode == 1 and done.stdout == "", done
        return done.stderr

    def files(self, kind, **workload):
        """Path to item, of those below our own directory, under their names there."""
        items = self.measure(kind, **workload)["components"][kind]["items"]
        own = f"{self.dir}/"
        return {i["path"].removeprefix(own): i for i in items if i["path"].startswith(own)}

    def flags(self, kind, **workload):
        return {path: item["flags"] for path, item in self.files(kind, **workload).items()}

    def facts(self, kind, **workload):
        items = self.measure(kind, **workload)["components"][kind]["items"]
        return {i["name"]: i["values"] for i in items}
