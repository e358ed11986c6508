"""A signer on the test stand: pinned to its core, with load and key process on the other one. What it
leaves on the disk stays there, emptied, until the program ends: ground.py says why.

The signer is started pinned, so that threads and whatever it starts later have its core too; the key
process is moved to the load's.
"""

import itertools
import json
import os
import subprocess

from cryptography.hazmat.primitives import serialization

import ground
import hallmark

SIGNER_CORE, LOAD_CORE = "0", "1"

# One identity stands for a whole site here.
QUOTAS = {"connections_per_collector": 1000000, "workloads_per_collector": 100000000,
          "components_per_hour": 1000000000, "reports_per_hour": 1000000000,
          "in_flight_per_collector": 1000000}


class Stand(hallmark.Site):
    def __init__(self, cores=SIGNER_CORE, loops=1, **options):
        self.cores = cores
        self.loops = loops
        self.signer = None
        self.runs = itertools.count()
        options["limits"] = {"connections": 2000, **QUOTAS, **options.get("limits", {})}
        super().__init__(directory=ground.plot(), **options)
        self.issue("load", uri="spiffe://test/load")
        self.secret("ca.key", self.ca.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode())

    def __exit__(self, *exception):
        super().__exit__(*exception)
        ground.empty(self.dir)

    def write_configs(self):
        super().write_configs()
        with open(self.path("signer.yaml"), "a", encoding="utf-8") as config:
            config.write(hallmark.to_yaml({"loops": self.loops}))

    def start(self):
        self.signer = self.start_signer(prefix=["taskset", "-c", self.cores])
        self.key_process = self.key_process_pid()
        subprocess.run(["taskset", "-a", "-p", "-c", LOAD_CORE, str(self.key_process)], check=True,
                       stdout=subprocess.DEVNULL)
        return self

    def arguments(self, mode, *arguments, port=None):
        return ["taskset", "-c", LOAD_CORE, hallmark.program("load"), mode,
                "--port", str(port or self.port), "--ca", str(self.path("collectors-ca.crt")),
                "--cert", str(self.path("load.crt")), "--key", str(self.path("load.key")),
                *(str(a) for a in arguments)]

    def load(self, mode, *arguments):
        """One run; gives what it measured: `busy` is the signer's part of its core."""
        return run(self.arguments(mode, "--watch", self.signer.pid, "--watch", self.key_process,
                                  *arguments))

    def reports(self, *arguments):
        """Bundles for receipts, in chains of this run's own, a sample of them verified."""
        return self.load("reports", "--log-cert", self.path("log.crt"), "--prefix",
                         f"run{next(self.runs)}", *arguments)

    def finish(self):
        """The signer ends cleanly, and the log it leaves, if there were reports, is whole."""
        if self.signer.stop() != 0:
            raise AssertionError("\n".join(self.signer.lines[-5:]))
        if self.path("log/checkpoint").exists():
            self.audit("fsck", "--log", str(self.path("log")), "--cert",
                       str(self.path("log.crt")))


def run(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(arguments[3:5])}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmRSS:")))


def processor_s(pid):
    """User and system time of all threads: proc(5), stat, fields 14 and 15."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
