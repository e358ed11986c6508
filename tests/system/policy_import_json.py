#!/usr/bin/python3
"""Reference sets of SBOMs and of signed provenance, made by hallmark-signer policy import."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hallmark import run_tests
from importing import Sources, sha
from packages import deb, entry
from provenance import BUILD, BUILDER, KEY, KEYS, PROVENANCE, SUBJECTS, changed, component, cyclonedx, envelope, sign, spdx, statement

TRUST = ("--builder", BUILDER, "--build-type", BUILD, "--parameter", "ref=refs/tags/v1", "--parameter",
         'steps={"test":true,"n":[1,2]}', "--under", "/opt/app")
EXPECTED = [f"{sha(b'app')}  /opt/app/bin/app", f"{sha(b'so')}  /usr/lib/liba.so.1"]


class Signed(Sources):
    def __enter__(self):
        super().__enter__()
        for name, key in KEYS.items():
            self.add(f"{name}.pem", key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        return self

    def trust(self, *names):
        return [a for name in names or ("P-256",) for a in ("--key", self.dir / f"{name}.pem")] + list(TRUST)

    def source(self, document):
        return self.add("source.json", document if isinstance(document, bytes) else json.dumps(document))


def test_signed_provenance_gives_its_subjects():
    with Signed() as sources:
        for name, key in KEYS.items():
            assert sources.imported(sources.source(envelope(statement(), key)), *sources.trust(name))[0] == EXPECTED, name
        both = envelope(statement(), KEYS["RSA"], KEYS["Ed25519"])
        assert sources.imported(sources.source(both), *sources.trust("P-384", "Ed25519"))[0] == EXPECTED
        url = envelope(statement(), encode=lambda d: base64.urlsafe_b64encode(d).rstrip(b"="))
        assert sources.imported(sources.source(url), *sources.trust())[0] == EXPECTED
        said = SUBJECTS + [{"name": "x", "digest": {"gitCommit": "0"}}, {"uri": "y", "digest": {"sha256": sha(b"y")}}]
        lines, told = sources.imported(sources.source(envelope(statement(subjects=said))), *sources.trust())
        assert lines == EXPECTED
        assert "left out: 1 subjects without a SHA-256: x\n" in told and "left out: 1 subjects without a name\n" in told


def test_what_nobody_trusted_has_signed_gives_nothing():
    good = envelope(statement())
    other = json.dumps(statement(subjects=SUBJECTS[:1])).encode()
    with Signed() as sources:
        def refused(document, *trust):
            return sources.refused(sources.source(document), *(trust or sources.trust()))

        for document in (envelope(statement(), KEYS["RSA"]), {**good, "signatures": []},
                         {**good, "payload": base64.b64encode(other).decode()},
                         changed(good, ["signatures", 0, "sig"], "AAAA"), changed(good, ["signatures", 0, "sig"], "!"),
                         changed(good, ["signatures", 0, "sig"], None)):
            assert "no good signature of any of the keys" in refused(document)
        typed = {**good, "payloadType": "text/plain"}
        typed["signatures"][0]["sig"] = base64.b64encode(sign(KEY, base64.b64decode(good["payload"]), "text/plain")).decode()
        assert "another type" in refused(typed)
        good = envelope(statement())
        assert "say by keys (--key) whose signatures count" in refused(good, *TRUST)
        for bad in ({**good, "signatures": {}}, changed(good, ["signatures"], None), {**good, "payload": "?"},
                    {**good, "payload": ""}, {**good, "payload": 7}, {**good, "signatures": good["signatures"] * 17}):
            assert "no DSSE envelope" in refused(bad)
        for content in ("", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
                        rsa.generate_private_key(65537, 1024).public_key().public_bytes(
                            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
                        KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())):
            key = sources.add("key.pem", content)
            assert "must be a public key in PEM" in refused(good, "--key", key, *TRUST)
        assert "none.pem" in refused(good, "--key", sources.dir / "none.pem", *TRUST)
        for unsigned in (cyclonedx(component("/a", b"")), f"{sha(b'')}  /a\n".encode(), deb(entry("./a", b""))):
            assert "is not signed" in refused(unsigned)
        assert "nobody has signed" in refused(statement(), "--under", "/")


def test_provenance_of_another_builder_or_build_gives_nothing():
    definition, parameters = ["buildDefinition"], ["buildDefinition", "externalParameters"]
    with Signed() as sources:
        def refused(said, *trust):
            return sources.refused(sources.source(envelope(said)), *(trust or sources.trust()))

        for path, new, words in (
                (["runDetails", "builder", "id"], "https://evil.example", '"id" than builders (--builder) names: "https://evil.example"'),
                (["runDetails", "builder", "id"], None, '"id" than builders (--builder)'), (["runDetails"], [], '"id" than builders (--builder)'),
                ([*definition, "buildType"], BUILD + "2", '"buildType" than build_types (--build-type) names'),
                (definition, None, '"buildType" than build_types (--build-type)'),
                (parameters, None, "no externalParameters"), (parameters, [], "no externalParameters"),
                ([*parameters, "extra"], 1, 'that parameters (--parameter) does not name: "extra"'),
                ([*parameters, "re"], "x", 'that parameters (--parameter) does not name: "re"'),
                ([*parameters, "ref"], "refs/heads/main", 'another value of an external parameter than parameters (--parameter) says: "ref"'),
                ([*parameters, "ref"], None, 'lacks an external parameter that parameters (--parameter) names: "ref"'),
                ([*parameters, "steps", "test"], False, 'another value of an external'),
                ([*parameters, "steps"], '{"test":true,"n":[1,2]} ', 'another value of an external'),
                ([*parameters, "e\x1b"], 1, '"e\\x1b"')):
            assert words in refused(statement(changed(PROVENANCE, path, new))), (path, words)
        marked = sources.source(envelope(statement(changed(changed(PROVENANCE, [*parameters, "a"], "b=c"), [*parameters, "a=b"], "c"))))
        assert 'does not name: "a=b"' in sources.refused(marked, *sources.trust(), "--parameter", "a=b=c")
        assert "has no externalParameters" not in refused(statement([]), *sources.trust())
        for kind in ("https://slsa.dev/provenance/v0.2", "https://example.com/test", ""):
            assert "not looked into" in refused(statement(kind=kind))
        named = ("--predicate-type", "https://example.com/test")
        other = sources.source(envelope(statement({"result": "any"}, kind=named[1])))
        assert sources.imported(other, *sources.trust(), *named)[0] == EXPECTED
        for said, words in (
                ({**statement(), "_type": "https://in-toto.io/Statement/v0.1"}, "no in-toto statement"),
                (changed(statement(), ["_type"], None), "no in-toto statement"),
                (changed(statement(), ["predicateType"], None), "no predicateType"),
                (changed(statement(), ["subject"], None), "no subject with a name"), (statement(subjects=[]), "no subject"),
                (statement(subjects=[1, {"name": ""}]), "no subject"),
                (statement(subjects=[{"name": "a", "digest": {"sha256": sha(b"")[:-1]}}]), "a SHA-256 that is none"),
                (statement(subjects=[{"name": "a", "digest": {"sha256": "0" * 64}}]), "all zeros"),
                (statement(subjects=[{"name": "../a", "digest": {"sha256": sha(b"")}}]), "under such a path"),
                (statement(subjects=[SUBJECTS[0], {**SUBJECTS[1], "name": "./bin/app"}]), "stands here twice"),
                (b"{", "is no JSON"), (b"[]", "no object")):
            assert words in refused(said), (said, words)
        assert "a relative name: say by under (--under)" in refused(statement(), *sources.trust()[:-2])


def test_sboms_give_the_files_that_they_name_with_a_hash():
    with Signed() as sources:
        library = component("liba", b"tarball", component("usr/lib/liba.so.1", b"so"), kind="library")
        upper = component("/usr/bin/b", b"b")
        upper["hashes"][1]["content"] = upper["hashes"][1]["content"].upper()
        for version in ("1.4", "1.5", "1.6"):
            lines, told = sources.imported("--under", "/", sources.source(cyclonedx(
                component("./usr/bin/a", b"a"), library, upper, component("/weak"), component("/usr/bin/a", b"a"),
                component("", b"x"), version=version)))
            assert lines == [f"{sha(b'a')}  /usr/bin/a", f"{sha(b'b')}  /usr/bin/b", f"{sha(b'so')}  /usr/lib/liba.so.1"]
            assert "left out: 1 components that are no files: liba\n" in told
            assert "left out: 1 files without a SHA-256: /weak\n" in told and "left out: 1 files without a name\n" in told
        lines, _ = sources.imported("--under", "/opt/app/", sources.source(spdx(("./bin/a", b"a"), ("/etc/a b", b"c"))))
        assert lines == [f"{sha(b'c')}  /etc/a b", f"{sha(b'a')}  /opt/app/bin/a"]


def test_an_sbom_that_names_no_file_or_is_another_gives_nothing():
    twice = component("/a", b"1"), component("/lib", b"x", component("/a", b"2"))
    odd = component("/a", b"1")
    odd["hashes"][1]["content"] = "g" * 64
    with Signed() as sources:
        for document, words in (
                (cyclonedx(component("openssl", b"x", kind="library")), "names no file"), (cyclonedx(), "names no file"),
                (cyclonedx(component("/a")), "names no file"), (cyclonedx(component("/a", b""), version="1.3"), "no CycloneDX"),
                (cyclonedx(component("/a", b""), version=1.5), "no CycloneDX"), (spdx(), "names no file"),
                ({**spdx(("/a", b"")), "spdxVersion": "SPDX-2.2"}, "no SPDX of version 2.3"),
                (cyclonedx(*twice), "stands here twice"), (cyclonedx(odd), "SHA-256 is none"),
                (cyclonedx(component("../a", b"1")), "a relative name"), (spdx(("/a/../../b", b"")), "under such a path"),
                ({"spdxVersion": "SPDX-2.3", "files": 7}, "names no file"), ({"a": 1}, "none of the JSON that is read"),
                ([], "no object"), (b" {", "is no JSON"), (b'{"a":1,"a":2}', "is no JSON"),
                (b'{"bomFormat":"\\u0000"}', "is no JSON"), (b'{"a":"\xff"}', "is no JSON"),
                (b'{"a":' * 64 + b"[" * 1, "nested more than 64"), (b"[" * 100000, "nested more than 64"),
                (b'{"a":[' + b"," * 4000001, "more than 4,000,000 values")):
            assert words in sources.refused(sources.source(document)), (str(document)[:60], words)
        huge = sources.dir / "huge"
        with huge.open("wb") as to:
            to.truncate((64 << 20) + 1)
        assert "67108864" in sources.refused(huge)


def test_an_option_that_says_nothing_is_explained():
    with Signed() as sources:
        good = sources.source(cyclonedx(component("/a", b"")))
        for odd in (["--under", "opt"], ["--under", "/a", "--under", "/b"], ["--parameter", "x"], ["--parameter", "=x"],
                    ["--key"], ["--key", "x"] * 65):
            assert "policy import FROM" in sources.run(good, "-o", "x", *odd, status=2).stderr, odd


if __name__ == "__main__":
    run_tests(__name__)
