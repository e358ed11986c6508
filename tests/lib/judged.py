"""Real processes, measured by a real collector and judged by a real signer: what comes of a workload `app`."""

import hashlib
import json
import os
import pathlib
import re
import signal

from hallmark import Site, to_yaml
from measured import Measured

COLLECTOR = "spiffe://test/host"


def mapped(*processes):
    """Every file that one of them has mapped executable, as it stands on the disk: what a reference set of them has."""
    paths = set()
    for process in processes:
        for line in pathlib.Path(f"/proc/{process.pid}/maps").read_text(errors="surrogateescape").splitlines():
            fields = line.split(None, 5)
            if "x" in fields[1] and len(fields) == 6 and fields[5].startswith("/"):
                paths.add(fields[5])
    return paths


def sums(paths):
    """A reference set."""
    return "".join(f"{hashlib.sha256(pathlib.Path(p).read_bytes()).hexdigest()}  {p}\n" for p in sorted(paths))


class Judged(Measured):
    """A host and a signer. `policy` and `workload` are those of `app`."""

    def __init__(self):
        super().__init__()
        self.dir.chmod(0o755)
        self.site = Site()
        self.signer = None
        self.site.issue("host", uri=COLLECTOR)

    def __exit__(self, *all_of_them):
        super().__exit__(*all_of_them)
        self.site.__exit__(*all_of_them)

    def judge_by(self, references, top=None, **entry):
        """Reference sets by name, `top` for more at the top of the policy, and the one entry."""
        for name, content in references.items():
            self.site.path(f"{name}.sha256").write_text(content)
        self.site.path("policy.yaml").write_text(to_yaml({
            "name": "judged", **(top or {}), "references": [{"name": n, "file": f"{n}.sha256"} for n in references],
            "workloads": [{"match": "app", "collectors": [COLLECTOR], **entry}]}))
        if self.signer is None:
            self.signer = self.site.start_signer()
            return
        self.reload()

    def reload(self):
        """The signer takes the policy that is there now."""
        said = len(self.signer.lines)
        self.signer.signal(signal.SIGHUP)
        line = self.signer.wait_for("event=reload", start=said)
        assert "event=reloaded" in line, line

    def measure_by(self, **workload):
        for name in ("state", "receipts"):
            self.site.path(name).mkdir(exist_ok=True)
        self.site.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test"}],
            "tls": {"certificate": "host.crt", "key": "host.key", "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "sign_every_s": 0,
            "workloads": [{"name": "app", **workload}]}))

    def verdict(self):
        """(status, {(code, subject)}) of one round."""
        of_app = self.appraisal()
        return of_app["ear.status"], {(f["code"], f["subject"]) for f in of_app["hallmark.findings"]}

    def appraisal(self):
        """What the report of one round says of the workload."""
        done = self.site.tool("hallmark-collector", "once", "-c", str(self.site.path("collector.yaml")), check=False)
        receipt = re.search(r"index \d+, (\S+\.tlog-proof)", done.stdout)
        assert receipt, f"{done.stdout}{done.stderr}"
        shown = json.loads(self.site.audit("show", str(self.site.path(receipt[1])), "--json").stdout)
        return shown["submods"]["app"]

    def program_of(self, process):
        return os.readlink(f"/proc/{process.pid}/exe")
