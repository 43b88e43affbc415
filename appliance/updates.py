"""What the update client asks the kiosk: which release runs, whether nobody is at it, and what ails it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.devices import READY
from appliance.journey.machine import State

RELEASE = "LANDFALL_RELEASE"
"""Set by whoever started us from a bundle: its sha256. Not set: this is the program that came with the image."""


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """`idle`: the home screen, so that a restart disturbs nobody. `ails`: devices and their codes, nothing personal."""

    release: str
    idle: bool
    ails: tuple[str, ...]


def update_status(state: State, devices: Iterable[tuple[str, str]]) -> UpdateStatus:
    """As it is now. A kiosk out of service may be restarted too: it takes nobody."""
    return UpdateStatus(
        release=os.environ.get(RELEASE, ""),
        idle=state in (State.IDLE, State.OUT_OF_SERVICE),
        ails=tuple(f"{device}: {code}" for device, code in devices if code != READY),
    )
