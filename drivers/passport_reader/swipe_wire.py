"""What MRZ readers say on a serial line: Elyctis ID BOX frames, RTE-native frames, plain lines. Bytes to values.

Sources: public integration facts of the Elyctis ID BOX and of the 3M/Gemalto RTE6701-OEM; ICAO 9303 line lengths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader, Step

SHAPES = {(30, 30, 30): "TD1", (36, 36): "TD2", (44, 44): "TD3"}
MAX_TEXT_BYTES = 256  # three lines of 44, their ends, and room for a talkative reader
TD2_PADDING = b"_" * 8  # RTE-native pads two-line documents of 36 to 44
CR, LF, STX, ETX, SOH = 0x0D, 0x0A, 0x02, 0x03, 0x01
PRINTABLE = frozenset(range(0x20, 0x7F))
LINE_BYTES = PRINTABLE | {CR, LF}
UNREAD = {code: "?" for code in PRINTABLE if not re.match(r"[A-Z0-9<]", chr(code))}


def mrz_lines(text: bytes, device: str) -> tuple[str, ...]:
    """Lines of a TD1, TD2 or TD3 zone; any printable character outside `A-Z 0-9 <` was not read: `?`.

    Raises `WireCorrupt` for other shapes and for control or 8-bit characters. Check digits are not looked at:
    whether the zone is right is for the parser of the documents to say.
    """
    if not LINE_BYTES.issuperset(text):
        raise WireCorrupt(device, "a control character inside a line")
    rows = [row for row in re.split(rb"[\r\n]+", text) if row]
    if [len(row) for row in rows] == [44, 44] and all(row.endswith(TD2_PADDING) for row in rows):
        rows = [row[:36] for row in rows]
    if tuple(len(row) for row in rows) not in SHAPES:
        raise WireCorrupt(device, f"{len(rows)} lines of {[len(row) for row in rows]} characters")
    return tuple(row.decode("ascii").translate(UNREAD) for row in rows)


# --- Elyctis ID BOX: command letter, length (2 bytes, big-endian), data; the same both ways ---


@dataclass(frozen=True, slots=True)
class Answer:
    """One Elyctis frame. `command` is a letter; an `I` with empty `data` means nothing was read."""

    command: str
    data: bytes


TEXT_COMMANDS = b"VWRTI"
MAX_ELYCTIS_BYTES = {command: MAX_TEXT_BYTES for command in TEXT_COMMANDS} | {ord("C"): 1}


def elyctis_command(letter: str, data: bytes = b"") -> bytes:
    return letter.encode("ascii") + len(data).to_bytes(2, "big") + data


def elyctis_reader(device: str) -> FrameReader[Answer]:
    return FrameReader(device, _parse_elyctis)


def _parse_elyctis(buffer: bytearray, _silent: bool) -> Step[Answer]:
    limit = MAX_ELYCTIS_BYTES.get(buffer[0])
    if limit is None:
        return Step(1)
    if len(buffer) < 3:
        return Step(0)
    length = int.from_bytes(buffer[1:3], "big")
    if length > limit:
        return Step(1)
    data = bytes(buffer[3 : 3 + length])
    # the frame has no check of its own: a byte that cannot belong to it shows that this was no head
    if buffer[0] in TEXT_COMMANDS and not LINE_BYTES.issuperset(data):
        return Step(1, broken="a byte inside a frame that cannot be there")
    if len(data) < length:
        return Step(0)
    return Step(3 + length, Answer(chr(buffer[0]), data))


# --- RTE-native: SOH length 'O' 'U' STX flag line1 CR line2 CR line3 CR ETX check ---


class Check(StrEnum):
    """How the last byte of an RTE frame is made; the page that says so was not obtained, so it can be chosen."""

    XOR = "xor"
    SUM = "sum"
    NONE = "none"  # a check byte is there and says nothing


@dataclass(frozen=True, slots=True)
class RteFormat:
    """What RTE firmwares may do differently. Positions count from the SOH, which is 0.

    `count_from`: first byte the length counts (it always counts the check byte, the last).
    `check_from`: first byte the check covers (it ends before the check byte).
    """

    check: Check = Check.XOR
    count_from: int = 3
    check_from: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.count_from <= 3 and 0 <= self.check_from <= 3):
            raise ValueError("an RTE frame is counted and checked from one of its first four bytes")


def rte_reader(device: str, form: RteFormat) -> FrameReader[bytes]:
    """Frames come out as their text: the lines, each ended by CR; an absent line is a bare CR."""

    def parse(buffer: bytearray, _silent: bool) -> Step[bytes]:
        return _parse_rte(buffer, form)

    return FrameReader(device, parse)


def _parse_rte(buffer: bytearray, form: RteFormat) -> Step[bytes]:
    if buffer[0] != SOH:
        start = buffer.find(SOH)
        return Step(len(buffer) if start < 0 else start)
    if len(buffer) < 3:
        return Step(0)
    # 14 bits in two bytes; below 128, where every zone lies, both ways to pack them agree
    size = form.count_from + buffer[1] + (buffer[2] << 7)
    if not 12 <= size <= MAX_TEXT_BYTES:
        return Step(1, broken=f"an RTE frame of {size} bytes")
    if len(buffer) < size:
        return Step(0)
    frame = bytes(buffer[:size])
    if frame[3:6] != b"OU\x02" or frame[-2] != ETX:
        return Step(1, broken="an RTE frame without its marks")
    if form.check is not Check.NONE and _rte_check(frame, form) != frame[-1]:
        return Step(1, broken="an RTE frame with a wrong check byte")
    return Step(size, frame[7:-2])


def _rte_check(frame: bytes, form: RteFormat) -> int:
    covered = frame[form.check_from : -1]
    return sum(covered) % 256 if form.check is Check.SUM else reduce(lambda a, b: a ^ b, covered, 0)


# --- plain lines: optional STX, lines ended by CR or LF, ended by ETX or by silence ---


def line_reader(device: str) -> FrameReader[bytes]:
    """Frames come out as their text. Without an ETX only silence ends a frame: call `idle`."""
    return FrameReader(device, _parse_lines)


def _parse_lines(buffer: bytearray, silent: bool) -> Step[bytes]:
    if buffer[0] not in PRINTABLE:  # marks, line ends, and noise between two documents
        return Step(1)
    if (restart := buffer.find(STX)) >= 0 and (end := buffer.find(ETX)) > restart:
        return Step(restart, broken="a document was cut short by the next one")
    end = buffer.find(ETX)
    if end < 0 and len(buffer) > MAX_TEXT_BYTES:
        return Step(len(buffer), broken=f"{len(buffer)} characters without an end")
    if end < 0 and not silent:
        return Step(0)
    end = len(buffer) if end < 0 else end
    text = bytes(buffer[:end])
    if not LINE_BYTES.issuperset(text):
        return Step(end, broken="a control character inside a line")
    return Step(end, text)
