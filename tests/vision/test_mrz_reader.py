"""The committed line net on whole synthetic pages, through the kiosk's own reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.vision.errors import ModelUnfit
from appliance.vision.model import Model, Pixels, read_card
from appliance.vision.mrz_finder import Finder
from appliance.vision.mrz_reader import HABITS, PageReader
from border.documents.mrz import Accepted, parse
from border.documents.repair import UNREAD
from border.documents.values import Format
from tests.vision.tiny_nets import mean_colour_net, sha256
from training.mrz.generate import Press
from training.mrz.glyphs import FontsMissing
from training.mrz.grammar import random_zone
from training.mrz.measure import score_lines
from training.mrz.pages import LAST_BASELINE_MM, PX_PER_MM, Profile, clean_page, print_rows, random_page

LETTER_MM = 2.5  # how high a letter of OCR-B stands
PICTURES = "LANDFALL_MRZ_PICTURES"
"""Names a folder of pictures that are not ours to keep; only counts leave the test."""


@pytest.fixture(scope="module")
def press() -> Press:
    try:
        return Press.of(31, pool=8)
    except FontsMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return PageReader.load()


@pytest.mark.parametrize("format_", tuple(Format))
def test_a_page_of_every_format_is_read_as_printed(reader: PageReader, press: Press, format_: Format) -> None:
    lines = random_zone(np.random.default_rng(8), format_)
    reading = reader.read(clean_page(lines, press))
    assert reading is not None
    assert reading.lines == lines
    assert reading.is_proven
    assert reading.confidence > 0.95


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_page_lying_in_any_position_is_read(reader: PageReader, press: Press, turns: int) -> None:
    lines = random_zone(np.random.default_rng(9), Format.TD3)
    reading = reader.read(np.ascontiguousarray(np.rot90(clean_page(lines, press), -turns)))
    assert reading is not None
    assert reading.lines == lines
    assert reading.rotation_deg == 90 * turns


def test_most_pages_in_a_cradle_are_proven_and_none_of_those_is_wrong(reader: PageReader, press: Press) -> None:
    rng, proven = np.random.default_rng(77), 0
    for _ in range(15):
        page = random_page(rng, press, Profile.CRADLE)
        reading = reader.read(page.pixels)
        if reading is None or not reading.is_proven:
            continue
        judged = parse(reading.lines, dict(reading.alternatives))
        assert isinstance(judged, Accepted)
        proven += judged.lines == page.lines
    assert proven >= 13


def test_unseen_lines_are_read_about_as_well_as_the_card_says(press: Press) -> None:
    model = Model.load("mrz_line")
    told = dict(model.card.figures)["line_character_errors_percent"]
    assert isinstance(told, float)
    score = score_lines(model, press, 200, seed=4711)
    assert 100 * score.error_rate <= 2 * told + 0.5


def cut_off(page: Pixels, share: float) -> Pixels:
    """Without what lies below this share of the height of the last line's letters, from their feet up."""
    feet = page.shape[0] - 40 - 1.3 * LAST_BASELINE_MM * PX_PER_MM
    return np.ascontiguousarray(page[: round(feet - share * 1.3 * LETTER_MM * PX_PER_MM)])


@pytest.mark.parametrize("share", [0.25, 0.4, 0.6])
def test_letters_that_the_pictures_edge_cuts_are_not_read(reader: PageReader, press: Press, share: float) -> None:
    lines = random_zone(np.random.default_rng(15), Format.TD1)  # no digit covers its last line
    reading = reader.read(cut_off(clean_page(lines, press), share))
    assert reading is None or UNREAD in reading.lines[-1]


def test_letters_at_the_very_edge_of_the_picture_are_read(reader: PageReader, press: Press) -> None:
    lines = random_zone(np.random.default_rng(15), Format.TD1)
    reading = reader.read(cut_off(clean_page(lines, press), -0.2))
    assert reading is not None and reading.lines == lines


def test_a_page_whose_digits_contradict_it_is_not_proven(reader: PageReader, press: Press) -> None:
    upper, lower = random_zone(np.random.default_rng(12), Format.TD3)
    forged = lower[:13] + str((int(lower[13]) + 3) % 10) + lower[14:]  # another decade of birth, digit unchanged
    reading = reader.read(clean_page((upper, forged), press))
    assert reading is not None
    assert not reading.is_proven
    assert reading.lines == (upper, forged)


@pytest.mark.parametrize("kind", ["paper", "noise", "sliver", "portrait"])
def test_a_picture_without_a_zone_is_no_reading(reader: PageReader, kind: str) -> None:
    pixels = np.full((900, 1300, 3), 180, np.uint8)
    if kind == "noise":
        pixels = np.random.default_rng(2).integers(0, 256, pixels.shape, dtype=np.uint8)
    if kind == "sliver":
        pixels = pixels[:20]
    if kind == "portrait":
        cv2.ellipse(pixels, (600, 400), (150, 220), 0, 0, 360, (90, 110, 140), -1)
    assert reader.read(pixels) is None


def test_whoever_calls_can_end_the_search(reader: PageReader, press: Press) -> None:
    def go_on() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        reader.read(clean_page(random_zone(np.random.default_rng(9)), press), go_on)


def test_a_picture_of_print_without_a_zone_costs_no_more_than_its_profile_allows(press: Press) -> None:
    page = np.full((900, 1300, 3), 190, np.float32)
    print_rows(np.random.default_rng(4), page)
    pixels = np.clip(page, 0, 255).astype(np.uint8)
    for profile, habit in HABITS.items():
        looks: list[int] = []
        assert PageReader.load(profile).read(pixels, lambda looks=looks: looks.append(1)) is None  # type: ignore[misc]
        assert len(looks) <= 3 * habit.zones + habit.second_tries


def test_a_net_that_reads_no_strips_is_refused() -> None:
    data = mean_colour_net(4, np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    card = read_card(Path("appliance/vision/models"), "mrz_line")
    other = type(card)("tiny", "tiny.tflite", sha256(data), "", "", (1, 4, 4, 3), "float32", "")
    with pytest.raises(ModelUnfit):
        PageReader(Model(other, data), Finder.load())


def test_the_nets_are_small_enough_to_travel_with_the_code() -> None:
    for name in ("mrz_line", "mrz_locator"):
        assert Path(f"appliance/vision/models/{name}.tflite").stat().st_size < 600_000


def test_readings_do_not_print_what_they_say(reader: PageReader, press: Press) -> None:
    lines = random_zone(np.random.default_rng(9), Format.TD3)
    reading = reader.read(clean_page(lines, press))
    assert lines[0][5:12] not in repr(reading)


def test_pictures_of_others_are_counted_where_somebody_has_them(
    reader: PageReader, record_property: Callable[[str, object], None]
) -> None:
    folder = os.environ.get(PICTURES)
    if not folder:
        pytest.skip(f"{PICTURES} names no folder of pictures")
    readings = [
        reader.read(np.asarray(cv2.imread(str(path)), np.uint8)) for path in sorted(Path(folder).rglob("*.jpg"))
    ]
    proven = sum(reading is not None and reading.is_proven for reading in readings)
    record_property("pictures", len(readings))
    record_property("proven", proven)
    assert proven > 0
