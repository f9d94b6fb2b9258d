# SPDX-License-Identifier: Apache-2.0
"""A mixed cluster teaches a newcomer what was sent."""

import unittest

from harness import World, am_config, holds, wait_for
from mixed_cluster import ALERTS, BEFORE, GROUP_INTERVAL, PEER_TIMEOUT, Cluster


class Newcomer(unittest.TestCase):
    def test_a_newcomer_learns_the_state(self):
        """A new, empty peer gets the log from the others before its turn to send."""
        with World() as world:
            cluster = Cluster(world, BEFORE)
            cluster.post(cluster.peers)
            cluster.expect("firing", cluster.ours[0].name, cluster.peers)
            config = am_config(cluster.sink.url("late"), group_wait="1s", group_interval=f"{GROUP_INTERVAL}s")
            late = world.alertmanager("00-aa-late", config, peers=[cluster.packaged],
                                      flags=[f"--cluster.peer-timeout={PEER_TIMEOUT}s"]).start()
            wait_for("the newcomer to settle", lambda: late.is_settled(4), seconds=90, alive=[late])
            cluster.post([late])
            holds("the newcomer, first in line, repeats nothing", lambda: len(cluster.sink.find()) == ALERTS,
                  GROUP_INTERVAL * 2 + 2)
            world.stop_all()


if __name__ == "__main__":
    unittest.main(verbosity=2)
