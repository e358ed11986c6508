#!/usr/bin/python3
"""Makes receipts.json: receipts and keys, good and bad, and what a verifier has to say of each.

  make_receipts.py           writes the file next to this script
  make_receipts.py --check   compares it instead; exit 1 if it differs

Written from sections 7 to 9 of proto/PROTOCOL.md. All of it is made again to the byte: keys come from
a seed, signatures have no chance in them (ECDSA's nonce and the salt of PSS are hashes), and so do
the hashes beside a path, which are nobody's entries. The keys are for these vectors and nothing else.

A case has the name of a key in `trust` and a receipt: that of the case `base`, with `edits` made one
after the other, each [at, how many bytes go, base64 of what comes, and, if not once, how often]. `outcome` is `good`, `bad`,
`unknown` (it could not be told), or `refused`, either of the last two. Where hallmark-audit takes
what the small verifiers do not, or the other way round, `auditor` has its word, and `why` the reason.
"""

import base64
import json
import os
import re

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from drawn_receipts import (ORDERS, ORIGIN, SCHEMES, Key, b64, checkpoint, climb, read, receipt, sha256, text_of)
from made import write_or_check

SIZES = [(0, 1), (0, 2), (1, 2), (2, 3), (0, 3), (3, 4), (4, 5), (0, 5), (6, 7), (7, 8), (0, 8), (8, 9), (7, 9),
         (254, 255), (255, 256), (0, 256), (256, 257), (255, 257), (1, 2 ** 20 - 1), (2 ** 20 - 1, 2 ** 20),
         (2 ** 20, 2 ** 20 + 1), (12_384_002, 12_384_221), (2 ** 32 - 1, 2 ** 32), (2 ** 32, 2 ** 32 + 1),
         (2 ** 53 - 1, 2 ** 53 + 1), (2 ** 53, 2 ** 53 + 1), (2 ** 63, 2 ** 63 + 1), (0, 2 ** 64 - 1),
         (2 ** 64 - 2, 2 ** 64 - 1)]


# --- cases ---------------------------------------------------------------------------------------------

class Cases:
    def __init__(self):
        self.trust, self.receipts, self.cases, self.names = {}, {}, [], set()

    def add(self, name, data, trust, outcome, base=None, **more):
        assert name not in self.names, name
        self.names.add(name)
        self.receipts[name] = data
        self.cases.append({"name": name, "trust": trust, **({"base": base} if base else {}),
                           "edits": edits(self.receipts[base] if base else b"", data), "outcome": outcome, **more})

    def text(self):
        """One line a case."""
        rows = ",\n".join(json.dumps(case, ensure_ascii=True) for case in self.cases)
        keys = ",\n".join(f"{json.dumps(name)}: {json.dumps(b64(data).decode())}" for name, data in self.trust.items())
        return f'{{"trust": {{\n{keys}\n}},\n"cases": [\n{rows}\n]}}\n'.encode()


def edits(old, new):
    """What makes one of the other: what is alike at both ends stays, and what repeats is told once."""
    head = len(os.path.commonprefix([old, new]))
    tail = len(os.path.commonprefix([old[head:][::-1], new[head:][::-1]]))
    comes, at, made = new[head:len(new) - tail], 0, []
    for run in re.finditer(rb"(.{1,16}?)\1{63,}", comes, re.DOTALL):
        made += [(comes[at:run.start()], 1), (run[1], len(run[0]) // len(run[1]))]
        at = run.end()
    where, cut, result = head, len(old) - head - tail, []
    for piece, times in [*made, (comes[at:], 1)]:
        if piece or cut:
            result.append([where, cut, b64(piece).decode()] + ([times] if times > 1 else []))
        where, cut = where + times * len(piece), 0
    return result


def once(data, old, new):
    assert data.count(old) >= 1, old
    return data.replace(old, new, 1)


def make_keys(cases):
    keys = {kind: Key(kind) for kind in ("p256", "p384", "rsa", "rsa-pss", "ed25519")}
    for kind, key in keys.items():
        cases.trust[f"{kind}.crt"] = key.certificate(ORIGIN).public_bytes(Encoding.PEM)
        cases.trust[f"{kind}.pem"] = key.spki(Encoding.PEM)
        cases.trust[f"{kind}.vkey"] = key.line()
    return keys


def good_ones(cases, keys, entry):
    """Each kind of key and form of trust, each shape of tree, each kind of entry, what may be added."""
    for kind, key in keys.items():
        for form in ("crt", "pem", "vkey"):
            cases.add(f"good {kind} by {form}", receipt(key, entry), f"{kind}.{form}", "good",
                      base=None if form == "crt" else f"good {kind} by crt")
    key = keys["p256"]
    for index, size in SIZES:
        cases.add(f"good entry {index} of {size}", receipt(key, entry, index, size), "p256.crt", "good",
                  base="good p256 by crt")
    for name in ("report-challenge", "report-draft", "report-draft-fresh", "report-start", "absence", "notice-start",
                 "notice-manifest", "notice-statement", "notice-key", "notice-token", "notice-feed"):
        cases.add(f"good {name}", receipt(key, read(f"{name}.json").rstrip(b"\n"), 5, 9), "p256.crt", "good")
    names = {"uri": x509.UniformResourceIdentifier(f"https://{ORIGIN}"), "plain-uri":
             x509.UniformResourceIdentifier(ORIGIN)}
    for form, name in names.items():
        cases.trust[f"p256-{form}.crt"] = key.certificate("log", [name]).public_bytes(Encoding.PEM)
    cases.trust["p256-over.crt"] = key.certificate(ORIGIN, days=1).public_bytes(Encoding.PEM)
    cases.trust["p256-stranger.crt"] = key.certificate("another.example/log").public_bytes(Encoding.PEM)
    cases.trust["p256.der"] = key.certificate(ORIGIN).public_bytes(Encoding.DER)
    cases.trust["p256-spki.der"] = key.spki()
    cases.trust["p256-chain.crt"] = cases.trust["p256.crt"] + Key("p384", "ca").certificate("ca").public_bytes(Encoding.PEM)
    cases.trust["p256-noted.crt"] = b"subject=CN = log\r\n" + cases.trust["p256.crt"].replace(b"\n", b"\r\n")
    cases.trust["p256-no-feed.vkey"] = key.line().rstrip(b"\n")
    for name in [f"p256-{form}.crt" for form in names] + ["p256-over.crt", "p256-stranger.crt", "p256.der", "p256-spki.der",
                                                         "p256-chain.crt", "p256-noted.crt", "p256-no-feed.vkey"]:
        cases.add(f"good by {name}", receipt(key, entry), name, "good", base="good p256 by crt")


def good_lines(cases, keys, entry):
    key, ed = keys["p256"], keys["ed25519"]
    stranger, dash = Key("p256", "stranger"), "\u2014 ".encode()
    added = {
        "a witness behind": lambda t: key.signature_line(t) + stranger.signature_line(t, "witness.example"),
        "a witness before": lambda t: stranger.signature_line(t, "witness.example") + key.signature_line(t),
        "a stranger under the log's name": lambda t: key.signature_line(t) + stranger.signature_line(t),
        "Ed25519 beside": lambda t: key.signature_line(t) + ed.signature_line(t),
        "63 others": lambda t: key.signature_line(t) + b"".join(
            dash + b"w%d " % i + b64(bytes(4) + b"x") + b"\n" for i in range(63)),
        "a witness whose name is Greek": lambda t: key.signature_line(t) + dash + "μάρτυς ".encode() + b64(bytes(9)) + b"\n",
        "a witness with our ID": lambda t: key.signature_line(t) + dash + b"w " + b64(key.id("") + b"x") + b"\n",
        "a name of markup": lambda t: key.signature_line(t) + dash + b"<script>alert(1)</script> " + b64(bytes(9)) + b"\n",
        "a name of 10,000 characters": lambda t: key.signature_line(t) + dash + b"x" * 10000 + b" " + b64(bytes(9)) + b"\n",
    }
    for what, lines in added.items():
        cases.add(f"good with {what}", receipt(key, entry, lines=lines), "p256.crt", "good", base="good p256 by crt")


def bad_lines(cases, keys, entry):
    """What stands behind the checkpoint's text."""
    key, dash = keys["p256"], "\u2014 ".encode()
    other = Key("p256", "stranger")

    def forged(text):
        return dash + ORIGIN.encode() + b" " + b64(key.id("") + other.sign(text)) + b"\n"

    def der(edit_signature, who=key):
        return lambda t: dash + ORIGIN.encode() + b" " + b64(who.id(ORIGIN) + edit_signature(who.sign(t))) + b"\n"

    def raw(signature):
        return b"".join(n.to_bytes(32, "big") for n in utils.decode_dss_signature(signature))

    order = ORDERS["secp256r1"]
    bad = {
        "the log's line twice": lambda t: 2 * key.signature_line(t),
        "two signatures, the other s": lambda t: key.signature_line(t) + key.signature_line(t, high=True),
        "a forged line behind": lambda t: key.signature_line(t) + forged(t),
        "a forged line before": lambda t: forged(t) + key.signature_line(t),
        "a signature by another key under this ID": forged,
        "the other s": lambda t: key.signature_line(t, high=True),
        "the other s of P-384": None,
        "a signature of another checkpoint": lambda t: key.signature_line(t.replace(b"\n2\n", b"\n3\n")),
        "a signature over the empty line too": lambda t: key.signature_line(t + b"\n"),
        "a raw signature": der(raw),
        "DER with bytes behind": der(lambda s: s + b"\0"),
        "DER with a padded number": der(lambda s: b"\x30" + bytes([s[1] + 1, 2, s[3] + 1, 0]) + s[4:]),
        "DER with a long length": der(lambda s: b"\x30\x81" + s[1:]),
        "DER of another type": der(lambda s: b"\x31" + s[1:]),
        "DER cut off": der(lambda s: s[:-1]),
        "r of 0": der(lambda s: utils.encode_dss_signature(0, 1)),
        "s of 0": der(lambda s: utils.encode_dss_signature(1, 0)),
        "r of the order": der(lambda s: utils.encode_dss_signature(order, 1)),
        "a negative number": der(lambda s: bytes.fromhex("3006020180020101")),
        "a signature of one byte": der(lambda s: b"0"),
    }
    for what, lines in bad.items():
        if lines is None:
            p384 = keys["p384"]
            cases.add(what, receipt(p384, entry, lines=lambda t: p384.signature_line(t, high=True)), "p384.crt", "bad",
                      base="good p384 by crt")
        else:
            cases.add(what, receipt(key, entry, lines=lines), "p256.crt", "bad", base="good p256 by crt")
    for kind in ("rsa", "rsa-pss", "ed25519"):
        for what, turn in (("cut off", lambda s: s[:-1]), ("with a byte behind", lambda s: s + b"\0"),
                           ("with a bit turned", lambda s: bytes([s[0] ^ 1]) + s[1:])):
            cases.add(f"{kind} signature {what}", receipt(keys[kind], entry, lines=der(turn, keys[kind])),
                      f"{kind}.crt", "bad", base=f"good {kind} by crt")
    pss_as_pkcs1 = lambda t: dash + ORIGIN.encode() + b" " + b64(keys["rsa"].id(ORIGIN) + keys["rsa-pss"].sign(t)) + b"\n"
    cases.add("PSS under the ID of PKCS #1", receipt(keys["rsa"], entry, lines=pss_as_pkcs1), "rsa.crt", "bad",
              base="good rsa by crt")
    form = {
        "no dash": b"- ", "a dash of another length": "\u2013 ".encode(), "no space behind the dash": "\u2014".encode(),
        "two spaces behind the dash": dash + b" ",
    }
    for what, start in form.items():
        cases.add(f"signature line: {what}", receipt(key, entry, lines=lambda t, s=start: s + key.signature_line(t)[4:]),
                  "p256.crt", "bad", base="good p256 by crt")
    for what, name in (("with a plus", b"a+b"), ("with a space of Unicode", "a\u2003b".encode()), ("empty", b""),
                       ("that turns the order", "a\u202eb".encode()), ("with a zero width space", "a\u200bb".encode()),
                       ("not UTF-8", b"a\xffb"), ("with a NUL", b"a\0b"), ("with a tab", b"a\tb"),
                       ("with a surrogate", b"a\xed\xa0\x80b"), ("with a byte order mark", "\ufeffa".encode())):
        cases.add(f"a witness's name {what}", receipt(key, entry, lines=lambda t, n=name: key.signature_line(t) + dash + n +
                                                      b" " + b64(bytes(9)) + b"\n"), "p256.crt", "bad", base="good p256 by crt")
    for what, word in (("of the ID alone", b64(bytes(4))), ("empty", b""), ("without padding", b"AAAAAAA"),
                       ("with unused bits", b"AAAAAAB="), ("of base64url", b"AAAA-_AA"), ("with a space", b"AAAA AAAA")):
        cases.add(f"a witness's signature {what}", receipt(key, entry, lines=lambda t, w=word: key.signature_line(t) + dash +
                                                           b"w " + w + b"\n"), "p256.crt", "bad", base="good p256 by crt")
    many = dash + b"w " + b64(bytes(9)) + b"\n"
    for what, lines in (("65 signatures", lambda t: key.signature_line(t) + 64 * many),
                        ("no signature", lambda t: b""),
                        ("a note of more than 65,536 bytes", lambda t: key.signature_line(t) + 3 * (
                            dash + b"w " + b64(bytes(18000)) + b"\n")),
                        ("no line feed at the end", lambda t: key.signature_line(t)[:-1]),
                        ("an empty line at the end", lambda t: key.signature_line(t) + b"\n"),
                        ("text behind the signatures", lambda t: key.signature_line(t) + b"x\n")):
        cases.add(what, receipt(key, entry, lines=lines), "p256.crt", "bad", base="good p256 by crt")
    for what, lines in (("another log's key", lambda t: other.signature_line(t)),
                        ("only witnesses", lambda t: other.signature_line(t, "witness.example")),
                        ("another key's ID", lambda t: dash + ORIGIN.encode() + b" " + b64(bytes(4) + key.sign(t)) + b"\n")):
        cases.add(what, receipt(key, entry, lines=lines), "p256.crt", "unknown", base="good p256 by crt")
    cases.add("the log's line under another name", receipt(key, entry, lines=lambda t: key.signature_line(t, "x.example")),
              "p256.crt", "refused", base="good p256 by crt")


def bad_checkpoints(cases, keys, entry):
    """Texts that the log's key has signed, and that are no checkpoint, or of another tree."""
    key = keys["p256"]
    root, path = climb(sha256(b"\0", entry), 1, 2)
    other = sha256(b"another root")

    def of(text, index=1, path=path, name=ORIGIN):
        return text_of(entry, index, path, text + b"\n" + key.signature_line(text, name))

    good = checkpoint(2, root)
    texts = {
        "a fourth line": good + b"x\n", "no root": good[:good.index(b"\n2\n") + 3], "a root of 31 bytes": checkpoint(2, root[:31]),
        "a root of 33 bytes": checkpoint(2, root + b"x"), "a size of 02": good.replace(b"\n2\n", b"\n02\n"),
        "a size of +2": good.replace(b"\n2\n", b"\n+2\n"), "a negative size": good.replace(b"\n2\n", b"\n-2\n"),
        "a size of 2^64": good.replace(b"\n2\n", b"\n%d\n" % 2 ** 64), "a size of a million digits": None,
        "an empty size": good.replace(b"\n2\n", b"\n\n"), "a size in hex": good.replace(b"\n2\n", b"\n0x2\n"),
        "a size with an exponent": good.replace(b"\n2\n", b"\n2e0\n"), "CRLF": good.replace(b"\n", b"\r\n"),
        "an extension line": good + b"ext\n", "a root in base64url": None, "a size of 0": checkpoint(0, root),
        "another root": checkpoint(2, other), "a size of 3": checkpoint(3, root), "a size of 1": checkpoint(1, root),
        "an empty first line": b"\n" + good, "a control character": good.replace(b"example", b"exam\x07ple"),
        "not UTF-8": good.replace(b"example", b"exam\xffple"),
    }
    for what, text in texts.items():
        if text is not None:
            cases.add(f"signed checkpoint: {what}", of(text), "p256.crt", "refused", base="good p256 by crt")
    for what, name in (("an origin with a space", "a b"), ("an origin of 201 bytes", "x" * 201), ("an empty origin", ""),
                       ("an origin that is Greek", "αβ"), ("an origin that turns the order", "a\u202eb")):
        cases.add(f"signed checkpoint: {what}", of(checkpoint(2, root, name)), "p256.crt", "refused", base="good p256 by crt")
    cases.add("signed checkpoint: another origin", of(checkpoint(2, root, "other.example/log"), name="other.example/log"),
              "p256.crt", "bad", base="good p256 by crt", why="the entry says for which log it was made")
    cases.add("a checkpoint whose line has another name", of(checkpoint(2, root, "other.example/log")), "p256.crt", "refused",
              base="good p256 by crt")


def bad_paths(cases, keys, entry):
    key = keys["p256"]
    for index, size in ((5, 9), (8, 9), (12_384_002, 12_384_221)):
        root, path = climb(sha256(b"\0", entry), index, size)
        text = checkpoint(size, root)
        note = text + b"\n" + key.signature_line(text)
        base = f"good path {index} of {size}"
        cases.add(base, text_of(entry, index, path, note), "p256.crt", "good", base="good p256 by crt")

        def add(what, data, outcome="bad", base=base, of=f"{index} of {size}"):
            cases.add(f"path {of}: {what}", data, "p256.crt", outcome, base=base)

        add("no hash", text_of(entry, index, [], note))
        add("one too few", text_of(entry, index, path[:-1], note))
        add("the first left out", text_of(entry, index, path[1:], note))
        add("one too many", text_of(entry, index, [*path, path[-1]], note))
        add("the root behind it", text_of(entry, index, [*path, root], note))
        add("64 hashes", text_of(entry, index, (path * 64)[:64], note))
        add("65 hashes", text_of(entry, index, (path * 65)[:65], note))
        if len(path) > 1:
            add("two swapped", text_of(entry, index, [path[1], path[0], *path[2:]], note))
            add("turned around", text_of(entry, index, path[::-1], note))
        add("a bit in the last", text_of(entry, index, [*path[:-1], bytes([path[-1][0] ^ 1]) + path[-1][1:]], note))
        add("a hash of zeros", text_of(entry, index, [bytes(32), *path[1:]], note))
        add("a hash of 31 bytes", text_of(entry, index, [path[0][:31], *path[1:]], note))
        add("a hash of 33 bytes", text_of(entry, index, [path[0] + b"x", *path[1:]], note))
        add("the index before", text_of(entry, index - 1, path, note))
        add("the index behind", text_of(entry, index + 1, path, note))
        add("an index as large as the tree", text_of(entry, size, path, note))
        add("an index of 2^64 - 1", text_of(entry, 2 ** 64 - 1, path, note))
        add("an index of 2^64", text_of(entry, 2 ** 64, path, note))
    leaf = sha256(b"\0", entry)
    add_alone = lambda what, data: cases.add(what, data, "p256.crt", "bad", base="good entry 0 of 1")
    text = checkpoint(1, sha256(b"\1", leaf))
    add_alone("a node taken for a leaf", text_of(entry, 0, [], text + b"\n" + key.signature_line(text)))
    text = checkpoint(1, sha256(entry))
    add_alone("a leaf without its prefix", text_of(entry, 0, [], text + b"\n" + key.signature_line(text)))
    text = checkpoint(0, sha256())
    add_alone("an entry of the empty tree", text_of(entry, 0, [], text + b"\n" + key.signature_line(text)))


def bad_entries(cases, keys, entry):
    """What the log has signed for, and no entry of a log of this version is."""
    key = keys["p256"]

    def add(what, data, outcome="bad", **more):
        cases.add(f"entry: {what}", receipt(key, data), "p256.crt", outcome, base="good p256 by crt", **more)

    name = b'"submods":{"trading-app":'
    assert entry.count(name) == 1
    named = lambda new: once(entry, name, b'"submods":{"' + new + b'":')
    detail = lambda new: once(entry, b'"developer":"https://example.com"', b'"developer":"' + new + b'"')
    status = b'"ear.status":"affirming"'
    wrong = {
        "empty": b"", "not JSON": b"hello", "an array": b"[1]", "a string": b'"x"', "a number": b"1",
        "only a beginning": b'{"eat_profile":"', "cut off": entry[:-1], "bytes behind": entry + b" ", "a line feed behind":
        entry + b"\n", "white space": once(entry, b'"iat":', b'"iat": '), "a key twice": once(entry, b'"iat":', b'"iat":1,"iat":'),
        "a nested key twice": once(entry, status, b'"ear.status":"contraindicated",' + status),
        "an escape that is not needed": once(entry, b"trading-app", b"trading\\u002dapp"),
        "a slash escaped": once(entry, b"prod-1", b"prod\\u002d1"), "a number with a zero before": once(entry, b'"seq":1', b'"seq":01'),
        "a float": once(entry, b'"seq":1', b'"seq":1.0'), "an exponent": once(entry, b'"seq":1', b'"seq":1e0'),
        "a negative number": once(entry, b'"seq":1', b'"seq":-1'), "a number over 2^53": once(entry, b'"seq":1', b'"seq":9007199254740992'),
        "a number of 5,000 digits": once(entry, b'"seq":1', b'"seq":' + b"9" * 5000), "null": once(entry, b'"seq":1', b'"seq":null'),
        "NaN": once(entry, b'"seq":1', b'"seq":NaN'), "single quotes": entry.replace(b'"', b"'"), "a comment": entry + b"//x",
        "a comma behind": once(entry, b"}}", b",}}"), "not UTF-8": detail(b"\xff"), "a surrogate": detail(b"\xed\xa0\x80"),
        "an overlong form": detail(b"\xc0\xaf"), "a NUL": detail(b"\0"), "a tab": detail(b"a\tb"), "a newline": detail(b"a\nb"),
        "a byte order mark": b"\xef\xbb\xbf" + entry, "text that turns the order": detail("a\u202eb".encode()),
        "a zero width space": detail("a\u200bb".encode()), "a tag character": detail("a\U000e0041b".encode()),
        "a variation selector": detail("a\ufe0fb".encode()), "a workload that turns the order": named("a\u202eb".encode()),
        "a workload of 10,000 characters": named(b"x" * 10000), "a workload with a slash": named(b"a/b"),
        "a workload with a space": named(b"a b"), "a workload that is a hidden file": named(b".a"), "a workload without a name": named(b""),
        "a workload with a space of Unicode": named("a\u2003b".encode()),
        "two workloads": once(entry, name, name[:-1] + b"x" + name[-2:] + b"{}," + name[11:]),
        "no status": once(entry, status + b",", b""), "another status": once(entry, status, b'"ear.status":"good"'),
        "a status of a number": once(entry, status, b'"ear.status":2'), "no iat": re.sub(rb'"iat":\d+,', b"", entry, 1),
        "an iat of 0": re.sub(rb'"iat":\d+', b'"iat":0', entry, 1), "an iat in text": re.sub(rb'"iat":(\d+)', rb'"iat":"\1"', entry, 1),
        "an iat behind the year 9999": re.sub(rb'"iat":\d+', b'"iat":253402300800', entry, 1),
        "an exp before its iat": re.sub(rb'"exp":\d+', b'"exp":1', entry, 1), "no exp": re.sub(rb'"exp":\d+,', b"", entry, 1),
        "no issuer": re.sub(rb'"iss":"[^"]*",', b"", entry, 1), "another issuer": once(entry, ORIGIN.encode(), b"other.example/log"),
        "a jti of another length": re.sub(rb'"jti":"..', b'"jti":"', entry, 1), "a collector of Unicode":
        re.sub(rb'"sub":"[^"]*"', '"sub":"spiffe://é"'.encode(), entry, 1), "no collector": re.sub(rb'"sub":"[^"]*",', b"", entry, 1),
        "no form": once(entry, b'"hallmark.form":1,', b""), "a form in text": once(entry, b'"hallmark.form":1', b'"hallmark.form":"1"'),
        "nested a thousand deep": once(entry, b'"seq":1', b'"seq":' + b"[" * 1000 + b"]" * 1000),
        "nested sixty thousand deep": b"[" * 60000, "spaces alone": b" " * 100, "the receipt's own first line": b"c2sp.org/tlog-proof@v1\n",
    }
    for what, data in wrong.items():
        add(what, data, "refused")
    add("of a later kind", b'{"later":1}', "refused")
    add("of a later profile", once(entry, b"veraison/ear", b"veraison/ear2"), "unknown")
    add("of a later form", once(entry, b'"hallmark.form":1', b'"hallmark.form":2'), "unknown")
    seen = 'the small verifiers take members as they find them; their form is for who audits'
    for what, data in (("a member that nobody knows", once(entry, b'"hallmark.form":1', b'"hallmark.form":1,"x":1')),
                       ("a member called __proto__", once(entry, b'"hallmark.form":1', b'"hallmark.form":1,"__proto__":1')),
                       ("markup where a policy is named", re.sub(rb'"ear.appraisal-policy-id":"[^"]*"',
                        b'"ear.appraisal-policy-id":"<img src=x onerror=alert(1)>","x":1', entry, 1))):
        add(what, data, "good", auditor="bad", why=seen)
    add("a workload of markup", named(b"<b>x<script>alert(1)<!--".replace(b"/", b"")), "good",
        auditor="bad", why="jti is the digest of the bundle, which names the workload; the small verifiers do not make it again")


def bad_forms(cases, keys, entry):
    """The receipt's own lines."""
    key = keys["p256"]
    good = receipt(key, entry, 5, 9)
    base = "good path 5 of 9"
    assert good == cases.receipts[base]

    def add(what, data, outcome="refused", **more):
        cases.add(f"receipt: {what}", data, "p256.crt", outcome, base=base, **more)

    lines = good.splitlines(keepends=True)
    for i, line in enumerate(lines):
        add(f"line {i + 1} left out", b"".join(lines[:i] + lines[i + 1:]))
        add(f"line {i + 1} twice", b"".join(lines[:i + 1] + lines[i:]))
        add(f"line {i + 1} with CRLF", b"".join([*lines[:i], line[:-1] + b"\r\n", *lines[i + 1:]]))
        add(f"line {i + 1} with a space behind", b"".join([*lines[:i], line[:-1] + b" \n", *lines[i + 1:]]))
        add(f"line {i + 1} with a space before", b"".join([*lines[:i], b" " + line, *lines[i + 1:]]))
        if i + 1 < len(lines) and lines[i] != lines[i + 1]:
            add(f"lines {i + 1} and {i + 2} swapped", b"".join([*lines[:i], lines[i + 1], line, *lines[i + 2:]]))
    for at in range(0, len(good), 97):
        add(f"cut off behind {at} bytes", good[:at])
    for at in range(0, len(good), 53):
        add(f"bit {at % 8} of byte {at} turned", good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:])
    extra = lines[1]
    more = {
        "empty": b"", "a line feed": b"\n", "a megabyte of line feeds": b"\n" * 1000, "200 KB": good + b"\0" * 200_000,
        "CRLF everywhere": good.replace(b"\n", b"\r\n"), "CR everywhere": good.replace(b"\n", b"\r"),
        "a byte order mark": b"\xef\xbb\xbf" + good, "UTF-16": good.decode().encode("utf-16"), "two receipts": good + good,
        "a line feed behind": good + b"\n", "a NUL behind": good + b"\0", "bytes before": b" " + good,
        "version 1 in capitals": once(good, b"c2sp.org", b"C2SP.org"), "version 01": once(good, b"@v1", b"@v01"),
        "no version": once(good, b"@v1", b""), "version -1": once(good, b"@v1", b"@v-1"),
        "index of 05": once(good, b"index 5", b"index 05"), "index of +5": once(good, b"index 5", b"index +5"),
        "index of 5.0": once(good, b"index 5", b"index 5.0"), "index in Arabic digits": once(good, b"index 5", "index ٥".encode()),
        "index of -1": once(good, b"index 5", b"index -1"), "no index": once(good, b"index 5", b"index "),
        "index of 10,000 digits": once(good, b"index 5", b"index " + b"9" * 10000), "index in capitals": once(good, b"index", b"INDEX"),
        "index with a tab": once(good, b"index 5", b"index\t5"), "two spaces": once(good, b"index 5", b"index  5"),
        "another entry": once(good, extra, b"extra " + b64(entry.replace(b"trading-app", b"trading-bot")) + b"\n"),
        "a better status": once(good, extra, b"extra " + b64(entry.replace(b'"affirming"', b'"warning"')) + b"\n"),
        "an empty extra": once(good, extra, b"extra \n"), "extra without padding": once(good, extra, extra.rstrip(b"=\n") + b"A\n"),
        "extra with unused bits": None, "extra in base64url": once(good, extra, extra[:10] + b"-" + extra[11:]),
        "extra with a line break": once(good, extra, extra[:70] + b"\n" + extra[70:]), "extra in hex":
        once(good, extra, b"extra " + entry.hex().encode() + b"\n"), "extra of 65,536 bytes":
        once(good, extra, b"extra " + b64(b"x" * 65536) + b"\n"), "a line that nobody knows": once(good, b"index", b"note x\nindex"),
        "a hash in hex": once(good, lines[3], base64.b64decode(lines[3]).hex().encode() + b"\n"),
        "a hash in base64url": None, "no empty line": once(good, b"=\n\nhall", b"=\nhall"), "two empty lines": once(good, b"=\n\nhall", b"=\n\n\nhall"),
        "a fork proof's first line": once(good, b"c2sp.org/tlog-proof@v1", b"hallmark fork proof v1"),
        "PEM": cases.trust["p256.crt"], "JSON": entry, "HTML": b"<!doctype html><script>alert(1)</script>\n",
    }
    for what, data in more.items():
        if data is not None:
            add(what, data)
    bits = entry + b"" if len(entry) % 3 else entry
    if len(bits) % 3:
        padded = b64(bits)
        pads = padded.count(b"=")
        last = padded.rstrip(b"=")[-1:]
        alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        turned = alphabet[alphabet.index(last) ^ 1:][:1]
        add("extra with unused bits", once(good, extra, b"extra " + padded.rstrip(b"=")[:-1] + turned + b"=" * pads + b"\n"))
    add("version 2", once(good, b"@v1", b"@v2"), "unknown")
    add("no extra", receipt(key, entry, 5, 9, extra=False), "unknown")


def bad_trust(cases, keys, entry):
    """What is given as the log's key; the receipt is good."""
    key, base = keys["p256"], "good p256 by crt"
    der, pem = key.certificate(ORIGIN).public_bytes(Encoding.DER), cases.trust["p256.crt"]

    def wrap(data, label=b"CERTIFICATE"):
        word = b64(data)
        return b"".join((b"-----BEGIN " + label + b"-----\n", *(word[i:i + 64] + b"\n" for i in range(0, len(word), 64)),
                         b"-----END " + label + b"-----\n"))

    def add(what, trust, outcome="unknown", **more):
        cases.trust[what] = trust
        cases.add(f"key: {what}", cases.receipts[base], what, outcome, base=base, **more)

    lenient = {"auditor": "good", "why": "OpenSSL reads on in PEM, and takes BER; a browser's own reader takes DER alone"}
    add("of another log", Key("p256", "stranger").certificate(ORIGIN).public_bytes(Encoding.PEM))
    for kind in ("p384", "rsa", "ed25519"):
        cases.add(f"key: of {kind}", cases.receipts[base], f"{kind}.crt", "unknown", base=base)
    add("a certificate with bytes behind, in PEM", wrap(der + b"\0"), **lenient)
    add("a certificate with bytes behind, in DER", der + b"\0")
    add("a public key with bytes behind, in DER", key.spki() + b"\0")
    add("a certificate cut off", wrap(der[:-1]))
    add("a certificate cut off, in DER", der[:200])
    add("a certificate of indefinite length", wrap(b"\x30\x80" + der[4:] + b"\0\0"), **lenient)
    add("a length that is longer than it must be", wrap(b"\x30\x83\0" + der[2:]), **lenient)
    version = bytes.fromhex("a003020102")
    add("a certificate of a version that there is not", wrap(der.replace(version, version[:-1] + b"\x3f")), **lenient)
    add("PEM without its end", pem[:-30])
    add("PEM with a character that is none", pem[:60] + b"!" + pem[61:])
    add("PEM of another label", pem.replace(b"CERTIFICATE", b"CERT"))
    add("PEM that ends in another label", pem.replace(b"END CERTIFICATE", b"END PUBLIC KEY"))
    add("nothing", b"")
    add("text", b"hello\n")
    add("DER of nothing", b"\x30\0")
    add("the first byte of DER", b"\x30")
    add("lengths of four gigabytes", b"\x30\x84\xff\xff\xff\xff")
    add("a thousand lists in each other", b"\x30\x80" * 1000)
    add("a private key", key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for kind in ("p521", "k1", "rsa-1024"):
        other = Key(kind)
        add(f"{kind}", other.certificate(ORIGIN).public_bytes(Encoding.PEM))
        add(f"{kind} alone", other.spki(Encoding.PEM))
    point = key.spki()
    add("a point that is not on the curve", wrap(point[:-1] + bytes([point[-1] ^ 1]), b"PUBLIC KEY"))
    add("another curve's name", wrap(point.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030101")), b"PUBLIC KEY"))
    line = key.line()
    name, key_id, body = line.split(b"+", 2)
    for what, data in (("another hash", b"+".join((name, b"00000000", body))), ("a hash in capitals", b"+".join(
            (name, b"ABCDEF01", body))), ("no hash", b"+".join((name, body))), ("no name", b"+" + key_id + b"+" + body),
            ("another type", b"+".join((name, key_id, b64(b"\3" + base64.b64decode(body)[1:])))),
            ("the type of Ed25519", b"+".join((name, key_id, b64(b"\1" + base64.b64decode(body)[1:])))),
            ("a space behind", line[:-1] + b" \n"), ("two lines", line + line), ("another log's name", Key("p256").line("other.example/log")),
            ("an RSA scheme that nobody knows", keys["rsa"].line().replace(b64(b"\xff" + SCHEMES["rsa"])[:20], b64(b"\xffother-rsa-pkcs1-x")[:20]))):
        add(f"verifier key with {what}", data)
    add("verifier key of the other RSA scheme", keys["rsa-pss"].line())


def make():
    cases = Cases()
    entry = read("report-deployed.json").rstrip(b"\n")
    keys = make_keys(cases)
    good_ones(cases, keys, entry)
    for add in (good_lines, bad_lines, bad_checkpoints, bad_paths, bad_entries, bad_forms, bad_trust):
        add(cases, keys, entry)
    return {"receipts.json": cases.text()}


if __name__ == "__main__":
    write_or_check(make)
