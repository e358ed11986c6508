#!/usr/bin/python3
"""What hallmark-collector measures is what section 4 of proto/PROTOCOL.md says, to the byte.

tests/lib/second_*.py were written from the document alone. Where the two differ, one of program and
document is wrong.
"""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_measure
import second_subject
from control_groups import Groups, can_be_made
from hallmark import run_tests
from measured import PYTHON, Measured, can_be_others

REAL = {"executable", "libraries", "runtime", "files", "host"}


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
        same_files(host, ["/t/**"], follow=True, excludes=[f"{host.dir}/t/c[mh]*", f"{host.dir}/t/*/42/.*"])
        same_files(host, ["/t/**"], excludes=[f"{host.dir}/t/available/**", f"{host.dir}/t/cm", f"{host.dir}/t/*/*/bin/**"])


if __name__ == "__main__":
    run_tests(__name__)
