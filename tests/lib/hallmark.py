"""A whole Hallmark site in one directory, for tests: CA, token, configurations, processes.

Everything is real: SoftHSM, TLS, the programs under HALLMARK_BUILD. Processes are ended by pid, and
whatever a test leaves running is ended when its site is left.
"""

import atexit
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import token_control
import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HALLMARK_BUILD", ROOT / "build")).resolve()
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
ORIGIN = "hallmark.test/log"

# The key process's only profile, unless a test has others.
SUMMARIES = [{"profile": "starts", "verifier": "https://attest.test", "resources": "https://test/workloads/",
              "policies": "https://test/policies/", "collectors": ["spiffe://test/**"], "workloads": ["*"]}]
TOKENS = [{"profile": "test", "iss": "https://attest.test", "aud": ["https://party.test"],
           "lifetime_s": 1800,  # longer than any test
           "collectors": ["spiffe://test/*"], "workloads": ["*"]}]

# Sanitizers make everything several times slower; waits are bounds, never sleeps.
PATIENCE_S = float(os.environ.get("HALLMARK_PATIENCE_S", "30"))


def ended_at_last(end):
    """At the end of the program, too: who fails in `__enter__`, or before an `__exit__` has come to it,
    leaves nothing behind. It is called twice where nothing has failed."""
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and end())


def program(name):
    return str(BUILD / name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """Use as a context manager: `with Site() as site`.

    With token_module=True the token has the faults that the test sets in site.token.
    """

    def __init__(self, directory=None, **options):
        self.keep = directory is not None
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="hallmark-test-"))
        self.dir.mkdir(parents=True, exist_ok=True)
        self.processes = []
        ended_at_last(lambda: Site.__exit__(self))
        self.port = free_port()
        self.origin = options.get("origin", ORIGIN)
        self.options = {"limits": {}, "hsm": {}, "key_process": {}, "report": {}, **options}
        self.env = {**os.environ, "SOFTHSM2_CONF": str(self.dir / "softhsm2.conf")}
        self.token = None
        if self.options.get("token_module"):
            self.token = token_control.TokenControl(self.path("token-control"))
            self.env["HALLMARK_TOKEN_CONTROL"] = str(self.token.path)
            self.options["module"] = program("token_module.so")
        self.ca = Authority("collectors", self.dir, self.options.get("valid_from"))
        self.issue("signer", dns="signer.test", server=True)
        self.make_token()
        self.write_configs()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.end()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return self.dir / name

    def issue(self, name, **san):
        """A certificate under the CA: files <name>.crt and <name>.key."""
        self.ca.issue(self.dir / name, name, **san)
        return str(self.dir / f"{name}.crt"), str(self.dir / f"{name}.key")

    def make_token(self):
        tokens = self.path("tokens")
        tokens.mkdir(exist_ok=True)
        self.path("softhsm2.conf").write_text(
            f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.secret("pin", "1234\n")
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "test", "--pin",
                        "1234", "--so-pin", "5678"], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)

    def secret(self, name, text):
        path = self.path(name)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def write_configs(self):
        for name in ("guard", "run"):
            if not self.path(name).exists():
                self.path(name).mkdir(mode=0o700)
        hsm = {"origin": self.origin, "module": self.options.get("module", MODULE), "token": "test",
               "key": "log", "pin_file": "pin", "certificate": "log.crt", "guard": "guard",
               "tokens": TOKENS, "summaries": SUMMARIES, **self.options["hsm"]}
        self.path("hsm.yaml").write_text(to_yaml({k: v for k, v in hsm.items() if v is not None}))
        self.path("hsm.yaml").chmod(0o644)  # whatever the umask
        self.path("signer.yaml").write_text(to_yaml({
            "listen": f"127.0.0.1:{self.port}",
            **({"loops": self.options["loops"]} if "loops" in self.options else {}),
            "log": {"origin": self.origin, "directory": "log", **self.options.get("log", {})},
            "evidence": {"directory": "evidence"},
            "index": "index.db",
            "tls": {"certificate": "signer.crt", "key": "signer.key",
                    "client_ca": "collectors-ca.crt", **self.options.get("tls", {})},
            **({"relays": self.options["relays"]} if "relays" in self.options else {}),
            "key_process": {"program": program("hallmark-hsm"), "config": "hsm.yaml",
                            **self.options["key_process"]},
            "policy": "policy.yaml",
            **({"feeds": self.options["feeds"]} if "feeds" in self.options else {}),
            "status": {"socket": "run/status.sock"},
            "report": {"profile": "deployed", **self.options["report"]},
            # The machine's disk may have less free than the reserve that an installation keeps.
            "limits": {"disk_reserve_mib": 64, **(self.options["limits"] or {"connections": 2000})}}))
        if not self.path("policy.yaml").exists():
            self.write_policy()

    def write_policy(self, text=None, reference=None, top=None, **workload):
        """A policy for every workload; /usr/bin/app with content b"app" is the known program. `top`:
        further keys of the file, `workload`: of its one entry."""
        known = hashlib.sha256(b"app").hexdigest()
        self.path("known.sha256").write_text(reference or f"{known}  /usr/bin/app\n")
        self.path("policy.yaml").write_text(text or to_yaml({
            "name": "test", **(top or {}),
            "references": [{"name": "known", "file": "known.sha256"}],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/**"],
                           "require": ["executable"], "recorded": ["host", "runtime"],
                           "executable": {"references": ["known"]}, **workload}]}))

    def init_key(self):
        for command in ("init", "self-sign"):
            self.hsm(command)
        self.certificate = wire.load_certificate(self.path("log.crt"))

    def hsm(self, command, *arguments, check=True):
        return self.tool("hallmark-hsm", command, "-c", str(self.path("hsm.yaml")), *arguments,
                         check=check)

    def audit(self, *arguments, check=True):
        return self.tool("hallmark-audit", *arguments, check=check)

    def tool(self, name, *arguments, check=True, timeout=None):
        done = subprocess.run([program(name), *arguments], env=self.env, capture_output=True,
                              text=True, errors="replace", timeout=timeout or 4 * PATIENCE_S)
        if check and done.returncode != 0:
            raise AssertionError(f"{name} {' '.join(arguments)}: exit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def start_signer(self, wait=True, **options):
        if not self.path("log.crt").exists():
            self.init_key()
        signer = Process("hallmark-signer", ["run", "-c", str(self.path("signer.yaml"))], self.env,
                         **options)
        self.processes.append(signer)
        if wait:
            signer.wait_for("event=listening")
        return signer

    def status(self):
        return json.loads(self.tool("hallmark-signer", "status", "--socket",
                                    str(self.path("run/status.sock")), "--json").stdout)

    def guard_files(self):
        """The guard's state, if there is one. Beside it lies what is kept of the PIN and
        of the token."""
        return [path for path in self.path("guard").iterdir()
                if not path.name.startswith(("pin-refused-", "token-seen-"))]

    def put_guard_back(self, files):
        """The guard's states are these again: path and content."""
        for path in self.guard_files():
            path.unlink()
        for path, content in files.items():
            path.write_bytes(content)
            path.chmod(0o600)

    def token_seen(self):
        """What is kept of the token, once a key process has served."""
        found, = self.path("guard").glob("token-seen-" + 16 * "?")
        return found

    def guard_file(self):
        state, = self.guard_files()
        return state

    def key_process_pid(self):
        """Once it is up: before, its number is 0, which to kill(2) is the test itself."""
        deadline = time.monotonic() + PATIENCE_S
        while (status := self.status())["key_process"] != "up":
            assert time.monotonic() < deadline, status
        return status["key_process_pid"]

    def collector(self, name="host1", connect=True, **options):
        """A wire.Collector with a certificate for spiffe://test/<name>."""
        return wire.Collector(*self.peer(name), connect=connect, timeout=PATIENCE_S, **options)

    def relay(self, name="register"):
        """A wire.Relay with a certificate for spiffe://test/<name>, which `relays` has to name."""
        return wire.Relay(*self.peer(name), timeout=2 * PATIENCE_S)

    def peer(self, name):
        if not self.path(f"{name}.crt").exists():
            self.issue(name, uri=f"spiffe://test/{name}")
        return (self.port, str(self.path("collectors-ca.crt")), str(self.path(f"{name}.crt")),
                str(self.path(f"{name}.key")))


class Process:
    """A program with its stderr read line by line, so that tests wait for events."""

    def __init__(self, name, arguments, env, prefix=(), **options):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self.child = subprocess.Popen([*prefix, program(name), *arguments], env=env,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      text=True, errors="replace", **options)
        self.pid = self.child.pid
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stderr:
            if os.environ.get("HALLMARK_VERBOSE"):
                sys.stderr.write(line)
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, pattern, start=0, timeout=None):
        """The first line from number `start` on that matches."""
        seen = start
        found = re.compile(pattern)

        def match():
            nonlocal seen
            while seen < len(self.lines):
                if found.search(self.lines[seen]):
                    return True
                seen += 1
            return self.ended

        with self.changed:
            self.changed.wait_for(match, timeout or PATIENCE_S)
            if seen < len(self.lines) and found.search(self.lines[seen]):
                return self.lines[seen]
            text = "\n".join(self.lines[-30:])
        raise AssertionError(f"no line matches {pattern!r} "
                             f"({'ended' if self.ended else 'still running'}):\n{text}")

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """kill -9, and gone when it returns."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self, timeout=None):
        status = self.child.wait(timeout or PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return status

    def end(self):
        if self.child.poll() is None:
            self.kill()
        self.reader.join(PATIENCE_S)
        self.child.stderr.close()


class Authority:
    """A small CA on P-256, in <name>-ca.crt. What it issues is valid since yesterday, or from `valid_from`
    on. With a parent it is an intermediate one."""

    def __init__(self, name, directory, valid_from=None, parent=None, key=None, days=30, path_length=0):
        self.valid_from = valid_from
        self.directory = directory
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} CA")])
        issuer = parent or self
        self.certificate = issuer.build(self.name, self.key.public_key(), days).add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True).add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False),
            critical=True).sign(issuer.key, hashes.SHA256())
        self.path = directory / f"{name}-ca.crt"
        write_certificate(self.path, self.certificate)

    def build(self, subject, public_key, days=30):
        now = datetime.datetime.utcnow()
        start = self.valid_from or now - datetime.timedelta(days=60 if days < 0 else 1)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(start).not_valid_after(now + datetime.timedelta(days=days)))

    def issue(self, path, name, uri=None, dns=None, server=False, days=30, key=None, chain=(),
              extensions=()):
        """Files <path>.crt, with the certificates of the CAs in `chain` behind its own, and <path>.key."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.UniformResourceIdentifier(u) for u in as_list(uri)]
        names += [x509.DNSName(d) for d in as_list(dns)]
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self.build(subject, key.public_key(), days).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        with open(os.open(f"{path}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(pem)
        write_certificate(pathlib.Path(f"{path}.crt"), certificate, *(ca.certificate for ca in chain))
        return certificate

    def revoke(self, path, *certificates, days=1, extensions=(), key=None, began=2):
        """Its revocation list; `extensions` are critical ones, and `began` is how many days ago."""
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.name)
                   .last_update(now - datetime.timedelta(days=began))
                   .next_update(now + datetime.timedelta(days=days)))
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
                .revocation_date(now - datetime.timedelta(hours=1)).build())
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        crl = builder.sign(key or self.key, hashes.SHA256())
        pathlib.Path(path).write_bytes(crl.public_bytes(serialization.Encoding.PEM))


def write_certificate(path, *certificates):
    path.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates))


def lock_key(path):
    """Puts a private key behind a pass phrase."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret")))


def with_nobody_to_ask(name, *arguments, env=None):
    """What a program writes that could ask a question only there: it has no terminal."""
    done = subprocess.run([program(name), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", env=env,
                          start_new_session=True, timeout=4 * PATIENCE_S, check=False)
    return done.stdout


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def keep_no_freed_memory(site):
    """A sanitizer does, to tell what it is; of no effect without one."""
    options = site.env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    site.env["ASAN_OPTIONS"] = options.strip(":")


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def to_yaml(value, indent=0):
    """Maps, lists and scalars, as the configuration files have them."""
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{pad}{key}:\n{to_yaml(item, indent + 1).rstrip()}" if item else f"{pad}{key}: {{}}")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{pad}{key}:")
            for entry in item:
                body = to_yaml(entry, indent + 2)
                lines.append(f"{pad}  - {body.strip()}")
        elif isinstance(item, list):
            lines.append(f"{pad}{key}: [{', '.join(json.dumps(i) for i in item)}]")
        else:
            lines.append(f"{pad}{key}: {json.dumps(item)}")
    return "\n".join(lines) + "\n"


APP = {"executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"app")])}
EVIL = {"executable": wire.component("executable", [wire.file_item("/usr/bin/app", b"evil")])}


def run_tests(module):
    """Runs every function named test_* of a script; prints one line each, and a closing one."""
    import inspect
    import time
    import traceback
    members = vars(sys.modules[module])
    wanted = sys.argv[1:]
    passed = failed = 0
    for name, function in list(members.items()):
        if not name.startswith("test_") or not inspect.isfunction(function):
            continue
        if wanted and not any(w in name for w in wanted):
            continue
        began = time.monotonic()
        try:
            function()
            passed += 1
            verdict = "ok"
        except Exception:
            failed += 1
            verdict = "FAIL"
            traceback.print_exc()
        print(f"{verdict:4} {time.monotonic() - began:6.1f} s  {name[5:].replace('_', ' ')}",
              flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)
