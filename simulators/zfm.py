"""A ZFM-20 or R503 fingerprint module as seen from the host, written from the data sheet.

The module keeps its speed over a power cycle and is deaf to another; with `throttle` an upload takes its true time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulators.faults import Faults
from simulators.pty_wire import PtyWire
from simulators.zfm_library import CAPACITY, Library

GREY = NDArray[np.uint8]
START, EVERY_ADDRESS = b"\xef\x01", b"\xff\xff\xff\xff"
ZFM_20_SIZE = (256, 288)
R503_SIZE = (192, 192)
COMMAND, DATA, ACK, LAST_DATA = 0x01, 0x02, 0x07, 0x08
OK, PACKET_ERROR, NO_FINGER, CAPTURE_FAILED = 0x00, 0x01, 0x02, 0x03
NO_BUFFER, WRONG_PASSWORD, NO_IMAGE, BAD_REGISTER, PASSWORD_WANTED = 0x0D, 0x13, 0x15, 0x1A, 0x21
HANDSHAKE = AWAKE = 0x55
TRUE_CAPTURE_S, QUICK_CAPTURE_S = 0.3, 0.01
SYSTEM_ID = 0x0009


class SpeedChange(StrEnum):
    """What a firmware does when told to speak faster."""

    OBEYS = "obeys"
    REFUSES = "refuses"  # says no
    PRETENDS = "pretends"  # says yes and stays


class ZfmSim:
    """One module on a pty. `path` is its address; `faults` its knobs; `place` and `lift` move the finger."""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int] = ZFM_20_SIZE,
        throttle: bool = False,
        baud: int = 57600,
        password: bytes = bytes(4),
        faults: Faults | None = None,
    ) -> None:
        self.width, self.height = size
        self.baud = baud
        self.password = password
        self.faults = faults or Faults()
        self.has_ring = size == R503_SIZE
        self.has_lamp = not self.has_ring  # the glass is lit from below, and may be by command
        self.speed_change = SpeedChange.OBEYS
        self.address = EVERY_ADDRESS
        self.library = Library()
        self.ring = bytes(4)  # mode, speed, colour, times as last set
        self.lamp = False
        self.asked: list[int] = []  # instruction codes understood, newest last
        self.packet_bytes = 128
        self.forget_last_packets = 0  # so many packets at the end of the next image are never sent
        self.mishear_commands = 0  # so many commands arrive damaged
        self.chatter = b""  # what it says before each answer without being asked
        self.refuses: dict[int, int] = {}  # instruction code to the confirmation code it always gets
        self.residue: GREY | None = None  # what is left on the glass when the finger is lifted: a print of grease
        self.grain_levels = 0.0  # noise of the sensor, on top of what is placed
        self.stuck_columns: tuple[int, ...] = ()  # of the picture, that show nothing
        self._finger: GREY | None = None
        self._held: bytes | None = None  # 4-bit image in the module's memory
        self._unlocked = not any(password)
        self._received = b""
        self._coming: tuple[Callable[[bytes], None], bytes] | None = None  # what takes data packets, and those so far
        self._dice = random.Random(7)
        self._grain = np.random.default_rng(7)
        self._wire = PtyWire(path, self._hear, self.faults, throttle=throttle)
        self._wire.replug()

    @property
    def path(self) -> Path:
        return self._wire.path

    @property
    def throttle(self) -> bool:
        return self._wire.throttle

    @throttle.setter
    def throttle(self, honest: bool) -> None:
        self._wire.throttle = honest

    def place(self, finger: GREY) -> None:
        """Put this impression on the glass: height x width, uint8, 0 = ridge. Only the high 4 bits are seen."""
        if finger.shape != (self.height, self.width) or finger.dtype != np.uint8:
            raise ValueError(f"the glass is {self.height} x {self.width} uint8, not {finger.shape} {finger.dtype}")
        self._finger = finger.copy()

    def lift(self) -> None:
        self._finger = None

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        """Comes back as after power-up: no image held, locked again; an R503 says that it is awake."""
        self._forget()
        self._received = b""
        self._wire.replug()
        if self.has_ring:
            self._wire.say(bytes([AWAKE]), baud=self.baud, after_s=0.05)

    def close(self) -> None:
        self._wire.close()

    def _forget(self) -> None:
        self._held, self._coming = None, None
        self.library.buffers.clear()
        self._unlocked = not any(self.password)

    def _hear(self, data: bytes) -> None:
        if self._wire.host_baud() != self.baud:
            return
        self._received += data
        while (at := self._received.find(START)) >= 0 and len(self._received) >= at + 9:
            whole = at + 9 + int.from_bytes(self._received[at + 7 : at + 9], "big")
            if len(self._received) < whole:
                return
            packet, self._received = self._received[at:whole], self._received[whole:]
            self._take(packet)

    def _take(self, packet: bytes) -> None:
        address, kind, payload, check = packet[2:6], packet[6], packet[9:-2], packet[-2:]
        if address != self.address:
            return
        is_damaged, self.mishear_commands = self.mishear_commands > 0, max(0, self.mishear_commands - 1)
        if is_damaged or not payload or sum(packet[6:-2]) & 0xFFFF != int.from_bytes(check, "big"):
            self._acknowledge(PACKET_ERROR)
        elif kind in (DATA, LAST_DATA) and self._coming is not None:
            self._collect(kind, payload)
        elif kind == COMMAND:
            self.asked.append(payload[0])
            self._coming = None
            self._obey(payload[0], payload[1:])
        else:
            self._acknowledge(PACKET_ERROR)

    def _collect(self, kind: int, payload: bytes) -> None:
        assert self._coming is not None
        done, so_far = self._coming
        self._coming = (done, so_far + payload) if kind == DATA else None
        if kind == LAST_DATA:
            done(so_far + payload)

    def _obey(self, code: int, data: bytes) -> None:
        if not self._unlocked and code != 0x13:
            self._acknowledge(PASSWORD_WANTED)
            return
        if code in self.refuses:
            self._acknowledge(self.refuses[code])
            return
        act, size = self._acts().get(code, (None, 0))
        if act is None or len(data) != size:
            self._acknowledge(PACKET_ERROR)
        else:
            act(data)

    def _acts(self) -> dict[int, tuple[Callable[[bytes], None], int]]:
        """What each instruction does, and how many bytes it wants."""
        acts: dict[int, tuple[Callable[[bytes], None], int]] = {
            0x01: (lambda _: self._capture(), 0),
            0x02: (self._extract, 1),
            0x03: (lambda _: self._tell(*self.library.match()), 0),
            0x04: (self._search, 5),
            0x05: (lambda _: self._acknowledge(self.library.merge()), 0),
            0x06: (lambda data: self._acknowledge(self.library.store(data[0], _word(data[1:]))), 3),
            0x07: (lambda data: self._acknowledge(self.library.load(data[0], _word(data[1:]))), 3),
            0x08: (self._upload_template, 1),
            0x09: (self._await_template, 1),
            0x0A: (lambda _: self._upload(), 0),
            0x0B: (lambda _: self._await_image(), 0),
            0x0C: (lambda data: self._acknowledge(self.library.delete(_word(data[:2]), _word(data[2:]))), 4),
            0x0D: (lambda _: self._empty(), 0),
            0x0E: (self._set_parameter, 2),
            0x0F: (lambda _: self._tell_parameters(), 0),
            0x12: (self._set_password, 4),
            0x13: (self._unlock, 4),
            0x14: (lambda _: self._acknowledge(OK, self._dice.randbytes(4)), 0),
            0x15: (self._set_address, 4),
            0x1B: (self._search, 5),
            0x1D: (lambda _: self._tell(OK, len(self.library.pages)), 0),
            0x1F: (lambda data: self._acknowledge(OK, self.library.index(data[0])), 1),
            0x36: (lambda _: self._acknowledge(OK), 0),
            0x3D: (lambda _: self._reset(), 0),
            0x40: (lambda _: self._acknowledge(HANDSHAKE), 0),
            0x53: (lambda _: self._acknowledge(HANDSHAKE), 0),
        }
        if self.has_ring:
            acts[0x35] = (self._set_ring, 4)
        if self.has_lamp:
            acts |= {0x50: (lambda _: self._set_lamp(True), 0), 0x51: (lambda _: self._set_lamp(False), 0)}
        return acts

    def _capture(self) -> None:
        finger = self.residue if self._finger is None else self._finger
        self._held = None if finger is None else _packed(self._seen(finger))
        after_s = TRUE_CAPTURE_S if self.throttle else QUICK_CAPTURE_S
        self._acknowledge(NO_FINGER if finger is None else OK, after_s=after_s)

    def _seen(self, finger: GREY) -> GREY:
        """Through the sensor's own faults."""
        grain = self._grain.normal(0, 1, finger.shape) * self.grain_levels
        seen = np.clip(finger + grain, 0, 255).astype(np.uint8)
        seen[:, list(self.stuck_columns)] = 0
        return seen

    def _extract(self, data: bytes) -> None:
        if self._held is None:
            self._acknowledge(NO_IMAGE)
        else:
            self._acknowledge(self.library.extract(_unpacked(self._held, self.width), data[0]))

    def _search(self, data: bytes) -> None:
        self._tell(*self.library.search(data[0], _word(data[1:3]), _word(data[3:5])))

    def _upload_template(self, data: bytes) -> None:
        if data[0] not in self.library.buffers:
            self._acknowledge(NO_BUFFER)
        else:
            self._acknowledge(OK)
            self._send_data(self.library.buffers[data[0]])

    def _await_template(self, data: bytes) -> None:
        buffer = data[0]
        self._coming = (lambda whole: self.library.buffers.update({buffer: whole}), b"")
        self._acknowledge(OK)

    def _upload(self) -> None:
        if self._held is None:
            self._acknowledge(NO_IMAGE)
            return
        self._acknowledge(OK)
        unsent, self.forget_last_packets = self.forget_last_packets, 0
        self._send_data(self._held, unsent)

    def _await_image(self) -> None:
        self._coming = (self._hold, b"")
        self._acknowledge(OK)

    def _hold(self, image: bytes) -> None:
        self._held = image if len(image) * 2 == self.width * self.height else None

    def _empty(self) -> None:
        self.library.pages.clear()
        self._acknowledge(OK)

    def _set_parameter(self, data: bytes) -> None:
        register, value = data
        if register == 4 and 1 <= value <= 12 and self.speed_change is not SpeedChange.REFUSES:
            self._acknowledge(OK)
            if self.speed_change is SpeedChange.OBEYS:
                self.baud = value * 9600
        elif register == 6 and value <= 3:
            self._acknowledge(OK)
            self.packet_bytes = 32 << value
        elif register == 5 and 1 <= value <= 5:
            self._acknowledge(OK)
            self.library.level = value
        else:
            self._acknowledge(BAD_REGISTER)

    def _tell_parameters(self) -> None:
        size_code = (self.packet_bytes // 32).bit_length() - 1
        address = (_word(self.address[:2]), _word(self.address[2:]))
        self._tell(OK, 0, SYSTEM_ID, CAPACITY, self.library.level, *address, size_code, self.baud // 9600)

    def _set_password(self, data: bytes) -> None:
        self.password = data
        self._acknowledge(OK)

    def _unlock(self, data: bytes) -> None:
        self._unlocked = data == self.password
        self._acknowledge(OK if self._unlocked else WRONG_PASSWORD)

    def _set_address(self, data: bytes) -> None:
        self.address = data  # and answers from there already
        self._acknowledge(OK)

    def _reset(self) -> None:
        self._acknowledge(OK)
        self._forget()
        self._wire.say(bytes([AWAKE]), baud=self.baud, after_s=0.05)

    def _set_ring(self, data: bytes) -> None:
        self.ring = data
        self._acknowledge(OK)

    def _set_lamp(self, shines: bool) -> None:
        self.lamp = shines
        self._acknowledge(OK)

    def _send_data(self, data: bytes, unsent: int = 0) -> None:
        """In packets, but for so many of the last."""
        starts = range(0, len(data), self.packet_bytes)
        for number, start in enumerate(starts, start=1):
            if number <= len(starts) - unsent:
                kind = LAST_DATA if number == len(starts) else DATA
                self._send(kind, data[start : start + self.packet_bytes])

    def _tell(self, status: int, *words: int) -> None:
        self._acknowledge(status, b"".join(word.to_bytes(2, "big") for word in words))

    def _acknowledge(self, status: int, data: bytes = b"", *, after_s: float = 0.0) -> None:
        if self.faults.wrong_status:
            status, data = CAPTURE_FAILED + 0x15, b""  # 18: flash memory failed
        if self.chatter:
            self._wire.say(self.chatter, baud=self.baud)
        self._send(ACK, bytes([status]) + data, after_s=after_s)

    def _send(self, kind: int, payload: bytes, *, after_s: float = 0.0) -> None:
        size = len(payload) + 2
        check = (kind + (size >> 8) + (size & 0xFF) + sum(payload)) % 65536
        head = START + self.address + bytes([kind, size >> 8, size & 0xFF])
        self._wire.say(head + payload + bytes([check >> 8, check & 0xFF]), baud=self.baud, after_s=after_s)


def _word(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _packed(finger: GREY) -> bytes:
    """Two pixels per byte, the left one in the high nibble, row after row."""
    return ((finger[:, 0::2] & 0xF0) | (finger[:, 1::2] >> 4)).astype(np.uint8).tobytes()


def _unpacked(held: bytes, width: int) -> GREY:
    """The picture as the module itself sees it: 16 greys."""
    packed = np.frombuffer(held, np.uint8)
    return np.stack([packed & 0xF0, packed << 4], axis=1).reshape(-1, width)
