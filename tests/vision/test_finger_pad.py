"""The finger's cues: unevaluated, so what is held here is that the simulated copy shows one and the fingers none."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.vision import finger_pad
from appliance.vision.finger_pad import Cue
from appliance.vision.finger_quality import assess
from appliance.vision.model import Pixels
from simulators.fingers import PITCH_PPI, Condition, impression, master

PEOPLE = range(101, 109)


def cues(pixels: Pixels) -> tuple[Cue, ...]:
    return assess(pixels, PITCH_PPI, "optical").pad.cues


def test_nobody_has_evaluated_it() -> None:
    assert finger_pad.EVALUATED is False


def test_the_simulated_casting_is_noticed() -> None:
    seen = [cues(impression(master(person), Condition.ARTEFACT, touch)) for person in PEOPLE for touch in (1, 2)]
    assert sum(Cue.CASTING in one for one in seen) >= 0.9 * len(seen)


@pytest.mark.parametrize("condition", [one for one in Condition if one is not Condition.ARTEFACT])
def test_simulated_fingers_show_no_cue_in_any_condition(condition: Condition) -> None:
    assert {cues(impression(master(person), condition, 1)) for person in PEOPLE} == {()}


def test_straight_stripes_and_ridges_of_another_scale_are_noticed() -> None:
    rows, columns = np.indices((288, 256))
    stripes = (127 + 100 * np.sin(columns * 2 * np.pi / 9)).astype(np.uint8)
    assert Cue.STRAIGHT in cues(stripes)
    rings = (127 + 100 * np.sin(np.hypot(rows - 140, columns - 120) * 2 * np.pi / 4.4)).astype(np.uint8)
    assert cues(rings) == (Cue.PERIOD,)


def test_too_little_skin_says_nothing() -> None:
    rows, columns = np.indices((288, 256))
    spot = np.where(np.hypot(rows - 140, columns - 120) < 30, 127 + 100 * np.sin(columns), 240).astype(np.uint8)
    assert cues(spot) == ()
