"""A bare board with a TPM becomes a lane, and its first traveller reaches the centre over mutual TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from practice.quay import Quay
from tests.journeys.arriving import assert_all_is_there
from tests.journeys.lanes import Island, devices
from tests.provisioning.chips import Chip, Maker
from tests.provisioning.world import Board, failure

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[tuple[Maker, Chip]]:
    maker = Maker(tmp_path / "maker")
    with maker.make("chip").powered() as chip:
        yield maker, chip


@pytest.mark.parametrize("online", [False, True], ids=["by stick", "over the line"])
def test_the_first_traveller_of_a_commissioned_lane_is_at_the_centre(
    chip: tuple[Maker, Chip], tmp_path: Path, online: bool
) -> None:
    maker, tpm = chip
    island = Island(tmp_path / "island", online=online)
    quay = Quay(tmp_path / "quay")
    try:
        island.office.trusts(maker.chain)
        identity = f'level = "tpm"\ntcti = "{tpm.tcti}"'
        board = Board(tmp_path / "board", island.office.people, identity=identity, devices=devices(quay))
        island.office.voucher(board.stick, level="tpm")
        board.officers()
        if online:
            island.office.open()
        else:
            for _ in ("request", "proof"):
                assert failure(board.go()).code == "PRO-NO-ANSWER"
                assert island.office.answer(board.stick)
        view = board.go()
        assert view.is_finished, view
        evidence = {step.name: dict(step.evidence) for step in view.steps}
        assert evidence["enrolment"]["identity proven"] == "tpm_proven"
        assert evidence["enrolment"]["way"] == ("over the line" if online else "on a stick")
        quay.belong_to(board.state / "keys" / "device.crt")
        with island.kiosk(board, quay) as stand:
            record = stand.cross("skipper")
            assert record.outcome == "cleared"
            assert_all_is_there(island.harbour, stand)
    finally:
        quay.close()
        island.close()
