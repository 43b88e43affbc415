"""The far end of a serial cable: a pseudo terminal behind a path that stays, served by one thread."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path

from simulators.faults import Faults

BITS_PER_BYTE_ON_WIRE = 10  # 8N1
SPLIT_PAUSE_S = 0.001
THROTTLED_BYTES = 32  # a slow line trickles
RETRY_S = 0.005
JOIN_S = 5.0
SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)}


class PtyWire:
    """Gives what the host says to `heard` (in the wire's own thread) and lets the device `say` something.

    `path` is a link to the pty: the address of the simulated device. A pty carries any speed, so here
    a host at another speed than the device reads rubbish, and with `throttle` bytes take their true time.
    Begins unplugged: call `replug`.
    """

    def __init__(self, path: Path, heard: Callable[[bytes], None], faults: Faults, *, throttle: bool) -> None:
        self.path = path
        self.faults = faults
        self.throttle = throttle
        self._heard = heard
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        self._ends: tuple[int, int] | None = None  # master, slave
        self._outgoing: deque[tuple[float, int, bytes]] = deque()  # due, speed, piece
        self._free_at_s = 0.0
        self._full_since_s: float | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"wire {path.name}", daemon=True)
        self._thread.start()

    def say(self, data: bytes, *, baud: int, after_s: float = 0.0) -> None:
        """Put bytes on the wire, behind all that was said before. Any thread."""
        self._order(lambda: self._schedule(data, baud, after_s))

    @property
    def plugged_in(self) -> bool:
        return self._ends is not None

    def host_baud(self) -> int:
        """The speed the host has set; 0 when unplugged or unknown. Wire thread only."""
        if self._ends is None:
            return 0
        return SPEEDS.get(termios.tcgetattr(self._ends[0])[5], 0)

    def do(self, what: Callable[[], None]) -> None:
        """Something of the device's own, in the wire's thread, where it hears; waits until it is done."""
        self._do(what)

    def pull(self) -> None:
        """As `unplug`, from the wire's own thread: the device leaves in the middle of what it hears."""
        self._pull()

    def unplug(self) -> None:
        """The path vanishes and the host's descriptor dies; what was under way is lost."""
        self._do(self._pull)

    def replug(self) -> None:
        """A new pty behind the same path."""
        self._do(self._put_in)

    def close(self) -> None:
        """Join the thread first: a descriptor number is used again at once, and a late byte would go astray."""
        if not self._thread.is_alive():
            return
        self._order(self._stop)
        self._thread.join(JOIN_S)
        if self._thread.is_alive():
            raise RuntimeError(f"the wire {self.path} does not end")
        self._pull()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _order(self, what: Callable[[], None]) -> None:
        self._orders.put(what)
        with contextlib.suppress(OSError):  # closed meanwhile: nobody is left to be woken
            os.write(self._wake_write, b"!")

    def _do(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def act() -> None:
            try:
                what()
            finally:
                done.set()

        self._order(act)
        if not done.wait(JOIN_S):
            raise RuntimeError(f"the wire {self.path} does not answer")

    def _run(self) -> None:
        while not self._stopping:
            ends = [self._wake_read] + ([self._ends[0]] if self._ends else [])
            ready, _, _ = select.select(ends, [], [], self._pause_s())
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if self._ends and self._ends[0] in ready:
                self._listen(self._ends[0])
            while not self._orders.empty():
                self._orders.get()()
            self._write_due()

    def _pause_s(self) -> float | None:
        return max(0.0, self._outgoing[0][0] - time.monotonic()) if self._outgoing else None

    def _listen(self, master: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._heard(os.read(master, 4096))

    def _schedule(self, data: bytes, baud: int, after_s: float) -> None:
        if self._ends is None:
            return
        at_s = max(time.monotonic() + after_s + self.faults.delay_s, self._free_at_s)
        for piece in self.faults.pieces(data):
            step = THROTTLED_BYTES if self.throttle else max(1, len(piece))
            for start in range(0, len(piece), step):
                part = piece[start : start + step]
                at_s += len(part) * BITS_PER_BYTE_ON_WIRE / baud if self.throttle else 0.0
                self._outgoing.append((at_s, baud, part))
            at_s += SPLIT_PAUSE_S if self.faults.split else 0.0
        self._free_at_s = at_s

    def _write_due(self) -> None:
        while self._ends and self._outgoing and self._outgoing[0][0] <= time.monotonic():
            _, baud, piece = self._outgoing.popleft()
            piece, is_leaving = self.faults.before_leaving(piece)
            try:
                written = os.write(self._ends[0], piece if self.host_baud() == baud else _misread(piece))
                self._full_since_s = None
            except BlockingIOError:
                written = 0
            if is_leaving:
                self._pull()
                return
            if written < len(piece) and not self._wait_for_reader(baud, piece[written:]):
                return

    def _wait_for_reader(self, baud: int, rest: bytes) -> bool:
        """The host's buffer is full: try again soon, and after a while lose it all, as a UART would."""
        now_s = time.monotonic()
        if self._full_since_s is None:
            self._full_since_s = now_s
        if now_s - self._full_since_s > self.faults.patience_s:
            self._outgoing.clear()
            self._full_since_s = None
        else:
            self._outgoing.appendleft((now_s + RETRY_S, baud, rest))
        return False

    def _put_in(self) -> None:
        if self._ends:
            return
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)
        beside = self.path.with_name(self.path.name + ".new")
        beside.unlink(missing_ok=True)
        beside.symlink_to(os.ttyname(slave))
        beside.replace(self.path)
        # our own slave end stays open: else a host that closes would leave the master in an endless hang-up
        self._ends = (master, slave)

    def _pull(self) -> None:
        self._outgoing.clear()
        self._free_at_s = 0.0
        if self._ends:
            self.path.unlink(missing_ok=True)
            for end in self._ends:
                os.close(end)
            self._ends = None

    def _stop(self) -> None:
        self._stopping = True


def _misread(data: bytes) -> bytes:
    """What a host at another speed makes of it: as many characters, none of them right."""
    return bytes((byte * 7 + 0x93) % 256 ^ 0xE0 for byte in data)
