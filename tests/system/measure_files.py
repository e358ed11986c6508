#!/usr/bin/python3
"""The component `files` of hallmark-collector: patterns over trees of every kind of name."""

import hashlib
import itertools
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import small_disk
from hallmark import run_tests
from measured import AS_NOBODY, NOBODY, Measured, can_be_others

EMPTY = hashlib.sha256(b"").hexdigest()
NOTHING = "0" * 64  # the digest of what has none
LARGE = 64 << 20    # bytes: reading them takes long enough to be changed meanwhile


class Tree(Measured):
    """A host with a directory `tree` and a process whose root it is seen from."""

    def __init__(self):
        super().__init__()
        self.how, self.prefix = {}, ()
        self.process = self.start("/bin/sleep", "3600")
        (self.dir / "tree").mkdir()

    def found(self, *patterns):
        """Items by their names below the tree."""
        patterns = [str(self.dir / "tree" / p) for p in patterns]
        items = self.files("files", pid=self.process.pid, files=patterns, prefix=self.prefix, **self.how)
        return {path.removeprefix("tree/"): item for path, item in items.items()}

    def names(self, *patterns):
        return sorted(self.found(*patterns))


def test_mode_owner_size_and_digest():
    with Tree() as tree:
        path = tree.write("tree/app.conf", "content\n")
        path.chmod(0o4751)
        if can_be_others():
            os.chown(path, 12, 34)
            path.chmod(0o4751)
        item = tree.found("app.conf")["app.conf"]
        stat = path.stat()
        assert item == {"path": str(path), "sha256": hashlib.sha256(b"content\n").hexdigest(),
                        "size": 8, "mode": "0104751", "uid": stat.st_uid, "gid": stat.st_gid,
                        "flags": [], "details": []}


# --- who may change it ---------------------------------------------------------------------------

def acl(*entries):
    """As the kernel has it: of (tag, rights, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def set_attributes(path, letter):
    return subprocess.run(["chattr", letter, path], check=False, capture_output=True).returncode == 0


def test_what_else_a_file_has():
    if not can_be_others():
        return
    with Tree() as tree:
        for name in ("plain", "capable", "listed", "kept", "logged"):
            tree.write(f"tree/{name}")
        os.setxattr(tree.dir / "tree/plain", "user.note", b"of no interest")
        os.setxattr(tree.dir / "tree/capable", "security.capability",
                    struct.pack("<IIIII", 0x02000001, 1 << 21, 0, 0, 0))
        os.setxattr(tree.dir / "tree/listed", "system.posix_acl_access",
                    acl((1, 6, 2**32 - 1), (2, 4, 33), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1), (32, 0, 2**32 - 1)))
        expected = {"plain": [], "capable": ["capability=0000000000200000 0000000000000000 1"],
                    "listed": ["acl=u::rw-,u:33:r--,g::r--,m::rw-,o::---"], "kept": [], "logged": []}
        try:
            if set_attributes(tree.dir / "tree/kept", "+i"):
                expected["kept"] = ["attributes=immutable"]
            if set_attributes(tree.dir / "tree/logged", "+a"):
                expected["logged"] = ["attributes=append"]
            assert {name: item["details"] for name, item in tree.found("*").items()} == expected
        finally:
            set_attributes(tree.dir / "tree/kept", "-i")
            set_attributes(tree.dir / "tree/logged", "-a")


def test_who_may_put_another_file_in_its_place():
    if not can_be_others():
        return
    with Tree() as tree:
        own = f"{tree.dir}/tree"
        tree.write("tree/a b/c/f")
        for name, mode, owner, of_file, told in (
                ("", 0o755, 0, 0, None), ("", 0o1777, 0, 0, None), ("", 0o777, 0, 0, "0777 0 0"),
                ("", 0o2775, 0, 0, "2775 0 0"), ("", 0o755, 12, 0, "0755 12 0"), ("", 0o755, 12, 12, None),
                ("", 0o1777, 12, 0, "1777 12 0"), ("/a b", 0o775, 0, 0, "0775 0 0"),
                ("/a b/c", 0o700, 7, 0, "0700 7 0")):
            directory = f"{own}{name}"
            os.chown(directory, owner, 0)
            os.chmod(directory, mode)
            os.chown(tree.dir / "tree/a b/c/f", of_file, 0)
            expected = [f"parent={directory.replace(' ', '%20')} {told}"] if told else []
            for pattern in ("**", "a b/c/f", "*/*/*"):
                assert tree.found(pattern)["a b/c/f"]["details"] == expected, (name, mode, owner, pattern)
            os.chown(directory, 0, 0)
            os.chmod(directory, 0o755)
        os.chmod(own, 0o777)
        os.chmod(f"{own}/a b", 0o777)
        assert tree.found("**")["a b/c/f"]["details"] == [f"parent={own} 0777 0 0"], "the uppermost"


def test_names_of_any_bytes():
    names = ["a b", "line\nfeed", "back\\slash", "star*", "[x]", "\x1b[2J", "ü", "q\""]
    with Tree() as tree:
        for name in names:
            tree.write(f"tree/{name}")
        with open(os.fsencode(tree.dir / "tree") + b"/\xff\xfe", "wb"):
            pass
        assert tree.names("*") == sorted(["a b", "line\\x0afeed", "back\\x5cslash", "star*", "[x]",
                                          "\\x1b[2J", "ü", "q\"", "\\xff\\xfe"])
        assert tree.names("star\\*") == ["star*"] and tree.names("\\[x\\]") == ["[x]"]


def test_what_patterns_find():
    with Tree() as tree:
        for name in ("a.conf", ".a.conf", "b.dat", "sub/a.conf", "sub/deep/er/c.conf", "sub/.h/x"):
            tree.write(f"tree/{name}")
        assert tree.names("*.conf") == ["a.conf"]
        assert tree.names(".*.conf") == [".a.conf"]
        assert tree.names("*/*.conf") == ["sub/a.conf"]
        assert tree.names("sub/**") == ["sub/.h/x", "sub/a.conf", "sub/deep/er/c.conf"]
        assert tree.names("a.conf", "*", "**") == tree.names("**"), "each file is one item"
        for nothing in ("*.none", "none/*", "sub", "sub/", "a.conf/x"):
            assert tree.names(nothing) == []
        for refused in ("**.conf", "**/a.conf", "../tree/*"):
            told = tree.refused("files", pid=tree.process.pid, files=[f"{tree.dir}/tree/{refused}"])
            assert refused in told, told


def test_what_it_was_made_with_is_told():
    with Tree() as tree:
        patterns = [f"{tree.dir}/tree/{name}" for name in ("z*", "a\\*b", "**")]
        made = tree.measure("files", pid=tree.process.pid,
                            files=patterns)["components"]["files"]["made"]
        assert made == [{"name": "options", "values": ["reread_percent=2"]},
                        {"name": "patterns",
                         "values": [p.replace("\\", "\\x5c") for p in patterns]}], made
        done = tree.call("files", "executable", pid=tree.process.pid, files=patterns,
                         json_wanted=False)
        assert done.stdout.count("made with") == done.stdout.count(" reread_percent=2\n") == 2, done.stdout
        assert "  patterns  /" in done.stdout, done.stdout


def test_links_are_told_and_not_followed():
    with Tree() as tree:
        tree.write("secret/inside")
        tree.write("tree/real/file")
        for name, target in (("out", "../secret/inside"), ("dir", "real"), ("loop", "loop"),
                             ("up", ".."), ("root", "/"), ("dangling", "nowhere")):
            (tree.dir / "tree" / name).symlink_to(target)
            item = tree.found(name)[name]
            assert item["flags"] == ["symlink"] and item["size"] == len(target)
            assert item["sha256"] == hashlib.sha256(target.encode()).hexdigest()
        assert tree.names("dir/file") == ["dir"], "a link on the way is an item itself"
        assert tree.names("**") == sorted(["out", "dir", "loop", "up", "root", "dangling",
                                           "real/file"])
        os.link(tree.dir / "secret/inside", tree.dir / "tree/hard")
        assert tree.found("hard")["hard"]["flags"] == []
        for more, words in (({}, f"note: 6 symbolic links are told by text alone, such as {tree.dir}/tree/dangling: "), ({"follow": True}, None)):
            said = tree.call("files", pid=tree.process.pid, files=[f"{tree.dir}/tree/**"], **more).stderr
            assert (words in said) if words else "symbolic" not in said, said


def test_what_links_lead_to_is_measured_where_that_is_asked_for():
    with Tree() as tree:
        for name in ("sites-available/a", "cm/..1/app.conf", "archive/x/cert1.pem", "releases/42/bin/app"):
            tree.write(f"tree/{name}", name)
        (tree.dir / "elsewhere").mkdir()
        for name, target in (
                ("sites-enabled/a", "../sites-available/a"), ("cm/..data", "..1"), ("cm/app.conf", "..data/app.conf"),
                ("live/x/cert.pem", "../../archive/x/cert1.pem"), ("current", "releases/42"), ("root", f"{tree.dir}/tree/releases"),
                ("loop", "loop"), ("up", ".."), ("self", "."), ("gone", "nowhere"), ("proc", "/proc"), ("null", "/dev/null"),
                ("file-on-the-way", "sites-available/a/b"), ("slash", "sites-available/a/")):
            (tree.dir / "tree" / name).parent.mkdir(exist_ok=True, parents=True)
            (tree.dir / "tree" / name).symlink_to(target)
        tree.how = {"follow": True}

        def content(name, *patterns):
            item = tree.found(*patterns)[name]
            target, = item["details"]
            assert item["flags"] == [], item
            return target.removeprefix(f"target={tree.dir}/tree/")

        for name, patterns, expected in (
                ("sites-enabled/a", ["sites-enabled/*"], "sites-available/a"), ("cm/app.conf", ["cm/*.conf"], "cm/..1/app.conf"),
                ("live/x/cert.pem", ["live/*/*.pem"], "archive/x/cert1.pem"), ("current/bin/app", ["current/**"], "releases/42/bin/app"),
                ("current/bin/app", ["*/bin/app"], "releases/42/bin/app"), ("root/42/bin/app", ["root/4?/bin/*"], "releases/42/bin/app")):
            assert content(name, *patterns) == expected
            assert tree.found(*patterns)[name]["sha256"] == hashlib.sha256(expected.encode()).hexdigest()
        found = tree.found("**")
        assert {name: item["details"] for name, item in found.items() if "symlink" in item["flags"]} == {
            "loop": ["follow=loop"], "up": ["follow=loop"], "self": ["follow=loop"], "gone": ["follow=missing"],
            "proc": ["follow=mount"], "null": ["follow=mount"], "file-on-the-way": ["follow=missing"], "slash": ["follow=missing"]}
        assert found["cm/app.conf"]["details"] == [f"target={tree.dir}/tree/cm/..1/app.conf"]
        assert "cm/..data/app.conf" in found, "hidden names are below, too"
        assert tree.found("current")["current"]["details"] == ["follow=directory"]
        assert tree.found("null")["null"]["flags"] == ["special"], "written out"
        made = tree.measure("files", pid=tree.process.pid, files=["/etc/hostname"], follow=True)["components"]["files"]["made"]
        assert made[0]["values"][0] == "follow", made


def test_what_links_lead_to_stays_below_the_root():
    with Measured() as host:
        host.write("jail/etc/name", "jail\n")
        host.write("etc/name", "outside\n")
        for name, target in (("absolute", "/etc/name"), ("above", "../../../../etc/name"), ("out", str(host.dir / "etc/name"))):
            (host.dir / "jail" / name).symlink_to(target)
        items = host.measure("files", pid=jailed(host).pid, files=["/*"], view="process", follow=True)
        items = {i["path"]: i for i in items["components"]["files"]["items"]}
        for name in ("/absolute", "/above"):
            assert items[name]["sha256"] == hashlib.sha256(b"jail\n").hexdigest()
            assert items[name]["details"] == ["target=/etc/name"]
        assert items["/out"]["details"] == ["follow=missing"]


def test_who_may_exchange_what_a_link_leads_to():
    if not can_be_others():
        return
    with Tree() as tree:
        tree.write("tree/real/deep/file")
        (tree.dir / "tree/link").symlink_to("real/deep/file")
        tree.how = {"follow": True}
        target = f"target={tree.dir}/tree/real/deep/file"
        assert tree.found("link")["link"]["details"] == [target]
        (tree.dir / "tree/real").chmod(0o777)
        assert tree.found("link")["link"]["details"] == [f"parent={tree.dir}/tree/real 0777 0 0", target]
        (tree.dir / "tree/real").chmod(0o755)
        # Also of a link that only is on the way.
        (tree.dir / "tree/hop").mkdir()
        (tree.dir / "tree/hop/on").symlink_to("../link")
        (tree.dir / "tree/first").symlink_to("hop/on")
        assert tree.found("first")["first"]["details"] == [target]
        (tree.dir / "tree/hop").chmod(0o777)
        assert tree.found("first")["first"]["details"] == [f"parent={tree.dir}/tree/hop 0777 0 0", target]
        (tree.dir / "tree/hop").chmod(0o1777)
        assert tree.found("first")["first"]["details"] == [target]
        os.chown(tree.dir / "tree/hop/on", 12, 12, follow_symlinks=False)
        assert tree.found("first")["first"]["details"] == [f"parent={tree.dir}/tree/hop 1777 0 0", target], "whose the link is"


def test_a_link_that_is_turned_while_its_content_is_read():
    with Tree() as tree:
        for name in "ab":
            os.truncate(tree.write(f"tree/{name}/large", b""), 16 * LARGE)
        link = tree.dir / "tree/link"
        link.symlink_to("a")
        tree.how = {"follow": True}
        done = threading.Event()

        def turn():
            while not done.is_set():
                for name in "ab":
                    if is_open(tree.dir / "tree" / name / "large"):
                        (tree.dir / "tree/new").symlink_to("b" if name == "a" else "a")
                        os.rename(tree.dir / "tree/new", link)

        worker = threading.Thread(target=turn)
        worker.start()
        try:
            item = tree.found("link/large")["link/large"]
        finally:
            done.set()
            worker.join()
        assert item["flags"] == ["changed"], item


def test_what_is_excluded_is_left_out_and_said():
    with Tree() as tree:
        for name in ("a.conf", "a.bak", "cache/x", "cache/deep/y", "deep/cache/z", ".hidden/f"):
            tree.write(f"tree/{name}")

        def without(*patterns):
            tree.how = {"excludes": [f"{tree.dir}/tree/{p}" for p in patterns]}
            return tree.names("**")

        everything = sorted(["a.conf", "a.bak", "cache/x", "cache/deep/y", "deep/cache/z", ".hidden/f"])
        assert without("*.bak", "cache") == [".hidden/f", "a.conf", "deep/cache/z"]
        assert without("cache/**", "*/cache/z") == [".hidden/f", "a.bak", "a.conf"]
        assert without("a", "a.conf/x", "cache/x/**", "none") == everything
        assert without(".*", "cache/*/y") == sorted(set(everything) - {".hidden/f", "cache/deep/y"})
        made = tree.measure("files", pid=tree.process.pid, files=["/etc/hostname"],
                            **tree.how)["components"]["files"]["made"]
        assert made[0] == {"name": "excludes", "values": [f"{tree.dir}/tree/{p}" for p in (".*", "cache/*/y")]}, made
        told = tree.refused("files", pid=tree.process.pid, files=["/etc/hostname"], excludes=["/etc/**/x"])
        assert "/etc/**/x" in told, told
        assert "absolute" in tree.refused("files", pid=tree.process.pid, files=["/etc/hostname"], excludes=["etc"])
        assert "how files are measured" in tree.refused("executable", pid=tree.process.pid, follow=True)


def test_what_may_change_or_grow():
    with Tree() as tree:
        for name in ("app.log", "state", "app.conf"):
            tree.write(f"tree/{name}", name)
        os.truncate(tree.write("tree/spool", b""), 1 << 40)
        (tree.dir / "tree/state").chmod(0o600)
        (tree.dir / "tree/link").symlink_to("state")
        own = f"{tree.dir}/tree"
        tree.how = {"may_grow": [f"{own}/*.log", f"{own}/s*"], "may_change": [f"{own}/s*", f"{own}/link"]}
        found = tree.found("*")
        assert {n: (i["size"], i["flags"], i["details"]) for n, i in found.items()} == {
            "app.log": (7, [], ["content=beginning"]), "app.conf": (8, [], []), "link": (5, ["symlink"], []),
            "state": (0, [], ["content=not-measured"]), "spool": (0, [], ["content=not-measured"])}
        assert (found["state"]["sha256"], found["state"]["mode"]) == (NOTHING, "0100600")
        assert found["app.log"]["sha256"] == hashlib.sha256(b"app.log").hexdigest()
        made = tree.measure("files", pid=tree.process.pid, files=["/etc/hostname"], **tree.how)["components"]["files"]["made"]
        assert made[:2] == [{"name": n, "values": tree.how[n]} for n in ("may_change", "may_grow")], made
        for key in ("may_grow", "may_change"):
            assert "/etc/**/x" in tree.refused("files", pid=tree.process.pid, files=["/etc/hostname"], **{key: ["/etc/**/x"]})
            assert "absolute" in tree.refused("files", pid=tree.process.pid, files=["/etc/hostname"], **{key: ["etc"]})
            assert "how files are measured" in tree.refused("executable", pid=tree.process.pid, **{key: ["/etc"]})


def test_what_is_used_may_change_or_grow():
    with Tree() as tree:
        for name in ("app.log", "state", "script"):
            tree.write(f"tree/{name}", name)
        process = tree.start("/bin/sh", "-c", "exec sleep infinity <app.log 3<state 4<script", cwd=tree.dir / "tree")
        while os.readlink(f"/proc/{process.pid}/exe") != os.path.realpath("/bin/sleep"):
            os.sched_yield()
        for name in ("app.log", "state", "script"):
            os.utime(tree.dir / "tree" / name, (2**32, 2**32))
        own = f"{tree.dir}/tree"
        items = tree.files("files", pid=process.pid, files=[f"{own}/*"], scripts=True, may_grow=[f"{own}/*.log"],
                           may_change=[f"{own}/state"])
        assert {n: (i["flags"], i["details"]) for n, i in items.items()} == {
            "tree/app.log": ([], ["content=beginning"]), "tree/state": ([], ["content=not-measured"]),
            "tree/script": (["newer"], [])}, items


def test_wildcards_do_not_cross_mounts():
    if not can_be_others():
        return
    with Tree() as tree:
        for name in ("in/f", "on/hidden", "bound/f", "file"):
            tree.write(f"tree/{name}")
        own = f"{tree.dir}/tree"
        script = (f"mount -t tmpfs none {own}/on && touch {own}/on/seen && mount --bind {own}/in {own}/bound && "
                  f"mount --bind {own}/in/f {own}/file && exec \"$@\"")
        tree.prefix = ["unshare", "-m", "sh", "-c", script, "sh"]
        not_crossed = (["unreadable"], ["mount=not-crossed"])

        def told(*patterns, **options):
            tree.how = options
            return {n: (i["flags"], i["details"]) for n, i in tree.found(*patterns).items()}

        assert told("**") == {"in/f": ([], []), "on": not_crossed, "bound": not_crossed, "file": not_crossed}
        assert told("*") == {"file": not_crossed}, "a directory is no item"
        assert told("on/**", "file") == {"on/seen": ([], []), "file": ([], [])}
        everything = {n: ([], []) for n in ("in/f", "on/seen", "bound/f", "file")}
        assert told("**", cross_mounts=True) == everything


def test_what_the_kernel_makes_while_it_is_read():
    with Tree() as tree:
        names = ["/proc/sys/kernel/ostype", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/filesystems"]
        names = [n for n in names if os.path.exists(n)]

        def digests():
            return {n: ([], hashlib.sha256(pathlib.Path(n).read_bytes()).hexdigest()) for n in names}

        before, after = digests(), None
        while before != after:  # a module that is loaded meanwhile adds a file system
            items = tree.measure("files", pid=tree.process.pid, files=names)["components"]["files"]["items"]
            before, after = (before, digests()) if after is None else (after, digests())
        assert {i["path"]: (i["flags"], i["sha256"]) for i in items} == after
        item, = tree.measure("files", pid=tree.process.pid,
                             files=["/proc/sys/kernel/random/uuid"])["components"]["files"]["items"]
        assert item["flags"] == ["changed"], "another one each time"


def test_nothing_but_files_is_opened():
    with Tree() as tree:
        os.mkfifo(tree.dir / "tree/fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tree.dir / "tree/socket"))
        found = tree.found("**")
        assert {n: (i["flags"], i["sha256"]) for n, i in found.items()} == {
            "fifo": (["special"], NOTHING), "socket": (["special"], NOTHING)}
        items = tree.measure("files", pid=tree.process.pid, files=["/dev/null", "/dev/zero"])
        items = items["components"]["files"]["items"]
        assert [(i["path"], i["flags"]) for i in items] == [
            ("/dev/null", ["special"]), ("/dev/zero", ["special"])]


def test_what_may_not_be_read_is_told():
    if not can_be_others():
        return
    with Tree() as tree:
        tree.write("tree/closed").chmod(0)
        tree.write("tree/dir/inside")
        (tree.dir / "tree/dir").chmod(0o700)
        tree.give_to_nobody()
        process = tree.start(*AS_NOBODY, "/bin/sleep", "3600")
        while os.stat(f"/proc/{process.pid}").st_uid != NOBODY:
            os.sched_yield()
        items = tree.files("files", pid=process.pid, files=[f"{tree.dir}/tree/**"], prefix=AS_NOBODY)
        assert {n: (i["flags"], i["sha256"]) for n, i in items.items()} == {
            "tree/closed": (["unreadable"], NOTHING), "tree/dir": (["unreadable"], NOTHING)}


def test_a_tree_too_deep_is_told():
    with Tree() as tree:
        path = tree.dir / "tree"
        for _ in range(130):
            path = path / "d"
        path.mkdir(parents=True)
        (path / "f").write_text("x")
        found = tree.found("**")
        assert [(n.count("/"), i["flags"]) for n, i in found.items()] == [(128, ["unreadable"])]


def test_holes_are_read_as_zeros():
    with Tree() as tree:
        path = tree.write("tree/sparse", b"")
        os.truncate(path, LARGE)
        item = tree.found("sparse")["sparse"]
        assert item["size"] == LARGE
        assert item["sha256"] == hashlib.sha256(bytes(LARGE)).hexdigest()


# --- while they are read -------------------------------------------------------------------------

def changed_by(act):
    """Flags of a large file that `act` is done to again and again while it is read."""
    with Tree() as tree:
        path = tree.write("tree/large", b"")
        os.truncate(path, LARGE)
        done = threading.Event()

        def change():
            while not done.wait(0.001):  # not to keep the file's lock all the time
                act(path)

        worker = threading.Thread(target=change)
        worker.start()
        try:
            return tree.found("large")["large"]["flags"]
        finally:
            done.set()
            worker.join()


def test_a_file_that_is_written_to():
    def act(path):
        with path.open("r+b") as file:
            file.write(b"x")
    assert changed_by(act) == ["changed"]


def test_a_file_that_grows():
    def act(path):
        with path.open("ab") as file:
            file.write(b"x")
    assert changed_by(act) == ["changed"]


def test_a_file_that_is_cut():
    def act(path):
        os.truncate(path, path.stat().st_size - 4096)
    assert changed_by(act) == ["changed"]


def test_a_file_that_another_one_takes_the_name_of():
    def same(path, content=b""):
        other = path.with_name("other")
        with other.open("wb") as file:
            file.write(content)
            file.truncate(LARGE)
        os.rename(other, path)
    assert changed_by(same) == []
    assert changed_by(lambda path: same(path, os.urandom(8))) == ["changed"]


def test_a_file_whose_name_is_gone_when_it_was_read():
    def act(path):
        if path.exists() and is_open(path):
            os.rename(path, path.with_name("elsewhere"))
    assert changed_by(act) == ["changed"]


def is_open(path):
    """By whoever measures: nobody else opens it."""
    for process in filter(str.isdecimal, os.listdir("/proc")):
        files = f"/proc/{process}/fd"
        try:
            if any(os.readlink(f"{files}/{n}") == str(path) for n in os.listdir(files)):
                return True
        except OSError:
            pass  # one is closed, or the process gone; the next look is soon
    return False


def test_names_that_come_and_go_are_no_trouble():
    """As dpkg unpacks: each is there for a moment."""
    with Tree() as tree:
        done = threading.Event()

        def unpack():
            for i in itertools.count():
                path = tree.dir / f"tree/f{i % 50}"
                new = path.with_suffix(".dpkg-new")
                new.write_text("content")
                os.rename(new, path)
                if done.is_set():
                    return

        worker = threading.Thread(target=unpack)
        worker.start()
        try:
            for _ in range(20):
                for name, item in tree.found("**").items():
                    assert item["flags"] in ([], ["changed"]), (name, item)
                    assert item["flags"] == [] or name.endswith(".dpkg-new") or item["size"] == 7
        finally:
            done.set()
            worker.join()
        assert all(item["flags"] == [] for item in tree.found("f*").values())


# --- elsewhere -----------------------------------------------------------------------------------

def jailed(host, *before):
    """A process that lives below host.dir/jail."""
    return host.start(*before, sys.executable, "-c", CHROOTED, host.dir / "jail", ready=True)


def test_the_root_of_the_host_counts_or_of_the_process():
    with Measured() as host:
        host.write("jail/etc/name", "jail\n")
        host.write("etc/name", "outside\n")
        (host.dir / "jail/out").symlink_to("/etc")
        (host.dir / "jail/above").symlink_to("../../etc")
        process = jailed(host)
        patterns = ["/etc/name", "/out/*", "/above/*"]

        def measured(**options):
            component = host.measure("files", pid=process.pid, files=patterns,
                                     **options)["components"]["files"]
            return {i["path"]: i for i in component["items"]}, component["made"]

        items, made = measured(view="process")
        assert {n: i["flags"] for n, i in items.items()} == {
            "/etc/name": [], "/out": ["symlink"], "/above": ["symlink"]}
        assert items["/etc/name"]["sha256"] == hashlib.sha256(b"jail\n").hexdigest()
        assert made[0] == {"name": "options", "values": ["root=process", "reread_percent=2"]}, made
        for options in ({}, {"view": "host"}):
            items, made = measured(**options)
            assert items == {} and made[0]["values"] == ["reread_percent=2"], (items, made)
        assert "no patterns are listed" in host.refused("executable", pid=process.pid, view="host")


def test_a_clean_copy_in_a_namespace_of_its_own_hides_nothing():
    with Measured() as host:
        altered, clean = host.write("app", "altered\n"), host.write("clean", "released\n")
        bind = f"mount --bind {clean} {altered} && echo ready && read x"
        process = host.start("unshare", "-rm", "sh", "-c", bind, ready=True)
        item = host.files("files", pid=process.pid, files=[str(altered)])["app"]
        assert item["sha256"] == hashlib.sha256(b"altered\n").hexdigest()
        told = host.refused("files", pid=process.pid, files=[str(altered)], view="process")
        assert "user namespace, which every user can make" in told, told
        if can_be_others():  # as a service manager or a container's runtime does it
            process = host.start("unshare", "-m", "sh", "-c", bind, ready=True)
            item = host.files("files", pid=process.pid, files=[str(altered)], view="process")["app"]
            assert item["sha256"] == hashlib.sha256(b"released\n").hexdigest()


def test_a_root_directory_of_a_users_own_choosing():
    with Measured() as host:
        host.write("jail/etc/name")
        process = jailed(host, "unshare", "-r")
        told = host.refused("files", pid=process.pid, files=["/etc/name"], view="process")
        assert "user namespace, which every user can make" in told, told
        assert host.measure("files", pid=host.start("unshare", "-r", "sh", "-c", "echo ready; read x",
                                                    ready=True).pid, files=["/etc/name"], view="process")


CHROOTED = "import os, sys\nos.chroot(sys.argv[1])\nprint('ready', flush=True)\nsys.stdin.read()"


def test_a_hundred_thousand_files():
    with Tree() as tree:
        for i in range(100000):
            os.close(os.open(tree.dir / f"tree/file-{i:06}", os.O_CREAT | os.O_WRONLY))
        component = tree.measure("files", pid=tree.process.pid, files=[f"{tree.dir}/tree/*"])
        component = component["components"]["files"]
        assert component["count"] == 100000 == len(component["items"])
        assert all(i["sha256"] == EMPTY for i in component["items"])
        for i in range(100000):
            os.unlink(tree.dir / f"tree/file-{i:06}")


if __name__ == "__main__":
    small_disk.enter()
    run_tests(__name__)
