"""The pixel layouts that libcamera hands out, as BGR. Pure: one array in, one new array out, each pixel written once.

Names are libcamera's; they read from the highest byte of a word to the lowest, so RGB888 lies as B, G, R in memory.
"""

from __future__ import annotations

import cv2
import numpy as np

from drivers.api import Pixels

PREFERRED = "RGB888"  # needs no arithmetic
SMALL = "YUV420"  # the one that every Pi has for its second stream
CONVERSIONS: dict[str, int] = {
    "BGR888": cv2.COLOR_RGB2BGR,
    "XRGB8888": cv2.COLOR_BGRA2BGR,
    "XBGR8888": cv2.COLOR_RGBA2BGR,
    "YUV420": cv2.COLOR_YUV2BGR_I420,
    "YVU420": cv2.COLOR_YUV2BGR_YV12,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
    "YUYV": cv2.COLOR_YUV2BGR_YUY2,
    "UYVY": cv2.COLOR_YUV2BGR_UYVY,
}
KNOWN = frozenset({PREFERRED, *CONVERSIONS})


def to_bgr(mapped: Pixels, layout: str, width_px: int) -> Pixels:
    """A picture of its own: height x width x 3, uint8, contiguous. `mapped`: the buffer as picamera2 shapes it.

    YUV420 comes with the padding of its rows, which is cut off here. KeyError: no layout of `KNOWN`.
    """
    if layout == PREFERRED:
        return np.array(mapped, dtype=np.uint8, order="C")
    picture = np.asarray(cv2.cvtColor(mapped, CONVERSIONS[layout]), dtype=np.uint8)
    return picture if picture.shape[1] == width_px else np.ascontiguousarray(picture[:, :width_px])
