"""What the update client asks the running app: is nobody in the middle of a crossing, and is the new one well?"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

from ota.settings import AppSettings

ASK_S = 3.0
EVERY_S = 0.5
STEADY = 4
"""Answers in a row that must all be well: what dies after its first breath is not."""
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """`ails`: in a few words without personal data, empty when all is well. `paints`: its screen shows what it is sent;
    an app that does not say so does not."""

    release: str
    idle: bool
    ails: tuple[str, ...]
    paints: bool = False


def read(data: bytes) -> Status | None:
    """None for anything that is no status: an app that cannot say how it is, is not well."""
    try:
        told: dict[str, Any] = json.loads(data)
        release, idle, ails = told["release"], told["idle"], told["ails"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(release, str) or not isinstance(ails, list):
        return None
    return Status(release, idle is True, tuple(str(ail)[:80] for ail in ails[:10]), told.get("paints") is True)


class App:
    """A `Gate`, a window and a restart."""

    def __init__(self, settings: AppSettings, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock_s = settings, clock_s
        self._pool = urllib3.PoolManager(retries=False)
        self._ailed_before: frozenset[str] = frozenset()

    def status(self) -> Status | None:
        """None: it does not answer, or not with a status."""
        try:
            answer = self._pool.request("GET", self._settings.status, timeout=ASK_S, preload_content=False)
            try:
                return read(answer.read(MOST_BYTES)) if answer.status == 200 else None
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError:
            return None

    def is_idle(self) -> bool:
        """Whether it may be replaced now. An app that does not answer disturbs nobody by being replaced.

        What ails it now is remembered: a new one is not blamed for a device that was broken before it came.
        """
        status = self.status()
        if status is None:
            return True
        self._ailed_before = frozenset(status.ails)
        return status.idle

    def restart(self) -> None:
        """Raises `CalledProcessError` when the command fails: that is a fault of this machine's set-up."""
        subprocess.run(self._settings.restart, check=True, timeout=60, capture_output=True)

    def prove(self, sha256: str) -> str:
        ends_s, steady, why = self._clock_s() + self._settings.gate_s, 0, "it does not answer"
        while steady < STEADY:
            if self._clock_s() > ends_s:
                return why
            why = self._ailing(sha256)
            steady = 0 if why else steady + 1
            time.sleep(EVERY_S)
        return ""

    def _ailing(self, sha256: str) -> str:
        status = self.status()
        if status is None:
            return "it does not answer"
        if status.release != sha256:
            return "another version answers"
        return ", ".join(sorted(set(status.ails) - self._ailed_before))
