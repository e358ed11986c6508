#!/usr/bin/python3
"""doc/register.md runs as it stands: only its ports are others."""

import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import BUILD, PATIENCE_S, ROOT, free_port, run_tests
from judged import Judged, sums

DOCUMENT = (ROOT / "doc/register.md").read_text()
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.M | re.S).findall(DOCUMENT)
SHOWN = re.compile(r"^    (\S.*)$", re.M).findall(re.sub(r"```.*?```", "", DOCUMENT, flags=re.S))


def test_it_runs_as_it_stands():
    with Judged() as host:
        program = host.start("/usr/bin/sleep", "3600")
        host.write("pid", f"{program.pid}\n")
        host.judge_by({"known": sums(["/usr/bin/sleep"])}, require=["executable"],
                      executable={"references": ["known"]})
        host.measure_by(pid_file=str(host.dir / "pid"), measure=["executable"])
        script = "set -e\n" + "".join(BLOCKS).replace("7480", str(free_port()))
        shell = subprocess.Popen(
            ["bash", "-c", script + "echo all of it\n"], cwd=host.site.dir, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            env={**host.site.env, "PATH": f"{BUILD}:{os.environ['PATH']}"})
        try:
            said, _ = shell.communicate(timeout=4 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            said, _ = shell.communicate()
        assert shell.returncode == 0 and said.endswith("all of it\n"), said
        for line in SHOWN:
            assert line in said, (line, said)


def test_the_commands_are_those_of_the_program():
    usage = subprocess.run([BUILD / "hallmark-register", "--help"], capture_output=True, text=True,
                           check=True).stdout
    for command in set(re.findall(r"hallmark-register ([a-z]+) -c", DOCUMENT)):
        assert f"hallmark-register {command}" in usage, command


if __name__ == "__main__":
    run_tests("__main__")
