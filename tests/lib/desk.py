"""Operators of a real signer, who state what they like through the program that submits it."""

import contextlib
import hashlib

import statements
from hallmark import ORIGIN, Site


class Desk:
    """Operators of a site: ann and bob approve, cem maintains and retires; ann revokes too; fay says what is
    not affected."""

    def __init__(self, site, threshold=1):
        self.site = site
        self.keys = {name: statements.Key() for name in ("ann", "bob", "cem", "eve", "fay")}
        site.path("operators.yaml").write_text(statements.operators_text(
            [("ann", ["approve", "revoke"], self.keys["ann"]),
             ("bob", ["approve"], self.keys["bob"]),
             ("cem", ["maintenance", "retire"], self.keys["cem"]),
             ("fay", ["not-affected"], self.keys["fay"])],
            {"approve": threshold}))
        self.number = 0

    def say(self, name, kind, subject, **changes):
        self.number += 1
        fields = {"origin": ORIGIN, "not_before": 1, "not_after": 2**40, "number": self.number,
                  **changes}
        return statements.make(self.keys[name], kind, subject, **fields)

    def submit(self, envelope, check=True):
        path = self.site.path("statement.json")
        path.write_bytes(envelope)
        return self.site.tool("hallmark-signer", "statement", "submit", "-c",
                              str(self.site.path("signer.yaml")), str(path), check=check)

    def take(self, name, kind, subject, **changes):
        """Gives the SHA-256 of its envelope."""
        envelope = self.say(name, kind, subject, **changes)
        said = self.submit(envelope).stdout
        assert f"sha256 {hashlib.sha256(envelope).hexdigest()}\n" in said, said
        return hashlib.sha256(envelope).hexdigest()

    def policy(self, **options):
        """Configures a policy with these operators; `options` as write_policy takes them."""
        self.site.write_policy(top={"operators": "operators.yaml"}, **options)


@contextlib.contextmanager
def desk(threshold=1, **options):
    with Site(**options) as site:
        made = Desk(site, threshold)
        made.policy()
        yield site, made
