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
from hallmark import APP
from load import Load
from logimage import published, read_log
from rotation import (audited, certs, held_together, key_notices, objects_of, rotate, signer_of,
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
        assert objects_of(site) == before, "something was changed on the token"
        signer.wait_for("event=key-changed")
        assert load.wait_for_each(10) < 20
        load.end()
        assert not load.errors and load.closed == 0, (load.errors, load.closed)
        published(site, 1 + max(r["index"] for r in load.receipts))
        site.certificate = site.certificates[1]
        assert signer.stop() == 0
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
        published(site, 3)
        assert signer.stop() == 0
        assert signer_of(site, site.path("log/checkpoint").read_bytes()) == (0, 3)
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



if __name__ == "__main__":
    hallmark.run_tests(__name__)
