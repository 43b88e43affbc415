"""Whether a machine on trial is as well as it was before: the gate between a try of an image and its commit.

What the kiosk is for must work, whatever was before: the app answers and paints. Everything around it is compared with
a snapshot taken just before the restart: a network that was down, or a camera that was unplugged, is not the image's
fault; one that was there and is gone is.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ota import clock
from ota.app import Status
from ota.disk import Disk, replace
from ota.settings import ImageSettings

USB = Path("/sys/bus/usb/devices")
HUB = "09"
SYSTEMD = Path("/run/systemd/system")
PEER_S = 3.0
COMMAND_S = 20.0
EVERY_S = 1.0
STEADY = 3
"""Looks in a row that must all be well."""
MOST_SAID = 5
FREE = 16 * 1024 * 1024
"""Bytes on the data partition below which a kiosk cannot keep its records."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look. `devices`: plugged in and named; `peers`: of those asked, which answered; `units`: failed ones."""

    answers: bool
    paints: bool
    ails: frozenset[str]
    devices: frozenset[str]
    peers: frozenset[str]
    units: frozenset[str]
    clock: bool
    room: bool


def encode(vitals: Vitals) -> bytes:
    held = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(vitals).items()}
    return json.dumps(held, sort_keys=True).encode()


def decode(data: bytes) -> Vitals | None:
    """None for anything that `encode` did not make."""
    try:
        held: dict[str, Any] = json.loads(data)
        ails, devices, peers, units = (frozenset(held[name]) for name in ("ails", "devices", "peers", "units"))
        answers, paints, clock_right, room = (held[name] is True for name in ("answers", "paints", "clock", "room"))
        return Vitals(answers, paints, ails, devices, peers, units, clock_right, room)
    except (ValueError, TypeError, KeyError):
        return None


def ailing(before: Vitals, now: Vitals) -> tuple[str, ...]:
    """Why this machine is worse than it was, in few words without personal data. Empty: it is not."""
    lost: Iterable[tuple[str, frozenset[str]]] = (
        ("gone", before.devices - now.devices),
        ("not reached", before.peers - now.peers),
        ("failed", now.units - before.units),
        ("ails", now.ails - before.ails),
    )
    musts = (
        ("the app does not answer", now.answers),
        ("the app does not paint", now.paints or not now.answers),  # one reason, not two for the same
        ("the clock is wrong", now.clock or not before.clock),
        ("no room on the data partition", now.room),
    )
    said = [why for why, well in musts if not well]
    return (*said, *(f"{what}: {name}" for what, names in lost for name in sorted(names)))


class Look:
    """Takes the vitals of this machine. `status`: the app's own word. `floor_s`: time that has surely passed."""

    def __init__(
        self, settings: ImageSettings, folder: Path, status: Callable[[], Status | None], floor_s: Callable[[], int]
    ) -> None:
        self._settings, self._folder, self._status, self._floor_s = settings, folder, status, floor_s

    def __call__(self) -> Vitals:
        status = self._status()
        return Vitals(
            answers=status is not None,
            paints=status is not None and status.paints,
            ails=frozenset(status.ails) if status else frozenset(),
            devices=frozenset((*usb_devices(), *_named(self._settings.devices))),
            peers=frozenset(peer for peer in self._settings.peers if _answers(peer)),
            units=failed_units(),
            clock=clock.judge(int(time.time()), self._floor_s()).state is clock.ClockState.PLAUSIBLE,
            room=shutil.disk_usage(self._folder).free >= FREE,
        )


class HealthGate:
    """A `Gate`. `is_try`: as the firmware says; what was committed already has proved itself."""

    def __init__(self, look: Look, disk: Disk, path: Path, gate_s: float, is_try: bool) -> None:
        """`path`: where the snapshot lies between the two starts."""
        self._look, self._disk, self._path, self._gate_s, self._is_try = look, disk, path, gate_s, is_try

    def remember(self) -> None:
        """Just before the restart. Raises OSError."""
        replace(self._disk, self._path, encode(self._look()))

    def prove(self, sha256: str) -> str:  # noqa: ARG002
        if not self._is_try:
            return ""
        before = decode(self._path.read_bytes()) if self._path.exists() else None
        if before is None:
            return "it is not known how this machine was before"
        ends_s, steady, why = time.monotonic() + self._gate_s, 0, ""
        while steady < STEADY:
            why = ", ".join(ailing(before, self._look())[:MOST_SAID])
            steady = 0 if why else steady + 1
            if why and time.monotonic() > ends_s:
                return why
            time.sleep(EVERY_S)
        return ""


def usb_devices(folder: Path = USB) -> frozenset[str]:
    """Vendor and product of all that is plugged in; hubs are left out."""
    found = set()
    for device in folder.glob("*/idVendor"):
        kind, product = device.with_name("bDeviceClass"), device.with_name("idProduct")
        try:
            if kind.read_text().strip() != HUB:
                found.add(f"usb {device.read_text().strip()}:{product.read_text().strip()}")
        except OSError:
            continue  # pulled out in this moment
    return frozenset(found)


def _named(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(str(path) for pattern in patterns for path in Path("/").glob(pattern.removeprefix("/")))


def _answers(peer: str) -> bool:
    host, _, port = peer.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PEER_S).close()
    except OSError:
        return False
    return True


def failed_units() -> frozenset[str]:
    """By name. None where systemd does not run the machine; a systemd that does not answer has failed itself."""
    if not SYSTEMD.exists():
        return frozenset()
    command = ["systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=COMMAND_S)
    except (OSError, subprocess.SubprocessError):
        return frozenset({"systemd"})
    return frozenset(line.split()[0] for line in done.stdout.splitlines() if line.split())
