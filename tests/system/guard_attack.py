#!/usr/bin/python3
"""A hostile signer at the key channel of a real `hallmark-hsm serve` with a real token.

It asks for forks, rollbacks, tokens of reports that are not logged, and sends bytes that are no
request; it kills the key process whenever it likes. Nothing false may be signed, and the state
must hold. Every answer that must not carry a signature is searched for one.

What else it may try: guard_observe.py with notes, token_claims.py with reports.
"""

import pathlib
import random
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
from keychannel import (FORK, FORMAT, IO, ROLLBACK, UNLOGGED, Gone, KeyProcess, Tree, certificate_of,
                        checkpoint_request, claims_of, expect_no_service, grown, jwk_of, make_site,
                        observe_request, real_report, real_reports, refused, reports, signed, told_why,
                        token_request, verify_jws)

EMPTY = Tree().hash()
NO_HASH = bytes(32)


class GrowingTree:
    """One report at a time, with nothing hashed twice: for trees by the thousand."""

    def __init__(self, entries):
        self.entries = list(entries)
        self.nodes = {}  # (begin, end): hash

    def hash(self, begin, end):
        if (begin, end) not in self.nodes:
            if end - begin == 1:
                node = keychannel.leaf_hash(self.entries[begin])
            else:
                k = begin + keychannel.split(end - begin)
                node = keychannel.sha256(b"\1" + self.hash(begin, k) + self.hash(k, end))
            self.nodes[begin, end] = node
        return self.nodes[begin, end]

    def consistency(self, old, begin, end, whole=True):
        """RFC 6962, section 2.1.2."""
        if old == end:
            return [] if whole else [self.hash(begin, end)]
        k = begin + keychannel.split(end - begin)
        if old <= k:
            return self.consistency(old, begin, k, whole) + [self.hash(k, end)]
        return self.consistency(old, k, end, False) + [self.hash(begin, k)]

    def sign_one_more(self, key):
        old = len(self.entries)
        self.entries += reports(1, old)
        self.root = self.hash(0, old + 1)
        answer = key.checkpoint(old + 1, self.root, self.consistency(old, 0, old + 1))
        assert answer.error == 0, answer


def test_it_introduces_itself_with_state_and_certificate():
    with make_site() as site, KeyProcess(site) as key:
        certificates, seen, brought = key.told()
        assert certificates == certificate_of(site).public_bytes(keychannel.serialization.Encoding.DER)
        assert (seen["label"], seen["number"], seen["changes"], brought) == ("test", 0, [], b"")
        assert (key.state.size, key.state.root) == (0, EMPTY)
        assert key.hang_up() == 0


def test_an_honest_log_grows():
    with make_site() as site, KeyProcess(site) as key:
        tree = Tree()
        for batch in (1, 1, 2, 3, 1, 9, 30, 17, 1):
            old = len(tree)
            tree.add(*reports(batch, old))
            signed(site, key.sign(tree, old), tree)
        # An answer may have been lost: the same tree once more.
        signed(site, key.sign(tree, len(tree)), tree)


def test_same_size_and_another_root_is_a_fork():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 9)
        for i in range(9):
            other = Tree(tree.entries)
            other.entries[i] = b'{"forged":true}'
            refused(key.checkpoint(9, other.hash(), []), FORK, 9, tree.hash())
        refused(key.checkpoint(9, NO_HASH, []), FORK, 9, tree.hash())
        refused(key.checkpoint(9, tree.hash(), [NO_HASH]), FORK, 9, tree.hash())
        signed(site, key.sign(tree, 9), tree)


def test_another_past_with_its_own_good_proof_is_a_fork():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 9)
        for changed in (0, 4, 8):
            other = Tree(tree.entries + reports(5, 9))
            other.entries[changed] = b'{"forged":true}'
            refused(key.checkpoint(14, other.hash(), other.consistency(9)), FORK, 9, tree.hash())
        # Another past that shares the first eight, proved from there.
        other = Tree(tree.entries[:8] + reports(6, 8, "other"))
        refused(key.checkpoint(14, other.hash(), other.consistency(8)), FORK, 9, tree.hash())


def test_a_smaller_tree_is_a_rollback():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 9)
        for size in range(9):
            older = Tree(tree.entries[:size])
            refused(key.checkpoint(size, older.hash(), []), ROLLBACK, 9, tree.hash())
        refused(key.checkpoint(8, tree.hash(), []), ROLLBACK, 9, tree.hash())


def test_a_changed_proof_is_refused():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 11)
        larger = Tree(tree.entries + reports(8, 11))
        proof = larger.consistency(11)
        bad = [proof[:-1], proof[1:], proof + [larger.hash()], [], proof[::-1],
               [NO_HASH] * len(proof), [NO_HASH] * 65, proof + [NO_HASH]]
        bad += [proof[:i] + [bytes([proof[i][0] ^ 128]) + proof[i][1:]] + proof[i + 1:]
                for i in range(len(proof))]
        for wrong in bad:
            refused(key.checkpoint(19, larger.hash(), wrong), FORK, 11, tree.hash())
        for size in (2**63, 2**64 - 1, 40):
            refused(key.checkpoint(size, larger.hash(), proof), FORK, 11, tree.hash())
        signed(site, key.sign(larger, 11), larger)


def test_the_empty_tree_cannot_be_forked_either():
    with make_site() as site, KeyProcess(site) as key:
        refused(key.checkpoint(0, NO_HASH, []), FORK, 0, EMPTY)
        refused(key.checkpoint(0, Tree(reports(1)).hash(), []), FORK, 0, EMPTY)
        refused(key.checkpoint(3, Tree(reports(3)).hash(), [NO_HASH]), FORK, 0, EMPTY)
        signed(site, key.checkpoint(0, EMPTY, []), Tree())


def test_tokens_are_for_logged_reports():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 13, real_reports)
        jwk = jwk_of(site)
        for i in range(13):
            answer = key.token(i, tree.entries[i], tree.inclusion(i), 13)
            assert answer.error == 0 and answer.size == 13
            verify_jws(answer.body, jwk, certificate_of(site), claims_of(tree.entries[i], i))


def test_tokens_for_anything_else_are_refused():
    with make_site() as site, KeyProcess(site) as key:
        refused(key.token(0, b"{}", [], 0), UNLOGGED, 0, EMPTY)
        tree = grown(key, site, 13, real_reports)
        now = (UNLOGGED, 13, tree.hash())
        proof = tree.inclusion(5)
        refused(key.token(5, b'{"forged":true}', proof, 13), *now)
        refused(key.token(4, tree.entries[5], proof, 13), *now)
        refused(key.token(2**64 - 1, tree.entries[5], proof, 13), *now)
        refused(key.token(13, tree.entries[5], proof, 13), *now)
        refused(key.token(5, tree.entries[5], proof[:-1], 13), *now)
        refused(key.token(5, tree.entries[5], proof + [NO_HASH], 13), *now)
        refused(key.token(5, tree.entries[5], [NO_HASH] * 65, 13), *now)
        # An inner node of the tree in the place of a report.
        inner = b"\1" + tree.hash(0, 1) + tree.hash(1, 2)
        refused(key.token(0, inner[1:], tree.inclusion(0)[1:], 13), *now)
        # Logged by the signer, covered by no signed checkpoint yet.
        larger = Tree(tree.entries + real_reports(4, 13))
        refused(key.token(14, larger.entries[14], larger.inclusion(14), 17), *now)
        signed(site, key.sign(larger, 13), larger)
        assert key.token(14, larger.entries[14], larger.inclusion(14), 17).error == 0
        # A proof to the last tree but one is not one to the last.
        refused(key.token(5, tree.entries[5], proof, 17), UNLOGGED, 17, larger.hash())
        assert key.token(5, tree.entries[5], proof, 13).error == 0


def test_tokens_of_trees_that_were_never_signed_are_refused():
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 5, real_reports)
        larger = Tree(tree.entries + real_reports(6, 5))
        signed(site, key.sign(larger, 5), larger)
        now = (UNLOGGED, 11, larger.hash())
        for size in range(13):  # honest trees of this very log, of sizes between the signed ones
            if size in (5, 11):
                continue
            other = Tree(real_reports(size))
            proof = other.inclusion(0) if size > 0 else []
            refused(key.token(0, tree.entries[0], proof, size), *now)
        refused(key.token(0, tree.entries[0], tree.inclusion(0), 2**64 - 1), *now)
        # A size that was signed, with a proof to another root.
        for size in (5, 11):
            other = Tree(reports(size, 0, "forged"))
            refused(key.token(1, other.entries[1], other.inclusion(1), size), *now)
            refused(key.token(1, larger.entries[1], other.inclusion(1), size), *now)
        # A tree that was refused as a fork is none that was signed.
        other = Tree(tree.entries + reports(9, 5, "forged"))
        refused(key.checkpoint(14, other.hash(), other.consistency(11)), FORK, 11, larger.hash())
        refused(key.token(7, other.entries[7], other.inclusion(7), 14), *now)
        for size, signed_tree in ((5, tree), (11, larger)):
            assert key.token(1, tree.entries[1], signed_tree.inclusion(1), size).error == 0


def test_a_tree_older_than_the_window_is_forgotten():
    window = keychannel.TREES
    with make_site() as site, KeyProcess(site) as key:
        first = grown(key, site, 3, real_reports)
        proof = first.inclusion(1)
        # The empty tree that it began with falls out first.
        tree = GrowingTree(first.entries)
        for _ in range(window - 1):
            tree.sign_one_more(key)
        assert key.token(1, first.entries[1], proof, 3).error == 0
        tree.sign_one_more(key)
        refused(key.token(1, first.entries[1], proof, 3), UNLOGGED, window + 3, tree.root)
        # Forgotten, not lost: a proof to a tree in the window is as good as ever.
        whole = Tree(tree.entries)
        assert key.token(1, first.entries[1], whole.inclusion(1), len(whole)).error == 0


def test_after_a_restart_tokens_are_for_the_state_it_began_with():
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 5, real_reports)
            larger = Tree(tree.entries + real_reports(6, 5))
            signed(site, key.sign(larger, 5), larger)
            assert key.token(1, tree.entries[1], tree.inclusion(1), 5).error == 0
        with KeyProcess(site) as key:
            refused(key.token(1, tree.entries[1], tree.inclusion(1), 5), UNLOGGED, 11,
                    larger.hash())
            assert key.token(1, tree.entries[1], larger.inclusion(1), 11).error == 0
            largest = Tree(larger.entries + reports(1, 11))
            signed(site, key.sign(largest, 11), largest)
            assert key.token(1, tree.entries[1], larger.inclusion(1), 11).error == 0


def test_a_flood_of_requests_is_answered_each_and_checkpoints_in_order():
    """More than may be unanswered at once; a checkpoint in the middle does not wait for all."""
    with make_site(hsm={"sessions": 8}) as site, KeyProcess(site) as key:
        tree = grown(key, site, 40, real_reports)
        jwk = jwk_of(site)
        asked, flood = {}, b""
        for number in range(1, 701):
            if number % 100 == 0:
                old, tree = tree, Tree(tree.entries + reports(3, len(tree)))
                flood += checkpoint_request(len(tree), tree.hash(), tree.consistency(len(old)),
                                            number)
                asked[number] = tree
                tree = Tree(tree.entries)
            else:
                # To the first tree: which checkpoint is signed by then is the token's affair.
                index = number % 40
                flood += token_request(index, tree.entries[index], Tree(tree.entries[:40])
                                       .inclusion(index), 40, number)
                asked[number] = claims_of(tree.entries[index], index)
        sender = threading.Thread(target=key.send, args=(flood,))
        sender.start()
        order, certificate = [], certificate_of(site)
        for _ in range(len(asked)):
            answer = key.receive()
            wanted = asked.pop(answer.id)
            assert answer.error == 0, answer
            if answer.type == keychannel.CHECKPOINT:
                order.append(answer.id)
                signed(site, answer, wanted)
            else:
                verify_jws(answer.body, jwk, certificate, wanted)
        sender.join()
        assert not asked and order == sorted(order) and len(order) == 7
        assert key.hang_up() == 0


def test_a_refusal_among_many_does_not_stop_the_others():
    with make_site(hsm={"sessions": 4}) as site, KeyProcess(site) as key:
        tree = grown(key, site, 20, real_reports)
        flood = b""
        for number in range(1, 101):
            report = b'{"forged":true}' if number % 10 == 0 else tree.entries[number % 20]
            flood += token_request(number % 20, report, tree.inclusion(number % 20), 20, number)
        key.send(flood)
        answers = {}
        for _ in range(100):
            answer = key.receive()
            assert answer.id not in answers
            answers[answer.id] = answer
        for number in range(1, 101):
            if number % 10 == 0:
                refused(answers[number], UNLOGGED, 20, tree.hash())
            else:
                assert answers[number].error == 0 and answers[number].body.startswith(b"eyJ")


def test_a_flood_of_refusals_fills_no_log():
    """Of each code the first is said at once, and no more for a minute."""
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 9)
        floods = {ROLLBACK: checkpoint_request(8, Tree(reports(8)).hash(), []),
                  FORK: checkpoint_request(9, NO_HASH, []),
                  UNLOGGED: token_request(0, b'{"forged":true}', [], 9),
                  FORMAT: observe_request(9, tree.hash(), [], b"a note")}
        for code, request in floods.items():
            sender = threading.Thread(target=key.send, args=(request * 500,))
            sender.start()
            for _ in range(500):
                refused(key.receive(), code, 9, tree.hash())
            sender.join()
        assert key.hang_up() == 0
        said = [line for line in key.process.lines if "is refused" in line]
        assert len(said) == len(floods), said
        for name in ("guard-rollback", "guard-fork", "guard-unlogged", "bad-format"):
            assert sum(f"is refused, {name}:" in line for line in said) == 1, said


def report_of_size(size):
    """A report with as many findings as it takes."""
    finding = {"kind": "executable", "code": "unknown-file", "subject": "/x", "detail": ""}
    found = [{**finding, "subject": "/" + "s" * 255, "detail": "d" * 256} for _ in range(16)]
    while True:
        report = real_report("w" * 128, status="contraindicated", findings=found)
        if len(report) <= size:
            return report
        found.pop()


def test_the_largest_report_gets_its_token():
    everything = {**hallmark.TOKENS[0], "statuses": ["contraindicated"]}
    with make_site(hsm={"tokens": [everything]}) as site, KeyProcess(site) as key:
        tree = Tree([report_of_size(65535)])
        signed(site, key.sign(tree, 0), tree)
        answer = key.token(0, tree.entries[0], [], 1)
        verify_jws(answer.body, jwk_of(site), certificate_of(site), claims_of(tree.entries[0], 0))


def garbage(tree):
    """Bytes that are no request, by what is wrong with them."""
    good = checkpoint_request(len(tree), tree.hash(), [])
    token = token_request(0, tree.entries[0], tree.inclusion(0), 9)
    observe = observe_request(len(tree), tree.hash(), [], b"a note")

    def patch(data, at, value):
        return data[:at] + bytes([value]) + data[at + 1:]

    yield "zeros", bytes(5000)
    yield "ones", b"\xff" * 5000
    yield "noise", random.Random(7).randbytes(5000)
    yield "text", b"GET / HTTP/1.1\r\nHost: hsm\r\n\r\n" * 100
    yield "an answer", b"HKA3" + good[4:]
    yield "another version", b"HKQ2" + good[4:]
    yield "lower case", b"hkq3" + good[4:]
    yield "type 0", patch(good, 4, 0)
    yield "type 4", patch(good, 4, 4)
    yield "type 255", patch(good, 4, 255)
    yield "a profile of a checkpoint", patch(good, 6, 1)
    yield "a profile of an observation", patch(observe, 6, 1)
    yield "reserved byte 7", patch(good, 7, 128)
    yield "66 hashes", patch(good, 5, 66)
    yield "255 hashes", patch(good, 5, 255)
    yield "a hash behind the count", patch(good, 16 + 8 + 32 + 31, 1)
    yield "the last hash is not zero", patch(good, len(good) - 1, 1)
    yield "66 hashes of a token", patch(token, 5, 66)
    yield "an empty report", token_request(0, b"", [], 9)
    yield "a report of 65,536 bytes", token_request(0, bytes(65536), [], 9)
    yield "a report of 4 GB", token_request(0, b"{}", [], 9, size=2**32 - 1)
    yield "no profile", token_request(0, b"{}", [], 9, profile="")
    yield "a profile of 65 bytes", token_request(0, b"{}", [], 9, profile="n" * 65)
    yield "an empty note", observe_request(9, tree.hash(), [], b"")
    yield "a note of 65,537 bytes", observe_request(9, tree.hash(), [], bytes(65537))
    yield "a note of 4 GB", observe_request(9, tree.hash(), [], b"a note", note_size=2**32 - 1)
    yield "66 hashes of an observation", patch(observe, 5, 66)
    yield "a good request, then garbage", good + b"garbage garbage garbage"


def test_what_is_no_request_ends_the_process_and_changes_nothing():
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 9)
        for name, data in garbage(tree):
            with KeyProcess(site) as key:
                assert (key.state.size, key.state.root) == (9, tree.hash()), name
                try:
                    key.send(data)
                    if name.startswith("a good request"):
                        signed(site, key.receive(), tree)
                    answer = key.receive()
                    raise AssertionError(f"{name}: {answer}")
                except (Gone, BrokenPipeError):
                    pass
                assert key.process.wait() == 1, name
                assert any("no request" in line for line in key.process.lines), name


def test_a_channel_closed_in_the_middle_of_a_request():
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 9)
        larger = Tree(tree.entries + reports(2, 9))
        request = checkpoint_request(11, larger.hash(), larger.consistency(9))
        token = token_request(3, tree.entries[3], tree.inclusion(3), 9)
        cuts = [request[:n] for n in (1, 3, 4, 5, 15, 16, 17, 24, 56, len(request) - 1)]
        cuts += [token[:n] for n in (16, 24, 35, 36, len(token) - 1)]
        observe = observe_request(11, larger.hash(), larger.consistency(9), b"a note")
        cuts += [observe[:n] for n in (16, 56, 2140, len(observe) - 1)]
        for data in cuts:
            with KeyProcess(site) as key:
                assert key.state.size == 9
                key.send(data)
                key.channel.shutdown(socket.SHUT_WR)
                try:
                    raise AssertionError(key.receive())
                except Gone:
                    pass
                assert key.process.wait() == 1, len(data)
                assert any("middle of a request" in line for line in key.process.lines)


def test_a_channel_closed_over_requests_that_wait():
    with make_site(token_module=True) as site, KeyProcess(site) as key:
        tree = grown(key, site, 9)
        site.token.set(latency_us=200000)
        key.send(token_request(0, tree.entries[0], tree.inclusion(0), 9) * 300)
        assert key.hang_up() == 1
        assert not any("middle" in line for line in key.process.lines), key.process.lines


def test_requests_in_pieces_and_in_bunches():
    with make_site() as site, KeyProcess(site) as key:
        tree = Tree(reports(3))
        for byte in checkpoint_request(3, tree.hash(), [], number=77):
            key.send(bytes([byte]))
        answer = key.receive()
        assert answer.id == 77
        signed(site, answer, tree)
        bunch, trees = b"", []
        for size in range(4, 40):
            step = Tree(reports(size))
            trees.append(step)
            bunch += checkpoint_request(size, step.hash(), step.consistency(size - 1), number=size)
        key.send(bunch)
        for step in trees:
            answer = key.receive()
            assert answer.id == len(step)
            signed(site, answer, step)


def test_a_killed_process_does_not_forget():
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 9)
            key.kill()
        with KeyProcess(site) as key:
            assert (key.state.size, key.state.root) == (9, tree.hash())
            refused(key.checkpoint(8, Tree(reports(8)).hash(), []), ROLLBACK, 9, tree.hash())
            refused(key.checkpoint(9, NO_HASH, []), FORK, 9, tree.hash())
            other = Tree(reports(12, 0, "other"))
            refused(key.checkpoint(12, other.hash(), other.consistency(9)), FORK, 9, tree.hash())
            signed(site, key.sign(tree, 9), tree)


def test_killed_at_any_moment_it_holds_what_it_answered():
    """Never behind an answer that left; at most one request ahead, which is asked again."""
    dice = random.Random(11)
    with make_site() as site:
        signed_size = 0
        for _ in range(25):
            with KeyProcess(site) as key:
                held = key.state.size
                assert held >= signed_size
                tree = Tree(reports(held))
                assert key.state.root == tree.hash()
                signed(site, key.sign(tree, held), tree)
                bunch = b""
                for size in range(held + 1, held + 9):
                    step = Tree(reports(size))
                    bunch += checkpoint_request(size, step.hash(), step.consistency(size - 1),
                                                number=size)
                key.send(bunch)
                for _ in range(dice.randrange(8)):
                    signed_size = key.receive().size
                key.process.kill()
                try:
                    while True:  # what had left before the end
                        signed_size = key.receive().size
                except Gone:
                    pass


def test_one_state_serves_one_process():
    with make_site() as site, KeyProcess(site) as key:
        second = KeyProcess(site, start=False)
        assert second.process.wait() == 1
        assert any("another key process" in line for line in second.process.lines)
        tree = grown(key, site, 4)
        key.kill()
        with KeyProcess(site) as third:
            assert third.state.root == tree.hash()


def test_a_second_process_leaves_the_token_alone():
    """It would take its sessions from who serves, and from all others whose token that is."""
    with make_site(token_module=True) as site, KeyProcess(site) as key:
        calls = ("initialisations", "sessions_opened", "login_tries")
        before = {name: site.token.get(name) for name in calls}
        assert all(before.values()), before
        for _ in range(3):
            second = KeyProcess(site, start=False)
            assert "another key process" in told_why(second, IO)
            assert second.process.wait() == 1
        assert {name: site.token.get(name) for name in calls} == before
        grown(key, site, 4)


def test_a_state_that_was_taken_away_is_not_signed_on():
    """Its lock went with it: a process that serves from one that was made anew would sign a fork."""
    with make_site() as site, KeyProcess(site) as key:
        tree = grown(key, site, 4)
        site.path("checkpoint").write_bytes(key.sign(tree, 4).body)
        guard_file(site).unlink()
        site.hsm("adopt", str(site.path("checkpoint")))
        with KeyProcess(site) as second:
            larger = Tree(tree.entries + reports(1, 4))
            refused(key.sign(larger, 4), 600, 4, tree.hash())
            assert key.process.wait() == 1
            assert any("removed or replaced" in line for line in key.process.lines)
            signed(site, second.sign(larger, 4), larger)


def guard_file(site):
    return site.guard_file()


def test_a_lost_or_damaged_state_is_never_taken_for_an_empty_log():
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 9)
            checkpoint = key.sign(tree, 9).body
        state = guard_file(site).read_bytes()
        guard_file(site).write_bytes(state[:100])
        expect_no_service(site, "damaged")
        guard_file(site).write_bytes(bytes(len(state)))
        expect_no_service(site, "damaged")
        guard_file(site).unlink()
        expect_no_service(site, "never assumed to be empty")
        # The operator's way out: a checkpoint that this key has signed, and no other.
        site.path("checkpoint").write_bytes(checkpoint.replace(b"\n9\n", b"\n0\n"))
        assert site.hsm("adopt", str(site.path("checkpoint")), check=False).returncode == 1
        expect_no_service(site, "never assumed to be empty")
        site.path("checkpoint").write_bytes(checkpoint)
        site.hsm("adopt", str(site.path("checkpoint")))
        with KeyProcess(site) as key:
            assert (key.state.size, key.state.root) == (9, tree.hash())
            refused(key.checkpoint(8, Tree(reports(8)).hash(), []), ROLLBACK, 9, tree.hash())


def test_a_failed_write_of_the_state_ends_it_unsigned():
    """Every call that makes the state durable, failed in turn by strace: behind the start, which
    writes the state once more, and at the start, which then tells no state."""
    for call in ("pwrite64", "fdatasync"):
        for error in ("EIO", "ENOSPC"):
            with make_site() as site:
                with KeyProcess(site) as key:
                    tree = grown(key, site, 9)
                trace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                         f"inject={call}:error={error}:when=2+", "-P", str(guard_file(site))]
                larger = Tree(tree.entries + reports(2, 9))
                with KeyProcess(site, prefix=trace) as key:
                    refused(key.sign(larger, 9), 600, 9, tree.hash())
                    assert key.process.wait() == 1
                trace[trace.index("-P") - 1] = f"inject={call}:error={error}:when=1"
                with KeyProcess(site, start=False, prefix=trace) as key:
                    assert "cannot write the guard's state" in told_why(key, 600)
                with KeyProcess(site) as key:  # persisted or not: both are the truth
                    assert key.state.size in (9, 11)
                    signed(site, key.sign(larger, key.state.size), larger)


def test_a_blocking_channel_is_not_taken_for_granted():
    """systemd and others may hand over a socket that does not block; its answers are still whole."""
    def prepare(channel):
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    with make_site() as site, KeyProcess(site, prepare=prepare) as key:
        tree = grown(key, site, 1, real_reports)
        request = token_request(0, tree.entries[0], [], 1)
        answers = 100  # of more than a thousand bytes each
        key.send(request * answers)
        for _ in range(answers):
            assert key.receive().body.startswith(b"eyJ")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
