#!/usr/bin/python3
"""Writes the seeds of the wire parsers' corpora: the vectors, and inputs that broke other parsers.

Files that a fuzzer added beside them stay.
"""

import os
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
        elif name in ("bundle-1", "bundle-2-offline"):
            write("bundle", name, data)
        elif name.startswith("bundle-2-"):
            continue
        else:
            write("message", name, data[4:])
            stream += data if len(stream) + len(data) < 1500 else b""
    for name, data in STRUCTURES.items():
        for parser in ("message", "bundle", "component"):
            write(parser, name, data)
    write("frame", "stream", stream)
    write("frame", "zero", bytes(4))
    write("frame", "one-over", b"\x00\x04\x00\x01x")
    write("frame", "http", b"GET / HTTP/1.1\r\n\r\n")
    write("frame", "cut", b"\x00\x00\x00\x05abc")
    write("report", "deployed", files["report-deployed.json"])
    write("report", "draft", files["report-draft.json"])
    write("report", "nul", b'{"eat_profile":"tag:github.com,2023:veraison/ear\\u0000"}')
    write("report", "nesting", b"[" * 3000)
    write("report", "number", b'{"iat":1e400,"exp":-0,"x":99999999999999999999}')
    write("report", "twice", b'{"eat_profile":"a","eat_profile":"b"}')


if __name__ == "__main__":
    main()
