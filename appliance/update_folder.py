"""What the update client leaves for this kiosk: the steps it took, and the signed content that it put on its shelf.

The client runs as another user and repairs us; so we only read here, and believe nothing that is not signed.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

from appliance.post.journal import UpdateStep
from border.messages.topics import TopicKind

log = logging.getLogger(__name__)

STATE = "state.json"
CURRENT = "current"
SHELVES: dict[TopicKind, str] = {
    TopicKind.TRUST: "csca",
    TopicKind.POLICY: "policy",
    TopicKind.WATCHLIST: "watchlists",
}
"""Signed content and the role under which it is on the shelf."""
MODELS = "models"
MOST_STATE = 1 << 20
MOST_CONTENT = 1 << 27
SHA256 = re.compile(r"[0-9a-f]{64}")
TEXTS = ("transaction", "role", "state", "version", "sha256", "reason", "source", "slot", "boot")
MOST_TEXT = 300


class UpdateFolder:
    """Nothing here raises for what lies there: a client that writes nonsense is a client that says nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def steps(self) -> tuple[UpdateStep, ...]:
        """Oldest first; the last two or three transactions of each role."""
        try:
            told = json.loads(_read(self._folder / STATE, MOST_STATE))
            return tuple(map(_step, told))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("what the update client says cannot be read: %s", error)
            return ()

    def current(self, role: str) -> str:
        """The sha256 of what is current of that role; empty: nothing was ever put there."""
        try:
            name = str((self._folder / role / CURRENT).readlink())
        except OSError:
            return ""
        return name if SHA256.fullmatch(name) else ""

    def content(self, role: str, sha256: str) -> bytes | None:
        """None: it went away in between."""
        try:
            return _read(self._folder / role / sha256, MOST_CONTENT)
        except OSError as error:
            log.warning("%s from the shelf: %s", role, error)
            return None

    def tree(self, role: str) -> tuple[str, Path] | None:
        """Of a bundle that lies unpacked: its sha256, and where."""
        sha256 = self.current(role)
        place = self._folder / role / f"{sha256}.d"
        return (sha256, place) if sha256 and place.is_dir() else None


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"{path.name} holds more than it may")
    return data


def _step(told: dict[str, Any]) -> UpdateStep:
    for name in TEXTS:
        if not isinstance(told[name], str) or len(told[name]) > MOST_TEXT:
            raise TypeError(f"{name} is no short text")
    for name in ("attempt", "at_s"):
        if type(told[name]) is not int:
            raise TypeError(f"{name} is no whole number")
    return UpdateStep(
        transaction=told["transaction"],
        role=told["role"],
        phase=told["state"],
        version=told["version"],
        sha256=told["sha256"],
        attempt=told["attempt"],
        reason=told["reason"],
        source=told["source"],
        slot=told["slot"],
        boot_id=told["boot"],
        happened_s=told["at_s"],
    )
