#!/usr/bin/python3
"""Makes hallmark-verify.html: one file with the page, its style and its modules in it.

usage: make_page.py OUTPUT

The modules are put one behind the other, those that are imported first, without their imports and
exports; two of them may not have the same name at the top. The page's policy lets just this script
and this style in, by their hashes, and nothing from anywhere.
"""

import base64
import hashlib
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.M)
FUNCTION = re.compile(r"^(?:async )?(?:function|class) (\w+)", re.M)
VARIABLES = re.compile(r"^(?:const|let) (.*?);$", re.M | re.S)
NAME = re.compile(r"(?:^|, )(\w+) =")


def modules(path, found):
    """All that `path` needs, and it, each once and in the order in which they run."""
    if path in found:
        return found
    for name in IMPORT.findall(path.read_text()):
        modules((path.parent / name).resolve(), found)
    found.append(path)
    return found


def bundle(path):
    parts, names = [], {}
    for each in modules(path, []):
        text = EXPORT.sub("", IMPORT.sub("", each.read_text()))
        if re.search(r"^(?:import|export)\b", text, re.M):
            sys.exit(f"{each}: an import or export of a form that is not known here")
        variables = [name for some in VARIABLES.findall(text) for name in NAME.findall(some)]
        for name in FUNCTION.findall(text) + variables:
            if names.setdefault(name, each) != each:
                sys.exit(f"{name} is in {names[name]} and in {each}: they share one scope in the page")
        parts.append(text.strip() + "\n")
    script = "\n" + "\n".join(parts)
    if "</script" in script.lower() or "<!--" in script:
        sys.exit("the modules hold what ends a script in HTML")
    return script


def source(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def page():
    script, style = bundle(HERE / "page.js"), "\n" + (HERE / "page.css").read_text()
    policy = "; ".join(("default-src 'none'", f"script-src {source(script)}", f"style-src {source(style)}",
                        "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
                        "trusted-types 'none'"))
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script}
    return re.sub("@(POLICY|STYLE|SCRIPT)@", lambda found: parts[found[1]], (HERE / "page.html").read_text())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.parent.mkdir(parents=True, exist_ok=True)
    made = output.with_name(output.name + ".new")
    made.write_text(page())
    os.replace(made, output)


if __name__ == "__main__":
    main()
