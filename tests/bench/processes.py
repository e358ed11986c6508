"""What it costs to look into the processes of a host."""

import json
import subprocess

import hallmark
import stand

COUNT = 300
CODE = "import asyncio, ctypes, decimal, json, sqlite3, ssl, sys; print(flush=True); sys.stdin.read()"


def code_pages(table):
    running = [subprocess.Popen(["/usr/bin/python3", "-c", CODE], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) for _ in range(COUNT)]
    try:
        for process in running:
            process.stdout.readline()
        done = subprocess.run(["taskset", "-c", stand.SIGNER_CORE, hallmark.program("code_pages"),
                               str(table.turns), *(str(p.pid) for p in running)],
                              capture_output=True, text=True, check=True)
    finally:
        for process in running:
            process.kill()
            process.wait()
    found = json.loads(done.stdout)
    assert found["written"] == 0, found
    table.row(f"code pages of {COUNT} processes, listed twice", found["pages_us"], "us a process",
              f"reading smaps, {found['smaps_us']:,.0f} us", found["smaps_us"] / found["pages_us"], 3.0)
    table.note(f"{found['pages'] // COUNT} pages of executable mappings of files each")
