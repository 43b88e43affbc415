"""A user-space link between kiosk and broker: slow upwards, and cut after a while. Honest only with small buffers."""

from __future__ import annotations

import asyncio
import socket
import threading

PIECE = 4096
BUFFER = 16384


class SlowLink:
    """`bytes_per_s` upwards, unthrottled downwards; `cut_after_s`: abort both sides so long after each connection."""

    def __init__(self, to_port: int, *, bytes_per_s: float, cut_after_s: float | None = None) -> None:
        self._to_port = to_port
        self._bytes_per_s = bytes_per_s
        self._cut_after_s = cut_after_s
        self.sent = 0  # bytes forwarded upwards
        self.cuts = 0
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._listener.bind(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._ends = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def start(self) -> SlowLink:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(5)
        self._loop.close()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.ensure_future(self._relay(reader, writer)))

        server = await asyncio.start_server(accept, sock=self._listener, limit=8192)
        await self._ends.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        up = asyncio.ensure_future(self._up(reader, far_writer))
        down = asyncio.ensure_future(self._down(far_reader, writer))
        try:
            await asyncio.wait((up, down), timeout=self._cut_after_s, return_when=asyncio.FIRST_COMPLETED)
            self.cuts += not (up.done() or down.done())
        finally:
            for one in (up, down):
                one.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            for side in (writer, far_writer):
                side.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
            self.sent += len(data)
            await asyncio.sleep(len(data) / self._bytes_per_s)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
