"""The console's own way to the database: one thread and one connection. Only vouchers are ever written by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from central import consumers
from central.consumers.consumer import make_tables
from central.store import open_store
from central.store.api import Transaction

T = TypeVar("T")


class Reading:
    """Work runs on the thread that owns the connection. StoreUnavailable passes through."""

    def __init__(self, database: str) -> None:
        self._store = open_store(database)
        self._prepared = False
        self._thread = ThreadPoolExecutor(1, "console-reading")

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._now, work)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """One transaction, committed when this returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._changed, work)

    def _now(self, work: Callable[[Transaction], T]) -> T:
        self._prepare()
        with self._store.snapshot() as t:
            return work(t)

    def _changed(self, work: Callable[[Transaction], T]) -> T:
        self._prepare()
        with self._store.transaction() as t:
            return work(t)

    def _prepare(self) -> None:
        if not self._prepared:
            make_tables(self._store, consumers.ALL)  # the console may be up before the collector
            self._prepared = True

    def close(self) -> None:
        """Waits for the read in hand."""
        self._thread.submit(self._store.close)
        self._thread.shutdown()
