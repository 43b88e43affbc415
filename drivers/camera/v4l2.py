"""A USB or CSI camera under Linux's V4L2, through OpenCV."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from drivers.camera.feed import SILENCE_S, Region, Shot
from drivers.errors import DeviceGone

# OpenCV waits 10 s for a frame of a stalled camera unless told otherwise before its first capture, and
# for that time nobody can close it
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
PAUSE_S = 0.05
MAX_AGE_S = 1.0
AT_ONCE_S = 0.3  # a picture that only comes late takes OpenCV's whole second; an error takes no time
FAILURES = 5  # one may be a picture that was damaged on its way


class V4l2Source:
    """`Source` over one `/dev/videoN` (or a udev link to it); motion JPEG on the wire when the camera has it."""

    silence_s = SILENCE_S

    def __init__(self, device: str, path: Path, *, size: tuple[int, int], fps: float) -> None:
        self._device = device
        self._path = path
        self._size = size
        self._fps = fps
        self._capture: cv2.VideoCapture | None = None
        self._backlit = False
        self._backlight_set = False
        self._node = 0
        self._failures = 0

    def open(self) -> None:
        if not self._path.is_char_device():
            raise DeviceGone(self._device, f"{self._path} is no device")
        capture = cv2.VideoCapture(str(self._path.resolve()), cv2.CAP_V4L2)
        self._capture = capture
        if not capture.isOpened():
            raise DeviceGone(self._device, f"{self._path} cannot be opened")
        self._node = self._present_node()
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        capture.set(cv2.CAP_PROP_FPS, self._fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # older pictures are of no use
        self._backlight_set = False
        self._failures = 0

    def grab(self, stop: threading.Event) -> Shot | None:
        assert self._capture is not None, "grab before open"
        self._set_backlight(self._capture)
        asked_s = time.monotonic()
        try:
            there, pixels = self._capture.read()
        except cv2.error as error:
            raise DeviceGone(self._device, f"OpenCV: {error.code}") from error
        if there:
            self._failures = 0
            return Shot(np.asarray(pixels, dtype=np.uint8), self._taken_at_s(self._capture))
        if self._present_node() != self._node:
            raise DeviceGone(self._device, f"{self._path} is no longer there, or another than was opened")
        self._failures = self._failures + 1 if time.monotonic() - asked_s < AT_ONCE_S else 0
        if self._failures >= FAILURES:
            raise DeviceGone(self._device, f"{self._path} answers with errors")
        stop.wait(PAUSE_S)  # a failing read may return at once
        return None

    def expose_for(self, region: Region | None) -> None:
        """UVC cameras meter no region; their backlight control is for a face in front of a bright quay."""
        self._backlit = region is not None

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _present_node(self) -> int:
        """Which node the path leads to: one that was pulled out and put back has another. 0: none."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def _set_backlight(self, capture: cv2.VideoCapture) -> None:
        wanted = self._backlit
        if wanted != self._backlight_set:
            capture.set(cv2.CAP_PROP_BACKLIGHT, float(wanted))  # refused by cameras without it: nothing lost
            self._backlight_set = wanted

    def _taken_at_s(self, capture: cv2.VideoCapture) -> float:
        """The driver's own stamp, where it is of the monotonic clock as V4L2 recommends; else now."""
        now_s = time.monotonic()
        stamp_s = float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        return stamp_s if now_s - MAX_AGE_S <= stamp_s <= now_s else now_s
