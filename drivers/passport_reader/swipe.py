"""Serial MRZ readers: one that speaks when a document is swiped, and the Elyctis ID BOX, which can be asked."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from drivers.api import MrzText
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceTimeout
from drivers.frame_reader import FrameReader
from drivers.line import SerialLine
from drivers.passport_reader.swipe_wire import Answer, elyctis_command, elyctis_reader, mrz_lines

T = TypeVar("T")
GAP_S = 0.1  # a pause this long inside a frame ends it: 100 characters at 9600 baud
REPLY_S = 2.0  # an ID BOX answers in about 0.1 s
POLL_S = 0.25
REST_S = 0.5  # a frame that tells its length: a silence ends only one whose rest was lost
BAUDS = (9600, 115200)
FENCES = "VWRT"


class SwipeReader:
    """A reader that takes no commands and speaks when a document passes (RTE-native, plain lines).

    `gap_s`: the silence between two documents; `rest_s`: the one that ends a document which has begun.
    """

    def __init__(
        self,
        device: str,
        line: SerialLine,
        new_reader: Callable[[], FrameReader[bytes]],
        gap_s: float = GAP_S,
        rest_s: float = GAP_S,
    ) -> None:
        self._device = device
        self._line = line
        self._new_reader = new_reader
        self._gap_s = gap_s
        self._rest_s = rest_s

    @property
    def device(self) -> str:
        return self._device

    def read(self, deadline: Deadline) -> MrzText:
        """The next document swiped after the call. Raises `DeviceError`; `WireCorrupt`: swipe again."""
        # swiped while nobody asked, and perhaps still under way: it may be the traveller before
        self._line.drain_until_idle(deadline, self._gap_s)
        frames = self._new_reader()
        text = next_frame(frames, self._line, deadline, gap_s=self._rest_s, device=self._device)
        return MrzText(mrz_lines(text, self._device), self._device)

    def close(self) -> None:
        self._line.close()


class Mode(StrEnum):
    """How an ID BOX is made to tell what it sees."""

    INQUIRE = "inquire"  # asked four times a second
    CONTINUOUS = "continuous"  # told once to speak by itself


class ElyctisReader:
    """Elyctis ID BOX: found at 9600 or 115200 baud, read in one of two modes."""

    def __init__(self, device: str, line: SerialLine, mode: Mode = Mode.CONTINUOUS) -> None:
        self._device = device
        self._line = line
        self._mode = mode
        self._found_baud = line.baud
        self._calls = 0

    @property
    def device(self) -> str:
        return self._device

    def read(self, deadline: Deadline) -> MrzText:
        """The next document seen after the call. Raises `DeviceError`; `WireCorrupt`: show it again."""
        frames = self._fenced(deadline)
        hear = self._heard if self._mode is Mode.CONTINUOUS else self._asked
        text = hear(frames, deadline)
        return MrzText(mrz_lines(text, self._device), self._device)

    def close(self) -> None:
        self._line.close()

    def _fenced(self, deadline: Deadline) -> FrameReader[Answer]:
        """A reader to which everything said and kept before this call is gone.

        The box answers in order, so once it has answered this question, no older answer can come. Each call asks
        another letter than the call before, whose answer may still be under way.
        """
        letter = FENCES[self._calls % len(FENCES)]
        self._calls += 1
        for baud in dict.fromkeys((self._found_baud, *BAUDS)):
            self._line.set_baud(baud)
            self._line.drain()
            frames = elyctis_reader(self._device)
            self._line.send(self._beginning() + elyctis_command(letter), deadline)
            if self._passed(frames, letter, deadline):
                self._found_baud = baud
                return frames
        raise DeviceTimeout(self._device, f"no answer to {letter} at {' or '.join(map(str, BAUDS))} baud")

    def _beginning(self) -> bytes:
        if self._mode is Mode.CONTINUOUS:
            return elyctis_command("C", b"\x01")
        return elyctis_command("C", b"\x00") + elyctis_command("I")  # what the box kept until now is not wanted

    def _passed(self, frames: FrameReader[Answer], letter: str, deadline: Deadline) -> bool:
        soon = deadline.within(REPLY_S)
        while True:
            try:
                if self._next(frames, soon).command == letter:
                    return True
            except (DeviceGone, DeviceTimeout):
                deadline.check(self._device)
                if soon.remaining_s > 0:
                    raise
                return False
            except DeviceError:
                soon.check(self._device)  # old or wrong-speed bytes may be broken; nobody wants them

    def _heard(self, frames: FrameReader[Answer], deadline: Deadline) -> bytes:
        while True:
            answer = self._next(frames, deadline)
            if answer.command == "I" and answer.data:
                return answer.data

    def _asked(self, frames: FrameReader[Answer], deadline: Deadline) -> bytes:
        while not (text := self._inquire(frames, deadline)):
            deadline.pause(self._device, POLL_S)
        return text

    def _inquire(self, frames: FrameReader[Answer], deadline: Deadline) -> bytes:
        self._line.send(elyctis_command("I"), deadline)
        soon = deadline.within(REPLY_S)
        while (answer := self._next(frames, soon)).command != "I":
            pass
        return answer.data

    def _next(self, frames: FrameReader[Answer], deadline: Deadline) -> Answer:
        return next_frame(frames, self._line, deadline, gap_s=REST_S, device=self._device)


def next_frame(frames: FrameReader[T], line: SerialLine, deadline: Deadline, *, gap_s: float, device: str) -> T:
    """Wait for one whole frame; a silence of `gap_s` ends what has begun. Raises `DeviceError`."""
    while (frame := frames.next_frame()) is None:
        try:
            frames.feed(line.receive(deadline.within(gap_s) if frames.partial else deadline))
        except DeviceTimeout:
            deadline.check(device)
            frames.idle()
    return frame
