"""What the signer is compared with: nginx, one worker on the signer's core, TLS 1.3 as the signer has
it, answering every POST with a static 200 of a receipt's size.

Two clients try with each depth of pipelining that the signer is tried with: the signer's own load
generator (client certificate required, as the signer requires it), and wrk, which cannot show a
certificate and so uses a port that asks for none.
"""

import functools
import re
import subprocess
import time

import hallmark
import stand

CONNECTIONS = 32
DEPTHS = (1, 8, 32, 64)  # requests under way on each: pipelining

CONFIG = """daemon off;
{user}worker_processes 1;
error_log stderr notice;
pid {dir}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {dir}/nginx-body;
    proxy_temp_path {dir}/nginx-proxy;
    fastcgi_temp_path {dir}/nginx-fastcgi;
    uwsgi_temp_path {dir}/nginx-uwsgi;
    scgi_temp_path {dir}/nginx-scgi;
    ssl_certificate {dir}/signer.crt;
    ssl_certificate_key {dir}/signer.key;
    ssl_client_certificate {dir}/collectors-ca.crt;
    ssl_protocols TLSv1.3;
    # The cipher that the signer prefers: with its own choice, of 256 bits, nginx would have more to do.
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    server {{
        listen 127.0.0.1:{mutual} ssl;
        ssl_verify_client on;
        location / {{ return 200 "{body}"; }}
    }}
    server {{
        listen 127.0.0.1:{open} ssl;
        location / {{ return 200 "{body}"; }}
    }}
}}
"""

SCRIPT = """local all
init = function()
    local one = wrk.format("POST", "/report", nil, string.rep("x", 1024))
    all = string.rep(one, {depth})
end
request = function() return all end
"""


class WebServer:
    def __init__(self, site, answer_bytes):
        self.site = site
        self.mutual, self.open = hallmark.free_port(), hallmark.free_port()
        site.path("nginx.conf").write_text(CONFIG.format(
            dir=site.dir, mutual=self.mutual, open=self.open, body="x" * int(answer_bytes),
            user="user root;\n" if not hallmark.os.getuid() else ""))
        self.process = hallmark.Process(
            "/usr/sbin/nginx", ["-p", str(site.dir), "-c", str(site.path("nginx.conf"))], site.env,
            prefix=["taskset", "-c", stand.SIGNER_CORE])
        try:
            self.worker = int(re.search(
                r"start worker process (\d+)",
                self.process.wait_for(r"start worker process \d+")).group(1))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
        self.process.end()

    def load(self, depth, seconds, *arguments):
        return stand.run(self.site.arguments(
            "http", "--connections", CONNECTIONS, "--workloads", depth, "--seconds", seconds,
            "--watch", self.worker, *arguments, port=self.mutual))

    def handshakes(self, at_once, seconds, *arguments):
        """A connection for each request, so that the server's own handshakes are what is measured."""
        return stand.run(self.site.arguments(
            "http", "--once", "--connections", at_once, "--seconds", seconds, "--watch",
            self.worker, *arguments, port=self.mutual))

    def wrk(self, depth, seconds):
        script = self.site.path(f"post-{depth}.lua")
        script.write_text(SCRIPT.format(depth=depth))
        began, used = time.monotonic(), stand.processor_s(self.worker)
        done = subprocess.run(
            ["taskset", "-c", stand.LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
             "-s", str(script), f"https://127.0.0.1:{self.open}/"],
            capture_output=True, text=True, check=True)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise AssertionError(done.stdout)
        return {"per_second": float(re.search(r"Requests/sec: +([\d.]+)", done.stdout).group(1)),
                "busy": [(stand.processor_s(self.worker) - used) / (time.monotonic() - began)]}

    def ways(self):
        """Either client with each depth, by name: to be called with seconds."""
        return {f"{name}, {depth} a connection": functools.partial(client, depth)
                for name, client in (("own load", self.load), ("wrk", self.wrk)) for depth in DEPTHS}
