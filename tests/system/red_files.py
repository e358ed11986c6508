#!/usr/bin/python3
"""Files of a workload, altered by other ways than by writing to them, links that are turned, and pid files as they
are found on real hosts: what was not released is seen, and what is honest is affirming."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from floor import AFFIRMING
from hallmark import run_tests
from judged import Judged, sums
from measured import NOBODY, PYTHON, can_be_others

NOT_ONE = 0xffffffff  # of an entry that is for no one user


def access_list(*entries):
    """The attribute of a file: (tag, rights, id) each."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


class Tree(Judged):
    """A process beside two files of root's, `tool` and `conf`, which alone are released."""

    def __init__(self):
        super().__init__()
        self.tree = self.dir / "tree"
        self.tree.mkdir(mode=0o755)
        self.tree.chmod(0o755)
        self.tool, self.conf = self.tree / "tool", self.tree / "conf"
        shutil.copy("/bin/true", self.tool)
        self.conf.write_text("limit = 1\n")
        self.tool.chmod(0o755)
        self.conf.chmod(0o644)
        self.process = self.start("/bin/sleep", "3600")
        self.pid = self.write("pid", f"{self.process.pid}\n")
        self.known(sums([self.tool, self.conf]))
        self.look_at(f"{self.tree}/**")

    def known(self, references, **rule):
        self.judge_by({"known": references}, require=["files"], files={"references": ["known"], **rule})

    def look_at(self, *patterns, **workload):
        self.measure_by(pid_file=str(self.pid), measure=["files"], files=list(patterns), **workload)

    def seen(self, *findings):
        status, found = self.verdict()
        told = {(code, subject.removeprefix(f"{self.dir}/")) for code, subject in found}
        assert status == "contraindicated" and told == set(findings), (status, told)

    def honest(self):
        assert self.verdict() == AFFIRMING, self.verdict()


def test_who_else_may_change_a_file():
    if not can_be_others():
        print("    skipped: needs a second user")
        return
    write = access_list((1, 6, NOT_ONE), (2, 6, NOBODY), (4, 4, NOT_ONE), (16, 6, NOT_ONE), (32, 4, NOT_ONE))
    read = access_list((1, 6, NOT_ONE), (2, 4, NOBODY), (4, 4, NOT_ONE), (16, 4, NOT_ONE), (32, 4, NOT_ONE))
    enter = access_list((1, 7, NOT_ONE), (2, 7, NOBODY), (4, 5, NOT_ONE), (16, 7, NOT_ONE), (32, 5, NOT_ONE))
    both = [("writable-by-others", "tree/conf"), ("writable-by-others", "tree/tool")]
    with Tree() as host:
        tool, conf, tree = host.tool, host.conf, host.tree

        def plain(path):
            os.removexattr(path, "system.posix_acl_access")

        for change, undo, findings in (
                (lambda: tool.chmod(0o2755), lambda: tool.chmod(0o755), [("setuid-file", "tree/tool")]),
                (lambda: tool.chmod(0o4711), lambda: tool.chmod(0o755), [("setuid-file", "tree/tool")]),
                (lambda: (os.chown(conf, 0, NOBODY), conf.chmod(0o664)),
                 lambda: (os.chown(conf, 0, 0), conf.chmod(0o644)), [("writable-by-others", "tree/conf")]),
                (lambda: os.chown(conf, 0, NOBODY), lambda: os.chown(conf, 0, 0), []),
                (lambda: os.setxattr(conf, "system.posix_acl_access", write), lambda: plain(conf),
                 [("writable-by-others", "tree/conf")]),
                (lambda: os.setxattr(conf, "system.posix_acl_access", read), lambda: plain(conf), []),
                (lambda: os.setxattr(tree, "system.posix_acl_access", enter), lambda: plain(tree), both),
                (lambda: os.chown(tree, NOBODY, 0), lambda: os.chown(tree, 0, 0), both),
                (lambda: (os.chown(tree, 0, NOBODY), tree.chmod(0o775)), lambda: os.chown(tree, 0, 0), both),
                (lambda: host.dir.chmod(0o777), lambda: host.dir.chmod(0o755), both)):
            change()
            if findings:
                host.seen(*findings)
            else:
                host.honest()
            undo()
            conf.chmod(0o644)
            tree.chmod(0o755)
        host.honest()


def test_what_stands_in_a_files_place():
    with Tree() as host:
        honest = host.conf.read_bytes()
        added, other = host.tree / "added", host.write("other", honest)
        cases = [(lambda: added.write_bytes(b""), [("unknown-file", "tree/added")]),
                 (lambda: (host.tree / ".hidden").write_bytes(b"x"), [("unknown-file", "tree/.hidden")]),
                 (lambda: os.mkfifo(added), [("special-file", "tree/added")]),
                 (lambda: added.symlink_to(host.conf), [("symbolic-link", "tree/added")]),
                 (lambda: os.link(host.conf, added), [("unknown-file", "tree/added")]),
                 (lambda: (host.conf.unlink(), host.conf.symlink_to(other)), [("symbolic-link", "tree/conf")]),
                 (lambda: (host.conf.unlink(), host.conf.mkdir()), [("missing-file", "tree/conf")]),
                 (lambda: (host.conf.unlink(), os.mkfifo(host.conf)), [("special-file", "tree/conf")]),
                 (lambda: host.conf.rename(host.tree / "CONF"), [("missing-file", "tree/conf"),
                                                                 ("unknown-file", "tree/CONF")]),
                 (lambda: host.conf.write_bytes(honest + b"\n"), [("changed-file", "tree/conf")]),
                 (lambda: host.conf.write_bytes(honest.replace(b"\n", b"\r\n")), [("changed-file", "tree/conf")])]
        for change, findings in cases:
            change()
            host.seen(*findings)
            for name in os.listdir(host.tree):
                if name != "tool":
                    path = host.tree / name
                    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            host.conf.write_bytes(honest)
            host.conf.chmod(0o644)
        host.honest()


def test_what_is_mounted_over_it():
    if not can_be_others():
        print("    skipped: needs to mount")
        return
    with Tree() as host:
        other = host.write("other", host.conf.read_bytes())
        inner = host.tree / "inner"
        for command, place, findings in (
                (["mount", "--bind", other], host.conf, [("unreadable-file", "tree/conf")]),
                (["mount", "-t", "tmpfs", "none"], host.tree, [("missing-file", "tree/conf"),
                                                               ("missing-file", "tree/tool")]),
                (["mount", "-t", "tmpfs", "-o", "mode=755", "none"], inner, [("unreadable-file", "tree/inner")])):
            if place is inner:
                inner.mkdir()
            subprocess.run([*command, place], check=True)
            try:
                host.seen(*findings)
            finally:
                subprocess.run(["umount", place], check=True)
        inner.rmdir()
        host.honest()


def test_links_that_are_turned():
    """Chains of them, to files and to directories, absolute and relative, where what they lead to is measured."""
    with Tree() as host:
        target, links = host.dir / "target", host.dir / "links"
        for path, content in (("real", "1\n"), ("dir/inner", "2\n"), ("evil", "9\n")):
            host.write(f"target/{path}", content).chmod(0o644)
        links.mkdir()
        middle = target / "middle"
        middle.symlink_to("real")
        for name, leads in (("chain", "../target/middle"), ("dir", "../target/dir"), ("absolute", target / "real")):
            (links / name).symlink_to(leads)
        for path in (target, target / "dir", links):
            path.chmod(0o755)
        host.known("".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p}\n" for p in (
            links / "absolute", links / "chain", links / "dir/inner")))
        host.look_at(f"{links}/**", follow=True)
        host.honest()

        def turned(to):
            middle.unlink()
            if to is not None:
                middle.symlink_to(to)

        for change, undo, findings in (
                (lambda: (target / "real").write_text("9\n"), lambda: (target / "real").write_text("1\n"),
                 [("changed-file", "links/absolute"), ("changed-file", "links/chain")]),
                (lambda: turned("evil"), lambda: turned("real"), [("changed-file", "links/chain")]),
                (lambda: turned(None), lambda: middle.symlink_to("real"), [("symbolic-link", "links/chain")]),
                (lambda: turned("middle"), lambda: turned("real"), [("symbolic-link", "links/chain")]),
                (lambda: turned("../links/chain"), lambda: turned("real"), [("symbolic-link", "links/chain")]),
                (lambda: turned("dir"), lambda: turned("real"), [("missing-file", "links/chain"),
                                                                 ("unknown-file", "links/chain/inner")]),
                (lambda: (target / "dir/more").write_text("x"), lambda: (target / "dir/more").unlink(),
                 [("unknown-file", "links/dir/more")])):
            change()
            host.seen(*findings)
            undo()
        # The same content is the same, whatever way leads to it, where nobody else may exchange it.
        for way in ("../target/real", target / "real"):
            turned(way)
            host.honest()
        (links / "chain").unlink()
        os.link(target / "real", links / "chain")
        host.honest()


def test_who_holds_a_file():
    """A lock is in nobody's way. A lease, at which others would wait, makes it unreadable, at once."""
    with Tree() as host:
        hold = "import fcntl, os, signal, sys; signal.signal(signal.SIGIO, signal.SIG_IGN); " \
               f"file = os.open({str(host.conf)!r}, os.O_RDWR); {{}}; print('ready', flush=True); sys.stdin.read()"
        holder = host.start(PYTHON, "-c", hold.format("fcntl.lockf(file, fcntl.LOCK_EX)"), ready=True)
        host.honest()
        host.end(holder)
        lease = f"fcntl.fcntl(file, {fcntl.F_SETLEASE}, {fcntl.F_WRLCK})"
        holder = host.start(PYTHON, "-c", hold.format(lease), ready=True)
        host.seen(("unreadable-file", "tree/conf"))
        host.end(holder)
        host.honest()


def test_pid_files_as_programs_write_them():
    with Tree() as host:
        pid = host.process.pid
        good = [f"{pid}", f"{pid}\r\n", f"{pid:>11}\n", f"{pid}\t\n",
                f"{pid}\n/var/lib/postgresql/15/main\n1795971032\n5432\n\nlocalhost\n  11174171         4\nready   \n",
                f"{pid}\n/usr/sbin/sendmail -bd -q15m\n"]
        bad = ["", "\n", f"\n{pid}\n", f"+{pid}\n", f"-{pid}\n", f"0x{pid:x}\n", f"{pid}.0\n", f"pid={pid}\n", f"{pid} {pid}\n",
               f"{pid}\0", f"\ufeff{pid}\n", "99999999999999999999\n", f"{pid}\n" + "x" * 100000]
        for content in good:
            host.pid.write_bytes(content.encode())
            host.honest()
        for content in bad:
            host.pid.write_bytes(content.encode())
            status, findings = host.verdict()
            assert (status, findings) == ("contraindicated", {("unmeasured", "pid-file")}), (content[:30], findings)
        real = host.write("real-pid", f"{pid}\n")
        for make, undo in ((lambda: host.pid.symlink_to(real), host.pid.unlink), (lambda: os.mkfifo(host.pid), host.pid.unlink),
                           (host.pid.mkdir, host.pid.rmdir)):
            host.pid.unlink(missing_ok=True)
            make()
            host.seen(("unmeasured", "pid-file"))
            undo()


if __name__ == "__main__":
    run_tests("__main__")
