"""What a device of each kind can do, and the frozen values it hands over. No device is named here."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from drivers.deadline import Deadline

T = TypeVar("T")
Pixels = NDArray[np.uint8]
PORTRAIT_TYPES = ("image/jpeg", "image/jp2", "image/png")
Progress = Callable[[float], None]
"""Told the share done, 0.0 to 1.0, from the driver's own thread; must return at once."""


def frozen(pixels: Pixels) -> Pixels:
    """The same array, no longer writable: a value that crossed a border stays what it was."""
    pixels.setflags(write=False)
    return pixels


class PortraitSource(StrEnum):
    """Where a portrait comes from; only what a chip signed is proof of anything."""

    CHIP = "chip"  # data group 2 of Doc 9303-10
    PRINTED = "printed"  # cut out of a picture of the page


@dataclass(frozen=True, slots=True)
class Portrait:
    """The holder's face as the document carries it. `data` is a whole picture file of this media type, undecoded."""

    source: PortraitSource
    media_type: str
    data: bytes

    def __post_init__(self) -> None:
        if self.media_type not in PORTRAIT_TYPES:
            raise ValueError(f"a portrait is one of {', '.join(PORTRAIT_TYPES)}, not {self.media_type!r}")
        if not self.data:
            raise ValueError("a portrait of no bytes")

    def __repr__(self) -> str:
        return f"<portrait {self.source} {self.media_type} {len(self.data)} bytes>"  # never the picture

    @property
    def sha256(self) -> str:
        """Hex, over the bytes as the document has them."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Private(Generic[T]):
    """What must not stand in a log or an exception: it prints as its type."""

    value: T

    def __repr__(self) -> str:
        return f"Private({type(self.value).__name__})"


@dataclass(frozen=True, slots=True)
class MrzText:
    """What a document reader saw: 1 to 3 lines of `A-Z 0-9 <`; `?` marks a character it could not read.

    `doubts` is for readers that know what else they might have seen: (line, position), both from 0, and those
    characters. `portrait` is for readers that see more of the document than its zone.
    """

    lines: tuple[str, ...]
    reader: str  # device id, for the record
    doubts: tuple[tuple[tuple[int, int], str], ...] = ()
    portrait: Portrait | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= 3:
            raise ValueError(f"{len(self.lines)} lines in a machine readable zone")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One camera picture. `pixels`: height x width x 3, uint8, BGR, row-major, read-only.

    `sha256` (hex) is taken over the pixels in the driver, so that a frame swapped later is noticed.
    `metadata` may hold exposure_us, gain, lux, focus when the camera tells them. `preview`: the same moment and view,
    smaller, where the camera makes one by the way; to be shown, never to be judged.
    """

    pixels: Pixels
    captured_at_monotonic_s: float
    camera: str  # device id
    sha256: str
    metadata: dict[str, float] = field(default_factory=dict)
    preview: Pixels | None = None

    def __post_init__(self) -> None:
        for picture in (self.pixels, self.preview):
            if picture is None:
                continue
            if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
                raise ValueError(f"a frame is height x width x 3 uint8, not {picture.shape} {picture.dtype}")
            frozen(picture)

    @staticmethod
    def of(
        pixels: Pixels,
        at_monotonic_s: float,
        camera: str,
        metadata: dict[str, float] | None = None,
        preview: Pixels | None = None,
    ) -> Frame:
        digest = hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()
        return Frame(pixels, at_monotonic_s, camera, digest, metadata or {}, preview)


class SensorClass(StrEnum):
    """How a fingerprint sensor sees; quality numbers of different classes are never compared."""

    OPTICAL = "optical"
    CAPACITIVE = "capacitive"


@dataclass(frozen=True, slots=True, eq=False)
class FingerImage:
    """One plain impression. `pixels`: height x width, uint8, 0 = ridge (black), 255 = valley (white)."""

    pixels: Pixels
    pitch_ppi: int
    sensor: str  # device id
    sensor_class: SensorClass

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint8:
            raise ValueError(f"an impression is height x width uint8, not {self.pixels.shape} {self.pixels.dtype}")
        frozen(self.pixels)

    @property
    def sha256(self) -> str:
        """Hex, over the pixels; binds the sample to the sensor."""
        return hashlib.sha256(np.ascontiguousarray(self.pixels).data).hexdigest()


class Light(StrEnum):
    """What a ring or lamp tells the traveller."""

    OFF = "off"
    INVITE = "invite"  # put your finger here
    WORKING = "working"  # hold still
    DONE = "done"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class ChipKeys:
    """What opens a chip. `mrz`: document number, birth and expiry, each with its check digit (9303-11, 9.7.2);
    `can`: the number printed on the card."""

    mrz: Private[str] | None = None
    can: Private[str] | None = None

    def __post_init__(self) -> None:
        if self.mrz is None and self.can is None:
            raise ValueError("a chip needs a key")


class Access(StrEnum):
    """How the chip was opened."""

    PACE_MRZ = "pace_mrz"
    PACE_CAN = "pace_can"
    BAC = "bac"
    DENIED = "denied"  # the keys do not fit this chip: nothing was read but what lies open
    NO_PASSPORT = "no_passport"  # a chip of another kind


class Proof(StrEnum):
    """What came of asking the chip to prove that it is no copy."""

    NOT_OFFERED = "not_offered"
    NOT_KNOWN = "not_known"  # offered by a method that this driver does not speak
    PASSED = "passed"
    FAILED = "failed"


class Unread(StrEnum):
    """Why a file is not among the files."""

    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    REFUSED = "refused"  # another status
    MALFORMED = "malformed"  # no such file can be, or it is longer than any that is


@dataclass(frozen=True, slots=True)
class ChipTiming:
    """Seconds of each part, the commands sent and the bytes of all files."""

    access_s: float
    files_s: float
    proofs_s: float
    commands: int
    file_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class ChipReading:
    """What one chip said. `files`: by name (`CardAccess`, `COM`, `SOD`, `DG1`...), whole and unjudged.

    `method` names protocol, curve and cipher of the access. The proofs say that the chip holds the secret key
    of what lies in its files; whether those files are a state's word is for passive authentication to say.
    """

    reader: str  # device id
    atr: bytes
    access: Access
    method: str
    files: Mapping[str, bytes] = field(repr=False)
    unread: Mapping[str, Unread]
    pace_chip_authentication: Proof  # PACE-CAM
    chip_authentication: Proof  # version 1
    active_authentication: Proof
    timing: ChipTiming


class Lamp(StrEnum):
    """What the lamp over the lane tells whoever stands before the gate."""

    STOP = "stop"  # red
    WAIT = "wait"  # red, flashing: an officer comes
    GO = "go"  # green


@dataclass(frozen=True, slots=True)
class LaneOrder:
    """How the whole lane shall be from now on. The gate closes by itself after `gate_open_s`; 0.0: it is closed now.

    Whatever fails (the host, the line, the controller, this process) leaves the gate closed and the lamp at STOP.
    """

    lamp: Lamp
    gate_open_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.gate_open_s < math.inf:  # also refuses NaN
            raise ValueError(f"a gate stands open for seconds >= 0, not {self.gate_open_s}")
        if self.gate_open_s and self.lamp is not Lamp.GO:
            raise ValueError(f"a gate that opens under the lamp {self.lamp}")


@dataclass(frozen=True, slots=True)
class LaneState:
    """How the lane is. `tampered_at_monotonic_s`: when the housing was opened, None while the latch is not set, and
    -inf for a latch whose time nobody knows (it may be from before this process, even from before a loss of power).
    """

    lamp: Lamp
    gate_is_open: bool
    headset_is_in: bool
    tampered_at_monotonic_s: float | None


class Happening(StrEnum):
    """What a lane tells of its own accord."""

    BUTTON = "button"  # somebody pressed for help
    TAMPER = "tamper"  # the housing was opened; once each; a latch found set when the device is opened is told again
    GATE_OPENED = "gate_opened"
    GATE_CLOSED = "gate_closed"
    HEADSET_IN = "headset_in"
    HEADSET_OUT = "headset_out"
    RESTARTED = "restarted"  # the controller began anew; `detail` says why
    FIRMWARE = "firmware"  # the controller was offered a new one; `detail` says what came of it


@dataclass(frozen=True, slots=True)
class LaneEvent:
    """One happening, stamped where it was noticed."""

    happening: Happening
    at_monotonic_s: float
    lane: str  # device id
    detail: str = ""


class LineStyle(StrEnum):
    """How a line of a slip stands out."""

    PLAIN = "plain"
    STRONG = "strong"
    LARGE = "large"  # twice as wide and high, in the middle


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One line as it should be read; the printer breaks it where its paper ends."""

    text: str
    style: LineStyle = LineStyle.PLAIN


@dataclass(frozen=True, slots=True)
class Slip:
    """What a traveller takes away on paper. `code`: printed as a QR code under the lines; empty: none."""

    lines: tuple[SlipLine, ...] = field(repr=False)  # whose they are is nobody's business in a log
    code: str = field(default="", repr=False)


class Paper(StrEnum):
    """How much of the roll is left."""

    ENOUGH = "enough"
    LOW = "low"  # prints still; somebody should bring a roll


Sign = Callable[[bytes], bytes]
"""ECDSA over P-256 with SHA-256 by the kiosk's own key: r and s, 32 bytes each."""


class ChipReader(Protocol):
    """Reads the chip of whatever document lies on it."""

    @property
    def device(self) -> str: ...

    def read(self, keys: ChipKeys, deadline: Deadline, progress: Progress) -> ChipReading:
        """Wait for a chip, open it, read it. Raises `DeviceError`; `DocumentRemoved`: put it down again.

        The first word of progress, 0.0, says that a chip was found.
        """
        ...

    def lies_there(self, deadline: Deadline) -> bool:
        """Whether a chip lies on the reader now. Raises `DeviceError`: the reader itself is away."""
        ...

    def close(self) -> None: ...


class DocumentReader(Protocol):
    """Reads the machine readable zone of whatever document is put to it."""

    @property
    def device(self) -> str: ...

    def read(self, deadline: Deadline) -> MrzText:
        """Wait for the next document. Raises `DeviceError`; after `DeviceGone` the next call opens again."""
        ...

    def close(self) -> None:
        """Let go of the device; safe to call twice."""
        ...


class Camera(Protocol):
    """A stream of pictures; only the newest one counts (a queue of one that drops the old)."""

    @property
    def device(self) -> str: ...

    def next_frame(self, deadline: Deadline) -> Frame:
        """A frame captured after the previous one returned. Raises `DeviceError`, also when frames stall."""
        ...

    def expose_for(self, region: tuple[int, int, int, int] | None) -> None:
        """Steer exposure by this x, y, width, height in pixels (a face); None: the whole picture."""
        ...

    def close(self) -> None: ...


class FillLight(Protocol):
    """A lamp beside the camera that lights a face from the front."""

    @property
    def device(self) -> str: ...

    @property
    def is_fitted(self) -> bool:
        """False: this kiosk has no such lamp, and nobody waits for its effect."""
        ...

    def shine(self, level: float, deadline: Deadline) -> None:
        """From now on at 0.0 (dark) to 1.0 (all it has), without flicker. Raises `DeviceError`."""
        ...

    def close(self) -> None: ...


class Lane(Protocol):
    """Lamp, gate, button, tamper switch and headset jack. One thread gives orders, another may wait for events."""

    @property
    def device(self) -> str: ...

    @property
    def is_fitted(self) -> bool:
        """False: this kiosk has no such lane, and nobody waits for its events."""
        ...

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        """Bring the lane to this and say how it is then. Raises `DeviceError`; `DeviceRefused`: open for too long."""
        ...

    def next_event(self, deadline: Deadline) -> LaneEvent:
        """The oldest event not yet handed over. Raises `DeviceError`; `DeviceTimeout`: nothing has happened."""
        ...

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None:
        """Clear the latch, for somebody who has looked. A lane with a controller of its own has its challenge signed,
        and clears nothing without. Raises `DeviceError`; `DeviceRefused`: not by this key."""
        ...

    def close(self) -> None:
        """Gate closed, lamp at STOP, device let go; safe to call twice."""
        ...


class Printer(Protocol):
    """Prints one slip at a time and cuts it off."""

    @property
    def device(self) -> str: ...

    @property
    def is_fitted(self) -> bool:
        """False: this kiosk has no printer, and no slip is offered."""
        ...

    def look(self, deadline: Deadline) -> Paper:
        """Whether it could print now. Raises `DeviceError`: `PaperOut`, `CoverOpen`, `DeviceRefused`: its own fault."""
        ...

    def print(self, slip: Slip, deadline: Deadline) -> Paper:
        """Returns when the slip is cut off. Raises `DeviceError`; nothing of this slip is printed later then."""
        ...

    def close(self) -> None: ...


class FingerprintSensor(Protocol):
    """Takes one impression at a time."""

    @property
    def device(self) -> str: ...

    def capture(self, deadline: Deadline, progress: Progress) -> FingerImage:
        """Wait for a finger and read its image. Raises `DeviceError`."""
        ...

    def show(self, light: Light) -> None:
        """Set the ring; a sensor without one only proves that it is there. Raises `DeviceError`."""
        ...

    def close(self) -> None: ...
