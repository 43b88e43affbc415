"""Every word people read or hear, by language and key; loaded once, complete in all languages or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
LANGUAGES_FILE = "languages.toml"

_NUMBERS = {str(n): str(n) for n in (*range(100), *range(2020, 2100))}
_LETTERS = {c: c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class CatalogueError(ValueError):
    """The locale files do not fit each other; every mistake is named."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language as offered: its code (BCP 47), its name in itself, and the voice that speaks it."""

    code: str
    name: str
    voice: str


class Catalogue:
    """Texts by language and dotted key. Read only."""

    def __init__(self, languages: tuple[Language, ...], texts: dict[str, dict[str, str]]) -> None:
        """Raises `CatalogueError` when a language lacks a key that another has."""
        wanted = {key for known in texts.values() for key in known}
        missing = [
            f"{language.code}: {key}" for language in languages for key in sorted(wanted - texts[language.code].keys())
        ]
        if missing or not languages:
            raise CatalogueError("missing: " + ", ".join(missing or ["a language"]))
        self.languages = languages
        self.keys = frozenset(wanted)
        self._texts = texts
        self._by_code = {language.code: language for language in languages}

    @property
    def default(self) -> Language:
        return self.languages[0]

    def language(self, code: str | None) -> Language:
        """The language of that code; the first one for a code nobody knows."""
        return self._by_code.get(code or "", self.default)

    def knows(self, code: str | None) -> bool:
        return code in self._by_code

    def text(self, code: str, key: str, **values: object) -> str:
        """The text, with `{names}` filled in. Raises `KeyError` for a key that is in no file."""
        text = self._texts[self.language(code).code][key]
        return text.format(**values) if values else text

    def spoken(self, code: str, key: str) -> str | None:
        """What the voice says for a key: a text of the catalogue, a small number or year, or one letter."""
        if not self.knows(code):
            return None
        kind, _, rest = key.partition(".")
        if kind == "number":
            return _NUMBERS.get(rest)
        if kind == "letter":
            return _LETTERS.get(rest)
        text = self._texts[code].get(key)
        return None if text is None or "{" in text else text


def load(folder: Path = LOCALES) -> Catalogue:
    """Read `languages.toml` and one file per language. Raises `CatalogueError`, `OSError`, `TOMLDecodeError`."""
    rows = _read(folder / LANGUAGES_FILE)["language"]
    languages = tuple(Language(**row) for row in rows)
    texts = {language.code: dict(_flat("", _read(folder / f"{language.code}.toml"))) for language in languages}
    return Catalogue(languages, texts)


def _read(path: Path) -> dict[str, list[dict[str, str]]]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _flat(prefix: str, table: object) -> Iterator[tuple[str, str]]:
    if isinstance(table, dict):
        for key, value in table.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, value)
    elif isinstance(table, str):
        yield prefix, table
    else:
        raise CatalogueError(f"{prefix}: wants text, has {type(table).__name__}")
