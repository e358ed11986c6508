#!/usr/bin/python3
"""proto/PROTOCOL.md says what the code does: bytes, codes, findings, limits, kinds, claims."""

import re
import subprocess
import sys

import appraisal
import hallmark
from hallmark import ROOT

TEXT = (ROOT / "proto/PROTOCOL.md").read_text()
FLAT = " ".join(TEXT.split())


def header(path):
    """A header with its continued lines joined."""
    return (ROOT / path).read_text().replace("\\\n", " ")


def constant(path, name):
    expression = re.search(rf"^#define {name}\s+(.+?)\s*(?:/\*.*)?$", header(path), re.M).group(1)
    assert re.fullmatch(r"[\d()<* -]+(ULL)?[\d()<* -]*", expression), expression
    return eval(expression.replace("ULL", ""))  # pylint: disable=eval-used


def rows(first_cell):
    """The cells of each row of a table whose first cell has this form."""
    return [[c.strip(" `") for c in line.strip("|").split(" | ")]
            for line in TEXT.split("\n") if re.match(rf"^\| {first_cell} \|", line)]


def test_bytes_are_those_of_the_vectors():
    vectors = dict(line.split() for line in
                   (ROOT / "tests/vectors/wire.txt").read_text().splitlines())
    blocks = re.findall(r"^```hex (\S+)\n(.*?)^```", TEXT, re.M | re.S)
    assert len(blocks) >= 18
    for name, text in blocks:
        assert "".join(text.split()) == vectors[name], name
    # Each message is shown, and nothing stands in hex that no vector vouches for.
    shown = {name for name, _ in blocks}
    assert {"hello", "welcome", "bundle-message", "want", "part", "receipt",
            "refusal-sequence"} <= shown
    assert TEXT.count("```") == 2 * (len(blocks) + len(ENTRIES) + len(LISTS))


ENTRIES = re.findall(r"^```entry (\S+)\n(.*?)^```", TEXT, re.M | re.S)  # each is one line, broken
LISTS = re.findall(r"^```list (\S+)\n(.*?)^```", TEXT, re.M | re.S)


def test_entries_and_lists_are_those_of_the_vectors():
    for name, text in ENTRIES:
        assert text.replace("\n", "") == (ROOT / "tests/vectors" / name).read_text(), name
    for name, text in LISTS:
        assert text == (ROOT / "tests/vectors" / name).read_text(), name
    assert {"report-deployed.json", "token-deployed.json", "absence.json", "notice-start.json", "notice-manifest.json",
            "in-force.txt"} <= {name for name, _ in ENTRIES + LISTS}


def test_vectors_are_what_their_independent_scripts_make():
    for script in sorted((ROOT / "tests/vectors").glob("make_*.py")):
        done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr


def test_codes_are_those_of_the_code():
    wanted = {number: (name, text) for number, name, text in re.findall(
        r'X\(ERR_\w+, (\d+), \w+, "([^"]+)",\s*"([^"]+)"\)', header("proto/err.h"))}
    assert header("proto/err.h").count("X(ERR_") == len(wanted)
    del wanted["0"]
    found = {r[0]: (r[1], r[2]) for r in rows(r"\d{3}") if len(r) == 4}
    assert found == wanted, set(found.items()) ^ set(wanted.items())


def test_findings_are_those_of_the_policy():
    wanted = {code: (decided, text) for code, decided, text in re.findall(
        r'X\(FINDING_\w+, "([^"]+)", "([^"]+)",\s*"([^"]+)"\)', header("policy/appraisal/finding.h"))}
    assert header("policy/appraisal/finding.h").count("X(FINDING_") == len(wanted) > 20
    found = {r[0]: (r[1], r[2]) for r in rows(r"`[a-z-]+`") if r[0] in wanted and len(r) == 3}
    assert found == wanted, set(found.items()) ^ set(wanted.items())


def test_messages_are_those_of_the_code():
    wanted = dict(re.findall(r"MESSAGE_(\w+) = (\d+),", header("proto/wire/message.h")))
    found = {r[1].upper(): r[0] for r in rows(r"\d+")
             if r[2:3] in (["collector"], ["signer"], ["relay"])}
    assert found == wanted


def says(words, *limits):
    for path, name in limits:
        words = words.replace("#", f"{constant(path, name):,}", 1)
    assert words in FLAT, words


def test_limits_are_those_of_the_code():
    message = "proto/wire/message.h"
    extension = "proto/evidence/extension_map.h"
    says("1 to # (`FRAME_SIZE_MAX`)", ("proto/wire/frame.h", "FRAME_SIZE_MAX"))
    says("nested deeper than # (102)", (message, "MESSAGE_DEPTH_MAX"))
    says("more than # elements in all containers", (message, "MESSAGE_ITEMS_MAX"))
    says("versions 1 to #, each larger than the one before, at most #",
         (message, "MESSAGE_VERSIONS_MAX"), (message, "MESSAGE_VERSION_MAX"))
    says("agent # bytes", (message, "MESSAGE_AGENT_MAX"))
    says("text of a refusal # bytes", (message, "MESSAGE_TEXT_MAX"))
    says("signature 1 to # bytes; data 1 to # bytes (`part_max`)",
         (message, "MESSAGE_SIGNATURE_MAX"), (message, "MESSAGE_PART_MAX"))
    assert re.search(r"MESSAGE_BITMAP_MAX +\(COMPONENT_SEGMENTS_MAX / 8\)", header(message))
    bitmap_max = constant("proto/evidence/component_list.h", "COMPONENT_SEGMENTS_MAX") // 8
    says(f"bundle # bytes; bitmap {bitmap_max:,} bytes; report # bytes; checkpoint # bytes",
         ("proto/evidence/bundle.h", "BUNDLE_SIZE_MAX"), (message, "MESSAGE_REPORT_MAX"), (message, "MESSAGE_CHECKPOINT_MAX"))
    says("map of 1 to # pairs and at most # bytes", *((extension, f"EXTENSION_{name}_MAX")
                                                      for name in ("PAIRS", "MAP_SIZE")))
    says("A key is 1 to # bytes of", (extension, "EXTENSION_KEY_MAX"))
    says("at most # of them in one another", (extension, "EXTENSION_DEPTH_MAX"))
    says("bundle, 0 to #; with 0", ("proto/evidence/bundle.h", "BUNDLE_NEXT_S_MAX"))
    says("| bin, # to # bytes |", *(("proto/evidence/bundle_extensions.h", f"BUNDLE_CHALLENGE_{name}")
                                  for name in ("MIN", "MAX")))
    says("a token # bytes", (message, "MESSAGE_JWS_MAX"))
    extensions = "proto/evidence/bundle_extensions.h"
    says("challenge and nonce of a relay # to # bytes; envelope 1 to # bytes",
         (extensions, "BUNDLE_CHALLENGE_MIN"), (extensions, "BUNDLE_CHALLENGE_MAX"),
         (message, "MESSAGE_ENVELOPE_MAX"))
    says("such report within # seconds", ("signer/session/challenge.h", "CHALLENGE_TIMEOUT_S"))
    says("more than # times a second after the first #", ("signer/ground/rate.h", "RATE_PER_S"),
         ("signer/ground/rate.h", "RATE_BURST"))
    says("or # challenges of all", ("signer/session/challenge.h", "CHALLENGES_MAX"))
    assert constant(message, "MESSAGE_ID_MAX") == 2**53 - 1 and "id 0 to 2^53 - 1" in FLAT
    says("certificates alone, at most # in # bytes",
         ("policy/governance/collectors_ca.h", "COLLECTORS_CA_COUNT_MAX"),
         ("policy/governance/collectors_ca.h", "COLLECTORS_CA_SIZE_MAX"))
    says("each once for a kind; at most # lines", ("policy/governance/manifest.h", "MANIFEST_LINES_MAX"))
    channel = "proto/wire/keychannel.h"
    says("at most # of `profile`: name", (message, "MESSAGE_TOKENS_MAX"))
    says("`tokens`: array of 1 to # str", (message, "MESSAGE_TOKENS_MAX"))
    says("`lifetime_s`: 1 to #", (channel, "KEYCHANNEL_LIFETIME_MAX_S"))
    says("an audience has at most # bytes, a lifetime # s",
         (channel, "KEYCHANNEL_AUDIENCE_MAX"), (channel, "KEYCHANNEL_LIFETIME_MAX_S"))
    says("name is 1 to # bytes", ("proto/evidence/bundle_chain.h", "BUNDLE_WORKLOAD_MAX"))
    component, listed = "proto/evidence/component.h", "proto/evidence/component_list.h"
    says("more than # items a list of segments; each of the three is at most # bytes",
         (component, "COMPONENT_PLAIN_ITEMS_MAX"), (component, "COMPONENT_SIZE_MAX"))
    says("more than # items MUST be a list", (component, "COMPONENT_PLAIN_ITEMS_MAX"))
    says("are 0 modulo #; behind its #th item",
         *(("proto/evidence/component_boundary.h", f"COMPONENT_SEGMENT_{name}")
           for name in ("MODULUS", "ITEMS_MAX")))
    says("at most # segments, # items and # bytes of segments", (listed, "COMPONENT_SEGMENTS_MAX"),
         (component, "COMPONENT_ITEMS_MAX"), (listed, "COMPONENT_LISTED_SIZE_MAX"))
    says("at most # names, and # bytes with its header", (component, "COMPONENT_MADE_NAMES_MAX"),
         (component, "COMPONENT_MADE_SIZE_MAX"))
    says("Paths are 1 to # bytes", ("proto/evidence/component.h", "COMPONENT_PATH_MAX"))
    says("Names are 1 to # bytes of printable ASCII without space; a value has at most # bytes",
         ("proto/evidence/component.h", "COMPONENT_FACT_NAME_MAX"),
         ("proto/evidence/component.h", "COMPONENT_VALUE_MAX"))
    says("together have at most # values", ("proto/evidence/component.h", "COMPONENT_VALUES_MAX"))
    says("An origin is 1 to # bytes of printable ASCII without space and `+`",
         ("proto/tlog/checkpoint.h", "CHECKPOINT_ORIGIN_MAX"))
    says("printable ASCII, at most # bytes", ("proto/evidence/identity.h", "IDENTITY_SIZE_MAX"))
    note = (("proto/tlog/note.h", "NOTE_SIGNATURES_MAX"), ("proto/tlog/note.h", "NOTE_SIZE_MAX"))
    says("more than # lines or # bytes of note", *note)
    says("at most # signature lines and # bytes", *note)
    arguments = "collector/runtime/main_processes.h"
    says("more than # bytes or # values, or one of them more than # bytes",
         (arguments, "MAIN_ARGUMENTS_SIZE_MAX"), (arguments, "MAIN_ARGUMENTS_MAX"),
         ("proto/evidence/component.h", "COMPONENT_VALUE_MAX"))
    says("down to # directories", ("collector/files/file_way.h", "FILE_WAY_BELOW_MAX"))
    says("of all these the last #", ("proto/wire/keychannel.h", "KEYCHANNEL_TREES"))
    says("strings over # bytes, subjects and details over #", ("proto/report/entry.h", "ENTRY_STRING_MAX"),
         ("proto/report/report.h", "REPORT_SUBJECT_MAX"))
    says("in JSON, at most # bytes each", ("proto/report/entry.h", "ENTRY_SIZE_MAX"))
    says("1 to # workloads, rising bytewise", ("proto/report/absence.h", "ABSENCE_WORKLOADS_MAX"))
    says("rising, at most #; none where none", ("proto/report/notice.h", "NOTICE_APPROVALS_MAX"))
    says("a text of at most # bytes, stored as evidence", ("proto/report/inforce.h", "INFORCE_SIZE_MAX"))
    extensions = "proto/json/json_extensions.h"
    says("1 to # members and at most # bytes, left out when it would be empty (`proto/json",
         (extensions, "JSON_EXTENSIONS_KEYS_MAX"), (extensions, "JSON_EXTENSIONS_SIZE_MAX"))
    says("A key is 1 to # bytes of `a-z`, `0-9` and `-`", (extensions, "JSON_EXTENSIONS_KEY_MAX"))
    says("nested at most # deep within the map", (extensions, "JSON_EXTENSIONS_DEPTH_MAX"))
    says("is more than # seconds ahead of the key process's clock", ("pkcs11/serve/claims.h", "CLAIMS_AHEAD_S"))
    channel = "proto/wire/keychannel.h"
    says("While # requests have no answer", (channel, "KEYCHANNEL_UNANSWERED_MAX"))
    says("a profile's name, 1 to # bytes", (channel, "KEYCHANNEL_PROFILE_MAX"))
    says("a report has 1 to # bytes, a note 1 to #, a body at most #", (channel, "KEYCHANNEL_REPORT_MAX"),
         (channel, "KEYCHANNEL_NOTE_MAX"), (channel, "KEYCHANNEL_BODY_MAX"))
    assert constant("proto/evidence/bundle.h", "BUNDLE_SEQ_MAX") == 2**53 - 1 and "2^53 - 1" in TEXT
    assert constant("proto/evidence/bundle.h", "BUNDLE_SEQ_FIRST_MAX") == 2**52
    assert "any `seq` up to 2^52" in FLAT
    assert str(constant("proto/evidence/bundle.h", "BUNDLE_TIME_MS_MAX")) in TEXT


def test_limits_of_statements_are_those_of_the_code():
    statement, operators = "proto/statement/statement.h", "policy/governance/operators.h"
    key = "proto/statement/statement_key.h"
    says("section 7 has it for entries), at most # bytes", (statement, "STATEMENT_SIZE_MAX"))
    says("at most # bytes of signature", (statement, "STATEMENT_SIGNATURE_MAX"))
    says("RSA, # to # bits", (key, "STATEMENT_RSA_BITS_MIN"), (key, "STATEMENT_RSA_BITS_MAX"))
    says("the kind, 1 to # bytes of", ("proto/statement/statement_kind.h", "STATEMENT_KIND_NAME_MAX"))
    says("1 to # members, names of 1 to # bytes of `a-z 0-9 -`, rising; values printable, 1 to # bytes",
         *((statement, f"STATEMENT_{name}_MAX") for name in ("MEMBERS", "NAME", "VALUE")))
    says("printable, 1 to # bytes |", (statement, "STATEMENT_REASON_MAX"))
    says("made what is asked for; printable without white space, 1 to # bytes", (statement, "STATEMENT_AUTHOR_MAX"))
    assert constant(statement, "STATEMENT_NUMBER_MAX") == 2**53 - 1
    says("in the manner of the policy's (section 11); at most # bytes", (operators, "OPERATORS_SIZE_MAX"))
    says("`operators`: list, 1 to #;", (operators, "OPERATORS_MAX"))
    says("`role`: text, at most # bytes", (operators, "OPERATORS_ROLE_MAX"))
    says("and the last # that the collector has had", ("collector/act/act_memory.h", "ACT_RECENT_MAX"))
    says("may take more than 1, at most #,", ("proto/report/notice.h", "NOTICE_APPROVALS_MAX"))


def test_kinds_of_statements_and_of_manifests_are_those_of_the_code():
    kinds = re.findall(r'X\(STATEMENT_\w+, "([a-z-]+)", (IN_LOG|ON_HOSTS|NOWHERE)',
                       header("proto/statement/statement_kind.h"))
    acted = [name for name, place in kinds if place != "NOWHERE"]
    assert acted == list(dict.fromkeys(r[1] for r in rows("[^|]+") if len(r) == 3 and r[1] in dict(kinds)))
    reserved = re.search(r"Kinds (`disposition`.*?) are reserved", FLAT).group(1)
    assert re.findall("`([a-z-]+)`", reserved) == [name for name, place in kinds if place == "NOWHERE"]
    parts = re.findall(r'X\(MANIFEST_\w+, "([a-z-]+)"', header("policy/governance/manifest.h"))
    assert parts == [r[1] for r in rows("[^|]+") if len(r) == 3 and r[1] in parts]


def test_refusals_of_statements_are_all_there():
    listed = [r[0] for r in rows(r"22\d") if len(r) == 2]
    codes = re.findall(r"X\(ERR_STATEMENT_\w+, (\d+)", header("proto/err.h"))
    assert sorted(listed) == sorted([*codes, "229"])  # of a revoke once more, behind all others


def test_flags_of_files_are_those_of_the_code():
    wanted = re.findall(r"COMPONENT_FILE_(?!FLAG_MASK)\w+ = (\d+)", header("proto/evidence/component.h"))
    # The table of flags is the only one whose rows have two cells and begin with a number.
    assert [r[0] for r in rows(r"\d+") if len(r) == 2 and r[0] in wanted][:14] == wanted


def test_printable_text_is_that_of_the_code():
    listed = re.search(r"without U\+(.*?)\. \"White space\"", FLAT)[1]
    document = [tuple(int(end, 16) for end in (r.split("-") * 2)[:2])
                for r in re.split(", | and ", listed)]
    table = re.search(r"hidden\[\] = \{(.*?)\};", (ROOT / "proto/text.c").read_text(), re.S)[1]
    code = [tuple(int(end, 16) for end in pair)
            for pair in re.findall(r"\{0x(\w+), 0x(\w+)\}", table)]
    assert len(code) > 15 and code == sorted(code)
    assert document == code == list(appraisal.UNPRINTABLE)


def keys_of(path):
    """Whatever the code writes before a colon, and the values that begin with `tag:`."""
    text = (ROOT / path).read_text()
    return set(re.findall(r'\\"([a-z_.-]+)\\":', text)), set(re.findall(r'"(tag:[^"\\]+)', text))


def test_keys_of_entries_are_those_of_the_code():
    section = TEXT[TEXT.index("\n## 7. "):TEXT.index("\n## 8. ")]
    for path, count in (("report_dialect.c", 25), ("report_dialect.h", 20), ("absence.c", 10),
                        ("notice.c", 15), ("entry.c", 2)):
        keys, tags = keys_of(f"proto/report/{path}")
        assert len(keys) >= count, (path, keys)
        for key in keys:
            assert f'"{key}":' in section, (path, key)
        for tag in tags:
            assert tag in section, tag
    for path in ("entry.h", "notice.h", "inforce.h"):
        for name in re.findall(r'X\(NOTICE_\w+, "([a-z]+)"', header(f"proto/report/{path}")):
            assert f"`{name}`" in section, name


def test_kinds_are_those_of_the_code():
    kinds = re.findall(r'X\(COMPONENT_\w+, "(\w+)"', header("proto/evidence/component.h"))
    assert len(kinds) == 10
    for kind in kinds:
        assert [r for r in rows(f"`{kind}`")], kind


FACT_NAMES = (ROOT / "proto/evidence/fact_names.c").read_text()
SYSCTLS = re.findall(r'"sysctl:(\S+)"', FACT_NAMES)


def known_facts():
    """name: kind, of all but sysctls, which whoever writes a policy is told of."""
    facts = {}
    for kind, table in re.findall(r"^static const char \*const (\w+)\[\] = \{(.*?)\};", FACT_NAMES, re.M | re.S):
        names = re.findall(r'"(\S+)"', table)
        assert names == sorted(names), kind
        facts.update((name, kind) for name in names if not name.startswith("sysctl:"))
    return facts


def test_facts_are_those_of_the_collector():
    code = "".join(p.read_text() for room in ("runtime", "measure", "packages", "machine")
                   for p in sorted((ROOT / "collector" / room).glob("*.c")))
    pages = (ROOT / "collector/web/page_facts.c").read_text()
    table = re.search(r"rights\[\] = \{(.*?)\};", code, re.S)[1]
    names = set(re.findall(r'\{"(\w+)",', table))
    names |= set(re.findall(r'add\w*\((?:m, |&\w+, )?(?:to, )?"(\w+)"', code))
    names |= set(re.findall(r'component_fact fact = \{VIEW_LITERAL\("(\w+)"\)', code))
    names |= set(re.findall(r'sorted_fact\(to, "(\w+)"', code))
    names |= set(re.findall(r'values_finish\(&[\w>-]+, VALUES_\w+, "(\w+)"', code))
    names |= set(re.findall(r'machine_finish\(m, e, &values, VALUES_\w+, "(\w+)"', code))
    names |= set(re.findall(r'"(\w+)"', re.search(r"names\[DIFFERENCES\] = \{(.*?)\};", code)[1]))
    names |= set(re.findall(r'note_digest\("(\w+)"', code))
    assert {"uid", "cwd", "os_release", "arguments_digest", "dpkg", "set", "mounted"} <= names, names
    names |= set(re.findall(r'begin\(f, &w, "(\w+)"', pages)) | {"inline", "handler"}
    words = (ROOT / "collector/report/unmeasured.c").read_text()
    lack = set(re.findall(r'add\(b, "(\w+)"', words)) | set(re.findall(r'fact\)\{VIEW_LITERAL\("(\w+)"\), count', words))
    assert lack == {"budget", "missing", "reason", "since", "tries"}, lack
    names |= lack
    listed, kinds = [], {}
    for cells in rows(r"`\w+`(?:, `\w+`)*"):
        if len(cells) == 3 and cells[1] in ("host", "image", "packages", "runtime", "unmeasured", "web"):
            listed += [name.strip("`") for name in cells[0].split(", ")]
            kinds.update(dict.fromkeys((name.strip("`") for name in cells[0].split(", ")), cells[1]))
    assert sorted(listed) == sorted(names)
    assert known_facts() == {name: kind for name, kind in kinds.items() if kind != "unmeasured"}
    second = re.search(r"SYSCTLS = (.*?)\n\n", (ROOT / "tests/lib/second_machine.py").read_text(), re.S)[1]
    assert re.findall(r"[a-z][\w.]+\.\w+", second) == SYSCTLS


def test_reasons_are_those_of_the_collector():
    code = (ROOT / "collector/report/unmeasured.c").read_text()
    table = re.search(r"^reason_of\(.*?^\}", code, re.M | re.S)[0]
    words = set(re.findall(r'"([a-z-]+)"', table))
    listed = {r[0].strip("`") for r in rows(r"`[a-z-]+`") if len(r) == 2}
    assert len(words) == 9 and words <= listed, words - listed


if __name__ == "__main__":
    hallmark.run_tests("__main__")
