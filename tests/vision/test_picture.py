"""What the face path does with pixels, held against OpenCV, which it does without."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.vision import picture
from appliance.vision.face_detection import SIDE, put_squared
from appliance.vision.model import Pixels
from appliance.vision.picture import (
    BUILT,
    Words,
    blurred,
    filled,
    grey,
    histogram,
    inverse,
    laid,
    laid_words,
    lay_rgb,
    rgb_means,
    steepness,
)
from simulators.faces import Identity, render

FRAME = render(Identity.of(2))
HEIGHT, WIDTH = FRAME.shape[:2]

FACE_PATH = ("face_detection", "face_landmarks", "eye_lids", "face_quality", "turn", "track", "face_comparison")


def test_the_face_path_does_without_opencv() -> None:
    modules = ", ".join(f"appliance.vision.{name}" for name in FACE_PATH)
    a_cut = "appliance.vision.picture.laid(numpy.zeros((4, 4, 3), numpy.uint8), numpy.eye(2, 3), 4, 4)"
    code = f"import sys, numpy, {modules}; {a_cut}; sys.exit('cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_set_up_machine_has_built_the_cut() -> None:
    assert BUILT.exists(), "python scripts/kernel.py builds it"


@pytest.fixture(params=["as it was built", "where it was not"])
def by_either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "where it was not":
        monkeypatch.setattr(picture, "_C", None)


def words_of(pixels: Pixels) -> Words:
    return laid_words(pixels, np.eye(2, 3), pixels.shape[1], pixels.shape[0])


def around(x: float, y: float, scale: float, degrees: float, side: int) -> NDArray[np.float64]:
    """The map that lays this place of a frame in the middle of a square, turned."""
    cosine, sine = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return np.concatenate([turn, (side / 2 - turn @ [x, y])[:, None]], axis=1)


@pytest.mark.parametrize("degrees", [0, 3.3, -20, 45, 90, 180])
@pytest.mark.parametrize("scale", [0.4, 0.57, 1, 1.3, 2.5])
@pytest.mark.parametrize(("x", "y"), [(320, 240), (12, 30), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT), (-400, 700)])
def test_a_cut_is_opencvs_within_a_few_levels(x: float, y: float, scale: float, degrees: float) -> None:
    to_cut = around(x, y, scale, degrees, 150)
    off = laid(FRAME, to_cut, 150, 150).astype(np.int16) - cv2.warpAffine(FRAME, to_cut, (150, 150))
    # where the frame ends a pixel is weighed with black: there 16ths of a pixel count most
    assert np.percentile(np.abs(off), 98) <= 2 and np.abs(off).mean() <= 0.2 and np.abs(off).max() <= 16


@pytest.mark.parametrize("scale", [0.4, 1.3])
@pytest.mark.parametrize(("x", "y"), [(320, 240), (WIDTH - 1, HEIGHT - 1), (-4000, 700)])
@pytest.mark.usefixtures("by_either")
def test_what_is_put_into_a_net_is_the_cut_red_first_and_scaled(x: float, y: float, scale: float) -> None:
    to_cut, put = around(x, y, scale, 12, 150), np.full((150, 150, 3), np.nan, np.float32)
    lay_rgb(FRAME, to_cut, 1 / 255, put)
    off = put[:, :, ::-1] * 255 - laid(FRAME, to_cut, 150, 150)
    assert np.abs(off).max() <= 0.5 + 1e-4


@pytest.mark.usefixtures("by_either")
def test_a_wild_map_puts_black_into_a_net() -> None:
    for to_cut in (np.zeros((2, 3)), np.full((2, 3), np.nan), np.array([[1, 0, 1e9], [0, 1, 0]])):
        put = np.full((8, 8, 3), np.nan, np.float32)
        lay_rgb(FRAME, to_cut, 1.0, put)
        assert not put.any()


def test_only_whole_pictures_of_bytes_are_given_to_c() -> None:
    put = np.zeros((8, 8, 3), np.float32)
    no_pictures: list[NDArray[Any]] = [FRAME[:, :, 0], FRAME.astype(np.float32), np.zeros((4, 4, 4), np.uint8)]
    for pixels in no_pictures:
        with pytest.raises(ValueError, match="height x width x 3 bytes"):
            lay_rgb(pixels, np.eye(2, 3), 1.0, put)
    for out in (put[:, ::2], put.transpose(1, 0, 2)):
        with pytest.raises(ValueError, match="one piece"):
            lay_rgb(FRAME, np.eye(2, 3), 1.0, out)
    others: list[NDArray[Any]] = [put.astype(np.float16), np.zeros((8, 8, 4), np.float32)]
    for other in others:
        with pytest.raises(ValueError, match="float32"):
            lay_rgb(FRAME, np.eye(2, 3), 1.0, other)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (95, 33), (200, 97)])
def test_a_map_that_moves_nothing_gives_the_picture_whatever_its_size(size: tuple[int, int]) -> None:
    width, height = size
    part = FRAME[HEIGHT - height :, WIDTH - width :]  # not in one piece, and the last byte of the frame in it
    assert (laid(part, np.eye(2, 3), width, height) == part).all()
    wider = laid(part, np.array([[1.0, 0, 1], [0, 1, 2]]), width + 2, height + 4)
    assert (wider[2:-2, 1:-1] == part).all()
    wider[2:-2, 1:-1] = 0
    assert not wider.any()


number = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-5, 5) | st.integers(-1000, 1000).map(float)


@given(st.lists(number, min_size=6, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_map_is_too_wild(six: list[float]) -> None:
    to_cut = np.array(six).reshape(2, 3)
    cut = laid(FRAME[200:220, 300:320], to_cut, 8, 8)
    assert cut.shape == (8, 8, 3)
    if not np.isfinite(to_cut).all():
        assert not cut.any()


def test_a_map_led_back_moves_nothing() -> None:
    there = around(300, 200, 0.7, 33, 192)
    assert inverse(there) == pytest.approx(cv2.invertAffineTransform(there), abs=1e-9)
    assert np.isnan(inverse(np.zeros((2, 3)))).all() and np.isnan(inverse(np.full((2, 3), np.nan))).all()


@pytest.mark.parametrize("times", [1, 2, 5, 16, 40])
def test_means_are_opencvs(times: int) -> None:
    means = rgb_means(FRAME, times)[:, :, ::-1]
    part = FRAME[: HEIGHT // times * times, : WIDTH // times * times]
    area = cv2.resize(part.astype(np.float32), (WIDTH // times, HEIGHT // times), interpolation=cv2.INTER_AREA)
    assert means == pytest.approx(area, abs=1e-3)


def test_means_leave_out_as_much_at_both_ends() -> None:
    picture = np.zeros((12, 13, 3), np.uint8)
    picture[1:11, 1:11] = (10, 20, 30)
    assert (rgb_means(picture, 5) == (30, 20, 10)).all()


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (333, 501), (90, 61), (600, 477), (5, 1280), (1, 1)])
def test_the_detectors_square_keeps_every_picture_in_its_middle(size: tuple[int, int]) -> None:
    square = np.full((SIDE, SIDE, 3), np.nan, np.float32)
    put_squared(np.full((*size, 3), (0, 127, 255), np.uint8), square)
    height, width = (n / max(size) * SIDE for n in size)
    bright = square[:, :, 0] > 0
    assert square.min() >= -1 and square.max() <= 1 + 1e-6
    assert (square[..., 2] == -1).all()  # blue is the last
    if min(height, width) >= 1:
        assert bright.any(axis=1).sum() == pytest.approx(height, abs=2)
        assert bright.any(axis=0).sum() == pytest.approx(width, abs=2)
        assert np.argwhere(bright).mean(axis=0) == pytest.approx([SIDE / 2 - 0.5] * 2, abs=1)


def test_grey_is_opencvs() -> None:
    seen = np.random.default_rng(3).integers(0, 256, (300, 200, 3), np.uint8)
    assert (grey(words_of(seen)) == cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)).all()


def greys() -> list[Pixels]:
    chance = np.random.default_rng(4)
    noise = chance.integers(0, 256, (70, 41), np.uint8)
    return [
        noise,
        np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8),
        grey(words_of(FRAME)),
        np.full((16, 16), 255, np.uint8),
    ]


@pytest.mark.usefixtures("by_either")
@pytest.mark.parametrize("sigma", [0.7, 2.1])
@pytest.mark.parametrize("picture", greys())
def test_a_blur_is_opencvs_to_the_bit(picture: Pixels, sigma: float) -> None:
    assert (blurred(picture, sigma) == cv2.GaussianBlur(picture, (0, 0), sigma)).all()


@pytest.mark.usefixtures("by_either")
@pytest.mark.parametrize("picture", greys())
def test_steepness_is_the_length_of_opencvs_gradient(picture: Pixels) -> None:
    across, down = cv2.spatialGradient(picture)
    assert steepness(picture) == pytest.approx(np.hypot(across.astype(float), down.astype(float)), abs=1e-3)


def test_only_grey_pictures_larger_than_a_loop_reaches_are_given_to_c() -> None:
    no_pictures: list[NDArray[Any]] = [FRAME, FRAME[:, :, 0].astype(np.float32), np.zeros((8, 6), np.uint8)]
    for levels in no_pictures:
        with pytest.raises(ValueError, match="a grey picture"):
            blurred(levels, 2.1)
    with pytest.raises(ValueError, match="a grey picture"):
        steepness(np.zeros((8, 1), np.uint8))
    for levels in (FRAME[:, ::2, 0], FRAME[::-1, :, 0]):  # not in one piece
        assert (blurred(levels, 0.7) == blurred(levels.copy(), 0.7)).all()
        assert (steepness(levels) == steepness(levels.copy())).all()


def test_a_histogram_is_opencvs() -> None:
    levels, where = grey(words_of(FRAME)), np.random.default_rng(5).random((HEIGHT, WIDTH)) < 0.3
    counts = cv2.calcHist([levels], [0], where.view(np.uint8), [256], [0.0, 256.0]).ravel()
    assert histogram(levels, where).tolist() == counts.tolist()
    assert histogram(levels, np.zeros_like(where)).tolist() == [0] * 256


places = st.tuples(st.floats(-60, 160), st.floats(-60, 160))


@given(st.lists(places, min_size=1, max_size=40))
@settings(deadline=None)
def test_a_hull_is_filled_as_opencv_fills_it_but_for_its_edge(points: list[tuple[float, float]]) -> None:
    mask = np.zeros((100, 100), np.uint8)
    hull = cv2.convexHull(np.rint(np.array(points)).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1)
    off = filled(np.array(points), 100) != mask.astype(np.bool_)
    edge = np.zeros((100, 100), np.uint8)
    cv2.polylines(edge, [hull], True, 1, 3)
    assert not off[edge == 0].any()
