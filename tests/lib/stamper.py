"""An authority of timestamps (RFC 3161) by HTTP, which is `openssl ts -reply`, and its lies."""

import http.server
import subprocess
import threading

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {dir}/serial
signer_cert = {dir}/{name}.crt
certs = {dir}/{name}.crt
signer_key = {dir}/{name}.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options).stdout


class Stamper:
    """`lie` is None, or what is answered instead of the truth: bytes, or a function of the query.
    Use as a context manager; `dir` is where its files are."""

    def __init__(self, dir):
        self.dir, self.lie, self.asked, self.status = dir, None, [], 200
        self.hold = threading.Event()  # set: nobody waits for an answer
        self.hold.set()
        self.turn = threading.Lock()
        dir.mkdir()
        self.make("tsa")
        stamper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                query = self.rfile.read(int(self.headers["Content-Length"]))
                stamper.asked.append((self.headers["Content-Type"], query))
                stamper.hold.wait()
                body = stamper.lie or stamper.reply
                body = body if isinstance(body, bytes) else body(query)
                self.send_response(stamper.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # who asked has gone

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsr"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def make(self, name):
        """A CA and an authority that it has certified."""
        at = self.dir / name
        new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        openssl(*new, "-subj", f"/CN={name} root", "-keyout", f"{at}-ca.key", "-out", f"{at}-ca.crt")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{at}.key", "-out", f"{at}.csr")
        (self.dir / "extensions").write_text("extendedKeyUsage = critical,timeStamping\n")
        openssl("x509", "-req", "-in", f"{at}.csr", "-CA", f"{at}-ca.crt", "-CAkey", f"{at}-ca.key", "-days", "1",
                "-extfile", self.dir / "extensions", "-out", f"{at}.crt")
        (self.dir / f"{name}.cnf").write_text(CONFIG.format(dir=self.dir, name=name))

    @property
    def ca(self):
        return self.dir / "tsa-ca.crt"

    def reply(self, query, name="tsa"):
        with self.turn:  # `serial` is one file
            (self.dir / "query").write_bytes(query)
            openssl("ts", "-reply", "-config", self.dir / f"{name}.cnf", "-section", "one",
                    "-queryfile", self.dir / "query", "-out", self.dir / "answer")
            return (self.dir / "answer").read_bytes()

    def query(self, data):
        """Another one than the register's."""
        (self.dir / "data").write_bytes(data)
        return openssl("ts", "-query", "-data", self.dir / "data", "-sha256", "-cert")

    def verify(self, data, reply):
        """As anybody does it. Raises."""
        (self.dir / "data").write_bytes(data)
        (self.dir / "reply").write_bytes(reply)
        openssl("ts", "-verify", "-data", self.dir / "data", "-in", self.dir / "reply", "-CAfile", self.ca)
