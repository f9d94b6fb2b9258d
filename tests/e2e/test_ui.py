# SPDX-License-Identifier: Apache-2.0
"""Alertmanager's page for people, in a real browser: what it shows, links that people keep, silences
made, changed and ended; nothing thrown, nothing executed that an alert brings along."""

import json
import unittest
from urllib.parse import quote

import browser
from harness import World

CONFIG = """
route:
  receiver: team a.b
  group_by: [alertname]
  routes:
  - {receiver: pager, matchers: ['severity="page"'], labels: {prio: P1}}
receivers:
- name: team a.b
- name: pager
inhibit_rules:
- {source_matchers: [alertname="Down"], target_matchers: [alertname="Slow"], equal: [host]}
"""
HOSTILE = '<img src=x onerror="window.hurt=1">'


def alert(name, annotations=None, **labels):
    return {"labels": {"alertname": name, **labels}, "annotations": annotations or {}, "generatorURL": "http://prom.example/graph"}


ALERTS = [
    alert("Slow", host="h1", annotations={"runbook": "see http://run.example/slow now"}),
    alert("Slow", host="h2", note=HOSTILE),
    alert("Down", host="h1", severity="page", **{"pod ü": "x"}),
]


@unittest.skipUnless(browser.is_installed(), "chromium is not installed")
class Ui(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        cls.am = cls.world.alertmanager("am", CONFIG, cluster=False, prefix="/am").start()
        cls.am.post_alerts(ALERTS)
        cls.browser = cls.enterClassContext(browser.Browser())
        cls.url = f"http://{cls.am.address}/am/"

    def setUp(self):
        self.page = self.browser.open(self.url)
        self.page.wait("document.querySelector('nav a')")
        self.page.evaluate("localStorage.clear()")

    def tearDown(self):
        self.assertEqual(self.page.problems(), [])

    def go(self, hash_path):
        self.page.go(self.url + "#" + hash_path)

    def silences(self):
        return self.am.get("/api/v2/silences").json()

    def test_alerts_by_group(self):
        page = self.page
        page.wait_text("1 alert")
        self.assertEqual(page.evaluate("location.hash"), "#/alerts")
        self.go("/alerts?silenced=true&inhibited=true&muted=true&active=true")
        page.wait_text("2 alerts")
        page.wait_text('prio="P1"')
        page.click("team a.b")
        page.wait_text('host="h2"')
        page.click("Info")
        self.assertEqual(page.evaluate("document.querySelector('.annotations a').href"), "http://run.example/slow")
        self.assertEqual(page.evaluate("document.querySelector('.alert a.button').href"), "http://prom.example/graph")
        self.assertIn(HOSTILE.replace('"', '\\"'), page.text())
        self.assertIsNone(page.evaluate("window.hurt ?? null"))
        # The alert that inhibits is a click away.
        page.click("Inhibited", ".groups")
        page.wait_text('severity="page"')
        self.assertIn(quote('alertname="Down"'), page.evaluate("location.hash"))

    def test_links_that_people_keep(self):
        page = self.page
        every = "&silenced=true&inhibited=true"
        for link, wanted, absent in [
            ("/alerts?receiver=team+a%5C.b" + every, "team a.b", "pager"),  # the notification template's
            ("/alerts?receiver=" + quote("team a\\.b") + every, "team a.b", "pager"),
            ('/alerts?filter={alertname="Down"}' + every, "pager", "team a.b"),  # not encoded
            ("/alerts?filter=" + quote('{alertname=~"D.*", "pod ü"="x",}') + every, "pager", "team a.b"),
            ("/alerts?filter=" + quote('{broken') + every, "pager", "No alert groups"),
        ]:
            with self.subTest(link):
                self.go("/status")
                page.wait_text("Version Information")
                self.go(link)
                page.wait("document.querySelector('.groups')?.innerText.includes(%s)" % json.dumps(wanted))
                self.assertNotIn(absent, page.text(".groups"))
        self.go("/nowhere")
        page.wait_text("Not found")

    def test_filter_bar_and_grouping(self):
        page = self.page
        self.go("/alerts?silenced=true&inhibited=true")
        page.wait_text("2 alerts")
        page.fill("input[aria-label='Filter alerts']", "host=~\"h(1\"")
        page.press("input[aria-label='Filter alerts']", "Enter")
        page.wait_text("missing closing )")  # the server's word reaches the reader
        page.click('host=~"h(1"')
        page.fill("input[aria-label='Filter alerts']", "host=h2 nonsense")
        page.press("input[aria-label='Filter alerts']", "Enter")
        page.wait_text('cannot read "nonsense"')
        page.fill("input[aria-label='Filter alerts']", "host=h2")
        page.press("input[aria-label='Filter alerts']", "Enter")
        page.wait("location.hash.includes(%s)" % json.dumps(quote('{host="h2"}')))
        page.wait_text("1 alert")
        self.go("/alerts?silenced=true&inhibited=true&group=host&customGrouping=true")
        page.wait_text("Group (custom)")
        page.wait_text('host="h1"')
        page.wait_text("2 alerts")  # h1: Slow and Down
        page.click("Expand all groups")
        page.wait_text('alertname="Down"')
        self.assertEqual(page.evaluate("localStorage.getItem('groupExpandAll')"), "true")
        page.click("Collapse all groups")

    def test_life_of_a_silence(self):
        page = self.page
        self.go("/silences/new?filter=" + quote('{alertname="Slow", host=~"h.*",}') + "&comment=by%20hand")
        page.wait_text("New Silence")
        page.click("Create")
        page.wait_text("Should not be empty")
        self.assertEqual(page.evaluate("document.querySelector('textarea').value"), "by hand")
        page.fill(".field:nth-of-type(2) input", "90x")
        page.click("Create")
        page.wait_text("Wrong duration format")
        page.fill(".field:nth-of-type(2) input", "1d 2h")
        self.assertEqual(page.evaluate("""(() => { const [a, , b] = [...document.querySelectorAll('.field input')];
            return Date.parse(b.value) - Date.parse(a.value); })()"""), 26 * 3600 * 1000)
        page.evaluate("[...document.querySelectorAll('.field')].find((f) => f.innerText.startsWith('Creator')).querySelector('input').value = 'ann'")
        page.fill("input[aria-label='Annotation']", "ticket=42")
        page.click("Add")
        page.click("Preview Alerts")
        page.wait_text("Affected alerts: 2")
        page.click("Create")
        page.wait_text("Affected alerts: 2")
        page.wait_text("ticket: 42")
        (silence,) = self.silences()
        self.assertEqual((silence["createdBy"], silence["comment"], silence["annotations"]), ("ann", "by hand", {"ticket": "42"}))
        self.assertEqual(page.evaluate("localStorage.getItem('defaultCreator')"), "ann")
        self.assertEqual(page.evaluate("location.hash"), "#/silences/" + silence["id"])

        page.click("Edit")
        page.wait_text("Edit Silence")
        page.fill("textarea", "changed by hand")
        page.click("Update")
        page.wait_text("changed by hand")
        self.assertEqual([s["comment"] for s in self.silences() if s["status"]["state"] == "active"], ["changed by hand"])

        self.go("/silences")
        page.wait_text("changed by hand")
        page.fill("input[aria-label='Search']", "nobody")
        page.wait_text("No silences found")
        page.fill("input[aria-label='Search']", "ANN")
        page.click("Expire")
        page.click("Confirm", "dialog")
        page.wait_text("No silences found")
        page.click("Expired")
        page.click("Recreate")
        page.wait_text("New Silence")
        self.assertEqual(page.evaluate("document.querySelector('textarea').value"), "changed by hand")

    def test_errors_are_the_servers(self):
        page = self.page
        self.go("/silences/00000000-0000-0000-0000-000000000000")
        page.wait_text("404")
        self.go("/silences/new?filter=" + quote('{a=~".*"}'))
        page.wait_text("New Silence")
        page.fill("textarea", "x")
        page.evaluate("[...document.querySelectorAll('.field')].find((f) => f.innerText.startsWith('Creator')).querySelector('input').value = 'x'")
        page.click("Create")
        page.wait_text("at least one matcher must not match the empty string")

    def test_status_and_settings(self):
        page = self.page
        self.go("/status")
        page.wait_text("receiver: team a.b")
        page.wait_text("disabled")
        self.go("/settings")
        page.wait_text("First day of the week")
        page.evaluate("""document.querySelectorAll('select').forEach((s, i) => {
            s.selectedIndex = [1, 1, 0, 2][i]; s.dispatchEvent(new Event('change')); })""")
        self.assertEqual(page.evaluate("[localStorage.getItem('firstDayOfWeek'), document.documentElement.dataset.theme]"),
                         ['"Monday"', "dark"])

    def test_caching_and_compression(self):
        index = self.am.get("/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(index.headers["Content-Encoding"], "gzip")
        self.assertEqual(index.headers["Cache-Control"], "no-cache, no-store, must-revalidate")
        plain = self.am.get("/", headers={"Accept-Encoding": "gzip;q=0, br"})
        self.assertNotIn("Content-Encoding", plain.headers)
        script = plain.text.split('src="')[1].split('"')[0]
        reply = self.am.get("/" + script)
        self.assertEqual(reply.headers["Cache-Control"], "public, max-age=31536000, immutable")
        self.assertEqual(reply.headers["Content-Type"], "text/javascript; charset=utf-8")
        self.assertEqual(reply.headers["Vary"], "Accept-Encoding")
        self.assertEqual(self.am.get("/favicon.ico").headers["Content-Type"], "image/vnd.microsoft.icon")
        self.assertEqual(self.am.get("/assets/none.js").status, 404)


if __name__ == "__main__":
    unittest.main()
