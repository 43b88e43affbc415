"""The heartbeat systemd waits for: sent only while the loop, every lane and the painted page are alive."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

BEAT_S = 2.0


def notify(message: str) -> bool:
    """One sd_notify datagram ("READY=1", "WATCHDOG=1", "STOPPING=1"); False when nobody supervises us."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
    return True


async def beat(is_alive: Callable[[], bool]) -> None:
    """For ever: a beat while `is_alive`; silence lets systemd restart us (WatchdogSec)."""
    while True:
        if is_alive():
            notify("WATCHDOG=1")
        await asyncio.sleep(BEAT_S)


class PageHealth:
    """Whether the page really paints what it is sent: a revision older than `patience_s` unpainted is a dead page."""

    def __init__(self, patience_s: float = 15.0) -> None:
        self._patience_s = patience_s
        self._behind_since_s: float | None = None
        self._ever_painted = False

    def is_alive(self, shown: int, painted: int, now_s: float) -> bool:
        """`shown` and `painted` are revisions. A page that was never opened is not judged: there may be none yet."""
        self._ever_painted = self._ever_painted or painted > 0
        if not self._ever_painted or painted >= shown:
            self._behind_since_s = None
            return True
        if self._behind_since_s is None:
            self._behind_since_s = now_s
        return now_s - self._behind_since_s < self._patience_s
