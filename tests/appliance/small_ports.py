"""Small true ports for the real Runner: a reader, a camera, a sensor, eyes, a book of records, all without hardware."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from appliance.journey.ports import Box, FingerLook, Look
from appliance.post.storage import StorageFull
from appliance.vision.face_comparison import Embedding
from appliance.vision.screen_cues import ScreenCues
from appliance.vision.track import Sighting
from border.documents.mrz import Mrz
from border.encounter import ClockState, Fact, Sample, Stamp
from border.ids import uuid7
from border.messages.trust import Trust
from border.messages.values import AlarmKind
from border.quality import QualityComponent
from border.rules.default import DEVELOPMENT
from border.rules.policy import FaceLimits, Policy
from border.watchlist.matching import Hit
from drivers.api import FingerImage, Frame, Light, MrzText, Paper, Portrait, Progress, SensorClass, Slip
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DocumentRemoved
from simulators.passport_chip import Chip
from tests.vision.heads import sighted, turned

FACELESS = 200  # grey level
YAW_DEG = {"turn_left": 27.0, "turn_right": -27.0}
PITCH_DEG = {"lift_chin": -27.0, "lower_chin": 27.0}


class Bug(RuntimeError):
    """What a mistake of ours would raise."""


class Slot:
    """A document reader: whatever lies in `zones` is read, one after the other."""

    device = "document_reader"

    def __init__(self) -> None:
        self.zones: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self.portrait: Portrait | None = None

    def read(self, deadline: Deadline) -> MrzText:
        while self.zones.empty():
            deadline.pause(self.device, 0.01)
        return MrzText(self.zones.get(), self.device, portrait=self.portrait)

    def close(self) -> None: ...


class Window:
    """A camera of 25 frames a second, no two alike."""

    device = "camera"

    def __init__(self) -> None:
        self._shown = 0
        self.sender = self.device  # who the frames say they are from
        self.is_altered = False  # the pixels are others than those that were hashed

    def next_frame(self, deadline: Deadline) -> Frame:
        deadline.pause(self.device, 0.04)
        self._shown += 1
        pixels = np.full((48, 64, 3), self._shown % 256, np.uint8)
        pixels[0, 0] = self._shown // 256
        frame = Frame.of(pixels, time.monotonic(), self.sender)
        return replace(frame, sha256=f"{self._shown:064x}") if self.is_altered else frame

    def expose_for(self, region: tuple[int, int, int, int] | None) -> None: ...

    def close(self) -> None: ...


class Tray:
    """A reader's line (drivers.passport_reader.apdu.ChipLine) to the chip that lies on it, with knobs for mishaps.

    `removed_at`: for each reading in turn the command in whose place the chip is taken away, 0 for none; the hand
    that took it away puts it down again.
    """

    device = "chip_reader"

    def __init__(self) -> None:
        self.chip: Chip | None = None
        self.removed_at: list[int] = []
        self.is_mute = False
        self.gone = 0  # how many more looks find no reader
        self._leaves_at = self._sent = 0

    def wait(self, deadline: Deadline) -> bytes:
        if self.gone:
            self.gone -= 1
            raise DeviceGone(self.device, "pulled")
        while self.chip is None:
            deadline.pause(self.device, 0.01)
        self.chip.reset()
        self._sent = 0
        return self.chip.atr

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        deadline.check(self.device)
        self._sent += 1
        if self._sent == 1:  # a mere look at the reader is no reading
            self._leaves_at = self.removed_at.pop(0) if self.removed_at else 0
        if self._sent == self._leaves_at:
            raise DocumentRemoved(self.device, "taken away")
        while self.is_mute:
            deadline.pause(self.device, 0.01)
        assert self.chip is not None
        return self.chip.process(command)

    def let_go(self) -> None: ...

    def close(self) -> None: ...


class Glass:
    """A sensor: `finger` is what lies on it, as grey level; `when_shown` runs with every change of the light."""

    device = "fingerprint"

    def __init__(self) -> None:
        self.finger: int | None = None
        self.taken_at_s: list[float] = []
        self.when_shown: Callable[[Light], None] = lambda _light: None

    def capture(self, deadline: Deadline, progress: Progress) -> FingerImage:
        while self.finger is None:
            deadline.pause(self.device, 0.01)
        self.taken_at_s.append(time.monotonic())
        progress(1.0)
        pixels = np.full((288, 256), self.finger, np.uint8)
        return FingerImage(pixels, 500, self.device, SensorClass.OPTICAL)

    def show(self, light: Light) -> None:
        self.when_shown(light)

    def close(self) -> None: ...


class Roll:
    """A printer: `slips` came out; `error` is what it says instead, `seconds` how long a slip takes."""

    device, is_fitted = "printer", True

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self.error: DeviceError | None = None
        self.paper = Paper.ENOUGH
        self.seconds = 0.0

    def look(self, _deadline: Deadline) -> Paper:
        if self.error is not None:
            raise self.error
        return self.paper

    def print(self, slip: Slip, deadline: Deadline) -> Paper:
        self.look(deadline)
        deadline.pause(self.device, self.seconds)
        self.slips.append(slip)
        return self.paper

    def close(self) -> None: ...


@dataclass(slots=True)
class Judge:
    """Eyes that see one good face, turned as the screen asks; a finger's grey level is its quality.

    A portrait shows the same face, `apart` from it; brighter than `FACELESS`, it shows none. `swap` is how far the
    face is from itself during the turns.
    """

    front: Sighting
    asked: Callable[[], str | None]
    has_passive: bool = False
    apart: float = 0.3
    swap: float = 0.0
    attack_score: float = 0.1
    moire: float = 0.8
    passive_name: str = ""
    comparison: tuple[str, str] = (DEVELOPMENT.comparison.metric, f"{DEVELOPMENT.comparison.metric}/test")

    def portrait(self, pixels: NDArray[np.uint8]) -> Embedding | None:
        return None if pixels.mean() > FACELESS else self._moved(self.apart)

    def _moved(self, apart: float) -> Embedding:
        assert self.front.identity is not None
        values = self.front.identity.values.copy()
        values[0] += apart
        return Embedding(values)

    def look(self, _pixels: NDArray[np.uint8], limits: FaceLimits, _last_box: Box | None = None) -> Look:
        yaw, pitch = (table.get(self.asked() or "", 0.0) for table in (YAW_DEG, PITCH_DEG))
        seen = sighted(self.front, turned(self.front.mesh, yaw, pitch)) if yaw or pitch else self.front
        seen = replace(seen, identity=self._moved(self.swap if self.asked() else 0.0))
        good = tuple(QualityComponent(name, 100.0, 100.0, "test") for name, _ in limits.min_component)
        score = self.attack_score if self.has_passive else None
        return Look((), good, (10, 10, 20, 20), seen, score, (1.0,), cues=ScreenCues(self.moire, 0.0))

    def finger(
        self, pixels: NDArray[np.uint8], _pitch_ppi: int, sensor_class: str, _before: NDArray[np.uint8] | None
    ) -> FingerLook:
        value = float(pixels.mean())
        causes = () if value >= DEVELOPMENT.finger.least(sensor_class) else ("finger_dry",)
        quality = QualityComponent("finger_quality", value, value, DEVELOPMENT.finger.metric, sensor_class)
        return FingerLook(quality, causes, (), is_finger=True)


@dataclass(slots=True)
class Book:
    """The durable memory, as a list. `is_full` and `breaks_on_alarm` may be turned while it is used."""

    written: list[tuple[Sequence[Fact], Sequence[Sample]]] = field(default_factory=list)
    alarms: list[AlarmKind] = field(default_factory=list)
    is_full: bool = False
    breaks_on_alarm: bool = False

    async def record_encounter(self, facts: Sequence[Fact], samples: Sequence[Sample], _at: Stamp) -> None:
        if self.is_full:
            raise StorageFull("test")
        self.written.append((facts, tuple(samples)))

    async def has_room(self) -> bool:
        return not self.is_full

    def alarm(self, kind: AlarmKind, _detail: str) -> None:
        if self.breaks_on_alarm:
            raise Bug("the alarm cannot be raised")
        self.alarms.append(kind)


@dataclass(slots=True)
class Papers:
    """Policy, an empty and fresh watchlist, and a trust store where a test needs one."""

    policy: Policy | None = DEVELOPMENT
    trust: Trust | None = None

    def hits(self, _document: Mrz) -> tuple[Hit, ...] | None:
        return ()

    def list_age_hours(self) -> float | None:
        return 1.0

    def trust_age_hours(self) -> float | None:
        return None if self.trust is None else 1.0


class Watch:
    """Time as it is, trusted."""

    def stamp(self) -> Stamp:
        return Stamp(self._now_ms(), round(time.monotonic() * 1000), "boot", ClockState.TRUSTED)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def today(self) -> date:
        return datetime.now(UTC).date()

    def new_id(self) -> str:
        return uuid7(self._now_ms(), np.random.default_rng().bytes(16))

    @staticmethod
    def _now_ms() -> int:
        return round(datetime.now(UTC).timestamp() * 1000)
