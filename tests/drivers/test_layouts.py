"""Every layout of libcamera becomes the same BGR picture, whatever stands between its rows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drivers.api import Pixels
from drivers.camera.layouts import KNOWN, to_bgr

HEIGHT, WIDTH, PAD = 48, 64, 32


def scene() -> Pixels:
    """Four flat quarters of four colours: what halves the colour's resolution changes nothing in them."""
    pixels = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:24, :32], pixels[:24, 32:] = (200, 40, 60), (30, 180, 90)
    pixels[24:, :32], pixels[24:, 32:] = (20, 60, 210), (128, 128, 128)
    return pixels


def mapped(layout: str, bgr: Pixels) -> Pixels:
    """The scene as picamera2 shapes the camera's buffer of that layout, rows padded."""
    planar = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    luma, chroma = planar[:HEIGHT], planar[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    if layout in ("NV12", "NV21"):
        pair = chroma if layout == "NV12" else chroma[::-1]
        both = np.vstack([luma, np.dstack(list(pair)).reshape(HEIGHT // 2, WIDTH)])
        return padded(both)[:, :WIDTH]
    if layout in ("YUV420", "YVU420"):
        planes = chroma if layout == "YUV420" else chroma[::-1]
        rows = np.pad(planes, ((0, 0), (0, 0), (0, PAD // 2))).reshape(HEIGHT // 2, WIDTH + PAD)
        return np.vstack([padded(luma), rows])
    if layout in ("YUYV", "UYVY"):
        wide = chroma.repeat(2, axis=1)  # a row of colour for every row
        colour = np.dstack(list(wide)).reshape(HEIGHT, WIDTH)
        return np.dstack([luma, colour] if layout == "YUYV" else [colour, luma])
    if layout in ("XRGB8888", "XBGR8888"):
        four = np.dstack([bgr if layout == "XRGB8888" else bgr[:, :, ::-1], np.full((HEIGHT, WIDTH), 77, np.uint8)])
        return padded(four)[:, :WIDTH]
    return padded(bgr if layout == "RGB888" else bgr[:, :, ::-1])[:, :WIDTH]


def padded(rows: Pixels) -> Pixels:
    spare = ((0, 0), (0, PAD)) + ((0, 0),) * (rows.ndim - 2)
    return np.pad(rows, spare, constant_values=99)


@pytest.mark.parametrize("layout", sorted(KNOWN))
def test_a_layout_becomes_bgr_of_its_own(layout: str) -> None:
    buffer = mapped(layout, scene())
    picture = to_bgr(buffer, layout, WIDTH)
    assert picture.shape == (HEIGHT, WIDTH, 3) and picture.dtype == np.uint8 and picture.flags.c_contiguous
    assert np.abs(picture.astype(int) - scene()).max() <= 4
    buffer.fill(0)  # the camera takes its buffer back
    assert np.abs(picture.astype(int) - scene()).max() <= 4


def test_a_layout_of_another_name_is_no_layout() -> None:
    with pytest.raises(KeyError):
        to_bgr(scene(), "SRGGB10_CSI2P", WIDTH)
