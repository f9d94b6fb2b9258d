# SPDX-License-Identifier: Apache-2.0
"""What a cluster of three must do in its life, whoever is in it and however its peers talk.

What a check saw it prints, one line each, with the label of the cluster in front.
"""

import glob
import os
import secrets
import time

from harness import ALERTMANAGER_PACKAGED, alert, am_config, holds, request, rfc3339, wait_for

# Longest times, seconds.
NEWS_SECONDS = 5  # until a silence or a log entry is everywhere
DEAD_SECONDS = 15  # until a killed peer is dead everywhere
LEFT_SECONDS = 2  # until one that says goodbye is gone everywhere
BACK_SECONDS = 10  # until one that starts again is a member everywhere
SUSPICION_SECONDS = 8  # after a restart: a suspicion that nobody refuted would have become a death
TOGETHER_SECONDS = 60

SMALL, LARGE = 10, 20000  # characters of a silence's comment: one that fits a packet, one that takes a stream
FEW, MANY = 1, 150  # alerts of a group: an entry holds about ten bytes for each, above 700 it takes a stream

FLAGS = ["--cluster.settle-timeout=10s", "--cluster.peer-timeout=1s",
         "--data.maintenance-interval=1s"]  # a snapshot every second, to look into


def comment_at(peer, silence):
    """The comment of an active silence that the peer knows, or nothing."""
    reply = peer.get("/api/v2/silence/" + silence)
    if reply.status == 200 and reply.json()["status"]["state"] == "active":
        return reply.json()["comment"]
    return None


def has_ended(peer, silence):
    return peer.get("/api/v2/silence/" + silence).json()["status"]["state"] == "expired"


def has_logged(peer, name):
    """Whether the group of that alertname is in the peer's notification log on disk.

    The group's key stands there as text, in the snapshot or, with ours, first in the journal.
    """
    def holds_name(path):
        with open(path, "rb") as f:
            return f'alertname="{name}"'.encode() in f.read()
    return any(holds_name(path) for path in glob.glob(os.path.join(peer.data, "nflog*")))


def times_text(times):
    """{name: seconds} as "0.12 s (name), …"."""
    return ", ".join(f"{seconds:.2f} s ({name})" for name, seconds in times.items())


def sent_by_stream(peer, key):
    return peer.metric("alertmanager_oversized_gossip_message_sent_total", key=key)


class Life:
    """Three peers, each of which is told of the two others at every start.

    kinds: "ours" or "packaged", in the order of their first start. flags_of(name): more flags for that peer.
    The checks can be called in any order and repeatedly but for one thing: a packaged peer has another name after
    each start, so the others know one more peer, and with more than three known a death takes longer to be believed
    (11 s instead of 4 s). Let deaths of packaged peers come last.
    """

    def __init__(self, test, world, label, kinds, flags_of=lambda name: ()):
        self.test, self.sink = test, world.sink()
        self.peers = []
        for i, kind in enumerate(kinds):
            name = f"{kind}-{i}"
            self.peers.append(world.alertmanager(
                name, am_config(self.sink.url(name)), packaged=kind == "packaged",
                flags=[*FLAGS, *flags_of(name)]))
        for peer in self.peers:
            peer.introduce(self.others(peer))
        for peer in self.peers:
            peer.start()
        self.label = f"{label}, {self.members_text()}"
        for peer in self.peers:
            wait_for(f"{peer.name} to settle", lambda p=peer: p.is_settled(3), TOGETHER_SECONDS, alive=self.peers)
        self.everywhere("all others", self.is_complete, TOGETHER_SECONDS)
        self.began = time.monotonic()

    def members_text(self):
        theirs = [p for p in self.peers if p.packaged]
        texts = []
        if theirs:
            version = theirs[0].status()["versionInfo"]["version"] or ALERTMANAGER_PACKAGED
            texts.append(f"{len(theirs)} of upstream {version}")
        texts.append(f"{len(self.peers) - len(theirs)} of ours")
        return " and ".join(texts)

    def others(self, peer):
        return [p for p in self.peers if p is not peer]

    def one(self, kind):
        """The last peer of that kind: not the one all others met first, where there are two."""
        return [p for p in self.peers if p.packaged == (kind == "packaged")][-1]

    def is_complete(self, peer):
        """Whether a peer sees exactly those that run: by their addresses, and ours by their names as well."""
        members = peer.members()
        return ({address for _, address in members} == {p.gossip for p in self.peers} and len(members) == 3 and
                all((p.name, p.gossip) in members for p in self.peers if not p.packaged))

    def everywhere(self, what, seen, seconds, peers=None):
        """Waits until seen(peer) is true of all peers; for `seconds` together. Returns how long it took."""
        began = time.monotonic()
        peers = peers or self.peers
        for peer in peers:
            left = began + seconds - time.monotonic()
            wait_for(f"{what} at {peer.name}", lambda p=peer: seen(p), max(left, 0), alive=peers)
        return time.monotonic() - began

    def saw(self, text):
        print(f"{self.label}: {text}")

    # ---- while all are there -------------------------------------------------------------------

    def stays_complete(self, seconds):
        """Nobody is lost, not even between two looks, on any side."""
        def left():
            return [p.metric("alertmanager_cluster_peers_left_total") for p in self.peers]
        before = left()
        holds("all members stay alive", lambda: left() == before and all(self.is_complete(p) for p in self.peers),
              seconds, every=1)

    def check_alive(self, seconds):
        """All alive on all sides for that long since they were first together, whatever was done meanwhile."""
        self.stays_complete(max(self.began + seconds - time.monotonic(), 1))
        for peer in self.peers:
            self.test.assertEqual(peer.metric("alertmanager_cluster_peers_left_total"), 0, peer.name)
            self.test.assertEqual(peer.metric("alertmanager_cluster_members"), 3, peer.name)
            self.test.assertEqual(len({p.members()[0] for p in self.peers}), 1)
        self.everywhere("no failed peers", lambda p: p.metric("alertmanager_cluster_failed_peers") == 0, NEWS_SECONDS)
        self.everywhere("health", lambda p: p.metric("alertmanager_cluster_health_score") == 0, NEWS_SECONDS)
        self.saw(f"all were alive on all sides for {time.monotonic() - self.began:.0f} s")

    def post_silence(self, peer, comment):
        reply = request("POST", peer.address, "/api/v2/silences", {
            "matchers": [{"name": "alertname", "value": "X", "isRegex": False}], "startsAt": rfc3339(),
            "endsAt": rfc3339(600), "createdBy": "test", "comment": comment})
        self.test.assertEqual(reply.status, 200, reply.text)
        return reply.json()["silenceID"]

    def check_streams(self, peer, key, before, is_large):
        """What is too large for a packet went to each of the two others once, and what is small did not."""
        wanted = before + (2 if is_large else 0)
        wait_for(f"{wanted:g} streams by {peer.name}", lambda: sent_by_stream(peer, key) >= wanted, NEWS_SECONDS)
        self.test.assertEqual(sent_by_stream(peer, key), wanted, peer.name)

    def check_silences(self, when=""):
        """Made at each peer, ended at the next one. `when` goes into what is printed."""
        for size in (SMALL, LARGE):
            made, ended = {}, {}
            for i, maker in enumerate(self.peers):
                before = sent_by_stream(maker, "sil")
                comment = secrets.token_hex(size // 2)
                silence = self.post_silence(maker, comment)
                made[maker.name] = self.everywhere(
                    f"a silence of {size} bytes by {maker.name}",
                    lambda p, s=silence, c=comment: comment_at(p, s) == c, NEWS_SECONDS)
                self.check_streams(maker, "sil", before, size == LARGE)

                ender = self.peers[(i + 1) % 3]
                reply = request("DELETE", ender.address, "/api/v2/silence/" + silence)
                self.test.assertEqual(reply.status, 200, reply.text)
                ended[ender.name] = self.everywhere(f"its end by {ender.name}",
                                                    lambda p, s=silence: has_ended(p, s), NEWS_SECONDS)
            self.saw(f"silences of {size} bytes{when} were everywhere after {times_text(made)}; "
                     f"their ends after {times_text(ended)}")

    def check_log_entries(self):
        """Each peer in turn is the only one with an alert, so it sends: the others then have it in their logs."""
        for count in (FEW, MANY):
            logged = {}
            for maker in self.peers:
                before = sent_by_stream(maker, "nfl")
                name = "Life" + secrets.token_hex(8)
                maker.post_alerts([alert(name, starts_in=0, instance=str(i)) for i in range(count)])
                message = self.sink.wait(1, name=name, alive=self.peers)[0]
                self.test.assertEqual((message.peer, len(message.names)), (maker.name, count))
                logged[maker.name] = self.everywhere(f"the entry for {count} alerts by {maker.name}",
                                                     lambda p, n=name: has_logged(p, n), NEWS_SECONDS)
                self.check_streams(maker, "nfl", before, count == MANY)
            self.saw(f"log entries for {count} alert(s) were everywhere after {times_text(logged)}")

    # ---- ends and returns ----------------------------------------------------------------------

    def bring_back(self, peer):
        """Starts a peer again, at its address, with its data, ours under its name. Returns the time until it is a
        member on all sides, in seconds. It must learn the silence that it missed."""
        comment = secrets.token_hex(SMALL)
        silence = self.post_silence(self.others(peer)[0], comment)
        began = time.monotonic()
        peer.start()
        self.everywhere(f"the return of {peer.name}", self.is_complete, BACK_SECONDS)
        back = time.monotonic() - began
        self.everywhere("the silence that was missed", lambda p: comment_at(p, silence) == comment, NEWS_SECONDS)
        return back

    def check_death(self, peer):
        peer.kill()
        dead = self.everywhere(f"the death of {peer.name}", lambda p: len(p.members()) == 2, DEAD_SECONDS,
                               self.others(peer))
        back = self.bring_back(peer)
        self.saw(f"{peer.name} was dead to both others after {dead:.1f} s and everywhere {back:.1f} s after its new start")

    def check_crash(self, peer):
        """Killed and started again at once, before anybody misses it."""
        peer.kill()
        back = self.bring_back(peer)
        self.stays_complete(SUSPICION_SECONDS)
        self.saw(f"{peer.name} was dead to nobody, started again at once, and everywhere after {back:.1f} s")

    def check_leave(self, peer):
        peer.terminate()
        gone = self.everywhere(f"the goodbye of {peer.name}", lambda p: len(p.members()) == 2, LEFT_SECONDS,
                               self.others(peer))
        peer.wait_stopped()
        back = self.bring_back(peer)
        self.saw(f"{peer.name} was gone {gone:.2f} s after SIGTERM and everywhere {back:.1f} s after its new start")
