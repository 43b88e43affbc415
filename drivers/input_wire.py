"""What an input device of the kernel says: `struct input_event` of linux/input.h, in this machine's own order. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

EVENT = struct.Struct("@llHHi")  # seconds, microseconds, kind, code, value
EV_SYN, EV_KEY, EV_SW = 0x00, 0x01, 0x05
SYN_REPORT, SYN_DROPPED = 0, 3
SW_HEADPHONE_INSERT = 2


@dataclass(frozen=True, slots=True)
class Event:
    """One event; what `code` and `value` mean depends on `kind`."""

    kind: int
    code: int
    value: int


class EventReader:
    """Bytes in, events out. Behind `SYN_DROPPED` the kernel's queue had run over: what follows up to the next report
    is worth nothing and left out, and the mark itself comes out in its place.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_stale = False

    def feed(self, data: bytes) -> list[Event]:
        self._buffer += data
        whole = len(self._buffer) - len(self._buffer) % EVENT.size
        events = [Event(*fields[2:]) for fields in EVENT.iter_unpack(bytes(self._buffer[:whole]))]
        del self._buffer[:whole]
        return [event for event in events if self._is_worth(event)]

    def _is_worth(self, event: Event) -> bool:
        if event.kind != EV_SYN:
            return not self._is_stale
        self._is_stale = event.code == SYN_DROPPED
        return self._is_stale
