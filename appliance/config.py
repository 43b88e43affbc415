"""kiosk.toml as one frozen value; every mistake is named at once, with file and line, and then nothing starts."""

from __future__ import annotations

import dataclasses
import enum
import re
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class ConfigError(Exception):
    """All mistakes of one file. `code` is stable."""

    code = "CFG-WRONG"

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n  ".join((f"{self.code}: correct these and start again:", *mistakes)))
        self.mistakes = mistakes


class LaneDirection(enum.StrEnum):
    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    ASK = "ask"  # the traveller says


@dataclass(frozen=True, slots=True)
class KioskConfig:
    id: str  # certificate name
    port: str
    lane: str
    folder: Path  # everything that must survive lives here
    direction: LaneDirection = LaneDirection.ASK


@dataclass(frozen=True, slots=True)
class DevicesConfig:
    """Driver names as in drivers/catalogue.py; an address is a serial port, a device node, a folder, or host:port."""

    document_reader: str
    document_reader_address: str
    camera: str
    camera_address: str
    fingerprint: str
    fingerprint_address: str
    fill_light: str = "none"
    fill_light_address: str = "none"
    lane: str = "none"
    lane_address: str = "none"
    chip_reader: str = "none"
    chip_reader_address: str = "none"
    printer: str = "none"
    printer_address: str = "none"


@dataclass(frozen=True, slots=True)
class CentreConfig:
    brokers: tuple[str, ...]  # host:port, tried in turn
    keys: Path  # folder with device.key, device.crt, ca.crt, centre-*.pub, hq-policy.pub
    without_clock: bool = True  # report, with a mark, while nobody has set the clock; false: wait for the time


@dataclass(frozen=True, slots=True)
class PagesConfig:
    traveller: str  # host:port
    officer: str
    officer_url: str = ""  # how neighbours and tablets reach it; default http://<officer>
    neighbours: tuple[str, ...] = ()  # officer addresses of the port's other kiosks


@dataclass(frozen=True, slots=True)
class PanelConfig:
    width_px: int = 1280
    height_px: int = 800
    width_mm: float = 217.0
    viewing_distance_mm: float = 600.0


@dataclass(frozen=True, slots=True)
class TimesConfig:
    """Seconds. `scale` shortens every journey limit; only practice and tests may set it below 1."""

    scale: float = 1.0
    deciding_s: float = 1.5  # every traveller waits this long, match or no match
    state_report_s: float = 60.0


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Free megabytes (10^6) on the disk of `kiosk.folder`, where the kiosk saves room, then closes."""

    soft_mark_mb: int = 500  # below: pictures that are only nice to have are dropped
    hard_mark_mb: int = 100  # below: no traveller is taken until there is room again


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """Hours the port keeps what the centre has accepted; what it has not accepted is always kept."""

    sample_hours: float = 24.0  # pictures
    encounter_hours: float = 336.0  # facts, for the officers' recent list


@dataclass(frozen=True, slots=True)
class UpdatesConfig:
    """When this kiosk may be stopped for an update. Vessels stand in `arrivals.toml` in `kiosk.folder`."""

    folder: str = "ota"  # the update client's, in `kiosk.folder` unless it begins with a slash
    hours: str = "any"  # or as 22:30-04:00, UTC
    before_arrival_min: float = 60.0
    after_arrival_min: float = 180.0  # a ship's passengers come ashore for hours
    pause_s: float = 30.0  # nobody was there for so long: a queue is shorter of breath


@dataclass(frozen=True, slots=True)
class Config:
    kiosk: KioskConfig
    devices: DevicesConfig
    centre: CentreConfig
    pages: PagesConfig
    panel: PanelConfig = field(default_factory=PanelConfig)
    times: TimesConfig = field(default_factory=TimesConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    retention: RetentionConfig = field(default_factory=RetentionConfig)
    updates: UpdatesConfig = field(default_factory=UpdatesConfig)
    practice: bool = False  # simulated travellers: shown on every page, kept out of production by its own keys


def load(path: Path) -> Config:
    """Read and check kiosk.toml. Raises `ConfigError` naming every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: is not TOML: {error}",)) from error
    reader = _Reader(path, text)
    config = reader.section(Config, table, "")
    if not reader.mistakes:
        reader.compare(config.storage, config.retention)
    if reader.mistakes:
        raise ConfigError(tuple(reader.mistakes))
    return config


class _Reader:
    """Builds dataclasses from tables and collects what does not fit."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()
        self.mistakes: list[str] = []

    def section(self, cls: type[T], table: dict[str, Any], name: str) -> T:
        hints = typing.get_type_hints(cls)
        fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
        for key in table.keys() - fields.keys():
            self._say(name, key, "unknown name")
        values: dict[str, Any] = {}
        for key, spec in fields.items():
            if key in table:
                values[key] = self._value(hints[key], table[key], name, key)
            elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
                self._say(name, "", f"missing: {key}")
        if self.mistakes:  # the value is thrown away: fill what is missing so that all sections are looked at
            values.update({key: None for key in fields.keys() - values.keys()})
        return cls(**values)

    def compare(self, storage: StorageConfig, retention: RetentionConfig) -> None:
        """What only shows when two values stand side by side."""
        if storage.hard_mark_mb > storage.soft_mark_mb:
            self._say("storage", "hard_mark_mb", f"wants at most soft_mark_mb, which is {storage.soft_mark_mb}")
        if retention.sample_hours > retention.encounter_hours:
            most = f"{retention.encounter_hours:g}"
            self._say("retention", "sample_hours", f"wants at most encounter_hours, which is {most}")

    def _value(self, hint: Any, value: Any, section: str, key: str) -> Any:
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, dict):
                return self._say(section, key, f"wants a table, has {type(value).__name__}")
            return self.section(typing.cast(type, hint), value, f"{section}.{key}" if section else key)
        if isinstance(hint, types.GenericAlias):  # tuple[str, ...]
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                return self._say(section, key, "wants a list of texts")
            return tuple(value)
        return self._plain(hint, value, section, key)

    def _plain(self, hint: Any, value: Any, section: str, key: str) -> Any:
        if issubclass(hint, enum.Enum):
            allowed = [str(member.value) for member in hint]
            return hint(value) if value in allowed else self._say(section, key, f"wants one of {', '.join(allowed)}")
        wanted = str if issubclass(hint, Path) else hint
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            return self._say(section, key, f"wants {wanted.__name__}, has {type(value).__name__}")
        if value == "":
            return self._say(section, key, "is empty")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not value > 0:
            return self._say(section, key, "wants more than 0")
        return (self._path.parent / value).resolve() if issubclass(hint, Path) else value

    def _say(self, section: str, key: str, what: str) -> None:
        place = f"{section}.{key}" if section and key else section or key or "top"
        self.mistakes.append(f"{self._path}:{self._line(section, key)}: {place}: {what}")

    def _line(self, section: str, key: str) -> int:
        """Where a person should look: the key's line, else its section's, else the first."""
        at, current = 1, ""
        for number, line in enumerate(self._lines, start=1):
            if header := re.match(r"\s*\[([^\]]+)\]", line):
                current = header[1].strip()
                if current == (f"{section}.{key}" if section and key else section or key):
                    at = number
            elif current == section and key and re.match(rf"\s*{re.escape(key)}\s*=", line):
                return number
        return at
