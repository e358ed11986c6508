#!/usr/bin/python3
"""References that are signed provenance or SBOMs: taken, refused, kept, and checked again by whoever makes a
verdict again."""

import base64
import json
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography.hazmat.primitives import serialization

import wire
from attested import Attested
from hallmark import program, run_tests, to_yaml
from importing import sha
from provenance import BUILD, BUILDER, KEYS, PROVENANCE, SUBJECTS, changed, component, cyclonedx, envelope, spdx, statement

SOURCE = {"name": "ci", "builders": [BUILDER], "build_types": [BUILD], "under": "/opt/app",
          "parameters": ["ref=refs/tags/v0", "ref=refs/tags/v1", 'steps={"test":true,"n":[1,2]}']}
RULE = {"executable": {"references": ["app"]}}
GOOD = json.dumps(envelope(statement())).encode()


def spki(key):
    return base64.b64encode(key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


def source(*keys, **said):
    return {**SOURCE, **({"keys": [spki(k) for k in keys]} if keys else {}), **said}


def executable(content, path="/opt/app/bin/app"):
    return {"executable": wire.component("executable", [wire.file_item(path, content)])}


def reference(content, **said):
    return {"name": "app", "file": "app.json", "source": "ci", **said}, content


def policy(content, *sources, **said):
    entry, _ = reference(content, **said)
    return to_yaml({"name": "case", "sources": list(sources), "references": [entry], "workloads": [
        {"match": "*", "collectors": ["spiffe://test/*"], **RULE}]})


def test_a_signed_source_is_a_set_and_stays_one_for_whoever_looks_again():
    """Each kind of key; the file in the evidence is the envelope, and the report names its digest."""
    for kind, key in KEYS.items():
        content = json.dumps(envelope(statement(), key)).encode()
        verdict = CASES.verdict(RULE, executable(b"app"), [reference(content)], sources=[source(KEYS["RSA"], key)])
        assert verdict["ear.status"] == "affirming", kind
        assert verdict["hallmark.references"] == [sha(content)]
        verdict = CASES.verdict(RULE, executable(b"other"), [reference(content)], sources=[source(key)])
        assert [f["code"] for f in verdict["hallmark.findings"]] == ["changed-file"]


def test_an_sbom_is_a_set_where_no_key_is_named():
    for document in (cyclonedx(component("./bin/app", b"app")), spdx(("bin/app", b"app"))):
        content = json.dumps(document).encode()
        assert CASES.verdict(RULE, executable(b"app"), [reference(content)], sources=[source()])["ear.status"] == "affirming"


def test_a_release_may_have_a_source():
    families = [{"name": "app", "releases": [{"name": "1", "file": "app.json", "source": "ci"}]}]
    verdict = CASES.verdict(RULE, executable(b"app"), files=[("app.json", GOOD)], sources=[source(KEYS["P-256"])],
                            families=families)
    assert verdict["ear.status"] == "affirming" and verdict["hallmark.references"] == [sha(GOOD)]


def test_what_is_not_signed_as_the_policy_says_is_refused_and_nothing_changes():
    """By check, with its place; by a signer that runs, in its log, which goes on with what it had."""
    CASES.take(RULE, references=[reference(GOOD)], sources=[source(KEYS["P-256"])])
    path = CASES.site.path("policy.yaml")
    before = path.read_text()
    other = changed(PROVENANCE, ["runDetails", "builder", "id"], "https://evil.example")
    key = source(KEYS["P-256"])
    for content, said, words in (
            (json.dumps(envelope(statement(), KEYS["RSA"])), key, "app.json: has no good signature of any of the keys"),
            (json.dumps(envelope(statement(other))), key, 'another "id" than builders (--builder) names: "https://evil.example"'),
            (json.dumps(cyclonedx(component("/a", b""))), key, "app.json: is not signed"),
            (GOOD.decode(), source(), "app.json: is signed: say by keys (--key)"), ("{", key, "app.json:1: is no JSON"),
            (f"{sha(b'')}  /a\n", key, "app.json:1: is no JSON"), (GOOD.decode(), {**key, "name": "other"}, 'names "ci", which is not listed'),
            (GOOD.decode(), {**key, "keys": ["AAAA"]}, '"sources[0].keys[0]" must be a public key'),
            (GOOD.decode(), {**key, "parameters": ["ref"]}, '"sources[0].parameters[0]" must be NAME=VALUE, found "ref"'),
            (GOOD.decode(), {**key, "under": "opt"}, '"sources[0].under" must be an absolute path, found "opt"')):
        CASES.site.path("app.json").write_text(content)
        path.write_text(policy(content, said))
        done = subprocess.run([program("hallmark-signer"), "check", "-c", str(CASES.site.path("signer.yaml"))],
                              env=CASES.site.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and words in done.stderr, (words, done)
        start = len(CASES.signer.lines)
        CASES.signer.signal(signal.SIGHUP)
        line = CASES.signer.wait_for("event=reload", start)
        assert "event=reloaded" not in line, line
        assert any(words.split(": ")[-1].replace('"', "") in told.replace('\\"', "").replace('"', "")
                   for told in CASES.signer.lines[start:]), CASES.signer.lines[start:]
    twice = policy(GOOD, key, key)
    path.write_text(twice)
    assert '"ci" is the name of two sources' in subprocess.run(
        [program("hallmark-signer"), "check", "-c", str(CASES.site.path("signer.yaml"))], env=CASES.site.env,
        capture_output=True, text=True, timeout=60).stderr
    CASES.site.path("app.json").write_bytes(GOOD)
    path.write_text(before)
    assert CASES.submit("case", executable(b"app"))["report"]


def test_a_policy_diff_tells_whose_word_counts_no_longer():
    CASES.site.path("app.json").write_bytes(GOOD)
    both = []
    for name, said in (("old.yaml", source(KEYS["P-256"])), ("new.yaml", source(KEYS["P-256"], KEYS["RSA"], builders=[BUILDER, "x"]))):
        both.append(CASES.site.path(name))
        both[-1].write_text(policy(GOOD, said))
    done = subprocess.run([program("hallmark-signer"), "policy", "diff", *map(str, both)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    for words in ("signed by the key ", " or ", f'built by "{BUILDER}"; as', f'built by "{BUILDER}", "x"; as', 'relative names below "/opt/app"'):
        assert words in " ".join(done.stdout.split()), (words, done.stdout)


def test_an_auditor_makes_every_verdict_again_and_checks_the_signatures():
    """From the evidence alone: the files are gone."""
    CASES.stop()
    CASES.site.path("app.json").unlink()
    assert "12 the same, 0 different, 0 not possible" in CASES.replay(), CASES.replay()


if __name__ == "__main__":
    with Attested() as CASES:
        run_tests(__name__)
