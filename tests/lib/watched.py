"""A real program on this host that a real collector measures, whose next round is an hour away."""

import hashlib
import shutil
import subprocess

from hallmark import Process, Site, to_yaml

HOST = "spiffe://test/host1"


class Watched:
    """A site with a collector whose next round is an hour away, and one program as its workload."""

    def __init__(self, operators=None, **site):
        """`operators`: gives Desk's of the site, who then stand in its policy. `site`: as Site takes them."""
        self.site = Site(**site)
        self.path = self.site.path
        self.program = self.path("app")
        shutil.copy("/bin/sleep", self.program)
        digest = hashlib.sha256(self.program.read_bytes()).hexdigest()
        self.operators = operators(self.site) if operators else None
        (self.operators.policy if operators else self.site.write_policy)(reference=f"{digest}  {self.program}\n")
        self.signer = self.site.start_signer()
        self.app = None
        self.start_app()
        for name in ("state", "receipts"):
            self.path(name).mkdir()
        self.site.issue("host1", uri=HOST)
        self.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test",
                         "log_certificate": "log.crt"}],
            "tls": {"certificate": "host1.crt", "key": "host1.key",
                    "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 3600, "sign_every_s": 0,
            "workloads": [{"name": "app", "executable": str(self.program),
                           "measure": ["executable", "host"]}]}))
        self.start_collector()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_app()
        self.site.__exit__()

    def start_app(self):
        self.app = subprocess.Popen([self.program, "3600"])

    def end_app(self):
        self.app.kill()
        self.app.wait()

    def start_collector(self):
        self.collector = Process("hallmark-collector", ["run", "-c", str(self.path("collector.yaml"))],
                                 self.site.env)
        self.site.processes.append(self.collector)
        self.collector.wait_for("event=receipt")

    def alter(self):
        """One byte of the program, whose process is started anew."""
        self.end_app()
        content = bytearray(self.program.read_bytes())
        content[-1] ^= 1
        self.program.write_bytes(bytes(content))
        self.start_app()

    def challenge(self, *arguments, workload="app"):
        return self.site.tool("hallmark-signer", "challenge", "-c", str(self.path("signer.yaml")),
                              HOST, workload, *arguments, check=False)

    def expect_refusal(self, code, *arguments, **options):
        done = self.challenge(*arguments, **options)
        assert done.returncode == 2 and done.stdout == "", done
        assert done.stderr.startswith("hallmark-signer: ") and f"({code})\n" in done.stderr, done
