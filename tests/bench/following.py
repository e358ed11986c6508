"""A register that follows a log of 10,000 workloads, everything on; and what its view answers then."""

import base64
import json
import pathlib
import statistics
import subprocess
import tempfile

import growth
import hallmark
import stand

WORKLOADS, REPORTS = 10_000, 10**6

# A view of as many hosts: reports, and with which report of a workload what it states changes.
HOSTS, CHANGE = 10_000, 20
MEMORY_MIB, DISK_BYTES = 256, 107  # of 10^7 reports: 1 GiB
ASKED, QUERY_MS = 200, 50.0


def follow(table):
    """The same log without a change of any workload after its first report: most reports are so."""
    table.progress(f"filling a log with {REPORTS:,} reports")
    with growth.grown(REPORTS, WORKLOADS) as site:
        turns = [growth.followed(site) for _ in range(table.turns)]
    per_second = REPORTS / statistics.median(seconds for seconds, _ in turns)
    table.row(f"register, following {WORKLOADS:,} workloads", per_second, "/s", f"{growth.FOLLOWED:,}/s a core",
              per_second / growth.FOLLOWED, 1.0)
    table.note(f"{REPORTS:,} reports, checked, each verdict made again, view and events written, decisions fed; "
               f"a second of processor time; memory "
               f"{statistics.median(kib for _, kib in turns) / 1024:.1f} MiB")


def queries(table):
    """Every list, its filters, the past, and pages far behind the first."""
    with tempfile.TemporaryDirectory(prefix="hallmark-bench-") as directory:
        view = pathlib.Path(directory) / "view.db"
        table.progress(f"filling a view with {REPORTS:,} reports")
        filled = json.loads(run("fill", view, HOSTS, REPORTS, CHANGE))
        size = view.stat().st_size
        table.row(f"view of {HOSTS:,} hosts, written", filled["per_second"], "reports/s",
                  f"{growth.FOLLOWED:,}/s", filled["per_second"] / growth.FOLLOWED, 1.0)
        table.row("  bytes of the file a report", size / REPORTS, "bytes", f"{DISK_BYTES}: 1 GiB for 10^7",
                  DISK_BYTES * REPORTS / size, 1.0)
        table.row("  memory", filled["memory_mib"], "MiB", f"at most {MEMORY_MIB} MiB",
                  MEMORY_MIB / filled["memory_mib"], 1.0)
        table.note(f"what a workload states changes with every {CHANGE}th of its reports")
        for name, requests in asked(view).items():
            times = sorted(ask(view, requests))
            worst = times[len(times) * 99 // 100]
            table.row(f"query, {name}", worst, "ms, p99", f"at most {QUERY_MS:g} ms", QUERY_MS / worst, 1.0)


def run(command, *arguments, **options):
    return subprocess.run(["taskset", "-c", stand.SIGNER_CORE, hallmark.program("view"), command,
                           *(str(a) for a in arguments)], capture_output=True, check=True, **options).stdout


def ask(view, requests):
    """Milliseconds of each, asked in turn."""
    lines = [requests[i % len(requests)] for i in range(ASKED)]
    said = run("ask", "bench", "/nonexistent", view, input="".join(f"{line}\n" for line in lines).encode())
    times, at = [], 0
    for line in lines:
        end = said.index(b"\n", at)
        status, size, us = (int(field) for field in said[at:end].split())
        body = said[end + 1:end + 1 + size]
        if status != 200:
            raise AssertionError(f"{line}: {status} {body[:200]}")
        at = end + 1 + size
        times.append(us / 1000)
    return times


def name(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor(resource_cursor, first, second=0):
    """One like that which a page gave, further on: a byte, four of the log, two numbers of eight."""
    given = base64.urlsafe_b64decode(resource_cursor + "=" * (-len(resource_cursor) % 4))
    bytes_ = given[:5] + first.to_bytes(8, "big") + second.to_bytes(8, "big")
    return base64.urlsafe_b64encode(bytes_).decode().rstrip("=")


def asked(view):
    """Requests by the name of their row."""
    def said(line):
        out = run("ask", "bench", "/nonexistent", view, input=f"{line}\n".encode())
        return json.loads(out[out.index(b"\n") + 1:])

    def far(path, first, second=0):
        page = said(f"{path}{'&' if '?' in path else '?'}limit=1")
        return f"{path}{'&' if '?' in path else '?'}limit=500&cursor={cursor(page['next'], first, second)}"

    past = [f"at={REPORTS // k}" for k in (2, 3, 7, 50)]
    some = [f"v1/workloads/bench/{name(f'spiffe://bank.example/collector/host-{n}')}/{name('trading-engine.service')}"
            for n in (0, 4711, HOSTS - 1)]
    some = [path.removeprefix("v1/") for path in some]
    findings = [item["link"].removeprefix("/v1/") for item in said("findings")["items"]]
    states = said(some[0])["workload"]["states"]["components"]
    artifacts = [f"artifacts/{component['sha256']}" for component in states.values()]
    return {
        "workloads": ["workloads?limit=500", far("workloads", HOSTS // 2), far("workloads", HOSTS - 500)],
        "workloads by filters": ["workloads?tier=warning&limit=500", "workloads?tier=contraindicated",
                                 "workloads?silent=true", "workloads?host=*%2Fhost-9999", "workloads?workload=no*",
                                 "workloads?tier=affirming&host=spiffe:%2F%2Fbank.example%2Fcollector%2Fhost-99*"],
        "workloads then": [f"workloads?limit=500&{at}" for at in past] +
                          [f"workloads?tier=warning&limit=500&{at}" for at in past] +
                          [f"workloads?host=*%2Fhost-9999&{at}" for at in past],
        "hosts": ["hosts?limit=500", far("hosts", HOSTS // 2), "hosts?host=*%2Fhost-9999",
                  *(f"hosts?limit=500&{at}" for at in past)],
        "findings": ["findings", "findings?code=vuln*", *(f"findings?{at}" for at in past)],
        "one finding": [f"{link}?limit=500{at}" for link in findings for at in ("", *(f"&{at}" for at in past))],
        "silences": ["silences?limit=500"],
        "policies, notices, alarms, logs": ["policies", "notices", "alarms", "logs"],
        "one workload": [f"{path}{at}" for path in some for at in ("", *(f"?{at}" for at in past))],
        "its reports": [f"{path}/reports?limit=500{at}" for path in some for at in ("", *(f"&{at}" for at in past))],
        "who has an artifact": [f"{path}?limit=500" for path in artifacts],
    }
