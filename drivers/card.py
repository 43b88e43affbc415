"""The PC/SC wire: the one file that knows pyscard, and the one place where its codes become our errors.

A call into pcscd cannot be broken off: a mute chip holds it as long as the reader's own driver waits. So one thread,
the hand, makes every call, and whoever asked for it leaves when his deadline ends; the hand then lets go of the chip
as soon as it is free again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillBusy
from typing import Any, TypeVar

from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused, DocumentRemoved, WireCorrupt

T = TypeVar("T")
SLICE_S = 0.05  # how soon a wait notices that its caller has left
CLOSE_S = 1.0
ANY = "*"
NO_CARD = 0x8010000C
LOST = {0x80100016, 0x8010002F}  # the exchange failed: chip or reader left, which only the list of readers tells
REMOVED = {0x80100069, 0x80100068, NO_CARD, 0x80100017}  # removed, reset by another, none, gone while connecting
REFUSED = {0x8010000B: "another program holds the chip", 0x8010000F: "a protocol that the reader does not speak"}
COMES_OR_GOES = {0x80100066, 0x80100067}  # at the edge of the field: not yet here, or not here any more
UNPOWERED = {
    0x80100066: "the chip does not answer",
    0x80100067: "the chip has no power",
    0x80100065: "a chip that the reader does not know",
}


class CardLine:
    """The chip on one reader, found and reset by `wait`. `reader`: how its name begins; `*`: the first there is.

    Owned by one thread. Every method except `close` may raise `DeviceGone`.
    """

    def __init__(self, device: str, reader: str) -> None:
        self._device = device
        self._reader = reader
        self._hand = _Hand(device)
        self._pcsc = _Pcsc(device, reader)

    def wait(self, deadline: Deadline) -> bytes:
        """Until a chip lies on the reader; then its ATR. Raises `DeviceTimeout`, `Cancelled`, `DeviceRefused`."""
        while True:
            deadline.check(self._device)
            if (atr := self._do(self._pcsc.found, deadline)) is not None:
                return atr

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        """Answer and status. Raises `DocumentRemoved`, `DeviceTimeout`, `Cancelled`, `WireCorrupt`."""
        return self._do(lambda: self._pcsc.exchanged(command), deadline)

    def let_go(self) -> None:
        """Have the chip switched off, without waiting for it; the next `wait` begins with a fresh one."""
        self._hand.order(self._pcsc.let_go)

    def close(self) -> None:
        """Safe to call twice; a later call opens again."""
        pcsc, self._pcsc = self._pcsc, _Pcsc(self._device, self._reader)
        self._hand.dismiss(pcsc.close, CLOSE_S)  # it may hang in a call: what is its own stays its own

    def _do(self, what: Callable[[], T], deadline: Deadline) -> T:
        return self._hand.do(what, deadline, instead=self._pcsc.let_go)


class _Hand:
    """One daemon thread that does what it is told, in order."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._orders: queue.SimpleQueue[Callable[[], bool]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, what: Callable[[], T], deadline: Deadline, *, instead: Callable[[], object]) -> T:
        """Its result. A caller who leaves early has `instead` done once the hand is free."""
        deadline.check(self._device)
        result: Future[T] = Future()
        self._order(lambda: _run(what, result))
        while True:
            try:
                return result.result(min(SLICE_S, deadline.remaining_s))
            except StillBusy:
                try:
                    deadline.check(self._device)
                except Exception:
                    result.cancel()
                    self.order(instead)
                    raise

    def order(self, what: Callable[[], object]) -> None:
        """Done when the hand is free; nobody hears what came of it."""
        self._order(lambda: _run(what, Future()))

    def dismiss(self, last: Callable[[], object], patience_s: float) -> None:
        """Do a last thing and end; not waited for longer than this, for it may hang in a call."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._orders.put(lambda: not _run(last, Future()))
        self._orders = queue.SimpleQueue()
        thread.join(patience_s)

    def _order(self, what: Callable[[], bool]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=_serve, args=(self._orders,), name="chip", daemon=True)
            self._thread.start()
        self._orders.put(what)


def _serve(orders: queue.SimpleQueue[Callable[[], bool]]) -> None:
    while orders.get()():
        pass


def _run(what: Callable[[], T], result: Future[T]) -> bool:
    """Always true: the hand goes on, whatever came of it."""
    if result.set_running_or_notify_cancel():
        try:
            result.set_result(what())
        except BaseException as error:  # noqa: BLE001 - carried to whoever asked
            result.set_exception(error)
    return True


class _Pcsc:
    """pcscd itself; every method runs in the hand."""

    def __init__(self, device: str, reader: str) -> None:
        self._device = device
        self._wanted = reader
        self._scard: Any = None
        self._context: Any = None
        self._card: Any = None
        self._protocol: Any = None

    def found(self) -> bytes | None:
        """The ATR of a chip, freshly reset; None: none came within a slice."""
        self.let_go()
        scard, reader = self._open(), self._reader()
        state = self._state(reader, scard.SCARD_STATE_UNAWARE, 0)
        if not state & scard.SCARD_STATE_PRESENT or state & scard.SCARD_STATE_MUTE:
            state = self._state(reader, state & ~scard.SCARD_STATE_CHANGED, int(SLICE_S * 1000))
        if not state & scard.SCARD_STATE_PRESENT or state & scard.SCARD_STATE_MUTE:
            return None
        return self._connected(reader)

    def exchanged(self, command: bytes) -> bytes:
        if self._card is None:
            raise DocumentRemoved(self._device, "no chip is held")
        pci = self._scard.SCARD_PCI_T1 if self._protocol == self._scard.SCARD_PROTOCOL_T1 else self._scard.SCARD_PCI_T0
        code, answer = self._scard.SCardTransmit(self._card, pci, list(command))
        if code & 0xFFFFFFFF in LOST or (code == 0 and not answer):  # nothing: what pcscd 1.9 says for the same
            self.let_go()
            self._reader()
            raise DocumentRemoved(self._device, "the chip fell silent in the middle of an exchange")
        self._judge(code)
        return bytes(answer)

    def let_go(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._scard.SCardDisconnect(card, self._scard.SCARD_UNPOWER_CARD)

    def close(self) -> None:
        self.let_go()
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def _open(self) -> Any:
        if self._context is None:
            self._scard = _pyscard(self._device)
            code, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_SYSTEM)
            self._judge(code)
            self._context = context
        return self._scard

    def _reader(self) -> str:
        code, readers = self._scard.SCardListReaders(self._context, [])
        self._judge(code)
        for name in readers:
            if self._wanted == ANY or name.startswith(self._wanted):
                return str(name)
        raise DeviceGone(self._device, f"no reader {self._wanted!r} among {len(readers)}")

    def _state(self, reader: str, known: int, wait_ms: int) -> int:
        code, states = self._scard.SCardGetStatusChange(self._context, wait_ms, [(reader, known)])
        if code & 0xFFFFFFFF == 0x8010000A:  # nothing happened in that time
            return known
        self._judge(code)
        return int(states[0][1])

    def _connected(self, reader: str) -> bytes | None:
        scard = self._scard
        either = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, protocol = scard.SCardConnect(self._context, reader, scard.SCARD_SHARE_EXCLUSIVE, either)
        if code & 0xFFFFFFFF in {*REMOVED, *COMES_OR_GOES}:
            return None
        self._judge(code)
        self._card, self._protocol = card, protocol
        code, _, _, _, atr = scard.SCardStatus(card)
        self._judge(code)
        return bytes(atr)

    def _judge(self, code: int) -> None:
        """Raise what this code means; every other than these says that reader or pcscd are gone."""
        code &= 0xFFFFFFFF
        if code == 0:
            return
        self.let_go()
        if code in REMOVED:
            raise DocumentRemoved(self._device, f"PC/SC {code:08X}")
        if code in REFUSED:
            raise DeviceRefused(self._device, REFUSED[code])
        if code in UNPOWERED:
            raise WireCorrupt(self._device, UNPOWERED[code])
        self.close()
        raise DeviceGone(self._device, f"PC/SC {code:08X}")


def _pyscard(device: str) -> Any:
    try:
        from smartcard import scard  # noqa: PLC0415  # loads libpcsclite, which only a kiosk with a chip reader has
    except ImportError as error:
        raise DeviceGone(device, f"pyscard: {error}") from error
    return scard
