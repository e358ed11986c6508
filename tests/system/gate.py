#!/usr/bin/python3
"""The gate: a program is measured before it starts, and starts or does not, by the verdict of a real signer."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gated import Gate, libraries, lines_of, replayed
from hallmark import PATIENCE_S, run_tests
from images import Image
from judged import sums
from packages import directory, entry, tar


def test_what_is_as_it_was_built_starts_and_what_was_altered_does_not():
    with Gate(start={}) as g:
        g.begin()
        done = g.gate("--", str(g.tool), "-c", "echo started $0 $#; exit 7", "zero", "one")
        assert (done.returncode, done.stdout) == (7, "started zero 1\n"), done
        assert "app: may start: affirming, by report" in done.stderr, done.stderr
        g.alter()
        done = g.gate("--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "denied: contraindicated, by report" in lines_of(done), done.stderr
        assert f"executable changed-file {g.tool}" in lines_of(done), done.stderr
        assert not list(g.site.path("state").glob("gate-*")), "what was measured is left"
        replayed(g, 2)


def test_it_goes_on_as_the_program_in_the_same_process():
    """With its number, its signals, its files and its environment; found as a shell finds it."""
    with Gate(start={}) as g:
        g.begin()
        env = {**os.environ, "PATH": f"{g.dir}:{os.environ['PATH']}", "ONE": "1"}
        child = subprocess.Popen(g.command("--", "tool", "-c", "echo $$ $ONE; read word; echo $word; kill -TERM $$"),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
        out, _ = child.communicate(b"word\n", timeout=PATIENCE_S)
        assert out.split() == [str(child.pid).encode(), b"1", b"word"], out
        assert child.returncode == -signal.SIGTERM


def test_a_script_is_judged_with_what_interprets_it():
    with Gate(start={}) as g:
        script = g.dir / "entry"
        script.write_text(f"#!{g.tool}\necho $0 $1\n")
        script.chmod(0o755)
        g.known += sums([str(script)])
        g.begin()
        done = g.gate("--", str(script), "one")
        assert (done.returncode, done.stdout) == (0, f"{script} one\n"), done
        g.alter()  # which is not the command
        done = g.gate("--", str(script), "one")
        assert (done.returncode, done.stdout) == (1, ""), done
        assert f"executable other-process {g.tool}" in lines_of(done), done.stderr


def test_a_library_that_would_be_loaded_counts():
    """Also by its environment."""
    if os.environ["HALLMARK_BUILD"].endswith("san"):
        print("     a sanitizer's runtime has to be loaded before what LD_PRELOAD names")
        return
    with Gate(start={}) as g:
        g.begin()
        other = g.dir / "libother.so"
        shutil.copy([p for p in libraries(g.tool) if "libc.so" in p][0], other)
        done = g.gate("--", str(g.tool), "-c", "true", env={**os.environ, "LD_PRELOAD": str(other)})
        assert done.returncode == 1 and f"libraries unknown-file {other}" in lines_of(done), done
        (g.dir / "lib").mkdir()
        other.rename(g.dir / "lib" / "libc.so.6")
        done = g.gate("--", str(g.tool), "-c", "true", env={**os.environ, "LD_LIBRARY_PATH": str(g.dir / "lib")})
        assert done.returncode == 1 and "libraries unknown-file" in lines_of(done), done
        assert g.gate("--", str(g.tool), "-c", "true").returncode == 0


def test_no_environment_hides_a_library():
    """What loaders take of it in other ways than it looks: the current directory, a variable said twice, who audits."""
    if os.environ["HALLMARK_BUILD"].endswith("san"):
        print("     a sanitizer's runtime has to be loaded before what LD_PRELOAD names")
        return
    with Gate(start={}) as g:
        g.begin()
        run = ("--", str(g.tool), "-c", "true")
        hidden = g.dir / "hidden"
        hidden.mkdir()
        other = hidden / "libc.so.6"
        shutil.copy([p for p in libraries(g.tool) if "libc.so" in p][0], other)
        with open(other, "ab") as file:
            file.write(b"altered")
        for path in ("hidden", "/none:"):
            done = g.gate(*run, env={**os.environ, "LD_LIBRARY_PATH": path}, cwd=g.dir if path == "hidden" else hidden)
            assert done.returncode == 1 and "unmeasured libraries" in lines_of(done), (path, done)
        done = g.gate(*run, env={**os.environ, "LD_AUDIT": str(other)})
        assert done.returncode == 1 and f"libraries unknown-file {other}" in lines_of(done), done
        # No dict has a name twice; and what it says first is found first by getenv().
        twice = b"LD_PRELOAD=\0LD_PRELOAD=" + os.fsencode(other) + b"\0"
        done = said_twice(g, run, twice)
        assert (done.returncode, "LD_PRELOAD once" in lines_of(done)) == (2, True), done


def said_twice(g, run, variables):
    """As gate(), with an environment of just these, by execve(2) itself."""
    code = ("import ctypes, os, sys\n"
            "c = ctypes.CDLL(None); words = [os.fsencode(w) for w in sys.argv[2:]]\n"
            "have = [w for w in bytes.fromhex(sys.argv[1]).split(b'\\0') if w]\n"
            "array = lambda list: (ctypes.c_char_p * (len(list) + 1))(*list, None)\n"
            "c.execve(words[0], array(words), array(have))\n")
    return subprocess.run([sys.executable, "-c", code, variables.hex(), *g.command(*run)], capture_output=True, text=True,
                          timeout=3 * PATIENCE_S, check=False)


def test_what_it_is_loaded_with_is_of_where_it_starts():
    """And not of the host's root that the configuration names, where there is another one."""
    with Gate(start={}) as g:
        g.begin()
        host = g.dir / "host"
        for path in ("/proc", *libraries(g.tool)):
            (host / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        for path in libraries(g.tool):
            (host / path[1:]).write_bytes(b"\x7fELF, of another host")
        (host / "proc").symlink_to("/proc")
        config = g.site.path("collector.yaml")
        config.write_text(config.read_text() + f"host_root: \"{host}\"\n")
        done = g.gate("--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (0, "started\n"), done


def test_without_a_command_it_only_says():
    """As for ExecStartPre=: of the program of the workload, or of another one."""
    with Gate(start={}) as g:
        g.begin()
        assert g.gate().returncode == 0
        done = g.gate("--program", "/bin/cat")
        assert done.returncode == 1 and "unknown-file" in lines_of(done), done
        g.alter()
        assert g.gate().returncode == 1


def test_what_is_not_known_starts_nothing():
    with Gate() as g:
        g.begin()
        done = g.gate("--", str(g.tool), "-c", "echo started")  # the policy says nothing of a start
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "not known: the signer refuses to judge it" in lines_of(done) and "unauthorized" in done.stderr, done
        g.signer.wait_for("event=refusal code=unauthorized .* what has to be there before")
        for command in ("nowhere", str(g.dir), "/etc/passwd"):
            done = g.gate("--", command)
            assert done.returncode == 2 and "not known" in done.stderr, done
        with open(g.tool, "ab"):
            done = g.gate("--", str(g.tool), "-c", "echo started")
        assert done.returncode == 2 and "somebody has it open" in done.stderr or os.geteuid() != 0, done
        assert g.gate("--", "").returncode == 2
        config = g.site.path("collector.yaml")
        config.write_text(config.read_text().replace("log_certificate: \"log.crt\"", ""))
        done = g.gate("--", str(g.tool), "-c", "echo started")
        assert done.returncode == 2 and "log_certificate" in done.stderr, done
        for wrong in (["--max-age", "0"], ["--root", "/nowhere"], ["-x", "1"], ["--"], ["b"], ["--timeout"]):
            done = g.gate(*wrong)
            assert done.returncode == 2 and "usage:" in done.stderr, done


def test_a_signer_that_is_away_or_slow_starts_nothing():
    with Gate(start={}) as g:
        g.begin()
        assert g.gate("--", str(g.tool), "-c", "true").returncode == 0
        with socket.create_server(("127.0.0.1", 0)) as silent:
            g.configure(silent.getsockname()[1])
            done = g.gate("--timeout", "1", "--", str(g.tool), "-c", "echo started")
            assert (done.returncode, done.stdout) == (2, "") and "no answer in time" in done.stderr, done
        done = g.gate("--", str(g.tool), "-c", "echo started")
        assert (done.returncode, done.stdout) == (2, "") and "refused" in done.stderr, done
        child = subprocess.Popen(g.command("--", str(g.tool)), stderr=subprocess.PIPE)
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) in (2, -signal.SIGTERM)
        child.stderr.close()


def test_a_program_that_changes_while_it_is_judged_does_not_start():
    with Gate(start={}) as g:
        g.begin()
        g.signer.signal(signal.SIGSTOP)
        child = subprocess.Popen(g.command("--", str(g.tool), "-c", "echo started"), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + PATIENCE_S
        while not os.path.exists(f"/proc/{child.pid}/task/{child.pid}/children") or not list(
                g.site.path("state").glob("gate-*/lock")):
            assert time.monotonic() < until and child.poll() is None, child.communicate()
        writer = threading.Thread(target=g.alter)  # the lease may hold it up
        writer.start()
        writer.join(0.05)
        g.signer.signal(signal.SIGCONT)
        out, err = child.communicate(timeout=PATIENCE_S)
        writer.join()
        assert out == "" and child.returncode in (1, 2), (out, err)
        assert child.returncode == 1 or "changed" in err, err


def test_a_receipt_may_serve_again_for_the_same_and_for_nothing_else():
    with Gate(start={}) as g:
        g.begin()
        run = ("--max-age", "60", "--", str(g.tool), "-c", "echo started")
        assert g.gate(*run[:2], "--", str(g.tool), "-c", "true").returncode == 0
        assert g.signer.stop() == 0
        done = g.gate(*run)
        assert (done.returncode, done.stdout) == (0, "started\n") and "affirming, by report" in done.stderr, done
        assert g.gate(*run[2:]).returncode == 2, "nobody said that it may"
        until = time.monotonic() + PATIENCE_S
        while g.gate("--max-age", "1", *run[2:]).returncode != 2:
            assert time.monotonic() < until
        kept, = g.site.path("receipts").glob("start/app.tlog-proof")
        content = kept.read_bytes()
        kept.write_bytes(content.replace(b"index ", b"index 1"))
        assert g.gate(*run).returncode == 2
        kept.write_bytes(content)
        assert g.gate(*run).returncode == 0
        g.alter()
        done = g.gate(*run)
        assert (done.returncode, done.stdout) == (2, ""), done


def test_a_tree_is_built_altered_refused_and_deployed_as_it_was_built():
    """What a pipeline does (doc/ci.md)."""
    with Gate(start={}, measure=["files"], files=["/srv/app/**"]) as g:
        built = g.dir / "built"
        (built / "srv/app").mkdir(parents=True)
        (built / "srv/app/one").write_text("one\n")
        (built / "srv/app/two").write_text("two\n")
        g.known = sums(str(p) for p in built.glob("srv/app/*")).replace(f"{built}/", "/")
        g.entry = {"files": {"references": ["known"], "owners": [os.getuid()], "writable_by_others": "contraindicated"},
                   "start": {}}
        g.begin()
        deploy = ["--", "/bin/cp", "-r", str(built / "srv"), str(g.dir / "target")]
        receipt = g.site.path("receipt.tlog-proof")
        (built / "srv/app/two").write_text("too\n")
        done = g.gate("--root", str(built), "--receipt", str(receipt), *deploy)
        assert done.returncode == 1 and "files changed-file /srv/app/two" in lines_of(done), done
        assert not (g.dir / "target").exists()
        (built / "srv/app/two").write_text("two\n")
        done = g.gate("--root", str(built), "--receipt", str(receipt), *deploy)
        assert done.returncode == 0 and (g.dir / "target/app/two").read_text() == "two\n", done
        told = g.site.audit("verify", str(receipt), "--cert", str(g.site.path("log.crt")))
        assert "app/start on spiffe://test/host: AFFIRMING" in told.stdout, told.stdout
        replayed(g, 2)


def test_of_a_unit_the_program_is_named():
    """What systemd would start is not guessed: it is said how to name it, and then it is judged as any."""
    with Gate(start={}) as g:
        g.begin()
        g.measure = {"unit": "app.service", "measure": ["executable", "libraries"]}
        g.configure()
        done = g.gate()
        assert done.returncode == 2, done
        assert "which program the unit app.service would start" in lines_of(done), done.stderr
        assert "ExecStart by --program FILE" in lines_of(done), done.stderr
        assert g.gate("--program", str(g.tool)).returncode == 0
        g.alter()
        assert g.gate("--program", str(g.tool)).returncode == 1


def while_it_reads(path, change, command):
    """Runs the command, stops whoever reads this file before its end, has it changed, and lets that go on."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 2 * PATIENCE_S
    stopped = None
    while stopped is None:
        assert child.poll() is None and time.monotonic() < until, child.communicate()
        for fd in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                if os.readlink(fd) == str(path):
                    pid = int(fd.parts[2])
                    os.kill(pid, signal.SIGSTOP)
                    at = int((fd.parent.parent / "fdinfo" / fd.name).read_text().split()[1])
                    stopped = pid if at < path.stat().st_size // 2 else None
                    if stopped is None:
                        os.kill(pid, signal.SIGCONT)
                    break
    change()
    os.kill(stopped, signal.SIGCONT)
    out, err = child.communicate(timeout=2 * PATIENCE_S)
    return child.returncode, out, " ".join(err.split())


LARGE = 256 * 1024 * 1024  # bytes; read in a quarter of a second at the fastest


def test_a_tree_that_changes_while_it_is_read_is_refused():
    with Gate(start={}, measure=["files"], files=["/srv/**"]) as g:
        large = g.dir / "built/srv/large"
        large.parent.mkdir(parents=True)
        with open(large, "wb") as file:
            file.truncate(LARGE)
        g.known = f"{hashlib.sha256(bytes(LARGE)).hexdigest()}  /srv/large\n"
        g.entry = {"files": {"references": ["known"], "owners": [os.getuid()]}, "start": {}}
        g.begin()
        run = ("--root", str(g.dir / "built"), "--", "/bin/echo", "deployed")
        assert g.gate(*run).stdout == "deployed\n"

        def change():
            with open(large, "r+b") as file:
                file.seek(LARGE - 1)
                file.write(b"x")

        status, out, err = while_it_reads(large, change, g.command(*run))
        assert (status, out) == (1, "") and "files unstable-file /srv/large" in err, (status, out, err)


def test_an_image_that_changes_while_it_is_read_is_refused():
    with Gate(start={}, measure=["files"], files=["/srv/**"]) as g:
        content = os.urandom(1024 * 1024) * (LARGE // 1024 // 1024)
        image = Image(tar(directory("srv"), entry("srv/large", content)), pack=lambda tar: tar)
        layout = image.layout(g.dir / "layout")
        layer, = [p for p in (layout / "blobs/sha256").iterdir() if p.stat().st_size > LARGE]
        g.known = f"{hashlib.sha256(content).hexdigest()}  /srv/large\n"
        g.entry = {"files": {"references": ["known"]}, "start": {}}
        g.begin()
        run = ("--image", str(layout), "--", "/bin/echo", "deployed")
        done = g.gate(*run)
        assert done.stdout == "deployed\n", done

        def change():
            with open(layer, "r+b") as file:
                file.seek(LARGE)
                file.write(b"x")

        status, out, err = while_it_reads(layer, change, g.command(*run))
        assert (status, out) == (2, ""), (status, out, err)
        assert "the image could not be measured" in err and str(layout) in err, err


def test_several_start_at_once():
    """They write to one chain, whoever is first."""
    with Gate(start={}) as g:
        g.begin()
        all_of_them = [subprocess.Popen(g.command("--", str(g.tool), "-c", "echo started"),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for child in all_of_them:
            out, err = child.communicate(timeout=2 * PATIENCE_S)
            assert (child.returncode, out) == (0, "started\n"), err
        replayed(g, 4)


def test_what_is_judged_is_what_ldd_names_and_the_artifact_is_the_program():
    with Gate(start={}) as g:
        g.begin()
        assert g.gate("--receipt", str(g.site.path("receipt"))).returncode == 0
        shown = json.loads(g.site.audit("show", str(g.site.path("receipt")), "--evidence", str(g.site.path("evidence")),
                                        "--components", "--json").stdout)
        of = {kind: sorted(i["path"] for i in c["items"]) for kind, c in shown["components"].items()}
        assert of == {"executable": [str(g.tool)], "libraries": libraries(g.tool)}, of
        ext = base64.urlsafe_b64decode(shown["entry"]["hallmark.bundle"]["extensions"] + "==")
        assert b"\xa4file\xc4\x20" + hashlib.sha256(g.tool.read_bytes()).digest() in ext, ext
        g.site.path("receipt").write_text("an older one")
        g.configure(1)
        assert g.gate("--receipt", str(g.site.path("receipt"))).returncode == 2
        assert not g.site.path("receipt").exists()


def test_it_may_be_the_first_process_of_a_container():
    with Gate(start={}) as g:
        g.begin()
        within = ["unshare", "--pid", "--fork", "--mount-proc"]
        if os.geteuid() != 0 or subprocess.run([*within, "true"], check=False).returncode != 0:
            print("     no namespaces here")
            return
        script = "echo $$; for p in /proc/[0-9]*; do echo $p; done; exit 3"
        done = subprocess.run([*within, *g.command("--", str(g.tool), "-c", script)], capture_output=True, text=True,
                              timeout=3 * PATIENCE_S, check=False)
        assert (done.returncode, done.stdout) == (3, "1\n/proc/1\n"), f"somebody is left: {done}"


def test_its_chain_is_none_of_the_workload_that_runs():
    with Gate(start={}) as g:
        g.begin()
        running = g.start(str(g.tool), "-c", "read word")
        try:
            for _ in range(2):
                g.verdict()
                assert g.gate().returncode == 0
        finally:
            g.end(running)
        listed = g.site.tool("hallmark-signer", "workloads", "--socket", str(g.site.path("run/status.sock")),
                             check=False).stdout
        assert "app/start" not in listed
        replayed(g, 4)


if __name__ == "__main__":
    run_tests(__name__)
