"""A slip as ESC/POS bytes, held to the reference by hand and by what the simulator makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.web.catalogue import load
from drivers.api import LineStyle, Slip, SlipLine
from drivers.deadline import Deadline
from drivers.errors import CoverOpen, DeviceRefused, PaperOut
from drivers.line import SerialLine
from drivers.printer import escpos_wire as wire
from drivers.printer.escpos import EscposPrinter
from simulators.escpos import EscposSim, Row, Sheet
from tests.codes import read_code

NUMBER = Slip((SlipLine("7K4-203", LineStyle.LARGE),), "LF")
GOLDEN = bytes.fromhex(
    "1B40 1B7413"  # initialise, table 19
    "1B6101 1B4501 1D2111 374B342D323033 0A"  # middle, strong, twice as large
    "1B6101 1D286B0400 31413200 1D286B0300 314306 1D286B0300 314531"  # QR: model 2, 6 dots, correction M
    "1D286B0500 3150304C46 1D286B0300 315130"  # its data, and print it
    "1B6100 1B4500 1D2100 1D564203"  # plain again, cut
)


def test_a_slip_is_these_bytes() -> None:
    assert wire.job(NUMBER, columns=42, code_page=19) == GOLDEN


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("é è à ç ñ ò ¿ ¡ ê ü", b"\x82 \x8a \x85 \x87 \xa4 \x95 \xa8 \xad \x88 \x81"),
        ("l’œuvre – “x” …", b'l\'oeuvre - "x" ...'),
        ("ő 漢", b"o ?"),
        ("a\x1bb\nc", b"a?b?c"),
    ],
)
def test_letters_the_printer_lacks_lose_their_accent_and_nothing_becomes_a_command(text: str, data: bytes) -> None:
    assert wire.encoded(text) == data


def test_the_printers_table_has_every_letter_of_every_language() -> None:
    words = load()
    for language in words.languages:
        texts = {words.text(language.code, key) for key in words.keys if key.startswith("slip.")}
        assert texts
        assert {text for text in texts if wire.encoded(text).decode("cp858") != text} == set()


@pytest.mark.parametrize("size", [0, wire.QR_MAX_BYTES + 1])
def test_a_code_of_no_or_of_too_many_bytes_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="QR"):
        wire.qr(b"x" * size)


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> object:
    sim = EscposSim(tmp_path_factory.mktemp("printer") / "printer")
    yield sim
    sim.close()


@settings(max_examples=25, deadline=None)
@example([], "[d\xe1\xff+\x0f\xf67X>")  # the length of what is stored is 16, which is DLE
@given(st.lists(st.tuples(st.text(max_size=90), st.sampled_from(LineStyle)), max_size=6), st.text(max_size=40))
def test_any_slip_is_printed_as_one_and_no_text_is_a_command(
    sim: EscposSim, lines: list[tuple[str, LineStyle]], code: str
) -> None:
    before = len(sim.sheets)
    printer = EscposPrinter("p", SerialLine("p", str(sim.path), 9600), columns=32, code_page=19)
    printer.print(Slip(tuple(SlipLine(text, style) for text, style in lines), code), Deadline(20))
    printer.close()
    assert sim.unknown == []
    assert len(sim.sheets) == before + 1
    sheet = sim.sheets[-1]
    assert sheet.codes == ((code,) if code else ())
    assert all(len(row.text) <= (16 if row.large else 32) for row in sheet.rows)


def test_status_bytes_of_the_reference() -> None:
    assert wire.is_status(0x12)
    assert not wire.is_paper(0x12)
    assert wire.is_paper(0x03)
    assert not wire.is_status(0x03)
    assert wire.is_offline(0x1A)
    assert wire.OfflineCause.of(0x16) == wire.OfflineCause(True, False, False)
    assert wire.OfflineCause.of(0x32) == wire.OfflineCause(False, True, False)
    assert wire.OfflineCause.of(0x52) == wire.OfflineCause(False, False, True)
    assert wire.error_cause(0x1A) == "the cutter is stuck"
    assert "does not name" in wire.error_cause(0x12)
    assert wire.roll_is_low(0x1E)
    assert wire.roll_is_low(0x7E)
    assert not wire.roll_is_low(0x12)


def test_a_picture_of_a_slip_shows_its_letters_and_a_code_that_can_be_read() -> None:
    url = "http://castries-1.example:8102/case/019abcde-0000-7000-8000-123456789abc"
    sheet = Sheet((Row("7K4-203", large=True, centred=True), Row("Kreyòl")), (url,))
    picture = sheet.picture()
    assert read_code(picture).decode() == url
    assert (picture[60:100] < 128).any()
    assert sheet.png().startswith(b"\x89PNG")


def test_a_fault_of_the_printers_own_is_refused_with_its_name(tmp_path: Path) -> None:
    sim = EscposSim(tmp_path / "printer")
    printer = EscposPrinter("p", SerialLine("p", str(sim.path), 9600), columns=32, code_page=19)
    sim.is_broken = True
    with pytest.raises(DeviceRefused, match="cutter"):
        printer.look(Deadline(5))
    sim.is_broken, sim.cover_is_open, sim.rows_left = False, True, 0
    with pytest.raises(CoverOpen):  # the hand that closes it will see the paper
        printer.look(Deadline(5))
    sim.close_cover()
    with pytest.raises(PaperOut):
        printer.look(Deadline(5))
    printer.close()
    sim.close()


def test_the_rest_of_a_slip_of_the_run_before_is_forgotten_by_the_first_call(tmp_path: Path) -> None:
    """The kiosk's process was killed while the paper was out: the printer still holds what was sent."""
    sim = EscposSim(tmp_path / "printer")
    sim.rows_left = 0
    dying = SerialLine("p", str(sim.path), 9600)
    dying.send(GOLDEN[:40], Deadline(5))
    dying.close()
    printer = EscposPrinter("p", SerialLine("p", str(sim.path), 9600), columns=32, code_page=19)
    with pytest.raises(PaperOut):
        printer.look(Deadline(5))
    sim.refill()
    printer.print(Slip((SlipLine("next"),)), Deadline(5))
    assert [sheet.text for sheet in sim.sheets] == ["next"]
    printer.close()
    sim.close()
