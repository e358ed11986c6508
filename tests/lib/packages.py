"""Debian packages made by hand: an ar archive with tars in it, also as dpkg-deb would never write them."""

import io
import lzma
import gzip
import tarfile


def entry(name, content=b"", **options):
    """(tarfile's member, its content)"""
    member = tarfile.TarInfo(name)
    member.mode, member.uname, member.gname = 0o644, "root", "root"
    for key, value in options.items():
        setattr(member, key, value)
    if member.isreg():
        member.size = len(content)
    return member, content


def directory(name):
    return entry(name, type=tarfile.DIRTYPE, mode=0o755)


def link(name, target, **options):
    return entry(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777, **options)


def hard_link(name, target):
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def tar(*entries):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member, content in entries:
            archive.addfile(member, io.BytesIO(content))
    return to.getvalue()


def ar(*members):
    """Of (name, content)."""
    pieces = [b"!<arch>\n"]
    for name, content in members:
        pieces.append(b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o100644, len(content)))
        pieces.append(content + b"\n" * (len(content) % 2))
    return b"".join(pieces)


PACKED = {"": bytes, ".gz": lambda d: gzip.compress(d, mtime=0), ".xz": lzma.compress}


def deb(*entries, packed=".xz", version=b"2.0\n", control=()):
    return ar(("debian-binary", version), (f"control.tar{packed}", PACKED[packed](tar(*control))),
              (f"data.tar{packed}", PACKED[packed](tar(*entries))))
