"""A small server of pages, over TLS or not, that answers as a test says, also as no honest one does."""

import http.server
import ipaddress
import pathlib
import socketserver
import ssl
import tempfile
import threading

from cryptography import x509

from hallmark import Authority, ended_at_last

HTML = "text/html; charset=utf-8"


class Pages:
    """`answers`: path to (headers, body), or to what is called with the handler; `asked`: what was asked."""

    def __init__(self, names=("shop.test",), tls=True, authority=None):
        self.answers, self.asked = {}, []
        self.end = threading.Event()
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                pages.asked.append((self.headers["Host"], self.path, dict(self.headers)))
                answer = pages.answers.get(self.path, ({}, None))
                if callable(answer):
                    self.close_connection = True
                    try:
                        answer(self)
                    except OSError:
                        pass
                    return
                headers, body = answer
                self.send_response(404 if body is None else 200)
                self.put(headers, body or b"")

            def put(self, headers, body):
                body = body.encode() if isinstance(body, str) else body
                for name, value in (headers.items() if isinstance(headers, dict) else headers):
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-pages-"))
        self.authority = authority or Authority("pages", self.directory)
        if tls:
            self.authority.issue(self.directory / "server", names[0], dns=list(names), server=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.directory / "server.crt", self.directory / "server.key")
            # Where the handshake fails, the thread that serves it does, and not the one that accepts.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        ended_at_last(self.close)

    @property
    def connect(self):
        return f"127.0.0.1:{self.port}"

    def html(self, text, headers=(), path="/pay"):
        self.answers[path] = ([("Content-Type", HTML), *(headers.items() if isinstance(headers, dict) else headers)], text)

    def script(self, path, text, headers=()):
        self.answers[path] = ([("Content-Type", "text/javascript"), *headers], text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        import shutil
        self.end.set()
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()
        shutil.rmtree(self.directory, ignore_errors=True)


def redirect(to, status=302):
    def answer(handler):
        handler.send_response(status)
        handler.put({"Location": to}, b"")
    return answer


def raw(*parts):
    """These bytes, and the connection ends."""
    def answer(handler):
        for part in parts:
            handler.wfile.write(part)
    return answer
