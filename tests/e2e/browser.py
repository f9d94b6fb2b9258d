# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over its debugging pipe (Chrome DevTools Protocol, JSON ended by NUL).

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:9093/")
        page.wait("document.querySelector('h1')")
        page.evaluate("document.title")
"""

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

CHROMIUM = "chromium"
WAIT_SECONDS = 30
LOG_TAIL_BYTES = 2000


def is_installed():
    return shutil.which(CHROMIUM) is not None


def pipe():
    """A pipe whose ends are not among the numbers that the browser wants."""
    return tuple(move_up(end) for end in os.pipe())


def move_up(end):
    moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return moved


class Browser:
    def __init__(self):
        self.start()
        try:
            self.call("Browser.getVersion")
        except (AssertionError, OSError) as problem:
            said = self.close()
            raise AssertionError("the browser does not start: %s\n%s" % (problem, said)) from problem

    def start(self):
        self.home = tempfile.mkdtemp(prefix="browser-")
        self.log = open(os.path.join(self.home, "log"), "wb")
        read_commands, self.commands = pipe()
        self.answers, write_answers = pipe()
        arguments = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--remote-debugging-pipe", "--no-first-run", "--user-data-dir=" + self.home, "about:blank"]

        def place_pipes():  # the browser reads from 3 and writes to 4
            os.dup2(read_commands, 3)
            os.dup2(write_answers, 4)

        self.process = subprocess.Popen(arguments, preexec_fn=place_pipes, pass_fds=(3, 4), stdout=self.log,
                                        stderr=self.log, env={**os.environ, "HOME": self.home})
        os.close(read_commands)
        os.close(write_answers)
        self.pending, self.number, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Returns what it has printed."""
        self.process.terminate()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        self.log.close()
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            said = log.read()[-LOG_TAIL_BYTES:]
        shutil.rmtree(self.home, ignore_errors=True)
        return said

    def receive(self, deadline):
        """The next message, or None when there is none before the deadline."""
        while b"\0" not in self.pending:
            if not select.select([self.answers], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            data = os.read(self.answers, 1 << 16)
            if not data:
                raise AssertionError("the browser has ended")
            self.pending += data
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, params=None, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self.receive(deadline)
            if answer is None:
                raise AssertionError("no answer to %s" % method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise AssertionError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log"):
            page.call(domain + ".enable")
        page.go(url)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, params=None):
        return self.browser.call(method, params, self.session)

    def go(self, url):
        self.call("Page.navigate", {"url": url})

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
        if "exceptionDetails" in result:
            raise AssertionError("%s: %s" % (expression, result["exceptionDetails"]))
        return result["result"].get("value")

    def wait(self, expression, seconds=WAIT_SECONDS):
        """The first true value of the expression."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                value = self.evaluate("(() => { const v = %s; return v instanceof Node ? true : v; })()" % expression)
            except AssertionError:
                value = None  # a page that is being replaced
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("%s has not become true; the page shows:\n%s" % (expression, self.text()))

    def text(self, selector="main"):
        return self.evaluate("document.querySelector(%s)?.innerText" % json.dumps(selector))

    def wait_text(self, text, selector="main"):
        self.wait("document.querySelector(%s)?.innerText.includes(%s)" % (json.dumps(selector), json.dumps(text)))

    def click(self, text, within="main"):
        """Clicks the first button, link or label with this text."""
        self.wait("""[...document.querySelectorAll(%s)].flatMap((e) => [...e.querySelectorAll("button, a, label")])
            .filter((e) => e.innerText.trim() === %s).slice(0, 1).map((e) => { e.click(); return true; })[0]"""
                  % (json.dumps(within), json.dumps(text)))

    def fill(self, selector, text):
        """Types into an input, as far as the page can tell."""
        self.wait("""(() => { const e = document.querySelector(%s); if (!e) return false;
            e.value = %s; e.dispatchEvent(new Event("input", {bubbles: true}));
            e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()"""
                  % (json.dumps(selector), json.dumps(text)))

    def press(self, selector, key):
        self.evaluate("document.querySelector(%s).dispatchEvent(new KeyboardEvent('keydown', {key: %s, bubbles: true, cancelable: true}))"
                      % (json.dumps(selector), json.dumps(key)))

    def problems(self):
        """What the page has thrown or been refused; answers with a status of failure are not."""
        self.evaluate("1")  # all events before it have come
        found = []
        for e in self.browser.events:
            if e.get("sessionId") != self.session:
                continue
            if e["method"] == "Runtime.exceptionThrown":
                found.append(e["params"]["exceptionDetails"])
            elif e["method"] == "Log.entryAdded":
                entry = e["params"]["entry"]
                if entry["level"] == "error" and entry["source"] != "network":
                    found.append(entry)
        return found
