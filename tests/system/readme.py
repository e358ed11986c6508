#!/usr/bin/python3
"""The commands in the documents work as they stand there."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import hallmark
from hallmark import BUILD, PATIENCE_S, ROOT

DEMO_LIMIT_S = 60

# The build under test takes the place of `build`; what installs or tests is not done again here.
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)


def commands():
    text = (ROOT / "README.md").read_text()
    return [line for block in BLOCK.findall(text) for line in block.strip().split("\n")]


def run(command, **options):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True,
                          timeout=600, check=False, **options)


def make_demo():
    done = run(f"{ROOT}/tests/system/demo {BUILD}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@contextlib.contextmanager
def demo_site(name=""):
    """A folder with the programs, to run the demo in."""
    with tempfile.TemporaryDirectory(prefix="hallmark-demo-") as top:
        site = pathlib.Path(top, name)
        site.mkdir(exist_ok=True)
        for program in ("signer", "collector", "audit", "hsm"):
            os.symlink(BUILD / f"hallmark-{program}", site / f"hallmark-{program}")
        try:
            yield site
        finally:
            for pid in running_in(site):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def running_in(site):
    """Number to command line, of all processes in whose command line this folder is named."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{site}/" in line:
                found[int(path.parent.name)] = line
    return found


def test_demo_shows_what_it_promises():
    begin = time.monotonic()
    out = make_demo().stdout
    assert time.monotonic() - begin < DEMO_LIMIT_S * PATIENCE_S / 30
    assert not running_in(BUILD / "demo")
    assert "affirming" in out and "contraindicated" in out and "changed-file" in out
    left = sorted(p.name for p in (BUILD / "demo").iterdir())
    assert left == ["log", "receipts", "signer.crt", "work"], left
    left = {p.name for p in (BUILD / "demo" / "work").iterdir()}
    assert {"policy.yaml", "signer.yaml", "collector.yaml", "evidence"} <= left, left
    assert not left & {"pin", "tokens", "guard"} and not any(n.endswith(".key") for n in left), left
    assert list((BUILD / "demo/receipts").glob("*.tlog-proof"))


def test_demo_runs_in_a_folder_of_any_name():
    with demo_site("it's, {a: \"name\"} [b] & c") as site:
        done = subprocess.run([ROOT / "tests/system/demo", site], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_demo_that_is_ended_leaves_nothing_running():
    """By Ctrl-C, and by what no shell can catch."""
    # A shell cannot catch what was ignored when it began, as by tests that run in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for end, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        with demo_site() as site:
            demo = subprocess.Popen([ROOT / "tests/system/demo", site], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, start_new_session=True)
            assert any(line.startswith("5. ") for line in demo.stdout)
            os.killpg(demo.pid, signal.SIGSTOP)  # it is quick, and is not to be over by then
            assert any("hallmark-signer run" in line for line in running_in(site).values())
            if end == signal.SIGINT:
                os.killpg(demo.pid, end)
            else:
                demo.send_signal(end)
            os.killpg(demo.pid, signal.SIGCONT)
            errors = demo.communicate()[1]
            assert demo.returncode == status, (demo.returncode, errors)
            assert end != signal.SIGINT or "the demo was interrupted" in errors, errors
            deadline = time.monotonic() + PATIENCE_S
            while running_in(site):
                assert time.monotonic() < deadline, running_in(site)


INSTALL = 'make install PREFIX=/usr/local DESTDIR="$PWD/build/root"'

SLOW_START = """
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <time.h>
__attribute__((constructor)) static void
start_late(void)
{
	struct timespec late = {1, 0};

	if (strcmp(program_invocation_short_name, "trading-app") == 0)
		nanosleep(&late, NULL);
}
"""


def test_demo_waits_for_an_application_that_starts_slowly():
    """The delay is in a preloaded library, so the demo ends there: its policy allows none."""
    if "asan" in str(BUILD) or "tsan" in str(BUILD):
        return  # a sanitizer's runtime must come before any preloaded library
    with demo_site() as site:
        pathlib.Path(site, "late.c").write_text(SLOW_START)
        built = run(f"cc -shared -fPIC -o {site}/late.so {site}/late.c")
        assert built.returncode == 0, built.stderr
        done = run(f"{ROOT}/tests/system/demo {site}",
                   env={**os.environ, "LD_PRELOAD": f"{site}/late.so"})
        assert "\nrunning    pid " in done.stdout, done.stdout + done.stderr
        assert done.returncode == 1 and "expected '\"ear.status\":\"affirming\"'" in done.stderr, \
            done.stdout + done.stderr
        assert "LD_PRELOAD" in done.stderr, done.stderr


def test_commands_of_the_quick_start():
    if not (BUILD / "demo/log").exists():
        make_demo()
    tried = 0
    for command in commands():
        if not command.startswith("build/"):
            continue
        done = run(command.replace("build/", f"{BUILD}/"))
        assert done.returncode == 0, command + "\n" + done.stdout + done.stderr
        tried += 1
    assert tried >= 4


def test_an_independent_program_verifies_what_the_demo_leaves():
    if not (BUILD / "demo/log").exists():
        make_demo()
    demo = BUILD / "demo"
    done = run(f"tests/system/independent_verifier.py --cert {demo}/signer.crt --log {demo}/log "
               f"--receipts {demo}/receipts")
    assert done.returncode == 0 and "5 entries and every tile verify; 2 receipts verify, all in " \
        "the log" in done.stdout, done.stdout + done.stderr


def test_explained_commands_verify_by_hand():
    if not (BUILD / "demo/log").exists():
        make_demo()
    receipts = sorted((BUILD / "demo/receipts").glob("*.tlog-proof"))
    for receipt in receipts:
        text = run(f"{BUILD}/hallmark-audit verify {receipt} --cert {BUILD}/demo/signer.crt "
                   "--explain").stdout
        script = re.search(r"^# .*?(?=^  verdict|\Z)", text, re.M | re.S).group(0)
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(["sh", "-c", script], cwd=empty, capture_output=True, text=True,
                                  check=False)
        assert done.returncode == 0 and "Verified OK" in done.stdout, done.stdout + done.stderr


def test_every_command_in_a_block_is_run_by_some_test():
    """Those of programs above, the demo by make_demo, this run is one of `make check`."""
    others = [c for c in commands() if not c.startswith("build/")]
    assert sorted(others) == ["make check", "make demo", INSTALL], others


def test_the_installation_of_the_readme():
    if "asan" in str(BUILD) or "tsan" in str(BUILD):
        return  # a sanitizer's build is not one that anybody installs
    with tempfile.TemporaryDirectory() as root:
        shutil.rmtree(root)
        done = run(INSTALL.replace("$PWD/build/root", root) + f" BUILD={BUILD}",
                   env={**os.environ, "MAKEFLAGS": ""})
        assert done.returncode == 0, done.stdout + done.stderr
        samples = pathlib.Path(root, "etc/hallmark")
        assert {p.name for p in samples.iterdir()} == {
            f"{name}.sample" for name in (
                "signer.yaml", "hsm.yaml", "collector.yaml", "policy.yaml", "operators.yaml", "register.yaml",
                "hsm-network.conf", "hsm-device.conf",
                "collector-tokens.conf", "collector-acts.conf")}
        assert "certificate" in (samples / "hsm.yaml.sample").read_text()


def test_commands_in_the_text_are_known_to_their_programs():
    named = 0
    for document in ("README.md", "SECURITY.md"):
        text = (ROOT / document).read_text()
        for command in re.findall(r"`(hallmark-[a-z]+ [^`]+)`", text):
            program, *words = command.split()
            usage = run(f"{BUILD}/{program} --help").stdout
            for word in [words[0], *(w for w in words if w.startswith("-"))]:
                assert re.search(rf"[\s\[(]{re.escape(word)}[\s\])]", usage), (document, command)
            named += 1
    assert named >= 5, named


def test_every_make_target_named_exists():
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.M))
    assert {"demo", "check", "install"} <= named
    for target in named:
        done = run(f"make -n {target} BUILD={BUILD}")
        assert done.returncode == 0, f"make {target}: {done.stderr}"


def test_install_puts_everything_in_its_place():
    with tempfile.TemporaryDirectory() as root:
        done = run(f"make install BUILD={BUILD} DESTDIR={root} PREFIX=/opt/hallmark",
                   env={**os.environ, "MAKEFLAGS": ""})
        if "asan" in str(BUILD) or "tsan" in str(BUILD):
            return  # a sanitizer's build is not one that anybody installs
        assert done.returncode == 0, done.stdout + done.stderr
        names = {str(p.relative_to(root)) for p in pathlib.Path(root).rglob("*") if p.is_file()}
        for name in ("opt/hallmark/bin/hallmark-signer", "opt/hallmark/bin/hallmark-hsm",
                     "opt/hallmark/bin/hallmark-collector", "opt/hallmark/bin/hallmark-audit",
                     "etc/hallmark/signer.yaml.sample", "etc/hallmark/policy.yaml.sample",
                     "opt/hallmark/lib/systemd/system/hallmark-signer.service",
                     "opt/hallmark/lib/sysusers.d/hallmark.conf"):
            assert name in names, f"{name} is not among {sorted(names)}"
        unit = pathlib.Path(root, "opt/hallmark/lib/systemd/system/hallmark-signer.service")
        assert "/opt/hallmark/bin/hallmark-signer" in unit.read_text()


def test_installed_files_name_the_places_they_were_installed_to():
    if "asan" in str(BUILD) or "tsan" in str(BUILD):
        return
    with tempfile.TemporaryDirectory() as root:
        done = run(f"make install BUILD={BUILD} DESTDIR={root} PREFIX=/opt/hallmark ETC=/etc/else",
                   env={**os.environ, "MAKEFLAGS": ""})
        assert done.returncode == 0, done.stdout + done.stderr
        units = list(pathlib.Path(root, "opt/hallmark/lib/systemd/system").iterdir())
        assert len(units) == 7, units
        for path in [*units, *pathlib.Path(root, "etc/else").iterdir()]:
            text = path.read_text()
            assert "/usr/local" not in text and "/etc/hallmark" not in text, path
            for document in re.findall(r"Documentation=file:(\S+)", text):
                assert os.path.exists(root + document), (path, document)
            assert path not in units or "Documentation=" in text, path


def test_every_user_of_a_unit_is_made():
    made = set(re.findall(r"(?m)^u (\S+)", (ROOT / "config/sysusers.d/hallmark.conf").read_text()))
    units = "".join(p.read_text() for p in (ROOT / "config/systemd").iterdir())
    named = set(re.findall(r"(?m)^(?:User|Group|SocketUser)=(\S+)", units)) - {"root"}
    assert named == made, (named, made)


def test_services_are_started_again_however_often_they_end():
    """systemd gives up after five starts in ten seconds, unless it is told or starts are rare."""
    for name in ("signer", "collector"):
        unit = (ROOT / f"config/systemd/hallmark-{name}.service").read_text()
        rest_s = int(re.search(r"(?m)^RestartSec=(\d+)$", unit).group(1))
        assert re.search(r"(?m)^Restart=(on-failure|always)$", unit), name
        head = unit.split("[Service]")[0]
        assert rest_s * 5 > 10 or "\nStartLimitIntervalSec=0\n" in head, name


def test_links_and_paths_in_the_documents_exist():
    for document in ("README.md", "SECURITY.md"):
        text = (ROOT / document).read_text()
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / link).exists(), f"{document}: {link}"
        # `log/` is a room, and the log on disk; only the room has sources.
        for path in re.findall(r"`((?:proto|config|policy|pkcs11|signer|collector|auditor|register|"
                               r"clients|tests)/[\w./-]*|log/\w+\.[ch])`", text):
            assert (ROOT / path).exists(), f"{document}: {path}"


def test_every_room_is_on_the_map():
    text = (ROOT / "README.md").read_text()
    sources = [path.relative_to(ROOT) for path in ROOT.glob("[a-z]*/**/*.c")]
    rooms = {path.parent for path in sources if path.parts[0] not in ("build", "tests")}
    assert len(rooms) > 30, rooms
    for room in rooms:
        assert re.search(rf"`(?:[a-z]+/)*{room.name}/?`", text), room


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split("\n")) <= 151


if __name__ == "__main__":
    hallmark.run_tests("__main__")
