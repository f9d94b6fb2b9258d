# SPDX-License-Identifier: Apache-2.0
"""A member under load still answers: while its core thread lists 100,000 alerts, reloads, writes its
states or exchanges them with a newcomer, pings are acknowledged within the time after which peers
would suspect it, and no turn of its event loop takes that long either.

Each activity prints what was measured.
"""

import contextlib
import os
import subprocess
import time
import unittest
import uuid

from harness import World, am_config, metrics, request, rfc3339, wait_for
from pinger import Pinger, Plain, Sealed

PROBE_TIMEOUT = 0.5  # --cluster.probe-timeout

ALERTS = 100_000
ALERTS_PER_POST = 2_000
ALERTS_PER_GROUP = 100
LOG_ENTRIES = 100_000
SILENCES = 20_000
BUSY_SECONDS = 60  # for one activity of an instrumented program

FLAGS = ["--data.maintenance-interval=5s", "--cluster.pushpull-interval=1s"]
CONFIG = am_config("http://127.0.0.1:1/", group_by="group", group_wait="1h")


# ---- state files (docs/wire/nflog.md, docs/wire/silences.md) -------------------------------------

def varint(n):
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def chunk(number, data):
    """A field with a length: bytes, text or a message."""
    data = data.encode() if isinstance(data, str) else data
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def timestamp(number, seconds):
    return chunk(number, b"\x08" + varint(int(seconds)))


def log_entry(i, now):
    receiver = chunk(1, "team") + chunk(2, "webhook")
    told = (chunk(1, '{}:{group="told-%d"}' % i) + chunk(2, receiver) + timestamp(5, now - 60) +
            chunk(6, varint(0x6d0094b400000000 + i)))
    return chunk(1, told) + timestamp(2, now + 86400)


def silence(i, now):
    matcher = chunk(2, "instance") + chunk(3, "host-%d" % i)
    body = (chunk(1, str(uuid.UUID(int=i + (4 << 76) + (8 << 60)))) + chunk(2, matcher) + timestamp(3, now - 60) +
            timestamp(4, now + 86400) + timestamp(5, now - 60) + chunk(8, "ops") + chunk(9, "being replaced") +
            chunk(11, chunk(1, matcher)))
    return chunk(1, body) + timestamp(2, now + 5 * 86400)


def write_states(am):
    """The files that the program loads when it starts."""
    now = time.time()
    os.makedirs(am.data)
    for name, count, make in (("nflog", LOG_ENTRIES, log_entry), ("silences", SILENCES, silence)):
        with open(os.path.join(am.data, name), "wb") as f:
            for i in range(count):
                record = make(i, now)
                f.write(varint(len(record)) + record)


def has_merged_states(am):
    return (am.metric("alertmanager_silences_gossip_messages_propagated_total") == SILENCES and
            am.metric("alertmanager_nflog_gossip_messages_propagated_total") == LOG_ENTRIES)


def states_received(am):
    return am.metric("alertmanager_cluster_messages_received_total", msg_type="full_state")


# ---- measuring -----------------------------------------------------------------------------------

def turns(am):
    """The loop's turns so far: {upper bound in seconds: how many took no longer}."""
    found = metrics(am.address)
    prefix = 'tocsin_loop_turn_seconds_bucket{le="'
    return {float(k[len(prefix):-2]): n for k, n in found.items() if k.startswith(prefix)}


class Watch:
    """Members while they are busy: pings to each, and the turns of their loops."""

    def __init__(self, *members, fresh=(), make_cipher=Plain):
        """`fresh` have not been started yet. make_cipher None: there is no UDP to ping on."""
        self.members = members + tuple(fresh)
        self.before = {am: {} if am in fresh else turns(am) for am in self.members}
        self.pingers = [Pinger(am.gossip_port, make_cipher) for am in self.members] if make_cipher else []
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for pinger in self.pingers:
            self.stack.enter_context(pinger)
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def longest_turn(self):
        """The smallest bound that holds for all turns since the beginning."""
        def grown(am):
            after = turns(am)
            return {bound: n - self.before[am].get(bound, 0) for bound, n in after.items()}
        longest = 0
        for counts in map(grown, self.members):
            longest = max(longest, min(bound for bound, n in counts.items() if n == counts[float("inf")]))
        return longest


# ---- the test ------------------------------------------------------------------------------------

class Responsive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World())
        cls.am = cls.world.alertmanager("am", CONFIG, flags=FLAGS)
        write_states(cls.am)
        cls.am.start()

    def check(self, what, watch):
        turn = watch.longest_turn()
        acks = sum(len(p.round_trips) for p in watch.pingers)
        slowest = max((p.slowest() for p in watch.pingers), default=0)
        measured = f"slowest of {acks} acks {slowest * 1000:.0f} ms, " if watch.pingers else ""
        print(f"{what}: {measured}longest turn <= {turn * 1000:g} ms", flush=True)
        self.assertLess(slowest, PROBE_TIMEOUT, what)
        self.assertLessEqual(turn, PROBE_TIMEOUT, what)

    def test_1_arrival(self):
        with Watch(self.am) as watch:
            for first in range(0, ALERTS, ALERTS_PER_POST):
                self.am.post_alerts([
                    {"labels": {"alertname": "Down", "group": "g%d" % (i // ALERTS_PER_GROUP),
                                "instance": "host-%d" % i, "severity": "critical"},
                     "annotations": {"summary": "host-%d does not answer" % i}, "endsAt": rfc3339(3600)}
                    for i in range(first, first + ALERTS_PER_POST)], timeout=BUSY_SECONDS)
        self.check(f"arrival of {ALERTS} alerts", watch)

    def listing(self, path):
        with Watch(self.am) as watch:
            reply = self.am.get(path, timeout=BUSY_SECONDS)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.body.count(b'"fingerprint"'), ALERTS)
        self.check(f"listing of {ALERTS} alerts from {path}", watch)

    def test_2_listing(self):
        self.listing("/api/v2/alerts")

    def wait_grouped(self):
        """Each group's last alert is in it."""
        path = "/api/v2/alerts/groups?filter=instance%3D~%22.*99%22"
        wait_for("all alerts to be in groups", lambda: len(self.am.get(path, timeout=BUSY_SECONDS).json()) ==
                 ALERTS // ALERTS_PER_GROUP, seconds=BUSY_SECONDS, alive=[self.am])

    def test_2_listing_of_groups(self):
        self.wait_grouped()
        self.listing("/api/v2/alerts/groups")

    def test_3_reload(self):
        with Watch(self.am) as watch:
            reply = request("POST", self.am.address, "/-/reload", timeout=BUSY_SECONDS)
            self.assertEqual(reply.status, 200)
            self.wait_grouped()
        self.check(f"reload with {ALERTS} alerts", watch)

    def test_4_snapshot(self):
        def written():
            return self.am.metric("alertmanager_nflog_snapshot_duration_seconds_count")
        before = written()
        with Watch(self.am) as watch:
            wait_for("two snapshots", lambda: written() >= before + 2, seconds=BUSY_SECONDS)
        self.check(f"snapshots of {LOG_ENTRIES} entries and {SILENCES} silences", watch)

    def join(self, what, first, flags=(), make_cipher=Plain):
        """A newcomer gets everything from `first`."""
        newcomer = self.world.alertmanager(first.name + "-newcomer", CONFIG, [first], flags=[*FLAGS, *flags])
        with Watch(first, fresh=[newcomer], make_cipher=make_cipher) as watch:
            newcomer.start()
            wait_for("the newcomer to have both states", lambda: has_merged_states(newcomer), seconds=BUSY_SECONDS,
                     alive=[first, newcomer])
            wait_for("exchanges of what both know", lambda: min(map(states_received, (first, newcomer))) >= 3,
                     seconds=BUSY_SECONDS, alive=[first, newcomer])
        self.check(what, watch)
        newcomer.kill()

    def test_5_push_pull(self):
        self.join("push/pull of whole states", self.am)

    def started(self, name, flags):
        am = self.world.alertmanager(name, CONFIG, flags=[*FLAGS, *flags])
        write_states(am)
        return am.start()

    def test_6_push_pull_encrypted(self):
        key = bytes(range(32))
        flags = ["--cluster.encryption-key-file=" +
                 self.world.write("key", subprocess.run(["base64"], input=key, capture_output=True,
                                                        check=True).stdout.decode())]
        self.join("push/pull of whole states, encrypted", self.started("sealed", flags), flags,
                  lambda: Sealed(key))

    def test_7_push_pull_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out",
                        "tls.crt", "-days", "2", "-subj", "/CN=tocsin", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=self.world.folder, check=True, capture_output=True)
        pair = "cert_file: tls.crt, key_file: tls.key"
        flags = ["--cluster.tls-config=" + self.world.write("tls-config.yml", f"""\
tls_server_config: {{{pair}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: tls.crt}}
tls_client_config: {{{pair}, ca_file: tls.crt}}
""")]
        self.join("push/pull of whole states over TLS", self.started("tls", flags), flags,
                  make_cipher=None)


if __name__ == "__main__":
    unittest.main()
