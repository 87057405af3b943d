"""A router and agents of ours for system tests, and a small WebSocket client that speaks wamp.2.json."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

BIN = os.environ["CERRO_BIN_DIR"]
PATIENCE_S = 20.0


def wait_until(condition, what, limit_s=PATIENCE_S):
    """Polls until `condition()` gives something true, and returns that."""
    end = time.monotonic() + limit_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(0.02)


class Client:
    """One WebSocket connection to the router."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.buffer = b""
        self.events = []
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the router closed the connection")
        self.buffer += piece

    def _take(self, n):
        while len(self.buffer) < n:
            self._more()
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def _frame(self, opcode, body):
        size = len(body)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        mask = os.urandom(4)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(body)))

    def send(self, message):
        self._frame(1, json.dumps(message).encode())

    def _message(self):
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self._take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._take(8))[0]
            body = self._take(size)
            if first & 0x0F == 9:
                self._frame(10, body)
            elif first & 0x0F == 8:
                raise ConnectionError("the router closed the WebSocket")
            elif first & 0x0F in (1, 2):
                return json.loads(body)

    def receive(self):
        """The next message that is no EVENT; those are gathered in `events`."""
        while True:
            message = self._message()
            if message[0] != 36:
                return message
            self.events.append(message)

    def gather(self, n):
        """The first n EVENTs: [(message, feed_info), ...]."""
        while len(self.events) < n:
            message = self._message()
            assert message[0] == 36, message
            self.events.append(message)
        return [tuple(e[4][0]) for e in self.events[:n]]

    def rest(self):
        """All EVENTs until the connection ends."""
        try:
            while True:
                self.gather(len(self.events) + 1)
        except ConnectionError:
            return [tuple(e[4][0]) for e in self.events]

    def join(self):
        roles = {r: {"features": {}} for r in ("subscriber", "publisher", "caller", "callee")}
        self.send([1, "test_realm", {"roles": roles}])
        return self.receive()

    def close(self):
        self.socket.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Site:
    """A folder, a router on one port, and programs that log into the folder."""

    ALL = {"call": True, "register": True, "publish": True, "subscribe": True}

    def __init__(self, instances):
        self.folder = tempfile.mkdtemp(prefix="cerro-ocs-")
        self.port = free_port()
        self.children = {}
        self.clients = []
        ws = {"type": "websocket", "auth": {"anonymous": {"type": "static", "role": "iocs_agent"}}}
        config = {"version": 2, "workers": [{
            "type": "router",
            "realms": [{"name": "test_realm", "roles": [{"name": "iocs_agent", "permissions": [
                {"uri": "observatory.", "match": "prefix", "allow": self.ALL}]}]}],
            "transports": [{"type": "web",
                            "endpoint": {"type": "tcp", "port": self.port, "interface": "127.0.0.1"},
                            "paths": {"ws": ws}}]}]}
        self.config = os.path.join(self.folder, "config.json")
        with open(self.config, "w", encoding="utf-8") as f:
            json.dump(config, f)
        site = {"hub": {"wamp_server": f"ws://127.0.0.1:{self.port}/ws", "wamp_realm": "test_realm",
                        "address_root": "observatory"},
                "hosts": {"localhost": {"agent-instances": instances}}}
        self.site_file = os.path.join(self.folder, "site.yaml")
        with open(self.site_file, "w", encoding="utf-8") as f:
            json.dump(site, f)  # JSON is YAML

    def start(self, name, *argv):
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        self.children[name] = subprocess.Popen(argv, stdout=log, stderr=log)
        log.close()
        return self.children[name]

    def start_router(self):
        self.start("router", os.path.join(BIN, "cerro-router"), "--config", self.config)

        def listening():
            try:
                Client(self.port).close()
                return True
            except OSError:
                return False
        wait_until(listening, "the router listens")

    def start_agent(self, program, instance, *more):
        return self.start(instance, os.path.join(BIN, program), "--instance-id", instance, "--site-file",
                          self.site_file, "--site-host", "localhost", *more)

    def log(self, name):
        with open(os.path.join(self.folder, name + ".log"), encoding="utf-8") as f:
            return f.read()

    def client(self):
        self.clients.append(Client(self.port))
        assert self.clients[-1].join()[0] == 2
        return self.clients[-1]

    def close(self):
        for client in self.clients:
            client.close()
        for child in self.children.values():
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.folder)


class Agent:
    """Requests to one agent."""

    def __init__(self, client, instance):
        self.client = client
        self.address = "observatory." + instance
        self.request = 0

    def call(self, uri, args, kwargs=None):
        self.request += 1
        self.client.send([48, self.request, {}, uri, args] + ([kwargs] if kwargs else []))
        return self.client.receive()

    def op(self, action, name, **kwargs):
        """(status, message, session) of an operation request."""
        answer = self.call(self.address + ".ops", [action, name], kwargs)
        assert answer[0] == 50, answer
        return tuple(answer[3][0])

    def api(self):
        answer = self.call(self.address, ["get_api"])
        return answer[3][0] if answer[0] == 50 else None
