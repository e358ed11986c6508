"""A TLS client on libssl itself, for what Python's ssl has no call for: KeyUpdate."""

import ctypes
import ctypes.util
import socket

import hallmark
import wire

SSL = ctypes.CDLL(ctypes.util.find_library("ssl"))
for name, result, *arguments in (
        ("TLS_client_method", ctypes.c_void_p),
        ("SSL_CTX_new", ctypes.c_void_p, ctypes.c_void_p),
        ("SSL_CTX_free", None, ctypes.c_void_p),
        ("SSL_CTX_load_verify_locations", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p,
         ctypes.c_char_p),
        ("SSL_CTX_use_certificate_file", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p,
         ctypes.c_int),
        ("SSL_CTX_use_PrivateKey_file", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p,
         ctypes.c_int),
        ("SSL_new", ctypes.c_void_p, ctypes.c_void_p),
        ("SSL_free", None, ctypes.c_void_p),
        ("SSL_set_fd", ctypes.c_int, ctypes.c_void_p, ctypes.c_int),
        ("SSL_connect", ctypes.c_int, ctypes.c_void_p),
        ("SSL_do_handshake", ctypes.c_int, ctypes.c_void_p),
        ("SSL_write", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
        ("SSL_read", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
        ("SSL_key_update", ctypes.c_int, ctypes.c_void_p, ctypes.c_int)):
    getattr(SSL, name).restype = result
    getattr(SSL, name).argtypes = arguments

PEM = 1
UPDATE_OURS, UPDATE_BOTH = 0, 1  # whose keys: the other's too means that it has to answer


class RawTls:
    """Connected, hands shaken, by the certificate of `name`."""

    def __init__(self, site, name, receive_buffer=None):
        if not site.path(f"{name}.crt").exists():
            site.issue(name, uri=f"spiffe://test/{name}")
        path = lambda file: str(site.path(file)).encode()
        self.context = SSL.SSL_CTX_new(SSL.TLS_client_method())
        assert SSL.SSL_CTX_load_verify_locations(self.context, path("collectors-ca.crt"), None) == 1
        assert SSL.SSL_CTX_use_certificate_file(self.context, path(f"{name}.crt"), PEM) == 1
        assert SSL.SSL_CTX_use_PrivateKey_file(self.context, path(f"{name}.key"), PEM) == 1
        self.raw = socket.socket()
        if receive_buffer:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.raw.connect(("127.0.0.1", site.port))
        self.raw.settimeout(None)  # libssl knows nothing of Python's waiting
        self.ssl = SSL.SSL_new(self.context)
        assert SSL.SSL_set_fd(self.ssl, self.raw.fileno()) == 1 and SSL.SSL_connect(self.ssl) == 1

    def update_keys(self, whose):
        """False once the other side has closed."""
        return SSL.SSL_key_update(self.ssl, whose) == 1 and SSL.SSL_do_handshake(self.ssl) == 1

    def write(self, data):
        return SSL.SSL_write(self.ssl, data, len(data)) == len(data)

    def read(self, size_max=65536):
        room = ctypes.create_string_buffer(size_max)
        size = SSL.SSL_read(self.ssl, room, size_max)
        return room.raw[:max(size, 0)]

    def message(self):
        size = int.from_bytes(self.exactly(4), "big")
        return wire.msgpack.unpackb(self.exactly(size), raw=False)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.read(size - len(data))
            assert more, f"expected {size} bytes, found {len(data)}"
            data += more
        return data

    def close(self):
        SSL.SSL_free(self.ssl)
        SSL.SSL_CTX_free(self.context)
        self.raw.close()
