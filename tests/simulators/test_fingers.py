"""Synthetic fingerprints: ridges at the right pitch, and every condition with the fault its name says."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.fingers import Condition, Pattern, impression, master

Pixels = NDArray[np.uint8]
SEEDS = (1, 2, 3)
TOUCHED = [one for one in Condition if one is not Condition.EMPTY]


def touch(condition: Condition, finger: int = 1, seed: int = 7) -> Pixels:
    return impression(master(finger), condition, seed)


def local_deviation(pixels: Pixels) -> NDArray[np.float32]:
    grey = pixels.astype(np.float32)
    mean = cv2.blur(grey, (17, 17))
    return np.asarray(np.sqrt(np.maximum(cv2.blur(grey * grey, (17, 17)) - mean * mean, 0)), np.float32)


def covered(pixels: Pixels) -> float:
    """Share of the sensor with ridges on it."""
    return float((local_deviation(pixels) > 18).mean())


def dominant_period_px(pixels: Pixels) -> float:
    middle = pixels[80:208, 64:192].astype(np.float32)
    window = np.outer(np.hanning(128), np.hanning(128)).astype(np.float32)
    power = np.abs(np.fft.fft2((middle - middle.mean()) * window)) ** 2
    bins = np.hypot(*np.meshgrid(np.fft.fftfreq(128) * 128, np.fft.fftfreq(128) * 128))
    rings = [power[(bins >= k - 0.5) & (bins < k + 0.5)].sum() for k in range(3, 40)]
    return 128 / (3 + int(np.argmax(rings)))


@pytest.mark.parametrize("seed", SEEDS)
def test_ridges_repeat_at_the_masters_period(seed: int) -> None:
    assert 7.8 <= master(seed).period_px <= 10.2
    assert dominant_period_px(touch(Condition.GOOD, seed)) == pytest.approx(master(seed).period_px, rel=0.15)


@pytest.mark.parametrize("condition", Condition)
def test_an_impression_is_what_the_sensor_gives(condition: Condition) -> None:
    pixels = touch(condition)
    assert pixels.shape == (288, 256)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, touch(condition))
    assert not np.array_equal(pixels, touch(condition, seed=8))


@pytest.mark.parametrize("seed", SEEDS)
def test_ridges_are_dark_and_the_glass_is_bright(seed: int) -> None:
    good = touch(Condition.GOOD, seed)
    assert np.percentile(good, 5) < 70
    assert np.percentile(good, 95) > 215
    assert covered(good) > 0.6


def test_an_empty_sensor_has_no_ridges() -> None:
    assert covered(touch(Condition.EMPTY)) == 0.0
    assert touch(Condition.EMPTY).mean() > 220


@pytest.mark.parametrize("seed", SEEDS)
def test_partial_and_light_touches_cover_less(seed: int) -> None:
    good = covered(touch(Condition.GOOD, seed))
    assert covered(touch(Condition.PARTIAL, seed)) < 0.5 * good
    assert covered(touch(Condition.LIGHT, seed)) < 0.75 * good


@pytest.mark.parametrize("seed", SEEDS)
def test_off_centre_lies_off_the_centre(seed: int) -> None:
    rows, columns = np.nonzero(local_deviation(touch(Condition.OFF_CENTRE, seed)) > 18)
    assert columns.mean() > 128 + 35
    assert rows.mean() < 144 - 35


@pytest.mark.parametrize("seed", SEEDS)
def test_wet_is_darker_and_dry_is_paler_than_good(seed: int) -> None:
    wet, good, dry = (touch(one, seed)[90:200, 80:176].mean() for one in (Condition.WET, Condition.GOOD, Condition.DRY))
    assert wet < good - 15
    assert dry > good + 15


def test_dry_ridges_are_broken() -> None:
    """More separate dark pieces on the same area."""
    pieces = [
        cv2.connectedComponents((touch(one) < 140).astype(np.uint8))[0] for one in (Condition.GOOD, Condition.DRY)
    ]
    assert pieces[1] > 2 * pieces[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_artefact_has_ridges_but_little_contrast(seed: int) -> None:
    copy, good = touch(Condition.ARTEFACT, seed), touch(Condition.GOOD, seed)
    assert dominant_period_px(copy) == pytest.approx(dominant_period_px(good), rel=0.15)
    assert np.percentile(copy, 95) - np.percentile(copy, 5) < 0.65 * (np.percentile(good, 95) - np.percentile(good, 5))


def likeness(one: Pixels, other: Pixels) -> float:
    """Best correlation of the middle of one with the other, over shifts and small turns."""
    patch = one[84:204, 68:188]
    best = -1.0
    for angle in range(-16, 17, 2):
        turn = cv2.getRotationMatrix2D((128, 144), angle, 1.0)
        turned = cv2.warpAffine(other, turn, (256, 288), borderMode=cv2.BORDER_REPLICATE)
        best = max(best, float(cv2.matchTemplate(turned, patch, cv2.TM_CCOEFF_NORMED).max()))
    return best


def test_two_touches_of_one_finger_are_alike_and_two_fingers_are_not() -> None:
    mated = [likeness(touch(Condition.GOOD, one, 1), touch(Condition.GOOD, one, 2)) for one in SEEDS]
    non_mated = [
        likeness(touch(Condition.GOOD, a, 1), touch(Condition.GOOD, b, 1)) for a, b in ((1, 2), (2, 3), (3, 1))
    ]
    assert min(mated) > max(non_mated) + 0.05


def test_arches_loops_and_whorls_are_all_grown() -> None:
    assert {master(seed).pattern for seed in SEEDS} == set(Pattern)


def test_growing_and_touching_are_quick() -> None:
    started = time.process_time()
    finger = master(900_001)
    grown = time.process_time()
    for condition in TOUCHED:
        impression(finger, condition, 1)
    touched = time.process_time()
    assert grown - started < 4  # seconds of processor; 0.3 on an idle desktop
    assert (touched - grown) / len(TOUCHED) < 0.2


def test_a_master_cannot_be_written_on() -> None:
    with pytest.raises(ValueError, match="read-only"):
        master(1).ridges[0, 0] = 0
