# SPDX-License-Identifier: Apache-2.0
"""kill -9 at the worst moments: nothing accepted is lost, nothing notified is repeated."""

import os
import unittest

from harness import World, alert, am_config, holds, request, rfc3339, wait_for

GROUP_INTERVAL = 2


def start(world, sink, **config):
    settings = {"group_wait": "200ms", "group_interval": f"{GROUP_INTERVAL}s", **config}
    return world.alertmanager("am", am_config(sink.url("am"), **settings), cluster=False).start()


class Journal:
    """Tells when the notification log has taken the next message: written, though perhaps not yet
    on the disk. That is all that kill -9 needs; it takes about a millisecond from the answer."""

    def __init__(self, am):
        self.am, self.path = am, os.path.join(am.data, "nflog.journal")
        self.bytes = os.path.getsize(self.path)

    def wait(self):
        wait_for("the message to be in the log", lambda: os.path.getsize(self.path) > self.bytes, every=0.0005,
                 alive=[self.am])


class Restart(unittest.TestCase):
    def test_killed_right_after_the_answer_does_not_repeat(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            for number in range(4):
                journal = Journal(am)
                am.post_alerts([alert(f"Once{number}")])
                journal.wait()
                am.kill()
                am.start()
                am.post_alerts([alert(f"Once{old}") for old in range(number + 1)])  # senders repeat what fires
            holds("one message per alert", lambda: len(sink.find()) == 4, GROUP_INTERVAL * 2 + 1,
                  seen=lambda: sink.find())
            am.stop()

    def test_killed_in_the_moment_of_the_answer_loses_nothing(self):
        """The answer may not have been read when the process dies: a repeat is allowed, a loss is not."""
        with World() as world:
            am = None
            sink = world.sink(on_answered=lambda m: am.popen.kill() if m.names == ["First"] else None)
            am = start(world, sink)
            am.post_alerts([alert("First")])
            am.wait_exit()
            first = len(sink.find(name="First"))
            self.assertEqual(first, 1)
            sink_after = world.sink()
            world.write("am.yml", am_config(sink_after.url("am"), group_wait="200ms", group_interval="2s"))
            am.start()
            am.post_alerts([alert("First"), alert("Second")])
            sink_after.wait(1, name="Second", alive=[am])
            holds("at most one repeat", lambda: len(sink_after.find(name="First")) <= 1, GROUP_INTERVAL * 2)
            print(f"killed within the answer: {len(sink_after.find(name='First'))} repeat(s)")
            am.stop()

    def test_killed_before_the_first_message(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink, group_wait="3s")
            alerts = [alert(f"Kept{i}") for i in range(20)]
            am.post_alerts(alerts)
            am.kill()  # before the group's first message is due
            am.start()
            am.post_alerts(alerts)  # senders repeat what fires
            sink.wait(20, alive=[am])
            holds("one message per alert", lambda: len(sink.find()) == 20, GROUP_INTERVAL + 1)
            self.assertEqual(sorted(m.names[0] for m in sink.find()), sorted(f"Kept{i}" for i in range(20)))
            am.stop()

    def test_killed_before_the_end_was_told(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            journal = Journal(am)
            am.post_alerts([alert("Ends")])
            journal.wait()
            am.post_alerts([alert("Ends", ends_in=-0.01)])
            am.kill()
            am.start()
            am.post_alerts([alert("Ends", ends_in=-0.01)])  # senders repeat an end for minutes
            sink.wait(1, status="resolved", alive=[am])
            holds("one message of each kind", lambda: len(sink.find()) == 2, GROUP_INTERVAL * 2)
            am.stop()

    def test_orderly_stop_and_start_repeats_nothing(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            am.post_alerts([alert(f"Calm{i}", severity="page") for i in range(10)])
            sink.wait(10, alive=[am])
            am.stop()
            am.start()
            am.post_alerts([alert(f"Calm{i}", severity="page") for i in range(10)])
            holds("ten messages", lambda: len(sink.find()) == 10, GROUP_INTERVAL * 2)
            am.stop()

    def test_silence_survives(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            reply = request("POST", am.address, "/api/v2/silences", {
                "matchers": [{"name": "alertname", "value": "Quiet", "isRegex": False}],
                "startsAt": rfc3339(), "endsAt": rfc3339(3600), "createdBy": "test", "comment": "test"})
            self.assertEqual(reply.status, 200, reply.text)
            am.kill()
            am.start()
            am.post_alerts([alert("Quiet"), alert("Loud")])
            sink.wait(1, name="Loud", alive=[am])
            holds("the silenced alert is not sent", lambda: not sink.find(name="Quiet"), GROUP_INTERVAL * 2)
            self.assertEqual(am.alerts("?filter=alertname%3DQuiet")[0]["status"]["state"], "suppressed")
            am.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
