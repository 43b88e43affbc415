"""The report: one file that needs no other, every figure with its data's name, readable by finger and by ear."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser

from evaluation import plots
from evaluation.report import MADE, Chapter, html, write
from evaluation.sections import Headline, Plot, Section, Table, number, percent, rated
from evaluation.statistics import Rate
from scripts import axe
from tests.web.checks import violations

CONDITIONS = {"date": "2026-01-01T00:00:00+00:00", "policy": {"country": "UTO", "version": 1}, "models": {}}


def drawn() -> dict[str, str]:
    """One of every kind of plot."""
    x, y = plots.linear("x", 0, 40), plots.linear("y", 0, 0.3)
    groups = [plots.Series(f"group {n} <b>", ((1.0 * n, 0.01 * n), (float("nan"), 0.1))) for n in range(9)]
    rates = plots.deviates("rate", 1e-4)
    return {
        "scatter": plots.scatter(x, y, groups, (18.0, 0.05)),
        "lines": plots.lines(rates, rates, groups[:2], [plots.Series("limit", ((0.01, 0.0),))]),
        "distributions": plots.distributions(x, [("one", [1.0, 2.0, 3.0]), ("none", [])], 18.0),
        "intervals": plots.intervals([("print", Rate(0, 785)), ("nobody", Rate(0, 0))], "APCER"),
        "stacked": plots.stacked([("name", [1, 2, 3]), ("none", [0, 0, 0])], ["a", "b", "c"]),
    }


def chapter(name: str = "quay <2>", *, is_made: bool = True) -> Chapter:
    table = Table("Caption", ("species", "n"), (("print", "785"), ("mask & co", "3")))
    shown = tuple(Plot(f"Plot of {kind}", svg, "In words") for kind, svg in drawn().items())
    full = Section("pad", "Face", (Headline("0 of 785", "APCER"),), ("A note",), (table,), shown, {"x": float("nan")})
    return Chapter(name, is_made, (full, Section("mrz", "Zone", absent="no net")))


@pytest.mark.parametrize("kind", drawn())
def test_a_plot_is_whole_and_within_its_frame(kind: str) -> None:
    root = ElementTree.fromstring(drawn()[kind])
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert "nan" not in drawn()[kind]
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= width and 0 <= float(circle.attrib["cy"]) <= height


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.4, 0.9])
def test_a_marks_name_is_written_into_the_picture(rate: float) -> None:
    axis = plots.deviates("rate", 1e-4)
    drawn = ElementTree.fromstring(plots.lines(axis, axis, [], [plots.Series("policy's limit", ((rate, 0.0),))]))
    name = next(text for text in drawn.iter("{http://www.w3.org/2000/svg}text") if text.text == "policy's limit")
    left = float(name.attrib["x"]) - (100 if name.attrib["text-anchor"] == "end" else 0)  # a hundred pixels hold it
    assert left >= 0 and left + 100 <= plots.WIDTH


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.07), (0, 47), (-3, 3), (0, 0), (5, 5)])
def test_an_axis_holds_its_values_and_ends_on_marks(low: float, high: float) -> None:
    axis = plots.linear("x", low, high)
    assert axis.low <= low and axis.high >= high and axis.high > axis.low
    assert axis.ticks[0][0] == axis.low and axis.ticks[-1][0] == axis.high
    assert 2 <= len(axis.ticks) <= 12


def test_the_page_is_one_file_that_asks_nobody() -> None:
    page = html(CONDITIONS, [chapter()])
    assert not re.search(r"<script|<link|<img|src=|url\(|@import", page)
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}


def test_what_a_folder_is_called_is_text() -> None:
    page = html(CONDITIONS, [chapter("<script>x</script>")])
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_every_figure_says_what_it_was_measured_on() -> None:
    page = html(CONDITIONS, [chapter("quay two")])
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert len(captions) == 5 and all("Data: quay two, made by ourselves." in caption for caption in captions)
    assert MADE in page and MADE not in html(CONDITIONS, [chapter(is_made=False)])
    assert "No figure: no net" in page


def test_the_json_holds_every_number_and_null_for_none(tmp_path: Path) -> None:
    _, path = write(tmp_path / "deep" / "er", CONDITIONS, [chapter()])
    told = json.loads(path.read_text("utf-8"))
    assert told["conditions"]["policy"]["version"] == 1
    (data,) = told["data"]
    assert data["made_by_ourselves"] is True
    assert data["parts"] == {"pad": {"x": None}, "mrz": {"absent": "no net"}}


def test_the_page_is_well_formed() -> None:
    """As XML, once the two tags that HTML never closes are closed."""
    page = html(CONDITIONS, [chapter(), chapter("other")]).removeprefix("<!doctype html>")
    root = ElementTree.fromstring(re.sub(r"<meta [^>]*>", "", page))
    assert [one.attrib["id"] for one in root.iter("section")] == ["0-pad", "0-mrz", "1-pad", "1-mrz"]


@pytest.mark.parametrize(
    ("share", "told"), [(None, "none"), (0.0, "0.0 %"), (0.00123, "0.12 %"), (0.5, "50.0 %"), (1.0, "100.0 %")]
)
def test_shares_as_a_person_reads_them(share: float | None, told: str) -> None:
    assert percent(share) == told


def test_rates_and_numbers_as_a_person_reads_them() -> None:
    assert rated(Rate(1, 561)) == "1 of 561: 0.18 % (0.0045 % to 0.99 %)"
    assert number(None) == number(float("nan")) == "none"


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_readable_by_finger_and_by_ear(browser: Browser, tmp_path: Path, width: int) -> None:
    path, _ = write(tmp_path, CONDITIONS, [chapter(), chapter("other", is_made=False)])
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(path.as_uri())
    assert violations(page, axe.fetch().read_text("utf-8")) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.evaluate(
        "[...document.querySelectorAll('nav a, summary')].map(e => e.getBoundingClientRect().height)"
    )
    assert heights and min(heights) >= 44
    page.close()
