#!/usr/bin/python3
"""Verification summaries: what the gate keeps of a start, and what a later stage demands of them."""

import base64
import json
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark
import second_auditor
import second_summary
from gated import Gate, lines_of, replayed
from hallmark import run_tests
from judged import sums

WANTED = {"summary": "starts"}


class Stage(Gate):
    """Also one where a summary is demanded."""

    @property
    def file(self):
        return self.site.path("summary.json")

    def keep(self, *arguments):
        done = self.gate("--summary", str(self.file), *arguments)
        assert done.returncode == 0, done
        return json.loads(self.file.read_bytes())

    def demand(self, *arguments, age=600):
        return self.gate("--demand-summary", str(self.file), "--max-age", str(age), *arguments)

    def write(self, payload=None, **members):
        """Another envelope, that nobody has signed so."""
        said = json.loads(self.file.read_bytes())
        if payload is not None:
            said["payload"] = base64.b64encode(payload).decode()
        said.update(members)
        self.file.write_text(json.dumps(said, separators=(",", ":")))

    def payload(self):
        return base64.b64decode(json.loads(self.file.read_bytes())["payload"])


def test_a_summary_says_what_the_report_says_and_a_second_implementation_the_same():
    with Stage(start=WANTED) as g:
        g.begin()
        g.keep("--receipt", str(g.site.path("receipt")))
        receipt = second_auditor.read_receipt(g.site.path("receipt").read_bytes())
        key = g.site.certificate.public_key()
        payload = second_summary.open_envelope(g.file.read_bytes(), key)
        assert payload == second_summary.summary_of(receipt["report"], receipt["index"], hallmark.SUMMARIES[0])
        said = json.loads(payload)
        assert said["predicate"]["verificationResult"] == "PASSED"
        subject, = said["subject"]
        digest = sums([str(g.tool)]).split()[0]
        assert (subject["name"], subject["digest"]) == ("app", {"sha256": digest}), subject
        replayed(g, 1)


def test_what_is_refused_has_a_summary_that_says_so():
    with Stage(start=WANTED) as g:
        g.begin()
        g.alter()
        done = g.gate("--summary", str(g.file))
        assert done.returncode == 1, done
        said = json.loads(second_summary.open_envelope(g.file.read_bytes(), g.site.certificate.public_key()))
        assert said["predicate"]["verificationResult"] == "FAILED"
        assert said["predicate"]["verifiedLevels"] == ["FAILED"]
        assert said["subject"][0]["annotations"]["hallmark.status"] == "contraindicated"
        done = g.demand("--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "denied: contraindicated, by report" in lines_of(done), done.stderr


def test_a_later_stage_starts_what_was_judged_and_nothing_that_was_altered_since():
    """Without the signer, which is gone."""
    with Stage(start=WANTED) as g:
        g.begin()
        g.keep()
        assert g.signer.stop() == 0
        run = ("--", str(g.tool), "-c", "echo started")
        done = g.demand(*run)
        assert (done.returncode, done.stdout) == (0, "started\n"), done
        assert "may start: affirming, by report" in lines_of(done), done.stderr
        assert g.demand("--verifier", "https://attest.test", *run).returncode == 0
        done = g.demand("--verifier", "https://attest.other", *run)
        assert (done.returncode, done.stdout) == (2, "") and "expected the verifier" in lines_of(done), done
        g.alter()
        done = g.demand(*run)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "another one, or altered since" in lines_of(done), done.stderr


def test_a_tree_has_the_same_digest_wherever_it_lies():
    with Stage(start=WANTED, measure=["files"], files=["/srv/app/**"]) as g:
        built = g.dir / "built"
        (built / "srv/app").mkdir(parents=True)
        (built / "srv/app/one").write_text("one\n")
        g.known = sums(str(p) for p in built.glob("srv/app/*")).replace(f"{built}/", "/")
        g.entry = {"files": {"references": ["known"], "owners": [os.getuid()]}, "start": WANTED}
        g.begin()
        said = g.keep("--root", str(built))
        assert "hallmark.artifact\":\"tree" in base64.b64decode(said["payload"]).decode()
        shutil.copytree(built, g.dir / "elsewhere")
        assert g.demand("--root", str(g.dir / "elsewhere")).returncode == 0
        assert g.demand("--root", str(built)).returncode == 0
        (g.dir / "elsewhere/srv/app/one").write_text("two\n")
        assert g.demand("--root", str(g.dir / "elsewhere")).returncode == 1
        (g.dir / "elsewhere/srv/app/one").write_text("one\n")
        (g.dir / "elsewhere/srv/app/two").write_text("")
        assert g.demand("--root", str(g.dir / "elsewhere")).returncode == 1
        done = g.demand()  # a program is no tree
        assert done.returncode == 1 and "found here the file" in lines_of(done), done


def test_nothing_else_serves_as_a_summary():
    """No file, garbage, another's signature, other words, one too old or of another workload: there is no answer."""
    with Stage(start=WANTED) as g:
        g.begin()
        run = ("--", str(g.tool), "-c", "echo started")
        done = g.demand(*run)
        assert done.returncode == 2 and "does not exist" in lines_of(done), done
        g.keep()
        good = g.file.read_bytes()

        def refused(words):
            done = g.demand(*run)
            assert (done.returncode, done.stdout) == (2, "") and words in lines_of(done), done
            g.file.write_bytes(good)

        g.file.write_bytes(b"")
        refused("expected a verification summary")
        g.file.write_bytes(good + b"\n")
        refused("expected a verification summary")
        g.file.write_bytes(good[:-1])
        refused("expected a verification summary")
        g.write(g.payload().replace(b'"hallmark.index":', b'"hallmark.index":1'))
        refused("the signature does not verify")
        g.write(g.payload(), signatures=[{"keyid": "0" * 64, "sig": json.loads(good)["signatures"][0]["sig"]}])
        refused("no signature by the given key")
        other = second_summary.json.loads(good)
        other["payloadType"] = "application/vnd.hallmark.statement+json"
        g.file.write_text(json.dumps(other, separators=(",", ":")))
        refused("expected a verification summary")
        said = json.loads(g.payload())
        assert g.demand(*run, age=1).returncode in (0, 2)
        until = time.monotonic() + 2 * hallmark.PATIENCE_S
        while (done := g.demand(*run, age=1)).returncode == 0:
            assert time.monotonic() < until
        assert "expected one of the last 1 s" in lines_of(done), done
        config = g.site.path("collector.yaml")
        config.write_text(config.read_text().replace('name: "app"', 'name: "other"'))
        done = g.gate("--demand-summary", str(g.file), "--max-age", "600", name="other")
        assert done.returncode == 2 and "found one of app" in lines_of(done), done
        assert said["subject"][0]["name"] == "app"


def test_where_none_is_given_there_is_no_answer():
    """The policy names no profile; or one that hsm.yaml does not have, or that does not cover it."""
    for start, said in (({}, "came no summary"), ({"summary": "nobody's"}, "came no summary"),
                        ({"summary": "test"}, "came no summary")):
        with Stage(start=start) as g:
            g.begin()
            done = g.gate("--summary", str(g.file), "--", str(g.tool), "-c", "echo started")
            assert (done.returncode, done.stdout) == (2, ""), done
            assert said in lines_of(done), done.stderr
            assert not g.file.exists()
            done = g.gate("--", str(g.tool), "-c", "echo started")  # without one it is as always
            assert (done.returncode, done.stdout) == (0, "started\n"), done


def test_the_signer_says_at_its_check_which_summary_nobody_gives():
    with Stage(start={"summary": "nobody's"}) as g:
        g.begin()
        done = g.site.tool("hallmark-signer", "check", "-c", str(g.site.path("signer.yaml")), check=False)
        assert done.returncode == 1 and "none of that name" in done.stdout + done.stderr, done
        assert "wants one of its start by the profile" in " ".join((done.stdout + done.stderr).split()), done


def test_a_summary_of_before_is_gone_when_there_is_no_answer():
    with Stage(start=WANTED) as g:
        g.begin()
        g.keep()
        g.configure(1)
        assert g.gate("--summary", str(g.file)).returncode == 2
        assert not g.file.exists()


def test_options_that_contradict_each_other_are_refused():
    with Stage(start=WANTED) as g:
        g.configure()
        for wrong in (("--summary", "x", "--max-age", "5"), ("--demand-summary", "x"), ("--verifier", "urn:x"),
                      ("--demand-summary", "x", "--max-age", "5", "--summary", "y"),
                      ("--demand-summary", "x", "--max-age", "5", "--receipt", "y"),
                      ("--demand-summary", "x", "--max-age", "0")):
            done = g.gate(*wrong)
            assert done.returncode == 2 and "usage:" in done.stderr, (wrong, done)


if __name__ == "__main__":
    run_tests(__name__)
