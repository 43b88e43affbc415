"""What stands before a simulated camera on a bench, and what is wrong with its lens, sensor and light."""

from __future__ import annotations

import threading
import time
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.mjpeg_camera import MjpegCameraSim

HEIGHT, WIDTH = 480, 640
SQUARE = 40
QUALITY = 95
JOIN_S = 5.0
Floats = NDArray[np.float32]


class Scene(StrEnum):
    HALL = "hall"  # an empty hall: soft light, a door
    CARD = "card"  # the test card, filling the picture
    COVERED = "covered"
    PAPER = "paper"


class CameraScene:
    """Shows `sim` a new picture `fps` times a second: the scene, through lens and sensor. Knobs may be turned."""

    def __init__(self, sim: MjpegCameraSim, *, fps: float = 20.0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
        self.scene = Scene.HALL
        self.blur_px = 0.7  # sigma of the lens
        self.noise_levels = 2.0
        self.gain = 1.0
        self.veil = 0.0  # share of the contrast that grease on the lens takes
        self.hot: tuple[tuple[int, int], ...] = ()  # row, column of spots of 2 x 2 pixels that always shine
        self.dead: tuple[tuple[int, int], ...] = ()  # and of those that never do
        self._hangs = False
        self.lamp_is_broken = False
        self._sim, self._size = sim, size
        self._period_s = 1.0 / fps
        self._dice = np.random.default_rng(5)
        self._stop, self._shown = threading.Event(), 0
        sim.show(self._picture())
        self._thread = threading.Thread(target=self._run, name="camera scene", daemon=True)
        self._thread.start()

    def becomes(self, scene: Scene) -> None:
        """From now on, and shown when this returns."""
        self.scene = scene
        self.settles()

    def settles(self) -> None:
        """Return when knobs that were turned are to be seen: the picture that was under way when they were is past."""
        wanted, ends_s = self._shown + 2, time.monotonic() + JOIN_S
        while self._shown < wanted and time.monotonic() < ends_s:
            time.sleep(self._period_s / 4)

    def hang(self) -> None:
        """The same picture again and again, from now on."""
        self._hangs = True
        self.settles()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            if not self._hangs:
                self._sim.show(self._picture())
            self._shown += 1

    def _picture(self) -> bytes:
        """JPEG."""
        light = 1.0 if self.lamp_is_broken else 1.0 + 0.3 * self._sim.light
        seen = cv2.GaussianBlur(_drawn(self.scene, self._size), (0, 0), max(self.blur_px, 0.1)) * light
        seen = seen + self.veil * (float(seen.mean()) - seen)
        grain = self.noise_levels * self._dice.standard_normal(self._size, np.float32)
        sensor = np.clip(seen * self.gain + grain, 0, 255).astype(np.uint8)
        for spots, level in ((self.hot, 255), (self.dead, 0)):
            for row, column in spots:
                sensor[row : row + 2, column : column + 2] = level
        colour = cv2.cvtColor(sensor, cv2.COLOR_GRAY2BGR)
        return cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _drawn(scene: Scene, size: tuple[int, int]) -> Floats:
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    if scene is Scene.CARD:
        return np.where((rows // SQUARE + columns // SQUARE) % 2, 220, 25).astype(np.float32)
    if scene is Scene.COVERED:
        return np.full(size, 6, np.float32)
    if scene is Scene.PAPER:
        return np.asarray(190 - 20 * np.hypot(rows / height - 0.5, columns / width - 0.5), np.float32)
    hall = 90 + 60 * columns / width + 20 * np.sin(rows / 40)
    hall[height // 3 :, width // 2 : width // 2 + width // 5] = 60
    return np.asarray(hall, np.float32)
