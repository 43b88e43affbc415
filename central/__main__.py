"""The centre in one process: `python -m central --folder DIR --database URL --broker HOST:PORT --console-port N`.

One thread collects and owns its database connection; the event loop serves the console, which reads over a
connection of its own. SIGTERM and SIGINT end both; what was in hand and not committed comes again from the broker.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from central import consumers
from central.ca import COLLECTOR
from central.collector import FILTERS, Collector
from central.console.app import Console
from central.files import FolderError
from central.keys import CentreKeys, load_centre
from central.line import BrokerAddress, Line
from central.store import open_store

log = logging.getLogger("central")
STOP_S = 2


@dataclass(frozen=True, slots=True)
class Options:
    folder: Path
    database: str
    broker: BrokerAddress
    console_host: str
    console_port: int
    office: Path | None = None


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class _Server(uvicorn.Server):
    """Says when it is up, and leaves the signals to us: they end the collector too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Centre:
    """Collector and console together. `failed`: the collector ended by itself, which only a bug can make it do."""

    def __init__(self, options: Options, keys: CentreKeys) -> None:
        self._options = options
        self._keys = keys
        self._stopping = threading.Event()
        self._line = Line(options.broker, wall_ms, FILTERS)
        self._console = Console(keys, options.database, wall_ms, options.console_host, options.office)
        self._server = _Server(
            uvicorn.Config(
                self._console.app(),
                host=options.console_host,
                port=options.console_port,
                log_level="warning",
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )
        self.failed = False

    async def run(self) -> None:
        """Until `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        collecting = threading.Thread(target=self._collect, args=(loop,), name="collector", daemon=True)
        collecting.start()
        self._line.open()
        ready = asyncio.create_task(self._say_ready())
        try:
            await self._server.serve()
        finally:
            ready.cancel()
            self._stop()
            await asyncio.to_thread(collecting.join, STOP_S)
            await asyncio.to_thread(self._line.close)

    def _stop(self) -> None:
        self._stopping.set()
        self._server.should_exit = True
        self._closing = asyncio.ensure_future(self._console.pulse.close())

    def _collect(self, loop: asyncio.AbstractEventLoop) -> None:
        store = open_store(self._options.database)
        collector = Collector(self._line, store, self._keys, wall_ms, consumers=consumers.ALL)
        try:
            collector.run(self._stopping)
        except Exception:
            log.exception("the collector has failed")
            self.failed = True
            loop.call_soon_threadsafe(self._stop)
        finally:
            store.close()

    async def _say_ready(self) -> None:
        await self._server.up.wait()
        while not await asyncio.to_thread(self._line.subscribed.wait, 0.2):
            pass
        sys.stdout.write(f"central ready: console http://{self._options.console_host}:{self._options.console_port}/\n")
        sys.stdout.flush()


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser("central", description="The centre: collects, stores, and shows.")
    parser.add_argument("--folder", type=Path, required=True, help="the centre's keys, DIR/centre of central.ca")
    parser.add_argument("--database", required=True, metavar="URL", help="sqlite:PATH or postgresql://...")
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    parser.add_argument("--mqtt", type=int, choices=(5, 311), default=5, help="311 for brokers that speak 3.1.1 only")
    parser.add_argument("--client-id", default=COLLECTOR, help="unique per collector; its session is kept under it")
    parser.add_argument("--console-host", default="127.0.0.1", help="the console has no login: keep it on loopback")
    parser.add_argument("--console-port", type=int, required=True)
    parser.add_argument("--office", type=Path, help="folder of central.enrolment: vouchers are signed on the pages")
    chosen = parser.parse_args(arguments)
    host, _, port = chosen.broker.rpartition(":")
    if not host or not port.isdecimal():
        parser.error("--broker wants HOST:PORT")
    return Options(
        folder=chosen.folder,
        database=chosen.database,
        broker=BrokerAddress(host, int(port), chosen.folder, COLLECTOR, chosen.client_id, chosen.mqtt),
        console_host=chosen.console_host,
        console_port=chosen.console_port,
        office=chosen.office,
    )


def main(arguments: Sequence[str]) -> int:
    """0: stopped as asked; 1: failed; 2: cannot start, and why."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    options = parse(arguments)
    try:
        open_store(options.database)
        centre = Centre(options, load_centre(options.folder))
    except (FolderError, OSError, ValueError) as error:
        sys.stderr.write(f"central: {error}\n")
        return 2
    asyncio.run(centre.run())
    return 1 if centre.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
