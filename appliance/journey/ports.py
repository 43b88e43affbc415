"""What the journey needs of the rest of the appliance, as Protocols; build.py supplies them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_comparison import Embedding
from appliance.vision.screen_cues import ScreenCues
from appliance.vision.track import Sighting
from border.documents.mrz import Mrz
from border.encounter import Fact, Sample, Stamp
from border.messages.trust import Trust
from border.messages.values import AlarmKind
from border.quality import QualityComponent
from border.rules.policy import FaceLimits, Policy
from border.watchlist.matching import Hit
from drivers.api import Camera, ChipReader, DocumentReader, FillLight, FingerprintSensor, Lane, Printer

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One frame judged. `causes` are what keeps the face from being good, worst first; empty: it is good."""

    causes: tuple[str, ...]
    components: tuple[QualityComponent, ...]
    box: Box | None  # the face
    sighting: Sighting | None  # None: no face, or more than one
    attack_score: float | None  # 0 bona fide .. 1 attack; None: no passive bundle
    rank: tuple[float, ...]  # of two frames the greater is the better sample; no part is NaN
    face_level: float = math.nan  # 0..255, median of the face or of where it was last; NaN: not known
    cues: ScreenCues | None = None  # signs of a screen; None: no face


@dataclass(frozen=True, slots=True)
class FingerLook:
    """One impression judged. `causes`: hints that would make the next one better, most effective first."""

    quality: QualityComponent
    causes: tuple[str, ...]
    cues: tuple[str, ...]  # of a presentation attack, unevaluated; none says nothing
    is_finger: bool  # False: the glass shows what the impression before left there


class Eyes(Protocol):
    """Pixels to numbers; used from the vision lane alone."""

    @property
    def has_passive(self) -> bool: ...

    @property
    def passive_name(self) -> str:
        """The passive bundle with its version; "" when none is installed."""
        ...

    @property
    def comparison(self) -> tuple[str, str]:
        """The network that compares faces, and its version with the file: as a finding cites them."""
        ...

    def portrait(self, pixels: NDArray[np.uint8]) -> Embedding | None:
        """Of the one face in a document's portrait; None when there is none, or more than one."""
        ...

    def look(self, pixels: NDArray[np.uint8], limits: FaceLimits, last_box: Box | None = None) -> Look:
        """Judge a frame; `last_box` is where the face was a moment ago, so that its light is seen before any model
        looks. Raises nothing for any picture; a bug is a bug.
        """
        ...

    def finger(
        self, pixels: NDArray[np.uint8], pitch_ppi: int, sensor_class: str, before: NDArray[np.uint8] | None
    ) -> FingerLook:
        """`before`: this traveller's impression before this one. Raises nothing for any picture."""
        ...


class Records(Protocol):
    """The durable memory, as the journey needs it."""

    async def record_encounter(self, facts: Sequence[Fact], samples: Sequence[Sample], at: Stamp) -> None:
        """Returns after the commit is on the disk. Raises `StorageFull` and then nothing was written."""
        ...

    async def has_room(self) -> bool: ...

    def alarm(self, kind: AlarmKind, detail: str) -> None: ...


class Lists(Protocol):
    """Signed content in force now."""

    @property
    def policy(self) -> Policy | None: ...

    def hits(self, document: Mrz) -> tuple[Hit, ...] | None:
        """None when this kiosk has no list."""
        ...

    def list_age_hours(self) -> float | None: ...

    @property
    def trust(self) -> Trust | None:
        """Whom this kiosk believes about documents; None when it has no store."""
        ...

    def trust_age_hours(self) -> float | None: ...


class Stamps(Protocol):
    """Time for the journey."""

    def stamp(self) -> Stamp: ...

    def monotonic_s(self) -> float: ...

    def today(self) -> date:
        """The port's date, as far as the clock knows it."""
        ...

    def new_id(self) -> str:
        """A UUIDv7."""
        ...


@dataclass(frozen=True, slots=True)
class Hands:
    """The drivers of one lane."""

    reader: DocumentReader
    camera: Camera
    sensor: FingerprintSensor
    fill_light: FillLight
    lane: Lane | None = None
    chip_reader: ChipReader | None = None
    printer: Printer | None = None
