#!/usr/bin/python3
"""What the signer says of files that a real collector has measured: who may change them, those that are
replaced while they are read, and what links lead to."""

import hashlib
import json
import os
import pathlib
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import Site, run_tests, to_yaml
from measured import can_be_others

LARGE = 64 << 20  # bytes: reading them takes long enough to be changed meanwhile


class Judged(Site):
    """A directory `tree` with files of known content, judged by what was released: a process stands for the
    workload, which has no other part in it."""

    def __init__(self, contents, **rule):
        super().__init__()
        self.tree = self.path("tree")
        for name, content in contents.items():
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / name).write_bytes(content)
        self.path("").chmod(0o755)
        self.write_policy(to_yaml({
            "name": "p", "references": [{"name": "known", "file": "known.sha256"}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/*"], "require": ["files"],
                           "files": {"references": ["known"], **rule}}]}),
            "".join(f"{hashlib.sha256(c).hexdigest()}  {self.tree}/{n}\n" for n, c in contents.items()))
        self.start_signer()
        self.issue("host", uri="spiffe://test/host")
        for name in ("state", "receipts"):
            self.path(name).mkdir()
        self.path("pid").write_text(str(os.getpid()))
        self.configure(f"{self.tree}/**")

    def configure(self, *patterns, **workload):
        self.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.port}", "server_name": "signer.test"}],
            "tls": {"certificate": "host.crt", "key": "host.key", "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "sign_every_s": 0, "workloads": [
                {"name": "app", "pid_file": "pid", "measure": ["files"], "files": list(patterns), **workload}]}))

    def judge(self):
        """The status, and codes with the names below the tree that they are about."""
        self.tool("hallmark-collector", "once", "-c", str(self.path("collector.yaml")))
        receipt = max(self.path("receipts").iterdir())
        verdict = json.loads(self.audit("show", str(receipt), "--json").stdout)["submods"]["app"]
        return verdict["ear.status"], {
            (f["code"], f["subject"].removeprefix(f"{self.tree}/")) for f in verdict.get("hallmark.findings", [])}


def test_who_may_change_a_file_or_gains_by_running_it():
    if not can_be_others():
        return
    with Judged({name: b"released" for name in ("tool", "group", "conf", "cap", "acl", "d/f")}) as host:
        assert host.judge() == ("affirming", set())
        (host.tree / "tool").chmod(0o4755)
        (host.tree / "group").chmod(0o2755)
        os.chown(host.tree / "conf", 65534, 65534)
        (host.tree / "conf").chmod(0o664)
        os.setxattr(host.tree / "cap", "security.capability", struct.pack("<5I", 0x2000001, 1 << 21, 0, 0, 0))
        os.setxattr(host.tree / "acl", "system.posix_acl_access", b"\2\0\0\0" + b"".join(
            struct.pack("<HHI", *e, 2**32 - 1) for e in ((1, 6), (4, 4))) + struct.pack("<HHI", 8, 6, 12) + b"".join(
                struct.pack("<HHI", *e, 2**32 - 1) for e in ((16, 6), (32, 4))))
        (host.tree / "d").chmod(0o777)
        assert host.judge() == ("contraindicated", {
            ("setuid-file", "tool"), ("setuid-file", "group"), ("other-owner", "conf"), ("writable-by-others", "conf"),
            ("file-capabilities", "cap"), ("writable-by-others", "acl"), ("writable-by-others", "d/f")})
        (host.tree / "d").chmod(0o1777)
        assert ("writable-by-others", "d/f") not in host.judge()[1]


def test_a_file_that_is_replaced_all_the_time():
    with Judged({"conf": bytes(LARGE)}, unstable="warning") as host:
        def judged_while(beginning):
            done = threading.Event()

            def replace():
                while not done.is_set():
                    with host.path("other").open("wb") as file:
                        file.write(beginning())
                        file.truncate(LARGE)
                    os.rename(host.path("other"), host.tree / "conf")

            worker = threading.Thread(target=replace)
            worker.start()
            try:
                return host.judge()
            finally:
                done.set()
                worker.join()

        assert judged_while(lambda: b"") == ("affirming", set())
        assert judged_while(lambda: os.urandom(8)) == ("warning", {("unstable-file", "conf")})


def test_what_stands_behind_links_of_real_layouts():
    """Of nginx, of certbot and of a ConfigMap: names are links, and what they lead to is released or not."""
    layouts = {"sites-enabled/a": "../sites-available/a", "live/x/cert.pem": "../../archive/x/cert1.pem",
               "cm/..data": "..2026_11_30", "cm/app.conf": "..data/app.conf"}
    with Judged({name: b"released" for name in ("sites-enabled/a", "live/x/cert.pem", "cm/app.conf")}) as host:
        for name in ("sites-available/a", "archive/x/cert1.pem", "archive/x/cert2.pem", "cm/..2026_11_30/app.conf"):
            (host.tree / name).parent.mkdir(parents=True, exist_ok=True)
            (host.tree / name).write_bytes(b"released")
        for name, target in layouts.items():
            (host.tree / name).unlink(missing_ok=True)
            (host.tree / name).symlink_to(target)
        patterns = [f"{host.tree}/{p}" for p in ("sites-enabled/*", "live/*/*.pem", "cm/*")]
        host.configure(*patterns)
        names = ("sites-enabled/a", "live/x/cert.pem", "cm/app.conf")
        assert host.judge() == ("contraindicated", {("symbolic-link", name) for name in names})
        host.configure(*patterns, follow=True)
        assert host.judge() == ("affirming", set())
        (host.tree / "cm/..2026_12_01").mkdir()
        (host.tree / "cm/..2026_12_01/app.conf").write_bytes(b"other")
        for name, target in (("cm/..data", "..2026_12_01"), ("live/x/cert.pem", "../../archive/x/cert2.pem")):
            (host.tree / "new").symlink_to(target)
            os.rename(host.tree / "new", host.tree / name)
        (host.tree / "sites-available/a").write_bytes(b"other")
        assert host.judge() == ("contraindicated", {("changed-file", name) for name in names if name[0] != "l"})
        (host.tree / "sites-available/a").unlink()
        assert ("symbolic-link", "sites-enabled/a") in host.judge()[1], "it leads to nothing"


if __name__ == "__main__":
    run_tests(__name__)
