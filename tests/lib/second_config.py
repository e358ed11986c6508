"""A second reading of configurations as data: keys and values of the component `config`.

Written from section 4 of proto/PROTOCOL.md alone ("Configuration"), as second_forms.py was. Numbers are
to be as they are spelled, which the readers of Python's own do not tell; so JSON and TOML are read here,
and tests compare what those make of the same files.
"""

import ctypes
import hashlib
import re

import yaml

ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "/": "/"}


def facts(name, form, text, patterns):
    """[(name of the fact, values)] of a file."""
    found = {}
    for key, value in READERS[form](text.removeprefix(b"\xef\xbb\xbf")):
        if not patterns or any(ctypes.CDLL(None).fnmatch(p.encode(), key.encode(), 0) == 0 for p in patterns):
            found.setdefault(f"{name}:{key}", []).append(value)
    for whole in [n for n in found if len(n) > 64]:
        short = f"{name}:sha256:{hashlib.sha256(whole.encode()).hexdigest()[:16]}"
        found[short] = [whole.encode(), *found.pop(whole)]
    return list(found.items())


def escaped(text, more=b""):
    return "".join(chr(b) if 0x20 < b < 0x7f and b != 0x25 and b not in more else f"%{b:02X}" for b in text)


# --- lines -----------------------------------------------------------------------------------------

def lines(text, sections):
    section = ""
    for line in text.split(b"\n"):
        line = line.strip(b" \t\r")
        if sections and line[:1] == b"[":
            section = escaped(line[1:-1].strip(b" \t\r")) + "."
            section = "" if section == "." else section
        elif line and line[:1] not in (b"#", b";"):
            key, _, value = (part.strip(b" \t\r") for part in line.partition(b"="))
            yield section + escaped(key), value


# --- places ----------------------------------------------------------------------------------------

def name_of(text):
    if not text:
        return "%"
    if text.isascii() and text.isdigit():
        return f"%{ord(text[0]):02X}{text[1:]}"
    return escaped(text.encode(), b".")


def below(tree, place=()):
    """(key, value) of a tree: a list of pairs for what has names, ("list", [...]) or the value's text."""
    if isinstance(tree, str):
        yield ".".join(place), tree.encode("utf-8", "strict")
        return
    kind, items = tree
    if kind == "several":  # values of the place itself
        for item in items:
            yield from below(item, place)
        return
    if not items:
        yield ".".join(place), b"{}" if kind == "names" else b"[]"
    for i, item in enumerate(items):
        name, value = (name_of(item[0]), item[1]) if kind == "names" else (str(i), item)
        yield from below(value, (*place, name))


class Words:
    """A text from which words are taken by regular expressions."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def take(self, pattern):
        found = re.compile(pattern, re.S).match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found

    def need(self, pattern):
        found = self.take(pattern)
        if found is None:
            raise ValueError(f"expected {pattern} at {self.at}")
        return found


# --- JSON ------------------------------------------------------------------------------------------

JSON_SPACE = r"[ \t\r\n]*"
JSON_STRING = r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"'
JSON_BARE = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null"


def unescaped(text):
    text = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))",
                  lambda m: chr(int(m[1], 16)) if m[1] else ESCAPES[m[2]], text, flags=re.S)
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def json_tree(words):
    words.take(JSON_SPACE)
    if words.take(r"\{"):
        return "names", json_items(words, "}", json_member)
    if words.take(r"\["):
        return "list", json_items(words, "]", json_tree)
    if found := words.take(JSON_STRING):
        return f'"{unescaped(found[1])}"'
    return words.need(JSON_BARE)[0]


def json_member(words):
    name = unescaped(words.need(JSON_SPACE + JSON_STRING)[1])
    words.need(JSON_SPACE + ":")
    return name, json_tree(words)


def json_items(words, end, one):
    items = []
    if words.take(JSON_SPACE + f"\\{end}"):
        return items
    while True:
        items.append(one(words))
        if words.need(JSON_SPACE + f"([,\\{end}])")[1] == end:
            return items


def read_json(text):
    words = Words(text.decode())
    tree = json_tree(words)
    words.need(JSON_SPACE + r"\Z")
    return below(tree)


# --- TOML ------------------------------------------------------------------------------------------

TOML_LINES = r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:#[^\n]*\Z)?"
TOML_BARE = (r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][^ \t\r\n#,\]}]*|[^ \t\r\n#,\]}]+")
TOML_STRINGS = (
    (r'"""(?:\r?\n)?((?:\\.|[^\\])*?"{0,2})"""(?!")', True), (r"'''(?:\r?\n)?(.*?'{0,2})'''(?!')", False),
    (r'"((?:\\.|[^"\\\n])*)"', True), (r"'([^'\n]*)'", False))


def toml_string(words, strings=TOML_STRINGS):
    for pattern, escapes in strings:
        if found := words.take(pattern):
            text = found[1].replace("\r\n", "\n")
            return re.sub(r"\\(?:u(.{4})|U(.{8})|[ \t]*\n[ \t\n]*|(.))", lambda m: (
                chr(int(m[1] or m[2], 16)) if m[1] or m[2] else ESCAPES[m[3]] if m[3] else ""), text,
                          flags=re.S) if escapes else text
    return None


def toml_key(words):
    names = []
    while True:
        found = words.take(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*")
        if found is None:
            words.take(r"[ \t]*")
        names.append(found[1] if found else toml_string(words, TOML_STRINGS[2:]))
        if not words.take(r"[ \t]*\."):
            return names


def toml_pair(words):
    names = toml_key(words)
    words.need(r"[ \t]*=[ \t]*")
    value = toml_value(words)
    for name in names[:0:-1]:
        value = "names", [(name, value)]
    return names[0], value


def toml_value(words):
    if words.take(r"\["):
        items = []
        while words.take(TOML_LINES) and not words.take(r"\]"):
            items.append(toml_value(words))
            words.take(TOML_LINES)
            words.take(",")
        return "list", items
    if words.take(r"\{[ \t]*"):
        items = []
        while not words.take(r"[ \t]*\}"):
            items.append(toml_pair(words))
            words.take(r"[ \t]*,")
        return "names", items
    text = toml_string(words)
    return words.need(TOML_BARE)[0] if text is None else f'"{text}"'


def read_toml(text):
    words, counts, place = Words(text.decode()), {}, ()
    wrote = True
    while words.take(TOML_LINES) and words.at < len(words.text):
        if found := words.take(r"\[\[?"):
            if not wrote:
                yield ".".join(place), b"{}"
            place, wrote, many = (), False, len(found[0]) == 2
            names = toml_key(words)
            words.need(r"[ \t]*\]{%d}" % len(found[0]))
            for i, name in enumerate(names):
                place = (*place, name_of(name))
                if many and i == len(names) - 1:
                    counts[place] = counts.get(place, 0) + 1
                if place in counts:
                    place = (*place, str(counts[place] - 1))
        else:
            name, value = toml_pair(words)
            yield from below(value, (*place, name_of(name)))
            wrote = True
        words.need(r"[ \t]*(#[^\n]*)?(\r?\n|\Z)")
    if not wrote:
        yield ".".join(place), b"{}"


# --- YAML ------------------------------------------------------------------------------------------

def yaml_tree(event, events, anchors):
    if isinstance(event, yaml.AliasEvent):
        return anchors[event.anchor]
    tag = f"!<{escaped(event.tag.encode(), b'>')}>" if event.tag else ""
    if isinstance(event, yaml.ScalarEvent):
        tree = f'"{event.value}"' if event.style else event.value
        tree = f"{tag} {tree}" if tag else tree
    else:
        kind, items = "names" if isinstance(event, yaml.MappingStartEvent) else "list", []
        while not isinstance(inner := next(events), (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            items.append(yaml_tree(inner, events, anchors))
        if kind == "names":
            items = [(name[1:-1] if name[:1] == '"' else name, value)
                     for name, value in zip(items[::2], items[1::2])]
        tree = ("several", [tag, (kind, items)]) if tag else (kind, items)
    if event.anchor:
        anchors[event.anchor] = tree
    return tree


def read_yaml(text):
    events = yaml.parse(text.decode(), Loader=yaml.SafeLoader)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            yield from below(yaml_tree(next(events), events, {}))


READERS = {"ini": lambda text: lines(text, True), "keyvalue": lambda text: lines(text, False),
           "json": read_json, "toml": read_toml, "yaml": read_yaml}
