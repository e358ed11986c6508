"""What tests of a log that goes on without its key share: a site with a spare key on a token of its own, and
operators who may say that the log goes on under it."""

import contextlib
import shutil
import subprocess
import time

import keychannel
import rotation
import statements
import wire
from hallmark import ORIGIN, Site, to_yaml

PEOPLE = ("ann", "ben", "eve")  # eve's word does not count
SPARE = "hsm-2.yaml"


@contextlib.contextmanager
def spare_key(count=2, **options):
    """The token that is lost is not the only one; the log's operators are those of the spare key's
    configuration."""
    with Site(**options) as site:
        site.people = {name: statements.Key() for name in PEOPLE}
        site.number = 0
        site.path("operators.yaml").write_text(statements.operators_text(
            [("ann", ["approve", "continue-key"], site.people["ann"]),
             ("ben", ["continue-key"], site.people["ben"]),
             ("eve", ["maintenance"], site.people["eve"])], {"continue-key": count}))
        site.write_policy(top={"operators": "operators.yaml"})
        site.init_key()
        site.lost_token, = site.path("tokens").iterdir()
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "spare", "--pin", "1234",
                        "--so-pin", "5678"], env=site.env, check=True, stdout=subprocess.DEVNULL)
        configure_spare(site, continuation_count=count)
        for command in ("init", "self-sign"):
            rotation.hsm(site, SPARE, command)
        site.certificates = [wire.load_certificate(site.path(n)) for n in rotation.CERTIFICATES]
        yield site


def configure_spare(site, **more):
    text = to_yaml({k: v for k, v in {
        "origin": ORIGIN, "module": site.options.get("module", keychannel.hallmark.MODULE), "token": "spare",
        "key": "log-2", "pin_file": "pin", "certificate": "log-2.crt", "guard": "guard",
        "tokens": keychannel.hallmark.TOKENS,
        "continuation_operators": [site.people[n].base64 for n in ("ann", "ben")], **more}.items() if v is not None})
    site.path(SPARE).write_text(text)
    site.path(SPARE).chmod(0o644)


def lose_token(site):
    shutil.rmtree(site.lost_token)


def take_spare(site):
    """The signer and the key process are configured with the spare key."""
    site.path("hsm.yaml").write_text(site.path(SPARE).read_text())
    site.certificate = site.certificates[1]


def subject_of(site, checkpoint, **changes):
    _, size, root = checkpoint.split(b"\n")[:3]
    old, new = (rotation.key_id(c) for c in site.certificates)
    return {"from": old, "root": keychannel.base64.b64decode(root).hex(), "size": size.decode(), "to": new,
            **changes}


def stated(site, checkpoint, names=("ann", "ben"), key=None, kind="continue-key", subject=(), **changes):
    """Files of statements about this checkpoint."""
    files = []
    now = int(time.time())
    for name in names:
        site.number += 1
        path = site.path(f"continue-{site.number}.json")
        path.write_bytes(statements.make(
            key or site.people[name], kind, subject_of(site, checkpoint, **dict(subject)),
            **{"origin": ORIGIN, "not_before": now - 60, "not_after": now + 3600, "number": site.number,
               **changes}))
        files.append(str(path))
    return files


def go_on(site, checkpoint, files, *options, check=True):
    """`hallmark-hsm continue`, about this checkpoint."""
    site.path("newest").write_bytes(checkpoint)
    return rotation.hsm(site, SPARE, "continue", "--from", str(site.path("log.crt")), "--checkpoint",
                        str(site.path("newest")), *options, *files, check=check)


def part(brought):
    """The succession, and the envelopes of the statements behind it."""
    note, _, rest = brought.partition(b"\n{")
    return note + b"\n", [b"{" + line for line in rest.split(b"\n{")] if rest else []
