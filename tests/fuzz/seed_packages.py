#!/usr/bin/python3
"""Makes the corpus of fuzz_deb. usage: seed_packages.py"""

import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from packages import PACKED, ar, deb, directory, entry, hard_link, link, tar

TO = pathlib.Path(__file__).parent / "corpus/deb"
FILES = (directory("./"), directory("./usr/"), entry("./usr/bin/app", b"app", mode=0o4755), entry("./bin/su", b"su"),
         hard_link("./usr/bin/app2", "./usr/bin/app"), link("./lib/liba.so", "liba.so.1"),
         entry("./srv/a b", b"", uid=998, uname="app"), entry("./dev/null", type=tarfile.CHRTYPE))
VERSION, CONTROL = ("debian-binary", b"2.0\n"), ("control.tar", tar())
SEEDS = {
    **{f"whole{packed or '.tar'}": deb(*FILES, packed=packed) for packed in PACKED},
    "absolute": deb(entry("/a", b"x"), packed=""), "out": deb(entry("./../a", b"x"), packed=""),
    "twice": deb(entry("./a", b"1"), entry("./a", b"2"), packed=""),
    "below-link": deb(link("./d", "/tmp"), entry("./d/a", b"1"), packed=""),
    "hard-out": deb(hard_link("./a", "/etc/shadow"), packed=""), "long": deb(entry("./" + "d/" * 60 + "x"), packed=".gz"),
    "no-data": ar(VERSION, CONTROL), "order": ar(CONTROL, VERSION), "cut": deb(*FILES)[:-40],
    "others": ar(VERSION, ("_x", b""), CONTROL, ("data.tar", tar(*FILES)), ("_y", b"1")),
    "version": deb(*FILES, version=b"3.0\n"), "empty": deb(), "mark": b"!<arch>\n",
    "pax": ar(VERSION, CONTROL, ("data.tar", tarfile.TarInfo("./\u20ac").tobuf(tarfile.PAX_FORMAT) + bytes(1024))),
}

TO.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (TO / name).write_bytes(content)
