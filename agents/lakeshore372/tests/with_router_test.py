"""cerro-lakeshore372 between cerro-sim-lakeshore372 and cerro-router, seen by a foreign client (autobahn).

Usage: with_router_test.py [-v]; CERRO_BIN_DIR says where the programs are.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession

BIN = os.environ["CERRO_BIN_DIR"]

ALLOW = {"call": True, "register": True, "publish": True, "subscribe": True}
SITE = """
hub:
  wamp_server: ws://127.0.0.1:{port}/ws
  wamp_http: http://127.0.0.1:{port}/call
  wamp_realm: test_realm
  address_root: observatory
hosts:
  localhost:
    agent-instances:
      - agent-class: Lakeshore372Agent
        instance-id: bridge
        arguments: [--mode, acq]
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, limit_s, what):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {limit_s} s in vain: {what}")


class Listener(ApplicationSession):
    """Collects the samples of the feed."""

    async def onJoin(self, details):
        await self.subscribe(self.collect, "observatory.bridge.feeds.temperatures")
        self.config.extra["joined"].set()

    def collect(self, message, *_):
        blocks, info = message
        self.config.extra["info"].append(info)
        for block in blocks.values():
            for i, t in enumerate(block["timestamps"]):
                self.config.extra["samples"].append(
                    (t, block["block_name"], {k: v[i] for k, v in block["data"].items()}))


class WithRouter(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cerro-372-")
        self.children = []
        self.port = free_port()
        config = {"version": 2, "workers": [{"type": "router", "realms": [{"name": "test_realm", "roles": [
            {"name": "iocs_agent", "permissions": [{"uri": "observatory.", "match": "prefix", "allow": ALLOW}]}]}],
            "transports": [{"type": "web", "endpoint": {"type": "tcp", "port": self.port, "interface": "127.0.0.1"},
                            "paths": {"ws": {"type": "websocket",
                                             "auth": {"anonymous": {"type": "static", "role": "iocs_agent"}}},
                                      "call": {"type": "caller", "realm": "test_realm",
                                               "role": "iocs_agent", "options": {}}}}]}]}
        self.write("config.json", json.dumps(config))
        self.write("default.yaml", SITE.format(port=self.port))
        self.spawn("cerro-router", "start", "--config", self.path("config.json"))
        self.spawn("cerro-sim-lakeshore372", "--port", "0", "--control-port", "0", "--no-autoscan",
                   "--ports-file", self.path("ports"))
        wait_until(lambda: os.path.exists(self.path("ports")) and self.listening(self.port), 20, "router, simulator")
        with open(self.path("ports"), encoding="ascii") as f:
            ports = dict(line.split() for line in f)
        self.control = socket.create_connection(("127.0.0.1", int(ports["control"])), 5)
        self.agent = self.spawn("cerro-lakeshore372", "--instance-id", "bridge", "--site-file",
                                self.path("default.yaml"), "--site-host", "localhost", "--ip-address", "127.0.0.1",
                                "--port", ports["instrument"])

    def tearDown(self):
        self.control.close()
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(10), 0)
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def spawn(self, program, *arguments):
        log = open(self.path(program + ".log"), "wb")  # closed with the child's end
        child = subprocess.Popen([os.path.join(BIN, program), *arguments], stdout=log, stderr=log)
        log.close()
        self.children.append(child)
        return child

    @staticmethod
    def listening(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def fault(self, line):
        self.control.sendall(line.encode() + b"\r\n")
        self.assertEqual(self.control.recv(100), b"ok\r\n")

    def ops(self, *arguments):
        body = json.dumps({"procedure": "observatory.bridge.ops", "args": list(arguments)}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/call", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            reply = json.load(answer)
        return [None, reply["error"], {}] if "error" in reply else reply["args"][0]

    def acq(self):
        return self.ops("status", "acq")[2]

    def task(self, name, params=None):
        status, text, _ = self.ops("start", name, params or {})
        self.assertEqual(status, 0, text)
        session = self.ops("wait", name)[2]
        self.assertTrue(session["success"], session["messages"])
        return session

    def test_acquires_takes_commands_and_survives_faults(self):
        wait_until(lambda: self.acq().get("data", {}).get("fields"), 20, "acq shows a reading")
        samples, info = asyncio.run(self.listen(20))
        self.assertTrue(all(i["agg_params"] == {"frame_length": 600.0} and i["record"] for i in info))
        blocks = [name for _, name, _ in samples]
        self.assertEqual(set(blocks), {"Channel 01"})
        self.assertGreaterEqual(len(samples), 20)
        for _, _, fields in samples:
            self.assertEqual(set(fields), {"Channel_01_T", "Channel_01_R"})
            self.assertLess(abs(fields["Channel_01_T"] / 48 - 1), 0.02)

        self.task("set_dwell", {"channel": 2, "dwell": 9})
        self.assertEqual(self.task("get_dwell", {"channel": 2})["data"], {"dwell_time": 9})
        self.assertEqual(self.ops("start", "set_dwell", {"channel": 1})[1],
                         "Param 'dwell' is required and must not be None")

        for kind in ("close", "off", "silence"):
            with self.subTest(kind):
                self.fault(f"{kind} 60")
                wait_until(lambda: self.acq()["op_code"] == 8, 10, "degraded")
                self.fault("none")
                wait_until(lambda: self.acq()["op_code"] == 3, 15, "running again")
                before = self.acq()["data"]["fields"]["Channel_01"]["timestamp"]
                wait_until(lambda: self.acq()["data"]["fields"]["Channel_01"]["timestamp"] > before, 5, "new data")
        self.assertIsNone(self.agent.poll())

    async def listen(self, count):
        extra = {"samples": [], "info": [], "joined": asyncio.Event()}
        runner = ApplicationRunner(f"ws://127.0.0.1:{self.port}/ws", "test_realm", extra=extra)
        _, protocol = await runner.run(Listener, start_loop=False)
        await asyncio.wait_for(extra["joined"].wait(), 10)
        deadline = time.monotonic() + 20
        while len(extra["samples"]) < count and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        protocol._session.leave()
        return extra["samples"], extra["info"]


if __name__ == "__main__":
    unittest.main()
