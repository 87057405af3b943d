"""Clients that come, go, vanish and come back (cases R1, R5, R6, R13, R14)."""

import asyncio
import os
import random
import time
import unittest

from gate import Gate
from raw_wamp import CALL, CANCEL, ERROR, INVOCATION, REGISTER, SUBSCRIBE, Client, Closed, Refused
from router_under_test import FaultTest, eventually

SOAK = bool(os.environ.get("CERRO_SOAK"))


class Agent:
    """Reconnects for ever with jitter and restores what it had, as agents do."""

    def __init__(self, port, procedures=(), topics=()):
        self.port, self.procedures, self.topics = port, procedures, topics
        self.joined = asyncio.Event()
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        pause = 0.25
        while True:
            try:
                c = await Client.join(self.port)
                for p in self.procedures:
                    await c.register(p, force_reregister=True)
                for t in self.topics:
                    await c.subscribe(t)
                self.joined.set()
                pause = 0.25
                try:
                    await c.serve()
                finally:
                    self.joined.clear()
                    c.close()
            except (Closed, Refused, OSError, asyncio.TimeoutError):
                await asyncio.sleep(pause * random.random())
                pause = min(5, pause * 1.5)


class ClientsTest(FaultTest):
    async def test_r1_all_clients_are_back_after_a_kill(self):
        r = self.router()
        agents, subscribers, rounds = (100, 400, 3) if SOAK else (40, 80, 1)
        crowd = [Agent(r.port, [f"site.a{i}.ops{k}" for k in range(10)]) for i in range(agents)]
        crowd += [Agent(r.port, topics=["site.feed", f"site.own{i}"]) for i in range(subscribers)]
        try:
            await asyncio.wait_for(asyncio.gather(*(a.joined.wait() for a in crowd)), 60)
            for _ in range(rounds):
                r.kill()
                await eventually(lambda: not any(a.joined.is_set() for a in crowd), 10, "everybody noticed")
                await asyncio.sleep(1)
                r.start()
                begin = time.monotonic()
                await asyncio.wait_for(asyncio.gather(*(a.joined.wait() for a in crowd)), 15)
                print(f"{len(crowd)} clients back after {time.monotonic() - begin:.1f} s")
                caller = await Client.join(r.port)
                for i in range(agents):
                    for k in range(10):
                        self.assertEqual(await caller.call(f"site.a{i}.ops{k}", i), [i])
                caller.close()
                before = r.cpu()
                await asyncio.sleep(1)
                self.assertLess(r.cpu() - before, 0.5, "the router is idle again")
        finally:
            for a in crowd:
                a.task.cancel()

    async def test_r5_an_agent_whose_old_session_still_stands_gets_its_procedures(self):
        r = self.router()
        async with Gate(r.port) as g:
            old = await Client.join(g.port)
            await old.register("site.agent.ops")
            g.dropping = True  # the old host is gone; nothing tells the router
            new = await Client.join(r.port)
            with self.assertRaises(Refused) as refused:
                await new.register("site.agent.ops")
            self.assertEqual(refused.exception.args[0], "wamp.error.procedure_already_exists")
            await new.register("site.agent.ops", force_reregister=True)
            serving = asyncio.ensure_future(new.serve(lambda args: ["new", *args]))
            caller = await Client.join(r.port)
            self.assertEqual(await caller.call("site.agent.ops", 7), ["new", 7])
            serving.cancel()

    async def test_r6_a_peer_that_has_vanished_is_noticed(self):
        r = self.router(limits={"ping_interval": "200ms", "ping_timeout": "600ms"})
        watcher = await Client.join(r.port)
        await watcher.subscribe("wamp.session.on_leave")
        async with Gate(r.port) as g:
            gone = await Client.join(g.port)
            await gone.register("site.gone")
            alive = asyncio.ensure_future(self.answer_pings(watcher))
            g.dropping = True
            begin = time.monotonic()
            leave = await asyncio.wait_for(alive, 5)
            self.assertEqual(leave[4][0], gone.session)
            print(f"noticed after {time.monotonic() - begin:.2f} s")
        self.assertEqual(r.metric("cerro_router_connections_closed_total", reason="ping_timeout"), 1)
        newcomer = await Client.join(r.port)
        await newcomer.register("site.gone")  # free again

    @staticmethod
    async def answer_pings(client):
        return await client._receive()

    async def test_r13_callee_dies_with_many_open_calls(self):
        calls = 10_000 if SOAK else 2_000
        r = self.router(limits={"max_calls_open": calls})
        callee, caller = await Client.join(r.port), await Client.join(r.port)
        await callee.register("site.never")
        numbers = {caller.request(CALL, {}, "site.never") for _ in range(calls)}
        await caller.drain()
        beyond = caller.request(CALL, {}, "site.never")
        refused = await caller.wait_for(lambda m: m[0] == ERROR and m[2] == beyond, 30)
        self.assertIn("max_calls_open", refused[5][0])
        self.assertEqual(r.metric("cerro_router_calls_open"), calls)
        callee.close()
        while numbers:
            m = await caller.receive(30)
            self.assertEqual((m[0], m[1], m[4]), (ERROR, CALL, "wamp.error.canceled"))
            numbers.remove(m[2])
        self.assertEqual(r.metric("cerro_router_calls_open"), 0)
        with self.assertRaises(Refused):
            await caller.call("site.never")

    async def test_r13_caller_dies_with_many_open_calls(self):
        r = self.router()
        callee, caller = await Client.join(r.port), await Client.join(r.port)
        await callee.register("site.never")
        for _ in range(500):
            caller.request(CALL, {}, "site.never")
        got = [await callee.wait_for(lambda m: m[0] == INVOCATION) for _ in range(500)]
        caller.close()
        await eventually(lambda: r.metric("cerro_router_calls_open") == 0, 10, "no call is open")
        for m in got:  # late answers do no harm
            callee.send([70, m[1], {}, ["late"]])
        other = await Client.join(r.port)
        self.assertIsNotNone(await callee.register("site.after"))
        other.close()

    async def test_r14_churn_leaves_nothing_behind(self):
        r = self.router()
        c = await Client.join(r.port)
        rounds, ids, settled = (600, set(), 60) if SOAK else (12, set(), 3)
        for n in range(rounds):
            kinds = [(SUBSCRIBE, 33, 34, 35)] * 500 + [(REGISTER, 65, 66, 67)] * 500
            sent = {c.request(k[0], {}, f"site.x{i}"): k for i, k in enumerate(kinds)}
            await c.drain()
            for _ in range(len(sent)):
                m = await c.receive(30)
                kind = sent[m[1]]
                self.assertEqual(m[0], kind[1])
                self.assertNotIn((kind[0], m[2]), ids, "an id was used again")
                ids.add((kind[0], m[2]))
                c.request(kind[2], m[2])
            for _ in range(len(sent)):
                m = await c.receive(30)
                self.assertIn(m[0], (35, 67))
            if n == settled:
                flat = r.rss()
        self.assertLess(r.rss(), flat * 1.05 + 2**20)

    async def test_cancel_of_an_unknown_call_is_ignored(self):
        r = self.router()
        c = await Client.join(r.port)
        c.send([CANCEL, 4711, {}])
        self.assertGreater(await c.subscribe("site.still.there"), 0)


if __name__ == "__main__":
    unittest.main()
