"""Policy and evidence to a verdict, written from proto/PROTOCOL.md alone (sections 7 and 11).

Shares no code with Hallmark, and was written without a look at it: where the two differ, the
document is wrong or the signer is. The table of findings (their order, the key that decides each,
and their sentences) is read from the document itself.
"""

import calendar
import collections
import datetime
import fractions
import functools
import hashlib
import pathlib
import re
import stat
import time

import yaml

import second_advisories
import second_sources

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "proto/PROTOCOL.md"
KINDS_OF_FILES = ("executable", "files", "libraries")
KINDS = ("config", "executable", "files", "host", "image", "libraries", "packages", "runtime", "web")
# What is said of a running workload holds before its start, too.
RESTING = ("group", *(k for k in KINDS if k not in ("image", "runtime", "web")), "max_age_s", "missing", "mixed_release", "recorded", "release",
           "unmeasured")
RANKS = ("affirming", "none", "warning", "contraindicated")
FINDINGS_MAX, TEXT_MAX, QUOTED_MAX = 16, 256, 96
MEANING_OF_FLAGS = ((4, "anonymous-memory"), (2, "memory-file"), (16, "unreadable-file"),
                    (128, "special-file"), (32, "unstable-file"), (1, "deleted-file"),
                    (256, "replaced-file"), (8, "writable-mapping"))
MEANING_OF_CODE = ((1024, "modified-code"), (4096, "restored-code"), (8192, "probed-code"))
CODE, NEWER = 1024 | 4096 | 8192, 2048
LENIENT = ("restored_code", "changed_since_start")  # what is a warning if nothing is said
LINK, OTHER = 64, 512
DIFFERENCES = ("added", "changed", "deleted", "mounted")
IMAGE = re.compile(rb"image=sha256:([0-9a-f]{64})")
HARMLESS = re.compile(rb"main_only|root=container|follow|cross_mounts|scripts|(user|argument|host_root|reread_percent)=.*", re.S)
CLAIMS = {"configuration": ("config", "host", "packages", "runtime"),
          "executables": ("executable", "libraries"), "file-system": ("files", "image", "web")}
UNPRINTABLE = ((0, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C),
               (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
               (0x2028, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164),
               (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
               (0xFFFE, 0xFFFF), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF))

Finding = collections.namedtuple("Finding", "kind code subject detail outcome")


def findings_of_document():
    """code: (decided by, sentence), in the table's order."""
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z_ ]+) \| ([^|]+) \|$", DOCUMENT.read_text(), re.M)
    assert len(rows) == 55, rows
    return {code: (decided, sentence) for code, decided, sentence in rows}


TABLE = findings_of_document()


# --- texts ---------------------------------------------------------------------------------------


@functools.lru_cache(None)
def shown(char):
    """A character, or the escapes of its bytes."""
    point = ord(char)
    if 0xDC80 <= point <= 0xDCFF or char == "\\" or \
            any(low <= point <= high for low, high in UNPRINTABLE):
        return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
    return char


def make_printable(data):
    """A byte that belongs to no well-formed character is one of its own; a cut goes between two."""
    pieces = [shown(char) for char in data.decode("utf-8", "surrogateescape")]
    if sum(len(p.encode()) for p in pieces) <= TEXT_MAX:
        return "".join(pieces)
    room = TEXT_MAX - len("...")
    kept = ""
    for piece in pieces:
        if len((kept + piece).encode()) > room:
            break
        kept += piece
    return kept + "..."


@functools.lru_cache(None)
def expression(pattern, separator):
    any_byte = b"[^" + re.escape(separator) + b"]" if separator else b"."
    parts = re.findall(rb"\\[*?\\]|.", pattern, re.S)
    return re.compile(b"".join({b"*": any_byte + b"*", b"?": any_byte}.get(
        p, re.escape(p[1:] if len(p) == 2 else p)) for p in parts), re.S)


def speaks_for(pattern, identity):
    """An identity without a colon is a DNS name, which has no case."""
    if b":" not in identity:
        pattern, identity = pattern.lower(), identity.lower()
    return matches(pattern, identity, b"/")


def matches(pattern, text, separator=None):
    """Whole `text`; with a separator, neither * nor ? stands for it."""
    return expression(pattern, separator).fullmatch(text) is not None


@functools.lru_cache(None)
def read_yaml(content):
    """Scalars as the text that they are."""
    return yaml.load(content, yaml.BaseLoader)


# --- reference sets ------------------------------------------------------------------------------


class ReferenceSet:
    """`family` and `release`, its place there, are of a release."""

    def __init__(self, name, content, source, family=None, release=0):
        self.name, self.family, self.release = name, family, release
        self.digest = hashlib.sha256(content).hexdigest()
        self.paths = read_sums(content) if source is None else {
            path: {Line("file", digest, -1, -1, -1)} for path, digest in second_sources.read(source, content).items()}

    def counts(self, iat):
        return self.family is None or self.family.counts(self.release, iat)

    def missing(self, measured):
        return [p for p in self.paths if p not in measured]


class Family:
    def __init__(self, entry, windows):
        self.name = entry["name"]
        self.releases = [r["name"] for r in entry["releases"]]
        self.windows = [(seconds(w["until"]), self.releases.index(w["from"]), self.releases.index(w["to"]))
                        for w in windows if w["family"] == self.name]

    def counts(self, release, iat):
        opened = [(first, last) for until, first, last in self.windows if iat < until]
        if not opened:
            return release == len(self.releases) - 1
        return any(first <= release <= last for first, last in opened)


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


Line = collections.namedtuple("Line", "kind digest uid gid mode")  # -1: is not given


def read_sums(content):
    """path: its lines"""
    paths = collections.defaultdict(set)
    assert not content or content.endswith(b"\n")
    for text in content.split(b"\n")[:-1]:
        path, line = read_words(text) if text[:5] in (b"file ", b"link ") else read_sum(text)
        assert re.fullmatch(rb"/.*|hmac-sha256:[0-9a-f]{16}:[0-9a-f]{64}", path, re.S), path
        paths[path].add(line)
    return paths


def unescaped(name):
    return re.sub(rb"\\(.)", lambda m: {b"n": b"\n", b"r": b"\r", b"\\": b"\\", b"s": b" "}[m[1]], name)


def read_sum(text):
    escaped, digest, path = re.fullmatch(rb"(\\?)([0-9a-f]{64}) [ *](.*)", text, re.S).groups()
    return unescaped(path) if escaped else path, Line("file", digest.decode(), -1, -1, -1)


def read_words(text):
    kind, content, path, *given = re.fullmatch(
        rb"(file|link) ([^ ]+) ([^ ]+)(?: uid=(\d+))?(?: gid=(\d+))?(?: mode=([0-7]{4}))?", text, re.S).groups()
    path = unescaped(path)
    if kind == b"link" and path.startswith(b"/"):
        content = hashlib.sha256(unescaped(content)).hexdigest().encode()
    assert re.fullmatch(rb"[0-9a-f]{64}", content)
    return path, Line(kind.decode(), content.decode(), *(
        int(n, base) if n else -1 for n, base in zip(given, (10, 10, 8))))


# --- policy --------------------------------------------------------------------------------------


def read_manifest(text):
    """kind: {name: digest in hex}"""
    heading, semantics, *lines = text.decode().split("\n")[:-1]
    assert (heading, semantics) == ("hallmark manifest v1", "semantics 1")
    assert lines == sorted(lines, key=str.encode)
    named = collections.defaultdict(dict)
    for line in lines:
        kind, name, digest = line.split(" ")
        assert name not in named[kind]
        named[kind][name] = digest
    return dict(named)


def read_packages(content):
    """(fact, value)"""
    assert content.endswith(b"\n")
    for text in content.split(b"\n")[:-1]:
        fact, value = re.fullmatch(rb"([!-~]{1,64}) (.+)", text, re.S).groups()
        yield fact.decode(), value


def written_out(policy, included):
    """One document that says the same, of a policy and the files that it includes."""
    files = [policy, *included]
    blocks = {block["name"]: block for file in files for block in file.get("rules", [])}
    defaults, = [f["defaults"] for f in files if "defaults" in f] or [{}]
    joined = {key: value for key, value in policy.items() if not isinstance(value, list) and key != "defaults"}
    for file in files:
        for key, value in file.items():
            if isinstance(value, list) and key not in ("include", "rules"):
                joined[key] = joined.get(key, []) + value
    joined["workloads"] = [expanded(entry, defaults, blocks) for entry in joined["workloads"]]
    return joined


def expanded(entry, defaults, blocks):
    """What a workload says: the defaults, then its blocks, then its own keys."""
    said = defaults
    for name in entry.get("use", defaults.get("use", [])):
        said = laid_over(said, {k: v for k, v in blocks[name].items() if k != "name"})
    said = {k: v for k, v in laid_over(said, entry).items() if k != "use"}
    if "start" in said:
        said["start"] = before_start(said)
    return said


def before_start(said):
    start, under = said["start"], {k: v for k, v in said.items() if k in RESTING}
    for kind, rule in start.items():
        if isinstance(rule, dict) and "facts" in rule and kind in under:
            under[kind] = {k: v for k, v in under[kind].items() if k != "facts"}
    return laid_over(under, start)


def laid_over(under, over):
    result = dict(under)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            value = laid_over(under[key], value)
        elif key == "facts" and key in under:
            value = under[key] + value
        result[key] = value
    return result


class Policy:
    """`stored` gives the content with a digest in hex. `follows`: with the one that it is rolled out against."""

    def __init__(self, manifest, stored, follows=True):
        self.identity = hashlib.sha256(manifest).hexdigest()
        named = read_manifest(manifest)
        (name, digest), = named.pop("policy").items()
        self.document = read_yaml(stored(digest))
        assert self.document["name"] == name
        included = [e["name"] for e in self.document.get("include", [])]
        assert list(named.get("include", {})) == sorted(included), "include"
        self.document = written_out(self.document, [
            read_yaml(stored(named["include"][n])) for n in included])
        named.pop("include", None)
        before = {"from": self.document["rollout"]["from"]} if "rollout" in self.document else {}
        assert named.pop("rollout", {}) == before
        # What that one was rolled out against itself has no say.
        self.older = Policy(stored(before["from"]), stored, follows=False) if before and follows else None
        named_sets = self.named_sets()
        cas = [e["name"] for e in self.document.get("collectors_ca", [])]
        operators = ["operators"] if "operators" in self.document else []
        lists = [e["name"] for e in self.document.get("package_lists", [])]
        for kind, names in (("reference", list(named_sets)), ("collectors-ca", cas), ("package-list", lists),
                            ("operators", operators)):
            assert list(named.pop(kind, {})) == sorted(names), kind
        assert not named
        references = read_manifest(manifest).get("reference", {})
        self.lists = {name: set(read_packages(stored(of))) for name, of in
                      read_manifest(manifest).get("package-list", {}).items()}
        self.sets = {name: ReferenceSet(name, stored(references[name]), self.source_of(name), *of)
                     for name, of in named_sets.items()}

    def group(self, entry, name, collector, evidence):
        """What decides about a roll-out, or None."""
        groups = self.document.get("groups", [])
        if "group" in entry:
            return next(g for g in groups if g["name"] == entry["group"])
        for group in groups:
            if not {"collectors", "workloads", "facts"} & set(group):
                continue
            if "collectors" in group and not any(speaks_for(c.encode(), collector.encode()) for c in group["collectors"]):
                continue
            if "workloads" in group and not any(matches(w.encode(), name.removesuffix("/start").encode()) for w in group["workloads"]):
                continue
            if "facts" not in group:
                return group
            if "runtime" not in evidence.components:
                return None
            found = {f.code for f in [*fact_findings(group, "facts of a group", evidence.components["runtime"])][:FINDINGS_MAX]}
            if found == {"redacted-fact"}:
                return None
            if not found:
                return group
        return None

    def source_of(self, name):
        """What the policy says of how its file is read, or None: it is a set."""
        named = {e["name"]: e for e in self.document.get("references") or []}
        named.update((f"{f['name']}@{r['name']}", r) for f in self.document.get("families", []) for r in f["releases"])
        sources = {s["name"]: s for s in self.document.get("sources", [])}
        return sources[named[name]["source"]] if "source" in named[name] else None

    def named_sets(self):
        """name: () or its family and its place there."""
        sets = {e["name"]: () for e in self.document.get("references") or []}
        for entry in self.document.get("families", []):
            family = Family(entry, self.document.get("windows", []))
            sets.update({f"{family.name}@{r}": (family, n) for n, r in enumerate(family.releases)})
        return sets

    def id(self):
        return f"{self.document['name']}@sha256:{self.identity}"

    def workload(self, name, collector):
        """What decides, or None: the collector may not speak for it."""
        own = name.removesuffix("/start")
        for entry in self.document["workloads"]:
            if matches(entry["match"].encode(), own.encode()):
                allowed = any(speaks_for(c.encode(), collector.encode())
                              for c in entry["collectors"])
                if own != name:
                    entry = {**{k: entry[k] for k in ("match", "feeds", "vulnerable", "no_feed") if k in entry},
                             **entry["start"], "phase": "start"} if "start" in entry else None
                return entry if allowed else None
        return None

    def sets_of(self, rule):
        return [s for s in sorted(self.sets.values(), key=lambda s: s.name)
                if (s.family.name if s.family else s.name) in rule["references"]]


# --- what operators have revoked -------------------------------------------------------------------


class Revoked:
    """`statements`: those in force behind the report's notice; `source`: its collector and workload."""

    def __init__(self, statements=(), source=("", ""), iat=0, feeds=None):
        """`feeds`: content of each in force, and when it was written, by name."""
        self.feeds = feeds or {}
        self.lifted = [s.subject for s in statements if s.kind == "not-affected" and s.not_before <= iat < s.not_after]
        self.iat = iat
        self.said = sorted((s for s in statements if s.kind == "revoke" and iat < s.not_after), key=lambda s: s.name)
        self.source = source

    def of(self, name, digest):
        """The statement about this digest, or None."""
        return next((s for s in self.said if s.subject.get(name) == digest), None)

    def of_source(self):
        for s in self.said:
            patterns = [s.subject.get(name, "").encode() for name in ("collectors", "workloads")]
            if any(patterns) and (not patterns[0] or speaks_for(patterns[0], self.source[0].encode())) and \
                    (not patterns[1] or matches(patterns[1], self.source[1].removesuffix("/start").encode())):
                return s
        return None

    def findings(self, kind, items):
        """Of a component, whether a rule judges it or not."""
        for item in items if self.said and kind in KINDS_OF_FILES else ():
            digest = item[1].hex()
            by = self.of("digest", digest)
            if by:
                yield Finding(kind, "revoked", item[0], f"{by_statement(by)}; found sha256 {digest}", "contraindicated")

    def source_finding(self):
        by = self.of_source()
        if by:
            yield Finding("bundle", "revoked", b"", f"{by_statement(by)}: " + ", ".join(
                f"{name} {value}" for name, value in by.subject.items()), "contraindicated")


class Known:
    """The vulnerabilities that an entry of a policy wants to know of."""

    def __init__(self, policy, entry, said):
        ages = {f["name"]: int(f.get("max_age_s", 0)) for f in policy.document.get("feeds", [])}
        named = sorted(entry.get("feeds", ages), key=str.encode)
        self.contents = [said.feeds[name][0] for name in named if name in said.feeds]
        self.lacking = [*self.too_old(said, {name: ages[name] for name in named}, entry.get("no_feed", "warning"))]
        self.feeds = [second_advisories.Feed(content) for content in self.contents]
        self.match, self.lifted = entry["match"], said.lifted
        self.outcome = entry.get("vulnerable", "warning")
        self.accepted = set()  # kinds

    @staticmethod
    def too_old(said, most, outcome):
        for name, seconds in most.items():
            age = said.iat - said.feeds[name][1] if name in said.feeds else None
            if age is None:
                yield Finding("bundle", "no-feed", name.encode(), "expected advisories in force, found none", outcome)
            elif seconds and age > seconds:
                yield Finding("bundle", "no-feed", name.encode(), f"expected advisories written at most {seconds} s ago, found {age} s", outcome)

    def digests(self):
        return [hashlib.sha256(content).hexdigest() for content in self.contents]

    def is_lifted(self, advisory, package):
        return any(s["advisory"] == advisory and matches(s["package"].encode(), package) and
                   not set(s["workloads"]) & set("?\\") and matches(s["workloads"].encode(), self.match.encode())
                   for s in self.lifted)

    def findings(self, kind, items):
        if kind in KINDS_OF_FILES:
            for item in items:
                if item[1] != bytes(32) and not item[6] & LINK:
                    found = [one for feed in self.feeds for one in feed.of_file(item[1].hex())]
                    yield from self.finding(kind, item[0], item[0], None, found, f", found sha256 {item[1].hex()}".encode())
        elif kind == "packages":
            for fact, values in items:
                for value in values:
                    name, space, rest = bytes(value).partition(b" ")
                    if space and fact in ("apk", "dpkg", "rpm"):
                        text = rest.split(b" ")[0].decode("latin-1"), name.decode("latin-1")
                        found = [one for feed in self.feeds for one in feed.of_package(fact, text[1], text[0])]
                        yield from self.finding(kind, fact.encode(), name, fact, found, found_first([value]))

    def finding(self, kind, subject, package, manager, found, behind):
        left = [(advisory, mended) for advisory, mended in found if not self.is_lifted(advisory, package)]
        self.accepted |= {kind} if len(left) < len(found) else set()
        if not left:
            return
        words = ", ".join(advisory for advisory, _ in left[:3])
        words += f" and {len(left) - 3} more" if len(left) > 3 else ""
        mended = second_advisories.highest(manager, [m for _, m in left if m]) if manager else None
        words += f", mended by {mended}" if mended else ""
        open_ones = sum(m is None for _, m in left)
        words += f", no version mends {open_ones}" if manager and open_ones else ""
        yield Finding(kind, "vulnerable", subject, words.encode() + behind, self.outcome)


def by_statement(statement):
    return f"revoked by statement {statement.name}"


# --- files ---------------------------------------------------------------------------------------


class FileRule:
    """One component held against its rule: findings in their order."""

    def __init__(self, policy, rule, entry, kind, items, iat, revoked):
        self.rule, self.kind, self.items, self.entry = rule, kind, items, entry
        self.revoked = [(s, by) for s in policy.sets_of(rule) if (by := revoked.of("set", s.digest))]
        self.sets = [s for s in policy.sets_of(rule) if not revoked.of("set", s.digest)]
        self.counting = [s for s in self.sets if s.counts(iat)]
        self.over = [s for s in self.sets if not s.counts(iat)]
        families = {s.family for s in self.counting if s.family}
        self.count = {f: {s for s in self.counting if s.family is f} for f in families}
        self.possible = dict(self.count)  # releases that all items can be of
        self.mixed = set()
        self.exceptions = [e for e in rule.get("except", []) if iat < date(e["until"].encode())]
        self.excepted = []     # those that were needed
        self.accepted = set()  # codes of what would be findings
        self.made = set()      # names of what the component was made with

    def finding(self, code, path=b"", detail=None):
        decided, sentence = TABLE[code]
        key, _, of = decided.partition(" of ")
        outcome = (self.entry if of == "the workload" else self.rule).get(
            key, "warning" if key in LENIENT else "contraindicated")
        return Finding(self.kind, code, path, sentence if detail is None else detail, outcome)

    def findings(self):
        if self.kind == "executable" and not self.items:
            yield self.finding("empty-component")
        if "path" in self.rule and all(item[6] & (OTHER | CODE) for item in self.items):
            yield self.finding("other-program", self.rule["path"].encode(),
                               "expected to be run by the main process, found no program of it")
        for item in self.items:
            path, digest, size, mode, uid, _, flags, details = item
            if self.accepts_memory(path, size, flags, details):
                self.accepted |= {"anonymous-memory"} | ({"writable-mapping"} if flags & 8 else set())
                continue
            for flag, code in MEANING_OF_FLAGS:
                if flags & flag:
                    yield self.finding(code, path)
            if flags & CODE:
                yield from self.code(item)
            if flags & NEWER:
                yield self.finding("changed-since-start", path)
            if not flags & (2 | 4 | LINK | CODE):
                details = dict(detail.decode().split("=", 1) for detail in details)
                yield from self.rights(item, path, mode, uid, details)
            if not flags & (OTHER | CODE) and self.rule.get("path", "").encode() not in (b"", path):
                yield self.finding("other-program", path, "expected " + self.rule["path"])
            if not flags & (2 | 4 | 16 | 128 | CODE):
                yield from self.content(path, digest.hex(), flags, item)
            elif flags & CODE:
                yield from self.narrowed_by(path, self.lines_with("link" if flags & LINK else "file", digest.hex(), path), item)
        yield from self.missing_libraries()
        if self.kind == "files":
            yield from self.missing_files()

    def accepts_memory(self, path, size, flags, details):
        if flags & ~8 != 4 or path != b"[anon]":
            return False
        said = dict(detail.split(b"=", 1) for detail in details)
        return b"program" in said and b"mappings" in said and any(
            matches(one.get("program", "*").encode(), said[b"program"]) and
            within("number", one["bytes"], b"%d B" % size) and
            within("number", one["mappings"], said[b"mappings"]) and
            (not flags & 8 or one.get("writable", "false") == "true")
            for one in self.rule.get("accept_anonymous", []))

    def lines_with(self, kind, digest, path):
        """(set, line), by name and in the set's order."""
        return [(s, line) for s in self.counting for line in sorted(s.paths.get(path, ()))
                if (line.kind, line.digest) == (kind, digest)]

    def lines_or_exception(self, kind, item):
        """The lines with its content; or whether there is an exception, and it was needed."""
        path, digest = item[0], item[1].hex()
        lines = self.lines_with(kind, digest, path)
        if kind == "link" or [line for _, line in lines if grants(line, item)]:
            return lines, False
        here = [e for e in self.exceptions if (e["path"].encode(), e["sha256"]) == (path, digest)]
        self.excepted += [e for e in here if e not in self.excepted]
        return lines, bool(here)

    def code(self, item):
        """Of what is in memory."""
        path, digest, size, _, _, _, flags, details = item
        if any(self.lines_or_exception("link" if flags & LINK else "file", item)):
            self.accepted |= {code for flag, code in MEANING_OF_CODE if flags & flag}
            return
        told = [f"found sha256 {digest.hex()}, {size} bytes"] if any(digest) else []
        told = ", ".join([*told, *(d.decode() for d in details)])
        for flag, code in MEANING_OF_CODE:
            if flags & flag:
                yield self.finding(code, path, told or None)

    def rights(self, item, path, mode, uid, details):
        def with_value(code, value):
            return self.finding(code, path, f"{TABLE[code][1]}: {value}")

        if mode & 0o002:
            yield self.finding("world-writable", path)
        if self.kind == "files":
            if "parent" in details:
                yield with_value("writable-by-others", details["parent"])
            elif mode & 0o020 and not stat.S_ISDIR(mode):
                yield self.finding("writable-by-others", path)
            if uid not in [int(owner) for owner in self.rule.get("owners", [0])]:
                yield with_value("other-owner", uid)
        if stat.S_ISREG(mode) and (mode & 0o4000 or mode & 0o2010 == 0o2010):
            if any(line.mode >= 0 and grants(line, item) for _, line in
                   self.lines_with("file", item[1].hex(), path)):
                self.accepted.add("setuid-file")
            else:
                yield self.finding("setuid-file", path)
        if "capability" in details or "xattr" in details:
            yield with_value("file-capabilities", details.get("capability", details.get("xattr")))

    def content(self, path, digest, flags, item):
        kind = "link" if flags & LINK else "file"
        if flags & LINK and self.rule.get("symlinks", "false") != "true":
            yield self.finding("symbolic-link", path)
            return
        lines, excepted = self.lines_or_exception(kind, item)
        if excepted:
            yield from self.narrowed_by(path, lines, item)
            return
        if lines and not any(grants(line, item) for _, line in lines):
            yield self.other_rights(path, *lines[0], item)
        if lines:
            self.accepted |= {"symbolic-link"} if flags & LINK else set()
            yield from self.narrowed_by(path, lines, item)
            return
        known = [s.name for s in self.over
                 if any((line.kind, line.digest) == (kind, digest) for line in s.paths.get(path, ()))]
        having = [s for s in self.counting if path in s.paths]
        left_open = {b"content=not-measured": "may_change", b"content=beginning": "may_grow"}
        if self.kind == "files" and not flags & LINK and any(
                left_open.get(bytes(detail)) in self.made for detail in item[7]):
            yield from self.rights_alone(path, item)
            return
        if self.kind == "files" and flags & 32:
            return
        if not known and not having and self.rule.get("by") == "content":
            elsewhere = [s for s in self.counting if any(
                (line.kind, line.digest) == (kind, digest) and grants(line, item)
                for lines in s.paths.values() for line in lines)]
            if elsewhere:
                self.accepted |= {"other-process" if flags & OTHER else "unknown-file"}
                self.accepted |= {"symbolic-link"} if flags & LINK else set()
                yield from self.narrowed(path, elsewhere)
                return
        was = [(s, by) for s, by in self.revoked if any(
            (line.kind, line.digest) == (kind, digest) for line in s.paths.get(path, ()))]
        if was:
            one, by = was[-1]
            yield self.finding("revoked", path, f"of {one.name}, {by_statement(by)}; found sha256 {digest}")
        elif flags & OTHER:
            yield self.finding("other-process", path, "run by a process besides the main one, in no "
                               f"reference set; found sha256 {digest}")
        elif known:
            yield self.finding("other-release", path, f"of {known[-1]}, which does not count; found sha256 {digest}")
        elif having:
            first = min(having[0].paths[path])
            more = sum(len(s.paths[path]) for s in having) - 1
            others = f" or one of {more} more" if more else ""
            linked = {"file": "", "link": " of a link"}
            yield self.finding("changed-file", path, f"expected sha256 {first.digest}{linked[first.kind]}"
                               f"{others}, found {digest}{linked[kind]}")
        else:
            yield self.finding("unknown-file", path,
                               f"in no reference set; found sha256 {digest}")

    def other_rights(self, path, first, line, item):
        return self.finding("other-rights", path, f"expected {rights_of(line, line)} by reference set "
                            f"{first.name}, found {rights_of(line, found_rights(item))}")

    def rights_alone(self, path, item):
        """Of a file whose content does not count."""
        lines = [(s, line) for s in self.counting for line in sorted(s.paths.get(path, ())) if line.kind == "file"]
        if lines and True not in {grants(line, item) for _, line in lines}:
            yield self.other_rights(path, *lines[0], item)

    def missing_libraries(self):
        mapped = {item[0] for item in self.items if not item[6] & (2 | 4 | LINK | 128 | CODE)}
        for path in sorted(p.encode() for p in self.rule.get("demand", [])):
            if path not in mapped:
                yield self.finding("missing-library", path)

    def narrowed_by(self, path, lines, item):
        granting = [one for one, line in lines if grants(line, item)]
        yield from self.narrowed(path, granting or [one for one, _ in lines])

    def narrowed(self, path, having):
        for family in dict.fromkeys(s.family for s in having if s.family):
            of_it, before = {s for s in having if s.family is family}, self.possible[family]
            if family in self.mixed:
                continue
            self.possible[family] = before & of_it
            if not before & of_it:
                self.mixed.add(family)
                self.possible[family] = self.count[family]
                if family.name in self.entry.get("release", []):
                    yield self.finding("mixed-release", path,
                                       f"of {names(of_it)}, and what comes before it of {names(before)}")

    def demanded(self, measured):
        yield from (s for s in self.sets if s.family is None)
        for family, possible in self.possible.items():
            least = min(len(s.missing(measured)) for s in possible)
            lacking = [s for s in possible if len(s.missing(measured)) == least]
            if family not in self.mixed:
                self.possible[family] = set(lacking)
            yield max(lacking, key=lambda s: s.release)

    def missing_files(self):
        measured = {item[0] for item in self.items}
        demanded = sorted(self.demanded(measured), key=lambda s: s.name)
        for path in sorted({p for s in demanded for p in s.missing(measured)}):
            first = next(s for s in demanded if path in s.paths)
            yield self.finding("missing-file", path, f"expected by reference set {first.name}, found no such file")


def names(sets):
    return " or ".join(sorted(s.name for s in sets))


def found_rights(item):
    return Line(None, None, item[4], item[5], item[3] & 0o7777)


def grants(line, item):
    found = found_rights(item)
    return all(getattr(line, name) in (-1, getattr(found, name)) for name in ("uid", "gid", "mode"))


def rights_of(line, values):
    """Those that the line gives."""
    return ", ".join(f"mode {values.mode:04o}" if name == "mode" else f"{name} {getattr(values, name)}"
                     for name in ("uid", "gid", "mode") if getattr(line, name) >= 0)


# --- facts ---------------------------------------------------------------------------------------


HIDDEN = re.compile(rb"hmac-sha256:([0-9a-f]{16}):[0-9a-f]{64}")


def quoted_cut(text):
    return text if len(text) <= QUOTED_MAX else text[:QUOTED_MAX] + b"..."


UNITS = {"B": (("SI", "IEC"), 1), "%": (("%",), 1)}
UNITS.update({f"{letter}B": (("SI",), 1000 ** n) for n, letter in enumerate("kMGT", 1)})
UNITS.update({f"{letter}iB": (("IEC",), 1024 ** n) for n, letter in enumerate("KMGT", 1)})
UNITS.update({unit: (("time",), size) for unit, size in (
    ("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9), ("min", 60 * 10**9), ("h", 3600 * 10**9),
    ("d", 86400 * 10**9))})
SIGNS = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
         ">=": lambda a, b: a >= b, "=": lambda a, b: a == b}


class Apart(Exception):
    """No value of this form, or two that have no order."""


@functools.total_ordering
class Number:
    def __init__(self, text):
        found = re.fullmatch(rb"(-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?) ?([A-Za-z%]+)|"
                             rb"(-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?)", text)
        if not found:
            raise Apart
        unit = (found[2] or b"").decode()
        if unit and unit not in UNITS:
            raise Apart
        self.families, size = UNITS[unit] if unit else (("",), 1)
        self.size = fractions.Fraction((found[1] or found[3]).decode()) * size

    def of(self, other):
        if not set(self.families) & set(other.families):
            raise Apart
        return other.size

    def __eq__(self, other):
        return self.size == self.of(other)

    def __lt__(self, other):
        return self.size < self.of(other)


@functools.total_ordering
class Version:
    def __init__(self, text):
        found = re.fullmatch(rb"(?:([0-9]{1,9}):)?([0-9][A-Za-z0-9.+~_-]*)", text)
        if not found or len(text) > 256:
            raise Apart
        upstream, _, revision = found[2].rpartition(b"-") if b"-" in found[2] else (found[2], b"", b"")
        # A revision alone would leave an upstream without a digit at its beginning.
        if not upstream[:1].isdigit():
            raise Apart
        self.parts = [int(found[1] or 0), self.key(upstream), self.key(revision)]

    @staticmethod
    def key(text):
        """Texts and numbers in turn; a text ends in 0, which stands between "~" and letters."""
        pieces = re.findall(rb"([^0-9]*)([0-9]*)", text)
        key = []
        for words, digits in pieces:
            key.append([-1 if c == ord("~") else c if chr(c).isalpha() else c + 256 for c in words] + [0])
            key.append(int(digits or 0))
        return key

    @staticmethod
    def filled(a, b):
        """Both as long as the longer one: an end is an empty text and a 0."""
        most = max(len(a), len(b))
        return ([*k, *([[0], 0] * most)[:most - len(k)]] for k in (a, b))

    def compared(self, other):
        for a, b in zip(self.parts, other.parts):
            if isinstance(a, list):
                a, b = self.filled(a, b)
            if a != b:
                return -1 if a < b else 1
        return 0

    def __eq__(self, other):
        return self.compared(other) == 0

    def __lt__(self, other):
        return self.compared(other) < 0


def date(text):
    if re.fullmatch(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        text += b"T00:00:00Z"
    if not re.fullmatch(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text):
        raise Apart
    try:
        value = int(datetime.datetime.strptime(text.decode(), "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=datetime.timezone.utc).timestamp())
    except ValueError as error:
        raise Apart from error
    if value < 1:
        raise Apart
    return value


FORMS = {"number": Number, "version": Version, "date": date}


def within(form, text, value):
    if len(value) > 1 and value[:1] == value[-1:] == b'"':
        value = value[1:-1]
    try:
        return all(SIGNS[sign](FORMS[form](value), FORMS[form](limit.encode())) for sign, limit in
                   re.findall(r"(<=|>=|<|>|=) ?([^,]*)", text))
    except Apart:
        return False


def quoted(patterns, between):
    return quoted_cut(between.join(b'"' + p + b'"' for p in patterns) if patterns else b"no value")


def found_first(wrong):
    more = b" and %d more" % (len(wrong) - 1) if len(wrong) > 1 else b""
    return b', found "' + quoted_cut(wrong[0]) + b'"' + more


def demanded(pattern, value):
    """What is hidden is compared as it stands."""
    return pattern == value if HIDDEN.fullmatch(value) else matches(pattern, value)


def hidden_words(fact, facts, values):
    """Of the first hidden value that nobody names, where `fact` would have to look into it."""
    if not set(fact) & {"where", "equals", "allow", "deny", *FORMS}:
        return None
    lists = [[f["where"]] if key == "where" else f[key] for f in facts if f["name"] == fact["name"]
             for key in ("where", "equals", "require", "allow", "deny") if key in f]
    named = [p.encode() for patterns in lists for p in patterns]
    for value in values:
        if (key := HIDDEN.fullmatch(value)) and value not in named:
            same = any(n[1] == key[1] for n in map(HIDDEN.fullmatch, named) if n)
            return b"expected only hidden values that the policy names" + found_first([value]) + (
                b"" if same else b", and it names none under its key")
    return None


class Demand:
    """What one entry of `facts` says of the values of its fact."""

    def __init__(self, fact, values):
        self.fact = fact
        if "where" in fact:
            values = [v for v in values if demanded(fact["where"].encode(), v)]
        if "word" in fact:
            place = int(fact["word"]) - 1
            values = [v if HIDDEN.fullmatch(v) else (v.split(b" ")[place:place + 1] or [b""])[0] for v in values]
        self.values = values
        self.or_empty = values or [b""]

    def patterns(self, key):
        return [p.encode() for p in self.fact[key]]

    def wrong(self):
        """The words of the first condition that does not hold."""
        for key in ("equals", "require", "allow", "deny", "count", "number", "version", "date"):
            if key in self.fact:
                words = getattr(self, key)() if key not in FORMS else self.within(key)
                if words is not None:
                    return b"expected " + words
        return None

    def equals(self):
        expected = self.patterns("equals")
        same = [demanded(p, v) for p, v in zip(expected, self.values)]
        at = same.index(False) if False in same else len(same)
        if at == len(expected) == len(self.values):
            return None
        words = b"just " + quoted(expected, b" ")
        if at < len(self.values):
            return words + found_first(self.values[at:at + 1]) + b" in place %d" % (at + 1)
        return words + b", found none in place %d" % (at + 1)

    def require(self):
        for pattern in self.patterns("require"):
            if not any(demanded(pattern, v) for v in self.values):
                return b"a value " + quoted([pattern], b"") + b", found none"
        return None

    def allow(self):
        patterns = self.patterns("allow")
        wrong = [v for v in self.or_empty if not any(demanded(p, v) for p in patterns)]
        return quoted(patterns, b" or ") + found_first(wrong) if wrong else None

    def deny(self):
        for value in self.values:
            for pattern in self.patterns("deny"):
                if demanded(pattern, value):
                    return b'no "' + quoted_cut(pattern) + b'"' + found_first([value])
        return None

    def count(self):
        if within("number", self.fact["count"], b"%d" % len(self.values)):
            return None
        return b"a number of values " + quoted_cut(self.fact["count"].encode()) + \
            b", found %d" % len(self.values)

    def within(self, form):
        wrong = [v for v in self.or_empty if not within(form, self.fact[form], v)]
        return b"a %s " % form.encode() + quoted_cut(self.fact[form].encode()) + found_first(wrong) \
            if wrong else None


def fact_findings(rule, kind, items):
    measured = dict(items)
    unmatched = rule.get("unmatched", "contraindicated")
    facts = list(rule.get("facts", []))
    if kind == "runtime" and "namespace_mount" in measured and \
            not any(f["name"] == "namespace_mount" for f in facts):
        facts.append({"name": "namespace_mount", "allow": ["host", "own"]})
    if kind == "image":  # only paths that it allows may differ
        facts += [{"name": name, "word": 1, **({"allow": [*rule["allow"], ""]} if "allow" in rule else {"equals": []}),
                   "unmatched": rule.get(name, "contraindicated")} for name in DIFFERENCES]
    for fact in sorted(facts, key=lambda f: f["name"]):
        subject, outcome = fact["name"].encode(), fact.get("unmatched", unmatched)
        if fact["name"] not in measured:
            yield Finding(kind, "absent-fact", subject, TABLE["absent-fact"][1], outcome)
            continue
        words = hidden_words(fact, facts, measured[fact["name"]])
        if words is not None:
            yield Finding(kind, "redacted-fact", subject, words, outcome)
            continue
        words = Demand(fact, measured[fact["name"]]).wrong()
        if words is not None:
            yield Finding(kind, "unmatched-fact", subject, words, outcome)


def key_of(value):
    """What a value of a page is about."""
    return b" ".join(bytes(value).split(b" ", 2)[:2])


def package_findings(policy, rule, kind, items):
    listed = set().union(*(policy.lists[name] for name in rule["lists"]))
    for fact, values in items:
        for value in values:
            if (fact, value) not in listed:
                yield Finding(kind, "unlisted-package", fact.encode(), b"in no package list" + found_first([value]),
                              rule.get("unlisted", "contraindicated"))


# --- what could not be measured --------------------------------------------------------------------

KNOWN = {k.encode() for k in (*KINDS, "unmeasured")}


class Unmeasured:
    """`lacking`: kinds that are meant, None for all."""

    def __init__(self, items, outcome, required):
        self.facts, self.outcome, self.required = dict(items), outcome, required
        self.missing = [v.partition(b" ") for v in self.facts.get("missing", [])]
        self.lacking = {k for k, _, _ in self.missing} or None

    def first(self, name):
        return (self.facts.get(name) or [b""])[0]

    def means(self, kind):
        return self.lacking is None or kind.encode() in self.lacking

    def findings(self):
        since = b", since " + (self.first("since") or b"?")
        for kind, _, why in self.missing:
            demanded = kind not in KNOWN or kind.decode() in self.required
            yield self.finding(kind, (why or b"?") + since, demanded)
        if not self.missing:
            budget = b" " + self.first("budget") if self.facts.get("budget") else b""
            yield self.finding(self.first("reason"), (self.first("reason") or b"?") + budget + since,
                               self.required)

    def finding(self, subject, detail, demanded):
        outcome = self.outcome if demanded else min(self.outcome, "warning", key=RANKS.index)
        return Finding("unmeasured", "unmeasured", subject, detail, outcome)


# --- the verdict ---------------------------------------------------------------------------------


class Appraisal:
    """Of one bundle: `evidence` has its time in milliseconds, nonce, and the components' items by
    kind."""

    def __init__(self, policy, entry, evidence, iat, last_signed, revoked=Revoked(), beside=None):
        self.revoked, self.known = revoked, Known(policy, entry, revoked)
        self.policy, self.entry, self.evidence, self.beside = policy, entry, evidence, beside
        self.iat, self.last_signed = iat, last_signed
        self.rules = {k: entry[k] for k in KINDS if k in entry}
        self.required = entry.get("require", list(self.rules))
        self.missing = entry.get("missing", "contraindicated")
        said = evidence.components.get("unmeasured")
        self.unmeasured = None if said is None else Unmeasured(
            said, entry.get("unmeasured", "contraindicated"), self.required)
        self.lacking = set()  # kinds that a claim is the worse for
        self.judged = {}  # kind: findings of its rule, or that it is missing
        self.others = []  # findings that no claim speaks for
        self.accepted = set()  # (kind, code) of what would be findings
        self.exceptions = []   # (kind, what was needed)
        self.possible = {}  # kind: releases by family, and those that count
        self.mixed = collections.defaultdict(list)  # kind: outcomes that no finding of its own has
        self.marred = set()  # kinds that no rule judges, with something that is revoked
        self.of_bundle = [*self.revoked.source_finding(), *self.artifact_finding(), *self.bundle_findings(),
                          *self.known.lacking]
        for kind in KINDS:
            self.judge(kind)
        self.of_bundle += self.mixed_releases()
        self.others += self.unmeasured.findings() if self.unmeasured else []
        self.of_bundle += self.stricter()

    def artifact_finding(self):
        """What is to start, where that is not what was measured: (form, digest), or None."""
        form, digest = self.evidence.artifact or ("tree", b"")
        programs = [item[1] for item in self.evidence.components.get("executable") or [] if not item[6] & (16 | 32 | OTHER)]
        made = dict(self.evidence.made.get("files", ())) if "files" in self.rules else {}
        named = [IMAGE.fullmatch(bytes(o)) for o in made.get("options", [])]
        images = [bytes.fromhex(m[1].decode()) for m in named if m]
        if form != "tree" and (form, [digest]) not in (("file", programs), ("image", images[-1:])):
            detail = ("expected the artifact to be the one program, or the image, that was measured, "
                      f"found {form} {digest.hex()}")
            yield Finding("bundle", "other-program", b"", detail, "contraindicated")

    def bundle_findings(self):
        def warning(code, detail=None):
            return Finding("bundle", code, b"", detail or TABLE[code][1], "warning")

        if not self.evidence.nonce:
            yield warning("offline-evidence")
        most = int(self.entry.get("max_age_s", 300))
        age = self.iat - self.evidence.time_ms // 1000
        if age > most:
            yield warning("stale-evidence", f"expected at most {most} s between measurement and "
                          f"receipt, found {age} s")
        every = int(self.entry.get("signature_every_s", 0))
        if every and (self.last_signed is None or self.iat - self.last_signed > every):
            found = "none so far" if self.last_signed is None else \
                f"the last {self.iat - self.last_signed} s ago"
            yield warning("unsigned-evidence", f"expected a signature of the collector every "
                          f"{every} s, found {found}")

    def stricter(self):
        """What the policy in force warns of, that does not decide: (what it does, status, number of findings)."""
        enforce, status, count = self.beside or ("off", "affirming", 0)
        if enforce == "warn" and RANKS.index(status) > RANKS.index(self.status()):
            detail = f"the policy in force gives {status}, with {count} findings, and only warns in this group"
            yield Finding("bundle", "stricter-policy", b"", detail, min(status, "warning", key=RANKS.index))

    def judge(self, kind):
        component, rule = self.evidence.components.get(kind), self.rules.get(kind)
        if component is None and kind in self.required:
            if self.unmeasured and self.unmeasured.means(kind):
                self.lacking.add(kind)
                return
            self.judged[kind] = [self.plain(kind, "missing-component", self.missing)]
        elif component is None and rule:
            self.others.append(self.plain(kind, "skipped-rule", "warning"))
        elif component is not None and rule:
            self.judged[kind] = [*self.revoked.findings(kind, component), *self.made_findings(kind),
                                 *self.rule_findings(kind, rule, component),
                                 *self.known.findings(kind, component)]
            self.accepted |= {(kind, "vulnerable")} if kind in self.known.accepted else set()
        elif component is not None:
            found = [*self.revoked.findings(kind, component), *self.known.findings(kind, component)]
            self.marred |= {kind} if found else set()
            if kind not in self.entry.get("recorded", []):
                self.others.append(self.plain(kind, "unchecked-component", "warning"))
            self.others += found

    def made_findings(self, kind):
        made = {name: [bytes(v) for v in values] for name, values in self.evidence.made.get(kind, ())}
        options, rule = made.get("options", []), self.rules[kind]
        if b"main_only" in options:
            if self.entry.get("main_only", "false") == "true":
                self.accepted.add((kind, "main-only"))
            else:
                yield self.plain(kind, "main-only", "contraindicated")
        for name, code in (("excludes", "excluded-files"), ("may_change", "may-change"), ("may_grow", "may-grow")):
            yield from self.unlisted(kind, code, made.get(name, []), rule.get(name, []))
        before = {b"start", *filter(IMAGE.fullmatch, options)} if self.entry.get("phase") == "start" else set()
        if kind in KINDS_OF_FILES:
            yield from self.unlisted(kind, "other-option", [
                o for o in options if not HARMLESS.fullmatch(o) and o not in before], rule.get("options", []))
            for pattern in rule.get("patterns", []):
                if pattern.encode() not in made.get("patterns", []):
                    yield self.plain(kind, "missing-pattern", "contraindicated", pattern.encode())

    def unlisted(self, kind, code, found, listed):
        for text in found:
            if text in [one.encode() for one in listed]:
                self.accepted.add((kind, code))
            else:
                yield self.plain(kind, code, "contraindicated", text)

    @staticmethod
    def plain(kind, code, outcome, subject=b""):
        return Finding(kind, code, subject, TABLE[code][1], outcome)

    def rule_findings(self, kind, rule, items):
        if kind in KINDS_OF_FILES:
            judge = FileRule(self.policy, rule, self.entry, kind, items, self.iat, self.revoked)
            judge.made = {name for name, values in self.evidence.made.get(kind, ()) if values}
            yield from judge.findings()
            self.accepted |= {(kind, code) for code in judge.accepted}
            self.exceptions += [(kind, e) for e in rule.get("except", []) if e in judge.excepted]
            self.possible[kind] = {f.name: (judge.possible[f], judge.count[f]) for f in judge.count}
            return
        yield from fact_findings(rule, kind, items)
        if "lists" in rule and kind == "web":
            yield from self.page_findings(rule, items)
        elif "lists" in rule:
            if not any(values for _, values in items):
                yield self.plain(kind, "empty-component", self.missing)
            yield from package_findings(self.policy, rule, kind, items)

    def page_findings(self, rule, items):
        lists = [self.policy.lists[name] for name in rule["lists"]]
        kept = [{(fact, key_of(value)) for fact, value in one} for one in lists]

        def find(code, fact, key, detail=None):
            code = f"{code}-{'header' if fact in ('cookie', 'header') else 'script'}"
            return Finding("web", code, key, detail or TABLE[code][1], rule.get(code.replace("-", "_"), "contraindicated"))

        for fact, values in items:
            for value in values:
                if any((fact, value) in one for one in lists) or not HIDDEN.fullmatch(value) and any(
                        matches(p.encode(), fact.encode() + b" " + value) for p in rule.get("allow", ())):
                    continue
                known = any((fact, key_of(value)) in one for one in kept)
                yield find("changed" if known else "unknown", fact, key_of(value), fact.encode() + b" in no list" + found_first([value]))
        there = {(fact, key_of(value)) for fact, values in items for value in values}
        if not there:
            yield self.plain("web", "empty-component", self.missing)
            return
        for fact, key in sorted(kept[0].intersection(*kept) - there, key=lambda of: (of[0].encode(), of[1])):
            yield find("missing", fact, key)

    def mixed_releases(self):
        outcome = self.entry.get("mixed_release", "contraindicated")
        for name in self.entry.get("release", []):
            said = {kind: of[name] for kind, of in self.possible.items() if name in of}
            if not said or not all(counting for _, counting in said.values()) or set.intersection(*(possible for possible, _ in said.values())):
                continue
            less = {kind: possible for kind, (possible, counting) in said.items() if possible != counting}
            for kind in less:
                self.mixed[kind].append(outcome)
            yield Finding("bundle", "mixed-release", name.encode(), ", ".join(
                f"{kind} of {names(possible)}" for kind, possible in sorted(less.items())), outcome)

    def findings(self):
        """All, in their order."""
        found = self.of_bundle + sorted(self.others + sum(self.judged.values(), []),
                                        key=lambda f: f.kind)
        found.sort(key=lambda f: f.code == "vulnerable")
        return sorted(found, key=lambda f: -RANKS.index(f.outcome))

    def vector(self):
        claims = {"instance-identity": 96 if self.revoked.of_source() else 2}
        for claim, kinds in CLAIMS.items():
            judged = [[f.outcome for f in self.judged[k]] + self.mixed[k] for k in kinds if k in self.judged]
            judged += [[self.unmeasured.outcome] for k in kinds if k in self.lacking]
            marring = {k: [f for f in self.others if f.kind == k and f.code in ("revoked", "vulnerable")] for k in kinds if k in self.marred}
            judged += [[f.outcome for f in found] for found in marring.values()]
            if judged:
                bad = [f for k in kinds for f in [*self.judged.get(k, []), *marring.get(k, [])] if f.outcome == "warning"]
                lacking = any("warning" in self.mixed[k] or k in self.lacking for k in kinds)
                known = bad and all(f.code == "vulnerable" for f in bad) and not lacking
                warning = 33 if claim == "executables" else 32
                warning = 32 if known else warning
                worst = max(map(RANKS.index, sum(judged, [])), default=0)
                claims[claim] = (2, 1, warning, 96)[worst]
        return claims

    def status(self):
        outcomes = [f.outcome for f in self.findings()] + ([] if self.judged or self.lacking or self.marred else ["none"])
        return max(outcomes, key=RANKS.index, default="affirming")

    def references(self):
        used = {s for k in self.judged if k in KINDS_OF_FILES and k in self.evidence.components
                for s in self.policy.sets_of(self.rules[k])
                if not self.revoked.of("set", s.digest) if s.counts(self.iat)}
        return [s.digest for s in sorted(used, key=lambda s: s.name)]

    def not_checked(self):
        return [k for k in KINDS if k in self.evidence.components and k not in self.rules]


Evidence = collections.namedtuple("Evidence", "nonce time_ms components made artifact", defaults=[None])


def words(text):
    return make_printable(text if isinstance(text, bytes) else text.encode())


def verdict(appraisal):
    """In the names of entries.report, but of groups."""
    findings = appraisal.findings()
    return {"status": appraisal.status(), "vector": appraisal.vector(),
            "policy": appraisal.policy.id(), "references": appraisal.references(),
            "findings": [{"kind": f.kind, "code": f.code, "subject": words(f.subject),
                          "detail": words(f.detail)} for f in findings[:FINDINGS_MAX]],
            "finding-count": len(findings), "not-checked": appraisal.not_checked(),
            "accepted": [{"kind": kind, "code": code} for kind, code in sorted(appraisal.accepted)],
            "exceptions": [{"kind": kind, "subject": words(e["path"]), "until": date(e["until"].encode()),
                            "why": e["why"]} for kind, e in appraisal.exceptions],
            "feeds": appraisal.known.digests()}


def decided(policy, workload, collector, evidence, iat, last_signed, revoked):
    """The verdict of the policy in force, or where that is rolled out perhaps of the one before it."""
    entry = policy.workload(workload, collector)
    made = verdict(Appraisal(policy, entry, evidence, iat, last_signed, revoked))
    group = policy.group(entry, workload, collector, evidence)
    if group is None:
        return made
    made["group"], enforce = group["name"], group.get("enforce", "on")
    before = policy.older and policy.older.workload(workload, collector)
    if enforce == "on" or not before:
        return made
    said = made["status"], made["finding-count"]
    return {**verdict(Appraisal(policy.older, before, evidence, iat, last_signed, revoked, (enforce, *said))),
            "policy": made["policy"], "group": group["name"],
            "rollout": {"enforce": enforce, "decided": policy.older.id(), "status": said[0], "finding-count": said[1]}}
