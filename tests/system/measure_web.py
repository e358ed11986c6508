#!/usr/bin/python3
"""A page as a client is given it: its scripts and headers as facts, and what hostile ones get."""

import contextlib
import gzip
import hashlib
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from hallmark import Authority, program, run_tests
from measured import Measured
from pages import HTML, Pages, raw, redirect

APP, LIB = b"run();\n", b"lib();\n"
PAGE = """<!doctype html><html><head><title>Pay</title>
<script src="/app.js" async integrity="sha384-abc"></script>
<script>inline();</script>
</head><body onload="start()"><script src="lib.js" type=module nonce=xyz></script>
<form action="/send"><button>Pay</button></form></body></html>
"""
HEADERS = {"Content-Security-Policy": "script-src  'self' 'nonce-%d'", "Strict-Transport-Security": "max-age=63072000",
           "X-Frame-Options": "DENY", "Set-Cookie": "sid=12345; Secure; HttpOnly; SameSite=Lax; Path=/", "X-Other": "1"}


def sha(content):
    return "sha256:" + hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


class Shop(Measured):
    """A page, and a process that it is measured for."""

    def __init__(self, **pages):
        super().__init__()
        self.pages = Pages(**pages)
        self.app = self.map()
        self.pages.script("/app.js", APP)
        self.pages.script("/lib.js", LIB)
        self.page()

    def page(self, text=PAGE, headers=HEADERS):
        self.pages.html(text, headers)

    def web(self, url="https://shop.test/pay", **said):
        page = {"name": "pay", "url": url, "connect": self.pages.connect,
                "ca": str(self.pages.authority.path), "seconds": 30, **said}
        return {"pid": self.app.pid, "web": [{k: v for k, v in page.items() if v is not None}]}

    def facts(self, **said):
        return super().facts("web", **self.web(**said))

    def scripts(self, **said):
        return self.facts(**said)["script"]

    def refused(self, words, **said):
        found = super().refused("web", **self.web(**said))
        assert words in found, (words, found)

    def __exit__(self, *_):
        self.pages.close()
        super().__exit__(*_)


def test_a_page_is_told():
    with Shop() as s:
        assert s.facts() == {
            "base": [], "cookie": ["pay sid httponly path=/ samesite=lax secure"], "frame": ["pay https://shop.test/send form"],
            "handler": [f"pay {sha('start()')} body onload"],
            "header": [f"pay :connect {s.pages.connect}", "pay :status 200", "pay :url https://shop.test/pay",
                       "pay content-security-policy script-src 'self' 'nonce-*'", f"pay content-type {HTML}",
                       "pay strict-transport-security max-age=63072000", "pay x-frame-options DENY"],
            "inline": [f"pay {sha('inline();')} head"],
            "script": [f"pay https://shop.test/app.js {sha(APP)} async integrity=sha384-abc",
                       f"pay https://shop.test/lib.js {sha(LIB)} nonce type=module"]}
        host, _, headers = s.pages.asked[0]
        assert host == "shop.test" and "hallmark-web" in headers["User-Agent"] and "Cookie" not in headers


def test_a_page_over_plain_http_and_one_led_to():
    with Shop(tls=False) as s:
        s.pages.answers["/"] = redirect("/pay")
        facts = s.facts(url="http://shop.test/", ca=None)
        assert "pay :url http://shop.test/pay" in facts["header"]
        assert len(facts["script"]) == 2


def test_what_may_not_be_asked_is_not():
    """Others' scripts are told, and fetched where their origin is named."""
    text = "".join(f'<script src="{u}"></script>' for u in (
        "https://cdn.test/x.js", "//cdn.test/x.js#y", "data:text/javascript,x", "https://u:secret@shop.test/app.js",
        "file:///etc/passwd", "https:/\\shop.test/app.js", "https:app.js", " \n/a\tpp.js", "/missing.js", "http://shop.test/app.js",
        "https://shop.test:444/app.js", "ftp://cdn.test/x.js", "HTTPS://SHOP.TEST/app.js", "https://[bad"))
    with Shop() as s, Pages(names=("cdn.test",), authority=s.pages.authority) as cdn:
        s.page(text, {})
        cdn.script("/x.js", b"x")
        found = s.scripts()
        app = f"pay https://shop.test/app.js "
        assert found == sorted([
            f"{app}elsewhere + {sha(APP)}", "pay https://cdn.test/x.js elsewhere",
            "pay http://shop.test/app.js elsewhere", "pay https://shop.test:444/app.js elsewhere",
            "pay https://shop.test/missing.js status=404", f"pay data:{sha('data:text/javascript,x')}",
            f"pay file:{sha('file:///etc/passwd')}", f"pay ftp:{sha('ftp://cdn.test/x.js')}",
            f"pay bad:{sha('https://[bad')}"]), found
        assert not cdn.asked and not any("secret" in str(f) for f in found)
        found = s.scripts(origins=[{"url": "https://cdn.test", "connect": cdn.connect}])
        assert f"pay https://cdn.test/x.js {sha('x')}" in found


def test_what_hides_from_one_of_two_parsers_is_found():
    text = ('<noscript><p title="</noscript><script>evil()</script>"></noscript>'
            '<noscript><script src=/lib.js></script></noscript>'
            '<svg><script href="/app.js"/><a xlink:href="java\nscript:bad()"/></svg>'
            '<template><script>later()</script></template><iframe srcdoc="<script>x()</script>" sandbox></iframe>'
            '<base href="/sub/"><base href="/other/"><script src="a.js"></script>'
            '<link rel="stylesheet modulepreload" href=m.js><meta http-equiv=Refresh content="1;url=/x">')
    with Shop() as s:
        s.page(text, {})
        facts = s.facts()
        assert any(v.startswith(f"pay {sha('evil()')} ") for v in facts["inline"]), facts["inline"]
        assert f"pay {sha('later()')} template" in facts["inline"]
        assert f"pay {sha(chr(10).join(('java', 'script:bad()')))} a xlink:href" in facts["handler"] or \
            any(" a " in v for v in facts["handler"]), facts["handler"]
        assert any(v.startswith("pay about:") and "srcdoc=sha256:" in v and "sandbox=" in v for v in facts["frame"]), facts["frame"]
        urls = [v.split()[1] for v in facts["script"]]
        assert "https://shop.test/sub/a.js" in urls and "https://shop.test/sub/m.js" in urls, urls
        assert "https://shop.test/app.js" in urls and "https://shop.test/lib.js" in urls, urls
        assert "pay meta:refresh 1;url=/x" in facts["header"], facts["header"]
        assert len(facts["base"]) == 2


def test_bytes_that_are_no_text():
    with Shop() as s:
        s.page(b"\x00<scr\x00ipt>\xff</script><script>\xff\x00\xfe</script><script src='/\xff\xfe.js' async=\x00></script>", {})
        facts = s.facts()
        assert any(v.startswith(f"pay {sha(bytes((0xff, 0, 0xfe)))} ") for v in facts["inline"]), facts
        assert len(facts["script"]) == 1 and facts["script"][0].startswith("pay https://shop.test/%"), facts


def test_what_is_too_much_is_not_measured():
    with Shop() as s:
        def endless(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            while not s.pages.end.is_set():
                handler.wfile.write(b"<p>" * 20000)

        def endless_headers(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not s.pages.end.is_set():
                handler.wfile.write(b"X-A: " + b"b" * 10000 + b"\r\n")

        s.pages.answers["/pay"] = endless
        s.refused("more than its 2 MiB", mebibytes=2)
        s.pages.answers["/pay"] = endless_headers
        s.refused("web is left out", mebibytes=2)
        bomb = gzip.compress(b"<p>" * 20_000_000)
        assert len(bomb) < 1 << 20
        s.page(bomb, {"Content-Encoding": "gzip"})
        s.refused("more than its 2 MiB", mebibytes=2)
        s.page("".join(f"<script src=/{n}.js></script>" for n in range(10_000)), {})
        s.refused("more than 20 scripts", scripts=20)
        s.page("<b onclick=x>" * 30_000, {})
        s.refused("more in it than is looked at")


def test_html_a_million_levels_deep():
    with Shop() as s:
        s.page("<div>" * 200_000 + "<script>deep()</script>", {})
        s.refused("took longer than its 3 s", seconds=3)
        s.page("<div>" * 5_000 + "<script>deep()</script>", {})
        assert s.facts()["inline"] == [f"pay {sha('deep()')} body"]


def test_who_is_slow_is_given_up():
    with Shop() as s:
        def slow(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
            while not s.pages.end.wait(0.1):
                handler.wfile.write(b"<")

        for answer in (slow, lambda handler: s.pages.end.wait(60)):
            s.pages.answers["/pay"] = answer
            begun = time.monotonic()
            s.refused("may take 2 s", seconds=2)
            assert time.monotonic() - begun < 30
        s.page()
        s.pages.answers["/lib.js"] = slow
        s.refused("may take 2 s", seconds=2)


def test_where_it_leads():
    with Shop() as s, Pages(tls=False) as inner:
        inner.html("<p>secret", {})
        for to, words in (("file:///etc/passwd", "none of what may be asked"), (f"http://{inner.connect}/pay", "none of what"),
                          ("https://other.test/", "none of what"), ("http://shop.test/pay", "none of what"),
                          ("/loop", "led on more than 4 times"), ("//u:p@shop.test/pay", "none of what"), ("gopher://x/", "none of")):
            s.pages.answers["/loop"] = redirect(to)
            s.refused(words, url="https://shop.test/loop")
        s.pages.answers["/loop"] = redirect("http://shop.test/pay")
        s.refused("not encrypted", url="https://shop.test/loop", origins=[{"url": "http://shop.test"}])
        assert not inner.asked
        # A name that leads to this host is no way to what listens here.
        s.refused("address of this host", url=f"http://localhost:{inner.port}/pay", connect=None)
        assert not inner.asked
        s.pages.script("/moved.js", b"moved")
        s.pages.answers["/app.js"] = redirect("/moved.js", 307)
        assert f"pay https://shop.test/app.js {sha('moved')} from=https://shop.test/moved.js async integrity=sha384-abc" in s.scripts()


def test_certificates():
    with Shop() as s:
        other = Authority("other", s.dir)
        s.refused("certificate", ca=str(other.path))
        s.refused("certificate", ca=None)
        s.refused("/none", ca="/none")
        s.refused("another.test", url="https://another.test/pay")


def test_what_is_no_page():
    with Shop() as s:
        for kind, words in (("application/xhtml+xml", "expected text/html"), ("text/html; charset=utf-16le", "expected UTF-8"),
                            ("text/html; charset=iso-2022-jp", "expected UTF-8"), ("image/svg+xml", "expected text/html")):
            s.pages.answers["/pay"] = ({"Content-Type": kind}, PAGE)
            s.refused(words)
        s.page("<meta charset=utf-7><p>", {})
        s.refused("encoding")
        s.pages.answers["/pay"] = raw(b"HTTP/0.9\r\n\r\n")
        s.refused("web is left out")
        s.pages.answers["/pay"] = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<p>")
        s.refused("web is left out")
        s.pages.answers["/pay"] = ({"Content-Type": HTML}, None)
        assert "pay :status 404" in s.facts()["header"]
        s.pages.close()
        s.refused("web is left out")


def test_two_answers_that_differ_are_two_measurements():
    with Shop() as s:
        def other(handler, count=iter(range(100))):
            handler.send_response(200)
            handler.put({}, b"%d" % next(count))

        s.pages.answers["/app.js"] = other
        s.page('<script src="/app.js"></script><script src="/app.js" defer></script>', {})
        assert s.scripts() == [f"pay https://shop.test/app.js {sha('0')} + {sha('0')} defer"]
        assert s.scripts() == [f"pay https://shop.test/app.js {sha('1')} + {sha('1')} defer"]


def test_a_huge_url():
    with Shop() as s:
        s.page(f'<script src="/{"a" * 2000}"></script><script src="/{"a" * 10000}"></script>', {})
        found = s.scripts()
        assert len(found) == 2 and all(len(v) < 1300 for v in found), found
        assert any("...sha256:" in v for v in found) and any(v.startswith("pay bad:sha256:") for v in found)


def test_without_who_fetches_nothing_else_lacks():
    with Shop() as s:
        s.pages.answers["/pay"] = lambda handler: s.pages.end.wait(60)
        made = s.measure("web", "executable", **s.web(seconds=1))
        assert "executable" in made["components"] and "web" not in made["components"]


def test_who_fetches_has_no_rights():
    """Looked at by the server, while it waits for the answer."""
    with Shop() as s:
        found = []

        def answer(handler):
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if (entry / "comm").read_text() == "hallmark-fetch\n":
                        found.append((entry / "status").read_text())
            handler.send_response(200)
            handler.put({"Content-Type": HTML}, b"")

        s.pages.answers["/pay"] = answer
        s.facts()
        assert found
        for text in found:
            status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1", text
            assert status["Seccomp"] == "2", text


def listed(*words):
    return subprocess.run([program("hallmark-collector"), "references", "app", "--web", *words], capture_output=True, text=True,
                          timeout=120)


def test_what_a_page_has_becomes_a_list():
    """The same lines as are measured, each time; in a file, too, which who measures could not write."""
    with Shop() as s:
        facts = s.facts()  # which writes the configuration
        config = ("-c", s.dir / "collector.yaml")
        lines = [f"{fact} {value}" for fact, values in sorted(facts.items()) for value in values]
        made = listed(*config)
        assert made.returncode == 0 and made.stdout.splitlines() == lines, made
        (s.dir / "lists").mkdir()
        made = listed(*config, "-o", s.dir / "lists" / "shop")
        assert made.returncode == 0 and f"shop: {len(lines)} lines" in made.stdout, made
        assert (s.dir / "lists" / "shop").read_text().splitlines() == lines
        none = listed(*config, "-o", s.dir / "none" / "shop")
        assert none.returncode == 1 and "none/shop: No such file" in none.stderr, none
        s.pages.close()
        gone = listed(*config, "-o", s.dir / "lists" / "gone")
        assert gone.returncode == 1 and "web is left out" in gone.stderr, gone
        assert [p.name for p in (s.dir / "lists").iterdir()] == ["shop"]
        wrong = listed()
        assert wrong.returncode == 2 and "-c FILE" in wrong.stderr, wrong


def test_what_the_configuration_may_say():
    with Shop() as s:
        def fault(*kinds, **web):
            return Measured.refused(s, *kinds, **web)

        assert "does not say which pages" in fault("web", pid=s.app.pid)
        assert 'lacks "web"' in fault("runtime", **s.web())
        for said, words in (({"url": "ftp://x/"}, "must be a URL"), ({"url": "https://u@x/"}, "must be a URL"),
                            ({"connect": "shop.test:1"}, "connect"), ({"name": "a b"}, "letters"),
                            ({"seconds": 0}, "seconds"), ({"scripts": 5001}, "scripts"), ({"user_agent": "\u00e4"}, "printable")):
            s.refused(words, **said)


if __name__ == "__main__":
    run_tests(__name__)
