"""An IP camera: motion JPEG over HTTP on a TCP socket."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import cv2
import numpy as np

from drivers.camera.feed import SILENCE_S, Region, Shot
from drivers.camera.mjpeg_wire import MjpegReader, Picture, Refused
from drivers.errors import DeviceGone, DeviceRefused, WireCorrupt

CONNECT_S = 2.0
SLICE_S = 0.2
GRAB_S = 1.0  # a camera that trickles is silent too
CHUNK_BYTES = 65536


class MjpegSource:
    """`Source` over `http://host[:port]/path`. Raises `ValueError` for an address of another form."""

    silence_s = SILENCE_S  # a TCP connection can be dead without saying so

    def __init__(self, device: str, address: str) -> None:
        url = urlsplit(address)
        if url.scheme != "http" or not url.hostname or url.username is not None:
            raise ValueError(f"an IP camera is reached by http://host:port/path, not {address!r}")
        self._device = device
        self._host, self._port = url.hostname, url.port or 80
        self._target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._socket: socket.socket | None = None
        self._reader = MjpegReader(device)

    def open(self) -> None:
        # HTTP/1.0: the answer may not be cut into chunks
        request = f"GET {self._target} HTTP/1.0\r\nHost: {self._host}:{self._port}\r\nAccept: */*\r\n\r\n"
        try:
            self._socket = socket.create_connection((self._host, self._port), CONNECT_S)
            self._socket.sendall(request.encode("ascii", "replace"))
            self._socket.settimeout(SLICE_S)
        except OSError as error:
            raise DeviceGone(self._device, str(error)) from error
        self._reader = MjpegReader(self._device)

    def grab(self, stop: threading.Event) -> Shot | None:
        ends_s = time.monotonic() + GRAB_S
        while not stop.is_set() and time.monotonic() < ends_s:
            frame = self._next_frame()
            if isinstance(frame, Picture):
                return self._decoded(frame)
            if isinstance(frame, Refused):
                raise DeviceRefused(self._device, f"HTTP status {frame.status}")
            if not self._receive():
                return None
        return None

    def expose_for(self, region: Region | None) -> None:
        """Plain motion JPEG has no way back to the camera."""

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _next_frame(self) -> Picture | Refused | None:
        try:
            return self._reader.next_frame()
        except WireCorrupt as error:
            if self._reader.started:
                raise
            raise DeviceGone(self._device, f"no camera there: {error.detail}") from error

    def _receive(self) -> bool:
        """Whether anything came within a slice."""
        assert self._socket is not None, "grab before open"
        try:
            data = self._socket.recv(CHUNK_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise DeviceGone(self._device, str(error)) from error
        if not data:
            raise DeviceGone(self._device, "the camera hung up")
        self._reader.feed(data)
        return True

    def _decoded(self, picture: Picture) -> Shot:
        taken_s = time.monotonic()
        try:
            pixels = cv2.imdecode(np.frombuffer(picture.jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise WireCorrupt(self._device, f"OpenCV: {error.code}") from error
        if pixels is None:
            raise WireCorrupt(self._device, "a JPEG that cannot be decoded")
        return Shot(np.asarray(pixels, dtype=np.uint8), taken_s)
