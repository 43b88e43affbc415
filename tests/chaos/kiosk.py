"""One kiosk's memory and line as a process to be killed: the real journal, keeper and publisher, synthetic encounters.

    python -m tests.chaos.kiosk --keys DIR --folder DIR --broker HOST:PORT --until SECONDS [--forget-on-puback]

Ground truth is the journal itself: an encounter is in it from its COMMIT on, and nothing here ever takes it out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from appliance.clock import SystemClock, TimeKeeper, read_boot_id
from appliance.keys import Keys, load_keys
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper
from appliance.post.schema import open_database
from appliance.post.storage import Disk, transaction
from appliance.power import NOTHING_KNOWN
from appliance.reporting import brokers
from appliance.reporting.condition import Condition, Site
from appliance.reporting.flight import Event
from appliance.reporting.inbox import Inbox
from appliance.reporting.outbox import Outbox
from appliance.reporting.publisher import Publisher
from appliance.reporting.reports import Reporter
from appliance.reporting.settings import Settings
from border.encounter import CheckedFact, Fact, RecommendedFact, Sample, SampleKind, SampleRef, Stamp
from border.ids import RANDOM_BYTES, uuid7
from border.messages.examples import CHECKED, RECOMMENDED
from border.messages.values import RecordKind

SAMPLE_BYTES = 20_000
LINGER_S = 300.0
"""A kiosk nobody stops ends by itself."""

AMPLE_BYTES = 10**12


class ForgetsOnPuback(Outbox):
    """The control: a record leaves when the broker has acknowledged all of it, as most store-and-forward does."""

    _acknowledged: frozenset[int] = frozenset()

    def acknowledged(self, keys: Sequence[int], now_s: float) -> None:
        super().acknowledged(keys, now_s)
        self._acknowledged |= set(keys)
        for record in {self._record(key) for key in keys}:
            mine = {row[0] for row in self._db.execute("SELECT key FROM outbox WHERE record = ?", (record,)).fetchall()}
            if mine and mine <= self._acknowledged:
                with transaction(self._db):
                    self._rows.accept(record, 1)
                self.flights.finish(record, Event.STORED)

    def link_lost(self, now_s: float) -> None:
        super().link_lost(now_s)
        self._acknowledged = frozenset()

    def _record(self, key: int) -> str:
        row = self._db.execute("SELECT record FROM outbox WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""


class Traffic:
    """Encounters of nobody: facts of the specimen, a face of random bytes."""

    def __init__(self, kiosk: str, times: TimeKeeper) -> None:
        self._kiosk = kiosk
        self._times = times

    def record(self, journal: Journal) -> None:
        at = self._times.stamp()
        id = uuid7(at.wall_ms, os.urandom(RANDOM_BYTES))
        data = os.urandom(SAMPLE_BYTES)
        sample = Sample(SampleKind.FACE, "image/jpeg", data, hashlib.sha256(data).hexdigest(), "camera")
        journal.record(RecordKind.ENCOUNTER, id, self._facts(id, at, sample), (sample,), at)

    def _facts(self, id: str, at: Stamp, sample: Sample) -> tuple[Fact, ...]:
        digest = hashlib.sha256(sample.data).hexdigest()
        reference = SampleRef(
            sample.kind, sample.media_type, digest, len(sample.data), sample.frame_sha256, sample.device
        )
        checked: CheckedFact = replace(CHECKED, encounter=id, group=id, author=self._kiosk, at=at, samples=(reference,))
        recommended: RecommendedFact = replace(RECOMMENDED, encounter=id, at=at)
        return checked, recommended


def open_journal(path: Path, keys: Keys, *, forgets: bool) -> Journal:
    journal = Journal(open_database(path), keys, Disk(lambda: AMPLE_BYTES, 2, 1))
    if forgets:
        journal._outbox = ForgetsOnPuback(journal.db, jitter=random.random)
    return journal


def publisher(folder: Path, keys: Keys, keeper: Keeper, times: TimeKeeper, broker: str) -> Publisher:
    """As build.py puts it together, with the product's own settings."""
    inbox = Inbox(folder / "lists", keys.kiosk, keys.policy, lambda _kind: None)
    site = Site(keys.kiosk, "Chaos Harbour", "1", "arrival", "chaos", "http://127.0.0.1:1")
    condition = Condition("idle", False, (), 1, 1, 0.0, 1, 0.0, 1000, NOTHING_KNOWN, None, "")
    reporter = Reporter(site, keys.signer, times, condition=lambda: condition)
    line = Publisher(Settings(brokers.parse([broker])), keys, keeper, reporter=reporter, inbox=inbox)
    keeper.ask(lambda journal: journal.when_recorded(line.nudge))
    return line


def generate(
    keeper: Keeper, traffic: Traffic, gaps_s: Iterable[float], until_s: float, leaving: threading.Event
) -> None:
    """One encounter after each gap, until then."""
    for gap_s in gaps_s:
        if leaving.wait(min(gap_s, max(0.0, until_s - time.time()))) or time.time() >= until_s:
            return
        keeper.ask(traffic.record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--per-s", type=float, default=4.0, help="mean rate; the gaps are exponential")
    parser.add_argument("--until", type=float, required=True, help="wall time: a restarted kiosk goes on until then")
    parser.add_argument("--forget-on-puback", action="store_true", help="the control, which must lose")
    chosen = parser.parse_args()
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    keys = load_keys(chosen.keys)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    times = TimeKeeper(SystemClock(), chosen.folder / "time", boot_id=read_boot_id())
    keeper = Keeper(lambda: open_journal(chosen.folder / "journal.sqlite", keys, forgets=chosen.forget_on_puback))
    line = publisher(chosen.folder, keys, keeper, times, chosen.broker)
    line.start()
    gaps_s = iter(lambda: random.expovariate(chosen.per_s), None)
    generate(keeper, Traffic(keys.kiosk, times), gaps_s, chosen.until, leaving)
    leaving.wait(LINGER_S)
    line.stop()
    keeper.close()


if __name__ == "__main__":
    main()
