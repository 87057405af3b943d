"""kill -9 of the router and of the aggregator: everybody comes back, acquisition never stops, files stay readable."""

import glob
import json
import os
import socket
import subprocess
import time
import unittest

from running_site import SiteTest, wait_until


def listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class KillTest(SiteTest):
    def session(self, instance, op):
        code, text = self.site.client("status", instance, op, "--json")
        self.assertEqual(code, 0, text)
        return json.loads(text)["session"]

    def archive(self):
        return sorted(glob.glob(os.path.join(self.site.archive_dir, "*", "*.g3")))

    def g3_info(self, path):
        done = subprocess.run([self.site.binary("cerro-g3"), "info", "--json", path], stdout=subprocess.PIPE, check=False)
        return done.returncode, json.loads(done.stdout)

    def test_router_killed_and_restarted(self):
        before = {name: self.session(name, "acq") for name in ("LSA22YE", "fake1")}
        cut = time.time()
        self.site.kill("router")
        self.site.start("router")
        wait_until(lambda: listening(self.site.ports.ws), 10, "router listens again", None)
        back = time.monotonic()
        wait_until(self.agents_back, 10, "agents are back", self.watch)
        wait_until(self.nodes_back, 10 - (time.monotonic() - back), "data servers are back", self.watch)
        print(f"all back {time.monotonic() - back:.1f} s after the router listened again")
        for name, old in before.items():
            now = self.session(name, "acq")
            self.assertEqual(now["session_id"], old["session_id"], f"{name}: acquisition was restarted")
            self.assertEqual(now["start_time"], old["start_time"])
            self.assertEqual(now["status"], "running")
        again = time.time()

        def new_samples():  # the scanner may have reached a channel that was not there before
            targets = [t for t in self.site.search() if t.startswith("LSA22YE::")]
            return any(p[1] > again * 1000 for t in targets for p in self.site.query_points(t))

        wait_until(new_samples, 20, "new samples in /query", self.watch)
        self.no_gap_in_the_archive("observatory.fake1.feeds.false_temperatures", cut - 2, again)

    def no_gap_in_the_archive(self, feed, start, stop):
        """Samples of a 4 Hz feed that were taken while the router was away are in the archive too."""

        def times():
            found = set()
            for path in self.archive():
                done = subprocess.run([self.site.binary("cerro-g3"), "dump", "--json", path], stdout=subprocess.PIPE,
                                      check=False)
                for frame in json.loads(done.stdout)["frames"]:
                    if frame["objects"].get("address", {}).get("G3String") == feed:
                        for block in frame["objects"]["blocks"]["G3VectorFrameObject"]:
                            found.update(ticks / 1e8 for ticks in block["G3TimesampleMap"]["times"])
            return sorted(t for t in found if start <= t <= stop)

        wait_until(lambda: times() and times()[-1] > stop - 0.5, 40, "the time of the outage is in the archive", self.watch)
        stamps = times()
        gaps = [b - a for a, b in zip(stamps, stamps[1:])]
        self.assertLess(max(gaps), 0.6, f"a gap among {len(stamps)} samples around the router's death")

    def test_aggregator_killed_in_mid_file(self):
        wait_until(lambda: self.archive() and os.path.getsize(self.archive()[-1]) > 2000, 40, "a file has data frames",
                   self.watch)
        self.site.kill("aggregator")
        old = self.archive()
        sizes = {path: os.path.getsize(path) for path in old}
        for path in old:
            code, info = self.g3_info(path)
            self.assertGreaterEqual(info["frames"], 3, f"{path}: session, status and data frames are readable")
            if code != 0:  # a torn frame can only be the last thing in the file
                self.assertRegex(info["errors"][0]["text"], "^" + path + ": offset [0-9]+: frame is cut")
        self.site.start("aggregator")
        wait_until(lambda: len(self.archive()) > len(old), 30, "a new file begins", self.watch)
        self.assertEqual({path: os.path.getsize(path) for path in old}, sizes, "an old file was touched")
        new = [path for path in self.archive() if path not in old]
        wait_until(lambda: os.path.getsize(new[-1]) > 2000, 40, "the new file has data frames", self.watch)
        code, info = self.g3_info(new[-1])
        self.assertEqual(code, 0, info)


if __name__ == "__main__":
    unittest.main()
