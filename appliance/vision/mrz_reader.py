"""Reads the machine readable zone from the picture of a page: lines, how sure, and what else they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision import mrz_locator
from appliance.vision.errors import ModelUnfit
from appliance.vision.model import Floats, Model
from appliance.vision.mrz_decode import WIDTHS, LineReading, characters, decode
from appliance.vision.mrz_locator import Row
from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX, normalised, to_strip
from border.documents.layout import LAYOUTS, Layout
from border.documents.mrz import Accepted, parse, unverified

Pixels = NDArray[np.uint8]
Grey = NDArray[np.uint8]

NAME = "mrz_line"
QUARTER_TURNS = (0, 2, 1, 3)  # a document is upside down more often than on its side
MARGINS = ((0.25, 0.6), (0.12, 0.3), (0.4, 1.2))  # of the row's height: above and below, at each end
SURE = 0.985  # a reading this certain needs no second crop
MIN_CONFIDENCE = 0.7
MAX_LOST = 5  # characters that a bad crop may lose or invent
MIN_PAGE_PX = 64
MAX_DISTANCE = 4.2  # row heights between two lines of one zone: 6.35 mm for letters of 2.5 mm, and thin rows


@dataclass(frozen=True, slots=True)
class PageReading:
    """What one picture says. The parser of `border.documents.mrz` judges it: `parse(lines, dict(alternatives))`.

    `certainty`: per line and character 0..1. `alternatives`: (line, position) to the other characters the net
    thought of, likeliest first. `rotation_deg`: how far the page was turned, clockwise: 0, 90, 180 or 270.
    `is_proven`: every check digit of the zone was verified, if need be with a repair that the parser could prove.
    """

    lines: tuple[str, ...]
    certainty: tuple[tuple[float, ...], ...]
    alternatives: tuple[tuple[tuple[int, int], str], ...]
    rotation_deg: int
    is_proven: bool

    def __repr__(self) -> str:
        return f"<page of {len(self.lines)} lines, {self.confidence:.2f}, proven: {self.is_proven}>"

    @property
    def confidence(self) -> float:
        """The mean certainty of all characters, 0..1."""
        return float(np.mean([value for line in self.certainty for value in line]))


class Reader(Protocol):
    """Whatever reads a page: the net's reader, or in a test something that knows the page."""

    def read(self, pixels: Pixels, go_on: Callable[[], None]) -> PageReading | None: ...


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    reading: LineReading


class PageReader:
    """The line net and the search for lines. One thread only, like the model under it."""

    def __init__(self, model: Model) -> None:
        """Raises `ModelUnfit` when the net reads no strips."""
        if model.card.input_shape != (1, HEIGHT_PX, WIDTH_PX, 1):
            raise ModelUnfit(model.card.name, f"it reads no strips of {HEIGHT_PX} x {WIDTH_PX}")
        self._model = model

    @staticmethod
    def load() -> PageReader:
        """The installed net. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return PageReader(Model.load(NAME))

    def read(self, pixels: Pixels, go_on: Callable[[], None] = lambda: None) -> PageReading | None:
        """The zone on a BGR page, height x width x 3; None when no lines of any format are found.

        The foot of the page is tried first, in all four positions, then every block of print; the first zone all
        of whose check digits agree ends the search, otherwise the likeliest is returned, marked as unproven.
        `go_on` is called before every band of rows and may raise to end the search (a deadline, a caller who left).
        """
        best: PageReading | None = None
        if min(pixels.shape[:2]) < MIN_PAGE_PX:
            return None
        for turns, band in _bands(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)):
            go_on()
            reading = self._zone(band, turns)
            if reading is not None and reading.is_proven:
                return reading
            if reading is not None and (best is None or reading.confidence > best.confidence):
                best = reading
        return best

    def characters(self, crop: Grey) -> Floats:
        """What a crop of one printed line shows: per character the log-probabilities of the 37 classes."""
        return characters(self._model.run(normalised(to_strip(crop))[None, :, :, None])[0][0])

    def _zone(self, band: Grey, turns: int) -> PageReading | None:
        found = [one for row in mrz_locator.rows(band) for one in self._row(band, row)]
        zones = [zone for layout in LAYOUTS.values() for zone in _zones(found, layout)]
        zones.sort(key=lambda zone: -sum(line.reading.confidence for line in zone) / len(zone))
        readings = [_page_reading(zone, turns) for zone in zones]
        proven = [reading for reading in readings if reading.is_proven]
        return next(iter(proven or readings), None)

    def _row(self, band: Grey, row: Row) -> tuple[_Found, ...]:
        """The best of a few crops of this row, once per template that fits it."""
        best: tuple[LineReading, ...] = ()
        for beside, at_ends in MARGINS:
            seen = self.characters(_cut(band, row, beside, at_ends))
            if min(abs(len(seen) - width) for width in WIDTHS) > MAX_LOST:
                break  # no line of a zone: another margin will not make it one
            readings = decode(seen)
            if readings and (not best or _rank(readings) > _rank(best)):
                best = readings
            if best and best[0].format and best[0].confidence > SURE:
                break
        return tuple(_Found(row, reading) for reading in best if reading.format and reading.confidence > MIN_CONFIDENCE)


def _rank(readings: Sequence[LineReading]) -> tuple[bool, float]:
    return readings[0].format is not None, readings[0].confidence


def _bands(grey: Grey) -> Iterator[tuple[int, Grey]]:
    pages = {}
    for turns in QUARTER_TURNS:
        pages[turns] = mrz_locator.working_page(np.ascontiguousarray(np.rot90(grey, turns)))
        yield from ((turns, band) for band in mrz_locator.foot_bands(pages[turns]))
    for turns, page in pages.items():
        yield from ((turns, band) for band in mrz_locator.found_bands(page))


def _cut(band: Grey, row: Row, beside: float, at_ends: float) -> Grey:
    above, before = round(beside * row.height), round(at_ends * row.height)
    top, bottom = max(0, row.top - above), min(band.shape[0], row.bottom + above)
    left, right = max(0, row.left - before), min(band.shape[1], row.right + before)
    return band[top:bottom, left:right]


def _zones(found: Sequence[_Found], layout: Layout) -> Iterator[tuple[_Found, ...]]:
    """Every way to make a zone of this layout out of rows that stand below one another at its distance."""
    fitting = [one for one in found if one.reading.format is layout.format]
    for zone in combinations(fitting, layout.line_count):
        in_order = all(one.reading.line == number for number, one in enumerate(zone))
        if in_order and all(_follows(upper.row, lower.row) for upper, lower in pairwise(zone)):
            yield zone


def _follows(upper: Row, lower: Row) -> bool:
    height = max(upper.height, lower.height)
    distance = (lower.top + lower.bottom - upper.top - upper.bottom) / 2
    return height < distance < MAX_DISTANCE * height


def _page_reading(zone: Sequence[_Found], turns: int) -> PageReading:
    lines = tuple(one.reading.text for one in zone)
    doubts = {
        (number, at): chars for number, one in enumerate(zone) for at, chars in enumerate(one.reading.doubts) if chars
    }
    judged = parse(lines, doubts)
    return PageReading(
        lines=lines,
        certainty=tuple(one.reading.certainty for one in zone),
        alternatives=tuple(doubts.items()),
        rotation_deg=turns * 90,
        is_proven=isinstance(judged, Accepted) and not judged.mrz.refuted() and not unverified(judged.mrz),
    )
