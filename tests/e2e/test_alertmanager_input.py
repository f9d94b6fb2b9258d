# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in, alertmanager says what is wrong with it, counts it, and goes on with the rest."""

import json
import os
import random
import signal
import socket
import time
import unittest

from harness import Process, World, alert, am_config, request, rfc3339, seed_of_the_run, wait_for

BODY_BYTES = 100 << 20
GARBAGE_PACKETS = 3000
GARBAGE_STREAMS = 60
SLOW_CLIENTS = 50

GOOD = am_config("http://127.0.0.1:9/hook", group_wait="200ms", group_interval="1s")

# What is broken -> (configuration, what the error must say).
BROKEN_CONFIGS = {
    "not YAML": (GOOD + "  - [\n", "line"),
    "unknown key": (GOOD + "nosuch: 1\n", "line 12: field nosuch not found"),
    "unknown key of the route": (GOOD.replace("group_by:", "grup_by:"), "line 4: field grup_by not found"),
    "no route": ("receivers: [{name: team}]\n", "no routes provided"),
    "unknown receiver": (GOOD.replace("receiver: team", "receiver: nobody"), 'undefined receiver "nobody"'),
    "bad duration": (GOOD.replace("repeat_interval: 4h", "repeat_interval: soon"), 'not a valid duration string: "soon"'),
    "bad matcher": (GOOD.replace("receivers:", "  routes: [{matchers: ['a=~\"(\"']}]\nreceivers:"), "missing closing )"),
    "bad URL": (GOOD.replace("http://127.0.0.1:9/hook", "'::'"), "::"),
    "empty": ("", "no route provided"),
}


def start(world, sink, **options):
    return world.alertmanager("am", am_config(sink.url("am"), group_wait="200ms", group_interval="1s"),
                              cluster=False, **options).start()


class Configuration(unittest.TestCase):
    def test_broken_file_at_start(self):
        with World() as world:
            for what, (text, expected) in BROKEN_CONFIGS.items():
                with self.subTest(what):
                    am = world.alertmanager(what.replace(" ", "-"), text, cluster=False)
                    Process.start(am)
                    self.assertEqual(am.wait_exit(), 1, am.log())
                    self.assertIn(expected, am.log().replace("\\\"", "\""))
                    self.assertIn(os.path.basename(am.config_path), am.log())

    def test_missing_file_and_unknown_flag(self):
        with World() as world:
            code, output = world.run("missing", [world.program("alertmanager"), "--config.file=/nonexistent.yml"])
            self.assertEqual(code, 1)
            self.assertIn("/nonexistent.yml: no such file or directory", output)
            code, output = world.run("flag", [world.program("alertmanager"), "--nosuch=1"])
            self.assertEqual(code, 1)
            self.assertIn("unknown long flag '--nosuch'", output)

    def test_odd_flags(self):
        """What upstream refuses is refused, with its words; what it starts with, ours starts with."""
        mesh = "unable to initialize gossip mesh: "
        refused = {
            ("--log.level=loud",): "unrecognized log level loud, try --help",
            ("--log.format=xml",): "unrecognized log format xml, try --help",
            ("--silences.max-silences=x",): 'strconv.ParseFloat: parsing "x": invalid syntax',
            ("--enable-feature=a",): "msg=\"error parsing the feature flag list\" err=\"unknown option 'a'",
            ("--config.file=/no.yml",): 'err="error loading configuration file: open /no.yml: no such file or directory"',
            ("--web.config.file=/no.yml",): 'err="alertmanager: HTTP listener failed: open /no.yml: no such file',
            ("--cluster.peer=",): mesh + "resolve peers: split host/port for peer : missing port in address",
            ("--cluster.advertise-address=host:5",): "couldn't deduce an advertise address: failed to parse advertise "
                                                     "addr 'host'",
        }
        started = {
            ("--silences.max-silences=1.5",): "",
            ("--cluster.advertise-address=:5",): "",
            ("--cluster.peer=127.0.0.1:x",): 'msg="unable to join gossip mesh" err="1 error occurred:',
            ("--cluster.peer=127.0.0.1:1",): "failed to join 127.0.0.1:1: ",
        }
        with World() as world:
            for i, (flags, expected) in enumerate(refused.items()):
                with self.subTest(flags):
                    am = world.alertmanager(f"refused-{i}", GOOD)
                    names = [f.split("=")[0] + "=" for f in flags]
                    am.argv = [a for a in am.argv if not a.startswith(tuple(names))] + list(flags)
                    Process.start(am)
                    self.assertEqual(am.wait_exit(), 1, am.log())
                    self.assertIn(expected, am.log())
            for i, (flags, expected) in enumerate(started.items()):
                with self.subTest(flags):
                    am = world.alertmanager(f"started-{i}", GOOD, flags=flags).start()
                    wait_for("the message", lambda a=am, e=expected: e in a.log(), alive=[am])
                    am.stop()
            code, output = world.run("help", [world.program("alertmanager"), "--help-long"])
            self.assertEqual(code, 0)
            self.assertIn("--cluster.peer", output)

    def test_broken_template(self):
        with World() as world:
            path = world.write("bad.tmpl", '{{ define "x" }}\n{{ nosuch }}\n{{ end }}')
            am = world.alertmanager("am", GOOD + f"templates: [{path}]\n", cluster=False)
            Process.start(am)
            self.assertEqual(am.wait_exit(), 1, am.log())
            self.assertIn("bad.tmpl:2: function", am.log())

    def test_broken_file_at_reload_changes_nothing(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            with open(am.config_path, encoding="utf-8") as f:
                good = f.read()
            for what, (text, expected) in BROKEN_CONFIGS.items():
                with self.subTest(what):
                    world.write("am.yml", text)
                    reply = request("POST", am.address, "/-/reload")
                    self.assertEqual(reply.status, 500)
                    self.assertIn(expected, reply.text)
                    self.assertEqual(am.metric("alertmanager_config_last_reload_successful"), 0)
                    name = "During " + what
                    am.post_alerts([alert(name)])
                    sink.wait(1, name=name, alive=[am])
            world.write("am.yml", good)
            am.popen.send_signal(signal.SIGHUP)
            wait_for("the reload", lambda: am.metric("alertmanager_config_last_reload_successful") == 1, alive=[am])
            self.assertEqual(len(sink.find()), len(BROKEN_CONFIGS))
            am.stop()

    def test_busy_port(self):
        with World() as world, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            am = world.alertmanager("web", GOOD, cluster=False)
            am.argv = [a if not a.startswith("--web.listen") else "--web.listen-address=" + address for a in am.argv]
            Process.start(am)
            self.assertEqual(am.wait_exit(), 1)
            self.assertIn(address, am.log())
            self.assertIn("address already in use", am.log())
            am = world.alertmanager("gossip", GOOD, flags=[])
            am.argv = [a if not a.startswith("--cluster.listen") else "--cluster.listen-address=" + address
                       for a in am.argv]
            Process.start(am)
            self.assertEqual(am.wait_exit(), 1)
            self.assertIn("address already in use", am.log())


class Requests(unittest.TestCase):
    def post(self, am, body, content_type="application/json"):
        return request("POST", am.address, "/api/v2/alerts", body, {"Content-Type": content_type})

    def test_malformed_bodies(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            rejected = {
                b"": 422, b"{": 400, b"[": 400, b"[{]": 400, b"{}": 400, b'[{"labels":1}]': 400,
                b'[{"labels":{"a":1}}]': 400, b"[{}]": 422, b"\xff\xfe": 400, b"[" * 100000: 400,
                b'[{"labels":{"a":"b"},"startsAt":"yesterday"}]': 400,
                b'[{"labels":{"a":"b"},"generatorURL":"not a url"}]': 422,
                b'[{"labels":{}}]': 400,
            }
            for body, status in rejected.items():
                with self.subTest(body[:40]):
                    reply = self.post(am, body)
                    self.assertEqual(reply.status, status, reply.text)
                    self.assertNotEqual(reply.body, b"")
            self.assertEqual(self.post(am, b"[]", "text/plain").status, 415)
            self.assertEqual(self.post(am, b"[]", "application/json;x").status, 400)
            # Times outside of what is stored are cut to it.
            far = {"labels": {"alertname": "Far"}, "startsAt": "0001-01-02", "endsAt": "9999-12-31T23:59:59Z"}
            self.assertEqual(self.post(am, json.dumps([far]).encode()).status, 200)
            self.assertEqual([(a["startsAt"], a["endsAt"]) for a in am.alerts()],
                             [("1677-09-21T00:12:43.145Z", "2262-04-11T23:47:16.854Z")])
            self.assertEqual(len(am.get("/api/v2/alerts/groups").json()), 1)
            self.assertEqual(self.post(am, json.dumps([{**far, "endsAt": rfc3339(-1)}]).encode()).status, 200)
            self.assertEqual(am.alerts(), [])
            # One that cannot be accepted does not stop the others of its request.
            reply = request("POST", am.address, "/api/v2/alerts", [alert("Good"), {"labels": {}}])
            self.assertEqual(reply.status, 400)
            self.assertIn("at least one label pair required", reply.text)
            sink.wait(1, name="Good", alive=[am])
            self.assertGreaterEqual(am.metric("alertmanager_alerts_invalid_total"), 2)
            am.stop()

    def test_huge_body_is_refused_and_delays_nobody(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            before = am.memory_kb()
            with socket.create_connection(("127.0.0.1", int(am.address.split(":")[1])), timeout=20) as huge:
                huge.sendall(b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n" % BODY_BYTES)
                sent, answer = 0, b""
                chunk = b"[" + b" " * ((1 << 20) - 1)
                try:
                    while sent < BODY_BYTES:
                        huge.sendall(chunk)
                        sent += len(chunk)
                        if sent == 8 << 20:
                            am.post_alerts([alert("Meanwhile")])
                            sink.wait(1, name="Meanwhile", seconds=10, alive=[am])
                except OSError:
                    pass  # refused before it was all there
                try:
                    answer = huge.recv(4096)
                except ConnectionResetError:
                    pass
            self.assertTrue(answer == b"" or answer.split()[1] in (b"413", b"400"), answer)
            reply = wait_for("an answer", lambda: am.get("/-/healthy"), alive=[am])
            self.assertEqual(reply.status, 200)
            self.assertLess(am.memory_kb() - before, 2 * BODY_BYTES / 1024)
            if not sink.find(name="Meanwhile"):
                am.post_alerts([alert("Meanwhile")])
            sink.wait(1, name="Meanwhile", alive=[am])
            print(f"100 MB body: {sent >> 20} MiB taken, answer {answer.split(bytes([13]))[0]}")
            am.stop()

    def test_huge_body_whole(self):
        """A client that reads the answer only after it has sent everything learns the reason."""
        with World() as world:
            am = start(world, world.sink())
            try:
                reply = request("POST", am.address, "/api/v2/alerts", b"[" + b" " * BODY_BYTES + b"]",
                                {"Content-Type": "application/json"}, timeout=60)
                self.assertEqual(reply.status, 413, reply.text)
            except (BrokenPipeError, ConnectionResetError):
                pass  # as legal: the connection was closed before the body was there
            self.assertEqual(am.get("/-/healthy").status, 200)
            am.stop()

    def test_slow_and_silent_clients_delay_nobody(self):
        with World() as world:
            sink = world.sink()
            am = start(world, sink)
            host = ("127.0.0.1", int(am.address.split(":")[1]))
            clients = [socket.create_connection(host) for _ in range(SLOW_CLIENTS)]
            for i, client in enumerate(clients):
                client.sendall([b"", b"GET", b"POST /api/v2/alerts HTTP/1.1\r\nContent-Length: 9\r\n\r\n["][i % 3])
            began = time.monotonic()
            am.post_alerts([alert("Prompt")])
            sink.wait(1, name="Prompt", seconds=10, alive=[am])
            self.assertLess(time.monotonic() - began, 5)
            for client in clients:
                client.close()
            am.stop()

    def test_bad_silences(self):
        with World() as world:
            am = start(world, world.sink())
            good = {"matchers": [{"name": "a", "value": "b", "isRegex": False}], "startsAt": rfc3339(),
                    "endsAt": rfc3339(60), "createdBy": "t", "comment": "c"}
            cases = [({**good, "matchers": []}, 422, "matchers in body should have at least 1 items"),
                     ({**good, "endsAt": rfc3339(-60)}, 400, "start time must be before end time"),
                     ({**good, "matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "missing closing )"),
                     ({k: v for k, v in good.items() if k != "comment"}, 422, "comment in body is required")]
            for body, status, text in cases:
                with self.subTest(text):
                    reply = request("POST", am.address, "/api/v2/silences", body)
                    self.assertEqual(reply.status, status, reply.text)
                    self.assertIn(text, reply.text)
            self.assertEqual(am.get("/api/v2/silences").json(), [])
            am.stop()


class GossipPort(unittest.TestCase):
    def test_garbage(self):
        seed = seed_of_the_run()
        print(f"garbage seed {seed}")
        dice = random.Random(seed)
        with World() as world:
            sink = world.sink()
            settings = {"group_wait": "1s", "group_interval": "2s"}
            flags = ["--cluster.peer-timeout=2s", "--cluster.settle-timeout=10s"]
            first = world.alertmanager("am-0", am_config(sink.url("am-0"), **settings), flags=flags).start()
            second = world.alertmanager("am-1", am_config(sink.url("am-1"), **settings), peers=[first],
                                        flags=flags).start()
            peers = [first, second]
            for peer in peers:
                wait_for("both to be settled", lambda p=peer: p.is_settled(2), seconds=60, alive=peers)
            before = first.memory_kb()
            with socket.socket(type=socket.SOCK_DGRAM) as udp:
                for i in range(GARBAGE_PACKETS):
                    body = dice.randbytes(dice.choice([0, 1, 2, 5, 20, 200, 1400]))
                    udp.sendto(bytes([i % 16]) + body, ("127.0.0.1", first.gossip_port))
            open_streams = []
            for i in range(GARBAGE_STREAMS):
                stream = socket.create_connection(("127.0.0.1", first.gossip_port), timeout=5)
                try:
                    stream.sendall(bytes([i % 16]) + dice.randbytes(dice.choice([1, 5, 100, 100000])))
                except OSError:
                    pass  # refused early
                open_streams.append(stream)
            first.post_alerts([alert("AmidGarbage")])
            second.post_alerts([alert("AmidGarbage")])
            sink.wait(1, name="AmidGarbage", seconds=15, alive=peers)
            for stream in open_streams:
                stream.close()
            for peer in peers:
                self.assertEqual(len(peer.peer_names()), 2)
                peer.check_alive()
            self.assertLess(first.memory_kb() - before, 200 << 10)
            second.stop()
            first.stop()
            self.assertEqual(len(sink.find(name="AmidGarbage")), 1)

    def test_web_port_garbage(self):
        with World() as world:
            am = start(world, world.sink())
            dice = random.Random(7)
            port = int(am.address.split(":")[1])
            for size in (1, 10, 1000, 100000):
                with socket.create_connection(("127.0.0.1", port), timeout=10) as c:
                    try:
                        c.sendall(dice.randbytes(size) + b"\r\n\r\n")
                        c.shutdown(socket.SHUT_WR)
                        c.recv(1000)
                    except OSError:
                        pass  # closed on us: as good an answer as 400
            self.assertEqual(am.get("/-/ready").status, 200)
            am.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
