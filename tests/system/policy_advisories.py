#!/usr/bin/python3
"""Feeds of advisories, made by hallmark-signer policy advisories of OSV, Debian's tracker and CSAF."""

import io
import json
import pathlib
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import program, run_tests
from importing import Sources, sha

FIRST = "hallmark advisories v1"
TRACKER = {
    "openssl": {
        "CVE-2023-0464": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.9-1", "urgency": "low"},
                                       "bullseye": {"status": "open", "urgency": "low"}}},
        "CVE-2023-0001": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}},
        "CVE-2023-0002": {"releases": {"bookworm": {"status": "undetermined"}}},
        "CVE-2023-0003": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
        "CVE-2023-0004": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}},
        "CVE-2023-0005": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "no version"}}},
        "CVE 6": {"releases": {"bookworm": {"status": "open"}}}}}
PACKAGES = """Package: libssl3
Source: openssl
Version: 3.0.9-1

Package: openssl
Version: 3.0.9-1+b2
Source: openssl (3.0.9-1)

Package: openssl-meta
Version: 9
Source: openssl (3.0.9-1)
"""


def affected(ecosystem, name, *events, **more):
    return {"package": {"ecosystem": ecosystem, "name": name}, **more,
            **({"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]} if events else {})}


def osv(*of, **more):
    return {"schema_version": "1.6.0", "id": "DSA-1-1", "affected": list(of), **more}


def product(name, **helper):
    return {"product": {"product_id": name, "name": name, "product_identification_helper": helper}}


def csaf(branches, relationships=(), **status):
    return {"document": {"csaf_version": "2.0", "category": "csaf_vex", "tracking": {"id": "V-1"}},
            "product_tree": {"branches": [{"branches": branches}], "relationships": list(relationships)},
            "vulnerabilities": [{"cve": "CVE-7", "product_status": status}]}


class Feeds(Sources):
    def run(self, *arguments, status=0):
        done = subprocess.run([program("hallmark-signer"), "policy", "advisories", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done
        return done

    def source(self, document, name="source.json"):
        return self.add(name, json.dumps(document))

    def made(self, document, *arguments):
        """The lines about packages and files, and what was said."""
        lines, said = self.imported(self.source(document), *arguments)
        assert lines[0] == FIRST and lines[1:] == sorted(lines[1:])
        made = [line for line in lines if line.startswith("made ")]
        assert len(made) == 1 and made[0].split()[2] == sha(json.dumps(document).encode())
        return [line for line in lines[1:] if line not in made], said


def test_debians_tracker():
    with Feeds() as feeds:
        lines, said = feeds.made(TRACKER, "--release", "bookworm")
        assert lines == ["package dpkg openssl CVE-2023-0001 - -", "package dpkg openssl CVE-2023-0464 - <3.0.9-1"]
        for left in ("1 advisories that nobody has looked at yet (undetermined): CVE-2023-0002",
                     "1 advisories that the tracker calls unimportant: CVE-2023-0003",
                     "1 advisories about what is no version of the manager's: CVE-2023-0005",
                     "1 advisories whose id or package is no word of printable ASCII: CVE 6"):
            assert f"left out: {left}\n" in said, said
        assert feeds.made(TRACKER, "--release", "bullseye")[0] == ["package dpkg openssl CVE-2023-0464 - -"]
        assert "say with --release" in feeds.refused(feeds.source(TRACKER))
        assert "there would be no advisory" in feeds.refused(feeds.source(TRACKER), "--release", "sid")


def test_sources_become_the_packages_that_are_built_of_them():
    with Feeds() as feeds:
        listed = feeds.add("status", PACKAGES)
        lines, said = feeds.made(TRACKER, "--release", "bookworm", "--packages", listed)
        assert lines == [f"package dpkg {p} {line}" for p in ("libssl3", "openssl")
                         for line in ("CVE-2023-0001 - -", "CVE-2023-0464 - <3.0.9-1")]
        assert "left out: 1 packages whose version is not that of their source: openssl-meta\n" in said
        alpine = osv(affected("Alpine:v3.19", "openssl", {"introduced": "0"}, {"fixed": "3.1.4-r1"}))
        index = feeds.add("APKINDEX", "P:libcrypto3\no:openssl\nV:3.1.4-r0\n\nP:busybox\nV:1\n")
        assert feeds.made(alpine, "--release", "Alpine:v3.19", "--packages", index)[0] == [
            "package apk libcrypto3 DSA-1-1 - <3.1.4-r1"]
        other = feeds.add("other", "P:busybox\n")
        assert "no advisory" in feeds.refused(feeds.source(alpine), "--release", "Alpine:v3.19", "--packages", other)
        assert "is no list of packages" in feeds.refused(feeds.source(alpine), "--packages", feeds.add("none", "x\n"))


def test_osv_ranges_and_versions():
    with Feeds() as feeds:
        def of(*events, **more):
            return feeds.made(osv(affected("Debian:12", "a", *events, **more)), "--release", "Debian:12")[0]

        zero, two = {"introduced": "0"}, {"introduced": "2"}
        assert of(zero) == ["package dpkg a DSA-1-1 - -"]
        assert of(zero, {"fixed": "1.9"}, {"fixed": "1.10"}) == ["package dpkg a DSA-1-1 - <1.9"]
        # In whatever order, and each beginning with its own end.
        assert of({"fixed": "3"}, two, {"fixed": "1"}, zero) == [
            "package dpkg a DSA-1-1 - <1", "package dpkg a DSA-1-1 2 <3"]
        assert of(two, {"last_affected": "2"}) == ["package dpkg a DSA-1-1 2 <=2"]
        assert of(two, {"last_affected": "3"}, {"fixed": "3"}) == ["package dpkg a DSA-1-1 2 <3"]
        assert of(versions=["1", "2"]) == ["package dpkg a DSA-1-1 1 <=1", "package dpkg a DSA-1-1 2 <=2"]
        assert of(zero, {"fixed": "1"}, versions=["7"]) == ["package dpkg a DSA-1-1 - <1"]


def test_osv_of_other_releases_and_managers_is_left_out():
    with Feeds() as feeds:
        good = affected("Rocky Linux:9", "openssl", {"introduced": "0"}, {"fixed": "1:3.0.7-27.el9"})
        document = osv(good, affected("PyPI", "django", {"introduced": "0"}), affected("Debian:11", "a", {"introduced": "0"}),
                       {"package": {"ecosystem": "Rocky Linux:9", "name": "b"}, "ranges": [{"type": "GIT", "events": []}]})
        lines, said = feeds.made(document, "--release", "Rocky Linux:9")
        assert lines == ["package rpm openssl DSA-1-1 - <1:3.0.7-27.el9"]
        assert "1 packages of ecosystems whose packages are not measured" in said
        assert "1 packages of other releases" in said and "1 packages without versions that have an order" in said
        gone = feeds.source(osv(good, withdrawn="2024-01-01T00:00:00Z"), "gone.json")
        lines, said = feeds.imported(feeds.source(document), gone, "--release", "Rocky Linux:9")
        assert len([line for line in lines if line.startswith("made osv ")]) == 2
        assert "left out: 1 advisories that were withdrawn: DSA-1-1\n" in said
        assert "say with --release" in feeds.refused(gone)


def test_csaf_products():
    with Feeds() as feeds:
        rpm, content = "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64&epoch=1", sha(b"app")
        parts = [product("new", purl=rpm), product("any", purl="pkg:deb/debian/openssl"),
                 product("old", purl="pkg:apk/alpine/musl@1.2.4-r1"), product("npm", purl="pkg:npm/x@1"),
                 product("file", hashes=[{"filename": "app", "file_hashes": [
                     {"algorithm": "sha512", "value": "00"}, {"algorithm": "sha256", "value": content}]}])]
        whole = [{"full_product_name": {"product_id": "el9:new"}, "product_reference": "new"},
                 {"full_product_name": {"product_id": "round"}, "product_reference": "round"}]
        lines, said = feeds.made(csaf(parts, whole, fixed=["el9:new"], known_affected=["any", "npm", "file", "round"],
                                      last_affected=["old"], known_not_affected=["file"]))
        assert lines == [f"file {content} CVE-7", "package apk musl CVE-7 - <=1.2.4-r1", "package dpkg openssl CVE-7 - -",
                         "package rpm openssl CVE-7 - <1:3.0.7-27.el9"]
        assert "left out: 2 products that no purl or SHA-256 tells: npm, round\n" in said
        odd = product("odd", purl="pkg:deb/debian/a%2Bb@1%3a2?distro=x#y")
        assert feeds.made(csaf([odd], first_affected=["odd"]))[0] == ["package dpkg a+b CVE-7 1:2 -"]
        assert feeds.made(csaf([odd], known_affected=["odd"]))[0] == ["package dpkg a+b CVE-7 1:2 <=1:2"]
        # What is fixed in no version, or mended in this file, says nothing.
        assert "no advisory" in feeds.refused(feeds.source(csaf(parts, fixed=["any", "file"])))
        document = csaf(parts, known_affected=["any"])
        document["document"]["csaf_version"] = "3.0"
        assert "no CSAF of version 2.0" in feeds.refused(feeds.source(document))


def zipped(files):
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return to.getvalue()


def test_a_zip_and_a_directory_give_the_same():
    of = {f"DSA-{n}.json": json.dumps({**osv(affected("Debian:12", f"p{n}", {"introduced": "0"})), "id": f"DSA-{n}"})
          for n in range(3)}
    with Feeds() as feeds:
        whole = zipped({**of, "README": "x"})
        lines, said = feeds.imported(feeds.add("all.zip", whole), "--release", "Debian:12")
        packages = [f"package dpkg p{n} DSA-{n} - -" for n in range(3)]
        assert lines == [FIRST, f"made osv {sha(whole)}", *packages] and "do not end in .json: README" in said
        (feeds.dir / "osv").mkdir()
        for name, content in {**of, "README": "x"}.items():
            feeds.add(f"osv/{name}", content)
        lines, said = feeds.imported(feeds.dir / "osv", "--release", "Debian:12")
        assert lines == [FIRST, *sorted(f"made osv {sha(c.encode())}" for c in of.values()), *packages]
        assert "do not end in .json: README" in said
        feeds.add("osv/bad.json", "[")
        assert "osv/bad.json" in feeds.refused(feeds.dir / "osv", "--release", "Debian:12")
        (feeds.dir / "none").mkdir()
        assert "has no file" in feeds.refused(feeds.dir / "none")


def test_what_is_hostile_is_refused():
    with Feeds() as feeds:
        def refused(content, says, name="bad"):
            assert says in feeds.refused(feeds.add(name, content), "--release", "Debian:12", "--release", "bookworm"), says

        whole = zipped({"a.json": json.dumps(osv())})
        refused(whole[:len(whole) // 2], "cannot be unpacked")
        refused(zipped({"a.json": "["}), "is no JSON")
        refused(zipped({"a.json": " " * (65 << 20)}), "more than 64 MiB")
        refused('{"a":' + '{"b":' * 100 + "1" + "}" * 101, "nested more than 64 times")
        for text in ("", "x", "[]", "{}", '{"a":1}', '{"a":{}}{}', '{"a":{},,}', '{"a":{}'):
            refused(text, "bad")
        refused('{"openssl":{},"x":[]}', "none of the JSON")
        refused('{"openssl":{},"openssl\\u0000":{}}', "is no JSON")
        events = [{"introduced": str(n)} for n in range(1025)]
        refused(json.dumps(osv(affected("Debian:12", "a", *events))), "more than 1,024 events")
        some = {f"CVE-{n:07}": {"releases": {"bookworm": {"status": "open"}}} for n in range(30000)}
        refused(json.dumps({f"{name}{'x' * 200}": some for name in "abc"}), "import those of one release")


def test_arguments():
    with Feeds() as feeds:
        for odd in ((), ("x",), ("-o", "y"), ("x", "-o"), ("x", "-o", "y", "-o", "z"), ("x", "-o", "y", "--what", "z")):
            assert "policy advisories FROM" in feeds.run(*odd, status=2).stderr, odd


if __name__ == "__main__":
    run_tests(__name__)
