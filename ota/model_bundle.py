"""The build side of models: a bundle of nets with their cards, and nothing that no card names.

What a net is worth its card tells, with the figures of its test set; what it must see on a kiosk the program tells. The
bundle is unpacked and tried as a kiosk does it before anybody is asked to sign.
"""

from __future__ import annotations

import hashlib
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ota.disk import RealDisk
from ota.proof import prove
from ota.refusals import PublishCode, Unpublished
from ota.settings import ModelSettings
from ota.tree import pack, unpack

NET = ".tflite"
PASSIVE = "passive-pad"
"""A folder of its own, signed as a whole by whoever may sign such nets; the kiosk judges it when it starts."""
PASSIVE_FILES = ("bundle.toml", "bundle.sig")


@dataclass(frozen=True, slots=True)
class Card:
    """`file`: the net beside it. `figures`: what was measured on its test set, each in the card's own words."""

    name: str
    file: str
    sha256: str
    figures: Mapping[str, float | str]


def cards(folder: Path) -> tuple[Card, ...]:
    """Of every net in it, by name. Raises `Unpublished` for a net without a card, or a card without figures or with
    another hash than its net has; OSError."""
    found = tuple(_card(path) for path in sorted(folder.glob("*.toml")))
    if not found:
        raise Unpublished(PublishCode.MODELS, f"{folder} holds no card of a net")
    if bare := {path.name for path in folder.glob(f"*{NET}")} - {card.file for card in found}:
        raise Unpublished(PublishCode.MODELS, f"no card tells of {', '.join(sorted(bare))}")
    for card in found:
        _check(folder, card)
    return found


def pack_models(folder: Path, archive: Path, version: str, passive: Path | None = None) -> tuple[Card, ...]:
    """What is in it. `passive`: the signed folder of nets that look for a presentation attack. Raises as `cards`."""
    held = cards(folder)
    paths = [folder / name for card in held for name in (card.file, f"{card.name}.toml")]
    beside = {f"{PASSIVE}/{path.name}": path.read_bytes() for path in _signed(passive)} if passive else {}
    pack(folder, paths, archive, {**beside, "RELEASE": f"{version}\n".encode()})
    return held


def try_models(archive: Path, settings: ModelSettings) -> None:
    """As a kiosk does before it uses them: unpacked, then tried by the program in `built_in`. Raises `Refused`."""
    with tempfile.TemporaryDirectory() as folder:
        nets = unpack(RealDisk(), archive, Path(folder), "models")
        prove(settings, settings.built_in, nets)


def _card(path: Path) -> Card:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        card = Card(str(told["name"]), str(told["file"]), str(told["sha256"]), dict(told.get("figures", {})))
    except (ValueError, KeyError, TypeError) as cause:
        raise Unpublished(PublishCode.MODELS, f"{path.name} is no card: {cause}") from cause
    if card.name != path.stem or Path(card.file).name != card.file or not card.file.endswith(NET):
        raise Unpublished(PublishCode.MODELS, f"{path.name} names {card.name} and {card.file}")
    return card


def _check(folder: Path, card: Card) -> None:
    if not card.figures:
        raise Unpublished(PublishCode.MODELS, f"the card of {card.name} tells no figures of a test set")
    net = folder / card.file
    if not net.is_file() or hashlib.sha256(net.read_bytes()).hexdigest() != card.sha256:
        raise Unpublished(PublishCode.MODELS, f"{card.file} is not there, or not the net that its card tells of")


def _signed(folder: Path) -> tuple[Path, ...]:
    paths = tuple(path for path in sorted(folder.iterdir()) if path.suffix == NET or path.name in PASSIVE_FILES)
    if not {path.name for path in paths}.issuperset(PASSIVE_FILES):
        raise Unpublished(PublishCode.MODELS, f"{folder} lacks {' or '.join(PASSIVE_FILES)}")
    return paths
