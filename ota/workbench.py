"""What the hands of every role are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ota.agent import Gate, Hands, Installer, Place
from ota.app import App
from ota.disk import Disk
from ota.journal import Entry
from ota.release import Release, Role
from ota.settings import Settings
from ota.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Bench:
    """`fetch`: into the role's own folder. `now_s`, `floor_s`: seconds since 1970, as the machine says, and what has
    surely passed. `tell`: for whoever reports."""

    settings: Settings
    disk: Disk
    app: App
    fetch: Callable[[Release], Path]
    now_s: Callable[[], int]
    floor_s: Callable[[], int]
    place: Callable[[], Place]
    tell: Callable[[Entry], None]

    def folder(self, role: Role) -> Path:
        """The role's shelf."""
        return self.settings.folder / role

    def shelf(self, role: Role) -> Shelf:
        return Shelf(self.disk, self.folder(role))

    def hands(self, installer: Installer, gate: Gate, window: Callable[[Release], bool]) -> Hands:
        return Hands(installer, gate, self.fetch, window, self.now_s, self.place, self.tell)
