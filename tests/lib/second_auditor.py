"""A second auditor's forms: entries of a log in their one spelling, and tokens.

Written from sections 5, 7 and 10 of proto/PROTOCOL.md alone, as second_forms.py was. What follows from
other entries is read by walking.py, what from evidence by rederivation.py; this is what an entry may
look like at all.
"""

import base64
import json
import re
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

import second_forms as forms

GOOD, BAD, UNKNOWN = 0, 1, 2
INTEGER_MAX = 2 ** 53 - 1
SECONDS_MAX = 253_402_300_799
ABSENCE = "tag:github.com,2026:hallmark/absence#1"
DEPLOYED = "tag:github.com,2023:veraison/ear"
DRAFT = "tag:ietf.org,2026:rats/ear#04"
DRAFT_OWN = "tag:github.com,2026:hallmark/ear#1"
STATUSES = ("affirming", "none", "warning", "contraindicated")
KINDS = sorted(forms.FILE_KINDS + forms.FACT_KINDS)
VECTOR = ("instance-identity", "configuration", "executables", "file-system", "hardware",
          "runtime-opaque", "storage-opaque", "sourced-data")
UNSEEN = [(0, 0x1f), (0x7f, 0x9f), (0xad, 0xad), (0x34f, 0x34f), (0x61c, 0x61c), (0x115f, 0x1160),
          (0x17b4, 0x17b5), (0x180b, 0x180f), (0x200b, 0x200f), (0x2028, 0x202e), (0x2060, 0x206f),
          (0x2800, 0x2800), (0x3164, 0x3164), (0xfe00, 0xfe0f), (0xfeff, 0xfeff), (0xffa0, 0xffa0),
          (0xfff0, 0xfffb), (0xfffe, 0xffff), (0x1bca0, 0x1bca3), (0x1d173, 0x1d17a),
          (0xe0000, 0xe0fff)]
WHITE = re.compile(r"\s")


class Wrong(Exception):
    """The entry has another form than its one."""


class Later(Exception):
    """It is of a later version: a reader cannot tell."""


def demand(good, what):
    if not good:
        raise Wrong(what)


# --- spelling ------------------------------------------------------------------------------------

def spell(value):
    """The one spelling of a tree, in which objects are lists of pairs in Pairs."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{spell(k)}:{spell(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spell, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Pairs(list):
    """An object: its members in their order."""

    def get(self, name):
        return next((v for k, v in self if k == name), None)


def later_form(data):
    """What stands before the number of a later form, closed behind it; None if it has none."""
    found = re.search(rb'"(?:hallmark\.)?form":(\d+)', data)
    if not found or found[1] == b"1" or len(found[1]) > 16:
        return None
    return data[:found.end()] + (b"}}" if data[found.start() + 1:].startswith(b"form") else b"}")


def later_profile(data):
    """The same of a report of another profile."""
    found = re.match(rb'{"eat_profile":"(?:[^"\\]|\\["\\])*"', data)
    if not found or found[0][16:-1].decode(errors="replace") in (DEPLOYED, DRAFT):
        return None
    return found[0] + b"}"


def read(data):
    """The tree of an entry that is JSON in the one spelling."""
    try:
        text = data.decode()
        tree = json.loads(text, object_pairs_hook=Pairs)
    except (ValueError, RecursionError) as error:
        raise Wrong(str(error)) from error
    demand(isinstance(tree, Pairs) and spell(tree) == text, "another spelling")
    leaves(tree)
    return tree


def leaves(value):
    if isinstance(value, list):
        for each in value:
            for part in each if isinstance(each, tuple) else (each,):
                leaves(part)
    elif isinstance(value, str):
        demand(printable(value), "not printable")
    elif not isinstance(value, bool):
        demand(isinstance(value, int) and 0 <= value <= INTEGER_MAX, "no such number")


def printable(text):
    return not any(low <= ord(c) <= high for c in text for low, high in UNSEEN)


# --- values: each takes one and complains, or returns ----------------------------------------------

def integer(least=0, most=INTEGER_MAX):
    def check(value):
        demand(type(value) is int and least <= value <= most, f"{value} is not {least} to {most}")
    return check


def text(most=1024, least=1):
    def check(value):
        demand(isinstance(value, str) and least <= len(value.encode()) <= most, f"{value!r}")
    return check


def one_of(*values):
    def check(value):
        demand(any(value is v or type(value) is type(v) and value == v for v in values), f"{value!r}")
    return check


def hexadecimal(size):
    def check(value):
        demand(isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value), f"{value!r}")
    return check


def base64url(least, most):
    def check(value):
        text()(value)
        demand(re.fullmatch("[A-Za-z0-9_-]+", value), value)
        data = unbase64url(value)
        demand(to_base64url(data) == value and least <= len(data) <= most, value)
    return check


def unbase64url(value):
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError as error:
        raise Wrong(value) from error


def to_base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def rising(check, most, least=0):
    def check_all(value):
        many(check, most, least)(value)
        demand(value == sorted(set(value)), "not rising")
    return check_all


def many(check, most, least=0):
    def check_all(value):
        demand(isinstance(value, list) and not isinstance(value, Pairs) and
               least <= len(value) <= most, "as many")
        for each in value:
            check(each)
    return check_all


def members(*shape):
    """An object of just these (name, check) in this order; a name with ? may be left out."""
    def check(value):
        demand(isinstance(value, Pairs), "an object")
        rest = list(value)
        for name, test in shape:
            if rest and rest[0][0] == name.rstrip("?"):
                test(rest.pop(0)[1])
            else:
                demand(name.endswith("?"), f"no {name}")
        demand(not rest, f"further: {rest[:1]}")
    return check


def workload(value):
    text(128)(value)
    demand(not WHITE.search(value) and "/" not in value and value[0] != ".", value)


def chain(value):
    workload(value.removesuffix("/start"))


def origin(value):
    text(200)(value)
    demand(re.fullmatch(r"[!-~]+", value) and "+" not in value, value)


def identity(value):
    text(512)(value)
    demand(re.fullmatch(r"[!-~]+", value), value)
    demand(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:.+", value) or
           ":" not in value and value == value.lower(), value)


def word(value, most=32):
    demand(isinstance(value, str) and re.fullmatch(f"[a-z0-9-]{{1,{most}}}", value), f"{value!r}")


def code(value):
    word(value, 64)


def extensions(value, depth=0, top=True):
    demand(isinstance(value, Pairs) and (not top or 1 <= len(value)) and len(value) <= 16 and
           len(spell(value).encode()) <= 4096, "extensions")
    names = [k for k, _ in value]
    demand(names == sorted(set(names)), "not rising")
    for name, each in value:
        word(name)
        nested(each, depth)


def nested(value, depth):
    if isinstance(value, list):
        demand(depth < 3, "too deep")
        if isinstance(value, Pairs):
            extensions(value, depth + 1, False)
        else:
            for each in value:
                nested(each, depth + 1)


def moment(value):
    """Seconds since 1970. 0 is wrong, but behind the number of the form (`present`)."""
    integer(0, SECONDS_MAX)(value)


def present(*moments):
    demand(0 not in moments, "no time")


PLACE = members(("index", integer()), ("leaf", hexadecimal(32)))


# --- entries -------------------------------------------------------------------------------------

def form(entry):
    """(GOOD, BAD or UNKNOWN, why)."""
    try:
        demand(len(entry) <= 65_535, "too large")
        entry = later_form(entry) or entry
        if entry.startswith(b'{"eat_profile":"' + ABSENCE.encode() + b'"'):
            absence(read(entry))
        elif entry.startswith(b'{"eat_profile":"'):
            report(read(later_profile(entry) or entry))
        elif entry.startswith(b'{"hallmark.notice":"'):
            notice(read(entry))
        elif entry.startswith(b'{"'):
            return UNKNOWN, "a later kind of entry"
        else:
            return BAD, "no entry"
    except Wrong as wrong:
        return BAD, str(wrong)
    except Later as later:
        return UNKNOWN, str(later)
    return GOOD, ""


def form_number(value):
    """Behind another number nothing is read (later_form), and what stood before was good."""
    integer()(value)
    if value != 1:
        raise Later("form")


def absence(tree):
    members(("eat_profile", text()), ("iat", moment), ("iss", origin), ("sub", identity),
            ("jti", hexadecimal(32)), ("hallmark.form", form_number),
            ("hallmark.absent", many(members(
                ("workload", workload), ("due", integer(1, SECONDS_MAX)), ("count", integer(1)),
                ("report", integer()), ("previous-report", hexadecimal(32))), 128, 1)),
            ("hallmark.notice", PLACE), ("hallmark.extensions?", extensions))(tree)
    present(tree.get("iat"))
    absent = tree.get("hallmark.absent")
    names = [a.get("workload").encode() for a in absent]
    demand(names == sorted(set(names)), "not rising")
    demand(all(a.get("due") < tree.get("iat") for a in absent), "due")
    said = f"hallmark absence v1\n{tree.get('iss')}\n{tree.get('sub')}\n" + "".join(
        f"{a.get('workload')} {a.get('due')} {a.get('count')}\n" for a in absent)
    demand(tree.get("jti") == forms.sha256(said.encode()).hex(), "jti")


def transition(value):
    """The note in base64; what it says is for walking.py."""
    text(22000)(value)
    try:
        note = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Wrong(value) from error
    demand(base64.b64encode(note).decode() == value, value)


SUBJECTS = {
    "start": members(("cause", word), ("from", integer(1, SECONDS_MAX)), ("to", integer(1, SECONDS_MAX)), ("build", text())),
    "manifest": members(("sha256", hexadecimal(32)), ("approvals", rising(hexadecimal(32), 64))),
    "statement": members(("sha256", hexadecimal(32)), ("kind", word), ("key", hexadecimal(32)),
                         ("number", integer(1))),
    "feed": members(("name", text(128)), ("sha256", hexadecimal(32)), ("written", integer(1, SECONDS_MAX))),
    "token": members(("record", hexadecimal(32)), ("label", text(32, 0)), ("manufacturer", text(32, 0)),
                     ("model", text(32, 0)), ("serial", text(32)), ("firmware", text(32)),
                     ("number", integer()), ("changes", many(members(
                         ("number", integer()), ("what", word), ("before", text(32)), ("after", text(32))), 16))),
    "key": members(("from", hexadecimal(32)), ("to", hexadecimal(32)), ("transition", transition)),
}


def notice(tree):
    kind = tree.get("hallmark.notice")
    members(("hallmark.notice", word), ("iat", moment), ("iss", origin),
            ("hallmark.form", form_number), ("hallmark.previous-notice?", PLACE),
            ("hallmark.in-force", hexadecimal(32)),
            ("hallmark.subject", SUBJECTS.get(kind, extensions)),
            ("hallmark.extensions?", extensions))(tree)
    present(tree.get("iat"))
    first = tree.get("hallmark.previous-notice") is None
    demand(not first or kind == "start", "entry 0")
    if kind == "key":
        demand(len({tree.get("hallmark.subject").get(name) for name in ("from", "to")}) == 2, "from, to")
    if kind == "feed":
        demand(tree.get("hallmark.subject").get("written") <= tree.get("iat"), "written")
    if kind == "token":
        subject = tree.get("hallmark.subject")
        numbers = [0, *(change.get("number") for change in subject.get("changes"))]
        demand(numbers == sorted(set(numbers)) and numbers[-1] <= subject.get("number"), "changes")
    if kind == "start":
        begin, end = (tree.get("hallmark.subject").get(name) for name in ("from", "to"))
        demand(begin <= end == tree.get("iat") and (not first or begin == end), "from, to")


def report(tree):
    profile = tree.get("eat_profile")
    draft = profile == DRAFT
    if profile not in (DEPLOYED, DRAFT):
        raise Later("profile")
    own = tree.get("hallmark") if draft else None
    parts = (("form", form_number), ("bundle", bundle), ("notice", PLACE),
             ("previous-report?", hexadecimal(32)),
             ("signature?", members(("certificate", hexadecimal(32)), ("value", base64url(1, 1024)))),
             ("last-signed?", integer(1, SECONDS_MAX)), ("extensions?", extensions))
    nonce = base64url(8, 64)
    head = [("eat_profile", text()), ("iat", moment), ("exp", moment), ("iss", origin),
            ("sub", identity), ("jti", hexadecimal(32))]
    verifier = members(("developer", text()), ("build", text()))
    if draft:
        members(*head, ("ear_verifier_id", verifier), ("submods", submods(draft_appraisal(nonce))),
                ("hallmark", members(*parts)))(tree)
    else:
        members(*head, ("eat_nonce?", nonce), ("ear.verifier-id", verifier),
                ("submods", submods(DEPLOYED_APPRAISAL)),
                *[("hallmark." + name, check) for name, check in parts])(tree)
    agree(tree, own if draft else Pairs((k.removeprefix("hallmark."), v) for k, v in tree
                                        if k.startswith("hallmark.")), draft)


def finding(value):
    members(("kind", one_of("bundle", *KINDS)), ("code", code), ("subject", text(256, 0)),
            ("detail", text(256, 0)))(value)


VERDICT = (("references", many(hexadecimal(32), 16)), ("findings", many(finding, 16)),
           ("finding-count", integer()), ("group?", workload),
           ("rollout?", members(("enforce", one_of("warn", "off")), ("decided", text()), ("status", one_of(*STATUSES)),
                                ("finding-count", integer()))),
           ("not-checked", rising(one_of(*KINDS), len(KINDS))),
           ("accepted?", many(members(("kind", one_of(*KINDS)), ("code", code)), 64, 1)),
           ("exceptions?", many(members(("kind", one_of("executable", "files", "libraries")), ("subject", text(256, 1)),
                                        ("until", integer(1)), ("why", text(256, 1))), 16, 1)),
           ("feeds?", many(hexadecimal(32), 8, 1)))


def vector(value):
    members(*[(name + "?", integer(1, 127)) for name in VECTOR])(value)
    demand(value, "an empty vector")


DEPLOYED_APPRAISAL = members(
    ("ear.status", one_of(*STATUSES)), ("ear.trustworthiness-vector?", vector),
    ("ear.appraisal-policy-id", text()), *[("hallmark." + n, check) for n, check in VERDICT])


def draft_appraisal(nonce):
    return members(("eat_profile", one_of(DRAFT_OWN)), ("ear_status", one_of(*STATUSES)),
                   ("ear_trustworthiness_vector?", vector),
                   ("ear_appraisal_policy_ids", many(text(), 1, 1)), ("eat_nonce?", nonce),
                   ("hallmark", members(*VERDICT)))


def submods(appraisal):
    def check(value):
        demand(isinstance(value, Pairs) and len(value) == 1, "one member")
        chain(value[0][0])
        appraisal(value[0][1])
    return check


def bundle(value):
    row = members(("sha256", hexadecimal(32)), ("count", integer(0, 1_000_000)),
                  ("size", integer(1, 16_777_216)))

    def components(rows):
        demand(isinstance(rows, Pairs) and rows, "components")
        rising(one_of(*KINDS), len(KINDS), 1)([kind for kind, _ in rows])
        for _, each in rows:
            row(each)

    members(("seq", integer(1)), ("prev", hexadecimal(32)), ("boot", hexadecimal(16)),
            ("time", integer(0, 253_402_300_799_999)), ("next", integer(0, 31_536_000)),
            ("offline", one_of(True, False)), ("nonce?", base64url(32, 32)),
            ("components", components), ("extensions?", base64url(1, 1024)))(value)


# --- what must agree within a report ---------------------------------------------------------------

def agree(tree, own, draft):
    (name, appraisal), = tree.get("submods")
    fields = own.get("bundle")
    verdict = appraisal.get("hallmark") if draft else Pairs(
        (k.removeprefix("hallmark."), v) for k, v in appraisal)
    present(tree.get("iat"))
    demand(tree.get("exp") > tree.get("iat"), "exp")
    if own.get("signature") is not None:
        demand(own.get("last-signed") == tree.get("iat"), "last-signed is not its own")
    found, count = verdict.get("findings"), verdict.get("finding-count")
    demand(count == len(found) or len(found) == 16 < count, "finding-count")
    status = appraisal.get("ear_status" if draft else "ear.status")
    claims = appraisal.get("ear_trustworthiness_vector" if draft else "ear.trustworthiness-vector")
    worst = max((tier(value) for _, value in claims or []), default=0)
    demand(STATUSES.index(status) >= worst, "better than its claims")
    demand(status != "affirming" or not found and not fields.get("offline"), "affirming")
    rollout = verdict.get("rollout")
    if rollout is not None:
        policy = appraisal.get("ear_appraisal_policy_ids")[0] if draft else appraisal.get("ear.appraisal-policy-id")
        demand(verdict.get("group") is not None and rollout.get("decided") != policy, "rollout")
        said = rollout.get("status")
        demand(said != "affirming" or not rollout.get("finding-count") and not fields.get("offline"), "affirming beside")
        demand(rollout.get("enforce") == "off" or STATUSES.index(status) >= min(
            STATUSES.index(said), STATUSES.index("warning")), "better than the warning")
    accepted = [(each.get("kind"), each.get("code")) for each in verdict.get("accepted") or []]
    demand(accepted == sorted(set(accepted)), "not rising")
    for kind, _ in accepted:
        demand(fields.get("components").get(kind) is not None, "not measured")
        demand(kind not in verdict.get("not-checked"), "accepted by no rule")
    exceptions = verdict.get("exceptions") or []
    kinds = [each.get("kind") for each in exceptions]
    demand(kinds == sorted(kinds), "not by kind")
    for each in exceptions:
        present(each.get("until"))
        demand(each.get("until") > tree.get("iat"), "over")
    for kind in kinds:
        demand(fields.get("components").get(kind) is not None, "not measured")
        demand(kind not in verdict.get("not-checked"), "accepted by no rule")
    for kind in verdict.get("not-checked"):
        demand(fields.get("components").get(kind) is not None, "not measured")
    demand(forms.sha256(bundle_bytes(name, fields, appraisal if draft else tree)).hex() ==
           tree.get("jti"), "jti")


def tier(value):
    """EAR's, as places in STATUSES."""
    return 1 if value < 2 else 0 if value < 32 else 2 if value < 96 else 3


def bundle_bytes(name, fields, holder):
    """The bundle that the report is about, as canonical MessagePack."""
    eat_nonce, nonce = holder.get("eat_nonce"), fields.get("nonce")
    encoded = fields.get("extensions")
    ext = extension_map(unbase64url(encoded)) if encoded else None
    challenge = ext.get("challenge") if ext else None
    demand((eat_nonce is None) == fields.get("offline"), "offline")
    demand((nonce is not None) == (challenge is not None), "nonce")
    if challenge is not None:
        demand(unbase64url(eat_nonce) == challenge, "the challenge")
    given = unbase64url(nonce or eat_nonce) if eat_nonce else b""
    demand(len(given) in (0, 32), "nonce")
    if ext and "leaving" in ext:
        demand(fields.get("next") == 0 and not fields.get("offline"), "leaving")
    demand(name.endswith("/start") == ("phase" in (ext or {})), "phase")
    if ext and "phase" in ext:
        demand(fields.get("next") == 0 and not fields.get("offline") and "leaving" not in ext, "phase")
        files = [row.get("sha256") for kind, row in fields.get("components") if kind == "files"]
        demand(ext["artifact"][0] != "tree" or [ext["artifact"][1].hex()] == files, "artifact")
    demand(fields.get("offline") == ("gap" in (ext or {})), "gap")
    if fields.get("offline"):
        demand(ext["gap"] < fields.get("seq"), "gap")
    rows = [forms.Row(kind, [bytes.fromhex(row.get("sha256")), row.get("count"), row.get("size")])
            for kind, row in fields.get("components")]
    data = forms.bundle(name, fields.get("seq"), bytes.fromhex(fields.get("prev")), given,
                        bytes.fromhex(fields.get("boot")), fields.get("time"), rows,
                        fields.get("next"), ext)
    demand(len(data) <= 2048, "bundle")
    return data


def is_action(v):
    return (isinstance(v, list) and len(v) in (3, 4) and isinstance(v[0], str) and re.fullmatch(r"[a-z0-9_-]{1,24}", v[0])
            and v[1] in ("none", "affirming", "warning", "contraindicated", "unknown")
            and type(v[2]) is int and (0 <= v[2] <= 255 or 257 <= v[2] <= 320 or 512 <= v[2] <= 514)
            and (len(v) == 3 or isinstance(v[3], bytes) and len(v[3]) == 32))


KNOWN = {"actions": lambda v: isinstance(v, list) and 1 <= len(v) <= 4 and all(map(is_action, v)),
         "artifact": lambda v: isinstance(v, list) and len(v) == 2 and v[0] in ("file", "tree", "image")
                              and isinstance(v[1], bytes) and len(v[1]) == 32,
         "cached": lambda v: isinstance(v, list) and len(v) == 3 and all(type(n) is int for n in v)
                            and 0 < v[0] <= v[1] < 2**53 and v[2] <= 253402300799,
         "challenge": lambda v: isinstance(v, bytes) and 8 <= len(v) <= 64,
         "configuration": lambda v: isinstance(v, bytes) and len(v) == 32,
         "dropped": lambda v: isinstance(v, list) and len(v) == 2 and all(type(n) is int for n in v)
                             and 0 < v[0] < 2**53 and 0 <= v[1] <= 253402300799,
         "gap": lambda v: type(v) is int and 0 <= v < 2**53,
         "leaving": lambda v: v in ("stopped", "scaled-in", "moved", "retired"),
         "moved_to": lambda v: isinstance(v, str) and re.fullmatch(r"[!-*,-~]{1,200}", v),
         "phase": lambda v: v == "start",
         "program": lambda v: isinstance(v, bytes) and len(v) == 32,
         "workload_key": lambda v: isinstance(v, bytes) and len(v) == 32}


def extension_map(data):
    """A bundle's `ext`, canonical, and what is known of it."""
    try:
        ext = forms.msgpack.unpackb(data, object_pairs_hook=forms.unique, strict_map_key=False)
    except (ValueError, AssertionError, forms.msgpack.UnpackException) as error:
        raise Wrong(f"ext: {error!r}") from error
    demand(isinstance(ext, dict) and ext and forms.pack(ext) == data, "ext")
    extension_value(ext, 0)
    for key, good in KNOWN.items():
        demand(key not in ext or good(ext[key]), key)
    demand(("moved_to" in ext) == (ext.get("leaving") == "moved"), "moved_to")
    demand(("artifact" in ext) == ("phase" in ext), "artifact")
    return ext


def extension_value(value, depth):
    demand(depth <= 3 or not isinstance(value, (dict, list)), "ext: too deep")
    if isinstance(value, dict):
        names = list(value)
        demand(len(names) <= 16 and names == sorted(names), "ext: keys")
        for name in names:
            demand(re.fullmatch("[a-z0-9_]{1,32}", name), name)
            extension_value(value[name], depth + 1)
    elif isinstance(value, list):
        for each in value:
            extension_value(each, depth + 1)
    elif isinstance(value, str):
        demand(printable(value), "ext: text")
    else:
        demand(isinstance(value, bytes) or type(value) is int and value >= 0, "ext: a value")


# --- receipts as files (section 8) -----------------------------------------------------------------

def read_receipt(data, report=None):
    """A receipt's fields from a .tlog-proof; AssertionError or ValueError for another form."""
    head, blank, note = data.partition(b"\n\n")
    assert blank
    first, *lines = head.decode().split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        extra = forms.strict_base64(lines.pop(0)[6:])
        assert report in (None, extra)
        report = extra
    assert report is not None, "nobody says of which report"
    word, number_text = lines.pop(0).split(" ")
    assert word == "index"
    proof = [forms.strict_base64(line) for line in lines]
    assert all(len(each) == 32 for each in proof) and len(proof) <= 64
    return {"report": report, "index": forms.decimal(number_text), "proof": b"".join(proof),
            "checkpoint": note}


# --- tokens (section 10) -------------------------------------------------------------------------

def token_claims(entry, index, iss, aud, lifetime_s):
    """All that a token says about a report, in its one spelling."""
    tree = read(entry)
    draft = tree.get("eat_profile") == DRAFT
    (name, appraisal), = tree.get("submods")
    kept = ("ear_status", "ear_trustworthiness_vector", "ear_appraisal_policy_ids",
            "eat_nonce") if draft else (
        "ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id")
    claims = [("iss", iss), ("sub", f"{tree.get('sub')}/{name}"), ("aud", aud),
              ("iat", tree.get("iat")), ("exp", min(tree.get("exp"), tree.get("iat") + lifetime_s)),
              ("jti", forms.leaf_hash(entry).hex())]
    encoded = dict(dict(tree)["hallmark" if draft else "hallmark.bundle"]).get("extensions")
    key = extension_map(unbase64url(encoded)).get("workload_key") if encoded else None
    claims += [("cnf", Pairs([("jkt", to_base64url(key))]))] if key else []
    claims += [(k, v) for k, v in tree if k in ("eat_profile", "eat_nonce", "ear.verifier-id",
                                                "ear_verifier_id")]
    claims.append(("submods", Pairs([(name, Pairs((k, v) for k, v in appraisal if k in kept))])))
    place = [("log", tree.get("iss")), ("index", index)]
    claims += [("hallmark", Pairs(place))] if draft else [("hallmark." + k, v) for k, v in place]
    return spell(Pairs(claims)).encode()


def thumbprint(key):
    """RFC 7638."""
    numbers = key.public_numbers()
    if isinstance(key, ec.EllipticCurvePublicKey):
        size = key.key_size // 8
        jwk = [("crv", f"P-{key.key_size}"), ("kty", "EC"), ("x", number(numbers.x, size)),
               ("y", number(numbers.y, size))]
    else:
        jwk = [("e", number(numbers.e)), ("kty", "RSA"), ("n", number(numbers.n))]
    return to_base64url(forms.sha256(spell(Pairs(jwk)).encode()))


def number(value, size=None):
    return to_base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def verify_token(jws, key):
    """The claims' bytes of a token that this key has signed."""
    head, payload, signature = jws.split(".")
    algorithms = ([f"ES{key.key_size}"] if isinstance(key, ec.EllipticCurvePublicKey) else ["RS256", "PS256"])
    algorithm, = (each for each in algorithms if unbase64url(head).decode() == spell(Pairs([
        ("alg", each), ("typ", "JWT"), ("kid", thumbprint(key))])))
    raw, signed = unbase64url(signature), f"{head}.{payload}".encode()
    if algorithm in ("ES256", "ES384"):
        half, hash_of = {"ES256": (32, hashes.SHA256), "ES384": (48, hashes.SHA384)}[algorithm]
        assert len(raw) == 2 * half
        raw = utils.encode_dss_signature(int.from_bytes(raw[:half], "big"),
                                         int.from_bytes(raw[half:], "big"))
        key.verify(raw, signed, ec.ECDSA(hash_of()))
    else:
        scheme = {"RS256": padding.PKCS1v15(), "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}[algorithm]
        key.verify(raw, signed, scheme, hashes.SHA256())
    return unbase64url(payload)


# --- the channel to the key process (section 12) -----------------------------------------------------

def introduction(body):
    """(certificates, what was seen of the token) of an unasked answer of a key that gives way to none."""
    at = body.index(b'{"record":')
    assert body.endswith(b"\n")
    seen = read(body[at:-1])
    SUBJECTS["token"](seen)
    return body[:at], seen


CHECKPOINT, TOKEN, OBSERVE = 1, 2, 3
ANSWER_BYTES = 60


def question(kind, number, proof, fixed, profile=b"", rest=b""):
    """A request: `fixed` stands before the proof, profile and `rest` behind it."""
    return (b"HKQ3" + bytes([kind, len(proof), len(profile), 0]) + struct.pack(">Q", number) + fixed +
            b"".join(proof) + bytes(32 * (65 - len(proof))) + profile + rest)


def ask_checkpoint(number, size, root, proof=()):
    return question(CHECKPOINT, number, proof, struct.pack(">Q", size) + root)


def ask_token(number, index, size, proof, profile, report, audience=b"", lifetime_s=0):
    fixed = struct.pack(">QQIIHH", index, size, len(report), lifetime_s, len(audience), 0)
    return question(TOKEN, number, proof, fixed, profile, audience + report)


def ask_observe(number, size, root, proof, note):
    return question(OBSERVE, number, proof, struct.pack(">Q", size) + root,
                    rest=struct.pack(">I", len(note)) + note)


def read_answer(take):
    """(type, error, id, size, root, body); `take` gives just so many bytes of the socket."""
    magic, kind, zero, error, number, size, root, body = struct.unpack(">4sBBHQQ32sI", take(ANSWER_BYTES))
    assert magic == b"HKA3" and zero == 0 and body <= 65_536
    return kind, error, number, size, root, take(body)
