"""Everything the checks may look at: gathered during one visit, frozen when the visit is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from border.documents.chip_trust import ChipTrust, Proof
from border.documents.chip_unread import Unread
from border.documents.mrz import Mrz
from border.encounter import ClockState
from border.findings import Measure
from border.quality import QualityComponent
from border.watchlist.matching import Hit


@dataclass(frozen=True, slots=True)
class FaceEvidence:
    """The best frame of the burst. `causes` are what still keeps it from being good, worst first."""

    components: tuple[QualityComponent, ...]
    causes: tuple[str, ...]
    frames: int  # looked at in all attempts


@dataclass(frozen=True, slots=True)
class PadFrames:
    """The pictures that the judgement was made of, by the driver's hashes (hex), all of one camera."""

    camera: str
    captured: tuple[str, ...]  # best and runner-up of the face step, which the challenge was held against
    straight: tuple[str, ...]
    turned: tuple[str, ...]
    passive: tuple[str, ...]  # one for each passive score


@dataclass(frozen=True, slots=True)
class ScreenEvidence:
    """Signs of a screen: one value for each straight frame, NaN where it could not be measured."""

    moire: tuple[float, ...]
    bezel: tuple[float, ...]
    banding: float  # over all of them


@dataclass(frozen=True, slots=True)
class PadEvidence:
    """Presentation attack detection. `turn_reason` is "passed" or why not; scores: 0 bona fide .. 1 attack."""

    turn_passed: bool
    turn_reason: str
    turn_measures: tuple[Measure, ...]
    passive_installed: bool
    passive_scores: tuple[float, ...]
    frames: PadFrames
    screen: ScreenEvidence
    blinks: int  # lids that closed and opened, against the person's own running median; only recorded
    earlier: tuple[str, ...]  # why earlier tries of this visit failed


class PortraitState(StrEnum):
    """What became of the document's portrait."""

    NONE = "none"  # the document, or its reader, gave none
    CHIP = "chip"  # the chip's, with a face
    PRINTED = "printed"  # cut out of a picture of the page, with a face
    UNREADABLE = "unreadable"  # the picture cannot be decoded
    FACELESS = "faceless"  # no single face is found in it


@dataclass(frozen=True, slots=True)
class ComparisonEvidence:
    """The live face held against the portrait, and against itself. Distances: 0 one picture; small one person.

    A distance is None when there was nothing to measure, NaN when measuring failed. The embeddings are not here.
    """

    metric: str  # which network
    version: str  # the metric with the file that was used
    frames: int  # straight looks behind the live median
    burst_distance: float | None  # the farthest of them from their median
    turn_distance: float | None  # the farthest straight look of the passed challenge from the one captured before
    portrait: PortraitState
    portrait_distance: float | None


@dataclass(frozen=True, slots=True)
class FingerEvidence:
    """The best impression; `asked` False when policy asks for none. `cues`: of all impressions, none says nothing."""

    asked: bool
    not_asked_reason: str  # "" when asked
    quality: QualityComponent | None
    causes: tuple[str, ...]
    cues: tuple[str, ...]  # of a presentation attack; unevaluated


@dataclass(frozen=True, slots=True)
class ChipEvidence:
    """What the chip proves, and its zone beside the page's; `zone` is () where DG1 could not be read.

    `access`: how it was opened, in words. `active` and `chip`: its own proofs, whether or not their keys are signed.
    """

    access: str
    trust: ChipTrust
    active: Proof
    chip: Proof
    zone: tuple[str, ...]
    printed: tuple[str, ...]
    store_version: int  # 0: there was no trust store
    store_age_hours: float | None

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
    comparison: ComparisonEvidence | None
    finger: FingerEvidence | None
    chip: ChipEvidence | Unread
    pictures: tuple[tuple[str, str], ...]  # (frame hash, device) of every face picture that is kept
    altered: tuple[str, ...]  # hashes of frames whose pixels were others when they were to be kept; none of them is
    wishes: frozenset[str]  # "officer", "cannot_turn", "cannot_finger", "gave_up", "timed_out", "help"
    failed_devices: tuple[tuple[str, str], ...]  # (step, device error code)
