#!/usr/bin/python3
"""Component `packages`, and whose root directory it and `os_release` are of."""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_measure
from hallmark import Site, run_tests, to_yaml
from measured import PYTHON, Measured, can_be_others

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
ROOTED = "import os, sys; os.chroot(sys.argv[1]); os.chdir('/'); print('ready', flush=True); sys.stdin.read()"
PACKAGE = "${db:Status-Status} ${Package} ${Version} ${Architecture}\n"
ONE = "Package: one\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"


class Rooted(Measured):
    """A workload with a root directory of its own."""

    def __enter__(self):
        (self.dir / "root").mkdir()
        self.process = self.start(PYTHON, "-c", ROOTED, self.dir / "root", ready=True)
        return self

    def packages(self):
        """The facts; a second collector's component is the same to the byte."""
        measured = self.measure("packages", pid=self.process.pid)["components"]["packages"]
        assert measured["sha256"] == second_measure.packages(self.process.pid).digest.hex()
        return {i["name"]: i["values"] for i in measured["items"]}

    def not_had(self):
        told = self.refused("packages", pid=self.process.pid)
        assert "packages is left out" in told, told
        return told


def test_the_hosts_are_those_of_dpkg():
    told = subprocess.run(["dpkg-query", "-W", "-f", PACKAGE], capture_output=True, text=True,
                          check=True).stdout.splitlines()
    told = [line.split(" ", 1)[1] for line in told if line.startswith("installed ")]
    with Measured() as host:
        measured = host.measure("packages", pid=os.getpid())["components"]["packages"]
        assert {i["name"]: i["values"] for i in measured["items"]}["dpkg"] == sorted(told)
        assert measured["sha256"] == second_measure.packages(os.getpid()).digest.hex()


def test_a_root_of_its_own():
    with Rooted() as host:
        host.write("root/var/lib/dpkg/status", ONE)
        host.write("root/usr/lib/os-release", "ID=alpine\nNAME=x\nVERSION_ID=3.20")
        (host.dir / "root/etc").mkdir()
        (host.dir / "root/etc/os-release").symlink_to("/usr/lib/os-release")
        assert host.packages() == {"dpkg": ["one 1 all"]}
        measured = host.measure("host", pid=host.process.pid)["components"]["host"]
        facts = {i["name"]: i["values"] for i in measured["items"]}
        assert facts["os_release"] == ["ID=alpine", "VERSION_ID=3.20"]
        assert measured["sha256"] == second_measure.host(host.process.pid).digest.hex()
        (host.dir / "root/usr/lib/os-release").unlink()
        assert host.facts("host", pid=host.process.pid)["os_release"] == []
        host.end(host.process)
        host.process = host.start(PYTHON, "-c", "print('ready', flush=True); input()", ready=True)
        assert "one 1 all" not in host.packages().get("dpkg", [])


def test_states_journal_and_odd_entries():
    with Rooted() as host:
        host.write("root/var/lib/dpkg/status", (
            f"{ONE}\n{ONE.replace('one', 'two').replace('ok installed', 'ok unpacked')}\n"
            f"{ONE.replace('one', 'three').replace('Architecture: all', '')}\n"
            f"{ONE.replace('one', 'four')}Version: 2\n\n{ONE.replace('one', 'five')}\n"
            f"{ONE.replace('one', 'six').replace('install ok installed', 'deinstall ok config-files')}"))
        dpkg = ["four 1 all odd", "one 1 all", "three 1 -", "two 1 all unpacked"]
        assert host.packages() == {"dpkg": sorted([*dpkg, "five 1 all"])}
        journal = ONE.replace("one", "five").replace("Version: 1", "Version: {}")
        for name, version in (("0001", 3), ("0000", 2), ("tmp.i", 4), ("00000000005", 5)):
            host.write(f"root/var/lib/dpkg/updates/{name}", journal.format(version))
        assert host.packages() == {"dpkg": sorted([*dpkg, "five 3 all"])}


def test_dpkg_reads_its_journal_as_we_do():
    with Rooted() as host:
        same = "Multi-Arch: same\n"
        host.write("root/var/lib/dpkg/status", "\n".join(
            ONE.replace("one", name).replace(": all", f": {architecture}") + "Maintainer: x <x@x.test>\n"
            "Description: x\n" + more for name, architecture, more in (
                ("one", "all", ""), ("two", "amd64", same), ("two", "i386", same), ("three", "amd64", ""))))
        host.write("root/var/lib/dpkg/arch", "amd64\ni386\n")
        for number, (name, architecture, more) in enumerate((
                ("one", "all", ""), ("two", "i386", same), ("three", "all", ""), ("four", "all", ""))):
            host.write(f"root/var/lib/dpkg/updates/{number:04}",
                       ONE.replace("one", name).replace(": all", f": {architecture}").replace("n: 1", "n: 2")
                       + "Maintainer: x <x@x.test>\nDescription: x\n" + more)
        told = subprocess.run(["dpkg-query", "--admindir", host.dir / "root/var/lib/dpkg", "-W", "-f",
                               PACKAGE], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        assert host.packages()["dpkg"] == sorted(line.split(" ", 1)[1] for line in told)


def make_rpm(path, sql="CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"):
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(sql)
    database.executemany("INSERT INTO Packages (blob) VALUES (?)", [
        [(VECTORS / f"rpm-{n}.header").read_bytes()] for n in (1, 2)])
    database.commit()
    return database


def test_rpm_and_apk():
    with Rooted() as host:
        make_rpm(host.dir / "root/usr/lib/sysimage/rpm/rpmdb.sqlite").close()
        rpm = {"rpm": ["alpha 2:1.2-3.fc39 noarch", "beta 0.9~rc1-1 x86_64"]}
        assert host.packages() == rpm
        (host.dir / "root/var/lib").mkdir(parents=True)
        (host.dir / "root/var/lib/rpm").symlink_to("../../usr/lib/sysimage/rpm")
        assert host.packages() == rpm
        host.write("root/lib/apk/db/installed", "P:musl\nV:1.2.5-r0\nA:x86_64\np:so:x\n\nP:b\nV:1\n")
        assert host.packages() == {**rpm, "apk": ["b 1 -", "musl 1.2.5-r0 x86_64"]}


def test_files_of_the_host_beside_packages_of_a_container_are_noted():
    with Rooted() as host:
        host.write("root/var/lib/dpkg/status", ONE)
        host.write("root/etc/mine", "the container's")
        name = str(host.dir / "root/etc/mine")
        of_own = {"pid": host.process.pid}
        said = host.call("files", "packages", files=[name], **of_own).stderr
        assert "component packages is of it" in said and '"view: process"' in said, said
        for kinds, more in ((("files", "packages"), {"view": "process", "files": ["/etc/mine"]}), (("files",), {"files": [name]}),
                            (("packages",), {})):
            assert "root directory of its own" not in host.call(*kinds, **of_own, **more).stderr, (kinds, more)
        other = host.start("sleep", "60")
        assert "root directory of its own" not in host.call("files", "packages", files=[name], pid=other.pid).stderr


def test_a_root_of_any_users_making_says_nothing():
    """Lists that somebody unprivileged has made up are not taken for those of the workload."""
    with Rooted() as host:
        host.write("root/var/lib/dpkg/status", ONE)
        host.write("root/etc/os-release", "ID=made-up\n")
        host.write("root/limits", "max = 1\n")
        host.end(host.process)
        host.process = host.start("unshare", "-r", PYTHON, "-c", ROOTED, host.dir / "root", ready=True)
        assert "user namespace, which every user can make" in host.not_had()
        told = host.refused("config", pid=host.process.pid, config=[{"name": "limits", "file": "/limits", "form": "keyvalue"}])
        assert "user namespace, which every user can make" in told
        facts = host.facts("host", pid=host.process.pid)
        assert "os_release" not in facts and "kernel_release" in facts


def test_rpm_is_read_by_a_collector_that_gave_up_its_rights():
    """`measure` gives up none; who reports does, and loads SQLite afterwards."""
    with Rooted() as host, Site() as site:
        make_rpm(host.dir / "root/var/lib/rpm/rpmdb.sqlite").close()
        site.write_policy(to_yaml({"name": "all", "workloads": [
            {"match": "*", "collectors": ["spiffe://test/*"], "packages": {"facts": [{"name": "rpm", "allow": ["alpha *", "beta *"]}]}}]}))
        site.start_signer()
        site.issue("first", uri="spiffe://test/first")
        for name in ("state", "receipts"):
            site.path(name).mkdir()
        site.path("pid").write_text(str(host.process.pid))
        site.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{site.port}", "server_name": "signer.test"}],
            "tls": {"certificate": "first.crt", "key": "first.key", "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "workloads": [
                {"name": "app", "pid_file": "pid", "measure": ["packages", "host"]}]}))
        site.tool("hallmark-collector", "once", "-c", str(site.path("collector.yaml")))
        receipt, = site.path("receipts").iterdir()
        shown = json.loads(site.audit("show", str(receipt), "--json").stdout)
        rows = shown["hallmark.bundle"]["components"]
        assert rows["packages"]["sha256"] == second_measure.packages(host.process.pid).digest.hex()
        assert rows["host"]["sha256"] == second_measure.host(host.process.pid).digest.hex()


def test_rpm_at_work_leaves_the_component_out():
    with Rooted() as host:
        database = make_rpm(host.dir / "root/var/lib/rpm/rpmdb.sqlite")
        assert "rpm is at work" in host.not_had()
        database.close()
        assert len(host.packages()["rpm"]) == 2


def test_lists_that_cannot_be_read():
    with Rooted() as host:
        assert "no list of dpkg, rpm or apk" in host.not_had()
        older = host.write("root/var/lib/rpm/Packages", "berkeley")
        assert "/var/lib/rpm/Packages: a database of rpm that is not SQLite" in host.not_had()
        older.unlink()
        status = host.write("root/var/lib/dpkg/status", ONE)
        status.unlink()
        os.mkfifo(status)
        assert re.search("/var/lib/dpkg/status: .*form", host.not_had())
        status.unlink()
        status.symlink_to("/dev/zero")
        assert "no list of dpkg" in host.not_had()  # there is no such device below this root
        with open(host.dir / "root/large", "wb") as large:
            large.truncate(1 << 40)
        status.unlink()
        status.symlink_to("../../../large")
        assert "/var/lib/dpkg/status" in host.not_had()


if __name__ == "__main__":
    if not can_be_others():
        for name in [n for n in globals() if n.startswith("test_") and n != "test_the_hosts_are_those_of_dpkg"]:
            del globals()[name]
    run_tests(__name__)
