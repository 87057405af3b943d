"""Starts a live site with a moving feed and drives the page in Chromium (page_test.mjs)."""

import os
import subprocess
import sys
import unittest

from live_site import AGENT, Feeder, LiveSite, wait_until

HERE = os.path.dirname(os.path.realpath(__file__))


class PageTest(unittest.TestCase):
    def setUp(self):
        self.site = LiveSite()
        self.feeder = Feeder(self.site.ws_url())

    def tearDown(self):
        self.feeder.stop()
        self.site.stop()

    def test_the_page_lists_plots_and_moves(self):
        try:
            wait_until(lambda: any(t.startswith(AGENT) for t in self.site.search()), 30, "live channels are offered")
        except TimeoutError:
            self.site.show_logs()
            raise
        done = subprocess.run(["node", os.path.join(HERE, "page_test.mjs")], check=False, timeout=150,
                              env={**os.environ, "CERRO_PAGE": self.site.url("/live/"),
                                   "CERRO_BRIDGE_PID": str(self.site.processes["bridge"].pid)})
        if done.returncode != 0:
            self.site.show_logs()
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
