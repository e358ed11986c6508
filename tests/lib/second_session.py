"""A second collector's connection and chains, and a second relay.

Written from sections 1 to 6 of proto/PROTOCOL.md alone, as second_forms.py was.
"""

import collections
import json
import socket
import ssl
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import second_forms as forms

CLOSING = (1, 3)          # hundreds of the codes behind which the connection is at its end
SEGMENT_ROUNDS = 2        # a third question for the same component closes the connection


class Closed(Exception):
    """The signer closed. With what it said before: None is "try again"."""

    def __init__(self, refusal):
        super().__init__(refusal)
        self.refusal = refusal


class Peer:
    """A TLS connection to a signer, with frames and messages in it."""

    def __init__(self, port, ca, certificate, key, timeout=30):
        self.files = (ca, certificate, key)
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["hallmark"])
        plain = socket.create_connection(("127.0.0.1", port), timeout)
        self.tls = context.wrap_socket(plain, server_hostname="signer.test")
        self.sent = self.received = 0

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self.sent += len(data)
        self.tls.sendall(data)

    def send(self, name, **body):
        self.write(forms.message(name, **body))

    def exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.tls.recv(size - len(data))
            except (ConnectionError, ssl.SSLEOFError):
                more = b""
            if not more:
                raise Closed(None)
            data += more
        self.received += size
        return data

    def read(self):
        """The next message of the signer; Closed if there is none any more."""
        size, = struct.unpack(">I", self.exactly(4))
        assert 1 <= size <= forms.FRAME_MAX
        return forms.read_message(self.exactly(size))

    def hello(self, versions=(1,), agent="second-collector 1"):
        self.send("hello", versions=list(versions), agent=agent)
        name, body = self.read()
        if name == "refusal":
            raise Closed(body)
        assert name == "welcome" and body["version"] in versions
        assert abs(body["time"] / 1000 - time.time()) < 600
        self.origin, self.nonce, self.part_max = body["log"], body["nonce"], body["part_max"]
        assert len(self.nonce) == 32
        return body


class Chain:
    """What a collector keeps of a workload in one log."""

    def __init__(self):
        self.seq, self.prev = 0, bytes(32)


class Collector(Peer):
    """A session as a collector. `chains` outlives it: one for each workload, in one log."""

    def __init__(self, *peer, log_key, boot, chains=None, sign=False, **options):
        super().__init__(*peer, **options)
        self.log_key, self.boot, self.sign = log_key, boot, sign
        self.chains = collections.defaultdict(Chain) if chains is None else chains
        self.challenges = {}
        self.asked = []          # (digests, segments) of each want
        self.hello()

    def key(self):
        with open(self.files[2], "rb") as pem:
            return load_pem_private_key(pem.read(), None)

    def bundle(self, workload, components, **fields):
        chain = self.chains[workload]
        return forms.bundle(workload, **{
            "seq": chain.seq + 1, "prev": chain.prev, "nonce": self.nonce, "boot": self.boot,
            "time": int(time.time() * 1000), "components": components, **fields})

    def submit(self, data, components):
        """Sends a bundle and gives what is asked of it; ("receipt" or "refusal", body)."""
        signature = forms.sign_bundle(self.key(), data) if self.sign else None
        self.send("bundle", bundle=data, signature=signature)
        return self.answer(data, components)

    def answer(self, data, components):
        fields = forms.msgpack.unpackb(data)
        given = collections.Counter()
        while True:
            name, body = self.read()
            if name == "measure":
                self.challenges[body["workload"]] = body["challenge"]
            elif name == "want":
                assert body["workload"] == fields["workload"]
                self.give(body, components, given)
            elif name in ("receipt", "refusal") and (
                    "workload" not in body or
                    (body["workload"], body["seq"]) == (fields["workload"], fields["seq"])):
                return self.settle(name, body, data, fields)
            else:
                raise AssertionError(f"{name} for {fields['workload']} {fields['seq']}: {body}")

    def give(self, want, components, given):
        """The parts of what a want names."""
        plain = {c.digest: c.bytes for c in components}
        lists = {c.digest: c for c in components if c.segments}
        digests, segments = want.get("digests", []), want.get("segments", [])
        assert digests or segments
        self.asked.append((digests, {d: forms.wanted_bits(b, len(lists[d].segments))
                                     for d, b in segments}))
        for digest in digests:
            self.give_one(digest, plain[digest], given)
        for digest, bits in self.asked[-1][1].items():
            for i in bits:
                segment = lists[digest].segments[i]
                self.give_one(forms.sha256(segment), segment, given)

    def give_one(self, digest, data, given):
        given[digest] += 1
        assert given[digest] <= SEGMENT_ROUNDS, "asked for a third time"
        for offset in range(0, len(data), self.part_max):
            self.send("part", digest=digest, offset=offset, data=data[offset:offset + self.part_max])

    def settle(self, name, body, data, fields):
        chain = self.chains[fields["workload"]]
        if name == "refusal":
            self.refused(body, chain)
            return name, body
        forms.verify_receipt(body, self.origin, self.log_key)
        report = json.loads(body["report"])
        assert report["jti"] == forms.sha256(data).hex() and report["iss"] == self.origin
        self.nonce = body["nonce"]
        chain.seq, chain.prev = fields["seq"], forms.sha256(data)
        return name, body

    def refused(self, body, chain=None):
        """Takes from a refusal what a collector goes on with; Closed where it ends the connection."""
        if body["code"] // 100 in CLOSING:
            raise Closed(body)
        self.nonce = body.get("nonce", self.nonce)
        if chain and "last_seq" in body:
            chain.seq, chain.prev = body["last_seq"], body["last_bundle"]

    def report(self, workload, components, retries=1, **fields):
        """What a collector does all day: the report (its JSON) about the components."""
        for _ in range(retries + 1):
            name, body = self.submit(self.bundle(workload, components, **fields), components)
            if name == "receipt":
                self.receipt = body
                return json.loads(body["report"])
        raise AssertionError(body)

    def challenge_for(self, workload):
        """Waits for a measure message."""
        while workload not in self.challenges:
            name, body = self.read()
            assert name == "measure", (name, body)
            self.challenges[body["workload"]] = body["challenge"]
        return self.challenges.pop(workload)


class Relay(Peer):
    """A session as one of the signer's `relays`: requests have ids, answers come in any order."""

    def __init__(self, *peer, **options):
        super().__init__(*peer, **options)
        self.last, self.answers = 0, {}
        self.hello()

    def ask(self, name, **body):
        self.last += 1
        self.send(name, id=self.last, **body)
        return self.last

    def answer(self, number):
        while number not in self.answers:
            name, body = self.read()
            if name == "refusal" and "id" not in body:
                raise Closed(body)
            self.answers[body["id"]] = (name, body)
        return self.answers.pop(number)


def log_key(path):
    with open(path, "rb") as pem:
        return x509.load_pem_x509_certificate(pem.read()).public_key()
