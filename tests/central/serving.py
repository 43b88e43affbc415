"""The console on a real port of loopback, in a thread of the test."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from central.console.app import Console
from practice.processes import free_port


@contextmanager
def serving(console: Console) -> Iterator[str]:
    """The base address, while the pages answer there."""
    port = free_port()
    config = uvicorn.Config(console.app(), host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    stopping = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(_serve(server, console, stopping),), name="console")
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until and thread.is_alive(), "the console did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        stopping.set()
        thread.join(10)


async def _serve(server: uvicorn.Server, console: Console, stopping: threading.Event) -> None:
    working = asyncio.create_task(server.serve())
    await asyncio.to_thread(stopping.wait)
    await console.pulse.close()
    server.should_exit = True
    await working
