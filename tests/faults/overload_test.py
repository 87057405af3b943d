"""More than the router or a peer can take: slow readers, floods, slow handshakes, no descriptors, no memory
(cases R3, R4, R11, R15, R16)."""

import asyncio
import os
import resource
import statistics
import time
import unittest

from gate import Gate
from raw_wamp import EVENT, PUBLISH, Client
from router_under_test import FaultTest, eventually

SOAK = bool(os.environ.get("CERRO_SOAK"))


async def count_events(client, n, timeout=60):
    for _ in range(n):
        m = await client.receive(timeout)
        assert m[0] == EVENT, m


class OverloadTest(FaultTest):
    async def test_r3_subscriber_that_never_reads(self):
        pending = 8 << 20
        r = self.router(limits={"pending_bytes": "8MiB"})
        stuck = await Client.join(r.port, receive_buffer=4096)
        reader, publisher = await Client.join(r.port), await Client.join(r.port)
        for c in (stuck, reader):
            await c.subscribe("site.flood")
        stuck.stop_reading()
        base = r.rss()
        total, size, peak = (100 << 20 if SOAK else 32 << 20), 16 << 10, 0
        reading = asyncio.ensure_future(count_events(reader, total // size))
        for i in range(total // size):
            publisher.request(PUBLISH, {}, "site.flood", [b"x" * size])
            if i % 64 == 0:
                await publisher.drain()
                await publisher.publish("site.pace")  # keeps the good reader's backlog small
                peak = max(peak, r.rss())
        await reading  # the other one misses nothing
        await eventually(lambda: r.metric("cerro_router_connections_closed_total",
                                          reason="slow_consumer_pending") == 1, 15, "it was dropped")
        print(f"memory: {(peak - base) >> 20} MiB above the start with a limit of {pending >> 20} MiB")
        self.assertLess(peak - base, 3 * pending)
        [left] = [e for e in r.events("session_left") if e["session"] == stuck.session]
        self.assertEqual(left["reason"], "slow_consumer_pending")

    async def test_r3_a_write_that_does_not_end_has_a_deadline(self):
        r = self.router(limits={"write_deadline": "300ms", "ping_interval": "1h", "ping_timeout": "2h"})
        stuck, publisher = await Client.join(r.port, receive_buffer=4096), await Client.join(r.port)
        await stuck.subscribe("site.flood")
        stuck.stop_reading()
        for _ in range(400):
            publisher.request(PUBLISH, {}, "site.flood", [b"x" * 32768])
        await publisher.publish("site.other")
        await eventually(lambda: r.metric("cerro_router_connections_closed_total",
                                          reason="slow_consumer_deadline") == 1, 15, "it was dropped")

    async def test_r4_one_slow_among_many_does_not_slow_the_others(self):
        r = self.router(limits={"write_deadline": "60s"})
        others = [await Client.join(r.port) for _ in range(200 if SOAK else 50)]
        publisher = await Client.join(r.port)
        for c in others:
            await c.subscribe("site.feed")

        async def latencies(rounds):
            out = []
            for _ in range(rounds):
                begin = time.perf_counter()
                publisher.request(PUBLISH, {}, "site.feed", [b"x" * 2000])
                await asyncio.gather(*(c.receive() for c in others))
                out.append(time.perf_counter() - begin)
            return out

        await latencies(20)
        rounds = 300 if SOAK else 100
        without = await latencies(rounds)
        async with Gate(r.port) as g:
            g.rate, g.piece = 10_000, 1000
            slow = await Client.join(g.port)
            await slow.subscribe("site.feed")
            beside = await latencies(rounds)
            self.assertEqual(r.metric("cerro_router_sessions"), len(others) + 2)
        before, after = (statistics.quantiles(x, n=100)[98] for x in (without, beside))
        print(f"p99 of {len(others)} subscribers: {before * 1e3:.1f} ms, beside a slow one {after * 1e3:.1f} ms")
        # A router that waits for the slow peer would need seconds for each event.
        self.assertLess(statistics.median(beside), 5 * statistics.median(without) + 0.05)

    async def test_no_event_is_lost_in_bursts(self):
        r = self.router()
        readers, publisher = [await Client.join(r.port) for _ in range(10)], await Client.join(r.port)
        for c in readers:
            await c.subscribe("site.burst")
        n = 20_000 if SOAK else 5_000

        async def in_order(c):
            for i in range(n):
                m = await c.receive(60)
                assert m[0] == EVENT and m[4] == [i], (i, m)

        reading = [asyncio.ensure_future(in_order(c)) for c in readers]
        for i in range(n):
            publisher.request(PUBLISH, {}, "site.burst", [i])
        await publisher.drain()
        await asyncio.gather(*reading)

    async def test_r11_slow_handshakes_end_and_others_join(self):
        r = self.router(limits={"handshake_timeout": "1s", "hello_timeout": "1s"})
        n = 2000 if SOAK else 300
        slow = [await Client.open(r.port) for _ in range(n)]
        for c in slow[: n // 2]:
            c.writer.write(b"\x7f")          # one octet of the handshake
        for c in slow[n // 2:]:
            c.writer.write(b"\x7f\xf2\0\0")  # no HELLO
        begin = time.monotonic()
        await Client.join(r.port)
        self.assertLess(time.monotonic() - begin, 1)
        await eventually(lambda: r.metric("cerro_router_connections") == 1, 15, "the slow ones are gone")

    async def test_r15_out_of_descriptors(self):
        r = self.router(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        old = await Client.join(r.port)
        await old.register("site.old")
        asyncio.ensure_future(old.serve())
        crowd = []
        for _ in range(80):
            crowd.append(await Client.open(r.port))
        await eventually(lambda: "descriptor" in r.log() or "Too many open files" in r.log(), 10, "it is logged")
        caller = crowd[0]  # accepted before they ran out
        await caller.handshake()
        await caller.hello()
        self.assertEqual(await caller.call("site.old", 1), [1])
        for c in crowd[1:]:
            c.close()
        newcomer = await asyncio.wait_for(Client.join(r.port), 10)
        self.assertEqual(await newcomer.call("site.old", 2), [2])
        lines = [line for line in r.log().splitlines() if "escriptor" in line or "Too many open files" in line]
        self.assertLess(len(lines), 5, "no flood of log lines")

    async def test_r16_memory_short(self):
        limit = 600 << 20
        r = self.router(prepare=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
                        limits={"pending_bytes": "64MiB", "pending_total": "100MiB", "write_deadline": "60s"})
        publisher, reader = await Client.join(r.port), await Client.join(r.port)
        stuck = [await Client.join(r.port, receive_buffer=4096) for _ in range(10)]
        for i, c in enumerate(stuck):
            await c.subscribe(f"site.own{i}")
            c.stop_reading()
        for _ in range(30):
            for i in range(len(stuck)):
                await publisher.publish(f"site.own{i}", [b"x" * (1 << 20)])
        await eventually(lambda: r.metric("cerro_router_connections_closed_total",
                                          reason="slow_consumer_total") > 0, 15, "the greatest was dropped")
        self.assertGreater(await reader.subscribe("site.fine"), 0)


if __name__ == "__main__":
    unittest.main()
