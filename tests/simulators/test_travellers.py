"""The synthetic travellers: every document parses, and says what the traveller's story says."""

from __future__ import annotations

from datetime import date

import pytest

from border.documents.dates import age_years, resolve_birth, resolve_expiry
from border.documents.mrz import parse
from border.documents.values import Accepted, CheckDigit, Format, Mrz
from simulators.travellers import SYNTHETIC, TRAVELLERS, WATCHED, Traveller, traveller

TODAY = date(2026, 3, 14)
DAYS = (date(2025, 1, 1), TODAY, date(2028, 2, 29), date(2031, 12, 31))
EVERYBODY = pytest.mark.parametrize("who", TRAVELLERS, ids=lambda who: who.key)


def mrz_of(who: Traveller, today: date = TODAY) -> Mrz:
    reading = parse(who.lines(today))
    assert isinstance(reading, Accepted)
    return reading.mrz


@EVERYBODY
def test_every_document_parses_with_every_check_digit_verified_and_nothing_repaired(who: Traveller) -> None:
    mrz = mrz_of(who)
    assert mrz.format is who.format
    assert mrz.repairs == ()
    assert CheckDigit.REFUTED not in {word for _, word in mrz.check_digits}
    assert mrz.document_number == who.document_number
    assert (mrz.issuing_state, mrz.nationality, mrz.sex) == (who.issuing_state, who.nationality, who.sex)


@EVERYBODY
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_ages_stay_true_whenever_the_lines_are_written(who: Traveller, today: date) -> None:
    birth = resolve_birth(mrz_of(who, today).date_of_birth, today)
    assert birth is not None
    if birth.is_exact:
        assert age_years(birth, today) == who.age_years
    else:
        assert birth.earliest.year in {today.year - who.age_years, today.year - who.age_years - 1}


@EVERYBODY
@pytest.mark.parametrize("today", DAYS, ids=str)
def test_only_the_expired_passport_has_expired(who: Traveller, today: date) -> None:
    expiry = resolve_expiry(mrz_of(who, today).date_of_expiry, today)
    assert expiry is not None
    assert (expiry.latest < today) == (who.key == "expired")


def test_keys_faces_fingers_and_numbers_are_each_used_once() -> None:
    for field in ("key", "face_seed", "finger_seed", "document_number", "name"):
        assert len({getattr(one, field) for one in TRAVELLERS}) == len(TRAVELLERS) >= 12


def test_languages_are_the_kiosks_four() -> None:
    assert {language for one in TRAVELLERS for language in one.languages} == {"en", "es", "fr", "ht"}
    assert {one.languages[0] for one in TRAVELLERS} == {"en", "es", "fr", "ht"}


def test_formats_td1_td2_and_td3_are_all_there() -> None:
    assert {one.format for one in TRAVELLERS} == {Format.TD1, Format.TD2, Format.TD3}


def test_protection_codes_are_printed_as_nationality() -> None:
    assert mrz_of(traveller("stateless")).nationality == "XXA"
    assert mrz_of(traveller("refugee")).nationality == "XXB"


def test_the_long_number_is_joined_again() -> None:
    mrz = mrz_of(traveller("long_number"))
    assert mrz.format is Format.TD1
    assert len(mrz.document_number) == 14


def test_the_double_surname_is_truncated_and_says_so() -> None:
    assert mrz_of(traveller("double_surname")).name_truncated
    assert not mrz_of(traveller("skipper")).name_truncated


def test_the_unknown_birth_day_is_unknown() -> None:
    born = mrz_of(traveller("unknown_birth_day")).date_of_birth
    assert (born.month, born.day) == (3, None)


def test_the_family_travels_together_with_a_minor_a_child_and_a_grandmother() -> None:
    family = {one.key: one for one in TRAVELLERS if one.party == traveller("mother").party}
    assert set(family) == {"mother", "son", "daughter", "grandmother"}
    assert (family["son"].age_years, family["daughter"].age_years) == (15, 9)
    assert family["grandmother"].age_years > 70


def test_letters_no_zone_can_print_are_transliterated() -> None:
    assert mrz_of(traveller("cook")).secondary_identifier == "PLACIDO"


def test_the_watched_traveller_exists_and_everything_is_marked_synthetic() -> None:
    assert traveller(WATCHED).key == WATCHED
    assert "Invented" in SYNTHETIC
    with pytest.raises(KeyError):
        traveller("nobody")


def test_ages_of_documents_and_faces_agree() -> None:
    assert all(one.face().age_years == one.age_years for one in TRAVELLERS)
