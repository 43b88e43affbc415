"""What the locator is trained on: the zone is where the picture shows it, and a scene comes again from its seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.vision.mrz_finder import CELL_PX, CELLS, SIDE_PX, zones_of
from training.locator.plan import Plan
from training.locator.scenes import Scene, Stock, random_scene, stocked
from training.mrz.generate import Press
from training.mrz.glyphs import FontsMissing
from training.mrz.pages import Profile, random_page


@pytest.fixture(scope="module")
def stock() -> Stock:
    try:
        return Stock.of(3, sheets=8, supports=4)
    except FontsMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def scenes(stock: Stock) -> list[Scene]:
    rng = np.random.default_rng(8)
    return [random_scene(rng, stock) for _ in range(60)]


def test_a_seed_draws_the_same_scene_again(stock: Stock) -> None:
    first, again = (random_scene(np.random.default_rng(5), stock) for _ in range(2))
    assert np.array_equal(first.seen, again.seen)
    assert np.array_equal(first.held, again.held)


def test_cells_and_corners_say_the_same_place_and_way(scenes: list[Scene]) -> None:
    judged = 0
    for scene in scenes:
        if scene.zone is None:
            assert not scene.held.any()
            assert scene.direction == (0.0, 0.0)
            continue
        assert scene.zone.min() >= 0
        assert scene.zone.max() <= SIDE_PX
        said = np.zeros((CELLS, CELLS, 3), np.float32)
        said[:, :, 0] = scene.held * 8.0 - 4.0
        said[:, :, 1:] = scene.direction
        for zone in zones_of(said)[:1]:
            judged += 1
            assert np.linalg.norm(zone.corners - scene.zone, axis=1).max() < 3 * CELL_PX
    assert judged > 30


def test_documents_lie_in_all_four_positions_and_some_scenes_are_empty(scenes: list[Scene], stock: Stock) -> None:
    ways = [scene.direction for scene in scenes if scene.zone is not None]
    turns = {round(float(np.rad2deg(np.arctan2(y, x))) / 90) % 4 for x, y in ways}
    assert turns == {0, 1, 2, 3}
    rng = np.random.default_rng(1)
    assert any(random_scene(rng, stock).zone is None for _ in range(200))


def test_the_stock_is_kept_and_read_again(tmp_path: Path) -> None:
    try:
        drawn = Stock.of(6, sheets=2, supports=2)
    except FontsMissing as error:
        pytest.skip(str(error))
    path = tmp_path / "stock.npz"
    drawn.write(path)
    again = stocked(path, 6)
    for (sheet, zone), (kept, its_zone) in zip(drawn.sheets, again.sheets, strict=True):
        assert np.array_equal(sheet, kept)
        assert np.array_equal(zone, its_zone)
    assert len(again.supports) == 2


def test_the_rate_rises_holds_and_ends_at_nothing() -> None:
    plan = Plan(iterations=400)
    rates = [plan.rate(at) for at in range(400)]
    assert rates[0] < 0.05
    assert rates[199] == 1
    assert rates[-1] < 0.001


@pytest.mark.parametrize("profile", tuple(Profile))
def test_a_photographs_zone_lies_where_its_corners_say(profile: Profile) -> None:
    try:
        press = Press.of(4, pool=4)
    except FontsMissing as error:
        pytest.skip(str(error))
    rng = np.random.default_rng(2)
    for _ in range(3):
        page = random_page(rng, press, profile)
        height, width = page.pixels.shape[:2]
        assert page.zone.min() > -1
        assert (page.zone[:, 0] < width + 1).all()
        assert (page.zone[:, 1] < height + 1).all()
        along, down = page.zone[1] - page.zone[0], page.zone[3] - page.zone[0]
        assert np.linalg.norm(along) > 2 * np.linalg.norm(down)
        assert along[0] * down[1] - along[1] * down[0] > 0  # never mirrored
