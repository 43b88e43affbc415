"""OCR repair that needs two witnesses: the check digit, and a reason to doubt that very character.

A check digit alone names no culprit. In a document number of nine characters some change of a look-alike satisfies
it by chance about as often as it is the truth, and the composite cannot tell, since it weighs the number with the
same weights. So a character is changed only where something else points at it: it cannot stand where it stands (a
letter in a date or for a check digit), the reader gave up on it ("?"), or the reader itself was in doubt of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from border.documents.check_digit import VALUE, check_digit
from border.documents.dates import read_date
from border.documents.layout import Field, Kind, Layout
from border.documents.values import CheckDigit, Repair, Rescan, RescanReason

Cell = tuple[int, int]  # line, position
Lines = tuple[str, ...]
Doubts = Mapping[Cell, str]  # the other characters a reader thought of; empty: those of LOOK_ALIKES

UNREAD = "?"
DIGITS = "0123456789"
LOOK_ALIKES: dict[str, str] = {
    char: group.replace(char, "")
    for group in ("0OQD", "1IL", "2Z", "4A", "5S", "6G", "7T", "8B", "UV", "MN")
    for char in group
}
COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Checked:
    """Characters and the digit that covers them. `suspects` are the only cells a repair of it may touch."""

    field: str
    kind: Kind
    cells: tuple[Cell, ...]  # in the order they are weighed
    digit: Cell
    suspects: frozenset[Cell]


@dataclass(frozen=True, slots=True)
class Proven:
    """Lines with every repair made, all of them proven."""

    lines: Lines
    repairs: tuple[Repair, ...]


def checked_fields(layout: Layout, lines: Lines) -> tuple[Checked, ...]:
    """Every field with a check digit as it is printed here, in printed order; the composite last."""
    fields = tuple(_checked(field, layout, lines) for field in layout.fields if field.digit is not None)
    if layout.composite_at is None:
        return fields
    cells = tuple((line, at) for line, start, end in layout.composite for at in range(start, end))
    owned = {cell for field in fields for cell in (*field.cells, field.digit)}
    # Names and states under the French card's composite are never put right by it: one digit is too weak for them.
    free = {
        (field.line, at) for field in layout.fields if field.kind is Kind.TEXT for at in range(field.start, field.end)
    }
    suspects = frozenset({*(free & {*cells}), layout.composite_at} - owned)
    return *fields, Checked(COMPOSITE, Kind.TEXT, cells, layout.composite_at, suspects)


def overflow_length(layout: Layout, lines: Lines) -> int:
    """Characters of the optional field that continue the document number, its digit included (Doc 9303-5, -6).

    A number longer than nine prints a filler for its digit, its rest at the head of the optional data, and then
    the digit. 0 when this zone does not.
    """
    if not layout.overflow:
        return 0
    number, optional = layout.field("document_number"), layout.field(layout.overflow)
    if "<" in number.text(lines) or lines[number.line][number.end] != "<":
        return 0
    run = optional.text(lines).split("<", 1)[0]
    ends_in_digit = run[-1:] == UNREAD or any(char in DIGITS for char in run[-1:] + LOOK_ALIKES.get(run[-1:], ""))
    return len(run) if len(run) >= 2 and ends_in_digit else 0


def verdict(checked: Checked, lines: Lines) -> CheckDigit:
    """What the digit says; a filler in its place says nothing. The lines must hold no unread character there."""
    printed = _at(lines, checked.digit)
    if printed == "<":
        return CheckDigit.NOT_PRINTED
    computed = str(check_digit(_at(lines, cell) for cell in checked.cells))
    return CheckDigit.VERIFIED if printed == computed else CheckDigit.REFUTED


def repair(layout: Layout, lines: Lines, doubts: Doubts) -> Proven | Rescan:
    """At most one character of each checked field put right; Rescan where that is needed and not provable."""
    repairs: list[Repair] = []
    fields = checked_fields(layout, lines)
    for checked in fields:
        settled = _settle(checked, lines, doubts)
        if isinstance(settled, Rescan):
            return settled
        for change in settled:
            repairs.append(change)
            lines = _with(lines, (change.line, change.position), change.accepted)
    fault = _guessed(layout, repairs) or _contradicted(layout, fields, lines) if repairs else None
    return fault or Proven(lines, tuple(repairs))


def _guessed(layout: Layout, repairs: list[Repair]) -> Rescan | None:
    """An unread check digit is no evidence for its own field: whatever is computed fits.

    The composite, which covers it, can speak for one such digit, but not for two and not for itself.
    """
    by_composite = [change for change in repairs if change.proved_by == COMPOSITE]
    guessed = [(change.line, change.position) for change in by_composite if change.read == UNREAD]
    if len(guessed) > 1 or (guessed and layout.composite_at in (None, *guessed)):
        return Rescan(RescanReason.UNREAD_CHARACTER, "", *guessed[0])
    return None


def _contradicted(layout: Layout, fields: tuple[Checked, ...], lines: Lines) -> Rescan | None:
    """On repaired lines no digit may be refuted, the composite must agree, and the digits stand where they stood."""
    words = {checked.field: verdict(checked, lines) for checked in fields}
    for field, word in words.items():
        if word is CheckDigit.REFUTED and field != COMPOSITE:
            return Rescan(RescanReason.UNREADABLE_FIELD, field)
    agrees = words.get(COMPOSITE, CheckDigit.VERIFIED) is CheckDigit.VERIFIED
    # A filler put into or taken out of a long number would move its digit.
    return None if agrees and checked_fields(layout, lines) == fields else Rescan(RescanReason.COMPOSITE_DISAGREES)


def _settle(checked: Checked, lines: Lines, doubts: Doubts) -> tuple[Repair, ...] | Rescan:
    """No repair when none is called for, one when exactly one satisfies the digit; Rescan otherwise."""
    broken = [cell for cell in (*checked.cells, checked.digit) if _is_broken(checked, cell, lines)]
    broken = [cell for cell in broken if cell in checked.suspects]
    if not broken and verdict(checked, lines) is not CheckDigit.REFUTED:
        return ()
    suspects = broken or [cell for cell in sorted(checked.suspects) if cell in doubts]
    found = [change for cell in suspects for change in _changes(checked, cell, lines, doubts)]
    if len(found) == 1:
        return (found[0],)
    if found:
        return _rescan(RescanReason.AMBIGUOUS, checked, (found[0].line, found[0].position))
    if broken:
        return _rescan(RescanReason.UNREADABLE_FIELD, checked, broken[0])
    return _without_witness(checked, lines)


def _without_witness(checked: Checked, lines: Lines) -> tuple[Repair, ...] | Rescan:
    """The digit refutes the field and nothing points at a character: read again if a look-alike would satisfy it."""
    for cell in sorted(checked.suspects):
        if _changes(checked, cell, lines, {}):
            return _rescan(RescanReason.AMBIGUOUS, checked, cell)
    return ()


def _changes(checked: Checked, cell: Cell, lines: Lines, doubts: Doubts) -> list[Repair]:
    """The changes of this one character after which the field is well formed and its digit right."""
    read = _at(lines, cell)
    proved_by = COMPOSITE if (cell, read) == (checked.digit, UNREAD) else checked.field
    options = doubts.get(cell, "") or LOOK_ALIKES.get(read, "")
    if read == UNREAD and not doubts.get(cell):
        options = "".join(VALUE)
    return [
        Repair(*cell, read, option, proved_by)
        for option in dict.fromkeys(options)
        if option != read and _is_proven(checked, cell, _with(lines, cell, option))
    ]


def _is_proven(checked: Checked, changed: Cell, lines: Lines) -> bool:
    """True when the field is well formed, its digit right, and a date that was changed one that exists."""
    text = "".join(_at(lines, cell) for cell in checked.cells)
    if not checked.kind.value.fullmatch(text) or _at(lines, checked.digit) != str(check_digit(text)):
        return False
    return checked.kind is not Kind.DATE or changed == checked.digit or read_date(text).is_possible


def _is_broken(checked: Checked, cell: Cell, lines: Lines) -> bool:
    """True for a character that cannot be what is printed there."""
    char = _at(lines, cell)
    if char not in VALUE:
        return True
    if cell == checked.digit:
        return char not in DIGITS + "<"
    if checked.kind is not Kind.DATE or char in DIGITS:
        return False
    pair = checked.cells.index(cell) // 2 * 2
    return any(_at(lines, other) != "<" for other in checked.cells[pair : pair + 2])


def _checked(field: Field, layout: Layout, lines: Lines) -> Checked:
    assert field.digit is not None
    cells = [(field.line, at) for at in range(field.start, field.end)]
    digit = (field.line, field.digit)
    extra = overflow_length(layout, lines) if field.name == "document_number" else 0
    if extra:
        rest = layout.field(layout.overflow)
        cells += [(rest.line, at) for at in range(rest.start, rest.start + extra - 1)]
        digit = (rest.line, rest.start + extra - 1)
    return Checked(field.name, field.kind, tuple(cells), digit, frozenset({*cells, digit}))


def _at(lines: Lines, cell: Cell) -> str:
    return lines[cell[0]][cell[1]]


def _with(lines: Lines, cell: Cell, char: str) -> Lines:
    line, at = cell
    return *lines[:line], lines[line][:at] + char + lines[line][at + 1 :], *lines[line + 1 :]


def _rescan(reason: RescanReason, checked: Checked, cell: Cell) -> Rescan:
    return Rescan(reason, checked.field, *cell)
