"""Entries of a log, written from proto/PROTOCOL.md (section 7): reports of both dialects, absences, notices.

Shares no code with Hallmark. Claims are given in the order of their keys; to_json spells them.
"""

import base64
import collections
import hashlib
import json

import msgpack

PROFILES = {False: "tag:github.com,2023:veraison/ear", True: "tag:ietf.org,2026:rats/ear#04"}
APPRAISAL = "tag:github.com,2026:hallmark/ear#1"
ABSENCE = "tag:github.com,2026:hallmark/absence#1"
OWN = "hallmark."


def to_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def tree_root(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_root(leaves[:left]) + tree_root(leaves[left:])).digest()


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def place(index, entry):
    """How another entry names this one."""
    return {"index": index, "leaf": leaf_hash(entry)}


def kind_of(entry):
    if entry.startswith(b'{"eat_profile":"' + ABSENCE.encode() + b'"'):
        return "absence"
    return "notice" if entry.startswith(b'{"hallmark.notice":"') else "report"


# --- reports -------------------------------------------------------------------------------------

Head = collections.namedtuple("Head", "iat exp iss sub developer build")


def report(bundle, head, verdict, behind, draft=False):
    """`bundle`: its canonical bytes. `verdict`: names as in "status", "finding-count"; `behind`: as in
    "notice", "previous-report"; both in their order."""
    fields = msgpack.unpackb(bundle)
    nonce = fields.get("ext", {}).get("challenge") or fields["nonce"]
    eat_nonce = {"eat_nonce": base64url(nonce)} if nonce else {}
    behind = {"form": 1, "bundle": bundle_claims(fields), **behind}
    verifier = {"developer": head.developer, "build": head.build}
    return {"eat_profile": PROFILES[draft], "iat": head.iat, "exp": head.exp, "iss": head.iss,
            "sub": head.sub, "jti": sha256(bundle),
            **({"ear_verifier_id": verifier} if draft else
               {**eat_nonce, "ear.verifier-id": verifier}),
            "submods": {fields["workload"]: draft_appraisal(verdict, eat_nonce) if draft else
                        deployed_appraisal(verdict)},
            **({"hallmark": behind} if draft else own(behind))}


def own(claims):
    return {OWN + name: value for name, value in claims.items()}


FINDINGS = ("references", "findings", "finding-count", "not-checked")


def findings(verdict):
    """What was accepted is left out where nothing was, and what is not rolled out."""
    return {name: verdict[name] for name in (*FINDINGS[:3], "group", "rollout", *FINDINGS[3:], "accepted", "exceptions", "feeds")
            if name in FINDINGS or verdict.get(name)}


def deployed_appraisal(verdict):
    return {"ear.status": verdict["status"],
            **({"ear.trustworthiness-vector": verdict["vector"]} if verdict["vector"] else {}),
            "ear.appraisal-policy-id": verdict["policy"],
            **own(findings(verdict))}


def draft_appraisal(verdict, eat_nonce):
    return {"eat_profile": APPRAISAL, "ear_status": verdict["status"],
            **({"ear_trustworthiness_vector": verdict["vector"]} if verdict["vector"] else {}),
            "ear_appraisal_policy_ids": [verdict["policy"]], **eat_nonce,
            "hallmark": findings(verdict)}


def bundle_claims(fields):
    ext = fields.get("ext", {})
    return {"seq": fields["seq"], "prev": fields["prev"].hex(), "boot": fields["boot"].hex(),
            "time": fields["time"], "next": fields["next_s"], "offline": not fields["nonce"],
            **({"nonce": base64url(fields["nonce"])} if "challenge" in ext else {}),
            "components": {kind: {"sha256": digest.hex(), "count": count, "size": size}
                           for kind, (digest, count, size) in fields["components"].items()},
            **({"extensions": base64url(pack(ext))} if ext else {})}


class Report:
    """What a report says, whichever dialect it is in."""

    def __init__(self, entry):
        claims = json.loads(entry)
        self.draft = claims["eat_profile"] == PROFILES[True]
        self.iat, self.collector = claims["iat"], claims["sub"]
        (self.workload, member), = claims["submods"].items()
        self.policy = (member["ear_appraisal_policy_ids"][0] if self.draft else
                       member["ear.appraisal-policy-id"])
        self.own = claims["hallmark"] if self.draft else {
            name[len(OWN):]: value for name, value in claims.items() if name.startswith(OWN)}
        self.nonce = base64url_bytes((member if self.draft else claims).get("eat_nonce", ""))
        if "nonce" in self.own["bundle"]:
            self.nonce = base64url_bytes(self.own["bundle"]["nonce"])

    def bundle_extensions(self):
        return msgpack.unpackb(base64url_bytes(self.own["bundle"].get("extensions", "gA")))

    def bundle(self):
        """Its canonical bytes."""
        fields = self.own["bundle"]
        extensions = self.bundle_extensions()
        return pack({
            "v": 1, "workload": self.workload, "seq": fields["seq"],
            "prev": bytes.fromhex(fields["prev"]), "nonce": self.nonce,
            "boot": bytes.fromhex(fields["boot"]), "time": fields["time"],
            "next_s": fields["next"],
            "components": {kind: [bytes.fromhex(c["sha256"]), c["count"], c["size"]]
                           for kind, c in fields["components"].items()},
            **({"ext": extensions} if extensions else {})})


# --- absences, notices ---------------------------------------------------------------------------


def absence(iat, iss, sub, absent, newest):
    """`absent`: (workload, due, count, index of the report, hex leaf hash of the entry before)."""
    text = f"hallmark absence v1\n{iss}\n{sub}\n" + "".join(
        f"{workload} {due} {count}\n" for workload, due, count, _, _ in absent)
    keys = ("workload", "due", "count", "report", "previous-report")
    return {"eat_profile": ABSENCE, "iat": iat, "iss": iss, "sub": sub, "jti": sha256(text.encode()),
            **own({"form": 1, "absent": [dict(zip(keys, a)) for a in absent], "notice": newest})}


def notice(kind, iat, iss, previous, listed, subject):
    """`previous`: place of the one before, None for the first. `listed`: what is in force."""
    return {OWN + "notice": kind, "iat": iat, "iss": iss, OWN + "form": 1,
            **({OWN + "previous-notice": previous} if previous else {}),
            OWN + "in-force": sha256(listed), OWN + "subject": subject}


def in_force(*lines):
    return "".join(line + "\n" for line in ["hallmark in force v1", *sorted(lines)]).encode()
