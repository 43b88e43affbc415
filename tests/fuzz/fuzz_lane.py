"""Any bytes from a lane board, or in a firmware file: values or the documented errors, and always an end."""

from __future__ import annotations

import sys
from contextlib import suppress

from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader
from drivers.lane import board_wire
from drivers.lane.board_wire import Reply, reply_reader


def one_input(data: bytes) -> None:
    """The first byte says into what pieces the rest is cut; the rest is also a payload, and a firmware file."""
    reader = reply_reader("fuzz")
    step = 1 + data[0] if data else 1
    payloads = [data[1:]]
    for start in range(1, len(data), step):
        reader.feed(data[start : start + step])
        payloads += [reply.payload for reply in _replies(reader)]
    reader.idle()
    payloads += [reply.payload for reply in _replies(reader)]
    assert not reader.partial, "silence must end everything"
    for payload in payloads:
        with suppress(WireCorrupt):
            board_wire.hello("fuzz", payload)
        with suppress(WireCorrupt):
            _, events = board_wire.beat("fuzz", payload)
            assert len(events) == payload[board_wire.STATE_BYTES]
    with suppress(ValueError):
        assert board_wire.bundle(data).data


def _replies(reader: FrameReader[Reply]) -> list[Reply]:
    replies: list[Reply] = []
    while True:
        try:
            reply = reader.next_frame()
        except WireCorrupt:
            continue
        if reply is None:
            return replies
        assert len(reply.payload) < board_wire.MAX_FRAME_BYTES
        replies.append(reply)


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_lane [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
