#!/usr/bin/python3
"""Code that nobody has released, brought into a process by other ways than a library by its name; and scripts
that are altered, run, and restored. What is there when it is looked at is seen."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from floor import Floor, compiled, floor, seen
from hallmark import run_tests
from judged import mapped

ALIEN = "int alien(void) { return 1; }"
READ, WRITE, EXECUTE = 1, 2, 4
# Of the C library in the process: where its last page of code is; and calls with whole addresses.
LIBC = """
libc = ctypes.CDLL(None)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mmap.restype = ctypes.c_void_p
def mapping(name, rights):
    for line in open("/proc/self/maps"):
        if name in line and line.split()[1].startswith(rights):
            return [int(x, 16) for x in line.split()[0].split("-")]
def protect(at, size, protection):
    assert libc.mprotect(at, size, protection) == 0
"""
PATCH = LIBC + """
end = mapping("libc.so", "r-x")[1]
protect(end - 4096, 4096, 3)
ctypes.memset(end - 8, 0x90, 4)
protect(end - 4096, 4096, {protection})
"""
# In a child, which says so when it is done.
CHILD = """
import signal
ends = os.pipe()
if os.fork() == 0:
    os.close(1)
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # it ends with its parent
    {}
    os.write(ends[1], b"x")
    signal.pause()
os.read(ends[0], 1)
"""


def in_a_child(code):
    return CHILD.format(code.replace("\n", "\n    "))


def test_libraries_without_a_name_that_is_known():
    with floor() as host:
        alien = compiled(host, "alien.so", ALIEN)
        copy = host.dir / "copy.so"
        with host.run() as process:
            known = next(path for path in mapped(process) if "libc" in path)
        load = f"alien = ctypes.CDLL({str(copy)!r})"
        honest = f"import pathlib; pathlib.Path({str(host.dir / 'other')!r}).write_bytes(open({known!r}, 'rb').read())"
        for hook, code in (
                (f"{load}; os.unlink({str(copy)!r})", "deleted-file"),
                (f"{load}; {honest}; os.rename({str(host.dir / 'other')!r}, {str(copy)!r})", "replaced-file"),
                (f"{load}; {honest}; os.rename({str(copy)!r}, {str(copy)!r} + '.gone')", "unknown-file"),
                (f"file = os.open({str(host.dir)!r}, os.O_RDWR | os.O_TMPFILE); "
                 f"os.write(file, open({str(alien)!r}, 'rb').read()); alien = ctypes.CDLL(f'/proc/self/fd/{{file}}')",
                 "deleted-file"),
                (f"file = os.memfd_create('libc.so.6'); os.write(file, open({str(alien)!r}, 'rb').read()); "
                 "alien = ctypes.CDLL(f'/proc/self/fd/{file}')", "memory-file"),
                (f"file = open({str(host.limits)!r}, 'rb'); data = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, "
                 "mmap.PROT_READ | mmap.PROT_EXEC)", "unknown-file"),
                (in_a_child(load), "unknown-file")):
            shutil.copy(alien, copy)
            with host.run(hook=hook):
                seen(host, code)


def test_memory_without_a_file():
    """Whatever it is called, and by whatever way it became executable."""
    jit = "file = os.memfd_create('jit'); os.ftruncate(file, 65536); " \
          "one = mmap.mmap(file, 65536, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE); " \
          "two = mmap.mmap(file, 65536, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC)"
    shared = "memory = mmap.mmap(-1, 65536, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_EXEC)"
    with floor() as host:
        for hook, findings in (
                (jit, {("memory-file", "/memfd:jit")}),
                (shared, {("anonymous-memory", "[anon]")}),
                (LIBC + 'protect(mapping("[stack]", "rw")[0], 4096, 7)', {("anonymous-memory", "[anon]"),
                                                                          ("writable-mapping", "[anon]")}),
                (LIBC + 'protect(mapping("[heap]", "rw")[0], 4096, 5)', {("anonymous-memory", "[heap]")}),
                (LIBC + 'end = mapping("libc.so", "r-x")[1]; assert libc.mmap(end - 4096, 4096, 5, 0x32, -1, 0)',
                 {("anonymous-memory", "[anon]")})):
            with host.run(hook=hook):
                assert findings <= seen(host), hook


def test_code_that_was_patched():
    """Executable alone, in one child alone, by somebody else while it runs; put back, it is a warning."""
    with floor() as host:
        for hook in (PATCH.format(protection=EXECUTE), in_a_child(PATCH.format(protection=READ | EXECUTE))):
            with host.run(hook=hook):
                assert {code for code, _ in seen(host)} == {"modified-code"}, hook
        with host.run() as process:
            at = next(int(line.split("-")[0], 16) for line in open(f"/proc/{process.pid}/maps")
                      if "libc.so" in line and " r-xp " in line)
            with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
                was = os.pread(memory.fileno(), 16, at)
                for bytes_now, code, status in ((b"\x90" * 16, "modified-code", "contraindicated"),
                                                (b"\xcc" + was[1:], "probed-code", "contraindicated"),
                                                (was, "restored-code", "warning")):
                    os.pwrite(memory.fileno(), bytes_now, at)
                    told, findings = host.verdict()
                    assert told == status and {c for c, _ in findings} == {code}, (told, findings)


def test_a_script_that_was_restored():
    """By whatever way its bytes came back: it is newer than who runs it."""
    with Floor() as host:
        host.released()
        honest, kept = host.script.read_bytes(), host.dir / "kept"

        def write():
            host.script.write_bytes(honest)

        def rename():
            shutil.copy(kept, host.dir / "new")
            shutil.copystat("/bin/sleep", host.dir / "new")
            (host.dir / "new").chmod(0o755)
            os.rename(host.dir / "new", host.script)

        def link():
            host.script.unlink()
            os.link(kept, host.script)

        def exchange():
            os.rename(host.script, host.dir / "away")
            os.rename(host.dir / "original", host.script)

        for restore in (write, rename, link, exchange):
            for name in ("kept", "original"):
                host.write(name, honest).chmod(0o755)
            if restore is exchange:  # the very file that was released, which was only called otherwise meanwhile
                os.rename(host.script, host.dir / "original")
            host.script.write_bytes(honest + b"# altered\n")
            host.script.chmod(0o755)
            with host.run():
                tick = os.times().elapsed
                while os.times().elapsed < tick + 0.05:
                    os.sched_yield()
                restore()
                assert host.script.read_bytes() == honest
                told, findings = host.verdict()
                assert told == "warning" and findings == {("changed-since-start", str(host.script))}, \
                    (restore, told, findings)
            host.script.unlink()
            host.script.write_bytes(honest)
            host.script.chmod(0o755)
        host.honest()


if __name__ == "__main__":
    run_tests("__main__")
