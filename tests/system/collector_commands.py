#!/usr/bin/python3
"""What an operator sees of hallmark-collector: usage, check, and a reload that is refused."""

import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from collector_client import Host
from hallmark import lock_key, program, run_tests, with_nobody_to_ask


def collector(*arguments, status):
    done = subprocess.run([program("hallmark-collector"), *arguments], capture_output=True,
                          text=True, timeout=200)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def test_wrong_usage_is_explained():
    for arguments, words in (
            ([], "expected a command"), (["chek"], 'status, image, references or redact, found "chek"'),
            (["check"], "expected -c FILE"), (["check", "-c"], "a file behind it"),
            (["check", "-c", "a", "-c", "b"], "-c once"), (["run", "-c", "a", "app"], "no names"),
            (["once", "-c", "a", "--json"], "belongs to check, measure and status"),
            (["measure", "-c", "a"], "expected the name of a workload"),
            (["measure", "-c", "a", "b", "c"], "one name"), (["once", "-v"], "expected no options")):
        done = collector(*arguments, status=2)
        assert words in done.stderr.split("\n")[0] and "usage:" in done.stderr, done.stderr
    assert collector("--help", status=0).stdout.startswith("usage:")


def test_check_of_what_is_good():
    with Host() as host:
        done = collector("check", "-c", str(host.config), status=0)
        assert f"app: process {host.app.pid}" in done.stdout and "no faults" in done.stdout
        assert done.stderr == ""


def test_check_says_no_faults_only_without_any():
    with Host() as host:
        (host.dir / "host1.crt").write_text("no certificate\n")
        done = collector("check", "-c", str(host.config), status=1)
        assert "no faults" not in done.stdout and "no start line" in done.stderr, done
    with Host() as host:
        host.app.kill()
        host.app.wait()
        done = collector("check", "-c", str(host.config), status=1)
        assert "no faults" not in done.stdout and "no process runs" in done.stderr, done
        collector("check", "-c", str(host.dir / "nowhere.yaml"), status=1)


def test_check_goes_on_behind_a_fault():
    """In one run: ten faults of the configuration, of what it names, and of what is in that."""
    with Host() as host:
        (host.dir / "host1.crt").write_text("no certificate\n")
        (host.dir / "test-ca.crt").write_text("nor this\n")
        host.signer.log_certificate.write_text("nor that\n")
        host.workloads += [{"name": "b/c", "unit": "trading", "measure": ["executable"]},
                           {"name": "gone", "executable": "/nowhere", "measure": ["files"],
                            "files": ["/a/**/b", "/c/../d"]}]
        host.options["interval_s"] = 0
        host.configure()
        host.config.write_text(host.config.read_text() + "surprise: 1\n")
        done = collector("check", "-c", str(host.config), status=1)
        for word in ('"interval_s" must be', 'unknown key "surprise"', '"workloads[1].name" must be',
                     '"workloads[1].unit" must be', "no process runs /nowhere, and there is no such file", "pattern /a/**/b",
                     "pattern /c/../d", "tls.certificate", "tls.signer_ca", "log_certificate"):
            assert word in done.stderr, (word, done.stderr)
        assert len(done.stderr.strip().split("\n")) == 10, done.stderr
        assert f"app: process {host.app.pid}" in done.stdout and "no faults" not in done.stdout


def test_check_looks_at_the_host_s_certificate():
    with Host() as host:
        for words, options in (
                (("valid now", "found one for"), {"uri": "spiffe://test/host1", "days": -30}),
                (("subjectAltName",), {}),
                (("subjectAltName",), {"uri": ["spiffe://test/a", "spiffe://test/b"]}),
                (("TLS clients",), {"dns": "host1.test", "server": True})):
            host.authority.issue(host.dir / "host1", "host1", **options)
            done = collector("check", "-c", str(host.config), status=1)
            lines = done.stderr.strip().split("\n")
            assert len(lines) == 1 and "host1.crt: tls.certificate" in lines[0], done.stderr
            assert all(word in lines[0] for word in words), done.stderr
        host.authority.issue(host.dir / "host1", "host1", dns="host1.test")
        collector("check", "-c", str(host.config), status=0)


def test_a_key_behind_a_pass_phrase_is_refused_without_asking():
    with Host() as host:
        lock_key(host.dir / "host1.key")
        done = with_nobody_to_ask("hallmark-collector", "check", "-c", str(host.config))
        assert "host1.key" in done and "found a key behind a pass phrase" in done, done
        assert "Enter" not in done, done


def test_a_refused_reload_is_an_error_in_the_log():
    with Host() as host:
        running = host.run()
        running.wait_for("event=receipt")
        good = host.config.read_text()
        host.config.write_text(good + "surprise: 1\nanother: 2\n")
        running.signal(signal.SIGHUP)
        line = running.wait_for("event=reload-refused.*surprise")
        assert line.startswith("time=") and "level=error" in line, line
        assert f"file={host.config} line={good.count(chr(10)) + 1} text=" in line, line
        running.wait_for("event=reload-refused.*another")
        host.config.write_text(good)
        running.signal(signal.SIGHUP)
        running.wait_for("event=reloaded")
        assert all(line.startswith("time=") for line in running.lines), running.lines
        assert running.stop() == 0


if __name__ == "__main__":
    run_tests(__name__)
