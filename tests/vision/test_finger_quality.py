"""Finger quality ranks conditions, names causes, and gives nothing to what is no finger."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from appliance.vision.errors import ModelUnfit
from appliance.vision.finger_quality import FAULTS, INPUTS, METRIC, NAME, Cause, FingerReader, assess, left_behind, ramp
from appliance.vision.model import MODELS, Model, Pixels, read_card, read_checked
from simulators.fingers import PITCH_PPI, Condition, impression, master

PEOPLE = range(101, 107)

FIRST_CAUSE = {
    Condition.DRY: Cause.DRY,
    Condition.WET: Cause.WET,
    Condition.LIGHT: Cause.LIGHT,
    Condition.PARTIAL: Cause.PARTIAL,
    Condition.OFF_CENTRE: Cause.OFF_CENTRE,
    Condition.EMPTY: Cause.EMPTY,
}


def score(pixels: Pixels, pitch_ppi: int = PITCH_PPI) -> float:
    return assess(pixels, pitch_ppi, "optical").quality.native


def mapped(pixels: Pixels) -> float:
    value = assess(pixels, PITCH_PPI, "optical").quality.mapped
    assert value is not None
    return value


@pytest.mark.parametrize("condition", FIRST_CAUSE)
@pytest.mark.parametrize("person", PEOPLE)
def test_each_condition_is_named_as_its_cause_first(person: int, condition: Condition) -> None:
    for touch in (1, 2):
        reading = assess(impression(master(person), condition, touch), PITCH_PPI, "optical")
        assert reading.causes[0] is FIRST_CAUSE[condition]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_good_impression_has_no_cause_and_beats_every_other_of_the_same_finger(person: int) -> None:
    finger = master(person)
    good = assess(impression(finger, Condition.GOOD, 1), PITCH_PPI, "optical")
    assert good.causes == () and good.quality.mapped is not None and good.quality.mapped >= 60
    others = [mapped(impression(finger, condition, 1)) for condition in Condition if condition is not Condition.GOOD]
    assert max(others) < good.quality.mapped - 8


def test_conditions_rank_alike_over_many_fingers() -> None:
    middle = {c: median(mapped(impression(master(person), c, 3)) for person in PEOPLE) for c in Condition}
    assert middle[Condition.EMPTY] == 0
    assert all(middle[c] < 50 for c in FIRST_CAUSE)
    assert middle[Condition.PARTIAL] < middle[Condition.GOOD] and middle[Condition.OFF_CENTRE] < middle[Condition.GOOD]


def test_strong_blur_and_little_contrast_score_low() -> None:
    good = impression(master(101), Condition.GOOD, 1)
    blurred = [score(np.asarray(cv2.GaussianBlur(good, (0, 0), sigma), np.uint8)) for sigma in (0.5, 4.0, 8.0)]
    faded = [mapped((128 + (good.astype(np.float64) - 128) * share).astype(np.uint8)) for share in (1, 0.2, 0.05)]
    assert blurred == sorted(blurred, reverse=True) and blurred[-1] < 30
    assert faded == sorted(faded, reverse=True) and faded[-1] < 30


def pattern(name: str) -> Pixels:
    rows, columns = np.indices((288, 256))
    rng = np.random.default_rng(5)
    pictures = {
        "black": np.zeros((288, 256)),
        "white": np.full((288, 256), 255),
        "grey": np.full((288, 256), 128),
        "ramp": columns,
        "noise": rng.integers(0, 256, (288, 256)),
        "stripes": 127 + 100 * np.sin(columns * 2 * np.pi / 9),
        "chequers": (rows + columns) // 8 % 2 * 255,
        "spot": 255 - 255 * (np.hypot(rows - 144, columns - 128) < 60),
    }
    return pictures[name].astype(np.uint8)


@pytest.mark.parametrize("name", ["black", "white", "grey", "ramp", "noise", "stripes", "chequers", "spot"])
def test_what_has_no_finger_ridges_scores_nothing_to_speak_of(name: str) -> None:
    reading = assess(pattern(name), PITCH_PPI, "optical")
    assert reading.quality.native < 5 and reading.causes


@pytest.mark.parametrize("pitch_ppi", [250, 363, 508, 1000])
def test_pitch_is_taken_out_before_anything_is_measured(pitch_ppi: int) -> None:
    good = impression(master(101), Condition.GOOD, 1)
    scale = pitch_ppi / PITCH_PPI
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    other = np.asarray(cv2.resize(good, None, fx=scale, fy=scale, interpolation=way), np.uint8)
    assert score(other, pitch_ppi) == pytest.approx(score(good), abs=15)


@pytest.mark.parametrize("pitch_ppi", [0, -500, 50, 5000])
def test_an_absurd_pitch_is_a_bug_of_the_caller(pitch_ppi: int) -> None:
    with pytest.raises(ValueError, match="pitch"):
        assess(impression(master(101), Condition.GOOD, 1), pitch_ppi, "optical")


def test_four_bits_of_grey_are_enough() -> None:
    good = impression(master(101), Condition.GOOD, 1)
    assert score((good // 17 * 17).astype(np.uint8)) == pytest.approx(score(good), abs=5)


def test_equal_pixels_give_equal_scores_with_their_metric_and_sensor_class() -> None:
    good = impression(master(102), Condition.GOOD, 1)
    one, other = (assess(pixels, PITCH_PPI, "capacitive") for pixels in (good, good.copy()))
    assert (one.quality, one.causes, one.features) == (other.quality, other.causes, other.features)
    assert (one.quality.metric, one.quality.sensor_class) == (METRIC, "capacitive")


def test_a_finger_that_was_not_lifted_is_asked_to_lift_and_what_it_left_is_no_finger() -> None:
    first = impression(master(103), Condition.DRY, 1)
    again = assess(first, PITCH_PPI, "optical", before=first)
    assert again.causes == (Cause.SAME,) and again.is_finger
    left = (225 - (225 - first.astype(np.float64)) * 0.4).clip(0, 255).astype(np.uint8)
    residue = assess(left, PITCH_PPI, "optical", before=first)
    assert residue.causes == (Cause.RESIDUE,) and not residue.is_finger


@pytest.mark.parametrize("person", PEOPLE)
def test_the_same_finger_put_anew_is_not_what_was_left_behind(person: int) -> None:
    touches = [impression(master(person), Condition.GOOD, touch) for touch in range(1, 5)]
    assert [left_behind(now, then) for then, now in pairwise(touches)] == [None] * 3


def test_a_glass_of_another_size_was_another_glass() -> None:
    good = impression(master(101), Condition.GOOD, 1)
    assert left_behind(good[:200], good) is None


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=120)))
def test_any_picture_gives_a_score_from_0_to_100(pixels: Pixels) -> None:
    reading = assess(pixels, PITCH_PPI, "optical", before=pixels)
    assert 0 <= reading.quality.native <= 100
    assert reading.quality.mapped is not None and 0 <= reading.quality.mapped <= reading.quality.native


def test_a_ramp_of_what_is_no_number_is_nothing() -> None:
    assert (ramp(float("nan"), 0, 1), ramp(-1, 0, 1), ramp(0.25, 0, 1), ramp(9, 0, 1)) == (0, 0, 0.25, 1)


class TestModel:
    def test_the_committed_net_is_small_and_its_card_tells_what_it_was_measured_on(self) -> None:
        card = read_card(MODELS, NAME)
        assert len(read_checked(MODELS, card)) < 100_000
        assert card.input_shape == (1, INPUTS) and dict(card.figures).keys() >= {"cpu_ms", "evaluated"}

    def test_another_net_is_refused(self) -> None:
        with pytest.raises(ModelUnfit, match=str(len(FAULTS))):
            FingerReader(Model.load("mrz_line"))

    def test_a_card_that_names_another_input_is_refused(self) -> None:
        card = read_card(MODELS, NAME)
        with pytest.raises(ModelUnfit):
            Model(replace(card, input_shape=(1, INPUTS + 1)), read_checked(MODELS, card))
