"""What the rest of the kiosk says about itself right now, for the centre's state report and the port's board."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from appliance.power import Power


@dataclass(frozen=True, slots=True)
class Site:
    """What does not change while the program runs."""

    kiosk: str
    port: str
    lane: str
    direction: str
    software: str
    officer_url: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One look at the moving parts. Made anew for each change; read from any thread."""

    state: str  # the journey's state
    help_called: bool
    devices: tuple[tuple[str, str], ...]  # (device id, "ready" or an error code)
    policy_version: int  # 0: none
    list_version: int  # 0: none
    list_age_hours: float | None
    trust_version: int  # 0: none
    trust_age_hours: float | None
    disk_free_mb: int
    power: Power
    storage_days: float | None  # None: no record to judge by
    passive_pad: str  # the bundle with its version; "" when none is installed and the active challenge stands alone

    @property
    def news(self) -> tuple[object, ...]:
        """What is worth telling at once; the rest (room, age) changes all the time and can wait."""
        versions = (self.policy_version, self.list_version, self.trust_version)
        return (self.state, self.help_called, self.devices, *versions, self.power.supply, self.power.undervoltage)


def disk_free_bytes(folder: Path) -> int:
    """What a process without privileges may still write there. Raises OSError."""
    return shutil.disk_usage(folder).free
