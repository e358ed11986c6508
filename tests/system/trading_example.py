#!/usr/bin/python3
"""config/examples/trading with real nginx, PostgreSQL and Python, as doc/policy.md tells it: each of its commands runs, in
its order, and prints what stands there. HALLMARK_REWRITE=1 writes into the document what was printed."""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import second_subject
from chronicle import Time
from hallmark import BUILD, PATIENCE_S, ROOT, Site, run_tests
from judged import mapped, sums
from measured import can_be_others

EXAMPLE = ROOT / "config/examples/trading"
DOCUMENT = ROOT / "doc/policy.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
POLICY = re.compile(r"^```yaml\n(.*?)^```", re.M | re.S)
RISK = 990
LOOK_S = 0.02
TICKS_S = 2 / os.sysconf("SC_CLK_TCK")  # what was written before is older than a process then: its start is told in ticks
# Becomes the user of the database as sudo would; says where the next command begins.
SHELL = """
sudo() {{ shift 2; setpriv --reuid={user.pw_uid} --regid={user.pw_gid} --clear-groups --no-new-privs "$@"; }}
trap 'pwd >{root}/cwd' EXIT
"""


def programs():
    """Those of the story, as they are found here: by the names it has."""
    postgres = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not (can_be_others() and postgres and shutil.which("nginx") and shutil.which("psql")):
        return None
    return {"python3.11": os.path.basename(os.path.realpath("/usr/bin/python3")),
            "postgresql/15/": f"postgresql/{postgres[-1].parts[4]}/",
            '"101"': f'"{pwd.getpwnam("postgres").pw_uid}"', '"33"': f'"{pwd.getpwnam("www-data").pw_uid}"'}


class Host(Site):
    """All directories of the story are below one that is the test's own."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hm-", dir="/tmp"))
        self.root.chmod(0o755)
        self.services, self.names = {}, programs()
        super().__init__(self.root / "etc/hallmark", origin="hallmark.bank.example/prod-1")
        self.issue("host", uri="spiffe://bank.example/host/7")
        self.issue("signer", dns="signer.bank.example", server=True)
        self.postgres_user = pwd.getpwnam("postgres")
        self.lay_out()
        self.clock, self.cwd = Time(self), self.dir
        self.clock.clock.move(0)

    def __exit__(self, *all_of_them):
        for process in self.services.values():
            self.end(process)
        super().__exit__(*all_of_them)
        shutil.rmtree(self.root, ignore_errors=True)

    def here(self, text):
        """What stands in the story, for this host."""
        for name, found in self.names.items():
            text = text.replace(name, found)
        text = text.replace("signer.bank.example:7443", f"127.0.0.1:{self.port}").replace(":7443", f":{self.port}")
        text = text.replace("/usr/local/bin", str(BUILD))
        soon = datetime.date.today() + datetime.timedelta(200)
        return re.sub(r"(?<![\w/])/(etc|opt|run|srv|var)\b", rf"{self.root}/\1", text.replace("2027-06-30", str(soon)))

    def there(self, text):
        """What was printed, as it is in the story."""
        for name, found in self.names.items():
            text = text.replace(found, name)
        return text.replace(str(self.root), "")

    def lay_out(self):
        for name in ("run/hallmark-signer", "run/postgresql", "var/log/nginx", "var/lib/nginx", "var/lib/postgresql/15",
                     "var/lib/hallmark-collector/state", "var/lib/hallmark-collector/receipts", "var/tmp", "opt", "srv/build"):
            self.at(f"/{name}").mkdir(parents=True, exist_ok=True)
        for name, place in (("policy.yaml", "hallmark"), ("collector.yaml", "hallmark"), ("signer.yaml", "hallmark"),
                            ("cases.yaml", "hallmark"), ("nginx.conf", "nginx"), ("postgresql.conf", "postgresql/15/main"),
                            ("pg_hba.conf", "postgresql/15/main"), ("limits.ini", "risk")):
            self.at(f"/etc/{place}").mkdir(parents=True, exist_ok=True)
            self.at(f"/etc/{place}/{name}").write_text(self.here((EXAMPLE / name).read_text()))
        collector = self.path("collector.yaml")  # one behind the other, so that each has its number in the log
        collector.write_text(f"measure_at_once: 1\n{collector.read_text()}")
        for release in ("4.1", "4.2"):
            self.at(f"/srv/build/risk-{release}").mkdir()
            for path in (EXAMPLE / f"risk-{release}").glob("*.py"):
                self.at(f"/srv/build/risk-{release}/{path.name}").write_text(self.here(path.read_text()))
        shutil.copytree(self.at("/srv/build/risk-4.1"), self.at("/opt/risk"))
        for name in ("run/postgresql", "var/lib/postgresql/15"):
            os.chown(self.at(f"/{name}"), self.postgres_user.pw_uid, self.postgres_user.pw_gid)
        self.path("refs").mkdir()
        self.systemctl("start", "nginx", "risk", "postgresql")
        self.path("refs/debian-12.sha256").write_text(sums(self.mapped()))

    def mapped(self):
        """What the services have mapped when all of them wait; and what names of users are looked up with."""
        until(lambda: len(self.members("nginx")) == 4 and self.said("/run/nginx.pid") and
              self.said("/run/postgresql/15-main.pid") and "ready" in self.said("/var/lib/postgresql/15/main/postmaster.pid"))
        pids = set().union(*map(self.members, self.services))
        paths = mapped(*(collections.namedtuple("Running", "pid")(pid) for pid in pids))
        libc, = (p for p in paths if p.endswith("/libc.so.6"))
        return paths | {str(p) for p in pathlib.Path(libc).parent.glob("libnss_*") if not p.is_symlink()}

    def at(self, path):
        return pathlib.Path(self.here(path))

    def said(self, path):
        return self.at(path).read_text() if self.at(path).exists() else ""

    def members(self, service):
        return second_subject.members(self.services[service].pid)

    # --- services, as systemd would have them

    def systemctl(self, verb, *names):
        for name in names:
            if verb == "reload":
                self.reload()
                continue
            if name in self.services:
                self.end(self.services.pop(name))
            time.sleep(TICKS_S)
            if name == "hallmark-signer":
                self.signer = self.clock.start()
            else:
                self.services[name] = getattr(self, name)()

    def run(self, *command, uid=0, gid=0):
        return subprocess.Popen(["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
                                 *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, cwd=self.root, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})

    def nginx(self):
        return self.run("/usr/sbin/nginx", "-g", "daemon off;", "-c", self.at("/etc/nginx/nginx.conf"), "-p", self.at("/var/lib/nginx"))

    def risk(self):
        process = self.run("/usr/bin/python3", self.at("/opt/risk/risk.py"), "--strict", uid=RISK, gid=RISK)
        self.at("/run/risk.pid").write_text(f"{process.pid}\n")
        assert b"ready" in process.stdout.readline()
        return process

    def postgresql(self):
        user, bin_of = self.postgres_user, pathlib.Path(self.here("/usr/lib/postgresql/15/bin"))
        ids = {"uid": user.pw_uid, "gid": user.pw_gid}
        made = self.run(bin_of / "initdb", "--no-sync", "-A", "peer", "-D", self.at("/var/lib/postgresql/15/main"), **ids)
        out = made.communicate(timeout=60)[0]
        assert made.returncode == 0, out
        return self.run(bin_of / "postgres", "-D", self.at("/var/lib/postgresql/15/main"),
                        "-c", f"config_file={self.at('/etc/postgresql/15/main/postgresql.conf')}", **ids)

    def reload(self):
        said = len(self.signer.lines)
        self.signer.signal(signal.SIGHUP)
        line = self.signer.wait_for("event=reload", start=said)
        assert "event=reloaded" in line, line

    def status(self):
        done = self.tool("hallmark-signer", "status", "-c", str(self.path("signer.yaml")), "--json")
        return json.loads(done.stdout)

    def settle(self):
        """All that was staged is published."""
        staged = self.status()["log_size"]
        until(lambda: self.status()["published_size"] >= staged)

    @staticmethod
    def end(process):
        pids = {process.pid} if process.poll() is not None else {*second_subject.members(process.pid), process.pid}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()

    # --- the commands of the document

    def tell(self, command):
        """What the command prints."""
        words = command.split()
        if "systemctl" in words:
            before, _, services = command.rpartition("systemctl ")
            self.shell(before.rstrip(" &"))
            self.systemctl(*services.split())
            return ""
        if words[0] == "sleep":
            self.clock.now = int(time.time())
            self.clock.go_on(int(words[1]))
            self.settle()
            return ""
        out = self.shell(command)
        if words[0] == "hallmark-collector":
            self.settle()
        if words[-1] == "&":
            until(lambda: any(p.endswith("/kworker") for p in map(program_of, self.members("postgresql"))))
        return out

    def shell(self, command):
        """By bash, in the directory that the command before it was in."""
        out = self.root / "out"
        with out.open("w") as told:
            subprocess.run(["bash", "-c", SHELL.format(user=self.postgres_user, root=self.root) + self.here(command)],
                           cwd=self.cwd, env={**self.env, "PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C"},
                           stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
        self.cwd = (self.root / "cwd").read_text().rstrip("\n")
        return re.sub(r"^  clock  .*\n", "", self.there(out.read_text()), flags=re.M)  # of this machine


def until(holds):
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:  # it has ended
        return ""


def commands(block):
    """Each command of a block, and what it prints."""
    return re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.M)


def plain(text):
    """Without what differs from time to time."""
    text = re.sub(r"^(measured|issued)\n  - .*\n  \+ .*\n", "", text, flags=re.M)  # only where the second is another
    text = re.sub(r"(start_time\s+- )\d+(\s+\+ )\d+", r"\1N\2N", text)
    for pattern, word in ((r"\b[0-9a-f]{8,64}\b", "H"), (r"\d{4}-\d\d-\d\d(T[\d:.]+Z)?", "T"), (r"\d+(\.\d+)? (s|ms|min|GiB)\b", "N"),
                          (r"\(\d+ files", "(N files")):
        text = re.sub(pattern, word, text)
    return text.split()


def test_each_command_of_the_document_prints_what_stands_there():
    if programs() is None:
        print("    skipped: expected root, nginx, PostgreSQL and psql")
        return
    text, wrong = DOCUMENT.read_text(), []
    with Host() as host:
        def told(block):
            lines = []
            for command, printed in commands(block[1]):
                begin = time.monotonic()
                out = host.tell(command)
                if os.environ.get("HALLMARK_VERBOSE"):
                    print(f"{time.monotonic() - begin:5.2f} s $ {command}\n{out}", end="")
                if plain(out) != plain(printed):
                    wrong.append(f"$ {command}\n{out}")
                lines.append(f"$ {command}\n{out}")
            return "```console\n" + "".join(lines) + "```"
        written = BLOCK.sub(told, text)
    if os.environ.get("HALLMARK_REWRITE"):
        DOCUMENT.write_text(written)
    assert not wrong, "\n".join(wrong)


def test_the_document_shows_the_policy_of_the_example():
    shown, = POLICY.findall(DOCUMENT.read_text())
    assert shown == (EXAMPLE / "policy.yaml").read_text()
    assert len(shown.splitlines()) <= 50


if __name__ == "__main__":
    run_tests(__name__)
