"""A log with everything in it, as an honest signer writes it: starts, manifests, statements, reports,
absences. What a test changes is told to the call that it concerns.

Written from proto/PROTOCOL.md; shares no code with Hallmark.
"""

import base64
import entries
import make_log
import statements
from make_log import COLLECTOR, ORIGIN, TIME_S

HOUR, DAY = 3600, 86400


class Policy:
    """A policy and its manifest. `operators`: the text of an operators file; `references`: (name, content)
    of more reference sets, which no rule uses."""

    def __init__(self, name="made", every=0, grace=60, operators=None, collectors_ca=None,
                 match="*", references=()):
        self.name, self.every, self.grace = name, every, grace
        self.operators = operators.encode() if operators else None
        text = f"name: {name}\n"
        if operators:
            text += "operators: operators.yaml\n"
        if collectors_ca:
            text += "collectors_ca:\n  - name: hosts\n    file: hosts.pem\n"
        text += make_log.POLICY_TEXT.decode().split("\n", 1)[1].replace('"*"', f'"{match}"', 1)
        text = text.replace("references:\n", "references:\n" + "".join(
            f"  - name: {part}\n    file: {part}.sha256\n" for part, _ in references), 1)
        text += f"    grace_s: {grace}\n" + (f"    report_every_s: {every}\n" if every else "")
        self.text = text.encode()
        parts = [("policy", name, make_log.POLICY, self.text),
                 ("reference", "known", make_log.REFERENCE, make_log.REFERENCE_TEXT)]
        if operators:
            parts.append(("operators", "operators", make_log.OPERATORS, self.operators))
        if collectors_ca:
            parts.append(("collectors-ca", "hosts", make_log.CA, collectors_ca))
        parts += [("reference", part, make_log.REFERENCE, content) for part, content in references]
        lines = sorted(f"{kind} {part} {entries.sha256(content)}\n" for kind, part, _, content in parts)
        self.manifest = ("hallmark manifest v1\nsemantics 1\n" + "".join(lines)).encode()
        self.digest = entries.sha256(self.manifest)
        self.id = f"{name}@sha256:{self.digest}"
        self.records = [(kind, content) for _, _, kind, content in parts]
        self.records.append((make_log.MANIFEST, self.manifest))


def transition_note(origin, frm, to, signers=None, time=None):
    """As section 9 of PROTOCOL.md has it; `signers` instead of the two."""
    spki = lambda key: base64.b64encode(key.spki).decode()
    text = (f"hallmark key transition v1\norigin {origin}\nfrom {spki(frm)}\nto {spki(to)}\n"
            f"time {time or make_log.TIME_S}\n").encode()
    return text + b"\n" + b"".join(k.signature_line(text, origin) for k in signers or (frm, to))


def succession_note(origin, frm, to, newest, envelopes, signer=None):
    """As section 9 has it where the old key is lost; `newest`: (size, root)."""
    spki = lambda key: base64.b64encode(key.spki).decode()
    lines = [f"statement {name}" for name in sorted(map(entries.sha256, envelopes))]
    text = "\n".join(["hallmark key succession v1", f"origin {origin}", f"from {spki(frm)}", f"to {spki(to)}",
                      f"time {make_log.TIME_S}", f"size {newest[0]}",
                      f"root {base64.b64encode(newest[1]).decode()}", *lines, ""]).encode()
    return text + b"\n" + (signer or to).signature_line(text, origin)


class Story:
    """Begins with a start, with `begins` changes to its claims, and, if there is a policy, its manifest."""

    def __init__(self, policy=None, origin=ORIGIN, key=None, now=TIME_S, begins=None):
        self.log = make_log.Log(key, origin)
        self.origin, self.now = origin, now
        self.records = [(make_log.COMPONENT, make_log.GOOD), (make_log.COMPONENT, make_log.EVIL)]
        self.manifest, self.policy, self.numbers, self.standing = None, None, {}, []
        self.notice, self.newest_iat = None, None
        self.workloads, self.newest = {}, {}
        self.start(**(begins or {}))
        if policy:
            self.adopt(policy)

    def evidence(self):
        return b"".join(make_log.pack_record(*record) for record in self.records)

    def wait(self, seconds):
        self.now += seconds
        return self

    def append(self, entry):
        """Whatever it is; its index."""
        self.newest_iat = self.now
        return self.log.append(entry)

    # --- notices

    def listed(self):
        """What is in force."""
        lines = [f"manifest {self.manifest}"] if self.manifest else []
        lines += [f"number {key} {number}" for key, number in self.numbers.items()]
        lines += [f"statement {entries.sha256(s)} {kind}" for s, kind, _ in self.standing]
        return entries.in_force(*lines)

    def notify(self, kind, subject, listed=None, **changes):
        """A notice; `listed` is what is said to be in force instead, `changes` are of its claims."""
        listed = self.listed() if listed is None else listed
        self.records.append((make_log.IN_FORCE, listed))
        claims = entries.notice(kind, self.now, self.origin, self.notice, listed, subject)
        claims.update(changes)
        entry = entries.to_json(claims)
        index = self.append(entry)
        self.notice = entries.place(index, entry)
        return index

    def expire(self):
        self.standing = [s for s in self.standing if s[2] > self.now]

    def start(self, cause="start", subject=None, **options):
        self.expire()
        before = self.now if self.newest_iat is None else self.newest_iat
        return self.notify("start", {"cause": cause, "from": before, "to": self.now,
                                     "build": "story", **(subject or {})}, **options)

    def adopt(self, policy, approvals=(), **options):
        """The policy comes into force, on these envelopes."""
        self.expire()
        self.records += policy.records
        self.policy, self.manifest = policy, policy.digest
        self.standing = [s for s in self.standing if s[1] != "approve"]  # of what was before
        return self.notify("manifest", {"sha256": policy.digest, "approvals": sorted(
            entries.sha256(a) for a in approvals)}, **options)

    def give_way(self, to, note=None, frm=None, **options):
        """The log's key to another (make_log.Key); `note` instead of the transition. From its next entry
        on the log is signed by that one."""
        frm = frm or self.log.key
        note = note or transition_note(self.origin, frm, to)
        index = self.notify("key", {
            "from": make_log.sha256(frm.spki).hex(), "to": make_log.sha256(to.spki).hex(),
            "transition": base64.b64encode(note).decode()}, **options)
        self.log.key = to
        return index

    def see_token(self, number=0, changes=(), subject=None, **options):
        """What the key process has told of its token; `changes`: (number, what, before, after)."""
        self.expire()
        names = ("number", "what", "before", "after")
        return self.notify("token", {
            "record": "5a" * 32, "label": "test", "manufacturer": "story", "model": "HSM", "serial": "0042",
            "firmware": "1.0", "number": number, "changes": [dict(zip(names, c)) for c in changes],
            **(subject or {})}, **options)

    def envelope(self, key, kind, subject, **fields):
        """Signed by the key: an hour from now on, with its next number."""
        fields = {"origin": self.origin, "not_before": self.now, "not_after": self.now + HOUR,
                  "number": self.numbers.get(key.id, 0) + 1, **fields}
        return statements.make(key, kind, subject, **fields)

    def state(self, key, kind, subject, said=None, envelope=None, take=True, listed=None,
              claims=None, **fields):
        """A statement is taken; gives its envelope. `said`: changes to the notice's subject,
        `claims`: to the notice. `take`: it is in force afterwards."""
        self.expire()
        envelope = envelope or self.envelope(key, kind, subject, **fields)
        statement = statements.Statement(envelope)
        self.records.append((make_log.STATEMENT, envelope))
        if take:
            self.numbers[key.id] = statement.number
            self.standing.append((envelope, kind, statement.not_after))
            if kind == "revoke":
                self.standing = [s for s in self.standing
                                 if entries.sha256(s[0]) != subject.get("statement")]
        self.notify("statement", {"sha256": entries.sha256(envelope), "kind": kind, "key": key.id,
                                  "number": statement.number, **(said or {})}, listed,
                    **(claims or {}))
        return envelope

    def approve(self, key, policy, **options):
        return self.state(key, "approve", {"manifest": policy.digest}, **options)

    # --- workloads

    def workload(self, name="app", collector=COLLECTOR):
        return self.workloads.setdefault((collector, name),
                                         make_log.Workload(name, self.origin, collector))

    def report(self, name="app", collector=COLLECTOR, **options):
        """Its index. `options`: as Workload.report has them."""
        w = self.workload(name, collector)
        w.notice = self.notice
        w.policy = self.policy.id
        self.newest[collector, name] = index = self.append(w.report(time_s=self.now, **options))
        return index

    def absence(self, due, count=1, name="app", collector=COLLECTOR, report=None, previous=None,
                **changes):
        """That it was silent, and more of the claims' changes."""
        w = self.workload(name, collector)
        previous = previous or w.previous.hex()
        report = self.newest[collector, name] if report is None else report
        claims = entries.absence(self.now, self.origin, collector,
                                 [(name, due, count, report, previous)], self.notice)
        claims.update(changes)
        entry = entries.to_json(claims)
        w.previous = make_log.leaf_hash(entry)
        return self.append(entry)
