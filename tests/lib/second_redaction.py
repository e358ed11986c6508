"""A second hiding of what must not leave a host, of components that were measured in the clear.

Written from section 4 of proto/PROTOCOL.md alone ("What is hidden"), as second_forms.py was.
"""

import hashlib
import hmac
from urllib.parse import unquote_to_bytes

from appraisal import matches
from second_forms import FILE_KINDS, Component

PREFIX = b"hmac-sha256:"


class Key:
    def __init__(self, secret):
        self.secret = secret
        self.id = self.mac(b"key", b"", b"")[:8].hex()

    def mac(self, *parts):
        text = b"".join(len(p).to_bytes(4, "big") + p for p in (b"hallmark-redaction-1", *parts))
        return hmac.new(self.secret, text, hashlib.sha256).digest()

    def hidden(self, *parts):
        return f"hmac-sha256:{self.id}:{self.mac(*parts).hex()}".encode()


def honest(value):
    return PREFIX + b":" + value[len(PREFIX):] if value.startswith(PREFIX) else value


def redacted(component, key, rules):
    """The component as it leaves the host. A rule is what the configuration has in `redact`."""
    rules = [r for r in rules if r["kind"] == component.kind]
    hide = file_item if component.kind in FILE_KINDS else fact_item
    notes = [f"key={key.id}".encode()] if rules else []
    for r in rules:
        what = "path" if "path" in r else "fact"
        notes.append(" ".join([what, r[what], *(f"{w} {r[w]}" for w in ("value", "after") if w in r)]).encode())
    made = [*map(tuple, component.made), *([("redacted", notes)] if rules else [])]
    return Component(component.kind, [hide(component.kind, item, key, rules) for item in component.items], made)


def like(pattern, text):
    return matches(pattern.encode(), text)


def fact_item(kind, item, key, rules):
    name, values = item
    whole, first = name.encode(), 0
    if kind == "config" and values and name == (
            f"{name.partition(':')[0]}:sha256:{hashlib.sha256(values[0]).hexdigest()[:16]}"):
        whole, first = values[0], 1
    stands_for = name.removesuffix("_digest") if name in ("arguments_digest", "environment_names_digest") else None

    def is_hidden(i):
        for r in rules:
            if stands_for and like(r["fact"], stands_for.encode()):
                return True
            if like(r["fact"], whole):
                if "after" in r:
                    if i > 0 and like(r["after"], values[i - 1]):
                        return True
                elif like(r.get("value", "*"), values[i]):
                    return True
        return False

    return name, [key.hidden(kind.encode(), whole, v) if i >= first and is_hidden(i) else honest(v)
                  for i, v in enumerate(values)]


def file_item(_, item, key, rules):
    path, digest, size, *numbers, details = item
    target = next((d.removeprefix(b"target=") for d in details if d.startswith(b"target=")), b"")
    paths = [path, unquote_to_bytes(target)]
    digest_stands_for_it = target.startswith(b"sha256:") and rules
    if not digest_stands_for_it and not any(like(r["path"], p) for r in rules for p in paths):
        return [honest(path), digest, size, *numbers, [d[:d.index(b"=") + 1] + honest(d[d.index(b"=") + 1:])
                                                       for d in details]]
    return [key.hidden(b"path", b"", path), key.mac(b"content", path, digest) if any(digest) else digest, 0,
            *numbers, [d[:d.index(b"=") + 1] + key.hidden(b"detail", path, d) for d in details]]
