"""The HTTP paths with Python's http.client, and the configuration that `init` writes with Python's ssl."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse

from raw_wamp import Client
from router_under_test import FaultTest, eventually, free_port, wait_until

GUARD = {"key": "k", "secret": "a secret", "timestamp_delta_limit": 30}


def transports(folder):
    bridge = {"realm": "realm1", "role": "anonymous"}
    return [
        {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"}},
        {"type": "web", "endpoint": {"type": "tcp", "port": 0, "interface": "127.0.0.1"}, "paths": {
            "/": {"type": "static", "directory": str(folder)},
            "ws": {"type": "websocket", "options": {"allowed_origins": ["http://good.example.org"]}},
            "call": {"type": "caller", **bridge},
            "publish": {"type": "publisher", **bridge},
            "signed": {"type": "publisher", **bridge, "options": GUARD},
            "tls": {"type": "caller", **bridge, "options": {"require_tls": True}},
        }},
    ]


def signed(body, key=GUARD["key"], secret=GUARD["secret"], when=None):
    when = when or datetime.datetime.now(datetime.timezone.utc)
    query = {"timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "seq": "1", "nonce": "7", "key": key}
    text = query["key"] + query["timestamp"] + query["seq"] + query["nonce"]
    digest = hmac.new(secret.encode(), text.encode() + body.encode(), hashlib.sha256).digest()
    query["signature"] = base64.urlsafe_b64encode(digest).decode()
    return "/signed?" + urllib.parse.urlencode(query)


class HttpTest(FaultTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cerro-http-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "index.html").write_text("<p>hello")
        self.large = os.urandom(5_000_000)
        (self.folder / "large.bin").write_bytes(self.large)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.r.ports[1], timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    async def test_publisher_signed_or_not(self):
        self.r = self.router(transports=transports(self.folder))
        c = await Client.join(self.r.port)
        await c.subscribe("site.x")
        body = json.dumps({"topic": "site.x", "args": [1]})
        for path in ("/publish", signed(body)):
            status, answer, _ = self.ask("POST", path, body, {"Content-Type": "application/json"})
            self.assertEqual(status, 200, answer)
            event = await c.wait_for(lambda m: m[0] == 36)
            self.assertEqual(event[2], json.loads(answer)["id"])
        late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=60)
        for path, status in ((signed(body, secret="other"), 401), (signed(body, key="other"), 401),
                             (signed(body, when=late), 400), (signed(body + " "), 401), ("/signed", 400)):
            self.assertEqual(self.ask("POST", path, body)[0], status, path)
        self.assertNotIn("a secret", self.r.log())

    async def test_refusals(self):
        self.r = self.router(transports=transports(self.folder))
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "wamp.2.json"}
        for method, path, body, headers, status in (
                ("GET", "/call", None, {}, 405), ("DELETE", "/call", None, {}, 405),
                ("POST", "/call", "{", {}, 400), ("POST", "/call", "[]", {}, 400), ("POST", "/call", "{}", {}, 400),
                ("POST", "/call", "{}", {"Content-Type": "text/plain"}, 400),
                ("POST", "/call", b"\xff\xfe", {}, 400), ("POST", "/call", "x" * (1 << 20) + "x", {}, 413),
                ("GET", "/", None, {"X-Large": "y" * 20_000}, 431),
                ("GET", "/../etc/passwd", None, {}, 404), ("GET", "/%2e%2e/%2e%2e/etc/passwd", None, {}, 404),
                ("GET", "/nothing", None, {}, 404), ("POST", "/tls", "{}", {}, 400),
                ("GET", "/ws", None, {**upgrade, "Origin": "http://bad.example.org"}, 403)):
            with self.subTest(method=method, path=path, status=status):
                self.assertEqual(self.ask(method, path, body, headers)[0], status)
        self.assertEqual(self.ask("GET", "/ws")[0], 200)
        status, _, headers = self.ask("OPTIONS", "/call", None, {"Access-Control-Request-Headers": "X-A"})
        self.assertEqual((status, headers["access-control-allow-headers"]), (200, "X-A"))

    async def test_one_connection_for_many_requests_and_a_large_file(self):
        self.r = self.router(transports=transports(self.folder))
        connection = http.client.HTTPConnection("127.0.0.1", self.r.ports[1], timeout=10)
        for _ in range(20):
            connection.request("POST", "/call", json.dumps({"procedure": "site.none"}))
            answer = connection.getresponse()
            self.assertEqual(json.loads(answer.read())["error"], "wamp.error.no_such_procedure")
        connection.request("GET", "/large.bin")
        self.assertEqual(connection.getresponse().read(), self.large)
        connection.request("HEAD", "/large.bin")
        answer = connection.getresponse()
        self.assertEqual((answer.headers["content-length"], answer.read()), (str(len(self.large)), b""))
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().read(), b"<p>hello")
        connection.close()

    async def test_a_slow_reader_of_a_large_file_holds_nobody_up(self):
        self.r = self.router(transports=transports(self.folder))
        (self.folder / "huge.bin").write_bytes(bytes(200_000_000))
        slow = http.client.HTTPConnection("127.0.0.1", self.r.ports[1], timeout=10)
        slow.request("GET", "/huge.bin")
        before = self.r.rss()
        for _ in range(20):
            self.assertEqual(self.ask("GET", "/")[0], 200)
        self.assertLess(self.r.rss(), before + 30_000_000, "the file is not in memory")
        slow.close()

    async def test_init_gives_a_router_that_foreign_clients_trust(self):
        node = self.folder / "node"
        binary = os.environ["CERRO_BIN_DIR"] + "/cerro-router"
        ports = [free_port() for _ in range(3)]
        options = ["--tls-port", str(ports[0]), "--rawsocket-port", str(ports[1]), "--plain-port", str(ports[2])]
        subprocess.run([binary, "init", "--cbdir", node, *options], check=True, stdout=subprocess.DEVNULL)
        again = subprocess.run([binary, "init", "--cbdir", node, *options], stderr=subprocess.PIPE, text=True)
        self.assertEqual(again.returncode, 1)
        self.assertIn("nothing is overwritten", again.stderr)
        check = subprocess.run([binary, "check", "--cbdir", node], capture_output=True, text=True)
        self.assertEqual((check.returncode, check.stderr), (0, ""))
        listening = self.folder / "ports.json"
        with subprocess.Popen([binary, "start", "--cbdir", node, "--ports-file", listening, "--loglevel", "warn",
                               "--color", "auto"], stdout=subprocess.DEVNULL) as process:
            try:
                wait_until(listening.exists, 10, "the router listens")
                trusting = ssl.create_default_context(cafile=node / "ca_cert.pem")
                connection = http.client.HTTPSConnection("localhost", ports[0], timeout=10, context=trusting)
                connection.request("GET", "/ws")
                self.assertEqual(connection.getresponse().status, 200)
                connection.close()
                with self.assertRaises(ssl.SSLCertVerificationError):
                    http.client.HTTPSConnection("localhost", ports[0], timeout=10,
                                                context=ssl.create_default_context()).request("GET", "/ws")
            finally:
                process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)

    async def test_a_client_that_leaves_cancels_its_call(self):
        self.r = self.router(transports=transports(self.folder))
        callee = await Client.join(self.r.port)
        await callee.register("site.never")
        connection = http.client.HTTPConnection("127.0.0.1", self.r.ports[1], timeout=10)
        connection.request("POST", "/call", json.dumps({"procedure": "site.never"}))
        await callee.wait_for(lambda m: m[0] == 68)
        self.assertEqual(self.r.metric("cerro_router_calls_open"), 1)
        connection.close()
        await eventually(lambda: self.r.metric("cerro_router_calls_open") == 0, 10, "the call is cancelled")


if __name__ == "__main__":
    unittest.main()
