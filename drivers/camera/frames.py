"""A camera made of files: a folder of pictures or a film, shown at a steady pace."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from drivers.api import Pixels
from drivers.camera.feed import Region, Shot
from drivers.errors import DeviceGone, WireCorrupt

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
PAUSE_S = 0.2

Picture = Pixels | str  # or the name of a file that is none


class FrameFiles:
    """`Source` over a folder (its pictures in the order of their names) or a film.

    After the last picture it starts again, or with `loop=False` shows nothing more: the camera stalls.
    A path that vanishes is a camera that was unplugged.
    """

    silence_s = math.inf

    def __init__(self, device: str, path: Path, *, fps: float, loop: bool = True) -> None:
        self._device = device
        self._path = path
        self._period_s = 1.0 / fps
        self._loop = loop
        self._pictures: Iterator[Picture] = iter(())
        self._due_s = 0.0

    def open(self) -> None:
        self._be_there()
        self._pictures = self._all()
        self._due_s = time.monotonic()

    def grab(self, stop: threading.Event) -> Shot | None:
        self._be_there()
        if stop.wait(max(0.0, self._due_s - time.monotonic())):
            return None
        self._due_s = max(self._due_s + self._period_s, time.monotonic())
        picture = next(self._pictures, None)
        if picture is None:
            stop.wait(PAUSE_S)
            return None
        if isinstance(picture, str):
            self._be_there()  # or it was taken away while we looked
            raise WireCorrupt(self._device, f"{picture} is no picture")
        return Shot(picture, time.monotonic())

    def expose_for(self, region: Region | None) -> None:
        """Files were exposed when they were made."""

    def close(self) -> None:
        self._pictures = iter(())

    def _be_there(self) -> None:
        if not self._path.exists():
            raise DeviceGone(self._device, f"{self._path} is not there")

    def _all(self) -> Iterator[Picture]:
        for turn in itertools.count():
            if turn and not self._loop:
                return
            empty = True
            for picture in self._once():
                empty = False
                yield picture
            if empty:
                raise DeviceGone(self._device, f"no pictures in {self._path}")

    def _once(self) -> Iterator[Picture]:
        return self._folder() if self._path.is_dir() else self._film()

    def _folder(self) -> Iterator[Picture]:
        try:
            paths = sorted(path for path in self._path.iterdir() if path.suffix.lower() in SUFFIXES)
        except OSError as error:
            raise DeviceGone(self._device, str(error)) from error
        for path in paths:
            try:
                pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
            except (OSError, cv2.error):
                pixels = None  # taken away or emptied meanwhile
            yield path.name if pixels is None else np.asarray(pixels, dtype=np.uint8)

    def _film(self) -> Iterator[Picture]:
        film = cv2.VideoCapture(str(self._path))
        try:
            while True:
                there, pixels = film.read()
                if not there:
                    return
                yield np.asarray(pixels, dtype=np.uint8)
        finally:
            film.release()
