# SPDX-License-Identifier: Apache-2.0
"""Whatever vmalert is given, it says what is wrong with it, and the other groups are not delayed."""

import http.server
import json
import os
import signal
import socket
import threading
import time
import unittest
import urllib.parse

from harness import Process, World, request, wait_for

GOOD = """\
groups:
- name: fine
  interval: 1s
  rules:
  - alert: Fires
    expr: fine > 0
    annotations: {summary: 'value {{ $value }}'}
"""

# What is broken -> (rule file, what the error must say).
BROKEN_RULES = {
    "not-YAML": ("groups:\n- name: [\n", "line"),
    "unknown-key": (GOOD.replace("    expr:", "    forr: 1m\n    expr:"), 'unknown fields in rule: forr'),
    "unknown-group-key": (GOOD.replace("  interval:", "  intervall:"), 'unknown fields in group "fine": intervall'),
    "no-expression": (GOOD.replace("    expr: fine > 0\n", ""), "expression can't be empty"),
    "bad-duration": (GOOD.replace("interval: 1s", "interval: soon"), "soon"),
    "bad-template": (GOOD.replace("$value }}", "$value | nosuch }}"), 'function "nosuch" not defined'),
    "alert-and-record": (GOOD.replace("    expr:", "    record: x\n    expr:"), "either `record` or `alert` must be set"),
    "same-rule-twice": (GOOD + GOOD[GOOD.index("  - alert:"):], "duplicate"),
}


class Stub:
    """A server on loopback; answer(path, body) gives (status, text) or "never" to keep silent."""

    def __init__(self):
        self.closing = threading.Event()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = stub.answer(self.path, body)
                if answer == "never":
                    stub.closing.wait()
                    self.close_connection = True
                    return
                status, text = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

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

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class Datasource(Stub):
    """Answers queries by expression: {expression: "never" | (status, text) | series}."""

    def __init__(self):
        self.answers, self.asked = {}, {}
        super().__init__()

    def answer(self, path, _):
        expr = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["query"][0]
        self.asked[expr] = self.asked.get(expr, 0) + 1
        answer = self.answers.get(expr, [])
        if answer == "never" or isinstance(answer, tuple):
            return answer
        return 200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": [
            {"metric": labels, "value": [int(time.time()), "1"]} for labels in answer]}})


class Notifier(Stub):
    """Accepts alerts as an Alertmanager does, while `status` is 200; it may be "never"."""

    def __init__(self):
        self.status, self.alerts = 200, []
        super().__init__()

    def answer(self, _, body):
        if self.status == "never":
            return "never"
        if self.status == 200:
            self.alerts += json.loads(body)
        return self.status, ""

    def names(self):
        return {a["labels"]["alertname"] for a in list(self.alerts)}


class Case(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.datasource, self.notifier = Datasource(), Notifier()
        self.addCleanup(self.datasource.close)
        self.addCleanup(self.notifier.close)
        self.datasource.answers["fine > 0"] = [{"host": "a"}]

    def vmalert(self, name, rules, notifiers=None, flags=()):
        return self.world.vmalert(name, rules, self.datasource.address, notifiers or [self.notifier.address],
                                  flags=["-rule.evalDelay=0", *flags])

    def gives_up(self, process):
        Process.start(process)
        self.assertNotEqual(process.wait_exit(), 0, process.log())
        return process.log()


class Files(Case):
    def test_broken_rules_at_start(self):
        for what, (text, expected) in BROKEN_RULES.items():
            with self.subTest(what):
                log = self.gives_up(self.vmalert(what, text))
                self.assertIn(expected, log.replace('\\"', '"'))
                self.assertIn(what + ".rules.yml", log)

    def test_broken_rules_at_reload_change_nothing(self):
        v = self.vmalert("v", GOOD).start()
        wait_for("the alert", lambda: "Fires" in self.notifier.names(), alive=[v])
        for what, (text, _) in BROKEN_RULES.items():
            with self.subTest(what):
                self.world.write("v.rules.yml", text)
                errors = v.metric("vmalert_config_last_reload_errors_total")
                v.popen.send_signal(signal.SIGHUP)
                wait_for("the error", lambda: v.metric("vmalert_config_last_reload_errors_total") > errors, alive=[v])
                self.assertEqual(v.metric("vmalert_config_last_reload_successful"), 0)
        count = len(self.notifier.alerts)
        wait_for("the old rules to go on", lambda: len(self.notifier.alerts) >= count + 2, alive=[v])
        self.world.write("v.rules.yml", GOOD.replace("Fires", "FiresStill"))
        v.popen.send_signal(signal.SIGHUP)
        wait_for("the repaired file", lambda: "FiresStill" in self.notifier.names(), alive=[v])
        self.assertEqual(v.metric("vmalert_config_last_reload_successful"), 1)
        v.stop()

    def test_broken_template_file(self):
        path = self.world.write("bad.tpl", '{{ define "x" }}\n{{ nosuch }}\n{{ end }}')
        log = self.gives_up(self.vmalert("v", GOOD, flags=[f"-rule.templates={path}"]))
        self.assertIn("bad.tpl:2", log)

    def test_no_rules_and_missing_flags(self):
        program = self.world.program("vmalert")
        for name, argv, expected in [
                ("no-datasource", ["-rule=x.yml", "-notifier.blackhole"], "datasource.url"),
                ("no-notifier", [f"-rule={self.world.write('r.yml', GOOD)}", "-datasource.url=http://127.0.0.1:9"],
                 "notifier"),
                ("bad-flag", ["-nosuch"], "flag provided but not defined: -nosuch"),
                ("bad-url", ["-datasource.url=:::", "-notifier.blackhole"], "datasource.url")]:
            with self.subTest(name):
                code, output = self.world.run(name, [program, "-httpListenAddr=127.0.0.1:0", *argv])
                self.assertNotEqual(code, 0)
                self.assertIn(expected, output)

    def test_busy_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            v = self.vmalert("v", GOOD)
            v.argv = [a if not a.startswith("-httpListenAddr") else "-httpListenAddr=" + address for a in v.argv]
            log = self.gives_up(v)
            self.assertIn(address, log)
            self.assertIn("address already in use", log)


class Neighbours(Case):
    """One bad rule, datasource answer or notifier; the good ones go on in time."""

    BAD = {
        "never > 0": "never",
        "garbage > 0": (200, "\x00garbage"),
        "cut > 0": (200, '{"status":"success","data":{"resultType":"vec'),
        "fails > 0": (500, "it broke"),
        "refused > 0": (422, '{"status":"error","error":"bad query"}'),
        "matrix > 0": (200, '{"status":"success","data":{"resultType":"matrix","result":[]}}'),
    }

    def rules(self):
        text = GOOD
        for i, expr in enumerate(self.BAD):
            text += f"- {{name: bad{i}, interval: 1s, rules: [{{alert: Bad{i}, expr: '{expr}'}}]}}\n"
        return text

    def progress(self, v, evaluations=3):
        count = len(self.notifier.alerts)
        began = time.monotonic()
        wait_for("further evaluations of the good group", lambda: len(self.notifier.alerts) >= count + evaluations,
                 alive=[v])
        self.assertLess(time.monotonic() - began, evaluations * 1.0 + 3)

    def test_bad_answers_are_reported_and_delay_nobody(self):
        self.datasource.answers.update(self.BAD)
        v = self.vmalert("v", self.rules()).start()
        wait_for("every query", lambda: all(self.datasource.asked.get(e, 0) >= 1 for e in self.BAD), alive=[v])
        self.progress(v)
        errors = wait_for("the errors", lambda: {
            r["name"]: r["lastError"] for g in v.get("/api/v1/rules").json()["data"]["groups"] for r in g["rules"]
            if r["lastError"]} if v.metric("vmalert_execution_errors_total") >= 5 else None, alive=[v])
        self.assertEqual(set(errors), {f"Bad{i}" for i in range(1, 6)})
        self.assertIn("500", errors["Bad3"])
        self.assertIn("it broke", errors["Bad3"])
        self.assertEqual(self.notifier.names(), {"Fires"})
        v.stop()  # while one query hangs

    def test_absent_datasource(self):
        v = self.world.vmalert("v", GOOD, "127.0.0.1:1", [self.notifier.address], flags=["-rule.evalDelay=0"]).start()
        wait_for("the error to be counted", lambda: v.metric("vmalert_alerting_rules_errors_total", alertname="Fires")
                 >= 1, alive=[v])
        self.assertEqual(v.get("/-/healthy").status, 200)
        rule = v.get("/api/v1/rules").json()["data"]["groups"][0]["rules"][0]
        self.assertIn("connection refused", rule["lastError"].lower())
        v.stop()

    def test_a_dead_and_a_silent_notifier_do_not_stop_the_good_one(self):
        silent = Notifier()
        self.addCleanup(silent.close)
        silent.status = "never"
        failing = Notifier()
        self.addCleanup(failing.close)
        failing.status = 500
        v = self.vmalert("v", GOOD, ["127.0.0.1:1", silent.address, failing.address, self.notifier.address],
                         flags=["-notifier.sendTimeout=1s"]).start()
        wait_for("alerts at the good notifier", lambda: len(self.notifier.alerts) >= 4, alive=[v])
        wait_for("failures to be counted", lambda: v.metric("vmalert_alerts_send_errors_total") >= 3, alive=[v])
        failing.status = 200
        wait_for("alerts at the recovered notifier", lambda: failing.alerts, alive=[v])
        v.stop()

    def test_garbage_on_the_web_port(self):
        v = self.vmalert("v", GOOD).start()
        port = int(v.address.split(":")[1])
        for data in (b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"A" * 100000, os.urandom(5000) + b"\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as c:
                try:
                    c.sendall(data)
                    c.shutdown(socket.SHUT_WR)
                    c.recv(1000)
                except OSError:
                    pass  # closed on us: as good an answer as 400
        for path in ("/api/v1/rule?group_id=x", "/api/v1/alert?group_id=1&alert_id=2", "/nosuch", "/api/v1/rules?" +
                     "a" * 5000):
            self.assertIn(v.get(path).status, (200, 400, 404, 414, 431), path)
        try:
            self.assertEqual(request("POST", v.address, "/api/v1/rules", b"x" * (100 << 20)).status, 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        self.progress(v)
        v.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
