"""A fleet that checks in at a real office, each device at its own moments: it takes what its director repository names
and tries it when nobody is there, and some fail."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from ota import layout
from ota.disk import RealDisk
from ota.office import Office, Said, Update
from ota.publish import Writer
from ota.release import Role
from ota.rhythm import Hint, Rhythm, asked, heard
from ota.workflow import State

BOARD = "practice"
NOON_S = 1_795_600_000
REASONS = (
    "OTA-GATE: camera: gone",
    "OTA-GATE: it does not answer",
    "OTA-NEVER-UP: the version before it came up",
)
POLL_S, SPREAD_S = 4 * 3600.0, 600.0
WINDOW_S = (60, 6 * 3600)
"""From when it is installed until nobody is at the kiosk: at once, or when the ship has gone."""


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
    """`told`: the sha256 that the director named last; `window_s`: when nobody is at it, so that it may be stopped."""

    name: str
    rhythm: Rhythm
    fails_with: str = ""
    running: str = ""
    update: Update | None = None
    told: str = ""
    window_s: int = 0

    def said(self, now_s: int) -> Said:
        """As it stands."""
        updates: dict[str, Update] = {Role.APPS: self.update} if self.update else {}
        return Said(self.name, BOARD, now_s, {Role.APPS: self.running} if self.running else {}, updates)

    def takes(self, sha256: str, window_s: int) -> bool:
        """What it is told; whether that is something new, which is installed by then and waits for its window."""
        self.told = sha256
        if not sha256 or (self.update and self.update.sha256 == sha256):
            return False
        self.update, self.window_s = Update(sha256, State.INSTALLED, ""), window_s
        return True

    def tries(self, now_s: int) -> bool:
        """Whether it came to an end. What nobody tells it of any more it does not start."""
        update = self.update
        if update is None or update.state != State.INSTALLED or now_s < self.window_s or self.told != update.sha256:
            return False
        state = State.ROLLED_BACK if self.fails_with else State.KEPT
        self.update = Update(update.sha256, state, self.fails_with)
        self.running = self.running if self.fails_with else update.sha256
        return True


@dataclass
class Fleet:
    """`share` of it fails with whatever is new. Each asks when the client's own rhythm says so, and hears what is
    announced; all that chance decides comes from `seed`."""

    folder: Path
    office: Office
    clock: Clock
    size: int
    share: float
    seed: int = 0
    devices: list[Device] = field(default_factory=list)
    announced: bytes = b""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        names = (f"kiosk-{number:04}" for number in range(self.size))
        begins_s = self.clock()
        self.devices = [
            Device(name, Rhythm(name, POLL_S, SPREAD_S, begins_s + self.chance.uniform(0, SPREAD_S))) for name in names
        ]
        for device in self.chance.sample(self.devices, round(self.share * self.size)):
            device.fails_with = self.chance.choice(REASONS)
        self._listen()

    def go_on(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.now_s += 60
            self._listen()
            for device in sorted(self.devices, key=lambda one: one.rhythm.next_s):
                if device.rhythm.is_due(self.clock()):
                    self._turn(device)
                if device.tries(self.clock()):
                    self.office.check_in(device.said(self.clock()))
            self.office.tick()

    def _turn(self, device: Device) -> None:
        """As `ota.client` does: say how it is, ask, and say again what came of it."""
        self.office.check_in(device.said(self.clock()))
        device.rhythm = asked(device.rhythm, self.clock())
        if device.takes(self._assigned(device.name), self.clock() + self.chance.randint(*WINDOW_S)):
            self.office.check_in(device.said(self.clock()))

    def _listen(self) -> None:
        data = Writer(layout.image(self.folder), disk=QuietDisk()).timestamp()
        if data != self.announced:
            self.announced = data
            for device in self.devices:
                device.rhythm = heard(device.rhythm, Hint.NEWER, data, self.clock())

    def _assigned(self, device: str) -> str:
        """The sha256 of the app that its director repository names, or empty."""
        targets = Writer(layout.director(self.folder, device), disk=QuietDisk()).assigned()
        return next((t.hashes["sha256"] for name, t in targets.items() if name.startswith(f"{Role.APPS}/")), "")
