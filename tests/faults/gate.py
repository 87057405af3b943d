"""A TCP proxy between a client and the router that can go silent, slow down, or pass on single octets."""

import asyncio


class Gate:
    """`async with Gate(port) as g: connect to g.port`. Switches act at once, on open connections too."""

    def __init__(self, target):
        self.target = target
        self.dropping = False       # swallow everything while the connections stay open
        self.piece = 65536          # octets passed on at a time
        self.rate = None            # octets a second towards the client
        self.tasks = set()
        self.writers = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        for w in self.writers:
            w.close()

    async def _accept(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self.writers |= {writer, up_writer}
        for source, sink, slow in ((reader, up_writer, False), (up_reader, writer, True)):
            task = asyncio.ensure_future(self._pass(source, sink, slow))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _pass(self, source, sink, slow):
        try:
            while data := await source.read(self.piece):
                if self.dropping:
                    continue
                sink.write(data)
                await sink.drain()
                if slow and self.rate:
                    await asyncio.sleep(len(data) / self.rate)
        except OSError:
            pass
        if not self.dropping:
            sink.close()
