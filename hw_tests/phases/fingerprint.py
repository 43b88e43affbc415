"""The fingerprint sensor: whether it answers, sees nothing on bare glass, and takes a clean impression of a finger.

Impressions are measured and let go: none is attached.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.api import FingerImage, FingerprintSensor, Light, Pixels
from drivers.catalogue import FINGERPRINT
from hw_tests.devices import opened, silence
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase

BLOCK = 16  # pixels: a ridge and a valley fit in three times
FLAT = 6.0  # levels: no ridge runs through a block that deviates less, once blurred
BARE_S = 6.0
GLASS = "wipe the glass with a soft cloth and a little alcohol, let it dry, repeat; then replace the sensor"
SENSOR = "replace the sensor"
ANSWERS = (Expected("answers", "", IS_YES, "the sensor answers", "see cable and plug of the sensor"),)
BARE = (
    Expected("sees_nothing", "", IS_YES, "on bare glass it finds no finger", GLASS),
    Expected("residue_percent", "%", Limits(0, 5), "share of the bare glass that looks like ridges", GLASS),
)
FINGER = (
    Expected(
        "contrast_levels",
        "levels",
        Limits(60),
        "between ridges and valleys",
        "warm the finger, press a little more; then wipe the glass",
    ),
    Expected(
        "covered_percent",
        "%",
        Limits(25),
        "share of the picture with ridges",
        "lay the whole fingertip flat in the middle",
    ),
    Expected("noise_levels", "levels", Limits(0, 10), "grain where no ridge runs, beside the finger", SENSOR),
    Expected("stuck_lines", "", Limits(0, 0), "rows or columns of the picture that show nothing at all", SENSOR),
)


def answers(log: Log) -> None:
    with opened(log, "fingerprint", FINGERPRINT) as sensor:
        sensor.show(Light.OFF)
    log.measure("answers", True)


def bare(log: Log) -> None:
    log.answered("finger_none")
    with opened(log, "fingerprint", FINGERPRINT) as sensor:
        seen = silence(lambda deadline: sensor.capture(deadline, lambda _share: None), log.left.within(BARE_S))
    log.measure("sees_nothing", seen is None)
    log.measure("residue_percent", 0.0 if seen is None else 100 * float(ridged(seen.pixels).mean()))


def finger(log: Log) -> None:
    with opened(log, "fingerprint", FINGERPRINT) as sensor:
        pixels = _impression(sensor, log).pixels
    blocks = ridged(pixels)
    log.measure("covered_percent", 100 * float(blocks.mean()))
    low, high = np.percentile(pixels, (5, 95))
    log.measure("contrast_levels", float(high - low))
    grain = noise(pixels, blocks)
    log.measure_or("noise_levels", grain, "the finger covers the whole glass")
    log.measure("stuck_lines", stuck_lines(pixels))


def _impression(sensor: FingerprintSensor, log: Log) -> FingerImage:
    sensor.show(Light.INVITE)
    try:
        return sensor.capture(log.tell("finger_place"), lambda _share: None)
    finally:
        sensor.show(Light.OFF)


def ridged(pixels: Pixels) -> NDArray[np.bool_]:
    """Which blocks ridges run through: they deviate, and more than grain does, which is gone after a blur."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.5).astype(np.float32)
    return np.asarray(_deviation(smooth) > FLAT)


def noise(pixels: Pixels, blocks: NDArray[np.bool_]) -> float | None:
    """Median deviation of the blocks without ridges, and none beside them; None: there are too few."""
    near = cv2.dilate(blocks.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    calm = _deviation(pixels.astype(np.float32))[~near]
    return float(np.median(calm)) if calm.size >= 4 else None


def stuck_lines(pixels: Pixels) -> int:
    """Rows and columns that are one level from end to end, while those around them are not."""
    rows, columns = (pixels.astype(np.float32).std(axis=axis) for axis in (1, 0))
    return sum(int(((line < 1) & (np.median(line) > 5)).sum()) for line in (rows, columns))


def _deviation(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (size // BLOCK for size in picture.shape)
    whole = picture[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK)
    return np.asarray(whole.std(axis=(1, 3)), np.float32)


PHASES = (
    Phase("fingerprint", ANSWERS, answers, is_quick=True),
    Phase("finger_bare", BARE, bare),
    Phase("finger_placed", FINGER, finger),
)
