"""Names: transliteration by Doc 9303-3, the name field and its truncation, and comparison."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.documents.mrz import Accepted, parse
from border.documents.names import Name, NameMatch, matches, name_field
from border.documents.transliteration import SCHEMES, transliterate
from tests.border.documents import specimens

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Eriksson", "ERIKSSON"),
        ("Müller", "MUELLER"),
        ("Groß", "GROSS"),
        ("STRAẞE", "STRASSE"),
        ("Æsir Ørsted Åse", "AESIR OERSTED AASE"),
        ("Þór Ðóra", "THOR DORA"),
        ("Núñez", "NUNEZ"),
        ("Łukasz Żółć", "LUKASZ ZOLC"),
        ("ĳzer œuvre", "IJZER OEUVRE"),
        ("Iğdır İzmir", "IGDIR IZMIR"),
        ("Nguyễn", "NGUYEN"),
        ("O'Connor", "OCONNOR"),
        ("D’Artagnan", "DARTAGNAN"),
        ("ŉ Kapp´e", "N KAPPE"),
        ("Smith-Jones", "SMITH JONES"),
        ("St. John", "ST JOHN"),
        ("Смирнова", "SMIRNOVA"),
        ("Щербаков Юлия", "SHCHERBAKOV IULIIA"),
        ("Подъячев Игорь", "PODIEIACHEV IGOR"),
        ("ابو بكر محمد بن زكريا الرازي", "ABW BKR MXHMD BN ZKRYA ALRAZY"),
        ("فاطمة", "FAXTTMXAH"),
        ("عبّاس", "EBBAS"),
        ("مُحَمَّد", "MXHMMD"),
        ("李", "?"),
        ("---", ""),
    ],
)
def test_national_characters_become_letters(printed: str, expected: str) -> None:
    assert transliterate(printed) == expected


@pytest.mark.parametrize(
    ("printed", "scheme", "expected"),
    [
        ("Müller Núñez", "base", "MULLER NUNEZ"),
        ("Müller Núñez", "escaped", "MUXXLLER NUNXXEZ"),
        ("Юлія Гнатюк", "uk", "YULIIA HNATIUK"),
        ("Щукин", "bg", "SHTUKIN"),
        ("Ќосев", "mk", "KJOSEV"),
        ("Хаџић", "sr", "HADZIC"),
        ("Ёва", "be", "IOVA"),
    ],
)
def test_states_that_print_otherwise_have_a_scheme(printed: str, scheme: str, expected: str) -> None:
    assert transliterate(printed, scheme) == expected


def test_a_teh_marbuta_inside_a_name_is_another_letter_than_one_that_ends_it() -> None:
    assert transliterate("فاطمةا") == "FAXTTMXTAA"


@given(st.text(max_size=40), st.sampled_from(sorted(SCHEMES)))
def test_any_text_gives_letters_and_single_spaces(text: str, scheme: str) -> None:
    found = transliterate(text, scheme)
    assert set(found) <= {*LETTERS, " ", "?"}
    assert found == " ".join(found.split())


@pytest.mark.parametrize(
    ("primary", "secondary", "width", "expected"),
    [
        ("Eriksson", "Anna Maria", 39, "ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
        ("Arkfreith", "", 30, "ARKFREITH<<<<<<<<<<<<<<<<<<<<<"),
        ("Nilavadhanananda", "Chayapa Dejthamrong Krasuang", 39, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"),
        ("Nilavadhanananda", "Arnpol Petch Charonguang", 39, "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"),
        ("A" * 45, "", 39, "A" * 39),
        ("A" * 45, "BEA", 39, "A" * 34 + "<<BEA"),
        ("A" * 45, "B" * 45, 39, "A" * 19 + "<<" + "B" * 18),
        ("ABCDEFGHI JK", "", 10, "ABCDEFGH<J"),
        ("A B C D E F", "", 4, "A<BC"),
    ],
)
def test_a_name_field_is_as_wide_as_asked_and_ends_in_a_letter_when_cut(
    primary: str, secondary: str, width: int, expected: str
) -> None:
    assert name_field(primary, secondary, width) == expected


@pytest.mark.parametrize(("primary", "secondary"), [("", "ANNA"), ("李", "ANNA"), ("DOE", "明")])
def test_a_name_without_letters_is_refused(primary: str, secondary: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        name_field(primary, secondary, 39)


components = st.lists(st.text(LETTERS, min_size=2, max_size=14), min_size=1, max_size=5).map(" ".join)


@given(components, st.one_of(st.just(""), components), st.sampled_from((30, 31, 39)))
def test_a_cut_name_still_matches_the_whole_one(primary: str, secondary: str, width: int) -> None:
    lines = (specimens.TD1[0], specimens.TD1[1], name_field(primary, secondary, width)[:30])
    if width == 30:
        reading = parse(lines)
        assert isinstance(reading, Accepted)
        zone = reading.mrz
        cut = Name(zone.primary_identifier, zone.secondary_identifier, zone.name_truncated)
    else:
        first, _, second = name_field(primary, secondary, width).partition("<<")
        is_cut = not name_field(primary, secondary, width).endswith("<")
        cut = Name(first.replace("<", " "), second.replace("<", " "), is_cut)
    for found in (matches(cut, Name(primary, secondary)), matches(Name(primary, secondary), cut)):
        # a cut that lacks letters which transliterations may lack as well is a variant
        assert found is not NameMatch.DIFFERENT if cut.truncated else found is NameMatch.EXACT


def test_a_cut_that_could_be_another_transliteration_is_no_other_name() -> None:
    whole, cut = Name(f"{'A' * 13} {'A' * 13}", "AA"), Name(f"{'A' * 13} {'A' * 13}", "A", truncated=True)
    assert matches(whole, cut) is NameMatch.VARIANT


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (Name("ERIKSSON", "ANNA MARIA"), Name("Eriksson", "Anna-Maria"), NameMatch.EXACT),
        (Name("MUELLER", "JO"), Name("Müller", "Jo"), NameMatch.EXACT),
        (Name("MULLER", "JO"), Name("Müller", "Jo"), NameMatch.VARIANT),
        (Name("MULLER", "JO"), Name("MUELLER", "JO"), NameMatch.VARIANT),
        (Name("MUXXLLER", "JO"), Name("MUELLER", "JO"), NameMatch.VARIANT),
        (Name("YULIIA"), Name("Юлія"), NameMatch.VARIANT),
        (Name("DE LA CRUZ", "ANA"), Name("DELACRUZ", "ANA"), NameMatch.VARIANT),
        (Name("ERIKSSON", "ANNA M", truncated=True), Name("ERIKSSON", "ANNA MARIA"), NameMatch.TRUNCATED),
        (Name("ERIKSSON", "ANNA M"), Name("ERIKSSON", "ANNA MARIA"), NameMatch.DIFFERENT),
        (Name("ERIKSSON", "ANNA", True), Name("ERIKSSON", "ANNA", True), NameMatch.TRUNCATED),
        (Name("MULLER", "ANNA", True), Name("MUELLER", "ANNA", True), NameMatch.TRUNCATED),
        (Name("ERIKSSON", "ANNA", True), Name("ERIKSSON", "ANNA"), NameMatch.EXACT),
        (Name("ERIKSSON", "BEATA", True), Name("ERIKSSON", "ANNA"), NameMatch.DIFFERENT),
        (Name("ERIKSSON", "ANNA MARIA", True), Name("ERIKSSON", "ANNA"), NameMatch.DIFFERENT),
        (Name("ERIKSSON", "ANNA"), Name("ANNA", "ERIKSSON"), NameMatch.DIFFERENT),
        (Name("李", "明"), Name("李", "明"), NameMatch.DIFFERENT),
        (Name(""), Name(""), NameMatch.DIFFERENT),
    ],
)
def test_two_names_compare(ours: Name, theirs: Name, expected: NameMatch) -> None:
    assert matches(ours, theirs) is expected
    assert matches(theirs, ours) is expected


def test_a_name_does_not_print_itself() -> None:
    assert "ERIKSSON" not in repr(Name("ERIKSSON", "ANNA"))
