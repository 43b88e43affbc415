"""The two published files that the reference bundle is made of, pinned by their hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

SOURCE = "minivision-ai/Silent-Face-Anti-Spoofing, commit b6d5f04ad787, resources/anti_spoof_models"
LICENCE = "Apache-2.0"
SIDE = 80  # px, the input of both nets
BONA_FIDE_CLASS = 1  # of three; 0 and 2 are kinds of attack
CLASSES = 3


class UpstreamWrong(Exception):
    """A file is not there or not the pinned one; nothing was made of it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """`name` is our own for the converted net; `crop_scale` as upstream trained it, in face boxes."""

    file: str
    sha256: str
    name: str
    crop_scale: float


ALL: tuple[Weights, ...] = (
    Weights(
        "2.7_80x80_MiniFASNetV2.pth",
        "a5eb02e1843f19b5386b953cc4c9f011c3f985d0ee2bb9819eea9a142099bec0",
        "minifasnet_v2",
        2.7,
    ),
    Weights(
        "4_0_0_80x80_MiniFASNetV1SE.pth",
        "84ee1d37d96894d5e82de5a57df044ef80a58be2b218b5ed7cdfd875ec2f5990",
        "minifasnet_v1se",
        4.0,
    ),
)


def checked(folder: Path, weights: Weights) -> Path:
    """The file, whose hash is the pinned one. Raises `UpstreamWrong`; a pickle of unknown origin is never opened."""
    path = folder / weights.file
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UpstreamWrong(f"{path}: {error.strerror}") from error
    if found != weights.sha256:
        raise UpstreamWrong(f"{path} hashes to {found[:12]}, wanted is {weights.sha256[:12]}")
    return path
