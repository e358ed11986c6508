#!/usr/bin/python3
"""The index deleted, or older than the log: made again from the tiles, which must be what was signed."""

import sqlite3
import subprocess

import hallmark
from hallmark import Site

# Full bundles, a ragged one, and workloads whose newest report lies far behind the end.
REPORTS, WORKLOADS = 256 * 5 + 77, 300


def filled():
    site = Site()
    site.init_key()
    prefill(site, REPORTS, WORKLOADS)
    return site


def prefill(site, reports, workloads):
    subprocess.run([hallmark.program("prefill"), "-c", str(site.path("signer.yaml")), "--reports",
                    str(reports), "--workloads", str(workloads)], env=site.env, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=hallmark.PATIENCE_S)


def heads(site):
    with sqlite3.connect(site.path("index.db")) as index:
        return index.execute("SELECT * FROM workload ORDER BY collector, name").fetchall()


def delete_index(site):
    for file in site.dir.glob("index.db*"):
        file.unlink()


def start_and_stop(site):
    signer = site.start_signer()
    assert signer.stop() == 0
    return signer.lines


def test_a_deleted_index_is_made_again_to_the_byte():
    with filled() as site:
        before = heads(site)
        assert len(before) == WORKLOADS
        delete_index(site)
        assert any("index-rebuild" in line for line in start_and_stop(site))
        assert heads(site) == before


def test_an_older_index_is_brought_up_to_date():
    with filled() as site:
        start_and_stop(site)
        older = {file: file.read_bytes() for file in site.dir.glob("index.db*")}
        prefill(site, 256 * 2 + 5, 20)
        now = heads(site)
        delete_index(site)
        for file, content in older.items():
            file.write_bytes(content)
        assert heads(site) != now
        assert not any("index-rebuild" in line for line in start_and_stop(site))
        assert heads(site) == now


def test_a_rotten_bit_in_any_report_that_is_read_is_found_and_named():
    with filled() as site:
        checkpoint = site.path("log/checkpoint").read_bytes()
        for bundle in ("000", "003"):
            path = site.path(f"log/tile/entries/{bundle}")
            whole = path.read_bytes()
            # A digit becomes another: still a report to every parser.
            at = whole.index(b'"iat":') + len(b'"iat":') + 5
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            delete_index(site)
            signer = site.start_signer(wait=False)
            line = signer.wait_for("event=log-damaged")
            assert f"index={256 * int(bundle)}" in line, line
            assert signer.wait() == 1
            assert site.path("log/checkpoint").read_bytes() == checkpoint
            path.write_bytes(whole)
        delete_index(site)
        start_and_stop(site)


if __name__ == "__main__":
    hallmark.run_tests("__main__")
