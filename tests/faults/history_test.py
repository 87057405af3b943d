"""The event history on disk: what was acknowledged survives a killed router, a full disk, an end under load."""

import asyncio
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from raw_wamp import ERROR, EVENT, GOODBYE, PUBLISH, PUBLISHED, RESULT, CALL, Client, Closed
from router_under_test import FaultTest, Router, config, eventually

LONG = bool(os.environ.get("CERRO_SOAK"))
TOPIC = "site.agent1.feeds.temperatures"
PATTERN = "site..feeds."


async def read_all(port, pattern=PATTERN, max_bytes=20_000):
    """All events of the history, page by page: [(position, number)]."""
    c = await Client.join(port)
    subscription = await c.subscribe(pattern, match="wildcard")
    out, where = [], 0
    while True:
        number = c.request(CALL, {}, "wamp.subscription.get_events", [subscription],
                           {"from_position": where, "max_bytes": max_bytes})
        m = await c.wait_for(lambda m: m[0] in (RESULT, ERROR) and number in m[1:3])
        assert m[0] == RESULT, m
        out += [(e["x_cerro_position"], e["args"][0]) for e in m[3][0]]
        where = m[4]["next_position"]
        if not m[4]["more"]:
            c.close()
            return out


class Publisher:
    """Publishes 0, 1, 2, ... with acknowledge, some at a time, and knows which were acknowledged."""

    def __init__(self):
        self.next = 0
        self.acknowledged = set()

    async def run(self, port, window, padding=50):
        c = await Client.join(port)
        open_requests = {}
        try:
            while True:
                while len(open_requests) < window:
                    request = c.request(PUBLISH, {"acknowledge": True}, TOPIC, [self.next, "x" * padding])
                    open_requests[request] = self.next
                    self.next += 1
                m = await c.receive()
                if m[0] == PUBLISHED:
                    self.acknowledged.add(open_requests.pop(m[1]))
                elif m[0] == GOODBYE:
                    c.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
        except (Closed, ConnectionError):
            return


class HistoryTest(FaultTest):
    async def listen(self, port, seen):
        """Position and number of each live event into `seen`."""
        c = await Client.join(port)
        await c.subscribe(PATTERN, match="wildcard")
        try:
            while True:
                m = await c.receive(30)
                if m[0] == EVENT:
                    seen.append((m[3]["x_cerro_position"], m[4][0]))
                elif m[0] == GOODBYE:
                    c.send([GOODBYE, {}, "wamp.close.goodbye_and_out"])
        except (Closed, ConnectionError):
            return

    async def test_killed_at_random_moments_no_acknowledged_publication_is_lost(self):
        r = self.router()
        chance = random.Random(11)
        publisher, known = Publisher(), {}
        for _ in range(150 if LONG else 12):
            seen = []
            tasks = [asyncio.create_task(self.listen(r.port, seen)),
                     asyncio.create_task(publisher.run(r.port, chance.choice([1, 8, 64]), chance.choice([10, 3000])))]
            await asyncio.sleep(chance.uniform(0.01, 0.4))
            r.kill()
            await asyncio.wait_for(asyncio.gather(*tasks), 20)
            await asyncio.to_thread(r.start)
            kept = await read_all(r.port)
            numbers = [number for _, number in kept]
            positions = [position for position, _ in kept]
            self.assertEqual(publisher.acknowledged - set(numbers), set(), "acknowledged and lost")
            self.assertEqual(len(numbers), len(set(numbers)), "read twice")
            self.assertEqual(numbers, sorted(numbers))
            self.assertEqual(positions, sorted(set(positions)))
            # A position means one event for ever: in all reads, and in what subscribers saw, of lost events too.
            for position, number in kept + seen:
                self.assertEqual(known.setdefault(position, number), number)
        self.assertGreater(len(publisher.acknowledged), 100)

    async def test_end_under_load_acknowledges_what_is_written(self):
        r = self.router()
        publisher = Publisher()
        task = asyncio.create_task(publisher.run(r.port, 64))
        await eventually(lambda: len(publisher.acknowledged) > 500, 20, "publications")
        r.process.send_signal(signal.SIGTERM)
        self.assertEqual(await asyncio.to_thread(r.process.wait, 15), 0)
        await asyncio.wait_for(task, 10)
        await asyncio.to_thread(r.start)
        numbers = [number for _, number in await read_all(r.port, max_bytes=1 << 20)]
        self.assertEqual(numbers, list(range(len(numbers))))
        # Nothing that was taken went without its PUBLISHED.
        self.assertEqual(publisher.acknowledged, set(numbers))

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to mount a small disk")
    async def test_a_full_disk_delays_acknowledgements_until_there_is_room(self):
        disk = pathlib.Path(tempfile.mkdtemp(prefix="cerro-fault-disk-"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("cannot mount: " + mounted.stderr.decode())
        self.addCleanup(lambda: subprocess.run(["umount", disk], check=True))
        r = self.router(history={"folder": str(disk), "max_bytes": "2MiB", "queue_bytes": "1MiB"})
        c, reader = await Client.join(r.port), await Client.join(r.port)
        await reader.subscribe(TOPIC)
        await c.publish(TOPIC, [0, "x"])
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        # The file has room to its block's end; then the queue takes 1 MiB, and the rest is refused.
        answers = {}
        for i in range(1, 200):
            answers[c.request(PUBLISH, {"acknowledge": True}, TOPIC, [i, "x" * 10_000])] = i
        refused = await c.wait_for(lambda m: m[0] == ERROR)
        self.assertEqual(refused[4], "cerro.error.history_full")
        for i in range(200):
            self.assertEqual((await reader.receive())[4][0], i, "events are delivered all the same")
        await eventually(lambda: "No space left" in self.health(r), 10, "health says so")
        self.assertGreater(r.metric("cerro_router_history_write_errors_total"), 0)
        self.assertGreater(r.metric("cerro_router_history_refused_total"), 0)
        filler.unlink()
        done = {refused[2]: ERROR}
        while len(done) < len(answers):
            m = await c.receive()
            done[m[1] if m[0] == PUBLISHED else m[2]] = m[0]
        await eventually(lambda: self.health(r) == "", 10, "health is well again")
        await c.publish(TOPIC, [1000, "x"])
        kept = [number for _, number in await read_all(r.port)]
        taken = sorted(answers[request] for request, kind in done.items() if kind == PUBLISHED)
        self.assertEqual(kept, [0] + taken + [1000])

    @staticmethod
    def health(r):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{r.health_port}/healthz", timeout=5):
                return ""
        except urllib.error.HTTPError as e:
            return e.read().decode()

    async def test_a_folder_that_cannot_be_used_is_an_error_at_the_start_with_its_cure(self):
        blocked = tempfile.NamedTemporaryFile(prefix="cerro-fault-")
        r = Router(config(history={"folder": blocked.name}))
        with self.assertRaises(RuntimeError):
            r.start()
        self.assertEqual(r.process.returncode, 1)
        self.assertIn("cannot be kept", r.log())
        self.assertIn(blocked.name, r.log())
        self.assertIn('"type": "none"', r.log().replace('\\"', '"'))

    async def test_no_history_where_none_is_wanted(self):
        r = self.router(history={"type": "none"})
        c = await Client.join(r.port)
        subscription = await c.subscribe(TOPIC)
        await c.publish(TOPIC, [1], exclude_me=False)
        self.assertNotIn("x_cerro_position", (await c.wait_for(lambda m: m[0] == EVENT))[3])
        number = c.request(CALL, {}, "wamp.subscription.get_events", [subscription])
        self.assertEqual((await c.wait_for(lambda m: m[0] == ERROR and m[2] == number))[4],
                         "wamp.error.no_such_procedure")
        self.assertFalse((r.folder / "history").exists())


if __name__ == "__main__":
    unittest.main()
