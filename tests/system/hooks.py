#!/usr/bin/python3
"""Hooks: a program hears of a workload's verdict once a change and at the start, of a receipt that was verified
down to the log's key; what hangs, forks, fails or floods is ended, counted, and stands in the next bundle."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import threading
import time

import yaml

import hallmark
import second_auditor
from hallmark import Process
from judged import Judged, sums

IDLE = "tail -f /dev/null >/dev/null 2>&1"  # it ends by itself where its output is a pipe that nobody reads
SHELL = os.path.realpath("/bin/sh")


class Host(Judged):
    """A program that runs, and a collector that has hooks."""

    def __init__(self):
        super().__init__()
        self.program, self.said = self.dir / "app", self.dir / "said"
        shutil.copy("/usr/bin/sleep", self.program)
        shutil.copy(self.program, self.dir / "good")
        self.process, self.collector = None, None
        self.begin()
        self.judge_by({"known": sums([self.dir / "good"]).replace("/good", "/app")}, require=["executable"],
                      executable={"references": ["known"]}, max_age_s=300)

    def begin(self):
        if self.process is not None:
            self.end(self.process)
        self.process = self.start(self.program, "1000")
        self.write("pid", f"{self.process.pid}\n")

    def alter(self):
        shutil.copy("/usr/bin/env", self.dir / "evil")
        os.rename(self.dir / "evil", self.program)

    def restore(self):
        shutil.copy(self.dir / "good", self.dir / "again")
        os.rename(self.dir / "again", self.program)
        self.begin()

    def script(self, text, *arguments):
        """argv of a shell that runs it."""
        path = self.dir / f"script-{len(list(self.dir.glob('script-*')))}"
        path.write_text(text)
        return [SHELL, str(path), *map(str, arguments)]

    def tells(self, name="tell", **more):
        """A hook that writes down what it hears, a line each."""
        return {"name": name, "run": self.script(f'cat >>"$1"\n', self.said), **more}

    def configure(self, *hooks, interval_s=1, pinned=True, **top):
        self.measure_by(pid_file=str(self.dir / "pid"), measure=["executable"], hooks=list(hooks))
        path = self.site.path("collector.yaml")
        config = yaml.safe_load(path.read_text())
        if pinned:
            config["signers"][0]["log_certificate"] = "log.crt"
        path.write_text(hallmark.to_yaml({**config, "interval_s": interval_s, "jitter_percent": 0,
                                          "status": {"socket": str(self.dir / "status.sock")}, **top}))

    def run(self):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.site.path("collector.yaml"))],
                                 self.site.env)
        self.processes.append(self.collector)

    def end(self, process):
        if isinstance(process, Process):
            process.kill()
        else:
            super().end(process)

    def heard(self):
        return [json.loads(line) for line in self.said.read_text().splitlines()] if self.said.exists() else []

    def await_heard(self, count):
        until(lambda: len(self.heard()) >= count, lambda: f"{self.heard()} {self.collector.lines[-5:]}")
        return self.heard()

    def hooks(self):
        done = self.site.tool("hallmark-collector", "status", "-c", str(self.site.path("collector.yaml")), "--json",
                              check=False)
        return json.loads(done.stdout)["hooks"]

    def receipts(self):
        return len(list(self.site.path("receipts").glob("*.tlog-proof")))

    def await_rounds(self, count=2):
        had = self.receipts()
        until(lambda: self.receipts() >= had + count, lambda: self.collector.lines[-5:])

    def actions(self):
        """What all reports say was done, in their order: as the second implementation reads it."""
        found = []
        for path in sorted(self.site.path("receipts").glob("*.tlog-proof")):
            report = json.loads(base64.b64decode(path.read_text().split("\n")[1].removeprefix("extra ")))
            bundle = report["hallmark.bundle"]
            if "extensions" in bundle:
                found += second_auditor.extension_map(
                    second_auditor.unbase64url(bundle["extensions"])).get("actions", [])
        return found


def until(what, words):
    deadline, pause = time.monotonic() + hallmark.PATIENCE_S, threading.Event()
    while not what():
        assert time.monotonic() < deadline, words() if callable(words) else words
        pause.wait(0.02)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_once_a_change_and_at_the_start():
    with Host() as h:
        h.configure(h.tells(), h.tells("fallen", verdicts=["contraindicated"]))
        h.run()
        first, = h.await_heard(1)
        assert (first["workload"], first["hook"], first["verdict"], first["before"]) == ("app", "tell", "affirming", None)
        assert first["receipt"]["tier"] == 2 and first["findings"] == [] and first["receipt"]["log"]
        h.await_rounds()
        assert len(h.heard()) == 1, "once a change"
        h.alter()
        told = h.await_heard(3)[1:]
        assert [(t["hook"], t["verdict"], t["before"]) for t in told] == \
            [("tell", "contraindicated", "affirming"), ("fallen", "contraindicated", "affirming")], told
        assert told[0]["findings"][0]["code"] and told[0]["receipt"]["index"] > first["receipt"]["index"]
        h.await_rounds(3)
        assert h.actions()[:3] == [["tell", "affirming", 0], ["tell", "contraindicated", 0],
                                   ["fallen", "contraindicated", 0]], h.actions()
        h.restore()
        back = h.await_heard(4)[3]
        assert (back["hook"], back["verdict"], back["before"]) == ("tell", "affirming", "contraindicated")
        until(lambda: h.hooks()["runs"] == 4, h.hooks)
        assert h.hooks()["failed"] == 0, h.hooks()


def test_what_hangs_forks_fails_and_floods():
    """Of each: counted, told once, all of its processes ended, and the next one is not held up."""
    with Host() as h:
        pids = h.dir / "pids"
        h.configure(
            {"name": "hangs", "timeout_s": 1,
             "run": h.script('trap "" TERM\necho $$ >>"$1"\n' f"{IDLE}\n{IDLE}\n", pids)},
            {"name": "leaves", "run": h.script(f'setsid {IDLE} & echo $! >>"$1"\n'
                                               f'(setsid sh -c \'echo $$ >>"$1"; exec {IDLE}\' x "$1" &)\n'
                                               'while [ "$(wc -l <"$1")" -lt 3 ]; do :; done\n', pids)},
            {"name": "fails", "run": h.script("echo no such luck >&2\nexit 3\n")},
            {"name": "floods", "timeout_s": 1, "run": h.script("exec yes\n")},
            {"name": "killed", "run": h.script("kill -KILL $$\n")},
            {"name": "other", "run": [str(h.program), "1"]},
            {"name": "deaf", "run": h.script("exec <&-\n")},
            h.tells())
        h.run()
        h.await_heard(1)
        h.await_rounds(3)
        assert h.actions() == [["hangs", "affirming", 512], ["leaves", "affirming", 0], ["fails", "affirming", 3],
                               ["floods", "affirming", 512], ["killed", "affirming", 256 + signal.SIGKILL],
                               ["other", "affirming", 513], ["deaf", "affirming", 0], ["tell", "affirming", 0]], h.actions()
        started = [int(p) for p in pids.read_text().split()]
        assert len(started) == 3 and not any(is_alive(p) for p in started), started
        of = h.hooks()
        assert (of["runs"], of["failed"], of["overdue"], of["not_started"], of["left"]) == (8, 5, 2, 1, 0), of
        said = [line for line in h.collector.lines if "event=hook " in line]
        assert any("hook=fails" in s and "exit=3" in s and "no such luck" in s for s in said), said
        flood, = (s for s in said if "hook=floods" in s)
        assert "ended=overdue" in flood and len(flood) < 8192, flood
        refused, = (s for s in said if "hook=other" in s)
        assert "not-started" in refused and re.search("owner|write|link", refused), refused
        h.alter()
        h.await_heard(2)
        h.await_rounds()
        assert sum("hook=fails" in line for line in h.collector.lines) == 1, "told once"


def test_with_the_collector_all_of_it_ends():
    with Host() as h:
        pids = h.dir / "pids"
        h.configure({"name": "long", "timeout_s": 600,
                     "run": h.script('echo $$ >>"$1"\n' f'setsid {IDLE} & echo $! >>"$1"\nwait\n', pids)})
        h.run()
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2, lambda: h.collector.lines[-5:])
        started = [int(p) for p in pids.read_text().split()]
        assert all(is_alive(p) for p in started)
        acting, = (p for p in children(h.collector.pid) if (p / "comm").read_text() == "hallmark-act\n")
        status = (acting / "status").read_text()
        assert re.search(r"CapEff:\s+0+\n", status) and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
        running, = (p for p in children(acting.name) if (p / "comm").read_text() == "hallmark-hooks\n")
        kinds = {os.readlink(fd).split(":")[0] for p in (acting, running) for fd in (p / "fd").iterdir()
                 if int(fd.name) > 2}
        assert kinds <= {"socket", str(h.site.path("receipts"))}, kinds
        os.kill(h.collector.pid, signal.SIGKILL)
        until(lambda: not any(is_alive(p) for p in started), "what a hook has started lives on")


def test_what_became_of_it_nobody_knows():
    """Who kept the program is gone, and then who acts."""
    with Host() as h:
        h.configure({"name": "long", "timeout_s": 1, "run": h.script(f"exec {IDLE}\n")})
        h.run()
        until(lambda: named("hallmark-hook", h.collector.pid), "no hook runs")
        keeper, = named("hallmark-hook", h.collector.pid)
        program, = children(keeper)
        os.kill(keeper, signal.SIGKILL)
        try:
            until(lambda: h.hooks()["lost"] == 1, h.hooks)
            h.await_rounds()
            assert h.actions() == [["long", "affirming", 514]], h.actions()
            assert any("event=hook " in line and "ended=lost" in line for line in h.collector.lines)
        finally:
            if is_alive(program.name):
                os.kill(int(program.name), signal.SIGKILL)
        acting, = named("hallmark-act", h.collector.pid)
        os.kill(acting, signal.SIGKILL)
        h.await_rounds(3)
        gone = [line for line in h.collector.lines if "event=hooks-gone" in line]
        assert len(gone) == 1, gone


def test_nobody_answers():
    """Unknown only where it is named, and after the time that is named."""
    with Host() as h:
        h.configure(h.tells(), h.tells("away", verdicts=["affirming", "unknown"], unknown_after_s=3))
        h.run()
        h.await_heard(2)
        os.kill(h.signer.pid, signal.SIGSTOP)
        try:
            away = h.await_heard(3)[2]
            assert (away["hook"], away["verdict"], away["before"]) == ("away", "unknown", "affirming"), away
            assert away["receipt"]["status"] == "affirming"
        finally:
            os.kill(h.signer.pid, signal.SIGCONT)
        back = h.await_heard(4)[3]
        assert (back["hook"], back["verdict"], back["before"]) == ("away", "affirming", "unknown"), back
        assert [t["hook"] for t in h.heard()].count("tell") == 1


def test_what_a_configuration_may_not_say():
    with Host() as h:
        tell = h.tells()
        for hooks, more, words in (
                ([tell], {"pinned": False}, "log_certificate"),
                ([{**tell, "name": "Tell!"}], {}, "a-z"),
                ([tell, tell], {}, "two hooks"),
                ([{**tell, "run": ["cat"]}], {}, "absolute path"),
                ([{**tell, "timeout_s": 0}], {}, "timeout_s"),
                ([{**tell, "verdicts": ["unknown"]}], {}, "unknown_after_s"),
                ([{**tell, "unknown_after_s": 9}], {}, "stand together"),
                ([{**tell, "verdicts": ["unknown"], "unknown_after_s": 60}], {"interval_s": 60}, "more than the 60 s"),
                ([{**tell, "verdicts": ["gone"]}], {}, "verdicts"),
                ([{**tell, "run": [str(h.program)]}], {}, "owner" if os.getuid() else "write to it")):
            h.configure(*hooks, **more)
            done = h.site.tool("hallmark-collector", "check", "-c", str(h.site.path("collector.yaml")), check=False)
            assert done.returncode == 1 and words in done.stdout + done.stderr, (words, done.stdout, done.stderr)


def named(name, below):
    """Pids of this name below a process."""
    found = []
    for process in children(below):
        try:
            if (process / "comm").read_text() == f"{name}\n":
                found.append(int(process.name))
            found += named(name, process.name)
        except FileNotFoundError:
            pass  # it has ended meanwhile
    return found


def children(pid):
    return [pathlib.Path("/proc", c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


if __name__ == "__main__":
    hallmark.run_tests("__main__")
