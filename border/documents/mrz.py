"""The machine readable zone (Doc 9303-3..-7): lines in, every field with its evidence out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


class CheckDigit(StrEnum):
    """What a field's check digit says of it. It is a strong filter and a weak oracle."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    NOT_PRINTED = "not_printed"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as printed: any part may be unknown (`<<`). `is_possible` is False for the 31st of February."""

    year: int | None
    month: int | None
    day: int | None
    is_possible: bool


@dataclass(frozen=True, slots=True)
class Repair:
    """One character changed because a check digit proved it: where, from what, to what, proved by which digit."""

    line: int
    position: int
    read: str
    accepted: str
    proved_by: str


@dataclass(frozen=True, slots=True)
class Mrz:
    """Every field of one zone. Check digits are keyed by field name; names carry none and are NOT_PRINTED."""

    format: Format
    document_code: str
    issuing_state: str  # three letters as printed, fillers stripped ("D", "UNO", "XXA" stay)
    primary_identifier: str  # surname, spaces for fillers
    secondary_identifier: str  # given names
    name_truncated: bool
    document_number: str  # long numbers joined again
    nationality: str
    date_of_birth: PartialDate
    sex: str  # "M", "F" or "X" (unspecified)
    date_of_expiry: PartialDate
    optional_data: tuple[str, ...]
    check_digits: tuple[tuple[str, CheckDigit], ...]  # (field name, evidence), in printed order
    repairs: tuple[Repair, ...]

    def evidence(self, field: str) -> CheckDigit:
        """The check digit's word on a field; NOT_PRINTED for fields without one."""
        return dict(self.check_digits).get(field, CheckDigit.NOT_PRINTED)
