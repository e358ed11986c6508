"""A directory published by HTTP, by one who can be made to lie: for those who fetch logs."""

import http.server
import pathlib
import re
import socketserver
import threading


class Published:
    """`root`: what is there. `faults`: of requests whose path matches a pattern: a function that is given
    the handler and answers in its place, or returns True: then it is answered as always."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.faults = {}
        self.asked = []
        published = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                published.asked.append(self.path)
                for pattern, fault in list(published.faults.items()):
                    if re.search(pattern, self.path) and not fault(self):
                        return
                published.answer(self)

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # who asked has gone

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def path_of(self, handler):
        return self.root / handler.path.lstrip("/")

    def answer(self, handler):
        try:
            content = self.path_of(handler).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return give(handler, 404)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range") or "")
        if not asked:
            return give(handler, 200, content)
        first, last = int(asked[1]), int(asked[2])
        if first >= len(content):
            return give(handler, 416)
        return give(handler, 206, content[first:last + 1])


def give(handler, status, body=b"", **fields):
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
