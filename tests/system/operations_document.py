#!/usr/bin/python3
"""doc/operations.md is one story that runs as it stands: only its port is another."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import hallmark
from hallmark import BUILD, PATIENCE_S, ROOT

DOCUMENT = (ROOT / "doc/operations.md").read_text()
BLOCKS = re.compile(r"^```sh\n(.*?)^```", re.M | re.S).findall(DOCUMENT)


@contextlib.contextmanager
def followed():
    """What the story prints, and where it happened."""
    with tempfile.TemporaryDirectory(prefix="hallmark-operations-") as top:
        port = str(hallmark.free_port())
        script = "set -e\n" + "".join(BLOCKS).replace("7443", port)
        told = pathlib.Path(top, "told.log")
        with told.open("w") as out:
            shell = subprocess.Popen(["bash", "-c", script], cwd=top, stdout=out, stderr=subprocess.STDOUT,
                                     start_new_session=True, env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"})
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):  # told by the status, with what was said
                shell.wait(2 * PATIENCE_S)
            yield shell.returncode, told.read_text(), pathlib.Path(top)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


def test_the_story_runs_as_it_stands():
    with followed() as (status, out, site):
        told = out + "".join(p.read_text() for p in site.glob("*.log"))
        assert status == 0, told
        for words in ("accepted, as spiffe://bank.example/host/1", "trading-app: affirming",
                      "exit 0: proved, and as demanded", "bundle: offline-evidence", "old.crt: refused", "policy and evidence give these verdicts again"):
            assert words in out, (words, told)
        assert out.count("taken: index ") == 5 and "BAD" not in out, told
        log = (site / "signer.log").read_text()
        assert log.count("event=policy-in-force") == 3 and "token-refused" not in log, told


def test_every_command_of_the_text_is_known():
    for command in re.findall(r"`(hallmark-[a-z]+ [a-z]+)", DOCUMENT):
        name, word = command.split()
        usage = subprocess.run([BUILD / name, "--help"], capture_output=True, text=True, check=True).stdout
        assert re.search(rf"{name} {word}\b", usage), command


if __name__ == "__main__":
    hallmark.run_tests("__main__")
