"""What the line net's card says, and how its figures are told."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.vision.mrz_strip import HEIGHT_PX, WIDTH_PX
from training.card import Kind
from training.mrz.measure import LineScore, PageScore

KIND = Kind(
    about=(
        "Line net: one printed line of a machine readable zone to characters (160 steps of 37 characters and a blank)."
    ),
    source="ours: python -m training.mrz, on lines we print ourselves in OCR-B; no real document was used",
    shape=(1, HEIGHT_PX, WIDTH_PX, 1),
    dtype="int8",
    meaning="grey, -1..1 between the strip's 2nd and 98th percentile, one line with a little paper around it",
)


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
