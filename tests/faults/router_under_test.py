"""A router of its own for a test, with small limits, restarts, and a look at its memory, descriptors and metrics."""

import asyncio
import copy
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import warnings

ANYTHING = {"call": True, "register": True, "publish": True, "subscribe": True}
CONFIG = {
    "version": 2,
    "workers": [{
        "type": "router",
        "realms": [{"name": "realm1",
                    "roles": [{"name": "anonymous",
                               "permissions": [{"uri": "", "match": "prefix", "allow": ANYTHING}]}]}],
        "transports": [{"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"}}],
    }],
    "cerro": {},
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def config(limits=None, transports=None, auth=None, **cerro):
    """A configuration with these limits; ports are fixed, so that a restarted router has the same."""
    out = copy.deepcopy(CONFIG)
    worker = out["workers"][0]
    if transports:
        worker["transports"] = transports
    for t in worker["transports"]:
        if t["endpoint"].get("port") == 0:
            t["endpoint"]["port"] = free_port()
        if auth:
            t["auth"] = auth
    if limits:
        out["cerro"]["limits"] = limits
    out["cerro"].update(cerro)
    return out


class Router:
    def __init__(self, conf, prepare=None, environment=None):
        """@param prepare runs in the child before exec: resource limits; `environment` is added to ours"""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cerro-fault-"))
        self.conf, self.prepare = conf, prepare
        self.environment = {**os.environ, **(environment or {})}
        self.log_path = self.folder / "router.log"
        self.process = None
        self.write(conf)

    def write(self, conf):
        whole = self.folder / "new.json"
        whole.write_text(json.dumps(conf))
        whole.replace(self.folder / "config.json")

    def start(self):
        ports = self.folder / "ports.json"
        ports.unlink(missing_ok=True)
        self.log_file = self.log_path.open("a")
        self.health_port = free_port()
        self.process = subprocess.Popen(
            [os.environ["CERRO_BIN_DIR"] + "/cerro-router", "start", "--config", self.folder / "config.json",
             "--ports-file", ports, "--health-port", str(self.health_port), "--log-json"],
            stdout=self.log_file, stderr=subprocess.STDOUT, preexec_fn=self.prepare, env=self.environment)
        wait_until(ports.exists, 10, "the router listens", self.alive)
        self.ports = [row["port"] for row in json.loads(ports.read_text())]
        self.port = self.ports[0]
        return self

    def alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the router ended with {self.process.returncode}:\n{self.log()[-3000:]}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, timeout=20):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def events(self, name):
        """All log lines of that event, as dictionaries."""
        rows = (json.loads(line) for line in self.log().splitlines() if line.startswith("{"))
        return [row for row in rows if row.get("event") == name]

    def metric(self, name, **labels):
        """The sum of all samples of that name which have these labels."""
        total = 0.0
        for line in self.scrape().splitlines():
            m = re.match(r"([a-z_]+)(?:\{(.*)\})? (\S+)$", line)
            if m and m[1] == name and all(f'{k}="{v}"' in (m[2] or "") for k, v in labels.items()):
                total += float(m[3])
        return total

    def scrape(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/metrics", timeout=5) as r:
            return r.read().decode()

    def rss(self):
        """Resident memory [bytes]."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        """User and system time so far [s]."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, seconds, what, watch=None):
    deadline = time.monotonic() + seconds
    while not condition():
        if watch:
            watch()
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


async def eventually(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)


class FaultTest(unittest.IsolatedAsyncioTestCase):
    """`self.router(...)` starts one; all end with the test, and their invariants are checked."""

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # the test case's default; slows hundreds of clients down
        warnings.simplefilter("ignore", ResourceWarning)  # sockets that are left open on purpose

    def router(self, prepare=None, environment=None, **conf):
        r = Router(config(**conf), prepare, environment).start()
        self.addCleanup(self.finish, r)
        return r

    def finish(self, r):
        r.log_file.close()
        if r.process.poll() is None:
            if r.stop() != 0:
                self.fail(f"the router ended with {r.process.returncode}:\n{r.log()[-3000:]}")
        for name in ("task_failed", "Sanitizer", "terminate called"):
            self.assertNotIn(name, r.log(), f"log of the router: {r.log()[-3000:]}")
