"""What the sheet says of the board's disk, as the image's first unit left it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioning.steps import board as step
from tests.provisioning.world import Board


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"level": "tpm", "recovery": True}, "two custodians of headquarters open it"),
        ({"level": "tpm", "recovery": False}, "NOBODY opens it"),
        ({"level": "board", "recovery": False}, "LOWEST LEVEL"),
        ({"level": "tpm"}, ""),
        (None, ""),
    ],
)
def test_the_sheet_says_who_opens_the_disk_of_a_broken_board(
    tmp_path: Path, told: dict[str, object] | None, says: str
) -> None:
    board = Board(tmp_path / "board", tmp_path / "people", more='[disk]\nstate = "data.json"\n')
    if told is not None:
        (board.folder / "data.json").write_text(json.dumps(told))
    facts = dict(step.evidence(board.runner().bench))
    assert (says in facts["disk"]) if says else ("disk" not in facts)
