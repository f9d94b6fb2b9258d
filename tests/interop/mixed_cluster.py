# SPDX-License-Identifier: Apache-2.0
"""Two of our peers and a packaged Alertmanager 0.25 in one cluster.

The position of a peer, and so who sends, follows the order of the names. The packaged one has a
random name that begins with 01; ours are named to come before or after it.

The group interval is longer than all positions' waits together, and a test changes alerts between
two flushes: while an upstream peer waits for its turn it holds alerts as they were when the wait
began, and would tell that old news.
"""

from harness import alert, am_config, holds, wait_for

ALERTS = 40
PEER_TIMEOUT = 2
GROUP_INTERVAL = 8
TURNS_SECONDS = PEER_TIMEOUT * 2 + 1  # after the first peer has sent: when the third one's turn has passed
BEFORE, AFTER = "00", "zz"


class Cluster:
    """Packaged peer first in the list, then two of ours named before or after it."""

    def __init__(self, world, prefix):
        self.world, self.sink = world, world.sink()
        flags = [f"--cluster.peer-timeout={PEER_TIMEOUT}s"]

        def config(name):
            return am_config(self.sink.url(name), group_wait="1s", group_interval=f"{GROUP_INTERVAL}s")

        self.packaged = world.alertmanager("packaged", config("packaged"), packaged=True, flags=flags).start()
        self.ours = []
        for i in range(2):
            name = f"{prefix}-ours-{i}"
            self.ours.append(world.alertmanager(name, config(name), peers=[self.packaged, *self.ours],
                                                flags=flags).start())
        self.peers = [self.packaged, *self.ours]
        for peer in self.peers:
            wait_for(f"{peer.name} to see 3 settled members", lambda p=peer: p.is_settled(3), seconds=90,
                     alive=self.peers)

    def post(self, peers, **options):
        for peer in peers:
            peer.post_alerts([alert(f"Mixed{i}", **options) for i in range(ALERTS)])

    def counts(self, status):
        return {p.name: len(self.sink.find(status=status, peer=p.name)) for p in self.peers}

    def expect(self, status, sender, peers):
        """One message per alert, all by `sender`, and none more when the other positions' turns come."""
        self.sink.wait(ALERTS, seconds=45, status=status, alive=peers)
        holds("one message per alert", lambda: len(self.sink.find(status=status)) == ALERTS, TURNS_SECONDS,
              seen=lambda: f"{status} messages sent: {self.counts(status)}")
        names = {m.names[0] for m in self.sink.find(status=status)}
        counts = self.counts(status)
        print(f"{ALERTS} groups, {status}: " + ", ".join(f"{n} sent {c}" for n, c in counts.items()))
        assert len(names) == ALERTS, names
        assert counts[sender] == ALERTS, counts
