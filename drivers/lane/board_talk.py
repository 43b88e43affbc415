"""Question and answer with the lane board: sent again until it is answered, and answered once."""

from __future__ import annotations

from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceRefused, DeviceTimeout, WireCorrupt
from drivers.lane.board_wire import ANSWER, VERSION, Kind, Reply, Status, reply_reader, request
from drivers.line import SerialLine

REPLY_S = 0.2  # a board answers in milliseconds; one that writes to its flash in a tenth of a second
TRIES = 5


class Talk:
    """Owned by the one thread that owns the line."""

    def __init__(self, device: str, line: SerialLine, *, reply_s: float = REPLY_S) -> None:
        self._device = device
        self._reply_s = reply_s
        self._line = line
        self._frames = reply_reader(device)
        self._sequence = 0

    def ask(self, kind: Kind, payload: bytes, deadline: Deadline) -> Reply:
        """The answer with status OK. Raises `DeviceRefused` naming another status, and every other `DeviceError`."""
        reply = self.said(kind, payload, deadline)
        if reply.status is not Status.OK:
            raise DeviceRefused(self._device, f"{kind.name} answered {reply.status.name}")
        return reply

    def said(self, kind: Kind, payload: bytes, deadline: Deadline) -> Reply:
        """The answer with whatever status. A board does what was asked once, however often it is asked again."""
        self._sequence = (self._sequence + 1) % 256
        frame = request(kind, self._sequence, payload)
        for _ in range(TRIES):
            self._line.send(b"\0" + frame, deadline)  # the zero ends whatever noise stands before
            try:
                return self._answer_to(kind, deadline)
            except (DeviceTimeout, WireCorrupt) as error:
                deadline.check(self._device)
                failure: DeviceError = error
        raise failure

    def _answer_to(self, kind: Kind, deadline: Deadline) -> Reply:
        """Whatever is broken or answers an older question is passed over."""
        soon, broken = deadline.within(self._reply_s), None
        while True:
            try:
                reply = self._frames.next_frame()
                if reply is None:
                    self._frames.feed(self._line.receive(soon))
                    continue
            except WireCorrupt as error:
                broken = error
                continue
            except DeviceTimeout:
                raise broken or DeviceTimeout(self._device, "the board does not answer") from None
            if (reply.kind, reply.sequence) == (kind | ANSWER, self._sequence):
                return self._of_our_version(reply)

    def _of_our_version(self, reply: Reply) -> Reply:
        if reply.version != VERSION or reply.status is Status.OTHER_VERSION:
            raise DeviceRefused(self._device, f"the board speaks version {reply.version}, not {VERSION}")
        return reply

    def start_over(self) -> None:
        """Nothing that arrived so far belongs to what is asked from now on."""
        self._line.drain()
        self._frames = reply_reader(self._device)

    def close(self) -> None:
        self._line.close()
