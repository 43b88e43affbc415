"""What one check says of an encounter: a value with its reason and the numbers it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Only CLEAR clears. NOT_DONE is what an absent device, model, list or answer gives."""

    CLEAR = "clear"
    REFER = "refer"
    NOT_DONE = "not_done"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number behind a finding, with its unit and the limit it was held against."""

    name: str
    value: float
    unit: str
    limit: str = ""  # "max 0.5", "min 18", or empty when nothing was compared

    @property
    def is_number(self) -> bool:
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` names the check; `reason` is a stable word of docs/errors.md ("document_expired"), never free text."""

    check: str
    verdict: Verdict
    reason: str
    measures: tuple[Measure, ...] = ()

    def __post_init__(self) -> None:
        if not self.reason.replace("_", "").isalnum() or self.reason != self.reason.lower():
            raise ValueError(f"a reason is a lower_case word, not {self.reason!r}")
