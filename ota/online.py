"""The keys that sign daily without a person, by their addresses (`signers`): a file in TOML.

[image]
snapshot = ["pkcs11:token=hq;object=online?pin-source=file:/run/credentials/pin"]
timestamp = [...]
[director]
targets = [...]
snapshot = [...]
timestamp = [...]
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ota import signers
from ota.publish import Holders
from ota.refusals import PublishCode, Unpublished


@dataclass(frozen=True, slots=True)
class Online:
    """What signs the image repository's snapshot and timestamp, and all of a director's but its root."""

    image: Holders
    director: Holders


def load(path: Path) -> Online:
    """Raises `Unpublished`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return Online(_holders(told["image"], ("snapshot", "timestamp")), _holders(told["director"], DIRECTOR))
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise Unpublished(PublishCode.SCHEME, f"{path}: {cause!r}") from cause


DIRECTOR = ("targets", "snapshot", "timestamp")


def _holders(told: dict[str, Any], named: tuple[str, ...]) -> Holders:
    held = {name: tuple(map(signers.signer, told[name])) for name in named}
    return Holders((), held.get("targets", ()), held["snapshot"], held["timestamp"], {})
