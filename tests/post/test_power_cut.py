"""Pull the plug on the journal: what was recorded is there afterwards, whole, and the chain holds.

The real journal runs on SQLite over a simulated disk. A control with synchronous=NORMAL must lose records: a
simulator that finds no loss there is broken.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from appliance.post import schema
from appliance.post.journal import Journal
from appliance.post.schema import prepare
from appliance.post.store import case
from border.encounter import SampleKind
from border.messages.values import ReceiptStatus, RecordKind
from tests.post.power import Disk, PowerCut
from tests.post.world import START_MS, crossing, open_journal
from tests.reporting.answers import batch, receipt

POOL = [crossing(((SampleKind.FINGER, 9000),)) for _ in range(24)]


@dataclass(slots=True)
class Life:
    """What a kiosk knows when the plug is pulled: `returned` were promised, `begun` is the one in the middle."""

    returned: list[str]
    settled: set[str]
    begun: str = ""


def connection(disk: Disk, path: Path) -> Any:
    """As production opens it, on the simulated disk; exclusive, so that there is no shared memory to model."""
    database = apsw.Connection(str(path), vfs=disk.name)
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    return database


def live(journal: Journal, disk: Disk, life: Life) -> None:
    """Record, and now and then let the centre accept one."""
    for one in disk.random.sample(POOL, disk.random.randint(2, 12)):
        life.begun = one.id
        journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
        life.returned.append(one.id)
        if disk.random.random() < 0.4:
            accepted = disk.random.choice(life.returned)
            if accepted not in life.settled:
                life.settled.add(accepted)
                said = receipt(journal, accepted, ReceiptStatus.STORED)
                journal.settle(batch(said), 0.0, START_MS)


def judge(path: Path, life: Life) -> tuple[int, int]:
    """(lost, wrong): promised records that are not there; anything there that should not be."""
    try:
        journal = open_journal(path)
    except (schema.JournalUnsafe, sqlite3.DatabaseError):
        return len(life.returned), 1
    try:
        assert journal.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        seqs = {r[0]: r[1] for r in journal.db.execute("SELECT record, seq FROM ledger").fetchall()}
        queued = {r[0] for r in journal.db.execute("SELECT DISTINCT record FROM outbox").fetchall()}
        whole = {id for id in seqs if case(journal, id) is not None}
        lost = [id for id in life.returned if id not in whole or not (id in queued or id in life.settled)]
        wrong = set(seqs) - set(life.returned) - {life.begun}
        gap = sorted(seqs.values()) != list(range(1, len(seqs) + 1))
        (cut,) = journal.db.execute("SELECT count(*) FROM samples WHERE length(data) != 9000").fetchone()
        return len(lost), len(wrong) + gap + int(cut)
    finally:
        journal.close()


def trial(
    folder: Path, seed: int, *, synchronous: str | None = None, cut_after: int | None = None
) -> tuple[int, int, int]:
    """One life and its end: (lost, wrong, steps on the disk). `synchronous`: instead of what production sets."""
    before, after = folder / f"before{seed}", folder / f"after{seed}"
    before.mkdir()
    after.mkdir()
    disk = Disk(before.name, seed)
    life = Life([], set())
    database = connection(disk, before / "journal")
    try:
        prepare(database)
        if synchronous is not None:
            database.execute(f"PRAGMA synchronous = {synchronous}")
        journal = open_journal(database)
        disk.steps, disk.cut_after = 0, cut_after
        with suppress(PowerCut):
            live(journal, disk, life)
        disk.cut(after)
    finally:
        disk.cut_after = None
        with suppress(apsw.Error):
            database.close(True)
        disk.close()
    return *judge(after / "journal", life), disk.steps


@pytest.mark.parametrize("first", range(0, 150, 30))
def test_150_power_cuts_between_commits_lose_nothing(tmp_path: Path, first: int) -> None:
    results = [trial(tmp_path, seed) for seed in range(first, first + 30)]
    assert (sum(lost for lost, _, _ in results), sum(wrong for _, wrong, _ in results)) == (0, 0)


def test_a_cut_inside_any_write_or_sync_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "measure").mkdir()
    _, _, steps = trial(tmp_path / "measure", 7)
    points = range(0, steps, max(1, steps // 45))
    results = []
    for point in points:
        folder = tmp_path / f"p{point}"
        folder.mkdir()
        results.append(trial(folder, 7, cut_after=point))
    assert len(results) >= 40
    assert (sum(lost for lost, _, _ in results), sum(wrong for _, wrong, _ in results)) == (0, 0)


def test_the_simulator_catches_a_journal_that_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    results = [trial(tmp_path, seed, synchronous="NORMAL") for seed in range(30)]
    assert sum(lost > 0 for lost, _, _ in results) > 10


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_cut_inside_every_single_write_or_sync_of_five_lives_loses_nothing(tmp_path: Path) -> None:
    for seed in range(5):
        measure = tmp_path / f"m{seed}"
        measure.mkdir()
        _, _, steps = trial(measure, seed)
        for point in range(steps):
            folder = tmp_path / f"s{seed}-{point}"
            folder.mkdir()
            lost, wrong, _ = trial(folder, seed, cut_after=point)
            assert (lost, wrong) == (0, 0), f"life {seed}, step {point}"
