"""A page camera and the line net together are a document reader like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.build import page_reader
from appliance.page_reader import EMPTY_LOOKS, UNPROVEN_LOOKS, PageDocumentReader
from appliance.vision.face_comparison import distance
from appliance.vision.face_reading import FaceReader
from appliance.vision.mrz_reader import PageReader, PageReading
from appliance.vision.mrz_vote import QUORUM
from appliance.vision.page_portrait import PagePortraits
from border.documents.mrz import Accepted, parse
from drivers.api import Frame, PortraitSource
from drivers.deadline import Deadline
from drivers.errors import DeviceTimeout, WireCorrupt
from drivers.passport_reader.page import PageFolder
from hw_tests.conformance.document_reader import DocumentReaderConformance, DocumentReaderRig
from hw_tests.conformance.rig import soon
from simulators.faces import render
from simulators.travellers import traveller
from tests.drivers import golden
from training.mrz.generate import Press
from training.mrz.glyphs import FontsMissing
from training.mrz.pages import clean_page

DOCUMENTS = (golden.PASSPORT, golden.IDENTITY_CARD, golden.TD2_CARD)
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pages() -> dict[tuple[str, ...], bytes]:
    """A picture file of each document."""
    try:
        press = Press.of(31, pool=2)
    except FontsMissing as error:
        pytest.skip(str(error))
    return {lines: cv2.imencode(".png", clean_page(lines, press))[1].tobytes() for lines in DOCUMENTS}


@pytest.fixture
def glass(tmp_path: Path) -> Path:
    path = tmp_path / "glass"
    path.mkdir()
    return path


class TestPagesFromAFolder(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, glass: Path, pages: dict[tuple[str, ...], bytes]) -> Iterator[DocumentReaderRig]:
        reader = PageDocumentReader(PageFolder("page-1", glass), PageReader.load())
        away, numbers = glass.with_name("away"), count()

        def present(lines: tuple[str, ...]) -> None:
            (glass / f"{next(numbers)}.png").write_bytes(pages[lines])

        def unplug() -> None:
            glass.rename(away)

        def replug() -> None:
            away.rename(glass)

        yield DocumentReaderRig(
            reader=reader,
            documents=DOCUMENTS,
            present=present,
            unplug=unplug,
            replug=replug,
        )
        reader.close()


def test_a_page_without_a_zone_is_asked_for_again(glass: Path) -> None:
    reader = PageDocumentReader(PageFolder("page-1", glass), PageReader.load())
    _, file = cv2.imencode(".png", np.full((300, 400, 3), 190, np.uint8))
    with soon(lambda: (glass / "a.png").write_bytes(file.tobytes())), pytest.raises(WireCorrupt):
        reader.read(Deadline(20))


class _Endless:
    """A search that never ends by itself."""

    def read(self, pixels: Pixels, go_on: Callable[[], None]) -> PageReading | None:
        while pixels.size:
            go_on()
        return None


def test_a_search_that_takes_too_long_ends_with_the_deadline() -> None:
    with pytest.raises(DeviceTimeout):
        PageDocumentReader(_Glass([1]), _Endless()).read(Deadline(0.1))


def test_what_the_net_doubted_reaches_the_parser(glass: Path) -> None:
    upper, lower = golden.PASSPORT
    wrong = lower[:1] + "B" + lower[2:]  # printed 8, read B, and the net had thought of 8
    reading = _reading((upper, wrong), proven=True, doubts=(((1, 1), "8"),))
    text = PageDocumentReader(_Glass([1]), _Knows([reading])).read(Deadline(1))
    judged = parse(text.lines, dict(text.doubts))
    assert isinstance(judged, Accepted)
    assert judged.lines == golden.PASSPORT
    assert len(judged.mrz.repairs) == 1


def page_with_portrait(press: Press, lines: tuple[str, ...], who: str) -> Pixels:
    page = np.ascontiguousarray(clean_page(lines, press))
    height, width = page.shape[:2]
    head = cv2.resize(render(traveller(who).face())[60:440, 180:460], (height * 4 // 13, height * 5 // 12))
    top, left = height // 5, width // 16
    page[top : top + head.shape[0], left : left + head.shape[1]] = head
    return page


@pytest.mark.parametrize("turns", range(4))
def test_the_printed_portrait_comes_with_the_zone_upright_and_marked_as_printed(turns: int) -> None:
    try:
        page = page_with_portrait(Press.of(31, pool=2), golden.PASSPORT, "deckhand")
    except FontsMissing as error:
        pytest.skip(str(error))
    lying = np.ascontiguousarray(np.rot90(page, turns))
    knows = _Knows([_reading(golden.PASSPORT, proven=True, rotation_deg=(4 - turns) % 4 * 90)])
    text = PageDocumentReader(_Shows(lying), knows, PagePortraits.load()).read(Deadline(5))
    assert text.portrait is not None and text.portrait.source is PortraitSource.PRINTED
    seen = FaceReader.load().portrait(np.asarray(cv2.imdecode(np.frombuffer(text.portrait.data, np.uint8), 1)))
    live = FaceReader.load().portrait(render(traveller("deckhand").face()))
    assert distance(seen, live) < 0.5  # upright, and the whole face is on it


def test_a_page_without_a_portrait_has_none() -> None:
    try:
        page = clean_page(golden.PASSPORT, Press.of(31, pool=2))
    except FontsMissing as error:
        pytest.skip(str(error))
    knows = _Knows([_reading(golden.PASSPORT, proven=True)])
    assert PageDocumentReader(_Shows(page), knows, PagePortraits.load()).read(Deadline(5)).portrait is None


# --- a live camera over the glass ---


class _Shows:
    """A camera with one page before it; the corner says to `_Knows` that it is the first reading."""

    device = "page-1"

    def __init__(self, page: Pixels) -> None:
        self._page = page.copy()
        self._page[0, 0] = 1

    def next_frame(self, deadline: Deadline) -> Frame:
        deadline.check(self.device)
        return Frame.of(self._page, 0.0, self.device)

    def close(self) -> None: ...


class _Glass:
    """A camera whose every picture is one level of grey, and that stalls after the last."""

    device = "page-1"

    def __init__(self, levels: Sequence[int]) -> None:
        self._levels = list(levels)

    def next_frame(self, deadline: Deadline) -> Frame:
        if not self._levels:
            raise DeviceTimeout(self.device, "no more pictures")
        deadline.check(self.device)
        return Frame.of(np.full((8, 8, 3), self._levels.pop(0), np.uint8), 0.0, self.device)

    def close(self) -> None:
        self._levels.clear()


class _Knows:
    """Reads grey level n as the n-th of its readings; level 0 is the empty glass."""

    def __init__(self, readings: Sequence[PageReading]) -> None:
        self._readings = (None, *readings)

    def read(self, pixels: Pixels, go_on: Callable[[], None]) -> PageReading | None:
        go_on()
        return self._readings[int(pixels[0, 0, 0])]


def _reading(
    lines: tuple[str, ...],
    *,
    proven: bool,
    doubts: tuple[tuple[tuple[int, int], str], ...] = (),
    rotation_deg: int = 0,
) -> PageReading:
    return PageReading(lines, tuple((0.9,) * len(line) for line in lines), doubts, rotation_deg, proven)


FIRST, SECOND = (_reading(lines, proven=True) for lines in DOCUMENTS[:2])
BLURRED = _reading((DOCUMENTS[0][0], DOCUMENTS[0][1][:-1] + "7"), proven=False)


def live(levels: Sequence[int]) -> PageDocumentReader:
    return PageDocumentReader(_Glass(levels), _Knows([FIRST, SECOND, BLURRED]), is_live=True)


def test_a_live_camera_waits_for_a_zone_that_is_proven() -> None:
    text = live([0, 0, 3, 3, 1, 1]).read(Deadline(1))
    judged = parse(text.lines, dict(text.doubts))
    assert isinstance(judged, Accepted)
    assert judged.lines == FIRST.lines


def test_one_picture_that_is_proven_is_not_enough_for_a_live_camera() -> None:
    with pytest.raises(DeviceTimeout):
        live([0, *[1] * (QUORUM - 1)]).read(Deadline(1))


def test_a_zone_that_is_never_proven_is_handed_over_in_the_end() -> None:
    assert live([3] * UNPROVEN_LOOKS).read(Deadline(1)).lines == BLURRED.lines
    with pytest.raises(DeviceTimeout):
        live([3] * (UNPROVEN_LOOKS - 1)).read(Deadline(1))


def test_a_passport_left_lying_is_not_the_next_travellers() -> None:
    reader = live([1, 1, 1, 3, 1, 0, 1, 2, 2])
    assert reader.read(Deadline(1)).lines == FIRST.lines
    assert reader.read(Deadline(1)).lines == SECOND.lines


def test_the_same_passport_counts_again_once_the_glass_was_empty() -> None:
    reader = live([1, 1, *[0] * EMPTY_LOOKS, 1, 1])
    assert reader.read(Deadline(1)).lines == FIRST.lines
    assert reader.read(Deadline(1)).lines == FIRST.lines


# --- as it is written in the configuration ---


def test_a_folder_may_name_its_profile_and_nothing_else(glass: Path) -> None:
    for address in (str(glass), f"{glass}?profile=photo", f"{glass}?profile=cradle"):
        assert page_reader(address, "page-1").device == "page-1"
    for wrong in (f"{glass}?profile=cinema", f"{glass}?fps=3", ""):
        with pytest.raises(ValueError):
            page_reader(wrong, "page-1")


def test_a_camera_over_the_glass_is_named_before_its_own_address(
    tmp_path: Path, pages: dict[tuple[str, ...], bytes]
) -> None:
    for number in range(QUORUM + 1):
        (tmp_path / f"{number}.png").write_bytes(pages[golden.PASSPORT])
    reader = page_reader(f"frames:{tmp_path}?fps=5&loop=1", "page-1")
    try:
        assert reader.read(Deadline(60)).lines == golden.PASSPORT
    finally:
        reader.close()
    with pytest.raises(ValueError):
        page_reader(f"frames:{tmp_path}?sips=5", "page-1")
