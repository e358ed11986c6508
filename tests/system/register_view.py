#!/usr/bin/python3
"""The register's view of a log and what is answered from it: intervals against a count of our own over
the log's entries, every answer against doc/openapi.yaml, every proof by a client of our own."""

import base64
import contextlib
import datetime
import json
import signal
import sqlite3
import subprocess

import answer_proof
import make_log
import msgpack
from hallmark import program, run_tests
from make_log import EVIL, GOOD, TIME_S, Workload
from viewed import NAME, Viewed, all_pages

T = TIME_S


def segment(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def link(name, collector=make_log.COLLECTOR):
    return f"workloads/{NAME}/{segment(collector)}/{segment(name)}"


def time_of(entry):
    return json.loads(entry)["iat"]


def utc(seconds):
    return datetime.datetime.utcfromtimestamp(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def expected(entries_of_log, at=None):
    """(collector, workload) -> its intervals [(tier, first, last, reports)], by reading every entry."""
    found = {}
    for index, entry in enumerate(entries_of_log):
        claims = json.loads(entry)
        if "submods" not in claims or (at is not None and index > at):
            continue
        (name, verdict), = claims["submods"].items()
        chain = found.setdefault((claims["sub"], name), [])
        if chain and chain[-1][0] == verdict["ear.status"]:
            chain[-1][2:] = [index, chain[-1][3] + 1]
        else:
            chain.append([verdict["ear.status"], index, index, 1])
    return found


def story():
    """A log with changes, a silence and its end, gap records, and names that want escaping."""
    log = make_log.Log()
    put = log.append
    for entry in make_log.notices():
        put(entry)
    a, b = Workload("app-a"), Workload("app-b", collector="spiffe://test/host2")
    quoted = Workload('"<b>\\u00e9&é', collector="spiffe://test/host2")
    for i in range(40):
        put(a.report(EVIL if i in (10, 11, 12, 30) else GOOD, T + i, next_s=60))
        if i % 2:
            put(b.report(GOOD, T + i))
    silent = len(log.entries)
    put(a.absence(T + 100, 1, silent - 2, T + 101))
    put(a.absence(T + 86500, 2, silent - 2, T + 86501))
    put(a.report(GOOD, T + 86600, next_s=60))
    put(a.report(GOOD, T + 86601, gap=a.seq, measured_ms=(T + 5000) * 1000))
    put(a.report(GOOD, T + 86602, gap=a.seq - 1, measured_ms=(T + 5001) * 1000))
    put(a.report(GOOD, T + 86603, next_s=60))
    put(quoted.report(EVIL, T + 86604))
    put(b.report(GOOD, T + 86605, ext={"leaving": "retired"}))
    return log


def test_intervals_are_those_of_the_log_now_and_at_each_entry():
    log = make_log.make(700, 5)
    with Viewed(log) as view:
        view.take()
        ask = view.asker()
        found = expected(log.entries)
        items = all_pages(ask, "workloads")
        assert {(i["collector"], i["workload"]) for i in items} == set(found), items
        for item in items:
            tier, first, last, reports = found[item["collector"], item["workload"]][-1]
            assert (item["tier"], item["since"]["entry"], item["last"]["entry"], item["reports"]) == \
                (tier, first, last, reports), item
            assert item["since"]["time"] == utc(time_of(log.entries[first])), item
            page = ask(link(item["workload"]) + "?limit=500")["workload"]
            told = [(i["tier"], i["from"]["entry"], (i["last"] or page["last"])["entry"],
                     i["reports"] or page["reports"]) for i in reversed(page["intervals"])]
            assert told == [tuple(i) for i in found[item["collector"], item["workload"]]], page
        for at in (0, 1, 2, 3, 7, 255, 256, 257, 400, 698, 699):
            then = expected(log.entries, at)
            items = all_pages(ask, f"workloads?at={at}")
            assert [(i["workload"], i["tier"], i["since"]["entry"], i["last"]["entry"]) for i in items] == \
                [(w, c[-1][0], c[-1][1], c[-1][2]) for (_, w), c in then.items()], (at, items)
            by_time = all_pages(ask, f"workloads?at={utc(time_of(log.entries[at]))}")
            newest = max(i for i, e in enumerate(log.entries) if time_of(e) <= time_of(log.entries[at]))
            assert [i["last"]["entry"] for i in by_time] == \
                [c[-1][2] for c in expected(log.entries, newest).values()], at
        assert ask(f"workloads?at={utc(T - 1)}")["items"] == []


def test_every_report_of_a_workload_is_found():
    log = make_log.make(1500, 3)
    with Viewed(log) as view:
        view.take(batch=7)
        ask = view.asker()
        for name in ("app-0", "app-1", "app-2"):
            own = [i for i, e in enumerate(log.entries) if f'"{name}"'.encode() in e]
            places = all_pages(ask, link(name) + "/reports", 50)
            assert [p["entry"] for p in places] == own[::-1], name
            assert all(p["time"] == utc(time_of(log.entries[p["entry"]])) for p in places)
            some = all_pages(ask, link(name) + "/reports?at=500", 50)
            assert [p["entry"] for p in some] == [i for i in own[::-1] if i <= 500], name


def test_what_happens_to_workloads_is_told():
    log = story()
    with Viewed(log) as view:
        view.take()
        ask = view.asker()
        silence, = ask("silences")["items"]
        absent = next(i for i, e in enumerate(log.entries) if b"hallmark.absent" in e)
        assert silence["from"] == {"entry": absent, "time": utc(T + 101)}, silence
        assert silence["to"] == {"entry": absent + 2, "time": utc(T + 86600)}, silence
        assert (silence["absences"], silence["due"]) == (2, utc(T + 100)), silence
        then = {w["workload"]: w for w in ask(f"workloads?at={absent + 1}")["items"]}
        assert then["app-a"]["silent"]["entry"] == absent and then["app-b"]["silent"] is None, then
        assert ask(f"workloads?silent=true&at={absent}")["items"][0]["workload"] == "app-a"
        assert ask("workloads?silent=true")["items"] == []
        # A silence ends an interval, and gap records have one of their own.
        page = ask(link("app-a"))["workload"]
        newest = [(i["offline"], i["from"]["entry"], i["reports"]) for i in page["intervals"][:3]]
        assert newest == [(True, absent + 3, 2), (False, absent + 2, None), (False, absent - 15, 9)] or \
            newest[:2] == [(True, absent + 3, 2), (False, absent + 2, None)], newest
        assert page["reports"] == 2 and page["due"] == utc(T + 86663), page
        assert {w["workload"]: w["left"] for w in ask("workloads")["items"]} == \
            {"app-a": False, "app-b": True, '"<b>\\u00e9&é': False}
        hosts = {h["collector"]: h for h in ask("hosts")["items"]}
        assert hosts["spiffe://test/host2"]["contraindicated"] == 1, hosts
        assert hosts["spiffe://test/host2"]["workloads"] == 2, hosts
        finding, = ask("findings")["items"]
        assert (finding["code"], finding["workloads"]) == ("changed-file", 1), finding
        affected, = ask(finding["link"].removeprefix("/v1/"))["items"]
        assert affected["workload"] == '"<b>\\u00e9&é', affected
        assert ask(affected["link"].removeprefix("/v1/"))["workload"]["workload"] == affected["workload"]
        assert ask("findings?at=20")["items"][0]["workloads"] == 1
        assert ask("findings?code=un*")["items"] == []
        policy, = ask("policies")["items"]
        assert policy["name"] == "made" and policy["from"]["entry"] == 1, policy
        assert [n["kind"] for n in ask("notices")["items"]] == ["manifest", "start"]
        assert [n["kind"] for n in ask("notices?kind=man*")["items"]] == ["manifest"]
        assert [n["kind"] for n in all_pages(ask, "notices?kind=start", 1)] == ["start"]
        assert ask("notices?kind=key")["items"] == []
        ask("policies?kind=key", 400)
        assert ask("notices?at=0")["items"][0]["notice"].encode() == log.entries[0]


def test_a_content_leads_to_who_had_it_and_when():
    with Viewed(story()) as view:
        view.take()
        ask = view.asker()
        program_of = {name: msgpack.unpackb(data, raw=True)[3][0][1].hex()
                      for name, data in (("good", GOOD), ("evil", EVIL))}
        entries = view.log.entries

        def uses(digest, asking=ask):
            items = all_pages(asking, f"artifacts/{digest}", 2)
            return {(i["workload"], i["from"]["entry"], i["offline"]) for i in items}

        def expected(data):
            """First report of each interval in which this component was; gap records apart."""
            named, chains = make_log.sha256(data).hex(), {}
            for index, claims in enumerate(map(json.loads, entries)):
                if "hallmark.absent" in claims:
                    chains[claims["hallmark.absent"][0]["workload"]] = None
                if "submods" in claims:
                    (name,) = claims["submods"]
                    bundle = claims["hallmark.bundle"]
                    has = bundle["components"]["executable"]["sha256"] == named
                    if bundle["offline"]:
                        if chains.get((name, "gap")) != has and has:
                            yield name, index, True
                        chains[name, "gap"] = has
                        continue
                    chains.pop((name, "gap"), None)
                    if chains.get(name) != has and has:
                        yield name, index, False
                    chains[name] = has

        for name, data in (("good", GOOD), ("evil", EVIL)):
            digest = program_of[name]
            found, = ask(f"artifacts/{digest}")["found"]
            assert (found["kind"], found["paths"], found["not_looked_into"]) == \
                ("file", ["/usr/bin/app"], 0), found
            assert found["components"] == [{"sha256": make_log.sha256(data).hex(), "kind": "executable"}]
            assert uses(digest) == uses(make_log.sha256(data).hex()) == set(expected(data)), name
        assert ask(f"artifacts/{make_log.sha256(GOOD).hex()}")["found"][0]["kind"] == "component"
        assert ask(f"artifacts/{'0' * 64}")["found"][0]["kind"] == "unknown"
        ask("artifacts/" + "A" * 64, 400)
        own = view.asker(see="app-b")
        assert {u[0] for u in uses(program_of["good"], own)} == {"app-b"}
        assert own(f"artifacts/{program_of['good']}")["found"][0]["paths"] == []


def test_filters_and_scope_leave_out_what_is_not_meant():
    with Viewed(story()) as view:
        view.take()
        ask = view.asker()

        def names(query):
            return [w["workload"] for w in ask("workloads" + query)["items"]]

        assert names("?workload=app-*") == ["app-a", "app-b"]
        assert names("?workload=app-a") == ["app-a"]
        assert names("?host=spiffe://test/*2&workload=app*") == ["app-b"]
        assert names("?tier=contraindicated") == ['"<b>\\u00e9&é']
        assert names("?workload=%22*") == ['"<b>\\u00e9&é']
        assert names(f"?log={NAME}&limit=1") == ["app-a"]
        assert names("?log=osaka") == []
        own = view.asker(see="app-b")
        assert [w["workload"] for w in own("workloads")["items"]] == ["app-b"]
        assert [h["workloads"] for h in own("hosts")["items"]] == [1]
        assert own("findings")["items"] == own("silences")["items"] == []
        assert "workloads" not in own("logs")["items"][0]
        own(link("app-a"), 404)
        own(link("app-a") + "/reports", 404)
        mine = own(link("app-b", "spiffe://test/host2"))["workload"]
        own(mine["report"].removeprefix("/v1/"))
        other = ask(link("app-a"))["workload"]["report"].removeprefix("/v1/")
        own(other, 404)
        own(other.replace("reports", "receipts"), 404)
        absent = next(i for i, e in enumerate(view.log.entries) if b"hallmark.absent" in e)
        own(f"reports/{NAME}/{absent}", 404)
        assert own(f"reports/{NAME}/0")["entry"]["kind"] == "notice"


def test_the_fleet_in_few_bytes_is_the_list_of_workloads():
    """Also to whom not all is open; and the words of each code that is found are there."""
    tiers = {0: "none", 2: "affirming", 32: "warning", 96: "contraindicated"}
    with Viewed(story()) as view:
        view.take()
        for ask in (view.asker(), view.asker(see="app-*")):
            said, listed = ask("fleet"), ask("workloads?limit=500")["items"]
            assert listed and len(set(said["hosts"])) == len(said["hosts"]), said
            found = {(said["as_of"][log]["log"], said["hosts"][host], said["workloads"][name]):
                     (tiers[tier], since and utc(since), silent and utc(silent), left == 1)
                     for log, host, name, tier, since, silent, left in said["items"]}
            assert found == {(w["log"], w["collector"], w["workload"]):
                             (w["tier"], w["since"]["time"] if w["since"] else 0,
                              w["silent"]["time"] if w["silent"] else 0, w.get("left", False))
                             for w in listed}, (found, listed)
        words = {word["code"]: word for word in view.asker()("words")["items"]}
        assert words["changed-file"]["mend"] and words["changed-file"]["sentence"], words
        codes = {finding["code"] for finding in view.asker()("findings?limit=500")["items"]}
        assert codes and codes <= set(words), codes - set(words)


def test_proofs_are_verified_by_who_believes_nothing():
    log = story()
    with Viewed(log) as view:
        view.take()
        ask = view.asker()
        for index in (0, 1, 2, 17, len(log.entries) - 1):
            said = ask(f"reports/{NAME}/{index}")
            assert answer_proof.verify_answer(said, view.pem()) == make_log.ORIGIN
            assert said["entry"]["entry"].encode() == log.entries[index]
            receipt = ask(f"receipts/{NAME}/{index}")
            assert answer_proof.verify_receipt(receipt, view.pem()) == \
                (make_log.ORIGIN, index, log.entries[index])
        said["entry"]["index"] -= 1
        try:
            answer_proof.verify_answer(said, view.pem())
            raise AssertionError("a proof of another place was taken")
        except answer_proof.NotProved:
            pass
        ask(f"reports/{NAME}/{len(log.entries)}", 404)
        ask("reports/osaka/1", 404)
        # A log whose files were altered proves nothing any more, and nothing is served of it.
        bundle = next((view.dir / "log/tile/entries").rglob("000*"))
        path = bundle if bundle.is_file() else next(bundle.iterdir())
        data = bytearray(path.read_bytes())
        data[200] ^= 1
        path.write_bytes(data)
        assert ask(f"reports/{NAME}/0", 503)["code"] == "bad-tree"


def test_what_is_asked_wrongly_is_refused_with_a_code():
    with Viewed(story()) as view:
        view.take()
        ask = view.asker()
        cursor = ask("workloads?limit=1")["next"]
        for path, status, code in [
                ("workloads?limit=0", 400, "bad-parameter"), ("workloads?limit=501", 400, "bad-parameter"),
                ("workloads?limit=01", 400, "bad-parameter"), ("workloads?limit", 400, "bad-parameter"),
                ("workloads?limit=1&limit=1", 400, "bad-parameter"), ("workloads?tire=x", 400, "bad-parameter"),
                ("workloads?tier=good", 400, "bad-parameter"), ("workloads?at=yesterday", 400, "bad-parameter"),
                ("workloads?at=2026-11-24T10:00:00%2B00:00", 400, "bad-parameter"),
                ("workloads?workload=%5Cx", 400, "bad-parameter"), ("workloads?workload=%zz", 400, "bad-parameter"),
                ("workloads?workload=%", 400, "bad-parameter"), ("workloads?workload=%00", 400, "bad-parameter"),
                ("workloads?workload=%ff", 400, "bad-parameter"), ("workloads?silent=yes", 400, "bad-parameter"),
                ("workloads?workload=" + "a" * 2048, 400, "bad-parameter"),
                ("workloads?cursor=" + "A" * 28, 400, "bad-cursor"), ("workloads?cursor=x", 400, "bad-cursor"),
                (f"hosts?cursor={cursor}", 400, "bad-cursor"), ("workloads?cursor=" + cursor[:-1], 400, "bad-cursor"),
                (f"{link('app-a')}?cursor={cursor}", 400, "bad-cursor"),
                (f"workloads/{NAME}/a*/b", 400, "bad-path"), (link("nothing"), 404, "not-found"),
                (f"reports/{NAME}/x", 400, "bad-path"), (f"reports/{NAME}/-1", 400, "bad-path"),
                (f"findings/{NAME}/0", 200, None), (f"findings/{NAME}/x", 404, "not-found"),
                ("logs/", 404, "no-such-resource"), ("", 404, "no-such-resource"),
                ("workloads/tokyo", 404, "no-such-resource"), ("../logs", 404, "no-such-resource")]:
            said = ask(path, status)
            assert said.get("code") == code, (path, said)


def test_a_view_that_is_made_anew_is_the_same_to_the_byte():
    log = story()
    with Viewed(log) as view:
        # In two parts: the second goes on where the first has ended, and is told all of it again.
        log.write(view.dir / "log", 50)
        view.take(view="parts.db")
        log.write(view.dir / "log")
        view.take(view="parts.db")
        view.take(batch=1)
        view.take(batch=1000, view="again.db")
        assert view.dump() == view.dump("again.db") == view.dump("parts.db")


def test_a_view_that_is_damaged_is_set_aside_and_made_anew():
    with Viewed(story()) as view:
        path = view.dir / "view.db"
        view.take()
        good, whole = path.read_bytes(), view.dump()

        def becomes(data):
            for name in ("view.db-wal", "view.db-shm"):
                (view.dir / name).unlink(missing_ok=True)
            path.write_bytes(data)
            view.take()
            assert "view-rebuild" in view.said, (data[:100], view.said)
            assert (view.dir / "view.db.damaged").read_bytes() == data
            assert view.dump() == whole

        becomes(b"garbage" * 1000)
        becomes(good[:len(good) // 2 // 4096 * 4096])
        becomes(good[:60] + (99).to_bytes(4, "big") + good[64:])  # user_version
        at = good.index(b"app-a")
        becomes(good[:at] + b"app-z" + good[at + 5:])
        # A view of another log is not gone on with.
        other = make_log.make(30, 2, origin="hallmark.test/other")
        other.write(view.dir / "log")
        view.take()
        assert "view-rebuild" in view.said, view.said
        assert {w["workload"] for w in view.asker()("workloads")["items"]} == {"app-0", "app-1"}


def test_a_reader_goes_on_with_a_view_that_was_made_anew():
    with Viewed(story()) as view:
        ask = view.asker()
        assert ask("workloads", 503)["code"] == "no-view"
        view.take()
        assert len(ask("workloads")["items"]) == 3
        (view.dir / "view.db").write_bytes(b"garbage" * 1000)
        view.take()
        assert len(ask("workloads")["items"]) == 3


def test_a_disk_that_is_full_leaves_the_view_as_it_was():
    with Viewed(make_log.make(3000, 40)) as view:
        prefix = ["prlimit", "--fsize=262144"]
        done = subprocess.run(
            [*prefix, program("view"), "take", str(view.dir / "log"), str(view.dir / "view.db"), "--batch", "100"],
            text=True, capture_output=True, preexec_fn=ignore_limit)
        assert done.returncode == 1 and "view-stopped" in done.stderr, done
        view.take()
        assert view.asker()("logs")["items"][0]["taken_to"] == 3000


def ignore_limit():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_the_file_has_every_parameter_and_none_that_is_refused():
    with Viewed(story()) as view:
        view.take()
        ask = view.asker()
        for path in ("logs", f"reports/{NAME}/3", f"receipts/{NAME}/3", "words"):
            ask(path)
        values = {"limit": "1", "log": NAME, "host": "*", "workload": "*", "tier": "none", "silent": "true",
                  "code": "*", "at": "3"}
        asked = [p for p, methods in view.api.document["paths"].items() if "get" in methods]
        for pattern in asked:
            path = (pattern.replace("{log}", NAME).replace("{collector}", segment(make_log.COLLECTOR))
                    .replace("{workload}", segment("app-a")).replace("{finding}", "1")
                    .replace("{index}", "3").replace("{sha256}", make_log.sha256(GOOD).hex()))[1:]
            known = view.api.parameters(pattern)
            for name, value in values.items():
                said = ask(f"{path}?{name}={value}", 200 if name in known else 400)
                assert name in known or said["code"] == "bad-parameter", (path, name, said)
        missing = {(p, "200") for p in asked} - view.api.used
        assert not missing, missing


def test_an_artifact_that_all_have():
    """Or nearly all: it is in more intervals than are sorted for a page. The same is told, in the same order."""
    with Viewed(make_log.Log()) as made:
        subprocess.run([program("view"), "fill", str(made.dir / "view.db"), "3000", "18000", "2"], check=True,
                       stdout=subprocess.DEVNULL)
        with contextlib.closing(sqlite3.connect(made.dir / "view.db")) as db:
            with db:
                db.execute("DELETE FROM state_component WHERE state % 5 = 0 AND component = "
                           "(SELECT n FROM component WHERE digest = ?)", (b"\1" * 32,))
            expected = [row[0] for row in db.execute(
                "SELECT from_entry FROM interval WHERE state % 5 ORDER BY workload, from_entry")]
            shared = {row[0]: row[1] for row in db.execute(
                "SELECT hex(c.digest), count(*) FROM component c JOIN state_component s ON s.component = c.n "
                "JOIN interval i ON i.state = s.state GROUP BY c.n")}
        ask = made.asker()
        assert len(expected) > 5000, len(expected)
        assert [use["from"]["entry"] for use in all_pages(ask, f"artifacts/{'01' * 32}", 500)] == expected
        few = sorted(shared.items(), key=lambda item: item[1])[-20][0].lower()
        assert 0 < len(all_pages(ask, f"artifacts/{few}", 500)) == shared[few.upper()] < 5000


if __name__ == "__main__":
    run_tests(__name__)
