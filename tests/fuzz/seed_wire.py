#!/usr/bin/python3
"""Writes the seeds of the parsers of proto/: the vectors, and inputs that broke other parsers.

Files that a fuzzer added beside them stay.
"""

import os
import re
import struct
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vectors"))
import make_wire  # noqa: E402

# Declared sizes far over the bytes, deep nesting, every type that no message has.
STRUCTURES = {
    "array-of-4g": b"\xdd\xff\xff\xff\xff",
    "map-of-2g": b"\xdf\x80\x00\x00\x00",
    "str-of-4g": b"\xdb\xff\xff\xff\xff",
    "bin-of-4g": b"\xc6\xff\xff\xff\xff",
    "ext-of-4g": b"\xc9\xff\xff\xff\xff\x00",
    "ext-header-cut": b"\xc9\xff\xff\xff",
    "nesting-of-33": b"\x91" * 33 + b"\x90",
    "nesting-of-maps": b"\x81\xa1k" * 40 + b"\x80",
    "reserved-byte": b"\x92\x01\xc1",
    "nil": b"\xc0",
    "floats": b"\x92\xca\x3f\x80\x00\x00\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    "fixexts": b"\x95\xd4\x00.\xd5\x00..\xd6\x00....\xd7\x00........\xd8\x00" + b"." * 16,
    "negatives": b"\x95\xff\xd0\x80\xd1\x80\x00\xd2\x80\x00\x00\x00\xd3" + b"\x80" + bytes(7),
    "long-forms": b"\xdc\x00\x02\xcd\x00\x01\xdf\x00\x00\x00\x02\xd9\x05agent\xda\x00\x01x"
                  b"\xa8versions\xdd\x00\x00\x00\x01\xd3\x00\x00\x00\x00\x00\x00\x00\x01",
}


def write(parser, name, data):
    folder = os.path.join(HERE, "corpus", parser)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def vector(name):
    with open(os.path.join(HERE, "..", "vectors", name), "rb") as f:
        return f.read()


def changes(data, *pairs):
    """The bytes with one thing changed at a time, and cut in the middle."""
    assert all(old in data for old, _ in pairs)
    return [data, data[:len(data) // 2], data + b"\n"] + [data.replace(o, n, 1) for o, n in pairs]


def write_all(parser, name, variants):
    for number, data in enumerate(variants):
        write(parser, f"{name}-{number}", data)


def seed_notes():
    good = vector("note-p256.note")
    text, signatures = good.split(b"\n\n")
    write_all("note", "p256", changes(good, (b"\n\n", b"\n\n\n"), (b"\n8\n", b"\n9\n"),
                                      (b"\xe2\x80\x94 ", b"- "), (b"\xe2\x80\x94 ", b"\xe2\x80\x94"),
                                      (b"=\n", b"\n"), (b"\n", b"\r\n")))
    write("note", "high-s", vector("note-p256-high-s.note"))
    write("note", "rsa", vector("note-rsa.note"))
    write("note", "other-signers", vector("note-c2sp.note"))
    write("note", "go", vector("note-go.note"))
    write("note", "twice-signed", text + b"\n\n" + signatures * 2)
    write("note", "17-signatures", text + b"\n\n" + signatures * 17)
    line = "\u2014 witness.example AAAAAAE=\n".encode()
    write("note", "witnesses", good + 63 * line)
    write("note", "too-many-witnesses", good + 64 * line)
    write("note", "no-signature", text + b"\n\n")
    write("note", "control-character", good.replace(b"8", b"\x07", 1))
    write("note", "not-utf-8", good.replace(b"8", b"\xff", 1))
    for name in ("p384", "rsa-pss", "ed25519"):
        write("note", name, vector(f"note-{name}.note"))
    for name, key in zip(("p256", "rsa", "p384", "rsa-pss", "ed25519"), vector("note-keys.txt").splitlines()):
        write("note_key", name, key)
    go = b"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    write_all("note_key", "go", changes(go, (b"a3+", b"a4+"), (b"+AR", b"+Bh"), (b"+AR", b"+Ah"), (b"rN", b"r N"),
                                        (b"PeterNeumann", b""), (b"+AR", b" AR"), (b"10TW", b"10T")))
    cosigned, first = vector("note-cosigned.note"), vector("cosigners.txt").splitlines()[0]
    write_all("cosignature", "note", changes(cosigned, (b"\n8\n", b"\n9\n"), (b"AAAAABr", b"AAAAABq"), (b"BHDA==", b"BH"),
                                             (b"example/w1", b"example/w3")))
    write("cosignature", "at-0", vector("note-cosigned-at-0.note"))
    write_all("cosignature", "line", changes(first, (b"804c", b"804d"), (b"+BD", b"+AD"), (b"w1+", b"w+"), (b"KvW", b"Ks=")))
    write_all("checkpoint", "good", changes(text + b"\n", (b"\n8\n", b"\n08\n"), (b"\n8\n", b"\n\n"),
              (b"\n8\n", b"\n18446744073709551616\n"), (b"\n8\n", b"\n-8\n"),
              (b"=\n", b"\n"), (b"=\n", b"=\nextension\n"), (b"Qyg=", b"Qyh=")))
    write("checkpoint", "largest", text.replace(b"\n8\n", b"\n18446744073709551615\n") + b"\n")
    proof = vector("note-p256.tlog-proof")
    write_all("tlogproof", "p256", changes(proof, (b"@v1", b"@v2"), (b"index ", b"index 0"),
              (b"\n\n", b"\n\n\n"), (b"extra ", b"extra"), (b"\n", b"\r\n")))
    write("tlogproof", "rsa", vector("note-rsa.tlog-proof"))
    write("tlogproof", "report", vector("wire-receipt.tlog-proof"))
    head, note = proof.split(b"\n\n", 1)
    write("tlogproof", "witnesses", proof + 16 * line)
    write("tlogproof", "no-extra", b"\n".join(
        part for part in proof.split(b"\n") if not part.startswith(b"extra ")))
    write("tlogproof", "empty-extra", b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" + note)
    for index in range(9):
        write("tlogproof", f"index-{index}", b"\n".join(
            b"index %d" % index if line.startswith(b"index ") else line
            for line in head.split(b"\n")) + b"\n\n" + note)


def seed_transitions():
    for name in ("transition", "succession"):
        good = vector(f"key-{name}.txt")
        write_all("transition", name, changes(
            good, (b"v1", b"v2"), (b"\n\n", b"\n"), (b"time 1", b"time 01"), (b"from ", b"to "),
            (b"\n", b"\r\n")))
        text, line = good.split(b"\n\n")
        write("transition", f"{name}-signed-by-one-more", text + b"\n\n" + line + line)
        write("transition", f"{name}-unsigned", text + b"\n\n")
    write_all("transition", "succession-of", changes(
        good, (b"size 2", b"size 3"), (b"\nsize", b"\nstatement 00\nsize"), (b"\nstatement", b"\nstatements")))


def seed_forks():
    """One of each form; nobody verifies their signatures here."""
    note = vector("note-p256.note")
    other = note.replace(b"\n8\n", b"\n9\n", 1)
    proof = vector("note-p256.tlog-proof").split(b"\n\n", 1)[0].split(b"\n")[-3:]
    root = note.split(b"\n")[2]
    prefix = b"\n".join((b"hallmark fork proof v1", b"prefix 8", b"", note + b"\nroot " + root, b"",
                         note))
    subtree = b"\n".join((b"hallmark fork proof v1", b"subtree 0 1", b"", b"root " + root, *proof, b"",
                          note + b"\nroot " + proof[0], *proof, b"", other))
    write_all("forkproof", "prefix", changes(prefix, (b"prefix 8", b"prefix 08"), (b"v1", b"v2"),
              (b"\nroot", b"\n\nroot"), (b"\n\n", b"\n"), (b"prefix 8", b"prefix 0")))
    write_all("forkproof", "subtree", changes(subtree, (b"subtree 0 1", b"subtree 63 0"),
              (b"subtree 0 1", b"subtree 64 1"), (b"root ", b"root"), (b"\n", b"\r\n"),
              (b"subtree 0 1", b"subtree 0 18446744073709551615")))


def seed_packs(components):
    """Records as PROTOCOL.md has them, one with a frame that zstd made."""
    frame = bytes.fromhex("28b52ffd00588d000050636f6d706f6e656e74200100db5b1524")
    plain = b"component " * 100

    def record(kind, content, stored=None, size=None, magic=b"HMP1"):
        stored = content if stored is None else stored
        return (magic + bytes([kind, 0, 0, 0]) +
                struct.pack(">II", len(content) if size is None else size, len(stored)) +
                make_wire.sha256(content) + stored)

    for name, data in components.items():
        write("pack", name, record(1, data))
    good = record(1, plain, frame)
    write_all("pack", "zstd", changes(good, (b"HMP1", b"HMP2"), (b"HMP1\1", b"HMP1\xff"),
                                      (b"\x28\xb5", b"\x28\xb6"), (b"\1\0\0\0", b"\1\0\0\1")))
    write("pack", "several", good * 3 + record(2, b"policy"))
    write("pack", "bomb", record(1, plain, frame, size=1 << 24))
    write("pack", "too-large", record(1, plain, frame, size=0xffffffff))
    write("pack", "empty-content", record(1, b""))
    write("pack", "stored-larger", record(1, b"a", b"ab"))


def seed_key_channel(wire):
    for name, data in wire.items():
        write("keychannel", name, data)
    stream = b"".join(wire.values())
    write("keychannel", "stream", stream)
    write("keychannel", "cut", stream[:-1])
    write("keychannel", "type-unknown", b"\xff" + stream[1:])
    write("keychannel", "all-ones", b"\xff" * 200)
    write("keychannel", "zeros", bytes(200))


def seed_component_lists(wire):
    """A list's size, the list, its segments; small ones, of which none is so short."""
    def entry(data, count):
        return [make_wire.sha256(data), count, len(data)]

    def with_size(data, *segments):
        return struct.pack(">H", len(data)) + data + b"".join(segments)

    segments = [wire[f"component-segment-{i}"] for i in (1, 2, 3)]
    good = wire["component-list"]
    write("component_list", "vector", with_size(good, *segments))
    write("component_list", "segments-in-another-order", with_size(good, *reversed(segments)))
    write("component_list", "list-alone", with_size(good))
    write("component_list", "cut", with_size(good, *segments)[:-1])
    # One name is long enough for 1,025 items in few bytes: the columns differ.
    items = [[b"/a", bytes(32), n, 0, 0, 0, 0, []] for n in range(1025)]
    one = make_wire.pack(["files", 3, items])
    write("component_list", "files", with_size(make_wire.pack(["files", 2, [], [entry(one, 1025)]]), one))
    plain = make_wire.pack(["files", 1, [], items[:1]])
    write("component_list", "plain-segment",
          with_size(make_wire.pack(["files", 2, [], [entry(one, 1025), entry(plain, 1)]]), one, plain))
    write("component_list", "too-few", with_size(make_wire.pack(["files", 2, [], [entry(one, 1024)]]), one))
    write("component_list", "sum-too-large",
          with_size(make_wire.pack(["files", 2, [], [[bytes(32), 4096, 1]] * 245])))


def seed_extension_maps():
    maps = {
        "known": {"challenge": bytes(8), "configuration": bytes(32), "leaving": "moved",
                  "moved_to": "log.example/2", "program": bytes(32)},
        "nested": {"a": [1, {"b": ["c", b"d", {}], "c": []}], "b": {"x": {"y": [1]}}},
        "too-deep": {"a": [[[[1]]]]},
        "17-pairs": {f"k{i:02}": i for i in range(17)},
        "key-twice-apart": {"b": 1, "a": 2},
        "stopped-and-moved": {"leaving": "stopped", "moved_to": "log.example/2"},
        "largest": {"a": bytes(1018)},
        "one-byte-more": {"a": bytes(1019)},
    }
    for name, fields in maps.items():
        write("extension_map", name, make_wire.pack(fields))


def accepted(report):
    """A report with what its policy accepted by name."""
    name = b'"accepted":[' if b'"not-checked":' in report else b'"hallmark.accepted":['
    before, checked, behind = re.split(rb'(not-checked":\[[^]]*\])', report)
    return before + checked + b"," + name + b'{"kind":"files","code":"excluded-files"}]' + behind


def excepted(report):
    """A report with a file that its policy makes an exception for."""
    name = b'"exceptions":[' if b'"not-checked":' in report else b'"hallmark.exceptions":['
    before, checked, behind = re.split(rb'(not-checked":\[[^]]*\])', report)
    return before + checked + b"," + name + (b'{"kind":"files","subject":"/a","until":253402300799,"why":"b"}]' +
                                             behind)


def seed_entries(files):
    """Each kind of entry, with one thing changed at a time."""
    for name in ("deployed", "draft", "draft-fresh", "challenge"):
        data = files[f"report-{name}.json"]
        write_all("report", name, changes(
            data, (b"ear", b"EAR"), (b'"iat":', b'"iat": '), (b"trading-app", b'trading\\"app'),
            (b'orm":1', b'orm":2'), (b'"index":', b'"index":9'), (b"}}", b'},"x":1}'),
            (b'"time":1', b'"time":2'), (b'"time":', b'"time":0')))
        write("report", f"{name}-accepted", accepted(data))
        write("report", f"{name}-excepted", excepted(data))
        write_all("claims", name, changes(
            data, (b"prod-1", b"prod-2"), (b"host-1", b"host/1"), (b"host-1", b'host\\"1'),
            (b'"exp":17955', b'"exp":17954'), (b'"exp":1', b'"exp":9'), (b"trading-app", b"orders"),
            (b'"iat":1', b'"iat":9')))
    write("claims", "absence", files["absence.json"])
    write("claims", "notice", files["notice-manifest.json"])
    write("claims", "token", files["token-deployed.json"])
    payload = files["summary-start.payload"]
    write_all("summary", "envelope", changes(
        files["summary-start.json"], (b"in-toto", b"statement"), (b"==", b"="), (b'"sig":"', b'"sig":"A')))
    write_all("summary", "payload", changes(
        payload, (b'"file"', b'"tree"'), (b'"file"', b'"disk"'), (b'x":1', b'x":01'), (b"app", b'\\"app'),
        (b"T10", b" 10"), (b'"affirming"', b'"none"'), (b"50fd", b"50FD"), (b'"version":{"', b'"version":{"}}')))
    write("summary", "failed", payload.replace(b"affirming", b"warning").replace(b"PASSED", b"FAILED").replace(
        b"SLSA_BUILD_LEVEL_UNEVALUATED", b"FAILED"))
    absence = files["absence.json"]
    write_all("entry", "absence", changes(
        absence, (b"#1", b"#2"), (b'"count":1', b'"count":2'), (b'"due":', b'"due":1'),
        (b"trading", b'\\"trading'), (b'orm":1', b'orm":2'),
        (b"}}", b'},"hallmark.extensions":{"a":[1,{"b":true}]}}')))
    for name in ("start", "manifest", "statement", "approved", "key", "token", "feed"):
        write_all("entry", f"notice-{name}", changes(
            files[f"notice-{name}.json"], (b'orm":1', b'orm":01'), (b'"hallmark.notice":"', b'"hallmark.notice":"x-'),
            (b'"iat":', b'"iat":-'), (b'"hallmark.in-force":"', b'"hallmark.in-force":"0'),
            (b"}}", b'},"hallmark.extensions":{"a":"\\\\"}}')))
    token = files["notice-token.json"]
    write_all("entry", "notice-token-seen", changes(
        token, (b'"number":1', b'"number":4'), (b'"number":3,"w', b'"number":1,"w'), (b'"serial":"0042"', b'"serial":""'),
        (b"user-pin-wrong", b"User"), (b'"before":"no"', b'"before":""'), (b"maker", b"maker of all of that, and more"),
        (b'"changes":[{', b'"changes":[],"x":[{')))
    write_all("entry", "notice-feed-written", changes(
        files["notice-feed.json"], (b'"written":', b'"written":9'), (b'"written":1', b'"written":0'), (b"debian-12", b".a"),
        (b'"written"', b'"wrote"')))
    later = files["notice-statement.json"].replace(b'"statement"', b'"snapshot"', 1)
    at = later.index(b'"hallmark.subject":') + 19
    write("entry", "notice-later", later[:at] + b'{"name":"x","sha256":["y",{}]}}')
    for name, transcript in (("notice-transcript", b'"' + b"ab" * 32 + b'"'), ("notice-transcript-other", b"7")):
        write("entry", name, files["notice-start.json"][:-1] + b',"hallmark.extensions":{"transcript":' + transcript
              + b"}}")
    write("entry", "notice-cause-later",
          files["notice-start.json"].replace(b'"cause":"start"', b'"cause":"moved"'))
    write("entry", "unknown", b'{"hallmark.later":1}')
    for number, text in enumerate((
            b'{"a":1}', b'{"a":[true,false,"\\"\\\\",9007199254740991],"b":{"c":{"d":[]}}}',
            b'{"a":[[[[]]]]}', b'{"b":1,"a":1}', b'{}', b'{"a":1.0}', b'{"a":"\xe2\x82\xac\xff"}',
            b'{"a":null}', b'{"a":"\\u0041"}', b'{"A":1}')):
        write("json_extensions", f"map-{number}", text)
    write_all("inforce", "list", changes(
        files["in-force.txt"], (b"v1", b"v2"), (b"manifest", b"feed"), (b"number", b"manifest"),
        (b" approve", b""), (b" 179", b" 0179"), (b"\n", b"\r\n")))
    write_all("inforce", "feed", changes(
        files["in-force-feed.txt"], (b" 179", b" 0179"), (b" 179", b""), (b" 179", b" 9999999"), (b"debian-12", b"a/b"),
        (b"feed", b"feed x")))


def main():
    files = make_wire.make()
    wire = {}
    for line in files["wire.txt"].decode().splitlines():
        name, hexadecimal = line.split()
        wire[name] = bytes.fromhex(hexadecimal)

    stream = b""
    for name, data in wire.items():
        if name.startswith("component-"):
            write("component", name, data)
        elif name in ("bundle-1", "bundle-2-offline", "bundle-3-extensions", "bundle-4-leaving",
                      "bundle-5-start"):
            write("bundle", name, data)
        elif name.startswith("bundle-2-"):
            continue
        else:
            write("message", name, data[4:])
            stream += data if len(stream) + len(data) < 1500 else b""
    for name, data in STRUCTURES.items():
        for parser in ("message", "bundle", "component", "extension_map"):
            write(parser, name, data)
        write("component_list", name, struct.pack(">H", len(data)) + data)
    seed_extension_maps()
    seed_component_lists(wire)
    write("frame", "stream", stream)
    write("frame", "zero", bytes(4))
    write("frame", "one-over", b"\x00\x04\x00\x01x")
    write("frame", "http", b"GET / HTTP/1.1\r\n\r\n")
    write("frame", "cut", b"\x00\x00\x00\x05abc")
    seed_entries(files)
    write("report", "nul", b'{"eat_profile":"tag:github.com,2023:veraison/ear\\u0000"}')
    write("report", "nesting", b"[" * 3000)
    write("report", "number", b'{"iat":1e400,"exp":-0,"x":99999999999999999999}')
    write("report", "twice", b'{"eat_profile":"a","eat_profile":"b"}')
    seed_notes()
    seed_transitions()
    seed_forks()
    seed_packs({n: d for n, d in wire.items() if n.startswith("component-")})
    seed_key_channel({n: d for n, d in wire.items() if n.startswith("key-")})


if __name__ == "__main__":
    main()
