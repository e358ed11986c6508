"""A signer's side of the wire protocol, written from its description alone: a double for tests of
the collector that need a signer which misbehaves on demand.

It speaks real TLS 1.3 with client certificates, keeps chains and components as a signer does, and
gives receipts that verify. `script` holds one function for each bundle that is to be treated
otherwise: it is called with the session and the bundle, and does what it likes.
"""

import base64
import collections
import hashlib
import os
import pathlib
import select
import socket
import ssl
import struct
import threading
import time

import msgpack
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

import entries
import hallmark
import wire
from wire import (BUNDLE, HELLO, MEASURE, PART, RECEIPT, REFUSAL, WANT, WELCOME, ZERO, leaf_hash,
                  node_hash)

NAMES = {100: "frame-size", 111: "wrong-time", 200: "unauthorized", 201: "nonce-unknown",
         202: "nonce-expired", 203: "nonce-reused", 204: "sequence-not-rising",
         205: "chain-broken", 206: "component-digest", 208: "component-format", 209: "evidence-signature", 210: "busy",
         212: "evidence-time", 213: "storage-low", 216: "too-many-workloads",
         218: "too-many-reports", 219: "gap-place", 307: "too-many-connections", 602: "token",
         608: "clock"}


LOOK_S = 0.2  # between two looks at what no message tells of


class Gone(Exception):
    """The collector closed, or the script did."""


class FakeSigner:
    """Listens at once; `close()` ends it. Not a process: threads of the test."""

    def __init__(self, directory, authority, name="signer", origin="hallmark.test/log", port=0,
                 key=None):
        self.directory = pathlib.Path(directory)
        self.origin = origin
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        authority.issue(self.directory / name, name, dns="signer.test", server=True)
        self.log_certificate = self.directory / f"{name}-log.crt"
        authority.issue(self.directory / f"{name}-log", "log", key=self.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(self.directory / f"{name}.crt", self.directory / f"{name}.key")
        self.context.load_verify_locations(self.directory / f"{authority_name(authority)}-ca.crt")
        self.context.set_alpn_protocols(["hallmark"])
        self.part_max = 131072
        self.forget()
        self.script = []
        self.greeting = None  # a function of the session, instead of the welcome
        self.sessions = []
        self.resumed = 0
        self.changed = threading.Condition()
        self.open(port)

    def forget(self):
        """The log and all that was ever received is gone."""
        self.entries, self.components, self.heads, self.receipts = [], {}, {}, []
        self.bundles = []  # each as (fields, signature)
        self.segments = 0  # that were wanted

    def open(self, port=None):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", self.port if port is None else port))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, args=(self.socket,), daemon=True)
        self.thread.start()

    def stop_listening(self):
        """Shut down first: a socket that is only closed lets the accept in progress take one more."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(10)

    def close(self):
        """Nobody listens any more, and nobody is connected."""
        self.stop_listening()
        self.drop_sessions()

    def drop_sessions(self):
        for session in list(self.sessions):
            session.drop()

    def accept(self, listener):
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        session = Session(self, raw)
        self.sessions.append(session)
        try:
            session.run()
        except (Gone, OSError):
            pass
        finally:
            session.drop()
            session.close_pipe()
            self.sessions.remove(session)
            with self.changed:
                self.changed.notify_all()

    def wait(self, condition, timeout=hallmark.PATIENCE_S):
        """A message wakes it, and so does a moment: what a condition says of a file or of another
        program, no message tells of."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not self.changed.wait_for(condition, LOOK_S):
                assert time.monotonic() < deadline, "waited in vain"

    def measure(self, workload, challenge):
        """Asks the newest session, whatever it is about; by the thread that has it."""
        self.sessions[-1].say([MEASURE, {"workload": workload, "challenge": challenge}])

    def note(self):
        with self.changed:
            self.changed.notify_all()

    # --- the log

    def root(self, entries):
        if not entries:
            return hashlib.sha256(b"").digest()
        if len(entries) == 1:
            return leaf_hash(entries[0])
        k = split(len(entries))
        return node_hash(self.root(entries[:k]), self.root(entries[k:]))

    def proof(self, index, entries):
        if len(entries) == 1:
            return []
        k = split(len(entries))
        if index < k:
            return self.proof(index, entries[:k]) + [self.root(entries[k:])]
        return self.proof(index - k, entries[k:]) + [self.root(entries[:k])]

    def checkpoint(self, size=None, root=None, origin=None, key=None):
        key, origin = key or self.key, origin or self.origin
        size = len(self.entries) if size is None else size
        root = self.root(self.entries[:size]) if root is None else root
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        spki = key.public_key().public_bytes(serialization.Encoding.DER,
                                             serialization.PublicFormat.SubjectPublicKeyInfo)
        line = hashlib.sha256(spki).digest()[:4] + low_s(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return text + f"\n\u2014 {origin} {base64.b64encode(line).decode()}\n".encode()

    def report(self, data, fields, signature=None, **changes):
        """The report of a bundle, in its one spelling. `fields` are those of `data`, or it is wrong."""
        now = int(time.time())
        head = entries.Head(now, now + 3600, changes.get("issuer", self.origin),
                            "spiffe://test/host1", "https://test", "fake")
        verdict = {"status": "affirming" if fields["nonce"] else "warning",
                   "vector": {"executables": 2}, "policy": "fake@sha256:" + ZERO.hex(),
                   "references": [], "findings": [], "finding-count": 0, "not-checked": []}
        behind = {"notice": {"index": 0, "leaf": ZERO.hex()}}
        if signature:
            behind["signature"] = {"certificate": hashlib.sha256(b"certificate").hexdigest(),
                                   "value": entries.base64url(signature)}
            behind["last-signed"] = now
        claims = entries.report(data, head, verdict, behind)
        claims["hallmark.bundle"] = entries.bundle_claims(fields)
        return entries.to_json(claims)


class Session:
    def __init__(self, signer, raw):
        self.signer, self.raw = signer, raw
        self.tls, self.buffer = None, b""
        self.outbox, self.woken, self.wake = collections.deque(), *os.pipe()
        self.nonces = []

    def drop(self):
        for closable in (self.tls, self.raw):
            try:
                if closable:
                    closable.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass
            if closable:
                closable.close()

    def close_pipe(self):
        os.close(self.woken)
        os.close(self.wake)

    def say(self, message):
        """From another thread."""
        self.outbox.append(message)
        os.write(self.wake, b"!")

    def run(self):
        self.tls = self.signer.context.wrap_socket(self.raw, server_side=True)
        self.signer.resumed += bool(self.tls.session_reused)
        kind, body = self.receive()
        assert kind == HELLO and 1 in body["versions"]
        if self.signer.greeting:
            return self.signer.greeting(self)
        self.welcome()
        while True:
            kind, body = self.receive()
            assert kind == BUNDLE, f"message {kind} at the wrong time"
            self.on_bundle(body["bundle"], body.get("signature"))

    def welcome(self, **changes):
        self.send([WELCOME, {"version": 1, "log": self.signer.origin, "nonce": self.nonce(),
                             "time": int(time.time() * 1000), "part_max": self.signer.part_max,
                             "component_max": 16777216, "in_flight_max": 64, **changes}])

    def nonce(self):
        self.nonces.append(os.urandom(32))
        return self.nonces[-1]

    def on_bundle(self, data, signature):
        fields = msgpack.unpackb(data, raw=False, strict_map_key=False)
        self.signer.bundles.append((fields, signature))
        self.signer.note()
        if self.signer.script:
            act = self.signer.script.pop(0)
            if act is not None:
                act(self, data, fields, signature)
                return
        self.treat(data, fields, signature)

    def treat(self, data, fields, signature):
        """As a good signer does."""
        head = self.signer.heads.get(fields["workload"])
        digest = hashlib.sha256(data).digest()
        if head and head["digest"] == digest:
            return self.send_receipt(head["receipt"])
        if fields["nonce"] and fields["nonce"] not in self.nonces:
            return self.refuse(201, fields)
        if head and fields["seq"] <= head["seq"]:
            return self.refuse(204, fields)
        if head and fields["prev"] != head["digest"]:
            return self.refuse(205, fields)
        if head and fields["seq"] != head["seq"] + 1:
            return self.refuse(204, fields)
        if not fields["nonce"] and not (head and fields["ext"]["gap"] < head["fresh"]):
            return self.refuse(218, fields)
        self.gather(fields)
        self.send_receipt(self.accept(data, fields, signature))

    def gather(self, fields):
        """Asks for what is unknown, and checks what comes."""
        known = self.signer.components
        wanted = [d for d, _, _ in fields["components"].values() if d not in known]
        sizes = {d: size for d, _, size in fields["components"].values()}
        if wanted:
            self.send([WANT, {"workload": fields["workload"], "digests": wanted}])
            known.update((d, self.receive_parts(d, sizes[d])) for d in wanted)
        self.gather_segments(fields)
        for kind, (digest, count, size) in fields["components"].items():
            found, _, items = wire.join(known[digest], known.get)
            assert (found, len(items), len(known[digest])) == (kind, count, size)

    def gather_segments(self, fields):
        known, lists, lacking = self.signer.components, [], []
        for digest, _, _ in fields["components"].values():
            _, form, _, segments = msgpack.unpackb(known[digest], strict_map_key=False)
            wanted = [d not in known for d, _, _ in segments] if form == 2 else []
            if any(wanted):
                lists.append([digest, wire.bitmap(wanted)])
                lacking += [(d, size) for d, _, size in segments if d not in known]
        if not lists:
            return
        self.send([WANT, {"workload": fields["workload"], "segments": lists}])
        self.signer.segments += len(lacking)
        known.update((d, self.receive_parts(d, size)) for d, size in lacking)

    def receive_parts(self, digest, size):
        """In the order of what was wanted."""
        content = b""
        while len(content) < size:
            kind, body = self.receive()
            assert kind == PART and body["digest"] == digest, "a part out of order"
            assert body["offset"] == len(content), "a gap"
            assert 0 < len(body["data"]) <= self.signer.part_max, "a part that is too large"
            content += body["data"]
        assert hashlib.sha256(content).digest() == digest, "content with another digest"
        return content

    def accept(self, data, fields, signature=None, **changes):
        """Logs the report; gives the body of the receipt."""
        signer = self.signer
        report = signer.report(data, fields, signature, **changes)
        signer.entries.append(report)
        index = len(signer.entries) - 1
        receipt = {"workload": fields["workload"], "seq": fields["seq"], "index": index,
                   "report": report, "proof": b"".join(signer.proof(index, signer.entries)),
                   "checkpoint": signer.checkpoint()}
        head = signer.heads.get(fields["workload"], {})
        signer.heads[fields["workload"]] = {
            "seq": fields["seq"], "fresh": fields["seq"] if fields["nonce"] else head.get("fresh", 0),
            "digest": hashlib.sha256(data).digest(), "receipt": receipt}
        return receipt

    def send_receipt(self, receipt, **changes):
        self.send([RECEIPT, {**receipt, "nonce": self.nonce(), **changes}])
        self.signer.receipts.append(receipt)
        self.signer.note()

    def refuse(self, code, fields=None, **changes):
        body = {"code": code, "name": NAMES[code], "text": "the double refuses"}
        if fields:
            body.update(workload=fields["workload"], seq=fields["seq"])
            head = self.signer.heads.get(fields["workload"])
            if head:
                body.update(last_seq=head["seq"], last_bundle=head["digest"])
            body["nonce"] = self.nonce()
        self.send([REFUSAL, {**body, **changes}])

    def send(self, message):
        self.send_raw(wire.frame(message))

    def send_raw(self, data):
        self.tls.sendall(data)

    def receive(self):
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + size:
                    payload, self.buffer = self.buffer[4:4 + size], self.buffer[4 + size:]
                    return msgpack.unpackb(payload, raw=False, strict_map_key=False)
            try:
                ready = self.tls.pending() or select.select([self.tls, self.woken], [], [])[0]
                if ready == [self.woken]:
                    os.read(self.woken, 4096)
                    while self.outbox:
                        self.send(self.outbox.popleft())
                    continue
                data = self.tls.recv(65536)
            except (OSError, ValueError) as error:
                raise Gone(str(error)) from error
            if not data:
                raise Gone("end of stream")
            self.buffer += data


P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def low_s(der):
    """The twin of an ECDSA signature with the lower s: the only one that verifies here."""
    r, s = utils.decode_dss_signature(der)
    return utils.encode_dss_signature(r, min(s, P256_ORDER - s))


def split(size):
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def authority_name(authority):
    """Site's authorities are called "<name> CA"."""
    return authority.certificate.subject.rfc4514_string().removeprefix("CN=").removesuffix(" CA")
