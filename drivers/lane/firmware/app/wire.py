"""Frames of the line: COBS between zero bytes, CRC-16 inside. Bytes to values, no I/O.

body = version u8, kind u8, sequence u8, payload, CRC-16/IBM-3740 of all before (big-endian, as all numbers here).
"""

VERSION = 1
MAX_FRAME = 250  # encoded, without the zero
HELLO, ORDER, BEAT, CHALLENGE, CLEAR_TAMPER = 1, 2, 3, 4, 5
UPDATE_BEGIN, UPDATE_CHUNK, UPDATE_END, RESTART = 6, 7, 8, 9
ANSWER = 0x80  # added to the kind that is answered

OK, BAD_VALUE, BUSY, BAD_SIGNATURE, OLDER, TORN, NOT_NOW, NO_KEY, OTHER_VERSION, UNKNOWN, OTHER_OFFSET, FULL = range(12)

_NIBBLES = (
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
    0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
)  # fmt: skip


def crc16(data):
    """CRC-16/IBM-3740: polynomial 1021, from FFFF, not reflected; "123456789" gives 29B1."""
    crc = 0xFFFF
    for byte in data:
        crc = ((crc << 4) & 0xFFFF) ^ _NIBBLES[(crc >> 12) ^ (byte >> 4)]
        crc = ((crc << 4) & 0xFFFF) ^ _NIBBLES[(crc >> 12) ^ (byte & 15)]
    return crc


def encode(kind, sequence, payload):
    """One frame as it goes on the line, with its zero."""
    body = bytes((VERSION, kind, sequence)) + payload
    body += crc16(body).to_bytes(2, "big")
    return b"".join(bytes((len(part) + 1,)) + part for part in body.split(b"\0")) + b"\0"


def decode(data):
    """(version, kind, sequence, payload) of what stood between two zeros; None when it is no frame."""
    parts = []
    at = 0
    while at < len(data):
        end = at + data[at]
        if data[at] == 0 or end > len(data):
            return None
        parts.append(data[at + 1 : end])
        at = end
    body = b"\0".join(parts)
    if len(body) < 5 or crc16(body[:-2]) != int.from_bytes(body[-2:], "big"):
        return None
    return body[0], body[1], body[2], body[3:-2]


class Reader:
    """Feed what arrives, get the frames that are whole; the rest is counted in `broken` and forgotten."""

    def __init__(self):
        self._held = b""
        self.broken = 0

    def feed(self, data):
        found = []
        self._held += data
        while (end := self._held.find(b"\0")) >= 0:
            piece, self._held = self._held[:end], self._held[end + 1 :]
            frame = decode(piece) if len(piece) <= MAX_FRAME else None
            if frame is not None:
                found.append(frame)
            elif piece:
                self.broken += 1
        if len(self._held) > MAX_FRAME:
            self._held = b"\xff"  # too long already: what is left of it must not pass for a frame
        return found
