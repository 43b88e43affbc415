"""The card beside the model: what it is, its hash, and the figures measured on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from appliance.vision.model import Model, ModelCard
from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX
from training.mrz.measure import LineScore, PageScore

SHAPE = (1, HEIGHT_PX, WIDTH_PX, 1)


def unmeasured(path: Path) -> ModelCard:
    """A card for a file that was just made, so that it can be loaded and measured."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelCard(path.stem, path.name, digest, "Apache-2.0", "", SHAPE, "int8", "")


def figures(lines: LineScore, pages: Mapping[str, PageScore], iterations: int) -> dict[str, float | str]:
    """As they stand in the card. Percent; processor milliseconds of one x86-64 core."""
    told: dict[str, float | str] = {
        "training_iterations": iterations,
        "lines": lines.lines,
        "line_character_errors_percent": round(100 * lines.error_rate, 2),
        "line_exact_percent": round(100 * lines.exact, 1),
        "line_exact_with_grammar_percent": round(100 * lines.ruled, 1),
        "line_misread_with_grammar_percent": round(100 * lines.misread, 1),
        "line_cpu_ms": round(lines.cpu_ms, 1),
    }
    for name, score in pages.items():
        told |= {
            f"{name}_pages": score.pages,
            f"{name}_proven_percent": round(100 * score.proven, 1),
            f"{name}_proven_and_right_percent": round(100 * score.right, 1),
            f"{name}_proven_but_wrong_percent": round(100 * score.wrong, 1),
            f"{name}_repaired_percent": round(100 * score.repaired, 1),
            f"{name}_cpu_ms": round(score.cpu_ms),
            f"{name}_slowest_cpu_ms": round(score.slowest_cpu_ms),
        }
    return told | {"evaluated": "synthetic lines and pages only, drawn by our own generator with other seeds"}


def write(path: Path, told: Mapping[str, float | str]) -> None:
    """The card of the model file at `path`, beside it."""
    made = unmeasured(path)
    Model(made, path.read_bytes())  # the shape below is true, or nothing is written
    rows = "\n".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in told.items()
    )
    path.with_suffix(".toml").write_text(
        f"""\
# Line net: one printed line of a machine readable zone to characters (160 steps of 37 characters and a blank).
name = "{made.name}"
file = "{made.file}"
sha256 = "{made.sha256}"
licence = "{made.licence}"
source = "ours: python -m training.mrz, on lines we print ourselves in OCR-B; no real document was used"

[input]
shape = [{", ".join(str(side) for side in SHAPE)}]
dtype = "{made.input_dtype}"
meaning = "grey, -1..1 between the strip's 2nd and 98th percentile, one line with a little paper around it"

[figures]
{rows}
""",
        encoding="utf-8",
    )
