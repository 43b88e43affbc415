"""Handing a signed firmware to the lane board; whether it is taken is the board's word alone."""

from __future__ import annotations

from drivers.deadline import Deadline
from drivers.errors import DeviceRefused, WireCorrupt
from drivers.lane import board_wire as wire
from drivers.lane.board_talk import Talk
from drivers.lane.board_wire import Bundle, Kind, Status

POLL_S = 0.02
WORK_S = 30.0  # a signature takes the board a second or two, unpacking about as long


def hand_over(device: str, talk: Talk, bundle: Bundle, deadline: Deadline) -> None:
    """Signature, bytes, unpacking, restart. Raises `DeviceRefused` with the board's reason, and every `DeviceError`."""
    talk.ask(Kind.UPDATE_BEGIN, bundle.manifest, deadline)
    finish_work(device, talk, deadline)
    at = 0
    while at < len(bundle.data):
        piece = bundle.data[at : at + wire.MAX_DATA_BYTES]
        reply = talk.ask(Kind.UPDATE_CHUNK, at.to_bytes(4, "big") + piece, deadline)
        if int.from_bytes(reply.payload, "big") != at + len(piece):
            raise WireCorrupt(device, f"the board has {reply.payload.hex()} after {at + len(piece)} bytes")
        at += len(piece)
    talk.ask(Kind.UPDATE_END, b"", deadline)
    finish_work(device, talk, deadline)
    talk.ask(Kind.RESTART, b"", deadline)


def finish_work(device: str, talk: Talk, deadline: Deadline) -> None:
    """Until the long work has ended well. Raises `DeviceRefused` with the status that it ended with."""
    soon = deadline.within(WORK_S)
    while True:
        state, _ = wire.beat(device, talk.ask(Kind.BEAT, wire.NOTHING_SEEN, soon).payload)
        if state.work is Status.OK:
            return
        if state.work is not Status.WORKING:
            raise DeviceRefused(device, f"the work ended with {state.work.name}")
        soon.pause(device, POLL_S)
