#!/usr/bin/python3
"""A page that takes card data, fetched by a real collector and judged by a real signer against the list that was made of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import run_tests
from judged import Judged
from pages import Pages

PAGE = '<!doctype html><title>Pay</title><script src="/app.js"></script><script>inline();</script><form action="/send"></form>'
HEADERS = {"Content-Security-Policy": "script-src 'self'", "X-Frame-Options": "DENY", "Set-Cookie": "sid=1; Secure; HttpOnly"}
ADDED = "https://evil.test/skim.js"


class Shop(Judged):
    """Its list is what `references --web` says of the honest page."""

    def __init__(self):
        super().__init__()
        self.pages = Pages()
        self.honest()
        app = self.map()
        self.measure_by(pid_file=str(self.write("pid", f"{app.pid}\n")), measure=["web"], web=[{
            "name": "pay", "url": "https://shop.test/pay", "connect": self.pages.connect, "seconds": 30,
            "ca": str(self.pages.authority.path)}])
        self.site.tool("hallmark-collector", "references", "app", "--web", "-c", str(self.site.path("collector.yaml")),
                       "-o", str(self.site.path("shop.list")))
        self.judge_by({}, {"package_lists": [{"name": "shop", "file": "shop.list"}]}, web={"lists": ["shop"]})

    def honest(self):
        self.pages.html(PAGE, HEADERS)
        self.pages.script("/app.js", b"run();\n")

    def __exit__(self, *all_of_them):
        self.pages.close()
        super().__exit__(*all_of_them)


def test_a_script_changed_one_added_and_a_header_gone_are_three_findings():
    """And each alone is one; the page as it was is affirming before and after."""
    with Shop() as s:
        changed, added, gone = (("changed-script", "pay https://shop.test/app.js"), ("unknown-script", f"pay {ADDED}"),
                                ("missing-header", "pay x-frame-options"))

        def alter(*what):
            s.honest()
            if changed in what:
                s.pages.script("/app.js", b"run(); steal();\n")
            s.pages.html(PAGE + f'<script src="{ADDED}"></script>' * (added in what),
                         {k: v for k, v in HEADERS.items() if gone not in what or k != "X-Frame-Options"})

        assert s.verdict() == ("affirming", set())
        for what in ((changed, added, gone), (changed,), (added,), (gone,)):
            alter(*what)
            said = s.appraisal()
            found = [(f["code"], f["subject"]) for f in said["hallmark.findings"]]
            assert said["ear.status"] == "contraindicated" and sorted(found) == sorted(what), said
        s.honest()
        assert s.verdict() == ("affirming", set())


if __name__ == "__main__":
    run_tests(__name__)
