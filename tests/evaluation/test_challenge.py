"""The simulated challenge: kinds are never mixed, and each ending is told as the product ended it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.vision.challenge import Fault, Phase
from appliance.vision.face_reading import FaceReader
from border.rules.default import DEVELOPMENT
from evaluation.challenge import ALL, PICTURES, judged, section
from evaluation.pad import BONA_FIDE, Judged, Outcome
from evaluation.statistics import Rate
from evaluation.work import Answer


@pytest.mark.parametrize(
    ("name", "told", "outcome"),
    [
        (BONA_FIDE, {"passed": True, "fault": ""}, Outcome.PASSED),
        (BONA_FIDE, {"passed": False, "fault": Fault.NO_RESPONSE}, Outcome.NO_RESPONSE),
        (BONA_FIDE, {"passed": False, "fault": Fault.NO_DEPTH}, Outcome.STOPPED),
        ("print", {"passed": False, "fault": Fault.NO_RESPONSE}, Outcome.STOPPED),
        ("print", {"passed": True, "fault": ""}, Outcome.PASSED),
    ],
)
def test_how_it_ended(name: str, told: Answer, outcome: Outcome) -> None:
    assert judged(name, told).outcome is outcome


def test_kinds_are_told_apart() -> None:
    passed, stopped = Judged("photo", Outcome.PASSED, "passed"), Judged("photo", Outcome.STOPPED, "turn_no_response")
    made = section([("pictures", passed), ("meshes", stopped), ("meshes", stopped)])
    assert [line.figure.split(":")[0] for line in made.headlines] == ["1 of 1", "0 of 2"]
    assert made.numbers["meshes"]["photo"]["error"] == Rate(0, 2).told()
    assert len(made.tables) == len(made.plots) == 2


def test_a_synthetic_head_is_led_through_the_products_own_challenge(reader: FaceReader) -> None:
    first = ALL[0]
    assert (first.kind, first.name) == (PICTURES, BONA_FIDE)
    view = first.trial(reader, replace(DEVELOPMENT, turn=replace(DEVELOPMENT.turn, turns=1)), 0)
    assert view.phase is Phase.PASSED and len(view.turns) == 1
