#!/usr/bin/python3
"""`hallmark-signer policy fmt`: one spelling, which means the same and keeps the comments."""

import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

import yaml
from hallmark import ROOT, program, run_tests

SAMPLES = [ROOT / "config/samples" / f"{name}.yaml" for name in ("policy", "operators", "signer", "hsm", "collector")]
WORDS = ["a", "b-c", "/usr/lib/x", "it's", 'say "x"', "#no", "a #no", "x: y", "- x", "*", "[x]", "{y}", "\u00fc", "", "true", "07",
         "long " * 12, "tab\tnew\nline", "'", "spiffe://a/b", "=", "|", ">x"]


def spelled(text, *options, status=0):
    """What becomes of it."""
    with tempfile.TemporaryDirectory() as where:
        path = Path(where, "p.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o640)
        done = subprocess.run([program("hallmark-signer"), "policy", "fmt", str(path), *options],
                              capture_output=True, text=True, check=False)
        assert done.returncode == status, (text, done)
        assert os.listdir(where) == ["p.yaml"] and path.stat().st_mode & 0o777 == 0o640
        return path.read_bytes().decode(errors="replace"), done


def test_what_it_looks_like():
    text, done = spelled("""

# head


name:   'x y'   # its name
list:
    - one     # first
    - "two"
    # - three

short: [ a,
  b ]
of: {a: 1,
   b: [x,y]}
none:
empty: []
many:
- {name: uid,
   allow: ['it''s']}

- name: "n"
  # inside
  file: f
  deep: {a: {b: c}}
last: [a,   # why
  b]
#foot
""")
    assert text == """# head

name: "x y"     # its name
list:
  - one       # first
  - "two"
  # - three

short: [a, b]
of: {a: 1, b: [x, y]}
none:
empty: []
many:
  - {name: uid, allow: ["it's"]}

  - name: "n"
    # inside
    file: f
    deep:
      a: {b: c}
last:
  - a       # why
  - b
#foot
""", text
    assert "spelled anew" in done.stdout


def test_samples_mean_the_same():
    for sample in SAMPLES:
        before = sample.read_text()
        text, _ = spelled(before)
        assert yaml.load(text, yaml.BaseLoader) == yaml.load(before, yaml.BaseLoader), sample
        assert re.findall("#.*", text) == re.findall("#.*", before), sample
        again, done = spelled(text, "--check")
        assert again == text and not done.stdout
        assert text == before or "is spelled otherwise" in spelled(before, "--check", status=1)[1].stdout


def drawn(random_, depth=0):
    kind = random_.random()
    if depth == 4 or kind < 0.4:
        return random_.choice(WORDS)
    if kind < 0.7:
        return [drawn(random_, depth + 1) for _ in range(random_.randrange(4))]
    return {f"k{n}": drawn(random_, depth + 1) for n in range(random_.randrange(1, 5))}


def with_comments(random_, text):
    """Comments where nothing is in quotes over several lines."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        if random_.random() < 0.2:
            lines.append(" " * random_.randrange(8) + f"# before {number} it's \"")
        if random_.random() < 0.1:
            lines.append("")
        lines.append(line + (f"  # behind {number} 'x" if line.strip() and random_.random() < 0.2 else ""))
    return "\n".join(lines)


def test_drawn_texts():
    for seed in range(60):
        random_ = random.Random(seed)
        value = {"top": drawn(random_), "more": [drawn(random_, 1) for _ in range(3)]}
        text = yaml.safe_dump(value, default_flow_style=random_.choice([None, False]), sort_keys=False, allow_unicode=True,
                              width=10**6, indent=random_.choice([2, 4]), default_style=random_.choice([None, '"', "'"]))
        if yaml.safe_load(text) != value or re.search(r": [|>]", text):
            continue
        if "\n\n" not in text and "\n  " not in re.sub(r"\n *[-k]", "", text):
            text = with_comments(random_, text)
        after, _ = spelled(text)
        assert yaml.safe_load(after) == value, (seed, text, after)
        comments = re.compile(r"# (?:before|behind) \d+.*")
        assert comments.findall(after) == comments.findall(text), (seed, text, after)
        assert spelled(after, "--check")[0] == after, seed


def test_what_is_left_as_it_is():
    for text, said in (("a: [", "p.yaml:"), ("a: &x 1\n", "anchor"), ("", "empty"), ("a: |\n  x # y\n", "put it in quotes"),
                       (b"a: \xff\n", "UTF-8")):
        after, done = spelled(text, status=2)
        assert after == (text.decode(errors="replace") if isinstance(text, bytes) else text)
        assert said in done.stderr and not done.stdout, done
    assert spelled(b"\xef\xbb\xbf# mark\na: b\n")[0] == "# mark\na: b\n"
    assert spelled("a: [b,#c'\n d]#e\n")[0] == "a:\n  - b  #c'\n  - d  #e\n"
    done = subprocess.run([program("hallmark-signer"), "policy", "fmt", "/none"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "/none" in done.stderr
    with tempfile.TemporaryDirectory() as where:
        path, link = Path(where, "real"), Path(where, "link")
        path.write_text("a:   b\n")
        link.symlink_to("real")
        subprocess.run([program("hallmark-signer"), "policy", "fmt", str(link)], check=True, capture_output=True)
        assert link.is_symlink() and path.read_text() == "a: b\n"


if __name__ == "__main__":
    run_tests("__main__")
