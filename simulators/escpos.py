"""A receipt printer that speaks ESC/POS, from the published command reference: what it prints can be looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.faults import Faults
from simulators.pty_wire import PtyWire

ESC, GS, DLE, LF = 0x1B, 0x1D, 0x10, 0x0A
CODE_PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 19: "cp858"}
CLEAR = bytes.fromhex("1014 08 01 03 14 01 06 02 08")
CELL_W, CELL_H = 12, 24  # dots of one character of font A
QR_ROWS = 8
TURNED_PAGE_S = 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text as it was printed."""

    text: str
    large: bool = False
    strong: bool = False
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One slip, cut off. `codes` are the QR codes under its rows."""

    rows: tuple[Row, ...]
    codes: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    def picture(self, columns: int = 42) -> NDArray[np.uint8]:
        """Height x width, 0 is black: one dot of the printer a pixel."""
        width = columns * CELL_W
        parts = [_drawn(row, width) for row in self.rows] + [_drawn_code(code, width) for code in self.codes]
        edge = np.full((2 * CELL_H, width), 255, np.uint8)
        return np.pad(np.concatenate([edge, *parts, edge]), ((0, 0), (CELL_W, CELL_W)), constant_values=255)

    def png(self) -> bytes:
        return cv2.imencode(".png", self.picture())[1].tobytes()


@dataclass(slots=True)
class Style:
    """How the next characters are printed."""

    code_page: str = "cp437"
    large: bool = False
    strong: bool = False
    centred: bool = False


class EscposSim:
    """One printer on a pty. Knobs: `faults`, paper and cover, how long a row takes, when it leaves."""

    def __init__(self, path: Path, *, baud: int = 9600, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.baud = baud
        self.sheets: list[Sheet] = []  # cut off, oldest first
        self.unknown: list[bytes] = []  # commands that no printer of this family knows
        self.row_s = 0.0
        self.is_low = self.cover_is_open = self.is_broken = False
        self.rows_left: int | None = None  # None: a full roll
        self.leaves_after_bytes: int | None = None
        self._style, self._row, self._rows, self._codes, self._symbol = Style(), "", list[Row](), list[str](), ""
        self._heard, self._queue = b"", b""
        self._free_at_s = 0.0
        self._wire = PtyWire(path, self._hear, self.faults, throttle=False)
        self._wire.replug()

    @property
    def path(self) -> Path:
        return self._wire.path

    @property
    def paper_is_out(self) -> bool:
        return self.rows_left is not None and self.rows_left <= 0

    def refill(self) -> None:
        """A new roll: what was sent and not printed comes out now, as from a true printer."""
        self.rows_left = None
        self._wire.do(self._work)

    def close_cover(self) -> None:
        self.cover_is_open = False
        self._wire.do(self._work)

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        self._wire.replug()

    def close(self) -> None:
        self._wire.close()

    def _say(self, byte: int, after_s: float = 0.0) -> None:
        if after_s <= 0:
            self._wire.say(bytes([byte]), baud=self.baud)
        else:  # what is asked at any moment must not wait behind it
            threading.Timer(after_s, self._say, [byte]).start()

    # the receiver: questions that are answered at any moment, and everything else in its turn

    def _hear(self, data: bytes) -> None:
        if self.leaves_after_bytes is not None:
            data, self.leaves_after_bytes = data[: self.leaves_after_bytes], self.leaves_after_bytes - len(data)
            if self.leaves_after_bytes <= 0:
                self.leaves_after_bytes = None
                self._wire.pull()
        self._heard += data
        while self._heard:
            at = self._heard.find(DLE)
            at = len(self._heard) if at < 0 else at
            self._queue, self._heard = self._queue + self._heard[:at], self._heard[at:]
            if self._heard and not self._is_answered():
                break
        self._work()

    def _is_answered(self) -> bool:
        """A command that begins with DLE; False: its rest has not come."""
        size = {b"": 2, b"\x04": 3, b"\x05": 2, b"\x14": len(CLEAR)}.get(self._heard[1:2], 1)
        if len(self._heard) < size:
            return False
        if size == 1:  # no command of that kind: a byte like any other, such as the length of what follows
            self._queue, self._heard = self._queue + self._heard[:1], self._heard[1:]
            return True
        command, self._heard = self._heard[:size], self._heard[size:]
        if size == 3 and command[2] in (1, 2, 3, 4):
            self._say(self._status(command[2]))
        elif command == CLEAR:
            self._queue, self._row, self._rows, self._codes = b"", "", [], []
        return True  # anything else was cut short by a pulled cable and means nothing

    def _status(self, what: int) -> int:
        offline = self.cover_is_open or self.paper_is_out or self.is_broken
        told = {
            1: 0x08 * offline,
            2: 0x04 * self.cover_is_open | 0x20 * self.paper_is_out | 0x40 * self.is_broken,
            3: 0x08 * self.is_broken,
            4: 0x0C * (self.is_low or self.paper_is_out) | 0x60 * self.paper_is_out,
        }
        return 0xFF if self.faults.wrong_status else 0x12 | told[what]

    def _work(self) -> None:
        """Print what lies in the queue, as far as paper and cover allow."""
        while self._queue and not (self.paper_is_out or self.cover_is_open or self.is_broken):
            used = self._one()
            if not used:
                return
            self._queue = self._queue[used:]

    def _one(self) -> int:
        """Obey what the queue begins with; how many bytes it was, 0: its rest has not come."""
        first = self._queue[0]
        if first in (ESC, GS):
            return self._command()
        if first == LF:
            self._print_row()
        elif first in (0, DLE):
            pass  # as true printers do; a DLE stands alone where its command was cut short by a pulled cable
        elif first >= 0x20:
            self._row += bytes([first]).decode(self._style.code_page)
        else:
            self.unknown.append(bytes([first]))
        return 1

    def _command(self) -> int:
        name, given = self._queue[:2], self._queue[2:]
        if name == b"\x1b@":
            self._style, self._row = Style(), ""
            return 2
        if name == b"\x1d(":
            return self._two_dimensional(given)
        if len(given) < 1 or (name == b"\x1dV" and len(given) < 2):
            return 0
        acts: dict[bytes, Callable[[int], None]] = {
            b"\x1bt": lambda n: self._set(code_page=CODE_PAGES[n]),
            b"\x1ba": lambda n: self._set(centred=n == 1),
            b"\x1bE": lambda n: self._set(strong=n == 1),
            b"\x1d!": lambda n: self._set(large=n == 0x11),
            b"\x1dr": self._tell_paper,
            b"\x1dV": lambda _n: self._cut(),
        }
        if name not in acts:
            self.unknown.append(name)
            return 2
        acts[name](given[0])
        return 4 if name == b"\x1dV" else 3

    def _set(self, **changes: object) -> None:
        self._style = replace(self._style, **changes)  # type: ignore[arg-type]

    def _two_dimensional(self, given: bytes) -> int:
        if len(given) < 3:
            return 0
        length = given[1] + given[2] * 256
        body = given[3 : 3 + length]
        if len(body) < length:
            return 0
        if body[:2] == b"1P":
            self._symbol = body[3:].decode("utf-8")
        elif body[:2] == b"1Q":
            self._codes.append(self._symbol)
            self._use(QR_ROWS)
        elif body[:2] not in (b"1A", b"1C", b"1E"):
            self.unknown.append(body[:2])
        return 5 + length

    def _print_row(self) -> None:
        style = self._style
        self._rows.append(Row(self._row, style.large, style.strong, style.centred))
        self._row = ""
        self._use(2 if style.large else 1)

    def _use(self, rows: int) -> None:
        self._free_at_s = max(self._free_at_s, time.monotonic()) + rows * self.row_s
        if self.rows_left is not None:
            self.rows_left -= rows

    def _tell_paper(self, _what: int) -> None:
        self._say(0x03 * self.is_low, self._free_at_s - time.monotonic())

    def _cut(self) -> None:
        self.sheets.append(Sheet(tuple(self._rows), tuple(self._codes)))
        self._rows, self._codes = [], []


def _drawn(row: Row, width: int) -> NDArray[np.uint8]:
    """Each character in its own cell, as a printer's font stands."""
    scale = 2 if row.large else 1
    strip = np.full((CELL_H * scale, width), 255, np.uint8)
    left = (width - len(row.text) * CELL_W * scale) // 2 if row.centred else 0
    font = cv2.FontFace("sans")
    for at, character in enumerate(row.text):
        foot = (left + at * CELL_W * scale, 19 * scale)
        cv2.putText(strip, character, foot, (0,), font, 19 * scale, 700 if row.strong else 400)
    return strip


def _drawn_code(code: str, width: int) -> NDArray[np.uint8]:
    symbol = cv2.QRCodeEncoder.create().encode(code)
    large = cv2.resize(symbol, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    field = np.full((large.shape[0], width), 255, np.uint8)
    left = (width - large.shape[1]) // 2
    field[:, left : left + large.shape[1]] = large
    return field
