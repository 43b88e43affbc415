"""A document reader made of a page camera and the line net: pictures of pages in, zones out."""

from __future__ import annotations

from typing import Protocol

from appliance.vision.mrz_reader import PageReading, Reader
from appliance.vision.mrz_vote import Vote, is_same
from drivers.api import Frame, MrzText
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt


class PageSource(Protocol):
    """Shows pages: a folder of pictures, or any `drivers.api.Camera` over the reader's glass."""

    @property
    def device(self) -> str: ...

    def next_frame(self, deadline: Deadline) -> Frame: ...

    def close(self) -> None: ...


UNPROVEN_LOOKS = 4  # a live camera looks this often before it hands over a zone whose digits do not agree
EMPTY_LOOKS = 5  # in a row without a zone: the glass is empty, not a hand passing over it


class PageDocumentReader:
    """Satisfies `drivers.api.DocumentReader`. The nets belong to the thread that calls `read`: the reader's lane.

    With a live camera several pictures of the same page vote, and the glass must be seen without the last page before
    the same zone counts again, so that a passport left lying is not the next traveller's.
    """

    def __init__(self, source: PageSource, reader: Reader, *, is_live: bool = False) -> None:
        """`is_live`: the source shows the glass all the time, also when nothing lies on it."""
        self._source = source
        self._reader = reader
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
        return MrzText(reading.lines, self.device, reading.alternatives)

    def _look(self, deadline: Deadline) -> PageReading | None:
        frame = self._source.next_frame(deadline)
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
