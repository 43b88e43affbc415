"""The lane board: one loop that hears the kiosk, watches the inputs, drives lamp and gate and feeds the watchdog."""

import os
import time

import machine
from files import read, remove, unhexed, write
from lane import Lane
from pins import Pins, line
from tamper import NEVER, Tamper
from update import Update
from version import VERSION
from wire import (
    ANSWER,
    BAD_VALUE,
    BEAT,
    BUSY,
    CHALLENGE,
    CLEAR_TAMPER,
    HELLO,
    NOT_NOW,
    OK,
    ORDER,
    OTHER_VERSION,
    RESTART,
    UNKNOWN,
    UPDATE_BEGIN,
    UPDATE_CHUNK,
    UPDATE_END,
    Reader,
    encode,
)
from wire import VERSION as WIRE_VERSION

LOOP_MS = 1000  # the watchdog: a loop that has not come round for so long will not
BOUNCE_MS = 50
HEADSET_MS = 150  # a plug scratches over the contacts while it goes in
EVENTS = 32  # kept until the kiosk has them; then the oldest go, but never the latch
TOLD = 8  # in one answer
BUTTON, OPENED, SHUT, HEADSET_IN, HEADSET_OUT = 1, 2, 3, 4, 5
PROVED_BY = 20  # frames of the kiosk after its greeting; then a firmware on trial has come up
POWER, WATCHDOG, WISHED, FAULT = 1, 3, 4, 5  # why it began: the first two as the machine numbers them
WHYS = {"wished": WISHED, "fault": FAULT}
IDLE, WORKING = 0xFE, 0xFF  # of the long work; else the status it ended with


class Clock:
    """Milliseconds since the start that never jump back, out of a counter that wraps."""

    def __init__(self):
        self._last, self._now = time.ticks_ms(), 0

    def now(self):
        ticks = time.ticks_ms()
        self._now += time.ticks_diff(ticks, self._last)
        self._last = ticks
        return self._now


class Board:
    """All state of one run; `answer` and `tick` are all that the loop does."""

    def __init__(self, slot, on_trial):
        self.pins = Pins()
        self.lane = Lane()
        self.tamper = Tamper(machine.unique_id(), unhexed(read("kiosk.pub"), 64))
        self.update = Update(slot, VERSION, unhexed(read("release.pub"), 64))
        self._on_trial = slot if on_trial else ""
        self._slot = slot
        self._run = os.urandom(2)
        self._cause = WHYS.get(read("why"), machine.reset_cause())
        remove("why")
        self._heard = -1  # frames since the greeting
        self._events, self._number = [], 0
        self._pressed_at = -BOUNCE_MS
        self._headset, self._plug_at = self.pins.headset_is_in, 0
        self._was_open = False
        self._task, self._result = None, IDLE
        self._last = None  # (kind, sequence) answered last, and the answer
        self._again = b""
        self.restarts = False

    # the kiosk asks

    def answer(self, frame, now):
        """The frame that answers; the same question asked again is answered again and done once."""
        version, kind, sequence, payload = frame
        if version != WIRE_VERSION:
            return encode(kind | ANSWER, sequence, bytes((OTHER_VERSION,)))
        self.lane.heard(now)
        self._hear_out(kind)
        if kind != HELLO and self._last == (kind, sequence):
            return self._again
        obey = DEEDS.get(kind)
        status, said = obey(self, payload, now) if obey else (UNKNOWN, b"")
        self._last, self._again = (kind, sequence), encode(kind | ANSWER, sequence, bytes((status,)) + said)
        return self._again

    def _hear_out(self, kind):
        """A firmware that talks with its kiosk has proved itself."""
        if kind == HELLO:
            self._heard = 0
        elif self._heard >= 0:
            self._heard += 1
        if self._on_trial and self._heard >= PROVED_BY:
            write("slots", self._on_trial)
            self._on_trial = ""

    def _hello(self, payload, now):
        if len(payload) != 4:
            return BAD_VALUE, b""
        self.update.drop()
        self._task, self._result = None, IDLE
        self.tamper.told_utc(number(payload), now)
        said = u32(VERSION) + self._run + bytes((self._cause, ord(self._slot), bool(self._on_trial)))
        return OK, said + machine.unique_id() + self._state(now)

    def _order(self, payload, now):
        if len(payload) != 3:
            return BAD_VALUE, b""
        open_ms = number(payload[1:])
        if open_ms and (self._task or self.update.is_receiving):
            return BUSY, self._state(now)
        obeyed = self.lane.order(payload[0], open_ms, now)
        self._show(now)
        return OK if obeyed else BAD_VALUE, self._state(now)

    def _beat(self, payload, now):
        """The payload is the run and the number of the newest event that the kiosk has; 0: none."""
        if len(payload) != 4:
            return BAD_VALUE, b""
        seen = number(payload[2:]) if payload[:2] == self._run else 0
        self._events = [event for event in self._events if not seen or 0 < (event[0] - seen & 0xFFFF) < 0x8000]
        told = self._events[:TOLD]
        rows = b"".join(u16(n) + bytes((kind,)) + u32(now - at) for n, kind, at in told)
        return OK, self._state(now) + bytes((len(told),)) + rows

    def _state(self, now):
        flags = (
            self.lane.is_open | self.pins.headset_is_in << 1 | self.tamper.is_latched << 2 | self.lane.is_silent << 3
        )
        age = self.tamper.age_ms(now) if self.tamper.is_latched else NEVER
        task = WORKING if self._task else self._result
        return self._run + bytes((self.lane.lamp, flags, task)) + u32(age)

    def _challenge(self, _payload, _now):
        return OK, self.tamper.challenge()

    def _clear_tamper(self, payload, _now):
        return self._begin(self.tamper.clear(payload, lambda: self.pins.is_open))

    def _update_begin(self, payload, _now):
        if self.lane.is_open or self._on_trial:
            return NOT_NOW, b""
        return self._begin(self.update.begin(payload))

    def _update_chunk(self, payload, _now):
        status, wanted = self.update.chunk(payload)
        return status, u32(wanted)

    def _update_end(self, _payload, _now):
        return self._begin(self.update.end())

    def _restart(self, _payload, _now):
        if not self.update.is_ready:
            return NOT_NOW, b""
        write("why", "wished")
        self.restarts = True
        return OK, b""

    def _begin(self, task):
        """Long work, a step of it in each round of the loop."""
        if self._task:
            return BUSY, b""
        self._task = task
        return OK, b""

    # time passes

    def tick(self, now):
        """One round without the line."""
        self._watch_inputs(now)
        self.lane.tick(now)
        if self.lane.is_silent and self.update.is_receiving:
            self._task, self._result = None, IDLE
            self.update.drop()
        self._show(now)
        self._step()

    def _watch_inputs(self, now):
        pressed, opened = self.pins.interrupts()
        if pressed:
            if now - self._pressed_at >= BOUNCE_MS:
                self._happened(BUTTON, now)
            self._pressed_at = now
        if opened or self.pins.is_open:
            self.tamper.opened(now)
        if self.pins.headset_is_in == self._headset:
            self._plug_at = now
        elif now - self._plug_at >= HEADSET_MS:
            self._headset = not self._headset
            self._happened(HEADSET_IN if self._headset else HEADSET_OUT, now)

    def _show(self, now):
        self.pins.show(*self.lane.outputs(now))
        if self.lane.is_open != self._was_open:
            self._was_open = self.lane.is_open
            self._happened(OPENED if self._was_open else SHUT, now)

    def _happened(self, kind, now):
        self._number = self._number % 0xFFFF + 1
        self._events.append((self._number, kind, now))
        if len(self._events) > EVENTS:
            self._events.pop(0)

    def _step(self):
        if self._task is None:
            return
        try:
            next(self._task)
        except StopIteration as end:
            self._task, self._result = None, end.value


DEEDS = {
    HELLO: Board._hello,
    ORDER: Board._order,
    BEAT: Board._beat,
    CHALLENGE: Board._challenge,
    CLEAR_TAMPER: Board._clear_tamper,
    UPDATE_BEGIN: Board._update_begin,
    UPDATE_CHUNK: Board._update_chunk,
    UPDATE_END: Board._update_end,
    RESTART: Board._restart,
}


def number(data):
    return int.from_bytes(data, "big")


def u16(value):
    return value.to_bytes(2, "big")


def u32(value):
    return value.to_bytes(4, "big")


def run(slot, on_trial):
    """For ever; returns only to be started again."""
    clock, reader, wire = Clock(), Reader(), line()
    board = Board(slot, on_trial)
    watchdog = machine.WDT(timeout=LOOP_MS)
    while not board.restarts:
        if waiting := wire.any():
            for frame in reader.feed(wire.read(waiting) or b""):
                wire.write(board.answer(frame, clock.now()))
        board.tick(clock.now())
        watchdog.feed()
        time.sleep_ms(1)
    time.sleep_ms(50)  # the answer leaves first
