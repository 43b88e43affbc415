"""The devices on their lanes, and how each one is: ready, or the code of what it last failed with."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from appliance.journey.ports import Hands
from appliance.lane import Lane
from drivers.api import (
    ChipKeys,
    ChipReader,
    ChipReading,
    FingerImage,
    Frame,
    Happening,
    LaneEvent,
    LaneOrder,
    LaneState,
    Light,
    MrzText,
    Paper,
    Printer,
    Progress,
    Sign,
    Slip,
)
from drivers.api import Lane as Gate
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceRefused, DeviceTimeout, DocumentRemoved

T = TypeVar("T")

log = logging.getLogger(__name__)

READY = "ready"
PAPER_LOW = "DEV-LOW"
"""Of a printer that prints still: somebody should bring a roll."""
LIGHT_S = 6.0
"""Longer than a driver's own patience with a light, so that its silence is not taken for an empty glass."""


class Nobody(Exception):
    """The whole time passed and nobody presented anything: not a fault of the device."""


READER, CAMERA, SENSOR, FILL_LIGHT, CHIP = "document_reader", "camera", "fingerprint", "fill_light", "chip_reader"
CHIP_S = 2.0
"""Longer than a look at an empty reader takes."""
LANE, LANE_EVENTS = "lane", "lane_events"
LANE_S = 3.0
CLEAR_S = 20.0  # a controller takes a second or two to check a signature; a TPM as long to make one
PRINTER = "printer"
PRINTER_S = 4.0
"""Longer than a printer's own patience with a question."""
WAITS_FOR_PEOPLE = (READER, SENSOR, LANE_EVENTS)
"""Their silence to the end of the time is nobody's fault."""
FILL_S = 1.5
"""Longer than a lamp's own patience; a picture waits so long at most, and only when the level changes."""


class LaneTampered:
    """What the lane's health says while its latch is set: the device is well, and somebody had its housing open."""

    code = "DEV-TAMPER"


class Devices:
    """Awaitable calls to the drivers, one lane each; remembers every device's health."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        fitted = {FILL_LIGHT: hands.fill_light, PRINTER: hands.printer, LANE: hands.lane}
        more = [name for name, device in fitted.items() if device is not None and device.is_fitted]
        more += [LANE_EVENTS] if LANE in more else []
        more += [CHIP] if hands.chip_reader is not None else []
        self._lanes = {name: Lane(name) for name in (READER, CAMERA, SENSOR, *more)}
        self._health = {name: READY for name in self._lanes if name != LANE_EVENTS}
        self.lane_is_latched = False
        self._fill_level = 0.0
        self._is_exposing = False

    @property
    def health(self) -> tuple[tuple[str, str], ...]:
        """(device, code); a lane whose latch is set says so as long as nothing worse is to be said."""
        tampered = self.lane_is_latched and self._health[LANE] == READY
        return tuple((self._health | ({LANE: LaneTampered.code} if tampered else {})).items())

    @property
    def are_ready(self) -> bool:
        return all(code in (READY, PAPER_LOW) for code in self._health.values())

    @property
    def lanes(self) -> tuple[Lane, ...]:
        return tuple(self._lanes.values())

    async def read_document(self, seconds: float) -> MrzText:
        return await self._call(READER, self._hands.reader.read, seconds)

    @property
    def has_chip_reader(self) -> bool:
        return self._hands.chip_reader is not None

    async def read_chip(self, keys: ChipKeys, seconds: float, progress: Progress) -> ChipReading:
        """Wait for a chip and read it. A document that is taken away is no fault of the reader."""
        return await self._call(CHIP, lambda deadline: self._chips.read(keys, deadline, progress), seconds)

    @property
    def _chips(self) -> ChipReader:
        assert self._hands.chip_reader is not None, "no chip is asked for without a reader"
        return self._hands.chip_reader

    async def next_frame(self, seconds: float) -> Frame:
        return await self._call(CAMERA, self._hands.camera.next_frame, seconds)

    async def expose_for(self, box: tuple[int, int, int, int] | None) -> None:
        """Steer the exposure. A camera takes the wish and may be gone all the same: it proves no health."""
        self._is_exposing, known = box is not None, self._health[CAMERA]
        await self._call(CAMERA, lambda _deadline: self._hands.camera.expose_for(box), 2.0)
        self._health[CAMERA] = known

    async def rest(self) -> None:
        """Nobody stands before the camera: it exposes for the whole picture again, and the lamp is dark."""
        if self._is_exposing:
            await self.expose_for(None)
        await self.fill(0.0)

    async def capture_finger(self, seconds: float, progress: Progress) -> FingerImage:
        return await self._call(SENSOR, lambda deadline: self._hands.sensor.capture(deadline, progress), seconds)

    async def light(self, light: Light) -> None:
        """Set the ring; a ring that does not answer is seen in the health, and nobody waits for it."""
        try:
            await self._call(SENSOR, lambda _deadline: self._hands.sensor.show(light), LIGHT_S)
        except DeviceError:
            return

    async def fill(self, level: float) -> None:
        """Set the fill light if it shines otherwise; one that fails is seen in the health, and nobody waits for it."""
        if level == self._fill_level or not self._hands.fill_light.is_fitted:
            return
        self._fill_level = level
        try:
            await self._call(FILL_LIGHT, lambda deadline: self._hands.fill_light.shine(level, deadline), FILL_S)
        except DeviceError:
            return

    @property
    def has_printer(self) -> bool:
        return PRINTER in self._lanes

    async def print_slip(self, slip: Slip, seconds: float) -> None:
        """Until it is cut off. Raises `DeviceError`; nothing of this slip is printed later then."""
        self._has_paper(await self._call(PRINTER, lambda deadline: self._printer.print(slip, deadline), seconds))

    async def _look_at_printer(self) -> None:
        self._has_paper(await self._call(PRINTER, self._printer.look, PRINTER_S))

    def _has_paper(self, paper: Paper) -> None:
        self._health[PRINTER] = PAPER_LOW if paper is Paper.LOW else READY

    @property
    def _printer(self) -> Printer:
        assert self._hands.printer is not None, "nothing is printed without a printer"
        return self._hands.printer

    @property
    def has_lane(self) -> bool:
        return LANE in self._lanes

    async def order_lane(self, order: LaneOrder) -> LaneState:
        """Bring lamp and gate to this. Raises `DeviceError`."""
        state = await self._call(LANE, lambda deadline: self._gate.obey(order, deadline), LANE_S)
        self.lane_is_latched = state.tampered_at_monotonic_s is not None
        return state

    async def next_lane_event(self, seconds: float) -> LaneEvent:
        """Raises `Nobody` when nothing happens, and `DeviceError`; either says how the lane is."""
        event = await self._call(LANE_EVENTS, self._gate.next_event, seconds)
        self.lane_is_latched |= event.happening is Happening.TAMPER
        return event

    async def clear_lane(self, sign: Sign) -> None:
        """End the tamper latch. Raises `DeviceError`; `DeviceRefused`: the lane is well and does not take this word."""
        known = self._health[LANE]
        try:
            await self._call(LANE, lambda deadline: self._gate.clear_tamper(sign, deadline), CLEAR_S)
        except DeviceRefused:
            self._health[LANE] = known
            raise
        self.lane_is_latched = False

    @property
    def _gate(self) -> Gate:
        assert self._hands.lane is not None, "nothing happens without a lane"
        return self._hands.lane

    async def probe(self) -> None:
        """Ask each device whether it is there, while nobody uses them; a mere time-out means it is."""
        await asyncio.gather(
            self._probe(self.read_document(0.3)),
            self._probe(self.next_frame(3.0)),
            self._probe(self._call(SENSOR, lambda _deadline: self._hands.sensor.show(Light.OFF), LIGHT_S)),
            *(self._probe(self._call(FILL_LIGHT, self._dark, FILL_S)) for _ in self._lanes.keys() & {FILL_LIGHT}),
            *(self._probe(self._call(CHIP, self._lies_there, CHIP_S)) for _ in self._lanes.keys() & {CHIP}),
            *(self._probe(self._look_at_printer()) for _ in self._lanes.keys() & {PRINTER}),
        )

    def _lies_there(self, deadline: Deadline) -> bool:
        return self._chips.lies_there(deadline)

    def _dark(self, deadline: Deadline) -> None:
        self._hands.fill_light.shine(0.0, deadline)

    @staticmethod
    async def _probe(asked: Awaitable[object]) -> None:
        try:
            await asked
        except Nobody:
            return  # silence is what a reader without a document says
        except DeviceError:
            return  # the health already says it

    async def _call(self, name: str, work: Callable[[Deadline], T], seconds: float) -> T:
        began_s, proves = time.monotonic(), LANE if name == LANE_EVENTS else name
        try:
            answer = await self._lanes[name].call(work, seconds)
        except Cancelled:
            raise
        except DeviceTimeout as error:
            if name in WAITS_FOR_PEOPLE and time.monotonic() - began_s >= seconds - 0.05:
                self._health[proves] = READY
                raise Nobody from None
            self._fails(proves, error)  # gave up early: the device itself is silent
            raise
        except DocumentRemoved:
            self._health[name] = READY
            raise
        except DeviceError as error:
            self._fails(proves, error)
            raise
        self._health[proves] = READY
        return answer

    def _fails(self, name: str, error: DeviceError) -> None:
        """The board has the code; the log, once, what stands behind it. No device's words hold anything personal."""
        if self._health[name] != error.code:
            log.warning("%s", error)
        self._health[name] = error.code

    def close(self) -> None:
        hands = self._hands
        others = (hands.fill_light, hands.printer, hands.lane, hands.chip_reader)
        for device in (hands.reader, hands.camera, hands.sensor, *others):
            if device is not None:
                device.close()
        for lane in self._lanes.values():
            lane.close()
