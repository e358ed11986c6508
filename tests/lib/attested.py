"""A real signer whose clock stands, and what it logged held against what follows from the document.

The clock makes `iat` known beforehand, so that sets end and evidence ages to the second.
"""

import json
import re
import signal
import time

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import logimage
from hallmark import ORIGIN, Site, to_yaml
from rederivation import SIGNED_BEFORE, Issuer, Rederivation, Store, signature_parameters
from wallclock import WallClock

BASE_S = int(time.time())
DEVELOPER, LIFETIME_S = "https://test.example/na\u00efve", 1234
KEYS = {"p256": lambda: ec.generate_private_key(ec.SECP256R1()),  # of collectors, by their names
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate}


class Attested:
    """Each policy is taken by a reload, each dialect by a start."""

    def __init__(self):
        self.site = Site(report={"developer": DEVELOPER, "lifetime_s": LIFETIME_S},
                         limits={"nonce_lifetime_s": 900, "connections": 100,
                                 "clock_skew_s": 86400})  # evidence is drawn that is hours old
        self.site.init_key()
        version = self.site.tool("hallmark-signer", "--version").stdout.split()[-1]
        self.issuer = Issuer(ORIGIN, DEVELOPER, f"hallmark-signer/{version}", LIFETIME_S)
        self.clock = WallClock(self.site)
        self.at(0)
        self.site.env = {**self.site.env, **self.clock.env}
        self.signer, self.collectors, self.keys, self.chains, self.fresh = None, {}, {}, {}, {}
        self.again = Rederivation(self.store(), self.issuer, whole=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.__exit__()

    def at(self, seconds):
        self.now_s = BASE_S + seconds
        self.clock.stop(self.now_s)

    # --- the signer

    def policy(self, text, files):
        for name, content in files.items():
            self.site.path(name).write_bytes(content)
        self.site.path("policy.yaml").write_text(text)
        if self.signer:
            start = len(self.signer.lines)
            self.signer.signal(signal.SIGHUP)
            line = self.signer.wait_for("event=reload", start)
            assert "event=reloaded" in line, line

    def in_force(self):
        """The manifest, or None while no signer has run."""
        said = [line for line in self.signer.lines if "policy=" in line] if self.signer else []
        return re.search(r"@sha256:([0-9a-f]{64})", said[-1])[1] if said else None

    def start(self, profile="deployed"):
        if self.signer:
            self.stop()
        self.site.options["report"]["profile"] = profile
        self.site.write_configs()
        self.signer = self.site.start_signer()

    def stop(self):
        for collector in self.collectors.values():
            collector.close()
        self.collectors = {}
        assert self.signer.stop() == 0
        self.signer = None

    # --- collectors

    def collector(self, name):
        if name not in self.collectors:
            if name not in self.keys:
                self.keys[name] = KEYS.get(name, KEYS["p256"])()
                self.site.issue(name, uri=f"spiffe://test/{name}", key=self.keys[name])
            self.collectors[name] = self.site.collector(name)
            self.collectors[name].chains = self.chains.setdefault(name, {})
            self.collectors[name].fresh = self.fresh.setdefault(name, {})
        return self.collectors[name]

    def sign(self, name, data):
        """By the key of that collector's certificate."""
        key = self.keys[name]
        return key.sign(SIGNED_BEFORE + data, *signature_parameters(key))

    def submit(self, workload, components, host="host1", signed=False, offline=False, age_ms=0,
               **fields):
        """`fields`: others of the bundle."""
        return self.collector(host).submit(
            workload, components, signature=(lambda d: self.sign(host, d)) if signed else None,
            time_ms=self.now_s * 1000 - age_ms, **({"nonce": b""} if offline else {}), **fields)

    # --- what is held against what

    def store(self):
        self.site.path("evidence").mkdir(mode=0o700, exist_ok=True)
        return Store(self.site.path("evidence"))

    def remade(self, store):
        """(what the log has, what follows from it and the store) of each entry, in order."""
        again = Rederivation(store, self.issuer)
        return ((entry, again.remake(entry)) for entry in logimage.read_log(self.site))

    def replay(self):
        """What hallmark-audit says."""
        log, evidence, certificate = (str(self.site.path(n)) for n in ("log", "evidence", "log.crt"))
        return self.site.audit("replay", "--log", log, "--evidence", evidence, "--cert", certificate,
                               "--all").stdout

    def take(self, *entries, references=(), files=(), **said):
        """A policy of these entries: `references` are what it says of each set, and its content; `said` is what
        stands at its top beside them, and names `files`."""
        if references:
            said["references"] = [r for r, _ in references]
        self.policy(to_yaml({"name": "case", **said, "workloads": [
            {"match": "*", "collectors": ["spiffe://test/*"], **entry} for entry in entries]}),
                    {**{r["file"]: content for r, content in references}, **dict(files)})
        if not self.signer:
            self.start()

    def report(self, entry, components, references=(), workload="case", families=None, windows=None, sources=None,
               files=(), package_lists=None, **evidence):
        """By a policy of this one entry."""
        top = {key: said for key, said in (("families", families), ("windows", windows), ("sources", sources),
                                            ("package_lists", package_lists)) if said}
        self.take(entry, references=references, files=files, **top)
        return self.logged(workload, components, **evidence)

    def logged(self, workload, components, **evidence):
        """By the policy that was taken last. It is the same when made again."""
        logged = self.submit(workload, components, **evidence)["report"]
        self.again.store = self.store()
        made = self.again.remake(logged)
        assert made == logged, difference(logged, made)
        return json.loads(logged)

    def verdict(self, *arguments, **evidence):
        (verdict,) = self.report(*arguments, **evidence)["submods"].values()
        return verdict


def difference(logged, made):
    at = next((n for n, (a, b) in enumerate(zip(logged, made)) if a != b),
              min(len(logged), len(made)))
    begin = max(0, at - 60)
    return f"from byte {at}:\nlogged {logged[begin:at + 240]}\nmade   {made[begin:at + 240]}"
