"""A bell that any thread may ring and one thread hears in its select()."""

from __future__ import annotations

import socket
from contextlib import suppress


class Nudge:
    """Ringing never blocks; several rings before it is heard are one."""

    def __init__(self) -> None:
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._bell.setblocking(False)

    def fileno(self) -> int:
        """For select()."""
        return self._ear.fileno()

    def ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._bell.send(b"!")

    def hear(self) -> None:
        """Let the bell be silent again."""
        with suppress(BlockingIOError):
            while self._ear.recv(4096):
                pass

    def close(self) -> None:
        self._ear.close()
        self._bell.close()
