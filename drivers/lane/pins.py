"""A lane on the Pi's own pins: the one file that knows gpiozero, which reaches them through lgpio."""

from __future__ import annotations

import errno
import functools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from drivers.api import Happening, Lamp, LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused

log = logging.getLogger(__name__)

MAX_OPEN_S = 15.0
CLOSING_TRIES = 3
FLASH_S = 0.5
BOUNCE_S = 0.02
AGAIN_S = 0.05
SLICE_S = 0.05  # how soon a wait for events notices that its caller has left
PULLED_DOWN = range(9, 28)
"""Pins (BCM numbers) that the chip pulls low from power-on."""


@dataclass(frozen=True, slots=True)
class PinNumbers:
    """BCM numbers. Outputs are on when high. Button and headset close to ground; the tamper switch is closed to
    ground while the housing is shut, so that a cut wire is an open housing. Raises `ValueError`.
    """

    red: int
    green: int
    gate: int
    button: int
    tamper: int
    headset: int | None = None

    def __post_init__(self) -> None:
        every = (self.red, self.green, self.gate, self.button, self.tamper, self.headset)
        used = [pin for pin in every if pin is not None]
        if len(set(used)) < len(used) or not set(used) <= set(range(2, 28)):
            raise ValueError(f"pins are all different and within 2..27, not {used}")
        if self.gate not in PULLED_DOWN:
            raise ValueError(f"gate={self.gate}: pins below {PULLED_DOWN[0]} are high from power-on, and open a gate")


@dataclass(frozen=True, slots=True)
class Parts:
    """gpiozero's objects for one opening of the pins."""

    red: Any
    green: Any
    gate: Any
    inputs: tuple[Any, ...]
    headset: Any | None

    def close(self) -> None:
        """The gate shut first; afterwards its pin floats."""
        _insist(self.gate.off)
        for part in (self.gate, self.red, self.green, *self.inputs):
            _insist(part.close)


class PinLane:
    """`Lane` without a controller: what the kernel and this process do, and no more.

    A process that ends, however it ends, lets go of the pins, and lgpio leaves them without a pull: what shuts the
    gate then is a resistor to ground, which must be there. The latch of the tamper switch lives as long as the
    process. Nothing is signed: whoever may call `clear_tamper` may clear it.
    """

    is_fitted = True

    def __init__(self, device: str, pins: PinNumbers, new_factory: Callable[[], Any]) -> None:
        self.device = device
        self._pins = pins
        self._new_factory = new_factory
        self._lock = threading.RLock()  # orders, events, the gate's own time and the pins' callbacks meet here
        self._factory: Any | None = None  # kept: lgpio tells edges only of a process's first opening of a chip
        self._parts: Parts | None = None
        self._events: queue.SimpleQueue[LaneEvent] = queue.SimpleQueue()
        self._lamp = Lamp.STOP
        self._timer: threading.Timer | None = None
        self._tampered_at_s: float | None = None

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        deadline.check(self.device)
        with self._opened() as parts:
            if order.gate_open_s > MAX_OPEN_S:
                raise DeviceRefused(self.device, f"a gate open for {order.gate_open_s:g} s, more than {MAX_OPEN_S:g}")
            self._shine(parts, order.lamp)
            if order.gate_open_s:
                self._open_gate(parts, order.gate_open_s)
            else:
                self._shut_gate(parts)
            headset_is_in = parts.headset is not None and bool(parts.headset.is_active)
            return LaneState(self._lamp, bool(parts.gate.value), headset_is_in, self._tampered_at_s)

    def next_event(self, deadline: Deadline) -> LaneEvent:
        while True:
            deadline.check(self.device)
            with self._opened():
                pass
            with suppress(queue.Empty):
                return self._events.get(timeout=min(SLICE_S, deadline.remaining_s))

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None:  # noqa: ARG002
        deadline.check(self.device)
        with self._lock:
            self._tampered_at_s = None

    def close(self) -> None:
        with self._lock:
            parts, self._parts = self._parts, None
            self._lamp = Lamp.STOP
            self._forget_timer()
            if parts is not None:
                parts.close()

    @contextmanager
    def _opened(self) -> Iterator[Parts]:
        with self._lock:
            parts = self._parts or self._opened_anew()
            try:
                yield parts
            except Exception as error:
                if not _is_of_the_pins(error):
                    raise
                self.close()
                raise DeviceGone(self.device, f"{type(error).__name__}: {error}") from error

    def _opened_anew(self) -> Parts:
        try:
            self._parts = self._open()
            return self._parts
        except Exception as error:
            if not _is_of_the_pins(error):
                raise
            why = f"{type(error).__name__}: {error}"
        # behind the error, not under it: as long as it is known, gpiozero thinks its half-made part still there
        raise DeviceGone(self.device, why)

    def _open(self) -> Parts:
        """All pins, the gate shut from its first moment. What cannot be had lets go of the rest."""
        import gpiozero  # noqa: PLC0415  # a kiosk without such a lane does without it

        pins = self._pins
        factory = self._factory = self._factory or self._new_factory()
        made: list[Any] = []

        def part(kind: Any, pin: int, **how: Any) -> Any:
            made.append(kind(pin, pin_factory=factory, **how))
            return made[-1]

        try:
            gate = part(gpiozero.DigitalOutputDevice, pins.gate, initial_value=False)
            red = part(gpiozero.LED, pins.red, initial_value=True)
            green = part(gpiozero.LED, pins.green, initial_value=False)
            button = part(gpiozero.Button, pins.button, bounce_time=BOUNCE_S)
            tamper = part(gpiozero.DigitalInputDevice, pins.tamper, pull_up=None, active_state=True)
            headset = None if pins.headset is None else part(gpiozero.Button, pins.headset, bounce_time=BOUNCE_S)
        except BaseException:
            for each in made:
                _insist(each.close)
            raise
        self._events = queue.SimpleQueue()
        self._listen(button, tamper, headset)
        inputs = (button, tamper) if headset is None else (button, tamper, headset)
        return Parts(red, green, gate, inputs, headset)

    def _listen(self, button: Any, tamper: Any, headset: Any | None) -> None:
        button.when_activated = lambda: self._tell(Happening.BUTTON)
        tamper.when_activated = self._latch
        if tamper.is_active or self._tampered_at_s is not None:
            self._latch_again()
        if headset is not None:
            headset.when_activated = lambda: self._tell(Happening.HEADSET_IN)
            headset.when_deactivated = lambda: self._tell(Happening.HEADSET_OUT)
            if headset.is_active:
                self._tell(Happening.HEADSET_IN)

    def _latch(self) -> None:
        with self._lock:
            if self._tampered_at_s is None:
                self._latch_again()

    def _latch_again(self) -> None:
        if self._tampered_at_s is None:
            self._tampered_at_s = time.monotonic()
        self._tell(Happening.TAMPER)

    def _tell(self, happening: Happening) -> None:
        self._events.put(LaneEvent(happening, time.monotonic(), self.device))

    def _shine(self, parts: Parts, lamp: Lamp) -> None:
        if lamp is Lamp.WAIT and self._lamp is not Lamp.WAIT:
            parts.red.blink(FLASH_S, FLASH_S)
        elif lamp is not Lamp.WAIT:
            parts.red.value = lamp is Lamp.STOP
        parts.green.value = lamp is Lamp.GO
        self._lamp = lamp

    def _open_gate(self, parts: Parts, seconds: float) -> None:
        self._forget_timer()
        self._timer = threading.Timer(seconds, self._time_is_up)
        self._timer.daemon = True
        self._timer.start()  # before the gate moves: what opens surely shuts
        if not parts.gate.value:
            parts.gate.on()
            self._tell(Happening.GATE_OPENED)

    def _shut_gate(self, parts: Parts) -> None:
        self._forget_timer()
        if parts.gate.value:
            parts.gate.off()
            self._tell(Happening.GATE_CLOSED)

    def _time_is_up(self) -> None:
        with self._lock:
            if threading.current_thread() is self._timer and self._parts is not None:
                self._shut_gate(self._parts)

    def _forget_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


@functools.cache
def lgpio_factory(chip: int) -> Any:
    """The pins of /dev/gpiochip<chip>, once for the process; nothing else is tried where lgpio cannot reach them."""
    try:
        from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415
    except ImportError as cause:
        raise OSError(errno.ENOPKG, "lgpio is not here: install python3-lgpio, then set up again") from cause
    return LGPIOFactory(chip=chip)


def _insist(act: Callable[[], object]) -> None:
    """Again after a fault: a pin that did not close is kept from whoever opens it next."""
    for _ in range(CLOSING_TRIES):
        try:
            act()
            return
        except Exception as error:
            if not _is_of_the_pins(error):
                raise
            log.warning("a pin does not obey: %s", error)
            time.sleep(AGAIN_S)


def _is_of_the_pins(error: Exception) -> bool:
    """gpiozero's and lgpio's errors have no ancestor in common, and neither library may be loaded."""
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in ("gpiozero", "lgpio")
