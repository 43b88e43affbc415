"""An HTTP answer of type multipart/x-mixed-replace, as IP cameras send motion JPEG. Bytes to pictures, no socket."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import WireCorrupt

MAX_HEAD_BYTES = 16 * 1024
MAX_JPEG_BYTES = 8 * 1024 * 1024
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PADDING = b"\0"  # some encoders fill up; a line end here would hide a lost byte
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |$)")
MEDIA_TYPE = re.compile(r"multipart/x-mixed-replace\s*;.*?boundary\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """The server answered, and not with pictures. `status`: its HTTP code."""

    status: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG, from its first mark to its last. Not decoded: its inside may still be damaged."""

    jpeg: bytes


class MjpegReader:
    """Feed bytes as they come, ask for pictures."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._buffer = bytearray()
        self._boundary: bytes | None = None
        self._searched = 0
        self._skipped = 0

    @property
    def started(self) -> bool:
        """Whether the answer's head has been read and promises pictures."""
        return self._boundary is not None

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_frame(self) -> Picture | Refused | None:
        """None: feed more. Raises `WireCorrupt`; then goes on at the next boundary, or, without one, is at its end."""
        if self._boundary is None:
            refused = self._head()
            if refused is not None or self._boundary is None:
                return refused
        return self._part(self._boundary)

    def _head(self) -> Refused | None:
        head = self._headers(MAX_HEAD_BYTES)
        if head is None:
            return None
        status_line, fields = head
        status = STATUS_LINE.match(status_line)
        if status is None:
            raise self._corrupt("no HTTP answer")
        if status[1] != b"200":
            return Refused(int(status[1]))
        if "transfer-encoding" in fields:
            raise self._corrupt("an encoded answer to an HTTP/1.0 request")
        media = MEDIA_TYPE.match(fields.get("content-type", ""))
        if media is None:
            raise self._corrupt("no multipart/x-mixed-replace")
        # cameras disagree on whether the two dashes are part of the name; none of them sends fewer
        self._boundary = b"--" + media[1].lstrip("-").encode("latin-1")
        return None

    def _part(self, boundary: bytes) -> Picture | None:
        start = self._buffer.find(boundary)
        if start < 0:
            self._pass_over(boundary)
            return None
        self._skipped = 0
        del self._buffer[:start]
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise self._resync("headers without an end")
            return None
        fields = _fields(bytes(self._buffer[:head_end]).split(b"\r\n")[1:])
        body = head_end + 4
        end = self._body_end(body, fields.get("content-length", ""), boundary)
        if end is None:
            return None
        jpeg = bytes(self._buffer[body:end])
        if not (jpeg.startswith(JPEG_START) and jpeg.rstrip(PADDING).endswith(JPEG_END)):
            raise self._resync("a part that is no whole JPEG")
        del self._buffer[:end]
        self._searched = 0
        return Picture(jpeg)

    def _pass_over(self, boundary: bytes) -> None:
        """Nothing here begins a part; only its last bytes may be the first of a boundary."""
        useless = max(0, len(self._buffer) - len(boundary) + 1)
        del self._buffer[:useless]
        self._skipped += useless
        if self._skipped > MAX_JPEG_BYTES:
            raise self._corrupt("no boundary")

    def _body_end(self, body: int, length: str, boundary: bytes) -> int | None:
        if length:
            if not (length.isascii() and length.isdecimal()) or int(length[:9]) > MAX_JPEG_BYTES:
                raise self._resync("an impossible Content-Length")
            end = body + int(length[:9])
            return end if len(self._buffer) >= end else None
        following = self._buffer.find(b"\r\n" + boundary, max(body, self._searched))
        if following >= 0:
            return following
        if len(self._buffer) > MAX_JPEG_BYTES:  # what is in it holds no other part: none of it is looked at again
            raise self._corrupt("a part without an end")
        self._searched = max(body, len(self._buffer) - len(boundary) - 2)
        return None

    def _headers(self, limit: int) -> tuple[bytes, dict[str, str]] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > limit:
                raise self._corrupt("headers without an end")
            return None
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        return lines[0], _fields(lines[1:])

    def _resync(self, reason: str) -> WireCorrupt:
        """Step over this boundary only: inside what looked like one part the next may have begun."""
        self._searched = 0
        del self._buffer[:2]
        return WireCorrupt(self._device, reason)

    def _corrupt(self, reason: str) -> WireCorrupt:
        self._searched = self._skipped = 0
        self._buffer.clear()
        return WireCorrupt(self._device, reason)


def _fields(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
