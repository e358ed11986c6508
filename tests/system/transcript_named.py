#!/usr/bin/python3
"""The log's first notice names the record of the ceremony in which its key was made: what the signer
takes for one, and what an auditor says of it."""

import hashlib
import json
import signal

import ceremonies
import hallmark
import make_log
import rederivation
import walking
from audit import BAD, GOOD, UNKNOWN, Bench
from chronicle import check
from cryptography.hazmat.primitives import serialization
from hallmark import APP, ORIGIN, Site
from logimage import audit
from story import Policy, Story

NAMED = {"log": {"transcript": "ceremony.json"}}
OLD, NEW = make_log.Key(), make_log.Key()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def log_key(site):
    return site.certificate.public_key().public_bytes(serialization.Encoding.DER,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo)


def with_transcript(site, name="ceremony.json", **options):
    """Signed by two, of the log's key; its digest."""
    if not site.path("log.crt").exists():
        site.init_key()
    data = ceremonies.transcript(options.get("origin", ORIGIN), [options.get("key") or log_key(site)])
    site.path(name).write_bytes(data)
    return digest(data)


def fsck(site, name="ceremony.json", expect=GOOD, says=""):
    done = site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")),
                      "--transcript", str(site.path(name)), check=False)
    assert done.returncode == expect and says in done.stdout, done.stdout
    return done.stdout


# --- the signer ----------------------------------------------------------------------------------


def test_the_first_notice_names_it_and_no_other():
    with Site(**NAMED) as site:
        named = with_transcript(site)
        collector = site.collector(connect=False)
        for _ in range(2):
            signer = site.start_signer()
            collector.connect()
            collector.submit("app", APP)
            assert signer.stop() == 0
            assert not any("transcript" in line for line in signer.lines)
        log = check(site)
        assert [e.notice for e in log if e.is_notice] == ["start", "token", "manifest", "start"]
        assert log[0].claims["hallmark.extensions"] == {"transcript": named}
        assert not any("hallmark.extensions" in e.claims for e in log[1:])
        audit(site)
        shown = fsck(site, says="signed by all 2 who were present")
        assert named in shown and "not known to this" not in shown and "alice by key" in shown, shown


def test_hallmark_hsm_writes_what_the_signer_takes():
    with Site(**NAMED) as site:
        present = []
        for name, key in ceremonies.people().items():
            site.secret(f"{name}.key", key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()).decode())
            site.path(f"{name}.pub").write_bytes(key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
            present += ["--present", f"{name}={site.path(name + '.pub')}"]
        site.hsm("init", "--transcript", str(site.path("0.json")), *present)
        site.hsm("self-sign")
        for name, before, after in (("bob", "0.json", "1.json"), ("alice", "1.json", "ceremony.json")):
            site.tool("hallmark-hsm", "transcript", "sign", str(site.path(before)), "--key",
                      str(site.path(f"{name}.key")), "-o", str(site.path(after)))
        signer = site.start_signer()
        assert signer.stop() == 0
        fsck(site, says="signed by all 2 who were present")
        fsck(site, "1.json", BAD, "found " + digest(site.path("1.json").read_bytes()))


def test_what_is_no_whole_transcript_of_this_log_begins_none():
    with Site(**NAMED) as site:
        site.init_key()
        present = ceremonies.people()
        said = ceremonies.payload(ORIGIN, [log_key(site)], present)
        whole = ceremonies.envelope(said, present.values())
        for data, says in (
                (None, "log.transcript"),
                (said, "expected the signatures of all 2 who were present, found 0"),
                (ceremonies.envelope(said, [present["bob"]]), "all 2 who were present, found 1"),
                (ceremonies.envelope(said, [*present.values()][::-1]), "expected the transcript of a ceremony"),
                (whole + b"\n", "expected the transcript of a ceremony"),
                (whole.replace(b'"sig":"', b'"sig":"AAAA'), "does not verify"),
                (ceremonies.transcript("other.example/log", [log_key(site)]), "found one of other.example/log"),
                (b" " * 1048577, "larger than")):
            site.path("ceremony.json").unlink(missing_ok=True)
            if data is not None:
                site.path("ceremony.json").write_bytes(data)
            for command in ("check", "run"):
                done = site.tool("hallmark-signer", command, "-c", str(site.path("signer.yaml")), check=False)
                assert done.returncode == 1 and says in done.stderr and "ceremony.json" in done.stderr, (says, done)
        assert not site.path("log").exists()


def test_the_record_of_another_key_begins_no_log():
    with Site(**NAMED) as site:
        with_transcript(site, key=OLD.spki)
        signer = site.start_signer(wait=False)
        signer.wait_for("event=transcript-of-another-key")
        assert signer.wait() == 1
        with_transcript(site)
        site.start_signer().stop()
        fsck(site, says="it is the one")


def test_a_log_that_has_begun_names_what_it_names():
    with Site() as site:
        site.start_signer().stop()
        site.options["log"] = NAMED["log"]
        site.write_configs()
        with_transcript(site)
        signer = site.start_signer()
        signer.stop()
        assert any("event=transcript-not-named" in line and "names no transcript" in line for line in signer.lines)
        assert "hallmark.extensions" not in check(site)[0].claims
        fsck(site, expect=BAD, says="names no transcript")
    with Site(**NAMED) as site:
        named = with_transcript(site)
        site.start_signer().stop()
        for index in (True, False):  # as the index has it, and as the log has it
            with_transcript(site)
            if not index:
                site.path("index.db").unlink()
            signer = site.start_signer()
            signer.stop()
            assert any("event=transcript-not-named" in line and "another" in line for line in signer.lines), index
        assert check(site)[0].claims["hallmark.extensions"] == {"transcript": named}
        fsck(site, expect=BAD, says=f"names the file with SHA-256 {named}")


def test_a_reload_reads_it_and_changes_nothing():
    with Site(**NAMED) as site:
        named = with_transcript(site)
        signer = site.start_signer()
        for data, event in ((b"no transcript", "event=reload-refused"), (None, "event=reloaded")):
            if data:
                site.path("ceremony.json").write_bytes(data)
            else:
                with_transcript(site)  # another one
            line = len(signer.lines)
            signer.signal(signal.SIGHUP)
            signer.wait_for(event, line)
        assert signer.stop() == 0
        log = check(site)
        assert [e.claims.get("hallmark.extensions") for e in log] == [{"transcript": named}, None, None]


# --- the auditor ---------------------------------------------------------------------------------


class Told(Bench):
    """The bench of a story with this file, whose entry 0 names what is in `named`."""

    def __init__(self, data, named=None, key=OLD, tell=None, begins=None):
        super().__init__(0)
        named = digest(data) if named is None else named
        self.story = Story(Policy(), key=key, begins=begins or {"hallmark.extensions": {"transcript": named}})
        self.story.report()
        if tell:
            tell(self.story)
        self.use(self.story.log)
        self.write("evidence/pack-00000001", self.story.evidence())
        self.write("ceremony.json", data)

    def told(self, expect, says, *arguments):
        shown = self.fsck("--transcript", self.path("ceremony.json"), *arguments, expect=expect, says=says)
        walk = walking.Walk(rederivation.Store(self.path("evidence")), self.story.origin)
        for entry in self.story.log.entries:
            walk.take(entry)
        assert walk.outcome() == walking.GOOD
        return shown


def test_an_auditor_says_whether_it_is_that_file():
    whole = ceremonies.transcript(make_log.ORIGIN, [OLD.spki])
    with Told(whole) as bench:
        shown = bench.told(GOOD, "it is the one that the log's first notice names")
        assert "not known to this" not in shown, shown
        bench.replay("--index", 0, says="nothing that it names denies it")
        shown = bench.run("show", "--log", bench.path("log"), "--index", 0).stdout
        assert "transcript" in shown and digest(whole) in shown and "extension" not in shown, shown
        receipt = bench.receipt(0)
        assert "extension" not in bench.verify(receipt)
        shown = bench.fsck("--transcript", bench.path("ceremony.json"), "--json")
        assert json.loads(shown)["transcript"] == digest(whole)
        bench.fsck("--transcript", bench.path("ceremony.json"), "--tree-only", expect=UNKNOWN)
        bench.path("ceremony.json").unlink()
        bench.fsck("--transcript", bench.path("ceremony.json"), expect=UNKNOWN, says="cannot be read")


def test_what_is_not_the_record_of_this_log_is_bad():
    present = ceremonies.people()
    said = ceremonies.payload(make_log.ORIGIN, [OLD.spki], present)
    for data, named, says in (
            (ceremonies.transcript(make_log.ORIGIN, [OLD.spki]), "ab" * 32, "names the file with SHA-256 abab"),
            (ceremonies.transcript("other.example/log", [OLD.spki]), None, "found one of other.example/log"),
            (ceremonies.transcript(make_log.ORIGIN, [NEW.spki]), None, "none of those that it is the record of"),
            (ceremonies.envelope(said, [present["alice"]]), None, "1 of the 2 who were present"),
            (said, None, "2 of the 2 who were present"),
            (b"{}", None, "in its one valid form")):
        with Told(data, named) as bench:
            shown = bench.told(BAD, says)
            assert "the transcript that was given is not the record of its beginning" in shown, shown


def test_of_a_log_that_has_changed_its_key_it_is_of_the_first():
    def tell(story):
        story.wait(10).give_way(NEW)
        story.wait(10).report()

    for key, expect in ((OLD, GOOD), (NEW, BAD)):
        with Told(ceremonies.transcript(make_log.ORIGIN, [key.spki, b"another"]), tell=tell) as bench:
            bench.told(expect, "" if expect == GOOD else "none of those")


def test_elsewhere_the_key_means_nothing():
    """In a later start, in an entry of another kind, or with something else than a digest."""
    whole = ceremonies.transcript(make_log.ORIGIN, [OLD.spki])
    extension = {"hallmark.extensions": {"transcript": digest(whole)}}
    with Told(whole, tell=lambda s: s.wait(10).start(**extension)) as bench:
        bench.told(GOOD, "entry 3: extension transcript is not known")
    for value in ("AB" * 32, "ab" * 31, 7, ["ab" * 32]):
        with Told(whole, begins={"hallmark.extensions": {"transcript": value}}) as bench:
            bench.fsck(says="entry 0: extension transcript is not known")
            bench.told(BAD, "names no transcript")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
