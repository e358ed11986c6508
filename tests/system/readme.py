#!/usr/bin/python3
"""The commands in the documents work as they stand there."""

import os
import pathlib
import re
import subprocess
import tempfile

import hallmark
from hallmark import BUILD, ROOT

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


def test_demo_shows_what_it_promises():
    out = make_demo().stdout
    assert "affirming" in out and "contraindicated" in out and "changed-file" in out
    left = sorted(p.name for p in (BUILD / "demo").iterdir())
    assert left == ["log", "receipts", "signer.crt"], left
    assert list((BUILD / "demo/receipts").glob("*.tlog-proof"))


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
    with tempfile.TemporaryDirectory() as site:
        for name in ("signer", "collector", "audit", "hsm"):
            os.symlink(BUILD / f"hallmark-{name}", f"{site}/hallmark-{name}")
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
        assert len(units) == 4, units
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
        for path in re.findall(r"`((?:proto|config|policy|pkcs11|signer|collector|auditor|tests)/"
                               r"[\w./-]*)`", text):
            assert (ROOT / path).exists(), f"{document}: {path}"


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split("\n")) <= 151


if __name__ == "__main__":
    hallmark.run_tests("__main__")
