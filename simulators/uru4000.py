"""A U.are.U 4500 fingerprint reader on a simulated USB, written from what is known of its registers and images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulators.usb_bus import UsbBus

GREY = NDArray[np.uint8]
WIDTH, HEIGHT = 384, 290
STATUS, SCRAMBLE_INDEX, SCRAMBLE_KEY, MODE, INFO = 0x07, 0x33, 0x34, 0x4E, 0xF0
AWAIT_ON, AWAIT_OFF, CAPTURE, OFF = 0x10, 0x12, 0x20, 0x70
POWER_ON, FINGER_ON, FINGER_OFF, DEATH = "56AA", "0101", "0200", "0800"
NOT_PRESENT, SCRAMBLED, KEEPS_KEY, CHANGES_KEY = 0x01, 0x02, 0x04, 0x80
PLAIN = ((KEEPS_KEY, 145), (KEEPS_KEY, 145))
SECRET = ((SCRAMBLED, 72), (0, 1), (SCRAMBLED, 49), (NOT_PRESENT, 1), (0, 1), (SCRAMBLED, 49), (0, 1), (SCRAMBLED, 116))
REBOOT_POLLS = 3


@dataclass(slots=True)
class ReaderFaults:
    """All off; the bus has its own."""

    short_by: int = 0  # bytes of the next images that are never sent
    header: bytes = b""  # what the images' first bytes are instead
    leaves_plain: bool = False  # the blocks say scrambled and are not
    powerless: int = 0  # so many times the scanner does not report its power
    is_mum: bool = False  # no events


class Uru4000Sim:
    """One reader. `bus` is the backend to find it with; `layout`: flags and lines of the blocks of its images."""

    vendor, product = 0x05BA, 0x000A

    def __init__(
        self,
        *,
        layout: tuple[tuple[int, int], ...] = PLAIN,
        transfers: int = 1,
        was_rebooted: bool = False,
        interrupt: int = 0x81,
        bulk: int = 0x82,
    ) -> None:
        self.layout = layout
        self.faults = ReaderFaults()
        self.modes: list[int] = []
        self._transfers = transfers
        self._was_rebooted = was_rebooted
        self._finger: GREY | None = None
        self._polls = 0
        self._registers: dict[int, bytes] = {}
        self.bus = UsbBus(self, interrupt=interrupt, bulk=bulk)

    @property
    def is_dark(self) -> bool:
        return not self.modes or self.modes[-1] == OFF

    def place(self, finger: GREY) -> None:
        """Put this impression on the glass: height x width, uint8, 0 = ridge."""
        if finger.shape != (HEIGHT, WIDTH) or finger.dtype != np.uint8:
            raise ValueError(f"the glass is {HEIGHT} x {WIDTH} uint8, not {finger.shape} {finger.dtype}")
        with self.bus.locked():
            self._finger = finger.copy()
            if self.modes[-1:] == [AWAIT_ON]:
                self._say(FINGER_ON)

    def lift(self) -> None:
        with self.bus.locked():
            self._finger = None
            if self.modes[-1:] == [AWAIT_OFF]:
                self._say(FINGER_OFF)

    def die(self) -> None:
        self._say(DEATH)

    def seen(self, finger: GREY) -> GREY:
        """What a host must make of this impression, upright: with this layout's absent lines and lost pixels."""
        rows, at = _as_sent(finger, self.layout, scrambles=not self.faults.leaves_plain), 0
        order: list[int] = []
        for flags, lines in self.layout:
            order += range(at, at + lines)
            at += 0 if flags & NOT_PRESENT else lines
        shown: GREY = 255 - rows[[min(row, len(rows) - 1) for row in order]]
        return shown[::-1, ::-1]

    def image_of(self, finger: GREY) -> tuple[bytes, int]:
        """All bytes of the image of this impression, and the key that opens it."""
        rows = _as_sent(finger, self.layout, scrambles=not self.faults.leaves_plain)
        if not self.faults.leaves_plain:
            rows = _hidden(rows, self.layout)
        head = bytes.fromhex("10408001") + len(rows).to_bytes(2, "little") + b"\x00\x00" + bytes(8)
        head += b"".join(bytes(block) for block in self.layout)
        return (self.faults.header or head.ljust(64, b"\x00")) + rows.tobytes(), _key(0)

    def power_on(self) -> None:
        self.modes = []
        self._polls = 0
        self._registers = {STATUS: b"\x85" if self._was_rebooted else b"\x01"}

    def asked(self, request: int, value: int, count: int) -> bytes | None:
        if request != 0x04:
            return None
        if value == STATUS:
            return self._status()
        if value == INFO:
            return bytes.fromhex("1A0A1A0A01150000002000108B211130")[:count]
        return self._registers.get(value, bytes(count))[:count]

    def told(self, request: int, value: int, data: bytes) -> bool:
        if request != 0x04:
            return False
        acts = {STATUS: self._set_status, MODE: self._set_mode, SCRAMBLE_INDEX: self._make_key}
        act = acts.get(value)
        if act is not None:
            act(data)
        return act is not None

    def _status(self) -> bytes:
        status = self._registers[STATUS][0]
        if self._polls:
            self._polls -= 1
            return bytes([status & ~0x01])
        return bytes([status])

    def _set_status(self, data: bytes) -> None:
        before, now = self._registers[STATUS][0], data[0]
        self._registers[STATUS] = bytes([now | 0x01])
        if before & 0x84 == 0x84 and self._was_rebooted:
            self._was_rebooted = False
            self._registers[STATUS], self._polls = b"\x01", REBOOT_POLLS
        elif before & 0x80 and not now & 0x80:
            self.modes = []
            self.bus.forget()
            self.faults.powerless -= 1
            if self.faults.powerless < 0:
                self.faults.powerless = 0
                self._say(POWER_ON)

    def _set_mode(self, data: bytes) -> None:
        self.modes.append(data[0])
        if data[0] == AWAIT_ON and self._finger is not None:
            self._say(FINGER_ON)
        elif data[0] == AWAIT_OFF and self._finger is None:
            self._say(FINGER_OFF)
        elif data[0] == CAPTURE:
            self._send_image(np.full((HEIGHT, WIDTH), 255, np.uint8) if self._finger is None else self._finger)

    def _send_image(self, finger: GREY) -> None:
        data, _ = self.image_of(finger)
        data = data[: len(data) - self.faults.short_by]
        size = max(1, -(-len(data) // self._transfers))
        for at in range(0, len(data), size):
            self.bus.send(data[at : at + size])

    def _make_key(self, data: bytes) -> None:
        seed = int.from_bytes(data[1:5], "little")
        self._registers[SCRAMBLE_KEY] = (_key(data[0]) ^ seed).to_bytes(4, "little")

    def _say(self, event: str) -> None:
        if not self.faults.is_mum:
            self.bus.say(bytes.fromhex(event).ljust(64, b"\x00"))


def _key(number: int) -> int:
    return 0x9E3779B9 * (2 * number + 1) & 0xFFFFFFFF


def _as_sent(finger: GREY, layout: tuple[tuple[int, int], ...], *, scrambles: bool) -> GREY:
    """The lines that are present, in the scanner's order and greys; the last pixel of a scrambled block is lost."""
    scanned, top = 255 - finger[::-1, ::-1], 0
    rows: list[GREY] = []
    for flags, lines in layout:
        block = scanned[top : top + lines].copy()
        top += lines
        if flags & (SCRAMBLED | KEEPS_KEY) == SCRAMBLED and scrambles:
            block[-1, -1] = 0
        if not flags & NOT_PRESENT:
            rows.append(block)
    return np.concatenate(rows)


def _hidden(rows: GREY, layout: tuple[tuple[int, int], ...]) -> GREY:
    """The same lines as they go over the cable: each byte, hidden, one place behind its own."""
    key, number, row, out = _key(0), 0, 0, rows.copy()
    for flags, lines in layout:
        if flags & CHANGES_KEY:
            number += 1
            key = _key(number)
        present = not flags & NOT_PRESENT
        if not flags & KEEPS_KEY:
            hiding, key = _stream(key, lines * WIDTH)
            if flags & SCRAMBLED and present:
                block = out[row : row + lines].reshape(-1)
                block[1:] = block[:-1] ^ np.frombuffer(hiding, np.uint8)[:-1]
                block[0] = 0x5A
        row += lines if present else 0
    return out


@lru_cache(maxsize=64)
def _stream(key: int, count: int) -> tuple[bytes, int]:
    """What hides so many bytes, bit by bit as the reader does it, and the key behind them."""
    hiding = bytearray()
    for _ in range(count):
        taken = (key >> 4, key >> 8, key >> 11, key >> 14, key >> 18, key >> 21, key >> 24, key >> 29)
        hiding.append(sum((bit & 1) << place for place, bit in enumerate(taken)))
        key = (key & 0x9248144D).bit_count() % 2 << 31 | key >> 1
    return bytes(hiding), key
