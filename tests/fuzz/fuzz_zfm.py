"""Any bytes on the line of a fingerprint module: packets or `WireCorrupt`, never another exception, always an end."""

from __future__ import annotations

import sys

from drivers.errors import WireCorrupt
from drivers.fingerprint.zfm_wire import Packet, expand, packet_reader
from drivers.frame_reader import FrameReader


def one_input(data: bytes) -> None:
    """The first byte says into what pieces the rest is cut."""
    reader = packet_reader("fuzz")
    step = 1 + data[0] if data else 1
    payload = b""
    for start in range(1, len(data), step):
        reader.feed(data[start : start + step])
        payload += b"".join(packet.payload for packet in _packets(reader))
    reader.idle()
    payload += b"".join(packet.payload for packet in _packets(reader))
    assert not reader.partial, "silence must end everything"
    assert len(payload) <= len(data), "payload out of nothing"
    assert expand(payload, width=2, height=len(payload)).shape == (len(payload), 2)


def _packets(reader: FrameReader[Packet]) -> list[Packet]:
    packets: list[Packet] = []
    while True:
        try:
            packet = reader.next_frame()
        except WireCorrupt:
            continue
        if packet is None:
            return packets
        assert 1 <= len(packet.payload) <= 256
        packets.append(packet)


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_zfm [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
