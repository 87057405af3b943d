"""Bytes that no honest client sends (cases R7, R8, R9, R10)."""

import asyncio
import os
import random
import struct
import unittest

import msgpack
from raw_wamp import (ABORT, CALL, ERROR, EVENT, HANDSHAKE, HELLO, PUBLISH, RESULT, WELCOME, Client, frame)
from router_under_test import FaultTest

SOAK = bool(os.environ.get("CERRO_SOAK"))


class InputTest(FaultTest):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.r = self.router()
        self.good = await Client.join(self.r.port)  # must notice nothing

    async def still_well(self):
        self.assertGreater(await self.good.subscribe("site.well"), 0)

    async def test_r7_garbage_in_every_state(self):
        rng = random.Random(7)
        hello = frame([HELLO, "realm1", {"roles": {}}])
        beginnings = [b"", HANDSHAKE, HANDSHAKE + hello]
        for n in range(300 if SOAK else 90):
            c = await Client.open(self.r.port)
            junk = rng.randbytes(rng.choice([1, 4, 5, 64, 3000]))
            if n % 2:  # well-framed garbage
                junk = struct.pack(">I", len(junk)) + junk
            c.writer.write(beginnings[n % 3] + junk)
            try:
                c.writer.write_eof()
                await asyncio.wait_for(c.reader.read(), 10)
            except OSError:
                pass  # it was closed already
            c.close()
        await self.still_well()
        self.assertLess(len(self.r.log().splitlines()), 200, "no flood of log lines")

    async def test_r7_messages_that_do_not_fit_the_state(self):
        for message in ([HELLO, "realm1", {"roles": {}}], [WELCOME, 1, {}], [EVENT, 1, 2, {}], [RESULT, 1, {}],
                        [999], [], "text", 7, [PUBLISH], [PUBLISH, "x", {}, "a"], [CALL, 1, [], "p"],
                        [CALL, 1, {}, "p", {}], [PUBLISH, -1, {}, "a"], [PUBLISH, 2**63, {}, "a"]):
            c = await Client.join(self.r.port)
            c.send(message)
            seen = await c.ended()
            self.assertEqual(seen[-1][0], ABORT, message)
            self.assertEqual(seen[-1][2], "wamp.error.protocol_violation", message)
        for message in ([PUBLISH, 1, {}, "a"], [WELCOME, 1, {}], [CALL, 1, {}, "p"]):
            c = await Client.open(self.r.port)
            await c.handshake()
            c.send(message)
            self.assertEqual((await c.ended())[-1][2], "wamp.error.protocol_violation")
        await self.still_well()

    async def test_r8_announced_sizes_cost_nothing(self):
        base, crowd = self.r.rss(), []
        for _ in range(50):
            c = await Client.join(self.r.port)
            c.writer.write(struct.pack(">I", 2**24 - 1) + b"\x93\x10")
            await c.drain()
            crowd.append(c)
        await self.still_well()
        self.assertLess(self.r.rss() - base, 50 << 20, "nothing was allocated for what was only announced")

    async def test_r8_a_message_above_the_limit_ends_that_connection(self):
        r = self.router(limits={"max_message": "64KiB"})
        c = await Client.open(r.port)
        c.writer.write(HANDSHAKE)
        answer = await c.reader.readexactly(4)
        self.assertEqual(answer[1] >> 4, 7, "2^16 is announced")
        await c.hello()
        c.writer.write(struct.pack(">I", 65537) + b"x" * 100)
        await c.ended()
        self.assertEqual(r.metric("cerro_router_connections_closed_total", reason="message_too_big"), 1)

    async def test_r9_depth_counts_and_texts(self):
        deep = b"\x94\x10\x01\x80\xa1a" + b"\x91" * 500 + b"\x90"
        cases = {
            "deep nesting": b"\x95\x10\x01\x80\xa1a" + b"\x91" * 500 + b"\x90",
            "array32 of 2^32-1": b"\x95\x10\x01\x80\xa1a\xdd\xff\xff\xff\xff",
            "map32 of 2^32-1": b"\x94\x10\x01\xdf\xff\xff\xff\xff\xa1a",
            "str32 of 2^32-1": b"\x94\x10\x01\x80\xdb\xff\xff\xff\xff",
            "text that is no UTF-8": b"\x94\x10\x01\x80\xa2\xff\xfe",
            "a list as a key": b"\x94\x10\x01\x81\x90\x02\xa1a",
            "cut off": deep[:9],
            "octets behind the end": b"\x94\x10\x01\x80\xa1a\xc0",
        }
        for what, body in cases.items():
            with self.subTest(what):
                c = await Client.join(self.r.port)
                c.writer.write(struct.pack(">I", len(body)) + body)
                self.assertEqual((await c.ended())[-1][2], "wamp.error.protocol_violation")
        await self.still_well()

    async def test_r9_odd_but_legal_values_pass(self):
        subscriber, publisher = await Client.join(self.r.port), await Client.join(self.r.port)
        await subscriber.subscribe("site.odd")
        values = [float("inf"), 2**64 - 1, -(2**63), b"\0\xff", "\U0001f52d", msgpack.ExtType(5, b"abc"), None, "\0"]
        await publisher.publish("site.odd", values)
        m = await subscriber.receive()
        self.assertEqual(m[4], values)
        # A float for an id, as JavaScript peers write it.
        publisher.send([PUBLISH, 77.0, {"acknowledge": True}, "site.odd", [float("nan")]])
        self.assertEqual((await publisher.receive())[:2], [17, 77])
        got = await subscriber.receive()
        self.assertNotEqual(got[4][0], got[4][0])

    async def test_r10_single_octets_and_everything_at_once(self):
        talk = [[HELLO, "realm1", {"roles": {}}], [32, 1, {}, "site.a"], [PUBLISH, 2, {"acknowledge": True}, "site.b"],
                [CALL, 3, {}, "site.none"]]
        whole = HANDSHAKE + b"".join(frame(m) for m in talk)

        async def play(pieces):
            c = await Client.open(self.r.port)
            for piece in pieces:
                c.writer.write(piece)
                await c.drain()
                await asyncio.sleep(0)
            await c.reader.readexactly(4)
            return [(await c.receive())[0] for _ in talk]

        together = await play([whole])
        single = await play([whole[i:i + 1] for i in range(len(whole))])
        self.assertEqual(together, [WELCOME, 33, 17, ERROR])
        self.assertEqual(single, together)


if __name__ == "__main__":
    unittest.main()
