"""The card beside the locator: what it is, its hash, and the figures measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from appliance.vision.model import Model, ModelCard
from appliance.vision.mrz_finder import CELLS, SIDE_PX
from training.locator.measure import Score

SHAPE = (1, SIDE_PX, SIDE_PX, 1)


def unmeasured(path: Path) -> ModelCard:
    """A card for a file that was just made, so that it can be loaded and measured."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelCard(path.stem, path.name, digest, "Apache-2.0", "", SHAPE, "int8", "")


def figures(score: Score, iterations: int) -> dict[str, float | str]:
    """As they stand in the card. Percent; processor milliseconds of one x86-64 core."""
    return {
        "training_iterations": iterations,
        "scenes": score.scenes,
        "found_percent": round(100 * score.found, 1),
        "found_and_right_way_round_percent": round(100 * score.right_way, 1),
        "zone_inside_band_percent": round(100 * score.held, 1),
        "corner_off_median_percent_of_width": round(100 * score.off, 1),
        "empty_scenes": score.empty,
        "empty_scenes_with_a_zone_percent": round(100 * score.invented, 1),
        "cpu_ms": round(score.cpu_ms, 1),
        "evaluated": "synthetic scenes only, drawn by our own generator from other sheets and seeds",
    }


def write(path: Path, told: Mapping[str, float | str]) -> None:
    """The card of the model file at `path`, beside it."""
    made = unmeasured(path)
    Model(made, path.read_bytes())  # the shape below is true, or nothing is written
    rows = "\n".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in told.items()
    )
    path.with_suffix(".toml").write_text(
        f"""\
# Page locator: which cells of a picture hold the machine readable zone, and which way it reads ({CELLS} x {CELLS} x 3).
name = "{made.name}"
file = "{made.file}"
sha256 = "{made.sha256}"
licence = "{made.licence}"
source = "ours: python -m training.locator, on documents we draw ourselves; no real document was used"

[input]
shape = [{", ".join(str(side) for side in SHAPE)}]
dtype = "{made.input_dtype}"
meaning = "grey, 0..255 to -1..1, the whole picture within the square on black"

[figures]
{rows}
""",
        encoding="utf-8",
    )
