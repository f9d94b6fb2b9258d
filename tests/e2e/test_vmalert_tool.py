#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vmalert-tool unittest as a shell sees it: output, errors, exit codes."""

import os
import signal
import subprocess
import tempfile
import unittest

from harness import CRASH, wait_for

RULES = """\
groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    for: 1m
    annotations: {summary: '{{ $labels.job }} of {{ $externalLabels.cluster }}', link: '{{ $externalURL }}'}
"""
PASSES = """\
rule_files: [rules.yml]
tests:
- input_series: [{series: 'up{job="a"}', values: '0x10'}]
  alert_rule_test:
  - eval_time: 5m
    groupname: g
    alertname: Down
    exp_alerts:
    - exp_labels: {job: a, cluster: prod}
      exp_annotations: {summary: a of prod, link: 'http://grafana:3000'}
"""
FAILS = PASSES.replace("a of prod", "something else")
FLAGS = ["--external.label", "cluster=prod", "-external.url=http://grafana:3000"]


class VmalertTool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.program = os.path.abspath(os.path.join(os.environ.get("TOCSIN_BIN", "build/dev/bin"), "vmalert-tool"))
        self.write("rules.yml", RULES)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            return f.read()

    def run_tool(self, *args):
        run = subprocess.run([self.program, *args], cwd=self.folder, capture_output=True, timeout=60, encoding="utf-8",
                             stdin=subprocess.DEVNULL, check=False)
        self.assertIsNone(CRASH.search(run.stderr), run.stderr)
        return run

    def test_success(self):
        self.write("a.yml", PASSES)
        run = self.run_tool("unittest", "--files", "a.yml", *FLAGS)
        self.assertEqual(run.stdout, "\n\nUnit Testing:  a.yml\nevaluation_interval set to 1m by default\nSUCCESS\n")
        self.assertRegex(run.stderr, r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Total time: \S+\n$")
        self.assertEqual(run.returncode, 0)

    def test_failure_ends_the_run(self):
        self.write("a.yml", FAILS)
        self.write("b.yml", PASSES)
        run = self.run_tool("unittest", "--files=*.yml", "--files=b.yml", *FLAGS)
        self.assertEqual(run.returncode, 255, run.stderr)  # b.yml is named twice
        self.assertIn('duplicate found for file name "b.yml"', run.stderr)
        run = self.run_tool("unittest", "-files=a.yml,b.yml", *FLAGS)
        self.assertEqual(run.returncode, 1)
        self.assertIn('FAILED\nfailed to run unit test for file "a.yml": \n[\n    groupname: g, alertname: Down, '
                      'time: 5m0s, \n        exp:[\n            0:\n', run.stdout)
        self.assertNotIn("b.yml", run.stdout)
        self.assertRegex(run.stderr, r" unittest failed\n$")

    def test_usage(self):
        run = self.run_tool("unittest")
        self.assertEqual((run.returncode, run.stderr), (1, 'Required flag "files" not set\n'))
        self.assertIn("--disableAlertgroupLabel", run.stdout)
        self.assertEqual(self.run_tool("unittest", "--help").returncode, 0)
        self.assertEqual(self.run_tool("unittest", "--nosuch").returncode, 1)
        self.assertIn("no test file found", self.run_tool("unittest", "--files", "none.yml").stderr)

    def test_signal(self):
        self.write("a.yml", PASSES.replace("5m", "100000h").replace("tests:", "evaluation_interval: 1m\ntests:"))
        log = os.path.join(self.folder, "out")
        with open(log, "wb") as out, subprocess.Popen([self.program, "unittest", "--files=a.yml"], cwd=self.folder,
                                                      stdout=out, stderr=subprocess.DEVNULL) as tool:
            wait_for("the test to start", lambda: b"Testing" in self.read(log))
            tool.send_signal(signal.SIGINT)
            tool.wait(timeout=60)
        self.assertEqual(tool.returncode, 1)
        self.assertIn(b"received signal interrupt\n", self.read(log))


if __name__ == "__main__":
    unittest.main()
