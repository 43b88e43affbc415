"""The supervisor's end of sd_notify, as systemd's: a datagram socket that also learns from the kernel who spoke."""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

PATIENCE_S = 90.0
LOOK_S = 0.05
READY, BEAT = "READY=1", "WATCHDOG=1"
CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Said:
    """One datagram. `pid`: of the process that sent it, by the kernel's word."""

    text: str
    pid: int


class Supervisor:
    """What a service says of itself, in the order in which it was said; read all the time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[Said] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._read, name="supervisor")

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while True:
            data, extra, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            if not data:
                return
            pid, _, _ = CREDENTIALS.unpack(extra[0][2])
            self.said.append(Said(data.decode(), pid))

    @property
    def texts(self) -> list[str]:
        return [said.text for said in self.said]

    def after(self, at: int, beginning: str) -> int:
        """Where, counted from `at`, something that begins so was said; waited for."""
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            for place, text in enumerate(self.texts[at:], at):
                if text.startswith(beginning):
                    return place
            time.sleep(LOOK_S)
        raise AssertionError(f"waited in vain for {beginning}; heard last: {self.texts[-6:]}")

    def beats_now(self) -> None:
        """A beat from now on, and not one that was heard before."""
        self.after(len(self.said), BEAT)
