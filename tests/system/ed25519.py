#!/usr/bin/python3
"""The Ed25519 key beside the first: made, held to its verifier key, and a line on every checkpoint, or none
at all."""

import json
import statistics
import subprocess
import time

import hallmark
from hallmark import ORIGIN, Site
from keychannel import (LOST, FORMAT, SIGNATURE, UNKNOWN_KEY, KeyProcess, Tree, beside_of, certificate_of,
                        expect_no_service, grown, make_site, real_reports, refused, reports, signed, told_why,
                        verify_note)

ED25519 = {"ed25519_key": "log-ed25519", "ed25519_verifier": "log.vkey"}
SLOW_US = 100_000  # a signature of a token that is slow


def both(**options):
    """A site with both keys."""
    return make_site(hsm={**ED25519, **options.pop("hsm", {})}, **options)


def tool(site, *arguments):
    return subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                           "--token-label", "test", *arguments], env=site.env, check=True,
                          capture_output=True, text=True).stdout


def failing(site, command, *words):
    done = site.hsm(command, check=False)
    assert done.returncode == 1, done
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    return done


# --- the ceremony ---------------------------------------------------------------------------------


def test_init_makes_both_and_neither_can_leave():
    with Site(hsm=ED25519) as site:
        said = site.hsm("init").stdout
        assert "beside it" in said and "log.vkey" in said, said
        listing = tool(site, "--list-objects", "--type", "privkey")
        assert listing.count("Private Key Object") == 2
        for key in listing.split("Private Key Object")[1:]:
            usage = next(line for line in key.splitlines() if "Usage:" in line)
            assert usage.split(":")[1].strip() == "sign", usage
            for word in ("sensitive", "always sensitive", "never extractable", "local"):
                assert word in next(line for line in key.splitlines() if "Access:" in line), key
        site.hsm("self-sign")
        assert "'log-ed25519' signs, cannot leave" in site.hsm("check").stdout
        shown = json.loads(site.hsm("show", "--json").stdout)
        assert shown["ed25519_verifier_key"] + "\n" == site.path("log.vkey").read_text()
        assert shown["ed25519_as_written"] is True and shown["ed25519_key"] == "log-ed25519"
        assert "cannot leave" in shown["ed25519_verdict"]
        assert shown["verifier_key"] != shown["ed25519_verifier_key"]
        assert beside_of(site)
        assert site.hsm("show").stdout.count("verifier key") == 2


def test_a_log_gets_its_second_key_later():
    """And what was signed before stays what it is."""
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            old = key.sign(tree, 5).body
        site.options["hsm"] = ED25519
        site.write_configs()
        failing(site, "check", "log.vkey", "hallmark-hsm init")
        expect_no_service(site, "log.vkey")
        said = site.hsm("init").stdout
        assert said.count("made ") == 1 and "log-ed25519" in said, said
        site.hsm("check")
        with KeyProcess(site) as key:
            assert key.state.size == 5
            tree.add(*reports(2, 5))
            signed(site, key.sign(tree, 5), tree)
            assert key.observe(5, Tree(tree.entries[:5]).hash(), [], old).error == 500  # before the guard's
        failing(site, "init", "'log-ed25519'", "already")


def test_init_overwrites_nothing():
    with both() as site:
        before = (site.path("log.vkey").read_text(), tool(site, "--list-objects", "--type", "pubkey"))
        failing(site, "init", "already")
        assert before == (site.path("log.vkey").read_text(), tool(site, "--list-objects", "--type", "pubkey"))
        # The file was lost: it is written again, to the byte.
        site.path("log.vkey").unlink()
        failing(site, "check", "hallmark-hsm init")
        site.hsm("init")
        assert site.path("log.vkey").read_text() == before[0]
        # The key was lost: no other takes its place under its verifier key.
        for kind in ("privkey", "pubkey"):
            tool(site, "--delete-object", "--type", kind, "--label", "log-ed25519")
        failing(site, "init", "no key 'log-ed25519'", "log.vkey")
        failing(site, "check", "no private key 'log-ed25519'")


def test_another_key_under_the_label_is_not_served():
    with both() as site, both() as other:
        line = site.path("log.vkey").read_text()
        site.path("log.vkey").write_text(other.path("log.vkey").read_text())
        for command in ("check", "show"):
            failing(site, command, "another key than the token's")
        expect_no_service(site, "another key than the token's")
        first = json.loads(site.hsm("show", "--json", check=False).stdout)
        assert first["ed25519_as_written"] is False
        for wrong, words in ((line.replace(ORIGIN, "another.test"), "expected a verifier key"),
                             (line[:-3] + "\n", "expected a verifier key"),
                             (line * 2, "expected a verifier key"), ("", "expected a verifier key"),
                             (first["verifier_key"], "expected the verifier key of an Ed25519 key")):
            site.path("log.vkey").write_text(wrong)
            failing(site, "check", words)
            expect_no_service(site, words)
        site.path("log.vkey").write_text(line)
        site.hsm("check")


def test_a_key_of_another_kind_is_not_served():
    with make_site() as site:
        site.options["hsm"] = ED25519
        site.write_configs()
        tool(site, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "log-ed25519", "--id", "05")
        failing(site, "init", "EC key on prime256v1", "ed25519")
        assert not site.path("log.vkey").exists()


def test_a_point_has_two_forms():
    """PKCS#11 3.0 has the bytes alone, SoftHSM and others the OCTET STRING of before."""
    with both(token_module=True) as site:
        for raw in (0, 1):
            site.token.set(raw_points=raw)
            shown = json.loads(site.hsm("show", "--json").stdout)
            assert shown["ed25519_verifier_key"] + "\n" == site.path("log.vkey").read_text()
            with KeyProcess(site) as key:
                tree = Tree(reports(key.state.size + 1))
                signed(site, key.sign(tree, key.state.size), tree)


def test_labels_and_files_come_in_pairs():
    for hsm, word in (({"ed25519_key": "x"}, "belong together"),
                      ({"ed25519_verifier": "log.vkey"}, "belong together"),
                      ({"ed25519_key": "log", "ed25519_verifier": "log.vkey"}, "another label"),
                      ({"ed25519_key": "x", "ed25519_verifier": "none/log.vkey"}, "no directory")):
        with Site(hsm=hsm) as site:
            failing(site, "init", word)


# --- checkpoints ----------------------------------------------------------------------------------


def test_every_checkpoint_has_both_lines():
    for hsm in ({}, {"sessions": 1}, {"sessions": 8}, {"algorithm": "rsa-3072-pss"}):
        with both(hsm=hsm) as site, KeyProcess(site) as key:
            tree = Tree()
            for size in range(1, 40):
                tree.add(*reports(1, size))
                signed(site, key.sign(tree, size - 1), tree)


def test_tokens_have_one_signature_by_the_first_key():
    from keychannel import claims_of, jwk_of, verify_jws
    with both() as site, KeyProcess(site) as key:
        tree = grown(key, site, 3, real_reports)
        answer = key.token(1, tree.entries[1], tree.inclusion(1), 3)
        verify_jws(answer.body, jwk_of(site), certificate_of(site), claims_of(tree.entries[1], 1))


def test_checkpoints_among_many_tokens():
    with both(hsm={"sessions": 4}) as site, KeyProcess(site) as key:
        tree = grown(key, site, 20, real_reports)
        from keychannel import CHECKPOINT, checkpoint_request, token_request
        for size in range(20, 60):
            grown_by_one = Tree(tree.entries + real_reports(1, size))
            requests = [token_request(i, tree.entries[i], tree.inclusion(i), len(tree), 1000 + i)
                        for i in range(10)]
            requests.insert(5, checkpoint_request(len(grown_by_one), grown_by_one.hash(),
                                                  grown_by_one.consistency(len(tree)), 1))
            key.send(b"".join(requests))
            answers = [key.receive() for _ in requests]
            assert all(answer.error == 0 for answer in answers)
            note, = (answer for answer in answers if answer.type == CHECKPOINT)
            tree = grown_by_one
            verify_note(note.body, certificate_of(site), ORIGIN, len(tree), tree.hash(),
                        beside=beside_of(site))


def test_a_second_signature_that_fails_is_one_that_fails():
    """Whichever of the two it is, and however: no line leaves, and the state is ahead, as at any failure."""
    for fault, error in (("error", LOST), ("garbage", 504), ("short", 504)):
        for skip in (0, 1):
            with both(token_module=True) as site:
                with KeyProcess(site) as key:
                    tree = grown(key, site, 5)
                    tree.add(*reports(2, 5))
                    site.token.inject(fault, error=0x30, skip=skip, count=1)
                    answer = key.sign(tree, 5)
                    assert answer.error == error, (fault, skip, answer)
                    assert b"\xe2\x80\x94" not in answer.body, answer
                    assert key.process.wait() == 1
                site.token.recover()
                with KeyProcess(site) as key:
                    assert (key.state.size, key.state.root) == (7, tree.hash())
                    signed(site, key.sign(tree, 7), tree)


def test_a_second_signature_that_hangs():
    with both(token_module=True, hsm={"deadline_ms": 500}) as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            tree.add(*reports(2, 5))
            site.token.inject("hang", skip=1, count=1)
            key.send(b"")
            from keychannel import checkpoint_request
            key.send(checkpoint_request(7, tree.hash(), tree.consistency(5), 9))
            assert "did not answer" in told_why(key, LOST)
        site.token.recover()
        with KeyProcess(site) as key:
            assert key.state.size == 7
            signed(site, key.sign(tree, 7), tree)


def test_what_is_observed_has_no_wrong_line():
    with both() as site, KeyProcess(site) as key:
        tree = grown(key, site, 3)
        note = key.sign(tree, 3).body
        text, first, second = note.rsplit(b"\xe2\x80\x94", 2)
        first, second = b"\xe2\x80\x94" + first, b"\xe2\x80\x94" + second
        other = key.sign(Tree(tree.entries + reports(1, 3)), 3).body.rsplit(b"\xe2\x80\x94", 1)[1]
        tree.add(*reports(1, 3))
        for lines, error in ((first + b"\xe2\x80\x94" + other, SIGNATURE), (second, UNKNOWN_KEY),
                             (first + second + second, FORMAT)):
            refused(key.observe(3, Tree(tree.entries[:3]).hash(), [], text + lines), error, 4, tree.hash())


def test_what_is_adopted_has_no_wrong_line():
    with both() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 3)
            note = key.sign(tree, 3).body
            other = key.sign(Tree(tree.entries + reports(1, 3)), 3).body.rsplit(b"\xe2\x80\x94", 1)[1]
        site.guard_file().unlink()
        path = site.path("checkpoint")
        first = note.rsplit(b"\xe2\x80\x94", 1)[0]
        path.write_bytes(first + b"\xe2\x80\x94" + other)
        done = site.hsm("adopt", str(path), check=False)
        assert done.returncode == 1 and "does not verify" in done.stderr and not site.guard_files(), done
        for lines in (first, note):  # of before the key was made, and of now
            path.write_bytes(lines)
            site.hsm("adopt", str(path))
            assert json.loads(site.hsm("show", "--json").stdout)["signed_size"] == 3
            site.guard_file().unlink()


# --- what it costs --------------------------------------------------------------------------------


def latency_ms(site, count):
    with KeyProcess(site) as key:
        tree, took = Tree(), []
        for size in range(1, count + 1):
            tree.add(*reports(1, size))
            root, proof = tree.hash(), tree.consistency(size - 1)
            began = time.monotonic()
            assert key.checkpoint(size, root, proof).error == 0
            took.append((time.monotonic() - began) * 1000)
        return statistics.median(took)


def test_the_second_signature_is_made_beside_the_first():
    for sessions, most in ((2, 1.5), (1, 2.5)):
        times = []
        for hsm in ({}, ED25519):
            with make_site(hsm={**hsm, "sessions": sessions}, token_module=True) as site:
                site.token.set(latency_us=SLOW_US)
                times.append(latency_ms(site, 5))
        one, two = times
        print(f"     {sessions} sessions: {one:.1f} ms for one signature, {two:.1f} ms for both", flush=True)
        assert two < most * one, times
        assert sessions > 1 or two > 1.5 * one, times  # else it was not the token that was waited for


if __name__ == "__main__":
    hallmark.run_tests(__name__)
