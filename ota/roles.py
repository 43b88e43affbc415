"""What each role of an update is done with: where it lies, what makes it run, what proves it, whom it waits for.

A role that has no line here, or for which ota.toml has no place, is not updated on this device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ota.agent import Hands
from ota.app import AppGate
from ota.bundles import BundleInstaller, Prepare
from ota.image_client import image_hands
from ota.release import Role
from ota.tree import unpack
from ota.workbench import Bench


def apps(bench: Bench) -> Hands:
    """The program: unpacked beside the old one, started between two travellers."""
    installer = BundleInstaller(bench.shelf(Role.APPS), bench.app.restart, _unpacking(bench, Role.APPS))
    return bench.hands(installer, AppGate(bench.app, Role.APPS), bench.app.has_time)


def content(bench: Bench, role: Role) -> Hands:
    """Lists, policy, trust store: signed once more by themselves, taken by the app while it runs, as from the broker.

    The app judges them, and says which it took and why it did not; no window is needed, for nothing stops.
    """
    installer = BundleInstaller(bench.shelf(role), _nothing)
    return bench.hands(installer, AppGate(bench.app, role, restarted=False), lambda _: True)


def images(bench: Bench) -> Hands | None:
    """The operating system, on a machine with two slots."""
    slots = bench.settings.image_slots
    return image_hands(bench, slots) if slots else None


def _nothing() -> None:
    """The app looks at the shelf by itself."""


def _unpacking(bench: Bench, role: Role) -> Prepare:
    folder = bench.folder(role)

    def prepare(sha256: str, file: Path) -> None:
        unpack(bench.disk, file, folder, sha256)

    return prepare


HANDS: Mapping[Role, Callable[[Bench], Hands | None]] = {
    Role.CSCA: partial(content, role=Role.CSCA),
    Role.POLICY: partial(content, role=Role.POLICY),
    Role.WATCHLISTS: partial(content, role=Role.WATCHLISTS),
    Role.APPS: apps,
    Role.IMAGES: images,
}
"""None from a line: this device has no part in that role. In this order they are served."""
