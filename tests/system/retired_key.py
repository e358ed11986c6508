#!/usr/bin/python3
"""A log's key that others may have: operators say so, the log goes over, the key is closed for good, and what
an attacker signs with it afterwards is never proved. The token is SoftHSM, the witness a Python one."""

import contextlib
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
import rotation
import statements
import wire
from cosigner import Cosigner
from hallmark import APP, ORIGIN
from keychannel import CHANGED, KeyProcess, grown, reports, told_why
from load import Load
from logimage import published
from rotation import SIZE, certs, hsm, key_id, two_keys

ANN = statements.Key()
TOLD = "signed by a key that others may have had since"


def statement(site, since, number=1, origin=ORIGIN, key=None, kind="retire-key"):
    """As the operator ann makes it, with the program."""
    ANN.write(site.path("ann.pem"))
    path = site.path(f"retire-{number}.json")
    subject = {"key": key or key_id(site.certificates[0]), "since": str(since)} if kind == "retire-key" else \
        {"statement": "0" * 64}
    site.tool("hallmark-hsm", "statement", "sign", "--kind", kind, "--origin", origin, "--number", str(number),
              *(word for name, value in subject.items() for word in ("--subject", f"{name}={value}")),
              "--not-after", "2099-01-01T00:00:00Z", "--reason", "seen elsewhere", "--author", "ann",
              "--key", str(site.path("ann.pem")), "-o", str(path))
    return path


def retire(site, path, **options):
    return hsm(site, "hsm.yaml", "retire", str(path), **options)


@contextlib.contextmanager
def stolen(site):
    """The old key on the same token, under a guard of the attacker's own, which has signed nothing."""
    good = site.path("hsm.yaml").read_text()
    site.path("evil").mkdir(mode=0o700)
    own = {"guard": "evil", "certificate": "evil.crt"}
    site.path("hsm.yaml").write_text("".join(
        f"{name}: {own[name]}\n" if (name := line.split(":")[0]) in own else line
        for line in good.splitlines(True) if not line.startswith("next")))
    hsm(site, "hsm.yaml", "init", "--existing")
    site.path("evil.crt").write_bytes(site.path("log.crt").read_bytes())
    with KeyProcess(site) as key:
        yield key
    site.path("hsm.yaml").write_text(good)


def verify(site, receipt, *arguments):
    site.path("r").write_bytes(receipt)
    return site.audit("verify", str(site.path("r")), *certs(site), *map(str, arguments), check=False)


def test_what_is_proved_of_a_key_that_others_may_have():
    with two_keys() as site:
        site.path("operators.yaml").write_text(statements.operators_text([("ann", ["approve", "retire-key"], ANN)]))
        site.write_policy(top={"operators": "operators.yaml"})
        ANN.write_public(site.path("ann.pub"))
        witness, signer = Cosigner(), site.start_signer()
        collector = site.collector()
        early = [wire.tlog_proof(collector.submit("app", APP)) for _ in range(3)]
        published(site, 4)
        seen = int(time.time()) + 100  # by the witness's clock
        kept = witness.cosign(site.path("log/checkpoint").read_bytes(), seen)
        since = seen + 60
        late = wire.tlog_proof(collector.submit("app", APP))
        rotation.rotate(site)
        signer.wait_for("event=key-changed")
        said = statement(site, since)
        site.tool("hallmark-signer", "statement", "submit", "-c", str(site.path("signer.yaml")), str(said))
        last = wire.tlog_proof(collector.submit("app", APP))
        published(site, 8)
        assert "closed   already" in retire(site, said).stdout
        with stolen(site) as key:
            tree = grown(key, site, 4, keychannel.real_reports)
            forged = forge(key, tree)
        assert signer.stop() == 0

        named = ("--retired", said, "--operator", site.path("ann.pub"), "--witness", witness.verifier)
        site.path("kept").write_bytes(kept)
        copy = ("--cosigned", site.path("kept"), "--log", site.path("log"))
        for receipt in (*early, late, forged, last):
            assert verify(site, receipt).returncode == 0
        for receipt in (*early, late, forged):
            for more in ((), ("--log", site.path("log"))):
                done = verify(site, receipt, *named, *more)
                assert done.returncode == 2 and TOLD in done.stdout and "UNPROVED" in done.stdout, done
        for receipt in (late, forged):
            done = verify(site, receipt, *named, *copy)
            assert done.returncode == 2 and TOLD in done.stdout, done.stdout
        for receipt in early:
            done = verify(site, receipt, *named, *copy)
            assert done.returncode == 0 and "  PROVED " in done.stdout, done.stdout
        done = verify(site, witness.cosign(early[0], since - 1), *named)
        assert done.returncode == 0 and "saw this at" in done.stdout, done.stdout
        done = verify(site, witness.cosign(forged, since), *named)
        assert done.returncode == 2 and "not before" in done.stdout, done.stdout
        # By the key that followed, nothing is asked.
        assert verify(site, last, *named).returncode == 0
        rotation.audited(site)


def test_a_key_is_retired_under_load():
    """No connection is lost; of each receipt it is told by whose key it is what that proves."""
    with two_keys() as site:
        site.path("operators.yaml").write_text(statements.operators_text([("ann", ["approve", "retire-key"], ANN)]))
        site.write_policy(top={"operators": "operators.yaml"})
        ANN.write_public(site.path("ann.pub"))
        signer, load = site.start_signer(), Load(site)
        load.wait_for(40)
        said = statement(site, int(time.time()) - 3600)
        rotation.rotate(site)
        signer.wait_for("event=key-changed")
        site.tool("hallmark-signer", "statement", "submit", "-c", str(site.path("signer.yaml")), str(said))
        retire(site, said)
        load.wait_for_each(10)
        load.end()
        assert not load.errors and load.closed == 0, (load.errors, load.closed)
        published(site, 1 + max(r["index"] for r in load.receipts))
        assert signer.stop() == 0
        named = ("--retired", said, "--operator", site.path("ann.pub"))
        keys = {0: [], 1: []}
        for receipt in load.receipts:
            keys[rotation.signer_of(site, receipt["checkpoint"])[0]].append(wire.tlog_proof(receipt))
        assert keys[0] and keys[1]
        for receipt in (keys[0][0], keys[0][-1]):
            assert verify(site, receipt).returncode == 0
            done = verify(site, receipt, *named)
            assert done.returncode == 2 and TOLD in done.stdout, done.stdout
        for receipt in (keys[1][0], keys[1][-1]):
            assert verify(site, receipt, *named).returncode == 0
        rotation.audited(site)


def forge(key, tree):
    """A receipt of the attacker's, of the last entry."""
    answer = key.sign(tree, len(tree))
    index = len(tree) - 1
    return wire.tlog_proof({"report": tree.entries[index], "index": index,
                            "proof": b"".join(tree.inclusion(index)), "checkpoint": answer.body})


def test_a_retired_key_signs_nothing_any_more():
    """While it serves, and at every start; whatever a hijacked signer asks for, and whoever adopts."""
    with two_keys() as site:
        unnamed(site)
        said = statement(site, 1)
        with KeyProcess(site) as key:
            tree = grown(key, site, SIZE)
            note = key.sign(tree, SIZE).body
            for wrong, why in ((statement(site, 1, 2, key="0" * 64), "another key than that of"),
                               (statement(site, 1, 3, origin="other.test/log"), "expected a statement for the log"),
                               (statement(site, 1, 4, kind="revoke"), "found one of revoke"),
                               (site.path("hsm.yaml"), "hsm.yaml")):
                done = retire(site, wrong, check=False)
                assert done.returncode == 1 and why in done.stderr, done
            key.sign(tree, SIZE)
            done = retire(site, said)
            assert f"signs nothing any more, behind size {SIZE}" in done.stdout, done
            told_why(key, CHANGED)
            assert key.process.wait() == 0
        keychannel.expect_no_service(site, "is retired by operators, since it is lost or others may have it")
        site.path("c").write_bytes(note)
        shown = site.hsm("show").stdout
        assert re.search(r"(?m)^guard +the key was retired by operators, 20", shown), shown
        for command, operands in (("check", []), ("adopt", [str(site.path("c"))]), ("rotate", [])):
            site.path("hsm.yaml").write_text(site.path("hsm.yaml").read_text() + (
                "next: hsm-2.yaml\n" if command == "rotate" else ""))
            done = hsm(site, "hsm.yaml", command, *operands, check=False)
            assert done.returncode == 1 and "is retired" in done.stderr, done
        keychannel.expect_no_service(site, "the log has ended")
        done = retire(site, statement(site, 1, 5))
        assert "already, by another statement" in done.stdout, done


def unnamed(site):
    """hsm.yaml without the key that follows."""
    site.path("hsm.yaml").write_text("".join(
        line for line in site.path("hsm.yaml").read_text().splitlines(True) if not line.startswith("next")))


def test_a_signer_whose_key_is_retired_says_so():
    """Until another key follows."""
    with two_keys() as site:
        site.path("operators.yaml").write_text(statements.operators_text([("ann", ["approve", "retire-key"], ANN)]))
        site.write_policy(top={"operators": "operators.yaml"})
        signer = site.start_signer()
        collector = site.collector()
        collector.submit("app", APP)
        assert site.status()["key_retired_since"] is None
        for number, key in ((1, "0" * 64), (2, None)):
            site.tool("hallmark-signer", "statement", "submit", "-c", str(site.path("signer.yaml")),
                      str(statement(site, 1795514400, number, key=key)))
            line = "event=key-retired" in "\n".join(signer.lines)
            assert (site.status()["key_retired_since"] is None) != line and line == (number == 2)
        assert site.status()["key_retired_since"] == "2026-11-24T10:00:00Z"
        said = site.tool("hallmark-signer", "status", "-c", str(site.path("signer.yaml")), check=False)
        assert said.returncode == 1 and "Operators say that others may have the log's key since 2026-11-24" in said.stdout
        rotation.rotate(site)
        signer.wait_for("event=key-changed")
        assert site.status()["key_retired_since"] is None
        assert signer.stop() == 0


def test_what_is_begun_is_not_signed_any_more():
    """When retire returns, the process that served has ended, or signs no tree of its old guard's."""
    with two_keys() as site:
        unnamed(site)
        with KeyProcess(site) as key:
            tree = grown(key, site, SIZE)
            retire(site, statement(site, 1))
            more = keychannel.Tree(tree.entries + reports(1, SIZE))
            with contextlib.suppress(keychannel.Gone, BrokenPipeError, ConnectionResetError):
                answer = key.sign(more, SIZE)
                assert answer.error != 0, answer


def test_a_rotation_that_is_ordered_comes_first():
    with two_keys() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, SIZE)
        rotation.rotate(site)
        said = statement(site, 1)
        done = retire(site, said, check=False)
        assert done.returncode == 1 and "let the signer give the log over first" in done.stderr, done
        with KeyProcess(site) as key:
            key.sign(tree, SIZE)
        unnamed(site)
        retire(site, said)
        site.path("hsm.yaml").write_text(site.path("hsm.yaml").read_text() + "next: hsm-2.yaml\n")
        keychannel.expect_no_service(site, "waits for another transition")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
