# SPDX-License-Identifier: Apache-2.0
"""Clusters over mutual TLS, with packaged peers and with our own, and clusters that encrypt."""

import base64
import os
import secrets
import shutil
import signal
import subprocess
import time
import unittest

from harness import Process, World, am_config, holds, request, rfc3339, wait_for

ALIVE_SECONDS = 60
SILENCE_SECONDS = 5
DEAD_SECONDS = 15
LARGE_CHARS = 20000  # of a comment: more than a packet takes
RELOADED = "Completed loading of configuration file"

TLS_CONFIG = """\
tls_server_config:
  cert_file: {name}.crt
  key_file: {name}.key
  client_ca_file: {ca}.crt
  client_auth_type: RequireAndVerifyClientCert
tls_client_config:
  ca_file: {ca}.crt
  cert_file: {name}.crt
  key_file: {name}.key
"""


def openssl(world, *args):
    subprocess.run(["openssl", *args], cwd=world.folder, check=True, capture_output=True)


def make_ca(world, ca):
    openssl(world, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca + ".key", "-out", ca + ".crt",
            "-subj", "/CN=" + ca, "-days", "2")


def make_tls_config(world, name, ca):
    """A certificate for 127.0.0.1, and the file that --cluster.tls-config names."""
    openssl(world, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
            "-subj", "/CN=" + name)
    world.write(name + ".ext", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl(world, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-CAcreateserial",
            "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt")
    return world.write(name + ".tls.yml", TLS_CONFIG.format(name=name, ca=ca))


def post_silence(peer, comment):
    reply = request("POST", peer.address, "/api/v2/silences", {
        "matchers": [{"name": "alertname", "value": "X", "isRegex": False}], "startsAt": rfc3339(),
        "endsAt": rfc3339(600), "createdBy": "test", "comment": comment})
    assert reply.status == 200, reply.text
    return reply.json()["silenceID"]


def start(world, name, peers=(), packaged=False, flags=()):
    return world.alertmanager(name, am_config("http://127.0.0.1:9/"), peers=peers, packaged=packaged,
                              flags=["--cluster.settle-timeout=10s", *flags]).start()


def wait_members(peers, count, seconds):
    for peer in peers:
        wait_for(f"{peer.name} to see {count} members", lambda p=peer: len(p.peer_names()) == count, seconds,
                 alive=peers)


class Life:
    """What a cluster of three must do, whoever is in it. The last peer is killed, the second leaves.

    One of the two that see the third one die must be ours: an upstream peer suspects nobody when it cannot dial, so
    two of them alone may take minutes.
    """

    def __init__(self, test, peers):
        self.test, self.peers = test, peers

    def check_silences(self):
        for maker in self.peers:
            for size in (10, LARGE_CHARS):
                comment = secrets.token_hex(size // 2)
                silence = post_silence(maker, comment)
                made = time.monotonic()
                for peer in self.peers:
                    found = wait_for(f"a silence of {size} bytes by {maker.name} at {peer.name}",
                                     lambda p=peer, s=silence: p.get("/api/v2/silence/" + s).status == 200 and
                                     p.get("/api/v2/silence/" + s).json(), SILENCE_SECONDS, alive=self.peers)
                    self.test.assertEqual(found["comment"], comment)
                print(f"{size} bytes by {maker.name} were everywhere after {time.monotonic() - made:.2f} s")

    def check_alive(self, seconds):
        wait_members(self.peers, 3, 60)
        holds("all members stay alive", lambda: all(
            len(p.peer_names()) == 3 and p.metric("alertmanager_cluster_peers_left_total") == 0
            for p in self.peers), seconds, every=1)

    def check_ends(self):
        first, second, third = self.peers
        third.kill()
        began = time.monotonic()
        wait_members([first, second], 2, DEAD_SECONDS)
        print(f"{third.name} was dead to both after {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        second.stop()
        wait_members([first], 1, 2)
        print(f"{second.name} was gone {time.monotonic() - began:.1f} s after SIGTERM")


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make certificates with")
class OverTls(unittest.TestCase):
    def cluster(self, world, kinds):
        make_ca(world, "ca")
        peers = []
        for i, kind in enumerate(kinds):
            name = f"{kind}-{i}"
            flags = ["--cluster.tls-config=" + make_tls_config(world, name, "ca")]
            peers.append(start(world, name, peers, kind == "packaged", flags))
        return peers

    def test_ours_among_two_packaged(self):
        with World() as world:
            life = Life(self, self.cluster(world, ["packaged", "ours", "packaged"]))
            ours = life.peers[1]
            life.check_alive(ALIVE_SECONDS)
            life.check_silences()
            self.assertGreater(ours.metric("alertmanager_tls_transport_packet_bytes_received_total"), 0)
            self.assertGreater(ours.metric("alertmanager_tls_transport_packet_bytes_sent_total"), 0)
            self.assertGreater(ours.metric("alertmanager_tls_transport_stream_connections_sent_total"), 0)
            self.assertGreater(ours.metric("alertmanager_tls_transport_stream_connections_received_total"), 0)
            self.assertEqual(ours.metric("alertmanager_tls_transport_write_errors_total"), 0)
            self.assertEqual(ours.metric("tocsin_cluster_packets_refused_total"), 0)
            # Its goodbye says that it has read a large message to the end: none was sent twice.
            self.assertEqual(ours.metric("alertmanager_oversized_gossip_message_failure_total"), 0)
            self.assertEqual(ours.metric("alertmanager_oversized_gossip_message_sent_total"), 2)
            life.check_ends()

    def test_one_of_ours_dies_before_a_packaged_one(self):
        with World() as world:
            life = Life(self, self.cluster(world, ["ours", "packaged", "ours"]))
            life.check_alive(5)
            life.check_silences()
            life.check_ends()
            life.peers[0].stop()

    def test_a_stranger_is_not_let_in_until_its_files_are_replaced(self):
        with World() as world:
            peers = self.cluster(world, ["ours", "packaged"])
            wait_members(peers, 2, 30)
            make_ca(world, "other")
            flags = ["--cluster.tls-config=" + make_tls_config(world, "stranger", "other"),
                     "--cluster.reconnect-interval=1s"]
            stranger = start(world, "stranger", peers, flags=flags)
            holds("the stranger is alone", lambda: len(stranger.peer_names()) == 1 and
                  len(peers[0].peer_names()) == 2, 5)
            make_tls_config(world, "stranger", "ca")
            shutil.copy(os.path.join(world.folder, "ca.crt"), os.path.join(world.folder, "other.crt"))
            wait_members([*peers, stranger], 3, 30)
            world.stop_all()

    def test_a_bad_file_is_refused_at_start(self):
        with World() as world:
            for text, error in (
                    ("", "missing 'tls_server_config' entry in the TLS configuration"),
                    ("tls_server_config: {cert_file: x, key_file: y}\ntls_client_config:\n",
                     "missing 'tls_client_config' entry in the TLS configuration"),
                    ("tls_server_config: {cert_file: x, key_file: y}\n", "x: no such file or directory"),
                    ("tls_server_config: {key_file: y}\n", "missing one of cert or cert_file"),
                    ("tls_server_config: {nonsense: 1}\n", "field nonsense not found in type web.TLSConfig")):
                path = world.write("bad.tls.yml", text)
                am = world.alertmanager("bad", am_config("http://127.0.0.1:9/"),
                                        flags=["--cluster.tls-config=" + path])
                Process.start(am)
                self.assertNotEqual(am.wait_exit(), 0)
                self.assertIn(error, am.log())
                os.remove(am.log_path)


class Encrypted(unittest.TestCase):
    def test_three_of_ours_with_a_key(self):
        with World() as world:
            keys = world.write("keys", base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
            peers = []
            for i in range(3):
                peers.append(start(world, f"ours-{i}", peers, flags=["--cluster.encryption-key-file=" + keys]))
            life = Life(self, peers)
            life.check_alive(5)
            life.check_silences()

            # The packaged one does not encrypt: nobody hears it.
            packaged = start(world, "packaged", peers, packaged=True)
            wait_for("the refusals to be counted",
                     lambda: peers[0].metric("tocsin_cluster_secrets_refused_total") > 0)
            holds("nobody takes it for a member", lambda: len(packaged.peer_names()) == 1 and
                  len(peers[0].peer_names()) == 3, 3)
            refusals = peers[0].log().count("Refused a peer without the right encryption key")
            self.assertEqual(refusals, 1)
            packaged.stop()

            # A new key in front, then alone, without a restart.
            new = base64.b64encode(secrets.token_bytes(16)).decode()
            with open(keys, encoding="ascii") as f:
                old = f.read().strip()
            for text in (f"{old}\n{new}\n", f"{new}\n{old}\n", f"{new}\n"):
                world.write("keys", text)
                for peer in peers:
                    before = peer.log().count(RELOADED)
                    peer.popen.send_signal(signal.SIGHUP)
                    wait_for("the reload", lambda p=peer, n=before: p.log().count(RELOADED) > n)
                life.check_silences()
            life.check_alive(3)
            life.check_ends()


if __name__ == "__main__":
    unittest.main(verbosity=2)
