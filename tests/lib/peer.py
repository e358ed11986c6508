"""One end of a connection to the signer, whose bytes the test sends when and as it likes: TLS happens in
memory. A peer that stops anywhere is one call less."""

import socket
import ssl
import struct

import hallmark
import wire


class Peer:
    def __init__(self, site, name="peer", source=None, receive_buffer=None):
        self.site = site
        if not site.path(f"{name}.crt").exists():
            site.issue(name, uri=f"spiffe://test/{name}")
        self.raw = self.tcp(site, source, receive_buffer)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(site, name).wrap_bio(self.incoming, self.outgoing,
                                                server_hostname="signer.test")
        self.plain = b""
        self.nonce = None
        self.send = self.raw.sendall

    @staticmethod
    def tcp(site, source=None, receive_buffer=None):
        """A connection that says nothing."""
        raw = socket.socket()
        raw.settimeout(hallmark.PATIENCE_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            raw.bind((source, 0))
        raw.connect(("127.0.0.1", site.port))
        return raw

    def client_hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.outgoing.read()
        raise AssertionError("a handshake without an answer")

    def last_flight(self):
        """What the client has to say last in the handshake, once the signer's flight is here."""
        while True:
            try:
                self.tls.do_handshake()
                return self.outgoing.read()
            except ssl.SSLWantReadError:
                self.receive()

    def receive(self):
        data = self.raw.recv(65536)
        if not data:
            raise wire.Closed("end of stream")
        self.incoming.write(data)

    def sealed(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def message(self):
        """The next one; with its nonce remembered."""
        while True:
            if len(self.plain) >= 4:
                size = struct.unpack(">I", self.plain[:4])[0]
                if len(self.plain) >= 4 + size:
                    payload, self.plain = self.plain[4:4 + size], self.plain[4 + size:]
                    kind, body = wire.msgpack.unpackb(payload, raw=False)
                    self.nonce = body.get("nonce", self.nonce)
                    return kind, body
            try:
                self.plain += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.receive()

    def shake_hands(self):
        self.send(self.client_hello())
        self.send(self.last_flight())

    def greet(self):
        """Open, and welcomed."""
        self.shake_hands()
        self.send(self.sealed(hello()))
        kind, _ = self.message()
        assert kind == wire.WELCOME
        return self

    def bundle(self, workload, components):
        """The first one of a workload, as a frame."""
        return wire.frame([wire.BUNDLE, {"bundle": wire.bundle(workload, 1, wire.ZERO, self.nonce,
                                                               components)}])

    def farewell(self):
        """TLS's good-bye."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def reset(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.close()

    def close(self):
        self.raw.close()


def hello():
    return wire.frame([wire.HELLO, {"versions": [1], "agent": "peer.py"}])


def context(site, name):
    """Made once a site and name: reading certificates is what takes long."""
    made = site.__dict__.setdefault("peer_contexts", {})
    if name not in made:
        made[name] = wire.tls_context(str(site.path("collectors-ca.crt")),
                                      str(site.path(f"{name}.crt")), str(site.path(f"{name}.key")))
    return made[name]
