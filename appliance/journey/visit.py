"""What the kiosk knows of the traveller in front of it; a new one for each person, dropped whole at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from appliance.checks.evidence import (
    ChipEvidence,
    ComparisonEvidence,
    Evidence,
    FaceEvidence,
    FingerEvidence,
    PadEvidence,
    PortraitState,
)
from appliance.journey.chip_reading import fact_of
from appliance.journey.fill import Fill
from appliance.journey.mirror import Window
from appliance.journey.ports import Box
from appliance.journey.view import Receipt
from appliance.vision.challenge import Fault
from appliance.vision.face_comparison import Embedding
from appliance.vision.track import Sighting
from appliance.vision.turn import Movement
from border.documents.chip_unread import Unread
from border.documents.mrz import Mrz
from border.encounter import (
    CheckedFact,
    ClockState,
    Direction,
    Outcome,
    RecommendedFact,
    Sample,
    SampleKind,
    SampleRef,
    Stamp,
)
from border.findings import Finding
from border.ids import receipt_number
from border.quality import QualityComponent
from border.watchlist.matching import Hit

FACES = frozenset({SampleKind.FACE, SampleKind.FACE_RUNNER_UP, SampleKind.FACE_TURNED})


@dataclass(frozen=True, slots=True, eq=False)
class SeenPortrait:
    """The document's portrait, judged; the picture itself is among the samples."""

    state: PortraitState
    embedding: Embedding | None


@dataclass(slots=True)
class Visit:
    """Grows step by step. Times are monotonic seconds."""

    encounter: str
    group: str
    direction: Direction | None
    person: int
    began_at_s: float  # of the capture steps, which policy bounds all together
    active_at_s: float  # last sign of the person: a swipe, a face before the camera, a finger
    lines: tuple[str, ...] = ()
    lines_as_read: tuple[str, ...] = ()
    document: Mrz | None = None
    document_reason: str = "document_not_presented"
    hits: tuple[Hit, ...] | None = None
    list_age_hours: float | None = None
    face: FaceEvidence | None = None
    straight: Sighting | None = None  # the captured face, which the head that turns must resemble
    captured: tuple[str, ...] = ()  # frame hashes of the best picture and of a runner-up that resembles it
    movement: Movement = Movement.BOTH  # what the challenge asks for
    failed_tries: list[Fault] = field(default_factory=list)  # of the challenge, whatever movement it asked
    pad: PadEvidence | None = None
    portrait: SeenPortrait | None = None  # the document's, where its reader gives one
    comparison: ComparisonEvidence | None = None
    finger: FingerEvidence | None = None
    face_box: tuple[Box, float] | None = None  # where the face was last, and when
    fill: Fill = field(default_factory=Fill)  # the lamp is dark when he comes
    mirror: Window | None = None  # what of the frame he sees
    chip: ChipEvidence | Unread = Unread.NOT_ASKED
    samples: list[Sample] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)  # hashes of frames that were no longer what the driver hashed
    wishes: set[str] = field(default_factory=set)
    failed_devices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_worth_recording(self) -> bool:
        """A document was shown or a sample taken: an officer should know that this person was here."""
        return bool(self.document or self.lines_as_read or self.samples)

    def evidence(self, today: date, clock: ClockState) -> Evidence:
        return Evidence(
            today=today,
            clock=clock,
            document=self.document,
            document_reason=self.document_reason,
            hits=self.hits,
            list_age_hours=self.list_age_hours,
            face=self.face,
            pad=self.pad,
            comparison=self.comparison,
            finger=self.finger,
            chip=self.chip,
            pictures=tuple((sample.frame_sha256, sample.device) for sample in self.samples if sample.kind in FACES),
            altered=tuple(self.altered),
            wishes=frozenset(self.wishes),
            failed_devices=tuple(self.failed_devices),
        )

    def quality(self) -> tuple[QualityComponent, ...]:
        components = self.face.components if self.face else ()
        if self.finger and self.finger.quality:
            components = (*components, self.finger.quality)
        return components

    def checked(self, author: str, at: Stamp, refs: tuple[SampleRef, ...], said: tuple[Finding, ...]) -> CheckedFact:
        """Fact one, as the kiosk will sign it."""
        return CheckedFact(
            encounter=self.encounter,
            author=author,
            at=at,
            direction=self.direction or Direction.ARRIVAL,
            group=self.group,
            lines=self.lines,
            lines_as_read=self.lines_as_read,
            document=self.document,
            chip=fact_of(self.chip),
            samples=refs,
            quality=self.quality(),
            findings=said,
        )


def receipt(fact: RecommendedFact, direction: Direction, today: date) -> Receipt:
    """What the traveller takes away; never a reason."""
    days = fact.stay_days if fact.outcome is Outcome.CLEARED else None
    return Receipt(
        outcome=fact.outcome,
        number=receipt_number(fact.encounter),
        day=today.isoformat(),
        stay_until=(today + timedelta(days=days)).isoformat() if days is not None else None,
        direction=direction.value,
    )
