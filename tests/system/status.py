#!/usr/bin/python3
"""What a signer says of the workloads it knows: each change in its log, all of them when it is asked."""

import fcntl
import hashlib
import itertools
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
import wire
from chronicle import Time
from hallmark import APP, EVIL, Site, program

HOST = "spiffe://test/host1"
MORE = {**APP, "config": wire.component("config", [])}  # which no rule looks at
UNITS = {"ms": "seconds", "us": "seconds", "mib": "bytes", "kib": "bytes", "mb": "bytes",
         "percent": "ratio", "minutes": "seconds", "hours": "seconds"}


def ask(site, *options):
    """(exit status, lines)."""
    done = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), *options,
                     check=False)
    assert not done.stderr, done
    return done.returncode, done.stdout.splitlines()


def whole(site, *options):
    status, lines = ask(site, "--json", *options)
    assert status == 0 and len(lines) == 1
    return json.loads(lines[0])


def verdicts(signer):
    """(workload, was, now, finding) of each line, in order."""
    found = []
    for line in signer.lines:
        if " event=verdict " in line:
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            found.append((words["workload"], words["was"], words["now"], words["finding"]))
            assert words["collector"].startswith("spiffe://test/") and words["index"].isdecimal()
            good = words["now"] == "affirming"
            assert words["level"] == ("notice" if good else "warning"), line
    return found


def test_each_change_is_said_once():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for components in (APP, APP, EVIL, EVIL, APP):
            collector.submit("app", components)
        collector.submit("other", EVIL)
        collector.submit("app", APP, nonce=b"")  # of the past
        collector.submit("more", MORE)
        assert signer.stop() == 0
        assert verdicts(signer) == [
            ("app", "new", "affirming", "none"),
            ("app", "affirming", "contraindicated", "changed-file"),
            ("app", "contraindicated", "affirming", "none"),
            ("other", "new", "contraindicated", "changed-file"),
            ("more", "new", "warning", "unchecked-component")], verdicts(signer)
        # A start finds them as they are, from the index or from the log: nothing is new.
        for keeps in (True, False):
            if not keeps:
                for path in site.dir.glob("index.db*"):
                    path.unlink()
            signer = site.start_signer()
            assert whole(site)["verdicts"] == {"affirming": 1, "none": 0, "warning": 1, "silent": 0,
                                               "contraindicated": 1}
            assert signer.stop() == 0 and not verdicts(signer)


def test_silence_and_since():
    with Site() as site:
        site.write_policy(grace_s=10)
        clock = Time(site)
        signer = clock.start()
        collector, other = site.collector(), site.collector("host2")
        clock.submit(collector, next_s=20)
        first = clock.now
        clock.go_on(5)
        clock.submit(collector, next_s=20)
        assert [(w["verdict"], w["since"]) for w in whole(site, "--all")["list"]] == [
            ("affirming", stamp(first))]
        clock.go_on(31)
        clock.submit(other)
        silent, = whole(site)["list"]
        assert silent["verdict"] == "silent" and silent["last"] == "affirming"
        assert silent["finding"] == "overdue" and silent["since"] == stamp(clock.now)
        signer.wait_for("event=verdict workload=app collector=spiffe://test/host1 was=affirming "
                        "now=silent finding=overdue index=")
        status, lines = ask(site)
        assert status == 1 and lines[1] == "2 workloads on 2 hosts: 1 silent, 1 affirming"
        assert re.match(r"SILENT +app +host1 +\d+ s +\d+ s +no report came in time; the last was "
                        r"affirming$", lines[4]), lines
        assert lines[5] == "...  1 more is affirming: --all"
        # The same after a start; and its return begins anew.
        chains = collector.chains
        assert signer.stop() == 0
        signer = clock.start()
        assert whole(site)["list"] == [silent]
        collector = site.collector()
        collector.chains = chains
        clock.submit(collector, next_s=20)
        assert [w["since"] for w in whole(site, "--all")["list"] if w["collector"] == HOST] == [
            stamp(clock.now)]
        assert signer.stop() == 0
        assert verdicts(signer) == [("app", "silent", "affirming", "none")]


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_the_worst_first_and_alike_ones_together():
    with Site() as site:
        site.start_signer()
        assert ask(site)[1][1] == "No workload has reported yet."
        for number in range(12):
            collector = site.collector(f"host{number:02}")
            collector.submit("pricing", APP)
            collector.submit("trading", EVIL if number % 2 else APP)
            collector.submit("risk", MORE if number == 3 else APP)
            collector.close()
        status, lines = ask(site)
        assert status == 1 and lines[1] == ("36 workloads on 12 hosts: 6 contraindicated, 1 warning, "
                                            "29 affirming"), lines
        assert lines[2] == "" and lines[3].split() == ["VERDICT", "WORKLOAD", "HOST", "SINCE",
                                                       "SEEN", "WHY"]
        assert re.match(r"CONTRAINDICATED  trading   host01, host03, host05 \.\. \(6\)  \d+ s .*"
                        r"changed-file: the reference sets have another content", lines[4]), lines
        assert re.match(r"WARNING          risk      host03 .* unchecked-component: ", lines[5]), lines
        assert lines[6:] == ["...  29 more are affirming: --all"], lines
        status, lines = ask(site, "--all")
        assert status == 1 and len(lines) == 4 + 36
        assert sum(line.startswith("affirming ") for line in lines) == 29
        assert not any("\033" in line for line in lines)
        # Only those that are not affirming go to a program that did not ask for all.
        assert {w["verdict"] for w in whole(site)["list"]} == {"contraindicated", "warning"}
        assert len(whole(site, "--all")["list"]) == 36
        # On a terminal in colours, beside the words, and within its width.
        text = on_terminal(100, program("hallmark-signer"), "status", "-c",
                           str(site.path("signer.yaml")))
        if text is None:
            return
        assert "\033[1;31mCONTRAINDICATED\033[0m" in text
        plain = re.sub(r"\033\[[\d;]*m", "", text).splitlines()
        assert max(map(len, plain)) <= 100 and len(plain) == 7, plain


def on_terminal(columns, *command):
    """What it prints; None, and told, where the system has no terminals to give."""
    try:
        child, terminal = pty.fork()
    except OSError as fault:
        print(f"     skipped: no terminal: {fault}")
        return None
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execv(command[0], command)
    text = b""
    try:
        while data := os.read(terminal, 4096):
            text += data
    except OSError:
        pass  # its end, as Linux has it for terminals
    os.close(terminal)
    os.waitpid(child, 0)
    return text.decode().replace("\r", "")


def test_many_are_told_in_parts():
    """More than one answer of the socket holds; of the worst a screen is shown, and how many follow."""
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        for number in range(900):
            collector.submit(f"w{number:04}", EVIL if number % 20 == 0 else APP)
        found = whole(site, "--all")["list"]
        assert len(found) == len({w["workload"] for w in found}) == 900
        assert len(whole(site)["list"]) == 45
        status, lines = ask(site)
        assert status == 1 and len(lines) == 4 + 20 + 1
        assert lines[-1] == "...  25 more need somebody: --all"
        # A part that does not hold any more is said to be so.
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(site.path("run/status.sock")))
            control.sendall(b"workloads all 17-3\n")
            with control.makefile("rb") as answer:
                assert json.loads(answer.read())["error"]["code"] == 604


def test_a_list_that_moves_is_read_anew():
    """The client against a socket that twice says that its place does not hold."""
    with Site() as site:
        path = str(site.path("run/other.sock"))
        row = {"collector": HOST, "workload": "app", "verdict": "warning", "last": "warning",
               "since": "2026-01-01T00:00:00Z", "seen": "2026-01-01T00:00:00Z",
               "finding": "stale-evidence", "index": 1}
        refused = {"error": {"code": 604, "name": "not-found", "text": "gone"}}
        answers = [{"key_process": "up", "verdicts": {"affirming": 0, "warning": 1}},
                   {"workloads": [row], "next": "5-8"}, refused,
                   {"workloads": [row], "next": "6-16"}, refused,
                   {"workloads": [row], "next": None}]
        requests = []

        def serve(listener):
            for answer in answers:
                with listener.accept()[0] as peer:
                    requests.append(peer.recv(256))
                    peer.sendall(json.dumps(answer).encode() + b"\n")

        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            thread = threading.Thread(target=serve, args=(listener,))
            thread.start()
            done = site.tool("hallmark-signer", "status", "--socket", path, "--json")
            thread.join()
        assert len(json.loads(done.stdout)["list"]) == 1
        assert requests == [b"status\n", b"workloads troubled\n", b"workloads troubled 5-8\n",
                            b"workloads troubled\n", b"workloads troubled 6-16\n",
                            b"workloads troubled\n"], requests


class Lying:
    """A status socket in wrong hands: each connection gets what `answers` yields, or is its to treat."""

    def __init__(self, path, answers):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, args=(answers,), daemon=True).start()

    def serve(self, answers):
        try:
            for answer in answers:
                with self.listener.accept()[0] as peer:
                    peer.recv(65536)
                    if callable(answer):
                        answer(peer)
                    else:
                        peer.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


WELL = {"key_process": "up", "log": "test", "verdicts": {"affirming": 0, "warning": 1}}
ROW = {"collector": HOST, "workload": "app", "verdict": "warning", "last": "warning",
       "since": "2026-01-01T00:00:00Z", "seen": "2026-01-01T00:00:00Z",
       "finding": "stale-evidence", "index": 1}
ESCAPE = "\033]0;owned\007\033[2J\r\u202e"


def test_what_ends_is_said_as_long_before_as_in_the_log():
    day = 86400
    with Site() as site:
        path = str(site.path("run/told.sock"))
        ends = {name: {"left_s": left_s, "name": f"CN={name}", "not_after": "2026-01-01T00:00:00Z",
                       "state": state}
                for name, left_s, state in (("tls_certificate", 15 * day, "far"), ("client_ca", 13 * day, "near"),
                                            ("log_certificate", 29 * day, "near"))}
        with Lying(path, [{**WELL, "expiry": ends}, {"workloads": [ROW], "next": None}]):
            shown = site.tool("hallmark-signer", "status", "--socket", path, check=False).stdout
        assert "client_ca: CN=client_ca ends in" in shown and "tls_certificate" not in shown, shown
        assert "log_certificate: CN=log_certificate ends in" in shown, shown


def test_a_policy_that_nobody_looked_through_is_said():
    def dated(days):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400))

    with Site() as site:
        site.init_key()
        site.write_policy(top={"review_by": dated(100)}, review_by=dated(3))
        signer = site.start_signer()
        site.collector().submit("app", APP)
        signer.wait_for("event=review-near what=policy.review_by policy=")
        told = site.status()["expiry"]["policy_review"]
        assert told["name"] == "*" and (told["not_after"], told["state"]) == (f"{dated(3)}T00:00:00Z", "near"), told
        site.write_policy(top={"review_by": dated(-2)}, review_by=dated(3))
        signer.signal(signal.SIGHUP)
        signer.wait_for("level=warning event=review-over what=policy.review_by policy=")
        told = site.status()["expiry"]["policy_review"]
        assert (told["name"], told["state"]) == ("test", "over") and -4 * 86400 < told["left_s"] < -86400, told
        done = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), check=False)
        assert re.search(r"policy_review: \S+ should have been looked through for \S", done.stdout), done.stdout
        assert done.returncode == 1
        shown = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), "--prometheus").stdout
        assert re.search(r'hallmark_expiry_seconds\{of="policy_review"\} -\d+\n', shown)
        shown = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml"))).stdout
        assert "somebody was to look through this by" in shown


def test_an_exception_that_is_over_is_said():
    with Site() as site:
        site.init_key()
        site.write_policy(executable={"references": ["known"], "except": [
            {"path": "/opt/odd", "sha256": hashlib.sha256(b"odd").hexdigest(), "until": "2025-12-31",
             "why": "CHG-1"}]})
        signer = site.start_signer()
        line = signer.wait_for("level=warning event=exception-over what=policy.except policy=")
        assert " entry=/opt/odd not_after=2025-12-31T00:00:00Z left=\"over for " in line, line
        told = site.status()["expiry"]["policy_exception"]
        assert (told["name"], told["state"]) == ("/opt/odd", "over") and told["left_s"] < -86400, told
        shown = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml"))).stdout
        assert "the exception for /opt/odd has been over since 2025-12-31T00:00:00Z" in shown, shown


def test_the_next_window_to_end_is_said():
    """Of two: one that ends soon and the other in its place; and the last once all are over."""
    def write(**until):
        for release in "12":
            site.path(f"{release}.sha256").write_text(f"{release * 64}  /opt/{release}\n")
        site.write_policy(top={
            "families": [{"name": name, "releases": [{"name": r, "file": f"{r}.sha256"} for r in "12"]} for name in until],
            "windows": [{"family": name, "from": "1", "to": "2", "until": time.strftime("%FT%TZ", time.gmtime(at))}
                        for name, at in until.items()]})

    def window():
        told = site.status()["expiry"]["policy_window"]
        return told["name"], told["state"]

    with Site() as site:
        site.init_key()
        now = time.time()
        write(past=now - 9 * 86400, far=now + 90 * 86400, soon=now + 4)
        signer = site.start_signer()
        line = signer.wait_for("level=info event=window-near what=policy.windows policy=")
        assert " entry=soon not_after=" in line and " s left" in line, line
        line = signer.wait_for("level=warning event=window-over what=policy.windows policy=")
        assert " entry=soon not_after=" in line and "over for" in line, line
        assert window() == ("far", "far")
        write(past=now - 9 * 86400, older=now - 10 * 86400)
        said = len(signer.lines)
        signer.signal(signal.SIGHUP)
        line = signer.wait_for("event=window-over", start=said)
        assert " entry=past " in line and "over for 9 days" in line and window() == ("past", "over"), line
        shown = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), "--prometheus").stdout
        assert re.search(r'hallmark_expiry_seconds\{of="policy_window"\} -\d+\n', shown)
        status, lines = ask(site)
        assert status == 0 and any(re.match(r"policy_window: past has been over for 9 d", line) for line in lines), lines


def test_a_clock_that_is_not_trusted_is_said_with_what_to_do():
    with Site() as site:
        path = str(site.path("run/told.sock"))
        with Lying(path, [{**WELL, "clock": "behind"}, {"workloads": [ROW], "next": None}]):
            done = site.tool("hallmark-signer", "status", "--socket", path, check=False)
        assert "(behind): bundles are refused. Set it right" in done.stdout and done.returncode == 1, done


def test_a_signer_in_wrong_hands_writes_to_no_terminal():
    """Nor does it forge a line, whatever is asked for."""
    bad = {**WELL, "key_process": f"down{ESCAPE}", "log": f"a\nb{ESCAPE}", "clock": ESCAPE,
           "key_process_end": ESCAPE, "policy_waiting": f"x{ESCAPE}@", "storage": ESCAPE, "reload_refused": ESCAPE,
           "expiry": {"own": {"left_s": -1, "name": ESCAPE, "not_after": ESCAPE, "state": ESCAPE}}}
    rows = {"workloads": [{**ROW, "workload": ESCAPE, "finding": ESCAPE, "collector": ESCAPE}],
            "next": None}
    refusal = {"error": {"code": 604, "name": f"x{ESCAPE}", "text": f"y\nz{ESCAPE}"}}
    taken = {"index": 1, "sha256": ESCAPE}
    with Site() as site:
        path = str(site.path("run/lying.sock"))
        statement = str(pathlib.Path(__file__).parents[1] / "vectors/statement-approve.json")
        challenge = ("challenge", "--socket", path, HOST, "app")
        asked = [(("status", "--socket", path), [bad, rows]),
                 (("status", "--socket", path, "--all"), [bad, rows]),
                 (("status", "--socket", path, "--prometheus"), [{**bad, "verdicts": {ESCAPE: 1}}]),
                 (("status", "--socket", path, "--json"), [bad, rows]),
                 (challenge, [refusal]),
                 (("statement", "submit", "--socket", path, statement), [refusal]),
                 (("statement", "submit", "--socket", path, statement), [taken])]
        for arguments, answers in asked:
            site.path("run/lying.sock").unlink(missing_ok=True)
            with Lying(path, answers):
                done = site.tool("hallmark-signer", *arguments, check=False)
            shown = done.stdout + done.stderr
            assert shown and not set(shown) & set("\033\007\r\u202e"), (arguments, shown)
            assert "usage" not in shown, shown
            assert not re.search("^[bz]", shown, re.M), shown


def test_a_signer_in_wrong_hands_forges_no_metric():
    """What a monitor reads has the program's own names alone, or there is nothing for it to read."""
    forged = 'affirming"} 1 # {x="'
    time_us = {"count": 1, "sum": 1, "within": {"1000": 1}}
    good = {**WELL, "expiry": {"client_ca": {"left_s": 1}}, "latency_us": {"token": time_us}}
    bad = [{"verdicts": {"affirming": 0, forged: 1}}, {"verdicts": {"new": 1}},
           {"expiry": {forged: {"left_s": 1}}}, {"expiry": {"own": {"left_s": 1}}},
           {"latency_us": {forged: time_us}},
           {"latency_us": {"token": {**time_us, "within": {forged: 1}}}},
           {"latency_us": {"token": {**time_us, "within": {"nan": 1}}}}]
    with Site() as site:
        path = str(site.path("run/lying.sock"))
        with Lying(path, [{**good, **more} for more in [{}, *bad]]):
            ask_it = ("status", "--socket", path, "--prometheus")
            told = site.tool("hallmark-signer", *ask_it).stdout
            for line in ('workloads{verdict="warning"} 1', 'expiry_seconds{of="client_ca"} 1',
                         'latency_seconds_bucket{of="token",le="0.001"} 1'):
                assert f"\nhallmark_{line}\n" in told, told
            for more in bad:
                done = site.tool("hallmark-signer", *ask_it, check=False)
                assert done.returncode == 1 and not done.stdout, (more, done)
                assert "which is none of this version's" in done.stderr, (more, done)


def test_a_signer_in_wrong_hands_holds_nobody():
    """Whoever asks for a monitor is told within seconds that there is no status, or no end of it."""
    def dribble(peer):
        while not select.select([peer], [], [], 0.1)[0]:  # until it closes
            peer.sendall(b" ")

    with Site() as site:
        path = str(site.path("run/lying.sock"))
        endless = itertools.chain([WELL], itertools.repeat({"workloads": [ROW], "next": "1-2"}))
        for answers, why in (([dribble], "no answer within"),
                             (endless, "the list of workloads could not be read")):
            site.path("run/lying.sock").unlink(missing_ok=True)
            with Lying(path, answers):
                began = time.monotonic()
                done = site.tool("hallmark-signer", "status", "--socket", path, check=False)
            assert done.returncode == 1 and why in done.stderr, done
            assert time.monotonic() - began < 20


def test_the_signer_itself():
    """Whoever asks how the workloads are is told first if the signer is not well."""
    with Site() as site:
        site.start_signer()
        site.collector().submit("app", APP)
        assert ask(site)[0] == 0
        site.path("hsm.yaml").write_text("origin: 1\n")
        os.kill(site.key_process_pid(), 9)
        deadline = time.monotonic() + hallmark.PATIENCE_S
        # Why is known when another one was started, and has ended.
        while not re.match(r"The key process is not up: .* Why: \S", ask(site)[1][1]):
            assert time.monotonic() < deadline, ask(site)
        status, lines = ask(site)
        assert status == 1 and "token " in lines[0] and "token ok" not in lines[0], lines
        assert lines[2] == "1 workload on 1 host: 1 affirming", lines


def metrics_of(text):
    """{name: (type, {labels: value})}, with what promtool looks at held to be so."""
    found, helped = {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert words and name not in helped, line
            helped.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name in helped and name not in found, line
            found[name] = (kind, {})
        else:
            name, labels, value = re.fullmatch(r"([a-z_]+)(?:{(.*)})? (\S+)", line).groups()
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            base = base if found.get(base, ("",))[0] == "histogram" else name
            series = (name, labels or "")
            assert series not in found[base][1], line
            found[base][1][series] = float(value)
    for name, (kind, series) in found.items():
        assert series and (kind == "counter") == name.endswith("_total"), name
        assert not set(name.split("_")) & (UNITS.keys() | {"gauge", "counter", "histogram"}), name
        for (_, labels) in series:
            given = re.findall(r'(\w+)="([^"]*)"', labels)
            assert kind == "histogram" or not {"le", "quantile"} & {key for key, _ in given}
    return found


def test_metrics():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        for number in range(20):
            collector.submit(f"w{number}", EVIL if number == 0 else APP)
        try:
            collector.submit("w0", APP, seq=2**50)
        except wire.Refused:
            pass
        text = "\n".join(ask(site, "--prometheus")[1]) + "\n"
        found = metrics_of(text)
        kind, series = found["hallmark_latency_seconds"]
        assert kind == "histogram"
        for of in ("receipt", "storage", "token"):
            steps = [(float(re.search(r'le="([^"]+)"', labels)[1]), value)
                     for (name, labels), value in series.items()
                     if name.endswith("_bucket") and f'of="{of}"' in labels]
            assert len(steps) == 17 and steps == sorted(steps) and steps[-1][0] == float("inf")
            assert [v for _, v in steps] == sorted(v for _, v in steps)
            count = series["hallmark_latency_seconds_count", f'of="{of}"']
            assert count == steps[-1][1] > 0
            mean = series["hallmark_latency_seconds_sum", f'of="{of}"'] / count
            assert 0 < mean < 5, mean
        assert series["hallmark_latency_seconds_count", 'of="receipt"'] == 20
        workloads = found["hallmark_workloads"][1]
        assert workloads["hallmark_workloads", 'verdict="affirming"'] == 19
        assert workloads["hallmark_workloads", 'verdict="contraindicated"'] == 1
        refusals = found["hallmark_refusals_total"][1]
        assert refusals["hallmark_refusals_total", 'code="sequence-not-rising"'] == 1
        assert refusals["hallmark_refusals_total", 'code="chain-broken"'] == 0  # and there
        assert found["hallmark_storage_free_bytes"][1]["hallmark_storage_free_bytes", ""] > 2**20
        assert "spiffe://" not in text and "w1" not in text
        if promtool := shutil.which("promtool"):
            done = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                                  capture_output=True, check=False)
            assert done.returncode == 0 and not done.stdout + done.stderr, done


if __name__ == "__main__":
    hallmark.run_tests(__name__)
