#!/usr/bin/python3
"""Entries, receipts and tokens as a second auditor reads them, beside the real one.

tests/lib/second_auditor.py was written from proto/PROTOCOL.md alone. Entries of every kind are
changed by chance, mostly a little; of each, both say the same: good, wrong, or of a later version.
HALLMARK_ENTRY_SEED, which is printed, makes the same changes again.
"""

import collections
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

import second_auditor as second
import second_forms as forms
import second_session
import statements
from hallmark import PATIENCE_S, TOKENS, Process, Site, program, run_tests
from second_auditor import BAD, GOOD, UNKNOWN, Pairs

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
ENTRIES = ("absence", "notice-approved", "notice-key", "notice-manifest", "notice-start", "notice-statement", "notice-token",
           "notice-transcript",
           "report-challenge", "report-deployed", "report-draft")
SEED = int(os.environ.get("HALLMARK_ENTRY_SEED") or random.SystemRandom().randrange(1 << 32))
CHANGES = 60
KNOWN, UNKNOWN_APP = (forms.Component("executable", [[b"/usr/bin/app", forms.sha256(content), len(content),
                                                      0o100755, 0, 0, 0, []]]) for content in (b"app", b"evil"))
NUMBERS = (0, 1, 2, 16, 17, 31, 32, 33, 64, 95, 96, 127, 128, 300, 31_536_000, 31_536_001, 1795514400,
           1795514593, 253_402_300_799_999, 253_402_300_800_000, 2 ** 52 + 1, 2 ** 53 - 1, 2 ** 53)
TEXTS = ("", "a", "A", "a b", "a/b", ".a", "-", "a-1", "x" * 32, "x" * 33, "x" * 64, "x" * 65, "x" * 256, "x" * 257,
         "x" * 1025, "\u00e4", "\u200b", "\u00a0", "\\", "\"", "bundle", "files", "host", "none",
         "warning", "affirming", "contraindicated", "urn:x", "spiffe://a/b", "a.test", "A.test", "x:",
         "0" * 64, "a" * 64, "A" * 64, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAAAAAAAAAA",
         "AAAAAAAAAAB", "AA==", "start", "stall", "storage", "manifest", "statement",
         "token", "user-pin-wrong")
NAMES = ("a", "b", "files", "host", "iat", "configuration", "hardware", "hallmark.extensions",
         "extensions", "extensions?", "A", "a_b", "eat_nonce", "nonce", "sourced-data")


class Show:
    """What `hallmark-audit show` makes of an entry, beside a receipt that has none in it."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-show-"))
        lines = (VECTORS / "wire-receipt.tlog-proof").read_bytes().split(b"\n")
        self.receipt = self.dir / "bare.tlog-proof"
        self.receipt.write_bytes(b"\n".join(x for x in lines if not x.startswith(b"extra ")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def says(self, entry):
        path = self.dir / "entry"
        path.write_bytes(entry)
        return self.run("hallmark-audit", "show", self.receipt, "--report", path)

    def statement(self, envelope):
        path = self.dir / "envelope"
        path.write_bytes(envelope)
        return self.run("hallmark-hsm", "statement", "show", path)

    def run(self, name, *arguments):
        return subprocess.run([program(name), *arguments], capture_output=True, timeout=60,
                              check=False).returncode


# --- changes -------------------------------------------------------------------------------------

def places(value, path=()):
    """Every value of a tree, by the way to it."""
    yield path
    if isinstance(value, list):
        for i, each in enumerate(value):
            yield from places(each[1] if isinstance(value, Pairs) else each, (*path, i))


def at(tree, path):
    for i in path:
        tree = tree[i][1] if isinstance(tree, Pairs) else tree[i]
    return tree


def put(tree, path, value):
    holder = at(tree, path[:-1])
    holder[path[-1]] = (holder[path[-1]][0], value) if isinstance(holder, Pairs) else value


def another(draw, value):
    if isinstance(value, bool):
        return draw.choice([not value, 0, "true"])
    if isinstance(value, int):
        return draw.choice([*NUMBERS, value + 1, max(0, value - 1), str(value), True])
    if isinstance(value, str):
        return draw.choice([*TEXTS, value + "a", value[:-1], value.upper(), value.replace("a", "b"),
                            value[::-1], 1])
    return draw.choice([Pairs(), [], Pairs([("a", 1)]), Pairs([("b", [[["x"]]]), ("c", Pairs())]),
                        [value], 0, type(value)(value[:-1])])


def change(draw, tree):
    """One change of a tree, in place."""
    path = draw.choice([p for p in places(tree) if p])
    holder, i = at(tree, path[:-1]), path[-1]
    what = draw.randrange(12)
    if what < 6:
        put(tree, path, another(draw, at(tree, path)))
    elif what == 6:
        del holder[i]
    elif what == 7:
        holder.insert(draw.randrange(len(holder) + 1), holder[i])
    elif what == 8:
        j = draw.randrange(len(holder))
        holder[i], holder[j] = holder[j], holder[i]
    elif what == 9 and isinstance(holder, Pairs):
        holder[i] = (draw.choice(NAMES), holder[i][1])
    elif what == 10:
        new = another(draw, draw.choice([1, "a", Pairs()]))
        holder.insert(draw.randrange(len(holder) + 1),
                      (draw.choice(NAMES), new) if isinstance(holder, Pairs) else new)
    else:
        tree.append(("hallmark.extensions", Pairs(
            (name, another(draw, draw.choice([1, "a", True, Pairs()])))
            for name in sorted(draw.choices(NAMES, k=draw.randrange(4))))))


def mend(tree):
    """The digest of what the entry says, made anew, so that more than it is looked at."""
    try:
        jti = [i for i, (name, _) in enumerate(tree) if name == "jti"]
        own = tree.get("hallmark")
        if not jti:
            return
        if "absence" in tree[0][1]:
            said = f"hallmark absence v1\n{tree.get('iss')}\n{tree.get('sub')}\n" + "".join(
                f"{a.get('workload')} {a.get('due')} {a.get('count')}\n"
                for a in tree.get("hallmark.absent"))
            digest = forms.sha256(said.encode())
        else:
            (name, appraisal), = tree.get("submods")
            fields = own.get("bundle") if own else tree.get("hallmark.bundle")
            digest = forms.sha256(second.bundle_bytes(name, fields, appraisal if own else tree))
        tree[jti[0]] = ("jti", digest.hex())
    except (second.Wrong, AttributeError, TypeError, ValueError, OverflowError, KeyError, IndexError):
        pass  # it is no bundle any more


def spoil(draw, data):
    """Bytes that are not what a writer of trees makes."""
    at_byte = draw.randrange(len(data))
    what = draw.randrange(4)
    if what == 0:
        return data[:at_byte] + bytes([data[at_byte] ^ 1 << draw.randrange(8)]) + data[at_byte + 1:]
    if what == 1:
        return data[:at_byte] + data[at_byte + 1:]
    new = draw.choice([b" ", b"\n", b"0", b"\\u0061", b"\\/", b",", b"\xff", b"-", b".0", b"null"])
    return data[:at_byte] + new + data[at_byte:]


def drawn(draw, data):
    tree = second.read(data)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        change(draw, tree)
    if draw.random() < 0.8:
        mend(tree)
    data = second.spell(tree).encode()
    return spoil(draw, data) if draw.random() < 0.1 else data


def test_changed_entries_are_read_alike():
    draw = random.Random(SEED)
    print(f"HALLMARK_ENTRY_SEED={SEED}", flush=True)
    seen, odd = collections.Counter(), []
    with Show() as show:
        for name in ENTRIES:
            good = (VECTORS / f"{name}.json").read_bytes()
            assert second.form(good) == (GOOD, "") and show.says(good) == GOOD, name
            for _ in range(CHANGES):
                entry = drawn(draw, good)
                outcome, why = second.form(entry)
                seen[outcome] += 1
                said = show.says(entry)
                later = UNKNOWN in (said, outcome) and second.later_form(entry)
                if said != outcome and not (later and GOOD not in (said, outcome)):
                    odd.append(f"{name}: {outcome} ({why}), the auditor {said}: {entry.decode(errors='replace')}")
    assert not odd, "\n".join([f"{len(odd)} of {seen}", *odd[:12]])
    assert min(seen[GOOD], seen[BAD], seen[UNKNOWN]) > CHANGES / 20, seen


# --- statements ----------------------------------------------------------------------------------

def changed_statement(draw, data):
    outer = second.read(data)
    payload = forms.base64.b64decode(outer.get("payload"))
    if draw.random() < 0.7:
        tree = second.read(payload)
        for _ in range(draw.choice([1, 1, 2])):
            change(draw, tree)
        payload = second.spell(tree).encode()
    elif draw.random() < 0.3:
        payload = spoil(draw, payload)
    outer[1] = ("payload", forms.base64.b64encode(payload).decode())
    if draw.random() < 0.2:
        change(draw, outer)
    data = second.spell(outer).encode()
    return spoil(draw, data) if draw.random() < 0.1 else data


def statement_form(envelope):
    """By tests/lib/statements.py, which was written from the document too. What the kind demands of the
    subject (229) is no matter of form."""
    try:
        statements.Statement(envelope)
    except statements.Refused:
        return BAD
    return GOOD


def test_changed_statements_are_read_alike():
    draw = random.Random(SEED)
    seen, odd = collections.Counter(), []
    with Show() as show:
        for path in sorted(VECTORS.glob("statement-*.json")):
            good = path.read_bytes()
            for envelope in [good, *(changed_statement(draw, good) for _ in range(CHANGES))]:
                outcome = statement_form(envelope)
                seen[outcome] += 1
                said = show.statement(envelope)
                if said != outcome:
                    odd.append(f"{path.name}: {outcome}, shown {said}: {envelope.decode(errors='replace')}")
    assert not odd, "\n".join([f"{len(odd)} of {seen}", *odd[:12]])
    assert min(seen[GOOD], seen[BAD]) > CHANGES / 2, seen


# --- receipts ------------------------------------------------------------------------------------

def test_receipts_with_more_lines_or_without_their_report():
    """Further signature lines, `extra` or not: the same receipt; a byte elsewhere: none."""
    key = forms.serialization.load_pem_public_key((VECTORS / "wire-signer.pem").read_bytes())
    whole = (VECTORS / "wire-receipt.tlog-proof").read_bytes()
    report = (VECTORS / "report-deployed.json").read_bytes()
    other = "\u2014 witness.test ".encode() + forms.base64.b64encode(b"keyid and more") + b"\n"
    body, _, note = whole.partition(b"\n\n")
    text, _, lines = note.partition(b"\n\n")
    bare = b"\n".join(line for line in body.split(b"\n") if not line.startswith(b"extra "))

    def verify(data, beside=None):
        read = second.read_receipt(data, beside)
        return forms.verify_receipt(read, "hallmark.example/prod-1", key)

    for good in (lines, lines + other, other + lines, other + lines + other, 62 * other + lines + other):
        sealed = b"\n\n" + text + b"\n\n" + good
        assert verify(body + sealed) == verify(body + sealed, report) == verify(bare + sealed, report) == 2
    for bad in (b"", other, lines + lines, lines + other.replace(b" witness", b"  witness"), lines[:-1],
                64 * other + lines, lines + b"\n", other.replace(b"witness.test", b"w+t") + lines):
        refused(verify, body + b"\n\n" + text + b"\n\n" + bad)
    refused(verify, bare + b"\n\n" + note)                         # nobody says of which report
    refused(verify, whole, report + b" ")
    for i in range(0, len(whole), 7):
        refused(verify, whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1:], report)


def test_notes_of_every_key_are_read_alike():
    """The vectors' notes, by the key that each line of note-keys.txt tells, and by no other."""
    lines = (VECTORS / "note-keys.txt").read_text().splitlines()
    kinds = ("p256", "rsa", "p384", "rsa-pss", "ed25519")
    assert len(lines) == len(kinds)
    for line in lines:
        name, key = forms.read_verifier_key(line)
        opened = []
        for kind in kinds:
            note = (VECTORS / f"note-{kind}.note").read_bytes()
            try:
                opened.append((kind, forms.open_note(note, name, key)))
            except AssertionError:
                continue
        (kind, text), = opened
        assert kind == kinds[lines.index(line)] and text.startswith(f"{name}\n8\n")
        for i in range(0, len(note := (VECTORS / f"note-{kind}.note").read_bytes()), 5):
            refused(forms.open_note, note[:i] + bytes([note[i] ^ 1]) + note[i + 1:], name, key)
    for kind in ("p256", "p384"):
        name, key = forms.read_verifier_key(lines[kinds.index(kind)])
        refused(forms.open_note, (VECTORS / f"note-{kind}-high-s.note").read_bytes(), name, key)


def refused(verify, *given):
    try:
        verify(*given)
    except (AssertionError, ValueError, second.InvalidSignature):
        return
    raise AssertionError(f"taken: {given}")


# --- tokens --------------------------------------------------------------------------------------

def test_tokens_say_what_follows_from_the_report():
    for dialect, algorithm in (("deployed", "p256"), ("draft", "p256"), ("deployed", "p384"),
                               ("draft", "rsa-3072"), ("deployed", "rsa-3072-pss")):
        with Site(report={"profile": dialect}, hsm={"algorithm": algorithm}) as site:
            site.write_policy(token=[{"profile": "test"}])
            site.start_signer()
            key = second_session.log_key(site.path("log.crt"))
            with second_session.Collector(*site.peer("host1"), boot=bytes(16), log_key=key) as collector:
                collector.report("app", [UNKNOWN_APP])
                assert "tokens" not in collector.receipt  # the profile is for affirming reports
                collector.report("app", [KNOWN])
                receipt = collector.receipt
                assert second.form(receipt["report"]) == (GOOD, "")
                assert second.verify_token(receipt["tokens"][0], key) == second.token_claims(
                    receipt["report"], receipt["index"], TOKENS[0]["iss"], TOKENS[0]["aud"][0],
                    TOKENS[0]["lifetime_s"])
            jwk, = second.json.loads(site.hsm("jwks").stdout)["keys"]
            assert jwk["kid"] == second.thumbprint(key)
            certificate = second_session.x509.load_pem_x509_certificate(site.path("log.crt").read_bytes())
            der = certificate.public_bytes(forms.serialization.Encoding.DER)
            assert jwk["x5c"] == [forms.base64.b64encode(der).decode()]


# --- the key process -----------------------------------------------------------------------------

class KeyProcess:
    """hallmark-hsm, asked over the socket that it finds as descriptor 3."""

    def __init__(self, site):
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(PATIENCE_S)
        self.process = Process("hallmark-hsm", ["serve", "-c", str(site.path("hsm.yaml"))], site.env,
                               pass_fds=(3,), preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        site.processes.append(self.process)
        theirs.close()

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.channel.recv(size - len(data))
            assert more, "it has ended"
            data += more
        return data

    def ask(self, request):
        self.channel.sendall(request)
        kind, error, number, *state, body = second.read_answer(self.take)
        assert (kind, number) == (request[4], int.from_bytes(request[8:16], "big"))
        return error, state, body


def test_the_key_process_signs_what_it_can_prove():
    with Site() as site:
        site.init_key()
        key = second_session.log_key(site.path("log.crt"))
        now = int(time.time())
        entry = (VECTORS / "report-deployed.json").read_bytes()
        for old, new in ((b"hallmark.example/prod-1", site.origin.encode()), (b'"iat":1795514401', b'"iat":%d' % now),
                         (b'"exp":1795518001', b'"exp":%d' % (now + 900)),
                         (b"spiffe://example/collector/host-1", b"spiffe://test/host1")):
            assert old in entry
            entry = entry.replace(old, new)
        leaves = [forms.leaf_hash(data) for data in (b"an older entry", entry)]
        roots = [leaves[0], forms.sha256(b"\1" + leaves[0] + leaves[1])]
        hsm = KeyProcess(site)
        kind, error, number, size, root, body = second.read_answer(hsm.take)
        certificate, seen = second.introduction(body)
        assert (kind, error, number, size, root) == (0, 0, 0, 0, forms.sha256(b""))
        assert forms.sha256(certificate) == forms.sha256(
            second_session.x509.load_pem_x509_certificate(site.path("log.crt").read_bytes())
            .public_bytes(forms.serialization.Encoding.DER))
        assert (seen.get("label"), seen.get("number"), seen.get("changes")) == ("test", 0, [])
        signs_checkpoints(hsm, site, key, leaves, roots)
        signs_tokens(hsm, key, entry, leaves, roots)
        observes(hsm, site, key, roots)
        hsm.channel.sendall(b"HKQ3\x04" + bytes(11))  # certify: reserved, and so of another form
        assert hsm.channel.recv(1) == b""


def signs_checkpoints(hsm, site, key, leaves, roots):
    error, state, note = hsm.ask(second.ask_checkpoint(7, 1, roots[0]))
    assert (error, state) == (0, [1, roots[0]])
    assert forms.open_checkpoint(note, site.origin, key) == (1, roots[0])
    error, state, _ = hsm.ask(second.ask_checkpoint(8, 1, bytes(32)))
    assert (error, state) == (501, [1, roots[0]])
    error, state, _ = hsm.ask(second.ask_checkpoint(8, 2, bytes(32), [leaves[1]]))
    assert (error, state) == (501, [1, roots[0]])
    error, state, note = hsm.ask(second.ask_checkpoint(9, 2, roots[1], [leaves[1]]))
    assert (error, state) == (0, [2, roots[1]])
    assert forms.open_checkpoint(note, site.origin, key) == (2, roots[1])
    error, state, _ = hsm.ask(second.ask_checkpoint(10, 1, roots[0]))
    assert (error, state) == (500, [2, roots[1]])


def signs_tokens(hsm, key, entry, leaves, roots):
    profile = TOKENS[0]
    error, state, jws = hsm.ask(second.ask_token(11, 1, 2, [leaves[0]], b"test", entry))
    assert (error, state) == (0, [2, roots[1]]), jws
    assert second.verify_token(jws.decode(), key) == second.token_claims(
        entry, 1, profile["iss"], profile["aud"][0], profile["lifetime_s"])
    for code, *asked in ((502, 0, 2, [leaves[0]], b"test", entry), (502, 1, 2, [leaves[1]], b"test", entry),
                         (502, 1, 3, [leaves[0]], b"test", entry), (505, 1, 2, [leaves[0]], b"none", entry),
                         (505, 0, 2, [leaves[1]], b"test", b"an older entry")):
        error, state, sentence = hsm.ask(second.ask_token(12, *asked))
        assert (error, state) == (code, [2, roots[1]]) and sentence, (code, error)


def observes(hsm, site, key, roots):
    """A checkpoint that this key signed: here its own, which moves nothing."""
    error, _, note = hsm.ask(second.ask_checkpoint(13, 2, roots[1]))
    assert error == 0 and forms.open_checkpoint(note, site.origin, key) == (2, roots[1])
    error, state, body = hsm.ask(second.ask_observe(14, 2, roots[1], [], note))
    assert (error, state, body) == (0, [2, roots[1]], b"")
    for codes, size, given in (({451}, 2, note.replace(b"\n2\n", b"\n3\n")), ({453}, 3, note),
                               ({405}, 2, note.replace(b"\xe2\x80\x94 hall", b"\xe2\x80\x94 ball")),
                               ({400, 401, 402, 403}, 2, b"no note")):
        error, state, sentence = hsm.ask(second.ask_observe(15, size, roots[1], [], given))
        assert error in codes and state == [2, roots[1]] and sentence, (codes, error, sentence)


if __name__ == "__main__":
    run_tests(__name__)
