#!/usr/bin/python3
"""The demonstration that stays: two hosts in a register, a roll-out, a compromise, a silence; and it
leaves nothing running."""

import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import BUILD, PATIENCE_S, ROOT, run_tests

from readme import running_in

SITE = BUILD / "demo-serve"


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status, body)
    return body


def test_it_shows_what_it_promises_until_it_is_ended():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    demo = subprocess.Popen([ROOT / "tests/system/demo-serve", BUILD], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        said = []
        for line in demo.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        else:
            raise AssertionError("".join(said))
        port = int(re.search(r"Look: http://127\.0\.0\.1:(\d+)/", "".join(said)).group(1))
        workloads = json.loads(ask(port, "/v1/workloads"))["items"]
        seen = {(w["collector"][-1], w["workload"]): (w["tier"], w["silent"] is not None)
                for w in workloads}
        assert seen == {
            ("1", "trading-app"): ("contraindicated", False), ("1", "pricing"): ("affirming", False),
            ("1", "risk"): ("affirming", False), ("2", "trading-app"): ("affirming", True),
            ("2", "pricing"): ("affirming", True), ("2", "risk"): ("affirming", True)}, seen
        assert len(json.loads(ask(port, "/v1/policies"))["items"]) == 2
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 0, demo.stdout.read()
        until = time.monotonic() + PATIENCE_S
        while running_in(SITE):
            assert time.monotonic() < until, running_in(SITE)
        left = {p.name for p in SITE.iterdir()}
        assert {"log", "evidence", "policy.yaml", "register.yaml"} <= left, left
        assert not left & {"pin", "tokens"} and not any(n.endswith(".key") for n in left), left
    finally:
        demo.kill()


if __name__ == "__main__":
    run_tests(__name__)
