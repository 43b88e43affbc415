"""Reads the machine readable zone from the picture of a page: lines, how sure, and what else they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, islice, pairwise
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision import mrz_locator
from appliance.vision.errors import ModelUnfit
from appliance.vision.model import MODELS, Model
from appliance.vision.mrz_decode import WIDTHS, LineReading, Seen, characters, decode, voted
from appliance.vision.mrz_finder import Finder, Zone, level
from appliance.vision.mrz_locator import Row
from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX, stretch, to_strip
from border.documents.layout import LAYOUTS, Layout
from border.documents.mrz import Accepted, Doubts, parse, unverified

Pixels = NDArray[np.uint8]
Grey = NDArray[np.uint8]

NAME = "mrz_line"
MARGINS = ((0.25, 0.6), (0.12, 0.3), (0.4, 1.2))  # of the row's height: above and below, at each end
VOTERS = 3  # crops of one line that vote on every character
ASKEW = 0.6  # of a row's height: what a row that leans may need above and below
MAX_EDGES = 3  # pairs of upper and lower edge tried for one row
MIN_CONFIDENCE = 0.7
MAX_LOST, FAR = 5, 9  # characters that a bad crop may lose or invent; so many that its first look is enough
MIN_PAGE_PX = 64
MAX_DISTANCE = 4.2  # row heights between two lines of one zone: 6.35 mm for letters of 2.5 mm, and thin rows


@dataclass(frozen=True, slots=True)
class Habit:
    """How hard one picture is searched. `zones`: patches of the locator that are looked at.

    `second_tries`: bands found without it, once it has found nothing that is proven; each costs up to a tenth of a
    second. `turns`: quarter turns clockwise in which a page may lie for those.
    """

    zones: int
    second_tries: int
    turns: tuple[int, ...]


class Profile(StrEnum):
    """Where the pictures come from."""

    CRADLE = "cradle"  # a camera over a glass with a stop: the page fills the picture, at most upside down
    PHOTO = "photo"  # anything, in any position: a phone's picture, a hand's


HABITS = {
    Profile.CRADLE: Habit(zones=1, second_tries=2, turns=(0, 2)),
    Profile.PHOTO: Habit(zones=2, second_tries=4, turns=(0, 2, 1, 3)),  # upside down is likelier than on its side
}


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
    """The locator, the line net, and the search for lines. One thread only, like the nets under it."""

    def __init__(self, lines: Model, finder: Finder, profile: Profile = Profile.PHOTO) -> None:
        """Raises `ModelUnfit` when the net reads no strips."""
        if lines.card.input_shape != (1, HEIGHT_PX, WIDTH_PX, 1):
            raise ModelUnfit(lines.card.name, f"it reads no strips of {HEIGHT_PX} x {WIDTH_PX}")
        self._model = lines
        self._finder = finder
        self._habit = HABITS[profile]

    @staticmethod
    def load(profile: Profile = Profile.PHOTO, models: Path = MODELS) -> PageReader:
        """The nets in that folder. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return PageReader(Model.load(NAME, models), Finder.load(models), profile)

    def read(self, pixels: Pixels, go_on: Callable[[], None] = lambda: None) -> PageReading | None:
        """The zone on a BGR page, height x width x 3; None when no lines of any format are found.

        Where the locator sees a zone is tried first, then a few blocks of print found without it; the first zone all
        of whose check digits agree ends the search, otherwise the likeliest is returned, marked as unproven. What a
        picture without a zone costs is bounded by the profile. `go_on` is called before every band of rows and may
        raise to end the search (a deadline, a caller who left).
        """
        best: PageReading | None = None
        if min(pixels.shape[:2]) < MIN_PAGE_PX:
            return None
        for turns, band in self._bands(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)):
            go_on()
            reading = self._zone(band, turns)
            if reading is not None and reading.is_proven:
                return reading
            if reading is not None and (best is None or reading.confidence > best.confidence):
                best = reading
        return best

    def characters(self, crop: Grey) -> Seen:
        """What a crop of one printed line shows."""
        strip = to_strip(crop)
        return characters(self._model.run_levels(strip, stretch(strip))[0][0])

    def _bands(self, grey: Grey) -> Iterator[tuple[int, Grey]]:
        """Quarter turns clockwise, and a band of the page with them undone; likeliest first."""
        zones = self._finder.find(grey)[: self._habit.zones]
        for zone in zones:
            for way in (zone, zone.reversed(), zone.with_neighbours()):
                yield way.quarter_turns, level(grey, way)
        yield from islice(_blind_bands(grey, _likely_first(self._habit.turns, zones)), self._habit.second_tries)

    def _zone(self, band: Grey, turns: int) -> PageReading | None:
        found = [one for rows in _bundles(mrz_locator.rows(band)) for one in self._line(band, rows)]
        zones = [zone for layout in LAYOUTS.values() for zone in _zones(found, layout)]
        zones.sort(key=lambda zone: -sum(line.reading.confidence for line in zone) / len(zone))
        readings = [_page_reading(zone, turns) for zone in zones]
        proven = [reading for reading in readings if reading.is_proven]
        return next(iter(proven or readings), None)

    def _line(self, band: Grey, rows: Sequence[Row]) -> tuple[_Found, ...]:
        """One row of print as several crops of it vote, once per template that fits."""
        crops, is_line = self._crops(band, rows)
        if is_line and len(crops) < VOTERS:
            askew, _ = self._crops(*_relevelled(band, rows[0]))
            crops = max(crops, askew, key=len)
        if not crops:
            return ()
        readings = decode(voted(crops))
        return tuple(
            _Found(rows[0], reading) for reading in readings if reading.format and reading.confidence > MIN_CONFIDENCE
        )

    def _crops(self, band: Grey, rows: Sequence[Row]) -> tuple[list[Seen], bool]:
        """The VOTERS clearest crops of the same number of characters, or as many as there are.

        Also whether any crop came near the length of a line: what does not is other print, and not worth more looks.
        """
        by_length: dict[int, list[Seen]] = {width: [] for width in WIDTHS}
        best: list[Seen] = []
        for beside, at_ends in MARGINS:
            lost = FAR
            for row in rows[:MAX_EDGES]:
                seen = self.characters(_cut(band, row, beside, at_ends))
                lost = min(lost, *(abs(len(seen) - width) for width in WIDTHS))
                if lost == FAR:
                    break
                if len(seen) in WIDTHS:
                    by_length[len(seen)].append(seen)
            best = max((_clearest(crops) for crops in by_length.values()), key=_standing)
            if lost > MAX_LOST:
                return best, False
            if len(best) == VOTERS and all(crop.is_clear for crop in best):
                break  # nothing is left to doubt
        return best, True


def _clearest(crops: Sequence[Seen]) -> list[Seen]:
    return sorted(crops, key=lambda crop: -crop.confidence)[:VOTERS]


def _standing(crops: Sequence[Seen]) -> float:
    return sum(crop.confidence for crop in crops)


def _bundles(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that are the same print with other edges, together."""
    bundles: list[list[Row]] = []
    for row in rows:
        for bundle in bundles:
            if _is_same_print(row, bundle[0]):
                bundle.append(row)
                break
        else:
            bundles.append([row])
    return bundles


def _relevelled(band: Grey, row: Row) -> tuple[Grey, list[Row]]:
    """The row alone in a band turned level for it: lines of a page in perspective do not all lean alike."""
    spare = round(ASKEW * row.height)
    strip = mrz_locator.levelled(band[max(0, row.top - spare) : row.bottom + spare])
    middle = strip.shape[0] / 2
    inner = [found for found in mrz_locator.rows(strip) if found.top < middle < found.bottom]
    return strip, inner


def _is_same_print(row: Row, other: Row) -> bool:
    apart = abs(row.top + row.bottom - other.top - other.bottom) / 2
    heights = sorted((row.height, other.height))
    return apart < 0.4 * heights[0] and heights[1] < 1.8 * heights[0]


def _likely_first(turns: tuple[int, ...], zones: Sequence[Zone]) -> tuple[int, ...]:
    """The turn in which the locator sees the likeliest zone comes first, then its reverse."""
    if not zones:
        return turns
    seen = zones[0].quarter_turns
    return tuple(sorted(turns, key=lambda turn: {0: 0, 2: 1}.get((turn - seen) % 4, 2)))


def _blind_bands(grey: Grey, turns: Sequence[int]) -> Iterator[tuple[int, Grey]]:
    """Bands found by blocks of dark print, without the net."""
    for turn in turns:
        page = mrz_locator.working_page(np.ascontiguousarray(np.rot90(grey, turn)))
        yield from ((turn, band) for band in mrz_locator.found_bands(page))


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
    certainty = tuple(one.reading.certainty for one in zone)
    return judged(lines, certainty, doubts, turns * 90)


def judged(
    lines: tuple[str, ...], certainty: tuple[tuple[float, ...], ...], doubts: Doubts, rotation_deg: int
) -> PageReading:
    """The reading of these lines, with the parser's word on whether its digits prove it."""
    word = parse(lines, doubts)
    return PageReading(
        lines=lines,
        certainty=certainty,
        alternatives=tuple(doubts.items()),
        rotation_deg=rotation_deg,
        is_proven=isinstance(word, Accepted) and not word.mrz.refuted() and not unverified(word.mrz),
    )
