"""Writes valid zones for simulators and tests, and MRZ information for chip access.

It shares neither the parser's table nor its check digit: a mistake made once must not cancel itself out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from border.documents.names import name_field
from border.documents.values import Format, Mrz, PartialDate

NUMBER = re.compile(r"[A-Z0-9<]*")
DATE = re.compile(r"([0-9]{2}|<<){3}")
LONGEST_NUMBER = {Format.TD1: 22, Format.TD2: 14, Format.FR_ID: 12}  # nine for every other format


@dataclass(frozen=True, slots=True)
class Holder:
    """What to print. Names in any script the transliteration knows; dates as YYMMDD with `<<` for unknown parts."""

    primary_identifier: str
    secondary_identifier: str
    document_number: str
    date_of_birth: str
    date_of_expiry: str
    nationality: str
    issuing_state: str
    document_code: str = "P"
    sex: str = "X"  # M, F or X; X is printed as a filler
    optional_data: tuple[str, ...] = ()  # two for TD1, one for every other format

    def __repr__(self) -> str:
        return "<holder>"

    def __post_init__(self) -> None:
        for text in (self.document_number, self.nationality, self.issuing_state, *self.optional_data):
            if not NUMBER.fullmatch(text):
                raise ValueError(f"{len(text)} characters, some of which no zone can hold")
        for text in (self.date_of_birth, self.date_of_expiry):
            if not DATE.fullmatch(text):
                raise ValueError("a printed date is YYMMDD, with << for unknown parts")
        if len(self.document_number) > 9 and "<" in self.document_number:
            raise ValueError("a long number has no fillers: one ends it")
        if self.sex not in {"M", "F", "X"}:
            raise ValueError("sex is M, F or X")


def write(format_: Format, holder: Holder) -> tuple[str, ...]:
    """The lines of one zone with every check digit right; ValueError for what the format cannot hold.

    Names that do not fit are truncated by the rules; nothing else is.
    """
    if holder.document_code.startswith("V") != (format_ in {Format.MRV_A, Format.MRV_B}):
        raise ValueError(f"{format_} cannot begin with {holder.document_code}: V stands for visas, and only for them")
    if len(holder.document_number) > LONGEST_NUMBER.get(format_, 9):
        raise ValueError(f"a number of {len(holder.document_number)} characters does not fit {format_}")
    if (format_ is Format.FR_ID) != (format_ in {Format.TD2, Format.FR_ID} and _is_french_card(holder)):
        raise ValueError(f"{format_} cannot hold {holder.document_code} of {holder.issuing_state}")
    if format_ is Format.TD1:
        return _td1(holder)
    if format_ is Format.FR_ID:
        return _fr_id(holder)
    width = 44 if format_ in {Format.TD3, Format.MRV_A} else 36
    upper = _pad(holder.document_code, 2) + _pad(holder.issuing_state, 3)
    upper += name_field(holder.primary_identifier, holder.secondary_identifier, width - 5)
    return upper, _lower(format_, holder, width)


def mrz_information(mrz: Mrz) -> str:
    """Document number, birth and expiry, each with its digit: the seed of the BAC and PACE keys (Doc 9303-11).

    A long number goes in whole. The result opens the chip and is personal data: never log it.
    """
    number = mrz.document_number.ljust(9, "<")
    dates = (_yymmdd(mrz.date_of_birth), _yymmdd(mrz.date_of_expiry))
    return "".join(text + _digit(text) for text in (number, *dates))


def _lower(format_: Format, holder: Holder, width: int) -> str:
    optional = "".join(holder.optional_data)
    number, optional = _number(holder.document_number, optional)
    birth = holder.date_of_birth + _digit(holder.date_of_birth)
    expiry = holder.date_of_expiry + _digit(holder.date_of_expiry)
    head = number + _pad(holder.nationality, 3) + birth + _sex(holder) + expiry
    if format_ is Format.TD3:
        optional = _pad(optional, 14)
        optional += _digit(optional)
        return head + optional + _digit(number + birth + expiry + optional)
    if format_ is Format.TD2:
        optional = _pad(optional, 7)
        return head + optional + _digit(number + birth + expiry + optional)
    return head + _pad(optional, width - len(head))


def _td1(holder: Holder) -> tuple[str, ...]:
    first, second = (*holder.optional_data, "", "")[:2]
    number, first = _number(holder.document_number, first)
    first, second = _pad(first, 15), _pad(second, 11)
    birth = holder.date_of_birth + _digit(holder.date_of_birth)
    expiry = holder.date_of_expiry + _digit(holder.date_of_expiry)
    composite = _digit(number + first + birth + expiry + second)
    return (
        _pad(holder.document_code, 2) + _pad(holder.issuing_state, 3) + number + first,
        birth + _sex(holder) + expiry + _pad(holder.nationality, 3) + second + composite,
        name_field(holder.primary_identifier, holder.secondary_identifier, 30),
    )


def _is_french_card(holder: Holder) -> bool:
    return (holder.document_code, holder.issuing_state) == ("ID", "FRA")


def _fr_id(holder: Holder) -> tuple[str, ...]:
    """Given names are parted by two fillers, their own parts by one; what does not fit is cut off."""
    if holder.date_of_expiry != "<<<<<<" or holder.nationality != "FRA":
        raise ValueError("this card prints no expiry, and nothing but French nationality")
    given = name_field(holder.secondary_identifier, "", 36).strip("<").replace("<", "<<")
    upper = "IDFRA" + name_field(holder.primary_identifier, "", 25) + _pad("".join(holder.optional_data), 6)
    number = _pad(holder.document_number, 12)
    lower = number + _digit(number) + given[:14].ljust(14, "<")
    lower += holder.date_of_birth + _digit(holder.date_of_birth) + _sex(holder)
    return upper, lower + _digit(upper + lower)


def _number(number: str, optional: str) -> tuple[str, str]:
    """Ten characters of number and digit, and the optional data with the rest of a long number before it."""
    if len(number) <= 9:
        padded = number.ljust(9, "<")
        return padded + _digit(padded), optional
    return number[:9] + "<", number[9:] + _digit(number) + "<" + optional


def _digit(text: str) -> str:
    total = 0
    for place, char in enumerate(text):
        value = 0 if char == "<" else ord(char) - 48 if char.isdigit() else ord(char) - 55
        total += value * (7 if place % 3 == 0 else 3 if place % 3 == 1 else 1)
    return str(total % 10)


def _pad(text: str, width: int) -> str:
    if len(text) > width:
        raise ValueError(f"{len(text)} characters do not fit {width}")
    return text.ljust(width, "<")


def _sex(holder: Holder) -> str:
    return "<" if holder.sex == "X" else holder.sex


def _yymmdd(printed: PartialDate) -> str:
    return "".join("<<" if part is None else f"{part:02d}" for part in (printed.year, printed.month, printed.day))
