#!/usr/bin/python3
"""hallmark-hsm statement: what operators sign, with keys in files and on tokens, judged by a second
implementation (tests/lib/statements.py); and that implementation held against the vectors."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import hallmark
import make_log
import statements
from cryptography.hazmat.primitives import serialization
from hallmark import ORIGIN, ROOT, Site, lock_key, program, with_nobody_to_ask

HEX = "ab" * 32
VECTORS = ROOT / "tests/vectors"
APPROVE = ("--kind", "approve", "--subject", f"manifest={HEX}")


class Desk:
    """An operator's directory, and hallmark-hsm statement in it."""

    def __init__(self):
        self.place = tempfile.TemporaryDirectory(prefix="hallmark-test-")
        self.path = pathlib.Path(self.place.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.place.cleanup()

    def run(self, *words, env=None):
        return subprocess.run([program("hallmark-hsm"), "statement", *map(str, words)],
                              capture_output=True, text=True, cwd=self.path, env=env, check=False)

    def sign(self, *words, output="s.json", env=None):
        """With what every statement needs, unless it is said."""
        usual = {"--origin": ORIGIN, "--not-after": "2099-01-01T00:00:00Z", "--reason": "CHG-1",
                 "--author": "dora", "-o": output}
        for option, value in usual.items():
            if option not in words:
                words += (option, value)
        return self.run("sign", *words, env=env)

    def read(self, name="s.json"):
        return (self.path / name).read_bytes()


def fields_of(done):
    """The lines of a printed statement: name: rest."""
    return dict(re.fullmatch(r"(.{10}) (.*)", line).groups() for line in done.stdout.splitlines()
                if line[:1] != " ")


def judge(data, key, **options):
    operators = statements.Operators(statements.operators_text(
        [("alice", statements.KINDS, key)]))
    return statements.judge(data, **{"origin": ORIGIN, "operators": operators,
                                     "iat": int(time.time()), "in_force": {HEX}, **options})


def test_the_second_implementation_agrees_with_the_vectors():
    operators = statements.Operators((VECTORS / "statement-operators.yaml").read_text())
    place = {"origin": "hallmark.example/prod-1", "operators": operators, "iat": 1795514400}
    revoked = statements.sha256_hex((VECTORS / "statement-approve.json").read_bytes())
    for name in ("approve", "approve-too", "maintenance", "retire", "clock", "retire-key", "continue-key", "revoke"):
        data = (VECTORS / f"statement-{name}.json").read_bytes()
        assert statements.judge(data, **place, in_force={revoked}, before=1795514400 + 20 * 86400) == 0, name
    assert statements.judge(data, **place) == statements.SUBJECT
    clock = (VECTORS / "statement-clock.json").read_bytes()
    for before in (0, 1795514400, 1795514400 + 20 * 86400 + 1):
        assert statements.judge(clock, **place, before=before) == statements.SUBJECT
    hold = (VECTORS / "statement-hold.json").read_bytes()
    assert statements.judge(hold, **place) == statements.KIND
    granted = (VECTORS / "statement-act-grant.json").read_bytes()
    glass = statements.Statement((VECTORS / "statement-break-glass.json").read_bytes())
    glass.check_kind(statements.ON_HOSTS)
    assert statements.judge(granted, **place) == statements.KIND, "no log takes it"
    carol = next(spki for name, _, spki, _ in operators.by_key.values() if name == "carol")
    here = {"origins": {"hallmark.example/prod-1"}, "keys": [carol], "now": 1795514400, "workload": "trading-app",
            "collector": "spiffe://example/collector/host-1", "act": "freeze",
            "reports": {statements.sha256_hex(b"a report")}}
    assert statements.granted(granted, **here) == 0
    assert statements.granted(granted, **here, used={(glass.key_id, 8)}) == statements.NUMBER
    both = [(VECTORS / f"statement-{n}.json").read_bytes() for n in ("approve", "approve-too")]
    manifest = statements.sha256_hex((VECTORS / "statement-manifest.txt").read_bytes())
    wanted = {"manifest": manifest, "operators": operators, "iat": 1795514400}
    assert statements.approvals(both, **wanted) == sorted(map(statements.sha256_hex, both))
    assert statements.approvals(both[:1], **wanted) is None


def test_statements_are_signed_by_keys_of_each_kind():
    for kind in ("p256", "p384", "ed25519", "rsa"):
        with Desk() as desk:
            key = statements.Key(kind)
            key.write(desk.path / "key.pem")
            before = int(time.time())
            done = desk.sign(*APPROVE, "--key", "key.pem")
            assert done.returncode == 0 and done.stderr == "", done
            data = desk.read()
            s = statements.Statement(data)
            assert judge(data, key) == 0, kind
            assert (s.subject, s.author, s.reason) == ({"manifest": HEX}, "dora", "CHG-1")
            assert before <= s.not_before <= time.time() and s.not_after == 4070908800
            assert before * 1000 <= s.number <= time.time() * 1000 + 1
            said = fields_of(done)
            assert said["key id    "] == key.id and said["sha256    "] == s.name, said
            assert HEX in said["effect    "], said


def test_all_that_is_said_is_in_the_statement():
    with Desk() as desk:
        key = statements.Key()
        key.write(desk.path / "key.pem")
        done = desk.sign("--kind", "maintenance", "--subject", "workloads=a=*", "--subject",
                         "collectors=spiffe://x/\\*", "--not-before", "2027-01-31T00:00:00Z",
                         "--number", "5", "--reason", 'say "why" \\ é', "--key", "key.pem")
        assert done.returncode == 0, done
        s = statements.Statement(desk.read())
        assert s.subject == {"collectors": "spiffe://x/\\*", "workloads": "a=*"}
        assert (s.not_before, s.number, s.reason) == (1801353600, 5, 'say "why" \\ é')
        assert judge(desk.read(), key) == 0 and judge(desk.read(), key, last_number=5) == 222
        for words in (("retire", "collector=spiffe://x/a", "workload=app"), ("revoke", f"statement={HEX}")):
            subjects = [w for subject in words[1:] for w in ("--subject", subject)]
            assert desk.sign("--kind", words[0], *subjects, "--key", "key.pem",
                             output=words[0]).returncode == 0
            assert judge(desk.read(words[0]), key) == 0, words


def test_show_says_what_sign_said():
    with Desk() as desk:
        statements.Key().write(desk.path / "key.pem")
        signed = desk.sign(*APPROVE, "--key", "key.pem")
        shown = desk.run("show", "s.json")
        assert shown.returncode == 0 and shown.stderr == "", shown
        assert [line for line in signed.stdout.splitlines() if not line.startswith(("written", "key id"))] == \
            [line for line in shown.stdout.splitlines() if not line.startswith("key id")]
        assert "not checked here" in fields_of(shown)["key id    "]


def test_show_takes_statements_of_later_versions_and_forges_no_line():
    with Desk() as desk:
        key = statements.Key()
        (desk.path / "s.json").write_bytes(statements.make(
            key, "hold", {"by": "3"}, origin=ORIGIN, not_before=1, not_after=2, number=1,
            reason="a\\nb", extensions={"x": "y"}))
        done = desk.run("show", "s.json")
        assert done.returncode == 0, done
        said = fields_of(done)
        assert "does not act on this kind" in said["effect    "], said
        assert said["subject   "] == "by 3" and "not known" in said["extension "], said
        assert said["reason    "] == "a\\x5cnb", said
        (desk.path / "bad.json").write_bytes(desk.read() + b"\n")
        done = desk.run("show", "bad.json")
        assert done.returncode == 1 and "not in its one valid form" in done.stderr, done
        done = desk.run("show", "none.json")
        assert done.returncode == 1 and "none.json" in done.stderr, done


def test_keys_are_printed_as_operators_files_have_them():
    with Site() as site, Desk() as desk:
        key = statements.Key("p384")
        key.write(desk.path / "key.pem")
        key.write_public(desk.path / "public.pem")
        for name in ("key.pem", "public.pem"):
            said = fields_of(desk.run("key", "--key", name))
            assert (said["key       "], said["key id    "]) == (key.base64, key.id), said
            assert said["signs     "] == "ECDSA on P-384 with SHA-384", said
        path, _ = site.issue("alice", uri="spiffe://test/alice")
        done = desk.run("key", "--cert", path)
        spki = hallmark.wire.load_certificate(path).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert fields_of(done)["key id    "] == statements.sha256_hex(spki), done


def test_a_key_that_others_can_read_is_refused():
    with Desk() as desk:
        path = statements.Key().write(desk.path / "key.pem")
        path.chmod(0o640)
        done = desk.run("key", "--key", "key.pem")
        assert done.returncode == 1 and "chmod 0600" in done.stderr, done
        done = desk.sign(*APPROVE, "--key", "key.pem")
        assert done.returncode == 1 and "chmod 0600" in done.stderr, done
        assert not (desk.path / "s.json").exists()


def test_a_key_behind_a_pass_phrase_is_refused_without_asking():
    with Desk() as desk:
        path = statements.Key().write(desk.path / "key.pem")
        lock_key(path)
        path.chmod(0o600)
        done = with_nobody_to_ask("hallmark-hsm", "statement", "key", "--key", str(path), env=os.environ)
        assert "behind a pass phrase" in done and "Enter" not in done, done


def test_other_keys_and_other_files_are_refused():
    with Desk() as desk:
        for name, words in (("x25519", ["-algorithm", "X25519"]),
                            ("p521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
                            ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])):
            subprocess.run(["openssl", "genpkey", *words, "-out", desk.path / name], check=True,
                           capture_output=True)
            (desk.path / name).chmod(0o600)
            done = desk.run("key", "--key", name)
            assert done.returncode == 1 and "expected a key of ECDSA" in done.stderr, done
        (desk.path / "text").write_text("nothing\n")
        (desk.path / "text").chmod(0o600)
        done = desk.run("key", "--key", "text")
        assert done.returncode == 1 and "expected a private key in PEM, found none" in done.stderr
        done = desk.run("key", "--cert", "text")
        assert done.returncode == 1 and "text" in done.stderr, done


def test_a_key_is_retired_by_its_certificate():
    with Desk() as desk:
        operator, key = statements.Key(), make_log.Key()
        operator.write(desk.path / "key.pem")
        (desk.path / "log.crt").write_bytes(key.pem())
        done = desk.sign("--compromised-since", "2026-11-24T10:00:00Z", "--cert", "log.crt", "--key", "key.pem")
        assert done.returncode == 0, done
        s = statements.Statement(desk.read())
        assert s.kind == "retire-key" and judge(desk.read(), operator) == 0
        assert s.subject == {"key": statements.sha256_hex(key.spki), "since": "1795514400"}, s.subject
        since = ("--compromised-since", "2026-11-24T10:00:00Z")
        for words, status, why in (
                (since, 2, "with --cert"), ((*since, "--cert", "log.crt", "--kind", "retire-key"), 2, "in the place of"),
                ((*since, "--cert", "log.crt", "--subject", "a=b"), 2, "in the place of"),
                ((*APPROVE, "--cert", "log.crt"), 2, "--compromised-since alone"),
                (("--subject", f"manifest={HEX}"), 2, "expected --kind"),
                (("--compromised-since", "today", "--cert", "log.crt"), 1, "expected a time in UTC"),
                ((*since, "--cert", "key.pem"), 1, "key.pem")):
            done = desk.sign(*words, "--key", "key.pem", output="t.json")
            assert done.returncode == status and why in done.stderr, (words, done)
            assert not (desk.path / "t.json").exists(), words


def test_what_cannot_be_meant_is_not_signed():
    with Desk() as desk:
        statements.Key().write(desk.path / "key.pem")
        cases = (
            (("--kind", "hold", "--subject", "a=b"), "--kind: expected one of approve, "),
            (("--kind", "clock", "--subject", "from=01"), "expected from=<seconds since 1970"),
            (("--kind", "retire-key", "--subject", f"key={HEX}", "--subject", "since=today"),
             "expected key=<sha256 of its public key> and since=<seconds since 1970>"),
            (("--kind", "continue-key", "--subject", f"from={HEX}", "--subject", f"to={HEX}"),
             "expected from=<sha256>, root=<sha256>, size=<decimal> and to=<sha256>"),
            (("--kind", "approve", "--subject", "manifest=abc"),
             'expected manifest=<sha256>, each once, for --kind approve; found "manifest=abc"'),
            (("--kind", "approve", "--subject", "manifest"), "expected name=value"),
            (("--kind", "approve", "--subject", f"statement={HEX}"), "expected manifest=<sha256>"),
            (("--kind", "retire", "--subject", "workload=a"), "collector=<identity> and workload"),
            ((*APPROVE, "--subject", f"manifest={HEX}"), f'found "manifest={HEX} manifest={HEX}"'),
            ((*APPROVE, "--not-after", "2001-01-01T00:00:00Z"), "--not-after: expected a time"),
            ((*APPROVE, "--not-after", "tomorrow"), "--not-after: expected a time"),
            ((*APPROVE, "--not-before", "now"), "--not-before: expected a time"),
            ((*APPROVE, "--number", "0"), "--number: expected 1 to"),
            ((*APPROVE, "--number", str(2**53)), "--number: expected 1 to"),
            ((*APPROVE, "--origin", "a b"), "--origin: expected"),
            ((*APPROVE, "--reason", ""), "--reason: expected"),
            ((*APPROVE, "--reason", "a\nb"), "--reason: expected"),
            ((*APPROVE, "--author", "x" * 129), "--author: expected"),
            ((*APPROVE, "--author", "dora "), "without white space"),
            ((*APPROVE, "--author", "do\u200bra"), "--author: expected"),
            (("--kind", "retire", "--subject", "collector=HOST1.test", "--subject", "workload=a"),
             "collector=<identity> and workload"),
            (("--kind", "maintenance", "--subject", "collectors=*", "--subject", "workloads=a\u202e"),
             "expected collectors=<pattern>"))
        for words, why in cases:
            done = desk.sign(*words, "--key", "key.pem")
            assert done.returncode == 1 and why in done.stderr, (words, done)
            assert not (desk.path / "s.json").exists(), words


def test_a_file_that_is_there_stays():
    with Desk() as desk:
        statements.Key().write(desk.path / "key.pem")
        assert desk.sign(*APPROVE, "--key", "key.pem").returncode == 0
        first = desk.read()
        done = desk.sign(*APPROVE, "--key", "key.pem")
        assert done.returncode == 1 and "File exists; it stays as it is: name a new file" in done.stderr and done.stdout == "", done
        assert desk.read() == first
        done = desk.sign(*APPROVE, "--key", "key.pem", output="no/where.json")
        assert done.returncode == 1 and "no/where.json" in done.stderr, done


def test_usage():
    with Desk() as desk:
        statements.Key().write(desk.path / "key.pem")
        cases = (
            ((), "expected sign, show or key"),
            (("sing",), "no command 'statement sing'"),
            (("show",), "expected the file of a statement"),
            (("show", "a", "b"), "does not take 'b'"),
            (("show", "a", "--key", "b"), "no option '--key'"),
            (("sign", *APPROVE), "expected --origin"),
            (("key",), "expected one key"),
            (("key", "--key", "a", "--cert", "b"), "expected one key"),
            (("key", "--token-key", "a"), "-c FILE and --token-key LABEL together"),
            (("key", "--key", "a", "-c", "b"), "-c FILE and --token-key LABEL together"),
            (("key", "--key"), "expected a value"),
            (("key", "--key", "a", "--key", "a"), "each option once"),
            (("sign", "--autor", "x"), "did you mean '--author'"),
            (("sign", "--pin", "1234"), "never an argument"),
            (("key", "--pass", "1234"), "never an argument"))
        for words, why in cases:
            done = desk.run(*words)
            assert done.returncode == 2 and why in done.stderr, (words, done)
        done = desk.run("--help")
        assert done.returncode == 0 and "statement sign" in done.stdout and done.stderr == "", done


def make_token_key(site, label, *kind):
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--token-label", "test", "--login",
                    "--pin", "1234", "--keypairgen", "--key-type", *kind, "--label", label, "--id",
                    label.encode().hex()], env=site.env, check=True, capture_output=True)


def test_statements_are_signed_by_keys_on_a_token():
    for kind, algorithm in (("EC:prime256v1", "ECDSA on P-256"), ("RSA:2048", "RSASSA-PKCS1")):
        with Site() as site, Desk() as desk:
            site.init_key()
            make_token_key(site, "alice", kind)
            where = ("-c", site.path("hsm.yaml"), "--token-key", "alice")
            said = fields_of(desk.run("key", *where, env=site.env))
            assert said["signs     "].startswith(algorithm), said
            done = desk.sign(*APPROVE, *where, env=site.env)
            assert done.returncode == 0 and done.stderr == "", done
            operators = statements.Operators(json.dumps({"operators": [
                {"name": "alice", "rights": ["approve"], "key": said["key       "]}]}))
            assert statements.judge(desk.read(), origin=ORIGIN, operators=operators,
                                    iat=int(time.time())) == 0
            assert statements.Statement(desk.read()).key_id == said["key id    "]


def test_the_logs_own_key_signs_no_statements():
    with Site() as site, Desk() as desk:
        site.init_key()
        where = ("-c", site.path("hsm.yaml"), "--token-key")
        done = desk.sign(*APPROVE, *where, "log", env=site.env)
        assert done.returncode == 1 and "the log's own key" in done.stderr, done
        # The configuration calls another key the log's; the certificate says which one it is.
        other = site.path("other.yaml")
        other.write_text(site.path("hsm.yaml").read_text().replace('key: "log"', 'key: "other"'))
        done = desk.sign(*APPROVE, "-c", other, "--token-key", "log", env=site.env)
        assert done.returncode == 1 and "under another label" in done.stderr, done
        assert not (desk.path / "s.json").exists()


def test_a_token_without_the_key_says_so():
    with Site() as site, Desk() as desk:
        site.init_key()
        make_token_key(site, "curve", "EC:secp384r1")
        where = ("-c", site.path("hsm.yaml"), "--token-key")
        done = desk.sign(*APPROVE, *where, "nobody", env=site.env)
        assert done.returncode == 1 and "no private key 'nobody'" in done.stderr, done
        done = desk.sign(*APPROVE, *where, "curve", env=site.env)
        assert done.returncode == 1 and "on a token is P-256 or RSA" in done.stderr, done
        site.path("hsm.yaml").write_text("origin: x\n")
        done = desk.sign(*APPROVE, *where, "alice", env=site.env)
        assert done.returncode == 1 and "hsm.yaml" in done.stderr, done


def test_the_two_implementations_judge_alike():
    """What sign makes, changed at every place: the second implementation refuses what show does."""
    with Desk() as desk:
        key = statements.Key("ed25519")
        good = statements.make(key, "revoke", {"statement": HEX}, origin=ORIGIN, not_before=1,
                               not_after=2, number=1, reason="é", extensions={"a": [1, {"b": True}]})
        cases = [good[:i] + bytes([good[i] ^ 1]) + good[i + 1:] for i in range(0, len(good), 7)]
        body = statements.Statement(good).body
        cases += [statements.envelope(key, body[:i] + bytes([body[i] ^ 4]) + body[i + 1:])
                  for i in range(0, len(body), 5)]
        for number, data in enumerate([good, *cases]):
            (desk.path / "s.json").write_bytes(data)
            shown = desk.run("show", "s.json").returncode == 0
            try:
                statements.Statement(data)
                read = True
            except statements.Refused:
                read = False
            assert shown == read, (number, data)
            assert read or number > 0


if __name__ == "__main__":
    hallmark.run_tests("__main__")
