#!/usr/bin/python3
"""Lists of the collector against a signer that misbehaves: what is kept of their segments, what is sent
and what is refused. The signer is tests/lib/fake_signer.py.
"""

import pathlib
import sys
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import wire  # noqa: E402
from collector_client import Host, digests, msgpack_report, was_offline  # noqa: E402
from hallmark import PATIENCE_S, run_tests  # noqa: E402
from wire import WANT  # noqa: E402


class Tree(Host):
    """A host whose workload has an executable, and many files."""

    count = 3000

    def __init__(self, **options):
        super().__init__(**options)
        self.tree = self.dir / "tree"
        self.tree.mkdir()
        for number in range(self.count):
            (self.tree / f"{number:05}").write_bytes(b"")
        self.workloads[0].update(measure=["executable", "files"], files=[f"{self.tree}/*"])
        self.configure()

    def change(self, content):
        """One file, whose segment is its own affair."""
        (self.tree / "01234").write_text(content)

    def listed(self, number=-1):
        """The list that a bundle named, as the signer has it: (its digest, its entries)."""
        digest = self.signer.bundles[number][0]["components"]["files"][0]
        return digest, msgpack.unpackb(self.signer.components[digest], strict_map_key=False)[3]

    def store(self):
        return self.dir / "state" / "components"

    def kept(self):
        """Digests of the segments on the disk."""
        found = []
        for path in sorted(self.store().glob("segments-*")):
            data, at = path.read_bytes(), 0
            while at < len(data):
                found.append(data[at:at + 32])
                at += 36 + int.from_bytes(data[at + 32:at + 36], "big")
        return found


def entries(listed):
    return [digest for digest, _, _ in listed[1]]


# --- the good way --------------------------------------------------------------------------------

def test_segments_come_when_they_are_wanted():
    with Tree() as h:
        h.once()
        first = h.listed()
        assert h.signer.segments == len(first[1]) and sum(n for _, n, _ in first[1]) == h.count
        assert h.kept() == entries(first)
        h.once()
        assert h.signer.segments == len(first[1])
        h.change("changed")
        h.once()
        assert h.signer.segments == len(first[1]) + 1
        assert len(set(entries(h.listed())) - set(entries(first))) == 1


def test_parts_are_of_the_signers_size():
    with Tree() as h:
        h.signer.part_max = 1000
        h.once()
        assert h.signer.segments == len(h.listed()[1])


def test_whole_components_and_segments_in_one_want():
    """The list is known; of what else is wanted all comes in the order in which it is wanted."""
    def act(session, data, fields, signature):
        known = session.signer.components
        (executable, _, size), (listed, _, _) = (
            fields["components"][k] for k in ("executable", "files"))
        segments = msgpack.unpackb(before[listed], strict_map_key=False)[3]
        wanted = [place % 2 == 0 for place in range(len(segments))]
        session.send([WANT, {"workload": "app", "digests": [executable],
                             "segments": [[listed, wire.bitmap(wanted)]]}])
        known[executable] = session.receive_parts(executable, size)
        for digest, _, size in segments[::2]:
            known[digest] = session.receive_parts(digest, size)
        known.update(before)
        session.send_receipt(session.accept(data, fields))

    with Tree() as h:
        h.once()
        before = dict(h.signer.components)
        h.signer.script = [act]
        h.once()
        assert len(h.receipts()) == 2


def test_what_waits_has_its_own_segments_and_what_nobody_needs_goes():
    with Tree(interval_s=1) as h:
        collector = h.run()
        collector.wait_for("event=receipt")
        first = entries(h.listed())
        h.signer.close()
        for waiting in (1, 2, 3):
            h.change(f"offline {waiting}")
            collector.wait_for(f"event=spooled .*waiting={waiting}")
        assert len(set(h.kept())) > len(first)
        h.signer.receipts.clear()
        h.signer.open()
        h.signer.wait(lambda: sum(map(was_offline, h.signer.receipts)) >= 3, PATIENCE_S)
        queue, = h.files(".queue")
        # The collector empties it behind a receipt, of which the signer hears nothing more.
        until = time.monotonic() + PATIENCE_S
        while queue.stat().st_size > 0:
            assert time.monotonic() < until, "it is never empty"
        collector.stop()
        files = [msgpack_report(r["report"])["components"]["files"]["sha256"]
                 for r in h.signer.receipts]
        assert len(set(files)) >= 3
        # Each had its own, and a fake signer checks all of them. Of the lists one is left.
        newest = digests(max((fields for fields, _ in h.signer.bundles), key=lambda f: f["time"]))
        names = {p.name for p in h.store().iterdir() if not p.name.startswith("segments-")}
        assert names == {d.hex() for d in newest}
        assert set(entries(h.listed())) <= set(h.kept())
        assert len(h.kept()) <= len(first) + 1, "files without anything that is needed are gone"


# --- what was lost or altered on our disk --------------------------------------------------------

def damaged(act):
    """A bundle that waits, of whose list the state directory has not all any more."""
    with Tree() as h:
        h.signer.script = [lambda session, *_: session.drop(), lambda session, *_: session.drop()]
        h.once(status=1)
        act(h)
        for path in h.tree.iterdir():  # what is measured again as it was is whole again
            path.write_text("other")
        h.signer.script = [lambda session, data, fields, signature: session.gather(fields)]
        h.signer.heads.clear()
        out = h.once()
        assert "event=bundle-dropped workload=app seq=1 error=bad-digest" in out, out
        assert [msgpack_report(r["report"])["seq"] for r in h.signer.receipts] == [1]
        assert set(entries(h.listed())) <= set(h.signer.components)


def one_file(h):
    path, = h.store().glob("segments-*")
    return path


def test_segments_that_are_gone():
    damaged(lambda h: one_file(h).unlink())


def test_segments_that_are_cut_off():
    damaged(lambda h: one_file(h).write_bytes(one_file(h).read_bytes()[:-10]))


def test_a_list_that_is_gone():
    def act(h):
        for path in h.store().iterdir():
            if len(path.name) == 64 and b"\xa5files\x02" in path.read_bytes()[:16]:
                path.unlink()
    damaged(act)


def test_a_list_that_was_altered():
    """It would name other segments than the signer's."""
    def want_segments(session, data, fields, signature):
        _, entries_ = h.listed(0)
        session.send([WANT, {"workload": "app", "segments": of_files(
            fields, wire.bitmap([True] * len(entries_)))}])
        session.receive()

    with Tree() as h:
        h.once()
        path = h.store() / h.listed()[0].hex()
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        h.signer.script = [want_segments]
        out = h.once()
        assert "event=bundle-dropped workload=app seq=2 error=bad-digest" in out, out
        assert path.read_bytes() == data and len(h.receipts()) == 2


def test_a_segment_that_was_altered():
    """The signer sees it: the bundle is dropped, and the segment stored anew."""
    def refuse(session, data, fields, signature):
        wanted = [d for d, _, _ in fields["components"].values()]
        sizes = {d: size for d, _, size in fields["components"].values()}
        session.send([WANT, {"workload": "app", "digests": wanted}])
        known = {d: session.receive_parts(d, sizes[d]) for d in wanted}
        listed = fields["components"]["files"][0]
        segments = msgpack.unpackb(known[listed], strict_map_key=False)[3]
        session.send([WANT, {"workload": "app", "segments": [
            [listed, wire.bitmap([True] * len(segments))]]}])
        try:
            for digest, _, size in segments:
                session.receive_parts(digest, size)
        except AssertionError as error:
            assert "another digest" in str(error)
        for digest, _, size in segments[1:]:
            session.receive_parts(digest, size)
        session.refuse(206, fields)

    with Tree() as h:
        h.signer.script = [lambda session, *_: session.drop(), lambda session, *_: session.drop()]
        h.once(status=1)
        data = bytearray(one_file(h).read_bytes())
        data[100] ^= 1  # in the first of them
        one_file(h).write_bytes(data)
        h.signer.script = [refuse]
        assert "event=bundle-dropped" in h.once(status=1)
        h.once()
        assert set(entries(h.listed())) <= set(h.signer.components)


# --- wants that are none -------------------------------------------------------------------------

def refused(words, *wants):
    """After the components, these wants: functions of the bundle's fields and of its list's length."""
    def act(session, data, fields, signature):
        wanted = [d for d, _, _ in fields["components"].values()]
        sizes = {d: size for d, _, size in fields["components"].values()}
        session.send([WANT, {"workload": "app", "digests": wanted}])
        known = {d: session.receive_parts(d, sizes[d]) for d in wanted}
        segments = msgpack.unpackb(known[fields["components"]["files"][0]],
                                   strict_map_key=False)[3]
        for want in wants:
            session.send([WANT, {"workload": "app", "segments": want(fields, len(segments))}])
            try:
                session.receive()
            finally:
                session.signer.note()

    with Tree() as h:
        h.signer.script = [act, act]
        out = h.once(status=1)
        assert words in out, out
        assert h.receipts() == []
        h.once()


def of_files(fields, data):
    return [[fields["components"]["files"][0], data]]


def test_a_bitmap_that_is_too_short_or_too_long():
    refused("bitmap", lambda fields, count: of_files(fields, b"\x80" * ((count + 7) // 8 - 1) or b"\x80\x80"))
    refused("bitmap", lambda fields, count: of_files(fields, b"\x80" * ((count + 7) // 8 + 1)))
    refused("bitmap", lambda fields, count: of_files(fields, b"\x80" * 8192))


def test_a_bit_behind_the_last_segment():
    refused("bitmap", lambda fields, count: of_files(
        fields, wire.bitmap([True] * count + [True] * (-count % 8 or 8))))


def test_segments_of_what_is_no_list():
    refused("no list", lambda fields, count: [[fields["components"]["executable"][0], b"\x80"]])


def test_segments_of_a_list_that_is_not_in_the_bundle():
    refused("not in the bundle", lambda fields, count: [[bytes(32), b"\x80"]])


def test_wanting_segments_again_and_again():
    refused("wrong-time", *[lambda fields, count: of_files(
        fields, wire.bitmap([True] + [False] * (count - 1)))] * 2)


if __name__ == "__main__":
    run_tests(__name__)
