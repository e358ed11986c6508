#!/usr/bin/python3
"""Writes the seeds of what a host and the programs' own files hold: /proc, dpkg's status, chains,
the guard's state, pending files, configurations, manifests, operators, statements, patterns, certificates."""

import base64
import datetime
import hashlib
import json
import pathlib
import sqlite3
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "lib"))

import wire


def write(parser, name, data):
    folder = HERE / "corpus" / parser
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def seed_procfs():
    write("procfs", "maps", """\
559d3c0b3000-559d3c0b5000 r-xp 00002000 fe:00 1234      /usr/bin/cat
7f0000000000-7f0000001000 rwxp 00000000 00:00 0
7f0000001000-7f0000002000 r-xs 00000000 00:01 77        /memfd:a b (deleted)
7f0000002000-7f0000003000 r-xp 00000000 fe:00 9         /tmp/line\\012feed (deleted)
7ffc0a0b0000-7ffc0a0d1000 rw-p 00000000 00:00 0         [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
""")
    write("procfs", "maps-wrong", """\
7f0000002000-7f0000001000 r-xp 00000000 fe:00 9 /backwards
10000000000000000-2 r-xp 0 0:0 0
1-2 r-xq 00000000 fe:00 9
1-2 r-xp 00000000 1ffffffff:00 9
1-2 r-xp 00000000 fe:00 99999999999999999999
1-2 r-xp 00000000 fe:00 9/path
""")
    write("procfs", "stat", "42 (a) b) 1 2) S 1 42 42 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 12345 "
          "1000 100 18446744073709551615 94000 94100 140000 0 0 0 0\n")
    write("procfs", "stat-short", "42 (a) S 1 42\n")
    write("procfs", "stat-wrong", "42 (a) S -1 x 42 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 1 1 1 1 1 1 1 1 1")
    write("procfs", "status", "Name:\ta\nUid:\t0\t1\t2\t3\nGroups:\t4 20 24 \nCapEff:\t"
          "000001ffffffffff\nNoNewPrivs:\t0\n:\tempty\n")
    write("procfs", "cgroup", "0::/system.slice/app.service/worker\n1:name=systemd:/system.slice/"
          "app-\\x2d@1.scope\n0::/user.slice/user-0.slice/user@0.service/app.service\n0::/../x\n")
    for name, text in (("pid", "1234\n"), ("pid-zero", "0"), ("pid-huge", "4294967296"),
                       ("pid-spaces", " \t7 \n")):
        write("procfs", name, text)


def seed_runtime():
    write("runtime", "status", "sName:\tapp\nTgid:\t9\nTracerPid:\t0\nUid:\t0\t1\t2\t3\nGid:\t0\t0\t0\t0\n"
          "Groups:\t4 24 27\x20\nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\n"
          "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"
          "NoNewPrivs:\t0\nSeccomp:\t2\n")
    write("runtime", "arguments", "a/bin/app\0--flag\0\0last")
    write("runtime", "environment", "ePATH=/bin\0LD_PRELOAD=/x.so\0PATH\0PATH=again\0=\0")


def seed_packages():
    one = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
    write("packages", "two", "d" + one + "Description: x\n more\n\n" + one.replace(": a", ": b"))
    write("packages", "removed", "dPackage: a\nStatus: deinstall ok config-files\n\n\n" + one)
    write("packages", "twice", "d" + one + "Package: b\n")
    write("packages", "lacking", "d" + one.replace("Version: 1\n", ""))
    write("packages", "nul", "d" + one.replace("1", "\0"))
    write("packages", "no-end", "dPackage:a\nVersion:\nArchitecture:\nStatus: install reinstreq unpacked")
    write("packages", "long", "d" + one.replace("1", "1" * 70000))
    write("packages", "journal", "j" + one + "Multi-Arch: same\n\n" + one.replace("all", "amd64"))
    write("packages", "apk", "aC:Q1x\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\na:0:0:755\n\nP:a b\n\nV:1\nV:2\n")
    for number in ("1", "2"):
        header = (HERE.parent / f"vectors/rpm-{number}.header").read_bytes()
        write("packages", f"rpm-{number}", b"h" + header)
        write("packages", f"rpm-{number}-cut", b"h" + header[:-1])
    with sqlite3.connect(":memory:") as db:
        db.execute("PRAGMA page_size = 512")
        db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
        db.execute("INSERT INTO Packages VALUES (1, ?)", (header,))
        db.commit()
        write("packages", "rpm-database", b"s" + db.serialize())


def seed_keys():
    for name, text in (("ini", "\xef\xbb\xbf# x\n[a b]\r\nk = v ; w\nk=2\n[]\n x\n=\n"), ("long", "[" + "s" * 99 + "]\nk=v"),
                       ("open", "[a\nk=v"), ("nul", "k=\0"), ("percent", "%\xff\x7f=1\n%FF%7F=2"),
                       ("longest", "k" * 5000)):
        write("keys", name, b"i" + text.encode("latin-1"))
    write("keys", "keyvalue", "k[a]\nexport A=1\n;A=2\nA=3")


def chain_bundle(seq, prev, offline=True):
    return wire.bundle("w", seq, prev, b"" if offline else bytes(range(32)),
                       {"executable": wire.component("executable", [])},
                       time_ms=1_700_000_000_000 + seq, next_s=66,
                       ext={"program": bytes(32),
                            **({"gap": 0} if offline else {"challenge": bytes(8)})})


def seed_chain():
    file = "hallmark chain 1\nseq {}\nbundle {}\nfresh {}\nsigned {}\ndropped 2\nsince 1700000000\n"
    first = chain_bundle(1, bytes(32), offline=False)
    second = chain_bundle(2, sha256(first))
    third = chain_bundle(3, sha256(second))

    def record(bundle, signature=b""):
        return b"HMQ1" + struct.pack(">II", len(bundle), len(signature)) + bundle + signature

    queue = record(first, b"signature") + record(second) + record(third)
    write("chain", "new", b"\xff" + queue)
    write("chain", "first-acknowledged",
          file.format(1, sha256(first).hex(), 1, 1_700_000_000).encode() + b"\xff" + queue)
    write("chain", "all-acknowledged",
          file.format(3, sha256(third).hex(), 1, 0).encode() + b"\xff" + queue)
    write("chain", "cut", b"\xff" + queue[:-5])
    write("chain", "zeros", b"\xff" + record(first) + bytes(5000))
    write("chain", "gap", b"\xff" + record(first) + record(third))
    write("chain", "altered", b"\xff" + queue.replace(b"executable", b"executablf"))
    write("chain", "huge", b"\xff" + b"HMQ1" + b"\xff" * 8 + first)
    write("chain", "zero-with-digest", file.format(0, sha256(first).hex(), 0, 0))
    write("chain", "seq-huge", file.format(2**64 - 1, sha256(first).hex(), 0, 0))
    write("chain", "fresh-before-seq", file.format(1, sha256(first).hex(), 2, 0))
    write("chain", "dropped-without-end", file.format(1, sha256(first).hex(), 1, 0)
          .replace("dropped 2", f"dropped {2**53}"))
    write("chain", "no-digest", file.format(1, "", 1, 0))


def seed_segments():
    def record(content, digest=None):
        return (digest or sha256(content)) + struct.pack(">I", len(content)) + content

    two = record(b"one") + record(b"second")
    write("segments", "two", two)
    write("segments", "same", two + record(b"ONE", sha256(b"one")))
    write("segments", "struck", record(b"one", bytes(32)) + record(b"second"))
    write("segments", "cut", two[:-1])
    write("segments", "cut-head", two + bytes(35))
    write("segments", "no-bytes", sha256(b"") + bytes(4) + two)
    write("segments", "huge", sha256(b"x") + b"\xff" * 4 + two)


def guard_slot(sequence, size, root, phase=0, transition=bytes(32), closed_s=0):
    body = (b"HMG2" + struct.pack(">IQQ", phase, sequence, size) + root + transition +
            struct.pack(">Q", closed_s))  # 96 bytes
    return (body + sha256(body)).ljust(4096, b"\0")


def seed_guard():
    a, b = guard_slot(4, 7, sha256(b"a")), guard_slot(5, 9, sha256(b"b"))
    write("guard", "good", a + b)
    write("guard", "newer-first", guard_slot(6, 9, sha256(b"b")) + b)
    write("guard", "smaller", a + guard_slot(5, 6, sha256(b"b")))
    write("guard", "gap", a + guard_slot(7, 9, sha256(b"b")))
    write("guard", "wrong-place", b + a)
    write("guard", "damaged", a[:30] + b"\0" + a[31:] + b)
    write("guard", "one", a)
    write("guard", "cut", (a + b)[:4096 + 60])
    write("guard", "empty", b"")
    t = sha256(b"t")
    write("guard", "waiting", guard_slot(4, 0, sha256(b""), 1, t) + guard_slot(5, 0, sha256(b""), 1, t))
    write("guard", "closed", guard_slot(4, 7, sha256(b"a")) + guard_slot(5, 9, sha256(b"b"), 2, t, 1))
    write("guard", "retired", a + guard_slot(5, 9, sha256(b"b"), 3, t, 1))
    write("guard", "no-phase", a + guard_slot(5, 9, sha256(b"b"), 4))
    write("guard", "lifetimes", guard_slot(4, 7, sha256(b"a"), 300 << 8) + guard_slot(5, 9, sha256(b"b"), 86400 << 8))
    write("guard", "last", guard_slot(2**64 - 2, 7, sha256(b"a")) +
          guard_slot(2**64 - 1, 9, sha256(b"b")))


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", tree_root(leaves[:k]), tree_root(leaves[k:]))


def seed_pending():
    entries = [b"{%d}" % i for i in range(5)]

    def record(first, last, root=None):
        body = b"".join(struct.pack(">H", len(e)) + e for e in entries[first:last])
        leaves = [sha256(b"\0", e) for e in entries[:last]]
        return (b"HMB1" + struct.pack(">IQQ", last - first, len(body), first) + bytes(8) + body +
                (root or tree_root(leaves)))

    end = bytes(32)
    write("pending", "two", record(0, 2) + record(2, 5) + end)
    write("pending", "torn", record(0, 2) + record(2, 5)[:-9])
    write("pending", "earlier-use", record(0, 2) + end + record(0, 3))
    write("pending", "wrong-root", record(0, 2) + record(2, 5, bytes(32)) + end)
    write("pending", "gap", record(0, 2) + record(3, 5) + end)
    write("pending", "later", record(2, 5) + end)
    write("pending", "end", end)
    write("pending", "counts", b"HMB1" + b"\xff" * 20 + bytes(8))
    write("pending", "wraps", b"HMB1" + struct.pack(">IQQ", 5, 20, 2**64 - 2) + bytes(100))


def seed_config():
    for name in ("signer", "hsm", "collector"):
        text = (ROOT / f"config/samples/{name}.yaml").read_text()
        write("config", name, text)
        write("config", f"{name}-all", "\n".join(
            line.replace("# ", "", 1) if line.strip().startswith("# ") and line.rstrip()[-1:].isdigit()
            else line for line in text.split("\n")))
    # The target makes an empty file `key`, and the directory is its own.
    write("config", "good-hsm", "origin: a\nmodule: key\ntoken: a\nkey: a\npin_file: key\n"
          "certificate: key\nguard: .\nsessions: 16\ntokens: [{profile: a, iss: a, aud: [\"a:b\"], "
          "collectors: [a/*], workloads: ['*'], statuses: [none]}]\n")
    write("config", "byte-order-mark", b"\xef\xbb\xbf" + (HERE / "corpus/config/good-hsm").read_bytes())
    write("config", "good-signer", 'listen: "[::1]:7443"\nlog: {origin: a, directory: log}\n'
          "evidence: {directory: evidence}\nindex: index\ntls: {certificate: key, key: key, "
          "client_ca: key, client_crl: key}\nkey_process: {socket: s}\npolicy: key\n"
          "status: {socket: t}\nlimits: {in_flight: 1}\nlogging: {format: json}\n"
          "relays: [a, spiffe://b]\n")
    write("config", "good-collector", 'signers: [{address: "a:1", log_certificate: key}]\n'
          "tls: {certificate: key, key: key, signer_ca: key}\nstate: .\nreceipts: .\n"
          "workloads: [{name: a, pid_file: p, measure: [files, runtime], files: [/a], "
          "environment: [A]}, {name: b, unit: b.service, measure: [host]}]\n")
    write("config", "addresses", 'listen: "[::1]7443"\nsigners: [{address: "[::1]:0"}, {address: '
          '":1"}, {address: "a:b:1"}, {address: "[]:1"}, {address: a}]\n')
    write("config", "lists", "workloads: [{}, {name: a, unit: .service, measure: [files, files], "
          "files: [a], environment: [1, =]}, 7]\nsigners: {}\n")


def seed_manifest():
    digest = sha256(b"x").hex()
    first = "hallmark manifest v1\nsemantics 1\n"
    head = f"{first}policy p {digest}\n"
    write("manifest", "good", f"{head}reference a {digest}\nreference b {digest}\n")
    write("manifest", "full", f"{first}collectors-ca a {digest}\ncollectors-ca b {digest}\n"
          f"operators operators {digest}\npolicy p {digest}\nreference a {digest}\n")
    write("manifest", "none", head)
    write("manifest", "later-kind", f"{head}source a {digest}\n")
    write("manifest", "later-semantics", head.replace("semantics 1", "semantics 2"))
    write("manifest", "semantics-01", head.replace("semantics 1", "semantics 01"))
    write("manifest", "two-policies", f"{head}policy q {digest}\n")
    write("manifest", "no-policy", f"{first}reference a {digest}\n")
    write("manifest", "operators-named", f"{first}operators o {digest}\npolicy p {digest}\n")
    write("manifest", "two-digests", f"{head}reference a {digest}\nreference a {digest[::-1]}\n")
    write("manifest", "unsorted", f"{head}reference b {digest}\nreference a {digest}\n")
    write("manifest", "twice", f"{head}reference a {digest}\nreference a {digest}\n")
    write("manifest", "upper", head.replace(digest, digest.upper()))
    write("manifest", "cut", head[:-1])
    write("manifest", "nameless", f"{head}reference  {digest}\n")


def seed_operators():
    sample = (ROOT / "config/samples/operators.yaml").read_text()
    key = [line.split()[1] for line in sample.split("\n") if line.strip().startswith("key: ")][2]
    one = f"operators:\n  - {{name: o, rights: [approve], key: {key}}}\n"
    write("operators", "sample", sample)
    write("operators", "small", one)
    for name, more in (("thresholds", "[{kind: approve, count: 1}, {kind: clock, count: 1}]"),
                       ("threshold-high", "[{kind: approve, count: 2}, {kind: retire, count: 0}, "
                                          "{kind: revoke, count: 2}]")):
        write("operators", name, f"{one}thresholds: {more}\n")
    write("operators", "twice", f"{one}  - {{name: o, rights: [approve, approve], key: {key}}}\n")
    for name, old, new in (("no-approver", "approve", "retire"), ("kind", "approve", "approval"),
                           ("key-cut", key, key[:-4]), ("key-base64", key, key + "="),
                           ("until", "rights", "until: 2027-02-30T00:00:00Z, rights"),
                           ("until-good", "rights", 'until: 2027-02-28T00:00:00Z, role: "", rights')):
        write("operators", name, one.replace(old, new))
    write("operators", "empty", "")
    write("operators", "faulty", "operators: [{}, 7, {name: a b, rights: [], key: ''}]\n"
          "thresholds: {}\nmore: 1\n")


def seed_statement():
    def spelled(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    for path in sorted((HERE.parent / "vectors").glob("statement-*.json")):
        write("statement", path.name, path.read_bytes())
    envelope = (HERE.parent / "vectors/statement-approve.json").read_text()
    for name, old, new in (("space", "}]}", "}]} "), ("cut", "}]}", ""), ("base64", '"sig":"M', '"sig":"='),
                           ("two", "}]}", '},{"keyid":"00","sig":"AA"}]}')):
        write("statement", f"envelope-{name}", envelope.replace(old, new))
    hold = json.loads((HERE.parent / "vectors/statement-hold.json").read_text())
    body = json.loads(base64.b64decode(hold["payload"]))
    short = {k: v for k, v in body.items() if k != "author"}
    for name, fields in (
            ("hold", body), ("short", short),
            ("eight", {**body, "subject": dict.fromkeys("abcdefgh", "x")}),
            ("nine", {**body, "subject": dict.fromkeys("abcdefghi", "x")}),
            ("hidden", {**body, "reason": "a\u202eb"}), ("number", {**body, "number": 2**53}),
            ("retire", {**body, "hallmark.statement": "retire",
                        "subject": {"collector": "spiffe://x/a", "workload": "app"}}),
            ("pattern", {**body, "hallmark.statement": "maintenance",
                         "subject": {"collectors": "*", "workloads": "a\\"}})):
        write("statement", f"payload-{name}", spelled(fields))
    write("statement", "empty", "")


def seed_transcript():
    def spelled(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    keys = [ed25519.Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
    spki = [k.public_key().public_bytes(serialization.Encoding.DER,
                                        serialization.PublicFormat.SubjectPublicKeyInfo) for k in keys]
    present = [{"name": n, "key": base64.b64encode(s).decode()} for n, s in zip(("alice", "b\\ob"), spki)]
    body = {"hallmark.transcript": "log.test/1", "time": "2026-11-30T00:00:00Z",
            "token": {"label": "a \"b\"", "serial": "7", "mechanisms": ["0x1", "0x1041"]},
            "keys": [{"label": "log", "attributes": {"CKA_LOCAL": "true"}}],
            "guard": {"size": 0, "root": "00"}, "attestations": [], "present": present}
    kind = "application/vnd.hallmark.transcript+json"

    def envelope(payload, *signers):
        text = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        return spelled({"payloadType": kind, "payload": base64.b64encode(payload).decode(),
                        "signatures": [{"keyid": sha256(spki[n]).hex(),
                                        "sig": base64.b64encode(keys[n].sign(text)).decode()}
                                       for n in signers]})

    payload = spelled(body).encode()
    write("transcript", "payload", payload)
    for name, signers in (("one", [0]), ("two", [0, 1]), ("order", [1, 0]), ("twice", [1, 1]), ("none", [])):
        write("transcript", name, envelope(payload, *signers))
    for name, changed in (
            ("dot", {**body, "present.1.name": "eve"}), ("nobody", {**body, "present": []}),
            ("one-key", {**body, "present": [present[0], {**present[1], "key": present[0]["key"]}]}),
            ("no-key", {**body, "present": [{"name": "alice"}, present[1]]}),
            ("hidden", {**body, "time": "a\u202eb"}), ("deep", {**body, "guard": {"size": [[[[0]]]]}}),
            ("again", {**body, "more": {"present": present}}),
            ("public", {**body, "keys": [{"public": p["key"]} for p in [*present, present[0]]]}),
            ("public-no-base64", {**body, "keys": [{"public": "a"}]})):
        write("transcript", f"payload-{name}", spelled(changed))
    write("transcript", "changed", envelope(payload, 0).replace('"sig":"', '"sig":"AA'))
    write("transcript", "space", envelope(payload, 0) + " ")


def seed_grant():
    vectors = HERE.parent / "vectors"
    for name in ("act-grant", "break-glass", "approve", "hold"):
        write("grant", f"statement-{name}.json", (vectors / f"statement-{name}.json").read_bytes())
    granted = (vectors / "statement-act-grant.json").read_bytes()
    write("grant", "cut", granted[:200])
    start = granted.index(b'"sig":"') + len(b'"sig":"')
    write("grant", "forged", granted[:start] + b"A" + granted[start + 1:])
    write("grant", "empty", b"")


def seed_pattern():
    for name, text in (("files", "/etc/app/[a-m]*.conf\napp.conf"), ("below", "/opt/app/**\nx"),
                       ("escape", "/a\\*/\\[b\n*"), ("class", "/[!]-a]/[[:alpha:]]/[]\n]"),
                       ("stars", "/" + "*a" * 30 + "\n" + "a" * 29), ("relative", "a/b\na"),
                       ("dots", "/a/../b\n.."), ("deep", "/a" * 70 + "\na"),
                       ("identity", "spiffe://bank.example/host/*\nspiffe://bank.example/host/a/b")):
        write("pattern", name, text)


def seed_identity():
    key = ec.derive_private_key(7, ec.SECP256R1())

    def certificate(*names):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
                   .public_key(key.public_key())
                   .not_valid_before(datetime.datetime(2026, 1, 1))
                   .not_valid_after(datetime.datetime(2036, 1, 1)))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    uri, dns = x509.UniformResourceIdentifier, x509.DNSName
    good = certificate(uri("spiffe://test/a"))
    write("identity", "uri", good)
    write("identity", "dns", certificate(dns("a.test")))
    write("identity", "dns-upper", certificate(dns("Host-1.TEST")))
    write("identity", "dns-colon", certificate(dns("spiffe://test/a")))
    write("identity", "no-scheme", certificate(uri("test/a")))
    write("identity", "scheme-alone", certificate(uri("spiffe:")))
    write("identity", "two-uris", certificate(uri("spiffe://test/a"), uri("spiffe://test/b")))
    write("identity", "uri-and-dns", certificate(uri("spiffe://test/a"), dns("a.test")))
    write("identity", "none", certificate())
    write("identity", "long", certificate(uri("spiffe://test/" + "a" * 600)))
    write("identity", "nul", good.replace(b"spiffe://test/a", b"spiffe://test\0a"))
    write("identity", "escape", good.replace(b"spiffe://test/a", b"spiffe://te\x1b[a/"))
    write("identity", "cut", good[:200])


if __name__ == "__main__":
    for function in (seed_procfs, seed_runtime, seed_packages, seed_keys, seed_chain, seed_segments, seed_guard,
                     seed_pending, seed_config, seed_manifest, seed_operators, seed_statement, seed_grant,
                     seed_transcript, seed_pattern, seed_identity):
        function()
