"""What the locator's card says, and how its figures are told."""

from __future__ import annotations

from appliance.vision.mrz_finder import CELLS, SIDE_PX
from training.card import Kind
from training.locator.measure import Score

KIND = Kind(
    about=(
        "Page locator: which cells of a picture hold the machine readable zone, and which way it reads "
        f"({CELLS} x {CELLS} x 3)."
    ),
    source="ours: python -m training.locator, on documents we draw ourselves; no real document was used",
    shape=(1, SIDE_PX, SIDE_PX, 1),
    dtype="int8",
    meaning="grey, 0..255 to -1..1, the whole picture within the square on black",
)


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
