#!/usr/bin/python3
"""Tokens of others, as Debian installs them, each of which signs a log: SoftHSM by itself, behind p11-kit's proxy
and behind p11-kit's client, which asks a server; opencryptoki's software token; a TPM (swtpm) by tpm2-pkcs11.
Where one cannot run it is skipped, with the reason.

What such a token needs around it (a daemon, a bus, directories of its own) is in namespaces or a session of its
own: the machine's stays as it is.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import hallmark
from hallmark import APP, Site
from logimage import fsck, verify_all

OPENCRYPTOKI = "version opencryptoki-3.1\nslot 3\n{\nstdll = libpkcs11_sw.so\ntokname = swtok\n}\n"
CLIENT_OF_P11_KIT = "/usr/lib/*/pkcs11/p11-kit-client.so"
OWN_DIRECTORIES = ("/etc/opencryptoki", "/var/lib/opencryptoki", "/run/lock")


def file_of(pattern):
    return next(iter(sorted(glob.glob(pattern))), None)


def skipped(program, module, package):
    """The module's file, or None when it has said that there is none."""
    path = file_of(module)
    if path is None or shutil.which(program) is None:
        print(f"skipped: there is no {program if path else module} here (Debian's {package})", flush=True)
        return None
    return path


def run(*command, env=None):
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def until(condition, what):
    deadline, pause = time.monotonic() + hallmark.PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.01)


@contextlib.contextmanager
def running(*command, env=None):
    child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def sign_a_log(site):
    """From the ceremony to receipts that verify, over a restart of the key process."""
    site.init_key()
    site.hsm("check")
    signer = site.start_signer()
    collector = site.collector()
    receipts = [collector.submit(f"w{n}", APP) for n in range(3)]
    starts = site.status()["counters"]["key_process_starts"]
    os.kill(site.key_process_pid(), 9)
    receipts.append(collector.submit("w0", APP))
    assert site.status()["counters"]["key_process_starts"] > starts
    assert signer.stop() == 0, signer.lines[-5:]
    if site.options["hsm"].get("algorithm") is None:  # the tests' own reader of receipts knows P-256
        verify_all(site, receipts)
    assert len({receipt["index"] for receipt in receipts}) == 4
    fsck(site)


def again_inside(*prefix):
    """This program once more, with what is around it: the function of that name."""
    name = f"inside_{sys._getframe(1).f_code.co_name.removeprefix('test_')}"
    done = subprocess.run([*prefix, sys.executable, __file__, "--inside", name])
    assert done.returncode == 0, done


def test_softhsm():
    with Site() as site:
        sign_a_log(site)


def test_p11_kit_proxy():
    """It gives each who asks a list of functions of its own, not initialised."""
    module = skipped("p11-kit", "/usr/lib/*/p11-kit-proxy.so", "p11-kit")
    if module:
        with Site(module=module, hsm={"deadline_ms": 5000}) as site:  # it starts whatever is installed
            site.env["TSS2_LOG"] = "all+none"
            sign_a_log(site)


def test_p11_kit_client():
    module = skipped("p11-kit", CLIENT_OF_P11_KIT, "p11-kit-modules")
    if module is None:
        return
    with Site(module=module) as site:
        at = site.path("p11-kit")
        with running("p11-kit", "server", "-f", "-n", str(at), "--provider", hallmark.MODULE, "pkcs11:",
                     env=site.env):
            until(at.exists, "no server")
            site.env["P11_KIT_SERVER_ADDRESS"] = f"unix:path={at}"
            sign_a_log(site)


def test_opencryptoki():
    module = skipped("pkcsslotd", "/usr/lib/*/opencryptoki/libopencryptoki.so.0", "opencryptoki")
    if module is None:
        return
    if os.geteuid() != 0:
        print("skipped: pkcsslotd runs as root alone", flush=True)
        return
    again_inside("unshare", "--mount", "--ipc", "--propagation", "private")


def inside_opencryptoki():
    """It knows no EC."""
    for directory in OWN_DIRECTORIES:
        run("mount", "-t", "tmpfs", "tmpfs", directory)
    pathlib.Path("/etc/opencryptoki/opencryptoki.conf").write_text(OPENCRYPTOKI)
    for path in ("/run/lock/opencryptoki/swtok", "/var/lib/opencryptoki/swtok/TOK_OBJ"):
        os.makedirs(path)
    for top in ("/run/lock/opencryptoki", "/var/lib/opencryptoki"):
        run("chgrp", "-R", "pkcs11", top)
        run("chmod", "-R", "770", top)
    with running("pkcsslotd", "-f"):
        until(lambda: subprocess.run(["pkcsconf", "-t"], capture_output=True).returncode == 0, "no slots")
        subprocess.run(["pkcsconf", "-I", "-c", "3", "-S", "87654321"], input="theirs\n", text=True, check=True,
                       capture_output=True)
        run("pkcsconf", "-P", "-c", "3", "-S", "87654321", "-n", "12345678")
        run("pkcsconf", "-u", "-c", "3", "-S", "12345678", "-n", "1234567")
        module = file_of("/usr/lib/*/opencryptoki/libopencryptoki.so.0")
        with Site(module=module, hsm={"token": "theirs", "algorithm": "rsa-3072"}) as site:
            site.secret("pin", "1234567\n")
            sign_a_log(site)


def test_tpm2_pkcs11():
    module = skipped("swtpm", "/usr/lib/*/pkcs11/libtpm2_pkcs11.so", "swtpm and libtpm2-pkcs11-1")
    if module is None or not skipped("tpm2-abrmd", "/usr/lib/*/libtss2-tcti-tabrmd.so.0",
                                     "tpm2-abrmd and libtss2-tcti-tabrmd0"):
        return
    if shutil.which("dbus-run-session") is None:
        print("skipped: there is no dbus-run-session here (Debian's dbus-daemon)", flush=True)
        return
    again_inside("dbus-run-session", "--")


def inside_tpm2_pkcs11():
    """A TPM has room for three objects at a time: the resource manager gives each process that much."""
    with tempfile.TemporaryDirectory() as directory:
        at = pathlib.Path(directory) / "tpm"
        os.environ.update(TPM2_PKCS11_TCTI="tabrmd:bus_type=session", TPM2_PKCS11_STORE=directory,
                          TSS2_LOG="all+none")
        with running("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={directory}", "--ctrl",
                     f"type=unixio,path={at}.ctrl", "--server", f"type=unixio,path={at}", "--flags",
                     "not-need-init,startup-clear"):
            until(lambda: at.exists() and at.with_suffix(".ctrl").exists(), "no TPM")
            with running("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:path={at}"):
                sign_by_tpm(file_of("/usr/lib/*/pkcs11/libtpm2_pkcs11.so"))


def sign_by_tpm(module):
    tool = ["pkcs11-tool", "--module", module]
    until(lambda: subprocess.run([*tool, "--list-slots"], capture_output=True).returncode == 0, "no slot")
    run(*tool, "--init-token", "--slot-index", "0", "--label", "theirs", "--so-pin", "5678")
    run(*tool, "--init-pin", "--token-label", "theirs", "--login", "--login-type", "so", "--so-pin", "5678",
        "--new-pin", "1234")
    with Site(module=module, hsm={"token": "theirs", "deadline_ms": 5000}) as site:
        sign_a_log(site)
        # It takes no word of decrypting: init has said less, and looked at what was made.
        shown = site.hsm("show").stdout
        assert "the key was made on the token and cannot leave it" in shown, shown


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        globals()[sys.argv[2]]()
    else:
        hallmark.run_tests(__name__)
