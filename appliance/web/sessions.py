"""Who is signed in at the officer's desk: a table in memory, short lived, gone with the process."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from appliance.post.api import Officer

IDLE_S = 15 * 60.0
"""Without a touch for this long the desk signs out by itself."""
SHIFT_S = 10 * 3600.0
MOST = 64


@dataclass(slots=True)
class Session:
    """One officer at one tablet. `form_token` must come back with every form."""

    officer: Officer
    form_token: str
    began_s: float
    touched_s: float


class Sessions:
    """Opens, finds and closes. `monotonic_s` is a clock that never jumps."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._now_s = monotonic_s
        self._by_digest: dict[bytes, Session] = {}

    def open(self, officer: Officer) -> str:
        """The secret for the cookie; only its digest is kept. The oldest session makes room."""
        self._drop_old()
        if len(self._by_digest) >= MOST:
            del self._by_digest[min(self._by_digest, key=lambda d: self._by_digest[d].touched_s)]
        secret, now_s = secrets.token_urlsafe(32), self._now_s()
        self._by_digest[_digest(secret)] = Session(officer, secrets.token_urlsafe(24), now_s, now_s)
        return secret

    def find(self, secret: str | None, *, touch: bool = True) -> Session | None:
        """The live session, its idle time begun anew unless `touch` is off (an event stream is no touch)."""
        self._drop_old()
        session = self._by_digest.get(_digest(secret or ""))
        if session is not None and touch:
            session.touched_s = self._now_s()
        return session

    def close(self, secret: str | None) -> None:
        self._by_digest.pop(_digest(secret or ""), None)

    def _drop_old(self) -> None:
        now_s = self._now_s()
        old = [
            digest
            for digest, session in self._by_digest.items()
            if now_s - session.touched_s > IDLE_S or now_s - session.began_s > SHIFT_S
        ]
        for digest in old:
            del self._by_digest[digest]


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
