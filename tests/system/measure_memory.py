#!/usr/bin/python3
"""What hallmark-collector finds mapped executable in real processes: its component `libraries`."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_measure
import small_disk
from hallmark import run_tests
from measured import MAPPER, NOBODY, PYTHON, Measured, can_be_others

# Two filesystems on one small disk: the lower layer's files keep their small inode numbers.
LAYERS = ("lower", "upper", "work", "merged", "other")


def memory(host, *steps):
    """Flags of what has no path, by name."""
    process = host.map(*steps)
    items = host.measure("libraries", pid=process.pid)["components"]["libraries"]["items"]
    return [(i["path"], i["flags"]) for i in items if not i["path"].startswith("/")]


def test_files_and_their_digests():
    with Measured() as host:
        path = host.write("plug in.so", "x" * 5000)
        process = host.map("file", path)
        item = host.files("libraries", pid=process.pid)["plug in.so"]
        assert item["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert item["size"] == 5000 and item["flags"] == [] and item["mode"] == "0100644"
        items = host.measure("libraries", pid=process.pid)["components"]["libraries"]["items"]
        real = os.path.realpath(PYTHON)
        assert real not in [i["path"] for i in items], "the program is a component of its own"
        assert any("/libc.so" in i["path"] for i in items)


def test_names_are_told_as_they_are():
    names = ["line\nfeed", "back\\slash", "back\\012slash", "app (deleted)", "\x1b[2J", "ü"]
    with Measured() as host:
        paths = [host.write(name) for name in names]
        process = host.map(*(word for path in paths for word in ("file", path)))
        assert host.flags("libraries", pid=process.pid) == {
            "line\\x0afeed": [], "back\\x5cslash": [], "back\\x5c012slash": [],
            "app (deleted)": [], "\\x1b[2J": [], "ü": []}


def test_what_left_its_directory_is_marked():
    with Measured() as host:
        gone, kept = host.write("gone.so"), host.write("gone.so (deleted)")
        process = host.map("unlinked", gone, "file", kept)
        # Without the right to map_files there is no way to the bytes of what has no name.
        unread = [] if can_be_others() else ["unreadable"]
        items = host.files("libraries", pid=process.pid)
        assert {name: item["flags"] for name, item in items.items()} == {
            "gone.so": ["deleted", *unread], "gone.so (deleted)": []}
        assert unread or items["gone.so"]["sha256"] == hashlib.sha256(b"content\n").hexdigest()
        host.write("gone.so", "another\n")
        flags = host.flags("libraries", pid=process.pid)["gone.so"]
        assert sorted(flags) == sorted(["deleted", "replaced", *unread]), flags


def test_one_file_under_two_names_is_two_items():
    with Measured() as host:
        first = host.write("first.so")
        os.link(first, host.dir / "second.so")
        process = host.map("file", first, "file", host.dir / "second.so", "file", first)
        assert host.flags("libraries", pid=process.pid) == {"first.so": [], "second.so": []}


def test_memory_without_a_file():
    with Measured() as host:
        assert memory(host) == []
        assert memory(host, "anonymous", "anonymous") == [("[anon]", ["anonymous"])]
        assert memory(host, "anonymous", "anonymous-rwx") == [("[anon]", ["anonymous", "writable"])]


def test_how_much_memory_without_a_file():
    """Of the process of each program that has most, rounded up, so that more of it is no change."""
    with Measured() as host:
        process = host.start(PYTHON, "-c", f"""
import mmap, os, subprocess, sys
kept = [mmap.mmap(-1, size << 10, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=5)
        for size in map(int, sys.argv[1:])]
others = [subprocess.Popen([{PYTHON!r}, {str(MAPPER)!r}, *["anonymous"] * n], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE) for n in (5, 1)]
for other in others:
    other.stdout.readline()
print("ready", flush=True)
for line in sys.stdin:
    kept.append(mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=5))
    print("ready", flush=True)
for other in others:
    other.kill()""", 600, 100, 8, ready=True)

        def told():
            items = host.measure("libraries", pid=process.pid)["components"]["libraries"]
            return items["sha256"], [(i["size"], *i["details"]) for i in items["items"]
                                     if "anonymous" in i["flags"]]

        before = told()
        second = [(i[2], *(d.decode() for d in i[7]))
                  for i in second_measure.mapped_files(process.pid)[1].items if i[6] & 4]
        assert before[1] == second and second[0][0] == 1 << 20, (before, second)
        assert second[0][2] == f"program={os.path.realpath(PYTHON)}"
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert told() == before
        process.stdin.close()
        process.wait()


# Nothing is executable for as long as somebody looks at it, or at its program.
HIDES_WHEN_LOOKED_AT = """
import ctypes, os, select
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
SIZE, ALL = 65536, 7
at = libc.mmap(None, SIZE, ALL, 0x22, -1, 0)
told = libc.inotify_init1(0)
for path in (f"/proc/{os.getpid()}/maps", os.readlink("/proc/self/exe")):
    assert libc.inotify_add_watch(told, path.encode(), 0x20) > 0  # IN_OPEN
print("ready", flush=True)
while os.read(told, 4096):
    libc.mprotect(at, SIZE, 0)
    while select.select([told], [], [], 0.2)[0]:
        os.read(told, 4096)
    libc.mprotect(at, SIZE, ALL)
    print("again", flush=True)
"""


def test_nobody_is_told_that_a_proc_of_ones_own_is_looked_at():
    if not can_be_others():
        return
    capabilities = "-all,+sys_ptrace,+dac_read_search,+checkpoint_restore"
    service = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
               f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"]
    # As the unit has it.
    own = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=ptraceable proc /proc && exec "$@"', "own", *service]
    with Measured() as host:
        host.give_to_nobody()
        user = 12345  # who has inotify instances left
        program = shutil.copy(os.path.realpath(PYTHON), host.dir / "watched")
        process = host.start("setpriv", f"--reuid={user}", "--clear-groups", program, "-c", HIDES_WHEN_LOOKED_AT, ready=True)
        for _ in range(3):
            items = host.measure("executable", "libraries", prefix=own, executable=str(program), user=str(user))
            assert [i for i in items["components"]["libraries"]["items"] if "anonymous" in i["flags"]], items
            assert process.stdout.readline() == b"again\n", "its program was opened, behind that"


def test_what_is_newer_than_the_process():
    with Measured() as host:
        old, new = host.write("old.so"), host.write("new.so")
        copy = shutil.copy(os.path.realpath(PYTHON), host.dir / "program")
        tick(3)
        process = host.map("file", old, "file", new, interpreter=copy, env={"PYTHONHOME": "/usr"})
        assert host.flags("libraries", pid=process.pid) == {"old.so": [], "new.so": []}
        assert host.flags("executable", pid=process.pid) == {"program": []}
        tick(3)
        new.write_bytes(new.read_bytes())
        os.utime(new, (0, 0))  # ctime is not for its user to set
        copy.chmod(0o700)
        assert host.flags("libraries", pid=process.pid) == {"old.so": [], "new.so": ["newer"]}
        assert host.flags("executable", pid=process.pid) == {"program": ["newer"]}
        old.unlink()  # that is a change of it, and told already
        assert host.flags("libraries", pid=process.pid)["old.so"] == ["deleted"]


def tick(count):
    """Hundredths of a second, as a process's start is told in."""
    end = time.monotonic() + count / 100
    while time.monotonic() < end:
        os.sched_yield()


def test_files_in_memory_alone():
    with Measured() as host:
        process = host.map("memfd", "a b\nc (deleted)")
        items = host.measure("libraries", pid=process.pid)["components"]["libraries"]["items"]
        assert [i["flags"] for i in items if i["path"] == "/memfd:a b\\x0ac (deleted)"] in (
            [["memfd"]], [["memfd", "unreadable"]])


def test_writable_and_executable_at_once():
    with Measured() as host:
        path = host.write("rwx.so")
        process = host.map("file", path, "rwx", path)
        assert host.flags("libraries", pid=process.pid) == {"rwx.so": ["writable"]}
        copy = shutil.copy(os.path.realpath(PYTHON), host.dir / "program")
        process = host.map("rwx", copy, interpreter=copy, env={"PYTHONHOME": "/usr"})
        assert host.flags("executable", pid=process.pid) == {"program": ["writable"]}
        assert host.flags("libraries", pid=process.pid) == {}


def test_the_kernels_own_page_made_writable():
    with Measured() as host:
        try:
            process = host.map("vdso-rwx")
        except AssertionError:  # a kernel that seals it
            assert memory(host) == []
            return
        items = host.measure("libraries", pid=process.pid)["components"]["libraries"]["items"]
        assert [i["flags"] for i in items if i["path"] == "[vdso]"] == [["anonymous", "writable"]]


def test_a_file_with_the_programs_inode_number_is_not_taken_for_it():
    with small_disk.small_disk() as disk, Measured() as host:
        for name in LAYERS:
            (disk / name).mkdir()
        shutil.copy(os.path.realpath(PYTHON), disk / "lower/program")
        mount(disk / "merged", "overlay", f"lowerdir={disk}/lower,upperdir={disk}/upper,"
                                          f"workdir={disk}/work")
        mount(disk / "other", "tmpfs", "size=1m")
        try:
            copy = disk / "merged/program"
            evil = file_with_inode(disk / "other", copy.stat().st_ino)
            process = host.map("file", evil, interpreter=copy, env={"PYTHONHOME": "/usr"})
            items = host.measure("libraries", pid=process.pid)["components"]["libraries"]["items"]
            paths = [i["path"] for i in items]
            assert str(evil) in paths and str(copy) not in paths, paths
            host.end(process)
        finally:
            for name in ("other", "merged"):
                subprocess.run(["umount", str(disk / name)], check=True)


def mount(where, kind, options):
    subprocess.run(["mount", "-t", kind, "-o", options, "hallmark-test", str(where)], check=True)


def file_with_inode(directory, number):
    """A tmpfs counts its files: one after the other until the number comes."""
    for i in range(number + 1):
        path = directory / f"file{i}"
        path.write_text("content\n")
        if path.stat().st_ino == number:
            return path
    raise AssertionError(f"no file with inode {number}")


if __name__ == "__main__":
    small_disk.enter()
    run_tests(__name__)
