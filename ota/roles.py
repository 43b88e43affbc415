"""What each role of an update is done with: where it lies, what makes it run, what proves it, whom it waits for.

A role that has no line here, or for which ota.toml has no place, is not updated on this device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ota.agent import Gate, Hands, Installer, Place
from ota.app import App, AppGate
from ota.bundles import BundleInstaller, Prepare
from ota.disk import Disk
from ota.journal import Entry
from ota.release import Release, Role
from ota.settings import Settings
from ota.shelf import Shelf
from ota.tree import unpack


@dataclass(frozen=True, slots=True)
class Bench:
    """What the hands of every role are made of. `fetch`: into the role's own folder; `tell`: for whoever reports."""

    settings: Settings
    disk: Disk
    app: App
    fetch: Callable[[Release], Path]
    now_s: Callable[[], int]
    place: Callable[[], Place]
    tell: Callable[[Entry], None]

    def folder(self, role: Role) -> Path:
        """The role's shelf."""
        return self.settings.folder / role

    def shelf(self, role: Role) -> Shelf:
        return Shelf(self.disk, self.folder(role))

    def hands(self, installer: Installer, gate: Gate, window: Callable[[Release], bool]) -> Hands:
        return Hands(installer, gate, self.fetch, window, self.now_s, self.place, self.tell)


def apps(bench: Bench) -> Hands:
    """The program: unpacked beside the old one, started between two travellers."""
    installer = BundleInstaller(bench.shelf(Role.APPS), bench.app.restart, _unpacking(bench, Role.APPS))
    return bench.hands(installer, AppGate(bench.app, Role.APPS), bench.app.has_time)


def _unpacking(bench: Bench, role: Role) -> Prepare:
    folder = bench.folder(role)

    def prepare(sha256: str, file: Path) -> None:
        unpack(bench.disk, file, folder, sha256)

    return prepare


HANDS: Mapping[Role, Callable[[Bench], Hands | None]] = {
    Role.APPS: apps,
}
"""None from a line: this device has no part in that role. In this order they are served."""
