"""Where each field of a machine readable zone stands: one table for Doc 9303-4..-7 and the French card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from border.documents.values import Format


class Kind(Enum):
    """What a field may hold, as a pattern its whole text matches."""

    CODE = re.compile(r"[A-Z][A-Z0-9<]")
    LETTERS = re.compile(r"[A-Z<]*")
    NAME = re.compile(r"[A-Z][A-Z<]*")
    SEX = re.compile(r"[MFX<]")
    DATE = re.compile(r"([0-9]{2}|<<){3}")
    TEXT = re.compile(r"[A-Z0-9<]*")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: line from 0, positions [start, end), and the position of its check digit on the same line."""

    name: str
    line: int
    start: int
    end: int
    kind: Kind
    digit: int | None = None

    def text(self, lines: tuple[str, ...]) -> str:
        """What the field holds in lines of its format."""
        return lines[self.line][self.start : self.end]


@dataclass(frozen=True, slots=True)
class Layout:
    """One format. `composite` lists the (line, start, end) runs the composite digit covers, in order."""

    format: Format
    line_count: int
    width: int
    fields: tuple[Field, ...]  # in printed order
    composite: tuple[tuple[int, int, int], ...] = ()
    composite_at: tuple[int, int] | None = None  # line, position
    overflow: str = ""  # the optional field that takes the rest of a long document number

    def field(self, name: str) -> Field:
        """The field of that name; KeyError when the format has none."""
        return {field.name: field for field in self.fields}[name]


def _upper_line(width: int) -> tuple[Field, ...]:
    return (
        Field("document_code", 0, 0, 2, Kind.CODE),
        Field("issuing_state", 0, 2, 5, Kind.LETTERS),
        Field("name", 0, 5, width, Kind.NAME),
    )


def _lower_line(optional_end: int, optional_digit: int | None = None) -> tuple[Field, ...]:
    return (
        Field("document_number", 1, 0, 9, Kind.TEXT, 9),
        Field("nationality", 1, 10, 13, Kind.LETTERS),
        Field("date_of_birth", 1, 13, 19, Kind.DATE, 19),
        Field("sex", 1, 20, 21, Kind.SEX),
        Field("date_of_expiry", 1, 21, 27, Kind.DATE, 27),
        Field("optional_data", 1, 28, optional_end, Kind.TEXT, optional_digit),
    )


_TD1_FIELDS = (
    Field("document_code", 0, 0, 2, Kind.CODE),
    Field("issuing_state", 0, 2, 5, Kind.LETTERS),
    Field("document_number", 0, 5, 14, Kind.TEXT, 14),
    Field("optional_data_1", 0, 15, 30, Kind.TEXT),
    Field("date_of_birth", 1, 0, 6, Kind.DATE, 6),
    Field("sex", 1, 7, 8, Kind.SEX),
    Field("date_of_expiry", 1, 8, 14, Kind.DATE, 14),
    Field("nationality", 1, 15, 18, Kind.LETTERS),
    Field("optional_data_2", 1, 18, 29, Kind.TEXT),
    Field("name", 2, 0, 30, Kind.NAME),
)

# The card that France issued from 1988 to 2021 and that outlives its printed term: surname and issuing office above;
# number, given names and birth below. No expiry and no nationality; the composite covers both lines whole.
_FR_ID_FIELDS = (
    Field("document_code", 0, 0, 2, Kind.CODE),
    Field("issuing_state", 0, 2, 5, Kind.LETTERS),
    Field("primary_identifier", 0, 5, 30, Kind.NAME),
    Field("optional_data", 0, 30, 36, Kind.TEXT),
    Field("document_number", 1, 0, 12, Kind.TEXT, 12),
    Field("secondary_identifier", 1, 13, 27, Kind.NAME),
    Field("date_of_birth", 1, 27, 33, Kind.DATE, 33),
    Field("sex", 1, 34, 35, Kind.SEX),
)
FR_ID_BEGINS = "IDFRA"

LAYOUTS: dict[Format, Layout] = {
    layout.format: layout
    for layout in (
        Layout(
            Format.TD1,
            3,
            30,
            _TD1_FIELDS,
            composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
            composite_at=(1, 29),
            overflow="optional_data_1",
        ),
        Layout(
            Format.TD2,
            2,
            36,
            _upper_line(36) + _lower_line(35),
            composite=((1, 0, 10), (1, 13, 20), (1, 21, 35)),
            composite_at=(1, 35),
            overflow="optional_data",
        ),
        Layout(
            Format.TD3,
            2,
            44,
            _upper_line(44) + _lower_line(42, 42),
            composite=((1, 0, 10), (1, 13, 20), (1, 21, 43)),
            composite_at=(1, 43),
        ),
        Layout(Format.MRV_A, 2, 44, _upper_line(44) + _lower_line(44)),
        Layout(Format.MRV_B, 2, 36, _upper_line(36) + _lower_line(36)),
        Layout(
            Format.FR_ID,
            2,
            36,
            _FR_ID_FIELDS,
            composite=((0, 0, 36), (1, 0, 35)),
            composite_at=(1, 35),
        ),
    )
}

_BY_SHAPE = {
    (3, 30, False): Format.TD1,
    (2, 36, False): Format.TD2,
    (2, 44, False): Format.TD3,
    (2, 44, True): Format.MRV_A,
    (2, 36, True): Format.MRV_B,
}


def layout_of(lines: tuple[str, ...]) -> Layout | None:
    """The format these lines have the shape of; None for any other shape.

    Visas begin with V (Doc 9303-7). France issues no TD2 identity card, so IDFRA in 36 characters is her own layout.
    """
    widths = {len(line) for line in lines}
    if len(widths) != 1:
        return None
    if len(lines) == 2 and widths == {36} and lines[0].startswith(FR_ID_BEGINS):
        return LAYOUTS[Format.FR_ID]
    found = _BY_SHAPE.get((len(lines), widths.pop(), lines[0].startswith("V")))
    return LAYOUTS[found] if found else None
