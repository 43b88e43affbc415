"""The parser on the specimens of Doc 9303 and on what is wrong with a reading."""

from __future__ import annotations

import pytest

from border.documents.check_digit import check_digit
from border.documents.mrz import (
    Accepted,
    CheckDigit,
    Format,
    Mrz,
    PartialDate,
    Rescan,
    RescanReason,
    parse,
    unverified,
)
from tests.border.documents import specimens
from tests.border.documents.specimens import Lines, put

BIRTH = PartialDate(74, 8, 12, is_possible=True)
EXPIRY = PartialDate(12, 4, 15, is_possible=True)


def accepted(lines: Lines) -> Mrz:
    reading = parse(lines)
    assert isinstance(reading, Accepted), reading
    return reading.mrz


def rescanned(lines: Lines) -> Rescan:
    reading = parse(lines)
    assert isinstance(reading, Rescan), reading
    return reading


@pytest.mark.parametrize("format_", [Format.TD1, Format.TD2, Format.TD3])
def test_the_specimen_documents_read_in_full(format_: Format) -> None:
    zone = accepted(specimens.BY_FORMAT[format_])
    assert zone.format is format_
    assert (zone.primary_identifier, zone.secondary_identifier) == ("ERIKSSON", "ANNA MARIA")
    assert (zone.issuing_state, zone.nationality, zone.sex) == ("UTO", "UTO", "F")
    assert (zone.date_of_birth, zone.date_of_expiry) == (BIRTH, EXPIRY)
    assert unverified(zone) == ()
    assert zone.repairs == ()
    assert not zone.name_truncated


def test_the_specimen_passport_has_its_code_number_and_optional_data() -> None:
    zone = accepted(specimens.TD3)
    assert (zone.document_code, zone.document_number, zone.optional_data) == ("P", "L898902C3", ("ZE184226B",))


def test_the_specimen_card_has_two_optional_fields() -> None:
    zone = accepted(specimens.TD1)
    assert (zone.document_code, zone.document_number, zone.optional_data) == ("I", "D23145890", ("", ""))


@pytest.mark.parametrize("format_", [Format.MRV_A, Format.MRV_B])
def test_the_specimen_visas_read_in_full_and_have_no_composite(format_: Format) -> None:
    zone = accepted(specimens.BY_FORMAT[format_])
    assert zone.format is format_
    assert (zone.document_code, zone.document_number, zone.nationality) == ("V", "L8988901C", "XXX")
    assert zone.date_of_birth == PartialDate(40, 9, 7, is_possible=True)
    assert zone.date_of_expiry == PartialDate(96, 12, 10, is_possible=True)
    assert zone.optional_data == (("6ZE184226B",) if format_ is Format.MRV_A else ("",))
    assert "composite" not in dict(zone.check_digits)
    assert unverified(zone) == ()


def test_the_french_card_is_its_own_format_with_its_own_digits() -> None:
    zone = accepted(specimens.FR_ID)
    assert zone.format is Format.FR_ID
    assert (zone.primary_identifier, zone.secondary_identifier) == ("BERTHIER", "CORINNE")
    assert (zone.document_code, zone.issuing_state, zone.nationality, zone.sex) == ("ID", "FRA", "FRA", "F")
    assert (zone.document_number, zone.optional_data) == ("880692310285", ("",))
    assert zone.date_of_birth == PartialDate(65, 12, 6, is_possible=True)
    assert zone.date_of_expiry == PartialDate(None, None, None, is_possible=True)  # none is printed
    words = dict(zone.check_digits)
    assert {field for field, word in words.items() if word is CheckDigit.VERIFIED} == {
        "document_number",
        "date_of_birth",
        "composite",
    }
    assert unverified(zone) == ()


def test_the_french_cards_composite_speaks_for_both_lines() -> None:
    for line, at, read in ((0, 8, "F"), (1, 15, "B")):
        assert accepted(put(specimens.FR_ID, line, at, read)).refuted() == ("composite",)


def test_two_given_names_on_a_french_card_and_one_with_a_hyphen() -> None:
    upper, lower = specimens.FR_ID
    for printed, is_cut in (("ANNE<<MARIE<<<", False), ("ANNE<MARIE<<<<", False), ("ANNE<<MARIE<<L", True)):
        line = lower[:13] + printed + lower[27:35]
        zone = accepted((upper, line + str(check_digit(upper + line))))
        assert zone.secondary_identifier == "ANNE MARIE L"[: 12 if is_cut else 10]
        assert zone.name_truncated is is_cut


def test_two_lines_of_36_from_elsewhere_are_no_french_card() -> None:
    assert accepted(specimens.TD2).format is Format.TD2
    assert accepted((specimens.TD2[0].replace("I<UTO", "IRFRA"), specimens.TD2[1])).format is Format.TD2


def test_evidence_stands_in_printed_order_with_names_unproven() -> None:
    zone = accepted(specimens.TD1)
    assert [field for field, _ in zone.check_digits] == [
        "document_code",
        "issuing_state",
        "document_number",
        "optional_data_1",
        "date_of_birth",
        "sex",
        "date_of_expiry",
        "nationality",
        "optional_data_2",
        "primary_identifier",
        "secondary_identifier",
        "composite",
    ]
    assert zone.evidence("primary_identifier") is CheckDigit.NOT_PRINTED
    assert zone.evidence("document_number") is CheckDigit.VERIFIED
    assert zone.evidence("nothing of the kind") is CheckDigit.NOT_PRINTED


@pytest.mark.parametrize("lines", [specimens.LONG_TD1, specimens.LONG_TD2])
def test_a_long_number_is_joined_and_leaves_the_optional_data(lines: Lines) -> None:
    zone = accepted(lines)
    assert zone.document_number == "D23145890734"
    assert not any(zone.optional_data)
    assert unverified(zone) == ()


def test_what_follows_a_long_number_is_optional_data() -> None:
    lines = put(specimens.LONG_TD1, 0, 19, "<XY")
    assert accepted(lines).optional_data == ("XY", "")


def test_a_filler_for_the_numbers_digit_without_an_overflow_is_not_printed() -> None:
    zone = accepted(put(specimens.TD1, 0, 14, "<"))
    assert zone.evidence("document_number") is CheckDigit.NOT_PRINTED
    assert "document_number" in unverified(zone)


def test_optional_data_that_does_not_end_in_a_digit_is_no_long_number() -> None:
    zone = accepted(put(specimens.TD1, 0, 14, "<CK<"))
    assert (zone.document_number, zone.optional_data[0]) == ("D23145890", "CK")
    assert zone.evidence("document_number") is CheckDigit.NOT_PRINTED


def test_a_short_number_with_a_filler_for_its_digit_is_no_long_number() -> None:
    zone = accepted(put(specimens.TD1, 0, 13, "<<734<"))
    assert (zone.document_number, zone.optional_data[0]) == ("D2314589", "734")


def test_a_passport_number_never_overflows() -> None:
    zone = accepted(put(specimens.TD3, 1, 9, "<"))
    assert zone.document_number == "L898902C3"
    assert zone.evidence("document_number") is CheckDigit.NOT_PRINTED


@pytest.mark.parametrize(("digit", "word"), [("<", CheckDigit.NOT_PRINTED), ("0", CheckDigit.VERIFIED)])
def test_empty_optional_data_may_have_a_zero_or_a_filler_for_its_digit(digit: str, word: CheckDigit) -> None:
    zone = accepted(put(specimens.TD3, 1, 28, "<" * 14 + digit + "8"))
    assert zone.evidence("optional_data") is word
    assert unverified(zone) == ()


def test_optional_data_with_a_filler_for_its_digit_is_unverified() -> None:
    assert unverified(accepted(put(specimens.TD3, 1, 42, "<"))) == ("optional_data", "composite")


def test_unknown_parts_of_a_birth_date_stay_unknown() -> None:
    zone = accepted(put(specimens.TD3, 1, 13, "74<<<<6"))
    assert zone.date_of_birth == PartialDate(74, None, None, is_possible=True)
    assert zone.evidence("date_of_birth") is CheckDigit.REFUTED
    assert accepted(put(specimens.TD3, 1, 13, "<<<<<<0")).date_of_birth == PartialDate(None, None, None, True)


def test_an_impossible_date_is_flagged_and_its_digit_still_verified() -> None:
    zone = accepted(put(specimens.MRV_A, 1, 13, "9902314"))
    assert not zone.date_of_birth.is_possible
    assert zone.evidence("date_of_birth") is CheckDigit.VERIFIED


@pytest.mark.parametrize("printed", ["<", "X"])
def test_sex_unspecified_is_x(printed: str) -> None:
    assert accepted(put(specimens.TD3, 1, 20, printed)).sex == "X"


def test_a_name_that_reaches_the_last_position_is_truncated() -> None:
    assert accepted(put(specimens.TD3, 0, 43, "B")).name_truncated


def test_a_single_name_and_stray_double_fillers_are_read() -> None:
    alone = accepted(put(specimens.TD3, 0, 5, "ARKFREITH" + "<" * 30))
    assert (alone.primary_identifier, alone.secondary_identifier) == ("ARKFREITH", "")
    stray = accepted(put(specimens.TD3, 0, 5, "VAN<DER<MEER<<ANNA<<MARIA<<<"))
    assert (stray.primary_identifier, stray.secondary_identifier) == ("VAN DER MEER", "ANNA MARIA")


def test_a_one_letter_state_is_stripped_of_its_fillers() -> None:
    zone = accepted(put(specimens.TD3, 0, 2, "D<<"))
    assert zone.issuing_state == "D"


def test_a_refuted_digit_is_evidence_not_an_error() -> None:
    zone = accepted(put(specimens.TD3, 1, 13, "740813"))
    assert zone.evidence("date_of_birth") is CheckDigit.REFUTED
    assert zone.refuted() == ("date_of_birth", "composite")
    assert unverified(zone) == ("date_of_birth", "composite")


def test_white_space_and_blank_lines_around_a_zone_do_not_matter() -> None:
    padded = ("", f"  {specimens.TD3[0]}\r", " ", f"{specimens.TD3[1]}\n", "")
    assert parse(padded) == parse(specimens.TD3)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), RescanReason.NOTHING_READ),
        (("", " \r\n"), RescanReason.NOTHING_READ),
        ((specimens.TD3[0],), RescanReason.SHAPE),
        ((specimens.TD3[0], specimens.TD3[1][:-1]), RescanReason.SHAPE),
        ((*specimens.TD3, specimens.TD3[1]), RescanReason.SHAPE),
        (("X" * 30,) * 2, RescanReason.SHAPE),
    ],
)
def test_lines_of_no_format_are_read_again(lines: Lines, reason: RescanReason) -> None:
    assert parse(lines) == Rescan(reason)


@pytest.mark.parametrize(
    ("line", "position", "text", "reason", "field"),
    [
        (0, 7, "é", RescanReason.FORBIDDEN_CHARACTER, ""),
        (1, 7, "c", RescanReason.FORBIDDEN_CHARACTER, ""),
        (0, 0, "?", RescanReason.UNREAD_CHARACTER, "document_code"),
        (0, 1, "?", RescanReason.UNREAD_CHARACTER, "document_code"),
        (0, 0, "9", RescanReason.UNPROVEN_CHARACTER, "document_code"),
        (0, 3, "0", RescanReason.UNPROVEN_CHARACTER, "issuing_state"),
        (0, 5, "<", RescanReason.UNPROVEN_CHARACTER, "name"),
        (0, 6, "1", RescanReason.UNPROVEN_CHARACTER, "name"),
        (0, 9, "*", RescanReason.UNREAD_CHARACTER, "name"),
        (1, 10, "_", RescanReason.UNREAD_CHARACTER, "nationality"),
        (1, 20, "E", RescanReason.UNPROVEN_CHARACTER, "sex"),
    ],
)
def test_characters_no_digit_covers_are_never_guessed(
    line: int, position: int, text: str, reason: RescanReason, field: str
) -> None:
    found = rescanned(put(specimens.TD3, line, position, text))
    assert found == Rescan(reason, field, line, position)


def test_an_unread_character_in_a_visas_optional_data_is_read_again() -> None:
    found = rescanned(put(specimens.MRV_B, 1, 30, "?"))
    assert found == Rescan(RescanReason.UNREAD_CHARACTER, "optional_data", 1, 30)


def test_a_zone_does_not_print_its_traveller() -> None:
    assert "ERIKSSON" not in repr(parse(specimens.TD3))
    assert "L898902C3" not in repr(accepted(specimens.TD3))
