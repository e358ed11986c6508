#!/usr/bin/python3
"""Writes the seeds of the parsers of collector/: lines of /proc as kernels write them, and queues.

Files that a fuzzer added beside them stay.
"""

import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
STAT = "9 (a) S 1 2 (b) S 7 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 555 1 1 99 4096 8192 12288 0 0"
STATUS = """Name:\tapp
Tgid:\t9
TracerPid:\t0
Uid:\t0\t1\t2\t3
Gid:\t0\t0\t0\t0
Groups:\t4 24 27\x20
CapInh:\t0000000000000000
CapPrm:\t000001ffffffffff
CapEff:\t000001ffffffffff
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000000
NoNewPrivs:\t0
Seccomp:\t2
"""
DPKG = """Package: app
Status: install ok installed
Version: 1.0-1
Architecture: amd64
Description: one
 two
 .

Package: gone
Status: deinstall ok config-files
Version: 2
Architecture: all
"""

PROCESS = {
    "maps-file": "m559d3c0b3000-559d3c0b5000 r-xp 00002000 fe:00 1234      /usr/bin/cat",
    "maps-deleted": "m7f00-8f00 rwxp 00000000 00:1f 7    /tmp/a b\\012c (deleted)",
    "maps-memfd": "m7f00-8f00 r-xs 00000000 00:01 2051                       /memfd:x (deleted)",
    "maps-anonymous": "m7ffd10000000-7ffd10021000 rwxp 00000000 00:00 0 ",
    "maps-vsyscall": "mffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]",
    "stat": "n" + STAT,
    "pid": "n 123\r\n",
    "cgroup": "n0::/system.slice/system-app.slice/app.service/worker",
    "cgroup-v1": "n1:name=systemd:/user.slice/user-0.slice/app.service",
    "status": "s" + STATUS,
    "arguments": "a/bin/app\0--flag\0\0last",
    "environment": "ePATH=/bin\0LD_PRELOAD=/x.so\0PATH\0PATH=again\0=\0",
    "packages": "d" + DPKG,
    "packages-twice": "dPackage: a\nPackage: b\n",
    "pattern": "p/etc/app/[a-m]*.conf",
    "pattern-below": "p/opt/app/lib/**",
    "pattern-escapes": "p/opt/a\\*\\/b\\\\/\\..",
    "pattern-bad": "p/a/**/b**",
}


def write(parser, name, data):
    (CORPUS / parser).mkdir(parents=True, exist_ok=True)
    (CORPUS / parser / name).write_bytes(data)


def record(bundle, signature=b""):
    return b"HMQ1" + struct.pack(">II", len(bundle), len(signature)) + bundle + signature


def main():
    for name, text in PROCESS.items():
        write("process", name, text.encode())
    bundles = [(CORPUS / "bundle" / name).read_bytes() for name in ("bundle-1", "bundle-2-offline")]
    whole = b"".join(map(record, bundles))
    signed = record(bundles[0], b"s" * 70)
    for name, data in (("empty", b""), ("two", whole), ("signed", signed), ("cut", whole[:-5]),
                       ("zeros", whole + bytes(5000)), ("altered", b"HMQ2" + whole[4:]),
                       ("large", b"HMQ1" + b"\xff" * 8), ("header", whole[:7])):
        write("chain_queue", name, data)


if __name__ == "__main__":
    main()
