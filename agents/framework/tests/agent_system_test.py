"""Our agents with our router: second agents, signals, restarts of the router, passwords, the registry, the client."""

import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.request

from ocs_site import BIN, Agent, Site, free_port, wait_until

INSTANCES = [
    {"agent-class": "FakeDataAgent", "instance-id": "fake1",
     "arguments": ["--mode", "acq", "--num-channels", 2, "--sample-rate", 20]},
    {"agent-class": "FakeDataAgent", "instance-id": "fake2"},
    {"agent-class": "RegistryAgent", "instance-id": "registry"},
]


class SystemTest(unittest.TestCase):
    def setUp(self):
        self.site = Site(INSTANCES)
        self.addCleanup(self.site.close)
        self.site.start_router()

    def running(self, instance, op):
        return instance.op("status", op)[2].get("status") == "running"

    def start(self, instance, *more, program="cerro-fakedata"):
        child = self.site.start_agent(program, instance, *more)
        agent = Agent(self.site.client(), instance)
        wait_until(agent.api, instance + " has joined")
        return child, agent

    def cli(self, *words):
        done = subprocess.run([os.path.join(BIN, "ocs-client-cli"), *words, "--site-file", self.site.site_file],
                              capture_output=True, text=True, timeout=40, check=False)
        return done.returncode, done.stdout, done.stderr


class Life(SystemTest):
    def test_a_second_agent_ends_at_once_and_the_first_goes_on(self):
        first, agent = self.start("fake1")
        second = self.site.start("second", os.path.join(BIN, "cerro-fakedata"), "--instance-id", "fake1",
                                 "--site-file", self.site.site_file, "--site-host", "localhost")
        self.assertEqual(second.wait(20), 1)
        self.assertIn("Is this agent already running?", self.site.log("second"))
        self.assertIn(f"pid={first.pid}", self.site.log("second"))
        self.assertIsNone(first.poll())
        self.assertTrue(agent.api())

    def test_a_dead_session_with_its_address_does_not_stop_an_agent(self):
        first, agent = self.start("fake1")
        first.send_signal(signal.SIGSTOP)  # for the router this is a connection whose other end is gone
        second = self.site.start("second", os.path.join(BIN, "cerro-fakedata"), "--instance-id", "fake1",
                                 "--site-file", self.site.site_file, "--site-host", "localhost")
        wait_until(lambda: "does not answer; trying again" in self.site.log("second"), "the second waits")
        first.kill()
        first.wait()
        wait_until(lambda: (agent.api() or {}).get("instance_pid") == second.pid, "the second takes over")

    def test_absurd_numbers_of_seconds(self):
        child, agent = self.start("fake2")
        agent.op("start", "delay_task", params={"delay": 1e300})
        self.assertEqual(agent.op("wait", "delay_task", timeout=0.2)[0], 1)
        agent.op("abort", "delay_task")
        self.assertEqual(agent.op("wait", "delay_task", timeout=1e300)[0], 0)
        agent.op("start", "acq", params={"degradation_period": 1e-300})
        self.assertEqual(agent.op("wait", "acq", timeout=1.5)[0], 1)
        self.assertIsNone(child.poll())

    def test_sigterm_stops_operations_and_ends_with_0(self):
        child, agent = self.start("fake1")
        wait_until(lambda: self.running(agent, "acq"), "acq runs")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(10), 0)
        self.assertIn("Acquisition exited cleanly.", self.site.log("fake1"))
        self.assertNotIn(" warn ", self.site.log("fake1"))
        self.assertIsNone(agent.api())

    def test_waits(self):
        _, agent = self.start("fake2")
        self.assertEqual(agent.op("wait", "delay_task")[:2], (0, "Idle."))
        agent.op("start", "delay_task", params={"delay": 0.8})
        for timeout, least, most in ((-1, 0, 0.5), (0, 0, 0.5), (0.2, 0.2, 0.7)):
            begin = time.monotonic()
            status, text, _ = agent.op("wait", "delay_task", timeout=timeout)
            took = time.monotonic() - begin
            self.assertEqual((status, text), (1, 'Operation "delay_task" still running; wait timed out.'))
            self.assertTrue(least <= took < most, took)
        self.assertEqual(agent.op("wait", "delay_task", timeout=None)[0], 0)

    def test_passwords(self):
        _, agent = self.start("fake2", "--access-policy", "override:second,third")
        self.assertEqual(agent.api()["access_control"]["policy"], "override")
        for password, level in ((None, None), ("wrong", None), ("second", 2), ("third", 3)):
            status, _, session = agent.op("start", "delay_task", params={"delay": 0}, password=password)
            self.assertEqual(session.get("cred_level"), level)
            self.assertEqual(status, 0 if level else -1)
            agent.op("wait", "delay_task")
        for secret in ("second,", "third"):
            self.assertNotIn(secret, self.site.log("fake2"))

    def test_a_director_is_refused_with_a_configuration_error(self):
        child = self.site.start_agent("cerro-fakedata", "fake2", "--access-policy", "director:access-dir")
        self.assertEqual(child.wait(20), 3)
        self.assertIn("Access Director", self.site.log("fake2"))


class Router(SystemTest):
    """The router is killed while an operation runs and a client listens to its feed."""

    TOPIC = "observatory.fake1.feeds.false_temperatures"

    def listen(self):
        client = self.site.client()
        client.send([32, 1, {}, self.TOPIC])
        self.assertEqual(client.receive()[0], 33)
        return client

    @staticmethod
    def waiting(port):
        """How many messages of feeds the agent keeps for the router."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        return float(re.search(r"^cerro_agent_records_waiting (\S+)$", metrics, re.MULTILINE).group(1))

    @staticmethod
    def times(events):
        return [t for data, _ in events for block in data.values() for t in block["timestamps"]]

    def test_samples_of_an_outage_come_afterwards_in_order(self):
        health = free_port()
        child, agent = self.start("fake1", "--health-port", str(health))
        listener = self.listen()
        listener.gather(2)
        self.site.children["router"].kill()
        self.site.children["router"].wait()
        lost = time.time()
        before = listener.rest()

        # acq goes on taking data, and the agent keeps them.
        wait_until(lambda: self.waiting(health) >= 3, "messages of the outage wait")
        self.assertIsNone(child.poll())
        # It sends again as soon as it is back: it stands still until we listen.
        child.send_signal(signal.SIGSTOP)
        self.addCleanup(child.send_signal, signal.SIGCONT)
        stopped = time.time()
        self.site.start_router()
        listener = self.listen()
        resumed = time.time()
        child.send_signal(signal.SIGCONT)
        n = 1
        while max(self.times(listener.gather(n))) < resumed:
            n += 1
        after = listener.gather(n)

        outage = [t for t in self.times(after) if lost < t < stopped]
        self.assertGreater(len(outage), 20)
        self.assertGreaterEqual(n, 3)
        sequences = [info["sequence"] for _, info in before + after]
        # What the router had not acknowledged may come twice; nothing may be missing.
        self.assertEqual(sorted(set(sequences)), list(range(sequences[0], sequences[-1] + 1)))
        resent = [info["sequence"] for _, info in after]
        self.assertEqual(resent, sorted(set(resent)))
        self.assertEqual({info["session_id"] for _, info in before + after}, {before[0][1]["session_id"]})
        # 20 samples a second were made, also while nobody listened.
        times = sorted(set(self.times(before + after)))
        gaps = [b - a for a, b in zip(times, times[1:]) if b < stopped]
        self.assertLess(max(gaps), 1.0)

        agent = Agent(self.site.client(), "fake1")
        wait_until(agent.api, "the agent is back")
        status, _, session = agent.op("status", "acq")
        self.assertEqual((status, session["status"], session["session_id"]), (0, "running", 0))
        self.assertNotIn("given up", self.site.log("fake1"))


class Others(SystemTest):
    def test_registry_lists_expires_and_revives(self):
        self.start("registry", "--wait-time", "1", program="cerro-registry")
        registry = Agent(self.site.client(), "registry")
        child, _ = self.start("fake2")

        def entry(address):
            return registry.op("status", "main")[2].get("data", {}).get(address, {})

        wait_until(lambda: entry("observatory.fake2").get("expired") is False, "fake2 is listed")
        self.assertEqual(entry("observatory.registry")["op_codes"]["main"], 3)
        child.kill()
        child.wait()
        wait_until(lambda: entry("observatory.fake2")["expired"], "fake2 expires")
        expired = entry("observatory.fake2")
        self.assertEqual(set(expired["op_codes"].values()), {7})
        self.start("fake2")
        wait_until(lambda: not entry("observatory.fake2")["expired"], "fake2 is back")
        self.assertEqual(registry.op("start", "register_agent", params={"x": 1})[0], 0)
        self.assertIn("'register_agent' is deprecated",
                      [m[1] for m in registry.op("wait", "register_agent")[2]["messages"]])

    def test_client(self):
        self.start("fake1")
        code, out, _ = self.cli("scan", "--details")
        self.assertEqual(code, 0)
        self.assertIn("List of Detected Agents: (1)\n  fake1\n    acq                 : RUNNING\n", out)
        code, out, _ = self.cli("run", "fake1", "delay_task", "delay=0.1", "--json")
        self.assertEqual((code, json.loads(out)["session"]["op_code"]), (0, 5))
        code, out, _ = self.cli("run", "fake1", "delay_task", "--params", '{"delay": 0, "succeed": false}')
        self.assertEqual(code, 1)
        self.assertIn("Exited after 0.0 seconds", out)
        code, out, _ = self.cli("listen", "--json", "--count", "1", "--seconds", "20", Router.TOPIC)
        self.assertEqual((code, json.loads(out)["topic"]), (0, Router.TOPIC))
        code, out, _ = self.cli("api", "fake1", "--json")
        self.assertEqual((code, json.loads(out)["agent_class"]), (0, "FakeDataAgent"))
        code, _, err = self.cli("status", "nobody", "acq")
        self.assertEqual(code, 1)
        self.assertIn("wamp.error.no_such_procedure", err)
        code, _, err = self.cli("scan", "--use-registry", "nobody")
        self.assertEqual(code, 2)
        self.assertIn("Failed to connect to registry at observatory.nobody", err)
        self.assertEqual(self.cli("status")[0], 2)
        code, _, err = self.cli("status", "fake1", "--site-hub", "ws://127.0.0.1:1/ws")
        self.assertEqual(code, 1)
        self.assertIn("ws://127.0.0.1:1/ws", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
