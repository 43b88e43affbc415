"""The numbers of the hardware tests on their own: edges, noise and spots, tones, and two protocols as bytes."""

from __future__ import annotations

import contextlib
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_tests import optics
from hw_tests.net_wire import Malformed, name_is_known, name_question, time_question, time_told
from hw_tests.phases.fingerprint import noise, ridged, stuck_lines
from hw_tests.sound import RATE_HZ, TONES_HZ, tones_db
from simulators.fingers import Condition, impression, master

CARD = np.kron(np.indices((12, 16)).sum(axis=0) % 2, np.ones((40, 40))).astype(np.float32) * 200 + 20


@pytest.mark.parametrize("sigma_px", [1.0, 1.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("contrast", [1.0, 0.4])
def test_the_width_of_an_edge_is_that_of_the_blur_whatever_the_contrast(sigma_px: float, contrast: float) -> None:
    blurred = cv2.GaussianBlur(CARD * contrast, (0, 0), sigma_px)
    widths = optics.edge_widths(np.asarray(blurred, np.float32))
    assert len(widths) > 5000
    assert float(np.median(widths)) == pytest.approx(sigma_px * math.sqrt(2 * math.pi), rel=0.02)


def test_without_edges_there_is_no_width() -> None:
    noise = np.random.default_rng(1).normal(120, 4, (240, 320)).astype(np.float32)
    assert len(optics.edge_widths(noise)) == 0


def test_spots_are_counted_once_each() -> None:
    dark = [np.full((100, 100), 5, np.float32) for _ in range(3)]
    for picture in dark:
        picture[20, 20] = picture[60:62, 60:62] = 200
    assert optics.spots(optics.hot(dark)) == 2
    assert optics.spots(optics.dead(dark)) == 0


def test_a_spark_in_one_picture_is_no_pixel_that_sticks() -> None:
    dark = [np.full((100, 100), 5, np.float32) for _ in range(5)]
    dark[2][40, 40] = 255
    assert optics.spots(optics.hot(dark)) == 0


def test_noise_is_the_deviation_in_time() -> None:
    dice = np.random.default_rng(2)
    pictures = [np.asarray(CARD + 5 * dice.standard_normal(CARD.shape), np.float32) for _ in range(16)]
    assert optics.noise(pictures) == pytest.approx(5, rel=0.1)


def test_bare_glass_has_no_ridges_and_a_finger_has() -> None:
    assert ridged(impression(master(1), Condition.EMPTY, 1)).mean() < 0.02
    good = impression(master(1), Condition.GOOD, 1)
    assert ridged(good).mean() > 0.5
    assert stuck_lines(good) == 0
    assert noise(good, np.ones((18, 16), bool)) is None


def test_the_faintest_tone_counts() -> None:
    at_s = np.arange(int(0.4 * RATE_HZ)) / RATE_HZ
    hall = np.random.default_rng(4).normal(0, 200, int(0.4 * RATE_HZ))
    heard = [hall + 5000 * np.sin(2 * np.pi * tone * at_s) for tone in TONES_HZ]
    assert tones_db(np.concatenate(heard).astype(np.int16)) > 15
    assert tones_db(np.concatenate(heard[:2]).astype(np.int16)) < 0
    assert tones_db(np.zeros(0, np.int16)) == -100


ASKED = name_question(0x1234, "centre.example")
TIME = time_question(1.8e9)


@given(st.binary(max_size=80))
def test_any_answer_is_a_fact_or_malformed(answer: bytes) -> None:
    for call in (lambda: name_is_known(answer, ASKED), lambda: time_told(answer, TIME, 1.8e9, 1.8e9)):
        with contextlib.suppress(Malformed):
            call()


def test_the_question_for_a_name_is_as_the_standard_says() -> None:
    wanted = "1234 0100 0001 0000 0000 0000 06 63656e747265 07 6578616d706c65 00 0001 0001"
    assert bytes.fromhex(wanted) == ASKED


def test_time_past_2036_is_still_told() -> None:
    """The seconds of NTP begin anew on 7 February 2036."""
    asked_s = 2_200_000_000.0
    question = time_question(asked_s)
    answer = bytes([0x24, 1]) + bytes(22) + question[40:48] * 3
    assert time_told(answer, question, asked_s, asked_s).offset_s == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("at", "value"), [(0, 0xE4), (0, 0x23), (1, 0), (1, 16), (24, 0xFF)])
def test_a_server_that_does_not_know_the_time_is_malformed(at: int, value: int) -> None:
    answer = bytearray(bytes([0x24, 1]) + bytes(22) + TIME[40:48] * 3)
    answer[at] = value
    with pytest.raises(Malformed):
        time_told(bytes(answer), TIME, 1.8e9, 1.8e9)
