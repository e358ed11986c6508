#!/usr/bin/python3
"""The collector against a signer that misbehaves: what it sends, keeps, refuses and survives.

The signer is tests/lib/fake_signer.py; the measured program is a copy of the sleep command.
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa  # noqa: E402
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand  # noqa: E402

from audit import audit  # noqa: E402
from fake_signer import FakeSigner  # noqa: E402
from family import family  # noqa: E402
from hallmark import (Authority, PATIENCE_S, Process, ended_at_last, free_port, program, run_tests,  # noqa: E402
                      to_yaml)
from wallclock import WallClock  # noqa: E402
from wire import REFUSAL, WANT, ZERO, frame, pack  # noqa: E402


def receipt(workload, seq, suffix=".tlog-proof", log=0):
    """The name of the file."""
    return f"{workload}-{hashlib.sha256(f'hallmark.test/log{log}'.encode()).hexdigest()[:8]}-{seq:010}{suffix}"


class Host:
    """A directory with a running workload, certificates, and a configuration for the collector."""

    def __init__(self, signers=1, key=None, **options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-host-"))
        self.processes, self.signers, self.app = [], [], None
        ended_at_last(lambda: Host.__exit__(self))
        self.authority = Authority("test", self.dir)
        self.authority.issue(self.dir / "host1", "host1", uri="spiffe://test/host1", key=key)
        self.signers = [FakeSigner(self.dir, self.authority, f"signer{i}", f"hallmark.test/log{i}")
                        for i in range(signers)]
        self.signer = self.signers[0]
        self.key = key
        shutil.copy("/bin/sleep", self.dir / "app")
        self.app = subprocess.Popen([self.dir / "app", "3600"])
        (self.dir / "state").mkdir()
        (self.dir / "receipts").mkdir()
        self.options = {"interval_s": 3600, "jitter_percent": 0, "sign_every_s": 0,
                        "measure_at_once": 1, **options}  # in their order
        self.workloads = [{"name": "app", "executable": str(self.dir / "app"),
                           "measure": ["executable", "libraries", "runtime", "host"]}]
        self.configure()

    def configure(self):
        self.config = self.dir / "collector.yaml"
        self.config.write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{s.port}", "server_name": "signer.test",
                         "log_certificate": str(s.log_certificate)} for s in self.signers],
            "tls": {"certificate": "host1.crt", "key": "host1.key", "signer_ca": "test-ca.crt"},
            "state": "state", "receipts": "receipts", "workloads": self.workloads,
            **self.options}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.end()
        for signer in self.signers:
            signer.close()
        if self.app:
            self.app.kill()
            self.app.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def once(self, *names, status=0):
        """What it says. A file takes its stderr, which a sanitized process that cannot be ended keeps open."""
        with tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run([program("hallmark-collector"), "once", "-c", str(self.config), *names],
                                  stdout=subprocess.PIPE, stderr=errors, text=True, timeout=200)
            errors.seek(0)
            said = done.stdout + errors.read()
        assert done.returncode == status, f"exit {done.returncode}\n{said}"
        return said

    def run(self):
        collector = Process("hallmark-collector", ["run", "-c", str(self.config)], os.environ)
        self.processes.append(collector)
        return collector

    def receipts(self):
        return sorted(p.name for p in (self.dir / "receipts").iterdir())

    def files(self, suffix):
        return sorted((self.dir / "state" / "logs").glob(f"*/*{suffix}"))

    def seq(self):
        """What the chain file says was acknowledged last."""
        text = self.files(".chain")[0].read_text()
        return int(text.split("\n")[1].removeprefix("seq "))


def digests(fields):
    return {d for d, _, _ in fields["components"].values()}


# --- the good way --------------------------------------------------------------------------------

def test_once_saves_a_receipt():
    with Host() as h:
        out = h.once()
        assert "app: affirming, index 0" in out, out
        assert h.receipts() == [receipt("app", 1)]
        fields, signature = h.signer.bundles[0]
        assert fields["seq"] == 1 and fields["prev"] == ZERO and signature is None
        assert set(fields["components"]) == {"executable", "libraries", "runtime", "host"}
        assert h.seq() == 1


def test_closed_standard_descriptors_are_no_place_for_others():
    """Else what is said on stderr goes into the file or connection that is opened next."""
    with Host() as h:
        child = subprocess.Popen(["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh",
                                  program("hallmark-collector"), "run", "-c", str(h.config)])
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not h.receipts():
                assert time.monotonic() < deadline and child.poll() is None
            for fd in range(3):
                assert os.readlink(f"/proc/{child.pid}/fd/{fd}") == "/dev/null", fd
            child.terminate()
            assert child.wait(PATIENCE_S) == 0
        finally:
            child.kill()
            child.wait()


def test_the_second_bundle_follows_the_first():
    with Host() as h:
        h.once()
        h.once()
        first, second = h.signer.bundles
        assert second[0]["seq"] == 2
        assert second[0]["prev"].hex() == json.loads(h.signer.entries[0])["jti"]
        assert len(h.receipts()) == 2


def test_an_unchanged_host_sends_no_components_again():
    with Host() as h:
        h.once()
        known = dict(h.signer.components)
        h.once()
        assert h.signer.components == known
        assert len(pack(h.signer.bundles[1][0])) < 500, "a few hundred bytes"
        assert digests(h.signer.bundles[0][0]) == digests(h.signer.bundles[1][0])


def test_components_come_in_parts_of_the_signers_size():
    with Host() as h:
        h.signer.part_max = 7
        h.once()
        assert len(h.signer.components) == 4


def test_a_receipt_verifies_with_the_auditor_in_another_language():
    from wire import load_certificate, open_checkpoint, root_from_path, leaf_hash
    with Host() as h:
        h.once()
        text = (h.dir / "receipts" / h.receipts()[0]).read_bytes()
        head, _, note = text.partition(b"\n\n")
        lines = head.decode().split("\n")
        report = base64.b64decode(lines[1].removeprefix("extra "))
        _, size, root = open_checkpoint(note, load_certificate(h.signer.log_certificate))
        path = [base64.b64decode(line) for line in lines[3:]]
        assert root_from_path(leaf_hash(report), 0, size, path) == root


def with_witnesses(note, count):
    """The note with so many lines more, by keys that nobody here knows, around the log's."""
    text, _, line = note.rpartition(b"\n\n")
    lines = [f"\u2014 witness-{number}.test {base64.b64encode(os.urandom(68)).decode()}\n".encode()
             for number in range(count)]
    lines.insert(count // 2, line)
    return text + b"\n\n" + b"".join(lines)


def test_a_receipt_that_witnesses_have_signed_is_taken_as_it_is():
    def act(session, data, fields, signature):
        session.gather(fields)
        given = session.accept(data, fields, signature)
        session.send_receipt({**given, "checkpoint": with_witnesses(given["checkpoint"], 16)})

    with Host() as h:
        h.signer.script = [act]
        assert "app: affirming, index 0" in h.once()
        path = h.dir / "receipts" / h.receipts()[0]
        assert path.read_bytes().count("\u2014 ".encode()) == 17
        done = audit("verify", path, "--full", "--cert", h.signer.log_certificate)
        assert done.returncode == 0 and "16 of other keys not looked at" in done.stdout, done.stdout


def test_a_token_is_saved_beside_the_receipt():
    def with_jws(session, data, fields, signature):
        session.gather(fields)
        session.send_receipt(session.accept(data, fields), tokens=["a.b.c"])

    with Host() as h:
        h.signer.script = [with_jws]
        h.once()
        assert (h.dir / "receipts" / receipt("app", 1, ".jwt")).read_text() == "a.b.c"


def test_old_receipts_are_pruned():
    with Host(receipts_kept=2) as h:
        for _ in range(4):
            h.once()
        assert h.receipts() == [receipt("app", 3), receipt("app", 4)]
        left = [receipt("app", n, suffix) for n in (1, 2) for suffix in (".tlog-proof", ".jwt")]
        for name in left:  # as where it ended before it had removed them
            (h.dir / "receipts" / name).write_text("old")
        h.once()
        assert h.receipts() == [receipt("app", 4), receipt("app", 5)]
        assert not any((h.dir / "receipts" / name).exists() for name in left)


def test_a_chain_file_is_rewritten_without_a_new_file():
    with Host() as h:
        for _ in range(2):
            h.once()
        numbers = {p.stat().st_ino for p in h.files("chain*")}
        kept = {p.stat().st_ino for p in (h.dir / "state/logs").glob("*/.app.chain.new")} | numbers
        assert len(kept) == 2
        for seq in range(3, 6):
            h.once()
            assert h.seq() == seq and {p.stat().st_ino for p in h.files("app.chain")} <= kept


def test_each_log_has_receipts_of_its_own():
    """Each numbers the reports of a workload for itself: none takes another's place, none is the oldest."""
    with Host(signers=2, receipts_kept=2) as h:
        for _ in range(4):
            h.once()
        first = h.receipts()
        h.signers[0].close()
        h.once()
        assert set(h.receipts()) == {*first, receipt("app", 1, log=1)}


def test_several_workloads_over_one_connection():
    with Host() as h:
        h.workloads.append({**h.workloads[0], "name": "app-1"})
        h.configure()
        h.once()
        assert set(h.receipts()) == {receipt("app", 1), receipt("app-1", 1)}
        h.once("app-1")
        assert len(h.signer.bundles) == 3


def test_a_dead_workload_is_reported_as_one_that_could_not_be_measured():
    with Host() as h:
        h.app.kill()
        h.app.wait()
        assert "no process runs" in h.once()
        (fields, _), = h.signer.bundles
        assert set(fields["components"]) == {"unmeasured"}


# --- signatures ----------------------------------------------------------------------------------

def signed_by(key):
    with Host(key=key, sign_every_s=3600) as h:
        h.once()
        h.once()
        (fields, signature), (_, second) = h.signer.bundles
        assert second is None, "signed again within the hour"
        data = pack(fields)
        return b"hallmark bundle signature v1\n" + data, signature


def test_signature_by_p256():
    key = ec.generate_private_key(ec.SECP256R1())
    data, signature = signed_by(key)
    key.public_key().verify(signature, data, ec.ECDSA(hashes.SHA256()))


def test_signature_by_rsa():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    data, signature = signed_by(key)
    key.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())


def test_signature_by_ed25519():
    key = ed25519.Ed25519PrivateKey.generate()
    data, signature = signed_by(key)
    key.public_key().verify(signature, data)


# --- receipts that lie ---------------------------------------------------------------------------

def bad_receipt(make, words):
    def act(session, data, fields, signature):
        session.gather(fields)
        receipt = session.accept(data, fields, signature)
        session.send_receipt({**receipt, **make(session, receipt, data, fields)})

    with Host() as h:
        h.signer.script = [act, act]
        out = h.once(status=1)
        assert "event=bad-receipt" in out and words in out, out
        assert h.receipts() == [] and not h.files(".chain"), "acknowledged all the same"
        h.signer.script = []
        h.once()  # and the same bytes get their receipt afterwards
        assert len({pack(b[0]) for b in h.signer.bundles[:3]}) == 1
        assert receipt("app", 1) in h.receipts()


def test_receipt_for_another_bundle():
    def other(session, receipt, data, fields):
        report = session.signer.report(data, {**fields, "time": fields["time"] + 1})
        return {"report": report}
    bad_receipt(other, "report")


def test_receipt_with_a_whole_other_report():
    def other(session, receipt, data, fields):
        changed = {**fields, "time": fields["time"] + 1}
        return {"report": session.signer.report(pack(changed), changed)}
    bad_receipt(other, "another bundle")


def test_receipt_about_another_collector():
    """The bundle does not say whose it is; a receipt under another name is none of this host's."""
    def another(session, data, fields, signature):
        report = session.signer.report(data, fields).replace(b'"spiffe://test/host1"',
                                                             b'"spiffe://test/host2"')
        session.signer.report = lambda *_, **__: report
        session.send_receipt(session.accept(data, fields))
        del session.signer.report
        session.signer.forget()

    with Host() as h:
        h.signer.script = [another, another]
        out = h.once(status=1)
        assert "about another collector, spiffe://test/host2" in out, out
        assert h.receipts() == [] and not h.files(".chain")
        h.once()
        assert_kept(h, 2)


def test_receipt_by_another_issuer():
    def other(session, receipt, data, fields):
        return {"report": session.signer.report(data, fields, issuer="hallmark.test/other")}
    bad_receipt(other, "another log")


def test_receipt_with_a_bad_proof():
    bad_receipt(lambda s, r, d, f: {"proof": bytes(32)}, "proof")


def test_receipt_under_another_root():
    bad_receipt(lambda s, r, d, f: {"checkpoint": s.signer.checkpoint(root=bytes(32))}, "proof")


def test_receipt_with_a_checkpoint_of_another_log():
    bad_receipt(lambda s, r, d, f: {"checkpoint": s.signer.checkpoint(origin="other")},
                "another log")


def test_receipt_sealed_by_another_key():
    other = ec.generate_private_key(ec.SECP256R1())
    bad_receipt(lambda s, r, d, f: {"checkpoint": s.signer.checkpoint(key=other)}, "signature")


def test_receipt_that_the_log_has_signed_twice():
    bad_receipt(lambda s, r, d, f: {"checkpoint": r["checkpoint"] + r["checkpoint"].rpartition(
        b"\n\n")[2]}, "signature")


def test_receipt_with_a_wrong_line_of_the_logs_key():
    bad_receipt(lambda s, r, d, f: {"checkpoint": r["checkpoint"] + s.signer.checkpoint(
        root=bytes(32)).rpartition(b"\n\n")[2]}, "signature")


def test_receipt_with_a_broken_note():
    bad_receipt(lambda s, r, d, f: {"checkpoint": r["checkpoint"] + b"x"}, "checkpoint")


def test_receipt_with_a_report_in_another_spelling():
    bad_receipt(lambda s, r, d, f: {"report": r["report"].replace(b",", b", ", 1)}, "report")


def test_receipt_that_hides_the_signature():
    def hide(session, data, fields, signature):
        session.gather(fields)
        session.send_receipt(session.accept(data, fields, None))

    with Host(sign_every_s=3600) as h:
        h.signer.script = [hide, hide]
        assert "another signature" in h.once(status=1)
        assert h.receipts() == []


# --- refusals ------------------------------------------------------------------------------------

def refuse(code):
    return lambda session, data, fields, signature: session.refuse(code, fields)


def test_an_expired_nonce_means_measuring_again():
    with Host() as h:
        h.signer.script = [refuse(202)]
        h.once()
        first, second, again = (b[0] for b in h.signer.bundles)
        assert first["seq"] == second["seq"] == 1 and first["nonce"] != second["nonce"]
        assert second["time"] >= first["time"]
        assert (again["seq"], again["time"], again["ext"]["gap"]) == (2, first["time"], 0)


def test_nonces_that_never_do():
    with Host() as h:
        h.signer.script = [refuse(202)] * 20
        h.once(status=1)
        assert len(h.signer.bundles) == 3


def test_a_busy_signer_is_asked_again():
    with Host() as h:
        h.signer.script = [refuse(210), refuse(210)]
        h.once()
        assert len({pack(b[0]) for b in h.signer.bundles}) == 1


def test_unauthorized_stays_and_succeeds_later():
    with Host() as h:
        h.signer.script = [refuse(200)]
        assert "unauthorized" in h.once(status=1)
        h.once()
        assert_kept(h, 2)


def test_lost_state_takes_over_what_the_signer_remembers():
    with Host() as h:
        h.once()
        h.once()
        shutil.rmtree(h.dir / "state" / "logs")
        out = h.once()
        assert "event=chain-adopted" in out, out
        assert h.seq() == 3 and h.signer.heads["app"]["seq"] == 3


def test_a_chain_that_ends_is_not_taken_over():
    """Nobody gets there: a signer that says so would end a collector's chain, whoever signs later."""
    with Host() as h:
        for last in (2**53 - 1, 2**53 - 2, 2**52 + 1):
            h.signer.script = [lambda session, data, fields, signature: session.refuse(
                205, fields, last_seq=last, last_bundle=b"\1" * 32)]
            assert "event=chain-disagrees" in h.once(status=1)
        h.once()
        assert_kept(h, 2)


def test_state_that_disagrees_is_not_given_up():
    with Host() as h:
        for _ in range(2):
            h.once()
        chain = h.files(".chain")[0]
        kept = chain.read_bytes()
        h.once()
        chain.write_bytes(kept)
        out = h.once(status=1)
        assert "event=chain-disagrees" in out and "another collector" in out, out
        assert h.signer.heads["app"]["seq"] == 3


def test_evidence_time_drops_the_bundle():
    with Host() as h:
        h.signer.script = [refuse(212)]
        assert "event=bundle-dropped" in h.once(status=1)
        h.once()
        assert h.seq() == 1


def test_a_component_that_rotted_on_our_disk():
    with Host() as h:
        h.signer.script = [lambda session, *_: session.drop(), lambda session, *_: session.drop()]
        h.once(status=1)
        for path in (h.dir / "state" / "components").iterdir():
            path.write_bytes(path.read_bytes()[:-1])
        h.workloads[0]["measure"] = ["executable"]  # what is measured again is whole again
        h.configure()
        h.signer.script = [lambda session, data, fields, signature: session.gather(fields)]
        h.signer.heads.clear()
        out = h.once()
        assert "event=bundle-dropped workload=app seq=1 error=bad-digest" in out, out
        assert [msgpack_report(r["report"])["seq"] for r in h.signer.receipts] == [1]
        fields, _ = h.signer.bundles[-1]
        assert digests(fields) <= set(h.signer.components)


# --- streams that break --------------------------------------------------------------------------

def broken(act, words, sends=True):
    with Host() as h:
        h.signer.script = [act, act]
        out = h.once(status=1)
        assert words in out, out
        assert h.receipts() == []
        h.once()
        assert_kept(h, 2)


def assert_kept(h, measured):
    """The last that was measured is the first that is logged, and the others stand behind it."""
    logged = [msgpack_report(entry) for entry in h.signer.entries]
    assert h.receipts() == [receipt("app", n) for n in range(1, measured + 1)]
    assert [r["seq"] for r in logged] == list(range(1, measured + 1))
    assert [r["offline"] for r in logged] == [False] + [True] * (measured - 1)
    times = [r["time"] for r in logged]
    assert times[1:] == sorted(times[1:]) and max(times) == times[0]


def test_garbage_instead_of_an_answer():
    broken(lambda s, *_: s.send_raw(frame(b"\xc1")), "not-messagepack")


def test_a_frame_beyond_the_limit():
    broken(lambda s, *_: s.send_raw(struct.pack(">I", 1 << 24)), "frame-size")


def test_an_empty_frame():
    broken(lambda s, *_: s.send_raw(bytes(4)), "frame-size")


def test_a_count_beyond_the_bytes():
    broken(lambda s, *_: s.send_raw(frame(b"\x92\x06\xdf\xff\xff\xff\xff")), "count-beyond-bytes")


def test_a_welcome_at_the_wrong_time():
    broken(lambda s, *_: s.welcome(), "wrong-time")


def test_an_answer_for_another_workload():
    broken(lambda s, d, fields, g: s.refuse(210, {**fields, "workload": "other"}), "wrong-time")


def test_an_answer_for_another_sequence_number():
    broken(lambda s, d, fields, g: s.refuse(210, {**fields, "seq": 7}), "wrong-time")


def test_wanting_what_was_not_offered():
    broken(lambda s, d, fields, g: s.send([WANT, {"workload": "app", "digests": [bytes(32)]}]),
           "not in the bundle")


def test_wanting_for_ever():
    def want(session, data, fields, signature):
        digest = fields["components"]["host"][0]
        for _ in range(1000):
            session.send([WANT, {"workload": "app", "digests": [digest]}])
            session.receive()
    broken(want, "wrong-time")


def test_wanting_one_thing_again_and_again():
    def want(session, data, fields, signature):
        session.send([WANT, {"workload": "app", "digests": [fields["components"]["host"][0]] * 7}])
        session.receive()
    broken(want, "or twice")


class Sealed:
    """What a signer sends once hands are shaken, sealed by hand: Python's ssl has no call for messages
    of TLS's own. Nothing was sent before."""

    def __init__(self, session):
        name, _, secret = [line.split() for line in session.signer.keys.read_text().splitlines()
                           if line.startswith("SERVER_TRAFFIC_SECRET_0")][-1]
        self.hash = {48: hashes.SHA384(), 32: hashes.SHA256()}[len(secret) // 2]
        self.secret, self.raw, self.number = bytes.fromhex(secret), session.tls.fileno(), 0
        self.key = AESGCM(self.derive(b"key", 32 if len(secret) == 96 else 16))
        self.iv = int.from_bytes(self.derive(b"iv", 12), "big")

    def derive(self, label, size):
        """HKDF-Expand-Label of RFC 8446, section 7.1."""
        info = struct.pack(">HB", size, 6 + len(label)) + b"tls13 " + label + b"\0"
        return HKDFExpand(self.hash, size, info).derive(self.secret)

    def send(self, kind, content):
        head = b"\x17\x03\x03" + struct.pack(">H", len(content) + 1 + 16)
        nonce = (self.iv ^ self.number).to_bytes(12, "big")
        self.number += 1
        data = head + self.key.encrypt(nonce, content + bytes([kind]), head)
        while data:
            data = data[os.write(self.raw, data):]


TICKET = b"\4\0\0\x0e" + struct.pack(">IIBH", 7200, 0, 0, 1) + b"x\0\0"  # NewSessionTicket
HANDSHAKE = 22


def test_tickets_without_end():
    """OpenSSL takes one after the other until there is data."""
    with Host(interval_s=1) as h:
        h.signer.keys = h.dir / "keys"
        h.signer.context.keylog_filename = str(h.signer.keys)
        h.signer.context.num_tickets = 0

        def greet(session):
            sealed = Sealed(session)
            while True:
                sealed.send(HANDSHAKE, TICKET * 900)

        h.signer.greeting = greet
        collector = h.run()
        collector.wait_for("event=no-connection .*error=tls-record")
        assert collector.stop() == 0


def test_a_new_log_each_time():
    """A signer in wrong hands has as many names as it likes; the state directory has room for 64."""
    with Host() as h:
        h.once()
        logs = h.dir / "state/logs"
        known, = logs.iterdir()
        for i in range(63):
            (logs / f"{i:016x}").mkdir()
            (logs / f"{i:016x}/app.queue").write_bytes(b"")
        h.signer.origin = "hallmark.test/another"
        h.once()
        # Those that never gave a receipt have gone.
        assert len(list(logs.iterdir())) == 2
        for i in range(62):
            (logs / f"{i:016x}").mkdir()
            shutil.copy(known / "app.chain", logs / f"{i:016x}/app.chain")
        before = sorted(logs.iterdir())
        h.signer.origin = "hallmark.test/third"
        out = h.once(status=1)
        assert "names another log, hallmark.test/third, and the state directory has 64" in out, out
        assert sorted(logs.iterdir()) == before
        h.signer.origin = "hallmark.test/another"
        h.once()


def test_a_refused_connection():
    broken(lambda s, *_: s.refuse(307), "too-many-connections")


def test_half_an_answer():
    def half(session, data, fields, signature):
        session.send_raw(struct.pack(">I", 100) + b"half")
        session.drop()
    broken(half, "truncated")


def test_no_answer_but_the_end():
    broken(lambda s, *_: s.drop(), "closed")


def test_a_greeting_by_another_version():
    with Host() as h:
        h.signer.greeting = lambda s: s.welcome(version=2)
        assert "no-common-version" in h.once(status=1)


def test_a_log_name_that_forges_lines():
    with Host() as h:
        h.signer.greeting = lambda s: s.welcome(log="x\nlevel=info event=receipt")
        out = h.once(status=1)
        assert "\nlevel" not in out


def test_another_ca():
    with Host() as h:
        Authority("test", h.dir)  # a fresh CA under the same name
        assert "certificate is refused" in h.once(status=1)
        assert h.signer.bundles == []


def test_another_name_in_the_certificate():
    with Host() as h:
        h.config.write_text(h.config.read_text().replace("signer.test", "other.test"))
        assert "certificate is refused" in h.once(status=1)


def test_no_alpn():
    with Host() as h:
        h.signer.context.set_alpn_protocols([])
        out = h.once(status=1)
        assert "ALPN" in out or "handshake" in out, out


def test_tls_1_2():
    import ssl
    with Host() as h:
        h.signer.context.minimum_version = ssl.TLSVersion.TLSv1_2
        h.signer.context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert "tls-handshake" in h.once(status=1)


# --- what a bundle says of its collector ---------------------------------------------------------

def test_bundles_name_program_and_configuration():
    with Host() as h:
        h.once()
        ext = h.signer.bundles[0][0]["ext"]
        assert set(ext) == {"configuration", "program"}
        assert ext["configuration"] == hashlib.sha256(h.config.read_bytes()).digest()
        assert ext["program"] == hashlib.sha256(
            pathlib.Path(program("hallmark-collector")).read_bytes()).digest()
        h.config.write_text(h.config.read_text() + "# the same, and another file\n")
        h.once()
        assert h.signer.bundles[1][0]["ext"]["configuration"] != ext["configuration"]


def test_a_round_promises_the_next_and_once_nothing():
    for options, promised in (({}, 3600), ({"jitter_percent": 10}, 3960),
                              ({"interval_s": 7, "jitter_percent": 10}, 8)):
        with Host(**options) as h:
            collector = h.run()
            collector.wait_for("event=receipt")
            h.signer.stop_listening()
            collector.kill()
            assert h.signer.bundles[0][0]["next_s"] == promised
    with Host() as h:
        h.once()
        assert h.signer.bundles[0][0]["next_s"] == 0


def test_one_that_is_stopped_says_so():
    with Host() as h:
        h.workloads.append({**h.workloads[0], "name": "app-2"})
        h.configure()
        collector = h.run()
        collector.wait_for("event=receipt .*app-2")
        assert collector.stop() == 0
        assert [(b["workload"], b["seq"]) for b, _ in h.signer.bundles] == [
            ("app", 1), ("app-2", 1), ("app", 2), ("app-2", 2)]
        for (measured, _), (last, _) in zip(h.signer.bundles[:2], h.signer.bundles[2:]):
            assert last["next_s"] == 0
            assert last["ext"] == {**measured["ext"], "leaving": "stopped"}
            assert list(last["ext"]) == sorted(last["ext"])
            for same in ("time", "boot", "components"):
                assert last[same] == measured[same], "nothing is measured anew"
            assert last["nonce"] != measured["nonce"]
        assert receipt("app", 2) in h.receipts() and receipt("app-2", 2) in h.receipts()
        h.once("app")
        fields = h.signer.bundles[4][0]
        assert fields["seq"] == 3 and "leaving" not in fields["ext"]
        assert len(h.signer.bundles) == 5 and len(h.signer.receipts) == 5


def test_a_last_word_is_signed_as_any_other():
    with Host(sign_every_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        assert collector.stop() == 0
        assert [s is not None for _, s in h.signer.bundles] == [True, False], "one was just signed"


def test_an_answer_that_is_awaited_still_counts():
    with Host() as h:
        stopped = threading.Event()

        def slowly(session, *rest):
            assert stopped.wait(PATIENCE_S)
            session.treat(*rest)
        h.signer.script = [slowly]
        collector = h.run()
        h.signer.wait(lambda: h.signer.bundles)
        collector.signal(signal.SIGTERM)
        stopped.set()
        assert collector.wait() == 0
        assert [b["seq"] for b, _ in h.signer.bundles] == [1, 2]
        assert h.signer.bundles[1][0]["ext"]["leaving"] == "stopped"
        assert h.seq() == 2


def test_a_last_word_is_not_waited_for_for_ever():
    with Host() as h:
        h.signer.script = [None, lambda *_: None]  # the second is never answered
        collector = h.run()
        collector.wait_for("event=receipt")
        began = time.monotonic()
        assert collector.stop() == 0
        assert 2 < time.monotonic() - began < 6
        assert h.signer.bundles[1][0]["ext"]["leaving"] == "stopped"
        # The signer never had it: alone, it goes, and what is there is measured.
        h.once()
        seqs = [(b["seq"], "leaving" in b["ext"]) for b, _ in h.signer.bundles]
        assert seqs == [(1, False), (2, True), (2, True), (2, False)], seqs
        assert h.seq() == 2


def test_a_second_request_ends_the_last_word():
    with Host() as h:
        h.signer.script = [None, lambda *_: None]
        collector = h.run()
        collector.wait_for("event=receipt")
        collector.signal(signal.SIGTERM)
        h.signer.wait(lambda: len(h.signer.bundles) == 2)
        began = time.monotonic()
        collector.signal(signal.SIGTERM)
        assert collector.wait() == 0
        assert time.monotonic() - began < 2


def test_a_last_word_whose_receipt_is_lost_has_it_later():
    with Host() as h:
        def lose(session, data, fields, signature):
            session.accept(data, fields, signature)
            session.drop()
        h.signer.script = [None, lose]
        collector = h.run()
        collector.wait_for("event=receipt")
        assert collector.stop() == 0
        assert h.seq() == 1
        h.once()
        first, last, again, fresh = (b for b, _ in h.signer.bundles)
        assert pack(last) == pack(again) and first["seq"] == 1
        assert fresh["seq"] == 3 and "leaving" not in fresh["ext"]
        assert receipt("app", 2) in h.receipts()


def test_a_last_word_under_an_expired_nonce_is_said_again():
    with Host() as h:
        h.signer.script = [None, lambda session, _, fields, __: session.refuse(202, fields)]
        collector = h.run()
        collector.wait_for("event=receipt")
        assert collector.stop() == 0
        said = [(b["seq"], b["ext"].get("leaving")) for b, _ in h.signer.bundles]
        assert said == [(1, None), (2, "stopped"), (2, "stopped")], said
        assert h.seq() == 2


def test_without_a_connection_there_is_no_last_word():
    with Host() as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        began = time.monotonic()
        assert collector.stop() == 0
        assert time.monotonic() - began < 2
        assert len(h.signer.bundles) == 1


def test_of_what_could_not_be_measured_there_is_a_last_word_too():
    with Host() as h:
        h.workloads.append({**h.workloads[0], "name": "gone", "executable": "/bin/false"})
        h.configure()
        collector = h.run()
        collector.wait_for("event=not-measured .*gone")
        collector.wait_for("event=receipt .*app")
        assert collector.stop() == 0
        last = {b["workload"]: b for b, _ in h.signer.bundles}
        assert last["gone"]["ext"]["leaving"] == last["app"]["ext"]["leaving"] == "stopped"
        assert set(last["gone"]["components"]) == {"unmeasured"}


def test_what_waits_goes_before_the_last_word():
    with Host() as h:
        h.workloads.append({**h.workloads[0], "name": "app-2"})
        h.configure()
        h.signer.script = [lambda session, _, fields, __: session.refuse(200, fields)]
        collector = h.run()
        collector.wait_for("event=receipt .*app-2")
        assert collector.stop() == 0
        said = [(b["workload"], b["seq"], b["ext"].get("leaving")) for b, _ in h.signer.bundles]
        assert said == [("app", 1, None), ("app-2", 1, None), ("app", 1, None),
                        ("app", 2, "stopped"), ("app-2", 2, "stopped")], said


# --- crashes and absence -------------------------------------------------------------------------

def test_killed_before_the_receipt_gets_the_same_receipt():
    with Host() as h:
        collector = h.run()

        def keep(session, data, fields, signature):
            session.gather(fields)
            session.accept(data, fields, signature)  # logged, but nothing is answered
            session.signer.note()
        h.signer.script = [keep]
        h.signer.wait(lambda: h.signer.heads)
        collector.kill()
        h.once()
        assert h.receipts()[0] == receipt("app", 1)
        first, second = h.signer.bundles[0][0], h.signer.bundles[1][0]
        assert pack(first) == pack(second)
        assert h.signer.bundles[2][0]["seq"] == 2, "and then a fresh one"


def test_killed_before_the_signer_took_it_measures_again():
    with Host() as h:
        collector = h.run()
        h.signer.script = [lambda *_: None]  # never answered
        h.signer.wait(lambda: h.signer.bundles)
        collector.kill()
        h.once()
        assert_kept(h, 2)
        assert h.signer.bundles[-2][0]["nonce"] != h.signer.bundles[0][0]["nonce"]


def test_two_collectors_with_one_state():
    with Host() as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        assert "another collector works with it" in h.once(status=1)


def test_what_waited_comes_in_order_behind_what_is_fresh():
    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        for waiting in (1, 2, 3):
            collector.wait_for(f"event=spooled .*waiting={waiting}")
        h.signer.receipts.clear()
        before, lines = h.seq(), len(collector.lines)
        h.signer.open()
        h.signer.wait(lambda: sum(map(was_offline, h.signer.receipts)) >= 3)
        collector.stop()
        accepted = [msgpack_report(entry) for entry in h.signer.entries]
        assert [r["seq"] for r in accepted] == list(range(1, len(accepted) + 1))
        assert not was_offline(h.signer.receipts[0])
        gaps = [f for f, _ in h.signer.bundles if not f["nonce"]]
        assert {f["ext"]["gap"] for f in gaps} == {before}
        assert [f["time"] for f in gaps] == sorted({f["time"] for f in gaps})
        assert not any("level=warning" in line or "level=error" in line
                       for line in collector.lines[lines:]), collector.lines[lines:]


def test_what_a_signer_has_no_room_for_holds_up_nothing_fresh():
    """Not where it is known that it was not taken, nor where that is in doubt, as after a crash."""
    def no_room(session, data, fields, signature):
        if fields["nonce"]:
            session.treat(data, fields, signature)
        else:
            session.refuse(210, fields)

    def refused_and_fresh_behind_it():
        sent = [bool(f["nonce"]) for f, _ in h.signer.bundles]
        return False in sent and True in sent[sent.index(False):]

    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        collector.wait_for("event=spooled")
        for _ in range(2):
            h.signer.script = [no_room] * 1000
            h.signer.bundles.clear()
            h.signer.open()
            h.signer.wait(refused_and_fresh_behind_it)
            collector.kill()
            h.signer.close()
            collector = h.run()
        h.signer.script = []
        h.signer.open()
        h.signer.wait(lambda: any(map(was_offline, h.signer.receipts)))
        assert "event=chain-disagrees" not in "".join(collector.lines)


def msgpack_report(report):
    return json.loads(report)["hallmark.bundle"]


def was_offline(receipt):
    return msgpack_report(receipt["report"])["offline"]


def held_together(signer):
    """What came is a chain without a hole, and says how many are not there: measured each second."""
    accepted = [msgpack_report(r["report"]) for r in signer.receipts]
    assert [r["seq"] for r in accepted] == list(range(accepted[0]["seq"], accepted[-1]["seq"] + 1))
    return [f["ext"]["dropped"] for f, _ in signer.bundles if "dropped" in f["ext"]]


def test_the_spool_is_bounded_and_says_what_it_dropped():
    with Host(interval_s=1, spool={"bundles_max": 3}) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        collector.wait_for("event=spooled .*waiting=3")
        for _ in range(3):  # one more than there is room for each time
            seen = len(collector.lines)
            collector.wait_for("event=spooled .*waiting=3", seen)
        assert sum("event=spool-full" in line for line in collector.lines) == 1
        h.signer.bundles.clear()
        h.signer.open()
        h.signer.wait(lambda: sum(map(was_offline, h.signer.receipts)) >= 3)
        spooled = sum("event=spooled" in line for line in collector.lines)
        kept = sum(map(was_offline, h.signer.receipts))
        (count, since), = held_together(h.signer)
        assert count == spooled - kept >= 3, (count, spooled, kept)
        first = [f["time"] for f, _ in h.signer.bundles if not f["nonce"]][0]
        assert 0 <= first // 1000 - since <= count + 1
        assert "\ndropped 0\nsince 0\n" in h.files(".chain")[0].read_text()
        assert collector.stop() == 0


def test_what_is_too_old_is_dropped_and_said():
    """The oldest of 60 s and more goes, and what is a little younger with it."""
    with Host(interval_s=1, spool={"age_max_s": 60}) as h:
        h.path = lambda name: h.dir / name
        clock = WallClock(h)
        collector = Process("hallmark-collector", ["run", "-c", str(h.config)],
                            {**os.environ, **clock.env})
        h.processes.append(collector)
        collector.wait_for("event=receipt")
        h.signer.close()
        collector.wait_for("event=spooled .*waiting=2")
        clock.move(70)
        collector.wait_for("event=spool-full .*dropped=")
        h.signer.bundles.clear()
        h.signer.open()
        h.signer.wait(lambda: any("dropped" in f["ext"] for f, _ in h.signer.bundles)
                      and any(map(was_offline, h.signer.receipts)))
        (count, _), = held_together(h.signer)
        assert 1 <= count <= 4, count  # one that the signer may have stays, and so does the newest
        assert collector.stop() == 0


def test_the_spool_is_bounded_in_bytes():
    """Evidence of half a MiB that is another one each time: not more than one MiB of it is kept."""
    with Host(interval_s=1, watch_rest_s=0, spool={"mebibytes_max": 1}) as h:
        tree = h.dir / "tree"
        tree.mkdir()
        for n in range(900):
            (tree / f"{n:04}{'x' * 200}").write_text("")
        h.workloads[0].update(measure=["files"], files=[f"{tree}/**"])
        h.configure()
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        most = 0
        for n in range(12):
            (tree / f"{n:04}{'x' * 200}").write_text(str(n))
            seen = len(collector.lines)
            collector.wait_for("event=spooled", seen)
            stored = sum(p.stat().st_size for p in (h.dir / "state").rglob("*") if p.is_file())
            most = max(most, stored)
        assert any("event=spool-full" in line for line in collector.lines), most
        assert most < 2.5 * 2**20, most
        h.signer.bundles.clear()
        h.signer.open()
        h.signer.wait(lambda: any(map(was_offline, h.signer.receipts)))
        assert held_together(h.signer)[0][0] >= 5
        assert collector.stop() == 0


def test_what_was_refused_for_good_is_said_by_the_next():
    """Whatever the signer's reason is: who reads the log sees that something is not in it."""
    for code in (206, 208, 209, 212):
        with Host() as h:
            h.once()
            h.signer.script = [refuse(code)]
            h.once(status=1)
            assert h.signer.bundles[-1][0]["ext"].get("dropped") is None
            h.once()
            h.once()
            said = [f["ext"].get("dropped") for f, _ in h.signer.bundles[-2:]]
            assert said[0][0] == 1 and said[1] is None, said
            assert abs(said[0][1] - time.time()) < PATIENCE_S


def test_without_a_log_nothing_is_spooled():
    with Host(interval_s=1) as h:
        h.signer.close()
        collector = h.run()
        collector.wait_for("event=no-connection")
        collector.stop()
        assert not h.files(".queue")


def test_a_bundle_in_flight_keeps_its_place_before_those_that_waited():
    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")

        def die(session, data, fields, signature):
            h.signer.stop_listening()
            session.drop()
        h.signer.script = [die]
        collector.wait_for("event=spooled .*waiting=2")
        h.signer.close()
        h.signer.open()
        h.signer.wait(lambda: sum(map(was_offline, h.signer.receipts)) >= 2)
        collector.stop()
        accepted = [msgpack_report(r["report"]) for r in h.signer.receipts]
        assert [r["seq"] for r in accepted] == list(range(1, len(accepted) + 1))
        assert [r["offline"] for r in accepted[:2]] == [False, False]
        in_flight, waited = h.signer.bundles[1][0]["time"], [r["time"] for r in accepted if r["offline"]]
        assert waited[0] == in_flight and waited == sorted(waited) and accepted[1]["time"] > waited[1]


def test_a_torn_queue_is_mended():
    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.close()
        collector.wait_for("event=spooled .*waiting=2")
        collector.kill()
        queue = h.files(".queue")[0]
        queue.write_bytes(queue.read_bytes()[:-5])
        h.signer.open()
        h.once()
        accepted = [msgpack_report(r["report"]) for r in h.signer.receipts]
        assert [r["seq"] for r in accepted] == list(range(1, len(accepted) + 1))


def test_an_altered_queue_is_refused():
    with Host() as h:
        h.signer.script = [lambda s, *_: s.drop(), lambda s, *_: s.drop()]
        h.once(status=1)
        queue = h.files(".queue")[0]
        data = bytearray(queue.read_bytes())
        data[40] ^= 1
        queue.write_bytes(data)
        out = h.once(status=1)
        assert "move it away" in out, out
        queue.unlink()
        h.once()


def test_one_broken_chain_file_stops_its_own_workload_only():
    for broken in (b"", b"garbage\n", b"x" * 5000, b"hallmark chain 1\nseq 0\n"):
        with Host() as h:
            h.workloads.append({**h.workloads[0], "name": "app-1"})
            h.configure()
            h.once()
            h.files("app.chain")[0].write_bytes(broken)
            out = h.once(status=1)
            assert "event=chain-unusable workload=app " in out and "move it" in out, out
            assert receipt("app-1", 2) in h.receipts()


def test_state_that_cannot_be_used_is_told_by_name():
    with Host() as h:
        h.once()
        last = h.dir / "state/last-log"
        for broken in (b"", b"\n\n", b"x" * 5000):
            last.write_bytes(broken)
            assert "last-log in the state directory does not name a log" in h.once(status=1)
        last.unlink()
        queue = h.files(".queue")[0]
        queue.unlink()
        queue.mkdir()
        out = h.once(status=1)
        assert "app.queue in the state directory: Is a directory" in out, out
        assert "the chain of workload app cannot be opened" in out, out


def test_the_next_signer_is_tried():
    with Host(signers=2) as h:
        h.signers[0].close()
        h.once()
        assert len(h.signers[1].receipts) == 1
        h.signers[0].open()
        h.once()
        assert h.signers[0].bundles[0][0]["seq"] == 1, "each log has its own chain"
        h.signers[0].close()
        h.once()
        assert h.signers[1].bundles[-1][0]["seq"] == 2
        h.signers[0].open()


def test_coming_back_resumes_the_session():
    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        h.signer.drop_sessions()
        collector.wait_for("event=connected.*resumed=yes")
        collector.stop()
        assert h.signer.resumed >= 1


def test_a_signer_that_loses_every_session_is_asked_less_and_less():
    """Ten tries take half a second each if a connection counts as success. Waits that double at
    random add up to less than 8 s once in ten million runs."""
    with Host() as h:
        h.signer.script = [lambda session, *_: session.drop()] * 100
        collector = h.run()
        h.signer.wait(lambda: len(h.signer.bundles) >= 2)
        try:
            h.signer.wait(lambda: len(h.signer.bundles) >= 10, 8)
        except AssertionError:
            h.signer.script = []
        else:
            raise AssertionError(f"{len(h.signer.bundles)} tries within 8 s")
        collector.signal(signal.SIGHUP)  # begins a round at once
        collector.wait_for("event=receipt")
        assert collector.stop() == 0


def test_sigterm_stops_in_the_middle_of_waiting_for_an_answer():
    with Host() as h:
        h.signer.script = [lambda *_: None]
        collector = h.run()
        h.signer.wait(lambda: h.signer.bundles)
        collector.signal(signal.SIGTERM)
        assert collector.wait(5) == 0


def test_sighup_reloads_and_refuses_faults():
    with Host() as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        good = h.config.read_text()
        h.config.write_text(good + "nonsense: 1\n")
        collector.signal(signal.SIGHUP)
        collector.wait_for("event=reload-refused")
        h.config.write_text(good.replace("interval_s: 3600", "interval_s: 1800"))
        seen = len(collector.lines)
        collector.signal(signal.SIGHUP)
        collector.wait_for("event=reloaded .*interval_s=1800", seen)
        collector.wait_for("event=receipt .*seq=2", seen)
        assert collector.stop() == 0


def test_components_that_nobody_needs_are_swept():
    with Host() as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        store = h.dir / "state" / "components"
        (store / ("0" * 64)).write_bytes(b"old")
        (store / f".{'1' * 64}.new").write_bytes(b"left by a crash")
        h.workloads[0]["environment"] = ["PATH"]
        h.configure()
        collector.signal(signal.SIGHUP)
        collector.wait_for("event=receipt .*seq=2")
        collector.stop()
        names = {p.name for p in store.iterdir()}
        assert names == {d.hex() for d in digests(h.signer.bundles[-1][0])}


def proportional_kib(pid):
    """Memory of its own, and all: shared pages, those of libraries too, in equal parts to those who have them.
    Exact, where RssAnon is what the kernel has added up so far."""
    smaps = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return [int(smaps.split(f"\n{name}:")[1].split()[0]) for name in ("Pss_Anon", "Pss")]


def test_the_processes_stay_small():
    """All three together; what they run is in memory once."""
    with Host(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt .*seq=3")
        parts = [proportional_kib(pid) for pid in family(collector.pid)[:2]]
        own, whole = (sum(part) for part in zip(*parts))
        print(f"     memory of run: {'+'.join(str(part[0]) for part in parts)} KiB of its own, {whole} KiB of all")
        # A sanitizer's own memory is not the collector's.
        if pathlib.Path(os.environ["HALLMARK_BUILD"]).name not in ("asan", "tsan"):
            assert own <= 2304 and whole <= 12288, parts


if __name__ == "__main__":
    run_tests("__main__")
