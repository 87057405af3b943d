"""Garbage on every listening port leaves all else running."""

import random
import socket
import ssl
import unittest

from running_site import SiteTest, wait_until

BEGINNINGS = [
    b"",
    b"\x7f\xf2\x00\x00",                                   # a good RawSocket handshake, then garbage
    b"\x7f\xf0\x00\x00",
    b"\x7f\xf2\x00\x00\x00\xff\xff\xff",                   # a frame of 2^24-1 octets announced
    b"\x7f\xf2\x00\x00\x00\x00\x00\x05\x93\x01\xdd\xff\xff",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
    b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /call HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":[[",
    b"POST /query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /live/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"*IDN?\r\n",
]


class GarbageTest(SiteTest):
    def throw(self, port, payload, tls=False):
        """Sends and reads what comes; the peer may hang up whenever it likes."""
        answer = b""
        try:
            s = socket.create_connection(("127.0.0.1", port), timeout=3)
            if tls:
                context = ssl.create_default_context(cafile=self.site.certificate)
                s = context.wrap_socket(s, server_hostname="localhost")
            with s:
                s.settimeout(0.2)
                s.sendall(payload)
                answer = s.recv(65536)
        except OSError:
            pass
        return answer

    def test_garbage_on_every_port(self):
        rng = random.Random(42)
        pids = {name: child.process.pid for name, child in self.site.children.items()}
        p = self.site.ports
        for port in p.all():
            for beginning in BEGINNINGS:
                for tls in ([False, True] if port == p.wss else [False]):
                    answer = self.throw(port, beginning + rng.randbytes(rng.choice([0, 1, 7, 300, 5000])), tls)
                    self.assertNotIn(b"root:", answer)
        self.assertEqual(self.site.ended(), {})
        wait_until(self.everything_serves, 10, "everything still serves", self.watch)
        self.assertEqual({name: child.process.pid for name, child in self.site.children.items()}, pids)


if __name__ == "__main__":
    unittest.main()
