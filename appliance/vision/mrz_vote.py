"""Several pictures of one page, one word: a character counts when two of the last three readings agree on it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence

from appliance.vision.mrz_reader import PageReading, judged
from border.documents.repair import UNREAD, Cell

FRAMES = 3
QUORUM = 2
MAX_MISREAD = 4  # characters in which two readings of the same document may differ; two documents differ in more


class Vote:
    """The last FRAMES readings of the page that lies there; a reading of another page begins anew."""

    def __init__(self) -> None:
        self._readings: deque[PageReading] = deque(maxlen=FRAMES)

    def add(self, reading: PageReading) -> PageReading | None:
        """What the readings say together, this one included; None until QUORUM of them are of the same page."""
        if self._readings and not is_same(reading.lines, self._readings[-1].lines):
            self._readings.clear()
        self._readings.append(reading)
        return agreed(tuple(self._readings)) if len(self._readings) >= QUORUM else None

    def clear(self) -> None:
        self._readings.clear()


def agreed(readings: Sequence[PageReading]) -> PageReading:
    """Every character that QUORUM readings hold, `?` for the others, with all that was read or thought of there."""
    lines, doubts, certainty = list[str](), dict[Cell, str](), list[tuple[float, ...]]()
    for number, texts in enumerate(zip(*(reading.lines for reading in readings), strict=True)):
        chars = [_agreed(places) for places in zip(*texts, strict=True)]
        lines.append("".join(chars))
        certainty.append(tuple(_mean(readings, number, at) for at in range(len(chars))))
        for at, char in enumerate(chars):
            if others := "".join(dict.fromkeys(_others(readings, (number, at), char))):
                doubts[number, at] = others
    return judged(tuple(lines), tuple(certainty), doubts, readings[-1].rotation_deg)


def is_same(lines: Sequence[str], others: Sequence[str]) -> bool:
    """True when two readings are of one document, as far as misread and unread characters can tell."""
    ours, theirs = "\n".join(lines), "\n".join(others)
    if len(ours) != len(theirs):
        return False
    pairs = zip(ours, theirs, strict=True)
    return sum(a != b and UNREAD not in (a, b) for a, b in pairs) <= MAX_MISREAD


def _agreed(chars: Sequence[str]) -> str:
    counts = Counter(char for char in chars if char != UNREAD)
    return next((char for char, count in counts.items() if count >= QUORUM), UNREAD)


def _mean(readings: Sequence[PageReading], line: int, at: int) -> float:
    return sum(reading.certainty[line][at] for reading in readings) / len(readings)


def _others(readings: Sequence[PageReading], cell: Cell, char: str) -> Iterator[str]:
    line, at = cell
    for reading in readings:
        yield from (other for other in reading.lines[line][at] if other not in (char, UNREAD))
        yield from (other for other in dict(reading.alternatives).get(cell, "") if other != char)
