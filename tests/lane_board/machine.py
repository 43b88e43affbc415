"""What the firmware asks of the RP2040, on MicroPython's unix port: pins and UART on pipes, a watchdog that kills.

Descriptor 0 is the line in, 1 the line out, 3 tells levels of inputs ("10 0"), 4 is told levels of outputs ("4 1").
An input's interrupt comes when the firmware next looks at its line: later than on the chip, and in the same order.
"""

import _thread
import array
import os
import time

import ffi

POWER, WATCHDOG = 1, 3
RESET_STATUS = 42
FIONREAD = 0x541B
LINE_IN, LINE_OUT, LEVELS, OUTPUTS = 0, 1, 3, 4
LOOKS_AWAY = 3  # a shared machine leaves a process alone for longer than a chip ever waits: limits times this
HANG = 99  # no pin: told this, the call never returns
libc = ffi.open("libc.so.6")
_ioctl = libc.func("i", "ioctl", "iLP")
_setitimer = libc.func("i", "setitimer", "iPP")
_kill = libc.func("i", "kill", "ii")
_exit = libc.func("v", "_exit", "i")
_getpid = libc.func("i", "getpid", "")
_line_in, _line_out = open(LINE_IN, "rb"), open(LINE_OUT, "wb")
_levels, _outputs = open(LEVELS, "rb"), open(OUTPUTS, "wb")
_held = b""
_pins = {}


def waiting(descriptor):
    """Bytes that can be read at once."""
    count = array.array("i", [0])
    _ioctl(descriptor, FIONREAD, count)
    return count[0]


def power_off():
    """As when the plug is pulled: nothing is finished, nothing is written."""
    _kill(_getpid(), 9)


def hear_levels():
    """Every level told since the last look, each with the interrupt it causes."""
    global _held  # noqa: PLW0603  one process, one pipe
    if count := waiting(LEVELS):
        _held += _levels.read(count)
    while b"\n" in _held:
        row, _held = _held.split(b"\n", 1)
        number, level = (int(word) for word in row.split())
        while number == HANG:
            pass
        _pins.setdefault(number, Wire(number)).turn(level)


class Wire:
    """What is on one pin, whoever looks at it."""

    def __init__(self, number):
        self.number = number
        self.level = 0
        self.is_told = False
        self.handler, self.trigger, self.pin = None, 0, None

    def turn(self, level):
        edge = Pin.IRQ_RISING if level > self.level else Pin.IRQ_FALLING if level < self.level else 0
        self.level, self.is_told = level, True
        if self.handler and edge & self.trigger:
            self.handler(self.pin)


class Pin:
    """machine.Pin, as far as the firmware uses it."""

    IN, OUT, PULL_UP = 0, 1, 1
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self._wire = _pins.setdefault(number, Wire(number))
        if mode == Pin.IN:
            hear_levels()
            if pull == Pin.PULL_UP and not self._wire.is_told:
                self._wire.level = 1
        if mode == Pin.OUT:
            self._drive(value or 0)

    def irq(self, handler, trigger):
        self._wire.handler, self._wire.trigger, self._wire.pin = handler, trigger, self

    def value(self, level=None):
        if level is None:
            return self._wire.level
        if level != self._wire.level:
            self._drive(level)
        return None

    def _drive(self, level):
        self._wire.level = level
        _outputs.write(b"%d %d\n" % (self._wire.number, level))


class UART:
    """machine.UART on two pipes."""

    def __init__(self, number, baudrate, tx, rx, rxbuf, txbuf):
        pass

    def any(self):
        hear_levels()
        return waiting(LINE_IN)

    def read(self, size):
        return _line_in.read(size)

    def write(self, data):
        return _line_out.write(data)


class WDT:
    """A timer of the kernel that ends the process; the interpreter has no say in it."""

    def __init__(self, timeout):
        timeout *= LOOKS_AWAY
        self._timer = array.array("l", [0, 0, timeout // 1000, timeout % 1000 * 1000])
        self.feed()

    def feed(self):
        _setitimer(0, self._timer, None)


class Timer:
    """One shot, in a thread of its own, which can do no more than end the process: what `reset` does."""

    ONE_SHOT = 0

    def __init__(self, period, mode, callback):
        self._is_on = True
        _thread.start_new_thread(self._run, (period, callback))

    def _run(self, period, callback):
        time.sleep_ms(period)
        if self._is_on:
            callback(self)

    def deinit(self):
        self._is_on = False


def reset_cause():
    return int(os.getenv("LANE_RESET_CAUSE"))


def reset():
    _exit(RESET_STATUS)


def unique_id():
    return b"unixport"
