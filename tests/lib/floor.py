"""A trading application and the policy that demands just what its honest run has; what attackers and puzzled
users may do about it is in the tests, each of which sees it clean before and after."""

import contextlib
import os
import shutil
import subprocess

from judged import Judged, mapped, sums
from measured import PYTHON

# What the application is: reads its limits, and waits. `hook` is what an attacker may have put into its way.
APPLICATION = """
import _ctypes, ctypes, mmap, os, pathlib, subprocess, sys, threading
hook = os.environ.get("HOOK")
limits = pathlib.Path(sys.argv[1]).read_text()
if hook:
    exec(hook)
print("ready", flush=True)
input()
"""
AFFIRMING = ("affirming", set())

PATCH = r"""
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
__attribute__((constructor)) static void patch(void)
{
	char *at = (char *)((uintptr_t)&getenv & ~(uintptr_t)4095);
	mprotect(at, 4096, PROT_READ | PROT_WRITE);
	((char *)&getenv)[64] ^= 1;
	mprotect(at, 4096, PROT_READ | PROT_EXEC);
}
"""


class Floor(Judged):
    """The application, its script and its configuration; a policy that demands just what the honest run has."""

    def __init__(self):
        super().__init__()
        self.script = self.write("app.py", APPLICATION)
        self.limits = self.write("etc/limits.ini", "[risk]\nmax_order_size = 1000\n")
        # An interpreter of its own: an executable that nobody else here runs.
        self.program = self.dir / "python-of-app"
        shutil.copy(os.path.realpath(PYTHON), self.program)
        for path in (self.script, self.limits, self.program, self.limits.parent):
            path.chmod(0o755)

    def command(self, *prefix):
        return [*prefix, self.program, self.script, self.limits]

    @contextlib.contextmanager
    def run(self, *prefix, hook=None, pid_file=True, command=None, **environment):
        """The application, with what may be wrong; the collector is told its process."""
        env = {"PATH": os.environ["PATH"], "HOME": "/", **environment, **({"HOOK": hook} if hook else {})}
        process = self.start(*(command or self.command(*prefix)), ready=True, env=env)
        if pid_file:
            self.write("pid", f"{process.pid}\n")
        try:
            yield process
        finally:
            self.end(process)

    def released(self, **workload):
        """The honest run decides what is known. The collector finds it by its pid file, if nothing else is said."""
        with self.run() as process:
            program = self.program_of(process)
            known = sums(mapped(process) - {program})
            root = [str(os.stat(f"/proc/{process.pid}").st_uid)]
        etc = sums([self.limits, self.script])
        self.references = {"program": sums([program]), "known": known, "etc": etc}
        self.rules = {"executable": {"references": ["program"]}, "libraries": {"references": ["known"]},
                      "files": {"references": ["etc"]}, "runtime": {"facts": [
                          {"name": "uid", "allow": root}, {"name": "tracer", "allow": ["0"]},
                          {"name": "arguments", "equals": [str(c) for c in self.command()]},
                          {"name": "threads_differ", "equals": []}]}}
        self.workload = {"files": [f"{self.dir}/etc/**", str(self.script)],
                         **(workload or {"pid_file": str(self.dir / "pid")})}
        self.accept()
        self.measured()
        return self

    def accept(self, **rules):
        """A policy with this besides in its rules."""
        self.judge_by(self.references, require=sorted(self.rules),
                      **{kind: {**rule, **rules.get(kind, {})} for kind, rule in self.rules.items()})

    def measured(self, **workload):
        """A collector that is told this, too."""
        self.measure_by(**{"measure": sorted(self.rules), **self.workload, **workload})

    def honest(self):
        with self.run():
            assert self.verdict() == AFFIRMING, self.verdict()


@contextlib.contextmanager
def floor(**workload):
    """Clean before, and clean after."""
    with Floor() as host:
        host.released(**workload)
        host.honest()
        yield host
        host.honest()


def seen(host, *codes):
    """The report is not affirming, and says these."""
    status, findings = host.verdict()
    assert status == "contraindicated", (status, findings)
    assert set(codes) <= {code for code, _ in findings}, findings
    return findings


def compiled(host, name, source):
    path = host.dir / name
    subprocess.run(["cc", "-O1", "-w", "-shared", "-fPIC", "-x", "c", "-", "-o", path], check=True,
                   input=source.encode(), timeout=60)
    return path
