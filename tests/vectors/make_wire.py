#!/usr/bin/python3
"""Makes the wire vectors, independently of the C code: messages, bundles, components, entries of a log.

  make_wire.py           writes the files next to this script
  make_wire.py --check   compares them instead; exit 1 if one differs

Everything is deterministic, signatures too (RFC 6979), so that the bytes can be quoted in
proto/PROTOCOL.md. The two private keys below are for these vectors and nothing else.
"""

import base64
import datetime
import hashlib
import hmac
import json
import struct
import urllib.parse

import msgpack

from made import write_or_check

WORKLOAD = "trading-app"
ORIGIN = "hallmark.example/prod-1"
COLLECTOR = "spiffe://example/collector/host-1"
NONCE = bytes(range(32))
NONCE_2 = bytes(range(32, 64))
BOOT = bytes(range(0xA0, 0xB0))
TIME_MS = 1795514400000  # 2026-11-24T10:00:00Z
ZERO = bytes(32)
GAP = {"gap": 0}  # measured before anything was accepted
LISTED = "c579."  # so that the first segment is a short one


def sha256(data):
    return hashlib.sha256(data).digest()


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def frame(message_type, body):
    payload = pack([message_type, body])
    return struct.pack(">I", len(payload)) + payload


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# --- P-256 and ECDSA with the nonce of RFC 6979 --------------------------------------------------

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def point_add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def point_multiply(k, point):
    result = None
    while k > 0:
        if k & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        k >>= 1
    return result


class Key:
    """A key made from a label: the private number is SHA-256 of it."""

    def __init__(self, label):
        self.d = int.from_bytes(sha256(label.encode()), "big") % N
        x, y = point_multiply(self.d, G)
        self.spki = bytes.fromhex(
            "3059301306072a8648ce3d020106082a8648ce3d030107034200"
        ) + b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def pem(self):
        body = base64.encodebytes(self.spki).decode().replace("\n", "")
        lines = [body[i:i + 64] for i in range(0, len(body), 64)]
        return "-----BEGIN PUBLIC KEY-----\n" + "\n".join(lines) + "\n-----END PUBLIC KEY-----\n"

    def sign(self, data):
        """r and s, s in its lower form."""
        digest = sha256(data)
        e = int.from_bytes(digest, "big")
        secret = self.d.to_bytes(32, "big") + (e % N).to_bytes(32, "big")
        v, k = b"\x01" * 32, b"\x00" * 32
        for byte in (b"\x00", b"\x01"):
            k = hmac.digest(k, v + byte + secret, "sha256")
            v = hmac.digest(k, v, "sha256")
        v = hmac.digest(k, v, "sha256")
        nonce = int.from_bytes(v, "big")
        assert 0 < nonce < N
        r = point_multiply(nonce, G)[0] % N
        s = pow(nonce, -1, N) * (e + r * self.d) % N
        return r, min(s, N - s)

    def sign_der(self, data):
        body = b""
        for number in self.sign(data):
            octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
            body += b"\x02" + bytes([len(octets)]) + octets
        return b"\x30" + bytes([len(body)]) + body

    def sign_raw(self, data):
        return b"".join(number.to_bytes(32, "big") for number in self.sign(data))


# --- evidence ------------------------------------------------------------------------------------


def components():
    executable = ["executable", 1, [], [
        [b"/usr/local/bin/trading-app", sha256(b"the program"), 1048576, 0o100755, 0, 0, 0, []],
    ]]
    files = ["files", 1, [
        ["patterns", [b"/etc/trading-app/*", b"/etc/trading-app/.*"]],
    ], [
        [b"/etc/trading-app/app.conf", sha256(b"the configuration"), 512, 0o100640, 0, 33, 0, []],
        [b"/etc/trading-app/limits", sha256(b"the limits"), 70000, 0o100600, 100000, 100000, 0,
         [b"acl=u:33:r--", b"parent=/etc/trading-app 0777 0 0"]],
        [b"/etc/trading-app/na\xff\x0ame\" \xe2\x82\xac", sha256(b""), 0, 0o100644, 0, 0, 0, []],
    ]]
    runtime = ["runtime", 1, [
        ["options", [b"environment=HOME", b"environment=LANG"]],
    ], [
        ["arguments", [b"trading-app", b"--listen", b"127.0.0.1:8443", b""]],
        ["gid", [b"33"]],
        ["no_new_privs", [b"1"]],
        ["tracer", []],
        ["uid", [b"33"]],
    ]]
    return {
        "executable": (pack(executable), 1),
        "files": (pack(files), 3),
        "runtime": (pack(runtime), 5),
    }


def code_in_memory():
    """Of a library that changed after the start, and of which a page was written to; and a compiler's."""
    items = [
        [b"/usr/lib/libquotes.so", sha256(b"the library"), 81920, 0o100644, 0, 0, 2048, []],
        [b"/usr/lib/libquotes.so", sha256(b"a page in memory"), 4096, 0o100644, 0, 0, 1024,
         [b"file=sha256:" + sha256(b"its page").hex().encode(), b"offset=40960"]],
        [b"[anon]", ZERO, 65536, 0, 0, 0, 12, [b"mappings=2", b"program=/opt/a%20b"]],
    ]
    made = [["options", [b"main_only", b"reread_percent=2"]]]
    return pack(["libraries", 1, made, sorted(items, key=lambda item: (item[0], pack(item[1:])))])


def redacted():
    """By the key of the bytes 0 to 31: one value hidden, and one that only looks so."""
    def keyed(*parts):
        text = b"".join(len(p).to_bytes(4, "big") + p for p in (b"hallmark-redaction-1", *parts))
        return hmac.digest(bytes(range(32)), text, "sha256")

    name = keyed(b"key", b"", b"")[:8].hex().encode()
    hidden = keyed(b"runtime", b"arguments", b"--password=7").hex().encode()
    made = [["redacted", [b"key=" + name, b"fact arguments value --password=*"]]]
    return pack(["runtime", 1, made, [["arguments", [
        b"trading-app", b"hmac-sha256:" + name + b":" + hidden, b"hmac-sha256::0123"]]]])


def segments():
    """Of 1,100 facts without values."""
    cut, rest = [], []
    for number in range(1100):
        name = f"{LISTED}{number:04}"
        rest.append([name, []])
        if int.from_bytes(sha256(name.encode())[:2], "big") % 512 == 0 or len(rest) == 4096:
            cut.append(rest)
            rest = []
    return [(pack(["config", 3, items]), len(items)) for items in cut + [rest] if items]


def component_list():
    made = [["options", [b"by hand"]]]
    return pack(["config", 2, made, [[sha256(s), count, len(s)] for s, count in segments()]])


def bundle(seq, prev, nonce, time_ms, parts, next_s=0, ext=None, chain=WORKLOAD):
    fields = {
        "v": 1,
        "workload": chain,
        "seq": seq,
        "prev": prev,
        "nonce": nonce,
        "boot": BOOT,
        "time": time_ms,
        "next_s": next_s,
        "components": {
            kind: [sha256(data), count, len(data)] for kind, (data, count) in sorted(parts.items())
        },
    }
    if ext:
        fields["ext"] = ext
    return pack(fields)


CHALLENGED = {
    "challenge": b"a challenge", "configuration": sha256(b"collector.yaml"),
    "program": sha256(b"hallmark-collector"),
    "x_site": [1, "two", {"three": b"\x03"}],
}


OF_START = {"artifact": ["file", sha256(b"the program")], "phase": "start"}

# --- reports -------------------------------------------------------------------------------------


def report_bundle(seq, prev, time_ms, offline, parts, next_s=0, nonce=None, ext=None):
    """`nonce`: that of the bundle, where eat_nonce is a challenge."""
    return {
        "seq": seq,
        "prev": prev.hex(),
        "boot": BOOT.hex(),
        "time": time_ms,
        "next": next_s,
        "offline": offline,
        **({"nonce": base64url(nonce)} if nonce else {}),
        "components": {
            kind: {"sha256": sha256(data).hex(), "count": count, "size": len(data)}
            for kind, (data, count) in sorted(parts.items())
        },
        **({"extensions": base64url(pack(ext))} if ext else {}),
    }


def to_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


VERIFIER = {"developer": "https://example.com", "build": "hallmark-signer/0.1.0"}


def report_deployed(iat, bundle_bytes, nonce, bundle_claims, **more):
    """`more`: what stands behind the bundle."""
    return to_json({
        "eat_profile": "tag:github.com,2023:veraison/ear",
        "iat": iat,
        "exp": iat + 3600,
        "iss": ORIGIN,
        "sub": COLLECTOR,
        "jti": sha256(bundle_bytes).hex(),
        "eat_nonce": base64url(nonce),
        "ear.verifier-id": VERIFIER,
        "submods": {WORKLOAD: {
            "ear.status": "affirming",
            "ear.trustworthiness-vector": {
                "instance-identity": 2, "configuration": 2, "executables": 2, "file-system": 2,
            },
            "ear.appraisal-policy-id": "trading@sha256:" + sha256(b"manifest").hex(),
            "hallmark.references": [sha256(b"reference set").hex()],
            "hallmark.findings": [],
            "hallmark.finding-count": 0,
            "hallmark.not-checked": [],
        }},
        "hallmark.form": 1,
        "hallmark.bundle": bundle_claims,
        **{f"hallmark.{name.replace('_', '-')}": value for name, value in more.items()},
    })


def report_draft(bundle_bytes, prev, parts, newest, previous, signature):
    return to_json({
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        "iat": 1795514461,
        "exp": 1795518061,
        "iss": ORIGIN,
        "sub": COLLECTOR,
        "jti": sha256(bundle_bytes).hex(),
        "ear_verifier_id": VERIFIER,
        "submods": {WORKLOAD: {
            "eat_profile": "tag:github.com,2026:hallmark/ear#1",
            "ear_status": "contraindicated",
            "ear_trustworthiness_vector": {
                "instance-identity": 2, "executables": 2, "file-system": 96,
            },
            "ear_appraisal_policy_ids": ["stricter@sha256:" + sha256(b"another manifest").hex()],
            "hallmark": {
                "references": [sha256(b"another reference set").hex()],
                "findings": [
                    {"kind": "files", "code": "unknown-file",
                     "subject": "/etc/trading-app/na\\xff\\x0ame\" \u20ac",
                     "detail": "in no reference set; found sha256 " + sha256(b"").hex()},
                    {"kind": "bundle", "code": "offline-evidence", "subject": "",
                     "detail": "gathered without a nonce: its time of measurement is only the "
                               "collector's word"},
                ],
                "finding-count": 2,
                "not-checked": ["runtime"],
            },
        }},
        "hallmark": {
            "form": 1,
            "bundle": report_bundle(2, prev, TIME_MS - 60000, True, parts, ext=GAP),
            "notice": newest,
            "previous-report": leaf_hash(previous).hex(),
            "signature": {
                "certificate": sha256(b"certificate").hex(), "value": base64url(signature),
            },
            "last-signed": 1795514461,
        },
    })


def as_draft(deployed):
    """The same report in the other dialect."""
    report = json.loads(deployed)
    appraisal = report["submods"][WORKLOAD]
    own = lambda members: {name.removeprefix("hallmark."): value for name, value in members.items()
                           if name.startswith("hallmark.")}
    return to_json({
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        **{name: report[name] for name in ("iat", "exp", "iss", "sub", "jti")},
        "ear_verifier_id": report["ear.verifier-id"],
        "submods": {WORKLOAD: {
            "eat_profile": "tag:github.com,2026:hallmark/ear#1",
            "ear_status": appraisal["ear.status"],
            "ear_trustworthiness_vector": appraisal["ear.trustworthiness-vector"],
            "ear_appraisal_policy_ids": [appraisal["ear.appraisal-policy-id"]],
            "eat_nonce": report["eat_nonce"],
            "hallmark": own(appraisal),
        }},
        "hallmark": own(report),
    })


# --- notices, absence ----------------------------------------------------------------------------

BUILD = "hallmark-signer/0.1.0"
APPROVAL = sha256(b"envelope")  # of a statement
APPROVER = sha256(b"approver's key")
ADVISORIES = sha256(b"hallmark advisories v1\n")  # of none


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def place(entries, index):
    return {"index": index, "leaf": leaf_hash(entries[index]).hex()}


def in_force(*lines):
    return "".join(line + "\n" for line in ["hallmark in force v1", *sorted(lines)]).encode()


def notice(kind, iat, previous, listed, subject):
    return to_json({
        "hallmark.notice": kind,
        "iat": iat,
        "iss": ORIGIN,
        "hallmark.form": 1,
        **({"hallmark.previous-notice": previous} if previous else {}),
        "hallmark.in-force": sha256(listed).hex(),
        "hallmark.subject": subject,
    })


def absence(iat, silent, newest):
    """`silent`: (workload, due, count, report, previous)."""
    text = f"hallmark absence v1\n{ORIGIN}\n{COLLECTOR}\n"
    text += "".join(f"{workload} {due} {count}\n" for workload, due, count, _, _ in silent)
    return to_json({
        "eat_profile": "tag:github.com,2026:hallmark/absence#1",
        "iat": iat,
        "iss": ORIGIN,
        "sub": COLLECTOR,
        "jti": sha256(text.encode()).hex(),
        "hallmark.form": 1,
        "hallmark.absent": [
            {"workload": workload, "due": due, "count": count, "report": report,
             "previous-report": previous.hex()}
            for workload, due, count, report, previous in silent
        ],
        "hallmark.notice": newest,
    })


def log_of_all_kinds(bundles, parts, signature):
    """Each kind of entry in one log, from its first on; and what is in force behind the fourth."""
    first, second = sha256(b"manifest"), sha256(b"another manifest")
    before = in_force(f"manifest {first.hex()}")
    approved = [f"number {APPROVER.hex()} 1795514430000", f"statement {APPROVAL.hex()} approve"]
    log = {}

    def append(name, entry):
        log[name] = entry

    def newest(index):
        return place(list(log.values()), index)

    append("notice-start.json", notice("start", 1795514390, None, in_force(), {
        "cause": "start", "from": 1795514390, "to": 1795514390, "build": BUILD}))
    append("notice-manifest.json", notice("manifest", 1795514390, newest(0), before, {
        "sha256": first.hex(), "approvals": []}))
    append("report-deployed.json", report_deployed(
        1795514401, bundles[0], NONCE, report_bundle(1, ZERO, TIME_MS, False, parts),
        notice=newest(1)))
    listed = in_force(f"manifest {first.hex()}", *approved)
    append("notice-statement.json", notice(
        "statement", 1795514440, newest(1), listed, {
            "sha256": APPROVAL.hex(), "kind": "approve", "key": APPROVER.hex(),
            "number": 1795514430000}))
    after = in_force(f"manifest {second.hex()}", approved[0])  # approvals are used up
    append("notice-approved.json", notice("manifest", 1795514440, newest(3), after, {
        "sha256": second.hex(), "approvals": [APPROVAL.hex()]}))
    append("report-draft.json", report_draft(
        bundles[1], sha256(bundles[0]), parts, newest(4), log["report-deployed.json"], signature))
    append("report-challenge.json", report_deployed(
        1795514462, bundles[2], CHALLENGED["challenge"],
        report_bundle(3, sha256(bundles[1]), TIME_MS + 60000, False, parts, 66, NONCE_2, CHALLENGED),
        notice=newest(4), previous_report=leaf_hash(log["report-draft.json"]).hex(),
        last_signed=1795514461, extensions={"group": ["a", {"b": 1}], "trial": "\\"}))
    append("absence.json", absence(
        1795514593, [(WORKLOAD, 1795514588, 1, 6, leaf_hash(log["report-challenge.json"]))], newest(4)))
    return log, listed


# --- log -----------------------------------------------------------------------------------------


def checkpoint(key, size, root):
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    key_id = sha256(key.spki)[:4]
    line = base64.b64encode(key_id + key.sign_der(text)).decode()
    return text + b"\n\xe2\x80\x94 " + f"{ORIGIN} {line}\n".encode()


def signed_note(text, *keys):
    lines = "".join(f"\u2014 {ORIGIN} {base64.b64encode(sha256(k.spki)[:4] + k.sign_der(text)).decode()}\n"
                    for k in keys)
    return text + b"\n" + lines.encode()


def key_change(form, old, new, *more):
    """The text of a transition or a succession."""
    return "\n".join([f"hallmark key {form} v1", f"origin {ORIGIN}",
                      f"from {base64.b64encode(old.spki).decode()}",
                      f"to {base64.b64encode(new.spki).decode()}",
                      f"time {TIME_MS // 1000}", *more, ""]).encode()


def tlog_proof(report, index, hashes, note):
    lines = ["c2sp.org/tlog-proof@v1", "extra " + base64.b64encode(report).decode(),
             f"index {index}"]
    lines += [base64.b64encode(h).decode() for h in hashes]
    return "\n".join(lines).encode() + b"\n\n" + note


def fork_side(root, hashes, note):
    return "\n".join(["root " + base64.b64encode(root).decode(),
                      *(base64.b64encode(h).decode() for h in hashes)]).encode() + b"\n\n" + note


def number(value, size):
    return value.to_bytes(size, "big")


def pack_record(kind, content):
    """Stored as it is: too small for compression to pay."""
    size = number(len(content), 4)
    return b"HMP1" + bytes([kind, 0, 0, 0]) + size + size + sha256(content) + content


def thumbprint(key):
    """RFC 7638."""
    x, y = key.spki[-64:-32], key.spki[-32:]
    return base64url(sha256(to_json(
        {"crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y)})))


def jws(key, claims):
    header = to_json({"alg": "ES256", "typ": "JWT", "kid": thumbprint(key)})
    signed = base64url(header) + "." + base64url(claims)
    return signed + "." + base64url(key.sign_raw(signed.encode()))


def confirmation(report):
    """`cnf`, where the report names a key of the workload."""
    of_bundle = report["hallmark.bundle"] if "hallmark.bundle" in report else report["hallmark"]["bundle"]
    ext = msgpack.unpackb(unbase64url(of_bundle["extensions"])) if "extensions" in of_bundle else {}
    return {"cnf": {"jkt": base64url(ext["workload_key"])}} if "workload_key" in ext else {}


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_claims(report_bytes, index, issuer, audience, lifetime_s):
    """What the key process says about a report, in the report's dialect."""
    report = json.loads(report_bytes)
    (workload, appraisal), = report["submods"].items()
    draft = "ear_verifier_id" in report
    verifier, *names = (
        ("ear_verifier_id", "ear_status", "ear_trustworthiness_vector",
         "ear_appraisal_policy_ids", "eat_nonce") if draft else
        ("ear.verifier-id", "ear.status", "ear.trustworthiness-vector", "ear.appraisal-policy-id"))
    return to_json({
        "iss": issuer,
        "sub": report["sub"] + "/" + workload,
        "aud": audience,
        "iat": report["iat"],
        "exp": min(report["exp"], report["iat"] + lifetime_s),
        "jti": leaf_hash(report_bytes).hex(),
        **confirmation(report),
        "eat_profile": report["eat_profile"],
        **({"eat_nonce": report["eat_nonce"]} if "eat_nonce" in report else {}),
        verifier: report[verifier],
        "submods": {workload: {name: appraisal[name] for name in names if name in appraisal}},
        **({"hallmark": {"log": report["iss"], "index": index}} if draft else
           {"hallmark.log": report["iss"], "hallmark.index": index}),
    })


def summary_of(report_bytes, index, verifier, resources, policies):
    """What the key process says of the start that a report is about."""
    report = json.loads(report_bytes)
    (chain, appraisal), = report["submods"].items()
    ext = msgpack.unpackb(unbase64url(report["hallmark.bundle"]["extensions"]))
    form, artifact = ext["artifact"]
    workload, _, start = chain.rpartition("/")
    assert start == "start"
    policy, digest = appraisal["ear.appraisal-policy-id"].split("@sha256:")
    passed = appraisal["ear.status"] == "affirming"
    return to_json({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": workload, "digest": {"sha256": artifact.hex()}, "annotations": {
            "hallmark.artifact": form, "hallmark.collector": report["sub"], "hallmark.log": report["iss"],
            "hallmark.index": index, "hallmark.leaf": leaf_hash(report_bytes).hex(),
            "hallmark.status": appraisal["ear.status"]}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": verifier, "version": {
                report["ear.verifier-id"]["developer"]: report["ear.verifier-id"]["build"]}},
            "timeVerified": datetime.datetime.fromtimestamp(report["iat"], datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"),
            "resourceUri": resources + urllib.parse.quote(workload, safe=""),
            "policy": {"uri": policies + urllib.parse.quote(policy, safe=""), "digest": {"sha256": digest}},
            "inputAttestations": [{"digest": {"sha256": sha256(report_bytes).hex()}}],
            "verificationResult": "PASSED" if passed else "FAILED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if passed else "FAILED"],
        },
    })


def summary_envelope(key, payload):
    kind = "application/vnd.in-toto+json"
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    return to_json({
        "payloadType": kind, "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": sha256(key.spki).hex(), "sig": base64.b64encode(key.sign_der(signed)).decode()}]})


# --- all of it -----------------------------------------------------------------------------------


def unmeasured(**values):
    """By a collector with the default budgets."""
    facts = {**values, "since": b"2026-11-24T10:00:00Z", "tries": b"1"}
    budgets = [b"seconds=45", b"mebibytes_read=8192", b"memory_mebibytes=512"]
    return pack(["unmeasured", 1, [["budgets", budgets]], [[n, [facts[n]]] for n in sorted(facts)]])


def web():
    """A page with a script of its own, one between tags, and a cookie."""
    named = {n: b"sha256:" + sha256(n.encode()).hex().encode() for n in ("app", "inline")}
    facts = {"base": [], "cookie": [b"pay sid httponly secure"], "frame": [], "handler": [],
             "header": [b"pay :status 200", b"pay :url https://shop.example/pay",
                        b"pay content-security-policy script-src 'self' 'nonce-*'"],
             "inline": [b"pay " + named["inline"] + b" head nonce"],
             "script": [b"pay https://shop.example/app.js " + named["app"] + b" async"]}
    return pack(["web", 1, [], [[n, facts[n]] for n in sorted(facts)]])


def image():
    """A container to which a file with a space in its name was added, and from which one was taken away."""
    added = b"/tmp/a\\sb file " + sha256(b"added").hex().encode() + b" uid=0 gid=0 mode=0644"
    facts = {"added": [added], "changed": [], "deleted": [b"/etc/app.conf"], "mounted": [b"/data"],
             "set": [b"sha256:" + sha256(b"a set of the image").hex().encode()]}
    return pack(["image", 1, [["options", [b"root=container"]]], [[n, facts[n]] for n in sorted(facts)]])


def make():
    signer, collector = Key("hallmark vector: signer"), Key("hallmark vector: collector")
    lost = Key("hallmark vector: a key before")
    parts = components()
    executable, files = parts["executable"][0], parts["files"][0]

    bundle_1 = bundle(1, ZERO, NONCE, TIME_MS, parts)
    bundle_2 = bundle(2, sha256(bundle_1), b"", TIME_MS - 60000, parts, 0, GAP)
    bundle_3 = bundle(3, sha256(bundle_2), NONCE_2, TIME_MS + 60000, parts, 66, CHALLENGED)
    bundle_4 = bundle(4, sha256(bundle_3), NONCE_2, TIME_MS + 60000, parts, 0, {
        "leaving": "moved", "moved_to": "hallmark.example/prod-2",
    })
    bundle_5 = bundle(1, ZERO, NONCE, TIME_MS, {"executable": parts["executable"]}, 0, OF_START, WORKLOAD + "/start")
    signed = b"hallmark bundle signature v1\n" + bundle_2
    signature = collector.sign_der(signed)

    log, listed = log_of_all_kinds((bundle_1, bundle_2, bundle_3), parts, signature)
    report_1, report_3 = log["report-deployed.json"], log["report-challenge.json"]
    leaf = [sha256(b"\x00" + entry) for entry in (b"an older entry", report_1)]
    root = sha256(b"\x01" + leaf[0] + leaf[1])
    note = checkpoint(signer, 2, root)

    other_leaf = sha256(b"\x00" + report_3)
    other_root = sha256(b"\x01" + leaf[0] + other_leaf)
    other_note = checkpoint(signer, 2, other_root)

    receipt = {
        "workload": WORKLOAD, "seq": 1, "index": 1, "report": report_1, "proof": leaf[0],
        "checkpoint": note, "nonce": NONCE_2,
    }
    refusal = {
        "code": 204, "name": "sequence-not-rising",
        "text": "the sequence number does not follow the last accepted one",
        "workload": WORKLOAD, "seq": 1, "last_seq": 2, "last_bundle": sha256(bundle_2),
        "nonce": NONCE_2,
    }
    fresh = as_draft(log["report-deployed.json"])
    transition = signed_note(key_change("transition", lost, signer), lost, signer)
    change = notice("key", TIME_MS // 1000, place(list(log.values()), 0), in_force(), {
        "from": sha256(lost.spki).hex(), "to": sha256(signer.spki).hex(),
        "transition": base64.b64encode(transition).decode()})
    seen = {"record": sha256(b"a record").hex(), "label": "prod-1", "manufacturer": "An HSM's maker",
            "model": "HSM 7", "serial": "0042", "firmware": "3.4", "number": 3, "changes": [
                {"number": 1, "what": "firmware", "before": "3.3", "after": "3.4"},
                {"number": 3, "what": "user-pin-wrong", "before": "no", "after": "yes"}]}
    ends = [leaf_hash(entry) for entry in (log["notice-start.json"], change)]
    claims = token_claims(report_1, 1, "https://attest.example", "https://vault.example", 300)
    token = jws(signer, claims).encode()
    started = report_deployed(
        1795514401, bundle_5, NONCE, report_bundle(
            1, ZERO, TIME_MS, False, {"executable": parts["executable"]}, 0, None, OF_START),
        notice=place(list(log.values()), 1)).replace(f'"{WORKLOAD}":'.encode(), f'"{WORKLOAD}/start":'.encode())
    summary = summary_of(started, 1, "https://attest.example", "https://example.com/workloads/",
                         "https://example.com/policies/")
    envelope = b"the envelope of a statement"
    wire = {
        "component-executable": executable,
        "component-files": files,
        "component-runtime": parts["runtime"][0],
        "component-image": image(),
        "component-web": web(),
        "component-code": code_in_memory(),
        "component-redacted": redacted(),
        "component-list": component_list(),
        **{f"component-segment-{i}": data for i, (data, _) in enumerate(segments(), 1)},
        "component-empty": pack(["libraries", 1, [], []]),
        "component-unmeasured": unmeasured(reason=b"budget", budget=b"seconds"),
        "component-unmeasured-partly": unmeasured(missing=b"files mebibytes_read"),
        "bundle-1": bundle_1,
        "bundle-2-offline": bundle_2,
        "bundle-2-signed-bytes": signed,
        "bundle-2-signature": signature,
        "bundle-3-extensions": bundle_3,
        "bundle-4-leaving": bundle_4,
        "bundle-5-start": bundle_5,
        "hello": frame(1, {"versions": [1], "agent": "hallmark-collector 0.1.0"}),
        "hello-two-versions": frame(1, {"versions": [1, 2], "agent": "x"}),
        "welcome": frame(2, {
            "version": 1, "log": ORIGIN, "nonce": NONCE, "time": TIME_MS - 5,
            "part_max": 131072, "component_max": 16777216, "in_flight_max": 64,
        }),
        "bundle-message": frame(3, {"bundle": bundle_1}),
        "bundle-message-signed": frame(3, {"bundle": bundle_2, "signature": signature}),
        "want": frame(4, {"workload": WORKLOAD, "digests": [sha256(executable), sha256(files)]}),
        "want-segments": frame(4, {
            "workload": WORKLOAD, "segments": [[sha256(component_list()), b"\xa0"]]}),
        "part": frame(5, {"digest": sha256(executable), "offset": 0, "data": executable}),
        "part-last": frame(5, {"digest": sha256(files), "offset": 100, "data": files[100:]}),
        "receipt": frame(6, receipt),
        "receipt-tokens": frame(6, {**receipt, "tokens": [token.decode()]}),
        "refusal-connection": frame(7, {
            "code": 113, "name": "no-common-version",
            "text": "no protocol version in common",
        }),
        "refusal-sequence": frame(7, refusal),
        "refusal-request": frame(7, {
            "code": 215, "name": "challenge-unanswered",
            "text": "no report with that nonce came in time", "id": 7,
        }),
        "measure": frame(8, {"workload": WORKLOAD, "challenge": CHALLENGED["challenge"]}),
        "challenge": frame(9, {
            "id": 7, "collector": COLLECTOR, "workload": WORKLOAD,
            "nonce": CHALLENGED["challenge"],
        }),
        "challenged": frame(10, {
            "id": 7, "collector": COLLECTOR, "workload": WORKLOAD, "index": 1,
            "report": report_3, "proof": leaf[0], "checkpoint": other_note,
        }),
        "statement": frame(11, {"id": 8, "envelope": envelope}),
        "noted": frame(12, {"id": 8, "sha256": sha256(envelope), "index": 2}),
        "pack-record": pack_record(1, executable),
        "key-checkpoint": b"HKQ3" + bytes([1, 0, 0, 0]) + number(7, 8) + number(1, 8) + leaf[0]
                          + bytes(65 * 32),
        "key-checkpoint-refused": b"HKA3" + bytes([1, 0]) + number(501, 2) + number(7, 8)
                                  + number(2, 8) + root + number(4, 4) + b"text",
        "key-token": b"HKQ3" + bytes([2, 1, 7, 0]) + number(8, 8) + number(1, 8) + number(2, 8)
                     + number(len(report_1), 4) + number(120, 4) + number(21, 2) + bytes(2) + leaf[0]
                     + bytes(64 * 32) + b"trading" + b"https://vault.example" + report_1,
        "key-token-given": b"HKA3" + bytes([2, 0]) + number(0, 2) + number(8, 8) + number(2, 8)
                           + root + number(len(token), 4) + token,
        "key-token-refused": b"HKA3" + bytes([2, 0]) + number(505, 2) + number(8, 8) + number(2, 8)
                             + root + number(4, 4) + b"text",
        "key-observe": b"HKQ3" + bytes([3, 1, 0, 0]) + number(9, 8) + number(2, 8) + root + leaf[1]
                       + bytes(64 * 32) + number(len(note), 4) + note,
        "key-observed": b"HKA3" + bytes([3, 0]) + number(0, 2) + number(9, 8) + number(2, 8) + root
                        + number(0, 4),
        "key-close": b"HKQ3" + bytes([5, 1, 1, 0]) + number(10, 8) + number(2, 8)
                     + sha256(b"\x01" + ends[0] + ends[1]) + ends[1] + bytes(64 * 32)
                     + number(len(change), 4) + ends[0] + bytes(64 * 32) + change,
    }
    known = in_force(f"feed debian-12 {ADVISORIES.hex()} {TIME_MS // 1000 - 20}")
    out = {
        "wire.txt": "".join(f"{name} {data.hex()}\n" for name, data in wire.items()).encode(),
        **log,
        "report-draft-fresh.json": fresh,
        "in-force.txt": listed,
        "report-start.json": started,
        "summary-start.payload": summary,
        "summary-start.json": summary_envelope(signer, summary),
        "token-deployed.json": claims,
        "token-challenge.json": token_claims(
            log["report-challenge.json"], 6, "https://attest.example", "https://vault.example", 300),
        "token-draft.json": token_claims(
            fresh, 1, "https://attest.example", "https://vault.example", 300),
        "wire-receipt.tlog-proof": tlog_proof(report_1, 1, [leaf[0]], note),
        "fork-prefix.txt": b"hallmark fork proof v1\nprefix 2\n\n" + note + b"\n"
                           + fork_side(other_root, [], other_note),
        "fork-subtree.txt": b"hallmark fork proof v1\nsubtree 0 1\n\n"
                            + fork_side(leaf[1], [leaf[0]], note) + b"\n"
                            + fork_side(other_leaf, [leaf[0]], other_note),
        "key-transition.txt": transition,
        "notice-key.json": change,
        "notice-token.json": notice(
            "token", TIME_MS // 1000, place(list(log.values()), 0), in_force(), seen),
        "notice-feed.json": notice("feed", TIME_MS // 1000, place(list(log.values()), 0), known, {
            "name": "debian-12", "sha256": ADVISORIES.hex(), "written": TIME_MS // 1000 - 20}),
        "in-force-feed.txt": known,
        "token-seen.txt": to_json(seen) + b"\n",
        "notice-transcript.json": log["notice-start.json"][:-1] + to_json(
            {"hallmark.extensions": {"transcript": sha256(b"a transcript").hex()}}).replace(b"{", b",", 1),
        "key-succession.txt": signed_note(key_change(
            "succession", lost, signer, "size 2", f"root {base64.b64encode(root).decode()}",
            *(f"statement {s}" for s in sorted(sha256(s).hex() for s in (b"one", b"another")))), signer),
        "wire-signer.pem": signer.pem().encode(),
        "wire-collector.pem": collector.pem().encode(),
    }
    return out


if __name__ == "__main__":
    write_or_check(make)
