#!/usr/bin/python3
"""tests/lint/rooms.py finds each way in which rooms can be broken, and nothing in whole ones."""

import pathlib
import subprocess
import tempfile

import hallmark
from hallmark import ROOT

# A little house. A header declares what the .c file of its name defines.
HOUSE = {
    "proto/bytes": [],
    "proto/wire/frame": ["proto/bytes"],
    "config/settings": ["proto/bytes"],
    "config/yaml": ["proto/bytes"],
    "policy/rules/rule": ["config/yaml", "proto/bytes"],
    "signer/ledger/store/store": ["proto/bytes"],
    "signer/ledger/ledger": ["signer/ledger/store/store"],
    "signer/session/session": ["signer/ledger/ledger", "proto/wire/frame"],
    "signer/front/conn": ["signer/session/session"],
    "collector/report/chain": ["proto/bytes"],
}


class House:
    def __init__(self, base):
        self.base = pathlib.Path(base)
        for module, needs in HOUSE.items():
            self.module(module, needs)

    def write(self, path, text):
        path = self.base / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def header(self, path, text=""):
        guard = "H_" + path.upper().replace("/", "_").replace(".", "_")
        self.write(path, f"#ifndef {guard}\n#define {guard}\n{text}#endif\n")

    def module(self, module, needs, more=""):
        """A pair of files that includes, and calls, what it needs."""
        name = module.replace("/", "_")
        self.header(f"{module}.h", f"int {name}(void);\n")
        includes = "".join(f'#include "{m}.h"\n' for m in [module, *needs])
        calls = "".join(f" + {m.replace('/', '_')}()" for m in needs)
        self.write(f"{module}.c", f"{includes}{more}int {name}(void) {{ return 0{calls}; }}\n")

    def check(self):
        """What is found, and the map."""
        for source in self.base.rglob("*.c"):
            made = self.base / "build/obj" / source.relative_to(self.base).with_suffix(".o")
            made.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cc", "-I", self.base, "-c", source, "-o", made], check=True, timeout=60)
        return self.look()

    def look(self):
        done = subprocess.run([ROOT / "tests/lint/rooms.py", self.base, self.base / "build/obj"],
                              text=True, capture_output=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == (1 if done.stdout else 0), done
        return done.stdout.splitlines(), done.stderr


def broken(change):
    """What is found in a house that was whole before a change."""
    with tempfile.TemporaryDirectory() as base:
        house = House(base)
        change(house)
        found, _ = house.check()
        return found


def test_rooms_that_are_whole_are_drawn_as_they_are():
    with tempfile.TemporaryDirectory() as base:
        found, drawn = House(base).check()
    assert not found, found
    rows = [line.split() for line in drawn.splitlines()]
    assert [r[0] for r in rows] == ["room", "proto", "proto/wire", "config", "policy/rules",
                                    "signer/ledger/store", "signer/ledger", "signer/session",
                                    "signer/front", "collector/report"], drawn
    assert rows[3] == ["config", "2", "14", "proto", "2"], drawn
    assert rows[7] == ["signer/session", "1", "8", "proto/wire", "1,", "signer/ledger", "1"], drawn


def test_an_arrow_back_is_found():
    found = broken(lambda house: house.module("signer/ledger/ledger", ["signer/session/session"]))
    assert found[0].startswith("signer/ledger/ledger.c:2: includes signer/session/session.h: an "
                               "arrow back"), found
    found = broken(lambda house: house.header("proto/types.h", '#include "signer/front/conn.h"\n'))
    assert found[0].startswith("proto/types.h:3: includes signer/front/conn.h: an arrow back"), found


def test_an_arrow_to_another_program_is_found():
    found = broken(lambda house: house.module("collector/report/chain", ["signer/session/session"]))
    assert found == ["collector/report/chain.c:2: includes signer/session/session.h: collector/report "
                     "may not know signer/session"], found


def test_an_arrow_that_no_include_shows_is_found():
    by_hand = "int signer_front_conn(void);\nint up(void) { return signer_front_conn(); }\n"
    found = broken(lambda house: house.module("signer/ledger/ledger", [], by_hand))
    assert len(found) == 1 and found[0].startswith(
        "signer/ledger/ledger.c:1: uses signer_front_conn of signer/front/conn.c: an arrow back"), found


def test_a_room_that_nobody_planned_is_found():
    found = broken(lambda house: house.module("signer/attic/box", []))
    assert len(found) == 1 and "signer/attic is not in the table" in found[0], found


def test_a_header_that_is_not_named_from_the_root_is_found():
    found = broken(lambda house: house.write("proto/odd.h", '#include "bytes.h"\n'))
    assert found == ["proto/odd.h:1: no bytes.h; include paths are from the root"], found


def test_of_configuration_policy_takes_the_yaml_alone():
    found = broken(lambda house: house.module("policy/rules/rule", ["config/settings"]))
    assert found == ["policy/rules/rule.c:2: includes config/settings.h: of config, policy/rules takes faults.h, "
                     "yaml.h, yaml_check.h only"], found


def test_a_circle_of_files_wants_a_reason():
    def circle(*said):
        def change(house):
            house.module("proto/digest", ["proto/bytes"])
            house.module("proto/text", ["proto/digest"])
            house.module("proto/bytes", ["proto/text"])
            house.write("proto/reasons.h", "/*\n" + "".join(f" * {s}\n" for s in said) + " */\n")
        return broken(change)

    found = circle()
    assert found == ["proto/bytes.c:1: a circle without a reason: bytes.c -> text.c; "
                     "digest.c -> bytes.c; text.c -> digest.c"], found
    assert not circle("A circle: bytes.c, digest.c", "and text.c, because of this. That is x.c.")
    assert "but no \"because\"" in circle("A circle: bytes.c, digest.c and text.c.")[0]
    found = circle("A circle: bytes.c and digest.c, because of text.c.")
    assert len(found) == 2 and found[1] == ("proto/reasons.h:2: gives a reason for a circle that is "
                                            "not there: bytes.c, digest.c"), found


def test_circles_of_headers_and_of_calls_are_found():
    def of_headers(house):
        house.header("proto/one.h", '#include "proto/two.h"\n')
        house.header("proto/two.h", '#include "proto/one.h"\n')

    found = broken(of_headers)
    assert found == ["proto/one.h:1: a circle without a reason: one.h -> two.h; two.h -> one.h"], found

    def of_calls(house):
        by_hand = "int proto_text(void);\nint up(void) { return proto_text(); }\n"
        house.module("proto/text", ["proto/bytes"])
        house.module("proto/bytes", [], by_hand)

    found = broken(of_calls)
    assert found == ["proto/bytes.c:1: a circle without a reason: bytes.c -> text.c; "
                     "text.c -> bytes.c"], found


def test_files_that_share_a_header_are_no_circle():
    def shared(house):
        house.header("proto/state.h", '#include "proto/bytes.h"\n')
        house.module("proto/bytes", [], '#include "proto/state.h"\n')

    assert not broken(shared)


def test_a_library_out_of_its_place_is_found():
    places = {"msgpack.h": "signer/session", "libp11.h": "signer", "p11-kit/pkcs11.h": "proto",
              "uv.h": "auditor", "sqlite3.h": "signer/ledger", "zstd.h": "log",
              "libpq-fe.h": "signer/ledger", "curl/curl.h": "signer"}

    def out_of_place(house):
        for library, room in places.items():
            house.write(f"{room}/{library.replace('/', '_')}", f"#include <{library}>\n")

    found = broken(out_of_place)
    assert len(found) == len(places), found
    for library, room in places.items():
        path = f"{room}/{library.replace('/', '_')}:1:"
        assert any(f.startswith(f"{path} includes {library}, which belongs in") for f in found), found


def test_a_library_for_one_file_is_not_taken_by_two():
    def files(*paths):
        return broken(lambda house: [house.write(p, "#include <curl/curl.h>\n") for p in paths])

    assert not files("collector/web/fetch.h", "register/follow.h")
    found = files("collector/web/fetch.h", "collector/web/page.h")
    assert len(found) == 1 and "take one library; 1 file may" in found[0], found


def test_what_was_not_compiled_proves_nothing():
    with tempfile.TemporaryDirectory() as base:
        house = House(base)
        found, _ = house.look()
        assert len(found) == 1 and "no objects here" in found[0], found
        house.check()
        house.module("proto/late", [])
        found, _ = house.look()
        assert len(found) == 1 and found[0].startswith("proto/late.c:1: is not compiled"), found
        house.module("proto/late/deep", [])
        house.check()
        (house.base / "proto/late.c").touch()
        found, _ = house.look()
        assert any(f.startswith("proto/late.c:1: is newer than") for f in found), found


if __name__ == "__main__":
    hallmark.run_tests("__main__")
