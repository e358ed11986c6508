"""Names of paths and patterns of them, as section 4 of proto/PROTOCOL.md has them."""

import ctypes
import locale
import os

FNM_PERIOD = 4


def name_matches(name, pattern, flags=FNM_PERIOD):
    """fnmatch(3) in the locale C."""
    was = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        return ctypes.CDLL(None).fnmatch(pattern, name, flags) == 0
    finally:
        locale.setlocale(locale.LC_CTYPE, was)


def names_in(text):
    return [name for name in os.fsencode(text).split(b"/") if name]
