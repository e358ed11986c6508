#!/usr/bin/python3
"""What the Makefile does for whoever builds and installs, in the ways that people do it."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

import hallmark
from hallmark import BUILD, ROOT

SANITIZED = "asan" in str(BUILD) or "tsan" in str(BUILD)  # nobody installs that


def make(*arguments, cwd=ROOT, **environment):
    env = {**os.environ, "MAKEFLAGS": "", **environment}
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=cwd, env=env,
                          capture_output=True, text=True, timeout=600, check=False)


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def test_install_into_a_directory_with_a_space_under_a_strict_umask():
    if SANITIZED:
        return
    with tempfile.TemporaryDirectory() as base:
        root = pathlib.Path(base, "a root")
        old = os.umask(0o077)
        try:
            done = make("install", f"BUILD={BUILD}", f"DESTDIR={root}", "PREFIX=/opt/hallmark")
        finally:
            os.umask(old)
        assert done.returncode == 0, done.stdout + done.stderr
        assert os.listdir(base) == ["a root"]
        files = [p for p in root.rglob("*") if p.is_file()]
        assert len(files) >= 16, files
        for path in files:  # the services' users read the samples that are copied from here
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o755 if path.parent.name == "bin" else 0o644), (path, oct(mode))
        documents = root / "opt/hallmark/share/doc/hallmark"
        links = re.findall(r"\]\(([^):]+)\)", (documents / "README.md").read_text())
        assert links and all((documents / link).is_file() for link in links), links
        assert (documents / "config/examples/trading/risk-4.1/risk.py").is_file()


def test_install_stops_at_the_first_file_that_cannot_be_placed():
    if SANITIZED:
        return
    with tempfile.TemporaryDirectory() as root:
        pathlib.Path(root, "etc/hallmark/collector.yaml.sample").mkdir(parents=True)
        done = make("install", f"BUILD={BUILD}", f"DESTDIR={root}")
        assert done.returncode != 0 and "collector.yaml.sample" in done.stderr, done.stderr


def test_goals_that_are_typed_together_keep_their_order():
    """`rm` waits a moment for what comes behind `clean`; in order, it waits in vain."""
    with tempfile.TemporaryDirectory() as base:
        site = pathlib.Path(base)
        shutil.copy(ROOT / "Makefile", site)
        script(site / "tests/lib/install-packages", "touch begun\n")
        script(site / "bin/rm", "timeout 2 sh -c 'until [ -e begun ]; do :; done' && touch early\n"
                                "exec /bin/rm \"$@\"\n")
        done = make("-j4", "clean", "deps", cwd=site, PATH=f"{site}/bin:{os.environ['PATH']}")
        assert done.returncode == 0 and (site / "begun").exists(), done.stderr
        assert not (site / "early").exists()


def test_another_version_is_compiled_anew():
    with tempfile.TemporaryDirectory() as base:
        site = pathlib.Path(base)
        shutil.copy(ROOT / "Makefile", site)
        (site / "one.c").write_text("const char *one(void);\n\nconst char *\none(void)\n{\n"
                                    "\treturn HALLMARK_VERSION;\n}\n")
        for version in (b"0.1.0", b"9.9.9"):
            text = (site / "Makefile").read_text()
            (site / "Makefile").write_text(text.replace("0.1.0", version.decode()))
            if version != b"0.1.0":  # as if edited after the first build, whatever the clock's grain
                made = (site / "build/obj/one.o").stat()
                os.utime(site / "Makefile", ns=(made.st_mtime_ns + 1, made.st_mtime_ns + 1))
            done = make("build/obj/one.o", cwd=site)
            assert done.returncode == 0, done.stderr
            assert version in (site / "build/obj/one.o").read_bytes()


def test_packages_that_are_there_are_not_asked_for():
    """Held ones, and those of two architectures, are there: no network is needed."""
    status = {"plain": "install ok installed", "held": "hold ok installed",
              "both": "install ok installed\\ninstall ok installed",
              "removed": "deinstall ok config-files", "half": "install ok half-installed"}
    with tempfile.TemporaryDirectory() as base:
        site = pathlib.Path(base)
        cases = "".join(f"{name}) printf '{text}\\n' ;;\n" for name, text in status.items())
        script(site / "dpkg-query", f'case "$3" in\n{cases}*) exit 1 ;;\nesac\n')
        script(site / "apt-get", f'echo "$@" >>{site}/asked\n')
        script(site / "sudo", 'exec "$@"\n')
        env = {**os.environ, "PATH": f"{site}:{os.environ['PATH']}"}

        def install(*names):
            return subprocess.run([str(ROOT / "tests/lib/install-packages"), *names], env=env,
                                  capture_output=True, text=True, timeout=60, check=False)

        done = install("plain", "held", "both")
        assert done.returncode == 0 and done.stdout == "" and not (site / "asked").exists(), done
        done = install("plain", "removed", "half", "absent")
        assert done.stdout == "installing Debian packages: removed half absent\n", done
        asked = (site / "asked").read_text().split("\n")[1]
        assert asked.endswith("removed half absent"), asked
        script(site / "apt-get", f'echo "$@" >>{site}/asked\n[ "$1" != update ]\n')
        assert install("absent").returncode == 0  # a source that nobody needs is out of reach
        script(site / "apt-get", "echo no such package >&2\nexit 100\n")
        done = install("absent")
        assert done.returncode == 1 and "no such package" in done.stderr, done


def test_lint_does_not_pass_for_want_of_a_tool():
    lint = str(ROOT / "tests/lint/run")
    with tempfile.TemporaryDirectory() as base:
        site = pathlib.Path(base)
        for tool in ("awk", "bash", "cat", "cut", "dirname", "find", "grep", "printf", "sort",
                     "tr", "uniq", "wc", "xargs"):
            (site / tool).symlink_to(shutil.which(tool))

        def run(check):
            return subprocess.run([lint, str(site / "lint"), check], env={"PATH": base}, text=True,
                                  capture_output=True, timeout=60, check=False)

        done = run("format")
        assert done.returncode == 1 and "expected clang-format" in done.stderr, done
        for tool in ("clang-format", "git", "pkg-config"):
            script(site / tool, "exit 0\n")
        script(site / "ctags", "echo not that one >&2\nexit 1\n")
        script(site / "clang-tidy", "echo it fell over >&2\nexit 139\n")
        done = run("sizes")
        assert done.returncode == 1 and "universal-ctags" in done.stdout, done
        done = run("tidy")
        assert done.returncode == 1 and "ended with 139: it fell over" in done.stdout, done


if __name__ == "__main__":
    hallmark.run_tests("__main__")
