"""Everything the checks may look at: gathered during one visit, frozen when the visit is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from border.documents.chip_trust import ChipTrust
from border.documents.mrz import Mrz
from border.encounter import ClockState, QualityComponent
from border.findings import Measure
from border.watchlist.matching import Hit


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """The best frame of the burst. `causes` are what still keeps it from being good, worst first."""

    components: tuple[QualityComponent, ...]
    causes: tuple[str, ...]
    frames: int  # looked at in all attempts


@dataclass(frozen=True, slots=True)
class PadEvidence:
    """Presentation attack detection. `turn_reason` is "passed" or why not; scores: 0 bona fide .. 1 attack."""

    turn_passed: bool
    turn_reason: str
    turn_measures: tuple[Measure, ...]
    passive_installed: bool
    passive_scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FingerEvidence:
    """The best impression; `asked` False when policy asks for none."""

    asked: bool
    not_asked_reason: str  # "" when asked
    quality: QualityComponent | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChipEvidence:
    """What the chip proves, and its zone beside the page's; `zone` is () where DG1 could not be read."""

    trust: ChipTrust
    zone: tuple[str, ...]
    printed: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<chip evidence {self.trust.assurance.name}>"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One visit, as far as it went; None is "we do not have it" and never passes."""

    today: date
    clock: ClockState
    document: Mrz | None
    document_reason: str  # why there is no document: "unreadable", "not_presented", a device code; "" when read
    hits: tuple[Hit, ...] | None  # None: no list on this kiosk
    list_age_hours: float | None
    face: FaceEvidence | None
    pad: PadEvidence | None
    finger: FingerEvidence | None
    chip: ChipEvidence | None  # None: no chip was read
    wishes: frozenset[str]  # "officer", "cannot_turn", "cannot_finger", "gave_up", "timed_out", "help"
    failed_devices: tuple[tuple[str, str], ...]  # (step, device error code)
