#!/usr/bin/python3
"""What a running collector tells whoever asks it on its own host."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from family import family
from hallmark import PATIENCE_S, program, run_tests
from status import metrics_of


def host(**options):
    return Host(status={"socket": "status.sock"}, **options)


def ask(h, *form, status=None):
    done = subprocess.run([program("hallmark-collector"), "status", "-c", str(h.config), *form],
                          capture_output=True, text=True, timeout=200)
    assert status is None or done.returncode == status, done
    return done


def told(h):
    return json.loads(ask(h, "--json", status=0).stdout)


def wait_for(h, what):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        done = ask(h, "--json")
        if done.returncode == 0 and what(found := json.loads(done.stdout)):
            return found
    raise AssertionError(done)


def one_round(found):
    return found["rounds"] > 0


def test_how_it_goes():
    with host() as h:
        collector = h.run()
        found = wait_for(h, one_round)
        assert found["pid"] == collector.pid and found["connected"], found
        assert found["log"] == "hallmark.test/log0" and found["trouble"] is None
        assert found["signer"] == f"127.0.0.1:{h.signer.port}" and found["waiting"] == 0
        assert 3500 < found["next_round_s"] <= 3600 == found["interval_s"]
        (w,) = found["workloads"]
        assert (w["name"], w["verdict"], w["index"], w["findings"]) == ("app", "affirming", 0, 0)
        assert w["trouble"] is None and w["finding"] is None and w["took_ms"] > 0, w
        # The time of all, and of those that measure, is said when the last of them has ended.
        found = wait_for(h, lambda f: f["measuring_ms"] * 1000 >= f["workloads"][0]["spent_us"])
        own = sum(float(n) for n in pathlib.Path(f"/proc/{collector.pid}/stat").read_text().split()[13:15])
        assert 0 < w["spent_us"] and found["processor_ms"] > found["measuring_ms"], found
        assert found["processor_ms"] - found["measuring_ms"] < own / os.sysconf("SC_CLK_TCK") * 1000 + 30, (own, found)
        page = ask(h, status=0).stdout.splitlines()
        assert re.match(r"hallmark-collector \S+   up .*, next in 59 min$", page[0]), page
        assert page[2] == "1 workload: 1 affirming." and page[4].startswith("VERDICT"), page
        assert re.match(r"affirming +app +\d+ s +\d\.\d s +0  $", page[5]) and len(page) == 6, page
        text = ask(h, "--prometheus", status=0).stdout
        found = metrics_of(text)
        assert found["hallmark_collector_workloads"][1][
            "hallmark_collector_workloads", 'verdict="affirming"'] == 1
        assert found["hallmark_collector_connected"][1]["hallmark_collector_connected", ""] == 1
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                                  capture_output=True, check=False)
            assert done.returncode == 0 and not done.stdout + done.stderr, done


def test_what_needs_somebody_is_said_first():
    with host(interval_s=1) as h:
        h.workloads.append({"name": "gone", "executable": "/nowhere", "measure": ["executable"]})
        h.configure()
        h.run()
        found = wait_for(h, one_round)
        app, gone = found["workloads"]
        assert "/nowhere" in gone["trouble"], gone
        done = ask(h, status=1)
        rows = done.stdout.splitlines()[-2:]
        assert rows[0].startswith("affirming        gone ") and "no process runs" in rows[0], rows
        assert rows[1].startswith("affirming        app "), rows
        since = gone["trouble_since"]
        found = wait_for(h, lambda f: f["rounds"] > 2)
        assert found["workloads"][1]["trouble_since"] == since, "of the first round"


def test_a_signer_that_is_gone():
    with host(interval_s=1) as h:
        h.run()
        wait_for(h, one_round)
        h.signer.close()
        found = wait_for(h, lambda f: not f["connected"] and f["waiting"] > 0)
        assert found["trouble"] and found["workloads"][0]["waiting"] == found["waiting"], found
        page = ask(h, status=1).stdout
        assert "Not connected for" in page and "for a receipt." in page, page


def test_it_answers_while_the_rest_stands_still():
    """Nobody starts a measuring process, and askers do not take their answer."""
    with host(interval_s=1) as h:
        collector = h.run()
        wait_for(h, one_round)
        starting = family(collector.pid).starting
        os.kill(starting, signal.SIGSTOP)
        try:
            mute = [socket.socket(socket.AF_UNIX) for _ in range(3)]
            for s in mute:
                s.connect(str(h.dir / "status.sock"))
            until = time.monotonic() + 2  # over the beginning of the next round
            while time.monotonic() < until:
                assert told(h)["connected"]
            for s in mute:
                s.close()
        finally:
            os.kill(starting, signal.SIGCONT)


def test_who_may_ask_and_where():
    with host() as h:
        path = h.dir / "status.sock"
        path.write_text("somebody's\n")
        collector = h.run()
        assert collector.wait() == 1
        assert "no socket has this name" in "\n".join(collector.lines), "\n".join(collector.lines)
        assert path.read_text() == "somebody's\n"
        path.unlink()
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()
        h.run()
        wait_for(h, one_round)
        assert path.stat().st_mode & 0o777 == 0o600
        second = h.run()
        assert second.wait() == 1
        assert "another collector answers there" in "\n".join(second.lines), "\n".join(second.lines)
        assert told(h)["rounds"] == 1, "the first is still asked"


def test_a_reload():
    with host(interval_s=3600) as h:
        collector = h.run()
        wait_for(h, one_round)
        h.workloads.insert(0, {**h.workloads[0], "name": "app-2"})
        h.configure()
        collector.signal(signal.SIGHUP)
        found = wait_for(h, lambda f: len(f["workloads"]) == 2 and f["rounds"] > 1)
        assert [w["name"] for w in found["workloads"]] == ["app-2", "app"]
        assert [w["verdict"] for w in found["workloads"]] == ["affirming"] * 2
        h.options["status"]["socket"] = "other.sock"
        h.configure()
        collector.signal(signal.SIGHUP)
        collector.wait_for("reload-refused")
        assert "takes a restart" in "\n".join(collector.lines)


def test_nobody_there():
    with host() as h:
        done = ask(h, status=1)
        assert "is the collector running?" in done.stderr and not done.stdout, done
        del h.options["status"]
        h.configure()
        assert "expected `status: {socket: PATH}`" in ask(h, status=1).stderr


if __name__ == "__main__":
    run_tests(__name__)
