"""The one thread that owns the journal; all others hand it work and get a future."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from appliance.post.journal import Journal
from appliance.post.storage import Room, StorageFull
from border.encounter import Fact, Sample, Stamp
from border.messages.values import AlarmKind, RecordKind

T = TypeVar("T")
log = logging.getLogger(__name__)

ANSWER_S = 15.0
"""Longest a synchronous caller waits; a commit takes milliseconds, on a worn card a second."""

OVERDUE_S = 20.0


class JournalPort(Protocol):
    """How another thread reaches the journal. No lock is needed: only the journal's thread touches it."""

    def submit(self, work: Callable[[Journal], T]) -> Future[T]: ...


class Keeper:
    """Opens the journal in its own thread and runs work on it, one piece after the other.

    `open_journal` runs in that thread; what it raises is raised here.
    """

    def __init__(self, open_journal: Callable[[], Journal]) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._began_at_s: float | None = None
        try:
            self._journal = self._executor.submit(open_journal).result()
        except BaseException:
            self._executor.shutdown(wait=True)
            raise

    def submit(self, work: Callable[[Journal], T]) -> Future[T]:
        """Run `work(journal)` on the journal's thread. Raises RuntimeError after `close`."""
        return self._executor.submit(self._timed, work)

    def ask(self, work: Callable[[Journal], T]) -> T:
        """The same, waiting for it; from any thread but the journal's. Raises TimeoutError after ANSWER_S."""
        return self.submit(work).result(ANSWER_S)

    async def call(self, work: Callable[[Journal], T]) -> T:
        """The same, awaited. Work that has begun ends, whoever leaves: a commit is never half made."""
        return await asyncio.shield(asyncio.wrap_future(self.submit(work)))

    @property
    def revision(self) -> int:
        """Grows with every change of queue or outbox; readable from any thread."""
        return self._journal.revision

    @property
    def is_overdue(self) -> bool:
        """One piece of work has hung for OVERDUE_S (a dying disk): only a restart helps; for the watchdog."""
        began = self._began_at_s
        return began is not None and time.monotonic() - began > OVERDUE_S

    def close(self) -> None:
        """Finish what was handed in, close the database, end the thread."""
        self._executor.submit(self._journal.close).result(ANSWER_S)
        self._executor.shutdown(wait=True)

    def _timed(self, work: Callable[[Journal], T]) -> T:
        self._began_at_s = time.monotonic()
        try:
            return work(self._journal)
        finally:
            self._began_at_s = None


class Records:
    """The journal as the journey sees it (journey/ports.py)."""

    def __init__(self, keeper: Keeper, stamp: Callable[[], Stamp]) -> None:
        self._keeper = keeper
        self._stamp = stamp

    async def record_encounter(self, facts: Sequence[Fact], samples: Sequence[Sample], at: Stamp) -> None:
        """Returns after the commit. Raises `StorageFull`, and then nothing was written."""
        encounter, facts, samples = facts[0].encounter, tuple(facts), tuple(samples)
        await self._keeper.call(lambda j: j.record(RecordKind.ENCOUNTER, encounter, facts, samples, at))

    async def has_room(self) -> bool:
        return await self._keeper.call(lambda j: j.room() is not Room.NONE)

    def alarm(self, kind: AlarmKind, detail: str) -> None:
        """Queue an alarm; returns at once. `detail` is a code."""
        at = self._stamp()
        self._keeper.submit(lambda j: _alarm(j, kind, detail, at))


def _alarm(journal: Journal, kind: AlarmKind, detail: str, at: Stamp) -> None:
    try:
        journal.alarm(kind, detail, at)
    except StorageFull as error:  # the state report still says it
        log.error("alarm %s %s not kept: %s", kind, detail, error)
