"""A document reader made of a page camera and the line net: pictures of pages in, zones out."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from appliance.vision.model import Pixels
from appliance.vision.mrz_reader import PageReading, Reader
from appliance.vision.mrz_vote import Vote, is_same
from drivers.api import Frame, MrzText, Portrait, PortraitSource
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt


class PageSource(Protocol):
    """Shows pages: a folder of pictures, or any `drivers.api.Camera` over the reader's glass."""

    @property
    def device(self) -> str: ...

    def next_frame(self, deadline: Deadline) -> Frame: ...

    def close(self) -> None: ...


class PortraitFinder(Protocol):
    """Cuts the printed portrait out of a page turned so far clockwise; None: it sees no face."""

    def find(self, pixels: Pixels, rotation_deg: int) -> Pixels | None: ...


UNPROVEN_LOOKS = 4  # a live camera looks this often before it hands over a zone whose digits do not agree
EMPTY_LOOKS = 5  # in a row without a zone: the glass is empty, not a hand passing over it
PORTRAIT_PX = 600  # the longer side of what is kept of a printed portrait


class PageDocumentReader:
    """Satisfies `drivers.api.DocumentReader`. The nets belong to the thread that calls `read`: the reader's lane.

    With a live camera several pictures of the same page vote, and the glass must be seen without the last page before
    the same zone counts again, so that a passport left lying is not the next traveller's.
    """

    def __init__(
        self, source: PageSource, reader: Reader, portraits: PortraitFinder | None = None, *, is_live: bool = False
    ) -> None:
        """`is_live`: the source shows the glass all the time, also when nothing lies on it."""
        self._source = source
        self._reader = reader
        self._portraits = portraits
        self._page: Pixels | None = None  # as the newest look saw it
        self._is_live = is_live
        self._lying: tuple[str, ...] | None = None  # the zone handed over last, while it may still lie there

    @property
    def device(self) -> str:
        return self._source.device

    def read(self, deadline: Deadline) -> MrzText:
        """The next page's zone. Raises `DeviceError`; `WireCorrupt` for a page without one: turn it, try again.

        A zone that no check digit proves is handed over as read: whether it is accepted is for the parser to say.
        """
        reading = self._next_lying(deadline) if self._is_live else self._look(deadline)
        if reading is None:
            raise WireCorrupt(self.device, "no machine readable zone on the page")
        portrait = self._portrait(reading)
        self._page = None
        return MrzText(reading.lines, self.device, reading.alternatives, portrait)

    def _portrait(self, reading: PageReading) -> Portrait | None:
        """What is printed beside the zone: for an officer's eyes, and proof of nothing."""
        if self._portraits is None or self._page is None:
            return None
        cut = self._portraits.find(self._page, reading.rotation_deg)
        if cut is None:
            return None
        return Portrait(PortraitSource.PRINTED, "image/jpeg", cv2.imencode(".jpg", _small(cut))[1].tobytes())

    def _look(self, deadline: Deadline) -> PageReading | None:
        frame = self._source.next_frame(deadline)
        self._page = frame.pixels
        return self._reader.read(frame.pixels, lambda: deadline.check(self.device))

    def _next_lying(self, deadline: Deadline) -> PageReading:
        """What lies on the glass, did not lie there before, and two of three pictures agree on."""
        vote, unproven, empty = Vote(), 0, 0
        while True:
            reading = self._look(deadline)
            if reading is None:
                empty += 1
                if empty >= EMPTY_LOOKS:
                    self._lying = None
                    vote.clear()
                continue
            empty = 0
            if self._lying is not None and is_same(reading.lines, self._lying):
                continue
            word = vote.add(reading)
            unproven += word is None or not word.is_proven
            if word is not None and (word.is_proven or unproven >= UNPROVEN_LOOKS):
                self._lying = word.lines
                return word

    def close(self) -> None:
        self._source.close()


def _small(pixels: Pixels) -> Pixels:
    scale = PORTRAIT_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
