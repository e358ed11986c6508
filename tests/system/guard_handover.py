#!/usr/bin/python3
"""The key channel where a key gives way to another: nobody but an operator orders it, and what it is
killed in has happened or has not. The guards of both keys decide."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hallmark
import keychannel
import rotation
from keychannel import (FORK, NO_ORDER, ROLLBACK, UNLOGGED, KeyProcess, Tree, close_request, grown,
                        refused, reports)
from rotation import SIZE, by, closed, introduced, last_of, ordered



def test_the_next_key_begins_where_the_last_one_ended():
    with rotation.two_keys() as site:
        key, tree, told = ordered(site)
        last = last_of(site, tree, told, *reports(2, SIZE))
        old_note = closed(site, key, last)
        key, told = introduced(site, 1, len(last))
        assert told == b""
        by(site, 1, key.sign(last, len(last)), last)  # an answer may have been lost
        more = Tree(last.entries + reports(3, len(last)))
        by(site, 1, key.sign(more, len(last)), more)
        refused(key.checkpoint(SIZE, tree.hash(), []), ROLLBACK, len(more), more.hash())
        key.kill()
        introduced(site, 1, len(more))[0].kill()
        # The old key alone serves nobody any more, and is not adopted again.
        site.path("hsm.yaml").write_text("".join(
            line for line in site.path("hsm.yaml").read_text().splitlines(True)
            if not line.startswith("next")))
        keychannel.expect_no_service(site, "has given way")
        site.path("c").write_bytes(old_note)
        done = site.hsm("adopt", str(site.path("c")), check=False)
        assert done.returncode == 1 and "has given way" in done.stderr, done.stderr


def test_nobody_but_an_operator_gives_a_log_away():
    """Whatever a hijacked signer shows: nothing is signed, and the guard stays where it is."""
    with rotation.two_keys() as site:
        with KeyProcess(site) as key:
            tree = grown(key, site, SIZE)
            last = last_of(site, tree, b"hallmark key transition v1")
            refused(key.ask(close_request(last, SIZE)), NO_ORDER, SIZE, tree.hash())
        key, tree_now, told = ordered_again(site, tree)
        for name, last, change in (
                ("another transition", last_of(site, tree_now, told + b" "), {}),
                ("no notice", Tree(tree.entries + reports(1, SIZE)), {}),
                ("a notice of another kind", Tree(tree.entries + [rotation.key_notice(
                    site, told, **{"hallmark.notice": "manifest"})]), {})):
            answer = key.ask(close_request(last, SIZE, **change))
            refused(answer, NO_ORDER, SIZE, tree.hash())
        good = last_of(site, tree, told)
        behind = Tree(good.entries + reports(1, SIZE + 1))
        notice = good.entries[-1]
        refused(key.ask(close_request(behind, SIZE, notice, behind.inclusion(SIZE))), UNLOGGED, SIZE,
                tree.hash())
        other = Tree(reports(SIZE, 50) + [notice])
        refused(key.ask(close_request(other, SIZE)), FORK, SIZE, tree.hash())
        # It was said to be the log's entry, and is not what the key gives way by: it goes on.
        plain = Tree(tree.entries + reports(1, SIZE))
        by(site, 0, key.sign(plain, SIZE), plain)
        key.kill()


def ordered_again(site, tree):
    rotation.rotate(site)
    key, told = introduced(site, 0, SIZE)
    return key, tree, told


def test_guards_that_were_put_back_serve_nobody():
    with rotation.two_keys() as site:
        key, tree, told = ordered(site)
        files = {path: path.read_bytes() for path in site.guard_files()}
        last = last_of(site, tree, told)
        closed(site, key, last)
        introduced(site, 1, len(last))[0].kill()
        now = {path: path.read_bytes() for path in files}
        old, = (p for p in files if p.with_name(p.name + ".transition").exists())
        new, = (p for p in files if p != old and p.suffix == "")
        old.write_bytes(files[old])
        keychannel.expect_no_service(site, "both keys' guards are open")
        old.write_bytes(now[old])
        new.unlink()
        keychannel.expect_no_service(site, "there is none of the key that follows")


if __name__ == "__main__":
    hallmark.run_tests(__name__)
