"""What tests of a change of the log's key share: a site whose key has another behind it."""

import base64
import contextlib
import json

import hallmark
import keychannel
import transition
import wire
from hallmark import ORIGIN, Site
from keychannel import CHANGED, CLOSE, KeyProcess, Tree, close_request, grown, told_why, verify_note

SIZE = 5  # of the old key's log, where a test makes one by hand
CERTIFICATES = ("log.crt", "log-2.crt")


@contextlib.contextmanager
def two_keys(**options):
    """A site with the key `log`, and beside it hsm-2.yaml with the key `log-2`, which is to follow."""
    with Site(hsm={"next": "hsm-2.yaml"}, **options) as site:
        site.path("hsm-2.yaml").write_text(
            "".join(line for line in site.path("hsm.yaml").read_text().splitlines(True)
                    if not line.startswith("next"))
            .replace("log.crt", "log-2.crt").replace("key: \"log\"", "key: log-2")
            .replace("key: log\n", "key: log-2\n"))
        site.path("hsm-2.yaml").chmod(0o644)
        site.init_key()
        for command in ("init", "self-sign"):
            hsm(site, "hsm-2.yaml", command)
        site.certificates = [wire.load_certificate(site.path(name)) for name in CERTIFICATES]
        yield site


def hsm(site, config, command, *arguments, **options):
    return site.tool("hallmark-hsm", command, "-c", str(site.path(config)), *arguments, **options)


def rotate(site, *arguments, **options):
    return hsm(site, "hsm.yaml", "rotate", *arguments, **options)


def certs(site, *names):
    """As arguments of hallmark-audit."""
    return [part for name in names or CERTIFICATES for part in ("--cert", str(site.path(name)))]


def transition_of(site):
    path, = site.path("guard").glob("*.transition")
    return path.read_bytes()


def key_id(certificate):
    return keychannel.sha256(certificate.public_key().public_bytes(
        keychannel.serialization.Encoding.DER,
        keychannel.serialization.PublicFormat.SubjectPublicKeyInfo)).hex()


def key_notice(site, transition, index=1, **changes):
    """As proto/report/notice.h has it."""
    return json.dumps({
        "hallmark.notice": "key", "iat": 1795514440, "iss": ORIGIN, "hallmark.form": 1,
        "hallmark.previous-notice": {"index": index, "leaf": "00" * 32},
        "hallmark.in-force": "11" * 32,
        "hallmark.subject": {"from": key_id(site.certificates[0]), "to": key_id(site.certificates[1]),
                             "transition": base64.b64encode(transition).decode()},
        **changes}, separators=(",", ":")).encode()


def key_notices(log):
    """Their indexes in the entries of a log."""
    return [n for n, entry in enumerate(log) if entry.startswith(b'{"hallmark.notice":"key"')]


def signer_of(site, note):
    """Which of the two keys has signed it: 0 or 1. Each note has one signature line."""
    for number, certificate in enumerate(site.certificates):
        with contextlib.suppress(wire.InvalidSignature):
            return number, wire.open_checkpoint(note, certificate, ORIGIN)[1]
    raise AssertionError(note)


def held_together(site, receipts, log):
    """Each receipt verifies by the key that is in force at its size, and stands in the log."""
    place, = key_notices(log)
    for receipt in receipts:
        number, size = signer_of(site, receipt["checkpoint"])
        wire.verify_receipt(receipt, site.certificates[number], ORIGIN)
        assert size <= place + 1 if number == 0 else size >= place + 1, (number, size, place)
        assert log[receipt["index"]] == receipt["report"], receipt["index"]


def audited(site):
    """By everything that an auditor looks at, who knows both certificates."""
    where = ("--log", str(site.path("log")), *certs(site), "--evidence", str(site.path("evidence")))
    site.audit("fsck", *where)
    return site.audit("replay", *where, "--all")


def objects_of(site):
    """Keys and certificates on the token, byte by byte. In token.object it counts logins."""
    return {path: path.read_bytes() for path in sorted(site.path("tokens").rglob("*.object"))
            if path.name != "token.object"}


def by(site, number, answer, tree):
    """Signed by this one of the two keys."""
    assert answer.error == 0, answer
    assert (answer.size, answer.root) == (len(tree), tree.hash()), answer
    verify_note(answer.body, site.certificates[number], hallmark.ORIGIN, len(tree), tree.hash())


def introduced(site, number, size):
    """A key process that comes up with this key, and this state."""
    key = KeyProcess(site)
    assert key.state.size == size, key.state
    der = site.certificates[number].public_bytes(keychannel.serialization.Encoding.DER)
    certificates, _, brought = key.told()
    assert certificates == der, "another key"
    return key, brought


def ordered(site):
    """The log of the old key, rotate, and a fresh key process that brings the transition."""
    with KeyProcess(site) as key:
        tree = grown(key, site, SIZE)
    rotate(site)
    key, told = introduced(site, 0, SIZE)
    assert told == transition_of(site)
    assert transition.opened(told) == (
        hallmark.ORIGIN, [key_id(c) for c in site.certificates])
    return key, tree, told


def last_of(site, tree, told, *before):
    return Tree(tree.entries + [*before, key_notice(site, told)])


def closed(site, key, tree, old=SIZE):
    answer = key.ask(close_request(tree, old))
    by(site, 0, answer, tree)
    assert answer.type == CLOSE
    told_why(key, CHANGED)
    assert key.process.wait() == 0
    return answer.body
