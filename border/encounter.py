"""One traveller's crossing as facts: evidence with findings, recommendation, decision, each with author and time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from border.documents.chip_trust import Proof
from border.documents.mrz import Mrz
from border.documents.zone_comparison import Difference
from border.findings import Finding
from border.quality import QualityComponent


class Direction(StrEnum):
    ARRIVAL = "arrival"
    DEPARTURE = "departure"


class Outcome(StrEnum):
    """The kiosk's only two."""

    CLEARED = "cleared"
    REFERRED = "referred"


class OfficerOutcome(StrEnum):
    """What a named human decides; refusing entry is an officer's act alone."""

    ADMIT = "admit"
    REFUSE = "refuse"
    REFER_ON = "refer_on"


class ClockState(StrEnum):
    """How far a record's wall time can be trusted."""

    TRUSTED = "trusted"  # synchronised
    FLOOR = "floor"  # not synchronised, but not before the newest signed artefact
    UNTRUSTED = "untrusted"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, and how well the device knew it."""

    wall_ms: int  # milliseconds since 1970-01-01 UTC
    monotonic_ms: int  # since boot; orders events when the wall clock jumps
    boot_id: str
    clock: ClockState


class SampleKind(StrEnum):
    """Biometric capture outputs kept with an encounter (ISO/IEC 2382-37: samples)."""

    FACE = "face"
    FACE_RUNNER_UP = "face_runner_up"
    FACE_TURNED = "face_turned"
    FINGER = "finger"
    PAGE = "page"
    PORTRAIT = "portrait"  # the chip's
    PORTRAIT_PRINTED = "portrait_printed"  # cut out of a picture of the page; proof of nothing


@dataclass(frozen=True, slots=True)
class FaceArea:
    """Where the face is in a picture of so many pixels. A person's own picture may cut it: it need not lie inside."""

    left: int
    top: int
    width: int
    height: int
    picture_width: int
    picture_height: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored picture: bytes with their media type, and the driver hashes of the frames they came from.

    `face` stays on the kiosk, for whoever looks at the picture there.
    """

    kind: SampleKind
    media_type: str  # image/jpeg, image/png or, of a finger, finger_record.MEDIA_TYPE
    data: bytes
    frame_sha256: str  # hex, as the driver took it; binds the sample to the camera
    device: str
    face: FaceArea | None = None

    def __repr__(self) -> str:
        return f"<sample {self.kind} {len(self.data)} bytes>"  # never the picture


@dataclass(frozen=True, slots=True)
class SampleRef:
    """A sample as a fact names it: what it is and the SHA-256 (hex) of its plain bytes."""

    kind: SampleKind
    media_type: str
    sha256: str
    size: int
    frame_sha256: str
    device: str


@dataclass(frozen=True, slots=True)
class ChipFact:
    """What a chip that was read has proven; the zone in it only where it differs from the one on the page."""

    access: str  # how it was opened: protocol, key, curve and cipher
    assurance: int  # 0 none, 1 read, 2 signed, 3 genuine
    passive_authentication: Proof
    active_authentication: Proof
    chip_authentication: Proof
    reasons: tuple[tuple[str, str], ...]  # (word, about), faults and remarks as they were found
    groups_proven: tuple[int, ...]  # data groups whose hash is the signed one
    signer: str  # certificate that signed, SHA-256 in hex; "" when there was none
    signer_country: str
    authority: str  # certificate of ours that vouches for it, SHA-256 in hex; "" when none does
    store_version: int  # of the trust store it was judged by; 0: none
    zone_same_shape: bool  # False: no zone, or one of another format
    zone_differences: tuple[Difference, ...]

    def __repr__(self) -> str:
        return f"<chip fact, level {self.assurance}>"  # never characters of the zone


@dataclass(frozen=True, slots=True)
class CheckedFact:
    """Fact one, by the machine: what was seen and what each check said. Author: the kiosk."""

    encounter: str  # UUIDv7
    author: str
    at: Stamp
    direction: Direction
    group: str  # UUIDv7 shared by a family or crew; the encounter's own id when alone
    lines: tuple[str, ...]  # the zone as accepted; empty when none was read
    lines_as_read: tuple[str, ...]  # before any repair
    document: Mrz | None
    chip: ChipFact | None  # None: none was read; the finding says why
    samples: tuple[SampleRef, ...]
    quality: tuple[QualityComponent, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class RecommendedFact:
    """Fact two, by the rules: clear or refer, citing the rules. Author: engine@policy version."""

    encounter: str
    author: str
    at: Stamp
    outcome: Outcome
    rules: tuple[str, ...]  # ids of every rule that fired, in order
    reasons: tuple[str, ...]  # the findings' reasons that made it REFERRED; empty when cleared
    policy_version: int
    stay_days: int | None  # how long an arrival may stay; None when not decided here


@dataclass(frozen=True, slots=True)
class DecidedFact:
    """Fact three, by a named officer. `reason` is a coded reason; a note is for the file, never for a log."""

    encounter: str
    author: str  # officer id
    at: Stamp
    outcome: OfficerOutcome
    reason: str
    note: str


Fact = CheckedFact | RecommendedFact | DecidedFact
