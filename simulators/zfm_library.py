"""What a ZFM module makes of an impression and keeps: templates, their comparison, and the pages of its library.

A true module compares minutiae by rules that its maker keeps. This one compares where a picture is darker than around
it, on a grid of 64 x 64 fields: enough to know an impression again that lies as before, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

GREY = NDArray[np.uint8]
FIELDS, AROUND = 64, 8
TEMPLATE_BYTES = FIELDS * FIELDS // 8
CAPACITY, PAGES_OF_INDEX = 1000, 256
LEAST_SCORE = {1: 20, 2: 30, 3: 40, 4: 50, 5: 60}  # by security level
OK, MESSY, FEW_FEATURES, NO_MATCH, NOT_FOUND = 0x00, 0x06, 0x07, 0x08, 0x09
NOT_ONE_FINGER, BAD_PAGE, EMPTY_PAGE = 0x0A, 0x0B, 0x0C
DARKEST_MEAN, LEAST_CONTRAST = 32, 12  # of 255 grey levels


@dataclass(slots=True)
class Library:
    """Two buffers and numbered pages. Answers are confirmation codes, with what goes behind them."""

    level: int = 3
    buffers: dict[int, bytes] = field(default_factory=dict)
    pages: dict[int, bytes] = field(default_factory=dict)

    def extract(self, picture: GREY, buffer: int) -> int:
        if picture.mean() < DARKEST_MEAN:
            return MESSY
        if picture.std() < LEAST_CONTRAST:
            return FEW_FEATURES
        self.buffers[buffer] = template(picture)
        return OK

    def merge(self) -> int:
        """Both buffers become one template if they are of one finger."""
        if not {1, 2} <= self.buffers.keys() or self._score(self.buffers[1], self.buffers[2]) == 0:
            return NOT_ONE_FINGER
        self.buffers[1] = self.buffers[2]
        return OK

    def match(self) -> tuple[int, int]:
        """The code and the score of one buffer against the other."""
        score = self._score(self.buffers.get(1, b""), self.buffers.get(2, b""))
        return (OK, score) if score else (NO_MATCH, 0)

    def search(self, buffer: int, start: int, count: int) -> tuple[int, int, int]:
        """The code, the page and the score of the best among these pages."""
        wanted = self.buffers.get(buffer, b"")
        scores = {page: self._score(wanted, self.pages[page]) for page in self.pages if start <= page < start + count}
        best = max(scores, key=lambda page: (scores[page], -page), default=None)
        if best is None or not scores[best]:
            return NOT_FOUND, 0, 0
        return OK, best, scores[best]

    def store(self, buffer: int, page: int) -> int:
        if page >= CAPACITY:
            return BAD_PAGE
        if buffer not in self.buffers:
            return FEW_FEATURES
        self.pages[page] = self.buffers[buffer]
        return OK

    def load(self, buffer: int, page: int) -> int:
        if page >= CAPACITY:
            return BAD_PAGE
        if page not in self.pages:
            return EMPTY_PAGE
        self.buffers[buffer] = self.pages[page]
        return OK

    def delete(self, page: int, count: int) -> int:
        if page + count > CAPACITY:
            return BAD_PAGE
        for number in range(page, page + count):
            self.pages.pop(number, None)
        return OK

    def index(self, part: int) -> bytes:
        """A bit for each of 256 pages, the lowest page in the lowest bit of the first byte."""
        taken = np.zeros(PAGES_OF_INDEX, np.uint8)
        first = part * PAGES_OF_INDEX
        taken[[page - first for page in self.pages if first <= page < first + PAGES_OF_INDEX]] = 1
        return np.packbits(taken, bitorder="little").tobytes()

    def _score(self, one: bytes, other: bytes) -> int:
        """0: not alike by the level in force; 100: the same."""
        if len(one) != TEMPLATE_BYTES or len(other) != TEMPLATE_BYTES:
            return 0
        differing = (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()
        score = round(100 - 200 * differing / (8 * TEMPLATE_BYTES))
        return score if score >= LEAST_SCORE[self.level] else 0


def template(picture: GREY) -> bytes:
    """Where the picture is darker than around, field by field, row after row."""
    fields = _means(_means(picture.astype(np.float64), 0), 1)
    around = np.mean([np.roll(fields, (down, right), (0, 1)) for down in _span() for right in _span()], axis=0)
    return np.packbits(fields < around).tobytes()


def _span() -> Sequence[int]:
    return range(-AROUND // 2, AROUND // 2 + 1)


def _means(picture: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """64 means along one axis, of strips as equal as whole pixels allow."""
    size = picture.shape[axis]
    starts = np.arange(FIELDS) * size // FIELDS
    widths = np.diff([*starts, size])
    sums: NDArray[np.float64] = np.add.reduceat(picture, starts, axis=axis)
    return sums / (widths[:, np.newaxis] if axis == 0 else widths)
