"""Repairs: what is proven is put right and recorded, everything else is read again (K5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pytest

from border.documents.layout import LAYOUTS
from border.documents.mrz import Accepted, CheckDigit, Format, Repair, Rescan, RescanReason, parse
from border.documents.repair import LOOK_ALIKES, Cell, checked_fields
from tests.border.documents import specimens
from tests.border.documents.specimens import ALPHANUMERIC, Lines, corpus, put

# The French card's composite covers its names as well, and no digit repairs a name: they are read again.
LEAST_REPAIRED = {Format.FR_ID: 0.15}


def repairs(lines: Lines, doubts: Mapping[Cell, str] | None = None) -> tuple[Repair, ...]:
    reading = parse(lines, doubts or {})
    assert isinstance(reading, Accepted), reading
    return reading.mrz.repairs


def reason(lines: Lines, doubts: Mapping[Cell, str] | None = None) -> RescanReason:
    reading = parse(lines, doubts or {})
    assert isinstance(reading, Rescan), reading
    return reading.reason


@pytest.mark.parametrize(
    ("position", "read", "true", "proved_by"),
    [
        (15, "O", "0", "date_of_birth"),
        (17, "I", "1", "date_of_birth"),
        (17, "L", "1", "date_of_birth"),
        (18, "Z", "2", "date_of_birth"),
        (16, "B", "8", "date_of_birth"),
        (26, "S", "5", "date_of_expiry"),
        (9, "G", "6", "document_number"),
        (43, "Q", "0", "composite"),
    ],
)
def test_a_letter_where_only_a_digit_can_stand_is_put_right(
    position: int, read: str, true: str, proved_by: str
) -> None:
    found = parse(put(specimens.TD3, 1, position, read))
    assert isinstance(found, Accepted)
    assert found.lines == specimens.TD3
    assert found.mrz.repairs == (Repair(1, position, read, true, proved_by),)
    assert found.mrz.refuted() == ()


@pytest.mark.parametrize(("line", "position"), [(0, 18), (1, 5)])
def test_the_digit_of_a_long_number_and_of_a_cards_dates_repair_too(line: int, position: int) -> None:
    truth = specimens.LONG_TD1[line][position]
    read = {"9": "?", "2": "Z"}[truth]
    found = parse(put(specimens.LONG_TD1, line, position, read))
    assert isinstance(found, Accepted)
    assert found.lines == specimens.LONG_TD1


def test_one_repair_in_each_of_several_fields_is_allowed() -> None:
    lines = put(put(specimens.TD3, 1, 15, "O"), 1, 26, "S")
    assert [change.proved_by for change in repairs(lines)] == ["date_of_birth", "date_of_expiry"]


def test_an_unread_character_of_a_date_has_one_value_only() -> None:
    assert repairs(put(specimens.TD3, 1, 14, "?")) == (Repair(1, 14, "?", "4", "date_of_birth"),)


def test_an_unread_check_digit_is_proven_by_the_composite() -> None:
    assert repairs(put(specimens.TD3, 1, 19, "_")) == (Repair(1, 19, "?", "2", "composite"),)


@pytest.mark.parametrize(
    "lines",
    [
        put(specimens.TD3, 1, 43, "?"),  # the composite cannot speak for itself
        put(put(specimens.TD3, 1, 19, "?"), 1, 27, "?"),  # nor for two digits
        put(specimens.MRV_A, 1, 19, "?"),  # and a visa has none
    ],
)
def test_an_unread_digit_nothing_proves_is_read_again(lines: Lines) -> None:
    assert reason(lines) is RescanReason.UNREAD_CHARACTER


def test_two_bad_characters_in_one_field_are_not_repaired() -> None:
    assert reason(put(specimens.TD3, 1, 13, "T4O8")) is RescanReason.UNREADABLE_FIELD


def test_a_letter_that_looks_like_no_fitting_digit_is_not_repaired() -> None:
    assert reason(put(specimens.TD3, 1, 13, "X")) is RescanReason.UNREADABLE_FIELD
    assert reason(put(specimens.TD3, 1, 13, "S")) is RescanReason.UNREADABLE_FIELD


def test_half_an_unknown_date_part_is_not_a_date() -> None:
    assert reason(put(specimens.TD3, 1, 14, "<")) is RescanReason.UNREADABLE_FIELD


def test_a_repair_that_makes_an_impossible_date_is_none() -> None:
    # The digit 3 wants the 30th of February.
    assert reason(put(specimens.MRV_A, 1, 13, "990?303")) is RescanReason.UNREADABLE_FIELD


def test_an_impossible_date_as_printed_keeps_its_repaired_digit() -> None:
    found = parse(put(specimens.MRV_A, 1, 13, "000000O"))
    assert isinstance(found, Accepted)
    assert not found.mrz.date_of_birth.is_possible
    assert found.mrz.repairs == (Repair(1, 19, "O", "0", "date_of_birth"),)


def test_a_look_alike_in_a_number_is_ambiguous_without_a_witness() -> None:
    found = parse(put(specimens.TD3, 1, 5, "O"))
    assert isinstance(found, Rescan)
    assert (found.reason, found.field) == (RescanReason.AMBIGUOUS, "document_number")


def test_a_readers_doubt_is_the_witness() -> None:
    lines = put(specimens.TD3, 1, 5, "O")
    expected = (Repair(1, 5, "O", "0", "document_number"),)
    assert repairs(lines, {(1, 5): ""}) == expected
    assert repairs(lines, {(1, 5): "0Q", (1, 4): "3"}) == expected


def test_two_doubts_that_both_satisfy_the_digit_are_ambiguous() -> None:
    assert reason(put(specimens.TD3, 1, 5, "O"), {(1, 5): "0", (1, 4): "B"}) is RescanReason.AMBIGUOUS


def test_a_doubt_in_a_verified_field_changes_nothing() -> None:
    assert repairs(specimens.TD3, {(1, 5): "OQD", (1, 13): "1"}) == ()


def test_an_unread_character_in_a_number_has_several_values() -> None:
    assert reason(put(specimens.TD3, 1, 3, "?")) is RescanReason.AMBIGUOUS
    assert reason(put(specimens.TD1, 0, 20, "?")) is RescanReason.AMBIGUOUS


def test_the_composite_must_agree_with_a_repair() -> None:
    lines = put(put(specimens.TD3, 1, 15, "O"), 1, 43, "7")
    assert reason(lines) is RescanReason.COMPOSITE_DISAGREES


def test_a_repair_beside_a_refuted_field_is_not_taken() -> None:
    found = parse(put(put(specimens.MRV_A, 1, 13, "O"), 1, 21, "97"))
    assert found == Rescan(RescanReason.UNREADABLE_FIELD, "date_of_birth", 1, 13)
    found = parse(put(put(specimens.MRV_A, 1, 18, "T"), 1, 21, "97"))
    assert found == Rescan(RescanReason.UNREADABLE_FIELD, "date_of_expiry")


def test_a_repair_for_the_composite_must_not_move_the_digit_of_a_long_number() -> None:
    # A 3 for the filler that ends the number would satisfy a composite of 5, and make itself the number's digit.
    lines = put(specimens.LONG_TD1, 1, 29, "5")
    assert reason(lines, {(0, 19): "3"}) is RescanReason.COMPOSITE_DISAGREES


def test_a_repair_that_silences_its_own_digit_is_refused() -> None:
    # With a filler inside, the number is no longer a long one, and the digit in the optional data not its digit.
    lines = put(specimens.LONG_TD1, 0, 13, "?")
    assert reason(lines, {(0, 13): "<"}) is RescanReason.COMPOSITE_DISAGREES


def test_a_refuted_field_without_look_alikes_is_evidence() -> None:
    found = parse(put(specimens.TD3, 1, 8, "5"))
    assert isinstance(found, Accepted)
    assert found.mrz.evidence("document_number") is CheckDigit.REFUTED


@dataclass
class Tally:
    """What became of readings whose truth is known."""

    readings: int = 0
    repaired: int = 0
    wrong: int = 0  # a repair put in a character that is not the printed one
    differing: int = 0  # repaired text that is not the truth, also by a misread no digit can see (1 and L, 6 and G)
    seen: list[Lines] = field(default_factory=list)

    def count(self, truth: Lines, read: Lines, doubts: Mapping[Cell, str] | None = None) -> None:
        self.readings += 1
        reading = parse(read, doubts or {})
        if not isinstance(reading, Accepted) or not reading.mrz.repairs:
            return
        self.repaired += 1
        self.differing += reading.lines != truth
        if any(truth[change.line][change.position] != change.accepted for change in reading.mrz.repairs):
            self.wrong += 1
            self.seen.append(read)


def covered(format_: Format, lines: Lines) -> list[Cell]:
    checked = checked_fields(LAYOUTS[format_], lines)
    return sorted({cell for each in checked for cell in (*each.cells, each.digit)})


def confusions(format_: Format, truth: Lines) -> list[tuple[Cell, str]]:
    """Every look-alike, and the unread mark, for every character a digit covers."""
    return [
        ((line, at), read)
        for line, at in covered(format_, truth)
        for read in LOOK_ALIKES.get(truth[line][at], "") + "?"
    ]


@cache
def single_confusions(format_: Format) -> Tally:
    tally = Tally()
    for truth in corpus(format_, 60):
        for cell, read in confusions(format_, truth):
            tally.count(truth, put(truth, *cell, read))
    return tally


@pytest.mark.parametrize("format_", Format)
def test_k5_no_single_confusion_is_repaired_wrongly(format_: Format) -> None:
    tally = single_confusions(format_)
    assert tally.repaired > LEAST_REPAIRED.get(format_, 0.3) * tally.readings
    assert (tally.wrong, tally.differing) == (0, 0), tally.seen[:3]


def test_k5_over_all_formats_is_below_one_in_ten_thousand() -> None:
    tallies = [single_confusions(format_) for format_ in Format]
    repaired = sum(tally.repaired for tally in tallies)
    assert repaired > 10_000
    assert sum(tally.differing for tally in tallies) / repaired < 1e-4


@pytest.mark.parametrize("format_", Format)
def test_k5_no_pair_of_confusions_is_repaired_wrongly(format_: Format) -> None:
    tally = Tally()
    for truth in corpus(format_, 1, seed=30):
        pairs = itertools.combinations(confusions(format_, truth), 2)
        for (first, one), (second, other) in pairs:
            if first != second:
                tally.count(truth, put(put(truth, *first, one), *second, other))
    assert tally.repaired > 150
    assert tally.wrong == 0, tally.seen[:3]


@pytest.mark.parametrize("format_", Format)
def test_no_single_misread_of_any_kind_is_repaired_wrongly(format_: Format) -> None:
    """Also none outside the table of look-alikes: 3 for 8, W for M, a filler for a digit."""
    tally = Tally()
    for truth in corpus(format_, 4, seed=35):
        for line, at in covered(format_, truth):
            for read in _others(truth[line][at]):
                tally.count(truth, put(truth, line, at, read))
    assert tally.repaired > 40
    assert (tally.wrong, tally.differing) == (0, 0), tally.seen[:3]


@pytest.mark.parametrize("format_", Format)
def test_a_doubted_look_alike_is_repaired_rightly_or_not_at_all(format_: Format) -> None:
    tally = Tally()
    for truth in corpus(format_, 8, seed=42):
        cells = covered(format_, truth)
        for cell, read in confusions(format_, truth):
            also = cells[(cells.index(cell) + 5) % len(cells)]
            tally.count(truth, put(truth, *cell, read), {cell: "", also: ""})
    assert tally.repaired > LEAST_REPAIRED.get(format_, 0.4) * tally.readings
    assert (tally.wrong, tally.differing) == (0, 0), tally.seen[:3]


def _others(char: str) -> Iterable[str]:
    return (other for other in ALPHANUMERIC + "<?" if other != char)
