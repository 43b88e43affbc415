"""A kiosk that says to a lane board exactly what a test wants, and says nothing by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from drivers.deadline import Deadline
from drivers.errors import DeviceError
from drivers.lane import board_wire as wire
from drivers.lane.board import BoardLane
from drivers.lane.board_talk import Talk
from drivers.lane.board_wire import BoardState, Hello, Kind, Reply, Status
from drivers.line import SerialLine
from scripts import lane_firmware

PATIENCE_S = 20.0
REPLY_S = 1.0
"""Five times the driver's own: a board that shares a busy machine is not a silent board."""
BAUD = 115200


def patient_lane(path: Path, device: str) -> BoardLane:
    """The driver as it is, but for its patience."""
    return BoardLane(device, SerialLine(device, str(path), BAUD), reply_s=REPLY_S)


class Host:
    """One end of the line. A question that finds no board is a `DeviceError`."""

    def __init__(self, path: Path, *, reply_s: float = REPLY_S) -> None:
        self._reply_s = reply_s
        self.line = SerialLine("host", str(path), BAUD)
        self._talk = Talk("host", self.line, reply_s=reply_s)

    def said(self, kind: Kind, payload: bytes = b"") -> Reply:
        return self._talk.said(kind, payload, Deadline(max(PATIENCE_S, 10 * self._reply_s)))

    def status(self, kind: Kind, payload: bytes = b"") -> Status:
        return self.said(kind, payload).status

    def hello(self, utc_s: int = 0) -> Hello:
        return wire.hello("host", self.said(Kind.HELLO, utc_s.to_bytes(4, "big")).payload)

    def greeted(self, lives: Callable[[], bool] = lambda: True, *, patience_s: float = PATIENCE_S) -> Hello:
        """However long the board takes to come up."""
        until_s = time.monotonic() + patience_s
        while True:
            try:
                self._talk.start_over()
                return self.hello()
            except DeviceError:
                assert lives() and time.monotonic() < until_s, "no board comes up"

    def state(self) -> BoardState:
        return wire.beat("host", self.said(Kind.BEAT, wire.NOTHING_SEEN).payload)[0]

    def worked(self) -> Status:
        """How the long work ended."""
        while (work := self.state().work) is Status.WORKING:
            pass
        return work

    def begin(self, bundle: bytes) -> Status:
        """Offer it; the status at once or at the end of the work."""
        answered = self.status(Kind.UPDATE_BEGIN, wire.bundle(bundle).manifest)
        return self.worked() if answered is Status.OK else answered

    def send(self, data: bytes) -> None:
        for at in range(0, len(data), wire.MAX_DATA_BYTES):
            piece = data[at : at + wire.MAX_DATA_BYTES]
            status = self.status(Kind.UPDATE_CHUNK, at.to_bytes(4, "big") + piece)
            assert status is Status.OK, f"the bytes from {at} on are answered {status.name}"

    def end(self) -> Status:
        answered = self.status(Kind.UPDATE_END)
        return self.worked() if answered is Status.OK else answered

    def update(self, bundle: bytes) -> None:
        """All of it, up to the restart."""
        assert self.begin(bundle) is Status.OK
        self.send(wire.bundle(bundle).data)
        assert self.end() is Status.OK
        assert self.status(Kind.RESTART) is Status.OK

    def prove(self) -> None:
        """So many frames that a firmware on trial has come up."""
        for _ in range(25):
            self.state()

    def close(self) -> None:
        self.line.close()


@contextmanager
def hosting(path: Path, *, reply_s: float = REPLY_S) -> Iterator[Host]:
    host = Host(path, reply_s=reply_s)
    try:
        yield host
    finally:
        host.close()


def comes_true(what: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < until_s:
        time.sleep(0.01)
    return what()


def numbered(version: int, **changed: str) -> dict[str, bytes]:
    """The firmware under another number; `changed`: other texts for whole files, by their names without .py."""
    files: Mapping[str, bytes] = lane_firmware.application()
    renumbered = {"version.py": f"VERSION = {version}\n".encode()}
    return {**files, **renumbered, **{f"{name}.py": text.encode() for name, text in changed.items()}}
