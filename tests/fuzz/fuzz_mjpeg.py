"""Any bytes from an IP camera: pictures, a refusal or `WireCorrupt`, never another exception, always an end."""

from __future__ import annotations

import sys

from drivers.camera.mjpeg_wire import MjpegReader, Picture, Refused
from drivers.errors import WireCorrupt

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"


def one_input(data: bytes) -> None:
    """The first byte says into what pieces the rest is cut, and whether a proper head goes before it."""
    first = data[0] if data else 0
    reader = MjpegReader("fuzz")
    if first & 1:
        reader.feed(HEAD)
    step = 1 + (first >> 1)
    for start in range(1, len(data), step):
        reader.feed(data[start : start + step])
        if not _goes_on(reader, len(data)):
            return


def _goes_on(reader: MjpegReader, most: int) -> bool:
    while True:
        try:
            frame = reader.next_frame()
        except WireCorrupt:
            continue
        if isinstance(frame, Refused):
            assert frame.status != 200
            return False
        if frame is None:
            return True
        assert isinstance(frame, Picture)
        assert frame.jpeg[:2] == b"\xff\xd8"
        assert len(frame.jpeg) <= most


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_mjpeg [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
