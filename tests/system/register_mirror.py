#!/usr/bin/python3
"""A log that is followed by HTTP: from nginx over TLS, by a register that cannot see the disk, as one that
can; and from who answers late, otherwise, without end, or with another log."""

import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import make_log
from hallmark import APP, EVIL, PATIENCE_S, ROOT, Process, Site, ended_at_last, free_port, program, run_tests
from published import Published, give
from registered import Made, Register

LATER_S = make_log.TIME_S + 3600
EXAMPLE = ROOT / "config/examples/publishing/nginx.conf"


class Nginx:
    """The example, of a site's log, on another port."""

    def __init__(self, site):
        self.port = free_port()
        certificate, key = site.issue("publisher", dns="localhost", server=True)
        text = EXAMPLE.read_text()
        for old, new in {"8443": self.port, "/etc/nginx/log.crt": certificate, "/etc/nginx/log.key": key,
                         "/var/lib/hallmark/log": site.path("log"),
                         "/var/lib/hallmark/evidence": site.path("evidence")}.items():
            assert old in text, old
            text = text.replace(old, str(new))
        at = site.path("nginx")
        at.mkdir()
        temporary = " ".join(f"{kind}_temp_path {at}/{kind};" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (at / "nginx.conf").write_text(
            f"user root; daemon off; worker_processes 1; pid {at}/pid; error_log stderr;\nevents {{}}\n"
            f"http {{ access_log off; {temporary}\n{text}\n}}\n")
        self.process = subprocess.Popen(["nginx", "-c", str(at / "nginx.conf")], stderr=subprocess.DEVNULL)
        ended_at_last(self.end)

    def end(self):
        self.process.terminate()
        self.process.wait()


class Hidden(Register):
    """Cannot see what lies in a directory: that is empty for it."""

    def hide(self, directory):
        self.hidden = directory

    def start(self, wait=True, **options):
        if self.process is not None:
            self.process.end()
        command = f'mount -t tmpfs none "{self.hidden}" && exec "$0" "$@"'
        self.process = Process("hallmark-register", ["run", "-c", str(self.path("register.yaml"))],
                               dict(os.environ),
                               prefix=["unshare", "-m", "sh", "-c", command])
        self.process.wait_for("event=following")
        return self.process


def mirrored(made, published, **more):
    config = made.config(**more)
    del config["directory"], config["evidence"]
    return {**config, "url": published.url}


def view_of(register, log):
    """All that its view has, but what is of this machine alone."""
    with sqlite3.connect(f"file:{register.state(log, 'view.db')}?mode=ro", uri=True) as db:
        return [line for line in db.iterdump() if not line.startswith('INSERT INTO "alarm"')]


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status, body)
    return body


def test_from_another_machine_the_view_is_the_same():
    with Site() as site:
        site.start_signer()
        nginx = Nginx(site)
        ports = [free_port(), free_port()]
        trusted = {"name": "tokyo", "certificates": ["log.crt"]}
        with Register({**trusted, "directory": str(site.path("log")), "evidence": str(site.path("evidence"))},
                      follow={"grace_s": 30}, listen=[{"address": f"127.0.0.1:{ports[0]}", "role": "viewer"}]
                      ) as here, \
                Hidden({**trusted, "url": f"https://localhost:{nginx.port}/", "ca": "ca.crt"},
                       follow={"grace_s": 30}, listen=[{"address": f"127.0.0.1:{ports[1]}", "role": "viewer"}]
                       ) as there:
            for register in (here, there):
                shutil.copy(site.path("log.crt"), register.path("log.crt"))
                shutil.copy(site.path("collectors-ca.crt"), register.path("ca.crt"))
            there.hide(site.dir)
            collector = site.collector()
            size = logimage.notices()
            for round_ in range(3):
                collector.submit("app", APP if round_ != 1 else EVIL)
                size += 1
            here.start()
            there.start()
            for register in (here, there):
                assert register.followed("tokyo", size) == (size, 0, 0)
            for round_ in range(20):
                collector.submit("app", APP)
                size += 1
            for register in (here, there):
                register.process.wait_for(rf"event=followed log=tokyo .* replayed={size} ")
            for port in ports:  # what was followed is committed a moment later
                until(lambda port=port: json.loads(ask(port, "/v1/logs"))["items"][0]["taken_to"] == size)
            receipt = [ask(port, f"/v1/receipts/tokyo/{size - 1}") for port in ports]
            assert receipt[0] == receipt[1]
            findings = [json.loads(ask(port, "/v1/findings"))["items"] for port in ports]
            assert findings[0] == findings[1], findings
            for register in (here, there):
                assert not register.alarms()
                register.stop()
            assert view_of(here, "tokyo") == view_of(there, "tokyo")
        nginx.end()


def test_a_log_that_grows_and_a_restart_that_fetches_nothing_twice():
    with Made(700) as made, Published(made.dir) as published:
        made.path("checkpoint").symlink_to("log/checkpoint")
        made.path("tile").symlink_to("log/tile")
        with Register(mirrored(made, published)) as register:
            register.start()
            assert register.followed("made", 700) == (700, 0, 0)
            workload = make_log.Workload("grown")
            made.grow(*(workload.report(time_s=LATER_S) for _ in range(5)))
            assert register.followed("made", 705) == (705, 0, 0)
            register.stop()
            published.asked.clear()
            made.grow(*(workload.report(time_s=LATER_S) for _ in range(3)))
            register.start()
            register.followed("made", 708)
            assert not [path for path in published.asked if path.endswith(("/000", "/001"))], published.asked
            assert not register.alarms()


def lay(made):
    made.path("checkpoint").symlink_to("log/checkpoint")
    made.path("tile").symlink_to("log/tile")


def test_what_is_not_there_yet_is_waited_for_and_what_is_spoilt_is_fetched_again():
    with Made(700) as made, Published(made.dir) as published:
        lay(made)

        def spoil_once(handler):
            published.faults.clear()
            give(handler, 200, bytes(8192))

        published.faults = {"tile/0/001$": lambda handler: give(handler, 404)}
        with Register(mirrored(made, published), follow={"grace_s": 3600}) as register:
            register.start()
            register.process.wait_for("event=following")
            until(lambda: sum("/tile/0/001" in path for path in published.asked) > 2)
            published.faults = {"tile/0/001$": spoil_once}
            assert register.followed("made", 700) == (700, 0, 0)
            assert not register.alarms() or register.alarms() == [("bad-tree", None)], register.alarms()


def until(true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end


def test_who_answers_wrongly_is_told_of_and_nothing_is_followed():
    """Each in its own words, and as long as it takes, other logs are followed."""
    with Made(300) as made, Made(20) as other, Published(made.dir) as published:
        lay(made)
        elsewhere = {"Location": published.url + "/log/checkpoint"}
        for pattern, fault, says in (
                ("checkpoint", lambda h: give(h, 302, **elsewhere), "expected 200, found 302"),
                ("checkpoint", lambda h: give(h, 200, b"x" * (1 << 20)), "longer than"),
                ("tile/0/000$", lambda h: give(h, 200, b"x" * 9000), "longer than"),
                ("tile/entries", lambda h: h.connection.shutdown(2), "tile/entries"),
                ("evidence", lambda h: give(h, 200, b"all of it"), "longer than|expected 206|bytes at most"),
                ("evidence", lambda h: give(h, 500), "expected 206 or 404, found 500")):
            published.faults = {pattern: fault}
            with Register(mirrored(made, published), other.config("other")) as register:
                register.start()
                register.alarm("unreadable", log="made", says=f"(?:{says})")
                register.followed("other", 20)
                assert not any("event=followed log=made" in line for line in register.process.lines), says
                published.faults = {}
                assert register.followed("made", 300) == (300, 0, 0)


def test_a_checkpoint_of_another_key_is_an_alarm():
    with Made(20) as made, Made(30) as other, Published(made.dir) as published:
        lay(made)
        published.faults = {"checkpoint": lambda h: give(h, 200, other.path("log/checkpoint").read_bytes())}
        with Register(mirrored(made, published)) as register:
            register.start()
            register.alarm("bad-seal")
            assert not list(register.state("made", "mirror/log").iterdir())


def test_another_history_is_an_alarm_with_its_proof():
    with Made(300) as made, Published(made.dir) as published:
        lay(made)
        with Register(mirrored(made, published), follow={"grace_s": 1}) as register:
            register.start()
            register.followed("made", 300)
            longer = make_log.make(600, key=made.log.key, evil_every=7)
            made.publish(longer)
            register.alarm("fork")
            assert list(register.state("made", "").glob("fork*")), list(register.state("made", "").iterdir())


def test_a_log_that_was_set_back_is_an_alarm():
    with Made(300) as made, Published(made.dir) as published:
        lay(made)
        with Register(mirrored(made, published)) as register:
            register.start()
            register.followed("made", 300)
            made.publish(make_log.make(200, key=made.log.key))
            register.alarm("rollback", says="300")


def test_a_mirror_that_was_cut_off_is_made_good():
    """As a power cut leaves it: longer than what was written down, or damaged."""
    with Made(700) as made, Published(made.dir) as published:
        lay(made)
        with Register(mirrored(made, published), follow={"grace_s": 3600}) as register:
            register.start()
            register.followed("made", 700)
            register.stop()
            mirror = register.state("made", "mirror")
            with open(mirror / "evidence/pack-00000001", "ab") as pack:
                pack.write(bytes(1000))
            (mirror / "evidence/pack-00000002").write_bytes(bytes(10))
            made.grow(make_log.Workload("more").report(time_s=LATER_S))
            register.start()
            assert register.followed("made", 701)[1:] == (0, 0)
            register.stop()
            assert (mirror / "evidence/pack-00000001").read_bytes() == \
                made.path("evidence/pack-00000001").read_bytes()
            assert not (mirror / "evidence/pack-00000002").exists()
            shutil.rmtree(mirror)
            made.grow(make_log.Workload("still").report(time_s=LATER_S))
            register.start()
            assert register.followed("made", 702)[1:] == (0, 0)
            assert not register.alarms()


if __name__ == "__main__":
    run_tests(__name__)
