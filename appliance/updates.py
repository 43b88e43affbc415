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
    """`idle`: the home screen, so that a restart disturbs nobody. `ails`: devices and their codes, nothing personal.
    `paints`: the screen has shown what it was sent."""

    release: str
    idle: bool
    ails: tuple[str, ...]
    paints: bool


def update_status(state: State, devices: Iterable[tuple[str, str]], painted: int) -> UpdateStatus:
    """As it is now. A kiosk out of service may be restarted too: it takes nobody. `painted`: the newest revision that
    the screen has shown, 0 before the first."""
    return UpdateStatus(
        release=os.environ.get(RELEASE, ""),
        idle=state in (State.IDLE, State.OUT_OF_SERVICE),
        ails=tuple(f"{device}: {code}" for device, code in devices if code != READY),
        paints=painted > 0,
    )
