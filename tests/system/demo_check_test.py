"""scripts/demo --check, as a user types it, ends with 0 and proves each way of a sample."""

import os
import subprocess
import sys
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
from observatory import free_base_port  # noqa: E402


class DemoTest(unittest.TestCase):
    def test_check(self):
        done = subprocess.run([os.path.join(ROOT, "scripts", "demo"), "--no-build", "--check", "--seconds", "25",
                               "--base-port", str(free_base_port())], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=200, check=False)
        text = done.stdout.decode()
        print(text)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(text.count("\n  ok  "), 5, "five lines of the table hold")


if __name__ == "__main__":
    unittest.main()
