"""The heartbeat systemd waits for: sent only while the loop, every lane and the painted page are alive."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

log = logging.getLogger(__name__)

BEAT_S = 2.0
WELL = "STATUS=at work"


def notify(message: str) -> bool:
    """One sd_notify datagram ("READY=1", "WATCHDOG=1", "STOPPING=1"); False when nobody supervises us, or hears us.

    Never waits: a supervisor that does not read must not hold up the loop that it supervises.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            return False  # as while systemd starts itself anew; the next beat is two seconds away
    return True


async def beat(dead: Callable[[], tuple[str, ...]]) -> None:
    """For ever: a beat while nothing is `dead`; silence lets systemd restart us (WatchdogSec).

    What is dead is said once, in the log and to systemd: after the restart nobody could tell any more.
    """
    known: tuple[str, ...] = ()
    while True:
        if (now := dead()) != known:
            known = now
            _tell(now)
        if not now:
            notify("WATCHDOG=1")
        await asyncio.sleep(BEAT_S)


def _tell(dead: tuple[str, ...]) -> None:
    if dead:
        log.error("the heartbeat stops: %s", ", ".join(dead))
        notify(f"STATUS=stands still: {', '.join(dead)}")
    else:
        log.warning("the heartbeat goes on")
        notify(WELL)


class PageHealth:
    """Whether the page really paints what it is sent, and goes on painting while nothing changes.

    It reports each picture, and one every two seconds besides (the stream's beat). A page that was never opened is not
    judged: there may be none yet, or its screen is switched off; one restart has tried to help it then.
    """

    def __init__(self, patience_s: float = 15.0) -> None:
        self._patience_s = patience_s
        self._behind_since_s: float | None = None

    def is_alive(self, shown: int, painted: int, painted_at_s: float | None, now_s: float) -> bool:
        """`shown` and `painted` are revisions; `painted_at_s`: when the page last said so, None: never."""
        if painted_at_s is None:
            return True
        if painted >= shown:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = now_s
        oldest_s = painted_at_s if self._behind_since_s is None else min(painted_at_s, self._behind_since_s)
        return now_s - oldest_s < self._patience_s
