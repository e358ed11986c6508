"""What a reader checks of a log, entry by entry, written from proto/PROTOCOL.md (sections 7, 11 and 13)
as appraisal.py, rederivation.py and statements.py are, of which it takes how verdicts and statements
are judged. Shares no code with Hallmark.

Forms are not checked here: entries are taken as JSON.
"""

import base64
import functools
import json
import re

import appraisal
import entries
import rederivation
import statements
import transition
import vouching
from rederivation import CERTIFICATE, IN_FORCE, MANIFEST, PACKAGE_LIST, POLICY, REFERENCE

STATEMENT, OPERATORS, CA = 7, 8, 9
GOOD, BAD, UNKNOWN = 0, 1, 2
DAY_S, SLACK_S, FIRST_SEQ_MAX = 86400, 120, 2**52
KINDS = {"collectors-ca": CA, "include": POLICY, "operators": OPERATORS, "package-list": PACKAGE_LIST, "policy": POLICY,
         "reference": REFERENCE, "rollout": MANIFEST}


@functools.lru_cache(None)
def statement(envelope):
    return statements.Statement(envelope)


def worst(outcomes):
    return max(outcomes, key=(GOOD, UNKNOWN, BAD).index, default=GOOD)


class Missing(Exception):
    """It is not in the store, or of a later version."""


def parts_of(manifest):
    """(kind, name, digest) of each."""
    heading, semantics, *lines = manifest.decode().splitlines()
    parts = [line.split(" ") for line in lines]
    if (heading, semantics) != ("hallmark manifest v1", "semantics 1") or \
            any(kind not in KINDS for kind, _, _ in parts):
        raise Missing("a later manifest")
    return parts


def older_of(parts):
    """The manifest that one of these parts is rolled out against, or None."""
    return next((digest for kind, _, digest in parts if kind == "rollout"), None)


def unknown_extensions(own):
    """Keys that mean nothing here: all but the transcript's that entry 0 names."""
    return [key for key, value in own.get("extensions", {}).items()
            if not (key == "transcript" and own.get("notice") == "start" and "previous-notice" not in own
                    and isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value))]


def sets_back(own):
    """Whether it is the notice of a clock statement: of a time that is earlier than the log's."""
    return own.get("notice") == "statement" and own["subject"]["kind"] == "clock"


class Standing:
    """What is in force; `known` is false where that could not be told."""

    def __init__(self, store, origin):
        self.store, self.origin, self.known = store, origin, True
        self.manifest, self.operators, self.numbers, self.statements, self.feeds = None, None, {}, {}, {}
        self.older = None  # that the one in force is rolled out against

    def fetch(self, kind, digest):
        try:
            return self.store.get(kind, digest)
        except KeyError:
            raise Missing(f"not stored: {kind} {digest}") from None

    def set_manifest(self, digest):
        parts = parts_of(self.fetch(MANIFEST, digest))
        file = next((digest for kind, _, digest in parts if kind == "operators"), None)
        operators = statements.Operators(self.fetch(OPERATORS, file).decode()) if file else None
        self.manifest, self.operators, self.older = digest, operators, older_of(parts)

    def lines(self):
        yield from (f"feed {name} {said}" for name, said in self.feeds.items())
        yield from [f"manifest {self.manifest}"] if self.manifest else []
        yield from (f"number {key} {number}" for key, number in self.numbers.items())
        yield from (f"statement {name} {statement(envelope).kind}"
                    for name, envelope in self.statements.items())

    def listed(self):
        return entries.in_force(*self.lines())

    def expire(self, iat):
        self.statements = {name: envelope for name, envelope in self.statements.items()
                           if statement(envelope).not_after > iat}

    def load(self, digest):
        """From the list that a notice names."""
        self.known = False
        loaded = Standing(self.store, self.origin)
        for line in self.fetch(IN_FORCE, digest).decode().splitlines()[1:]:
            kind, *words = line.split(" ")
            if kind == "manifest":
                loaded.set_manifest(words[0])
            elif kind == "feed":
                loaded.feeds[words[0]] = f"{words[1]} {words[2]}"
            elif kind == "number":
                loaded.numbers[words[0]] = int(words[1])
            elif kind == "statement":
                loaded.statements[words[0]] = self.fetch(STATEMENT, words[0])
                said = statement(loaded.statements[words[0]])  # it can be read
                statements.demand((said.origin, said.kind) == (self.origin, words[1]))
            else:
                raise Missing(f"a line {kind}")
        vars(self).update(vars(loaded))

    def windows(self):
        return [s for s in map(statement, self.statements.values())
                if s.kind == "maintenance"]


class Chain:
    def __init__(self):
        self.report = self.newest = self.seq = self.bundle = self.last_signed = None
        self.fresh = self.time = 0  # seq of its newest report that is no gap record
        self.absences, self.due, self.due_known, self.told = 0, None, True, False
        self.interval = self.grace = 0  # of its newest report
        self.under, self.pending, self.lost = {}, 0, 0  # reports that are vouched for, and not


class Walk:
    """take() every entry; .found has (index, outcome, words) of all that is not good."""

    def __init__(self, store, origin, issuer=None, cas=None, revocations=(), approved=()):
        """`issuer`: to make the verdicts again with (rederivation.Issuer). Who may vouch: `cas`, or if
        there are none those of the `approved` manifests; `revocations`: their lists."""
        self.cas, self.revocations, self.approved = cas, revocations, approved
        self.store, self.origin = store, origin
        self.verdicts = rederivation.Rederivation(store, issuer, whole=False) if issuer else None
        self.standing = Standing(store, origin)
        self.count, self.iat, self.notice, self.manifest = 0, 0, None, None
        self.chains, self.policies, self.found = {}, {}, []
        self.doubt = self.own_doubt = False
        self.keys, self.leaves = [], []

    def outcome(self):
        return worst(outcome for _, outcome, _ in self.found)

    def wrong(self, words, of_place=True):
        doubted = self.own_doubt or of_place and self.doubt
        self.found.append((self.count, UNKNOWN if doubted else BAD, words))

    def unknown(self, words):
        self.found.append((self.count, UNKNOWN, words))

    def demand(self, good, words):
        if not good:
            self.wrong(words)
        return good

    def take(self, entry):
        self.own_doubt = False
        if not entry.startswith((b'{"eat_profile":"', b'{"hallmark.notice":"')):
            if entry.startswith(b'{"'):
                self.unknown("a later kind of entry")
                self.doubt = True
            else:
                self.wrong("no entry", False)
        else:
            given = json.loads(entry)
            own = given["hallmark"] if "hallmark" in given else \
                {name.removeprefix("hallmark."): value for name, value in given.items()}
            self.own_doubt = bool(unknown_extensions(own))
            self.demand(self.count > 0 or "hallmark.notice" in given and own["notice"] == "start",
                        "entry 0 is no start")
            self.demand(given["iss"] == self.origin, "another log's")
            self.demand(given["iat"] >= self.iat or sets_back(own), "iat falls")
            before, self.iat = self.iat, given["iat"]
            getattr(self, f"take_{entries.kind_of(entry)}")(entry, own, before)
        self.count += 1
        self.leaves.append(bytes.fromhex(entries.leaf_hash(entry)))

    # --- notices

    def take_notice(self, entry, own, before):
        self.demand(own.get("previous-notice") == self.notice, "previous-notice")
        if self.standing.known:
            self.standing.expire(self.iat)
        else:
            self.unknown("what was in force is not known")
        kind, subject = own["notice"], own["subject"]
        was_good = len(self.found)
        taken = None
        if kind == "start":
            self.demand(before == 0 or subject["from"] == before, "from")
        elif kind == "manifest":
            self.manifest = subject["sha256"]
            self.attempt(self.take_manifest, subject)
        elif kind == "statement":
            taken = self.attempt(self.take_statement, subject, before)
        elif kind == "key":
            self.take_key(subject)
        elif kind == "feed":
            if self.standing.known:
                self.standing.feeds[subject["name"]] = f"{subject['sha256']} {subject['written']}"
        elif kind == "token":
            pass  # the signer's word: nothing follows
        else:
            self.unknown(f"a later kind of notice, {kind}")
            self.doubt = self.own_doubt = True
        self.notice = entries.place(self.count, entry)
        self.attempt(self.check_list, own["in-force"])
        if sets_back(own):
            self.set_back()
        self.follow(kind, subject, taken or self.standing.statements.get(subject.get("sha256")),
                    len(self.found) > was_good)

    def take_key(self, subject):
        """Both keys have signed it, for this log, and each is the last one's successor once; or the new one
        has, by the word of operators."""
        note = base64.b64decode(subject["transition"])
        succession = note.startswith(b"hallmark key succession ")
        newest, names = None, []
        try:
            if succession:
                origin, keys, newest, names = transition.succeeded(note)
            else:
                origin, keys = transition.opened(note)
        except transition.Wrong as wrong:
            self.demand(False, f"transition: {wrong}")
            return
        good = (origin == self.origin and keys == [subject["from"], subject["to"]] and
                (not self.keys or self.keys[-1] == subject["from"]) and subject["to"] not in self.keys)
        self.demand(good, "keys")
        if good and succession:
            good = self.may_continue(keys, newest, names)
        if good:
            self.keys = (self.keys or [subject["from"]]) + [subject["to"]]

    def may_continue(self, keys, newest, names):
        s = self.standing
        if not s.known:
            self.unknown("what a succession rests on")
            return False
        size, root = newest
        if not self.demand(size <= self.count and entries.tree_root(self.leaves[:size]) == root,
                           "what a succession goes on from"):
            return False
        said = [s.statements[name] for name in names if name in s.statements]
        return self.demand(len(said) == len(names) and statements.continued(
            said, keys=keys, newest=newest, operators=s.operators, iat=self.iat), "succession")

    def attempt(self, what, *arguments):
        try:
            return what(*arguments)
        except Missing as missing:
            self.unknown(str(missing))
            self.standing.known = False
            return None

    def take_manifest(self, subject):
        s = self.standing
        if not s.known:
            return
        chosen = [s.statements[name] for name in subject["approvals"] if name in s.statements]
        needed = 0 if s.operators is None else s.operators.thresholds.get("approve", 1)
        rests = statements.approvals(chosen, manifest=subject["sha256"], operators=s.operators,
                                     iat=self.iat)
        if self.demand(len(subject["approvals"]) == needed and rests == subject["approvals"],
                       "approvals") and self.demand(
                           older_of(parts_of(s.fetch(MANIFEST, subject["sha256"]))) in (None, s.manifest, s.older),
                           "rolled out against another"):
            s.set_manifest(subject["sha256"])
            s.statements = {name: envelope for name, envelope in s.statements.items()
                            if statement(envelope).kind != "approve"}

    def take_statement(self, subject, before):
        s = self.standing
        if subject["kind"] not in statements.KINDS:
            self.own_doubt = self.doubt = True
        if not s.known:
            return None
        envelope = s.fetch(STATEMENT, subject["sha256"])
        code = statements.judge(envelope, origin=self.origin, operators=s.operators, iat=self.iat,
                                last_number=self.last_number(envelope), in_force=s.statements,
                                before=before)
        if code == statements.KIND:
            raise Missing("a later kind of statement")
        if not self.demand(code == 0, f"the statement: {code}"):
            return None
        said = statement(envelope)
        self.demand((said.kind, said.key_id, said.number) ==
                    (subject["kind"], subject["key"], subject["number"]), "another statement")
        s.numbers[said.key_id] = said.number
        if said.kind == "revoke":
            s.statements.pop(said.subject.get("statement"), None)
        s.statements[said.name] = envelope
        s.expire(self.iat)
        return envelope

    def last_number(self, envelope):
        try:
            return self.standing.numbers.get(statement(envelope).key_id, 0)
        except statements.Refused:
            return 0

    def check_list(self, named):
        s = self.standing
        if s.known and entries.sha256(s.listed()) == named:
            if (IN_FORCE, named) not in self.store.contents:
                self.unknown("what is in force is not stored")
            return
        lines = s.fetch(IN_FORCE, named).decode().splitlines()[1:]
        if s.known and {line.split(" ")[0] for line in lines} <= {"feed", "manifest", "number", "statement"}:
            self.wrong("the list in force")
        try:
            s.load(named)
        except statements.Refused:
            self.wrong("a statement of the list")

    # --- silence

    def follow(self, kind, subject, envelope, list_is_other):
        if not self.standing.known:
            if kind != "start" and subject.get("kind") != "clock":
                self.left_out()
            for chain in self.chains.values():
                chain.due, chain.due_known = None, False
            return
        if kind == "start":
            for name, chain in self.chains.items():
                most = subject["to"] + chain.grace
                moved = (chain.due or 0) + 2 * (subject["to"] - subject["from"])
                if chain.due is not None and chain.due < most and moved > chain.due:
                    self.set_due(name, chain, min(moved, most))
        if subject.get("kind") == "clock":
            for name, chain in self.chains.items():
                if chain.due is not None:
                    self.set_due(name, chain, self.iat + (DAY_S if chain.absences else
                                                          chain.interval + chain.grace))
        self.left_out()
        said = statement(envelope) if envelope else None
        if list_is_other or said and said.kind == "maintenance":
            for name, chain in self.chains.items():
                self.set_due(name, chain, chain.due, chain.told)
        if said and said.kind == "retire":
            chain = self.chains.get((said.subject["collector"], said.subject["workload"]))
            if chain:
                chain.due = None

    def set_back(self):
        """Nothing that was before is of a later time any more."""
        for chain in self.chains.values():
            chain.time = min(chain.time, self.iat * 1000)
            if chain.last_signed is not None:
                chain.last_signed = min(chain.last_signed, self.iat)

    def set_due(self, name, chain, due, told=False):
        """Moved behind the windows that it lies in."""
        before = due
        while due is not None:
            ends = [w.not_after for w in self.standing.windows() if
                    w.not_before <= due < w.not_after and
                    appraisal.matches(w.subject["workloads"].encode(), name[1].encode()) and
                    appraisal.matches(w.subject["collectors"].encode(), name[0].encode(), b"/")]
            if not ends:
                break
            due = max(ends) + chain.grace
        chain.due, chain.told = due, told and due == before

    def left_out(self):
        for name, chain in self.chains.items():
            if chain.due is not None and not chain.told and self.iat > chain.due + SLACK_S:
                self.wrong(f"no absence of {name}, due at {chain.due}")
                chain.told = True

    # --- reports, absences

    def take_report(self, entry, own, _):
        said = entries.Report(entry)
        name = said.collector, said.workload
        self.demand(own["notice"] == self.notice, "notice")
        self.left_out()
        chain = self.chains.setdefault(name, Chain())
        whole = self.check_chain(chain, said, own)
        self.demand(self.manifest is not None and said.policy.endswith(f"@sha256:{self.manifest}"),
                    "another policy than the one in force")
        self.keep(chain, entry, said, own)
        if self.promise(name, chain, said, own) and self.verdicts:
            self.remake(entry, name, own)
            self.vouch(chain, said, own, whole)

    def in_time(self, chain, said):
        """A gap record comes when its gap is over, and not too late."""
        bundle = said.own["bundle"]
        if not bundle["offline"]:
            return bundle["time"] >= chain.time
        return said.bundle_extensions()["gap"] < chain.fresh and \
            bundle["seq"] - chain.fresh <= 65535

    def check_chain(self, chain, said, own):
        bundle = own["bundle"]
        signed = self.iat if "signature" in own else chain.last_signed
        if chain.newest is None:
            good = "previous-report" not in own and bundle["seq"] <= FIRST_SEQ_MAX \
                and not bundle["offline"]
        else:
            good = (own.get("previous-report"), bundle["seq"], bundle["prev"]) == \
                (chain.newest, chain.seq + 1, chain.bundle) and self.in_time(chain, said)
        return self.demand(good and own.get("last-signed") == signed, "the chain")

    def vouch(self, chain, said, own, whole):
        """A signature that counts is over all before it, as long as the chain is whole."""
        if not whole:
            chain.lost, chain.pending = chain.lost + chain.pending, 0
        chain.pending += 1
        if "signature" not in own:
            return
        try:
            certificates = self.standing.fetch(CERTIFICATE, own["signature"]["certificate"])
            rederivation.check_signature(
                certificates, entries.base64url_bytes(own["signature"]["value"]), said.bundle(),
                said.collector)
        except Exception:  # which was wrong, or unknown, for itself
            return
        cas = self.trusted(said.policy.rpartition("@sha256:")[2])
        by = vouching.voucher(certificates, cas, self.revocations, self.iat) if cas else None
        if by:
            chain.under[by] = chain.under.get(by, 0) + chain.pending
            chain.pending = 0
        elif self.cas and not vouching.stands(certificates, cas, self.revocations, self.iat):
            self.wrong("nobody vouches who was named", False)

    def trusted(self, manifest):
        if self.cas or manifest not in self.approved:
            return self.cas
        return [ca for kind, _, digest in parts_of(self.standing.fetch(MANIFEST, manifest))
                if kind == "collectors-ca"
                for ca in vouching.read_pem(self.standing.fetch(CA, digest))]

    def keep(self, chain, entry, said, own):
        chain.report, chain.newest = self.count, entries.leaf_hash(entry)
        chain.seq = own["bundle"]["seq"]
        if not own["bundle"]["offline"]:
            chain.fresh, chain.time, chain.absences = chain.seq, own["bundle"]["time"], 0
        chain.bundle, chain.last_signed = entries.sha256(said.bundle()), own.get("last-signed")

    def policy(self, identity):
        """With all that its manifest names."""
        manifest = identity.rpartition("@sha256:")[2]
        if manifest not in self.policies:
            text = self.standing.fetch(MANIFEST, manifest)
            self.fetch_parts(text)
            self.policies[manifest] = appraisal.Policy(text, self.stored)
        return self.policies[manifest]

    def fetch_parts(self, text, follows=True):
        """So that one that is missing is told; what is before the one before has no say."""
        for kind, _, digest in parts_of(text):
            if kind != "rollout" or follows:
                part = self.standing.fetch(KINDS[kind], digest)
            if kind == "rollout" and follows:
                self.fetch_parts(part, False)

    def stored(self, digest):
        return next(self.store.contents[kind, digest] for kind in (POLICY, REFERENCE, MANIFEST)
                    if (kind, digest) in self.store.contents)

    def promise(self, name, chain, said, own):
        """What its policy and its bundle say of the next. False if they cannot be asked. Who was
        measured offline is waited for as before."""
        offline = own["bundle"]["offline"]
        if not offline:
            chain.due, chain.due_known = None, False
        try:
            policy = self.policy(said.policy)
        except Missing as missing:
            self.unknown(str(missing))
            return False
        rule = policy.workload(said.workload, said.collector)
        if rule is None:
            self.wrong("it may not speak", False)
            return False
        if not self.standing.known or offline:
            return True
        chain.due_known, chain.grace = True, int(rule.get("grace_s", 60))
        every, next_s = int(rule.get("report_every_s", 0)), own["bundle"]["next"]
        chain.interval = min(every, next_s) if every and next_s else every or next_s
        ext = said.bundle_extensions()
        self.set_due(name, chain, self.iat + chain.interval + chain.grace
                     if chain.interval and "leaving" not in ext else None)
        return True

    def remake(self, entry, name, own):
        """Its place in the log is taken from it: that was checked."""
        if not self.standing.known:
            self.unknown("what was in force beside its policy")
            return
        made = self.verdicts
        made.newest_iat = 0
        made.statements = [statement(envelope) for envelope in self.standing.statements.values()]
        made.previous = {name: own[k] for k in ("previous-report",) if k in own}
        made.last_signed = {name: own[k] for k in ("last-signed",) if k in own}
        try:
            if made.remake(entry) != entry:
                self.wrong("another verdict", False)
        except KeyError as missing:
            self.unknown(f"not stored: {missing}")
        except Exception as odd:  # of cryptography's, and assertions
            self.wrong(f"another verdict: {odd!r}", False)

    def take_absence(self, entry, own, _):
        collector = json.loads(entry)["sub"]
        self.demand(own["notice"] == self.notice, "notice")
        for a in own["absent"]:
            chain = self.chains.get((collector, a["workload"]))
            if self.demand(chain is not None, "never reported"):
                self.check_absent((collector, a["workload"]), chain, a)
                chain.newest = entries.leaf_hash(entry)
        self.left_out()

    def check_absent(self, name, chain, a):
        chain.absences += 1
        self.demand((a["report"], a["count"], a["previous-report"]) ==
                    (chain.report, chain.absences, chain.newest), "the absence's chain")
        if not chain.due_known:
            self.unknown("when it was due")
            return
        self.demand(chain.due is not None and a["due"] == chain.due < self.iat, "the absence's due")
        self.set_due(name, chain, self.iat + DAY_S)
