"""Every row of the journey's table has been walked: by the journeys of this folder, or inside, with the reason why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.harness import Harbour
from tests.journeys.rows import EVERY_ROW, INSIDE

HERE = Path(__file__).parent


def test_every_row_of_the_table_was_walked(request: pytest.FixtureRequest, harbour: Harbour) -> None:
    """Runs last in this folder; means something only after the whole of it."""
    ran = {item.path.name for item in request.session.items if item.path.parent == HERE}
    absent = {path.name for path in HERE.glob("test_*.py")} - ran
    if absent:
        pytest.skip(f"counts the whole folder's journeys; not collected: {', '.join(sorted(absent))}")
    walked = {step.row for step in harbour.steps()}
    assert EVERY_ROW - walked - INSIDE.keys() == set()
    assert walked <= EVERY_ROW


def test_what_is_said_to_be_out_of_reach_is_a_row_and_has_a_reason() -> None:
    assert INSIDE.keys() <= EVERY_ROW
    assert all(INSIDE.values())
