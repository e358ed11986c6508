#!/usr/bin/python3
"""Acts: a workload whose verdict fell is frozen, stopped or cut off where somebody has granted just that, and else
nothing is done, which is said loudly; whoever has the signer can let all verdicts fall, and no more."""

import os
import signal
import sys
import time

import yaml

import control_groups
import hallmark
import statements
from acting import Hosts, stop, until


def test_frozen_when_granted_and_thawed_when_well():
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        h.run()
        h.await_verdict("w0", "affirming")
        site.fall()
        report = h.fallen("w0")
        h.await_status(waiting=1, held=0)
        h.await_reports("w0")
        assert not h.is_frozen("w0") and h.actions("w0") == []
        key = site.people[0].write(site.path("ann.pem"))
        site.tool("hallmark-hsm", "statement", "sign", "--kind", "act-grant", "--subject", "act=freeze",
                  "--subject", f"collector={h.identity}", "--subject", f"report={report}", "--subject",
                  "workload=w0", "--origin", site.origin, "--not-after", "2099-01-01T00:00:00Z", "--reason",
                  "INC-7", "--author", "ann", "--key", str(key), "-o", str(h.dir / "grants/g.json"))
        h.await_frozen("w0")
        h.await_status(waiting=0, held=1, done=1)
        name = bytes.fromhex(statements.sha256_hex((h.dir / "grants/g.json").read_bytes()))
        site.rise()
        h.restart("w0")
        h.await_verdict("w0", "affirming")
        h.await_frozen("w0", False)
        h.await_status(waiting=0, held=0, undone=1)
        h.await_reports("w0")
        assert h.actions("w0") == [["freeze", "contraindicated", 0, name], ["thaw", "affirming", 0, name]]
        shown = "".join(site.audit("show", str(p)).stdout for p in (h.dir / "receipts").glob("w0-*.tlog-proof"))
        for words in ("freeze for contraindicated: done, by statement", "thaw for affirming: done", name.hex()):
            assert words in shown, shown
        site.fall()
        h.await_line("event=act-waits", count=2)
        h.await_reports("w0")
        assert not h.is_frozen("w0"), "a grant serves one fall"


def test_fifty_fall_and_two_are_granted():
    with Hosts(hosts=5, workloads=10) as site:
        for h in site.hosts:
            h.configure(interval_s=5)
            h.run()
        for h in site.hosts:
            for name in h.names:
                h.await_verdict(name, "affirming")
        site.fall()
        for h in site.hosts:
            said = h.await_line("event=act-waits", count=10)
            assert len({line.split("workload=")[1].split()[0] for line in said}) == 10, said
            assert all("level=error" in line or "<3>" in line for line in said), said[0]
            h.await_status(waiting=10, held=0, done=0)
        assert not any(h.is_frozen(name) for h in site.hosts for name in h.names)
        chosen = [(site.hosts[1], "w3"), (site.hosts[4], "w7")]
        for h, name in chosen:
            h.put("grant.json", h.grant(name, h.fallen(name)))
        for h, name in chosen:
            h.await_frozen(name)
            h.await_status(waiting=9, held=1, done=1)
        for h in site.hosts:
            h.await_reports("w0", 1)
        assert [(h, name) for h in site.hosts for name in h.names if h.is_frozen(name)] == chosen
        assert sum(h.status()["done"] for h in site.hosts) == 2


def test_what_is_no_grant():
    """Each is refused, counted, and told once; and none of it keeps a good one from serving."""
    with Hosts(workloads=2) as site:
        h, stranger = site.hosts[0], statements.Key()
        h.configure(acts=("freeze",))
        h.run()
        for name in h.names:
            h.await_verdict(name, "affirming")
        site.fall()
        report, other = h.fallen("w0"), h.fallen("w1")
        now = int(time.time())
        good = h.grant("w0", report)
        bad = {
            "junk": (b"\0" * 100, "statement-format"),
            "cut": (good[:-1], "statement-format"),
            "huge": (b"{" * 20000, "statement-format"),
            "kind": (h.statement("retire", {"collector": h.identity, "workload": "w0"}), "statement-kind"),
            "stranger": (h.grant("w0", report, stranger), "statement-key"),
            "forged": (statements.envelope(site.people[0], statements.payload(
                "act-grant", {"act": "freeze", "collector": h.identity, "report": report, "workload": "w0"},
                origin=site.origin, not_before=now, not_after=now + 60, number=1), b"\x30\x06\2\1\1\2\1\1"),
                       "statement-signature"),
            "host": (h.grant("w0", report, subject={"collector": "spiffe://test/host9"}), "statement-subject"),
            "workload": (h.grant("w9", report), "statement-subject"),
            "act": (h.grant("w0", report, act="stop"), "statement-subject"),
            "report": (h.grant("w0", other), "statement-subject"),
            "none": (h.grant("w0", "0" * 64), "statement-subject"),
            "log": (h.grant("w0", report, origin="test/other"), "statement-origin"),
            "over": (h.grant("w0", report, not_before=now - 60, not_after=now - 1), "statement-time")}
        for name, (data, _) in bad.items():
            h.put(name, data)
        os.symlink("/etc/passwd", h.dir / "grants/link")
        os.mkfifo(h.dir / "grants/pipe")
        (h.dir / "grants/directory").mkdir()
        for name, (_, code) in [*bad.items(), *((n, (0, "statement-format")) for n in ("link", "pipe", "directory"))]:
            h.await_line("event=act-refused", f"file={name} ", f"error={code}")
        h.put("later", h.grant("w0", report, not_before=now + 500))
        h.await_reports("w0")
        refused = h.lines("event=act-refused")
        assert len(refused) == len(bad) + 3, refused
        h.await_status(refused_grants=len(bad) + 3, done=0, waiting=2)
        assert not h.is_frozen("w0") and not h.is_frozen("w1")
        h.put("good", good)
        h.await_frozen("w0")
        h.put("again", good)
        h.await_line("event=act-refused", "file=again ", "error=statement-number")
        assert not h.is_frozen("w1")


def test_a_directory_that_somebody_fills():
    """It is told once that there are too many, some of them by name, and what is too much for it keeps nobody busy."""
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        h.run()
        h.await_verdict("w0", "affirming")
        for i in range(3000):
            (h.dir / f"grants/junk-{i}").write_bytes(b"junk")
        h.await_line("event=act-refused", "more than 256 files")
        h.await_reports("w0")
        counted = h.status()["refused_grants"]
        site.fall()
        h.await_reports("w0")
        assert h.status()["refused_grants"] == counted >= 257, "what stays as it is is refused once"
        refused = h.lines("event=act-refused")
        assert len(refused) < 100 and len([r for r in refused if "more than" in r]) == 1, len(refused)
        for path in (h.dir / "grants").glob("junk-*"):
            path.unlink()
        h.put("grant", h.grant("w0", h.fallen("w0")))
        h.await_frozen("w0")


def test_the_second_implementation_judges_alike():
    with Hosts() as site:
        h, = site.hosts
        now, key = int(time.time()), site.people[0]
        place = {"origins": {site.origin}, "keys": [key.spki], "now": now, "collector": h.identity,
                 "workload": "w0", "act": "freeze", "reports": {"a" * 64}}
        assert statements.granted(h.grant("w0", "a" * 64), **place) == 0
        for expected, data in (
                (statements.KEY, h.grant("w0", "a" * 64, statements.Key())),
                (statements.SUBJECT, h.grant("w0", "b" * 64)), (statements.SUBJECT, h.grant("w1", "a" * 64)),
                (statements.ORIGIN, h.grant("w0", "a" * 64, origin="test/other")),
                (statements.TIME, h.grant("w0", "a" * 64, not_after=now)),
                (statements.KIND, h.statement("clock", {"from": "1"})), (statements.FORMAT, b"{}")):
            assert statements.granted(data, **place) == expected


def test_no_more_than_the_limit():
    with Hosts(workloads=3) as site:
        h, = site.hosts
        h.configure(limit=1)
        h.run()
        for name in h.names:
            h.await_verdict(name, "affirming")
        site.fall()
        for name in h.names:
            h.put(name, h.grant(name, h.fallen(name)))
        h.await_line("event=act-limit", count=2)
        h.await_status(done=1, held=1, waiting=2)
        frozen = [name for name in h.names if h.is_frozen(name)]
        assert len(frozen) == 1
        h.collector.kill()
        h.run()
        h.await_line("event=act-limit", count=2)
        h.await_reports("w0", 1)
        assert [name for name in h.names if h.is_frozen(name)] == frozen, "over a restart"


def test_ended_between_remembering_and_acting():
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        h.run()
        h.await_verdict("w0", "affirming")
        hands, = h.children("hallmark-hands")
        stop(hands)
        site.fall()
        h.put("grant", h.grant("w0", h.fallen("w0")))
        memory = h.dir / "memory/acts.json"
        until(lambda: memory.exists() and '"begun"' in memory.read_text(), lambda: h.collector.lines[-5:])
        os.kill(hands, signal.SIGKILL)
        h.collector.kill()
        assert not h.is_frozen("w0")
        h.run()
        h.await_line("event=act ", "workload=w0 ", "nobody knows")
        h.await_line("event=act-refused", "file=grant ", "error=statement-number")
        h.await_reports("w0")
        assert not h.is_frozen("w0"), "the grant is used up"
        until(lambda: [a[:3] for a in h.actions("w0")] == [["freeze", "unknown", 1]], lambda: h.actions("w0"))


def test_held_over_a_restart():
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        h.run()
        h.await_verdict("w0", "affirming")
        site.fall()
        h.put("grant", h.grant("w0", h.fallen("w0")))
        h.await_frozen("w0")
        h.await_status(held=1)
        h.collector.kill()
        assert h.is_frozen("w0")
        site.rise()
        h.restart("w0")
        h.run()
        h.await_frozen("w0", False)
        h.await_line("event=act ", "act=thaw")


def test_nothing_is_done_without_a_memory():
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        (h.dir / "memory/acts.json").write_text('{"form":1,"falls":[{}],"used":[],"times":[]}')
        h.run()
        h.await_line("event=act-off", "acts.json")
        h.await_verdict("w0", "affirming")
        site.fall()
        h.await_verdict("w0", "contraindicated")
        h.await_status(off=True)
        h.put("grant", h.grant("w0", h.newest("w0")))
        h.await_reports("w0")
        assert not h.is_frozen("w0")


def test_break_glass():
    with Hosts(workloads=2) as site:
        h, = site.hosts
        h.configure()
        h.run()
        for name in h.names:
            h.await_verdict(name, "affirming")
        site.fall()
        reports = {name: h.fallen(name) for name in h.names}
        h.put("first", h.grant("w0", reports["w0"]))
        h.await_frozen("w0")
        glass = h.statement("break-glass", {"collectors": "spiffe://test/*", "workloads": "*"}, reason="market opens")
        path = h.put("glass", glass)
        h.await_line("event=act-suspended", "workload=w0", "market opens")
        h.await_frozen("w0", False)
        h.await_status(suspended=2, held=0)
        h.put("second", h.grant("w1", reports["w1"]))
        h.await_reports("w1")
        assert not h.is_frozen("w1") and not h.is_frozen("w0")
        name = bytes.fromhex(statements.sha256_hex(glass))
        assert ["break-glass", "contraindicated", 0, name] in h.actions("w1"), h.actions("w1")
        path.unlink()
        h.await_line("event=act-resumed")
        h.await_frozen("w1")
        assert not h.is_frozen("w0"), "what was undone takes another grant"
        h.put("third", h.grant("w0", reports["w0"]))
        h.await_frozen("w0")


def test_stopped():
    """A control group is killed; a unit is for the service manager, without whom it fails, which is told."""
    with Hosts(workloads=2) as site:
        h, = site.hosts
        h.configure(acts=("stop",))
        h.run()
        for name in h.names:
            h.await_verdict(name, "affirming")
        site.fall()
        h.put("grant", h.grant("w0", h.fallen("w0"), act="stop"))
        assert h.processes["w0"].wait(hallmark.PATIENCE_S) == -signal.SIGKILL
        h.await_line("event=act ", "workload=w0", "act=stop")
        assert h.processes["w1"].poll() is None
        if os.path.isdir("/run/systemd/system"):
            return  # a service manager would stop, or look for, the unit of that name
        h.configure(acts=({"act": "stop", "unit": "hallmark-no-such.service"},), named=["w1"])
        h.collector.signal(signal.SIGHUP)
        h.await_line("event=reloaded")
        h.put("unit", h.grant("w1", h.fallen("w1"), act="stop"))
        line, = h.await_line("event=act ", "workload=w1", "act=stop")
        assert "systemctl" in line and h.processes["w1"].poll() is None, line
        h.await_status(failed=1)


def test_unknown_only_where_it_is_named():
    with Hosts(workloads=2) as site:
        h, = site.hosts
        h.configure()
        config = h.dir / "collector.yaml"
        named = yaml.safe_load(config.read_text())
        named["workloads"][1]["acts"][0].update(verdicts=["unknown"], unknown_after_s=4)
        config.write_text(hallmark.to_yaml(named))
        h.run()
        for name in h.names:
            h.await_verdict(name, "affirming")
        os.kill(site.signer.pid, signal.SIGSTOP)
        try:
            for name in h.names:
                h.put(name, h.grant(name, h.newest(name)))
            h.await_frozen("w1")
            assert not h.is_frozen("w0") and not h.lines("event=act-waits", "workload=w0")
        finally:
            os.kill(site.signer.pid, signal.SIGCONT)
        h.await_frozen("w1", False)


def test_the_processes_have_no_more_rights_than_they_need():
    with Hosts() as site:
        h, = site.hosts
        h.configure()
        h.run()
        h.await_verdict("w0", "affirming")
        for name, capabilities in (("hallmark-act", 0), ("hallmark-hands", 1 << 1 | 1 << 12)):
            pid, = h.children(name)
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                status = dict(line.split(":", 1) for line in file)
            assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == capabilities, (name, status["CapEff"])
            assert status["NoNewPrivs"].strip() == "1"


def test_as_a_user_of_its_own():
    """As in the unit: with what the drop-in gives, and without, where each act fails, which is told."""
    with Hosts(workloads=2) as site:
        h, = site.hosts
        h.configure()
        reports, needed = {}, "+sys_ptrace,+dac_read_search"
        for name, capabilities in (("w0", needed), ("w1", f"{needed},+dac_override,+net_admin")):
            h.run_as_nobody(capabilities)
            if not reports:
                for each in h.names:
                    h.await_verdict(each, "affirming")
                site.fall()
                reports = {each: h.fallen(each) for each in h.names}
            h.put(name, h.grant(name, reports[name]))
            line, = h.await_line("event=act ", f"workload={name} ")
            assert ("cannot be written" in line) == (name == "w0"), line
            assert h.is_frozen(name) == (name == "w1")
            h.collector.kill()


def test_what_a_configuration_may_not_say():
    with Hosts() as site:
        h, = site.hosts
        freeze = {"act": "freeze", "group": "/a/b"}
        (h.dir / "open.pem").write_bytes(b"")
        (h.dir / "open.pem").chmod(0o666)
        for acts, more, words in (
                ([{"act": "freeze"}], {}, "group"),
                ([{**freeze, "unit": "a.service"}], {}, "no \"unit\""),
                ([{**freeze, "act": "kill"}], {}, "kill"),
                ([{**freeze, "group": "/a/../b"}], {}, "control group"),
                ([{**freeze, "group": "/"}], {}, "control group"),
                ([{**freeze, "group": "a"}], {}, "control group"),
                ([{"act": "stop", "unit": "a*.service"}], {}, "one unit"),
                ([{"act": "stop", "unit": "a.service", "group": "/a"}], {}, "either"),
                ([freeze, freeze], {}, "twice"),
                ([{**freeze, "verdicts": ["affirming"]}], {}, "affirming"),
                ([{**freeze, "verdicts": ["unknown"]}], {}, "unknown_after_s"),
                ([{**freeze, "verdicts": ["unknown"], "unknown_after_s": 1}], {}, "more than the 2 s"),
                ([freeze], {"bounds": {"limit": 0}}, "limit"),
                ([freeze], {"bounds": {"keys": ["none.pem"]}}, "none.pem"),
                ([freeze], {"bounds": {"keys": ["open.pem"]}}, "cannot write"),
                ([freeze], {"bounds": {"grants": "none"}}, "none")):
            h.configure(acts=acts, **more)
            done = site.tool("hallmark-collector", "check", "-c", str(h.dir / "collector.yaml"), check=False)
            assert done.returncode == 1 and words in done.stdout + done.stderr, (words, done.stdout, done.stderr)


if __name__ == "__main__":
    if not control_groups.can_be_made():
        print("skipped: no control groups of version 2 can be made here")
        sys.exit(0)
    hallmark.run_tests("__main__")
