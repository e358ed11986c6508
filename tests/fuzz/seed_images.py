#!/usr/bin/python3
"""Makes the corpus of fuzz_image. usage: seed_images.py"""

import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from images import Image
from packages import directory, entry, hard_link, link, tar

TO = pathlib.Path(__file__).parent / "corpus/image"
BASE = tar(directory("./"), directory("usr/"), entry("usr/app", b"app", mode=0o4755), link("bin", "usr"),
           entry("d/a", b"1"), entry("d/b", b"2"), hard_link("d/c", "d/a"))
UPPER = tar(entry("d/.wh..wh..opq"), entry("d/n", b"n"), entry("usr/.wh.app"), entry(".wh..wh.aufs"))


def plain(*layers):
    return Image(*layers, pack=bytes)


SEEDS = {
    "whole": Image(BASE, UPPER).archive(), "docker": plain(BASE, UPPER).docker(), "plain": plain(BASE, UPPER).archive(),
    "nested": plain(BASE).nest().archive(), "several": plain(BASE).join(plain(UPPER)).archive(),
    "absolute": plain(tar(entry("/a", b"x"))).docker(), "out": plain(tar(entry("../a", b"x"))).docker(),
    "below-link": plain(tar(link("d", "/"), entry("d/a", b"1"))).docker(),
    "hard-out": plain(tar(hard_link("a", "../b"))).docker(), "twice": plain(tar(entry("a"), entry("a"))).docker(),
    "device": plain(tar(entry("dev/null", type=tarfile.CHRTYPE))).docker(), "cut": plain(BASE).docker()[:-3000],
}

TO.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (TO / name).write_bytes(content)
