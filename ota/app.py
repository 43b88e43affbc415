"""What the update client asks the running app: is nobody in the middle of a crossing, and is the new one well?"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from ota.release import Release, Role
from ota.settings import AppSettings

ASK_S = 3.0
EVERY_S = 0.5
STEADY = 4
"""Answers in a row that must all be well: what dies after its first breath is not."""
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    """`release`: the app's own. `idle`: it may be replaced now. `ails`: in a few words without personal data, empty
    when all is well. `alone`: nobody is at it or waits for it, whatever the hour. `runs`: role -> sha256 of what else
    it uses. `refused`: sha256 -> why it does not use that. `paints`: its screen has shown what it was sent; an app
    that does not say so does not."""

    release: str
    idle: bool
    ails: tuple[str, ...]
    alone: bool = False
    runs: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    paints: bool = False

    def uses(self, role: Role) -> str:
        """The sha256 of what it has of that role; empty: none, or what came with it."""
        return self.release if role is Role.APPS else self.runs.get(role, "")


def read(data: bytes) -> Status | None:
    """None for anything that is no status: an app that cannot say how it is, is not well."""
    try:
        told: dict[str, Any] = json.loads(data)
        release, idle, ails = told["release"], told["idle"], told["ails"]
        runs, refused = _texts(told.get("runs", {})), _texts(told.get("refused", {}))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(release, str) or not isinstance(ails, list):
        return None
    alone, paints = (told.get(name) is True for name in ("alone", "paints"))
    return Status(release, idle is True, tuple(str(ail)[:80] for ail in ails[:10]), alone, runs, refused, paints)


def _texts(told: Any) -> Mapping[str, str]:
    if not all(isinstance(text, str) for text in told.values()):
        raise TypeError("wants texts")
    return {name: text[:80] for name, text in told.items()}


class App:
    """A window and a restart."""

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._pool = urllib3.PoolManager(retries=False)
        self._ailed_before: frozenset[str] = frozenset()

    @property
    def gate_s(self) -> float:
        return self._settings.gate_s

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

    def has_time(self, release: Release) -> bool:
        """Whether it may be replaced now. An app that does not answer disturbs nobody by being replaced.

        What ails it now is remembered: a new one is not blamed for a device that was broken before it came. What is
        urgent does not wait for the quiet hours, and never cuts somebody's crossing short.
        """
        status = self.status()
        if status is None:
            return True
        self._ailed_before = frozenset(status.ails)
        return status.idle or (release.urgent and status.alone)

    def restart(self) -> None:
        """Raises `CalledProcessError` when the command fails: that is a fault of this machine's set-up."""
        subprocess.run(self._settings.restart, check=True, timeout=60, capture_output=True)

    def new_ails(self, status: Status) -> tuple[str, ...]:
        """What did not ail it before the switch."""
        return tuple(sorted(set(status.ails) - self._ailed_before))


class AppGate:
    """A `Gate` for whatever the app itself uses: it must say that it uses this one, and be well with it.

    `restarted`: the app was started anew for it, so what ails it and did not before is the new one's fault.
    """

    def __init__(self, app: App, role: Role, *, restarted: bool = True) -> None:
        self._app, self._role, self._restarted = app, role, restarted

    def prove(self, sha256: str) -> str:
        ends_s, steady, why = time.monotonic() + self._app.gate_s, 0, "it does not answer"
        while steady < STEADY:
            if time.monotonic() > ends_s:
                return why
            status = self._app.status()
            if status and sha256 in status.refused:
                return status.refused[sha256]
            why = self._ailing(status, sha256)
            steady = 0 if why else steady + 1
            time.sleep(EVERY_S)
        return ""

    def _ailing(self, status: Status | None, sha256: str) -> str:
        if status is None:
            return "it does not answer"
        if status.uses(self._role) != sha256:
            return "another version answers"
        return ", ".join(self._app.new_ails(status)) if self._restarted else ""
