#!/usr/bin/python3
"""The log's key gives way to another while collectors are connected: what is signed by whom, and what
who has the old certificate, the new one or both can say."""

import base64
import json
import os
import pathlib
import re
import sys

from cryptography.hazmat.primitives import serialization

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
import wire
from hallmark import APP, TOKENS
from load import Load
from logimage import published, read_log
from rotation import (audited, certs, held_together, hsm, key_notices, objects_of, rotate, signer_of,
                      two_keys)
from wallclock import WallClock


def verified(site, receipts, *names):
    """Exit status of verify, for each."""
    found = set()
    for receipt in receipts:
        site.path("r.tlog-proof").write_bytes(wire.tlog_proof(receipt))
        found.add(site.audit("verify", str(site.path("r.tlog-proof")), *certs(site, *names),
                             check=False).returncode)
    return found


def test_under_load():
    with two_keys() as site:
        signer = site.start_signer()
        load = Load(site)
        load.wait_for(40)
        before = objects_of(site)
        done = rotate(site)
        assert "ordered" in done.stdout and "log-2.crt" in done.stdout, done.stdout
        assert "once its key process was started with this \"next\"" in done.stdout, done.stdout
        assert objects_of(site) == before, "something was changed on the token"
        signer.wait_for("event=key-changed")
        assert load.wait_for_each(10) < 20
        load.end()
        assert not load.errors and load.closed == 0, (load.errors, load.closed)
        published(site, 1 + max(r["index"] for r in load.receipts))
        site.certificate = site.certificates[1]
        assert signer.stop() == 0
        assert "guard: the key gave way to another, 20" in site.hsm("check").stdout
        log = read_log(site)
        held_together(site, load.receipts, log)
        place, = key_notices(log)
        by_old = [r for r in load.receipts if signer_of(site, r["checkpoint"])[0] == 0]
        by_new = [r for r in load.receipts if signer_of(site, r["checkpoint"])[0] == 1]
        assert by_old and by_new
        assert verified(site, by_old[-3:], "log.crt") == {0} == verified(site, by_old[-3:])
        assert verified(site, by_new[-3:], "log-2.crt") == {0} == verified(site, by_new[-3:])
        assert verified(site, by_new[-1:], "log.crt") == {2} == verified(site, by_old[-1:], "log-2.crt")
        audited(site)
        where = ("--log", str(site.path("log")))
        old = site.audit("fsck", *where, *certs(site, "log.crt"), check=False)
        assert old.returncode == 2 and "changed its key" in old.stdout, old
        new = site.audit("fsck", *where, *certs(site, "log-2.crt"))
        assert f"from size {place + 1} on (entry {place}" in new.stdout, new.stdout
        # Who kept something of the old key's holds it against the log of the new one's.
        site.path("kept").write_bytes(by_old[0]["checkpoint"])
        site.audit("fsck", *where, *certs(site), "--at-least", str(site.path("kept")))
        started_again(site)


def keys_told(site):
    """Of the set that relying parties are given: which of the two, in their order."""
    certificates = [base64.b64encode(c.public_bytes(serialization.Encoding.DER)).decode()
                    for c in site.certificates]
    keys = json.loads(site.hsm("jwks").stdout)["keys"]
    assert all(key["kid"] and key["alg"] == "ES256" for key in keys), keys
    return [certificates.index(key["x5c"][0]) for key in keys]


def test_relying_parties_have_both_keys_until_no_token_of_the_old_one_is_left():
    """A token here ends 1,800 s after its report, which may be a minute ahead of the key process's clock."""
    with two_keys() as site:
        clock = WallClock(site)
        site.env.update(clock.env)
        signer = site.start_signer()
        assert keys_told(site) == [0, 1]
        rotate(site)
        assert keys_told(site) == [0, 1]
        signer.wait_for("event=key-changed")
        assert signer.stop() == 0
        assert keys_told(site) == [1, 0]
        clock.move(1800 + 60 - 20)
        assert keys_told(site) == [1, 0]
        clock.move(1800 + 60 + 20)
        assert keys_told(site) == [1]


def give_tokens(site, *lifetimes_s):
    """hsm.yaml with a profile of each."""
    site.options["hsm"]["tokens"] = [{**TOKENS[0], "profile": f"p{n}", "lifetime_s": n}
                                     for n in lifetimes_s] or None
    site.write_configs()


def test_a_lifetime_that_was_shortened_takes_no_key_from_tokens_that_are_about():
    """Before the change or behind it, and where all profiles are taken away; a longer one gives it no time."""
    with two_keys() as site:
        clock = WallClock(site)
        site.env.update(clock.env)
        give_tokens(site, 60, 1800)
        assert site.start_signer().stop() == 0
        give_tokens(site, 60)
        signer = site.start_signer()
        rotate(site)
        signer.wait_for("event=key-changed")
        assert signer.stop() == 0
        for lifetimes_s in ((60,), (), (86400,)):
            give_tokens(site, *lifetimes_s)
            clock.move(1800 + 60 - 20)
            assert keys_told(site) == [1, 0], lifetimes_s
            clock.move(1800 + 60 + 20)
            assert keys_told(site) == [1], lifetimes_s


def kept(site):
    """All that is in the guard's directory."""
    return {path.name: path.read_bytes() for path in site.path("guard").iterdir()}


def test_what_is_not_ready_is_not_ordered():
    """Each time exit 1, and a sentence that names the mend; the log's key is as it was."""
    with two_keys() as site:
        own = site.path("hsm.yaml").read_text()
        for path in site.path("guard").glob("pin-refused-*"):
            path.unlink()
        before = kept(site)
        dry = rotate(site, "--dry-run")
        assert "nothing was changed" in dry.stdout and kept(site) == before

        def refused(pattern, checks=0):
            for options in ((), ("--dry-run",)):
                done = rotate(site, *options, check=False)
                assert done.returncode == 1 and re.search(pattern, done.stderr), (pattern, done)
            assert not list(site.path("guard").glob("*.transition")), pattern
            assert site.hsm("check", check=False).returncode == checks, pattern

        site.path("hsm.yaml").write_text("".join(l for l in own.splitlines(True) if "next" not in l))
        refused("expected \"next\"")
        site.path("hsm.yaml").write_text(own)
        second = site.path("hsm-2.yaml").read_text()
        site.path("hsm-2.yaml").write_text(second.replace("log-2", "log"))
        refused("cannot follow itself")
        site.path("hsm-2.yaml").write_text(second.replace("key: log-2", "key: log-3"))
        refused("log-3")
        site.path("hsm-2.yaml").write_text(second.replace("test/log", "test/other"))
        refused("same \"origin\" and \"guard\"", checks=1)
        site.path("hsm-2.yaml").write_text(second)
        assert rotate(site, "now", check=False).returncode == 2
        # A key that has a log of its own follows nobody.
        site.path("hsm.yaml").rename(site.path("kept"))
        site.path("hsm.yaml").write_text(second)
        site.path("hsm.yaml").chmod(0o644)
        with keychannel.KeyProcess(site) as key:
            tree = keychannel.Tree(keychannel.reports(1))
            assert key.sign(tree, 0).error == 0
        site.path("kept").rename(site.path("hsm.yaml"))
        refused("has signed a log already")


def collect(site, **signer):
    """A real collector, once; of the log it knows what `signer` says."""
    for name in ("state", "receipts"):
        site.path(name).mkdir(exist_ok=True)
    site.peer("host1")
    site.path("pid").write_text(f"{os.getpid()}\n")
    site.path("collector.yaml").write_text(hallmark.to_yaml({
        "signers": [{"address": f"127.0.0.1:{site.port}", "server_name": "signer.test", **signer}],
        "tls": {"certificate": "host1.crt", "key": "host1.key", "signer_ca": "collectors-ca.crt"},
        "state": "state", "receipts": "receipts", "interval_s": 3600, "sign_every_s": 0,
        "workloads": [{"name": "app", "pid_file": "pid", "measure": ["host"]}]}))
    return site.tool("hallmark-collector", "once", "-c", str(site.path("collector.yaml")), check=False)


def test_collectors_take_receipts_of_the_keys_that_they_know():
    """Who knows the old key alone keeps no receipt of the new one, and says why."""
    old, both = {"log_certificate": "log.crt"}, {"log_certificate": "log.crt",
                                                 "log_certificate_next": "log-2.crt"}
    with two_keys() as site:
        signer = site.start_signer()
        for known in (old, both):
            done = collect(site, **known)
            assert "event=receipt" in done.stderr and "bad-receipt" not in done.stderr, done
        rotate(site)
        signer.wait_for("event=key-changed")
        done = collect(site, **old)
        assert "event=bad-receipt" in done.stderr and "by log_certificate" in done.stderr, done
        for known in (both, {"log_certificate": "log-2.crt"}):
            done = collect(site, **known)
            assert "event=receipt" in done.stderr and "bad-receipt" not in done.stderr, done
        assert len(list(site.path("receipts").glob("*.tlog-proof"))) >= 4
        assert signer.stop() == 0


def started_again(site):
    """With the log and the configuration as they are."""
    signer = site.start_signer()
    receipt = site.collector("again").submit("again", APP)
    assert signer_of(site, receipt["checkpoint"])[0] == 1
    assert signer.stop() == 0


def test_an_idle_log_goes_over_and_is_started_before_anything_follows():
    """The published checkpoint is still the old key's."""
    with two_keys() as site:
        signer = site.start_signer()
        rotate(site)
        signer.wait_for("event=key-changed")
        published(site, 4)
        assert signer.stop() == 0
        assert signer_of(site, site.path("log/checkpoint").read_bytes()) == (0, 4)
        site.audit("fsck", "--log", str(site.path("log")), *certs(site))
        started_again(site)
        audited(site)


def test_a_key_process_with_a_key_that_nobody_announced_is_not_the_logs():
    with two_keys() as site:
        signer = site.start_signer()
        site.collector().submit("app", APP)
        site.path("hsm.yaml").write_text(site.path("hsm-2.yaml").read_text())
        os.kill(site.key_process_pid(), 9)
        line = signer.wait_for("event=certificate-changed")
        assert "no key notice" in line, line
        assert signer.wait() != 0



def beside(site, config, **changes):
    """The configuration with an Ed25519 key; its verifier key."""
    lines = [line for line in site.path(config).read_text().splitlines(True) if not line.startswith("ed25519")]
    site.path(config).write_text("".join(lines) + "".join(f"{k}: {v}\n" for k, v in changes.items()))
    if changes and not site.path(changes["ed25519_verifier"]).exists():
        hsm(site, config, "init")
        return site.path(changes["ed25519_verifier"]).read_text()
    return None


SAME = {"ed25519_key": "beside", "ed25519_verifier": "log.vkey"}
OTHER = {"ed25519_key": "beside-2", "ed25519_verifier": "log-2.vkey"}


def vkeys_of(site, names=("log.vkey", "log-2.vkey")):
    """Which of them has a line in the log's checkpoint."""
    lines = site.path("log/checkpoint").read_bytes().split(b"\n\n")[1].splitlines()
    ids = {base64.b64decode(line.split()[2])[:4].hex() for line in lines}
    assert len(ids) == len(lines), lines
    return [n for n in names if site.path(n).exists() and site.path(n).read_text().split("+")[1] in ids]


def test_the_key_beside_stays_or_another_takes_its_place():
    for second, says, after in ((SAME, "'beside' stays: who has", ["log.vkey"]),
                                (OTHER, "'beside-2' on token 'test' takes the place of 'beside'", ["log-2.vkey"])):
        with two_keys() as site:
            beside(site, "hsm.yaml", **SAME)
            beside(site, "hsm-2.yaml", **second)
            signer = site.start_signer()
            receipt = site.collector().submit("app", APP)
            published(site, receipt["index"] + 1)
            assert vkeys_of(site) == ["log.vkey"]
            old = site.path("log/checkpoint").read_bytes()
            for options in (("--dry-run",), ()):
                assert says in rotate(site, *options).stdout
            signer.wait_for("event=key-changed")
            receipt = site.collector("host2").submit("app", APP)
            published(site, receipt["index"] + 1)
            assert signer.stop() == 0
            assert vkeys_of(site) == after
            both = [*certs(site), *certs(site, "log.vkey"), *certs(site, *after)]
            site.path("kept").write_bytes(old)
            site.audit("fsck", "--log", str(site.path("log")), *both, "--at-least", str(site.path("kept")))
            # Who knows one of them alone: what it has signed, and nothing of what the other has.
            told = {name: site.audit("fsck", "--log", str(site.path("log")), *certs(site, name),
                                     check=False).returncode for name in ("log.vkey", *after)}
            assert told[after[0]] == 0 and told["log.vkey"] == (0 if second is SAME else 2), told


def test_the_next_key_is_made_beside_the_one_that_stays():
    with two_keys() as site:
        line = beside(site, "hsm.yaml", **SAME)
        beside(site, "hsm-2.yaml", **SAME)
        third = site.path("hsm-2.yaml").read_text().replace("key: log-2", "key: log-3").replace("log-2.crt", "log-3.crt")
        site.path("hsm-3.yaml").write_text(third)
        dry = hsm(site, "hsm-3.yaml", "init", "--dry-run").stdout
        assert "would make   key 'log-3'" in dry and "'beside' is there, as" in dry, dry
        said = hsm(site, "hsm-3.yaml", "init").stdout
        assert "made     key 'log-3'" in said and "kept     key 'beside' beside it" in said, said
        assert site.path("log.vkey").read_text() == line
        again = hsm(site, "hsm-3.yaml", "init", check=False)
        assert again.returncode == 1 and "nothing is overwritten" in again.stderr, again
        # Not where the file is another key's.
        site.path("hsm-4.yaml").write_text(third.replace("log-3", "log-4"))
        beside(site, "hsm-2.yaml", **OTHER)
        site.path("log.vkey").write_text(site.path("log-2.vkey").read_text())
        for options in (("--dry-run",), ()):
            wrong = hsm(site, "hsm-4.yaml", "init", *options, check=False)
            assert wrong.returncode == 1 and "another key than the token's" in wrong.stderr, wrong


def test_a_key_beside_does_not_just_end():
    with two_keys() as site:
        beside(site, "hsm.yaml", **SAME)
        site.start_signer().stop()
        before = kept(site)
        for options in (("--dry-run",), ()):
            done = rotate(site, *options, check=False)
            assert done.returncode == 1 and "hsm-2.yaml: expected \"ed25519_key\"" in done.stderr, done
            assert kept(site) == before
        beside(site, "hsm-2.yaml", **OTHER)
        site.path("log-2.vkey").write_text(site.path("log.vkey").read_text())
        done = rotate(site, "--dry-run", check=False)
        assert done.returncode == 1 and "another key than the token's" in done.stderr, done
        # It ends because somebody has taken it out, and another one begins with the next key.
        site.path("log-2.vkey").unlink()
        beside(site, "hsm-2.yaml", **OTHER)
        beside(site, "hsm.yaml")
        assert "'beside-2' begins with it" in rotate(site, "--dry-run").stdout
        beside(site, "hsm-2.yaml")
        assert "beside" not in rotate(site, "--dry-run").stdout


if __name__ == "__main__":
    hallmark.run_tests(__name__)
