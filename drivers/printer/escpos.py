"""Receipt printers that speak ESC/POS, on a serial port or as the kernel's raw printer file."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from drivers.api import Paper, Slip
from drivers.deadline import Deadline
from drivers.errors import CoverOpen, DeviceError, DeviceRefused, DeviceTimeout, PaperOut
from drivers.printer import escpos_wire as wire

REPLY_S = 1.0  # a status is answered at once, even while it prints
LOOK_EVERY_S = 0.2
CHUNK_BYTES = 256
CLEAR_S = 1.0


class Line(Protocol):
    """What is needed of a wire: `SerialLine` and `DeviceFile` have it."""

    def receive(self, deadline: Deadline) -> bytes: ...

    def send(self, data: bytes, deadline: Deadline) -> None: ...

    def drain(self) -> None: ...

    def close(self) -> None: ...


class EscposPrinter:
    """Prints, and believes that a slip is out only when the printer has said so behind it."""

    is_fitted = True

    def __init__(self, device: str, line: Line, *, columns: int, code_page: int) -> None:
        self.device = device
        self._line = line
        self._columns = columns
        self._code_page = code_page
        self._heard = bytearray()
        self._paper: int | None = None  # told behind the slip under way
        self._is_clear = False  # else a slip's rest or half a command may lie in it, of this run or the last

    def look(self, deadline: Deadline) -> Paper:
        """How it is. Also makes it forget the rest of a slip that failed."""
        self._begin(deadline)
        roll = self._told(wire.ROLL, deadline)
        self._is_clear = True
        return Paper.LOW if wire.roll_is_low(roll) else Paper.ENOUGH

    def print(self, slip: Slip, deadline: Deadline) -> Paper:
        data = wire.job(slip, columns=self._columns, code_page=self._code_page)
        self._begin(deadline)
        self._paper = None
        try:
            self._send(data + wire.TELL_PAPER, deadline)
            paper = self._printed(deadline)
        except DeviceError:
            with suppress(DeviceError):  # now if it can be, and again at the next call
                self._clear(Deadline(CLEAR_S))
            raise
        self._is_clear = True
        return Paper.LOW if wire.paper_is_low(paper) else Paper.ENOUGH

    def close(self) -> None:
        self._line.close()

    def _begin(self, deadline: Deadline) -> None:
        deadline.check(self.device)
        is_clear, self._is_clear = self._is_clear, False
        if not is_clear:
            self._clear(deadline)
        self._line.drain()  # an answer that came too late must not answer this
        self._heard.clear()
        self._check(deadline)

    def _clear(self, deadline: Deadline) -> None:
        """Nothing of the slip before may come out before the eyes of the next traveller."""
        self._line.send(wire.SETTLE + wire.CLEAR + wire.INITIALISE, deadline)

    def _send(self, data: bytes, deadline: Deadline) -> None:
        """In pieces, so that a printer that takes none is asked why."""
        for start in range(0, len(data), CHUNK_BYTES):
            try:
                self._line.send(data[start : start + CHUNK_BYTES], deadline)
            except DeviceTimeout:
                self._check(Deadline(REPLY_S))
                raise

    def _printed(self, deadline: Deadline) -> int:
        """Wait for the word that was asked for behind the slip. Raises what stops the printer meanwhile."""
        while self._paper is None:
            self._check(deadline)
            deadline.pause(self.device, LOOK_EVERY_S)
        if wire.paper_is_out(self._paper):
            raise PaperOut(self.device, "the roll ended with the slip")
        return self._paper

    def _check(self, deadline: Deadline) -> None:
        if not wire.is_offline(self._told(wire.PRINTER, deadline)):
            return
        cause = wire.OfflineCause.of(self._told(wire.OFFLINE_CAUSE, deadline))
        if cause.cover_is_open:
            raise CoverOpen(self.device, "the cover is open")
        if cause.paper_is_out:
            raise PaperOut(self.device, "no paper")
        if cause.has_error:
            raise DeviceRefused(self.device, wire.error_cause(self._told(wire.ERROR_CAUSE, deadline)))
        raise DeviceRefused(self.device, "offline, and does not say why")

    def _told(self, what: int, deadline: Deadline) -> int:
        """The answer to one question; the word behind a slip may come before it. Other bytes are not looked at."""
        self._line.send(wire.tell(what), deadline)
        soon = deadline.within(REPLY_S)
        while True:
            while not self._heard:
                self._heard += self._line.receive(soon)
            byte = self._heard.pop(0)
            if wire.is_status(byte):
                return byte
            if wire.is_paper(byte):
                self._paper = byte
