"""The card beside the model: what it is, its hash, and the figures measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from appliance.vision.finger_quality import INPUTS
from appliance.vision.model import Model, ModelCard

SOURCE = (
    "ours: python -m training.finger, on prints drawn by ourselves; its teacher was fitted to the table of NFIQ 2 "
    "measures and scores that NIST publishes (public domain)"
)


def unmeasured(path: Path) -> ModelCard:
    """A card for a file that was just made, so that it can be loaded and measured."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelCard(path.stem, path.name, digest, "Apache-2.0", "", (1, INPUTS), "float32", "")


def write(path: Path, told: Mapping[str, float | str]) -> None:
    """The card of the model file at `path`, beside it."""
    made = unmeasured(path)
    Model(made, path.read_bytes())  # the shape below is true, or nothing is written
    rows = "\n".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in told.items()
    )
    path.with_suffix(".toml").write_text(
        f"""\
# Finger net: what is measured of one impression to its quality (0..100) and to what is wrong with it.
name = "{made.name}"
file = "{made.file}"
sha256 = "{made.sha256}"
licence = "{made.licence}"
source = "{SOURCE}"

[input]
shape = [1, {INPUTS}]
dtype = "{made.input_dtype}"
meaning = "finger_measures.NAMES and then the fields of finger_features.FingerFeatures, as they are, at 500 ppi"

[figures]
{rows}
""",
        encoding="utf-8",
    )
