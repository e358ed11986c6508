#!/usr/bin/python3
"""What hallmark-collector tells of the scripts, archives and modules that interpreters run: that they were
changed since then, and what was named by arguments or is open."""

import hashlib
import os
import pathlib
import shutil
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import run_tests
from measured import PYTHON, Measured

WAITS = 'import sys\nprint("ready", flush=True)\nsys.stdin.read()\n'
SH_WAITS = "echo ready\nread line\n"
PERL_WAITS = '$| = 1; print "ready\\n"; <STDIN>;\n'
NODE_WAITS = 'console.log("ready"); process.stdin.resume();\n'


def tick(count):
    """Hundredths of a second, as a process's start is told in."""
    end = time.monotonic() + count / 100
    while time.monotonic() < end:
        os.sched_yield()


def flags(host, process, **options):
    return host.flags("files", pid=process.pid, files=[f"{host.dir}/app/**"], **options)


def scripts(host, process, **options):
    """Name below our directory to item, of what no pattern names."""
    return host.files("files", pid=process.pid, scripts=True, **options)


def interpreters():
    """(program, how a script is named, what it is) of those that are here."""
    return [(shutil.which(name), suffix, text) for name, suffix, text in (
        ("python3", ".py", WAITS), ("sh", ".sh", SH_WAITS), ("bash", ".bash", SH_WAITS),
        ("perl", ".pl", PERL_WAITS), ("node", ".js", NODE_WAITS)) if shutil.which(name)]


def test_a_script_that_was_altered_and_restored():
    with Measured() as host:
        for program, suffix, text in interpreters():
            script = host.write(f"app/app{suffix}", text)
            data = host.write("app/data", "data")
            kept = script.read_bytes()
            tick(3)
            process = host.start(program, script, ready=True)
            assert flags(host, process) == {f"app/app{suffix}": [], "app/data": []}, program
            tick(3)
            for restore in (lambda: shutil.copyfile(host.dir / "kept", script),
                            lambda: (host.dir / "kept").replace(script)):
                host.write("kept", kept)
                os.utime(host.dir / "kept", (0, 0))
                restore()
                data.write_text("other data")
                assert flags(host, process) == {f"app/app{suffix}": ["newer"], "app/data": []}, program
            host.end(process)
            script.unlink()


def test_installed_and_started_at_once():
    with Measured() as host:
        for _ in range(20):
            script = host.write("app/app.sh", SH_WAITS)
            process = host.start("sh", script, ready=True)
            assert flags(host, process) == {"app/app.sh": []}
            host.end(process)


def test_the_oldest_process_decides():
    with Measured() as host:
        script = host.write("app/app.py", WAITS)
        process = host.start(PYTHON, "-c", f"""
import subprocess, sys
def start():
    child = subprocess.Popen([{PYTHON!r}, {str(script)!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    return child
children = [start()]
print("ready", flush=True)
for line in sys.stdin:
    children.append(start())
    print("ready", flush=True)
for child in children:
    child.kill()""", ready=True)
        tick(3)
        script.write_text(WAITS)
        process.stdin.write(b"more\n")
        process.stdin.flush()
        process.stdout.readline()
        assert flags(host, process) == {"app/app.py": ["newer"]}
        process.stdin.close()
        process.wait()


def test_what_arguments_name():
    with Measured() as host:
        for name in ("main.py", "a.jar", "b.jar", "x=y.js", "args", "deep/er/m.py", "odd\nname"):
            host.write(name, WAITS)
        (host.dir / "link.py").symlink_to("main.py")
        (host.dir / "fifo").mkdir()
        os.mkfifo(host.dir / "pipe")
        words = ["main.py", "-cp", "a.jar:b.jar", "--require=x=y.js", "@args", "deep/../deep/er/m.py",
                 "odd\nname", "fifo", "pipe", "/dev/null", "none.py", "../" + host.dir.name + "/link.py"]
        process = host.start(PYTHON, *words, ready=True, cwd=host.dir)
        items = scripts(host, process)
        assert set(items) == {"main.py", "a.jar", "b.jar", "x=y.js", "args", "deep/er/m.py",
                              "odd\\x0aname"}, set(items)
        assert items["main.py"]["sha256"] == hashlib.sha256(WAITS.encode()).hexdigest()
        assert items["main.py"]["flags"] == [] and items["main.py"]["size"] == len(WAITS)
        made = host.measure("files", pid=process.pid, scripts=True)
        assert "scripts" in str(made["components"]["files"]["made"])
        assert set(host.files("files", pid=process.pid, files=["/none"])) == set(), "not asked for"


def test_what_is_open():
    with Measured() as host:
        archive = host.dir / "app.pyz"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("__main__.py", "import os, sys\n"
                          "kept = [open(sys.argv[1]), open(sys.argv[1][:-1] + '2', 'a')]\n" + WAITS)
        host.write("kept1")
        host.write("kept2")
        process = host.start(PYTHON, archive, host.dir / "kept1", ready=True)
        assert set(scripts(host, process)) == {"app.pyz", "kept1"}, "and not what it writes"
        inherited = os.open(host.write("inherited"), os.O_RDONLY)
        process = host.start(PYTHON, "-c", WAITS, ready=True, pass_fds=[inherited])
        os.unlink(host.dir / "inherited")
        items = scripts(host, process)
        assert {name: item["flags"] for name, item in items.items()} == {"inherited": ["deleted"]}
        os.close(inherited)


def test_in_the_processes_own_root():
    if os.geteuid() != 0:
        return
    with Measured() as host:
        host.write("root/app/app.sh", SH_WAITS)
        (host.dir / "root/link.sh").symlink_to("/app/app.sh")
        host.write("app/app.sh", "another one\n")
        process = host.start(PYTHON, "-c", f"""
import os, sys
os.chroot({str(host.dir / "root")!r})
os.chdir("/app")
print("ready", flush=True)
sys.stdin.read()""", "/link.sh", "app.sh", ready=True)
        item, = scripts(host, process).values()
        assert item["path"].endswith("/app/app.sh")
        assert item["sha256"] == hashlib.sha256(SH_WAITS.encode()).hexdigest()


def test_many_arguments_are_no_trouble_where_nobody_asks_for_them():
    with Measured() as host:
        process = host.start(PYTHON, "-c", WAITS, *["x"] * 20000, ready=True)
        limits = host.write("etc/limits")
        assert set(host.files("files", pid=process.pid, files=[str(limits)])) == {"etc/limits"}


def test_too_many_names_leave_it_out_and_say_so():
    with Measured() as host:
        process = host.start(PYTHON, "-c", WAITS + "#" + ":x" * 20000, ready=True)
        said = host.call("files", "executable", pid=process.pid, scripts=True)
        assert "more files than are looked at" in said.stderr + said.stdout, said
        assert '"files"' not in said.stdout


if __name__ == "__main__":
    run_tests(__name__)
