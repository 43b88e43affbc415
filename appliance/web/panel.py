"""A panel in millimetres: how large text and targets must be so that a standing person can read and hit them."""

from __future__ import annotations

import math
from dataclasses import dataclass

MIN_CAP_DEG = 0.7
"""Least angle a capital H must fill at the reading distance (EN 301 549, 5.1.4)."""
MIN_TARGET_MM = 20.0
"""Least side of a touch target for a standing person."""
CAP_RATIO = 0.714
"""Height of a capital over font size in Noto Sans; the style sheet holds other fonts to the same ratio."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One screen as mounted. CSS pixels are taken as device pixels (scale factor 1)."""

    width_px: int
    height_px: int
    width_mm: float
    viewing_distance_mm: float = 600.0

    def __post_init__(self) -> None:
        sizes = (self.width_px, self.height_px, self.width_mm, self.viewing_distance_mm)
        if not all(math.isfinite(size) and size > 0 for size in sizes):
            raise ValueError(f"a panel has sizes above 0, not {sizes}")

    @property
    def px_per_mm(self) -> float:
        return self.width_px / self.width_mm

    @property
    def text_px(self) -> float:
        """The smallest font size whose capitals fill `MIN_CAP_DEG`, rounded up to a tenth of a pixel."""
        cap_mm = self.viewing_distance_mm * math.tan(math.radians(MIN_CAP_DEG))
        return math.ceil(cap_mm * self.px_per_mm / CAP_RATIO * 10) / 10

    @property
    def target_px(self) -> int:
        """Side of the smallest touch target, rounded up to a whole pixel."""
        return math.ceil(MIN_TARGET_MM * self.px_per_mm)

    @property
    def gap_px(self) -> int:
        """Space between targets: two millimetres keep a thumb from taking two."""
        return math.ceil(2.0 * self.px_per_mm)

    def css(self) -> str:
        """The custom properties every page is laid out with."""
        return (
            ":root{"
            f"--text:{self.text_px}px;--target:{self.target_px}px;--gap:{self.gap_px}px;"
            f"--panel-width:{self.width_px}px;--panel-height:{self.height_px}px"
            "}\n"
        )


KNOWN: dict[str, Panel] = {
    "7in-1024x600": Panel(1024, 600, 154.0),
    "10.1in-1280x800": Panel(1280, 800, 217.0),
    "15.6in-1920x1080": Panel(1920, 1080, 344.0),
}
