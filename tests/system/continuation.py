#!/usr/bin/python3
"""The token with a log's key is lost: operators have another key go on with the log. What was given before
and what is given behind it verifies, each by its own certificate; nothing goes on by itself."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import continuation
import hallmark
import rotation
import wire
from continuation import go_on, spare_key, stated, take_spare
from hallmark import APP
from load import Load
from logimage import published, read_log
from rotation import certs, held_together, signer_of


def reported(site, count, name="host1"):
    collector = site.collector(name)
    return [collector.submit(f"app-{n}", APP) for n in range(count)]


def lost(site, signer, receipts, clean):
    """The signer with its token is gone; the newest checkpoint that anybody has."""
    published(site, 1 + max(r["index"] for r in receipts))
    newest = site.path("log/checkpoint").read_bytes()
    if clean:
        assert signer.stop() == 0
    else:
        receipts += reported(site, 3, "host2")
        signer.kill()
    continuation.lose_token(site)
    return newest


def by_all(site, receipts):
    """Each verifies with its own certificate, and with the other alone it could not be told."""
    for receipt in receipts:
        number, _ = signer_of(site, receipt["checkpoint"])
        site.path("r.tlog-proof").write_bytes(wire.tlog_proof(receipt))
        for other, name in enumerate(rotation.CERTIFICATES):
            done = site.audit("verify", str(site.path("r.tlog-proof")), *certs(site, name), check=False)
            assert done.returncode == (0 if other == number else 2), done


def goes_on(site, receipts):
    take_spare(site)
    signer = site.start_signer()
    signer.wait_for("event=key-continues")
    receipts += reported(site, 3, "host3")
    assert signer_of(site, receipts[-1]["checkpoint"])[0] == 1
    published(site, 1 + max(r["index"] for r in receipts))
    assert signer.stop() == 0
    log = read_log(site)
    held_together(site, receipts, log)
    by_all(site, [receipts[0], receipts[-4], receipts[-1]])
    rotation.audited(site)
    return log


def test_the_log_goes_on_with_the_spare_key():
    for clean in (True, False):
        with spare_key() as site:
            signer = site.start_signer()
            receipts = reported(site, 5)
            newest = lost(site, signer, receipts, clean)
            go_on(site, newest, stated(site, newest))
            log = goes_on(site, receipts)
            place, = rotation.key_notices(log)
            assert all(b'"kind":"continue-key"' in log[place - n] for n in (1, 2)), log[place - 2:place]
            where = ("--log", str(site.path("log")), "--evidence", str(site.path("evidence")))
            told = site.audit("fsck", *where, *certs(site))
            assert "the key before was lost" in told.stdout, told.stdout
            # Without the statements nobody can tell whether it was to go on.
            alone = site.audit("fsck", *where[:2], *certs(site), check=False)
            assert alone.returncode == 2 and "statements of operators" in alone.stdout, alone
            started_again(site)


def test_the_token_is_lost_under_load():
    """What was acknowledged and not yet published when all stopped is in the log that goes on."""
    with spare_key() as site:
        signer = site.start_signer()
        load = Load(site)
        load.wait_for(40)
        published(site, 10)
        newest = site.path("log/checkpoint").read_bytes()
        load.wait_for(40)
        signer.kill()
        load.end()
        continuation.lose_token(site)
        go_on(site, newest, stated(site, newest))
        goes_on(site, load.receipts)


def started_again(site):
    signer = site.start_signer()
    receipt, = reported(site, 1, "again")
    assert signer_of(site, receipt["checkpoint"])[0] == 1
    assert signer.stop() == 0


def test_a_log_does_not_go_on_by_itself():
    """The spare key alone, with a statement too few, or by operators whom the log does not know."""
    with spare_key() as site:
        signer = site.start_signer()
        newest = lost(site, signer, reported(site, 2), True)
        before = site.path("log/checkpoint").read_bytes()
        take_spare(site)
        signer = site.start_signer(wait=False)
        signer.wait_for("event=(checkpoint-foreign|log-ahead|fatal)")
        assert signer.wait() != 0
        assert go_on(site, newest, stated(site, newest, ("ann",)), check=False).returncode == 1
        # Whoever can write the key process's configuration is still not the log's operator.
        continuation.configure_spare(site, continuation_operators=[site.people["eve"].base64])
        go_on(site, newest, stated(site, newest, ("eve",)))
        take_spare(site)
        signer = site.start_signer(wait=False)
        assert "statement-right" in signer.wait_for("event=key-cannot-continue")
        assert signer.wait() != 0
        assert site.path("log/checkpoint").read_bytes() == before
        # Those who may say so mend it.
        continuation.configure_spare(site)
        go_on(site, newest, stated(site, newest))
        take_spare(site)
        signer = site.start_signer()
        signer.wait_for("event=key-continues")
        assert signer.stop() == 0
        rotation.audited(site)


if __name__ == "__main__":
    hallmark.run_tests(__name__)
