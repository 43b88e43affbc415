"""Links lead somewhere, and no text file carries what belongs to one machine, one registry, or to nobody's border."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, text_of, tracked

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TICKED = re.compile(r"`([A-Za-z_.]+/[A-Za-z0-9_./-]*)`")
PAGES = sorted(path for path in tracked() if path.suffix == ".md")
FILES = tracked()

HOSTS = ("py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "npm" + "js.com", "conda" + ".io")
"""In two pieces, so that this file does not hold what it looks for."""

MACHINE = re.compile(
    "|".join(f"(?<![\\w.}}]){re.escape(start)}/" for start in ("/wo" + "rk", "/ro" + "ot", "/ho" + "me"))
)
PASSING = re.compile(r"(?<![\w.}])/t" + r"mp/\w")
WORDS = re.compile(
    r"\b("
    + "|".join(("chat" + "gpt", "cop" + "ilot", "language mo" + "del", "lorem ip" + "sum", "fix" + "me"))
    + r")\b",
    re.IGNORECASE,
)
UNKIND = re.compile(r"\b(sp" + r"oof\w*|live" + r"ness)\b", re.IGNORECASE)
MAY_NAME_THEM = {"docs/vocabulary.md", "tests/web/test_catalogue.py", "training/passive_pad/upstream.py"}
"""Where words are named in order to be avoided, or stand in the name of somebody else's repository."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if "://" in link or not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(link)
    assert lost == []


MADE_HERE = {".cache", ".run", ".venv", "artefacts"}
"""Folders that a command makes; a fresh clone has none of them."""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_named_in_a_page_exists(page: Path) -> None:
    tops = {path.name for path in ROOT.iterdir()} - MADE_HERE
    named = {path for path in TICKED.findall(page.read_text(encoding="utf-8")) if path.split("/")[0] in tops}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def found(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [f"{name(path)}: {hit[0]}" for path in files if (text := text_of(path)) for hit in pattern.finditer(text)]


def test_no_text_names_a_place_of_one_machine() -> None:
    assert found(MACHINE, FILES) == []
    assert found(PASSING, FILES) == []
    assert found(re.compile(re.escape(f"{ROOT}/")), FILES) == []


def test_no_text_names_a_registry() -> None:
    assert found(re.compile("|".join(map(re.escape, HOSTS)), re.IGNORECASE), FILES) == []


def test_no_text_holds_a_word_that_has_no_place_here() -> None:
    assert found(WORDS, FILES) == []


def test_nobody_is_called_by_an_unkind_word() -> None:
    assert found(UNKIND, [path for path in FILES if name(path) not in MAY_NAME_THEM]) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE, 'path = "/ro' + 'ot/x"'),
        (MACHINE, "see /wo" + "rk/main"),
        (PASSING, "into /t" + "mp/x"),
        (WORDS, "fix" + "me: later"),
        (UNKIND, "a live" + "ness check"),
    ],
)
def test_what_is_looked_for_would_be_found(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:7] == [
        "Apache",
        "License",
        "Version",
        "2.0,",
        "January",
        "2004",
        "http://www.apache.org/licenses/",
    ]
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text) == 11358
