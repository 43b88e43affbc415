"""Lamps that light a face from the front: none at all, one of an IP camera over HTTP, one that the kernel drives."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt

REPLY_S = 1.0
MAX_REPLY_BYTES = 4096


class NoFillLight:
    """`FillLight` of a kiosk that has none: every level is dark."""

    is_fitted = False

    def __init__(self, device: str) -> None:
        self.device = device

    def shine(self, level: float, deadline: Deadline) -> None: ...

    def close(self) -> None: ...


class LedFillLight:
    """`FillLight` over a lamp that Linux drives as an LED, such as one on a PWM pin: a folder of `/sys/class/leds`."""

    is_fitted = True

    def __init__(self, device: str, folder: Path) -> None:
        self.device = device
        self._folder = folder

    def shine(self, level: float, deadline: Deadline) -> None:
        deadline.check(self.device)
        try:
            most = int((self._folder / "max_brightness").read_text("ascii"))
            if "[none]" not in (self._folder / "trigger").read_text("ascii").split():
                (self._folder / "trigger").write_text("none")  # or the kernel goes on blinking it
            (self._folder / "brightness").write_text(str(round(most * min(1.0, max(0.0, level)))))
        except ValueError as error:
            raise WireCorrupt(self.device, f"{self._folder} is no lamp: {error}") from error
        except OSError as error:
            kind = DeviceRefused if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else DeviceGone
            raise kind(self.device, str(error)) from error

    def close(self) -> None:
        """The lamp keeps what it was told; nothing is held between two calls."""


class HttpFillLight:
    """`FillLight` over `http://host[:port]/path`: `GET path?level=0..100`, answered by a status of 200 to 299.

    Raises `ValueError` for an address of another form.
    """

    is_fitted = True

    def __init__(self, device: str, address: str) -> None:
        url = urlsplit(address)
        if url.scheme != "http" or not url.hostname or url.username is not None or url.query:
            raise ValueError(f"a lamp is reached by http://host:port/path, not {address!r}")
        self.device = device
        self._host, self._port, self._path = url.hostname, url.port or 80, url.path or "/"

    def shine(self, level: float, deadline: Deadline) -> None:
        percent = round(100 * min(1.0, max(0.0, level)))
        request = f"GET {self._path}?level={percent} HTTP/1.0\r\nHost: {self._host}:{self._port}\r\n\r\n"
        patience = deadline.within(REPLY_S)
        patience.check(self.device)
        try:
            with socket.create_connection((self._host, self._port), patience.remaining_s) as connection:
                connection.sendall(request.encode("ascii", "replace"))
                status = self._status(connection, patience)
        except TimeoutError:
            raise DeviceTimeout(self.device, f"no answer within {REPLY_S:g} s") from None
        except OSError as error:
            raise DeviceGone(self.device, str(error)) from error
        if not 200 <= status <= 299:
            raise DeviceRefused(self.device, f"HTTP status {status}")

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _status(self, connection: socket.socket, patience: Deadline) -> int:
        reply = b""
        while b"\r\n" not in reply:
            patience.check(self.device)
            connection.settimeout(max(patience.remaining_s, 0.001))
            data = connection.recv(MAX_REPLY_BYTES)
            reply += data
            if not data or len(reply) > MAX_REPLY_BYTES:
                raise WireCorrupt(self.device, "no HTTP status line")
        words = reply.split(b"\r\n", 1)[0].split()
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit() or len(words[1]) != 3:
            raise WireCorrupt(self.device, "no HTTP status line")
        return int(words[1])
