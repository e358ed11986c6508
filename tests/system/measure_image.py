#!/usr/bin/python3
"""A running container against its image: honest it is clean, and what was altered in it is found."""

import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import program, run_tests
from images import Image, named
from measured import Measured, can_be_others
from packages import directory, entry, link, tar

SLEEPER = b"#include <unistd.h>\nint main(void) { write(1, \"ready\\n\", 6); for (;;) pause(); }\n"
START = """set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mount -t proc proc "$4/proc"
mount -t tmpfs tmpfs "$4/dev"
mount --bind "$5" "$4/etc/hosts"
exec chroot "$4" /usr/bin/app
"""
CLEAN = {"added": [], "changed": [], "deleted": [], "mounted": []}


class Container(Measured):
    """One of two layers: a program without libraries, on an overlay in a mount namespace of its own."""

    def __init__(self):
        super().__init__()
        (self.dir / "app.c").write_bytes(SLEEPER)
        subprocess.run(["cc", "-static", "-o", self.dir / "app", self.dir / "app.c"], check=True, timeout=60)
        layers = [tar(*(directory(d) for d in ("usr", "usr/bin", "etc", "data", "proc", "dev", "tmp")),
                      entry("usr/bin/app", (self.dir / "app").read_bytes(), mode=0o755), link("bin", "usr/bin"),
                      entry("etc/app.conf", b"old"), entry("etc/hosts", b""), entry("data/keep", b"keep"),
                      entry("data/two words", b"2")),
                  tar(entry("etc/app.conf", b"conf", mode=0o640), entry("data/more", b"more"))]
        self.image = Image(*layers)
        self.layout = self.image.layout(self.dir / "layout")
        self.set = self.dir / "image.set"
        subprocess.run([program("hallmark-collector"), "image", self.layout, "-o", self.set], check=True,
                       capture_output=True, timeout=60)
        lowers = []
        for number, content in enumerate(layers):
            lowers.insert(0, str(self.dir / f"lower{number}"))
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extractall(lowers[0])
        for name in ("upper", "work", "merged"):
            (self.dir / name).mkdir()
        hosts = self.write("hosts", "127.0.0.1 localhost\n")
        self.app = self.start("unshare", "-m", "sh", "-c", START, "sh", ":".join(lowers), self.dir / "upper",
                              self.dir / "work", self.dir / "merged", hosts, ready=True)
        self.root = pathlib.Path(f"/proc/{self.app.pid}/root")

    def compared(self, **image):
        return self.facts("image", pid=self.app.pid, image=image or {"set": str(self.set)})


def test_an_honest_container_is_clean():
    """By a set and by the image itself; what the runtime has mounted is left out."""
    with Container() as c:
        digest = named(c.set.read_bytes())
        assert c.compared() == {**CLEAN, "set": [digest]}
        assert c.compared(layout=str(c.layout)) == {**CLEAN, "set": [digest], "manifest": [c.image.manifest["digest"]]}
        made = c.measure("image", pid=c.app.pid, image={"set": str(c.set)})["components"]["image"]["made"]
        assert {"name": "options", "values": ["root=container"]} in made, made
        # However the set is written, it is the same one.
        lines = c.set.read_text().splitlines(keepends=True)
        again = c.write("again.set", "".join(reversed(lines)))
        assert c.compared(set=str(again))["set"] == [digest]


def test_what_was_altered_is_found():
    with Container() as c:
        (c.root / "tmp/a b").write_bytes(b"added")
        (c.root / "usr/bin/sh").symlink_to("app")
        (c.root / "etc/app.conf").write_bytes(b"evil")
        (c.root / "data/keep").unlink()
        (c.root / "data/two words").chmod(0o4755)
        os.mkfifo(c.root / "tmp/pipe", 0o600)
        os.utime(c.root / "data/more", (1, 1))  # which is nothing
        owner = "uid=0 gid=0"
        found = c.compared()
        assert found["added"] == [
            f"/tmp/a\\x5csb file {named(b'added')[7:]} {owner} mode=0644", f"/tmp/pipe special {owner} mode=0600",
            f"/usr/bin/sh link {named(b'app')[7:]} {owner}"], found
        assert found["changed"] == [f"/data/two\\x5cswords file {named(b'2')[7:]} {owner} mode=4755",
                                    f"/etc/app.conf file {named(b'evil')[7:]} {owner} mode=0640"], found
        assert found["deleted"] == ["/data/keep"] and found["mounted"] == [], found
        (c.root / "etc/app.conf").unlink()
        shutil.rmtree(c.root / "data")
        (c.root / "data").write_bytes(b"")
        found = c.compared()
        assert found["deleted"] == ["/data/keep", "/data/more", "/data/two\\x5cswords", "/etc/app.conf"], found
        assert found["added"][0].startswith("/data file "), found


def test_what_is_mounted_is_named_and_not_looked_into():
    with Container() as c:
        subprocess.run(["nsenter", "-t", str(c.app.pid), "-m", "mount", "-t", "tmpfs", "tmpfs", c.dir / "merged/data"],
                       check=True, timeout=60)
        assert c.compared() == {**CLEAN, "mounted": ["/data"], "set": [named(c.set.read_bytes())]}


def test_what_runtimes_write_is_left_out_and_nothing_else():
    with Container() as c:
        (c.root / ".dockerenv").write_bytes(b"")
        (c.root / "etc/mtab").symlink_to("/proc/mounts")
        assert c.compared()["added"] == []
        (c.root / ".dockerenv").write_bytes(b"x")
        (c.root / "etc/mtab").unlink()
        (c.root / "etc/mtab").symlink_to("/proc/mount")
        assert [v.split(" ")[0] for v in c.compared()["added"]] == ["/.dockerenv", "/etc/mtab"]


def test_differences_without_end_are_told_by_how_many():
    with Container() as c:
        name, path = "d" * 250, "/tmp"
        where = os.open(c.root / "tmp", os.O_PATH)
        for _ in range(15):
            os.mkdir(name, dir_fd=where)
            where, before = os.open(name, os.O_PATH, dir_fd=where), where
            os.close(before)
            path += "/" + name
        for number in range(300):
            os.close(os.open(f"{number:03}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=where))
        os.close(where)
        lines = [f"{path}/{n:03} file {named(b'')[7:]} uid=0 gid=0 mode=0644" for n in range(300)]
        kept = 1048576 // len(lines[0])
        found = c.compared()["added"]
        assert 200 < kept < 300 and found[:-1] == lines[:kept], (kept, len(found))
        rest = "".join(line + "\n" for line in lines[kept:]).encode()
        assert found[-1] == f"... {300 - kept} sha256:{named(rest)[7:]}", found[-1]


def test_what_is_no_image_leaves_the_component_out():
    with Container() as c:
        def refused(**image):
            return c.refused("image", pid=c.app.pid, image=image)

        assert "image is left out" in refused(set=str(c.write("none.set", "x\n")))
        assert "No such file" in refused(set=str(c.dir / "missing"))
        next((c.layout / "blobs/sha256").iterdir()).write_bytes(b"x")
        said = refused(layout=str(c.layout))
        assert "image is left out" in said and str(c.layout) in said, said
        for image, words in (({"tag": "x"}, 'must have "set"'), ({"set": "a", "layout": "b"}, 'must have "set"'),
                             ({"set": "a", "tag": "b"}, "a set has none")):
            said = c.refused("image", pid=c.app.pid, image=image)
            assert words in said, (image, said)
        assert "does not say with what" in c.refused("image", pid=c.app.pid)
        assert 'lacks "image"' in c.refused("runtime", pid=c.app.pid, image={"set": str(c.set)})


if __name__ == "__main__":
    if not can_be_others():
        print("ok      not root: there are no containers to be made")
        sys.exit(0)
    with contextlib.suppress(KeyboardInterrupt):
        run_tests(__name__)
