"""The live page of the demo observatory in Chromium (demo_page_test.mjs): a Lakeshore 372's samples all the way to a plot."""

import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))
from running_site import SiteTest, wait_until  # noqa: E402


class DemoPageTest(SiteTest):
    def channels(self):
        return [t.split("::", 1)[1] for t in self.site.search() if t.startswith("LSA22YE::")]

    def test_the_372_is_listed_and_its_plot_moves(self):
        wait_until(lambda: any(c.lower().endswith("_t") for c in self.channels()), 40, "a temperature is offered", self.watch)
        done = subprocess.run(["node", os.path.join(HERE, "demo_page_test.mjs")], check=False, timeout=180,
                              env={**os.environ, "CERRO_PAGE": self.site.page_url() + "/live/",
                                   "CERRO_CHANNELS": ",".join(self.channels())})
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
