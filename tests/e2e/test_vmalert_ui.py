# SPDX-License-Identifier: Apache-2.0
"""vmalert's pages for people, in a real browser, beside a real VictoriaMetrics."""

import unittest

import browser
from harness import World, free_port, wait_for

RULES = """
groups:
- name: nodes
  interval: 1s
  rules:
  - alert: Down
    expr: up == 0
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} <b>is</b> down', runbook: 'see it'}
  - record: up:count
    expr: count(up)
  - alert: Misspelt
    expr: upp == 0
    for: 5m
- name: broken
  interval: 1s
  rules:
  - record: never
    expr: up + on(nothing) group_left() up
"""


@unittest.skipUnless(browser.is_installed(), "chromium is not installed")
class Ui(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        storage = cls.world.victoria_metrics().start()
        storage.write('up{instance="a"} 0', 'up{instance="b"} 1')
        storage.wait_series("up", 2)
        cls.notifier = f"127.0.0.1:{free_port()}"  # nobody is there
        cls.vmalert = cls.world.vmalert("vmalert", RULES, storage.address, [cls.notifier], prefix="/ops",
                                        flags=[f"-remoteWrite.url=http://{storage.address}", "-rule.evalDelay=0s"]).start()
        wait_for("an evaluation", lambda: cls.vmalert.get("/api/v1/alerts").json()["data"]["alerts"])
        cls.browser = cls.enterClassContext(browser.Browser())
        cls.url = f"http://{cls.vmalert.address}/ops/"

    def setUp(self):
        self.page = self.browser.open(self.url)
        self.page.wait_text("Version vmalert-")

    def tearDown(self):
        self.assertEqual(self.page.problems(), [])

    def test_groups(self):
        page = self.page
        page.click("Groups", "nav")
        page.wait_text("nodes")
        self.assertEqual(page.evaluate("document.title"), "vmalert - Groups")
        page.wait_text("firing 1")
        page.click("Expand All")
        page.wait_text("alert: Misspelt (for: 300 seconds)")
        page.wait("document.querySelector('.group.failed .rule.failed .error')")
        page.fill("input[type=search]", "up:count")
        page.wait("!document.querySelector('main').innerText.includes('Misspelt')")
        self.assertIn("search=up%3Acount", page.evaluate("location.search"))
        page.go(self.url + "rules?state=unhealthy")
        page.wait_text("broken")
        page.wait("!document.querySelector('main').innerText.includes('nodes')")
        page.go(self.url + "rules?state=nomatch")  # the datasource does not say what it has looked at
        page.wait_text("No groups...")

    def test_a_rule_and_its_updates(self):
        page = self.page
        page.go(self.url + "vmalert/groups?search=Misspelt")
        page.click("Details")
        page.wait_text("Execution timestamp")
        page.wait("/Last [1-9][0-9]*.20 updates/.test(document.querySelector('main').innerText)")
        page.wait_text("300 seconds")
        self.assertIn("curl", page.evaluate("document.querySelector('textarea').value"))
        page.click("nodes")
        page.wait("document.querySelector('details[open]')")
        self.assertIn("#group-", page.evaluate("location.hash"))

    def test_alerts_and_one_alert(self):
        page = self.page
        page.click("Alerts", "nav")
        page.wait_text('instance="a"')
        page.click("Details")
        page.wait_text("a <b>is</b> down")
        page.wait_text("up == 0")
        self.assertIsNone(page.evaluate("document.querySelector('dd b + b')"))
        page.go(self.url + "vmalert/alert?group_id=1&alert_id=2")
        page.wait_text("can't find")

    def test_notifiers(self):
        self.page.click("Notifiers", "nav")
        self.page.wait_text(self.notifier)
        self.page.wait_text("static (1)")
        self.page.wait("document.querySelector('tr.failed')")


if __name__ == "__main__":
    unittest.main()
