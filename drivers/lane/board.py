"""The lane on the I/O board: a thread talks with it all the time, for a board that hears nothing shuts its gate."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from drivers.api import Happening, Lamp, LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceRefused, DeviceTimeout
from drivers.lane import board_wire as wire
from drivers.lane.board_talk import REPLY_S, Talk
from drivers.lane.board_update import finish_work, hand_over
from drivers.lane.board_wire import BoardEvent, BoardState, Hello, Kind
from drivers.line import SerialLine

BEAT_S = 0.1  # the board waits five times as long
SLICE_S = 0.05  # how soon a waiting caller notices that he has left
REOPEN_S = 0.3
GREETING_S = 1.5
RESTART_S = 20.0  # a new firmware is checked and compiled before it says anything
UPDATE_S = 300.0
JOIN_S = 10.0
MAX_EVENTS = 256
THE_ONE = "one"
MAX_OPEN_MS = 0xFFFF  # what the wire can say; the board's own limit is far lower

Work = Callable[[Talk, Deadline], bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to ask the board, from another thread."""

    work: Work
    deadline: Deadline
    answer: Future[bytes] = field(default_factory=Future)


class BoardLane:
    """`Lane` over a serial line. `firmware`: a signed bundle that the board is offered when it is newer. `reply_s`: how
    long one answer is waited for before it is asked again."""

    is_fitted = True

    def __init__(
        self, device: str, line: SerialLine, firmware: Path | None = None, *, reply_s: float = REPLY_S
    ) -> None:
        self._device = device
        self._talk = Talk(device, line, reply_s=reply_s)
        self._firmware = firmware
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._events: queue.Queue[LaneEvent] = queue.Queue()
        self._trouble: DeviceError | None = None
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}  # one or none
        # below: the thread's own
        self._wish = Lamp.STOP
        self._offered: int | None = None  # the version that the board took, until it falls back
        self._offered_runs = False
        self._run_of_board = b""
        self._seen = 0
        self._tamper_told = False
        self._board = b""

    @property
    def device(self) -> str:
        return self._device

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        """As `Lane`; an order whose caller has left before the board had it is never given."""
        open_ms = round(order.gate_open_s * 1000)
        if open_ms > MAX_OPEN_MS:
            raise DeviceRefused(self._device, f"no gate stands open for {order.gate_open_s:g} s")

        def work(talk: Talk, patience: Deadline) -> bytes:
            said = talk.ask(Kind.ORDER, wire.order(order.lamp, open_ms), patience).payload
            self._wish = order.lamp
            return said

        said = self._ask(work, deadline)
        return _lane_state(wire.state(self._device, said), time.monotonic())

    def next_event(self, deadline: Deadline) -> LaneEvent:
        """As `Lane`; what happened before a device went is told before that it went."""
        self._running()
        while True:
            with contextlib.suppress(queue.Empty):
                return self._events.get_nowait()
            if (trouble := self._trouble) is not None:
                raise trouble.with_traceback(None)
            deadline.check(self._device)
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=min(SLICE_S, deadline.remaining_s))

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None:
        """As `Lane`. `sign` is called in the caller's thread: the board must not wait for a slow key."""
        challenge = self._ask(lambda talk, patience: talk.ask(Kind.CHALLENGE, b"", patience).payload, deadline)
        signature = sign(wire.TAMPER_PURPOSE + self._board + challenge)
        self._ask(lambda talk, patience: talk.ask(Kind.CLEAR_TAMPER, signature, patience).payload, deadline)
        self._ask(self._see_it_cleared, deadline)

    def close(self) -> None:
        """Gate closed first; a later call opens again."""
        thread = self._threads.get(THE_ONE)
        if thread is None:
            return
        self._stop.set()
        thread.join(JOIN_S)
        if thread.is_alive():
            raise RuntimeError(f"the thread of {self._device} does not end")
        del self._threads[THE_ONE]
        while not self._events.empty():
            self._events.get_nowait()

    def _see_it_cleared(self, talk: Talk, patience: Deadline) -> bytes:
        finish_work(self._device, talk, patience)
        self._tamper_told = False  # what is latched from now on is another opening
        return b""

    def _ask(self, work: Work, deadline: Deadline) -> bytes:
        """Have the thread do it. Raises what it raised, or why there is no board."""
        self._running()
        deadline.check(self._device)
        job = Job(work, deadline)
        self._jobs.put(job)
        while True:
            try:
                return job.answer.result(timeout=SLICE_S)
            except TimeoutError:
                if (deadline.cancelled or deadline.remaining_s <= 0) and job.answer.cancel():
                    deadline.check(self._device)

    def _running(self) -> None:
        """Start the thread, once, whoever comes first."""
        made = threading.Thread(target=self._run, name=f"lane board {self._device}", daemon=True)
        if THE_ONE not in self._threads and self._threads.setdefault(THE_ONE, made) is made:
            self._stop.clear()
            self._trouble = None
            made.start()

    # the thread

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._connect()
                self._serve()
                self._shut()
            except DeviceError as error:
                self._trouble = error
                self._refuse_jobs(error)
            finally:
                self._talk.close()
            self._stop.wait(REOPEN_S)
        self._refuse_jobs(Cancelled(self._device, "the lane was closed"))

    def _connect(self) -> None:
        said = self._greet(Deadline(GREETING_S))
        if self._offer_firmware(said):
            self._greet_again()
        self._trouble = None

    def _greet(self, deadline: Deadline) -> Hello:
        """Whoever greets orders anew: a board that lived on while nobody listened stands at STOP."""
        self._talk.start_over()
        now_s = int(time.time()).to_bytes(4, "big")
        said = wire.hello(self._device, self._talk.ask(Kind.HELLO, now_s, deadline).payload)
        self._talk.ask(Kind.ORDER, wire.order(Lamp.STOP, 0), deadline)
        self._board, self._tamper_told = said.board, False
        if said.state.run != self._run_of_board:
            self._run_of_board, self._seen = said.state.run, 0
            self._happened(Happening.RESTARTED, time.monotonic(), said.cause)
        self._judge_firmware(said)
        self._take(said.state, time.monotonic())
        return said

    def _greet_again(self) -> None:
        """After a restart that was asked for."""
        deadline = Deadline(RESTART_S)
        while True:
            try:
                self._greet(deadline.within(GREETING_S))
                return
            except DeviceError:
                if self._stop.is_set() or deadline.remaining_s <= 0:
                    raise
                self._stop.wait(REOPEN_S)

    def _judge_firmware(self, said: Hello) -> None:
        """What came of the one that the board took."""
        if self._offered is None:
            return
        if said.version != self._offered:
            self._happened(Happening.FIRMWARE, time.monotonic(), f"{self._offered} did not come up")
            self._offered = None
        elif not self._offered_runs:
            self._happened(Happening.FIRMWARE, time.monotonic(), f"{said.version} runs")
            self._offered_runs = True

    def _offer_firmware(self, said: Hello) -> bool:
        """True when the board took a new firmware and starts again. A bundle is offered until its fate is known."""
        if self._firmware is None or said.on_trial:
            return False
        try:
            bundle = wire.bundle(self._firmware.read_bytes())
            if bundle.version > said.version:
                hand_over(self._device, self._talk, bundle, Deadline(UPDATE_S))
                self._offered = bundle.version
        except (OSError, ValueError, DeviceRefused) as error:
            self._happened(Happening.FIRMWARE, time.monotonic(), f"not taken: {error}")
        self._firmware = None
        return self._offered is not None

    def _serve(self) -> None:
        """Until closed. Raises `DeviceError` when the board is gone or talks nonsense."""
        beat_at_s = 0.0
        while not self._stop.is_set():
            if time.monotonic() >= beat_at_s:
                beat_at_s = time.monotonic() + BEAT_S
                self._beat()
            with contextlib.suppress(queue.Empty):
                self._do(self._jobs.get(timeout=max(0.001, beat_at_s - time.monotonic())))

    def _do(self, job: Job) -> None:
        """What is wrong with the caller's time or wish is the caller's alone; the rest ends the talk."""
        if not job.answer.set_running_or_notify_cancel():
            return
        try:
            job.deadline.check(self._device)
            job.answer.set_result(job.work(self._talk, job.deadline))
        except DeviceError as error:
            job.answer.set_exception(error)
            left = job.deadline.cancelled or job.deadline.remaining_s <= 0
            if not (left or isinstance(error, DeviceRefused)):
                raise

    def _beat(self) -> None:
        asked_s = time.monotonic()
        reply = self._talk.ask(Kind.BEAT, self._run_of_board + self._seen.to_bytes(2, "big"), Deadline(math.inf))
        at_s = (asked_s + time.monotonic()) / 2
        state, events = wire.beat(self._device, reply.payload)
        for event in events:
            self._told(event, at_s)
        self._take(state, at_s)

    def _told(self, event: BoardEvent, at_s: float) -> None:
        self._seen = event.number
        if happening := wire.HAPPENINGS.get(event.kind):  # a newer firmware may know more
            self._happened(happening, at_s - event.age_ms / 1000)

    def _take(self, state: BoardState, at_s: float) -> None:
        """What the board says it is: a latch is told once, and a lamp that it took back for safety is asked for again
        if it opens nothing."""
        if state.run != self._run_of_board:
            raise DeviceTimeout(self._device, "the board has started again")
        if state.is_tampered and not self._tamper_told:
            self._happened(Happening.TAMPER, _tampered_at_s(state, at_s) or at_s)
        self._tamper_told = state.is_tampered
        if state.lamp is not self._wish:
            if self._wish is Lamp.WAIT:
                self._talk.ask(Kind.ORDER, wire.order(Lamp.WAIT, 0), Deadline(GREETING_S))
            else:
                self._wish = state.lamp

    def _happened(self, happening: Happening, at_s: float, detail: str = "") -> None:
        if self._events.qsize() >= MAX_EVENTS:
            with contextlib.suppress(queue.Empty):
                self._events.get_nowait()
        self._events.put(LaneEvent(happening, at_s, self._device, detail))

    def _shut(self) -> None:
        self._wish = Lamp.STOP
        with contextlib.suppress(DeviceError):  # a board that does not hear this shuts by itself
            self._talk.ask(Kind.ORDER, wire.order(Lamp.STOP, 0), Deadline(1.0))

    def _refuse_jobs(self, error: DeviceError) -> None:
        while not self._jobs.empty():
            job = self._jobs.get()
            if job.answer.set_running_or_notify_cancel():
                job.answer.set_exception(error)


def _tampered_at_s(state: BoardState, at_s: float) -> float | None:
    if not state.is_tampered:
        return None
    return -math.inf if state.tamper_age_ms == wire.NEVER else at_s - state.tamper_age_ms / 1000


def _lane_state(state: BoardState, at_s: float) -> LaneState:
    return LaneState(state.lamp, state.gate_is_open, state.headset_is_in, _tampered_at_s(state, at_s))
