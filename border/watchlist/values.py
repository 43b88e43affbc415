"""The watchlist as headquarters issues it: whom to look for, and by what. Read by machines; hits are for officers."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListedName:
    """One name somebody is known by, in any script the transliteration tables know."""

    primary: str  # surname, or the only name
    secondary: str = ""

    def __repr__(self) -> str:
        return "<listed name>"


@dataclass(frozen=True, slots=True)
class Born:
    """A date of birth as far as it is known; the year in four digits."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        for value, low, high in ((self.year, 1850, 2150), (self.month, 1, 12), (self.day, 1, 31)):
            if value is not None and not low <= value <= high:
                raise ValueError("a date of birth that no calendar has")

    def __repr__(self) -> str:
        return "<date of birth>"

    @property
    def is_whole(self) -> bool:
        return None not in (self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Entry:
    """One person or document. A person without a known document has no `documents`; a stolen one has no `names`."""

    id: str
    names: tuple[ListedName, ...]
    born: Born
    documents: tuple[str, ...]  # numbers as printed
    issuing_state: str  # of the documents; empty when not known
    action: str  # code for the officer: "call_police", "document_stolen", "speak_alone"

    def __post_init__(self) -> None:
        if not self.id or not (self.names or self.documents):
            raise ValueError("an entry needs an id, and a name or a document")
        if not re.fullmatch("[a-z][a-z0-9_]*", self.action):
            raise ValueError("an action is a lower_case word")

    def __repr__(self) -> str:
        return f"<entry {self.id}>"


@dataclass(frozen=True, slots=True)
class WatchList:
    """One whole issue; a newer version replaces an older one."""

    version: int
    issued_at_ms: int  # Unix time
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if self.version < 1 or self.issued_at_ms < 0:
            raise ValueError("a watchlist has a version from 1 and a time of issue")

    def __repr__(self) -> str:
        return f"<watchlist {self.version} with {len(self.entries)} entries>"
