#!/usr/bin/python3
"""What every program does with a command line: help, version, what it does not know, a full disk for output."""

import subprocess

import hallmark
from hallmark import Site, program

PROGRAMS = {"hallmark-signer": ["run", "check", "status", "challenge"],
            "hallmark-collector": ["check", "measure", "once", "run"],
            "hallmark-hsm": ["init", "show", "csr", "self-sign", "import-cert", "jwks", "adopt", "check", "serve"],
            "hallmark-audit": ["verify", "show", "fsck", "replay"]}


def run(name, *arguments, **options):
    return subprocess.run([program(name), *arguments], stdin=subprocess.DEVNULL, text=True, check=False,
                          **({"capture_output": True} | options))


def test_help_is_asked_for_anywhere_and_is_no_error():
    for name, commands in PROGRAMS.items():
        texts = set()
        for arguments in (["--help"], ["-h"], *[[c, "--help"] for c in commands], *[[c, "-h"] for c in commands]):
            done = run(name, *arguments)
            assert done.returncode == 0 and not done.stderr, (name, arguments, done)
            texts.add(done.stdout)
        text, = texts
        assert text.startswith(f"usage: {name} ") and "exit status: 0 " in text, text
        assert all(f"\n{command} " in text.replace(f"       {name} ", "") or f"{name} {command} " in text
                   for command in commands), text


def test_what_is_not_known_is_named_and_is_2():
    for name, commands in PROGRAMS.items():
        for arguments in ([], ["no-such-command"], *[[c, "--no-such-option"] for c in commands]):
            done = run(name, *arguments)
            assert done.returncode == 2 and not done.stdout, (name, arguments, done)
            assert done.stderr.startswith(f"{name}: ") and "usage: " in done.stderr or "--help" in done.stderr, \
                done.stderr
            assert not arguments or arguments[-1] in done.stderr.split("\n")[0] or arguments[0] != "no-such-command", \
                done.stderr


def test_an_answer_that_did_not_get_out_is_no_success():
    with open("/dev/full", "w") as full:
        for name in PROGRAMS:
            for argument in ("--version", "--help"):
                done = run(name, argument, capture_output=False, stdout=full, stderr=subprocess.PIPE)
                assert done.returncode != 0, (name, argument)
        with Site() as site:
            signer = site.start_signer()
            for name, arguments in (("hallmark-signer", ["check", "-c", site.path("signer.yaml")]),
                                    ("hallmark-signer", ["status", "-c", site.path("signer.yaml")])):
                done = run(name, *arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
                assert done.returncode == 1 and "could not be written" in done.stderr, done
            assert signer.stop() == 0


def test_the_status_is_had_without_the_signers_secrets():
    with Site() as site:
        signer = site.start_signer()
        for name in ("policy.yaml", "signer.key"):
            site.path(name).rename(site.path(name + ".away"))
        done = run("hallmark-signer", "status", "-c", str(site.path("signer.yaml")))
        assert done.returncode == 0 and "token ok" in done.stdout and not done.stderr, done
        done = run("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), "--json", "--prometheus")
        assert done.returncode == 2 and "one of --json, --prometheus and --numbers" in done.stderr, done
        assert signer.stop() == 0


if __name__ == "__main__":
    hallmark.run_tests("__main__")
