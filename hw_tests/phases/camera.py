"""Each camera: its pictures as they come; the focus on the test card; pixels that stick; and the lamp beside it."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from drivers.api import Camera, Frame
from drivers.catalogue import CAMERA, FILL_LIGHT
from drivers.deadline import Deadline
from hw_tests import optics
from hw_tests.devices import ANSWER_S, opened
from hw_tests.optics import Luma
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase
from hw_tests.station import Fitted

SETTLE_S = 3.0
MIN_GAIN_PERCENT = 5.0
CABLE = "see cable and plug of the camera; then replace the camera"
LENS = "wipe the lens, then turn its ring until this is smallest; a fixed lens: replace the camera"
FRAME_MS = 200.0
PICTURES = (
    Expected(
        "mean_levels",
        "levels",
        Limits(30, 225),
        "mean brightness of what it sees, of 255",
        "take the cap off; see the light in the hall",
    ),
    Expected(
        "black_percent",
        "%",
        Limits(0, 60),
        "share of the picture that is black",
        "take the cap off; see the light in the hall",
    ),
    Expected(
        "burnt_percent",
        "%",
        Limits(0, 25),
        "share of the picture that is burnt out",
        "shade the window behind the traveller, or turn the kiosk",
    ),
    Expected(
        "noise_levels",
        "levels",
        Limits(0, 8),
        "flicker of single pixels between pictures",
        "more light; then replace the camera",
    ),
    Expected(
        "pictures_differ",
        "",
        IS_YES,
        "not all pictures are the same to the last bit, as from a camera that hangs",
        CABLE,
    ),
)
FOCUS = (
    Expected(
        "edges",
        "",
        Limits(500),
        "edges of the test card that were found",
        "hold the card so that it fills the picture, in good light; then wipe the lens",
    ),
    Expected("edge_px", "px", Limits(0.5, 4), "width of an edge, the median of them", LENS),
    Expected(
        "contrast_levels",
        "levels",
        Limits(80),
        "between the card's white and black",
        "wipe the lens; light on the card, not on the lens",
    ),
)
PIXELS = (
    Expected(
        "covered",
        "",
        Limits(one_of=("yes",)),
        "it was dark enough to look for pixels that shine",
        "cover the lens with the cap or a thumb wrapped in black cloth, and repeat",
    ),
    Expected("hot_pixels", "", Limits(0, 5), "spots that shine in the dark", "replace the camera"),
    Expected(
        "paper",
        "",
        Limits(one_of=("yes",)),
        "it was bright and even enough to look for pixels that stay dark",
        "hold white paper close before the lens, in even light, and repeat",
    ),
    Expected(
        "dead_pixels", "", Limits(0, 5), "spots that stay dark on white paper", "wipe the lens; then replace the camera"
    ),
)
LAMP = (
    Expected(
        "gain_percent",
        "%",
        Limits(MIN_GAIN_PERCENT),
        "how much brighter the picture gets with the lamp at full",
        "see the lamp's cable",
    ),
)


def phases(cameras: Mapping[str, Fitted]) -> tuple[Phase, ...]:
    """For each of them by its name; the lamp stands beside the first. `frame_ms` of its table: the longest pause."""
    told = {name: float(each.more.get("frame_ms", FRAME_MS)) for name, each in cameras.items()}
    made = tuple(phase for name, limit_ms in (told or {"camera": FRAME_MS}).items() for phase in _of(name, limit_ms))
    return (*made, Phase("camera_light", LAMP, lambda log: _lamp(log, next(iter(cameras), "camera"))))


def _of(name: str, limit_ms: float) -> tuple[Phase, ...]:
    pace = Expected("frame_ms", "ms", Limits(0, limit_ms), "time from picture to picture, the middle one", CABLE)
    return (
        Phase(name, (pace, *PICTURES), lambda log: _pictures(log, name), is_quick=True),
        Phase(f"{name}_focus", FOCUS, lambda log: _focus(log, name)),
        Phase(f"{name}_pixels", PIXELS, lambda log: _pixels(log, name)),
    )


def _pictures(log: Log, name: str) -> None:
    frames = _frames(log, name, log.station.pace.frames)
    pauses = [b.captured_at_monotonic_s - a.captured_at_monotonic_s for a, b in itertools.pairwise(frames)]
    log.measure("frame_ms", 1000 * statistics.median(pauses))
    pictures = [optics.luma(frame.pixels) for frame in frames]
    black, burnt = optics.shares(pictures[-1])
    log.measure("mean_levels", float(pictures[-1].mean()))
    log.measure("black_percent", black)
    log.measure("burnt_percent", burnt)
    log.measure("noise_levels", optics.noise(pictures[-8:]))
    log.measure("pictures_differ", len({frame.sha256 for frame in frames}) > 1)


def _focus(log: Log, name: str) -> None:
    log.answered("camera_card", camera=name)
    picture = optics.luma(_frames(log, name, 1)[-1].pixels)
    widths = optics.edge_widths(picture)
    log.measure("edges", len(widths))
    log.measure_or("edge_px", float(np.median(widths)) if len(widths) else None, "no edge was found")
    low, high = np.percentile(picture, (5, 95))
    log.measure("contrast_levels", float(high - low))


def _pixels(log: Log, name: str) -> None:
    log.answered("camera_cover", camera=name)
    _spots(log, name, ("covered", "hot_pixels"), lambda mean: mean < 40, optics.hot)
    log.answered("camera_paper", camera=name)
    _spots(log, name, ("paper", "dead_pixels"), lambda mean: 100 < mean < 245, optics.dead)


def _spots(
    log: Log,
    name: str,
    measures: tuple[str, str],
    fits: Callable[[float], bool],
    find: Callable[[Sequence[Luma]], np.typing.NDArray[np.bool_]],
) -> None:
    pictures = [optics.luma(frame.pixels) for frame in _frames(log, name, 5)]
    is_fit = fits(float(np.median(pictures[-1])))
    log.measure(measures[0], is_fit)
    if not is_fit:
        log.absent(measures[1], "the scene was not fit for it")
        return
    mask = find(pictures)
    log.measure(measures[1], optics.spots(mask))
    if mask.any():
        log.attach(f"{measures[1]}.png", "image/png", optics.map_png(mask))


def _lamp(log: Log, camera: str) -> None:
    with opened(log, "fill_light", FILL_LIGHT) as light:
        try:
            light.shine(0.0, log.left.within(ANSWER_S))
            log.left.pause("person", SETTLE_S)
            dark = _brightest(log, camera, math.inf)
            light.shine(1.0, log.left.within(ANSWER_S))
            bright = _brightest(log, camera, dark * (1 + MIN_GAIN_PERCENT / 100))
        finally:
            light.shine(0.0, Deadline(ANSWER_S))
    log.measure("gain_percent", 100 * (bright / max(dark, 1.0) - 1))


def _brightest(log: Log, name: str, enough: float) -> float:
    """Mean of the brightest picture until one is bright enough; a lamp and an exposure need a moment."""
    deadline, brightest = log.left.within(SETTLE_S), 0.0
    with opened(log, name, CAMERA) as camera:
        while brightest < enough and (deadline.remaining_s > 0 or not brightest):
            brightest = max(brightest, float(optics.luma(_frame(camera, log).pixels).mean()))
    return brightest


def _frames(log: Log, name: str, count: int) -> list[Frame]:
    """After the first ones, with which a camera finds its exposure."""
    settle = log.station.pace.settle_frames
    with opened(log, name, CAMERA) as camera:
        return [_frame(camera, log) for _ in range(settle + count)][settle:]


def _frame(camera: Camera, log: Log) -> Frame:
    return camera.next_frame(log.left.within(ANSWER_S))
