"""How many days a disk lasts: from what records take here and how many a day has brought."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.post.autonomy import DAY_MS, days
from border.encounter import SampleKind
from border.messages.values import RecordKind
from tests.post.world import START_MS, crossing, open_journal

PICTURE = 200_000


def test_nothing_recorded_is_nothing_to_judge_by(tmp_path: Path) -> None:
    assert days(open_journal(tmp_path / "journal"), START_MS, 10**9, 0) is None


def test_a_busier_kiosk_lasts_for_fewer_days_and_a_full_one_for_none(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    for _ in range(4):
        one = crossing(((SampleKind.FACE, PICTURE),))
        journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
    soon, later = (days(journal, START_MS + n * DAY_MS, 10**9, 0) for n in (1, 4))
    assert soon is not None and later is not None
    assert later == pytest.approx(4 * soon, rel=0.1)  # the same four records in four times the days
    # sealed for the centre and plain for the officer: a picture is here twice until the centre has it
    assert 10**9 / (4 * 3 * PICTURE) < soon < 10**9 / (4 * 2 * PICTURE)
    assert days(journal, START_MS + DAY_MS, 5, 10) == 0.0
