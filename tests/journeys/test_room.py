"""A disk that fills, or a journal that is held: out of service politely, nothing lost, open again by itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.journey.machine import Event, State
from tests.journeys import records
from tests.journeys.conftest import hard_mark_bytes
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(180)


@contextmanager
def full(stand: Stand) -> Iterator[None]:
    """The disk below the kiosk's hard mark, with real blocks of a real file."""
    filler = stand.place.folder / "filler"
    surplus = shutil.disk_usage(stand.place.folder).free - round(0.9 * hard_mark_bytes(stand))
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, surplus)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def held(journal: Path) -> Iterator[None]:
    """Somebody else's hand on the journal: nothing can be committed meanwhile."""
    with closing(sqlite3.connect(journal, isolation_level=None, timeout=30.0)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def test_a_full_disk_at_the_decision_promises_nothing_and_opens_when_there_is_room(brisk: Stand) -> None:
    before = records.sequence(brisk.journal)
    brisk.reach(State.FACE)
    with full(brisk):
        brisk.touch("officer")
        brisk.wait_for(State.OUT_OF_SERVICE)
        brisk.wait_for_row(State.DECIDING, Event.STORAGE_FULL)
        assert brisk.screen()["outcome"] is None
        brisk.until(
            "it looks again", lambda: brisk.steps()[-1].row == (State.OUT_OF_SERVICE, Event.TIMED_OUT), within_s=10.0
        )
        assert records.sequence(brisk.journal) == before
    brisk.wait_for(State.IDLE)
    assert brisk.steps()[-1].row == (State.OUT_OF_SERVICE, Event.RESTORED)


def test_a_full_disk_is_noticed_while_somebody_leaves(brisk: Stand) -> None:
    brisk.reach(State.FACE)
    with full(brisk):
        brisk.touch("stop")
        brisk.wait_for_row(State.ABANDONING, Event.STORAGE_FULL)
    brisk.wait_for(State.IDLE)


def test_a_full_disk_closes_the_lane_before_anybody_comes(brisk: Stand) -> None:
    with full(brisk):
        brisk.wait_for(State.OUT_OF_SERVICE)
        assert (State.IDLE, Event.FAULT) in [step.row for step in brisk.steps()]
    brisk.wait_for(State.IDLE)


def test_a_journal_that_is_held_too_long_ends_the_decision_without_a_receipt(brisk: Stand) -> None:
    brisk.reach(State.FACE)
    with held(brisk.journal):
        brisk.touch("officer")
        brisk.wait_for_row(State.DECIDING, Event.TIMED_OUT)
        assert brisk.screen()["outcome"] is None
    brisk.wait_for(State.IDLE)
    brisk.reach(State.FACE)
    with held(brisk.journal):
        brisk.touch("stop")
        brisk.wait_for_row(State.ABANDONING, Event.TIMED_OUT)
    brisk.wait_for(State.IDLE)


@pytest.mark.parametrize(("touch", "state"), [("officer", State.DECIDING), ("stop", State.ABANDONING)])
def test_a_journal_that_cannot_be_written_closes_the_lane_and_is_tried_again(
    stand: Stand, touch: str, state: State
) -> None:
    stand.reach(State.FACE)
    with held(stand.journal):
        stand.touch(touch)
        stand.wait_for_row(state, Event.FAULT)
    stand.wait_for(State.IDLE)
    numbers = records.sequence(stand.journal)
    assert numbers == list(range(1, len(numbers) + 1))
