"""The machine readable zone (Doc 9303-3..-7, and the French card): lines in, every field with its evidence out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

from border.documents.dates import read_date
from border.documents.layout import LAYOUTS, Field, Kind, Layout, layout_of
from border.documents.repair import COMPOSITE, Cell, Doubts, Lines, checked_fields, overflow_length, repair, verdict
from border.documents.values import (
    Accepted,
    CheckDigit,
    Format,
    Mrz,
    PartialDate,
    Reading,
    Repair,
    Rescan,
    RescanReason,
)

__all__ = [
    "Accepted",
    "Cell",
    "CheckDigit",
    "Doubts",
    "Format",
    "Mrz",
    "PartialDate",
    "Reading",
    "Repair",
    "Rescan",
    "RescanReason",
    "parse",
    "unverified",
]

UNREAD_MARKS = str.maketrans("_*", "??")  # what readers send for a character they could not read
FORBIDDEN = re.compile(r"[^A-Z0-9<?]")
NO_DOUBTS: Doubts = MappingProxyType({})
NOT_PRINTED = "<<<<<<"  # a date
MUST_VERIFY = ("document_number", "date_of_birth", "date_of_expiry")


def parse(lines: Sequence[str], doubts: Doubts = NO_DOUBTS) -> Reading:
    """Any lines whatever to a zone with its evidence, or to the reason why they must be read again.

    White space around lines and blank lines are dropped; `?`, `_` and `*` stand for characters not read. `doubts`
    is for a reader that knows what else it might have seen: (line, position), counted from 0 among the lines that
    are not blank, to those characters; see `repair` for what they permit. Never raises for what a reader can send.
    """
    clean = tuple(stripped for line in lines if (stripped := line.strip()))
    if not clean:
        return Rescan(RescanReason.NOTHING_READ)
    layout = layout_of(clean)
    if layout is None:
        return Rescan(RescanReason.SHAPE)
    marked = tuple(line.translate(UNREAD_MARKS) for line in clean)
    fault = _forbidden(marked) or _unproven(layout, marked)
    if fault is not None:
        return fault
    proven = repair(layout, marked, doubts)
    if isinstance(proven, Rescan):
        return proven
    return Accepted(_fields(layout, proven.lines, proven.repairs), proven.lines)


def unverified(mrz: Mrz) -> tuple[str, ...]:
    """The fields that should carry a verified digit in this format and do not, in printed order; () is good."""
    must = {*MUST_VERIFY}
    if LAYOUTS[mrz.format].composite_at is not None:
        must.add(COMPOSITE)
    if any(mrz.optional_data):
        must.add("optional_data")
    unchecked = {field.name for field in LAYOUTS[mrz.format].fields if field.digit is None}
    return tuple(
        field for field, word in mrz.check_digits if field in must - unchecked and word is not CheckDigit.VERIFIED
    )


def _forbidden(lines: Lines) -> Rescan | None:
    for number, line in enumerate(lines):
        if found := FORBIDDEN.search(line):
            return Rescan(RescanReason.FORBIDDEN_CHARACTER, "", number, found.start())
    return None


def _unproven(layout: Layout, lines: Lines) -> Rescan | None:
    """The first character that cannot be what is printed, in a field whose characters no digit covers."""
    for field in layout.fields:
        if field.digit is not None or (field.kind is Kind.TEXT and layout.composite_at is not None):
            continue
        text = field.text(lines)
        if "?" in text:
            return _fault(RescanReason.UNREAD_CHARACTER, field, text.index("?"))
        if not field.kind.value.fullmatch(text):
            matched = field.kind.value.match(text)
            return _fault(RescanReason.UNPROVEN_CHARACTER, field, matched.end() if matched else 0)
    return None


def _fault(reason: RescanReason, field: Field, offset: int) -> Rescan:
    return Rescan(reason, field.name, field.line, field.start + offset)


def _fields(layout: Layout, lines: Lines, repairs: tuple[Repair, ...]) -> Mrz:
    text = {field.name: field.text(lines) for field in layout.fields}
    number, optional = _number_and_optional(layout, lines, text)
    primary, secondary, is_cut = _names(text)
    return Mrz(
        format=layout.format,
        document_code=text["document_code"].strip("<"),
        issuing_state=text["issuing_state"].strip("<"),
        primary_identifier=_spaced(primary),
        secondary_identifier=_spaced(secondary),
        name_truncated=is_cut,
        document_number=number,
        nationality=text.get("nationality", text["issuing_state"]).strip("<"),
        date_of_birth=read_date(text["date_of_birth"]),
        sex="X" if text["sex"] == "<" else text["sex"],
        date_of_expiry=read_date(text.get("date_of_expiry", NOT_PRINTED)),
        optional_data=optional,
        check_digits=_evidence(layout, lines),
        repairs=repairs,
    )


def _names(text: dict[str, str]) -> tuple[str, str, bool]:
    """Primary and secondary identifier as printed, and whether something of them did not fit."""
    if "name" in text:
        primary, _, secondary = text["name"].partition("<<")
        return primary, secondary, not text["name"].endswith("<")
    primary, secondary = text["primary_identifier"], text["secondary_identifier"]
    return primary, secondary, not (primary.endswith("<") and secondary.endswith("<"))


def _number_and_optional(layout: Layout, lines: Lines, text: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """The whole document number, and the optional data without the part of it that belongs to the number."""
    extra = overflow_length(layout, lines)
    number = text["document_number"]
    optional = {name: value for name, value in text.items() if name.startswith("optional_data")}
    if extra:
        rest = optional[layout.overflow]
        number += rest[: extra - 1]
        optional[layout.overflow] = rest[extra:]
    return number.rstrip("<"), tuple(value.strip("<") for value in optional.values())


def _evidence(layout: Layout, lines: Lines) -> tuple[tuple[str, CheckDigit], ...]:
    words = {checked.field: verdict(checked, lines) for checked in checked_fields(layout, lines)}
    printed: list[str] = []
    for field in layout.fields:
        printed += ("primary_identifier", "secondary_identifier") if field.name == "name" else (field.name,)
    if COMPOSITE in words:
        printed.append(COMPOSITE)
    return tuple((name, words.get(name, CheckDigit.NOT_PRINTED)) for name in printed)


def _spaced(identifier: str) -> str:
    return " ".join(identifier.replace("<", " ").split())
