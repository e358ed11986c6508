"""Receipts in a browser: hallmark-verify.html in Chromium, against what people wait for without noticing.

Each turn opens the page anew, from the disk: the first receipt is what a visitor has, when nothing of the
script has been compiled; the next is what the work itself takes.
"""

import statistics

import receipt_vectors
from browser import Browser
from hallmark import BUILD

PAGE = BUILD / "hallmark-verify.html"
CASE = "good path 12384002 of 12384221"
VERIFY_MS, PAINT_MS, SIZE_KB = 50, 1000, 200
NEXT = 20


def browsers(table):
    case = next(case for case in receipt_vectors.cases() if case.name == CASE)
    trust = receipt_vectors.trust()[case.trust]
    first, following, paint = [], [], []
    with Browser() as browser:
        browser.size(1100)
        for turn in range(table.turns):
            table.progress(f"receipts in a browser, turn {turn + 1} of {table.turns}")
            browser.open(PAGE)
            browser.wait_for("document.documentElement.dataset.ready", "the page's script")
            paint.append(browser.first_paint_ms())
            browser.drop("#trust", key=trust)
            first.append(verified(browser, case.receipt))
            following.append(statistics.median(verified(browser, case.receipt) for _ in range(NEXT)))
    for name, turns, most, unit in (("receipt in a browser, the first", first, VERIFY_MS, "ms"),
                                    ("receipt in a browser, the next", following, VERIFY_MS, "ms"),
                                    ("hallmark-verify.html, first paint", paint, PAINT_MS, "ms"),
                                    ("hallmark-verify.html, all of it", [PAGE.stat().st_size / 1000], SIZE_KB, "KB")):
        value = statistics.median(turns)
        table.row(name, value, unit, f"{most:,} {unit}", most / value, 1)


def verified(browser, receipt):
    """Milliseconds from the receipt's bytes to the answer."""
    browser.run("document.querySelector('#result').removeAttribute('data-ms')")
    browser.drop("#receipt", receipt=receipt)
    ms = float(browser.wait_for("document.querySelector('#result').dataset.ms", "a result"))
    assert browser.run("return document.querySelector('#result').dataset.verified") == "true"
    return ms
