"""How one reading of a zone is judged against what is printed, whoever made it: ours or a peer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from border.documents.layout import Kind, Layout, layout_of
from border.documents.mrz import Accepted, Doubts, parse, unverified
from border.documents.repair import UNREAD
from border.documents.values import CheckDigit


class Word(StrEnum):
    """What became of one field."""

    RIGHT = "right"
    REPAIRED = "repaired"  # right, after one character was put right that a check digit proved
    UNREAD = "unread"  # the reading says so itself: a mark, a digit that refutes it, no zone at all
    WRONG = "wrong"  # another text than printed, and nothing said so


@dataclass(frozen=True, slots=True)
class Judgement:
    """One picture. `is_valid`: every check digit that should be there was verified, repairs included.

    `has_digits`: the same where characters that no digit covers may be marked as unread. `is_right`: valid, and every
    character is the printed one. `fields`: one word for each field of the format.
    """

    format: str
    has_digits: bool
    is_valid: bool
    is_right: bool
    is_repaired: bool
    fields: Mapping[str, Word]

    @property
    def is_wrong_but_valid(self) -> bool:
        """At least one field that looks valid is not what is printed."""
        return self.is_valid and not self.is_right


def judge(printed: Sequence[str], read: Sequence[str], doubts: Doubts) -> Judgement:
    """`printed`: the true lines, of one of our formats. `read`: what somebody read, `()` for nothing."""
    truth = tuple(printed)
    layout = layout_of(truth)
    if layout is None:
        raise ValueError("the printed lines are those of no format")
    reading = parse(read, doubts)
    if not isinstance(reading, Accepted) or layout_of(reading.lines) is not layout:
        has_digits = _has_digits(layout, tuple(read), doubts)
        return Judgement(layout.format.value, has_digits, False, False, False, _unaccepted(layout, truth, tuple(read)))
    mrz, lines = reading.mrz, reading.lines
    is_valid = not mrz.refuted() and not unverified(mrz)
    repaired = {(change.line, change.position) for change in mrz.repairs}
    fields: dict[str, Word] = {}
    for field in layout.fields:
        ends = field.end if field.digit is None else max(field.end, field.digit + 1)
        cells = {(field.line, at) for at in range(field.start, ends)}
        refuted = mrz.evidence(field.name) is CheckDigit.REFUTED
        word = Word.RIGHT if field.text(lines) == field.text(truth) else Word.WRONG
        if refuted:
            word = Word.UNREAD
        elif word is Word.RIGHT and cells & repaired:
            word = Word.REPAIRED
        fields[field.name] = word
    return Judgement(layout.format.value, is_valid, is_valid, is_valid and lines == truth, bool(repaired), fields)


def _has_digits(layout: Layout, read: tuple[str, ...], doubts: Doubts) -> bool:
    """All digits verified, whatever is unread in fields that none of them covers."""
    lines = tuple(line.strip() for line in read)
    if layout_of(lines) is not layout:
        return False
    covered = {(line, at) for line, start, end in layout.composite for at in range(start, end)}
    for field in layout.fields:
        cells = {(field.line, at) for at in range(field.start, field.end)}
        if field.digit is None and not cells & covered:
            text = field.text(lines).replace(UNREAD, "<" if field.kind is Kind.SEX else "A")
            lines = tuple(
                line[: field.start] + text + line[field.end :] if number == field.line else line
                for number, line in enumerate(lines)
            )
    reading = parse(lines, doubts)
    return isinstance(reading, Accepted) and not reading.mrz.refuted() and not unverified(reading.mrz)


def _unaccepted(layout: Layout, truth: tuple[str, ...], read: tuple[str, ...]) -> dict[str, Word]:
    """The parser asks for another look; a field still counts as read when it is there and is marked nowhere."""
    clean = tuple(line.strip() for line in read)
    if layout_of(clean) is not layout:
        return dict.fromkeys((field.name for field in layout.fields), Word.UNREAD)
    return {
        field.name: Word.UNREAD if UNREAD in field.text(clean) or field.text(clean) != field.text(truth) else Word.RIGHT
        for field in layout.fields
    }
