"""Hub, data node servers and bridge over a real router, with a Python WAMP client: recorded calls, restarts, bad nodes."""

import json
import os
import sys
import threading
import time
import unittest

from live_site import AGENT, ROOT, Feeder, LiveSite, Peer, wait_until

BASE = "org.simonsobservatory"
CONSUMER = BASE + ".consumer"


class LiveDataTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = LiveSite()
        cls.feeder = Feeder(cls.site.ws_url())
        wait_until(lambda: cls.nodes() >= {AGENT, "apex_archive"}, 30, "both nodes are offered")

    @classmethod
    def tearDownClass(cls):
        cls.feeder.stop()
        cls.codes = cls.site.stop()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.site.show_logs()

    @classmethod
    def nodes(cls):
        return {t.split("::")[0] for t in cls.site.search()}

    def points(self, target, seconds=60):
        now = time.time() * 1000
        answer = self.site.json("POST", "/query", {"range": {"from": now - seconds * 1000, "to": now + 1000},
                                                   "maxDataPoints": 1000, "targets": [{"target": target}]})
        return answer[0]["datapoints"]

    def moves(self, target):
        newest = lambda: (self.points(target) or [[0, 0]])[-1][1]
        first = newest()
        return wait_until(lambda: newest() > first, 20, f"{target} moves")

    def peer(self):
        p = Peer(self.site.ws_url())
        self.addCleanup(p.close)
        return p

    def listed(self, peer):
        return [n["name"] for n in peer.call(CONSUMER + ".get_data_node")]

    # ---- a Python client sees the API of 2019

    def test_recorded_calls_get_the_recorded_answers(self):
        with open(os.path.join(ROOT, "tests", "data", "sisock", "wamp_calls.json"), encoding="utf-8") as f:
            calls = {c["name"]: c for c in json.load(f)}
        p = self.peer()
        for name in ("apex_archive hourly", "apex_archive unknown", "apex_archive empty range"):
            c = calls[name]
            self.assertEqual(p.call(c["procedure"], *c["args"], **c["kwargs"]), c["result"], name)
        for name in ("bad args", "add missing args", "bad type"):
            c = calls[name]
            with self.assertRaises(Exception) as caught:
                p.call(c["procedure"], *c["args"])
            self.assertEqual(caught.exception.error, c["error"]["uri"], name)
        self.assertEqual(str(caught.exception.args[0]), "start must be a number of seconds")

    def test_get_data_by_keyword_with_min_stride(self):
        p = self.peer()
        got = p.call(CONSUMER + ".apex_archive.get_data", field=["apex_windspeed"], start=1499990400, end=1499994000,
                     min_stride=600)
        t = got["timeline"]["minutely"]["t"]
        self.assertEqual(len(t), 6)
        self.assertTrue(all(b - a >= 600 for a, b in zip(t, t[1:])))

    def test_live_fields_have_types_and_relative_ranges(self):
        p = self.peer()
        fields, timelines = p.call(CONSUMER + f".{AGENT}.get_fields", -60, 0)
        self.assertEqual(fields["channel_01_t"]["type"], "number")
        self.assertEqual(fields["heater_on"]["type"], "bool")
        self.assertEqual(fields["state"]["type"], "string")
        self.assertEqual(timelines[f"observatory.{AGENT}.channel_01_t"]["field"], ["channel_01_t"])
        got = p.call(CONSUMER + f".{AGENT}.get_data", ["channel_01_t"], -5, 0)
        t = got["timeline"][f"observatory.{AGENT}.channel_01_t"]["t"]
        self.assertEqual(len(t), len(got["data"]["channel_01_t"]))
        self.assertTrue(all(time.time() - 7 < x <= time.time() for x in t))

    # ---- the hub

    def test_all_nodes_of_a_leaving_session_go(self):
        watcher = self.peer()
        gone = []
        watcher.subscribe(lambda node: gone.append(node["name"]), CONSUMER + ".data_node_subtracted")
        p = Peer(self.site.ws_url())
        for name in ("one", "two", "three"):
            self.assertIs(p.call(BASE + ".data_node.add", name, "a test", p.id), True)
        self.assertIs(p.call(BASE + ".data_node.add", "one", "again", p.id), False)
        self.assertIsNone(p.call(BASE + ".data_node.subtract", "two", p.id + 1))
        self.assertIn("two", self.listed(watcher))
        p.close()
        wait_until(lambda: set(gone) == {"one", "two", "three"}, 20, "all three are subtracted")
        self.assertEqual(set(self.listed(watcher)) & {"one", "two", "three"}, set())

    def test_after_a_kill_of_the_hub_the_nodes_come_back_by_themselves(self):
        self.site.kill("hub")
        self.moves(f"{AGENT}::channel_01_t")  # data need no hub
        self.site.start("hub", "cerro-hub", *self.site.router_options())
        p = self.peer()

        def both():
            try:
                return set(self.listed(p)) >= {AGENT, "apex_archive"}
            except Exception:  # the hub has not registered yet
                return False
        wait_until(both, 15, "both nodes are listed again")

    # ---- bad nodes

    def test_python_nodes_that_fail_or_hang_cost_only_their_own_series(self):
        p = self.peer()
        never = threading.Event()

        async def hang(*_, **__):
            import asyncio
            while not never.is_set():
                await asyncio.sleep(0.1)

        def fail(*_, **__):
            raise ValueError("nothing works today")

        fields = [{"x": {"description": None, "timeline": "t", "type": "number", "units": None}},
                  {"t": {"interval": None, "field": ["x"]}}]
        p.register(hang, CONSUMER + ".hanging.get_fields")
        p.register(fail, CONSUMER + ".failing.get_fields")
        p.register(lambda *_: fields, CONSUMER + ".python.get_fields")
        p.register(lambda field, start, end, min_stride=None: {
            "data": {"x": [1.0, float("nan"), 3.0, 4.0]}, "timeline": {"t": {"t": [start, start + 1, start + 2],
                                                                             "finalized_until": None}}},
                   CONSUMER + ".python.get_data")
        for name in ("hanging", "failing", "python"):
            p.call(BASE + ".data_node.add", name, "a bad node", p.id)
        wait_until(lambda: "python::x" in self.site.search(), 30, "the Python node is offered")
        began = time.monotonic()
        answer = self.site.json("POST", "/query", {
            "range": {"from": 1499990400000, "to": 1500001200000},
            "targets": [{"target": t} for t in ("apex_archive::apex_humidity", "hanging::x", "failing::x", "python::x")]})
        self.assertLess(time.monotonic() - began, 12)
        got = {s["target"]: s["datapoints"] for s in answer}
        self.assertEqual(len(got["apex_archive::apex_humidity"]), 3)
        self.assertEqual(got["hanging::x"], [])
        self.assertEqual(got["failing::x"], [])
        self.assertEqual(got["python::x"], [[1.0, 1499990400000], [None, 1499990401000], [3.0, 1499990402000]])
        self.assertIn("python::x", self.site.search())
        never.set()

    # ---- restarts

    def test_a_name_that_is_still_taken_is_registered_when_it_becomes_free(self):
        old = Peer(self.site.ws_url())
        old.register(lambda *_: "the old one", CONSUMER + ".late.get_fields")
        self.site.start("late", "cerro-dans-weather", *self.site.router_options(), "--name", "late", "--data-dir",
                        os.path.join(ROOT, "tests", "data", "sisock", "example_weather"))
        p = self.peer()
        wait_until(lambda: "late" in self.listed(p), 20, "the hub lists it")
        self.assertEqual(p.call(CONSUMER + ".late.get_fields", 1, 0), "the old one")
        old.close()

        def answered():
            try:
                return len(p.call(CONSUMER + ".late.get_fields", 1, 0)) == 2
            except Exception:  # nobody has the name now
                return False
        wait_until(answered, 20, "our node has the name")
        self.site.processes["late"].terminate()
        self.assertEqual(self.site.processes["late"].wait(10), 0)

    def test_after_a_kill_of_a_data_node_server_nobody_has_to_open_the_drop_down(self):
        self.site.kill("feed")
        self.site.start_feed_server()
        self.moves(f"{AGENT}::channel_01_t")

    def test_z_after_a_kill_of_the_router_all_is_back(self):
        self.site.kill("router")
        self.assertEqual(wait_until(lambda: self.site.http("GET", "/")[0] == 503, 20, "the bridge says 503"), True)
        self.assertEqual(self.site.http("POST", "/search", {})[0], 503)
        self.site.start_router()
        type(self).feeder.stop()
        type(self).feeder = Feeder(self.site.ws_url())
        wait_until(lambda: self.nodes() >= {AGENT, "apex_archive"}, 40, "both nodes are offered again")
        self.moves(f"{AGENT}::channel_01_t")

    def test_zz_all_end_with_0_on_sigterm(self):
        for name in ("bridge", "feed", "weather", "hub"):
            self.site.processes[name].terminate()
            self.assertEqual(self.site.processes[name].wait(10), 0, name)
            with open(os.path.join(self.site.folder, name + ".log"), encoding="utf-8") as f:
                self.assertNotIn("closed_by_us", f.read(), "our own leaving is no loss")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
