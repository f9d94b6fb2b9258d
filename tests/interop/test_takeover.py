# SPDX-License-Identifier: Apache-2.0
"""A mixed cluster: when the sender is killed, a peer of the other kind goes on where it was."""

import unittest

from harness import World
from mixed_cluster import AFTER, BEFORE, Cluster


class Takeover(unittest.TestCase):
    def test_the_packaged_one_takes_over_from_killed_ours(self):
        with World() as world:
            cluster = Cluster(world, BEFORE)
            cluster.post(cluster.peers)
            cluster.expect("firing", cluster.ours[0].name, cluster.peers)
            for peer in cluster.ours:
                peer.kill()
            cluster.post([cluster.packaged], ends_in=-0.1)
            cluster.expect("resolved", "packaged", [cluster.packaged])

    def test_ours_take_over_from_the_killed_packaged_one(self):
        with World() as world:
            cluster = Cluster(world, AFTER)
            cluster.post(cluster.peers)
            cluster.expect("firing", "packaged", cluster.peers)
            cluster.packaged.kill()
            cluster.post(cluster.ours, ends_in=-0.1)
            cluster.expect("resolved", cluster.ours[0].name, cluster.ours)


if __name__ == "__main__":
    unittest.main(verbosity=2)
