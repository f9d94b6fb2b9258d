# SPDX-License-Identifier: Apache-2.0
"""The main job end to end: one firing and one resolved message, although the sender is killed."""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
DEMO = os.path.join(HERE, "demo.py")


def processes_with(text):
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                if text.encode() in f.read():
                    found.append(path)
        except OSError:
            pass  # it has just ended
    return found


class MainJob(unittest.TestCase):
    def test_one_message_per_event_and_nothing_left(self):
        with tempfile.TemporaryDirectory() as folder:
            # From another working directory, with its own place for temporary files.
            demo = subprocess.run([sys.executable, "-B", DEMO, "--once", "--peer-timeout", "5"], cwd="/",
                                  env={**os.environ, "TMPDIR": folder}, capture_output=True, text=True)
            self.assertEqual(demo.returncode, 0, demo.stdout + demo.stderr)
            self.assertIn("firing messages      1", demo.stdout)
            self.assertIn("resolved messages    1", demo.stdout)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(processes_with(folder), [])
            print(demo.stdout)

    def test_interrupted_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            demo = subprocess.Popen([sys.executable, "-B", DEMO], env={**os.environ, "TMPDIR": folder},
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for line in demo.stdout:
                if "alertmanagers run" in line:
                    demo.terminate()
            self.assertEqual(demo.wait(), 128 + 15)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(processes_with(folder), [])

    def test_says_what_failed(self):
        with tempfile.TemporaryDirectory() as folder:
            demo = subprocess.run([sys.executable, "-B", DEMO, "--once", "--bin", "/nonexistent"],
                                  env={**os.environ, "TMPDIR": folder}, capture_output=True, text=True)
            self.assertEqual(demo.returncode, 1)
            self.assertIn("demo failed: /nonexistent/alertmanager is not there", demo.stderr)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
