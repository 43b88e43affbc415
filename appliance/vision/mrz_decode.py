"""From the line net's 160 steps to characters, each with its certainty, under a soft grammar of Doc 9303."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import ALPHABET, BLANK
from border.documents.layout import FR_ID_BEGINS, LAYOUTS, Kind, Layout
from border.documents.repair import UNREAD
from border.documents.values import Format

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_COST_NATS = 6.0  # a template dearer than this is not what is printed; forcing it would invent text
DOUBT_NATS = 3.0  # another character at most this much dearer than the best allowed one is worth naming
MAX_DOUBTS = 3  # characters per place
MIN_CERTAINTY = 0.8  # below, the character was not read; above, the next likely one is still named as a doubt
MIN_UNCOVERED = 0.95  # the same where no check digit will object: names, states, codes, a visa's optional data
MIN_BESIDE = 0.98  # the same in a field of which a character is unread: its digit is spent on that one
CLOSE = 0.55  # of a pitch: a character nearer than that to its neighbour is part of it
WIDE = 1.4  # of a pitch: in a wider gap another character may have stood
MAX_LOST = 4  # characters that the pitch may put back into a line
SHORTEST = 12  # characters from which a pitch can be told
TINY = 1e-9

DIGITS, LETTERS, FILLER = ALPHABET[:10], ALPHABET[10:36], "<"


@dataclass(frozen=True, slots=True)
class Template:
    """One line of one format: which characters may stand where. `allowed`: width x 37."""

    format: Format
    line: int  # from 0
    allowed: tuple[str, ...]
    covered: tuple[bool, ...]  # by a check digit
    groups: tuple[frozenset[int], ...]  # places that one check digit speaks for, itself included

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


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one crop of a line shows, at the pitch it is printed with.

    `shares`: n x 37, per character the probabilities of the classes. `weight`: n, 0..1, how much the net saw a
    character there at all; low where only the pitch says that there must be one.
    """

    shares: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.shares)

    @property
    def confidence(self) -> float:
        """The mean of the likeliest classes' shares, 0..1; nothing seen is 0."""
        return float(self.shares.max(axis=1).mean()) if len(self) else 0.0

    @property
    def is_clear(self) -> bool:
        """True when every character is as sure as those that no digit proves must be."""
        return bool((self.shares.max(axis=1) >= MIN_UNCOVERED).all())


def decode(seen: Seen) -> tuple[LineReading, ...]:
    """What one line says: a reading per template that fits, the cheapest first; the free text when none does.

    Empty when the number of characters is that of no format's lines.
    """
    if len(seen) not in WIDTHS:
        return ()
    scores = np.asarray(np.log(seen.shares + TINY), np.float32)
    free = float(scores.max(axis=1).sum())
    costs = [(free - _best(scores, ruled.mask).sum(), ruled) for ruled in RULED[len(seen)]]
    fitting = sorted((row for row in costs if row[0] <= MAX_COST_NATS), key=lambda row: row[0])
    if not fitting:
        return (_reading(scores, np.ones(scores.shape, bool), np.full(len(seen), MIN_CERTAINTY), None),)
    return tuple(_reading(scores, ruled.mask, ruled.limits, ruled.template) for _, ruled in fitting)


def voted(crops: Sequence[Seen]) -> Seen:
    """Several looks at one line of print, at least one and all of the same length, as one: the mean of what they saw.

    A character that two of three looks agree on keeps at most two thirds of its certainty, and is asked for again.
    """
    weights = np.stack([crop.weight for crop in crops])
    shares = np.stack([crop.shares for crop in crops]) * weights[:, :, None]
    total = np.maximum(weights.sum(axis=0), TINY)
    return Seen(np.asarray(shares.sum(axis=0) / total[:, None], np.float32), weights.max(axis=0))


def characters(logits: Floats) -> Seen:
    """Greedy CTC, then the pitch: OCR-B is printed in equal steps, so what stands between two is none, a gap is one.

    `logits`: steps x 38.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    share = np.exp(shifted)
    share /= share.sum(axis=1, keepdims=True)
    best = share.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    printed = best[starts] != BLANK
    tops = _tops(share.max(axis=1), starts)[printed].tolist()
    middles = (starts[printed] + ends[printed] - 1) / 2
    rows = _at_pitch(share, tops, middles) if len(tops) >= SHORTEST else tops
    kept = share[rows][:, :BLANK]
    print_share = np.clip(kept.sum(axis=1, keepdims=True), TINY, 1)
    return Seen(np.asarray(kept / print_share, np.float32), np.asarray(print_share[:, 0], np.float32))


def _tops(shares: Floats, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first of the surest steps of each run of steps."""
    lengths = np.diff(starts, append=len(shares))
    surest = np.flatnonzero(shares == np.repeat(np.maximum.reduceat(shares, starts), lengths))
    run = np.searchsorted(starts, surest, "right")
    return surest[np.diff(run, prepend=0) > 0]


def _at_pitch(share: Floats, tops: Sequence[int], middles: Floats) -> list[int]:
    """The steps of the characters, without those too close to a neighbour, with those that a gap has room for."""
    gaps = np.diff(middles)
    step = float(np.median(gaps))
    if gaps.min() >= CLOSE * step and gaps.max() <= WIDE * step:
        return list(tops)
    keep = _apart(share, tops, middles)
    places = middles[keep]
    rows = [tops[at] for at in keep]
    steps = _local_pitch(np.diff(places))
    lost = [max(1, round(gap / step)) - 1 for gap, step in zip(np.diff(places), steps, strict=True)]
    if sum(lost) > MAX_LOST:
        return rows
    filled = rows[:1]
    for at, missing in enumerate(lost):
        for number in range(1, missing + 1):
            filled.append(_likeliest(share, places[at] + (places[at + 1] - places[at]) * number / (missing + 1)))
        filled.append(rows[at + 1])
    return filled


def _apart(share: Floats, tops: Sequence[int], middles: Floats) -> list[int]:
    """Which characters stand at least CLOSE of a pitch behind the one before; of two that do not, the surer one."""
    step = float(np.median(np.diff(middles)))
    keep = [0]
    for at in range(1, len(tops)):
        if middles[at] - middles[keep[-1]] >= CLOSE * step:
            keep.append(at)
        elif share[tops[at], :BLANK].max() > share[tops[keep[-1]], :BLANK].max():
            keep[-1] = at
    return keep


def _local_pitch(gaps: Floats) -> Floats:
    """The median of each gap's neighbourhood: a page in perspective is not as wide at one end as at the other."""
    reach = 5
    padded = np.pad(gaps, reach, mode="reflect") if len(gaps) > reach else np.pad(gaps, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.asarray(np.median(windows, axis=1), np.float32)


def _likeliest(share: Floats, place: float) -> int:
    first = max(0, round(place) - 1)
    return first + int(share[first : round(place) + 2, :BLANK].max(axis=1).argmax())


def _best(seen: Floats, mask: Mask) -> Floats:
    return np.asarray(np.where(mask, seen, -np.inf).max(axis=1), np.float32)


def _ruled(seen: Floats, mask: Mask) -> Floats:
    """Log-probabilities given that only allowed characters stand there: where O cannot be, a likely O is a 0."""
    allowed = np.where(mask, seen, -np.inf)
    top = allowed.max(axis=1, keepdims=True)
    total = top + np.log(np.exp(allowed - top).sum(axis=1, keepdims=True))
    return np.asarray(allowed - total, np.float32)


def _reading(seen: Floats, mask: Mask, limits: Doubles, template: Template | None) -> LineReading:
    ruled = _ruled(seen, mask)
    order = np.argsort(-ruled, axis=1)[:, : MAX_DOUBTS + 1]
    limits = limits.copy()
    unread = np.exp(ruled.max(axis=1)) < limits
    for group in template.groups if template else ():
        if any(unread[at] for at in group):
            limits[list(group)] = MIN_BESIDE
    read = [_character(places, row, limit) for places, row, limit in zip(order, ruled, np.log(limits), strict=True)]
    return LineReading(
        text="".join(char for char, _ in read),
        certainty=tuple(float(value) for value in np.exp(ruled.max(axis=1))),
        doubts=tuple(doubts for _, doubts in read),
        format=template.format if template else None,
        line=template.line if template else 0,
    )


def _character(order: NDArray[np.intp], scores: Floats, limit_nats: float) -> tuple[str, str]:
    """The character at one place and what else it may be; `order` lists the classes, likeliest first."""
    top = scores[order[0]]
    likely = "".join(ALPHABET[place] for place in order if top - scores[place] <= DOUBT_NATS)
    return (likely[0], likely[1:]) if top >= limit_nats else (UNREAD, likely)


def _templates() -> tuple[Template, ...]:
    return tuple(
        Template(layout.format, line, _allowed(layout, line), _covered(layout, line), _groups(layout, line))
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


def _covered(layout: Layout, line: int) -> tuple[bool, ...]:
    """Which places of a line some check digit speaks for; names of the French card are left out, one digit is weak."""
    covered = [False] * layout.width
    for field in (field for field in layout.fields if field.line == line and field.digit is not None):
        assert field.digit is not None
        for at in (*range(field.start, field.end), field.digit):
            covered[at] = True
    names = {at for field in layout.fields if field.kind is Kind.NAME for at in range(field.start, field.end)}
    for number, start, end in layout.composite:
        for at in range(start, end) if number == line else ():
            covered[at] = covered[at] or layout.format is not Format.FR_ID or at not in names
    if layout.composite_at is not None and layout.composite_at[0] == line:
        covered[layout.composite_at[1]] = True
    return tuple(covered)


def _groups(layout: Layout, line: int) -> tuple[frozenset[int], ...]:
    """The places of each field with a digit of its own, and all others that the composite alone speaks for."""
    fields = [field for field in layout.fields if field.line == line and field.digit is not None]
    groups = [frozenset({*range(field.start, field.end), field.digit or 0}) for field in fields]
    covered = {at for at, is_covered in enumerate(_covered(layout, line)) if is_covered}
    rest = frozenset(covered.difference(*groups))
    return (*groups, rest) if rest else tuple(groups)


def _of_kind(kind: Kind, at: int, format_: Format) -> str:
    is_visa = format_ in {Format.MRV_A, Format.MRV_B}
    first = {Kind.CODE: "V" if is_visa else "P" if format_ is Format.TD3 else "PIAC", Kind.NAME: LETTERS}
    if format_ is Format.FR_ID and kind is Kind.CODE:
        return FR_ID_BEGINS[at]
    if format_ is Format.FR_ID and kind is Kind.LETTERS:  # the issuing state; names are of their own kind
        return FR_ID_BEGINS[2 + at]
    if at == 0 and kind in first:
        return first[kind]
    rest = {Kind.SEX: "MFX" + FILLER, Kind.DATE: DIGITS + FILLER, Kind.TEXT: ALPHABET, Kind.CODE: LETTERS + FILLER}
    return rest.get(kind, LETTERS + FILLER)


@dataclass(frozen=True, slots=True, eq=False)
class _Ruled:
    """A template as arrays: what may stand where (width x 37), and how sure the net must be (width)."""

    template: Template
    mask: Mask
    limits: Doubles


def _ruled_by(template: Template) -> _Ruled:
    limits = np.where(template.covered, MIN_CERTAINTY, MIN_UNCOVERED)
    return _Ruled(template, template.mask, np.asarray(limits, np.float64))


TEMPLATES = _templates()
WIDTHS = frozenset(template.width for template in TEMPLATES)
RULED = {width: tuple(_ruled_by(t) for t in TEMPLATES if t.width == width) for width in WIDTHS}
