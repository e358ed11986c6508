#!/usr/bin/python3
"""Logs drawn by chance, mostly as an honest signer would write them: what the auditor says of each entry
is what another reader, written from proto/PROTOCOL.md alone (tests/lib/walking.py), says of it.

HALLMARK_WALK_SEED, which is printed, makes the same logs again.
"""

import collections
import itertools
import os
import pathlib
import random
import re
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import entries
import make_log
import rederivation
import statements
import walking
from audit import BAD, GOOD, UNKNOWN, Bench
from hallmark import run_tests
from story import DAY, HOUR, Policy, Story

SEED = int(os.environ.get("HALLMARK_WALK_SEED") or random.SystemRandom().randrange(1 << 32))
STORIES, STEPS = 60, 70
MORE = 1000
KEYS = {name: statements.Key() for name in ("ann", "bob", "cem", "eve")}
RIGHTS = {"ann": ["approve", "revoke", "retire", "clock", "retire-key"], "bob": ["approve", "maintenance"],
          "cem": ["approve", "maintenance", "retire", "revoke", "clock"]}
COLLECTORS = ("spiffe://test/host1", "spiffe://test/host2")
WORKLOADS = ("app", "db", "web-1", "web-2")
WAITS = (0, 1, 1, 7, 29, 30, 59, 60, 61, 89, 90, 91, 119, 120, 121, 150, 600, HOUR, DAY)

NAMED = {"hallmark.extensions": {"transcript": "ab" * 32}}


class Stored:
    """Records as the second implementation asks for them."""

    def __init__(self, records):
        self.contents = {(kind, entries.sha256(content)): content for kind, content in records}

    def get(self, kind, digest):
        return self.contents[kind, digest]


class Drawn(Story):
    """Knows what is due by the other reader, and mostly keeps to it. `lies`: how often not."""

    def __init__(self, chance, lies):
        self.chance, self.lies, self.odd, self.names = chance, lies, 4 * lies, 0
        self.reader, self.votes = None, []
        super().__init__(begins=chance.choice((None, NAMED)))
        self.adopt(self.new_policy())

    def maybe(self, part):
        return self.chance.random() < part

    def lie(self):
        return self.maybe(self.lies)

    def new_policy(self):
        self.names += 1
        people = [(name, RIGHTS[name], KEYS[name]) for name in self.chance.sample(
            list(RIGHTS), self.chance.choice((2, 3)))]
        text = statements.operators_text(people, {"approve": self.chance.choice((1, 1, 2))})
        return Policy(f"policy-{self.names}", every=self.chance.choice((0, 0, 30, 100)),
                      grace=self.chance.choice((0, 10, 60)),
                      operators=text if self.maybe(0.8) else None)

    def append(self, entry):
        index = super().append(entry)
        self.known().take(entry)
        return index

    def known(self):
        """The other reader, as far as the log is now."""
        if self.reader is None:
            self.reader = walking.Walk(Stored([]), self.origin)
        self.reader.store.contents.update(Stored(self.records).contents)
        self.reader.standing.store = self.reader.store
        return self.reader

    def step(self):
        ends = [end - self.now for _, _, end in self.standing if end > self.now]
        self.pass_time(min(ends) if ends and self.maybe(0.1) else self.chance.choice(WAITS))
        act = self.chance.choices((self.draw_report, self.draw_start, self.draw_statement,
                                   self.draw_adopt, self.draw_absence, self.draw_clock, self.draw_odd),
                                  (12, 2, 4, 2, 1 + 4 * self.lies, 0.7, self.odd))[0]
        if act == self.draw_start and self.maybe(0.5):
            self.wait(self.chance.choice(WAITS))  # the signer is down, and looks at nothing
        elif not self.lie():
            self.call_absent()
        act()

    def pass_time(self, seconds):
        """The signer looks around, and calls absent who is overdue, not always at once."""
        end = self.now + seconds
        while not self.lie():
            dues = [c.due for c in self.known().chains.values() if c.due is not None]
            if not dues or min(dues) >= end:
                break
            self.now = min(max(min(dues) + self.chance.choice((1, 2, 60, 120)), self.now), end)
            self.call_absent()
        self.now = end

    def call_absent(self):
        """All that are overdue, of each collector in an entry."""
        late = collections.defaultdict(list)
        for (collector, workload), chain in self.known().chains.items():
            if chain.due is not None and chain.due < self.now:
                late[collector].append((workload, chain.due, chain.absences + 1, chain.report,
                                        chain.newest))
        for collector, absent in sorted(late.items()):
            self.append(entries.to_json(entries.absence(
                self.now, self.origin, collector, sorted(absent), self.notice)))

    def draw_report(self):
        collector, workload = self.chance.choice(COLLECTORS), self.chance.choice(WORKLOADS)
        chain = self.known().chains.get((collector, workload))
        w = self.workload(workload, collector)
        if chain and not self.lie():
            w.previous = bytes.fromhex(chain.newest)
        leaving = self.maybe(0.1)
        options = {"ext": {"leaving": "stopped"}} if leaving else \
            {"next_s": self.chance.choice((0, 30, 60, 90))}
        if self.lie():
            options["extensions"] = {"zone": 1}
        fresh = chain.fresh if chain else 0
        if self.maybe(0.2) and (fresh or self.lie()):  # of the past
            options = {"gap": fresh - 1 + self.lie() if fresh else 0,
                       "measured_ms": (self.now - self.chance.choice((0, 100, 300))) * 1000,
                       "next_s": self.chance.choice((0, 30))}
        self.report(workload, collector, **options)

    def draw_start(self):
        self.start(self.chance.choice(("start", "stall", "storage", "clock")),
                   {"from": max(self.newest_iat - 1, 1)} if self.lie() else None)

    def draw_statement(self):
        name = self.chance.choice(list(KEYS) if self.lie() else list(RIGHTS))
        kind = self.chance.choice(("maintenance", "maintenance", "retire", "revoke", "approve",
                                   "retire-key"))
        subject = {
            "maintenance": lambda: {
                "collectors": self.chance.choice(("spiffe://test/*", "spiffe://*/host2", "*")),
                "workloads": self.chance.choice(("*", "web-?", "db"))},
            "retire": lambda: {"collector": self.chance.choice(COLLECTORS),
                               "workload": self.chance.choice(WORKLOADS)},
            "revoke": lambda: {"statement": entries.sha256(self.chance.choice(self.standing)[0])
                               if self.standing and not self.lie() else "0" * 64},
            "retire-key": lambda: {"key": "0" * 64, "since": str(self.now - self.chance.choice((0, DAY)))},
            "approve": lambda: {"manifest": self.manifest}}[kind]()
        begin = self.now + self.chance.choice((-60, 0, 50))
        end = begin + self.chance.choice((90, 300, DAY))
        dues = [c.due for c in self.known().chains.values() if c.due is not None] or [begin]
        if self.maybe(0.3):  # windows begin and end where something is due
            begin, end = min(dues), min(dues) + 90
        elif min(dues) > self.now and self.maybe(0.3):
            begin, end = min(begin, min(dues) - 1), min(dues)
        elif kind == "maintenance" and self.maybe(0.7):  # and one shortly behind another
            end = max([w.not_after for w in self.known().standing.windows()] + [begin + 80]) + 10
        fields = {"not_before": begin, "not_after": end,
                  "author": self.chance.choice(("dora", "dora", "ann"))}
        envelope = self.envelope(KEYS[name], kind, subject, **fields)
        standing = self.standing
        self.expire()
        taken = self.judged(envelope)
        if taken or self.lie():
            self.state(KEYS[name], kind, subject, envelope=envelope, take=taken or self.maybe(0.5))
        else:
            self.standing = standing  # nothing is over before a notice is put

    def draw_clock(self):
        """The log is set back, before whatever its signer looked at last."""
        before, now, standing = self.newest_iat, self.now, self.standing
        self.now = before - self.chance.choice((1, 60, 600, HOUR, DAY, 10 * DAY))
        name = self.chance.choice(list(KEYS) if self.lie() else ("ann", "cem"))
        envelope = self.envelope(KEYS[name], "clock", {"from": str(before + self.lie())},
                                 not_before=self.now - self.chance.choice((0, 5)) + 6 * self.lie())
        self.expire()
        taken = self.judged(envelope, before)
        if taken or self.lie():
            self.state(KEYS[name], "clock", {}, envelope=envelope, take=taken or self.maybe(0.5))
        else:
            self.now, self.standing = now, standing

    def judged(self, envelope, before=0):
        s = self.known().standing
        return s.known and statements.judge(
            envelope, origin=self.origin, operators=s.operators, iat=self.now,
            last_number=s.numbers.get(statements.Statement(envelope).key_id, 0), before=before,
            in_force=[n for n, e in s.statements.items()
                      if walking.statement(e).not_after > self.now]) == 0

    def draw_adopt(self):
        """A policy that gets its votes first, most often."""
        policy = self.new_policy()
        known = self.known().standing
        votes = []
        if known.operators:
            for name in self.chance.sample(list(RIGHTS), 3):
                if self.judged(self.envelope(KEYS[name], "approve", {"manifest": policy.digest})) \
                        and len(votes) < known.operators.thresholds.get("approve", 1):
                    votes.append(self.approve(KEYS[name], policy))
            if len(votes) < known.operators.thresholds.get("approve", 1) and not self.lie():
                return
        if votes and self.lie():
            votes.pop()
        self.wait(self.chance.choice((0, 5)))
        if not self.lie():
            self.call_absent()
        self.adopt(policy, votes)

    def draw_absence(self):
        """Whatever is due, or nearly."""
        chains = [(name, chain) for name, chain in self.known().chains.items()
                  if chain.due is not None]
        if not chains:
            return
        (collector, workload), chain = self.chance.choice(chains)
        wrong = self.lie()
        due = chain.due + (self.chance.choice((-1, 1)) if wrong else 0)
        if due < self.now and (wrong or self.maybe(0.5)):
            self.append(entries.to_json(entries.absence(self.now, self.origin, collector, [
                (workload, due, chain.absences + self.chance.choice((1, 1, 2)) if wrong else
                 chain.absences + 1, chain.report, chain.newest)], self.notice)))

    def draw_odd(self):
        self.chance.choice((
            lambda: self.append(b'{"hallmark.later":1}'),
            lambda: self.append(b"no entry"),
            lambda: self.notify("snapshot", {"name": "debian"}),
            lambda: self.start("moon"),
            lambda: self.start(**NAMED),  # which says nothing there
            lambda: self.start(listed=self.listed() + b"zone b\n"),
            lambda: self.start(listed=entries.in_force(f"manifest {self.manifest}")),
            lambda: self.records.pop(self.chance.randrange(len(self.records))),
            self.forget_list))()

    def forget_list(self):
        """What is in force behind a notice is not stored: nothing may be read there."""
        self.start()
        digest = entries.sha256(self.listed())
        self.records = [r for r in self.records
                        if r[0] != make_log.IN_FORCE or entries.sha256(r[1]) != digest]


def tell(chance, lies, later=False):
    """`later`: in its middle stands what a later version wrote."""
    story = Drawn(chance, lies)
    for step in range(STEPS):
        if later and step == STEPS // 2:
            story.append(b'{"hallmark.later":1}')
        story.step()
    return story


def read(story, reader=walking):
    """entry: the worst that the other reader says of it."""
    walk = reader.Walk(Stored(story.records), story.origin,
                       rederivation.Issuer(story.origin, "hallmark", make_log.BUILD, 3600))
    for entry in story.log.entries:
        walk.take(entry)
    return {index: walking.worst(outcome for i, outcome, _ in walk.found if i == index)
            for index, _, _ in walk.found}, walk.found


def blamed(output):
    found = {}
    for mark, index in re.findall(r"^  (BAD|\?) +entry (\d+): ", output, re.M):
        found[int(index)] = walking.worst([found.get(int(index), GOOD), BAD if mark == "BAD" else UNKNOWN])
    return found


def audited(story, expect):
    with Bench(0) as bench:
        bench.use(story.log)
        bench.write("evidence/pack-00000001", story.evidence())
        return blamed(bench.replay("--all", "--faults", "100000", expect=expect))


# Rules, and what they are not: of each some drawn log tells.
CHANGES = (
    ("DAY_S, SLACK_S, FIRST_SEQ_MAX = 86400, 120", "DAY_S, SLACK_S, FIRST_SEQ_MAX = 86401, 120"),
    ("DAY_S, SLACK_S, FIRST_SEQ_MAX = 86400, 120", "DAY_S, SLACK_S, FIRST_SEQ_MAX = 86400, 119"),
    ("min(every, next_s) if every and next_s else every or next_s", "next_s or every"),
    ("min(every, next_s) if every and next_s else every or next_s", "next_s"),
    ('if chain.interval and "leaving" not in ext else None', "if chain.interval else None"),
    ('most = subject["to"] + chain.grace', 'most = subject["to"]'),
    ('2 * (subject["to"] - subject["from"])', '(subject["to"] - subject["from"])'),
    ('2 * (subject["to"] - subject["from"])', '4 * subject["to"]'),
    ('rule.get("grace_s", 60)', '"60"'),
    ("w.not_before <= due < w.not_after", "w.not_before < due < w.not_after"),
    ("w.not_before <= due < w.not_after", "w.not_before <= due < w.not_after - 200"),
    ("due = max(ends) + chain.grace", "due = max(ends)"),
    ('if said and said.kind == "retire":', "if False:"),
    ('if list_is_other or said and said.kind == "maintenance":', "if list_is_other:"),
    ('if statement(envelope).kind != "approve"}', "}"),
    ("statement(envelope).not_after > iat}", "statement(envelope).not_after >= iat}"),
    ('s.statements.pop(said.subject.get("statement"), None)', "pass"),
    ("chain.absences += 1", "chain.absences = 1"),
    ('or sets_back(own), "iat falls"', ', "iat falls"'),
    ("chain.time = min(chain.time, self.iat * 1000)", "pass"),
    ('if subject.get("kind") == "clock":', "if False:"),
    ("(DAY_S if chain.absences else", "(DAY_S if False else"),
    ("chain.interval + chain.grace))", "chain.interval))"),
    ('["gap"] < chain.fresh', '["gap"] <= chain.fresh'),
    ("if not self.standing.known or offline:", "if not self.standing.known:"),
    ('if not own["bundle"]["offline"]:\n            chain.fresh', 'if True:\n            chain.fresh'),
)


def changed_reader(rule, instead):
    source = pathlib.Path(walking.__file__).read_text()
    assert source.count(rule) == 1, rule
    module = types.ModuleType("walking")
    exec(compile(source.replace(rule, instead), f"walking, {instead}", "exec"), vars(module))
    return module


def more_stories(chance, stories):
    """Some rules matter in few logs: more are drawn, for our readers alone, until one tells."""
    while len(stories) < STORIES + MORE:
        story = tell(chance, 0)
        stories.append((story, read(story)[0]))
        yield stories[-1]


def test_drawn_logs_are_read_alike():
    """And not by any other rules."""
    chance, stories, outcomes = random.Random(SEED), [], collections.Counter()
    for number in range(STORIES):
        story = tell(chance, (0, 0, 0.02, 0.1)[number % 4], later=number == 0)
        found, words = read(story)
        outcome = walking.worst(found.values())
        outcomes[outcome] += 1
        theirs = audited(story, outcome)
        assert theirs == found, (number, sorted(set(theirs.items()) ^ set(found.items())), words)
        stories.append((story, found))
        if number % 4 < 2:
            assert outcome == (UNKNOWN if number == 0 else GOOD), (number, words)
    print(f"     {sum(len(s.log.entries) for s, _ in stories)} entries of {STORIES} logs: "
          f"{outcomes[GOOD]} good, {outcomes[BAD]} bad, {outcomes[UNKNOWN]} could not tell", flush=True)
    assert all(outcomes[o] for o in (GOOD, BAD, UNKNOWN)), outcomes
    for rule, instead in CHANGES:
        other = changed_reader(rule, instead)
        assert any(read(story, other)[0] != found
                   for story, found in itertools.chain(stories, more_stories(chance, stories))), \
            f"no log tells {rule!r} from {instead!r}"


if __name__ == "__main__":
    print(f"HALLMARK_WALK_SEED={SEED}", flush=True)
    run_tests(__name__)
