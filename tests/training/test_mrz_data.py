"""What the line net is trained on: true zones, the same ones every time, with every character in its place."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.vision.mrz_strip import ALPHABET, BLANK, HEIGHT_PX, WIDTH_PX, normalised, to_strip
from border.documents.mrz import Accepted, parse, unverified
from border.documents.values import Format
from training.mrz.generate import CUT_SHARES, Press, printed_line
from training.mrz.glyphs import FontsMissing, load_cuts
from training.mrz.grammar import random_line, random_zone
from training.mrz.measure import distance
from training.mrz.plan import Plan
from training.mrz.shards import STEPS, make_lines


@pytest.fixture(scope="module")
def press() -> Press:
    try:
        return Press.of(5, pool=8)
    except FontsMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("format_", tuple(Format))
def test_every_invented_zone_is_accepted_with_all_its_digits(format_: Format) -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        reading = parse(random_zone(rng, format_))
        assert isinstance(reading, Accepted)
        assert reading.mrz.format is format_
        assert not reading.mrz.refuted()
        assert not unverified(reading.mrz)


def test_lines_have_the_lengths_and_the_alphabet_of_zones() -> None:
    rng = np.random.default_rng(2)
    lines = [random_line(rng) for _ in range(300)]
    assert {len(line) for line in lines} == {30, 36, 44}
    assert set("".join(lines)) == set(ALPHABET)


def test_a_seed_always_makes_the_same_lines_and_another_seed_others(press: Press) -> None:
    first, again, other = (make_lines(press, seed, 6) for seed in (3, 3, 4))
    assert np.array_equal(first.strips, again.strips)
    assert np.array_equal(first.places, again.places)
    assert not np.array_equal(first.strips, other.strips)


def test_the_places_spell_the_line(press: Press) -> None:
    lines = make_lines(press, 6, 30)
    for at in range(30):
        row = lines.places[at]
        assert row.shape == (STEPS,)
        starts = np.flatnonzero(np.diff(row, prepend=BLANK))
        spelt = "".join(ALPHABET[row[start]] for start in starts if row[start] != BLANK)
        assert distance(spelt, lines.text(at)) <= 2  # the crop may have lost a character at either end


def test_ink_stands_where_the_centres_say(press: Press) -> None:
    rng = np.random.default_rng(7)
    darker = 0
    for _ in range(20):
        line = printed_line(rng, press, "H" * 30)
        inside = line.centres_px[(line.centres_px > 4) & (line.centres_px < WIDTH_PX - 4)].astype(int)
        between = ((inside[1:] + inside[:-1]) / 2).astype(int)
        core = line.strip[8:24].astype(float)
        darker += core[:, inside].mean() < core[:, between].mean()
    assert darker >= 18


def test_all_cuts_draw_every_character_differently() -> None:
    try:
        cuts = load_cuts()
    except FontsMissing as error:
        pytest.skip(str(error))
    assert len(cuts) == len(CUT_SHARES)
    for cut in cuts:
        flat = cut.ink[:, 0, 0].reshape(len(ALPHABET), -1)
        assert flat.sum(axis=1).min() > 20
        gaps = np.abs(flat[:, None] - flat[None]).sum(axis=2) + np.eye(len(ALPHABET)) * 1e6
        assert gaps.min() > 10


def test_strips_have_one_size_and_one_range() -> None:
    crop = np.random.default_rng(1).integers(90, 140, (17, 911), dtype=np.uint8)
    strip = to_strip(crop)
    assert strip.shape == (HEIGHT_PX, WIDTH_PX)
    values = normalised(strip)
    assert values.min() == -1
    assert values.max() == 1
    flat = normalised(np.full((HEIGHT_PX, WIDTH_PX), 200, np.uint8))
    assert np.isfinite(flat).all()


def test_the_rate_rises_holds_and_ends_at_nothing_and_a_longer_plan_begins_alike() -> None:
    short, long = Plan(iterations=1000), Plan(iterations=4000)
    rates = [short.rate(at) for at in range(1000)]
    assert rates[0] < 0.02
    assert rates[short.placed - 1] == 1
    assert rates[-1] < 0.001
    assert all(0 <= rate <= 1 for rate in rates)
    assert [long.rate(at) for at in range(short.placed)] == rates[: short.placed]
    assert [long.pool(at) for at in range(1000)] == [short.pool(at) for at in range(1000)]


@pytest.mark.parametrize(
    ("read", "printed", "edits"),
    [("", "ABC", 3), ("ABC", "ABC", 0), ("AXC", "ABC", 1), ("BC", "ABC", 1), ("ABBC", "ABC", 1)],
)
def test_distance_counts_edits(read: str, printed: str, edits: int) -> None:
    assert distance(read, printed) == edits
