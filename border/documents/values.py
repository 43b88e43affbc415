"""The values a machine readable zone turns into (Doc 9303-3..-7): its fields, its evidence, its reading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"
    FR_ID = "FR-ID"  # the French identity card of 1988 to 2021, two lines of 36 of its own layout


class CheckDigit(StrEnum):
    """What a field's check digit says of it. It is a strong filter and a weak oracle."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    NOT_PRINTED = "not_printed"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as printed: any part may be unknown (`<<`). `is_possible` is False for the 31st of February.

    The year has its two printed digits only (0..99); `dates.resolve_birth` and `resolve_expiry` find the century.
    """

    year: int | None
    month: int | None
    day: int | None
    is_possible: bool


@dataclass(frozen=True, slots=True)
class Repair:
    """One character changed because a check digit proved it: where, from what, to what, proved by which digit.

    Line and position count from 0.
    """

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
    document_number: str  # long numbers joined again; a filler inside the number stays "<"
    nationality: str  # the issuing state's where the format prints none (FR-ID): a card for nationals only
    date_of_birth: PartialDate
    sex: str  # "M", "F" or "X" (unspecified)
    date_of_expiry: PartialDate  # all unknown where the format prints none (FR-ID)
    optional_data: tuple[str, ...]
    check_digits: tuple[tuple[str, CheckDigit], ...]  # (field name, evidence), in printed order
    repairs: tuple[Repair, ...]

    def __repr__(self) -> str:
        return f"<zone {self.format} with {len(self.repairs)} repairs>"  # never the traveller's data

    def evidence(self, field: str) -> CheckDigit:
        """The check digit's word on a field; NOT_PRINTED for fields without one."""
        return dict(self.check_digits).get(field, CheckDigit.NOT_PRINTED)

    def refuted(self) -> tuple[str, ...]:
        """The fields whose printed check digit contradicts them, in printed order."""
        return tuple(field for field, word in self.check_digits if word is CheckDigit.REFUTED)


class RescanReason(StrEnum):
    """Why a zone has to be read again. None of them says anything about the traveller."""

    NOTHING_READ = "nothing_read"
    SHAPE = "shape"  # not the count and length of lines of any format
    FORBIDDEN_CHARACTER = "forbidden_character"  # outside A-Z, 0-9, filler and the unread marks
    UNREAD_CHARACTER = "unread_character"  # the reader gave up on it and no digit can prove what it is
    UNPROVEN_CHARACTER = "unproven_character"  # not allowed where it stands, in a field without a check digit
    UNREADABLE_FIELD = "unreadable_field"  # a checked field that no single correction makes right
    AMBIGUOUS = "ambiguous"  # more than one correction would satisfy the check digit
    COMPOSITE_DISAGREES = "composite_disagrees"  # a correction its own digit proves, the composite does not


@dataclass(frozen=True, slots=True)
class Accepted:
    """A zone taken as read, or as repaired with proof. Refuted digits are inside `mrz`, for somebody to judge."""

    mrz: Mrz
    lines: tuple[str, ...]  # after repairs

    def __repr__(self) -> str:
        return f"<accepted {self.mrz!r}>"


@dataclass(frozen=True, slots=True)
class Rescan:
    """Read the document again. Names the field, line and position (from 0) it stumbled on, where there is one."""

    reason: RescanReason
    field: str = ""
    line: int | None = None
    position: int | None = None


Reading = Accepted | Rescan
