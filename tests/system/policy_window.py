#!/usr/bin/python3
"""`hallmark-signer policy window`: one window of a policy file is opened, closed or given another end, and nothing else is touched."""

import difflib
import os
import subprocess
import tempfile
import time
from pathlib import Path

import yaml
from hallmark import program, run_tests

UNTIL, LATER = "2099-01-01T00:00:00Z", "2099-02-01T00:00:00Z"
FAMILIES = """families:
  - name: app      # ours
    releases:
      - {name: "1", file: app.sha256}
      - {name: "2", file: app.sha256}
  - {name: data, releases: [{name: "1", file: app.sha256}, {name: "2", file: app.sha256}]}
"""
HEAD = "# of the bank\nname: test\n\n"
REST = """
# whose
workloads:   # all
  - match: "*"
    collectors: ["spiffe://test/**"]
    executable: {references: [app]}
"""
ENTRY = '{{family: {}, from: "1", to: "2", until: {}}}'


class Policy:
    def __init__(self, text, **parts):
        self.directory = tempfile.TemporaryDirectory(prefix="hallmark-window-")
        self.dir = Path(self.directory.name)
        self.path = self.dir / "policy.yaml"
        self.path.write_bytes(text.encode())
        self.path.chmod(0o640)
        (self.dir / "app.sha256").write_text(f"{'1' * 64}  /opt/app\n")
        for name, part in parts.items():
            (self.dir / f"{name}.yaml").write_text(part)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def run(self, *arguments, path=None):
        return subprocess.run([program("hallmark-signer"), "policy", "window", path or self.path, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    def open(self, family="app", old="1", new="2", until=UNTIL, **more):
        return self.run("--family", family, "--old", old, "--new", new, "--until", until, **more)


def opened(text, **window):
    """Lines that go, and lines that come."""
    with Policy(text) as policy:
        done = policy.open(**window)
        assert done.returncode == 0 and not done.stderr, done
        after = policy.path.read_bytes().decode()
        changes = [line for line in difflib.ndiff(text.splitlines(True), after.splitlines(True)) if line[0] in "+-"]
        number = next(n for n, line in enumerate(after.splitlines(), 1) if str(policy.path) + f":{n}: " in done.stdout)
        assert window.get("until", UNTIL)[:10] in "\n".join(after.splitlines()[number - 1:number + 5]), (done, after)
        assert sorted(os.listdir(policy.dir)) == ["app.sha256", "policy.yaml"] and policy.path.stat().st_mode & 0o777 == 0o640
        assert policy.open(**window).returncode == 0 and policy.path.read_bytes().decode() == after
        return [c[2:] for c in changes if c[0] == "-"], [c[2:] for c in changes if c[0] == "+"], after


def test_a_first_window():
    gone, new, after = opened(HEAD + FAMILIES + REST)
    assert not gone and sorted(new) == ["\n", f"  - {ENTRY.format('app', UNTIL)}\n", "windows:\n"], new
    assert after.index("windows:") < after.index("# whose")
    # Where the last value of the families is not the end of them; and without a line's end.
    wrapped = HEAD + "families: [\n  {name: app, releases: [{name: '1', file: app.sha256},\n  {name: '2', file: app.sha256}\n]}\n]\n" + REST
    gone, new, after = opened(wrapped)
    assert not gone and len(new) == 3 and yaml.safe_load(after)["windows"][0]["family"] == "app"
    gone, new, after = opened((HEAD + REST + FAMILIES).rstrip("\n"))
    assert yaml.safe_load(after)["windows"][0]["to"] == "2" and after.endswith("}\n")


def test_one_more_behind_the_others():
    block = f"windows:   # [now]\n    # {UNTIL}\n    - family: data   # theirs\n      from: '1'\n      to: '2'\n      until: {LATER}   # CHG-1 ]\n    # end\n"
    gone, new, after = opened(HEAD + FAMILIES + block + REST)
    assert not gone and new == [f"    - {ENTRY.format('app', UNTIL)}\n"] and after.index("CHG-1") < after.index(new[0])
    flow = f"windows: [{ENTRY.format('data', LATER)}] # ]\n"
    gone, new, after = opened(HEAD + FAMILIES + flow + REST)
    assert new == [flow.replace("] # ]", f", {ENTRY.format('app', UNTIL)}] # ]")]
    flow = f"windows: [\n  {ENTRY.format('data', LATER)} # ]\n\n ]\n"
    gone, new, after = opened(HEAD + FAMILIES + flow + REST)
    assert new == [f" , {ENTRY.format('app', UNTIL)}]\n"], new
    twice = HEAD + FAMILIES + f"windows:\n  - {ENTRY.format('app', LATER)}\n" + REST
    assert opened(twice, old="2")[1] == ['  - {family: app, from: "2", to: "2", until: ' + UNTIL + "}\n"]


def test_another_end():
    """Of just that one, although another on its line and a comment have the same time."""
    for line in (f"  [{ENTRY.format('data', LATER)}, {ENTRY.format('app', LATER)}] # {LATER}\n",
                 f"  - {ENTRY.format('app', LATER)}   # not {LATER}\n  - {ENTRY.format('data', LATER)}\n",
                 f"  - family: app\n    from: \"1\" # {LATER}\n    to: '2'\n    until:   '{LATER}'\n"):
        text = HEAD + FAMILIES + "windows:\n" + line + REST
        gone, new, after = opened(text)
        assert len(gone) == len(new) == 1 and after.count(UNTIL) == 1 and after.count(LATER) == text.count(LATER) - 1
        was, now = yaml.safe_load(text)["windows"], yaml.safe_load(after)["windows"]
        assert {w["family"]: str(w["until"])[:10] for w in now} == {
            **{w["family"]: "2099-02-01" for w in was}, "app": "2099-01-01"}
    assert opened(text, until="2098-07-01")[1] == ["    until:   '2098-07-01T00:00:00Z'\n"]


def test_what_is_refused_is_not_written():
    window = f"windows:\n  - {ENTRY.format('app', LATER)}\n"
    for text, words, said in (
            (FAMILIES, {"family": "ap"}, "ap: is no family of the policy; it has app, data"),
            ("references: [{name: app, file: app.sha256}]\n", {}, "it has none"),
            (FAMILIES, {"old": "0"}, "0: is no release of app; it has 1, 2"), (FAMILIES, {"new": "3"}, "3: is no release of app"),
            (FAMILIES, {"old": "2", "new": "1"}, '"1" stands before "2"'),
            (FAMILIES, {"until": "2026-01-01"}, "2026-01-01: is over: it is 20"), (FAMILIES, {"until": "soon"}, "expected a time"),
            (FAMILIES + window + window.split("\n", 1)[1], {}, "both have this window"),
            (FAMILIES + window.replace("2099-02", "2099\\x2d02").replace("until: ", 'until: "').replace("Z}", 'Z"}'), {}, "not edited; under windows: add {"),
            (FAMILIES + "odd: 1\n", {}, "odd")):
        with Policy(HEAD + text + REST) as policy:
            done = policy.open(**words)
            assert done.returncode == 2 and said in done.stderr and not done.stdout, (said, done)
            assert policy.path.read_text() == HEAD + text + REST and len(os.listdir(policy.dir)) == 2, said
    with Policy(HEAD + FAMILIES + REST) as policy:
        assert policy.run("--family", "app").returncode == 2 and policy.run(path="/none").returncode == 2


def test_windows_of_an_included_file():
    """Those it has stand in it; another one of its family comes into the policy's own."""
    include = "include: [{name: common, file: common.yaml}]\n"
    with Policy(HEAD + include + REST, common=FAMILIES + f"windows:\n  - {ENTRY.format('app', LATER)}\n") as policy:
        done = policy.open()
        assert done.returncode == 2 and "common.yaml: line 8 has this window" in done.stderr, done
        done = policy.open(family="data")
        assert done.returncode == 0 and "data" in policy.path.read_text().splitlines()[-1], done
        shown = policy.run().stdout
        assert f"common.yaml:8: app from 1 to 2 until {LATER}, open for another " in shown, shown
        assert f"{policy.path}:{len(policy.path.read_text().splitlines())}: data from 1 to 2 until {UNTIL}, open" in shown, shown


def closed(text, *more):
    with Policy(text) as policy:
        done = policy.run("--family", "app", *more, "--close")
        return done, policy.path.read_text()


def test_one_is_closed():
    """It goes, with its lines; the list, too, if it was alone; what else stands there stays to the byte."""
    app, data = ENTRY.format("app", LATER), ENTRY.format("data", LATER)
    for was, now in ((f"windows:\n  - {app}   # CHG-1\n", ""), (f"windows: [{app}]\n", ""),
                     (f"windows: # now\n  - {app}\n  # theirs\n  - {data}\n", f"windows: # now\n  # theirs\n  - {data}\n"),
                     (f"windows:\n  - {data}\n  - family: app\n    from: '1'\n    to: '2'\n    until: {LATER}\n", f"windows:\n  - {data}\n"),
                     (f"windows: [{app}, {data}] # ]\n", f"windows: [{data}] # ]\n"),
                     (f"windows: [{data}, {app}] # ]\n", f"windows: [{data}] # ]\n"),
                     (f"windows: [\n  {app},\n  {data}\n  ]\n", f"windows: [\n  {data}\n  ]\n")):
        done, after = closed(HEAD + FAMILIES + was + REST)
        assert done.returncode == 0 and "app from 1 to 2 is closed: another policy" in done.stdout, (was, done)
        assert after == HEAD + FAMILIES + now + REST, (was, after)
    # What opened it is undone.
    with Policy(HEAD + FAMILIES + REST) as policy:
        policy.open()
        assert policy.run("--family", "app", "--old", "1", "--new", "2", "--close").returncode == 0
        assert policy.path.read_text() == HEAD + FAMILIES + REST


def test_what_cannot_be_closed():
    app = ENTRY.format("app", LATER)
    two = "windows:\n  - " + app + "\n  - " + app.replace('from: "1"', 'from: "2"') + "\n"
    for windows, words, said in (("", (), "app: has no such window"), (two, (), "several windows: say which by --old"),
                                 (f"windows: [{app}]\n", ("--old", "2", "--new", "2"), "no such window"),
                                 (f"windows: [{app}]\n", ("--old", "2"), "expected --close with --family"),
                                 (f"windows: [{app}]\n", ("--until", LATER), "expected --close with --family")):
        done, after = closed(HEAD + FAMILIES + windows + REST, *words)
        assert done.returncode != 0 and said in done.stderr and after == HEAD + FAMILIES + windows + REST, (windows, done)
    done, after = closed(HEAD + FAMILIES + two + REST, "--old", "2", "--new", "2")
    assert done.returncode == 0 and after == HEAD + FAMILIES + f"windows:\n  - {app}\n" + REST, (done, after)


def test_they_are_shown():
    with Policy(HEAD + FAMILIES + REST) as policy:
        assert policy.run().stdout == "no window: of each family the last release counts\n"
        past, soon = (time.strftime("%FT%TZ", time.gmtime(time.time() + s)) for s in (-7200, 7230))
        policy.open(until=soon)
        policy.path.write_text(policy.path.read_text().replace("windows:\n", f"windows:\n  - {ENTRY.format('data', past)}\n"))
        lines = policy.run().stdout.splitlines()
        assert [line.split(" until ")[1].split(",")[0] for line in lines] == [past, soon], lines
        assert "over for 2" in lines[0] and "open for another 2" in lines[1], lines


def test_owner_mode_and_link_stay():
    with Policy(HEAD + FAMILIES + REST) as policy:
        link = policy.dir / "link.yaml"
        link.symlink_to("policy.yaml")
        if os.geteuid() == 0:
            os.chown(policy.path, 1234, 4321)
        was = policy.path.stat()
        done = policy.open(path=link)
        now = policy.path.stat()
        assert done.returncode == 0 and link.is_symlink() and UNTIL in policy.path.read_text(), done
        assert (was.st_uid, was.st_gid, was.st_mode) == (now.st_uid, now.st_gid, now.st_mode)
        assert now.st_ino != was.st_ino  # written whole beside it


if __name__ == "__main__":
    run_tests("__main__")
