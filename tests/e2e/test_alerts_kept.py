# SPDX-License-Identifier: Apache-2.0
"""Alerts outlive the process: neither a firing alert nor its end is lost, and nothing is told falsely."""

import os
import time
import unittest

from harness import ALERTMANAGER_PACKAGED, World, alert, am_config, holds, wait_for

GROUP_INTERVAL = 1


def start(world, sink, **config):
    settings = {"group_wait": "200ms", "group_interval": f"{GROUP_INTERVAL}s", **config}
    return world.alertmanager("am", am_config(sink.url("am"), **settings), cluster=False).start()


def statuses(sink):
    return [m.status for m in sink.find()]


class AlertsKept(unittest.TestCase):
    def end_is_told(self, end_process, down, life):
        """An alert is told, the process ends and comes back, its sender never does."""
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            am.post_alerts([alert("Ends", ends_in=life)])
            promised = time.monotonic() + life
            sink.wait(1, status="firing", alive=[am])
            end_process(am)
            time.sleep(down)  # the time that passes is what is tested
            am.start()
            sink.wait(1, status="resolved", alive=[am])
            self.assertGreater(time.monotonic(), promised - 0.5)
            holds("one message of each kind", lambda: statuses(sink) == ["firing", "resolved"], GROUP_INTERVAL * 3)
            self.assertEqual(am.alerts(), [])
            am.kill()
            am.start()  # that the end was told is known, too
            holds("nothing more", lambda: statuses(sink) == ["firing", "resolved"], GROUP_INTERVAL * 3)
            am.stop()

    def test_killed_before_the_end_and_the_sender_is_gone(self):
        self.end_is_told(lambda am: am.kill(), down=0, life=5)

    def test_killed_until_after_the_end_and_the_sender_is_gone(self):
        self.end_is_told(lambda am: am.kill(), down=4, life=3)

    def test_stopped_until_after_the_end_and_the_sender_is_gone(self):
        self.end_is_told(lambda am: am.stop(), down=4, life=3)

    def test_killed_before_the_first_message_and_the_sender_is_gone(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink, group_wait="2s")
            am.post_alerts([alert(f"Kept{i}", ends_in=15) for i in range(20)])
            am.kill()
            am.start()
            self.assertEqual(len(am.alerts()), 20)
            sink.wait(20, status="firing", alive=[am])
            holds("one message per alert", lambda: len(sink.find()) == 20, GROUP_INTERVAL * 2)
            am.stop()

    def sender_repeats(self, down):
        """A sender repeats what fires every second, and promises four seconds."""
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            firing = lambda: alert("Lives", ends_in=4)
            am.post_alerts([firing()])
            sink.wait(1, status="firing", alive=[am])
            for _ in range(3):
                am.kill()
                time.sleep(down)
                am.start()

                def repeat():
                    am.post_alerts([firing()])
                    return statuses(sink) == ["firing"]

                holds("one message, and no end", repeat, 6, every=1, seen=lambda: statuses(sink))
            am.post_alerts([alert("Lives", ends_in=-0.1)])
            sink.wait(1, status="resolved", alive=[am])
            am.stop()

    def test_killed_while_the_sender_repeats(self):
        self.sender_repeats(down=0)

    def test_killed_for_longer_than_the_sender_promises(self):
        self.sender_repeats(down=6)

    def test_killed_between_the_receivers_answer_and_the_log(self):
        """The receiver has heard of an alert, the log has not: its end is owed all the same."""
        with World() as world:
            box = []
            sink = world.sink(on_message=lambda m: box[0].popen.kill() if m.status == "firing" else None)
            am = start(world, sink)
            box.append(am)
            am.post_alerts([alert("Doubt", ends_in=60)])
            am.wait_exit()
            am.start()
            am.post_alerts([alert("Doubt", ends_in=-0.1)])
            sink.wait(1, status="resolved", alive=[am])
            holds("one message of each kind", lambda: statuses(sink) == ["firing", "resolved"], GROUP_INTERVAL * 3)
            am.stop()

    def test_an_end_that_could_not_be_told(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            am.post_alerts([alert("Ends", ends_in=60)])
            sink.wait(1, status="firing", alive=[am])
            sink.answers["/am"] = 503
            am.post_alerts([alert("Ends", ends_in=-0.1)])
            wait_for("an attempt", lambda: len(sink.attempts) > 1, alive=[am])
            am.kill()
            sink.answers["/am"] = 200
            world.write("am.yml", am_config(sink.url("am"), group_wait="200ms", group_interval="1s").replace(
                "resolve_timeout: 5m", "resolve_timeout: 6s"))
            am.start()
            sink.wait(1, status="resolved", alive=[am])
            am.stop()

    def test_a_damaged_file_never_stops_the_start(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            am.post_alerts([alert(f"Kept{i}", ends_in=600) for i in range(10)])
            am.stop()
            path = os.path.join(am.data, "alerts.state")
            with open(path, "r+b") as f:
                f.seek(os.path.getsize(path) // 2)
                f.write(b"damage")
            am.start()
            self.assertGreaterEqual(len(am.alerts()), 8)
            self.assertIn("Damaged state files", am.log())
            am.kill()
            os.remove(path)
            os.mkdir(path)
            am.start()
            self.assertIn("none will be kept", am.log())
            am.post_alerts([alert("InMemory", ends_in=600)])
            am.stop()

    @unittest.skipUnless(os.access(ALERTMANAGER_PACKAGED, os.X_OK), "no packaged Alertmanager")
    def test_the_packaged_one_takes_the_directory_over_and_gives_it_back(self):
        with World() as world:
            sink = world.sink()
            config = am_config(sink.url("am"), group_wait="200ms", group_interval="1s")
            am = start(world, sink)
            am.post_alerts([alert("Shared", ends_in=600)])
            sink.wait(1, alive=[am])
            am.stop()
            kept = sorted(name for name in os.listdir(am.data) if name.startswith("alerts."))
            bytes_kept = [os.path.getsize(os.path.join(am.data, name)) for name in kept]
            self.assertIn("alerts.state", kept)

            packaged = world.alertmanager("packaged", config, cluster=False, packaged=True)
            packaged.argv = [a.replace(packaged.data, am.data) for a in packaged.argv]
            packaged.start()
            packaged.post_alerts([alert("Shared", ends_in=600)])
            holds("nothing is told again", lambda: len(sink.find()) == 1, GROUP_INTERVAL * 3)
            packaged.stop()
            self.assertEqual([os.path.getsize(os.path.join(am.data, name)) for name in kept], bytes_kept)

            am.start()
            self.assertEqual([a["labels"]["alertname"] for a in am.alerts()], ["Shared"])
            am.post_alerts([alert("Shared", ends_in=-0.1)])
            sink.wait(1, status="resolved", alive=[am])
            holds("one message of each kind", lambda: statuses(sink) == ["firing", "resolved"], GROUP_INTERVAL * 2)
            am.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
