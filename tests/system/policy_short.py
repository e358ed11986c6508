#!/usr/bin/python3
"""A policy in few lines judges as one that is written out: config/examples/short as it stands.

Three workloads are measured as they should be, and each in ways that one of the lines is against,
be it of the workload, of a block or of what they have in common.
"""

import hashlib
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import wire
from drawn_evidence import line
from hallmark import Site, run_tests

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "config/examples/short"
PYTHON, NGINX, NODE = "/usr/bin/python3.11", "/usr/sbin/nginx", "/usr/bin/node"
LIBC, SSL = "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libssl.so.3"
BOT, CONF = "/opt/bot/bot.py", "/etc/nginx/nginx.conf"
SETS = {"debian-12": (PYTHON, NGINX, NODE, LIBC, SSL), "bot-4.2": (BOT,), "edge-conf": (CONF,)}
MEMORY = ["mappings=8", f"program={NODE}"]


def files(kind, *paths, made=(), **options):
    items = [wire.file_item(p, p.encode(), **{"mode": 0o100644, **options}) for p in paths]
    return {kind: wire.component(kind, items, [wire.fact_item(n, *v) for n, v in made])}


def runtime(*changed, **values):
    said = {"tracer": ["0"], "no_new_privs": ["1"], "environment_names": ["PATH"], **values, **dict(changed)}
    return {"runtime": wire.component("runtime", [wire.fact_item(n, *v) for n, v in said.items()])}


def bot(*changed, **components):
    return {**files("executable", PYTHON), **files("libraries", LIBC),
            **files("files", BOT, made=[("patterns", ["/opt/bot/**"])]),
            **runtime(*changed, arguments=["python3", BOT, "--require-auth"], uid=["990"] * 4), **components}


def nginx(*changed, **components):
    return {**files("executable", NGINX), **files("libraries", LIBC, SSL),
            **files("files", CONF, made=[("patterns", ["/etc/nginx/**"]), ("excludes", ["/etc/nginx/cache"])]),
            **runtime(*changed, processes=[f"2-9 {NGINX}"]), **components}


def memory(size):
    item = wire.file_item("[anon]", mode=0, flags=12, digest=bytes(32), details=MEMORY)
    item[2] = size
    return item


def engine(*changed, size=1 << 20, **components):
    libraries = [wire.file_item(LIBC, LIBC.encode(), mode=0o100644), memory(size)]
    return {**files("executable", NODE), "libraries": wire.component("libraries", libraries),
            **runtime(*changed), **components}


class Judge:
    def __init__(self, site):
        for file in ("policy.yaml", "common.yaml"):
            shutil.copy(EXAMPLE / file, site.path(file))
        site.path("refs").mkdir()
        for name, paths in SETS.items():
            site.path(f"refs/{name}.set").write_bytes(b"".join(
                line(hashlib.sha256(p.encode()).hexdigest(), p.encode(), b"  ") for p in paths))
        self.signer = site.start_signer()
        site.issue("host", uri="spiffe://bank.example/host/a")
        self.collector = site.collector("host")

    def __call__(self, workload, components):
        report = self.collector.submit(workload, components)["report"]
        (verdict,) = json.loads(report)["submods"].values()
        return verdict["ear.status"], [(f["kind"], f["code"]) for f in verdict["hallmark.findings"]]


def test_three_workloads_are_affirming_and_nothing_else_is():
    with Site() as site:
        judged = Judge(site)
        for workload, components in (("trading-bot", bot()), ("nginx", nginx()), ("risk-engine", engine())):
            assert judged(workload, components) == ("affirming", []), workload
        refused = [
            ("trading-bot", bot(**files("executable", NODE)), ("executable", "other-program")),
            ("trading-bot", bot(("arguments", ["python3", BOT])), ("runtime", "unmatched-fact")),
            ("trading-bot", bot(**files("files", made=[("patterns", ["/opt/bot/**"])])), ("files", "missing-file")),
            ("nginx", nginx(("processes", [f"2-9 {NGINX}", "1 /bin/sh"])), ("runtime", "unmatched-fact")),
            ("nginx", nginx(("processes", [f"10-99 {NGINX}"])), ("runtime", "unmatched-fact")),
            ("nginx", nginx(**files("libraries", LIBC)), ("libraries", "missing-library")),
            ("risk-engine", engine(size=65 << 20), ("libraries", "anonymous-memory")),
            # Of the block that all of them have by default, and one by its name.
            *((workload, of(*changed, **components), finding) for workload, of in
              (("trading-bot", bot), ("nginx", nginx), ("risk-engine", engine)) for changed, components, finding in
              (([("tracer", ["7"])], {}, ("runtime", "unmatched-fact")),
               ([("environment_names", ["LD_PRELOAD"])], {}, ("runtime", "unmatched-fact")),
               ([], files("executable", {bot: PYTHON, nginx: NGINX, engine: NODE}[of], flags=2048),
                ("executable", "changed-since-start"))))]
        for workload, components, finding in refused:
            status, codes = judged(workload, components)
            assert status == "contraindicated" and codes[0] == finding, (workload, finding, codes)
        # Nobody else may compile.
        libraries = wire.component("libraries", [wire.file_item(LIBC, LIBC.encode(), mode=0o100644), memory(1 << 20)])
        assert judged("trading-bot", bot(libraries=libraries))[0] == "contraindicated"


def test_what_is_included_is_kept_and_replays_and_is_looked_through():
    with Site() as site:
        judged = Judge(site)
        assert judged("nginx", nginx())[0] == "affirming"
        judged.collector.close()
        assert judged.signer.stop() == 0
        assert len((EXAMPLE / "policy.yaml").read_text().splitlines()) <= 40
        common = site.path("common.yaml")
        done = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml")))
        assert "no workload uses" not in done.stdout, done.stdout
        common.write_text(common.read_text() + "  - name: spare\n    missing: none\n")
        done = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml")))
        assert f"{common}:14: no workload uses the block \"spare\"" in done.stdout, done.stdout
        common.unlink()  # the store has it
        log, evidence, certificate = (str(site.path(n)) for n in ("log", "evidence", "log.crt"))
        done = site.audit("replay", "--log", log, "--evidence", evidence, "--cert", certificate, "--all")
        assert "1 the same, 0 different, 0 not possible" in done.stdout, done.stdout
        done = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml")), check=False)
        assert done.returncode == 1 and "policy.yaml:5: \"include[0].file\": cannot read" in done.stderr, done.stderr


if __name__ == "__main__":
    run_tests(__name__)
