"""Policies and evidence by chance, made to meet every rule of an appraisal and its edges.

Everything follows from one seed, and from the time that the signer's clock stands at.
"""

import hashlib
import re
import time

import hallmark
import msgpack
import wire
from appraisal import DIFFERENCES, KINDS, KINDS_OF_FILES, matches, read_sums
from drawn_layout import Layout

SETS = ("app-4.1", "app-4.2", "App", "app", "data", "na\u00efve", "quo\"te", "back\\slash",
        "host@1", "z")
RELEASES = (3, 3, 2, 2)  # of families; with the other sets a report has room for all
OUTCOMES = ("none", "warning", "contraindicated")
# As the kernel may give them: what is no text, what must not be shown, what JSON and sums escape.
PATHS = [b"/usr/bin/app", b"/usr/bin/app two", b"/usr/lib/liba.so", b"/etc/a\nb", b"/etc/a\rb",
         b"/etc/back\\slash", b"/etc/quo\"te", b"/opt/\xff\xfe", b"/opt/cut\xe2\x82",
         b"/opt/\xed\xa0\x80",
         "/opt/na\u00efve".encode(), "/opt/\u202egnp.exe".encode(), "/opt/\u200bzero".encode(),
         "/opt/\ufffe\ufeff".encode(), "/opt/\U0001f600".encode(), "/opt/\U000e0041tag".encode(),
         "/opt/\u3164\u2800\u034f\ufff0\U0001d173\ufffc".encode(),
         b"/opt/\x7f\x1b[31m", b"/opt/\tt", b"/opt/*?\\*", b"/" + b"l" * 255, b"/" + b"m" * 256,
         b"/" + "\u20ac".encode() * 85 + b"x", b"/" + "\u20ac".encode() * 86,
         b"/" + b"\xff" * 100, b"/long/" + b"n" * 4090]
PATHS += [b"/data/%02d" % n for n in range(24)]
PATHS += [b"hmac-sha256:%016x:%064x" % (key, value) for key in range(2) for value in range(2)]  # hidden
READABLE = [p.decode() for p in PATHS[:3] + PATHS[5:7] + PATHS[10:11] + PATHS[19:20] + PATHS[-28:]]
CONTENTS = [b"%d" % n for n in range(4)]
WEB_FACTS = {"cookie": (b"a sid secure", b"a sid"), "header": (b"a :status 200", b"a :status 404", b"a csp x y", b"b"),
             "script": (b"a https://x/ 0", b"a https://x/ 1 async", b"a https://y/ 0", b"", b" ", b"a  z", b"a https://x/",
                        b"hmac-sha256:" + b"0" * 16 + b":" + b"1" * 64)}
WEB_OUTCOMES = [f"{how}_{what}" for how in ("unknown", "changed", "missing") for what in ("script", "header")]
LISTS = ("base", "More")
FLAGS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
DETAILS = ("acl=u:33:r--", "a=", "parent=/srv/a%20b 0777 0 0", "z=" + 1022 * "~", "xattr=unreadable",
           "capability=0000000000200000 0000000000000000 1", "content=beginning")
# What components were made with, and policies may accept or demand; the subject of a finding is cut.
MADE = {"patterns": ["/etc/app/**", "/etc/a*"], "excludes": ["/etc/app/*.log", "/etc/app/secret", "x" * 300],
        "may_change": ["/etc/app/state"], "may_grow": ["/etc/app/*.log", "/srv/a"],
        "options": ["root=process", "root", "sampled=1"]}
AN_IMAGE = hashlib.sha256(b"an image").digest()
HARMLESS = (b"root=container", b"follow", b"cross_mounts", b"scripts", b"user=app", b"argument=a\nb", b"host_root=/host",
            b"reread_percent=2")
MODES = (0o100755, 0o100644, 0o100644, 0o100666, 0o100664, 0o104755, 0o102755, 0o102644, 0o42775, 0o120777)
FACTS = ("uid", "gid", "arguments", "environment", "namespace_mount", "kernel_release", "os_release", "x.y-z", "zz")
VALUES = [b"", b"0", b"990", b"host", b"own", b"6.1.0-18", b"a*b", b"a\\b", b"\"64 MiB\"", b"two words",
          b"\xff\x00\n",
          "\u20ac".encode() * 40, b"v" * 95, b"v" * 96, b"v" * 97, b"v" * 3000, b"\\" * 97,
          "\u202e".encode() * 20, b"v" * 95 + "\u20ac".encode(), b"v" * 65536,
          *(b"w" * n + b"\xe2\x82" * 30 for n in range(4)),
          *(b"w" * n + b"\xf0\x9f\x98" * 20 for n in range(3))]
PATTERNS = ["", "*", "0", "99?", "6.1.*", "a\\*b", "a\\\\b", "?uoted*", "\"*\"", "v*", "* *", "\\?",
            "x" * 40, "x" * 256, "y" * 93, "z" * 94, "z" * 95, "\u20ac" * 31,
            "na\u00efve*", "a*a*b*", "??"]


# Limits of one kind fit together.
NUMBERS = (("0", "990", "-1.5", "999999999999999.999999999"), ("64 MiB", "0.5GiB", "512 B"), ("90 s", "1.5 min", "2d"),
           ("1 MB", "1000kB"), ("5 %", "5.1%"))
VERSIONS = ("0", "6.1.0-18", "6.1.0-19~rc1", "1:0", "2.36-9+deb12u1", "1.10")
DATES = ("2026-11-30", "2026-11-30T07:00:00Z", "1970-01-02")
VALUES += [v.encode() for kind in (*NUMBERS, VERSIONS, DATES) for v in kind]
VALUES += [b"01", b"1e3", b"1 ", b"-0", b"\"1.10\"", b"1:2:3", b"2026-02-30", b"openssl 3.0.15-1~deb12u1 amd64", b"  ",
           b"6.1.0-18-amd64", b"1-", b"0-0", b"1" * 257, b"130MB", b"130 MiB", b"130 mb"]


class Drawn:
    def __init__(self, chance, workloads):
        self.chance = chance
        self.workloads = workloads
        self.measured = {kind: [] for kind in KINDS}
        self.rolled = None

    def maybe(self, probability=0.5):
        return self.chance.random() < probability

    def some(self, values, most=None):
        values = list(values)
        most = len(values) if most is None else min(most, len(values))
        return self.chance.sample(values, self.chance.randint(0, most))

    # --- policies

    def policy(self, now_s, in_force=None):
        """(the policy's text, name of each file that it names: its content). It may be rolled out against what is
        in force, or what that is rolled out against."""
        names = self.chance.sample(SETS, len(SETS))
        families, windows, files, self.now_s = [], [], {}, now_s
        for name in names[:len(RELEASES)]:
            releases = [{"name": release, "file": f"set-{len(files) + n}.sha256"}
                        for n, release in enumerate(self.chance.sample(("1", "2", "10", "z"), RELEASES[len(families)]))]
            for number, release in enumerate(releases):
                before = files[releases[number - 1]["file"]] if number else None
                files[release["file"]] = self.reference_set(b"%d" % len(files), before)
            families.append({"name": name, "releases": releases})
            windows += [self.window(families[-1], now_s) for _ in range(self.chance.choice((1, 1, 2)))]
        references = []
        for name in names[len(families):]:
            references.append({"name": name, "file": f"set-{len(files)}.sha256"})
            files[references[-1]["file"]] = self.reference_set(b"%d" % len(files), None)
        self.sets = [list(read_sums(content).items()) for content in files.values()]
        self.families = [f["name"] for f in families]
        self.rolled = self.chance.choice((in_force, self.rolled or in_force)) if in_force and self.maybe(0.8) else None
        groups = [self.group(f"g-{n}") for n in range(self.chance.randint(0, 5))]
        entries = self.entries = [self.entry(pattern, names) for pattern in self.patterns()]
        for entry in entries:
            if groups and self.maybe(0.2):
                entry["group"] = self.chance.choice(groups)["name"]
        lists = [{"name": name, "file": f"list-{name}"} for name in LISTS]
        files.update({e["file"]: self.package_list() for e in lists})
        policy, included = Layout(self.chance).files({
            "name": self.chance.choice(("drawn", "na\u00efve-1", "a\"b\\c")), "package_lists": lists,
            "references": references,
            "families": families, "windows": windows, "workloads": entries})
        files.update((name, hallmark.to_yaml(part).encode()) for name, part in included.items())
        policy.update({key: said for key, said in (
            ("groups", groups), ("rollout", {"from": self.rolled} if self.rolled else None)) if said})
        return hallmark.to_yaml(policy), files

    def group(self, name):
        """By names, by facts, by both, or for entries alone."""
        chance, facts = self.chance, self.fact_rule()["facts"]
        names = chance.choice((chance.sample(self.workloads, 10), ["w-*"], ["w-1*", "w-?"], ["*"]))
        said = {"collectors": chance.choice((["spiffe://test/h*"], ["*://test/rsa", "*://test/ed?????"], ["*"])),
                "workloads": [literal(n) if len(names) > 2 else n for n in names],
                "facts": [{k: v for k, v in fact.items() if k != "unmatched"} for fact in facts[:chance.choice((1, 1, 2))]]}
        return {"name": name, **{k: v for k, v in said.items() if self.maybe(0.4)},
                **({"enforce": chance.choice(("on", "warn", "off", "off") if self.rolled else ("on",))}
                   if self.maybe(0.9) else {})}

    def package_list(self):
        """Most of what a host may have."""
        lines = [f"{fact} ".encode() + value + b"\n" for fact in FACTS for value in VALUES
                 if value and b"\n" not in value and self.maybe(0.9)]
        lines += [f"{fact} ".encode() + value + b"\n" for fact, values in WEB_FACTS.items() for value in values
                  if value and self.maybe()]
        self.chance.shuffle(lines)
        return b"".join(lines)

    def window(self, family, now_s):
        first, last = sorted(self.chance.choices(range(len(family["releases"])), k=2))
        until = now_s + self.chance.choice((-1, 0, 0, 1, 86400, 86400))
        return {"family": family["name"], "from": family["releases"][first]["name"],
                "to": family["releases"][last]["name"], "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))}

    def patterns(self):
        """All workloads match, some twice. None stands behind one that takes all of its."""
        patterns = []
        for name in self.chance.sample(self.workloads, len(self.workloads)):
            begin, end = sorted(self.chance.choices(range(3, len(name) + 1), k=2))
            unsaid = self.chance.choice((None, "?" * len(name[begin:end].encode()), "*"))
            between = literal(name[begin:end]) if unsaid is None else unsaid
            pattern = literal(name[:begin]) + between + literal(name[end:])
            if not any(matches(p.encode(), pattern.encode()) for p in patterns):
                patterns.append(pattern)
        return patterns + ["*"]

    def reference_set(self, name, before):
        """Like another, or the same, or of its own; all may have a path that no host has."""
        if before and self.maybe(0.2):
            return before
        lines = self.sums()
        if before and self.maybe(0.8):
            lines = [one for one in before.splitlines(True) if b"/only/" not in one]
        if self.maybe() or not lines:
            lines.append(line(hashlib.sha256(name).hexdigest(), b"/only/" + name, b"  "))
        return b"".join(lines)

    def sums(self):
        lines = []
        for path in self.some(PATHS, 20):
            for content in self.chance.sample(CONTENTS, self.chance.randint(1, 3)):
                lines.append(self.drawn_line(path, content))
        lines += self.some(lines, 2)
        self.chance.shuffle(lines)
        return lines

    def drawn_line(self, path, content):
        """As sha256sum writes it, or of our own, for a file or a link, perhaps with what it has to have."""
        chance, digest = self.chance, hashlib.sha256(content).hexdigest()
        if self.maybe():
            return line(digest, path, chance.choice((b"  ", b" *")))
        kind = chance.choice(("file", "file", "link"))
        words = [kind, digest if kind == "file" or not path.startswith(b"/") else content.decode(), None,
                 *(f"{name}={value}" for name, value in (("uid", chance.choice((0, 70000))), ("gid", chance.choice((0, 7))))
                   if self.maybe(0.3)),
                 *(f"mode={mode & 0o7777:04o}" for mode in (chance.choice(MODES),) if kind == "file" and self.maybe(0.3))]
        escaped = path.replace(b"\\", b"\\\\")
        for byte, letter in ((b"\n", b"n"), (b"\r", b"r"), (b" ", b"s")):
            escaped = escaped.replace(byte, b"\\" + letter)
        return b" ".join(escaped if w is None else w.encode() for w in words) + b"\n"

    def entry(self, match, sets):
        entry = {"match": match, "collectors": ["spiffe://test/*"]}
        if self.maybe(0.2):
            entry["collectors"].insert(0, "*.example")
        ruled = self.chance.sample(KINDS, self.chance.choice((1, 1, 2, 3, 5, 7)))
        recorded = self.some(k for k in KINDS if k not in ruled)
        if self.maybe():
            entry["require"] = self.some(ruled + recorded)
        entry.update({k: v for k, v in (
            ("missing", self.chance.choice(OUTCOMES)),
            ("unmeasured", self.chance.choice(OUTCOMES)),
            ("main_only", self.maybe()), ("mixed_release", self.chance.choice(OUTCOMES)),
            ("max_age_s", self.chance.choice((1, 60, 1000))),
            ("signature_every_s", self.chance.choice((0, 1, 100))),
            ("report_every_s", self.chance.choice((0, 60, 900))),
            ("grace_s", self.chance.choice((0, 60)))) if self.maybe()})
        entry["recorded"] = recorded
        for kind in ruled:
            entry[kind] = self.file_rule(kind, sets) if kind in KINDS_OF_FILES else self.fact_rule()
        if "packages" in entry and self.maybe(0.8):
            entry["packages"].update({"lists": self.chance.sample(LISTS, self.chance.randint(1, 2)),
                                      **({"unlisted": self.chance.choice(OUTCOMES)} if self.maybe() else {})})
            if self.maybe(0.3):
                del entry["packages"]["facts"]
        if "web" in entry and self.maybe(0.8):
            entry["web"].update({"lists": self.chance.sample(LISTS, self.chance.randint(1, 2)),
                                 **({"allow": self.chance.sample(("script *", "* a *", "header ?*"), 2)} if self.maybe(0.3) else {}),
                                 **{k: self.chance.choice(OUTCOMES) for k in self.some(WEB_OUTCOMES)}})
            if self.maybe(0.3):
                del entry["web"]["facts"]
        if "image" in entry:
            entry["image"]["facts"].append({"name": self.chance.choice(("set", "manifest")), "allow": ["a*", "*"]})
            entry["image"].update({d: self.chance.choice(OUTCOMES) for d in self.some(DIFFERENCES)})
            entry["image"].update({"allow": self.chance.sample(("/a", "/b/*", "...", "*"), self.chance.randint(1, 3))}
                                  if self.maybe() else {})
        used = {n for kind in ruled for n in entry[kind].get("references", ()) if n in self.families}
        if used and self.maybe(0.8):
            entry["release"] = self.chance.sample(sorted(used), self.chance.randint(1, len(used)))
        if set(ruled) - {"image", "runtime", "web"} and self.maybe(0.8):
            entry["start"] = self.start([k for k in ruled if k not in ("image", "runtime", "web")], recorded)
        return entry

    def start(self, ruled, recorded):
        """Some of what the running one has to be is said otherwise; the rest holds."""
        chance, start = self.chance, {}
        if self.maybe(0.3):
            start["require"] = self.some([k for k in ruled + recorded if k not in ("image", "runtime")])
        elif self.maybe(0.3):
            start["recorded"] = []
        start.update({k: v for k, v in (
            ("missing", chance.choice(OUTCOMES)), ("unmeasured", chance.choice(OUTCOMES)),
            ("mixed_release", chance.choice(OUTCOMES)), ("max_age_s", chance.choice((1, 60, 1000)))) if self.maybe(0.3)})
        for kind in self.some(ruled):
            more = {"facts": [{"name": chance.choice(FACTS), "deny": chance.sample(PATTERNS, 1)}]} if self.maybe() else {}
            start[kind] = {chance.choice(("unknown", "changed")): chance.choice(OUTCOMES)} if kind in KINDS_OF_FILES else \
                {"unmatched": chance.choice(OUTCOMES), **more}
        return start

    def may_start(self, workload):
        """The policy says what has to be there before."""
        return "start" in next(e for e in self.entries if matches(e["match"].encode(), workload.encode()))

    def file_rule(self, kind, sets):
        outcomes = ["unknown", "changed", "unreadable", "unstable", "world_writable",
                    "changed_since_start", "setuid", "rights"]
        outcomes += ["missing", "owner", "capabilities", "writable_by_others"] if kind == "files" else [
            "deleted", "replaced", "memfd", "writable", "modified_code", "restored_code", "probed_code"]
        outcomes += {"libraries": ["anonymous", "missing"], "executable": ["other_process", "other_program"]}.get(kind, [])
        lenient = self.maybe()
        return {"references": self.chance.sample(sets, self.chance.randint(1, 5)),
                **({"symlinks": self.maybe()} if self.maybe() else {}),
                **({"by": self.chance.choice(("path", "content"))} if self.maybe() else {}),
                **self.accepted(kind), **self.named(kind), **self.excepted(),
                **({"owners": self.some((1, 0, 70000)) or [70000]} if kind == "files" and self.maybe() else {}),
                **{o: self.chance.choice(OUTCOMES[:2] if lenient else OUTCOMES)
                   for o in (outcomes if lenient else self.some(outcomes))}}

    def excepted(self):
        """Files that no set need have, until a time about now."""
        chance = self.chance
        files = chance.sample([(path, content) for path in READABLE for content in CONTENTS],
                              chance.choice((0, 1, 5)))
        return {"except": [
            {"path": path, "sha256": hashlib.sha256(content).hexdigest(),
             "until": time.strftime("%Y-%m-%dT%H:%M:%SZ" if self.maybe(0.8) else "%Y-%m-%d", time.gmtime(
                 self.now_s + chance.choice((0, 1, 86400, 86400, 864000)))),
             "why": chance.choice(("CHG-4711", "na\u00efve \"\\", "x" * 256)),
             **({"owner": "ann"} if self.maybe() else {})} for path, content in files]} if files else {}

    def named(self, kind):
        """What has to be run, or mapped."""
        paths = [p.decode() for p in PATHS[:3]]
        if kind == "executable" and self.maybe():
            return {"path": self.chance.choice(paths)}
        if kind == "libraries" and self.maybe():
            return {"demand": self.chance.sample(paths, self.chance.randint(1, 3))}
        return {}

    def accepted(self, kind):
        """What was measured without a file, and how."""
        chance = self.chance
        memory = [{"bytes": chance.choice(("<= 64 KiB", "< 64 KiB", ">= 1 kB, <= 131072 B")),
                   "mappings": chance.choice(("<= 4", "< 4", "= 1")),
                   **({"program": chance.choice(("/opt/*", "*", "/opt/a b"))} if self.maybe() else {}),
                   **({"writable": self.maybe(0.7)} if self.maybe(0.8) else {})}
                  for _ in range(chance.randint(1, 3))]
        return {**({"accept_anonymous": memory} if kind == "libraries" and self.maybe(0.8) else {}),
                **{key: said for key, said in ((k, self.some(v)) for k, v in MADE.items())
                   if said and self.maybe(0.2 if key == "patterns" else 0.6)}}

    def fact_rule(self):
        names = self.chance.choices(FACTS, k=self.chance.randint(1, 6))
        facts, allowed = [], set()
        for name in names:
            fact = self.demand(name)
            alike = (name, fact.get("where"), fact.get("word"))
            if "allow" in fact and alike in allowed:
                continue  # of one fact a policy says once what it allows
            if "allow" in fact:
                allowed.add(alike)
            facts.append(fact)
        return {**({"unmatched": self.chance.choice(OUTCOMES)} if self.maybe(0.7) else {}), "facts": facts}

    def demand(self, name):
        """One condition or several, of all values or of some."""
        chance = self.chance
        conditions = {
            "equals": lambda: self.some(PATTERNS, 3), "require": lambda: chance.sample(PATTERNS, chance.randint(1, 3)),
            "allow": lambda: chance.sample(PATTERNS, chance.randint(1, 4)) + (["*"] if self.maybe() else []),
            "deny": lambda: chance.sample(PATTERNS, chance.randint(1, 2)),
            "count": lambda: self.range(("0", "1", "2", "5")),
            "number": lambda: self.range(chance.choice(NUMBERS)), "version": lambda: self.range(VERSIONS),
            "date": lambda: self.range(DATES)}
        chosen = ["allow"] if self.maybe() else chance.sample(sorted(conditions), chance.randint(1, 3))
        return {"name": name, **({"where": chance.choice(PATTERNS[1:])} if self.maybe(0.2) else {}),
                **({"word": chance.choice((1, 2, 3, 64))} if self.maybe(0.2) else {}),
                **{c: conditions[c]() for c in chosen},
                **({"unmatched": chance.choice(OUTCOMES)} if self.maybe(0.2) else {})}

    def range(self, limits):
        return ", ".join(self.chance.choice(("<", "<=", ">", ">=", "=")) + self.chance.choice((" ", "")) +
                         self.chance.choice(limits) for _ in range(self.chance.randint(1, 2)))

    # --- evidence

    def components(self):
        kinds = self.chance.sample(KINDS, self.chance.randint(1, len(KINDS)))
        found = {kind: self.component(kind) for kind in kinds}
        if self.maybe(0.2):
            found["unmeasured"] = wire.component("unmeasured", self.lacking(), self.made())
        return found

    def lacking(self):
        """What could not be measured: all, or some; in words that a collector would not choose, too."""
        facts = {"reason": [b"no-process", b"budget", b"", b"two words"], "budget": [b"seconds", b""],
                 "since": [b"2026-11-30T07:00:00Z", b"\xff"], "tries": [b"1"],
                 "missing": [f"{kind} {why}".encode() for kind in (*KINDS, "unmeasured", "tpm")
                             for why in ("io", "mebibytes_read", "a b")] + VALUES}
        return [wire.fact_item(name, *self.some(values, self.chance.choice((0, 1, 1, 2, 20))))
                for name, values in facts.items() if self.maybe()]

    def announced(self, offline, starts, components):
        """`next_s`, and extensions: known, of somebody's own, or none."""
        chance, next_s = self.chance, 0 if starts else self.chance.choice((0, 1, 66, 31536000))
        ext = {key: chance.randbytes(32) for key in self.some(("configuration", "program"))}
        if not offline and self.maybe(0.2):
            ext["challenge"] = chance.randbytes(chance.choice((8, 33, 64)))
        if starts:
            ext["phase"], ext["artifact"] = "start", ["file", chance.randbytes(32)]
            items = msgpack.unpackb(components.get("executable", wire.pack([0, 2, 0, []])), strict_map_key=False)
            programs = [item[1] for item in items[3] if not item[6] & (16 | 32 | 512)] if items[1] == 1 else []
            if programs and self.maybe(0.8):
                ext["artifact"] = ["file", chance.choice(programs)]
            if self.maybe(0.3):
                ext["artifact"] = ["image", AN_IMAGE]
            if "files" in components and self.maybe():
                ext["artifact"] = ["tree", hashlib.sha256(components["files"]).digest()]
        if next_s == 0 and not offline and not starts and self.maybe():
            ext["leaving"] = chance.choice(("stopped", "scaled-in", "moved", "retired"))
            if ext["leaving"] == "moved":
                ext["moved_to"] = "hallmark.example/" + "x" * chance.choice((1, 183))
        if self.maybe(0.2):
            ext["x_site"] = chance.choice((0, 2**64 - 1, "na\u00efve", b"\xff", [], {},
                                           [{"a": [1, "b", b"c"], "b": {}}]))
        return {"next_s": next_s, "ext": ext or None}

    def component(self, kind):
        """Or one that was sent before: the signer may have kept a verdict about it."""
        before = self.measured[kind]
        if before and self.maybe(0.3):
            return self.chance.choice(before)
        items = self.files(kind) if kind in KINDS_OF_FILES else self.facts()
        if kind == "image":
            items += [wire.fact_item(d, *(self.some((b"/a file 00", b"/b/c\\s link x", b"/a", b"... 2 sha256:00"))
                                          if self.maybe() else ()))
                      for d in DIFFERENCES if self.maybe(0.9)]
        if kind == "web":
            items = [] if self.maybe(0.1) else items
            items += [wire.fact_item(name, *self.some(values)) for name, values in WEB_FACTS.items() if self.maybe(0.9)]
        if self.maybe(0.03):
            items += self.many(kind, self.chance.randint(1020, 3000))
        before.append(wire.component(kind, items, self.made()))
        return before[-1]

    def many(self, kind, count):
        """So many items that the component is a list, or nearly."""
        first = self.chance.randrange(10_000)
        if kind not in KINDS_OF_FILES:
            return [wire.fact_item(f"many.{first + n:06}", "0") for n in range(count)]
        return [wire.file_item(b"/data/many/%06d" % (first + n), self.chance.choice(CONTENTS),
                               mode=0o100644) for n in range(count)]

    def made(self):
        """Of most of it no rule looks at what it says, and the digest covers it."""
        if self.maybe(0.4):
            return []
        small = [v for v in VALUES if len(v) <= 3000]  # all of it has 65,536 bytes at most
        made = {"budgets": self.some(small, 3),
                **{name: [t.encode() for t in self.some(texts, 3)] for name, texts in MADE.items()}}
        images = (b"image=sha256:" + AN_IMAGE.hex().encode(), b"image=sha256:0")
        made["options"] += self.some((b"main_only", b"start", *images, b"\xff\x00\n", *HARMLESS), 2)
        return [wire.fact_item(name, *values) for name, values in made.items()
                if self.maybe(0.2 if name in ("excludes", "may_change", "may_grow") else 0.5)]

    def files(self, kind):
        items = {tuple(self.file()) for _ in range(self.chance.choice((0, 0, 1, 2, 5, 40)))}
        if self.maybe(0.7):
            items |= {tuple(item) for item in self.released()}
        if kind == "libraries":
            items |= {tuple(self.memory()) for _ in range(self.chance.choice((0, 1, 1, 2)))}
        return [list(i) for i in items]

    def released(self):
        """What some set lists, nearly."""
        for path, lines in self.chance.choice(self.sets):
            if self.maybe(0.95):
                one = self.chance.choice(sorted(lines))
                mode = 0o120777 if one.kind == "link" else 0o100000 | (one.mode if one.mode >= 0 else 0o644)
                yield wire.file_item(path, digest=bytes.fromhex(one.digest), mode=mode if self.maybe(0.9) else 0o104755,
                                     uid=max(one.uid, 0) if self.maybe(0.9) else 70000, gid=max(one.gid, 0),
                                     flags=64 if one.kind == "link" else self.chance.choice((1024, 4096, 8192)) if self.maybe(0.1) else 0)

    def memory(self):
        """Without a file, nearly as compilers at run time make it."""
        chance = self.chance
        details = [f"mappings={chance.choice((1, 4, 5))}", f"program={chance.choice(('/opt/a b', '/usr/bin/app'))}"]
        item = wire.file_item(chance.choice((b"[anon]", b"[anon]", b"[anon]", b"[heap]")), mode=0, digest=bytes(32),
                              flags=chance.choice((4, 4, 12, 12, 12 + 2048, 4 + 8192)),
                              details=details if self.maybe(0.9) else details[:1])
        item[2] = chance.choice((0, 65536, 65537))  # its size
        return item

    def file(self):
        flags = sum(self.some(FLAGS, 3)) if self.maybe(0.3) else self.chance.choice((0, 0, 0, 64))
        mode = self.chance.choice(MODES)
        digest = bytes(32) if flags & (4 | 16 | 128) else None
        return wire.file_item(self.chance.choice(PATHS), self.chance.choice(CONTENTS), mode=mode,
                              uid=self.chance.choice((0, 70000)), flags=flags, digest=digest,
                              details=self.chance.choice((sorted(self.some(DETAILS)), ["content=not-measured"])) if self.maybe(0.2) else ())

    def facts(self):
        return [wire.fact_item(name, *(self.chance.choice(VALUES) for _ in range(
            self.chance.choice((0, 1, 1, 2, 5, 40))))) for name in self.some(FACTS)]


def literal(text):
    """Of a pattern."""
    return re.sub(r"([*?\\])", r"\\\1", text)


def line(digest, path, between):
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != path else b"") + digest.encode() + between + escaped + b"\n"
