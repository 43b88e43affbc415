"""What the traveller sees of himself: a tall picture follows him, a wide one is shown whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.journey.mirror import STILL, WIDTH_PX, Window, follow, jpeg, start
from drivers.api import Frame

TALL, WIDE = (1280, 720, 3), (480, 640, 3)


def settled(top_of_face: int, height: int = 240) -> Window:
    window = start(TALL)
    for _ in range(60):
        window = follow(window, TALL, (200, top_of_face, 200, height))
    return window


def test_a_wide_picture_is_shown_whole_wherever_the_face_is() -> None:
    window = start(WIDE)
    assert window == Window(0, 480)
    assert follow(window, WIDE, (10, 300, 100, 130)) == window


@pytest.mark.parametrize("top", [0, 150, 400, 700, 1000])
def test_a_tall_picture_shows_the_whole_face_wherever_it_is(top: int) -> None:
    window = settled(top)
    assert window.top <= top and top + 240 <= window.top + window.height
    assert window.top >= 0 and window.top + window.height <= TALL[0]


def test_a_face_that_sways_does_not_move_the_view() -> None:
    window = settled(700)
    sway = int(STILL * window.height / 2)
    for by in (-sway, sway):
        assert follow(window, TALL, (200, 700 + by, 200, 240)) == window
    assert follow(window, TALL, None) == window


def test_the_view_glides_and_does_not_jump() -> None:
    window = start(TALL)
    tops = [window.top]
    for _ in range(40):
        window = follow(window, TALL, (200, 1000, 200, 240))
        tops.append(window.top)
    steps = np.diff(tops)
    assert tops[-1] == tops[-2] and (steps >= 0).all() and steps.max() < 0.4 * (tops[-1] - tops[0])


def test_another_camera_begins_anew() -> None:
    assert follow(start(WIDE), TALL, None) == start(TALL)


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_the_picture_is_that_part_at_the_pages_width(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    shown = cv2.imdecode(np.frombuffer(jpeg(Frame.of(pixels, 0.0, "c"), start(shape)), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and shown.shape == (480, WIDTH_PX, 3)


@pytest.mark.parametrize(("shape", "small"), [((1280, 720, 3), (854, 480, 3)), ((720, 1280, 3), (360, 640, 3))])
def test_a_cameras_own_small_picture_shows_the_same_part(
    shape: tuple[int, int, int], small: tuple[int, int, int]
) -> None:
    rows = np.linspace(0, 255, shape[0]).astype(np.uint8)
    pixels = np.ascontiguousarray(np.broadcast_to(rows[:, None, None], shape))
    window = Window(shape[0] // 4, min(shape[0] // 2, start(shape).height))
    told = (None, np.asarray(cv2.resize(pixels, small[1::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8))
    whole, quick = (
        cv2.imdecode(
            np.frombuffer(jpeg(Frame.of(pixels, 0.0, "c", preview=preview), window), np.uint8), cv2.IMREAD_COLOR
        )
        for preview in told
    )
    assert whole is not None and quick is not None
    assert abs(whole.shape[0] - quick.shape[0]) <= 2 and whole.shape[1] == quick.shape[1] == WIDTH_PX
    assert np.abs(whole[[1, -2], 5].astype(int) - quick[[1, -2], 5]).max() <= 6
