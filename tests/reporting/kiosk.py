"""The reporting half of a kiosk for tests: journal, its keeper, publisher and inbox, put together as in build.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from appliance.clock import SystemClock, TimeKeeper
from appliance.keys import TlsFiles
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper
from appliance.power import NOTHING_KNOWN
from appliance.reporting.brokers import Broker
from appliance.reporting.condition import Condition, Site
from appliance.reporting.flights import Limits
from appliance.reporting.inbox import Inbox
from appliance.reporting.publisher import Publisher
from appliance.reporting.reports import Reporter
from appliance.reporting.rows import Counts
from appliance.reporting.settings import Settings
from border.messages.topics import TopicKind
from border.messages.values import AlarmKind, RecordKind
from tests.post.world import Crossing, crossing, keys, open_journal, stamp

SITE = Site("quay-1", "Test Harbour", "1", "arrival", "test", "http://127.0.0.1:1")
CONDITION = Condition("idle", False, (("camera", "ready"),), 1, 1, 0.5, 1, 0.5, 1000, NOTHING_KNOWN, 12.0, "")


class Kiosk:
    def __init__(
        self,
        folder: Path,
        *ports: int,
        tls: TlsFiles | None = None,
        limits: Limits | None = None,
        settings: Callable[[Settings], Settings] = lambda settings: settings,
        host: str = "127.0.0.1",
        clock_is_set: bool = True,
        announce: Callable[[bytes], None] | None = None,
    ) -> None:
        self.keys = keys(tls=tls)
        self.condition = CONDITION
        self.taken: list[TopicKind] = []
        self.announced: list[bytes] = []
        self.keeper = Keeper(lambda: open_journal(folder / "journal", limits=limits))
        self.inbox = Inbox(folder / "lists", self.keys.kiosk, self.keys.policy, self.taken.append)
        times = self.times = TimeKeeper(
            SystemClock(), folder / "time", boot_id="boot-1", synchronised=lambda: clock_is_set
        )
        self.publisher = Publisher(
            settings(Settings(tuple(Broker(host, port) for port in ports))),
            self.keys,
            self.keeper,
            reporter=Reporter(
                SITE,
                self.keys.signer,
                times,
                condition=lambda: self.condition,
                troubles=lambda: (*self.inbox.troubles, *self.publisher.marks),
            ),
            inbox=self.inbox,
            announce=announce or self.announced.append,
        )
        self.keeper.ask(lambda j: j.when_recorded(self.publisher.nudge))
        self.recorded: list[str] = []

    def start(self) -> Kiosk:
        self.publisher.start()
        return self

    def stop(self) -> bool:
        ended = self.publisher.stop()
        self.keeper.close()
        return ended

    def record(self, one: Crossing | None = None) -> str:
        one = one or crossing()

        def work(journal: Journal) -> str:
            return journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at).id

        self.recorded.append(self.keeper.ask(work))
        return one.id

    def alarm(self, kind: AlarmKind = AlarmKind.HELP) -> None:
        self.keeper.ask(lambda j: j.alarm(kind, "help_called", stamp()))

    def counts(self) -> Counts:
        return self.keeper.ask(lambda j: j.outbox.counts(0))

    def rows(self) -> int:
        return self.keeper.ask(lambda j: int(j.db.execute("SELECT count(*) FROM outbox").fetchone()[0]))

    def change(self, **changes: object) -> None:
        self.condition = replace(self.condition, **changes)  # type: ignore[arg-type]


def wait_until(true: Callable[[], object], seconds: float = 15.0) -> float:
    """How long it took. AssertionError when it does not become true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "did not happen"
        time.sleep(0.01)
    return time.monotonic() - began
