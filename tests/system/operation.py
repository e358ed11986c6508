#!/usr/bin/python3
"""Running a signer: reload, stop, status, limits, tokens, dialects; what an operator relies on."""

import base64
import json
import os
import signal
import re
import socket
import subprocess
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

import appraisal
import hallmark
import rederivation
import statements
import wire
from hallmark import APP, EVIL, ORIGIN, Site, lock_key, with_nobody_to_ask
from logimage import notices


def status_of(receipt, workload="app"):
    return json.loads(receipt["report"])["submods"][workload]


def test_an_independent_collector_gets_a_receipt_that_verifies():
    with Site() as site:
        signer = site.start_signer()
        receipt = site.collector().submit("app", APP)
        size, _ = wire.verify_receipt(receipt, site.certificate, ORIGIN)
        report = json.loads(receipt["report"])
        assert size == notices() + 1 and report["sub"] == "spiffe://test/host1" and report["iss"] == ORIGIN
        assert status_of(receipt)["ear.status"] == "affirming"
        site.path("r.tlog-proof").write_bytes(wire.tlog_proof(receipt))
        site.audit("verify", str(site.path("r.tlog-proof")), "--cert", str(site.path("log.crt")),
                   "--origin", ORIGIN)
        assert signer.stop() == 0


def test_an_unchanged_host_sends_a_few_hundred_bytes():
    """Promise 8."""
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        components = {**APP, "host": wire.component("host", [
            wire.fact_item("kernel", "6.1.0" * 100), wire.fact_item("modules", *["x" * 20] * 50)])}
        collector.submit("app", components)
        data = wire.frame([wire.BUNDLE, {"bundle": collector.make("app", components)}])
        assert len(data) < 400, len(data)
        receipt = collector.submit("app", components)
        assert receipt["seq"] == 2
        assert site.status()["counters"]["components"] == 2


def test_reload_takes_a_new_policy_without_dropping_connections():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        assert status_of(collector.submit("app", EVIL))["ear.status"] == "contraindicated"
        evil = hallmark.hashlib.sha256(b"evil").hexdigest()
        site.write_policy(reference=f"{evil}  /usr/bin/app\n")
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded path=.* policy=")
        assert status_of(collector.submit("app", EVIL))["ear.status"] == "affirming"
        assert status_of(collector.submit("app", APP))["ear.status"] == "contraindicated"
        assert site.status()["counters"]["connections_accepted"] == 1
        assert signer.stop() == 0
        site.audit("replay", "--log", str(site.path("log")), "--evidence",
                   str(site.path("evidence")), "--cert", str(site.path("log.crt")), "--all")


def test_reload_refuses_a_bad_file_and_keeps_the_old():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        good = {name: site.path(name).read_text()
                for name in ("policy.yaml", "signer.yaml", "signer.crt", "known.sha256")}
        bad = {"policy.yaml": "name: test\nworkloads: 7\n",
               "signer.yaml": good["signer.yaml"] + "unknown_key: 1\n",
               "signer.crt": "no certificate\n",
               "known.sha256": "no digest\n"}
        for name, text in bad.items():
            line = len(signer.lines)
            site.path(name).write_text(text)
            signer.signal(signal.SIGHUP)
            found = signer.wait_for("event=reload-refused", line)
            assert name in found or name == "signer.crt", found
            told = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), check=False) \
                if name != "signer.yaml" else None
            assert told is None or (told.returncode == 1 and "was refused: what was in force before" in told.stdout), told
            assert site.status()["reload_refused"].startswith("20")
            assert status_of(collector.submit("app", APP))["ear.status"] == "affirming"
            site.path(name).write_text(good[name])
        line = len(signer.lines)
        site.path("signer.yaml").write_text(good["signer.yaml"].replace(
            f"127.0.0.1:{site.port}", "127.0.0.1:1"))
        signer.signal(signal.SIGHUP)
        found = signer.wait_for("event=reload-refused", line)
        assert "reload: listen: port" in found and "restart" in found, found
        site.path("signer.yaml").write_text(good["signer.yaml"])
        line = len(signer.lines)
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded", line)
        assert site.status()["reload_refused"] is None
        assert not any(":0:" in line for line in signer.lines)
        assert all(line.startswith("time=20") for line in signer.lines), signer.lines
        site.path("signer.yaml").write_text(good["signer.yaml"])
        assert site.status()["counters"]["reloads_refused"] == 5
        assert site.collector("host2").submit("app", APP)["index"] == notices() + 4
        assert signer.stop() == 0


def test_a_revoked_collector_is_out_after_a_reload():
    with Site() as site:
        site.ca.revoke(site.path("crl.pem"))
        site.options["tls"] = {"client_crl": "crl.pem"}
        site.write_configs()
        signer = site.start_signer()
        site.collector("good").submit("app", APP)
        site.collector("bad").submit("app", APP)
        site.ca.revoke(site.path("crl.pem"), wire.load_certificate(site.path("bad.crt")))
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded")
        site.collector("good", connect=False).connect().submit("app2", APP)
        try:
            site.collector("bad")
            raise AssertionError("let in")
        except (wire.Closed, OSError):
            pass
        assert site.status()["refusals"]["tls-handshake"] == 1


def test_a_reload_during_the_start_follows_it():
    with Site() as site:
        site.init_key()
        signer = site.start_signer(wait=False)
        while not site.path("index.db").exists():
            assert signer.child.poll() is None, signer.lines
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=reloaded")
        signer.wait_for("event=listening")
        site.collector().submit("app", APP)
        assert signer.stop() == 0


def test_sigterm_drains_and_stops_in_time():
    with Site() as site:
        signer = site.start_signer()
        receipts, stop = [], threading.Event()

        def load(number):
            collector = site.collector("load")
            try:
                while not stop.is_set():
                    receipts.append(collector.submit(f"load{number}", APP))
            except (wire.Closed, OSError):
                pass

        site.collector("load").submit("first", APP)
        threads = [threading.Thread(target=load, args=(n,), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        while len(receipts) < 50:
            pass
        began = time.monotonic()
        assert signer.stop() == 0
        assert time.monotonic() - began < 10
        stop.set()
        for thread in threads:
            thread.join()
        for receipt in receipts:
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
        note = site.path("log/checkpoint").read_bytes()
        _, size, _ = wire.open_checkpoint(note, site.certificate, ORIGIN)
        assert size > max(r["index"] for r in receipts)
        assert not list(site.path("log").glob("pending.*")), "everything is published"


def test_closed_standard_descriptors_are_no_place_for_others():
    """Else what is logged goes into the file or connection that is opened next."""
    with Site() as site:
        site.init_key()
        child = subprocess.Popen(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                                  hallmark.program("hallmark-signer"), "run", "-c",
                                  str(site.path("signer.yaml"))], env=site.env)
        try:
            deadline = time.monotonic() + hallmark.PATIENCE_S
            while not site.path("run/status.sock").exists():
                assert time.monotonic() < deadline and child.poll() is None
            site.key_process_pid()
            for fd in range(3):
                assert os.readlink(f"/proc/{child.pid}/fd/{fd}") == "/dev/null", fd
            child.terminate()
            assert child.wait(hallmark.PATIENCE_S) == 0
        finally:
            child.kill()
            child.wait()


def test_sigterm_does_not_wait_for_a_dead_token():
    with Site(key_process={"deadline_ms": 60000}, hsm={"deadline_ms": 50000}) as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        collector.connection.send([wire.BUNDLE, {"bundle": collector.make("app", APP)}])
        while site.status()["in_flight"] == 0:
            pass
        began = time.monotonic()
        signer.signal(signal.SIGTERM)
        signer.child.wait(hallmark.PATIENCE_S)
        took = time.monotonic() - began
        assert took < 10, took
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        signer.wait()
        signer = site.start_signer()
        assert site.status()["log_size"] == notices(2) + 2
        assert signer.stop() == 0


def test_reloads_until_the_end_do_not_end_it_otherwise():
    with Site() as site:
        signer = site.start_signer()
        signer.signal(signal.SIGTERM)
        while signer.child.poll() is None:
            signer.signal(signal.SIGHUP)
        assert signer.wait() == 0


def test_a_key_process_that_hangs_is_replaced():
    with Site(key_process={"deadline_ms": 800}, hsm={"deadline_ms": 500}) as site:
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        pid = site.key_process_pid()
        os.kill(pid, signal.SIGSTOP)
        receipt = collector.submit("app", APP)
        wire.verify_receipt(receipt, site.certificate, ORIGIN)
        assert receipt["index"] == notices() + 1 and site.key_process_pid() != pid
        signer.wait_for("no answer within the deadline")
        assert signer.stop() == 0


def test_status_in_its_forms():
    with Site() as site:
        signer = site.start_signer()
        site.collector().submit("app", APP)
        socket_path = str(site.path("run/status.sock"))
        table = site.tool("hallmark-signer", "status", "--socket", socket_path).stdout
        assert table.splitlines()[1] == "1 workload on 1 host: 1 affirming", table
        numbers = site.tool("hallmark-signer", "status", "--socket", socket_path, "--numbers").stdout
        assert "key_process" in numbers and "receipt" in numbers
        prometheus = site.tool("hallmark-signer", "status", "--socket", socket_path,
                               "--prometheus").stdout
        assert "\nhallmark_reports_total 1\n" in prometheus
        assert "\nhallmark_key_process_up 1\n" in prometheus
        status = site.status()
        assert status["counters"]["reports_affirming"] == 1 and status["signature_age_ms"] < 60000
        by_config = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")))
        assert "1 affirming" in by_config.stdout
        assert signer.stop() == 0
        gone = site.tool("hallmark-signer", "status", "--socket", socket_path, check=False)
        assert gone.returncode == 1 and "is the signer running?" in gone.stderr


def status_of_peer(site, reply):
    """What each form makes of another answer than a status."""
    path = site.path("run/other.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        for form in ([], ["--json"], ["--prometheus"]):
            def answer():
                with listener.accept()[0] as peer:
                    assert peer.recv(64) == b"status\n"
                    peer.sendall(reply)
            thread = threading.Thread(target=answer)
            thread.start()
            yield site.tool("hallmark-signer", "status", "--socket", str(path), *form, check=False)
            thread.join()
    path.unlink()


def test_a_status_that_is_none_is_no_success():
    """A monitor goes by the exit status: nothing, half of one, or another program's JSON."""
    with Site() as site:
        for reply in (b"", b"{}\n", b'{"key_process":1}', b'{"log":"x","counters":{', b"text"):
            for done in status_of_peer(site, reply):
                assert done.returncode == 1 and done.stdout == "", (reply, done)
                assert "expected a status in JSON" in done.stderr, done
        signer = site.start_signer()
        path = str(site.path("run/status.sock"))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([hallmark.program("hallmark-signer"), "status", "--socket", path],
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == 1 and "No space left" in done.stderr, done
        signer.signal(signal.SIGSTOP)
        done = site.tool("hallmark-signer", "status", "--socket", path, check=False)
        signer.signal(signal.SIGCONT)
        assert done.returncode == 1 and "no answer within" in done.stderr, done
        assert signer.stop() == 0


def test_log_lines_as_json():
    with Site() as site:
        path = site.path("signer.yaml")
        path.write_text(path.read_text() + "logging:\n  format: json\n")
        signer = site.start_signer(wait=False)
        signer.wait_for('"event":"listening"')
        collector = site.collector()
        try:
            collector.submit('a"b=c', APP, nonce=os.urandom(32))
        except wire.Refused:
            pass
        line = json.loads(signer.wait_for('"event":"refusal"'))
        assert line["workload"] == 'a"b=c' and line["code"] == "nonce-unknown"
        assert signer.stop() == 0
        # Those of the key process too, on the same stream.
        site.path("hsm.yaml").write_text(site.path("hsm.yaml").read_text() + "sessions: 0\n")
        signer = site.start_signer(wait=False)
        line = json.loads(signer.wait_for('"event":"key-process".*sessions'))
        assert "hsm.yaml:" in line["text"] and line["time"].startswith("20"), line
        signer.wait_for('"event":"key-process-down"')  # by its loop: so it hears signals now
        status = signer.stop()
        assert status == 0, (status, signer.lines[-5:])
        assert all(isinstance(json.loads(line), dict) for line in signer.lines)


def test_a_jws_for_relying_parties():
    """The second seal: what the report says as a JWT, signed by the token, verified with the JWK set."""
    with Site() as site:
        site.write_policy(token=[{"profile": "test"}])
        signer = site.start_signer()
        keys = json.loads(site.hsm("jwks").stdout)["keys"]
        receipts = []
        collectors = [site.collector() for _ in range(3)]
        for turn in range(10):
            for n, collector in enumerate(collectors):
                receipts.append(collector.submit(f"app{n}", APP))
        for receipt in receipts:
            wire.verify_receipt(receipt, site.certificate, ORIGIN)
            header, payload, mark = receipt["tokens"][0].split(".")
            report, claims = json.loads(receipt["report"]), json.loads(unbase64(payload))
            assert claims["iss"] == "https://attest.test" and claims["aud"] == "https://party.test"
            assert claims["sub"] == f"spiffe://test/host1/{receipt['workload']}"
            assert (claims["iat"], claims["exp"]) == (report["iat"], report["iat"] + 1800)
            assert claims["jti"] == wire.leaf_hash(receipt["report"]).hex()
            assert claims["submods"][receipt["workload"]]["ear.status"] == "affirming"
            assert (claims["hallmark.log"], claims["hallmark.index"]) == (ORIGIN, receipt["index"])
            header = json.loads(unbase64(header))
            assert header["alg"] == "ES256" and header["kid"] == keys[0]["kid"]
            raw = unbase64(mark)
            der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                             int.from_bytes(raw[32:], "big"))
            public_key(keys[0]).verify(der, ".".join(receipt["tokens"][0].split(".")[:2]).encode(),
                                       ec.ECDSA(hashes.SHA256()))
        assert site.status()["counters"]["tokens"] == 30
        # And with the key process killed in between, nothing waits for ever.
        os.kill(site.key_process_pid(), 9)
        assert collectors[0].submit("app0", APP)["tokens"][0]
        assert signer.stop() == 0


def test_check_says_what_it_can_of_the_profiles_of_tokens():
    """All, where it runs as the key process's user; where another starts that, only what is asked."""
    with Site() as site:
        site.write_policy(token=[{"profile": "test"}])
        done = check(site)
        assert done.returncode == 0 and "profile" not in done.stdout, done
        site.write_policy(token=[{"profile": "tests"}])
        done = check(site)
        assert done.returncode == 1
        assert re.search(r'policy\.yaml:\d+: tokens: .* by the profile "tests", for its only audience: \S*hsm\.yaml has 1 '
                         r'profiles under "tokens", none of that name; did you mean "test"\?', done.stderr), done
        for wanted, said in ((dict(audience="https://party.test"), None),
                             (dict(audience="https://party.tes"), "hsm.yaml it lists 1 others"),
                             (dict(lifetime_s=1801), "hsm.yaml it gives 1800 s at most")):
            site.write_policy(token=[{"profile": "test", **wanted}])
            done = check(site)
            assert (said or "") in done.stdout + done.stderr and bool(said) == ("profile" in done.stdout + done.stderr)
            assert done.returncode == ("lists" in (said or "")), done
        site.write_policy(token=[{"profile": "tests"}])
        site.init_key()
        assert ("profile  'test' gives tokens of https://attest.test for https://party.test, for 1800 s"
                in site.hsm("check").stdout)
        config = f"  config: {json.dumps('hsm.yaml')}\n"
        program = f"  program: {json.dumps(hallmark.program('hallmark-hsm'))}\n"
        done = check(site, **{config: "", program: "  socket: hsm.sock\n"})
        assert done.returncode == 0, done
        assert 'wants one by the profile "tests", for its only audience; hallmark-hsm check shows' in done.stdout, done


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_key(jwk):
    return ec.EllipticCurvePublicNumbers(int.from_bytes(unbase64(jwk["x"]), "big"),
                                         int.from_bytes(unbase64(jwk["y"]), "big"),
                                         ec.SECP256R1()).public_key()


def test_a_collector_that_signs_its_chain():
    with Site() as site:
        site.write_policy(signature_every_s=3600)
        signer = site.start_signer()
        collector = site.collector()
        first = status_of(collector.submit("app", APP))
        assert first["ear.status"] == "warning", first
        with open(site.path("host1.key"), "rb") as file:
            key = hallmark.serialization.load_pem_private_key(file.read(), None)

        def sign(data):
            return key.sign(b"hallmark bundle signature v1\n" + data, ec.ECDSA(hashes.SHA256()))

        signed = collector.submit("app", APP, signature=sign)
        assert status_of(signed)["ear.status"] == "affirming"
        assert "hallmark.signature" in json.loads(signed["report"])
        assert status_of(collector.submit("app", APP))["ear.status"] == "affirming"
        assert signer.stop() == 0
        site.audit("replay", "--log", str(site.path("log")), "--evidence",
                   str(site.path("evidence")), "--cert", str(site.path("log.crt")), "--all")


def test_offline_evidence_is_never_fresh():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        try:
            collector.submit("app", APP, nonce=b"")
            raise AssertionError("nothing fresh was there")
        except wire.Refused as refusal:
            assert refusal.name == "gap-place", refusal
        collector.submit("app", APP)
        verdict = status_of(collector.submit("app", APP, nonce=b""))
        assert verdict["ear.status"] == "warning" and verdict["hallmark.findings"], verdict
        old = int(time.time() * 1000) - 86400_000
        verdict = status_of(collector.submit("app2", APP, time_ms=old), "app2")
        assert verdict["ear.status"] == "warning", verdict
        assert signer.stop() == 0


def test_extensions_of_a_bundle_are_carried():
    """Known ones and others: the log has their bytes, and the verdict is none the worse."""
    known = {"configuration": bytes(32), "program": bytes(range(32))}
    other = {**known, "x_site": ["rack", 7, {"a": b"\x00"}]}
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        for ext in (known, other, None, {"leaving": "stopped"}):
            receipt = collector.submit("app", APP, ext=ext, next_s=0 if ext is None or "leaving" in ext
                                       else 66)
            report = json.loads(receipt["report"])["hallmark.bundle"]
            assert ("extensions" in report) == (ext is not None)
            if ext:
                carried = report["extensions"] + "=" * (-len(report["extensions"]) % 4)
                assert base64.urlsafe_b64decode(carried) == wire.pack(dict(sorted(ext.items())))
            assert report["next"] == (66 if ext and "leaving" not in ext else 0)
            assert status_of(receipt)["ear.status"] == "affirming"
        assert signer.stop() == 0


def test_what_no_rule_looks_at_is_never_affirming():
    """Promise 4."""
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        components = {**APP, "libraries": wire.component("libraries", [
            wire.file_item("/lib/x.so", b"x")])}
        verdict = status_of(collector.submit("app", components))
        assert verdict["ear.status"] == "warning" and verdict["hallmark.not-checked"] == ["libraries"]
        verdict = status_of(collector.submit("app2", {"host": wire.component("host", [
            wire.fact_item("kernel", "6")])}), "app2")
        assert verdict["ear.status"] == "contraindicated", verdict
        assert signer.stop() == 0


def test_the_draft_dialect():
    with Site(report={"profile": "draft"}) as site:
        signer = site.start_signer()
        report = json.loads(site.collector().submit("app", APP)["report"])
        assert report["eat_profile"] == "tag:ietf.org,2026:rats/ear#04"
        assert report["submods"]["app"]["ear_status"] == "affirming"
        assert signer.stop() == 0
        site.audit("fsck", "--log", str(site.path("log")), "--cert", str(site.path("log.crt")))


def test_a_component_of_many_megabytes():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        other = site.collector("host2")
        items = [wire.file_item(f"/srv/data/{n:06}", b"%d" % n) for n in range(100000)]
        components = {**APP, "files": wire.component("files", items)}
        receipt = collector.submit("big", components)
        wire.verify_receipt(receipt, site.certificate, ORIGIN)
        assert other.submit("app", APP)["index"] == notices() + 1
        again = collector.submit("big", components)
        assert json.loads(again["report"])["hallmark.bundle"]["components"]["files"]["count"] == 100000
        segments = components["files"].segments
        assert site.status()["counters"]["components"] == 2 + len(segments) > 150
        assert signer.stop() == 0


def test_check_names_every_fault():
    with Site() as site:
        site.init_key()
        path = site.path("signer.yaml")
        path.write_text(path.read_text().replace("signer.key", "nowhere.key")
                        .replace("client_ca:", "client_cas:") + "surprise: 1\n")
        done = site.tool("hallmark-signer", "check", "-c", str(path), check=False)
        assert done.returncode == 1
        for word in ("client_cas", "surprise", "client_ca"):
            assert word in done.stderr, done.stderr
        assert all(line.startswith(str(path)) for line in done.stderr.strip().split("\n")), done.stderr


def check(site, **changes):
    """Of signer.yaml with some texts replaced: what check says on each stream, and its status."""
    path = site.path("signer.yaml")
    text = path.read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    done = site.tool("hallmark-signer", "check", "-c", str(path), check=False)
    assert (done.returncode == 0) == (done.stderr == "") == (": good" in done.stdout), done
    assert ":0:" not in done.stderr, done.stderr
    return done


def test_check_goes_on_behind_a_fault():
    with Site() as site:
        site.init_key()
        assert check(site).returncode == 0
        site.path("policy.yaml").write_text(site.path("policy.yaml").read_text() + "rubbish: 1\n")
        site.path("signer.crt").write_text("no certificate\n")
        site.path("collectors-ca.crt").write_text("nor this\n")
        done = check(site, index="indecks")
        for word in ("signer.yaml:", "indecks", "policy.yaml:", "rubbish", "signer.crt: tls.cert",
                     "no start line", "collectors-ca.crt: tls.client_ca"):
            assert word in done.stderr, done.stderr
        assert "PEM lib" not in done.stderr, done.stderr


def test_check_looks_at_dates_and_use():
    with Site(tls={"client_crl": "collectors.crl"}) as site:
        site.init_key()
        site.ca.revoke(site.path("collectors.crl"))
        assert check(site).returncode == 0
        site.issue("signer", dns="signer.test", days=-30)
        site.ca.certificate = site.ca.build(site.ca.name, site.ca.key.public_key(), days=-30).sign(
            site.ca.key, hashes.SHA256())
        hallmark.write_certificate(site.path("collectors-ca.crt"), site.ca.certificate)
        site.ca.revoke(site.path("collectors.crl"), days=-1)
        done = check(site)
        for word in ("signer.crt: tls.certificate: expected certificates that are valid now",
                     "signer.crt: tls.certificate: expected a certificate for TLS servers",
                     "collectors-ca.crt: tls.client_ca: expected certificates that are valid now",
                     "collectors.crl: tls.client_crl: expected revocation lists that are valid"):
            assert word in done.stderr, (word, done.stderr)
        with open(site.path("collectors-ca.crt"), "ab") as ca:  # a new one beside the old
            ca.write(hallmark.Authority("new", site.dir).certificate.public_bytes(
                serialization.Encoding.PEM))
        assert "client_ca" not in check(site).stderr


def test_check_looks_into_ca_and_revocation_list():
    with Site(tls={"client_crl": "collectors.crl"}) as site:
        site.init_key()
        site.path("collectors.crl").write_bytes(site.path("collectors-ca.crt").read_bytes())
        done = check(site)  # certificates, which must not come to be trusted by this
        assert "collectors.crl: tls.client_crl: expected a revocation list in PEM or DER" in done.stderr, done
        site.ca.revoke(site.path("collectors.crl"))
        with open(site.path("collectors.crl"), "ab") as crl:
            crl.write(site.path("collectors-ca.crt").read_bytes())
        assert check(site).returncode == 0
        site.path("collectors.crl").write_text("no list\n")
        site.path("collectors-ca.crt").write_text("no certificate\n")
        done = check(site)
        assert "tls.client_ca" in done.stderr and "tls.client_crl" in done.stderr, done.stderr


def test_check_compares_the_ca_with_the_policy():
    """Whoever may connect has to be certified by whom the policy names; by certificates, not names."""
    with Site() as site:
        site.init_key()
        ours = site.path("collectors-ca.crt").read_bytes()
        site.path("hosts.pem").write_bytes(ours)
        site.write_policy(top={"collectors_ca": [{"name": "hosts", "file": "hosts.pem"}]})
        assert check(site).returncode == 0
        (site.path("other")).mkdir()
        twin = hallmark.Authority("collectors", site.path("other")).certificate.public_bytes(
            serialization.Encoding.PEM)
        site.path("collectors-ca.crt").write_bytes(ours + twin)
        done = check(site)
        assert done.stderr.count("collectors-ca.crt: tls.client_ca: expected only certificates that "
                                 "the policy lists") == 1, done.stderr
        with open(site.path("signer.log"), "ab") as log:  # the same at a start
            assert subprocess.run([hallmark.program("hallmark-signer"), "run", "-c",
                                   str(site.path("signer.yaml"))], env=site.env, stdout=log,
                                  stderr=log, check=False).returncode != 0
        assert b"expected only certificates that the policy lists" in site.path("signer.log").read_bytes()
        site.path("more.pem").write_bytes(twin)
        site.write_policy(top={"collectors_ca": [{"name": "hosts", "file": "hosts.pem"},
                                                 {"name": "more", "file": "more.pem"}]})
        assert check(site).returncode == 0


def test_check_says_who_has_to_approve_the_next_policy():
    with Site() as site:
        site.init_key()
        assert "needs no approval: this one names no operators" in check(site).stdout
        people = [("alice", ("approve",), statements.Key()), ("bob", ("approve",), statements.Key())]
        site.path("who.yaml").write_text(statements.operators_text(people, {"approve": 2}))
        site.write_policy(top={"operators": "who.yaml"})
        assert "needs approvals by 2 operators, of the 2 here" in check(site).stdout


def test_all_that_a_policy_consists_of_is_kept_as_evidence():
    """By digest, so that the verdict can be made again when the files are gone."""
    with Site() as site:
        operators = statements.operators_text([("alice", ("approve",), statements.Key())])
        site.path("who.yaml").write_text(operators)
        site.write_policy(top={"collectors_ca": [{"name": "hosts", "file": "collectors-ca.crt"}],
                               "operators": "who.yaml"})
        signer = site.start_signer()
        receipt = site.collector().submit("app", APP)
        assert signer.stop() == 0
        store = rederivation.Store(site.path("evidence"))
        identity = status_of(receipt)["ear.appraisal-policy-id"].rpartition("@sha256:")[2]
        manifest = appraisal.read_manifest(store.get(rederivation.MANIFEST, identity))
        kinds = {"policy": (2, "policy.yaml"), "reference": (3, "known.sha256"),
                 "operators": (8, "who.yaml"), "collectors-ca": (9, "collectors-ca.crt")}
        assert set(manifest) == set(kinds)
        for kind, (number, file) in kinds.items():
            (name, digest), = manifest[kind].items()
            assert store.get(number, digest) == site.path(file).read_bytes(), (kind, name)


def test_check_says_faults_of_what_the_policy_names():
    with Site() as site:
        site.init_key()
        site.path("hosts.pem").write_bytes(site.path("signer.key").read_bytes())
        site.path("who.yaml").write_text("operators:\n  - {name: a b, rights: [approve], key: x}\n")
        site.write_policy(top={"collectors_ca": [{"name": "hosts", "file": "hosts.pem"}],
                               "operators": "who.yaml"})
        done = check(site)
        for word in ("hosts.pem: expected certificates of CAs and nothing else",
                     "who.yaml:2: \"operators[0].name\"", "who.yaml:2: \"operators[0].key\""):
            assert word in done.stderr, (word, done.stderr)


def test_a_key_behind_a_pass_phrase_is_refused_without_asking():
    with Site() as site:
        site.init_key()
        lock_key(site.path("signer.key"))
        done = with_nobody_to_ask("hallmark-signer", "check", "-c", str(site.path("signer.yaml")),
                           env=site.env)
        assert "signer.key: tls.key" in done and "found a key behind a pass phrase" in done, done
        assert "Enter" not in done, done


def test_check_notes_deadlines_in_the_wrong_order():
    with Site(hsm={"deadline_ms": 5000}) as site:
        site.init_key()
        done = check(site)
        assert done.returncode == 0 and "note: key_process.deadline_ms: 5000 ms is not longer" in done.stdout, done


def test_check_notes_a_log_that_is_not_there():
    """A path that is mistaken begins another log: that is seen before it happens."""
    with Site() as site:
        site.init_key()
        done = check(site)
        note = f"note: log.directory: {site.path('log')} is not there: a new log begins"
        assert done.returncode == 0 and note in done.stdout, done
        signer = site.start_signer()
        assert signer.stop() == 0
        done = check(site)
        assert done.returncode == 0 and "log.directory" not in done.stdout, done


def test_check_looks_at_the_key_process():
    with Site() as site:
        site.init_key()
        site.options["hsm"] = {"origin": "hallmark.test/other"}
        site.write_configs()
        done = check(site)
        for word in ("hsm.yaml: origin", ORIGIN, "hallmark.test/other"):
            assert word in done.stderr, done.stderr
        site.path("guard").chmod(0o777)
        done = check(site)
        assert "hsm.yaml:" in done.stderr and "guard" in done.stderr, done.stderr


def test_a_key_process_that_is_not_started_yet_is_no_fault():
    with Site() as site:
        site.init_key()
        path = site.path("signer.yaml")
        program_lines = path.read_text().split("key_process:\n")[1].split("policy:")[0]
        socket_path = site.path("hsm.sock")
        done = check(site, **{program_lines: f"  socket: {socket_path}\n"})
        assert done.returncode == 0 and f"note: key_process.socket: {socket_path}" in done.stdout
        socket_path.write_text("")
        done = check(site)
        assert done.returncode == 1 and "expected a Unix socket" in done.stderr, done.stderr
        socket_path.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(socket_path))
            assert "note: key_process" not in check(site).stdout


def test_a_secret_open_to_others_is_refused():
    with Site() as site:
        site.init_key()
        for name, program_name in (("signer.key", "hallmark-signer"), ("pin", "hallmark-hsm")):
            site.path(name).chmod(0o644)
            config = "signer.yaml" if program_name == "hallmark-signer" else "hsm.yaml"
            done = site.tool(program_name, "check", "-c", str(site.path(config)), check=False)
            assert done.returncode == 1 and name in done.stderr, done.stderr
            site.path(name).chmod(0o600)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
