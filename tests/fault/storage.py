#!/usr/bin/python3
"""Little room on the disk: new bundles are refused with a code, what was accepted has its receipt, and
the same process goes on when there is room.
"""

import os
import signal
import time

import hallmark
import logimage
import small_disk
import underfire
import wire
from hallmark import APP, Site
from underfire import GONE, choose, count, new_evidence, stopped

RESERVE_MIB = 2
FILES_KEPT = 8192  # STORAGE_FILES_KEPT
ABOVE_KB = (32, 128, 512)  # free above the reserve when the load begins
ROW = "storage"


def site_on(base, reserve_mib=RESERVE_MIB):
    return Site(directory=base, limits={"connections": 2000, "disk_reserve_mib": reserve_mib})


def events(signer, name):
    return [line for line in signer.lines if f"event={name} " in line]


def refused(collector, workload, components=APP):
    """The refusal of a new bundle, of which all is as it should be but the room."""
    try:
        collector.submit(workload, components)
    except wire.Refused as refusal:
        assert refusal.name == "storage-low" and refusal.body["code"] == 213, refusal
        assert refusal.body["workload"] == workload, refusal.body
        count(ROW, "refused storage-low")
        return
    raise AssertionError(f"{workload} was taken")


def until_seen(site, free_mib):
    """The status, once the disk has been looked at with so much free."""
    deadline = time.monotonic() + hallmark.PATIENCE_S
    while (status := site.status())["storage_free_mib"] != free_mib:
        assert time.monotonic() < deadline, status
    return status


def send_bundle(collector, workload, components):
    data = collector.make(workload, components)
    collector.connection.send([wire.BUNDLE, {"bundle": data}])
    return data


def comes_back(site, signer, receipts):
    """Everything accepted is there, and one start more finds nothing amiss."""
    assert signer.stop() == 0
    signer = site.start_signer()
    receipts.append(site.collector().submit("afterwards", APP))
    assert signer.stop() == 0
    logimage.verify_all(site, receipts)
    logimage.fsck(site)
    count(ROW, "receipts checked", len(receipts))


def test_refused_and_taken_again():
    with small_disk.small_disk() as base, site_on(base) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts, seen = [], 0
        for turn in range(1, 4):
            receipts += [collector.submit(f"w{n}", new_evidence()) for n in range(4)]
            assert site.status()["storage"] == "ok"
            small_disk.fill(base, RESERVE_MIB * 1024 - 256)
            signer.wait_for("event=storage-low", start=seen)
            refused(collector, "w0")
            refused(collector, "new", new_evidence())
            refused(site.collector("stranger"), "w0")
            status = site.status()
            assert status["storage"] == "low" and status["storage_free_mib"] < RESERVE_MIB
            assert status["refusals"]["storage-low"] == 4 * turn - 1, status["refusals"]
            seen = len(signer.lines)
            # A little more than the reserve is not enough to go on: it would be gone at once.
            small_disk.fill(base, RESERVE_MIB * 1024 + 256)
            status = until_seen(site, RESERVE_MIB)
            assert status["storage"] == "low", status
            refused(collector, "w0")
            small_disk.empty(base)
            signer.wait_for("event=storage-ok", start=seen)
            assert len(events(signer, "storage-low")) == len(events(signer, "storage-ok")) == turn
        receipts += [collector.submit(f"w{n}", new_evidence()) for n in range(4)]
        # Each turn is said once; a line for each refusal would help to fill the disk.
        assert not events(signer, "refusal"), events(signer, "refusal")
        assert "free_mib=1 reserve_mib=2" in events(signer, "storage-low")[0]
        count(ROW, "disks nearly filled", 3)
        comes_back(site, signer, receipts)


def test_the_load_itself_takes_the_room():
    """The reserve is enough for what was accepted: the signer does not end."""
    for above_kb in choose(ABOVE_KB, 2):
        with small_disk.small_disk() as base, site_on(base) as site:
            signer = site.start_signer()
            collector = site.collector()
            receipts = [collector.submit("w0", APP)]
            small_disk.fill(base, RESERVE_MIB * 1024 + above_kb)
            trouble = None
            for number in range(2000):
                try:
                    receipts.append(collector.submit(f"w{number % 3}", new_evidence()))
                except GONE:
                    raise AssertionError(signer.lines[-5:]) from None
                except wire.Refused as refusal:
                    trouble = refusal.name
                    break
            assert trouble == "storage-low", trouble
            logimage.published(site, receipts[-1]["index"] + 1)
            small_disk.empty(base)
            signer.wait_for("event=storage-ok")
            receipts.append(collector.submit("w0", APP))
            count(ROW, "disks nearly filled")
            comes_back(site, signer, receipts)


def test_what_was_accepted_has_its_receipt():
    """In flight when the room goes, and asked for once more."""
    with small_disk.small_disk() as base, site_on(base) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        with stopped(site.key_process_pid()):
            data = send_bundle(collector, "w1", APP)
            logimage.wait_for_record(site, logimage.notices() + 1)
            small_disk.fill(base, RESERVE_MIB * 1024 - 256)
            signer.wait_for("event=storage-low")
        receipts.append(collector.await_receipt())
        again = site.collector()
        again.connection.send([wire.BUNDLE, {"bundle": data}])
        receipts.append(again.await_receipt())
        assert receipts[-1]["index"] == receipts[-2]["index"] == logimage.notices() + 1
        collector.accepted("w1", data)
        refused(collector, "w1")
        logimage.published(site, logimage.notices() + 2)
        small_disk.empty(base)
        signer.wait_for("event=storage-ok")
        receipts.append(collector.submit("w1", APP))
        comes_back(site, signer, receipts)


def test_components_are_held_off():
    """Half of them here, the rest on its way: refused once, and the rest is passed over."""
    evidence = {kind: wire.component(kind, [wire.file_item(os.urandom(450).hex(),
                                                           digest=os.urandom(32))
                                            for _ in range(1000)])
                for kind in ("executable", "libraries")}
    with small_disk.small_disk() as base, site_on(base) as site:
        signer = site.start_signer()
        collector = site.collector()
        send_bundle(collector, "large", evidence)
        kind, want = collector.connection.receive()
        assert kind == wire.WANT and len(want["digests"]) == 2
        send_bundle(collector, "other", APP)
        while collector.connection.receive()[0] != wire.WANT:
            pass
        waiting = site.status()["evidence_receiving_bytes"]  # of the bundles, before any part
        assert waiting > 0
        parts = parts_of(collector, want["digests"], evidence)
        for part in parts[:3]:
            collector.connection.send(part)
        taken = waiting + len(evidence["executable"])
        deadline = time.monotonic() + hallmark.PATIENCE_S
        while site.status()["evidence_receiving_bytes"] < taken:
            assert time.monotonic() < deadline
        before = site.status()
        assert before["evidence_receiving_bytes"] == taken
        small_disk.fill(base, RESERVE_MIB * 1024 - 256)
        signer.wait_for("event=storage-low")
        for part in parts[3:]:
            collector.connection.send(part)
        answers = [collector.connection.receive() for _ in range(2)]
        assert {body["workload"] for _, body in answers} == {"large", "other"}, answers
        assert {body["name"] for _, body in answers} == {"storage-low"}, answers
        collector.nonce = answers[-1][1]["nonce"]
        refused(collector, "other")  # the very next answer: the parts had none
        status = site.status()
        assert status["evidence"] == before["evidence"]
        assert status["evidence_receiving_bytes"] == 0
        small_disk.empty(base)
        signer.wait_for("event=storage-ok")
        receipts = [collector.submit("large", evidence), collector.submit("other", APP)]
        # No more than what was asked for in vain: another part that nobody wants has its answer.
        collector.connection.send([wire.PART, {"digest": bytes(32), "offset": 0,
                                               "data": bytes(4096)}])
        assert collector.connection.receive()[1]["name"] == "component-unwanted"
        count(ROW, "uploads held off")
        comes_back(site, signer, receipts)


def parts_of(collector, digests, evidence):
    by_digest = {wire.hashlib.sha256(c).digest(): c for c in evidence.values()}
    size = collector.welcome["part_max"]
    return [[wire.PART, {"digest": digest, "offset": offset,
                         "data": by_digest[digest][offset:offset + size]}]
            for digest in digests for offset in range(0, len(by_digest[digest]), size)]


def test_number_of_files():
    """A disk may be full of files as well as of bytes."""
    with small_disk.small_disk(f",nr_inodes={2 * FILES_KEPT}") as base, site_on(base) as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        many = base / "many"
        many.mkdir()
        for number in range(os.statvfs(base).f_favail - FILES_KEPT + 100):
            (many / str(number)).touch()
        line = signer.wait_for("event=storage-low")
        assert "free_files=" in line, line
        refused(collector, "w0")
        for path in many.iterdir():
            path.unlink()
        signer.wait_for("event=storage-ok")
        receipts.append(collector.submit("w0", APP))
        count(ROW, "disks nearly filled")
        comes_back(site, signer, receipts)


def test_a_disk_that_cannot_be_asked_counts_as_full():
    with Site() as site:
        signer = site.start_signer()
        collector = site.collector()
        receipts = [collector.submit("w0", APP)]
        site.path("evidence").rename(site.path("elsewhere"))
        line = signer.wait_for("event=storage-low")
        assert "No such file or directory" in line and "/evidence" in line, line
        refused(collector, "w0")
        site.path("elsewhere").rename(site.path("evidence"))
        signer.wait_for("event=storage-ok")
        receipts.append(collector.submit("w0", APP))
        comes_back(site, signer, receipts)


def test_a_start_with_little_room():
    """Looked at before anybody is let in; and a reload takes another reserve."""
    with small_disk.small_disk() as base, site_on(base, reserve_mib=64) as site:
        signer = site.start_signer()
        collector = site.collector()
        refused(collector, "w0")
        text = site.tool("hallmark-signer", "status", "--socket",
                         str(site.path("run/status.sock")), check=False)
        assert text.returncode == 1 and "bundles are refused (storage-low)" in text.stdout, text
        shown = site.tool("hallmark-signer", "status", "--socket",
                          str(site.path("run/status.sock")), "--prometheus").stdout
        assert "\nhallmark_storage_low 1\n" in shown, shown
        assert '\nhallmark_refusals_total{code="storage-low"} 1\n' in shown, shown
        site.options["limits"]["disk_reserve_mib"] = RESERVE_MIB
        site.write_configs()
        signer.signal(signal.SIGHUP)
        signer.wait_for("event=storage-ok")
        comes_back(site, signer, [collector.submit("w0", APP)])


if __name__ == "__main__":
    small_disk.enter()
    print(f"HALLMARK_FAULT_SEED={underfire.SEED}", flush=True)
    hallmark.run_tests("__main__")
