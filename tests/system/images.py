#!/usr/bin/python3
"""Images of containers: verified and read into a set, or refused with a sentence."""

import gzip
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import program, run_tests
from images import Image, lines, named
from measured import Measured
from packages import deb, directory, entry, hard_link, link, tar

BASE = (directory("./"), directory("usr/"), directory("usr/bin/"), link("bin", "usr/bin"),
        entry("usr/bin/app", b"app", mode=0o755), entry("etc/app.conf", b"old", uid=7, gid=8, mode=0o640),
        entry("srv/data/a", b"a"), entry("srv/data/b", b"b"), entry("tmp/x y", b"x"))
UPPER = (entry("etc/app.conf", b"new"), entry("srv/data/.wh..wh..opq"), entry("srv/data/c", b"c"),
         entry("tmp/.wh.x y"), hard_link("usr/bin/app2", "usr/bin/app"), entry("usr/lib/F\u0151", b"o"))


class Place:
    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def run(self, *arguments, status=0):
        done = subprocess.run([program("hallmark-collector"), *map(str, arguments)], capture_output=True, text=True,
                              errors="surrogateescape", timeout=120)
        assert done.returncode == status, done
        return done

    def put(self, name, content):
        (self.dir / name).write_bytes(content)
        return self.dir / name

    def read(self, image, *arguments):
        """(the set's lines, what was told as JSON)"""
        to = self.dir / "made.set"
        told = json.loads(self.run("image", image, "-o", to, "--json", *arguments).stdout)
        text = to.read_bytes()
        assert told["set"] == named(text), told
        return text.decode(errors="surrogateescape").splitlines(), told

    def refused(self, image, *arguments):
        """One sentence; no set is made, and what was there stays."""
        to = self.put("before.set", b"as it was\n")
        done = self.run("image", image, "-o", to, *arguments, status=1)
        assert to.read_text() == "as it was\n" and done.stdout == "" and not list(self.dir.glob("before.set.*"))
        assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"{image}:"), done
        return done.stderr

    def refused_layer(self, *entries, over=None, **options):
        layers = [tar(*over)] if over else []
        path = self.put("bad.tar", Image(*layers, entries[0] if isinstance(entries[0], bytes) else tar(*entries)).archive())
        return self.refused(path, *[w for k, v in options.items() for w in (f"--{k}", v)])


def test_layers_are_laid_one_over_the_other_in_each_form():
    base, upper = tar(*BASE), tar(*UPPER)
    image = Image(base, upper, tag="v1")
    expected = lines(base, upper)
    assert [l.split(" ")[2] for l in expected] == ["/bin", "/etc/app.conf", "/srv/data/c", "/usr/bin/app",
                                                   "/usr/bin/app2", "/usr/lib/F\u0151"]
    with Place() as place:
        layout = image.layout(place.dir / "layout")
        forms = {layout: "layout", place.put("oci.tar", image.archive()): "oci-archive",
                 place.put("docker.tar", image.docker()): "docker-archive", image.skopeo(place.dir / "dir"): "dir"}
        for path, form in forms.items():
            made, told = place.read(path)
            assert made == expected, (form, made, expected)
            assert told["form"] == form and told["config"] == image.config["digest"], told
            assert told["manifest"] == (None if form == "docker-archive" else image.manifest["digest"]), told
            assert told["layers"] == [named(base), named(upper)] and told["platform"] == "linux/amd64", told
            assert told["chain"] == named(f"{named(base)} {named(upper)}".encode()), told
        said = place.run("image", layout).stdout
        assert f"manifest {image.manifest['digest']}\n" in said and f"lines {len(expected)}\n" in said, said
        plain, _ = place.read(layout, "--content-only")
        assert plain[0] == "link usr/bin /bin" and plain[1] == f"{named(b'new')[7:]}  /etc/app.conf", plain


def test_drawn_layers_come_out_as_a_second_reader_has_them():
    """Files, links and directories come, go and take each other's place, over four layers."""
    draw = random.Random(16)
    for number in range(40):
        layers, there = [], set()
        for _ in range(draw.randint(1, 4)):
            members, used = [], set()
            for path in draw.sample(("a", "a/b", "a/b/c", "d", "d/e", "f", "g/h", "g/h/i", "g/j"), draw.randint(1, 6)):
                if any(u == path or path.startswith(u + "/") or u.startswith(path + "/") for u in used):
                    continue
                above, _, name = path.rpartition("/")
                kind = draw.choice(("file", "file", "link", "directory", "gone", "opaque"))
                if kind == "gone":
                    members.append(entry(f"{above}/.wh.{name}".lstrip("/")))
                elif kind == "opaque":
                    members.append(entry(f"{path}/.wh..wh..opq"))
                else:
                    # What is above it is a directory in this layer, whatever it was.
                    members += [directory(str(p)) for p in list(pathlib.PurePosixPath(path).parents)[-2::-1]]
                    members.append(entry(path, draw.randbytes(4), mode=0o600) if kind == "file" else
                                   link(path, "x/../y z") if kind == "link" else directory(path))
                    used.add(path)
            layers.append(tar(*members, entry(f"layer{len(layers)}", b"1")))
        with Place() as place:
            made, _ = place.read(place.put("i.tar", Image(*layers).archive()))
            assert made == lines(*layers), (number, made, lines(*layers))


def test_the_platform_is_chosen_and_not_the_first():
    arm, amd = Image(tar(entry("arm", b"1")), platform=("linux", "arm64", "v8")), Image(tar(entry("amd", b"2")))
    windows = Image(tar(entry("win", b"3")), platform=("windows", "amd64"))
    with Place() as place:
        both = place.put("both.tar", arm.join(windows, amd).nest().archive())
        for wanted, name in (("linux/arm64", "/arm"), ("linux/arm64/v8", "/arm"), ("linux/amd64", "/amd"),
                             ("windows/amd64", "/win")):
            made, told = place.read(both, "--platform", wanted)
            assert len(made) == 1 and made[0].split(" ")[2] == name and told["platform"].startswith(wanted), made
            assert told["index"] == arm.index["manifests"][0]["digest"], told
        assert "no such image: expected one of these" in place.refused(both, "--platform", "linux/s390x")
        assert "no such image" in place.refused(both, "--platform", "linux/arm64/v7")
        single = Image(tar(entry("a", b"1")), platform=("linux", "riscv64"))
        del single.index["manifests"][0]["platform"]
        path = place.put("single.tar", single.archive())
        assert place.read(path)[1]["platform"] == "linux/riscv64"
        assert "for another platform (--platform): \"linux/riscv64\"" in place.refused(path, "--platform", "linux/amd64")


def test_the_tag_and_the_digest_are_chosen():
    old, new = Image(tar(entry("a", b"1")), tag="old"), Image(tar(entry("a", b"2")), tag="new")
    with Place() as place:
        path = place.put("both.tar", old.join(new).archive())
        assert "several images: choose one of these by --tag and --platform: \"old linux/amd64, new" in place.refused(path)
        made, told = place.read(path, "--tag", "new", "--manifest", new.manifest["digest"])
        assert told["manifest"] == new.manifest["digest"] and named(b"2")[7:] in made[0]
        assert "another image than the expected one" in place.refused(path, "--tag", "old", "--manifest",
                                                                      new.manifest["digest"])
        docker = place.put("docker.tar", new.docker())
        assert "has no manifest, as docker save writes it" in place.refused(docker, "--manifest", new.manifest["digest"])
        assert "no such image" in place.refused(docker, "--tag", "app:2") and place.read(docker, "--tag", "app:1")


def test_what_was_altered_is_refused():
    """A byte in each part, a part that is away, and sizes that are not so."""
    def altered(document, **members):
        return {**document, **members}

    base, upper = tar(*BASE), tar(*UPPER)
    image = Image(base, upper)
    layer, config, manifest = list(image.blobs)[1:]
    with Place() as place:
        for name, words in ((layer, "a layer"), (config, "not what its name says"), (manifest, "not what its name says")):
            files = image.files()
            content = bytearray(files[f"blobs/sha256/{name}"])
            content[len(content) // 2] ^= 1
            path = image.layout(place.dir / "l")
            (path / f"blobs/sha256/{name}").write_bytes(content)
            said = place.refused(path)
            assert words in said or "layer" in said, said
            (path / f"blobs/sha256/{name}").write_bytes(files[f"blobs/sha256/{name}"] + b" ")
            said = place.refused(path)
            assert "larger than its manifest says" in said or "not of the size" in said, said
            (path / f"blobs/sha256/{name}").unlink()
            assert "lacks a part that it names" in place.refused(path)
            (path / f"blobs/sha256/{name}").symlink_to("/etc/passwd")
            assert "cannot be read" in place.refused(path)
            shutil.rmtree(path)
        refusals = {
            "does not unpack to what its configuration names": lambda k, d: altered(d, rootfs={
                "type": "layers", "diff_ids": [named(upper), named(base)]}) if k == "config" else d,
            "one diff id for each layer": lambda k, d: altered(d, rootfs={"diff_ids": [named(base)]}) if k == "config" else d,
            "is no SHA-256": lambda k, d: altered(d, rootfs={"diff_ids": ["md5:1", "md5:2"]}) if k == "config" else d,
            "without a platform": lambda k, d: altered(d, os="") if k == "config" else d,
            "is no JSON": lambda k, d: b"{]" if k == "config" else d,
            "of schema version 2": lambda k, d: altered(d, schemaVersion=1) if k == "manifest" else d,
            "a type that is not known": lambda k, d: altered(d, layers=[
                altered(l, mediaType="application/x") for l in d["layers"]]) if k == "manifest" else d,
            "no image of a container": lambda k, d: altered(d, config=altered(
                d["config"], mediaType="application/vnd.oci.empty.v1+json")) if k == "manifest" else d,
            "another digest than sha256:": lambda k, d: altered(d, config=altered(
                d["config"], digest="sha512:" + "0" * 128)) if k == "manifest" else d,
            "without its size": lambda k, d: altered(d, config=altered(d["config"], size="1")) if k == "manifest" else d,
            "not packed as its media type says": lambda k, d: altered(d, layers=[altered(
                l, mediaType=l["mediaType"].replace("gzip", "zstd")) for l in d["layers"]]) if k == "manifest" else d,
            "no such image": lambda k, d: altered(d, manifests=[]) if k == "index" else d,
        }
        for words, edit in refusals.items():
            said = place.refused(place.put("x.tar", Image(base, upper, edit=edit).archive()))
            assert words in said, (words, said)


def test_hostile_layers_are_refused():
    file = entry("a", b"1")
    sparse = tarfile.TarInfo("s")
    sparse.size, sparse.pax_headers = 512, {"GNU.sparse.name": "s", "GNU.sparse.size": "1099511627776", "GNU.sparse.numblocks": "1",
                                            "GNU.sparse.map": "0,512"}
    huge = tarfile.TarInfo("h")
    huge.pax_headers = {"comment": "x" * (2 << 20)}
    with Place() as place:
        refused = place.refused_layer
        assert 'an absolute name in a layer: "/etc/passwd"' in refused(entry("/etc/passwd", b"x"))
        for name in ("../a", "a/../../b", "a/./b", "a//b", "./../x"):
            assert "no path, or leads out of it" in refused(entry(name, b"x")), name
        assert "below a symbolic link" in refused(link("d", "/etc"), entry("d/x", b"x"))
        assert "below a symbolic link" in refused(entry("d/x", b"x"), over=[link("d", "/etc")])
        assert "below what is no directory" in refused(entry("a/x", b"x"), over=[file])
        assert "in one layer twice" in refused(file, file)
        assert "in one layer twice" in refused(file, directory("a"))
        assert "is no directory, and has files below it" in refused(entry("a/b", b"1"), file)
        assert "no path, or leads out of it" in refused(hard_link("x", "../../etc/shadow"))
        assert "an absolute name" in refused(hard_link("x", "/etc/shadow"))
        assert "hard link to what is no file before it" in refused(hard_link("x", "y"))
        assert "hard link to what is no file before it" in refused(directory("y"), hard_link("x", "y"))
        assert "is a device" in refused(entry("dev/sda", type=tarfile.BLKTYPE))
        assert "is a device" in refused(entry("dev/null", type=tarfile.CHRTYPE))
        assert "a sparse file" in refused(sparse.tobuf(tarfile.PAX_FORMAT) + bytes(512) + bytes(1024))
        assert "in a layer" in refused(huge.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
        assert "what has no name" in refused(entry("d/.wh.")) and "what has no name" in refused(entry("d/.wh..."))
        assert "target is empty or too long" in refused(link("l", "x" * 5000))
        assert "more than 255 bytes" in refused(entry("x" * 256, b"x"))
        assert "in a layer" in refused(bytes(range(256)) * 8)
        assert "unpacks to more than it may" in refused(entry("big", bytes(3 << 20)), mebibytes="2")
        assert "in a layer" in refused(tar(entry("a", bytes(600)))[:900])


def test_a_bomb_costs_what_it_may_and_no_more():
    """A gigabyte of zeros in some megabytes, and a header that says an exabyte."""
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=1, mtime=0) as to:
        member = tarfile.TarInfo("zeros")
        member.size = 1 << 30
        to.write(member.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):
            to.write(bytes(16 << 20))
    exabyte = tarfile.TarInfo("e")
    exabyte.size = 1 << 60
    with Place() as place:
        image = Image(tar(entry("a", b"1")), edit=lambda k, d: {**d, "layers": [
            {"mediaType": d["layers"][0]["mediaType"], "digest": named(bomb.getvalue()), "size": len(bomb.getvalue())}]}
            if k == "manifest" else d)
        image.add("", bomb.getvalue())
        assert "unpacks to more than it may" in place.refused(place.put("b.tar", image.archive()), "--mebibytes", "64")
        assert "unpacks to more than it may" in place.refused_layer(exabyte.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_what_is_no_image_is_refused():
    with Place() as place:
        assert "is no image: expected a layout's directory" in place.refused(place.put("junk", b"junk" * 1000))
        assert "is no image: expected oci-layout" in place.refused(place.put("t.tar", tar(entry("a", b"1"))))
        (place.dir / "empty").mkdir()
        assert "is no image: expected oci-layout" in place.refused(place.dir / "empty")
        assert "cannot be read: No such file" in place.refused(place.dir / "none")
        packed = place.put("p.tar.gz", gzip.compress(Image(tar(entry("a", b"1"))).archive()))
        assert "(not packed)" in place.refused(packed)
        twice = Image(tar(entry("a", b"1"))).archive()
        member = tarfile.TarInfo("index.json").tobuf()
        assert "a file in it twice: \"index.json\"" in place.refused(
            place.put("twice.tar", member + twice))
        assert "more than 4 MiB" in place.refused(place.put("large.tar", Image(
            tar(entry("a", b"1")), edit=lambda k, d: {**d, "x": "y" * (5 << 20)} if k == "index" else d).archive()))
        done = place.run("image", status=2)
        assert "expected an IMAGE" in done.stderr
        for wrong in (("--manifest", "1"), ("--platform", "linux"), ("--mebibytes", "0"), ("--tag",), ("x", "y")):
            assert "expected one IMAGE" in place.run("image", *wrong, status=2).stderr, wrong


def test_disks_are_taken_by_their_digest():
    qcow = bytearray(b"QFI\xfb" + bytes(508))
    qcow[7] = 3
    raw = bytes(510) + b"\x55\xaa" + b"data" * 100
    with Place() as place:
        for name, content in (("q.qcow2", bytes(qcow)), ("r.img", raw)):
            path = place.put(name, content)
            made, told = place.read(path)
            assert made == [f"{named(content)[7:]}  {path.resolve()}"] and told["digest"] == named(content), told
            assert told["form"] == ("qcow2" if name[0] == "q" else "raw") and told["size"] == len(content), told
        backed = bytearray(qcow)
        backed[15] = 1
        assert "a backing file" in place.refused(place.put("b.qcow2", backed))
        elsewhere = bytearray(qcow)
        elsewhere[79] = 4
        assert "data in another file" in place.refused(place.put("d.qcow2", elsewhere))


def test_references_of_all_sources_together():
    with Place() as place:
        root = place.dir / "root"
        (root / "usr/bin").mkdir(parents=True)
        (root / "usr/bin/tool").write_bytes(b"tool")
        (root / "usr/bin/tool").chmod(0o4711)
        (root / "bin").symlink_to("usr/bin")
        package = place.put("p.deb", deb(entry("./bin/deb", b"deb", mode=0o755)))
        image = place.put("i.tar", Image(tar(entry("usr/bin/image", b"image"))).archive())
        owner = f" uid={root.stat().st_uid} gid={root.stat().st_gid}"
        expected = [f"link usr/bin /bin{owner}", f"file {named(b'deb')[7:]} /usr/bin/deb uid=0 gid=0 mode=0755",
                    f"file {named(b'image')[7:]} /usr/bin/image uid=0 gid=0 mode=0644",
                    f"file {named(b'tool')[7:]} /usr/bin/tool{owner} mode=4711"]
        first = place.run("references", package, "--root", root, image)
        assert first.stdout.splitlines() == expected and "left out: " in first.stderr, first
        second = place.run("references", image, package, "--root", root, "-o", place.dir / "s")
        assert (place.dir / "s").read_text() == first.stdout and "s: 4 lines\n" in second.stdout
        assert place.run("references", place.dir / "s").stdout == first.stdout
        assert "No such file" in place.run("references", "--root", place.dir / "none", status=1).stderr
        assert place.run("references", status=2) and place.run("references", "a", "b", "-c", "c", status=2)


def test_references_of_a_workload_that_runs():
    """Its program, what it has mapped and its files; not what is gone from its directory."""
    with Measured() as host:
        library, gone = (host.write(name, pathlib.Path("/bin/true").read_bytes()) for name in ("liba.so", "libgone.so"))
        conf = host.write("etc/app.conf", "conf")
        conf.chmod(0o640)
        (host.dir / "etc/link").symlink_to("app.conf")
        app = host.map("file", library, "unlinked", gone)
        assert host.call("executable", "libraries", "files", pid=app.pid, files=[f"{host.dir}/etc/*"]).returncode == 0
        command = [program("hallmark-collector"), "references", "app", "-c", str(host.dir / "collector.yaml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        by_path = {l.split(" ")[2]: l for l in done.stdout.splitlines()}
        owner = f" uid={os.getuid()} gid={os.getgid()}"
        assert by_path[str(conf)] == f"file {named(b'conf')[7:]} {conf}{owner} mode=0640", by_path
        assert by_path[str(library)] == f"file {named(library.read_bytes())[7:]} {library}{owner} mode=0644", by_path
        assert os.path.realpath("/usr/bin/python3") in by_path and str(gone) not in by_path and len(by_path) > 4
        assert "left out: 1 files that are mapped and no longer there" in done.stderr, done.stderr
        assert "left out: 1 symbolic links" in done.stderr, done.stderr
        assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout == done.stdout
        saved = subprocess.run([*command, "-o", str(host.dir / "saved")], capture_output=True, text=True, timeout=60)
        assert saved.returncode == 0 and (host.dir / "saved").read_text() == done.stdout, saved
        missing = subprocess.run([*command[:2], "nobody", *command[3:]], capture_output=True, text=True, timeout=60)
        assert missing.returncode == 1 and missing.stdout == "" and "there are: app" in missing.stderr, missing


def test_images_of_umoci_and_skopeo():
    """Where they are there: what others build, and copy from one form into another."""
    if not shutil.which("umoci") or not shutil.which("skopeo"):
        print("        umoci and skopeo are not installed: what they make is not tried")
        return
    with Place() as place:
        def umoci(*arguments):
            subprocess.run(["umoci", *arguments], check=True, capture_output=True, cwd=place.dir, timeout=60)

        umoci("init", "--layout", "lay")
        umoci("new", "--image", "lay:base")
        umoci("unpack", "--rootless", "--image", "lay:base", "b")
        root = place.dir / "b/rootfs"
        (root / "usr/bin").mkdir(parents=True)
        shutil.copy("/bin/ls", root / "usr/bin/ls")
        (root / "F\u0151").write_text("x")
        (root / "bin").symlink_to("usr/bin")
        umoci("repack", "--image", "lay:one", "b")
        umoci("unpack", "--rootless", "--image", "lay:one", "c")
        root = place.dir / "c/rootfs"
        (root / "F\u0151").unlink()
        (root / "new").write_text("new")
        umoci("repack", "--image", "lay:two", "c")
        made, told = place.read(place.dir / "lay", "--tag", "two")
        assert [l.split(" ")[2] for l in made] == ["/bin", "/new", "/usr/bin/ls"] and len(told["layers"]) == 2, made
        for to, form in (("docker-archive:d.tar:a:b", "docker-archive"), ("oci-archive:o.tar", "oci-archive"),
                         ("dir:dir", "dir")):
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "oci:lay:two", to], check=True, cwd=place.dir,
                           timeout=60, env={"HOME": str(place.dir), "PATH": "/usr/bin:/bin", "TMPDIR": str(place.dir)})
            again, told = place.read(place.dir / to.split(":")[1])
            assert again == made and told["form"] == form, (form, again)


if __name__ == "__main__":
    run_tests(__name__)
