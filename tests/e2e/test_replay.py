#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vmalert -replay.timeFrom: a range of the past is asked in pieces, its results are written, then it ends."""

import http.server
import json
import os
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from harness import CRASH

RULES = """\
groups:
- name: g
  interval: 1m
  rules:
  - record: r
    expr: sum(up)
  - alert: A
    expr: up == 0
"""


class Server:
    """A datasource and a storage in one: every query has one series with a sample at its start."""

    def __init__(self, write_status=204, query_status=200):
        self.queries, self.writes = [], 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = urllib.parse.urlsplit(self.path)
                if url.path.endswith("/write"):
                    server.writes += 1
                    self.answer(write_status, b"")
                    return
                args = dict(urllib.parse.parse_qsl(url.query or body.decode()))
                server.queries.append(args)
                matrix = {"status": "success", "data": {"resultType": "matrix", "result": [
                    {"metric": {"job": "a"}, "values": [[1620717703, "1"]]}]}}
                self.answer(query_status, json.dumps(matrix).encode())

            do_GET = do_POST

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d" % self.http.server_port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


class Replay(unittest.TestCase):
    def replay(self, server, *flags, to="2021-05-11T07:51:43Z"):
        program = os.path.abspath(os.path.join(os.environ.get("TOCSIN_BIN", "build/dev/bin"), "vmalert"))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "rules.yml"), "w", encoding="utf-8") as f:
                f.write(RULES)
            run = subprocess.run([program, "-rule=rules.yml", "-datasource.url=" + server.url,
                                  "-replay.timeFrom=2021-05-11T07:21:43Z", "-replay.timeTo=" + to,
                                  "-replay.maxDatapointsPerQuery=20", "-replay.rulesDelay=10ms",
                                  "-remoteWrite.retryMaxTime=100ms", "-remoteWrite.retryMinInterval=10ms",
                                  "-external.label=dc=x", *flags],
                                 cwd=folder, capture_output=True, timeout=60, encoding="utf-8",
                                 stdin=subprocess.DEVNULL, check=False)
        self.assertIsNone(CRASH.search(run.stderr), run.stderr)
        return run

    def test_success(self):
        with Server() as server:
            run = self.replay(server, "-remoteWrite.url=" + server.url)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("replay evaluation finished, generated 6 samples", run.stderr)
        self.assertIn("replay succeed!", run.stderr)
        self.assertIn('Group "g"\ninterval: \t1m0s\nconcurrency: \t 1\nrequests to make per rule: \t2\n'
                      'max range per request: \t20m0s\n> Rule "r" (ID: ', run.stdout)
        self.assertGreater(server.writes, 0)
        asked = [(q["query"], q["start"], q["end"], q["step"], q["nocache"]) for q in server.queries]
        self.assertEqual(asked[:2], [("sum(up)", "2021-05-11T07:21:43Z", "2021-05-11T07:41:43Z", "60s", "1"),
                                     ("sum(up)", "2021-05-11T07:41:43Z", "2021-05-11T07:51:43Z", "60s", "1")])
        self.assertEqual(len(asked), 4)

    def test_failures(self):
        with Server() as server:
            run = self.replay(server)
            self.assertEqual(run.returncode, 255)
            self.assertIn("remoteWrite.url can't be empty in replay mode", run.stderr)
            run = self.replay(server, "-remoteWrite.url=" + server.url, to="2020-01-01T00:00:00Z")
            self.assertEqual(run.returncode, 255)
            self.assertIn("replay failed: replay.timeTo=2020-01-01 00:00:00 +0000 UTC must be bigger than", run.stderr)
        with Server(query_status=422) as server:
            run = self.replay(server, "-remoteWrite.url=" + server.url)
            self.assertEqual(run.returncode, 255)
            self.assertIn('replay failed: rule "r": ', run.stderr)
        with Server(write_status=500) as server:
            run = self.replay(server, "-remoteWrite.url=" + server.url)
            self.assertEqual(run.returncode, 255)
            self.assertIn("failed to push all generated samples to remote write url, dropped 6 samples out of 6",
                          run.stderr)


if __name__ == "__main__":
    unittest.main()
