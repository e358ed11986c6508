#!/usr/bin/python3
"""The key process itself, with a real token: which keys, guards and certificates it does not serve,
what it has given up, what it says, and that the PIN is nowhere.

What it is asked for stands in guard_attack.py.
"""

import datetime
import json
import os
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
from hallmark import ORIGIN, Site
from keychannel import (LOST, ROLLBACK, KeyProcess, Tree, certificate_of, claims_of,
                        expect_no_service, grown, jwk_of, make_site, real_reports, refused, reports,
                        signed, told_why, verify_jws)


def test_it_is_not_started_by_hand():
    with make_site() as site:
        done = subprocess.run([hallmark.program("hallmark-hsm"), "serve", "-c",
                               str(site.path("hsm.yaml"))], env=site.env, capture_output=True,
                              text=True, close_fds=True)
        assert done.returncode == 1 and "descriptor 3" in done.stderr
        with open("/dev/null") as null:
            done = subprocess.run([hallmark.program("hallmark-hsm"), "serve", "-c",
                                   str(site.path("hsm.yaml"))], env=site.env, capture_output=True,
                                  text=True, pass_fds=(3,),
                                  preexec_fn=lambda: os.dup2(null.fileno(), 3))
        assert done.returncode == 1 and "descriptor 3" in done.stderr


def log_lines(site, *options):
    """Of a key process that cannot serve."""
    key = KeyProcess(site, start=False, options=options)
    assert key.process.wait() == 1
    return key.process.lines


def private_key_files(site):
    """SoftHSM keeps each object in a file: those that hold CKA_CLASS (0) = CKO_PRIVATE_KEY (3)."""
    return {path for path in site.path("tokens").glob("*/*.object")
            if struct.pack(">QQQ", 0, 2, 3) in path.read_bytes()}


def make_key(site, *attributes, label="log", number="01"):
    """A key pair that was not made by init."""
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                    "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", number,
                    "--token-label", "test", "--usage-sign", *attributes], env=site.env,
                   check=True, capture_output=True)


def certify(site, public_key):
    """By a CA: the key process itself has nothing signed for a key that it would not serve."""
    for command in ("csr", "self-sign"):
        done = site.hsm(command, check=False)
        assert done.returncode == 1 and "can, or could, leave" in done.stderr, done
        assert done.stdout == "" and not site.path("log.crt").exists(), done
    certificate = site.ca.build(site.ca.name, public_key).sign(site.ca.key,
                                                               keychannel.hashes.SHA256())
    hallmark.write_certificate(site.path("issued.crt"), certificate)
    done = site.hsm("import-cert", str(site.path("issued.crt")), check=False)
    assert done.returncode == 1 and "can, or could, leave" in done.stderr, done
    site.path("issued.crt").rename(site.path("log.crt"))


def test_it_links_no_reader_of_json_but_its_own():
    """It reads what a hostile signer sends: one library less in the process that has the PIN."""
    linked = subprocess.run(["ldd", hallmark.program("hallmark-hsm")], capture_output=True, text=True,
                            check=True).stdout
    assert "libcrypto" in linked and "libp11" in linked, linked
    for library in ("jansson", "libssl", "libuv", "sqlite", "zstd"):
        assert library not in linked, linked


def test_a_key_that_can_leave_is_refused():
    with Site() as site:
        make_key(site, "--extractable")
        der = subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test",
                              "--read-object", "--type", "pubkey", "--label", "log"], env=site.env,
                             check=True, capture_output=True).stdout
        certify(site, keychannel.serialization.load_der_public_key(der))
        expect_no_service(site, "extractable 1")
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "can, or could, leave" in done.stderr
        assert "REFUSED" in site.hsm("show", check=False).stdout


def test_a_key_from_elsewhere_is_refused():
    with Site() as site:
        key = keychannel.ec.generate_private_key(keychannel.ec.SECP256R1())
        serialization = keychannel.serialization
        site.path("key.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        subprocess.run(["softhsm2-util", "--import", str(site.path("key.pem")), "--token", "test",
                        "--label", "log", "--id", "01", "--pin", "1234"], env=site.env, check=True,
                       capture_output=True)
        certify(site, key.public_key())
        expect_no_service(site, "made on the token 0")


def test_a_guard_that_others_can_write_is_refused():
    with make_site() as site:
        state = site.guard_file()
        for place, mode, good in ((site.path("guard"), 0o770, 0o700), (state, 0o666, 0o600),
                                  (state, 0o620, 0o600)):
            place.chmod(mode)
            done = site.hsm("check", check=False)
            assert done.returncode == 1 and f"{mode:04o}" in done.stderr, done.stderr
            assert "chmod" in done.stderr, done.stderr
            expect_no_service(site, "closed to writing")
            place.chmod(good)
        moved = state.rename(site.path("moved"))
        state.symlink_to(moved)
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "symbolic link" in done.stderr, done.stderr
        expect_no_service(site, "symbolic link")
        state.unlink()
        moved.rename(state)
        if os.geteuid() != 0:
            return  # only root can give files away
        for place in (site.path("guard"), state):
            os.chown(place, 65534, -1)
            done = site.hsm("check", check=False)
            assert done.returncode == 1 and "user 65534" in done.stderr, done.stderr
            expect_no_service(site, "guard")
            os.chown(place, os.geteuid(), -1)
        site.hsm("check")


def test_log_lines_have_a_time_and_the_form_that_was_asked_for():
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)

    def soon(text):
        stamp = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
        return now - datetime.timedelta(seconds=1) < stamp < now + datetime.timedelta(minutes=10)

    with make_site() as site:
        site.path("hsm.yaml").write_text(site.path("hsm.yaml").read_text() + "sessions: 0\n")
        for good_configuration in (False, True):
            line, = (line for line in log_lines(site) if "key-process" in line)
            time, level, event, text = line.split(" ", 3)
            assert soon(time.removeprefix("time=")), line
            assert (level, event) == ("level=warning", "event=key-process"), line
            assert text.startswith('text="'), line
            line, = (json.loads(line) for line in log_lines(site, "--json"))
            assert soon(line["time"]), line
            assert (line["level"], line["event"]) == ("warning", "key-process"), line
            assert ("symbolic link" if good_configuration else "sessions") in line["text"], line
            site.write_configs()
            state = site.guard_file()
            if not good_configuration:
                state.symlink_to(state.rename(site.path("moved")))


def test_a_certificate_of_another_key_is_refused():
    with make_site() as site:
        site.path("log.crt").write_bytes(site.path("signer.crt").read_bytes())
        expect_no_service(site, "another key")
        site.path("log.crt").unlink()
        expect_no_service(site, "cannot read the certificate")


def test_a_signature_by_another_key_never_leaves():
    """A token that was reset may give the same handle to another key."""
    with make_site() as site:
        ours = private_key_files(site)
        make_key(site, "--sensitive", label="other", number="02")
        other, = private_key_files(site) - ours
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            data = other.read_bytes()  # begins with a number that SoftHSM reads again by
            next(iter(ours)).write_bytes(struct.pack(">Q", 1000) + data[8:])
            refused(key.sign(tree, 5), 504, 5, tree.hash())
            assert key.process.wait() == 1
            assert any("certificate does not verify" in line for line in key.process.lines)


def test_a_wrong_token_is_explained():
    with make_site(hsm={"token": "test"}) as site:
        site.options["hsm"] = {"token": "elsewhere"}
        site.write_configs()
        expect_no_service(site, "found 'test'")


def test_a_lost_token_is_said_and_ends_the_process():
    """The state is then ahead by the request that failed; a fresh process signs it."""
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            tree.add(*reports(2, 5))
            site.path("tokens").rename(site.path("away"))
            answer = key.sign(tree, 5)
            assert answer.error == 602 and b"token" in answer.body, answer
            assert key.process.wait() == 1
        site.path("away").rename(site.path("tokens"))
        with KeyProcess(site) as key:
            assert (key.state.size, key.state.root) == (7, tree.hash())
            signed(site, key.sign(tree, 7), tree)


def test_an_idle_process_notices_that_its_token_is_gone():
    with make_site(hsm={"keepalive_s": 1}) as site, KeyProcess(site) as key:
        grown(key, site, 5)
        site.path("tokens").rename(site.path("away"))
        assert "the token does not sign" in told_why(key, LOST)
        assert key.process.wait() == 1


def test_every_algorithm_serves():
    for algorithm, alg in (("p256", "ES256"), ("p384", "ES384"), ("rsa-3072", "RS256"),
                           ("rsa-4096", "RS256"), ("rsa-3072-pss", "PS256"), ("rsa-4096-pss", "PS256")):
        with make_site(hsm={"algorithm": algorithm}) as site, KeyProcess(site) as key:
            tree = grown(key, site, 5, real_reports)
            refused(key.checkpoint(4, Tree(reports(4)).hash(), []), ROLLBACK, 5, tree.hash())
            answer = key.token(2, tree.entries[2], tree.inclusion(2), 5)
            assert jwk_of(site)["alg"] == alg
            verify_jws(answer.body, jwk_of(site), certificate_of(site), claims_of(tree.entries[2], 2))


def test_every_thread_is_in_the_sandbox():
    with make_site(hsm={"sessions": 6}) as site, KeyProcess(site) as key:
        grown(key, site, 3)
        tasks = list(pathlib.Path(f"/proc/{key.process.pid}/task").iterdir())
        assert len(tasks) >= 7, tasks  # one for each session, and the one that reads
        for task in tasks:
            status = dict(line.split(":\t", 1) for line in
                          (task / "status").read_text().splitlines() if ":\t" in line)
            assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1", task
            assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, task


def test_the_process_has_given_up_its_rights():
    with make_site() as site, KeyProcess(site) as key:
        process = pathlib.Path(f"/proc/{key.process.pid}")
        status = dict(line.split(":\t", 1) for line in
                      (process / "status").read_text().splitlines() if ":\t" in line)
        for name in ("CapPrm", "CapEff", "CapInh"):
            assert int(status[name], 16) == 0, name
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        core = next(line for line in (process / "limits").read_text().splitlines()
                    if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core


def readable_memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            if end - begin > 256 * 2**20:  # a sanitizer's shadow, not the process's data
                continue
            try:
                memory.seek(begin)
                yield line, memory.read(end - begin)
            except OSError:
                continue


def test_the_pin_is_not_in_memory_arguments_or_log():
    pin = "Kr7vu-2mQx-99"
    with Site() as site:
        subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                        "--change-pin", "--new-pin", pin, "--token-label", "test"], env=site.env,
                       check=True, capture_output=True)
        site.secret("pin", pin + "\n")
        site.init_key()
        with KeyProcess(site) as key:
            grown(key, site, 3)
            process = pathlib.Path(f"/proc/{key.process.pid}")
            assert pin not in "\n".join(key.process.lines)
            assert pin.encode() not in (process / "cmdline").read_bytes()
            try:
                memory = dict(readable_memory(key.process.pid))
            except PermissionError:
                return  # not dumpable: only root may look
            assert any(ORIGIN.encode() in data for data in memory.values()), "nothing was read"
            found = [line for line, data in memory.items() if pin.encode() in data]
            assert not found, found


if __name__ == "__main__":
    hallmark.run_tests(__name__)
