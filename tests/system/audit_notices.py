#!/usr/bin/python3
"""hallmark-audit over notices, statements and silence: each rule broken once, as somebody who holds
the log's key could; each is proved, with the entry named. What is not known proves nothing."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import entries
import make_log
import rederivation
import statements
import walking
from audit import BAD, GOOD, UNKNOWN, Bench, audit, check
from hallmark import run_tests
from story import DAY, HOUR, Policy, Story

PACK = "evidence/pack-00000001"
ANN, BOB, CEM, EVE = (statements.Key() for _ in range(4))  # EVE is in no operators file
DORA = "dora"  # the author of all that is approved


def operators(threshold=1, ann=("approve", "revoke", "retire", "hold"), bob_until=None):
    bob = ("bob", ["approve"], BOB, bob_until) if bob_until else ("bob", ["approve"], BOB)
    return statements.operators_text([("ann", ann, ANN), bob,
                                      ("cem", ["approve", "maintenance"], CEM)],
                                     {"approve": threshold})


def site(threshold=1, **options):
    """A story whose policy names operators."""
    return Story(Policy(operators=operators(threshold), **options))


class Told(Bench):
    """The bench of a story."""

    def __init__(self, story):
        super().__init__(0)
        self.put(story)

    def put(self, story):
        self.story = story
        self.use(story.log)
        self.write(PACK, story.evidence())
        return self

    def evidence_fsck(self, *arguments, **options):
        return self.fsck("--evidence", self.path("evidence"), *arguments, **options)

    def both(self, expect, says, *arguments):
        """By fsck with the evidence, and by replay."""
        self.evidence_fsck(*arguments, expect=expect, says=says)
        return self.replay("--all", *arguments, expect=expect, says=says)

    def alone(self, index, expect, says=""):
        return self.replay("--index", str(index), expect=expect, says=says)


class Stored:
    """A story's evidence, as the second implementation asks for it."""

    def __init__(self, records):
        self.contents = {(kind, entries.sha256(content)): content for kind, content in records}

    def get(self, kind, digest):
        return self.contents[kind, digest]


def blamed(output):
    """entry: the worst that the auditor says of it."""
    found = {}
    for mark, index in re.findall(r"^  (BAD|\?) +entry (\d+): ", output, re.M):
        found[int(index)] = walking.worst([found.get(int(index), GOOD), {"BAD": BAD}.get(mark, UNKNOWN)])
    return found


def walked(story):
    """The same by the second implementation."""
    walk = walking.Walk(Stored(story.records), story.origin, rederivation.Issuer(
        story.origin, "hallmark", make_log.BUILD, 3600))
    for entry in story.log.entries:
        walk.take(entry)
    return {index: walking.worst(o for i, o, _ in walk.found if i == index)
            for index, _, _ in walk.found}, walk.found


def told(story, expect, says, alone=None):
    """By the auditor, and the same by another implementation. `alone`: (index, outcome) of the entry
    by itself."""
    with Told(story) as bench:
        output = bench.both(expect, says)
        second, words = walked(story)
        assert blamed(output) == second, (output, words)
        if alone:
            bench.alone(*alone)


# --- an honest log -------------------------------------------------------------------------------


def whole():
    """One of everything."""
    s = site(2)
    s.report(next_s=60)
    s.report("db", next_s=0)
    new = Policy("new", operators=operators(1))
    votes = [s.approve(key, new) for key in (ANN, BOB)]
    s.wait(10).adopt(new, votes)
    s.report(next_s=60)
    s.wait(121).absence(s.now - 1)
    s.wait(30).start("stall")
    s.wait(10).report(next_s=60, extensions={"zone": "b"})
    s.state(CEM, "maintenance", {"collectors": "spiffe://*/*", "workloads": "a*"}, not_after=s.now + 600)
    s.state(ANN, "retire", {"collector": make_log.COLLECTOR, "workload": "app"})
    s.wait(DAY).start()
    s.report(next_s=60)
    free = Policy("free")
    s.adopt(free, [s.approve(CEM, free)])
    s.report(next_s=60)
    s.adopt(Policy("freer"))
    s.report("web")
    return s


def test_a_whole_log_is_good():
    story = whole()
    with Told(story) as bench:
        bench.fsck(says=["absences             1, naming 1 workload", "approvals            whether",
                         "notices              3 starts, 4 manifests, 5 statements"])
        bench.evidence_fsck(says="policy changes need no approval here")
        output = bench.replay("--all", says=[
            "7 the same, 0 different, 0 not possible", "workloads            3",
            "not covered          86430 s in which the signer took no bundles, in 2 stops",
            f"2 reports by {Policy(operators=operators(2)).id}", "(entry 1), the first",
            "by 2 approvals", "by 1 approval\n", "without an approval",
            "extension zone in 1 entry, the first is 10"])
        assert "BAD" not in output and "?" not in output, output
        for index in range(len(story.log.entries)):
            bench.alone(index, GOOD)


def test_what_the_next_policy_needs_is_told():
    for threshold in (1, 2, 3):
        with Told(site(threshold)) as bench:
            bench.evidence_fsck(says=f"approvals            the next policy needs {threshold}\n")
            output = bench.fsck()
            assert "no approval here" not in output, output


# --- approvers -----------------------------------------------------------------------------------


def approver_files(bench):
    """The ways to name ANN."""
    pem = ANN.write_public(bench.path("ann.pem"))
    log_key = make_log.Key("ann")
    crt = bench.write("log.crt", log_key.pem())
    return pem, crt, entries.sha256(log_key.spki)


def test_the_first_policy_is_pinned_by_an_approver():
    s = site()
    index = s.report()
    s.approve(ANN, s.policy)
    s.wait(5).report()
    with Told(s) as bench:
        pem, crt, _ = approver_files(bench)
        for key in (ANN.id, pem):
            output = bench.both(GOOD, "", "--approver", key)
            assert "nobody said" not in output
            bench.both(GOOD, "", "--approver", BOB.id, "--approver", key)
        for key in (BOB.id, crt):
            bench.both(BAD, ["entry 1: the first manifest is approved by none of the keys",
                             "a policy that is not expected"], "--approver", key)
        assert index == 2
        for wrong in ("x", ANN.id[1:], bench.path("log/checkpoint"), bench.dir):
            bench.evidence_fsck("--approver", wrong, expect=UNKNOWN)
        bench.replay("--index", "2", "--approver", ANN.id, expect=UNKNOWN, says="expected --all")
        bench.fsck("--approver", ANN.id, expect=UNKNOWN, says="expected --evidence")


def test_a_certificate_names_its_key():
    key = make_log.Key("ann")
    signing = statements.Key()
    signing.private, signing.spki = key.private, key.spki
    signing.id, signing.base64 = entries.sha256(key.spki), make_log.b64(key.spki)
    s = Story(Policy(operators=statements.operators_text([("ann", ["approve"], signing)])))
    s.approve(signing, s.policy)
    with Told(s) as bench:
        bench.both(GOOD, "", "--approver", bench.write("ann.crt", key.pem()))


def test_approvals_of_other_policies_do_not_pin():
    s = site()
    other = Policy("other", operators=operators())
    s.adopt(other, [s.approve(ANN, other)])
    with Told(s) as bench:
        bench.both(BAD, "entry 1: the first manifest is approved by none", "--approver", ANN.id)
    s = site()
    s.approve(ANN, s.policy, not_before=s.now + 60)
    with Told(s) as bench:  # not yet
        bench.both(BAD, "entry 1: the first manifest", "--approver", ANN.id)
        s.wait(60).report()
        bench.put(s).both(GOOD, "", "--approver", ANN.id)
    s = site()
    s.approve(EVE, s.policy, take=False)  # whoever she is: nobody lets her
    with Told(s) as bench:
        bench.both(BAD, "entry 1: the first manifest", "--approver", EVE.id)


def test_an_approval_that_is_not_in_the_evidence_proves_nothing():
    s = site()
    s.approve(ANN, s.policy)
    s.records = [r for r in s.records if r[0] != make_log.STATEMENT]
    with Told(s) as bench:
        bench.both(UNKNOWN, "was found", "--approver", ANN.id)


# --- notices -------------------------------------------------------------------------------------


def test_notices_that_do_not_hang_together_are_proved():
    s = site()
    s.notice = entries.place(0, s.log.entries[0])
    told(s, GOOD, "") if s.start() == 0 else None
    told(s, BAD, "entry 2: hallmark.previous-notice: expected entry 1, found 0")
    s = site()
    s.notice["leaf"] = "0" * 64
    s.start()
    told(s, BAD, "entry 2: hallmark.previous-notice: leaf: expected", (2, BAD))
    s = site()
    s.notice = None
    s.start()
    told(s, BAD, "entry 2: expected hallmark.previous-notice", (2, BAD))


def test_a_log_that_begins_otherwise_is_proved():
    s = Story()
    s.log = make_log.Log(s.log.key)
    s.adopt(Policy())
    told(s, BAD, "entry 0: ")
    log = make_log.Log(s.log.key)
    log.append(make_log.Workload("app").report())
    s.log = log
    told(s, BAD, "entry 0: expected a start notice as the first entry")


def test_a_report_before_a_manifest_is_proved():
    s = Story()
    s.policy = Policy()
    s.records += s.policy.records
    s.report()
    told(s, BAD, "entry 1: no manifest is in force before this report")


def test_a_down_time_with_an_entry_in_it_is_proved():
    s = site()
    s.wait(10).report()
    s.wait(10).start(subject={"from": s.now - 15})
    told(s, BAD, f"entry 3: expected a time without bundles from {s.now - 10} on")


def test_reports_that_name_another_notice_are_proved():
    older = entries.place(0, Story().log.entries[0])
    for change, says, alone in (
            (older, "hallmark.notice: expected the newest before it, entry 1, found 0",
             "no manifest is in force at the notice that it names"),
            ({**older, "index": 1}, "hallmark.notice: leaf: expected", "bytes do not have the digest")):
        s = site()
        s.report()
        s.notice = change
        s.report()
        told(s, BAD, f"entry 3: {says}")
        with Told(s) as bench:
            bench.alone(3, BAD, alone)


def test_a_report_by_a_policy_that_is_not_in_force_is_proved():
    s = site()
    s.policy = Policy("other")
    s.records += s.policy.records
    s.report()
    told(s, BAD, "entry 2: it was not judged by the manifest in force", (2, BAD))


def test_a_falling_time_is_proved():
    s = site()
    s.wait(100).report()
    s.wait(-1).start(subject={"from": s.now})
    told(s, BAD, "entry 3: expected iat")


# --- what is in force ----------------------------------------------------------------------------


def test_lists_that_do_not_follow_are_proved():
    number = f"number {ANN.id} "
    for change, says in (
            (lambda lines: lines[:-1], "its end"),
            (lambda lines: lines + [f"statement {'0' * 64} approve"], "statement 0000"),
            (lambda lines: [line.replace(number + "1", number + "2") for line in lines], number),
            (lambda lines: [f"manifest {'0' * 64}"] + lines[1:], "manifest 0000")):
        s = site()
        s.approve(ANN, s.policy)
        lines = s.listed().decode().splitlines()[1:]
        s.report()
        index = s.start(listed=entries.in_force(*change(lines)))
        told(s, BAD, [f"entry {index}: hallmark.in-force names another list than follows: "
                      "expected ", says], (index, BAD))


def test_a_list_that_is_not_in_the_evidence_proves_nothing():
    s = site()
    s.report()
    s.records = [r for r in s.records if r[0] != make_log.IN_FORCE]
    told(s, UNKNOWN, "entry 0: what is in force behind it: the named thing does not exist",
         (2, UNKNOWN))


def test_a_list_of_a_later_version_proves_nothing():
    s = site()
    s.start(listed=s.listed() + b"zone b\n")
    s.report()
    told(s, UNKNOWN, "entry 2: what is in force behind it has a line zone, which this version does")


def test_what_is_over_is_in_force_no_more():
    s = site()
    s.approve(ANN, s.policy)
    kept = list(s.standing)
    s.wait(HOUR).start()
    told(s, GOOD, "")
    s = site()
    s.approve(ANN, s.policy)
    kept, listed = list(s.standing), s.listed()
    s.wait(HOUR).start(listed=listed)
    told(s, BAD, "entry 3: hallmark.in-force names another list than follows", (3, BAD))
    assert kept


# --- statements ----------------------------------------------------------------------------------


def refused(says, key=ANN, kind="revoke", subject=None, story=None, **fields):
    """A statement that may not stand in a log, and does."""
    s = story or site()
    s.report()
    subject = subject or {"statement": "0" * 64}
    envelope = s.envelope(key, kind, subject, **fields)
    # As if it had been taken: so it is named, and nothing else is wrong.
    index = len(s.log.entries)
    s.state(key, kind, subject, envelope=envelope)
    s.wait(1).report()
    told(s, BAD, f"entry {index}: {says}", (index, BAD))
    with Told(s) as bench:
        output = bench.replay("--all", expect=BAD)
        assert output.count("BAD   entry") == 1, output


def test_statements_that_nobody_may_make_are_proved():
    refused("the statement's key is not one of an operator", key=EVE)
    refused("the operator has no right to statements of this kind", key=BOB)
    refused("the statement is for another log", origin="hallmark.test/other")
    refused("an approval by its own author", kind="approve", subject={"manifest": "0" * 64},
            author="ann")
    refused("the statement's subject is not that of its kind", subject={"manifest": "0" * 64})
    over = make_log.TIME_S - 10
    refused("the statement's time is over", not_before=over - 1, not_after=over + 10)
    s = site()
    s.state(ANN, "approve", {"manifest": "0" * 64}, number=7)
    refused("the statement's number is not larger", story=s, number=7)
    refused("the statement's key is not one of an operator", story=Story(Policy()))
    late = Story(Policy(operators=operators(bob_until="2026-11-24T10:00:00Z")))  # which is now
    refused("the statement's key is not one of an operator", key=BOB, kind="approve",
            subject={"manifest": "0" * 64}, story=late)


def test_a_statement_with_a_wrong_signature_is_proved():
    s = site()
    good = s.envelope(ANN, "revoke", {"statement": "0" * 64})
    forged = statements.envelope(ANN, statements.Statement(good).body, EVE.sign(b"x"))
    s.state(ANN, "revoke", {"statement": "0" * 64}, envelope=forged)
    told(s, BAD, "entry 2: the statement's signature does not verify", (2, BAD))


def test_what_is_no_statement_is_proved():
    s = site()
    s.state(ANN, "revoke", {"statement": "0" * 64})
    good = s.records[-2][1]
    broken = good.replace(b'"payload"', b'"Payload"')
    index = s.notify("statement", {"sha256": entries.sha256(broken), "kind": "revoke",
                                   "key": ANN.id, "number": 2})
    s.records.append((make_log.STATEMENT, broken))
    told(s, BAD, f"entry {index}: the statement is not in its one valid form", (index, BAD))


def test_a_notice_that_says_something_else_of_its_statement_is_proved():
    for said, says in (({"kind": "revoke"}, "expected kind approve, found revoke"),
                       ({"key": BOB.id}, "the statement's key: expected"),
                       ({"number": 9}, "expected number 1, found 9")):
        s = site()
        s.state(ANN, "approve", {"manifest": "0" * 64}, said=said)
        told(s, BAD, f"entry 2: the statement{'' if 'key' in says else ': ' + says}", (2, BAD))


def test_a_statement_that_is_not_in_the_evidence_proves_nothing():
    s = site()
    s.state(ANN, "revoke", {"statement": "0" * 64})
    s.report()
    s.records = [r for r in s.records if r[0] != make_log.STATEMENT]
    told(s, UNKNOWN, "entry 2: the statement: the named thing does not exist", (2, UNKNOWN))


def test_a_reserved_kind_of_statement_proves_nothing():
    s = site()
    s.report(next_s=60)
    s.state(ANN, "hold", {"evidence": "all"})
    s.wait(HOUR).report()  # its absence is left out: a later version may know why
    told(s, UNKNOWN, ["entry 3: the statement: a version, algorithm or profile is not known",
                      "the kind of statement hold is not known to this version",
                      "entry 4: app of spiffe://test/host1 was due at",
                      "nothing is proved, because entry 3 (hold) is nothing that this version"])


def test_a_revoked_statement_is_in_force_no_more():
    s = site()
    new = Policy("new")
    vote = s.approve(ANN, new)
    s.state(ANN, "revoke", {"statement": entries.sha256(vote)})
    s.adopt(new, [vote])
    told(s, BAD, "entry 4: what this manifest rests on does not count", (4, BAD))


# --- manifests -----------------------------------------------------------------------------------


def adopted(says, threshold, votes, expect=BAD, wait=0):
    """`votes`: (key, fields) of approvals of a new policy, all of which it names."""
    s = site(threshold)
    s.report()
    new = Policy("new", operators=operators())
    envelopes = [s.approve(key, options.pop("of", new), **options) for key, options in votes]
    index = s.wait(wait).adopt(new, envelopes)
    s.wait(1).report()
    told(s, expect, f"entry {index}: {says}" if says else "", (index, expect))
    with Told(s) as bench:
        assert bench.replay("--all", expect=expect).count("BAD   entry") == (expect == BAD)


def test_manifests_without_their_approvals_are_proved():
    none = "the manifest before demands {} approvals of the next, this one rests on {}"
    adopted(none.format(1, 0), 1, [])
    adopted(none.format(2, 1), 2, [(ANN, {})])
    adopted(none.format(1, 2), 1, [(ANN, {}), (BOB, {})])
    adopted("", 2, [(ANN, {}), (BOB, {})], GOOD)
    wrong = "what this manifest rests on does not count"
    adopted(wrong, 2, [(ANN, {}), (ANN, {})])  # one operator, twice
    adopted(wrong, 2, [(ANN, {}), (BOB, {"author": "emil"})])  # of two authors
    adopted(wrong, 1, [(ANN, {"of": Policy("other")})])
    adopted(wrong, 1, [(ANN, {"not_before": make_log.TIME_S + 30})], wait=29)
    adopted("", 1, [(ANN, {"not_before": make_log.TIME_S + 30})], GOOD, wait=30)
    adopted(wrong, 1, [(ANN, {"not_after": make_log.TIME_S + 30})], wait=30)


def test_nobody_goes_back_by_approvals_that_are_left_over():
    first, new, other = (Policy(name, operators=operators()) for name in ("first", "new", "other"))

    def followed():
        """`new` is in force; approvals of the other two, and one more of it, came before."""
        s = Story(first)
        left = [s.approve(BOB, first), s.approve(BOB, other)]
        s.approve(CEM, new)
        s.adopt(new, [s.approve(ANN, new)])
        s.wait(1).report()
        return s, left

    told(followed()[0], GOOD, "")
    for i, policy in enumerate((first, other)):
        s, left = followed()
        index = s.wait(1).adopt(policy, [left[i]])
        s.wait(1).report()
        told(s, BAD, f"entry {index}: what this manifest rests on does not count", (index, BAD))
        # Nor are they kept in force.
        s, left = followed()
        line = b"statement %s approve\n" % entries.sha256(left[i]).encode()
        index = s.start(listed=s.listed() + line)
        told(s, BAD, f"entry {index}: hallmark.in-force names another list", (index, BAD))
        # Another approval is another decision.
        s, left = followed()
        s.wait(1).adopt(policy, [s.approve(BOB, policy)])
        s.wait(1).report()
        told(s, GOOD, "")


def test_the_first_manifest_rests_on_nothing():
    s = Story()
    s.adopt(Policy(), [b"an approval"])
    told(s, BAD, "entry 1: the first manifest names approvals", (1, BAD))


def test_a_policy_without_operators_is_followed_by_any():
    s = Story(Policy("one"))
    s.adopt(Policy("two"))
    told(s, GOOD, "policy changes need no approval here", (2, GOOD))


def test_manifests_of_later_versions_prove_nothing():
    for line in ("semantics 2\n", "semantics 1\nsource git 00\n"):
        later = Policy("later")
        later.manifest = later.manifest.replace(
            b"semantics 1\n", line.replace("00", "0" * 64).encode() if "source" not in line
            else b"semantics 1\n")
        if "source" in line:
            later.manifest += f"source git {'0' * 64}\n".encode()
        later.digest = entries.sha256(later.manifest)
        later.id = f"later@sha256:{later.digest}"
        later.records[-1] = (make_log.MANIFEST, later.manifest)
        s = Story(Policy())
        s.adopt(later)
        s.report()
        told(s, UNKNOWN, ["entry 2: the manifest: a version", "entry 3: the policy later@"],
             (3, UNKNOWN))


def test_a_manifest_that_is_not_in_the_evidence_proves_nothing():
    s = site()
    s.records = [r for r in s.records if r[0] != make_log.OPERATORS]
    s.report()
    told(s, UNKNOWN, "entry 1: the manifest: the named thing does not exist", (1, UNKNOWN))


# --- silence -------------------------------------------------------------------------------------


def test_absences_follow_from_what_was_promised():
    for next_s, every, due in ((60, 0, 120), (60, 30, 90), (60, 100, 120), (0, 100, 160)):
        s = Story(Policy(every=every))
        s.report(next_s=next_s)
        s.wait(due + 1).absence(s.now - 1)
        s.wait(DAY + 1).absence(s.now - 1, 2)
        s.report(next_s=next_s)
        s.wait(due + 120).absence(s.now - 120)
        told(s, GOOD, "absences             3")
        s.report(next_s=next_s)
        s.wait(due).absence(s.now - 1)
        told(s, BAD, f"entry 8: app: is called absent at {s.now}, before its due at {s.now} is over")


def test_an_absence_that_nothing_promised_is_proved():
    s = Story(Policy())
    s.report(next_s=0)
    s.wait(DAY).absence(s.now - 1)
    told(s, BAD, "entry 3: app: was not due at any time")
    s = Story(Policy(every=60))
    s.report(ext={"leaving": "stopped"})
    s.wait(DAY).absence(s.now - 1)
    told(s, BAD, "entry 3: app: was not due at any time")


def test_a_forged_due_and_count_are_proved():
    s = Story(Policy())
    s.report(next_s=60)
    s.wait(200).absence(s.now - 79)
    told(s, BAD, f"entry 3: app: expected a due at {s.now - 80}, found {s.now - 79}", (3, GOOD))
    s = Story(Policy())
    s.report(next_s=60)
    s.wait(200).absence(s.now - 80, count=2)
    told(s, BAD, "entry 3: app: expected absence 1 since its newest report, found 2", (3, GOOD))
    s = Story(Policy())
    s.report()
    s.report(next_s=60)
    s.wait(200).absence(s.now - 80, report=2)
    told(s, BAD, "entry 4: app: expected entry 3 as its newest report, found 2", (4, BAD))
    s = Story(Policy())
    s.report("db")
    s.report(next_s=60)
    s.wait(200).absence(s.now - 80, report=2)
    told(s, BAD, "entry 4: app: expected entry 3 as its newest report, found 2", (4, BAD))


def test_absences_that_are_left_out_are_proved():
    def late(seconds, then):
        s = Story(Policy())
        s.report(next_s=60)
        s.wait(120 + seconds)
        then(s)
        return s

    left_out = "app of spiffe://test/host1 was due at 2026-11-24T10:02:00Z, and no absence"
    for then in (Story.report, lambda s: s.report("db"),
                 lambda s: s.report("db") and s.absence(make_log.TIME_S + 120),
                 lambda s: s.adopt(Policy("other"))):
        told(late(120, then), GOOD, "")
        told(late(121, then), BAD, f"entry 3: {left_out}")
    # Two of them, and one that is made good for too late.
    s = late(121, lambda s: s.report("db"))
    s.absence(make_log.TIME_S + 120)
    told(s, BAD, f"entry 3: {left_out}")
    # The absence itself may come late, if nothing is before it.
    told(late(HOUR, lambda s: s.absence(make_log.TIME_S + 120)), GOOD, "")
    # Each day.
    s = Story(Policy())
    s.report(next_s=60)
    s.wait(121).absence(s.now - 1)
    s.wait(DAY + 121).report("db")
    told(s, BAD, "entry 4: app of spiffe://test/host1 was due at 2026-11-25T10:02:01Z")


def test_a_stop_moves_what_is_due():
    s = Story(Policy(grace=30))
    s.report(next_s=60)
    s.wait(HOUR).start()
    s.wait(150).report("db")
    told(s, GOOD, "")
    s.wait(1).report("db")
    told(s, BAD, "entry 5: app of spiffe://test/host1 was due at 2026-11-24T11:00:30Z")
    s = Story(Policy(grace=30))
    s.report(next_s=60)
    s.wait(75).report("db")
    s.wait(5).start()  # which moves the due by ten seconds
    s.wait(21).absence(s.now - 1)
    told(s, GOOD, "")
    s = Story(Policy())
    s.report(next_s=60)
    for _ in range(5):  # a signer that begins again and again, and never has to call anybody absent
        s.wait(50).report("db")
        s.start("stall")
    told(s, BAD, "entry 11: app of spiffe://test/host1 was due at 2026-11-24T10:02:00Z")
    s = Story(Policy(grace=30))
    s.report(next_s=60)
    s.wait(10).start()  # which moves nothing
    s.wait(81).absence(s.now - 1)
    told(s, GOOD, "")
    s = Story(Policy(grace=30))
    s.report(next_s=60)
    s.wait(HOUR).start()
    s.wait(10).absence(s.now - 20)
    told(s, BAD, "entry 4: app: is called absent")


def test_maintenance_moves_what_is_due():
    window = {"collectors": "spiffe://test/*", "workloads": "a*"}
    for subject, moves in ((window, True), ({**window, "workloads": "b*"}, False),
                           ({**window, "collectors": "*"}, False)):
        for before in (True, False):
            s = site()
            if before:
                s.report(next_s=60)
            s.state(CEM, "maintenance", subject, not_after=s.now + 1000)
            if not before:
                s.report(next_s=60)
            s.wait(1000 + 60 + 120 if moves else 240).report("db")
            told(s, GOOD, "")
            s.wait(1).report("db")
            told(s, BAD, "entry 5: app of spiffe://test/host1 was due at " +
                 ("2026-11-24T10:17:40Z" if moves else "2026-11-24T10:02:00Z"))


def test_of_several_windows_the_last_end_counts():
    s = site()
    for end in (990, 1000, 500):
        s.state(CEM, "maintenance", {"collectors": "spiffe://test/*", "workloads": "*"},
                not_after=s.now + end)
    s.report(next_s=60)
    s.wait(1000 + 60 + 120).report("db")
    told(s, GOOD, "")
    s.wait(1).report("db")
    told(s, BAD, "entry 7: app of spiffe://test/host1 was due at 2026-11-24T10:17:40Z")


def test_a_window_that_is_revoked_moves_nothing_more():
    s = site()
    envelope = s.state(CEM, "maintenance", {"collectors": "spiffe://test/*", "workloads": "*"},
                       not_after=s.now + 1000)
    s.report(next_s=60)
    s.state(ANN, "revoke", {"statement": entries.sha256(envelope)})
    s.report("db", next_s=60)
    s.wait(241).report("web")
    told(s, BAD, "entry 6: db of spiffe://test/host1 was due at 2026-11-24T10:02:00Z")


def test_a_retired_workload_is_not_due_until_it_reports():
    s = site()
    s.report(next_s=60)
    s.state(ANN, "retire", {"collector": make_log.COLLECTOR, "workload": "app"})
    s.wait(HOUR).report("db")
    told(s, GOOD, "")
    s.absence(s.now - 1)
    told(s, BAD, "entry 5: app: was not due at any time")
    s = site()
    s.report(next_s=60)
    s.state(ANN, "retire", {"collector": "spiffe://test/host2", "workload": "app"})
    s.wait(HOUR).report("db")
    told(s, BAD, "entry 4: app of spiffe://test/host1 was due")
    s = site()
    s.report(next_s=60)
    s.state(ANN, "retire", {"collector": make_log.COLLECTOR, "workload": "app"})
    s.report(next_s=60)
    s.wait(241).report("db")
    told(s, BAD, "entry 5: app of spiffe://test/host1 was due")


def test_dues_are_of_the_policy_of_the_report():
    s = Story(Policy(grace=1000))
    s.report(next_s=60)
    s.adopt(Policy("other", grace=10))
    s.wait(1061).absence(s.now - 1)
    told(s, GOOD, "")


def test_a_policy_that_is_not_there_says_nothing_of_silence():
    s = Story(Policy())
    s.report(next_s=60)
    s.wait(DAY).absence(s.now - 1)
    s.records = [r for r in s.records if r[0] != make_log.POLICY]
    with Told(s) as bench:
        bench.both(UNKNOWN, ["entry 2: the policy made@", "entry 3: app: when it was due is not known"])


# --- what is not known ---------------------------------------------------------------------------


def test_unknown_extensions_are_said_and_prove_nothing():
    s = Story(Policy())
    s.report(extensions={"trial": {"status": "none"}})
    s.report(ext={"hue": "blue"})
    told(s, GOOD, ["note  entry 2: extension trial is not known to this version",
                   "note  entry 3: a bundle's extension hue is not known"], (2, GOOD))
    s = Story(Policy())
    s.report(data=make_log.EVIL, status="warning", vector={"instance-identity": 2, "executables": 33},
             extensions={"trial": 1})
    with Told(s) as bench:
        bench.replay("--all", expect=UNKNOWN, says=[
            "0 the same, 0 different, 1 not possible", "nothing is proved, because it has extensions"])
        bench.alone(2, UNKNOWN, "because it has extensions")
    s = Story(Policy())
    s.report(data=make_log.EVIL, status="warning", vector={"instance-identity": 2, "executables": 33},
             ext={"hue": "blue"})
    with Told(s) as bench:  # of a bundle: they decide nothing
        bench.replay("--all", expect=BAD, says="0 the same, 1 different, 0 not possible")


def test_unknown_extensions_of_notices_and_absences_prove_nothing():
    s = site()
    s.start(listed=b"hallmark in force v1\n", **{"hallmark.extensions": {"zone": 1}})
    told(s, UNKNOWN, "entry 2: hallmark.in-force names another list", (2, UNKNOWN))
    s = Story(Policy())
    s.report(next_s=60)
    s.wait(DAY).absence(s.now - 7, **{"hallmark.extensions": {"zone": 1}})
    told(s, UNKNOWN, "entry 3: app: expected a due at", (3, GOOD))


def test_unknown_kinds_of_notices_prove_nothing():
    s = site()
    s.report(next_s=60)
    s.notify("snapshot", {"name": "debian"})
    s.wait(HOUR).report()
    told(s, UNKNOWN, ["entry 3: a notice of kind snapshot, which this version does not know",
                      "entry 4: app of", "because entry 3 (snapshot) is nothing that this version knows"],
         (3, UNKNOWN))
    s = site()
    s.start("moon")
    told(s, GOOD, "a start notice's cause moon is not known to this version", (2, GOOD))


def test_unknown_kinds_of_entries_prove_nothing():
    s = site()
    s.report(next_s=60)
    s.append(b'{"hallmark.later":"\x1b[31m"}')
    s.wait(HOUR).report()
    told(s, UNKNOWN, ["entry 3: it is of a kind that this version does not know",
                      "because entry 3 is of a kind"], (3, UNKNOWN))


# --- signatures of collectors, by CAs --------------------------------------------------------------


def test_a_collector_of_another_ca_is_proved():
    from audit_replay import certificate, collector_key, signing
    key = collector_key("ec")
    der = certificate(key)  # signed by itself
    pem = make_log.x509.load_der_x509_certificate(der).public_bytes(make_log.serialization.Encoding.PEM)
    for ca, expect in ((pem, GOOD), (make_log.Key("another").pem(), BAD)):
        s = Story(Policy(collectors_ca=ca))
        s.records.append((make_log.CERTIFICATE, der))
        s.report(signer=(der, signing(key)))
        with Told(s) as bench:
            bench.replay("--all", expect=expect, says="of none of the CAs that the policy names"
                         if expect == BAD else "1 the same")


# --- receipts and show ---------------------------------------------------------------------------


def test_receipts_of_all_kinds_say_what_they_are():
    s = whole()
    with Told(s) as bench:
        for index, says in ((0, ["canonical notice", "kind               start", "logged this notice as entry 0"]),
                            (2, ["canonical EAR claims-set", "logged this report as entry 2"]),
                            (4, ["canonical notice", "statement", "approve"]),
                            (8, ["canonical absence", "nothing is vouched for", "app, due at",
                                 "logged this absence as entry 8"]),
                            (10, ["extension", "zone is not known"])):
            bench.verify(bench.receipt(index), says=says)
        s.append(b'{"hallmark.later":1}')
        s.append(b"[]")
        bench.use(s.log)
        bench.verify(bench.receipt(len(s.log.entries) - 2), expect=UNKNOWN, says="does not know")
        bench.verify(bench.receipt(len(s.log.entries) - 1), expect=BAD, says="no report, absence or")


def show(bench, index, *arguments, expect=GOOD, says=""):
    return check(bench.run("show", "--log", bench.path("log"), "--index", index, *arguments), expect,
                 says)


def test_entries_of_all_kinds_are_shown():
    s = whole()
    with Told(s) as bench:
        evidence = ["--evidence", bench.path("evidence")]
        show(bench, 0, says=["kind               start", "signer             story", "begins the log"])
        output = show(bench, 1, *evidence, says=["semantics 1", "operators operators ", "no approval",
                                                 "hallmark in force v1", f"  manifest {s.log and ''}"])
        assert output.count("policy made ") == 1, output
        show(bench, 4, *evidence, says=["  statement ", "approve", "the policy whose manifest has",
                                        "author", "dora"])
        output = show(bench, 4)
        assert "dora" not in output and "approve" in output, output
        show(bench, 6, says="rests on")
        show(bench, 8, says=["absent", "app: was due at", "absence 1 since its newest report, entry 7"])
        show(bench, 10, says=["extension", "zone is not known to this version; it decides nothing"])
        for index, entry in enumerate(s.log.entries):
            done = bench.run("show", "--log", bench.path("log"), "--index", index, "--json")
            assert done.stdout.encode() == entry + b"\n", index


def test_a_statements_text_reaches_no_terminal_raw():
    s = site()
    reason = "said \"so\" \\ twice\u00e9"
    s.state(ANN, "revoke", {"statement": "0" * 64}, reason=reason)
    s.append(b'{"hallmark.later":"\x1b[31m\xff"}')
    with Told(s) as bench:
        show(bench, 2, "--evidence", bench.path("evidence"), says="reason")
        show(bench, 3, expect=UNKNOWN, says="\\x1b[31m\\xff")
    # One whose envelope is not in its form is not shown at all.
    s = site()
    forged = s.envelope(ANN, "revoke", {"statement": "0" * 64}, reason="\x1b[31m")
    s.records.append((make_log.STATEMENT, forged))
    s.notify("statement", {"sha256": entries.sha256(forged), "kind": "revoke", "key": ANN.id,
                           "number": 1})
    with Told(s) as bench:
        show(bench, 2, "--evidence", bench.path("evidence"), says="not in its one valid form")


def test_what_the_evidence_lacks_is_said():
    s = whole()
    s.records = []
    with Told(s) as bench:
        bench.write(PACK, make_log.pack_record(make_log.COMPONENT, b"x"))
        show(bench, 4, "--evidence", bench.path("evidence"), says="its text: the named thing does not")
        show(bench, 4, "--evidence", bench.path("nothing"), expect=UNKNOWN, says="No such file")
        check(audit("show", bench.receipt(4), "--evidence", bench.path("evidence")), GOOD, "its text")


if __name__ == "__main__":
    run_tests(__name__)
