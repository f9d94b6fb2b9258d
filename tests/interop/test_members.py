# SPDX-License-Identifier: Apache-2.0
"""A mixed cluster: members see each other, share silences, and teach newcomers."""

import unittest

from harness import World, am_config, holds, request, rfc3339, wait_for
from mixed_cluster import ALERTS, BEFORE, GROUP_INTERVAL, PEER_TIMEOUT, Cluster


class Members(unittest.TestCase):
    def test_members_see_each_other_alive(self):
        with World() as world:
            cluster = Cluster(world, BEFORE)
            lists = [sorted(p.peer_names()) for p in cluster.peers]
            self.assertEqual(lists[0], lists[1])
            self.assertEqual(lists[0], lists[2])
            for peer in cluster.peers:
                self.assertEqual(peer.metric("alertmanager_cluster_members"), 3)
                self.assertEqual(peer.metric("alertmanager_cluster_failed_peers"), 0)
            # Health is what the protocol measures: 0 is perfect, and must stay so over many probes.
            holds("every member stays healthy and alive", lambda: all(
                p.metric("alertmanager_cluster_health_score") == 0 and len(p.peer_names()) == 3
                for p in cluster.peers), 8, every=0.5)
            # The packaged one is told when one of ours leaves, and the other way round.
            cluster.ours[1].stop()
            wait_for("the packaged peer to see one leave", lambda: len(cluster.packaged.peer_names()) == 2)
            cluster.packaged.stop()
            wait_for("ours to see the packaged peer leave", lambda: len(cluster.ours[0].peer_names()) == 1)
            cluster.ours[0].stop()

    def test_silences_travel_both_ways(self):
        with World() as world:
            cluster = Cluster(world, BEFORE)
            ids = {}
            for creator in (cluster.packaged, cluster.ours[0]):
                reply = request("POST", creator.address, "/api/v2/silences", {
                    "matchers": [{"name": "alertname", "value": creator.name + ".*", "isRegex": True}],
                    "startsAt": rfc3339(), "endsAt": rfc3339(600), "createdBy": "test", "comment": "by " + creator.name})
                self.assertEqual(reply.status, 200, reply.text)
                ids[creator.name] = reply.json()["silenceID"]
            for peer in cluster.peers:
                for creator, silence in ids.items():
                    found = wait_for(f"the silence by {creator} at {peer.name}",
                                     lambda p=peer, s=silence: p.get("/api/v2/silence/" + s).status == 200 and
                                     p.get("/api/v2/silence/" + s).json())
                    self.assertEqual(found["comment"], "by " + creator)
                    self.assertEqual(found["status"]["state"], "active")
            # Deleted where it was not created.
            self.assertEqual(request("DELETE", cluster.packaged.address, "/api/v2/silence/" +
                                     ids[cluster.ours[0].name]).status, 200)
            self.assertEqual(request("DELETE", cluster.ours[1].address, "/api/v2/silence/" +
                                     ids["packaged"]).status, 200)
            for peer in cluster.peers:
                for silence in ids.values():
                    wait_for(f"its end at {peer.name}", lambda p=peer, s=silence: p.get(
                        "/api/v2/silence/" + s).json()["status"]["state"] == "expired")
            world.stop_all()

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
