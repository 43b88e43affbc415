"""Where lines of print are found: rows, tilt and blocks, on pages drawn here with a font that is not OCR-B."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.vision import mrz_locator

Grey = NDArray[np.uint8]
TEXT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
BASELINES = (640, 710)


def page(tilt_deg: float = 0.0) -> Grey:
    """1400 x 900, light grey, two wide lines of print near the foot."""
    paper = np.full((900, 1400), 215, np.uint8)
    for baseline in BASELINES:
        cv2.putText(paper, TEXT, (110, baseline), cv2.FONT_HERSHEY_DUPLEX, 1.15, 30, 2, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((700, 450), -tilt_deg, 1.0)
    return np.asarray(cv2.warpAffine(paper, turn, (1400, 900), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def assert_holds(rows: tuple[mrz_locator.Row, ...], baseline: int) -> None:
    near = [row for row in rows if abs(row.bottom - baseline) < 14 and abs(row.top - (baseline - 26)) < 14]
    assert near, f"no row near {baseline} among {rows}"
    assert min(row.left for row in near) < 135


def test_rows_of_print_are_found_where_they_stand() -> None:
    rows = mrz_locator.rows(page())
    for baseline in BASELINES:
        assert_holds(rows, baseline)


@pytest.mark.parametrize("tilt_deg", [-4.0, -1.5, 2.5, 4.5])
def test_a_page_askew_is_levelled(tilt_deg: float) -> None:
    rows = mrz_locator.rows(mrz_locator.levelled(page(tilt_deg)))
    heights = [row.height for row in rows if row.right - row.left > 700]
    assert sum(18 <= height <= 44 for height in heights) >= 2


@pytest.mark.parametrize("tilt_deg", [0.0, 12.0, -15.0])
def test_a_zone_that_is_not_at_the_foot_is_found_as_a_block(tilt_deg: float) -> None:
    lifted = np.roll(page(), -450, axis=0)
    turn = cv2.getRotationMatrix2D((700, 450), -tilt_deg, 0.8)
    turned = cv2.warpAffine(lifted, turn, (1400, 900), borderMode=cv2.BORDER_REPLICATE)
    bands = list(mrz_locator.found_bands(np.asarray(turned, np.uint8)))
    assert 1 <= len(bands) <= mrz_locator.MAX_BLOCKS
    wide = [row for band in bands for row in mrz_locator.rows(band) if row.right - row.left > 600 and row.height < 50]
    assert len(wide) >= 2


def test_empty_paper_has_no_blocks() -> None:
    assert list(mrz_locator.found_bands(np.full((900, 1400), 200, np.uint8))) == []


def test_bands_and_rows_stay_inside_the_page() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (900, 1400), dtype=np.uint8)
    for band in mrz_locator.found_bands(noise):
        for row in mrz_locator.rows(band):
            assert 0 <= row.top < row.bottom <= band.shape[0]
            assert 0 <= row.left < row.right <= band.shape[1]


def test_every_page_is_looked_at_in_one_width() -> None:
    for shape in ((500, 300), (3840, 2160), (70, 4000)):
        assert mrz_locator.working_page(np.zeros(shape, np.uint8)).shape[1] == mrz_locator.WORK_WIDTH_PX
