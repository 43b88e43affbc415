"""From the locator's cells to a zone, and from a zone to a band that stands upright."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.vision.errors import ModelUnfit
from appliance.vision.model import Model, ModelCard
from appliance.vision.mrz_finder import (
    CELL_PX,
    CELLS,
    MIN_CELLS,
    SIDE_PX,
    Finder,
    Zone,
    grown,
    letterboxed,
    level,
    straightened,
    zones_of,
)
from tests.vision.tiny_nets import mean_colour_net, sha256

Floats = NDArray[np.float32]


def corners(turn_deg: float, *, width: float = 200, height: float = 24, keystone: float = 0.0) -> Floats:
    """A zone in the middle of the net's picture; `keystone`: how much higher it is at its end."""
    more = keystone * height / 2
    flat = np.array([(-width, -height), (width, -height - more), (width, height + more), (-width, height)]) / 2
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(flat @ turn + SIDE_PX / 2, np.float32)


def cells(zone: Floats, *, certainty: float = 4.0) -> Floats:
    """What a perfect net says of this zone."""
    held = np.zeros((CELLS, CELLS), np.uint8)
    cv2.fillConvexPoly(held, np.round(zone / CELL_PX - 0.5).astype(np.int32), 1)
    along = (zone[1] - zone[0]) / np.linalg.norm(zone[1] - zone[0])
    said = np.zeros((CELLS, CELLS, 3), np.float32)
    said[:, :, 0] = np.where(held, certainty, -certainty)
    said[:, :, 1:] = along
    return said


@pytest.mark.parametrize("turn_deg", [0, 4, -7, 90, 93, 180, 177, 270, 30])
def test_a_zone_is_found_where_it_is_and_the_way_it_reads(turn_deg: float) -> None:
    true = corners(turn_deg)
    (zone,) = zones_of(cells(true))
    assert np.linalg.norm(zone.corners - true, axis=1).max() < 2.5 * CELL_PX
    assert zone.quarter_turns == round(turn_deg / 90) % 4
    assert zone.way > 0.95
    assert zone.score > 0.9
    assert zone.width == pytest.approx(200, abs=12)
    assert zone.height == pytest.approx(24, abs=8)


def test_a_zone_in_perspective_is_believed_a_little() -> None:
    (zone,) = zones_of(cells(corners(0, height=40, keystone=0.8)))
    first, last = (float(np.linalg.norm(zone.corners[a] - zone.corners[b])) for a, b in ((0, 3), (1, 2)))
    assert 1.05 * first < last < 1.4 * first


def test_the_wider_and_surer_of_two_patches_comes_first_and_specks_are_none() -> None:
    said = cells(corners(0))
    small = cells(corners(0, width=60, height=16) + np.array([0, 80], np.float32), certainty=1.0)
    both = np.where(small[:, :, :1] > 0, small, said)
    both[2, 2:4, 0] = 5.0
    assert MIN_CELLS > 2
    wide, narrow = zones_of(np.asarray(both, np.float32))
    assert wide.width > narrow.width


def test_a_zone_that_is_only_suspected_is_found_where_no_other_is() -> None:
    faint = cells(corners(0), certainty=-0.8)
    faint[:, :, 0] = np.where(faint[:, :, 0] > 0, -6.0, faint[:, :, 0])
    (zone,) = zones_of(faint)
    assert zone.score < 0.5
    sure = cells(corners(0) + np.array([0, 90], np.float32))
    (alone,) = zones_of(np.maximum(faint, sure))
    assert alone.score > 0.9


def test_one_line_of_a_zone_is_grown_to_its_neighbours() -> None:
    (line,) = zones_of(cells(corners(90, height=10)))
    grown_up = line.with_neighbours()
    assert grown_up.height == pytest.approx(line.height + 2 * 0.07 * line.width, abs=1)
    assert grown_up.width == pytest.approx(line.width, abs=1)
    assert np.allclose(grown_up.corners.mean(axis=0), line.corners.mean(axis=0), atol=1)


def test_where_no_cell_holds_print_there_is_no_zone() -> None:
    assert zones_of(np.full((CELLS, CELLS, 3), -3.0, np.float32)) == ()


def test_a_zone_read_from_its_end_reads_the_other_way() -> None:
    (zone,) = zones_of(cells(corners(10)))
    back = zone.reversed()
    assert (back.quarter_turns - zone.quarter_turns) % 4 == 2
    assert np.array_equal(back.reversed().corners, zone.corners)


@pytest.mark.parametrize("shape", [(480, 640), (3000, 900), (64, 2000), (320, 320)])
def test_a_picture_of_any_shape_is_seen_whole(shape: tuple[int, int]) -> None:
    seen, scale, (left, top) = letterboxed(np.full(shape, 200, np.uint8))
    height, width = round(shape[0] * scale), round(shape[1] * scale)
    assert seen.shape == (SIDE_PX, SIDE_PX)
    assert (seen[top : top + height, left : left + width] == 200).all()
    assert int((seen == 200).sum()) == height * width


@pytest.mark.parametrize("turn_deg", [0, 6, 90, 183, 270])
@pytest.mark.parametrize("larger", [1.0, 7.0])
def test_the_band_holds_the_zone_upright_with_paper_around_it(turn_deg: float, larger: float) -> None:
    zone = Zone(corners(turn_deg) * np.float32(larger), 1.0, 1.0)
    side = round(SIDE_PX * larger)
    page = np.full((side, side), 220, np.uint8)
    cv2.fillConvexPoly(page, zone.corners.astype(np.int32), 20)
    first_quarter = zone.corners[0] + (zone.corners[1] - zone.corners[0]) * np.array([[0.0], [0.25]], np.float32)
    ends = np.concatenate([first_quarter, first_quarter[::-1] + (zone.corners[3] - zone.corners[0])])
    cv2.fillConvexPoly(page, ends.astype(np.int32), 120)  # the beginning of the lines is paler
    band = straightened(page, zone)
    middle = band[band.shape[0] // 2]
    dark = np.flatnonzero(middle < 180)
    assert 0.02 * band.shape[1] < dark[0] < 0.1 * band.shape[1]
    assert 0.9 * band.shape[1] < dark[-1] < 0.98 * band.shape[1]
    assert middle[dark[0] + 60] > 90
    assert middle[dark[-1] - 60] < 60
    assert (band[:4].mean() > 180) and (band[-4:].mean() > 180)


def test_the_band_is_what_grown_says() -> None:
    zone = Zone(corners(12), 1.0, 1.0)
    rim = grown(zone)
    assert all(cv2.pointPolygonTest(rim, corner.tolist(), measureDist=False) > 0 for corner in zone.corners)


def test_a_zone_beyond_the_picture_still_gives_a_band() -> None:
    outside = Zone(corners(0) - np.array([150, 150], np.float32), 1.0, 1.0)
    assert straightened(np.full((SIDE_PX, SIDE_PX), 90, np.uint8), outside).ndim == 2


@pytest.mark.parametrize("tilt_deg", [-5.0, 5.0])
def test_a_leaning_band_is_cut_anew_and_not_turned(tilt_deg: float) -> None:
    page = np.tile(np.arange(SIDE_PX, dtype=np.uint8)[:, None], SIDE_PX)  # no two rows alike: a smeared edge would show
    band = straightened(page, Zone(corners(0), 1.0, 1.0), tilt_deg).astype(int)
    assert all((np.abs(np.diff(edge, axis=0)).sum(axis=0) > 0).all() for edge in (band[:25], band[-25:]))


@pytest.mark.parametrize("lean_deg", [-3.0, 0.0, 3.0])
def test_lines_that_lean_are_levelled(lean_deg: float) -> None:
    page, ink = np.full((SIDE_PX, SIDE_PX), 220, np.uint8), corners(lean_deg)
    for share in (0.2, 0.8):
        begin, end = ink[:2] + share * (ink[[3, 2]] - ink[:2])
        cv2.line(page, begin.astype(int).tolist(), end.astype(int).tolist(), 20, 2)
    band = level(page, Zone(corners(0), 1.0, 1.0))
    begins, ends = (np.flatnonzero(band[:, at] < 120).mean() for at in (250, band.shape[1] - 250))
    assert abs(begins - ends) < 0.015 * band.shape[1]


def test_a_net_that_looks_at_other_pictures_is_refused() -> None:
    data = mean_colour_net(4, np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    card = ModelCard("tiny", "tiny.tflite", sha256(data), "", "", (1, 4, 4, 3), "float32", "")
    with pytest.raises(ModelUnfit):
        Finder(Model(card, data))
