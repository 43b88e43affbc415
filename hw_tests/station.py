"""What lies before a hardware test: the root of the system's facts, the fitted devices, specimens, the way out.

    [station]            data = "/var/lib/landfall"  roots_of_tpm = "tpm-roots"  tcti = "device:/dev/tpmrm0"
    [document_reader]    driver = "elyctis"  address = "/dev/ttyACM0"  specimen = ["P<UTO...", "L898902C3..."]
    [chip_reader]        driver = "pcsc"     address = "*"             mrz = "L898902C364081251204159"
    [camera]             driver = "v4l2"     address = "/dev/video0"   fps = 30
    [camera_2]           a second one, and so on
    [fingerprint]  [printer]  [fill_light]   driver and address
    [lane]               driver = "board"    address = "/dev/ttyUSB2"  key = "device.key"
    [network]            uplink = "centre.example:8883"  name = "centre.example"
                         dns = "192.0.2.1:53"  time = "192.0.2.1:123"
    [sound]              record = "default"   # ALSA's name of the microphone

A table that is not there is a device that is not fitted, and its phases are skipped by that name.
"""

from __future__ import annotations

import shutil
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.api import Sign
from hw_tests.record import Record

DEVICES = ("document_reader", "chip_reader", "camera", "fingerprint", "printer", "fill_light", "lane")
TPM = "device:/dev/tpmrm0"


@dataclass(frozen=True, slots=True)
class Fitted:
    """One device as configured: names of `drivers.catalogue`, and what this station knows of it beside."""

    driver: str
    address: str
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the parts of a run that only take time go on."""

    load_s: float = 20.0  # under load, before power and temperature are read
    write_mib: int = 64
    memory_mib: int = 256
    person_s: float = 180.0  # a person has this long for what he is asked or told
    frames: int = 30
    settle_frames: int = 5  # before them, while exposure finds its way


QUICK = Pace(load_s=5.0, write_mib=16, memory_mib=32, person_s=60.0, frames=15)


def free_percent(folder: Path) -> float:
    """Share of the file system round `folder` that a program without root's reserve may still fill."""
    room = shutil.disk_usage(folder)
    return 100 * room.free / room.total


@dataclass(frozen=True, slots=True)
class Station:
    """`root`: where /proc, /sys and /etc are read; `data`: a folder on the partition that keeps what matters."""

    data: Path
    root: Path = Path("/")
    devices: Mapping[str, Fitted] = field(default_factory=dict)
    network: Mapping[str, str] = field(default_factory=dict)
    sound: Mapping[str, str] = field(default_factory=dict)
    tcti: str = TPM
    tpm_roots: Path | None = None  # folder of makers' certificates in PEM
    sign: Sign | None = field(default=None, repr=False)  # the kiosk's key, to clear the lane's latch
    clock_floor_s: float = 0.0  # no honest clock stands before it (seconds since 1970)
    now_s: Callable[[], float] = time.time
    free_percent: Callable[[Path], float] = free_percent
    pace: Pace = Pace()
    earlier: tuple[Record, ...] = ()  # of this board, oldest first
    path: str = "/usr/bin:/usr/sbin:/bin:/sbin"  # where the system's commands are found

    def cameras(self) -> Mapping[str, Fitted]:
        return {name: each for name, each in self.devices.items() if name.split("_")[0] == "camera"}


def read_station(path: Path, *, root: Path = Path("/")) -> Station:
    """From its file. Raises `OSError`, `ValueError` for what it should not say."""
    told: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    station = told.pop("station", {})
    network, sound = told.pop("network", {}), told.pop("sound", {})
    if unknown := sorted(name for name in told if not _is_device(name)):
        raise ValueError(f"no such table in {path.name}: {', '.join(unknown)}")
    devices = {name: _fitted(name, table) for name, table in told.items()}
    if unknown := sorted(station.keys() - {"data", "tcti", "roots_of_tpm"}):
        raise ValueError(f"unknown in [station]: {', '.join(unknown)}")
    roots = path.parent / station["roots_of_tpm"] if "roots_of_tpm" in station else None
    return Station(
        Path(station.get("data", "/var/lib/landfall")),
        root,
        {name: each for name, each in devices.items() if each.driver != "none"},
        network,
        sound,
        station.get("tcti", TPM),
        roots,
    )


def _is_device(name: str) -> bool:
    return name in DEVICES or (name.startswith("camera_") and name.removeprefix("camera_").isdecimal())


def _fitted(name: str, table: dict[str, Any]) -> Fitted:
    try:
        driver, address = str(table.pop("driver")), str(table.pop("address", ""))
    except KeyError:
        raise ValueError(f"[{name}] names no driver") from None
    return Fitted(driver, address, table)
