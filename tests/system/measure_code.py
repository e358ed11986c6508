#!/usr/bin/python3
"""What hallmark-collector finds of code that is not what is in its file: written to by a debugger,
through /proc/PID/mem, or by the program itself; and mappings that move while they are listed."""

import contextlib
import ctypes
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import PATIENCE_S, run_tests
from measured import PYTHON, Measured

PAGE = os.sysconf("SC_PAGESIZE")
PTRACE_PEEKTEXT, PTRACE_POKETEXT, PTRACE_ATTACH, PTRACE_DETACH = 1, 4, 16, 17

# Three pages of code, one of which the program writes to, and perhaps back.
SELF_PATCHING = r"""
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
__attribute__((aligned(4096), section(".text.page"))) void page(void) { __asm__(".fill 6144, 2, 0xc031"); }
int main(int argc, char **argv)
{
	char *at = (char *)page + 4096, old = *at;
	for (int i = 1; i < argc; i++) {
		if (mprotect(at, 4096, PROT_READ | PROT_WRITE) != 0)
			return 1;
		*at = strcmp(argv[i], "write") == 0 ? 0x55 : old;
		if (mprotect(at, 4096, PROT_READ | PROT_EXEC) != 0)
			return 1;
	}
	puts("ready");
	fflush(stdout);
	for (; argc > 1;)
		pause();
	for (;; sched_yield())
		page();
}
"""

# A library that writes to another one while it is loaded.
PATCHING_LIBRARY = r"""
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
__attribute__((constructor)) static void patch(void)
{
	char *at = (char *)((uintptr_t)&getenv & ~(uintptr_t)4095);
	if (mprotect(at, 4096, PROT_READ | PROT_WRITE) != 0)
		abort();
	((char *)&getenv)[64] ^= 1;
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC) != 0)
		abort();
}
"""

# A file whose mapping is moved to and fro, past so many others that these are read in many pieces.
MOVING = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#define SIZE 4096L
#define OTHERS 2000
int main(int argc, char **argv)
{
	char *area = mmap(NULL, SIZE * 2 * OTHERS + 4 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *low = area + SIZE, *high = area + (2 * OTHERS + 2) * SIZE;
	for (long i = 0; i < OTHERS; i++)
		mprotect(area + (2 + 2 * i) * SIZE, SIZE, PROT_READ);
	if (mmap(high, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, open(argv[1], O_RDONLY), 0) != high)
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		mremap(high, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, low);
		mremap(low, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, high);
	}
}
"""


def compiled(host, name, source, *options):
    path = host.dir / name
    subprocess.run(["cc", "-O1", "-w", *options, "-x", "c", "-", "-o", path], check=True,
                   input=source.encode(), timeout=60)
    return path


def found(host, process):
    """(name, flags without those of the program's or library's own item) of what is said of code."""
    measured = host.measure("executable", "libraries", pid=process.pid)["components"]
    return [item for kind in ("executable", "libraries") for item in measured[kind]["items"]
            if {"modified", "restored", "probed"} & set(item["flags"])]


def mapping(process, name):
    """Start, end and offset of the executable mapping of a file."""
    for line in pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines():
        area, permissions, offset, _, _, *path = line.split(None, 5)
        if "x" in permissions and path and name in path[0]:
            start, end = (int(number, 16) for number in area.split("-"))
            return start, end, int(offset, 16), path[0]
    raise AssertionError(name)


def write(process, address, change):
    """Through /proc/PID/mem: the byte as `change` has it."""
    with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
        old = os.pread(memory.fileno(), 1, address)[0]
        os.pwrite(memory.fileno(), bytes([change(old)]), address)
    return old


def poke(process, address, byte):
    """As a debugger that comes and goes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    assert libc.ptrace(PTRACE_ATTACH, process.pid, None, None) == 0
    os.waitpid(process.pid, 0)
    word = libc.ptrace(PTRACE_PEEKTEXT, process.pid, address, None) & (1 << 64) - 1
    assert libc.ptrace(PTRACE_POKETEXT, process.pid, address, word & ~0xff | byte) == 0
    assert libc.ptrace(PTRACE_DETACH, process.pid, None, None) == 0


def check_page(host, process, item, start, offset, address):
    """The item is of the page of this address."""
    page = address & ~(PAGE - 1)
    with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        in_memory = os.pread(memory.fileno(), PAGE, page)
    with open(item["path"], "rb") as file:
        file.seek(offset + page - start)
        in_file = file.read(PAGE).ljust(PAGE, b"\0")
    assert item["sha256"] == hashlib.sha256(in_memory).hexdigest()
    assert item["size"] == PAGE
    assert item["details"] == [f"file=sha256:{hashlib.sha256(in_file).hexdigest()}",
                               f"offset={offset + page - start}"], item


def test_written_through_mem_and_back():
    with Measured() as host:
        process = host.map()
        assert found(host, process) == []
        for name in ("/libc.so", "/python3"):
            start, _, offset, _ = mapping(process, name)
            address = start + 5 * PAGE + 17
            old = write(process, address, lambda byte: byte ^ 1)
            item, = found(host, process)
            assert name in item["path"] and item["flags"] == ["modified"]
            assert item["mode"] == "0100755"
            check_page(host, process, item, start, offset, address)
            write(process, address, lambda _, old=old: old)
            item, = found(host, process)
            assert item["flags"] == ["restored"], "the page is the process's own for ever"
            check_page(host, process, item, start, offset, address)
            host.end(process)
            process = host.map()


def test_a_debugger_that_has_left():
    with Measured() as host:
        process = host.map()
        start, _, offset, _ = mapping(process, "/libc.so")
        poke(process, start + 7 * PAGE, 0xc3)
        item, = found(host, process)
        assert item["flags"] == ["modified"]
        check_page(host, process, item, start, offset, start + 7 * PAGE)
        poke(process, start + 7 * PAGE, 0xcc)
        assert [i["flags"] for i in found(host, process)] == [["probed"]], "a breakpoint"


def test_adjacent_pages_are_one_item_and_others_are_counted():
    with Measured() as host:
        process = host.map()
        start, end, offset, _ = mapping(process, "/libc.so")
        for page in (3, 4, 5, 8):
            write(process, start + page * PAGE, lambda byte: byte ^ 1)
        assert sorted((i["size"], i["details"][1]) for i in found(host, process)) == [
            (PAGE, f"offset={offset + 8 * PAGE}"), (3 * PAGE, f"offset={offset + 3 * PAGE}")]
        for address in range(start, end, 2 * PAGE):
            write(process, address, lambda byte: byte ^ 1)
        items = found(host, process)
        rest, = (i for i in items if i["details"][0].startswith("pages="))
        assert len(items) == 65 and rest["size"] == 0 and rest["flags"] == ["modified"]
        told = sum(i["size"] for i in items) // PAGE + int(rest["details"][0][6:])
        assert told == len({*range(0, (end - start) // PAGE, 2), 3, 5})


def test_a_program_that_writes_to_itself():
    with Measured() as host:
        program = compiled(host, "program", SELF_PATCHING)
        for steps, flags in (((), []), (("write",), [["modified"]]),
                             (("write", "write back"), [["restored"]])):
            process = host.start(program, *steps, ready=True)
            items = found(host, process)
            assert [i["flags"] for i in items] == flags, items
            assert all(i["path"] == str(program) for i in items)
            host.end(process)


def test_a_library_that_patches_and_is_unloaded():
    with Measured() as host:
        library = compiled(host, "patch.so", PATCHING_LIBRARY, "-shared", "-fPIC")
        process = host.start(PYTHON, "-c", f"""
import _ctypes, ctypes
_ctypes.dlclose(ctypes.CDLL({str(library)!r})._handle)
print("ready", flush=True)
input()""", ready=True)
        items = found(host, process)
        assert [(i["flags"], "/libc.so" in i["path"]) for i in items] == [(["modified"], True)]
        assert "patch.so" not in host.files("libraries", pid=process.pid)


def test_the_kernels_own_page_is_looked_at_too():
    with Measured() as host:
        process = host.map()
        start, end, _, _ = mapping(process, "[vdso]")
        old = write(process, start + 100, lambda byte: byte ^ 1)
        item, = found(host, process)
        assert (item["path"], item["flags"], item["size"]) == ("[vdso]", ["modified"], PAGE)
        assert item["details"][1] == "offset=0"
        write(process, start + 100, lambda _: old)
        item, = found(host, process)
        assert item["flags"] == ["restored"] and item["details"][0] == f"file=sha256:{item['sha256']}"


def test_what_is_writable_has_no_digest():
    with Measured() as host:
        path = host.write("plugin.so", bytes(3 * PAGE))
        process = host.map("rwx", path)
        assert found(host, process) == []
        write(process, mapping(process, "plugin.so")[0], lambda byte: byte ^ 1)
        item, = found(host, process)
        assert sorted(item["flags"]) == ["modified", "writable"] and item["size"] == 0
        assert item["sha256"] == "0" * 64 and item["details"] == []


def test_a_file_that_has_become_shorter():
    with Measured() as host:
        path = host.write("plugin.so", b"\x90" * 3 * PAGE)
        process = host.start(PYTHON, "-c", f"""
import mmap, os
kept = mmap.mmap(os.open({str(path)!r}, os.O_RDONLY), 0, flags=mmap.MAP_PRIVATE, prot=5)
print("ready", flush=True)
input()""", ready=True)
        start = mapping(process, "plugin.so")[0]
        write(process, start, lambda _: 0)
        os.truncate(path, 100)
        item, = found(host, process)
        assert item["flags"] == ["modified"]
        in_file = b"\x90" * 100 + bytes(PAGE - 100)
        assert item["details"][0] == f"file=sha256:{hashlib.sha256(in_file).hexdigest()}"


def test_a_mapping_that_moves_hides_nothing():
    """It is in the list, or the process is said to be another one each time."""
    with Measured() as host:
        program, alien = compiled(host, "moving", MOVING), host.write("alien.so", bytes(PAGE))
        process = host.start(program, alien, ready=True)
        for _ in range(8):
            done = host.call("libraries", pid=process.pid)
            if done.returncode == 0:
                items = json.loads(done.stdout)["components"]["libraries"]["items"]
                assert str(alien) in [i["path"] for i in items], "it was not seen"
            else:
                assert "changed each time" in done.stderr, done.stderr


def test_many_processes_of_one_program_say_it_once():
    with Measured() as host:
        program = compiled(host, "program", SELF_PATCHING)
        process = host.start(PYTHON, "-c", f"""
import subprocess, sys
children = [subprocess.Popen([{str(program)!r}, "write"], stdout=subprocess.PIPE) for _ in range(20)]
for child in children:
    child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
for child in children:
    child.kill()""", ready=True)
        item, = found(host, process)
        assert item["flags"] == ["modified"] and item["path"] == str(program)
        process.stdin.close()
        process.wait()


def test_probes_of_the_kernel_are_told_from_other_writing():
    """They write a breakpoint to the code, and a mapping of their own stays when they are gone."""
    with Measured() as host, tracing(host) as trace:
        if trace is None:
            return
        program = compiled(host, "program", SELF_PATCHING)
        process = host.start(program, ready=True)
        start, _, offset, _ = mapping(process, str(program))
        name = f"hallmark_{process.pid}"
        command(trace, f"p:{name}/code {program}:{offset + 2 * PAGE:#x}\n")
        try:
            (trace / f"events/{name}/enable").write_text("1")
            deadline = time.monotonic() + PATIENCE_S
            while "[uprobes]" not in pathlib.Path(f"/proc/{process.pid}/maps").read_text():
                assert time.monotonic() < deadline, "it has not come by"
                os.sched_yield()
            assert sorted((i["path"], i["flags"]) for i in found(host, process)) == [
                (str(program), ["probed"]), ("[uprobes]", ["probed"])]
            (trace / f"events/{name}/enable").write_text("0")
            gone = [(i["path"], i["flags"]) for i in found(host, process)]
            assert ("[uprobes]", ["probed"]) in gone, gone
            # Newer kernels give the file's own page back.
            assert set(map(str, gone)) <= {str(("[uprobes]", ["probed"])),
                                           str((str(program), ["restored"]))}, gone
            # Another change in that page is not the kernel's.
            write(process, mapping(process, str(program))[0] + 2 * PAGE + 1, lambda byte: byte ^ 1)
            assert ["modified"] in [i["flags"] for i in found(host, process)]
        finally:
            (trace / f"events/{name}/enable").write_text("0")
            command(trace, f"-:{name}/code\n")


def command(trace, line):
    fd = os.open(trace / "uprobe_events", os.O_WRONLY | os.O_APPEND)
    os.write(fd, line.encode())
    os.close(fd)


@contextlib.contextmanager
def tracing(host):
    """Where the kernel's probes are set; None where that cannot be."""
    place = host.dir / "tracing"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tracefs", "trace", place],
                                           check=False, stderr=subprocess.DEVNULL).returncode:
        yield None
        return
    try:
        yield place if (place / "uprobe_events").exists() else None
    finally:
        subprocess.run(["umount", place], check=True)


if __name__ == "__main__":
    run_tests(__name__)
