"""A camera that is read all the time by its own thread, and of which only the newest picture is kept."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from drivers.api import Frame, Pixels
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceTimeout, WireCorrupt

SLICE_S = 0.05  # how soon a waiting caller notices that he has left
OPENING_S = 10.0  # a camera stack that starts takes seconds
STALL_S = 2.0
SILENCE_S = 4.0  # what has been still for so long may be dead without saying so
REOPEN_S = 0.5
JOIN_S = 15.0  # longer than any source may block

Region = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture as a source took it: height x width x 3, uint8, BGR. `metadata` and `preview` as in `Frame`."""

    pixels: Pixels
    at_monotonic_s: float
    metadata: dict[str, float] = field(default_factory=dict)
    preview: Pixels | None = None


class Source(Protocol):
    """One way to get pictures. Everything but `expose_for` is called by the one reader thread."""

    @property
    def silence_s(self) -> float:
        """So long without a picture, and it is closed and opened again; inf: it may have no more to show."""
        ...

    def open(self) -> None:
        """Raises `DeviceError`."""
        ...

    def grab(self, stop: threading.Event) -> Shot | None:
        """Wait up to a second or so for the next picture; None: none yet. Raises `DeviceError`."""
        ...

    def expose_for(self, region: Region | None) -> None:
        """Remember the wish; any thread."""
        ...

    def close(self) -> None:
        """Also after an `open` that failed, and twice."""
        ...


class LiveCamera:
    """`Camera` over any source: opens by itself, opens again after an error, drops what nobody took."""

    def __init__(self, device: str, source: Source, *, stall_s: float = STALL_S) -> None:
        self._device = device
        self._source = source
        self._stall_s = stall_s
        self._newest: queue.Queue[Shot | DeviceError] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._open = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def device(self) -> str:
        return self._device

    def next_frame(self, deadline: Deadline) -> Frame:
        """A picture newer than the one before. Raises `DeviceError`; `DeviceTimeout` also when pictures stall."""
        thread = self._running()
        patience = deadline.within(self._stall_s if self._open.is_set() else OPENING_S)
        while True:
            patience.check(self._device)
            try:
                taken = self._newest.get(timeout=min(SLICE_S, patience.remaining_s))
            except queue.Empty:
                if not thread.is_alive():
                    raise RuntimeError(f"the reader thread of {self._device} died") from None
                continue
            if isinstance(taken, DeviceError):
                raise taken
            if time.monotonic() - taken.at_monotonic_s <= self._stall_s:  # older: left over from before a stall
                return Frame.of(taken.pixels, taken.at_monotonic_s, self._device, taken.metadata, taken.preview)

    def expose_for(self, region: Region | None) -> None:
        self._source.expose_for(region)

    def close(self) -> None:
        """Stop the thread and let go of the device. A later `next_frame` starts again."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        thread.join(JOIN_S)
        if thread.is_alive():
            raise RuntimeError(f"the reader thread of {self._device} does not end")
        while not self._newest.empty():
            self._newest.get_nowait()

    def _running(self) -> threading.Thread:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name=f"camera {self._device}", daemon=True)
            self._thread.start()
        return self._thread

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._source.open()
                self._open.set()
                self._read_on()
            except DeviceError as error:
                self._offer(error)
            finally:
                self._open.clear()
                self._source.close()
            self._stop.wait(REOPEN_S)

    def _read_on(self) -> None:
        seen_s = time.monotonic()
        while not self._stop.is_set():
            try:
                shot = self._source.grab(self._stop)
            except WireCorrupt as error:  # one picture is lost; the source has found its place again
                self._offer(error)
                continue
            if shot is not None:
                seen_s = time.monotonic()
                self._offer(shot)
            elif time.monotonic() - seen_s > self._source.silence_s:
                raise DeviceTimeout(self._device, f"no picture for {self._source.silence_s:g} s, opening again")

    def _offer(self, item: Shot | DeviceError) -> None:
        """Put it where the caller looks, in place of what he has not taken. Only this thread puts."""
        with contextlib.suppress(queue.Empty):
            self._newest.get_nowait()
        self._newest.put_nowait(item)
