"""A ZFM-20 or R503 fingerprint module as seen from the host, written from the data sheet.

The module keeps its speed over a power cycle and is deaf to another; with `throttle` an upload takes its true time.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulators.faults import Faults
from simulators.pty_wire import PtyWire

GREY = NDArray[np.uint8]
HEAD = bytes.fromhex("EF01 FFFFFFFF")
ZFM_20_SIZE = (256, 288)
R503_SIZE = (192, 192)
OK, PACKET_ERROR, NO_FINGER, CAPTURE_FAILED = 0x00, 0x01, 0x02, 0x03
WRONG_PASSWORD, NO_IMAGE, BAD_REGISTER, PASSWORD_WANTED = 0x13, 0x15, 0x1A, 0x21
HANDSHAKE = 0x55
TRUE_CAPTURE_S, QUICK_CAPTURE_S = 0.3, 0.01


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
        self.speed_change = SpeedChange.OBEYS
        self.ring = bytes(4)  # mode, speed, colour, times as last set
        self.asked: list[int] = []  # instruction codes understood, newest last
        self.packet_bytes = 128
        self.forget_last_packets = 0  # so many packets at the end of the next image are never sent
        self._finger: GREY | None = None
        self._held: bytes | None = None  # 4-bit image in the module's memory
        self._unlocked = not any(password)
        self._received = b""
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
        self._held, self._received = None, b""
        self._unlocked = not any(self.password)
        self._wire.replug()
        if self.has_ring:
            self._wire.say(b"\x55", baud=self.baud, after_s=0.05)

    def close(self) -> None:
        self._wire.close()

    def _hear(self, data: bytes) -> None:
        if self._wire.host_baud() != self.baud:
            return
        self._received += data
        while (at := self._received.find(b"\xef\x01")) >= 0 and len(self._received) >= at + 9:
            whole = at + 9 + int.from_bytes(self._received[at + 7 : at + 9], "big")
            if len(self._received) < whole:
                return
            packet, self._received = self._received[at:whole], self._received[whole:]
            self._take(packet)

    def _take(self, packet: bytes) -> None:
        address, kind, payload, check = packet[2:6], packet[6], packet[9:-2], packet[-2:]
        if address != b"\xff\xff\xff\xff":
            return
        if kind != 0x01 or not payload or sum(packet[6:-2]) & 0xFFFF != int.from_bytes(check, "big"):
            self._acknowledge(PACKET_ERROR)
            return
        self.asked.append(payload[0])
        self._obey(payload[0], payload[1:])

    def _obey(self, code: int, data: bytes) -> None:
        if not self._unlocked and code != 0x13:
            self._acknowledge(PASSWORD_WANTED)
            return
        acts: dict[int, Callable[[], None]] = {
            0x01: self._capture,
            0x0A: self._upload,
            0x0E: lambda: self._set_parameter(data),
            0x0F: self._tell_parameters,
            0x13: lambda: self._unlock(data),
            0x1D: lambda: self._acknowledge(OK, bytes(2)),
            0x1F: lambda: self._acknowledge(OK, bytes(32)),
            0x35: lambda: self._set_ring(data),
            0x36: lambda: self._acknowledge(OK),
            0x40: lambda: self._acknowledge(HANDSHAKE),
        }
        acts.get(code, lambda: self._acknowledge(PACKET_ERROR))()

    def _capture(self) -> None:
        finger = self._finger
        self._held = None if finger is None else _packed(finger)
        after_s = TRUE_CAPTURE_S if self.throttle else QUICK_CAPTURE_S
        self._acknowledge(NO_FINGER if finger is None else OK, after_s=after_s)

    def _upload(self) -> None:
        if self._held is None:
            self._acknowledge(NO_IMAGE)
            return
        self._acknowledge(OK)
        starts = range(0, len(self._held), self.packet_bytes)
        unsent, self.forget_last_packets = self.forget_last_packets, 0
        for number, start in enumerate(starts, start=1):
            if number <= len(starts) - unsent:
                kind = 0x08 if number == len(starts) else 0x02
                self._send(kind, self._held[start : start + self.packet_bytes])

    def _set_parameter(self, data: bytes) -> None:
        register, value = (data[0], data[1]) if len(data) == 2 else (0, 0)
        if register == 4 and 1 <= value <= 12 and self.speed_change is not SpeedChange.REFUSES:
            self._acknowledge(OK)
            if self.speed_change is SpeedChange.OBEYS:
                self.baud = value * 9600
        elif register == 6 and value <= 3:
            self._acknowledge(OK)
            self.packet_bytes = 32 << value
        elif register == 5 and 1 <= value <= 5:
            self._acknowledge(OK)
        else:
            self._acknowledge(BAD_REGISTER)

    def _tell_parameters(self) -> None:
        size_code = (self.packet_bytes // 32).bit_length() - 1
        words = (0x0000, 0x0009, 1000, 3, 0xFFFF, 0xFFFF, size_code, self.baud // 9600)
        self._acknowledge(OK, b"".join(word.to_bytes(2, "big") for word in words))

    def _unlock(self, data: bytes) -> None:
        self._unlocked = data == self.password
        self._acknowledge(OK if self._unlocked else WRONG_PASSWORD)

    def _set_ring(self, data: bytes) -> None:
        if not self.has_ring or len(data) != 4:
            self._acknowledge(PACKET_ERROR)
            return
        self.ring = data
        self._acknowledge(OK)

    def _acknowledge(self, status: int, data: bytes = b"", *, after_s: float = 0.0) -> None:
        if self.faults.wrong_status:
            status, data = CAPTURE_FAILED + 0x15, b""  # 18: flash memory failed
        self._send(0x07, bytes([status]) + data, after_s=after_s)

    def _send(self, kind: int, payload: bytes, *, after_s: float = 0.0) -> None:
        size = len(payload) + 2
        check = (kind + (size >> 8) + (size & 0xFF) + sum(payload)) % 65536
        packet = HEAD + bytes([kind, size >> 8, size & 0xFF]) + payload + bytes([check >> 8, check & 0xFF])
        self._wire.say(packet, baud=self.baud, after_s=after_s)


def _packed(finger: GREY) -> bytes:
    """Two pixels per byte, the left one in the high nibble, row after row."""
    return ((finger[:, 0::2] & 0xF0) | (finger[:, 1::2] >> 4)).astype(np.uint8).tobytes()
