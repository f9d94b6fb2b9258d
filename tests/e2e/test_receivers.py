# SPDX-License-Identifier: Apache-2.0
"""A receiver that fails or hangs delays nobody else, and gets its message when it is back."""

import time
import unittest

from harness import World, alert, holds, wait_for

CONFIG = """\
route:
  receiver: good
  group_by: [alertname]
  group_wait: 200ms
  group_interval: 2s
  repeat_interval: 4h
  routes:
  - {{matchers: [team="failing"], receiver: failing}}
  - {{matchers: [team="silent"], receiver: silent}}
  - {{matchers: [team="refusing"], receiver: refusing}}
  - {{matchers: [team="both"], receiver: both}}
receivers:
- {{name: good, webhook_configs: [{{url: {good}}}]}}
- {{name: failing, webhook_configs: [{{url: {failing}}}]}}
- {{name: silent, webhook_configs: [{{url: {silent}, timeout: 1s}}]}}
- {{name: refusing, webhook_configs: [{{url: {refusing}}}]}}
- name: both
  webhook_configs:
  - {{url: {failing}}}
  - {{url: {good}}}
"""
PROMPT_SECONDS = 5


class Receivers(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.sink = self.world.sink()
        paths = {name: self.sink.url(name) for name in ("good", "failing", "silent", "refusing")}
        self.am = self.world.alertmanager("am", CONFIG.format(**paths), cluster=False).start()

    def send(self, name, team):
        self.am.post_alerts([alert(name, team=team)])

    def prompt(self, name):
        began = time.monotonic()
        self.send(name, "good")
        self.sink.wait(1, name=name, peer="good", seconds=PROMPT_SECONDS, alive=[self.am])
        return time.monotonic() - began

    def test_answers_500_then_recovers(self):
        self.sink.answers["/hook/failing"] = 500
        self.send("Retried", "failing")
        wait_for("a second attempt", lambda: len(self.sink.tried("/hook/failing")) >= 2, alive=[self.am])
        self.prompt("NotDelayed")
        self.assertGreaterEqual(self.am.metric("alertmanager_notification_requests_failed_total",
                                               integration="webhook"), 1)
        self.sink.answers["/hook/failing"] = 200
        self.sink.wait(1, name="Retried", peer="failing", alive=[self.am])
        holds("it is delivered once", lambda: len(self.sink.find(name="Retried")) == 1, 3)
        self.am.stop()

    def test_answers_400_is_given_up_counted_and_tried_again_with_the_next_flush(self):
        self.sink.answers["/hook/refusing"] = 400
        self.send("Refused", "refusing")
        wait_for("the failure to be counted", lambda: self.am.metric(
            "alertmanager_notifications_failed_total", integration="webhook") >= 1, alive=[self.am])
        self.assertIn("unexpected status code 400", self.am.log())
        self.sink.answers["/hook/refusing"] = 200
        self.sink.wait(1, name="Refused", alive=[self.am])
        self.am.stop()

    def test_never_answers_then_recovers(self):
        self.sink.answers["/hook/silent"] = "never"
        for i in range(30):
            self.send(f"Hangs{i}", "silent")
        wait_for("all to hang", lambda: len(self.sink.tried("/hook/silent")) >= 30, alive=[self.am])
        for i in range(5):
            self.prompt(f"NotDelayed{i}")
        self.sink.answers["/hook/silent"] = 200
        wait_for("all 30", lambda: len({m.names[0] for m in self.sink.find(peer="silent")}) == 30, alive=[self.am])
        holds("each of them once", lambda: len(self.sink.find(peer="silent")) == 30, 3)
        self.am.stop()

    def test_one_failing_integration_does_not_make_the_other_repeat(self):
        self.sink.answers["/hook/failing"] = 500
        self.send("Both", "both")
        self.sink.wait(1, name="Both", peer="good", seconds=PROMPT_SECONDS, alive=[self.am])
        holds("the good one gets it once", lambda: len(self.sink.find(name="Both", peer="good")) == 1, 5)
        self.sink.answers["/hook/failing"] = 200
        self.sink.wait(1, name="Both", peer="failing", alive=[self.am])
        self.assertEqual(len(self.sink.find(name="Both", peer="good")), 1)
        self.am.stop()

    def test_stops_in_time_while_a_receiver_hangs(self):
        self.sink.answers["/hook/silent"] = "never"
        self.send("Hangs", "silent")
        wait_for("an attempt", lambda: self.sink.tried("/hook/silent"), alive=[self.am])
        self.am.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
