"""What operators do to a router: ending and reloading it, clocks that step (cases R17, R18, R19)."""

import asyncio
import copy
import os
import shutil
import signal
import tempfile
import time
import unittest

from raw_wamp import CALL, GOODBYE, PUBLISH, PUBLISHED, Client, Refused
from router_under_test import FaultTest, eventually


class OperationsTest(FaultTest):
    async def test_r17_sigterm_under_load(self):
        r = self.router(drain_time="3s")
        callee, caller, publisher, subscriber = [await Client.join(r.port) for _ in range(4)]
        await callee.register("site.never")
        await subscriber.subscribe("site.load")
        for _ in range(50):
            caller.request(CALL, {}, "site.never")
        sent = {publisher.request(PUBLISH, {"acknowledge": True}, "site.load", [i]): i for i in range(300)}
        got = [await publisher.wait_for(lambda m: m[0] == PUBLISHED) for _ in sent]
        begin = time.monotonic()
        r.process.send_signal(signal.SIGTERM)
        for c in (callee, publisher, caller):
            m = await c.wait_for(lambda m: m[0] == GOODBYE)
            self.assertEqual(m[2], "wamp.close.system_shutdown")
            c.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
            await c.ended()
        events = [m for m in await self.until_goodbye(subscriber) if m[0] == 36]
        self.assertEqual([m[4][0] for m in events], [sent[m[1]] for m in got], "what was acknowledged was delivered")
        self.assertEqual(await asyncio.to_thread(r.process.wait, 10), 0)
        self.assertLess(time.monotonic() - begin, 4.5)

    @staticmethod
    async def until_goodbye(client):
        seen = []
        while not seen or seen[-1][0] != GOODBYE:
            seen.append(await client.receive())
        client.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
        return seen

    async def test_r17_a_client_that_does_not_answer_the_goodbye_delays_nothing(self):
        r = self.router(drain_time="1s")
        deaf = await Client.join(r.port)
        deaf.stop_reading()
        begin = time.monotonic()
        r.process.send_signal(signal.SIGTERM)
        self.assertEqual(await asyncio.to_thread(r.process.wait, 10), 0)
        self.assertLess(time.monotonic() - begin, 3)

    async def reload(self, r, conf, event):
        before = len(r.events(event))
        r.write(conf) if isinstance(conf, dict) else (r.folder / "config.json").write_text(conf)
        r.process.send_signal(signal.SIGHUP)
        await eventually(lambda: len(r.events(event)) > before, 10, f"log event {event}")

    async def test_r18_reload(self):
        r = self.router()
        c = await Client.join(r.port)
        await c.register("site.a")
        narrower = copy.deepcopy(r.conf)
        narrower["workers"][0]["realms"][0]["roles"][0]["permissions"] = [
            {"uri": "site.", "match": "prefix", "allow": {"call": True, "register": False}}]
        await self.reload(r, narrower, "reloaded")
        with self.assertRaises(Refused) as refused:  # the same session, the new rights
            await c.register("site.b")
        self.assertEqual(refused.exception.args[0], "wamp.error.not_authorized")
        for broken in ('{"version": 2, "workers": [', '{"version": 2, "wokers": []}', ""):
            await self.reload(r, broken, "reload_failed")
        [line] = {e["what"].count("config.json") > 0 for e in r.events("reload_failed")}
        self.assertTrue(line, "the error names the file")
        await self.reload(r, r.conf, "reloaded")
        await c.register("site.b")
        self.assertGreater(c.session, 0)

    async def test_r19_a_clock_that_steps_disturbs_no_timer(self):
        lib = next((p for p in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
                                "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1") if os.path.exists(p)), None)
        self.assertIsNotNone(lib, "libfaketime is installed by scripts/deps")
        folder = tempfile.mkdtemp(prefix="cerro-clock-")
        self.addCleanup(shutil.rmtree, folder)
        stamp = folder + "/offset"
        with open(stamp, "w", encoding="ascii") as f:
            f.write("+0")
        r = self.router(limits={"ping_interval": "300ms", "ping_timeout": "1500ms"},
                        environment={"LD_PRELOAD": lib, "FAKETIME_TIMESTAMP_FILE": stamp, "FAKETIME_NO_CACHE": "1",
                                     "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        callee, caller = await Client.join(r.port), await Client.join(r.port)
        await callee.register("site.never")
        pings = asyncio.ensure_future(callee.serve(answer=None))
        self.addCleanup(pings.cancel)
        for step in ("-3600", "+86400"):
            with open(stamp, "w", encoding="ascii") as f:
                f.write(step)
            begin = time.monotonic()
            with self.assertRaises(Refused) as refused:
                await caller.call("site.never", timeout=500)
            self.assertEqual(refused.exception.args[0], "wamp.error.timeout")
            took = time.monotonic() - begin
            self.assertTrue(0.4 < took < 5, f"a timeout of 0.5 s took {took:.2f} s after a step of {step} s")
        self.assertEqual(r.metric("cerro_router_sessions"), 2)


if __name__ == "__main__":
    unittest.main()
