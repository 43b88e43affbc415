"""The headphone jack of a sound card, where a kiosk has no other lane: a headset plugged in is an event."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from drivers.api import Happening, LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.device_file import DeviceFile
from drivers.errors import DeviceGone
from drivers.input_wire import EV_SW, EV_SYN, SW_HEADPHONE_INSERT, EventReader


class JackLane:
    """`Lane` of which only the jack is fitted. `look` asks the kernel how it is now; its events tell only changes.

    Orders are obeyed by doing nothing and never touch the file, which belongs to the thread that waits for events.
    """

    is_fitted = True

    def __init__(self, device: str, file: DeviceFile, look: Callable[[int], bool]) -> None:
        self.device = device
        self._file = file
        self._look = look
        self._reader = EventReader()
        self._waiting: deque[LaneEvent] = deque()
        self._is_in = False
        self._is_known = False  # since the file was opened

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        deadline.check(self.device)
        return LaneState(order.lamp, gate_is_open=False, headset_is_in=self._is_in, tampered_at_monotonic_s=None)

    def next_event(self, deadline: Deadline) -> LaneEvent:
        try:
            while not self._waiting:
                deadline.check(self.device)
                if not self._is_known:
                    self._now(self._file.ask(self._look))
                    self._is_known = True
                else:
                    self._hear(self._file.receive(deadline))
            return self._waiting.popleft()
        except DeviceGone:
            self._is_known, self._reader = False, EventReader()
            raise

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None: ...

    def close(self) -> None:
        self._is_known = False
        self._file.close()

    def _hear(self, data: bytes) -> None:
        for event in self._reader.feed(data):
            if event.kind == EV_SYN:  # the kernel's queue ran over: ask instead
                self._is_known = False
            elif event.kind == EV_SW and event.code == SW_HEADPHONE_INSERT:
                self._now(bool(event.value))

    def _now(self, is_in: bool) -> None:
        if is_in != self._is_in:
            happening = Happening.HEADSET_IN if is_in else Happening.HEADSET_OUT
            self._waiting.append(LaneEvent(happening, time.monotonic(), self.device))
        self._is_in = is_in
