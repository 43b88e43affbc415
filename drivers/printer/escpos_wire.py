"""ESC/POS as receipt printers speak it: a slip as bytes, and what their status bytes say. No port, no clock.

Source: the command reference that Epson publishes for its TM printers; other makes follow it for these commands.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass

from drivers.api import LineStyle, Slip, SlipLine

ESC, GS, DLE, EOT, DC4 = b"\x1b", b"\x1d", b"\x10", b"\x04", b"\x14"
INITIALISE = ESC + b"@"
FEED_AND_CUT = GS + b"V\x42\x03"  # partial cut, past the knife and three units more
TELL_PAPER = GS + b"r\x01"  # answered in its turn, when all before it is done
SETTLE = bytes(10)  # ends a command whose rest went with a pulled cable; alone it means nothing
CLEAR = DLE + DC4 + bytes((8, 1, 3, 20, 1, 6, 2, 8))  # at once: forget all that was sent and not printed
TABLE = "cp858"  # as code page 850, with the euro: every letter of our four languages
QR_DOTS = 6
QR_MAX_BYTES = 300
APART = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "œ": "oe", "Œ": "OE", "…": "..."})

PLAIN = ESC + b"a\x00" + ESC + b"E\x00" + GS + b"!\x00"
STYLES: dict[LineStyle, bytes] = {
    LineStyle.PLAIN: PLAIN,
    LineStyle.STRONG: ESC + b"a\x00" + ESC + b"E\x01" + GS + b"!\x00",
    LineStyle.LARGE: ESC + b"a\x01" + ESC + b"E\x01" + GS + b"!\x11",
}
CENTRED = ESC + b"a\x01"


def job(slip: Slip, *, columns: int, code_page: int) -> bytes:
    """The whole slip, cut off at the end. `columns`: characters of the plain size in a line.

    `code_page`: the number by which this printer knows PC858. Raises `ValueError` for a code of too many bytes.
    """
    lines = b"".join(_line(line, columns) for line in slip.lines)
    code = CENTRED + qr(slip.code.encode()) + PLAIN if slip.code else b""
    return INITIALISE + ESC + b"t" + bytes([code_page]) + lines + code + FEED_AND_CUT


def _line(line: SlipLine, columns: int) -> bytes:
    width = columns // 2 if line.style is LineStyle.LARGE else columns
    rows = textwrap.wrap(line.text, width) or [""]
    return STYLES[line.style] + b"".join(encoded(row) + b"\n" for row in rows)


def encoded(text: str) -> bytes:
    """In the printer's table; a letter it has not loses its accent, and a sign it has not becomes `?`."""
    return b"".join(_character(character) for character in text.translate(APART))


def _character(character: str) -> bytes:
    if character < " ":
        return b"?"  # no text is a command
    try:
        return character.encode(TABLE)
    except UnicodeEncodeError:
        bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore")
        return bare or b"?"


def qr(data: bytes) -> bytes:
    """A QR code, model 2, correction M. Raises `ValueError` for more than `QR_MAX_BYTES`."""
    if not 0 < len(data) <= QR_MAX_BYTES:
        raise ValueError(f"a QR code of {len(data)} bytes")
    settings = _symbol(b"A2\x00") + _symbol(b"C" + bytes([QR_DOTS])) + _symbol(b"E1")
    return settings + _symbol(b"P0" + data) + _symbol(b"Q0")


def _symbol(function: bytes) -> bytes:
    body = b"1" + function
    return GS + b"(k" + len(body).to_bytes(2, "little") + body


# --- what it answers: one byte each, told apart by their fixed bits ---

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, ROLL = 1, 2, 3, 4
"""What can be asked at any moment, and is answered even while it prints or stands still."""


def tell(what: int) -> bytes:
    return DLE + EOT + bytes([what])


def is_status(byte: int) -> bool:
    """An answer to `tell`."""
    return byte & 0b1001_0011 == 0b0001_0010


def is_paper(byte: int) -> bool:
    """An answer to `TELL_PAPER`."""
    return byte & 0b1001_0000 == 0


def is_offline(printer: int) -> bool:
    return bool(printer & 0x08)


@dataclass(frozen=True, slots=True)
class OfflineCause:
    """The answer to `OFFLINE_CAUSE`."""

    cover_is_open: bool
    paper_is_out: bool
    has_error: bool

    @staticmethod
    def of(byte: int) -> OfflineCause:
        return OfflineCause(bool(byte & 0x04), bool(byte & 0x20), bool(byte & 0x40))


def error_cause(byte: int) -> str:
    """The answer to `ERROR_CAUSE` in words."""
    causes = {0x08: "the cutter is stuck", 0x20: "a fault that only a repair ends", 0x40: "the head is too hot"}
    return ", ".join(words for bit, words in causes.items() if byte & bit) or "a fault it does not name"


def roll_is_low(roll: int) -> bool:
    """The answer to `ROLL`; also when it is out."""
    return bool(roll & 0b0110_1100)


def paper_is_low(paper: int) -> bool:
    return bool(paper & 0b0000_0011)


def paper_is_out(paper: int) -> bool:
    return bool(paper & 0b0000_1100)
