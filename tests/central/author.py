"""Writes the records of a synthetic kiosk: real facts, real seals, real signatures, one unbroken chain."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from border.documents.mrz import CheckDigit, Format, Mrz, PartialDate
from border.encounter import (
    CheckedFact,
    ChipFact,
    ClockState,
    DecidedFact,
    Direction,
    OfficerOutcome,
    Outcome,
    RecommendedFact,
    Sample,
    SampleKind,
    SampleRef,
    Stamp,
)
from border.findings import Finding, Measure, Verdict
from border.finger_record import MEDIA_TYPE
from border.ids import uuid7
from border.ledger import GENESIS
from border.messages.cose import SoftwareSigner
from border.messages.envelope import Draft, Packed, pack
from border.messages.sealing import RecipientPublic
from border.messages.values import RecordKind, StateReport
from central.files import read_private

START_MS = 1_790_000_000_000
BOOT = "boot-1"


@dataclass(frozen=True, slots=True)
class Traveller:
    """Nobody. `picture` stands for a face of that many random bytes unless a real JPEG is given."""

    name: str = "MARIA ISABEL"
    number: str = "X1234567"
    outcome: Outcome = Outcome.CLEARED
    pictures: tuple[bytes, ...] = ()
    direction: Direction = Direction.ARRIVAL
    clock: ClockState = ClockState.TRUSTED
    chip: ChipFact | None = None


def picture(size: int = 60_000) -> bytes:
    return os.urandom(size)


class Author:
    """One kiosk's memory of its chain. `folder` is what `central.ca` made for it."""

    def __init__(self, folder: Path, kiosk: str) -> None:
        self.kiosk = kiosk
        self.signer = SoftwareSigner(read_private(folder / "device.key"), kiosk)
        self.centre = RecipientPublic.load((folder / "centre-seal.pub").read_bytes())
        self.seq = 0
        self.head = GENESIS

    def encounter(self, traveller: Traveller | None = None, *, id: str | None = None) -> Packed:
        traveller = traveller or Traveller()
        id = id or self.new_id()
        samples = tuple(_sample(data) for data in traveller.pictures)
        facts = (self._checked(id, traveller, samples), self._recommended(id, traveller))
        return self._packed(RecordKind.ENCOUNTER, id, id, facts, samples)

    def decision(self, encounter: str, outcome: OfficerOutcome = OfficerOutcome.ADMIT) -> Packed:
        fact = DecidedFact(encounter, "joseph", self.stamp(), outcome, "face_compared", "")
        return self._packed(RecordKind.DECISION, self.new_id(), encounter, (fact,), ())

    def state(self, **changes: object) -> StateReport:
        values: dict[str, object] = {
            "kiosk": self.kiosk,
            "boot_id": BOOT,
            "at": self.stamp(),
            "online": True,
            "software": "0.1.0",
            "state": "idle",
            "policy_version": 1,
            "list_version": 7,
            "trust_version": 5,
            "outbox_depth": 3,
            "oldest_unreported_s": 12,
            "quarantined": 0,
            "last_seq": self.seq,
            "disk_free_mb": 9000,
            "devices": (("camera", "ok"), ("fingerprint", "ok")),
            "health": (("disk", "ok", "9.0 GB"), ("power", "look", "battery")),
            "direction": "arrival",
            "port": "Practice Harbour",
            "lane": "1",
        }
        return StateReport(**{**values, **changes})  # type: ignore[arg-type]

    def skip(self, records: int) -> None:
        """Write some that nobody will ever send: the chain goes on behind them."""
        for _ in range(records):
            self.encounter()

    def new_id(self) -> str:
        return uuid7(START_MS + self.seq, os.urandom(10))

    def stamp(self, clock: ClockState = ClockState.TRUSTED) -> Stamp:
        return Stamp(START_MS + 1000 * self.seq, 1000 * self.seq, BOOT, clock)

    def _packed(
        self,
        kind: RecordKind,
        id: str,
        encounter: str,
        facts: tuple[CheckedFact | RecommendedFact | DecidedFact, ...],
        samples: tuple[Sample, ...],
    ) -> Packed:
        draft = Draft(
            kiosk=self.kiosk,
            seq=self.seq + 1,
            previous=self.head,
            kind=kind,
            id=id,
            encounter=encounter,
            at=facts[0].at,
            facts=facts,
        )
        packed = pack(draft, samples, self.signer, self.centre)
        self.seq, self.head = draft.seq, packed.head
        return packed

    def _checked(self, id: str, traveller: Traveller, samples: tuple[Sample, ...]) -> CheckedFact:
        cleared = traveller.outcome is Outcome.CLEARED
        return CheckedFact(
            encounter=id,
            author=self.kiosk,
            at=self.stamp(traveller.clock),
            direction=traveller.direction,
            group=id,
            lines=(),
            lines_as_read=(),
            document=_document(traveller),
            chip=traveller.chip,
            samples=tuple(_reference(sample) for sample in samples),
            quality=(),
            findings=(
                Finding("document_expiry", Verdict.CLEAR, "document_valid", (Measure("days", 900, "d", "min 0"),)),
                Finding(
                    "face_pad",
                    Verdict.CLEAR if cleared else Verdict.REFER,
                    "bona_fide" if cleared else "attack_suspected",
                    (Measure("attack_score", 0.12 if cleared else 0.83, "", "max 0.5"),),
                ),
            ),
        )

    def _recommended(self, id: str, traveller: Traveller) -> RecommendedFact:
        cleared = traveller.outcome is Outcome.CLEARED
        return RecommendedFact(
            encounter=id,
            author="engine@1",
            at=self.stamp(traveller.clock),
            outcome=traveller.outcome,
            rules=("stay_visitor",) if cleared else ("finding_refers",),
            reasons=() if cleared else ("attack_suspected",),
            policy_version=1,
            stay_days=90 if cleared else None,
        )


def _document(traveller: Traveller) -> Mrz:
    return Mrz(
        format=Format.TD3,
        document_code="P",
        issuing_state="UTO",
        primary_identifier="SPECIMEN",
        secondary_identifier=traveller.name,
        name_truncated=False,
        document_number=traveller.number,
        nationality="UTO",
        date_of_birth=PartialDate(1990, 2, 3, True),
        sex="F",
        date_of_expiry=PartialDate(2031, 2, 3, True),
        optional_data=(),
        check_digits=(("document_number", CheckDigit.VERIFIED),),
        repairs=(),
    )


def _sample(data: bytes) -> Sample:
    is_finger = data.startswith(b"FIR\0")
    kind, media_type = (SampleKind.FINGER, MEDIA_TYPE) if is_finger else (SampleKind.FACE, "image/jpeg")
    return Sample(kind, media_type, data, hashlib.sha256(data).hexdigest(), "camera-1")


def _reference(sample: Sample) -> SampleRef:
    digest = hashlib.sha256(sample.data).hexdigest()
    return SampleRef(sample.kind, sample.media_type, digest, len(sample.data), sample.frame_sha256, sample.device)
