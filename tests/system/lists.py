#!/usr/bin/python3
"""Components of many items: lists of segments, from the real collector over the wire to the replay.

A changed file costs a segment and the list that names it, whatever the size of the tree.
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hallmark  # noqa: E402
import wire  # noqa: E402
from audit import GOOD, check  # noqa: E402
from hallmark import PATIENCE_S, Site, run_tests, to_yaml  # noqa: E402

COLLECTOR = "spiffe://test/host1"
SENT_MAX = 80_000  # bytes: a list of 50 segments, and a segment as most are
EMPTY = hashlib.sha256(b"").hexdigest()


class Tree(Site):
    """A signer, and a collector of `count` small files whose reference set is complete."""

    def __init__(self, count, **options):
        super().__init__(limits={"connections": 20, "disk_reserve_mib": 64}, **options)
        self.files = self.path("files")
        self.files.mkdir()
        self.reference = {str(self.files / name(i)): EMPTY for i in range(count)}
        for path in self.reference:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        self.write_policy(to_yaml({
            "name": "test", "references": [{"name": "known", "file": "known.sha256"}],
            "workloads": [{"match": "*", "collectors": [COLLECTOR], "require": ["files"],
                           "files": {"references": ["known"]}}]}),
            "".join(f"{d}  {p}\n" for p, d in self.reference.items()))
        self.issue("host1", uri=COLLECTOR)
        shutil.copy("/bin/sleep", self.path("app"))
        for directory in ("state", "receipts"):
            self.path(directory).mkdir()
        self.configure()
        self.signer = self.app = None

    def __enter__(self):
        self.app = subprocess.Popen([self.path("app"), "3600"], stdout=subprocess.DEVNULL)
        self.signer = self.start_signer()
        return self

    def configure(self):
        self.path("collector.yaml").write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.port}", "server_name": "signer.test",
                         "log_certificate": "log.crt"}],
            "tls": {"certificate": "host1.crt", "key": "host1.key",
                    "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "interval_s": 3600, "jitter_percent": 0,
            "workloads": [{"name": "app", "executable": str(self.path("app")),
                           "measure": ["files"], "files": [f"{self.files}/**"]}]}))

    def __exit__(self, *_):
        self.app.kill()
        self.app.wait()
        super().__exit__()

    def once(self, status=0):
        done = subprocess.run([hallmark.program("hallmark-collector"), "once", "-c",
                               self.path("collector.yaml")], capture_output=True, text=True,
                              timeout=4 * PATIENCE_S)
        assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def sent(self):
        """A round: (components and segments, their bytes) that it sent, and the report's member."""
        before = self.status()["counters"]
        self.once()
        after = self.status()["counters"]
        newest = max(self.path("receipts").iterdir())
        lines = newest.read_text().split("\n")
        report = json.loads(hallmark.wire.base64.b64decode(lines[1].removeprefix("extra ")))
        return (*(after[c] - before[c] for c in ("components", "component_bytes")),
                report["submods"]["app"])

    def stored(self):
        """(entries of the one list, count of segments that the collector keeps)"""
        directory = self.path("state/components")
        newest, = (p for p in directory.iterdir() if len(p.name) == 64)
        kept = sum(count_records(p.read_bytes()) for p in directory.glob("segments-*"))
        return msgpack.unpackb(newest.read_bytes(), strict_map_key=False)[3], kept

    def of_a_small_segment(self):
        """A file within it that ends none, and the path of one that could come beside it."""
        items = [wire.file_item(path) for path in sorted(self.reference)]
        piece = next(p for p in wire.cut(items) if 100 < len(p) < 512)
        beside = (piece[50][0] + b"-%d" % n for n in range(100))
        fresh = next(path for path in beside if not wire.ends_segment([path]))
        return pathlib.Path(piece[50][0].decode()), pathlib.Path(fresh.decode())

    def replayed(self, reports):
        assert self.signer.stop() == 0
        done = self.audit("replay", "--log", str(self.path("log")), "--evidence",
                          str(self.path("evidence")), "--cert", str(self.path("log.crt")), "--all",
                          check=False)
        check(done, GOOD, f"{reports} the same, 0 different, 0 not possible")


def name(number):
    return f"d{number % 50:02}-{number:05}"


def count_records(data):
    count = at = 0
    while at < len(data):
        at += 36 + int.from_bytes(data[at + 32:at + 36], "big")
        count += 1
    return count


def changed_tree(count):
    """What changes, comes and goes in a tree of so many files."""
    with Tree(count) as tree:
        components, size, member = tree.sent()
        segments, kept = tree.stored()
        assert sum(n for _, n, _ in segments) == count
        assert components == 1 + len(segments) == 1 + kept > 2  # several: where it is cut, names decide
        assert member["ear.status"] == "affirming", member
        assert tree.sent()[:2] == (0, 0), "nothing has changed"

        victim, fresh = tree.of_a_small_segment()
        victim.write_text("changed")
        components, size, member = tree.sent()
        assert components == 2 and size < SENT_MAX, (components, size)
        assert [(f["code"], f["subject"]) for f in member["hallmark.findings"]] == [
            ("changed-file", str(victim))]

        victim.write_text("")
        fresh.write_text("")
        components, size, member = tree.sent()
        assert components == 2 and size < SENT_MAX, (components, size)
        assert [f["code"] for f in member["hallmark.findings"]] == ["unknown-file"]

        fresh.unlink()
        assert tree.sent()[0] == 0, "the signer has the first state still"
        missing = [name(0), name(count // 3), name(count - 1)]
        for one in missing:
            (tree.files / one).unlink()
        components, size, member = tree.sent()
        assert 2 <= components <= 1 + len(missing), components
        assert sorted((f["code"], f["subject"]) for f in member["hallmark.findings"]) == sorted(
            ("missing-file", str(tree.files / one)) for one in missing)

        segments, kept = tree.stored()
        assert sum(n for _, n, _ in segments) == count - len(missing)
        assert kept <= len(segments) + 2 * len(missing), "what was changed before is kept"
        tree.replayed(6)


def test_five_thousand_files():
    changed_tree(5_000)


def test_twenty_thousand_files():
    changed_tree(20_000)


# --- as others may speak -------------------------------------------------------------------------

def items(prefix, count, size=0):
    return [wire.file_item(f"/{prefix}/{number:06}", b"x" * size) for number in range(count)]


@functools.cache
def files(prefix, count):
    return wire.component("files", items(prefix, count))


def begin(collector, workload, component):
    """Sends a bundle of this one; what the signer wants of it."""
    data = collector.make(workload, {"files": component})
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    return wanted(collector)


def wanted(collector):
    kind, body = collector.connection.receive()
    assert kind == wire.WANT, body
    return body


def finding_codes(receipt, workload):
    member = json.loads(receipt["report"])["submods"][workload]
    return [f["code"] for f in member["hallmark.findings"]]


def test_a_list_is_wanted_first_and_then_its_segments():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        component = files("first", 3000)
        count = len(component.segments)
        want = begin(collector, "app", component)
        assert want == {"workload": "app", "digests": [hashlib.sha256(component).digest()]}
        collector.send_bytes(component)
        assert wanted(collector) == {"workload": "app", "segments": [
            [hashlib.sha256(component).digest(), wire.bitmap([True] * count)]]}
        for segment in reversed(component.segments):  # a signer does not mind
            collector.send_bytes(segment)
        assert collector.await_receipt()["seq"] == 1
        counters = site.status()["counters"]
        assert counters["components"] == 1 + count and counters["appraisals"] == 1
        collector.chains.clear()
        collector.submit("other", {"files": component})
        assert collector.wants == [] and site.status()["counters"]["appraisals"] == 1


def test_what_the_signer_has_is_not_wanted():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        collector.submit("app", {"files": files("first", 3000)})
        changed = items("first", 3000)
        changed[1500] = wire.file_item(changed[1500][0], b"changed")
        changed = wire.component("files", changed)
        before = [s in files("first", 3000).segments for s in changed.segments]
        assert before.count(False) == 1
        collector.submit("app", {"files": changed})
        assert collector.wants[-1]["segments"] == [
            [hashlib.sha256(changed).digest(), wire.bitmap([not known for known in before])]]


def test_several_lists_are_in_one_want():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        components = {"files": files("first", 3000),
                      "libraries": wire.component("libraries", items("second", 2000)),
                      "packages": wire.component("packages", [
                          wire.fact_item(f"package-{n:05}", "1.0") for n in range(4000)])}
        collector.submit("app", components)
        first, second = collector.wants
        assert len(first["digests"]) == 3 and "segments" not in first
        assert [d for d, _ in second["segments"]] == first["digests"] and "digests" not in second


def test_bundles_that_wait_for_the_same_segments_have_them_once():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        first, second = files("first", 3000), wire.component("files", items("first", 3001))
        begin(collector, "a", first)
        data = collector.make("b", {"files": first})
        collector.connection.send([wire.BUNDLE, {"bundle": data}])  # nothing is wanted for it
        want = begin(collector, "c", second)
        assert want["digests"] == [hashlib.sha256(second).digest()]
        collector.send_bytes(first)
        assert wanted(collector)["workload"] == "a"
        collector.send_bytes(second)
        own = [s not in first.segments for s in second.segments]
        assert wanted(collector) == {"workload": "c", "segments": [
            [hashlib.sha256(second).digest(), wire.bitmap(own)]]} and any(own)
        for segment in dict.fromkeys(first.segments + second.segments):
            collector.send_bytes(segment)
        assert sorted(collector.await_receipt()["workload"] for _ in "abc") == ["a", "b", "c"]
        assert site.status()["evidence_receiving_bytes"] == 0


def test_a_connection_that_goes_frees_what_only_it_waited_for():
    with Site() as site:
        site.start_signer()
        collector, other = site.collector("host1"), site.collector("host2")
        component = files("first", 3000)
        begin(collector, "app", component)
        collector.send_bytes(component)
        want = wanted(collector)
        collector.send_bytes(component.segments[0])
        assert site.status()["evidence_receiving_bytes"] > 0
        collector.close()
        deadline = time.monotonic() + PATIENCE_S
        while site.status()["evidence_receiving_bytes"] > 0:
            assert time.monotonic() < deadline
        assert want["segments"][0][1] == wire.bitmap([True] * len(component.segments))
        other.submit("app", {"files": component})
        assert "digests" not in other.wants[0]
        assert other.wants[0]["segments"][0][1] == wire.bitmap(
            [False] + [True] * (len(component.segments) - 1))


def damage(site, segment):
    """Its record in the evidence store."""
    digest = hashlib.sha256(segment).digest()
    for path in site.path("evidence").glob("pack-*"):
        data = bytearray(path.read_bytes())
        for at in (m.start() for m in re.finditer(re.escape(digest), bytes(data))):
            if data[at - 16:at - 12] == b"HMP1":
                data[at + 40] ^= 1
                path.write_bytes(data)
                return
    raise AssertionError("it is in no pack")


def test_segments_that_were_lost_are_wanted_again():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        component = files("first", 3000)
        collector.submit("app", {"files": component})
        assert signer.stop() == 0
        lost = (1, len(component.segments) - 1)
        for place in lost:
            damage(site, component.segments[place])
        signer = site.start_signer()
        collector.connect()
        receipt = collector.submit("app", {"files": component})
        assert collector.wants == [{"workload": "app", "segments": [
            [hashlib.sha256(component).digest(),
             wire.bitmap([n in lost for n in range(len(component.segments))])]]}]
        assert signer.wait_for("event=evidence-damaged")
        wire.verify_receipt(receipt, site.certificate, hallmark.ORIGIN)
        assert signer.stop() == 0


def test_what_takes_more_memory_than_there_may_be_is_refused():
    """While it would be received, and while it would be judged."""
    with Site(limits={"evidence_pending_bytes": 16 << 20}) as site:
        site.start_signer()
        collector = site.collector()
        large = wire.list_of("files", [(b"%d" % n, 1000) for n in range(100)])
        assert len(large.segments) * 1000 * 88 < 16 << 20
        try:
            collector.submit("app", {"files": wire.list_of("files", [
                (bytes([n]) * 200_000, 1000) for n in range(100)])})
            raise AssertionError("not refused")
        except wire.Refused as refused:
            assert refused.name == "busy", refused
        want = begin(collector, "app", large)
        collector.send_bytes(large)
        assert wanted(collector)["segments"] and want


def test_a_want_for_the_longest_lists_is_one_frame():
    with Site() as site:
        site.start_signer()
        collector = site.collector()
        for segments, count in ((2_000, 500), (65_536, 15)):
            component = wire.Listed(wire.pack(["files", 2, [], [
                [hashlib.sha256(b"%d %d" % (count, n)).digest(), count, 50 * count]
                for n in range(segments)]]))
            begin(collector, f"app-{segments}", component)
            collector.send_bytes(component)
            want = wanted(collector)
            assert want["segments"] == [
                [hashlib.sha256(component).digest(), wire.bitmap([True] * segments)]]
        assert site.status()["loop_gap_max_us"] < 1_000_000 * hallmark.PATIENCE_S / 30


if __name__ == "__main__":
    run_tests(__name__)
