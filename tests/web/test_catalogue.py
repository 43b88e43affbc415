"""The words: complete in every language, few, kind, and one for everything the kiosk can say."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from appliance.checks import chip_trust
from appliance.journey.machine import State
from appliance.journey.view import Asked, Touch
from appliance.post import severity
from appliance.post.api import REASONS
from appliance.web import board
from appliance.web.catalogue import LOCALES, Catalogue, CatalogueError, Language, load
from border.documents.chip_trust import REMARKS
from border.documents.values import CheckDigit, RescanReason
from border.encounter import Outcome, SampleKind
from border.findings import Verdict

ROOT = Path(__file__).parents[2]
CODES = ("en", "es", "fr", "ht")
SHORT = ("title", "text", "asked", "hint", "touch", "help", "warning.title", "warning.text", "offline", "receipt")
HINTS = (
    "no_face",
    "several_faces",
    "move_closer",
    "move_back",
    "centre_left",
    "centre_right",
    "centre_up",
    "centre_down",
    "too_dark",
    "too_bright",
    "back_lit",
    "look_straight",
    "eyes_open",
    "hold_still",
    "swipe_again",
    "swipe_slower",
    "leave_lying",
    "put_down_again",
    "turn_page",
    "place_finger",
    "lift_finger",
    "press_lighter",
    "press_harder",
    "finger_dry",
    "finger_wet",
    "finger_centre",
    "finger_whole",
    "finger_residue",
    "finger_clean",
    "finger_other",
)

UNKIND = {
    "en": r"errors?|fail(ed|s|ure)?|invalid|refused?|fakes?|spoof\w*|rejected|denied|wrong|illegal|suspicious",
    "es": r"error(es)?|fall(o|a|ó)|inválid[oa]s?|rechazad[oa]s?|fals[oa]s?|denegad[oa]s?|ilegal|sospechos[oa]",
    "fr": r"erreurs?|échec|échoué|invalides?|refusée?s?|rejetée?s?|faux|fausse|illégal|suspecte?",
    "ht": r"erè|echwe|envalid|refize|rejte|fo|ilegal|sispèk",
}
"""Words that blame a person. An officer's own act, and a suspicion told to officers only, have other names."""


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_every_key_and_no_empty_text(catalogue: Catalogue, code: str) -> None:
    assert [key for key in sorted(catalogue.keys) if not catalogue.text(code, key).strip()] == []


def test_a_missing_key_stops_the_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "languages.toml").write_text(
        'language = [{code="aa", name="A", voice="a"}, {code="bb", name="B", voice="b"}]'
    )
    (tmp_path / "aa.toml").write_text('[touch]\nhelp = "x"\nstop = "y"')
    (tmp_path / "bb.toml").write_text('[touch]\nhelp = "x"')
    with pytest.raises(CatalogueError, match=r"missing: bb: touch\.stop"):
        load(tmp_path)


def test_a_text_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "languages.toml").write_text('language = [{code="aa", name="A", voice="a"}]')
    (tmp_path / "aa.toml").write_text("[touch]\nhelp = 3")
    with pytest.raises(CatalogueError, match=r"touch\.help"):
        load(tmp_path)


def test_no_language_is_no_catalogue() -> None:
    with pytest.raises(CatalogueError, match="a language"):
        Catalogue((), {})


def test_languages_are_named_in_themselves_and_have_a_voice(catalogue: Catalogue) -> None:
    assert catalogue.languages == (
        Language("en", "English", "en-029"),
        Language("es", "Español", "es-419"),
        Language("fr", "Français", "fr"),
        Language("ht", "Kreyòl", "ht"),
    )


@pytest.mark.parametrize("code", CODES)
def test_what_a_traveller_reads_has_at_most_seven_words(catalogue: Catalogue, code: str) -> None:
    long = {
        key: text
        for key in catalogue.keys
        if key.startswith(SHORT) and len((text := catalogue.text(code, key)).split()) > 7
    }
    # French puts a space before its colon; that is no word
    assert {key: text for key, text in long.items() if len(re.findall(r"[\w'’-]+", text)) > 7} == {}


@pytest.mark.parametrize("code", CODES)
def test_no_word_blames_a_person(catalogue: Catalogue, code: str) -> None:
    unkind = re.compile(rf"\b({UNKIND[code]})\b", re.IGNORECASE)
    allowed = {"outcome.refuse"}  # the officer's act has its legal name
    found = {k: catalogue.text(code, k) for k in catalogue.keys - allowed if unkind.search(catalogue.text(code, k))}
    assert found == {}


def test_the_unkind_words_are_really_looked_for() -> None:
    assert all(
        re.search(rf"\b({UNKIND[c]})\b", w) for c, w in zip(CODES, ("invalid", "error", "échec", "erè"), strict=True)
    )


def test_every_placeholder_is_the_same_in_every_language(catalogue: Catalogue) -> None:
    def names(code: str, key: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(catalogue.text(code, key)) if name}

    assert [(c, k) for k in catalogue.keys for c in CODES if names(c, k) != names("en", k)] == []


def test_everything_a_kiosk_can_show_has_its_words(catalogue: Catalogue) -> None:
    wanted = {f"{part}.{state}" for state in State for part in ("title", "say", "journey")}
    wanted |= {f"touch.{touch}" for touch in Touch} | {f"asked.{asked}" for asked in Asked}
    wanted |= {f"hint.{hint}" for hint in HINTS} | {f"sample.{kind}" for kind in SampleKind}
    wanted |= {f"verdict.{v}" for v in Verdict} | {f"digit.{d}" for d in CheckDigit} | {f"outcome.{o}" for o in Outcome}
    wanted |= {f"outcome.{o}" for o in REASONS} | {f"reason.{r}" for words in REASONS.values() for r in words}
    wanted |= {f"badge.{kind}.{part}" for kind in board.KINDS for part in ("name", "means", "do")}
    assert wanted - catalogue.keys == set()


def _findings_in(path: Path) -> set[str]:
    """Literal reasons of `Finding(NAME, verdict, "reason")` in a check's source."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "Finding" and len(c.args) > 2]
    return {c.args[2].value for c in named if isinstance(c.args[2], ast.Constant)}  # type: ignore[misc]


def test_every_reason_in_the_checks_has_its_words(catalogue: Catalogue) -> None:
    files = sorted((ROOT / "appliance" / "checks").glob("*.py"))
    reasons = {reason for path in files for reason in _findings_in(path)}
    assert len(reasons) > 20
    reasons |= {f"document_{reason}" for reason in RescanReason}
    reasons |= {f"{step}_device_failed" for step in ("document", "camera", "fingerprint")}
    reasons |= set(severity.SEVERITY) | chip_trust.REFERRING | REMARKS
    assert {f"finding.{reason}" for reason in reasons} - catalogue.keys == set()


def test_every_check_has_a_name(catalogue: Catalogue) -> None:
    texts = [path.read_text() for path in (ROOT / "appliance" / "checks").glob("*.py")]
    names = {name for text in texts for name in re.findall(r'^NAME = "(\w+)"', text, re.MULTILINE)}
    assert len(names) > 8
    assert {f"check.{name}" for name in names} - catalogue.keys == set()


def test_every_hint_has_its_picture() -> None:
    folder = LOCALES.parent / "templates" / "pictograms"
    assert [hint for hint in HINTS if not (folder / f"{hint}.svg").exists()] == []


def test_an_unknown_language_falls_back_and_an_unknown_key_is_a_bug(catalogue: Catalogue) -> None:
    assert catalogue.text("xx", "touch.help") == "Help"
    with pytest.raises(KeyError):
        catalogue.text("en", "touch.nothing")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("touch.help", "Help"),
        ("number.7", "7"),
        ("number.2027", "2027"),
        ("letter.K", "K"),
        ("number.1999", None),
        ("number.x", None),
        ("letter.KK", None),
        ("step.tries", None),
        ("nothing", None),
    ],
)
def test_only_fixed_texts_small_numbers_and_letters_are_spoken(
    catalogue: Catalogue, key: str, said: str | None
) -> None:
    assert catalogue.spoken("en", key) == said


def test_nothing_is_spoken_in_an_unknown_language(catalogue: Catalogue) -> None:
    assert catalogue.spoken("xx", "touch.help") is None
