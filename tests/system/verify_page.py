#!/usr/bin/python3
"""hallmark-verify.html and the modules in it, in a real Chromium: from a disk, without a network."""

import functools
import http.server
import json
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import receipt_vectors
from browser import Browser
from hallmark import BUILD, PATIENCE_S, ROOT, run_tests

PAGE = BUILD / "hallmark-verify.html"
CASES = {case.name: case for case in receipt_vectors.cases()}
TRUST = receipt_vectors.trust()
GOOD = "good path 12384002 of 12384221"
VERIFY_MS_MAX = 50
NO_CRYPTO = "Object.defineProperty(globalThis, 'crypto', {value: undefined})"
# One bit of each byte, one after the other; who takes one tells which.
TAMPER = """
const {verifyReceipt} = await import(args[0]), good = Uint8Array.from(atob(args[1]), c => c.charCodeAt(0));
const trust = atob(args[2]), taken = [];
for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at] ^= 1 << at % 8;
    if ((await verifyReceipt(bad, trust)).verified)
        taken.push(at);
}
return {taken, count: good.length, good: (await verifyReceipt(good, trust)).verified};
"""


@functools.cache
def chromium():
    return Browser()  # it ends with the program


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def log_message(self, *_):
        pass


@functools.cache
def served():
    """The source's files over HTTP: modules are not taken from a disk."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def opened(width=1100, **look):
    browser = chromium()
    browser.size(width)
    browser.look(**look)
    browser.open(PAGE)
    browser.wait_for("document.documentElement.dataset.ready", "the page's script")
    return browser


def give(browser, receipt=None, trust=None):
    """Drops them, and waits until the page has an answer about both."""
    if receipt is not None:
        browser.drop("#receipt", **{"a.tlog-proof": receipt})
    if trust is not None:
        browser.drop("#trust", **{"log.crt": trust})
    return browser.wait_for("document.querySelector('#result').dataset.verified", "a result")


def give_case(browser, case):
    browser.run("document.querySelector('#result').removeAttribute('data-verified')")
    return give(browser, case.receipt, TRUST[case.trust])


def is_green(browser):
    """Whether anything on the page has the colour of what is proved."""
    return browser.run("""
        const probe = document.createElement("span");
        probe.className = "good";
        document.body.append(probe);
        const green = getComputedStyle(probe).color;
        probe.remove();
        return [...document.querySelectorAll("#result *, #unable *")].some(
            each => getComputedStyle(each).color === green);""")


def test_a_good_receipt_is_proved_step_by_step_without_a_network():
    browser = opened()
    taken = []
    for _ in range(5):
        assert give_case(browser, CASES[GOOD]) == "true"
        taken.append(float(browser.run("return document.querySelector('#result').dataset.ms")))
    print(f"verified in {taken[0]:.1f} ms the first time, then {min(taken[1:]):.1f} ms", flush=True)
    assert min(taken) < VERIFY_MS_MAX, taken
    steps = browser.run("return [...document.querySelectorAll('[data-step]')].map(s => [s.dataset.step, s.dataset.ok])")
    assert steps == [[name, "true"] for name in ("bytes", "leaf", "inclusion", "checkpoint", "signature", "key")], steps
    text = browser.text()
    for said in ("Proved: hallmark.example/prod-1 recorded this report", "entry 12,384,002 of a log of 12,384,221",
                 "a path of 20 hashes", "Affirming", "trading-app", "2026-11-24 10:00:01 UTC", "What this does not show",
                 "That the host’s kernel told the truth"):
        assert said in text, (said, text)
    assert browser.text("#said") == browser.text(".verdict h2"), browser.text("#said")
    assert [url for url, _ in browser.fetched()] == [PAGE.as_uri()], browser.fetched()
    browser.demand_quiet()


def test_what_is_not_proved_is_never_green():
    browser = opened()
    for name in ("path 5 of 9: two swapped", "receipt: line 3 with CRLF", "another log's key", "the other s",
                 "entry: another issuer", "receipt: no extra", "key: a private key", "key: nothing", "entry: not JSON"):
        assert give_case(browser, CASES[name]) == "false", name
        assert not is_green(browser), name
        assert "Proved:" not in browser.text() and "What the report says" not in browser.text(), name
    browser.demand_quiet()


def test_without_a_certificate_nothing_is_proved():
    browser = opened()
    assert give(browser, receipt=CASES[GOOD].receipt) == "false"
    assert not is_green(browser) and "No certificate was given" in browser.text()
    assert give(browser, trust=TRUST["p256.crt"]) and browser.wait_for("document.querySelector('.verdict.good')")


def test_a_key_that_names_nobody_is_on_the_visitor_s_word():
    browser = opened()
    assert give_case(browser, CASES["good p256 by pem"]) == "true"
    assert browser.one("[data-step=key]").get_attribute("data-ok") == "null"
    assert "is your word alone" in browser.text(".verdict"), browser.text(".verdict")


def test_a_result_goes_as_soon_as_it_is_about_something_else():
    browser = opened()
    give_case(browser, CASES[GOOD])
    assert browser.all(".verdict.good")
    assert browser.run("""
        const box = document.querySelector("#trust-text");
        box.value = "x";
        box.dispatchEvent(new Event("input"));
        return document.querySelectorAll("#result .good").length;""") == 0
    browser.wait_for("document.querySelector('.verdict.bad')", "a refusal")


def test_all_vectors_are_judged_as_elsewhere():
    browser = chromium()
    browser.open(f"{served()}/register/web/bytes.js")
    told = browser.wait("""
        const {runAll, runConsistency} = await import("/tests/lib/receipt_vectors.mjs");
        const {verifyReceipt, verifyConsistency} = await import("/register/web/verify.js");
        const [vectors, merkle] = await Promise.all([fetch("/tests/vectors/receipts.json").then(r => r.json()),
            fetch("/tests/vectors/merkle.txt").then(r => r.text())]);
        return JSON.stringify({receipts: await runAll(verifyReceipt, vectors),
            consistency: await runConsistency(verifyConsistency, merkle)});""")
    told = json.loads(told)
    assert len(told["receipts"]) == len(CASES)
    for each in told["receipts"]:
        receipt_vectors.judge(CASES[each["name"]], each)
    assert told["consistency"]["good"] >= 36 and not told["consistency"]["wrong"], told["consistency"]
    browser.demand_quiet("favicon")


def test_a_bit_in_any_byte_is_refused():
    browser = chromium()
    browser.open(f"{served()}/register/web/bytes.js")
    case = CASES["good p256 by crt"]
    given = map(receipt_vectors.base64_text, (case.receipt, TRUST[case.trust]))
    told = browser.wait(TAMPER, "/register/web/verify.js", *given)
    assert told["good"] and told["count"] == len(case.receipt) > 2000 and not told["taken"], told
    browser.demand_quiet("favicon")


def test_hostile_names_are_text():
    browser = opened(width=360)
    for name in ("entry: a workload of markup", "entry: markup where a policy is named", "good with a name of markup",
                 "good with a name of 10,000 characters", "good with a witness whose name is Greek",
                 "entry: a member called __proto__"):
        assert give_case(browser, CASES[name]) == "true", name
        assert browser.overflow() == 0, name
    give_case(browser, CASES["entry: a workload of markup"])
    assert "<b>x<script>alert(1)<!--" in browser.text("table"), browser.text("table")
    assert not browser.all("#result script, #result img")
    for name in ("entry: a workload of 10,000 characters", "entry: text that turns the order", "receipt: HTML"):
        assert give_case(browser, CASES[name]) == "false", name
        assert browser.overflow() == 0 and "\u202e" not in browser.text(), name
    browser.drop("#receipt", **{"<img src=x onerror=alert(1)>" + "y" * 5000: b"<script>alert(1)</script>"})
    browser.wait_for("document.querySelector('.verdict.bad')", "a refusal")
    assert browser.overflow() == 0 and not browser.all("img")
    browser.drop("#receipt", **{"a\u202eforp-golt.b": b"x"})
    browser.wait_for("document.querySelector('#receipt .state').textContent.includes('a\\\\u{202e}forp')")
    browser.drop("#receipt", **{"large": bytes(300_000)})
    browser.wait_for("document.querySelector('#receipt .state').textContent.includes('larger than any is')")
    browser.demand_quiet()


def test_without_webcrypto_it_says_so():
    browser = chromium()
    script = browser.before_page(NO_CRYPTO)
    try:
        opened()
        assert "has no WebCrypto" in browser.text("#unable")
        assert give_case(browser, CASES[GOOD]) == "false"
        assert not is_green(browser) and "so nothing can be checked" in browser.text("#result").replace("\n", " ")
    finally:
        browser.forget(script)
    opened()
    assert browser.text("#unable") == ""


def test_a_file_goes_where_it_belongs_by_mouse_and_by_keyboard():
    browser = opened()
    with tempfile.TemporaryDirectory() as name:
        receipt, key = pathlib.Path(name) / "a.tlog-proof", pathlib.Path(name) / "log.crt"
        receipt.write_bytes(CASES[GOOD].receipt)
        key.write_bytes(TRUST["p256.crt"])
        browser.choose("#receipt-file", key)  # the wrong box: what it is decides
        browser.choose("#trust-file", receipt)
        browser.wait_for("document.querySelector('.verdict.good')", "a proof")
    opened()
    browser.drop("h1", **{"x": CASES[GOOD].receipt, "y": TRUST["p256.crt"]})
    browser.wait_for("document.querySelector('.verdict.good')", "a proof")
    seen = []
    for _ in range(12):
        browser.keys("TAB")
        seen.append(browser.focused())
    for what in ("input#receipt-file", "summary", "input#trust-file", "button"):
        assert any(each.startswith(what) for each in seen), (what, seen)
    browser.run("document.querySelector('.hash').focus()")
    browser.keys("ENTER")
    assert len(browser.text(".hash")) == 64
    browser.demand_quiet()


def test_it_fits_each_size_and_paper():
    for width in (360, 768, 2560):
        for dark in (False, True):
            browser = opened(width=width, dark=dark)
            assert browser.overflow() == 0
            give_case(browser, CASES[GOOD])
            assert browser.overflow() == 0, width
    background = "return getComputedStyle(document.documentElement).backgroundColor"
    dark = browser.run(background)
    browser.look()
    assert browser.run(background) != dark
    with tempfile.TemporaryDirectory() as name:
        browser.look(printed=True)
        paper = pathlib.Path(name) / "page.pdf"
        browser.pdf(paper)
        assert paper.read_bytes().startswith(b"%PDF") and paper.stat().st_size > 10_000
    browser.look()
    # On paper digests are whole, and afterwards short again.
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert len(browser.text(".hash")) == 64 and browser.run("return document.querySelector('.steps details').open")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert len(browser.text(".hash")) < 20
    browser.demand_quiet()


def test_its_policy_lets_nothing_in():
    browser = opened()
    browser.run("""
        const style = document.createElement("div");
        style.setAttribute("style", "color: red");
        document.body.append(style);
        const image = new Image();
        image.src = "http://127.0.0.1:9/x";
        document.body.append(image);
        fetch("http://127.0.0.1:9/x").catch(() => {});""")
    said = browser.wait_for("window.__seen.length >= 3 && window.__seen.join(' ')", "three violations", PATIENCE_S)
    for directive in ("style-src", "img-src", "connect-src"):
        assert directive in said, said
    browser.complaints()


if __name__ == "__main__":
    run_tests(__name__)
