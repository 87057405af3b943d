"""A bare WAMP client for fault tests: RawSocket and MessagePack, nothing hidden, nothing repaired.

Messages are plain lists as in the WAMP specification. Every wait has a deadline.
"""

import asyncio
import socket
import struct

import msgpack

HELLO, WELCOME, ABORT, CHALLENGE, AUTHENTICATE, GOODBYE, ERROR = 1, 2, 3, 4, 5, 6, 8
PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 16, 17, 32, 33, 34, 35, 36
CALL, CANCEL, RESULT, REGISTER, REGISTERED, UNREGISTER, UNREGISTERED = 48, 49, 50, 64, 65, 66, 67
INVOCATION, INTERRUPT, YIELD = 68, 69, 70

FEATURES = {
    "caller": {"features": {"call_canceling": True, "call_timeout": True, "progressive_call_results": True}},
    "callee": {"features": {"call_canceling": True, "registration_revocation": True}},
    "publisher": {"features": {"publisher_exclusion": True}},
    "subscriber": {"features": {"pattern_based_subscription": True}},
}
HANDSHAKE = b"\x7f\xf2\x00\x00"
PING = b"\x01\x00\x00\x00"


class Closed(Exception):
    """The router closed the connection."""


class Refused(Exception):
    """ABORT or ERROR; args[0] is the URI, args[1] the whole message."""


def frame(message):
    body = msgpack.packb(message)
    return struct.pack(">I", len(body)) + body


class Client:
    """One connection. `await Client.join(port)` for a session; the pieces can be used one by one, too."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.next_request = 1
        self.kept = []  # messages that came while another was waited for
        self.session = None

    @classmethod
    async def open(cls, port, receive_buffer=None, timeout=10):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.setblocking(False)
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(s, ("127.0.0.1", port)), timeout)
        reader, writer = await asyncio.open_connection(sock=s, limit=2**16)
        return cls(reader, writer)

    @classmethod
    async def join(cls, port, realm="realm1", details=None, **options):
        c = await cls.open(port, **options)
        await c.handshake()
        await c.hello(realm, details)
        return c

    async def handshake(self):
        self.writer.write(HANDSHAKE)
        answer = await asyncio.wait_for(self.reader.readexactly(4), 10)
        if answer[:2] != b"\x7f\xf2":
            raise Refused("handshake", answer)
        self.writer.write(PING)  # so the router knows that it may ping this client

    async def hello(self, realm="realm1", details=None):
        self.send([HELLO, realm, {"roles": FEATURES, **(details or {})}])
        m = await self.receive()
        if m[0] == ABORT:
            raise Refused(m[2], m)
        if m[0] == WELCOME:
            self.session = m[1]
        return m

    def send(self, message):
        self.writer.write(frame(message))

    async def drain(self):
        await self.writer.drain()

    async def receive(self, timeout=10):
        """The next message; pings are answered on the way."""
        if self.kept:
            return self.kept.pop(0)
        return await asyncio.wait_for(self._receive(), timeout)

    async def _receive(self):
        while True:
            try:
                kind, size = self._split(await self.reader.readexactly(4))
                body = await self.reader.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError) as e:
                raise Closed(str(e)) from e
            if kind == 1:
                self.writer.write(struct.pack(">I", 2 << 24 | size) + body)
            elif kind == 0:
                return msgpack.unpackb(body, strict_map_key=False)

    @staticmethod
    def _split(head):
        (word,) = struct.unpack(">I", head)
        return word >> 24 & 7, word & 0xFFFFFF

    async def wait_for(self, wanted, timeout=10):
        """The first message that `wanted(message)` is true for; others are kept for receive()."""
        for i, m in enumerate(self.kept):
            if wanted(m):
                return self.kept.pop(i)
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            m = await asyncio.wait_for(self._receive(), deadline - asyncio.get_running_loop().time())
            if wanted(m):
                return m
            self.kept.append(m)

    def request(self, kind, *rest):
        """Sends [kind, id, *rest] and returns the id."""
        number = self.next_request
        self.next_request += 1
        self.send([kind, number, *rest])
        return number

    async def answered(self, kind, answer, *rest, timeout=10):
        number = self.request(kind, *rest)
        m = await self.wait_for(
            lambda m: (m[0] == answer and m[1] == number) or (m[0] == ERROR and m[1:3] == [kind, number]), timeout)
        if m[0] == ERROR:
            raise Refused(m[4], m)
        return m

    async def register(self, procedure, **options):
        return (await self.answered(REGISTER, REGISTERED, options, procedure))[2]

    async def subscribe(self, topic, **options):
        return (await self.answered(SUBSCRIBE, SUBSCRIBED, options, topic))[2]

    async def publish(self, topic, args=None, **options):
        return (await self.answered(PUBLISH, PUBLISHED, {"acknowledge": True, **options}, topic, args or []))[2]

    async def call(self, procedure, *args, **options):
        m = await self.answered(CALL, RESULT, options, procedure, list(args))
        return m[3] if len(m) > 3 else []

    async def serve(self, answer=lambda args: args):
        """Answers invocations (never, without `answer`) until the connection ends or the task is cancelled."""
        while True:
            m = await self._receive()
            if answer and m[0] == INVOCATION:
                self.send([YIELD, m[1], {}, answer(m[4] if len(m) > 4 else [])])

    async def ended(self, timeout=10):
        """Waits for the end of the connection; what came before it."""
        seen = list(self.kept)
        self.kept.clear()
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            try:
                seen.append(await asyncio.wait_for(self._receive(), deadline - asyncio.get_running_loop().time()))
            except Closed:
                return seen

    def close(self):
        """Without GOODBYE."""
        self.writer.close()

    def stop_reading(self):
        self.writer.transport.pause_reading()
