"""The demo observatory as a set of child processes: start, watch, kill and end them.

Used by scripts/demo and by the system tests, so that what is tested is what a user runs. Standard library only.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


class Ports:
    """The ports of one observatory; `base` None gives the documented ones."""

    def __init__(self, base=None):
        if base is None:
            self.ws, self.wss, self.rawsocket, self.page, self.instrument = 8001, 8080, 8002, 5000, 7777
        else:
            self.ws, self.rawsocket, self.wss, self.page, self.instrument = range(base, base + 5)

    def all(self):
        return [self.ws, self.wss, self.rawsocket, self.page, self.instrument]


def free_base_port():
    """First of five neighbouring ports that nobody listens on now."""
    while True:
        base = 20000 + secrets.randbelow(20000)
        if all(port_is_free(p) for p in range(base, base + 5)):
            return base


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Child:
    """One process; its output goes line by line to the merged log."""

    def __init__(self, observatory, name, argv, env):
        self.name = name
        self.argv = argv
        self.ended = None
        self.process = subprocess.Popen(argv, env=env, cwd=observatory.data_dir, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self._read, args=(observatory,), daemon=True)
        self.reader.start()

    def _read(self, observatory):
        with self.process.stdout as output:
            for line in output:
                observatory.log(self.name, line.decode("utf-8", "replace").rstrip("\n"))

    def running(self):
        return self.process.poll() is None


class Observatory:
    """All processes of site-configs/demo, on their ports, with their data directory."""

    def __init__(self, data_dir, ports, bin_dir=None, echo=None):
        self.ports = ports
        self.bin_dir = bin_dir or os.environ.get("CERRO_BIN_DIR") or os.path.join(ROOT, "build", "release", "bin")
        self.data_dir = os.path.realpath(data_dir)
        self.site_dir = os.path.join(self.data_dir, "site")
        self.archive_dir = os.path.join(self.data_dir, "hk")
        self.log_path = os.path.join(self.data_dir, "demo.log")
        self.echo = echo
        self.children = {}
        self._log_lock = threading.Lock()
        os.makedirs(self.archive_dir, exist_ok=True)
        self._log_file = open(self.log_path, "a", encoding="utf-8")
        self._prepare_site()

    # ---- preparation

    def _prepare_site(self):
        """The configuration as it stands in the source tree, and a certificate that is good for another day."""
        router = os.path.join(self.site_dir, "router")
        self.certificate = os.path.join(router, "server_cert.pem")
        shutil.copytree(os.path.join(ROOT, "site-configs", "demo"), self.site_dir, dirs_exist_ok=True)
        good = subprocess.run(["openssl", "x509", "-checkend", "86400", "-noout", "-in", self.certificate],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if good.returncode != 0:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "365", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-keyout", os.path.join(router, "server_key.pem"), "-out", self.certificate],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            os.chmod(os.path.join(router, "server_key.pem"), 0o600)
        self.secrets = {"server": secrets.token_urlsafe(24), "consumer": secrets.token_urlsafe(24)}

    def binary(self, name):
        path = os.path.join(self.bin_dir, name)
        if not os.path.exists(path):
            raise SystemExit(f"{path} is missing: build it first (scripts/demo does, without --no-build)")
        return path

    def commands(self):
        """name -> (argv, extra environment), in the order of starting."""
        p = self.ports
        site = ["--site-file", os.path.join(self.site_dir, "default.yaml"), "--site-host", "localhost",
                "--site-hub", self.ws_url()]
        wss = f"wss://localhost:{p.wss}/ws"
        server = {"WAMP_USER": "server", "WAMP_SECRET": self.secrets["server"]}
        tls = ["--url", wss, "--ca-file", self.certificate]
        agent = lambda program, instance, *more: ([self.binary(program), "--instance-id", instance, *site, *more], {})
        feed = lambda target, name, text: ([self.binary("cerro-dans-datafeed"), "--url", self.ws_url(),
                                            "--target", target, "--name", name, "--description", text,
                                            "--feed", "temperatures" if target == "LSA22YE" else "false_temperatures",
                                            "--unit", "*_t=K", "--unit", "*_r=Ohm", "--unit", "channel_??=K"],
                                           {})
        return {
            "router": ([self.binary("cerro-router"), "start", "--config",
                        os.path.join(self.site_dir, "router", "config.json")],
                       {"CERRO_WS_PORT": str(p.ws), "CERRO_WSS_PORT": str(p.wss),
                        "CERRO_RAWSOCKET_PORT": str(p.rawsocket),
                        "CERRO_SERVER_SECRET": self.secrets["server"],
                        "CERRO_CONSUMER_SECRET": self.secrets["consumer"]}),
            "sim-372": ([self.binary("cerro-sim-lakeshore372"), "--port", str(p.instrument)], {}),
            "hub": ([self.binary("cerro-hub"), *tls], server),
            "registry": agent("cerro-registry", "registry"),
            "aggregator": agent("cerro-aggregator", "aggregator", "--data-dir", self.archive_dir),
            "fake1": agent("cerro-fakedata", "fake1"),
            "LSA22YE": agent("cerro-lakeshore372", "LSA22YE", "--ip-address", "127.0.0.1",
                             "--port", str(p.instrument)),
            "dans-LSA22YE": feed("LSA22YE", "LSA22YE", "Lakeshore 372, live"),
            "dans-fake1": feed("fake1", "fake1", "made-up temperatures, live"),
            "dans-weather": ([self.binary("cerro-dans-weather"), *tls, "--data-dir",
                              os.path.join(ROOT, "tests", "data", "sisock", "example_weather")], server),
            "bridge": ([self.binary("cerro-bridge"), *tls, "--port", str(p.page)],
                       {"WAMP_USER": "simonsobs", "WAMP_SECRET": self.secrets["consumer"]}),
        }

    # ---- processes

    def start(self, name):
        argv, extra = self.commands()[name]
        self.children[name] = Child(self, name, argv, {**os.environ, **extra})

    def start_all(self):
        for name in self.commands():
            self.start(name)

    def kill(self, name):
        """kill -9, and the process is gone when this returns."""
        self.children[name].process.kill()
        self.children[name].process.wait()

    def ended(self):
        """Names and exit codes of the children that are no longer running."""
        return {n: c.process.returncode for n, c in self.children.items() if not c.running()}

    def stop_all(self, limit_s=5.0):
        """SIGTERM to all, the router last, so that the others can say goodbye; SIGKILL after `limit_s`.

        Returns the names that had to be killed.
        """
        deadline = time.monotonic() + limit_s
        killed = []
        others = {n: c for n, c in self.children.items() if n != "router"}
        for group, until in ((others, deadline - 1.0),
                             ({n: c for n, c in self.children.items() if n == "router"}, deadline)):
            for child in group.values():
                if child.running():
                    child.process.terminate()
            for name, child in group.items():
                try:
                    child.process.wait(max(0.0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()
                    killed.append(name)
        for child in self.children.values():
            child.reader.join(1.0)
        self._log_file.close()
        return killed

    # ---- looking

    def log(self, name, line):
        with self._log_lock:
            text = f"{name:12} | {line}"
            self._log_file.write(text + "\n")
            self._log_file.flush()
            if self.echo:
                self.echo(text)

    def ws_url(self):
        return f"ws://127.0.0.1:{self.ports.ws}/ws"

    def page_url(self):
        return f"http://127.0.0.1:{self.ports.page}"

    def client(self, *words, timeout=30):
        """Runs ocs-client-cli on this site; returns (exit code, standard output)."""
        argv = [self.binary("ocs-client-cli"), *words, "--site-file", os.path.join(self.site_dir, "default.yaml"),
                "--site-host", "localhost", "--site-hub", self.ws_url()]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def http(self, path, body=None, timeout=10):
        """The decoded JSON answer of the bridge; an OSError if there is none."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.page_url() + path, data=data,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read())

    def search(self):
        """All target names that the bridge offers ([] while it is not up)."""
        try:
            return self.http("/search", {"target": ""})
        except (OSError, ValueError):
            return []

    def operation_running(self, instance, op):
        """Is that operation running now? Asks the agent through the router."""
        code, text = self.client("status", instance, op, "--json")
        if code != 0:
            return False
        try:
            return json.loads(text)["session"]["status"] == "running"
        except (ValueError, KeyError, TypeError):
            return False

    def query_points(self, target, seconds=60):
        """[[value, ms], ...] of one target over the last `seconds`."""
        now = time.time()
        series = self.http("/query", {"range": {"from": iso(now - seconds), "to": iso(now + 1)}, "interval": "1s",
                                      "intervalMs": 1000, "maxDataPoints": 1000,
                                      "targets": [{"target": target, "refId": "A", "type": "timeserie"}]})
        return series[0]["datapoints"] if series else []


def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t * 1000) % 1000:03d}Z"


def wait_until(condition, limit_s, what, watch=None):
    """Polls until `condition()` is true; the time it took. `watch()` may raise to give up early."""
    start = time.monotonic()
    while True:
        if condition():
            return time.monotonic() - start
        if watch:
            watch()
        if time.monotonic() - start > limit_s:
            raise TimeoutError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(0.1)


def interruptible():
    """SIGTERM as KeyboardInterrupt, so that one path of the code ends everything."""

    def handler(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, handler)


def uninterruptible():
    """From here on Ctrl-C and SIGTERM are ignored: what was started is being ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit("this is a library: run scripts/demo")
