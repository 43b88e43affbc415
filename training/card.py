"""The card beside a model that was made here: what it is, its hash, its licence, and the figures measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.vision.model import Model, ModelCard

Figures = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is true of every file that one training makes. `more`: rows of the card beside the usual ones."""

    about: str
    source: str
    shape: tuple[int, ...]
    dtype: str
    meaning: str  # of the input
    licence: str = "Apache-2.0"
    more: tuple[tuple[str, str], ...] = ()


def unmeasured(kind: Kind, path: Path) -> ModelCard:
    """A card for a file that was just made, so that it can be loaded and measured."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelCard(path.stem, path.name, digest, kind.licence, "", kind.shape, kind.dtype, "")


def loaded(kind: Kind, path: Path) -> Model:
    """The file itself, before it has a card. Raises `ModelUnfit` when it is no such net."""
    return Model(unmeasured(kind, path), path.read_bytes())


def write(kind: Kind, path: Path, told: Figures) -> None:
    """The card of the model file at `path`, beside it. Raises `ModelUnfit` when the file is no such net."""
    made = loaded(kind, path).card
    named = {"name": made.name, "file": made.file, "sha256": made.sha256, "licence": made.licence}
    named |= {"source": kind.source, **dict(kind.more)}
    text = f"# {kind.about}\n{_rows(named)}\n\n[input]\nshape = {list(kind.shape)}\n"
    text += f"{_rows({'dtype': kind.dtype, 'meaning': kind.meaning})}\n\n[figures]\n{_rows(told)}\n"
    path.with_suffix(".toml").write_text(text, encoding="utf-8")


def _rows(values: Figures) -> str:
    return "\n".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in values.items()
    )
