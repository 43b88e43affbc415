"""MRZ readers that type what they read, as a keyboard of their own ("keyboard wedge")."""

from __future__ import annotations

from drivers.api import MrzText
from drivers.deadline import Deadline
from drivers.device_file import DeviceFile
from drivers.errors import DeviceGone, DeviceTimeout, WireCorrupt
from drivers.input_wire import EventReader
from drivers.passport_reader.wedge_wire import MAX_STROKES, Keyboard, Stroke, is_empty, zone

GAP_S = 0.2  # readers type a character every 1 to 50 ms


class WedgeReader:
    """Takes no commands; a silence of `gap_s` ends a reading.

    The keyboard stays ours between two calls, so nothing that it types reaches a page; what it typed then is
    forgotten by the next call.
    """

    def __init__(self, device: str, file: DeviceFile, layout: str, gap_s: float = GAP_S) -> None:
        self._device = device
        self._file = file
        self._layout = layout
        self._gap_s = gap_s
        self._begin_anew()

    @property
    def device(self) -> str:
        return self._device

    def read(self, deadline: Deadline) -> MrzText:
        """The next document read after the call. Raises `DeviceError`; `WireCorrupt`: read it again;
        `DeviceRefused`: the reader is set to another keyboard than the address says.
        """
        self._until_silent(deadline)
        strokes: list[Stroke] = []
        while is_empty(strokes) and not self._keyboard.has_lost:
            strokes = self._reading(deadline)
        if self._keyboard.has_lost:
            raise WireCorrupt(self._device, "it typed faster than it was heard, and keys were lost")
        if len(strokes) > MAX_STROKES:
            raise WireCorrupt(self._device, f"more than {MAX_STROKES} keys without a pause")
        return MrzText(zone(strokes, self._layout, self._device), self._device)

    def close(self) -> None:
        self._file.close()

    def _reading(self, deadline: Deadline) -> list[Stroke]:
        """All strokes up to the first silence; at most a few more than a zone has."""
        strokes = self._hear(deadline)
        while strokes or self._keyboard.has_lost:
            try:
                strokes += self._hear(deadline.within(self._gap_s))
            except DeviceTimeout:
                deadline.check(self._device)
                break
            if len(strokes) > MAX_STROKES:
                break
        return strokes

    def _until_silent(self, deadline: Deadline) -> None:
        """Typed while nobody asked, and perhaps still under way: it may be the traveller before."""
        while True:
            try:
                self._hear(deadline.within(self._gap_s))
            except DeviceTimeout:
                deadline.check(self._device)
                break
        self._begin_anew()

    def _hear(self, deadline: Deadline) -> list[Stroke]:
        try:
            data = self._file.receive(deadline)
        except DeviceGone:
            self._begin_anew()
            raise
        return self._keyboard.feed(self._events.feed(data))

    def _begin_anew(self) -> None:
        """No reader holds a key through a silence, and none is held on a keyboard that comes back."""
        self._events, self._keyboard = EventReader(), Keyboard()
