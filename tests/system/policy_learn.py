#!/usr/bin/python3
"""`hallmark-signer policy learn`: a policy and reference sets proposed from what was seen, to be reviewed."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import logimage
import wire
from hallmark import Site, run_tests, to_yaml
from judged import Judged

HOSTS = ("host1", "host2", "host3")
ODD = b"/opt/a \\ b\n*\xff"
HIDDEN = b"hmac-sha256:" + b"0123456789abcdef:" + b"5" * 64
FILES = {"/etc/app/a.conf": b"a", "/etc/app/[*].conf": b"b"}


def sha(content):
    return hashlib.sha256(content).hexdigest()


def components(host, patterns=(b"/etc/app/**",), files=(), libraries=(), runtime=(), made=(), program=b"app"):
    """Of one host of three: they differ a little."""
    return {
        "executable": wire.component("executable", [wire.file_item("/usr/bin/app", program),
                                                    wire.file_item("/usr/bin/worker", b"worker", flags=512)]),
        "files": wire.component("files", [wire.file_item(p, c, mode=0o100644, uid=5) for p, c in FILES.items()] + [*files],
                                made=[wire.fact_item("excludes", "/etc/app/cache"), wire.fact_item("patterns", *patterns)]),
        "host": wire.component("host", [
            wire.fact_item("boot_id", host), wire.fact_item("hostname", host),
            wire.fact_item("kernel_release", "6.1.0-27" if host == "host1" else "6.1.0-28"),
            wire.fact_item("modules", "ext4", *(["xfs"] if host == "host2" else []), "zram")]),
        "libraries": wire.component("libraries", [
            wire.file_item("/lib/a", b"a"), wire.file_item("/lib/b", b"b2" if host == "host3" else b"b"),
            *libraries]),
        "runtime": wire.component("runtime", [
            wire.fact_item("arguments", "app", f"--name={host}", "--glob=*?\\", b"\xff\x01\xc2\x85\""),
            wire.fact_item("environment", HIDDEN), wire.fact_item("groups"), wire.fact_item("tracer", "0"),
            wire.fact_item("uid", "5", "5", "5", "5"), *runtime])}


class Seen(Site):
    """Three hosts of `web`, and one of something else, under a policy by which none of them is affirming."""

    def __init__(self, apart=False, **more):
        super().__init__()
        self.apart = apart  # no two hosts report in one second
        self.more = more  # keyword arguments of `components`, by host

    def __enter__(self):
        super().__enter__()
        self.write_policy(unmeasured="contraindicated")
        self.signer = self.start_signer()
        self.collectors = {host: self.collector(host) for host in HOSTS}
        self.submit()
        self.submit()
        collector = self.collector("other")
        receipt = collector.submit("db", {"executable": wire.component("executable", [wire.file_item("/evil", b"evil")])})
        collector.close()
        logimage.published(self, receipt["index"] + 1)
        return self

    def submit(self):
        for host in self.collectors:
            if self.apart:
                wait_for_the_next_second()
            receipt = self.submit_of(host)
        logimage.published(self, receipt["index"] + 1)

    def submit_of(self, host):
        return self.collectors[host].submit("web-1", components(host, **self.more.get(host, {})))

    def judged(self, host):
        """(status, {(code, subject)}) of what it reports now."""
        of_web = json.loads(self.submit_of(host)["report"])["submods"]["web-1"]
        return of_web["ear.status"], {(f["code"], f["subject"]) for f in of_web["hallmark.findings"]}

    def adopt(self):
        """What was learned is in force, and all hosts have reported."""
        self.copy_learned()
        self.submit()

    def copy_learned(self):
        for path in self.path("learned").iterdir():
            shutil.copy(path, self.path(path.name))
        said = len(self.signer.lines)
        self.signer.signal(signal.SIGHUP)
        assert "event=reloaded" in self.signer.wait_for("event=reload", start=said)

    def learn(self, to="learned", *more, workload="web-*"):
        return self.tool("hallmark-signer", "policy", "learn", "--workload", workload, "-c", str(self.path("signer.yaml")),
                         "-o", str(self.path(to)), *more, check=False)

    def learned(self, to="learned", status=0, **options):
        done = self.learn(to, **options)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        directory = self.path(to)
        return {p.name: p.read_text(errors="surrogateescape") for p in directory.iterdir()}, done.stdout

    def verdicts(self, policy):
        done = self.tool("hallmark-signer", "policy", "try", str(policy), "-c", str(self.path("signer.yaml")), "--workload",
                         "web-*", "--json", check=False)
        return {c["collector"][-5:]: (c["is"], c["cause"]) for c in json.loads(done.stdout)["changes"]}


def test_what_was_seen_is_affirming_and_nothing_else():
    with Seen() as site:
        files, said = site.learned()
        assert set(files) == {"policy.yaml", "review.txt", "executable.sha256", "files.sha256", "libraries.sha256"}
        assert "proposes what 6 reports of 3 hosts had" in said and "3  rise from contraindicated to affirming" in said, said
        assert files["libraries.sha256"].splitlines() == [f"{sha(b'a')}  /lib/a"] + \
            [f"{d}  /lib/b" for d in sorted((sha(b"b"), sha(b"b2")))]
        assert "/evil" not in "".join(files.values()) and "spiffe://test/other" not in files["policy.yaml"]
        for words in ('name: "kernel_release", allow: ["6.1.0-2', '}  # varies', 'path: "/usr/bin/app"', 'patterns: ["/etc/app/**"]',
                      'excludes: ["/etc/app/cache"]  # look', 'owners: [5]  # look', 'equals: ["app", "*", ',
                      'require: ["ext4", "zram"]', 'count: ">= 2, <= 3"', 'equals: []', '- match: "web-*"'):
            assert words in files["policy.yaml"], (words, files["policy.yaml"])
        for words in (f"libraries: one of several contents: /lib/b {sha(b'b2')}  (1 of 3 hosts: spiffe://test/host3)",
                      'host: one of several lists of values: kernel_release "6.1.0-27"  (1 of 3 hosts: spiffe://test/host1)',
                      "host: left out, since it differs by its nature: boot_id"):
            assert words in files["review.txt"], (words, files["review.txt"])
        assert site.verdicts(site.path("learned/policy.yaml")) == {h: ("affirming", "") for h in HOSTS}


def test_what_replaced_what_is_told_with_its_time():
    """An upgrade on all hosts; what differs between hosts at one time has replaced nothing."""
    with Seen() as site:
        assert "replaced since" not in site.learned("before")[0]["review.txt"]
        wait_for_the_next_second()
        site.more = {host: {"libraries": [wire.file_item("/lib/c", b"c")]} for host in HOSTS}
        site.submit()
        wait_for_the_next_second()
        site.more = {host: {"libraries": [wire.file_item("/lib/c", b"c of the next release")]} for host in HOSTS}
        site.submit()
        review = site.learned()[0]["review.txt"]
        told, = re.findall("^.*replaced since.*$", review, re.M)
        assert re.fullmatch(rf"libraries: replaced since \d{{4}}-\d\d-\d\dT[0-9:]{{8}}Z: /lib/c {sha(b'c')} by "
                            rf"{sha(b'c of the next release')}; were these releases\? A family of two sets demands that all "
                            r"files are of one", told), told
        old, new = (re.search(rf"contents: /lib/c {sha(c)}  \(3 of 3 hosts\), (\S+) to (\S+)", review).groups()
                    for c in (b"c", b"c of the next release"))
        assert old[0] <= old[1] < new[0] <= new[1] and new[0] in told, (old, new, told)


def upgraded(release, both=b"both", new=()):
    """What a host has of a release: its program, a library of its own, and one that some releases share."""
    return {"program": b"app " + release, "libraries": [
        wire.file_item("/lib/c", b"c " + release), wire.file_item("/lib/d", both), wire.file_item("/usr/bin/app", b"app " + release),
        *new]}


def wait_for_the_next_second():
    """Reports have whole seconds, and a signer's loop the time at which its turn began."""
    until = int(time.time()) + 1.2
    while time.time() < until:
        os.sched_yield()


def test_releases_are_a_family():
    """One host after the other is upgraded, twice; what a release had counts with it alone."""
    with Seen(**{host: upgraded(b"1") for host in HOSTS}) as site:
        assert "families" not in site.learned("before")[0]["policy.yaml"]
        for release, both in ((b"2", b"both"), (b"3", b"next")):
            for host in HOSTS:
                wait_for_the_next_second()
                site.more[host] = upgraded(release, both)
                site.submit()
        files, said = site.learned()
        assert "proposes what 24 reports of 3 hosts had" in said and "3  rise from contraindicated to affirming" in said, said
        assert set(files) == {"policy.yaml", "review.txt", "executable.sha256", "files.sha256", "libraries.sha256",
                              "release-1.sha256", "release-2.sha256", "release-3.sha256"}
        for release, both in ((b"1", b"both"), (b"2", b"both"), (b"3", b"next")):
            lines = files[f"release-{release.decode()}.sha256"].splitlines()
            assert sorted(lines) == sorted((f"{sha(b'app ' + release)}  /usr/bin/app", f"{sha(b'c ' + release)}  /lib/c",
                                            f"{sha(both)}  /lib/d")), lines
        assert not re.search("/usr/bin/app|/lib/[cd]", files["executable.sha256"] + files["libraries.sha256"])
        for words in ("references: [learned-executable, learned]", "references: [learned-libraries, learned]",
                      "references: [learned-files]", "release: [learned]", '{family: learned, from: "1", to: "3", until: 2'):
            assert words in files["policy.yaml"], (words, files["policy.yaml"])
        first = [t for _, t in re.findall(r'file: release-(.)\.sha256}  # program [0-9a-f]{16}\.\., first seen (\S+)', files["policy.yaml"])]
        assert len(first) == 3 and first == sorted(set(first)), first
        for words in (f"executable: of release 1: /usr/bin/app {sha(b'app 1')}",
                      f"executable: of release 2, which replaces 1: /usr/bin/app {sha(b'app 2')}",
                      f"libraries: of release 1: /lib/d {sha(b'both')}",
                      f"libraries: of release 2, which replaces 1: /lib/d {sha(b'both')}",
                      f"libraries: of release 3, which replaces 2: /lib/c {sha(b'c 3')}"):
            assert words in files["review.txt"], (words, files["review.txt"])
        assert "no release" not in files["review.txt"] and "replaced since" not in files["review.txt"]
        policy = site.path("learned/policy.yaml")
        site.adopt()
        checked = site.tool("hallmark-signer", "check", "-c", str(site.path("signer.yaml")), check=False)
        told = [line for line in checked.stdout.splitlines() if "warning" in line and "where /bin, /lib" not in line]
        assert checked.returncode == 0 and not told, checked
        assert {host: site.judged(host) for host in HOSTS} == dict.fromkeys(HOSTS, ("affirming", set()))
        site.more["host1"] = upgraded(b"1")
        assert site.judged("host1") == ("affirming", set())
        # An old library below the new program, and a new one below the old program.
        site.more["host1"] = {**upgraded(b"1"), "program": b"app 3"}
        status, found = site.judged("host1")
        assert status == "contraindicated" and ("mixed-release", "learned") in found, found
        site.more["host1"] = {**upgraded(b"3", b"next"), "program": b"app 1"}
        status, found = site.judged("host1")
        assert status == "contraindicated" and ("mixed-release", "learned") in found, found
        # When the window is over, the last release counts alone.
        whole = policy.read_text()
        policy.write_text(re.sub("windows:\n.*\n", "", whole))
        assert policy.read_text() != whole
        site.copy_learned()
        site.more = {"host1": upgraded(b"1"), "host2": upgraded(b"2"), "host3": upgraded(b"3", b"next")}
        assert [site.judged(host)[0] for host in HOSTS] == ["contraindicated"] * 2 + ["affirming"]
        assert ("other-release", "/usr/bin/app") in site.judged("host2")[1]


def test_what_has_no_place_among_releases():
    """One host always had another program: it belongs to no release, counts as it did, and is told."""
    more = {host: upgraded(b"1") for host in HOSTS}
    with Seen(apart=True, **{**more, "host3": {"program": b"app of its own"}}) as site:
        site.more.update(host1=upgraded(b"2"), host2=upgraded(b"2"))
        site.submit()
        files, _ = site.learned()
        alone = f"executable: no release, since nothing tells its place among them: always counts: /usr/bin/app {sha(b'app of its own')}"
        assert alone in files["review.txt"], files["review.txt"]
        assert f"{sha(b'app of its own')}  /usr/bin/app" in files["executable.sha256"]
        assert sha(b"app 1") in files["release-1.sha256"] and sha(b"app 2") in files["release-2.sha256"]
        assert not re.search("|".join(map(sha, (b"app 1", b"app 2", b"c 1", b"c 2"))),
                             files["executable.sha256"] + files["libraries.sha256"])
        assert site.verdicts(site.path("learned/policy.yaml")) == {h: ("affirming", "") for h in HOSTS}


def test_it_is_the_same_each_time_and_writes_nothing_over():
    with Seen() as site:
        first, said = site.learned()
        again, _ = site.learned("again")
        assert first == again
        assert site.learn("timed", "--last", "7d").returncode == 0
        assert site.path("timed/policy.yaml").read_text() == first["policy.yaml"]
        in_force = site.path("policy.yaml").read_text()
        site.path("learned/policy.yaml").write_text("mine\n")
        done = site.learn()
        assert done.returncode == 2 and "File exists" in done.stderr, done
        assert site.path("learned/policy.yaml").read_text() == "mine\n"
        assert site.path("policy.yaml").read_text() == in_force


def test_what_is_altered_is_contraindicated():
    """Each host but the first has something that is learned of the others alone."""
    more = {"host2": {"libraries": [wire.file_item("/lib/hook.so", b"evil")]},
            "host3": {"runtime": [wire.fact_item("zzz", "1")]}}
    with Seen(**more) as site:
        files, _ = site.learned()
        assert f"libraries: on one host only: /lib/hook.so {sha(b'evil')}  (1 of 3 hosts: spiffe://test/host2)" in \
            files["review.txt"]
        assert "runtime: left out, since some lack it: zzz" in files["review.txt"]
        policy, directory = site.path("learned/policy.yaml"), site.path("learned")
        assert site.verdicts(policy) == {h: ("affirming", "") for h in HOSTS}
        site.adopt()
        for name, old, new, causes in (
                ("libraries.sha256", f"{sha(b'evil')}  /lib/hook.so\n", "", {"host2": "libraries unknown-file /lib/hook.so"}),
                ("libraries.sha256", sha(b"b2"), sha(b"b3"), {"host3": "libraries changed-file /lib/b"}),
                ("files.sha256", sha(b"a"), sha(b"x"), dict.fromkeys(HOSTS, "files changed-file /etc/app/a.conf")),
                ("policy.yaml", '"6.1.0-27"', '"6.1.0-29"', {"host1": "host unmatched-fact kernel_release"}),
                ("policy.yaml", "excludes", "may_grow", dict.fromkeys(HOSTS, "files excluded-files /etc/app/cache")),
                ("policy.yaml", '"--name=host2"', '"--name=host9"', {"host2": "runtime unmatched-fact arguments"})):
            whole = (directory / name).read_text()
            assert old in whole, (old, whole)
            (directory / name).write_text(whole.replace(old, new))
            found = {h: cause.split(":")[0] for h, (status, cause) in site.verdicts(policy).items()
                     if status == "contraindicated"}
            (directory / name).write_text(whole)
            assert found == causes, (name, old, found)


def test_more_than_a_policy_can_say():
    """Facts that are too long, or of which there are too many lists, are left out, and the rest is learned."""
    many = [f"p{n} 1" for n in range(300)]
    more = {h: {"runtime": [wire.fact_item("long", "x" * 257), wire.fact_item("many", *many),
                            wire.fact_item("varied", h, *many)]} for h in HOSTS}
    with Seen(**more) as site:
        files, _ = site.learned()
        for words in ("longer than a policy can say: long", "longer than a policy can say: many", "varies too much: varied"):
            assert f"runtime: left out, since it {'is ' if 'longer' in words else ''}{words}" in files["review.txt"], words
        assert not re.search(r'name: "(long|many|varied)"', files["policy.yaml"])
        assert site.verdicts(site.path("learned/policy.yaml")) == {h: ("affirming", "") for h in HOSTS}


def test_hostile_names_and_values():
    more = {h: {"libraries": [wire.file_item(ODD, b"odd")],
                "runtime": [wire.fact_item("name#1", "- {x: y}", "#", "'\"", "\n", "a: b", "\u2028", "\x7f", "\ufeff")]}
            for h in HOSTS}
    with Seen(**more) as site:
        files, _ = site.learned()
        assert all(line.isprintable() for text in files.values() for line in text.splitlines() if "/opt" not in line)
        assert site.verdicts(site.path("learned/policy.yaml")) == {h: ("affirming", "") for h in HOSTS}


def test_what_is_never_taken_for_good():
    """Deleted files, code that was written to, a link's unknown target, a namespace of somebody's: told, not accepted."""
    more = {"host1": {"libraries": [wire.file_item("/lib/gone", b"gone", flags=1)]},
            "host2": {"files": [wire.file_item("/etc/app/more.conf", b"more"),
                                wire.file_item("/etc/app/link", b"target", flags=64)]}}
    for host in HOSTS:
        more.setdefault(host, {})["runtime"] = [wire.fact_item("namespace_user", "foreign" if host == "host2" else "host")]
    with Seen(**more) as site:
        files, said = site.learned(status=1)
        assert "/lib/gone" not in files["libraries.sha256"] and "namespace_user" not in files["policy.yaml"]
        assert set(re.findall(r"/etc.*", files["files.sha256"])) == set(FILES)
        for words in ("files: left out, since some lack it: /etc/app/more.conf", "files: left out, since some lack it: /etc/app/link",
                      "runtime: look, the namespace is of a user's making; left out: namespace_user"):
            assert words in files["review.txt"], (words, files["review.txt"])
        assert "2  stay as they are" in said and "1  rises from contraindicated to affirming" in said, said
        assert set(site.verdicts(site.path("learned/policy.yaml"))) == {"host3"}


def test_what_cannot_be_learned():
    with Seen() as site:
        done = site.learn(workload="nobody-*")
        assert done.returncode == 2 and "no report of such a workload" in done.stderr and not site.path("learned").exists()
        for arguments in (["--last", "0s"], ["--last"], ["--json"], ["-o", "x"]):
            done = site.learn("x", *arguments)
            assert done.returncode == 2 and "usage" in done.stderr and not site.path("x").exists()
        done = site.learn(workload="a\\b")
        assert done.returncode == 2 and "no pattern" in done.stderr
        pack, = (p for p in site.path("evidence").iterdir() if p.name.startswith("pack-"))
        whole = pack.read_bytes()
        lost = components("host1")["executable"]
        assert lost in whole
        pack.write_bytes(whole.replace(lost, b"\0" * len(lost)))
        done = site.learn("lost")
        assert done.returncode == 2 and "could not be read" in done.stderr, done


def test_of_real_processes():
    """A real collector's report is learned, and in force affirming; a file that is altered then is not."""
    with Judged() as host:
        conf = host.write("etc/app.conf", "limit = 1\n")
        process = host.map()
        host.judge_by({"none": f"{'1' * 64}  /none\n"}, executable={"references": ["none"]},
                      recorded=["libraries", "runtime", "files", "host", "packages"], unmeasured="contraindicated")
        host.measure_by(measure=["executable", "libraries", "runtime", "files", "host"], pid_file=str(
            host.write("pid", f"{process.pid}\n")), files=[f"{host.dir}/etc/**"])
        assert host.verdict()[0] == "contraindicated"
        site = host.site
        logimage.published(site, site.status()["log_size"])
        done = site.tool("hallmark-signer", "policy", "learn", "--workload", "app", "-c", str(site.path("signer.yaml")),
                         "-o", str(site.path("learned")), check=False)
        assert done.returncode == 0, (done.stdout, done.stderr)
        for path in site.path("learned").iterdir():
            shutil.copy(path, site.path(path.name))
        host.reload()
        assert host.verdict() == ("affirming", set())
        conf.write_text("limit = 2\n")
        found = host.verdict()
        assert found == ("contraindicated", {("changed-file", str(conf))}), found


if __name__ == "__main__":
    run_tests("__main__")
