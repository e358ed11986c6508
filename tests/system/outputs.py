#!/usr/bin/python3
"""doc/outputs.md says what the programs print: keys of JSON, metrics, keys of log lines, times."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes

import audit_compare
import collector_status
import cosigner
import hallmark
import make_log
import policy_approve
import policy_diff
import policy_explain
import policy_show
import statements
import story
import vouching
import wire
from audit import GOOD, Bench, audit
from collector_client import Host
from desk import desk
from hallmark import APP, EVIL, ROOT, Site, program
from images import Image
from importing import Sources
from measured import Measured
from packages import entry, tar

DOCUMENT = (ROOT / "doc/outputs.md").read_text()
ANY_NAME = ("revoked[].subject", "counters", "refusals", "latency_us", "latency_us.*.within", "log_lines",
            "verdicts", "components", "values")  # whose members have other names
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"


def tables(heading):
    """The tables below a heading, each as the cells of its rows."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", DOCUMENT, re.M | re.S)[1]
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", section, re.M):
        rows = [[cell.strip(" `") for cell in line.strip("|\n").split("|")]
                for line in table.splitlines()[2:]]
        found.append(rows)
    return found


def listed(heading, number=0):
    names = [row[0] for row in tables(heading)[number]]
    assert len(names) == len(set(names)) > 3, names
    return set(names)


def keys(value, at=""):
    """Paths of all that is no object and no array."""
    if isinstance(value, dict):
        for name, member in value.items():
            name = "*" if at in ANY_NAME else name
            yield from keys(member, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for member in value:
            yield from keys(member, at + "[]")
    else:
        yield at


def status(site, form):
    return site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), form).stdout


def refuse_one(site):
    """A bundle out of sequence."""
    try:
        site.collector("host2").submit("app", APP, seq=2**53 - 1)
    except wire.Refused as refused:
        assert refused.body["code"] == 204, refused
    else:
        raise AssertionError("not refused")


def metrics_in(text):
    """{name: (type, labels, help)}"""
    metrics = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        labels = {label for line in re.findall(rf"^{name}(?:_bucket)?{{(.*)}} ", text, re.M)
                  for label in re.findall(r'(\w+)="', line)} - {"le"}
        metrics[name] = (kind, labels, re.search(rf"^# HELP {name} (.*)$", text, re.M)[1])
    return metrics


def test_status_and_metrics():
    with desk(feeds="feeds") as (site, operators):
        site.write_policy(top={"operators": "operators.yaml", "feeds": [{"name": "debian"}]})
        site.path("feeds").mkdir()
        (site.path("feeds") / "debian").write_text("hallmark advisories v1\n")
        signer = site.start_signer()
        signer.wait_for("feed-in-force")
        operators.take("ann", "revoke", {"collectors": "spiffe://other/*"})
        site.collector().submit("app", APP)
        site.collector().submit("evil", EVIL)
        refuse_one(site)
        whole = json.loads(status(site, "--json"))
        assert set(keys(whole)) == listed("`hallmark-signer status --json`")
        counters = listed("`hallmark-signer status --json`", 1)
        assert set(whole["counters"]) == counters, set(whole["counters"]) ^ counters
        spans = set(whole["latency_us"])
        assert spans == {"receipt", "storage", "token"}
        assert all(f"`{span}`" in DOCUMENT for span in spans)
        metrics = metrics_in(status(site, "--prometheus"))
        expected = {f"hallmark_{name}_total": ("counter", set(), words)
                    for name, words in tables("`hallmark-signer status --json`")[1]
                    if not name.startswith("reports_")}
        for name, kind, labels, words in tables("`hallmark-signer status --prometheus`")[0]:
            expected[name] = (kind, set(re.findall(r"\w+", labels)), words)
        assert metrics == expected, {n: (metrics.get(n), expected.get(n))
                                     for n in metrics.keys() | expected.keys()
                                     if metrics.get(n) != expected.get(n)}
        assert signer.stop() == 0


def test_states_of_the_key_process():
    source = (ROOT / "signer/ledger/key/keyprocess.c").read_text()
    states = set(re.findall(r'\[STATE_\w+\] = "(\w+)"', source))
    row = next(row for row in tables("`hallmark-signer status --json`")[0]
               if row[0] == "key_process")
    assert len(states) == 5 and all(f"`{state}`" in "`" + row[1] for state in states), row


def test_hsm_show_and_jwks():
    beside = {"ed25519_key": "beside", "ed25519_verifier": "log.vkey"}
    for algorithm, more in (("p256", beside), ("rsa-3072", {})):
        with Site(hsm={"algorithm": algorithm, **more}) as site:
            site.hsm("init")
            bare = json.loads(site.hsm("show", "--json").stdout)
            if more:
                request = x509.load_pem_x509_csr(site.hsm("csr").stdout.encode())
                certificate = site.ca.build(request.subject, request.public_key()).sign(site.ca.key, hashes.SHA256())
                hallmark.write_certificate(site.path("chain.pem"), certificate, site.ca.certificate)
                site.hsm("import-cert", str(site.path("chain.pem")))
            else:
                site.hsm("self-sign")
            whole = json.loads(site.hsm("show", "--json").stdout)
            names = {name for name in listed("`hallmark-hsm show --json`")
                     if more or not name.startswith(("ed25519_", "ca_"))}
            assert set(whole) == names
            order = [row[0] for row in tables("`hallmark-hsm show --json`")[0]]
            without = order[order.index("subject"):order.index("ca_1_not_after") + 1]
            assert set(bare) == names - set(without)
            for key in ("not_before", "not_after"):
                assert re.fullmatch(TIME, whole[key]), whole[key]
            jwks = set(keys(json.loads(site.hsm("jwks").stdout)))
            other = {"n", "e"} if algorithm == "p256" else {"crv", "x", "y"}
            assert jwks == listed("`hallmark-hsm jwks`") - {f"keys[].{name}" for name in other}


def test_measure():
    with Measured() as host:
        process = host.map()
        measured = host.measure("executable", "libraries", "runtime", "host", pid=process.pid)
        assert measured["components"]["libraries"]["items"]
        found = set(keys(measured)) | {
            f"components.*.items[].{name}[]" for name in ("details", "flags")}  # perhaps there was none
        assert found == listed("`hallmark-collector measure NAME --json`")
        assert re.fullmatch(TIME, measured["time"]) and "." in measured["time"]
        flags = re.findall(r'\{COMPONENT_FILE_\w+, "(\w+)"\}',
                           (ROOT / "proto/evidence/component_listing.c").read_text())
        row = next(row for row in tables("`hallmark-collector measure NAME --json`")[0]
                   if row[0].endswith("flags[]"))
        assert len(flags) == 14 and re.findall(r"\w+", row[1]) == flags


def test_show_is_the_entry():
    with Bench(2) as bench:
        done = audit("show", bench.receipt(1), "--json")
        assert done.returncode == GOOD and done.stdout.encode() == bench.log.entries[1] + b"\n"


def test_show_tells_what_differs():
    """What of A has a name has the same of B; the table has it once."""
    with audit_compare.Logged() as site:
        found = set(keys(site.compared("a", "b"))) | set(keys(site.compared("a", "c")))
        found = {re.sub(r"((made|items)\[\]\.[ab])\..*", r"\1", key).replace("only_b", "only_a") for key in found}
        found = {re.sub(r"^b\.", "a.", re.sub(r"(\*|\[\])\.b$", r"\1.a", key)) for key in found
                 if not re.match(r"findings.*(code|subject|detail)$", key)}
        # Lists that these reports have no difference in.
        none = {"accepted.only_a[]", "references.only_a[]", "components.*.made[].a"}
        assert found | none == listed("`hallmark-audit show A B --json`") - {"values.*.b"}


def test_checks_tell_json():
    with Site() as site:
        site.init_key()
        signer = ["hallmark-signer", "check", "-c", str(site.path("signer.yaml")), "--json"]
        good = site.tool(*signer)
        path = site.path("signer.yaml")
        text = path.read_text()
        path.write_text(text + "listne: 1\n")
        bad = site.tool(*signer, check=False)
        assert (good.returncode, bad.returncode) == (0, 1) and not good.stderr + bad.stderr
        first, second = json.loads(good.stdout), json.loads(bad.stdout)
        assert first["good"] and not first["faults"] and first["policy"] and first["operators"] == 0
        assert not second["good"] and second["policy"] is None and second["faults"][0]["line"] > 1
        names = listed("`hallmark-signer check --json`")
        assert set(keys(first)) | set(keys(second)) == names
        assert [n["text"] for n in first["notes"] if "a new log begins" in n["text"]], first
        path.write_text(re.sub("key_process: {[^}]*}|key_process:\n(  .*\n)*",
                               "key_process:\n  socket: /nonexistent\n", text))
        noted = json.loads(site.tool(*signer, check=False).stdout)
        assert any("waits for it" in n["text"] for n in noted["notes"]), noted
        policy = site.path("policy.yaml")
        policy.write_text(policy.read_text().replace("recorded:", "# recorded:") +
                          "    runtime: {facts: [{name: arguments, allow: [x]}]}\n")
        line = len(policy.read_text().splitlines())
        noted = json.loads(site.tool(*signer, check=False).stdout)
        warned = [(n["file"], n["line"], n["mend"]) for n in noted["warnings"] if "one that is left out" in n["text"]]
        assert warned == [(str(policy), line, mend := warned[0][2])] and "\"equals\"" in mend, noted
        shown = site.tool(*signer[:-1], check=False).stdout
        assert f"warning: {policy}:{line}: \"allow\" takes arguments" in shown and f"  to mend: {mend}\n" in shown
    with Host() as host:
        collector = [hallmark.program("hallmark-collector"), "check", "-c", str(host.config), "--json"]

        def checked(status):
            done = subprocess.run(collector, capture_output=True, text=True, check=False)
            assert done.returncode == status and not done.stderr, done
            value = json.loads(done.stdout)
            assert value["good"] == (status == 0)
            return value

        good = checked(0)
        assert good["workloads"] == [{"name": "app", "pid": host.app.pid}]
        (host.dir / "host1.crt").write_text("no certificate\n")
        host.config.write_text(host.config.read_text() + "surprise: 1\n")
        bad = checked(1)
        assert any("surprise" in fault["text"] for fault in bad["faults"])
        assert any("no start line" in trouble["text"] for trouble in bad["troubles"])
        assert set(keys(good)) | set(keys(bad)) == listed("`hallmark-collector check --json`")


def test_image_tells_json():
    with Sources() as sources:
        told = [subprocess.run([program("hallmark-collector"), "image", str(sources.add(name, content)), "--json"],
                               check=True, capture_output=True).stdout
                for name, content in (("i", Image(tar(entry("a"))).archive()), ("d", bytes(510) + b"\x55\xaa"))]
        found = set().union(*(keys(json.loads(text)) for text in told))
        assert found == listed("`hallmark-collector image IMAGE --json`"), found


def test_status_and_metrics_of_a_collector():
    with collector_status.host() as host:
        host.run()
        whole = collector_status.wait_for(host, collector_status.one_round)
        assert set(keys(whole)) == listed("`hallmark-collector status --json`")
        metrics = metrics_in(collector_status.ask(host, "--prometheus", status=0).stdout)
        expected = {name: (kind, set(re.findall(r"\w+", labels)), words) for name, kind, labels, words
                    in tables("`hallmark-collector status --prometheus`")[0]}
        assert metrics == expected, (metrics, expected)


# --- the auditor ----------------------------------------------------------------------------------


def answered(*commands):
    """All keys of what these print, and their outcomes; what was found is an array of objects."""
    found, outcomes = set(), set()
    for command in commands:
        done = audit(*command, "--json")
        assert done.stdout.count("\n") == 1 and not done.stderr, done
        value = json.loads(done.stdout)
        assert value["outcome"] == ["good", "bad", "unknown"][done.returncode]
        outcomes.add(value["outcome"])
        found.update(keys(value))
    steps = {key for key in found if re.search(r"(steps|found|problems)\[\]\.", key)}
    assert {key.rsplit(".", 1)[1] for key in steps} == listed("`hallmark-audit`: outcomes", 1)
    return (found - steps) | {key.rsplit(".", 1)[0] for key in steps}, outcomes


def hold(names, found, without=()):
    """What is null is listed by what it has otherwise, and what is empty too."""
    null = {key for key in found if any(name.startswith(f"{key}.") for name in names)}
    assert found - null == names - set(without), (found - null) ^ (names - set(without))


def retired(bench, key, operator):
    """That others may have had the key."""
    statement = statements.make(operator, "retire-key", {"key": statements.sha256_hex(key.spki), "since": "9"},
                                origin=make_log.ORIGIN, not_before=1, not_after=2, number=1)
    return ["--retired", bench.write("statement", statement),
            "--operator", operator.write_public(bench.path("operator.pem"))]


def test_audit_tells_json():
    key, operator, ca = make_log.Key(), statements.Key(), vouching.CA()
    people = statements.operators_text([("ann", ["approve", "revoke"], operator)])
    s, host = story.Story(story.Policy(operators=people), key=key), ca.collector()
    s.records.append((make_log.CERTIFICATE, host[0]))
    s.report(signer=host, next_s=60)
    s.wait(200).absence(make_log.TIME_S + 120)
    s.state(operator, "approve", {"manifest": s.manifest})
    s.report(extensions={"zone": 1})
    revoked = s.state(operator, "revoke", {"set": "ab" * 32})
    s.state(operator, "revoke", {"statement": hashlib.sha256(revoked).hexdigest()})
    s.see_token(3, [(3, "serial", "0041", "0042")])
    s.give_way(make_log.Key())
    s.log.key = key  # its last checkpoint
    fork = make_log.make(len(s.log.entries), key=key)
    with Bench(0) as bench:
        bench.use(s.log)
        bench.write("evidence/pack-00000001", s.evidence())
        receipts = [bench.receipt(index) for index in range(len(s.log.entries))]
        liar = bench.write("liar", fork.receipt(2))
        cert, log = ["--cert", bench.path("signer.crt")], ["--log", bench.path("log")]
        proof = bench.path("proof")
        audit("verify", receipts[2], liar, *cert, "--fork-proof", proof)
        witness, lost = cosigner.Cosigner(), retired(bench, key, operator)
        seen = bench.write("seen", witness.cosign(receipts[2].read_bytes(), 9))
        lost += ["--witness", witness.verifier]
        found, outcomes = answered(
            ["verify", *receipts, liar, proof, bench.path("absent"), *cert, "--status", "none"],
            ["verify", receipts[2], *cert], ["verify", seen, *cert, *lost], ["verify", receipts[2], "--cert", bench.path("absent")])
        assert outcomes == {"good", "bad", "unknown"}
        hold(listed("`hallmark-audit verify --json`"), found)
        checked = listed("`hallmark-audit fsck --json`")
        evidence = ["--evidence", bench.path("evidence")]
        found, _ = answered(["fsck", *log, *cert, *evidence, "--receipt", receipts[2], liar, bench.path("absent"),
                             "--at-least", bench.path("log/checkpoint"), *lost], ["fsck", *log, *cert])
        hold(checked, found)
        read = {name for name in checked if name.startswith(("read.", "faults."))}
        again = (checked - read) | listed("`hallmark-audit replay --json`")
        bench.write("ca.pem", ca.pem())
        trust = ["--collectors-ca", bench.path("ca.pem"), "--receipt", receipts[2], liar]
        found, _ = answered(["replay", "--all", *log, *cert, *evidence, *trust, *lost],
                            ["replay", "--index", "2", *log, *cert, *evidence, *trust])
        hold(again, found)
        past = {"log", "origin", "size", "root", "verdict", "outcome"} | {
            name for name in checked if name.startswith(("newest", "kept[]", "fork", "found[]"))}
        found, _ = answered(["history", *log, *cert, *evidence, "--from", "2020-01-01", "--to", "2099-01-01",
                             "--receipt", receipts[2], liar, bench.path("absent")])
        hold(past | listed("`hallmark-audit history`"), found)
        found, _ = answered(["consistency", bench.path("log/checkpoint"), bench.path("log"), *cert],
                            ["consistency", liar, bench.path("log"), *cert],
                            ["consistency", bench.path("absent"), bench.path("log"), *cert])
        hold(listed("`hallmark-audit consistency --json`"), found)


def test_keys_of_log_lines():
    def keys_in(*rooms):
        code = "".join(path.read_text() for room in rooms
                       for path in sorted((ROOT / room).rglob("*.c")))
        return set(re.findall(r'logline_(?:string|view|number|digest)\(\s*&?\w+,\s*"(\w+)"', code))

    names = keys_in("signer", "journal") | {"time"}
    assert {"code", "error", "text", "level", "event", "collector"} <= names
    assert names == listed("Log lines"), names ^ listed("Log lines")
    theirs = keys_in("collector") - {"workload", "seq", "index", "log", "text", "what", "certificate",
                                     "not_after", "left"}
    assert theirs == listed("Log lines", 1), theirs ^ listed("Log lines", 1)
    theirs = keys_in("register") - names
    assert theirs == listed("Log lines", 2), theirs ^ listed("Log lines", 2)
    with Site() as site:
        site.init_key()
        path = site.path("signer.yaml")
        path.write_text(path.read_text() + "logging:\n  format: json\n")
        signer = site.start_signer(wait=False)
        signer.wait_for('"event":"listening"')
        site.collector().submit("app", APP)
        refuse_one(site)
        assert signer.stop() == 0
        lines = [json.loads(line) for line in signer.lines]
        assert {"listening", "refusal", "stopped"} <= {line["event"] for line in lines}
        for line in lines:
            assert set(line) <= names and {"time", "level", "event"} <= set(line), line
            assert re.fullmatch(TIME, line["time"]), line


def test_commands_about_policies():
    heading = "`hallmark-signer policy {} --json`"
    with policy_explain.Revoked() as site:
        library = wire.component("libraries", [wire.file_item("/opt/other.so", b"crypto")])
        index = site.logged("bot-1", policy_explain.good(libraries=library))
        site.revoke({"collectors": "spiffe://test/host1"})
        assert site.signer.stop() == 0
        for number, more in enumerate(([], ["--report", index])):
            told = json.loads(site.explained("bot-1", "--json", *more).stdout)
            names = listed(heading.format("explain"), number)
            # tests/system/feeds.py has a known vulnerability
            assert set(keys(told)) == {name for name in names if ".advisories[]" not in name}
        told = json.loads(policy_show.Kept.shown(site, index, "-c", str(site.path("signer.yaml")), "--json").stdout)
        assert set(keys(told)) == listed(heading.format("show"))
    with policy_diff.Compared() as site:
        one = site.written("one")
        other = site.written("other", lambda p: p["workloads"].pop(), app={"/x": b"", "/y": b""})
        told = json.loads(site.compared(one, other, "--json").stdout)
        other = site.written("third", lambda p: p.update(name="n"))
        more = json.loads(site.compared(one, other, "--json").stdout)
        assert set(keys(told)) | set(keys(more)) == listed(heading.format("diff"))
    with policy_approve.desk() as (site, operators):
        signer = site.start_signer()
        policy_approve.in_force(site, signer)
        operators.policy(reference=policy_approve.EVIL_KNOWN)
        assert set(keys(policy_approve.told(site))) == listed(heading.format("approve"))
        assert signer.stop() == 0


if __name__ == "__main__":
    hallmark.run_tests(__name__)
