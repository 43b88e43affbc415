"""What the technician reads, by language: one file each in `words/`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hw_tests.prompt import Question

FOLDER = Path(__file__).parent / "words"
Table = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    table: Table

    def phase(self, name: str) -> str:
        """The title of a phase; cameras after the first are told apart by their number."""
        found = re.fullmatch(r"camera_(\d+)(.*)", name)
        return f"{self.table['phase']['camera' + found[2]]} ({found[1]})" if found else self.table["phase"][name]

    def question(self, name: str) -> str:
        """Without what is filled in."""
        return (self.table["question"] | self.table["request"])[name]

    def asked(self, question: Question) -> str:
        """With what is filled in."""
        values = {name: value.replace("_", " ") for name, value in question.values}
        return self.question(question.name).format(**values)


@cache
def words(language: str = "en") -> Words:
    """Raises `OSError` for a language that is not there."""
    table: Table = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Words(language, table)
