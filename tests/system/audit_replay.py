#!/usr/bin/python3
"""hallmark-audit replay and show: verdicts made again from stored evidence; reports, readable."""

import ctypes
import ctypes.util
import datetime
import json
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

import make_log
import wire
from audit import BAD, GOOD, UNKNOWN, Bench, audit, changed, check, flip
from hallmark import program, run_tests
from story import Policy, Story

PACK = "evidence/pack-00000001"


class Stored(Bench):
    """With the evidence that belongs to the log."""

    def __init__(self, size=12, *more, **options):
        super().__init__(size, **options)
        self.write(PACK, make_log.evidence(*more))

    def of(self, *entries):
        self.use(make_log.log_of(*entries, key=self.log.key))
        return self


def replayed(output):
    return tuple(map(int, re.search(r"(\d+) the same, (\d+) different, (\d+) not possible",
                                    output).groups()))


# --- honest logs ---------------------------------------------------------------------------------


def test_every_verdict_comes_out_to_the_byte():
    with Stored(600) as bench:
        assert replayed(bench.replay("--all")) == (598, 0, 0)
        for index in (2, 4, 255, 256, 599):
            assert replayed(bench.replay("--index", index, says="checked by --all")) == (1, 0, 0)


def test_policies_are_named_and_held_against_those_expected():
    digest = make_log.sha256(make_log.MANIFEST_TEXT).hex()
    with Stored() as bench:
        for which, count in ((["--all"], "10 reports"), (["--index", "3"], "1 report")):
            bench.replay(*which, "--policy", digest, says=f"{count} by made@sha256:{digest}")
            output = bench.replay(*which, "--policy", "0" * 64, expect=BAD,
                                  says=["none of those expected", "which is not expected",
                                        "give these verdicts, by a policy that is not expected"])
            assert replayed(output)[1:] == (0, 0), output  # they replay well, all the same


def test_an_empty_log_has_nothing_to_replay():
    with Stored(0) as bench:
        assert replayed(bench.replay("--all")) == (0, 0, 0)
        bench.replay("--index", "0", expect=UNKNOWN, says="expected an index below 0")


def test_the_log_itself_is_checked():
    with Stored(600) as bench:
        bench.replay("--all", "--origin", "hallmark.test/other", expect=BAD)
        path = bench.path("log/tile/0/001")
        with changed(path, flip(path.read_bytes(), 32 * 7)):
            bench.replay("--all", expect=BAD, says="entry 263: hashes to")
            bench.replay("--index", "256", expect=BAD, says="cannot be proved to be in the log")
        path = bench.path("log/tile/entries/000")
        with changed(path, None):
            bench.replay("--index", "1", expect=BAD)


# --- lies ----------------------------------------------------------------------------------------


def test_a_better_verdict_than_the_evidence_gives_is_proved():
    with Stored() as bench:
        vector = {"instance-identity": 2, "executables": 2}
        lie = make_log.Workload("app").report(make_log.EVIL, status="affirming", vector=vector,
                                              findings=[])
        bench.of(make_log.Workload("other").report(), lie)
        bench.replay("--all", expect=BAD,
                     says="entry 3: policy and evidence give contraindicated, the log has affirming")
        bench.replay("--index", "3", expect=BAD)
        bench.replay("--index", "2", expect=GOOD)


def test_other_lies_are_proved():
    with Stored() as bench:
        def lie(says, **changes):
            bench.of(make_log.Workload("app").report(**{"data": make_log.EVIL, **changes}))
            bench.replay("--index", "2", expect=BAD, says=says)

        finding = make_log.finding_of(make_log.EVIL)
        lie("another report, from byte", findings=[])
        lie("another report, from byte", findings=[{**finding, "subject": "/usr/bin/apq"}])
        lie("another report, from byte", findings=[finding, finding])
        lie("another report, from byte", vector={"instance-identity": 2, "executables": 33})
        lie("give affirming, the log has warning", data=make_log.GOOD, status="warning")


def test_a_collector_that_policy_does_not_allow_is_proved():
    with Stored() as bench:
        bench.of(make_log.Workload("app", collector="spiffe://elsewhere/host1").report())
        bench.replay("--all", expect=BAD, says="does not let spiffe://elsewhere/host1 speak for")


def test_a_component_that_is_none_is_proved():
    unsorted = b"\x94\xaaexecutable\x01\x90\x90x"
    other_kind = make_log.component("libraries", [])
    with Stored(0, (make_log.COMPONENT, other_kind)) as bench:
        bench.of(make_log.Workload("app").report(other_kind))
        bench.replay("--all", expect=BAD, says="component executable")
    with Stored(0, (make_log.COMPONENT, unsorted)) as bench:
        entry = make_log.Workload("app").report(make_log.GOOD)
        digest = make_log.sha256(make_log.GOOD).hex().encode()
        # The bundle is made for this digest too, so jti is wrong as well: the report itself is bad.
        bench.of(entry.replace(digest, make_log.sha256(unsorted).hex().encode()))
        bench.replay("--all", expect=BAD, says="valid form")


MANY = [make_log.file_item("/usr/bin/app", make_log.KNOWN)] + [
    make_log.file_item(f"/usr/lib/{n:04}", b"") for n in range(1999)]
VECTOR = {"instance-identity": 2, "executables": 96}


def of_many(bench, component, *segments):
    """A report of this component: 1,999 files that nobody knows."""
    digest = make_log.sha256(b"").hex()
    findings = [{"kind": "executable", "code": "unknown-file", "subject": f"/usr/lib/{n:04}",
                 "detail": f"in no reference set; found sha256 {digest}"} for n in range(16)]
    bench.of(make_log.Workload("app").report(component, status="contraindicated", vector=VECTOR,
                                             findings=findings, total=1999))
    bench.write(PACK, make_log.evidence(*((make_log.COMPONENT, content)
                                          for content in (component, *segments))))


def test_a_list_is_judged_as_what_its_segments_make():
    listed = wire.component("executable", MANY)
    first, *others = listed.segments
    assert others
    with Stored(0) as bench:
        of_many(bench, listed, *reversed(listed.segments))
        assert replayed(bench.replay("--all")) == (1, 0, 0)
        of_many(bench, listed, *others)
        output = bench.replay("--all", expect=UNKNOWN, says="the named thing does not exist")
        assert replayed(output) == (0, 0, 1)


def test_a_list_that_is_none_is_proved():
    pieces = wire.cut(MANY)
    segments = [(wire.pack(["executable", 3, piece]), len(piece)) for piece in pieces]
    plain = wire.plain("executable", MANY[:1000]), 1000
    with Stored(0) as bench:
        for component in (
                wire.listed("executable", [MANY[:1000], MANY[1000:]]),
                wire.list_of("executable", [*reversed(segments)]),
                wire.list_of("executable", [*segments, segments[-1]]),
                wire.list_of("executable", [plain, segments[-1]]),
                wire.list_of("executable", [(wire.component("executable", MANY), 2000)]),
                wire.listed("executable", wire.cut(MANY[:1024])),
                wire.plain("executable", MANY)):
            of_many(bench, component, *getattr(component, "segments", ()))
            output = bench.replay("--all", expect=BAD,
                                  says="a component is not a canonical list of measurements")
            assert replayed(output) == (0, 1, 0)


def test_a_wrong_place_in_the_chain_is_proved_by_all_of_them():
    with Stored() as bench:
        w = make_log.Workload("app")
        first = w.report()
        w.last_signed = make_log.TIME_S
        bench.of(first, w.report())
        bench.replay("--index", "3", expect=GOOD)
        bench.replay("--all", expect=BAD, says="expected hallmark.last-signed 0")


# --- evidence that is not there ------------------------------------------------------------------


def test_missing_evidence_proves_nothing():
    with Stored() as bench:
        for kind in range(5):
            records = [make_log.pack_record(*r) for r in (
                (make_log.MANIFEST, make_log.MANIFEST_TEXT), (make_log.POLICY, make_log.POLICY_TEXT),
                (make_log.REFERENCE, make_log.REFERENCE_TEXT), (make_log.COMPONENT, make_log.GOOD),
                (make_log.COMPONENT, make_log.EVIL))]
            del records[kind]
            bench.write(PACK, b"".join(records))
            output = bench.replay("--all", expect=UNKNOWN, says="the named thing does not exist")
            assert replayed(output)[1] == 0
        bench.write(PACK, b"")
        bench.replay("--all", expect=UNKNOWN, says="0 records")
        bench.path(PACK).unlink()
        bench.replay("--all", expect=UNKNOWN)
        bench.path("evidence").rmdir()
        bench.replay("--all", expect=UNKNOWN, says="No such file")


def test_the_kind_of_a_record_counts():
    with Stored() as bench:
        bench.write(PACK, make_log.evidence().replace(b"HMP1\2", b"HMP1\3", 1))
        bench.replay("--all", expect=UNKNOWN, says="the named thing does not exist")


def test_a_damaged_pack_proves_nothing():
    with Stored() as bench:
        good = bench.path(PACK).read_bytes()
        for at in range(0, len(good), 3):
            bench.write(PACK, flip(good, at, at % 8))
            bench.replay("--all", expect=UNKNOWN)


def test_a_torn_record_at_a_packs_end_is_told_and_no_fault():
    with Stored() as bench:
        good = bench.path(PACK).read_bytes()
        more = make_log.pack_record(make_log.COMPONENT, b"another component")
        for cut in (1, 47, 48, 49, len(more) - 1):
            bench.write(PACK, good + more[:cut])
            bench.replay("--all", says=[f"torn from byte {len(good)} of {len(good) + cut}", "warn"])
        # What comes in a later pack is there, and a good copy makes up for a damaged one.
        half = len(make_log.pack_record(make_log.MANIFEST, make_log.MANIFEST_TEXT)) + 60
        bench.write(PACK, good[:half])
        bench.replay("--all", expect=UNKNOWN)
        bench.write("evidence/pack-00000007", good)
        bench.replay("--all", says="torn")
        bench.write(PACK, flip(good, 70))
        bench.replay("--all")
        bench.write(PACK, flip(good, 0))
        bench.replay("--all", says="damaged from byte 0")
        bench.write("evidence/pack-8", b"not a pack's name")
        bench.write("evidence/pack-00000001.new", b"not one either")
        bench.replay("--all")


def test_compressed_records_are_read():
    name = ctypes.util.find_library("zstd") or "libzstd.so.1"
    zstd = ctypes.CDLL(name)
    zstd.ZSTD_compressBound.restype = zstd.ZSTD_compress.restype = ctypes.c_size_t
    zstd.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    zstd.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                                   ctypes.c_size_t, ctypes.c_int]

    def compressed(kind, content):
        room = ctypes.create_string_buffer(zstd.ZSTD_compressBound(len(content)))
        size = zstd.ZSTD_compress(room, len(room), content, len(content), 3)
        assert size < len(content)
        return (b"HMP1" + bytes([kind, 0, 0, 0]) + struct.pack(">II", len(content), size) +
                make_log.sha256(content) + room.raw[:size])

    large = make_log.component("executable", [make_log.file_item(f"/usr/bin/app-{i:05}", b"")
                                              for i in range(1000)])
    with Stored(0) as bench:
        bench.of(make_log.Workload("app").report(
            large, status="contraindicated", vector={"instance-identity": 2, "executables": 96},
            findings=[]))
        bench.write(PACK, make_log.evidence() + compressed(make_log.COMPONENT, large))
        # It was read, and its 1,000 unknown files were found.
        bench.replay("--all", expect=BAD, says="unknown-file")
        record = compressed(make_log.COMPONENT, large)
        for size in (1, len(large) - 1, len(large) + 1, 16 << 20):
            bench.write(PACK, make_log.evidence() + record[:8] + struct.pack(">I", size) +
                        record[12:])
            bench.replay("--all", expect=UNKNOWN)


def test_a_policy_that_cannot_be_read_proves_nothing():
    policy = Policy()
    text = policy.text + b"future: true\n"
    policy.manifest = policy.manifest.replace(make_log.sha256(policy.text).hex().encode(),
                                              make_log.sha256(text).hex().encode())
    policy.digest = make_log.sha256(policy.manifest).hex()
    policy.id = f"made@sha256:{policy.digest}"
    policy.records += [(make_log.POLICY, text), (make_log.MANIFEST, policy.manifest)]
    s = Story(policy)
    s.report()
    with Stored(0) as bench:
        bench.use(s.log)
        bench.write(PACK, s.evidence())
        bench.replay("--all", expect=UNKNOWN, says="future")
        entry = make_log.Workload("app").report()
        bench.of(entry.replace(b'"made@sha256:', b'"made@sha512:'))
        bench.replay("--all", expect=BAD, says=["its policy made@sha512:", "names no manifest"])


# --- the collector's signature -------------------------------------------------------------------


def collector_key(kind):
    return {"ec": lambda: ec.generate_private_key(ec.SECP256R1()),
            "rsa": lambda: rsa.generate_private_key(65537, 2048),
            "ed25519": ed25519.Ed25519PrivateKey.generate}[kind]()


def signing(key):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign


def certificate(key, identity=make_log.COLLECTOR):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host1")])
    begin = datetime.datetime(2026, 1, 1)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1).not_valid_before(begin)
            .not_valid_after(begin + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(identity)]), critical=False)
            .sign(key, algorithm).public_bytes(serialization.Encoding.DER))


def test_signatures_of_collectors_are_checked():
    for kind in ("ec", "rsa", "ed25519"):
        key = collector_key(kind)
        der = certificate(key)
        w = make_log.Workload("app")
        entries = [w.report(signer=(der, signing(key))), w.report(time_s=make_log.TIME_S + 5),
                   w.report(time_s=make_log.TIME_S + 9, signer=(der, signing(key)))]
        with Stored(0, (make_log.CERTIFICATE, der)) as bench:
            assert replayed(bench.of(*entries).replay("--all")) == (3, 0, 0)


def test_wrong_signatures_of_collectors_are_proved():
    key, other = collector_key("ec"), collector_key("ec")
    der = certificate(key)
    elsewhere = certificate(key, "spiffe://test/host2")
    garbage = b"not a certificate"
    trailing = der + b"\0"
    chain, broken = der + elsewhere, der + elsewhere[:-1]
    with Stored(0, *((make_log.CERTIFICATE, c)
                     for c in (der, elsewhere, garbage, trailing, chain, broken))) as bench:
        def one(named, sign, expect, says):
            bench.of(make_log.Workload("app").report(signer=(named, sign)))
            bench.replay("--all", expect=expect, says=says)

        one(der, signing(key), GOOD, "1 the same")
        one(chain, signing(key), GOOD, "1 the same")
        one(broken, signing(key), BAD, "certificates is something else")
        one(der, signing(other), BAD, "signature over the bundle does not verify")
        one(der, lambda data: b"x" * 70, BAD, "does not verify")
        one(der, lambda data: signing(key)(data + b"x"), BAD, "does not verify")
        one(elsewhere, signing(key), BAD, "expected the name spiffe://test/host1, found "
                                          "spiffe://test/host2")
        one(garbage, signing(key), BAD, "certificates is something else")
        one(trailing, signing(key), BAD, "certificates is something else")
        one(certificate(other), signing(other), UNKNOWN, "does not exist")


# --- show ----------------------------------------------------------------------------------------


def test_a_report_is_shown_in_sections():
    with Stored() as bench:
        output = check(audit("show", bench.receipt(4)), GOOD)
        sections = re.findall("^([a-z]+)$", output, re.M)
        assert sections == ["who", "when", "verdict", "findings", "evidence", "chain"], sections
        for word in ("app-2", make_log.COLLECTOR, "contraindicated", "changed-file /usr/bin/app",
                     "2026-11-24T10:00:00Z", make_log.sha256(make_log.EVIL).hex(), "never"):
            assert word in output, word
        from_log = check(bench.run("show", "--log", bench.path("log"), "--index", "4"), GOOD)
        # A receipt is shown as it stands, and that is said; of a log only what is proved.
        said, rest = output.split("\n", 1)
        proved, same = from_log.split("\n", 1)
        assert rest == same
        assert said == "index                4, says the receipt: shown as it stands, `verify` checks it"
        assert proved == "index                4, proved to be in the log"


def test_json_is_the_logged_bytes():
    with Stored() as bench:
        for command in (["show", bench.receipt(4), "--json"],
                        ["show", "--log", bench.path("log"), "--index", "4", "--json", "--cert",
                         bench.path("signer.crt")]):
            done = subprocess.run([program("hallmark-audit"), *map(str, command)],
                                  capture_output=True, check=True)
            assert done.stdout == bench.log.entries[4] + b"\n" and done.stderr == b""
            json.loads(done.stdout)


def test_what_cannot_be_shown():
    with Stored() as bench:
        check(audit("show", bench.path("absent")), UNKNOWN, "no such file")
        check(audit("show", bench.write("x", b"x\n")), BAD, "expected a receipt")
        check(audit("show", bench.write("x", b"x\n"), "--json"), BAD, "expected a receipt")
        for entry, expect, says in ((b'["\x1b[31m"]', BAD, "valid form"),
                                    (b'{"\x1b[31m":1}', UNKNOWN, '{"\\x1b[31m":1}')):
            index = bench.log.append(entry)
            check(audit("show", bench.receipt(index)), expect, says)
            done = audit("show", bench.receipt(index), "--json")
            assert done.returncode == expect and done.stdout == ""
        log = ["--log", bench.path("log"), "--index"]
        check(bench.run("show", *log, "12"), UNKNOWN, "expected one below 12")
        check(bench.run("show", *log, "1", "--origin", "other"), BAD, "expected the log other")
        path = bench.path("log/tile/entries/000.p/12")
        with changed(path, flip(path.read_bytes(), 5)):
            check(bench.run("show", *log, "0"), BAD, "cannot be proved")
            check(bench.run("show", *log, "3"), GOOD)


if __name__ == "__main__":
    run_tests(__name__)
