#!/usr/bin/python3
"""Checkpoints with a timestamp of an authority that is nobody's here: `openssl ts` makes them behind
HTTP, and `openssl ts -verify` checks what the register answers."""

import http.client
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import make_log
from hallmark import PATIENCE_S, free_port, run_tests
from registered import Made, Register
from stamper import Stamper

LOOK_S = 0.05  # between two looks


class Stamped:
    """A made log, a register that follows it, and the authority that it asks."""

    def __init__(self, **options):
        self.made, self.port = Made(3), free_port()
        self.register = Register(self.made.config(), listen=[{"address": f"127.0.0.1:{self.port}"}])
        self.authority = Stamper(self.register.path("tsa"))
        self.register.options["timestamps"] = {
            "url": self.authority.url, "ca": str(self.authority.ca), "every_s": 1, **options}
        self.register.write()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.authority.__exit__()
        self.register.remove()
        self.made.__exit__()

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers["Content-Type"]

    def stamped(self, size):
        """Waits for it: checkpoint and reply."""
        wait(lambda: self.ask(f"/v1/timestamps/made/checkpoint?size={size}")[0] == 200)
        found = [self.ask(f"/v1/timestamps/made/{part}?size={size}") for part in ("checkpoint", "reply")]
        assert [(status, kind) for status, _, kind in found] == \
            [(200, "text/plain; charset=utf-8"), (200, "application/timestamp-reply")], found
        return found[0][1], found[1][1]

    def count(self, name):
        text = self.ask("/metrics")[1].decode()
        return int(text.split(f"\n{name} ")[1].split("\n")[0])

    def kept(self):
        return sorted(path.name for path in self.register.state("made", "timestamps").iterdir())


def wait(is_so):
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(LOOK_S)


def grow(made):
    """By one entry; its size then."""
    number = len(made.log.entries)
    made.grow(make_log.Workload(f"more-{number}").report(time_s=make_log.TIME_S + 60 * number))
    return number + 1


def test_what_it_answers_is_verified_by_openssl():
    with Stamped() as s:
        size = len(s.made.log.entries)
        s.register.start()
        note, reply = s.stamped(size)
        assert note == s.made.path("log/checkpoint").read_bytes()
        s.authority.verify(note, reply)
        try:
            s.authority.verify(note + b"\n", reply)
            raise AssertionError("openssl verifies anything")
        except subprocess.CalledProcessError:
            pass
        assert s.authority.asked[0][0] == "application/timestamp-query"
        assert s.ask("/v1/timestamps/made/reply")[:2] == (200, reply)
        for path, status in ((f"made/reply?size={size + 1}", 404), (f"made/checkpoint?size={size + 1}", 404), ("other/reply", 404),
                             ("made/reply?size=x", 400)):
            assert s.ask("/v1/timestamps/" + path)[0] == status, path
        assert s.count("hallmark_register_timestamps_total") == 1
        assert s.count("hallmark_register_timestamps_failed_total") == 0
        assert s.count('hallmark_register_log_timestamped_size{log="made"}') == size
        s.register.stop()


def test_a_restart_asks_nothing_twice():
    with Stamped() as s:
        first = len(s.made.log.entries)
        s.register.start()
        earliest = s.stamped(first)
        second = grow(s.made)
        latest = s.stamped(second)
        assert s.stamped(first) == earliest != latest
        s.authority.verify(*latest)
        assert len(s.authority.asked) == 2
        # Ended between the two files, it has none: it is asked for again, and what is there replaced.
        s.register.process.kill()
        s.register.state("made", f"timestamps/{second}.note").unlink()
        s.register.state("made", "timestamps/99.note").write_text("without a reply")
        s.register.state("made", "timestamps/07.note").write_text("no size's name")
        s.register.start()
        s.authority.verify(*s.stamped(second))
        assert len(s.authority.asked) == 3
        s.register.process.kill()
        s.register.start()
        assert s.stamped(first) == earliest
        third = grow(s.made)
        s.authority.verify(*s.stamped(third))
        assert len(s.authority.asked) == 4
        assert s.count("hallmark_register_timestamps_total") == 1
        s.register.stop()


def test_lies_are_refused_and_said_once():
    with Stamped() as s:
        s.authority.make("other")
        for lie, says in (
                (b"<html>it works</html>", "no reply of RFC 3161"),
                (lambda query: s.authority.reply(query) + b"\0", "bytes follow its end"),
                (lambda query: s.authority.reply(query, "other"), "certificate verify error"),
                (lambda query: s.authority.reply(s.authority.query(b"other")), "imprint mismatch"),
                (lambda query: s.authority.reply(
                    s.authority.query(s.made.path("log/checkpoint").read_bytes())), "nonce mismatch"),
                (bytes(1 << 20), "longer than the 65536 bytes")):
            s.authority.lie = lie
            process = s.register.start()
            process.wait_for(f"event=not-timestamped .*{says}")
            wait(lambda: s.count("hallmark_register_timestamps_failed_total") >= 2)
            assert s.ask("/v1/timestamps/made/reply")[0] == 404 and s.kept() == [], says
            assert sum("event=not-timestamped" in line for line in process.lines) == 1, process.lines
        s.authority.lie = None
        s.authority.status = 500
        process = s.register.start()
        process.wait_for("event=not-timestamped .*expected status 200, found 500")
        s.authority.status = 200
        process.wait_for("event=timestamping .*works again")
        s.authority.verify(*s.stamped(len(s.made.log.entries)))
        s.register.stop()


def test_one_who_does_not_answer_holds_up_nothing():
    with Stamped() as s:
        s.authority.hold.clear()
        size = len(s.made.log.entries)
        s.register.start()
        wait(lambda: s.authority.asked)
        size = grow(s.made)
        s.register.followed("made", size)
        assert s.ask("/v1/timestamps/made/reply")[0] == 404
        began = time.monotonic()
        s.register.stop()
        assert time.monotonic() - began < 15, "an answer is waited for 30 s"
        s.authority.hold.set()
        s.authority.server.shutdown()
        s.authority.server.server_close()
        process = s.register.start()
        process.wait_for("event=not-timestamped .*(refused|connect)")
        s.register.followed("made", grow(s.made))
        s.register.stop()


if __name__ == "__main__":
    run_tests(__name__)
