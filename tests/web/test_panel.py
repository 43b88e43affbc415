"""The panel's millimetres: measured sizes of known panels, and sizes that cannot be."""

from __future__ import annotations

import math

import pytest

from appliance.web.panel import CAP_RATIO, KNOWN, MIN_CAP_DEG, Panel


@pytest.mark.parametrize(
    ("name", "text_px", "target_px"),
    [("10.1in-1280x800", 60.6, 118), ("15.6in-1920x1080", 57.4, 112), ("7in-1024x600", 68.3, 133)],
)
def test_known_panels_give_the_sizes_worked_out_by_hand(name: str, text_px: float, target_px: int) -> None:
    panel = KNOWN[name]
    assert panel.text_px == pytest.approx(text_px, abs=0.11)
    assert panel.target_px == target_px


@pytest.mark.parametrize("panel", KNOWN.values(), ids=KNOWN.keys())
def test_a_capital_fills_at_least_the_angle_and_no_more_than_it_needs(panel: Panel) -> None:
    cap_mm = panel.text_px * CAP_RATIO / panel.px_per_mm
    angle = math.degrees(math.atan(cap_mm / panel.viewing_distance_mm))
    assert MIN_CAP_DEG <= angle < MIN_CAP_DEG * 1.005


def test_standing_nearer_asks_for_smaller_text_but_not_smaller_targets() -> None:
    far, near = Panel(1280, 800, 217.0, 600.0), Panel(1280, 800, 217.0, 400.0)
    assert near.text_px == pytest.approx(40.4, abs=0.1)
    assert near.target_px == far.target_px


@pytest.mark.parametrize("width_mm", [0.0, -1.0, math.nan, math.inf])
def test_a_panel_without_size_is_refused(width_mm: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Panel(1280, 800, width_mm)


def test_the_style_sheet_gets_every_property() -> None:
    assert KNOWN["10.1in-1280x800"].css() == (
        ":root{--text:60.6px;--target:118px;--gap:12px;--panel-width:1280px;--panel-height:800px}\n"
    )
