"""Router, hub, data node servers and bridge as child processes, and an agent's feed made by autobahn (Python)."""

import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("CERRO_BIN_DIR", os.path.join(ROOT, "build", "release", "bin"))
REALM = "test_realm"
AGENT = "LSA22YE"


def wait_until(condition, limit_s, what):
    """Polls until `condition()` is true; an OSError counts as not yet."""
    end = time.monotonic() + limit_s
    while True:
        try:
            got = condition()
        except OSError:
            got = None
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit_s} s")
        time.sleep(0.05)


class LiveSite:
    """Everything on ports of the system's choice; the router keeps its port when it is started again."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cerro-live-")
        self.processes = {}
        self.ws_port = 0
        self.start_router()
        self.start("hub", "cerro-hub", *self.router_options())
        self.start("weather", "cerro-dans-weather", *self.router_options(), "--data-dir",
                   os.path.join(ROOT, "tests", "data", "sisock", "example_weather"))
        self.start_feed_server()
        self.start_bridge()

    # ---- processes

    def start(self, name, program, *options, env=None):
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        self.processes[name] = subprocess.Popen([os.path.join(BIN, program), *options], stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **(env or {})})
        log.close()

    def router_options(self):
        return ["--url", self.ws_url()]

    def ws_url(self):
        return f"ws://127.0.0.1:{self.ws_port}/ws"

    def start_router(self):
        ports = os.path.join(self.folder, "router-ports.json")
        permissions = [{"uri": "", "match": "prefix",
                        "allow": {"call": True, "register": True, "publish": True, "subscribe": True}}]
        config = {"version": 2, "workers": [{
            "type": "router",
            "realms": [{"name": REALM, "roles": [{"name": "server", "permissions": permissions}]}],
            "transports": [{"type": "web", "endpoint": {"type": "tcp", "port": self.ws_port, "interface": "127.0.0.1"},
                            "paths": {"ws": {"type": "websocket",
                                             "auth": {"anonymous": {"type": "static", "role": "server"}}}}}]}]}
        path = os.path.join(self.folder, "config.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)
        if os.path.exists(ports):
            os.remove(ports)
        self.start("router", "cerro-router", "start", "--config", path, "--ports-file", ports)
        self.ws_port = self.read_port(ports)

    def start_feed_server(self):
        self.start("feed", "cerro-dans-datafeed", *self.router_options(), "--unit", "*_t=K", "--unit", "*_r=Ohm",
                   env={"TARGET": AGENT, "NAME": AGENT, "DESCRIPTION": "Lakeshore 372, live", "FEED": "temperatures"})

    def start_bridge(self, *options, name="bridge"):
        ports = os.path.join(self.folder, name + "-ports.json")
        if os.path.exists(ports):
            os.remove(ports)
        self.start(name, "cerro-bridge", *self.router_options(), "--port", "0", "--ports-file", ports, "--web-dir",
                   os.environ.get("CERRO_WEB_DIR", os.path.join(os.path.dirname(BIN), "web")), *options)
        self.http_port = self.read_port(ports)

    def read_port(self, path):
        def read():
            with open(path, encoding="utf-8") as f:
                return json.load(f)[0]["port"]
        return wait_until(read, 20, f"{path} is written")

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self):
        codes = {}
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        shutil.rmtree(self.folder)
        return codes

    def show_logs(self):
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as f:
                    print(f"---- {name}\n" + "".join(f.readlines()[-25:]), file=sys.stderr)

    # ---- HTTP

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def http(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, body as bytes)"""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path), data=data, method=method,
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as e:
            return e.code, dict(e.headers), e.read()

    def json(self, method, path, body=None):
        status, _, text = self.http(method, path, body)
        if status != 200:
            raise OSError(f"{method} {path}: {status} {text!r}")
        return json.loads(text)

    def search(self, text=""):
        return self.json("POST", "/search", {"target": text})


def feed_message(t, channels):
    """What an OCS agent publishes: one block with one sample."""
    block = {"block_name": "temps", "timestamps": [t], "data": {c: [v] for c, v in channels.items()}}
    feed = {"agent_address": f"observatory.{AGENT}", "feed_name": "temperatures",
            "address": f"observatory.{AGENT}.feeds.temperatures", "record": True, "session_id": "1", "agg_params": {}}
    return [{"temps": block}, feed]


class Peer:
    """A WAMP session by autobahn in a thread of its own: calls, publications, registrations, from other threads."""

    def __init__(self, url):
        from autobahn.asyncio.wamp import ApplicationSession
        from autobahn.asyncio.websocket import WampWebSocketClientFactory
        from autobahn.wamp.types import ComponentConfig

        self.loop = asyncio.new_event_loop()
        self.joined = threading.Event()
        peer = self

        class Session(ApplicationSession):
            def onJoin(self, details):
                peer.session = self
                peer.id = details.session
                peer.joined.set()

        async def run():
            host, port = url.split("/")[2].split(":")
            factory = WampWebSocketClientFactory(lambda: Session(ComponentConfig(REALM, {})), url=url)
            factory.loop = self.loop
            self.transport, _ = await self.loop.create_connection(factory, host, int(port))

        self.loop.create_task(run())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        if not self.joined.wait(20):
            raise TimeoutError("autobahn did not join")

    def wait(self, coroutine, limit_s=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(limit_s)

    def call(self, uri, *args, **kwargs):
        async def do():
            return await self.session.call(uri, *args, **kwargs)
        return self.wait(do())

    def register(self, f, uri):
        async def do():
            return await self.session.register(f, uri)
        return self.wait(do())

    def subscribe(self, f, uri):
        async def do():
            return await self.session.subscribe(f, uri)
        return self.wait(do())

    def publish(self, uri, *args):
        from autobahn.wamp.types import PublishOptions

        async def do():
            return await self.session.publish(uri, *args, options=PublishOptions(acknowledge=True))
        return self.wait(do())

    def close(self):
        """Cuts the connection; the router sees the session leave."""
        self.loop.call_soon_threadsafe(self.transport.close)
        self.loop.call_soon_threadsafe(self.loop.call_later, 0.2, self.loop.stop)
        self.thread.join(5)


class Feeder:
    """Publishes samples of four channels ten times a second, until stopped."""

    def __init__(self, url, peer=None):
        self.peer = peer or Peer(url)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.wait(0.1):
            t = time.time()
            channels = {"Channel_01_T": 0.1 + 0.02 * math.sin(t / 3), "Channel_02_T": 3.9 + 0.4 * math.sin(t / 5),
                        "Channel_01_R": 10250 - 300 * math.sin(t / 3), "heater_on": int(t) % 10 < 5,
                        "state": "cooling" if int(t) % 20 < 10 else "idle"}
            try:
                self.peer.publish(f"observatory.{AGENT}.feeds.temperatures", feed_message(t, channels))
            except Exception as e:  # the router was killed: the test makes another feeder then
                print(f"the feeder ends: {e!r}", file=sys.stderr)
                return

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self.peer.close()
