"""A collector's side of the wire protocol, written from proto/PROTOCOL.md alone.

Shares no code with Hallmark: frames, MessagePack, bundles, components and the verification of
receipts are done here with Debian's python3-msgpack and python3-cryptography.
"""

import base64
import hashlib
import itertools
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
PLAIN_ITEMS_MAX, SEGMENT_ITEMS_MAX = 1024, 4096  # beyond: a list; a segment


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


class Listed(bytes):
    """A component that is a list, with its `segments` in their order."""

    segments = ()

    def by_digest(self):
        return {hashlib.sha256(s).digest(): s for s in self.segments}


def component(kind, items, made=()):
    """A plain one, or a list where there are many items; `made`: fact items."""
    items = sorted(items, key=lambda item: (item[0], pack(item[1:])))
    return plain(kind, items, made) if len(items) <= PLAIN_ITEMS_MAX else \
        listed(kind, cut(items), made)


def plain(kind, items, made=()):
    return pack([kind, 1, sorted(made), items])


def ends_segment(item):
    """Whether a segment ends behind it, by its path or name."""
    key = item[0] if isinstance(item[0], bytes) else item[0].encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:2], "big") % 512 == 0


def cut(items):
    """Sorted items, as the segments of a list have them."""
    pieces = [[]]
    for item in items:
        pieces[-1].append(item)
        if ends_segment(item) or len(pieces[-1]) == SEGMENT_ITEMS_MAX:
            pieces.append([])
    return pieces if pieces[-1] else pieces[:-1]


def listed(kind, pieces, made=()):
    """A list of these pieces, whether they are cut as they should be or not."""
    return list_of(kind, [(pack([kind, 3, piece]), len(piece)) for piece in pieces], made)


def list_of(kind, segments, made=()):
    """The same, of (bytes, count of items)."""
    result = Listed(pack([kind, 2, sorted(made), [
        [hashlib.sha256(data).digest(), count, len(data)] for data, count in segments]]))
    result.segments = [data for data, _ in segments]
    return result


def join(component, segment):
    """(kind, made, items) of a component, checked; `segment` gives the segments of a list by digest."""
    kind, form, made, body = msgpack.unpackb(component, strict_map_key=False)
    assert pack([kind, form, made, body]) == component
    if form == 1:
        assert len(body) <= PLAIN_ITEMS_MAX
        return kind, made, in_order(body)
    assert form == 2 and sum(count for _, count, _ in body) > PLAIN_ITEMS_MAX
    pieces = [read_segment(kind, segment(digest), count, size) for digest, count, size in body]
    items = in_order(list(itertools.chain(*pieces)))
    assert pieces == cut(items)
    return kind, made, items


def read_segment(kind, data, count, size):
    items = msgpack.unpackb(data, strict_map_key=False)[2]
    assert pack([kind, 3, items]) == data and (len(items), len(data)) == (count, size)
    return items


def in_order(items):
    """Files by path, then by the bytes of their other columns; facts by name."""
    files = items and isinstance(items[0][0], bytes)
    keys = [(path, pack(columns)) if files else path for path, *columns in items]
    assert all(a < b for a, b in zip(keys, keys[1:]))
    return items


def count_of(component):
    """Its items, as a bundle names them."""
    body = msgpack.unpackb(component, raw=False, strict_map_key=False)[3]
    return sum(count for _, count, _ in body) if isinstance(component, Listed) else len(body)


def bitmap(wanted):
    """Of one truth a segment."""
    data = bytearray((len(wanted) + 7) // 8)
    for place, is_wanted in enumerate(wanted):
        data[place // 8] |= 0x80 >> place % 8 if is_wanted else 0
    return bytes(data)


def wanted_by(data, things):
    """Those of the things, one a bit, that a bitmap wants."""
    assert len(data) == (len(things) + 7) // 8
    return [t for place, t in enumerate(things) if data[place // 8] & 0x80 >> place % 8]


def file_item(path, content=b"", mode=0o100755, uid=0, gid=0, flags=0, digest=None,
              details=()):
    sha = hashlib.sha256(content).digest() if digest is None else digest
    return [path if isinstance(path, bytes) else path.encode(), sha, len(content), mode, uid, gid,
            flags, tuple(d if isinstance(d, bytes) else d.encode() for d in details)]


def fact_item(name, *values):
    return [name, [v if isinstance(v, bytes) else v.encode() for v in values]]


def bundle(workload, seq, prev, nonce, components, boot=bytes(16), time_ms=None, next_s=0,
           ext=None):
    """Canonical bytes; `components` maps kinds to component bytes, `ext` names to extensions."""
    named = {}
    for kind in sorted(components):
        data = components[kind]
        named[kind] = [hashlib.sha256(data).digest(), count_of(data), len(data)]
    fields = {"v": 1, "workload": workload, "seq": seq, "prev": prev, "nonce": nonce,
              "boot": boot, "time": int(time.time() * 1000) if time_ms is None else time_ms,
              "next_s": next_s, "components": named}
    if ext:
        fields["ext"] = dict(sorted(ext.items()))
    return pack(fields)


class Connection:
    """TLS 1.3 and frames; knows nothing of what they say."""

    def __init__(self, port, ca, certificate=None, key=None, timeout=20, alpn="hallmark",
                 context=None, session=None):
        if context is None:
            context = tls_context(ca, certificate, key, alpn)
        raw = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(raw, server_hostname="signer.test", session=session)
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
        self.fresh = {}  # workload: seq of the last one with a nonce
        self.connection = None
        if connect:
            self.connect()

    def connect(self):
        self.measures = []  # that the signer wants, as it has come between answers
        self.wants = []  # that were answered, as they came
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
        if not fields["nonce"]:  # gathered before the last fresh one
            fields["ext"] = {"gap": max(self.fresh.get(workload, 1) - 1, 0),
                             **(fields.get("ext") or {})}
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
        if fields["nonce"]:
            self.fresh[workload] = fields["seq"]

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
            self.send_wanted(body, components or {})

    def send_wanted(self, want, components):
        by_digest = {hashlib.sha256(c).digest(): c for c in components.values()}
        self.wants.append(want)
        for digest in want.get("digests", []):
            self.send_bytes(by_digest[digest])
        for digest, data in want.get("segments", []):
            for segment in wanted_by(data, by_digest[digest].segments):
                self.send_bytes(segment)

    def send_components(self, digests, components):
        self.send_wanted({"digests": digests}, components)

    def send_bytes(self, data):
        """A component, or a segment."""
        digest = hashlib.sha256(data).digest()
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
