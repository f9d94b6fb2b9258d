# SPDX-License-Identifier: Apache-2.0
"""A mixed cluster: what one kind of peer has sent the other kind does not repeat."""

import unittest

from harness import World
from mixed_cluster import AFTER, BEFORE, Cluster


class NotifiedOnce(unittest.TestCase):
    def test_what_ours_sent_the_packaged_one_does_not_repeat(self):
        with World() as world:
            cluster = Cluster(world, BEFORE)
            cluster.post(cluster.peers)
            cluster.expect("firing", cluster.ours[0].name, cluster.peers)
            cluster.post(cluster.peers, ends_in=-0.1)
            cluster.expect("resolved", cluster.ours[0].name, cluster.peers)
            world.stop_all()

    def test_what_the_packaged_one_sent_ours_do_not_repeat(self):
        with World() as world:
            cluster = Cluster(world, AFTER)
            cluster.post(cluster.peers)
            cluster.expect("firing", "packaged", cluster.peers)
            cluster.post(cluster.peers, ends_in=-0.1)
            cluster.expect("resolved", "packaged", cluster.peers)
            world.stop_all()


if __name__ == "__main__":
    unittest.main(verbosity=2)
