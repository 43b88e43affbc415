"""Pictures of document pages from a folder: a file that appears there is a page put on the reader."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from drivers.api import Frame
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, WireCorrupt

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
POLL_S = 0.1

Mark = tuple[str, int, int, int]
"""One state of one file: name, inode, size in bytes, time of its last change in nanoseconds."""


class PageFolder:
    """A camera over the reader's glass, made of files; satisfies `drivers.api.Camera`.

    Whoever has the page (a document scanner's software, a page camera's, the practice quay) saves its picture here
    and takes it away when it likes. A picture that lay here before the call is nobody's; one saved anew under the
    same name is a new page. Nothing in the folder is changed or deleted.
    """

    def __init__(self, device: str, folder: Path) -> None:
        self._device = device
        self._folder = folder

    @property
    def device(self) -> str:
        return self._device

    def next_frame(self, deadline: Deadline) -> Frame:
        """The next page put down. Raises `DeviceError`; `WireCorrupt` for a file that is no picture."""
        deadline.check(self._device)
        known = self._marks()
        growing: frozenset[Mark] = frozenset()
        while True:
            deadline.pause(self._device, POLL_S)
            new = self._marks() - known
            if settled := new & growing:  # unchanged since the last look: whoever wrote it has done
                return self._frame(max(settled, key=lambda mark: mark[3]))
            growing = new

    def expose_for(self, region: tuple[int, int, int, int] | None) -> None:
        """Files were exposed when they were made."""

    def close(self) -> None:
        """Nothing is held."""

    def _marks(self) -> frozenset[Mark]:
        try:
            paths = [path for path in self._folder.iterdir() if path.suffix.lower() in SUFFIXES]
            return frozenset(mark for path in paths if (mark := _mark(path)) is not None)
        except OSError as error:
            raise DeviceGone(self._device, f"{self._folder}: {error.strerror}") from error

    def _frame(self, mark: Mark) -> Frame:
        try:
            data = np.fromfile(self._folder / mark[0], dtype=np.uint8)
            pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        except (OSError, cv2.error):
            pixels = None  # taken away meanwhile, or cut short
        if pixels is None:
            raise WireCorrupt(self._device, "a page that is no picture")
        return Frame.of(np.asarray(pixels, np.uint8), time.monotonic(), self._device)


def _mark(path: Path) -> Mark | None:
    try:
        state = path.stat()
    except FileNotFoundError:
        return None  # taken away between two looks
    return path.name, state.st_ino, state.st_size, state.st_mtime_ns
