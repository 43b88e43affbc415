"""provisioning.toml: what this board's image knows before anybody told it anything. Every mistake is named at once.

[device]    folder = "/var/lib/landfall"   root = "/"
[identity]  level = "tpm"  tcti = "device:/dev/tpmrm0"
            level = "pkcs11"  module = "/usr/lib/.../libckcs.so"  label = "landfall"  pin_file = "/etc/landfall/pin"
            level = "software"
[centre]    people = "/etc/landfall/people"         NAME.pub of each who may sign vouchers
[sticks]    folders = ["/media/*/landfall"]         where files are carried to and from
[page]      listen = "0.0.0.0:8103"  url = "http://castries-1.local:8103"
[lane]      devices = "/etc/landfall/devices.toml"  tables of kiosk.toml that this hardware decides
            station = "/etc/landfall/station.toml"  what lies before the hardware tests (hw_tests/station.py)
                stop = ["systemctl", "stop", "landfall-appliance"]  start = [...]
[disk]      state = "/run/landfall/data.json"       how well the disk is locked, as the image's first unit says it
            shut = "/run/landfall/locked.json"      only while a disk is shut to this board: what it says of itself,
            released, outcome                       where its key is left for the image's root, and what became of it
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from border.enrolment.values import KeyLevel
from provisioning.refusals import Code


class SettingsWrong(Exception):
    """All mistakes of the file. `code` is stable."""

    code = "PRO-SETTINGS"

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        super().__init__("\n  ".join((f"{Code.SETTINGS}: {path}: correct these and start again:", *mistakes)))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    folder: Path  # everything that must survive; the kiosk's own folder
    root: Path = Path("/")  # /proc and /sys are read below it


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    level: str
    tcti: str = "device:/dev/tpmrm0"
    module: Path = Path()
    label: str = "landfall"
    pin_file: Path = Path()


@dataclass(frozen=True, slots=True)
class CentreSettings:
    people: Path


@dataclass(frozen=True, slots=True)
class StickSettings:
    folders: tuple[str, ...] = ("/media/*/landfall", "/media/*/*/landfall", "/run/media/*/*/landfall")


@dataclass(frozen=True, slots=True)
class PageSettings:
    listen: str = "0.0.0.0:8103"
    url: str = ""  # how a phone reaches it; empty: no phone
    width_px: int = 1280
    height_px: int = 800
    width_mm: float = 217.0

    @property
    def own_url(self) -> str:
        """On the board's own screen, and by the one name with which a browser there lets a passkey sign."""
        return f"http://localhost:{self.listen.rpartition(':')[2]}"


@dataclass(frozen=True, slots=True)
class LaneSettings:
    devices: Path
    station: Path
    stop: tuple[str, ...] = ()  # the command that stops the kiosk before its folder is wiped
    start: tuple[str, ...] = ()  # and starts it when it is commissioned


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """How it is locked, and that of another board in this one (provisioning.steps.unlock). Empty: there is none."""

    state: Path = Path()
    shut: Path = Path()
    released: Path = Path()
    outcome: Path = Path()

    @property
    def is_shut(self) -> bool:
        return self.shut.is_file()


@dataclass(frozen=True, slots=True)
class Settings:
    device: DeviceSettings
    identity: IdentitySettings
    centre: CentreSettings
    lane: LaneSettings
    sticks: StickSettings = field(default_factory=StickSettings)
    page: PageSettings = field(default_factory=PageSettings)
    disk: DiskSettings = field(default_factory=DiskSettings)


def load(path: Path) -> Settings:
    """Raises `SettingsWrong` naming every mistake."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsWrong(path, [str(error)]) from error
    mistakes: list[str] = []
    settings = _table(Settings, table, "", path.parent, mistakes)
    if not mistakes:
        _check(settings.identity, mistakes)
    if mistakes:
        raise SettingsWrong(path, mistakes)
    return typing.cast(Settings, settings)


def _table(kind: type, told: dict[str, Any], name: str, beside: Path, mistakes: list[str]) -> Any:
    hints, fields = typing.get_type_hints(kind), {f.name: f for f in dataclasses.fields(kind)}
    mistakes += [f"{name}{key}: unknown name" for key in sorted(told.keys() - fields.keys())]
    missing = dataclasses.MISSING
    for key, spec in fields.items():
        if key not in told and spec.default is missing and spec.default_factory is missing:
            mistakes.append(f"{name}{key}: is missing")
    values = {
        key: _value(hints[key], told[key], f"{name}{key}", beside, mistakes) for key in fields.keys() & told.keys()
    }
    return None if mistakes else kind(**values)


def _value(hint: Any, told: Any, name: str, beside: Path, mistakes: list[str]) -> Any:
    if dataclasses.is_dataclass(hint):
        if isinstance(told, dict):
            return _table(typing.cast(type, hint), told, f"{name}.", beside, mistakes)
        mistakes.append(f"{name}: wants a table")
    elif isinstance(hint, types.GenericAlias):  # tuple[str, ...]
        if isinstance(told, list) and all(isinstance(each, str) for each in told):
            return tuple(told)
        mistakes.append(f"{name}: wants a list of texts")
    elif hint is float and isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    elif type(told) is not (str if hint is Path else hint) or told == "":
        mistakes.append(f"{name}: wants {'text' if hint in (str, Path) else hint.__name__}")
    else:
        return (beside / told).resolve() if hint is Path else told
    return None


def _check(identity: IdentitySettings, mistakes: list[str]) -> None:
    levels = [level.value for level in KeyLevel]
    if identity.level not in levels:
        mistakes.append(f"identity.level: wants one of {', '.join(levels)}")
    if identity.level == KeyLevel.PKCS11 and Path() in (identity.module, identity.pin_file):
        mistakes.append("identity: a token wants module and pin_file")
