"""A collector's side of the wire protocol, written from proto/PROTOCOL.md alone.

Shares no code with Hallmark: frames, MessagePack, bundles, components and the verification of
receipts are done here with Debian's python3-msgpack and python3-cryptography.
"""

import base64
import hashlib
import os
import socket
import ssl
import struct
import time

import msgpack
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

(HELLO, WELCOME, BUNDLE, WANT, PART, RECEIPT, REFUSAL, MEASURE, CHALLENGE, CHALLENGED, STATEMENT,
 NOTED) = range(1, 13)
ZERO = bytes(32)


class Refused(Exception):
    """The signer's refusal, as its body says it."""

    def __init__(self, body):
        super().__init__(f"{body['code']} {body['name']}: {body['text']}")
        self.body = body
        self.name = body["name"]


class Closed(Exception):
    """The signer closed the connection."""


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def frame(message):
    payload = message if isinstance(message, bytes) else pack(message)
    return struct.pack(">I", len(payload)) + payload


def component(kind, items, made=()):
    """A plain one; `made`: fact items."""
    return pack([kind, 1, sorted(made), sorted(items)])


def file_item(path, content=b"", mode=0o100755, uid=0, gid=0, flags=0, digest=None):
    sha = hashlib.sha256(content).digest() if digest is None else digest
    return [path if isinstance(path, bytes) else path.encode(), sha, len(content), mode, uid, gid,
            flags]


def fact_item(name, *values):
    return [name, [v if isinstance(v, bytes) else v.encode() for v in values]]


def bundle(workload, seq, prev, nonce, components, boot=bytes(16), time_ms=None, next_s=0,
           ext=None):
    """Canonical bytes; `components` maps kinds to component bytes, `ext` names to extensions."""
    named = {}
    for kind in sorted(components):
        data = components[kind]
        count = len(msgpack.unpackb(data, raw=False, strict_map_key=False)[3])
        named[kind] = [hashlib.sha256(data).digest(), count, len(data)]
    fields = {"v": 1, "workload": workload, "seq": seq, "prev": prev, "nonce": nonce,
              "boot": boot, "time": int(time.time() * 1000) if time_ms is None else time_ms,
              "next_s": next_s, "components": named}
    if ext:
        fields["ext"] = dict(sorted(ext.items()))
    return pack(fields)


class Connection:
    """TLS 1.3 and frames; knows nothing of what they say."""

    def __init__(self, port, ca, certificate=None, key=None, timeout=20, alpn="hallmark",
                 context=None):
        if context is None:
            context = tls_context(ca, certificate, key, alpn)
        raw = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(raw, server_hostname="signer.test")
        self.buffer = b""

    def send(self, message):
        self.tls.sendall(frame(message))

    def send_raw(self, data):
        self.tls.sendall(data)

    def receive(self):
        """One message as [type, body]; Closed at the end of the stream."""
        while True:
            if len(self.buffer) >= 4:
                size = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + size:
                    payload = self.buffer[4:4 + size]
                    self.buffer = self.buffer[4 + size:]
                    return msgpack.unpackb(payload, raw=False)
            try:
                data = self.tls.recv(65536)
            except (ssl.SSLError, ConnectionError) as error:
                raise Closed(str(error)) from error
            if not data:
                raise Closed("end of stream")
            self.buffer += data

    def close(self):
        try:
            self.tls.close()
        except OSError:
            pass


def tls_context(ca, certificate=None, key=None, alpn="hallmark"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(ca)
    if certificate:
        context.load_cert_chain(certificate, key)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


class Collector:
    """Speaks for workloads over one connection and keeps their chains."""

    def __init__(self, *args, connect=True, **options):
        self.args, self.options = args, options
        self.chains = {}  # workload: (seq, digest of the last bundle)
        self.connection = None
        if connect:
            self.connect()

    def connect(self):
        self.measures = []  # that the signer wants, as it has come between answers
        self.connection = Connection(*self.args, **self.options)
        self.connection.send([HELLO, {"versions": [1], "agent": "wire.py"}])
        kind, self.welcome = self.connection.receive()
        if kind == REFUSAL:
            raise Refused(self.welcome)
        assert kind == WELCOME and self.welcome["version"] == 1
        self.nonce = self.welcome["nonce"]
        return self

    def make(self, workload, components, **changes):
        seq, prev = self.chains.get(workload, (0, ZERO))
        fields = {"seq": seq + 1, "prev": prev, "nonce": self.nonce, **changes}
        return bundle(workload, components=components, **fields)

    def submit(self, workload, components, signature=None, **changes):
        """One bundle to its receipt."""
        data = self.make(workload, components, **changes)
        body = {"bundle": data}
        if signature:
            body["signature"] = signature(data)
        self.connection.send([BUNDLE, body])
        receipt = self.await_receipt(components)
        self.accepted(workload, data)
        return receipt

    def accepted(self, workload, data):
        fields = msgpack.unpackb(data, raw=False)
        self.chains[workload] = (fields["seq"], hashlib.sha256(data).digest())

    def await_measure(self):
        """What the signer wants measured: (workload, challenge)."""
        if not self.measures:
            kind, body = self.connection.receive()
            assert kind == MEASURE, f"unexpected message {kind}"
            self.measures.append((body["workload"], body["challenge"]))
        return self.measures.pop(0)

    def await_receipt(self, components=None):
        while True:
            kind, body = self.connection.receive()
            if kind == MEASURE:
                self.measures.append((body["workload"], body["challenge"]))
                continue
            if "nonce" in body:
                self.nonce = body["nonce"]
            if kind == REFUSAL:
                raise Refused(body)
            if kind == RECEIPT:
                return body
            assert kind == WANT, f"unexpected message {kind}"
            self.send_components(body["digests"], components or {})

    def send_components(self, digests, components):
        by_digest = {hashlib.sha256(c).digest(): c for c in components.values()}
        for digest in digests:
            data = by_digest[digest]
            for offset in range(0, len(data), self.welcome["part_max"]):
                part = data[offset:offset + self.welcome["part_max"]]
                self.connection.send([PART, {"digest": digest, "offset": offset, "data": part}])

    def close(self):
        self.connection.close()


class Relay:
    """Asks on behalf of others; answers may come in any order."""

    def __init__(self, *args, **options):
        self.connection = Connection(*args, **options)
        self.connection.send([HELLO, {"versions": [1], "agent": "wire.py relay"}])
        kind, self.welcome = self.connection.receive()
        if kind == REFUSAL:
            raise Refused(self.welcome)
        assert kind == WELCOME
        self.asked, self.answers = 0, {}

    def challenge(self, collector, workload, nonce):
        """Sends it; gives its id."""
        self.asked += 1
        self.connection.send([CHALLENGE, {"id": self.asked, "collector": collector,
                                          "workload": workload, "nonce": nonce}])
        return self.asked

    def statement(self, envelope):
        """Submits it; gives its id."""
        self.asked += 1
        self.connection.send([STATEMENT, {"id": self.asked, "envelope": envelope}])
        return self.asked

    def answer(self, number):
        """The body of what answers this request; Refused if that is a refusal."""
        while number not in self.answers:
            kind, body = self.connection.receive()
            if "id" not in body:
                raise Refused(body)
            assert body["id"] not in self.answers, "answered twice"
            self.answers[body["id"]] = (kind, body)
        kind, body = self.answers.pop(number)
        if kind == REFUSAL:
            raise Refused(body)
        assert kind in (CHALLENGED, NOTED)
        return body

    def close(self):
        self.connection.close()


# --- receipts ----------------------------------------------------------------------------------

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        raise ValueError("index beyond the tree")
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("path too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise ValueError("path too short")
    return value


def open_checkpoint(note, certificate, origin=None):
    """Verifies a signed checkpoint; gives (origin, size, root)."""
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    name, size, root = text.decode().rstrip("\n").split("\n")
    if origin is not None and name != origin:
        raise ValueError(f"checkpoint of {name}")
    public = certificate.public_key()
    spki = public.public_bytes(serialization.Encoding.DER,
                               serialization.PublicFormat.SubjectPublicKeyInfo)
    for line in signatures.decode().strip("\n").split("\n"):
        dash, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if dash != "\u2014" or signer != name or raw[:4] != hashlib.sha256(spki).digest()[:4]:
            continue
        public.verify(raw[4:], text, ec.ECDSA(hashes.SHA256()))
        return name, int(size), base64.b64decode(root, validate=True)
    raise InvalidSignature("no signature by this key")


def verify_receipt(receipt, certificate, origin=None):
    """The whole of it; gives (size, root) of the checkpoint."""
    _, size, root = open_checkpoint(receipt["checkpoint"], certificate, origin)
    proof = receipt["proof"]
    path = [proof[i:i + 32] for i in range(0, len(proof), 32)]
    found = root_from_path(leaf_hash(receipt["report"]), receipt["index"], size, path)
    if found != root:
        raise ValueError("the path does not lead to the root")
    return size, root


def tlog_proof(receipt):
    """The receipt as a .tlog-proof file."""
    proof = receipt["proof"]
    lines = ["c2sp.org/tlog-proof@v1",
             "extra " + base64.b64encode(receipt["report"]).decode(),
             f"index {receipt['index']}"]
    lines += [base64.b64encode(proof[i:i + 32]).decode() for i in range(0, len(proof), 32)]
    return ("\n".join(lines) + "\n\n").encode() + receipt["checkpoint"]


def load_certificate(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read())


def random_component(kind="executable", path="/usr/bin/random"):
    return component(kind, [file_item(path, os.urandom(32))])
