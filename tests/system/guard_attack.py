#!/usr/bin/python3
"""A hostile signer at the key channel of a real `hallmark-hsm serve` with a real token.

It asks for forks, rollbacks, tokens of reports that are not logged, and sends bytes that are no
request; it kills the key process whenever it likes. Nothing false may be signed, and the state
must hold. Every answer that must not carry a signature is searched for one.
"""

import os
import pathlib
import random
import socket
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
from hallmark import ORIGIN, Site
from keychannel import (FORK, ROLLBACK, UNLOGGED, Gone, KeyProcess, Tree, certificate_of,
                        checkpoint_request, token_request, verify_jws, verify_note)

EMPTY = Tree().hash()
NO_HASH = bytes(32)


def reports(count, first=0, kind="report"):
    return [f'{{"{kind}":{first + i}}}'.encode() for i in range(count)]


def make_site(**options):
    site = Site(**options)
    site.init_key()
    return site


def refused(answer, error, size, root):
    """With this error, unsigned, and the guard where it was."""
    assert answer.error == error, answer
    assert b"\xe2\x80\x94" not in answer.body and b"eyJ" not in answer.body, answer
    assert answer.body and answer.body.isascii(), answer
    assert (answer.size, answer.root) == (size, root), answer


def signed(site, answer, tree):
    assert answer.error == 0, answer
    assert (answer.size, answer.root) == (len(tree), tree.hash())
    verify_note(answer.body, certificate_of(site), ORIGIN, len(tree), tree.hash())


def grown(key, site, count):
    tree = Tree(reports(count))
    signed(site, key.sign(tree, 0), tree)
    return tree


def test_it_introduces_itself_with_state_and_certificate():
    with make_site() as site, KeyProcess(site) as key:
        assert key.state.body == certificate_of(site).public_bytes(
            keychannel.serialization.Encoding.DER)
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
        tree = grown(key, site, 13)
        jwk = hallmark.json.loads(site.hsm("jwks").stdout)["keys"][0]
        for i in range(13):
            answer = key.token(i, tree.entries[i], tree.inclusion(i))
            assert answer.error == 0 and answer.size == 13
            verify_jws(answer.body, jwk, certificate_of(site), tree.entries[i])


def test_tokens_for_anything_else_are_refused():
    with make_site() as site, KeyProcess(site) as key:
        refused(key.token(0, b"{}", []), UNLOGGED, 0, EMPTY)
        tree = grown(key, site, 13)
        now = (UNLOGGED, 13, tree.hash())
        proof = tree.inclusion(5)
        refused(key.token(5, b'{"forged":true}', proof), *now)
        refused(key.token(4, tree.entries[5], proof), *now)
        refused(key.token(2**64 - 1, tree.entries[5], proof), *now)
        refused(key.token(13, tree.entries[5], proof), *now)
        refused(key.token(5, tree.entries[5], proof[:-1]), *now)
        refused(key.token(5, tree.entries[5], proof + [NO_HASH]), *now)
        refused(key.token(5, tree.entries[5], [NO_HASH] * 65), *now)
        # An inner node of the tree in the place of a report.
        inner = b"\1" + tree.hash(0, 1) + tree.hash(1, 2)
        refused(key.token(0, inner[1:], tree.inclusion(0)[1:]), *now)
        # Logged by the signer, covered by no signed checkpoint yet.
        larger = Tree(tree.entries + reports(4, 13))
        refused(key.token(14, larger.entries[14], larger.inclusion(14)), *now)
        signed(site, key.sign(larger, 13), larger)
        assert key.token(14, larger.entries[14], larger.inclusion(14)).error == 0
        # A proof that led to the last root but one.
        refused(key.token(5, tree.entries[5], proof), UNLOGGED, 17, larger.hash())


def test_the_largest_report_gets_its_token():
    with make_site() as site, KeyProcess(site) as key:
        tree = Tree([b"{" + b" " * 65533 + b"}"])
        signed(site, key.sign(tree, 0), tree)
        answer = key.token(0, tree.entries[0], [])
        jwk = hallmark.json.loads(site.hsm("jwks").stdout)["keys"][0]
        verify_jws(answer.body, jwk, certificate_of(site), tree.entries[0])


def garbage(tree):
    """Bytes that are no request, by what is wrong with them."""
    good = checkpoint_request(len(tree), tree.hash(), [])
    token = token_request(0, tree.entries[0], tree.inclusion(0))

    def patch(data, at, value):
        return data[:at] + bytes([value]) + data[at + 1:]

    yield "zeros", bytes(5000)
    yield "ones", b"\xff" * 5000
    yield "noise", random.Random(7).randbytes(5000)
    yield "text", b"GET / HTTP/1.1\r\nHost: hsm\r\n\r\n" * 100
    yield "an answer", b"HKA1" + good[4:]
    yield "another version", b"HKQ2" + good[4:]
    yield "lower case", b"hkq1" + good[4:]
    yield "type 0", patch(good, 4, 0)
    yield "type 3", patch(good, 4, 3)
    yield "type 255", patch(good, 4, 255)
    yield "reserved byte 6", patch(good, 6, 1)
    yield "reserved byte 7", patch(good, 7, 128)
    yield "66 hashes", patch(good, 5, 66)
    yield "255 hashes", patch(good, 5, 255)
    yield "a hash behind the count", patch(good, 16 + 8 + 32 + 31, 1)
    yield "the last hash is not zero", patch(good, len(good) - 1, 1)
    yield "66 hashes of a token", patch(token, 5, 66)
    yield "an empty report", token_request(0, b"", [])
    yield "a report of 65,536 bytes", token_request(0, bytes(65536), [])
    yield "a report of 4 GB", token_request(0, b"{}", [], size=2**32 - 1)
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
        token = token_request(3, tree.entries[3], tree.inclusion(3))
        cuts = [request[:n] for n in (1, 3, 4, 5, 15, 16, 17, 24, 56, len(request) - 1)]
        cuts += [token[:n] for n in (16, 27, 28, len(token) - 1)]
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


def expect_no_service(site, pattern):
    key = KeyProcess(site, start=False)
    assert key.process.wait() != 0
    text = "\n".join(key.process.lines)
    assert pattern in text, text
    try:
        raise AssertionError(key.receive())
    except Gone:
        pass


def guard_file(site):
    return next(site.path("guard").iterdir())


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
                try:
                    with KeyProcess(site, prefix=trace) as key:
                        raise AssertionError(f"told the state {key.state.size}")
                except Gone:
                    pass
                with KeyProcess(site) as key:  # persisted or not: both are the truth
                    assert key.state.size in (9, 11)
                    signed(site, key.sign(larger, key.state.size), larger)


def test_it_is_not_started_by_hand():
    with make_site() as site:
        done = subprocess.run([hallmark.program("hallmark-hsm"), "serve", "-c",
                               str(site.path("hsm.yaml"))], env=site.env, capture_output=True,
                              text=True, close_fds=True)
        assert done.returncode == 1 and "descriptor 3" in done.stderr
        with open("/dev/null") as null:
            done = subprocess.run([hallmark.program("hallmark-hsm"), "serve", "-c",
                                   str(site.path("hsm.yaml"))], env=site.env, capture_output=True,
                                  text=True, pass_fds=(3,),
                                  preexec_fn=lambda: os.dup2(null.fileno(), 3))
        assert done.returncode == 1 and "descriptor 3" in done.stderr


def test_a_blocking_channel_is_not_taken_for_granted():
    """systemd and others may hand over a socket that does not block; its answers are still whole."""
    def prepare(channel):
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    with make_site() as site, KeyProcess(site, prepare=prepare) as key:
        tree = Tree([b"{" + b" " * 65533 + b"}"])
        signed(site, key.sign(tree, 0), tree)
        for _ in range(5):
            assert len(key.token(0, tree.entries[0], []).body) > 87000


def private_key_files(site):
    """SoftHSM keeps each object in a file: those that hold CKA_CLASS (0) = CKO_PRIVATE_KEY (3)."""
    return {path for path in site.path("tokens").glob("*/*.object")
            if struct.pack(">QQQ", 0, 2, 3) in path.read_bytes()}


def make_key(site, *attributes, label="log", number="01"):
    """A key pair that was not made by init."""
    subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                    "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", number,
                    "--token-label", "test", "--usage-sign", *attributes], env=site.env,
                   check=True, capture_output=True)


def test_a_key_that_can_leave_is_refused():
    with Site() as site:
        make_key(site, "--extractable")
        site.hsm("self-sign")
        expect_no_service(site, "extractable 1")
        done = site.hsm("check", check=False)
        assert done.returncode == 1 and "can, or could, leave" in done.stderr
        assert "REFUSED" in site.hsm("show").stdout


def test_a_key_from_elsewhere_is_refused():
    with Site() as site:
        key = keychannel.ec.generate_private_key(keychannel.ec.SECP256R1())
        serialization = keychannel.serialization
        site.path("key.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        subprocess.run(["softhsm2-util", "--import", str(site.path("key.pem")), "--token", "test",
                        "--label", "log", "--id", "01", "--pin", "1234"], env=site.env, check=True,
                       capture_output=True)
        site.hsm("self-sign")
        expect_no_service(site, "made on the token 0")


def test_a_certificate_of_another_key_is_refused():
    with make_site() as site:
        site.path("log.crt").write_bytes(site.path("signer.crt").read_bytes())
        expect_no_service(site, "another key")
        site.path("log.crt").unlink()
        expect_no_service(site, "cannot read the certificate")


def test_a_signature_by_another_key_never_leaves():
    """A token that was reset may give the same handle to another key."""
    with make_site() as site:
        ours = private_key_files(site)
        make_key(site, "--sensitive", label="other", number="02")
        other, = private_key_files(site) - ours
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            data = other.read_bytes()  # begins with a number that SoftHSM reads again by
            next(iter(ours)).write_bytes(struct.pack(">Q", 1000) + data[8:])
            refused(key.sign(tree, 5), 504, 5, tree.hash())
            assert key.process.wait() == 1
            assert any("certificate does not verify" in line for line in key.process.lines)


def test_a_wrong_pin_or_token_is_explained():
    with make_site() as site:
        site.secret("pin", "4321\n")
        expect_no_service(site, "the PIN is wrong")
        site.secret("pin", "1234\n")
        site.options["hsm"] = {"token": "elsewhere"}
        site.write_configs()
        expect_no_service(site, "found 'test'")


def test_a_lost_token_is_said_and_ends_the_process():
    """The state is then ahead by the request that failed; a fresh process signs it."""
    with make_site() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, 5)
            tree.add(*reports(2, 5))
            site.path("tokens").rename(site.path("away"))
            answer = key.sign(tree, 5)
            assert answer.error == 602 and b"token" in answer.body, answer
            assert key.process.wait() == 1
        site.path("away").rename(site.path("tokens"))
        with KeyProcess(site) as key:
            assert (key.state.size, key.state.root) == (7, tree.hash())
            signed(site, key.sign(tree, 7), tree)


def test_an_idle_process_notices_that_its_token_is_gone():
    with make_site(hsm={"keepalive_s": 1}) as site, KeyProcess(site) as key:
        grown(key, site, 5)
        site.path("tokens").rename(site.path("away"))
        try:
            raise AssertionError(key.receive())
        except Gone:
            assert key.process.wait() == 1


def test_an_rsa_key_serves_too():
    with make_site(hsm={"algorithm": "rsa-3072"}) as site, KeyProcess(site) as key:
        tree = grown(key, site, 5)
        refused(key.checkpoint(4, Tree(reports(4)).hash(), []), ROLLBACK, 5, tree.hash())
        jwk = hallmark.json.loads(site.hsm("jwks").stdout)["keys"][0]
        answer = key.token(2, tree.entries[2], tree.inclusion(2))
        verify_jws(answer.body, jwk, certificate_of(site), tree.entries[2])


def test_the_process_has_given_up_its_rights():
    with make_site() as site, KeyProcess(site) as key:
        process = pathlib.Path(f"/proc/{key.process.pid}")
        status = dict(line.split(":\t", 1) for line in
                      (process / "status").read_text().splitlines() if ":\t" in line)
        for name in ("CapPrm", "CapEff", "CapInh"):
            assert int(status[name], 16) == 0, name
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        core = next(line for line in (process / "limits").read_text().splitlines()
                    if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core


def readable_memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in span.split("-"))
            if end - begin > 256 * 2**20:  # a sanitizer's shadow, not the process's data
                continue
            try:
                memory.seek(begin)
                yield line, memory.read(end - begin)
            except OSError:
                continue


def test_the_pin_is_not_in_memory_arguments_or_log():
    pin = "Kr7vu-2mQx-99"
    with Site() as site:
        subprocess.run(["pkcs11-tool", "--module", hallmark.MODULE, "--login", "--pin", "1234",
                        "--change-pin", "--new-pin", pin, "--token-label", "test"], env=site.env,
                       check=True, capture_output=True)
        site.secret("pin", pin + "\n")
        site.init_key()
        with KeyProcess(site) as key:
            grown(key, site, 3)
            process = pathlib.Path(f"/proc/{key.process.pid}")
            assert pin not in "\n".join(key.process.lines)
            assert pin.encode() not in (process / "cmdline").read_bytes()
            try:
                memory = dict(readable_memory(key.process.pid))
            except PermissionError:
                return  # not dumpable: only root may look
            assert any(ORIGIN.encode() in data for data in memory.values()), "nothing was read"
            found = [line for line, data in memory.items() if pin.encode() in data]
            assert not found, found


if __name__ == "__main__":
    hallmark.run_tests(__name__)
