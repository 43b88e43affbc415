"""A fleet that checks in at a real office: each device takes what its director repository names, and some fail."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from ota import layout
from ota.disk import RealDisk
from ota.office import Office, Said, Update
from ota.publish import Writer
from ota.release import Role

BOARD = "practice"
NOON_S = 1_795_600_000
REASONS = (
    "OTA-GATE: camera: gone",
    "OTA-GATE: it does not answer",
    "OTA-NEVER-UP: the version before it came up",
)
PHASES = ("fetched", "installed", "proving")
"""What a device may be seen in between."""


class QuietDisk(RealDisk):
    """Nobody pulls the mains here: a fleet's thousands of syncs would measure the disk of this machine."""

    def sync(self, path: Path) -> None:
        pass

    def sync_folder(self, folder: Path) -> None:
        pass


@dataclass
class Clock:
    now_s: int = NOON_S

    def __call__(self) -> int:
        return self.now_s


@dataclass
class Device:
    name: str
    fails_with: str = ""
    running: str = ""
    update: Update | None = None

    def said(self, now_s: int) -> Said:
        """As it stands."""
        updates: dict[str, Update] = {Role.APPS: self.update} if self.update else {}
        return Said(self.name, BOARD, now_s, {Role.APPS: self.running} if self.running else {}, updates)

    def told(self, sha256: str, phase: str) -> None:
        """A step further with what it was told."""
        if self.update is None or self.update.sha256 != sha256:
            self.update = Update(sha256, phase, "")
        elif self.update.state in PHASES:
            state = "rolled_back" if self.fails_with else "kept"
            self.update = Update(sha256, state, self.fails_with)
            self.running = self.running if self.fails_with else sha256


@dataclass
class Fleet:
    """`share` of it fails with whatever is new."""

    folder: Path
    office: Office
    clock: Clock
    size: int
    share: float
    seed: int = 0
    devices: list[Device] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.devices = [Device(f"kiosk-{number:04}") for number in range(self.size)]
        for device in self.chance.sample(self.devices, round(self.share * self.size)):
            device.fails_with = self.chance.choice(REASONS)

    def round(self, hours: float = 4.0) -> None:
        """Every device once, in another order each time."""
        for device in self.chance.sample(self.devices, self.size):
            self.clock.now_s += 1
            self.office.check_in(device.said(self.clock()))
            for name, target in self._assigned(device.name).items():
                if name.startswith(f"{Role.APPS}/"):
                    device.told(target, self.chance.choice(PHASES))
        self.clock.now_s += round(hours * 3600)
        self.office.tick()

    def _assigned(self, device: str) -> dict[str, str]:
        targets = Writer(layout.director(self.folder, device), disk=QuietDisk()).assigned()
        return {name: target.hashes["sha256"] for name, target in targets.items()}
