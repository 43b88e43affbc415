"""What the lane board and the kiosk say to each other (firmware/PROTOCOL.md). Bytes to values, no I/O."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from enum import IntEnum

from drivers.api import Happening, Lamp
from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader, Step

VERSION = 1
MAX_FRAME_BYTES = 250
MAX_DATA_BYTES = 192  # of firmware in one request
ANSWER = 0x80
NEVER = 0xFFFFFFFF
LAMPS = (Lamp.STOP, Lamp.WAIT, Lamp.GO)
LAMP_NUMBERS = {lamp: number for number, lamp in enumerate(LAMPS)}
CAUSES = {1: "power", 3: "watchdog", 4: "asked", 5: "fault"}
HAPPENINGS = {
    1: Happening.BUTTON,
    2: Happening.GATE_OPENED,
    3: Happening.GATE_CLOSED,
    4: Happening.HEADSET_IN,
    5: Happening.HEADSET_OUT,
}
TAMPER_PURPOSE = b"landfall lane tamper 1"
BUNDLE_MAGIC = b"LFB1"
MANIFEST_BYTES = 104  # version, size, SHA-256, signature: what UPDATE_BEGIN carries
STATE_BYTES = 9
EVENT_BYTES = 7
NOTHING_SEEN = bytes(4)  # run and number of the newest event seen


class Kind(IntEnum):
    HELLO = 1
    ORDER = 2
    BEAT = 3
    CHALLENGE = 4
    CLEAR_TAMPER = 5
    UPDATE_BEGIN = 6
    UPDATE_CHUNK = 7
    UPDATE_END = 8
    RESTART = 9


class Status(IntEnum):
    OK = 0
    BAD_VALUE = 1
    BUSY = 2
    BAD_SIGNATURE = 3
    OLDER = 4
    TORN = 5
    NOT_NOW = 6
    NO_KEY = 7
    OTHER_VERSION = 8
    UNKNOWN = 9
    OTHER_OFFSET = 10
    FULL = 11
    IDLE = 0xFE  # of the long work alone
    WORKING = 0xFF


STATUSES = {int(status): status for status in Status}


@dataclass(frozen=True, slots=True)
class Reply:
    """One frame from the board, its CRC already verified."""

    version: int
    kind: int  # that of the request plus ANSWER
    sequence: int
    status: Status
    payload: bytes


@dataclass(frozen=True, slots=True)
class BoardState:
    """`run`: two random bytes of this start; `work`: how the long work stands; `tamper_age_ms` may be NEVER."""

    run: bytes
    lamp: Lamp
    gate_is_open: bool
    headset_is_in: bool
    is_tampered: bool
    work: Status
    tamper_age_ms: int


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the board is. `cause`: why it began."""

    version: int
    cause: str
    on_trial: bool
    board: bytes
    state: BoardState


@dataclass(frozen=True, slots=True)
class BoardEvent:
    number: int
    kind: int
    age_ms: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A signed firmware file."""

    version: int
    manifest: bytes
    data: bytes


def request(kind: Kind, sequence: int, payload: bytes = b"") -> bytes:
    """One frame as it goes on the line."""
    body = bytes([VERSION, kind, sequence]) + payload
    body += binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")
    return b"".join(bytes([len(part) + 1]) + part for part in body.split(b"\0")) + b"\0"


def order(lamp: Lamp, open_ms: int) -> bytes:
    return bytes([LAMP_NUMBERS[lamp]]) + open_ms.to_bytes(2, "big")


def reply_reader(device: str) -> FrameReader[Reply]:
    return FrameReader(device, _parse)


def hello(device: str, payload: bytes) -> Hello:
    """Raises `WireCorrupt`."""
    if len(payload) != 17 + STATE_BYTES:
        raise WireCorrupt(device, f"a greeting of {len(payload)} bytes")
    return Hello(
        version=int.from_bytes(payload[:4], "big"),
        cause=CAUSES.get(payload[6], f"cause {payload[6]}"),
        on_trial=payload[8] != 0,
        board=payload[9:17],
        state=state(device, payload[17:]),
    )


def state(device: str, payload: bytes) -> BoardState:
    """Raises `WireCorrupt`."""
    if len(payload) != STATE_BYTES or payload[2] >= len(LAMPS) or payload[4] not in STATUSES:
        raise WireCorrupt(device, f"a state that cannot be: {payload.hex()}")
    return BoardState(
        run=payload[:2],
        lamp=LAMPS[payload[2]],
        gate_is_open=bool(payload[3] & 1),
        headset_is_in=bool(payload[3] & 2),
        is_tampered=bool(payload[3] & 4),
        work=STATUSES[payload[4]],
        tamper_age_ms=int.from_bytes(payload[5:9], "big"),
    )


def beat(device: str, payload: bytes) -> tuple[BoardState, tuple[BoardEvent, ...]]:
    """Raises `WireCorrupt`."""
    rows = payload[STATE_BYTES + 1 :]
    if len(payload) <= STATE_BYTES or len(rows) != payload[STATE_BYTES] * EVENT_BYTES:
        raise WireCorrupt(device, f"a beat of {len(payload)} bytes")
    return state(device, payload[:STATE_BYTES]), tuple(
        _event(rows[at : at + EVENT_BYTES]) for at in range(0, len(rows), EVENT_BYTES)
    )


def bundle(data: bytes) -> Bundle:
    """Take a firmware file apart; whether it is true the board judges. Raises `ValueError`."""
    manifest, archive = data[4 : 4 + MANIFEST_BYTES], data[4 + MANIFEST_BYTES :]
    if data[:4] != BUNDLE_MAGIC or int.from_bytes(manifest[4:8], "big") != len(archive) or not archive:
        raise ValueError("no firmware of a lane board, or not all of it")
    return Bundle(int.from_bytes(manifest[:4], "big"), manifest, archive)


def _event(row: bytes) -> BoardEvent:
    return BoardEvent(int.from_bytes(row[:2], "big"), row[2], int.from_bytes(row[3:], "big"))


def _parse(buffer: bytearray, _silent: bool) -> Step[Reply]:
    end = buffer.find(0)
    if end < 0:
        return Step(len(buffer), broken="bytes without an end") if len(buffer) > MAX_FRAME_BYTES else Step(0)
    if end == 0:
        return Step(1)
    body = _unstuffed(bytes(buffer[:end]))
    if len(body) < 6 or binascii.crc_hqx(body[:-2], 0xFFFF) != int.from_bytes(body[-2:], "big"):
        return Step(end + 1, broken="a frame with a wrong sum")
    if body[3] not in STATUSES:
        return Step(end + 1, broken=f"a frame of status {body[3]}")
    return Step(end + 1, Reply(body[0], body[1], body[2], STATUSES[body[3]], body[4:-2]))


def _unstuffed(data: bytes) -> bytes:
    """COBS undone; b"" for what is none."""
    parts, at = [], 0
    while at < len(data):
        parts.append(data[at + 1 : at + data[at]])
        at += data[at]
    return b"\0".join(parts) if at == len(data) else b""
