#!/usr/bin/python3
"""`hallmark-signer policy approve`: what an approver has to know, and the commands, which do what they say."""

import json
import re
import shlex
import subprocess

from hallmark import APP, ORIGIN, Site, program, run_tests
from logimage import published
from signer_statements import EVIL_KNOWN, desk, reload


def asked(site, *more):
    """Of the policy that stands on the disk now."""
    return site.tool("hallmark-signer", "policy", "approve", str(site.path("policy.yaml")),
                     "-c", str(site.path("signer.yaml")), *more, check=False)


def told(site, *more):
    return json.loads(asked(site, "--json", *more).stdout)


def in_force(site, signer):
    """What the disk has by now is all that was acknowledged."""
    size = int(signer.wait_for("event=policy-in-force .*index=").split("index=")[1].split()[0]) + 1
    published(site, size)


def test_who_is_asked_and_what_changes():
    with desk(threshold=2) as (site, operators):
        signer = site.start_signer()
        in_force(site, signer)
        done = asked(site)
        assert done.returncode == 1 and f"is in force already in {ORIGIN}" in " ".join(done.stdout.split()), done
        assert "one policy, to the byte" in done.stdout and "statement sign" not in done.stdout
        operators.policy(reference=EVIL_KNOWN)
        done = asked(site)
        text = " ".join(done.stdout.split())
        assert done.returncode == 0 and not done.stderr, done
        assert f"needs 2 approvals in {ORIGIN}, and has 0 1 difference from test@sha256:" in text
        assert "the set known has 1 line, had 1: 1 path changed ~ /usr/bin/app Those who may approve it" in text
        assert re.search(r"its author:\n  ann *\n  bob *\n\nEach", done.stdout), done.stdout
        assert told(site)["operators"] == ["ann", "bob"] and told(site, "--author", "ANN")["operators"] == ["bob"]
        text = " ".join(asked(site, "--author", "ANN").stdout.split())
        assert text.endswith("its author: bob That is 1 of 2: whatever they sign, it does not come into force. "
                             "Let somebody be its author (--author) without whom there are enough."), text
        assert told(site)["in_force"] != told(site)["policy"] and told(site)["origin"] == ORIGIN
        reload(signer)
        signer.wait_for("event=policy-waiting")
        index = int(re.search(r"index (\d+)", operators.submit(operators.say(
            "ann", "approve", {"manifest": told(site)["manifest"]})).stdout)[1])
        published(site, index + 1)
        assert (told(site)["needed"], told(site)["found"]) == (2, 1)
        collector = site.collector()
        published(site, collector.submit("app", APP)["index"] + 1)
        assert (told(site)["needed"], told(site)["found"]) == (2, 1)
        assert signer.stop() == 0


def test_the_commands_do_it():
    with desk() as (site, operators):
        key = operators.keys["ann"].write(site.path("ann.pem"))
        signer = site.start_signer()
        in_force(site, signer)
        operators.policy(reference=EVIL_KNOWN)
        reload(signer)
        start = len(signer.lines)
        said = asked(site, "--author", "o'dora", "--all").stdout
        commands = said[said.index("  hallmark-hsm"):].replace("KEY", str(key)).replace("REASON", "CHG-1")
        for name in ("hallmark-hsm", "hallmark-signer"):
            commands = commands.replace(f"  {name} ", f"  {shlex.quote(program(name))} ")
        subprocess.run(["sh", "-e", "-c", commands], cwd=site.path(""), env=site.env, check=True, capture_output=True)
        signer.wait_for("event=policy-in-force", start)
        assert signer.stop() == 0


def test_where_nobody_is_asked():
    with Site() as site:
        signer = site.start_signer()
        in_force(site, signer)
        site.write_policy(reference=EVIL_KNOWN)
        done = asked(site)
        assert done.returncode == 1 and "needs no approval: what is in force names no operators" in \
            " ".join(done.stdout.split()) and "1 difference" in done.stdout, done
        assert told(site)["needed"] == 0 and told(site)["operators"] == []
        assert signer.stop() == 0
        where = ["--log", str(site.path("log")), "--evidence", str(site.path("evidence"))]
        for arguments in (["/none", *where], [str(site.path("policy.yaml")), *where[:3], "/none"],
                          [str(site.path("policy.yaml")), "--log", "/none", *where[2:]], [str(site.path("policy.yaml"))]):
            done = site.tool("hallmark-signer", "policy", "approve", *arguments, check=False)
            assert (done.returncode, done.stdout) == (2, "") and done.stderr, done


if __name__ == "__main__":
    run_tests("__main__")
