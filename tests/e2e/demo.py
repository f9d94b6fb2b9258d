#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job on real input, for people to watch and for a test to judge.

    demo.py [--once] [--bin FOLDER] [--peer-timeout 15s]

A real VictoriaMetrics, two vmalert replicas with the same rules, three alertmanagers in one gossip
cluster, one webhook receiver. A metric makes a rule fire: one message. The peer that sent it is
killed, the condition ends: one message again, from a survivor. Start it through ./demo, which
builds what it needs.
"""

import argparse
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

PEERS = 3
METRIC = "disk_used_ratio"
GROUP_INTERVAL_SECONDS = 5

RULES = """\
groups:
- name: disks
  interval: 1s
  rules:
  - alert: DiskAlmostFull
    expr: disk_used_ratio > 0.9
    labels: {severity: page}
    annotations:
      summary: 'disk {{ $labels.disk }} of {{ $labels.host }} is {{ $value | humanizePercentage }} full'
"""


class Demo:
    def __init__(self, world, peer_timeout):
        self.world = world
        self.peer_timeout = peer_timeout
        self.start_time = time.monotonic()
        self.sink = world.sink(on_message=self.show_message)
        self.peers, self.vmalerts, self.datasource = [], [], None
        self.memory_kb = {}  # of what no longer runs when the summary is printed
        self.seconds = {}  # kind of message -> from the sample to the message
        self.print_lock = threading.Lock()

    # ---- telling -----------------------------------------------------------------------------

    def say(self, text):
        with self.print_lock:
            print(f"[{time.monotonic() - self.start_time:5.1f} s] {text}", flush=True)

    def show_message(self, message):
        alert = message.body["alerts"][0]
        self.say(f"MESSAGE {message.status:8} from {message.peer}: {','.join(message.names)}: "
                 f"{alert['annotations'].get('summary', '')}")

    # ---- steps -------------------------------------------------------------------------------

    def start(self):
        self.datasource = self.world.victoria_metrics().start()
        self.say(f"VictoriaMetrics runs at http://{self.datasource.address}")
        self.write(0.42)
        for i in range(PEERS):
            name = f"am-{i}"
            config = harness.am_config(self.sink.url(name), group_wait="1s",
                                       group_interval=f"{GROUP_INTERVAL_SECONDS}s")
            self.peers.append(self.world.alertmanager(
                name, config, peers=self.peers, flags=[f"--cluster.peer-timeout={self.peer_timeout}s"]).start())
        self.say(f"{PEERS} alertmanagers run; waiting until their cluster has settled")
        for peer in self.peers:
            harness.wait_for(f"{peer.name} to see {PEERS} settled members", lambda p=peer: p.is_settled(PEERS),
                             seconds=90, every=0.2, alive=self.peers)
        for i in range(2):
            self.vmalerts.append(self.world.vmalert(
                f"vmalert-{i}", RULES, self.datasource.address, [p.address for p in self.peers],
                flags=["-rule.evalDelay=0"]).start())
        self.datasource.wait_series(METRIC, 1)  # one it has never seen takes it up to 10 s to show
        self.say("the cluster is ready; 2 vmalerts evaluate the same rules and tell every peer")

    def write(self, ratio):
        self.datasource.write(f'{METRIC}{{host="db-1",disk="sda"}} {ratio}')
        return time.time()

    def fire(self):
        at = self.write(0.97)
        self.say(f"wrote {METRIC} 0.97: the rule's condition (> 0.9) is met")
        message = self.sink.wait(1, seconds=60, status="firing", alive=self.peers + self.vmalerts)[0]
        self.seconds["firing"] = message.at - at
        survivors = [p for p in self.peers if p.name != message.peer]
        for peer in survivors:
            harness.wait_for(f"{peer.name} to learn of the message",
                             lambda p=peer: p.metric("alertmanager_nflog_gossip_messages_propagated_total") >= 1,
                             alive=self.peers)
        copies = {p.name: int(p.metric("alertmanager_alerts_received_total", status="firing")) for p in self.peers}
        self.say(f"one message by {message.peer}, out of {sum(copies.values())} copies of the alert that reached "
                 "the peers (" + ", ".join(f"{n}: {c}" for n, c in copies.items()) + ")")
        return message

    def kill_sender(self, message):
        sender = next(p for p in self.peers if p.name == message.peer)
        self.memory_kb[f"{sender.name} (killed)"] = sender.memory_kb()
        sender.kill()
        self.peers.remove(sender)
        self.say(f"killed {sender.name} (kill -9), which had sent it")

    def resolve(self):
        at = self.write(0.42)
        self.say(f"wrote {METRIC} 0.42: the condition has ended")
        message = self.sink.wait(1, seconds=90 + self.peer_timeout * PEERS, status="resolved",
                                 alive=self.peers + self.vmalerts)[0]
        self.seconds["resolved"] = message.at - at
        self.say(f"{message.peer}, a survivor, has sent the end of it")

    def watch_silence(self):
        """Every survivor's turn to send has come after one more flush and all positions' waits."""
        seconds = self.peer_timeout * (len(self.peers) - 1) + GROUP_INTERVAL_SECONDS + 2
        self.say(f"watching for {seconds} s that no peer repeats a message when its turn comes")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and len(self.sink.find()) <= 2:
            for process in self.peers + self.vmalerts:
                process.check_alive()
            time.sleep(0.1)

    def summary(self):
        counts = {kind: len(self.sink.find(status=kind)) for kind in ("firing", "resolved")}
        for process in [self.datasource, *self.vmalerts, *self.peers]:
            self.memory_kb[process.name] = process.memory_kb()
        print("\nSummary")
        for kind, count in counts.items():
            print(f"  {kind + ' messages':20} {count}   {self.seconds[kind]:5.1f} s from the sample to the message")
        print("  memory (resident)")
        for name, kb in sorted(self.memory_kb.items()):
            print(f"    {name:20} {kb / 1024:6.1f} MiB")
        is_right = counts == {"firing": 1, "resolved": 1}
        print("  result               " + ("exactly one message of each kind: as it must be" if is_right else
                                           "WRONG: exactly one message of each kind must come"), flush=True)
        return is_right

    def stay(self):
        print("\nTo look at, until Ctrl-C:")
        for process, path in [(self.datasource, "/vmui/")] + [(v, "/vmalert/") for v in self.vmalerts] + \
                [(p, "/") for p in self.peers]:
            print(f"  {process.name:20} http://{process.address}{path}")
        print(f"  write samples with    curl -d '{METRIC}{{host=\"db-1\",disk=\"sda\"}} 0.97' "
              f"http://{self.datasource.address}/api/v1/import/prometheus", flush=True)
        while True:
            for process in [self.datasource, *self.vmalerts, *self.peers]:
                process.check_alive()
            time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="exit after the summary")
    parser.add_argument("--bin", help="folder of the built programs (default: $TOCSIN_BIN)")
    parser.add_argument("--peer-timeout", type=int, default=15, metavar="SECONDS",
                        help="--cluster.peer-timeout of the alertmanagers (default: theirs, %(default)s)")
    options = parser.parse_args()
    harness.exit_on_sigterm()
    try:
        with harness.World(options.bin) as world:
            demo = Demo(world, options.peer_timeout)
            demo.start()
            demo.kill_sender(demo.fire())
            demo.resolve()
            demo.watch_silence()
            is_right = demo.summary()
            if not options.once:
                demo.stay()
            world.stop_all()
        return 0 if is_right else 1
    except harness.Failure as failure:
        print(f"\ndemo failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running")
        return 130 if options.once else 0


if __name__ == "__main__":
    sys.exit(main())
