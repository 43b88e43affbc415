"""The headphone jack of a sound card as the kernel's input device tells it: events of a switch, on a pty."""

from __future__ import annotations

from pathlib import Path

from simulators.faults import Faults
from simulators.pty_wire import PtyWire
from simulators.wedge import SYN, UNTOLD_BAUD, event

SWITCH, HEADPHONES = 5, 2


class JackSim:
    """`path` is its address; `is_in` how it is now, as the kernel would answer who asks."""

    def __init__(self, path: Path) -> None:
        self.is_in = False
        self._wire = PtyWire(path, lambda _data: None, Faults(), throttle=False)
        self._wire.replug()

    @property
    def path(self) -> Path:
        return self._wire.path

    def plug(self, is_in: bool) -> None:
        self.is_in = is_in
        self._wire.say(event(SWITCH, HEADPHONES, int(is_in)) + event(SYN, 0, 0), baud=UNTOLD_BAUD)

    def overrun(self, is_in: bool) -> None:
        """The kernel's queue ran over just as the jack changed."""
        self.is_in = is_in
        self._wire.say(event(SYN, 3, 0) + event(SYN, 0, 0), baud=UNTOLD_BAUD)

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        self._wire.replug()

    def close(self) -> None:
        self._wire.close()
