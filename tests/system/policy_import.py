#!/usr/bin/python3
"""Reference sets of packages and other sets, made by hallmark-signer policy import."""

import os
import pathlib
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import run_tests
from importing import Sources, sha
from packages import PACKED, ar, deb, directory, entry, hard_link, link, tar

ROOT = " uid=0 gid=0"


def refused_package(sources, *entries, **options):
    return sources.refused(sources.add("bad.deb", deb(*entries, **options)))


def test_a_package_gives_files_with_owner_and_mode_and_links():
    """Configuration files too; with the directories that are links on a host resolved."""
    content = deb(
        directory("./"), directory("./usr/"), directory("./usr/bin/"),
        entry("./usr/bin/app", b"app", mode=0o755), entry("./bin/su", b"su", mode=0o4755),
        entry("./etc/app.conf", b"conf", gid=42, gname="shadow", mode=0o640),
        hard_link("./usr/bin/app2", "./usr/bin/app"), hard_link("./usr/bin/su2", "./bin/su"),
        link("./lib/libapp.so", "libapp.so.1"), entry("./lib/libapp.so.1", b"so"),
        entry("./usr/share/two words", b"w"), entry("./usr/share/f\udcf6\u20ac", b"bytes"),
        entry("./srv/spool", b"", uid=998, uname="app", gid=999, gname="app"),
        entry("./dev/null", type=tarfile.CHRTYPE), entry("./run/p", type=tarfile.FIFOTYPE),
        control=[entry("./conffiles", b"/etc/app.conf\n")])
    expected = sorted([
        f"file {sha(b'app')} /usr/bin/app{ROOT} mode=0755", f"file {sha(b'app')} /usr/bin/app2{ROOT} mode=0755",
        f"file {sha(b'su')} /usr/bin/su{ROOT} mode=4755", f"file {sha(b'su')} /usr/bin/su2{ROOT} mode=4755",
        f"file {sha(b'conf')} /etc/app.conf uid=0 gid=42 mode=0640",
        f"link libapp.so.1 /usr/lib/libapp.so{ROOT}", f"file {sha(b'so')} /usr/lib/libapp.so.1{ROOT} mode=0644",
        f"file {sha(b'w')} /usr/share/two\\swords{ROOT} mode=0644",
        f"file {sha(b'bytes')} /usr/share/f\udcf6\u20ac{ROOT} mode=0644",
        f"file {sha(b'')} /srv/spool mode=0644"], key=lambda l: os.fsencode(l.split(" ")[2]))
    with Sources() as sources:
        lines, said = sources.imported(sources.add("app.deb", content))
        assert lines == expected
        assert "made.set: 10 lines\n" in said
        assert "left out: 3 directories" in said and "left out: 2 devices, pipes and sockets" in said
        assert "/usr/dev/null" not in said and ": /dev/null, /run/p\n" in said
        assert "left out: 1 owners and groups" in said and ": /srv/spool\n" in said
        plain, _ = sources.imported("--content-only", sources.dir / "app.deb")
        assert plain == [f"{sha(b'app')}  /usr/bin/app" if l.endswith("/usr/bin/app" + ROOT + " mode=0755") else
                         l.split(" uid=")[0].split(" mode=")[0] if l[0] == "l" else
                         "{1}  {2}".format(*l.split(" ")[:3]).replace("\\s", " ") for l in expected]


def test_what_dpkg_deb_packs_comes_out_in_each_of_its_compressions():
    with Sources() as sources:
        tree = sources.dir / "tree"
        for path, mode in (("usr/bin/app", 0o755), ("usr/lib/x/liba.so.1", 0o644), ("etc/app.conf", 0o600)):
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(path.encode() * 5000)
            (tree / path).chmod(mode)
        (tree / "usr/lib/x/liba.so").symlink_to("liba.so.1")
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text("Package: app\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\n"
                                             "Description: x\n")
        (tree / "DEBIAN/conffiles").write_text("/etc/app.conf\n")
        found = set()
        for kind in ("none", "gzip", "xz", "zstd"):
            package = sources.dir / f"{kind}.deb"
            done = subprocess.run(["dpkg-deb", "--root-owner-group", f"-Z{kind}", "-b", str(tree), str(package)],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done
            found.add(tuple(sources.imported(package)[0]))
        assert found == {(
            *(f"file {sha(p.encode() * 5000)} /{p}{ROOT} mode={m}" for p, m in (("etc/app.conf", "0600"), ("usr/bin/app", "0755"))),
            f"link liba.so.1 /usr/lib/x/liba.so{ROOT}",
            f"file {sha(b'usr/lib/x/liba.so.1' * 5000)} /usr/lib/x/liba.so.1{ROOT} mode=0644")}, found


def test_several_sources_make_one_set_in_one_spelling():
    with Sources() as sources:
        sums = sources.add("sums", f"{sha(b'b')} */b\n{sha(b'a')}  /a\n{sha(b'c')}  /a\n\\{sha(b'a')}  /n\\nl\n")
        own = sources.add("own", f"link b /l\nfile {sha(b'a')} /a mode=0600\nfile {sha(b'a')} /a\n")
        package = sources.add("p.deb", deb(entry("./a", b"a", mode=0o600)))
        expected = [*sorted([f"{sha(b'a')}  /a", f"{sha(b'c')}  /a"]), f"{sha(b'b')}  /b", "link b /l", f"\\{sha(b'a')}  /n\\nl"]
        at = expected.index(f"{sha(b'a')}  /a") + 1
        expected[at:at] = [f"file {sha(b'a')} /a mode=0600", f"file {sha(b'a')} /a{ROOT} mode=0600"]
        first, _ = sources.imported(sums, own, package)
        assert first == expected
        again = sources.add("again", "\n".join(first) + "\n")
        for order in ((package, own, sums), (again,), (again, own)):
            assert sources.imported(*order)[0] == expected


def test_a_hostile_package_gives_nothing():
    names = {"/etc/passwd": "absolute name", "./../etc/passwd": "under such a path", "./a/../../b": "under such a path",
             "./a//b": "under such a path", "../x": "under such a path", "./" + "d/" * 2100 + "x": "longer than 4096"}
    with Sources() as sources:
        for name, words in names.items():
            assert words in refused_package(sources, entry("./good", b"x"), entry(name, b"x")), name
            assert words in refused_package(sources, link(name, "target")), name
        for entries, words in (
                ([entry("./a", b"1"), entry("./a", b"2")], "stands here twice"),
                ([entry("./a", b"1"), entry("./a", b"1", mode=0o755)], "stands here twice"),
                ([entry("./lib/a", b"1"), entry("./usr/lib/a", b"2")], "stands here twice"),
                ([link("./a", "b"), entry("./a", b"1")], "stands here twice"),
                ([entry("./d/a", b"1"), entry("./d a", b""), link("./d", "/tmp")], "below a symbolic link"),
                ([link("./d", "/tmp"), link("./d/e/f", "x")], "below a symbolic link"),
                ([hard_link("./a", "./b"), entry("./b", b"")], "hard link"),
                ([hard_link("./a", "/etc/shadow")], "absolute name"),
                ([link("./l", "b"), hard_link("./a", "./l")], "hard link"),
                ([link("./a", "x" * 4097)], "target is empty or too long"),
                ([directory("./usr/")], "has no file"), ([], "has no file")):
            assert words in refused_package(sources, *entries), words
        bell = refused_package(sources, entry("./a\x1b[31m", b"1"), entry("./a\x1b[31m", b"2"))
        assert '"/a\\x1b[31m": stands here twice' in bell


def test_what_is_no_whole_package_gives_nothing():
    inner, good = tar(entry("./a", b"a" * 5000)), deb(entry("./a", os.urandom(5000)))
    version, control = ("debian-binary", b"2.0\n"), ("control.tar", tar())
    with Sources() as sources:
        def refused(content):
            return sources.refused(sources.add("bad.deb", content))

        for members, words in (
                ([], "no data.tar"), ([version], "no data.tar"), ([version, control], "no data.tar"),
                ([control, version], "in this order"), ([version, ("data.tar", inner)], "in this order"),
                ([version, control, ("data.tar", inner), ("data.tar", inner)], "in this order"),
                ([("debian-binary", b"3.0\n"), control, ("data.tar", inner)], "unknown format"),
                ([("debian-binary", b""), control, ("data.tar", inner)], "unknown format"),
                ([version, control, ("data.tar", b"")], "cannot be unpacked"),
                ([version, control, ("data.tar", b"x" * 3000)], "cannot be unpacked"),
                ([version, control, ("data.tar", inner[:3000])], "cannot be unpacked"),
                ([version, control, ("data.tar.xz", PACKED[".xz"](inner)[:-20])], "cannot be unpacked")):
            assert words in refused(ar(*members)), words
        for size in (8, 30, 100, len(good) // 2, len(good) - 40):
            refused(good[:size])
        assert sources.imported(sources.add("odd.deb", ar(
            version, ("_gpgbuilder", b"x"), control, ("data.tar", inner), ("_more", b""))))[0]


def test_what_unpacks_without_end_is_left_at_its_limit():
    """A tar of a few kilobytes that says it has 17 GiB of zeros: sparse, as GNU tar writes it."""
    member = tarfile.TarInfo("./zeros")
    member.size, member.mode = 512, 0o644
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    real = 17 << 30
    header[386:398], header[398:410] = b"%011o\0" % (real - 512 & (1 << 33) - 1), b"%011o\0" % 512
    header[386:398] = b"\x80" + (real - 512).to_bytes(11, "big")
    header[483:495] = b"\x80" + real.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = bytes(header) + b"x" * 512 + bytes(1024)
    with Sources() as sources:
        assert "more than 16 GiB" in sources.refused(sources.add("bomb.deb", ar(
            ("debian-binary", b"2.0\n"), ("control.tar", tar()), ("data.tar", content))))


def test_every_fault_is_told_and_usage_is_explained():
    with Sources() as sources:
        bad, worse = sources.add("bad", "x\ny\n"), sources.add("worse", "")
        said = sources.refused(bad, sources.dir / "none", worse, sources.dir)
        for words in ("bad:1: expected a line", "bad:2: expected a line", "none: cannot be read: No such file",
                      "worse: the reference set is empty", "cannot be read: Is a directory"):
            assert words in said, said
        for arguments in ([], [bad], ["-o", "x"], [bad, "-o"], [bad, "-o", "x", "-o", "y"], [bad, "--other", "-o", "x"],
                          [bad, "-o", "x", "--content-only", "--content-only"]):
            assert "policy import FROM" in sources.run(*arguments, status=2).stderr
        good = sources.add("good", f"{sha(b'a')}  /a\n")
        assert "none/x.new" in sources.run(good, "-o", sources.dir / "none/x", status=1).stderr


if __name__ == "__main__":
    run_tests(__name__)
