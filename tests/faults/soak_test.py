"""A site's day in short: agents that publish and answer calls, an archive that misses nothing, and a router, agents and
connections that are killed at random. Nothing that was acknowledged may be missing in the archive; memory and
descriptors stay flat; the router logs no warning that the kills do not explain.

20 minutes and 300 agents with CERRO_SOAK=1, else 20 seconds and 30 agents.
"""

import asyncio
import os
import random
import time
import unittest

from raw_wamp import CALL, ERROR, EVENT, INVOCATION, PUBLISH, PUBLISHED, RESULT, YIELD, Client, Closed, Refused
from router_under_test import FaultTest

SOAK = bool(os.environ.get("CERRO_SOAK"))
AGENTS, SECONDS, ROUTER_KILLS = (300, 1200, 120) if SOAK else (30, 20, 8)
LOST = (Closed, Refused, OSError, asyncio.TimeoutError, ConnectionError)


class Agent:
    """Publishes numbers at 1 Hz, acknowledged; keeps what is not, and sends it again before anything newer."""

    def __init__(self, site, number):
        self.site, self.name = site, f"a{number}"
        self.topic = f"site.{self.name}.feeds.f"
        self.waiting = {}       # number: sample; in order
        self.acknowledged = []
        self.count = 0
        self.resting = False
        self.client = None
        self.calls_made = self.calls_answered = self.calls_refused = 0
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        sampling = asyncio.ensure_future(self.sample())
        try:
            while True:
                try:
                    await self.one_session()
                except LOST:
                    await asyncio.sleep(random.random())
        finally:
            sampling.cancel()

    async def sample(self):
        await asyncio.sleep(random.random())
        while not self.resting:
            self.count += 1
            self.waiting[self.count] = True
            if self.client:
                self.publish(self.count)
                if random.random() < 0.2:
                    other = random.randrange(AGENTS)
                    self.client.request(CALL, {"timeout": 5000}, f"site.a{other}.ops", [self.count])
                    self.calls_made += 1
            await asyncio.sleep(1)

    def publish(self, number):
        self.requests[self.client.request(PUBLISH, {"acknowledge": True}, self.topic, [self.name, number])] = number

    async def one_session(self):
        c = await Client.join(self.site.port)
        try:
            await c.register(f"site.{self.name}.ops", force_reregister=True)
            self.requests = {}
            self.client = c
            for number in list(self.waiting):
                self.publish(number)
            while True:
                m = await c.receive(60)
                if m[0] == PUBLISHED:
                    number = self.requests.pop(m[1])
                    if self.waiting.pop(number, None):
                        self.acknowledged.append(number)
                elif m[0] == INVOCATION:
                    c.send([YIELD, m[1], {}, m[4]])
                elif m[0] == RESULT:
                    self.calls_answered += 1
                elif m[0] == ERROR and m[1] == CALL:
                    self.calls_refused += 1
        finally:
            self.client = None
            c.close()

    def cut(self):
        if self.client:
            self.client.writer.transport.abort()


class Archive:
    """A subscriber with a position: after each join it reads what it missed, then goes on with live events."""

    def __init__(self, site):
        self.site = site
        self.got = {}
        self.twice = 0
        self.position = 0
        self.client = None
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        while True:
            try:
                await self.one_session()
            except LOST:
                await asyncio.sleep(0.3)

    async def one_session(self):
        c = await Client.join(self.site.port)
        try:
            subscription = await c.subscribe("..feeds.", match="wildcard")
            more = True
            while more:
                m = await c.answered(CALL, RESULT, {}, "wamp.subscription.get_events", [subscription],
                                     {"after_position": self.position})
                for item in m[3][0]:
                    self.take(item["x_cerro_position"], item["args"])
                more = m[4]["more"]
            self.client = c
            while True:
                m = await c.receive(60)
                if m[0] == EVENT:
                    self.take(m[3]["x_cerro_position"], m[4])
        finally:
            self.client = None
            c.close()

    def take(self, position, sample):
        if position <= self.position:
            return  # live while the page was read
        self.position = position
        key = tuple(sample)
        self.twice += key in self.got
        self.got[key] = True

    def cut(self):
        if self.client:
            self.client.writer.transport.abort()


class SoakTest(FaultTest):
    async def test_site(self):
        self.r = r = self.router(history={"type": "disk", "folder": "history"})
        self.port = r.port
        agents = [Agent(self, i) for i in range(AGENTS)]
        archive = Archive(self)
        begin = last_line = last_kill = time.monotonic()
        settled = None
        try:
            while time.monotonic() - begin < SECONDS:
                await asyncio.sleep(random.random())
                r.alive()
                random.choice([*agents, archive] if random.random() < 0.9 else [archive]).cut()
                now = time.monotonic()
                if now - last_kill > ROUTER_KILLS and SECONDS - (now - begin) > ROUTER_KILLS / 2:
                    last_kill = now
                    r.kill()
                    await asyncio.to_thread(r.start)
                if now - last_line > (60 if SOAK else 5):
                    last_line = now
                    print(f"{now - begin:5.0f} s: {r.rss() >> 20} MiB, {r.descriptors()} descriptors, "
                          f"{sum(len(a.acknowledged) for a in agents)} acknowledged, {len(archive.got)} archived",
                          flush=True)
                    if settled is None and now - last_kill > ROUTER_KILLS / 2:
                        settled = (r.rss(), r.descriptors())
            for a in agents:  # no new samples; what is under way comes to its end
                a.resting = True
            await asyncio.sleep(8)
        finally:
            for a in agents:
                a.task.cancel()
        if archive.client is None:
            await asyncio.sleep(3)
        archive.task.cancel()
        acknowledged = [(a.name, n) for a in agents for n in a.acknowledged]
        missing = [key for key in acknowledged if key not in archive.got]
        calls = [sum(getattr(a, f"calls_{what}") for a in agents) for what in ("made", "answered", "refused")]
        print(f"{len(acknowledged)} acknowledged, {len(missing)} missing in the archive, {archive.twice} twice; "
              f"calls: {calls[0]} made, {calls[1]} answered, {calls[2]} refused")
        self.assertGreater(len(acknowledged), AGENTS * SECONDS * 0.5)
        self.assertEqual(missing, [])
        self.assertGreater(calls[1], 0)
        if SOAK and settled:
            self.assertLess(r.rss(), settled[0] * 1.3 + (16 << 20))
            self.assertLess(r.descriptors(), settled[1] + AGENTS)
        for line in r.log().splitlines():
            if '"level":"warn' in line or '"level":"error' in line:
                self.assertRegex(line, "ping_timeout|slow_consumer|history_tail", "a warning that nobody explains")


if __name__ == "__main__":
    unittest.main()
