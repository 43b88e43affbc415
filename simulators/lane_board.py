"""The lane's I/O board as seen from the kiosk, written from its protocol sheet: lamp, gate, button, tamper, update."""

from __future__ import annotations

import hashlib
import os
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from simulators.faults import Faults
from simulators.pty_wire import PtyWire

BAUD = 115200
SILENCE_S, MAX_OPEN_S, FLASH_S = 0.5, 15.0, 0.5
STOP, WAIT, GO = 0, 1, 2
OK, BAD_VALUE, BUSY, BAD_SIGNATURE, OLDER, TORN, NOT_NOW, NO_KEY, OTHER_VERSION, UNKNOWN, OTHER_OFFSET = range(11)
IDLE = 0xFE
NEVER_MS = 0xFFFFFFFF
BUTTON, GATE_OPENED, GATE_SHUT, HEADSET_IN, HEADSET_OUT = 1, 2, 3, 4, 5
POWER, WATCHDOG, ASKED = 1, 3, 4
PROVED_BY = 20
BOARD = b"simboard"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a person before the lane sees."""

    red: bool
    green: bool
    gate_is_open: bool


DARK = Outputs(red=False, green=False, gate_is_open=False)


class LaneBoardSim:
    """One board on a pty behind `path`. `release` and `kiosk`: whose signatures it believes; None: nobody's."""

    def __init__(
        self,
        path: Path,
        *,
        release: ec.EllipticCurvePublicKey | None = None,
        kiosk: ec.EllipticCurvePublicKey | None = None,
        version: int = 1,
        faults: Faults | None = None,
    ) -> None:
        self.version = version
        self.faults = faults or Faults()
        self.new_firmware_comes_up = True
        self.untold: set[int] = set()  # kinds of events that it keeps to itself
        self.release, self.kiosk = release, kiosk
        self._good_version = version
        self._latched_at_s: float | None = None  # survives a loss of power, as does the version
        self._housing_is_open = self._headset_is_in = False
        self._noted: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()
        self._begin(POWER)
        self._wire = PtyWire(path, self._hear, self.faults, throttle=False)
        self._wire.replug()

    # what a person does and sees

    @property
    def path(self) -> Path:
        return self._wire.path

    @property
    def outputs(self) -> Outputs:
        """As they are at this moment."""
        if not self._wire.plugged_in:
            return DARK
        now_s = time.monotonic()
        lamp, is_open = self._now(now_s)
        red = lamp == STOP or (lamp == WAIT and int(now_s / FLASH_S) % 2 == 0)
        return Outputs(red, lamp == GO, is_open)

    @property
    def lamp(self) -> str:
        """`stop`, `wait` or `go`."""
        return ("stop", "wait", "go")[self._now(time.monotonic())[0]]

    @property
    def headset_is_in(self) -> bool:
        return self._headset_is_in

    @property
    def housing_is_open(self) -> bool:
        return self._housing_is_open

    @property
    def is_latched(self) -> bool:
        return self._latched_at_s is not None

    def press(self) -> None:
        self._noted.put((BUTTON, time.monotonic()))

    def open_housing(self) -> None:
        self._housing_is_open = True
        if self._latched_at_s is None:
            self._latched_at_s = time.monotonic()

    def close_housing(self) -> None:
        self._housing_is_open = False

    def plug_headset(self, is_in: bool) -> None:
        self._headset_is_in = is_in
        self._noted.put((HEADSET_IN if is_in else HEADSET_OUT, time.monotonic()))

    def restart(self) -> None:
        """As after a bite of its watchdog."""
        self._begin(WATCHDOG)

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        self._begin(POWER)
        self._wire.replug()

    def say(self, data: bytes) -> None:
        """Bytes that mean nothing."""
        self._wire.say(data, baud=BAUD)

    def close(self) -> None:
        self._wire.close()

    # the board

    def _begin(self, cause: int) -> None:
        if cause != ASKED:
            self.version = self._good_version  # what was on trial is not any more
        self._run, self._cause = os.urandom(2), cause
        self._lamp, self._shuts_at_s, self._heard_at_s = STOP, 0.0, -1.0
        self._events: list[tuple[int, int, float]] = []
        self._number = self._heard = 0
        self._work, self._challenge = IDLE, b""
        self._wanted: bytes | None = None  # manifest of the firmware that is being received
        self._received = b""
        self._is_ready = False
        self._last: tuple[int, int] | None = None
        self._again = self._held = b""

    def _now(self, now_s: float) -> tuple[int, bool]:
        """(lamp, gate is open), with what time has taken back."""
        if now_s - self._heard_at_s >= SILENCE_S or (self._shuts_at_s and now_s >= self._shuts_at_s):
            return STOP, False
        return self._lamp, bool(self._shuts_at_s)

    def _settle(self, now_s: float) -> None:
        """Make what time has taken back so, with its event."""
        lamp, is_open = self._now(now_s)
        if self._shuts_at_s and not is_open:
            self._tell(GATE_SHUT, min(self._shuts_at_s, self._heard_at_s + SILENCE_S))
            self._shuts_at_s = 0.0
        self._lamp = lamp
        while not self._noted.empty():
            self._tell(*self._noted.get())

    def _tell(self, kind: int, at_s: float) -> None:
        if kind in self.untold:
            return
        self._number = self._number % 0xFFFF + 1
        self._events = [*self._events, (self._number, kind, at_s)][-32:]

    def _hear(self, data: bytes) -> None:
        *pieces, self._held = (self._held + data).split(b"\0")
        self._held = self._held[-251:]
        for piece in pieces:
            if (body := _body(piece)) is not None:
                self._take(body)

    def _take(self, body: bytes) -> None:
        now_s = time.monotonic()
        version, kind, sequence = body[:3]
        if version != 1:
            self._send(kind, sequence, bytes([OTHER_VERSION]))
            return
        self._settle(now_s)
        self._heard_at_s = now_s
        self._heard = 0 if kind == 1 else self._heard + 1
        if self._heard >= PROVED_BY:
            self._good_version = self.version
        if kind == 1 or self._last != (kind, sequence):
            deed = self._deeds().get(kind)
            status, said = deed(body[3:], now_s) if deed else (UNKNOWN, b"")
            self._last, self._again = (kind, sequence), bytes([status]) + said
        self._send(kind, sequence, self._again)
        if kind == 9 and self._again[:1] == b"\0":
            self._restart_into(int.from_bytes((self._wanted or bytes(4))[:4], "big"))

    def _deeds(self) -> dict[int, Callable[[bytes, float], tuple[int, bytes]]]:
        return {
            1: self._hello,
            2: self._order,
            3: self._beat,
            4: self._give_challenge,
            5: self._clear,
            6: self._update_begin,
            7: self._update_chunk,
            8: self._update_end,
            9: lambda _payload, _now_s: (OK if self._is_ready else NOT_NOW, b""),
        }

    def _hello(self, payload: bytes, now_s: float) -> tuple[int, bytes]:
        if len(payload) != 4:
            return BAD_VALUE, b""
        self._wanted, self._is_ready, self._work = None, False, IDLE
        head = self.version.to_bytes(4, "big") + self._run
        on_trial = self.version != self._good_version
        return OK, head + bytes([self._cause]) + b"a" + bytes([on_trial]) + BOARD + self._state(now_s)

    def _order(self, payload: bytes, now_s: float) -> tuple[int, bytes]:
        if len(payload) != 3:
            return BAD_VALUE, b""
        lamp, open_s = payload[0], int.from_bytes(payload[1:], "big") / 1000
        if open_s and self._wanted is not None:
            return BUSY, self._state(now_s)
        if lamp > GO or open_s > MAX_OPEN_S or (open_s and lamp != GO):
            return BAD_VALUE, self._state(now_s)
        if bool(open_s) != bool(self._shuts_at_s):
            self._tell(GATE_OPENED if open_s else GATE_SHUT, now_s)
        self._lamp, self._shuts_at_s = lamp, now_s + open_s if open_s else 0.0
        return OK, self._state(now_s)

    def _beat(self, payload: bytes, now_s: float) -> tuple[int, bytes]:
        if len(payload) != 4:
            return BAD_VALUE, b""
        seen = int.from_bytes(payload[2:], "big") if payload[:2] == self._run else 0
        numbers = [number for number, _, _ in self._events]
        if seen in numbers:
            self._events = self._events[numbers.index(seen) + 1 :]
        rows = [
            number.to_bytes(2, "big") + bytes([kind]) + _ms(now_s - at_s) for number, kind, at_s in self._events[:8]
        ]
        return OK, self._state(now_s) + bytes([len(rows)]) + b"".join(rows)

    def _state(self, now_s: float) -> bytes:
        latched_at_s = self._latched_at_s
        flags = bool(self._shuts_at_s) | self._headset_is_in << 1 | (latched_at_s is not None) << 2
        age = _ms(now_s - latched_at_s) if latched_at_s is not None else NEVER_MS.to_bytes(4, "big")
        return self._run + bytes([self._lamp, flags, self._work]) + age

    def _give_challenge(self, _payload: bytes, _now_s: float) -> tuple[int, bytes]:
        self._challenge = os.urandom(16)
        return OK, self._challenge

    def _clear(self, payload: bytes, _now_s: float) -> tuple[int, bytes]:
        challenge, self._challenge = self._challenge, b""
        if not challenge or self._housing_is_open:
            self._work = NOT_NOW
        else:
            self._work = _judged(self.kiosk, b"landfall lane tamper 1" + BOARD + challenge, payload)
        if self._work == OK:
            self._latched_at_s = None
        return OK, b""

    def _update_begin(self, payload: bytes, _now_s: float) -> tuple[int, bytes]:
        self._wanted, self._received, self._is_ready = None, b"", False
        if len(payload) != 104:
            self._work = BAD_VALUE
        elif self._shuts_at_s or self.version != self._good_version:
            return NOT_NOW, b""
        elif int.from_bytes(payload[:4], "big") <= self.version:
            self._work = OLDER
        else:
            self._work = _judged(self.release, b"landfall lane firmware 1" + payload[:40], payload[40:])
        if self._work == OK:
            self._wanted = payload
        return OK, b""

    def _update_chunk(self, payload: bytes, _now_s: float) -> tuple[int, bytes]:
        have = len(self._received)
        if self._wanted is None:
            return NOT_NOW, bytes(4)
        if int.from_bytes(payload[:4], "big") != have or len(payload) <= 4:
            return OTHER_OFFSET, have.to_bytes(4, "big")
        self._received += payload[4:]
        return OK, len(self._received).to_bytes(4, "big")

    def _update_end(self, _payload: bytes, _now_s: float) -> tuple[int, bytes]:
        if self._wanted is None:
            self._work = NOT_NOW
        else:
            is_true = hashlib.sha256(self._received).digest() == self._wanted[8:40]
            self._work, self._is_ready = (OK, True) if is_true else (TORN, False)
        return OK, b""

    def _restart_into(self, version: int) -> None:
        self._begin(ASKED)
        self.version = version if self.new_firmware_comes_up else self._good_version

    def _send(self, kind: int, sequence: int, said: bytes) -> None:
        if self.faults.wrong_status:
            said = bytes([BUSY])
        body = bytes([1, kind | 0x80, sequence]) + said
        body += _crc16(body).to_bytes(2, "big")
        stuffed = b"".join(bytes([len(part) + 1]) + part for part in body.split(b"\0"))
        self._wire.say(b"\0" + stuffed + b"\0", baud=BAUD)


def _ms(seconds: float) -> bytes:
    return max(0, min(round(seconds * 1000), NEVER_MS - 1)).to_bytes(4, "big")


def _judged(key: ec.EllipticCurvePublicKey | None, signed: bytes, signature: bytes) -> int:
    """A status."""
    if key is None:
        return NO_KEY
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return BAD_SIGNATURE
    return OK


def _body(stuffed: bytes) -> bytes | None:
    """Version to payload of one frame; None: broken."""
    body, rest = b"", stuffed
    while rest:
        if rest[0] > len(rest):
            return None
        body, rest = body + rest[1 : rest[0]], rest[rest[0] :]
        body += b"\0" if rest else b""
    if len(body) < 5 or _crc16(body[:-2]) != int.from_bytes(body[-2:], "big"):
        return None
    return body[:-2]


def _crc16(data: bytes) -> int:
    """CRC-16/IBM-3740, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc
