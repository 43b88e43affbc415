"""A kiosk's memory for tests: throw-away keys, synthetic encounters, a clock that is turned by hand."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from appliance.keys import Keys, TlsFiles
from appliance.post.journal import Journal
from appliance.post.schema import Database, open_database
from appliance.post.storage import Disk
from appliance.reporting.flights import Limits
from border.encounter import (
    CheckedFact,
    ClockState,
    Direction,
    FaceArea,
    Fact,
    Outcome,
    RecommendedFact,
    Sample,
    SampleKind,
    SampleRef,
    Stamp,
)
from border.findings import Finding, Verdict
from border.ids import uuid7
from border.messages.cose import SoftwareSigner
from border.messages.examples import CHECKED, RECOMMENDED
from border.messages.sealing import RecipientPrivate

KIOSK = "quay-1"
DEVICE_KEY, CENTRE_KEY, HQ_KEY, FOREIGN_KEY = (
    ec.derive_private_key(number, ec.SECP256R1())
    for number in range(1001, 1005)  # the same in every process
)
SEAL = RecipientPrivate(bytes(range(96)))
CENTRE = SoftwareSigner(CENTRE_KEY, "centre")
HQ = SoftwareSigner(HQ_KEY, "hq")
START_MS = 1_800_000_000_000
PLENTY = 10**12

_counter = itertools.count(1)


def keys(kiosk: str = KIOSK, tls: TlsFiles | None = None) -> Keys:
    return Keys(
        kiosk=kiosk,
        signer=SoftwareSigner(DEVICE_KEY, kiosk),
        device=DEVICE_KEY.public_key(),
        receipts=CENTRE_KEY.public_key(),
        seal=SEAL.public(),
        policy=HQ_KEY.public_key(),
        tls=tls,
    )


class HandClock:
    """Both clocks, turned by hand."""

    def __init__(self, wall_ms: int = START_MS, monotonic_s: float = 1000.0) -> None:
        self.wall = wall_ms
        self.monotonic = monotonic_s

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(self.wall / 1000, UTC)

    def monotonic_s(self) -> float:
        return self.monotonic

    def pass_s(self, seconds: float) -> None:
        self.wall += round(seconds * 1000)
        self.monotonic += seconds


def stamp(wall_ms: int = START_MS, monotonic_ms: int = 1_000_000, boot_id: str = "boot-1") -> Stamp:
    return Stamp(wall_ms, monotonic_ms, boot_id, ClockState.TRUSTED)


def new_id(wall_ms: int = START_MS) -> str:
    return uuid7(wall_ms, next(_counter).to_bytes(10, "big"))


AREA = FaceArea(200, 150, 180, 210, 640, 480)


def sample(kind: SampleKind, size: int, seed: int = 0) -> Sample:
    """Random bytes: to the journal a picture is only bytes."""
    data = random.Random(f"{kind}{size}{seed}{next(_counter)}").randbytes(size)
    return Sample(kind, "image/jpeg", data, "00" * 32, "camera", face=AREA if kind is SampleKind.FACE else None)


def reference(one: Sample) -> SampleRef:
    digest = hashlib.sha256(one.data).hexdigest()
    return SampleRef(one.kind, one.media_type, digest, len(one.data), one.frame_sha256, one.device)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One synthetic encounter, ready to be recorded."""

    id: str
    facts: tuple[Fact, ...]
    samples: tuple[Sample, ...]
    at: Stamp


def crossing(
    sizes: Sequence[tuple[SampleKind, int]] = ((SampleKind.FACE, 3000),),
    *,
    reasons: tuple[str, ...] = ("face_quality_low",),
    at: Stamp | None = None,
    kiosk: str = KIOSK,
) -> Crossing:
    """Referred for `reasons`; cleared when there are none."""
    at = at or stamp()
    id = new_id(at.wall_ms)
    samples = tuple(sample(kind, size, n) for n, (kind, size) in enumerate(sizes))
    findings = tuple(Finding(f"check_{n}", Verdict.REFER, reason) for n, reason in enumerate(reasons))
    checked: CheckedFact = replace(
        CHECKED,
        encounter=id,
        group=id,
        author=kiosk,
        at=at,
        direction=Direction.ARRIVAL,
        samples=tuple(map(reference, samples)),
        findings=findings,
    )
    recommended: RecommendedFact = replace(
        RECOMMENDED,
        encounter=id,
        at=at,
        outcome=Outcome.REFERRED if reasons else Outcome.CLEARED,
        reasons=reasons,
    )
    return Crossing(id, (checked, recommended), samples, at)


def open_journal(
    path: Path | Database,
    *,
    free: Callable[[], int] = lambda: PLENTY,
    limits: Limits | None = None,
    soft: int = 2000,
    hard: int = 1000,
    jitter: float = 0.0,
) -> Journal:
    """On real SQLite in `path`, or on a connection somebody else made."""
    database = open_database(path) if isinstance(path, Path) else path
    return Journal(database, keys(), Disk(free, soft, hard), limits=limits, jitter=lambda: jitter)
