"""Codes: states, organisations, and people without a state, told apart."""

from __future__ import annotations

import pytest

from border.documents import countries
from border.documents.countries import CodeKind, canonical, kind_of


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TTO", CodeKind.STATE),
        ("D", CodeKind.STATE),
        ("DEU", CodeKind.STATE),
        ("GBD", CodeKind.STATE),
        ("RKS", CodeKind.STATE),
        ("XXA", CodeKind.STATELESS),
        ("XXB", CodeKind.REFUGEE),
        ("XXC", CodeKind.REFUGEE),
        ("XXX", CodeKind.UNSPECIFIED),
        ("UNO", CodeKind.ORGANISATION),
        ("XCC", CodeKind.ORGANISATION),
        ("XES", CodeKind.ORGANISATION),
        ("XOM", CodeKind.ORGANISATION),
        ("UTO", CodeKind.SPECIMEN),
        ("ANT", CodeKind.UNKNOWN),
        ("ZZZ", CodeKind.UNKNOWN),
        ("", CodeKind.UNKNOWN),
        ("tto", CodeKind.UNKNOWN),
    ],
)
def test_every_code_has_a_kind(code: str, kind: CodeKind) -> None:
    assert kind_of(code) is kind


def test_the_iso_list_is_whole_and_disjoint_from_the_special_codes() -> None:
    assert len(countries.ISO_3166) == 249
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in countries.ISO_3166)
    assert not countries.ISO_3166 & countries.SPECIAL.keys()


def test_people_without_a_state_are_under_protection() -> None:
    assert {code for code in countries.SPECIAL if kind_of(code) in countries.PROTECTION} == {
        "XXA",
        "XXB",
        "XXC",
        "XXX",
    }


def test_members_of_the_communities_are_states() -> None:
    members = countries.CARICOM_MEMBERS | countries.CARICOM_ASSOCIATES
    members |= countries.OECS_MEMBERS | countries.OECS_ASSOCIATES
    assert members <= countries.ISO_3166
    assert len(countries.CARICOM_MEMBERS) == 15
    assert countries.OECS_MEMBERS < countries.CARICOM_MEMBERS
    assert not countries.CARICOM_MEMBERS & countries.CARICOM_ASSOCIATES


def test_germans_are_german_however_they_are_printed() -> None:
    assert canonical("DEU") == canonical("D") == "D"
    assert canonical("TTO") == "TTO"
