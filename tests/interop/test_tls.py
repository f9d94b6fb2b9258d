# SPDX-License-Identifier: Apache-2.0
"""The files of mutual TLS between peers, packaged ones and ours, and clusters of ours that encrypt."""

import base64
import os
import secrets
import shutil
import signal
import unittest

from cluster_life import Life
from harness import Process, World, am_config, holds, wait_for
from tls_files import HAVE_OPENSSL, make_ca, make_tls_config

RELOADED = "Completed loading of configuration file"

def start(world, name, peers=(), packaged=False, flags=()):
    return world.alertmanager(name, am_config("http://127.0.0.1:9/"), peers=peers, packaged=packaged,
                              flags=["--cluster.settle-timeout=10s", *flags]).start()


def wait_members(peers, count, seconds):
    for peer in peers:
        wait_for(f"{peer.name} to see {count} members", lambda p=peer: len(p.peer_names()) == count, seconds,
                 alive=peers)


@unittest.skipUnless(HAVE_OPENSSL, "no openssl to make certificates with")
class OverTls(unittest.TestCase):
    def cluster(self, world, kinds):
        make_ca(world, "ca")
        peers = []
        for i, kind in enumerate(kinds):
            name = f"{kind}-{i}"
            flags = ["--cluster.tls-config=" + make_tls_config(world, name, "ca")]
            peers.append(start(world, name, peers, kind == "packaged", flags))
        return peers

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
            flag = "--cluster.encryption-key-file=" + keys
            life = Life(self, world, "encrypted", ["ours"] * 3, lambda name: [flag])
            peers = life.peers
            life.check_silences()
            life.check_alive(5)

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
                life.check_silences(when=", with other keys,")
            life.stays_complete(3)
            life.check_death(peers[2])
            life.check_leave(peers[1])
            life.check_log_entries()
            world.stop_all()


if __name__ == "__main__":
    unittest.main(verbosity=2)
