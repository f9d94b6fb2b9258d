# SPDX-License-Identifier: Apache-2.0
"""vmalert's own HTTP servers, who they let in, and rules that come from web servers."""

import base64
import http.client
import http.server
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import unittest

from harness import Process, World, free_port, request, wait_for

RULES = """\
groups:
- name: fine
  interval: 1s
  rules:
  - alert: Fires
    expr: fine > 0
"""

BROKEN = RULES.replace("    expr:", "    forr: 1m\n    expr:")

HAVE_OPENSSL = shutil.which("openssl") is not None


class Case(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())

    def vmalert(self, name="v", flags=(), rules=RULES):
        return self.world.vmalert(name, rules, "127.0.0.1:9", ["127.0.0.1:9"], flags=flags)

    def gives_up(self, process):
        Process.start(process)
        self.assertEqual(process.wait_exit(), 255, process.log())
        return process.log()


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


class Access(Case):
    def test_basic_authentication_and_keys(self):
        key = self.world.write("key", "first \n")
        v = self.vmalert(flags=["-httpAuth.username=u", "-httpAuth.password=p", f"-metricsAuthKey=file://{key}",
                                "-reloadAuthKey=r", "-http.shutdownDelay=0s"]).start()
        for path in ("/health", "/ping", "/-/healthy", "/-/ready", "/robots.txt", "/favicon.ico", "/x/y/favicon.ico"):
            self.assertIn(v.get(path).status, (200, 204), path)
        for path in ("/", "/api/v1/rules", "/vmalert/api/v1/alerts", "/flags", "/debug/pprof/heap", "/nosuch"):
            reply = v.get(path)
            self.assertEqual((reply.status, reply.text), (401, "\n"), path)
            self.assertEqual(reply.headers["WWW-Authenticate"], 'Basic realm="VictoriaMetrics"')
            self.assertEqual(v.get(path, headers=basic("u", "wrong")).status, 401, path)
        self.assertEqual(v.get("/api/v1/rules", headers=basic("u", "p")).status, 200)
        self.assertEqual(v.get("/nosuch", headers=basic("u", "p")).status, 400)
        self.assertEqual(v.get("/debug/pprof/", headers=basic("u", "p")).status, 404)

        for path, name, good in (("/metrics", "metricsAuthKey", "first"), ("/-/reload", "reloadAuthKey", "r")):
            reply = v.get(path, headers=basic("u", "p"))
            self.assertEqual((reply.status, reply.text),
                             (401, f"Expected to receive non-empty authKey when -{name} is set\n"))
            reply = v.get(path + "?authKey=bad")
            self.assertEqual((reply.status, reply.text), (401, f"The provided authKey doesn't match -{name}\n"))
            self.assertEqual(v.get(path + "?authKey=" + good).status, 200)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(request("POST", v.address, "/metrics", "authKey=first", form).status, 200)
        self.assertNotIn("authKey=bad", v.log())
        self.assertIn("authKey=secret", v.log())

        self.world.write("key", "second\n")
        wait_for("the new key", lambda: v.get("/metrics?authKey=second").status == 200, alive=[v])
        text = v.get("/metrics?authKey=second").text
        self.assertIn('vm_http_request_errors_total{path="*", reason="wrong_basic_auth"} 6', text)
        self.assertIn('flag{name="reloadAuthKey", value="secret", is_set="true"} 1', text)
        v.stop()

    def test_keys_from_a_web_server(self):
        source = Texts()
        self.addCleanup(source.close)
        source.texts["/key"] = "k\n"
        v = self.vmalert(flags=[f"-flagsAuthKey=http://{source.address}/key"]).start()
        wait_for("the key", lambda: v.get("/flags?authKey=k").status == 200, alive=[v])
        self.assertIn('-flagsAuthKey="secret"\n', v.get("/flags?authKey=k").text)
        v.stop()

    def test_small_pages(self):
        v = self.vmalert(flags=["-http.header.hsts=max-age=1", "-http.disableCORS"]).start()
        icon = v.get("/vmalert/favicon.ico")
        self.assertEqual((icon.body[:4], icon.headers["Cache-Control"]), (b"\0\0\1\0", "max-age=3600"))
        self.assertEqual(v.get("/ping").status, 204)
        self.assertEqual(v.get("/ping?verbose=true").status, 200)
        self.assertEqual(v.get("/-/healthy").text, "VictoriaMetrics is Healthy.\n")
        self.assertEqual(v.get("/-/ready").text, "VictoriaMetrics is Ready.\n")
        self.assertEqual(v.get("/x").text, 'unsupported path requested: "/x"\n')
        reply = request("OPTIONS", v.address, "/x")
        self.assertEqual((reply.status, reply.headers["Access-Control-Allow-Origin"]), (204, None))
        self.assertEqual(reply.headers["Strict-Transport-Security"], "max-age=1")
        text = v.get("/metrics").text
        for name in ("vm_app_version{", "vm_app_uptime_seconds ", "vm_os_info{", "process_resident_memory_bytes ",
                     'flag{name="tls", value="", is_set="false"} 1', 'flag{name="http.disableCORS", value="true"'):
            self.assertIn("\n" + name, "\n" + text)
        v.stop()


class Connections(Case):
    def test_several_addresses_one_behind_a_balancer(self):
        second = f"127.0.0.1:{free_port()}"
        v = self.vmalert(flags=[f"-httpListenAddr={second}", "-httpListenAddr.useProxyProtocol=false,true"]).start()
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H4B4BHH", 12, 192, 0, 2, 7, 1, 2, 3, 4, 99, 80)
        for head, good in ((header, True), (b"", False)):
            with socket.create_connection(second.split(":"), timeout=20) as c:
                c.sendall(head + b"GET /nosuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                try:
                    got = c.makefile("rb").read()
                except ConnectionResetError:
                    got = b""
                self.assertEqual(got.startswith(b"HTTP/1.1 400"), good)
        self.assertIn('remoteAddr: "192.0.2.7:99"', v.log())
        self.assertEqual(v.metric("vm_tcplistener_accepts_total", addr=second), 1)
        self.assertGreaterEqual(v.metric("vm_tcplistener_conns", addr=v.address), 1)  # the one that asks
        self.assertIn("cannot read proxy proto conn", v.log())
        v.stop()

    def test_connections_end_when_asked_to_old_or_idle(self):
        for flags, is_kept in (([], True), (["-http.disableKeepAlive"], False), (["-http.connTimeout=1s"], True)):
            with self.subTest(flags):
                v = self.vmalert("v%d" % len(self.world.running), flags=[*flags, "-http.idleConnTimeout=2s"]).start()
                connection = http.client.HTTPConnection(v.address, timeout=20)
                connection.request("GET", "/health")
                reply = connection.getresponse()
                reply.read()
                self.assertEqual(reply.headers["Connection"] != "close", is_kept)
                if "-http.connTimeout=1s" in flags:
                    def closes():
                        connection.request("GET", "/health")
                        answer = connection.getresponse()
                        answer.read()
                        return answer.headers["Connection"] == "close"
                    wait_for("the connection to be old", closes, alive=[v])
                    self.assertEqual(v.metric("vm_http_conn_timeout_closed_conns_total"), 1)
                elif is_kept:
                    connection.sock.settimeout(20)
                    self.assertEqual(connection.sock.recv(1), b"")  # idle for too long
                connection.close()
                v.stop()

    def test_delayed_shutdown(self):
        v = self.vmalert(flags=["-http.shutdownDelay=3s"]).start()
        v.terminate()
        reply = wait_for("the delay", lambda: (lambda r: r if r.status == 503 else None)(v.get("/health")))
        self.assertRegex(reply.text, r"^The server is in delayed shutdown mode, which will end in \d\.\d{3}s\n$")
        v.wait_stopped()
        self.assertIn('before shutdown of http server "' + v.address, v.log())

    def test_only_ipv4_unless_asked(self):
        log = self.gives_up(self.on_loopback6([]))
        self.assertIn("cannot start http server at [::1]:", log)
        self.assertIn("-enableTCP6", log)
        v = self.on_loopback6(["-enableTCP6"])
        Process.start(v)
        wait_for("IPv6", lambda: request("GET", v.address, "/health").status == 200, alive=[v])
        v.stop()

    def on_loopback6(self, flags):
        v = self.vmalert("v6" + "".join(flags), flags=flags)
        v.argv = [a for a in v.argv if not a.startswith("-httpListenAddr")]
        v.address = f"[::1]:{free_port()}"
        v.argv.append("-httpListenAddr=" + v.address)
        return v


@unittest.skipUnless(HAVE_OPENSSL, "no openssl to make certificates with")
class Tls(Case):
    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.world.folder, check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj",
                     "/CN=ca", "-days", "2")

    def certificate(self, name, serial):
        self.world.write("ext", "subjectAltName=IP:127.0.0.1\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "new.key", "-out", "new.csr", "-subj",
                     "/CN=" + name)
        self.openssl("x509", "-req", "-in", "new.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", str(serial),
                     "-days", "2", "-extfile", "ext", "-out", "new.crt")
        for end in (".key", ".crt"):
            os.replace(os.path.join(self.world.folder, "new" + end), os.path.join(self.world.folder, name + end))

    def path(self, name):
        return os.path.join(self.world.folder, name)

    def tls_vmalert(self, *flags):
        v = self.vmalert(flags=["-tls", "-tlsCertFile=" + self.path("server.crt"),
                                "-tlsKeyFile=" + self.path("server.key"), *flags])
        Process.start(v)
        wait_for("the port", lambda: socket.create_connection(v.address.split(":")).close() or True, alive=[v])
        return v

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        if client:
            context.load_cert_chain(self.path(client + ".crt"), self.path(client + ".key"))
        return context

    def ask(self, v, context):
        """The status, and the serial number of the server's certificate."""
        connection = http.client.HTTPSConnection(v.address, timeout=20, context=context)
        try:
            connection.request("GET", "/health")
            serial = int(connection.sock.getpeercert()["serialNumber"], 16)
            return connection.getresponse().status, serial
        finally:
            connection.close()

    def test_certificates_are_read_again(self):
        self.certificate("server", 1)
        v = self.tls_vmalert()
        self.assertEqual(self.ask(v, self.context()), (200, 1))
        self.certificate("server", 2)
        wait_for("the new certificate", lambda: self.ask(v, self.context()) == (200, 2), alive=[v])
        with self.assertRaises(OSError):
            request("GET", v.address, "/health")
        self.assertIn("started server at https://" + v.address, v.log())
        v.stop()

    def test_clients_must_show_theirs(self):
        self.certificate("server", 1)
        self.certificate("client", 2)
        v = self.tls_vmalert("-mtls", "-mtlsCAFile=" + self.path("ca.crt"))
        self.assertEqual(self.ask(v, self.context("client"))[0], 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(v, self.context())
        v.stop()

    def test_versions_and_suites(self):
        self.certificate("server", 1)
        v = self.tls_vmalert("-tlsMinVersion=tls13")
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(OSError):
            self.ask(v, old)
        self.assertEqual(self.ask(v, self.context())[0], 200)
        v.stop()

    def test_bad_settings(self):
        self.certificate("server", 1)
        pair = ["-tlsCertFile=" + self.path("server.crt"), "-tlsKeyFile=" + self.path("server.key")]
        for i, (flags, expected) in enumerate([
                (["-tls"], 'cannot load TLS cert from -tlsCertFile="", -tlsKeyFile=""'),
                (["-tls", pair[0], "-tlsKeyFile=/nosuch"], "/nosuch"),
                (["-tls", pair[0], "-tlsKeyFile=" + self.path("ca.key")], "cannot load TLS cert from"),
                (["-tls", *pair, "-tlsMinVersion=x"], 'unsupported TLS version "x"'),
                (["-tls", *pair, "-tlsCipherSuites=x"], "unsupported TLS cipher suite name: x"),
                (["-tls", "-tlsAutocertHosts=a.example"], "-tlsAutocertHosts")]):
            with self.subTest(flags):
                self.assertIn(expected, self.gives_up(self.vmalert(f"bad{i}", flags=flags)))


class Push(Case):
    def test_metrics_are_pushed_and_pushed_at_the_end(self):
        target = Texts()
        self.addCleanup(target.close)
        target.texts["/push"] = "fine"
        v = self.vmalert(flags=[f"-pushmetrics.url=http://u:hush@{target.address}/push", "-pushmetrics.interval=300ms",
                                "-pushmetrics.extraLabel=job=\"v\"", "-pushmetrics.header=X-Tenant: 7"]).start()
        wait_for("two pushes", lambda: len(target.asked) >= 2, alive=[v])
        headers, body = target.asked[-1]
        self.assertEqual((headers["X-Tenant"], headers["Content-Type"]), ("7", "text/plain"))
        self.assertIn('vm_app_uptime_seconds{job="v"} ', body)
        self.assertIn('flag{job="v",name="rule", value=', body)
        self.assertGreaterEqual(v.metric("metrics_push_total", url=f"http://u:xxxxx@{target.address}/push"), 2)
        del target.texts["/push"]
        wait_for("an error", lambda: v.metric("metrics_push_errors_total") >= 1, alive=[v])
        v.stop()
        self.assertIn("pushing metrics on shutdown finished in", v.log())
        self.assertIn("unexpected status code in response from", v.log())
        self.assertNotIn("hush", v.log())

    def test_bad_urls(self):
        self.assertIn("cannot initialize pushmetrics", self.gives_up(self.vmalert(flags=["-pushmetrics.url=ftp://h/"])))


# ---- rules from web servers --------------------------------------------------------------------

class Texts:
    """A web server with a few texts; what is not there is a 404, None never answers."""

    def __init__(self):
        self.texts, self.closing, self.asked = {}, threading.Event(), []
        texts = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                texts.asked.append((self.headers, body.decode()))
                text = texts.texts.get(self.path, "")
                if text is None:
                    texts.closing.wait()
                    return
                self.send_response(200 if text else 404)
                self.end_headers()
                self.wfile.write((text or "not here").encode())

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class Sources(Case):
    def setUp(self):
        super().setUp()
        self.source = Texts()
        self.addCleanup(self.source.close)
        self.url = f"http://{self.source.address}/rules.yml"

    def names(self, v):
        return sorted(r["name"] for g in v.get("/api/v1/rules").json()["data"]["groups"] for r in g["rules"])

    def test_rules_are_fetched_and_fetched_again(self):
        more = RULES.replace("fine", "more").replace("Fires", "Remote")
        self.source.texts["/rules.yml"] = more
        v = self.vmalert(flags=["-rule=" + self.url]).start()
        self.assertEqual(self.names(v), ["Fires", "Remote"])
        files = {g["file"] for g in v.get("/api/v1/rules").json()["data"]["groups"]}
        self.assertIn(self.url, files)

        self.source.texts["/rules.yml"] = more.replace("Remote", "Changed")
        v.popen.send_signal(signal.SIGHUP)
        wait_for("the change", lambda: self.names(v) == ["Changed", "Fires"], alive=[v])

        del self.source.texts["/rules.yml"]
        v.get("/-/reload")
        wait_for("the error", lambda: v.metric("vmalert_config_last_reload_errors_total") == 1, alive=[v])
        self.assertEqual(self.names(v), ["Changed", "Fires"])
        self.assertIn(f'unexpected status code when fetching "{self.url}": 404, expecting 200; response: "not here"',
                      v.log())
        v.stop()

    def test_the_periodic_check_asks_too(self):
        self.source.texts["/rules.yml"] = RULES.replace("Fires", "Remote")
        v = self.vmalert(flags=["-rule=" + self.url, "-configCheckInterval=200ms"], rules="groups: []").start()
        self.source.texts["/rules.yml"] = RULES.replace("Fires", "Changed")
        wait_for("the change", lambda: self.names(v) == ["Changed"], alive=[v])
        v.stop()

    def test_a_silent_server_holds_up_nothing_but_the_reload(self):
        self.source.texts["/rules.yml"] = RULES.replace("Fires", "Remote")
        v = self.vmalert(flags=["-rule=" + self.url], rules="groups: []").start()
        self.source.texts["/rules.yml"] = None
        v.popen.send_signal(signal.SIGHUP)
        count = v.metric("vmalert_iteration_total")
        wait_for("the rules to go on", lambda: v.metric("vmalert_iteration_total") > count, alive=[v])
        v.stop()  # while it waits

    def test_what_is_wrong_is_said_at_start(self):
        self.source.texts["/bad.yml"] = BROKEN
        address = self.source.address
        for i, (url, expected) in enumerate([
                (f"http://{address}/nosuch", f'unexpected status code when fetching "http://{address}/nosuch": 404'),
                ("http://127.0.0.1:1/x", 'failed to read from "http://127.0.0.1:1/x": Get "http://127.0.0.1:1/x": '),
                (f"http://{address}/bad.yml", "unknown fields in rule: forr"),
                (f"http://u:hush@{address}/nosuch", f"http://u:xxxxx@{address}/nosuch"),
                ("http://", 'error while parsing path "http://": path cannot be empty'),
                ("s3://b/x", 'error while parsing path "s3://b/x": unsupported scheme "s3"')]):
            with self.subTest(url):
                v = self.vmalert(f"v{i}", flags=["-rule=" + url])
                log = self.gives_up(v)
                self.assertIn(expected, log)
                self.assertNotIn("hush", log.partition("found ")[2])

    def test_patterns_of_files(self):
        for name in ("d/x.yml", "d/a/y.yml", "d/a/b/z.yml", "d/.h/w.yml", "d/a/v.txt"):
            os.makedirs(os.path.dirname(os.path.join(self.world.folder, name)), exist_ok=True)
            self.world.write(name, RULES.replace("Fires", os.path.basename(name)[0]))
        for i, (pattern, want) in enumerate([
                ("d/**/*.yml", "wxyz"), ("d/{x,a/y}.yml", "xy"), ("d/a/[!v].*", "y"), ("./d/../d/a/?.*", "vy"),
                ("d/nosuch/*.yml", "")]):
            with self.subTest(pattern):
                v = self.vmalert(f"p{i}", flags=["-rule=" + pattern], rules="groups: []").start()
                self.assertEqual("".join(self.names(v)), want)
                v.stop()
        for i, (pattern, expected) in enumerate([("d", "is a directory"), ("d/{a", "syntax error in pattern")]):
            log = self.gives_up(self.vmalert(f"b{i}", flags=["-rule=" + pattern]))
            self.assertIn(expected, log)

    def test_dry_run(self):
        self.source.texts["/rules.yml"] = RULES
        program = self.world.program("vmalert")
        self.assertEqual(self.world.run("good", [program, "-dryRun", "-rule=" + self.url])[0], 0)
        self.source.texts["/rules.yml"] = BROKEN
        code, log = self.world.run("bad", [program, "-dryRun", "-rule=" + self.url])
        self.assertEqual(code, 255)
        self.assertIn("unknown fields in rule: forr", log)


if __name__ == "__main__":
    unittest.main(verbosity=2)
