"""From the line net's 160 steps to characters, each with its certainty, under a soft grammar of Doc 9303."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import ALPHABET, BLANK
from border.documents.layout import LAYOUTS, Kind, Layout
from border.documents.repair import UNREAD
from border.documents.values import Format

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_COST_NATS = 6.0  # a template dearer than this is not what is printed; forcing it would invent text
DOUBT_NATS = 3.0  # another character at most this much dearer than the best allowed one is worth naming
MAX_DOUBTS = 3  # characters per place
MIN_CERTAINTY = 0.9  # below, the character was not read: of wrong ones most are below, of right ones hardly any
TINY = 1e-9

DIGITS, LETTERS, FILLER = ALPHABET[:10], ALPHABET[10:36], "<"


@dataclass(frozen=True, slots=True)
class Template:
    """One line of one format: which characters may stand where. `allowed`: width x 37."""

    format: Format
    line: int  # from 0
    allowed: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.allowed)

    @property
    def mask(self) -> Mask:
        return np.array([[char in place for char in ALPHABET] for place in self.allowed])


@dataclass(frozen=True, slots=True)
class LineReading:
    """One line. `certainty`: per character, 0..1, the net's own word under the grammar, not a measured rate.

    `doubts`: per character, what else it may be, likeliest first; for a `?`, everything it may be.
    `format` and `line` are those of the template that fitted; None and 0 when none did and the text is as seen.
    """

    text: str
    certainty: tuple[float, ...]
    doubts: tuple[str, ...]
    format: Format | None = None
    line: int = 0

    def __repr__(self) -> str:
        return f"<line of {len(self.text)}, {self.confidence:.2f}>"  # never what it says

    @property
    def confidence(self) -> float:
        """The mean certainty, 0..1."""
        return float(np.mean(self.certainty))


def decode(seen: Floats) -> tuple[LineReading, ...]:
    """What one strip says: a reading per template that fits, the cheapest first; the free text when none does.

    `seen`: what `characters` makes of the net's output. Empty when their number is that of no format's lines.
    """
    if len(seen) not in WIDTHS:
        return ()
    free = float(seen.max(axis=1).sum())
    costs = [(free - _best(seen, mask).sum(), template, mask) for template, mask in MASKS[len(seen)]]
    fitting = sorted((row for row in costs if row[0] <= MAX_COST_NATS), key=lambda row: row[0])
    if not fitting:
        return (_reading(seen, np.ones(seen.shape, bool), None),)
    return tuple(_reading(seen, mask, template) for _, template, mask in fitting)


def characters(logits: Floats) -> Floats:
    """Greedy CTC: per character the log-probabilities of the 37 classes at its most certain step.

    `logits`: steps x 38, to n x 37.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    share = np.exp(shifted)
    share /= share.sum(axis=1, keepdims=True)
    best = share.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    rows = [
        start + int(share[start:end, best[start]].argmax())
        for start, end in zip(starts, ends, strict=True)
        if best[start] != BLANK
    ]
    kept = share[rows][:, :BLANK]
    return np.asarray(np.log(kept / np.maximum(kept.sum(axis=1, keepdims=True), TINY) + TINY), np.float32)


def _best(seen: Floats, mask: Mask) -> Floats:
    return np.asarray(np.where(mask, seen, -np.inf).max(axis=1), np.float32)


def _ruled(seen: Floats, mask: Mask) -> Floats:
    """Log-probabilities given that only allowed characters stand there: where O cannot be, a likely O is a 0."""
    allowed = np.where(mask, seen, -np.inf)
    top = allowed.max(axis=1, keepdims=True)
    total = top + np.log(np.exp(allowed - top).sum(axis=1, keepdims=True))
    return np.asarray(allowed - total, np.float32)


def _reading(seen: Floats, mask: Mask, template: Template | None) -> LineReading:
    ruled = _ruled(seen, mask)
    order = np.argsort(-ruled, axis=1)[:, : MAX_DOUBTS + 1]
    read = [_character(places, row) for places, row in zip(order, ruled, strict=True)]
    return LineReading(
        text="".join(char for char, _ in read),
        certainty=tuple(float(value) for value in np.exp(ruled.max(axis=1))),
        doubts=tuple(doubts for _, doubts in read),
        format=template.format if template else None,
        line=template.line if template else 0,
    )


def _character(order: NDArray[np.intp], scores: Floats) -> tuple[str, str]:
    """The character at one place and what else it may be; `order` lists the classes, likeliest first."""
    top = scores[order[0]]
    likely = "".join(ALPHABET[place] for place in order if top - scores[place] <= DOUBT_NATS)
    return (likely[0], likely[1:]) if top >= np.log(MIN_CERTAINTY) else (UNREAD, likely)


def _templates() -> tuple[Template, ...]:
    return tuple(
        Template(layout.format, line, _allowed(layout, line))
        for layout in LAYOUTS.values()
        for line in range(layout.line_count)
    )


def _allowed(layout: Layout, line: int) -> tuple[str, ...]:
    places = [ALPHABET] * layout.width
    for field in (field for field in layout.fields if field.line == line):
        for at in range(field.start, field.end):
            places[at] = _of_kind(field.kind, at - field.start, layout.format)
        if field.digit is not None:  # a filler where nothing is printed, or a long number goes on
            places[field.digit] = DIGITS + FILLER
    if layout.composite_at is not None and layout.composite_at[0] == line:
        places[layout.composite_at[1]] = DIGITS
    return tuple(places)


def _of_kind(kind: Kind, at: int, format_: Format) -> str:
    is_visa = format_ in {Format.MRV_A, Format.MRV_B}
    first = {Kind.CODE: "V" if is_visa else "P" if format_ is Format.TD3 else "PIAC", Kind.NAME: LETTERS}
    if at == 0 and kind in first:
        return first[kind]
    rest = {Kind.SEX: "MFX" + FILLER, Kind.DATE: DIGITS + FILLER, Kind.TEXT: ALPHABET, Kind.CODE: LETTERS + FILLER}
    return rest.get(kind, LETTERS + FILLER)


TEMPLATES = _templates()
WIDTHS = frozenset(template.width for template in TEMPLATES)
MASKS = {width: tuple((t, t.mask) for t in TEMPLATES if t.width == width) for width in WIDTHS}
