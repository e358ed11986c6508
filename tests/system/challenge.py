#!/usr/bin/python3
"""A challenge through all of Hallmark: `hallmark-signer challenge` of a real program on a real host, and what a
relying party sees of it."""

import base64
import json
import subprocess

import hallmark
from hallmark import program
from watched import HOST, Watched

def report_in(path):
    line = next(l for l in path.read_text().split("\n") if l.startswith("extra "))
    return json.loads(base64.b64decode(line.removeprefix("extra ")))


def test_a_program_that_is_altered_between_two_challenges():
    with Watched() as w:
        good, bad = w.path("good.tlog-proof"), w.path("bad.tlog-proof")
        done = w.challenge("--nonce", "00" * 31 + "2a", "-o", str(good))
        assert done.returncode == 0 and done.stderr == "", done
        assert done.stdout.startswith(f"{HOST} app: affirming, index "), done.stdout
        assert done.stdout.endswith(" s old\n") and done.stdout.count("\n") == 1, done.stdout
        report = report_in(good)
        assert report["eat_nonce"] == base64.urlsafe_b64encode(bytes(31) + b"*").decode().strip("=")
        assert report["submods"]["app"]["ear.status"] == "affirming"

        w.alter()
        done = w.challenge("-o", str(bad))
        assert done.returncode == 1 and done.stderr == "", done
        assert done.stdout.startswith(f"{HOST} app: contraindicated, index "), done.stdout
        later = report_in(bad)
        assert len(base64.urlsafe_b64decode(later["eat_nonce"] + "==")) == 32  # a random one
        assert later["eat_nonce"] != report["eat_nonce"]
        assert [f["code"] for f in later["submods"]["app"]["hallmark.findings"]] == ["changed-file"]
        assert later["hallmark.bundle"]["seq"] == report["hallmark.bundle"]["seq"] + 1
        assert later["hallmark.bundle"]["nonce"] != later["eat_nonce"]

        # The receipts are like any other, and so is the log.
        for path in (good, bad):
            w.site.audit("verify", str(path), "--cert", str(w.path("log.crt")))
        assert w.collector.stop() == 0 and w.signer.stop() == 0
        w.site.audit("replay", "--log", str(w.path("log")), "--evidence", str(w.path("evidence")),
                     "--cert", str(w.path("log.crt")), "--all")


def test_where_there_is_no_verdict():
    with Watched() as w:
        w.expect_refusal("214 not-connected", workload="other")
        for nonce in ("00" * 7, "00" * 65, "0" * 17, "xy" * 8, "AB" * 8, ""):
            done = w.challenge("--nonce", nonce)
            assert done.returncode == 2 and f'found "{nonce}"' in done.stderr, done
        done = w.challenge("-o", str(w.path("none/receipt")))
        assert done.returncode == 2 and done.stdout == "" and "No such file" in done.stderr, done
        with open("/dev/full", "wb") as full:
            done = subprocess.run([program("hallmark-signer"), "challenge", "--socket",
                                   str(w.path("run/status.sock")), HOST, "app"], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode != 0 and "No space left" in done.stderr, done
        assert w.collector.stop() == 0
        w.expect_refusal("214 not-connected")
        assert w.signer.stop() == 0
        done = w.challenge()
        assert done.returncode == 2 and "is the signer running?" in done.stderr, done


def test_a_collector_that_hangs_is_no_verdict_in_time():
    with Watched() as w:
        w.collector.signal(hallmark.signal.SIGSTOP)
        w.expect_refusal("215 challenge-unanswered")
        w.collector.signal(hallmark.signal.SIGCONT)
        assert w.challenge().returncode == 0
        assert w.collector.stop() == 0 and w.signer.stop() == 0


def test_command_lines():
    with Watched() as w:
        config = ["-c", str(w.path("signer.yaml"))]
        for arguments in ([], [HOST, "app"], [*config], [*config, HOST], [*config, HOST, "app", "x"],
                          [*config, *config, HOST, "app"], [*config, HOST, "app", "-o"],
                          [*config, "--socket", "x", HOST, "app"],
                          [*config, HOST, "app", "--nonce", "00" * 8, "--nonce", "00" * 8]):
            done = w.site.tool("hallmark-signer", "challenge", *arguments, check=False)
            assert done.returncode == 2 and done.stdout == "" and "usage: " in done.stderr, done
        done = w.site.tool("hallmark-signer", "challenge", "app", "--socket",
                           str(w.path("run/status.sock")), "--nonce", "00" * 8, HOST, check=False)
        assert done.returncode == 2 and f'a workload\'s name, found "{HOST}"' in done.stderr, done
        done = w.site.tool("hallmark-signer", "challenge", *config, "a host", "app", check=False)
        assert done.returncode == 2 and 'a collector\'s name' in done.stderr, done
        assert w.collector.stop() == 0 and w.signer.stop() == 0


if __name__ == "__main__":
    hallmark.run_tests("__main__")
