"""ota.toml: where updates come from, where they go, and how to ask the app whether it has time and is well."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SettingsWrong(ValueError):
    """All mistakes at once. `code` is stable."""

    code = "OTA-CONFIG"

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        super().__init__("\n  ".join([f"{self.code}: {path}:", *mistakes]))


@dataclass(frozen=True, slots=True)
class AppSettings:
    """`status`: what the app answers there, as JSON, says its release, whether it is idle and what ails it. `restart`:
    the command that makes it take what is current. `gate_s`: how long a new one may need to be well."""

    status: str
    restart: tuple[str, ...]
    gate_s: float


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths are absolute, addresses end in a slash. `office`: whom to tell, or nobody. `ca`, `certificate`,
    `key`: all three empty on loopback."""

    device: str
    hardware: str
    folder: Path
    director: str
    image: str
    content: str
    director_root: Path
    image_root: Path
    poll_s: float
    app: AppSettings
    office: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""


TEXT = ("device", "hardware", "folder", "director", "image", "content", "director_root", "image_root")
TLS = ("ca", "certificate", "key")
NUMBERS = {"poll_s": (1.0, 86400.0)}
APP_NUMBERS = {"gate_s": (1.0, 600.0)}


def load(path: Path) -> Settings:
    """Raises `SettingsWrong`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise SettingsWrong(path, [str(cause)]) from cause
    app = told.get("app", {})
    mistakes = [*_mistakes(told, TEXT, NUMBERS, ""), *_app_mistakes(app)]
    if len({bool(told.get(name)) for name in TLS}) > 1:
        mistakes.append("ca, certificate, key: wants all three or none")
    if mistakes:
        raise SettingsWrong(path, mistakes)
    base = path.resolve().parent
    return Settings(
        device=told["device"],
        hardware=told["hardware"],
        folder=base / told["folder"],
        director=_slashed(told["director"]),
        image=_slashed(told["image"]),
        content=_slashed(told["content"]),
        director_root=base / told["director_root"],
        image_root=base / told["image_root"],
        poll_s=float(told["poll_s"]),
        app=AppSettings(app["status"], tuple(app["restart"]), float(app["gate_s"])),
        office=_slashed(told["office"]) if told.get("office") else "",
        **{name: str(base / told[name]) for name in TLS if told.get(name)},
    )


def _mistakes(
    table: Mapping[str, Any], texts: tuple[str, ...], numbers: Mapping[str, tuple[float, float]], of: str
) -> list[str]:
    wrong = [f"{of}{name}: wants text" for name in texts if not _is_text(table.get(name))]
    for name, (low, high) in numbers.items():
        value = table.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            wrong.append(f"{of}{name}: wants seconds, {low:g} to {high:g}")
    return wrong


def _app_mistakes(app: Mapping[str, Any]) -> list[str]:
    wrong = _mistakes(app, ("status",), APP_NUMBERS, "app.")
    command = app.get("restart")
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        wrong.append("app.restart: wants a command as a list of texts")
    return wrong


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _slashed(address: str) -> str:
    return address if address.endswith("/") else f"{address}/"
