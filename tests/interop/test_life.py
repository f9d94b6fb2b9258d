# SPDX-License-Identifier: Apache-2.0
"""The whole life of mixed clusters of three: two packaged peers with one of ours and the other way round, plain and
over mutual TLS.

Who is killed: of two that see a peer die one must be ours where they talk over TLS. A packaged peer there suspects
nobody that it cannot dial, so that two of them alone may take minutes, and what we would measure is not our program.
In that cluster ours is killed nevertheless, but starts again at once.

A packaged peer writes what it has to say to one that has started again over TLS into its old connection: the first
two packets, news or a goodbye, are lost without an error. So the last silences are made when pings have been through.
"""

import unittest

from cluster_life import SUSPICION_SECONDS, Life
from harness import World
from tls_files import HAVE_OPENSSL, make_ca, make_tls_config

ALIVE_SECONDS = 60
TWO_PACKAGED = ["packaged", "ours", "packaged"]
ONE_PACKAGED = ["ours", "packaged", "ours"]


class ClusterLife(unittest.TestCase):
    def live(self, life, killed):
        life.check_silences()
        life.check_log_entries()
        life.check_alive(ALIVE_SECONDS)
        for peer in life.peers:
            self.assertEqual(peer.metric("alertmanager_oversized_gossip_message_failure_total"), 0, peer.name)
            self.assertEqual(peer.metric("tocsin_cluster_packets_refused_total"), 0, peer.name)
        life.check_crash(life.one("ours"))
        for kind in killed:
            life.check_death(life.one(kind))
        for kind in ("packaged", "ours"):
            life.check_leave(life.one(kind))
        life.stays_complete(SUSPICION_SECONDS)
        life.check_silences(when=", after all returns,")

    def live_plain(self, kinds, killed):
        with World() as world:
            self.live(Life(self, world, "plain", kinds), killed)
            world.stop_all()

    def live_over_tls(self, kinds, killed):
        with World() as world:
            make_ca(world, "ca")
            life = Life(self, world, "TLS", kinds,
                        lambda name: ["--cluster.tls-config=" + make_tls_config(world, name, "ca")])
            self.live(life, killed)
            for peer in life.peers:
                for name in ("packet_bytes_received_total", "packet_bytes_sent_total", "stream_connections_sent_total",
                             "stream_connections_received_total"):
                    self.assertGreater(peer.metric("alertmanager_tls_transport_" + name), 0, peer.name)
            world.stop_all()

    def test_plain_two_packaged(self):
        self.live_plain(TWO_PACKAGED, ["ours", "packaged"])

    def test_plain_one_packaged(self):
        self.live_plain(ONE_PACKAGED, ["ours", "packaged"])

    @unittest.skipUnless(HAVE_OPENSSL, "no openssl to make certificates with")
    def test_tls_two_packaged(self):
        self.live_over_tls(TWO_PACKAGED, ["packaged"])

    @unittest.skipUnless(HAVE_OPENSSL, "no openssl to make certificates with")
    def test_tls_one_packaged(self):
        self.live_over_tls(ONE_PACKAGED, ["ours", "packaged"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
