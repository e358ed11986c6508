#!/usr/bin/python3
"""Auditor and independent verifier on what the real signer and a real token have sealed."""

import hashlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import wire
from audit import BAD, GOOD, UNKNOWN, audit, changed, check, flip
from cryptography.hazmat.primitives.asymmetric import ec
from hallmark import APP, EVIL, Site, run_tests
from rederivation import SIGNED_BEFORE, signature_parameters

VERIFIER = pathlib.Path(__file__).with_name("independent_verifier.py")


class Audited:
    """A site whose signer has sealed a few hundred reports, across a restart, and is stopped."""

    def __init__(self, **options):
        self.site = Site(**options)
        self.path = self.site.path
        self.path("receipts").mkdir()
        for part in range(2):
            signer = self.site.start_signer()
            collector = self.site.collector(f"host{part}")
            for i in range(150):
                self.keep(collector.submit(f"app-{i % 3}", EVIL if i % 7 == 6 else APP))
            collector.close()
            assert signer.stop() == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.__exit__()

    def keep(self, receipt):
        name = f"receipts/{receipt['index']:05}.tlog-proof"
        self.path(name).write_bytes(wire.tlog_proof(receipt))

    def run(self, command, *arguments):
        return audit(command, *arguments, "--cert", self.path("log.crt"))

    def fsck(self, expect=GOOD, says=""):
        check(self.run("fsck", "--log", self.path("log")), expect, says)
        return check(self.run("fsck", "--log", self.path("log"), "--evidence",
                              self.path("evidence")), expect, says)

    def replay(self, expect=GOOD, says=""):
        return check(self.run("replay", "--log", self.path("log"), "--evidence",
                              self.path("evidence"), "--all"), expect, says)


def test_everything_that_was_sealed_verifies_twice_and_replays():
    with Audited() as a:
        receipts = sorted(a.path("receipts").iterdir())
        assert len(receipts) == 300
        check(a.run("verify", *receipts, "--origin", "hallmark.test/log"), GOOD)
        # A start each time, and the policy once.
        a.fsck(says=["304 of 304", "workloads            6", "42 contraindicated",
                     "2 starts, 1 manifest, 0 statements"])
        a.replay(says="300 the same, 0 different, 0 not possible")
        done = subprocess.run([VERIFIER, "--cert", a.path("log.crt"), "--log", a.path("log"),
                               "--receipts", a.path("receipts"), "--evidence", a.path("evidence")],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "304 entries" in done.stdout and "300 receipts" in done.stdout
        assert "300 reports, 0 absences, 4 notices say what they may" in done.stdout
        damage(a, receipts)


def damage(a, receipts):
    """The same files, changed: it was not for nothing."""
    with changed(receipts[7], receipts[8].read_bytes().replace(b"index 11", b"index 10")):
        check(a.run("verify", *receipts), BAD)
    for path in sorted(a.path("log").rglob("*")):
        if path.is_file() and "pending" not in path.name:
            good = path.read_bytes()
            with changed(path, flip(good, len(good) // 2)):
                assert a.run("fsck", "--log", a.path("log")).returncode != 0, path
    a.fsck()


def test_verdicts_by_more_policies_than_are_kept_in_memory_replay():
    """Each accepts one program more than the last; at the end the first ones come back."""
    known = ["app", *(f"release {i}" for i in range(1, 12))]
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for count in [*range(1, len(known) + 1), 1, 2, 3]:
            start = len(signer.lines)
            site.write_policy(reference="".join(
                f"{hashlib.sha256(content.encode()).hexdigest()}  /usr/bin/app\n"
                for content in known[:count]))
            signer.signal(signal.SIGHUP)
            signer.wait_for("event=reloaded", start=start)
            for content in (known[0], known[count - 1], known[count % len(known)]):
                collector.submit("app", {"executable": wire.component(
                    "executable", [wire.file_item("/usr/bin/app", content.encode())])})
        assert signer.stop() == 0
        done = audit("replay", "--log", site.path("log"), "--evidence", site.path("evidence"),
                     "--cert", site.path("log.crt"), "--all")
        output = check(done, GOOD, "45 the same, 0 different, 0 not possible")
        assert len(re.findall(r"3 reports by test@sha256:", output)) == 15, output


def test_a_signer_with_a_ca_of_its_own_is_found_by_whoever_names_the_right_one():
    """It goes on for the host with a certificate that its own CA has made: the policy is the approved one."""
    key = ec.generate_private_key(ec.SECP256R1())

    def sign(data):
        return key.sign(SIGNED_BEFORE + data, *signature_parameters(key))

    with Site() as site, Site() as elsewhere:
        ours, theirs = site.path("collectors-ca.crt"), site.path("theirs.crt")
        shutil.copy(elsewhere.path("collectors-ca.crt"), theirs)
        replay = ["replay", "--all", "--log", site.path("log"), "--evidence", site.path("evidence"), "--cert",
                  site.path("log.crt")]
        chains = {}
        for ca, where in ((ours, site), (theirs, elsewhere)):
            site.options["tls"] = {"client_ca": ca.name}
            site.write_configs()
            where.issue("host1", uri="spiffe://test/host1", key=key)
            if where != site:
                for part in ("crt", "key"):
                    shutil.copy(where.path(f"host1.{part}"), site.path(f"host1.{part}"))
            signer = site.start_signer()
            collector = site.collector()
            collector.chains = chains
            collector.submit("app", APP)
            collector.submit("app", APP, signature=sign)
            collector.close()
            assert signer.stop() == 0
        policy = re.search("reports by test@sha256:([0-9a-f]+)", audit(*replay).stdout)[1]
        approved = [*replay, "--policy", policy]
        check(audit(*approved), GOOD, "could not tell of 2 signed reports")
        check(audit(*approved, "--vouched"), UNKNOWN, "nobody who is named vouches for 4 reports")
        check(audit(*approved, "--collectors-ca", ours), BAD,
              ["2 of 4 reports", "2 vouched under", "2 not", "nobody that was named", "none of those named"])
        check(audit(*approved, "--collectors-ca", ours, "--collectors-ca", theirs, "--vouched"), GOOD)


def test_two_receipts_of_a_signer_whose_guard_went_back():
    """The log and the guard are set back to an older state, and another report is sealed in the same place."""
    with Site() as site:
        kept = []
        for content in (APP, EVIL):
            signer = site.start_signer()
            if not kept:
                collector = site.collector()
                for _ in range(2):
                    collector.submit("app", APP)
                assert signer.stop() == 0
                for name in ("log", "guard"):
                    shutil.copytree(site.path(name), site.path(f"{name}.older"), symlinks=True)
                signer = site.start_signer()
            kept.append(site.path(f"{len(kept)}.tlog-proof"))
            kept[-1].write_bytes(wire.tlog_proof(site.collector("host2").submit("other", content)))
            assert signer.stop() == 0
            if len(kept) == 1:
                for name in ("log", "guard"):
                    shutil.rmtree(site.path(name))
                    site.path(f"{name}.older").rename(site.path(name))
                for index in site.dir.glob("index.db*"):
                    index.unlink()
        cert = ["--cert", site.path("log.crt")]
        for receipt in kept:
            check(audit("verify", receipt, *cert), GOOD)
        check(audit("verify", *kept, *cert), BAD, "cannot both be true")
        proof = site.path("fork.txt")
        log = ["fsck", "--log", site.path("log"), *cert]
        check(audit(*log, "--receipt", kept[1]), GOOD, "is in this log")
        check(audit(*log, "--receipt", kept[0], "--fork-proof", proof), BAD, "the log has forked")
        check(audit("verify", proof, *cert), BAD, "PROVED    hallmark.test/log has forked")


def test_a_log_can_be_checked_while_it_grows():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        for i in range(520):
            collector.submit("app", APP)
            if i % 40 == 39:
                published = site.path("log/checkpoint").exists()
                done = audit("fsck", "--log", site.path("log"), "--cert", site.path("log.crt"))
                # Nothing published yet is no fault; what is published is whole.
                assert done.returncode == 0 or not published, done.stdout


if __name__ == "__main__":
    run_tests(__name__)
