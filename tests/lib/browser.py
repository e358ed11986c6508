"""A real Chromium for tests of pages: one browser for all cases of a test, driven by chromedriver.

    with Browser() as browser:
        browser.size(360, 800)
        browser.look(dark=True)
        browser.open(url)
        browser.wait_for("document.querySelector('h1')", "a heading")
        browser.screenshot("page.png")
        browser.demand_quiet()          # no console error, no CSP violation, no uncaught exception

Debian's chromium, chromium-driver and python3-selenium. The profile is a directory of its own; no
name is looked up and nothing but this machine is reached. A loaded machine takes its time to start
Chromium: that is waited for, and tried once more. All of its processes are ended by their ids.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import JavascriptException, TimeoutException, WebDriverException
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from hallmark import PATIENCE_S, ended_at_last

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
START_S = max(90.0, 3 * PATIENCE_S)  # a cold start beside two other tests on two cores takes 20 s
POLL_S = 0.05
CHORD = re.compile(r"((SHIFT|CONTROL|ALT)\+)+[A-Z_0-9]+")
ARGUMENTS = ["--headless=new", "--no-sandbox",  # as root Chromium has no sandbox to offer
             "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--disable-default-apps", "--lang=en-GB",
             "--force-color-profile=srgb", "--font-render-hinting=none",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
# Before any script of a page: what the page's policy forbids and what nobody has caught is kept.
WATCH = """
window.__seen = [];
addEventListener("securitypolicyviolation", e => window.__seen.push(
    `CSP: ${e.effectiveDirective} forbids ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber} ${e.sample}`));
addEventListener("error", e => window.__seen.push(`uncaught: ${e.message}`));
addEventListener("unhandledrejection", e => window.__seen.push(`rejected: ${e.reason}`));
"""
DROP = """
const [selector, files] = arguments, transfer = new DataTransfer();
for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
}
const place = document.querySelector(selector);
for (const type of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: transfer}));
"""


class Browser:
    """Use as a context manager; `arguments` are further ones for Chromium."""

    def __init__(self, *arguments):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hallmark-browser-"))
        self.arguments = arguments
        self.service = self.driver = None
        self.pids = set()
        self.kept = []
        ended_at_last(self.end)
        try:
            self.start()
        except Exception:  # of WebDriver, of HTTP, or of time: once more says it again
            self.end_processes()
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    # --- its life ------------------------------------------------------------------------------------

    def start(self):
        log = self.dir / "driver.log"
        with open(log, "wb") as out:
            self.service = subprocess.Popen([DRIVER, "--port=0", "--allowed-ips=127.0.0.1"], stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "HOME": str(self.dir)})
        until = time.monotonic() + START_S
        while not (port := re.search(r"successfully on port (\d+)\.", log.read_text(errors="replace"))):
            if time.monotonic() > until or self.service.poll() is not None:
                raise TimeoutError(f"chromedriver did not start: {log.read_text(errors='replace')}")
            time.sleep(POLL_S)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        profile = tempfile.mkdtemp(prefix="profile-", dir=self.dir)
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}", *self.arguments):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        connection = ChromiumRemoteConnection(f"http://127.0.0.1:{port[1]}", "goog", "chrome", keep_alive=True)
        connection.set_timeout(START_S)
        self.driver = webdriver.Remote(command_executor=connection, options=options)
        self.driver._is_remote = False  # files that are chosen are this machine's
        self.pids |= descendants(self.service.pid)
        self.driver.set_page_load_timeout(START_S)
        self.driver.set_script_timeout(START_S)
        self.before_page(WATCH)

    def end(self):
        self.end_processes()
        shutil.rmtree(self.dir, ignore_errors=True)

    def end_processes(self):
        if self.service is None:
            return
        self.pids |= descendants(self.service.pid)
        if self.driver is not None:
            try:
                self.driver.quit()
            except Exception:  # whatever it is: what is left is ended below
                pass
        if self.service.poll() is None:
            self.service.kill()
        self.service.wait()
        for pid in self.pids:
            if of_profile(pid, self.dir):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.service = self.driver = None
        self.pids = set()

    # --- a page ---------------------------------------------------------------------------------------

    def open(self, url):
        """A URL, or the path of a file. What the page before has complained of is not forgotten."""
        self.gather()
        if isinstance(url, pathlib.Path):
            url = url.resolve().as_uri()
        self.driver.get(url)

    def cdp(self, command, **arguments):
        """A command of the DevTools protocol."""
        return self.driver.execute("executeCdpCommand", {"cmd": command, "params": arguments})["value"]

    def before_page(self, script):
        """Runs in each page from now on, before its own scripts. Returns what forget() takes."""
        return self.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]

    def forget(self, identifier):
        self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)

    def run(self, script, *arguments):
        """The value of statements with a `return`; `arguments[0]` and so on are the arguments."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """The same with `await` in it."""
        outcome = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1], given = Array.from(arguments).slice(0, -1);"
            f"(async (...arguments_) => {{ const args = arguments_; {script} }})(...given)"
            ".then(value => done({value}), error => done({error: String(error && error.stack || error)}));",
            *arguments)
        if "error" in outcome:
            raise JavascriptException(outcome["error"])
        return outcome.get("value")

    def wait_for(self, expression, what=None, patience_s=PATIENCE_S):
        """Until a JavaScript expression is true; returns its value. Survives a navigation meanwhile."""
        until, error = time.monotonic() + patience_s, None
        while True:
            try:
                if value := self.run(f"return ({expression})"):
                    return value
            except (JavascriptException, TimeoutException, WebDriverException) as failed:
                error = failed.msg
            if time.monotonic() > until:
                raise AssertionError(f"expected {what or expression} within {patience_s:.0f} s; {error or ''}"
                                     f" the page says: {self.text()[:2000]!r}")
            time.sleep(POLL_S)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        """As a reader sees it: what is hidden is not there."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def click(self, selector):
        self.one(selector).click()

    def keys(self, *keys):
        """To whatever has the focus: names such as "TAB", "ENTER", "SHIFT+TAB", "CONTROL+K", or text."""
        for key in keys:
            chain = ActionChains(self.driver, duration=0)
            *held, last = key.split("+") if CHORD.fullmatch(key) else [key]
            for name in held:
                chain.key_down(getattr(Keys, name))
            chain.send_keys(getattr(Keys, last, last.lower() if held else last))
            for name in reversed(held):
                chain.key_up(getattr(Keys, name))
            chain.perform()

    def focused(self):
        """What has the focus, as `tag#id.class "text"`."""
        return self.run("const e = document.activeElement; return e ? e.tagName.toLowerCase() + (e.id ? '#' + e.id "
                        ": '') + ' ' + JSON.stringify((e.getAttribute('aria-label') || e.innerText || e.value || '')"
                        ".trim().slice(0, 80)) : ''")

    def choose(self, selector, *paths):
        """Files for an <input type=file>."""
        self.one(selector).send_keys("\n".join(str(pathlib.Path(path).resolve()) for path in paths))

    def drop(self, selector, **files):
        """Files (name=bytes) as if dropped there; for names that are no words: drop(sel, **{"a.b": ...})."""
        self.run(DROP, selector, [(name, base64.b64encode(data).decode()) for name, data in files.items()])

    # --- how it looks ------------------------------------------------------------------------------------

    def size(self, width, height=900, scale=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                 mobile=False)

    def look(self, dark=False, printed=False, still=True, contrast=False):
        """Colour scheme, medium, less motion, more contrast: until the next look."""
        self.cdp("Emulation.setEmulatedMedia", media="print" if printed else "screen", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-contrast", "value": "more" if contrast else "no-preference"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def screenshot(self, path, whole=True):
        """A PNG; of the whole page, or of what is in sight."""
        options = {"format": "png", "captureBeyondViewport": whole}
        if whole:
            box = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
            options["clip"] = {"x": 0, "y": 0, "width": box["width"], "height": min(box["height"], 16000),
                               "scale": 1}
        pathlib.Path(path).write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", **options)["data"]))

    def pdf(self, path):
        """As printed on A4 with backgrounds left out, as browsers do unless asked."""
        data = self.cdp("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69,
                        preferCSSPageSize=True)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def overflow(self):
        """By how many pixels the page is wider than the window: more than 0 scrolls sideways."""
        return self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def first_paint_ms(self):
        return self.wait_for("performance.getEntriesByName('first-contentful-paint')[0]?.startTime", "a first paint")

    def fetched(self):
        """What the page asked for, each as (URL, bytes of the body); its own document first."""
        return [tuple(each) for each in self.run(
            "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map(e => [e.name, e.decodedBodySize])")]

    # --- complaints ------------------------------------------------------------------------------------

    def gather(self):
        try:
            self.kept += self.run("const seen = window.__seen ?? []; window.__seen = []; return seen")
        except WebDriverException:
            pass  # no page yet
        self.kept += [f"console {entry['level'].lower()}: {entry['message']}"
                      for entry in self.driver.get_log("browser")
                      if entry["level"] in ("SEVERE", "WARNING")]

    def complaints(self):
        """Errors and warnings on the console, CSP violations and uncaught exceptions since the last call."""
        self.gather()
        kept, self.kept = self.kept, []
        return kept

    def demand_quiet(self, *but):
        """None of these, but for those that one of the regular expressions fits."""
        loud = [each for each in self.complaints() if not any(re.search(pattern, each) for pattern in but)]
        assert not loud, "the page complains: " + json.dumps(loud, indent=1)


def descendants(pid):
    """The ids of all processes below one, by /proc."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            behind = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        children.setdefault(int(behind[1]), []).append(int(stat.parent.name))
    found, left = set(), [pid]
    while left:
        below = children.get(left.pop(), [])
        found.update(below)
        left += below
    return found


def of_profile(pid, directory):
    """Whether a process is still one of that browser, and not another that was given its id."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return str(directory).encode() in command + environment
