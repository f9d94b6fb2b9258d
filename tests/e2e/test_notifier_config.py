# SPDX-License-Identifier: Apache-2.0
"""-notifier.config with the real program: relabeling, a changed file, Consul, DNS by a real server."""

import http.server
import json
import os
import random
import shutil
import signal
import threading
import unittest
import urllib.parse

from harness import Failure, Process, World, wait_for
from test_vmalert_input import GOOD, Datasource, Notifier

TWO = """\
alert_relabel_configs:
- {{target_label: cluster, replacement: test}}
- {{action: labeldrop, regex: alertgroup}}
static_configs:
- targets: ['{one}']
  alert_relabel_configs:
  - {{target_label: told, replacement: one}}
- targets: ['http://{two}/other/path']
  headers: ['X-Told: two']
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.datasource, self.one, self.two = Datasource(), Notifier(), Notifier()
        for stub in (self.datasource, self.one, self.two):
            self.addCleanup(stub.close)
        self.datasource.answers["fine > 0"] = [{"host": "a"}]

    def vmalert(self, config, flags=()):
        self.path = self.world.write("notifiers.yml", config)
        return self.world.vmalert("v", GOOD, self.datasource.address, [],
                                  flags=["-rule.evalDelay=0", f"-notifier.config={self.path}", *flags])

    def kinds(self, v):
        return {k["kind"]: k["targets"] for k in v.get("/api/v1/notifiers").json()["data"]["notifiers"]}

    def both(self):
        return TWO.format(one=self.one.address, two=self.two.address)


class File(Case):
    def test_two_notifiers_are_told_in_their_own_words(self):
        v = self.vmalert(self.both()).start()
        wait_for("alerts at both", lambda: self.one.alerts and self.two.alerts, alive=[v])
        self.assertEqual(self.one.alerts[0]["labels"],
                         {"alertname": "Fires", "host": "a", "cluster": "test", "told": "one"})
        self.assertEqual(self.two.alerts[0]["labels"], {"alertname": "Fires", "host": "a", "cluster": "test"})
        targets = sorted(self.kinds(v)["static"], key=lambda t: t["labels"]["__alerts_path__"])
        self.assertEqual([(t["address"], t["labels"], t["lastError"]) for t in targets], [
            (f"http://{self.one.address}/api/v2/alerts",
             {"__address__": self.one.address, "__alerts_path__": "/api/v2/alerts", "__scheme__": "http"}, ""),
            (f"http://{self.two.address}/other/path",
             {"__address__": self.two.address, "__alerts_path__": "/other/path", "__scheme__": "http"}, "")])
        v.stop()

    def test_a_changed_file_is_picked_up_and_a_wrong_one_is_not(self):
        v = self.vmalert(self.both(), flags=["-configCheckInterval=100ms"]).start()
        wait_for("alerts at both", lambda: self.one.alerts and self.two.alerts, alive=[v])
        self.world.write("notifiers.yml", "relabel_configs: [{action: nosuch}]")
        wait_for("the error", lambda: v.metric("vmalert_config_last_reload_successful") == 0, alive=[v])
        count = len(self.two.alerts)
        wait_for("the old set to go on", lambda: len(self.two.alerts) > count, alive=[v])
        self.world.write("notifiers.yml", f"static_configs: [{{targets: ['{self.one.address}']}}]")
        wait_for("the new set", lambda: len(self.kinds(v)["static"]) == 1, alive=[v])
        self.assertEqual(v.metric("vmalert_config_last_reload_successful"), 1)
        url = f"http://{self.two.address}/other/path"
        self.assertEqual(v.metric("vmalert_alerts_sent_total", addr=url), 0)
        count = len(self.one.alerts)
        wait_for("alerts without relabeling", lambda: "cluster" not in self.one.alerts[-1]["labels"] and
                 len(self.one.alerts) > count, alive=[v])
        v.popen.send_signal(signal.SIGHUP)
        wait_for("a reload that changes nothing", lambda: v.metric("vmalert_config_last_reload_total") == 1, alive=[v])
        v.stop()

    def test_what_is_refused_at_start(self):
        for name, config, flags, expected in [
                ("both", "", ["-notifier.url=http://x"], "only one of -notifier.config or -notifier.url"),
                ("hole", "", ["-notifier.blackhole"], "only one of -notifier.blackhole, -notifier.url and"),
                ("empty", "", [], "empty config"),
                ("unknown", "static: []", [], "unknown fields in static"),
                ("dns", "dns_sd_configs: [{names: [a], type: A}]", [], "missing `port` in `dns_sd_config`")]:
            with self.subTest(name):
                v = self.vmalert(config, flags)
                Process.start(v)
                self.assertNotEqual(v.wait_exit(), 0)
                self.assertIn(expected, v.log())


class ConsulServer:
    """The three questions of discovery, with long polls: answers change by set()."""

    def __init__(self):
        self.changed, self.index, self.nodes, self.tokens = threading.Condition(), 0, [], set()
        consul = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                asked = int(urllib.parse.parse_qs(url.query).get("index", ["0"])[0])
                with consul.changed:
                    consul.tokens.add(self.headers.get("Authorization"))
                    consul.changed.wait_for(lambda: consul.index != asked)
                    index, nodes = consul.index, consul.nodes
                body = json.dumps({"Config": {"Datacenter": "dc1"}} if url.path == "/v1/agent/self" else
                                  {"am": []} if url.path == "/v1/catalog/services" else nodes).encode()
                self.send_response(200)
                self.send_header("X-Consul-Index", str(index))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_):
                pass  # a client that was stopped

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def set(self, *addresses):
        with self.changed:
            self.index += 1
            self.nodes = [{"Node": {"Node": "n", "Address": a.split(":")[0]},
                           "Service": {"ID": "am", "Port": int(a.split(":")[1]), "Tags": ["prod"]},
                           "Checks": [{"CheckID": "c", "Status": "passing"}]} for a in addresses]
            self.changed.notify_all()

    def close(self):
        self.set()
        self.server.shutdown()
        self.server.server_close()


class Consul(Case):
    def test_services_name_notifiers(self):
        consul = ConsulServer()
        self.addCleanup(consul.close)
        consul.set(self.one.address)
        v = self.vmalert(f"consul_sd_configs: [{{server: '{consul.address}', services: [am], token: secret}}]\n"
                         "relabel_configs: [{source_labels: [__meta_consul_tags], target_label: tags}]\n",
                         flags=["-promscrape.consulSDCheckInterval=1s"]).start()
        wait_for("alerts", lambda: self.one.alerts, alive=[v])
        target, = self.kinds(v)["consulSD"]
        self.assertEqual(target["address"], f"http://{self.one.address}/api/v2/alerts")
        self.assertEqual(target["labels"]["tags"], ",prod,")
        self.assertEqual(consul.tokens, {"Bearer secret"})
        consul.set(self.two.address)
        wait_for("alerts at the other", lambda: self.two.alerts, alive=[v])
        self.assertEqual(len(self.kinds(v)["consulSD"]), 1)
        self.assertEqual(v.metric("vm_promscrape_discovery_consul_service_watchers"), 1)
        v.stop()  # while it is being held back


class Dns(Case):
    """dnsmasq on an address of its own, which a resolv.conf seen by vmalert alone names."""

    def setUp(self):
        super().setUp()
        server = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not server or os.geteuid() != 0:
            self.skipTest("needs dnsmasq (apt-get install dnsmasq-base) and root")
        self.server = server
        self.ip = "127.%d.%d.%d" % tuple(random.randint(1, 254) for _ in range(3))
        self.resolv = self.world.write("resolv.conf", f"nameserver {self.ip}\n")

    def dns(self, name, *records):
        return Process(self.world, name, [
            self.server, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
            "--group=root", "--pid-file=", "--bind-interfaces", f"--listen-address={self.ip}", "--log-facility=-",
            *records], ours=False).start()

    def record(self, notifier):
        port = notifier.address.split(":")[1]
        return [f"--srv-host=_am._tcp.test,am.test,{port}", "--host-record=am.test,127.0.0.1"]

    def test_srv_records_name_notifiers(self):
        dns = self.dns("dns", *self.record(self.one))
        v = self.vmalert("dns_sd_configs: [{names: [_am._tcp.test]}]\n"
                         "relabel_configs: [{source_labels: [__meta_dns_name], target_label: service}]\n",
                         flags=["-promscrape.dnsSDCheckInterval=200ms"])
        v.argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.resolv, *v.argv]
        try:
            v.start()
        except Failure:
            if "mount" in v.log() or "unshare" in v.log():
                self.skipTest("no mount namespaces here")
            raise
        wait_for("alerts", lambda: self.one.alerts, alive=[v, dns])
        target = self.kinds(v)["DNSSD"][0]
        self.assertEqual(target["address"], "http://am.test:%s/api/v2/alerts" % self.one.address.split(":")[1])
        self.assertEqual(target["labels"]["service"], "_am._tcp.test")
        dns.kill()  # what was found stays
        errors = v.log().count("skipping SRV lookup")
        wait_for("failed look-ups", lambda: v.log().count("skipping SRV lookup") > errors, alive=[v])
        self.assertEqual(len(self.kinds(v)["DNSSD"]), 1)
        dns = self.dns("dns-again", *self.record(self.two))
        wait_for("alerts at the other", lambda: self.two.alerts, alive=[v, dns])
        self.assertEqual(len(self.kinds(v)["DNSSD"]), 1)
        v.stop()


if __name__ == "__main__":
    unittest.main()
