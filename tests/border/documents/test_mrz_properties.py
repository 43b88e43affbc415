"""Properties of the parser: whatever is written reads back verified, and no input makes it raise."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.documents.mrz import Accepted, CheckDigit, Format, Rescan, parse, unverified
from border.documents.mrz_writer import Holder, mrz_information, write
from tests.border.documents import specimens
from tests.border.documents.specimens import ALPHANUMERIC, Lines
from tests.fuzz.fuzz_mrz import one_input

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
VISAS = {Format.MRV_A, Format.MRV_B}
LONGEST = {Format.TD1: 22, Format.TD2: 14, Format.FR_ID: 12}

names = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=2).map(" ".join)
days = st.one_of(
    st.dates().map(lambda day: f"{day.year % 100:02d}{day.month:02d}{day.day:02d}"),
    st.sampled_from(("74<<<<", "7408<<", "<<<<<<", "740000", "990231")),
)


@st.composite
def holders(draw: st.DrawFn, format_: Format) -> Holder:
    number = draw(st.text(ALPHANUMERIC, min_size=1, max_size=LONGEST.get(format_, 9)))
    room = {Format.TD1: 15, Format.TD2: 7, Format.TD3: 14, Format.MRV_A: 16, Format.MRV_B: 8, Format.FR_ID: 6}[format_]
    is_french = format_ is Format.FR_ID
    room -= len(number) - 9 + 2 if len(number) > 9 and not is_french else 0
    optional = [draw(st.text(ALPHANUMERIC, max_size=room))]
    if format_ is Format.TD1:
        optional.append(draw(st.text(ALPHANUMERIC, max_size=11)))
    return Holder(
        primary_identifier=draw(names),
        secondary_identifier=draw(names if is_french else st.one_of(st.just(""), names)),
        document_number=number,
        date_of_birth=draw(days),
        date_of_expiry="<<<<<<" if is_french else draw(days),
        nationality="FRA" if is_french else draw(st.sampled_from(("UTO", "D", "XXA", "TTO"))),
        issuing_state="FRA" if is_french else draw(st.sampled_from(("UTO", "D", "UNO"))),
        document_code="ID"
        if is_french
        else draw(st.sampled_from(("V", "VC") if format_ in VISAS else ("P", "IR", "C1"))),
        sex=draw(st.sampled_from("MFX")),
        optional_data=tuple(optional),
    )


@pytest.mark.parametrize("format_", Format)
@given(data=st.data())
def test_what_is_written_reads_back_verified(format_: Format, data: st.DataObject) -> None:
    holder = data.draw(holders(format_))
    lines = write(format_, holder)
    reading = parse(lines)
    assert isinstance(reading, Accepted)
    zone = reading.mrz
    assert reading.lines == lines
    assert unverified(zone) == ()
    assert zone.refuted() == ()
    assert zone.format is format_
    for field in ("primary_identifier", "secondary_identifier", "document_number", "nationality", "issuing_state"):
        assert getattr(zone, field) == getattr(holder, field)
    assert (zone.document_code, zone.sex, zone.repairs) == (holder.document_code, holder.sex, ())
    assert zone.optional_data == holder.optional_data
    printed = mrz_information(zone)
    assert holder.date_of_birth in printed
    assert holder.date_of_expiry in printed
    assert printed.startswith(holder.document_number)


@pytest.mark.parametrize("length", range(10, 23))
def test_numbers_of_ten_characters_and_more_on_a_card(length: int) -> None:
    number = "D2314589073412345678901"[:length]
    holder = Holder("DOE", "JO", number, "740812", "300415", "UTO", "UTO", "I")
    reading = parse(write(Format.TD1, holder))
    assert isinstance(reading, Accepted)
    assert reading.mrz.document_number == number
    assert reading.mrz.evidence("document_number") is CheckDigit.VERIFIED


@pytest.mark.parametrize(
    ("format_", "change"),
    [
        (Format.TD3, {"document_number": "A" * 10}),
        (Format.TD2, {"document_number": "A" * 15}),
        (Format.TD1, {"document_number": "A" * 22, "optional_data": ("X",)}),
        (Format.TD1, {"document_number": "A<BCDEFGHIJ"}),
        (Format.TD3, {"document_number": "a"}),
        (Format.TD3, {"date_of_birth": "7408"}),
        (Format.TD3, {"sex": "<"}),
        (Format.TD3, {"primary_identifier": "李"}),
        (Format.TD3, {"document_code": "V"}),
        (Format.MRV_A, {}),
        (Format.FR_ID, {}),
        (Format.TD2, {"document_code": "ID", "issuing_state": "FRA"}),
        (Format.FR_ID, {"document_code": "ID", "issuing_state": "FRA", "nationality": "FRA"}),  # it prints no expiry
    ],
)
def test_the_writer_refuses_what_a_format_cannot_hold(format_: Format, change: dict[str, object]) -> None:
    good: dict[str, object] = {
        "primary_identifier": "DOE",
        "secondary_identifier": "JO",
        "document_number": "A1",
        "date_of_birth": "740812",
        "date_of_expiry": "300415",
        "nationality": "UTO",
        "issuing_state": "UTO",
    }
    with pytest.raises(ValueError):
        write(format_, Holder(**(good | change)))  # type: ignore[arg-type]


def test_the_chip_key_seed_of_the_specimen() -> None:
    reading = parse(specimens.TD3)
    assert isinstance(reading, Accepted)
    assert mrz_information(reading.mrz) == "L898902C3674081221204159"


def test_the_writer_prints_the_specimens() -> None:
    holder = Holder(
        "Eriksson", "Anna Maria", "L898902C3", "740812", "120415", "UTO", "UTO", sex="F", optional_data=("ZE184226B",)
    )
    assert write(Format.TD3, holder) == specimens.TD3
    stevenson = Holder("Stevenson", "Peter John", "D23145890734", "340712", "950712", "UTO", "UTO", "I", "M")
    assert write(Format.TD1, stevenson) == specimens.LONG_TD1
    assert write(Format.TD2, stevenson) == specimens.LONG_TD2


@given(st.lists(st.text(max_size=50), max_size=4))
def test_no_text_makes_it_raise(lines: list[str]) -> None:
    assert isinstance(parse(lines), Accepted | Rescan)


shaped = st.sampled_from(((3, 30), (2, 36), (2, 44))).flatmap(
    lambda shape: st.lists(
        st.text(ALPHANUMERIC + "<<<<<<?_*", min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)
cells = st.tuples(st.integers(0, 3), st.integers(0, 45))


@given(shaped, st.dictionaries(cells, st.text(max_size=3), max_size=9))
def test_no_lines_of_the_right_shape_make_it_raise(lines: list[str], doubts: dict[tuple[int, int], str]) -> None:
    assert isinstance(parse(lines, doubts), Accepted | Rescan)


@st.composite
def damaged(draw: st.DrawFn) -> Lines:
    lines = draw(st.sampled_from([*specimens.BY_FORMAT.values(), specimens.LONG_TD1, specimens.LONG_TD2]))
    for _ in range(draw(st.integers(0, 6))):
        line = draw(st.integers(0, len(lines) - 1))
        position = draw(st.integers(0, len(lines[line]) - 1))
        lines = specimens.put(lines, line, position, draw(st.sampled_from(ALPHANUMERIC + "<?")))
    return lines


@settings(max_examples=400)
@given(damaged(), st.dictionaries(cells, st.text(ALPHANUMERIC + "<é", max_size=2), max_size=9))
def test_what_is_accepted_is_consistent_with_its_own_lines(lines: Lines, doubts: dict[tuple[int, int], str]) -> None:
    reading = parse(lines, doubts)
    if isinstance(reading, Rescan):
        return
    again = parse(reading.lines)
    assert isinstance(again, Accepted)
    assert again.lines == reading.lines
    assert again.mrz.check_digits == reading.mrz.check_digits
    for change in reading.mrz.repairs:
        assert reading.lines[change.line][change.position] == change.accepted
        assert reading.mrz.evidence(change.proved_by) is CheckDigit.VERIFIED


def test_the_fuzz_harness_runs_on_seeded_bytes() -> None:
    chance = random.Random(9303)
    seeds: Sequence[Lines] = tuple(specimens.BY_FORMAT.values())
    for number in range(600):
        data = bytearray("\n".join(seeds[number % len(seeds)]).encode())
        for _ in range(number % 9):
            data[chance.randrange(len(data))] = chance.randrange(256)
        one_input(bytes(data))
    one_input(b"")
