"""What is to start, measured by the gate and judged by a real signer."""

import os
import shutil
import subprocess

from hallmark import PATIENCE_S, program
from judged import Judged, sums


class Gate(Judged):
    """A host with a program of its own, `tool`, which the policy knows with the libraries that ldd names."""

    def __init__(self, start=None, measure=("executable", "libraries"), **workload):
        super().__init__()
        self.tool = self.dir / "tool"
        shutil.copy("/bin/sh", self.tool)
        self.known = sums([str(self.tool), *libraries(self.tool)])
        self.entry = {"executable": {"references": ["known"]}, "libraries": {"references": ["known"]}}
        self.measure = {"executable": str(self.tool), "measure": list(measure), **workload}
        if start is not None:
            self.entry["start"] = start

    def begin(self):
        self.judge_by({"known": self.known}, **self.entry)
        self.configure()

    def configure(self, port=None, **said):
        self.measure_by(**self.measure)
        config = self.site.path("collector.yaml")
        config.write_text(config.read_text().replace("server_name: \"signer.test\"",
                                                     "server_name: \"signer.test\"\n    log_certificate: \"log.crt\""))
        if port:
            config.write_text(config.read_text().replace(f":{self.site.port}\"", f":{port}\""))

    def command(self, *arguments, name="app"):
        return [program("hallmark-collector"), "gate", name, "-c", str(self.site.path("collector.yaml")), *arguments]

    def gate(self, *arguments, name="app", **options):
        return subprocess.run(self.command(*arguments, name=name), capture_output=True, text=True, timeout=3 * PATIENCE_S,
                              **options)

    def alter(self):
        with open(self.tool, "ab") as file:
            file.write(b"altered")


def libraries(path):
    words = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.split()
    return sorted({os.path.realpath(w) for w in words if w.startswith("/")})


def lines_of(done):
    return " ".join(done.stderr.split())


def replayed(g, count):
    """All of the log comes out again."""
    assert g.signer.stop() == 0
    g.signer = None
    done = g.site.audit("replay", "--log", str(g.site.path("log")), "--evidence", str(g.site.path("evidence")),
                        "--cert", str(g.site.path("log.crt")), "--all")
    assert f"{count} the same, 0 different, 0 not possible" in done.stdout, done.stdout
