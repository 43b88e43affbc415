"""An IP camera on loopback: motion JPEG over HTTP, showing the newest picture it was given, and its lamp."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from simulators.faults import Faults

BOUNDARY = "landfallframe"
HEAD = (
    "HTTP/1.0 200 OK\r\nServer: camera simulator\r\nCache-Control: no-store\r\n"
    f"Content-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n\r\n"
).encode()
MAX_REQUEST_BYTES = 8192
SPLIT_PAUSE_S = 0.0005
POLL_S = 0.1
JOIN_S = 5.0


class MjpegCameraSim:
    """Every viewer is sent the newest picture `fps` times a second. `address` stays the same over unplugging."""

    def __init__(self, *, fps: float = 10.0, port: int = 0, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._period_s = 1.0 / fps
        self._port = port
        self._jpeg: bytes | None = None
        self.light = 0.0  # how brightly the lamp shines, 0..1
        self._unplugged = threading.Event()
        self._accepter: threading.Thread | None = None
        self.replug()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/stream"

    @property
    def light_address(self) -> str:
        return f"http://127.0.0.1:{self._port}/light"

    def show(self, jpeg: bytes) -> None:
        """What stands before the camera from now on. Any thread."""
        self._jpeg = jpeg

    def cover(self) -> None:
        """Nothing more to show: the viewers stay connected and get no picture."""
        self._jpeg = None

    def unplug(self) -> None:
        """All connections end and nobody listens any more."""
        self._unplugged.set()
        accepter, self._accepter = self._accepter, None
        if accepter is not None:
            accepter.join(JOIN_S)
            if accepter.is_alive():
                raise RuntimeError("the camera simulator does not end")

    def replug(self) -> None:
        if self._accepter is not None:
            return
        listener = socket.create_server(("127.0.0.1", self._port), backlog=8)
        listener.settimeout(POLL_S)
        self._port = listener.getsockname()[1]
        self._unplugged = threading.Event()
        self._accepter = threading.Thread(
            target=self._accept, args=(listener, self._unplugged), name="camera simulator", daemon=True
        )
        self._accepter.start()

    def close(self) -> None:
        self.unplug()

    def _accept(self, listener: socket.socket, unplugged: threading.Event) -> None:
        viewers: list[threading.Thread] = []
        with listener:
            while not unplugged.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    viewers = [viewer for viewer in viewers if viewer.is_alive()]
                    viewers.append(threading.Thread(target=self._serve, args=(connection, unplugged), daemon=True))
                    viewers[-1].start()
        for viewer in viewers:
            viewer.join(JOIN_S)

    def _serve(self, connection: socket.socket, unplugged: threading.Event) -> None:
        with connection, contextlib.suppress(OSError):  # a viewer may leave at any time
            connection.settimeout(POLL_S * 5)
            request = b""
            while b"\r\n\r\n" not in request and len(request) < MAX_REQUEST_BYTES:
                data = connection.recv(4096)
                if not data:
                    return
                request += data
            self._answer(connection, request, unplugged)

    def _answer(self, connection: socket.socket, request: bytes, unplugged: threading.Event) -> None:
        if self.faults.wrong_status:
            connection.sendall(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return
        if request.startswith(b"GET /light?"):
            connection.sendall(self._lamp(request))
            return
        if not request.startswith(b"GET /stream "):
            connection.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(HEAD)
        due_s = time.monotonic()
        while not self.faults.wrong_status:
            if unplugged.wait(max(0.0, due_s - time.monotonic()) + self.faults.delay_s):
                return
            due_s = max(due_s + self._period_s, time.monotonic())
            if (jpeg := self._jpeg) is not None:
                self._send_part(connection, jpeg)

    def _lamp(self, request: bytes) -> bytes:
        """Set the lamp as asked, `level` 0..100; the answer."""
        level = request.split(b" ", 2)[1].rpartition(b"level=")[2]
        if not level.isdigit() or int(level) > 100:
            return b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        self.light = int(level) / 100
        return b"HTTP/1.0 204 No Content\r\n\r\n"

    def _send_part(self, connection: socket.socket, jpeg: bytes) -> None:
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        pieces = self.faults.pieces(head + jpeg + b"\r\n")
        if self.faults.split and pieces:
            # 7-byte pieces all through a picture would take seconds: the head goes so, the rest in one
            pieces = [*pieces[:50], b"".join(pieces[50:])]
        for number, piece in enumerate(pieces):
            connection.sendall(piece)
            if number < len(pieces) - 1:
                time.sleep(SPLIT_PAUSE_S)
