#!/usr/bin/python3
"""A folder is a room, and arrows between rooms run one way.

usage: rooms.py ROOT OBJECTS

ROOT is the source tree, OBJECTS the folder in which `make all` left its objects (build/obj). Prints
the rooms and their arrows on stderr, and what breaks a rule on stdout with file and line; exit 1 if
anything does.

An arrow is an `#include`, or a use of a function or variable that another file defines: that one is
read from the objects, and so finds also what was declared by hand. Files that need each other,
directly or around a corner, are a circle. A file of the same room has to give the reason in one
sentence that names them all: "A circle: front.c and link.c, because ...". Such a sentence about
files that are no circle is found as well."""

import collections
import itertools
import os
import pathlib
import re
import subprocess
import sys
import textwrap

PROTO = ["proto", "proto/json", "proto/tlog", "proto/evidence", "proto/report", "proto/statement",
         "proto/summary", "proto/wire"]
POLICY_GROUND = [*PROTO, "config", "policy/values", "policy/feeds", "policy/governance", "policy/sources", "policy/layout"]

# Whom each room may know. The ground comes first, and a room knows only what comes before it, so that
# nobody can write a circle into this table. Some of these rooms are still to be built.
ROOMS = {
    "proto": [],
    "proto/json": ["proto"],
    "proto/tlog": ["proto"],
    "proto/evidence": ["proto", "proto/tlog"],
    "proto/report": ["proto", "proto/json", "proto/tlog", "proto/evidence"],
    "proto/statement": ["proto", "proto/json", "proto/tlog", "proto/evidence"],
    "proto/summary": ["proto", "proto/json", "proto/tlog", "proto/evidence", "proto/report", "proto/statement"],
    "proto/wire": ["proto", "proto/tlog", "proto/evidence", "proto/report"],
    "journal": PROTO,
    "config": [*PROTO, "journal"],
    "config/collector": [*PROTO, "journal", "config"],
    "trust": [*PROTO, "config"],
    "policy/values": PROTO,
    "policy/feeds": [*PROTO, "config", "policy/values"],
    "policy/governance": [*PROTO, "config", "policy/feeds"],
    "policy/sources": [*PROTO, "config"],
    "policy/images": [*PROTO, "config", "policy/sources"],
    "policy/layout": [*PROTO, "config"],
    "policy/feeds/import": [*PROTO, "config", "policy/values", "policy/sources", "policy/feeds"],
    "policy/rules": POLICY_GROUND,
    "policy/compile": [*POLICY_GROUND, "policy/rules"],
    "policy": [*POLICY_GROUND, "policy/rules", "policy/compile"],
    "policy/appraisal": [*POLICY_GROUND, "policy/rules", "policy"],
    "policy/words": [*POLICY_GROUND, "policy/rules", "policy/compile", "policy", "policy/appraisal"],
    "policy/advice": [*POLICY_GROUND, "policy/rules", "policy/compile", "policy", "policy/words"],
    "log": [*PROTO, "config", "policy", "policy/appraisal"],
    "log/stored": [*PROTO, "config", "policy", "policy/appraisal", "policy/governance", "log"],
    "log/walk": [*PROTO, "config", "trust", "policy", "policy/appraisal", "policy/governance", "log", "log/stored"],
    "clients": PROTO,
}


def program(name, known, *floors):
    """A program's rooms, the lowest floor first; no arrows within a floor, nor to another program.
    Its own folder, with main.c, is above all of them."""
    below = list(known)
    for floor in [*floors, ""]:
        rooms = [f"{name}/{room}" for room in floor.split()] or [name]
        ROOMS.update((room, list(below)) for room in rooms)
        below += rooms


program("pkcs11", [*PROTO, "journal", "config", "trust"], "ground", "token", "serve")
program("signer", [*PROTO, "journal", "config", "trust", "policy", "policy/feeds", "policy/governance", "policy/appraisal", "policy/advice"],
        "ground trial policies", "learn cases", "ledger/store ledger/key", "ledger/heads", "ledger", "chronicle", "session", "front feeds", "loading", "check status")
ROOMS["signer/trial"] += ["log", "log/stored"]
ROOMS["signer/policies"] += ["log", "log/stored", "policy/words"]
ROOMS["signer/status"] += ["policy/words"]
ROOMS["signer"] += ["policy/sources", "policy/words", "policy/feeds/import"]
ROOMS["signer/learn"] += ["log", "log/stored", "policy/compile"]
ROOMS["signer/cases"] += ["log", "log/stored", "policy/words"]
program("collector", [*PROTO, "journal", "config", "config/collector", "trust"], "watch", "ground", "content subject packages machine keys", "runtime memory scripts files loading", "measure", "store processes tell", "tokens act web", "report", "gate")
for _room in ("collector", "collector/measure"):
    ROOMS[_room] += ["policy/sources", "policy/images"]
program("auditor", [*PROTO, "config", "policy", "policy/appraisal", "log", "log/stored", "log/walk"], "tell", "history", "pack")
program("register", [*PROTO, "journal", "config", "trust", "policy", "policy/appraisal", "policy/governance", "log", "log/stored", "log/walk"],
        "ground front", "follow", "view decide publish", "alert", "answer tell witness discovery pages relay", "grant")
ROOMS["register/answer"] += ["policy/words"]

# Of a room, another takes these headers alone.
TAKES = {
    ("register/answer", "policy/words"): {"cause.h"},  # what findings mean, and what mends them
    **{(room, "trust"): {"crypto_reason.h", "jwk.h"}  # words of OpenSSL's, names of keys; no peers' certificates
       for room in ("pkcs11", "pkcs11/ground", "pkcs11/serve")},
    ("pkcs11/token", "trust"): {"crypto_reason.h", "certificate_text.h"},  # and the names in its own
    ("log/walk", "trust"): {"pem_blocks.h", "revocation_list.h"},  # what was revoked, and since when
    **{(room, "config"): {"faults.h", "yaml.h", "yaml_check.h"}  # the reading of YAML
       for room in ("policy", "policy/rules")},
    ("policy/compile", "config"): {"faults.h", "yaml.h", "yaml_check.h", "nearest.h"},
    ("policy/appraisal", "config"): set(),
    ("signer/learn", "policy/compile"): {"policy_schema.h"},  # what may stand in the file that it writes
    ("policy/advice", "config"): {"yaml.h", "yaml_check.h", "nearest.h"},
    # Another form of store stands behind these.
    ("signer/ledger", "signer/ledger/store"):
        {"store.h", "evidence.h", "index.h", "record.h", "chain_head.h", "notice_row.h"},
    ("signer/ledger", "signer/ledger/key"): {"keyprocess.h"},
}

# Which rooms (and rooms within them) may include a library's headers, and in how many files.
LIBRARIES = [
    (r"msgpack(/.*)?\.h", ["proto"], None),
    (r"libp11\.h|(.*/)?pkcs11\.h|p11-kit/.*", ["pkcs11/token"], None),
    (r"uv(/.*)?\.h", ["signer", "collector", "register"], None),
    (r"sqlite3\.h", ["signer/ledger/store", "collector/packages", "register"], None),
    (r"zstd.*\.h", ["proto"], None),
    (r"archive(_entry)?\.h", ["policy/sources", "policy/images", "policy/feeds/import"], 3),
    (r"libpq-fe\.h", ["signer/ledger/store"], 1),
    (r"curl/.*", ["register", "collector/web"], 1),
    (r"http_parser\.h", ["register/front"], 1),
    (r"gumbo\.h", ["collector/web"], 1),
]

FILES_MOST = 20  # .c files in a room; more is a missing room, and a note
GLUE = "\N{NO-BREAK SPACE}"  # between a room and its count, so that they are on one line
NO_ROOMS = {"tests", "build"}  # tests know everybody
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)')


def check_table():
    """The table itself: a room knows only what comes before it."""
    earlier = set()
    for room, known in ROOMS.items():
        assert earlier.issuperset(known), (room, known)
        earlier.add(room)


def room_of(path):
    return str(pathlib.PurePosixPath(path).parent)


def within(room, places):
    return any(room == p or room.startswith(p + "/") for p in places)


def read_sources(root):
    """path -> lines, of every source below a room."""
    sources = {}
    for folder, names, files in os.walk(root):
        where = pathlib.PurePosixPath(os.path.relpath(folder, root))
        names[:] = sorted(n for n in names if n[0] != "." and (where.parts or n not in NO_ROOMS))
        for name in sorted(files):
            if name.endswith((".c", ".h")) and where.parts:
                sources[str(where / name)] = pathlib.Path(folder, name).read_text().split("\n")
    return sources


def read_includes(sources):
    """Of each file: [(line, own header or None, library's header or None)]."""
    return {path: [(number, *found.groups()) for number, line in enumerate(lines, 1)
                   if (found := INCLUDE.match(line))] for path, lines in sources.items()}


def read_uses(root, sources, objects):
    """{(file, file that defines): a name that the first takes from it}, and what cannot be told."""
    found, compiled = [], {}
    if not objects.is_dir():
        return {}, [f"{objects}: no objects here; make all leaves them"]
    for path in (p for p in sources if p.endswith(".c")):
        made = objects / (path[:-2] + ".o")
        if not made.exists():
            found.append(f"{path}:1: is not compiled: no {made}; make all leaves it")
        elif made.stat().st_mtime_ns < (pathlib.Path(root) / path).stat().st_mtime_ns:
            found.append(f"{path}:1: is newer than {made}; make all compiles it")
        else:
            compiled[str(made)] = path
    if not compiled:
        return {}, found
    listed = subprocess.run(["nm", "-A", "-P", "-g", *compiled], text=True, stdout=subprocess.PIPE,
                            check=True)
    wanted, defined = [], collections.defaultdict(list)
    for line in listed.stdout.splitlines():
        made, name, kind = line.split()[:3]
        path = compiled[made.rstrip(":")]
        if kind in "Uwv":
            wanted.append((path, name))
        else:
            defined[name].append(path)
    uses = {}
    for path, name in wanted:
        # Two programs may each have their own of a name.
        candidates = sorted(defined[name], key=lambda d: d.split("/")[0] != path.split("/")[0])
        if candidates and candidates[0] != path:
            uses.setdefault((path, candidates[0]), name)
    return uses, found


def check_rooms(sources):
    first = {}
    for path in sources:
        first.setdefault(room_of(path), path)
    return [f"{path}:1: {room} is not in the table of rooms (tests/lint/rooms.py)"
            for room, path in first.items() if room not in ROOMS]


def refusal(room, other):
    if room in ROOMS.get(other, []):
        return f"an arrow back: {other} knows {room}, not {room} {other}"
    return f"{room} may not know {other}"


def check_arrows(sources, includes, uses):
    """Arrows that the table does not have; and all arrows, counted by their includes."""
    found, arrows = [], collections.Counter()
    for path, lines in includes.items():
        room = room_of(path)
        for number, header, _ in (line for line in lines if line[1]):
            other = room_of(header)
            if header not in sources:
                found.append(f"{path}:{number}: no {header}; include paths are from the root")
                continue
            if other == room:
                continue
            arrows[room, other] += 1
            if room in ROOMS and other not in ROOMS[room]:
                found.append(f"{path}:{number}: includes {header}: {refusal(room, other)}")
            elif (room, other) in TAKES and os.path.basename(header) not in TAKES[room, other]:
                found.append(f"{path}:{number}: includes {header}: of {other}, {room} takes "
                             f"{', '.join(sorted(TAKES[room, other]))} only")
    for (path, definer), name in uses.items():
        room, other = room_of(path), room_of(definer)
        if room != other and (room, other) not in arrows and other not in ROOMS.get(room, [other]):
            found.append(f"{path}:1: uses {name} of {definer}: {refusal(room, other)}")
    return found, arrows


def check_libraries(includes):
    found = []
    for pattern, places, files_most in LIBRARIES:
        users = collections.defaultdict(set)
        for path, lines in includes.items():
            for number, _, header in lines:
                if not header or not re.fullmatch(pattern, header):
                    continue
                if not within(room_of(path), places):
                    found.append(f"{path}:{number}: includes {header}, which belongs in "
                                 f"{', '.join(places)}")
                users[path.split("/")[0]].add(path)
        for files in users.values():
            if files_most and len(files) > files_most:
                found.append(f"{sorted(files)[1]}:1: {', '.join(sorted(files))} take one library; "
                             f"{files_most} file may")
    return found


def file_arrows(sources, includes, uses):
    """file -> files that it needs, within one room. A header belongs to the .c file of its name. One
    without (types, or what several files share) counts for itself, and is needed by headers alone:
    a file that takes what it shares with others needs none of them for it."""
    def node(path):
        return path[:-2] + ".c" if path[:-2] + ".c" in sources else path

    needs = collections.defaultdict(set)
    for path, lines in includes.items():
        for header in (line[1] for line in lines if line[1] in sources):
            if node(header).endswith(".c") or path.endswith(".h"):
                needs[node(path)].add(node(header))
    for path, definer in uses:
        needs[path].add(definer)
    return {a: sorted(b for b in needs[a] if b != a and room_of(a) == room_of(b))
            for a in sorted(needs)}


def circles(needs):
    """Sets of files of which each needs, directly or not, each other: Tarjan's components."""
    number, low, stack, done = {}, {}, [], []

    def visit(file):
        number[file] = low[file] = len(number)
        stack.append(file)
        for other in needs.get(file, []):
            if other not in number:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == number[file]:
            at = stack.index(file)
            if len(stack) - at > 1:
                done.append(frozenset(stack[at:]))
            del stack[at:]

    for file in list(needs):
        if file not in number:
            visit(file)
    return done


def read_reasons(sources):
    """{files of the circle: (path, line)} of every sentence that begins with "A circle:"."""
    reasons = {}
    for path, lines in sources.items():
        for number in (n for n, line in enumerate(lines, 1) if "A circle: " in line):
            said = " ".join(line.strip(" \t/*") for line in lines[number - 1:number + 11])
            sentence = re.split(r"\.(?: |$)", said.split("A circle: ", 1)[1])[0]
            head, because, _ = sentence.partition("because")
            names = frozenset(f"{room_of(path)}/{name}" for name in re.findall(r"\w+\.[ch]\b", head))
            reasons[names] = (path, number, bool(because))
    return reasons


def describe(circle, needs):
    """The arrows that hold it together: `a.c -> b.c, c.c`."""
    return "; ".join(f"{os.path.basename(a)} -> "
                     f"{', '.join(os.path.basename(b) for b in needs[a] if b in circle)}"
                     for a in sorted(circle))


def check_circles(sources, needs):
    found, reasons = [], read_reasons(sources)
    there = circles(needs)
    for circle in there:
        if circle not in reasons:
            found.append(f"{min(circle)}:1: a circle without a reason: {describe(circle, needs)}")
    for names, (path, number, because) in reasons.items():
        if names not in there:
            found.append(f"{path}:{number}: gives a reason for a circle that is not there: "
                         f"{', '.join(sorted(map(os.path.basename, names)))}")
        elif not because:
            found.append(f"{path}:{number}: names a circle, but no \"because\"")
    return found


def rows(sources, arrows):
    """The rooms from the ground up: (room, .c files, lines, whom it knows by how many includes)."""
    there = {room_of(path) for path in sources}
    order = list(ROOMS)
    for room in [*(r for r in order if r in there), *sorted(there - set(order))]:
        own = [p for p in sources if room_of(p) == room]
        known = sorted((b for a, b in arrows if a == room),
                       key=lambda b: order.index(b) if b in ROOMS else len(order))
        yield (room, sum(p.endswith(".c") for p in own), sum(len(sources[p]) - 1 for p in own),
               ", ".join(f"{b}{GLUE}{arrows[room, b]}" for b in known))


def print_map(sources, arrows):
    table = list(rows(sources, arrows))
    width = max(len(row[0]) for row in table)
    for row in [("room", ".c", "lines", "knows (includes)"), *table]:
        left = f"{row[0]:{width}} {row[1]:>4} {row[2]:>6}  "
        lines = textwrap.wrap(row[3], 100 - len(left), break_on_hyphens=False) or [""]
        for line in lines:
            print((left + line.replace(GLUE, " ")).rstrip(), file=sys.stderr)
            left = " " * len(left)
    for room, files, _, _ in table:
        if files > FILES_MOST:
            print(f"note: {room}: {files} .c files; more than {FILES_MOST} are a missing room",
                  file=sys.stderr)


def main(root, objects):
    check_table()
    sources = read_sources(root)
    includes = read_includes(sources)
    uses, found = read_uses(root, sources, pathlib.Path(objects))
    refused, arrows = check_arrows(sources, includes, uses)
    print_map(sources, arrows)
    needs = file_arrows(sources, includes, uses)
    found += itertools.chain(check_rooms(sources), refused, check_libraries(includes),
                             check_circles(sources, needs))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
