"""ZFM-20, R30x and R503 fingerprint modules on a serial line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from drivers.api import FingerImage, Light, Progress, SensorClass
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceRefused, DeviceTimeout, WireCorrupt
from drivers.fingerprint.zfm_wire import Code, Kind, Packet, Status, command, expand, packet_reader, said
from drivers.line import SerialLine

REPLY_S = 1.0
PROBE_S = 0.5  # a module that answers at this speed does so in milliseconds
CAPTURE_REPLY_S = 2.5  # GenImg itself blocks for 0.3 to 1 s
PACKET_S = 1.0  # a 139-byte packet takes 24 ms at 57600 baud
LIGHT_S = 4.0
IDLE_S = 0.3  # silence that ends an upload gone wrong; also longer than an R503 needs to wake up
POLL_S = 0.05
UPLOADS = 4  # a line that loses bytes four times in a row needs a technician, not patience
SENDS = 3  # the same for commands that the module cannot read
FAST_BAUD = 115200
SPEEDS = (57600, FAST_BAUD, 9600, 19200, 38400)  # where a module may be found, the likeliest first
BAUD_REGISTER, BAUD_STEP, BAUD_STEPS = 4, 9600, 12
PARAMETER_BYTES = 16
AGAIN = {Status.UPLOAD_FAILED, Status.NO_IMAGE}  # what may go better the next time
# mode (1 breathe, 2 flash, 3 on, 4 off), speed, colour (1 red, 2 blue, 3 purple: all firmwares have these), times
LIGHTS = {
    Light.OFF: bytes([4, 0, 1, 0]),
    Light.INVITE: bytes([1, 100, 2, 0]),
    Light.WORKING: bytes([3, 0, 3, 0]),
    Light.DONE: bytes([3, 0, 2, 0]),
    Light.PROBLEM: bytes([2, 50, 1, 0]),
}


class Lamp(Enum):
    """What a module shows by itself."""

    NONE = auto()
    BACKLIGHT = auto()  # of the glass: on or off
    RING = auto()


@dataclass(frozen=True, slots=True)
class Model:
    """What differs inside the family. Sizes in pixels."""

    width: int
    height: int
    pitch_ppi: int
    sensor_class: SensorClass
    lamp: Lamp


ZFM_20 = Model(256, 288, 500, SensorClass.OPTICAL, Lamp.NONE)
R503 = Model(192, 192, 508, SensorClass.CAPACITIVE, Lamp.RING)


class ZfmSensor:
    """One module. `fast`: move it to 115200 baud, else to the line's own speed, when it lets itself be moved."""

    def __init__(self, device: str, line: SerialLine, model: Model, *, fast: bool = True, password: int = 0) -> None:
        self._device = device
        self._line = line
        self._model = model
        self._found_baud = line.baud
        self._wanted_baud = FAST_BAUD if fast else line.baud
        self._password = password.to_bytes(4, "big")
        self._packets = packet_reader(device)
        self._in_step = False  # whether the next answer can only be to the next question

    @property
    def device(self) -> str:
        return self._device

    def capture(self, deadline: Deadline, progress: Progress) -> FingerImage:
        """Wait for a finger, take and read its image. Raises `DeviceError`."""
        with self._connected(deadline):
            self._wait_for_finger(deadline)
            nibbles = self._upload(deadline, progress)
        model = self._model
        pixels = expand(nibbles, width=model.width, height=model.height)
        return FingerImage(pixels, model.pitch_ppi, self._device, model.sensor_class)

    def show(self, light: Light) -> None:
        """Set ring or backlight; a module without either only answers that it is there. Raises `DeviceError`."""
        deadline = Deadline(LIGHT_S)
        with self._connected(deadline):
            if self._model.lamp is Lamp.RING:
                self._expect_ok(Code.AURA_LED, LIGHTS[light], deadline)
            elif self._model.lamp is Lamp.BACKLIGHT:
                self._expect_ok(Code.CLOSE_LED if light is Light.OFF else Code.OPEN_LED, b"", deadline)
            else:
                self._fence(deadline)

    def close(self) -> None:
        self._in_step = False
        self._line.close()

    @contextmanager
    def _connected(self, deadline: Deadline) -> Iterator[None]:
        """In step with the module inside; out of step after anything but success or a plain no."""
        deadline.check(self._device)
        in_step, self._in_step = self._in_step, False
        if not in_step:
            self._connect(deadline)
        try:
            yield
        except DeviceRefused:
            self._in_step = True
            raise
        self._in_step = True

    def _connect(self, deadline: Deadline) -> None:
        self._line.drain_until_idle(deadline, IDLE_S)
        speeds = tuple(dict.fromkeys((self._found_baud, self._wanted_baud, *SPEEDS)))
        for baud in speeds:
            self._line.set_baud(baud)
            if self._answers(deadline):
                break
        else:
            raise DeviceTimeout(self._device, f"silent at {', '.join(map(str, speeds))} baud")
        if self._line.baud != self._wanted_baud:
            self._change_speed(deadline)

    def _answers(self, deadline: Deadline) -> bool:
        """Whether the module answers at this speed; if so, it is unlocked and in step."""
        try:
            status = self._ask(Code.VFY_PWD, self._password, deadline, reply_s=PROBE_S)
            if status == Status.WRONG_PASSWORD:
                raise self._refusal(Code.VFY_PWD, status)
            self._fence(deadline)  # any other status may have been an older answer
            self._found_baud = self._line.baud
        except (DeviceTimeout, WireCorrupt):
            deadline.check(self._device)
            return False
        return True

    def _fence(self, deadline: Deadline) -> None:
        """Ask for the only answer of 17 bytes; the module answers in order, so no older answer can follow it."""
        self._send(Code.READ_SYS_PARA, b"", deadline)
        soon = deadline.within(REPLY_S)
        other = int(Status.OK)
        while True:
            try:
                packet = self._next_packet(soon)
            except DeviceTimeout:
                deadline.check(self._device)
                if other == Status.OK:
                    raise
                raise self._refusal(Code.READ_SYS_PARA, other) from None
            if packet.kind is Kind.ACK and len(packet.payload) == 1 + PARAMETER_BYTES:
                return
            other = packet.payload[0] if packet.kind is Kind.ACK else other
            if other in (Status.WRONG_PASSWORD, Status.PASSWORD_WANTED):
                raise self._refusal(Code.READ_SYS_PARA, other)

    def _change_speed(self, deadline: Deadline) -> None:
        """Move to the speed that is wanted; a module that will not or cannot stays where it answers."""
        steps, rest = divmod(self._wanted_baud, BAUD_STEP)
        if rest or not 1 <= steps <= BAUD_STEPS:
            return
        before = self._line.baud
        try:
            self._ask(Code.SET_SYS_PARA, bytes([BAUD_REGISTER, steps]), deadline)
        except (DeviceTimeout, WireCorrupt):
            deadline.check(self._device)  # some firmwares acknowledge at the new speed already
        for baud in (self._wanted_baud, before, self._wanted_baud):  # it may still have been busy with the change
            self._line.set_baud(baud)
            if self._answers(deadline):
                return
        raise DeviceTimeout(self._device, "silent after the change of speed")

    def _wait_for_finger(self, deadline: Deadline) -> None:
        while True:
            status = self._ask(Code.GEN_IMG, b"", deadline, reply_s=CAPTURE_REPLY_S)
            if status == Status.OK:
                return
            if status not in (Status.NO_FINGER, Status.CAPTURE_FAILED):
                raise self._refusal(Code.GEN_IMG, status)
            deadline.pause(self._device, POLL_S)

    def _upload(self, deadline: Deadline, progress: Progress) -> bytes:
        """The image the module holds; the protocol repeats nothing, so a lost byte means once more from the start."""
        rising = _rising(progress)
        for attempt in range(UPLOADS):
            if attempt:
                self._line.drain_until_idle(deadline, IDLE_S)
            try:
                return self._upload_once(deadline, rising)
            except (WireCorrupt, DeviceTimeout) as error:
                deadline.check(self._device)
                failure: DeviceError = error
        raise failure

    def _upload_once(self, deadline: Deadline, progress: Progress) -> bytes:
        self._expect_ok(Code.UP_IMAGE, b"", deadline)
        wanted = self._model.width * self._model.height // 2
        image = bytearray()
        last = False
        while not last:
            packet = self._next_packet(deadline.within(PACKET_S))
            if packet.kind not in (Kind.DATA, Kind.LAST_DATA):
                raise WireCorrupt(self._device, f"a packet of kind {packet.kind.name} inside an image")
            last = packet.kind is Kind.LAST_DATA
            image += packet.payload
            if len(image) > wanted:
                break
            progress(len(image) / wanted)
        if len(image) != wanted:
            raise WireCorrupt(self._device, f"an image of {len(image)} bytes instead of {wanted}")
        return bytes(image)

    def _expect_ok(self, code: Code, payload: bytes, deadline: Deadline) -> None:
        status = self._ask(code, payload, deadline)
        if status != Status.OK:
            raise self._refusal(code, status)

    def _refusal(self, code: Code, status: int) -> DeviceError:
        kind = WireCorrupt if status in AGAIN else DeviceRefused
        return kind(self._device, f"{code.name}: {said(status)}")

    def _ask(self, code: Code, payload: bytes, deadline: Deadline, *, reply_s: float = REPLY_S) -> int:
        """The status answered, after asking again where the command arrived damaged.

        All that is asked this way is answered by a status byte and nothing else.
        """
        for _ in range(SENDS):
            status = self._asked_once(code, payload, deadline.within(reply_s))
            if status != Status.PACKET_ERROR:
                break
        return status

    def _asked_once(self, code: Code, payload: bytes, soon: Deadline) -> int:
        self._send(code, payload, soon)
        while True:
            packet = self._next_packet(soon)
            if packet.kind is Kind.ACK and len(packet.payload) == 1:
                return packet.payload[0]

    def _send(self, code: Code, payload: bytes, deadline: Deadline) -> None:
        self._line.drain()  # an answer that came too late must not answer this
        self._packets = packet_reader(self._device)
        self._line.send(command(code, payload), deadline)

    def _next_packet(self, deadline: Deadline) -> Packet:
        while (packet := self._packets.next_frame()) is None:
            self._packets.feed(self._line.receive(deadline))
        return packet


def _rising(progress: Progress) -> Progress:
    """The same listener, never told less than before: a repeated upload starts again from nothing."""
    highest = -1.0

    def tell(share: float) -> None:
        nonlocal highest
        if share > highest:
            highest = share
            progress(share)

    return tell
