"""Reading files of a chip (9303-10, 3.11): select, take the length from the first bytes, then block after block."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import Unread
from drivers.deadline import Deadline
from drivers.passport_reader import tlv
from drivers.passport_reader.apdu import (
    END_OF_FILE,
    FORBIDDEN,
    LEAST_PIECE,
    LONG_LE,
    NOT_FOUND,
    OK,
    SHORT_LE,
    Command,
    Link,
)
from drivers.passport_reader.tlv import Malformed

APPLICATION = bytes.fromhex("A0000002471001")
MASTER_FILES = {"CardAccess": 0x011C, "ATR/INFO": 0x2F01, "CardSecurity": 0x011D}
DATA_GROUPS = {f"DG{number}": 0x0100 + number for number in (1, 2, 11, 12, 14, 15)}
LDS_FILES = {"COM": 0x011E, "SOD": 0x011D, **DATA_GROUPS}
HEAD_BYTES = 8
MAX_FILE_BYTES = 1 << 19  # a face is 15 to 20 kB, all files together seldom 50
LAST_SHORT_OFFSET = 0x7FFF
CAUTIOUS_ANSWER = 2048  # of a chip that takes long commands and does not say how long
LARGEST_ANSWER = 4096  # one block is not to be longer than a third of a second at 106 kbit/s
MAX_LENGTH_HEAD = 4  # of the object 53 around what READ BINARY with an odd instruction answers


class _Ended(Exception):
    def __init__(self, why: Unread) -> None:
        super().__init__(why)
        self.why = why


class FileReader:
    """Reads through `link`; `told` hears of every block: bytes there are, bytes there will be."""

    def __init__(self, link: Link, block: int, deadline: Deadline, told: Callable[[int, int], None]) -> None:
        self._link = link
        self._block = block
        self._deadline = deadline
        self._told = told

    def read(self, file: int) -> bytes | Unread:
        """The whole file, or why not. Raises `DeviceError`."""
        try:
            self._select(file)
            return self._selected()
        except _Ended as ended:
            return ended.why
        except Malformed:
            return Unread.MALFORMED

    def begins(self, file: int) -> bytes:
        """The first bytes of a file, empty where it cannot be read. Raises `DeviceError`."""
        try:
            self._select(file)
            return self._binary(0, HEAD_BYTES)
        except (_Ended, Malformed):
            return b""

    def _select(self, file: int) -> None:
        _good(self._link.send(Command(0x00, 0xA4, 0x02, 0x0C, file.to_bytes(2, "big")), self._deadline).sw)

    def _selected(self) -> bytes:
        data = self._binary(0, HEAD_BYTES)
        total = tlv.head(data).ends
        if total > MAX_FILE_BYTES:
            raise Malformed(f"a file of {total} bytes")
        data = data[:total]
        while len(data) < total:
            self._told(len(data), total)
            wanted = min(self._block, total - len(data))
            piece = self._binary(len(data), wanted)
            if not piece:
                raise Malformed("a file shorter than it says")
            data += piece
            if len(piece) < min(wanted, LEAST_PIECE) and len(data) < total:
                raise Malformed(f"a file in pieces of {len(piece)} bytes")
        self._told(total, total)
        return data

    def _binary(self, offset: int, count: int) -> bytes:
        if offset > LAST_SHORT_OFFSET:
            return self._far(offset, count)
        response = self._link.send(Command(0x00, 0xB0, offset >> 8, offset & 0xFF, le=count), self._deadline)
        return _at_most(_good(response.sw, response.data), count)

    def _far(self, offset: int, count: int) -> bytes:
        """READ BINARY with the offset as an object; it answers with one, too."""
        count = min(count, self._block - MAX_LENGTH_HEAD)
        where = tlv.encode(0x54, offset.to_bytes(2 if offset < 1 << 16 else 3, "big"))
        expected = len(tlv.encode(0x53, bytes(count)))
        response = self._link.send(Command(0x00, 0xB1, 0, 0, where, le=expected), self._deadline)
        return _at_most(tlv.only(_good(response.sw, response.data), 0x53), count)


def _good(sw: int, data: bytes = b"") -> bytes:
    if sw in (OK, END_OF_FILE):
        return data
    if sw == NOT_FOUND:
        raise _Ended(Unread.ABSENT)
    raise _Ended(Unread.FORBIDDEN if sw in FORBIDDEN else Unread.REFUSED)


def _at_most(data: bytes, count: int) -> bytes:
    if len(data) > count:
        raise Malformed(f"{len(data)} bytes where {count} were asked for")
    return data


def longest_answer(atr: bytes, atr_info: bytes | None) -> int:
    """Bytes an answer of this chip may have, status not counted: what EF.ATR/INFO or its ATR say, else a short one."""
    if atr_info is not None and (told := _told_in(atr_info)) is not None:
        return max(SHORT_LE, min(told, LARGEST_ANSWER, LONG_LE - 1))
    return CAUTIOUS_ANSWER if _capable(atr) else SHORT_LE


def _told_in(atr_info: bytes) -> int | None:
    """DO 7F66 (9303-10, 3.11.3): the longest command, the longest answer."""
    try:
        lengths = tlv.find(tlv.parse(atr_info), 0x7F66)
        numbers = [tlv.unsigned(value) for tag, value in tlv.parse(lengths or b"") if tag == 0x02]
    except Malformed:
        return None
    return numbers[1] if len(numbers) == 2 else None


def _capable(atr: bytes) -> bool:
    """The card capabilities among the historical bytes (ISO/IEC 7816-4, 12.1.2): long commands or not."""
    objects = _historical(atr)[1:]
    while objects:
        tag, size = objects[0] >> 4, objects[0] & 0x0F
        if tag == 7 and size == 3 and len(objects) >= 4:
            return bool(objects[3] & 0x40)
        objects = objects[1 + size :]
    return False


def _historical(atr: bytes) -> bytes:
    """Behind T0 and its interface bytes (ISO/IEC 7816-3, 8.2)."""
    at, more, count = 1, atr[1] if len(atr) > 1 else 0, atr[1] & 0x0F if len(atr) > 1 else 0
    while more & 0xF0:
        at += (more >> 4).bit_count()
        more = atr[at] if more & 0x80 and at < len(atr) else 0
    historical = atr[at + 1 : at + 1 + count]
    return historical if historical[:1] in (b"\x00", b"\x80") else b""
