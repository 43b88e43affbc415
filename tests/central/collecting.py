"""A collector in a thread of the test, on a real broker and a real database, to be stopped and started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central import consumers
from central.ca import COLLECTOR
from central.collector import FILTERS, Collector, Pace
from central.keys import load_centre
from central.line import BrokerAddress, Line
from central.store import open_store


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def address(centre_folder: Path, port: int, version: int = 5) -> BrokerAddress:
    return BrokerAddress("127.0.0.1", port, centre_folder, COLLECTOR, COLLECTOR, version)


@contextmanager
def collecting(
    centre_folder: Path, port: int, database: str, *, version: int = 5, pace: Pace | None = None
) -> Iterator[Line]:
    """Subscribed when entered. A bug in the collector's thread fails the test."""
    line = Line(address(centre_folder, port, version), wall_ms, FILTERS)
    stopping = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        store = open_store(database)
        collector = Collector(
            line, store, load_centre(centre_folder), wall_ms, consumers=consumers.ALL, pace=pace or Pace()
        )
        try:
            collector.run(stopping)
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            store.close()

    thread = threading.Thread(target=work, name="collector")
    thread.start()
    line.open()
    try:
        assert line.subscribed.wait(10), "the collector did not subscribe"
        yield line
    finally:
        stopping.set()
        thread.join(15)
        line.close()
        assert not thread.is_alive(), "the collector did not stop"
        assert not failed, failed
