"""ota.toml: where updates come from, where they go, and how to ask the app whether it has time and is well."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ota import floor as floors
from ota.floor import Floor


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
class ImageSettings:
    """Of a machine with two slots. `restart`: the command that restarts it. `gate_s`: how long a new image may need to
    be well. `devices`: patterns of paths that are there while a device is plugged in. `peers`: host:port each, reached
    before the update and after."""

    restart: tuple[str, ...]
    gate_s: float
    devices: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """`prove`: the app's command that tries the nets in the folder that follows it. `prove_s`: how long it may take.
    `built_in`: the tree of the program that came with the image."""

    prove: tuple[str, ...]
    prove_s: float
    built_in: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths are absolute, addresses end in a slash. `office`: whom to tell, or nobody. `ca`, `certificate`,
    `key`: all three empty on loopback. `image_slots`: None on a machine without slots, `models`: None
    where they come with the program. `floor`: what came with the image, below which nothing goes even when
    the data partition is wiped. `announcement`: where the app
    puts what is announced; `spread_s`: within which the devices of a fleet ask after it."""

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
    floor: Floor = field(default_factory=Floor)
    image_slots: ImageSettings | None = None
    models: ModelSettings | None = None
    announcement: Path | None = None
    spread_s: float = 0.0


TEXT = ("device", "hardware", "folder", "director", "image", "content", "director_root", "image_root")
TLS = ("ca", "certificate", "key")
NUMBERS = {"poll_s": (1.0, 86400.0)}
SPREAD_S = (0.0, 7200.0)
APP_NUMBERS = {"gate_s": (1.0, 600.0)}
IMAGE_NUMBERS = {"gate_s": (1.0, 3600.0)}


def load(path: Path) -> Settings:
    """Raises `SettingsWrong`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise SettingsWrong(path, [str(cause)]) from cause
    app, slots = told.get("app", {}), told.get("image_slots")
    wanted = {"spread_s": SPREAD_S} if "spread_s" in told else {}
    base = path.resolve().parent
    floor = _floor(told.get("floor", ""), base)
    mistakes = [
        *_mistakes(told, TEXT, {**NUMBERS, **wanted}, ""),
        *_app_mistakes(app),
        *_models_mistakes(told.get("models")),
        *_image_mistakes(slots),
        *(["floor: wants a file that `release_tool floor` has written"] if floor is None else []),
    ]
    if len({bool(told.get(name)) for name in TLS}) > 1:
        mistakes.append("ca, certificate, key: wants all three or none")
    if mistakes:
        raise SettingsWrong(path, mistakes)
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
        floor=floor or Floor(),
        image_slots=_image(slots),
        models=_models(told.get("models"), base),
        announcement=base / told["announcement"] if told.get("announcement") else None,
        spread_s=float(told.get("spread_s", 600)),
        **{name: str(base / told[name]) for name in TLS if told.get(name)},
    )


def _floor(name: Any, base: Path) -> Floor | None:
    """Nothing named is nothing known; a file that is named and cannot be read would let old ones in."""
    if name == "":
        return Floor()
    try:
        return floors.decode((base / name).read_bytes())
    except (OSError, TypeError, ValueError):
        return None


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


def _models_mistakes(models: Any) -> list[str]:
    if models is None:
        return []
    if not isinstance(models, dict):
        return ["models: wants a table"]
    wrong = _mistakes(models, ("built_in",), {"prove_s": (1.0, 3600.0)}, "models.")
    command = models.get("prove")
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        wrong.append("models.prove: wants a command as a list of texts")
    return wrong


def _models(models: Mapping[str, Any] | None, base: Path) -> ModelSettings | None:
    if models is None:
        return None
    return ModelSettings(tuple(models["prove"]), float(models["prove_s"]), base / models["built_in"])


def _image_mistakes(slots: Any) -> list[str]:
    if slots is None:
        return []
    if not isinstance(slots, dict):
        return ["image_slots: wants a table"]
    wrong = _mistakes(slots, (), IMAGE_NUMBERS, "image_slots.")
    for name in ("restart", "devices", "peers"):
        value = slots.get(name, [])
        if not isinstance(value, list) or not all(map(_is_text, value)) or (name == "restart" and not value):
            wrong.append(f"image_slots.{name}: wants a list of texts")
    return [*wrong, *(f"image_slots.peers: {p} is no host:port" for p in slots.get("peers", []) if not _is_peer(p))]


def _image(slots: Mapping[str, Any] | None) -> ImageSettings | None:
    if slots is None:
        return None
    texts = {name: tuple(slots.get(name, ())) for name in ("restart", "devices", "peers")}
    return ImageSettings(gate_s=float(slots["gate_s"]), **texts)


def _is_peer(value: object) -> bool:
    return isinstance(value, str) and value.rpartition(":")[0] != "" and value.rpartition(":")[2].isdigit()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _slashed(address: str) -> str:
    return address if address.endswith("/") else f"{address}/"
