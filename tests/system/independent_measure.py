#!/usr/bin/python3
"""What hallmark-collector measures is what section 4 of proto/PROTOCOL.md says, to the byte.

tests/lib/second_*.py were written from the document alone. Where the two differ, one of program and
document is wrong.
"""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "lib"), str(pathlib.Path(__file__).resolve().parent)]

import second_items
import second_measure
import second_subject
from control_groups import Groups, can_be_made
from hallmark import run_tests
from measure_code import mapping, write
from measure_subject import IDS, IMAGE, POD, copied, put_containers, unit, written
from measured import NOBODY, PYTHON, Measured, can_be_others

PAGE = os.sysconf("SC_PAGESIZE")


WORDS = ("deleted", "memfd", "anonymous", "writable", "unreadable", "changed", "symlink", "special", "replaced", "other",
         "modified", "newer", "restored", "probed")


def text(data):
    """As the collector shows it."""
    return "".join(f"\\x{ord(c) - 0xdc00:02x}" if 0xdc80 <= ord(c) < 0xdd00 else f"\\x{ord(c):02x}" if ord(c) < 32 or c == "\\" else c
                   for c in data.decode(errors="surrogateescape"))


def shown(item):
    if isinstance(item[0], str):
        return {"name": item[0], "values": [text(v) for v in item[1]]}
    path, digest, size, mode, uid, gid, flags, details = item
    return {"path": text(path), "sha256": digest.hex(), "size": size, "mode": f"{mode:07o}", "uid": uid, "gid": gid,
            "flags": [w for i, w in enumerate(WORDS) if flags >> i & 1], "details": [text(d) for d in details]}


def differing(component, theirs):
    """What one of the two has alone."""
    mine = [shown(i) for i in component.items]
    yield "ours"
    yield from (i for i in mine if i not in theirs)
    yield "the collector's"
    yield from (i for i in theirs if i not in mine)


def same(host, mine, **workload):
    """The collector makes just these components."""
    found = host.measure(*(c.kind for c in mine), **workload)["components"]
    assert found.keys() == {c.kind for c in mine}
    for c in mine:
        theirs = found[c.kind]
        assert theirs["sha256"] == c.digest.hex(), (c.kind, workload, c.made, theirs["made"], *differing(c, theirs["items"]))


def same_files(host, patterns, subject=None, view=None, **how):
    """The patterns, without and with all that can be said beside them."""
    process = host.processes[0]
    mine = second_measure.files_of([f"{host.dir}{p}" for p in patterns] if view is None else patterns,
                                   subject or process.pid, view, **how)
    workload = {"pid": process.pid, "files": [p.decode() for p in dict(mine.made)["patterns"]],
                **({"view": view} if view else {}), **how}
    same(host, [mine], **workload)
    return {item[0].decode().removeprefix(str(host.dir)): item for item in mine.items}


def links(host):
    """A tree of links of every sort."""
    for name in ("t/available/a", "t/cm/..1/app.conf", "t/releases/42/bin/app", "t/releases/42/.hidden", "out/f"):
        host.write(name, name)
    for name, target in (
            ("enabled/a", "../available/a"), ("cm/..data", "..1"), ("cm/app.conf", "..data/app.conf"), ("current", "releases/42"),
            ("root", f"{host.dir}/t/releases"), ("loop", "loop"), ("up", ".."), ("self", "."), ("gone", "nowhere"),
            ("proc", "/proc"), ("null", "/dev/null"), ("behind", "available/a/b"), ("twice", "current/../42/bin//app"),
            ("slash", "available/a/"), ("slash2", "twice/"), ("dots", "available/./../available/a"), ("above", "../../../../../../../../etc/hostname"),
            ("chain0", "available/a"), ("out", "../out"), ("round", "cm/../cm/..data/../..1/app.conf"), ("back", "releases/42/../../..")):
        (host.dir / "t" / name).parent.mkdir(exist_ok=True, parents=True)
        (host.dir / "t" / name).symlink_to(target)
    for i in range(1, 43):
        (host.dir / f"t/chain{i}").symlink_to(f"chain{i - 1}")
    for name, target in (("lost", "nowhere"), ("in", "../../available/a"), ("bin/up", "..")):
        (host.dir / "t/releases/42" / name).symlink_to(target)
    os.mkfifo(host.dir / "t/available/pipe")
    (host.dir / "t/pipe").symlink_to("available/pipe")


def test_links_are_followed_in_the_same_way():
    with Measured() as host:
        host.start("/bin/sleep", "3600")
        links(host)
        for patterns in (["/t/**"], ["/t/*"], ["/t/*/*"], ["/t/current/**"], ["/t/current", "/t/null", "/t/proc"], ["/t/gone/x", "/t/gone", "/t/slash"],
                         ["/t/root/4?/bin/*"], ["/t/enabled/*", "/t/cm/*.conf"], ["/t/up/t/available/*"], ["/t/self/self/a*/a"],
                         ["/t/back/out/*", "/t/up/up/x", "/t/pipe/x", "/t/enabled/a/x"], ["/t/chain*"]):
            for how in ({}, {"follow": True}, {"follow": True, "cross_mounts": True} if patterns not in (["/t/**"], ["/t/*/*"]) else {}):
                same_files(host, patterns, **how)
        for directory, mode in (("t/available", 0o777), ("t", 0o777), ("out", 0o2775), ("t/enabled", 0o777), ("t/releases/42/bin", 0o773), ("t/cm", 0o777), ("t/releases", 0o1777)):
            (host.dir / directory).chmod(mode)
            same_files(host, ["/t/**"], follow=True)
            same_files(host, ["/t/*/*"])
            (host.dir / directory).chmod(0o755)
        if can_be_others():
            for name in ("t/cm/..data", "t/chain3", "t/releases/42/in", "t/available/a"):
                os.chown(host.dir / name, 12, 12, follow_symlinks=False)
            for directory in ("t/cm", "t", "t/releases/42"):
                (host.dir / directory).chmod(0o1777)
                same_files(host, ["/t/**"], follow=True)
        same_files(host, ["/t/**"], follow=True, excludes=[f"{host.dir}/t/c[mh]*", f"{host.dir}/t/*/42/.*"])
        same_files(host, ["/t/**"], excludes=[f"{host.dir}/t/available/**", f"{host.dir}/t/cm", f"{host.dir}/t/*/*/bin/**"])


def mapped(host, subject, **workload):
    same(host, second_measure.mapped_files(subject), **workload)


def test_code_in_memory_is_compared_in_the_same_way():
    with Measured() as host:
        plugin = host.write("a b%.so", b"\x90" * 6 * PAGE)
        process = host.map("file", plugin)
        mapped(host, process.pid, pid=process.pid)
        for name in ("/libc.so", "/python3", "[vdso]"):
            start, end, _, _ = mapping(process, name)
            for page, byte in ((0, 0xcc), (1, 0xcc), (2, 1), (3, None), (5, 0xcc), (5, 2), (7, None), (8, 0xcc)):
                if start + page * PAGE < end:
                    write(process, start + page * PAGE + 19, lambda old, byte=byte: old if byte is None else byte)
            mapped(host, process.pid, pid=process.pid)
        start, end, _, _ = mapping(process, "/libc.so")
        for address in range(start, end, 2 * PAGE):
            write(process, address, lambda byte: byte ^ 1)
        mapped(host, process.pid, pid=process.pid)
        both = host.start(PYTHON, "-c", f"""
import mmap, os, sys
fd = os.open({str(plugin)!r}, os.O_RDWR)
kept = [mmap.mmap(fd, n, flags=mmap.MAP_PRIVATE, prot=p) for n, p in ((0, 5), (3 * {PAGE}, 7), (1, 7))]
large = os.memfd_create("large"); os.truncate(large, 3 << 20)
kept.append(mmap.mmap(large, 0, flags=mmap.MAP_PRIVATE, prot=7))
kept[1][5] = kept[2][0] = 1
print("ready", flush=True)
sys.stdin.read()""", ready=True)
        start, _, _, _ = mapping(both, "large")
        mapped(host, both.pid, pid=both.pid)
        for page in (1, 2):
            write(both, mapping(both, "a b%.so")[0] + page * PAGE, lambda byte: byte ^ 1)
        os.truncate(plugin, PAGE + 5)
        mapped(host, both.pid, pid=both.pid)
        os.unlink(plugin)
        mapped(host, both.pid, pid=both.pid)


USING = """
import os, sys
kept = [open(p) for p in sys.argv[1:] if os.path.isfile(p)]
if os.fork() == 0:
    kept += [open("b/gone"), open("b/replaced")]
    kept.append(os.open("b/written", os.O_RDWR))
    kept.append(os.memfd_create("code"))
    kept.append(os.open("/proc/self/fd/%d" % kept[-1], os.O_RDONLY))
    os.write(3, b"x")
    sys.stdin.read()
    sys.exit()
print("ready", flush=True)
sys.stdin.read()
"""


def test_what_processes_use_is_the_same():
    with Measured() as host:
        for name in ("a/main", "b/gone", "b/replaced", "b/written", "b/x", "b/x=y", "b/list:1", "b/@args", "b/late"):
            host.write(name, name)
        (host.dir / "link").symlink_to("a/main")
        (host.dir / "b/turn").symlink_to("../link")
        (host.dir / "b/away").symlink_to(f"{host.dir}/a")
        read, told = os.pipe()
        process = host.start(PYTHON, "-c", f"import os\nos.dup2({told}, 3)\n" + USING, "link", "-cb/x:b/list:1,/etc/hostname", "--b=b/x=y", "b/@args", "-b/late",
                             "--config=b/../b/turn", f"@{host.dir}/b/away/main", "b/turn/", "b", "/dev/null", ready=True, cwd=host.dir,
                             pass_fds=[told])
        os.read(read, 1)
        (host.dir / "b/gone").unlink()
        host.write("b/new", "another").rename(host.dir / "b/replaced")
        while time.clock_gettime(time.CLOCK_BOOTTIME) < second_items.began_s(process.pid) + 0.05:
            pass
        (host.dir / "b/late").write_text("later")
        for how in ({"scripts": True}, {}, {"scripts": True, "follow": True}, {"scripts": True, "excludes": [f"{host.dir}/b/x*"]}):
            found = same_files(host, ["/b/**", "/link"], **how)
            assert "/b/late" in found
        same_files(host, ["/b/**", "/link"], scripts=True, follow=True, may_grow=[f"{host.dir}/b/l*", f"{host.dir}/a/**"],
                   may_change=[f"{host.dir}/link", f"{host.dir}/b/late"])
        found = same_files(host, ["/none"], scripts=True)
        assert {"/a/main", "/b/gone", "/b/x", "/b/x=y"} <= set(found) and "/b/written" not in found, set(found)
        os.close(read)
        os.close(told)


SECOND_LATER = """
import mmap, os, sys
def load():
    with open(sys.argv[1], "rb") as plugin:
        kept.append(mmap.mmap(plugin.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=5))
kept = []
load()
print("ready", flush=True)
sys.stdin.readline()
if os.fork() == 0:
    load()
print("ready", flush=True)
sys.stdin.read()
"""


def test_what_is_newer_than_one_process_of_two_is_the_same():
    with Measured() as host:
        plugin = host.write("plugin.so", bytes(PAGE))
        process = host.start(PYTHON, "-c", SECOND_LATER, plugin, ready=True)
        while time.clock_gettime(time.CLOCK_BOOTTIME) < second_items.began_s(process.pid) + 0.05:
            pass
        os.utime(plugin)
        while time.clock_gettime(time.CLOCK_REALTIME) < plugin.stat().st_mtime + 0.05:
            pass
        process.stdin.write(b"on\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"ready\n"
        mapped(host, process.pid, pid=process.pid)
        same_files(host, ["/plugin.so", "/none"], scripts=True)


def all_kinds(host, subject, patterns=(), **workload):
    """What is told of these processes."""
    same(host, [*second_measure.mapped_files(subject), second_measure.runtime_of(subject, ["HOME", "KEPT"]),
                *([second_measure.files_of(patterns, subject)] if patterns else [])],
         environment=["HOME", "KEPT"], **({"files": patterns} if patterns else {}), **workload)


def test_processes_are_found_in_the_same_way():
    with Measured() as host:
        path = copied(host)
        link = host.dir / "link"
        link.symlink_to(path)
        patterns = [f"{host.dir}/opt/*"]
        host.start(path, "600", env={"KEPT": "1", "A": "", "B": "="})
        for way in ({}, {"user": "root"}, {"arguments": ["60?"]}, {"main_only": True}, {"user": "0", "arguments": ["600", "*"], "main_only": True}):
            all_kinds(host, second_subject.by_executable(path, **way), patterns, executable=path, **way)
        host.start(path, "601", "0")
        second = second_subject.by_executable(str(link), arguments=["601"])
        all_kinds(host, second, executable=str(link), arguments=["601"])
        os.unlink(path)
        copied(host)
        all_kinds(host, second_subject.by_executable(path, arguments=["600"]), patterns, executable=path, arguments=["600"])
        shell = copied(host, "shell", "/bin/sh")
        process = host.start(shell, "-c", f"{shell} -c '{path} 602 & echo ready; wait' & wait", ready=True)
        for way in ({}, {"main_only": True}):
            all_kinds(host, second_subject.by_executable(shell, **way), executable=shell, **way)
            all_kinds(host, second_subject.by_pid(process.pid, **way), pid=process.pid, **way)
        for pid in second_subject.members(process.pid)[1:]:
            os.kill(pid, 9)


def test_groups_are_found_in_the_same_way():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host:
        path, shell, top = copied(host), copied(host, "shell", "/bin/sh"), unit("slice")
        started = [host.start(path, f"60{n % 4}", env={"KEPT": str(n)}) if n != 5 else
                   host.start(shell, "-c", "read end", "", env={"KEPT": "5"}) for n in range(9)]
        for i, process in enumerate(started[:4]):
            groups.put(f"/system.slice/{unit(instance=f'@{i // 2}')}", process.pid)
        groups.put(f"/system.slice/{unit()}", *(p.pid for p in started[4:7]))
        groups.put(f"/{top}/a.scope/below/more", started[7].pid)
        groups.put(f"/{top}/.b.scope", started[8].pid)
        for name in (unit(), unit(instance="@"), unit(instance="@1"), unit(instance="*")):
            for way in ({}, {"main_only": True}):
                all_kinds(host, second_subject.by_unit(name, **way), unit=name, **way)
        for pattern in (f"/{top}", f"/{top}/*", f"/{top}/a.*", f"/{top}/*/below", f"/{top}/.b*", f"/system.slice/{unit()}"):
            all_kinds(host, second_subject.by_cgroup(pattern), cgroup=pattern)
        manager = f"/user.slice/user-{NOBODY}.slice/user@{NOBODY}.service"
        groups.make(manager, NOBODY)
        groups.make(f"{manager}/app.slice", NOBODY)
        groups.put(f"{manager}/app.slice/{unit()}", started[8].pid)
        all_kinds(host, second_subject.by_unit(unit(), NOBODY), unit=unit(), user=str(NOBODY))


@contextlib.contextmanager
def mounts_of_our_own():
    """From here on nobody else sees what we mount; it is gone at the end."""
    mounted = []

    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)
        mounted.append(arguments[-1])

    assert ctypes.CDLL(None).unshare(0x20000) == 0  # CLONE_NEWNS
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", *mounted], check=True)


def test_containers_are_found_in_the_same_way():
    if not can_be_made() or not can_be_others():
        return
    with Groups() as groups, Measured() as host, mounts_of_our_own() as mount:
        put_containers(host, groups, copied(host))
        root = host.dir / "root"
        written(root)
        mount("--rbind", "/sys/fs/cgroup", root / "sys/fs/cgroup")
        where = {"host_root": str(root)}
        host.write("root/a/f")
        for way in ({"id": IDS["docker"][:12]}, {"name": "orders"}, {"image": IMAGE}, {"image": "trading/orders:*"}, {"name": "risk"},
                    {"pod": POD}, {"pod": "trading/risk-*", "name": "r*"}, {"name": "quotes"}, {"image": "quay.io/*"},
                    {"image": "sha256:" + "c" * 64}, {"name": "?*"}):
            for options in ({}, {"main_only": True}):
                all_kinds(host, second_subject.by_container(way, root, **options), container=way, **where, **options)
        found = second_subject.by_container({"name": "orders"}, root)
        for view, base in ((None, root), ("container", "/")):
            mine = second_measure.files_of(["/a/*", "/etc/host*"], found, view, host_root=str(base))
            same(host, [mine], container={"name": "orders"}, files=["/a/*", "/etc/host*"], view=view or "host", **where)


if __name__ == "__main__":
    run_tests(__name__)
