#!/usr/bin/python3
"""The record of a ceremony: what hallmark-hsm writes, held against what others see of the token, and
the signatures of those present, verified by a second implementation."""

import base64
import hashlib
import json
import pathlib
import subprocess

import hallmark
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hallmark import MODULE, ORIGIN, Site

TYPE = "application/vnd.hallmark.transcript+json"
BOTH = {"ed25519_key": "beside", "ed25519_verifier": "log.vkey"}


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def people(site):
    """alice has a key on P-256, bob one of Ed25519; the files of both halves."""
    keys = {"alice": ec.generate_private_key(ec.SECP256R1()),
            "bob": ed25519.Ed25519PrivateKey.generate()}
    for name, key in keys.items():
        site.secret(f"{name}.key", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode())
        site.path(f"{name}.pub").write_bytes(key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return keys


def asked(site, *more, file="t.json", names=("alice", "bob")):
    present = [word for n in names for word in ("--present", f"{n}={site.path(n + '.pub')}")]
    return ["--transcript", str(site.path(file)), *present, *more]


def transcript(site, *arguments, check=True):
    return site.tool("hallmark-hsm", "transcript", *map(str, arguments), check=check)


def sign(site, source, name, target, check=True):
    return transcript(site, "sign", site.path(source), "--key", site.path(f"{name}.key"), "-o",
                      site.path(target), check=check)


def verify(envelope, keys):
    """Who has signed, by python3-cryptography; the payload."""
    assert envelope["payloadType"] == TYPE and set(envelope) == {"payloadType", "payload",
                                                                "signatures"}
    payload = base64.b64decode(envelope["payload"], validate=True)
    text = f"DSSEv1 {len(TYPE)} {TYPE} {len(payload)} ".encode() + payload
    signed = set()
    for s in envelope["signatures"]:
        name = next(n for n, k in keys.items() if hashlib.sha256(spki(k)).hexdigest() == s["keyid"])
        more = [ec.ECDSA(hashes.SHA256())] if name == "alice" else []
        keys[name].public_key().verify(base64.b64decode(s["sig"]), text, *more)
        signed.add(name)
    return signed, payload


def test_it_says_what_there_is():
    with Site(hsm=BOTH) as site:
        keys = people(site)
        site.path("vendor.pem").write_bytes(b"what the vendor says\n")
        done = site.hsm("init", *asked(site, "--attestation", str(site.path("vendor.pem"))))
        data = site.path("t.json").read_bytes()
        assert hashlib.sha256(data).hexdigest() in done.stdout, done.stdout
        t = json.loads(data)
        assert data.decode() == json.dumps(t, separators=(",", ":"), ensure_ascii=False)
        assert t["hallmark.transcript"] == ORIGIN and t["time"].endswith("Z")
        module = pathlib.Path(MODULE).read_bytes()
        assert t["module"]["sha256"] == hashlib.sha256(module).hexdigest()
        told = subprocess.run(["pkcs11-tool", "--module", MODULE, "--list-slots"], env=site.env,
                              capture_output=True, text=True, check=True).stdout
        assert f"serial num         : {t['token']['serial']}" in told, told
        assert f"/{t['token']['firmware']}" in told.split("firmware version", 1)[1] or \
            t["token"]["firmware"] in told, told
        assert "0x1041" in t["token"]["mechanisms"]  # CKM_ECDSA
        assert [k["label"] for k in t["keys"]] == ["log", "beside"]
        for k in t["keys"]:
            assert k["came"] == "made in this ceremony"
            assert k["attributes"] == {
                "CKA_SENSITIVE": "true", "CKA_ALWAYS_SENSITIVE": "true", "CKA_EXTRACTABLE": "false",
                "CKA_NEVER_EXTRACTABLE": "true", "CKA_LOCAL": "true"}
        assert t["keys"][1]["verifier"] == site.path("log.vkey").read_text().strip()
        assert t["guard"] == {"size": 0, "root": hashlib.sha256(b"").hexdigest()}
        assert base64.b64decode(t["attestations"][0]["content"]) == b"what the vendor says\n"
        assert [(p["name"], base64.b64decode(p["key"])) for p in t["present"]] == \
            [(n, spki(k)) for n, k in keys.items()]
        site.hsm("self-sign")
        log = x509.load_pem_x509_certificate(site.path("log.crt").read_bytes()).public_key()
        assert base64.b64decode(t["keys"][0]["public"]) == log.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_those_present_sign_and_nobody_else():
    with Site() as site:
        keys = people(site)
        site.hsm("init", *asked(site))
        assert "missing  1 of 2" in sign(site, "t.json", "bob", "t1.json").stdout
        assert "missing  0 of 2" in sign(site, "t1.json", "alice", "t2.json").stdout
        envelope = json.loads(site.path("t2.json").read_bytes())
        assert verify(envelope, keys) == ({"alice", "bob"}, site.path("t.json").read_bytes())
        shown = transcript(site, "show", site.path("t1.json")).stdout
        assert all(line[40] == " " < min(line[0], line[41]) for line in shown.splitlines()), "no table"
        for line in (f"{'signed by':40} bob", f"{'not signed by':40} alice", f"{'token.label':40} test",
                     f"{'keys.1.attributes.CKA_LOCAL':40} true",
                     hashlib.sha256(site.path("t1.json").read_bytes()).hexdigest()):
            assert line in shown, shown
        assert transcript(site, "show", site.path("t2.json"), "--json").stdout.encode() == \
            site.path("t.json").read_bytes() + b"\n"
        again = sign(site, "t2.json", "alice", "t3.json", check=False)
        assert again.returncode == 1 and "has signed it already" in again.stderr
        site.secret("carol.key", ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()).decode())
        other = sign(site, "t.json", "carol", "t3.json", check=False)
        assert other.returncode == 1 and "nobody who was present" in other.stderr
        assert not site.path("t3.json").exists()
        before = site.path("t1.json").read_bytes()
        over = sign(site, "t.json", "alice", "t1.json", check=False)
        assert over.returncode == 1 and "name a new file" in over.stderr
        assert site.path("t1.json").read_bytes() == before


def test_what_was_changed_is_refused():
    with Site() as site:
        people(site)
        site.hsm("init", *asked(site))
        sign(site, "t.json", "alice", "t1.json")
        whole = site.path("t1.json").read_text()
        envelope = json.loads(whole)
        payload = base64.b64decode(envelope["payload"])

        def refused(text, word):
            site.path("bad.json").write_text(text)
            done = transcript(site, "show", site.path("bad.json"), check=False)
            assert done.returncode == 1 and word in done.stderr and not done.stdout, (text, done)

        def written(**changes):
            return json.dumps({**envelope, **changes}, separators=(",", ":"))

        assert written() == whole
        changed = base64.b64encode(payload.replace(b'"true"', b'"TRUE"', 1)).decode()
        refused(written(payload=changed), "does not verify")
        refused(written(signatures=envelope["signatures"] * 2), "twice by one")
        stranger = [{**envelope["signatures"][0], "keyid": "ab" * 32}]
        refused(written(signatures=stranger), "not present")
        refused(whole.replace(":", ": ", 1), "expected the transcript")
        refused(whole[:-1], "expected the transcript")
        refused(whole + "\n", "expected the transcript")
        for old, new in ((b'"present":[', b'"nobody":['), (b'"name":"bob"', b'"name":""'),
                         (b'"token":', b'"to.ken":'), (b'"size":0', b'"size":00'),
                         (b'"size":0', b'"size":[[[[0]]]]')):
            assert old in payload
            refused(payload.replace(old, new, 1).decode(), "expected the transcript")


def test_a_transcript_is_never_written_over_another_and_none_is_left_of_what_failed():
    with Site() as site:
        people(site)
        site.path("t.json").write_text("another")
        done = site.hsm("init", *asked(site), check=False)
        assert done.returncode == 1 and "name a new file" in done.stderr, done
        assert site.path("t.json").read_text() == "another"
        dry = site.hsm("init", "--dry-run", *asked(site), check=False)
        assert dry.returncode == 1 and "expected a new file" in dry.stderr, dry
        dry = site.hsm("init", "--dry-run", *asked(site, file="u.json"))
        assert f"would write  {site.path('u.json')}" in dry.stdout and not site.path("u.json").exists()
        site.hsm("init")  # nothing was made before
        done = site.hsm("init", *asked(site, file="u.json"), check=False)
        assert done.returncode == 1 and not site.path("u.json").exists(), done


def test_a_key_that_is_there_is_told_as_found():
    """Made by the vendor's tool, or before: its attestation exists by then."""
    with Site(hsm=BOTH) as site:
        people(site)
        site.hsm("init")
        done = site.hsm("show", "--json", *asked(site, names=("alice",)))
        json.loads(done.stdout)
        t = json.loads(site.path("t.json").read_bytes())
        assert [k["came"] for k in t["keys"]] == ["found on the token"] * 2
        site.guard_file().unlink()
        site.path("log.vkey").unlink()
        site.hsm("init", "--existing", *asked(site, file="u.json"))
        t = json.loads(site.path("u.json").read_bytes())
        assert [k["came"] for k in t["keys"]] == ["found on the token"] * 2


def test_who_was_present_is_named_once_with_a_key():
    with Site() as site:
        people(site)
        alice = f"alice={site.path('alice.pub')}"
        file = ["--transcript", str(site.path("t.json"))]
        for words, word in ((file, "together"), (["--present", alice], "together"),
                            (file + ["--present", "alice"], "expected a name"),
                            (file + ["--present", f"={site.path('alice.pub')}"], "expected a name"),
                            (file + ["--present", f"al\u200bice={site.path('alice.pub')}"],
                             "expected a name"),
                            (file + ["--present", alice, "--present", alice], "one key"),
                            (file + ["--present", alice, "--present",
                                     f"bob={site.path('alice.pub')}"], "one key"),
                            (file + ["--present", alice, "--present",
                                     f"alice={site.path('bob.pub')}"], "one name"),
                            (file + ["--present", "alice=absent"], "absent"),
                            (file + ["--present", alice, "--attestation", "absent"], "absent")):
            done = site.hsm("init", *words, check=False)
            assert done.returncode == 1 and word in done.stderr, (words, done)
            assert not site.path("t.json").exists()
        many = [word for _ in range(17) for word in ("--present", alice)]
        assert site.hsm("init", *file, *many, check=False).returncode == 2


if __name__ == "__main__":
    hallmark.run_tests(__name__)
