"""What each role of an update is done with: where it lies, what makes it run, what proves it, whom it waits for.

A role that has no line here, or for which ota.toml has no place, is not updated on this device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ota import tryboot
from ota.agent import Gate, Hands, Installer, Place
from ota.app import App, AppGate
from ota.bundles import BundleInstaller, Prepare
from ota.disk import Disk
from ota.health import HealthGate, Look
from ota.held import Bundles
from ota.images import ImageInstaller, Machine, Record, Steps
from ota.journal import Entry
from ota.proof import proving
from ota.release import Release, Role
from ota.settings import Settings
from ota.shelf import Shelf
from ota.slots import Rauc, Tls
from ota.tree import place, unpack


@dataclass(frozen=True, slots=True)
class Bench:
    """What the hands of every role are made of. `fetch`: into the role's own folder; `bundles`: where RAUC reads an
    image; `tell`: for whoever reports; `floor_s`: seconds since 1970 that have surely passed."""

    settings: Settings
    disk: Disk
    app: App
    fetch: Callable[[Release], Path]
    bundles: Bundles
    now_s: Callable[[], int]
    place: Callable[[], Place]
    tell: Callable[[Entry], None]
    floor_s: Callable[[], int]

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


def models(bench: Bench) -> Hands | None:
    """Nets: tried beside the old ones by the program in use, then taken by starting that between two travellers."""
    settings = bench.settings.models
    if settings is None:
        return None

    def unpacked(sha256: str, file: Path) -> Path:
        return unpack(bench.disk, file, bench.folder(Role.MODELS), sha256)

    def tree() -> Path:
        """Of the program that runs; the one that came with the image when its bundle is not whole."""
        current = place(bench.folder(Role.APPS), bench.shelf(Role.APPS).current)
        return current if bench.shelf(Role.APPS).current and current.is_dir() else settings.built_in

    installer = BundleInstaller(bench.shelf(Role.MODELS), bench.app.restart, proving(settings, tree, unpacked))
    return bench.hands(installer, AppGate(bench.app, Role.MODELS), bench.app.has_time)


def content(bench: Bench, role: Role) -> Hands:
    """Lists, policy, trust store: signed once more by themselves, taken by the app while it runs, as from the broker.

    The app judges them, and says which it took and why it did not; no window is needed, for nothing stops.
    """
    installer = BundleInstaller(bench.shelf(role), _nothing)
    return bench.hands(installer, AppGate(bench.app, role, restarted=False), lambda _: True)


def _nothing() -> None:
    """The app looks at the shelf by itself."""


def images(bench: Bench) -> Hands | None:
    """The operating system: put into the slots that do not run, tried by a restart. Needs slots."""
    slots, settings = bench.settings.image_slots, bench.settings
    if slots is None:
        return None
    look = Look(slots, settings.folder, bench.app.status, bench.floor_s)
    gate = HealthGate(look, bench.disk, settings.folder / "before.json", slots.gate_s, tryboot.start().is_try)
    rauc = Rauc(Tls(settings.ca, settings.certificate, settings.key))
    record, machine = Record(bench.disk, settings.folder / "images.json"), Machine(slots.restart, gate.remember)
    installer = ImageInstaller(rauc, record, machine, bench.bundles, Steps())
    hands = bench.hands(installer, gate, bench.app.has_time)
    return replace(hands, fetch=installer.fetch)


def _unpacking(bench: Bench, role: Role) -> Prepare:
    folder = bench.folder(role)

    def prepare(sha256: str, file: Path) -> None:
        unpack(bench.disk, file, folder, sha256)

    return prepare


HANDS: Mapping[Role, Callable[[Bench], Hands | None]] = {
    Role.CSCA: partial(content, role=Role.CSCA),
    Role.POLICY: partial(content, role=Role.POLICY),
    Role.WATCHLISTS: partial(content, role=Role.WATCHLISTS),
    Role.MODELS: models,
    Role.APPS: apps,
    Role.IMAGES: images,
}
"""None from a line: this device has no part in that role. In this order they are served."""
