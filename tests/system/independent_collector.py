#!/usr/bin/python3
"""A second collector against the real signer, beside the real collector.

tests/lib/second_*.py were written from proto/PROTOCOL.md alone. The same workload is measured by both
collectors to the byte, and judged affirming by one policy; what this one is refused is in
independent_refusals.py. A test that fails here is a fault of the program, or of the document.
"""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

import second_forms as forms
import second_items
import second_measure
import second_redaction
import second_session
from hallmark import PATIENCE_S, Site, run_tests, to_yaml
from measured import can_be_others

ROOT = pathlib.Path(__file__).resolve().parents[2]
ODD = """
import ctypes, mmap, os, sys, time
began = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
while time.clock_gettime(time.CLOCK_BOOTTIME) < began + 0.05:
    pass  # so that what it makes is newer
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.shmat.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
R, RX, RWX = 1, 5, 7
PRIVATE, SHARED, ANON = mmap.MAP_PRIVATE, mmap.MAP_SHARED, mmap.MAP_ANONYMOUS
def memory(fd=-1, protection=RX, flags=PRIVATE):
    at = libc.mmap(None, 4096, protection, flags | (ANON if fd == -1 else 0), fd, 0)
    assert at != ctypes.c_void_p(-1).value
    return at
def file(name, protection=RX):
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    os.write(fd, name.encode())
    memory(fd, protection)
for name in ("plain", "two\\nlines", "gone", "replaced", "named (deleted)", "linked", "link"):
    file(name)
file("plain", RWX)
os.link("linked", "again"); file("again")
os.unlink("gone"); os.unlink("replaced"); open("replaced", "w").write("another")
os.unlink("link"); os.symlink("plain", "link")
os.mkdir("dir"); file("dir/inside"); os.unlink("dir/inside"); os.rmdir("dir"); os.symlink(".", "dir")
memory(); memory(protection=RWX); memory(protection=RWX, flags=SHARED)
zero = os.open("/dev/zero", os.O_RDWR); memory(zero, flags=SHARED); memory(zero, RWX)
chosen = memory(protection=RWX)
libc.prctl(0x53564d41, 0, ctypes.c_void_p(chosen), ctypes.c_size_t(4096), b"mine")
for name in ("secret", "odd (deleted)"):
    fd = os.memfd_create(name); os.write(fd, b"code"); memory(fd)
shared = libc.shmget(0, 4096, 0o1600)
libc.shmat(shared, None, 0o100000); libc.shmctl(shared, 0, None)
print("mapped", flush=True)
sys.stdin.read()
"""


class Both:
    """A signer, a workload, and what the two collectors need to report it."""

    def __init__(self, script=None, files=("limits.conf",), **options):
        self.site = Site(relays=["spiffe://test/relay"], **options)
        self.data = self.site.path("data")
        self.data.mkdir()
        for name in files:
            (self.data / name).write_text(name)
        self.app = self.site.path("app")
        shutil.copy("/usr/bin/python3" if script else "/bin/cat", self.app)
        self.patterns = [f"{self.data}/**"]
        self.arguments = ["-c", script] if script else ["-u"]
        self.child = subprocess.Popen([self.app, *self.arguments], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, env={"KEPT": "1", "SECRET": "2"},
                                      cwd=self.data)
        if not script:
            self.child.stdin.write(b"mapped\n")
            self.child.stdin.flush()
        assert self.child.stdout.readline() == b"mapped\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate()
        self.site.__exit__()

    def measure(self):
        return second_measure.process(self.child.pid, self.patterns, ["KEPT"])

    def policy(self, **workload):
        """All that this workload is, and nothing else."""
        mapped = {"executable": [], "libraries": []}
        for component in second_measure.mapped_files(self.child.pid):
            mapped[component.kind] = [f"{i[1].hex()}  {i[0].decode()}\n" for i in component.items]
        for kind, lines in (*mapped.items(), ("files", [
                f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p}\n"
                for p in sorted(self.data.iterdir())])):
            self.site.path(f"{kind}.sha256").write_text("".join(lines))
        facts = {"runtime": {"uid": [str(os.getuid())], "environment": ["KEPT=1"],
                             "no_new_privs": ["0"], "arguments": [str(self.app), "-u"]},
                 "host": {"machine": [os.uname().machine], "os_release": ["*ID=*", "PRETTY_NAME=*"]}}
        kinds = ("executable", "files", "libraries")
        self.site.write_policy(to_yaml({
            "name": "all", "references": [{"name": k, "file": f"{k}.sha256"} for k in kinds],
            "workloads": [{"match": "*", "collectors": ["spiffe://test/*"], "recorded": ["packages"],
                           **{k: {"references": [k]} for k in kinds},
                           **{k: {"facts": [{"name": n, "allow": v} for n, v in facts[k].items()]}
                              for k in facts}, **workload}]}))

    def second(self, name="second", key=None, **options):
        if not self.site.path(f"{name}.crt").exists():
            self.site.issue(name, uri=f"spiffe://test/{name}", key=key)
        return second_session.Collector(
            *self.site.peer(name), boot=second_measure.boot(), timeout=PATIENCE_S,
            log_key=second_session.log_key(self.site.path("log.crt")), **options)

    def supplied(self, command, *arguments):
        """The real collector's output."""
        self.site.issue("first", uri="spiffe://test/first")
        for name in ("state", "receipts"):
            self.site.path(name).mkdir(exist_ok=True)
        self.site.path("pid").write_text(str(self.child.pid))
        config = self.site.path("collector.yaml")
        config.write_text(to_yaml({
            "signers": [{"address": f"127.0.0.1:{self.site.port}", "server_name": "signer.test",
                         "log_certificate": "log.crt"}],
            "tls": {"certificate": "first.crt", "key": "first.key", "signer_ca": "collectors-ca.crt"},
            "state": "state", "receipts": "receipts", "sign_every_s": 0,
            "workloads": [{"name": "app", "pid_file": str(self.site.path("pid")), "measure": [
                "executable", "libraries", "files", "runtime", "host", "packages"],
                "files": self.patterns, "environment": ["KEPT"]}]}))
        return self.site.tool("hallmark-collector", command, *arguments, "-c", str(config)).stdout


def components_of(report):
    return {kind: row["sha256"] for kind, row in report["hallmark.bundle"]["components"].items()}


def found(report, workload="app"):
    return [f["code"] for f in report["submods"][workload]["hallmark.findings"]]


# --- forms, by the document's own examples -------------------------------------------------------

def examples():
    text = (ROOT / "proto/PROTOCOL.md").read_text()
    return {block.split("\n", 1)[0]: bytes.fromhex(block.split("\n", 1)[1].split("```")[0])
            for block in text.split("```hex ")[1:]}


def test_forms_are_those_of_the_documents_examples():
    example = examples()
    made = second_measure.Component("config", [(f"c579.{i:04}", []) for i in range(1100)],
                                    [("options", [b"by hand"])])
    assert made.bytes == example["component-list"] and len(made.segments) == 3
    assert made.segments[0] == example["component-segment-1"]
    assert second_measure.Component("libraries", []).bytes == example["component-empty"]
    plain = second_measure.Component("runtime", [("arguments", [b"trading-app", b"--password=7", b"hmac-sha256:0123"])])
    rule = {"kind": "runtime", "fact": "arguments", "value": "--password=*"}
    hidden = second_redaction.redacted(plain, second_redaction.Key(bytes(range(32))), [rule])
    assert hidden.bytes == example["component-redacted"]
    page = b"file=sha256:" + hashlib.sha256(b"its page").hexdigest().encode()
    library = [b"/usr/lib/libquotes.so", hashlib.sha256(b"the library").digest(), 81920, 0o100644, 0, 0, second_items.NEWER, ()]
    code = [library[0], hashlib.sha256(b"a page in memory").digest(), 4096, *library[3:6], second_items.MODIFIED, (page, b"offset=40960")]
    compiled = second_measure.run_time_code(b"/opt/a b", b"[anon]", [[(second_items.WRITABLE, 4096), (0, 8192)]])
    assert second_measure.Component("libraries", [compiled, library, code], [("options", [b"main_only", second_measure.REREAD])]
                                    ).bytes == example["component-code"]
    assert forms.message("hello", versions=[1], agent="hallmark-collector 0.1.0") == example["hello"]
    name, receipt = forms.read_message(example["receipt"][4:])
    key = forms.serialization.load_pem_public_key((ROOT / "tests/vectors/wire-signer.pem").read_bytes())
    assert name == "receipt" and forms.verify_receipt(receipt, "hallmark.example/prod-1", key) == 2
    assert forms.receipt_file(receipt) == (ROOT / "tests/vectors/wire-receipt.tlog-proof").read_bytes()
    for name in ("welcome", "want", "want-segments", "part", "part-last", "challenge", "measure",
                 "refusal-sequence", "refusal-request", "refusal-connection", "bundle-message"):
        kind, body = forms.read_message(example[name][4:])
        assert forms.message(kind, **body) == example[name], name


# --- the same workload, measured by both ---------------------------------------------------------

def test_both_collectors_measure_the_same_and_are_affirmed():
    with Both(files=[f"data{i}" for i in range(3)]) as both:
        both.policy()
        both.site.start_signer()
        said = both.supplied("once")
        assert "app: affirming" in said, said
        receipt, = both.site.path("receipts").iterdir()
        first = json.loads(both.site.audit("show", str(receipt), "--json").stdout)
        with both.second(sign=True) as second:
            report = second.report("app", both.measure(), next_s=66)
            assert report["submods"]["app"]["ear.status"] == "affirming", report
            assert second.asked == []  # the signer has all of it from the other
        assert report["hallmark.bundle"]["components"] == first["hallmark.bundle"]["components"]
        audit_receipt(both, second.receipt)


def audit_receipt(both, receipt):
    """What the second collector keeps convinces the auditor; without `extra`, beside the report."""
    whole = both.site.path("second.tlog-proof")
    whole.write_bytes(forms.receipt_file(receipt))
    certificate = str(both.site.path("log.crt"))
    both.site.audit("verify", str(whole), "--cert", certificate)
    bare = both.site.path("bare.tlog-proof")
    bare.write_bytes(b"\n".join(line for line in whole.read_bytes().split(b"\n")
                                if not line.startswith(b"extra ")))
    both.site.path("report.json").write_bytes(receipt["report"])
    both.site.audit("verify", str(bare), "--cert", certificate, "--report",
                    str(both.site.path("report.json")))


def test_odd_mappings_are_the_same_items():
    with Both(script=ODD) as both:
        both.site.init_key()
        measured = json.loads(both.supplied("measure", "app", "--json"))["components"]
        mine = {c.kind: c for c in both.measure()}
        newer = second_items.NEWER  # the process has made them all itself
        flags = {i[0].removeprefix(os.fsencode(both.data) + b"/"):
                 i[6] & ~second_items.UNREADABLE & ~newer for i in mine["libraries"].items}
        assert any(i[6] & newer for i in mine["libraries"].items)
        assert flags[b"gone"] == 1 and flags[b"replaced"] == 257 and flags[b"dir/inside"] == 257
        assert flags[b"named (deleted)"] == 0 and flags[b"/memfd:odd (deleted)"] == 2, flags
        assert b"[vdso]" not in flags and flags[b"/dev/zero"] == 128 + 8
        assert {k: row["sha256"] for k, row in measured.items()} == {
            k: c.digest.hex() for k, c in mine.items()}


def test_without_the_right_to_map_files_they_are_the_same_too():
    rights = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    done = subprocess.run([*rights, sys.executable, __file__, "odd_mappings"], capture_output=True,
                          text=True, timeout=4 * PATIENCE_S, check=False)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def give_rights(data):
    """What is told of files beside their content; of other users only where we may make them."""
    everybody = 2**32 - 1
    (data / "d" / ".e").chmod(0o777)
    (data / "a b").chmod(0o6755)
    os.setxattr(data / "b", "system.posix_acl_access", b"\2\0\0\0" + b"".join(struct.pack("<HHI", *e) for e in (
        (1, 7, everybody), (2, 5, 0), (2, 2, 70000), (4, 4, everybody), (8, 6, 12), (16, 7, everybody), (32, 0, everybody))))
    if can_be_others():
        os.setxattr(data / "a", "security.capability", struct.pack("<6I", 0x3000000, 1 << 10, 2, 4, 8, 1000))
        os.setxattr(data / "A", "security.capability", struct.pack("<5I", 0x2000001, 1 << 21, 0, 0, 0))
        os.chown(data / "n", 12, 0)


def test_files_of_patterns_are_the_same_items():
    with Both(files=["a", "b", ".h", "a b", "[x]", "A"]) as both:
        both.site.init_key()
        (both.data / "d").mkdir()
        (both.data / "d" / ".e").mkdir()
        (both.data / "d" / ".e" / "f").write_text("below")
        (both.data / "d" / "s").symlink_to("..")
        os.mkfifo(both.data / "fifo")
        deepest = both.data / "/".join(["n"] * 130)
        deepest.mkdir(parents=True)
        (deepest / "f").write_text("too deep")
        (deepest.parent / "f").write_text("too deep")
        (deepest.parent.parent / "f").write_text("not too deep")
        give_rights(both.data)
        for patterns in (["**"], ["n/**"], ["[!a]", "[[:alpha:]]*"], ["d/*/a", "d/s/a", "d//s"],
                         [r"\[x]", "[[]x]"], [".*", "[.]h"], ["*/f", "d/.*/*"],
                         ["nothing", "a/below"], ["?", "?[!x]?"]):
            both.patterns = [f"{both.data}/{p}" for p in patterns]
            measured = json.loads(both.supplied("measure", "app", "--json"))["components"]
            mine = second_measure.files_of(both.patterns)
            assert measured["files"]["sha256"] == mine.digest.hex(), (patterns, mine.items)


# --- a chain -------------------------------------------------------------------------------------

def test_a_chain_of_reports():
    with Both() as both:
        both.policy()
        both.site.start_signer()
        with both.second() as second:
            components = both.measure()
            seqs = [second.report("app", components, next_s=n)["hallmark.bundle"]["seq"]
                    for n in (66, 0)]
            assert seqs == [1, 2] and len(second.asked) == 1
            before = second.sent
            report = second.report("app", components, ext={
                "configuration": bytes(32), "program": bytes(32),
                "x_site": [1, "two", {"three": b"\x03"}]})
            assert second.sent - before < 800 and report["submods"]["app"]["ear.status"] == "affirming"
            carried = report["hallmark.bundle"]["extensions"]
            assert forms.base64.urlsafe_b64decode(carried + "=" * (-len(carried) % 4)).startswith(b"\x83")
            lost_and_found(second, components)
            in_advance(second, components)
            left = second.report("app", components, ext={"leaving": "retired"})
            assert left["hallmark.previous-report"]


def lost_and_found(second, components):
    """Once more to the byte is the receipt again; a lost state is told by the refusal."""
    data = second.bundle("app", components)
    first, = {second.submit(data, components)[1]["report"] for _ in range(2)}
    second.chains["app"].seq -= 2
    name, body = second.submit(second.bundle("app", components), components)
    assert (name, body["code"], body["last_bundle"]) == ("refusal", 204, forms.sha256(data))
    second.report("app", components, retries=0)
    second.chains["app"].prev = bytes(32)
    name, body = second.submit(second.bundle("app", components), components)
    assert (name, body["code"]) == ("refusal", 205)
    report = second.report("app", components, retries=0)
    assert report["hallmark.previous-report"] != forms.leaf_hash(first).hex()


def in_advance(second, components):
    """The next bundle before the receipt of the one before has come, with a newer nonce each."""
    other = second.bundle("other", components)
    assert second.submit(other, components)[0] == "receipt"
    older = second.nonce
    second.submit(second.bundle("third", components), components)
    chain = second.chains["app"]
    one = second.bundle("app", components, nonce=older)
    two = second.bundle("app", components, seq=chain.seq + 2, prev=forms.sha256(one))
    for data in (one, two):
        second.send("bundle", bundle=data)
    for data in (one, two):
        assert second.answer(data, components)[0] == "receipt"


def test_a_list_goes_by_segments():
    with Both(files=[f"data{i}" for i in range(1100)]) as both:
        both.policy()
        both.site.start_signer()
        with both.second() as second:
            second.report("app", both.measure())
            files = next(c for c in both.measure() if c.kind == "files")
            first, segments = second.asked
            assert files.digest in first[0] and first[1] == {}
            assert segments == ([], {files.digest: list(range(len(files.segments)))})
            (both.data / "data7").write_text("another")
            second.asked.clear()
            report = second.report("app", both.measure())
            assert found(report) == ["changed-file"]
            assert [len(d) for d, _ in second.asked] == [1, 0]
            assert [len(bits) for bits in second.asked[1][1].values()] == [1]


def test_offline_and_stale_evidence():
    with Both() as both:
        both.policy()
        both.site.start_signer()
        with both.second() as second:
            components = both.measure()
            then = int(time.time() * 1000)
            second.report("app", components)
        with both.second(chains=second.chains) as later:
            report = later.report("app", components, nonce=b"", time=then, ext={"gap": 0})
            assert "eat_nonce" not in report and report["hallmark.bundle"]["offline"]
            assert (found(report), report["submods"]["app"]["ear.status"]) == (
                ["offline-evidence"], "warning")
            report = later.report("app", components)
            assert report["submods"]["app"]["ear.status"] == "affirming"
            old = later.report("old", components, time=then - 3_600_000)
            assert found(old, "old") == ["stale-evidence"]


def test_evidence_is_signed_by_keys_of_every_sort():
    with Both() as both:
        both.policy(signature_every_s=3600)
        both.site.start_signer()
        components = both.measure()
        for name, key in (("p256", None), ("p384", ec.generate_private_key(ec.SECP384R1())),
                          ("rsa", rsa.generate_private_key(65537, 2048)),
                          ("ed25519", ed25519.Ed25519PrivateKey.generate()),
                          ("ed448", ed448.Ed448PrivateKey.generate())):
            with both.second(name, key) as second:
                assert found(second.report("app", components)) == ["unsigned-evidence"], name
                second.sign = True
                report = second.report("app", components)
                assert found(report) == [] and report["hallmark.last-signed"] == report["iat"], name
                # OpenSSL sends the CA behind the certificate, from what verifies signers.
                chain = [second_session.x509.load_pem_x509_certificate(both.site.path(file).read_bytes())
                         for file in (f"{name}.crt", "collectors-ca.crt")]
                assert report["hallmark.signature"]["certificate"] == forms.sha256(b"".join(
                    one.public_bytes(forms.serialization.Encoding.DER) for one in chain)).hex()


# --- challenges ----------------------------------------------------------------------------------

def test_a_challenge_is_answered():
    with Both() as both:
        both.policy()
        both.site.start_signer()
        components = both.measure()
        both.site.issue("relay", uri="spiffe://test/relay")
        with both.second() as second, second_session.Relay(*both.site.peer("relay")) as relay:
            second.report("app", components)
            number = relay.ask("challenge", collector="spiffe://test/second", workload="app",
                               nonce=b"is it you?")
            challenge = second.challenge_for("app")
            assert challenge == b"is it you?"
            mine = second.report("app", both.measure(), ext={"challenge": challenge})
            name, body = relay.answer(number)
            assert name == "challenged" and json.loads(body["report"]) == mine
            forms.verify_receipt(body, relay.origin, second.log_key)
            assert mine["eat_nonce"] == forms.base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            assert mine["hallmark.bundle"]["nonce"] and body["index"] == second.receipt["index"]


if __name__ == "__main__":
    run_tests(__name__)
